"""What is said in a zone, and when: a pure queue of calls that one voice works through.

Nothing here waits or plays. Who plays asks `speak` for the next announcement; it gets one only when the last is over,
so no sentence is ever cut and two are never said at once. Time is the hall's, in ms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from display.stage import Call
from queue_server.domain.events import Instant


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A recording of the clip pack and how long it is."""

    id: str
    lasts: int


@dataclass(frozen=True, kw_only=True)
class Pause:
    lasts: int


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """Words for a speech board that reads text, and how long it takes to at most."""

    text: str
    lasts: int


Step = Clip | Pause | Spoken


class Voice(Protocol):
    """Who can say calls: from clips, or as text."""

    def chime(self) -> tuple[Step, ...]: ...

    def call(self, label: str, window: str, language: str) -> tuple[Step, ...]:
        """The sentence that calls a ticket to a window. Has words for every label and window."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How a zone is spoken to. No language: the zone is silent."""

    languages: tuple[str, ...] = ("zh", "en")
    """In this order. Only the first is said when the voice has fallen far behind."""

    readings: int = 2
    """How often a call is said while the voice keeps up."""

    too_old: int = 45_000
    """Ms after which a call is not begun any more: who was called has seen it on the board, or has gone."""

    joined: int = 3
    """Most calls in one announcement. As soon as more than one waits they are joined, each said once."""

    far_behind: int = 6
    """With this many calls waiting only the first language is said."""

    between_sentences: int = 350
    between_readings: int = 900
    between_announcements: int = 1_000

    def __post_init__(self) -> None:
        if min(self.readings, self.joined, self.far_behind, self.too_old) < 1:
            raise ValueError("readings, joined, far_behind and too_old must be at least 1")
        if min(self.between_sentences, self.between_readings, self.between_announcements) < 0:
            raise ValueError("a pause cannot be negative")


class Dropped(StrEnum):
    """Why a call was not said."""

    TOO_OLD = "too-old"
    CALLED_AGAIN = "called-again"
    """The same ticket was called once more while it waited to be said; that call is said."""
    WINDOW_WENT_ON = "window-went-on"
    """Its window called another ticket while it waited to be said."""
    SILENT = "silent"
    """The zone is silent."""


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """What to say now, to its end: `lasts` ms, all steps together."""

    calls: tuple[Call, ...]
    steps: tuple[Step, ...]

    @property
    def lasts(self) -> int:
        return sum(step.lasts for step in self.steps)


class Announcer:
    """The voice of one zone. Fed with the zone's calls in the order they happened.

    Args:
        dropped: told of every call that will not be said, and why.
    """

    def __init__(
        self, policy: Policy, voice: Voice, *, dropped: Callable[[Call, Dropped], None] = lambda _call, _why: None
    ) -> None:
        self._policy = policy
        self._voice = voice
        self._drop = dropped
        self._waiting: list[Call] = []
        self._free_at: Instant | None = None

    def hear(self, call: Call) -> None:
        """Take in a call. It takes its place at the end; a call it replaces loses its own."""
        if not self._policy.languages:
            self._drop(call, Dropped.SILENT)
            return
        staying = []
        for earlier in self._waiting:
            if earlier.ticket == call.ticket:
                self._drop(earlier, Dropped.CALLED_AGAIN)
            elif earlier.window == call.window:
                self._drop(earlier, Dropped.WINDOW_WENT_ON)
            else:
                staying.append(earlier)
        self._waiting = [*staying, call]

    def speak(self, now: Instant) -> Announcement | None:
        """The announcement to begin at `now`; None while the last one lasts or nothing is to be said."""
        if self._free_at is not None and now < self._free_at:
            return None
        self._forget(now)
        if not self._waiting:
            return None
        announcement = self._announcement()
        self._waiting = self._waiting[len(announcement.calls) :]
        self._free_at = now + announcement.lasts + self._policy.between_announcements
        return announcement

    def finished(self, now: Instant) -> None:
        """What was being said is over, earlier or later than expected: a speech board has said so."""
        self._free_at = now + self._policy.between_announcements

    def asks_at(self, now: Instant) -> Instant | None:
        """When to ask `speak` again if nothing new is heard; None: not until then."""
        if not self._waiting:
            return None
        return now if self._free_at is None else max(now, self._free_at)

    def _forget(self, now: Instant) -> None:
        for call in self._waiting:
            if now - call.at > self._policy.too_old:
                self._drop(call, Dropped.TOO_OLD)
        self._waiting = [call for call in self._waiting if now - call.at <= self._policy.too_old]

    def _announcement(self) -> Announcement:
        policy = self._policy
        waiting = len(self._waiting)
        calls = tuple(self._waiting[: policy.joined])
        languages = policy.languages if waiting < policy.far_behind else policy.languages[:1]
        readings = policy.readings if waiting == 1 else 1
        steps = [*self._voice.chime()]
        for reading in range(readings):
            steps += [Pause(lasts=policy.between_readings)] if reading else []
            steps += self._reading(calls, languages)
        return Announcement(calls=calls, steps=tuple(steps))

    def _reading(self, calls: tuple[Call, ...], languages: tuple[str, ...]) -> Iterator[Step]:
        """All calls in one language, then in the next: a listener waits for theirs once."""
        sentences = [(language, call) for language in languages for call in calls]
        for place, (language, call) in enumerate(sentences):
            if place:
                yield Pause(lasts=self._policy.between_sentences)
            yield from self._voice.call(call.label, call.window, language)
