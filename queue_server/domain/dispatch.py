"""Which waiting ticket a free window calls: the one whose promise is most at risk among the queues it serves."""

from __future__ import annotations

from collections.abc import Iterator

from queue_server.domain.events import Instant, Rule, Why
from queue_server.domain.model import Hall, Ticket, Window
from queue_server.domain.promise import Place


def _heads(hall: Hall, window: Window, joining: Ticket | None) -> Iterator[Place]:
    """The first of every line this window may call from, its due time moved by the helper delay."""
    held = hall.held_for(window.code).head()
    if held is not None:
        yield held
    for queue, delay in window.serves.items():
        places = [hall.line(queue).head(), joining.place if joining and joining.queue == queue else None]
        for not_strict, due, joined, id_ in filter(None, places):
            yield not_strict, due + delay, joined, id_


def choose(hall: Hall, window: Window, joining: Ticket | None = None) -> Ticket | None:
    """The ticket to call next, or None if nobody waits for this window. O(queues served).

    `joining`: one that is about to join its queue's line, as it will be then.
    """
    best = min(_heads(hall, window, joining), default=None)
    if best is None:
        return None
    return joining if joining and joining.id == best[3] else hall.tickets[best[3]]


def why_chosen(
    hall: Hall, window: Window, ticket: Ticket, at: Instant, *, chosen: bool = False, joining: Ticket | None = None
) -> Why:
    """The reason a call stores: which rule, how long it waited of what was promised, and whom it was chosen over."""
    others = sorted(head for head in _heads(hall, window, joining) if head[3] != ticket.id)
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
        over=hall.tickets[others[0][3]].label if others else "",
    )
