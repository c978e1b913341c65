"""Our own codes: a short signed text that says what kind of thing it is, which one, and until when.

    token     = kind "." body "." expires "." signature
    kind      = one letter A-Z                       what the body names: the caller's own list
    body      = 1*64 of A-Z a-z 0-9 - _              no personal data: anybody can photograph a code
    expires   = 1*7 of 0-9 A-Z                       seconds since 1970 UTC in base 36, no leading zero
    signature = 22 of A-Z a-z 0-9 - _                HMAC-SHA256(key, "bianmin code 1:" and everything before it),
                                                     first 128 bits, base64url without padding

Example, key 0123456789abcdef: `T.JR1-A001.T64CSG.vXLzph7RCwzPfuShimh8kw`. All of it is ASCII that any scanner,
keyboard wedge and URL passes unchanged. The kind is under the signature too, so a body of one kind cannot pass for
another. 128 bits are enough: a forger must guess online, at the speed of a scanner (RFC 2104 section 5 asks for half
of the hash).
Whoever verifies learns one thing: the holder of the key wrote this and it has not expired. It is no secret, and it
can be copied: whether it may be used twice is the caller's question. Pure: time and key are arguments.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum

LEAST_KEY = 16  # bytes
LONGEST_TOKEN = 2 + 65 + 8 + 22
_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LATEST = 36**7 - 1
_SIGNED = re.compile(
    r"(?P<said>(?P<kind>[A-Z])\.(?P<body>[A-Za-z0-9_-]{1,64})\.(?P<expires>0|[1-9A-Z][0-9A-Z]{0,6})\.)"
    r"(?P<signature>[A-Za-z0-9_-]{22})"
)


class Flaw(StrEnum):
    NOT_OURS = "not-ours"
    """Not of our grammar: somebody else's code."""
    FORGED = "forged"
    """Of our grammar, but the signature is not ours (or was made with another key)."""
    EXPIRED = "expired"
    """Ours, and its time is over."""


class Rejected(ValueError):
    """Why a text is not accepted. Never carries the text: it may be anything."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw)
        self.flaw = flaw


@dataclass(frozen=True, kw_only=True)
class Token:
    """What a verified code says. `expires`: seconds since 1970 UTC, the first second it is no longer good."""

    kind: str
    body: str
    expires: int


def sign(kind: str, body: str, expires: int, key: bytes) -> str:
    """The text of a new code. ValueError if kind, body, expires or key do not fit the grammar above."""
    _require_key(key)
    if not 0 <= expires <= _LATEST:
        raise ValueError(f"a code expires between 0 and {_LATEST} s after 1970, not {expires}")
    said = f"{kind}.{body}.{_base36(expires)}."
    token = said + _signature(said, key)
    if _SIGNED.fullmatch(token) is None:
        raise ValueError("kind is one letter A-Z, body 1 to 64 of A-Z a-z 0-9 - _")
    return token


def verify(text: str, key: bytes, now: float) -> Token:
    """What the code says, if we signed it and it has not expired at `now` (seconds since 1970 UTC); else Rejected.

    ValueError (another one) only if the key is too short. Any text may be given, of any length.
    """
    _require_key(key)
    match = _SIGNED.fullmatch(text) if len(text) <= LONGEST_TOKEN else None
    if match is None:
        raise Rejected(Flaw.NOT_OURS)
    if not hmac.compare_digest(_signature(match["said"], key), match["signature"]):
        raise Rejected(Flaw.FORGED)
    expires = int(match["expires"], 36)
    if now >= expires:
        raise Rejected(Flaw.EXPIRED)
    return Token(kind=match["kind"], body=match["body"], expires=expires)


def _signature(said: str, key: bytes) -> str:
    mac = hmac.digest(key, b"bianmin code 1:" + said.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac[:16]).rstrip(b"=").decode()


def _base36(number: int) -> str:
    digits = ""
    while number >= 36:
        number, digit = divmod(number, 36)
        digits = _BASE36[digit] + digits
    return _BASE36[number] + digits


def _require_key(key: bytes) -> None:
    if len(key) < LEAST_KEY:
        raise ValueError(f"the key has {len(key)} bytes, at least {LEAST_KEY} are needed")
