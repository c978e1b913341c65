"""Around every page: the hall and the time above, the steps of the way, the ways back and of drawing below."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import TypeAlias, assert_never

from kivy.clock import Clock
from kivy.core.window import Window
from kivy.input.motionevent import MotionEvent
from kivy.lang import Builder
from kivy.metrics import dp
from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.anchorlayout import AnchorLayout
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.image import Image
from kivy.uix.widget import Widget

from kiosk import pages
from kiosk.screens.arranged import Arranged
from kiosk.screens.choosing import (
    AboutPage,
    ClassesPage,
    GreetingPage,
    PresentingPage,
    QueuesPage,
    SearchPage,
    ServicesPage,
)
from kiosk.screens.look import look
from kiosk.screens.outcome import MessagePage, SlipPage
from kiosk.screens.parts import Knob, Pool, Target
from kiosk.screens.reading import ReadingPage
from kiosk.screens.servicing import PinPage, ServicePage
from kiosk.screens.sheets import Sheet
from kiosk.screens.voice import Voice
from kiosk.session import Comfort, Input, Stay

FAINT = 0.001
REHEARSAL = 8
"""Frames in which all that is drawn unseen finds its place."""
KNOCKS, KNOCKING = 5, 3.0
"""So many touches on the hall's name within so many seconds are a technician's."""
TIDY_AFTER = 5.0
"""Seconds without a touch after which frames that were let go are cleared away: 0.2 s in which no touch is seen."""

Page: TypeAlias = Arranged[pages.Page]


class StepMark(Sheet):
    words = StringProperty("")
    now = BooleanProperty(False)
    passed = BooleanProperty(False)


class Logo(Image):
    """The hall's own sign, if it has one."""

    def __init__(self, **properties: object) -> None:
        source = look.appearance.logo
        super().__init__(
            source=str(source) if source else "", size_hint_x=None, fit_mode="contain", mipmap=True, **properties
        )  # as high as the bar, as wide as it wants
        self.width = 0 if source is None else dp(100)


class Veil(AnchorLayout):
    """Over everything: is the resident still there? A touch anywhere but on "leave" says yes."""

    title = StringProperty("")
    advice = StringProperty("")

    def present(self, still_there: pages.StillThere) -> None:
        self.title, self.advice = still_there.title, still_there.advice
        self.ids.stay.present(still_there.stay)
        self.ids.leave.present(still_there.leave)

    def on_touch_down(self, touch: MotionEvent) -> bool:
        super().on_touch_down(touch)
        return True

    def on_touch_up(self, touch: MotionEvent) -> bool:
        if not super().on_touch_up(touch):
            Target.happen(Stay())
        return True


class Nameplate(BoxLayout):
    """The hall's name, or what the card reader says. Whoever knocks on it often enough asks for the service page."""

    hall = StringProperty("")
    second = StringProperty("")
    greeting = StringProperty("")
    told = StringProperty("")
    asks: Input | None = None

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self._knocks: list[float] = []

    def on_touch_down(self, touch: MotionEvent) -> bool:
        if self.collide_point(*touch.pos):
            now = time.monotonic()
            self._knocks = [*(at for at in self._knocks if now - at < KNOCKING), now]
            if len(self._knocks) >= KNOCKS and self.asks is not None:
                self._knocks = []
                Target.happen(self.asks)
        return bool(super().on_touch_down(touch))


class Frame(BoxLayout):
    time = StringProperty("")
    date = StringProperty("")
    help = StringProperty("")
    has_steps = BooleanProperty(False)

    def __init__(self, **properties: object) -> None:
        super().__init__(**properties)
        self._pages: dict[type[pages.Page], Page] = {}
        bar = {"letters": look.body, "padding": (dp(8), dp(4))}
        self._ways: Pool[Knob, pages.Button] = Pool(self.ids.ways, lambda: Knob(**bar), Knob.present)
        self._modes: Pool[Knob, pages.Button] = Pool(self.ids.modes, lambda: Knob(**bar), Knob.present)
        self._steps: Pool[StepMark, tuple[str, bool, bool]] = Pool(self.ids.steps, StepMark, _mark)

    def present(self, view: pages.View, *, entered: bool) -> None:
        """Show `view`; `entered` when it is a screen just come to, not the same one told anew."""
        header, plate = view.header, self.ids.plate
        self.time, self.date, self.help = header.time, header.date, view.help
        plate.hall, plate.second, plate.greeting = header.hall, header.hall_second, view.greeting
        plate.told = view.told
        plate.asks = header.ask_service
        self._ways.show(tuple(button for button in (view.back, view.home) if button is not None))
        self._modes.show((*view.comforts, *header.languages))
        if not look.portrait:  # all in one row, each as wide as the next
            for place in (self.ids.ways, self.ids.modes):
                place.size_hint_x = len(place.children) or None
                place.width = 0
        self._mark(view.steps)
        page = self.filled(view, entered=entered)
        if page.parent is not self.ids.place:
            if page.parent is not None:  # it is being rehearsed
                page.parent.remove_widget(page)
            self.ids.place.clear_widgets()
            self.ids.place.add_widget(page)

    def filled(self, view: pages.View, *, entered: bool) -> Page:
        """The page of `view`, saying what it is to say."""
        page = self._pages.get(type(view.page))
        if page is None:
            page = self._pages[type(view.page)] = _new(view.page)
        page.scroll.up, page.scroll.down = view.up, view.down
        page.present(view.page, entered=entered)
        return page

    def _mark(self, steps: pages.Steps | None) -> None:
        self.has_steps = steps is not None and not look.comfort.large and not look.comfort.low
        if steps is not None and self.has_steps:
            names = enumerate(steps.names)
            self._steps.show(tuple((f"{n + 1} {name}", n == steps.current, n < steps.current) for n, name in names))


def _mark(mark: StepMark, told: tuple[str, bool, bool]) -> None:
    mark.words, mark.now, mark.passed = told


def _new(page: pages.Page) -> Page:
    match page:
        case pages.QueuesPage():
            return QueuesPage()
        case pages.PresentingPage():
            return PresentingPage()
        case pages.GreetingPage():
            return GreetingPage()
        case pages.SearchPage():
            return SearchPage()
        case pages.AboutPage():
            return AboutPage()
        case pages.ServicesPage():
            return ServicesPage()
        case pages.ReadingPage():
            return ReadingPage()
        case pages.ClassesPage():
            return ClassesPage()
        case pages.SlipPage():
            return SlipPage()
        case pages.MessagePage():
            return MessagePage()
        case pages.PinPage():
            return PinPage()
        case pages.ServicePage():
            return ServicePage()
        case _:
            assert_never(page)


def _made() -> tuple[Frame, Veil]:
    """For the look of now."""
    return Frame(), Veil()


class Faint(BoxLayout):
    """Seen by nobody, touched by nobody. (A disabled widget would keep touches from what lies below it.)"""

    def on_touch_down(self, _: MotionEvent) -> bool:
        return False


class Root(FloatLayout):
    """The frame, and the veil over it while the kiosk asks whether anybody is there.

    Another comfort is another frame with other pages. The usual one is kept, the others are let go. Those drawn unseen
    beforehand are there at a touch, each once: what a resident did with one is not kept.
    """

    def __init__(self, happen: Callable[[Input], None], **properties: object) -> None:
        super().__init__(**properties)
        Target.happen = staticmethod(happen)
        gc.freeze()  # so that tidying up looks through what screens are made of, not through all of the program
        self._voice = Voice(look.appearance.voice)
        self._interjected = ""
        self._comfort, self._usual = look.comfort, _made()
        self._ready: dict[Comfort, tuple[Frame, Veil]] = {}
        self._tidy = Clock.create_trigger(lambda _: gc.collect(), TIDY_AFTER)
        self._draw()

    def _draw(self) -> None:
        Window.clearcolor = look.paper
        self.clear_widgets()
        ready = self._usual if look.comfort == self._comfort else self._ready.pop(look.comfort, None)
        self.frame, self.veil = ready or _made()
        self._shown = look.comfort
        self.add_widget(self.frame)

    def present(self, view: pages.View, *, entered: bool) -> None:
        self._rehearse_no_more()  # its page may be the one to be seen now
        if view.comfort != look.comfort:
            look.use(view.comfort)
            self._draw()
            self._tidy()
        self._say(view, entered=entered)
        self.frame.present(view, entered=entered)
        if view.still_there is None:
            self.remove_widget(self.veil)
            return
        self.veil.present(view.still_there)
        if self.veil.parent is None:
            self.add_widget(self.veil)

    def _say(self, view: pages.View, *, entered: bool) -> None:
        before, self._interjected = self._interjected, view.interjection
        if view.interjection and view.interjection != before:
            self._voice.say(view.language, view.interjection)
        elif entered:
            self._voice.say(view.language, view.prompt)

    def is_ready(self, comfort: Comfort) -> bool:
        """Whether the frame of this comfort need not be built."""
        return comfort in (self._shown, self._comfort, *self._ready)

    def rehearse(self, view: pages.View) -> None:
        """Draw `view` for a few frames, too faint to be seen, so that it is there at once when it is wanted.

        In the comfort shown now that is its page, in another the whole frame. One at a time.
        """
        if view.comfort != self._shown:
            self._rehearse_comfort(view)
            return
        page = self.frame.filled(view, entered=True)
        if page.parent is None:
            self._draw_faintly(page)

    def _rehearse_comfort(self, view: pages.View) -> None:
        look.use(view.comfort)  # until it has found its place: its rules read it all that time
        frame, veil = _made()
        frame.present(view, entered=True)

        def keep() -> None:
            self._ready[view.comfort] = frame, veil

        self._draw_faintly(frame, keep)

    def _draw_faintly(self, widget: Widget, then: Callable[[], None] = lambda: None) -> None:
        """`then` is called if nothing came between."""
        faint = Faint(size=self.size, opacity=FAINT)
        faint.add_widget(widget)
        self.add_widget(faint)

        frames = count(1)

        def over(_: float) -> bool:
            if faint.parent is None:
                return False
            if next(frames) < REHEARSAL:
                return True
            self._dismiss(faint)
            then()
            return False

        Clock.schedule_interval(over, 0)

    @property
    def rehearsing(self) -> bool:
        return any(isinstance(child, Faint) for child in self.children)

    def _rehearse_no_more(self) -> None:
        for child in self.children[:]:
            if isinstance(child, Faint):
                self._dismiss(child)

    def _dismiss(self, faint: Faint) -> None:
        faint.clear_widgets()  # the page is to be free for its own screen
        self.remove_widget(faint)
        if look.comfort != self._shown:
            look.use(self._shown)

    def on_touch_down(self, touch: MotionEvent) -> bool:
        self._rehearse_no_more()  # what is touched is to look as its own comfort wants
        if self._tidy.is_triggered:
            self._tidy.cancel()
            self._tidy()
        if self.veil.parent is None:
            Target.happen(Stay())
        return bool(super().on_touch_down(touch))


Builder.load_file(str(Path(__file__).with_name("frame.kv")))
