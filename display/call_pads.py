"""What a call pad's keys mean at a window, and what its little display says. Pure; docs/call-pad.md is for staff.

Six keys must do for a whole shift, so NEXT goes one step on whatever the window is at. The hall decides: what is sent
here names the ticket it is about, and is refused there if that is not how things are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import quote

from devices.call_pad.protocol import CallKey, Chosen, Press
from queue_server.domain.events import Instant, Outcome
from queue_server.domain.life import State
from queue_server.domain.model import Hall, Ticket, Window

JUST_CALLED = 3_000
"""Ms after a call in which NEXT does not start it: nobody walks to a window that fast, so it is a second press."""

OTHER = "other"
"""The key of the text for a refusal that has none of its own."""


class Note(StrEnum):
    """What the pad says to a press besides the hall's refusals; the key of its text."""

    JUST_CALLED = "just-called"
    NOT_WAITING = "not-waiting"
    WHICH_QUEUE = "which-queue"
    WAITS_AGAIN = "waits-again"
    CALLED_AGAIN = "called-again"
    PAUSES_AFTER = "pauses-after"
    GOES_ON = "goes-on"
    NO_ANSWER = "no-answer"


class Showing(StrEnum):
    """What the pad's display says while nobody presses; the key of its text."""

    CALLED = "called"
    SERVING = "serving"
    FREE = "free"
    PAUSED = "paused"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class PadTexts:
    """`showing` with places for {label} and {waiting}; `notes` by Note or Reason, OTHER for the rest."""

    showing: Mapping[Showing, str]
    notes: Mapping[str, str]

    def note(self, why: str) -> str:
        return self.notes.get(why, self.notes[OTHER])


@dataclass(frozen=True, kw_only=True)
class Order:
    """One POST to the hall: `path` within it, and its body. `done`: said when it was done, if nothing else shows it."""

    path: str
    body: Mapping[str, str] = field(default_factory=dict)
    done: Note | None = None


def ordered(hall: Hall, code: str, press: Press, now: Instant) -> Order | Note:
    """What a press at window `code` asks of the hall, or why it asks nothing."""
    window = hall.windows.get(code) or Window(code=code)
    ticket = hall.tickets[window.ticket] if window.ticket else None
    match press:
        case CallKey.NEXT:
            return _one_step_on(window, ticket, now)
        case CallKey.PAUSE:
            return _pause_or_open(window)
        case CallKey.FINISH if ticket is None and window.paused:
            return _order(window, "close")
        case CallKey.FINISH:
            return _about(window, "finish")
        case CallKey.RECALL:
            return _about(window, "recall", done=Note.CALLED_AGAIN)
        case CallKey.START:
            return _about(window, "start")
        case CallKey.NO_SHOW:
            return _about(window, "no-show")
        case Chosen(number=number):
            return _chosen(hall, window, number)


def shown(hall: Hall, code: str, texts: PadTexts) -> str:
    """What the pad at window `code` shows: what the window is at, and how many it may call."""
    window = hall.windows.get(code)
    if window is None:
        return texts.showing[Showing.UNKNOWN]
    ticket = hall.tickets[window.ticket] if window.ticket else None
    waiting = sum(len(hall.line(queue)) for queue in window.serves) + len(hall.held_for(code))
    return texts.showing[_showing(window, ticket)].format(label=ticket.label if ticket else "", waiting=waiting)


def _showing(window: Window, ticket: Ticket | None) -> Showing:
    if ticket is not None:
        return Showing.SERVING if ticket.state is State.SERVING else Showing.CALLED
    if not window.is_open:
        return Showing.CLOSED
    return Showing.PAUSED if window.paused else Showing.FREE


def _order(
    window: Window, action: str, body: Mapping[str, str] = MappingProxyType({}), done: Note | None = None
) -> Order:
    return Order(path=f"/windows/{quote(window.code, safe='')}/{action}", body=body, done=done)


def _about(window: Window, action: str, done: Note | None = None, **body: str) -> Order:
    """On the ticket at the window, and no other."""
    return _order(window, action, {"ticket": window.ticket, **body} if window.ticket else body, done)


def _pause_or_open(window: Window) -> Order:
    """With a ticket at the window the display goes on showing that, so what was done is said."""
    pausing = window.is_open and not window.paused
    done = Note.PAUSES_AFTER if pausing else Note.GOES_ON
    return _order(window, "pause" if pausing else "open", done=done if window.ticket else None)


def _one_step_on(window: Window, ticket: Ticket | None, now: Instant) -> Order | Note:
    if ticket is not None and ticket.state is State.SERVING:
        return _about(window, "call-next", outcome=Outcome.DONE)
    if ticket is not None:
        fresh = ticket.recalls == 0 and now - (ticket.last_called_at or 0) < JUST_CALLED
        return Note.JUST_CALLED if fresh else _about(window, "start")
    return _order(window, "call-next" if window.is_open and not window.paused else "open")


def _chosen(hall: Hall, window: Window, number: str) -> Order | Note:
    """Call the ticket with this number; let it wait again if it was given up."""
    found = list(_numbered(hall, window, number))
    waiting = [ticket for ticket in found if ticket.state is State.WAITING] or found
    if not waiting:
        return Note.NOT_WAITING
    if len(waiting) > 1:
        return Note.WHICH_QUEUE
    ticket = waiting[0]
    if ticket.state is State.WAITING:
        return _order(window, "call", {"ticket": ticket.id})
    return Order(path=f"/tickets/{quote(ticket.id, safe='')}/restore", done=Note.WAITS_AGAIN)


def _numbered(hall: Hall, window: Window, number: str) -> Iterator[Ticket]:
    """Tickets that wait or were given up, with this number: with its letter any, else of the queues served here."""
    parts = re.fullmatch("([A-Z]?)([0-9]+)", number)
    letter, digits = parts.groups() if parts else ("", "0")
    for ticket in hall.tickets.values():
        mine = ticket.label.startswith(letter) if letter else ticket.queue in window.serves
        if mine and ticket.number == int(digits) and ticket.state in {State.WAITING, State.NO_SHOW}:
            yield ticket
