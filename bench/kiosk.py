"""How quickly a kiosk answers a finger, beside what drawing, a disk and a wire cost at all.

    python -m bench.kiosk [--tickets 1000] [--size 1080x1920] [--quick]

A real kiosk process (Kivy drawing offscreen in software, its station, the demo city's town hall) with a printer
simulated on TCP in this process, first with a real hall server, then with one that has stopped answering, then with
none. Floors are measured in the same run: a Kivy window with one rectangle, and a bare commit with a bare TCP write.
Wall time means little on a machine that does other work: look at the ratios, and at the path, the CPU of Kivy's
thread and of the busiest thread that draws, which is what a frame takes when nothing else runs.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.kiosk_inside import HALL
from bench.machine import Server, hall_server
from devices.printer.simulator import EscPosPrinter
from devices.simulation import Running, TcpEnd
from kiosk.window import FRAMES
from queue_server.cli import DEMO_CITY

REACTION_MS, FPS, GROWTH = 100, 30, 10
"""What is aimed at: p95 of reactions, frames a second while scrolling, % of memory."""
ASKED = b"\x10"
"""What a printer is asked begins with DLE; what it is to print does not."""
TICKET_BYTES = 900
Told = dict[str, Any]


class Timed:
    """A printer that notes when bytes come."""

    def __init__(self, printer: EscPosPrinter) -> None:
        self.printer = printer
        self.arrived: list[float] = []
        """When the first bytes of something to print came (`time.monotonic`)."""

    def receive(self, data: bytes) -> bytes:
        if not data.startswith(ASKED):
            self.arrived.append(time.monotonic())
        return self.printer.receive(data)

    def tick(self, now: float) -> bytes:
        return self.printer.tick(now)


@dataclass
class Found:
    """What one run found."""

    told: list[Told] = field(default_factory=list)
    """By the kiosk and the bare window, as `bench.kiosk_inside` tells it."""
    to_paper: dict[str, list[float]] = field(default_factory=dict)
    """ms from letting "take a ticket" go to the first byte of it at the printer, by phase."""
    to_wire: list[float] = field(default_factory=list)
    """ms of a commit and a write, on the same disk and the same machine."""
    slips: int = 0
    started: dict[bool, float] = field(default_factory=dict)
    """Seconds from starting the process to its first screen; True: the bare window."""

    def of(self, what: str, **facts: object) -> list[Told]:
        wanted = {"what": what, **facts}.items()
        return [each for each in self.told if wanted <= each.items()]


def measure(*, tickets: int, size: str, rounds: int, seconds: float, quiet: float = 0.6) -> Found:
    """`rounds`: how often each gesture is made; `seconds`: how long is scrolled, half as long as nothing is done.

    `quiet`: s without a frame after which a screen is at rest (a scroll bar fades half a second after the finger).
    """
    found = Found()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found.to_wire = bare_tickets(folder, 20 * rounds)
        options = ["--size", size, "--rounds", str(rounds), "--seconds", str(seconds), "--quiet", str(quiet)]
        _listen(found, [*options, "--bare", "--data", str(folder / "bare")], {})
        printer = Timed(EscPosPrinter(roll=math.inf))
        with (
            Running(printer, TcpEnd()) as wire,
            hall_server(DEMO_CITY, HALL, folder / "hall") as server,
        ):
            options += ["--printer", wire.wire.name, "--server", f"http://{server.host}:{server.port}"]
            options += ["--tickets", str(tickets), "--data", str(folder / "kiosk")]
            _listen(found, options, {"silence": lambda: _send(server, signal.SIGSTOP), "cut": lambda: _cut(server)})
        found.slips = len(printer.printer.slips)
        for each in found.of("confirmed"):
            came = min(at for at in printer.arrived if at > each["at"])
            found.to_paper.setdefault(each["phase"], []).append((came - each["at"]) * 1000)
    return found


def _listen(found: Found, options: list[str], asked: dict[str, Callable[[], None]]) -> None:
    """Run `bench.kiosk_inside` and hear it to its end; do what it asks for."""
    offscreen = {**os.environ, "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.kiosk_inside", *options],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=offscreen,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for line in process.stdout:
            told = json.loads(line)
            if told["what"] == "opened":
                found.started["--bare" in options] = told["at"] - began
            if told["what"] in asked:
                asked[told["what"]]()
                process.stdin.write("\n")
                process.stdin.flush()
            found.told.append(told)
        if process.wait(30):
            raise SystemExit("the kiosk failed")
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def _send(server: Server, number: signal.Signals) -> None:
    server.process.send_signal(number)


def _cut(server: Server) -> None:
    _send(server, signal.SIGKILL)
    server.process.wait(10)


def bare_tickets(folder: Path, count: int) -> list[float]:
    """ms from the beginning of a durable row to as many bytes as a ticket has being read from a socket, each time."""
    arrived: list[float] = []
    here, there = socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here.close()
        there.close()
        here = socket.create_connection(listener.getsockname())
        there, _ = listener.accept()

    def read() -> None:
        while there.recv(1 << 16):
            arrived.append(time.monotonic())

    reader = threading.Thread(target=read)
    reader.start()
    taken = []
    with closing(sqlite3.connect(folder / "bare.sqlite", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE ticket (seq INTEGER PRIMARY KEY, data BLOB)")
        for number in range(count):
            began = time.monotonic()
            db.execute("INSERT INTO ticket VALUES (?, ?)", (number, b"x" * 300))
            here.sendall(b"x" * TICKET_BYTES)
            while len(arrived) <= number:
                time.sleep(0.0002)
            taken.append((arrived[number] - began) * 1000)
    here.close()
    reader.join(10)
    there.close()
    return taken


# --- said


def report(found: Found) -> Iterator[str]:
    """Everything in tables, as lines."""
    yield f"Load of this machine now: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores. Ratios are to the floor."
    yield from _reactions(found)
    yield from _scrolling(found)
    yield from _tickets(found)
    yield from _costs(found)


def _row(*cells: object) -> str:
    name, *text = (f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in cells)
    return name.ljust(26) + "".join(cell.rjust(11) for cell in text)


def _reactions(found: Found) -> Iterator[str]:
    yield ""
    yield f"From a finger's event to the first frame that shows it, ms (aim: p95 of all {REACTION_MS})"
    yield _row("what", "phase", "times", "p50", "p95", "÷ floor", "path p50", "path p95", "÷ floor")
    bare = found.of("reaction", phase="bare")

    def row(name: str, phase: str, some: list[Told]) -> str:
        cells: list[float] = []
        for of in ("ms", "path_ms"):
            cells += (_p(some, of, 0.5), _p(some, of, 0.95), _p(some, of, 0.5) / _p(bare, of, 0.5))
        return _row(name, phase, len(some), *cells)

    yield row("one rectangle", "bare", bare)
    for phase in ("hall", "cut off"):
        heard = found.of("reaction", phase=phase)
        if not heard:
            continue
        for name in dict.fromkeys(each["of"] for each in heard):
            yield row(name, phase, [each for each in heard if each["of"] == name])
        for name, kind in (("a finger comes down", "press"), ("a finger goes up", "")):
            yield row(name, phase, [each for each in heard if each["of"].startswith("press") == bool(kind)])


def _scrolling(found: Found) -> Iterator[str]:
    yield ""
    yield f"While a finger scrolls (aim: {FPS} frames a second; a kiosk never draws more than {FRAMES})"
    yield _row("what", "phase", "frames/s", "if alone", "path ms", "÷ floor", "CPU ms", "÷ floor")
    floor = found.of("scrolling", phase="bare")[0]
    for each in found.of("scrolling"):
        cells = [cell for of in ("path_ms", "cpu_ms") for cell in (each[of], each[of] / floor[of])]
        yield _row(each["of"], each["phase"], each["fps"], min(FRAMES, 1000 / each["path_ms"]), *cells)


def _tickets(found: Found) -> Iterator[str]:
    yield ""
    yield "From letting “take a ticket” go to its first byte at the printer, ms"
    yield _row("what", "times", "p50", "worst", "÷ floor")
    floor = statistics.median(found.to_wire)
    for name, taken in (("a commit and a write", found.to_wire), *found.to_paper.items()):
        yield _row(name, len(taken), statistics.median(taken), max(taken), statistics.median(taken) / floor)


def _costs(found: Found) -> Iterator[str]:
    yield ""
    yield "With nobody there, % of a core"
    yield _row("what", "%", "÷ floor")
    floor = found.of("idle", phase="bare")[0]["percent"]
    for each in found.of("idle"):
        yield _row(each["phase"], each["percent"], each["percent"] / floor)
    yield ""
    yield f"What the process holds (aim: memory grows by no more than {GROWTH} %); {found.slips} tickets were printed"
    yield "The first tenth has drawn every page, in large type and in English too: what grows after it is a leak."
    yield _row("after tickets", "MB", "growth %", "since 1/10", "files", "threads", "ms each", "CPU each")
    bare, start, *later = found.of("memory")
    yield _row("one rectangle", bare["mb"], "", "", bare["descriptors"], bare["threads"], "", "")
    for each in (start, *later):
        name = "0" if each is start else "all, then cut off" if "last" in each else f"{each['tickets']}"
        yield _row(
            name, each["mb"], *(100 * (each["mb"] / before["mb"] - 1) for before in (start, later[0])),
            each["descriptors"], each["threads"], each.get("ms", ""), each.get("cpu_ms", ""),
        )  # fmt: skip
    yield ""
    yield f"First screen {found.started[False]:.1f} s after the start; one rectangle {found.started[True]:.1f} s"


def _p(some: list[Told], of: str, quantile: float) -> float:
    values = sorted(each[of] for each in some)
    return float(values[min(len(values) - 1, int(quantile * len(values)))])


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=1000)
    parser.add_argument("--size", default="1080x1920")
    parser.add_argument("--quick", action="store_true", help="a tenth of the tickets, every gesture once")
    options = parser.parse_args(arguments)
    rounds, seconds = (1, 1.5) if options.quick else (12, 5.0)
    tickets = options.tickets // 10 if options.quick else options.tickets
    for line in report(measure(tickets=tickets, size=options.size, rounds=rounds, seconds=seconds)):
        print(line)


if __name__ == "__main__":
    main()
