"""A hall on one day: the fold of its facts.

`Hall.apply` never raises and never refuses: a fact that cannot befall its ticket any more changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sortedcontainers import SortedList

from queue_server.domain import events as e
from queue_server.domain.configuration import ORDINARY, Configuration, Serves
from queue_server.domain.events import Event, Instant, Outcome
from queue_server.domain.life import ENDED, State, after
from queue_server.domain.numbering import in_common_series
from queue_server.domain.promise import MINUTE, Place


@dataclass(slots=True, kw_only=True)
class Ticket:
    """What is known of one ticket. Changed only by `Hall.apply`."""

    id: str
    label: str
    queue: str
    number: int
    klass: str
    strict: bool
    issued_at: Instant
    due_at: Instant
    joined_at: Instant
    source: str
    service: str | None = None
    slot: Instant | None = None
    then: tuple[str, ...] = ()
    """Services of this visit that come after this one."""
    holder: str | None = None
    appointment: str | None = None
    class_confirmed: bool | None = None
    """Whether staff confirmed the declared class; None: not asked, or nothing was declared."""
    state: State = State.WAITING
    held_for: str | None = None
    window: str | None = None
    called_at: Instant | None = None
    last_called_at: Instant | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None
    recalls: int = 0
    restores: int = 0
    outcome: Outcome | None = None
    why: e.Why | None = None

    @property
    def place(self) -> Place:
        return (not self.strict, self.due_at, self.joined_at, self.id)


@dataclass(slots=True, kw_only=True)
class Window:
    """A window now. `serves` maps queue to the helper delay in ms, 0 for its own."""

    code: str
    serves: dict[str, int] = field(default_factory=dict)
    is_open: bool = False
    paused: bool = False
    ticket: str | None = None


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A recommendation of this day that was applied, and when it was undone if it was."""

    fact: e.RecommendationApplied
    undone_at: Instant | None = None


class Line:
    """Tickets waiting together, in the order they will be called. O(log n)."""

    __slots__ = ("_places",)

    def __init__(self) -> None:
        self._places: Any = SortedList()

    def add(self, ticket: Ticket) -> None:
        self._places.add(ticket.place)

    def remove(self, ticket: Ticket) -> None:
        self._places.discard(ticket.place)

    def head(self) -> Place | None:
        return self._places[0] if self._places else None

    def at(self, index: int) -> Place | None:
        return self._places[index] if index < len(self._places) else None

    def ahead_of(self, ticket: Ticket) -> int:
        return int(self._places.bisect_left(ticket.place))

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return (place[3] for place in self._places)


_NOBODY = Line()


class Hall:
    """One hall, one day. Read it freely; change it only through `apply`."""

    def __init__(self) -> None:
        self.configuration: Configuration | None = None
        self.day: str | None = None
        self.is_open = False
        self.early: dict[str, list[e.TicketIssued | e.TicketVoided]] = {}  # of days not opened yet
        self.appointments: dict[str, e.AppointmentBooked] = {}  # of this day and later
        self._clear()

    def _clear(self) -> None:
        self.tickets: dict[str, Ticket] = {}
        self.windows: dict[str, Window] = {}
        self.lines: dict[str, Line] = {}
        self.held: dict[str, Line] = {}
        self.last_number: dict[str, int] = {}
        self.issued: dict[str, int] = {}  # queue -> tickets handed out for it today
        self.holders: dict[str, set[str]] = {}  # holder -> ids of the tickets taken with that card
        self.check_ins: dict[str, set[str]] = {}  # appointment -> ids of the tickets it was taken with
        self.letters: dict[str, str] = {}  # letter -> the queue whose tickets carry it today
        self.slots: dict[int, str] = {}  # share of the reserve -> the kiosk that may print it today
        self.calls: list[str] = []
        self.devices: dict[str, e.DeviceReported] = {}
        self.applied: dict[str, Applied] = {}  # by recommendation, in the order they were applied

    # --- reading

    def line(self, queue: str) -> Line:
        """The tickets waiting in a queue."""
        return self.lines.get(queue, _NOBODY)

    def held_for(self, window: str) -> Line:
        """The tickets waiting for one window and no other."""
        return self.held.get(window, _NOBODY)

    def ahead(self, ticket: Ticket) -> int | None:
        """How many will be called before it in its line; None unless it waits."""
        return self._line_of(ticket).ahead_of(ticket) if ticket.state is State.WAITING else None

    def windows_for(self, queue: str) -> list[str]:
        """Open windows that serve a queue as their own; those that help if there is none."""
        serving = [w for w in self.windows.values() if w.is_open and queue in w.serves]
        return [w.code for w in serving if w.serves[queue] == 0] or [w.code for w in serving]

    def is_full(self, queue: str) -> bool:
        """Whether a queue has had as many tickets as it takes in a day."""
        setup = self.configuration.queue.get(queue) if self.configuration else None
        return setup is not None and setup.limit is not None and self.issued.get(queue, 0) >= setup.limit

    def held_by(self, holder: str) -> tuple[Ticket, ...]:
        """The tickets taken with a card that have not ended, oldest first. O(own tickets)."""
        tickets = [self.tickets[id_] for id_ in self.holders.get(holder, ())]
        return tuple(sorted((t for t in tickets if t.state not in ENDED), key=lambda t: (t.issued_at, t.id)))

    def checked_in(self, appointment: str) -> str | None:
        """The ticket an appointment was taken with; one whose paper failed does not count."""
        tickets = [self.tickets[id_] for id_ in sorted(self.check_ins.get(appointment, ()))]
        return next((ticket.id for ticket in tickets if ticket.state is not State.VOIDED), None)

    # --- folding

    def apply(self, event: Event) -> None:
        fold = _FOLDS.get(type(event))
        if fold is not None:
            fold(self, event)

    def _line_of(self, ticket: Ticket) -> Line:
        if ticket.held_for is not None:
            return self.held.setdefault(ticket.held_for, Line())
        return self.lines.setdefault(ticket.queue, Line())

    def _join(self, ticket: Ticket) -> None:
        ticket.state = State.WAITING
        self._line_of(ticket).add(ticket)

    def _leave(self, ticket: Ticket) -> None:
        """Take the ticket out of wherever it stands: its line, or its window."""
        if ticket.state is State.WAITING:
            self._line_of(ticket).remove(ticket)
        elif ticket.window is not None:
            window = self.windows.get(ticket.window)
            if window is not None and window.ticket == ticket.id:
                window.ticket = None

    def _step(self, event: e.TicketEvent) -> Ticket | None:
        """Move the ticket to the state this fact leads to; None if it cannot."""
        ticket = self.tickets.get(event.ticket)
        state = after(ticket.state, type(event)) if ticket else None
        if ticket is None or state is None:
            return None
        if state is not ticket.state:
            self._leave(ticket)
            ticket.state = state
        return ticket

    def _end(self, event: e.TicketEvent) -> Ticket | None:
        ticket = self._step(event)
        if ticket is not None:
            ticket.ended_at = event.at
        return ticket

    def _window(self, code: str) -> Window:
        return self.windows.setdefault(code, Window(code=code))

    # --- one method a fact

    def _day_opened(self, event: e.DayOpened) -> None:
        if self.day is not None and event.day <= self.day:
            return
        self._clear()
        self.day, self.is_open = event.day, True
        self.appointments = {booked.appointment: booked for booked in event.appointments}
        self._configure(event.configuration)
        early = self.early.pop(event.day, [])
        self.early = {day: facts for day, facts in self.early.items() if day > event.day}
        for fact in early:
            self.apply(fact)

    def _day_closed(self, event: e.DayClosed) -> None:
        if event.day != self.day:
            return
        self.is_open = False
        for window in self.windows.values():
            window.is_open = window.paused = False
        for ticket in self.tickets.values():
            if ticket.state is State.WAITING:  # where the day was closed, nobody had heard of it yet
                self._leave(ticket)
                self._wait_in_vain(ticket)

    def _configuration_applied(self, event: e.ConfigurationApplied) -> None:
        self._configure(event.configuration)

    def _configure(self, configuration: Configuration) -> None:
        self.configuration = configuration
        for queue in configuration.queues:
            self.lines.setdefault(queue.code, Line())
            self.letters.setdefault(queue.letter, queue.code)
        for kiosk in configuration.kiosks:
            self.slots.setdefault(kiosk.slot, kiosk.code)
        for setup in configuration.windows:
            if setup.code not in self.windows:
                self.windows[setup.code] = Window(code=setup.code, serves=serving(setup.serves))
        kept = {setup.code for setup in configuration.windows}
        for code in [w.code for w in self.windows.values() if w.code not in kept and w.ticket is None]:
            self._release(code)
            del self.windows[code]

    def _appointment_booked(self, event: e.AppointmentBooked) -> None:
        if self.day is None or event.day >= self.day:
            self.appointments[event.appointment] = event

    def _appointment_cancelled(self, event: e.AppointmentCancelled) -> None:
        self.appointments.pop(event.appointment, None)

    def _number_lent(self, event: e.NumberLent) -> None:
        if event.day == self.day:
            self.last_number[event.queue] = max(event.number, self.last_number.get(event.queue, 0))

    def _ticket_issued(self, event: e.TicketIssued) -> None:
        if self.day is None or event.day > self.day:
            self.early.setdefault(event.day, []).append(event)
            return
        if event.day < self.day or event.ticket in self.tickets:
            return
        ticket = Ticket(
            id=event.ticket, label=event.label, queue=event.queue, number=event.number, klass=event.klass,
            strict=event.strict, issued_at=event.at, due_at=event.due_at, joined_at=event.at,
            source=event.source, service=event.service, slot=event.slot,
            then=event.then, holder=event.holder, appointment=event.appointment,
        )  # fmt: skip
        self.tickets[ticket.id] = ticket
        self.issued[ticket.queue] = self.issued.get(ticket.queue, 0) + 1
        if ticket.holder is not None:
            self.holders.setdefault(ticket.holder, set()).add(ticket.id)
        if ticket.appointment is not None:
            self.check_ins.setdefault(ticket.appointment, set()).add(ticket.id)
        if self.configuration is None or in_common_series(self.configuration.numbering, event.number):
            self.last_number[event.queue] = max(event.number, self.last_number.get(event.queue, 0))
        if self.is_open:
            self._join(ticket)
        else:
            self._wait_in_vain(ticket)

    @staticmethod
    def _wait_in_vain(ticket: Ticket) -> None:
        """Printed while cut off, and the day was closed without knowing: the same whichever is heard first."""
        ticket.state, ticket.ended_at = State.EXPIRED, ticket.issued_at

    def _ticket_voided(self, event: e.TicketVoided) -> None:
        if event.ticket in self.tickets:
            self._end(event)
            return
        for facts in self.early.values():
            if any(fact.ticket == event.ticket for fact in facts):
                facts.append(event)

    def _ticket_called(self, event: e.TicketCalled) -> None:
        ticket = self._step(event)
        if ticket is None:
            return
        ticket.window, ticket.held_for, ticket.why = event.window, None, event.why
        ticket.called_at = ticket.called_at or event.at
        ticket.last_called_at, ticket.recalls = event.at, 0
        self._window(event.window).ticket = ticket.id
        self.calls.append(ticket.id)

    def _ticket_recalled(self, event: e.TicketRecalled) -> None:
        ticket = self._step(event)
        if ticket is not None:
            ticket.recalls += 1
            ticket.last_called_at = event.at
            self.calls.append(ticket.id)

    def _ticket_started(self, event: e.TicketStarted) -> None:
        ticket = self._step(event)
        if ticket is not None:
            ticket.started_at = event.at
            self._window(event.window).ticket = ticket.id

    def _ticket_finished(self, event: e.TicketFinished) -> None:
        ticket = self._end(event)
        if ticket is not None:
            ticket.outcome = event.outcome

    def _ticket_continued(self, event: e.TicketContinued) -> None:
        ticket = self._rejoin(event, queue=event.queue, window=None, due_at=event.due_at, stays_strict=True)
        if ticket is not None:
            ticket.service, ticket.then = event.service, event.then

    def _class_confirmed(self, event: e.ClassConfirmed) -> None:
        ticket = self.tickets.get(event.ticket)
        if ticket is None or ticket.state not in {State.CALLED, State.SERVING}:
            return
        ticket.class_confirmed = event.confirmed
        if not event.confirmed:
            ticket.klass, ticket.strict = ORDINARY, False

    def _ticket_restored(self, event: e.TicketRestored) -> None:
        ticket = self._step(event)
        if ticket is not None:
            ticket.due_at, ticket.strict, ticket.joined_at = event.due_at, event.strict, event.joined_at
            ticket.restores += 1
            ticket.ended_at = ticket.window = None
            self._join(ticket)

    def _ticket_parked(self, event: e.TicketParked) -> None:
        # First in line once, not back first: a strict ticket would be called again before its resident is back.
        self._rejoin(event, queue=None, window=event.window, due_at=event.due_at, stays_strict=False)

    def _ticket_transferred(self, event: e.TicketTransferred) -> None:
        self._rejoin(event, queue=event.queue, window=event.to_window, due_at=event.due_at, stays_strict=True)

    def _rejoin(
        self, event: e.TicketEvent, *, queue: str | None, window: str | None, due_at: Instant, stays_strict: bool
    ) -> Ticket | None:
        ticket = self._step(event)
        if ticket is None:
            return None
        ticket.queue = queue or ticket.queue
        ticket.held_for = window if window in self.windows and self.windows[window].is_open else None
        ticket.due_at, ticket.joined_at, ticket.window = due_at, event.at, None
        ticket.strict = ticket.strict and stays_strict
        self._join(ticket)
        return ticket

    def _window_opened(self, event: e.WindowOpened) -> None:
        window = self._window(event.window)
        window.is_open, window.paused = True, False

    def _window_paused(self, event: e.WindowPaused) -> None:
        self._window(event.window).paused = True

    def _window_closed(self, event: e.WindowClosed) -> None:
        window = self._window(event.window)
        window.is_open = window.paused = False
        self._release(event.window)

    def _release(self, window: str) -> None:
        """Give the tickets held for a window back to their queues."""
        for id_ in list(self.held_for(window)):
            ticket = self.tickets[id_]
            self._leave(ticket)
            ticket.held_for = None
            self._join(ticket)

    def _queues_assigned(self, event: e.QueuesAssigned) -> None:
        self._window(event.window).serves = serving(event.serves)

    def _recommendation_applied(self, event: e.RecommendationApplied) -> None:
        self.applied.setdefault(event.recommendation, Applied(fact=event))

    def _recommendation_undone(self, event: e.RecommendationUndone) -> None:
        applied = self.applied.get(event.recommendation)
        if applied is not None and applied.undone_at is None:
            self.applied[event.recommendation] = replace(applied, undone_at=event.at)

    def _device_reported(self, event: e.DeviceReported) -> None:
        self.devices[event.device] = event  # a device has one writer, whose facts come in order


def serving(serves: Iterable[Serves]) -> dict[str, int]:
    """Queue -> helper delay in ms, as a window has it."""
    return {s.queue: round(s.helper_after * MINUTE) for s in serves}


_FOLDS: dict[type[Event], Callable[[Hall, Any], object]] = {
    e.DayOpened: Hall._day_opened,
    e.DayClosed: Hall._day_closed,
    e.ConfigurationApplied: Hall._configuration_applied,
    e.AppointmentBooked: Hall._appointment_booked,
    e.AppointmentCancelled: Hall._appointment_cancelled,
    e.NumberLent: Hall._number_lent,
    e.TicketIssued: Hall._ticket_issued,
    e.TicketVoided: Hall._ticket_voided,
    e.TicketCalled: Hall._ticket_called,
    e.TicketRecalled: Hall._ticket_recalled,
    e.TicketStarted: Hall._ticket_started,
    e.TicketFinished: Hall._ticket_finished,
    e.TicketNoShow: Hall._end,
    e.TicketRestored: Hall._ticket_restored,
    e.TicketParked: Hall._ticket_parked,
    e.TicketTransferred: Hall._ticket_transferred,
    e.TicketContinued: Hall._ticket_continued,
    e.ClassConfirmed: Hall._class_confirmed,
    e.TicketExpired: Hall._end,
    e.WindowOpened: Hall._window_opened,
    e.WindowPaused: Hall._window_paused,
    e.WindowClosed: Hall._window_closed,
    e.QueuesAssigned: Hall._queues_assigned,
    e.RecommendationApplied: Hall._recommendation_applied,
    e.RecommendationUndone: Hall._recommendation_undone,
    e.DeviceReported: Hall._device_reported,
}
