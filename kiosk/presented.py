"""What residents hold to the kiosk: cards on the reader and codes before the scanner, as inputs of the flow.

Each device has one thread (`kiosk.supervision`), in which it looks while the screen wants papers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import date

from devices.id_card.driver import CardSource, Prompt
from devices.id_card.seen import AgeBand, CardSeen, Validity
from devices.scanner.reading import CodeSource, Health, Reading
from kiosk.codes import recognise
from kiosk.keys import Keys
from kiosk.known import Known
from kiosk.papers import Card
from kiosk.session import CardRead, Shown
from kiosk.surroundings import Reader
from queue_server.domain.configuration import Configuration
from queue_server.journal.store import StoreError

IDLE = 0.5
"""Seconds between two looks at a device that is not wanted now."""
SCAN_SECONDS = 0.5
GONE = 3.0
"""Seconds without a code after which the same one is a new presentation."""
ASK_AFTER = 300.0
"""Seconds of nothing scanned after which a scanner that can be asked is asked whether it is still there."""

_AGES = {AgeBand.FROM_60: 60, AgeBand.FROM_70: 70, AgeBand.FROM_80: 80}

log = logging.getLogger(__name__)


class Wanted:
    """Whether the screen wants papers now. Set by the screen's thread, read by the devices'."""

    def __init__(self) -> None:
        self.papers = True


class CardWatch:
    """The card reader at its work."""

    def __init__(
        self, source: CardSource, *, wanted: Wanted, keys: Keys, known: Known, today: Callable[[], str],
        post: Callable[[Shown], None],
    ) -> None:  # fmt: skip
        """`post` is called in the reader's thread, once for each time a card is placed."""
        self._source, self._wanted, self._keys, self._known = source, wanted, keys, known
        self._today, self._post = today, post
        self.prompt = Reader.NONE

    @property
    def pause(self) -> float:
        return 0.0 if self._wanted.papers else IDLE  # looking keeps the pace itself

    def check(self) -> str:
        if not self._wanted.papers:
            return self._source.check()
        day = self._today()
        match self._source.look(day_key=self._keys.day_key(day), today=date.fromisoformat(day)):
            case CardSeen() as seen:
                self.prompt = Reader.TAKE_CARD
                self._post(self._read(seen))
            case Prompt.NO_READER:
                self.prompt = Reader.NONE
            case prompt:
                self.prompt = Reader(prompt)
        return self._source.health

    def close(self) -> None:
        self._source.close()

    def _read(self, seen: CardSeen) -> CardRead:
        card = Card(
            holder=seen.holder, name=seen.masked_name, age=_AGES.get(seen.age_band),
            expired=seen.validity is Validity.EXPIRED,
        )  # fmt: skip
        try:
            return CardRead(
                card=card, bookings=self._known.bookings_of(card.holder), held=self._known.held_by(card.holder)
            )
        except StoreError as error:
            log.error("what a card's holder has cannot be looked up: %s", error)
            return CardRead(card=card)


class CodeWatch:
    """The scanner at its work. It scans all the time, so that it knows a code that lies under it from a new one."""

    def __init__(
        self, source: CodeSource, *, wanted: Wanted, keys: Keys, known: Known, hall: Callable[[], Configuration],
        post: Callable[[Shown], None], now: Callable[[], int], clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """`hall`: as configured now. `post` is called in the scanner's thread, once for each presentation."""
        self._source, self._wanted, self._keys, self._known = source, wanted, keys, known
        self._hall, self._post, self._now, self._clock = hall, post, now, clock
        self._scanning = False
        self._ask_at = 0.0
        self._last: Reading | None = None
        self._seen_at = float("-inf")
        self._begun_at = float("-inf")

    pause = 0.0

    @property
    def usable(self) -> bool:
        """Codes can be read now, as far as can be known: many scanners only speak when they scan."""
        return self._source.health in (Health.READY, Health.UNKNOWN)

    def check(self) -> str:
        if not self._scanning:
            self._begin()
        reading = self._source.scan(SCAN_SECONDS)
        now = self._clock()
        if reading is not None:
            self._ask_at = now + ASK_AFTER
            if self._is_new(reading, now) and self._wanted.papers:
                self._tell(reading)
        elif now >= self._ask_at:
            self._source.end()
            self._source.check()
            self._begin()
        return self._source.health

    def close(self) -> None:
        self._source.close()

    def _begin(self) -> None:
        self._source.begin()
        self._scanning = True
        self._begun_at = self._clock()
        self._ask_at = self._begun_at + ASK_AFTER

    def _is_new(self, reading: Reading, now: float) -> bool:
        """Another code, or the same after a while without it. Just begun, a scanner gives again what lies there."""
        lies_there = now - self._seen_at < GONE or now - self._begun_at < GONE
        again = reading == self._last and lies_there
        self._last, self._seen_at = reading, now
        return not again

    def _tell(self, reading: Reading) -> None:
        hall = self._hall()
        shown = recognise(
            reading.text, key=self._keys.code_key, hall=hall.hall, timezone=hall.timezone, known=self._known,
            now=self._now(),
        )  # fmt: skip
        if shown is not None:
            log.info("a code was scanned: %s", type(shown).__name__)
            self._post(shown)
