"""Handing out tickets: what a hall says to a request for one, a borrowed number, or the paper of a dead kiosk."""

from __future__ import annotations

import re
from dataclasses import replace

from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.calendar import day_of, periods
from queue_server.domain.configuration import APPOINTMENT, ORDINARY, Configuration, ResidentClass
from queue_server.domain.events import Event, Instant
from queue_server.domain.life import State
from queue_server.domain.model import Hall
from queue_server.domain.numbering import label, next_number
from queue_server.domain.promise import MINUTE, due_at, still_counts
from queue_server.domain.refusal import Reason, Refused

FAST_CLOCK = 10 * MINUTE
"""How far a kiosk's clock may be ahead for its paper still to be believed."""
LABEL = re.compile(r"([A-Z])([0-9]{3,4})")


def issue(
    configuration: Configuration, command: c.IssueTicket, *, number: int, day: str, at: Instant
) -> e.TicketIssued:
    """The fact of a ticket handed out with `number`: the same for the hall and for a kiosk that is cut off.

    Raises:
        Refused: a service, the queue or the class is not one of this configuration.
    """
    queue = configuration.queue[queue_of(configuration, command.service, command.queue)]
    klass = _class(configuration, command.klass)
    for service in command.then:
        queue_of(configuration, service, None)
    return e.TicketIssued(
        at=at, ticket=command.ticket, day=day, queue=queue.code, number=number, label=label(queue, number),
        service=command.service, klass=klass.code, strict=klass.strict, source=command.source, slot=command.slot,
        due_at=due_at(configuration, queue.code, klass.code, at, command.slot),
        then=command.then, appointment=command.appointment, holder=command.holder,
    )  # fmt: skip


def queue_of(configuration: Configuration, service: str | None, queue: str | None) -> str:
    """The queue of a service, or the queue itself where only that is known."""
    if service is not None:
        known = configuration.service.get(service)
        if known is None:
            raise Refused(Reason.UNKNOWN_SERVICE, f"There is no service {service!r} in this hall.")
        if queue is not None and queue != known.queue:
            raise Refused(Reason.UNKNOWN_QUEUE, f"Service {service!r} belongs to queue {known.queue!r}.")
        return known.queue
    if queue is None or queue not in configuration.queue:
        raise Refused(Reason.UNKNOWN_QUEUE, f"There is no queue {queue!r} in this hall.")
    return queue


def open_configuration(hall: Hall) -> Configuration:
    if hall.configuration is None or not hall.is_open:
        raise Refused(Reason.DAY_NOT_OPEN, "The hall has not opened its day.")
    return hall.configuration


def require_not_closed(configuration: Configuration, *services: str | None) -> None:
    for code in services:
        service = configuration.service.get(code or "")
        if service is not None and service.closed is not None:
            raise Refused(Reason.SERVICE_CLOSED, f"{service.code} cannot be had now: {service.closed.zh}")


def borrow_number(hall: Hall, command: c.BorrowNumber, at: Instant) -> Event:
    configuration = _taking_tickets(hall, at)
    assert hall.day is not None
    if command.kiosk not in configuration.kiosk:
        raise Refused(Reason.UNKNOWN_KIOSK, f"There is no kiosk {command.kiosk!r} in this hall.")
    queue = queue_of(configuration, None, command.queue)
    _require_room(hall, queue, command.appointment)
    number = _next_number(hall, configuration, queue)
    return e.NumberLent(at=at, day=hall.day, queue=queue, number=number, kiosk=command.kiosk)


def issue_ticket(hall: Hall, command: c.IssueTicket, at: Instant) -> Event:
    configuration = _taking_tickets(hall, at)
    assert hall.day is not None
    if command.ticket in hall.tickets:
        raise Refused(Reason.TICKET_EXISTS, "A ticket with this id has been issued already.")
    if command.appointment is not None:
        command = _checking_in(hall, configuration, command, command.appointment, at)
    queue = queue_of(configuration, command.service, command.queue)
    require_not_closed(configuration, command.service, *command.then)
    _require_none_held(hall, queue, command.holder)
    _require_room(hall, queue, command.appointment)
    number = _next_number(hall, configuration, queue)
    return issue(configuration, command, number=number, day=hall.day, at=at)


def accept_paper(hall: Hall, command: c.AcceptPaper, at: Instant) -> list[Event]:
    """The fact the kiosk should have told, from what its paper says; nothing if the hall has heard of the ticket."""
    configuration = open_configuration(hall)
    assert hall.day is not None
    if command.ticket in hall.tickets:
        return []
    if command.taken_at > at + FAST_CLOCK:
        raise Refused(Reason.IN_THE_FUTURE, "This paper is of a time to come; check the clocks of kiosk and hall.")
    day = day_of(configuration.timezone, command.taken_at)
    if day != hall.day:
        raise Refused(Reason.OTHER_DAY, f"This paper is of {day}; please take a new ticket.")
    if any(ticket.label == command.label for ticket in hall.tickets.values()):
        raise Refused(Reason.LABEL_TAKEN, f"{command.label} is another ticket today; please take a new one.")
    parts = LABEL.fullmatch(command.label)
    queue = hall.letters.get(parts[1]) if parts else None
    if parts is None or queue is None or queue not in configuration.queue:
        raise Refused(Reason.UNKNOWN_QUEUE, f"{command.label!r} is no number of this hall's queues.")
    klass = _class(configuration, command.klass)
    return [
        e.TicketIssued(
            at=command.taken_at, ticket=command.ticket, day=day, queue=queue, number=int(parts[2]),
            label=command.label, klass=klass.code, strict=klass.strict, source=command.source,
            service=command.service, slot=command.slot, appointment=command.appointment,
            due_at=due_at(configuration, queue, klass.code, command.taken_at, command.slot),
        )
    ]  # fmt: skip


def _class(configuration: Configuration, code: str) -> ResidentClass:
    klass = configuration.resident_class.get(code)
    if klass is None:
        raise Refused(Reason.UNKNOWN_CLASS, f"There is no class {code!r} in this hall.")
    return klass


def _taking_tickets(hall: Hall, at: Instant) -> Configuration:
    """Tickets are taken from a little before opening until closing, through the lunch break too."""
    configuration = open_configuration(hall)
    assert hall.day is not None
    spans = periods(configuration.hours, configuration.timezone, hall.day)
    early = configuration.rules.early_minutes * MINUTE
    if not spans or not spans[0][0] - early <= at < spans[-1][1]:
        raise Refused(Reason.HALL_CLOSED, "The hall is closed now; tickets are taken in opening hours.")
    return configuration


def _next_number(hall: Hall, configuration: Configuration, queue: str) -> int:
    number = next_number(configuration.numbering, hall.last_number.get(queue, 0))
    if number is None:
        raise Refused(Reason.SERIES_EXHAUSTED, f"Queue {queue!r} has no numbers left today.")
    return number


def _require_room(hall: Hall, queue: str, appointment: str | None) -> None:
    if appointment is None and hall.is_full(queue):
        raise Refused(Reason.QUEUE_FULL, f"Queue {queue!r} takes no more tickets today; please come another day.")


def _require_none_held(hall: Hall, queue: str, holder: str | None) -> None:
    here = {State.WAITING, State.CALLED, State.SERVING}
    for ticket in hall.held_by(holder) if holder is not None else ():
        if ticket.queue == queue and ticket.state in here:
            raise Refused(Reason.ALREADY_HELD, f"With this card {ticket.label} was taken, which is still good.")


def _checking_in(
    hall: Hall, configuration: Configuration, command: c.IssueTicket, appointment: str, at: Instant
) -> c.IssueTicket:
    """The command with what the appointment says, if the hall knows it. One that comes too late waits as others do."""
    ticket = hall.checked_in(appointment)
    if ticket is not None:
        label_ = hall.tickets[ticket].label
        raise Refused(Reason.ALREADY_CHECKED_IN, f"This appointment has checked in already, with {label_}.")
    booked = hall.appointments.get(appointment)
    if booked is None:
        if command.service is None and command.queue is None:
            raise Refused(Reason.UNKNOWN_APPOINTMENT, "This hall knows no such appointment.")
        return command
    if booked.day != hall.day:
        raise Refused(Reason.OTHER_DAY, f"This appointment is for {booked.day}.")
    counts = still_counts(configuration.rules, booked.slot, at)
    return replace(
        command,
        service=booked.service,
        slot=booked.slot if counts else None,
        klass=APPOINTMENT if counts and command.klass == ORDINARY else command.klass,
        holder=command.holder or booked.holder,
    )
