"""Our own codes: a short signed text that says what kind of thing it is, which one, and until when.

    token     = kind "." body "." expires "." signature
    kind      = one letter A-Z                       what the body names: the caller's own list
    body      = 1*96 of A-Z a-z 0-9 - _              no personal data: anybody can photograph a code
    expires   = 1*7 of 0-9 A-Z                       seconds since 1970 UTC in base 36, no leading zero
    signature = 22 of A-Z a-z 0-9 - _                HMAC-SHA256(key, "bianmin code 1:" and everything before it),
                                                     first 128 bits, base64url without padding

Example, key 0123456789abcdef: `T.JR1-A001.T64CSG.vXLzph7RCwzPfuShimh8kw`. All of it is ASCII that any scanner,
keyboard wedge and URL passes unchanged. The kind is under the signature too, so a body of one kind cannot pass for
another. 128 bits are enough: a forger must guess online, at the speed of a scanner (RFC 2104 section 5 asks for half
of the hash).
Whoever verifies learns one thing: the holder of the key wrote this and it has not expired. It is no secret, and it
can be copied: whether it may be used twice is the caller's question. Pure: time and key are arguments.

Two kinds there are, `T` on a printed ticket and `A` for an appointment; parts of a body are separated by `_`:

    T = ticket (UUID, 22 of base64url) label taken(base 36 s) hall kiosk class [service] [slot(base 36 s)]
    A = hall YYYYMMDD HHMM service appointment
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self
from uuid import UUID

from queue_server.domain.calendar import instant, local, next_day
from queue_server.domain.events import AppointmentBooked, Instant, TicketIssued

LEAST_KEY = 16  # bytes
LONGEST_BODY = 96  # a ticket's body has some 70
LONGEST_TOKEN = 2 + (LONGEST_BODY + 1) + 8 + 22  # 129 bytes: QR version 8 at level M, within what a receipt can hold
_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LATEST = 36**7 - 1
_SIGNED = re.compile(
    rf"(?P<said>(?P<kind>[A-Z])\.(?P<body>[A-Za-z0-9_-]{{1,{LONGEST_BODY}}})\.(?P<expires>0|[1-9A-Z][0-9A-Z]{{0,6}})\.)"
    r"(?P<signature>[A-Za-z0-9_-]{22})"
)
_NAME, _NUMBER = "[A-Za-z0-9-]+", "(?:0|[1-9A-Z][0-9A-Z]{0,6})"
_TICKET = re.compile(
    rf"(?P<ticket>[A-Za-z0-9_-]{{22}})_(?P<label>[A-Z][0-9]{{3,4}})_(?P<taken>{_NUMBER})_(?P<hall>{_NAME})"
    rf"_(?P<kiosk>{_NAME})_(?P<klass>{_NAME})_(?P<service>(?:{_NAME})?)_(?P<slot>{_NUMBER}?)"
)
_APPOINTMENT = re.compile(
    rf"(?P<hall>{_NAME})_(?P<day>[0-9]{{8}})_(?P<clock>[0-9]{{4}})_(?P<service>{_NAME})_(?P<appointment>{_NAME})"
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
        raise ValueError(f"kind is one letter A-Z, body 1 to {LONGEST_BODY} of A-Z a-z 0-9 - _")
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


@dataclass(frozen=True, kw_only=True)
class TicketCode:
    """What the code on a ticket says. Times are whole seconds, in ms. It is good for `GOOD_FOR` from when it was taken.

    `ticket` is a UUID in its usual lower-case form.
    """

    KIND: ClassVar = "T"
    GOOD_FOR: ClassVar[Instant] = 24 * 3_600_000

    ticket: str
    label: str
    taken_at: Instant
    hall: str
    kiosk: str
    klass: str
    service: str | None = None
    slot: Instant | None = None

    @classmethod
    def of(cls, hall: str, issued: TicketIssued) -> Self:
        """The code for a ticket, its times cut to seconds."""
        return cls(
            ticket=issued.ticket, label=issued.label, taken_at=issued.at // 1000 * 1000, hall=hall,
            kiosk=issued.source, klass=issued.klass, service=issued.service,
            slot=None if issued.slot is None else issued.slot // 1000 * 1000,
        )  # fmt: skip

    def text(self, key: bytes) -> str:
        """The signed code. ValueError if a part does not fit: codes of a checked configuration always do."""
        parts = (
            base64.urlsafe_b64encode(UUID(self.ticket).bytes).rstrip(b"=").decode(), self.label,
            _base36(self.taken_at // 1000), self.hall, self.kiosk, self.klass, self.service or "",
            "" if self.slot is None else _base36(self.slot // 1000),
        )  # fmt: skip
        body = "_".join(parts)
        if self._read(body) != self:
            raise ValueError("a part of this ticket does not fit a code")
        return sign(self.KIND, body, (self.taken_at + self.GOOD_FOR) // 1000, key)

    @classmethod
    def read(cls, text: str, key: bytes, now: Instant) -> Self:
        """What a scanned text says, if it is the code of a ticket, signed by us and still good; else Rejected."""
        token = verify(text, key, now / 1000)
        code = cls._read(token.body) if token.kind == cls.KIND else None
        if code is None:
            raise Rejected(Flaw.NOT_OURS)
        return code

    @classmethod
    def _read(cls, body: str) -> Self | None:
        match = _TICKET.fullmatch(body)
        if match is None:
            return None
        return cls(
            ticket=str(UUID(bytes=base64.urlsafe_b64decode(match["ticket"] + "=="))),
            label=match["label"],
            taken_at=int(match["taken"], 36) * 1000,
            hall=match["hall"],
            kiosk=match["kiosk"],
            klass=match["klass"],
            service=match["service"] or None,
            slot=int(match["slot"], 36) * 1000 if match["slot"] else None,
        )


@dataclass(frozen=True, kw_only=True)
class AppointmentCode:
    """What the code of an appointment says. `clock` is the slot's `HH:MM` in the hall's time; `expires` in ms."""

    KIND: ClassVar = "A"

    hall: str
    day: str
    clock: str
    service: str
    appointment: str
    expires: Instant

    @classmethod
    def of(cls, hall: str, timezone: str, booked: AppointmentBooked) -> Self:
        """The code for an appointment. It is good to the end of the day after, so that who comes late is told so."""
        return cls(
            hall=hall, day=booked.day, clock=local(timezone, booked.slot).strftime("%H:%M"), service=booked.service,
            appointment=booked.appointment, expires=instant(timezone, next_day(booked.day), "24:00"),
        )  # fmt: skip

    def slot(self, timezone: str) -> Instant:
        return instant(timezone, self.day, self.clock)

    def text(self, key: bytes) -> str:
        """The signed code. ValueError if a part does not fit: codes of a checked configuration always do."""
        clock = self.clock.replace(":", "")
        body = "_".join((self.hall, self.day.replace("-", ""), clock, self.service, self.appointment))
        if self._read(body, self.expires // 1000 * 1000) != self:
            raise ValueError("a part of this appointment does not fit a code")
        return sign(self.KIND, body, self.expires // 1000, key)

    @classmethod
    def read(cls, text: str, key: bytes, now: Instant) -> Self:
        """What a scanned text says, if it is the code of an appointment, signed by us and still good; else Rejected."""
        token = verify(text, key, now / 1000)
        code = cls._read(token.body, token.expires * 1000) if token.kind == cls.KIND else None
        if code is None:
            raise Rejected(Flaw.NOT_OURS)
        return code

    @classmethod
    def _read(cls, body: str, expires: Instant) -> Self | None:
        match = _APPOINTMENT.fullmatch(body)
        if match is None:
            return None
        try:
            slot = datetime.strptime(match["day"] + match["clock"], "%Y%m%d%H%M")
        except ValueError:
            return None
        return cls(
            hall=match["hall"], day=slot.date().isoformat(), clock=slot.strftime("%H:%M"), service=match["service"],
            appointment=match["appointment"], expires=expires,
        )  # fmt: skip


def read(text: str, key: bytes, now: Instant) -> TicketCode | AppointmentCode:
    """What a scanned text says, whatever kind of code it is. `now` in ms. Rejected if it is not ours or over."""
    return TicketCode.read(text, key, now) if text[:1] == TicketCode.KIND else AppointmentCode.read(text, key, now)


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
