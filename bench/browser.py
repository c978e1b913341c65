"""The browser in which pages are tried and pictures of them taken.

Debian's `chromium-headless-shell` where it is installed: the same engine as `chromium` without the windows around it,
so that opening a page costs a fifth.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip


@contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """A browser without a window; `more`: flags besides."""
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert path, "install chromium (deploy/install does)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *more])
        yield browser
        browser.close()
