"""Paper as a simulated thermal printer leaves it: what stands where, as text and as a picture.

Belongs to the simulator and shares nothing with the protocol: it knows ink, not bytes.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeAlias

import segno
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from .font import font

GLYPH = 24  # dots of a Chinese character; half as wide for ASCII


@dataclass(frozen=True, kw_only=True)
class Glyph:
    """One character as printed: `cells` 1 (ASCII) or 2, times `wide` and `high`."""

    char: str
    cells: int
    wide: int = 1
    high: int = 1
    bold: bool = False
    smooth: bool = False

    @property
    def width(self) -> int:
        return self.cells * GLYPH // 2 * self.wide

    @property
    def height(self) -> int:
        return GLYPH * self.high


@dataclass(frozen=True, kw_only=True)
class TextLine:
    glyphs: tuple[Glyph, ...]

    @property
    def text(self) -> str:
        return "".join(g.char for g in self.glyphs)

    @property
    def width(self) -> int:
        return sum(g.width for g in self.glyphs)

    @property
    def height(self) -> int:
        return max((g.height for g in self.glyphs), default=GLYPH)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A raster image; `data` holds width/8 bytes a row."""

    width: int
    height: int
    data: bytes


@dataclass(frozen=True, kw_only=True)
class QRPrint:
    text: str
    module: int
    level: str

    @cached_property
    def matrix(self) -> list[bytes]:
        """Rows of modules, 1 is black; none if the text is too long for any QR code."""
        with contextlib.suppress(segno.DataOverflowError):
            return [bytes(row) for row in segno.make_qr(self.text, error=self.level, boost_error=False, mask=0).matrix]
        return []

    @property
    def width(self) -> int:
        return len(self.matrix) * self.module or 1 << 16

    height = width


Ink: TypeAlias = TextLine | Picture | QRPrint


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Ink at `x`, `y` dots from the left end and the top of its paper."""

    x: int
    y: int
    ink: Ink


@dataclass(frozen=True, kw_only=True)
class Slip:
    """One piece of paper that was cut off: `width` x `height` dots of printable area."""

    width: int
    height: int
    placed: tuple[Placed, ...]

    @property
    def lines(self) -> list[str]:
        """The lines of text, blank ones left out."""
        return [p.ink.text for p in self.placed if isinstance(p.ink, TextLine) and p.ink.text.strip()]

    @property
    def codes(self) -> list[str]:
        return [p.ink.text for p in self.placed if isinstance(p.ink, QRPrint)]

    @property
    def text(self) -> str:
        """The slip for a terminal: each line indented as it stands on the paper."""
        lines = []
        for p in self.placed:
            match p.ink:
                case TextLine():
                    lines.append((" " * (p.x // (GLYPH // 2)) + p.ink.text).rstrip())
                case Picture():
                    lines.append(f"[picture {p.ink.width}x{p.ink.height}]")
                case QRPrint():
                    lines.append(f"[QR {p.ink.text}]")
        return "\n".join(lines) + "\n"

    def ink(self) -> Image.Image:
        """The dots alone, black on white."""
        dots = Image.new("L", (self.width, self.height), 0)
        for p in self.placed:
            drawn = _draw(p.ink)
            # Lighter wins: text printed over text does not erase it.
            box = (p.x, p.y, p.x + drawn.width, p.y + drawn.height)
            dots.paste(ImageChops.lighter(dots.crop(box), drawn), box[:2])
        return ImageChops.invert(dots)

    def picture(self) -> Image.Image:
        """The slip as it would lie on a table: paper, ink, the cutter's edges and a shadow."""
        side, edge, table = 32, 6, 24  # dots: paper beside the print, depth of the cut's teeth, table around it
        paper_width, paper_height = self.width + 2 * side, self.height + 2 * edge
        outline = Image.new("L", (paper_width, paper_height), 0)
        teeth = [(x, edge // 2 if x // 8 % 2 else 0) for x in range(0, paper_width + 8, 8)]
        lower = [(x, paper_height - 1 - y) for x, y in reversed(teeth)]
        ImageDraw.Draw(outline).polygon([*teeth, *lower], fill=255)
        paper = Image.new("RGB", (paper_width, paper_height), (252, 251, 247))
        # Heat spreads a little: dots of thermal paper are soft, and dark grey rather than black.
        ink = ImageChops.invert(self.ink()).filter(ImageFilter.GaussianBlur(0.6)).point(lambda v: min(255, v * 5 // 4))
        paper.paste((44, 42, 48), (side, edge), ink)
        scene = Image.new("RGB", (paper_width + 2 * table, paper_height + 2 * table), (214, 217, 222))
        shadow = Image.new("L", scene.size, 0)
        shadow.paste(outline.point(lambda v: v * 2 // 5), (table + 3, table + 5))
        scene.paste((60, 64, 72), (0, 0), shadow.filter(ImageFilter.GaussianBlur(6)))
        scene.paste(paper, (table, table), outline)
        return scene


def _draw(ink: Ink) -> Image.Image:
    """The dots of one piece of ink, white on black."""
    match ink:
        case Picture():
            return Image.frombytes("1", (ink.width, ink.height), ink.data).convert("L")
        case QRPrint():
            matrix = ink.matrix
            bits = bytes(255 if cell else 0 for row in matrix for cell in row)
            size = len(matrix)
            return Image.frombytes("L", (size, size), bits).resize((ink.width, ink.width), Image.Resampling.NEAREST)
        case TextLine():
            strip = Image.new("L", (max(1, ink.width), ink.height), 0)
            x = 0
            for glyph in ink.glyphs:
                strip.paste(_draw_glyph(glyph), (x, ink.height - glyph.height))
                x += glyph.width
            return strip


@lru_cache(2048)
def _draw_glyph(glyph: Glyph) -> Image.Image:
    """A character of the printer's own 24 x 24 font, its dots enlarged, or redrawn if smoothing is on."""
    zoom = min(glyph.wide, glyph.high) if glyph.smooth else 1
    cell = Image.new("L", (glyph.cells * GLYPH // 2 * zoom, GLYPH * zoom), 0)
    pen = ImageDraw.Draw(cell)
    pen.fontmode = "1"
    for shift in range(zoom + 1 if glyph.bold else 1):
        pen.text(
            (cell.width / 2 + shift - (zoom / 2 if glyph.bold else 0), cell.height * 0.81),
            glyph.char,
            fill=255,
            font=font(22 * zoom),
            anchor="ms",
        )
    return cell.resize((glyph.width, glyph.height), Image.Resampling.NEAREST)
