"""Follows a hall and keeps its board up to date: one board for any number of screens."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import gevent
from gevent.event import Event

from display.board import Board, Wait, board, changes_at
from display.calls import Calls
from queue_server.domain.events import Instant
from queue_server.journal.follow import Follower
from queue_server.journal.replica import Replica, clock
from queue_server.journal.store import SqliteStore
from queue_server.serving import Audience

SCREENS = 1000
WAITS_EVERY = 10.0
WAITS_KEPT = 60.0
"""Seconds after which an expected wait is no longer shown."""
TIMEOUT = 5.0
REST = 0.03
"""Seconds between two boards at most rates, so that a rush costs a render for many events and not one for each."""

log = logging.getLogger("bianmin.display")


class Watch:
    """A copy of a hall, and the board made of it. Start it once; read `board` and `version` at any time.

    `version` grows with every change of the board, over restarts too; the audience is rung with it. `listeners` are
    called at once whenever the copy changes.
    """

    def __init__(self, server: str, hall: str, *, screens: int = SCREENS) -> None:
        self._server = urlsplit(server)
        self._wake = Event()
        self._offset = 0
        self._waits: dict[str, Wait] = {}
        self._waits_at = 0.0
        self._started = time.monotonic()
        self._calls = Calls()
        self.replica = Replica(SqliteStore(":memory:"), hall)
        self.follower = Follower(server, hall, self.replica, on_change=self._changed)
        self.listeners: list[Callable[[], None]] = [self._wake.set]
        self.audience = Audience(screens)
        self.version = clock()
        self.board: Board | None = None
        self.broken = Event()
        self._greenlets: list[Any] = []

    def start(self) -> None:
        """Begin. A board that is no longer made must not look alive, so whatever breaks this ends the program."""
        for work in (self.follower.run, self._look_for_ever, self._ask_for_ever):
            greenlet = gevent.spawn(work)
            greenlet.link_exception(lambda _: self.broken.set())
            self._greenlets.append(greenlet)

    def stop(self) -> None:
        self.follower.stop()
        gevent.killall(self._greenlets)
        self.audience.close()

    def now(self) -> Instant:
        """The hall server's time, as far as it is known."""
        return clock() + self._offset

    @property
    def heard_at(self) -> Instant:
        """When the hall was last heard of; the start of this program if it never was."""
        heard = self.follower.heard_at
        return self.now() - round((time.monotonic() - (self._started if heard is None else heard)) * 1000)

    def stream(self, environ: dict[str, Any]) -> Iterator[bytes]:
        """The body of a doorbell's response."""

        def read(version: int) -> tuple[bytes, int]:
            return (b"", version) if version == self.version else (_ring(self.version), self.version)

        return self.audience.stream(environ, -1, read)

    # --- keeping the board

    def _changed(self) -> None:
        for listener in self.listeners:
            listener()

    def _look_for_ever(self) -> None:
        while True:
            self._wake.wait(self._pause())
            self._wake.clear()
            self.look()
            gevent.sleep(REST)

    def _pause(self) -> float:
        now = self.now()
        at = changes_at(self._calls.stage, self._calls.all, now, heard_at=self.heard_at)
        return max(REST, (at - now) / 1000)

    def look(self) -> None:
        """Make the board anew, and tell everyone if it has changed."""
        self._calls.read(self.replica)
        calls = self._calls.all
        # A call cannot lie in the future: where it seems to, this machine's idea of the hall's time is late.
        now = max(self.now(), calls[-1].at if calls else 0)
        known = self._waits if time.monotonic() - self._waits_at < WAITS_KEPT else {}
        made = board(self.replica.hall, self._calls.stage, calls, now, waits=known, heard_at=self.heard_at)
        if made != self.board:
            self.board = made
            self.version += 1
            self.audience.publish(self.version, _ring(self.version))

    def _ask_for_ever(self) -> None:
        while True:
            try:
                self._ask()
            except (OSError, HTTPException, ValueError, KeyError) as error:
                log.info("waits not known: %s", error)
            self._wake.set()
            gevent.sleep(WAITS_EVERY if self._waits_at else 1)

    def _ask(self) -> None:
        """Ask the hall server for what only it can say: its time and the waits it predicts."""
        asked = clock()
        kind = HTTPSConnection if self._server.scheme == "https" else HTTPConnection
        connection = kind(self._server.netloc, timeout=TIMEOUT)
        try:
            connection.request("GET", f"{self._server.path.rstrip('/')}/api/v1/halls/{self.replica.code}")
            hall = json.load(connection.getresponse())
        finally:
            connection.close()
        self._offset = _instant(hall["at"]) - (asked + clock()) // 2
        self._waits = {q["code"]: (q["wait"]["low"], q["wait"]["high"]) for q in hall["queues"] if q["wait"]}
        self._waits_at = time.monotonic()


def _instant(moment: str) -> Instant:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


def _ring(version: int) -> bytes:
    return b"id: %d\ndata: %d\n\n" % (version, version)
