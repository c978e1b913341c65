"""A machine tells its hall how its devices are: on real files, to a real journal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hall_stories import MONDAY, TUESDAY
from journals import Desk, desk

from queue_server.domain.events import DeviceReported
from queue_server.journal.entry import event_of
from queue_server.journal.reporting import HealthReporter

DEVICE = "K1/printer"


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path / "own.db") as opened:
        yield opened


class Told:
    """Counts how often the hall was to be told."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def reporter(kiosk: Desk, told: Told | None = None) -> HealthReporter:
    return HealthReporter(kiosk.replica, told=told or Told(), now=kiosk.clock)


def said(kiosk: Desk) -> list[tuple[str, str]]:
    """(device, health) as written, in order."""
    events = [event_of(entry) for entry in kiosk.journal()]
    return [(event.device, event.health) for event in events if isinstance(event, DeviceReported)]


def test_what_is_not_known_yet_is_not_told(kiosk: Desk) -> None:
    told = Told()
    health = reporter(kiosk, told)
    health.opened(MONDAY)
    health.report(DEVICE, "unknown")
    assert said(kiosk) == []
    assert told.times == 0


def test_each_change_is_told_once(kiosk: Desk) -> None:
    told = Told()
    health = reporter(kiosk, told)
    health.opened(MONDAY)
    for state in ("ready", "ready", "paper-out", "paper-out", "ready"):
        health.report(DEVICE, state)
    assert said(kiosk) == [(DEVICE, "ready"), (DEVICE, "paper-out"), (DEVICE, "ready")]
    assert told.times == 3


def test_a_moment_of_not_knowing_between_two_equal_words_is_no_change(kiosk: Desk) -> None:
    health = reporter(kiosk)
    for state in ("ready", "unknown", "ready"):
        health.report(DEVICE, state)
    assert said(kiosk) == [(DEVICE, "ready")]


def test_another_detail_alone_is_no_news(kiosk: Desk) -> None:
    health = reporter(kiosk)
    health.report(DEVICE, "paper-low", "about 20 tickets left")
    health.report(DEVICE, "paper-low", "about 19 tickets left")
    assert said(kiosk) == [(DEVICE, "paper-low")]


def test_a_new_day_is_told_everything_anew_and_the_same_day_is_not(kiosk: Desk) -> None:
    health = reporter(kiosk)
    health.opened(MONDAY)
    health.report(DEVICE, "ready")
    health.report("1/led_sign", "silent")
    before = said(kiosk)
    health.opened(MONDAY)
    health.opened(None)  # the copy of the hall starts over, for a moment
    health.opened(MONDAY)
    assert said(kiosk) == before
    kiosk.clock.set(TUESDAY, "08:00")
    health.opened(TUESDAY)
    assert said(kiosk)[2:] == before
    assert {entry.at for entry in kiosk.journal()[2:]} == {kiosk.clock.now}


def test_a_hall_that_forgot_at_opening_knows_again(kiosk: Desk, tmp_path: Path) -> None:
    with desk(tmp_path / "hall.db", kiosk.clock) as hall:
        health = reporter(kiosk)

        def push() -> None:
            hall.absorb("K1", *kiosk.journal())
            health.opened(hall.replica.hall.day)

        hall.open_day()
        health.report(DEVICE, "ready")
        push()
        assert hall.replica.hall.devices[DEVICE].health == "ready"
        kiosk.clock.set(TUESDAY, "08:00")
        hall.open_day()
        assert DEVICE not in hall.replica.hall.devices
        push()
        push()
        assert hall.replica.hall.devices[DEVICE].health == "ready"


def test_what_the_disk_did_not_take_is_told_when_it_does(kiosk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    told = Told()
    health = reporter(kiosk, told)
    health.report(DEVICE, "ready")
    pages = kiosk.store._db.execute("PRAGMA page_count").fetchone()[0]
    kiosk.store._db.execute(f"PRAGMA max_page_count = {pages}")
    for _ in range(3):
        health.report(DEVICE, "cover-open", "x" * 100_000)
    assert said(kiosk) == [(DEVICE, "ready")]
    assert told.times == 1
    assert len(caplog.records) == 1, "a full disk is said once, not at every look"
    kiosk.store._db.execute("PRAGMA max_page_count = 1000000")
    health.opened(None)
    assert said(kiosk) == [(DEVICE, "ready"), (DEVICE, "cover-open")]
    assert told.times == 2


def test_each_report_is_a_fact_with_a_cause_of_its_own(kiosk: Desk) -> None:
    health = reporter(kiosk)
    health.report(DEVICE, "ready")
    health.report(DEVICE, "silent", "no power")
    first, second = kiosk.journal()
    assert first.cause != second.cause
    assert event_of(second) == DeviceReported(at=kiosk.clock.now, device=DEVICE, health="silent", detail="no power")
