"""The calls of a hall's day, read from the copy of its journal: what the boards of this program are made from."""

from __future__ import annotations

from display.stage import Call, Stage
from queue_server.domain import events as e
from queue_server.domain.events import Event
from queue_server.domain.model import Hall
from queue_server.journal.entry import event_of
from queue_server.journal.replica import Replica

KINDS = frozenset(kind.__name__ for kind in (e.DayOpened, e.TicketCalled, e.TicketRecalled))


class Calls:
    """Calls in the order they happened, and the places they took in the big area."""

    def __init__(self) -> None:
        self.seq = 0
        self._clear()

    def _clear(self) -> None:
        self.all: list[Call] = []
        self.stage = Stage()

    def read(self, replica: Replica) -> None:
        """Take in what is new in the copy; from the start of its day if it became another one."""
        if replica.seq < self.seq:
            self.seq = 0
            self._clear()
        if self.seq == 0:
            self.seq = replica.store.day_start(replica.code)
        while entries := replica.store.read(replica.code, self.seq):
            for entry in entries:
                if entry.kind in KINDS:
                    self.apply(event_of(entry), replica.hall)
            self.seq = entries[-1].seq

    def apply(self, event: Event, hall: Hall) -> None:
        match event:
            case e.DayOpened():
                self._clear()
            case e.TicketCalled() | e.TicketRecalled() if event.ticket in hall.tickets:
                call = Call(
                    ticket=event.ticket,
                    label=hall.tickets[event.ticket].label,
                    window=event.window,
                    at=event.at,
                    again=isinstance(event, e.TicketRecalled),
                )
                self.all.append(call)
                self.stage.call(call)
