"""Who is there and who will come: tickets in the order in which they are called, for all replications at once.

Tickets that share a queue and a promise are called in the order in which they came, so each such stream needs only a
pointer; arrivals drawn for the future are streams of their own. Nothing here depends on the windows, so two runs that
differ in their windows see the same people with the same fates (common random numbers).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from statistics import NormalDist

import numpy as np

from queue_server.forecast.arrays import Floats, Ints
from queue_server.forecast.snapshot import Desk, Snapshot, Waiting

STRICT = -1.0e6
"""Minutes added to a strict ticket's due time, so that it sorts before all others."""
BIN = 15.0
CHECK_IN, SHOW_UP = (-5.0, 6.0), 0.9
"""Minutes from the slot to the check-in (mean, deviation), and the share of the booked who come: not learned."""
CHECK_IN_LEVELS = tuple((n + 0.5) / 200 for n in range(200))


@dataclass(frozen=True, kw_only=True)
class Streams:
    """Tickets in the order each stream is called. `at`, `key` (R, N): when there, and by what sorted; `chance` (R, N):
    its fate; `first` (S): where a stream begins, it ends with a ticket that never comes; `queue`, `held_for` (S): whose
    it is and the only window that may call it; `present` (tickets): where each waiting ticket stands; `drawn` (n):
    where those do who were drawn."""

    at: Floats
    key: Floats
    chance: Floats
    first: Ints
    queue: Ints
    held_for: tuple[str | None, ...]
    present: Ints
    drawn: Ints

    def delays(self, desk: Desk) -> Floats:
        """Helper delay of each stream at this window (S), inf: not served there."""
        held = zip(self.queue.tolist(), self.held_for, strict=True)
        return np.array([delay_of(desk, queue, held_for) for queue, held_for in held])


def key_of(ticket: Waiting) -> float:
    return ticket.due + (STRICT if ticket.strict else 0.0)


def delay_of(desk: Desk, queue: int, held_for: str | None) -> float:
    """The helper delay of such a ticket at a window; inf: it is not called there."""
    if held_for is not None:
        return 0.0 if held_for == desk.code else inf
    return desk.serves.get(queue, inf)


def streams(hall: Snapshot, runs: int, random: np.random.Generator, horizon: float, *, whole: bool) -> Streams:
    """All streams side by side: those who wait (a queue's, a window's held ones), then those drawn for the future.

    `whole`: draw everybody who comes within the horizon, not only those who may still overtake.
    """
    at: list[Floats] = []
    key: list[Floats] = []
    first: list[int] = []
    queue: list[int] = []
    held: list[str | None] = []
    present = np.zeros(len(hall.waiting), np.intp)
    drawn: list[int] = []
    length = 0

    def add(when: Floats, sort: Floats, of: int, held_for: str | None = None) -> None:
        nonlocal length
        end = np.full((runs, 1), inf)
        at.extend((when, end))
        key.extend((sort, end))
        first.append(length)
        queue.append(of)
        held.append(held_for)
        length += when.shape[1] + 1

    lines: dict[tuple[int, str | None], list[tuple[float, float, str, int]]] = {}
    for index, ticket in enumerate(hall.waiting):
        place = (key_of(ticket), ticket.joined, ticket.id, index)
        lines.setdefault((ticket.queue, ticket.held_for), []).append(place)
    for (line, held_for), places in lines.items():
        places.sort()
        present[[place[3] for place in places]] = length + np.arange(len(places))
        keys = np.broadcast_to(np.array([place[0] for place in places]), (runs, len(places)))
        add(np.zeros((runs, len(places))), keys, line, held_for)
    last = inf if whole else _last_key(hall, horizon)
    for when, sort, line in _future(hall, runs, random, last, horizon):
        drawn.extend(range(length, length + when.shape[1]))
        add(when, sort, line)
    if not first:
        add(np.empty((runs, 0)), np.empty((runs, 0)), -1)
    return Streams(
        at=np.concatenate(at, axis=1), key=np.concatenate(key, axis=1), chance=random.random((runs, length)),
        first=np.array(first, np.intp), queue=np.array(queue, np.intp), held_for=tuple(held),
        present=present, drawn=np.array(drawn, np.intp),
    )  # fmt: skip


def _last_key(hall: Snapshot, horizon: float) -> float:
    """Nobody due later than this, helper delays included, can be called before a ticket we want to know about."""
    keys = [ticket.due for ticket in (*hall.waiting, *hall.asked)]
    delays = [delay for desk in hall.desks for delay in desk.serves.values()]
    return min(horizon, max(keys, default=0.0) + max(delays, default=0.0))


def _future(
    hall: Snapshot, runs: int, random: np.random.Generator, last: float, horizon: float
) -> Iterator[tuple[Floats, Floats, int]]:
    """Arrivals that may still overtake: times and sort keys (R, n) and the queue, one stream after the other."""
    for coming in hall.coming:
        until = horizon if coming.strict else min(horizon, max(0.0, last - coming.promise))
        when = _arrivals(coming.rate, until, runs, coming.shape, random)
        if when.shape[1]:
            yield when, when + coming.promise + (STRICT if coming.strict else 0.0), coming.queue
    by_queue: dict[int, list[tuple[float, float]]] = {}
    for booking in hall.booked:
        if booking.slot + booking.promise <= last:
            by_queue.setdefault(booking.queue, []).append((booking.slot, booking.promise))
    for queue, bookings in by_queue.items():
        slots = np.array(sorted(bookings))
        when = _check_ins(slots[:, 0], runs, random)
        sort = np.maximum(slots[:, 0], when) + slots[:, 1]
        order = np.argsort(np.where(np.isinf(when), inf, sort), axis=1)
        yield np.take_along_axis(when, order, 1), np.take_along_axis(sort, order, 1), queue


def _check_ins(slots: Floats, runs: int, random: np.random.Generator) -> Floats:
    """When people with these slots check in (R, n); inf: they do not come. Who is not there yet comes later than now,
    and the later it is for that, the likelier not at all (Bayes)."""
    normal = NormalDist(*CHECK_IN)
    already = np.array([normal.cdf(-slot) for slot in slots.tolist()])
    come = SHOW_UP * (1 - already) / (SHOW_UP * (1 - already) + 1 - SHOW_UP)
    level = already + (1 - already) * random.random((runs, len(slots)))
    early = np.interp(level, CHECK_IN_LEVELS, [normal.inv_cdf(point) for point in CHECK_IN_LEVELS])
    return np.where(random.random(level.shape) < come, np.maximum(0.0, slots + early), inf)


def _arrivals(rate: tuple[float, ...], until: float, runs: int, shape: float, random: np.random.Generator) -> Floats:
    """Arrival times (R, n) in order, inf where a run has fewer: a Poisson process whose level is gamma distributed."""
    edges = np.minimum(np.arange(len(rate) + 1) * BIN, until)
    grown = np.concatenate([[0.0], np.cumsum(np.asarray(rate) * np.diff(edges))])
    if grown[-1] <= 0:
        return np.empty((runs, 0))
    level = random.gamma(shape, 1 / shape, runs)
    number = random.poisson(grown[-1] * level)
    most = int(number.max())
    place = random.random((runs, most))
    place[np.arange(most) >= number[:, None]] = 2.0
    place.sort(axis=1)
    when = np.interp(place, grown / grown[-1], edges)
    return np.where(place > 1, inf, when)
