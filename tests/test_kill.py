"""kill -9 of a busy server, many times, at any moment: nothing that was answered is lost, and nothing is done twice."""

from __future__ import annotations

import random
import time
from pathlib import Path

from crowds import Crowd, assert_kept
from servers import Server, until

from queue_server.journal.verify import verify

ROUNDS = 24
SEED = 20260302


def test_a_server_killed_at_any_moment_has_kept_what_it_answered_and_repeated_presses_are_done_once(
    tmp_path: Path,
) -> None:
    chance = random.Random(SEED)
    with Server(tmp_path, "--always-open") as server:
        crowd = Crowd(server)
        crowd.start(issuers=4, windows=["1", "2", "3"])
        answered = 0
        for _ in range(ROUNDS):
            until(lambda: len(crowd.answers) > answered + 5)  # it works again  # noqa: B023 - called at once
            time.sleep(chance.uniform(0, 0.08))  # where in its work it is struck
            server.kill()
            before = dict(crowd.answers)
            (report,) = verify(server.journal)
            assert report.sound, report
            assert_kept(before, server.entries())
            answered = len(before)
            server.start()
        crowd.stop()
        assert crowd.faults == []
        assert crowd.repeated >= ROUNDS
        assert server.stop() == 0
        (report,) = verify(server.journal)
        assert report.sound
        entries = server.entries()
        assert report.entries == len(entries)
        assert_kept(crowd.answers, entries)
        tickets = [entry.cause for entry in entries if entry.kind == "TicketIssued"]
        assert sorted(tickets) == sorted(key for key in crowd.answers if key.startswith("issuer"))
