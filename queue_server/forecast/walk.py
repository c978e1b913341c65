"""Judging predictors on a log: day after day, each knowing only what was known then.

A ticket is predicted at its issue from what was seen before that instant. Before each day everything is learned anew
from the days before it; ranges are calibrated on the last days, every one of them predicted before it was known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from queue_server.forecast.arrays import Flags, Floats
from queue_server.forecast.conformal import DAYS, Spread, calibrate
from queue_server.forecast.learner import learn
from queue_server.forecast.log import Log
from queue_server.forecast.rows import Past, Rows, describe, remember

OURS, POSITION, LAST, TEN = "ours", "position × average ÷ windows", "last to enter service", "mean of last 10"
REHEARSALS = 4
"""Learning days that are predicted too, from the days before them, so that ranges are calibrated from the start."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a predictor said (rows of the whole log; NaN: nothing) about the tickets of the `tested` days."""

    name: str
    said: Spread


Predict = Callable[[int], Spread]
"""What is said of the tickets of one day (rows of that day, in order), learned from the days before."""


def walk(log: Log, first: int) -> Iterator[Judged]:
    """Each predictor in turn, on all days from `first` (an index of `log.days`) on."""
    rows = describe(log)
    past = remember(log, rows.ahead)
    for name, predict in predictors(log, rows, past).items():
        yield Judged(name=name, said=judge(log, predict, first))


def predictors(log: Log, rows: Rows, past: Past) -> dict[str, Predict]:
    """Ours, and the three rules that halls use today. A rule that has nothing to go by says 0: no wait seen yet."""

    def before(day: int) -> Flags:
        return np.arange(len(log.days)) < day

    def rule(values: Floats) -> Predict:
        said: Floats = np.nan_to_num(values)
        return lambda day: at_a_point(said[log.day == day])

    def position(day: int) -> Spread:
        by_line = past.columns(log, rows.ahead, before(day))[:, 0]
        places = (rows.ahead + 1) / np.maximum(np.nan_to_num(log.open, nan=1.0), 1.0)
        known = np.isfinite(by_line) & (log.day < day)
        overall = np.median(by_line[known] / places[known]) if known.any() else 0.0
        said: Floats = np.nan_to_num(np.where(np.isfinite(by_line), by_line, overall * places))
        return at_a_point(said[log.day == day])

    def ours(day: int) -> Spread:
        return at_a_point(learn(log, rows, past, before(day))(log.day == day))

    return {OURS: ours, POSITION: position, LAST: rule(rows.last_wait), TEN: rule(rows.mean_of_last)}


def at_a_point(mid: Floats) -> Spread:
    """A prediction without a range of its own."""
    return Spread(low=mid, mid=mid, high=mid)


def judge(log: Log, predict: Predict, first: int, *, rehearsals: int = REHEARSALS) -> Spread:
    """Medians and calibrated 90 % ranges for every ticket of the days from `first` on (rows of the whole log)."""
    empty = np.full(len(log), np.nan)
    raw = Spread(low=empty.copy(), mid=empty.copy(), high=empty.copy())
    said = Spread(low=empty.copy(), mid=empty.copy(), high=empty.copy())
    for day in range(max(1, first - rehearsals), len(log.days)):
        today = log.day == day
        spoken = predict(day)
        raw.low[today], raw.mid[today], raw.high[today] = spoken.low, spoken.mid, spoken.high
        if day < first:
            continue
        said.mid[today] = raw.mid[today]
        recent = (log.day < day) & (log.day >= day - DAYS)
        calibration = calibrate(raw[recent], log.wait[recent], log.klass[recent], log.day[recent])
        if calibration is not None:
            ranges = calibration.apply(raw[today], log.klass[today])
            said.low[today], said.high[today] = ranges.low, ranges.high
    return said


@dataclass(frozen=True, kw_only=True)
class Score:
    """How good: mean absolute error and mean width in minutes, shares of the tickets answered; NaN: nothing to judge.

    `ranged`: the share of answers that came with a range. `coverage` and `width` are of those.
    """

    tickets: int
    answered: float
    mae: float
    within_5: float
    ranged: float
    coverage: float
    width: float


def score(said: Spread, wait: Floats, among: Flags) -> Score:
    """The score of predictions among the marked tickets whose wait is known."""
    judged = among & np.isfinite(wait)
    answered = judged & np.isfinite(said.mid)
    ranged = answered & np.isfinite(said.high)
    error = np.abs(said.mid - wait)
    inside = (said.low - 1e-9 <= wait) & (wait <= said.high + 1e-9)
    return Score(
        tickets=int(judged.sum()), answered=_mean(answered[judged]), mae=_mean(error[answered]),
        within_5=_mean(error[answered] <= 5), ranged=_mean(ranged[answered]), coverage=_mean(inside[ranged]),
        width=_mean((said.high - said.low)[ranged]),
    )  # fmt: skip


def _mean(values: Floats | Flags) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
