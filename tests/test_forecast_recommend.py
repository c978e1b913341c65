"""Which window should take which queue: what staff can do, what the limits allow, and what is worth it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_server.forecast.durations import Durations, exponential, lognormal
from queue_server.forecast.learned import Learned
from queue_server.forecast.outlook import WINDOW, compare, figures
from queue_server.forecast.recommend import Limits, recommend
from queue_server.forecast.simulate import side_by_side, simulate
from queue_server.forecast.snapshot import Coming, Desk, Snapshot, Waiting
from queue_server.forecast.what_if import Change, before_and_after, what_if

QUEUES = ("A", "B", "C")
KNOWN = Learned(
    queues=QUEUES,
    durations=Durations(
        cycle=np.array([lognormal(8.0, 0.6)] * 3), no_show=np.full(3, 0.05), absent=exponential(1.5)
    ),
    arrivals={},
    days=10,
)  # fmt: skip
EVERYBODY = {str(n): QUEUES for n in range(1, 10)}


def hall(lines=(0, 0, 0), rates=(0.3, 0.3, 0.3), desks=None):
    """Nine windows, three for each queue, all just now free; people in line have waited up to 20 minutes."""
    if desks is None:
        desks = tuple(Desk(code=str(n + 1), serves={n // 3: 0.0}) for n in range(9))
    waiting = tuple(
        Waiting(id=f"{queue}{n}", queue=queue, due=float(n), joined=-20.0 + n * 20 / number)
        for queue, number in enumerate(lines)
        for n in range(number)
    )
    coming = tuple(Coming(queue=q, promise=20.0, rate=(rate,) * 24) for q, rate in enumerate(rates))
    return Snapshot(queues=3, desks=desks, waiting=waiting, coming=coming)


CROWDED = hall(lines=(25, 0, 0), rates=(0.5, 0.1, 0.1))
"""Many wait at A; B and C have hardly anything to do."""


def served(start, recommendation, code):
    """What a window serves once it has been recommended, as codes."""
    before = {QUEUES[queue] for desk in start.desks if desk.code == code for queue in desk.serves}
    return set(recommendation.serves.get(code, before))


def test_a_crowd_at_one_queue_is_given_windows_of_those_that_have_none_and_the_effect_is_said():
    said = recommend(CROWDED, KNOWN, skills=EVERYBODY, seed=1)
    assert said is not None
    first = said.moves[0]
    assert first.takes == "A"
    assert first.window in {"4", "5", "6", "7", "8", "9"}
    assert said.sure > 0.95
    saved = said.effect.saved
    assert 0 < saved.mean.low < saved.mean.expected < saved.mean.high
    assert saved.mean.expected == pytest.approx(
        said.effect.before.mean.expected - said.effect.after.mean.expected, abs=1e-9
    )
    assert saved.p90.expected > 5
    assert 0 < saved.long.expected < 1
    assert said.queues["A"].saved.mean.expected > saved.mean.expected
    assert recommend(CROWDED, KNOWN, skills=EVERYBODY, seed=1) == said  # the same hall, the same advice


def test_nothing_is_recommended_where_nothing_is_wrong():
    quiet = hall(rates=(0.1, 0.1, 0.1))
    balanced = hall(lines=(12, 12, 12), rates=(0.4, 0.4, 0.4), desks=tuple(
        Desk(code=str(n + 1), serves={0: 0.0, 1: 0.0, 2: 0.0}) for n in range(9)
    ))  # fmt: skip
    for start in (quiet, balanced, Snapshot(queues=3, desks=(), waiting=CROWDED.waiting), hall(rates=(0, 0, 0))):
        assert recommend(start, KNOWN, skills=EVERYBODY, seed=1) is None


def test_nobody_is_sent_to_a_queue_they_have_not_learned():
    assert recommend(CROWDED, KNOWN, skills={}, seed=1) is None
    assert recommend(CROWDED, KNOWN, skills={"4": ("B", "C"), "5": ("B",)}, seed=1) is None
    only = recommend(CROWDED, KNOWN, skills={"8": ("A", "C"), "4": ("B",)}, seed=1)
    assert only is not None
    assert [(move.window, move.takes) for move in only.moves] == [("8", "A")]


def test_the_limits_are_kept():
    for most, moves in ((1, 1), (1, 4), (2, 2), (3, 6)):
        limits = Limits(queues_per_window=most, moves=moves)
        said = recommend(CROWDED, KNOWN, skills=EVERYBODY, seed=2, limits=limits)
        assert said is not None
        assert len(said.moves) <= moves
        assert len({move.window for move in said.moves}) == len(said.moves) == len(said.serves)
        assert all(len(serves) <= most for serves in said.serves.values())
        assert most > 1 or all(move.instead_of is not None for move in said.moves)


def test_every_queue_keeps_its_windows_even_while_some_are_at_lunch():
    soon = tuple(replace(d, leaves=15.0, returns=45.0) if d.code in ("5", "6", "9") else d for d in CROWDED.desks)
    start = replace(CROWDED, desks=soon)
    for least in (1, 2):
        limits = Limits(queues_per_window=1, windows_per_queue=least, moves=6)
        said = recommend(start, KNOWN, skills=EVERYBODY, seed=3, limits=limits)
        assert said is not None
        for minute in (0.0, 30.0, 60.0):
            there = [desk for desk in start.desks if not desk.leaves <= minute < desk.returns]
            for place, queue in enumerate(QUEUES):
                before = sum(place in desk.serves for desk in there)
                after = sum(queue in served(start, said, desk.code) for desk in there)
                assert after >= min(least, before)


def test_a_window_that_is_away_for_long_is_left_alone():
    away = tuple(replace(d, leaves=0.0, returns=60.0) if d.code in ("4", "5") else d for d in CROWDED.desks)
    said = recommend(replace(CROWDED, desks=away), KNOWN, skills=EVERYBODY, seed=1)
    assert said is not None
    assert not {"4", "5"} & {move.window for move in said.moves}


def test_moves_that_gain_little_vanish_when_changing_places_takes_long():
    mild = hall(lines=(6, 2, 2), rates=(0.36, 0.26, 0.26))
    free = recommend(mild, KNOWN, skills=EVERYBODY, seed=1, limits=Limits(settles=0.0))
    assert free is not None
    assert recommend(mild, KNOWN, skills=EVERYBODY, seed=1, limits=Limits(settles=40.0)) is None


@settings(max_examples=8, deadline=None)
@given(
    lines=st.tuples(*[st.integers(0, 20)] * 3),
    skills=st.dictionaries(st.sampled_from(sorted(EVERYBODY)), st.sets(st.sampled_from(QUEUES)), max_size=9),
    most=st.integers(1, 3),
    moves=st.integers(1, 4),
)
def test_whatever_the_lines_a_recommendation_is_one_that_can_be_followed(lines, skills, most, moves):
    start = hall(lines=lines)
    limits = Limits(queues_per_window=most, moves=moves)
    said = recommend(start, KNOWN, skills=skills, seed=4, limits=limits)
    if said is not None:
        assert 1 <= len(said.moves) <= moves
        for move in said.moves:
            assert move.takes in skills[move.window]
            assert len(said.serves[move.window]) <= most
            assert move.instead_of not in said.serves[move.window]
        for queue in QUEUES:
            assert any(queue in served(start, said, desk.code) for desk in start.desks)
        assert said.effect.saved.mean.expected > 0


# --- what if


def test_without_a_change_before_and_after_are_the_same_to_the_last_digit():
    asked = tuple(Waiting(id=code, queue=q, due=20.0, joined=0.0) for q, code in enumerate(QUEUES))
    same = what_if(replace(CROWDED, asked=asked), KNOWN, [Change(window="4", serves={"B": 0.0})], seed=1)
    for people in (same.hall, *(queue.people for queue in same.queues.values())):
        assert people.before == people.after
        assert people.saved.mean.low == people.saved.mean.high == 0
    assert all(queue.now_before == queue.now_after for queue in same.queues.values())
    assert same.queues["A"].now_before is not None


def test_opening_a_window_shortens_waits_and_closing_one_lengthens_them():
    opened = what_if(CROWDED, KNOWN, [Change(window="10", serves={"A": 0.0})], seed=1)
    assert opened.queues["A"].people.saved.mean.low > 0
    assert opened.queues["B"].people.saved.mean.expected == 0  # nobody there notices
    closed = what_if(CROWDED, KNOWN, [Change(window="1", serves=None)], seed=1)
    assert closed.queues["A"].people.saved.mean.high < 0
    assert what_if(CROWDED, KNOWN, [Change(window="10", serves=None)], seed=1).hall.saved.mean.high == 0


def test_moving_a_window_helps_one_queue_at_the_cost_of_another():
    start = replace(hall(lines=(20, 4, 0)), asked=(Waiting(id="A", queue=0, due=20.0, joined=0.0),))
    said = what_if(start, KNOWN, [Change(window="4", serves={"A": 0.0}), Change(window="5", serves={"A": 0.0})], seed=1)
    assert said.queues["A"].people.saved.mean.low > 0
    assert said.queues["B"].people.saved.mean.high < 0
    assert said.queues["A"].now_after.expected < said.queues["A"].now_before.expected
    assert said.queues["B"].now_before is said.queues["B"].now_after is None  # not asked


def test_a_queue_nobody_serves_any_more_is_unknown_and_not_a_number():
    start = replace(CROWDED, asked=(Waiting(id="C", queue=2, due=20.0, joined=0.0),))
    said = what_if(start, KNOWN, [Change(window=w, serves={"A": 0.0}) for w in ("7", "8", "9")], seed=1)
    assert said.queues["C"].now_before is not None
    assert said.queues["C"].now_after is None


def test_a_window_that_changes_ends_with_its_resident_first_and_then_settles():
    ten = replace(KNOWN, durations=replace(KNOWN.durations, cycle=np.full((3, 256), 10.0), no_show=np.zeros(3)))
    busy = Desk(code="1", serves={1: 0.0}, busy_with=1, elapsed=4.0, started=True)
    start = Snapshot(queues=3, desks=(busy,), waiting=hall(lines=(2, 0, 0)).waiting)
    _, after = before_and_after(start, ten, [Change(window="1", serves={"A": 0.0})])
    (calls,) = side_by_side(start, [after], ten.durations, runs=2, seed=1, horizon=WINDOW)
    assert calls.waiting.tolist() == [[8.0, 18.0]] * 2


def test_a_queue_the_hall_does_not_have_is_refused():
    with pytest.raises(ValueError, match="window 4 cannot serve Z"):
        what_if(CROWDED, KNOWN, [Change(window="4", serves={"Z": 0.0})], seed=1)


# --- what the figures are of


def test_plans_lived_through_side_by_side_are_what_each_would_be_alone():
    start = hall(lines=(9, 3, 0))
    other = tuple(replace(d, serves={0: 0.0, 1: 5.0}) if d.code == "5" else d for d in start.desks)
    both = side_by_side(start, [start.desks, other], KNOWN.durations, runs=20, seed=5, horizon=WINDOW)
    for desks, together in zip((start.desks, other), both, strict=True):
        alone = simulate(replace(start, desks=desks), KNOWN.durations, runs=20, seed=5, horizon=WINDOW, whole=True)
        assert np.array_equal(alone.waiting, together.waiting)
        assert np.array_equal(alone.came_called, together.came_called)


def test_doubt_about_pace_and_volume_widens_the_range_and_leaves_the_middle():
    start = hall(lines=(9, 3, 3), rates=(0.36, 0.3, 0.3))
    _, (doubting, _), _ = compare(start, start.desks, start.desks, KNOWN.durations, runs=600, seed=1)
    calls = side_by_side(start, [start.desks], KNOWN.durations, runs=600, seed=1, horizon=WINDOW)[0]
    came = np.where(calls.came < WINDOW, np.minimum(calls.came_called, WINDOW) - calls.came, np.nan)
    joined = [ticket.joined for ticket in start.waiting]
    sure = figures(np.concatenate([np.minimum(calls.waiting, WINDOW) - joined, came], axis=1)).mean
    doubted = figures(doubting).mean
    assert doubted.std() > 1.1 * sure.std()
    assert doubted.mean() == pytest.approx(sure.mean(), rel=0.1)


def test_figures_are_of_those_who_were_there():
    of = figures(np.array([[5.0, np.nan, 35.0, 10.0], [np.nan] * 4, [*range(4)]]))
    assert of.mean.tolist()[0] == pytest.approx(50 / 3)
    assert (of.p90[0], of.long[0]) == (35.0, pytest.approx(1 / 3))
    assert np.isnan([of.mean[1], of.p90[1], of.long[1]]).all()
    assert (of.mean[2], of.p90[2], of.long[2]) == (1.5, 3.0, 0.0)
