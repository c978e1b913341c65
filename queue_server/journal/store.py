"""Where journals are kept: SQLite, append-only by trigger, one writer."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

from queue_server.journal.entry import NO_HASH, Entry
from queue_server.journal.ids import uuid7

_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (
    hall TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, cause TEXT NOT NULL, at INTEGER NOT NULL,
    kind TEXT NOT NULL, data BLOB NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (hall, seq)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS openings ON journal (hall, seq) WHERE kind = 'DayOpened';
CREATE TABLE IF NOT EXISTS cursors (
    hall TEXT NOT NULL, source TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (hall, source)
) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS never_updated BEFORE UPDATE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS never_deleted BEFORE DELETE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER IF NOT EXISTS no_gaps BEFORE INSERT ON journal
    WHEN NEW.seq <> (SELECT coalesce(max(seq) + 1, NEW.seq) FROM journal WHERE hall = NEW.hall)
    BEGIN SELECT RAISE(ABORT, 'the journal has no gaps'); END;
CREATE TRIGGER IF NOT EXISTS never_replaced BEFORE INSERT ON journal
    WHEN EXISTS (SELECT 1 FROM journal WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""
_COLUMNS = "hall, seq, id, cause, at, kind, data, hash"
_INSERT = f"INSERT INTO journal ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - a constant
_READ = f"SELECT {_COLUMNS} FROM journal WHERE hall = ? AND seq > ? ORDER BY seq LIMIT ?"  # noqa: S608
_CURSOR = "INSERT INTO cursors VALUES (?, ?, ?) ON CONFLICT (hall, source) DO UPDATE SET seq = excluded.seq"


class StoreError(OSError):
    """The journal cannot be read or written. The text says what to do."""


class Store(Protocol):
    """What a journal needs of a database. Every method may raise `StoreError`."""

    journal_id: str

    def append(self, entries: Sequence[Entry], cursors: Mapping[tuple[str, str], int] = ...) -> None:
        """All or nothing, durable when it returns. `cursors`: (hall, source) -> last seq absorbed from it."""

    def read(self, hall: str, after: int, limit: int = ...) -> list[Entry]: ...

    def last(self, hall: str) -> tuple[int, str]:
        """(seq, hash) of the newest entry; (0, "") if there is none."""

    def day_start(self, hall: str) -> int:
        """The seq after which folding gives the open day, facts that came before its opening included."""

    def cursor(self, hall: str, source: str) -> int: ...

    def sources(self, hall: str) -> set[str]:
        """Those whose facts have been absorbed."""

    def known(self, ids: Iterable[str]) -> set[str]: ...

    def probe(self) -> None:
        """Raise unless something can be written now."""

    def start_over(self, journal_id: str) -> None:
        """Forget everything and become an empty copy of another journal. Only for copies."""

    def close(self) -> None: ...


class SqliteStore:
    """A journal file. Only one process may have it open for writing; a second is told so.

    Threads may share it: each call waits for the one before, so that nobody reads what is not committed.
    """

    def __init__(self, path: Path | str) -> None:
        self._turn = threading.Lock()
        self._path = Path(path)
        self._memory = str(path) == ":memory:"
        self._open(uuid7())

    def _open(self, journal_id: str) -> None:
        """Open the file; a new one becomes the journal with this id."""
        try:
            with ExitStack() as opened:
                if not self._memory:
                    self._lock(opened)
                self._db = sqlite3.connect(str(self._path), isolation_level=None, check_same_thread=False)
                opened.callback(self._db.close)
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.executescript(_SCHEMA)
                self._db.execute("INSERT OR IGNORE INTO about VALUES ('journal', ?)", (journal_id,))
                self.journal_id: str = self._db.execute("SELECT value FROM about WHERE name = 'journal'").fetchone()[0]
                self._opened = opened.pop_all()
        except StoreError:
            raise
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"The journal {self._path} cannot be opened: {error}."
                " Check that its folder can be written and is not full."
            ) from error

    def _lock(self, opened: ExitStack) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = opened.enter_context(self._path.with_name(self._path.name + ".lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError(f"Another program is already running on {self._path}; stop it first.") from error

    def append(self, entries: Sequence[Entry], cursors: Mapping[tuple[str, str], int] | None = None) -> None:
        rows = [(e.hall, e.seq, e.id, e.cause, e.at, e.kind, e.data, e.hash) for e in entries]
        with self._turn:
            self._append(rows, cursors or {})

    def _append(self, rows: list[tuple[Any, ...]], cursors: Mapping[tuple[str, str], int]) -> None:
        execute = self._db.execute
        try:
            execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany(_INSERT, rows)
                for (hall, source), seq in cursors.items():
                    execute(_CURSOR, (hall, source, seq))
                execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise StoreError(
                f"The journal cannot be written: {error}. Free some disk space or mend the disk."
            ) from error

    def probe(self) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("INSERT INTO about VALUES ('probe', '') ON CONFLICT (name) DO UPDATE SET value = value")
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise StoreError(
                f"The journal cannot be written: {error}. Free some disk space or mend the disk."
            ) from error

    def read(self, hall: str, after: int, limit: int = 1000) -> list[Entry]:
        return [
            Entry(hall=row[0], seq=row[1], id=row[2], cause=row[3], at=row[4], kind=row[5], data=row[6], hash=row[7])
            for row in self._rows(_READ, (hall, after, limit))
        ]

    def last(self, hall: str) -> tuple[int, str]:
        rows = self._rows("SELECT seq, hash FROM journal WHERE hall = ? ORDER BY seq DESC LIMIT 1", (hall,))
        return (rows[0][0], rows[0][1]) if rows else (0, NO_HASH)

    def day_start(self, hall: str) -> int:
        # Facts of a day may be told while the day before is still open: so fold from the opening of that one.
        days = self._rows(
            "SELECT seq FROM journal INDEXED BY openings WHERE hall = ? AND kind = 'DayOpened'"
            " ORDER BY seq DESC LIMIT 2",
            (hall,),
        )
        return int(days[1][0]) - 1 if len(days) == 2 else 0

    def cursor(self, hall: str, source: str) -> int:
        rows = self._rows("SELECT seq FROM cursors WHERE hall = ? AND source = ?", (hall, source))
        return int(rows[0][0]) if rows else 0

    def sources(self, hall: str) -> set[str]:
        return {row[0] for row in self._rows("SELECT source FROM cursors WHERE hall = ?", (hall,))}

    def known(self, ids: Iterable[str]) -> set[str]:
        return {id_ for id_ in ids if self._rows("SELECT 1 FROM journal WHERE id = ?", (id_,))}

    def halls(self) -> list[str]:
        return [row[0] for row in self._rows("SELECT DISTINCT hall FROM journal ORDER BY hall", ())]

    def start_over(self, journal_id: str) -> None:
        with self._turn:  # who reads meanwhile waits, and reads the new one
            self.close()
            if not self._memory:
                for suffix in ("", "-wal", "-shm"):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            self._open(journal_id)

    def close(self) -> None:
        self._opened.close()

    def _rows(self, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            with self._turn:
                return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"The journal cannot be read: {error}.") from error
