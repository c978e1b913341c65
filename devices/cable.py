"""An in-memory cable with faults, for tests and for simulators in the same process as their driver."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Iterable
from itertools import count
from threading import Condition

from .transport import LIMIT, Transport

Distortion = Callable[[bytes], Iterable[bytes]]  # what becomes of one write: the pieces that arrive, read one by one


def split(size: int) -> Distortion:
    """The bytes arrive in reads of at most `size`."""
    return lambda data: (data[i : i + size] for i in range(0, len(data), size))


def drop(lost: Callable[[int], bool]) -> Distortion:
    """Byte number i (over all writes) is lost when `lost(i)`; `drop(lambda i: True)` is a dead line."""
    numbers = count()
    return lambda data: [bytes(byte for byte in data if not lost(next(numbers)))]


def doubled(data: bytes) -> Iterable[bytes]:
    """Every write arrives twice, as from a reader that answers a repeated question late."""
    return (data, data)


def noise(before: bytes = b"", after: bytes = b"") -> Distortion:
    """Garbage arrives around every write."""
    return lambda data: [before + data + after]


class Cable:
    """Two connected ends, `near` for the driver and `far` for the device, each a Transport.

    `cable.near.distort = split(1)` spoils what the near end writes. `cut()` is a cable pulled out: both ends
    raise OSError until `mend()` and a new `open`. Bytes written to an end that is not open are lost, as on a
    real line; more than `capacity` bytes that nobody reads make the writer wait.
    """

    def __init__(self, *, baud: int | None = None, capacity: int = 65536) -> None:
        self.baud, self.capacity = baud, capacity
        self.change = Condition()
        self.life = 1  # counts up at each cut: an end opened in an earlier life is dead
        self.is_cut = False
        self.near, self.far = CableEnd(self, "near"), CableEnd(self, "far")
        self.near.other, self.far.other = self.far, self.near

    def cut(self) -> None:
        with self.change:
            self.is_cut = True
            self.life += 1
            self.change.notify_all()

    def mend(self) -> None:
        with self.change:
            self.is_cut = False


class CableEnd(Transport):
    """One end of a Cable."""

    def __init__(self, cable: Cable, side: str) -> None:
        self.name = f"cable:{side}"
        self.distort: Distortion | None = None
        self.other: CableEnd = self  # set by the cable
        self._cable = cable
        self._life = 0
        self._arrived: deque[bytes] = deque()

    def open(self) -> None:
        with self._cable.change:
            self._arrived.clear()
            self._life = 0
            if self._cable.is_cut:
                raise OSError(errno.ENODEV, "the cable is cut", self.name)
            self._life = self._cable.life

    def close(self) -> None:
        with self._cable.change:
            self._life = 0
            self._arrived.clear()
            self._cable.change.notify_all()

    @property
    def is_open(self) -> bool:
        return self._life > 0

    def read(self, timeout: float = 0.0, limit: int = LIMIT) -> bytes:
        with self._cable.change:
            self._cable.change.wait_for(lambda: self._arrived or not self._alive, timeout)
            self._check()
            if not self._arrived:
                return b""
            piece = self._arrived.popleft()
            if len(piece) > limit:
                self._arrived.appendleft(piece[limit:])
            self._cable.change.notify_all()  # a writer may wait for room
            return piece[:limit]

    def write(self, data: bytes, timeout: float = 5.0) -> None:
        with self._cable.change:
            there = self.other
            self._check()
            if not there._alive:
                return
            room = self._cable.capacity - len(data)
            fits = self._cable.change.wait_for(
                lambda: sum(map(len, there._arrived)) <= max(0, room) or not self._alive, timeout
            )
            self._check()
            if not fits:
                raise TimeoutError(errno.ETIMEDOUT, "the other end takes no bytes", self.name)
            if self.distort is not None:
                there._arrived.extend(piece for piece in self.distort(data) if piece)
            elif there._arrived:
                there._arrived[-1] += data  # as in a kernel's buffer, writes run together
            elif data:
                there._arrived.append(bytes(data))
            self._cable.change.notify_all()

    def seconds_for(self, count: int) -> float:
        return count * 10 / self._cable.baud if self._cable.baud else 0.0

    @property
    def _alive(self) -> bool:
        return self._life == self._cable.life and not self._cable.is_cut

    def _check(self) -> None:
        if not self._alive:
            raise OSError(errno.EIO if self._life else errno.ENOTCONN, "the cable is cut or not open", self.name)
