"""Policy and health of an ID card reader: when to ask what, what a resident should do now, what may leave.

The fingerprint is never asked for, the photo is dropped unread, the text record is wiped as soon as `seen` has been
taken from it; no log line, exception or attribute here carries anything from a card.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeAlias

from devices.id_card.protocol import (
    LONGEST_REPLY,
    Command,
    Reply,
    ReplyParser,
    Status,
    answers,
    frame,
    module_id_of,
    text_of,
    wipe,
)
from devices.id_card.records import Unreadable, parse_record
from devices.id_card.seen import CardSeen, require_day_key, seen
from devices.transport import Reconnecting, Transport

log = logging.getLogger(__name__)

POLL_EVERY = 0.3  # seconds between two finds: the module wants at least that
PAUSE_WITHIN = 0.5  # seconds of silence inside an answer, or after a damaged one: no more is coming
SILENT_AFTER = 3  # unanswered questions in a row
FRESH_AFTER = 5.0  # seconds without `look`: the next one is for another resident
GONE_AFTER = 15.0  # seconds of an empty reader: whoever failed at it has gone, or will not be told any more
PIECE = 16  # bytes read at once: what the wire hands over cannot be wiped, so no piece may hold a whole number
GIVE_UP_AFTER = 3  # failed attempts of one resident


_SPOILT = frozenset({Status.CHECKSUM_ERROR, Status.LENGTH_ERROR, Status.COMMAND_ERROR})


class Health(StrEnum):
    UNKNOWN = "unknown"
    """Not asked yet, or not since it was last plugged in."""
    READY = "ready"
    UNPLUGGED = "unplugged"
    """The port is not there, is used by another program, or does not take bytes."""
    SILENT = "silent"
    """The port is there; nothing answers (no power, wrong port, wrong baud rate)."""
    GARBLED = "garbled"
    """Something answers, but no whole frame (wrong baud rate, bad cable, another device)."""
    SELF_TEST_FAILED = "self-test-failed"
    NOT_AUTHORISED = "not-authorised"
    """The module's licence is missing: only the maker can mend that."""


class Prompt(StrEnum):
    """What the resident should be told; the kiosk's texts say it."""

    PLACE = "place"
    """请将身份证放在读卡区"""
    KEEP_STILL = "keep-still"
    """正在读卡，请勿移动: the card was found, the next `look` reads it"""
    PLACE_AGAIN = "place-again"
    """请将身份证重新放置"""
    TAKE_CARD = "take-card"
    """请取回身份证: the card already read still lies there"""
    NOT_AN_ID_CARD = "not-an-id-card"
    """这不是身份证"""
    ASK_STAFF = "ask-staff"
    """此证无法识别，请联系工作人员"""
    NO_READER = "no-reader"
    """读卡器暂不可用: `health` says why; offer the way without a card"""


Look: TypeAlias = CardSeen | Prompt


class CardSource(Protocol):
    """What a kiosk needs of any card reader; an adapter for a vendor's library offers the same."""

    @property
    def health(self) -> Health: ...

    def check(self) -> Health: ...

    def look(self, *, day_key: bytes, today: date) -> Look: ...

    def close(self) -> None: ...


class IdCardReader:
    """A SAM-V reader on `wire`, which it keeps open from its first use on. For one thread; every call is bounded.

    While a screen asks for a card call `look` again and again (it keeps the pace itself); otherwise `check` every few
    seconds. Neither raises for anything a wire, a reader or a card does. `answer_within` and `read_within` (a whole
    card) are seconds of patience, besides the time an answer takes on the wire.
    """

    def __init__(
        self,
        wire: Transport,
        *,
        answer_within: float = 1.5,
        read_within: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._wire = wire if isinstance(wire, Reconnecting) else Reconnecting(wire, clock=clock)
        self._answer_within, self._read_within = answer_within, read_within
        self._clock, self._sleep = clock, sleep
        self._parser = ReplyParser()
        self._health = Health.UNKNOWN
        self._connection = 0
        self._misses = 0
        self._next_find = self._last_look = self._card_at = float("-inf")
        self._found = False  # a card has answered find and waits to be read
        self._lying: Prompt | None = None  # what to say while the card we are done with has not been seen to leave
        self._begin()

    @property
    def health(self) -> Health:
        return self._health

    def close(self) -> None:
        self._parser.clear()
        self._wire.close()
        self._become(Health.UNKNOWN)

    def check(self) -> Health:
        """Ask the reader how it is. Takes at most two questions' time."""
        try:
            self._ask(Command.STATUS)
            if self._lying:
                self._find()
        except OSError:
            self._lose()
        return self._health

    def identify(self) -> str | None:
        """The module's number as printed on it; None without an answer."""
        try:
            reply = self._ask(Command.MODULE_ID)
        except OSError:
            self._lose()
            return None
        return None if reply is None else module_id_of(reply)

    def look(self, *, day_key: bytes, today: date) -> Look:
        """One step towards a card: find it, or read the one just found.

        Gives the card, once for each time it is placed, or what to tell the resident now. Takes up to POLL_EVERY +
        `answer_within` seconds, for a card up to `answer_within + read_within`. ValueError if the day key is too short.
        """
        require_day_key(day_key)
        if self._clock() - self._last_look > FRESH_AFTER:
            self._begin()
        try:
            return self._read(day_key, today) if self._found else self._find()
        except OSError:
            self._lose()
            return Prompt.NO_READER
        finally:
            self._last_look = self._clock()

    def _begin(self) -> None:
        self._attempts = 0
        self._when_empty = Prompt.PLACE  # what an empty reader means to this resident
        self._found = False
        if self._lying is Prompt.ASK_STAFF:  # the next resident is given a try
            self._lying = None

    def _lose(self) -> None:
        self._found = False
        self._become(Health.UNPLUGGED)

    def _find(self) -> Prompt:
        self._sleep(max(0.0, self._next_find - self._clock()))
        self._next_find = self._clock() + POLL_EVERY  # for a start, should the line fail
        reply = self._ask(Command.FIND)
        self._next_find = self._clock() + POLL_EVERY
        if reply is not None and reply.status is Status.FOUND:
            self._card_at = self._clock()
            if self._lying is not None:
                return self._lying
            self._found = True
            return Prompt.KEEP_STILL
        if reply is not None and reply.status is Status.NO_CARD:
            self._lying = None
            if self._clock() - self._card_at > GONE_AFTER:
                self._begin()
        return self._when_empty if self._usable else Prompt.NO_READER

    def _read(self, day_key: bytes, today: date) -> Look:
        self._found = False
        selected = self._ask(Command.SELECT)
        if selected is None or selected.status is not Status.OK:
            return self._failed(selected)
        reply = self._ask(Command.READ)
        if reply is None:
            return self._failed(None)
        try:
            text = text_of(reply)
        finally:
            reply.wipe()
        if text is None:
            return self._failed(reply)
        try:
            record = parse_record(text)
            if isinstance(record, Unreadable):
                log.warning("ID card reader: a card could not be understood: %s", record)
                return self._failed(reply)
            card = seen(record, day_key=day_key, today=today)
        finally:
            wipe(text)
        if card is None:
            return self._failed(reply)
        self._begin()
        self._lying = Prompt.TAKE_CARD
        return card

    def _failed(self, reply: Reply | None) -> Prompt:
        """Nothing came of a card that was found."""
        if not self._usable:
            return Prompt.NO_READER
        self._attempts += 1
        if self._attempts >= GIVE_UP_AFTER:
            self._when_empty = self._lying = Prompt.ASK_STAFF
            return Prompt.ASK_STAFF
        wrong = reply is not None and reply.status is Status.WRONG_CARD
        self._when_empty = Prompt.NOT_AN_ID_CARD if wrong else Prompt.PLACE_AGAIN
        # A question or an answer spoilt on the line is no fault of the resident: try again first. If find then sees
        # no card (lifted, or a reader that wants it lifted after a good read), they are asked to place it again.
        spoilt = reply is None or reply.status in _SPOILT
        return Prompt.KEEP_STILL if spoilt else self._when_empty

    @property
    def _usable(self) -> bool:
        return self._health in (Health.READY, Health.UNKNOWN)

    def _ask(self, command: Command) -> Reply | None:
        """One question and its answer; None if there was none in time. OSError if the wire is down."""
        self._wire.open()
        if self._connection != self._wire.connections:
            self._connection = self._wire.connections
            self._misses = 0
            self._become(Health.UNKNOWN)
        for _ in range(2 * LONGEST_REPLY // PIECE):  # what comes late answers no question
            if not self._wire.read(0.0, PIECE):
                break
        self._wire.write(frame(command))
        try:
            return self._answer(command)
        finally:
            self._parser.clear()

    def _answer(self, command: Command) -> Reply | None:
        within = self._read_within if command is Command.READ else self._answer_within
        deadline = self._clock() + within + self._wire.seconds_for(LONGEST_REPLY)
        heard = False
        while (left := deadline - self._clock()) > 0:
            nearly_over = self._parser.begun or self._parser.damaged
            data = self._wire.read(min(left, PAUSE_WITHIN) if nearly_over else left, PIECE)
            heard = heard or bool(data)
            for reply in self._parser.feed(data) if data else self._parser.abandon():
                if answers(command, reply):
                    self._answered(reply)
                    return reply
                reply.wipe()
            if nearly_over and not data:
                break
        self._misses += 1
        if self._misses >= SILENT_AFTER:
            self._become(Health.GARBLED if heard else Health.SILENT)
        return None

    def _answered(self, reply: Reply) -> None:
        self._misses = 0
        match reply.status:
            case Status.SELF_TEST_FAILED:
                self._become(Health.SELF_TEST_FAILED)
            case Status.NOT_AUTHORISED:
                self._become(Health.NOT_AUTHORISED)
            case _:
                self._become(Health.READY)

    def _become(self, health: Health) -> None:
        if health is not self._health:
            log.info("ID card reader: %s -> %s", self._health, health)
            self._health = health
