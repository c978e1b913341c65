"""What to bring, how long it may take, and the button that takes a number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kivy.factory import Factory
from kivy.lang import Builder
from kivy.metrics import dp
from kivy.properties import NumericProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from kiosk import views
from kiosk.flow import Confirm, Input
from kiosk.screens import look
from kiosk.screens.parts import FigureBox, Notice, Phrase


class NumberedLine(BoxLayout):
    number = StringProperty("")
    words = StringProperty("")
    letters = NumericProperty(look.LARGE)
    most = NumericProperty(0)


class PartBox(BoxLayout):
    pass


class ReadingPage(BoxLayout):
    name = StringProperty("")
    second = StringProperty("")
    up = StringProperty("")
    down = StringProperty("")

    def __init__(self, happen: Callable[[Input], None], **properties: object) -> None:
        super().__init__(**properties)
        self._parts: tuple[views.Part, ...] = ()
        self._text = BoxLayout(orientation="vertical", size_hint_y=None, spacing=dp(26), padding=(0, 0, dp(30), dp(8)))
        self._text.bind(minimum_height=self._text.setter("height"))
        self.ids.scroll.hold(self._text)
        self._confirm = Factory.Chief(tag="confirm", letters=look.HUGE, size_hint_y=None, height=dp(200))
        self._confirm.bind(on_release=lambda _: happen(Confirm()))
        self._notice = Notice()

    def present(self, page: views.ReadingPage, *, entered: bool) -> None:
        self.name, self.second = page.name, page.second
        if page.parts != self._parts:
            self._parts = page.parts
            self._text.clear_widgets()
            for part in page.parts:
                self._text.add_widget(_part(part, first=part is page.parts[0]))
        show_figures(self.ids.figures, page.figures, upright=look.PORTRAIT)
        self._confirm.words, self._confirm.small = page.confirm, page.confirm_hint
        if page.notice is not None:
            self._notice.title, self._notice.body = page.notice.title, "\n".join(page.notice.lines)
        self._offer(self._confirm if page.notice is None else self._notice)
        if entered:
            self.ids.scroll.to_top()

    def _offer(self, widget: Widget) -> None:
        place = self.ids.confirm_place
        if widget not in place.children:
            place.clear_widgets()
            place.add_widget(widget)


def show_figures(place: BoxLayout, figures: tuple[views.Figure, ...], *, upright: bool) -> None:
    """Keep the boxes of `place` saying `figures`."""
    if len(place.children) != len(figures):
        place.clear_widgets()
        for _ in figures:
            place.add_widget(FigureBox(upright=upright))
    for box, figure in zip(reversed(place.children), figures, strict=True):
        box.name, box.value, box.known = figure.name, figure.value, figure.known


def _part(part: views.Part, *, first: bool) -> PartBox:
    box = PartBox()
    box.add_widget(Phrase(words=part.heading, wanted=look.LARGE if first else look.BODY, bold=True, color=look.BLUE))
    for number, line in enumerate(part.lines, 1):
        if part.numbered:
            box.add_widget(NumberedLine(number=str(number), words=line))
        else:
            ink = look.INK if first else look.SOFT_INK
            box.add_widget(Phrase(words=line, wanted=look.LARGE if first else look.BODY, color=ink))
    return box


Builder.load_file(str(Path(__file__).with_name("reading.kv")))
