"""What recommendations are worth: the simulated city hall, the same days under several policies.

    python -m bench.recommend [HALLS] [WINDOWS QUEUES]

Each hall learns from five days of its own and is judged on a sixth, at 80 % load: 30 windows and 8 queues unless told
otherwise (half the city hall, because a day is lived through some hundred times). Queues have hours and days of their
own. Windows start with what the city hall gives them and never serve more than two queues; their staff know about a
third of the others. All policies have the same staff, breaks, people and services.

What a recommendation really does is seen in two copies of the hall at that instant, which live on for 75 minutes with
and without it, and meet the same people.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from bench.forecast import fullest, refresh
from bench.hall_day import Calling, Day, World, lived, waited, waited_within
from bench.hall_people import breaks, busy, draw_people
from queue_server.backtest.city_hall import Laws, laws, live
from queue_server.domain.promise import MINUTE
from queue_server.forecast.arrays import Floats
from queue_server.forecast.learned import Learned, learn, observe
from queue_server.forecast.live import snapshot
from queue_server.forecast.outlook import WINDOW, Likely, figures
from queue_server.forecast.recommend import Limits, Recommendation, recommend

EVERY, LOAD, UNEVEN, TRAINED = 15.0, 0.8, 0.3, 0.35
LEARNED_DAYS, JUDGED_DAY = 5, 8
QUEUES_PER_WINDOW, MOVES = 2, 8
FREE = ", free switching"

Serves = Mapping[str, float]
FIGURES = ("mean", "p90", "long")


@dataclass(frozen=True, kw_only=True)
class Told:
    """One recommendation: what was predicted to be saved, and what was (mean, P90, share over 30 minutes)."""

    said: tuple[Likely, ...]
    saved: tuple[float, ...]
    moves: int


@dataclass(kw_only=True)
class Ours:
    """Follows every recommendation and watches what each does."""

    day: Day
    learned: Learned
    skills: Mapping[str, frozenset[str]]
    settles: float
    watch: bool = True
    told: list[Told] = field(default_factory=list)

    def __call__(self, world: World) -> None:
        day = self.day
        start = snapshot(
            world.hall, day.at(world.minute), self.learned,
            breaks=breaks(day.law, day.people.day), booked=day.booked(world),
        )  # fmt: skip
        limits = Limits(queues_per_window=QUEUES_PER_WINDOW, moves=MOVES, settles=self.settles)
        said = recommend(start, self.learned, skills=self.skills, seed=int(world.minute), limits=limits)
        if said is None:
            return
        if self.watch:
            without, followed = day.fork(world), day.fork(world)
            self._follow(followed, said)
            came = [self._figures(copy, world.minute) for copy in (without, followed)]
            saved = tuple(float(a - b) for a, b in zip(*came, strict=True))
            predicted = tuple(getattr(said.effect.saved, name) for name in FIGURES)
            self.told.append(Told(said=predicted, saved=saved, moves=len(said.moves)))
        self._follow(world, said)

    def _follow(self, world: World, said: Recommendation) -> None:
        for window, serves in said.serves.items():
            self.day.assign(world, window, serves, self.settles)

    def _figures(self, world: World, begins: float) -> tuple[float, ...]:
        self.day.live(world, begins + WINDOW)
        of = figures(waited_within(world, begins, WINDOW)[None])
        return tuple(float(getattr(of, name)[0]) for name in FIGURES)


@dataclass(kw_only=True)
class ByEye:
    """A manager who looks at the lines and sends `moves` windows, one after the other, to the longest one: of those
    whose staff know it, the one whose own lines are shortest; no queue is left without a window."""

    day: Day
    skills: Mapping[str, frozenset[str]]
    settles: float
    moves: int

    def __call__(self, world: World) -> None:
        moved: set[str] = set()
        for _ in range(self.moves):
            lines = {queue.code: len(world.hall.line(queue.code)) for queue in self.day.law.configuration.queues}
            longest = max(lines, key=lambda queue: lines[queue])
            window = self._idlest(world, lines, longest, moved)
            if window is None:
                return
            moved.add(window)
            serves = {queue: delay / MINUTE for queue, delay in world.hall.windows[window].serves.items()}
            if len(serves) >= QUEUES_PER_WINDOW:
                del serves[min(serves, key=lambda queue: lines[queue])]
            self.day.assign(world, window, serves | {longest: 0.0}, self.settles)

    def _idlest(self, world: World, lines: Mapping[str, int], longest: str, moved: set[str]) -> str | None:
        there = {code: w for code, w in world.hall.windows.items() if w.is_open and not w.paused}
        many = {queue: sum(queue in w.serves for w in there.values()) for queue in lines}
        able = [
            (max(lines[queue] for queue in w.serves), code)
            for code, w in there.items()
            if code not in moved and longest in self.skills[code] - w.serves.keys()
            and all(many[queue] > 1 for queue in w.serves)
        ]  # fmt: skip
        line, window = min(able, default=(0, ""))
        return window if window and line < lines[longest] - 1 else None


def judge(seed: int, windows: int, queues: int) -> tuple[dict[str, Floats], list[Told]]:
    """The waits of one hall's day by policy, and what became of the recommendations."""
    law = busy(seed, LOAD, windows=windows, queues=queues)
    skills, learned = _skills(law, seed), _learned(law, seed)
    people = draw_people(law, JUDGED_DAY, seed, UNEVEN)
    waits: dict[str, Floats] = {}
    for calling in Calling:
        waits[f"static, {calling}"] = waited(lived(Day(law, people, calling), EVERY, None))
    for settles, cost in ((2.0, ""), (0.0, FREE)):
        for calling in (Calling.FCFS, Calling.PROMISE):
            for moves in (1, 2):
                day = Day(law, people, calling)
                manager = ByEye(day=day, skills=skills, settles=settles, moves=moves)
                waits[f"by eye, {moves} at a time, {calling}{cost}"] = waited(lived(day, EVERY, manager))
    told: list[Told] = []
    for settles, cost in ((2.0, ""), (0.0, FREE)):
        day = Day(law, people, Calling.PROMISE)
        ours = Ours(day=day, learned=learned, skills=skills, settles=settles, watch=not cost)
        waits[f"ours{cost}"] = waited(lived(day, EVERY, ours))
        told += ours.told
    return waits, told


def _skills(law: Laws, seed: int) -> dict[str, frozenset[str]]:
    random = np.random.default_rng([seed, 99])
    codes = [queue.code for queue in law.configuration.queues]
    return {
        w.code: frozenset({s.queue for s in w.serves} | {code for code in codes if random.random() < TRAINED})
        for w in law.configuration.windows
    }


def _learned(law: Laws, seed: int) -> Learned:
    days = []
    for number in range(LEARNED_DAYS):
        day = Day(law, draw_people(law, number, seed, UNEVEN), Calling.PROMISE, keep=True)
        lived(day, EVERY, None)
        days += observe(day.facts, law.configuration)
    return learn(law.configuration, days)


def report(told: list[Told]) -> None:
    print(f"{len(told)} recommendations, {statistics.mean(t.moves for t in told):.1f} windows each")
    for place, name in enumerate(FIGURES):
        said = np.array([[getattr(t.said[place], of) for of in ("expected", "low", "high")] for t in told])
        saved = np.array([t.saved[place] for t in told])
        inside = np.mean((said[:, 1] <= saved + 1e-9) & (saved <= said[:, 2] + 1e-9))
        ratio = said[:, 0].sum() / saved.sum() if saved.sum() else float("nan")
        print(
            f"  {name:5} predicted {said[:, 0].mean():6.3f}, came about {saved.mean():6.3f}: ratio {ratio:.2f}; "
            f"in the 90 % range {inside:.0%}; helped {np.mean(saved > 0):.0%}, harmed {np.mean(saved < 0):.0%}"
        )


def cost() -> None:
    """CPU of a recommendation at the city hall's fullest, 300 waiting, beside one refresh of all predicted waits."""
    law = laws(1)
    day = live(law, learn(law.configuration, []), 0, 1, 0.0)
    learned = learn(law.configuration, observe(day.facts, law.configuration))
    hall, at = fullest(law, day.facts, 300)
    start, skills, spent = snapshot(hall, at, learned), _skills(law, 1), []
    for seed in range(5):
        begun = time.process_time()
        recommend(start, learned, skills=skills, seed=seed, limits=Limits(moves=MOVES))
        spent.append(time.process_time() - begun)
    once = refresh(hall, at, learned, 150) / 1000
    print(f"300 waiting, 60 windows, 12 queues: {statistics.median(spent):.2f} s of CPU, {max(spent):.2f} s at most, "
          f"{statistics.median(spent) / once:.1f} refreshes of {once * 1000:.0f} ms")  # fmt: skip


def main(halls: int = 10, windows: int = 30, queues: int = 8) -> None:
    cost()
    p90: dict[str, list[float]] = {}
    means: dict[str, list[float]] = {}
    told: list[Told] = []
    for seed in range(1, halls + 1):
        waits, said = judge(seed, windows, queues)
        told += said
        for name, of in waits.items():
            p90.setdefault(name, []).append(float(np.quantile(of, 0.9)))
            means.setdefault(name, []).append(float(of.mean()))
        print(
            f"hall {seed}:",
            ", ".join(f"{name} {of[-1]:.1f}" for name, of in p90.items() if FREE not in name),
            flush=True,
        )
    print(f"\n{'minutes, mean of the halls':58}mean   P90   ours ÷ it   (geometric mean of the halls)")
    for name, each in p90.items():
        mine = p90["ours" + FREE * (FREE in name)]
        ratios = [a / b for a, b in zip(mine, each, strict=True)]
        print(
            f"{name:56}{statistics.mean(means[name]):6.1f}{statistics.mean(each):6.1f}{sum(mine) / sum(each):11.2f}"
            f"{statistics.geometric_mean(ratios):12.2f}"
        )
    report(told)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
