"""A Chinese font of fixed width on this machine, in which ASCII is half as wide as a Chinese character."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

from PIL import ImageFont

# Debian's packages fonts-noto-cjk and fonts-wqy-microhei; the number picks "Mono, simplified Chinese" in the file.
_KNOWN = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 7),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 1),
)


class FontMissing(Exception):
    """No Chinese font is installed."""


@cache
def find_font(known: tuple[tuple[str, int], ...] = _KNOWN) -> tuple[str, int]:
    """File and index of the font. FontMissing says what to install."""
    for path, index in known:
        if Path(path).is_file():
            return path, index
    if fc_match := shutil.which("fc-match"):
        wanted = ["-f", "%{file}\n%{index}\n%{lang}", "monospace:lang=zh-cn"]
        found = subprocess.run([fc_match, *wanted], capture_output=True, text=True, timeout=20, check=False)
        match found.stdout.split("\n"):
            case [path, number, languages] if "zh-cn" in languages.split("|"):
                return path, int(number)
            case _:
                pass
    raise FontMissing("no Chinese font found: install one, on Debian `apt install fonts-noto-cjk`")


@cache
def font(height: int) -> ImageFont.FreeTypeFont:
    """The font at `height` dots for a Chinese character, which is as wide as high."""
    path, index = find_font()
    return ImageFont.truetype(path, height, index=index)
