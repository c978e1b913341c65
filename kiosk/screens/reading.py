"""What to bring, how it goes, how long it may take, and the button that takes a number."""

from __future__ import annotations

from dataclasses import replace

from kivy.metrics import dp

from kiosk import pages
from kiosk.screens.arranged import Across, Arranged
from kiosk.screens.look import look
from kiosk.screens.parts import Column, Heading, Maybe, Notice, Phrase, Pool
from kiosk.screens.rows import Buttons, Figures, OfferBox, Parts, TickRow


class ReadingPage(Arranged[pages.ReadingPage]):
    across = Across.SIDES

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        cramped = look.comfort.large or (look.comfort.low and not look.portrait)
        self._heading, self._warning, self._notice, self._offer = Heading(), Notice(), Notice(), OfferBox()
        self._warning_place, self._notice_place, self._offer_place = map(
            Maybe, (self._warning, self._notice, self._offer)
        )
        self._figures = Figures(upright=look.portrait or cramped)
        self._materials_heading = Phrase(wanted=look.large, bold=True, color=look.accent)
        materials = Column(spacing=dp(12))
        self._materials: Pool[TickRow, pages.Button] = Pool(materials, TickRow, TickRow.present)
        self._parts = Parts()
        self._asides = Buttons(most=3, letters=look.pick(look.body, look.small), height=look.button(90, 90))
        self._confirm = Buttons(most=1, letters=look.huge, height=look.button(160, 130), chief=True)
        self.told.add_widget(self._heading)
        (self.content if cramped else self.facts).add_widget(self._figures)
        (self.content if cramped else self.facts if look.portrait else self.told).add_widget(self._warning_place)
        self.facts.add_widget(self._notice_place)
        for widget in (self._offer_place, self._materials_heading, materials, self._parts):
            self.content.add_widget(widget)
        for widget in (self._asides, self._confirm):
            self.hands.add_widget(widget)
        self.stand()

    def present(self, page: pages.ReadingPage, *, entered: bool) -> None:
        self._heading.title, self._heading.hint = page.name, page.second
        self._materials_heading.words = page.materials_heading
        self._materials_heading.absent = not page.materials
        self._materials.show(page.materials)
        self._parts.present(page.parts)
        self._figures.present(page.figures)
        self._warning.title = page.warning
        self._warning_place.stay(bool(page.warning))
        if page.notice is not None:
            self._notice.present(page.notice)
        self._notice_place.stay(page.notice is not None)
        if page.choice is not None:
            self._offer.present(page.choice)
        offered = bool(self._offer_place.children)
        self._offer_place.stay(page.choice is not None)
        self._asides.present(page.asides)
        self._confirm.present(() if page.confirm is None else (self._fitting(page.confirm),))
        if entered or (page.choice is not None and not offered):
            self.scroll.to_top()

    @staticmethod
    def _fitting(confirm: pages.Button) -> pages.Button:
        """Half of a low panel has no room for large words and a hint below them."""
        cramped = look.comfort.low and look.comfort.large and not look.portrait
        return replace(confirm, small="") if cramped else confirm
