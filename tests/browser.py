"""A real Chromium, and the programs whose pages it opens.

Pages are watched while they are used: a script error or a refused resource fails the test that caused it.
"""

from __future__ import annotations

import selectors
import subprocess
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import pytest
from playwright.sync_api import Browser, Page
from servers import HALL, START_SECONDS

from bench import browser

BOARD = {"width": 1920, "height": 1080}
DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 780}
PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.chromium() as running:
        yield running


class Pages:
    """Opens pages, each with its own context, and collects what went wrong in them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.errors: list[str] = []

    def open(self, url: str, size: dict[str, int], **context: str) -> Page:
        page = self._browser.new_context(viewport=size, **context).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.append(line.text) if "Security Policy" in line.text else None)
        page.goto(url)
        return page

    def close(self) -> None:
        for context in self._browser.contexts:
            context.close()


@pytest.fixture
def pages(chromium: Browser) -> Iterator[Pages]:
    opened = Pages(chromium)
    yield opened
    opened.close()
    assert opened.errors == []


class Display:
    """`python -m display` for the hall of a server, on a free port which it keeps over restarts."""

    def __init__(self, server: str, *options: str) -> None:
        self._server = server
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        command = [sys.executable, "-m", "display", "--server", self._server, "--hall", HALL, "--port", str(self.port)]
        self._process = subprocess.Popen([*command, *self._options], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._process.stdout, selectors.EVENT_READ)
            line = self._process.stdout.readline() if waiting.select(START_SECONDS) else ""
        assert line, "the display did not start"
        self.port = int(line.split("/")[2].rpartition(":")[2])
        return self

    def stop(self) -> int:
        """End it as an operator would; its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.terminate()
        try:
            return process.wait(20)
        finally:
            process.kill()
            assert process.stdout is not None
            process.stdout.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
