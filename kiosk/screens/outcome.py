"""How it ends: waiting for the printer, the ticket, or an apology with a way on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kivy.lang import Builder
from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk import views
from kiosk.flow import Home, Input
from kiosk.screens import look
from kiosk.screens.reading import NumberedLine, show_figures


class MessagePage(BoxLayout):
    title = StringProperty("")
    first = StringProperty("")
    then = StringProperty("")
    done = StringProperty("")
    sorry = BooleanProperty(False)

    def __init__(self, happen: Callable[[Input], None], **properties: object) -> None:
        super().__init__(**properties)
        self._happen = happen

    def present(self, page: views.MessagePage, *, entered: bool) -> None:
        self.title, self.sorry, self.done = page.title, page.sorry, page.done
        self.first, self.then = page.lines[0], "\n".join(page.lines[1:])

    def leave(self) -> None:
        self._happen(Home())


class TicketPage(BoxLayout):
    title = StringProperty("")
    caption = StringProperty("")
    label = StringProperty("")
    what = StringProperty("")
    done = StringProperty("")
    closes = StringProperty("")

    def __init__(self, happen: Callable[[Input], None], **properties: object) -> None:
        super().__init__(**properties)
        self._happen = happen
        self._lines: tuple[str, ...] = ()

    def present(self, page: views.TicketPage, *, entered: bool) -> None:
        self.title, self.caption, self.label, self.what = page.title, page.caption, page.label, page.what
        self.done, self.closes = page.done, page.closes
        show_figures(self.ids.figures, page.figures, upright=True)
        if page.lines != self._lines:
            self._lines = page.lines
            self.ids.lines.clear_widgets()
            for number, line in enumerate(page.lines, 1):
                self.ids.lines.add_widget(NumberedLine(number=str(number), words=line, letters=look.LARGE, most=2))

    def leave(self) -> None:
        self._happen(Home())


Builder.load_file(str(Path(__file__).with_name("outcome.kv")))
