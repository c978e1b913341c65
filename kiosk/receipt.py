"""What is printed for a ticket: its paper as the printer's lines. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from devices.printer.receipt import Align, Feed, Line, Part, QRCode, Receipt, Row, Rule
from kiosk.papers import HandedOut
from kiosk.surroundings import clock
from kiosk.texts import Words
from kiosk.views.phrases import name_of, wait_range
from queue_server.domain.calendar import local
from queue_server.domain.configuration import APPOINTMENT, ORDINARY, Configuration


def receipt(
    ticket: HandedOut, configuration: Configuration, words: Words, *, kiosk: str, url: str, again: bool = False
) -> Receipt:
    """The paper of one ticket: what is unknown is left out. `url` is the ticket's own page, in the QR code.

    `again`: the same paper once more, and says so.
    """
    return Receipt(
        parts=(
            *_number(ticket, configuration, words, again),
            *_who(ticket, configuration, words),
            *_where(ticket, words),
            *_foot(ticket, configuration, words, kiosk, url),
        )
    )


def ticket_url(public_url: str, code: str) -> str:
    """The page where a resident follows the ticket. `code` is its signed code, or its id."""
    return f"{public_url.rstrip('/')}/t/{code}"


def _number(ticket: HandedOut, configuration: Configuration, words: Words, again: bool) -> Iterator[Part]:
    yield Line(words.of(configuration.name), bold=True, align=Align.CENTER)
    yield Rule()
    yield Line(words("receipt.number_again") if again else words("receipt.number"), align=Align.CENTER)
    yield Line(ticket.label, size=6, bold=True, align=Align.CENTER)
    yield Line(name_of(words, configuration, ticket.queue, ticket.service), size=2, bold=True, align=Align.CENTER)
    for number, code in enumerate(ticket.then, 2):
        service = name_of(words, configuration, "", code)
        yield Line(words("receipt.then", number=number, service=service), align=Align.CENTER)
    yield Feed()


def _who(ticket: HandedOut, configuration: Configuration, words: Words) -> Iterator[Part]:
    """What staff at the window look at: the time it was booked for, the class that was declared, the masked name."""
    lines = []
    if ticket.slot is not None:
        lines.append(Line(words("receipt.slot", time=clock(configuration, ticket.slot)), size=2))
    klass = configuration.resident_class.get(ticket.klass)
    if klass is not None and klass.code not in (ORDINARY, APPOINTMENT):
        lines.append(Line(words("receipt.klass", klass=words.of(klass.name)), bold=True))
        if klass.evidence:
            lines.append(Line(words("receipt.evidence", evidence=klass.evidence)))
    if ticket.holder_name:
        lines.append(Line(words("receipt.holder", name=ticket.holder_name)))
    if lines:
        yield from lines
        yield Feed()


def _where(ticket: HandedOut, words: Words) -> Iterator[Part]:
    if ticket.ahead is not None:
        ahead = words("receipt.ahead", count=ticket.ahead) if ticket.ahead else words("receipt.ahead_none")
        yield Line(ahead, size=2)
    if ticket.wait is not None and ticket.wait[1] > 0:
        yield Line(wait_range(words, "receipt", ticket.wait), size=2)
    if ticket.windows:
        yield Line(words("receipt.windows", windows=words.windows(ticket.windows)), size=2)


def _foot(ticket: HandedOut, configuration: Configuration, words: Words, kiosk: str, url: str) -> Iterator[Part]:
    yield Rule()
    taken = local(configuration.timezone, ticket.at)
    yield Row(f"{words('receipt.time')} {taken:%Y-%m-%d %H:%M}", words("receipt.machine", kiosk=kiosk))
    yield QRCode(url, module=5)
    yield Line(words("receipt.scan"), align=Align.CENTER)
    yield Rule()
    yield Line(words("receipt.hint"))
