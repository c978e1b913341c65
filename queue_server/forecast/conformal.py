"""Ranges that are right nine times in ten, whatever made the prediction.

Split conformal prediction: how far the truth lay outside earlier raw ranges says by how much to move their ends,
each end on its own (Y. Romano, E. Patterson, E. Candès, "Conformalized quantile regression", 2019). Tickets with
a similar predicted wait, and of the same class, are compared with each other where there are enough of them.

Tickets of one day err together, and how strongly differs from hall to hall. So each day is left out in turn and judged
by the others: if that covers what is aimed at, nothing is added; if not, or with too few days to see it, a day counts
as one observation and a little more than 90 % is aimed at, α D ÷ (D + 1) for D days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from queue_server.forecast.arrays import Floats, Ints

MISS = 0.10
DAYS = 10
SEEN = 5
"""Days that must be there to see whether they err together."""
ENOUGH = 150
BANDS, BAND = 8, 300
"""At most so many bands of predicted wait, each with at least so many tickets."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Predicted waits in minutes (n): the 5 %, 50 % and 95 % points. NaN: unknown."""

    low: Floats
    mid: Floats
    high: Floats

    def __getitem__(self, rows: object) -> Spread:
        return Spread(low=self.low[rows], mid=self.mid[rows], high=self.high[rows])  # type: ignore[call-overload]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How far to move both ends: by class (−1: any) and band of predicted wait."""

    bands: Floats
    shift: dict[tuple[int, int], tuple[float, float]]

    def apply(self, raw: Spread, klass: Ints) -> Spread:
        """The calibrated ranges; ends are never negative and always around the middle."""
        band = np.searchsorted(self.bands, raw.mid, "right")
        down, up = np.empty(len(klass)), np.empty(len(klass))
        for group in np.unique(klass):
            for place in np.unique(band):
                rows = (klass == group) & (band == place)
                down[rows], up[rows] = self.shift.get((int(group), int(place)), self.shift[-1, int(place)])
        low = np.maximum(0.0, raw.low - down)
        return Spread(low=np.minimum(low, raw.mid), mid=raw.mid, high=np.maximum(raw.high + up, raw.mid))


def calibrate(raw: Spread, wait: Floats, klass: Ints, day: Ints) -> Calibration | None:
    """What earlier predictions and the waits that followed (n) teach; None: too little to say anything.

    Args:
        raw: predictions made without knowing these waits, `klass` and `day`: index of each ticket's.
    """
    known = np.isfinite(raw.mid) & np.isfinite(wait)
    raw, wait, klass, day = raw[known], wait[known], klass[known], day[known]
    if len(wait) < ENOUGH:
        return None
    days = len(np.unique(day))
    plain = days >= SEEN and _covered_by_others(raw, wait, klass, day) >= 1 - MISS
    return _calibrate(raw, wait, klass, MISS if plain else MISS * days / (days + 1))


def _covered_by_others(raw: Spread, wait: Floats, klass: Ints, day: Ints) -> float:
    """The share of the waits that lie in ranges made from the other days without caution."""
    inside = np.zeros(len(wait), bool)
    for one in np.unique(day):
        here = day == one
        said = _calibrate(raw[~here], wait[~here], klass[~here], MISS).apply(raw[here], klass[here])
        inside[here] = (said.low <= wait[here]) & (wait[here] <= said.high)
    return float(inside.mean())


def _calibrate(raw: Spread, wait: Floats, klass: Ints, miss: float) -> Calibration:
    """Ends moved so that each is missed by half of `miss` among these."""
    bands = _bands(raw.mid, min(BANDS, len(wait) // BAND))
    band = np.searchsorted(bands, raw.mid, "right")
    shift: dict[tuple[int, int], tuple[float, float]] = {}
    for place in range(len(bands) + 1):
        here = band == place
        for group in (-1, *np.unique(klass)):
            rows = here if group == -1 else here & (klass == group)
            if group == -1 or rows.sum() >= ENOUGH:
                shift[int(group), place] = (
                    _upper(raw.low[rows] - wait[rows], miss / 2),
                    _upper(wait[rows] - raw.high[rows], miss / 2),
                )
    return Calibration(bands=bands, shift=shift)


def _bands(mid: Floats, wanted: int) -> Floats:
    """Inner borders of bands with about equally many tickets; equal predictions share a band."""
    return np.unique(np.quantile(mid, np.linspace(0, 1, wanted + 1)[1:-1])) if wanted > 1 else np.empty(0)


def _upper(excess: Floats, miss: float) -> float:
    """The value that a further one exceeds with probability at most `miss`: the ⌈(n + 1)(1 − miss)⌉-th smallest."""
    rank = int(np.ceil((len(excess) + 1) * (1 - miss)))
    return float(np.sort(excess)[min(rank, len(excess)) - 1]) if len(excess) else 0.0
