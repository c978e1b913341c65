"""Sending a machine's own journal up to the hall it belongs to, in batches, each fact taken once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import msgspec

from queue_server.journal.entry import Entry
from queue_server.journal.replica import Replica

BATCH = 200
"""Entries sent at once at most."""
PAUSE = 5.0
"""Seconds between two looks at whether the hall still has everything (it may have been restored from a backup)."""
AGAIN = 1.0
"""Seconds until the next attempt, when one failed."""

log = logging.getLogger(__name__)


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One entry on its way up. `seq` is its place in the sender's journal."""

    seq: int
    id: str
    cause: str
    at: int
    kind: str
    data: msgspec.Raw


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of one sender in order. An empty batch only asks for the cursor. `last`: how far its journal goes."""

    journal: str
    entries: list[Parcel]
    last: int = 0


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The hall's answer: the sender's last seq it has."""

    cursor: int


def pack(journal: str, entries: list[Entry], last: int = 0) -> bytes:
    parcels = [
        Parcel(seq=e.seq, id=e.id, cause=e.cause, at=e.at, kind=e.kind, data=msgspec.Raw(e.data)) for e in entries
    ]
    return msgspec.json.encode(Batch(journal=journal, entries=parcels, last=last))


class PushError(Exception):
    """The hall did not take a batch."""


class Pusher:
    """Run `run()` in a thread; `wake()` it after each write. What the hall has not confirmed is sent again."""

    def __init__(
        self, server: str, hall: str, source: str, own: Replica, *, on_push: Callable[[int], None] = lambda _: None
    ) -> None:
        self._server = urlsplit(server)
        self._path = f"{self._server.path.rstrip('/')}/api/v1/halls/{hall}/journal/{source}"
        self._own = own
        self._on_push = on_push
        self._wake = threading.Event()
        self._stopping = False
        self.confirmed: int | None = None

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()

    def run(self) -> None:
        while not self._stopping:
            pause = PAUSE
            try:
                self.push()
            except (OSError, HTTPException, PushError) as error:
                log.info("the hall cannot be told yet: %s", error)
                pause = AGAIN
            self._wake.wait(pause)
            self._wake.clear()

    def push(self) -> None:
        """Send everything the hall does not have.

        Raises:
            OSError, HTTPException, PushError: it could not be sent; nothing is lost.
        """
        kind = HTTPSConnection if self._server.scheme == "https" else HTTPConnection
        connection = kind(self._server.netloc, timeout=5)
        try:
            # The last one told is told again: by its id the hall sees whether this is still the journal it knows.
            cursor = max(0, min(self._send(connection, []), self._own.seq) - 1)
            while entries := self._own.store.read(self._own.code, cursor, BATCH):
                cursor = self._send(connection, entries)
        finally:
            connection.close()

    def _send(self, connection: HTTPConnection, entries: list[Entry]) -> int:
        body = pack(self._own.store.journal_id, entries, self._own.seq)
        connection.request("POST", self._path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise PushError(f"{response.status}: {content[:300]!r}")
        try:
            self.confirmed = msgspec.json.decode(content, type=Receipt).cursor
        except msgspec.DecodeError as error:
            raise PushError(f"this is no receipt: {content[:300]!r}") from error
        if entries:
            self._on_push(self.confirmed)
        return self.confirmed
