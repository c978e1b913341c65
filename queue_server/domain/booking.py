"""Appointments: a service at a time, kept in the journal without any word of who comes."""

from __future__ import annotations

from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.calendar import day_of, periods
from queue_server.domain.configuration import Configuration
from queue_server.domain.events import Event, Instant
from queue_server.domain.issuing import queue_of, require_not_closed
from queue_server.domain.model import Hall
from queue_server.domain.refusal import Reason, Refused


def book(hall: Hall, command: c.BookAppointment, at: Instant) -> Event:
    """Booked also in the evening, when the day is closed: by the configuration the hall had last."""
    configuration = hall.configuration
    if configuration is None:
        raise Refused(Reason.DAY_NOT_OPEN, "The hall has never opened a day.")
    queue_of(configuration, command.service, None)
    require_not_closed(configuration, command.service)
    if same_booking(hall, command) is not None:
        raise Refused(Reason.APPOINTMENT_EXISTS, "This appointment has been booked already.")
    day = day_of(configuration.timezone, command.slot)
    if command.slot < at or not _works_at(configuration, day, command.slot):
        raise Refused(Reason.BAD_SLOT, "The slot must lie ahead, within the opening hours of a working day.")
    return e.AppointmentBooked(
        at=at, appointment=command.appointment, day=day, slot=command.slot, service=command.service,
        holder=command.holder,
    )  # fmt: skip


def cancel(hall: Hall, command: c.CancelAppointment, at: Instant) -> Event:
    if command.appointment not in hall.appointments:
        raise Refused(Reason.UNKNOWN_APPOINTMENT, "This hall knows no such appointment.")
    ticket = hall.checked_in(command.appointment)
    if ticket is not None:
        label = hall.tickets[ticket].label
        raise Refused(Reason.ALREADY_CHECKED_IN, f"This appointment has checked in already, with {label}.")
    return e.AppointmentCancelled(at=at, appointment=command.appointment)


def same_booking(hall: Hall, command: c.BookAppointment) -> e.AppointmentBooked | None:
    """The booking that this command would repeat: of the same id, or of the same card for the same thing and time."""
    known = hall.appointments.get(command.appointment)
    if known is not None or command.holder is None:
        return known
    for booked in hall.appointments.values():
        if (booked.holder, booked.service, booked.slot) == (command.holder, command.service, command.slot):
            return booked
    return None


def _works_at(configuration: Configuration, day: str, at: Instant) -> bool:
    spans = periods(configuration.hours, configuration.timezone, day)
    return any(opens <= at < closes for opens, closes in spans)
