"""Whether anybody waits for the forecaster: presses at windows, with it beside the server and without.

    python -m bench.beside [--quick]

300 people wait at 60 windows; a ticket is taken, the next is called and started, again and again, far more often than
in any hall (a press every 20 ms). The three servers take turns in short rounds, the others stopped meanwhile, so that
what else the machine does hits them alike: without a forecaster; with one; with one that foresees all waits without
ever pausing. Ratios are to the first.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench import load
from bench.machine import Server, hall_server
from bench.server import API, HALL, bench_city, prepare
from queue_server.config import load as load_city

WAITING = 300
PRESS_EVERY = 0.02
NEVER_PAUSES = "import queue_server.forecaster.client as c; c.PAUSE, c.REST, c.WHILE_LEARNING, c.EVERY = 0, 0, 0, 0"
SERVERS = {
    "without": ((), ""),
    "with": (("--forecast",), ""),
    "never pausing": (("--forecast",), NEVER_PAUSES),
}


@dataclass
class Windows:
    """The staff of one hall, pressing in turn."""

    name: str
    server: Server
    queues: list[str]
    windows: list[str]
    milliseconds: list[float] = field(default_factory=list)
    refreshes: int = 0
    _turn: int = 0

    def __post_init__(self) -> None:
        self._client = load.Client((self.server.host, self.server.port), lambda _: b"")
        for window in self.windows:
            self._press(f"/windows/{window}/open", {})
            self._press(f"/windows/{window}/call-next", {})
            self._press(f"/windows/{window}/start", {})

    def work(self, seconds: float) -> None:
        """Press for so long and note how long each press took; count the forecasts made meanwhile."""
        until = time.perf_counter() + seconds
        seen = self._foreseen_at()
        while time.perf_counter() < until:
            self._turn += 1
            window, queue = self.windows[self._turn % len(self.windows)], self.queues[self._turn % len(self.queues)]
            for path, body in (
                ("/tickets", {"queue": queue}),
                (f"/windows/{window}/call-next", {"outcome": "done"}),
                (f"/windows/{window}/start", {}),
            ):
                self.milliseconds.append(self._press(path, body))
                time.sleep(PRESS_EVERY)
            now = self._foreseen_at()
            self.refreshes += now != seen
            seen = now

    def _foreseen_at(self) -> bytes:
        return self._answer(f"GET {API}/forecast HTTP/1.1\r\nHost: bench\r\n\r\n".encode())[1]

    def _press(self, path: str, body: dict[str, str]) -> float:
        request = load.post(API + path, body)
        started = time.perf_counter()
        status, answer = self._answer(request)
        took = (time.perf_counter() - started) * 1000
        if status not in {200, 201}:
            raise SystemExit(f"{path}: {status} {answer.decode()}")
        return took

    def _answer(self, request: bytes) -> tuple[int, bytes]:
        self._client.socket.sendall(request)
        while True:
            answered = self._client.receive()
            if answered is not None:
                return answered

    def signal(self, number: signal.Signals) -> None:
        """To the server and its forecaster."""
        pid = self.server.process.pid
        for one in (pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())):
            os.kill(one, number)

    def foresees(self) -> bool:
        return b'"at":null' not in self._foreseen_at()


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--quick", action="store_true", help="a fifth of the rounds")
    rounds = 6 if arguments.parse_args().quick else 30
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        city = bench_city(folder)
        configuration = load_city(city).configuration(HALL)
        queues, windows = [q.code for q in configuration.queues], [w.code for w in configuration.windows][:60]
        halls = []
        for name, (options, before) in SERVERS.items():
            data = prepare(city, folder, waiting=WAITING + 100)
            wanted = options or ("--no-forecast",)
            server = stack.enter_context(hall_server(city, HALL, data, *wanted, before=before))
            halls.append(Windows(name=name, server=server, queues=queues, windows=windows))
        for hall in halls[1:]:
            while not hall.foresees():
                time.sleep(0.1)
        for hall in halls:
            hall.signal(signal.SIGSTOP)
        for turn in range(rounds):
            for hall in halls[turn % 3 :] + halls[: turn % 3]:
                hall.signal(signal.SIGCONT)
                hall.work(1.0)
                hall.signal(signal.SIGSTOP)
        for hall in halls:
            hall.signal(signal.SIGCONT)
        report(halls)


def report(halls: list[Windows]) -> None:
    print("forecaster       presses   forecasts    p50 ms    p99 ms    max ms    p50 ÷     p99 ÷")
    first = None
    for hall in halls:
        hundredths = statistics.quantiles(hall.milliseconds, n=100)
        p50, p99 = hundredths[49], hundredths[98]
        first = first or (p50, p99)
        print(
            f"{hall.name:14}{len(hall.milliseconds):10}{hall.refreshes:12}{p50:10.2f}{p99:10.2f}"
            f"{max(hall.milliseconds):10.1f}{p50 / first[0]:9.2f}{p99 / first[1]:10.2f}"
        )


if __name__ == "__main__":
    main()
