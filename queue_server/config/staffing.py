"""Checks of who serves what: the queues of windows, the skills and breaks of their staff, the limits of advice."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from queue_server.config.screens import Wrong, is_clock
from queue_server.domain.configuration import Advice, WindowSetup


def staffing_wrong(windows: Sequence[WindowSetup], advice: Advice, queues: Collection[str]) -> Wrong:
    """Where, within the hall, and what is wrong."""
    for w, window in enumerate(windows):
        for loc, message in _window_wrong(window, queues):
            yield ("windows", w, *loc), message
    for name in ("queues_per_window", "moves", "good_for_minutes"):
        if getattr(advice, name) < 1:
            yield ("advice", name), "must be at least 1"


def _window_wrong(window: WindowSetup, queues: Collection[str]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for s, serves in enumerate(window.serves):
        if serves.queue not in queues:
            yield ("serves", s, "queue"), f"there is no queue {serves.queue!r} in this hall"
        elif not window.can_serve(serves.queue):
            yield ("serves", s, "queue"), f"{serves.queue!r} is not among the skills of window {window.code}"
    for s, skill in enumerate(window.skills):
        if skill not in queues:
            yield ("skills", s), f"window {window.code}: there is no queue {skill!r} in this hall"
    last = ""
    for b, away in enumerate(window.breaks):
        if not (is_clock(away.begins) and is_clock(away.ends)):
            yield ("breaks", b), 'must be like {begins: "11:30", ends: "12:15"}'
        elif not last <= away.begins < away.ends:
            yield ("breaks", b), "breaks must follow each other and end after they begin"
        last = away.ends
