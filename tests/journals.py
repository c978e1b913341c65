"""Journals for tests: a small hall's facts, written by a real replica on a real file, at times the test chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from hall_stories import HALL, MONDAY, snapshot

from queue_server.domain import commands as c
from queue_server.domain.calendar import instant
from queue_server.domain.configuration import Configuration
from queue_server.domain.decide import issue
from queue_server.domain.events import Event, TicketIssued, TicketVoided
from queue_server.journal.entry import Entry, encode
from queue_server.journal.ids import uuid7
from queue_server.journal.replica import Absorb, Replica, Submit
from queue_server.journal.store import SqliteStore


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.set(MONDAY, "09:00")

    def set(self, day: str, time: str) -> None:
        self.day = day
        self.now = instant(HALL.timezone, day, time)

    def __call__(self) -> int:
        return self.now


class Desk:
    """A hall's journal and the machine that writes it. `close()` and open another on the same file to restart it."""

    def __init__(self, path: Path | str, clock: Clock, *, mint: Callable[[], str] = uuid7) -> None:
        self.clock = clock
        self.store = SqliteStore(path)
        self.replica = Replica(self.store, HALL.hall, now=clock, mint=mint)
        self._causes = count(self.replica.seq + 1)

    def do(self, command: c.Command, cause: str | None = None) -> list[Entry]:
        """Commit one command; its entries, or raises why not."""
        answers, _ = self.replica.commit([Submit(command=command, cause=cause or f"press-{next(self._causes)}")])
        (answer,) = answers
        if isinstance(answer, Exception):
            raise answer
        return answer

    def absorb(self, source: str, *entries: Entry) -> list[Entry]:
        answers, _ = self.replica.commit([Absorb(source=source, entries=entries)])
        (answer,) = answers
        if isinstance(answer, Exception):
            raise answer
        return answer

    def open_day(self, *windows: str, configuration: Configuration = HALL) -> None:
        self.do(c.OpenDay(day=self.clock.day, configuration=configuration))
        for window in windows:
            self.do(c.OpenWindow(window=window))

    def issue(self, ticket: str, queue: str = "A", cause: str | None = None) -> list[Entry]:
        return self.do(c.IssueTicket(ticket=ticket, queue=queue), cause)

    def journal(self) -> list[Entry]:
        return self.store.read(self.replica.code, 0, 1_000_000)

    def close(self) -> None:
        self.store.close()


@contextmanager
def desk(path: Path | str, clock: Clock | None = None) -> Iterator[Desk]:
    opened = Desk(path, clock or Clock())
    try:
        yield opened
    finally:
        opened.close()


def told(seq: int, event: Event, *, id: str | None = None, cause: str | None = None) -> Entry:
    """A fact as another machine tells it: `seq` is its place in that machine's journal."""
    kind, data = encode(event)
    id_, cause = id or f"fact-{seq}", cause or f"touch-{seq}"
    return Entry(hall=HALL.hall, seq=seq, id=id_, cause=cause, at=event.at, kind=kind, data=data, hash="")


def printed(clock: Clock, ticket: str, number: int, queue: str = "A", **more: Any) -> TicketIssued:
    """The fact of a ticket that kiosk K1 printed by itself."""
    command = c.IssueTicket(ticket=ticket, queue=queue, source="K1", **more)
    return issue(HALL, command, number=number, day=clock.day, at=clock.now)


def voided(clock: Clock, ticket: str) -> TicketVoided:
    return TicketVoided(at=clock.now, ticket=ticket, reason="printer")


def assert_replays(path: Path, live: Replica) -> None:
    """A machine that reads the file knows what the running one knows. The file must be closed."""
    with desk(path) as again:
        assert snapshot(again.replica.hall) == snapshot(live.hall)
        assert (again.replica.seq, again.replica.hash) == (live.seq, live.hash)
