"""What a resident's phone shows of their ticket: a pure function of hall and time. Nothing personal is known."""

from __future__ import annotations

from dataclasses import dataclass

from display.board import STALE_AFTER, Wait
from queue_server.domain.calendar import day_of
from queue_server.domain.configuration import Service, Text
from queue_server.domain.events import Instant
from queue_server.domain.life import State
from queue_server.domain.model import Hall, Ticket

LIVING = frozenset({State.WAITING, State.CALLED, State.SERVING})


@dataclass(frozen=True, kw_only=True)
class Place:
    """A ticket as its page shows it. Two equal ones look the same.

    `ahead`: how many are called before it; None unless it waits. `windows`: where it is called to, or may be. `wait`:
    minutes, as the hall says them; None if not known. `rings`: when it was called last, while it is. `bring`: what to.
    """

    label: str
    state: State
    hall: Text
    timezone: str
    service: Text | None
    ahead: int | None
    wait: Wait | None
    windows: tuple[str, ...]
    rings: Instant | None
    bring: tuple[str, ...]
    stale_since: Instant | None


def place(hall: Hall, ticket: str, now: Instant, *, wait: Wait | None, heard_at: Instant) -> Place | None:
    """The ticket at `now`; None if it is none of today's, and so is dead.

    Args:
        wait: what the hall server expects for it, in minutes.
        heard_at: when the hall was last heard of.
    """
    configuration, found = hall.configuration, hall.tickets.get(ticket)
    if configuration is None or found is None or hall.day != day_of(configuration.timezone, now):
        return None
    service = configuration.service.get(found.service) if found.service else None
    ahead = hall.ahead(found)
    return Place(
        label=found.label,
        state=found.state,
        hall=configuration.name,
        timezone=configuration.timezone,
        service=service.name if service else None,
        ahead=ahead,
        wait=None if ahead is None else wait,
        windows=_windows(hall, found),
        rings=found.last_called_at if found.state is State.CALLED else None,
        bring=_materials(service) if found.state in LIVING else (),
        stale_since=heard_at if now - heard_at > STALE_AFTER else None,
    )


def _materials(service: Service | None) -> tuple[str, ...]:
    return service.disclosures.materials if service and service.disclosures else ()


def _windows(hall: Hall, ticket: Ticket) -> tuple[str, ...]:
    """Where it may be called to: the window that has or holds it, else the open ones of its queue."""
    if ticket.state not in LIVING:
        return ()
    one = ticket.window or ticket.held_for
    return (one,) if one is not None else tuple(hall.windows_for(ticket.queue))
