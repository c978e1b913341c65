"""Starts the programs of a demo hall and keeps them running until told to stop."""

from __future__ import annotations

import contextlib
import json
import selectors
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from queue_server.config import load
from queue_server.demo.hand import Hand

START_SECONDS = 60
"""The longest a program may take to say that it is ready (the first start of a kiosk prepares its fonts)."""
RESTART_SECONDS = 2


class StartFailed(Exception):
    """A program did not come up. The text ends with what it said last."""


@dataclass
class Program:
    """One child process. `ready`: it says so with its first line; what it says goes to `log`."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> str:
        """Start it and wait for its first line, which is returned.

        Raises:
            StartFailed: it ended, or said nothing in time.
        """
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.PIPE)
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.process.stdout, selectors.EVENT_READ)
            line = self.process.stdout.readline().decode().strip() if waiting.select(START_SECONDS) else ""
        if not line:
            self.stop()
            raise StartFailed(f"The {self.name} did not start. {self.log} ends with:\n{_tail(self.log)}")
        return line

    def say(self, line: str) -> None:
        """Type a line at it; nothing if it is not running."""
        if self.process is not None and self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.write(f"{line}\n".encode())
                self.process.stdin.flush()

    @property
    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        self.process = None


def _tail(path: Path, lines: int = 12) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def free_port(wanted: int) -> int:
    """`wanted` if nobody has it, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StartFailed("This machine has no free port.")


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What a demo is made of. `crowd`: times real speed, 0 for none."""

    city: Path
    hall: str
    kiosk: str
    folder: Path
    crowd: float
    leave: tuple[str, ...]
    port: int
    size: str

    def programs(self) -> tuple[list[Program], dict[str, str]]:
        """The programs in the order they start, and the addresses they will have."""
        hall_port, board_port, kiosk_port, hand_port, printer_port, reader_port, scanner_port = (
            free_port(wanted) for wanted in (*range(self.port, self.port + 4), 9100, 9150, 9160)
        )
        receipts = self.folder / "receipts"
        shutil.rmtree(receipts, ignore_errors=True)
        receipts.mkdir(parents=True)
        server, board, picture = (f"http://127.0.0.1:{port}" for port in (hall_port, board_port, kiosk_port))
        links = {
            "server": f"{server}/",
            "kiosk": f"{picture}/",
            "hand": f"http://127.0.0.1:{hand_port}/",
            "board": f"{board}/board",
            "console": f"{server}/halls/{self.hall}/windows/{self.leave[0] if self.leave else '1'}",
            "receipts": str(receipts.absolute()),
        }
        common = ("--config", str(self.city), "--hall", self.hall)
        started = [
            self._program(
                "printer", "devices.printer.simulator", "--tcp", str(printer_port), "--out", str(receipts)
            ),
            self._program("ID card reader", "devices.id_card.simulator", "--tcp", str(reader_port)),
            self._program("scanner", "devices.scanner.simulator", "--kind", "newland", "--tcp", str(scanner_port)),
            self._program(
                "hall server", "queue_server.cli", "hall", *common, "--data", str(self.folder / "hall"),
                "--port", str(hall_port), "--always-open", "--links", json.dumps(links),
            ),
            self._program(
                "display", "display", "--server", server, "--hall", self.hall, "--port", str(board_port), *self._voice()
            ),
            self._program(
                "kiosk", "kiosk", *common, "--kiosk", self.kiosk, "--data", str(self.folder / self.kiosk),
                "--server", server, "--printer", f"tcp:127.0.0.1:{printer_port}", "--public-url", board,
                "--id-card", f"tcp:127.0.0.1:{reader_port}", "--scanner", f"newland+tcp:127.0.0.1:{scanner_port}",
                "--size", self.size, "--picture-port", str(kiosk_port), "--always-open",
            ),
        ]  # fmt: skip
        if self.crowd > 0:
            leave = [word for window in self.leave for word in ("--leave", window)]
            crowd = ("--server", server, *common, "--speed", str(self.crowd), *leave)
            started.append(self._program("crowd", "queue_server.demo.crowd", *crowd))
        return started, links

    def _voice(self) -> tuple[str, ...]:
        """The clip pack, where the city has one: boards say nothing until somebody turns their voice on."""
        voice = load(self.city).appearance.voice
        pack = None if voice is None else self.city.parent / voice
        return () if pack is None or not (pack / "index.json").exists() else ("--voice", str(pack))

    def _program(self, name: str, module: str, *arguments: str) -> Program:
        return Program(name, (sys.executable, "-m", module, *arguments), self.folder / f"{name.replace(' ', '-')}.log")


def run(demo: Demo, *, say: Callable[[str], None], stopped: Callable[[float], bool]) -> None:
    """Start everything, tell where it is, and restart what falls over until `stopped(seconds)` says to stop.

    Raises:
        StartFailed: something did not come up; everything is stopped again.
    """
    demo.folder.mkdir(parents=True, exist_ok=True)
    programs, links = demo.programs()
    named = {program.name: program for program in programs}
    hand = Hand(
        reader=named["ID card reader"].say, scanner=named["scanner"].say, receipts=demo.folder / "receipts",
        api=f"{links['server']}api/v1/halls/{demo.hall}", port=urlsplit(links["hand"]).port or 0,
    )  # fmt: skip
    hand.start()
    try:
        for program in programs:
            program.start()
            say(f"  {program.name} is running")
        say(f"\n  Start here: {links['server']}\n  Stop with Ctrl-C.")
        tried: dict[str, float] = {}
        while not stopped(1.0):
            for program in programs:
                if program.ended and time.monotonic() - tried.get(program.name, 0) > RESTART_SECONDS:
                    say(f"  {program.name} ended; starting it again (see {program.log})")
                    tried[program.name] = time.monotonic()
                    try:
                        program.start()
                    except StartFailed as error:
                        say(f"  {error}")
    finally:
        hand.stop()
        for program in reversed(programs):
            program.stop()
