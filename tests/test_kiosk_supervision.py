"""A kiosk's devices are watched one by one, and the hall hears how they are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from waiting import until

from devices.id_card.driver import IdCardReader
from devices.id_card.simulator import SimulatedReader
from devices.simulation import PtyEnd, Running
from devices.transport import open_transport
from kiosk.supervision import Device, Supervision
from queue_server.domain.events import DeviceReported
from queue_server.journal.entry import event_of
from queue_server.journal.replica import Replica
from queue_server.journal.reporting import HealthReporter
from queue_server.journal.store import SqliteStore


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Replica]:
    """The kiosk's own journal, on disk."""
    replica = Replica(SqliteStore(tmp_path / "own.db"), "H1")
    yield replica
    replica.store.close()


def told(own: Replica) -> list[tuple[str, str]]:
    facts = [event_of(entry) for entry in own.store.read("H1", 0)]
    return [(fact.device, fact.health) for fact in facts if isinstance(fact, DeviceReported)]


class Stuck:
    """A device whose driver does not come back."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def check(self) -> str:
        self.let_go.wait(60)
        return "unknown"

    def close(self) -> None:
        pass


class Steady:
    def check(self) -> str:
        return "ready"

    def close(self) -> None:
        pass


class Broken(Steady):
    """A driver with a mistake of ours in it."""

    def __init__(self) -> None:
        self.asked = 0

    def check(self) -> str:
        self.asked += 1
        raise ZeroDivisionError


@contextmanager
def watching(
    own: Replica, devices: dict[str, Device], day: Callable[[], str | None] = lambda: "2026-11-23"
) -> Iterator[None]:
    supervision = Supervision("K1", devices, reporter=HealthReporter(own), day=day)
    supervision.start()
    try:
        yield
    finally:
        supervision.stop()


def test_a_reader_pulled_out_and_put_in_again_is_told_each_time(own: Replica, tmp_path: Path) -> None:
    wire = PtyEnd(tmp_path / "reader")  # a name of its own: the number of a pty that is gone is soon another's
    with Running(SimulatedReader(read_seconds=(0, 0)), wire) as reader:
        driver = IdCardReader(open_transport(f"serial:{wire.path}?baud=115200"))
        with watching(own, {"id_card": driver}):
            until(lambda: told(own) == [("K1/id_card", "ready")])
            reader.unplug()
            until(lambda: told(own)[1:] == [("K1/id_card", "unplugged")])
            reader.plug()
            until(lambda: told(own)[2:] == [("K1/id_card", "ready")])


def test_a_device_that_does_not_answer_keeps_no_other_waiting(own: Replica) -> None:
    stuck = Stuck()
    with watching(own, {"scanner": stuck, "id_card": Steady()}):
        until(lambda: told(own) == [("K1/id_card", "ready")])
        stuck.let_go.set()


def test_a_new_day_hears_of_every_device_again(own: Replica) -> None:
    day = ["2026-11-23"]
    with watching(own, {"id_card": Steady()}, lambda: day[0]):
        until(lambda: len(told(own)) == 1)
        day[0] = "2026-11-24"
        until(lambda: told(own) == [("K1/id_card", "ready")] * 2)


def test_a_mistake_in_a_driver_does_not_end_the_watch(own: Replica, caplog: pytest.LogCaptureFixture) -> None:
    broken = Broken()
    with watching(own, {"scanner": broken}):
        until(lambda: broken.asked >= 2)
    assert "K1/scanner could not be looked at" in caplog.text
    assert told(own) == []
