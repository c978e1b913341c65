"""The log of an old system as a hall's learning history, until its own journal has days enough."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from queue_server.domain.configuration import ORDINARY, Configuration
from queue_server.forecast.arrays import Floats
from queue_server.forecast.learned import BINS, LONGEST_CYCLE, LONGEST_GAP, Cycle, Day
from queue_server.forecast.log import UNKNOWN, Log


@dataclass(frozen=True, kw_only=True)
class Imported:
    """Days to learn from, and the names in the log that this hall does not know (nothing is learned from those)."""

    days: tuple[Day, ...]
    unknown_queues: tuple[str, ...]
    unknown_classes: tuple[str, ...]


def import_log(log: Log, configuration: Configuration, hall: str | None = None) -> Imported:
    """Read a log for one hall. Queues and classes are known by code or by name; the hall's part is `hall`'s rows.

    Durations are learned only where the log tells them: call to finish, and on to the window's next call where that
    followed at once. A log without finishes teaches when people come, and nothing about how long they take.
    """
    queues = {name: queue.code for queue in configuration.queues for name in (queue.code, queue.name.zh, queue.name.en)}
    classes = {k.name.zh: k.code for k in configuration.classes} | {k.code: k.code for k in configuration.classes}
    ours = [place for place, (name, _) in enumerate(log.lines) if hall is None or name == hall]
    days = tuple(_day(log, day, ours, queues, classes) for day in range(len(log.days)))
    return Imported(
        days=tuple(day for day in days if day.arrivals),
        unknown_queues=tuple(sorted({log.lines[place][1] for place in ours} - set(queues))),
        unknown_classes=tuple(sorted(set(log.classes) - set(classes))),
    )


def _day(log: Log, day: int, ours: list[int], queues: dict[str, str], classes: dict[str, str]) -> Day:
    arrivals: dict[tuple[str, str], Floats] = defaultdict(lambda: np.zeros(BINS))
    cycles: list[Cycle] = []
    absences: list[Cycle] = []
    rows = [int(row) for row in np.flatnonzero((log.day == day) & np.isin(log.line, ours))]
    ready = _ready(log, rows)
    for row in rows:
        queue = queues.get(log.lines[log.line[row]][1])
        if queue is None:
            continue
        name = log.classes[log.klass[row]] if log.klass[row] != UNKNOWN else ORDINARY
        klass = classes.get(name, ORDINARY)
        arrivals[queue, klass][min(BINS - 1, int(log.issued[row] // 15))] += 1
        if row in ready and ready[row] - log.called[row] <= LONGEST_CYCLE:
            window = log.windows[log.window[row]].rpartition(" ")[2] if log.window[row] != UNKNOWN else ""
            (absences if log.absent[row] else cycles).append((queue, window, ready[row] - float(log.called[row])))
    return Day(day=log.days[day], cycles=tuple(cycles), absences=tuple(absences), arrivals=dict(arrivals))


def _ready(log: Log, rows: list[int]) -> dict[int, float]:
    """When the window of each finished ticket was ready for the next (minutes of the day)."""
    ready: dict[int, float] = {}
    previous: dict[int, int] = {}
    for row in sorted(rows, key=lambda row: float(np.nan_to_num(log.called[row], nan=np.inf))):
        window = int(log.window[row])
        before = previous.get(window)
        if window != UNKNOWN and before is not None and before in ready:
            gap = float(log.called[row]) - ready[before]
            if 0 <= gap <= LONGEST_GAP:
                ready[before] = float(log.called[row])
        if np.isfinite(log.finished[row]) and np.isfinite(log.called[row]):
            ready[row] = float(log.finished[row])
            previous[window] = row
    return ready
