"""What a forecast says. Values only, so that whoever shows a wait needs nothing of what computed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from queue_server.domain.configuration import ORDINARY
from queue_server.domain.events import Instant


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A wait in minutes. `calibrated`: the range was checked against recent days; else it rests on the model alone."""

    low: float
    mid: float
    high: float
    calibrated: bool


@dataclass(frozen=True, kw_only=True)
class Pace:
    """A line's pace: minutes from one call to the next while people wait, and windows that had nobody to call."""

    minutes: float
    free: int


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The waits from `at` on. What is missing is unknown: nobody can say.

    `tickets`: ticket id -> further wait; `asked`: queue -> class -> that of a ticket taken then; `paces`: by queue.
    `issued`: how many tickets of `day` were known to it. `days`: how many it was learned from; 0: none.
    """

    at: Instant
    day: str | None
    days: int
    issued: int
    tickets: Mapping[str, Expected]
    asked: Mapping[str, Mapping[str, Expected]]
    paces: Mapping[str, Pace]

    @property
    def queues(self) -> dict[str, Expected]:
        """Queue -> what an ordinary ticket taken then waits."""
        return {queue: classes[ORDINARY] for queue, classes in self.asked.items() if ORDINARY in classes}
