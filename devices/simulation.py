"""The device's side of real wires, and a thread that lets a simulated device live on one.

A simulator is a `Simulated`: bytes in, bytes out, no wire of its own. `Running(simulator, wire)` connects it
to `Cable.far`, to a kernel pty (`PtyEnd`) or to a TCP port (`TcpEnd`), and can pull the plug.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
import tty
from collections.abc import Callable
from pathlib import Path
from threading import Condition, Thread
from types import TracebackType
from typing import Protocol, Self

from .transport import LIMIT, Descriptor, Transport


class Simulated(Protocol):
    """A device as its wire sees it. Both are called from one thread, `tick` about every 20 ms."""

    def receive(self, data: bytes) -> bytes:
        """Take what the host sent, cut anywhere; return what the device answers at once."""

    def tick(self, now: float) -> bytes:
        """Let time pass (`now` in monotonic seconds); return what the device says of its own accord."""


class PtyEnd(Descriptor):
    """The device's end of a kernel pty. `close` is the plug pulled out, `open` a plug put in (a new `path`).

    With `link`, that path is a symbolic link to the present pty, as udev makes one for a real adapter.
    """

    def __init__(self, link: str | os.PathLike[str] | None = None) -> None:
        self.name = "pty"
        self.path = ""
        self._link = None if link is None else Path(link)
        self._slave: int | None = None

    def open(self) -> None:
        self.close()
        self._fd, self._slave = os.openpty()  # the slave stays open here: a driver that closes is no hangup
        tty.setraw(self._slave)
        os.set_blocking(self._fd, False)
        self.path = os.ttyname(self._slave)
        if self._link is not None:
            fresh = self._link.with_name(f".{self._link.name}.new")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(self.path)
            fresh.replace(self._link)
            self.path = str(self._link)
        self.name = f"pty:{self.path}"

    def close(self) -> None:
        if self._link is not None and self._fd is not None:
            self._link.unlink(missing_ok=True)
        for fd in (self._fd, self._slave):
            if fd is not None:
                os.close(fd)
        self._fd = self._slave = None


class TcpEnd(Transport):
    """A TCP port with one host at a time. Hosts come and go; only `close` (power off) ends it."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self.name = f"tcp:{host}:{port}"
        self.port = port  # 0 until first opened; the same again when opened again
        self._host = host
        self._listener: socket.socket | None = None
        self._peer: socket.socket | None = None

    def open(self) -> None:
        self.close()
        self._listener = socket.create_server((self._host, self.port))
        self.port = self._listener.getsockname()[1]
        self.name = f"tcp:{self._host}:{self.port}"

    def close(self) -> None:
        self._hang_up()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    @property
    def is_open(self) -> bool:
        return self._listener is not None

    def read(self, timeout: float = 0.0, limit: int = LIMIT) -> bytes:
        if self._listener is None:
            raise OSError("not open")
        try:
            if self._peer is None:
                self._listener.settimeout(timeout)
                self._peer, _ = self._listener.accept()
                self._peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._peer.settimeout(timeout)
            if data := self._peer.recv(limit):
                return data
        except (TimeoutError, BlockingIOError):
            return b""
        except OSError:
            pass
        self._hang_up()
        return b""

    def write(self, data: bytes, timeout: float = 5.0) -> None:
        if self._peer is None:
            return
        try:
            self._peer.settimeout(timeout)
            self._peer.sendall(data)
        except TimeoutError:
            raise
        except OSError:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._peer is not None:
            self._peer.close()
            self._peer = None


class Running:
    """A simulated device alive on a wire, in a thread of its own, while the `with` block lasts."""

    def __init__(self, device: Simulated, wire: Transport, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.device, self.wire = device, wire
        self._clock = clock
        self._change = Condition()
        self._plugged = True
        self._stopping = False
        self._thread = Thread(target=self._live, name=f"simulated {type(device).__name__}", daemon=True)

    def __enter__(self) -> Self:
        self.wire.open()  # here, so that a pty's path or a TCP port is known on return
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        with self._change:
            self._stopping = True
            self._change.notify_all()
        self._thread.join(10)
        self.wire.close()

    def unplug(self) -> None:
        """Pull the plug; the wire is closed on return. (A Cable is cut with `Cable.cut` instead.)"""
        self._want(plugged=False)

    def plug(self) -> None:
        """Put the plug back in; the wire is open on return."""
        self._want(plugged=True)

    def _want(self, *, plugged: bool) -> None:
        with self._change:
            self._plugged = plugged
            self._change.notify_all()
            self._change.wait_for(lambda: self.wire.is_open is plugged or self._stopping, 5)

    def _live(self) -> None:
        while not self._stopping:
            try:
                self._follow_plug()
                if self.wire.is_open:
                    self._exchange()
            except OSError:
                self.wire.close()
                time.sleep(0.01)

    def _follow_plug(self) -> None:
        with self._change:
            if self._plugged and not self.wire.is_open:
                self.wire.open()
            elif not self._plugged and self.wire.is_open:
                self.wire.close()
            elif not self._plugged:
                self._change.wait_for(lambda: self._plugged or self._stopping, 0.5)
            self._change.notify_all()

    def _exchange(self) -> None:
        if data := self.wire.read(0.02):
            self._say(self.device.receive(data))
        self._say(self.device.tick(self._clock()))

    def _say(self, answer: bytes) -> None:
        if answer:
            with contextlib.suppress(TimeoutError):  # nobody reads: on a real line those bytes are lost
                self.wire.write(answer, 0.5)
