"""The halls this server runs: each its journal, its writer, and those who listen to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from queue_server.domain.calendar import day_of, next_day, periods
from queue_server.domain.commands import ApplyConfiguration, CloseDay, OpenDay
from queue_server.domain.configuration import Configuration
from queue_server.domain.events import Instant
from queue_server.domain.promise import MINUTE
from queue_server.domain.refusal import Refused
from queue_server.forecast.said import Waits
from queue_server.forecaster.client import Forecaster, Foresight, without
from queue_server.journal import feed
from queue_server.journal.entry import Entry
from queue_server.journal.ids import uuid7
from queue_server.journal.replica import Replica, clock
from queue_server.journal.returning import PATIENCE, Returning
from queue_server.journal.store import Store
from queue_server.journal.writer import Writer
from queue_server.keys import KeyRing
from queue_server.serving import Audience

FOLLOWERS = 2000
CLOSE_AFTER = 60 * MINUTE
"""How long after closing time the day is closed, so that the last residents are served to the end."""


class UnknownHall(Exception):
    """This server does not run that hall."""


class RunningHall:
    """One hall: state, writer, and its two streams (`feed` for programs, `changes` for browsers)."""

    def __init__(
        self,
        store: Store,
        configuration: Configuration,
        *,
        keys: KeyRing,
        now: Callable[[], Instant] = clock,
        followers: int = FOLLOWERS,
        await_kiosks: float = PATIENCE,
        forecaster: Forecaster | None = None,
    ) -> None:
        self.code = configuration.hall
        self.configuration = configuration
        self.keys = keys
        self.now = now
        self.foresight: Foresight = forecaster.foresight(self.code, now) if forecaster else without(self.code, now)
        self.replica = Replica(store, self.code, now=now)
        self.writer = Writer(self.replica, self._announce)
        kiosks = {source.partition("/")[0] for source in store.sources(self.code)}
        self.returning = Returning(kiosks & configuration.kiosk.keys(), patience=await_kiosks)
        self.feed = Audience(followers)
        self.changes = Audience(followers)

    def _announce(self, entries: list[Entry]) -> None:
        for entry in entries:
            self.feed.publish(entry.seq, feed.encode(entry))
        self.changes.publish(entries[-1].seq, doorbell(entries[-1].seq))
        self.foresight.changed()

    @property
    def waits(self) -> Waits:
        """What is said about waits now."""
        return Waits(hall=self.replica.hall, at=self.now(), forecast=self.foresight.latest)

    def keep_day(self) -> None:
        """Open today's day if it is not open yet; close it an hour after the hall closed. Keys of closed days go.

        Raises:
            Refused: the machine's clock is behind the journal.
            StoreError: the journal cannot be written.
            KeysUnavailable: a key cannot be destroyed.
        """
        at, hall = self.now(), self.replica.hall
        today = day_of(self.configuration.timezone, at)
        if hall.day != today:
            self.writer.submit(OpenDay(day=today, configuration=self.configuration), uuid7())
        elif hall.is_open and hall.configuration is not None:
            spans = periods(hall.configuration.hours, hall.configuration.timezone, today)
            if spans and at >= spans[-1][1] + CLOSE_AFTER:
                self.writer.submit(CloseDay(), uuid7())
        self.forget_keys()

    def forget_keys(self) -> None:
        """Destroy the keys of all days that are closed: whose card a holder was made from, nobody can tell any more."""
        hall = self.replica.hall
        if hall.day is not None:
            self.keys.forget(self.code, hall.day if hall.is_open else next_day(hall.day))

    def apply_configuration(self) -> Refused | None:
        """Let the open day follow the file; the refusal if it cannot today."""
        if self.replica.hall.is_open:
            try:
                self.writer.submit(ApplyConfiguration(configuration=self.configuration), uuid7())
            except Refused as refused:
                return refused
        return None

    def close(self) -> None:
        self.writer.stop()
        self.feed.close()
        self.changes.close()
        self.replica.store.close()


def doorbell(seq: int) -> bytes:
    """Tells a browser that something changed; it fetches what it shows."""
    return b"id: %d\ndata: %d\n\n" % (seq, seq)


@dataclass(frozen=True)
class Halls:
    """All halls of this server by code."""

    running: dict[str, RunningHall]
    forecaster: Forecaster | None = None

    def __getitem__(self, code: str) -> RunningHall:
        try:
            return self.running[code]
        except KeyError:
            raise UnknownHall(f"This server does not run a hall {code!r}; it runs {', '.join(self.running)}.") from None

    def replica(self, code: str) -> Replica:
        return self[code].replica

    def close(self) -> None:
        if self.forecaster is not None:
            self.forecaster.stop()
        for hall in self.running.values():
            hall.close()
