"""What came about after a change: the waits of the very people the prediction counted (`outlook`), from the journal.

Plain Python, so that the server can say it without numpy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from queue_server.domain.events import Instant
from queue_server.domain.life import State
from queue_server.domain.model import Hall
from queue_server.domain.promise import MINUTE

LONG = 30.0


@dataclass(frozen=True, kw_only=True)
class Realised:
    """Minutes waited by `people`: on average, the longest of nine in ten; and the share (0 … 1) over half an hour."""

    people: int
    mean: float
    p90: float
    long: float


def realised(hall: Hall, since: Instant, until: Instant) -> Realised | None:
    """The waits of all who waited at `since` or came before `until`; who was not called by `until` waited until then.

    None: there was nobody. A visit counts with its first wait only, as nothing older than its last line is kept.
    """
    return _figures(_waits(hall, since, until))


def called_since(hall: Hall, since: Instant) -> Realised | None:
    """The waits of those who were first called after `since`; None: nobody was."""
    called = ((ticket.called_at, ticket.issued_at) for ticket in hall.tickets.values())
    return _figures((at - issued) / MINUTE for at, issued in called if at is not None and at > since)


def _figures(of: Iterable[float]) -> Realised | None:
    waits = sorted(of)
    if not waits:
        return None
    return Realised(
        people=len(waits),
        mean=sum(waits) / len(waits),
        p90=waits[max(0, math.ceil(0.9 * len(waits)) - 1)],
        long=sum(wait > LONG for wait in waits) / len(waits),
    )


def _waits(hall: Hall, since: Instant, until: Instant) -> Iterator[float]:
    for ticket in hall.tickets.values():
        called = until if ticket.called_at is None else min(ticket.called_at, until)
        here = ticket.issued_at < until and called > since
        gone = ticket.called_at is None and ticket.ended_at is not None and ticket.ended_at <= since
        if here and not gone and ticket.state is not State.VOIDED:
            yield (called - ticket.issued_at) / MINUTE
