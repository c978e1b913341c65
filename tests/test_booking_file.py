"""Appointments from a CSV file, by `bianmin appointments`, at a real server."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import CITY, HALL, NOON_HERE, Client, Ended, Server, run

from queue_server.domain.calendar import local
from queue_server.domain.codes import AppointmentCode
from queue_server.journal.replica import clock

NOBODYS = "321199196001010017"  # division code 321199 is unassigned
CLOSED = CITY.replace("services: {licence: A, tax: B}", "services: {licence: A, tax: B}\n    closed: {tax: {zh: 停电}}")
DAY = 24 * 3_600_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "hall") as running:
        yield running
        assert NOBODYS not in running.log


def slot(days: int = 1, time: str = "10:30") -> str:
    return f"{local(NOON_HERE, clock() + days * DAY).date()} {time}"


def written(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    file = folder / "bookings.csv"
    file.write_text("\n".join(lines) + "\n", encoding=encoding)
    return file


def book(server: Server, file: Path, *options: str | Path) -> Ended:
    folder = server.folder.parent / "said"
    folder.mkdir(exist_ok=True)
    (folder / "log").write_text("")
    ended = run(folder, "appointments", file, "--hall", HALL, "--server", server.url, *options)
    assert NOBODYS not in ended.out + ended.log
    return ended


def table(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def booked(server: Server) -> int:
    """How many appointments its journal has."""
    server.kill()
    count = sum(1 for entry in server.entries() if entry.kind == "AppointmentBooked")
    server.start()
    return count


def test_a_file_is_booked_and_its_codes_are_written(server: Server, hall: Client, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "service,slot,id_number,reference",
        f"tax,{slot()},{NOBODYS},2026-000001",
        f"licence,{slot(2, '08:30')},,2026-000002",
        "",
        f'"tax","{slot(time="17:29")}",{NOBODYS},',
    )
    out = tmp_path / "codes.csv"
    said = book(server, file, "--out", out)
    assert (said.status, said.out) == (0, "3 booked\n"), said.log
    rows = table(out)
    assert [row["reference"] for row in rows] == ["2026-000001", "2026-000002", ""]
    told = [hall.get(f"/appointments/{row['id']}").json for row in rows]
    assert [(one["service"], one["code"]) for one in told] == [
        (service, row["code"]) for service, row in zip(("tax", "licence", "tax"), rows, strict=True)
    ]
    key = (server.folder / "keys" / "codes.key").read_bytes()
    codes = [AppointmentCode.read(row["code"], key, clock()) for row in rows]
    assert [f"{code.day} {code.clock}" for code in codes] == [slot(), slot(2, "08:30"), slot(time="17:29")]
    assert out.stat().st_mode & 0o077 == 0, "whoever has a code can check in with it"
    assert NOBODYS not in out.read_text()


def test_a_file_imported_again_books_nothing_twice_and_gives_the_same_codes(server: Server, tmp_path: Path) -> None:
    lines = ["service,slot,id_number,reference", f"tax,{slot()},,R1", f"tax,{slot()},,R2", f"tax,{slot()},{NOBODYS},"]
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    assert book(server, written(tmp_path, *lines), "--out", first).status == 0
    again = written(tmp_path, *lines, f"licence,{slot()},,R3")
    assert book(server, again, "--out", second).out == "4 booked\n"
    assert table(second)[:3] == table(first)
    assert booked(server) == 4


def test_a_reference_that_now_means_another_time_is_not_taken_for_the_old_booking(
    server: Server, tmp_path: Path
) -> None:
    book(server, written(tmp_path, "service,slot,reference", f"tax,{slot()},R1"))
    said = book(server, written(tmp_path, "service,slot,reference", f"tax,{slot(2)},R1", f"tax,{slot(2)},R2"))
    assert (said.status, said.out) == (1, "1 booked, 1 refused\n")
    assert "bookings.csv:2: it was booked before, for another service or time; cancel that first" in said.log


MISTAKES = [
    ("marriage,{slot},,R2", "3: service: the hall has no service 'marriage'"),
    (f"{NOBODYS},{{slot}},,R2", "3: service: the hall has no service this one"),
    ("tax,2026-11-23T10:30,,R2", "3: slot: must be like 2026-11-23 10:30"),
    ("tax,2026-02-30 10:30,,R2", "3: slot: must be like 2026-11-23 10:30"),
    ("tax,,,R2", "3: slot: must be like 2026-11-23 10:30"),
    ("tax,2026-03-02 10:30,,R2", "3: slot: it is past"),
    ("tax,{early},,R2", "3: slot: the hall is not open then"),
    (f"tax,{{slot}},{NOBODYS[:-1]}8,R2", "3: id_number: is no ID number: 18 characters, the last one a check"),
    ("tax,{slot},,", "3: reference: a row needs it or an id_number, so that a repeated import is noticed"),
    ("tax,{slot},,R1", "3: reference: the same as in line 2"),
    (f"tax,{{slot}},,{NOBODYS}", "3: reference: must not be an ID number"),
    ("tax,{slot},,R2,more", "3: it has 5 columns, not 4"),
    ("tax,{slot}", "3: it has 2 columns, not 4"),
    ('tax,"{slot}', "is not CSV"),
    (f"tax,{{slot}},,{'R' * 65}", "3: reference: may have 64 characters"),
]


@pytest.mark.parametrize(("line", "said"), MISTAKES, ids=lambda value: value[:30])
def test_a_wrong_row_is_told_with_its_line_and_nothing_is_booked(
    line: str, said: str, always_there: Server, tmp_path: Path
) -> None:
    right = f"tax,{slot()},,R1"
    row = line.format(slot=slot(), early=slot(time="08:29"))
    seq = always_there.client().seq
    ended = book(always_there, written(tmp_path, "service,slot,id_number,reference", right, row))
    assert ended.status == 1
    assert "nothing was booked" in ended.log
    assert said in ended.log
    assert always_there.client().seq == seq


@pytest.fixture(scope="module")
def always_there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("there") / "hall") as running:
        yield running


def test_every_mistake_is_told_at_once(always_there: Server, tmp_path: Path) -> None:
    file = written(tmp_path, "service,slot,reference", f"tax,{slot()},R1", "x,y,z", f"tax,{slot()},R1", "tax,now,R4")
    told = [line for line in book(always_there, file).log.splitlines() if line.startswith(str(file))]
    assert [line.removeprefix(f"{file}:")[:9] for line in told] == ["3: servic", "4: refere", "5: slot: "]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("service,reference", "1: slot: this column is missing"),
        ("", "1: service: this column is missing"),
        ("service,slot,reference,name", "1: column 4: its name must be one of"),
        ("service,slot,reference,slot", "1: column 4: its name must be one of"),
    ],
)
def test_a_file_of_other_columns_is_told_so(always_there: Server, tmp_path: Path, header: str, said: str) -> None:
    ended = book(always_there, written(tmp_path, header, f"tax,{slot()},R1"))
    assert (ended.status, said in ended.log) == (1, True), ended.log


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_file_as_a_spreadsheet_saves_it_is_read(server: Server, tmp_path: Path, encoding: str) -> None:
    out = tmp_path / "codes.csv"
    file = written(tmp_path, "Service,SLOT,Reference", f"tax,{slot()},句容市预约单第1号\r", encoding=encoding)
    assert book(server, file, "--out", out).out == "1 booked\n"
    assert [row["reference"] for row in table(out)] == ["句容市预约单第1号"]


def test_a_closed_service_is_a_mistake_of_the_file(tmp_path: Path) -> None:
    config = tmp_path / "closed.yaml"
    config.write_text(CLOSED, encoding="utf-8")
    (tmp_path / "hall").mkdir()
    with Server(tmp_path / "hall", config=config) as server:
        said = book(server, written(tmp_path, "service,slot,reference", f"tax,{slot()},R1"))
        assert (said.status, "2: service: tax is closed now" in said.log) == (1, True)


def test_a_server_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    file = written(tmp_path, "service,slot,reference", f"tax,{slot()},R1")
    said = run(tmp_path, "appointments", file, "--hall", HALL, "--server", "http://127.0.0.1:9")
    assert (said.status, "does not answer" in said.log, "Traceback" in said.log) == (1, True, False)


def test_a_hall_or_a_file_that_is_not_there_is_said_so(always_there: Server, tmp_path: Path) -> None:
    file = written(tmp_path, "service,slot,reference", f"tax,{slot()},R1")
    said = run(tmp_path, "appointments", file, "--hall", "H9", "--server", always_there.url)
    assert (said.status, "does not run a hall 'H9'" in said.log) == (1, True)
    assert "cannot be read" in book(always_there, tmp_path / "nowhere.csv").log


def test_codes_that_cannot_be_written_are_told_and_can_be_had_by_importing_again(
    server: Server, tmp_path: Path
) -> None:
    file = written(tmp_path, "service,slot,reference", f"tax,{slot()},R1")
    said = book(server, file, "--out", tmp_path)
    assert (said.status, "cannot be written, import the file again" in said.log) == (1, True)
    assert book(server, file, "--out", tmp_path / "codes.csv").status == 0
    assert len(table(tmp_path / "codes.csv")) == 1
