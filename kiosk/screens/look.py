"""Colours and sizes of every screen as drawn for the resident who stands there, and which way up the panel is.

Sizes (dp, sp) are of a 1080 x 1920 panel and scale with it; 100 is about 37 mm on a 32-inch panel, 25 mm on 21.5.
Widgets read them when they are made: another comfort means other widgets.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TypeAlias

from kivy.core.window import Window
from kivy.utils import get_color_from_hex

from kiosk.appearance import CONTRAST
from kiosk.session import Comfort
from kiosk.window import prepared

Rgba: TypeAlias = tuple[float, ...]

SCALE = (20, 24, 30, 36, 44, 60)
LARGE_SCALE = (30, 30, 40, 48, 60, 80)
NUMBERS = (300, 230, 180, 120)
VEIL = (0.04, 0.09, 0.15, 0.8)
NONE = (0, 0, 0, 0)
COMFORTABLE = 90
"""Height of a target where there is room for more than the least, dp."""


class Look:
    """The look of now. Colours are those of `appearance.Palette`, made ready for Kivy.

    `least` … `huge` are sizes of type, sp. There are no others: each size and weight of a Chinese font takes 2.5 MB.
    `number` is that of a ticket's label, which shrinks to the next smaller one until it fits.
    """

    ink: Rgba
    soft_ink: Rgba
    paper: Rgba
    card: Rgba
    edge: Rgba
    bar: Rgba
    on_bar: Rgba
    soft_on_bar: Rgba
    accent: Rgba
    pressed: Rgba
    on_accent: Rgba
    pale: Rgba
    warning: Rgba
    warning_edge: Rgba
    on_warning: Rgba
    good: Rgba
    veil: Rgba = VEIL
    none: Rgba = NONE

    def __init__(self) -> None:
        ready = prepared()
        self.appearance = ready.appearance
        self.portrait = Window.height > Window.width
        self.least_touch = ready.touch
        self.touch = max(ready.touch, COMFORTABLE)
        self.use(self.appearance.usual)

    def use(self, comfort: Comfort) -> None:
        """Draw for `comfort` from now on."""
        self.comfort = comfort
        palette = CONTRAST if comfort.contrast else self.appearance.palette
        for name, value in asdict(palette).items():
            setattr(self, name, tuple(get_color_from_hex(value)))
        self.scale = LARGE_SCALE if comfort.large else SCALE
        self.least, self.fine, self.small, self.body, self.large, self.huge = self.scale
        self.number = NUMBERS[(not self.portrait) + max(comfort.large, 2 * comfort.low)]
        self.sizes = tuple(sorted({*NUMBERS, *self.scale}, reverse=True))

    @property
    def title(self) -> float:
        """Size of a screen's heading."""
        return self.huge if self.portrait else self.body if self.comfort.low else self.large

    @property
    def text(self) -> float:
        """Size of what is to be read at leisure."""
        return self.body if self.portrait else self.small

    def pick(self, portrait: float, landscape: float) -> float:
        """The value for the panel's orientation."""
        return portrait if self.portrait else landscape

    def button(self, portrait: float, landscape: float) -> float:
        """Height of a button, dp; less where everything must stand in half of a low panel."""
        wanted = max(self.touch, self.pick(portrait, landscape))
        if self.comfort.low and not self.portrait:
            wanted = self.touch
            return min(self.grown(wanted), wanted + 14)
        return self.grown(wanted)

    def grown(self, size: float) -> float:
        """A height that holds one line of type, for the size of type in use."""
        return size * 1.3 if self.comfort.large else size


look = Look()
