"""The kiosk's window: the session as it stands, shown, and what residents do, passed on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from kivy.app import App
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.graphics.opengl import glFinish

from kiosk import flow, views
from kiosk.flow import HandedOut, Input, Session, TakeTicket, step
from kiosk.screens import look
from kiosk.screens.frame import Root
from kiosk.station import Station
from kiosk.window import has_display
from queue_server.journal.replica import clock

TICK = 0.25
REHEARSE_AFTER = 0.5


class KioskApp(App):
    """Runs in the main thread. `post` may be called from any other."""

    title = "bianmin kiosk"

    def __init__(self, *, patience: flow.Patience = flow.PATIENCE) -> None:
        super().__init__()
        self._patience = patience
        self._session = Session()
        self._shown: views.View | None = None

    def show(self, station: Station, *, opened: Callable[[Root], None] = lambda _: None) -> None:
        """Open the window and stay until it is closed. `opened` is called once the first screen stands."""
        self._station, self._opened = station, opened
        self.run()

    def build(self) -> Root:
        Window.clearcolor = look.PAPER
        if not has_display():  # nobody waits for an offscreen frame, and unfinished ones keep 100 MB of old pictures
            Window.bind(on_flip=lambda _: glFinish())
        self._around = self._station.around(clock())
        self.root = Root(self.happen)
        self._present(entered=True)
        Clock.schedule_interval(self._tick, TICK)
        Clock.schedule_once(lambda _: self._rehearse(), REHEARSE_AFTER)
        return self.root

    def on_start(self) -> None:
        self._opened(self.root)

    def open_settings(self, *_: object) -> bool:
        """Kivy's own settings page is none of a resident's business."""
        return False

    def post(self, happened: Input) -> None:
        """Something happened in another thread."""
        Clock.schedule_once(lambda _: self.happen(happened))

    def leave(self) -> None:
        """Close the window, from any thread or a signal."""
        Clock.schedule_once(lambda _: self.stop())

    def happen(self, happened: Input) -> None:
        session, effects = step(self._session, happened, self._around, time.monotonic(), self._patience)
        for effect in effects:
            match effect:
                case TakeTicket():
                    self._station.take(effect)
                case _:
                    assert_never(effect)
        entered = session.entered_at != self._session.entered_at
        self._session = session
        self._present(entered=entered)

    def _tick(self, _: float) -> None:
        self._around = self._station.around(clock())
        self.happen(flow.Tick())

    def _rehearse(self) -> None:
        """Draw the other pages once, unseen, so that no resident waits for them to be built (0.3 s in software)."""
        queue = self._around.configuration.queues[0].code
        ticket = HandedOut(
            ticket="", label="A000", queue=queue, service=None, at=0, ahead=0, wait=(1, 2), windows=("1",)
        )
        for screen in (
            flow.ChoosingService(queue=queue), flow.Reading(queue=queue, service=None),
            flow.Apologising(why=flow.Failure.SLOW, order=0), flow.Showing(ticket=ticket),
        ):  # fmt: skip
            session = replace(self._session, screen=screen, touched_at=time.monotonic())
            self.root.rehearse(self._view(session))

    def _view(self, session: Session) -> views.View:
        return views.view(
            session, self._around, self._station.languages, now=clock(), at=time.monotonic(), patience=self._patience
        )

    def _present(self, *, entered: bool) -> None:
        view = self._view(self._session)
        if view != self._shown:
            self._shown = view
            self.root.present(view, entered=entered)
