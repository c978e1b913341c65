"""What the forecaster answers a manager, as it goes over the wire: recommendations, what-ifs, plans. No numpy here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from queue_server.domain.events import Effect, Likely, Move, Waits

RECOMMEND, WHAT_IF, PLAN = "recommend", "what_if", "plan"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A window takes a queue instead of another (None: besides what it serves)."""

    window: str
    takes: str
    instead_of: str | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """A queue when something was recommended: who waited, windows that called for it, and its waits over the next 75
    minutes without and with the change (None: nobody would be in it)."""

    waiting: int
    windows: int
    before: Waits | None
    after: Waits | None


@dataclass(frozen=True, kw_only=True)
class Advice:
    """`turns` for people, `moves` to be done. `sure`: the share of simulated runs in which the mean wait is shorter."""

    turns: tuple[Turn, ...]
    moves: tuple[Move, ...]
    effect: Effect
    sure: float
    queues: Mapping[str, Line]


@dataclass(frozen=True, kw_only=True)
class Recommended:
    """`advice` None: nothing is worth doing. `days` 0: the hall is new, and all rests on configured minutes."""

    days: int
    calibrated: bool
    advice: Advice | None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a window would serve, queue -> minutes as a helper (0: its own); None: closed. A closed one is opened."""

    window: str
    serves: Mapping[str, float] | None


@dataclass(frozen=True, kw_only=True)
class Supposed:
    """A request: what if these windows were changed?"""

    changes: tuple[Wanted, ...]


@dataclass(frozen=True, kw_only=True)
class QueueOutlook:
    """One queue: the waits of its people, and of a ticket taken now (None: nobody can say)."""

    before: Waits
    after: Waits
    now_before: Likely | None
    now_after: Likely | None


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """The hall and its queues over the next 75 minutes, as it is and as it would be."""

    days: int
    calibrated: bool
    hall: Effect
    queues: Mapping[str, QueueOutlook]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One queue in one half hour: people expected, windows needed, windows planned, and what newcomers then wait."""

    expected: float
    needed: int
    windows: int
    wait: float | None


@dataclass(frozen=True, kw_only=True)
class HalfHour:
    """`begins`: minutes after midnight. `staff` there, `spare` of them needed nowhere, `short` windows missing."""

    begins: int
    staff: int
    spare: int
    short: int
    queues: Mapping[str, Cell]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The next working day, if the windows `staffed` are. `target`: mean minutes it is planned for."""

    day: str
    days: int
    staffed: tuple[str, ...]
    target: float
    half_hours: tuple[HalfHour, ...]
