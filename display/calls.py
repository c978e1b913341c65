"""The calls of a hall's day, read from the copy of its journal: what the boards of this program are made from."""

from __future__ import annotations

from collections.abc import Collection

from display.stage import Call, Scene
from queue_server.domain import events as e
from queue_server.domain.events import Event
from queue_server.domain.model import Hall
from queue_server.journal.entry import event_of
from queue_server.journal.replica import Replica

KINDS = frozenset(kind.__name__ for kind in (e.DayOpened, e.TicketCalled, e.TicketRecalled))


class Calls:
    """Calls in the order they happened. `all` is another list when another day has begun."""

    def __init__(self) -> None:
        self.seq = 0
        self.all: list[Call] = []

    def read(self, replica: Replica) -> set[str]:
        """Take in what is new in the copy; from the start of its day if it became another one.

        Gives the ids of the tickets that something befell.
        """
        if replica.seq < self.seq:
            self.seq = 0
            self.all = []
        if self.seq == 0:
            self.seq = replica.store.day_start(replica.code)
        befell: set[str] = set()
        while entries := replica.store.read(replica.code, self.seq):
            for entry in entries:
                event = event_of(entry)
                if isinstance(event, e.TicketEvent):
                    befell.add(event.ticket)
                if entry.kind in KINDS:
                    self.apply(event, replica.hall)
            self.seq = entries[-1].seq
        return befell

    def apply(self, event: Event, hall: Hall) -> None:
        match event:
            case e.DayOpened():
                self.all = []
            case e.TicketCalled() | e.TicketRecalled() if event.ticket in hall.tickets:
                call = Call(
                    ticket=event.ticket,
                    label=hall.tickets[event.ticket].label,
                    window=event.window,
                    at=event.at,
                    again=isinstance(event, e.TicketRecalled),
                )
                self.all.append(call)


class Part:
    """The calls to some windows of the hall, and the scene they make."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._start(None)

    def _start(self, windows: Collection[str] | None) -> None:
        self._windows = windows
        self._all = self._calls.all
        self._read = 0
        self.scene = Scene()

    def read(self, windows: Collection[str] | None) -> list[Call]:
        """Take in what is new, and give it; everything anew if the day or the windows (None: all) are others now."""
        if self._all is not self._calls.all or self._windows != windows:
            self._start(windows)
        new = [call for call in self._all[self._read :] if windows is None or call.window in windows]
        self._read = len(self._all)
        for call in new:
            self.scene.call(call)
        return new
