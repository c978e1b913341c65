"""Everything of a kiosk but its screens: its own journal, its copy of the hall, its printer, its threads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from devices.printer.driver import Printer
from kiosk.flow import NotPrinted, Printed, TakeTicket
from kiosk.link import CutOff, Link
from kiosk.supervision import Device, Supervision
from kiosk.surroundings import Surroundings, look
from kiosk.texts import Words, load
from kiosk.ticketing import Desk, Ticketing
from queue_server.domain.configuration import Configuration
from queue_server.domain.events import Instant
from queue_server.journal.replica import Replica
from queue_server.journal.reporting import HealthReporter
from queue_server.journal.store import SqliteStore, StoreError

log = logging.getLogger(__name__)


def _copy_in(path: Path, hall: str) -> Replica:
    """The copy of the hall kept in a file. One that cannot be read is thrown away and fetched again."""
    try:
        return Replica(SqliteStore(path), hall)
    except StoreError as error:
        log.warning("the copy of the hall is lost and will be fetched again: %s", error)
    for piece in path.parent.glob(f"{path.name}*"):
        piece.unlink()
    return Replica(SqliteStore(path), hall)


class LookedAfter:
    """The printer as supervision sees it. Only the desk talks to it; here its last word is read."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer

    def check(self) -> str:
        return self._printer.health

    def close(self) -> None:
        """The station closes its printer itself, after the last ticket."""


class Station:
    """One kiosk, running. Without `server` it is cut off for good and works from its own file."""

    def __init__(
        self, *, configuration: Configuration, kiosk: str, printer: Printer, folder: Path, public_url: str,
        server: str | None = None, answer: Callable[[Printed | NotPrinted], None],
        devices: Mapping[str, Device] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """`answer` is called in another thread. `devices`: what stands at the kiosk beside its printer, by name.

        Raises:
            StoreError: the journals in `folder` cannot be opened.
        """
        self.configuration = configuration
        self.languages: dict[str, Words] = load()
        self._own = Replica(SqliteStore(folder / "own.db"), configuration.hall)
        self._copy: Replica | None = None
        self._hall: Link | CutOff = CutOff()
        if server is not None:
            self._copy = _copy_in(folder / "hall.db", configuration.hall)
            self._hall = Link(server, hall=configuration.hall, kiosk=kiosk, copy=self._copy, own=self._own)
        ticketing = Ticketing(
            kiosk=kiosk, own=self._own, configuration=configuration, hall=self._hall, printer=printer,
            languages=self.languages, public_url=public_url,
        )  # fmt: skip
        self._printer = printer
        self._desk = Desk(ticketing, answer=answer, changed=lambda: None)
        self._supervision = Supervision(
            kiosk, {"printer": LookedAfter(printer), **devices},
            reporter=HealthReporter(self._own, told=self._hall.told), day=lambda: self._hall.heard().day,
        )  # fmt: skip

    def start(self) -> None:
        self._hall.start()
        self._desk.start()
        self._supervision.start()

    def stop(self) -> None:
        """Finish the ticket in work; nothing is lost by not calling it."""
        self._supervision.stop()
        self._desk.stop()
        self._hall.stop()
        self._printer.close()
        for journal in (self._own, self._copy):
            if journal is not None:
                journal.store.close()

    def around(self, at: Instant) -> Surroundings:
        """What the kiosk sees at instant `at`. Never waits."""
        return look(self.configuration, self._hall.heard(), self._desk.machine, at)

    def take(self, order: TakeTicket) -> None:
        """Returns at once; `answer` is called when it is done."""
        self._desk.take(order)
