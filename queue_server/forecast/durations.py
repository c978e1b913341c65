"""How long windows are busy with a ticket, as quantile tables that can be drawn from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

from queue_server.forecast.arrays import Floats

POINTS = 256
LEVELS = (np.arange(POINTS) + 0.5) / POINTS


@dataclass(frozen=True, kw_only=True)
class Durations:
    """Minutes from a call until the window is ready for the next.

    `cycle` (queues, 256): quantiles for residents who came; `absent` (256): for those who did not, `no_show` (queues)
    the share of them. `speed`: window -> factor on its cycles (1: average; a window that is not named is average).
    """

    cycle: Floats
    no_show: Floats
    absent: Floats
    speed: Mapping[str, float] = field(default_factory=dict)

    def mean(self) -> Floats:
        """Mean minutes a ticket takes a window, no-shows included (queues)."""
        mean: Floats = (1 - self.no_show) * self.cycle.mean(axis=1) + self.no_show * self.absent.mean()
        return mean


def lognormal(mean: float, spread: float) -> Floats:
    """Quantiles (256) of a lognormal duration with this mean and coefficient of variation, scaled to have that mean."""
    sigma = math.sqrt(math.log(1 + spread**2))
    normal = NormalDist()
    table = np.exp([sigma * normal.inv_cdf(level) for level in LEVELS])
    return np.asarray(table * (mean / table.mean()))


def exponential(mean: float) -> Floats:
    """Quantiles (256) of an exponential duration, scaled to have that mean."""
    table = -np.log1p(-LEVELS)
    return np.asarray(table * (mean / table.mean()))


def empirical(sample: Sequence[float] | Floats, prior: Floats, weight: float = 20.0) -> Floats:
    """Quantiles (256) of what was seen, mixed with a prior table that counts as `weight` observations."""
    seen = np.asarray(sample, float)
    values = np.concatenate([seen, prior])
    mass = np.concatenate([np.ones(len(seen)), np.full(POINTS, weight / POINTS)])
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(mass[order]) - mass[order] / 2
    return np.asarray(np.interp(LEVELS, reached / mass.sum(), values[order]))


def draw(table: Floats, level: Floats) -> Floats:
    """The durations of a table (256) at these levels (0 … 1, any shape), interpolated; beyond its ends, its ends."""
    return np.asarray(np.interp(level, LEVELS, table))


def rest(table: Floats, elapsed: float, level: Floats) -> Floats:
    """How much longer a duration that has already taken `elapsed` minutes will take, at these levels (R).

    Beyond the longest ever seen: as a fresh one of half the mean, forgetting its past. Nobody knows better.
    """
    passed = float(np.interp(elapsed, table, LEVELS, left=0.0, right=1.0))
    if passed >= 1 - 2 / POINTS:
        return np.asarray(-np.log1p(-level * 0.999) * table.mean() / 2)
    return np.maximum(0.0, draw(table, passed + (1 - passed) * level) - elapsed)
