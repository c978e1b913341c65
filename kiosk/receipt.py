"""What is printed for a ticket: its paper as the printer's lines. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from devices.printer.receipt import Align, Feed, Line, Part, QRCode, Receipt, Row, Rule
from kiosk.flow import HandedOut
from kiosk.texts import Words
from kiosk.views import wait_range
from queue_server.domain.calendar import local
from queue_server.domain.configuration import Configuration


def receipt(ticket: HandedOut, configuration: Configuration, words: Words, *, kiosk: str, url: str) -> Receipt:
    """The paper of one ticket: what is unknown is left out. `url` is the ticket's own page, in the QR code."""
    return Receipt(parts=tuple(_parts(ticket, configuration, words, kiosk, url)))


def ticket_url(public_url: str, ticket: str) -> str:
    """The page where a resident follows the ticket."""
    return f"{public_url.rstrip('/')}/t/{ticket}"


def _parts(ticket: HandedOut, configuration: Configuration, words: Words, kiosk: str, url: str) -> Iterator[Part]:
    queue = configuration.queue[ticket.queue]
    service = configuration.service.get(ticket.service) if ticket.service else None
    yield Line(words.of(configuration.name), bold=True, align=Align.CENTER)
    yield Rule()
    yield Line(words("receipt.number"), align=Align.CENTER)
    yield Line(ticket.label, size=6, bold=True, align=Align.CENTER)
    yield Line(words.of(service.name if service else queue.name), size=2, bold=True, align=Align.CENTER)
    yield Feed()
    if ticket.ahead is not None:
        ahead = words("receipt.ahead", count=ticket.ahead) if ticket.ahead else words("receipt.ahead_none")
        yield Line(ahead, size=2)
    if ticket.wait is not None and ticket.wait[1] > 0:
        yield Line(wait_range(words, "receipt", ticket.wait), size=2)
    if ticket.windows:
        yield Line(words("receipt.windows", windows=words.windows(ticket.windows)), size=2)
    yield Rule()
    taken = local(configuration.timezone, ticket.at)
    yield Row(f"{words('receipt.time')} {taken:%Y-%m-%d %H:%M}", words("receipt.machine", kiosk=kiosk))
    yield QRCode(url, module=5)
    yield Line(words("receipt.scan"), align=Align.CENTER)
    yield Rule()
    yield Line(words("receipt.hint"))
