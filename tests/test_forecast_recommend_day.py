"""The day recommendations are judged on: the same people under every policy, and copies of a hall that differ in one
thing only; what came about is read from the hall itself."""

import numpy as np
import pytest

from bench.hall_day import Calling, Day, lived, waited, waited_within
from bench.hall_people import busy, draw_people
from queue_server.domain import events as e
from queue_server.forecast.outlook import WINDOW, figures
from queue_server.forecast.realised import Realised, realised

LAW = busy(3, 0.8, windows=10, queues=3)
PEOPLE = draw_people(LAW, 1, 3, 0.3)
TEN_O_CLOCK = 600.0


def test_everybody_comes_and_is_called_once_under_every_rule():
    by_rule = [lived(Day(LAW, PEOPLE, calling), 15, None) for calling in Calling]
    for world in by_rule:
        assert len(world.called) == len(PEOPLE.those)
        assert np.isfinite(world.called).all()
        assert (waited(world) >= 0).all()
    means = [float(waited(world).mean()) for world in by_rule]
    assert len(set(means)) == 3
    assert max(means) < 1.5 * min(means)  # a rule shares waits out; it does not make work


def test_the_load_is_what_was_asked_for():
    minutes = sum(p.walks + p.takes + p.turns if p.comes else p.gives_up + p.turns for p in PEOPLE.those)
    pace = np.mean(list(LAW.speed.values()))
    assert minutes * pace / (10 * 450) == pytest.approx(0.8, abs=0.12)  # one day's draw


def test_a_copy_of_the_hall_lives_the_same_day_until_something_is_changed_in_it():
    day = Day(LAW, PEOPLE, Calling.PROMISE)
    world = day.begin()
    day.live(world, TEN_O_CLOCK)
    same, other = day.fork(world), day.fork(world)
    day.assign(other, "1", {"Q1": 0.0}, 2.0)
    for one in (world, same, other):
        day.live(one, TEN_O_CLOCK + WINDOW)
    assert same.called == world.called
    assert other.called != world.called
    assert other.joined == world.joined
    assert other.hall.windows["1"].serves == {"Q1": 0} != same.hall.windows["1"].serves


def test_what_came_about_is_read_from_the_hall_when_the_window_is_over():
    day = Day(LAW, PEOPLE, Calling.PROMISE)
    world = day.begin()
    day.live(world, TEN_O_CLOCK)
    day.live(world, TEN_O_CLOCK + WINDOW)
    expected = figures(waited_within(world, TEN_O_CLOCK, WINDOW)[None])
    since, until = day.at(TEN_O_CLOCK), day.at(TEN_O_CLOCK + WINDOW)
    at_once = realised(world.hall, since, until)
    day.live(world, np.inf)
    for came in (at_once, realised(world.hall, since, until)):
        assert isinstance(came, Realised)
        assert (came.mean, came.p90, came.long) == pytest.approx(
            (expected.mean[0], expected.p90[0], expected.long[0]), abs=1e-3
        )


def test_where_nobody_waited_or_came_nothing_came_about():
    day = Day(LAW, PEOPLE, Calling.PROMISE)
    hall = day.begin().hall
    hall.apply(e.WindowOpened(at=day.at(510), window="1"))
    assert realised(hall, day.at(510), day.at(520)) is None
