"""`python -m display.voice`, `bianmin voice`: make, list and look over the clip pack that a hall speaks with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

import click

from display.voice import sound
from display.voice.examine import faults
from display.voice.kokoro import CannotSpeak, Kokoro
from display.voice.pack import NoPack, Pack, build
from display.voice.units import CHIME, LANGUAGES, Speech, Unit, speech

PACK = Path("voice")
RECORDED = "recorded"
DRAWN = "two notes"
SOUND_FILES = (".wav", ".flac", ".ogg", ".mp3")

_pack = click.option(
    "--pack", "folder", type=click.Path(path_type=Path), default=PACK, show_default=True, help="The clip pack."
)
_languages = click.option(
    "--language", "languages", multiple=True, type=click.Choice(LANGUAGES), default=LANGUAGES, show_default=True
)
_only = click.option("--only", default="*", show_default=True, help="Clip ids, as 'calls/zh/window-*'.")


@click.group()
def main() -> None:
    """The clips a hall speaks with: announcements, and the prompts of its kiosks."""


@main.command("build")
@_pack
@_languages
@_only
@click.option(
    "--voices", type=click.Path(path_type=Path, exists=True), help="Folder of the model's voices (npm: kokoro-js)."
)
@click.option(
    "--recordings", type=click.Path(path_type=Path, exists=True),
    help="Folder of recordings of your own, named by clip id: calls/zh/letter-A.wav.",
)  # fmt: skip
def build_pack(
    folder: Path, languages: tuple[str, ...], only: str, voices: Path | None, recordings: Path | None
) -> None:
    """Make the clips that are not there yet, spoken by the model or from recordings. Can be stopped and run again."""
    if (voices is None) == (recordings is None):
        raise click.UsageError("give --voices or --recordings")
    model = Kokoro(voices) if voices is not None else None
    try:
        pack = Pack.begun(folder)
        if not pack.has(CHIME, DRAWN):
            pack.put(CHIME, sound.chime(), DRAWN)
        missing = [
            unit.id
            for language in languages
            for unit, there in _building(pack, speech(language), only, model, recordings)
            if not there
        ]
    except (CannotSpeak, NoPack, sound.Unheard, OSError) as error:
        raise click.ClickException(str(error)) from error
    for clip in missing:
        click.echo(f"missing {clip}")
    click.echo(f"{len(pack.clips)} clips in {folder}, {_megabytes(pack):.1f} MB")


def _building(
    pack: Pack, spoken: Speech, only: str, model: Kokoro | None, recordings: Path | None
) -> Iterator[tuple[Unit, bool]]:
    """The units of a language being made; from recordings, one that has none stays as it is."""

    def source(unit: Unit) -> str:
        return RECORDED if model is None else f"{spoken.voice} {spoken.speed} {unit.says}"

    def make(units: Sequence[Unit]) -> Iterable[sound.Samples | None]:
        if model is not None:
            return model.say([unit.says for unit in units], spoken.language, spoken.voice, spoken.speed)
        assert recordings is not None
        return [_recording(recordings, unit.id) for unit in units]

    units = [unit for unit in spoken.units if fnmatch(unit.id, only)]
    return build(pack, units, source, make)


def _recording(folder: Path, clip: str) -> sound.Samples | None:
    paths = (folder / f"{clip}{suffix}" for suffix in SOUND_FILES)
    found = next((path for path in paths if path.exists()), None)
    return None if found is None else sound.recorded(found)


@main.command("list")
@_languages
@_only
def list_units(languages: tuple[str, ...], only: str) -> None:
    """Every clip id and the words to read for it: a speaker's script."""
    for language in languages:
        for unit in speech(language).units:
            if fnmatch(unit.id, only):
                click.echo(f"{unit.id}\t{unit.reads}")


@main.command("check")
@_pack
@_languages
def check(folder: Path, languages: tuple[str, ...]) -> None:
    """Look over a pack: clips that are missing, too loud, too quiet, or with long silence at their ends."""
    try:
        pack = Pack.read(folder)
        found = list(faults(pack, languages))
    except (NoPack, sound.Unheard) as error:
        raise click.ClickException(str(error)) from error
    for fault in found:
        click.echo(fault)
    click.echo(f"{len(pack.clips)} clips, {_megabytes(pack):.1f} MB, {len(found)} faults")
    raise SystemExit(1 if found else 0)


def _megabytes(pack: Pack) -> float:
    return sum(pack.path(clip).stat().st_size for clip in pack.clips) / 1e6


if __name__ == "__main__":
    main()
