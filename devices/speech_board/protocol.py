"""Frames of speech boards built on SYN6288 or XFS5152CE (9600 8N1), from their data sheets. Pure.

`FD | length u16 | command | …`, big-endian, the length that of what follows it. Command 01 speaks: a byte for the
encoding, then the text. 21 asks whether it speaks, 02 stops. A SYN6288 frame ends in the XOR of all its bytes, which
its length counts; an XFS5152CE frame has none. Answers are single bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum, StrEnum
from functools import reduce
from operator import xor

HEAD = 0xFD
SPEAK, STOP, ASK = 0x01, 0x02, 0x21


class Chip(StrEnum):
    SYN6288 = "syn6288"
    XFS5152 = "xfs5152"


class Answer(IntEnum):
    STARTED = 0x4A
    """It has got power and is ready."""
    TAKEN = 0x41
    """A frame was understood."""
    NOT_UNDERSTOOD = 0x45
    BUSY = 0x4E
    """It is speaking."""
    IDLE = 0x4F
    """It is silent; also said of its own accord when a text is over."""


_ENCODING = {Chip.SYN6288: (0x01, "gbk"), Chip.XFS5152: (0x00, "gb2312")}
LONGEST = {Chip.SYN6288: 200, Chip.XFS5152: 4000}
"""Bytes of text in one frame."""


LANGUAGES = {Chip.SYN6288: ("zh",), Chip.XFS5152: ("zh", "en")}
"""What each reads; a SYN6288 spells English words letter by letter."""


def speak(chip: Chip, text: str) -> bytes:
    """Say a text. Characters the chip cannot read are left out: it would spell their bytes.

    Raises:
        ValueError: nothing to say, or more than LONGEST bytes.
    """
    code, encoding = _ENCODING[chip]
    told = text.encode(encoding, errors="ignore")
    if not 0 < len(told) <= LONGEST[chip]:
        raise ValueError(f"a text for this board has 1 to {LONGEST[chip]} bytes, not {len(told)}")
    return _frame(chip, bytes((SPEAK, code)) + told)


def ask(chip: Chip) -> bytes:
    """Does it speak? It answers BUSY or IDLE."""
    return _frame(chip, bytes((ASK,)))


def stop(chip: Chip) -> bytes:
    """Fall silent at once."""
    return _frame(chip, bytes((STOP,)))


def answers(data: bytes) -> Iterator[Answer | None]:
    """What a board said, byte by byte; None for a byte that is no answer."""
    known = {answer.value: answer for answer in Answer}
    return (known.get(byte) for byte in data)


def _frame(chip: Chip, body: bytes) -> bytes:
    checked = chip is Chip.SYN6288
    whole = bytes((HEAD,)) + (len(body) + checked).to_bytes(2, "big") + body
    return whole + bytes((reduce(xor, whole),)) if checked else whole
