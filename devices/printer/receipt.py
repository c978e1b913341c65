"""What a receipt is to a printer: a few kinds of lines, and how text is laid out in columns. Pure values.

A column is one ASCII character of font A (12 dots); everything else in the printer's Chinese set takes two.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from typing import TypeAlias


class Align(StrEnum):
    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"


@dataclass(frozen=True)
class Line:
    """Text, wrapped to the paper's width (centred: into lines about equally long); `size` 1..8 times wide and high."""

    text: str
    _: KW_ONLY
    size: int = 1
    bold: bool = False
    align: Align = Align.LEFT

    def __post_init__(self) -> None:
        _check("size", self.size, 1, 8)


@dataclass(frozen=True)
class Row:
    """One text at the left edge and one at the right edge; on two lines when they do not fit on one."""

    left: str
    right: str
    _: KW_ONLY
    size: int = 1
    bold: bool = False

    def __post_init__(self) -> None:
        _check("size", self.size, 1, 8)


@dataclass(frozen=True)
class Rule:
    """A dashed line across the paper."""


@dataclass(frozen=True)
class Feed:
    """Blank lines."""

    lines: int = 1

    def __post_init__(self) -> None:
        _check("lines", self.lines, 1, 255)


QR_BYTES = 213  # QR version 10 at level M; a phone still reads that from thermal paper at 58 mm


@dataclass(frozen=True)
class QRCode:
    """A QR code (model 2, level M) of at most 213 bytes of UTF-8; `module` is the wished dot size 1..16."""

    text: str
    _: KW_ONLY
    module: int = 6
    align: Align = Align.CENTER

    def __post_init__(self) -> None:
        _check("module", self.module, 1, 16)
        _check("bytes of QR text", len(self.text.encode()), 1, QR_BYTES)
        if not self.text.isprintable():
            raise ValueError("a control character in QR text")


Part: TypeAlias = Line | Row | Rule | Feed | QRCode


@dataclass(frozen=True)
class Receipt:
    """What comes out as one piece of paper; the cut at its end goes without saying."""

    parts: tuple[Part, ...]


def _check(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{what} must be {low}..{high}, not {value}")


# Rules for line breaks (GB/T 15834 and W3C "Requirements for Chinese text layout" 3.1.3), the part a receipt needs.
_NEVER_FIRST = frozenset("，。、；：？！…—％）》」』】〉〕”’·℃,.;:?!%)]}")
_CLOSING = re.escape("".join(sorted(_NEVER_FIRST)))
_OPENING = re.escape("（《「『【〈〔“‘￥¥([{")
_UNIT = re.compile(rf"\s+|[{_OPENING}]*(?:[!-~]+|[^\s{_OPENING}{_CLOSING}])[{_CLOSING}]*|[{_OPENING}]+|[{_CLOSING}]+")


_NOT_INK = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # Unicode general categories


def plain(text: str) -> str:
    """The text without characters that are orders or invisible rather than ink; odd spaces become plain ones."""
    return "".join(_ink(c) for c in text)


def _ink(char: str) -> str:
    if char in "\n\u3000":
        return char
    kind = unicodedata.category(char)
    return " " if kind == "Zs" or char == "\t" else "" if kind in _NOT_INK else char


def cells(text: str) -> int:
    """Columns the text takes at size 1."""
    return sum(1 if c < "\x7f" else 2 for c in text)


def wrap(text: str, columns: int, *, balanced: bool = False) -> list[str]:
    """Lines of at most `columns` (>= 2) columns: words stay whole, no line starts with closing punctuation.

    What is longer than a line by itself is broken where it must be. An empty text is one empty line. `balanced`
    makes the lines about equally long instead of leaving one character over, for headings.
    """
    fill = _balance if balanced else _wrap_paragraph
    return [line for paragraph in plain(text).split("\n") for line in fill(paragraph, columns)]


def _balance(paragraph: str, columns: int) -> list[str]:
    """The narrowest lines that are no more lines than needed."""
    lines = _wrap_paragraph(paragraph, columns)
    widest = max((cells(unit) for unit in _UNIT.findall(paragraph)), default=2)  # narrower would break it
    for narrower in range(columns - 1, max(widest, 2) - 1, -1):
        narrow = _wrap_paragraph(paragraph, narrower)
        if len(narrow) > len(lines):
            break
        lines = narrow
    return lines


def _wrap_paragraph(paragraph: str, columns: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for unit in _UNIT.findall(paragraph):
        if cells(line) + cells(unit) > columns and line:
            lines.append(line.rstrip())
            line = ""
            if unit.isspace():
                continue
        line += unit
        while cells(line) > columns:
            head = _fitting(line, columns)
            lines.append(head)
            line = line[len(head) :]
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _fitting(text: str, columns: int) -> str:
    """The longest beginning of `text` that fits, less if closing punctuation would then stand first in a line."""
    width = 0
    for i, c in enumerate(text):
        width += cells(c)
        if width > columns:
            kept = next((n for n in range(i, 0, -1) if text[n] not in _NEVER_FIRST), i)
            return text[:kept]
    return text


def justify(left: str, right: str, columns: int) -> list[str]:
    """`left` at the left edge and `right` at the right edge, on one line if they fit with a gap of one column."""
    left, right = (" ".join(plain(text).split("\n")) for text in (left, right))
    gap = columns - cells(left) - cells(right)
    if gap >= 1:
        return [left + " " * gap + right]
    return [*wrap(left, columns), *(" " * (columns - cells(line)) + line for line in wrap(right, columns))]
