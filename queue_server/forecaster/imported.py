"""The log of an old system, kept beside the journal as days to learn from until the hall has enough of its own.

One file an import, `imported/HALL/NAME.json` in the hall's data folder; importing the same NAME again replaces it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from queue_server.forecast.history import Imported
from queue_server.forecast.learned import Day
from queue_server.forecaster.days import Taught, read, write

FORMAT = 1
ENOUGH = 20
"""So many days of its own, a month of working days, and a hall needs no other's."""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """One import. `sha256` is that of `days`, in their JSON: what was stored is what is learned from."""

    format: int
    hall: str
    file: str
    sha256: str
    days: list[Taught]

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ValueError(f"format {self.format}, of another version of this program")
        if self.sha256 != _sum(self.days):
            raise ValueError("its content is not what was stored")


@dataclass(frozen=True, kw_only=True)
class Found:
    """The imported days in order, and what is wrong with files that cannot be used."""

    days: tuple[Day, ...] = ()
    faults: tuple[str, ...] = ()


def folder(data: Path, hall: str) -> Path:
    return data / "imported" / hall


def keep(data: Path, hall: str, file: Path, imported: Imported) -> Path:
    """Store what a log teaches; gives where.

    Raises:
        OSError: it cannot be written.
    """
    days = [Taught.of(day) for day in imported.days]
    path = folder(data, hall) / f"{file.name}.json"
    write(path, History(format=FORMAT, hall=hall, file=file.name, sha256=_sum(days), days=days))
    return path


def find(data: Path, hall: str) -> Found:
    """All imported days of a hall; of a day that is in several files, the file imported last counts."""
    days: dict[str, Day] = {}
    faults = []
    for path in files(data, hall):
        try:
            history = read(path, History)
            if history.hall != hall:
                raise ValueError(f"it was imported for hall {history.hall}")
            days |= {taught.day: taught.read() for taught in history.days}
        except (OSError, ValueError) as error:
            faults.append(f"{path}: {error}. Import its log again, or delete this file.")
    return Found(days=tuple(days[day] for day in sorted(days)), faults=tuple(faults))


def files(data: Path, hall: str) -> Sequence[Path]:
    """The files of a hall, that imported last at the end."""
    found = [path for path in folder(data, hall).glob("*.json") if not path.name.startswith(".")]
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))


def together(own: Sequence[Day], imported: Sequence[Day]) -> list[Day]:
    """The days to learn from: the hall's own; before it has enough, the imported ones of other dates too."""
    if len(own) >= ENOUGH:
        return list(own)
    known = {day.day for day in own}
    return sorted([*(day for day in imported if day.day not in known), *own], key=lambda day: day.day)


def _sum(days: Sequence[Taught]) -> str:
    return hashlib.sha256(msgspec.json.encode(days)).hexdigest()
