"""Days and opening hours in the hall's own time zone, and when tickets are taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hall_stories import HALL, MINUTE, Story, refused
from hypothesis import given
from hypothesis import strategies as st

from queue_server.config import ALWAYS_OPEN
from queue_server.domain import configuration as cfg
from queue_server.domain.calendar import Phase, day_of, instant, local, periods, phase, works_on
from queue_server.domain.refusal import Reason

SHANGHAI, NEW_YORK, TOKYO = "Asia/Shanghai", "America/New_York", "Asia/Tokyo"
ZONES = (SHANGHAI, NEW_YORK, TOKYO, "Asia/Kathmandu", "Pacific/Auckland", "America/Sao_Paulo", "UTC")
HOURS = HALL.hours


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return round(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp() * 1000)


def at(clock: str, day: str = "2026-03-02") -> int:
    return instant(SHANGHAI, day, clock)


# --- days and clock times


def test_a_day_is_the_halls_own_not_utcs() -> None:
    late_in_london = utc(2026, 3, 1, 16, 0)
    assert [day_of(zone, late_in_london) for zone in (SHANGHAI, "UTC", NEW_YORK)] == [
        "2026-03-02", "2026-03-01", "2026-03-01",
    ]  # fmt: skip
    assert day_of(SHANGHAI, late_in_london - 1) == "2026-03-01"


def test_a_clock_time_is_an_instant_of_the_halls_zone() -> None:
    assert instant(SHANGHAI, "2026-03-02", "08:30") == utc(2026, 3, 2, 0, 30)
    assert instant(NEW_YORK, "2026-03-02", "08:30") == utc(2026, 3, 2, 13, 30)
    assert local(SHANGHAI, utc(2026, 3, 2, 0, 30)).isoformat() == "2026-03-02T08:30:00+08:00"


def test_24_00_is_the_end_of_the_day() -> None:
    assert instant(SHANGHAI, "2026-03-02", "24:00") == instant(SHANGHAI, "2026-03-03", "00:00")
    assert instant(SHANGHAI, "2026-12-31", "24:00") == instant(SHANGHAI, "2027-01-01", "00:00")


@pytest.mark.parametrize(("day", "hours"), [("2026-03-07", 24), ("2026-03-08", 23), ("2026-11-01", 25)])
def test_where_clocks_change_a_day_is_as_long_as_it_is(day: str, hours: int) -> None:
    begins, ends = instant(NEW_YORK, day, "00:00"), instant(NEW_YORK, day, "24:00")
    assert ends - begins == hours * 60 * MINUTE
    assert day_of(NEW_YORK, begins) == day_of(NEW_YORK, ends - 1) == day


def test_opening_hours_stay_by_the_wall_clock_when_clocks_change() -> None:
    hours = cfg.Hours(periods=(cfg.Opening(opens="08:30", closes="17:00"),), weekdays=(1, 2, 3, 4, 5, 6, 7))
    (before,), (after,) = periods(hours, NEW_YORK, "2026-03-07"), periods(hours, NEW_YORK, "2026-03-08")
    assert before == (utc(2026, 3, 7, 13, 30), utc(2026, 3, 7, 22, 0))
    assert after == (utc(2026, 3, 8, 12, 30), utc(2026, 3, 8, 21, 0))


def test_a_hall_open_through_the_hour_that_is_skipped_or_repeated_stays_open() -> None:
    for day in ("2026-03-08", "2026-11-01"):
        ((opens, closes),) = periods(ALWAYS_OPEN, NEW_YORK, day)
        assert all(phase(ALWAYS_OPEN, NEW_YORK, at) is Phase.OPEN for at in range(opens, closes, 10 * MINUTE))


@given(zone=st.sampled_from(ZONES), at=st.integers(utc(2020, 1, 1), utc(2035, 1, 1)))
def test_an_instant_lies_within_its_own_day(zone: str, at: int) -> None:
    day = day_of(zone, at)
    assert instant(zone, day, "00:00") <= at < instant(zone, day, "24:00")


@given(
    at=st.integers(utc(2026, 1, 1), utc(2027, 1, 1)),
    zone=st.sampled_from(ZONES),
    weekdays=st.sets(st.integers(1, 7)).map(lambda days: tuple(sorted(days))),
)
def test_every_instant_has_one_phase_and_it_agrees_with_the_periods(
    at: int, zone: str, weekdays: tuple[int, ...]
) -> None:
    hours = replace(HOURS, weekdays=weekdays)
    spans = periods(hours, zone, day_of(zone, at))
    within = [opens <= at < closes for opens, closes in spans]
    assert (phase(hours, zone, at) is Phase.HOLIDAY) == (not spans)
    assert (phase(hours, zone, at) is Phase.OPEN) == any(within)


# --- phases of a day


@pytest.mark.parametrize(
    ("clock", "then"),
    [
        ("00:00", Phase.BEFORE), ("08:29", Phase.BEFORE), ("08:30", Phase.OPEN), ("11:59", Phase.OPEN),
        ("12:00", Phase.BREAK), ("13:59", Phase.BREAK), ("14:00", Phase.OPEN), ("17:29", Phase.OPEN),
        ("17:30", Phase.AFTER), ("23:59", Phase.AFTER),
    ],
)  # fmt: skip
def test_a_day_has_opening_a_lunch_break_and_an_end(clock: str, then: Phase) -> None:
    assert phase(HOURS, SHANGHAI, at(clock)) is then


def test_weekends_and_holidays_are_off_and_a_shifted_workday_is_on() -> None:
    monday, saturday, holiday, shifted = "2026-03-02", "2026-03-07", "2026-05-01", "2026-05-09"
    assert [works_on(HOURS, day) for day in (monday, saturday, holiday, shifted)] == [True, False, False, True]
    for day in (saturday, holiday):
        assert phase(HOURS, SHANGHAI, at("10:00", day)) is Phase.HOLIDAY
        assert periods(HOURS, SHANGHAI, day) == ()
    assert phase(HOURS, SHANGHAI, at("10:00", shifted)) is Phase.OPEN


def test_a_day_named_both_holiday_and_workday_is_worked() -> None:
    hours = replace(HOURS, holidays=("2026-05-09",), workdays=("2026-05-09",))
    assert works_on(hours, "2026-05-09")


# --- when tickets are taken


@pytest.mark.parametrize("clock", ["08:00", "08:29", "08:30", "12:00", "13:00", "17:29"])
def test_tickets_are_taken_from_half_an_hour_before_opening_through_lunch_until_closing(clock: str) -> None:
    assert Story().at(clock).issue("A") == "A001"


@pytest.mark.parametrize("clock", ["00:10", "07:59", "17:30", "23:50"])
def test_tickets_are_not_taken_outside_opening_hours(clock: str) -> None:
    story = Story().at(clock)
    with refused(Reason.HALL_CLOSED):
        story.issue("A")
    with refused(Reason.HALL_CLOSED):
        story.borrow("A")


def test_a_ticket_is_taken_in_the_last_millisecond_and_not_in_the_next() -> None:
    story = Story().at("17:30")
    story.now -= 1
    assert story.issue("A") == "A001"
    story.now += 1
    with refused(Reason.HALL_CLOSED):
        story.issue("A")


def test_tickets_are_not_taken_on_a_holiday_even_if_the_day_was_opened() -> None:
    story = Story(opened=False).on("2026-05-01").at("10:00")
    story.open_day()
    with refused(Reason.HALL_CLOSED):
        story.issue("A")


def test_how_early_tickets_are_taken_is_the_halls_configuration() -> None:
    story = Story(replace(HALL, rules=cfg.Rules(early_minutes=0))).at("08:29")
    with refused(Reason.HALL_CLOSED):
        story.issue("A")
    assert story.at("08:30").issue("A") == "A001"


def test_a_hall_that_never_closes_takes_tickets_at_any_hour() -> None:
    story = Story(replace(HALL, hours=ALWAYS_OPEN))
    labels = [story.at(clock).issue("A") for clock in ("00:00", "03:00", "23:59")]
    assert labels == ["A001", "A002", "A003"]


def test_tickets_are_taken_by_the_halls_clock_wherever_it_is() -> None:
    story = Story(replace(HALL, timezone=NEW_YORK)).at("09:00")
    assert story.now == utc(2026, 3, 2, 14, 0)
    assert story.issue("A") == "A001"
    assert story.hall.day == "2026-03-02"
