"""Policy and health of one speech board: it is given a text only when the one before is over, for it would cut it off.

A board tells when it falls silent. One whose answers do not arrive (many are wired one way) is spoken to all the
same, a text at a time with the time its caller allows it; its health then says that nobody knows whether it speaks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from enum import StrEnum

from devices.carrier import Carrier
from devices.speech_board import protocol
from devices.speech_board.protocol import Answer, Chip
from devices.transport import Reconnecting, Transport

log = logging.getLogger(__name__)

ASK_EVERY = 5.0  # seconds: how soon a board that went silent, or came back, is noticed
ASK_SPEAKING_EVERY = 1.0  # seconds, while it speaks: its own word that a text is over may be lost on the line
LISTEN_EVERY = 0.2  # seconds between two looks for the end of a text
ANSWER_WITHIN = 0.5  # seconds, besides the time on the wire
REOPEN_AFTER = 1.0  # seconds
TRIES = 2  # unanswered questions until a board counts as silent; times a text is sent that is not understood

_TOLD = frozenset({Answer.TAKEN, Answer.NOT_UNDERSTOOD})
_STATES = frozenset({Answer.BUSY, Answer.IDLE, Answer.NOT_UNDERSTOOD})


class Health(StrEnum):
    UNKNOWN = "unknown"
    """Not asked yet, or not since the line was last opened."""
    READY = "ready"
    UNPLUGGED = "unplugged"
    """The line is not there, is used by another program, or takes no bytes."""
    SILENT = "silent"
    """The line is there; the board does not answer (no power, wrong baud rate, or wired one way)."""
    GARBLED = "garbled"
    """Bytes come that are no answers (wrong baud rate, another device)."""
    REFUSING = "refusing"
    """The board answers and did not understand the last text."""


class SpeechBoard(Carrier):
    """One board on a line of its own.

    `say` may be called from any thread and never waits for a wire. One thread works: it runs `serve`, or calls `step`
    again and again. Nothing here raises for what a wire or a board does.
    """

    def __init__(
        self,
        wire: Transport,
        chip: Chip,
        *,
        on_free: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_free` is called in the working thread whenever a text is over: be quick there."""
        super().__init__()
        self._wire = wire if isinstance(wire, Reconnecting) else Reconnecting(wire, clock=clock)
        self._chip = chip
        self._on_free = on_free
        self._clock = clock
        self._connection = 0
        self._text: tuple[bytes, float] | None = None
        self._speaks_until: float | None = None
        self._ask_at = float("-inf")
        self._misses = 0
        self.health = Health.UNKNOWN

    def say(self, text: str, lasts: int) -> bool:
        """Have a text said, which takes `lasts` ms at most; False while another waits or is being said.

        Raises:
            ValueError: the board can say nothing of it, or it is too long.
        """
        frame = protocol.speak(self._chip, text)
        with self._wake:
            if not self.is_free:
                return False
            self._text = frame, lasts / 1000
            self._news = True
            self._wake.notify_all()
            return True

    @property
    def is_free(self) -> bool:
        return self._text is None and self._speaks_until is None

    def check(self) -> Health:
        """How the board is now; nothing is said. Takes a second or two. For who runs no `serve`."""
        try:
            self._wire.open()
            for _ in range(TRIES):
                if self._answer_to(protocol.ask(self._chip), _STATES) is not None:
                    break
        except OSError:
            self._become(Health.UNPLUGGED)
        return self.health

    def step(self) -> float:
        """Do what is due; gives the seconds until the next step makes sense. Takes under a second."""
        try:
            self._wire.open()
            if self._connection != self._wire.connections:
                self._connection = self._wire.connections
                self._become(Health.UNKNOWN)
                self._misses, self._ask_at = 0, float("-inf")
            return self._turn()
        except OSError:
            self._become(Health.UNPLUGGED)
            self._text = None  # by the time the line is back it is old
            self._over()
            return REOPEN_AFTER

    def _hang_up(self) -> None:
        self._wire.close()

    def _turn(self) -> float:
        now = self._clock()
        for answer in protocol.answers(self._wire.read(0.0)):
            self._heard(answer)
        if self._speaks_until is not None and now >= self._speaks_until:
            self._over()
        if self._text is not None and self._speaks_until is None:
            self._speak(*self._text)
            self._ask_at = self._clock() + ASK_SPEAKING_EVERY
        elif now >= self._ask_at:
            self._answer_to(protocol.ask(self._chip), _STATES)
            self._ask_at = self._clock() + (ASK_EVERY if self.is_free else ASK_SPEAKING_EVERY)
        return max(0.0, min(self._ask_at - self._clock(), ASK_EVERY if self.is_free else LISTEN_EVERY))

    def _speak(self, frame: bytes, lasts: float) -> None:
        """A frame that was not understood is sent once more: the line may have been noisy."""
        refused = all(self._answer_to(frame, _TOLD) is Answer.NOT_UNDERSTOOD for _ in range(TRIES))
        with self._wake:
            self._text, self._speaks_until = None, self._clock() + (0.0 if refused else lasts)

    def _answer_to(self, question: bytes, wanted: frozenset[Answer]) -> Answer | None:
        """Send a frame; the first answer to it that is one of those wanted."""
        self._wire.write(question)
        deadline = self._clock() + ANSWER_WITHIN + self._wire.seconds_for(len(question) + 1)
        noise = False
        while (left := deadline - self._clock()) > 0:
            for answer in protocol.answers(self._wire.read(left)):
                self._heard(answer)
                if answer in wanted:
                    return answer
                noise = noise or answer is None
        self._misses += 1
        if self._misses >= TRIES:
            self._become(Health.GARBLED if noise else Health.SILENT)
        return None

    def _heard(self, answer: Answer | None) -> None:
        match answer:
            case None:
                return
            case Answer.NOT_UNDERSTOOD:
                self._become(Health.REFUSING)
            case Answer.IDLE | Answer.STARTED:  # STARTED: it lost power, and with it what it was saying
                self._become(Health.READY)
                self._over()
            case Answer.TAKEN | Answer.BUSY:
                self._become(Health.READY)
        self._misses = 0

    def _over(self) -> None:
        with self._wake:
            was_speaking, self._speaks_until = self._speaks_until is not None, None
        if was_speaking:
            self._on_free()

    def _become(self, health: Health) -> None:
        if health is not self.health:
            log.info("speech board %s: %s -> %s", self._wire.name, self.health, health)
            self.health = health
