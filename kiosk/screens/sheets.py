"""Sheets with round corners and an edge, each drawn as one picture stretched in its middle.

Kivy's own rounded shapes are fans of triangles: three times the work for a machine that draws in software.
"""

from __future__ import annotations

from functools import cache

from kivy.graphics import BorderImage, Color
from kivy.graphics.texture import Texture
from kivy.metrics import dp
from kivy.properties import BooleanProperty, ColorProperty, NumericProperty
from kivy.uix.boxlayout import BoxLayout
from PIL import Image, ImageDraw

from kiosk.screens.look import Rgba, look

FINER = 4  # drawn this many times larger, then reduced: smooth corners


@cache
def _picture(fill: Rgba, edge: Rgba, round_: int, thick: float, half: bool) -> Texture:
    """A sheet just large enough for its corners; `half` leaves the right ones square."""
    side = 2 * round_ + 2
    within, around = (tuple(round(255 * part) for part in colour) for colour in (fill, edge))
    picture = Image.new("RGBA", (side * FINER, side * FINER), (*around[:3], 0))
    ImageDraw.Draw(picture).rounded_rectangle(
        (0, 0, side * FINER - 1, side * FINER - 1), round_ * FINER, within, around, round(thick * FINER),
        corners=(True, not half, not half, True),
    )  # fmt: skip
    picture = picture.resize((side, side), Image.Resampling.BOX).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    texture = Texture.create(size=(side, side), colorfmt="rgba")
    texture.blit_buffer(picture.tobytes(), colorfmt="rgba", bufferfmt="ubyte")
    return texture


class Sheet(BoxLayout):
    """A box on a sheet. `round`, `thick`: corner and edge in dp; `half`: only the left corners are round."""

    fill = ColorProperty((1, 1, 1, 1))
    edge = ColorProperty((0, 0, 0, 1))
    round = NumericProperty(18)
    thick = NumericProperty(2.5)
    half = BooleanProperty(False)

    def __init__(self, **properties: object) -> None:
        self._paper = BorderImage()
        self.fill, self.edge = look.card, look.edge  # before any rule says otherwise
        super().__init__(**properties)
        self.canvas.before.add(Color(1, 1, 1, 1))
        self.canvas.before.add(self._paper)
        for name in ("fill", "edge", "round", "thick", "half"):
            self.fbind(name, self._choose)
        self.fbind("pos", self._lay)
        self.fbind("size", self._lay)
        self._choose()
        self._lay()

    def surface(self) -> Rgba:
        """The colour it has now."""
        return tuple(self.fill)

    def _choose(self, *_: object) -> None:
        round_ = int(dp(self.round))
        self._paper.texture = _picture(self.surface(), tuple(self.edge), round_, dp(self.thick), self.half)
        self._paper.border = (round_, round_, round_, round_)

    def _lay(self, *_: object) -> None:
        self._paper.pos, self._paper.size = self.pos, self.size
