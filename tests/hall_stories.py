"""A small hall, told as a story: commands and facts at wall-clock times.

    story = Story()
    story.at("09:00").issue("A")            # -> "A001"
    story.at("09:05").call("1")             # -> "A001"
    with refused(Reason.TOO_SOON):
        story.at("09:05:10").recall("1")

Tickets go by their labels. Monday 2 March 2026, in a hall of three queues and three windows, unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self

import pytest

from queue_server.domain import commands as c
from queue_server.domain import configuration as cfg
from queue_server.domain import events as e
from queue_server.domain.calendar import instant
from queue_server.domain.decide import decide, issue
from queue_server.domain.model import Hall, Ticket
from queue_server.domain.refusal import Reason, Refused

MONDAY, TUESDAY, WEDNESDAY = "2026-03-02", "2026-03-03", "2026-03-04"
MINUTE = 60_000


def text(zh: str) -> cfg.Text:
    return cfg.Text(zh=zh)


def queue(letter: str, **targets: float) -> cfg.Queue:
    return cfg.Queue(code=letter, letter=letter, name=text(letter), minutes=10, spread=0.7, targets=targets)


def service(code: str, queue: str) -> cfg.Service:
    return cfg.Service(code=code, name=text(code), queue=queue, minutes=10, spread=0.7)


def window(code: str, **serves: float) -> cfg.WindowSetup:
    """`window("2", B=0, A=5)`: B is its own, A it helps five minutes later."""
    return cfg.WindowSetup(
        code=code, name=text(code), serves=tuple(cfg.Serves(queue=q, helper_after=m) for q, m in serves.items())
    )


def resident_class(code: str, minutes: float, *, strict: bool = False) -> cfg.ResidentClass:
    return cfg.ResidentClass(code=code, name=text(code), target_minutes=minutes, strict=strict)


HALL = cfg.Configuration(
    hall="H1",
    name=text("测试大厅"),
    kind="town_centre",
    timezone="Asia/Shanghai",
    hours=cfg.Hours(
        periods=(cfg.Opening(opens="08:30", closes="12:00"), cfg.Opening(opens="14:00", closes="17:30")),
        holidays=("2026-05-01",),
        workdays=("2026-05-09",),
    ),
    queues=(queue("A"), queue("B", ordinary=30), queue("C")),
    services=(service("licence", "A"), service("tax", "B"), service("pension", "C")),
    windows=(window("1", A=0), window("2", B=0, A=5), window("3", A=0, C=0)),
    kiosks=(cfg.KioskSetup(code="K1", slot=1), cfg.KioskSetup(code="K2", slot=2)),
    classes=(
        resident_class("ordinary", 20),
        resident_class("elder", 10),
        resident_class("military", 5, strict=True),
        resident_class("appointment", 5),
    ),
)


LIKELY = e.Likely(expected=20, low=12, high=31)
WAITS = e.Waits(mean=LIKELY, p90=LIKELY, long=e.Likely(expected=0.2, low=0, high=0.4))
EFFECT = e.Effect(minutes=75, before=WAITS, after=WAITS, saved=WAITS)


def with_rules(**values: Any) -> cfg.Configuration:
    return replace(HALL, rules=cfg.Rules(**values))


@contextmanager
def refused(reason: Reason) -> Iterator[pytest.ExceptionInfo[Refused]]:
    """What follows is refused for this reason, with a sentence for the person who asked."""
    with pytest.raises(Refused) as caught:
        yield caught
    assert caught.value.reason is reason
    assert caught.value.detail.strip()


class Story:
    """A hall whose day is open and whose windows all are, from 08:30 on."""

    def __init__(self, configuration: cfg.Configuration = HALL, *, opened: bool = True) -> None:
        self.configuration = configuration
        self.hall = Hall()
        self.facts: list[e.Event] = []
        self.on(MONDAY).at("08:30")
        if opened:
            self.open_day()
            self.open(*configuration.window)

    def on(self, day: str) -> Self:
        self.day = day
        return self

    def at(self, clock: str) -> Self:
        """Wall-clock time `HH:MM` or `HH:MM:SS` of the story's day."""
        minutes, _, seconds = clock[:5], clock[5:6], clock[6:]
        self.now = self.time(minutes) + int(seconds or 0) * 1000
        return self

    def time(self, clock: str) -> e.Instant:
        return instant(self.configuration.timezone, self.day, clock)

    def do(self, command: c.Command) -> list[e.Event]:
        facts = decide(self.hall, command, self.now)
        self.hear(*facts)
        return facts

    def hear(self, *facts: e.Event) -> None:
        """Facts from elsewhere, taken as they are."""
        for fact in facts:
            self.hall.apply(fact)
            self.facts.append(fact)

    # --- the day

    def open_day(self, configuration: cfg.Configuration | None = None) -> list[e.Event]:
        return self.do(c.OpenDay(day=self.day, configuration=configuration or self.configuration))

    def close_day(self, *, force: bool = False) -> list[e.Event]:
        return self.do(c.CloseDay(force=force))

    def configure(self, configuration: cfg.Configuration) -> list[e.Event]:
        return self.do(c.ApplyConfiguration(configuration=configuration))

    # --- tickets

    def issue(self, queue: str, klass: str = "ordinary", *, slot: str | None = None) -> str:
        """The hall hands out a ticket; its label."""
        ticket = f"t{len(self.facts)}"
        self.do(c.IssueTicket(ticket=ticket, queue=queue, klass=klass, slot=None if slot is None else self.time(slot)))
        return self.hall.tickets[ticket].label

    def visit(self, *services: str, **more: Any) -> str:
        """The hall hands out one ticket for these services; its label."""
        ticket = f"t{len(self.facts)}"
        self.do(c.IssueTicket(ticket=ticket, service=services[0] if services else None, then=services[1:], **more))
        return self.hall.tickets[ticket].label

    def book(self, service: str, slot: str, *, day: str | None = None, holder: str | None = None) -> str:
        """An appointment at `HH:MM` of `day` (today); its id."""
        appointment = f"a{len(self.facts)}"
        at = instant(self.configuration.timezone, day or self.day, slot)
        self.do(c.BookAppointment(appointment=appointment, service=service, slot=at, holder=holder))
        return appointment

    def borrow(self, queue: str, kiosk: str = "K1") -> int:
        (lent,) = self.do(c.BorrowNumber(kiosk=kiosk, queue=queue))
        assert isinstance(lent, e.NumberLent)
        return lent.number

    def printed(self, queue: str, number: int, kiosk: str = "K1") -> e.TicketIssued:
        """The fact a kiosk writes when it hands out `number` by itself, now; the hall has not heard it yet."""
        command = c.IssueTicket(ticket=f"{kiosk}-{queue}{number}", queue=queue, source=kiosk)
        return issue(self.configuration, command, number=number, day=self.day, at=self.now)

    def ticket(self, label: str) -> Ticket:
        (ticket,) = [t for t in self.hall.tickets.values() if t.label == label]
        return ticket

    def waiting(self, queue: str) -> list[str]:
        """Labels in the order they will be called."""
        return [self.hall.tickets[id_].label for id_ in self.hall.line(queue)]

    def held(self, window: str) -> list[str]:
        return [self.hall.tickets[id_].label for id_ in self.hall.held_for(window)]

    def void(self, label: str) -> list[e.Event]:
        return self.do(c.VoidTicket(ticket=self.ticket(label).id, reason="printer"))

    def restore(self, label: str) -> list[e.Event]:
        return self.do(c.RestoreTicket(ticket=self.ticket(label).id))

    # --- windows

    def open(self, *windows: str) -> None:
        for window in windows:
            self.do(c.OpenWindow(window=window))

    def pause(self, window: str) -> list[e.Event]:
        return self.do(c.PauseWindow(window=window))

    def close(self, window: str) -> list[e.Event]:
        return self.do(c.CloseWindow(window=window))

    def assign(self, window: str, **serves: float) -> list[e.Event]:
        return self.do(
            c.AssignQueues(window=window, serves=tuple(cfg.Serves(queue=q, helper_after=m) for q, m in serves.items()))
        )

    def call(self, window: str, *, outcome: e.Outcome | None = None) -> str:
        """Call the next ticket; the label now at the window ("" if none)."""
        self.do(c.CallNext(window=window, outcome=outcome))
        return self.at_window(window)

    def why(self, window: str) -> e.Why:
        """Why the ticket at this window was called."""
        why = self.ticket(self.at_window(window)).why
        assert why is not None
        return why

    def at_window(self, window: str) -> str:
        ticket = self.hall.windows[window].ticket
        return self.hall.tickets[ticket].label if ticket else ""

    def call_ticket(self, window: str, label: str) -> list[e.Event]:
        return self.do(c.CallTicket(window=window, ticket=self.ticket(label).id))

    def recall(self, window: str) -> list[e.Event]:
        return self.do(c.Recall(window=window))

    def start(self, window: str) -> list[e.Event]:
        return self.do(c.Start(window=window))

    def finish(self, window: str, outcome: e.Outcome = e.Outcome.DONE) -> list[e.Event]:
        return self.do(c.Finish(window=window, outcome=outcome))

    def no_show(self, window: str) -> list[e.Event]:
        return self.do(c.MarkNoShow(window=window))

    def confirm_class(self, window: str, confirmed: bool) -> list[e.Event]:
        return self.do(c.ConfirmClass(window=window, confirmed=confirmed))

    def park(self, window: str, minutes: float | None = None) -> list[e.Event]:
        return self.do(c.Park(window=window, minutes=minutes))

    def transfer(self, window: str, queue: str, to_window: str | None = None) -> list[e.Event]:
        return self.do(c.Transfer(window=window, queue=queue, to_window=to_window))


def snapshot(hall: Hall) -> dict[str, Any]:
    """Everything a hall knows, by value. Two halls with equal snapshots cannot be told apart."""
    known = {
        "day": hall.day,
        "is_open": hall.is_open,
        "configuration": hall.configuration,
        "tickets": {id_: replace(ticket) for id_, ticket in hall.tickets.items()},
        "windows": {code: replace(w, serves=dict(w.serves)) for code, w in hall.windows.items()},
        "lines": {queue: list(line) for queue, line in hall.lines.items() if len(line)},
        "held": {code: list(line) for code, line in hall.held.items() if len(line)},
        "appointments": dict(hall.appointments),
        "issued": dict(hall.issued),
        "holders": {holder: set(ids) for holder, ids in hall.holders.items()},
        "check_ins": {appointment: set(ids) for appointment, ids in hall.check_ins.items()},
        "last_number": dict(hall.last_number),
        "letters": dict(hall.letters),
        "slots": dict(hall.slots),
        "calls": list(hall.calls),
        "devices": dict(hall.devices),
        "applied": dict(hall.applied),
        "early": {day: sorted(facts, key=lambda fact: (fact.ticket, fact.at)) for day, facts in hall.early.items()},
    }
    assert known.keys() == vars(hall).keys(), "the snapshot must show every field of a hall"
    return known


def folded(facts: list[e.Event]) -> Hall:
    """A new hall that hears these facts."""
    hall = Hall()
    for fact in facts:
        hall.apply(fact)
    return hall
