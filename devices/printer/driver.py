"""Policy and health of a receipt printer: what may be believed, and when a receipt counts as printed.

A receipt is printed when the printer was well before, answered the mark behind the last byte, and was well after.
Anything else is *unprinted*, with the cause. Silence is SILENT: never "ok", and never "no paper".
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from ..transport import Reconnecting, Transport
from .font import find_font
from .protocol import (
    CLEAR,
    RECOVER,
    Condition,
    Draw,
    Job,
    Profile,
    Query,
    ask,
    conditions,
    encode,
    sort_out,
)
from .raster import draw_line
from .receipt import Receipt

log = logging.getLogger(__name__)


class Health(StrEnum):
    UNKNOWN = "unknown"
    """Not asked yet."""
    READY = "ready"
    PAPER_LOW = "paper-low"
    """It prints; a new roll should be at hand."""
    PAPER_OUT = "paper-out"
    COVER_OPEN = "cover-open"
    CUTTER = "cutter"
    """The cutter or another moving part is jammed; mended by hand."""
    OVERHEATED = "overheated"
    """The head is too hot (or the voltage wrong); it recovers by itself."""
    FAULT = "fault"
    """An unrecoverable error: switch it off, call the maker."""
    OFFLINE = "offline"
    """It says it is offline and gives no reason."""
    UNCONFIRMED = "unconfirmed"
    """It says it is well, but the last receipt was never confirmed."""
    GARBLED = "garbled"
    """Something answers, but nothing a printer would say (wrong baud rate, bad cable, another device)."""
    SILENT = "silent"
    """The wire is there; nothing answers (no power, wrong baud rate, wrong port)."""
    UNPLUGGED = "unplugged"
    """The wire is not there, is used by another program, or takes no bytes."""

    @property
    def prints(self) -> bool:
        """A receipt handed over now can be expected to come out."""
        return self in (Health.READY, Health.PAPER_LOW)


# The first that is said decides. An open cover comes before paper: it hides the paper from its sensor.
_MEANING = (
    (Condition.UNRECOVERABLE, Health.FAULT),
    (Condition.CUTTER, Health.CUTTER),
    (Condition.RECOVERABLE, Health.CUTTER),
    (Condition.OVERHEATED, Health.OVERHEATED),
    (Condition.COVER_OPEN, Health.COVER_OPEN),
    (Condition.STOPPED_FOR_PAPER, Health.PAPER_OUT),
    (Condition.PAPER_END, Health.PAPER_OUT),
    (Condition.ERROR, Health.OFFLINE),
    (Condition.OFFLINE, Health.OFFLINE),
    (Condition.WAITING, Health.OFFLINE),
    (Condition.PAPER_NEAR_END, Health.PAPER_LOW),
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a receipt. `health` is the printer's afterwards, and the cause when it was not printed."""

    printed: bool
    health: Health
    started: bool
    """Bytes of it were sent: part of it, or even all, may be on paper although it was not confirmed."""
    confirmed: bool = False
    """Not well afterwards, but it had answered the mark behind the last byte: the paper may well be out, and whole."""


def _require_well(health: Health) -> Health:
    if not health.prints:
        raise _NotWell(health)
    return health


class _NotWell(Exception):
    def __init__(self, health: Health) -> None:
        super().__init__(health)
        self.health = health


_WRITE_WITHIN = 3.0  # seconds the wire may refuse bytes
_RETRY_SECONDS = 0.15  # one more than the first pause of a wire that is opened again
_RECOVER_EVERY = 10.0
_PATIENCE_BYTES = 256


class Printer:
    """An ESC/POS printer on `wire`, which it keeps open from its first use on.

    Call `check` every few seconds while nothing is printed: health comes from answers only. Any thread may call;
    calls wait for each other. Nothing here raises for what a wire or a printer does, and every call is bounded:
    `check` takes about 1 s for a silent printer and a few for one that is hard to understand, printing as long as
    the receipt takes and about 10 s more at worst.
    """

    def __init__(
        self,
        wire: Transport,
        profile: Profile | None = None,
        *,
        draw: Draw | None = None,
        answer_within: float = 0.5,
        confirm_within: float = 3.0,
        torn: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """FontMissing if there is no Chinese font to draw rare characters with (and no other `draw`).

        Printers answer DLE EOT within a few ms, network printers within 100: after `answer_within` seconds they are
        silent. `confirm_within` is allowed for the mark beyond the time the receipt should take. `torn`: a program
        that ran before may have left half a receipt on it, so the first one here is preceded by a cut.
        """
        if draw is None:
            find_font()
            draw = draw_line
        self._wire = wire if isinstance(wire, Reconnecting) else Reconnecting(wire, clock=clock)
        self._profile = profile or Profile()
        self._draw, self._clock = draw, clock
        self._answer_within, self._confirm_within = answer_within, confirm_within
        self._lock = Lock()
        self._health = Health.UNKNOWN
        self._last: Receipt | None = None
        self._torn = torn  # an abandoned receipt may hang from the printer or wait in its buffer
        self._unanswered = 0  # marks sent and not answered yet
        self._recover_at = float("-inf")

    @property
    def health(self) -> Health:
        """As last found; UNKNOWN until asked."""
        return self._health

    @property
    def last(self) -> Receipt | None:
        """The last receipt handed over, printed or not."""
        return self._last

    def check(self) -> Health:
        """Ask the printer how it is."""
        with self._lock:
            try:
                found = self._survey_with_retry()
                if found is Health.CUTTER and self._clock() >= self._recover_at:
                    # Tried now and then, not always: fingers may be at the blade.
                    self._recover_at = self._clock() + _RECOVER_EVERY
                    self._wire.write(RECOVER)
                    found = self._survey()
            except _NotWell as e:
                found = e.health
            except OSError:
                found = Health.UNPLUGGED
            return self._become(found)

    def print_receipt(self, receipt: Receipt) -> Outcome:
        """Print `receipt` and cut it off. Not a byte of it is sent to a printer that is not well."""
        with self._lock:
            self._last = receipt
            job = encode(receipt, self._profile, self._draw, after_torn=self._torn)
            started = False
            try:
                _require_well(self._survey_with_retry())
                self._let_leftovers_pass()
                started = True
                self._print(job)
                health = _require_well(self._survey())
            except _NotWell as e:
                health = e.health
            except OSError:
                health = self._why_down() if started else Health.UNPLUGGED
            else:
                self._torn = False
                return Outcome(printed=True, health=self._become(health), started=True)
            confirmed = started and self._profile.confirms and self._unanswered <= 0
            if started:
                self._abandon()
            return Outcome(printed=False, health=self._become(health), started=started, confirmed=confirmed)

    def reprint(self) -> Outcome:
        """Print the last receipt again. LookupError if there was none."""
        if self._last is None:
            raise LookupError("nothing was printed yet")
        return self.print_receipt(self._last)

    def close(self) -> None:
        with self._lock:
            self._wire.close()
            self._become(Health.UNKNOWN)

    def _become(self, health: Health) -> Health:
        if health is not self._health:
            log.info("printer %s: %s -> %s", self._wire.name, self._health, health)
            self._health = health
        return health

    # --- a receipt -------------------------------------------------------------------------------------------

    def _print(self, job: Job) -> None:
        """Send the job and wait until it is confirmed. Raises _NotWell or OSError otherwise."""
        self._torn = True
        self._unanswered = int(self._profile.confirms)
        all_sent = self._clock() + self._wire.seconds_for(len(job.data))
        self._wire.write(job.data, self._wire.seconds_for(len(job.data)) + _WRITE_WITHIN)
        end = max(all_sent, self._clock()) + job.seconds + (self._confirm_within if self._profile.confirms else 0.0)
        while self._unanswered > 0 or not self._profile.confirms:
            left = end - self._clock()
            if left <= 0:
                break
            # Not before all is sent: a question would wait behind the receipt.
            self._note(self._wire.read(min(left, self._answer_within)))
            if self._clock() > all_sent and (self._unanswered > 0 or not self._profile.confirms):
                _require_well(self._survey())
        if self._unanswered > 0:
            raise _NotWell(Health.UNCONFIRMED)

    def _let_leftovers_pass(self) -> None:
        """Get rid of a receipt given up earlier, so that its mark is not taken for the next one's."""
        if not self._torn:
            return
        self._wire.write(CLEAR)
        give_up = self._clock() + 2.0  # a printer that cannot clear prints the rest now
        while self._unanswered > 0 and self._clock() < give_up:
            heard = sort_out(self._wire.read(0.2))
            self._unanswered = 0 if heard.cleared else self._unanswered - heard.marks

    def _abandon(self) -> None:
        """Make the printer forget what it has not printed: paper put in later must bring out no void ticket."""
        try:
            self._wire.write(CLEAR, 1.0)
        except OSError:
            log.info("printer %s: an unprinted receipt may still be in its buffer", self._wire.name)

    def _why_down(self) -> Health:
        """The wire failed in the middle of a receipt: a printer that takes no more bytes may still say why."""
        try:
            found = self._survey_with_retry()
        except _NotWell as e:
            return e.health
        except OSError:
            return Health.UNPLUGGED
        return Health.UNPLUGGED if found.prints else found

    # --- questions -------------------------------------------------------------------------------------------

    def _survey_with_retry(self) -> Health:
        """A wire that was open and is found dead is opened again once: network printers hang up when idle."""
        was_open = self._wire.is_open
        try:
            return self._survey()
        except OSError:
            if not was_open:
                raise
            time.sleep(_RETRY_SECONDS)
            return self._survey()

    def _survey(self) -> Health:
        """All four questions. _NotWell if they are not answered, OSError if the wire is gone."""
        said = frozenset[Condition]().union(*(self._ask(query) for query in Query))
        return next((health for condition, health in _MEANING if condition in said), Health.READY)

    def _ask(self, query: Query) -> frozenset[Condition]:
        """One question, until it has exactly one answer and nothing that no printer says was heard."""
        heard = b""
        for attempt in range(3):
            self._note(self._wire.discard())
            self._wire.write(ask(query), 1.0)
            heard = self._listen()
            sorted_ = sort_out(heard)
            self._note(heard)
            if len(sorted_.status) == 1 and not sorted_.junk:
                return conditions(query, sorted_.status[0])
            if attempt and not heard:
                raise _NotWell(Health.SILENT)
        raise _NotWell(Health.GARBLED if heard else Health.SILENT)

    def _listen(self) -> bytes:
        """What is heard until a status byte came and the line is quiet, or the time or the patience is over."""
        heard = b""
        deadline = self._clock() + self._answer_within + self._wire.seconds_for(8)
        while (left := deadline - self._clock()) > 0 and len(heard) < _PATIENCE_BYTES:
            done = bool(sort_out(heard).status)
            more = self._wire.read(0.0 if done else left)
            if done and not more:
                break
            heard += more
        return heard

    def _note(self, heard: bytes) -> None:
        self._unanswered -= sort_out(heard).marks
