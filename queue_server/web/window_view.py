"""What the console of one window shows: a pure function of the hall and the time.

Which buttons are alive is asked of `decide` itself, so the console never knows a rule of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from heapq import merge
from itertools import islice

from queue_server.domain import commands as c
from queue_server.domain.configuration import APPOINTMENT, ORDINARY, Configuration, Queue, ResidentClass, Service, Text
from queue_server.domain.decide import decide
from queue_server.domain.events import Instant, Outcome
from queue_server.domain.life import State
from queue_server.domain.model import Hall, Ticket, Window
from queue_server.domain.promise import Place
from queue_server.domain.refusal import Reason, Refused

LISTED = 20
"""Tickets of the waiting list that are shown; how many more there are is told."""

OUTCOMES = tuple(outcome for outcome in Outcome if outcome is not Outcome.UNRECORDED)
"""In the order of the digit keys, 1 first."""


class Showing(StrEnum):
    """The one large word on a console."""

    CLOSED = "closed"
    PAUSED = "paused"
    IDLE = "idle"
    CALLED = "called"
    SERVING = "serving"


LIKELY: dict[Showing, tuple[str, ...]] = {
    Showing.CLOSED: ("open",),
    Showing.PAUSED: ("open",),
    Showing.IDLE: ("call-next",),
    Showing.CALLED: ("start",),
    Showing.SERVING: ("call-next",),
}


@dataclass(frozen=True, kw_only=True)
class Action:
    """A button: the API's action `name`, and what its press carries besides the ticket.

    `refused` says why it would be refused now, `until` when that ends. `likely`: what is pressed next, as a rule.
    """

    name: str
    label: str
    outcome: Outcome | None = None
    refused: Reason | None = None
    until: Instant | None = None
    likely: bool = False


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A row of the waiting list."""

    ticket: Ticket
    about: Text
    klass: Text | None
    held: bool
    helper: bool
    overdue: bool


@dataclass(frozen=True, kw_only=True)
class Count:
    """A queue this window serves and how many wait in it."""

    queue: Queue
    waiting: int
    helper: bool


@dataclass(frozen=True, kw_only=True)
class WindowView:
    """All that is on a console. `changes_at`: when it will be different though nothing happens.

    `declared`: the class that the resident at the window declared, which staff may confirm or refuse.
    """

    configuration: Configuration
    window: Window
    showing: Showing
    ticket: Ticket | None
    about: Text | None
    klass: Text | None
    declared: ResidentClass | None
    since: Instant | None
    actions: tuple[Action, ...]
    finish: Action
    transfer: Action
    waiting: tuple[Waiting, ...]
    more: int
    counts: tuple[Count, ...]
    changes_at: Instant | None


def window_view(hall: Hall, code: str, now: Instant) -> WindowView | None:
    """The console of window `code` at `now`; None if the hall has no such window."""
    configuration, window = hall.configuration, hall.windows.get(code)
    if configuration is None or window is None:
        return None
    ticket = hall.tickets[window.ticket] if window.ticket else None
    waiting = tuple(_row(configuration, window, hall.tickets[id_], now) for id_ in islice(_order(hall, window), LISTED))
    showing = _showing(window, ticket)
    actions = {action.name: action for action in _actions(hall, configuration, window, showing, now)}
    upcoming = [row.ticket.due_at for row in waiting if not row.overdue] + [
        a.until for a in actions.values() if a.until
    ]
    counts = tuple(_counts(hall, configuration, window))
    return WindowView(
        configuration=configuration,
        window=window,
        showing=showing,
        ticket=ticket,
        about=_about(configuration, ticket) if ticket else None,
        klass=_klass(configuration, ticket) if ticket else None,
        declared=_declared(configuration, ticket) if ticket else None,
        since=(ticket.started_at if ticket.state is State.SERVING else ticket.last_called_at) if ticket else None,
        actions=tuple(actions.values()),
        finish=actions["finish"],
        transfer=actions["transfer"],
        waiting=waiting,
        more=sum(count.waiting for count in counts) + len(hall.held_for(code)) - len(waiting),
        counts=counts,
        changes_at=min(upcoming, default=None),
    )


def _showing(window: Window, ticket: Ticket | None) -> Showing:
    if ticket is not None:
        return Showing.SERVING if ticket.state is State.SERVING else Showing.CALLED
    if not window.is_open:
        return Showing.CLOSED
    return Showing.PAUSED if window.paused else Showing.IDLE


def _actions(
    hall: Hall, configuration: Configuration, window: Window, showing: Showing, now: Instant
) -> Iterator[Action]:
    """The buttons in their order."""
    code, ticket = window.code, window.ticket
    outcome = Outcome.DONE if showing is Showing.SERVING else None
    is_open = window.is_open and not window.paused
    queue = configuration.queues[0].code if configuration.queues else ""
    commands: dict[str, c.Command] = {
        "call-next": c.CallNext(window=code, ticket=ticket, outcome=outcome),
        "recall": c.Recall(window=code, ticket=ticket),
        "start": c.Start(window=code, ticket=ticket),
        "finish": c.Finish(window=code, ticket=ticket),
        "no-show": c.MarkNoShow(window=code, ticket=ticket),
        "park": c.Park(window=code, ticket=ticket),
        "transfer": c.Transfer(window=code, ticket=ticket, queue=queue),
        **({"pause": c.PauseWindow(window=code)} if is_open else {"open": c.OpenWindow(window=code)}),
        "close": c.CloseWindow(window=code),
    }
    labels = {
        "call-next": "finish-next" if outcome else "call-next",
        "open": "resume" if showing is Showing.PAUSED else "open",
    }
    for name, command in commands.items():
        refused = _refused(hall, command, now)
        if name == "close" and not window.is_open:  # nothing forbids it, but nothing would follow
            refused = Reason.WINDOW_NOT_OPEN
        yield Action(
            name=name,
            label=labels.get(name, name),
            outcome=outcome if name == "call-next" else None,
            refused=refused,
            until=_recall_at(hall, configuration, window) if refused is Reason.TOO_SOON else None,
            likely=name in LIKELY[showing] and refused is None,
        )


def _refused(hall: Hall, command: c.Command, now: Instant) -> Reason | None:
    try:
        decide(hall, command, now)
    except Refused as refused:
        return refused.reason
    return None


def _recall_at(hall: Hall, configuration: Configuration, window: Window) -> Instant | None:
    ticket = hall.tickets.get(window.ticket or "")
    if ticket is None or ticket.last_called_at is None:
        return None
    return ticket.last_called_at + configuration.rules.recall_interval_seconds * 1000


def _order(hall: Hall, window: Window) -> Iterator[str]:
    """Ids of the tickets this window may call, in the order it would if nobody else called any."""

    def effective(line: Iterator[str], delay: int) -> Iterator[Place]:
        for id_ in line:
            not_strict, due, joined, _ = hall.tickets[id_].place
            yield not_strict, due + delay, joined, id_

    lines = [effective(iter(hall.line(queue)), delay) for queue, delay in window.serves.items()]
    lines.append(effective(iter(hall.held_for(window.code)), 0))
    return (place[3] for place in merge(*lines))


def _row(configuration: Configuration, window: Window, ticket: Ticket, now: Instant) -> Waiting:
    return Waiting(
        ticket=ticket,
        about=_about(configuration, ticket),
        klass=_klass(configuration, ticket),
        held=ticket.held_for is not None,
        helper=ticket.held_for is None and window.serves.get(ticket.queue, 0) > 0,
        overdue=ticket.due_at <= now,
    )


def _about(configuration: Configuration, ticket: Ticket) -> Text:
    """What the ticket is for: its service, or its queue where only that is known."""
    known: Service | Queue | None = configuration.service.get(ticket.service or "")
    known = known or configuration.queue.get(ticket.queue)
    return known.name if known else Text(zh=ticket.queue)


def _klass(configuration: Configuration, ticket: Ticket) -> Text | None:
    """The class, unless it is the ordinary one."""
    known = configuration.resident_class.get(ticket.klass)
    return None if known is None or ticket.klass == ORDINARY else known.name


def _declared(configuration: Configuration, ticket: Ticket) -> ResidentClass | None:
    return None if ticket.klass in {ORDINARY, APPOINTMENT} else configuration.resident_class.get(ticket.klass)


def _counts(hall: Hall, configuration: Configuration, window: Window) -> Iterator[Count]:
    for code, delay in window.serves.items():
        if code in configuration.queue:
            yield Count(queue=configuration.queue[code], waiting=len(hall.line(code)), helper=delay > 0)
