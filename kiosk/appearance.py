"""How a hall wants its kiosks to look: colours, logo, pictures, a voice. Pure: values and their checking."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType

from kiosk.session import Comfort

READABLE = 4.5
"""Least contrast of text and its ground (WCAG 2.2, 1.4.3)."""
ENHANCED = 7.0
"""The same for the high-contrast mode (WCAG 2.2, 1.4.6)."""


class AppearanceError(ValueError):
    """Something an appearance says cannot be; the text names it."""


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Colours by what they are for, `#RRGGBB`. `soft…` is for lesser text, `pale` for what is chosen or passed."""

    ink: str = "#16202C"
    soft_ink: str = "#46566A"
    paper: str = "#EEF2F7"
    card: str = "#FFFFFF"
    edge: str = "#B9C6D6"
    bar: str = "#0B4A8F"
    on_bar: str = "#FFFFFF"
    soft_on_bar: str = "#D5E4F6"
    accent: str = "#0B4A8F"
    pressed: str = "#07366B"
    on_accent: str = "#FFFFFF"
    pale: str = "#DCE8F6"
    warning: str = "#FFF3D1"
    warning_edge: str = "#C98A00"
    on_warning: str = "#5A3B00"
    good: str = "#0A6B3D"

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Names of every text colour and a ground it stands on."""
        for ground in ("paper", "card", "pale"):
            yield from (("ink", ground), ("soft_ink", ground), ("accent", ground))
        yield from (
            ("on_bar", "bar"),
            ("soft_on_bar", "bar"),
            ("on_warning", "warning"),
            ("good", "card"),
            ("good", "paper"),
        )
        yield from (("on_accent", "accent"), ("on_accent", "pressed"))

    def least_contrast(self) -> float:
        """Of all text on all its grounds."""
        return min(contrast(getattr(self, text), getattr(self, ground)) for text, ground in self.pairs())


PLAIN = Palette()
CONTRAST = Palette(
    ink="#FFFFFF", soft_ink="#FFFFFF", paper="#000000", card="#000000", edge="#FFFFFF",
    bar="#000000", on_bar="#FFFF00", soft_on_bar="#FFFFFF",
    accent="#FFFF00", pressed="#FFFFFF", on_accent="#000000", pale="#2A2A00",
    warning="#000000", warning_edge="#FFFF00", on_warning="#FFFF00", good="#FFFF00",
)  # fmt: skip
"""Black, white and yellow, for residents who see little."""

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


@dataclass(frozen=True, kw_only=True)
class Appearance:
    """`colours`: hex values by the names of `Palette`, the others stay. `banner`: pictures shown in turn above the
    first screen, each for `banner_seconds`. `columns`: tiles in a row on the first screen, None for as many as suit
    the panel. `usual`: how the screens are drawn until a resident wants it otherwise. `voice`: the folder of spoken
    prompts, `prompts/{language}/{id}.ogg`; without it the kiosk is silent.

    Raises:
        AppearanceError: a colour that is none, text that cannot be read on its ground, a file that is not there.
    """

    colours: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    logo: Path | None = None
    banner: tuple[Path, ...] = ()
    banner_seconds: float = 8
    columns: int | None = None
    usual: Comfort = field(default_factory=Comfort)
    voice: Path | None = None

    def __post_init__(self) -> None:
        for name, value in self.colours.items():
            if name not in _NAMES:
                raise AppearanceError(f"there is no colour {name!r}; there are {', '.join(_NAMES)}")
            if not _COLOUR.fullmatch(value):
                raise AppearanceError(f"{name}: {value!r} is no colour; write it like #0B4A8F")
        for text, ground in self.palette.pairs():
            reached = contrast(getattr(self.palette, text), getattr(self.palette, ground))
            if reached < READABLE:
                raise AppearanceError(f"{text} on {ground} has a contrast of {reached:.1f}; {READABLE} is the least")
        for path in (self.logo, *self.banner):
            if path is not None and not path.is_file():
                raise AppearanceError(f"there is no picture {path}")
        if self.banner_seconds < 1:
            raise AppearanceError("banner_seconds must be 1 or more")

    @property
    def palette(self) -> Palette:
        """The colours, those not given being the product's own; the bar at the top has the accent's unless given."""
        given = dict(self.colours)
        if "accent" in given:
            given.setdefault("bar", given["accent"])
        return replace(PLAIN, **given)


_NAMES = tuple(f.name for f in fields(Palette))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 … 21 (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance, 0 … 1 (WCAG 2.2, "relative luminance")."""
    parts = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
