"""The hall's secrets that a kiosk needs to work cut off: the day's key for cards, and the key codes are signed with.

They come from the hall while it is there and stay in the data folder, so that a kiosk restarted without it can still
sign tickets, recognise codes and notice a card's second ticket. A day's key is gone when another day is asked for.
"""

from __future__ import annotations

import base64
import binascii
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kiosk.kept import keep, kept

KEY_BYTES = 32
LEAST_BYTES = 16
"""A shorter key hides nothing, and signs nothing (`devices.scanner.signed`)."""


@dataclass(frozen=True, kw_only=True)
class DayKey:
    """The key for the cards of one local date."""

    day: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class HallKeys:
    """What the hall gives its kiosks."""

    day_key: DayKey
    code_key: bytes = field(repr=False)


def hall_keys(content: object) -> HallKeys | None:
    """The answer to `GET …/keys`; None if it is not as agreed."""
    match content:
        case {"day": str(day), "day_key": str(day_key), "code_key": str(code_key)}:
            first, second = _bytes(day_key), _bytes(code_key)
            if first is not None and second is not None:
                return HallKeys(day_key=DayKey(day=day, key=first), code_key=second)
    return None


@dataclass(frozen=True, kw_only=True)
class _Held:
    hall: DayKey | None = None
    own: DayKey | None = None
    code_key: bytes | None = field(default=None, repr=False)


class Keys:
    """The keys of one kiosk. Any thread may ask."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._held = _read(kept(path))

    @property
    def code_key(self) -> bytes | None:
        """None if the hall was never heard of: then codes can be neither signed nor recognised."""
        return self._held.code_key

    def has_hall_key(self, day: str) -> bool:
        return self._held.hall is not None and self._held.hall.day == day

    def day_key(self, day: str) -> bytes:
        """The hall's key of the day, else one of this kiosk's own: cards are then known again at this kiosk only."""
        with self._lock:
            held = _without_older(self._held, day)
            if held.hall is not None and held.hall.day == day:
                key = held.hall
            elif held.own is not None and held.own.day == day:
                key = held.own
            else:
                key = DayKey(day=day, key=os.urandom(KEY_BYTES))
                held = replace(held, own=key)
            self._keep(held)
            return key.key

    def learn(self, told: HallKeys) -> None:
        with self._lock:
            self._keep(replace(self._held, hall=told.day_key, code_key=told.code_key))

    def _keep(self, held: _Held) -> None:
        if held != self._held:
            self._held = held
            keep(self._path, _written(held))  # a full disk costs the keys at the next restart, not now


def _without_older(held: _Held, day: str) -> _Held:
    hall, own = (key if key is not None and key.day >= day else None for key in (held.hall, held.own))
    return replace(held, hall=hall, own=own)


def _written(held: _Held) -> dict[str, str]:
    keys = {"hall": held.hall, "own": held.own}
    days = {f"{name}_day": key.day for name, key in keys.items() if key is not None}
    secrets = {f"{name}_key": _text(key.key) for name, key in keys.items() if key is not None}
    return days | secrets | ({"code_key": _text(held.code_key)} if held.code_key is not None else {})


def _read(content: Mapping[str, object]) -> _Held:
    def day_key(name: str) -> DayKey | None:
        day, key = content.get(f"{name}_day"), _bytes(content.get(f"{name}_key"))
        return DayKey(day=day, key=key) if isinstance(day, str) and key is not None else None

    return _Held(hall=day_key("hall"), own=day_key("own"), code_key=_bytes(content.get("code_key")))


def _text(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()


def _bytes(text: object) -> bytes | None:
    """base64url, with or without padding."""
    if not isinstance(text, str):
        return None
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return key if len(key) >= LEAST_BYTES else None
