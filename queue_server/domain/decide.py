"""`decide(hall, command, at) -> facts`, or `Refused`. Reads the hall, never changes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.calendar import periods
from queue_server.domain.configuration import Configuration
from queue_server.domain.dispatch import choose, why_chosen
from queue_server.domain.events import Event, Instant
from queue_server.domain.life import State, after
from queue_server.domain.model import Hall, Ticket, Window
from queue_server.domain.numbering import label, next_number
from queue_server.domain.promise import MINUTE, due_at
from queue_server.domain.refusal import Reason, Refused


def decide(hall: Hall, command: c.Command, at: Instant) -> list[Event]:
    """The facts that follow from `command` at instant `at`.

    Raises:
        Refused: a rule forbids it; nothing follows.
    """
    match command:
        case c.OpenDay():
            return list(_open_day(hall, command, at))
        case c.CloseDay():
            return list(_close_day(hall, command, at))
        case c.ApplyConfiguration():
            return _apply_configuration(hall, command, at)
        case c.BorrowNumber():
            return [_borrow_number(hall, command, at)]
        case c.IssueTicket():
            return [_issue_ticket(hall, command, at)]
        case c.VoidTicket():
            ticket = _ticket(hall, command.ticket, e.TicketVoided)
            return [e.TicketVoided(at=at, ticket=ticket.id, reason=command.reason)]
        case c.RestoreTicket():
            return [_restore(hall, command, at)]
        case c.OpenWindow():
            return _open_window(hall, command, at)
        case c.PauseWindow():
            window = _open_window_of(hall, command.window)
            return [] if window.paused else [e.WindowPaused(at=at, window=window.code)]
        case c.CloseWindow():
            return _close_window(hall, command, at)
        case c.AssignQueues():
            return _assign_queues(hall, command, at)
        case c.CallNext():
            return list(_call_next(hall, command, at))
        case c.CallTicket():
            return [_call_ticket(hall, command, at)]
        case c.Recall():
            return [_recall(hall, command, at)]
        case c.Start():
            ticket = _at_window(hall, command, e.TicketStarted)
            return [e.TicketStarted(at=at, ticket=ticket.id, window=command.window)]
        case c.Finish():
            ticket = _at_window(hall, command, e.TicketFinished)
            return [e.TicketFinished(at=at, ticket=ticket.id, window=command.window, outcome=command.outcome)]
        case c.MarkNoShow():
            ticket = _at_window(hall, command, e.TicketNoShow)
            return [e.TicketNoShow(at=at, ticket=ticket.id, window=command.window)]
        case c.Park():
            return [_park(hall, command, at)]
        case c.Transfer():
            return [_transfer(hall, command, at)]
        case _:
            assert_never(command)


def issue(
    configuration: Configuration, command: c.IssueTicket, *, number: int, day: str, at: Instant
) -> e.TicketIssued:
    """The fact of a ticket handed out with `number`: the same for the hall and for a kiosk that is cut off.

    Raises:
        Refused: the service, queue or class is not one of this configuration.
    """
    queue = configuration.queue[queue_of(configuration, command.service, command.queue)]
    klass = configuration.resident_class.get(command.klass)
    if klass is None:
        raise Refused(Reason.UNKNOWN_CLASS, f"There is no class {command.klass!r} in this hall.")
    return e.TicketIssued(
        at=at, ticket=command.ticket, day=day, queue=queue.code, number=number, label=label(queue, number),
        service=command.service, klass=klass.code, strict=klass.strict, source=command.source, slot=command.slot,
        due_at=due_at(configuration, queue.code, klass.code, at, command.slot),
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


# --- the day


def _open_day(hall: Hall, command: c.OpenDay, at: Instant) -> Iterator[Event]:
    if hall.day is not None and command.day < hall.day:
        raise Refused(Reason.DAY_IN_THE_PAST, f"{hall.day} has been open already; check this machine's clock.")
    if hall.day == command.day:
        raise Refused(Reason.DAY_ALREADY_OPEN, f"{command.day} has been opened already.")
    if hall.is_open:
        yield from _close_day(hall, c.CloseDay(force=True), at)
    yield e.DayOpened(at=at, day=command.day, configuration=command.configuration)


def _close_day(hall: Hall, command: c.CloseDay, at: Instant) -> Iterator[Event]:
    _configuration(hall)
    assert hall.day is not None
    serving = [t for t in hall.tickets.values() if t.state is State.SERVING]
    if serving and not command.force:
        where = "、".join(f"{t.window} ({t.label})" for t in serving)
        raise Refused(Reason.STILL_SERVING, f"Windows still serve: {where}. Finish them first, or force the closing.")
    for ticket in serving:
        assert ticket.window is not None
        yield e.TicketFinished(at=at, ticket=ticket.id, window=ticket.window, outcome=e.Outcome.UNRECORDED)
    for ticket in hall.tickets.values():
        if after(ticket.state, e.TicketExpired) is not None:
            yield e.TicketExpired(at=at, ticket=ticket.id)
    yield e.DayClosed(at=at, day=hall.day)


def _apply_configuration(hall: Hall, command: c.ApplyConfiguration, at: Instant) -> list[Event]:
    current, new = _configuration(hall), command.configuration
    if new == current:
        return []
    in_use = [*_people_left_standing(hall, new), *_labels_printed_again(hall, current, new)]
    if in_use:
        raise Refused(Reason.IN_USE, f"{'; '.join(in_use)}. Apply this configuration tomorrow.")
    return [e.ConfigurationApplied(at=at, configuration=new)]


def _people_left_standing(hall: Hall, new: Configuration) -> Iterator[str]:
    here = {t.queue for t in hall.tickets.values() if t.state in {State.WAITING, State.CALLED, State.SERVING}}
    for queue in sorted(here - new.queue.keys()):
        yield f"queue {queue} still has people"
    for window in hall.windows.values():
        if window.ticket is not None and window.code not in new.window:
            yield f"window {window.code} still has a ticket"


def _labels_printed_again(hall: Hall, current: Configuration, new: Configuration) -> Iterator[str]:
    if new.numbering != current.numbering:
        yield "today's numbers are being handed out by the numbering of this morning"
    for queue in new.queues:
        if hall.letters.get(queue.letter, queue.code) != queue.code:
            yield f"letter {queue.letter} is on today's tickets of queue {hall.letters[queue.letter]}"
    for kiosk in new.kiosks:
        if hall.slots.get(kiosk.slot, kiosk.code) != kiosk.code:
            yield f"slot {kiosk.slot} is kiosk {hall.slots[kiosk.slot]}'s today"


# --- numbers and tickets


def _configuration(hall: Hall) -> Configuration:
    if hall.configuration is None or not hall.is_open:
        raise Refused(Reason.DAY_NOT_OPEN, "The hall has not opened its day.")
    return hall.configuration


def _taking_tickets(hall: Hall, at: Instant) -> Configuration:
    """Tickets are taken from a little before opening until closing, through the lunch break too."""
    configuration = _configuration(hall)
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


def _borrow_number(hall: Hall, command: c.BorrowNumber, at: Instant) -> Event:
    configuration = _taking_tickets(hall, at)
    assert hall.day is not None
    if command.kiosk not in configuration.kiosk:
        raise Refused(Reason.UNKNOWN_KIOSK, f"There is no kiosk {command.kiosk!r} in this hall.")
    queue = queue_of(configuration, None, command.queue)
    number = _next_number(hall, configuration, queue)
    return e.NumberLent(at=at, day=hall.day, queue=queue, number=number, kiosk=command.kiosk)


def _issue_ticket(hall: Hall, command: c.IssueTicket, at: Instant) -> Event:
    configuration = _taking_tickets(hall, at)
    assert hall.day is not None
    if command.ticket in hall.tickets:
        raise Refused(Reason.TICKET_EXISTS, "A ticket with this id has been issued already.")
    queue = queue_of(configuration, command.service, command.queue)
    number = _next_number(hall, configuration, queue)
    return issue(configuration, command, number=number, day=hall.day, at=at)


def _ticket(hall: Hall, id_: str, event: type[Event]) -> Ticket:
    """The ticket, if this fact may befall it now."""
    ticket = hall.tickets.get(id_)
    if ticket is None:
        raise Refused(Reason.UNKNOWN_TICKET, "There is no such ticket today.")
    if after(ticket.state, event) is None:
        raise Refused(Reason.WRONG_STATE, f"{ticket.label} is {ticket.state.value}; this cannot be done to it now.")
    return ticket


def _restore(hall: Hall, command: c.RestoreTicket, at: Instant) -> Event:
    configuration = _configuration(hall)
    ticket = _ticket(hall, command.ticket, e.TicketRestored)
    if ticket.restores >= configuration.rules.restore_limit:
        raise Refused(Reason.TOO_OFTEN, f"{ticket.label} has been restored already; please take a new ticket.")
    line = hall.line(queue_of(configuration, None, ticket.queue))
    ahead = min(configuration.rules.restore_place - 1, len(line))  # fewer wait than that: it goes last
    before = line.at(ahead - 1) if ahead > 0 else None
    if before is None:  # nobody to go behind: its own place again
        return e.TicketRestored(
            at=at, ticket=ticket.id, due_at=ticket.due_at, strict=ticket.strict, joined_at=ticket.joined_at
        )
    not_strict, due, joined, _ = before
    return e.TicketRestored(at=at, ticket=ticket.id, due_at=due, strict=not not_strict, joined_at=joined + 1)


# --- windows


def _window(hall: Hall, code: str) -> Window:
    _configuration(hall)
    window = hall.windows.get(code)
    if window is None:
        raise Refused(Reason.UNKNOWN_WINDOW, f"There is no window {code!r} in this hall.")
    return window


def _open_window_of(hall: Hall, code: str) -> Window:
    window = _window(hall, code)
    if not window.is_open:
        raise Refused(Reason.WINDOW_NOT_OPEN, f"Window {code} is closed; open it first.")
    return window


def _open_window(hall: Hall, command: c.OpenWindow, at: Instant) -> list[Event]:
    window = _window(hall, command.window)
    if window.is_open and not window.paused:
        return []
    return [e.WindowOpened(at=at, window=window.code)]


def _close_window(hall: Hall, command: c.CloseWindow, at: Instant) -> list[Event]:
    window = _window(hall, command.window)
    if window.ticket is not None:
        raise Refused(Reason.WINDOW_BUSY, f"Window {window.code} still has {hall.tickets[window.ticket].label}.")
    return [e.WindowClosed(at=at, window=window.code)] if window.is_open else []


def _assign_queues(hall: Hall, command: c.AssignQueues, at: Instant) -> list[Event]:
    configuration, window = _configuration(hall), _window(hall, command.window)
    for serves in command.serves:
        queue_of(configuration, None, serves.queue)
    return [e.QueuesAssigned(at=at, window=window.code, serves=command.serves)]


# --- calling


def _call_next(hall: Hall, command: c.CallNext, at: Instant) -> Iterator[Event]:
    window = _open_window_of(hall, command.window)
    if command.ticket is not None and command.ticket != window.ticket:
        raise Refused(Reason.MOVED_ON, "This window has moved on; look at what it shows now.")
    current = hall.tickets[window.ticket] if window.ticket else None
    if current is not None:
        if command.outcome is None or current.state is not State.SERVING:
            raise Refused(Reason.WINDOW_BUSY, f"{current.label} is {current.state.value} here; end it first.")
        yield e.TicketFinished(at=at, ticket=current.id, window=window.code, outcome=command.outcome)
    ticket = None if window.paused else choose(hall, window)
    if ticket is None and current is None:
        if window.paused:
            raise Refused(Reason.WINDOW_NOT_OPEN, f"Window {window.code} is paused; open it first.")
        raise Refused(Reason.NOTHING_WAITING, "Nobody waits for this window.")
    if ticket is not None:
        yield e.TicketCalled(at=at, ticket=ticket.id, window=window.code, why=why_chosen(hall, window, ticket, at))


def _call_ticket(hall: Hall, command: c.CallTicket, at: Instant) -> Event:
    window = _open_window_of(hall, command.window)
    if window.ticket is not None:
        raise Refused(Reason.WINDOW_BUSY, f"{hall.tickets[window.ticket].label} is still at this window.")
    ticket = _ticket(hall, command.ticket, e.TicketCalled)
    if ticket.held_for not in {None, window.code}:
        raise Refused(Reason.HELD_ELSEWHERE, f"{ticket.label} is held for window {ticket.held_for}.")
    why = why_chosen(hall, window, ticket, at, chosen=True)
    return e.TicketCalled(at=at, ticket=ticket.id, window=window.code, why=why)


def _at_window(hall: Hall, command: c.Recall | c.Start | c.Finish | c.MarkNoShow | c.Park | c.Transfer,
               event: type[Event]) -> Ticket:  # fmt: skip
    """The ticket at the command's window, if it is the one meant and this fact may befall it."""
    window = _window(hall, command.window)
    if command.ticket is not None and command.ticket != window.ticket:
        raise Refused(Reason.MOVED_ON, "This window has moved on; look at what it shows now.")
    if window.ticket is None:
        raise Refused(Reason.NO_TICKET, f"Window {window.code} has no ticket now.")
    return _ticket(hall, window.ticket, event)


def _recall(hall: Hall, command: c.Recall, at: Instant) -> Event:
    rules = _configuration(hall).rules
    ticket = _at_window(hall, command, e.TicketRecalled)
    if ticket.recalls >= rules.recall_limit:
        raise Refused(Reason.TOO_OFTEN, f"{ticket.label} has been called again {ticket.recalls} times: mark no-show.")
    wait = (ticket.last_called_at or 0) + rules.recall_interval_seconds * 1000 - at
    if wait > 0:
        raise Refused(Reason.TOO_SOON, f"Give the resident time to come: call again in {-(-wait // 1000)} s.")
    return e.TicketRecalled(at=at, ticket=ticket.id, window=command.window)


def _park(hall: Hall, command: c.Park, at: Instant) -> Event:
    ticket = _at_window(hall, command, e.TicketParked)
    minutes = _configuration(hall).rules.park_minutes if command.minutes is None else command.minutes
    back = at + round(minutes * MINUTE)
    return e.TicketParked(at=at, ticket=ticket.id, window=command.window, due_at=back)


def _transfer(hall: Hall, command: c.Transfer, at: Instant) -> Event:
    configuration = _configuration(hall)
    ticket = _at_window(hall, command, e.TicketTransferred)
    queue = queue_of(configuration, None, command.queue)
    if command.to_window is not None:
        _open_window_of(hall, command.to_window)
    return e.TicketTransferred(
        at=at, ticket=ticket.id, window=command.window, queue=queue, to_window=command.to_window, due_at=ticket.due_at
    )
