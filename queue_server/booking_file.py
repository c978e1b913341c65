"""Appointments from a CSV file, as booking systems export it: the whole file is checked, then booked row by row.

Columns: `service` (its code), `slot` (`2026-11-23 10:30`, the hall's time), and of these at least one in each row:
`reference` (the booking system's own number) and `id_number` (of the resident). By them a repeated import is noticed.
No message repeats an ID number.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import urllib3

from queue_server.domain.calendar import day_of, periods
from queue_server.domain.configuration import Hours
from queue_server.domain.events import Instant
from queue_server.domain.holder import holder_of

NEEDED, COLUMNS = ("service", "slot"), ("service", "slot", "id_number", "reference")
SLOT = "%Y-%m-%d %H:%M"
LONGEST_REFERENCE = 64
SECONDS = 20.0


class Mistakes(Exception):
    """The file cannot be booked. `str()` is one line for each mistake: `file:line: column: what is wrong`."""


class NotBooked(Exception):
    """The server does not answer, or not as agreed."""


@dataclass(frozen=True, kw_only=True)
class HallNow:
    """What the server says of the hall. `services`: by code, whether it is closed."""

    timezone: str
    hours: Hours
    services: dict[str, bool]
    at: Instant


@dataclass(frozen=True, kw_only=True)
class Row:
    """One appointment to book."""

    line: int
    service: str
    slot: Instant
    id_number: str = field(default="", repr=False)
    reference: str = ""


@dataclass(frozen=True, kw_only=True)
class Booked:
    reference: str
    id: str
    code: str


def read(path: Path, hall: HallNow) -> list[Row]:
    """The rows of a file, all of them right.

    Raises:
        Mistakes: with every mistake found.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Mistakes(f"{path}: cannot be read: {error.strerror}") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", "replace")  # as Chinese spreadsheets save it
    table = csv.reader(io.StringIO(text, newline=""), strict=True)
    mistakes: list[str] = []
    rows: list[Row] = []
    try:
        header = [name.strip().lower() for name in next(table, [])]
        mistakes += [f"1: {column}: this column is missing" for column in NEEDED if column not in header]
        mistakes += [f"1: column {n}: its name must be one of {', '.join(COLUMNS)}, given once"
                     for n, name in enumerate(header, 1) if name not in COLUMNS or name in header[: n - 1]]  # fmt: skip
        for cells in table if not mistakes else ():
            if any(cell.strip() for cell in cells):
                found = _row(dict(zip(header, map(str.strip, cells), strict=False)), table.line_num, hall, rows)
                mistakes += [f"{table.line_num}: {found}"] if isinstance(found, str) else []
                rows += [found] if isinstance(found, Row) else []
                if len(cells) != len(header):
                    mistakes.append(f"{table.line_num}: it has {len(cells)} columns, not {len(header)}")
    except csv.Error:
        mistakes.append(f"{table.line_num}: is not CSV")
    if mistakes:
        raise Mistakes("\n".join(f"{path}:{mistake}" for mistake in mistakes))
    return rows


def _row(cells: dict[str, str], line: int, hall: HallNow, before: Sequence[Row]) -> Row | str:
    """The row, or what is wrong with it first."""
    service, id_number, reference = (cells.get(name, "") for name in ("service", "id_number", "reference"))
    if service not in hall.services:
        said = repr(service) if len(service) <= 12 else "this one"  # it may be an ID number in the wrong column
        return f"service: the hall has no service {said}"
    if hall.services[service]:
        return f"service: {service} is closed now"
    try:
        slot = round(datetime.strptime(cells["slot"], SLOT).replace(tzinfo=ZoneInfo(hall.timezone)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return "slot: must be like 2026-11-23 10:30"
    if slot < hall.at:
        return "slot: it is past"
    if not any(
        opens <= slot < closes for opens, closes in periods(hall.hours, hall.timezone, day_of(hall.timezone, slot))
    ):
        return "slot: the hall is not open then"
    if id_number and holder_of(id_number, b"") is None:
        return "id_number: is no ID number: 18 characters, the last one a check"
    if len(reference) > LONGEST_REFERENCE:
        return f"reference: may have {LONGEST_REFERENCE} characters"
    if holder_of(reference, b"") is not None:
        return "reference: must not be an ID number"
    if not reference and not id_number:
        return "reference: a row needs it or an id_number, so that a repeated import is noticed"
    for other in before:
        same = (other.service, other.slot, other.id_number.upper()) == (service, slot, id_number.upper())
        if other.reference == reference and (reference or same):
            return f"{'reference' if reference else 'id_number'}: the same as in line {other.line}"
    return Row(line=line, service=service, slot=slot, id_number=id_number, reference=reference)


class Desk:
    """The bookings of one hall at a server.

    Every method raises NotBooked if the server does not answer.
    """

    def __init__(self, server: str, hall: str) -> None:
        self._hall, self._api = hall, f"{server.rstrip('/')}/api/v1/halls/{hall}"
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=SECONDS))

    def now(self) -> HallNow:
        status, said = self._ask("GET", "")
        if status != 200:
            raise NotBooked(_sentence(status, said))
        try:
            return HallNow(
                timezone=said["timezone"],
                hours=msgspec.convert(said["hours"], Hours),
                services={service["code"]: service["closed"] is not None for service in said["services"]},
                at=round(datetime.fromisoformat(said["at"]).timestamp() * 1000),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise NotBooked(f"the server at {self._api} answers otherwise than a hall: {error!r}") from error

    def book(self, rows: Sequence[Row]) -> Iterator[tuple[Row, Booked | str]]:
        """Book one after the other: what was booked (now, or before), or why not."""
        for row in rows:
            body = {"service": row.service, "slot": row.slot} | ({"id_number": row.id_number} if row.id_number else {})
            status, said = self._ask("POST", "/appointments", body, self._key(row))
            if status != 201:
                yield row, _sentence(status, said)
            elif (said["service"], datetime.fromisoformat(said["slot"]).timestamp() * 1000) != (row.service, row.slot):
                yield row, "it was booked before, for another service or time; cancel that first"
            else:
                yield row, Booked(reference=row.reference, id=said["id"], code=said["code"])

    def _key(self, row: Row) -> str | None:
        """None where the ID number is all there is: the server then knows the booking again by its card."""
        digest = sha256(f"{self._hall}/{row.reference}".encode()).hexdigest()
        return f"import-{digest[:40]}" if row.reference else None

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, key: str | None = None
    ) -> tuple[int, Any]:
        headers = {"Idempotency-Key": key} if key else {}
        try:
            answer = self._http.request(method, self._api + path, json=body, headers=headers)
            return answer.status, answer.json()
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise NotBooked(f"the server at {self._api} does not answer: {type(error).__name__}") from error


def _sentence(status: int, said: Any) -> str:
    problem = said if isinstance(said, dict) else {}
    return str(problem.get("detail") or f"the server answered {status}")


def write(path: Path, booked: Sequence[Booked]) -> None:
    """What was booked, for the booking system: `reference,id,code`. Whoever has a code can check in with it."""
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline=""
    ) as file:
        table = csv.writer(file)
        table.writerow(("reference", "id", "code"))
        table.writerows((one.reference, one.id, one.code) for one in booked)
