"""Walking a journal's hash chain. Nothing is written, so a journal on a read-only medium can be walked too."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from queue_server.journal.entry import NO_HASH, Entry, follows
from queue_server.journal.store import StoreError


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the walk found for one hall: entries seen, newest hash, and the first thing that is wrong, if any."""

    hall: str
    entries: int
    last_hash: str
    fault: str | None

    @property
    def sound(self) -> bool:
        return self.fault is None

    def __str__(self) -> str:
        if self.fault is None:
            return f"{self.hall}: {self.entries} entries, unchanged; last hash {self.last_hash[:16]}…"
        return f"{self.hall}: CHANGED after {self.entries} sound entries: {self.fault}"


def verify(path: Path) -> list[Report]:
    """Check every hall of a journal file.

    Raises:
        StoreError: the file is not a journal.
    """
    # Without its -wal file nobody has it open, and then SQLite need not try to make one.
    mode = "mode=ro" if path.with_name(path.name + "-wal").exists() else "immutable=1"
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)
        try:
            halls = [row[0] for row in db.execute("SELECT DISTINCT hall FROM journal ORDER BY hall")]
            return [_walk(hall, _entries(db, hall)) for hall in halls]
        finally:
            db.close()
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be read as a journal: {error}") from error


def _entries(db: sqlite3.Connection, hall: str) -> Iterator[Entry]:
    rows = db.execute(
        "SELECT hall, seq, id, cause, at, kind, data, hash FROM journal WHERE hall = ? ORDER BY seq", (hall,)
    )
    for row in rows:
        yield Entry(hall=row[0], seq=row[1], id=row[2], cause=row[3], at=row[4], kind=row[5], data=row[6], hash=row[7])


def _walk(hall: str, entries: Iterator[Entry]) -> Report:
    seq, hash_ = 0, NO_HASH
    for entry in entries:
        fault = _fault(entry, seq, hash_)
        if fault is not None:
            return Report(hall=hall, entries=seq, last_hash=hash_, fault=fault)
        seq, hash_ = entry.seq, entry.hash
    return Report(hall=hall, entries=seq, last_hash=hash_, fault=None)


def _fault(entry: Entry, seq: int, hash_: str) -> str | None:
    if entry.seq != seq + 1:
        return f"entry {seq + 1} is missing"
    if not (isinstance(entry.data, bytes) and follows(entry, hash_)):
        return f"entry {entry.seq} ({entry.kind}) does not carry the hash of what it says"
    try:
        at = msgspec.json.decode(entry.data)["at"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return f"entry {entry.seq} ({entry.kind}) is not readable"
    return None if at == entry.at else f"entry {entry.seq} says two different times"
