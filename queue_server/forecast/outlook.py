"""How people wait in the coming window of time: one plan of the windows, or two beside each other.

Counted is everybody who waits now or comes within the window: minutes from joining the line to the call, or to the
end of the window if they are not called by then. So what came about is known when the window is over (`realised`),
and can be compared with what was said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from queue_server.forecast.arrays import Floats, Ints
from queue_server.forecast.durations import Durations
from queue_server.forecast.simulate import Calls, side_by_side
from queue_server.forecast.snapshot import Desk, Snapshot

WINDOW = 75.0
"""Minutes looked ahead: a window given other queues stays there for about an hour, and morning peaks last as long."""
LONG = 30.0
"""A wait that is complained of, in minutes."""
PACE, VOLUME = 0.12, 16.0
"""What is not known of today: the deviation of a queue's service times as a factor, and the shape of the gamma
distribution of its visitors at most."""


@dataclass(frozen=True, kw_only=True)
class Likely:
    """A figure that is expected, and what it will be between nine times in ten."""

    expected: float
    low: float
    high: float

    @classmethod
    def of(cls, runs: Floats) -> Likely:
        """From simulated figures (R), NaN where a run has none."""
        seen = runs[np.isfinite(runs)]
        if not len(seen):
            return cls(expected=0.0, low=0.0, high=0.0)
        low, high = np.quantile(seen, [0.05, 0.95])
        return cls(expected=float(seen.mean()), low=float(low), high=float(high))


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """Minutes people wait: on average, the longest of nine in ten; and the share (0 … 1) who wait over 30."""

    mean: Likely
    p90: Likely
    long: Likely


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Waits as things are, and as they would be; `saved`: before less after, of the same people with the same luck
    (its range is narrower than the difference of the two ranges)."""

    before: Outlook
    after: Outlook
    saved: Outlook


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of each run (R): mean wait, P90, share over 30 minutes; NaN where it has nobody."""

    mean: Floats
    p90: Floats
    long: Floats


def waits(hall: Snapshot, calls: Calls, window: float = WINDOW) -> tuple[Floats, Ints]:
    """(waits (R, people) in minutes, NaN: not counted in this run; the queue of each (people))."""
    joined = np.array([ticket.joined for ticket in hall.waiting])
    there = np.minimum(calls.waiting, window) - joined
    came = np.where(calls.came < window, np.minimum(calls.came_called, window) - calls.came, np.nan)
    queues = np.array([*(ticket.queue for ticket in hall.waiting), *calls.came_queue.tolist()], np.intp)
    return np.concatenate([there, came], axis=1), queues


def figures(waited: Floats) -> Figures:
    """What waits (R, people) come to; NaN where a run has nobody."""
    counted = np.isfinite(waited)
    number = counted.sum(axis=1)
    some = np.where(number > 0, number, np.nan)
    ordered = np.sort(waited, axis=1)  # NaN last
    place = np.maximum(0, np.ceil(0.9 * number).astype(int) - 1)
    p90 = ordered[np.arange(len(waited)), place] if waited.shape[1] else np.full(len(waited), np.nan)
    return Figures(
        mean=np.where(counted, waited, 0.0).sum(axis=1) / some, p90=p90, long=(waited > LONG).sum(axis=1) / some
    )


def outlook(of: Figures) -> Outlook:
    return Outlook(mean=Likely.of(of.mean), p90=Likely.of(of.p90), long=Likely.of(of.long))


def effect(before: Floats, after: Floats) -> Effect:
    """From the waits (R, people) of two plans lived through side by side."""
    old, new = figures(before), figures(after)
    saved = Figures(mean=old.mean - new.mean, p90=old.p90 - new.p90, long=old.long - new.long)
    return Effect(before=outlook(old), after=outlook(new), saved=outlook(saved))


def compare(
    start: Snapshot, before: Sequence[Desk], after: Sequence[Desk], durations: Durations, *, runs: int, seed: int
) -> tuple[tuple[Calls, Calls], tuple[Floats, Floats], Ints]:
    """Two plans of the same windows side by side: their calls, their waits (R, people), the queue of each (people).

    What was learned is not believed to the letter: each run draws how busy each queue's day is and how fast it is
    served, so a range holds what is not known as well as chance.
    """
    coming = tuple(replace(stream, shape=min(stream.shape, VOLUME)) for stream in start.coming)
    calls = side_by_side(
        replace(start, coming=coming), [before, after], durations, runs=runs, seed=seed, horizon=WINDOW, pace=PACE
    )
    (old, queue), (new, _) = (waits(start, of) for of in calls)
    return (calls[0], calls[1]), (old, new), queue
