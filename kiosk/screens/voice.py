"""Spoken prompts. They are loaded and started in a thread of their own: no frame waits for the sound card."""

from __future__ import annotations

import logging
import queue
import threading
from pathlib import Path

from kivy.core.audio import Sound, SoundLoader

log = logging.getLogger(__name__)


class Voice:
    """Says prompts from `folder`/prompts/{language}/{prompt}.ogg; says nothing if there is no folder or no file."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._wanted: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._sound: Sound | None = None
        if folder is not None:
            threading.Thread(target=self._speak, name="voice", daemon=True).start()

    def say(self, language: str, prompt: str) -> None:
        """From the beginning, in the place of what is being said; "" is silence. Returns at once."""
        if self._folder is not None:
            self._wanted.put(self._folder / "prompts" / language / f"{prompt}.ogg" if prompt else None)

    def _speak(self) -> None:
        while True:
            path = self._wanted.get()
            while not self._wanted.empty():  # only the newest matters
                path = self._wanted.get()
            try:
                self._play(path)
            except Exception as error:
                log.warning("cannot say %s: %s", path, error)

    def _play(self, path: Path | None) -> None:
        if self._sound is not None:
            self._sound.stop()
            self._sound.unload()
            self._sound = None
        if path is not None and path.is_file():
            self._sound = SoundLoader.load(str(path))
            if self._sound is not None:
                self._sound.play()
