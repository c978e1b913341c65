"""What a call pad says, in the words of docs/pad-protocol.md, and the same from a numeric keypad. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from devices.evdev import Key, KeyAction, KeyEvent, KeysLost
from devices.pad_line.keypad import DIGITS
from devices.pad_line.protocol import Words

LONGEST_NUMBER = 4  # digits of a ticket


class CallKey(StrEnum):
    """What staff can press; the value is the word on the wire."""

    NEXT = "NEXT"
    RECALL = "RECALL"
    START = "START"
    FINISH = "FINISH"
    NO_SHOW = "NOSHOW"
    PAUSE = "PAUSE"


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Call this ticket: its number as typed, 1..4 digits, with its queue's letter if the pad has letters."""

    number: str


Press: TypeAlias = CallKey | Chosen

_NUMBER = re.compile(r"[A-Z]?[0-9]{1,4}")


def press(words: Words) -> Press | None:
    """What a call pad's event says; None if it is none."""
    match words:
        case ("KEY", key) if key in set(CallKey):
            return CallKey(key)
        case ("CALL", number) if _NUMBER.fullmatch(number):
            return Chosen(number=number)
        case _:
            return None


# Enter is the widest key and calls the next; with digits before it, it calls that number.
KEYPAD_LAYOUT: Mapping[int, CallKey] = MappingProxyType(
    {
        Key.KP_ENTER: CallKey.NEXT,
        Key.ENTER: CallKey.NEXT,
        Key.KP_PLUS: CallKey.RECALL,
        Key.KP_ASTERISK: CallKey.START,
        Key.KP_SLASH: CallKey.FINISH,
        Key.KP_MINUS: CallKey.NO_SHOW,
        Key.KP_DOT: CallKey.PAUSE,
    }
)
SAME_PRESS = 0.5  # seconds: the same key again within this is a bouncing contact or a trembling hand
FORGET_DIGITS = 10.0  # seconds


class CallKeypad:
    """A numeric keypad as a call pad. The kernel's time stamps make it pure: the same events, the same presses.

    Digits and then the NEXT key call that number. Every other key throws the digits away. Digits that name no ticket
    (more than four, or typed more than 10 s ago, or with keys lost) are thrown away too, and NEXT then does nothing:
    whoever typed a number does not want the next ticket called instead.
    """

    def __init__(self, layout: Mapping[int, CallKey] = KEYPAD_LAYOUT) -> None:
        self._layout = layout
        self.reset()

    def reset(self) -> None:
        self._digits = ""
        self._digit_at = self._key_at = float("-inf")
        self._key: CallKey | None = None

    def pressed(self, event: KeyEvent | KeysLost) -> Words | None:
        if isinstance(event, KeysLost):
            self.reset()
            return None
        if event.action is not KeyAction.DOWN:
            return None
        if (digit := DIGITS.get(event.code)) is not None:
            self._typed(digit, event.at)
            return None
        digits, self._digits = self._digits, ""
        key = self._layout.get(event.code)
        if key is None or (key is self._key and abs(event.at - self._key_at) < SAME_PRESS):
            return None
        self._key, self._key_at = key, event.at
        if not digits or key is not CallKey.NEXT:
            return ("KEY", key)
        fresh = abs(event.at - self._digit_at) < FORGET_DIGITS
        return ("CALL", digits) if fresh and len(digits) <= LONGEST_NUMBER else None

    def _typed(self, digit: str, at: float) -> None:
        if abs(at - self._digit_at) >= FORGET_DIGITS:
            self._digits = ""
        self._digits = (self._digits + digit)[: LONGEST_NUMBER + 1]  # one too many is remembered as such
        self._digit_at = at
        self._key = None
