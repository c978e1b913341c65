"""What the screen at a window says: pure stories first, then a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from browser import PATIENCE_MS, Display, Pages
from hall_stories import HALL, Story, text
from playwright.sync_api import expect
from servers import Client, Server

from display.board import STALE_AFTER
from display.drawing import sign_part
from display.signs import Saying, WindowSign, window_sign
from queue_server.domain.configuration import Text
from queue_server.domain.model import Hall

expect.set_options(timeout=PATIENCE_MS)

WORK = replace(
    HALL,
    windows=tuple(
        replace(w, name=text("社保医保"), duty=Text(zh="受理岗", en="Intake"), staff="工号 017") for w in HALL.windows
    ),
)
TABLET, TALL = {"width": 1280, "height": 800}, {"width": 800, "height": 1280}


@pytest.fixture
def story() -> Story:
    return Story(WORK).at("09:00")


def sign(story: Story, window: str = "1", *, silent_ms: int = 0) -> WindowSign:
    shown = window_sign(story.hall, window, story.now, heard_at=story.now - silent_ms)
    assert shown is not None
    return shown


def opens(story: Story) -> str:
    shown = sign(story)
    assert shown.opens is not None
    for day in ("2026-03-02", "2026-03-03", "2026-05-06"):
        for clock in ("08:30", "14:00"):
            if story.on(day).time(clock) == shown.opens:
                return f"{day} {clock} {'today' if shown.opens_today else 'later'}"
    return str(shown.opens)


def test_a_sign_tells_whom_it_calls_and_who_sits_there(story: Story) -> None:
    story.issue("A")
    story.call("1")
    shown = sign(story)
    assert (shown.saying, shown.label, shown.rings) == (Saying.CALLED, "A001", story.now)
    assert (shown.name.zh, shown.duty, shown.staff) == ("社保医保", Text(zh="受理岗", en="Intake"), "工号 017")


def test_a_ticket_called_again_rings_anew(story: Story) -> None:
    story.issue("A")
    story.call("1")
    story.at("09:00:20").recall("1")
    assert sign(story).rings == story.now


def test_a_ticket_being_served_does_not_ring(story: Story) -> None:
    story.issue("A")
    story.call("1")
    story.start("1")
    assert (sign(story).saying, sign(story).label, sign(story).rings) == (Saying.SERVING, "A001", None)


def test_a_window_closed_in_opening_hours_does_not_say_when_it_opens(story: Story) -> None:
    story.close("1")
    assert (sign(story).saying, sign(story).opens) == (Saying.CLOSED, None)


@pytest.mark.parametrize(
    ("day", "clock", "told"),
    [
        ("2026-03-02", "08:10", "2026-03-02 08:30 today"),
        ("2026-03-02", "12:30", "2026-03-02 14:00 today"),
        ("2026-03-02", "18:00", "2026-03-03 08:30 later"),
    ],
)
def test_a_closed_window_says_when_service_begins(story: Story, day: str, clock: str, told: str) -> None:
    story.close("1")
    story.on(day).at(clock)
    assert opens(story) == told
    assert f"<b>{told.split()[1]}</b> 开始服务" in sign_part(sign(story), 1, "")


def test_a_hall_that_does_not_open_within_two_weeks_promises_nothing() -> None:
    shut = replace(WORK, hours=replace(WORK.hours, weekdays=(), workdays=("2026-03-02",)))
    story = Story(shut).at("09:00")
    story.close("1")
    story.at("18:00")
    assert sign(story).opens is None


def test_a_sign_that_hears_nothing_says_since_when(story: Story) -> None:
    assert sign(story, silent_ms=STALE_AFTER).stale_since is None
    assert sign(story, silent_ms=STALE_AFTER + 1).stale_since == story.now - STALE_AFTER - 1


def test_of_a_window_the_hall_does_not_have_nothing_is_known(story: Story) -> None:
    assert window_sign(story.hall, "77", story.now, heard_at=story.now) is None
    assert window_sign(Hall(), "1", story.now, heard_at=story.now) is None


# --- in a browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("hall")) as server:
        server.client().do("1", "open")
        yield server


@pytest.fixture(scope="module")
def display(server: Server) -> Iterator[Display]:
    with Display(server.url) as display:
        yield display


@pytest.fixture
def hall(server: Server) -> Client:
    return server.client()


def test_a_press_changes_the_sign_of_its_window_from_waiting_to_called_to_serving(
    display: Display, hall: Client, pages: Pages
) -> None:
    page = pages.open(f"{display.url}/windows/1/sign", TABLET)
    now = page.locator(".sign")
    expect(now).to_have_attribute("data-saying", "idle")
    hall.issue("A")
    label = hall.do("1", "call-next").json["ticket"]["label"]
    expect(page.locator(".says")).to_contain_text("请")
    expect(page.locator(".label")).to_have_text(f"{label}号")
    hall.do("1", "start")
    expect(now).to_have_attribute("data-saying", "serving")
    hall.do("1", "pause")
    hall.do("1", "finish")
    expect(page.locator(".tells")).to_contain_text("暂停服务")
    hall.do("1", "open")
    expect(now).to_have_attribute("data-saying", "idle")


@pytest.mark.parametrize("size", [TABLET, TALL, {"width": 800, "height": 480}])
def test_nothing_of_a_sign_is_cut_off(display: Display, hall: Client, pages: Pages, size: dict[str, int]) -> None:
    page = pages.open(f"{display.url}/windows/1/sign", size)
    hall.issue("B")
    hall.do("1", "call-next")
    expect(page.locator(".label")).to_be_visible()
    outside = page.evaluate(
        """[...document.querySelectorAll(".sign p, .sign h1, .sign time")].filter(one => {
            const box = one.getBoundingClientRect();
            return box.left < 0 || box.top < 0 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1;
        }).map(one => one.className || one.tagName)"""
    )
    assert outside == []
    hall.do("1", "no-show")


def test_a_window_the_hall_does_not_have_has_no_sign(display: Display, pages: Pages) -> None:
    page = pages.open(f"{display.url}/windows/1/sign", TABLET)
    assert page.request.get(f"{display.url}/windows/99/sign").status == 404
