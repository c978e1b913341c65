"""Somebody at a running kiosk, through its live page (`kiosk.live`): looks, touches, waits. For tests and pictures."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import urllib3

from kiosk.patience import PATIENCE

Spot = dict[str, Any]
"""Something on the screen, as `kiosk.live.describe` tells it."""


class Visitor:
    """`Visitor("http://127.0.0.1:7001").touch("queue:A")`. Touches by tag, waits until a thing is there to touch."""

    def __init__(self, url: str, *, seconds: float = 30) -> None:
        """`seconds` is how long it waits for anything before it raises TimeoutError."""
        self._url, self._seconds = url.rstrip("/"), seconds
        self._http = urllib3.PoolManager(retries=False)

    def screen(self) -> dict[str, Any]:
        """What is written where and what can be touched."""
        screen: dict[str, Any] = self._http.request("GET", f"{self._url}/screen").json()
        return screen

    @property
    def texts(self) -> list[str]:
        """Everything that can be read now, lines joined."""
        return [spot["text"].replace("\n", "") for spot in self.screen()["texts"]]

    @property
    def tags(self) -> list[str]:
        """Everything that can be touched now."""
        return [spot["tag"] for spot in self.screen()["targets"]]

    def picture(self) -> bytes:
        """The screen as PNG."""
        return self._http.request("GET", f"{self._url}/picture.png").data

    def waits_until(self, condition: Callable[[], object], what: str = "") -> None:
        deadline = time.monotonic() + self._seconds
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what or condition}; the screen says {self.texts}, offers {self.tags}")
            time.sleep(0.05)

    def reads(self, text: str) -> None:
        """Wait until this text is on the screen."""
        self.waits_until(lambda: text in self.texts, f"never read {text!r}")

    def touch(self, tag: str) -> None:
        """Touch the target of this tag, once it has been there long enough not to be a double tap."""
        self.waits_until(lambda: tag in self.tags, f"never saw {tag!r}")
        time.sleep(PATIENCE.settle + 0.05)
        x, y = self._middle(tag)
        self._finger("down", x, y)
        self._finger("up", x, y)

    def knock(self, text: str, times: int) -> None:
        """Touch a text, `times` times in a row."""
        self.reads(text)
        screen = self.screen()
        spot = next(spot for spot in screen["texts"] if spot["text"].replace("\n", "") == text)
        x, y = (spot["x"] + spot["w"] / 2) / screen["width"], (spot["y"] + spot["h"] / 2) / screen["height"]
        for _ in range(times):
            self._finger("down", x, y)
            self._finger("up", x, y)

    def drag(self, tag: str, by: float, *, seconds: float = 0) -> None:
        """Put a finger on the target and move it up by a part of the screen's height, in about so many seconds."""
        x, y = self._middle(tag)
        self._finger("down", x, y)
        for step in range(1, 11):
            time.sleep(seconds / 10)
            self._finger("move", x, y - by * step / 10)
        self._finger("up", x, y - by)

    def _middle(self, tag: str) -> tuple[float, float]:
        screen = self.screen()
        spot = next(spot for spot in screen["targets"] if spot["tag"] == tag)
        return (spot["x"] + spot["w"] / 2) / screen["width"], (spot["y"] + spot["h"] / 2) / screen["height"]

    def _finger(self, kind: str, x: float, y: float) -> None:
        self._http.request("POST", f"{self._url}/touch", json={"kind": kind, "x": x, "y": y})
