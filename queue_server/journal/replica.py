"""A hall in memory beside its journal: the one that writes it, or a copy that follows it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from queue_server.domain.commands import Command
from queue_server.domain.decide import decide
from queue_server.domain.events import DayOpened, Event, Instant
from queue_server.domain.model import Hall
from queue_server.domain.refusal import Reason, Refused
from queue_server.journal.entry import NO_HASH, Entry, chained, decode, encode, event_of, follows
from queue_server.journal.ids import uuid7
from queue_server.journal.store import Store


class Diverged(Exception):
    """An entry does not continue this copy: the journal it came from has another history. Start over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Submit:
    """A command, and the id of the press it came from."""

    command: Command
    cause: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Absorb:
    """Facts written by another machine. `source` names its journal; `entries` are in that journal's order."""

    source: str
    entries: tuple[Entry, ...]


Request: TypeAlias = Submit | Absorb
Answer: TypeAlias = list[Entry] | Exception
"""The entries that say what was done (the first time or now), or why not."""


def clock() -> Instant:
    return time.time_ns() // 1_000_000


class Replica:
    """The fold of a hall's open day, and the only way to add to its journal."""

    def __init__(
        self, store: Store, hall: str, *, now: Callable[[], Instant] = clock, mint: Callable[[], str] = uuid7
    ) -> None:
        self.store = store
        self.code = hall
        self._now = now
        self._mint = mint
        self._suspect = False
        self._writing = threading.Lock()
        self._fold()

    def _fold(self) -> None:
        """Read the open day anew from the journal."""
        self.hall = Hall()
        self._causes: dict[str, tuple[int, int]] = {}
        self._causes_before: dict[str, tuple[int, int]] = {}  # those of the day before
        self.seq = self.store.day_start(self.code)
        self.hash = NO_HASH
        while entries := self.store.read(self.code, self.seq):
            for entry in entries:
                self._take(entry, event_of(entry))
        if self.hash == NO_HASH:
            self.seq, self.hash = self.store.last(self.code)

    def _take(self, entry: Entry, event: Event) -> None:
        self.hall.apply(event)
        self.seq, self.hash = entry.seq, entry.hash
        if isinstance(event, DayOpened):
            self._causes_before, self._causes = self._causes, {}
        first, _ = self._causes.get(entry.cause, (entry.seq, 0))
        self._causes[entry.cause] = (first, entry.seq)

    # --- the writer

    def commit(self, requests: Sequence[Request]) -> tuple[list[Answer], list[Entry]]:
        """Decide all, write what follows in one transaction. Gives an answer for each request, and the new entries.

        A refusal touches only its own request. A command seen before gets its first answer.

        Raises:
            StoreError: nothing was written and the hall is as it was before.
        """
        if self._suspect:
            self.store.probe()
            self._fold()  # again, since the disk may have failed that time too
            self._suspect = False
        new: list[Entry] = []
        cursors: dict[tuple[str, str], int] = {}
        try:
            answers = [self._answer(request, new, cursors) for request in requests]
            if new or cursors:
                self.store.append(new, cursors)
        except BaseException:  # a full disk, or a mistake of ours: what is in memory was never written
            self._suspect = True
            self._fold()
            raise
        return answers, new

    def _answer(self, request: Request, new: list[Entry], cursors: dict[tuple[str, str], int]) -> Answer:
        try:
            match request:
                case Submit():
                    return self._submit(request, new)
                case Absorb():
                    return self._absorb(request, new, cursors)
        except Refused as refused:
            return refused

    def write(self, events: Iterable[Event], cause: str) -> list[Entry]:
        """Add facts of this machine's own making (a kiosk's tickets), durable when it returns.

        Raises:
            StoreError: nothing was written.

        Several threads of a machine may write: each waits for the one before.
        """
        new: list[Entry] = []
        with self._writing:
            try:
                for event in events:
                    self._append(event, cause, new)
                self.store.append(new)
            except BaseException:
                self._suspect = True
                self._fold()
                raise
        return new

    def _submit(self, request: Submit, new: list[Entry]) -> list[Entry]:
        seen = self._causes.get(request.cause) or self._causes_before.get(request.cause)
        if seen is not None:
            return self._caused(request.cause, *seen, new)
        start = len(new)
        for event in decide(self.hall, request.command, self._now()):
            self._append(event, request.cause, new)
        return new[start:]

    def _absorb(self, request: Absorb, new: list[Entry], cursors: dict[tuple[str, str], int]) -> list[Entry]:
        key = (self.code, request.source)
        cursor = cursors.get(key, self.store.cursor(*key))
        entries = request.entries
        expected = min([cursor + 1, *(entry.seq for entry in entries[:1])])
        for entry in entries:
            if entry.seq != expected:
                raise Refused(Reason.OUT_OF_ORDER, f"The next fact expected from {request.source} is {expected}.")
            expected += 1
        known = self.store.known(entry.id for entry in entries) | {entry.id for entry in new}
        if any(entry.seq <= cursor and entry.id not in known for entry in entries):
            cursors[key] = 0  # the sender lost the end of its journal and wrote another: let it tell everything again
            return []
        start = len(new)
        for entry in entries:
            if entry.id not in known:
                known.add(entry.id)
                self._add(decode(entry.kind, entry.at, entry.data), entry.id, entry.cause, entry.kind, entry.data, new)
        if expected > cursor + 1:
            cursors[key] = expected - 1
        return new[start:]

    def _append(self, event: Event, cause: str, new: list[Entry]) -> None:
        kind, data = encode(event)
        self._add(event, self._mint(), cause, kind, data, new)

    def _add(self, event: Event, id_: str, cause: str, kind: str, data: bytes, new: list[Entry]) -> None:
        entry = chained(
            self.hash,
            hall=self.code,
            seq=self.seq + 1,
            id=id_,
            cause=cause,
            kind=kind,
            data=data,
            event=event,
        )
        new.append(entry)
        self._take(entry, event)

    def _caused(self, cause: str, first: int, last: int, new: list[Entry]) -> list[Entry]:
        """The entries of a cause, which lie within first … last; the newest may not be written yet."""
        written = min(last, new[0].seq - 1) if new else last
        entries = self.store.read(self.code, first - 1, written - first + 1) if first <= written else []
        return [entry for entry in (*entries, *new) if entry.cause == cause]

    # --- a copy

    def copy(self, entries: Sequence[Entry]) -> None:
        """Take entries from the hall's feed, as they are, and move the cursor with them.

        Raises:
            Diverged: they do not continue this copy; it is unchanged.
            StoreError: they could not be kept; the copy is unchanged.
        """
        hash_, seq = self.hash, self.seq
        for entry in entries:
            if seq and (entry.seq != seq + 1 or not follows(entry, hash_)):
                raise Diverged(f"entry {entry.seq} does not follow {seq} of {self.code}")
            hash_, seq = entry.hash, entry.seq
        self.store.append(entries)
        for entry in entries:
            self._take(entry, event_of(entry))

    def start_over(self, journal_id: str) -> None:
        """Become an empty copy of the journal with this id."""
        self.store.start_over(journal_id)
        self._fold()
