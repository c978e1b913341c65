"""Breaking text into lines by the rules of Chinese and of Latin script. Pure; widths come from the caller.

Chinese may break between any two characters, except that closing punctuation never starts a line and an opening
bracket never ends one (GB/T 15834; W3C, Requirements for Chinese Text Layout, 3.1.3). Latin words and numbers stay
whole. Kivy knows none of this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

Measure: TypeAlias = Callable[[str], float]
"""The width of a text on one line, in any unit."""

_NEVER_FIRST = "，。、；：？！…—％）》」』】〉〕”’·℃,.;:?!%)]}"
_NEVER_LAST = "（《「『【〈〔“‘([{"
_PIECE = re.compile(rf" +|[{re.escape(_NEVER_LAST)}]*(?:[!-~À-ɏ–]+|[^ ])[{re.escape(_NEVER_FIRST)}]*|.")


def wrap(text: str, width: float, measure: Measure) -> list[str]:
    """Lines no wider than `width`; a single character wider than that stands alone."""
    return [line for paragraph in text.split("\n") for line in _lines(paragraph, width, measure)]


def fits_whole(text: str, width: float, measure: Measure) -> bool:
    """Whether no word of `text` has to be cut to fit."""
    return all(measure(piece.rstrip()) <= width for piece in _PIECE.findall(text))


def balanced(text: str, width: float, measure: Measure) -> list[str]:
    """As few lines as `wrap`, of about the same width each, so that no last character stands alone."""
    lines = wrap(text, width, measure)
    widest = max((measure(piece.rstrip()) for piece in _PIECE.findall(text)), default=0)
    low, high = min(width, max(widest, width / (len(lines) + 1))), width
    while len(lines) > 1 and high - low > width / 40:
        narrower = (low + high) / 2
        if len(wrap(text, narrower, measure)) > len(lines):
            low = narrower
        else:
            high = narrower
    return wrap(text, high, measure)


def _lines(paragraph: str, width: float, measure: Measure) -> Iterator[str]:
    line = ""
    for piece in _PIECE.findall(paragraph):
        if not line or measure((line + piece).rstrip()) <= width:
            line += piece
        else:
            yield line.rstrip()
            line = piece.lstrip()
        while measure(line.rstrip()) > width and len(line) > 1:
            cut = max((n for n in range(1, len(line)) if measure(line[:n]) <= width), default=1)
            yield line[:cut]
            line = line[cut:]
    yield line.rstrip()
