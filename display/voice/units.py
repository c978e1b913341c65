"""The units an announcement is joined from, what is spoken in each, and which a call takes. Pure.

`A017` to window 3 is, in Chinese, `letter-A last-017 window-3 ending`; in English, where single digits are
understood, `letter-A first-0 first-1 last-7 to-window number-3`. Why just these: docs/voice.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

LANGUAGES = ("zh", "en")
CHIME = "chime"
ANY_TICKET, ANY_WINDOW, ENDING = "any-ticket", "any-window", "ending"
TO_WINDOW = "to-window"
TENS = (20, 30, 40, 50, 60)
PLAIN = "-plain"
"""Ends the id of a unit in which 1 is read 一 and not 幺."""

_PHONEMES = re.compile(r"/[^/]+/")
_LABEL = re.compile(r"([A-Z])(\d{3,4})")


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A clip to be made. `reads` is for a person at a microphone, `says` the same for the model."""

    id: str
    reads: str
    says: str


@dataclass(frozen=True, kw_only=True)
class Speech:
    """How a language is spoken: the voice and speed of the model, and all units."""

    language: str
    voice: str
    speed: float
    units: tuple[Unit, ...]
    group: int
    """How many last digits of a number are one clip."""
    reads_plain: bool
    """There is a second set of clips, for 1 read plainly."""
    whole_windows: bool
    """Each window is a clip of its own."""


@cache
def speech(language: str) -> Speech:
    """What is in the file of a language. KeyError if it lacks a part."""
    told = _told(language)
    units = (*_calls(f"calls/{language}", told["calls"]), *_prompts(f"prompts/{language}", told["prompts"]))
    return Speech(
        language=language, voice=told["voice"], speed=told["speed"], units=units, group=told["calls"]["group"],
        reads_plain="digits_plain" in told["calls"], whole_windows="numbers" in told["calls"],
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CallClips:
    """The ids of a call's clips: those of the ticket, and those that send to the window."""

    ticket: tuple[str, ...]
    window: tuple[str, ...]


def call_clips(label: str, window: str, language: str, *, plain: bool = False) -> CallClips:
    """The clips of a call. A label that is not a letter and at least three digits points to the screen.

    Args:
        plain: 1 is read 一 and not 幺, in a language that reads it in two ways.
    """
    spoken = speech(language)
    parts = _LABEL.fullmatch(label)
    ticket: tuple[str, ...] = (ANY_TICKET,)
    if parts:
        letter, digits = parts.groups()
        first, last = digits[: -spoken.group], digits[-spoken.group :]
        plain = plain and spoken.reads_plain
        groups = (*(_digits_id("first", digit, plain) for digit in first), _digits_id("last", last, plain))
        ticket = (f"letter-{letter}", *groups)
    folder = f"calls/{language}"
    return CallClips(
        ticket=tuple(f"{folder}/{unit}" for unit in ticket),
        window=tuple(f"{folder}/{unit}" for unit in _to_window(window, whole=spoken.whole_windows)),
    )


def _to_window(window: str, *, whole: bool) -> tuple[str, ...]:
    if whole:
        return f"window-{window}", ENDING
    number = int(window) if re.fullmatch("[0-9]{1,2}", window) else 0
    tens = number // 10 * 10
    if number <= 20 or number == tens:
        return TO_WINDOW, f"number-{number}"
    return TO_WINDOW, f"tens-{tens}", f"number-{number - tens}"


def call_text(label: str, window: str, language: str, *, plain: bool = False) -> str:
    """A call as text for a speech board: the digits of the label as words, so that no board reads a number of them."""
    told = _told(language)
    words = _words(told["calls"]["digits_plain" if plain and "digits_plain" in told["calls"] else "digits"])
    letters = label.rstrip("0123456789")
    digits = told["calls"]["between"].join(words[int(digit)] for digit in label[len(letters) :])
    return str(told["board"].format(letter=letters, digits=digits, window=window))


def _digits_id(kind: str, digits: str, plain: bool) -> str:
    return f"{kind}-{digits}{PLAIN if plain and '1' in digits else ''}"


@cache
def _told(language: str) -> Mapping[str, Any]:
    told: Mapping[str, Any] = yaml.safe_load((files("display.voice") / f"{language}.yaml").read_text(encoding="utf-8"))
    return told


def _calls(folder: str, told: Mapping[str, Any]) -> Iterator[Unit]:
    for letter, says in told["letters"].items():
        yield Unit(id=f"{folder}/letter-{letter}", reads=_PHONEMES.sub(letter, says), says=says)
    for kind, length in (("first", 1), ("last", told["group"])):
        for number in range(10**length):
            yield from _group(folder, kind, f"{number:0{length}d}", told)
    yield from _windows(folder, told)
    yield _unit(f"{folder}/{ANY_TICKET}", told["any_ticket"], told)
    yield _unit(f"{folder}/{ANY_WINDOW}", told["any_window"], told)


def _windows(folder: str, told: Mapping[str, Any]) -> Iterator[Unit]:
    """Each window as one clip, or one that leads and the numbers after it."""
    if "numbers" in told:
        for number, word in enumerate(told["numbers"].split(), start=1):
            yield _unit(f"{folder}/window-{number}", told["window"].format(number=word), told)
        yield _unit(f"{folder}/{ENDING}", told["ending"], told)
        return
    yield _unit(f"{folder}/{TO_WINDOW}", told["to_window"], told)
    for number, word in zip((*range(1, 21), *TENS[1:]), told["counted"].split(), strict=True):
        yield _unit(f"{folder}/number-{number}", told["number"].format(number=word), told)
        if number in TENS:
            yield _unit(f"{folder}/tens-{number}", told["tens"].format(number=word), told)


def _group(folder: str, kind: str, digits: str, told: Mapping[str, Any]) -> Iterator[Unit]:
    for key, plain in (("digits", False), ("digits_plain", True)):
        if key in told and (not plain or "1" in digits):
            words = _words(told[key])
            spoken = told["between"].join(words[int(digit)] for digit in digits)
            yield _unit(f"{folder}/{_digits_id(kind, digits, plain)}", told[kind].format(digits=spoken), told)


def _prompts(folder: str, told: Mapping[str, str]) -> Iterator[Unit]:
    for name, sentence in told.items():
        yield _unit(f"{folder}/{name}", sentence, told)


def _unit(name: str, text: str, told: Mapping[str, Any]) -> Unit:
    """What a person reads, and how the model is given it where that is not the same."""
    return Unit(id=name, reads=text, says=told.get("model", {}).get(text, text))


def _words(text: str) -> list[str]:
    return text.split()
