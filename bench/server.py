"""What the hall server costs, beside what this machine can do at all. `python -m bench.server [--quick]`

Everything is measured in one run on one machine and printed as ratios, because single figures drift.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from bench import load
from bench.machine import Server, hall_server, raw_commits
from queue_server.cli import DEMO_CITY
from queue_server.config import always_open
from queue_server.config import load as load_city
from queue_server.domain import commands as c
from queue_server.domain.calendar import day_of
from queue_server.journal.ids import uuid7
from queue_server.journal.replica import Replica, Submit, clock
from queue_server.journal.store import SqliteStore

HALL = "JR-CITY"
API = f"/api/v1/halls/{HALL}"
WINDOWS = 64


def bench_city(folder: Path) -> Path:
    """The demo city, its city hall grown to one window for each of the most clients."""
    city = yaml.load(DEMO_CITY.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    hall = next(h for h in city["halls"] if h["code"] == HALL)
    extra = [dict(hall["windows"][0], code=str(n)) for n in range(len(hall["windows"]) + 1, WINDOWS + 1)]
    hall["windows"] += extra
    path = folder / "bench.yaml"
    path.write_text(yaml.safe_dump(city, allow_unicode=True), encoding="utf-8")
    return path


def prepare(city: Path, folder: Path, *, finished: int = 0, waiting: int = 0) -> Path:
    """A data folder whose open day already has so many finished and waiting tickets."""
    data = Path(tempfile.mkdtemp(dir=folder))
    configuration = always_open(load_city(city).configuration(HALL))
    replica = Replica(SqliteStore(data / f"{HALL}.sqlite"), HALL)

    def commit(*commands: c.Command) -> None:
        replica.commit([Submit(command=command, cause=uuid7()) for command in commands])

    commit(c.OpenDay(day=day_of(configuration.timezone, clock()), configuration=configuration))
    queues = itertools.cycle([q.code for q in configuration.queues])
    window = next(w.code for w in configuration.windows)
    commit(c.OpenWindow(window=window))
    for _ in range(finished):
        ticket = uuid7()
        commit(
            c.IssueTicket(ticket=ticket, queue=next(queues)), c.CallTicket(window=window, ticket=ticket),
            c.Start(window=window), c.Finish(window=window),
        )  # fmt: skip
    for _ in range(waiting // 100):
        commit(*(c.IssueTicket(ticket=uuid7(), queue=next(queues)) for _ in range(100)))
    replica.store.close()
    return data


def issuing(queues: list[str]) -> load.Ask:
    requests = itertools.cycle([load.post(f"{API}/tickets", {"queue": queue}) for queue in queues])

    def ask(_: bytes | None) -> bytes:
        return next(requests)

    return ask


def calling(window: str) -> load.Ask:
    """Call, start, call the next (which finishes the one before): two presses a ticket."""
    base = f"{API}/windows/{window}"
    opened, start = load.post(f"{base}/open", {}), load.post(f"{base}/start", {})
    first, following = load.post(f"{base}/call-next", {}), load.post(f"{base}/call-next", {"outcome": "done"})

    def ask(answer: bytes | None) -> bytes:
        if answer is None:
            return opened
        window_now = answer.partition(b'"ticket":')[0]
        if b'"state":"called"' in window_now:
            return start
        return following if b'"state":"serving"' in window_now else first

    return ask


class Table:
    def __init__(self, *columns: str) -> None:
        self._widths = [max(12, len(column) + 2) for column in columns]
        self.row(*columns)

    def row(self, *cells: object) -> None:
        text = (f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in cells)
        print("".join(cell.rjust(width) for cell, width in zip(text, self._widths, strict=True)), flush=True)


def throughput(city: Path, folder: Path, raw: float, seconds: float, clients: list[int]) -> None:
    queues = [q.code for q in load_city(city).configuration(HALL).queues]
    for title, finished, waiting in (
        ("an empty day", 0, 0),
        ("20,000 finished tickets in the day", 20_000, 0),
        ("5,000 waiting", 0, 5_000),
    ):
        print(f"\nThrough HTTP, {title}  (R = {raw:,.0f} raw single commits a second)")
        table = Table("what", "clients", "a second", "÷ R", "CPU ms each", "p50 ms", "p99 ms", "errors")
        data = prepare(city, folder, finished=finished, waiting=waiting)
        with hall_server(city, HALL, data) as server:
            for count in clients:
                _measure(table, server, "tickets", count, [issuing(queues) for _ in range(count)], raw, seconds)
            for count in clients:
                # Every window may call from the lines the tickets above have filled.
                asks = [calling(str(number + 1)) for number in range(count)]
                _measure(table, server, "presses", count, asks, raw, seconds)


def _measure(
    table: Table, server: Server, what: str, count: int, asks: list[load.Ask], raw: float, seconds: float
) -> None:
    before = server.cpu()
    result = load.run(server.host, server.port, asks, seconds)
    cpu = (server.cpu() - before) * 1000 / len(result.latencies)
    errors = sum(number for status, number in result.statuses.items() if status >= 500)
    table.row(
        what, count, round(result.rate), result.rate / raw, cpu, result.quantile(0.5) * 1000,
        result.quantile(0.99) * 1000, errors,
    )  # fmt: skip


@contextmanager
def followers(host: str, port: int, path: str, count: int, after: int = 0) -> Iterator[dict[str, float]]:
    """So many followers in a process of their own; the dictionary fills with event id -> when the last had it."""
    command = [
        sys.executable, "-m", "bench.followers", "--count", str(count), "--host", host, "--port", str(port),
        "--path", path, "--after", str(after),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    arrived: dict[str, float] = {}
    if process.stdout.readline().strip() != "ready":
        raise SystemExit("the followers did not connect")
    output = process.stdout

    def read() -> None:
        for line in output:
            id_, _, at = line.partition(" ")
            arrived[id_] = float(at)

    threading.Thread(target=read, daemon=True).start()
    try:
        yield arrived
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(arrived: dict[str, float], id_: str) -> float:
    deadline = time.monotonic() + 5
    while id_ not in arrived:
        if time.monotonic() > deadline:
            raise SystemExit(f"event {id_} did not reach every follower")
        time.sleep(0.0005)
    return arrived[id_]


def bare_loop(count: int, presses: int) -> list[float]:
    """Milliseconds from asking a bare write loop to its last follower having the event."""
    command = [sys.executable, "-m", "bench.followers", "--count", str(count), "--bare", "600"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    port = int(process.stdout.readline())
    taken = []
    try:
        with followers("127.0.0.1", port, "/", count) as arrived:
            for press in range(presses):
                started = time.monotonic()
                process.stdin.write(f"{press}\n")
                process.stdin.flush()
                taken.append((_wait_for(arrived, str(press)) - started) * 1000)
                time.sleep(0.02)
    finally:
        process.terminate()
        process.wait(10)
    return taken


def newest(server: Server) -> int:
    """The seq of the journal's last entry."""
    connection = http.client.HTTPConnection(server.host, server.port)
    connection.request("GET", API)
    seq = int(json.loads(connection.getresponse().read())["seq"])
    connection.close()
    return seq


def press_to_followers(server: Server, count: int, presses: int) -> list[float]:
    """Milliseconds from a press (a ticket issued through HTTP, committed) to the last follower having its entry."""
    taken = []
    with followers(server.host, server.port, f"{API}/feed", count, newest(server)) as arrived:
        client = load.Client((server.host, server.port), issuing(["A", "B", "C"]))
        for _ in range(presses):
            before = set(arrived)
            client.send(None)
            started = time.monotonic()
            while client.receive() is None:
                pass
            deadline = time.monotonic() + 5
            while not set(arrived) - before:
                if time.monotonic() > deadline:
                    raise SystemExit("a press did not reach every follower")
                time.sleep(0.0005)
            taken.append((max(arrived[id_] for id_ in set(arrived) - before) - started) * 1000)
            time.sleep(0.02)
        client.socket.close()
    return taken


def fan_out(city: Path, folder: Path, raw: float, seconds: float, counts: list[int]) -> None:
    print("\nFrom a press to the last follower (ms, commit included) beside a bare write loop to as many sockets")
    table = Table("followers", "ours p50", "ours worst", "bare p50", "bare worst", "ratio p50")
    with hall_server(city, HALL, prepare(city, folder)) as server:
        for count in counts:
            ours = sorted(press_to_followers(server, count, 60))
            bare = sorted(bare_loop(count, 60))
            middle = statistics.median(ours), statistics.median(bare)
            table.row(count, middle[0], ours[-1], middle[1], bare[-1], middle[0] / middle[1])
        most = counts[-1]
        print(f"\nTickets through HTTP with {most} followers connected, 16 clients")
        table = Table("what", "clients", "a second", "÷ R", "CPU ms each", "p50 ms", "p99 ms", "errors")
        queues = [q.code for q in load_city(city).configuration(HALL).queues]
        with followers(server.host, server.port, f"{API}/feed", most, newest(server)):
            _measure(table, server, "tickets", 16, [issuing(queues) for _ in range(16)], raw, seconds)
        print(f"\nServer memory now: {server.memory():.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter runs, fewer steps")
    quick = parser.parse_args().quick
    seconds, clients, counts = (1.0, [16], [1, 100]) if quick else (4.0, [1, 16, 64], [1, 100, 500, 1000])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        city = bench_city(folder)
        print("Raw sqlite3, one writer, durable rows a second")
        raw = raw_commits(folder, group=1)
        table = Table("one a commit", "8 a commit", "32 a commit")
        table.row(round(raw), *(round(raw_commits(folder, group=group)) for group in (8, 32)))
        throughput(city, folder, raw, seconds, clients)
        fan_out(city, folder, raw, seconds, counts)


if __name__ == "__main__":
    main()
