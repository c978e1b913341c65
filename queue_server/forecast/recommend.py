"""Which window should take which queue instead of which, now: few moves, each worth it, with what they will do.

Candidates come from load against capacity, the best are put together move by move, and every comparison lives through
the next 75 minutes with the same people and the same luck. The chosen moves are judged once more with other luck: the
best of many is always a little lucky, and what is told must come true.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from queue_server.forecast.arrays import Floats
from queue_server.forecast.durations import Durations
from queue_server.forecast.learned import Learned
from queue_server.forecast.outlook import WINDOW, Effect, compare, effect, figures, waits
from queue_server.forecast.simulate import side_by_side
from queue_server.forecast.snapshot import Desk, Snapshot
from queue_server.forecast.what_if import SWITCHING

QUIET = 3.0
"""Minutes. Where nine in ten wait no longer than this, nobody need be moved."""
SCREENED, RUNS, JUDGED = 10, 64, 120
"""Candidates lived through in a round, how often each, and how often what was chosen."""
ROUNDS, A_ROUND = 3, 3
"""A round adds so many moves at most; the next starts from there."""
SURE = 0.75
"""The share of simulated runs a recommendation must help in."""
GONE = 30.0
"""Minutes. A window that is away for longer is left alone."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a recommendation may do.

    `queues_per_window`: K, served at most by a window that is changed. `windows_per_queue`: so many stay there for
    every queue at any time (or as many as there are, if fewer). `moves`: windows changed at most. `settles`: minutes a
    changed window loses.
    """

    queues_per_window: int = 3
    windows_per_queue: int = 1
    moves: int = 6
    settles: float = SWITCHING


@dataclass(frozen=True, kw_only=True)
class Move:
    """A window takes a queue instead of another (None: besides what it serves)."""

    window: str
    takes: str
    instead_of: str | None


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """`serves`: what each changed window is to serve, queue code -> helper delay in minutes. `effect`: over the next
    75 minutes on all who wait or come, and `queues` on those of each queue. `sure`: the share of simulated runs in
    which the mean wait becomes shorter."""

    moves: tuple[Move, ...]
    serves: Mapping[str, Mapping[str, float]]
    effect: Effect
    queues: Mapping[str, Effect]
    sure: float


@dataclass(frozen=True, kw_only=True)
class _Option:
    """Desk number `at` takes queue `takes` instead of `instead_of` and is then as `changed`."""

    at: int
    takes: int
    instead_of: int | None
    changed: Desk

    def clashes(self, other: _Option) -> bool:
        """Whether one could undo what the other is for: the same window or a queue in common."""
        mine, others = ({o.takes, o.instead_of} - {None} for o in (self, other))
        return self.at == other.at or bool(mine & others)


def recommend(
    start: Snapshot, learned: Learned, *, skills: Mapping[str, Collection[str]], seed: int, limits: Limits | None = None
) -> Recommendation | None:
    """The moves worth making now; None: none is.

    Args:
        start: from `live.snapshot`, breaks included.
        skills: window -> queue codes its staff can serve; a window that is not named is not moved.
    """
    start, limits = replace(start, asked=()), limits or Limits()
    index = {code: place for place, code in enumerate(learned.queues)}
    able = {window: {index[q] for q in queues if q in index} for window, queues in skills.items()}
    chosen = _chosen(start, learned.durations, able, seed, limits) if start.desks else []
    if not chosen:
        return None
    plan = _with(start.desks, chosen)
    _, (before, after), queue = compare(
        start, start.desks, plan, learned.durations, runs=JUDGED, seed=seed + ROUNDS + 1
    )
    saved = np.nan_to_num(figures(before).mean - figures(after).mean)
    sure = float((saved > 0).mean())
    if sure < SURE or not _real(saved) or not _real(_score(before) - _score(after)):
        return None
    names = learned.queues
    return Recommendation(
        moves=tuple(
            Move(window=o.changed.code, takes=names[o.takes], instead_of=_name(names, o.instead_of)) for o in chosen
        ),
        serves={o.changed.code: {names[q]: delay for q, delay in o.changed.serves.items()} for o in chosen},
        effect=effect(before, after),
        queues={names[q]: effect(before[:, queue == q], after[:, queue == q]) for q in sorted(set(queue.tolist()))},
        sure=sure,
    )


def _name(names: Sequence[str], place: int | None) -> str | None:
    return None if place is None else names[place]


def _chosen(
    start: Snapshot, durations: Durations, able: Mapping[str, Collection[int]], seed: int, limits: Limits
) -> list[_Option]:
    """The moves, best first, each of which saves more than one standard error beside those before it."""
    chosen: list[_Option] = []
    for number in range(ROUNDS):
        plan = _with(start.desks, chosen)
        options = _screened(start, plan, durations, able, limits, {option.at for option in chosen})
        plans = [plan, *(_with(plan, [option]) for option in options)]
        calls = side_by_side(start, plans, durations, runs=RUNS, seed=seed + number, horizon=WINDOW)
        waited = [waits(start, of)[0] for of in calls]
        if not options or np.nan_to_num(figures(waited[0]).p90).mean() < QUIET:
            break
        score = np.array([_score(of) for of in waited])
        saved = score[0] - score[1:]
        added: list[_Option] = []
        for place in np.argsort(-saved.mean(axis=1)).tolist():
            fits = len(added) < A_ROUND and len(chosen) + len(added) < limits.moves
            if fits and _real(saved[place]) and not any(options[place].clashes(option) for option in added):
                added.append(options[place])
        chosen += added
        if not added or len(chosen) >= limits.moves:
            break
    return chosen


def _with(plan: Sequence[Desk], options: Sequence[_Option]) -> tuple[Desk, ...]:
    desks = list(plan)
    for option in options:
        desks[option.at] = option.changed
    return tuple(desks)


def _score(waited: Floats) -> Floats:
    """What is to become small, from waits (R, people) -> minutes (R): the root of the mean squared wait.

    A long wait weighs more than two of half its length, so the tail and the worst queue count most; and it is smooth,
    so a few dozen runs tell two plans apart where a P90 or a share over 30 minutes would jump.
    """
    counted = np.isfinite(waited)
    squares = np.where(counted, waited, 0.0) ** 2
    return np.asarray(np.sqrt(squares.sum(axis=1) / np.maximum(1, counted.sum(axis=1))))


def _real(saved: Floats) -> bool:
    """More than one standard error, from paired differences (R)."""
    return bool(saved.mean() > max(1e-9, saved.std() / np.sqrt(len(saved))))


def _screened(
    start: Snapshot, plan: Sequence[Desk], durations: Durations, able: Mapping[str, Collection[int]], limits: Limits,
    done: Collection[int],
) -> list[_Option]:  # fmt: skip
    """The options that ease load against capacity most, not all for the same queue."""
    options = [o for o in _options(start, plan, able, limits) if o.at not in done]
    serves = np.array([[queue in desk.serves for queue in range(start.queues)] for desk in plan], float)
    there = np.array([_minutes(desk) / durations.speed.get(desk.code, 1.0) for desk in plan])
    plans = np.repeat(serves[None], len(options) + 1, axis=0)
    minutes = np.repeat(there[None], len(options) + 1, axis=0)
    for n, option in enumerate(options, start=1):
        plans[n, option.at] = [queue in option.changed.serves for queue in range(start.queues)]
        minutes[n, option.at] = max(0.0, there[option.at] - limits.settles)
    strain = _strain(_work(start, durations), plans, minutes)
    picked: list[_Option] = []
    for place in np.argsort(strain[1:], kind="stable").tolist():
        option = options[place]
        alike = sum(other.takes == option.takes for other in picked)
        if strain[place + 1] < strain[0] and len(picked) < SCREENED and alike < SCREENED // 2:
            picked.append(option)
    return picked


def _options(
    start: Snapshot, plan: Sequence[Desk], able: Mapping[str, Collection[int]], limits: Limits
) -> Iterator[_Option]:
    """Every single move that staff can make and the limits allow."""
    present, many = _present(plan, start.queues)
    for at, desk in enumerate(plan):
        if desk.leaves <= 0 and desk.returns > GONE:
            continue
        spare = np.all(many - present[:, [at]] >= np.minimum(limits.windows_per_queue, many), axis=0).tolist()
        drops: list[int | None] = [queue for queue in desk.serves if spare[queue]]
        for takes in sorted(set(able.get(desk.code, ())) - desk.serves.keys()):
            for drop in (*drops, None):
                serves = {queue: delay for queue, delay in desk.serves.items() if queue != drop} | {takes: 0.0}
                if len(serves) <= limits.queues_per_window:
                    changed = replace(desk, serves=serves, settles=limits.settles)
                    yield _Option(at=at, takes=takes, instead_of=drop, changed=changed)


def _present(plan: Sequence[Desk], queues: int) -> tuple[Floats, Floats]:
    """Which windows are there (times, windows), and how many serve each queue (times, queues), at each time at which
    one comes or leaves."""
    times = sorted({0.0, *(t for d in plan for t in (d.opens, d.leaves, d.returns) if 0 < t < WINDOW)})
    present = np.array([[d.opens <= t and not d.leaves <= t < d.returns for d in plan] for t in times], float)
    serves = np.array([[queue in desk.serves for queue in range(queues)] for desk in plan], float)
    return present, present @ serves


def _work(start: Snapshot, durations: Durations) -> Floats:
    """Minutes of work that wait or will come (queues)."""
    people = np.zeros(start.queues)
    for ticket in start.waiting:
        people[ticket.queue] += 1
    for coming in start.coming:
        people[coming.queue] += 15 * sum(coming.rate[: int(WINDOW / 15)])
    for booked in start.booked:
        people[booked.queue] += booked.slot < WINDOW
    return np.asarray(people * durations.mean())


def _minutes(desk: Desk) -> float:
    """Minutes a window is there."""
    leaves, returns, opens = (min(max(0.0, t), WINDOW) for t in (desk.leaves, desk.returns, desk.opens))
    return max(0.0, WINDOW - opens - (returns - leaves))


def _strain(work: Floats, serves: Floats, minutes: Floats) -> Floats:
    """How unevenly work (queues) lies on plans (plans, windows, queues) of windows with `minutes` (plans, windows).

    A window gives most of itself to where most is to be done, until its queues are equally strained; the fourth power
    of load over capacity stands for how waits grow with it.
    """
    share = serves / np.maximum(1, serves.sum(axis=2, keepdims=True))
    for _ in range(8):
        load = work / np.maximum(np.einsum("pwq,pw->pq", share, minutes), 1e-3)
        share = share * np.maximum(load, 1e-3)[:, None, :]
        share /= np.maximum(1e-12, share.sum(axis=2, keepdims=True))
    load = work / np.maximum(np.einsum("pwq,pw->pq", share, minutes), 1e-3)
    return np.asarray((work * load**4).sum(axis=1))
