"""Days and opening hours, in the hall's own time zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from queue_server.domain.configuration import Hours
from queue_server.domain.events import Instant


class Phase(StrEnum):
    BEFORE = "before"
    OPEN = "open"
    BREAK = "break"
    AFTER = "after"
    HOLIDAY = "holiday"


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local(timezone: str, at: Instant) -> datetime:
    return datetime.fromtimestamp(at / 1000, _zone(timezone))


def day_of(timezone: str, at: Instant) -> str:
    """The local date, ISO."""
    return local(timezone, at).date().isoformat()


def next_day(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def instant(timezone: str, day: str, clock: str) -> Instant:
    """The instant of local wall-clock time `HH:MM` on `day`; `24:00` is the end of the day."""
    hours, minutes = (int(part) for part in clock.split(":"))
    extra, hours = divmod(hours, 24)
    moment = datetime.combine(date.fromisoformat(day), time(hours, minutes), _zone(timezone)) + timedelta(days=extra)
    return round(moment.timestamp() * 1000)


def works_on(hours: Hours, day: str) -> bool:
    if day in hours.workdays:
        return True
    return day not in hours.holidays and date.fromisoformat(day).isoweekday() in hours.weekdays


@lru_cache(maxsize=256)
def periods(hours: Hours, timezone: str, day: str) -> tuple[tuple[Instant, Instant], ...]:
    """Opening and closing instants of a day, in order; empty on a day the hall does not work."""
    if not works_on(hours, day):
        return ()
    return tuple((instant(timezone, day, p.opens), instant(timezone, day, p.closes)) for p in hours.periods)


def phase(hours: Hours, timezone: str, at: Instant) -> Phase:
    spans = periods(hours, timezone, day_of(timezone, at))
    if not spans:
        return Phase.HOLIDAY
    if at < spans[0][0]:
        return Phase.BEFORE
    if at >= spans[-1][1]:
        return Phase.AFTER
    return Phase.OPEN if any(opens <= at < closes for opens, closes in spans) else Phase.BREAK
