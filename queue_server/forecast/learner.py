"""Waits learned from a log that knows only when tickets were issued and called.

First two simple rules: position × the line's pace, as minutes between calls and as minutes waited a place, today's pace
pulled towards that of earlier days. Then boosted trees learn by what factor each is wrong, from everything that was
seen (`rows`), and the two are averaged. With too few tickets to learn from, the
simple rules stand alone; a line that nothing is known of is unknown.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from queue_server.forecast import boost
from queue_server.forecast.arrays import Flags, Floats
from queue_server.forecast.log import Log
from queue_server.forecast.rows import Past, Rows

ENOUGH = 500
"""Tickets with a known wait before trees are grown."""
SMOOTH = 5.0
"""Minutes added before the factor is taken: nobody cares whether no wait is a tenth of a minute."""
MEAN_GAP, MEAN_SHARE = 1, 4  # columns of `Past.columns`
PRIOR_GAPS, PRIOR_PLACES = 15.0, 100.0
"""How much of today weighs as much as all earlier days; found on the days held out, and flat around them."""


def learn(
    log: Log, rows: Rows, past: Past, days: Flags, growth: boost.Growth | None = None
) -> Callable[[Flags], Floats]:
    """Learn from the marked `days` (d); what comes back gives the median wait in minutes of marked tickets (n).

    NaN: unknown. Only tickets of later days may be asked for.
    """
    earlier = past.columns(log, rows.ahead, days)
    old = days[log.day]
    simple = [
        _by_pace(rows.ahead, rows.gap, rows.gaps, earlier[:, MEAN_GAP], PRIOR_GAPS, old),
        _by_pace(rows.ahead, rows.wait, rows.places, earlier[:, MEAN_SHARE], PRIOR_PLACES, old),
    ]
    learned = old & np.isfinite(log.wait)
    if learned.sum() < ENOUGH:
        fallback = np.where(np.isfinite(simple[0]), simple[0], rows.last_wait)
        return lambda asked: fallback[asked]
    simple = [np.where(np.isfinite(rule), rule, np.nanmedian(rule[learned])) for rule in simple]
    columns = np.column_stack([rows.columns, earlier, *simple])
    factors = [np.log((log.wait[learned] + SMOOTH) / (rule[learned] + SMOOTH)) for rule in simple]
    growth = growth or boost.Growth(trees=int(np.clip(40 + learned.sum() / 100, 40, 200)))
    trees = [boost.fit(columns[learned], factor, growth) for factor in factors]

    def predict(asked: Flags) -> Floats:
        waits = [
            (rule[asked] + SMOOTH) * np.exp(grown.predict(columns[asked])) - SMOOTH
            for rule, grown in zip(simple, trees, strict=True)
        ]
        middle: Floats = np.maximum(0.0, np.mean(waits, axis=0))
        return middle

    return predict


def _by_pace(ahead: Floats, total: Floats, count: Floats, usual: Floats, weight: float, old: Flags) -> Floats:
    """Position × minutes a place: today's `total` ÷ `count`, pulled towards what is `usual` for the line; a line
    without earlier days is taken for an average one."""
    known = old & np.isfinite(usual)
    usual = np.where(np.isfinite(usual), usual, np.median(usual[known]) if known.any() else np.nan)
    prior = np.where(np.isfinite(usual), weight, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        pace = (total + prior * np.nan_to_num(usual)) / (count + prior)
    return np.asarray((ahead + 1) * pace)
