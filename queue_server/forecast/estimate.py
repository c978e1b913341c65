"""Waits by simple rules, for when nobody has simulated the hall. None of them is calibrated.

By the last who was called: how long that one waited, as a ticket that comes now will if the line goes on like this.
By configured minutes: the line ahead is served by the windows open for its queue; a window that serves several queues
with people waiting gives each an equal share of itself.
"""

from __future__ import annotations

import math
from itertools import islice

from queue_server.domain.events import Instant
from queue_server.domain.model import Hall, Ticket, Window
from queue_server.domain.promise import MINUTE
from queue_server.forecast.waits import Expected

Z = 1.645
"""A normal variable is within ± Z in 90 % of cases."""
CALLS, OLDEST = 5, 15 * MINUTE
"""The last call tells something if its queue has had so many today, and it is not older than this."""
LOOKED_AT = 200
"""Calls, of all queues."""


def by_configured_minutes(hall: Hall, queue: str, ahead: int) -> Expected | None:
    """How long a ticket with `ahead` before it in `queue` will wait; None if no open window serves it."""
    setup = hall.configuration.queue.get(queue) if hall.configuration else None
    parts = capacity(hall, queue)
    if setup is None or parts == 0:
        return None
    needed = max(0, ahead + 1 - free(hall, queue))
    mean = needed * setup.minutes / parts
    sigma = math.sqrt(needed) * setup.spread * setup.minutes / parts
    return _around(mean, sigma)


def by_the_last_called(hall: Hall, queue: str, klass: str, waited: float, at: Instant) -> Expected | None:
    """The further wait of a ticket of this class that has `waited` minutes; None if the last call tells nothing.

    Its error has the variance 2 W g, for a wait W and g minutes from call to call (R. Ibrahim, W. Whitt, "Real-time
    delay estimation based on delay history", 2009: (c_a² + 1) times that of the queue length, which is W g).
    """
    setup = hall.configuration.queue.get(queue) if hall.configuration else None
    parts = capacity(hall, queue)
    calls = _calls(hall, queue)
    last = next((ticket for ticket in calls if ticket.klass == klass), None)
    if setup is None or parts == 0 or len(calls) < CALLS or last is None or last.called_at is None:
        return None
    whole = (last.called_at - last.joined_at) / MINUTE
    if at - last.called_at > OLDEST or whole < 1 or whole <= waited:
        return None
    return _around(whole - waited, math.sqrt(2 * whole * setup.minutes / parts))


def capacity(hall: Hall, queue: str) -> float:
    """How many windows' whole time goes to `queue`."""
    return sum(_share(hall, window, queue) for window in _serving(hall, queue))


def free(hall: Hall, queue: str) -> int:
    """Windows that serve `queue` and have nobody."""
    return sum(1 for window in _serving(hall, queue) if window.ticket is None)


def _serving(hall: Hall, queue: str) -> list[Window]:
    return [w for w in hall.windows.values() if w.is_open and not w.paused and queue in w.serves]


def _share(hall: Hall, window: Window, queue: str) -> float:
    """The part of a window's time that goes to `queue`."""
    return 1 / sum(1 for other in window.serves if other == queue or len(hall.line(other)))


def _calls(hall: Hall, queue: str) -> list[Ticket]:
    """Those of a queue who were called last, newest first; a recall counts once more."""
    newest = (hall.tickets[ticket] for ticket in islice(reversed(hall.calls), LOOKED_AT))
    return [ticket for ticket in newest if ticket.queue == queue]


def _around(mean: float, sigma: float) -> Expected:
    return Expected(low=max(0.0, mean - Z * sigma), mid=mean, high=mean + Z * sigma, calibrated=False)
