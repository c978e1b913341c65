"""What lists are made of: queues, services, materials to tick, numbered lines, keys."""

from __future__ import annotations

from pathlib import Path

from kivy.factory import Factory
from kivy.lang import Builder
from kivy.metrics import dp
from kivy.properties import BooleanProperty, NumericProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout

from kiosk import pages
from kiosk.screens.look import look
from kiosk.screens.parts import Card, Column, FigureBox, Knob, Phrase, Pool, Spread, Target

GAP = 20
GAP_OF_BUTTONS = 14
TALLEST_ROW = 176


class QueueTile(Target):
    """`narrow`: a hall wants more of them in a row than have room for the figures side by side."""

    letter = StringProperty("")
    name = StringProperty("")
    second = StringProperty("")
    waiting = StringProperty("")
    wait = StringProperty("")
    note = StringProperty("")
    narrow = BooleanProperty(False)

    def present(self, tile: pages.QueueTile) -> None:
        self.tag, self.means = f"queue:{tile.code}", tile.touch
        self.letter, self.name, self.second = tile.letter, tile.name, tile.second
        self.waiting, self.wait, self.note = tile.waiting, tile.wait, tile.note


class RowBox(Target):
    """One thing to choose, with an arrow that says so."""

    name = StringProperty("")
    second = StringProperty("")
    note = StringProperty("")
    mark = StringProperty("")

    def present(self, row: pages.Row) -> None:
        self.tag, self.means = row.tag, row.touch
        self.name, self.second, self.note, self.mark = row.name, row.second, row.note, row.mark


class Rows(Spread):
    """Rows to choose from, in as many columns as the panel has place for."""

    def __init__(self, **properties: object) -> None:
        super().__init__(cols=look.pick(1, 2), spacing=dp(GAP), tallest=dp(TALLEST_ROW), **properties)
        self._pool: Pool[RowBox, pages.Row] = Pool(self, RowBox, RowBox.present)

    def present(self, rows: tuple[pages.Row, ...]) -> None:
        self._pool.show(rows)


class GroupBox(BoxLayout):
    """Rows under a heading."""

    heading = StringProperty("")

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self._rows = Rows()
        self.add_widget(self._rows)

    def present(self, group: pages.Group) -> None:
        self.heading = group.heading
        self._rows.present(group.rows)


class OfferBox(Card):
    """A choice between two, each a button; the one chosen now is filled."""

    title = StringProperty("")
    hint = StringProperty("")

    def present(self, offer: pages.Offer) -> None:
        self.title, self.hint = offer.title, offer.hint
        self.ids.yes.present(offer.yes)
        self.ids.no.present(offer.no)


class TickRow(Target):
    """Something a resident has at hand or not. All of the row is the target."""

    words = StringProperty("")
    on = BooleanProperty(False)

    def present(self, button: pages.Button) -> None:
        self.tag, self.words, self.on, self.means = button.tag, button.words, button.on, button.touch


class NumberedLine(BoxLayout):
    number = StringProperty("")
    words = StringProperty("")
    letters = NumericProperty(0)

    def __init__(self, **properties: object) -> None:
        self.letters = look.large  # before any rule says otherwise
        super().__init__(**properties)


class PartBox(BoxLayout):
    """A heading and what stands under it."""

    heading = StringProperty("")

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self._lines: Pool[Phrase, str] = Pool(self.ids.lines, _line, _say)

    def present(self, part: pages.Part) -> None:
        self.heading = part.heading
        self._lines.show(part.lines)


class Keys(BoxLayout):
    """Rows of keys, as on a keyboard."""

    def __init__(self, *, letters: float, **properties: object) -> None:
        super().__init__(
            orientation="vertical", size_hint_y=None, height=0, spacing=dp(8), **properties
        )  # its height follows from its rows
        self._letters = letters
        self._rows: Pool[BoxLayout, tuple[pages.Button, ...]] = Pool(self, self._row, self._fill_row)
        self._pools: dict[BoxLayout, Pool[Knob, pages.Button]] = {}

    def present(self, keys: tuple[tuple[pages.Button, ...], ...]) -> None:
        self._rows.show(keys)
        self.height = len(keys) * (self._height() + self.spacing) - self.spacing

    def _height(self) -> float:
        return float(dp(max(look.least_touch, 84) if look.comfort.low else look.grown(look.touch)))

    def _row(self) -> BoxLayout:
        row = BoxLayout(spacing=dp(8), size_hint_y=None, height=self._height())
        self._pools[row] = Pool(row, lambda: Knob(padding=(dp(4), 0)), self._label)
        return row

    def _label(self, key: Knob, button: pages.Button) -> None:
        key.letters = self._letters if len(button.words) == 1 else look.small
        key.present(button)

    def _fill_row(self, row: BoxLayout, keys: tuple[pages.Button, ...]) -> None:
        self._pools[row].show(keys)


class Buttons(GridLayout):
    """Buttons of one importance in rows of `most`, each `height` (dp) high; none take no place.

    The first one may be the `chief`: what most residents want.
    """

    def __init__(self, *, most: int, letters: float, height: float, chief: bool = False, **properties: object) -> None:
        super().__init__(cols=most, spacing=dp(GAP_OF_BUTTONS), size_hint_y=None, height=0, **properties)
        self._most, self._height = most, height
        self._letters, self._chief = letters, chief
        self._pool: Pool[Knob, pages.Button] = Pool(self, self._button, Knob.present)

    def _button(self) -> Knob:
        is_chief = self._chief and not self.children
        return Factory.Chief(letters=self._letters) if is_chief else Knob(letters=self._letters)

    def present(self, buttons: tuple[pages.Button, ...]) -> None:
        self.cols = max(1, min(self._most, len(buttons)))
        rows = -(-len(buttons) // self.cols)
        self.height = dp(rows * (self._height + GAP_OF_BUTTONS) - GAP_OF_BUTTONS) if rows else 0
        self._pool.show(buttons)


class Figures(BoxLayout):
    """Numbers in boxes: `upright` beside each other, else below each other."""

    def __init__(self, *, upright: bool, **properties: object) -> None:
        orientation = "horizontal" if upright else "vertical"
        super().__init__(orientation=orientation, size_hint_y=None, height=0, spacing=dp(14), **properties)
        self._upright = upright
        self._pool: Pool[FigureBox, pages.Figure] = Pool(self, lambda: FigureBox(upright=upright), FigureBox.present)
        self.fbind("minimum_height", self._stretch)
        self.fbind("children", self._stretch)

    def present(self, figures: tuple[pages.Figure, ...]) -> None:
        self._pool.show(figures)

    def _stretch(self, *_: object) -> None:
        least = dp(130) if self._upright else dp(92) * len(self.children)
        self.height = max(least, self.minimum_height) if self.children else 0


def _line() -> Phrase:
    return Phrase(wanted=look.body)


def _say(phrase: Phrase, words: str) -> None:
    phrase.words = words


class Parts(Column):
    """Headings and what stands under them."""

    def __init__(self, **properties: object) -> None:
        super().__init__(spacing=dp(24), **properties)
        self._pool: Pool[PartBox, pages.Part] = Pool(self, PartBox, PartBox.present)

    def present(self, parts: tuple[pages.Part, ...]) -> None:
        self._pool.show(parts)


Builder.load_file(str(Path(__file__).with_name("rows.kv")))
