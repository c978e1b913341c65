"""Writes the golden journal of this version: `python tests/golden/make.py`, once, when a version is released.

A golden journal is never written again. Later versions must read it for ever (`tests/test_entry.py`).
"""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import msgspec  # noqa: E402
from hall_stories import HALL, MONDAY, TUESDAY  # noqa: E402
from journals import Clock, Desk, printed, told, voided  # noqa: E402

from queue_server.domain import commands as c  # noqa: E402
from queue_server.domain.configuration import Serves  # noqa: E402
from queue_server.domain.events import KINDS, DeviceReported, Outcome, Unknown  # noqa: E402

NAME = "journal-0.2.0.jsonl"


def story(desk: Desk, clock: Clock) -> None:
    """Two days in which every kind of fact happens, and one this version does not know."""
    clock.set(MONDAY, "08:30")
    desk.open_day("1", "2", "3")
    desk.issue("monday-1")
    for appointment, days, holder in (("kept", 1, "0f" * 32), ("cancelled", 1, None), ("today", 0, None)):
        slot = clock.now + days * 86_400_000 + 7_200_000
        desk.do(c.BookAppointment(appointment=appointment, service="tax", slot=slot, holder=holder))
    desk.do(c.CancelAppointment(appointment="cancelled"))
    desk.do(c.AssignQueues(window="1", serves=(Serves(queue="A"), Serves(queue="C", helper_after=2.5))))
    desk.do(c.CallNext(window="1"))
    clock.set(MONDAY, "18:30")
    desk.do(c.CloseDay())

    clock.set(TUESDAY, "07:50")
    desk.absorb("K1/disk-1", told(1, printed(clock, "early", 901)))
    clock.set(TUESDAY, "08:30")
    desk.open_day("1", "2", "3")
    desk.do(c.ApplyConfiguration(configuration=replace(HALL, rules=replace(HALL.rules, park_minutes=12))))
    desk.do(c.IssueTicket(ticket="served", service="licence"))
    desk.do(c.IssueTicket(ticket="strict", queue="A", klass="military"))
    desk.do(c.IssueTicket(ticket="appointed", queue="B", klass="appointment", slot=clock.now + 1_800_000))
    for ticket, queue in (("no-show", "A"), ("restored", "A"), ("parked", "B"), ("moved", "C"), ("waiting", "A")):
        desk.issue(ticket, queue)
    desk.do(c.BorrowNumber(kiosk="K1", queue="C"))
    desk.absorb("K1/disk-1", told(2, printed(clock, "lent", 2, queue="C")), told(3, printed(clock, "unprinted", 902)))
    desk.absorb("K1/disk-1", told(4, voided(clock, "unprinted")))
    paper_low = DeviceReported(at=clock.now, device="K1/printer", health="paper-low", detail="about 12 tickets left")
    fan_stopped = Unknown(at=clock.now, kind="FanStopped", fields={"at": clock.now, "fan": 2})
    desk.absorb("K1/disk-1", told(5, paper_low), told(6, fan_stopped))
    clock.set(TUESDAY, "08:40")
    desk.do(c.CallNext(window="1"))
    desk.do(c.Start(window="1"))
    clock.set(TUESDAY, "08:45")
    desk.do(c.CallNext(window="1", outcome=Outcome.ACCEPTED))
    clock.set(TUESDAY, "08:46")
    desk.do(c.Recall(window="1"))
    desk.do(c.MarkNoShow(window="1"))
    for ticket in ("no-show", "restored"):
        desk.do(c.CallTicket(window="3", ticket=ticket))
        desk.do(c.MarkNoShow(window="3"))
    desk.do(c.RestoreTicket(ticket="restored"))
    desk.do(c.CallTicket(window="2", ticket="parked"))
    desk.do(c.Park(window="2"))
    desk.do(c.CallTicket(window="3", ticket="moved"))
    desk.do(c.Transfer(window="3", queue="B", to_window="2"))
    desk.do(c.CallTicket(window="3", ticket="served"))
    desk.do(c.Start(window="3"))
    desk.do(c.Finish(window="3", outcome=Outcome.MATERIALS_MISSING))
    visit = c.IssueTicket(ticket="visit", service="licence", then=("tax", "pension"), klass="elder", holder="f0" * 32)
    desk.do(visit)
    desk.do(c.CallTicket(window="3", ticket="visit"))
    desk.do(c.ConfirmClass(window="3", confirmed=True))
    desk.do(c.Start(window="3"))
    desk.do(c.Finish(window="3", outcome=Outcome.ACCEPTED))
    desk.do(c.IssueTicket(ticket="came", appointment="kept"))
    taken_at = clock.now - 600_000
    paper = c.AcceptPaper(ticket="paper", label="A903", klass="military", taken_at=taken_at, source="K1")
    desk.do(paper)
    desk.do(c.PauseWindow(window="2"))
    desk.do(c.CloseWindow(window="3"))


def main() -> None:
    clock, ids = Clock(), count(1)
    desk = Desk(":memory:", clock, mint=lambda: f"entry-{next(ids)}")
    story(desk, clock)
    entries = desk.journal()
    missing = KINDS.keys() - {entry.kind for entry in entries}
    assert not missing, missing
    lines = [
        msgspec.json.encode(
            {
                "hall": e.hall, "seq": e.seq, "id": e.id, "cause": e.cause, "at": e.at, "kind": e.kind,
                "data": msgspec.Raw(e.data), "hash": e.hash,
            }
        )
        for e in entries
    ]  # fmt: skip
    with (HERE / NAME).open("xb") as file:
        file.write(b"\n".join(lines) + b"\n")


if __name__ == "__main__":
    main()
