"""A log of an old system, read from CSV: every bad row named with what to do, nothing unknown made up.

Columns: `hall, queue, number, issued_at, called_at` and, where known, `started_at, finished_at, window, class, outcome,
windows_open`. Times are ISO 8601 (`2020-01-07T08:24`), local; with an offset they are taken to the offset of
`issued_at`. An empty cell means "not known" (`called_at`: never called).
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np

from queue_server.forecast.log import UNKNOWN, Log

REQUIRED = ("hall", "queue", "number", "issued_at", "called_at")
TIMES = ("issued_at", "called_at", "started_at", "finished_at")
LONGEST = 24 * 60.0
ABSENT = frozenset(("no-show", "noshow", "no_show", "absent", "过号"))
SHOWN = 10
_NAMED = ("day", "line", "class", "window")
_Names: TypeAlias = dict[tuple[str, ...], int]


class LogError(ValueError):
    """The file cannot be used. The text names file and line and says what to do."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """What was read, and the rows that were not: `path:line: what is wrong`."""

    log: Log
    bad: tuple[str, ...] = ()


@dataclass(kw_only=True)
class _Columns:
    """The tickets read so far."""

    names: dict[str, _Names] = field(default_factory=lambda: {k: {} for k in _NAMED})
    rows: list[tuple[float, ...]] = field(default_factory=list)
    seen: dict[tuple[str, ...], int] = field(default_factory=dict)

    def index(self, kind: str, *name: str) -> int:
        return self.names[kind].setdefault(name, len(self.names[kind])) if all(name) else UNKNOWN


def read(path: Path, *, skip_bad: bool = False) -> Read:
    """The tickets of a CSV file, plain or gzip.

    Raises:
        LogError: a column is missing, the file is empty or not text, or rows are bad and are not to be skipped.
        OSError: the file cannot be read.
    """
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8-sig", newline="")
            if packed
            else path.open(encoding="utf-8-sig", newline="")
        ) as lines:
            return read_lines(lines, name=str(path), skip_bad=skip_bad)
    except UnicodeDecodeError as error:
        raise LogError(f"{path}: not UTF-8 text ({error.reason}). Save the file as UTF-8 CSV.") from error
    except (gzip.BadGzipFile, EOFError) as error:
        raise LogError(f"{path}: damaged or cut off ({error}). Make the .gz file again.") from error


def read_lines(lines: Iterable[str], *, name: str, skip_bad: bool = False) -> Read:
    """The same from lines of text; `name` is what messages call the file."""
    rows = csv.DictReader(lines, restkey="")
    header = rows.fieldnames or ()
    missing = [column for column in REQUIRED if column not in header]
    if missing:
        raise LogError(
            f"{name}:1: column {', '.join(missing)} is missing."
            f" The first line must name the columns {', '.join(REQUIRED)}."
        )
    columns, bad = _Columns(), []
    try:
        for row in rows:
            wrong = _take(columns, row, rows.line_num)
            if wrong:
                bad.append(f"{name}:{rows.line_num}: {wrong}")
    except csv.Error as error:
        raise LogError(f"{name}:{rows.line_num}: not a CSV row ({error}). Check the quotes.") from error
    if bad and not skip_bad:
        raise LogError("\n".join(_shown(bad)) + "\nMend these rows, or leave them out with --skip-bad-rows.")
    if not columns.rows:
        raise LogError(f"{name}: no tickets. Each line after the first must be one ticket.")
    return Read(log=_log(columns), bad=tuple(bad))


def _shown(bad: list[str]) -> Iterator[str]:
    yield from bad[:SHOWN]
    if len(bad) > SHOWN:
        yield f"… and {len(bad) - SHOWN} more bad rows"


def _take(columns: _Columns, row: dict[str, str], line: int) -> str:
    """Add a row; what is wrong with it, if anything."""
    if "" in row:
        return "more cells than columns: quote a text that holds a comma"
    cells = {name: (value or "").strip() for name, value in row.items()}
    empty = [name for name in ("hall", "queue", "issued_at") if not cells[name]]
    if empty:
        return f"{empty[0]} is empty: every ticket needs it"
    times: dict[str, datetime] = {}
    for name in TIMES:
        if cells.get(name):
            try:
                times[name] = datetime.fromisoformat(cells[name])
            except ValueError:
                return f"{name} {cells[name]!r} is not a time: write it like 2020-01-07T08:24"
    issued = times["issued_at"]
    midnight = issued.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        minutes = {name: (time - midnight).total_seconds() / 60 for name, time in times.items()}
    except TypeError:
        return "some times have an offset and some have not: write all of a row in the same way"
    wrong = _order(minutes)
    if wrong:
        return wrong
    windows = cells.get("windows_open", "")
    if windows and not re.fullmatch(r"\d+(\.0*)?", windows):
        return f"windows_open {windows!r} is not a number: write how many windows were open, or nothing"
    ticket = tuple(cells[name] for name in REQUIRED)
    if cells["number"] and columns.seen.setdefault(ticket, line) != line:
        return f"the same ticket as in line {columns.seen[ticket]}: keep one of them"
    nan = float("nan")
    columns.rows.append((
        columns.index("day", issued.date().isoformat()), columns.index("line", cells["hall"], cells["queue"]),
        *(minutes.get(name, nan) for name in TIMES), float(windows or nan),
        columns.index("class", cells.get("class", "")), columns.index("window", cells["hall"], cells.get("window", "")),
        cells.get("outcome", "").lower() in ABSENT,
    ))  # fmt: skip
    return ""


def _order(minutes: dict[str, float]) -> str:
    """What is wrong with the order of a ticket's times, if anything."""
    known = [name for name in TIMES if name in minutes]
    for before, after in pairwise(known):
        if minutes[after] < minutes[before]:
            return f"{after} is before {before}: correct one of them, or leave it empty if it is not known"
    if minutes[known[-1]] - minutes["issued_at"] > LONGEST:
        return f"{known[-1]} is more than a day after issued_at: correct the date"
    return ""


def _log(columns: _Columns) -> Log:
    """The columns as arrays, days and lines in order of their names."""
    names = {kind: sorted(known) for kind, known in columns.names.items()}
    place = {
        kind: np.array([names[kind].index(name) for name in known] + [UNKNOWN], np.intp)
        for kind, known in columns.names.items()
    }
    table = np.array(columns.rows, float)
    day, line, klass, window = (
        place[kind][table[:, at].astype(int)] for kind, at in zip(_NAMED, (0, 1, 7, 8), strict=True)
    )
    lines = [(hall, queue) for hall, queue in names["line"]]
    halls = sorted({hall for hall, _ in lines})
    order = np.lexsort((np.arange(len(table)), table[:, 2], line, day))
    return Log(
        lines=tuple(lines), halls=tuple(halls), days=tuple(day for (day,) in names["day"]),
        classes=tuple(klass for (klass,) in names["class"]), windows=tuple(f"{h} {w}" for h, w in names["window"]),
        hall_of_line=np.array([halls.index(hall) for hall, _ in lines], np.intp),
        row=order, day=day[order], line=line[order], issued=table[order, 2], called=table[order, 3],
        started=table[order, 4], finished=table[order, 5], open=table[order, 6], klass=klass[order],
        window=window[order], absent=table[order, 9] > 0,
    )  # fmt: skip
