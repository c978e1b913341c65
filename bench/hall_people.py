"""Who comes to the simulated city hall on a day, drawn before it begins, so that every policy meets the same day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from queue_server.backtest.city_hall import (
    ABSENCE,
    APPOINTMENTS,
    CLASSES,
    CLOSES,
    FIRST_DAY,
    NO_SHOW,
    OPENS,
    TURN,
    WALK,
    Laws,
    laws,
)  # fmt: skip
from queue_server.domain.calendar import instant
from queue_server.domain.configuration import APPOINTMENT
from queue_server.domain.promise import MINUTE
from queue_server.forecast.arrays import Floats
from queue_server.forecast.learned import BINS
from queue_server.forecast.live import Break

BREAK = 30.0
"""Minutes of lunch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """`comes`: when called. Minutes: `walks` to the window, `takes` at an average one, which `turns` to the next."""

    minute: float
    queue: str
    klass: str
    slot: float | None
    comes: bool
    walks: float
    takes: float
    turns: float
    gives_up: float


@dataclass(frozen=True, kw_only=True)
class People:
    """All of a day, in the order in which they come, and the slots booked (minute, queue), kept or not."""

    day: str
    those: tuple[Person, ...]
    booked: tuple[tuple[float, str], ...]


def busy(seed: int, load: float, *, windows: int, queues: int) -> Laws:
    """The city hall, its visitors scaled so that their work is `load` of the minutes its windows are there."""
    law = laws(seed, windows=windows, queues=queues, visitors=windows * 33)
    each = (1 - NO_SHOW) * (law.minutes + WALK + TURN) + NO_SHOW * (ABSENCE + TURN)
    come = law.visitors * (1 - APPOINTMENTS * 0.1)
    offered = float((come * each).sum()) * float(np.mean(list(law.speed.values())))
    return replace(law, visitors=law.visitors * load * windows * (CLOSES - OPENS - BREAK) / offered)


def profiles(law: Laws, seed: int) -> Floats:
    """(queues, 96) the shape of each queue's day: half of it the hall's, half a peak of its own at its own hour."""
    random = np.random.default_rng([seed, 7])
    middle = (np.arange(BINS) + 0.5) * 15
    rows = []
    for _ in law.configuration.queues:
        own = np.exp(-(((middle - random.uniform(OPENS + 30, CLOSES - 60)) / 60) ** 2)) * (law.rate > 0)
        rows.append((law.rate + own / own.sum()) / 2)
    return np.array(rows)


def draw_people(law: Laws, number: int, seed: int, uneven: float = 0.0) -> People:
    random = np.random.default_rng([seed, number])
    rates = (1 - uneven) * law.rate[None] + uneven * profiles(law, seed)
    levels = random.gamma(25, 1 / 25, len(rates)) if uneven else np.ones(len(rates))
    levels *= law.visitors.sum() / (levels * law.visitors).sum()
    those, booked = [], []
    for at, queue in enumerate(law.configuration.queues):
        sigma2 = np.log1p(law.spread[at] ** 2)
        for _ in range(random.poisson(law.visitors[at] * levels[at])):
            quarter = random.choice(BINS, p=rates[at])
            minute, slot = float(quarter * 15 + random.random() * 15), None
            klass = str(random.choice(list(CLASSES), p=[share for share, _, _ in CLASSES.values()]))
            if random.random() < APPOINTMENTS:
                klass, slot = APPOINTMENT, float(quarter * 15)
                booked.append((slot, queue.code))
                minute = max(OPENS - 5.0, slot + float(random.normal(-5, 6)))
                if random.random() < 0.1:
                    continue
            those.append(Person(
                minute=minute, queue=queue.code, klass=klass, slot=slot, comes=random.random() > NO_SHOW,
                walks=float(random.exponential(WALK)), turns=float(random.exponential(TURN)),
                takes=float(random.lognormal(np.log(law.minutes[at]) - sigma2 / 2, np.sqrt(sigma2))),
                gives_up=float(random.exponential(ABSENCE)),
            ))  # fmt: skip
    those.sort(key=lambda person: person.minute)
    return People(day=(FIRST_DAY + timedelta(days=number)).isoformat(), those=tuple(those), booked=tuple(booked))


def breaks(law: Laws, day: str) -> tuple[Break, ...]:
    """Lunch in turns: half an hour each from 11:30 on."""
    midnight = instant(law.configuration.timezone, day, "00:00")
    return tuple(
        Break(window=w.code, begins=midnight + round(begins * MINUTE), ends=midnight + round((begins + BREAK) * MINUTE))
        for number, w in enumerate(law.configuration.windows)
        for begins in [690 + 30 * (number % 4)]
    )
