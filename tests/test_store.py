"""The journal's file: append-only, one writer, and what happens when the disk will not have it."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from journals import Desk, desk
from servers import Client, Server, city, run

from queue_server.domain.commands import IssueTicket
from queue_server.domain.events import Unknown
from queue_server.journal.entry import Entry, chained, encode, follows
from queue_server.journal.replica import Submit
from queue_server.journal.store import SqliteStore, StoreError
from queue_server.journal.verify import verify

NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "H1.sqlite"


@pytest.fixture
def filled(path: Path) -> Path:
    """A journal of some entries, closed."""
    with desk(path) as hall:
        hall.open_day("1")
        for number in range(5):
            hall.issue(f"t{number}")
    return path


def next_entry(store: SqliteStore, hall: str = "H1") -> Entry:
    """An entry that continues the journal."""
    seq, hash_ = store.last(hall)
    event = Unknown(at=1, kind="Later", fields={"at": 1})
    kind, data = encode(event)
    return chained(hash_, hall=hall, seq=seq + 1, id=f"next-{hall}-{seq}", cause="c", kind=kind, data=data, event=event)


# --- append-only


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE journal SET data = x'7b7d' WHERE seq = 3",
        "UPDATE journal SET hall = 'H2'",
        "DELETE FROM journal WHERE seq = 7",
        "DELETE FROM journal",
        "REPLACE INTO journal SELECT hall, seq, 'other', cause, at, kind, data, hash FROM journal WHERE seq = 3",
        "REPLACE INTO journal SELECT hall, 8, id, cause, at, kind, data, hash FROM journal WHERE seq = 3",
    ],
)
def test_what_is_written_can_be_neither_changed_nor_removed(filled: Path, change: str) -> None:
    with closing(sqlite3.connect(filled)) as other:
        before = other.execute("SELECT * FROM journal").fetchall()
        with pytest.raises(sqlite3.IntegrityError):
            other.execute(change)
        assert other.execute("SELECT * FROM journal").fetchall() == before


@pytest.mark.parametrize("seq", [-1, 0, 6, 9, 100])
def test_an_entry_that_leaves_a_gap_or_comes_twice_is_refused(filled: Path, seq: int) -> None:
    with closing(SqliteStore(filled)) as store:
        assert store.last("H1")[0] == 7
        entry = replace(next_entry(store), seq=seq)
        with pytest.raises(StoreError):
            store.append([entry])
        assert store.last("H1")[0] == 7
        store.append([next_entry(store)])
        assert store.last("H1")[0] == 8


def test_a_batch_is_written_whole_or_not_at_all(filled: Path) -> None:
    with closing(SqliteStore(filled)) as store:
        good = next_entry(store)
        with pytest.raises(StoreError):
            store.append([good, replace(good, seq=good.seq + 1)], {("H1", "K1"): 5})  # the same id twice
        assert store.last("H1")[0] == 7
        assert store.cursor("H1", "K1") == 0
        store.append([good], {("H1", "K1"): 5})
        assert store.last("H1") == (8, good.hash)
        assert store.cursor("H1", "K1") == 5


def test_a_batch_that_sqlite_cannot_even_take_leaves_the_journal_usable(filled: Path) -> None:
    with closing(SqliteStore(filled)) as store:
        good = next_entry(store)
        with pytest.raises(OverflowError):
            store.append([replace(good, at=1 << 70)])
        store.append([good])
        assert store.last("H1")[0] == 8


def test_each_hall_of_a_file_has_its_own_numbers(filled: Path) -> None:
    with closing(SqliteStore(filled)) as store:
        store.append([next_entry(store, "H2")])
        store.append([next_entry(store, "H2")])
        assert store.halls() == ["H1", "H2"]
        assert [entry.seq for entry in store.read("H2", 0)] == [1, 2]
        assert store.last("H1")[0] == 7


def test_a_copy_may_begin_in_the_middle_but_then_goes_on_without_gaps(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        later = replace(next_entry(store), seq=500)
        store.append([later])
        with pytest.raises(StoreError):
            store.append([replace(later, seq=502, id="x")])
        store.append([replace(later, seq=501, id="y")])
        assert [entry.seq for entry in store.read("H1", 0)] == [500, 501]


# --- opening


def test_a_journal_is_the_same_after_reopening(filled: Path) -> None:
    with closing(SqliteStore(filled)) as store:
        first_id, first = store.journal_id, store.read("H1", 0)
    with closing(SqliteStore(filled)) as store:
        assert store.journal_id == first_id
        assert store.read("H1", 0) == first
        previous = ""
        for entry in first:
            assert follows(entry, previous)
            previous = entry.hash


def test_two_journals_never_have_the_same_id(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "a")) as a, closing(SqliteStore(tmp_path / "b")) as b:
        assert a.journal_id != b.journal_id


def test_a_second_program_is_told_that_the_journal_is_in_use(filled: Path) -> None:
    script = "import sys; from queue_server.journal.store import SqliteStore; SqliteStore(sys.argv[1])"
    with closing(SqliteStore(filled)), pytest.raises(StoreError, match="Another program is already running"):
        SqliteStore(filled)
    with closing(SqliteStore(filled)):
        second = subprocess.run(
            [sys.executable, "-c", script, filled], capture_output=True, text=True, timeout=60, check=False
        )
    assert second.returncode == 1
    assert "Another program is already running" in second.stderr


def test_a_file_that_is_no_journal_is_refused_and_left_as_it_was(path: Path) -> None:
    path.write_bytes(b"holiday photographs " * 100)
    with pytest.raises(StoreError, match="cannot be opened"):
        SqliteStore(path)
    assert path.read_bytes() == b"holiday photographs " * 100
    path.unlink()
    SqliteStore(path).close()  # the lock was given back


def test_a_file_where_the_folder_should_be_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match="cannot be opened"):
        SqliteStore(tmp_path / "data" / "H1.sqlite")


def test_starting_over_makes_an_empty_copy_of_the_other_journal(filled: Path) -> None:
    with desk(filled) as hall:
        hall.replica.start_over("the-other-journal")
        assert hall.store.journal_id == "the-other-journal"
        assert hall.journal() == []
        assert (hall.replica.seq, hall.replica.hash, hall.replica.hall.day) == (0, "", None)
    with desk(filled) as hall:
        assert hall.store.journal_id == "the-other-journal"
        assert hall.journal() == []


def test_starting_over_in_memory_forgets_everything() -> None:
    with desk(":memory:") as hall:
        hall.open_day()
        hall.replica.start_over("x")
        assert (hall.replica.seq, hall.journal(), hall.store.journal_id) == (0, [], "x")


def test_a_copy_that_cannot_start_over_says_so_and_can_try_again(filled: Path) -> None:
    with desk(filled) as hall:
        filled.with_name(filled.name + "-shm").unlink(missing_ok=True)
        filled.with_name(filled.name + "-shm").mkdir()
        with pytest.raises(OSError, match="H1"):
            hall.replica.start_over("x")
        with pytest.raises(StoreError):
            hall.store.read("H1", 0)
        filled.with_name(filled.name + "-shm").rmdir()
        hall.replica.start_over("x")
        assert (hall.replica.seq, hall.store.journal_id) == (0, "x")


# --- a disk that will not have it


def fill_the_disk(hall: Desk) -> int:
    """Let the file grow no more (SQLite's own limit, the error of a full disk); how many tickets still went in."""
    hall.store._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = hall.store._db.execute("PRAGMA page_count").fetchone()[0]
    hall.store._db.execute(f"PRAGMA max_page_count = {pages}")
    for number in range(1000):
        try:
            hall.issue(f"last-{number}")
        except StoreError:
            return number
    raise AssertionError("the disk never was full")


def free_the_disk(hall: Desk) -> None:
    hall.store._db.execute("PRAGMA max_page_count = 1073741823")


def test_a_full_disk_is_said_so_and_loses_nothing(path: Path) -> None:
    with desk(path) as hall:
        hall.open_day("1")
        issued = fill_the_disk(hall)
        before = hall.replica.seq
        with pytest.raises(StoreError, match="Free some disk space"):
            hall.issue("another")
        assert len(hall.replica.hall.tickets) == issued
        assert hall.replica.seq == hall.store.last("H1")[0] == before
        free_the_disk(hall)
        hall.issue("another")
        assert hall.replica.seq == before + 1
        assert len(hall.replica.hall.tickets) == issued + 1
    (report,) = verify(path)
    assert report.sound
    assert report.entries == before + 1


def test_a_full_disk_refuses_the_whole_batch_and_uses_up_no_numbers(path: Path) -> None:
    with desk(path) as hall:
        hall.open_day()
        issued = fill_the_disk(hall)
        batch = [Submit(command=IssueTicket(ticket=f"b{n}", queue="A"), cause=f"b{n}") for n in range(3)]
        with pytest.raises(StoreError):
            hall.replica.commit(batch)
        free_the_disk(hall)
        answers, new = hall.replica.commit(batch)
        assert answers == [[entry] for entry in new]
        numbers = sorted(ticket.number for ticket in hall.replica.hall.tickets.values())
        assert numbers == list(range(1, issued + 4))


def test_a_kiosk_that_cannot_write_its_ticket_does_not_have_it(path: Path) -> None:
    with desk(path) as kiosk:
        kiosk.open_day()
        fill_the_disk(kiosk)
        before = kiosk.replica.seq
        with pytest.raises(StoreError):
            kiosk.replica.write([Unknown(at=1, kind="Later", fields={"at": 1, "text": "x" * 10_000})], "press")
        assert kiosk.replica.seq == before
        free_the_disk(kiosk)
        kiosk.replica.write([Unknown(at=1, kind="Later", fields={"at": 1, "text": "x" * 10_000})], "press")
        assert kiosk.replica.seq == kiosk.store.last("H1")[0] == before + 1


@contextmanager
def largest_file(pid: int, size: int) -> Iterator[None]:
    """The kernel refuses that program any write beyond `size` bytes of a file."""
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def issue_until_unavailable(hall: Client) -> tuple[list[str], bytes]:
    """The tickets that were answered, and the answer after the last."""
    issued = []
    for _ in range(2000):
        answer = hall.post("/tickets", {"queue": "A"})
        if answer.status != 201:
            assert answer.status == 503
            assert answer.reason == "journal-unavailable"
            assert answer.headers["retry-after"]
            return issued, answer.body
        issued.append(answer.json["id"])
    raise AssertionError("the disk never was full")


def test_a_server_whose_disk_is_full_says_so_keeps_what_it_answered_and_goes_on_when_there_is_space(
    tmp_path: Path,
) -> None:
    with Server(tmp_path, "--always-open") as server:
        hall = server.client()
        wal = server.journal.with_name(server.journal.name + "-wal")
        with largest_file(server.pid, wal.stat().st_size + 20_000):
            issued, said = issue_until_unavailable(hall)
            assert "Free some disk space" in said.decode()
            assert hall.get().json["queues"][0]["waiting"] == len(issued)
            health = hall.get("//healthz")
            assert health.status == 503
            assert health.json["halls"]["H1"]["writable"] is False
            assert hall.post("/tickets", {"queue": "A"}, key="again").status == 503
        answer = hall.post("/tickets", {"queue": "A"}, key="again")
        assert answer.status == 201
        assert answer.json["label"] == f"A{len(issued) + 1:03d}"
        assert hall.get("//healthz").status == 200
        assert server.stop() == 0
        (report,) = verify(server.journal)
        assert report.sound
        written = [entry for entry in server.entries() if entry.kind == "TicketIssued"]
        assert len(written) == len(issued) + 1


def test_a_server_that_cannot_even_begin_its_journal_says_so_and_starts_when_it_can(tmp_path: Path) -> None:
    ended = run(tmp_path, "hall", "--config", city(tmp_path), "--data", tmp_path, "--port", "0", largest_file=2048)
    assert ended.status == 1
    assert "cannot be opened" in ended.log
    assert "Traceback" not in ended.log
    with Server(tmp_path, "--always-open") as server:
        assert server.client().issue()


def test_a_server_on_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    ended = run(tmp_path, "hall", "--config", city(tmp_path), "--data", "/sys", "--port", "0")  # not even root may
    assert ended.status == 1
    assert "/sys/H1.sqlite cannot be opened" in ended.log
    assert "Traceback" not in ended.log


@contextmanager
def may_only_read(folder: Path) -> Iterator[None]:
    folder.chmod(0o555)
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)  # root may write anywhere
    try:
        yield
    finally:
        os.seteuid(was)
        folder.chmod(0o755)


def test_a_journal_in_a_read_only_folder_cannot_be_opened_but_can_be_verified() -> None:
    with TemporaryDirectory() as name:
        path = Path(name) / "H1.sqlite"
        with desk(path) as hall:
            hall.open_day("1")
        with may_only_read(path.parent):
            with pytest.raises(StoreError, match="Check that its folder can be written"):
                SqliteStore(path)
            (report,) = verify(path)
        assert report.sound
        assert report.entries == 2
        with desk(path) as hall:
            assert hall.replica.seq == 2
