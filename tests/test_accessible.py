"""Every page against WCAG 2.2 A and AA, as far as a machine can tell: axe-core in a real browser finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import pytest
from browser import BOARD, DESK, PATIENCE_MS, PHONE, Display, Pages
from playwright.sync_api import Page, expect
from servers import CITY, HALL, Client, Server

expect.set_options(timeout=PATIENCE_MS)

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
QUIET = '{code: quiet, name: {zh: 静音区, en: Quiet wing}, windows: ["1", "2", "3"], silent: true}'
TABLET, TALL = {"width": 1280, "height": 800}, {"width": 1080, "height": 1920}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("hall")
    city = folder / "zones.yaml"
    city.write_text(f"{CITY}    zones: [{QUIET}]\n", encoding="utf-8")
    with Server(folder, config=city) as server:
        hall = server.client()
        for window in "123":
            hall.do(window, "open")
        for _ in range(6):
            hall.issue("A")
        hall.do("1", "call-next")
        hall.do("2", "call-next")
        hall.do("2", "start")
        hall.do("3", "pause")
        yield server


@pytest.fixture(scope="module")
def display(server: Server) -> Iterator[Display]:
    with Display(server.url) as display:
        yield display


@pytest.fixture
def hall(server: Server) -> Client:
    return server.client()


def violations(page: Page) -> list[str]:
    """One line for each element that breaks a rule; the rules every page is under must have looked at something."""
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES)
    looked_at = {rule["id"] for rule in found["passes"]}
    assert {"color-contrast", "document-title", "html-has-lang"} <= looked_at
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize(("path", "size"), [("/board", BOARD), ("/board", TALL), ("/board/quiet", BOARD)])
def test_the_board(display: Display, pages: Pages, path: str, size: dict[str, int]) -> None:
    page = pages.open(f"{display.url}{path}", size)
    expect(page.locator(".card").first).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("window", ["1", "2", "3", "4"])
def test_the_sign_of_a_window_that_calls_serves_pauses_or_is_closed(
    display: Display, pages: Pages, window: str
) -> None:
    page = pages.open(f"{display.url}/windows/{window}/sign", TABLET)
    expect(page.locator("body")).to_have_attribute("data-link", "up")
    assert violations(page) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_residents_ticket(display: Display, hall: Client, pages: Pages, language: str) -> None:
    waiting = pages.open(f"{display.url}/t/{hall.issue('B')}?lang={language}", PHONE)
    expect(waiting.locator("#remind")).to_be_visible()
    assert violations(waiting) == []
    called = hall.get().json["windows"][0]["ticket"]["id"]
    assert violations(pages.open(f"{display.url}/t/{called}?lang={language}", PHONE)) == []
    assert violations(pages.open(f"{display.url}/t/0?lang={language}", PHONE)) == []


def test_screens_that_have_lost_their_line(server: Server, hall: Client, pages: Pages) -> None:
    with Display(server.url) as display:
        shown = [
            pages.open(f"{display.url}{path}", size)
            for path, size in (
                ("/board", BOARD),
                ("/windows/1/sign", TABLET),
                (f"/t/{hall.issue('C')}", PHONE),
            )
        ]
        for page in shown:
            expect(page.locator("body")).to_have_attribute("data-link", "up")
    for page in shown:
        expect(page.locator("#lost")).to_be_visible()
        assert violations(page) == []


@pytest.mark.parametrize("path", ["/", f"/halls/{HALL}/windows/1", f"/halls/{HALL}/manage", f"/halls/{HALL}/services"])
def test_the_pages_of_the_hall_server(server: Server, pages: Pages, path: str) -> None:
    page = pages.open(f"{server.url}{path}", DESK)
    expect(page.locator("h1").first).to_be_visible()
    assert violations(page) == []
