"""A wire to a simulated reader on which time is only a number: whole sessions with real timeouts take no time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from devices.id_card.driver import CardSource, IdCardReader, Look, Prompt
from devices.id_card.seen import CardSeen
from devices.id_card.simulator import Faults, SimulatedReader
from devices.transport import LIMIT, Transport

DAY_KEY = bytes(range(32))
TODAY = date(2026, 3, 1)


class VirtualWire(Transport):
    """`line` is what becomes of the bytes the reader says; `cut_after` bytes more, then the plug is out."""

    def __init__(self, stage: Stage) -> None:
        self.name = "virtual"
        self.line: Callable[[bytes], bytes] = bytes
        self.cut_after: int | None = None
        self.longest = 0  # bytes handed over at once
        self._stage = stage
        self._arrived = b""
        self._open = False

    def open(self) -> None:
        if self.cut_after == 0:
            raise OSError("unplugged")
        self._open = True

    def close(self) -> None:
        self._open = False
        self._arrived = b""

    @property
    def is_open(self) -> bool:
        return self._open

    def read(self, timeout: float = 0.0, limit: int = LIMIT) -> bytes:
        until = self._stage.now + timeout
        while True:
            self._arrived += self.line(self._stage.reader.tick(self._stage.now))
            if self.cut_after is not None and not self._arrived[: self.cut_after]:
                self.cut_after = 0
                raise OSError("unplugged")
            if self._arrived or self._stage.now >= until:
                break
            self._stage.now = min(until, self._stage.now + 0.02)
        size = limit if self.cut_after is None else min(limit, self.cut_after)
        data, self._arrived = self._arrived[:size], self._arrived[size:]
        if self.cut_after is not None:
            self.cut_after -= len(data)
        self.longest = max(self.longest, len(data))
        return data

    def write(self, data: bytes, timeout: float = 5.0) -> None:
        self._arrived += self.line(self._stage.reader.receive(data))


class Stage:
    """A driver, a simulated reader, and virtual time."""

    def __init__(self, *, sticky: bool = True) -> None:
        self.now = 1000.0
        self.reader = SimulatedReader(clock=lambda: self.now, sticky=sticky)
        self.wire = VirtualWire(self)
        self.driver = IdCardReader(self.wire, clock=lambda: self.now, sleep=self.wait)
        self.source: CardSource = self.driver  # what a kiosk sees of it

    def wait(self, seconds: float) -> None:
        self.now += seconds

    @property
    def faults(self) -> Faults:
        return self.reader.faults

    def look(self) -> Look:
        return self.source.look(day_key=DAY_KEY, today=TODAY)

    def looks(self, most: int = 20) -> list[Look]:
        """Look until a card is seen, at most so many times."""
        found: list[Look] = []
        while len(found) < most and not (found and isinstance(found[-1], CardSeen)):
            found.append(self.look())
        return found

    def card(self, most: int = 20) -> CardSeen:
        last = self.looks(most)[-1]
        assert isinstance(last, CardSeen), last
        return last

    def prompts(self, count: int) -> list[Prompt]:
        looked = [self.look() for _ in range(count)]
        assert all(isinstance(look, Prompt) for look in looked), looked
        return [look for look in looked if isinstance(look, Prompt)]
