"""The line protocol of our rating and call pads (docs/pad-protocol.md): bytes only, no clock, no I/O.

    >01 17 POLL 00*5E09        the host asks pad 01, question 17
    <01 17 EVENT 01 KEY NEXT*…  the pad answers that question

Only the host begins; a pad speaks when asked. Every question may be repeated without harm.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

VERSION = "1"
LONGEST = 64  # bytes of a line with its CR LF
LONGEST_SHOWN = 16  # characters a pad's display holds

Words: TypeAlias = tuple[str, ...]  # a verb and its arguments

_WORD = re.compile(r"[!-)+-;=?-~]+")  # printable ASCII without space * < >
_LINE = re.compile(r"([<>])(\d\d) (\d\d)((?: [!-)+-;=?-~]+)+)\*([0-9A-F]{4})", re.ASCII)


class Speaker(StrEnum):
    """Who says a line; its first character. So neither side takes its own echo for the other."""

    HOST = ">"
    PAD = "<"


class Kind(StrEnum):
    """What a pad says it is."""

    RATING = "RATING"
    CALL = "CALL"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One question or answer. `address` 1..99, `number` 0..99 (the question's; the answer repeats it)."""

    speaker: Speaker
    address: int
    number: int
    words: Words


def check_sum(text: bytes) -> int:
    """CRC-16/CCITT-FALSE (polynomial 1021, start FFFF) over the line up to its asterisk."""
    return binascii.crc_hqx(text, 0xFFFF)


def encode(line: Line) -> bytes:
    """The bytes of a line. ValueError if a word has a forbidden character or the line is too long."""
    if not (1 <= line.address <= 99 and 0 <= line.number <= 99 and line.words):
        raise ValueError(f"no such line: {line}")
    if any(_WORD.fullmatch(word) is None for word in line.words):
        raise ValueError(f"not words of the pad protocol: {line.words}")
    text = f"{line.speaker}{line.address:02d} {line.number:02d} {' '.join(line.words)}".encode("ascii")
    whole = b"%s*%04X\r\n" % (text, check_sum(text))
    if len(whole) > LONGEST:
        raise ValueError(f"longer than {LONGEST} bytes: {line.words}")
    return whole


class LineDecoder:
    """Bytes -> lines. Any cut gives the same lines; never raises; holds at most one line.

    `>` or `<` always begins a line, CR or LF ends it. What is not a right line is dropped and counted in `garbled`.
    """

    def __init__(self) -> None:
        self.garbled = 0
        self._text: bytearray | None = None  # None: outside a line

    def feed(self, data: bytes) -> list[Line]:
        lines: list[Line] = []
        for byte in data:
            if byte in b"<>":
                self.garbled += self._text is not None
                self._text = bytearray([byte])
            elif self._text is None:
                continue
            elif byte in b"\r\n":
                if (line := _decode(bytes(self._text))) is not None:
                    lines.append(line)
                else:
                    self.garbled += 1
                self._text = None
            elif 0x20 <= byte < 0x7F and len(self._text) < LONGEST - 2:
                self._text.append(byte)
            else:
                self.garbled += 1
                self._text = None
        return lines

    def reset(self) -> None:
        """Forget a half line: call it before a new question and when the line was opened again."""
        self._text = None


def _decode(text: bytes) -> Line | None:
    match = _LINE.fullmatch(text.decode("ascii"))
    if match is None or int(match[5], 16) != check_sum(text[: match.start(5) - 1]) or match[2] == "00":
        return None
    return Line(
        speaker=Speaker(match[1]),
        address=int(match[2]),
        number=int(match[3]),
        words=tuple(match[4].split()),
    )


# What the host says to a pad of any kind.
HELLO: Words = ("HELLO", VERSION)


def poll(last_event: int) -> Words:
    """What happened since event `last_event`, which has arrived here? (0: since HELLO)"""
    return ("POLL", f"{last_event:02d}")


# What a pad of any kind answers.
@dataclass(frozen=True, kw_only=True)
class Is:
    """To HELLO: what the pad is. Its events are numbered from 1 again; those it still held are forgotten."""

    kind: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Done:
    """OK: done, or already so."""


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """NONE: no event waits."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """EVENT: something happened; said again until a POLL names its number. Another number is another event."""

    number: int  # 1..99, after 99 comes 1; what the pad had to forget leaves gaps
    words: Words


@dataclass(frozen=True, kw_only=True)
class Restarted:
    """RESET: the pad lost power and knows nothing until HELLO."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """NO: the pad does not know the verb or its arguments."""

    why: str


Answer: TypeAlias = Is | Done | Nothing | Event | Restarted | Refused


def answer(words: Words) -> Answer | None:
    """What a pad's answer says; None if it says nothing of this protocol."""
    match words:
        case ("PAD", kind, version):
            return Is(kind=kind, version=version)
        case ("OK",):
            return Done()
        case ("NONE",):
            return Nothing()
        case ("EVENT", number, *rest) if re.fullmatch(r"\d\d", number, re.ASCII) and number != "00" and rest:
            return Event(number=int(number), words=tuple(rest))
        case ("RESET",):
            return Restarted()
        case ("NO", why):
            return Refused(why=why)
        case _:
            return None


def show(text: str) -> Words:
    """SHOW: what a call pad's display shall say; cut to what a display holds, foreign characters become ?."""
    plain = "".join(c if _WORD.fullmatch(c) or c == " " else "?" for c in text)[:LONGEST_SHOWN]
    return ("SHOW", *plain.split())
