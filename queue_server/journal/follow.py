"""Following a hall's feed from another program: keeps a `Replica` a copy of the hall, for as long as it runs."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from queue_server.journal.entry import Entry
from queue_server.journal.feed import FeedError, Hello, Parser
from queue_server.journal.replica import Diverged, Replica

SILENCE = 8.0
"""Seconds without a byte after which the line is taken for broken; the server speaks every 2.5 s."""
CONNECT_WITHIN = 2.0
"""A packet lost in a dead network is sent again ever later; a new attempt finds a mended one sooner."""
LONGEST_PAUSE = 1.0
"""Between two attempts: so long at most a mended line lies idle."""

log = logging.getLogger(__name__)


class Follower:
    """Run `run()` in a thread or greenlet. Read `replica` from the callback, or anywhere under the GIL.

    `heard_at` is the `time.monotonic()` of the last byte heard, None before the first. `clock` is what the server's
    clock said (ms UTC) and the `time.monotonic()` of that; None before it said so.
    """

    def __init__(
        self, server: str, hall: str, replica: Replica, *, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self._server = urlsplit(server)
        self._path = f"{self._server.path.rstrip('/')}/api/v1/halls/{hall}/feed"
        self._hall = hall
        self._on_change = on_change
        self._stopping = threading.Event()
        self._connection: HTTPConnection | None = None
        self._socket: socket.socket | None = None  # the connection forgets it once a stream has begun
        self.replica = replica
        self.connected = False
        self.heard_at: float | None = None
        self.clock: tuple[int, float] | None = None

    def run(self) -> None:
        """Follow until `stop()`; every failure is followed by another try."""
        pause = 0.1
        while not self._stopping.is_set():
            heard = self.heard_at
            try:
                self._follow_or_start_over()
            except (OSError, HTTPException, FeedError) as error:
                log.info("feed of %s lost: %s", self._hall, error)
            finally:
                self._disconnected()
            pause = 0.1 if self.heard_at != heard else min(pause * 2, LONGEST_PAUSE)
            self._stopping.wait(pause)

    def stop(self) -> None:
        self._stopping.set()
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                log.debug("the feed's socket was closed already")

    def _disconnected(self) -> None:
        connection, self._connection, self._socket = self._connection, None, None
        if connection is not None:
            connection.close()
        if self.connected:
            self.connected = False
            self._on_change()

    def _follow_or_start_over(self) -> None:
        try:
            self._follow()
        except Diverged as error:
            log.warning("the hall's journal has another history (%s); starting over", error)
            self.replica.start_over("")

    def _follow(self) -> None:
        kind = HTTPSConnection if self._server.scheme == "https" else HTTPConnection
        connection = self._connection = kind(self._server.netloc, timeout=CONNECT_WITHIN)
        connection.connect()
        self._socket = connection.sock
        self._socket.settimeout(SILENCE)
        headers = {"Accept": "text/event-stream"}
        if self.replica.seq:
            headers["Last-Event-ID"] = str(self.replica.seq)
        connection.request("GET", self._path, headers=headers)
        response = connection.getresponse()
        if response.status != 200:
            raise FeedError(f"the server answered {response.status} {response.reason}")
        parser = Parser(self._hall)
        while not self._stopping.is_set():
            chunk = response.read1(1 << 16)
            if not chunk:
                raise FeedError("the server ended the feed")
            self.heard_at = time.monotonic()
            entries: list[Entry] = []
            for message in parser.take(chunk):
                if isinstance(message, Hello):
                    self._greeted(message)
                else:
                    entries.append(message)
            if entries:
                self.replica.copy(entries)
                self._on_change()

    def _greeted(self, hello: Hello) -> None:
        """Check that the feed goes on where this copy stands."""
        if hello.at:
            self.clock = hello.at, time.monotonic()
        same = self.replica.seq == 0 or self.replica.store.journal_id == hello.journal
        # As long as this copy and yet another: nothing that comes next would show it.
        other = hello.last_seq == self.replica.seq and hello.last_hash not in {"", self.replica.hash}
        if not same or other or hello.last_seq < self.replica.seq:
            self.replica.start_over(hello.journal)
            raise FeedError("this is another journal, or an older state of it; starting over")
        if self.replica.seq == 0:
            self.replica.start_over(hello.journal)
        self.connected = True
        self._on_change()
