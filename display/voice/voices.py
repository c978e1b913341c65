"""Who can say calls: a clip pack, and a speech board that reads text. Pure; both are the `Voice` of an announcer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from display.announcer import Clip, Pause, Spoken, Step
from display.voice.units import ANY_TICKET, ANY_WINDOW, CHIME, call_clips, call_text

AFTER_CHIME, AFTER_LETTER, AFTER_DIGIT, AFTER_TICKET = 250, 160, 80, 250
"""Ms of silence between the clips of a call, besides what the clips have at their ends."""

A_CHARACTER, AT_LEAST = 400, 1_500
"""Ms a speech board takes for a character at its slowest setting, and for any text."""


class ClipVoice:
    """Says calls with the clips of a pack: the `Voice` of an announcer.

    Args:
        lasts: ms of each clip, by id.
        plain: 1 is read 一 and not 幺, if the pack has it so; a pack with one reading of 1 is spoken in that one.
    """

    def __init__(self, lasts: Mapping[str, int], *, plain: bool = False) -> None:
        self._lasts = lasts
        self._plain = plain

    def chime(self) -> tuple[Step, ...]:
        return tuple(self._clips((CHIME, AFTER_CHIME)))

    def call(self, label: str, window: str, language: str) -> tuple[Step, ...]:
        clips, other = (call_clips(label, window, language, plain=plain) for plain in (self._plain, not self._plain))
        ticket = self._known(f"calls/{language}/{ANY_TICKET}", clips.ticket, other.ticket)
        to_window = self._known(f"calls/{language}/{ANY_WINDOW}", clips.window)
        pauses = [AFTER_LETTER, *(AFTER_DIGIT for _ in ticket[2:]), AFTER_TICKET][-len(ticket) :]
        return tuple(self._clips(*zip(ticket, pauses, strict=True), *((clip, 0) for clip in to_window)))

    def _known(self, instead: str, *readings: tuple[str, ...]) -> tuple[str, ...]:
        """The first reading of which every clip is there."""
        whole = (clips for clips in readings if all(clip in self._lasts for clip in clips))
        return next(whole, (instead,))

    def _clips(self, *clips: tuple[str, int]) -> Iterator[Step]:
        """Clips and the pauses after them; a clip that even a bare pack lacks is passed over."""
        for clip, pause in clips:
            if clip in self._lasts:
                yield Clip(id=clip, lasts=self._lasts[clip])
                if pause:
                    yield Pause(lasts=pause)


class TextVoice:
    """Says calls as text, for a speech board. No chime: boards have sounds of their own."""

    def __init__(self, *, plain: bool = False) -> None:
        self._plain = plain

    def chime(self) -> tuple[Step, ...]:
        return ()

    def call(self, label: str, window: str, language: str) -> tuple[Step, ...]:
        text = call_text(label, window, language, plain=self._plain)
        return (Spoken(text=text, lasts=AT_LEAST + A_CHARACTER * len(text)),)
