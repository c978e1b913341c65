"""Saying what one came for: the first screen, lists of services, the search, a card or a code, the hall's page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kivy.lang import Builder
from kivy.metrics import dp
from kivy.properties import StringProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk import pages
from kiosk.screens.arranged import GAP, Across, Arranged
from kiosk.screens.banner import Banner
from kiosk.screens.look import look
from kiosk.screens.parts import Card, Column, Heading, Maybe, Notice, Phrase, Pool, Spread
from kiosk.screens.rows import Buttons, GroupBox, Keys, OfferBox, Parts, QueueTile, Rows

TALLEST_TILE = 270


class BasketText(Card):
    title = StringProperty("")
    names = StringProperty("")


class QueuesPage(Arranged[pages.QueuesPage]):
    """The first screen."""

    across = Across.SIDES
    share = 0.72

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        if look.comfort.low:
            self.share = 0.6
        self._bare = look.comfort.large or (look.comfort.low and not look.portrait)
        self._heading, self._notice, self._basket = Heading(), Notice(), BasketText()
        self._notice_place, self._basket_place = Maybe(self._notice), Maybe(self._basket)
        self._tiles = Spread(cols=1, spacing=dp(16), tallest=dp(TALLEST_TILE))
        self.fills(self._tiles)
        self._pool: Pool[QueueTile, pages.QueueTile] = Pool(self._tiles, QueueTile, QueueTile.present)
        takes, ways = (2, 3) if look.portrait else (2, 2) if look.comfort.low else (1, 1)
        self._take = Buttons(most=takes, letters=look.body, height=look.button(116, 104), chief=True)
        self._ways = Buttons(most=ways, letters=look.body, height=look.button(124, 104))
        self.told.add_widget(self._heading)
        self._banner_place: Maybe | None = None
        if look.appearance.banner and not look.comfort.large:
            self._banner_place = Maybe(Banner(look.appearance.banner, look.appearance.banner_seconds))
            self.told.add_widget(self._banner_place)
        self.told.add_widget(self._notice_place)
        (self.facts if look.portrait and not self._bare else self.content).add_widget(self._basket_place)
        self.content.add_widget(self._tiles)
        self.hands.add_widget(self._take)
        self.hands.add_widget(self._ways)
        self.stand()

    def present(self, page: pages.QueuesPage, *, entered: bool) -> None:
        self._heading.title, self._heading.hint = page.title, page.hint
        if page.notice is not None:
            self._notice.present(page.notice)
        self._notice_place.stay(page.notice is not None)
        if self._banner_place is not None:  # pictures are for who passes by, not for who needs the room
            self._banner_place.stay(page.notice is None and page.basket is None)
        suit = _columns_that_suit(len(page.tiles))
        self._tiles.cols = _columns(suit)
        self._pool.show(page.tiles)
        for tile in self._pool.widgets:
            tile.narrow = self._tiles.cols > suit
        if page.basket is not None:
            self._basket.title, self._basket.names = page.basket.title, "\n".join(page.basket.names)
        self._basket_place.stay(page.basket is not None)
        self._take.present(() if page.basket is None else (page.basket.take, page.basket.drop))
        self._ways.present(tuple(replace(way, small="") if self._bare else way for way in page.ways))
        if entered:
            self.scroll.to_top()


def _columns_that_suit(tiles: int) -> int:
    if look.portrait:
        return 1 if tiles <= 5 else 2
    return 2 if look.comfort.low or look.comfort.large or tiles <= 4 else 3


def _columns(suit: int) -> int:
    """As many as the hall wants, or as suit the panel; in large type or half of the height never more than those."""
    wanted = look.appearance.columns
    if wanted is None:
        return suit
    return min(wanted, suit) if look.comfort.low or look.comfort.large else wanted


class ServicesPage(Arranged[pages.ServicesPage]):
    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self._heading, self._rows = LetteredHeading(), Rows()
        self.fills(self._rows)
        self.told.add_widget(self._heading)
        self.content.add_widget(self._rows)
        self.stand()

    def present(self, page: pages.ServicesPage, *, entered: bool) -> None:
        self._heading.title, self._heading.hint, self._heading.letter = page.title, page.queue, page.letter
        self._rows.present(page.rows)
        if entered:
            self.scroll.to_top()


class LetteredHeading(BoxLayout):
    title = StringProperty("")
    hint = StringProperty("")
    letter = StringProperty("")


class ClassesPage(Arranged[pages.ClassesPage]):
    share = 0.7

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self._heading, self._rows = Heading(), Rows()
        self._none = Buttons(most=1, letters=look.large, height=look.button(120, 92))
        self.fills(self._rows)
        self.told.add_widget(self._heading)
        self.content.add_widget(self._rows)
        self.hands.add_widget(self._none)
        self.stand()

    def present(self, page: pages.ClassesPage, *, entered: bool) -> None:
        self._heading.title, self._heading.hint = page.title, page.hint
        self._rows.present(page.rows)
        self._none.present((page.none,))
        if entered:
            self.scroll.to_top()


class GreetingPage(Arranged[pages.GreetingPage]):
    share = 0.7

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self._heading, self._notice, self._offer = Heading(), Notice(), OfferBox()
        self._notice_place, self._offer_place = Maybe(self._notice), Maybe(self._offer)
        groups = Column(spacing=dp(GAP))
        self._groups: Pool[GroupBox, pages.Group] = Pool(groups, GroupBox, GroupBox.present)
        self._browse = Buttons(most=1, letters=look.large, height=look.button(120, 92))
        self.told.add_widget(self._heading)
        self.told.add_widget(self._notice_place)
        self.content.add_widget(self._offer_place)
        self.content.add_widget(groups)
        self.hands.add_widget(self._browse)
        self.stand()

    def present(self, page: pages.GreetingPage, *, entered: bool) -> None:
        self._heading.title = page.title
        self._notice.title, self._notice.body = "", "\n".join(page.notes)
        self._notice_place.stay(bool(page.notes))
        if page.offer is not None:
            self._offer.present(page.offer)
        self._offer_place.stay(page.offer is not None)
        self._groups.show(page.groups)
        self._browse.present((page.browse,))
        if entered:
            self.scroll.to_top()


class Typed(Card):
    """What was typed, or what could be."""

    words = StringProperty("")
    hint = StringProperty("")


class SearchPage(Arranged[pages.SearchPage]):
    across = Across.SIDES
    share = 0.46

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self._heading, self._typed = Heading(), Typed()
        self._nothing = Phrase(wanted=look.body, color=look.soft_ink)
        self._rows = Rows()
        self._rows.cols = 1
        self._keys = Keys(letters=look.large)
        self.told.add_widget(self._heading)
        self.told.add_widget(self._typed)
        self.content.add_widget(self._nothing)
        self.content.add_widget(self._rows)
        self.hands.add_widget(self._keys)
        self.stand()

    def present(self, page: pages.SearchPage, *, entered: bool) -> None:
        self._heading.title = page.title
        if self._typed.words != page.text.upper() or entered:
            self.scroll.to_top()
        self._typed.words, self._typed.hint = page.text.upper(), page.hint
        self._nothing.words, self._nothing.absent = page.nothing, bool(page.rows)
        self._rows.present(page.rows)
        self._keys.present(page.keys)


class WayBox(Card):
    title = StringProperty("")
    how = StringProperty("")

    def present(self, way: tuple[str, str]) -> None:
        self.title, self.how = way


class PresentingPage(Arranged[pages.PresentingPage]):
    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self._heading, self._notice = Heading(), Notice()
        self._notice_place = Maybe(self._notice)
        ways = BoxLayout(
            orientation="vertical" if look.portrait else "horizontal", size_hint_y=None, spacing=dp(GAP)
        )  # the one beside the other where there is the width
        ways.bind(minimum_height=ways.setter("height"))
        self._ways: Pool[WayBox, tuple[str, str]] = Pool(ways, WayBox, WayBox.present)
        self._without = Buttons(most=1, letters=look.large, height=look.button(150, 110))
        self.told.add_widget(self._heading)
        self.told.add_widget(ways)
        (self.hands if look.comfort.low else self.told).add_widget(self._notice_place)
        self.hands.add_widget(self._without)
        self.stand(listed=False)

    def present(self, page: pages.PresentingPage, *, entered: bool) -> None:
        self._heading.title = page.title
        self._ways.show(page.ways)
        self._notice.title = page.told
        self._notice_place.stay(bool(page.told))
        self._without.present((page.without,))


class AboutPage(Arranged[pages.AboutPage]):
    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self._heading, self._parts = Heading(), Parts()
        self.told.add_widget(self._heading)
        self.content.add_widget(self._parts)
        self.stand()

    def present(self, page: pages.AboutPage, *, entered: bool) -> None:
        self._heading.title, self._heading.hint = page.title, page.second
        self._parts.present(page.parts)
        if entered:
            self.scroll.to_top()


Builder.load_file(str(Path(__file__).with_name("choosing.kv")))
