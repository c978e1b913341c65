"""The pieces every screen is made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from kivy.core.text import Label as Typesetter
from kivy.graphics import Color, Rectangle
from kivy.input.motionevent import MotionEvent
from kivy.lang import Builder
from kivy.metrics import sp
from kivy.properties import (
    BooleanProperty,
    ColorProperty,
    NumericProperty,
    OptionProperty,
    StringProperty,
    VariableListProperty,
)
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout
from kivy.uix.layout import Layout
from kivy.uix.scrollview import ScrollView
from kivy.uix.widget import Widget

from kiosk import linebreak, pages
from kiosk.screens.look import Rgba, look
from kiosk.screens.sheets import Sheet
from kiosk.session import Input

LINE_HEIGHT = 0.92
SMALLEST = 0.5
"""How far type may shrink to fit, of the size it should have."""

W = TypeVar("W", bound=Widget)
F = TypeVar("F")


@cache
def _typesetter(size: float, bold: bool) -> Typesetter:
    typesetter = Typesetter(font_size=size, bold=bold)
    typesetter.resolve_font_name()
    return typesetter


@cache
def _width(character: str, size: float, bold: bool) -> float:
    return float(_typesetter(size, bold).get_extents(character)[0])


@lru_cache(4096)
def _broken(words: str, width: float, size: float, bold: bool, evenly: bool) -> list[str]:
    """The words in lines. Kept, because a place finds its width in several steps, and screens come again."""
    wrap = linebreak.balanced if evenly else linebreak.wrap
    return wrap(words, width, lambda text: _measure(text, size, bold))


@lru_cache(4096)
def _fits_whole(words: str, width: float, size: float, bold: bool) -> bool:
    return linebreak.fits_whole(words, width, lambda text: _measure(text, size, bold))


@cache
def _height(size: float, bold: bool) -> float:
    """Pixels of a line."""
    return float(_typesetter(size, bold).get_extents("国")[1]) * LINE_HEIGHT


def _measure(text: str, size: float, bold: bool) -> float:
    """Pixels across, a little more than it will be: characters are measured one by one."""
    return sum(_width(character, size, bold) for character in text)


def _steps_down(wanted: float) -> Iterator[float]:
    """Sizes to try, the wanted one first. They are few, because every size of a Chinese font takes 2.5 MB."""
    yield wanted
    yield from (size for size in look.sizes if wanted * SMALLEST <= size < wanted)


class Phrase(Widget):
    """Text broken into lines by the rules of its script; its height follows at once from its width.

    `wanted` is its size in sp: less, if it takes more than `most` lines, is taller than `tallest` pixels or a word of
    it is wider than the place.
    `evenly` makes lines of about the same length. `absent` takes it out of its row or column.
    Kivy's own Label keeps a picture as wide as its place, which costs more to draw and to keep.
    """

    words = StringProperty("")
    wanted = NumericProperty(0)
    most = NumericProperty(0)
    tallest = NumericProperty(math.inf)
    bold = BooleanProperty(False)
    evenly = BooleanProperty(False)
    absent = BooleanProperty(False)
    halign = OptionProperty("left", options=["left", "center", "right"])
    color = ColorProperty((0, 0, 0, 1))
    text = StringProperty("")
    """The words as broken into lines, as drawn."""

    def __init__(self, **properties: object) -> None:
        self._ink = Color()
        self._drawn = Rectangle(size=(0, 0))
        self.color, self.wanted = look.ink, look.small  # before any rule says otherwise
        super().__init__(size_hint_y=None, size=(0, 0), **properties)  # nothing to break before it has a place
        self.canvas.add(self._ink)
        self.canvas.add(self._drawn)
        for name in ("words", "width", "wanted", "most", "tallest", "bold", "evenly", "absent", "halign"):
            self.fbind(name, self._arrange)
        for name in ("x", "y", "right", "top"):
            self.fbind(name, self._place)
        self.fbind("color", self._dye)
        self._dye()
        self._arrange()

    @property
    def drawn_size(self) -> tuple[float, float]:
        """Pixels of the text as drawn."""
        return tuple(self._drawn.size)

    def _arrange(self, *_: object) -> None:
        if self.absent or not self.words or self.width <= 1:
            self.text, self._drawn.size, self.height = "", (0, 0), 0
            return
        tried = [sp(size) for size in _steps_down(self.wanted)]
        size = next((size for size in tried if self._fits(size)), tried[-1])
        self.text = "\n".join(self._lines(size))
        typesetter = Typesetter(
            text=self.text, font_size=size, bold=self.bold, halign=self.halign, line_height=LINE_HEIGHT
        )
        typesetter.refresh()
        self._drawn.texture = typesetter.texture
        self._drawn.size = typesetter.texture.size
        self.height = typesetter.texture.height
        self._place()

    def _place(self, *_: object) -> None:
        spare = self.width - self._drawn.size[0]
        share = {"left": 0, "center": 0.5, "right": 1}[self.halign]
        self._drawn.pos = (int(self.x + spare * share), int(self.y))

    def _dye(self, *_: object) -> None:
        self._ink.rgba = self.color

    def _fits(self, size: float) -> bool:
        if not _fits_whole(self.words, self.width, size, self.bold):
            return False
        lines = len(self._lines(size)) if self.most or self.tallest < math.inf else 1
        return (not self.most or lines <= self.most) and lines * _height(size, self.bold) <= self.tallest

    def _lines(self, size: float) -> list[str]:
        return _broken(self.words, self.width, size, self.bold, self.evenly or self.halign == "center")


class Card(Sheet):
    """A sheet that carries text."""


class Badge(Sheet):
    """A letter, a number or a sign on its own ground."""

    text = StringProperty("")
    size_of_text = NumericProperty(0)
    ink = ColorProperty((1, 1, 1, 1))


class Target(ButtonBehavior, Sheet):
    """Something to touch. `tag` is its name for tests and tools, `means` the input that touching it is."""

    tag = StringProperty("")
    pressed_fill = ColorProperty((1, 1, 1, 1))
    means: Input | None = None
    happen: ClassVar[Callable[[Input], None]]
    """Where inputs go: the process has one window."""

    def __init__(self, **properties: object) -> None:
        self.pressed_fill = look.pale  # before any rule says otherwise
        super().__init__(**properties)
        self.fbind("state", self._choose)
        self.fbind("pressed_fill", self._choose)

    def surface(self) -> Rgba:
        return tuple(self.pressed_fill if self.state == "down" else self.fill)

    def on_release(self) -> None:
        if self.means is not None:
            Target.happen(self.means)


class Knob(Target):
    """A button with words on it, and perhaps smaller words below. `on`: what it stands for is chosen now."""

    words = StringProperty("")
    small = StringProperty("")
    letters = NumericProperty(0)
    ink = ColorProperty((0, 0, 0, 1))
    on = BooleanProperty(False)

    def __init__(self, **properties: object) -> None:
        self.letters = look.large  # before any rule says otherwise
        super().__init__(**properties)

    def present(self, button: pages.Button) -> None:
        self.tag, self.words, self.small = button.tag, button.words, button.small
        self.on, self.means = button.on, button.touch
        self.disabled = not button.enabled
        self.opacity = 1 if button.enabled else 0.35


class Notice(Card):
    title = StringProperty("")
    body = StringProperty("")

    def present(self, notice: pages.Notice) -> None:
        self.title = notice.title
        self.body = ("\n" if look.portrait else " ").join(notice.lines)


class Heading(BoxLayout):
    title = StringProperty("")
    hint = StringProperty("")


class FigureBox(Card):
    """A number and what it says; `upright` puts the number below."""

    name = StringProperty("")
    value = StringProperty("")
    known = BooleanProperty(True)
    upright = BooleanProperty(True)

    def present(self, figure: pages.Figure) -> None:
        self.name, self.value, self.known = figure.name, figure.value, figure.known


class Mark(Widget):
    """A box, ticked or not."""

    on = BooleanProperty(False)


class Pool(Generic[W, F]):
    """One widget of `place` for each of some facts. Widgets are kept and told anew, which is cheaper than new ones."""

    def __init__(self, place: Widget, make: Callable[[], W], fill: Callable[[W, F], None]) -> None:
        """`place` holds nothing else."""
        self._place, self._make, self._fill = place, make, fill
        self._facts: tuple[F, ...] = ()
        self.widgets: list[W] = []
        """All there ever were: those there is nothing to tell of now wait for the next facts."""
        self._told: list[F | None] = []

    def show(self, facts: tuple[F, ...]) -> None:
        if facts == self._facts:
            return
        for widget in self.widgets[len(facts) : len(self._facts)]:
            self._place.remove_widget(widget)
        for n, fact in enumerate(facts):
            if n == len(self.widgets):
                self.widgets.append(self._make())
                self._told.append(None)
            if fact != self._told[n]:
                self._fill(self.widgets[n], fact)
                self._told[n] = fact
            if n >= len(self._facts):
                self._place.add_widget(self.widgets[n])
        self._facts = facts


class Spread(GridLayout):
    """Rows that fill the place they have: never lower than what they say, never higher than `tallest`."""

    tallest = NumericProperty(0)
    place = NumericProperty(0)

    def __init__(self, **properties: object) -> None:
        super().__init__(size_hint_y=None, **properties)
        for name in ("minimum_height", "place", "cols"):
            self.fbind(name, self._spread)

    def _spread(self, *_: object) -> None:
        rows = -(-len(self.children) // self.cols)
        gaps = self.padding[1] + self.padding[3] + self.spacing[1] * (rows - 1)
        self.height = max(self.minimum_height, min(self.place, self.tallest * rows + gaps)) if rows else 0


class Shutter(ScrollView):
    """A ScrollView that clips by a rectangle of the screen: Kivy's clips by drawing its whole place twice.

    What lies under a finger feels it at once, and is let go unmeant when the finger has moved so far that it drags.
    Kivy's keeps the touch back for 250 ms, or if it ends sooner until 200 ms after its end, and a slow finger cannot
    drag.
    """

    def on_scroll_start(self, touch: MotionEvent, check_children: bool = True) -> bool:
        still = abs(self.effect_y.velocity) < 1  # else it is the running page that is to be stopped
        taken = bool(super().on_scroll_start(touch, check_children))
        drag = touch.ud.get(self._get_uid())
        if drag is not None and still and not drag["user_stopped"]:  # that is said of a touch on the bar
            self.simulate_touch_down(touch)
        return taken

    def _change_touch_mode(self, *_: object) -> None:
        """There is no time after which a touch is no longer a drag."""

    def on_scroll_move(self, touch: MotionEvent) -> bool:
        drag = touch.ud.get(self._get_uid())
        if drag is None or drag["mode"] != "unknown":
            return bool(super().on_scroll_move(touch))
        drag["dy"] = abs(touch.y - touch.oy) - abs(touch.dy)  # how far it is, not how much a hand has trembled
        moved = bool(super().on_scroll_move(touch))
        if drag["mode"] == "scroll":
            for target in [held() for held in touch.grab_list]:
                if isinstance(target, Target):
                    touch.ungrab(target)
                    target.state = "normal"
        return moved

    def on_scroll_stop(self, touch: MotionEvent, check_children: bool = True) -> bool:
        drag = touch.ud.get(self._get_uid())
        if drag is not None and drag["mode"] == "unknown":
            drag["mode"] = "felt"  # so that it is not felt again
        return bool(super().on_scroll_stop(touch, check_children))


class Scroll(BoxLayout):
    """What may be longer than its place: with a bar to drag and, for those who do not know that, two buttons."""

    up = StringProperty("")
    down = StringProperty("")
    overflows = BooleanProperty(False)

    def hold(self, content: Widget) -> None:
        """Show `content`, whose height is its own."""
        view = self.ids.view
        view.clear_widgets()
        view.add_widget(content)
        content.fbind("height", self._compare)
        self.fbind("height", self._compare)
        self._compare()

    def _compare(self, *_: object) -> None:
        # Against the place without the buttons, so that showing them does not hide them again.
        content = self.ids.view.children[0]
        self.overflows = content.height > self.height + 1

    def to_top(self) -> None:
        self.ids.view.scroll_y = 1

    def turn(self, pages: int) -> None:
        """Go `pages` pages down, each a little less than the place is high."""
        view = self.ids.view
        beyond = view.children[0].height - view.height
        if beyond > 0:
            view.scroll_y = min(1, max(0, view.scroll_y - pages * view.height * 0.85 / beyond))


class Column(Layout):
    """Things one below the other, as high as they are. What has no height takes no gap either."""

    spacing = NumericProperty(0)
    padding = VariableListProperty([0, 0, 0, 0])

    def __init__(self, **properties: object) -> None:
        super().__init__(size_hint_y=None, height=0, **properties)
        for name in ("children", "pos", "size", "spacing", "padding"):
            self.fbind(name, self._trigger_layout)

    def do_layout(self, *_: object) -> None:
        left, top, right, bottom = self.padding
        shown = [child for child in reversed(self.children) if child.height > 0]
        for child in self.children:
            child.x, child.width = self.x + left, max(0, self.width - left - right)
        self.height = top + bottom + sum(c.height for c in shown) + self.spacing * max(0, len(shown) - 1)
        edge = self.top - top
        for child in shown:
            child.top = edge
            edge -= child.height + self.spacing


class Maybe(BoxLayout):
    """A place for `widget`, which is there or not."""

    def __init__(self, widget: Widget, **properties: object) -> None:
        super().__init__(size_hint_y=None, height=0, **properties)
        self._widget = widget
        widget.fbind("height", self._follow)

    def stay(self, there: bool) -> None:
        if there and not self.children:
            self.add_widget(self._widget)
        elif not there:
            self.clear_widgets()
        self._follow()

    def _follow(self, *_: object) -> None:
        self.height = self._widget.height if self.children else 0


Builder.load_file(str(Path(__file__).with_name("parts.kv")))
