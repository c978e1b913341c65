"""Looks over a clip pack: is everything there, and does every clip sound as even as the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import log10

import numpy as np

from display.voice import sound
from display.voice.pack import Pack
from display.voice.units import CHIME, PLAIN, speech

LOUDEST = 0.98
"""A sample beyond it counts as clipped."""

UNEVEN = 1.5
"""dB a clip may be louder or quieter than LOUDNESS."""

SILENCE = 60
"""Ms of silence a clip may have at an end."""


def faults(pack: Pack, languages: Iterable[str]) -> Iterator[str]:
    """One line for each fault: clip id and what is wrong. A pack may have either reading of 1, or both.

    Raises:
        Unheard: a clip is silent, or is not a sound file.
    """
    clips = {CHIME, *(unit.id for language in languages for unit in speech(language).units)}
    there = {clip.removesuffix(PLAIN) for clip in pack.clips}
    yield from (f"{clip}: missing" for clip in sorted({clip.removesuffix(PLAIN) for clip in clips} - there))
    for clip in sorted(pack.clips):
        yield from (f"{clip}: {fault}" for fault in _faults_of(pack, clip))


def _faults_of(pack: Pack, clip: str) -> Iterator[str]:
    samples = sound.recorded(pack.path(clip))
    if np.max(np.abs(samples)) > LOUDEST:
        yield "clipped"
    uneven = 20 * log10(sound.loudness(samples) / sound.LOUDNESS)
    if abs(uneven) > UNEVEN:
        yield f"{uneven:+.1f} dB from the rest"
    first, last = sound.heard(samples)
    for end, silent in (("start", first), ("end", len(samples) - 1 - last)):
        if silent * 1000 / sound.RATE > SILENCE:
            yield f"{silent * 1000 // sound.RATE} ms of silence at its {end}"
    if abs(len(samples) * 1000 / sound.RATE - pack.clips[clip].lasts) > 1:
        yield "not as long as the index says"
