"""Sound on its way into a clip pack: cut to what is heard, made as loud as the rest, written as Ogg Vorbis.

Vorbis and not Opus: the SDL2_mixer that Kivy ships loads an Opus file as silence; Chromium plays both.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 24_000
"""Samples a second of every clip; one channel."""

LOUDNESS = 0.1
"""Root mean square of what is loud in a clip, full scale 1: -20 dB, as speech on a public address line is set."""

PEAK = 0.84
"""Nothing is louder: -1.5 dB, so that the coder's ripple does not clip."""

AUDIBLE = 0.01
"""Of a clip's loudest sample: -40 dB. Quieter ends are silence."""

KEPT_BEFORE, KEPT_AFTER = 0.025, 0.045
"""Seconds of silence left at the ends; Kivy's mixer loses up to the last 20 ms of a sound."""

PAUSE = 0.015
"""Of the loudest 10 ms: quieter ones are a pause between words."""

HISS, VOICED = 3_000, 0.1
"""Hz above which an s is, and the share of the loudest low frame from which a voice is heard."""

FADE = 0.008
FRAME = 480
QUALITY = 0.7
"""Of soundfile's scale for Vorbis, where 1 is the smallest file."""

Samples = NDArray[np.float32]


class Unheard(Exception):
    """A recording with nothing to hear in it, or no recording at all."""


def finished(sound: Samples) -> Samples:
    """A clip made of raw sound at RATE: trimmed, faded at its ends, brought to LOUDNESS below PEAK.

    Raises:
        Unheard: there is no sound in it.
    """
    return faded(level(trimmed(sound - np.float32(np.mean(sound)) if sound.size else sound)))


def trimmed(sound: Samples) -> Samples:
    """Without its silent ends, but for KEPT_BEFORE and KEPT_AFTER."""
    first, last = heard(sound)
    return sound[max(0, first - round(KEPT_BEFORE * RATE)) : last + 1 + round(KEPT_AFTER * RATE)]


def heard(sound: Samples) -> tuple[int, int]:
    """The first and the last audible sample."""
    loudest = float(np.max(np.abs(sound), initial=0.0))
    if loudest < 1e-4:
        raise Unheard("there is nothing to hear")
    audible = np.flatnonzero(np.abs(sound) > AUDIBLE * loudest)
    return int(audible[0]), int(audible[-1])


def crisp(sound: Samples) -> Samples:
    """Speech that begins with an s, from the s on and without what is below it up to where the voice begins.

    The model begins a short text with a breath, or a syllable of its own: "six" was heard as Zix, 四七零 as 一次七零.
    """
    frame = FRAME // 2
    spectrum, pitches = np.fft.rfft(sound), np.fft.rfftfreq(len(sound), 1 / RATE)
    hiss, low = (np.fft.irfft(spectrum * kept, len(sound)) for kept in (pitches > HISS, pitches <= HISS))
    above, below = (
        np.square(band[: len(band) // frame * frame].reshape(-1, frame)).mean(axis=1) for band in (hiss, low)
    )
    hissing = (above > below) & (above > 1e-3 * below.max())
    runs = np.flatnonzero(np.convolve(hissing, np.ones(4), "valid") == 4)
    if not len(runs):
        return sound
    starts = int(runs[0])
    voiced = np.flatnonzero(below[starts:] > VOICED * below.max())
    begins = (starts + int(voiced[0]) if len(voiced) else len(below)) * frame
    fading_in = np.clip((np.arange(len(sound)) - begins + frame) / frame, 0, 1)
    return np.asarray((hiss + low * fading_in)[max(0, (starts - 1) * frame) :], np.float32)


def voiced(sound: Samples) -> Samples:
    """Speech that begins with a voice, without the breath before it: 六零二 was heard as U02."""
    spectrum, pitches = np.fft.rfft(sound), np.fft.rfftfreq(len(sound), 1 / RATE)
    low = np.fft.irfft(spectrum * (pitches < 1_000), len(sound))
    frame = FRAME // 2
    power = np.square(low[: len(low) // frame * frame].reshape(-1, frame)).mean(axis=1)
    begins = int(np.argmax(power > 0.02 * power.max()))
    return sound[max(0, begins - 1) * frame :]


def cut_apart(sound: Samples, count: int) -> list[Samples] | None:
    """Speech cut in the middle of its `count - 1` longest pauses; None if others are nearly as long, or these short."""
    first, last = heard(sound)
    frame = RATE // 100
    spoken = sound[first : first + (last - first) // frame * frame]
    power = np.sqrt(np.square(spoken.reshape(-1, frame), dtype=np.float64).mean(axis=1))
    quiet = np.concatenate(([0], (power < PAUSE * power.max()).astype(int), [0]))
    starts, ends = np.flatnonzero(np.diff(quiet) == 1), np.flatnonzero(np.diff(quiet) == -1)
    longest = sorted(zip(ends - starts, starts, ends, strict=True), reverse=True)
    pauses, others = longest[: count - 1], longest[count - 1 :]
    if count > 1 and (len(pauses) < count - 1 or pauses[-1][0] < 6):
        return None
    if count > 1 and others and others[0][0] > 0.7 * pauses[-1][0]:
        return None
    cuts = sorted(first + int(start + end) // 2 * frame for _, start, end in pauses)
    return np.split(sound, cuts)


def loudness(sound: Samples) -> float:
    """Root mean square of the frames of 20 ms within 20 dB of the loudest: pauses in a sentence do not count."""
    whole = sound[: len(sound) // FRAME * FRAME] if len(sound) >= FRAME else np.pad(sound, (0, FRAME - len(sound)))
    power = np.square(whole.reshape(-1, FRAME), dtype=np.float64).mean(axis=1)
    return float(np.sqrt(np.mean(power[power > power.max() * 0.01])))


def level(sound: Samples) -> Samples:
    """At LOUDNESS. The few samples that would pass PEAK are bent under it, not cut off."""
    louder = sound * np.float32(LOUDNESS / loudness(sound))
    knee = np.float32(PEAK * 0.7)
    over = np.abs(louder) > knee
    room = np.float32(PEAK) - knee
    bent = np.sign(louder) * (knee + room * np.tanh((np.abs(louder) - knee) / room))
    return np.where(over, bent, louder).astype(np.float32)


def faded(sound: Samples) -> Samples:
    """Beginning and ending at zero, so that joins do not click."""
    length = min(round(FADE * RATE), len(sound) // 2)
    slope = np.linspace(0, 1, length, dtype=np.float32)
    soft = sound.copy()
    soft[:length] *= slope
    soft[len(soft) - length :] *= slope[::-1]
    return soft


def resampled(sound: Samples, rate: int, to: int = RATE) -> Samples:
    """From `rate` samples a second to `to`, by its spectrum."""
    if rate == to:
        return sound
    length = round(len(sound) * to / rate)
    spectrum = np.fft.rfft(sound)[: length // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum, length) * (length / len(sound)), np.float32)


def chime() -> Samples:
    """Two sober notes, E5 then C5, of a soft bar: who is called looks up before the words begin."""
    sound = np.zeros(round(1.25 * RATE), np.float64)
    for start, pitch in ((0.0, 659.26), (0.34, 523.25)):
        rest = np.arange(len(sound) - round(start * RATE)) / RATE
        attack = np.minimum(1, rest / 0.006)
        for partial, share, dies in ((1, 1.0, 0.34), (2, 0.18, 0.2), (4, 0.06, 0.09)):
            sound[-len(rest) :] += attack * share * np.exp(-rest / dies) * np.sin(2 * np.pi * pitch * partial * rest)
    return sound.astype(np.float32)


def written(sound: Samples, path: Path) -> int:
    """Write a clip; how many ms it lasts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _soundfile().write(str(path), sound, RATE, format="OGG", subtype="VORBIS", compression_level=QUALITY)
    return round(len(sound) * 1000 / RATE)


def written_plain(sound: Samples, path: Path) -> None:
    """Write a WAV file of 16 bits, which every player plays."""
    _soundfile().write(str(path), sound, RATE, format="WAV", subtype="PCM_16")


def recorded(path: Path) -> Samples:
    """A sound file at RATE on one channel: WAV, FLAC, Ogg, MP3.

    Raises:
        Unheard: it is no sound file.
    """
    soundfile = _soundfile()
    try:
        sound, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise Unheard(str(error)) from error
    return resampled(np.mean(sound, axis=1, dtype=np.float32), rate)


def _soundfile() -> Any:
    try:
        return import_module("soundfile")
    except ImportError as error:
        raise Unheard("soundfile is not installed: pip install soundfile") from error
