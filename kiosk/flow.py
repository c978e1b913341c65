"""One resident at the kiosk, from the first screen to a ticket: a pure state machine.

`step` takes what a resident (or time, or the printer) did and gives the next session and what must be done about
it. No clock, no screen, no disk: time is an argument (seconds of any steady clock).
Nothing a resident can do raises, and every screen has a way back to the first one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import TypeAlias, assert_never

from kiosk.surroundings import Surroundings
from queue_server.domain.configuration import ORDINARY, Configuration
from queue_server.domain.events import Instant


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds a screen waits for its resident. The last `warning` of them are shown counting down.

    `settle`: a touch this soon after a new screen appeared was meant for the one before it (a double tap).
    """

    first: float = 60
    service: float = 75
    reading: float = 120
    issuing: float = 20
    ticket: float = 25
    failed: float = 60
    warning: float = 15
    settle: float = 0.35

    def scaled(self, factor: float) -> Patience:
        """All waits longer or shorter; how long a touch may be meant for the screen before stays as it is."""
        scaled = {f.name: getattr(self, f.name) * factor for f in fields(self) if f.name != "settle"}
        return Patience(**scaled)


PATIENCE = Patience()
FIRST_LANGUAGE = "zh"


class Failure(StrEnum):
    """Why there is no ticket. `PRINT`: its paper did not come out; it has been voided."""

    PRINT = "print"
    REFUSED = "refused"
    STORAGE = "storage"
    SLOW = "slow"


@dataclass(frozen=True, kw_only=True)
class HandedOut:
    """A ticket given to a resident, as its paper and its screen show it.

    `ahead` and `wait` (minutes) are what was known when it was taken, None if unknown. `on_paper` is False when the
    printer cannot say whether the paper came out; the ticket is good all the same.
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


# --- screens


@dataclass(frozen=True, kw_only=True)
class ChoosingQueue:
    pass


@dataclass(frozen=True, kw_only=True)
class ChoosingService:
    queue: str


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What to bring for a service; without a service, the queue itself ("not sure which")."""

    queue: str
    service: str | None


@dataclass(frozen=True, kw_only=True)
class Issuing:
    queue: str
    service: str | None
    order: int


@dataclass(frozen=True, kw_only=True)
class Showing:
    ticket: HandedOut


@dataclass(frozen=True, kw_only=True)
class Apologising:
    why: Failure
    order: int


Screen: TypeAlias = ChoosingQueue | ChoosingService | Reading | Issuing | Showing | Apologising


@dataclass(frozen=True, kw_only=True)
class Session:
    """Where the resident is. `orders` counts tickets asked for, so that a late answer finds its own resident."""

    screen: Screen = field(default_factory=ChoosingQueue)
    language: str = FIRST_LANGUAGE
    entered_at: float = 0
    touched_at: float = 0
    orders: int = 0


# --- what happens


@dataclass(frozen=True, kw_only=True)
class ChooseQueue:
    queue: str


@dataclass(frozen=True, kw_only=True)
class ChooseService:
    service: str | None


@dataclass(frozen=True, kw_only=True)
class Confirm:
    pass


@dataclass(frozen=True, kw_only=True)
class Back:
    pass


@dataclass(frozen=True, kw_only=True)
class Home:
    pass


@dataclass(frozen=True, kw_only=True)
class Speak:
    language: str


@dataclass(frozen=True, kw_only=True)
class Stay:
    """Any touch that only says: I am here."""


@dataclass(frozen=True, kw_only=True)
class Tick:
    """Time went by, or the surroundings changed."""


@dataclass(frozen=True, kw_only=True)
class Printed:
    order: int
    ticket: HandedOut


@dataclass(frozen=True, kw_only=True)
class NotPrinted:
    order: int
    why: Failure


Touch: TypeAlias = ChooseQueue | ChooseService | Confirm | Back | Home | Speak | Stay
Input: TypeAlias = Touch | Tick | Printed | NotPrinted


@dataclass(frozen=True, kw_only=True)
class TakeTicket:
    """Issue and print one ticket, then answer with `Printed` or `NotPrinted` of the same `order`."""

    order: int
    queue: str
    service: str | None
    language: str
    klass: str = ORDINARY


Effect: TypeAlias = TakeTicket


# --- the machine


def step(
    session: Session, happened: Input, around: Surroundings, at: float, patience: Patience = PATIENCE
) -> tuple[Session, tuple[Effect, ...]]:
    """The session after `happened` at time `at` (s), and what is to be done."""
    if isinstance(happened, Tick):
        return _time_passes(session, around, at, patience), ()
    if isinstance(happened, Printed | NotPrinted):
        return _answered(session, happened, at), ()
    hasty = at - session.entered_at < patience.settle
    session = replace(session, touched_at=at)
    match happened:
        case Stay():
            return session, ()
        case Speak():
            return replace(session, language=happened.language), ()
        case Home():
            return (session if isinstance(session.screen, Issuing) else _show(session, ChoosingQueue(), at)), ()
        case Back():
            return _back(session, around, at), ()
        case ChooseQueue():
            if isinstance(session.screen, ChoosingQueue) and not hasty and happened.queue in around.configuration.queue:
                return _show(session, _after_queue(around.configuration, happened.queue), at), ()
            return session, ()
        case ChooseService():
            if isinstance(session.screen, ChoosingService) and not hasty:
                reading = Reading(queue=session.screen.queue, service=happened.service)
                return (_show(session, reading, at) if _exists(reading, around.configuration) else session), ()
            return session, ()
        case Confirm():
            if not isinstance(session.screen, Reading) or hasty or around.closed is not None:
                return session, ()
            if not _exists(session.screen, around.configuration):  # withdrawn while it was read
                return _show(session, ChoosingQueue(), at), ()
            return _order(session, session.screen, at)
        case _:
            assert_never(happened)


def seconds_left(session: Session, at: float, patience: Patience = PATIENCE) -> float | None:
    """Until the screen goes back to the first one by itself; None on the first screen itself."""
    match session.screen:
        case ChoosingQueue():
            return None
        case ChoosingService():
            limit = patience.service
        case Reading():
            limit = patience.reading
        case Issuing():
            limit = patience.issuing
        case Showing():
            limit = patience.ticket
        case Apologising():
            limit = patience.failed
        case _:
            assert_never(session.screen)
    return max(0.0, session.touched_at + limit - at)


def _show(session: Session, screen: Screen, at: float) -> Session:
    return replace(session, screen=screen, entered_at=at, touched_at=at)


def _after_queue(configuration: Configuration, queue: str) -> Screen:
    """A queue without services of its own needs no choosing."""
    if any(service.queue == queue for service in configuration.services):
        return ChoosingService(queue=queue)
    return Reading(queue=queue, service=None)


def _exists(screen: Screen, configuration: Configuration) -> bool:
    """Whether what the screen is about is still part of the hall."""
    match screen:
        case ChoosingService():
            return screen.queue in configuration.queue
        case Reading() if screen.service is not None:
            service = configuration.service.get(screen.service)
            return service is not None and service.queue == screen.queue and screen.queue in configuration.queue
        case Reading():
            return screen.queue in configuration.queue
        case _:
            return True


def _back(session: Session, around: Surroundings, at: float) -> Session:
    match session.screen:
        case ChoosingQueue() | Issuing():
            return session
        case Reading():
            before = _after_queue(around.configuration, session.screen.queue)
            return _show(session, before if before != session.screen else ChoosingQueue(), at)
        case ChoosingService() | Showing() | Apologising():
            return _show(session, ChoosingQueue(), at)
        case _:
            assert_never(session.screen)


def _order(session: Session, reading: Reading, at: float) -> tuple[Session, tuple[Effect, ...]]:
    order = session.orders + 1
    issuing = Issuing(queue=reading.queue, service=reading.service, order=order)
    take = TakeTicket(order=order, queue=reading.queue, service=reading.service, language=session.language)
    return replace(_show(session, issuing, at), orders=order), (take,)


def _answered(session: Session, answer: Printed | NotPrinted, at: float) -> Session:
    """The answer to this session's own order. A late paper turns an apology back into a ticket."""
    waiting = isinstance(session.screen, Issuing | Apologising) and session.screen.order == answer.order
    if not waiting:
        return session
    if isinstance(answer, Printed):
        return _show(session, Showing(ticket=answer.ticket), at)
    return _show(session, Apologising(why=answer.why, order=answer.order), at)


def _time_passes(session: Session, around: Surroundings, at: float, patience: Patience) -> Session:
    left = seconds_left(session, at, patience)
    if left is None:
        if at - session.touched_at >= patience.first:  # nobody there: the next resident starts in the first language
            return replace(session, language=FIRST_LANGUAGE, touched_at=at)
        return session
    if left == 0:
        if isinstance(session.screen, Issuing):
            return _show(session, Apologising(why=Failure.SLOW, order=session.screen.order), at)
        return replace(_show(session, ChoosingQueue(), at), language=FIRST_LANGUAGE)
    if not _exists(session.screen, around.configuration):
        return _show(session, ChoosingQueue(), at)
    return session
