"""What was known of each ticket's wait at the moment it was issued: never from a later call, never from a later day.

A column that cannot be known is NaN. Times are minutes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from queue_server.forecast.arrays import Flags, Floats, Ints
from queue_server.forecast.log import Log

AHEAD, LAST_WAIT, LAST_TEN, GAP, GAPS, WAIT, PLACES = range(7)  # columns that simple rules use too
LOOKBACK = (10, 20, 30, 60, 120)
GRID = np.arange(0.0, 1441.0, 15.0)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What was known at each issue (n rows). `columns` (n, k) is for learning; the others are the simple rules'.

    Of today: `gap`, `gaps`: minutes between calls while somebody waited, summed, and how many; `wait`, `places`:
    minutes waited by those called, summed, and the places they had stood behind.
    """

    ahead: Floats
    last_wait: Floats
    mean_of_last: Floats
    gap: Floats
    gaps: Floats
    wait: Floats
    places: Floats
    columns: Floats


def gone(issued: Floats, called: Floats) -> Floats:
    """When each ticket of one line left it, as far as others could see: when it was called, or else when the next one
    behind it was called (it was passed over: voided, or given up). NaN: it never left."""
    later = np.full(len(called) + 1, np.inf)
    later[:-1] = np.minimum.accumulate(np.where(np.isnan(called), np.inf, called)[::-1])[::-1]
    passed = np.where(np.isnan(called), np.maximum(later[1:], issued), called)
    return np.where(np.isfinite(passed), passed, np.nan)


def describe(log: Log) -> Rows:
    """What was known when each ticket was issued: everything before that instant, and the tickets issued before it."""
    left = np.concatenate([np.empty(0), *(gone(log.issued[block], log.called[block]) for block in log.blocks())])
    parts = [_line_columns(log, left, block) for block in log.blocks()]
    line = np.concatenate(parts)
    return Rows(
        ahead=line[:, AHEAD], last_wait=line[:, LAST_WAIT], mean_of_last=line[:, LAST_TEN],
        gap=line[:, GAP], gaps=line[:, GAPS], wait=line[:, WAIT], places=line[:, PLACES],
        columns=np.column_stack([line, _hall_columns(log, left)]),
    )  # fmt: skip


def _line_columns(log: Log, left: Floats, block: slice) -> Floats:
    """How the line itself goes today (tickets of the block, 43)."""
    issued, windows = log.issued[block], log.open[block]
    order = np.argsort(left[block], kind="stable")
    order = order[np.isfinite(left[block][order])]
    calls, wait = left[block][order], (left[block] - issued)[order]
    index = np.arange(len(issued))
    done = np.searchsorted(calls, issued, "left")
    ahead = (index - done).astype(float)
    busy = np.r_[False, issued[order[1:]] < calls[:-1]] if len(order) else np.empty(0, bool)
    gap = np.r_[0.0, np.diff(calls)] * busy if len(order) else np.empty(0)
    busy_sum, gap_sum = _sums(busy.astype(float)), _sums(gap)
    wait_sum, place_sum = _sums(wait), _sums((ahead + 1)[order])
    last_wait = _at(wait, done - 1)
    since = issued - _at(calls, done - 1)
    head = np.where(ahead > 0, issued - issued[np.minimum(done, index)], 0.0)
    mean_age = np.where(ahead > 0, issued - _mean(_sums(issued), index, done), 0.0)
    recent = [done - np.searchsorted(calls, issued - back, "left") for back in LOOKBACK]
    arrived = [index - np.searchsorted(issued, issued - back, "left") for back in (10, 30, 60)]
    pace = [(issued - _at(calls, done - m)) / m for m in (3, 6, 12, 24)]
    recent_gap = _ratio(gap_sum, busy_sum, done, 12)
    day_gap = _ratio(gap_sum, busy_sum, done, len(issued))
    share = [_ratio(wait_sum, place_sum, done, m) for m in (10, 30, len(issued))]
    place = ahead + 1
    batch = index - np.searchsorted(issued, issued, "left")
    return np.column_stack([
        ahead, last_wait, _last_mean(wait_sum, done, 10), gap_sum[done], busy_sum[done],
        wait_sum[done], place_sum[done], windows,
        _last_mean(wait_sum, done, 3), head, mean_age, since,
        *recent, *arrived, issued - issued[0], issued, done, *pace, issued - _at(calls, done - 1 - ahead.astype(int)),
        recent_gap, day_gap, batch, _rolling(windows, 20),
        *(place * pace_of for pace_of in (pace[1], pace[2], recent_gap, day_gap, *share)), *share,
        last_wait * place / (1 + _at(ahead[order], done - 1)),
    ]).astype(float)  # fmt: skip


def _hall_columns(log: Log, left: Floats) -> Floats:
    """How busy the hall is (n, 5): waiting in all its lines, called in the last 15 and 60 min, minutes since its last
    call, weekday. Windows are shared, so a long line beside ours slows ours."""
    columns = np.full((len(log), 5), np.nan)
    hall = log.hall_of_line[log.line] if len(log) else log.line
    group = log.day * max(1, len(log.halls)) + hall
    for member in np.unique(group):
        rows = np.flatnonzero(group == member)
        at, issued = log.issued[rows], np.sort(log.issued[rows])
        calls = np.sort(left[rows][np.isfinite(left[rows])])
        done = np.searchsorted(calls, at, "left")
        columns[rows, 0] = np.searchsorted(issued, at, "left") - done
        columns[rows, 1] = done - np.searchsorted(calls, at - 15, "left")
        columns[rows, 2] = done - np.searchsorted(calls, at - 60, "left")
        columns[rows, 3] = at - _at(calls, done - 1)
    columns[:, 4] = log.weekday[log.day] if len(log) else np.empty(0)
    return columns


@dataclass(frozen=True, kw_only=True)
class Past:
    """Each day of each line as sums, so that any days can be averaged: `sums` (days, lines, 11) and `calls` (days,
    lines, 97), the tickets called by each quarter of an hour."""

    sums: Floats
    calls: Floats

    def columns(self, log: Log, ahead: Floats, days: Flags) -> Floats:
        """What the marked `days` (d) tell about each ticket's line, its own day left out (n, 15); NaN: the line is
        new. The first column is the position formula's wait."""
        kept, own = days.astype(float), days[log.day, None].astype(float)
        sums, calls = (
            np.tensordot(kept, values, 1)[log.line] - own * values[log.day, log.line]
            for values in (self.sums, self.calls)
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            (gap, gaps, staffed, staffed_n, wait, tickets, places, first, first_call, last_call, held) = sums.T
            curve = calls / held[:, None]
            place, windows = ahead + 1, _staff(log.open)
            coming = [_curve_at(curve, log.issued + minutes) - _curve_at(curve, log.issued) for minutes in (30.0, 60.0)]
            return np.column_stack([
                place * (staffed / staffed_n) / windows, gap / gaps, staffed / staffed_n, wait / tickets, wait / places,
                tickets / held, place * gap / gaps, place * wait / places, last_call / held - log.issued,
                log.issued - first / held, first_call / held - log.issued, _profile_wait(curve, log.issued, place),
                *coming, place / np.maximum(coming[1], 0.5),
            ])  # fmt: skip


def remember(log: Log, ahead: Floats) -> Past:
    """What every day was like."""
    sums = np.zeros((len(log.days), len(log.lines), 11))
    calls = np.zeros((len(log.days), len(log.lines), len(GRID)))
    for block in log.blocks():
        day, line = log.day[block.start], log.line[block.start]
        sums[day, line], calls[day, line] = _day_sums(log, ahead, block)
    return Past(sums=sums, calls=calls)


def _day_sums(log: Log, ahead: Floats, block: slice) -> tuple[Floats, Floats]:
    """One day of one line as sums (11), and its calls by each quarter of an hour (97)."""
    issued, called = log.issued[block], log.called[block]
    known = np.isfinite(called)
    if not known.any():
        return np.zeros(11), np.zeros(len(GRID))
    order = np.argsort(called[known], kind="stable")
    when, came = called[known][order], issued[known][order]
    busy = came[1:] < when[:-1]  # somebody waited at the call before: the time between is the windows', not the door's
    gap, windows = np.diff(when)[busy], _staff(log.open[block][known][order][1:][busy])
    sums = [
        gap.sum(), len(gap), (gap * windows).sum(), len(gap), (when - came).sum(), known.sum(),
        (ahead[block][known] + 1).sum(), issued.min(), when[0], when[-1], 1.0,
    ]  # fmt: skip
    return np.array(sums, float), np.searchsorted(when, GRID, "right").astype(float)


def _profile_wait(curve: Floats, at: Floats, place: Floats) -> Floats:
    """Minutes until as many more are called as stand in line, on the average earlier day; NaN: never that many."""
    wanted = _curve_at(curve, at) + place
    below = (curve < wanted[:, None]).sum(axis=1)
    reached = (below < len(GRID)) & np.isfinite(wanted)
    wait: Floats = np.where(reached, GRID[np.minimum(below, len(GRID) - 1)] - at, np.nan)
    return wait


def _staff(windows: Floats) -> Floats:
    """Windows to divide by: one where none is open yet, or nobody counted them."""
    return np.maximum(np.nan_to_num(windows, nan=1.0), 1.0)


def _curve_at(curve: Floats, at: Floats) -> Floats:
    cell = np.clip(at / 15.0, 0, len(GRID) - 1.001)
    low, rows = cell.astype(int), np.arange(len(at))
    part = cell - low
    value: Floats = curve[rows, low] * (1 - part) + curve[rows, low + 1] * part
    return value


def _sums(values: Floats) -> Floats:
    """Running sums from 0 (len + 1); what is not known counts nothing."""
    running: Floats = np.r_[0.0, np.cumsum(np.nan_to_num(values))]
    return running


def _at(values: Floats, index: Ints) -> Floats:
    """`values[index]`; NaN where the index is negative."""
    if not len(values):
        return np.full(len(index), np.nan)
    return np.where(index >= 0, values[np.maximum(index, 0)], np.nan)


def _ratio(above: Floats, below: Floats, done: Ints, back: int) -> Floats:
    start = np.maximum(0, done - back)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((above[done] - above[start]) / (below[done] - below[start]))


def _last_mean(sums: Floats, done: Ints, back: int) -> Floats:
    return _mean(sums, done, np.maximum(0, done - back))


def _mean(sums: Floats, stop: Ints, start: Ints) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((sums[stop] - sums[start]) / (stop - start))


def _rolling(values: Floats, back: int) -> Floats:
    index = np.arange(len(values))
    known = _sums(np.isfinite(values).astype(float))
    start = np.maximum(0, index + 1 - back)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((_sums(values)[index + 1] - _sums(values)[start]) / (known[index + 1] - known[start]))
