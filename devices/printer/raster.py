"""Lines of text drawn dot by dot, for characters the printer's own set lacks."""

from __future__ import annotations

from PIL import Image, ImageDraw

from .font import font
from .protocol import Bitmap
from .receipt import cells

_CELL, _GLYPH = 12, 24


def draw_line(text: str, size: int, bold: bool) -> Bitmap:
    """The line in the grid the printer itself would use: 12 x 24 dots a column, times `size`. See `Draw`."""
    columns = max(1, cells(text))
    width = -(-columns * _CELL * size // 8) * 8
    picture = Image.new("1", (width, _GLYPH * size), 0)
    pen = ImageDraw.Draw(picture)
    pen.fontmode = "1"  # dots, no greys
    face = font(_GLYPH * size - 2 * size)  # a little smaller than its cell, as printers' own characters are
    column = 0
    for char in text:
        middle = (column + cells(char) / 2) * _CELL * size
        for shift in range(size + 1 if bold else 1):
            pen.text((middle + shift, _GLYPH * size * 0.81), char, fill=1, font=face, anchor="ms")
        column += cells(char)
    return Bitmap(width=width, height=picture.height, data=picture.tobytes())
