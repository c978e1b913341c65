"""The call pad of one window: presses go to the hall one at a time, and what comes of them to its display."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import gevent

from devices.call_pad.driver import CallPad
from devices.call_pad.protocol import Press
from display.board import STALE_AFTER
from display.call_pads import Note, Order, PadTexts, Showing, ordered, shown
from display.orders import Orders
from display.watch import Watch
from queue_server.journal.ids import uuid7

SAME_PRESS = 1.0
"""Seconds after a press was answered in which the same press again is its echo."""
NOTE_SECONDS = 3.0

log = logging.getLogger("bianmin.display")


class WindowPad:
    """`pad` is what its line carries. Call `show` whenever the hall has changed, and now and then."""

    def __init__(
        self, window: str, watch: Watch, orders: Orders, texts: PadTexts, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._window, self._watch, self._orders, self._texts, self._clock = window, watch, orders, texts, clock
        self._busy = False
        self._last: tuple[Press, float] | None = None
        self._note: tuple[str, float] | None = None
        self.pad = CallPad(self._pressed)

    def show(self) -> None:
        """Bring the display up to date."""
        if self._note is not None and self._clock() < self._note[1]:
            self.pad.show(self._note[0])
        elif self._watch.now() - self._watch.heard_at > STALE_AFTER:
            self.pad.show(self._texts.showing[Showing.UNKNOWN])
        else:
            self.pad.show(shown(self._watch.replica.hall, self._window, self._texts))

    def _pressed(self, press: Press) -> None:
        """In the greenlet of the line, which carries other pads too: so the sending is left to another."""
        if self._busy or (self._last and self._last[0] == press and self._clock() < self._last[1] + SAME_PRESS):
            log.info("window %s: %s was pressed twice", self._window, press)
            return
        asked = ordered(self._watch.replica.hall, self._window, press, self._watch.now())
        if isinstance(asked, Note):
            self._say(asked)
        else:
            self._busy = True
            gevent.spawn(self._send, press, asked)

    def _send(self, press: Press, order: Order) -> None:
        try:
            answer = self._orders.send(order, uuid7()) or order.done
        finally:
            self._last = press, self._clock()
            self._busy = False
        self._note = None
        if answer:
            self._say(answer)
        self.show()

    def _say(self, why: str) -> None:
        self._note = self._texts.note(why), self._clock() + NOTE_SECONDS
        self.show()
