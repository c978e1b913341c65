"""How halls, windows and tickets look in JSON. Pure: a hall in, plain values out. Times are RFC 3339, waits minutes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from queue_server.domain.calendar import phase
from queue_server.domain.configuration import ORDINARY, Configuration, Text
from queue_server.domain.events import Instant
from queue_server.domain.life import State
from queue_server.domain.model import Hall, Ticket, Window
from queue_server.domain.promise import MINUTE
from queue_server.forecast.said import Said, Waits
from queue_server.forecast.waits import Forecast
from queue_server.forecaster.wire import Learning
from queue_server.web.moving_view import AdviceView


def moment(at: Instant | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")


def text(words: Text) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}


def wait(said: Said | None) -> dict[str, Any] | None:
    if said is None:
        return None
    return {"low": said.low, "high": said.high, "calibrated": said.calibrated, "basis": said.basis}


def forecast(latest: Forecast | None, learning: Learning | None) -> dict[str, Any]:
    """What predicted waits rest on. `learned` is None while there is no forecaster."""
    return {
        "at": None if latest is None else moment(latest.at),
        "learned": None if learning is None else {
            "days": learning.days,
            "imported_days": learning.imported,
            "calibrated": learning.calibrated,
            "coverage": learning.coverage,
            "waits": learning.waits,
            "goes_on": learning.studying,
        },
    }  # fmt: skip


def ticket(hall: Hall, ticket: Ticket, waits: Waits) -> dict[str, Any]:
    ahead = hall.ahead(ticket)
    return {
        "id": ticket.id,
        "label": ticket.label,
        "queue": ticket.queue,
        "service": ticket.service,
        "then": list(ticket.then),
        "class": ticket.klass,
        "class_confirmed": ticket.class_confirmed,
        "appointment": ticket.appointment,
        "slot": moment(ticket.slot),
        "state": ticket.state,
        "issued_at": moment(ticket.issued_at),
        "due_at": moment(ticket.due_at),
        "called_at": moment(ticket.called_at),
        "ahead": ahead,
        "wait": wait(waits.of(ticket)),
        "window": ticket.window or ticket.held_for,
        "windows": hall.windows_for(ticket.queue) if ticket.held_for is None else [ticket.held_for],
        "outcome": ticket.outcome,
    }


def window_state(hall: Hall, window: Window) -> str:
    if window.ticket is not None:
        return hall.tickets[window.ticket].state.value
    if not window.is_open:
        return "closed"
    return "paused" if window.paused else "open"


def window(hall: Hall, window: Window) -> dict[str, Any]:
    setup = hall.configuration.window.get(window.code) if hall.configuration else None
    current = hall.tickets[window.ticket] if window.ticket else None
    return {
        "code": window.code,
        "name": text(setup.name) if setup else None,
        "state": window_state(hall, window),
        "ticket": {"id": current.id, "label": current.label} if current else None,
        "serves": [{"queue": queue, "helper_after": delay / MINUTE} for queue, delay in window.serves.items()],
        "held": len(hall.held_for(window.code)),
    }


def devices(hall: Hall) -> list[dict[str, Any]]:
    """The health of each device that has reported today; one that has not is unknown and not listed."""
    return [
        {"device": report.device, "health": report.health, "detail": report.detail, "since": moment(report.at)}
        for report in sorted(hall.devices.values(), key=lambda report: report.device)
    ]


def hall(configuration: Configuration, hall: Hall, waits: Waits, *, seq: int, at: Instant) -> dict[str, Any]:
    """The hall as of `seq`. `configuration` is used until a day has been opened."""
    configuration = hall.configuration or configuration
    classes = [klass.code for klass in configuration.classes]
    new = {q.code: {klass: wait(waits.new(q.code, klass)) for klass in classes} for q in configuration.queues}
    return {
        "hall": configuration.hall,
        "name": text(configuration.name),
        "seq": seq,
        "at": moment(at),
        "day": hall.day,
        "open": hall.is_open,
        "phase": phase(configuration.hours, configuration.timezone, at),
        "timezone": configuration.timezone,
        "hours": configuration.hours,
        "queues": [
            {
                "code": queue.code,
                "letter": queue.letter,
                "name": text(queue.name),
                "waiting": len(hall.line(queue.code)),
                "wait": new[queue.code].get(ORDINARY),
                "waits": new[queue.code],
                "issued": hall.issued.get(queue.code, 0),
                "limit": queue.limit,
                "full": hall.is_full(queue.code),
            }
            for queue in configuration.queues
        ],
        "services": [
            {
                "code": s.code,
                "name": text(s.name),
                "queue": s.queue,
                "wait": new[s.queue].get(ORDINARY),
                "closed": text(s.closed) if s.closed else None,
            }
            for s in configuration.services
        ],
        "windows": [window(hall, w) for w in hall.windows.values()],
        "devices": devices(hall),
        "tickets": {state: sum(1 for t in hall.tickets.values() if t.state is state) for state in State},
    }


def recommendations(view: AdviceView) -> dict[str, Any]:
    """What is recommended now, and what came of those applied today."""
    told = view.told
    newest = None
    if told is not None:
        newest = {"id": told.id, "at": moment(told.at), **msgspec.to_builtins(told.answer)}
    return {
        "stands": view.stands,
        "newest": newest,
        "applied": [
            {
                "id": done.fact.recommendation,
                "at": moment(done.fact.at),
                "until": moment(done.until),
                "undone_at": moment(done.undone_at),
                "moves": msgspec.to_builtins(done.fact.moves),
                "effect": msgspec.to_builtins(done.fact.effect),
                "came": msgspec.to_builtins(done.came),
                "verdict": done.verdict,
            }
            for done in view.done
        ],
    }
