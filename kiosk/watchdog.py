"""Starts a kiosk that hangs again. The parts that must not hang beat; while all do, whoever watches is told so.

The word to the watcher is systemd's: datagrams to the socket named by NOTIFY_SOCKET (sd_notify(3)), at least every
WATCHDOG_USEC microseconds (sd_watchdog_enabled(3)). Without systemd, `watch` is the watcher, in a process of its own.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

LIMITS: Mapping[str, float] = {"screen": 15, "desk": 60}
"""Seconds each part may be silent: a first drawing and a slow disk are no hang, nor is a receipt that takes long."""
SILENCE = 20.0
"""Seconds without a word after which `watch` ends the program (`WatchdogSec` of the unit file)."""
START_SECONDS = 120.0
"""A first start prepares fonts."""
STOP_SECONDS = 25.0
ABORT_SECONDS = 2.0
PAUSES = (0.5, 1, 2, 5, 10, 30)
"""Seconds before another try when one ends soon; one that held for the last of them begins with the first again."""
_PARENT = "BIANMIN_WATCHED_BY"

log = logging.getLogger(__name__)


class Beats:
    """Which parts are alive. Any thread may call."""

    def __init__(self, limits: Mapping[str, float] = LIMITS, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`limits`: part -> seconds it may be silent, from now on."""
        self._limits, self._clock = limits, clock
        self._last = dict.fromkeys(limits, clock())

    def beat(self, part: str) -> None:
        self._last[part] = self._clock()

    def late(self) -> list[str]:
        now = self._clock()
        return [part for part, limit in self._limits.items() if now - self._last[part] > limit]


class Watchdog:
    """Tells the watcher, if there is one, that all is well, for as long as it is."""

    def __init__(self, beats: Beats, *, orphaned: Callable[[], None] = lambda: None) -> None:
        """`orphaned` is called, in a thread, when our own watcher is no more: the next one needs the journals."""
        self._beats, self._orphaned = beats, orphaned
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """The program is up. Where it hangs will be told on stderr before it is ended (SIGABRT)."""
        faulthandler.enable()
        notify("READY=1")
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        notify("STOPPING=1")

    def _run(self) -> None:
        every = min(int(os.environ.get("WATCHDOG_USEC", "0")) / 3_000_000 or 5.0, 5.0)
        told: list[str] = []
        while not self._stopping.is_set():
            late = self._beats.late()
            if late and late != told:
                log.error("no sign of life from: %s", ", ".join(late))
            told = late
            if not late:
                notify("WATCHDOG=1")
            if os.environ.get(_PARENT, str(os.getppid())) != str(os.getppid()):
                self._orphaned()
                return
            self._stopping.wait(every)


def notify(state: str) -> None:
    """One word to the watcher. Nobody listening is no fault."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.settimeout(1)
            sock.connect("\0" + address[1:] if address.startswith("@") else address)
            sock.send(state.encode())
    except OSError as error:
        log.debug("the watcher cannot be told: %s", error)


def watch(
    command: Sequence[str], *, silence: float = SILENCE, start_within: float = START_SECONDS,
    pauses: Sequence[float] = PAUSES,
) -> int:  # fmt: skip
    """Run `command` and start it again whenever it hangs, crashes or asks for it, until it ends with 0 or we are told
    to end (SIGTERM, SIGINT). Returns what to exit with."""
    watcher = _Watcher(command, silence, start_within)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, watcher.end)
    tries = 0
    while True:
        begun = time.monotonic()
        status = watcher.run()
        if status == 0 or watcher.ending:
            return max(0, status)
        if time.monotonic() - begun > pauses[-1]:
            tries = 0
        pause = pauses[min(tries, len(pauses) - 1)]
        tries += 1
        log.error("the program ended with %d; starting it again in %.1f s", status, pause)
        if watcher.rest(pause):
            return 0


class _Watcher:
    def __init__(self, command: Sequence[str], silence: float, start_within: float) -> None:
        self._command, self._silence, self._start_within = command, silence, start_within
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.bind("")  # the kernel finds an abstract name (unix(7), autobind)
        self._woken, self._wake = os.pipe()
        self.ending = False

    def end(self, number: int, frame: FrameType | None) -> None:
        """As a signal handler: the program first, then we."""
        self.ending = True
        os.write(self._wake, b".")

    def rest(self, seconds: float) -> bool:
        """Wait; True if told to end meanwhile."""
        select.select([self._woken], [], [], 0 if self.ending else seconds)
        return self.ending

    def run(self) -> int:
        """One life of the program; its exit status, minus the signal that ended it."""
        name = self._socket.getsockname()
        watched = {
            "NOTIFY_SOCKET": "@" + name[1:].decode(),
            "WATCHDOG_USEC": str(int(self._silence * 1_000_000)),
            _PARENT: str(os.getpid()),
        }
        with subprocess.Popen(self._command, env={**os.environ, **watched}) as process:
            try:
                return self._look_after(process)
            finally:
                if process.poll() is None:
                    process.kill()

    def _look_after(self, process: subprocess.Popen[bytes]) -> int:
        died = os.pidfd_open(process.pid)
        try:
            limit, heard_at = self._start_within, time.monotonic()
            while not self.ending:
                left = heard_at + limit - time.monotonic()
                if left <= 0:
                    log.error("the program hangs and is ended")
                    return self._abort(process)
                ready, _, _ = select.select([died, self._socket.fileno(), self._woken], [], [], left)
                if died in ready:
                    return process.wait()
                if self._socket.fileno() in ready:
                    self._socket.recv(4096)
                    limit, heard_at = self._silence, time.monotonic()
            process.terminate()
            return self._ended(process, STOP_SECONDS)
        finally:
            os.close(died)

    def _abort(self, process: subprocess.Popen[bytes]) -> int:
        """SIGABRT lets it say where it hangs; one that is stopped altogether cannot even do that."""
        process.send_signal(signal.SIGABRT)
        return self._ended(process, ABORT_SECONDS)

    @staticmethod
    def _ended(process: subprocess.Popen[bytes], seconds: float) -> int:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
