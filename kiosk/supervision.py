"""Looks after a kiosk's devices, one thread each, so that none waits for another; how they are is told to the hall."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from kiosk.surroundings import DeviceNow
from queue_server.domain.events import Instant
from queue_server.journal.replica import clock
from queue_server.journal.reporting import HealthReporter

EVERY = 2.0
"""Seconds between two looks at a device: how late a replugged one is noticed."""
LONGEST_LOOK = 6.0
WELL = frozenset({"ready", "unknown"})
"""Healths, as every driver calls them, that say nothing against a device: many scanners cannot be asked."""

log = logging.getLogger(__name__)


class Device(Protocol):
    """A driver, as far as supervision knows it. `check` may take seconds; it never raises for what a device does."""

    def check(self) -> str: ...

    def close(self) -> None: ...


class Watched(Device, Protocol):
    """A device that has work to do while it is looked after: `check` does the next bit of it."""

    @property
    def pause(self) -> float:
        """Seconds until it wants to be looked at again."""


class Supervision:
    """`devices`: the part behind the kiosk's code in a device's name (`id_card`) -> its driver."""

    def __init__(
        self, kiosk: str, devices: Mapping[str, Device | Watched], *, reporter: HealthReporter,
        day: Callable[[], str | None], now: Callable[[], Instant] = clock,
    ) -> None:  # fmt: skip
        """`day` is the day the hall has open, as far as it is known here."""
        self._kiosk, self._reporter, self._day, self._now = kiosk, reporter, day, now
        self._stopping = threading.Event()
        self._found: dict[str, DeviceNow] = {}
        self._threads = [
            threading.Thread(target=self._look_after, args=(name, device), name=name, daemon=True)
            for name, device in devices.items()
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(LONGEST_LOOK)

    def devices(self) -> tuple[DeviceNow, ...]:
        """How each device is and since when, as far as it has been looked at since the start."""
        return tuple(found for _, found in sorted(self._found.copy().items()))

    def _look_after(self, name: str, device: Device | Watched) -> None:
        tell_at = float("-inf")
        while not self._stopping.is_set():
            try:
                changed = self._found_to_be(name, device.check())
                if changed or time.monotonic() >= tell_at:  # again and again: the hall may have opened another day
                    tell_at = time.monotonic() + EVERY
                    self._reporter.opened(self._day())
                    self._reporter.report(f"{self._kiosk}/{name}", self._found[name].health)
                pause = getattr(device, "pause", EVERY)
            except Exception:  # a mistake of ours in one driver must not leave its device unwatched for the day
                log.exception("%s/%s could not be looked at", self._kiosk, name)
                pause = EVERY
            self._stopping.wait(pause)
        device.close()

    def _found_to_be(self, name: str, health: str) -> bool:
        """Whether this is another health than before."""
        before = self._found.get(name)
        if before is not None and before.health == health:
            return False
        self._found[name] = DeviceNow(name=name, health=str(health), well=health in WELL, since=self._now())
        return True
