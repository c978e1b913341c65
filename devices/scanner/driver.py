"""Policy and health of scanners on a wire: serial (also USB-CDC and TCP) or typing like a keyboard.

`open_scanner` makes any scanner, cameras too, from one line of configuration.
"""

from __future__ import annotations

import functools
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from devices.evdev import KeyboardTransport, KeyDecoder
from devices.scanner.protocol import (
    Answer,
    Damage,
    Decoder,
    Family,
    Heard,
    WedgeDecoder,
    probe,
    setup,
    start,
    stop,
)
from devices.scanner.reading import CodeSource, Health, Once, Reading
from devices.transport import Reconnecting, Transport, open_transport

log = logging.getLogger(__name__)

GONE = 1.5  # seconds without it, and a code shown again is a new one
PAUSE_WITHIN = 0.3  # seconds of silence inside a code: no more is coming
ANSWER_WITHIN = 0.5  # seconds
SILENT_AFTER = 3  # unanswered questions in a row
GARBLED_AFTER = 2  # damaged codes in a row
RETRIGGER_EVERY = 3.0  # seconds: scanners let the light go out by themselves after some
RETRY_EVERY = 0.1  # seconds, while it is unplugged


class _Bytes(Protocol):
    """Bytes -> what the scanner said."""

    def feed(self, data: bytes) -> list[Heard]: ...

    def abandon(self) -> list[Heard]: ...


class _Typed:
    """Bytes of an event device -> what the scanner typed."""

    def __init__(self) -> None:
        self._keys, self._text = KeyDecoder(), WedgeDecoder()

    def feed(self, data: bytes) -> list[Heard]:
        return self._text.feed(self._keys.feed(data))

    def abandon(self) -> list[Heard]:
        self._keys.reset()
        return self._text.abandon()


class WiredScanner:
    """A `CodeSource` on `wire`, which it keeps open from its first use on. For one thread; every call is bounded.

    `family` says how a serial scanner is triggered and asked; None: it types, `wire` is an event device.
    """

    def __init__(
        self,
        wire: Transport,
        family: Family | None = Family.PLAIN,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = wire.name
        self._wire = wire if isinstance(wire, Reconnecting) else Reconnecting(wire, clock=clock)
        self._family = family or Family.PLAIN
        self._new_decoder: Callable[[], _Bytes] = _Typed if family is None else functools.partial(Decoder, family)
        self._decoder: _Bytes = self._new_decoder()
        self._clock, self._sleep = clock, sleep
        self._health = Health.UNKNOWN
        self._connection = 0
        self._misses = self._damaged = 0
        self._wanted = False
        self._trigger_at = float("-inf")
        self._heard_at = float("-inf")
        self._once = Once(GONE)
        self._ready: deque[Reading] = deque(maxlen=8)

    @property
    def health(self) -> Health:
        return self._health

    def check(self) -> Health:
        if self._wanted:
            return self._health
        try:
            self._connect()
            self._hear(self._wire.discard())
            if probe(self._family):
                self._ask()
        except OSError as fault:
            self._lose(fault)
        self._ready.clear()
        return self._health

    def begin(self) -> None:
        self._wanted = True
        self._once.forget()
        try:
            self._connect()
            self._hear(self._wire.discard())
            self._decoder.abandon()
            self._trigger()
        except OSError as fault:
            self._lose(fault)
        self._ready.clear()

    def scan(self, within: float) -> Reading | None:
        until = self._clock() + within
        while True:
            if self._ready:
                return self._ready.popleft()
            left = max(0.0, until - self._clock())
            try:
                self._connect()
                if self._wanted and self._clock() >= self._trigger_at + RETRIGGER_EVERY:
                    self._trigger()
                self._hear(self._wire.read(min(left, PAUSE_WITHIN)))
            except OSError as fault:
                self._lose(fault)
                self._sleep(min(left, RETRY_EVERY))
            if left <= 0 and not self._ready:
                return None

    def end(self) -> None:
        self._wanted = False
        self._ready.clear()
        try:
            if self._wire.is_open and (command := stop(self._family)):
                self._wire.write(command)
        except OSError as fault:
            self._lose(fault)

    def close(self) -> None:
        if self._wanted:
            self.end()
        self._decoder.abandon()
        self._wire.close()
        self._become(Health.UNKNOWN)

    def _connect(self) -> None:
        """OSError if it is not there. What it must be told when it is new is told."""
        self._wire.open()
        if self._connection == self._wire.connections:
            return
        self._connection = self._wire.connections
        self._decoder = self._new_decoder()
        self._misses = self._damaged = 0
        self._trigger_at = float("-inf")
        self._become(Health.UNKNOWN)
        if command := setup(self._family):
            self._wire.write(command)

    def _trigger(self) -> None:
        self._trigger_at = self._clock()
        if command := start(self._family):
            self._wire.write(command)

    def _ask(self) -> None:
        """Is it there? An answer or a code says so; neither, several times, that it is not."""
        if isinstance(self._decoder, Decoder):
            self._decoder.abandon()
            self._decoder.expect_answer()
        question = probe(self._family)
        asked = self._clock()
        deadline = asked + ANSWER_WITHIN + self._wire.seconds_for(len(question) + 1)
        self._wire.write(question)
        while (left := deadline - self._clock()) > 0:
            if any(self._is_alive(heard) for heard in self._hear(self._wire.read(left))):
                return
        self._decoder.abandon()
        self._misses += 1
        if self._misses >= SILENT_AFTER:
            self._become(Health.GARBLED if self._heard_at >= asked else Health.SILENT)

    def _is_alive(self, heard: Heard) -> bool:
        """A code, or the answer to our question (Newland answers what it was told before, too)."""
        match heard:
            case Reading():
                return True
            case Answer(verdict=verdict):
                return verdict is None or self._family is not Family.NEWLAND
            case Damage():
                return False

    def _hear(self, data: bytes) -> list[Heard]:
        now = self._clock()
        if data:
            self._heard_at = now
        silent = not data and now - self._heard_at >= PAUSE_WITHIN
        well = False
        said = self._decoder.abandon() if silent else self._decoder.feed(data)
        for heard in said:
            match heard:
                case Reading():
                    well = True
                    if self._once.passes(heard, now):
                        self._ready.append(heard)
                    self._trigger_at = float("-inf")  # a triggered scanner has let its light go out
                case Answer():
                    well = True
                case Damage():
                    self._damaged += 1
                    log.debug("%s: %s", self.name, heard)
        if well:
            self._misses = self._damaged = 0
            self._become(Health.READY)
        elif self._damaged >= GARBLED_AFTER:
            self._become(Health.GARBLED)
        return said

    def _lose(self, fault: OSError) -> None:
        log.debug("%s: %s", self.name, fault)
        self._decoder.abandon()
        self._become(Health.UNPLUGGED)

    def _become(self, health: Health) -> None:
        if health is not self._health:
            log.info("%s: %s -> %s", self.name, self._health, health)
            self._health = health


def open_scanner(url: str) -> CodeSource:
    """The scanner one line of configuration names; not opened yet. ValueError says what is wrong with the line.

    `serial:…` or `tcp:…` as in `devices.transport` (a plain scanner), the same with `newland+` or `honeywell+` before
    it (scans when asked), `keyboard:usb-…-event-kbd` (see `devices.evdev`), `camera:…` (see `camera`).
    """
    kind, _, rest = url.partition(":")
    if kind == "camera" and rest:
        from devices.scanner.camera import CameraScanner  # noqa: PLC0415  OpenCV only where there is a camera

        return CameraScanner(rest)
    if kind == "keyboard" and rest:
        return WiredScanner(KeyboardTransport(rest), None)
    family, plus, wire = url.partition("+")
    if not plus or family not in list(Family):
        family, wire = Family.PLAIN, url
    if wire.startswith("file:"):
        raise ValueError(f"{url!r} names no scanner: write serial:…, tcp:…, keyboard:… or camera:…")
    return WiredScanner(open_transport(wire), Family(family))
