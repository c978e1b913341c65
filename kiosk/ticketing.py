"""Handing out tickets: number, journal, paper, in this order.

A ticket is a fact on this machine's own disk before a byte of it goes to the printer. If its paper then fails it is
voided, which is another fact. What the printer cannot say either way is left to stand: paper may be in a hand.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from devices.printer.driver import Health, Outcome, Printer
from kiosk import flow
from kiosk.flow import Failure, HandedOut, NotPrinted, Printed, TakeTicket
from kiosk.receipt import receipt, ticket_url
from kiosk.surroundings import Heard, Machine, own_windows
from kiosk.texts import Words
from queue_server.domain.calendar import day_of
from queue_server.domain.commands import IssueTicket
from queue_server.domain.configuration import Configuration
from queue_server.domain.decide import issue
from queue_server.domain.events import TicketIssued, TicketVoided
from queue_server.domain.numbering import label, share
from queue_server.domain.refusal import Reason, Refused
from queue_server.journal.entry import event_of
from queue_server.journal.ids import uuid7
from queue_server.journal.replica import Replica, clock
from queue_server.journal.store import Store, StoreError

CHECK_EVERY = 5.0
"""Seconds between looks at a printer that is well; `CHECK_SOON` at one that is not."""
CHECK_SOON = 2.0
PRINT_FAILED = "print-failed"
PAGE = 500

log = logging.getLogger(__name__)


class Hall(Protocol):
    """The hall as far as a kiosk can reach it."""

    def heard(self) -> Heard:
        """What it has told so far."""

    def borrow(self, queue: str, ticket: str) -> tuple[int, str] | None:
        """A number of the queue's common series and its day; None if the hall cannot be reached in time.

        Raises:
            Refused: the hall will not lend one.
        """

    def labels(self, day: str) -> set[str]:
        """The labels the hall is known to have handed out that day."""

    def told(self) -> None:
        """The own journal has something new for the hall."""


class Ticketing:
    """Takes one ticket at a time; call it from one thread."""

    def __init__(
        self, *, kiosk: str, own: Replica, configuration: Configuration, hall: Hall, printer: Printer,
        languages: Mapping[str, Words], public_url: str,
        now: Callable[[], int] = clock, mint: Callable[[], str] = uuid7,
    ) -> None:  # fmt: skip
        """`own` is this kiosk's own journal, `configuration` what its own file says."""
        self._kiosk, self._own, self._file, self._hall = kiosk, own, configuration, hall
        self._printer, self._languages, self._public_url = printer, languages, public_url
        self._now, self._mint = now, mint
        self._storage_failed = False
        self._used: tuple[str, set[str]] | None = None

    def take(self, order: TakeTicket) -> Printed | NotPrinted:
        """Number, journal, print. Never raises for what a hall, a disk or a printer does."""
        try:
            heard = self._hall.heard()
            configuration = heard.configuration or self._file
            issued = self._issue(order, configuration)
            self._write(issued)
        except Refused as refused:
            log.warning("no ticket: %s", refused)
            return NotPrinted(order=order.order, why=Failure.REFUSED)
        except StoreError as error:
            log.error("no ticket: %s", error)
            self._storage_failed = True
            return NotPrinted(order=order.order, why=Failure.STORAGE)
        ticket = self._handed_out(issued, heard, configuration)
        words = self._languages.get(order.language) or self._languages[flow.FIRST_LANGUAGE]
        url = ticket_url(self._public_url, issued.ticket)
        outcome = self._printer.print_receipt(receipt(ticket, configuration, words, kiosk=self._kiosk, url=url))
        return self._answer(order, ticket, outcome)

    def check(self) -> Machine:
        """Ask the printer how it is, and the disk if it failed before."""
        health = self._printer.check()
        if self._storage_failed:
            try:
                self._own.store.probe()
            except StoreError:
                return Machine.STORAGE
            self._storage_failed = False
        return machine(health)

    # --- number

    def _issue(self, order: TakeTicket, configuration: Configuration) -> TicketIssued:
        ticket = self._mint()
        command = IssueTicket(
            ticket=ticket, service=order.service, queue=order.queue, klass=order.klass, source=self._kiosk
        )
        lent = self._borrow(order.queue, ticket)
        at = self._now()
        day = lent[1] if lent else day_of(configuration.timezone, at)
        number = lent[0] if lent else self._reserve(configuration, order.queue, day)
        return issue(configuration, command, number=number, day=day, at=at)

    def _borrow(self, queue: str, ticket: str) -> tuple[int, str] | None:
        try:
            return self._hall.borrow(queue, ticket)
        except Refused as refused:
            if refused.reason is Reason.SERIES_EXHAUSTED:
                return None
            raise

    def _reserve(self, configuration: Configuration, queue: str, day: str) -> int:
        """The next number of this kiosk's own share that it has not used today."""
        setup = configuration.kiosk.get(self._kiosk) or self._file.kiosk[self._kiosk]
        used = self._used_on(day) | self._hall.labels(day)
        line = configuration.queue.get(queue)
        if line is None:
            raise Refused(Reason.UNKNOWN_QUEUE, f"There is no queue {queue!r} in this hall.")
        free = (n for n in share(configuration.numbering, setup) if label(line, n) not in used)
        number = next(free, None)
        if number is None:
            raise Refused(Reason.SERIES_EXHAUSTED, f"The reserve of {self._kiosk} in {queue!r} is used up today.")
        return number

    def _used_on(self, day: str) -> set[str]:
        """The labels this kiosk has given out that day; read from its journal once a day, then kept."""
        if self._used is None or self._used[0] != day:
            self._used = (day, labels_of(self._own.store, self._own.code, day))
        return self._used[1]

    # --- journal

    def _write(self, fact: TicketIssued | TicketVoided) -> None:
        self._own.write([fact], cause=fact.ticket)
        if isinstance(fact, TicketIssued) and self._used is not None and self._used[0] == fact.day:
            self._used[1].add(fact.label)
        self._hall.told()

    def _void(self, ticket: str) -> None:
        """A ticket without paper. If even this cannot be written, the number will be called and not answered."""
        try:
            self._write(TicketVoided(at=self._now(), ticket=ticket, reason=PRINT_FAILED))
        except StoreError as error:
            log.error("an unprinted ticket could not be voided: %s", error)
            self._storage_failed = True

    # --- paper

    def _handed_out(self, issued: TicketIssued, heard: Heard, configuration: Configuration) -> HandedOut:
        """What is known about the ticket's wait; nothing is known of a hall that is not speaking."""
        now = heard.queues.get(issued.queue) if heard.fresh and heard.day == issued.day else None
        return HandedOut(
            ticket=issued.ticket, label=issued.label, queue=issued.queue, service=issued.service, at=issued.at,
            ahead=now.waiting if now else None,
            wait=now.wait if now else None,
            windows=now.windows if now else own_windows(configuration, issued.queue),
        )  # fmt: skip

    def _answer(self, order: TakeTicket, ticket: HandedOut, outcome: Outcome) -> Printed | NotPrinted:
        match outcome:
            case Outcome(printed=True):
                return Printed(order=order.order, ticket=ticket)
            case Outcome(health=Health.UNCONFIRMED):
                # It took the whole receipt and says it is well; only the mark behind it was never answered.
                return Printed(order=order.order, ticket=replace(ticket, on_paper=False))
            case _:
                log.warning("ticket %s was not printed: %s", ticket.label, outcome.health)
                self._void(ticket.ticket)
                return NotPrinted(order=order.order, why=Failure.PRINT)


def labels_of(store: Store, hall: str, day: str) -> set[str]:
    """The labels issued on `day` in a kiosk's own journal, whose newest entries are of that day if any are."""
    labels: set[str] = set()
    end, _ = store.last(hall)
    while end > 0:
        start = max(0, end - PAGE)
        issued = [e for e in map(event_of, store.read(hall, start, end - start)) if isinstance(e, TicketIssued)]
        labels |= {fact.label for fact in issued if fact.day == day}
        if any(fact.day < day for fact in issued):
            break
        end = start
    return labels


def machine(health: Health) -> Machine:
    """What a printer's health means for this machine."""
    if health.prints:
        return Machine.READY
    if health is Health.UNKNOWN:
        return Machine.UNASKED
    return Machine.OUT_OF_PAPER if health is Health.PAPER_OUT else Machine.PRINTER_FAULT


class Desk:
    """The thread that takes tickets and, in between, looks after the printer. It alone talks to the printer."""

    def __init__(
        self, ticketing: Ticketing, *, answer: Callable[[Printed | NotPrinted], None], changed: Callable[[], None]
    ) -> None:
        """`answer` and `changed` (the machine's state) are called in the desk's own thread."""
        self._ticketing, self._answer, self._changed = ticketing, answer, changed
        self._orders: queue.SimpleQueue[TakeTicket | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)
        self.machine = Machine.UNASKED

    def start(self) -> None:
        self._thread.start()

    def take(self, order: TakeTicket) -> None:
        """Returns at once; the answer comes later."""
        self._orders.put(order)

    def stop(self) -> None:
        """Finish the ticket in work and end."""
        self._orders.put(None)
        self._thread.join(timeout=15)

    def _run(self) -> None:
        self._check()
        for order in self._waiting():
            self._answer(self._take(order))
            self._check()

    def _waiting(self) -> Iterator[TakeTicket]:
        while True:
            try:
                order = self._orders.get(timeout=CHECK_EVERY if self.machine is Machine.READY else CHECK_SOON)
            except queue.Empty:
                self._check()
                continue
            if order is None:
                return
            yield order

    def _take(self, order: TakeTicket) -> Printed | NotPrinted:
        try:
            return self._ticketing.take(order)
        except Exception:  # a mistake of ours must not end the thread: the next resident needs it
            log.exception("a ticket could not be taken")
            return NotPrinted(order=order.order, why=Failure.STORAGE)

    def _check(self) -> None:
        found = self._ticketing.check()
        if found is not self.machine:
            self.machine = found
            self._changed()
