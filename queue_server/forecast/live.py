"""Predicted waits of an open hall: every waiting ticket, and a ticket taken now in each queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from queue_server.domain.calendar import instant
from queue_server.domain.configuration import ORDINARY, Configuration
from queue_server.domain.events import Instant
from queue_server.domain.life import State
from queue_server.domain.model import Hall, Ticket, Window
from queue_server.domain.promise import MINUTE, target
from queue_server.forecast.arrays import Floats
from queue_server.forecast.conformal import Calibration, Spread
from queue_server.forecast.learned import Learned
from queue_server.forecast.simulate import simulate
from queue_server.forecast.snapshot import Booked, Coming, Desk, Snapshot, Waiting

LONGEST = 240.0
"""Beyond four hours no number is said."""
PAUSE = 10.0
"""Minutes a pause lasts of which nobody said how long."""


LATE = 15 * MINUTE


@dataclass(frozen=True, kw_only=True)
class Break:
    """A window is away between two instants."""

    window: str
    begins: Instant
    ends: Instant


@dataclass(frozen=True, kw_only=True)
class Booking:
    """An appointment that has not checked in."""

    queue: str
    slot: Instant


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A wait in minutes. `calibrated`: the range was checked against recent days; else it rests on the model alone."""

    low: float
    mid: float
    high: float
    calibrated: bool


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Ticket id or queue code -> expected further wait; a missing one is unknown: nobody can say."""

    at: Instant
    days: int
    tickets: Mapping[str, Expected]
    queues: Mapping[str, Expected]


def forecast(
    hall: Hall, at: Instant, learned: Learned, *,
    breaks: Sequence[Break] = (), booked: Sequence[Booking] | None = None,
    calibration: Calibration | None = None, runs: int = 150,
) -> Forecast:  # fmt: skip
    """The waits from `at` on. Deterministic: the same hall at the same instant gives the same answer."""
    start = snapshot(hall, at, learned, breaks=breaks, booked=booked)
    start = with_new_tickets(start, hall, learned)
    calls = simulate(start, learned.durations, runs=runs, seed=at % 2**31)
    classes = {} if hall.configuration is None else {k.code: i for i, k in enumerate(hall.configuration.classes)}
    kinds = [classes.get(hall.tickets[ticket.id].klass, -1) for ticket in start.waiting]
    ordinary = classes.get(ORDINARY, -1)
    return Forecast(
        at=at,
        days=learned.days,
        tickets=_expected([t.id for t in start.waiting], calls.waiting, kinds, calibration),
        queues=_expected([t.id for t in start.asked], calls.asked, [ordinary] * len(start.asked), calibration),
    )


def spread(calls: Floats) -> Spread:
    """The 5 %, 50 % and 95 % points of simulated calls (R, n) -> n each; NaN: not called in most runs."""
    low, mid, high = np.quantile(calls, [0.05, 0.5, 0.95], axis=0, method="nearest")
    unknown = ~(mid <= LONGEST)
    return Spread(
        low=np.where(unknown, np.nan, low), mid=np.where(unknown, np.nan, mid),
        high=np.where(unknown, np.nan, np.minimum(high, LONGEST)),
    )  # fmt: skip


def _expected(
    ids: Sequence[str], calls: Floats, kinds: Sequence[int], calibration: Calibration | None
) -> dict[str, Expected]:
    if not ids:
        return {}
    said = spread(calls)
    if calibration is not None:
        said = calibration.apply(said, np.array(kinds, np.intp))
    rows = zip(ids, said.low.tolist(), said.mid.tolist(), said.high.tolist(), strict=True)
    return {
        id_: Expected(low=low, mid=mid, high=high, calibrated=calibration is not None)
        for id_, low, mid, high in rows
        if mid == mid  # NaN: unknown  # noqa: PLR0124
    }


def snapshot(
    hall: Hall, at: Instant, learned: Learned, *, breaks: Sequence[Break] = (), booked: Sequence[Booking] | None = None
) -> Snapshot:
    """The hall as numbers. Windows that are closed do not call; a paused one is back at the end of its break, or ten
    minutes from now where no break is known. `booked`: those the hall itself knows of, unless given."""
    index = {code: place for place, code in enumerate(learned.queues)}
    waiting = tuple(
        _waiting(ticket, index[ticket.queue], at)
        for ticket in hall.tickets.values()
        if ticket.state is State.WAITING and ticket.queue in index
    )
    configuration = hall.configuration
    if configuration is None:
        return Snapshot(queues=len(index), desks=(), waiting=waiting)
    desks = tuple(_desk(hall, w, at, index, breaks) for w in hall.windows.values() if w.is_open)
    expected = tuple(
        Booked(
            queue=index[b.queue],
            slot=(b.slot - at) / MINUTE,
            promise=target(configuration, b.queue, "appointment") / MINUTE,
        )
        for b in (bookings(hall, at) if booked is None else booked)
        if b.queue in index and "appointment" in configuration.resident_class
    )
    coming = _coming(hall, configuration, at, learned, index)
    return Snapshot(queues=len(index), desks=desks, waiting=waiting, booked=expected, coming=coming)


def bookings(hall: Hall, at: Instant) -> tuple[Booking, ...]:
    """Today's appointments that have not checked in and are not a quarter of an hour late."""
    services = {} if hall.configuration is None else hall.configuration.service
    return tuple(
        Booking(queue=services[booked.service].queue, slot=booked.slot)
        for booked in hall.appointments.values()
        if booked.day == hall.day
        and booked.slot > at - LATE
        and booked.service in services
        and hall.checked_in(booked.appointment) is None
    )


def with_new_tickets(start: Snapshot, hall: Hall, learned: Learned, klass: str = ORDINARY) -> Snapshot:
    """The same, asked what a ticket taken now in each queue would wait; its id is the queue's code."""
    configuration = hall.configuration
    if configuration is None or klass not in configuration.resident_class:
        return start
    kind = configuration.resident_class[klass]
    asked = tuple(
        Waiting(id=code, queue=place, due=target(configuration, code, klass) / MINUTE, joined=0.0, strict=kind.strict)
        for place, code in enumerate(learned.queues)
        if code in configuration.queue
    )
    return Snapshot(
        queues=start.queues, desks=start.desks, waiting=start.waiting, booked=start.booked, coming=start.coming,
        asked=asked,
    )  # fmt: skip


def _waiting(ticket: Ticket, queue: int, at: Instant) -> Waiting:
    return Waiting(
        id=ticket.id, queue=queue, due=(ticket.due_at - at) / MINUTE, joined=(ticket.joined_at - at) / MINUTE,
        strict=ticket.strict, held_for=ticket.held_for,
    )  # fmt: skip


def _desk(hall: Hall, window: Window, at: Instant, index: Mapping[str, int], breaks: Sequence[Break]) -> Desk:
    serves = {index[queue]: delay / MINUTE for queue, delay in window.serves.items() if queue in index}
    planned = min((b for b in breaks if b.window == window.code and b.ends > at), key=lambda b: b.begins, default=None)
    leaves, returns = inf, inf
    if planned is not None:
        leaves, returns = (planned.begins - at) / MINUTE, (planned.ends - at) / MINUTE
    if window.paused and not leaves <= 0:
        leaves, returns = 0.0, PAUSE
    ticket = hall.tickets.get(window.ticket) if window.ticket is not None else None
    busy = ticket is not None and ticket.queue in index
    called = (ticket.last_called_at or ticket.called_at or at) if ticket is not None else at
    if ticket is not None and ticket.started_at is not None:
        called = ticket.called_at or called
    return Desk(
        code=window.code, serves=serves, busy_with=index[ticket.queue] if ticket is not None and busy else None,
        elapsed=max(0.0, (at - called) / MINUTE), started=ticket is not None and ticket.state is State.SERVING,
        leaves=leaves, returns=returns,
    )  # fmt: skip


def _coming(
    hall: Hall, configuration: Configuration, at: Instant, learned: Learned, index: Mapping[str, int]
) -> tuple[Coming, ...]:
    """Walk-ins still expected, today's volume seen so far taken into account: gamma prior with the learned day as its
    mean, Poisson counts, so the posterior mean is (shape + came) ÷ (shape + expected so far)."""
    if hall.day is None:
        return ()
    minute = (at - instant(configuration.timezone, hall.day, "00:00")) / MINUTE
    place = int(np.clip(minute / 15, 0, 95))
    came: dict[str, int] = {}
    for ticket in hall.tickets.values():
        if ticket.slot is None:
            came[ticket.queue] = came.get(ticket.queue, 0) + 1
    so_far: dict[str, float] = {}
    for (queue, _), day in learned.arrivals.items():
        so_far[queue] = so_far.get(queue, 0.0) + float(day[:place].sum() + day[place] * (minute / 15 - place))
    streams = []
    for (queue, klass), day in learned.arrivals.items():
        if queue not in index or queue not in configuration.queue or klass not in configuration.resident_class:
            continue
        known = learned.days > 0
        level = (learned.shape + came.get(queue, 0)) / (learned.shape + so_far[queue]) if known else 1.0
        part = minute / 15 - place  # of this quarter is gone
        ahead = (day[place:-1] * (1 - part) + day[place + 1 :] * part)[:24] * level / 15.0
        streams.append(
            Coming(
                queue=index[queue],
                promise=target(configuration, queue, klass) / MINUTE,
                rate=tuple(ahead.tolist()),
                strict=configuration.resident_class[klass].strict,
                shape=learned.shape + came.get(queue, 0),
            )
        )
    return tuple(streams)
