"""The PIN of the service screen. Only a slow hash of it is kept, and who guesses has to wait longer and longer."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
from collections.abc import Callable
from pathlib import Path

from kiosk.kept import keep, kept
from queue_server.domain.events import Instant
from queue_server.journal.replica import clock

SHORTEST, LONGEST = 6, 12
FREE_TRIES = 5
FIRST_WAIT = 30_000
"""ms to wait after the fifth wrong PIN in a row; doubled with each further one."""
LONGEST_WAIT = 3_600_000
# 16 MB and some 50 ms on a kiosk's processor (RFC 7914; OWASP Password Storage asks at least for N=2^14 with r=8, p=5,
# the waits above stand in for the rest).
COST = {"n": 2**14, "r": 8, "p": 1}
_MEMORY = 64 * 1024 * 1024

log = logging.getLogger(__name__)


class PinError(ValueError):
    """This cannot be a PIN. The text says why."""


def set_pin(folder: Path, digits: str) -> None:
    """Make `digits` the PIN of the kiosk whose data folder this is.

    Raises:
        PinError: it is not 6 to 12 digits, or too easy.
        OSError: it cannot be kept.
    """
    if not (digits.isascii() and digits.isdecimal() and SHORTEST <= len(digits) <= LONGEST):
        raise PinError(f"A PIN is {SHORTEST} to {LONGEST} digits.")
    if len(set(digits)) == 1 or digits in "01234567890123456789" or digits in "98765432109876543210":
        raise PinError("This PIN would be the first to be guessed; take another.")
    salt = os.urandom(16)
    content = {"salt": salt.hex(), "hash": _hash(digits, salt, COST).hex(), **COST}
    if not keep(folder / "pin.json", content):
        raise OSError(f"The PIN cannot be kept in {folder}; can it be written?")
    (folder / "tries.json").unlink(missing_ok=True)


class Pin:
    """Call it from one thread. The tries are kept too: a restart gives a guesser no new ones."""

    def __init__(self, folder: Path, *, now: Callable[[], Instant] = clock) -> None:
        self._folder, self._now = folder, now
        tries = kept(folder / "tries.json")
        self._wrong = _number(tries.get("wrong"))
        self._until = _number(tries.get("until"))

    def check(self, digits: str) -> bool:
        """Whether this is the PIN. Never while none is set, and not before the wait after wrong ones is over."""
        content = kept(self._folder / "pin.json")
        if not content:
            log.warning("no service PIN is set; set one with: python -m kiosk --set-pin %s", self._folder)
            return False
        now = self._now()
        if self._wrong >= FREE_TRIES and now < self._until <= now + self._wait:  # else the clock was put back
            log.warning("a service PIN was entered before the wait after %d wrong ones was over", self._wrong)
            return False
        right = _is(digits, content)
        self._wrong = 0 if right else self._wrong + 1
        self._until = 0 if right or self._wrong < FREE_TRIES else now + self._wait
        keep(self._folder / "tries.json", {"wrong": self._wrong, "until": self._until})
        if right:
            log.warning("the service screen was opened")
        else:
            log.warning("a wrong service PIN, %d in a row", self._wrong)
        return right

    @property
    def _wait(self) -> int:
        return min(LONGEST_WAIT, FIRST_WAIT << min(self._wrong - FREE_TRIES, 20))


def _is(digits: str, content: dict[str, object]) -> bool:
    try:
        salt, expected = bytes.fromhex(str(content["salt"])), bytes.fromhex(str(content["hash"]))
        cost = {name: _number(content[name]) for name in COST}
        return hmac.compare_digest(_hash(digits, salt, cost), expected)
    except (KeyError, ValueError):
        log.error("the service PIN cannot be read; set it again")
        return False


def _hash(digits: str, salt: bytes, cost: dict[str, int]) -> bytes:
    return hashlib.scrypt(digits.encode(), salt=salt, maxmem=_MEMORY, dklen=32, **cost)


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
