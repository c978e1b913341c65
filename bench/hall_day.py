"""A day of the simulated city hall under a rule and a policy, that can be split: the same people, the same services.

Everything about a ticket (when it comes, how long it takes an average window, whether its resident comes) is drawn
before the day begins (`hall_people`), so two policies meet the same day, and a copy of the hall made at one instant can
live on with and without a change. It is lived through by the real `Hall` and its calling rule.
"""

from __future__ import annotations

import heapq
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from bench.hall_people import BREAK, People
from queue_server.backtest.city_hall import CLOSES, OPENS, WHY, Laws
from queue_server.domain import events as e
from queue_server.domain.calendar import instant
from queue_server.domain.configuration import APPOINTMENT, Serves
from queue_server.domain.dispatch import choose
from queue_server.domain.model import Hall
from queue_server.domain.promise import MINUTE, due_at
from queue_server.forecast.arrays import Floats
from queue_server.forecast.live import Booking

RANK = {"military": 0, APPOINTMENT: 1, "elder": 2, "ordinary": 3}
LATER = 10_000.0
"""Minutes that put one class, or a window's second queue, behind all of another."""


class Calling(StrEnum):
    """Whom a free window calls."""

    PROMISE = "promise"
    FCFS = "first come, first served"
    STRICT = "strict priority"


@dataclass
class World:
    """The hall in the middle of a day. What is due: (minute, order, what, window, ticket number)."""

    hall: Hall
    minute: float = OPENS - 30.0
    agenda: list[tuple[float, int, str, str, int]] = field(default_factory=list)
    order: int = 0
    idle: set[str] = field(default_factory=set)
    settles: dict[str, float] = field(default_factory=dict)
    next: int = 0
    joined: list[float] = field(default_factory=list)
    called: list[float] = field(default_factory=list)


class Day:
    """One day of people under one calling rule. Worlds live in it; `fork` copies one."""

    def __init__(self, law: Laws, people: People, calling: Calling, *, keep: bool = False) -> None:
        self.law, self.people, self.calling = law, people, calling
        self.midnight = instant(law.configuration.timezone, people.day, "00:00")
        self.facts: list[e.Event] = []
        self._keep = keep
        self._own = {w.code: w.serves[0].queue for w in law.configuration.windows}

    def begin(self) -> World:
        world = World(hall=Hall())
        self._tell(
            world, e.DayOpened(at=self.at(OPENS - 30), day=self.people.day, configuration=self.law.configuration)
        )
        for number, window in enumerate(self.law.configuration.windows):
            self.assign(world, window.code, {s.queue: s.helper_after for s in window.serves}, 0.0)
            begins = 690.0 + 30 * (number % 4)
            for minute, what in ((float(OPENS), "open"), (begins, "leave"), (begins + BREAK, "open")):
                self._later(world, minute, what, window.code)
        return world

    def at(self, minute: float) -> e.Instant:
        return self.midnight + round(minute * MINUTE)

    def fork(self, world: World) -> World:
        copy: World = pickle.loads(pickle.dumps(world))
        return copy

    def assign(self, world: World, window: str, serves: Mapping[str, float], settles: float) -> None:
        """The window serves these from now on (queue -> helper delay in minutes), under this day's calling rule."""
        match self.calling:
            case Calling.PROMISE:
                delays = dict(serves)
            case Calling.FCFS:
                delays = dict.fromkeys(serves, 0.0)
            case Calling.STRICT:
                own = min(serves, key=lambda queue: (queue != self._own[window], serves[queue]))
                delays = {queue: 0.0 if queue == own else LATER / 2 for queue in serves}
        fact = e.QueuesAssigned(
            at=self.at(world.minute),
            window=window,
            serves=tuple(Serves(queue=q, helper_after=d) for q, d in delays.items()),
        )
        self._tell(world, fact)
        if settles and world.hall.windows[window].is_open:
            world.settles[window] = settles
        if window in world.idle:
            world.idle.discard(window)
            self._later(world, world.minute + world.settles.pop(window, 0.0), "call", window)

    def live(self, world: World, until: float) -> None:
        """On to that minute of the day."""
        those = self.people.those
        while True:
            arrives = those[world.next].minute if world.next < len(those) else np.inf
            acts = world.agenda[0][0] if world.agenda else np.inf
            if min(arrives, acts) > until or not np.isfinite(min(arrives, acts)):
                break
            world.minute = min(arrives, acts)
            if arrives < acts:
                self._arrive(world)
            else:
                _, _, what, window, ticket = heapq.heappop(world.agenda)
                self._act(world, what, window, ticket)
        if np.isfinite(until):
            world.minute = until

    def booked(self, world: World) -> list[Booking]:
        """Appointments that have not checked in and are not ten minutes late."""
        here: dict[tuple[float, str], int] = {}
        for person in self.people.those[: world.next]:
            if person.slot is not None:
                here[person.slot, person.queue] = here.get((person.slot, person.queue), 0) + 1
        left = []
        for slot, queue in self.people.booked:
            if here.get((slot, queue), 0) > 0:
                here[slot, queue] -= 1
            elif slot > world.minute - 10:
                left.append(Booking(queue=queue, slot=self.at(slot)))
        return left

    def _tell(self, world: World, fact: e.Event) -> None:
        if self._keep:
            self.facts.append(fact)
        world.hall.apply(fact)

    def _later(self, world: World, minute: float, what: str, window: str, ticket: int = -1) -> None:
        world.order += 1
        heapq.heappush(world.agenda, (minute, world.order, what, window, ticket))

    def _arrive(self, world: World) -> None:
        number, person = world.next, self.people.those[world.next]
        world.next += 1
        world.joined.append(person.minute)
        world.called.append(np.inf)
        at = self.at(person.minute)
        slot = None if person.slot is None else self.at(person.slot)
        configuration = self.law.configuration
        match self.calling:
            case Calling.PROMISE:
                due, strict = due_at(configuration, person.queue, person.klass, at, slot), person.klass == "military"
            case Calling.FCFS:
                due, strict = at, False
            case Calling.STRICT:
                due, strict = at + round(RANK[person.klass] * LATER * MINUTE), False
        self._tell(world, e.TicketIssued(
            at=at, ticket=f"{number}", day=self.people.day, queue=person.queue, number=number, label=f"{number}",
            klass=person.klass, due_at=due, source="sim", strict=strict, slot=slot,
        ))  # fmt: skip
        for window in sorted(world.idle):
            if person.queue in world.hall.windows[window].serves:
                self._call(world, window)
                break

    def _act(self, world: World, what: str, window: str, ticket: int) -> None:
        at, hall = self.at(world.minute), world.hall
        match what:
            case "open":
                self._tell(world, e.WindowOpened(at=at, window=window))
                if hall.windows[window].ticket is None:
                    self._call(world, window)
            case "leave":
                world.idle.discard(window)
                self._tell(world, e.WindowPaused(at=at, window=window))
            case "call":
                self._call(world, window)
            case "start":
                self._tell(world, e.TicketStarted(at=at, ticket=f"{ticket}", window=window))
                takes = self.people.those[ticket].takes * self.law.speed[window]
                self._later(world, world.minute + takes, "finish", window, ticket)
            case "finish" | "give up":
                gone = what == "give up"
                done = e.TicketFinished(at=at, ticket=f"{ticket}", window=window, outcome=e.Outcome.DONE)
                self._tell(world, e.TicketNoShow(at=at, ticket=f"{ticket}", window=window) if gone else done)
                turns = self.people.those[ticket].turns + world.settles.pop(window, 0.0)
                self._later(world, world.minute + turns, "call", window)

    def _call(self, world: World, code: str) -> None:
        window = world.hall.windows[code]
        world.idle.discard(code)
        if window.ticket is not None or window.paused or not window.is_open:
            return
        if code in world.settles:
            self._later(world, world.minute + world.settles.pop(code), "call", code)
            return
        ticket = choose(world.hall, window)
        if ticket is None:
            world.idle.add(code)
            return
        number = int(ticket.id)
        person = self.people.those[number]
        world.called[number] = world.minute
        self._tell(world, e.TicketCalled(at=self.at(world.minute), ticket=ticket.id, window=code, why=WHY))
        if person.comes:
            self._later(world, world.minute + person.walks, "start", code, number)
        else:
            self._later(world, world.minute + person.gives_up, "give up", code, number)


def lived(day: Day, every: float, decide: Callable[[World], None] | None) -> World:
    """A whole day; `decide` is asked every so many minutes while the hall is open."""
    world = day.begin()
    for minute in np.arange(OPENS + every, CLOSES, every) if decide else ():
        day.live(world, float(minute))
        decide(world)
    day.live(world, np.inf)
    return world


def waited(world: World) -> Floats:
    """Minutes from coming to the call, of everybody (inf: never called)."""
    return np.array(world.called) - np.array(world.joined)


def waited_within(world: World, begins: float, window: float) -> Floats:
    """Those who waited at an instant or came within the window after it: minutes to the call, or to its end."""
    joined, called = np.array(world.joined), np.array(world.called)
    counted = (joined < begins + window) & (called > begins)
    return np.minimum(called, begins + window)[counted] - joined[counted]
