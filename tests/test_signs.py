"""What the LED sign over a window says: pure, told as stories of a small hall."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hall_stories import HALL, Story, text
from journals import Clock

from devices.led_sign.protocol import Colour, Face, sign_text
from display.equipment import SIGN_TEXTS
from display.signs import STALE_AFTER, Saying, face, width
from queue_server.domain.configuration import Hours, Opening
from queue_server.domain.model import Hall

WORK = replace(HALL, windows=tuple(replace(w, name=text("社保医保")) for w in HALL.windows))
NARROW, WIDE = 8, 12


@pytest.fixture
def story() -> Story:
    return Story(WORK).at("09:00")


def sign(story: Story, columns: int = NARROW, *, silent_ms: int = 0, window: str = "1") -> Face:
    shown = face(
        story.hall, window, story.now, columns=columns, texts=SIGN_TEXTS, heard_at=story.now - silent_ms
    )  # fmt: skip
    assert shown is not None
    return shown


def line2(story: Story, columns: int = NARROW) -> str:
    return sign(story, columns).line2


@pytest.mark.parametrize("columns", [NARROW, WIDE])
def test_a_called_ticket_stands_under_the_windows_work(story: Story, columns: int) -> None:
    story.issue("A")
    story.call("1")
    assert sign(story, columns) == Face(line1="社保医保", line2="请A001号", colour=Colour.RED)


def test_the_sign_of_another_window_does_not_call_it(story: Story) -> None:
    story.issue("A")
    story.call("1")
    assert sign(story, window="2") == Face(line1="社保医保", line2="等候叫号", colour=Colour.GREEN)


def test_a_ticket_being_served_is_no_longer_called(story: Story) -> None:
    story.issue("A")
    story.call("1")
    story.start("1")
    assert sign(story) == Face(line1="社保医保", line2="正在办理A001号", colour=Colour.GREEN)
    story.finish("1")
    assert line2(story) == "等候叫号"


def test_a_no_show_is_taken_off_the_sign(story: Story) -> None:
    story.issue("A")
    story.call("1")
    story.no_show("1")
    assert line2(story) == "等候叫号"


def test_a_paused_window_says_so_once_its_ticket_is_done(story: Story) -> None:
    story.issue("A")
    story.call("1")
    story.pause("1")
    assert line2(story) == "请A001号"
    story.no_show("1")
    assert sign(story) == Face(line1="社保医保", line2="暂停服务", colour=Colour.YELLOW)
    assert line2(story, WIDE) == "暂停服务 请留意叫号"


def test_a_window_closed_in_opening_hours_is_only_that(story: Story) -> None:
    story.close("1")
    assert sign(story) == Face(line1="社保医保", line2="窗口未开放", colour=Colour.YELLOW)
    assert line2(story, WIDE) == "窗口未开放 请留意叫号"


def test_before_opening_it_says_when(story: Story) -> None:
    story.close("1")
    story.at("08:10")
    assert line2(story) == "08:30开始服务"
    assert line2(story, WIDE) == "今天08:30开始服务"


@pytest.mark.parametrize("leave", ["pause", "close"])
def test_in_the_break_it_says_when_service_goes_on(story: Story, leave: str) -> None:
    getattr(story, leave)("1")
    story.at("12:30")
    assert line2(story) == "14:00继续服务"
    assert line2(story, WIDE) == "午间休息 14:00继续服务"


def test_a_window_that_stays_open_in_the_break_goes_on_calling(story: Story) -> None:
    story.at("12:30")
    assert line2(story) == "等候叫号"


def test_after_closing_the_day_is_over(story: Story) -> None:
    story.at("17:40").close_day()
    assert line2(story) == "今日服务已结束"


def test_a_hall_whose_last_day_is_past_opens_at_its_hour_today(story: Story) -> None:
    story.at("17:40").close_day()
    story.on("2026-03-03").at("07:00")
    assert line2(story) == "08:30开始服务"


def test_on_a_holiday_it_says_so(story: Story) -> None:
    story.close_day()
    story.on("2026-05-01").at("09:00")
    assert line2(story) == "今日休息"


def test_a_hall_that_never_closes_has_closed_windows_all_the_same() -> None:
    round_the_clock = Hours(periods=(Opening(opens="00:00", closes="24:00"),), weekdays=tuple(range(1, 8)))
    story = Story(replace(WORK, hours=round_the_clock)).at("03:00")
    story.close("1")
    assert line2(story) == "窗口未开放"


def test_of_a_hall_nothing_is_known_of_nothing_is_shown() -> None:
    assert face(Hall(), "1", Clock().now, columns=8, texts=SIGN_TEXTS, heard_at=0) is None


def test_a_sign_that_hears_nothing_no_longer_says_whom_it_calls(story: Story) -> None:
    story.issue("A")
    story.call("1")
    assert sign(story, silent_ms=STALE_AFTER).line2 == "请A001号"
    stale = sign(story, silent_ms=STALE_AFTER + 1)
    assert stale == Face(line1="社保医保", line2="以人工叫号为准", colour=Colour.YELLOW)
    assert sign(story, WIDE, silent_ms=STALE_AFTER + 1).line2 == "系统中断 以人工叫号为准"


def test_a_window_the_hall_does_not_have_is_shown_closed(story: Story) -> None:
    assert sign(story, window="77") == Face(line1="", line2="窗口未开放", colour=Colour.YELLOW)


@pytest.mark.parametrize("saying", Saying)
def test_every_saying_fits_a_sign_of_eight_and_its_font(saying: Saying) -> None:
    said = [wording.format(label="A9001", time="08:30") for wording in SIGN_TEXTS[saying]]
    assert width(said[-1]) <= 2 * NARROW
    assert all(width(wording) <= 2 * WIDE for wording in said)
    assert sorted(said, key=width, reverse=True) == said
    for wording in said:
        coded = sign_text(wording)
        assert coded.replaced == ""
        assert len(coded.data) == width(wording)
