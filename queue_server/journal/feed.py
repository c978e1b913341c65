"""The feed on the wire: server-sent events, one for each entry. Sans-IO.

event: hello            once, first: which journal this is and how far it goes
id / event / data       one entry: its seq, its kind, the rest as JSON
: …                     a comment, so that silence means a broken line
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from queue_server.journal.entry import Entry

HEARTBEAT = b":\n\n"
LONGEST = 8 * 1024 * 1024
"""Bytes of one event a parser takes in before it calls the feed broken."""


@dataclass(frozen=True, kw_only=True)
class Hello:
    """`journal` is the id of the hall's journal, `last_seq` its newest entry and `last_hash` that entry's hash.

    `at` is the server's clock, ms UTC. `last_hash` is empty and `at` 0 if the server does not say it.
    """

    hall: str
    journal: str
    last_seq: int
    last_hash: str = ""
    at: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Body:
    id: str
    cause: str
    at: int
    hash: str
    data: msgspec.Raw


class FeedError(Exception):
    """What came is not a feed."""


Message: TypeAlias = Hello | Entry
_encode = msgspec.json.Encoder().encode
_body = msgspec.json.Decoder(_Body)
_hello = msgspec.json.Decoder(Hello)


def hello(message: Hello) -> bytes:
    return b"event: hello\ndata: " + _encode(message) + b"\n\n"


def encode(entry: Entry) -> bytes:
    """The bytes of one entry, the same for every follower."""
    body = _Body(id=entry.id, cause=entry.cause, at=entry.at, hash=entry.hash, data=msgspec.Raw(entry.data))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (entry.seq, entry.kind.encode(), _encode(body))


class Parser:
    """Bytes of a feed, cut anywhere, into messages."""

    def __init__(self, hall: str) -> None:
        self._hall = hall
        self._rest = b""

    def take(self, chunk: bytes) -> Iterator[Message]:
        """The messages completed by `chunk`.

        Raises:
            FeedError: these are not the bytes of a feed.
        """
        *events, self._rest = (self._rest + chunk).split(b"\n\n")
        if len(self._rest) > LONGEST:
            raise FeedError(f"an event is longer than {LONGEST} bytes")
        for event in events:
            message = self._message(event)
            if message is not None:
                yield message

    def _message(self, event: bytes) -> Message | None:
        fields: dict[bytes, bytes] = {}
        for line in event.split(b"\n"):
            name, _, value = line.partition(b":")
            if name:
                fields[name] = value.removeprefix(b" ")
        if not fields:
            return None
        try:
            if fields[b"event"] == b"hello":
                return _hello.decode(fields[b"data"])
            body = _body.decode(fields[b"data"])
            return Entry(
                hall=self._hall, seq=int(fields[b"id"]), id=body.id, cause=body.cause, at=body.at,
                kind=fields[b"event"].decode(), data=bytes(body.data), hash=body.hash,
            )  # fmt: skip
        except (KeyError, ValueError, msgspec.MsgspecError) as error:
            raise FeedError(f"not a feed: {event[:80]!r}") from error
