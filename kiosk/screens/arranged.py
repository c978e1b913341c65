"""Where the parts of a page stand: by which way up the panel is, and whether all there is to touch must be low.

A page puts what it has into four places: `told` (what this is about), `list` (what may be longer than its place),
`facts` (what else is to be known), `hands` (what to touch, always in sight).

    upright    sides           halves          low, upright     low, across
    told       told  facts     told   list     told             told  facts
    list       list  …         facts  hands    facts            ----------- the middle of the panel
    facts            hands                     --------         list  hands
    hands                                      list
                                               hands
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

from kivy.core.window import Window
from kivy.metrics import dp
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from kiosk.screens.look import look
from kiosk.screens.parts import Column, Scroll, Spread

P = TypeVar("P")
GAP = 18


class Across(StrEnum):
    """How a page stands on a panel that is wider than high, when it need not be low."""

    SIDES = "sides"
    HALVES = "halves"
    STACK = "stack"
    """As on an upright panel."""


class Arranged(BoxLayout, Generic[P]):
    """A page. `share`: how much of the width across the left side takes."""

    across: ClassVar[Across] = Across.STACK
    share: float = 0.6
    middle: ClassVar[bool] = False
    """Whether what is told stands in the middle of an upright page rather than at its top."""

    def __init__(self, **properties: object) -> None:
        super().__init__(orientation="vertical", spacing=dp(GAP), **properties)
        self.told, self.facts, self.hands = (Column(spacing=dp(GAP)) for _ in range(3))
        self.content = Column(spacing=dp(GAP), padding=dp(2))
        self.scroll = Scroll()
        self.scroll.hold(self.content)
        self.scroll.fbind("overflows", self._leave_room)

    def present(self, page: P, *, entered: bool) -> None:
        """Show `page`; `entered` when it has just been come to."""
        raise NotImplementedError

    def stand(self, *, listed: bool = True) -> None:
        """Put the places where they belong, once they hold what they are to hold. Without `listed` there is no list."""
        rest = self.scroll if listed else Widget()
        wide = not look.portrait
        match look.comfort.low, self.across:
            case True, _ if wide:
                upper, lower = BoxLayout(size_hint_y=None), BoxLayout()
                self._beside(upper, [self.told, Widget()], [self.facts, Widget()])
                self._beside(lower, [rest] if listed else [], [self.hands, Widget()])
                _fill(self, upper, lower)
                self._divide(upper)
            case True, _:
                upper = BoxLayout(size_hint_y=None, orientation="vertical", spacing=dp(GAP))
                _fill(upper, self.told, self.facts, Widget())
                _fill(self, upper, rest, self.hands)
                self._divide(upper)
            case False, Across.SIDES if wide:
                self._beside(self, [self.told, rest], [self.facts, Widget(), self.hands])
            case False, Across.HALVES if wide:
                self._beside(self, [self.told, self.facts, Widget()], [rest, self.hands])
            case False, Across.HALVES:
                _fill(self, self.told, self.facts, rest, self.hands)
            case _:
                above = [Widget()] if self.middle else []
                _fill(self, *above, self.told, *([rest, self.facts] if listed else [self.facts, rest]), self.hands)

    def fills(self, spread: Spread) -> None:
        """Let `spread` be as high as the list's place, if that is higher than what it says."""

        def fill(*_: object) -> None:
            spread.place = self.scroll.height - self.content.padding[1] - self.content.padding[3]

        self.scroll.fbind("height", fill)

    def _divide(self, upper: BoxLayout) -> None:
        """Let `upper` end at the middle of the panel."""

        def reach(*_: object) -> None:
            upper.height = max(0, self.top - Window.height / 2)

        self.fbind("top", reach)
        self.fbind("y", reach)
        reach()

    def _beside(self, place: BoxLayout, left: list[Widget], right: list[Widget]) -> None:
        """Two columns, or one if the other would hold nothing."""
        place.orientation, place.spacing = "horizontal", dp(32)
        for half, share in ((left, self.share), (right, 1 - self.share)):
            if any(widget.children for widget in half):
                box = BoxLayout(orientation="vertical", spacing=dp(GAP), size_hint_x=share)
                _fill(box, *half)
                place.add_widget(box)

    def _leave_room(self, _: object, overflows: bool) -> None:
        """For the bar beside what overflows."""
        self.content.padding = (dp(2), dp(2), dp(26 if overflows else 2), dp(2))


def _fill(place: BoxLayout, *widgets: Widget) -> None:
    """Add the widgets, except columns that hold nothing."""
    for widget in widgets:
        is_spacer = type(widget) is Widget
        if is_spacer or widget.children:
            place.add_widget(widget)
