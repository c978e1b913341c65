"""Coverage-guided fuzzing of every parser of a device's bytes: `python -m bench.fuzz --seconds 60 [TARGET]…`.

An input that makes the code take a step (from one line to the next) that no input took before is kept and changed
further. It fails, showing the input, if anything raises. Each module here holds what must hold for any bytes on one
kind of wire: nothing is raised, the same bytes cut anywhere give the same, and no more is held than one message. The
simulated devices are tried as well: they parse what our drivers say.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType, ModuleType
from typing import Any, TypeAlias

Step: TypeAlias = tuple[str, int, int]  # file, line, the line after it


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is fuzzed. `examine` raises if something does not hold for these bytes."""

    examine: Callable[[bytes], object]
    watched: Sequence[ModuleType]
    """Whose steps count …"""
    unwatched: frozenset[str] = frozenset()
    """… but not those of these functions, which go the same way for any bytes: check sums."""
    seeds: Sequence[bytes]
    """Sound inputs to begin with."""
    tokens: Sequence[bytes]
    """What matters to this parser."""
    mended: Callable[[bytes], bytes] = bytes
    """Makes check sums right, so that what lies behind them is reached."""
    unit: int = 1
    """Records of so many bytes are mostly changed as wholes."""
    longest: int = 1500


@dataclass(frozen=True, kw_only=True)
class Done:
    """`seconds` of the processor; `steps` known at the start and at the end; how many inputs were kept."""

    runs: int
    seconds: float
    steps: tuple[int, int]
    kept: int


class Found(Exception):
    """An input for which something does not hold; the cause says what."""

    def __init__(self, data: bytes, runs: int) -> None:
        super().__init__(f"after {runs} inputs, this one fails: {data.hex()}")
        self.data = data


def fuzz(target: Target, *, runs: int, seconds: float, seed: int) -> Done:
    """Try `runs` inputs or work for so many seconds, whichever ends first. Found if one fails."""
    chance = random.Random(seed)
    began, done = time.process_time(), 0
    corpus: list[bytes] = []
    known: set[Step] = set()

    def attempt(data: bytes) -> bool:
        """Whether it took a new step."""
        try:
            steps = _steps(target, data)
        except Exception as error:
            raise Found(data, done) from error
        new = not steps <= known
        known.update(steps)
        return new

    for data in target.seeds:
        attempt(data)
    corpus.extend(target.seeds)
    first = len(known)
    while done < runs and time.process_time() - began < seconds:
        data = _changed(target, corpus, chance)
        if attempt(data):
            corpus.append(data)
        done += 1
    return Done(runs=done, seconds=time.process_time() - began, steps=(first, len(known)), kept=len(corpus))


@contextmanager
def unwatched() -> Iterator[None]:
    """What is done here takes no steps, and a tenth of the time."""
    before = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(before)


def _steps(target: Target, data: bytes) -> set[Step]:
    """The steps from line to line that the watched code takes."""
    taken: set[Step] = set()
    files = {module.__file__ for module in target.watched}

    def enter(entered: FrameType, _event: str, _argument: Any) -> Callable[..., Any] | None:
        file = entered.f_code.co_filename
        if file not in files or entered.f_code.co_name in target.unwatched:
            return None
        last = 0

        def step(stepped: FrameType, event: str, _argument: Any) -> Callable[..., Any]:
            nonlocal last
            if event == "line":
                taken.add((file, last, stepped.f_lineno))
                last = stepped.f_lineno
            return step

        return step

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        target.examine(data)
    finally:
        sys.settrace(before)
    return taken


def _changed(target: Target, corpus: Sequence[bytes], chance: random.Random) -> bytes:
    data = bytearray(chance.choice(corpus))
    for _ in range(chance.randint(1, 6)):
        anywhere = chance.randint(0, len(data))
        at = anywhere - anywhere % target.unit
        match chance.randrange(6):
            case 0:
                data[anywhere : anywhere + chance.randint(0, 1)] = chance.randbytes(1)
            case 1:
                data[at:at] = chance.choice(target.tokens)
            case 2:
                del data[at : at + target.unit * chance.choice([1, 1, chance.randint(1, 40)])]
            case 3:
                data[at:at] = data[at : at + chance.choice([target.unit, 4 * target.unit, 300])]
            case 4:
                data[at:] = chance.choice(corpus)[at:]
            case _:
                token = chance.choice(target.tokens)
                data[at : at + len(token)] = token
    short = bytes(data[: target.longest])
    return target.mended(short) if chance.random() < 0.5 else short
