"""The benchmark of the kiosk runs to its end on a tiny run, and what it says can be true."""

from __future__ import annotations

import pytest

from bench import kiosk
from bench.kiosk import Found

TICKETS = 2


@pytest.fixture(scope="module")
def found() -> Found:
    return kiosk.measure(tickets=TICKETS, size="360x640", rounds=1, seconds=0.3, quiet=0.1)


def test_every_gesture_is_timed_and_nothing_takes_no_time(found: Found) -> None:
    timed = {each["of"] for each in found.of("reaction", phase="hall")}
    assert {"press a queue", "queues -> services", "type a letter", "tick a material", "large on", "low off"} <= timed
    for each in found.of("reaction"):
        assert each["ms"] > 0
        assert 0 < each["path_ms"] <= each["cpu_ms"] + 1  # the path is a part of all that was done


def test_a_ticket_is_timed_in_each_state_of_the_hall_and_all_are_printed(found: Found) -> None:
    assert {phase: len(taken) for phase, taken in found.to_paper.items()} == {"hall": 1, "silent": 1, "cut off": 1}
    assert min(ms for taken in found.to_paper.values() for ms in taken) > 0
    assert found.slips == TICKETS + 3


def test_the_report_has_a_line_for_each_thing_beside_its_floor(found: Found) -> None:
    lines = list(kiosk.report(found))
    starts = [line[:26].strip() for line in lines]
    for wanted in ("one rectangle", "a finger comes down", "a long page", "a commit and a write", "silent", "cut off"):
        assert wanted in starts
    (least,) = (line.split() for line in lines if line.startswith("a commit and a write"))
    assert float(least[-1]) == 1  # the floor beside itself
    assert any(line.startswith(f"{TICKETS} ") for line in lines)  # what the process held after the last ticket
