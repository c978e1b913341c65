"""A first estimate of waits from configured minutes. It is not calibrated: nobody has measured how often it is right.

The line ahead is served by the windows open for its queue; a window that serves several queues with people waiting
gives each an equal share of itself. The range is the middle 90 % of the sum of that many service times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from queue_server.domain.model import Hall, Window

Z = 1.645  # a normal variable is within ± Z in 90 % of cases


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """An expected wait in whole minutes."""

    low: int
    high: int


def expected_wait(hall: Hall, queue: str, ahead: int) -> Wait | None:
    """How long a ticket with `ahead` before it in `queue` will wait; None if no open window serves it."""
    setup = hall.configuration.queue.get(queue) if hall.configuration else None
    if setup is None:
        return None
    serving = [w for w in hall.windows.values() if w.is_open and not w.paused and queue in w.serves]
    free = sum(1 for w in serving if w.ticket is None)
    capacity = sum(_share(hall, window, queue) for window in serving)
    if capacity == 0:
        return None
    needed = max(0, ahead + 1 - free)
    mean = needed * setup.minutes / capacity
    sigma = math.sqrt(needed) * setup.spread * setup.minutes / capacity
    return Wait(low=max(0, math.floor(mean - Z * sigma)), high=max(1, math.ceil(mean + Z * sigma)))


def _share(hall: Hall, window: Window, queue: str) -> float:
    """The part of a window's time that goes to `queue`."""
    return 1 / sum(1 for other in window.serves if other == queue or len(hall.line(other)))
