"""How a predicted wait is said to people: a rounded range, never more exact than it is."""

from __future__ import annotations

import math
from collections.abc import Callable

from queue_server.forecast.waits import Expected


def rounded(wait: Expected) -> tuple[int, int]:
    """Whole minutes (low, high): to the minute up to 10, to 5 up to an hour, then to 10; outwards, so that rounding
    never loses coverage."""
    return _step(wait.low, math.floor), max(1, _step(wait.high, math.ceil))


def _step(minutes: float, towards: Callable[[float], int]) -> int:
    step = 1 if minutes <= 10 else 5 if minutes <= 60 else 10
    return towards(minutes / step) * step
