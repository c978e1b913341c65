"""A resident's papers as the kiosk knows them: tickets, appointments, a card that was read, codes. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from queue_server.domain.configuration import ORDINARY
from queue_server.domain.events import Instant
from queue_server.domain.life import State


@dataclass(frozen=True, kw_only=True)
class HandedOut:
    """A ticket given to a resident, as its paper and its screen show it.

    `ahead` and `wait` (minutes) are what was known when it was taken, None if unknown. `on_paper` is False when the
    printer cannot say whether the paper came out; the ticket is good all the same. `code` is what its QR code says.
    `then`: the further services of the visit. `slot`: the time it was booked for.
    """

    ticket: str
    label: str
    queue: str
    service: str | None
    at: Instant
    ahead: int | None
    wait: tuple[int, int] | None
    windows: tuple[str, ...]
    on_paper: bool = True
    klass: str = ORDINARY
    then: tuple[str, ...] = ()
    slot: Instant | None = None
    holder_name: str = field(default="", repr=False)
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class HeldTicket:
    """A ticket somebody has already, as far as this kiosk knows. `window` is where it is called to or served.

    `restorable`: a no-show that may wait again.
    """

    ticket: str
    label: str
    queue: str
    service: str | None
    state: State
    ahead: int | None = None
    wait: tuple[int, int] | None = None
    windows: tuple[str, ...] = ()
    window: str | None = None
    restorable: bool = False


@dataclass(frozen=True, kw_only=True)
class Booking:
    """An appointment, from its code or from the card's holder. `ticket`: the label it was checked in as, if it was."""

    appointment: str
    hall: str
    day: str
    slot: Instant
    service: str
    ticket: str | None = None


@dataclass(frozen=True, kw_only=True)
class Card:
    """A card that was read: the holder as today's keyed hash, the masked name, the least age of its age band.

    `age` is None under sixty or if the card does not say.
    """

    holder: str = field(repr=False)
    name: str = field(repr=False)
    age: int | None = None
    expired: bool = False


class CodeFlaw(StrEnum):
    """Why a scanned code leads nowhere. `UNKNOWN_TICKET`: of today and ours, but this kiosk has not heard of it."""

    NOT_OURS = "not-ours"
    FORGED = "forged"
    EXPIRED = "expired"
    UNKNOWN_TICKET = "unknown-ticket"
    CANCELLED = "cancelled"


class Arrival(StrEnum):
    """How an appointment stands to the moment somebody comes for it."""

    EARLY = "early"
    ON_TIME = "on-time"
    LATE = "late"
    TOO_LATE = "too-late"
    OTHER_DAY = "other-day"
    OTHER_HALL = "other-hall"
    USED = "used"
    WITHDRAWN = "withdrawn"
    """This hall no longer has the service."""

    @property
    def accepted(self) -> bool:
        return self in (Arrival.EARLY, Arrival.ON_TIME, Arrival.LATE)
