"""Asks the hall server for what only it can say: its time, and the waits it predicts."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlsplit

import gevent
from gevent.event import Event

from display.board import Wait
from queue_server.domain.events import Instant
from queue_server.journal.replica import clock

WAITS_EVERY = 10.0
WAITS_KEPT = 75.0
"""Seconds after which an expected wait is no longer shown."""
OWN_WAIT_EVERY = 30.0
"""Seconds after which the wait of a single ticket is asked for again."""
TIMEOUT = 5.0

log = logging.getLogger("bianmin.display")


class Asking:
    """`offset`: ms to add to this machine's clock to have the hall's. `seq`: how long the hall's journal was when last
    asked; None before. `told` is called when the waits are new."""

    def __init__(self, server: str, hall: str, told: Callable[[], None]) -> None:
        self._server = urlsplit(server)
        self._path = f"{self._server.path.rstrip('/')}/api/v1/halls/{hall}"
        self._told = told
        self._connection: HTTPConnection | None = None
        self._waits: dict[str, Wait] = {}
        self._waits_at = 0.0
        self._own: dict[str, tuple[float, Wait | None]] = {}
        self._wanted: dict[str, Callable[[], object]] = {}
        self._wake = Event()
        self.offset = 0
        self.seq: int | None = None

    @property
    def waits(self) -> dict[str, Wait]:
        """Expected waits by queue code; empty when they are too old."""
        return self._waits if time.monotonic() - self._waits_at < WAITS_KEPT else {}

    def wait_of(self, ticket: str) -> Wait | None:
        """What is expected for one ticket, None if that is not known or too old."""
        at, wait = self._own.get(ticket, (0.0, None))
        return wait if time.monotonic() - at < WAITS_KEPT else None

    def want(self, ticket: str, told: Callable[[], object]) -> None:
        """Let the wait of a ticket be known, and soon anew; `told` is called when it has been asked for."""
        if time.monotonic() - self._own.get(ticket, (-OWN_WAIT_EVERY, None))[0] >= OWN_WAIT_EVERY:
            self._wanted.setdefault(ticket, told)
            self._wake.set()

    def forget(self, ticket: str) -> None:
        self._own.pop(ticket, None)
        self._wanted.pop(ticket, None)

    def run(self) -> None:
        """Ask for ever; what cannot be had is not known."""
        halls_at = 0.0
        while True:
            try:
                if time.monotonic() - halls_at >= (WAITS_EVERY if self._waits_at else 1):
                    halls_at = time.monotonic()
                    self._ask_hall()
                self._ask_tickets()
            except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
                log.info("waits not known: %s", error)
                self._close()
                gevent.sleep(1)
            self._wake.wait(max(0.1, halls_at + (WAITS_EVERY if self._waits_at else 1) - time.monotonic()))
            self._wake.clear()

    def _ask_hall(self) -> None:
        asked = clock()
        hall = self._get("")
        self.offset = _instant(hall["at"]) - (asked + clock()) // 2
        self._waits = {q["code"]: (q["wait"]["low"], q["wait"]["high"]) for q in hall["queues"] if q["wait"]}
        self._waits_at = time.monotonic()
        self.seq = int(hall["seq"])
        self._told()

    def _ask_tickets(self) -> None:
        while self._wanted:
            ticket, told = self._wanted.popitem()
            wait = self._get(f"/tickets/{quote(ticket, safe='')}").get("wait")
            self._own[ticket] = time.monotonic(), (wait["low"], wait["high"]) if wait else None
            told()

    def _get(self, path: str) -> Any:
        if self._connection is None:
            kind = HTTPSConnection if self._server.scheme == "https" else HTTPConnection
            self._connection = kind(self._server.netloc, timeout=TIMEOUT)
        self._connection.request("GET", self._path + path)
        return json.load(self._connection.getresponse())

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _instant(moment: str) -> Instant:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
