"""A wire to a simulated device on which time is only a number: minutes of policy take no time."""

from __future__ import annotations

from collections.abc import Callable

from devices.simulation import Simulated
from devices.transport import LIMIT, Transport


class VirtualWire(Transport):
    """Give `wire.clock` to the driver. `line` is what becomes of what the device says; `plugged` can be pulled."""

    def __init__(self, device: Simulated) -> None:
        self.name = "virtual"
        self.now = 1000.0
        self.plugged = True
        self.line: Callable[[bytes], bytes] = bytes
        self.takes = 0.0  # seconds until an answer arrives
        self._device = device
        self._coming: list[tuple[float, bytes]] = []
        self._open = False

    def clock(self) -> float:
        return self.now

    def open(self) -> None:
        self._coming.clear()
        self._open = False
        self._check()
        self._open = True

    def close(self) -> None:
        self._open = False

    @property
    def is_open(self) -> bool:
        return self._open

    def read(self, timeout: float = 0.0, limit: int = LIMIT) -> bytes:
        until = self.now + timeout
        while True:
            self._check()
            self._say(self._device.tick(self.now))
            if self._coming and self._coming[0][0] <= self.now:
                return self._coming.pop(0)[1]
            if self.now >= until:
                return b""
            self.now = min(until, self.now + 0.01)

    def write(self, data: bytes, timeout: float = 5.0) -> None:
        self._check()
        self._device.tick(self.now)
        self._say(self._device.receive(data))

    def run(self, step: Callable[[], float], seconds: float) -> None:
        """Let a driver work for so long: `step` gives how long it then has nothing to do."""
        until = self.now + seconds
        while self.now < until:
            wait = step()
            self.now = max(self.now, min(until, self.now + max(0.001, wait)))
            self._device.tick(self.now)

    def _say(self, data: bytes) -> None:
        if data := self.line(data):
            self._coming.append((self.now + self.takes, data))

    def _check(self) -> None:
        if not self.plugged:
            raise OSError("unplugged")
