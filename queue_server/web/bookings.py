"""Appointments, and the keys that kiosks recognise them and their residents with."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any

from apiflask import APIBlueprint
from flask import Response, request
from pydantic import BeforeValidator, Field, SecretStr, WithJsonSchema

from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.booking import book, same_booking
from queue_server.domain.calendar import day_of
from queue_server.domain.codes import AppointmentCode
from queue_server.domain.configuration import Configuration
from queue_server.domain.holder import holder_of
from queue_server.domain.refusal import Reason, Refused
from queue_server.journal.entry import event_of
from queue_server.serving import is_loopback
from queue_server.web import representation
from queue_server.web.api import LATEST, Body, Code, Nothing, cause, json, running
from queue_server.web.halls import RunningHall
from queue_server.web.problems import problem

bookings = APIBlueprint("bookings", __name__, url_prefix="/api/v1/halls/<hall>", tag="Hall")

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")


def _moment(value: object) -> object:
    """RFC 3339 with its offset as ms; a number is taken as it is."""
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be ms since 1970 UTC or like 2026-11-23T10:30:00+08:00") from None
    if moment.tzinfo is None:
        raise ValueError("must have its offset from UTC, like 2026-11-23T10:30:00+08:00")
    return round(moment.timestamp() * 1000)


SLOT_SCHEMA = {
    "anyOf": [{"type": "integer", "minimum": 0, "maximum": LATEST}, {"type": "string", "format": "date-time"}],
    "description": "When: RFC 3339, or ms since 1970 UTC.",
}


class NewAppointment(Body):
    """`id_number`: the resident's, by GB 11643. It is used to tell the card on that day, and kept nowhere."""

    service: Code
    slot: Annotated[int, Field(ge=0, le=LATEST), BeforeValidator(_moment), WithJsonSchema(SLOT_SCHEMA)]
    id_number: SecretStr | None = None


@bookings.get("/keys")
@bookings.doc(summary="The keys a kiosk works with when it is cut off; only on this machine, until kiosks are enrolled")
def keys(hall: str) -> Response:
    """Whoever has them can sign tickets and appointments, and tell whose card a holder was made from."""
    if not is_loopback(request.remote_addr or "") or any(name in request.headers for name in FORWARDED):
        return problem(403, "not-here", "Not from here", "The keys are given to programs on this machine only.")
    here = running(hall)
    state = here.replica.hall
    if state.day is None or not state.is_open:
        raise Refused(Reason.DAY_NOT_OPEN, "The hall has not opened its day.")
    day_key, code_key = here.keys.day_key(here.code, state.day), here.keys.code_key()
    answer = json({"day": state.day, "day_key": _base64url(day_key), "code_key": _base64url(code_key)})
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _base64url(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).rstrip(b"=").decode()


# --- appointments


@bookings.post("/appointments")
@bookings.input(NewAppointment, arg_name="body")
@bookings.doc(summary="Book an appointment; the same booking again is answered with the first", responses=[201, 409])
def book_appointment(hall: str, body: NewAppointment) -> Response:
    here, key = running(hall), cause()
    command = c.BookAppointment(appointment=_id(hall, key), service=body.service, slot=body.slot)
    if body.id_number is not None:
        holder = _holder(here, command, body.id_number)
        if holder is None:
            wrong = {"id_number": ["is no ID number: 18 characters, the last one a check (GB 11643)"]}
            return problem(422, "bad-id-number", "Not an ID number", "Check the ID number.", fields=wrong)
        command = replace(command, holder=holder)
    try:
        entries = here.writer.submit(command, key)
    except Refused as refused:
        if refused.reason is not Reason.APPOINTMENT_EXISTS:
            raise
        entries = []
    if entries and not isinstance(event_of(entries[0]), e.AppointmentBooked):
        raise Refused(Reason.BAD_KEY, "This Idempotency-Key was used for something else.")
    booked = same_booking(here.replica.hall, command)
    if booked is None:
        raise Refused(Reason.UNKNOWN_APPOINTMENT, "It was booked, and has been cancelled since or is past.")
    return json(_answer(here, booked), 201)


@bookings.get("/appointments/<appointment>")
@bookings.doc(summary="One appointment", responses=[404])
def appointment(hall: str, appointment: str) -> Response:
    here = running(hall)
    return json(_answer(here, _known(here, appointment)))


@bookings.post("/appointments/<appointment>/cancel")
@bookings.input(Nothing, arg_name="body")
@bookings.doc(summary="Cancel an appointment that has not checked in", responses=[404, 409])
def cancel_appointment(hall: str, appointment: str, body: Nothing) -> Response:
    here = running(hall)
    entries = here.writer.submit(c.CancelAppointment(appointment=appointment), cause())
    if not any(isinstance(event_of(entry), e.AppointmentCancelled) for entry in entries):
        raise Refused(Reason.BAD_KEY, "This Idempotency-Key was used for something else.")
    return json({"id": appointment, "cancelled": True})


def _id(hall: str, key: str) -> str:
    """The id of what is booked under a key: the same for ever, so that even a late repetition books nothing twice."""
    return base64.b32encode(sha256(f"{hall}/{key}".encode()).digest()[:10]).decode().lower()


def _holder(here: RunningHall, command: c.BookAppointment, number: SecretStr) -> str | None:
    """Who will come, by the key of that day; None for what is no number. No key is made for what would be refused."""
    try:
        book(here.replica.hall, command, here.now())
    except Refused as refused:
        if refused.reason is not Reason.APPOINTMENT_EXISTS:
            raise
    day = day_of(_configuration(here).timezone, command.slot)
    return holder_of(number.get_secret_value(), here.keys.day_key(here.code, day))


def _known(here: RunningHall, appointment: str) -> e.AppointmentBooked:
    booked = here.replica.hall.appointments.get(appointment)
    if booked is None:
        raise Refused(Reason.UNKNOWN_APPOINTMENT, "This hall knows no such appointment.")
    return booked


def _configuration(here: RunningHall) -> Configuration:
    return here.replica.hall.configuration or here.configuration


def _answer(here: RunningHall, booked: e.AppointmentBooked) -> dict[str, Any]:
    code = AppointmentCode.of(here.code, _configuration(here).timezone, booked)
    return {
        "id": booked.appointment,
        "code": code.text(here.keys.code_key()),
        "day": booked.day,
        "slot": representation.moment(booked.slot),
        "service": booked.service,
        "ticket": here.replica.hall.checked_in(booked.appointment),
    }
