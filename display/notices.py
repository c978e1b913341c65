"""What boards show beside the calls, and when: notices by their schedule, turn and turn about. Pure.

Turns follow the hall's clock and not a page's, so that boards side by side show the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from queue_server.config.screens import VIDEOS
from queue_server.domain.calendar import day_of, instant, local, next_day
from queue_server.domain.configuration import BoardNotice
from queue_server.domain.events import Instant

WAITS = 12_000
"""Ms the table of waits is seen between two pictures that share its place."""


@dataclass(frozen=True, kw_only=True)
class Turns:
    """Notices that have a place in turn. An entry of None: nothing, for so long."""

    entries: tuple[tuple[BoardNotice | None, int], ...]

    def now(self, now: Instant) -> BoardNotice | None:
        return self._standing(now)[0]

    def changes_at(self, now: Instant) -> Instant | None:
        """When the next turn begins; None: there is only one."""
        return self._standing(now)[1] if len(self.entries) > 1 else None

    def _standing(self, now: Instant) -> tuple[BoardNotice | None, Instant]:
        whole = sum(lasts for _, lasts in self.entries)
        ends = now - now % whole if whole else now
        for notice, lasts in self.entries:
            ends += lasts
            if now < ends:
                return notice, ends
        return None, ends


def scheduled(notices: Sequence[BoardNotice], zone: str | None, timezone: str, now: Instant) -> tuple[BoardNotice, ...]:
    """Those to be shown at `now` on the boards of a zone (None: of the whole hall)."""
    return tuple(notice for notice in notices if _is_for(notice, zone) and _is_due(notice, timezone, now))


def texts(notices: Sequence[BoardNotice]) -> Turns:
    """The line under the board: text after text."""
    return Turns(entries=tuple((n, round(n.seconds * 1000)) for n in notices if n.text is not None))


def pictures(notices: Sequence[BoardNotice], *, between: int = WAITS) -> Turns:
    """Pictures and videos, with the table of waits between."""
    shown = [notice for notice in notices if notice.file is not None]
    return Turns(entries=tuple(turn for n in shown for turn in ((None, between), (n, round(n.seconds * 1000)))))


def is_video(file: str) -> bool:
    return PurePosixPath(file).suffix.lower() in VIDEOS


def schedule_changes(notices: Sequence[BoardNotice], timezone: str, now: Instant) -> Iterator[Instant]:
    """The instants after `now`, today or at the end of today, at which another set of notices may be due."""
    if not notices:
        return
    today = day_of(timezone, now)
    clocks = {clock for n in notices if n.hours for clock in (n.hours.opens, n.hours.closes)}
    yield from (at for at in (instant(timezone, today, clock) for clock in clocks) if at > now)
    yield instant(timezone, next_day(today), "00:00")


def _is_for(notice: BoardNotice, zone: str | None) -> bool:
    return not notice.zones or zone is None or zone in notice.zones


def _is_due(notice: BoardNotice, timezone: str, now: Instant) -> bool:
    day = day_of(timezone, now)
    if (notice.since is not None and day < notice.since) or (notice.until is not None and day > notice.until):
        return False
    if date.fromisoformat(day).isoweekday() not in notice.weekdays:
        return False
    return notice.hours is None or notice.hours.opens <= f"{local(timezone, now):%H:%M}" < notice.hours.closes
