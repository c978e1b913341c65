"""`python -m kiosk.picture FOLDER`: pictures of the kiosk's screens, taken from a real kiosk at a real hall server.

The hall of the pictures is in a time zone where it is half past ten in the morning.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path

import click
import urllib3
from PIL import Image

from devices.printer.simulator import EscPosPrinter
from devices.simulation import Running, TcpEnd
from kiosk.texts import load
from kiosk.visitor import Visitor

DEMO_CITY = Path(__file__).parent.parent / "config" / "jurong.yaml"
HALL = "JR-CITY"
WAITING = {"A": 14, "B": 3, "C": 22, "D": 17, "E": 5, "F": 9, "G": 0, "H": 4, "J": 11, "K": 1, "L": 8, "Z": 6}
CLOSED_WINDOWS = {"10", "14", "22", "30", "41", "53"}
SIZES = {"": "1080x1920", "-landscape": "1920x1080"}
LONGER_SIDE = 1280
CHINESE = load()["zh"]
COLOURS = 64


@contextmanager
def _program(*arguments: str) -> Iterator[str]:
    """A program of the product, running; gives the address it says when it is ready."""
    environment = {**os.environ, "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    process = subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    try:
        with process.stdout:
            line = process.stdout.readline()
            if not line.startswith("http"):
                raise click.ClickException(f"{arguments[0]} did not start")
            yield line.split()[0]
    finally:
        process.terminate()
        process.wait(30)


def _morning(folder: Path) -> Path:
    """The demo city in a time zone where it is about half past ten now."""
    now = time.gmtime(time.time() + 30 * 60)
    east = (11 - now.tm_hour + 11) % 24 - 11
    zone = f"Etc/GMT{-east:+d}"  # POSIX signs: Etc/GMT-8 lies east of Greenwich
    city = folder / "city.yaml"
    city.write_text(re.sub(r"timezone: \S+", f"timezone: {zone}", DEMO_CITY.read_text("utf-8")), "utf-8")
    return city


def _fill(server: str) -> None:
    """Open windows and a morning's crowd."""
    http = urllib3.PoolManager()
    api = f"{server.rstrip('/')}/api/v1/halls/{HALL}"

    def post(path: str, **body: object) -> None:
        http.request("POST", api + path, json=body)

    for window in json.loads(http.request("GET", api).data)["windows"]:
        if window["code"] not in CLOSED_WINDOWS:
            post(f"/windows/{window['code']}/open")
    for queue, count in WAITING.items():
        for _ in range(count):
            post("/tickets", queue=queue)
    http.clear()


def _save(visitor: Visitor, path: Path) -> None:
    time.sleep(0.5)  # until what was touched looks untouched again
    picture = Image.open(BytesIO(visitor.picture()))
    picture.thumbnail((LONGER_SIDE, LONGER_SIDE), Image.Resampling.LANCZOS)
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    click.echo(f"{path} {path.stat().st_size // 1024} kB")


def _visit(visitor: Visitor, printer: EscPosPrinter, folder: Path, way_up: str) -> None:
    """One resident's way, in Chinese, with a look at the English screens."""

    def keep(name: str) -> None:
        _save(visitor, folder / f"kiosk-{name}{way_up}.png")

    visitor.waits_until(lambda: any("–" in text for text in visitor.texts), "no waits are shown")
    keep("first")
    visitor.touch("language:en")
    keep("first-en")
    visitor.touch("language:zh")
    visitor.touch("queue:D")
    keep("service")
    visitor.touch("service:SJ-D04")
    keep("reading")
    visitor.touch("language:en")
    keep("reading-en")
    visitor.touch("language:zh")
    visitor.touch("confirm")
    visitor.reads(CHINESE("ticket.title"))
    keep("ticket")
    visitor.touch("home")
    printer.paper_out()
    visitor.reads(CHINESE("unavailable.title"))
    keep("no-paper")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def main(folder: Path) -> None:
    """Take a picture of every kind of screen, both ways up, into FOLDER."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        work = Path(name)
        city = _morning(work)
        hall = ["--config", str(city), "--hall", HALL]
        server = stack.enter_context(
            _program("queue_server.cli", "hall", *hall, "--data", str(work / "hall"), "--port", "0", "--always-open")
        )
        _fill(server)
        for number, (way_up, size) in enumerate(SIZES.items(), 1):
            printer = EscPosPrinter()
            options = ["--kiosk", f"K{number}", "--data", str(work / f"K{number}"), "--server", server, "--size", size]
            with Running(printer, TcpEnd()) as wire, _program(
                "kiosk", *hall, *options, "--printer", wire.wire.name, "--picture-port", "0", "--always-open"
            ) as url:  # fmt: skip
                _visit(Visitor(url), printer, folder, way_up)


if __name__ == "__main__":
    main()
