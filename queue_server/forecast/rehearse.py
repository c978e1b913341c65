"""Living through a past day again: what would have been said at each issue, and what happened.

So ranges are calibrated, and their coverage is known, from the journal alone; nothing that was once shown to anybody
has to be kept. A day is rehearsed with what had been learned before it began.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from queue_server.domain import events as e
from queue_server.domain.model import Hall
from queue_server.domain.promise import MINUTE
from queue_server.forecast.arrays import Floats, Ints
from queue_server.forecast.conformal import DAYS, Calibration, Spread, calibrate
from queue_server.forecast.learned import Learned
from queue_server.forecast.live import Break, press, snapshot, spread
from queue_server.forecast.simulate import simulate
from queue_server.forecast.snapshot import Waiting

TOLD_LATE = 10_000
"""A ticket of which the hall heard so many ms after it was printed came from a kiosk that was cut off: nothing was said
of its wait."""


@dataclass(frozen=True, kw_only=True)
class Rehearsed:
    """One day: what was said of some of its tickets (n), their waits in minutes (NaN: never called), their classes."""

    day: str
    said: Spread
    wait: Floats
    klass: Ints


def rehearse(
    facts: Iterable[e.Event], learned: Learned, *,
    share: float = 0.1, runs: int = 100, seed: int = 1, breaks: Sequence[Break] | None = None,
) -> Rehearsed:  # fmt: skip
    """Predict about a `share` of a day's tickets at their issue.

    Args:
        facts: of one day, its `DayOpened` first.
        learned: from the days before it.
        breaks: those that were planned then; the configured ones unless given.
    """
    steps = rehearsing(facts, learned, share=share, runs=runs, seed=seed, breaks=breaks)
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            rehearsed: Rehearsed = ended.value
            return rehearsed


def rehearsing(
    facts: Iterable[e.Event], learned: Learned, *,
    share: float = 0.1, runs: int = 100, seed: int = 1, breaks: Sequence[Break] | None = None,
) -> Generator[None, None, Rehearsed]:  # fmt: skip
    """The same ticket by ticket, for those who have something else to do in between."""
    random = np.random.default_rng(seed)
    hall = Hall()
    pressed: dict[str, e.Instant] = {}
    latest = 0
    asked: list[tuple[str, Floats]] = []
    for fact in facts:
        latest = max(latest, fact.at)
        told = isinstance(fact, e.TicketIssued) and hall.is_open and fact.at > latest - TOLD_LATE
        if isinstance(fact, e.TicketIssued) and told and random.random() < share:
            calls = _ask(hall, fact, learned, runs, seed + len(asked), breaks, pressed)
            if calls is not None:
                asked.append((fact.ticket, calls))
                yield
        press(pressed, fact)
        hall.apply(fact)
    classes = {} if hall.configuration is None else {k.code: at for at, k in enumerate(hall.configuration.classes)}
    tickets = [hall.tickets[ticket] for ticket, _ in asked]
    return Rehearsed(
        day=hall.day or "",
        said=spread(np.array([calls for _, calls in asked]).reshape(len(asked), runs).T),
        wait=np.array([np.nan if t.called_at is None else (t.called_at - t.issued_at) / MINUTE for t in tickets]),
        klass=np.array([classes.get(ticket.klass, -1) for ticket in tickets], np.intp),
    )


def _ask(
    hall: Hall, fact: e.TicketIssued, learned: Learned, runs: int, seed: int,
    breaks: Sequence[Break] | None, pressed: Mapping[str, e.Instant],
) -> Floats | None:  # fmt: skip
    if fact.queue not in learned.queues or fact.day != hall.day:
        return None
    due = (fact.due_at - fact.at) / MINUTE
    ticket = Waiting(id="", queue=learned.queues.index(fact.queue), due=due, joined=0.0, strict=fact.strict)
    start = replace(snapshot(hall, fact.at, learned, breaks=breaks, pressed=pressed), asked=(ticket,))
    return simulate(start, learned.durations, runs=runs, seed=seed, all_waiting=False).asked[:, 0]


def recalibrate(days: Sequence[Rehearsed]) -> Calibration | None:
    """Ranges from the last ten rehearsed days; None: too few tickets, ranges are the model's own."""
    recent = days[-DAYS:]
    if not recent:
        return None
    said, wait, klass, day = _together(recent)
    return calibrate(said, wait, klass, day)


def achieved(days: Sequence[Rehearsed], since: str = "") -> tuple[float, int]:
    """The share of waits that lay in the range said at issue, each day calibrated on those before it, and how many
    waits that is of; NaN and 0 if no day could be calibrated yet. Only days from `since` on are counted."""
    inside = []
    for place, today in enumerate(days):
        calibration = recalibrate(days[:place]) if today.day >= since else None
        if calibration is not None:
            said = calibration.apply(today.said, today.klass)
            known = np.isfinite(today.wait) & np.isfinite(said.mid)
            inside += ((said.low <= today.wait) & (today.wait <= said.high))[known].tolist()
    return (float(np.mean(inside)) if inside else float("nan")), len(inside)


def _together(days: Sequence[Rehearsed]) -> tuple[Spread, Floats, Ints, Ints]:
    said = Spread(
        low=np.concatenate([day.said.low for day in days]), mid=np.concatenate([day.said.mid for day in days]),
        high=np.concatenate([day.said.high for day in days]),
    )  # fmt: skip
    number = np.repeat(np.arange(len(days)), [len(day.wait) for day in days])
    return said, np.concatenate([d.wait for d in days]), np.concatenate([d.klass for d in days]), number
