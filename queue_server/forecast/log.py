"""Tickets of past days as columns: what a predictor learns from and is judged on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from queue_server.forecast.arrays import Flags, Floats, Ints

UNKNOWN = -1
"""In a column of indices: not known."""


@dataclass(frozen=True, kw_only=True)
class Log:
    """`n` tickets in order of (day, line, issued, as given). A line is one queue of one hall.

    Times are minutes since midnight of the ticket's own day, local time; NaN: not known (`called`: never called, or
    nobody knows). `number`: which row it was as given.
    """

    lines: tuple[tuple[str, str], ...]
    halls: tuple[str, ...]
    days: tuple[str, ...]
    classes: tuple[str, ...]
    windows: tuple[str, ...]
    hall_of_line: Ints
    row: Ints
    day: Ints
    line: Ints
    issued: Floats
    called: Floats
    started: Floats
    finished: Floats
    open: Floats
    klass: Ints
    window: Ints
    absent: Flags

    def __len__(self) -> int:
        return len(self.row)

    @property
    def wait(self) -> Floats:
        """Minutes from issue to call (n); NaN: not known."""
        return self.called - self.issued

    @property
    def weekday(self) -> Floats:
        """1 Monday … 7 Sunday, for each day."""
        return np.array([date.fromisoformat(day).isoweekday() for day in self.days], float)

    def blocks(self) -> Iterator[slice]:
        """The tickets of one line on one day, one after the other."""
        ends = np.flatnonzero(np.diff(self.line) != 0) + 1
        ends = np.union1d(ends, np.flatnonzero(np.diff(self.day) != 0) + 1)
        for start, stop in zip(np.r_[0, ends], np.r_[ends, len(self)], strict=True):
            yield slice(int(start), int(stop))

    def where(self, kept: Flags) -> Log:
        """Only the tickets that are `kept` (n); the names stay as they are."""
        taken = {f.name: getattr(self, f.name)[kept] for f in fields(self) if f.name in _PER_TICKET}
        rest = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _PER_TICKET}
        return Log(**taken, **rest)


_PER_TICKET = frozenset(
    ("row", "day", "line", "issued", "called", "started", "finished", "open", "klass", "window", "absent")
)
