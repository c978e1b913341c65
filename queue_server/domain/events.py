"""The facts of a hall. Each is a small frozen value; `at` is when it happened.

Applying a fact never fails: paper in a resident's hand stays true whatever else happened. A kind this program
does not know (written by a newer one) is kept as `Unknown` and changes nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from queue_server.domain.configuration import Configuration, Serves

Instant: TypeAlias = int
"""Milliseconds since 1970-01-01 UTC."""


class Outcome(StrEnum):
    """How a service ended. `UNRECORDED`: the day was closed over it, nobody said."""

    DONE = "done"
    ACCEPTED = "accepted"
    ON_BEHALF = "on-behalf"
    ANSWERED = "answered"
    MATERIALS_MISSING = "materials-missing"
    NOT_ACCEPTED = "not-accepted"
    WRONG_QUEUE = "wrong-queue"
    COLLECTED = "collected"
    UNRECORDED = "unrecorded"


class Rule(StrEnum):
    """Which part of the calling rule chose a ticket."""

    PROMISE = "promise"
    STRICT = "strict"
    HELD = "held"
    CHOSEN = "chosen"


@dataclass(frozen=True, kw_only=True)
class Why:
    """Why a ticket was called: waited and promised ms, helper delay ms, and the label it was chosen over."""

    rule: Rule
    waited: int
    promised: int
    helper_after: int = 0
    over: str = ""


@dataclass(frozen=True, kw_only=True)
class Event:
    at: Instant


@dataclass(frozen=True, kw_only=True)
class AppointmentBooked(Event):
    """A resident will come at `slot` on the local date `day`. `holder` is made with that day's key."""

    appointment: str
    day: str
    slot: Instant
    service: str
    holder: str | None = None


@dataclass(frozen=True, kw_only=True)
class AppointmentCancelled(Event):
    appointment: str


@dataclass(frozen=True, kw_only=True)
class DayOpened(Event):
    """`appointments`: those of this day and later, as they were booked, since a fold begins at this fact."""

    day: str
    configuration: Configuration
    appointments: tuple[AppointmentBooked, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DayClosed(Event):
    day: str


@dataclass(frozen=True, kw_only=True)
class ConfigurationApplied(Event):
    configuration: Configuration


@dataclass(frozen=True, kw_only=True)
class NumberLent(Event):
    """The hall lent a kiosk one number of a queue's series, for a ticket it is about to print."""

    day: str
    queue: str
    number: int
    kiosk: str


@dataclass(frozen=True, kw_only=True)
class TicketIssued(Event):
    """Written by the machine that handed the number out. `day` is the local date, `slot` an appointment's time.

    `holder`: HMAC-SHA256(day key, ID number) in hex, where a card was read. `then`: further services of the same
    visit, in order. `appointment`: the one that checked in with it.
    """

    ticket: str
    day: str
    queue: str
    number: int
    label: str
    klass: str
    due_at: Instant
    source: str
    service: str | None = None
    strict: bool = False
    slot: Instant | None = None
    holder: str | None = None
    then: tuple[str, ...] = ()
    appointment: str | None = None


@dataclass(frozen=True, kw_only=True)
class TicketEvent(Event):
    ticket: str


@dataclass(frozen=True, kw_only=True)
class TicketVoided(TicketEvent):
    reason: str


@dataclass(frozen=True, kw_only=True)
class TicketCalled(TicketEvent):
    window: str
    why: Why


@dataclass(frozen=True, kw_only=True)
class TicketRecalled(TicketEvent):
    window: str


@dataclass(frozen=True, kw_only=True)
class TicketStarted(TicketEvent):
    window: str


@dataclass(frozen=True, kw_only=True)
class TicketFinished(TicketEvent):
    window: str
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class TicketContinued(TicketEvent):
    """Serving ended here with `outcome`, and the visit goes on: it waits for `service` in `queue`, then for `then`."""

    window: str
    outcome: Outcome
    service: str
    queue: str
    due_at: Instant
    then: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ClassConfirmed(TicketEvent):
    """Staff saw the evidence for the class a resident declared, or did not: then the ticket is an ordinary one."""

    window: str
    confirmed: bool


@dataclass(frozen=True, kw_only=True)
class TicketNoShow(TicketEvent):
    window: str


@dataclass(frozen=True, kw_only=True)
class TicketRestored(TicketEvent):
    """A no-show came after all and waits again, at the place that `strict`, `due_at` and `joined_at` give."""

    due_at: Instant
    strict: bool
    joined_at: Instant


@dataclass(frozen=True, kw_only=True)
class TicketParked(TicketEvent):
    """The resident steps aside (a form, a copy) and comes back to the same window."""

    window: str
    due_at: Instant


@dataclass(frozen=True, kw_only=True)
class TicketTransferred(TicketEvent):
    """Sent on to another queue, or to one window of it (`to_window`)."""

    window: str
    queue: str
    to_window: str | None
    due_at: Instant


@dataclass(frozen=True, kw_only=True)
class TicketExpired(TicketEvent):
    """The day ended before it was served."""


@dataclass(frozen=True, kw_only=True)
class WindowEvent(Event):
    window: str


@dataclass(frozen=True, kw_only=True)
class WindowOpened(WindowEvent):
    """Open for calling: at the start of the day or after a pause."""


@dataclass(frozen=True, kw_only=True)
class WindowPaused(WindowEvent):
    pass


@dataclass(frozen=True, kw_only=True)
class WindowClosed(WindowEvent):
    """Closed. Tickets held for this window go back to their queues."""


@dataclass(frozen=True, kw_only=True)
class QueuesAssigned(WindowEvent):
    serves: tuple[Serves, ...]


@dataclass(frozen=True, kw_only=True)
class Move:
    """What a window serves before a change and after it."""

    window: str
    before: tuple[Serves, ...]
    after: tuple[Serves, ...]


@dataclass(frozen=True, kw_only=True)
class Likely:
    """A figure that is expected, and what it will be between nine times in ten."""

    expected: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Waits:
    """Waits in minutes: on average, the longest of nine in ten; and the share (0 … 1) of those over half an hour."""

    mean: Likely
    p90: Likely
    long: Likely


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a change was predicted to do, as the forecast defines it (`forecast.outlook`): the waits of all who wait or
    come in the next `minutes` as things were (`before`), with the change (`after`), and how much less that is."""

    minutes: float
    before: Waits
    after: Waits
    saved: Waits


@dataclass(frozen=True, kw_only=True)
class RecommendationApplied(Event):
    """Somebody (`source`) did what was recommended: the `QueuesAssigned` that stand with it in the journal."""

    recommendation: str
    source: str
    moves: tuple[Move, ...]
    effect: Effect


@dataclass(frozen=True, kw_only=True)
class RecommendationUndone(Event):
    """The windows serve again what they served before it."""

    recommendation: str
    source: str


@dataclass(frozen=True, kw_only=True)
class DeviceReported(Event):
    """A device's health has changed, or a new day asks for it: `device` is `K1/printer`, `health` its driver's word."""

    device: str
    health: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Unknown(Event):
    """A fact of a kind this program does not know, kept as it came."""

    kind: str
    fields: dict[str, Any]


KINDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        DayOpened, DayClosed, ConfigurationApplied, NumberLent,
        TicketIssued, TicketVoided, TicketCalled, TicketRecalled, TicketStarted, TicketFinished, TicketNoShow,
        TicketRestored, TicketParked, TicketTransferred, TicketContinued, TicketExpired, ClassConfirmed,
        AppointmentBooked, AppointmentCancelled,
        WindowOpened, WindowPaused, WindowClosed, QueuesAssigned,
        RecommendationApplied, RecommendationUndone,
        DeviceReported,
    )
}  # fmt: skip
