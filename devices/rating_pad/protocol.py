"""What a rating pad is told and says, in the words of docs/pad-protocol.md, and what its keys mean. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import TypeAlias

from devices.evdev import KeyAction, KeyEvent, KeysLost
from devices.pad_line.keypad import DIGITS
from devices.pad_line.protocol import Words

STOP: Words = ("STOP",)
LONGEST_PROMPT = 99  # seconds


class Level(IntEnum):
    """The five levels of 国办发〔2019〕51号 (政务服务好差评); 5 is the best."""

    VERY_SATISFIED = 5
    """非常满意"""
    SATISFIED = 4
    """满意"""
    ACCEPTABLE = 3
    """基本满意"""
    DISSATISFIED = 2
    """不满意"""
    VERY_DISSATISFIED = 1
    """非常不满意"""


@dataclass(frozen=True, kw_only=True)
class RatingKeys:
    """Which key means which level. There is no guess: pads number their keys from 0 or 1, best first or last.

    `levels`: one character, as printed on the pad or sent on its wire, to a level. ValueError if it is no such map.
    """

    levels: Mapping[str, Level]

    def __post_init__(self) -> None:
        if len(self.levels) < 2:
            raise ValueError("a rating pad has at least two keys")
        for key, level in self.levels.items():
            if not re.fullmatch(r"[0-9A-Z]", key) or level not in set(Level):
                raise ValueError(
                    f"a rating key is one digit or capital letter for a level 1 to 5, not {key!r}: {level!r}"
                )
        if len(set(self.levels.values())) < len(self.levels):
            raise ValueError("two rating keys mean the same level")
        object.__setattr__(self, "levels", MappingProxyType({k: Level(v) for k, v in self.levels.items()}))


FIVE_KEYS = RatingKeys(levels={str(int(level)): level for level in Level})  # key 5 is 非常满意, as on our own pads


def ask(prompt: int, seconds: int) -> Words:
    """Begin to ask the resident: prompt 1..99, for 1..99 seconds."""
    return ("ASK", f"{prompt:02d}", f"{seconds:02d}")


@dataclass(frozen=True, kw_only=True)
class Pressed:
    """A key of the pad. `prompt`: what it answers; None if the pad cannot tell."""

    key: str
    prompt: int | None


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """The pad has asked and nobody pressed."""

    prompt: int


Said: TypeAlias = Pressed | Quiet


def said(words: Words) -> Said | None:
    """What a rating pad's event says; None if it is none."""
    match words:
        case ("RATE", key) if len(key) == 1:
            return Pressed(key=key, prompt=None)
        case ("RATE", prompt, key) if _is_prompt(prompt) and len(key) == 1:
            return Pressed(key=key, prompt=int(prompt))
        case ("QUIET", prompt) if _is_prompt(prompt):
            return Quiet(prompt=int(prompt))
        case _:
            return None


def _is_prompt(text: str) -> bool:
    return re.fullmatch(r"\d\d", text, re.ASCII) is not None and text != "00"


class RatingKeypad:
    """A numeric keypad as a rating pad: each digit is the key of that name, everything else is nothing."""

    def pressed(self, event: KeyEvent | KeysLost) -> Words | None:
        if isinstance(event, KeyEvent) and event.action is KeyAction.DOWN:
            digit = DIGITS.get(event.code)
            return None if digit is None else ("RATE", digit)
        return None

    def reset(self) -> None:
        """Nothing is kept between keys."""
