"""Any bytes at all on every wire, by the fuzzer of `bench.fuzz`; and that it finds what is planted for it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from bench.fuzz import Found, Target, fuzz
from bench.fuzz.__main__ import TARGETS
from bench.fuzz.parsers import heard

HERE = sys.modules[__name__]
SEED = random.randrange(1 << 30) if os.environ.get("EXPLORE") else 321199  # as for hypothesis: see conftest


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found_in_half_a_second(name: str) -> None:
    done = fuzz(TARGETS[name], runs=5000, seconds=0.5, seed=SEED)
    assert done.runs > 0
    assert done.steps[0] > 20, "it does not see the parser"


def vault(data: bytes) -> None:
    """Opens to four letters, one behind the other."""
    if data[:1] != b"o":
        return
    if data[1:2] != b"p":
        return
    if data[2:3] != b"e":
        return
    if data[3:4] == b"n":
        raise ValueError("the bug")


def test_a_bug_behind_four_doors_is_found_by_the_steps_on_the_way_to_it() -> None:
    target = Target(examine=vault, watched=[HERE], seeds=[b"...."], tokens=[b"e", b"n", b"o", b"p"], longest=8)
    with pytest.raises(Found) as found:
        fuzz(target, runs=100_000, seconds=60, seed=1)
    assert found.value.data[:4] == b"open"
    assert found.value.data.hex() in str(found.value)


def test_the_same_seed_tries_the_same_inputs() -> None:
    tried: list[list[bytes]] = [[], []]
    for inputs in tried:
        fuzz(Target(examine=inputs.append, watched=[], seeds=[b"ab"], tokens=[b"c"]), runs=50, seconds=60, seed=1)
    assert tried[0] == tried[1]
    assert len(set(tried[0])) > 20


class Hoarder:
    def __init__(self) -> None:
        self.all = b""

    def feed(self, data: bytes) -> list[bytes]:
        self.all += data
        return []


class Hasty:
    """Takes whatever comes at once for a word."""

    def feed(self, data: bytes) -> list[bytes]:
        return [data]


class Moody:
    """Says the same, and remembers otherwise."""

    def __init__(self) -> None:
        self.times = 0

    def feed(self, data: bytes) -> list[int]:
        self.times += 1
        return list(data)


@pytest.mark.parametrize(
    ("parser", "why"), [(Hoarder, "it hoards"), (Hasty, "it is something else"), (Moody, "it will be something else")]
)
def test_a_parser_that_hoards_or_minds_where_bytes_are_cut_is_found(parser: type, why: str) -> None:
    target = Target(
        examine=lambda data: heard(parser, data, at_most=10), watched=[HERE], seeds=[b"1234"], tokens=[b"56789"]
    )
    with pytest.raises(Found) as found:
        fuzz(target, runs=1000, seconds=60, seed=1)
    assert why in str(found.value.__cause__)


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench.fuzz", *arguments],
        capture_output=True, text=True, check=False, timeout=100, cwd=Path(__file__).parents[1],
    )  # fmt: skip


def test_it_is_a_program_for_as_long_as_one_likes() -> None:
    done = program("--runs", "3", "token", "pad-line")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(" inputs in ")[0] for line in done.stdout.splitlines()] == ["token: 3", "pad-line: 3"]


def test_a_target_that_is_none_is_told_with_those_that_are() -> None:
    done = program("fax")
    assert done.returncode == 2
    assert "fax: the targets are id-card, simulated-id-card, printer" in done.stderr
