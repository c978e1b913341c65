"""Kiosks without their screens: journals on disk, simulated devices on real wires, and a real hall if there is one.

`Counter` hands out tickets by itself at a clock the test sets; `Kiosk` is a whole station with its threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from hall_stories import HALL, MONDAY
from servers import CITY, Server, city, until

from devices.id_card.driver import IdCardReader
from devices.id_card.simulator import SimulatedReader
from devices.printer import Printer
from devices.printer.simulator import EscPosPrinter
from devices.scanner.driver import open_scanner
from devices.scanner.simulator import SimulatedScanner
from devices.simulation import PtyEnd, Running, TcpEnd
from devices.transport import open_transport
from kiosk.given import OwnJournal
from kiosk.keys import Keys
from kiosk.link import CutOff
from kiosk.papers import HandedOut
from kiosk.session import AlreadyHeld, Answer, CardRead, Effect, NotPrinted, Printed, Shown, TakeTicket
from kiosk.station import Station
from kiosk.surroundings import Closed
from kiosk.texts import Words, load
from kiosk.ticketing import Ticketing
from queue_server.config import load as load_city
from queue_server.domain.calendar import instant
from queue_server.domain.configuration import Configuration
from queue_server.domain.events import Event
from queue_server.journal.entry import event_of
from queue_server.journal.replica import clock
from queue_server.journal.store import SqliteStore

ADDED = """
  passport:
    name: {zh: 护照办理, en: Passport}
    minutes: 10
    spread: 0.7
    department: 公安局
    disclosures:
      basis: 护照法
      conditions: 年满十六周岁
      materials: [居民身份证, 户口簿, 照片]
      process: [申请, 审查, 领取]
      time_limit: 7 个工作日
      completion: 窗口领取
      fee: 120 元
  levy: {name: {zh: 税费清缴}, minutes: 5, spread: 0.7}
"""


def rich_city(folder: Path) -> Path:
    """The test city with more in it: queue C takes two tickets a day, `levy` is closed, an elder class is offered."""
    elder = "  - {code: elder, name: {zh: 老年人}, target_minutes: 10, from_age: 60, evidence: 身份证}"
    text = CITY
    for before, after in (
        ("\nhalls:", f"{ADDED.rstrip()}\nhalls:"),
        ("\nservices:", f"\n{elder}\nservices:"),
        ("services: {licence: A, tax: B}", "services: {licence: A, tax: B, passport: C, levy: B}"),
        ("code: C, letter: C,", "code: C, letter: C, limit: 2,"),
        ("    windows:\n", "    closed: {levy: {zh: 系统升级}}\n    about: {phone: 0511-12345678}\n    windows:\n"),
    ):
        assert before in text, before
        text = text.replace(before, after, 1)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "rich.yaml"
    path.write_text(text, encoding="utf-8")
    return path


NOON = instant(HALL.timezone, MONDAY, "12:00")
Wanted = TypeVar("Wanted")


class Counter:
    """A kiosk's ticketing with its own journal in `folder` and a simulated printer: a kiosk without screens."""

    def __init__(
        self,
        folder: Path,
        printer: EscPosPrinter | None = None,
        *,
        kiosk: str = "K1",
        configuration: Configuration = HALL,
        languages: Mapping[str, Words] | None = None,
    ) -> None:
        self.folder, self.kiosk, self.configuration = folder, kiosk, configuration
        self.languages = languages or load()
        self.printer = printer or EscPosPrinter()
        self.now = NOON
        self._wire = Running(self.printer, TcpEnd())
        self._order = 0

    def __enter__(self) -> Counter:
        self._wire.__enter__()
        self.driver = Printer(open_transport(self._wire.wire.name))
        self.own = OwnJournal(SqliteStore(self.folder / "own.db"), self.configuration.hall)
        self.keys = Keys(self.folder / "keys.json")
        self.ticketing = Ticketing(
            kiosk=self.kiosk, own=self.own, configuration=self.configuration, hall=CutOff(), printer=self.driver,
            languages=self.languages, public_url="http://hall", keys=self.keys, now=lambda: self.now,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.close()
        self.own.store.close()
        self._wire.__exit__(None, None, None)

    def take(self, queue: str = "A", service: str | None = None, **more: Any) -> Printed | AlreadyHeld | NotPrinted:
        self._order += 1
        return self.ticketing.take(TakeTicket(order=self._order, queue=queue, service=service, language="zh", **more))

    def label(self, queue: str = "A") -> str:
        taken = self.take(queue)
        assert isinstance(taken, Printed), taken
        return taken.ticket.label

    @property
    def facts(self) -> list[Event]:
        return [event_of(entry) for entry in self.own.store.read(self.configuration.hall, 0)]


class Kiosk:
    """A whole kiosk without its screens, following a real hall. `papers`: with a card reader and a scanner."""

    def __init__(
        self,
        folder: Path,
        server: Server | None,
        *,
        kiosk: str = "K1",
        printer: EscPosPrinter | None = None,
        papers: bool = False,
        config: Path | None = None,
    ) -> None:
        self.folder, self.kiosk = folder, kiosk
        self.printer = printer or EscPosPrinter()
        self.reader, self.scanner = SimulatedReader(read_seconds=(0, 0)), SimulatedScanner()
        self.answers: list[Answer | Shown] = []
        self.restarts = 0
        self._server, self._config = server, config
        self._paper = Running(self.printer, TcpEnd())
        wires = (PtyEnd(folder / "reader.tty"), PtyEnd(folder / "scanner.tty"))
        self._papers = tuple(map(Running, (self.reader, self.scanner), wires)) if papers else ()
        self._order = 0

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        for wire in (self._paper, *self._papers):
            wire.__enter__()
        cards, codes = (wire.wire for wire in self._papers) if self._papers else (None, None)
        self.station = Station(
            configuration=load_city(self._config or city(self.folder)).configuration("H1"), kiosk=self.kiosk,
            folder=self.folder, printer=Printer(open_transport(self._paper.wire.name)), public_url="http://hall",
            server=self._server.url if self._server else None, answer=self.answers.append,
            card_reader=IdCardReader(open_transport(f"serial:{cards.path}?baud=115200")) if cards else None,
            scanner=open_scanner(f"serial:{codes.path}?baud=9600") if codes else None,
            restart=self._restart,
        )  # fmt: skip
        self.station.start()
        if self._papers:  # what was shown before they were at work does not count
            until(lambda: len(self.station.service_report().devices) == 3)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.station.stop()
        for wire in (self._paper, *self._papers):
            wire.__exit__(None, None, None)

    def _restart(self) -> None:
        self.restarts += 1

    @property
    def connected(self) -> bool:
        around = self.station.around(clock())
        return around.connected and around.queues != {}

    @property
    def closed(self) -> Closed | None:
        return self.station.around(clock()).closed

    def do(self, order: Effect) -> Answer:
        """Its answer."""
        self.station.do(order)
        return self._wait_for(lambda said: getattr(said, "order", None) == order.order)

    def take(self, queue: str = "A", service: str | None = None, **more: Any) -> Answer:
        return self.do(TakeTicket(order=self.order(), queue=queue, service=service, language="zh", **more))

    def order(self) -> int:
        """The next one's number."""
        self._order += 1
        return self._order

    def ticket(self, queue: str = "A", service: str | None = None, **more: Any) -> HandedOut:
        taken = self.take(queue, service, **more)
        assert isinstance(taken, Printed), taken
        return taken.ticket

    def label(self, queue: str = "A") -> str:
        return self.ticket(queue).label

    def shown(self, kind: type[Wanted]) -> Wanted:
        """The next thing presented, which is of this kind."""
        return self._wait_for(lambda said: isinstance(said, kind))

    def show_code(self, text: str, kind: type[Wanted]) -> Wanted:
        self.scanner.show(text)
        return self.shown(kind)

    def place_card(self, card: str = "resident") -> CardRead:
        self.reader.place(card)
        read = self.shown(CardRead)
        self.reader.lift()
        return read

    def unplug_reader(self) -> None:
        self._papers[0].unplug()

    def _wait_for(self, fits: Callable[[Any], bool]) -> Any:
        """Takes it out of what has been said."""
        until(lambda: any(fits(said) for said in self.answers))
        found = next(said for said in self.answers if fits(said))
        self.answers.remove(found)
        return found
