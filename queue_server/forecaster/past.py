"""What a hall's past days teach, worked out day by day while nobody asks for anything.

What was worked out of a day is kept in `forecast/HALL/DAY.json` in the hall's data folder. These files are derived from
the journal: deleting them loses nothing but the minutes it takes to make them anew.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import msgspec

from queue_server.domain.configuration import Configuration
from queue_server.domain.events import DayOpened, Event, TicketIssued
from queue_server.forecast.conformal import DAYS as RANGES_FROM
from queue_server.forecast.conformal import Calibration
from queue_server.forecast.learned import DAYS, Day, Learned, learn, observe
from queue_server.forecast.rehearse import Rehearsed, achieved, recalibrate, rehearsing
from queue_server.forecaster.days import Taught, Told, read, write
from queue_server.forecaster.imported import find, together
from queue_server.forecaster.wire import Learning
from queue_server.journal.entry import event_of
from queue_server.journal.reader import JournalReader
from queue_server.journal.store import StoreError

FORMAT = 1
JUDGED = 30
"""Calendar days of which the coverage is told."""
REHEARSED = JUDGED + RANGES_FROM
ASKED = 200
"""Tickets of a day that are predicted again, about."""

log = logging.getLogger("bianmin.forecaster")

Steps: TypeAlias = Generator[None, None, None]


class WorkedOut(msgspec.Struct, frozen=True, kw_only=True):
    """One day's file. It is of the entries `first` … `last` of the journal, whose last hash is `hash`."""

    format: int
    first: int
    last: int
    hash: str
    taught: Taught
    told: Told | None

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise ValueError(f"format {self.format}")


@dataclass(kw_only=True)
class _PastDay:
    """A day of the journal: its entries, what it taught, and how its predictions fared once that is known."""

    first: int
    last: int
    taught: Day
    again: Rehearsed | None = None
    beyond_us: bool = False


class Past:
    """Grows with each step of `study`. `learned`: None until the first step is over."""

    def __init__(self, journal: JournalReader, hall: str, data: Path) -> None:
        self._journal, self._hall, self._data = journal, hall, data
        self._days: dict[int, _PastDay] = {}  # by the seq of their opening
        self.learned: Learned | None = None
        self.calibration: Calibration | None = None
        self.learning = Learning(studying=True)

    def study(self, configuration: Configuration, *, today_too: bool) -> Steps:
        """Learn from every past day of the journal that is not known yet, and from imported ones; then live through
        the last of them again, the newest first. Each step is some tens of milliseconds, a whole day at most some
        hundred.

        Args:
            configuration: the hall's now.
            today_too: the newest day is over.
        """
        self.learning = msgspec.structs.replace(self.learning, studying=True)
        for first, last in self._spans(today_too):
            if first not in self._days:
                day = self._kept(first) or self._observed(first, last)
                if day is not None:
                    self._days[first] = day
                yield
        self._forget_older()
        imported = find(self._data, self._hall)
        own = [day.taught for _, day in sorted(self._days.items())]
        self.learned = learn(configuration, together(own, imported.days))
        self.learning = Learning(
            days=len(own), imported=max(0, self.learned.days - min(len(own), DAYS)), faults=imported.faults,
            studying=True,
        )  # fmt: skip
        self._judge()
        yield
        for first in sorted(self._days, reverse=True)[:REHEARSED]:
            if self._days[first].again is None and not self._days[first].beyond_us:
                yield from self._rehearse(first, imported.days)
                self._judge()
                yield
        self.learning = msgspec.structs.replace(self.learning, studying=False)

    def _spans(self, today_too: bool) -> list[tuple[int, int]]:
        """First and last seq of each past day, the oldest first."""
        openings = self._journal.openings(self._hall, DAYS + 1)
        spans = [(first, following - 1) for first, following in pairwise(openings)]
        if openings and today_too:
            spans.append((openings[-1], self._journal.last(self._hall)))
        return spans[-DAYS:]

    def _facts(self, first: int, last: int) -> Iterator[Event]:
        after = first - 1
        while entries := self._journal.read(self._hall, after, until=last):
            after = entries[-1].seq
            yield from map(event_of, entries)

    def _observed(self, first: int, last: int) -> _PastDay | None:
        facts = list(self._facts(first, last))
        opened = facts[0]
        if not isinstance(opened, DayOpened):  # written by a newer program
            return None
        (taught,) = observe(facts, opened.configuration)
        day = _PastDay(first=first, last=last, taught=Taught.of(taught).read())  # as it will be read again
        self._keep(day)
        return day

    def _rehearse(self, first: int, imported: tuple[Day, ...]) -> Steps:
        """Predict some tickets of a day from what was known before it."""
        day = self._days[first]
        facts = list(self._facts(day.first, day.last))
        opened = facts[0]
        assert isinstance(opened, DayOpened)
        before = [earlier.taught for seq, earlier in sorted(self._days.items()) if seq < first]
        older = [one for one in imported if one.day < opened.day]
        learned = learn(opened.configuration, together(before, older))
        yield
        issued = sum(isinstance(fact, TicketIssued) for fact in facts)
        try:
            again = yield from rehearsing(facts, learned, share=ASKED / max(ASKED, issued))
        except (ArithmeticError, LookupError, ValueError):  # a mistake of ours must not cost the other days
            log.exception("a day cannot be rehearsed", extra={"hall": self._hall, "day": opened.day})
            day.beyond_us = True
        else:
            day.again = Told.of(again).read(again.day)
            self._keep(day)

    def _judge(self) -> None:
        again = [day.again for _, day in sorted(self._days.items()) if day.again is not None]
        self.calibration = recalibrate(again)
        since = (date.fromisoformat(again[-1].day) - timedelta(days=JUDGED)).isoformat() if again else ""
        share, waits = achieved(again, since)
        self.learning = msgspec.structs.replace(
            self.learning, calibrated=self.calibration is not None, waits=waits,
            coverage=None if math.isnan(share) else round(share, 4),
        )  # fmt: skip

    # --- files

    def _path(self, day: str) -> Path:
        return self._data / "forecast" / self._hall / f"{day}.json"

    def _kept(self, first: int) -> _PastDay | None:
        """The day that begins at `first`, as worked out earlier, if the journal is still the one it was made from."""
        opened = event_of(self._journal.read(self._hall, first - 1, limit=1)[0])
        path = self._path(opened.day) if isinstance(opened, DayOpened) else None
        if path is None or not path.exists():
            return None
        try:
            kept = read(path, WorkedOut)
            end = self._journal.read(self._hall, kept.last - 1, limit=1)
        except StoreError:
            raise
        except (OSError, ValueError) as error:
            log.warning("worked out anew", extra={"hall": self._hall, "detail": f"{path}: {error}"})
            return None
        if kept.first != first or not end or end[0].hash != kept.hash:
            return None
        return _PastDay(
            first=first, last=kept.last, taught=kept.taught.read(),
            again=None if kept.told is None else kept.told.read(kept.taught.day),
        )  # fmt: skip

    def _keep(self, day: _PastDay) -> None:
        end = self._journal.read(self._hall, day.last - 1, limit=1)[0]
        told = None if day.again is None else Told.of(day.again)
        content = WorkedOut(
            format=FORMAT, first=day.first, last=day.last, hash=end.hash, taught=Taught.of(day.taught), told=told
        )
        try:
            write(self._path(day.taught.day), content)
        except OSError as error:  # it is known all the same, until the next start
            log.warning("not kept", extra={"hall": self._hall, "detail": str(error)})

    def _forget_older(self) -> None:
        for first in sorted(self._days)[:-DAYS]:
            del self._days[first]
        known = {day.taught.day for day in self._days.values()}
        for path in (self._data / "forecast" / self._hall).glob("*.json"):
            if path.stem not in known:
                path.unlink(missing_ok=True)
