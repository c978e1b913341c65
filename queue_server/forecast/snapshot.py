"""A hall at one instant, as numbers a simulation can start from. Times are minutes from now; before now is negative.

It is built from a `Hall` by `queue_server.forecast.live`, by a test or by a what-if: a copy with a window moved, opened
or closed (`dataclasses.replace`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A ticket in line. `queue`: index; `held_for`: code of the only window that may call it."""

    id: str
    queue: int
    due: float
    joined: float
    strict: bool = False
    held_for: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """A window that calls, or will. `serves`: queue index -> helper delay in minutes, 0 for its own.

    `busy_with`: the queue of the ticket at it, called `elapsed` minutes ago, its resident there (`started`) or not yet.
    It does not call before `opens` (0: now), nor from `leaves` until `returns`: a break, or for good (inf). `settles`:
    minutes it loses, once it is free, because it has just been given other queues.
    """

    code: str
    serves: dict[int, float]
    busy_with: int | None = None
    elapsed: float = 0.0
    started: bool = False
    opens: float = 0.0
    leaves: float = inf
    returns: float = inf
    settles: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Booked:
    """An appointment not checked in yet. `promise`: minutes from its slot to when it is due."""

    queue: int
    slot: float
    promise: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Coming:
    """Walk-ins expected in one queue and class: `rate` a minute in each quarter of an hour from now.

    `shape`: of the gamma distribution of today's volume around it (how sure the rate is).
    """

    queue: int
    promise: float
    rate: tuple[float, ...]
    strict: bool = False
    shape: float = 50.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """All that decides the waits. `asked`: tickets that do not exist, as if taken now: they are called at their place
    in the order, but keep no window busy and delay nobody."""

    queues: int
    desks: tuple[Desk, ...]
    waiting: tuple[Waiting, ...]
    booked: tuple[Booked, ...] = ()
    coming: tuple[Coming, ...] = ()
    asked: tuple[Waiting, ...] = ()
