"""Monte Carlo of a hall from one instant on, all replications at once.

Every replication lives through the hall's own calling rule (`domain.dispatch`): a free window calls the ticket that
sorts first by (not strict, due + helper delay, joined) among the lines it serves and those held for it. Time moves
from one window becoming free to the next. Tickets that share a queue and a promise are called in the order in which
they came, so each such stream needs only a pointer; arrivals drawn for the future are streams of their own.

Deterministic for a seed, and with common random numbers: the n-th ticket of a stream meets the same fate in two
runs that differ in their windows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, pairwise
from math import inf
from statistics import NormalDist

import numpy as np

from queue_server.forecast.arrays import Flags, Floats, Ints
from queue_server.forecast.durations import Durations, draw, rest
from queue_server.forecast.snapshot import Desk, Snapshot, Waiting

STRICT = -1.0e6
"""Minutes added to a strict ticket's due time, so that it sorts before all others."""
HORIZON = 480.0
BIN = 15.0
CHECK_IN, SHOW_UP = (-5.0, 6.0), 0.9
"""Minutes from the slot to the check-in (mean, deviation), and the share of the booked who come: not learned."""
CHECK_IN_LEVELS = tuple((n + 0.5) / 200 for n in range(200))


@dataclass(frozen=True, kw_only=True)
class Calls:
    """When tickets were called, minutes from now; inf: not within the horizon.

    `waiting` (R, tickets) and `asked` (R, asked) in the order of the snapshot. `came` (R, n): when those drawn for the
    future arrived (inf: not in this run), `came_called` (R, n), `came_queue` (n): when they were called, and of which
    queue they are.
    """

    waiting: Floats
    asked: Floats
    came: Floats
    came_called: Floats
    came_queue: Ints


@dataclass(frozen=True, kw_only=True)
class _Streams:
    """Tickets in the order each stream is called. `at`, `key` (R, N): when there, and by what sorted; `chance` (R, N):
    its fate; `first` (S): where a stream begins, it ends with a ticket that never comes; `queue` (S); `delay`
    (windows, S): helper delay, inf: not served; `present` (tickets): where each waiting ticket stands;
    `drawn` (n): where those do who were drawn."""

    at: Floats
    key: Floats
    chance: Floats
    first: Ints
    queue: Ints
    delay: Floats
    present: Ints
    drawn: Ints


def simulate(
    hall: Snapshot,
    durations: Durations,
    *,
    runs: int = 200,
    seed: int = 1,
    horizon: float = HORIZON,
    all_waiting: bool = True,
    whole: bool = False,
) -> Calls:
    """Live through the hall `runs` times.

    Args:
        horizon: minutes after which nothing is called any more.
        all_waiting: False stops as soon as every asked ticket was called; those of `waiting` may then be inf.
        whole: draw and call everybody who comes within the horizon, not only those who may still overtake.
    """
    random = np.random.default_rng(seed)
    streams = _streams(hall, runs, random, horizon, whole=whole)
    called = np.full(streams.at.shape, inf)
    asked = np.full((runs, len(hall.asked)), inf)
    if hall.desks:
        _run(hall, durations, streams, called, asked, random, horizon, all_waiting, whole)
    drawn = streams.drawn
    return Calls(
        waiting=called[:, streams.present], asked=asked, came=streams.at[:, drawn], came_called=called[:, drawn],
        came_queue=streams.queue[np.searchsorted(streams.first, drawn, "right") - 1],
    )  # fmt: skip


def _run(
    hall: Snapshot, durations: Durations, streams: _Streams, called: Floats, asked: Floats,
    random: np.random.Generator, horizon: float, all_waiting: bool, whole: bool,
) -> None:  # fmt: skip
    """Fill in `called` (R, N) and `asked` (R, G). One step: in every run the window that is free first calls."""
    every = np.arange(len(called))
    leaves, returns = (np.array([getattr(desk, name) for desk in hall.desks]) for name in ("leaves", "returns"))
    speed = np.array([durations.speed.get(desk.code, 1.0) for desk in hall.desks])
    free = _free(hall, durations, len(called), random)
    free = np.where((free >= leaves) & (free < returns), returns, free)
    takes, came = _fates(durations, streams)
    head = np.tile(streams.first, (len(called), 1))
    there, key = streams.at[:, streams.first], streams.key[:, streams.first]
    ghosts = _Ghosts.of(hall)
    open_asked = np.ones(asked.shape, bool)
    for step in count():  # each step calls a ticket or moves a window to a later arrival, so it ends
        window = free.argmin(axis=1)
        now = free[every, window]
        if step % 8 == 0 and (
            now.min() > horizon or (not whole and _settled(called, streams.present, open_asked, all_waiting))
        ):
            break
        sort = key + streams.delay[window]
        sort[there > now[:, None]] = inf
        stream = sort.argmin(axis=1)
        best = sort[every, stream]
        if open_asked.any():
            hit = open_asked & (ghosts.key + ghosts.delay[window] < best[:, None])
            asked[hit] = now[np.nonzero(hit)[0]]
            open_asked &= ~hit
        taken = head[every, stream]
        until = now + takes[every, taken] * np.where(came[every, taken], speed[window], 1.0)
        none = np.flatnonzero(np.isinf(best))
        if len(none):
            until[none] = _next_arrival(there[none], streams.delay[window[none]], now[none])
            called_now = np.isfinite(best)
            called[every[called_now], taken[called_now]] = now[called_now]
        else:
            called[every, taken] = now
        free[every, window] = np.where((until >= leaves[window]) & (until < returns[window]), returns[window], until)
        moved = taken + np.isfinite(best)
        head[every, stream] = moved
        there[every, stream], key[every, stream] = streams.at[every, moved], streams.key[every, moved]


def _fates(durations: Durations, streams: _Streams) -> tuple[Floats, Flags]:
    """How long each ticket keeps an average window, and whether its resident comes (R, N)."""
    takes, came = np.empty(streams.chance.shape), np.empty(streams.chance.shape, bool)
    begins = [*streams.first.tolist(), streams.chance.shape[1]]
    for (begin, end), queue in zip(pairwise(begins), streams.queue, strict=True):
        chance, share = streams.chance[:, begin:end], durations.no_show[queue]
        here = chance >= share
        served = draw(durations.cycle[queue], (chance - share) / (1 - share))
        came[:, begin:end] = here
        takes[:, begin:end] = np.where(here, served, draw(durations.absent, chance / max(share, 1e-9)))
    return takes, came


def _next_arrival(there: Floats, delay: Floats, now: Floats) -> Floats:
    """When the next ticket comes that an idle window serves; inf: none will."""
    return np.asarray(np.where(np.isfinite(delay) & (there > now[:, None]), there, inf).min(axis=1))


def _settled(called: Floats, present: Ints, open_asked: Flags, all_waiting: bool) -> bool:
    """Nothing that was asked can change any more."""
    return not open_asked.any() and not (all_waiting and np.isinf(called[:, present]).any())


def _free(hall: Snapshot, durations: Durations, runs: int, random: np.random.Generator) -> Floats:
    """When each window becomes free (R, windows): what is left of its ticket, given how long it has taken already."""
    free = np.empty((runs, len(hall.desks)))
    for at, desk in enumerate(hall.desks):
        free[:, at] = np.maximum(_rest(desk, durations, random.random(runs), random.random(runs)), desk.opens)
    return free


def _rest(desk: Desk, durations: Durations, level: Floats, chance: Floats) -> Floats:
    if desk.busy_with is None:
        return np.zeros(len(level))
    cycle = durations.cycle[desk.busy_with] * durations.speed.get(desk.code, 1.0)
    served = rest(cycle, desk.elapsed, level)
    if desk.started:
        return served
    # Not there yet: the longer it takes, the likelier it is a no-show (Bayes, on the chance to still be busy).
    share = float(durations.no_show[desk.busy_with])
    still_absent = share * float((durations.absent > desk.elapsed).mean())
    still_served = (1 - share) * float((cycle > desk.elapsed).mean())
    absent = still_absent / max(still_absent + still_served, 1e-9)
    return np.where(chance < absent, rest(durations.absent, desk.elapsed, level), served)


@dataclass(frozen=True, kw_only=True)
class _Ghosts:
    """The asked tickets. `key` (G), `delay` (windows, G)."""

    key: Floats
    delay: Floats

    @classmethod
    def of(cls, hall: Snapshot) -> _Ghosts:
        return cls(
            key=np.array([_key(ticket) for ticket in hall.asked]),
            delay=np.array([[_delay(desk, ticket) for ticket in hall.asked] for desk in hall.desks]),
        )


def _key(ticket: Waiting) -> float:
    return ticket.due + (STRICT if ticket.strict else 0.0)


def _delay(desk: Desk, ticket: Waiting) -> float:
    if ticket.held_for is not None:
        return 0.0 if ticket.held_for == desk.code else inf
    return desk.serves.get(ticket.queue, inf)


def _streams(hall: Snapshot, runs: int, random: np.random.Generator, horizon: float, *, whole: bool) -> _Streams:
    """All streams side by side: those who wait (a queue's, a window's held ones), then those drawn for the future."""
    at: list[Floats] = []
    key: list[Floats] = []
    first: list[int] = []
    queue: list[int] = []
    delay: list[list[float]] = []
    present = np.zeros(len(hall.waiting), np.intp)
    drawn: list[int] = []
    length = 0

    def add(when: Floats, sort: Floats, of: int, delays: list[float]) -> None:
        nonlocal length
        end = np.full((runs, 1), inf)
        at.extend((when, end))
        key.extend((sort, end))
        first.append(length)
        queue.append(of)
        delay.append(delays)
        length += when.shape[1] + 1

    lines: dict[tuple[int, str | None], list[tuple[float, float, str, int]]] = {}
    for index, ticket in enumerate(hall.waiting):
        place = (_key(ticket), ticket.joined, ticket.id, index)
        lines.setdefault((ticket.queue, ticket.held_for), []).append(place)
    for (line, held_for), places in lines.items():
        places.sort()
        present[[place[3] for place in places]] = length + np.arange(len(places))
        like = Waiting(id="", queue=line, due=0.0, joined=0.0, held_for=held_for)
        keys = np.broadcast_to(np.array([place[0] for place in places]), (runs, len(places)))
        add(np.zeros((runs, len(places))), keys, line, [_delay(desk, like) for desk in hall.desks])
    last = inf if whole else _last_key(hall, horizon)
    for when, sort, line in _future(hall, runs, random, last, horizon):
        drawn.extend(range(length, length + when.shape[1]))
        add(when, sort, line, [desk.serves.get(line, inf) for desk in hall.desks])
    if not first:
        add(np.empty((runs, 0)), np.empty((runs, 0)), 0, [inf] * len(hall.desks))
    return _Streams(
        at=np.concatenate(at, axis=1), key=np.concatenate(key, axis=1), chance=random.random((runs, length)),
        first=np.array(first, np.intp), queue=np.array(queue, np.intp),
        delay=np.array(delay, float).reshape(len(first), len(hall.desks)).T.copy(),
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
