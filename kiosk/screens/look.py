"""Colours of every screen, and which way up it stands.

Sizes (dp, sp) are of a 1080 x 1920 panel and scale with it; 100 is about 37 mm on a 32-inch panel, 25 mm on 21.5.
"""

from __future__ import annotations

from kivy.core.window import Window
from kivy.utils import get_color_from_hex as colour

PORTRAIT = Window.height > Window.width

INK = colour("#16202C")
SOFT_INK = colour("#46566A")
PAPER = colour("#EEF2F7")
CARD = colour("#FFFFFF")
EDGE = colour("#B9C6D6")
BLUE = colour("#0B4A8F")
DEEP_BLUE = colour("#07366B")
PALE_BLUE = colour("#DCE8F6")
ON_BLUE = colour("#FFFFFF")
SOFT_ON_BLUE = colour("#D5E4F6")
AMBER = colour("#FFF3D1")
AMBER_EDGE = colour("#C98A00")
ON_AMBER = colour("#5A3B00")
GREEN = colour("#0A6B3D")
VEIL = colour("#0A1626CC")
NONE = (0, 0, 0, 0)

LEAST, FINE, SMALL, BODY, LARGE, HUGE = SCALE = (20, 24, 30, 36, 44, 60)
"""Sizes of type, sp. No others: each size and weight of a Chinese font takes 2.5 MB of memory."""

NUMBER = (300, 230, 180)
"""Sizes of the number on the ticket's screen: the first in which it fits."""


def pick(portrait: float, landscape: float) -> float:
    """The value for the panel's orientation."""
    return portrait if PORTRAIT else landscape
