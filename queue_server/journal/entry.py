"""One entry of a journal: a fact with its place, its writer's ids and its link in the hash chain."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any

import msgspec

from queue_server.domain.events import KINDS, Event, Unknown

NO_HASH = ""
_encoder = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """`data` is the fact as canonical JSON; `at` (ms UTC) repeats its `at` so that a database can range over it."""

    hall: str
    seq: int
    id: str
    cause: str
    at: int
    kind: str
    data: bytes
    hash: str
    event: Event | None = field(default=None, compare=False, repr=False)
    """The fact itself where it is at hand, so that it need not be decoded; ask `event_of`."""


def link(previous: str, hall: str, seq: int, id_: str, cause: str, at: int, kind: str, data: bytes) -> str:
    """The hash of an entry: SHA-256 over the previous hash and the canonical entry, in hex."""
    head = f'{previous}["{hall}",{seq},"{id_}","{cause}",{at},"{kind}",'
    return sha256(head.encode() + data + b"]").hexdigest()


def chained(
    previous: str,
    *,
    hall: str,
    seq: int,
    id: str,
    cause: str,
    kind: str,
    data: bytes,
    event: Event,
) -> Entry:
    """The entry that follows the one whose hash is `previous`."""
    at = event.at
    hash_ = link(previous, hall, seq, id, cause, at, kind, data)
    return Entry(hall=hall, seq=seq, id=id, cause=cause, at=at, kind=kind, data=data, hash=hash_, event=event)


def follows(entry: Entry, previous: str) -> bool:
    """Whether the entry's hash links it, unchanged, to the one before."""
    return entry.hash == link(previous, entry.hall, entry.seq, entry.id, entry.cause, entry.at, entry.kind, entry.data)


def encode(event: Event) -> tuple[str, bytes]:
    """A fact as (kind, canonical JSON)."""
    if isinstance(event, Unknown):
        return event.kind, _encoder.encode(event.fields)
    return type(event).__name__, _encoder.encode(event)


@lru_cache(maxsize=256)
def _decoder(kind: str) -> msgspec.json.Decoder[Any] | None:
    known = KINDS.get(kind)
    return None if known is None else msgspec.json.Decoder(known)


def decode(kind: str, at: int, data: bytes) -> Event:
    """The fact of an entry. What this program cannot read (a newer kind, a newer value) comes back as `Unknown`."""
    decoder = _decoder(kind)
    if decoder is not None:
        try:
            event: Event = decoder.decode(data)
        except msgspec.ValidationError:
            pass
        else:
            return event
    fields = msgspec.json.decode(data)
    return Unknown(at=at, kind=kind, fields=fields if isinstance(fields, dict) else {"": fields})


def event_of(entry: Entry) -> Event:
    return entry.event or decode(entry.kind, entry.at, entry.data)
