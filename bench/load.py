"""Load on a hall's API: many keep-alive connections in one process, each asking again as soon as it is answered."""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Ask = Callable[[bytes | None], bytes]
"""Given the body of the last answer (None at first): the next request, ready to send."""


def post(path: str, body: dict[str, Any]) -> bytes:
    """A request in its wire form. Make it once: the load must cost less than the server it measures."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(data)}"
    return head.encode() + b"\r\n\r\n" + data


@dataclass
class Result:
    """Requests answered a second, errors by status, and seconds from asking to answer, sorted."""

    seconds: float
    statuses: dict[int, int]
    latencies: list[float]

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def quantile(self, q: float) -> float:
        return self.latencies[min(len(self.latencies) - 1, int(q * len(self.latencies)))]


class Client:
    def __init__(self, address: tuple[str, int], ask: Ask) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ask = ask
        self._buffer = b""
        self.asked = 0.0

    def send(self, answer: bytes | None) -> None:
        request = self._ask(answer)
        self.asked = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> tuple[int, bytes] | None:
        """Status and body of the answer once they are whole."""
        self._buffer += self.socket.recv(1 << 16)
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return None
        at = head.index(b"Content-Length: ") + 16
        if len(body) < int(head[at:].split(b"\r\n", 1)[0]):
            return None
        self._buffer = b""
        return int(head[9:12]), body


def run(host: str, port: int, asks: list[Ask], seconds: float) -> Result:
    """One connection for each of `asks`, for so long."""
    waiting = selectors.DefaultSelector()
    clients = [Client((host, port), ask) for ask in asks]
    for client in clients:
        waiting.register(client.socket, selectors.EVENT_READ, client)
        client.send(None)
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    started = now = time.perf_counter()
    while now - started < seconds:
        for key, _ in waiting.select(1.0):
            answered = key.data.receive()
            if answered is None:
                continue
            latencies.append(time.perf_counter() - key.data.asked)
            statuses[answered[0]] = statuses.get(answered[0], 0) + 1
            key.data.send(answered[1])
        now = time.perf_counter()
    for client in clients:
        client.socket.close()
    return Result(now - started, statuses, sorted(latencies))
