"""The hall board and a resident's page, in a real browser, from a real display of a real hall server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import BOARD, PATIENCE_MS, PHONE, Display, Pages
from playwright.sync_api import Page, expect
from servers import WINDOWS, Client, Server

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("hall")) as server:
        hall = server.client()
        for window in WINDOWS:
            hall.do(window, "open")
        yield server


@pytest.fixture(scope="module")
def display(server: Server) -> Iterator[Display]:
    with Display(server.url) as display:
        yield display


@pytest.fixture
def hall(server: Server) -> Iterator[Client]:
    """The hall, every window free again afterwards."""
    client = server.client()
    yield client
    for window in client.get().json["windows"]:
        if window["state"] == "called":
            client.do(window["code"], "no-show")
        elif window["state"] == "serving":
            client.do(window["code"], "finish")


def call(hall: Client, window: str) -> str:
    """A new ticket, called to a window; its label."""
    hall.issue("A")
    return str(hall.do(window, "call-next").json["ticket"]["label"])


def labels(page: Page, where: str) -> list[str]:
    return page.eval_on_selector_all(f"{where} [data-label]", "all => all.map(one => one.dataset.label)")


LIT_AT = """async ms => {
    const { hallTime, tellTimes } = await import("/shared/time.js");
    const lit = ms.map(at => {
        hallTime(at);
        tellTimes();
        return [...document.querySelectorAll(".card.lit")].map(one => one.dataset.label).sort();
    });
    const rings = [...document.querySelectorAll("[data-rings]")].map(one => [one.dataset.label, +one.dataset.rings]);
    return [lit, rings];
}"""
"""Which cards are lit when the hall's clock shows each of these times, and since when each is called."""


def test_a_call_appears_big_with_its_window_and_in_the_list(display: Display, hall: Client, pages: Pages) -> None:
    page = pages.open(f"{display.url}/board", BOARD)
    ticket = hall.issue("B")
    row = page.locator('[data-queue="B"]')
    expect(row.locator(".waiting")).to_have_text("1")
    label = hall.do("3", "call-next").json["ticket"]["label"]
    card = page.locator(f'.card[data-label="{label}"]')
    expect(card).to_have_text(f"{label} 3号窗口", use_inner_text=False)
    expect(card).to_have_class("card live")
    expect(page.locator(f'.list [data-label="{label}"] .window')).to_have_text("3")
    expect(row.locator(".waiting")).to_have_text("0")
    expect(row).to_contain_text(label)
    assert hall.get(f"/tickets/{ticket}").json["label"] == label


def test_the_numbers_of_the_big_area_are_seven_hundredths_of_the_height(
    display: Display, hall: Client, pages: Pages
) -> None:
    page = pages.open(f"{display.url}/board", BOARD)
    for window in WINDOWS * 2 + WINDOWS[:5]:
        last = call(hall, window)
        hall.do(window, "no-show")
    expect(page.locator(f'.card[data-label="{last}"]')).to_be_visible()
    assert page.locator(".places.of-21").count() == 1
    for part in ("b", ".window"):
        size = page.eval_on_selector(f".card {part}", "one => parseFloat(getComputedStyle(one).fontSize)")
        capital = 0.733 * size  # a digit's share of the font size in Noto Sans CJK
        assert capital / BOARD["height"] >= 0.07
    cut = page.eval_on_selector_all(
        ".card, .list li", "all => all.filter(one => one.scrollWidth > one.clientWidth).length"
    )
    assert cut == 0, "no number may be cut off"


def test_a_burst_of_twenty_calls_pushes_none_off(display: Display, hall: Client, pages: Pages) -> None:
    page = pages.open(f"{display.url}/board", BOARD)
    expected = set()
    for n in range(20):
        window = WINDOWS[n % len(WINDOWS)]
        expected.add(call(hall, window))
        hall.do(window, "no-show")
    seen: dict[str, set[str]] = {".places": set(), ".list": set()}
    while not all(expected <= labels_seen for labels_seen in seen.values()):
        page.wait_for_timeout(250)  # cards of the test before may still have their eight seconds, and pages turn
        for where in seen:
            seen[where] |= set(labels(page, where))


def test_a_call_flashes_for_six_seconds_by_the_halls_clock_on_every_board_alike(
    display: Display, hall: Client, pages: Pages
) -> None:
    page = pages.open(f"{display.url}/board", BOARD)
    first = call(hall, "1")
    expect(page.locator(f'.card[data-label="{first}"]')).to_be_visible()
    second = call(hall, "2")
    expect(page.locator(f'.card[data-label="{second}"]')).to_be_visible()
    _, called = page.evaluate(LIT_AT, [])
    since = dict(called)
    times = list(range(since[first] - 250, since[second] + 8_000, 250))
    lit, _ = page.evaluate(LIT_AT, times)
    for at, labels in zip(times, lit, strict=True):
        is_lit_half = at // 500 % 2 == 1
        assert labels == sorted(label for label, rings in called if is_lit_half and at - rings < 6_000)
    assert any(first in labels and second in labels for labels in lit)
    assert lit[-1] == []


def test_who_wants_no_motion_sees_no_flash(display: Display, hall: Client, pages: Pages) -> None:
    page = pages.open(f"{display.url}/board", BOARD)
    page.emulate_media(reduced_motion="reduce")
    label = call(hall, "1")
    expect(page.locator(f'.card[data-label="{label}"]')).to_be_visible()
    colours = page.evaluate(
        """label => [true, false].map(lit => {
            const card = document.querySelector(`.card[data-label="${label}"]`);
            card.classList.toggle("lit", lit);
            return getComputedStyle(card).backgroundColor;
        })""",
        label,
    )
    assert colours[0] == colours[1]


def test_a_board_cut_off_from_its_display_says_so_at_once_and_catches_up(
    server: Server, hall: Client, pages: Pages
) -> None:
    with Display(server.url) as display:
        page = pages.open(f"{display.url}/board", BOARD)
        expect(page.locator("body")).to_have_attribute("data-link", "up")
        display.stop()
        expect(page.locator("#lost")).to_be_visible()
        expect(page.locator("#lost p").first).to_have_text(re.compile(r"显示连接中断 \d+:\d\d"))
        label = call(hall, "5")
        display.start()
        expect(page.locator(f'.list [data-label="{label}"]')).to_be_visible()
        expect(page.locator("#lost")).to_be_hidden()


def test_a_board_of_a_dead_hall_keeps_what_it_showed_with_its_age_and_recovers(tmp_path: Path, pages: Pages) -> None:
    with Server(tmp_path) as server, Display(server.url) as display:
        server.client().do("1", "open")
        label = call(server.client(), "1")
        page = pages.open(f"{display.url}/board", BOARD)
        expect(page.locator(f'.card[data-label="{label}"]')).to_be_visible()
        expect(page.locator(".link")).to_be_visible()
        server.kill()
        stale = page.locator("#stale p").first
        expect(stale).to_have_text(re.compile(r"数据中断 \d+:\d\d"))
        told = stale.inner_text()
        expect(stale).not_to_have_text(told)
        assert label in labels(page, ".list")
        server.start()
        expect(page.locator("#stale")).to_have_count(0)
        client = server.client()
        client.do("1", "no-show")
        again = call(client, "1")
        expect(page.locator(f'.list [data-label="{again}"]')).to_be_visible()


def test_a_board_started_before_its_hall_waits_for_it(tmp_path: Path, pages: Pages) -> None:
    with Server(tmp_path) as server:
        server.stop()
        with Display(server.url) as display:
            page = pages.open(f"{display.url}/board", BOARD)
            expect(page.locator(".connecting")).to_be_visible()
            server.start()
            expect(page.locator("h1")).to_contain_text("测试大厅")


def test_the_display_ends_well(server: Server) -> None:
    display = Display(server.url).start()
    assert display.stop() == 0


def test_a_resident_sees_place_then_window_and_nothing_personal(display: Display, hall: Client, pages: Pages) -> None:
    first, second = hall.issue("C"), hall.issue("C")
    page = pages.open(f"{display.url}/t/{second}?lang=zh", PHONE)
    expect(page.locator(".state")).to_have_text("等候中")
    expect(page.locator(".place")).to_contain_text("1")
    hall.post(f"/tickets/{first}/void", {"reason": "test"})
    hall.do("6", "call-next")
    page.reload()
    expect(page.locator(".go strong")).to_have_text("6号窗口")
    page.goto(f"{display.url}/t/{second}?lang=en")
    expect(page.locator(".go strong")).to_have_text("Window 6")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_unknown_ticket_gets_advice(display: Display, pages: Pages) -> None:
    page = pages.open(f"{display.url}/t/0000?lang=zh", PHONE)
    expect(page.locator("h1")).to_have_text("没有找到这张号票")
    assert page.request.get(f"{display.url}/t/0000").status == 404
