"""How it stands or ends: a ticket, an appointment, something to wait for, an apology with a way on."""

from __future__ import annotations

from pathlib import Path

from kivy.lang import Builder
from kivy.metrics import dp
from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.anchorlayout import AnchorLayout

from kiosk import pages
from kiosk.screens.arranged import Across, Arranged
from kiosk.screens.look import look
from kiosk.screens.parts import Badge, Card, Column, Heading, Phrase, Pool
from kiosk.screens.rows import Buttons, Figures, NumberedLine


class Slip(Card):
    """A big label, what it is above it, what it is for below."""

    caption = StringProperty("")
    label = StringProperty("")
    what = StringProperty("")
    sorry = BooleanProperty(False)


class SlipPage(Arranged[pages.SlipPage]):
    across = Across.HALVES
    share = 0.52

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self._heading, self._slip = Heading(), Slip()
        self._figures = Figures(upright=True)
        lines = Column(spacing=dp(14))
        self._lines: Pool[NumberedLine, tuple[str, str]] = Pool(lines, _line, _fill)
        self._chief = Buttons(most=1, letters=look.large, height=look.button(150, 120), chief=True)
        self._rest = Buttons(most=2, letters=look.body, height=look.button(116, 92))
        for widget in (self._heading, self._slip):
            self.told.add_widget(widget)
        (self.content if look.comfort.large else self.facts).add_widget(self._figures)
        self.content.add_widget(lines)
        for widget in (self._chief, self._rest):
            self.hands.add_widget(widget)
        self.stand()

    def present(self, page: pages.SlipPage, *, entered: bool) -> None:
        self._heading.title = page.title
        self._slip.caption, self._slip.label, self._slip.what = page.caption, page.label, page.what
        self._slip.sorry = page.sorry
        self._figures.present(page.figures)
        numbered = len(page.lines) > 1
        self._lines.show(tuple((str(n) if numbered else "", line) for n, line in enumerate(page.lines, 1)))
        self._chief.present(page.buttons[:1])
        self._rest.present(page.buttons[1:])
        if entered:
            self.scroll.to_top()


def _line() -> NumberedLine:
    return NumberedLine(letters=look.body if look.comfort.large or look.comfort.low else look.large)


def _fill(line: NumberedLine, told: tuple[str, str]) -> None:
    line.number, line.words = told


class Sign(Badge):
    """Wait, or: this did not work."""

    sorry = BooleanProperty(False)


class MessagePage(Arranged[pages.MessagePage]):
    middle = True

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self._sign, place = Sign(), AnchorLayout(size_hint_y=None)
        place.add_widget(self._sign)
        place.height = self._sign.height
        self._title = Phrase(wanted=look.title, bold=True, halign="center")
        lines = Column(spacing=dp(14))
        self._lines: Pool[Phrase, str] = Pool(lines, _centred, _say)
        self._buttons = Buttons(most=2, letters=look.large, height=look.button(160, 120), chief=True)
        for widget in (self._title, lines) if look.comfort.low else (place, self._title, lines):
            self.told.add_widget(widget)
        self.hands.add_widget(self._buttons)
        self.stand(listed=False)

    def present(self, page: pages.MessagePage, *, entered: bool) -> None:
        self._sign.sorry, self._title.words = page.sorry, page.title
        self._lines.show(page.lines)
        self._buttons.present(page.buttons)


def _centred() -> Phrase:
    return Phrase(wanted=look.body if look.comfort.large or look.comfort.low else look.large, halign="center")


def _say(phrase: Phrase, words: str) -> None:
    phrase.words = words


Builder.load_file(str(Path(__file__).with_name("outcome.kv")))
