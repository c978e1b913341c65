"""What scanners say and are told, as bytes or keys. Pure: nothing here opens, waits or knows the time.

Any cut of the same bytes gives the same results, nothing raises, and no more than LONGEST bytes are ever held.

Serial (device sheet, "Scanners"): a code is its bytes and CR, CR LF or LF. Newland ("unified instruction set") frames
what it is told as `7E 01 30 30 30 30 … 3B 03` and answers `?` with `!`. Honeywell is told `16 54 0D` and the like;
it repeats menu commands with 06, 05 or 15 before the final stop. What Newland answers to its framed commands,
`02 01 30 30 30 30 … 06 3B 03`, is remembered from its manual and not verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TypeAlias

from devices.evdev import Key, KeyAction, KeyEvent, KeysLost
from devices.scanner.reading import LONGEST, Reading


class Family(StrEnum):
    """Whose commands a serial scanner understands."""

    PLAIN = "plain"
    """None: it scans on its own and only speaks."""
    NEWLAND = "newland"
    HONEYWELL = "honeywell"


class Verdict(IntEnum):
    """How a command was taken, in both families."""

    DONE = 0x06
    UNKNOWN_COMMAND = 0x05
    BAD_VALUE = 0x15


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The scanner answered us. `verdict` is None for Newland's `!`, which only says that it is there."""

    verdict: Verdict | None = None


class Damage(StrEnum):
    """Bytes that were no code and no answer."""

    TOO_LONG = "too-long"
    """More than any code can hold came without an end; all of it is dropped, up to the next end."""
    UNFINISHED = "unfinished"
    """A code without an end."""
    KEYS = "keys"
    """Keys that are no text, or keys that were lost: the code they belong to is dropped, not guessed."""


Heard: TypeAlias = Reading | Answer | Damage

_NEWLAND_HEAD, _NEWLAND_TAIL = b"\x7e\x010000", b"\x03"
_ENDS = b"\r\n"
_ANSWERS = {  # a whole line so far, the verdict in it
    Family.NEWLAND: (b"\x03", re.compile(rb"\x02\x010000[ -~]{1,120}([\x05\x06\x15]);\x03")),
    Family.HONEYWELL: (b".!", re.compile(rb"[ -~]{3,120}([\x05\x06\x15])[.!]")),
}


def newland(command: str, *, save: bool = False) -> bytes:
    """`command` such as `SCNTRG1`. Not saved, it is forgotten when the power goes, and wears no flash memory."""
    if not (command.isascii() and command.isalnum()):
        raise ValueError(f"{command!r} is no Newland command")
    return _NEWLAND_HEAD + (b"@" if save else b"#") + command.encode() + b";" + _NEWLAND_TAIL


def honeywell_menu(command: str, *, save: bool = False) -> bytes:
    """`command` such as `SUFBK2990D`, or with `?` a question. Not saved, it is forgotten when the power goes."""
    if not re.fullmatch("[A-Z0-9]+[?^*]?", command):
        raise ValueError(f"{command!r} is no Honeywell menu command")
    return b"\x16M\r" + command.encode() + (b"." if save else b"!")


_SETUP = {Family.NEWLAND: newland("SCNMOD0")}  # scan only when triggered
_START = {Family.NEWLAND: newland("SCNTRG1"), Family.HONEYWELL: b"\x16T\r"}
_STOP = {Family.NEWLAND: newland("SCNTRG0"), Family.HONEYWELL: b"\x16U\r"}
_PROBE = {Family.NEWLAND: b"?", Family.HONEYWELL: honeywell_menu("CBRENA?")}  # any answer will do


def setup(family: Family) -> bytes:
    """What to send once when it was connected; may be nothing."""
    return _SETUP.get(family, b"")


def start(family: Family) -> bytes:
    return _START.get(family, b"")


def stop(family: Family) -> bytes:
    return _STOP.get(family, b"")


def probe(family: Family) -> bytes:
    """What a scanner that is there answers; nothing if this family cannot be asked."""
    return _PROBE.get(family, b"")


class Decoder:
    """Bytes of a serial scanner -> what it said.

    Codes are hostile and may contain what looks like an answer or an end; nothing but a signature tells.
    So an answer is believed for nothing but that something answers.
    """

    def __init__(self, family: Family) -> None:
        self._family = family
        self._line = bytearray()
        self._dropping = False  # the rest of a line that is too long
        self._asked = False

    def expect_answer(self) -> None:
        """We have asked a Newland scanner: the next `!` before a code answers, however late it comes. (Otherwise it
        begins a code like any other letter.)"""
        self._asked = True

    def feed(self, data: bytes) -> list[Heard]:
        heard: list[Heard] = []
        for byte in data:
            if (one := self._byte(byte)) is not None:
                heard.append(one)
        return heard

    def abandon(self) -> list[Heard]:
        """It has been silent for a while: what is unfinished will stay so."""
        unfinished = bool(self._line) and not self._dropping
        self._line.clear()
        self._dropping = False
        return [Damage.UNFINISHED] if unfinished else []

    def _byte(self, byte: int) -> Heard | None:
        line = self._line
        if byte in _ENDS:
            data, self._dropping = bytes(line), False
            line.clear()
            return Reading(data=data) if data else None
        if self._dropping:
            return None
        line.append(byte)
        if (answer := self._answer(byte)) is not None:
            line.clear()
            return answer
        if len(line) > LONGEST:
            line.clear()
            self._dropping = True
            return Damage.TOO_LONG
        return None

    def _answer(self, byte: int) -> Answer | None:
        if self._asked and self._family is Family.NEWLAND and self._line == b"!":
            self._asked = False
            return Answer()
        lasts, whole = _ANSWERS.get(self._family, (b"", None))
        if whole is None or byte not in lasts or (match := whole.fullmatch(self._line)) is None:
            return None
        return Answer(verdict=Verdict(match[1][0]))


_ROWS = (  # keys with consecutive codes: alone, with shift
    (Key.D1, "1234567890-=", "!@#$%^&*()_+"),
    (Key.Q, "qwertyuiop[]", "QWERTYUIOP{}"),
    (Key.A, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (Key.BACKSLASH, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (Key.SPACE, " ", " "),
    (Key.KP_ASTERISK, "*", "*"),
    (Key.KP7, "789-456+1230.", "789-456+1230."),
    (Key.KP_SLASH, "/", "/"),
    (Key.KP_EQUAL, "=", "="),
)
_TYPED = {first + i: pair for first, alone, shifted in _ROWS for i, pair in enumerate(zip(alone, shifted, strict=True))}
_SHIFTS = frozenset({Key.LEFT_SHIFT, Key.RIGHT_SHIFT})
_LOCKS = frozenset({Key.CAPS_LOCK, Key.NUM_LOCK, Key.SCROLL_LOCK})
_END_KEYS = frozenset({Key.ENTER, Key.KP_ENTER, Key.TAB})


class WedgeDecoder:
    """Keys of a scanner that types (US layout, any of CR, LF, TAB at the end) -> what it said.

    Keys that are no text here (control, alt, cursor …) spoil their code: it is dropped, never guessed at. Keys more
    than APART seconds apart do not belong to one code: a scanner types one every few milliseconds.
    """

    APART = 0.5

    def __init__(self) -> None:
        self._line = bytearray()
        self._shifts: set[int] = set()
        self._spoilt = False
        self._last = float("-inf")

    def feed(self, events: Iterable[KeyEvent | KeysLost]) -> list[Heard]:
        return [one for event in events if (one := self._event(event)) is not None]

    def abandon(self) -> list[Heard]:
        """It was silent for a while, or opened again: half a code is none, and the keys held down are not known."""
        unfinished = bool(self._line)
        self._line.clear()
        self._shifts.clear()
        self._spoilt = False
        return [Damage.UNFINISHED] if unfinished else []

    def _event(self, event: KeyEvent | KeysLost) -> Heard | None:
        late = event.at - self._last > self.APART
        self._last = event.at
        damage = Damage.UNFINISHED if late and self._line else None
        if late:
            self._line.clear()
            self._spoilt = False
        match event:
            case KeysLost():
                self.abandon()
                self._spoilt = True
            case KeyEvent(action=KeyAction.UP):
                self._shifts.discard(event.code)
            case KeyEvent(action=KeyAction.DOWN):
                return self._down(event.code) or damage
            case KeyEvent():  # a key held down by a finger
                self._spoilt = True
        return damage

    def _down(self, code: int) -> Heard | None:
        if code in _SHIFTS:
            self._shifts.add(code)
        elif code in _END_KEYS:
            return self._end()
        elif code in _TYPED and len(self._line) < LONGEST:
            self._line += _TYPED[code][bool(self._shifts)].encode()
        elif code not in _LOCKS:
            self._spoilt = True
        return None

    def _end(self) -> Heard | None:
        data, spoilt = bytes(self._line), self._spoilt
        self._line.clear()
        self._spoilt = False
        if spoilt:
            return Damage.KEYS
        return Reading(data=data) if data else None
