"""What the manager is shown of recommendations and what-ifs: pure functions of the hall, what was told, and the time.

Whether a button is alive is asked of `decide` itself, as on a window's console.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.configuration import Configuration, Queue, WindowSetup
from queue_server.domain.decide import decide
from queue_server.domain.events import Instant
from queue_server.domain.model import Applied, Hall, Window
from queue_server.domain.moving import served_by, serving_of
from queue_server.domain.promise import MINUTE
from queue_server.domain.refusal import Reason, Refused
from queue_server.forecast.realised import Realised, called_since, realised
from queue_server.forecaster.advised import Advice, Line
from queue_server.forecaster.wire import Away, Cannot
from queue_server.web.adviser import Standing, Told, application

HELPS_AFTER = 5.0
"""Minutes later than its own that a helper takes a queue, unless something else is said."""


class Stands(StrEnum):
    """How it stands with advice, the most urgent first."""

    AWAY = "away"
    CANNOT = "cannot"
    NEVER = "never"
    NOTHING = "nothing"
    APPLIED = "applied"
    DECLINED = "declined"
    OFFERED = "offered"


class Verdict(StrEnum):
    """How what came about compares with what was predicted (the mean wait, in its 90 % range)."""

    BETTER = "better"
    WITHIN = "within"
    WORSE = "worse"


@dataclass(frozen=True, kw_only=True)
class TurnRow:
    """A window takes a queue instead of another (None: besides what it serves)."""

    window: str
    instead_of: Queue | None


@dataclass(frozen=True, kw_only=True)
class Help:
    """The windows that take a queue, and how that queue stood."""

    queue: Queue
    line: Line | None
    turns: tuple[TurnRow, ...]


@dataclass(frozen=True, kw_only=True)
class DoneRow:
    """One that was applied. `until`: when what came about can be compared. `came`: what did then; before that, the
    waits of those who were called since."""

    fact: e.RecommendationApplied
    undone_at: Instant | None
    until: Instant
    came: Realised | None
    verdict: Verdict | None
    refused: Reason | None


@dataclass(frozen=True, kw_only=True)
class AdviceView:
    """`refused`: why what is offered could not be applied now. `done`: today's, the newest first."""

    stands: Stands
    told: Told | None
    advice: Advice | None
    helps: tuple[Help, ...]
    refused: Reason | None
    done: tuple[DoneRow, ...]


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A window and what it serves: queues of its own, and those it helps with."""

    window: Window
    own: tuple[Queue, ...]
    helps: tuple[Queue, ...]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a manager tries for a window: open or not, and each of `queues` own, helper or off."""

    window: Window
    setup: WindowSetup
    is_open: bool
    serves: Mapping[str, float]
    helps_after: float

    @property
    def changed(self) -> bool:
        return self.is_open != self.window.is_open or (self.is_open and self._moved)

    @property
    def _moved(self) -> bool:
        return {s.queue: s.helper_after for s in served_by(self.window)} != dict(self.serves)

    def wanted(self) -> dict[str, Any]:
        """The change, as the forecaster is asked about it."""
        return {"window": self.window.code, "serves": dict(self.serves) if self.is_open else None}

    def orders(self, hall: str) -> Iterator[dict[str, Any]]:
        """The requests to the hall's API that do it."""
        address = f"/api/v1/halls/{hall}/windows/{self.window.code}"
        if self.is_open and self._moved:
            serves = [{"queue": s.queue, "helper_after": s.helper_after} for s in serving_of(self.serves)]
            yield {"method": "PUT", "path": f"{address}/queues", "body": {"serves": serves}}
        if self.is_open != self.window.is_open:
            yield {"method": "POST", "path": f"{address}/{'open' if self.is_open else 'close'}", "body": {}}


def advice_view(hall: Hall, standing: Standing, now: Instant) -> AdviceView:
    told, configuration = standing.newest, hall.configuration
    advice = told.answer.advice if told else None
    stands = _stands(hall, standing)
    helps: tuple[Help, ...] = ()
    refused = None
    if stands is Stands.OFFERED and told and advice and configuration:
        helps = tuple(_helps(configuration, advice))
        refused = _refused(hall, application(told, ""), now)
    done = tuple(_done(hall, applied, now) for applied in reversed(hall.applied.values()))
    return AdviceView(stands=stands, told=told, advice=advice, helps=helps, refused=refused, done=done)


def _stands(hall: Hall, standing: Standing) -> Stands:
    if isinstance(standing.trouble, Away):
        return Stands.AWAY
    if isinstance(standing.trouble, Cannot):
        return Stands.CANNOT
    newest = standing.newest
    if newest is None:
        return Stands.NEVER
    if newest.answer.advice is None:
        return Stands.NOTHING
    if newest.id in hall.applied:
        return Stands.APPLIED
    return Stands.DECLINED if newest.id == standing.declined else Stands.OFFERED


def _helps(configuration: Configuration, advice: Advice) -> Iterator[Help]:
    """By queue, in the order in which they were found worth it."""
    for code in dict.fromkeys(turn.takes for turn in advice.turns):
        if code in configuration.queue:
            yield Help(
                queue=configuration.queue[code],
                line=advice.queues.get(code),
                turns=tuple(
                    TurnRow(window=turn.window, instead_of=configuration.queue.get(turn.instead_of or ""))
                    for turn in advice.turns
                    if turn.takes == code
                ),
            )


def _done(hall: Hall, applied: Applied, now: Instant) -> DoneRow:
    fact = applied.fact
    until = fact.at + round(fact.effect.minutes * MINUTE)
    over = now >= until
    came = realised(hall, fact.at, until) if over else called_since(hall, fact.at)
    return DoneRow(
        fact=fact,
        undone_at=applied.undone_at,
        until=until,
        came=came,
        verdict=_verdict(fact.effect.after.mean, came) if over and applied.undone_at is None else None,
        refused=_refused(hall, c.UndoRecommendation(recommendation=fact.recommendation, source=""), now),
    )


def _verdict(predicted: e.Likely, came: Realised | None) -> Verdict | None:
    if came is None:
        return None
    if came.mean < predicted.low:
        return Verdict.BETTER
    return Verdict.WITHIN if came.mean <= predicted.high else Verdict.WORSE


def _refused(hall: Hall, command: c.Command, now: Instant) -> Reason | None:
    try:
        decide(hall, command, now)
    except Refused as refused:
        return refused.reason
    return None


def seats(hall: Hall, configuration: Configuration) -> list[Seat]:
    """Who serves what."""
    return [
        Seat(
            window=window,
            own=tuple(q for q in configuration.queues if window.serves.get(q.code) == 0),
            helps=tuple(q for q in configuration.queues if window.serves.get(q.code, 0) > 0),
        )
        for window in hall.windows.values()
    ]


def choice(hall: Hall, code: str, given: Mapping[str, str]) -> Choice:
    """What the form says, or the window as it is where it says nothing.

    Raises:
        Refused: the hall has no such window.
    """
    window, configuration = hall.windows.get(code), hall.configuration
    setup = configuration.window.get(code) if configuration else None
    if window is None or setup is None or configuration is None:
        raise Refused(Reason.UNKNOWN_WINDOW, f"There is no window {code!r} in this hall.")
    now = {s.queue: s.helper_after for s in served_by(window)}
    helps_after = _minutes(given.get("helps_after"), next((m for m in now.values() if m > 0), HELPS_AFTER))
    serves = {}
    for queue in configuration.queues:
        part = given.get(f"queue-{queue.code}")
        if part is None and queue.code in now:
            serves[queue.code] = now[queue.code]
        elif part in {"own", "helper"}:
            serves[queue.code] = 0.0 if part == "own" else helps_after
    is_open = {"open": True, "closed": False}.get(given.get("state", ""), window.is_open)
    return Choice(window=window, setup=setup, is_open=is_open, serves=serves, helps_after=helps_after)


def _minutes(text: str | None, otherwise: float) -> float:
    try:
        minutes = float(text or "")
    except ValueError:
        return otherwise
    return minutes if 0 < minutes <= 600 else otherwise
