"""How a machine's devices are: facts in its own journal, for the hall to take in."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from queue_server.domain.events import DeviceReported, Instant
from queue_server.journal.ids import uuid7
from queue_server.journal.replica import Replica, clock
from queue_server.journal.store import StoreError

UNKNOWN = "unknown"
"""What every driver calls a device that has not answered yet."""

log = logging.getLogger(__name__)


class HealthReporter:
    """Say how a device is as often as you like, from any thread: only news is written.

    News is a change of health, and all of it when the hall opens a day, since it forgets then. "unknown" is no news:
    until something is known, the last word stands. What the disk does not take now is tried again at the next call.
    """

    def __init__(
        self,
        own: Replica,
        *,
        told: Callable[[], None] = lambda: None,
        now: Callable[[], Instant] = clock,
        mint: Callable[[], str] = uuid7,
    ) -> None:
        """`own` is this machine's own journal.

        `told` is called when there is something new for the hall (`Pusher.wake`).
        """
        self._own, self._told, self._now, self._mint = own, told, now, mint
        self._lock = threading.Lock()
        self._found: dict[str, tuple[str, str]] = {}
        self._said: dict[str, str] = {}
        self._day: str | None = None
        self._failing = False

    def report(self, device: str, health: str, detail: str = "") -> None:
        """`device` as `K1/printer`, `health` in its driver's word, `detail` for people."""
        if health == UNKNOWN:
            return
        with self._lock:
            self._found[device] = health, detail
            self._tell()

    def opened(self, day: str | None) -> None:
        """The day the hall has open, as far as it is known here."""
        with self._lock:
            if day is not None and day != self._day:
                self._day = day
                self._said.clear()
            self._tell()

    def _tell(self) -> None:
        news = {device: found for device, found in self._found.items() if self._said.get(device) != found[0]}
        if not news:
            return
        at = self._now()
        facts = [DeviceReported(at=at, device=d, health=health, detail=why) for d, (health, why) in news.items()]
        try:
            self._own.write(facts, self._mint())
        except StoreError as error:
            if not self._failing:
                log.error("the health of devices cannot be reported: %s", error)
            self._failing = True
            return
        self._failing = False
        self._said |= {device: health for device, (health, _) in news.items()}
        self._told()
