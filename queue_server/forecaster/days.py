"""A past day as it is kept in a file: what it taught, and what was said on it and came about.

Derived from a journal or a log, so such a file can always be made again; it is checked when it is read. It holds
numbers of queues, windows and minutes, nothing about anybody.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from queue_server.forecast.arrays import Floats
from queue_server.forecast.conformal import Spread
from queue_server.forecast.learned import BINS, Cycle, Day
from queue_server.forecast.rehearse import Rehearsed

Kept = TypeVar("Kept", bound=msgspec.Struct)
Number = float | None
"""Null: not known."""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """Tickets issued in one queue and class, in each quarter of an hour (96)."""

    queue: str
    klass: str = msgspec.field(name="class")
    issued: list[float]

    def __post_init__(self) -> None:
        if len(self.issued) != BINS:
            raise ValueError(f"{len(self.issued)} quarters of an hour instead of {BINS}")


class Taught(msgspec.Struct, frozen=True, kw_only=True):
    """What one day taught. `cycles`, `absences`: (queue, window, minutes)."""

    day: str
    cycles: list[Cycle]
    absences: list[Cycle]
    arrivals: list[Stream]

    @classmethod
    def of(cls, day: Day) -> Taught:
        return cls(
            day=day.day,
            cycles=[(queue, window, round(minutes, 3)) for queue, window, minutes in day.cycles],
            absences=[(queue, window, round(minutes, 3)) for queue, window, minutes in day.absences],
            arrivals=[Stream(queue=q, klass=k, issued=counts.tolist()) for (q, k), counts in day.arrivals.items()],
        )

    def read(self) -> Day:
        return Day(
            day=self.day,
            cycles=tuple(self.cycles),
            absences=tuple(self.absences),
            arrivals={(stream.queue, stream.klass): np.array(stream.issued) for stream in self.arrivals},
        )


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What would have been said of some tickets of a day (n), and their waits in minutes."""

    low: list[Number]
    mid: list[Number]
    high: list[Number]
    wait: list[Number]
    klass: list[int] = msgspec.field(name="class")

    def __post_init__(self) -> None:
        if len({len(column) for column in (self.low, self.mid, self.high, self.wait, self.klass)}) != 1:
            raise ValueError("columns of different lengths")

    @classmethod
    def of(cls, day: Rehearsed) -> Told:
        low, mid, high, wait = (_numbers(column) for column in (day.said.low, day.said.mid, day.said.high, day.wait))
        return cls(low=low, mid=mid, high=high, wait=wait, klass=day.klass.tolist())

    def read(self, day: str) -> Rehearsed:
        low, mid, high, wait = (np.array(column, float) for column in (self.low, self.mid, self.high, self.wait))
        klass = np.array(self.klass, np.intp)
        return Rehearsed(day=day, said=Spread(low=low, mid=mid, high=high), wait=wait, klass=klass)


def _numbers(column: Floats) -> list[Number]:
    return [round(value, 3) if math.isfinite(value) else None for value in column.tolist()]


def read(path: Path, kind: type[Kept]) -> Kept:
    """A file of one of these kinds.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not what was written there; the text says what is wrong.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error


def write(path: Path, content: Any) -> None:
    """Replace a file whole, or leave it as it was.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    with new.open("wb") as file:
        file.write(msgspec.json.encode(content) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
