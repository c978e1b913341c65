"""Followers: copies of a hall in other programs, through everything that can happen to its server."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hall_stories import snapshot
from servers import HALL, Client, Server, seqs, stream, until

from queue_server.journal.follow import Follower
from queue_server.journal.replica import Replica, clock
from queue_server.journal.store import SqliteStore
from queue_server.journal.verify import verify


@contextmanager
def following(server: Server, store: SqliteStore, on_change: Callable[[], None] = lambda: None) -> Iterator[Follower]:
    """A follower that runs, with its copy in `store`."""
    follower = Follower(server.url, HALL, Replica(store, HALL), on_change=on_change)
    thread = threading.Thread(target=follower.run)
    thread.start()
    try:
        yield follower
    finally:
        follower.stop()
        thread.join(20)
        assert not thread.is_alive()
        store.close()


def assert_copy(follower: Follower, hall: Client) -> None:
    """The follower comes to know what the server knows."""
    seq = hall.seq
    until(lambda: follower.replica.seq == seq)
    state = hall.get().json
    known = {ticket.id for ticket in follower.replica.hall.tickets.values()}
    assert len(known) == sum(state["tickets"].values())


def test_a_follower_catches_up_and_stays_up_to_date(server: Server, hall: Client) -> None:
    changes: list[int] = []
    with following(server, SqliteStore(":memory:"), on_change=lambda: changes.append(1)) as follower:
        assert_copy(follower, hall)
        assert follower.connected
        heard = len(changes)
        hall.issue()
        assert_copy(follower, hall)
        assert len(changes) > heard
        assert follower.heard_at is not None
    assert not follower.connected


def test_a_follower_comes_back_after_the_server_died(own: Server, tmp_path: Path) -> None:
    with following(own, SqliteStore(tmp_path / "copy")) as follower:
        for _ in range(3):
            own.client().issue()
        assert_copy(follower, own.client())
        own.kill()
        until(lambda: not follower.connected)
        own.start()
        own.client().issue()
        assert_copy(follower, own.client())
        copied = follower.replica.store.read(HALL, 0)
    own.kill()
    assert copied == own.entries()
    assert verify(tmp_path / "copy")[0].sound


def test_a_follower_that_was_away_goes_on_where_it_stopped(own: Server, tmp_path: Path) -> None:
    hall = own.client()
    with following(own, SqliteStore(tmp_path / "copy")) as follower:
        hall.issue()
        assert_copy(follower, hall)
        seq = follower.replica.seq
    for _ in range(3):
        hall.issue()
    greeted: list[int] = []
    again = SqliteStore(tmp_path / "copy")
    with following(own, again, on_change=lambda: greeted.append(follower.replica.seq)) as follower:
        assert follower.replica.seq >= seq
        assert_copy(follower, hall)
    assert greeted[0] == seq  # it did not start over


@pytest.mark.parametrize("since", [0, 1, 5])
def test_after_a_backup_was_put_back_followers_start_over(since: int, own: Server, tmp_path: Path) -> None:
    """`since`: how much happened at the restored server before the follower came back; at 1 it is as long again."""
    own.client().issue()
    own.back_up(tmp_path / "backup")
    with following(own, SqliteStore(tmp_path / "copy")) as follower:
        lost = own.client().issue()
        assert_copy(follower, own.client())
        assert lost in follower.replica.hall.tickets
    own.restore(tmp_path / "backup")
    hall = own.client()
    for _ in range(since):
        hall.issue()
    with following(own, SqliteStore(tmp_path / "copy")) as follower:
        new = hall.issue()
        until(lambda: new in follower.replica.hall.tickets)
        assert lost not in follower.replica.hall.tickets
        assert_copy(follower, hall)
        copied, live = follower.replica.store.read(HALL, 0), snapshot(follower.replica.hall)
    own.kill()
    assert copied == own.entries()
    store = SqliteStore(own.journal)
    assert snapshot(Replica(store, HALL).hall) == live
    store.close()


def test_a_copy_as_long_as_the_restored_journal_starts_over_without_waiting_for_anything_new(
    own: Server, tmp_path: Path
) -> None:
    own.client().issue()
    own.back_up(tmp_path / "backup")
    with following(own, SqliteStore(tmp_path / "copy")) as follower:
        lost = own.client().issue()
        assert_copy(follower, own.client())
    own.restore(tmp_path / "backup")
    other = own.client().issue()
    with following(own, SqliteStore(tmp_path / "copy")) as follower:
        until(lambda: other in follower.replica.hall.tickets)
        assert lost not in follower.replica.hall.tickets


def test_a_follower_that_cannot_start_over_on_a_full_disk_does_so_when_there_is_room(
    own: Server, tmp_path: Path
) -> None:
    own.client().issue()
    own.back_up(tmp_path / "backup")
    with following(own, SqliteStore(tmp_path / "copy")) as follower:
        own.client().issue()
        assert_copy(follower, own.client())
    own.restore(tmp_path / "backup")
    hall = own.client()
    new = [hall.issue() for _ in range(3)]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with following(own, SqliteStore(tmp_path / "copy")) as follower:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
        try:
            until(lambda: follower.heard_at is not None and not follower.connected)
            attempts = follower.heard_at
            until(lambda: follower.heard_at != attempts)  # it failed, and tries again
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        until(lambda: set(new) <= set(follower.replica.hall.tickets))
        assert_copy(follower, hall)


def test_a_follower_knows_what_the_servers_clock_says(server: Server) -> None:
    with following(server, SqliteStore(":memory:")) as follower:
        until(lambda: follower.connected)
        assert follower.clock is not None
        said, heard_at = follower.clock
        assert abs(said - clock()) < 60_000
        assert heard_at <= time.monotonic()


def test_a_follower_of_a_new_hall_under_an_old_name_starts_over(own: Server, tmp_path: Path) -> None:
    own.client().issue()
    with following(own, SqliteStore(tmp_path / "copy")) as follower:
        assert_copy(follower, own.client())
        own.kill()
        for file in own.folder.glob("H1.sqlite*"):
            file.unlink()
        own.start()
        hall = own.client()
        new = [hall.issue() for _ in range(6)]
        until(lambda: set(follower.replica.hall.tickets) == set(new))


def test_a_follower_that_never_reads_is_dropped_while_others_go_on(server: Server, hall: Client) -> None:
    until(lambda: hall.issue() and hall.followers == 0)
    seq = hall.seq
    with stream(server.port, receive_buffer=2048, Last_Event_ID=str(seq)) as deaf:
        assert deaf.status == 200
        with following(server, SqliteStore(":memory:")) as other:
            until(lambda: other.replica.seq == seq)
            assert hall.followers == 2

            def only_the_other_is_left() -> bool:
                hall.pad()
                until(lambda: other.replica.seq == hall.seq)
                return hall.followers == 1

            until(only_the_other_is_left)
            hall.issue()
            until(lambda: other.replica.seq == hall.seq)
        received = deaf.read_to_end()
        assert seqs(received) == list(range(seq + 1, seq + 1 + len(seqs(received))))
        assert seq + len(seqs(received)) < hall.seq
