"""Around every page: the hall and the time above, the steps of the way, the way back below."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, assert_never

from kivy.clock import Clock
from kivy.input.motionevent import MotionEvent
from kivy.lang import Builder
from kivy.metrics import dp
from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.anchorlayout import AnchorLayout
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout

from kiosk import views
from kiosk.flow import Back, Home, Input, Speak, Stay
from kiosk.screens import look
from kiosk.screens.choosing import QueuesPage, ServicesPage
from kiosk.screens.outcome import MessagePage, TicketPage
from kiosk.screens.parts import Knob
from kiosk.screens.reading import ReadingPage
from kiosk.screens.sheets import Sheet

FAINT = 0.001

Page: TypeAlias = QueuesPage | ServicesPage | ReadingPage | MessagePage | TicketPage


class StepMark(Sheet):
    words = StringProperty("")
    now = BooleanProperty(False)
    passed = BooleanProperty(False)


class Veil(AnchorLayout):
    """Over everything: is the resident still there? A touch anywhere but on "leave" says yes."""

    title = StringProperty("")
    advice = StringProperty("")
    stay = StringProperty("")
    leave = StringProperty("")

    def __init__(self, happen: Callable[[Input], None], **properties: object) -> None:
        super().__init__(**properties)
        self._happen = happen

    def present(self, still_there: views.StillThere) -> None:
        self.title, self.advice = still_there.title, still_there.advice
        self.stay, self.leave = still_there.stay, still_there.leave

    def on_touch_down(self, touch: MotionEvent) -> bool:
        super().on_touch_down(touch)
        return True

    def on_touch_up(self, touch: MotionEvent) -> bool:
        if not super().on_touch_up(touch):
            self.stayed()
        return True

    def stayed(self) -> None:
        self._happen(Stay())

    def left(self) -> None:
        self._happen(Home())


class Frame(BoxLayout):
    hall = StringProperty("")
    hall_second = StringProperty("")
    time = StringProperty("")
    date = StringProperty("")
    back = StringProperty("")
    home = StringProperty("")
    help = StringProperty("")

    def __init__(self, happen: Callable[[Input], None], **properties: object) -> None:
        super().__init__(**properties)
        self._happen = happen
        self._pages: dict[type[views.Page], Page] = {}
        self._languages: tuple[tuple[str, str], ...] = ()

    def present(self, view: views.View, *, entered: bool) -> None:
        """Show `view`; `entered` when it is a screen just come to, not the same one told anew."""
        header = view.header
        self.hall, self.hall_second, self.time, self.date = header.hall, header.hall_second, header.time, header.date
        self.back, self.home, self.help = view.back, view.home, view.help
        if header.languages != self._languages:
            self._offer(header.languages)
        self._mark(view.steps)
        page = self.filled(view, entered=entered)
        if page.parent is not self.ids.place:
            self.ids.place.clear_widgets()
            self.ids.place.add_widget(page)

    def filled(self, view: views.View, *, entered: bool) -> Page:
        """The page of `view`, saying what it is to say."""
        page = self._page(view.page)
        if isinstance(page, QueuesPage | ServicesPage | ReadingPage):
            page.up, page.down = view.up, view.down
        page.present(view.page, entered=entered)  # type: ignore[arg-type]
        return page

    def _page(self, page: views.Page) -> Page:
        found = self._pages.get(type(page))
        if found is None:
            found = self._pages[type(page)] = self._new(page)
        return found

    def _new(self, page: views.Page) -> Page:
        match page:
            case views.QueuesPage():
                return QueuesPage(self._happen)
            case views.ServicesPage():
                return ServicesPage(self._happen)
            case views.ReadingPage():
                return ReadingPage(self._happen)
            case views.MessagePage():
                return MessagePage(self._happen)
            case views.TicketPage():
                return TicketPage(self._happen)
            case _:
                assert_never(page)

    def _offer(self, languages: tuple[tuple[str, str], ...]) -> None:
        self._languages = languages
        place = self.ids.languages
        place.clear_widgets()
        for code, name in languages:
            knob = Knob(
                tag=f"language:{code}", words=name, letters=look.BODY, size_hint_x=None, width=dp(176),
                fill=look.BLUE, pressed_fill=look.DEEP_BLUE, edge=look.ON_BLUE, ink=look.ON_BLUE,
            )  # fmt: skip
            knob.bind(on_release=lambda _, code=code: self._happen(Speak(language=code)))
            place.add_widget(knob)

    def _mark(self, steps: views.Steps) -> None:
        place = self.ids.steps
        if len(place.children) != len(steps.names):
            place.clear_widgets()
            for _ in steps.names:
                place.add_widget(StepMark())
        for index, (mark, name) in enumerate(zip(reversed(place.children), steps.names, strict=True)):
            mark.words = f"{index + 1} {name}"
            mark.now, mark.passed = index == steps.current, index < steps.current

    def went_back(self) -> None:
        self._happen(Back())

    def went_home(self) -> None:
        self._happen(Home())


class Root(FloatLayout):
    """The frame, and the veil over it while the kiosk asks whether anybody is there."""

    def __init__(self, happen: Callable[[Input], None], **properties: object) -> None:
        super().__init__(**properties)
        self._happen = happen
        self.frame = Frame(happen)
        self.veil = Veil(happen)
        self.add_widget(self.frame)

    def present(self, view: views.View, *, entered: bool) -> None:
        self.frame.present(view, entered=entered)
        if view.still_there is None:
            self.remove_widget(self.veil)
            return
        self.veil.present(view.still_there)
        if self.veil.parent is None:
            self.add_widget(self.veil)

    def rehearse(self, view: views.View) -> None:
        """Draw the page of `view` for one frame, too faint to be seen."""
        page = self.frame.filled(view, entered=True)
        if page.parent is not None:
            return
        faint = BoxLayout(size=self.size, opacity=FAINT, disabled=True)
        faint.add_widget(page)
        self.add_widget(faint)
        Clock.schedule_once(lambda _: self._dismiss(faint), 0.1)

    def _dismiss(self, faint: BoxLayout) -> None:
        faint.clear_widgets()
        self.remove_widget(faint)

    def on_touch_down(self, touch: MotionEvent) -> bool:
        if self.veil.parent is None:
            self._happen(Stay())
        return bool(super().on_touch_down(touch))


Builder.load_file(str(Path(__file__).with_name("frame.kv")))
