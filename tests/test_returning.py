"""A hall server that has just started: nothing is numbered before those who may hold numbers have come back."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers import Client, Server, until
from test_push import Kiosk, kiosk

from queue_server.journal.returning import PATIENCE, Returning


def borrow(hall: Client) -> int:
    """The number lent to K2; 0 if none is lent yet."""
    answer = hall.post("/numbers", {"kiosk": "K2", "queue": "A"})
    assert answer.status in {201, 503}, answer.body
    return int(answer.json["number"]) if answer.status == 201 else 0


def test_a_new_hall_waits_for_nobody(tmp_path: Path) -> None:
    with Server(tmp_path / "hall", "--always-open") as server:
        assert borrow(server.client()) == 1


def test_after_a_restart_no_number_is_lent_until_the_kiosks_that_told_facts_before_have_come_back(
    tmp_path: Path,
) -> None:
    with Server(tmp_path / "hall", "--always-open") as server, kiosk(tmp_path / "K1", server) as first:
        first.print("t1", 1)
        first.pusher.push()
        server.kill()
        server.start()
        hall = server.client()
        assert hall.post("/numbers", {"kiosk": "K2", "queue": "A"}).reason == "just-started"
        first.pusher.push()
        assert borrow(hall) == 2


def test_numbers_that_were_lost_with_a_backup_are_not_lent_again(tmp_path: Path) -> None:
    with Server(tmp_path / "hall", "--always-open") as server, kiosk(tmp_path / "K1", server) as first:
        first.print("t1", 1)
        first.pusher.push()
        server.back_up(tmp_path / "backup")
        for number in (2, 3):
            first.print(f"t{number}", number)
        first.pusher.push()
        server.restore(tmp_path / "backup")
        hall = server.client()
        assert borrow(hall) == 0
        told(first)
        assert borrow(hall) == 4
        assert hall.post("/tickets", {"queue": "A"}).json["label"] == "A005"


def told(machine: Kiosk) -> None:
    machine.pusher.push()
    assert machine.pusher.confirmed == machine.replica.seq


def test_a_ticket_of_the_halls_own_desk_waits_for_them_and_no_longer_than_that(tmp_path: Path) -> None:
    with Server(tmp_path / "hall", "--always-open") as server, kiosk(tmp_path / "K1", server) as first:
        first.print("t1", 1)
        first.pusher.push()
        server.kill()
        server.start()
        assert server.client().post("/tickets", {"queue": "A"}).json["label"] == "A002"  # K1 never comes back
        until(lambda: borrow(server.client()) == 3)


@pytest.mark.parametrize(("away", "patient"), [(set(), True), ({"K1"}, False)])
def test_who_is_waited_for(away: set[str], patient: bool) -> None:
    returning = Returning(away, clock=lambda: 0.0)
    assert returning.wait(0.0) is patient
    returning.told("K1")
    assert returning.wait(0.0)


def test_nobody_is_waited_for_longer_than_that() -> None:
    now = 0.0
    returning = Returning({"K1"}, clock=lambda: now)
    assert not returning.wait(0.0)
    now = PATIENCE
    assert returning.wait(0.0)


def test_a_kiosk_has_come_back_only_when_it_has_told_everything(tmp_path: Path) -> None:
    with Server(tmp_path / "hall", "--always-open") as server, kiosk(tmp_path / "K1", server) as first:
        first.print("t1", 1)
        first.pusher.push()
        server.kill()
        server.start()
        hall = server.client()
        first.print("t2", 2)
        asks = {"journal": first.store.journal_id, "entries": [], "last": 2}
        assert hall.post("/journal/K1", asks).json == {"cursor": 1}
        assert borrow(hall) == 0
        told(first)
        assert borrow(hall) == 3
