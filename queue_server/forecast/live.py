"""Predicted waits of an open hall: every waiting ticket, and a ticket taken now in each queue."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from queue_server.domain.calendar import instant
from queue_server.domain.configuration import ORDINARY, Configuration
from queue_server.domain.events import Event, Instant
from queue_server.domain.life import State
from queue_server.domain.model import Hall, Ticket, Window
from queue_server.domain.promise import MINUTE, target
from queue_server.forecast import estimate
from queue_server.forecast.arrays import Floats
from queue_server.forecast.conformal import Calibration, Spread
from queue_server.forecast.learned import Learned
from queue_server.forecast.simulate import simulate
from queue_server.forecast.snapshot import Booked, Coming, Desk, Snapshot, Waiting
from queue_server.forecast.waits import Expected, Forecast, Pace

LONGEST = 240.0
"""Beyond four hours no number is said."""
PAUSE = 10.0
"""Minutes a pause lasts of which nobody said how long."""
SILENT = 5 * MINUTE
"""An open window that has called nobody for so long, though somebody has waited for it all the time, is not calling."""
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


def forecast(
    hall: Hall, at: Instant, learned: Learned, *,
    breaks: Sequence[Break] | None = None, booked: Sequence[Booking] | None = None,
    pressed: Mapping[str, Instant] | None = None, calibration: Calibration | None = None, runs: int = 150,
) -> Forecast:  # fmt: skip
    """The waits from `at` on. Deterministic: the same hall at the same instant gives the same answer.

    Args:
        breaks, booked: those the hall itself knows of, unless given.
        pressed: when each window last did anything, where that is known; it tells which have fallen silent.
    """
    start = snapshot(hall, at, learned, breaks=breaks, booked=booked, pressed=pressed)
    asked = new_tickets(hall, learned)
    start = replace(start, asked=tuple(asked))
    calls = simulate(start, learned.durations, runs=runs, seed=at % 2**31)
    classes = {} if hall.configuration is None else {k.code: i for i, k in enumerate(hall.configuration.classes)}
    waiting = _expected(calls.waiting, [classes.get(hall.tickets[t.id].klass, -1) for t in start.waiting], calibration)
    lines = [(place, queue, klass) for place, ticket in enumerate(asked) for queue, klass in asked[ticket]]
    new = _expected(calls.asked[:, [place for place, _, _ in lines]], [classes[k] for _, _, k in lines], calibration)
    by_queue: dict[str, dict[str, Expected]] = {}
    for (_, queue, klass), expected in zip(lines, new, strict=True):
        if expected is not None:
            by_queue.setdefault(queue, {})[klass] = expected
    return Forecast(
        at=at,
        day=hall.day,
        days=learned.days,
        issued=len(hall.tickets),
        tickets={t.id: wait for t, wait in zip(start.waiting, waiting, strict=True) if wait is not None},
        asked=by_queue,
        paces=_paces(hall, learned),
    )


def spread(calls: Floats) -> Spread:
    """The 5 %, 50 % and 95 % points of simulated calls (R, n) -> n each; NaN: not called in most runs."""
    low, mid, high = np.quantile(calls, [0.05, 0.5, 0.95], axis=0, method="nearest")
    unknown = ~(mid <= LONGEST)
    return Spread(
        low=np.where(unknown, np.nan, low), mid=np.where(unknown, np.nan, mid),
        high=np.where(unknown, np.nan, np.minimum(high, LONGEST)),
    )  # fmt: skip


def _expected(calls: Floats, kinds: Sequence[int], calibration: Calibration | None) -> list[Expected | None]:
    """What is said of calls (R, n) of tickets whose classes are `kinds` (n); None: unknown."""
    if not kinds:
        return []
    said = spread(calls)
    if calibration is not None:
        said = calibration.apply(said, np.array(kinds, np.intp))
    return [
        None if math.isnan(mid) else Expected(low=low, mid=mid, high=high, calibrated=calibration is not None)
        for low, mid, high in zip(said.low.tolist(), said.mid.tolist(), said.high.tolist(), strict=True)
    ]


def _paces(hall: Hall, learned: Learned) -> dict[str, Pace]:
    minutes = dict(zip(learned.queues, learned.durations.mean().tolist(), strict=True))
    parts = {queue: estimate.capacity(hall, queue) for queue in minutes}
    return {
        queue: Pace(minutes=minutes[queue] / parts[queue], free=estimate.free(hall, queue))
        for queue in minutes
        if parts[queue] > 0
    }


def snapshot(
    hall: Hall, at: Instant, learned: Learned, *,
    breaks: Sequence[Break] | None = None, booked: Sequence[Booking] | None = None,
    pressed: Mapping[str, Instant] | None = None,
) -> Snapshot:  # fmt: skip
    """The hall as numbers. Windows that are closed do not call; a paused one, or one that has fallen silent, is back at
    the end of its break, or ten minutes from now where no break is known. Arguments as of `forecast`."""
    index = {code: place for place, code in enumerate(learned.queues)}
    waiting = tuple(
        _waiting(ticket, index[ticket.queue], at)
        for ticket in hall.tickets.values()
        if ticket.state is State.WAITING and ticket.queue in index
    )
    configuration = hall.configuration
    if configuration is None:
        return Snapshot(queues=len(index), desks=(), waiting=waiting)
    away = planned_breaks(hall) if breaks is None else breaks
    silent = _silent(hall, at, pressed or {})
    desks = tuple(_desk(hall, w, at, index, away, w.code in silent) for w in hall.windows.values() if w.is_open)
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


def planned_breaks(hall: Hall) -> tuple[Break, ...]:
    """Today's breaks of all windows, as configured."""
    configuration, day = hall.configuration, hall.day
    if configuration is None or day is None:
        return ()
    zone = configuration.timezone
    return tuple(
        Break(window=window.code, begins=instant(zone, day, away.begins), ends=instant(zone, day, away.ends))
        for window in configuration.windows
        for away in window.breaks
    )


def _silent(hall: Hall, at: Instant, pressed: Mapping[str, Instant]) -> set[str]:
    """Open windows that could have called somebody for five minutes and have not."""
    free = [w for w in hall.windows.values() if w.is_open and not w.paused and w.ticket is None]
    quiet = [w for w in free if at - pressed.get(w.code, at) >= SILENT]
    own = {w.code: [queue for queue, delay in w.serves.items() if delay == 0] for w in quiet}
    since = {queue: _first_joined(hall, queue) for queues in own.values() for queue in queues}
    return {code for code, queues in own.items() if any(at - (since[queue] or at) >= SILENT for queue in queues)}


def press(pressed: dict[str, Instant], fact: Event) -> None:
    """Keep in `pressed` when each window last did anything, fact by fact."""
    window = getattr(fact, "window", None)
    if window is not None:
        pressed[window] = fact.at


def _first_joined(hall: Hall, queue: str) -> Instant | None:
    return min((hall.tickets[ticket].joined_at for ticket in hall.line(queue)), default=None)


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
    """The same, asked what a ticket of a class taken now in each queue would wait; its id is the queue's code."""
    asked = tuple(ticket for ticket, lines in new_tickets(hall, learned).items() if klass in {k for _, k in lines})
    return replace(start, asked=asked)


def new_tickets(hall: Hall, learned: Learned) -> dict[Waiting, list[tuple[str, str]]]:
    """A ticket taken now in each queue, and the (queue, class) it stands for: classes of one promise share one."""
    configuration = hall.configuration
    if configuration is None:
        return {}
    asked: dict[Waiting, list[tuple[str, str]]] = {}
    for place, code in enumerate(learned.queues):
        for klass in configuration.classes if code in configuration.queue else ():
            due = target(configuration, code, klass.code) / MINUTE
            ticket = Waiting(id=code, queue=place, due=due, joined=0.0, strict=klass.strict)
            asked.setdefault(ticket, []).append((code, klass.code))
    return asked


def _waiting(ticket: Ticket, queue: int, at: Instant) -> Waiting:
    return Waiting(
        id=ticket.id, queue=queue, due=(ticket.due_at - at) / MINUTE, joined=(ticket.joined_at - at) / MINUTE,
        strict=ticket.strict, held_for=ticket.held_for,
    )  # fmt: skip


def _desk(
    hall: Hall, window: Window, at: Instant, index: Mapping[str, int], breaks: Sequence[Break], silent: bool
) -> Desk:
    serves = {index[queue]: delay / MINUTE for queue, delay in window.serves.items() if queue in index}
    planned = min((b for b in breaks if b.window == window.code and b.ends > at), key=lambda b: b.begins, default=None)
    leaves, returns = inf, inf
    if planned is not None:
        leaves, returns = (planned.begins - at) / MINUTE, (planned.ends - at) / MINUTE
    if (window.paused or silent) and not leaves <= 0:
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
