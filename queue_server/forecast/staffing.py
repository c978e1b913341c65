"""Tomorrow's plan: how many windows each queue needs in each half hour, and how it goes when they are fewer."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from queue_server.forecast.arrays import Floats
from queue_server.forecast.erlang import erlang_c
from queue_server.forecast.learned import BINS, Learned

HALF = 30
"""Minutes."""
LONGEST = 240.0
"""Minutes somebody without a window is taken to wait."""
NOBODY = 1e-6


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Somebody who sits at a window between two minutes of the day, and the queues they can serve (codes)."""

    begins: float
    ends: float
    queues: Collection[str]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One queue in one half hour. `expected`: people who come. `needed`: windows for a mean wait of the target;
    `windows`: planned. `wait`: mean minutes of who comes then; None: there is no window, or nobody to say it for."""

    expected: float
    needed: int
    windows: int
    wait: float | None

    @property
    def short(self) -> int:
        """Windows that are missing."""
        return max(0, self.needed - self.windows)


@dataclass(frozen=True, kw_only=True)
class HalfHour:
    """`begins`: minutes after midnight. `staff`: who is there, each planned for one queue or left over (`spare`)."""

    begins: int
    staff: int
    spare: int
    queues: Mapping[str, Planned]

    @property
    def short(self) -> int:
        """Windows that are missing, all queues together."""
        return sum(queue.short for queue in self.queues.values())


def plan(
    learned: Learned, *, staff: Sequence[Shift], hours: Sequence[tuple[float, float]],
    booked: Mapping[str, Floats] | None = None, target: float = 10.0, level: float = 1.0,
) -> tuple[HalfHour, ...]:  # fmt: skip
    """The windows of a day, half hour by half hour: as many as each queue needs, or where staff do not suffice, the
    next one always where it saves the most people's minutes.

    Args:
        staff: shifts; a lunch break is a gap between two. Who is not there for all of a half hour is not counted.
        hours: opening periods in minutes after midnight.
        booked: queue -> appointments in each quarter of an hour of the day (96), besides the walk-ins.
        target: mean minutes people should wait at most.
        level: tomorrow's volume over that of a usual day.
    """
    coming = _coming(learned, booked or {}, level)
    service = learned.durations.mean()
    backlog = np.zeros(len(learned.queues))
    halves = []
    for begins in _halves(hours):
        there = [shift for shift in staff if shift.begins <= begins and begins + HALF <= shift.ends]
        lines = [
            _Line(backlog=float(backlog[q]), comes=float(coming[q, begins // HALF]), service=float(service[q]))
            for q in range(len(learned.queues))
        ]
        needed = [line.needed(target) for line in lines]
        windows = _shared_out(learned.queues, there, lines, needed)
        halves.append(
            HalfHour(
                begins=begins,
                staff=len(there),
                spare=len(there) - sum(windows),
                queues={
                    code: Planned(expected=line.comes, needed=need, windows=given, wait=line.said(given))
                    for code, line, need, given in zip(learned.queues, lines, needed, windows, strict=True)
                },
            )
        )
        backlog = np.array([line.left(given) for line, given in zip(lines, windows, strict=True)])
    return tuple(halves)


def _coming(learned: Learned, booked: Mapping[str, Floats], level: float) -> Floats:
    """People in each half hour of the day (queues, 48)."""
    quarters = np.zeros((len(learned.queues), BINS))
    for place, code in enumerate(learned.queues):
        for (queue, _), day in learned.arrivals.items():
            quarters[place] += level * day if queue == code else 0.0
        quarters[place] += booked.get(code, 0.0)
    return np.asarray(quarters.reshape(len(learned.queues), BINS // 2, 2).sum(axis=2))


def _halves(hours: Sequence[tuple[float, float]]) -> Iterator[int]:
    for opens, closes in hours:
        yield from range(int(opens) // HALF * HALF, math.ceil(closes / HALF) * HALF, HALF)


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One queue in one half hour: people waiting at its beginning, people who come, minutes a window needs for one."""

    backlog: float
    comes: float
    service: float

    def left(self, windows: int) -> float:
        """People who still wait at the end, as a fluid of them would."""
        return max(0.0, self.backlog + self.comes - windows * HALF / self.service)

    def wait(self, windows: int) -> float:
        """Mean minutes of those who come in this half hour; inf: no window.

        Of the fluid, half of what waits at both ends. Of chance what Erlang C says, but within half an hour a line
        grows by no more than its arrivals scatter (the square root of their number), and a long one never runs empty.
        """
        if not windows:
            return math.inf
        load, each = self.comes / HALF * self.service, self.service / windows
        scatter = math.sqrt(2 * self.comes)
        chance = scatter / 2 * scatter / max(NOBODY, scatter + self.left(windows)) * each
        steady = erlang_c(load, windows, self.service).wait if load < windows else math.inf
        return (self.backlog + self.left(windows)) / 2 * each + min(steady, chance)

    def said(self, windows: int) -> float | None:
        return self.wait(windows) if windows and not self.empty else None

    @property
    def empty(self) -> bool:
        return self.comes + self.backlog < NOBODY

    def needed(self, target: float) -> int:
        """Windows for a mean wait of the target that also keep up with who comes; none where nobody is."""
        windows, load = 0, self.comes / HALF * self.service
        while not self.empty and (windows <= load or self.wait(windows) > target):
            windows += 1
        return windows

    def gains(self, windows: int) -> float:
        """Minutes of people's time that one more window saves."""
        now, then = (min(self.wait(n), LONGEST) for n in (windows, windows + 1))
        return (self.backlog + self.comes) * (now - then)


def _shared_out(
    queues: Sequence[str], there: Sequence[Shift], lines: Sequence[_Line], needed: Sequence[int]
) -> list[int]:
    """Windows for each queue, none more than it needs, such that everybody planned can serve theirs."""
    windows = [0] * len(queues)
    serves: list[str | None] = [None] * len(there)
    wanting = {place for place, need in enumerate(needed) if need}
    while wanting:
        most = max(sorted(wanting), key=lambda place: lines[place].gains(windows[place]))
        if _seated(queues[most], there, serves, set()):
            windows[most] += 1
        else:
            wanting.discard(most)  # nobody can, however the others change places; nor will they later
        wanting = {place for place in wanting if windows[place] < needed[place]}
    return windows


def _seated(queue: str, there: Sequence[Shift], serves: list[str | None], asked: set[int]) -> bool:
    """Whether one more can be found for a queue: somebody free, or whose queue somebody else can take over (H. W. Kuhn,
    "The Hungarian method for the assignment problem", 1955)."""
    for person, shift in enumerate(there):
        if person in asked or serves[person] == queue or queue not in shift.queues:
            continue
        asked.add(person)
        before = serves[person]
        if before is None or _seated(before, there, serves, asked):
            serves[person] = queue
            return True
    return False
