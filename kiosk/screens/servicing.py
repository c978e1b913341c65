"""For the installer: the PIN, and how the machine is."""

from __future__ import annotations

from pathlib import Path

from kivy.lang import Builder
from kivy.metrics import dp
from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk import pages
from kiosk.screens.arranged import Across, Arranged
from kiosk.screens.look import look
from kiosk.screens.parts import Column, Heading, Maybe, Notice, Phrase, Pool
from kiosk.screens.rows import Buttons, Keys


class PinPage(Arranged[pages.PinPage]):
    across = Across.HALVES
    share = 0.5

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self._heading, self._dots = Heading(), Phrase(wanted=look.huge, bold=True, color=look.accent)
        self._keys = Keys(letters=look.large)
        for widget in (self._heading, self._dots):
            self.told.add_widget(widget)
        self.hands.add_widget(self._keys)
        self.stand(listed=False)

    def present(self, page: pages.PinPage, *, entered: bool) -> None:
        self._heading.title, self._heading.hint = page.title, page.hint
        self._dots.words = "●" * page.dots
        self._keys.present(page.keys)


class FactLine(BoxLayout):
    name = StringProperty("")
    value = StringProperty("")
    well = BooleanProperty(True)

    def present(self, fact: tuple[str, str, bool]) -> None:
        self.name, self.value, self.well = fact


class ServicePage(Arranged[pages.ServicePage]):
    across = Across.SIDES
    share = 0.64

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self._heading, self._said = Heading(), Notice()
        self._said_place = Maybe(self._said)
        facts, log = Column(spacing=dp(8)), Column(spacing=dp(4))
        self._facts: Pool[FactLine, tuple[str, str, bool]] = Pool(facts, FactLine, FactLine.present)
        self._log: Pool[Phrase, str] = Pool(log, _logged, _say)
        self._acts = Buttons(most=2, letters=look.body, height=look.button(110, 92))
        for widget in (self._heading, self._said_place):
            self.told.add_widget(widget)
        for widget in (facts, log):
            self.content.add_widget(widget)
        self.hands.add_widget(self._acts)
        self.stand()

    def present(self, page: pages.ServicePage, *, entered: bool) -> None:
        self._heading.title = page.title
        self._said.title = page.said
        self._said_place.stay(bool(page.said))
        self._facts.show(page.facts)
        self._log.show(page.log)
        self._acts.present(page.acts)
        if entered:
            self.scroll.to_top()


def _logged() -> Phrase:
    return Phrase(wanted=look.least, color=look.soft_ink)


def _say(phrase: Phrase, words: str) -> None:
    phrase.words = words


Builder.load_file(str(Path(__file__).with_name("servicing.kv")))
