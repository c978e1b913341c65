"""What a refresh of all predicted waits costs: the simulated city hall at its fullest, and fuller still.

    python -m bench.forecast

CPU milliseconds of one thread (the machine's speed is in them), the median of several refreshes, everything included:
the snapshot of the hall, the simulation, the quantiles of every waiting ticket and of a new one in each queue.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import statistics
import time

from queue_server.backtest.city_hall import Laws, laws, live
from queue_server.domain import events as e
from queue_server.domain.model import Hall
from queue_server.domain.promise import due_at
from queue_server.forecast.learned import Learned, learn, observe
from queue_server.forecast.live import forecast

REPEATS = 7


def fullest(law: Laws, facts: tuple[e.Event, ...], waiting: int) -> tuple[Hall, int]:
    """The hall at its fullest moment before noon, more tickets added to its lines until so many wait."""
    most, when, now = -1, 0, 0
    for fact in facts[: len(facts) // 2]:
        now += isinstance(fact, e.TicketIssued) - isinstance(fact, e.TicketCalled)
        if now > most:
            most, when = now, fact.at
    hall = Hall()
    for fact in facts:
        if fact.at <= when:
            hall.apply(fact)
    codes = [queue.code for queue in law.configuration.queues]
    for extra in range(max(0, waiting - sum(map(len, hall.lines.values())))):
        queue, at = codes[extra % len(codes)], when - 1000 * (extra % 600)
        hall.apply(e.TicketIssued(
            at=at, ticket=f"x{extra}", day=hall.day or "", queue=queue, number=extra, label=f"{queue}{extra}",
            klass="ordinary", due_at=due_at(law.configuration, queue, "ordinary", at, None), source="bench",
        ))  # fmt: skip
    return hall, when


def refresh(hall: Hall, at: int, learned: Learned, runs: int) -> float:
    """CPU ms of one refresh, the median of several."""
    costs = []
    for _ in range(REPEATS):
        started = time.process_time()
        forecast(hall, at, learned, runs=runs)
        costs.append((time.process_time() - started) * 1000)
    return statistics.median(costs)


def main() -> None:
    law = laws(1)
    day = live(law, learn(law.configuration, []), 0, 1, 0.0)
    learned = learn(law.configuration, observe(day.facts, law.configuration))
    print("waiting   runs   CPU ms a refresh")
    for waiting in (100, 300):
        hall, at = fullest(law, day.facts, waiting)
        for runs in (100, 150, 200):
            print(f"{sum(map(len, hall.lines.values())):7}{runs:7}{refresh(hall, at, learned, runs):13.0f}")


if __name__ == "__main__":
    main()
