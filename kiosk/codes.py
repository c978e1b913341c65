"""From the text of a scanned code to what it means here. What a code says is hostile until it is verified."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from kiosk.known import Known
from kiosk.papers import Booking, CodeFlaw
from kiosk.session import BookingScanned, CodeScanned, Shown, TicketScanned
from queue_server.domain.calendar import day_of
from queue_server.domain.codes import AppointmentCode, Rejected, TicketCode, read
from queue_server.domain.events import Instant

_TICKET_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SIGNED = re.compile(r"[A-Z]\.[A-Za-z0-9_-]+\.[0-9A-Z]+\.[A-Za-z0-9_-]{22}")
_LONGEST = 400
"""Characters; our own codes with the page they lead to have about 170."""


def code_in(text: str) -> str:
    """The code itself, where the text is the address of a ticket's page, whatever machine serves it."""
    text = text.strip()
    if "://" not in text or len(text) > _LONGEST:
        return text
    try:
        path = urlsplit(text).path
    except ValueError:
        return text
    page, _, code = path.rstrip("/").rpartition("/")
    return code if page.endswith(("/t", "/a")) else text


def recognise(
    text: str, *, key: bytes | None, hall: str, timezone: str, known: Known, now: Instant
) -> Shown | None:  # fmt: skip
    """What was shown; None for a code that says nothing at all. `key`: the one codes are signed with, if it is known.

    A bare id is as good as a signed code: it is only looked up.
    """
    code = code_in(text)
    if not code:
        return None
    if _TICKET_ID.fullmatch(code):
        return _ticket(code, known)
    if key is None:  # never heard of the hall: nothing can be said of its codes
        return CodeScanned(why=CodeFlaw.UNKNOWN_TICKET if _SIGNED.fullmatch(code) else CodeFlaw.NOT_OURS)
    try:
        said = read(code, key, now)
    except Rejected as rejected:
        return CodeScanned(why=CodeFlaw(rejected.flaw))
    match said:
        case TicketCode():
            if said.hall != hall:
                return CodeScanned(why=CodeFlaw.NOT_OURS)
            if day_of(timezone, said.taken_at) < day_of(timezone, now):
                return CodeScanned(why=CodeFlaw.EXPIRED)
            return _ticket(said.ticket, known)
        case AppointmentCode():
            return _booking(said, hall, timezone, known)


def _ticket(id_: str, known: Known) -> TicketScanned | CodeScanned:
    held = known.ticket(id_)
    return CodeScanned(why=CodeFlaw.UNKNOWN_TICKET) if held is None else TicketScanned(ticket=held)


def _booking(said: AppointmentCode, hall: str, timezone: str, known: Known) -> BookingScanned | CodeScanned:
    """As the hall has it now, or as the code says: that is what a kiosk that is cut off has."""
    if said.hall == hall:
        booking = known.booking(said.appointment)
        if booking is not None:
            return BookingScanned(booking=booking)
        if known.is_cancelled(said.appointment, said.day):
            return CodeScanned(why=CodeFlaw.CANCELLED)
    return BookingScanned(
        booking=Booking(
            appointment=said.appointment, hall=said.hall, day=said.day, slot=said.slot(timezone), service=said.service,
            ticket=known.check_in(said.appointment),
        )
    )  # fmt: skip
