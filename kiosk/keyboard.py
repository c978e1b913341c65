"""The keys of the on-screen keyboard for the search, as data, and what a key does to the text. Pure.

The letters stand in the order of the alphabet. People who type are faster with QWERTY, on a kiosk too (Sandnes, Effects
of common keyboard layouts on physical effort, Unitech 2010); but who is seventy and never typed looks for every letter,
and knows their order from school and from the search of a television. Where young and old had to look for letters on a
screen, the alphabet was the faster order. Two to four letters find a service, so there is no time to learn a layout,
and keys that lead nowhere are dimmed. On a panel 190 mm wide, a key of seven in a row has 27 mm, one of ten 19.
Twenty-six letters and two keys to mend the text fill four rows of seven.

No space: it makes no difference. No digits: what is known by its number (12345) has words too.
"""

from __future__ import annotations

from enum import StrEnum

from kiosk.search import LONGEST


class Edit(StrEnum):
    """A key that takes letters away; on the screen it carries a word."""

    DELETE = "delete"
    CLEAR = "clear"


ROWS: tuple[tuple[str, ...], ...] = (
    tuple("abcdefg"),
    tuple("hijklmn"),
    tuple("opqrstu"),
    (*"vwxyz", Edit.DELETE, Edit.CLEAR),
)
"""The keys from top to bottom and left to right: small letters, to be drawn as capitals, and `Edit`."""


def press(text: str, key: str) -> str:
    """The text after a key of `ROWS` was touched. A text as long as the search reads takes no further letter."""
    if key == Edit.DELETE:
        return text[:-1]
    if key == Edit.CLEAR:
        return ""
    return (text + key)[:LONGEST]


def lit(text: str, next_letters: frozenset[str]) -> frozenset[str]:
    """The keys worth touching: those of `Index.next_letters(text)`, and, if there is a text, those that mend it."""
    return (next_letters if len(text) < LONGEST else frozenset()) | (frozenset(Edit) if text else frozenset())
