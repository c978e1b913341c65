"""The thread that does what residents and technicians ask for, one thing at a time. It alone talks to the printer."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from typing import assert_never

from devices.printer.driver import Health
from kiosk.session import (
    Answer,
    CheckPin,
    DoService,
    Effect,
    Failure,
    NotPrinted,
    PinChecked,
    PrintSheet,
    RestoreTicket,
    Served,
    TakeTicket,
)
from kiosk.surroundings import Machine

CHECK_EVERY = 5.0
"""Seconds between looks at a printer that is well; `CHECK_SOON` at one that is not."""
CHECK_SOON = 2.0
LONGEST_WORK = 15.0
"""Seconds one order may take: a receipt on a printer that answers late (`devices.printer.driver.Printer`)."""

log = logging.getLogger(__name__)


class Desk:
    """Start it once; `do` returns at once, the answer comes later, in the desk's own thread."""

    def __init__(
        self, *, work: Callable[[Effect], Answer], check: Callable[[], Machine], answer: Callable[[Answer], None],
        alive: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """`check` says how the machine is; `alive` is called whenever the thread gets round, every few seconds."""
        self._work, self._look, self._answer, self._alive = work, check, answer, alive
        self._orders: queue.SimpleQueue[Effect | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)
        self.machine = Machine.UNASKED

    def start(self) -> None:
        self._thread.start()

    def do(self, order: Effect) -> None:
        self._orders.put(order)

    def stop(self) -> None:
        """Finish the order in work and end."""
        self._orders.put(None)
        self._thread.join(LONGEST_WORK)

    def _run(self) -> None:
        self._check()
        for order in self._waiting():
            self._answer(self._done(order))
            self._check()

    def _waiting(self) -> Iterator[Effect]:
        while True:
            self._alive()
            try:
                order = self._orders.get(timeout=CHECK_EVERY if self.machine is Machine.READY else CHECK_SOON)
            except queue.Empty:
                self._check()
                continue
            if order is None:
                return
            yield order

    def _done(self, order: Effect) -> Answer:
        try:
            return self._work(order)
        except Exception:  # a mistake of ours must not end the thread: the next resident needs it
            log.exception("%s could not be done", type(order).__name__)
            return undone(order)

    def _check(self) -> None:
        try:
            self.machine = self._look()
        except Exception:
            log.exception("the machine could not be looked at")


def undone(order: Effect) -> Answer:
    """The answer to what went wrong on our side."""
    match order:
        case TakeTicket():
            return NotPrinted(order=order.order, why=Failure.STORAGE)
        case PrintSheet():
            return NotPrinted(order=order.order, why=Failure.SHEET)
        case RestoreTicket():
            return NotPrinted(order=order.order, why=Failure.RESTORE_CUT_OFF)
        case CheckPin():
            return PinChecked(order=order.order, right=False)
        case DoService():
            return Served(order=order.order, worked=False)
        case _:
            assert_never(order)


def machine(health: Health) -> Machine:
    """What a printer's health means for this machine."""
    if health.prints:
        return Machine.READY
    if health is Health.UNKNOWN:
        return Machine.UNASKED
    return Machine.OUT_OF_PAPER if health is Health.PAPER_OUT else Machine.PRINTER_FAULT
