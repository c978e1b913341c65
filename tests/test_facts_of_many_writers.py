"""Facts of several machines, in whatever order they are heard: the same hall in the end, and never an exception."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any, get_args

import pytest
from hall_stories import EFFECT, HALL, MINUTE, MONDAY, TUESDAY, folded, queue, snapshot, window
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_server.config import ALWAYS_OPEN
from queue_server.domain import commands as c
from queue_server.domain import configuration as cfg
from queue_server.domain import events as e
from queue_server.domain.calendar import day_of, instant
from queue_server.domain.decide import decide, issue
from queue_server.domain.dispatch import choose
from queue_server.domain.life import State
from queue_server.domain.model import Hall
from queue_server.domain.numbering import in_common_series, share
from queue_server.domain.refusal import Refused

BASE = replace(HALL, hours=ALWAYS_OPEN)
OTHER = replace(
    BASE, queues=(queue("A", ordinary=5), queue("B"), queue("D")), windows=(window("1", A=0), window("4", D=0))
)
QUEUES, WINDOWS, KIOSKS = ("A", "B", "C"), ("1", "2", "3"), ("K1", "K2")

Key = tuple[str | int, ...]


class Told:
    """Two days in which a hall and two kiosks write facts, in the order in which the hall heard them."""

    def __init__(self, random: Random, steps: int) -> None:
        self.random = random
        self.hall = Hall()
        self.facts: list[tuple[str, e.Event]] = []
        self.now = instant(BASE.timezone, MONDAY, "08:00")
        self.reserves = {(k, q): share(BASE.numbering, BASE.kiosk[k]) for k in KIOSKS for q in QUEUES}
        self.called: set[str] = set()
        acts = (*[self.ask] * 6, self.print_cut_off, self.print_borrowed, self.void)
        self.decided(c.OpenDay(day=MONDAY, configuration=BASE))
        for _ in range(steps):
            self.now += random.randrange(4 * MINUTE)
            random.choice(acts)()
        if random.random() < 0.5:
            self.decided(c.CloseDay(force=True))
        self.now = instant(BASE.timezone, TUESDAY, "06:00")
        for _ in range(3):
            self.print_cut_off()  # at dawn, before the hall has opened the day
        if random.random() < 0.7:
            self.decided(c.OpenDay(day=TUESDAY, configuration=random.choice((BASE, OTHER))))
        for _ in range(steps // 2):
            self.now += random.randrange(4 * MINUTE)
            random.choice(acts)()

    def hear(self, writer: str, fact: e.Event) -> None:
        self.facts.append((writer, fact))
        self.hall.apply(fact)
        if isinstance(fact, e.TicketCalled):
            self.called.add(fact.ticket)

    def decided(self, command: c.Command) -> bool:
        try:
            facts = decide(self.hall, command, self.now)
        except Refused:
            return False
        for fact in facts:
            self.hear("hall", fact)
        return bool(facts)

    def ask(self) -> None:
        """Something staff or residents do, at a window that is most likely to have a use for it."""
        random, window, line = self.random, self.random.choice(WINDOWS), self.random.choice(QUEUES)
        no_shows = [t.id for t in self.hall.tickets.values() if t.state is State.NO_SHOW] or ["?"]
        ticket = f"t{len(self.facts)}"
        self.decided(
            random.choice(
                (
                    c.IssueTicket(ticket=ticket, queue=line, klass=random.choice(("ordinary", "elder", "military"))),
                    c.IssueTicket(ticket=ticket, queue=line, then=("tax", "pension"), holder=random.choice("xyz")),
                    c.IssueTicket(ticket=ticket, queue=line, appointment=random.choice("uvw")),
                    c.BookAppointment(appointment=random.choice("uvw"), service="tax", slot=self.now + 12 * 3_600_000),
                    c.CancelAppointment(appointment=random.choice("uvw")),
                    c.ConfirmClass(window=window, confirmed=random.choice((True, False))),
                    c.OpenWindow(window=window), c.OpenWindow(window=window), c.CloseWindow(window=window),
                    c.CallNext(window=window), c.CallNext(window=window, outcome=e.Outcome.DONE),
                    c.Start(window=window), c.Finish(window=window), c.MarkNoShow(window=window),
                    c.RestoreTicket(ticket=random.choice(no_shows)), c.Park(window=window),
                    c.Transfer(window=window, queue=line, to_window=random.choice((None, *WINDOWS))),
                    c.AssignQueues(window=window, serves=(cfg.Serves(queue=line),)),
                    c.ApplyConfiguration(configuration=random.choice((BASE, OTHER))),
                )
            )
        )  # fmt: skip

    def print(self, kiosk: str, line: str, number: int) -> None:
        command = c.IssueTicket(ticket=f"{kiosk}-{len(self.facts)}", queue=line, source=kiosk)
        day = day_of(BASE.timezone, self.now)
        self.hear(kiosk, issue(BASE, command, number=number, day=day, at=self.now))

    def print_cut_off(self) -> None:
        kiosk, line = self.random.choice(KIOSKS), self.random.choice(QUEUES)
        self.print(kiosk, line, next(self.reserves[kiosk, line]))

    def print_borrowed(self) -> None:
        kiosk, line = self.random.choice(KIOSKS), self.random.choice(QUEUES)
        if self.decided(c.BorrowNumber(kiosk=kiosk, queue=line)):
            lent = self.facts[-1][1]
            assert isinstance(lent, e.NumberLent)
            self.print(kiosk, line, lent.number)

    def void(self) -> None:
        """A print that failed. Not of a ticket the hall has called: then the hall's order is what counts."""
        for kiosk, fact in reversed(self.facts):
            if kiosk != "hall" and isinstance(fact, e.TicketIssued) and fact.ticket not in self.called:
                self.hear(kiosk, e.TicketVoided(at=self.now, ticket=fact.ticket, reason="paper"))
                return


def needs(writer: str, fact: e.Event) -> Key | None:
    """What must have been heard before: a call needs its ticket, a ticket with a borrowed number the loan."""
    if writer == "hall" and isinstance(fact, e.TicketEvent):
        return "ticket", fact.ticket
    if writer != "hall" and isinstance(fact, e.TicketIssued) and in_common_series(BASE.numbering, fact.number):
        return "lent", fact.day, fact.queue, fact.number
    return None


def gives(fact: e.Event) -> Key | None:
    match fact:
        case e.TicketIssued():
            return "ticket", fact.ticket
        case e.NumberLent():
            return "lent", fact.day, fact.queue, fact.number
    return None


def retold(random: Random, told: list[tuple[str, e.Event]]) -> list[e.Event]:
    """The same facts in another order that could have been: each writer's own order, and nothing before its cause."""
    heads = {writer: [fact for w, fact in told if w == writer] for writer in ("hall", *KIOSKS)}
    heard: set[Key | None] = {None}
    order: list[e.Event] = []
    bias = {writer: random.random() ** 3 for writer in heads}  # one machine is often far behind another
    while any(heads.values()):
        ready = [w for w, facts in heads.items() if facts and needs(w, facts[0]) in heard]
        writer = random.choices(ready, [bias[w] + 0.001 for w in ready])[0]
        fact = heads[writer].pop(0)
        heard.add(gives(fact))
        order.append(fact)
    return order


@settings(max_examples=150, deadline=None)
@given(random=st.randoms(use_true_random=True), steps=st.integers(5, 60))
def test_facts_of_different_writers_commute(random: Random, steps: int) -> None:
    told = Told(random, steps).facts
    live = snapshot(folded([fact for _, fact in told]))
    for _ in range(4):
        again = snapshot(folded(retold(random, told)))
        for what, value in live.items():
            assert again[what] == value, what


@pytest.mark.parametrize("before", ["called", "no-show"])
def test_a_ticket_called_and_voided_at_once_ends_voided_and_frees_the_window_either_way(before: str) -> None:
    """The one case that does not commute in full (who heard of the call?) still ends the same for everyone."""
    begun: list[e.Event] = [e.DayOpened(at=1, day=MONDAY, configuration=BASE), e.WindowOpened(at=1, window="1")]
    command = c.IssueTicket(ticket="t", queue="A", source="K1")
    begun.append(issue(BASE, command, number=901, day=MONDAY, at=2))
    why = e.Why(rule=e.Rule.PROMISE, waited=1, promised=1)
    hall: list[e.Event] = [e.TicketCalled(at=3, ticket="t", window="1", why=why)]
    if before == "no-show":
        hall.append(e.TicketNoShow(at=4, ticket="t", window="1"))
    voided = e.TicketVoided(at=3, ticket="t", reason="paper")
    for order in ([*hall, voided], [voided, *hall], [hall[0], voided, *hall[1:]]):
        known = folded([*begun, *order])
        assert (known.tickets["t"].state, known.windows["1"].ticket) == (State.VOIDED, None)
        assert len(known.line("A")) == 0


# --- whatever is heard, in whatever order

AT = st.integers(0, 10**14)
DAY = st.sampled_from(("2026-03-01", MONDAY, TUESDAY))
TICKET = st.sampled_from(("t1", "t2", "t3", "t4"))
WINDOW = st.sampled_from(("1", "2", "9"))
QUEUE = st.sampled_from(("A", "B", "Z"))
CLASS = st.sampled_from(("ordinary", "military", "none"))
CONFIGURATION = st.sampled_from((BASE, OTHER))
SERVES = st.lists(st.builds(cfg.Serves, queue=QUEUE, helper_after=st.floats(0, 1000)), max_size=3).map(tuple)
MOVES = st.lists(st.builds(e.Move, window=WINDOW, before=SERVES, after=SERVES), max_size=3).map(tuple)
NUMBER = st.integers(-1, 12_000)
OUTCOME = st.sampled_from(e.Outcome)
YES = st.booleans()
WORD = st.just("K1")
WHY = st.just(e.Why(rule=e.Rule.PROMISE, waited=0, promised=0))

SERVICE = st.sampled_from(("licence", "tax", "pension", "none"))
THEN = st.lists(SERVICE, max_size=3).map(tuple)
BOOKED: dict[str, st.SearchStrategy[Any]] = {
    "appointment": WORD, "day": DAY, "slot": AT, "service": SERVICE, "holder": WORD | st.none(),
}  # fmt: skip

FACTS: dict[type[e.Event], dict[str, st.SearchStrategy[Any]]] = {
    e.AppointmentBooked: BOOKED,
    e.AppointmentCancelled: {"appointment": WORD},
    e.DayOpened: {
        "day": DAY, "configuration": CONFIGURATION,
        "appointments": st.lists(st.builds(e.AppointmentBooked, at=AT, **BOOKED), max_size=2).map(tuple),
    },
    e.DayClosed: {"day": DAY},
    e.ConfigurationApplied: {"configuration": CONFIGURATION},
    e.NumberLent: {"day": DAY, "queue": QUEUE, "number": NUMBER, "kiosk": WORD},
    e.TicketIssued: {
        "ticket": TICKET, "day": DAY, "queue": QUEUE, "number": NUMBER, "label": WORD, "klass": CLASS, "due_at": AT,
        "source": WORD, "strict": YES, "then": THEN, "holder": WORD | st.none(), "appointment": WORD | st.none(),
    },
    e.TicketContinued: {
        "ticket": TICKET, "window": WINDOW, "outcome": OUTCOME, "service": SERVICE, "queue": QUEUE, "due_at": AT,
        "then": THEN,
    },
    e.ClassConfirmed: {"ticket": TICKET, "window": WINDOW, "confirmed": YES},
    e.TicketVoided: {"ticket": TICKET, "reason": WORD},
    e.TicketCalled: {"ticket": TICKET, "window": WINDOW, "why": WHY},
    e.TicketRecalled: {"ticket": TICKET, "window": WINDOW},
    e.TicketStarted: {"ticket": TICKET, "window": WINDOW},
    e.TicketFinished: {"ticket": TICKET, "window": WINDOW, "outcome": OUTCOME},
    e.TicketNoShow: {"ticket": TICKET, "window": WINDOW},
    e.TicketRestored: {"ticket": TICKET, "due_at": AT, "strict": YES, "joined_at": AT},
    e.TicketParked: {"ticket": TICKET, "window": WINDOW, "due_at": AT},
    e.TicketTransferred: {
        "ticket": TICKET, "window": WINDOW, "queue": QUEUE, "to_window": WINDOW | st.none(), "due_at": AT,
    },
    e.TicketExpired: {"ticket": TICKET},
    e.WindowOpened: {"window": WINDOW},
    e.WindowPaused: {"window": WINDOW},
    e.WindowClosed: {"window": WINDOW},
    e.QueuesAssigned: {"window": WINDOW, "serves": SERVES},
    e.RecommendationApplied: {"recommendation": WORD, "source": WORD, "moves": MOVES, "effect": st.just(EFFECT)},
    e.RecommendationUndone: {"recommendation": WORD, "source": WORD},
    e.DeviceReported: {"device": WORD, "health": WORD},
    e.Unknown: {"kind": WORD, "fields": st.just({"ticket": "t1"})},
}  # fmt: skip
COMMANDS: dict[type[Any], dict[str, st.SearchStrategy[Any]]] = {
    c.OpenDay: {"day": DAY, "configuration": CONFIGURATION},
    c.CloseDay: {"force": YES},
    c.ApplyConfiguration: {"configuration": CONFIGURATION},
    c.BorrowNumber: {"kiosk": WORD, "queue": QUEUE, "appointment": WORD | st.none()},
    c.IssueTicket: {
        "ticket": TICKET,
        "queue": QUEUE,
        "klass": CLASS,
        "slot": AT | st.none(),
        "then": THEN,
        "holder": WORD | st.none(),
        "appointment": WORD | st.none(),
    },
    c.AcceptPaper: {
        "ticket": TICKET,
        "label": st.sampled_from(("A001", "B902", "Z001", "", "A-1")),
        "klass": CLASS,
        "taken_at": AT,
        "source": WORD,
        "service": SERVICE | st.none(),
        "slot": AT | st.none(),
    },
    c.BookAppointment: {"appointment": WORD, "service": SERVICE, "slot": AT, "holder": WORD | st.none()},
    c.CancelAppointment: {"appointment": WORD},
    c.ConfirmClass: {"window": WINDOW, "confirmed": YES},
    c.VoidTicket: {"ticket": TICKET, "reason": WORD},
    c.RestoreTicket: {"ticket": TICKET},
    c.OpenWindow: {"window": WINDOW},
    c.PauseWindow: {"window": WINDOW},
    c.CloseWindow: {"window": WINDOW},
    c.AssignQueues: {"window": WINDOW, "serves": SERVES},
    c.ApplyRecommendation: {
        "recommendation": WORD,
        "source": WORD,
        "computed_at": AT,
        "moves": MOVES,
        "effect": st.just(EFFECT),
    },
    c.UndoRecommendation: {"recommendation": WORD, "source": WORD},
    c.CallNext: {"window": WINDOW, "outcome": OUTCOME | st.none()},
    c.CallTicket: {"window": WINDOW, "ticket": TICKET},
    c.Recall: {"window": WINDOW},
    c.Start: {"window": WINDOW},
    c.Finish: {"window": WINDOW},
    c.MarkNoShow: {"window": WINDOW},
    c.Park: {"window": WINDOW, "minutes": st.floats(0, 1000) | st.none()},
    c.Transfer: {"window": WINDOW, "queue": QUEUE, "to_window": WINDOW | st.none()},
}
ANY_FACT = st.one_of([st.builds(kind, at=AT, **fields) for kind, fields in FACTS.items()])
ANY_COMMAND = st.one_of([st.builds(kind, **fields) for kind, fields in COMMANDS.items()])


def test_every_kind_of_fact_and_command_is_tried_below() -> None:
    assert {*FACTS} == {*e.KINDS.values(), e.Unknown}
    assert {*COMMANDS} == {*get_args(c.Command)}


@settings(max_examples=300, deadline=None)
@given(facts=st.lists(ANY_FACT, min_size=5, max_size=60), command=ANY_COMMAND, at=AT)
def test_nothing_raises_whatever_facts_are_heard_and_commands_are_at_worst_refused(
    facts: list[e.Event], command: c.Command, at: e.Instant
) -> None:
    opened = e.DayOpened(at=0, day=MONDAY, configuration=BASE)
    for heard in (facts, [opened, *facts]):
        hall = folded(heard)
        for ticket in hall.tickets.values():
            hall.ahead(ticket)
        for code in hall.windows:
            choose(hall, hall.windows[code])
        assert [t.holder for t in hall.held_by("K1")] == ["K1"] * len(hall.held_by("K1"))
        assert hall.checked_in("K1") in {None, *hall.tickets}
        with suppress(Refused):
            decide(hall, command, at)
        waiting = [t for t in hall.tickets.values() if t.state is State.WAITING]
        lines = [*hall.lines.values(), *hall.held.values()]
        assert sorted(id_ for line in lines for id_ in line) == sorted(t.id for t in waiting)
        assert snapshot(folded(heard)) == snapshot(hall)
