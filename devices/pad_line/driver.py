"""Policy and health of a line with many of our pads on it.

A pad (`RatingPad`, `CallPad`) holds the rules and knows no wire: it says what its device should be told, and hears
what was pressed. A carrier takes these words there and back, watches, reopens: `PadLine` for a line of ours,
`SinglePad` (in `port.py`) for a USB numeric keypad or a vendor's library. They differ in one line of configuration.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol, TypeAlias

from devices.carrier import Carrier
from devices.pad_line import protocol
from devices.pad_line.protocol import (
    Done,
    Event,
    Is,
    Kind,
    Line,
    LineDecoder,
    Nothing,
    Refused,
    Restarted,
    Speaker,
    Words,
)
from devices.transport import Reconnecting, Transport

log = logging.getLogger(__name__)

POLL_EVERY = 0.1  # seconds between two questions to one pad: a key is felt at once up to about 0.2
ANSWER_WITHIN = 0.2  # seconds, besides the time on the wire
TRIES = 3  # unanswered questions until a pad counts as silent
ASK_SILENT_EVERY = 1.0  # seconds; more often would slow the pads that are there
REOPEN_AFTER = 0.2  # seconds


class Health(StrEnum):
    UNKNOWN = "unknown"
    """Not asked yet, or not since the line was last opened."""
    READY = "ready"
    UNPLUGGED = "unplugged"
    """The port is not there, is used by another program, or takes no bytes."""
    SILENT = "silent"
    """The port is there; this pad does not answer (no power, wrong address, wrong baud rate)."""
    GARBLED = "garbled"
    """Something answers, but no right line (wrong baud rate, bad cable, two pads with one address)."""
    WRONG_PAD = "wrong-pad"
    """A pad answers at this address, of another kind or version than configured."""


class Pad(Protocol):
    """The rules of one pad, without a wire. All but `health` are called from the carrier's thread."""

    @property
    def kind(self) -> Kind: ...

    @property
    def health(self) -> Health: ...

    def wanted(self) -> Words:
        """What the device should have been told last; told again when it changes and when the device came back."""

    def told(self, words: Words) -> None:
        """The device has been told this, and does it."""

    def heard(self, words: Words) -> None:
        """The device says this happened. Any words may come."""

    def tick(self) -> None:
        """Let time pass."""

    def become(self, health: Health) -> None:
        """How the carrier finds the device now."""


_Answer: TypeAlias = protocol.Answer | None


class _Station:
    """What the line knows of the pad at one address."""

    def __init__(self, address: int, pad: Pad) -> None:
        self.address, self.pad = address, pad
        self.greeted = False
        self.told: Words | None = None
        self.last_event = 0
        self.misses = 0
        self.due = float("-inf")

    def question(self) -> Words:
        if not self.greeted:
            return protocol.HELLO
        wanted = self.pad.wanted()
        return wanted if wanted != self.told else protocol.poll(self.last_event)


class PadLine(Carrier):
    """The host of one serial line (or TCP connection) with pads of ours, by address 1..99.

    One thread works: it runs `serve`, or calls `step` again and again. Nothing here raises for what a wire or a pad
    does; a pad that is dead is asked seldom and does not slow the others.
    """

    def __init__(
        self, wire: Transport, pads: Mapping[int, Pad], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        if wrong := [address for address in pads if not 1 <= address <= 99]:
            raise ValueError(f"a pad's address is 1 to 99, not {wrong[0]}")
        self._wire = wire if isinstance(wire, Reconnecting) else Reconnecting(wire, clock=clock)
        self._stations = [_Station(address, pad) for address, pad in pads.items()]
        self._clock = clock
        self._decoder = LineDecoder()
        self._connection = 0
        self._number = 0
        self._away_due = float("-inf")

    @property
    def health(self) -> dict[int, Health]:
        """Of every pad, by address."""
        return {station.address: station.pad.health for station in self._stations}

    def _hang_up(self) -> None:
        self._wire.close()

    def check(self) -> dict[int, Health]:
        """Greet every pad now, for an installer. Not while `serve` runs; under a second for each silent pad."""
        for station in self._stations:
            station.greeted = False
            for _ in range(TRIES):
                if self._turn(station):
                    break
        return self.health

    def step(self) -> float:
        """Ask one pad, if one is due; gives the seconds until the next is. Takes well under a second."""
        station = self._next()
        if station is not None and station.due <= self._clock():
            self._turn(station)
        for each in self._stations:
            each.pad.tick()
        soonest = min((each.due for each in self._stations), default=self._clock() + REOPEN_AFTER)
        return max(0.0, soonest - self._clock())

    def _next(self) -> _Station | None:
        """Of the pads that are due, first those that answer; but once a second one that does not."""
        now = self._clock()
        due = [station for station in self._stations if station.due <= now]
        here = [station for station in due if station.misses < TRIES]
        away = [station for station in due if station.misses >= TRIES]
        if away and (not here or self._away_due <= now):
            self._away_due = now + ASK_SILENT_EVERY
            here = away
        return min(here or self._stations, key=lambda station: station.due, default=None)

    def _turn(self, station: _Station) -> bool:
        """One question to one pad; whether it answered."""
        question = station.question()
        try:
            self._wire.open()
            if self._connection != self._wire.connections:
                self._connection = self._wire.connections
                self._nothing_is_known(Health.UNKNOWN, 0.0)
            words, heard = self._ask(station.address, question)
        except OSError:
            self._nothing_is_known(Health.UNPLUGGED, REOPEN_AFTER)
            return False
        if words is None:
            self._missed(station, heard=heard)
            return False
        station.misses = 0
        station.due = self._clock() + POLL_EVERY
        self._answered(station, question, protocol.answer(words))
        return True

    def _ask(self, address: int, question: Words) -> tuple[Words | None, bool]:
        """One question and its answer, and whether bytes came that were no line at all."""
        self._number = (self._number + 1) % 100
        line = Line(speaker=Speaker.HOST, address=address, number=self._number, words=question)
        data = protocol.encode(line)
        self._wire.discard()
        self._decoder.reset()
        self._wire.write(data)
        deadline = self._clock() + ANSWER_WITHIN + self._wire.seconds_for(len(data) + protocol.LONGEST)
        heard = whole = False
        while (left := deadline - self._clock()) > 0:
            data = self._wire.read(left)
            heard = heard or bool(data)
            for line in self._decoder.feed(data):
                whole = True  # perhaps only our own question: many RS-485 adapters hear themselves
                if (line.speaker, line.address, line.number) == (Speaker.PAD, address, self._number):
                    return line.words, False
        return None, heard and not whole

    def _answered(self, station: _Station, question: Words, answer: _Answer) -> None:
        pad = station.pad
        match answer:
            case Is(kind=pad.kind, version=protocol.VERSION):
                station.greeted, station.told, station.last_event = True, None, 0
                station.due = self._clock()
            case Is() | None:
                return self._wrong(station)
            case Refused() if question == protocol.HELLO:
                return self._wrong(station)
            case Restarted():
                station.greeted = False
                station.due = self._clock()
            case Done():
                station.told = question
                station.due = self._clock()
                pad.told(question)
            case Refused(why=why):  # it will not do better if asked again; its keys still count
                log.warning("pad %d refuses %s: %s", station.address, " ".join(question), why)
                station.told = question
            case Event(number=number, words=words) if number != station.last_event:
                station.last_event = number
                station.due = self._clock()
                pad.become(Health.READY)
                pad.heard(words)
            case Event() | Nothing():
                pass
        return pad.become(Health.READY)

    def _wrong(self, station: _Station) -> None:
        station.greeted = False
        station.due += ASK_SILENT_EVERY
        station.pad.become(Health.WRONG_PAD)

    def _missed(self, station: _Station, *, heard: bool) -> None:
        station.misses += 1
        station.due = self._clock()
        if station.misses >= TRIES:
            station.due += ASK_SILENT_EVERY
            station.pad.become(Health.GARBLED if heard else Health.SILENT)

    def _nothing_is_known(self, health: Health, wait: float) -> None:
        for station in self._stations:
            station.misses = 0
            station.due = self._clock() + wait
            station.pad.become(health)
