"""The voice of a zone in real browsers: one page speaks, to the end and without gaps, and nothing old."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import BOARD, PATIENCE_MS, Display, Pages
from playwright.sync_api import Page, expect
from servers import CITY, Client, Server, until

from display.voice import sound
from display.voice.pack import Pack

expect.set_options(timeout=PATIENCE_MS)

ZONES = """
    zones:
      - {code: east, name: {zh: 东区}, windows: ["1", "2"], voice: {languages: [zh], readings: 1, too_old_seconds: 600}}
      - {code: west, name: {zh: 西区}, windows: ["3", "4"], silent: true}
"""
CLIPS = ("chime", "calls/zh/any-ticket", "calls/zh/any-window")
"""A bare pack: every call is said with these."""

LISTEN = """
window.played = [];
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (at) {
  window.played.push({ at, lasts: this.buffer.duration, ready: this.context.currentTime });
  return start.call(this, at);
};
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("hall")
    city = folder / "zones.yaml"
    city.write_text(CITY + ZONES, encoding="utf-8")
    with Server(folder, config=city) as server:
        for window in "1234":
            server.client().do(window, "open")
        yield server


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("voice")
    pack = Pack.begun(folder)
    time = np.arange(sound.RATE // 5) / sound.RATE
    for number, clip in enumerate(CLIPS):
        pack.put(clip, (0.3 * np.sin(2 * np.pi * (220 + 110 * number) * time)).astype(np.float32), "tone")
    return folder


@pytest.fixture(scope="module")
def display(server: Server, pack: Path) -> Iterator[Display]:
    with Display(server.url, "--voice", str(pack)) as display:
        yield display


@pytest.fixture
def hall(server: Server) -> Client:
    return server.client()


def call(hall: Client, window: str) -> str:
    hall.do(window, "no-show")
    hall.issue("A")
    return str(hall.do(window, "call-next").json["ticket"]["label"])


def speaking(pages: Pages, url: str, state: str) -> Page:
    page = pages.open("about:blank", BOARD)
    page.add_init_script(LISTEN)
    page.goto(url)
    expect(page.locator("#voice")).to_have_attribute("data-state", state)
    return page


def played(page: Page) -> list[dict[str, float]]:
    found: list[dict[str, float]] = page.evaluate("window.played")
    return found


def wait_for(page: Page, clips: int) -> None:
    page.wait_for_function("clips => window.played.length >= clips", arg=clips)


def test_a_call_is_said_once_each_clip_beginning_where_the_last_ended(
    display: Display, hall: Client, pages: Pages
) -> None:
    page = speaking(pages, f"{display.url}/board/east?voice=1", "on")
    call(hall, "1")
    wait_for(page, len(CLIPS))
    page.wait_for_timeout(300)
    clips = played(page)
    assert len(clips) == len(CLIPS)
    assert clips[0]["at"] >= clips[0]["ready"], "nothing is begun in its middle"
    pauses = [round(b["at"] - a["at"] - a["lasts"], 4) for a, b in pairwise(clips)]
    assert all(0 <= pause <= 0.5 for pause in pauses), "joined to the sample, but for the pauses that were ordered"


def test_two_calls_at_once_are_said_one_after_the_other(display: Display, hall: Client, pages: Pages) -> None:
    page = speaking(pages, f"{display.url}/board/east?voice=1", "on")
    call(hall, "1")
    call(hall, "2")
    wait_for(page, 2 * len(CLIPS) - 1)  # one chime does if they were joined
    for earlier, later in pairwise(played(page)):
        assert later["at"] >= earlier["at"] + earlier["lasts"] - 1e-6


def test_one_page_speaks_and_the_next_goes_on_when_it_has_gone(display: Display, hall: Client, pages: Pages) -> None:
    first = speaking(pages, f"{display.url}/board/east?voice=1", "on")
    second = speaking(pages, f"{display.url}/board/east?voice=1", "waiting")
    call(hall, "1")
    wait_for(first, len(CLIPS))
    assert played(second) == []
    first.close()
    expect(second.locator("#voice")).to_have_attribute("data-state", "on")
    call(hall, "2")
    wait_for(second, len(CLIPS))


def test_a_page_loaded_anew_says_nothing_old(display: Display, hall: Client, pages: Pages) -> None:
    page = speaking(pages, f"{display.url}/board/east?voice=1", "on")
    call(hall, "1")
    wait_for(page, len(CLIPS))
    page.reload()
    expect(page.locator("#voice")).to_have_attribute("data-state", "on")
    new = call(hall, "2")
    wait_for(page, len(CLIPS))
    page.wait_for_timeout(500)
    assert len(played(page)) == len(CLIPS), f"only {new} is said"


def test_what_was_called_while_nobody_spoke_is_said_when_it_is_not_too_old(
    display: Display, hall: Client, pages: Pages
) -> None:
    label = call(hall, "1")
    board = pages.open(f"{display.url}/board/east", BOARD)
    expect(board.locator(f'.list [data-label="{label}"]')).to_be_visible()
    page = speaking(pages, f"{display.url}/board/east?voice=1", "on")
    wait_for(page, len(CLIPS))


def test_a_silent_zone_and_a_call_elsewhere_are_not_said(display: Display, hall: Client, pages: Pages) -> None:
    silent = pages.open(f"{display.url}/board/west?voice=1", BOARD)
    assert silent.locator("#voice").count() == 0
    assert silent.request.get(f"{display.url}/voice/west").status == 404
    page = speaking(pages, f"{display.url}/board/east?voice=1", "on")
    expect(silent.locator(".silent")).to_contain_text("静音叫号")
    assert page.locator(".silent").count() == 0
    label = call(hall, "3")
    expect(silent.locator(f'.list [data-label="{label}"]')).to_be_visible()
    assert played(page) == []


def test_a_clip_that_is_lost_is_silence_and_the_rest_is_said(display: Display, hall: Client, pages: Pages) -> None:
    page = pages.open("about:blank", BOARD)
    page.add_init_script(LISTEN)
    page.route("**/clips/chime.ogg", lambda route: route.abort())
    page.goto(f"{display.url}/board/east?voice=1")
    expect(page.locator("#voice")).to_have_attribute("data-state", "on")
    call(hall, "1")
    wait_for(page, len(CLIPS) - 1)


def test_the_display_says_who_speaks_and_ends_well_with_a_page_listening(
    server: Server, pack: Path, pages: Pages
) -> None:
    display = Display(server.url, "--voice", str(pack)).start()
    page = speaking(pages, f"{display.url}/board/east?voice=1", "on")

    def voices() -> Any:
        return page.request.get(f"{display.url}/healthz").json()["voices"]

    until(lambda: voices() == {"east": 1})
    assert display.stop() == 0


def test_a_board_whose_zone_falls_silent_stops_offering_to_speak_and_offers_it_again_when_it_may(
    tmp_path: Path, pack: Path, pages: Pages
) -> None:
    loud = CITY + ZONES
    quiet = loud.replace("voice: {languages: [zh]", "silent: true, voice: {languages: [zh]")
    city = tmp_path / "zones.yaml"
    city.write_text(loud, encoding="utf-8")
    with Server(tmp_path, config=city) as server, Display(server.url, "--voice", str(pack)) as display:
        page = speaking(pages, f"{display.url}/board/east?voice=1", "on")
        for told, is_silent in ((quiet, True), (loud, False)):
            server.stop()
            city.write_text(told, encoding="utf-8")
            server.start()
            expect(page.locator(".silent")).to_have_count(int(is_silent))
            expect(page.locator("#voice")).to_have_count(int(not is_silent))
        expect(page.locator("#voice")).to_have_attribute("data-state", "on")


def test_a_zone_shows_its_own_windows_and_two_displays_agree(server: Server, hall: Client, pages: Pages) -> None:
    with Display(server.url) as one, Display(server.url) as other:
        boards = [pages.open(f"{display.url}/board/west", BOARD) for display in (one, other)]
        elsewhere = call(hall, "1")
        here = [call(hall, window) for window in "343"]
        for board in boards:
            expect(board.locator(f'.list [data-label="{here[-1]}"]')).to_be_visible()
            assert board.locator(f'[data-label="{elsewhere}"]').count() == 0
        places = [
            board.eval_on_selector_all(
                ".card", "all => all.map(one => [one.dataset.label, getComputedStyle(one).gridArea])"
            )
            for board in boards
        ]
        assert places[0] == places[1]
        assert boards[0].request.get(f"{one.url}/board/north").status == 404
