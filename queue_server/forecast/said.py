"""What is said about a wait now: the latest forecast carried on to this instant, or the next best rule, or nothing.

Nothing is simulated here; it is asked at every ticket and every page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import islice

from queue_server.domain.configuration import ORDINARY
from queue_server.domain.events import Instant
from queue_server.domain.life import State
from queue_server.domain.model import Hall, Ticket
from queue_server.domain.promise import MINUTE, Place, target
from queue_server.forecast import estimate
from queue_server.forecast.shown import rounded
from queue_server.forecast.waits import Expected, Forecast

SPREAD = 0.7
"""Coefficient of variation of one service, for those who came since the forecast."""


class Basis(StrEnum):
    """What a wait rests on, the best first."""

    FORECAST = "forecast"
    LAST_CALLED = "last-called"
    CONFIGURED = "configured"


@dataclass(frozen=True, kw_only=True)
class Said:
    """A wait in whole minutes, as people are told it. `calibrated`: nine in ten of such ranges held on recent days."""

    low: int
    high: int
    calibrated: bool
    basis: Basis


@dataclass(frozen=True, kw_only=True)
class Waits:
    """The waits in a hall `at` an instant. `forecast`: the latest, None if there is none that can be trusted."""

    hall: Hall
    at: Instant
    forecast: Forecast | None = None

    def of(self, ticket: Ticket) -> Said | None:
        """The further wait of a ticket; None if it does not wait, or nobody can say."""
        if ticket.state is not State.WAITING:
            return None
        if self._current is None:
            ahead, waited = self.hall.ahead(ticket) or 0, (self.at - ticket.joined_at) / MINUTE
            if ticket.held_for is not None:
                return None
            return self._by_rule(ticket.queue, ticket.klass, ahead, max(0.0, waited))
        moved = max(ticket.joined_at, ticket.last_called_at or 0) > self._current.at
        if moved or any(ticket is other for other in self._came):
            return None if ticket.held_for else self._as_new(self._current, ticket.queue, ticket.klass, ticket.place)
        return self._carried_on(self._current, self._current.tickets.get(ticket.id), ticket.queue, ticket.place)

    def new(self, queue: str, klass: str = ORDINARY) -> Said | None:
        """What a ticket taken now would wait."""
        configuration = self.hall.configuration
        if configuration is None or queue not in configuration.queue or klass not in configuration.resident_class:
            return None
        strict = configuration.resident_class[klass].strict
        place = (not strict, self.at + target(configuration, queue, klass), self.at, "~")
        if self._current is not None:
            return self._as_new(self._current, queue, klass, place)
        ahead = sum(1 for ticket in self.hall.line(queue) if self.hall.tickets[ticket].place < place)
        return self._by_rule(queue, klass, ahead, 0.0)

    @cached_property
    def _current(self) -> Forecast | None:
        """The forecast, if it is of the open day."""
        return self.forecast if self.forecast is not None and self.forecast.day == self.hall.day else None

    @cached_property
    def _came(self) -> list[Ticket]:
        """Those who came since the forecast, the latest first."""
        known = self._current.issued if self._current is not None else len(self.hall.tickets)
        return list(islice(reversed(self.hall.tickets.values()), len(self.hall.tickets) - known))

    def _as_new(self, forecast: Forecast, queue: str, klass: str, place: Place) -> Said | None:
        """A ticket the forecast did not know stands where one taken then would stand, behind those who came since."""
        return self._carried_on(forecast, forecast.asked.get(queue, {}).get(klass), queue, place)

    def _carried_on(self, forecast: Forecast, then: Expected | None, queue: str, place: Place) -> Said | None:
        """Less by the time that has passed since, more by those who came since and go first: each takes a service
        of the line, and a service's spread, unless a window was free for it."""
        if then is None:
            return None
        pace = forecast.paces.get(queue)
        came = sum(1 for other in self._came if other.queue == queue and other.place < place)
        more = max(0, came - max(0, pace.free - 1)) if pace is not None else 0
        minutes = pace.minutes if pace is not None else 0.0
        later = more * minutes - max(0, self.at - forecast.at) / MINUTE
        unsure = estimate.Z * SPREAD * minutes * math.sqrt(more)
        now = Expected(
            low=max(0.0, then.low + later - unsure), mid=max(0.0, then.mid + later),
            high=max(0.0, then.high + later + unsure), calibrated=then.calibrated,
        )  # fmt: skip
        return _said(now, Basis.FORECAST)

    def _by_rule(self, queue: str, klass: str, ahead: int, waited: float) -> Said | None:
        last = estimate.by_the_last_called(self.hall, queue, klass, waited, self.at) if ahead else None
        if last is not None:
            return _said(last, Basis.LAST_CALLED)
        configured = estimate.by_configured_minutes(self.hall, queue, ahead)
        return None if configured is None else _said(configured, Basis.CONFIGURED)


def _said(expected: Expected, basis: Basis) -> Said:
    low, high = rounded(expected)
    return Said(low=low, high=high, calibrated=expected.calibrated, basis=basis)
