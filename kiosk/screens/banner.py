"""The hall's own pictures above the first screen, one after the other."""

from __future__ import annotations

import threading
from itertools import cycle
from pathlib import Path

from kivy.clock import Clock
from kivy.graphics import Color, Rectangle
from kivy.graphics.texture import Texture
from kivy.metrics import dp
from kivy.uix.widget import Widget
from PIL import Image, ImageOps

from kiosk.screens.look import look


class Banner(Widget):
    """Pictures, each for `seconds` while the widget is on the screen. They are read in another thread, to the size of
    the place, so that nobody waits; one that cannot be read is passed over."""

    def __init__(self, pictures: tuple[Path, ...], seconds: float, **properties: object) -> None:
        super().__init__(size_hint_y=None, height=dp(look.pick(260, 140)), **properties)
        self._pictures, self._seconds = cycle(pictures), seconds
        with self.canvas:
            self._colour = Color(0, 0, 0, 0)
            self._drawn = Rectangle()
        for name in ("pos", "size"):
            self.fbind(name, self._place)
        self.fbind("parent", self._start)
        self._turning = Clock.create_trigger(self._next, seconds, interval=True)

    def _start(self, *_: object) -> None:
        self._turning.cancel()
        if self.parent is not None:
            self._turning()
            Clock.schedule_once(self._next)

    def _next(self, *_: object) -> None:
        if self.get_root_window() is None or self.width <= 1:
            return
        size = (int(self.width), int(self.height))
        threading.Thread(target=self._read, args=(next(self._pictures), size), name="banner", daemon=True).start()

    def _read(self, path: Path, size: tuple[int, int]) -> None:
        try:
            with Image.open(path) as picture:
                picture.draft("RGB", size)
                fitted = ImageOps.fit(picture.convert("RGB"), size).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        except OSError:
            return
        Clock.schedule_once(lambda _: self._show(size, fitted.tobytes()))

    def _show(self, size: tuple[int, int], pixels: bytes) -> None:
        texture = Texture.create(size=size, colorfmt="rgb")
        texture.blit_buffer(pixels, colorfmt="rgb", bufferfmt="ubyte")
        self._drawn.texture = texture
        self._colour.rgba = (1, 1, 1, 1)
        self._place()

    def _place(self, *_: object) -> None:
        self._drawn.pos, self._drawn.size = self.pos, self.size
