"""What if a window were moved, opened or closed: predicted waits before and after, in a copy of the hall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from queue_server.forecast.arrays import Floats
from queue_server.forecast.learned import Learned
from queue_server.forecast.outlook import WINDOW, Effect, Likely, compare, effect
from queue_server.forecast.snapshot import Desk, Snapshot

RUNS = 150
SWITCHING = 2.0
"""Minutes a window loses when it is given other queues: papers, log-ins, the sign."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a window would serve: queue code -> helper delay in minutes, 0 for its own. None: it is closed once its
    resident is served; a window that is not open yet is opened."""

    window: str
    serves: Mapping[str, float] | None


@dataclass(frozen=True, kw_only=True)
class QueueEffect:
    """One queue. `now_before`, `now_after`: what a ticket taken now would wait; None: nobody can say, or no such
    ticket was asked about."""

    people: Effect
    now_before: Likely | None
    now_after: Likely | None


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """The hall and each of its queues (by code; those with nobody in them are left out), over the next 75 minutes."""

    hall: Effect
    queues: Mapping[str, QueueEffect]


def what_if(
    start: Snapshot, learned: Learned, changes: Sequence[Change], *,
    seed: int, runs: int = RUNS, settles: float = SWITCHING,
) -> WhatIf:  # fmt: skip
    """Live through the next 75 minutes `runs` times, as things are and with the changes, with the same people and luck.

    Args:
        start: from `live.snapshot`; with `live.with_new_tickets`, tickets taken now are answered for too.
        settles: minutes a moved or opened window loses.

    Raises:
        ValueError: a change names a queue the hall does not have.
    """
    before, after = before_and_after(start, learned, changes, settles)
    calls, (old, new), queues = compare(start, before, after, learned.durations, runs=runs, seed=seed)
    asked = {ticket.queue: place for place, ticket in enumerate(start.asked)}
    now = [{queue: _now(of.asked[:, place]) for queue, place in asked.items()} for of in calls]
    return WhatIf(
        hall=effect(old, new),
        queues={
            code: QueueEffect(
                people=effect(old[:, mine], new[:, mine]), now_before=now[0].get(place), now_after=now[1].get(place)
            )
            for place, code in enumerate(learned.queues)
            for mine in [queues == place]
            if np.isfinite(old[:, mine]).any()
        },
    )


def before_and_after(
    start: Snapshot, learned: Learned, changes: Sequence[Change], settles: float = SWITCHING
) -> tuple[tuple[Desk, ...], tuple[Desk, ...]]:
    """The hall's windows as they are and as changed: the same windows in the same order, so both meet the same luck."""
    index = {code: place for place, code in enumerate(learned.queues)}
    known = {desk.code for desk in start.desks}
    opened = (c.window for c in changes if c.window not in known and c.serves is not None)
    before = (*start.desks, *(Desk(code=code, serves={}, opens=inf) for code in opened))
    wanted = {change.window: change.serves for change in changes}
    return before, tuple(
        _changed(desk, wanted[desk.code], index, settles) if desk.code in wanted else desk for desk in before
    )


def _changed(desk: Desk, serves: Mapping[str, float] | None, index: Mapping[str, int], settles: float) -> Desk:
    if serves is None:
        return replace(desk, leaves=0.0, returns=inf)
    if not serves.keys() <= index.keys():
        raise ValueError(f"window {desk.code} cannot serve {', '.join(sorted(serves.keys() - index.keys()))}")
    new = {index[code]: delay for code, delay in serves.items()}
    if new == desk.serves and desk.opens == 0:
        return desk
    return replace(desk, serves=new, opens=0.0, settles=settles)


def _now(calls: Floats) -> Likely | None:
    return Likely.of(np.minimum(calls, WINDOW)) if np.isfinite(calls).mean() > 0.5 else None
