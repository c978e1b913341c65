"""`decide(hall, command, at) -> facts`, or `Refused`. Reads the hall, never changes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.booking import book, cancel
from queue_server.domain.configuration import APPOINTMENT, ORDINARY, Configuration
from queue_server.domain.dispatch import choose, why_chosen
from queue_server.domain.events import Event, Instant
from queue_server.domain.issuing import (
    accept_paper,
    borrow_number,
    issue,
    issue_ticket,
    open_configuration,
    queue_of,
)
from queue_server.domain.life import State, after
from queue_server.domain.model import Hall, Ticket, Window
from queue_server.domain.moving import apply_recommendation, undo_recommendation
from queue_server.domain.promise import MINUTE
from queue_server.domain.refusal import Reason, Refused

__all__ = ["decide", "issue", "queue_of"]


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
            return [borrow_number(hall, command, at)]
        case c.IssueTicket():
            return [issue_ticket(hall, command, at)]
        case c.AcceptPaper():
            return accept_paper(hall, command, at)
        case c.BookAppointment():
            return [book(hall, command, at)]
        case c.CancelAppointment():
            return [cancel(hall, command, at)]
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
        case c.ApplyRecommendation():
            return apply_recommendation(hall, command, at)
        case c.UndoRecommendation():
            return undo_recommendation(hall, command, at)
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
            return [_served(hall, ticket, command.window, command.outcome, at)]
        case c.MarkNoShow():
            ticket = _at_window(hall, command, e.TicketNoShow)
            return [e.TicketNoShow(at=at, ticket=ticket.id, window=command.window)]
        case c.Park():
            return [_park(hall, command, at)]
        case c.Transfer():
            return [_transfer(hall, command, at)]
        case c.ConfirmClass():
            return _confirm_class(hall, command, at)
        case _:
            assert_never(command)


# --- the day


def _open_day(hall: Hall, command: c.OpenDay, at: Instant) -> Iterator[Event]:
    if hall.day is not None and command.day < hall.day:
        raise Refused(Reason.DAY_IN_THE_PAST, f"{hall.day} has been open already; check this machine's clock.")
    if hall.day == command.day:
        raise Refused(Reason.DAY_ALREADY_OPEN, f"{command.day} has been opened already.")
    if hall.is_open:
        yield from _close_day(hall, c.CloseDay(force=True), at)
    ahead = tuple(booked for booked in hall.appointments.values() if booked.day >= command.day)
    yield e.DayOpened(at=at, day=command.day, configuration=command.configuration, appointments=ahead)


def _close_day(hall: Hall, command: c.CloseDay, at: Instant) -> Iterator[Event]:
    open_configuration(hall)
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
    current, new = open_configuration(hall), command.configuration
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


# --- tickets


def _ticket(hall: Hall, id_: str, event: type[Event]) -> Ticket:
    """The ticket, if this fact may befall it now."""
    ticket = hall.tickets.get(id_)
    if ticket is None:
        raise Refused(Reason.UNKNOWN_TICKET, "There is no such ticket today.")
    if after(ticket.state, event) is None:
        raise Refused(Reason.WRONG_STATE, f"{ticket.label} is {ticket.state.value}; this cannot be done to it now.")
    return ticket


def _restore(hall: Hall, command: c.RestoreTicket, at: Instant) -> Event:
    configuration = open_configuration(hall)
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
    open_configuration(hall)
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
    configuration, window = open_configuration(hall), _window(hall, command.window)
    for serves in command.serves:
        queue_of(configuration, None, serves.queue)
    return [e.QueuesAssigned(at=at, window=window.code, serves=command.serves)]


# --- calling


def _call_next(hall: Hall, command: c.CallNext, at: Instant) -> Iterator[Event]:
    window = _open_window_of(hall, command.window)
    if command.ticket is not None and command.ticket != window.ticket:
        raise Refused(Reason.MOVED_ON, "This window has moved on; look at what it shows now.")
    current = hall.tickets[window.ticket] if window.ticket else None
    joining: Ticket | None = None
    if current is not None:
        if command.outcome is None or current.state is not State.SERVING:
            raise Refused(Reason.WINDOW_BUSY, f"{current.label} is {current.state.value} here; end it first.")
        ended = _served(hall, current, window.code, command.outcome, at)
        joining = _joining(current, ended) if isinstance(ended, e.TicketContinued) else None
        yield ended
    ticket = None if window.paused else choose(hall, window, joining)
    if ticket is None and current is None:
        if window.paused:
            raise Refused(Reason.WINDOW_NOT_OPEN, f"Window {window.code} is paused; open it first.")
        raise Refused(Reason.NOTHING_WAITING, "Nobody waits for this window.")
    if ticket is not None:
        why = why_chosen(hall, window, ticket, at, joining=joining)
        yield e.TicketCalled(at=at, ticket=ticket.id, window=window.code, why=why)


def _served(hall: Hall, ticket: Ticket, window: str, outcome: e.Outcome, at: Instant) -> Event:
    """The visit ends, or goes on at the next queue whatever came of this service: the other errands are still wanted.

    Services of the queue where it was served are done in the same serving.
    """
    configuration = open_configuration(hall)
    known = [configuration.service[code] for code in ticket.then if code in configuration.service]
    ahead = [s for s in known if s.queue != ticket.queue and s.queue in configuration.queue]
    if not ahead:
        return e.TicketFinished(at=at, ticket=ticket.id, window=window, outcome=outcome)
    return e.TicketContinued(
        at=at, ticket=ticket.id, window=window, outcome=outcome, service=ahead[0].code, queue=ahead[0].queue,
        due_at=ticket.due_at, then=tuple(service.code for service in ahead[1:]),
    )  # fmt: skip


def _joining(ticket: Ticket, continued: e.TicketContinued) -> Ticket:
    """The ticket as it will stand in its next line."""
    return replace(
        ticket, state=State.WAITING, window=None, service=continued.service, queue=continued.queue,
        due_at=continued.due_at, joined_at=continued.at,
    )  # fmt: skip


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
    return _ticket(hall, _current(hall, command.window, command.ticket).id, event)


def _current(hall: Hall, window: str, meant: str | None) -> Ticket:
    at = _window(hall, window)
    if meant is not None and meant != at.ticket:
        raise Refused(Reason.MOVED_ON, "This window has moved on; look at what it shows now.")
    if at.ticket is None:
        raise Refused(Reason.NO_TICKET, f"Window {at.code} has no ticket now.")
    return hall.tickets[at.ticket]


def _recall(hall: Hall, command: c.Recall, at: Instant) -> Event:
    rules = open_configuration(hall).rules
    ticket = _at_window(hall, command, e.TicketRecalled)
    if ticket.recalls >= rules.recall_limit:
        raise Refused(Reason.TOO_OFTEN, f"{ticket.label} has been called again {ticket.recalls} times: mark no-show.")
    wait = (ticket.last_called_at or 0) + rules.recall_interval_seconds * 1000 - at
    if wait > 0:
        raise Refused(Reason.TOO_SOON, f"Give the resident time to come: call again in {-(-wait // 1000)} s.")
    return e.TicketRecalled(at=at, ticket=ticket.id, window=command.window)


def _confirm_class(hall: Hall, command: c.ConfirmClass, at: Instant) -> list[Event]:
    ticket = _current(hall, command.window, command.ticket)
    if ticket.klass in {ORDINARY, APPOINTMENT}:
        raise Refused(Reason.WRONG_STATE, f"{ticket.label} declares no class that could be confirmed.")
    if ticket.class_confirmed is command.confirmed:
        return []
    return [e.ClassConfirmed(at=at, ticket=ticket.id, window=command.window, confirmed=command.confirmed)]


def _park(hall: Hall, command: c.Park, at: Instant) -> Event:
    ticket = _at_window(hall, command, e.TicketParked)
    minutes = open_configuration(hall).rules.park_minutes if command.minutes is None else command.minutes
    back = at + round(minutes * MINUTE)
    return e.TicketParked(at=at, ticket=ticket.id, window=command.window, due_at=back)


def _transfer(hall: Hall, command: c.Transfer, at: Instant) -> Event:
    configuration = open_configuration(hall)
    ticket = _at_window(hall, command, e.TicketTransferred)
    queue = queue_of(configuration, None, command.queue)
    if command.to_window is not None:
        _open_window_of(hall, command.to_window)
    return e.TicketTransferred(
        at=at, ticket=ticket.id, window=command.window, queue=queue, to_window=command.to_window, due_at=ticket.due_at
    )
