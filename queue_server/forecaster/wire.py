"""What the server and its forecaster say to each other: lines of JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from queue_server.domain.events import Instant
from queue_server.forecast.waits import Forecast

REFRESH = "refresh"
"""The request every forecaster answers, with `Refreshed`; the others are in `requests`."""


class Away(Exception):
    """There is no forecaster now, or it does not answer in time. Waits are said by simpler rules meanwhile."""


class Cannot(Exception):
    """What was asked cannot be foreseen. The text says why, to a manager."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request about one hall. `at` is the server's clock; `given` what the request itself takes."""

    id: int
    hall: str
    at: Instant
    name: str
    given: Any = None


class Answered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to the request of that id, or why there is none."""

    id: int
    answer: msgspec.Raw = msgspec.Raw(b"null")
    cannot: str | None = None


class Learning(msgspec.Struct, frozen=True, kw_only=True):
    """What a forecast rests on.

    `days`, `imported`: days of the hall's own and of an old system's log that are learned from. `coverage`: the share
    of `waits` of the last 30 days that lay in their 90 % range; None: not known yet. `calibrated`: whether ranges are
    checked against recent days. `studying`: it is still learning. `faults`: files that cannot be used, and why.
    """

    days: int = 0
    imported: int = 0
    calibrated: bool = False
    coverage: float | None = None
    waits: int = 0
    studying: bool = False
    faults: tuple[str, ...] = ()


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """A forecast, of the journal up to `seq`, and what it rests on. `cost`: ms of CPU time it took."""

    seq: int
    cost: float
    forecast: Forecast
    learning: Learning
