"""What one call costs: who is next, among 60 windows, 12 queues and ever longer lines.

    python -m bench.dispatch

CPU microseconds of one press of "next" (the ticket at the window is finished, the next chosen with its reason, the
facts applied), and of the choice alone, mean of 2,000, for 1,000 to 100,000 waiting. The ratio to 5,000 waiting stands
beside the ratio of their logarithms: a cost that grows no faster than log n stays below it.
"""

from __future__ import annotations

import math
import random
import time

from queue_server.domain import commands as c
from queue_server.domain import configuration as cfg
from queue_server.domain import events as e
from queue_server.domain.decide import decide
from queue_server.domain.dispatch import choose
from queue_server.domain.model import Hall
from queue_server.domain.promise import MINUTE, due_at

WAITING = (1_000, 5_000, 20_000, 50_000, 100_000)
BASE = 5_000
CALLS = 2_000
QUEUES, WINDOWS = "ABCDEFGHJKLM", 60
DAY, START = "2026-03-02", 1_772_413_200_000  # 09:00 in the hall
CLASSES = ("ordinary", "elderly", "military")


def configuration() -> cfg.Configuration:
    """Every window has one queue of its own and helps with three."""
    served = [(QUEUES[n % 12], *(QUEUES[(n + more) % 12] for more in (1, 4, 7))) for n in range(WINDOWS)]
    return cfg.Configuration(
        hall="BENCH", name=cfg.Text(zh="大厅"), kind="city_hall", timezone="Asia/Shanghai",
        hours=cfg.Hours(periods=(cfg.Opening(opens="00:00", closes="23:59"),), weekdays=(1, 2, 3, 4, 5, 6, 7)),
        queues=tuple(cfg.Queue(code=q, letter=q, name=cfg.Text(zh=q), minutes=10, spread=0.7) for q in QUEUES),
        services=(),
        windows=tuple(
            cfg.WindowSetup(
                code=str(n + 1), name=cfg.Text(zh=str(n + 1)),
                serves=tuple(cfg.Serves(queue=q, helper_after=5.0 * (q != own)) for q in (own, *more)),
            )
            for n, (own, *more) in enumerate(served)
        ),
        classes=tuple(
            cfg.ResidentClass(code=code, name=cfg.Text(zh=code), target_minutes=minutes, strict=code == "military")
            for code, minutes in zip(CLASSES, (30, 15, 5), strict=True)
        ),
        kiosks=(),
    )  # fmt: skip


def crowded(waiting: int) -> Hall:
    hall, chance, setup = Hall(), random.Random(1), configuration()
    for fact in decide(hall, c.OpenDay(day=DAY, configuration=setup), START):
        hall.apply(fact)
    for window in setup.windows:
        hall.apply(e.WindowOpened(at=START, window=window.code))
    for number in range(waiting):
        join(hall, chance, number, START + chance.randrange(60 * MINUTE))
    return hall


def join(hall: Hall, chance: random.Random, number: int, at: int) -> None:
    queue, klass = chance.choice(QUEUES), chance.choices(CLASSES, (90, 9, 1))[0]
    assert hall.configuration
    hall.apply(e.TicketIssued(
        at=at, ticket=f"{number:08d}", day=DAY, queue=queue, number=number, label=f"{queue}{number:03d}", klass=klass,
        due_at=due_at(hall.configuration, queue, klass, at, None), strict=klass == "military", source="bench",
    ))  # fmt: skip


def cost(hall: Hall) -> tuple[float, float]:
    """CPU µs of a press of "next", and of the choice in it. For each who is called another comes."""
    now, chance = START + 60 * MINUTE, random.Random(2)
    windows = list(hall.windows.values())
    presses = choices = 0.0
    for turn in range(CALLS):
        window = windows[turn % len(windows)]
        if window.ticket:  # its resident came to it at once
            for fact in decide(hall, c.Start(window=window.code), now):
                hall.apply(fact)
        begun = time.process_time()
        for fact in decide(hall, c.CallNext(window=window.code, outcome=e.Outcome.DONE), now):
            hall.apply(fact)
        called = time.process_time()
        choose(hall, window)
        choices += time.process_time() - called
        presses += called - begun
        now += 1000
        join(hall, chance, 10_000_000 + turn, now)
    return presses / CALLS * 1e6, choices / CALLS * 1e6


def main() -> None:
    costs = {}
    for waiting in WAITING:
        costs[waiting] = cost(crowded(waiting))
    print(f"{'waiting':>8} {'press µs':>9} {'choice µs':>9} {'press ÷ 5,000':>14} {'log n ÷ log 5,000':>18}")
    for waiting, (press, choice) in costs.items():
        grown, allowed = press / costs[BASE][0], math.log(waiting) / math.log(BASE)
        print(f"{waiting:8,} {press:9.0f} {choice:9.1f} {grown:14.2f} {allowed:18.2f}")


if __name__ == "__main__":
    main()
