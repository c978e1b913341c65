"""Looks after a kiosk's devices, one thread each, so that none waits for another; how they are is told to the hall."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from queue_server.journal.reporting import HealthReporter

EVERY = 2.0
"""Seconds between two looks at a device: how late a replugged one is noticed."""
LONGEST_LOOK = 6.0

log = logging.getLogger(__name__)


class Device(Protocol):
    """A driver, as far as supervision knows it. `check` may take seconds; it never raises for what a device does."""

    def check(self) -> str: ...

    def close(self) -> None: ...


class Supervision:
    """`devices`: the part behind the kiosk's code in a device's name (`id_card`) -> its driver."""

    def __init__(
        self, kiosk: str, devices: Mapping[str, Device], *, reporter: HealthReporter, day: Callable[[], str | None]
    ) -> None:
        """`day` is the day the hall has open, as far as it is known here."""
        self._reporter, self._day = reporter, day
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._look_after, args=(f"{kiosk}/{name}", device), name=name, daemon=True)
            for name, device in devices.items()
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(LONGEST_LOOK)

    def _look_after(self, name: str, device: Device) -> None:
        while not self._stopping.is_set():
            try:
                self._reporter.opened(self._day())
                self._reporter.report(name, device.check())
            except Exception:  # a mistake of ours in one driver must not leave its device unwatched for the day
                log.exception("%s could not be looked at", name)
            self._stopping.wait(EVERY)
        device.close()
