"""Policy and health of the LED signs on one bus: they are told what to show, and the driver makes it so.

Level-triggered: only the newest wish for each sign is kept. What a sign did not confirm is sent again; what it did
confirm is sent again from time to time, because a card that lost power for a moment answers pings with a dark panel.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from devices.carrier import Carrier
from devices.led_sign import protocol
from devices.led_sign.protocol import Ack, Colour, Face, FrameDecoder, Nack, Told
from devices.transport import Reconnecting, Transport

log = logging.getLogger(__name__)

PING_EVERY = 5.0  # seconds: how soon a sign that went silent, or came back, is noticed
REFRESH_EVERY = 30.0  # seconds: how long a sign that lost power unnoticed stays dark
RETRY_AFTER = 3.0  # seconds to the next question to a sign that was silent or refused; the others wait for it
ANSWER_WITHIN = 0.4  # seconds, besides the time on the wire
ANSWER_BYTES = 64
QUIET = 0.02  # seconds without a byte before a question: late and doubled answers are over, the bus has turned round
TRIES = 2  # unanswered questions until a sign counts as silent
REOPEN_AFTER = 0.2  # seconds
LOOK_EVERY = 1.0  # seconds: how soon a pulled plug is noticed while no sign is due


class Health(StrEnum):
    UNKNOWN = "unknown"
    """Not asked yet, or not since the line was last opened."""
    READY = "ready"
    UNPLUGGED = "unplugged"
    """The line to the bus is not there, is used by another program, or takes no bytes."""
    SILENT = "silent"
    """The line is there; this sign does not answer (no power, wrong address, wrong baud rate)."""
    GARBLED = "garbled"
    """Something answers, but no whole frame (wrong baud rate, bad cable, two signs with one address)."""
    REFUSING = "refusing"
    """The sign answers and will not show the text."""


@dataclass(frozen=True, kw_only=True)
class Sign:
    """One sign of a bus, as configured."""

    address: int  # 1..0xFFFD; 0xFFFE for whichever sign is alone on its line
    columns: int = 8  # Chinese characters a line holds: 8 (128 dots) or 12 (192 dots)

    def __post_init__(self) -> None:
        if not 1 <= self.address <= protocol.ANY:
            raise ValueError(f"a sign's address is 1 to {protocol.ANY}, not {self.address}")
        if not 1 <= self.columns <= 64:
            raise ValueError(f"a sign has 1 to 64 columns, not {self.columns}")


@dataclass(frozen=True, kw_only=True)
class SignState:
    """How one sign is, for health pages. `confirmed`: it has said yes to exactly the face wanted now."""

    health: Health
    wanted: Face | None
    confirmed: bool
    replaced: str  # characters of the wanted face the card's font lacks


class _Sign:
    def __init__(self, sign: Sign) -> None:
        self.sign = sign
        self.health = Health.UNKNOWN
        self.wanted: Face | None = None
        self.confirmed: Face | None = None  # None: what the panel shows is not known
        self.misses = 0
        self.due = float("-inf")  # of the next question
        self.refresh_at = float("-inf")


class SignBus(Carrier):
    """All signs on one serial line or TCP connection.

    `show` may be called from any thread and never waits for a wire. One thread works: it runs `serve`, or calls
    `step` again and again. Nothing here raises for what a wire or a sign does.
    """

    def __init__(
        self,
        wire: Transport,
        signs: Iterable[Sign],
        *,
        stale_after: int = 300,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`stale_after`: seconds after which a sign that no longer hears us goes dark (0: never, else over 30)."""
        super().__init__()
        self._wire = wire if isinstance(wire, Reconnecting) else Reconnecting(wire, clock=clock)
        self._signs = {sign.address: _Sign(sign) for sign in signs}
        self._stale_after = stale_after
        self._clock = clock
        self._decoder = FrameDecoder()
        self._connection = 0

    def show(self, address: int, line1: str, line2: str, colour: Colour = Colour.RED) -> str:
        """Wish for what a sign shall show; gives the characters its font lacks (shown as □ or plainer).

        ValueError if no such sign is configured.
        """
        face = Face(line1=line1, line2=line2, colour=colour)
        with self._wake:
            if (state := self._signs.get(address)) is None:
                raise ValueError(f"there is no sign {address} on {self._wire.name}")
            if face == state.wanted:
                return _replaced(face)
            state.wanted = face
            if state.health not in (Health.SILENT, Health.GARBLED, Health.UNPLUGGED):
                state.due = min(state.due, self._clock())  # a dead sign is not asked more often for it
            self._news = True
            self._wake.notify_all()
        if replaced := _replaced(face):
            log.warning("LED sign %d lacks %s", address, replaced)
        return replaced

    def state(self, address: int) -> SignState:
        """How a sign is now. KeyError if it is not configured."""
        with self._wake:
            state = self._signs[address]
            return SignState(
                health=state.health,
                wanted=state.wanted,
                confirmed=state.wanted is not None and state.confirmed == state.wanted,
                replaced=_replaced(state.wanted),
            )

    @property
    def health(self) -> dict[int, Health]:
        """Of every sign, by address."""
        with self._wake:
            return {address: state.health for address, state in self._signs.items()}

    def _hang_up(self) -> None:
        self._wire.close()

    def check(self) -> dict[int, Health]:
        """Ask every sign now, for an installer. Not while `serve` runs. Takes up to a second for each silent sign."""
        for state in self._signs.values():
            for _ in range(TRIES):
                state.due = float("-inf")
                if self._turn(state):
                    break
        return self.health

    def step(self) -> float:
        """Ask one sign, if one is due; gives the seconds until the next step makes sense. Takes under a second."""
        state = self._next()
        if state is not None and state.due <= self._clock():
            self._turn(state)
        elif self._wire.is_open:
            self._look()
        state = self._next()
        return LOOK_EVERY if state is None else min(LOOK_EVERY, max(0.0, state.due - self._clock()))

    def _next(self) -> _Sign | None:
        """Of the signs that are due, first those that answer and wait for a new text."""
        now = self._clock()
        with self._wake:
            signs = self._signs.values()
            due = [s for s in signs if s.due <= now]
            waiting = [s for s in due if s.wanted != s.confirmed and not s.misses]
            return min(waiting or due or signs, key=lambda s: s.due, default=None)

    def _look(self) -> None:
        """Is the plug still in? Nobody speaks now, so whatever comes is no answer."""
        try:
            self._wire.read(0.0)
        except OSError:
            self._nothing_is_known(Health.UNPLUGGED)

    def _turn(self, state: _Sign) -> bool:
        """One question to one sign; whether it answered."""
        try:
            self._wire.open()
            if self._connection != self._wire.connections:
                self._connection = self._wire.connections
                self._nothing_is_known(Health.UNKNOWN)
            with self._wake:
                wanted = state.wanted
            stale = wanted != state.confirmed or state.refresh_at <= self._clock()
            # After a question without an answer a ping comes first: a late yes must not confirm the next text.
            face = wanted if stale and not state.misses else None
            answer, heard = self._ask(state.sign, face)
        except OSError:
            self._nothing_is_known(Health.UNPLUGGED)
            return False
        if answer is None:
            self._missed(state, heard=heard)
            return False
        self._answered(state, face, answer)
        return True

    def _ask(self, sign: Sign, face: Face | None) -> tuple[Ack | Nack | Told | None, bool]:
        """One question and its answer, and whether bytes came that were no frame at all."""
        if face is None:
            question = protocol.ping(sign.address)
        else:
            question = protocol.show(sign.address, face, columns=sign.columns, stale_after=self._stale_after)
        self._fall_quiet()
        self._wire.write(question)
        within = ANSWER_WITHIN + self._wire.seconds_for(len(question) + ANSWER_BYTES)
        deadline = self._clock() + within
        heard = whole = False
        while (left := deadline - self._clock()) > 0:
            data = self._wire.read(left)
            heard = heard or bool(data)
            for frame in self._decoder.feed(data):
                whole = True  # perhaps only our own question: many RS-485 adapters hear themselves
                if frame.sender == sign.address and frame.to == protocol.HOST:
                    return protocol.answer(frame.data), False
        return None, heard and not whole

    def _fall_quiet(self) -> None:
        for _ in range(10):
            if not self._wire.read(QUIET):
                break
        self._decoder.reset()

    def _answered(self, state: _Sign, face: Face | None, answer: Ack | Nack | Told) -> None:
        now = self._clock()
        obeyed = isinstance(answer, Ack) or (face is None and isinstance(answer, Told))
        with self._wake:
            state.misses = 0
            if face is not None:
                state.confirmed = face if obeyed else None
                state.refresh_at = now + REFRESH_EVERY
            if not obeyed:
                state.due = now + RETRY_AFTER
            elif state.wanted != state.confirmed:  # a newer wish, or the sign was away
                state.due = now
            else:
                state.due = now + PING_EVERY
            error = f" (error {answer.error})" if isinstance(answer, Nack) else ""
            self._become(state, Health.READY if obeyed else Health.REFUSING, error)

    def _missed(self, state: _Sign, *, heard: bool) -> None:
        with self._wake:
            state.misses += 1
            state.confirmed = None
            state.due = self._clock()
            if state.misses >= TRIES:
                state.due += RETRY_AFTER
                self._become(state, Health.GARBLED if heard else Health.SILENT)

    def _nothing_is_known(self, health: Health) -> None:
        with self._wake:
            now = self._clock()
            for state in self._signs.values():
                state.confirmed, state.misses = None, 0
                state.due = now + (REOPEN_AFTER if health is Health.UNPLUGGED else 0.0)
                self._become(state, health)

    def _become(self, state: _Sign, health: Health, why: str = "") -> None:
        if health is not state.health:
            log.info("LED sign %d: %s -> %s%s", state.sign.address, state.health, health, why)
            state.health = health


def _replaced(face: Face | None) -> str:
    if face is None:
        return ""
    return "".join(dict.fromkeys(protocol.sign_text(face.line1 + face.line2).replaced))
