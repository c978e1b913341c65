"""Trees and ranges: what they promise on data whose laws are known."""

import numpy as np
import pytest

from queue_server.forecast.boost import Growth, fit
from queue_server.forecast.conformal import Spread, calibrate

QUICK = Growth(trees=80)


def test_trees_learn_the_median_where_the_mean_is_far_off():
    random = np.random.default_rng(1)
    columns = random.uniform(0, 10, (4000, 3))
    truth = np.where(columns[:, 0] > 5, 20.0, 5.0) + columns[:, 1]
    target = truth + np.where(random.random(4000) < 0.2, 200.0, 0.0)
    said = fit(columns, target, QUICK).predict(columns)
    assert np.median(np.abs(said - truth)) < 1.5


def test_a_missing_cell_needs_no_invented_value():
    random = np.random.default_rng(2)
    columns = random.uniform(0, 10, (3000, 2))
    columns[::3, 0] = np.nan
    target = np.where(np.isnan(columns[:, 0]), 30.0, columns[:, 0])
    said = fit(columns, target, QUICK).predict(np.array([[np.nan, 5.0], [2.0, 5.0], [9.0, 5.0]]))
    assert said == pytest.approx([30.0, 2.0, 9.0], abs=1.0)


def test_the_same_rows_give_the_same_trees():
    random = np.random.default_rng(3)
    columns, target = random.random((600, 4)), random.random(600)
    assert np.array_equal(fit(columns, target, QUICK).predict(columns), fit(columns, target, QUICK).predict(columns))


def test_there_is_nothing_to_learn_from_no_rows():
    with pytest.raises(ValueError, match="no rows"):
        fit(np.empty((0, 3)), np.empty(0))


def a_point(mid):
    return Spread(low=mid, mid=mid, high=mid)


def drawn(random, count):
    """Predictions and waits whose error grows with the prediction and leans to one side; two classes, ten days."""
    mid = random.uniform(1, 40, count)
    klass = random.integers(2, size=count)
    wait = mid * random.lognormal(0, np.where(klass == 1, 0.8, 0.3))
    return mid, wait, klass, random.integers(10, size=count)


def test_ranges_hold_overall_in_every_class_and_at_every_length_of_wait():
    random = np.random.default_rng(4)
    mid, wait, klass, day = drawn(random, 20_000)
    calibration = calibrate(a_point(mid), wait, klass, day)
    assert calibration is not None
    mid, wait, klass, _ = drawn(random, 20_000)
    said = calibration.apply(a_point(mid), klass)
    inside = (said.low <= wait) & (wait <= said.high)
    assert 0.89 <= inside.mean() <= 0.935
    for group in (0, 1):
        assert inside[klass == group].mean() >= 0.88
    for fifth in range(5):
        rows = (mid >= fifth * 8) & (mid < (fifth + 1) * 8)
        assert inside[rows].mean() >= 0.84
    assert np.median((said.high - said.low)[klass == 1]) > 1.5 * np.median((said.high - said.low)[klass == 0])


def test_raw_ranges_that_were_too_wide_become_narrower():
    random = np.random.default_rng(5)
    mid = random.uniform(20, 40, 5000)
    wait = mid + random.uniform(-2, 2, 5000)
    wide = Spread(low=mid - 10, mid=mid, high=mid + 10)
    zeros = np.zeros(5000, np.intp)
    calibration = calibrate(wide, wait, zeros, zeros)
    assert calibration is not None
    said = calibration.apply(wide, zeros)
    assert (said.high - said.low).max() < 4.5


def test_with_few_days_more_than_nine_in_ten_is_aimed_at():
    random = np.random.default_rng(6)
    mid, wait, klass, _ = drawn(random, 5000)
    widths = []
    for days in (1, 10):
        calibration = calibrate(a_point(mid), wait, klass, np.arange(5000) % days)
        assert calibration is not None
        said = calibration.apply(a_point(mid), klass)
        widths.append((said.high - said.low).mean())
    assert widths[0] > widths[1]


def test_days_that_err_together_are_answered_with_more_caution_than_days_that_do_not():
    random = np.random.default_rng(8)
    day, klass = np.arange(4000) % 8, np.zeros(4000, np.intp)
    mid = random.uniform(20, 40, 4000)
    wait = mid + random.normal(0, 2, 4000) + random.normal(0, 5, 8)[day]
    widths = []
    for told in (day, random.permutation(day)):  # the same tickets, as if their days had nothing to do with it
        calibration = calibrate(a_point(mid), wait, klass, told)
        assert calibration is not None
        said = calibration.apply(a_point(mid), klass)
        widths.append((said.high - said.low).mean())
    assert widths[0] > widths[1]


def test_too_few_waits_give_no_range_at_all():
    mid = np.arange(40.0)
    assert calibrate(a_point(mid), mid, np.zeros(40, np.intp), np.zeros(40, np.intp)) is None


def test_an_unknown_class_gets_the_range_of_all():
    random = np.random.default_rng(7)
    mid, wait, klass, day = drawn(random, 4000)
    calibration = calibrate(a_point(mid), wait, klass, day)
    assert calibration is not None
    said = calibration.apply(a_point(np.array([10.0])), np.array([77]))
    assert np.isfinite(said.high).all()
    assert said.low[0] < 10.0 < said.high[0]
