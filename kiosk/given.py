"""What this kiosk has handed out today, from its own journal: it must know that without its hall."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from queue_server.domain.events import Event, TicketIssued, TicketVoided
from queue_server.domain.model import Hall
from queue_server.journal.entry import Entry, event_of
from queue_server.journal.replica import Replica
from queue_server.journal.store import Store

PAGE = 500


class OwnJournal(Replica):
    """This machine's own facts: written, read back and sent up. They are of many days and never folded into a hall."""

    def _fold(self) -> None:
        self.hall = Hall()
        self.seq, self.hash = self.store.last(self.code)

    def _take(self, entry: Entry, event: Event) -> None:
        self.seq, self.hash = entry.seq, entry.hash


@dataclass(kw_only=True)
class Day:
    """The tickets of one day by id, in the order they were issued. A voided one keeps its label."""

    day: str
    tickets: dict[str, TicketIssued] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)
    voided: set[str] = field(default_factory=set)

    def add(self, fact: TicketIssued | TicketVoided) -> None:
        if isinstance(fact, TicketVoided):
            self.voided.add(fact.ticket)
        elif fact.day == self.day:
            self.tickets[fact.ticket] = fact
            self.labels.add(fact.label)

    def good(self) -> list[TicketIssued]:
        """Those that were not voided, oldest first."""
        return [fact for id_, fact in list(self.tickets.items()) if id_ not in self.voided]


class Given:
    """The day is read from the journal once and then kept. Any thread may ask."""

    def __init__(self, store: Store, hall: str) -> None:
        self._store, self._hall = store, hall
        self._lock = threading.Lock()
        self._day: Day | None = None

    def on(self, day: str) -> Day:
        """What was handed out on `day`.

        Raises:
            StoreError: the journal cannot be read.
        """
        with self._lock:
            if self._day is None or self._day.day != day:
                self._day = _read(self._store, self._hall, day)
            return self._day

    def add(self, fact: TicketIssued | TicketVoided) -> None:
        """A fact that has just been written."""
        with self._lock:
            if self._day is not None:
                self._day.add(fact)


def _read(store: Store, hall: str, day: str) -> Day:
    """The newest entries of a kiosk's journal are of that day, if any are: so from its end, until only older days.

    Only: a clock that was wrong for a while has left older days among them.
    """
    facts: list[TicketIssued | TicketVoided] = []
    end, _ = store.last(hall)
    while end > 0:
        start = max(0, end - PAGE)
        events = map(event_of, store.read(hall, start, end - start))
        page = [event for event in events if isinstance(event, TicketIssued | TicketVoided)]
        facts[:0] = page
        days = [fact.day for fact in page if isinstance(fact, TicketIssued)]
        if days and max(days) < day:
            break
        end = start
    found = Day(day=day)
    for fact in facts:
        found.add(fact)
    return found
