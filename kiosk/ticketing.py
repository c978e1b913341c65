"""Handing out tickets: number, journal, paper, in this order.

A ticket is a fact on this machine's own disk before a byte of it goes to the printer. If its paper then fails it is
voided, which is another fact. What the printer cannot say either way is left to stand: paper may be in a hand.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from devices.printer.driver import Health, Outcome, Printer
from kiosk.given import Given
from kiosk.keys import Keys
from kiosk.known import Hall, Known
from kiosk.papers import HandedOut
from kiosk.receipt import receipt, ticket_url
from kiosk.session import (
    FIRST_LANGUAGE,
    AlreadyHeld,
    Failure,
    NotPrinted,
    Printed,
    PrintSheet,
    Restored,
    RestoreTicket,
    SheetPrinted,
    TakeTicket,
)
from kiosk.sheets import check_page, service_sheet
from kiosk.surroundings import Heard, QueueNow, own_windows
from kiosk.texts import Words
from queue_server.domain.calendar import day_of
from queue_server.domain.codes import TicketCode
from queue_server.domain.commands import IssueTicket
from queue_server.domain.configuration import ORDINARY, Configuration
from queue_server.domain.decide import issue
from queue_server.domain.events import TicketIssued, TicketVoided
from queue_server.domain.issuing import require_not_closed
from queue_server.domain.numbering import label, share
from queue_server.domain.refusal import Reason, Refused
from queue_server.journal.ids import uuid7
from queue_server.journal.replica import Replica, clock
from queue_server.journal.store import StoreError

PRINT_FAILED = "print-failed"

_FAILURES = {
    Reason.QUEUE_FULL: Failure.QUEUE_FULL,
    Reason.SERVICE_CLOSED: Failure.SERVICE_CLOSED,
    Reason.ALREADY_CHECKED_IN: Failure.CHECKED_IN,
}

log = logging.getLogger(__name__)


class Ticketing:
    """Takes one ticket at a time; call it from one thread."""

    def __init__(
        self, *, kiosk: str, own: Replica, configuration: Configuration, hall: Hall, printer: Printer,
        languages: Mapping[str, Words], public_url: str, keys: Keys,
        now: Callable[[], int] = clock, mint: Callable[[], str] = uuid7,
    ) -> None:  # fmt: skip
        """`own` is this kiosk's own journal, `configuration` what its own file says, `keys` those it has."""
        self._kiosk, self._own, self._file, self._hall, self._keys = kiosk, own, configuration, hall, keys
        self._printer, self._languages, self._public_url = printer, languages, public_url
        self._now, self._mint = now, mint
        self._given = Given(own.store, own.code)
        self._last: tuple[HandedOut, str] | None = None
        self.storage_failed = False
        """A fact could not be written; `probe` says whether one can be now."""
        self.known = Known(hall, self._given, configuration=self.configuration, today=self.today)

    def take(self, order: TakeTicket) -> Printed | AlreadyHeld | NotPrinted:
        """Number, journal, print. Never raises for what a hall, a disk or a printer does."""
        try:
            heard = self._hall.heard()
            configuration = heard.configuration or self._file
            held = self._duplicate(order)
            if held is not None:
                return held
            self._admit(order, configuration)
            issued = self._issue(order, configuration)
            self._write(issued)
        except Refused as refused:
            log.warning("no ticket: %s", refused)
            return NotPrinted(order=order.order, why=_FAILURES.get(refused.reason, Failure.REFUSED))
        except StoreError as error:
            log.error("no ticket: %s", error)
            self.storage_failed = True
            return NotPrinted(order=order.order, why=Failure.STORAGE)
        try:
            ticket = self._handed_out(issued, heard, configuration, order)
            return self._answer(order, ticket, self._print(ticket, order.language))
        except Exception:  # a mistake of ours must not leave a number to be called that nobody holds
            log.exception("the paper of %s could not be made", issued.label)
            self._void(issued.ticket)
            return NotPrinted(order=order.order, why=Failure.PRINT)

    def reprint(self) -> bool:
        """Print the last good ticket's paper once more, marked as such. It stays one ticket: nothing is journaled."""
        last = self._last or self._last_in_journal()
        if last is None or day_of(self.configuration().timezone, last[0].at) != self.today():
            return False
        ticket, language = last
        log.warning("the paper of %s is printed again by hand", ticket.label)
        return _on_paper(self._print(ticket, language, again=True))

    def print_test_page(self, version: str) -> bool:
        """A page with everything a ticket needs of the printer."""
        paper = check_page(
            self.configuration(), self.words(FIRST_LANGUAGE), kiosk=self._kiosk, version=version,
            url=ticket_url(self._public_url, "test"), at=self._now(),
        )  # fmt: skip
        return _on_paper(self._printer.print_receipt(paper))

    def print_sheet(self, order: PrintSheet) -> SheetPrinted | NotPrinted:
        """The list of what to bring, or where to go with what others decide."""
        configuration = self.configuration()
        service, terms = configuration.service.get(order.service), configuration.terms or self._file.terms
        if service is None or terms is None:
            return NotPrinted(order=order.order, why=Failure.SHEET)
        paper = service_sheet(
            service, configuration, self.words(order.language), terms=terms, ticked=order.ticked, advice=order.advice,
            at=self._now(),
        )  # fmt: skip
        if _on_paper(self._printer.print_receipt(paper)):
            return SheetPrinted(order=order.order)
        return NotPrinted(order=order.order, why=Failure.SHEET)

    def restore(self, order: RestoreTicket) -> Restored | NotPrinted:
        """Let a no-show wait again. Only the hall can."""
        try:
            answer = self._hall.restore(order.ticket)
        except Refused as refused:
            log.warning("not restored: %s", refused)
            too_often = refused.reason is Reason.TOO_OFTEN
            return NotPrinted(order=order.order, why=Failure.RESTORE_TOO_OFTEN if too_often else Failure.REFUSED)
        held = None if answer is None else self.known.restored(answer, order.ticket)
        if held is None:
            return NotPrinted(order=order.order, why=Failure.RESTORE_CUT_OFF)
        return Restored(order=order.order, ticket=held)

    def probe(self) -> bool:
        """Whether facts can be written, asked again only after one could not."""
        if self.storage_failed:
            try:
                self._own.store.probe()
            except StoreError:
                return False
            self.storage_failed = False
        return True

    def today(self) -> str:
        """The local date: the day the hall has open, if it is speaking; else by this machine's clock."""
        heard = self._hall.heard()
        if heard.fresh and heard.is_open and heard.day is not None:
            return heard.day
        return day_of(self.configuration().timezone, self._now())

    def tickets_today(self) -> int:
        return len(self._given.on(self.today()).tickets)

    def words(self, language: str) -> Words:
        return self._languages.get(language) or self._languages[FIRST_LANGUAGE]

    def configuration(self) -> Configuration:
        """The hall as it is configured now, as far as is known here."""
        return self._hall.heard().configuration or self._file

    # --- whether at all

    def _duplicate(self, order: TakeTicket) -> AlreadyHeld | None:
        """An appointment is a second errand of its own, and was promised."""
        if order.card is None or order.booking is not None:
            return None
        held = self.known.duplicate(order.card.holder, order.queue)
        return None if held is None else AlreadyHeld(order=order.order, ticket=held)

    def _admit(self, order: TakeTicket, configuration: Configuration) -> None:
        """What can be said without the hall, so that a kiosk that is cut off says it too.

        Raises:
            Refused: no number need be borrowed.
        """
        require_not_closed(configuration, order.service, *order.then)
        if order.booking is not None:
            there = self.known.check_in(order.booking.appointment)
            if there is not None:
                raise Refused(Reason.ALREADY_CHECKED_IN, f"This appointment has checked in already, with {there}.")
        elif self.known.is_full(order.queue):
            raise Refused(Reason.QUEUE_FULL, f"Queue {order.queue!r} takes no more tickets today.")

    # --- number

    def _issue(self, order: TakeTicket, configuration: Configuration) -> TicketIssued:
        ticket = self._mint()
        booking, card = order.booking, order.card
        command = IssueTicket(
            ticket=ticket, service=order.service, queue=order.queue, klass=order.klass, source=self._kiosk,
            then=order.then, slot=booking.slot if booking else None,
            appointment=booking.appointment if booking else None, holder=card.holder if card else None,
        )  # fmt: skip
        lent = self._borrow(order.queue, ticket, command.appointment)
        at = self._now()
        day = lent[1] if lent else day_of(configuration.timezone, at)
        number = lent[0] if lent else self._reserve(configuration, order.queue, day)
        return issue(configuration, command, number=number, day=day, at=at)

    def _borrow(self, queue: str, ticket: str, appointment: str | None) -> tuple[int, str] | None:
        try:
            return self._hall.borrow(queue, ticket, appointment)
        except Refused as refused:
            if refused.reason is Reason.SERIES_EXHAUSTED:
                return None
            raise

    def _reserve(self, configuration: Configuration, queue: str, day: str) -> int:
        """The next number of this kiosk's own share that it has not used today."""
        setup = configuration.kiosk.get(self._kiosk) or self._file.kiosk[self._kiosk]
        used = self.known.labels(day)
        line = configuration.queue.get(queue)
        if line is None:
            raise Refused(Reason.UNKNOWN_QUEUE, f"There is no queue {queue!r} in this hall.")
        free = (n for n in share(configuration.numbering, setup) if label(line, n) not in used)
        number = next(free, None)
        if number is None:
            raise Refused(Reason.SERIES_EXHAUSTED, f"The reserve of {self._kiosk} in {queue!r} is used up today.")
        return number

    # --- journal

    def _write(self, fact: TicketIssued | TicketVoided) -> None:
        self._own.write([fact], cause=fact.ticket)
        self._given.add(fact)
        self._hall.told()

    def _void(self, ticket: str) -> None:
        """A ticket without paper. If even this cannot be written, the number will be called and not answered."""
        try:
            self._write(TicketVoided(at=self._now(), ticket=ticket, reason=PRINT_FAILED))
        except StoreError as error:
            log.error("an unprinted ticket could not be voided: %s", error)
            self.storage_failed = True

    # --- paper

    def _handed_out(
        self, issued: TicketIssued, heard: Heard, configuration: Configuration, order: TakeTicket | None = None
    ) -> HandedOut:
        """What is known about the ticket's wait; nothing is known of a hall that is not speaking."""
        now = heard.queues.get(issued.queue) if heard.fresh and heard.day == issued.day else None
        ahead = self.known.ahead_of(issued) if now else None
        return HandedOut(
            ticket=issued.ticket, label=issued.label, queue=issued.queue, service=issued.service, at=issued.at,
            ahead=ahead,
            wait=_wait(now, issued, ahead) if now else None,
            windows=now.windows if now else own_windows(configuration, issued.queue),
            klass=issued.klass, then=issued.then, slot=issued.slot,
            holder_name=order.card.name if order and order.card else "",
            code=self._code(issued),
        )  # fmt: skip

    def _code(self, issued: TicketIssued) -> str:
        """What the paper's QR code says of it: signed if this kiosk has ever heard the hall's key."""
        key = self._keys.code_key
        try:
            return issued.ticket if key is None else TicketCode.of(self._file.hall, issued).text(key)
        except ValueError as error:  # a name in the configuration that no code can carry
            log.error("ticket %s gets no signed code: %s", issued.label, error)
            return issued.ticket

    def _print(self, ticket: HandedOut, language: str, *, again: bool = False) -> Outcome:
        paper = receipt(
            ticket, self.configuration(), self.words(language), kiosk=self._kiosk,
            url=ticket_url(self._public_url, ticket.code), again=again,
        )  # fmt: skip
        return self._printer.print_receipt(paper)

    def _answer(self, order: TakeTicket, ticket: HandedOut, outcome: Outcome) -> Printed | NotPrinted:
        if not _on_paper(outcome):
            log.warning("ticket %s was not printed: %s", ticket.label, outcome.health)
            self._void(ticket.ticket)
            return NotPrinted(order=order.order, why=Failure.PRINT)
        self._last = ticket, order.language
        return Printed(order=order.order, ticket=ticket if outcome.printed else replace(ticket, on_paper=False))

    def _last_in_journal(self) -> tuple[HandedOut, str] | None:
        """Of a kiosk that was restarted since: without what only the moment knew."""
        good = self._given.on(self.today()).good()
        if not good:
            return None
        return self._handed_out(good[-1], Heard(), self.configuration()), FIRST_LANGUAGE


def _wait(now: QueueNow, issued: TicketIssued, ahead: int | None) -> tuple[int, int] | None:
    """The wait of its class; where that is not known the line's, for those who stand at its end. Who goes before others
    is not told a longer one, and who is early for an appointment none: it begins later."""
    if issued.slot is not None and issued.slot > issued.at:
        return None
    return now.waits.get(issued.klass) or (now.wait if issued.klass == ORDINARY or ahead == now.waiting else None)


def _on_paper(outcome: Outcome) -> bool:
    """Whether the paper is out, or may be: bytes of it went to the printer, and nobody says that it stopped."""
    unclear = outcome.health in {Health.UNCONFIRMED, Health.SILENT, Health.GARBLED, Health.UNPLUGGED}
    return outcome.printed or outcome.confirmed or (outcome.started and unclear)
