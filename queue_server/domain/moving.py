"""Doing what was recommended: windows take other queues all at once or not at all, and go back the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.configuration import Configuration, Serves
from queue_server.domain.events import Event, Instant, Move
from queue_server.domain.issuing import open_configuration, queue_of
from queue_server.domain.model import Hall, Window, serving
from queue_server.domain.promise import MINUTE
from queue_server.domain.refusal import Reason, Refused


def apply_recommendation(hall: Hall, command: c.ApplyRecommendation, at: Instant) -> list[Event]:
    """Every window's new queues, and the fact that it was recommended.

    Raises:
        Refused: it is too old, was applied already, or does not fit the hall as it is by now; nothing changes.
    """
    configuration = open_configuration(hall)
    if command.recommendation in hall.applied:
        raise Refused(Reason.ALREADY_APPLIED, "This recommendation has been applied already.")
    if at - command.computed_at > configuration.advice.good_for_minutes * MINUTE:
        raise Refused(Reason.OUT_OF_DATE, "This recommendation is too old; ask for a new one.")
    for move in command.moves:
        window = _still(hall, move.window, move.before)
        if not window.is_open:
            raise Refused(Reason.WINDOW_NOT_OPEN, f"Window {window.code} has closed meanwhile; ask for a new one.")
        _skilled(configuration, move)
    for queue in _left(hall, {move.window: move.after for move in command.moves}):
        raise Refused(Reason.NOBODY_LEFT, f"No open window would serve queue {queue} any more; ask for a new one.")
    return [
        *_assigned(((move.window, move.after) for move in command.moves), at),
        e.RecommendationApplied(
            at=at, recommendation=command.recommendation, source=command.source, moves=command.moves,
            effect=command.effect,
        ),
    ]  # fmt: skip


def undo_recommendation(hall: Hall, command: c.UndoRecommendation, at: Instant) -> list[Event]:
    """What its windows served before it, again.

    Raises:
        Refused: it was not applied today, was undone already, or one of its windows was changed since.
    """
    open_configuration(hall)
    applied = hall.applied.get(command.recommendation)
    if applied is None:
        raise Refused(Reason.UNKNOWN_RECOMMENDATION, "This recommendation was not applied today.")
    if applied.undone_at is not None:
        raise Refused(Reason.ALREADY_UNDONE, "This recommendation has been undone already.")
    moves = applied.fact.moves
    for move in moves:
        _still(hall, move.window, move.after)
    for queue in _left(hall, {move.window: move.before for move in moves}):
        raise Refused(
            Reason.NOBODY_LEFT, f"No open window would serve queue {queue} any more; set the windows by hand."
        )
    return [
        *_assigned(((move.window, move.before) for move in moves), at),
        e.RecommendationUndone(at=at, recommendation=command.recommendation, source=command.source),
    ]


def served_by(window: Window) -> tuple[Serves, ...]:
    """What a window serves now, as a value."""
    return tuple(Serves(queue=queue, helper_after=delay / MINUTE) for queue, delay in window.serves.items())


def serving_of(serves: Mapping[str, float]) -> tuple[Serves, ...]:
    """Queue -> minutes as a helper (0: its own), as a value."""
    return tuple(Serves(queue=queue, helper_after=minutes) for queue, minutes in serves.items())


def _still(hall: Hall, code: str, serves: tuple[Serves, ...]) -> Window:
    """The window, if it still serves these queues."""
    window = hall.windows.get(code)
    if window is None:
        raise Refused(Reason.UNKNOWN_WINDOW, f"There is no window {code!r} in this hall any more.")
    if window.serves != serving(serves):
        raise Refused(Reason.CHANGED_MEANWHILE, f"Window {code} was given other queues meanwhile; look at it again.")
    return window


def _skilled(configuration: Configuration, move: Move) -> None:
    setup = configuration.window.get(move.window)
    for serves in move.after:
        queue = queue_of(configuration, None, serves.queue)
        if setup is not None and not setup.can_serve(queue):
            raise Refused(Reason.NOT_SKILLED, f"The staff at window {move.window} cannot serve queue {queue}.")


def _left(hall: Hall, changes: Mapping[str, Sequence[Serves]]) -> list[str]:
    """Queues that some open window serves now and none would."""
    now: set[str] = set()
    then: set[str] = set()
    for window in hall.windows.values():
        if window.is_open:
            now |= window.serves.keys()
            then |= serving(changes[window.code]).keys() if window.code in changes else window.serves.keys()
    return sorted(now - then)


def _assigned(windows: Iterable[tuple[str, tuple[Serves, ...]]], at: Instant) -> list[Event]:
    return [e.QueuesAssigned(at=at, window=window, serves=serves) for window, serves in windows]
