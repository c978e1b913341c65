"""The console of a window in a browser, used as a person would."""

from __future__ import annotations

from browser import DESK, Pages
from playwright.sync_api import Page, expect
from servers import HALL, Server


def console(pages: Pages, server: Server, window: str = "1", language: str = "zh") -> Page:
    page = pages.open(f"{server.url}/halls/{HALL}/windows/{window}?lang={language}", DESK)
    expect(page.locator("body")).to_have_attribute("data-link", "up")
    return page


def press(page: Page, key: str) -> None:
    """Press a key once the press before is over: what is pressed earlier counts for a finger that was too quick."""
    expect(page.locator("body")).not_to_have_attribute("data-pressing", "")
    page.keyboard.press(key)


def showing(page: Page, state: str) -> None:
    expect(page.locator("#state")).to_have_class(state)
