"""Announcements on this machine's own sound card, for a hall whose loudspeakers hang on it and not on a browser."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from display.announcer import Clip, Pause, Spoken, Step
from display.voice import sound
from display.voice.pack import Pack

ALSA = ("aplay", "--quiet")
"""Plays a WAV file and ends when it is over; of Debian's alsa-utils."""

SLACK = 10.0
"""Seconds an announcement may take longer than it lasts: a sound card that hangs must not hold the voice for ever."""


class Player:
    """Plays one announcement at a time."""

    def __init__(self, pack: Pack, command: Sequence[str] = ALSA) -> None:
        self._command = command
        self._clip = lru_cache(maxsize=512)(lambda clip: sound.recorded(pack.path(clip)))

    def play(self, steps: Iterable[Step]) -> None:
        """Play to the end; returns when it is over.

        Raises:
            OSError: the program that plays is not there, cannot play, or hangs.
            Unheard: a clip of the pack cannot be read.
        """
        samples = self.joined(steps)
        with TemporaryDirectory(prefix="bianmin-voice-") as place:
            path = Path(place) / "announcement.wav"
            sound.written_plain(samples, path)
            try:
                subprocess.run(
                    [*self._command, str(path)],
                    check=True,
                    capture_output=True,
                    timeout=len(samples) / sound.RATE + SLACK,
                )
            except subprocess.CalledProcessError as error:
                raise OSError(f"{self._command[0]}: {error.stderr.decode(errors='replace').strip()}") from error
            except subprocess.TimeoutExpired as error:
                raise OSError(f"{self._command[0]} does not end") from error

    def joined(self, steps: Iterable[Step]) -> sound.Samples:
        """An announcement as one sound at `sound.RATE`. ValueError for text: a sound card does not read."""
        return np.concatenate([np.zeros(0, np.float32), *(self._samples(step) for step in steps)])

    def _samples(self, step: Step) -> sound.Samples:
        match step:
            case Clip():
                return self._clip(step.id)
            case Pause():
                return np.zeros(step.lasts * sound.RATE // 1000, np.float32)
            case Spoken():
                raise ValueError(f"text is for a speech board: {step.text!r}")
