"""The kiosk's window: the session as it stands, shown, and what residents do, passed on."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from kivy.app import App
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.graphics.opengl import glFinish

from kiosk import flow, pages, views
from kiosk import session as s
from kiosk.papers import HeldTicket
from kiosk.patience import PATIENCE, Patience
from kiosk.screens.frame import Root
from kiosk.session import Input, Screen, Session
from kiosk.station import Station
from kiosk.window import has_display, prepared
from queue_server.domain.life import State

TICK = 0.25
REHEARSE_EVERY = 0.3
QUIET = 1.0
"""Seconds without a touch after which nobody is disturbed by a page being built."""


class KioskApp(App):
    """Runs in the main thread. `post` and `leave` may be called from any other."""

    title = "bianmin kiosk"

    def __init__(self, *, patience: Patience = PATIENCE, alive: Callable[[], None] = lambda: None) -> None:
        """`alive` is called as long as the screen is."""
        super().__init__()
        self._patience, self._alive = patience, alive
        usual = prepared().appearance.usual
        self._session = Session(comfort=usual, usual=usual)
        self._shown: pages.View | None = None
        self.status = 0
        """What the program is to end with."""

    def show(self, station: Station, *, opened: Callable[[Root], None] = lambda _: None) -> None:
        """Open the window and stay until it is closed. `opened` is called once the first screen stands."""
        self._station, self._opened = station, opened
        self.run()

    def build(self) -> Root:
        if not has_display():  # nobody waits for an offscreen frame, and unfinished ones keep 100 MB of old pictures
            Window.bind(on_flip=lambda _: glFinish())
        self._around = self._station.around(self._station.now())
        self.root = Root(self.happen)
        self._present(entered=True)
        Clock.schedule_interval(self._tick, TICK)
        self._unseen = self._others()
        self._all_seen = False
        Clock.schedule_interval(self._rehearse, REHEARSE_EVERY)
        return self.root

    def on_start(self) -> None:
        self._opened(self.root)

    def open_settings(self, *_: object) -> bool:
        """Kivy's own settings page is none of a resident's business."""
        return False

    def post(self, happened: Input) -> None:
        """Something happened in another thread."""
        Clock.schedule_once(lambda _: self.happen(happened))

    def leave(self, status: int = 0) -> None:
        """Close the window, from any thread or a signal."""
        self.status = status
        Clock.schedule_once(lambda _: self.stop())

    def happen(self, happened: Input) -> None:
        session, effects = flow.step(self._session, happened, self._around, time.monotonic(), self._patience)
        for effect in effects:
            self._station.do(effect)
        entered = session.entered_at != self._session.entered_at
        self._session = session
        self._station.attend(papers=flow.open_to_papers(session), service=isinstance(session.screen, s.Servicing))
        self._present(entered=entered)

    def _tick(self, _: float) -> None:
        self._alive()
        self._around = self._station.around(self._station.now())
        self.happen(s.Tick())

    def _rehearse(self, _: float) -> None:
        """Draw what is not on the screen, unseen, so that no resident waits for it to be built (0.3 s in software).

        One thing at a time, while nobody touches the screen: each other page once, then the first screen in each other
        comfort, again after somebody has used it.
        """
        now = replace(self._session, touched_at=time.monotonic())
        usual = isinstance(now.screen, s.ChoosingQueue) and now.comfort == now.usual
        if not usual or now.touched_at - self._session.touched_at < QUIET or self.root.rehearsing:
            return
        if self._all_seen:
            comfort = next((other for other in now.comfort.turned().values() if not self.root.is_ready(other)), None)
            if comfort is not None:
                self.root.rehearse(self._view(replace(now, comfort=comfort)))
            return
        screen = next(self._unseen, None)
        if screen is not None:
            self.root.rehearse(self._view(replace(now, screen=screen)))
            return
        self._all_seen = True
        gc.collect()
        gc.freeze()  # these pages stay: looking for garbage among them would only take time

    def _others(self) -> Iterator[Screen]:
        """One screen of each page that a resident can come to."""
        queue = self._around.configuration.queues[0].code
        held = HeldTicket(ticket="", label="A000", queue=queue, service=None, state=State.WAITING, ahead=0)
        yield s.ChoosingService(queue=queue)
        yield s.Reading(queue=queue, service=None)
        yield s.Presenting()
        yield s.Greeting()
        yield s.Searching(text="s")  # with rows in it
        yield s.AboutHall()
        yield s.ChoosingClass()
        yield s.Apologising(why=s.Failure.SLOW, order=0)
        yield s.AskingAfter(ticket=held)

    def _view(self, session: Session) -> pages.View:
        return views.view(
            session,
            self._around,
            self._station.languages,
            now=self._station.now(),
            at=time.monotonic(),
            patience=self._patience,
        )

    def _present(self, *, entered: bool) -> None:
        view = self._view(self._session)
        if view != self._shown:
            self._shown = view
            self.root.present(view, entered=entered)
