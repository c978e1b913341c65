"""The programs of a hall under faults: its server and its kiosks, each a process of its own, forked in an instant."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from servers import HALL

from devices.printer.simulated_paper import Slip
from devices.printer.simulator import EscPosPrinter
from devices.simulation import Running, TcpEnd
from devices.transport import LIMIT
from faults.wire import Network, Wire

UNLIMITED = resource.RLIM_INFINITY
PATIENCE = 0.4
"""Printers here answer at once, so those who ask them wait less."""
AWAIT_KIOSKS = 60.0
"""Seconds. Every kiosk comes back sooner than that here, however busy this machine is: see docs/decisions/0013."""

_NURSERY = """
import json, os, sys
import gevent.signal, queue_server.app, queue_server.cli, kiosk.unattended

programs = {"bianmin": queue_server.cli.main, "kiosk": kiosk.unattended.main}
for line in sys.stdin:
    order = json.loads(line)
    if "wait" in order:
        print(os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1]), flush=True)
    elif pid := os.fork():
        print(pid, flush=True)
    else:
        os.dup2(os.open(order["in"], os.O_RDONLY), 0)
        os.dup2(os.open(order["out"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), 1)
        os.dup2(os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), 2)
        sys.stdin = open(0, encoding="utf-8", closefd=False)
        programs[order["program"]](order["arguments"], prog_name=order["program"])
"""


class Nursery:
    """A process that has read all programs' code and forks one in an instant. Any thread may ask."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, program: str, *arguments: object, out: Path, log: Path, in_: Path = Path(os.devnull)) -> Child:
        files = {"in": str(in_), "out": str(out), "log": str(log)}
        return Child(self, self._ask(program=program, arguments=[*map(str, arguments)], **files))

    def wait(self, pid: int) -> int:
        return self._ask(wait=pid)

    def _ask(self, **order: Any) -> int:
        with self._turn:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


@dataclass(frozen=True)
class Child:
    """A running program."""

    nursery: Nursery
    pid: int

    def end(self, how: signal.Signals, seconds: float = 20) -> int:
        """Its exit status, once it has ended; minus the signal that ended it."""
        os.kill(self.pid, signal.SIGCONT)
        os.kill(self.pid, how)
        watched = os.pidfd_open(self.pid)
        try:
            if not select.select([watched], [], [], seconds)[0]:
                os.kill(self.pid, signal.SIGKILL)
        finally:
            os.close(watched)
        return self.nursery.wait(self.pid)

    @property
    def runs(self) -> bool:
        return "\nState:\tZ" not in Path(f"/proc/{self.pid}/status").read_text()

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def largest_file(self, size: int) -> None:
        """No file of it may grow beyond `size` bytes: so a disk is full, from one moment to the next."""
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (size, UNLIMITED))


def until(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: waited {seconds} s in vain")
        time.sleep(0.02)


class HallServer:
    """`bianmin hall` on a port that it keeps over restarts."""

    def __init__(self, nursery: Nursery, folder: Path, city: Path) -> None:
        self.folder, self.port = folder, 0
        self._nursery, self._city = nursery, city
        self.child: Child | None = None
        self._starts = count(1)

    @property
    def journal(self) -> Path:
        return self.folder / f"{HALL}.sqlite"

    def start(self) -> bool:
        """Whether it started; it may not, where its disk is full."""
        self.folder.mkdir(parents=True, exist_ok=True)
        out = self.folder / f"out{next(self._starts)}"
        self.child = child = self._nursery.start(
            "bianmin", "hall", "--config", self._city, "--data", self.folder, "--port", self.port, "--always-open",
            "--await-kiosks", AWAIT_KIOSKS, "--no-forecast", out=out, log=self.folder / "log",
        )  # fmt: skip
        until(lambda: not child.runs or (out.exists() and out.read_text().endswith("\n")), "the server starts")
        if not child.runs:
            self.kill()
            return False
        self.port = int(out.read_text().split("/")[2].rpartition(":")[2])
        return True

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        child, self.child = self.child, None
        if child is not None:
            child.end(how)


class PrinterEnd(TcpEnd):
    """A printer's port that is looked at less often while nothing comes: there are many of them here."""

    def read(self, timeout: float = 0.0, limit: int = LIMIT) -> bytes:
        return super().read(max(timeout, 0.1), limit)


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A slip that was cut off a kiosk's printer: its lines, and what its codes say."""

    kiosk: str
    lines: tuple[str, ...]
    codes: tuple[str, ...]


class Kiosk:
    """`python -m kiosk.unattended` with a simulated printer, and its line to the server."""

    def __init__(
        self, nursery: Nursery, network: Network, server: HallServer, folder: Path, city: Path, code: str
    ) -> None:
        self.code, self.folder = code, folder
        self._nursery, self._city = nursery, city
        folder.mkdir(parents=True)
        self.printer = EscPosPrinter(on_slip=self._cut_off)
        self.plug = Running(self.printer, PrinterEnd())
        self.plug.__enter__()
        self.wire = Wire(network, lambda: server.port)
        self.papers: list[Paper] = []
        self.torn: set[int] = set()
        """Which papers the printer stopped in: numbers in `papers`."""
        self.answers: dict[int, dict[str, Any]] = {}
        self.orders: dict[int, dict[str, Any]] = {}
        self.lost: set[int] = set()
        """Orders that a kiosk which was killed will never answer."""
        self.ahead = 0.0
        self.misled = False
        """It was started with a wrong clock: it cannot know better before it has heard the hall."""
        self.child: Child | None = None
        self.starts = 0
        self._numbers = count(1)
        self._in = self._out = -1
        self._begun = b""
        self._ready = False

    @property
    def own(self) -> Path:
        return self.folder / "own.db"

    @property
    def copy(self) -> Path:
        return self.folder / "hall.db"

    def start(self) -> bool:
        """Whether it started; it may not, where its disk is full."""
        self.starts += 1
        self.misled = self.misled or self.ahead != 0
        into, out = self.folder / f"in{self.starts}", self.folder / f"out{self.starts}"
        for fifo in (into, out):  # no files: these are not on the disk that is full
            os.mkfifo(fifo)
        self._in = os.open(into, os.O_RDWR)  # both ways, so that neither side waits for the other to open it
        self._out, self._begun = os.open(out, os.O_RDWR | os.O_NONBLOCK), b""
        self._ready = False
        self.child = child = self._nursery.start(
            "kiosk", "--config", self._city, "--hall", HALL, "--kiosk", self.code, "--data", self.folder,
            "--server", f"http://127.0.0.1:{self.wire.port}", "--printer", self.plug.wire.name,
            "--public-url", "http://hall", "--always-open", "--patience", PATIENCE, "--clock-ahead", self.ahead,
            in_=into, out=out, log=self.folder / "log",
        )  # fmt: skip
        until(lambda: self.read() or self._ready or not child.runs, f"{self.code} starts")
        if not self._ready:
            self.kill()
        return self._ready

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        child, self.child = self.child, None
        if child is not None:
            child.end(how)
            self.read()
            os.close(self._in)
            os.close(self._out)
            self.lost |= self.orders.keys() - self.answers.keys()

    def order(self, **what: Any) -> int:
        """The order's number; its answer is in `answers` some time later."""
        number = next(self._numbers)
        self.orders[number] = what
        os.write(self._in, json.dumps({"order": number, **what}).encode() + b"\n")
        return number

    def read(self) -> None:
        """Take in what the kiosk has said."""
        with suppress(BlockingIOError):
            while True:
                *lines, self._begun = (self._begun + os.read(self._out, 1 << 16)).split(b"\n")
                for answer in map(json.loads, lines):
                    self._ready = self._ready or "ready" in answer
                    if "order" in answer:
                        self.answers[answer["order"]] = answer

    @property
    def waiting(self) -> int:
        """Orders that will still be answered."""
        if self.child is not None:
            self.read()
        return len(self.orders.keys() - self.answers.keys() - self.lost)

    def set_clock(self, ahead: float) -> None:
        self.ahead = ahead
        if self.child is not None:
            self.order(clock=ahead)

    def tear(self) -> None:
        """The printer stops with a paper hanging out of it, if one does; a later cut will let it fall."""
        cut = len(self.papers)
        self.torn |= {cut, cut + 1}  # the newest may be cut and not counted yet

    def mend(self) -> None:
        """Everything about the printer is well again."""
        self.plug.plug()
        self.printer.on_ink = None
        for mended in (
            self.printer.clear, self.printer.paper_in, self.printer.cover_close, self.printer.online, self.printer.cool,
        ):  # fmt: skip
            mended()

    def close(self) -> None:
        self.kill()
        self.plug.__exit__(None, None, None)
        self.wire.close()

    def _cut_off(self, slip: Slip) -> None:
        self.papers.append(Paper(kiosk=self.code, lines=tuple(slip.lines), codes=tuple(slip.codes)))
