"""A hall as its forecaster knows it: the fold of its journal up to now, and what its past taught."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from queue_server.domain.events import ConfigurationApplied, DayClosed, DayOpened, Instant
from queue_server.domain.model import Hall
from queue_server.forecast.conformal import Calibration
from queue_server.forecast.learned import Learned, learn
from queue_server.forecast.live import forecast, press
from queue_server.forecaster.imported import folder
from queue_server.forecaster.past import Past, Steps
from queue_server.forecaster.wire import Cannot, Refreshed
from queue_server.journal.entry import event_of
from queue_server.journal.reader import JournalReader

LATE = 10_000
"""ms a question may have waited here before it was read. A fact dated further ahead came from a wrong clock."""


@dataclass(frozen=True, kw_only=True)
class Present:
    """What a request is answered from. The hall is only to be read: a change is tried on a copy (`Snapshot`).

    `learned` and `calibration`: as of `forecast.live`; `pressed`: when each window last did anything. `seq`: the newest
    entry it is made from.
    """

    hall: Hall
    seq: int
    at: Instant
    learned: Learned
    calibration: Calibration | None
    pressed: Mapping[str, Instant]


class Following:
    """One hall of the forecaster's."""

    def __init__(self, data: Path, code: str) -> None:
        """Raises StoreError: there is no such journal."""
        self._journal = JournalReader(data / f"{code}.sqlite")
        self._code, self._data = code, data
        openings = self._journal.openings(code, 2)
        self._seq = openings[0] - 1 if len(openings) == 2 else 0
        self._hall = Hall()
        self._pressed: dict[str, Instant] = {}
        self._past = Past(self._journal, code, data)
        self._study: Steps | None = None
        self._fresh: Learned | None = None  # from the configuration alone
        self._imported_at = 0
        self._newest: Instant = 0
        self.catch_up()
        self._begin_study()

    def catch_up(self) -> None:
        """Take in what was written since. Raises StoreError: the journal cannot be read."""
        over = False
        while entries := self._journal.read(self._code, self._seq):
            for entry in entries:
                fact = event_of(entry)
                self._hall.apply(fact)
                press(self._pressed, fact)
                self._newest = max(self._newest, fact.at)
                over |= isinstance(fact, (DayOpened, DayClosed, ConfigurationApplied))
            self._seq = entries[-1].seq
        if over or self._imported_at != self._newest_import():
            self._begin_study()

    def _newest_import(self) -> int:
        where = folder(self._data, self._code)
        return where.stat().st_mtime_ns if where.exists() else 0

    def _begin_study(self) -> None:
        configuration = self._hall.configuration
        if configuration is not None:
            self._imported_at = self._newest_import()
            self._fresh = learn(configuration, [])
            self._study = self._past.study(configuration, today_too=not self._hall.is_open)

    @property
    def studies(self) -> bool:
        return self._study is not None

    def step(self) -> None:
        """Learn a little more."""
        if self._study is not None:
            try:
                next(self._study)
            except StopIteration:
                self._study = None

    def present(self, at: Instant) -> Present:
        """The hall at the instant of the question, or of what has happened since.

        Raises:
            Cannot: no day has ever been opened.
        """
        at = max(at, min(self._newest, at + LATE))
        learned = self._past.learned or self._fresh
        if learned is None:
            raise Cannot("The hall has not opened a day yet.")
        return Present(
            hall=self._hall, seq=self._seq, at=at, learned=learned, calibration=self._past.calibration,
            pressed=self._pressed,
        )  # fmt: skip

    def refresh(self, at: Instant) -> Refreshed:
        """All waits now. Raises Cannot: no day has ever been opened."""
        started = time.process_time()
        now = self.present(at)
        waits = forecast(now.hall, now.at, now.learned, pressed=now.pressed, calibration=now.calibration)
        cost = (time.process_time() - started) * 1000
        return Refreshed(seq=now.seq, cost=round(cost, 1), forecast=waits, learning=self._past.learning)
