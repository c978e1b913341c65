"""Entries: their bytes, their hash chain, journals of released versions, and `bianmin verify`."""

from __future__ import annotations

import hashlib
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hall_stories import HALL, folded, snapshot
from hypothesis import given
from hypothesis import strategies as st
from journals import desk
from servers import run

from queue_server.domain import events as e
from queue_server.domain.life import State
from queue_server.domain.model import Hall
from queue_server.journal.entry import Entry, chained, decode, encode, event_of, follows
from queue_server.journal.store import SqliteStore, StoreError
from queue_server.journal.verify import verify

GOLDEN = Path(__file__).parent / "golden"
VERSIONS = sorted(path.name for path in GOLDEN.glob("*.jsonl"))


class Line(msgspec.Struct):
    hall: str
    seq: int
    id: str
    cause: str
    at: int
    kind: str
    data: msgspec.Raw
    hash: str


def golden(name: str) -> list[Entry]:
    """A released version's journal."""
    lines = [msgspec.json.decode(line, type=Line) for line in (GOLDEN / name).read_bytes().splitlines()]
    return [Entry(**{**msgspec.structs.asdict(line), "data": bytes(line.data)}) for line in lines]


# --- bytes


def test_a_fact_is_always_written_as_the_same_bytes() -> None:
    opened = e.DayOpened(at=7, day="2026-03-02", configuration=HALL)
    targets = {"ordinary": 20.0, "elder": 10.0, "military": 5.0}
    backwards = dict(reversed(targets.items()))
    one, other = (
        replace(opened, configuration=replace(HALL, queues=(replace(HALL.queues[0], targets=order),)))
        for order in (targets, backwards)
    )
    assert encode(one) == encode(other)
    assert encode(e.DayClosed(at=7, day="2026-03-02")) == ("DayClosed", b'{"at":7,"day":"2026-03-02"}')
    assert "测试大厅".encode() in encode(opened)[1]


def test_an_entry_carries_the_sha256_of_what_comes_before_it_and_of_itself() -> None:
    event = e.DayClosed(at=7, day="2026-03-02")
    kind, data = encode(event)
    entry = chained("abc", hall="H1", seq=5, id="id-5", cause="press", kind=kind, data=data, event=event)
    text = 'abc["H1",5,"id-5","press",7,"DayClosed",{"at":7,"day":"2026-03-02"}]'
    assert entry.hash == hashlib.sha256(text.encode()).hexdigest()
    assert follows(entry, "abc")
    assert not follows(entry, "abd")


@pytest.mark.parametrize(
    "change",
    [{"hall": "H2"}, {"seq": 6}, {"id": "x"}, {"cause": "x"}, {"at": 8}, {"kind": "X"}, {"data": b"{}"}, {"hash": "x"}],
)
def test_a_change_to_any_part_of_an_entry_breaks_the_chain(change: dict[str, Any]) -> None:
    event = e.DayClosed(at=7, day="2026-03-02")
    kind, data = encode(event)
    entry = chained("", hall="H1", seq=5, id="id-5", cause="press", kind=kind, data=data, event=event)
    assert not follows(replace(entry, **change), "")


# --- facts of other versions


def test_a_kind_of_a_newer_version_is_kept_as_it_came_and_changes_nothing() -> None:
    data = b'{"at":5,"window":"1","mood":{"deep":[1,2.5,null,"\xe5\xa5\xbd"]}}'
    event = decode("StaffSmiled", 5, data)
    assert event == e.Unknown(
        at=5, kind="StaffSmiled", fields={"at": 5, "window": "1", "mood": {"deep": [1, 2.5, None, "好"]}}
    )
    hall = Hall()
    hall.apply(event)
    assert snapshot(hall) == snapshot(Hall())


def test_a_known_kind_with_a_value_of_a_newer_version_is_kept_as_it_came() -> None:
    fields = {"at": 5, "ticket": "t", "window": "1", "outcome": "by-telepathy"}
    event = decode("TicketFinished", 5, msgspec.json.encode(fields))
    assert event == e.Unknown(at=5, kind="TicketFinished", fields=fields)


def test_a_field_of_a_newer_version_is_passed_over() -> None:
    event = decode("WindowOpened", 5, b'{"at":5,"window":"1","by":"somebody"}')
    assert event == e.WindowOpened(at=5, window="1")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
field_names = st.sampled_from(
    ["at", "day", "ticket", "window", "queue", "number", "label", "klass", "due_at", "why", "serves", "configuration"]
)
kinds = st.sampled_from(sorted(e.KINDS)) | st.text()


@given(kinds, st.integers(), json_values | st.dictionaries(field_names, json_values, max_size=8))
def test_any_json_is_a_fact_that_can_be_read_and_applied(kind: str, at: int, value: Any) -> None:
    event = decode(kind, at, msgspec.json.encode(value))
    assert event.at == at or event.at == value["at"]
    Hall().apply(event)


@given(kinds, st.integers(), st.binary())
def test_what_is_no_json_is_refused_as_such(kind: str, at: int, data: bytes) -> None:
    try:
        msgspec.json.decode(data)
    except ValueError as complaint:  # JSON's, or UTF-8's
        with pytest.raises(type(complaint)):
            decode(kind, at, data)
    else:
        assert isinstance(decode(kind, at, data), e.Event)


# --- journals of released versions


def contains(whole: Any, part: Any) -> bool:
    """Whether everything in `part` is in `whole`, which may have more fields."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(name in whole and contains(whole[name], part[name]) for name in part)
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(contains, whole, part))
    return bool(whole == part)


@pytest.mark.parametrize("name", VERSIONS)
def test_the_chain_of_every_released_version_still_holds(name: str) -> None:
    previous = ""
    for entry in golden(name):
        assert follows(entry, previous), entry.seq
        previous = entry.hash


@pytest.mark.parametrize("name", VERSIONS)
def test_every_fact_of_every_released_version_still_means_the_same(name: str) -> None:
    for entry in golden(name):
        event = event_of(entry)
        assert isinstance(event, e.Unknown) == (entry.kind not in e.KINDS), entry
        kind, data = encode(event)
        assert kind == entry.kind
        assert contains(msgspec.json.decode(data), msgspec.json.decode(entry.data)), entry


@pytest.mark.parametrize("name", VERSIONS)
def test_every_released_journal_can_be_kept_verified_and_followed(name: str, tmp_path: Path) -> None:
    entries = golden(name)
    with desk(tmp_path / "H1.sqlite") as copy:
        copy.replica.copy(entries)
        live = snapshot(copy.replica.hall)
    assert verify(tmp_path / "H1.sqlite")[0].sound
    with desk(tmp_path / "H1.sqlite") as copy:
        assert snapshot(copy.replica.hall) == live == snapshot(folded([event_of(entry) for entry in entries]))


def test_the_first_golden_journal_has_every_kind_of_fact() -> None:
    of_that_version = {entry.kind for entry in golden("journal-0.1.0.jsonl")}
    assert of_that_version == {
        "DayOpened", "DayClosed", "ConfigurationApplied", "NumberLent", "TicketIssued", "TicketVoided", "TicketCalled",
        "TicketRecalled", "TicketStarted", "TicketFinished", "TicketNoShow", "TicketRestored", "TicketParked",
        "TicketTransferred", "TicketExpired", "WindowOpened", "WindowPaused", "WindowClosed", "QueuesAssigned",
        "DeviceReported", "FanStopped",
    }  # fmt: skip


def test_the_first_golden_journal_ends_as_it_did_then() -> None:
    hall = folded([event_of(entry) for entry in golden("journal-0.1.0.jsonl")])
    tickets = {id_: (ticket.label, ticket.state) for id_, ticket in hall.tickets.items()}
    assert (hall.day, hall.is_open) == ("2026-03-03", True)
    assert tickets == {
        "early": ("A901", State.NO_SHOW),
        "served": ("A001", State.FINISHED),
        "strict": ("A002", State.FINISHED),
        "appointed": ("B001", State.WAITING),
        "no-show": ("A003", State.NO_SHOW),
        "restored": ("A004", State.WAITING),
        "parked": ("B002", State.WAITING),
        "moved": ("C001", State.WAITING),
        "waiting": ("A005", State.WAITING),
        "lent": ("C002", State.WAITING),
        "unprinted": ("A902", State.VOIDED),
    }
    assert hall.tickets["served"].outcome is e.Outcome.MATERIALS_MISSING
    assert hall.tickets["strict"].outcome is e.Outcome.ACCEPTED
    assert hall.tickets["strict"].why == e.Why(rule=e.Rule.STRICT, waited=600_000, promised=300_000)
    assert hall.tickets["early"].recalls == 1
    assert {queue: list(line) for queue, line in hall.lines.items()} == {
        "A": ["waiting", "restored"],
        "B": ["appointed"],
        "C": ["lent"],
    }
    assert list(hall.held_for("2")) == ["moved", "parked"]
    assert hall.last_number == {"A": 5, "B": 2, "C": 2}
    windows = {code: (w.is_open, w.paused, w.ticket) for code, w in hall.windows.items()}
    assert windows == {"1": (True, False, None), "2": (True, True, None), "3": (False, False, None)}
    assert hall.windows["1"].serves == {"A": 0}
    assert hall.configuration is not None
    assert hall.configuration.rules.park_minutes == 12


def test_the_golden_journal_of_0_2_has_the_visits_appointments_and_papers_of_that_version() -> None:
    entries = golden("journal-0.2.0.jsonl")
    since = {"RecommendationApplied", "RecommendationUndone"}
    assert {entry.kind for entry in entries} == {*e.KINDS, "FanStopped"} - since
    hall = folded([event_of(entry) for entry in entries])
    visit, came, paper = (hall.tickets[id_] for id_ in ("visit", "came", "paper"))
    assert (visit.label, visit.state, visit.service, visit.then) == ("A006", State.WAITING, "tax", ("pension",))
    assert (visit.klass, visit.class_confirmed, [t.id for t in hall.held_by("f0" * 32)]) == ("elder", True, ["visit"])
    assert (came.label, came.klass, came.appointment, came.holder) == ("B003", "appointment", "kept", "0f" * 32)
    assert (paper.label, paper.strict, paper.source) == ("A903", True, "K1")
    assert hall.appointments.keys() == {"kept"}, "one was cancelled, one is past"
    assert hall.checked_in("kept") == "came"
    assert hall.issued == {"A": 9, "B": 3, "C": 2}


# --- verify


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden journal as a file, closed."""
    path = tmp_path_factory.mktemp("sound") / "H1.sqlite"
    with closing(SqliteStore(path)) as store:
        store.append(golden("journal-0.1.0.jsonl"))
    return path


@pytest.fixture
def tampered(sound: Path, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A copy whose owner has removed the triggers; its file is `tmp_path`/H1.sqlite."""
    shutil.copy(sound, tmp_path / "H1.sqlite")
    with closing(sqlite3.connect(tmp_path / "H1.sqlite", isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        yield db


def is_sound(path: Path) -> bool:
    """Whether `verify` has nothing to say."""
    try:
        return all(report.sound for report in verify(path))
    except StoreError:
        return False


def test_an_unchanged_journal_is_sound(sound: Path, tampered: sqlite3.Connection, tmp_path: Path) -> None:
    (report,) = verify(sound)
    entries = golden("journal-0.1.0.jsonl")
    assert (report.hall, report.entries, report.last_hash, report.fault) == ("H1", 49, entries[-1].hash, None)
    assert is_sound(tmp_path / "H1.sqlite")


@pytest.mark.parametrize("column", ["hall", "id", "cause", "kind", "data", "hash"])
def test_a_change_of_one_byte_is_found(column: str, tampered: sqlite3.Connection, tmp_path: Path) -> None:
    chance = random.Random(column)
    kind = "BLOB" if column == "data" else "TEXT"
    rows = tampered.execute(f"SELECT seq, CAST({column} AS BLOB) FROM journal ORDER BY seq").fetchall()
    for seq, value in rows[:1] + rows[-1:] + chance.sample(rows[1:-1], 10):
        for place in {0, len(value) - 1, *(chance.randrange(len(value)) for _ in range(2))}:
            changed = bytearray(value)
            changed[place] ^= chance.choice((0x20, 0x40, 0x80))  # never into the id of another
            sql = f"UPDATE journal SET {column} = CAST(? AS {kind}) WHERE seq = ?"
            tampered.execute(sql, (bytes(changed), seq))
            assert not is_sound(tmp_path / "H1.sqlite"), (seq, place)
            tampered.execute(sql, (value, seq))
    assert is_sound(tmp_path / "H1.sqlite")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE journal SET at = at + 1 WHERE seq = 20",
        "UPDATE journal SET at = at || 'x' WHERE seq = 20",
        "UPDATE journal SET seq = 50 WHERE seq = 49",
        "UPDATE journal SET seq = 0 WHERE seq = 1",
        "DELETE FROM journal WHERE seq = 1",
        "DELETE FROM journal WHERE seq = 30",
        "UPDATE journal SET data = CAST(data AS TEXT) WHERE seq = 20",
        "UPDATE journal SET hash = lower(hex(randomblob(32)))",
        "INSERT INTO journal SELECT hall, 50, 'again', cause, at, kind, data, hash FROM journal WHERE seq = 49",
        "INSERT INTO journal SELECT 'H2', seq, id || 'x', cause, at, kind, data, hash FROM journal",
    ],
)
def test_rows_changed_removed_or_added_are_found(change: str, tampered: sqlite3.Connection, tmp_path: Path) -> None:
    tampered.execute(change)
    assert not is_sound(tmp_path / "H1.sqlite")


def test_two_entries_that_change_places_are_found(tampered: sqlite3.Connection, tmp_path: Path) -> None:
    for old, new in ((20, 1000), (21, 20), (1000, 21)):
        tampered.execute("UPDATE journal SET seq = ? WHERE seq = ?", (new, old))
    assert not is_sound(tmp_path / "H1.sqlite")


def test_a_changed_byte_in_the_file_is_found(sound: Path, tmp_path: Path) -> None:
    content = sound.read_bytes()
    chance = random.Random(5)
    path = tmp_path / "H1.sqlite"
    for entry in chance.sample(golden("journal-0.1.0.jsonl"), 12):
        place = content.index(entry.data[:80]) + chance.randrange(len(entry.data[:80]))
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        assert not is_sound(path), (entry.seq, place)


def test_verify_says_where_a_journal_was_changed(tampered: sqlite3.Connection, tmp_path: Path) -> None:
    said = run(tmp_path, "verify", tmp_path / "H1.sqlite")
    assert said.status == 0
    assert said.out.startswith("H1: 49 entries, unchanged; last hash ")
    tampered.execute("UPDATE journal SET data = replace(data, 'A005', 'A006') WHERE kind = 'TicketIssued' AND seq = 23")
    said = run(tmp_path, "verify", tmp_path / "H1.sqlite")
    assert said.status == 1
    assert "CHANGED after 22 sound entries: entry 23 (TicketIssued)" in said.out


def test_verify_does_not_take_another_file_for_a_journal(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear madam, " * 1000)
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as db:
        db.execute("CREATE TABLE other (x)")
    for name in ("letter.txt", "other.sqlite"):
        said = run(tmp_path, "verify", tmp_path / name)
        assert said.status == 1
        assert "cannot be read as a journal" in said.log
        assert "Traceback" not in said.log
