"""What people and machines ask of a hall. `decide` turns a command into facts or refuses it.

Commands on a window's ticket may name the `ticket` they mean; if the window has moved on, they are refused, so
that two presses on what one person saw never do two things.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from queue_server.domain.configuration import ORDINARY, Configuration, Serves
from queue_server.domain.events import Effect, Instant, Move, Outcome


@dataclass(frozen=True, kw_only=True)
class OpenDay:
    """Open the local date `day` with this configuration; closes an older day left open."""

    day: str
    configuration: Configuration


@dataclass(frozen=True, kw_only=True)
class CloseDay:
    """Close the open day. Refused while a window is serving, unless `force`."""

    force: bool = False


@dataclass(frozen=True, kw_only=True)
class ApplyConfiguration:
    configuration: Configuration


@dataclass(frozen=True, kw_only=True)
class BorrowNumber:
    """`appointment`: the one the number is for, which a full queue still takes."""

    kiosk: str
    queue: str
    appointment: str | None = None


@dataclass(frozen=True, kw_only=True)
class IssueTicket:
    """`ticket` is the id minted by whoever will hand it out; `slot` is an appointment's time.

    `then`: further services of the same visit. `appointment`: the one that checks in; if the hall knows it, service
    and slot are the appointment's.
    """

    ticket: str
    service: str | None = None
    queue: str | None = None
    klass: str = ORDINARY
    source: str = "hall"
    slot: Instant | None = None
    then: tuple[str, ...] = ()
    appointment: str | None = None
    holder: str | None = None


@dataclass(frozen=True, kw_only=True)
class AcceptPaper:
    """A console read the paper of a kiosk that has not told of it, and perhaps never will.

    All but the command itself is what the paper says. `source`: the kiosk.
    """

    ticket: str
    label: str
    klass: str
    taken_at: Instant
    source: str
    service: str | None = None
    slot: Instant | None = None
    appointment: str | None = None


@dataclass(frozen=True, kw_only=True)
class BookAppointment:
    """`holder` is made with the key of the slot's day."""

    appointment: str
    service: str
    slot: Instant
    holder: str | None = None


@dataclass(frozen=True, kw_only=True)
class CancelAppointment:
    appointment: str


@dataclass(frozen=True, kw_only=True)
class VoidTicket:
    ticket: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RestoreTicket:
    ticket: str


@dataclass(frozen=True, kw_only=True)
class OpenWindow:
    window: str


@dataclass(frozen=True, kw_only=True)
class PauseWindow:
    window: str


@dataclass(frozen=True, kw_only=True)
class CloseWindow:
    window: str


@dataclass(frozen=True, kw_only=True)
class AssignQueues:
    window: str
    serves: tuple[Serves, ...]


@dataclass(frozen=True, kw_only=True)
class ApplyRecommendation:
    """Do all its moves, or none. `source`: who applies it; `computed_at`: as of when it was recommended."""

    recommendation: str
    source: str
    computed_at: Instant
    moves: tuple[Move, ...]
    effect: Effect


@dataclass(frozen=True, kw_only=True)
class UndoRecommendation:
    """Let its windows serve again what they served before."""

    recommendation: str
    source: str


@dataclass(frozen=True, kw_only=True)
class CallNext:
    """Call the ticket most at risk. With `outcome`, the ticket being served is finished first."""

    window: str
    ticket: str | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, kw_only=True)
class CallTicket:
    """Call this very ticket, whatever its place."""

    window: str
    ticket: str


@dataclass(frozen=True, kw_only=True)
class Recall:
    window: str
    ticket: str | None = None


@dataclass(frozen=True, kw_only=True)
class Start:
    window: str
    ticket: str | None = None


@dataclass(frozen=True, kw_only=True)
class Finish:
    window: str
    ticket: str | None = None
    outcome: Outcome = Outcome.DONE


@dataclass(frozen=True, kw_only=True)
class MarkNoShow:
    window: str
    ticket: str | None = None


@dataclass(frozen=True, kw_only=True)
class Park:
    """`minutes` until the resident is expected back; the hall's rule if not given."""

    window: str
    ticket: str | None = None
    minutes: float | None = None


@dataclass(frozen=True, kw_only=True)
class ConfirmClass:
    """Staff confirm or refuse the class that the resident at the window declared."""

    window: str
    confirmed: bool
    ticket: str | None = None


@dataclass(frozen=True, kw_only=True)
class Transfer:
    window: str
    queue: str
    ticket: str | None = None
    to_window: str | None = None


Command: TypeAlias = (
    OpenDay | CloseDay | ApplyConfiguration | BorrowNumber | IssueTicket | AcceptPaper | VoidTicket | RestoreTicket
    | BookAppointment | CancelAppointment
    | OpenWindow | PauseWindow | CloseWindow | AssignQueues | ApplyRecommendation | UndoRecommendation
    | CallNext | CallTicket | Recall | Start | Finish | MarkNoShow | Park | Transfer | ConfirmClass
)  # fmt: skip
