"""`python -m kiosk.picture FOLDER`: every screen of the kiosk, both ways up, in each language, type size and so on.

Some have a picture of their own, in Chinese on an upright panel; all are on one sheet for each way of drawing them.
The screens are those of `kiosk.examples`, drawn as at the kiosk, by the kiosk's own window.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
from PIL import Image

from kiosk import fonts, window
from kiosk.examples import examples
from kiosk.session import FIRST_LANGUAGE, Comfort
from kiosk.texts import load
from kiosk.views import view
from queue_server.config import load as load_city

DEMO_CITY = Path(__file__).parent.parent / "config" / "jurong.yaml"
HALL, SERVICE = "JR-CITY", "SJ-D04"
WAYS_UP = {"": (1080, 1920), "-landscape": (1920, 1080)}
COMFORTS = {
    "": Comfort(),
    "-large": Comfort(large=True),
    "-contrast": Comfort(contrast=True),
    "-low": Comfort(low=True),
}
LONGER_SIDE, LONGER_SIDE_OF_SHEET, LONGER_SIDE_ON_SHEET = 1024, 1100, 400
COMFORTS_OF_EVERY_LANGUAGE = ("", "-large")
ALONE = (
    "first", "presenting", "greeting-old", "search", "about", "services", "reading", "reading-offer", "visit", "ticket",
    "asking-after", "no-paper", "service",
)  # fmt: skip
"""Screens that also have a picture of their own."""
COLUMNS = {"": 8, "-landscape": 5}
GAP = 8
COLOURS, COLOURS_ON_SHEET = 24, 12
FRAMES = 6
"""Until every layout has settled."""


def draw(folder: Path, way_up: str) -> Iterator[Path]:
    """Draw everything one way up. Once in a process: it opens the window."""
    with tempfile.TemporaryDirectory() as home:
        window.prepare(size=WAYS_UP[way_up], faces=fonts.faces(), home=Path(home))
        for language in load():
            for name, comfort in COMFORTS.items():
                is_first = language == FIRST_LANGUAGE
                if not is_first and name not in COMFORTS_OF_EVERY_LANGUAGE:
                    continue
                pictures = dict(_pictures(language, comfort))
                if is_first and not (way_up or name):
                    for screen in ALONE:
                        yield _saved(pictures[screen], folder / f"kiosk-{screen}.png", LONGER_SIDE, COLOURS)
                sheet = _sheet(list(pictures.values()), COLUMNS[way_up])
                path = folder / f"kiosk-all-{language}{name}{way_up}.png"
                yield _saved(sheet, path, LONGER_SIDE_OF_SHEET, COLOURS_ON_SHEET)


def _pictures(language: str, comfort: Comfort) -> Iterator[tuple[str, Image.Image]]:
    from kivy.base import EventLoop  # noqa: PLC0415 - the window must be prepared
    from kivy.clock import Clock  # noqa: PLC0415
    from kivy.core.window import Window  # noqa: PLC0415
    from kivy.graphics.opengl import GL_RGBA, GL_UNSIGNED_BYTE, glReadPixels  # noqa: PLC0415

    from kiosk.screens.frame import Root  # noqa: PLC0415

    hall = load_city(DEMO_CITY).configuration(HALL)
    root = Root(lambda _: None)
    Window.add_widget(root)
    EventLoop.start()
    Clock._max_fps = 0
    for example in examples(hall, hall.service[SERVICE]):
        session = replace(example.session, language=language, comfort=comfort)
        root.present(view(session, example.around, load(), now=example.around.now, at=example.at), entered=True)
        for _ in range(FRAMES):
            EventLoop.idle()
        pixels = glReadPixels(0, 0, *Window.system_size, GL_RGBA, GL_UNSIGNED_BYTE)
        yield example.name, Image.frombytes("RGBA", Window.system_size, pixels, "raw", "RGBA", 0, -1).convert("RGB")
    Window.remove_widget(root)


def _sheet(pictures: list[Image.Image], columns: int) -> Image.Image:
    """All pictures on one, in rows."""
    small = [_reduced(picture, LONGER_SIDE_ON_SHEET) for picture in pictures]
    width, height = (side + GAP for side in small[0].size)
    sheet = Image.new("RGB", (columns * width + GAP, -(-len(small) // columns) * height + GAP), "#707880")
    for n, picture in enumerate(small):
        sheet.paste(picture, (GAP + n % columns * width, GAP + n // columns * height))
    return sheet


def _reduced(picture: Image.Image, longer_side: int) -> Image.Image:
    factor = longer_side / max(picture.size)
    width, height = (round(side * factor) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _saved(picture: Image.Image, path: Path, longer_side: int, colours: int) -> Path:
    _reduced(picture, longer_side).quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
    return path


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--way-up", type=click.Choice(list(WAYS_UP)), hidden=True, help="Only this way up, in this process.")
def main(folder: Path, way_up: str | None) -> None:
    """Draw every screen into FOLDER."""
    folder.mkdir(parents=True, exist_ok=True)
    if way_up is not None:
        for path in draw(folder, way_up):
            click.echo(f"{path} {path.stat().st_size // 1024} kB")
        return
    offscreen = {**os.environ, "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    for each in WAYS_UP:
        command = [sys.executable, "-m", "kiosk.picture", str(folder), "--way-up", each]
        subprocess.run(command, check=True, env=offscreen)


if __name__ == "__main__":
    main()
