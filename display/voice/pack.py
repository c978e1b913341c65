"""A clip pack: a folder of Ogg files named by their ids, and `index.json`, which says how long each lasts.

`voice/calls/zh/letter-A.ogg`, `voice/prompts/en/choose.ogg`, `voice/chime.ogg`. Any program may play them by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from display.voice import sound
from display.voice.units import Unit

FORMAT = 1
INDEX = "index.json"
SUFFIX = ".ogg"
TOGETHER = 6


class NoPack(Exception):
    """There is no clip pack in a folder, or a clip is missing from it."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A clip in the index: its length in ms, and what it was made from, so that it is made again if that changes."""

    lasts: int
    source: str


class Pack:
    """The clips of a folder."""

    def __init__(self, folder: Path, clips: dict[str, Made]) -> None:
        self.folder = folder
        self.clips = clips

    @classmethod
    def read(cls, folder: Path) -> Pack:
        """The pack in a folder.

        Raises:
            NoPack: there is none, or it is of another format.
        """
        try:
            told = json.loads((folder / INDEX).read_text("utf-8"))
            if told["format"] != FORMAT:
                raise NoPack(f"the clip pack in {folder} has format {told['format']}, not {FORMAT}")
            clips = {name: Made(lasts=clip["lasts"], source=clip["source"]) for name, clip in told["clips"].items()}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NoPack(f"no clip pack in {folder}: {error}") from error
        return cls(folder, clips)

    @classmethod
    def begun(cls, folder: Path) -> Pack:
        """The pack in a folder, or a new empty one."""
        return cls.read(folder) if (folder / INDEX).exists() else cls(folder, {})

    def path(self, clip: str) -> Path:
        return self.folder / f"{clip}{SUFFIX}"

    def has(self, clip: str, source: str) -> bool:
        """Whether a clip is there, made from `source`."""
        return clip in self.clips and self.clips[clip].source == source and self.path(clip).exists()

    def put(self, clip: str, samples: sound.Samples, source: str) -> None:
        """Finish and write a clip, and the index. A pack that was stopped half way is smaller, never broken.

        Raises:
            Unheard: there is no sound in the samples.
        """
        path = self.path(clip)
        part = path.with_suffix(".part")
        lasts = sound.written(sound.finished(samples), part)
        part.replace(path)
        self.clips[clip] = Made(lasts=lasts, source=source)
        self._write_index()

    def _write_index(self) -> None:
        clips = {name: {"lasts": made.lasts, "source": made.source} for name, made in sorted(self.clips.items())}
        index = {"format": FORMAT, "rate": sound.RATE, "clips": clips}
        part = self.folder / f"{INDEX}.part"
        part.write_text(json.dumps(index, ensure_ascii=False, indent=0) + "\n", "utf-8")
        part.replace(self.folder / INDEX)


def build(
    pack: Pack,
    units: Iterable[Unit],
    source: Callable[[Unit], str],
    make: Callable[[Sequence[Unit]], Iterable[sound.Samples | None]],
) -> Iterator[tuple[Unit, bool]]:
    """Make what is not there yet; yields each unit, and whether it is now in the pack.

    Args:
        source: what a unit's clip would be made from, in words.
        make: the raw sounds of up to TOGETHER units; None for what cannot be had.
    """
    units = list(units)
    wanted = [unit for unit in units if not pack.has(unit.id, source(unit))]
    for start in range(0, len(wanted), TOGETHER):
        some = wanted[start : start + TOGETHER]
        for unit, samples in zip(some, make(some), strict=True):
            if samples is not None:
                pack.put(unit.id, samples, source(unit))
    yield from ((unit, pack.has(unit.id, source(unit))) for unit in units)
