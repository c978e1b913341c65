"""The secrets of a hall server: a key for each hall and day, which is destroyed, and the city's own, which stays.

With a day's key, ID numbers are turned into holders (`domain.holder`); once it is destroyed nobody can tell whose
they were. With the city's key, codes are signed (`domain.codes`).

Each key is a file of its own, not a row of a database: a destroyed key then lives on in no log and no free page.
It is written over before it is removed; what a copying file system or a flash disk keeps of it, no program can tell.
Keys are never part of a backup.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import date
from pathlib import Path

KEY_BYTES = 32
_CODES = "codes.key"


class KeysUnavailable(Exception):
    """A key cannot be read, made or destroyed: the disk is full or broken, or the key's file is damaged."""


class KeyRing:
    """The keys in `folder`, which only this user may read. Several processes may share it.

    Every method raises KeysUnavailable.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def day_key(self, hall: str, day: str) -> bytes:
        """The key of a hall's local date (ISO), made when it is first asked for. ValueError if it is no date."""
        if date.fromisoformat(day).isoformat() != day:
            raise ValueError(f"{day!r} is not a date like 2026-03-02")
        return self._key(self._days(hall) / f"{day}.key")

    def code_key(self) -> bytes:
        """The key that codes are signed with. Whoever loses it makes every code in people's hands worthless."""
        return self._key(self._folder / _CODES)

    def forget(self, hall: str, before_day: str) -> None:
        """Destroy the keys of the days before `before_day`."""
        try:
            for path in sorted(self._days(hall).iterdir()):
                if path.name.removesuffix(".key") < before_day:
                    _destroy(path)
        except FileNotFoundError:  # no key was ever made, or another process destroys them too
            pass
        except OSError as error:
            raise KeysUnavailable(str(error)) from error

    def _days(self, hall: str) -> Path:
        return self._folder / f"hall-{hall}"

    def _key(self, path: Path) -> bytes:
        try:
            if not path.exists():
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.parent.mkdir(mode=0o700, exist_ok=True)
                _create(path)
            key = path.read_bytes()
        except OSError as error:
            raise KeysUnavailable(str(error)) from error
        if len(key) != KEY_BYTES:
            raise KeysUnavailable(f"{path} does not hold a key of {KEY_BYTES} bytes")
        return key


def _create(path: Path) -> None:
    """Whole and on disk, or not at all; if another process was faster, its key is the key."""
    new = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, secrets.token_bytes(KEY_BYTES))
        os.fsync(file)
    finally:
        os.close(file)
    with suppress(FileExistsError):
        os.link(new, path)
    new.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _destroy(path: Path) -> None:
    with path.open("r+b", buffering=0) as file:
        file.write(bytes(max(KEY_BYTES, path.stat().st_size)))
        os.fsync(file.fileno())
    path.unlink()
