"""Pushers: a kiosk's journal on its way to the hall, through everything that can happen to either."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from servers import HALL, Client, Server, until

from queue_server.domain import events as e
from queue_server.journal.push import Pusher, PushError
from queue_server.journal.replica import Replica, clock
from queue_server.journal.store import SqliteStore
from queue_server.journal.verify import verify


class Kiosk:
    """A machine with a journal of its own that it pushes to the hall."""

    def __init__(self, path: Path, server: Server) -> None:
        self.store = SqliteStore(path)
        self.replica = Replica(self.store, HALL)
        self.pusher = Pusher(server.url, HALL, "K1", self.replica)
        self._day = server.client().get().json["day"]

    def print(self, ticket: str, number: int) -> None:
        fact = e.TicketIssued(
            at=clock(), ticket=ticket, day=self._day, queue="A", number=number, label=f"A{number}", klass="ordinary",
            due_at=clock() + 1, source="K1",
        )  # fmt: skip
        self.replica.write([fact], f"touch-{ticket}")
        self.pusher.wake()

    def close(self) -> None:
        self.store.close()


@contextmanager
def kiosk(path: Path, server: Server) -> Iterator[Kiosk]:
    opened = Kiosk(path, server)
    try:
        yield opened
    finally:
        opened.close()


def labels(hall: Client, tickets: list[str]) -> list[str]:
    return [hall.get(f"/tickets/{ticket}").json["label"] for ticket in tickets]


def arrived(own: Server) -> list[str]:
    """The tickets told by kiosks, in the order of the hall's journal. Stops the server."""
    own.kill()
    assert verify(own.journal)[0].sound
    return [entry.id for entry in own.entries() if entry.kind == "TicketIssued" and entry.cause.startswith("touch")]


def test_a_kiosk_s_facts_arrive_once_each_in_order(own: Server, tmp_path: Path) -> None:
    with kiosk(tmp_path / "kiosk", own) as machine:
        for n in range(450):  # more than two batches
            machine.print(f"k{n}", 901 + n)
        machine.pusher.push()
        assert machine.pusher.confirmed == 450
        machine.pusher.push()
        assert labels(own.client(), ["k0", "k449"]) == ["A901", "A1350"]
        told = [entry.id for entry in machine.store.read(HALL, 0)]
    assert arrived(own) == told


def test_a_pusher_keeps_trying_until_the_hall_is_there(own: Server, tmp_path: Path) -> None:
    with kiosk(tmp_path / "kiosk", own) as machine:
        machine.print("k1", 901)
        own.kill()
        with pytest.raises(OSError, match="refused"):
            machine.pusher.push()
        thread = threading.Thread(target=machine.pusher.run)
        thread.start()
        machine.print("k2", 902)
        own.start()

        def heard() -> bool:
            machine.pusher.wake()
            return machine.pusher.confirmed == 2

        until(heard)
        own.kill()
        machine.print("k3", 903)
        own.start()
        machine.print("k4", 904)
        until(lambda: (machine.pusher.wake(), machine.pusher.confirmed == 4)[1])
        machine.pusher.stop()
        thread.join(20)
        assert not thread.is_alive()
        told = [entry.id for entry in machine.store.read(HALL, 0)]
    assert arrived(own) == told


def test_a_hall_restored_from_a_backup_hears_from_its_kiosks_what_it_forgot(own: Server, tmp_path: Path) -> None:
    with kiosk(tmp_path / "kiosk", own) as machine:
        machine.print("k1", 901)
        machine.pusher.push()
        own.back_up(tmp_path / "backup")
        machine.print("k2", 902)
        machine.pusher.push()
        own.restore(tmp_path / "backup")
        machine.print("k3", 903)
        machine.pusher.push()
        assert labels(own.client(), ["k1", "k2", "k3"]) == ["A901", "A902", "A903"]
        told = [entry.id for entry in machine.store.read(HALL, 0)]
    assert arrived(own) == told


@pytest.mark.parametrize("after", [1, 3])
def test_a_kiosk_restored_from_a_backup_tells_what_it_printed_since(after: int, own: Server, tmp_path: Path) -> None:
    """`after`: how many tickets it prints before it speaks to the hall again; the hall has heard two it forgot."""
    with kiosk(tmp_path / "kiosk", own) as machine:
        machine.print("k1", 901)
        machine.pusher.push()
    shutil.copy(tmp_path / "kiosk", tmp_path / "backup")
    with kiosk(tmp_path / "kiosk", own) as machine:
        machine.print("lost2", 902)
        machine.print("lost3", 903)
        machine.pusher.push()
    shutil.copy(tmp_path / "backup", tmp_path / "kiosk")
    with kiosk(tmp_path / "kiosk", own) as machine:
        machine.pusher.push()
        new = [f"new{n}" for n in range(after)]
        for n, ticket in enumerate(new):
            machine.print(ticket, 905 + n)
        machine.pusher.push()
        assert machine.pusher.confirmed == 1 + after
        hall = own.client()
        assert labels(hall, ["k1", "lost2", "lost3", *new])[3:] == [f"A{905 + n}" for n in range(after)]
    assert len(arrived(own)) == 3 + after


def test_a_kiosk_with_a_new_disk_is_heard(own: Server, tmp_path: Path) -> None:
    for n, disk in enumerate(("old", "new")):
        with kiosk(tmp_path / disk, own) as machine:
            machine.print(f"{disk}1", 901 + n)
            machine.pusher.push()
    assert labels(own.client(), ["old1", "new1"]) == ["A901", "A902"]


def test_a_hall_that_refuses_is_an_error_and_nothing_is_lost(own: Server, tmp_path: Path) -> None:
    with kiosk(tmp_path / "kiosk", own) as machine:
        machine.replica.write([e.DayClosed(at=clock(), day="2026-03-02")], "not a kiosk's to write")
        with pytest.raises(PushError, match="own to write"):
            machine.pusher.push()
        assert machine.pusher.confirmed == 0
        assert machine.replica.seq == 1


def test_an_answer_that_is_no_receipt_is_an_error(own: Server, tmp_path: Path) -> None:
    with kiosk(tmp_path / "kiosk", own) as machine:
        machine.pusher._path = "/healthz?"  # some other server at that address
        with pytest.raises(PushError):
            machine.pusher.push()
