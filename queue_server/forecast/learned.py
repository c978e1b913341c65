"""What a hall has learned from its own past days, and what a new hall starts from.

`observe` reads one day's facts; `learn` puts days together. A hall without days starts from its configured minutes
and says that nothing has been measured (`days` 0).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from queue_server.domain import events as e
from queue_server.domain.calendar import instant
from queue_server.domain.configuration import APPOINTMENT, Configuration
from queue_server.domain.promise import MINUTE
from queue_server.forecast.arrays import Floats
from queue_server.forecast.durations import Durations, empirical, exponential, lognormal

BINS = 96
"""Quarters of an hour in a day."""
PRIOR = 20.0
"""Configured minutes weigh as much as so many measured tickets."""
SPEED_PRIOR = 12.0
"""A window's own speed is believed by half after so many tickets (of a spread of about 0.7 against 0.2 among staff)."""
DAYS = 60
LONGEST_GAP = 5.0
"""Minutes between a finish and the next call that still are the window's turnaround, not a pause nobody recorded."""
LONGEST_CYCLE = 180.0
"""Minutes: whoever had a ticket for longer forgot to finish it."""
NO_SHOW, NO_SHOW_PRIOR, NO_SHOW_MINUTES = 0.05, 40.0, 1.5

Cycle: TypeAlias = tuple[str, str, float]
"""(queue, window, minutes from call to ready for the next)."""


@dataclass(frozen=True, kw_only=True)
class Day:
    """What one day taught. `arrivals`: (queue, class) -> tickets issued in each quarter of an hour (96)."""

    day: str
    cycles: tuple[Cycle, ...] = ()
    absences: tuple[Cycle, ...] = ()
    arrivals: Mapping[tuple[str, str], Floats] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What predictions start from. `days`: how many days it was learned from; 0: from the configuration alone.

    `arrivals`: (queue, class) -> walk-ins expected in each quarter of an hour of a day (96).
    """

    queues: tuple[str, ...]
    durations: Durations
    arrivals: Mapping[tuple[str, str], Floats]
    days: int = 0
    shape: float = 50.0


def observe(facts: Iterable[e.Event], configuration: Configuration) -> list[Day]:
    """The days in a stream of facts, in their order. A day that is not finished counts as far as it went."""
    days: list[Day] = []
    watch: _Watch | None = None
    for fact in facts:
        if isinstance(fact, e.DayOpened):
            if watch is not None:
                days.append(watch.day())
            watch = _Watch(fact.day, instant(configuration.timezone, fact.day, "00:00"))
        elif watch is not None:
            watch.see(fact)
    if watch is not None:
        days.append(watch.day())
    return days


class _Watch:
    """Follows one day's facts and times every call to the moment its window was ready for the next."""

    def __init__(self, day: str, midnight: e.Instant) -> None:
        self._name, self._midnight = day, midnight
        self._queue: dict[str, str] = {}
        self._called: dict[str, tuple[str, e.Instant]] = {}  # window -> ticket at it, when called
        self._ended: dict[str, tuple[str, float, bool, e.Instant]] = {}  # window -> queue, minutes, absent, when ended
        self._cycles: list[Cycle] = []
        self._absences: list[Cycle] = []
        self._arrivals: dict[tuple[str, str], Floats] = defaultdict(lambda: np.zeros(BINS))

    def see(self, fact: e.Event) -> None:
        match fact:
            case e.TicketIssued():
                self._queue[fact.ticket] = fact.queue
                quarter = int((fact.at - self._midnight) / MINUTE // 15)
                if 0 <= quarter < BINS and fact.slot is None:
                    self._arrivals[fact.queue, fact.klass][quarter] += 1
            case e.TicketCalled():
                self._settle(fact.window, fact.at)
                self._called[fact.window] = fact.ticket, fact.at
            case e.TicketFinished() | e.TicketParked() | e.TicketTransferred():
                self._end(fact.window, fact.ticket, fact.at, absent=False)
                if isinstance(fact, e.TicketTransferred):
                    self._queue[fact.ticket] = fact.queue
            case e.TicketNoShow():
                self._end(fact.window, fact.ticket, fact.at, absent=True)
            case e.WindowPaused() | e.WindowClosed():
                self._settle(fact.window, None)
            case _:
                pass

    def _end(self, window: str, ticket: str, at: e.Instant, *, absent: bool) -> None:
        called = self._called.pop(window, None)
        queue = self._queue.get(ticket)
        if called is not None and called[0] == ticket and queue is not None:
            self._ended[window] = queue, (at - called[1]) / MINUTE, absent, at

    def _settle(self, window: str, next_call: e.Instant | None) -> None:
        ended = self._ended.pop(window, None)
        if ended is None:
            return
        queue, minutes, absent, at = ended
        gap = (next_call - at) / MINUTE if next_call is not None else 0.0
        whole = minutes + (gap if gap <= LONGEST_GAP else 0.0)
        if whole <= LONGEST_CYCLE:
            (self._absences if absent else self._cycles).append((queue, window, whole))

    def day(self) -> Day:
        for window in list(self._ended):
            self._settle(window, None)
        return Day(
            day=self._name, cycles=tuple(self._cycles), absences=tuple(self._absences), arrivals=dict(self._arrivals)
        )


def learn(configuration: Configuration, days: Sequence[Day]) -> Learned:
    """Put the last 60 days together with the configured minutes, which fade as measured tickets come."""
    days = days[-DAYS:]
    queues = tuple(queue.code for queue in configuration.queues)
    cycles = {code: [(w, m) for day in days for q, w, m in day.cycles if q == code] for code in queues}
    absences = [(q, m) for day in days for q, _, m in day.absences]
    prior = {queue.code: lognormal(queue.minutes, queue.spread) for queue in configuration.queues}
    speed = _speeds(cycles)
    durations = Durations(
        cycle=np.array(
            [empirical([m / speed.get(w, 1.0) for w, m in cycles[code]], prior[code], PRIOR) for code in queues]
        ),
        no_show=np.array([
            (sum(q == code for q, _ in absences) + NO_SHOW * NO_SHOW_PRIOR)
            / (len(cycles[code]) + sum(q == code for q, _ in absences) + NO_SHOW_PRIOR)
            for code in queues
        ]),
        absent=empirical([m for _, m in absences], exponential(NO_SHOW_MINUTES), PRIOR),
        speed=speed,
    )  # fmt: skip
    return Learned(queues=queues, durations=durations, arrivals=_arrivals(configuration, days), days=len(days))


def _speeds(cycles: Mapping[str, Sequence[tuple[str, float]]]) -> dict[str, float]:
    """Window -> factor on the average cycle, from logarithms, shrunk towards 1 (James–Stein in spirit)."""
    total: dict[str, list[float]] = defaultdict(list)
    for timed in cycles.values():
        logs = [math.log(max(minutes, 0.05)) for _, minutes in timed]
        if len(logs) > PRIOR:
            middle = float(np.mean(logs))
            for (window, _), log in zip(timed, logs, strict=True):
                total[window].append(log - middle)
    return {w: math.exp(float(np.sum(off)) / (len(off) + SPEED_PRIOR)) for w, off in total.items()}


def _arrivals(configuration: Configuration, days: Sequence[Day]) -> dict[tuple[str, str], Floats]:
    """Walk-ins a day by queue, class and quarter of an hour, smoothed over 45 min; a new hall: the configured visitors,
    evenly over its opening hours, all ordinary."""
    if not days:
        return {
            (queue.code, "ordinary"): _evenly(configuration, queue.visitors_per_day)
            for queue in configuration.queues
            if queue.visitors_per_day
        }
    summed: dict[tuple[str, str], Floats] = {}
    for day in days:
        for stream, counts in day.arrivals.items():
            if stream[1] != APPOINTMENT:
                summed[stream] = summed.get(stream, np.zeros(BINS)) + counts
    return {stream: np.convolve(counts / len(days), np.ones(3) / 3, "same") for stream, counts in summed.items()}


def _evenly(configuration: Configuration, visitors: float) -> Floats:
    quarters = np.zeros(BINS)
    for period in configuration.hours.periods:
        begin, end = (
            int(h) * 4 + int(m) // 15 for h, m in (clock.split(":") for clock in (period.opens, period.closes))
        )
        quarters[begin:end] = 1.0
    return np.asarray(quarters * visitors / max(1.0, quarters.sum()))
