"""Policy of a rating pad: one prompt, one key, one answer. Silence is an answer of its own and never praise.

Which wire it hangs on is its carrier's business: `PadLine` for ours, `SinglePad` for a numeric keypad
(`KeypadPort(device, RatingKeypad())`) or a vendor's library (a `PadPort`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock
from typing import assert_never

from devices.pad_line.driver import Health
from devices.pad_line.protocol import Kind, Words
from devices.rating_pad.protocol import FIVE_KEYS, LONGEST_PROMPT, STOP, Level, Pressed, Quiet, RatingKeys, ask, said

log = logging.getLogger(__name__)

GRACE = 1.0  # seconds a key may take from the pad to us after the prompt's end


class Ended(StrEnum):
    """How a prompt ended."""

    RATED = "rated"
    NOBODY_PRESSED = "nobody-pressed"
    """The pad asked; the resident did not answer in time."""
    NOT_ASKED = "not-asked"
    """The pad was not there or would not ask: this says nothing about the service."""
    CANCELLED = "cancelled"
    """The window stopped asking, or asked anew."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of one prompt. `level` is there exactly when it ended RATED."""

    prompt: int
    ended: Ended
    level: Level | None = None


@dataclass(frozen=True, kw_only=True)
class _Prompt:
    number: int
    words: Words
    until: float


class RatingPad:
    """One rating pad. `ask` and `cancel` may be called from any thread and return at once.

    Each prompt gives exactly one Answer, to `on_answer`, in the carrier's thread (CANCELLED: in the caller's). Be quick
    there.
    """

    kind = Kind.RATING

    def __init__(
        self,
        on_answer: Callable[[Answer], None],
        *,
        keys: RatingKeys = FIVE_KEYS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_answer, self._keys, self._clock = on_answer, keys, clock
        self._lock = Lock()
        self._health = Health.UNKNOWN
        self._number = 0
        self._prompt: _Prompt | None = None
        self._told: Words = ()

    @property
    def health(self) -> Health:
        return self._health

    def ask(self, seconds: int = 20) -> int:
        """Ask the resident to rate, for 1..99 seconds; gives the prompt's number, which its Answer carries.

        A prompt still open is cancelled.
        """
        if not 1 <= seconds <= LONGEST_PROMPT:
            raise ValueError(f"a prompt lasts 1 to {LONGEST_PROMPT} seconds, not {seconds}")
        with self._lock:
            before = self._prompt
            self._number = number = self._number % 99 + 1
            until = self._clock() + seconds + GRACE
            self._prompt = _Prompt(number=number, words=ask(number, seconds), until=until)
        if before is not None:
            self._tell(Answer(prompt=before.number, ended=Ended.CANCELLED))
        return number

    def cancel(self) -> None:
        """Stop asking. Nothing happens if nobody is asked."""
        self._end(None, Ended.CANCELLED)

    def wanted(self) -> Words:
        with self._lock:
            return STOP if self._prompt is None else self._prompt.words

    def told(self, words: Words) -> None:
        self._told = words

    def heard(self, words: Words) -> None:
        match event := said(words):
            case Pressed(prompt=None) if self._told != self.wanted():
                pass  # pressed before the pad asked
            case Pressed(key=key, prompt=prompt):
                if (level := self._keys.levels.get(key)) is not None:
                    self._end(prompt, Ended.RATED, level)
            case Quiet(prompt=prompt):
                self._end(prompt, Ended.NOBODY_PRESSED)
            case None:
                log.warning("rating pad: not understood: %s", " ".join(words))
            case _:
                assert_never(event)

    def tick(self) -> None:
        prompt = self._prompt
        if prompt is not None and self._clock() >= prompt.until:
            asked = self._told == prompt.words and self._health is Health.READY
            self._end(prompt.number, Ended.NOBODY_PRESSED if asked else Ended.NOT_ASKED)

    def become(self, health: Health) -> None:
        if health is not self._health:
            log.info("rating pad: %s -> %s", self._health, health)
            self._health = health

    def _end(self, number: int | None, ended: Ended, level: Level | None = None) -> None:
        """End the open prompt, if it is number `number` (None: whichever it is)."""
        with self._lock:
            prompt = self._prompt
            if prompt is None or number not in (None, prompt.number):
                return  # a second press, or an answer to a prompt that is over
            self._prompt = None
        self._tell(Answer(prompt=prompt.number, ended=ended, level=level))

    def _tell(self, answer: Answer) -> None:
        try:
            self._on_answer(answer)
        except Exception:  # a mistake beyond this one pad must not stop the line it shares with others
            log.exception("rating pad: prompt %d ended, and what that set off failed", answer.prompt)
