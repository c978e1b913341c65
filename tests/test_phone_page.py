"""A resident's ticket on a phone: pure stories first, then a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from browser import PATIENCE_MS, PHONE, Display, Pages
from hall_stories import HALL, Story, text
from playwright.sync_api import Page, expect
from servers import CITY, Client, Server, until

from display.app import create_app
from display.board import STALE_AFTER
from display.phone import Place, place
from display.speaker import Speakers
from display.watch import Watch
from queue_server.domain import commands as c
from queue_server.domain.configuration import Disclosures
from queue_server.domain.life import State

expect.set_options(timeout=PATIENCE_MS)

MATERIALS = ("身份证", "照片1张")
WITH_MATERIALS = replace(
    HALL,
    services=(
        replace(
            HALL.services[0], name=text("执照"),
            disclosures=Disclosures(
                basis="法", conditions="有", materials=MATERIALS, process=("申请",), time_limit="1天",
                completion="领取", fee="不收费",
            ),
        ),
        *HALL.services[1:],
    ),
)  # fmt: skip


@pytest.fixture
def story() -> Story:
    return Story(WITH_MATERIALS).at("09:00")


def taken(story: Story, service: str = "licence") -> str:
    ticket = f"t{len(story.facts)}"
    story.do(c.IssueTicket(ticket=ticket, service=service))
    return ticket


def shown(story: Story, ticket: str, *, wait: tuple[int, int] | None = None, silent_ms: int = 0) -> Place | None:
    return place(story.hall, ticket, story.now, wait=wait, heard_at=story.now - silent_ms)


def test_a_ticket_that_waits_tells_its_place_its_windows_and_what_to_bring(story: Story) -> None:
    taken(story)
    page = shown(story, taken(story), wait=(7, 12))
    assert page is not None
    assert (page.label, page.state, page.ahead, page.wait) == ("A002", State.WAITING, 1, (7, 12))
    assert page.windows == ("1", "3")
    assert page.bring == MATERIALS


def test_a_called_ticket_tells_its_window_and_since_when_and_no_wait(story: Story) -> None:
    ticket = taken(story)
    story.call("1")
    page = shown(story, ticket, wait=(0, 5))
    assert page is not None
    assert (page.state, page.windows, page.rings, page.wait) == (State.CALLED, ("1",), story.now, None)


def test_a_ticket_is_dead_when_its_day_is_over_whether_or_not_another_has_begun(story: Story) -> None:
    ticket = taken(story)
    story.at("23:59")
    assert shown(story, ticket) is not None
    story.on("2026-03-03").at("00:00")
    assert shown(story, ticket) is None
    story.at("08:30").open_day()
    assert shown(story, ticket) is None


def test_a_display_that_has_just_been_started_calls_no_ticket_unknown() -> None:
    watch = Watch("http://127.0.0.1:1", "H1")
    client = create_app(watch, Speakers(watch, None)).test_client()
    paths = ("/t/01a205cc-167b-7051-aa20-c74b8b558a88", "/t/01a205cc-167b-7051-aa20-c74b8b558a88/changes")
    assert [client.get(path).status_code for path in paths] == [503, 503]
    assert "正在连接" in client.get(paths[0]).text
    watch._asking.seq = watch.replica.seq + 1
    assert [client.get(path).status_code for path in paths] == [503, 503]
    watch._asking.seq = watch.replica.seq
    assert [client.get(path).status_code for path in paths] == [404, 404]
    watch.stop()


def test_a_finished_ticket_asks_for_nothing_any_more(story: Story) -> None:
    ticket = taken(story)
    story.call("1")
    story.start("1")
    story.finish("1")
    page = shown(story, ticket)
    assert page is not None
    assert (page.state, page.windows, page.bring, page.rings) == (State.FINISHED, (), (), None)


def test_a_page_that_may_be_old_says_since_when(story: Story) -> None:
    ticket = taken(story)
    page = shown(story, ticket, silent_ms=STALE_AFTER + 1)
    assert page is not None
    assert page.stale_since == story.now - STALE_AFTER - 1


# --- in a browser

DISCLOSED = (
    "licence: {name: {zh: 执照, en: Licence}, minutes: 10, spread: 0.7, disclosures: {basis: 法, conditions: 有, "
    "materials: [身份证, 照片1张], process: [申请], time_limit: 1天, completion: 领取, fee: 不收费}}"
)
PROBE = """
window.beeps = 0; window.hums = 0;
const start = AudioScheduledSourceNode.prototype.start;
AudioScheduledSourceNode.prototype.start = function (...at) { window.beeps += 1; return start.apply(this, at); };
Navigator.prototype.vibrate = () => { window.hums += 1; return true; };
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("hall")
    city = folder / "disclosed.yaml"
    told = CITY.replace("licence: {name: {zh: 执照, en: Licence}, minutes: 10, spread: 0.7}", DISCLOSED)
    assert told != CITY
    city.write_text(told, encoding="utf-8")
    with Server(folder, config=city) as server:
        server.client().do("1", "open")
        yield server


@pytest.fixture(scope="module")
def display(server: Server) -> Iterator[Display]:
    with Display(server.url) as display:
        yield display


@pytest.fixture
def hall(server: Server) -> Iterator[Client]:
    client = server.client()
    yield client
    client.do("1", "no-show")
    client.do("1", "finish")


def ticket_of(hall: Client) -> str:
    return str(hall.post("/tickets", {"service": "licence"}).json["id"])


def opened(pages: Pages, url: str) -> Page:
    page = pages.open("about:blank", PHONE)
    page.add_init_script(PROBE)
    page.goto(url)
    expect(page.locator("body")).to_have_attribute("data-link", "up")
    return page


def test_a_phone_shows_place_wait_and_materials_and_then_the_window_by_itself(
    display: Display, hall: Client, pages: Pages
) -> None:
    ticket = ticket_of(hall)
    page = opened(pages, f"{display.url}/t/{ticket}?lang=zh")
    expect(page.locator(".place")).to_contain_text("下一位就是您")
    expect(page.locator(".bring li")).to_have_text(list(MATERIALS))
    hall.post("/windows/1/call", {"ticket": ticket})
    expect(page.locator(".go strong")).to_have_text("1号窗口")
    page.locator("header a").click()
    expect(page.locator(".go strong")).to_have_text("Window 1")


def test_the_expected_wait_is_that_of_the_ticket_itself(display: Display, hall: Client, pages: Pages) -> None:
    for _ in range(4):
        ticket = ticket_of(hall)
    page = opened(pages, f"{display.url}/t/{ticket}?lang=en")

    def told() -> str:
        wait = hall.get(f"/tickets/{ticket}").json["wait"]
        return f"{wait['low']}–{wait['high']} min" if wait["low"] else f"under {wait['high']} min"

    until(lambda: told() in page.locator(".wait").inner_text())


def test_who_asked_for_it_is_reminded_by_sound_and_vibration_when_called_and_when_called_again(
    display: Display, hall: Client, pages: Pages
) -> None:
    ticket = ticket_of(hall)
    page = opened(pages, f"{display.url}/t/{ticket}?lang=zh")
    page.locator("#remind").click()
    expect(page.locator("#remind")).to_contain_text("已开启提醒")
    assert page.evaluate("[beeps, hums]") == [0, 0]
    hall.post("/windows/1/call", {"ticket": ticket})
    page.wait_for_function("window.hums === 1 && window.beeps === 6")


def test_who_did_not_ask_is_not_disturbed(display: Display, hall: Client, pages: Pages) -> None:
    ticket = ticket_of(hall)
    page = opened(pages, f"{display.url}/t/{ticket}?lang=zh")
    hall.post("/windows/1/call", {"ticket": ticket})
    expect(page.locator(".go strong")).to_have_text("1号窗口")
    assert page.evaluate("[beeps, hums]") == [0, 0]


def test_without_javascript_the_page_says_the_same_and_renews_itself(
    display: Display, hall: Client, pages: Pages
) -> None:
    ticket = ticket_of(hall)
    page = pages.open(f"{display.url}/t/{ticket}?lang=zh", PHONE, java_script_enabled=False)  # type: ignore[arg-type]
    assert "等候中" in page.content()
    assert 'http-equiv="refresh"' in page.content()
    expect(page.locator("#remind")).to_be_hidden()


def test_all_of_a_phone_page_is_smaller_than_50_kb(display: Display, hall: Client, pages: Pages) -> None:
    ticket = ticket_of(hall)
    page = pages.open("about:blank", PHONE)
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    page.goto(f"{display.url}/t/{ticket}?lang=zh")
    expect(page.locator("body")).to_have_attribute("data-link", "up")
    until(lambda: page.wait_for_timeout(20) or len(sizes) >= 5)
    assert sum(sizes) < 50_000


def test_a_phone_cut_off_says_so_and_finds_its_ticket_again(server: Server, hall: Client, pages: Pages) -> None:
    ticket = ticket_of(hall)
    with Display(server.url) as display:
        page = opened(pages, f"{display.url}/t/{ticket}?lang=zh")
        display.stop()
        expect(page.locator("#lost")).to_be_visible()
        hall.post("/windows/1/call", {"ticket": ticket})
        display.start()
        expect(page.locator(".go strong")).to_have_text("1号窗口")
        expect(page.locator("#lost")).to_be_hidden()


def test_a_ticket_of_another_day_is_kindly_told_to_be_none(display: Display, hall: Client, pages: Pages) -> None:
    page = pages.open(f"{display.url}/t/00000000-0000-7000-8000-000000000000?lang=zh", PHONE)
    expect(page.locator("h1")).to_have_text("没有找到这张号票")
    expect(page.locator(".advice")).to_contain_text("号码仅当日有效")
    for path in ("", "/changes"):
        assert page.request.get(f"{display.url}/t/0000{path}").status == 404
