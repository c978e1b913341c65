"""Pictures of the boards, signs and phone pages at their sizes, for docs/screens. `python -m bench.screens [FOLDER]`

A real hall server and a real display; the hall is the demo city's, with its crowd of one moment.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page

from bench.browser import chromium
from bench.display import HALL, City, display, hall
from queue_server.cli import DEMO_CITY

WIDE, HUGE, TALL = (1920, 1080), (3840, 2160), (1080, 1920)
COLOURS = 48


@dataclass(frozen=True)
class Shot:
    name: str
    path: str
    size: tuple[int, int]
    scale: float = 1
    full: bool = False


def poster(path: Path) -> None:
    """A picture as a hall might show it."""
    image = Image.new("RGB", (1280, 720), "#0d4a2c")
    draw = ImageDraw.Draw(image)
    font = "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc"
    draw.text((640, 300), "高效办成一件事", fill="#ffffff", anchor="mm", font=ImageFont.truetype(font, 120))
    draw.text((640, 470), "开办企业 · 一次办好", fill="#ffcb3d", anchor="mm", font=ImageFont.truetype(font, 70))
    image.save(path)


def city(folder: Path) -> Path:
    """The demo city, with a picture and open at any hour."""
    told = yaml.load(DEMO_CITY.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    told_hall = next(h for h in told["halls"] if h["code"] == HALL)
    told_hall["board_notices"].append({"file": "poster.png", "seconds": 600, "zones": ["first"]})
    path = folder / "city.yaml"
    path.write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")
    poster(folder / "poster.png")
    return path


def save(page: Page, path: Path, *, full: bool) -> None:
    picture = Image.open(io.BytesIO(page.screenshot(full_page=full))).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path} {path.stat().st_size // 1024} kB {picture.size}", flush=True)


def crowd(city: City) -> dict[str, str]:
    """A morning at once; the ids of a ticket that waits, and of one that is called."""
    for n in range(160):
        city.issue("ABCDEFGHJKLZ"[n % 12])
    for window in range(1, 59):
        city.do(str(window), "open")
    for window in range(1, 46):
        city.do(str(window), "call-next")
    for window in range(1, 40):
        city.do(str(window), "start" if window % 5 else "no-show")
    waiting = city.issue_service("SJ-D01")
    return {"waiting": waiting}


def main() -> None:
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screens")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            hall(city(folder), folder) as server,
            display(server, "--media", str(folder)) as shown,
            chromium() as browser,
        ):
            office = City(server.host, server.port)
            tickets = crowd(office)
            time.sleep(1)

            def shoot(name: str, path: str, size: tuple[int, int], **more: Any) -> None:
                full = more.pop("full", False)
                context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **more)
                page = context.new_page()
                page.goto(f"http://{shown.host}:{shown.port}{path}")
                page.wait_for_timeout(900)
                save(page, out / f"{name}.png", full=full)
                context.close()

            phone = {"full": True, "device_scale_factor": 1.5}
            shoot("ticket-waiting", f"/t/{tickets['waiting']}?lang=zh", (390, 780), **phone)
            shoot("ticket-waiting-en", f"/t/{tickets['waiting']}?lang=en", (390, 780), **phone)
            office.free("24")
            office.call("24", tickets["waiting"])
            shoot("ticket-called", f"/t/{tickets['waiting']}?lang=zh", (390, 780), **phone)
            shoot("ticket-gone", "/t/0?lang=zh", (390, 780), **phone)
            shoot("sign-called", "/windows/24/sign", (1280, 800))
            shoot("sign-called-tall", "/windows/24/sign", (800, 1280))
            shoot("sign-serving", "/windows/1/sign", (1280, 800))
            shoot("sign-closed", "/windows/60/sign", (1280, 800))
            office.finish_all()
            office.do("1", "pause")
            shoot("sign-paused", "/windows/1/sign", (1280, 800))
            shoot("sign-idle-small", "/windows/23/sign", (800, 480))
            for n in (2, 3, 4, 7, 8, 25):
                office.do(str(n), "call-next")
            shoot("board", "/board", WIDE)
            shoot("board-ground", "/board/ground", WIDE)
            shoot("board-first-picture", "/board/first", WIDE)
            shoot("board-tall", "/board/first", TALL)
            shoot("board-whole-tall", "/board", TALL)
            shoot("board-4k", "/board/ground", HUGE)
            for n in range(26, 46):
                office.do(str(n), "call-next")
            shoot("board-burst", "/board", WIDE)
            shoot("board-burst-tall", "/board", TALL)


if __name__ == "__main__":
    main()
