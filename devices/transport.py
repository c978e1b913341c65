"""The one byte transport of every device: serial line, TCP, character device (in-memory: `cable.py`).

Whatever goes wrong on a wire is an `OSError`, raised by `open`, `read` or `write`: a plug pulled out, a peer
that went away, a line that takes no more bytes (`TimeoutError`). Silence is no fault: `read` returns `b""`.
No threads here. A transport belongs to one thread or greenlet at a time; every wait is bounded.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import stat
import termios
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy
from types import TracebackType
from typing import ClassVar, Self, TypeVar
from urllib.parse import parse_qsl

import serial

LIMIT = 4096  # bytes one read returns at most, unless asked otherwise
Got = TypeVar("Got")
_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


class Transport(ABC):
    """Bytes to and from one device. `name` is the line of configuration, for people."""

    name: str

    @abstractmethod
    def open(self) -> None:
        """Open, or close and open again. OSError if the device is not there, busy or unreachable."""

    @abstractmethod
    def close(self) -> None:
        """Close. Never raises; closing twice is fine."""

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Opened and not closed by us. Says nothing about the device: only reading and writing can tell."""

    @abstractmethod
    def read(self, timeout: float = 0.0, limit: int = LIMIT) -> bytes:
        """What has arrived, 1..limit bytes, as soon as there is any; `b""` after `timeout` silent seconds."""

    @abstractmethod
    def write(self, data: bytes, timeout: float = 5.0) -> None:
        """Hand all of `data` to the wire or raise; TimeoutError after `timeout` s (part may have gone)."""

    def discard(self) -> bytes:
        """Take away what has already arrived (bounded), for a clean question and answer. Returns it."""
        stale = b""
        while len(stale) < 16 * LIMIT and (chunk := self.read(0.0)):
            stale += chunk
        return stale

    def seconds_for(self, count: int) -> float:
        """How long `count` bytes take on the wire at least; 0 where the wire is fast."""
        return 0.0

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} {'open' if self.is_open else 'closed'}>"


class Descriptor(Transport):
    """A transport over one non-blocking file descriptor. `poll`, not `select`: descriptors may pass 1024."""

    _end_of_file_is_gone: ClassVar[bool] = True
    _fd: int | None = None

    @property
    def is_open(self) -> bool:
        return self._fd is not None

    def read(self, timeout: float = 0.0, limit: int = LIMIT) -> bytes:
        deadline = time.monotonic() + timeout
        while True:
            fd, events = self._wait(select.POLLIN, deadline)
            if not events:
                return b""
            with contextlib.suppress(BlockingIOError):
                if data := os.read(fd, limit):
                    return data
                if self._end_of_file_is_gone or events & _GONE:
                    raise ConnectionResetError(errno.ECONNRESET, "the device is gone", self.name)
            if time.monotonic() >= deadline:
                return b""
            time.sleep(0.01)  # usblp answers with empty packets while the printer has nothing to say

    def write(self, data: bytes, timeout: float = 5.0) -> None:
        deadline = time.monotonic() + timeout
        rest = memoryview(data)
        self._check_peer()
        while rest:
            fd, events = self._wait(select.POLLOUT, deadline)
            if not events:
                self._abandon()
                raise TimeoutError(errno.ETIMEDOUT, f"the device takes no bytes, {len(rest)} left", self.name)
            with contextlib.suppress(BlockingIOError):
                rest = rest[os.write(fd, rest) :]

    def _wait(self, events: int, deadline: float) -> tuple[int, int]:
        if self._fd is None:
            raise OSError(errno.ENOTCONN, "not open", self.name)
        poll = select.poll()  # looked up each time, so that gevent's stands in when it has patched
        poll.register(self._fd, events)
        found = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
        return self._fd, found[0][1] if found else 0

    def _check_peer(self) -> None:
        """Raise if the other side is known to be gone although the kernel would still take bytes."""

    def _abandon(self) -> None:
        """Throw away what was handed to the kernel and not sent yet."""


class SerialTransport(Descriptor):
    """A serial line (RS-232, RS-485 adapter, USB-CDC) or a pty, opened exclusively (a second open fails)."""

    def __init__(
        self,
        port: str,
        *,
        baud: int = 9600,
        bits: int = 8,
        parity: str = "N",
        stop: float = 1,
        rtscts: bool = False,
        xonxoff: bool = False,
        dsrdtr: bool = False,
    ) -> None:
        self.name = f"serial:{port}"
        self._baud = baud
        self._port = serial.Serial(  # not opened yet; wrong values raise ValueError here
            None, baud, bits, parity, stop, 0, xonxoff, rtscts, 0, dsrdtr, None, True
        )
        self._port.port = port

    def open(self) -> None:
        self.close()
        try:
            self._port.open()
        except termios.error as e:  # the one fault of a port vanishing while it is opened that is no OSError
            self.close()
            raise OSError(e.args[0], str(e.args[-1]), self.name) from e
        self._fd = self._port.fileno()

    def close(self) -> None:
        self._fd = None
        with contextlib.suppress(OSError, termios.error):
            self._port.close()

    def seconds_for(self, count: int) -> float:
        return count * 10 / self._baud

    def _abandon(self) -> None:
        # A receipt given up must not be printed later, and closing a line with bytes waiting can take 30 s.
        if self._fd is not None:
            with contextlib.suppress(termios.error):
                termios.tcflush(self._fd, termios.TCOFLUSH)


class TcpTransport(Descriptor):
    """A TCP connection, e.g. to port 9100 of a printer. A peer that lost power is noticed within ~10 s."""

    def __init__(self, host: str, port: int, *, connect: float = 3.0) -> None:
        self.name = f"tcp:[{host}]:{port}" if ":" in host else f"tcp:{host}:{port}"
        self._address = (host, port)
        self._connect = connect
        self._socket: socket.socket | None = None

    def open(self) -> None:
        self.close()
        sock = socket.create_connection(self._address, self._connect)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in (("TCP_KEEPIDLE", 4), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 3)):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 10_000)
            sock.setblocking(False)
        except OSError:
            sock.close()
            raise
        self._socket, self._fd = sock, sock.fileno()

    def close(self) -> None:
        self._fd = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _check_peer(self) -> None:
        # A peer that closed still accepts the first write; a look at the incoming side tells.
        if self._socket is None:
            return
        with contextlib.suppress(BlockingIOError):
            if not self._socket.recv(1, socket.MSG_PEEK):
                raise ConnectionResetError(errno.ECONNRESET, "the peer closed the connection", self.name)


class FileTransport(Descriptor):
    """A character device read and written as it is, e.g. /dev/usb/lp0 (usblp), /dev/hidraw0."""

    _end_of_file_is_gone = False  # usblp reads empty when its printer has nothing to say; unplugged it is ENODEV

    def __init__(self, path: str) -> None:
        self.name = f"file:{path}"
        self._path = path

    def open(self) -> None:
        self.close()
        fd = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        if not stat.S_ISCHR(os.fstat(fd).st_mode) or os.isatty(fd):
            os.close(fd)
            raise OSError(errno.ENODEV, "not a character device (a serial line is written serial:…)", self._path)
        self._fd = fd

    def close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            with contextlib.suppress(OSError):
                os.close(fd)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):  # int() would also take ９６００, " 9600" and 9_600
        raise ValueError(f"{text!r} is no number in plain digits 0-9")
    return int(text)


_SERIAL_OPTIONS: dict[str, Callable[[str], object]] = {
    "baud": _number,
    "bits": _number,
    "parity": str.upper,
    "stop": lambda text: 1.5 if text == "1.5" else _number(text),
    **dict.fromkeys(("rtscts", "xonxoff", "dsrdtr"), lambda text: {"0": False, "1": True}[text]),
}


def open_transport(url: str) -> Transport:
    """The transport one line of configuration names; not opened yet. ValueError says what is wrong with it.

    `serial:/dev/ttyUSB0?baud=115200&parity=N&bits=8&stop=1&rtscts=0&xonxoff=0&dsrdtr=0` (default 9600 8N1),
    `tcp:192.168.1.20:9100`, `tcp:[fe80::1]:9100`, `file:/dev/usb/lp0`.
    """
    kind, _, rest = url.partition(":")
    place, _, query = rest.partition("?")
    try:
        match kind:
            case "serial" if place:
                options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
                if unknown := options.keys() - _SERIAL_OPTIONS.keys():
                    raise ValueError(f"unknown option {', '.join(sorted(unknown))}")
                return SerialTransport(place, **{k: _SERIAL_OPTIONS[k](v) for k, v in options.items()})  # type: ignore[arg-type]
            case "tcp" if not query:
                host, _, port = place.rpartition(":")
                host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
                if not host or not port or not 0 < _number(port) < 65536:
                    raise ValueError("a host and a port from 1 to 65535 are needed")
                host.encode("idna")  # an impossible name is a mistake in the line (UnicodeError is a ValueError)
                return TcpTransport(host, int(port))
            case "file" if place and not query:
                return FileTransport(place)
            case _:
                raise ValueError("write serial:PATH?baud=…, tcp:HOST:PORT or file:PATH")
    except (ValueError, KeyError) as e:
        raise ValueError(f"{url!r} names no device: {e}") from e


class Reconnecting(Transport):
    """A transport that opens itself when used, closes on any fault, tries again after a pause that doubles.

    A driver just reads and writes; the fault of a wire that is down comes at once (OSError), without waiting.
    `connections` counts the times it was opened: when it has changed, the device must be set up again.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        pause: float = 0.1,
        longest: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = transport.name
        self.connections = 0
        self.fault: OSError | None = None  # why it is down; None while it is up or was never tried
        self._inner, self._clock = transport, clock
        self._first, self._longest = pause, longest
        self._pause, self._due = pause, float("-inf")

    @property
    def is_open(self) -> bool:
        return self._inner.is_open

    def open(self) -> None:
        """Open if it is closed and the pause is over. OSError with the last fault if it is down."""
        if self._inner.is_open:
            return
        if self.fault is not None and self._clock() < self._due:
            raise OSError(self.fault.errno, self.fault.strerror or str(self.fault), self.name) from self.fault
        self._try(self._inner.open)
        self.connections += 1
        self.fault = None

    def close(self) -> None:
        self._inner.close()

    def read(self, timeout: float = 0.0, limit: int = LIMIT) -> bytes:
        self.open()
        data = self._try(lambda: self._inner.read(timeout, limit))
        if data:
            self._pause = self._first  # only a device that speaks is well again
        return data

    def write(self, data: bytes, timeout: float = 5.0) -> None:
        self.open()
        self._try(lambda: self._inner.write(data, timeout))

    def seconds_for(self, count: int) -> float:
        return self._inner.seconds_for(count)

    def _try(self, act: Callable[[], Got]) -> Got:
        try:
            return act()
        except OSError as e:
            self._inner.close()
            self.fault = copy(e)  # kept without its traceback, whose frames hold what a driver had read: perhaps a card
            self._due = self._clock() + self._pause
            self._pause = min(self._longest, 2 * self._pause)
            raise
