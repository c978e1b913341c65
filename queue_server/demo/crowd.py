"""A crowd: residents who come through the day and staff who serve them, all through the hall's HTTP API.

Arrivals and service times follow the configuration (visitors a day, minutes and their spread); `speed` makes the
crowd live faster than the clock. What it does is what people could do; it has no other way into the hall.
"""

from __future__ import annotations

import heapq
import http.client
import itertools
import json
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from queue_server.config import ConfigurationError, load
from queue_server.domain.configuration import Configuration, WindowSetup
from queue_server.journal.ids import uuid7

OPEN_MINUTES = 420
"""A working day, over which a queue's visitors come."""
LOAD = 0.9
"""How busy the crowd keeps its windows: few enough open that people wait, enough that lines do not grow for ever."""
NO_SHOW = 0.05
ALREADY_WAITING = 25
"""Minutes of arrivals that are there when the crowd starts."""


class Hall:
    """The hall's API, as a client sees it."""

    def __init__(self, server: str, hall: str) -> None:
        self._host = urlsplit(server).netloc
        self._base = f"/api/v1/halls/{hall}"
        self._connection = http.client.HTTPConnection(self._host, timeout=10)

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and answer. A press that got no answer is made again with the same key, for up to a minute."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": uuid7()}
        for attempt in range(60):
            try:
                self._connection.request("POST", self._base + path, json.dumps(body), headers)
                response = self._connection.getresponse()
                return response.status, json.loads(response.read())
            except (OSError, http.client.HTTPException):
                self._connection.close()
                time.sleep(min(1.0, 0.1 * (attempt + 1)))
        raise ConnectionError(f"the hall server at {self._host} does not answer")


@dataclass
class Crowd:
    """Acts in the order of its own clock: minutes since it started, `speed` times faster than the wall's."""

    hall: Hall
    configuration: Configuration
    speed: float
    leave: frozenset[str]
    random: random.Random
    now: float = 0.0
    _agenda: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _order: itertools.count[int] = field(default_factory=itertools.count)

    def later(self, minutes: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self.now + minutes, next(self._order), act))

    def run(self) -> None:
        """Live until the process is ended."""
        self.begin()
        started = time.monotonic()
        while self._agenda:
            self.now, _, act = heapq.heappop(self._agenda)
            pause = started + self.now * 60 / self.speed - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            act()

    def begin(self) -> None:
        for queue in self.configuration.queues:
            if queue.visitors_per_day:
                rate = queue.visitors_per_day / OPEN_MINUTES
                for _ in range(round(rate * ALREADY_WAITING)):
                    self._take_ticket(queue.code)
                self.later(self.random.expovariate(rate), partial(self._arrive, queue.code, rate))
        for window in staffed(self.configuration, self.leave):
            self.hall.post(f"/windows/{window.code}/open", {})
            self.later(self.random.uniform(0, 0.5), partial(self._call, window.code))

    # --- residents

    def _arrive(self, queue: str, rate: float) -> None:
        self._take_ticket(queue)
        self.later(self.random.expovariate(rate), partial(self._arrive, queue, rate))

    def _take_ticket(self, queue: str) -> None:
        services = [s.code for s in self.configuration.services if s.queue == queue]
        klass = self.random.choices(("ordinary", "elder", "disabled", "military"), (90, 8, 1, 1))[0]
        body = {"service": self.random.choice(services)} if services else {"queue": queue}
        self.hall.post("/tickets", body | {"class": klass})

    # --- staff

    def _call(self, window: str) -> None:
        status, answer = self.hall.post(f"/windows/{window}/call-next", {})
        if status != 200:
            self.later(0.2, partial(self._call, window))
        elif self.random.random() < NO_SHOW:
            self.later(0.5, partial(self._recall, window, answer))
        else:
            self.later(self.random.uniform(0.2, 0.8), partial(self._start, window, answer))

    def _recall(self, window: str, called: dict[str, Any]) -> None:
        self.hall.post(f"/windows/{window}/recall", {"ticket": called["ticket"]["id"]})
        self.later(0.5, partial(self._no_show, window, called))

    def _no_show(self, window: str, called: dict[str, Any]) -> None:
        self.hall.post(f"/windows/{window}/no-show", {"ticket": called["ticket"]["id"]})
        self._call(window)

    def _start(self, window: str, called: dict[str, Any]) -> None:
        self.hall.post(f"/windows/{window}/start", {"ticket": called["ticket"]["id"]})
        self.later(self._minutes(called["ticket"]), partial(self._finish, window, called))

    def _finish(self, window: str, called: dict[str, Any]) -> None:
        outcome = self.random.choices(("done", "accepted", "answered", "materials-missing"), (60, 25, 10, 5))[0]
        self.hall.post(f"/windows/{window}/finish", {"ticket": called["ticket"]["id"], "outcome": outcome})
        self.later(self.random.uniform(0.05, 0.3), partial(self._call, window))

    def _minutes(self, ticket: dict[str, Any]) -> float:
        """A lognormal service time with the configured mean and spread."""
        setup = self.configuration.queue[ticket["queue"]]
        sigma2 = math.log(1 + setup.spread**2)
        return self.random.lognormvariate(math.log(setup.minutes) - sigma2 / 2, math.sqrt(sigma2))


def staffed(configuration: Configuration, leave: frozenset[str]) -> list[WindowSetup]:
    """The windows the crowd opens: for each queue as many of those that own it as its load needs."""
    chosen: dict[str, WindowSetup] = {}
    for queue in configuration.queues:
        needed = math.ceil(queue.visitors_per_day * queue.minutes / OPEN_MINUTES / LOAD)
        owners = [
            w for w in configuration.windows
            if w.code not in leave and any(s.queue == queue.code and s.helper_after == 0 for s in w.serves)
        ]  # fmt: skip
        chosen |= {window.code: window for window in owners[:needed]}
    return list(chosen.values())


@click.command()
@click.option("--server", required=True)
@click.option("--config", "city", type=click.Path(path_type=Path), required=True)
@click.option("--hall", required=True)
@click.option("--speed", type=click.FloatRange(min=0.1, max=1000), default=1.0, show_default=True)
@click.option("--leave", multiple=True, help="A window the crowd leaves to you.")
@click.option("--seed", type=int, help="The same crowd again.")
def main(server: str, city: Path, hall: str, speed: float, leave: tuple[str, ...], seed: int | None) -> None:
    """Fill a hall with people."""
    try:
        configuration = load(city).configuration(hall)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from error
    crowd = Crowd(
        hall=Hall(server, hall), configuration=configuration, speed=speed, leave=frozenset(leave),
        random=random.Random(seed),  # noqa: S311 - people, not secrets
    )  # fmt: skip
    click.echo(f"a crowd at {speed:g} times real speed")
    crowd.run()


if __name__ == "__main__":
    main()
