"""What is said about a wait: the forecast carried on to now, then the last who was called, then what is configured."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hall_stories import HALL, MONDAY, Story

from queue_server.domain.configuration import PlannedBreak
from queue_server.forecast.learned import learn
from queue_server.forecast.live import forecast, planned_breaks, press, snapshot
from queue_server.forecast.said import Basis, Said, Waits
from queue_server.forecast.waits import Expected, Forecast, Pace


@pytest.fixture
def busy() -> Story:
    """Windows 1 to 3 have somebody, two more wait in A; 09:00."""
    story = Story().at("08:50")
    for _ in range(4):
        story.issue("A")
    story.issue("B")
    story.at("08:52")
    for window in ("1", "2", "3"):
        story.call(window)
        story.start(window)
    return story.at("09:00")


def expected(low: float, mid: float, high: float) -> Expected:
    return Expected(low=low, mid=mid, high=high, calibrated=True)


def foreseen(story: Story, **asked: Expected) -> Forecast:
    """One made now: what a ticket of each class would wait in A; its line takes five minutes a ticket."""
    return Forecast(
        at=story.now, day=MONDAY, days=9, issued=len(story.hall.tickets), asked={"A": asked},
        tickets={id_: expected(4, 10, 21) for id_ in story.hall.line("A")}, paces={"A": Pace(minutes=5.0, free=0)},
    )  # fmt: skip


def said(story: Story, forecast: Forecast | None) -> Waits:
    return Waits(hall=story.hall, at=story.now, forecast=forecast)


def test_a_new_ticket_is_told_what_was_foreseen_for_its_queue_and_class(busy: Story) -> None:
    waits = said(busy, foreseen(busy, ordinary=expected(12, 20, 33), elder=expected(2.5, 6, 9.5)))
    assert waits.new("A") == Said(low=10, high=35, calibrated=True, basis=Basis.FORECAST)
    assert waits.new("A", "elder") == Said(low=2, high=10, calibrated=True, basis=Basis.FORECAST)


def test_who_came_since_the_forecast_and_goes_first_is_counted_with_one_service_each(busy: Story) -> None:
    then = foreseen(busy, ordinary=expected(12, 20, 33), military=expected(0, 1, 2))
    busy.issue("A")
    after_one, before = said(busy, then).new("A"), said(busy, then).new("A", "military")
    assert after_one is not None
    assert (after_one.low, after_one.high) == (10, 45)  # 12 + 5 − 5.8, 33 + 5 + 5.8
    assert before == Said(low=0, high=2, calibrated=True, basis=Basis.FORECAST)  # called before that one
    ticket = busy.ticket("A005")
    assert said(busy, then).of(ticket) == Said(low=10, high=35, calibrated=True, basis=Basis.FORECAST)
    busy.issue("A", "military")
    assert said(busy, then).of(ticket) == after_one  # one came and goes before it


def test_those_whom_a_free_window_takes_delay_nobody_but_the_next(busy: Story) -> None:
    then = replace(
        foreseen(busy, ordinary=expected(0, 0, 0)), paces={"A": Pace(minutes=5.0, free=2)}, tickets={}
    )  # fmt: skip
    busy.issue("A")
    assert said(busy, then).new("A") == Said(low=0, high=1, calibrated=True, basis=Basis.FORECAST)
    busy.issue("A")
    later = said(busy, then).new("A")
    assert later is not None
    assert later.high > 5


def test_time_that_passes_is_taken_off(busy: Story) -> None:
    then = foreseen(busy, ordinary=expected(12, 20, 33))
    ticket = busy.ticket("A004")
    assert said(busy, then).of(ticket) == Said(low=4, high=25, calibrated=True, basis=Basis.FORECAST)
    busy.at("09:02")
    assert said(busy, then).of(ticket) == Said(low=2, high=20, calibrated=True, basis=Basis.FORECAST)


def test_what_the_forecast_calls_unknown_is_not_guessed(busy: Story) -> None:
    then = foreseen(busy)
    assert said(busy, then).new("A") is None
    assert said(busy, replace(then, tickets={})).of(busy.ticket("A004")) is None
    assert said(busy, None).new("A", "no such class") is None
    assert said(busy, None).new("no such queue") is None


def test_a_forecast_of_another_day_is_none(busy: Story) -> None:
    then = replace(foreseen(busy, ordinary=expected(12, 20, 33)), day="2026-03-01")
    told = said(busy, then).new("A")
    assert told is not None
    assert told.basis is Basis.CONFIGURED


def test_without_a_forecast_the_configured_minutes_speak_and_without_a_window_nobody_does(busy: Story) -> None:
    told = said(busy, None).new("A")
    assert told is not None
    assert (told.basis, told.calibrated) == (Basis.CONFIGURED, False)
    assert told.low <= 2 * 10 / 3 <= told.high  # two ahead, three windows, ten minutes each
    for window in ("1", "2", "3"):
        busy.finish(window)
        busy.close(window)
    assert said(busy, None).new("A") is None
    assert said(busy, None).of(busy.ticket("A004")) is None


def test_once_enough_were_called_the_wait_of_the_last_one_speaks() -> None:
    story = Story().at("08:40")
    for _ in range(12):
        story.issue("A")
    story.at("09:00")
    for _ in range(2):
        for window in ("1", "2", "3"):
            story.call(window)
            story.start(window)
            story.finish(window)
    told = said(story, None).new("A")
    assert told is not None
    assert told.basis is Basis.LAST_CALLED
    assert told.low < 20 < told.high  # the last one called had waited twenty minutes
    waiting = said(story, None).of(story.ticket(story.waiting("A")[-1]))
    assert waiting is not None
    assert waiting.basis is Basis.CONFIGURED  # it has waited that long itself: the last call says nothing of its rest
    story.at("09:20")
    told = said(story, None).new("A")
    assert told is not None
    assert told.basis is Basis.CONFIGURED  # that call is too long ago


def test_a_ticket_that_does_not_wait_has_no_wait(busy: Story) -> None:
    then = foreseen(busy, ordinary=expected(12, 20, 33))
    assert said(busy, then).of(busy.ticket("A001")) is None


# --- what the forecast takes from the hall


def test_every_class_is_foreseen_and_one_with_a_sooner_promise_waits_no_longer(busy: Story) -> None:
    for _ in range(6):
        busy.issue("A")
    made = forecast(busy.hall, busy.now, learn(HALL, []), runs=60)
    classes = made.asked["A"]
    assert set(classes) == {"ordinary", "elder", "military", "appointment"}
    assert classes["military"].mid <= classes["elder"].mid <= classes["ordinary"].mid
    assert classes["military"].mid < classes["ordinary"].mid
    assert made.queues["A"] == classes["ordinary"]
    assert (made.day, made.issued, made.days) == (MONDAY, 11, 0)
    assert made.paces["A"].minutes == pytest.approx(10 / 3, rel=0.2)


def test_an_open_window_that_calls_nobody_for_five_minutes_is_not_counted_on() -> None:
    story = Story().at("08:40")
    for _ in range(3):
        story.issue("A")
    pressed: dict[str, int] = {}
    for fact in story.facts:
        press(pressed, fact)
    story.at("08:46")

    def away(**given: dict[str, int]) -> set[str]:
        return {
            desk.code for desk in snapshot(story.hall, story.now, learn(HALL, []), **given).desks if desk.leaves <= 0
        }

    assert away() == set()  # nobody knows when they were last heard of
    assert away(pressed=pressed) == {"1", "3"}  # window 2 helps A only
    story.call("1")
    story.start("1")
    story.finish("1")
    press(pressed, story.facts[-1])
    assert away(pressed=pressed) == {"3"}


def test_breaks_the_hall_has_configured_are_known() -> None:
    lunch = PlannedBreak(begins="12:00", ends="13:30")
    windows = (replace(HALL.windows[0], breaks=(lunch,)), *HALL.windows[1:])
    story = Story(replace(HALL, windows=windows)).at("11:30")
    (away,) = planned_breaks(story.hall)
    assert (away.window, away.begins, away.ends) == ("1", story.time("12:00"), story.time("13:30"))
    desks = {desk.code: desk for desk in snapshot(story.hall, story.now, learn(HALL, [])).desks}
    assert (desks["1"].leaves, desks["1"].returns) == (30.0, 120.0)
    assert desks["2"].leaves == float("inf")
