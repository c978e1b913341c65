"""Who has come back since the hall server started, and told what happened meanwhile.

A server may start on a journal that was put back from a backup: numbers it lent since then are on paper, and only
the kiosks that printed them know. They tell within a second. Until they have, no number is handed out; a kiosk that
stays away is waited for so long and no longer, and prints from its own reserve meanwhile.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable

from gevent.event import Event

PATIENCE = 5.0
"""Seconds a machine that has told facts before is waited for: a follower tries again every second."""


class Returning:
    """For greenlets. `expected`: the machines whose facts this journal has. `patience`: seconds they are waited for."""

    def __init__(
        self, expected: Iterable[str], *, patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._away = set(expected)
        self._clock = clock
        self._until = clock() + patience
        self._all_back = Event()
        self._look()

    def told(self, machine: str) -> None:
        """This machine has told everything it knows."""
        self._away.discard(machine)
        self._look()

    def wait(self, seconds: float = math.inf) -> bool:
        """Wait so long at most; gives whether nobody is waited for any more."""
        left = self._until - self._clock()
        return self._all_back.wait(max(0.0, min(seconds, left))) or self._clock() >= self._until

    def _look(self) -> None:
        if not self._away:
            self._all_back.set()
