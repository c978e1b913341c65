"""Random schedules: what people do in a hall, and which faults come and go meanwhile. All of it follows from a seed."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from faults.hall import Hall
from faults.kinds import FAULTS
from faults.programs import Nursery, until
from faults.reader import Verdict
from faults.wire import Network

SCHEDULES = 12
"""In one hall, one after the other: so that what one leaves behind is there in the next."""
AT_ONCE = 4
"""Halls side by side: most of the time each of them waits for a time-out."""
DEAD = "kiosk dead for good"
MOST_ORDERS = 3
"""Orders one kiosk has before it at most; residents come one after the other."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """`what`: take, press, desk, restore, pause, or a fault with its number and whether it comes or goes."""

    what: str
    roll: float
    fault: int = -1
    comes: bool = False

    def __str__(self) -> str:
        return self.what if self.fault < 0 else f"{self.what} {'comes' if self.comes else 'goes'}"


def plan(chance: random.Random) -> list[Step]:
    """One schedule: a moment of a busy hall with one to four faults in it."""
    kinds = chance.choices(["take", "press", "desk", "restore", "pause"], [10, 8, 2, 1, 3], k=chance.randint(10, 20))
    steps = [Step(what=kind, roll=chance.random()) for kind in kinds]
    names, weights = list(FAULTS), [weight for _, weight in FAULTS.values()]
    for number in range(chance.randint(1, 4)):
        name, roll = chance.choices(names, weights)[0], chance.random()
        comes = chance.randrange(len(steps))
        goes = chance.randint(comes + 1, len(steps) + 1)
        steps.insert(comes, Step(what=name, roll=roll, fault=number, comes=True))
        steps.insert(goes, Step(what=name, roll=roll, fault=number))
    return steps


@dataclass(kw_only=True)
class Report:
    """What was injected, by name; what was looked at; and what was found, with the seed that leads there."""

    schedules: int = 0
    injected: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, other: Report) -> None:
        self.schedules += other.schedules
        self.injected += other.injected
        self.counts += other.counts
        self.faults += other.faults


def play(hall: Hall, chance: random.Random) -> Counter[str]:
    """One schedule in a hall that is well; leaves it as the faults left it. Gives the faults by name."""
    running: dict[int, ExitStack] = {}
    injected: Counter[str] = Counter()
    for step in plan(chance):
        roll = random.Random(step.roll)
        match step:
            case Step(what="take"):
                kiosk = roll.choice(hall.kiosks)
                if kiosk.child is not None and kiosk.child.runs and kiosk.waiting < MOST_ORDERS:
                    kiosk.order(take=roll.choice([{"queue": q} for q in "ABC"] + [{"queue": "B", "service": "tax"}]))
            case Step(what="press"):
                hall.staff.at_window(roll)
            case Step(what="desk"):
                hall.staff.at_desk(roll.choice("ABC"))
            case Step(what="restore"):
                hall.staff.restore()
            case Step(what="pause"):
                time.sleep(roll.uniform(0, 0.12))
            case Step(comes=True):
                running[step.fault] = stack = ExitStack()
                stack.enter_context(FAULTS[step.what][0](hall, roll))
                injected[step.what] += 1
            case _:
                running.pop(step.fault).close()
    for stack in running.values():
        stack.close()
    return injected


def day(
    seed: int, schedules: int, folder: Path, nursery: Nursery, network: Network,
    *, over: Callable[[], bool] = lambda: False,
) -> Report:  # fmt: skip
    """One hall from its opening through so many schedules, judged after each; it ends at the first fault found."""
    report = Report()
    verdict = Verdict()
    with Hall(folder, nursery, network) as hall:
        for number in range(schedules):
            if over():
                break
            try:
                report.injected += play(hall, random.Random(f"{seed}/{number}"))
                verdict = hall.settle()
            except (TimeoutError, AssertionError) as error:
                verdict.faults.append(repr(error))
            report.schedules += 1
            if verdict.faults:
                report.faults += [f"seed {seed}, schedule {number}: {fault}" for fault in verdict.faults]
                break
        else:
            if seed % 3 == 0:
                verdict = a_kiosk_dies(hall, report)
                report.faults += [f"seed {seed}, when a kiosk died for good: {fault}" for fault in verdict.faults]
        report.counts += verdict.counts
    return report


def a_kiosk_dies(hall: Hall, report: Report) -> Verdict:
    """For good, with facts that nobody else has. Those papers, and no others, are absent and can be named.

    Shown at the desk, their signed codes bring them back: then nothing is lost at all.
    """
    kiosk = hall.kiosks[0]
    kiosk.wire.gone()
    orders = [kiosk.order(take={"queue": queue}) for queue in "AB"]
    until(lambda: not kiosk.waiting, "the last tickets are printed")
    printed = [answer for order in orders if (answer := kiosk.answers[order])["printed"]]
    last = {f"{answer['label']} of {kiosk.code} ({answer['ticket']})" for answer in printed}
    hall.bury(kiosk)
    report.injected[DEAD] += 1
    verdict = hall.settle()
    if set(verdict.absent) != last:
        verdict.faults.append(f"absent are {verdict.absent}; known to the dead kiosk alone were {sorted(last)}")
    if verdict.faults:
        return verdict
    hall.take_in_papers()
    verdict = hall.settle()
    verdict.faults += [f"not even its paper brought back {paper}" for paper in verdict.absent]
    return verdict


def run(
    folder: Path, nursery: Nursery, network: Network, *, seed: int, halls: int, schedules: int = SCHEDULES,
    at_once: int = AT_ONCE, over: Callable[[], bool] = lambda: False, done: Callable[[Report], None] = lambda _: None,
) -> Report:  # fmt: skip
    """So many halls, `at_once` of them side by side, with the seeds `seed`, `seed` + 1, …

    `over` ends it early; `done` is told the report of each hall, in threads.
    """
    whole = Report()
    turn = threading.Lock()

    def one(number: int) -> None:
        if not over():
            report = day(number, schedules, folder / str(number), nursery, network, over=over)
            with turn:
                whole.add(report)
                done(report)

    with ThreadPoolExecutor(at_once) as running:
        for future in [running.submit(one, seed + number) for number in range(halls)]:
            future.result()
    return whole


@contextmanager
def programs() -> Iterator[tuple[Nursery, Network]]:
    """What all halls share."""
    network = Network()
    nursery = Nursery()
    try:
        yield nursery, network
    finally:
        nursery.close()
        network.close()
