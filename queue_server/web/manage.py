"""The manager's page: the whole hall at a glance, and the fragment it fetches whenever something changed."""

from __future__ import annotations

from dataclasses import dataclass

from apiflask import APIBlueprint
from flask import Response

from queue_server.domain.configuration import Queue
from queue_server.domain.events import Instant
from queue_server.domain.model import Hall, Ticket, Window
from queue_server.forecast.said import Said, Waits
from queue_server.journal.ids import uuid7
from queue_server.web.moving import adviser
from queue_server.web.moving_view import advice_view, seats
from queue_server.web.pages import halls, page
from queue_server.web.representation import window_state

WELL = frozenset({"ready"})
SOON = frozenset({"paper-low", "unknown"})

manage = APIBlueprint("manage", __name__, url_prefix="/halls/<hall>/manage", enable_openapi=False)


@dataclass(frozen=True, kw_only=True)
class QueueRow:
    """A queue now: `oldest` is when its longest waiting ticket was issued, `late` how many are past their promise."""

    queue: Queue
    waiting: int
    oldest: Instant | None
    late: int
    windows: int
    wait: Said | None


@dataclass(frozen=True, kw_only=True)
class WindowRow:
    window: Window
    state: str
    ticket: Ticket | None
    since: Instant | None


@manage.get("")
def manage_page(hall: str) -> Response:
    return _manage("manage.html", hall)


@manage.get("/fragment")
def fragment(hall: str) -> Response:
    return _manage("manage_fragment.html", hall)


def _manage(template: str, code: str) -> Response:
    here = halls()[code]
    now, seq, hall = here.now(), here.replica.seq, here.replica.hall
    configuration = hall.configuration or here.configuration
    return page(
        template, now, seq=seq, hall=hall, configuration=configuration, well=WELL, soon=SOON,
        queues=[_queue(hall, queue, now, here.waits) for queue in configuration.queues],
        learning=here.foresight.learning, nonce=uuid7(),
        advice=advice_view(hall, adviser(code).standing, now), seats=seats(hall, configuration),
        windows=[_window(hall, window) for window in hall.windows.values()],
        devices=sorted(hall.devices.values(), key=lambda report: report.device),
    )  # fmt: skip


def _queue(hall: Hall, queue: Queue, now: Instant, waits: Waits) -> QueueRow:
    waiting = [hall.tickets[id_] for id_ in hall.line(queue.code)]
    return QueueRow(
        queue=queue,
        waiting=len(waiting),
        oldest=min((ticket.issued_at for ticket in waiting), default=None),
        late=sum(1 for ticket in waiting if ticket.due_at < now),
        windows=sum(1 for w in hall.windows.values() if w.is_open and not w.paused and queue.code in w.serves),
        wait=waits.new(queue.code),
    )


def _window(hall: Hall, window: Window) -> WindowRow:
    ticket = hall.tickets[window.ticket] if window.ticket else None
    since = (ticket.started_at or ticket.last_called_at) if ticket else None
    return WindowRow(window=window, state=window_state(hall, window), ticket=ticket, since=since)
