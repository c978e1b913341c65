"""Choosing: a queue on the first screen, then a service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kivy.lang import Builder
from kivy.metrics import dp
from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk import views
from kiosk.flow import ChooseQueue, ChooseService, Input
from kiosk.screens import look
from kiosk.screens.parts import Spread, Target

GAP = 20
TALLEST_TILE = 290
TALLEST_ROW = 176


class QueueTile(Target):
    letter = StringProperty("")
    name = StringProperty("")
    second = StringProperty("")
    waiting = StringProperty("")
    wait = StringProperty("")

    def present(self, tile: views.QueueTile) -> None:
        self.letter, self.name, self.second = tile.letter, tile.name, tile.second
        self.waiting, self.wait = tile.waiting, tile.wait


class QueuesPage(BoxLayout):
    title = StringProperty("")
    hint = StringProperty("")
    has_notice = BooleanProperty(False)
    notice_title = StringProperty("")
    notice_body = StringProperty("")
    up = StringProperty("")
    down = StringProperty("")

    def __init__(self, happen: Callable[[Input], None], **properties: object) -> None:
        super().__init__(**properties)
        self._happen = happen
        self._tiles: dict[str, QueueTile] = {}
        self._grid = Spread(cols=1, spacing=dp(GAP), padding=dp(2), tallest=dp(TALLEST_TILE))
        self.ids.scroll.bind(height=self._grid.setter("place"))
        self.ids.scroll.hold(self._grid)

    def present(self, page: views.QueuesPage, *, entered: bool) -> None:
        self.title, self.hint = page.title, page.hint
        self.has_notice = page.notice is not None
        if page.notice is not None:
            self.notice_title = page.notice.title
            self.notice_body = ("\n" if look.PORTRAIT else " ").join(page.notice.lines)
        if list(self._tiles) != [tile.code for tile in page.tiles]:
            self._lay_out(page.tiles)
        for tile in page.tiles:
            self._tiles[tile.code].present(tile)
        if entered:
            self.ids.scroll.to_top()

    def _lay_out(self, tiles: tuple[views.QueueTile, ...]) -> None:
        self._grid.clear_widgets()
        self._tiles = {}
        self._grid.cols = _columns(len(tiles))
        for tile in tiles:
            widget = QueueTile(tag=f"queue:{tile.code}")
            widget.bind(on_release=lambda _, code=tile.code: self._happen(ChooseQueue(queue=code)))
            self._tiles[tile.code] = widget
            self._grid.add_widget(widget)


def _columns(tiles: int) -> int:
    if look.PORTRAIT:
        return 1 if tiles <= 5 else 2
    return 2 if tiles <= 4 else 3 if tiles <= 6 else 4


class ServiceRow(Target):
    name = StringProperty("")
    second = StringProperty("")
    note = StringProperty("")


class ServicesPage(BoxLayout):
    title = StringProperty("")
    queue = StringProperty("")
    letter = StringProperty("")
    up = StringProperty("")
    down = StringProperty("")

    def __init__(self, happen: Callable[[Input], None], **properties: object) -> None:
        super().__init__(**properties)
        self._happen = happen
        self._rows: tuple[views.ServiceRow, ...] = ()
        self._grid = Spread(cols=look.pick(1, 2), spacing=dp(GAP), padding=dp(2), tallest=dp(TALLEST_ROW))
        self.ids.scroll.bind(height=self._grid.setter("place"), overflows=self._leave_room)
        self.ids.scroll.hold(self._grid)

    def present(self, page: views.ServicesPage, *, entered: bool) -> None:
        self.title, self.queue, self.letter = page.title, page.queue, page.letter
        if page.rows != self._rows:
            self._rows = page.rows
            self._grid.clear_widgets()
            for row in page.rows:
                self._grid.add_widget(self._row(row))
        if entered:
            self.ids.scroll.to_top()

    def _leave_room(self, _: object, overflows: bool) -> None:
        """For the bar beside what overflows."""
        self._grid.padding = (dp(2), dp(2), dp(26 if overflows else 2), dp(2))

    def _row(self, row: views.ServiceRow) -> ServiceRow:
        widget = ServiceRow(tag=f"service:{row.code or ''}", name=row.name, second=row.second, note=row.note)
        widget.bind(on_release=lambda _: self._happen(ChooseService(service=row.code)))
        return widget


Builder.load_file(str(Path(__file__).with_name("choosing.kv")))
