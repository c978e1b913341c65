"""Monte Carlo of a hall from one instant on, all replications at once.

Every replication lives through the hall's own calling rule (`domain.dispatch`): a free window calls the ticket that
sorts first by (not strict, due + helper delay, joined) among the lines it serves and those held for it. Time moves
from one window becoming free to the next.

Deterministic for a seed, and with common random numbers: the n-th ticket of a stream (`streams`) meets the same fate,
and a window's present ticket lasts as long, in two runs that differ in what their windows serve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from math import inf

import numpy as np

from queue_server.forecast.arrays import Flags, Floats, Ints
from queue_server.forecast.durations import Durations, draw, rest
from queue_server.forecast.snapshot import Desk, Snapshot
from queue_server.forecast.streams import Streams, delay_of, key_of, streams

HORIZON = 480.0


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
    people = streams(hall, runs, random, horizon, whole=whole)
    (calls,) = _live(hall, [hall.desks], durations, people, random, horizon, None if whole else all_waiting)
    return calls


def side_by_side(
    hall: Snapshot, plans: Sequence[Sequence[Desk]], durations: Durations, *, runs: int, seed: int, horizon: float,
    pace: float = 0.0,
) -> list[Calls]:  # fmt: skip
    """Live through the hall once for each plan of its windows, with the same people and the same luck (`whole`).

    Args:
        plans: the same windows in the same order each time; what they serve and when they are there may differ.
        pace: how sure the durations are: the deviation of a factor on each queue's, drawn for each run.
    """
    random = np.random.default_rng(seed)
    people = streams(hall, runs, random, horizon, whole=True)
    return _live(hall, plans, durations, people, random, horizon, None, pace)


def _live(
    hall: Snapshot, plans: Sequence[Sequence[Desk]], durations: Durations, people: Streams,
    random: np.random.Generator, horizon: float, all_waiting: bool | None,
    pace: float = 0.0,
) -> list[Calls]:  # fmt: skip
    """Every plan's calls. `all_waiting` None: to the horizon; else until those who wait, or who are asked, are called.

    Rows (P × R) are the runs of the first plan, then those of the next.
    """
    runs, rows = len(people.at), len(people.at) * len(plans)
    called, asked = np.full((rows, people.at.shape[1]), inf), np.full((rows, len(hall.asked)), inf)
    if plans[0]:
        _run(hall, plans, durations, people, called, asked, random, horizon, all_waiting, pace)
    return [
        Calls(
            waiting=called[these][:, people.present], asked=asked[these], came=people.at[:, people.drawn],
            came_called=called[these][:, people.drawn],
            came_queue=people.queue[np.searchsorted(people.first, people.drawn, "right") - 1],
        )
        for these in (slice(at, at + runs) for at in range(0, rows, runs))
    ]  # fmt: skip


def _run(
    hall: Snapshot, plans: Sequence[Sequence[Desk]], durations: Durations, people: Streams, called: Floats,
    asked: Floats, random: np.random.Generator, horizon: float, all_waiting: bool | None,
    pace: float,
) -> None:  # fmt: skip
    """Fill in `called` (P R, N) and `asked` (P R, G). One step: in every row the window that is free first calls."""
    runs, windows = len(people.at), len(plans[0])
    every, run = np.arange(len(called)), np.tile(np.arange(runs), len(plans))
    place = np.repeat(np.arange(len(plans)) * windows, runs)  # of a row's first window among all plans' windows
    desks = [desk for plan in plans for desk in plan]
    leaves, returns = (np.array([getattr(desk, name) for desk in desks]) for name in ("leaves", "returns"))
    speed = np.array([durations.speed.get(desk.code, 1.0) for desk in desks])
    line, delay = _lines(desks, people)
    free = _free(plans, durations, runs, random)
    away = tuple(np.repeat(of.reshape(len(plans), windows), runs, axis=0) for of in (leaves, returns))
    free = np.where((free >= away[0]) & (free < away[1]), away[1], free)
    takes, came = _fates(durations, people)
    if pace:
        takes = takes * _paces(people, len(durations.cycle), pace, random)
    head = np.tile(people.first, (len(called), 1))
    nobody = np.full((runs, 1), inf)
    there, key = (
        np.concatenate([of[:, people.first], nobody], axis=1)[run] for of in (people.at, people.key)
    )  # of each stream's first ticket (P R, S + 1); the last stream is always empty
    ghost_key = np.array([key_of(ticket) for ticket in hall.asked])
    ghost_delay = np.array([[delay_of(desk, ghost.queue, ghost.held_for) for ghost in hall.asked] for desk in desks])
    open_asked = np.ones(asked.shape, bool)
    for step in count():  # each step calls a ticket or moves a window to a later arrival, so it ends
        first = free.argmin(axis=1)
        now = free[every, first]
        if step % 8 == 0 and (
            now.min() > horizon
            or (all_waiting is not None and _settled(called, people.present, open_asked, all_waiting))
        ):
            break
        window = place + first
        lines = line[window]
        arrived = there[every[:, None], lines]
        sort = key[every[:, None], lines] + delay[window]
        sort[arrived > now[:, None]] = inf
        which = sort.argmin(axis=1)
        best, stream = sort[every, which], lines[every, which]
        if open_asked.any():
            hit = open_asked & (ghost_key + ghost_delay[window] < best[:, None])
            asked[hit] = now[np.nonzero(hit)[0]]
            open_asked &= ~hit
        some = np.isfinite(best)
        stream = np.where(some, stream, 0)
        taken = head[every, stream]
        until = now + takes[run, taken] * np.where(came[run, taken], speed[window], 1.0)
        if not some.all():
            none = np.flatnonzero(~some)
            until[none] = _next_arrival(arrived[none], delay[window[none]], now[none])
            called[every[some], taken[some]] = now[some]
        else:
            called[every, taken] = now
        free[every, first] = np.where((until >= leaves[window]) & (until < returns[window]), returns[window], until)
        moved = taken + some
        head[every, stream] = moved
        there[every, stream], key[every, stream] = people.at[run, moved], people.key[run, moved]


def _lines(desks: Sequence[Desk], people: Streams) -> tuple[Ints, Floats]:
    """The streams each window calls from and their helper delays (windows, most); filled up with the empty stream."""
    delay = np.array([people.delays(desk) for desk in desks])
    serves = np.isfinite(delay)
    most = max(1, int(serves.sum(axis=1).max()))
    line = np.argsort(~serves, axis=1, kind="stable")[:, :most]
    mine = np.take_along_axis(serves, line, 1)
    return np.where(mine, line, delay.shape[1]), np.where(mine, np.take_along_axis(delay, line, 1), inf)


def _fates(durations: Durations, people: Streams) -> tuple[Floats, Flags]:
    """How long each ticket keeps an average window, and whether its resident comes (R, N)."""
    takes, came = np.empty(people.chance.shape), np.empty(people.chance.shape, bool)
    begins = [*people.first.tolist(), people.chance.shape[1]]
    for (begin, end), queue in zip(pairwise(begins), people.queue, strict=True):
        chance, share = people.chance[:, begin:end], durations.no_show[queue]
        here = chance >= share
        served = draw(durations.cycle[queue], (chance - share) / (1 - share))
        came[:, begin:end] = here
        takes[:, begin:end] = np.where(here, served, draw(durations.absent, chance / max(share, 1e-9)))
    return takes, came


def _paces(people: Streams, queues: int, pace: float, random: np.random.Generator) -> Floats:
    """How much longer than learned each queue's tickets take in each run, as a factor of every ticket (R, N)."""
    factor = np.exp(pace * random.standard_normal((len(people.at), queues)))
    lengths = np.diff([*people.first.tolist(), people.chance.shape[1]])
    return np.asarray(factor[:, np.repeat(people.queue, lengths)])


def _next_arrival(there: Floats, delay: Floats, now: Floats) -> Floats:
    """When the next ticket comes that an idle window serves; inf: none will."""
    return np.asarray(np.where(np.isfinite(delay) & (there > now[:, None]), there, inf).min(axis=1))


def _settled(called: Floats, present: Ints, open_asked: Flags, all_waiting: bool) -> bool:
    """Nothing that was asked can change any more."""
    return not open_asked.any() and not (all_waiting and np.isinf(called[:, present]).any())


def _free(plans: Sequence[Sequence[Desk]], durations: Durations, runs: int, random: np.random.Generator) -> Floats:
    """When each window becomes free (P R, windows): what is left of its ticket, given how long it has taken already,
    and what it takes to change places."""
    free = np.empty((len(plans), runs, len(plans[0])))
    for at, desk in enumerate(plans[0]):
        left = _rest(desk, durations, random.random(runs), random.random(runs))
        for number, plan in enumerate(plans):
            free[number, :, at] = np.maximum(left, plan[at].opens) + plan[at].settles
    return free.reshape(-1, len(plans[0]))


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
