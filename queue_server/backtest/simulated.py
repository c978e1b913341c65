"""Judging the live prediction on the simulated city hall, day after day, beside an oracle that knows its laws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from queue_server.backtest.city_hall import Laws, Question, SimulatedDay, laws, live
from queue_server.forecast.conformal import Spread
from queue_server.forecast.durations import Durations
from queue_server.forecast.learned import Day, Learned, learn, observe
from queue_server.forecast.live import spread
from queue_server.forecast.log import UNKNOWN, Log
from queue_server.forecast.simulate import simulate
from queue_server.forecast.snapshot import Snapshot
from queue_server.forecast.walk import LAST, OURS, POSITION, TEN, Judged, at_a_point, judge

ORACLE = "oracle (knows the laws)"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How much is simulated. The first `unseen` days are only learned from; the next until `first` are rehearsals."""

    seed: int = 1
    unseen: int = 2
    first: int = 9
    days: int = 12
    ask: float = 0.06
    runs: int = 120
    windows: int = 60
    queues: int = 12
    visitors: int = 2000


def walk_simulated(trial: Trial) -> tuple[Log, list[Judged]]:
    """The questions of all days as a log, and what each predictor said of them."""
    law = laws(trial.seed, windows=trial.windows, queues=trial.queues, visitors=trial.visitors)
    days, learned = _live_all(law, trial)
    log = _log(law, days)
    return log, list(_judged(law, trial, days, learned, log))


def _live_all(law: Laws, trial: Trial) -> tuple[list[SimulatedDay], list[Learned]]:
    """Every day, and what had been learned when it began."""
    days: list[SimulatedDay] = []
    learned: list[Learned] = []
    observed: list[Day] = []
    for number in range(trial.days):
        learned.append(learn(law.configuration, observed))
        days.append(live(law, learned[-1], number, trial.seed, trial.ask if number >= trial.unseen else 0.0))
        observed += observe(days[-1].facts, law.configuration)
    return days, learned


def _judged(
    law: Laws, trial: Trial, days: Sequence[SimulatedDay], learned: Sequence[Learned], log: Log
) -> Iterator[Judged]:
    def ours(day: int) -> Spread:
        return _ask([q.ours for q in days[day].questions], learned[day].durations, trial.runs)

    def rule(name: str, day: int) -> Spread:
        return at_a_point(np.array([q.rules[name] for q in days[day].questions]))

    rehearsals = trial.first - trial.unseen
    yield Judged(name=OURS, said=judge(log, ours, trial.first, rehearsals=rehearsals))
    for name, key in ((POSITION, "position"), (LAST, "last"), (TEN, "ten")):
        said = judge(log, lambda day, key=key: rule(key, day), trial.first, rehearsals=rehearsals)  # type: ignore[misc]
        yield Judged(name=name, said=said)
    known = law.known()
    empty = np.full(len(log), np.nan)
    truth = Spread(low=empty.copy(), mid=empty.copy(), high=empty.copy())
    for day in range(trial.first, len(days)):
        rows = log.day == day
        told = _ask([q.oracle for q in days[day].questions], known.durations, trial.runs)
        truth.low[rows], truth.mid[rows], truth.high[rows] = told.low, told.mid, told.high
    yield Judged(name=ORACLE, said=truth)


def _ask(halls: Sequence[Snapshot], durations: Durations, runs: int) -> Spread:
    calls = [
        simulate(hall, durations, runs=runs, seed=at, all_waiting=False).asked[:, 0] for at, hall in enumerate(halls)
    ]
    return spread(np.array(calls).reshape(len(halls), runs).T)


def _log(law: Laws, days: Sequence[SimulatedDay]) -> Log:
    """Every question as a ticket issued at minute 0."""
    classes = [klass.code for klass in law.configuration.classes]
    asked: list[tuple[int, Question]] = [(d, q) for d, day in enumerate(days) for q in day.questions]
    count = len(asked)
    nothing = np.full(count, np.nan)
    return Log(
        lines=(("simulated", "all"),), halls=("simulated",), days=tuple(day.day for day in days),
        classes=tuple(classes), windows=(), hall_of_line=np.zeros(1, np.intp), row=np.arange(count),
        day=np.array([d for d, _ in asked], np.intp), line=np.zeros(count, np.intp), issued=np.zeros(count),
        called=np.array([q.wait for _, q in asked]), started=nothing, finished=nothing, open=nothing,
        klass=np.array([classes.index(q.klass) for _, q in asked], np.intp),
        window=np.full(count, UNKNOWN), absent=np.zeros(count, bool),
    )  # fmt: skip
