"""What the tests of window signs and pads share: bytes cut anywhere, wires of every kind, lines that spoil answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle, pairwise
from pathlib import Path
from typing import Generic, TypeVar

from hypothesis import strategies as st

from devices.cable import Cable, Distortion, doubled, drop, split
from devices.carrier import Carrier
from devices.simulation import PtyEnd, Running, Simulated, TcpEnd
from devices.transport import Transport, open_transport

AnyCarrier = TypeVar("AnyCarrier", bound=Carrier)

cuts = st.lists(st.integers(0, 10_000), max_size=12)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@contextmanager
def working(carrier: AnyCarrier) -> Iterator[AnyCarrier]:
    """A driver at work in its thread."""
    thread = threading.Thread(target=carrier.serve)
    thread.start()
    try:
        yield carrier
    finally:
        carrier.close()
        thread.join(10)
        assert not thread.is_alive()


# --- lines that spoil what a device answers

Spoilt = Mapping[str, Callable[[], Distortion]]


def now_and_then(distort: Distortion, every: int) -> Distortion:
    turns = cycle([True] + [False] * (every - 1))
    return lambda data: distort(data) if data and next(turns) else [data]


def spoilt(noisy: Distortion, *, byte: int, answer: int) -> Spoilt:
    """Ways to spoil answers, by name; one byte in so many is lost, one answer in so many."""
    return {
        "sound": lambda: lambda data: [data],
        "one byte at a time": lambda: split(1),
        "doubled": lambda: doubled,
        "noisy": lambda: noisy,
        "a byte lost now and then": lambda: drop(lambda i: i % byte == byte // 2),
        "an answer lost now and then": lambda: now_and_then(lambda data: [], answer),
        "an answer halved now and then": lambda: now_and_then(lambda data: [data[: len(data) // 2]], answer),
    }


def wires_and_ways(ways: Spoilt) -> list[tuple[str, str]]:
    """Every wire with every way to spoil it; TCP loses nothing."""
    whole = ("sound", "one byte at a time")
    return [(wire, how) for wire in ("cable", "pty", "tcp") for how in ways if wire != "tcp" or how in whole]


class _Distorted:
    """A device whose answers are spoilt, for wires that cannot spoil them."""

    def __init__(self, device: Simulated, distort: Distortion) -> None:
        self._device, self._distort = device, distort

    def receive(self, data: bytes) -> bytes:
        return b"".join(self._distort(self._device.receive(data)))

    def tick(self, now: float) -> bytes:
        return self._device.tick(now)


@contextmanager
def wired(device: Simulated, wire: str, distort: Distortion, *, options: str = "") -> Iterator[Transport]:
    """The near end of a wire to a device whose answers are spoilt."""
    cable = Cable()
    ends: dict[str, Transport] = {"cable": cable.far, "pty": PtyEnd(), "tcp": TcpEnd()}
    end = ends[wire]
    with Running(_Distorted(device, distort), end):
        match end:
            case PtyEnd():
                yield open_transport(f"serial:{end.path}{options}")
            case TcpEnd():
                yield open_transport(f"tcp:127.0.0.1:{end.port}")
            case _:
                yield cable.near


# --- a plug that is pulled again and again


class Hasty(Generic[AnyCarrier]):
    """A driver at work on a pty, its clock ten times as fast, so that a hundred of its pauses take seconds."""

    def __init__(self, running: Running, driver: AnyCarrier) -> None:
        self.running, self.driver = running, driver

    @staticmethod
    def clock() -> float:
        return 10 * time.monotonic()


@contextmanager
def hasty(device: Simulated, folder: Path, drive: Callable[[Transport], AnyCarrier]) -> Iterator[Hasty[AnyCarrier]]:
    """`drive` makes the driver, with `Hasty.clock`."""
    end = PtyEnd(folder / "line")
    stopping = threading.Event()
    with Running(device, end) as running:
        driver = drive(open_transport(f"serial:{end.path}"))

        def work() -> None:
            while not stopping.is_set():
                driver.step()
                stopping.wait(0.001)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield Hasty(running, driver)
        finally:
            stopping.set()
            thread.join(10)
            driver.close()
