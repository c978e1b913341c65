"""Everything of a kiosk but its screens: its own journal, its copy of the hall, its devices, its threads."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import assert_never

from devices.id_card.driver import CardSource
from devices.printer.driver import Printer
from devices.scanner.reading import CodeSource
from kiosk.desk import Desk, machine
from kiosk.given import OwnJournal
from kiosk.keys import Keys
from kiosk.link import CutOff, Link, copy_in
from kiosk.pin import Pin
from kiosk.presented import CardWatch, CodeWatch, Wanted
from kiosk.servicing import Servicing
from kiosk.session import (
    Answer,
    CheckPin,
    DoService,
    Effect,
    PinChecked,
    PrintSheet,
    RestoreTicket,
    Served,
    Shown,
    TakeTicket,
)
from kiosk.supervision import Device, Supervision, Watched
from kiosk.surroundings import Machine, Reader, ServiceReport, Surroundings, look
from kiosk.texts import Words, load
from kiosk.ticketing import Ticketing
from queue_server.domain.configuration import Configuration, Text
from queue_server.domain.events import Instant
from queue_server.journal.replica import Replica, clock
from queue_server.journal.reporting import HealthReporter
from queue_server.journal.store import SqliteStore

REPORT_EVERY = 1.0

log = logging.getLogger(__name__)


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
        server: str | None = None, answer: Callable[[Answer | Shown], None], languages: dict[str, Words] | None = None,
        card_reader: CardSource | None = None, scanner: CodeSource | None = None,
        halls: Mapping[str, Text] = MappingProxyType({}), lines: Callable[[], tuple[str, ...]] = tuple,
        restart: Callable[[], None] = lambda: None, alive: Callable[[], None] = lambda: None,
        now: Callable[[], Instant] = clock,
    ) -> None:  # fmt: skip
        """`answer` is called in other threads. `halls`: the city's other halls by code; `lines`: the end of the log.

        `restart` ends the program to be started again; `alive` is called by the desk as long as it works.
        `now` is this machine's clock, ms UTC.

        Raises:
            StoreError: the journals in `folder` cannot be opened.
        """
        self.configuration, self._halls, self._lines = configuration, halls, lines
        self.languages = languages or load()
        self._own = OwnJournal(SqliteStore(folder / "own.db"), configuration.hall)
        keys = Keys(folder / "keys.json")
        self._hall: Link | CutOff = CutOff(now)
        self._copy: Replica | None = None
        if server is not None:
            copy = self._copy = copy_in(folder / "hall.db", configuration.hall)
            self._hall = Link(
                server, hall=configuration.hall, kiosk=kiosk, copy=copy, own=self._own, keys=keys, now=now
            )
        self._printer = printer
        self._ticketing = Ticketing(
            kiosk=kiosk, own=self._own, configuration=configuration, hall=self._hall, printer=printer, keys=keys,
            languages=self.languages, public_url=public_url, now=self._hall.now,
        )  # fmt: skip
        self.known = self._ticketing.known
        self._pin = Pin(folder, now=now)
        self._service = Servicing(folder, self._ticketing, look=self._look, restart=restart)
        self._desk = Desk(work=self._work, check=self._look, answer=answer, alive=alive)
        self._wanted = Wanted()
        self._report: tuple[float, ServiceReport | None] | None = None
        self._cards, self._codes = self._watches(card_reader, scanner, keys, answer)
        named = {"printer": LookedAfter(printer), "id_card": self._cards, "scanner": self._codes}
        devices: dict[str, Device | Watched] = {name: device for name, device in named.items() if device is not None}
        self._supervision = Supervision(
            kiosk, devices,
            reporter=HealthReporter(self._own, told=self._hall.told, now=self._hall.now),
            day=lambda: self._hall.heard().day,
        )  # fmt: skip

    def start(self) -> None:
        self._hall.start()
        self._desk.start()
        self._supervision.start()

    def stop(self) -> None:
        """Finish the order in work; nothing is lost by not calling it."""
        self._supervision.stop()
        self._desk.stop()
        self._hall.stop()
        self._printer.close()
        for journal in (self._own, self._copy):
            if journal is not None:
                journal.store.close()

    def now(self) -> Instant:
        """The time to go by, ms UTC: this machine's, or the hall's where this machine's clock is wrong."""
        return self._hall.now()

    def attend(self, *, papers: bool, service: bool) -> None:
        """What the screen wants now: cards and codes, the report for technicians."""
        self._wanted.papers = papers
        if not service:
            self._report = None
        elif self._report is None:
            self._report = self._make_report()

    def around(self, at: Instant) -> Surroundings:
        """What the kiosk sees at instant `at`. Never waits for a device or the hall."""
        found = look(self.configuration, self._hall.heard(), self._service.machine(self._desk.machine), at)
        return replace(
            found,
            reader=self._cards.prompt if self._cards is not None else Reader.NONE,
            scanner=self._codes is not None and self._codes.usable,
            halls=self._halls,
            report=self._present_report(),
        )

    def do(self, order: Effect) -> None:
        """Returns at once; `answer` is called when it is done."""
        self._desk.do(order)

    def service_report(self) -> ServiceReport:
        """How the machine is now."""
        return self._service.report(self._supervision.devices(), self._hall.unsent, self._lines())

    # --- the parts together

    def _watches(
        self, reader: CardSource | None, scanner: CodeSource | None, keys: Keys,
        answer: Callable[[Answer | Shown], None],
    ) -> tuple[CardWatch | None, CodeWatch | None]:  # fmt: skip
        ticketing, wanted = self._ticketing, self._wanted
        known, hall = self.known, ticketing.configuration
        cards = codes = None
        if reader is not None:
            cards = CardWatch(reader, wanted=wanted, keys=keys, known=known, today=ticketing.today, post=answer)
        if scanner is not None:
            codes = CodeWatch(scanner, wanted=wanted, keys=keys, known=known, hall=hall, post=answer, now=self.now)
        return cards, codes

    def _present_report(self) -> ServiceReport | None:
        if self._report is None:
            return None
        if time.monotonic() - self._report[0] > REPORT_EVERY:
            self._report = self._make_report()
        return self._report[1]

    def _make_report(self) -> tuple[float, ServiceReport | None]:
        try:
            return time.monotonic(), self.service_report()
        except OSError as error:  # a disk that cannot be read is what somebody may be here to mend
            log.error("no report: %s", error)
            return time.monotonic(), None

    def _look(self) -> Machine:
        """Ask the printer how it is, and the disk if it failed before."""
        found = machine(self._printer.check())
        return found if self._ticketing.probe() else Machine.STORAGE

    def _work(self, order: Effect) -> Answer:
        match order:
            case TakeTicket():
                return self._ticketing.take(order)
            case PrintSheet():
                return self._ticketing.print_sheet(order)
            case RestoreTicket():
                return self._ticketing.restore(order)
            case CheckPin():
                return PinChecked(order=order.order, right=self._pin.check(order.digits))
            case DoService():
                return Served(order=order.order, worked=self._service.do(order.act))
            case _:
                assert_never(order)
