"""What people and machines ask of a hall. `decide` turns a command into facts or refuses it.

Commands on a window's ticket may name the `ticket` they mean; if the window has moved on, they are refused, so
that two presses on what one person saw never do two things.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from queue_server.domain.configuration import ORDINARY, Configuration, Serves
from queue_server.domain.events import Instant, Outcome


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
    kiosk: str
    queue: str


@dataclass(frozen=True, kw_only=True)
class IssueTicket:
    """`ticket` is the id minted by whoever will hand it out; `slot` is an appointment's time."""

    ticket: str
    service: str | None = None
    queue: str | None = None
    klass: str = ORDINARY
    source: str = "hall"
    slot: Instant | None = None


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
class Transfer:
    window: str
    queue: str
    ticket: str | None = None
    to_window: str | None = None


Command: TypeAlias = (
    OpenDay | CloseDay | ApplyConfiguration | BorrowNumber | IssueTicket | VoidTicket | RestoreTicket
    | OpenWindow | PauseWindow | CloseWindow | AssignQueues
    | CallNext | CallTicket | Recall | Start | Finish | MarkNoShow | Park | Transfer
)  # fmt: skip
