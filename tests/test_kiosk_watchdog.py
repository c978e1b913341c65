"""A kiosk that hangs or falls over is started again, by systemd or by our own watcher: real processes, really hung."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from servers import city, until

from devices.printer.simulator import EscPosPrinter
from devices.simulation import Running, TcpEnd
from kiosk.visitor import Visitor
from kiosk.watchdog import Beats, Watchdog, notify

CHILD = """
import faulthandler, os, signal, sys, time
from pathlib import Path
from kiosk.watchdog import Beats, Watchdog

folder, fault = Path(sys.argv[1]), sys.argv[2]
beats = Beats({"screen": 0.3})
watchdog = Watchdog(beats, orphaned=lambda: os._exit(0))
if fault == "never up":
    time.sleep(60)
watchdog.start()
lives = folder / "lives"
with lives.open("a") as file:
    file.write(f"{os.getpid()}\\n")
first = len(lives.read_text().split()) == 1
if first and fault == "crash":
    os._exit(3)
if first and fault == "segfault":
    os.kill(os.getpid(), signal.SIGSEGV)
if first and fault == "stopped":
    os.kill(os.getpid(), signal.SIGSTOP)
while not (folder / "end").exists():
    if not (first and fault == "hangs"):
        beats.beat("screen")
    time.sleep(0.05)
"""
PARENT = """
import sys
from kiosk.watchdog import watch
from queue_server.logs import log_to_stderr
log_to_stderr("warning")
sys.exit(watch([sys.executable, *sys.argv[1:]], silence=2.0, start_within=15.0, pauses=(0.05, 0.1)))
"""


class Watched:
    """Our watcher over a small program with a fault in its first life."""

    def __init__(self, folder: Path, fault: str) -> None:
        self._folder = folder
        (folder / "child.py").write_text(CHILD)
        command = [sys.executable, "-c", PARENT, folder / "child.py", folder, fault]
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(command, stderr=log)

    @property
    def lives(self) -> list[int]:
        file = self._folder / "lives"
        return [int(pid) for pid in file.read_text().split()] if file.exists() else []

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text()

    def end(self) -> int:
        """Let the program end by itself; what the watcher ends with."""
        (self._folder / "end").touch()
        return self.process.wait(30)


@contextmanager
def watched(folder: Path, fault: str = "none") -> Iterator[Watched]:
    running = Watched(folder, fault)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        for pid in running.lives:
            if Path(f"/proc/{pid}").exists():
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("fault", ["hangs", "stopped", "crash", "segfault"])
def test_what_hangs_or_falls_over_is_started_again_and_once_only(tmp_path: Path, fault: str) -> None:
    with watched(tmp_path, fault) as running:
        until(lambda: len(running.lives) == 2)
        first, second = running.lives
        until(lambda: not Path(f"/proc/{first}").exists())
        assert Path(f"/proc/{second}").exists()
        assert running.end() == 0
        assert len(running.lives) == 2
        assert "starting it again" in running.log


def test_what_hangs_says_where(tmp_path: Path) -> None:
    with watched(tmp_path, "hangs") as running:
        until(lambda: len(running.lives) == 2)
        assert "no sign of life from: screen" in running.log
        assert "Fatal Python error: Aborted" in running.log
        assert "child.py" in running.log


def test_a_program_that_is_well_is_left_alone_and_ends_with_its_watcher(tmp_path: Path) -> None:
    with watched(tmp_path) as running:
        until(lambda: running.lives)
        (pid,) = running.lives
        with pytest.raises(subprocess.TimeoutExpired):
            running.process.wait(3)  # longer than the silence it may keep
        assert running.lives == [pid]
        running.process.terminate()
        assert running.process.wait(30) == 0
        assert not Path(f"/proc/{pid}").exists()


def test_a_program_whose_watcher_is_gone_ends_so_that_the_next_finds_its_journals_free(tmp_path: Path) -> None:
    with watched(tmp_path) as running:
        until(lambda: running.lives)
        running.process.kill()
        running.process.wait()
        until(lambda: not Path(f"/proc/{running.lives[0]}").exists())


@contextmanager
def watched_kiosk(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The real program under `--watch`, with a printer. It says once for each life where it can be seen."""
    without_display = {**os.environ, "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    with Running(EscPosPrinter(), TcpEnd()) as printer:
        arguments = ["--config", city(folder), "--hall", "H1", "--kiosk", "K1", "--data", folder / "data"]
        arguments += ["--printer", printer.wire.name, "--always-open", "--picture-port", "0"]
        command = [sys.executable, "-m", "kiosk", "--watch", "--silence", "5", *map(str, arguments)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=without_display) as watcher:
            try:
                yield watcher
            finally:
                watcher.terminate()
                assert watcher.wait(30) == 0


def test_a_kiosk_that_is_stopped_altogether_comes_back_to_a_clean_first_screen(tmp_path: Path) -> None:
    with watched_kiosk(tmp_path) as watcher:
        assert watcher.stdout is not None
        resident = Visitor(watcher.stdout.readline().strip())
        resident.touch("queue:A")
        resident.reads("您要办哪一项？")
        (hung,) = Path(f"/proc/{watcher.pid}/task/{watcher.pid}/children").read_text().split()
        os.kill(int(hung), signal.SIGSTOP)
        Visitor(watcher.stdout.readline().strip()).reads("您来办什么事？")
        assert not Path(f"/proc/{hung}").exists()


def test_every_part_must_beat_in_its_own_time() -> None:
    now = [0.0]
    beats = Beats({"screen": 5, "desk": 60}, clock=lambda: now[0])
    now[0] = 6
    assert beats.late() == ["screen"]
    beats.beat("screen")
    assert beats.late() == []
    now[0] = 61
    assert beats.late() == ["screen", "desk"]


@pytest.mark.parametrize("abstract", [True, False])
def test_systemd_is_told_in_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.settimeout(10)
        systemd.bind("" if abstract else str(tmp_path / "notify"))
        name = systemd.getsockname()
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name[1:].decode() if abstract else name)
        monkeypatch.setenv("WATCHDOG_USEC", "300000")
        beats = Beats({"screen": 30})
        watchdog = Watchdog(beats)
        watchdog.start()
        said = [systemd.recv(100) for _ in range(4)]
        watchdog.stop()
        until(lambda: b"STOPPING=1" in (said.append(systemd.recv(100)) or said))
    assert said[0] == b"READY=1"
    assert set(said[1:4]) == {b"WATCHDOG=1"}


def test_without_a_watcher_nothing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify("READY=1")
