"""A rush: sixteen people take tickets and eight windows call, without pause, while followers listen."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path

from crowds import Crowd, assert_kept
from hall_stories import snapshot
from servers import HALL, WINDOWS, Server, until

from queue_server.journal.follow import Follower
from queue_server.journal.replica import Replica
from queue_server.journal.store import SqliteStore
from queue_server.journal.verify import verify

PRESSES = 1500
FOLLOWERS = 4


def test_in_a_rush_no_number_is_given_twice_no_ticket_called_twice_and_no_follower_misses_anything(
    tmp_path: Path,
) -> None:
    with Server(tmp_path, "--always-open") as server, ExitStack() as stack:
        stores = [SqliteStore(":memory:") for _ in range(FOLLOWERS)]
        followers = [Follower(server.url, HALL, Replica(store, HALL)) for store in stores]
        threads = [threading.Thread(target=follower.run) for follower in followers]
        for thread, follower, store in zip(threads, followers, stores, strict=True):
            thread.start()
            stack.callback(store.close)
            stack.callback(thread.join, 20)
            stack.callback(follower.stop)
        until(lambda: all(follower.connected for follower in followers))
        crowd = Crowd(server)
        crowd.start(issuers=16, windows=WINDOWS)
        until(lambda: len(crowd.answers) > PRESSES, 120)
        crowd.stop()
        hall = server.client()
        seq = hall.seq
        until(lambda: all(follower.replica.seq == seq for follower in followers))
        assert crowd.faults == []
        assert crowd.repeated == 0
        until(lambda: hall.followers == FOLLOWERS)
        server.kill()
        (report,) = verify(server.journal)
        assert report.sound
        entries = server.entries()
        assert len(entries) == seq
        assert_kept(crowd.answers, entries)
        written = SqliteStore(server.journal)
        stack.callback(written.close)
        state = snapshot(Replica(written, HALL).hall)
        for follower in followers:
            assert follower.replica.store.read(HALL, 0, seq + 1) == entries
            assert snapshot(follower.replica.hall) == state
