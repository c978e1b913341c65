"""Announcements on this machine's own sound card, for a hall whose loudspeakers hang on it and not on a browser."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from functools import lru_cache, partial
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


NOTHING = (Pause(lasts=100),)
"""Played to see whether there is a sound card."""


class Health(StrEnum):
    UNKNOWN = "unknown"
    """Nothing was played yet."""
    READY = "ready"
    MISSING = "missing"
    """The program that plays is not installed, or what it takes to read clips."""
    FAILING = "failing"
    """It is there and cannot play: no sound card, or another program holds it."""


class Player:
    """Plays one announcement at a time. `detail`: why it is not well, in the words of what failed.

    Args:
        apart: does what takes the processor for some 10 ms; a program whose loop must go on has it done by a thread.
    """

    def __init__(
        self,
        pack: Pack,
        command: Sequence[str] = ALSA,
        *,
        apart: Callable[[Callable[[], float]], float] = lambda work: work(),
    ) -> None:
        self.health, self.detail = Health.UNKNOWN, ""
        self._command = command
        self._apart = apart
        self._clip = lru_cache(maxsize=512)(lambda clip: sound.recorded(pack.path(clip)))

    def play(self, steps: Iterable[Step] = NOTHING) -> bool:
        """Play to the end; returns when it is over: whether it was played."""
        try:
            with TemporaryDirectory(prefix="bianmin-voice-") as folder:
                path = Path(folder) / "announcement.wav"
                self._run(path, self._apart(partial(self._write, tuple(steps), path)))
        except (FileNotFoundError, sound.Unheard) as error:
            self.health, self.detail = Health.MISSING, str(error)
        except OSError as error:
            self.health, self.detail = Health.FAILING, str(error)
        else:
            self.health, self.detail = Health.READY, ""
        return self.health is Health.READY

    def _write(self, steps: Iterable[Step], path: Path) -> float:
        """An announcement as a file; the seconds it lasts."""
        samples = self.joined(steps)
        sound.written_plain(samples, path)
        return len(samples) / sound.RATE

    def _run(self, path: Path, seconds: float) -> None:
        try:
            subprocess.run([*self._command, str(path)], check=True, capture_output=True, timeout=seconds + SLACK)
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip() or f"ended with {error.returncode}"
            raise OSError(f"{self._command[0]}: {said}") from error
        except subprocess.TimeoutExpired as error:
            raise OSError(f"{self._command[0]} does not end") from error

    def joined(self, steps: Iterable[Step]) -> sound.Samples:
        """An announcement as one sound at `sound.RATE`.

        Raises:
            Unheard: a clip of the pack cannot be read.
            ValueError: it is text, which a sound card does not read.
        """
        return np.concatenate([np.zeros(0, np.float32), *(self._samples(step) for step in steps)])

    def _samples(self, step: Step) -> sound.Samples:
        match step:
            case Clip():
                return self._clip(step.id)
            case Pause():
                return np.zeros(step.lasts * sound.RATE // 1000, np.float32)
            case Spoken():
                raise ValueError(f"text is for a speech board: {step.text!r}")
