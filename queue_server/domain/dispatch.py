"""Which waiting ticket a free window calls: the one whose promise is most at risk among the queues it serves."""

from __future__ import annotations

from collections.abc import Iterator

from queue_server.domain.events import Instant, Rule, Why
from queue_server.domain.model import Hall, Ticket, Window
from queue_server.domain.promise import Place


def _heads(hall: Hall, window: Window) -> Iterator[tuple[Place, int]]:
    """The first of every line this window may call from, its due time moved by the helper delay."""
    held = hall.held_for(window.code).head()
    if held is not None:
        yield held, 0
    for queue, delay in window.serves.items():
        head = hall.line(queue).head()
        if head is not None:
            not_strict, due, joined, id_ = head
            yield (not_strict, due + delay, joined, id_), delay


def choose(hall: Hall, window: Window) -> Ticket | None:
    """The ticket to call next, or None if nobody waits for this window. O(queues served)."""
    best = min(_heads(hall, window), default=None)
    return hall.tickets[best[0][3]] if best else None


def why_chosen(hall: Hall, window: Window, ticket: Ticket, at: Instant, *, chosen: bool = False) -> Why:
    """The reason a call stores: which rule, how long it waited of what was promised, and whom it was chosen over."""
    others = sorted(head for head in _heads(hall, window) if head[0][3] != ticket.id)
    if chosen:
        rule = Rule.CHOSEN
    elif ticket.held_for == window.code:
        rule = Rule.HELD
    else:
        rule = Rule.STRICT if ticket.strict else Rule.PROMISE
    return Why(
        rule=rule,
        waited=at - ticket.issued_at,
        promised=ticket.due_at - ticket.issued_at,
        helper_after=0 if ticket.held_for else window.serves.get(ticket.queue, 0),
        over=hall.tickets[others[0][0][3]].label if others else "",
    )
