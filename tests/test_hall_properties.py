"""What always holds in a hall, whatever people and machines do: searched for counterexamples by Hypothesis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeAlias, TypeVar

import pytest
from hall_stories import HALL, MINUTE, folded, queue, snapshot, window
from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from queue_server.config import ALWAYS_OPEN
from queue_server.domain import commands as c
from queue_server.domain import configuration as cfg
from queue_server.domain import events as e
from queue_server.domain.calendar import day_of, instant
from queue_server.domain.decide import decide, issue
from queue_server.domain.events import Outcome, Rule
from queue_server.domain.life import ENDED, State
from queue_server.domain.model import Hall, Line, Ticket, Window
from queue_server.domain.numbering import share
from queue_server.domain.refusal import Refused
from queue_server.journal.entry import decode, encode

ZONE, FIRST_DAY = "Asia/Shanghai", "2026-03-02"
# Short series, so that reserves are skipped and used up: 1–3, 10, 11, 18 … in common; 4–9 and 12–17 for the kiosks.
# Targets and helper delays lie close together, so that every part of the order decides now and then.
BASE = replace(
    HALL,
    hours=ALWAYS_OPEN,
    numbering=cfg.Numbering(reserve=(4, 9), overflow=(12, 17), slots=2),
    queues=(queue("A"), queue("B", ordinary=23), replace(queue("C", elder=18), limit=3)),
    windows=(window("1", A=0, B=3), window("2", B=0, A=5), window("3", C=0, A=0, B=7.5)),
)
VARIANTS = (
    BASE,
    replace(BASE, queues=(queue("A", ordinary=8, elder=15), queue("B", ordinary=45), queue("C"))),
    replace(
        BASE, queues=BASE.queues[:2], services=BASE.services[:2], windows=(*BASE.windows[:2], window("4", A=0, B=0))
    ),
    replace(BASE, queues=(replace(queue("A"), letter="X"), *BASE.queues[1:], queue("D")), windows=BASE.windows[1:]),
    replace(BASE, queues=(queue("A"), replace(queue("B"), letter="C"), replace(queue("C"), letter="B"))),
)
# Two queues never change letters overnight: a kiosk cut off at dawn still prints the letters of yesterday.
MORNINGS = VARIANTS[:-1]
WINDOWS, QUEUES, KIOSKS = ("1", "2", "3", "4"), ("A", "B", "C", "D"), ("K1", "K2")
QUARTER = 15 * MINUTE
ANY = st.integers(0, 10_000)
DELAYS = st.sampled_from((0.0, 0.0, 3.0, 7.5))
RESIDENTS = st.tuples(
    st.sampled_from(("A", "A", "B", "C", "D")),
    st.sampled_from(("ordinary", "ordinary", "elder", "military")),
    st.sampled_from((None, None, None, 0, 1, 4)),  # quarters of an hour to the appointment's slot
    st.integers(0, 90_000),
    st.sampled_from(((), (), ("tax",), ("licence", "pension"), ("pension", "tax", "licence"))),  # further services
    st.sampled_from((None, None, "x", "y")),  # holder
)
SERVICES = ("licence", "tax", "pension")
DECLARED = ("elder", "military")
STEPS = st.lists(st.tuples(ANY, ANY, ANY), min_size=1, max_size=6)
PRINTS = st.tuples(st.sampled_from(QUEUES), st.booleans(), st.booleans())
PRESSES: dict[State | None, list[type]] = {
    None: [*[c.CallNext] * 5, c.CallTicket, c.CloseWindow, c.PauseWindow],
    State.CALLED: [c.Start, c.Start, c.Start, c.MarkNoShow, c.MarkNoShow, c.Recall, c.Park, c.Transfer, c.ConfirmClass],
    State.SERVING: [c.Finish, c.Finish, c.CallNext, c.CallNext, c.Park, c.Transfer, c.ConfirmClass],
}
ALL_PRESSES = [c.CallNext, c.CallTicket, c.Start, c.MarkNoShow, c.Recall, c.Park, c.Transfer, c.Finish, c.ConfirmClass]
Thing = TypeVar("Thing")
Resident: TypeAlias = tuple[str, str, int | None, int, tuple[str, ...], str | None]
Step: TypeAlias = tuple[int, int, int]
Print: TypeAlias = tuple[str, bool, bool]


def next_day(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def waiting(hall: Hall, queue: str) -> list[Ticket]:
    return [hall.tickets[id_] for id_ in hall.line(queue)]


def promised(ticket: Ticket) -> int:
    return ticket.due_at - ticket.issued_at


def callable_at(hall: Hall, window: Window) -> Iterator[tuple[bool, int, int, str]]:
    """Every ticket this window may call, as what decides: all of them looked at, not only the first of each line."""
    for id_ in hall.held_for(window.code):
        ticket = hall.tickets[id_]
        yield not ticket.strict, ticket.due_at, ticket.joined_at, id_
    for line, delay in window.serves.items():
        for ticket in waiting(hall, line):
            yield not ticket.strict, ticket.due_at + delay, ticket.joined_at, ticket.id


def one_of(which: int, things: list[Thing]) -> list[Thing]:
    """The one meant by `which`, or none where there is none."""
    return [things[which % len(things)]] if things else []


def at_once(tickets: list[Ticket]) -> bool:
    """Whether the second of two has the first's place but for its id: then nobody fits between them."""
    places = [t.place for t in tickets]
    return len(places) == 2 and places[0][:2] == places[1][:2] and places[1][2] <= places[0][2] + 1


class Kiosk:
    """A kiosk with its own disk: what it wrote and the hall has not heard yet, in its order."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.untold: list[e.Event] = []
        self.printed: list[str] = []
        self.reserves: dict[tuple[str, str], Iterator[int]] = {}

    def reserve(self, configuration: cfg.Configuration, day: str, queue: str) -> int | None:
        """Its next number for a day when it is cut off; None when its share is used up."""
        if (day, queue) not in self.reserves:
            self.reserves[day, queue] = share(configuration.numbering, configuration.kiosk[self.code])
        return next(self.reserves[day, queue], None)


class Life(RuleBasedStateMachine):
    """Days of a hall: residents, staff, a manager, and two kiosks that are cut off now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.hall = Hall()
        self.facts: list[e.Event] = []
        self.now = instant(ZONE, FIRST_DAY, "08:30")
        self.kiosks = [Kiosk(code) for code in KIOSKS]
        self.count = 0
        self.heard: dict[str, set[str]] = {}
        self.numbers: dict[str, set[tuple[str, int]]] = {}
        self.labels: dict[str, set[str]] = {}
        self.moved: set[str] = set()
        self.voided: set[str] = set()
        self.in_force: list[cfg.Configuration] = []
        self.issued_in: dict[str, str] = {}  # ticket -> the queue it was handed out for
        self.booked: dict[str, e.AppointmentBooked] = {}

    # --- asking and telling

    def do(self, command: c.Command) -> bool:
        """Ask the hall; whether it did it."""
        before = snapshot(self.hall)
        try:
            facts = decide(self.hall, command, self.now)
        except Refused as refused:
            event(f"{type(command).__name__} refused: {refused.reason}")
            return False
        finally:
            assert snapshot(self.hall) == before, "deciding changed the hall"
        event(f"{type(command).__name__} done")
        self.right_answer(command)
        for fact in facts:
            if isinstance(fact, e.TicketCalled) and isinstance(command, c.CallNext):
                self.right_choice(fact)
            if isinstance(fact, e.TicketIssued) and not isinstance(command, c.AcceptPaper):
                self.hand_out(fact, number_taken=False)
            if isinstance(fact, e.TicketFinished) and isinstance(command, c.Finish | c.CallNext):
                self.nothing_left_to_do(self.hall.tickets[fact.ticket])
            if isinstance(fact, e.NumberLent):
                self.take_number(fact.day, fact.queue, fact.number)
            self.hear(fact)
        return True

    def hear(self, fact: e.Event) -> None:
        match fact:
            case e.TicketIssued():
                self.heard.setdefault(fact.day, set()).add(fact.ticket)
                self.issued_in.setdefault(fact.ticket, fact.queue)
            case e.AppointmentBooked():
                self.booked[fact.appointment] = fact
            case e.AppointmentCancelled():
                del self.booked[fact.appointment]
            case e.TicketVoided():
                self.voided.add(fact.ticket)
            case e.TicketRestored() | e.TicketParked() | e.TicketTransferred() | e.TicketContinued():
                self.moved.add(fact.ticket)
            case e.DayOpened():
                self.in_force = [*self.in_force[-1:], fact.configuration]  # at dawn, kiosks printed by the last one
            case e.ConfigurationApplied():
                self.in_force.append(fact.configuration)
        self.hall.apply(fact)
        self.facts.append(fact)

    def take_number(self, day: str, queue: str, number: int) -> None:
        numbers = self.numbers.setdefault(day, set())
        assert (queue, number) not in numbers, f"{queue}{number} of {day} twice"
        numbers.add((queue, number))

    def hand_out(self, fact: e.TicketIssued, *, number_taken: bool) -> None:
        """Paper with a label on it goes into someone's hand."""
        if not number_taken:
            self.take_number(fact.day, fact.queue, fact.number)
        labels = self.labels.setdefault(fact.day, set())
        assert fact.label not in labels, f"{fact.label} of {fact.day} twice"
        labels.add(fact.label)

    def new_id(self) -> str:
        self.count += 1
        return f"{self.count * 7919 % 1000:03d}"  # ids in no order, as ids are

    # --- what happens

    @initialize(residents=st.lists(RESIDENTS, min_size=3, max_size=8), steps=STEPS)
    def morning(self, residents: list[Resident], steps: list[Step]) -> None:
        self.do(c.OpenDay(day=FIRST_DAY, configuration=BASE))
        self.open_all_windows()
        self.a_busy_while(residents, steps)

    @rule(ms=st.integers(-20_000, 10 * MINUTE))
    def time_passes(self, ms: int) -> None:
        """Forward mostly; a clock may be set back a little too."""
        self.now += ms

    @rule(residents=st.lists(RESIDENTS, max_size=4), steps=STEPS)
    def a_busy_while(self, residents: list[Resident], steps: list[Step]) -> None:
        self.residents_come(residents)
        self.staff_work(steps)

    @rule(residents=st.lists(RESIDENTS, min_size=1, max_size=4))
    def residents_come(self, residents: list[Resident]) -> None:
        for line, klass, quarters, ms, then, holder in residents:
            self.now += ms
            slot = None if quarters is None else (self.now // QUARTER + quarters) * QUARTER
            ticket = self.new_id()
            self.do(c.IssueTicket(ticket=ticket, queue=line, klass=klass, slot=slot, then=then, holder=holder))

    @rule(service=st.sampled_from(SERVICES), quarters=st.integers(-1, 200), holder=st.sampled_from((None, "x", "z")))
    def someone_books(self, service: str, quarters: int, holder: str | None) -> None:
        slot = (self.now // QUARTER + quarters) * QUARTER
        self.do(c.BookAppointment(appointment=self.new_id(), service=service, slot=slot, holder=holder))

    @rule(which=ANY, what=st.sampled_from(("comes", "comes", "comes again", "cancels")))
    def someone_with_an_appointment(self, which: int, what: str) -> None:
        for booked in one_of(which, [*self.booked.values()]):
            if what == "cancels":
                self.do(c.CancelAppointment(appointment=booked.appointment))
                continue
            if booked.day == self.hall.day and what == "comes" and which % 3:
                self.now = max(self.now, booked.slot + (which % 80 - 30) * MINUTE)  # early, in time or too late
            self.do(c.IssueTicket(ticket=self.new_id(), appointment=booked.appointment))

    @rule(kiosk=st.integers(0, 1), which=ANY)
    def a_console_reads_the_paper_of_a_kiosk(self, kiosk: int, which: int) -> None:
        """It may have told of it, or tell later."""
        papers = [fact for fact in self.kiosks[kiosk].untold if isinstance(fact, e.TicketIssued)]
        for paper in one_of(which, papers):
            known = paper.ticket in self.hall.tickets
            accepted = self.do(
                c.AcceptPaper(
                    ticket=paper.ticket, label=paper.label, klass=paper.klass, taken_at=paper.at, source=paper.source
                )
            )
            if accepted and not known:
                assert self.hall.tickets[paper.ticket].label == paper.label
                assert self.hall.tickets[paper.ticket].queue == paper.queue

    @rule(steps=STEPS)
    def staff_work(self, steps: list[Step]) -> None:
        """What staff do at a window depends on what is there; now and then they press what makes no sense."""
        for which, what, more in steps:
            for at in one_of(which, list(self.hall.windows.values())):
                state = self.hall.tickets[at.ticket].state if at.ticket else None
                presses = ALL_PRESSES if what % 8 == 7 else PRESSES[state]
                shut = not at.is_open or at.paused
                self.press(c.OpenWindow if shut and what % 2 else one_of(what // 8, presses)[0], at, more)
                self.now += more % 40 * 1000

    def press(self, what: Any, window: Window, more: int) -> None:
        at: dict[str, Any] = {"window": window.code}
        if what not in {c.OpenWindow, c.PauseWindow, c.CloseWindow}:
            at["ticket"] = window.ticket
        if what is c.CallTicket:
            at["ticket"] = one_of(more, [*self.hall.tickets, "?"])[0]
        if what is c.CallNext:
            at |= {"outcome": (Outcome.DONE, Outcome.ANSWERED, None)[more % 3]}
        if what is c.Park:
            at |= {"minutes": (None, 0, 5, 30)[more % 4]}
        if what is c.ConfirmClass:
            at |= {"confirmed": more % 2 == 0}
        if what is c.Transfer:
            at |= {"queue": QUEUES[more % 4], "to_window": (None, None, *WINDOWS)[more % 6]}
        self.do(what(**at))

    @rule(which=ANY, restore=st.booleans())
    def someone_leaves_or_comes_back(self, which: int, restore: bool) -> None:
        tickets = list(self.hall.tickets.values())
        for ticket in one_of(which, [t for t in tickets if not restore or t.state is State.NO_SHOW]):
            if restore:
                self.restore(ticket)
            else:
                self.do(c.VoidTicket(ticket=ticket.id, reason="left"))

    def restore(self, ticket: Ticket) -> None:
        line = waiting(self.hall, ticket.queue)
        if self.do(c.RestoreTicket(ticket=ticket.id)) and line and not at_once(line[1:3]):
            assert self.hall.ahead(ticket) == min(2, len(line)), "a restored ticket is third, or last"

    @rule(window=st.sampled_from(WINDOWS), what=st.sampled_from((c.OpenWindow, c.PauseWindow, c.CloseWindow)))
    def a_window_opens_or_closes(self, window: str, what: type) -> None:
        self.do(what(window=window))

    @rule(window=st.sampled_from(WINDOWS), serves=st.dictionaries(st.sampled_from(QUEUES), DELAYS))
    def a_window_is_assigned(self, window: str, serves: dict[str, float]) -> None:
        chosen = tuple(cfg.Serves(queue=q, helper_after=m) for q, m in serves.items())
        self.do(c.AssignQueues(window=window, serves=chosen))

    @rule(variant=st.sampled_from(VARIANTS))
    def the_hall_is_configured(self, variant: cfg.Configuration) -> None:
        self.do(c.ApplyConfiguration(configuration=variant))

    @rule(force=st.booleans())
    def evening(self, force: bool) -> None:
        if len(self.hall.tickets) >= 8:
            self.do(c.CloseDay(force=force))

    @rule(
        prints=st.lists(st.tuples(st.integers(0, 1), PRINTS), max_size=4),
        told=st.lists(st.integers(0, 1), max_size=3),
        opens=st.booleans(),
        variant=st.sampled_from(MORNINGS),
    )
    def night(self, prints: list[tuple[int, Print]], told: list[int], opens: bool, variant: cfg.Configuration) -> None:
        """At dawn of the next day kiosks that are cut off print; the hall may hear of it before it opens the day."""
        if len(self.hall.tickets) < 8:
            return
        self.now = instant(ZONE, next_day(day_of(ZONE, self.now)), "06:30")
        for kiosk, (line, _, fails) in prints:
            self.a_kiosk_prints(kiosk, [(line, True, fails)])
        for kiosk in told:
            self.a_kiosk_tells_the_hall(kiosk, 5)
        if opens:
            self.morning_comes(variant)

    @rule(variant=st.sampled_from(MORNINGS))
    def morning_comes(self, variant: cfg.Configuration) -> None:
        if self.do(c.OpenDay(day=day_of(ZONE, self.now), configuration=variant)):
            self.open_all_windows()

    def open_all_windows(self) -> None:
        for code in list(self.hall.windows):
            self.do(c.OpenWindow(window=code))

    # --- kiosks

    @rule(kiosk=st.integers(0, 1), prints=st.lists(PRINTS, min_size=1, max_size=3))
    def a_kiosk_prints(self, kiosk: int, prints: list[Print]) -> None:
        for line, cut_off, fails in prints:
            if cut_off:
                self.print_cut_off(self.kiosks[kiosk], line)
            elif self.do(c.BorrowNumber(kiosk=KIOSKS[kiosk], queue=line)):
                lent = self.facts[-1]
                assert isinstance(lent, e.NumberLent)
                self.print(self.kiosks[kiosk], line, lent.number, lent.day, borrowed=True)
            if fails and self.kiosks[kiosk].printed:
                ticket = self.kiosks[kiosk].printed.pop()
                self.kiosks[kiosk].untold.append(e.TicketVoided(at=self.now, ticket=ticket, reason="paper"))

    def print_cut_off(self, kiosk: Kiosk, queue: str) -> None:
        configuration, day = self.in_force[-1], day_of(ZONE, self.now)
        number = kiosk.reserve(configuration, day, queue) if queue in configuration.queue else None
        if number is not None:
            self.print(kiosk, queue, number, day, borrowed=False)

    def print(self, kiosk: Kiosk, queue: str, number: int, day: str, *, borrowed: bool) -> None:
        command = c.IssueTicket(ticket=self.new_id(), queue=queue, source=kiosk.code)
        fact = issue(self.in_force[-1], command, number=number, day=day, at=self.now)
        self.hand_out(fact, number_taken=borrowed)
        kiosk.untold.append(fact)
        kiosk.printed.append(fact.ticket)

    @rule(kiosk=st.integers(0, 1), most=st.integers(1, 6))
    def a_kiosk_tells_the_hall(self, kiosk: int, most: int) -> None:
        told, self.kiosks[kiosk].untold = self.kiosks[kiosk].untold[:most], self.kiosks[kiosk].untold[most:]
        for fact in told:
            self.hear(fact)

    def stayed(self, ticket: Ticket) -> bool:
        """Whether it has only ever waited where and since it was issued, by its own promise."""
        return ticket.id not in self.moved

    # --- what must hold whenever something was done

    def right_answer(self, command: c.Command) -> None:
        """What the hall, as it was before, should have refused."""
        hall = self.hall
        if isinstance(command, c.IssueTicket):
            configuration = hall.configuration
            assert configuration is not None
            known = hall.appointments.get(command.appointment or "")
            service = known.service if known else command.service
            line = configuration.service[service].queue if service else command.queue
            assert line is not None
            limit = configuration.queue[line].limit
            if command.appointment is None and limit is not None:
                assert sum(1 for t in hall.tickets if self.issued_in[t] == line) < limit
            for other in [t for t in hall.tickets.values() if command.holder and t.holder == command.holder]:
                there = other.state in {State.WAITING, State.CALLED, State.SERVING}
                assert not (there and other.queue == line), "a second ticket for one card"
            if command.appointment is not None:
                used = [t for t in hall.tickets.values() if t.appointment == command.appointment]
                assert all(t.state is State.VOIDED for t in used), "an appointment checked in twice"
                assert known is None or known.day == hall.day
        if isinstance(command, c.ConfirmClass):
            at_window = hall.tickets[hall.windows[command.window].ticket or ""]
            assert at_window.klass in DECLARED

    def nothing_left_to_do(self, ticket: Ticket) -> None:
        configuration = self.hall.configuration
        assert configuration is not None
        for code in ticket.then:
            service = configuration.service.get(code)
            assert service is None or service.queue == ticket.queue, "sent home with an errand undone"

    # --- what must hold at every call

    def right_choice(self, call: e.TicketCalled) -> None:
        hall, chosen, window = self.hall, self.hall.tickets[call.ticket], self.hall.windows[call.window]
        assert min(callable_at(hall, window))[-1] == chosen.id, "not the promise most at risk"
        assert window.is_open
        assert not window.paused
        if call.why.rule is Rule.HELD or not self.stayed(chosen):
            return
        for passed in waiting(hall, chosen.queue):
            if passed.id != chosen.id and self.stayed(passed) and not passed.strict:
                self.bounded_overtaking(chosen, passed)
        own = [q for q, delay in window.serves.items() if delay == 0]
        for older in [t for q in own for t in waiting(hall, q) if t.id != chosen.id and self.stayed(t)]:
            self.no_overdue_elder_passed_over(chosen, older)

    def bounded_overtaking(self, chosen: Ticket, passed: Ticket) -> None:
        if chosen.strict:
            return
        targets = [
            configuration.queue[chosen.queue].targets.get(klass.code, klass.target_minutes) * MINUTE
            for configuration in self.in_force
            if chosen.queue in configuration.queue
            for klass in configuration.classes
            if not klass.strict
        ]
        since = max(passed.issued_at, passed.slot or 0)  # an appointment counts from its slot
        if chosen.issued_at > since:
            assert chosen.issued_at - since < max(targets) - min(targets), "overtaken by one who came too late for that"
        same_promise = chosen.klass == passed.klass and promised(chosen) == promised(passed)
        if same_promise and chosen.slot is None and passed.slot is None:
            assert chosen.issued_at <= passed.issued_at, "not first come, first called"

    def no_overdue_elder_passed_over(self, chosen: Ticket, older: Ticket) -> None:
        lower_class = promised(older) <= promised(chosen) and older.strict >= chosen.strict
        if older.due_at < self.now and older.issued_at < chosen.issued_at and lower_class:
            raise AssertionError(f"{chosen.label} was called over {older.label}, which is older and past its promise")

    # --- what must hold always

    @invariant()
    def every_ticket_is_in_one_place(self) -> None:
        hall = self.hall
        assert set(hall.tickets) == self.heard.get(hall.day or "", set()), "a ticket was lost or came from nowhere"
        lines: dict[tuple[str | None, str | None], Line] = {(q, None): line for q, line in hall.lines.items()}
        lines |= {(None, w): line for w, line in hall.held.items()}
        places = Counter(id_ for line in lines.values() for id_ in line)
        places.update(w.ticket for w in hall.windows.values() if w.ticket is not None)
        places.update(t.id for t in hall.tickets.values() if t.state in ENDED or t.state is State.NO_SHOW)
        assert places == Counter(list(hall.tickets)), "a ticket is nowhere, or in two places"
        for ticket in hall.tickets.values():
            if ticket.called_at is None:
                assert (ticket.state is State.VOIDED) == (ticket.id in self.voided), "nobody comes with a voided ticket"
            if ticket.state is State.WAITING:
                own_line = (None, ticket.held_for) if ticket.held_for else (ticket.queue, None)
                assert ticket.id in lines[own_line], "a ticket waits in a line that is not its own"
            elif ticket.state not in ENDED:
                assert ticket.held_for is None, "only who waits is held"
            if ticket.state in {State.CALLED, State.SERVING}:
                assert hall.windows[ticket.window or ""].ticket == ticket.id
        for line in lines.values():
            tickets = [hall.tickets[id_] for id_ in line]
            assert tickets == sorted(tickets, key=lambda t: (not t.strict, t.due_at, t.joined_at, t.id))

    @invariant()
    def what_can_be_looked_up_is_what_the_tickets_say(self) -> None:
        hall = self.hall
        assert Counter(self.issued_in[id_] for id_ in hall.tickets) == Counter(hall.issued)
        for holder in ("x", "y", "z"):
            held = {t.id for t in hall.tickets.values() if t.holder == holder and t.state not in ENDED}
            assert {t.id for t in hall.held_by(holder)} == held
        for booked in self.booked:
            used = [t.id for t in hall.tickets.values() if t.appointment == booked and t.state is not State.VOIDED]
            assert [hall.checked_in(booked)] == (used or [None])
        ahead = {booked.appointment: booked for booked in self.booked.values() if booked.day >= (hall.day or "")}
        assert hall.appointments == ahead

    @invariant()
    def a_refused_class_is_an_ordinary_one(self) -> None:
        for refused in [t for t in self.hall.tickets.values() if t.class_confirmed is False]:
            assert (refused.klass, refused.strict) == ("ordinary", False)

    @invariant()
    def only_open_windows_hold_or_serve(self) -> None:
        for closed in [w for w in self.hall.windows.values() if not w.is_open]:
            assert closed.ticket is None
            assert not len(self.hall.held_for(closed.code))

    @invariant()
    def nobody_waits_in_a_closed_hall(self) -> None:
        if not self.hall.is_open:
            assert all(t.state in ENDED for t in self.hall.tickets.values())

    def teardown(self) -> None:
        live = snapshot(self.hall)
        assert snapshot(folded(self.facts)) == live, "replay differs from live"
        openings = [i for i, fact in enumerate(self.facts) if isinstance(fact, e.DayOpened)]
        assert snapshot(folded(self.facts[([0, *openings])[-2] :])) == live, "the opening before the last is too late"
        reread = [decode(kind, fact.at, data) for fact in self.facts for kind, data in [encode(fact)]]
        assert snapshot(folded(reread)) == live, "replay from the journal's text differs from live"


# Without the phase that explains a failure: it takes minutes, and a failing run should end within the test's time.
TestLife = pytest.mark.timeout(900)(Life.TestCase)
TestLife.settings = settings(
    max_examples=120,
    stateful_step_count=50,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)
