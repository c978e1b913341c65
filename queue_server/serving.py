"""The web server both programs use: gevent's WSGI server, and streams to many followers.

An event is encoded once and the same bytes are written straight to every follower's socket; there is no queue per
follower. One that cannot take them at once is dropped and comes back with its cursor.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
from gevent import pywsgi
from gevent.event import Event
from gevent.pool import Pool

HEADER_BYTES = 16 * 1024
CONNECTIONS = 4096
IDLE_SECONDS = 75
HEARTBEAT = b":\n\n"
HEARTBEAT_SECONDS = 2.5
SOCKET = "bianmin.socket"

log = logging.getLogger("bianmin.http")


class Headers:
    """The header lines of a request, in the shape pywsgi asks for, at a tenth of the cost of an email parser."""

    status = ""

    def __init__(self, lines: list[str]) -> None:
        self.headers = lines
        self._values = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
        }
        self.typeheader = self._values.get("content-type")

    def get(self, name: str, default: str | None = None) -> str | None:
        return self._values.get(name.lower(), default)

    getheader = get

    def __delitem__(self, name: str) -> None:
        del self._values[name]


class _HeadersTooLarge(ValueError):
    pass


class Handler(pywsgi.WSGIHandler):  # type: ignore[misc]
    """One connection."""

    response_headers: list[tuple[bytes, bytes]]

    def __init__(self, sock: Any, address: Any, server: Any, rfile: Any = None) -> None:
        if sock.family in {socket.AF_INET, socket.AF_INET6}:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(IDLE_SECONDS)
        super().__init__(sock, address, server, rfile)

    def MessageClass(self, rfile: Any, _: int) -> Headers:  # noqa: N802 - pywsgi's name
        lines: list[str] = []
        left = HEADER_BYTES
        while True:
            line = rfile.readline(left + 1)
            left -= len(line)
            if left < 0:
                raise _HeadersTooLarge(f"the headers are longer than {HEADER_BYTES} bytes")
            if line in {b"\r\n", b"\n", b""}:
                return Headers(lines)
            if b":" not in line or line[:1] in b" \t:":
                raise ValueError("a header line is not `name: value`")
            lines.append(line.decode("latin-1"))

    def _handle_client_error(self, ex: Exception) -> tuple[str, bytes]:
        answer: tuple[str, bytes] = super()._handle_client_error(ex)
        if isinstance(ex, _HeadersTooLarge):
            head = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n"
            return "431", head + b"Content-Length: 0\r\n\r\n"
        return answer

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        environ[SOCKET] = self.socket
        return environ

    def finalize_headers(self) -> None:
        super().finalize_headers()
        if (b"Content-Type", b"text/event-stream; charset=utf-8") in self.response_headers:
            # A stream ends with its connection; unchunked, so that others may write to the socket directly.
            self.response_use_chunked = False
            self.close_connection = True
            self.response_headers = [h for h in self.response_headers if h[0] != b"Transfer-Encoding"]
            self.response_headers.append((b"Connection", b"close"))

    def _write_with_headers(self, data: bytes) -> None:
        """Head and first part in one packet; pywsgi sends two."""
        self.headers_sent = True
        self.finalize_headers()
        head = [b"HTTP/1.1 ", self.status, b"\r\n"]
        for name, value in self.response_headers:
            head += (name, b": ", value, b"\r\n")
        head.append(b"\r\n")
        if data:
            head += (b"%x\r\n" % len(data), data, b"\r\n") if self.response_use_chunked else (data,)
        self._sendall(b"".join(head))

    def log_request(self) -> None:
        if log.isEnabledFor(logging.INFO):
            log.info(
                "request",
                extra={
                    "request": self.requestline,
                    "status": getattr(self, "code", None),
                    "bytes": self.response_length,
                    "ms": round((self.time_finish - self.time_start) * 1000, 2),
                },
            )


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve(app: Any, host: str, port: int) -> pywsgi.WSGIServer:
    """Start serving `app` in this thread's greenlets; `server.server_port` is the port, `server.stop()` ends it.

    Raises:
        OSError: the address cannot be used.
    """
    server = pywsgi.WSGIServer(
        (host, port), app, handler_class=Handler, spawn=Pool(CONNECTIONS), log=None, error_log=_Log(), backlog=1024
    )
    server.start()
    return server


class _Log:
    def write(self, line: str) -> None:
        log.warning(line.rstrip())


class _Follower:
    __slots__ = ("closed", "cursor", "send")

    def __init__(self, sock: Any, cursor: int) -> None:
        self.send: Callable[[bytes], int] = sock._sock.send  # the plain non-blocking socket under gevent's
        self.cursor = cursor
        self.closed = Event()


class Audience:
    """Followers of one stream of numbered events.

    `publish` returns at once; rounds of writing take at most half of the time, so that a crowd of followers never
    starves those who ask.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._followers: set[_Follower] = set()
        self._joining: set[_Follower] = set()
        self._streams = 0  # those, and who is still catching up
        self._pending: list[tuple[int, bytes]] = []
        self._wake = Event()
        self._greenlets = [gevent.spawn(self._write), gevent.spawn(self._beat)]

    def __len__(self) -> int:
        return self._streams

    @property
    def full(self) -> bool:
        return len(self) >= self.limit

    def publish(self, seq: int, data: bytes) -> None:
        """Give everyone the event numbered `seq`, already in its wire form."""
        self._pending.append((seq, data))
        self._wake.set()

    def stream(self, environ: dict[str, Any], cursor: int, read: Callable[[int], tuple[bytes, int]]) -> Iterator[bytes]:
        """The body of a follower's response: what `read(cursor) -> (bytes, new cursor)` still has, then live.

        `read` gives no bytes when the follower is up to date.
        """
        follower = _Follower(environ[SOCKET], cursor)
        self._streams += 1
        try:
            data, follower.cursor = read(cursor)
            while data:
                yield data
                data, follower.cursor = read(follower.cursor)
            self._joining.add(follower)
            follower.closed.wait()
        finally:
            self._streams -= 1
            self._followers.discard(follower)
            self._joining.discard(follower)

    def _write(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            started = time.perf_counter()
            pending, self._pending = self._pending, []
            data = b"".join(data for _, data in pending)
            joining, self._joining = self._joining, set()
            self._send(self._followers, data)
            for follower in joining:
                self._send([follower], b"".join(data for seq, data in pending if seq > follower.cursor))
                if not follower.closed.is_set():
                    self._followers.add(follower)
            gevent.sleep(time.perf_counter() - started)

    def _beat(self) -> None:
        while True:
            gevent.sleep(HEARTBEAT_SECONDS)
            self._send(self._followers, HEARTBEAT)
            self._send(self._joining, HEARTBEAT)

    def _send(self, followers: set[_Follower] | list[_Follower], data: bytes) -> None:
        if not data:
            return
        length = len(data)
        lost = []
        for follower in followers:
            try:
                if follower.send(data) == length:
                    continue
            except OSError:
                pass  # gone, or its buffer is full: either way it comes back with its cursor
            lost.append(follower)
        for follower in lost:
            self._followers.discard(follower)
            self._joining.discard(follower)
            follower.closed.set()

    def close(self) -> None:
        """Send everyone away."""
        gevent.killall(self._greenlets)
        for follower in list(self._followers | self._joining):
            follower.closed.set()
