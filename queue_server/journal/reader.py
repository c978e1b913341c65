"""Reading a journal that another program writes. Nothing is locked and nothing is written."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from queue_server.journal.entry import Entry
from queue_server.journal.store import StoreError

_READ = (
    "SELECT hall, seq, id, cause, at, kind, data, hash FROM journal"
    " WHERE hall = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
)
_OPENINGS = (
    "SELECT seq FROM journal INDEXED BY openings WHERE hall = ? AND kind = 'DayOpened' ORDER BY seq DESC LIMIT ?"
)
LAST = 2**62


class JournalReader:
    """A journal file, read while its writer goes on. Every method may raise `StoreError`."""

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        except sqlite3.Error as error:
            raise StoreError(f"The journal {path} cannot be opened: {error}.") from error

    def read(self, hall: str, after: int, *, until: int = LAST, limit: int = 1000) -> list[Entry]:
        """Entries with `after` < seq ≤ `until`, at most `limit` of them."""
        return [
            Entry(hall=row[0], seq=row[1], id=row[2], cause=row[3], at=row[4], kind=row[5], data=row[6], hash=row[7])
            for row in self._rows(_READ, (hall, after, until, limit))
        ]

    def openings(self, hall: str, limit: int) -> list[int]:
        """The seqs of the last `DayOpened`, the oldest first."""
        return [int(row[0]) for row in reversed(self._rows(_OPENINGS, (hall, limit)))]

    def last(self, hall: str) -> int:
        """The seq of the newest entry; 0 if there is none."""
        rows = self._rows("SELECT max(seq) FROM journal WHERE hall = ?", (hall,))
        return int(rows[0][0] or 0)

    def close(self) -> None:
        self._db.close()

    def _rows(self, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"The journal cannot be read: {error}.") from error
