"""What this kiosk knows of tickets and appointments: its copy of the hall, and what it handed out itself.

The copy comes first; a ticket that is only in the own journal has not been heard of by the hall yet, so it waits.
While the hall is not speaking, places and waits are not known, and a state is the last one heard of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol

from kiosk.given import Given
from kiosk.papers import Booking, HeldTicket
from kiosk.surroundings import Heard, own_windows
from queue_server.domain import model
from queue_server.domain.configuration import Configuration
from queue_server.domain.events import AppointmentBooked, TicketIssued
from queue_server.domain.life import State
from queue_server.domain.model import Ticket

STANDING = frozenset({State.WAITING, State.CALLED, State.SERVING})
"""States in which a ticket keeps its card from a second one for the same queue (`domain.issuing`)."""


class Hall(Protocol):
    """The hall as far as a kiosk can reach it. What asks it returns None if there is no answer in time."""

    @property
    def unsent(self) -> int:
        """Facts of this kiosk that the hall is not known to have."""

    def heard(self) -> Heard:
        """What it has told so far."""

    def copy(self) -> AbstractContextManager[model.Hall]:
        """The copy, for as long as it takes to read something in it; an empty hall if there is none."""

    def borrow(self, queue: str, ticket: str, appointment: str | None = None) -> tuple[int, str] | None:
        """A number of the queue's common series and its day.

        Raises:
            Refused: the hall will not lend one.
        """

    def ticket(self, ticket: str) -> Mapping[str, Any] | None:
        """A ticket as the hall's API tells it."""

    def restore(self, ticket: str) -> Mapping[str, Any] | None:
        """Let a no-show wait again; the ticket as the API tells it.

        Raises:
            Refused: a rule of the hall forbids it.
        """

    def told(self) -> None:
        """The own journal has something new for the hall."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Known:
    """Any thread may ask. `today` gives the local date."""

    def __init__(
        self, hall: Hall, given: Given, *, configuration: Callable[[], Configuration], today: Callable[[], str]
    ) -> None:
        self._hall, self._given, self._configuration, self._today = hall, given, configuration, today

    def ticket(self, id_: str) -> HeldTicket | None:
        """A ticket of today, with what the hall expects now if it is there. Waits for it a moment."""
        held = self._ticket(id_)
        if held is None or held.state is not State.WAITING:
            return held
        return _with_wait(held, self._hall.ticket(id_))

    def held_by(self, holder: str) -> tuple[HeldTicket, ...]:
        """The tickets taken today with this card that have not ended, oldest first."""
        with self._hall.copy() as hall:
            ids = [ticket.id for ticket in hall.held_by(holder)] if hall.day == self._today() else []
            own = [fact.ticket for fact in self._own(holder) if fact.ticket not in hall.tickets]
        return tuple(held for id_ in (*ids, *own) if (held := self.ticket(id_)) is not None)

    def duplicate(self, holder: str, queue: str) -> HeldTicket | None:
        """The ticket that keeps this card from another one for the queue."""
        held = (t for t in self.held_by(holder) if t.queue == queue and t.state in STANDING)
        return next(held, None)

    def restored(self, content: Mapping[str, Any], id_: str) -> HeldTicket | None:
        """A ticket that the hall has just restored, as its answer says, which the copy may not have heard of yet.

        None if that answer is not as agreed.
        """
        held = self._ticket(id_)
        restored = None if held is None else _with_wait(held, content)
        return None if restored is None or restored.state is State.NO_SHOW else restored

    def bookings_of(self, holder: str) -> tuple[Booking, ...]:
        """This card's appointments of today, by time."""
        today = self._today()
        with self._hall.copy() as hall:
            mine = [b for b in hall.appointments.values() if b.holder == holder and b.day == today]
            return tuple(self._booking(hall, booked) for booked in sorted(mine, key=lambda b: b.slot))

    def booking(self, appointment: str) -> Booking | None:
        """An appointment the hall has told of."""
        with self._hall.copy() as hall:
            booked = hall.appointments.get(appointment)
            return None if booked is None else self._booking(hall, booked)

    def check_in(self, appointment: str) -> str | None:
        """The label of the ticket an appointment was taken with."""
        with self._hall.copy() as hall:
            return self._check_in(hall, appointment)

    def is_cancelled(self, appointment: str, day: str) -> bool:
        """Whether the hall, which is speaking and knows all its appointments from today on, does not know this one."""
        heard = self._hall.heard()
        if not heard.fresh or heard.day is None or day < heard.day:
            return False
        with self._hall.copy() as hall:
            return appointment not in hall.appointments

    def is_full(self, queue: str) -> bool:
        """Whether the queue has given out its tickets of today, as far as is known here."""
        setup = self._configuration().queue.get(queue)
        if setup is None or setup.limit is None:
            return False
        with self._hall.copy() as hall:
            heard = hall.issued.get(queue, 0) if hall.day == self._today() else 0
            unheard = [f for f in self._given.on(self._today()).good() if f.ticket not in hall.tickets]
        return heard + sum(fact.queue == queue for fact in unheard) >= setup.limit

    def ahead_of(self, issued: TicketIssued) -> int | None:
        """How many wait in its line who will be called before it, by the copy; it may not have heard of the ticket."""
        ticket = Ticket(
            id=issued.ticket, label=issued.label, queue=issued.queue, number=issued.number, klass=issued.klass,
            strict=issued.strict, issued_at=issued.at, due_at=issued.due_at, joined_at=issued.at, source=issued.source,
        )  # fmt: skip
        with self._hall.copy() as hall:
            return hall.line(ticket.queue).ahead_of(ticket) if hall.day == issued.day else None

    def labels(self, day: str) -> set[str]:
        """The labels known to be in somebody's hand that day."""
        with self._hall.copy() as hall:
            heard = {ticket.label for ticket in hall.tickets.values()} if hall.day == day else set()
        return heard | self._given.on(day).labels

    # --- one ticket, one appointment

    def _own(self, holder: str) -> list[TicketIssued]:
        return [fact for fact in self._given.on(self._today()).good() if fact.holder == holder]

    def _ticket(self, id_: str) -> HeldTicket | None:
        today = self._today()
        with self._hall.copy() as hall:
            ticket = hall.tickets.get(id_) if hall.day == today else None
            if ticket is not None:
                return self._heard_of(hall, ticket)
        day = self._given.on(today)
        fact = day.tickets.get(id_)
        if fact is None:
            return None
        state = State.VOIDED if id_ in day.voided else State.WAITING
        windows = own_windows(self._configuration(), fact.queue)
        return HeldTicket(
            ticket=id_, label=fact.label, queue=fact.queue, service=fact.service, state=state, windows=windows
        )

    def _heard_of(self, hall: model.Hall, ticket: Ticket) -> HeldTicket:
        configuration = self._configuration()
        once_more = ticket.restores < configuration.rules.restore_limit
        return HeldTicket(
            ticket=ticket.id, label=ticket.label, queue=ticket.queue, service=ticket.service, state=ticket.state,
            ahead=hall.ahead(ticket) if self._hall.heard().fresh else None,
            windows=tuple(hall.windows_for(ticket.queue)) or own_windows(configuration, ticket.queue),
            window=ticket.window or ticket.held_for,
            restorable=ticket.state is State.NO_SHOW and once_more,
        )  # fmt: skip

    def _booking(self, hall: model.Hall, booked: AppointmentBooked) -> Booking:
        return Booking(
            appointment=booked.appointment, hall=self._configuration().hall, day=booked.day, slot=booked.slot,
            service=booked.service, ticket=self._check_in(hall, booked.appointment),
        )  # fmt: skip

    def _check_in(self, hall: model.Hall, appointment: str) -> str | None:
        ticket = hall.checked_in(appointment)
        if ticket is not None:
            return hall.tickets[ticket].label
        own = self._given.on(self._today()).good()
        return next((fact.label for fact in own if fact.appointment == appointment), None)


def _with_wait(held: HeldTicket, content: Mapping[str, Any] | None) -> HeldTicket:
    """With state, place and expected wait as the hall's API tells them; as it was if that is not as agreed."""
    match content:
        case {
            "state": str(state), "ahead": int() | None as ahead, "wait": wait, "windows": [*windows], "window": window,
        } if state in list(State):  # fmt: skip
            codes = tuple(code for code in windows if isinstance(code, str))
            now = State(state)
            return replace(
                held, state=now, ahead=ahead, wait=_minutes(wait), windows=codes or held.windows,
                window=window if isinstance(window, str) else None,
                restorable=held.restorable and now is State.NO_SHOW,
            )  # fmt: skip
    return held


def _minutes(wait: object) -> tuple[int, int] | None:
    match wait:
        case {"low": int() | float() as low, "high": int() | float() as high}:
            return round(low), round(high)
    return None
