"""A simulated city hall to judge predictions on, with an oracle that knows its laws.

60 windows, 2,000 visitors, 12 queues, lognormal service, windows of different speed, a morning peak, lunch breaks in
turns, 5 % no-shows, 20 % appointments. It lives through the real `Hall` and its calling rule; the laws behind it are
drawn here and known only to the oracle.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial

import numpy as np

from queue_server.domain import events as e
from queue_server.domain.calendar import instant
from queue_server.domain.configuration import (
    APPOINTMENT,
    Configuration,
    Hours,
    Opening,
    Queue,
    ResidentClass,
    Serves,
    Text,
    WindowSetup,
)  # fmt: skip
from queue_server.domain.dispatch import choose
from queue_server.domain.model import Hall
from queue_server.domain.promise import MINUTE, due_at
from queue_server.forecast.arrays import Floats
from queue_server.forecast.durations import LEVELS, Durations
from queue_server.forecast.learned import BINS, Learned
from queue_server.forecast.live import Booking, Break, snapshot
from queue_server.forecast.snapshot import Snapshot, Waiting

OPENS, CLOSES = 8 * 60 + 30, 16 * 60 + 30
WALK, TURN, ABSENCE = 0.5, 0.5, 1.5
"""Mean minutes from call to start, from finish to the next call, and until a no-show is given up."""
NO_SHOW, APPOINTMENTS, SPEEDS, LOAD = 0.05, 0.20, 0.2, 1.04
CLASSES = {"ordinary": (0.88, 20.0, False), "elder": (0.10, 10.0, False), "military": (0.02, 5.0, True)}
WHY = e.Why(rule=e.Rule.PROMISE, waited=0, promised=0)
FIRST_DAY = date(2026, 3, 2)


@dataclass(frozen=True, kw_only=True)
class Laws:
    """How the simulated hall really is. `minutes`, `spread`, `visitors` by queue, `speed` by window, `rate` (96): the
    day's shape, summing to 1."""

    configuration: Configuration
    minutes: Floats
    spread: Floats
    visitors: Floats
    speed: dict[str, float]
    rate: Floats

    def known(self) -> Learned:
        """What the oracle knows: everything but the dice."""
        random = np.random.default_rng(11)
        codes = tuple(queue.code for queue in self.configuration.queues)
        cycle = [
            np.quantile(_service(random, minutes, spread, 40_000) + _turn(random, 40_000), LEVELS)
            for minutes, spread in zip(self.minutes, self.spread, strict=True)
        ]
        absent = np.quantile(random.exponential(ABSENCE, 40_000) + random.exponential(TURN, 40_000), LEVELS)
        walk_ins = (1 - APPOINTMENTS) * self.visitors
        return Learned(
            queues=codes,
            durations=Durations(
                cycle=np.array(cycle), no_show=np.full(len(codes), NO_SHOW), absent=absent, speed=self.speed
            ),
            arrivals={
                (code, klass): self.rate * walk_ins[at] * share
                for at, code in enumerate(codes)
                for klass, (share, _, _) in CLASSES.items()
            },
            days=1,
            shape=200.0,
        )  # fmt: skip


def laws(seed: int, *, windows: int = 60, queues: int = 12, visitors: int = 2000) -> Laws:
    """Draw a hall. Its configured minutes are a fifth off, up or down: nobody configures them right."""
    random = np.random.default_rng(seed)
    weight = random.dirichlet(np.full(queues, 6.0))
    minutes, spread = random.uniform(6, 20, queues), random.uniform(0.5, 0.9, queues)
    count = weight * visitors
    minutes *= LOAD * windows * (CLOSES - OPENS) / float((count * (minutes + WALK + TURN)).sum())
    work = count * minutes
    owners = np.maximum(1, np.floor(work / work.sum() * windows)).astype(int)
    while owners.sum() < windows:
        owners[np.argmax(work / owners)] += 1
    while owners.sum() > windows:
        owners[np.argmin(np.where(owners > 1, work / owners, np.inf))] -= 1
    own = np.repeat(np.arange(queues), owners)
    setups = []
    for number, queue in enumerate(own):
        serves = [Serves(queue=f"Q{queue}")]
        other = (queue + 1 + random.integers(queues - 1)) % queues
        if random.random() < 0.6:
            serves.append(Serves(queue=f"Q{other}", helper_after=float(random.choice([0.0, 5.0, 10.0]))))
        setups.append(WindowSetup(code=f"{number + 1}", name=Text(zh=f"{number + 1}"), serves=tuple(serves)))
    configuration = Configuration(
        hall="SIM", name=Text(zh="模拟大厅", en="Simulated hall"), kind="city", timezone="Asia/Shanghai",
        hours=Hours(periods=(Opening(opens="08:30", closes="16:30"),), weekdays=(1, 2, 3, 4, 5, 6, 7)),
        queues=tuple(
            Queue(
                code=f"Q{q}", letter=chr(65 + q), name=Text(zh=chr(65 + q)), visitors_per_day=round(float(count[q])),
                minutes=float(minutes[q] * random.choice([0.8, 1.2])), spread=0.7,
            )
            for q in range(queues)
        ),
        services=(), windows=tuple(setups),
        classes=(
            *(
                ResidentClass(code=code, name=Text(zh=code), target_minutes=promised, strict=strict)
                for code, (_, promised, strict) in CLASSES.items()
            ),
            ResidentClass(code="appointment", name=Text(zh="预约"), target_minutes=5.0),
        ),
    )  # fmt: skip
    speed = {s.code: float(np.exp(random.normal(0, SPEEDS))) for s in setups}
    middle = (np.arange(BINS) + 0.5) * 15
    shape = 1 + 0.9 * np.exp(-(((middle - 585) / 55) ** 2)) + 0.5 * np.exp(-(((middle - 870) / 50) ** 2))
    shape[(middle < OPENS) | (middle > CLOSES - 20)] = 0
    return Laws(
        configuration=configuration,
        minutes=minutes,
        spread=spread,
        visitors=count,
        speed=speed,
        rate=shape / shape.sum(),
    )


@dataclass(frozen=True, kw_only=True)
class Question:
    """A ticket at its issue: the hall as it stood, what ours and the oracle know, what the simple rules say, and the
    wait that followed (NaN: never called)."""

    klass: str
    ours: Snapshot
    oracle: Snapshot
    rules: dict[str, float]
    wait: float


@dataclass(frozen=True, kw_only=True)
class SimulatedDay:
    day: str
    facts: tuple[e.Event, ...]
    questions: tuple[Question, ...]


@dataclass
class _Life:
    """One day, minute by minute."""

    laws: Laws
    learned: Learned
    known: Learned
    day: str
    ask: float
    random: np.random.Generator
    hall: Hall = field(default_factory=Hall)
    facts: list[e.Event] = field(default_factory=list)
    asked: list[tuple[str, Question]] = field(default_factory=list)
    agenda: list[tuple[float, int, Callable[[float], None]]] = field(default_factory=list)
    order: itertools.count[int] = field(default_factory=itertools.count)
    last_waits: dict[str, list[float]] = field(default_factory=dict)
    booked: list[Booking] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
    idle: set[str] = field(default_factory=set)
    midnight: e.Instant = 0

    def tell(self, fact: e.Event) -> None:
        self.facts.append(fact)
        self.hall.apply(fact)

    def later(self, minute: float, act: Callable[[float], None]) -> None:
        heapq.heappush(self.agenda, (minute, next(self.order), act))

    def at(self, minute: float) -> e.Instant:
        return self.midnight + round(minute * MINUTE)

    def run(self) -> SimulatedDay:
        configuration = self.laws.configuration
        self.midnight = instant(configuration.timezone, self.day, "00:00")
        self.tell(e.DayOpened(at=self.at(OPENS - 30), day=self.day, configuration=configuration))
        self._plan()
        while self.agenda:
            minute, _, act = heapq.heappop(self.agenda)
            act(minute)
        questions = []
        for id_, question in self.asked:
            ticket = self.hall.tickets[id_]
            wait = math.nan if ticket.called_at is None else (ticket.called_at - ticket.issued_at) / MINUTE
            questions.append(replace(question, wait=wait))
        return SimulatedDay(day=self.day, facts=tuple(self.facts), questions=tuple(questions))

    def _plan(self) -> None:
        random, configuration = self.random, self.laws.configuration
        for number, window in enumerate(configuration.windows):
            self.later(OPENS, partial(self._open, window.code))
            begins = 690 + 30 * (number % 4)
            self.breaks.append(Break(window=window.code, begins=self.at(begins), ends=self.at(begins + 30)))
            self.later(begins, partial(self._leave, window.code))
            self.later(begins + 30, partial(self._open, window.code))
        volume = random.gamma(100, 1 / 100)
        for at, queue in enumerate(configuration.queues):
            for _ in range(random.poisson(self.laws.visitors[at] * volume)):
                quarter = random.choice(BINS, p=self.laws.rate)
                minute = float(quarter * 15 + random.random() * 15)
                if random.random() < APPOINTMENTS:
                    slot = self.at(quarter * 15)
                    booking = Booking(queue=queue.code, slot=slot)
                    self.booked.append(booking)
                    if random.random() > 0.1:
                        here = max(OPENS - 5.0, quarter * 15 + random.normal(-5, 6))
                        self.later(here, partial(self._arrive, queue.code, APPOINTMENT, booking))
                else:
                    klass = str(random.choice(list(CLASSES), p=[share for share, _, _ in CLASSES.values()]))
                    self.later(minute, partial(self._arrive, queue.code, klass, None))

    def _arrive(self, queue: str, klass: str, booking: Booking | None, minute: float) -> None:
        configuration, at, id_ = self.laws.configuration, self.at(minute), f"t{len(self.hall.tickets):05d}"
        if booking is not None:
            self.booked.remove(booking)
        slot = booking.slot if booking is not None else None
        due = due_at(configuration, queue, klass, at, slot)
        strict = configuration.resident_class[klass].strict
        if minute > OPENS + 10 and self.random.random() < self.ask:
            self.asked.append((id_, self._question(minute, queue, klass, (due - at) / MINUTE, strict)))
        number = self.hall.last_number.get(queue, 0) + 1
        self.tell(e.TicketIssued(
            at=at, ticket=id_, day=self.day, queue=queue, number=number, label=f"{queue}-{number}", klass=klass,
            due_at=due, source="sim", strict=strict, slot=slot,
        ))  # fmt: skip
        for window in self.hall.windows.values():
            if window.is_open and not window.paused and window.ticket is None and window.code in self.idle:
                self._call(window.code, minute)

    def _question(self, minute: float, queue: str, klass: str, due: float, strict: bool) -> Question:
        at = self.at(minute)
        due_bookings = [b for b in self.booked if b.slot > at - 10 * MINUTE]
        index = self.learned.queues.index(queue)
        asked = (Waiting(id="", queue=index, due=due, joined=0.0, strict=strict),)
        halls = [
            replace(snapshot(self.hall, at, known, breaks=self.breaks, booked=due_bookings), asked=asked)
            for known in (self.learned, self.known)
        ]
        line = self.hall.line(queue)
        place = (not strict, at + round(due * MINUTE), at, "~")
        ahead = sum(1 for ticket in line if self.hall.tickets[ticket].place < place)
        open_windows = sum(w.is_open and not w.paused and queue in w.serves for w in self.hall.windows.values())
        waits = self.last_waits.get(queue, [])
        minutes = float(self.learned.durations.mean()[index])
        rules = {
            "position": (ahead + 1) * minutes / max(1, open_windows),
            "last": waits[-1] if waits else 0.0,
            "ten": float(np.mean(waits[-10:])) if waits else 0.0,
        }
        return Question(klass=klass, ours=halls[0], oracle=halls[1], rules=rules, wait=math.nan)

    def _open(self, window: str, minute: float) -> None:
        self.tell(e.WindowOpened(at=self.at(minute), window=window))
        if self.hall.windows[window].ticket is None:
            self._call(window, minute)

    def _leave(self, window: str, minute: float) -> None:
        self.tell(e.WindowPaused(at=self.at(minute), window=window))

    def _call(self, code: str, minute: float) -> None:
        window = self.hall.windows[code]
        self.idle.discard(window.code)
        if window.ticket is not None or window.paused:
            return
        ticket = choose(self.hall, window)
        if ticket is None:
            self.idle.add(window.code)
            return
        self.last_waits.setdefault(ticket.queue, []).append((self.at(minute) - ticket.issued_at) / MINUTE)
        self.tell(e.TicketCalled(at=self.at(minute), ticket=ticket.id, window=window.code, why=WHY))
        if self.random.random() < NO_SHOW:
            self.later(minute + self.random.exponential(ABSENCE), partial(self._give_up, window.code, ticket.id))
        else:
            self.later(minute + self.random.exponential(WALK), partial(self._start, window.code, ticket.id))

    def _start(self, window: str, ticket: str, minute: float) -> None:
        self.tell(e.TicketStarted(at=self.at(minute), ticket=ticket, window=window))
        queue = self.learned.queues.index(self.hall.tickets[ticket].queue)
        took = _lognormal(self.random, self.laws.minutes[queue], self.laws.spread[queue], 1)[0]
        self.later(minute + float(took) * self.laws.speed[window], partial(self._finish, window, ticket))

    def _finish(self, window: str, ticket: str, minute: float) -> None:
        at = self.at(minute)
        self.tell(e.TicketFinished(at=at, ticket=ticket, window=window, outcome=e.Outcome.DONE))
        self.later(minute + self.random.exponential(TURN), partial(self._call, window))

    def _give_up(self, window: str, ticket: str, minute: float) -> None:
        self.tell(e.TicketNoShow(at=self.at(minute), ticket=ticket, window=window))
        self.later(minute + self.random.exponential(TURN), partial(self._call, window))


def live(law: Laws, learned: Learned, number: int, seed: int, ask: float) -> SimulatedDay:
    """One day of the hall; about `ask` of its tickets become questions."""
    day = (FIRST_DAY + timedelta(days=number)).isoformat()
    random = np.random.default_rng([seed, number])
    return _Life(laws=law, learned=learned, known=law.known(), day=day, ask=ask, random=random).run()


def _lognormal(random: np.random.Generator, mean: float, spread: float, size: int) -> Floats:
    sigma2 = math.log(1 + spread**2)
    return random.lognormal(math.log(mean) - sigma2 / 2, math.sqrt(sigma2), size)


def _service(random: np.random.Generator, mean: float, spread: float, size: int) -> Floats:
    return random.exponential(WALK, size) + _lognormal(random, mean, spread, size)


def _turn(random: np.random.Generator, size: int) -> Floats:
    return random.exponential(TURN, size)
