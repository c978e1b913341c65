"""The life of a ticket, as one table. `decide` asks it, `apply` obeys it, the README's diagram is drawn from it."""

from __future__ import annotations

from enum import StrEnum

from queue_server.domain import events
from queue_server.domain.events import Event


class State(StrEnum):
    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    NO_SHOW = "no-show"
    FINISHED = "finished"
    VOIDED = "voided"
    EXPIRED = "expired"


LIFE: dict[type[Event], tuple[frozenset[State], State]] = {
    events.TicketCalled: (frozenset({State.WAITING}), State.CALLED),
    events.TicketRecalled: (frozenset({State.CALLED}), State.CALLED),
    events.TicketStarted: (frozenset({State.CALLED}), State.SERVING),
    events.TicketFinished: (frozenset({State.SERVING}), State.FINISHED),
    events.TicketNoShow: (frozenset({State.CALLED}), State.NO_SHOW),
    events.TicketRestored: (frozenset({State.NO_SHOW}), State.WAITING),
    events.TicketParked: (frozenset({State.CALLED, State.SERVING}), State.WAITING),
    events.TicketTransferred: (frozenset({State.CALLED, State.SERVING}), State.WAITING),
    events.TicketContinued: (frozenset({State.SERVING}), State.WAITING),
    # A kiosk may tell that its print failed after the hall has called the number, given it up or closed the day:
    # there never was paper.
    events.TicketVoided: (frozenset({State.WAITING, State.CALLED, State.NO_SHOW, State.EXPIRED}), State.VOIDED),
    events.TicketExpired: (frozenset({State.WAITING, State.CALLED, State.NO_SHOW}), State.EXPIRED),
}

ENDED = frozenset({State.FINISHED, State.VOIDED, State.EXPIRED})


def after(state: State, event: type[Event]) -> State | None:
    """The state that follows, or None if this fact cannot befall a ticket in `state`."""
    step = LIFE.get(event)
    return step[1] if step and state in step[0] else None


def diagram() -> str:
    """The table as a Mermaid state diagram (for the README)."""
    lines = ["stateDiagram-v2", "    [*] --> waiting: TicketIssued"]
    for event, (sources, target) in LIFE.items():
        lines += [
            f"    {source.replace('-', '_')} --> {target.replace('-', '_')}: {event.__name__}"
            for source in State
            if source in sources
        ]
    lines += [f"    {state} --> [*]" for state in State if state in ENDED]
    return "\n".join(lines)
