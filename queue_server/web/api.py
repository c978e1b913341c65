"""The HTTP API of a hall, version 1. Described by OpenAPI 3.1 at `/openapi.json`, readable at `/docs`."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, cast

import msgspec
from apiflask import APIBlueprint
from flask import Response, current_app, request
from pydantic import BaseModel, ConfigDict, Field

from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.codes import Rejected, TicketCode
from queue_server.domain.configuration import ORDINARY, Serves
from queue_server.domain.numbering import label
from queue_server.domain.refusal import Reason, Refused
from queue_server.journal.entry import Entry, event_of
from queue_server.journal.ids import uuid7
from queue_server.journal.push import Batch, Parcel, Receipt
from queue_server.keys import KeysUnavailable
from queue_server.web import representation
from queue_server.web.halls import Halls, RunningHall
from queue_server.web.problems import problem

log = logging.getLogger("bianmin.web")

api = APIBlueprint("api", __name__, url_prefix="/api/v1/halls/<hall>", tag="Hall")

KEY = re.compile(r"[A-Za-z0-9._:-]{1,100}")
LEND_WITHIN = 0.4
"""Seconds: a kiosk that asks for a number waits 0.7 s for it."""
KIND = re.compile(r"[A-Z][A-Za-z0-9]{0,99}")
LATEST = 10**13
"""The last instant taken from outside, in 2286: a time has to stay one that a calendar can show."""
FACTS_OF_OTHERS = frozenset({"TicketIssued", "TicketVoided", "DeviceReported"})
"""Kinds other machines may write; everything else is the hall's own to decide."""

Code = Annotated[str, Field(min_length=1, max_length=64)]
Minutes = Annotated[float, Field(ge=0, le=600, allow_inf_nan=False)]


class Body(BaseModel):
    """A request body: the right types, and nothing unknown."""

    model_config = ConfigDict(extra="forbid", strict=True)


class NewTicket(Body):
    """A service, or a queue where only that is known. `slot`: an appointment's time, ms since 1970 UTC.

    `then`: further services of the same visit, in order. `appointment`: the one that checks in with it; service and
    slot are then the appointment's.
    """

    service: Code | None = None
    queue: Code | None = None
    klass: Code = Field(default=ORDINARY, alias="class")
    slot: Annotated[int, Field(ge=0, le=LATEST)] | None = None
    then: Annotated[list[Code], Field(max_length=20)] = []
    appointment: Code | None = None


class Paper(Body):
    """The text of the QR code on a ticket: the signed code, or the address of the ticket's page, which ends in it.

    A kiosk that has never heard from its hall prints the ticket's id alone: it is found only if the hall knows it.
    """

    code: Annotated[str, Field(min_length=1, max_length=400)]


class NewNumber(Body):
    """`appointment`: the one the number is for; a full queue still takes it."""

    kiosk: Code
    queue: Code
    appointment: Code | None = None


class Void(Body):
    reason: Code


class Nothing(Body):
    pass


class OnTicket(Body):
    """`ticket`: the id of the ticket meant; refused as moved-on if the window has another one by now."""

    ticket: Code | None = None


class CallNextBody(OnTicket):
    """With `outcome`, the ticket being served is finished with it first."""

    outcome: Annotated[e.Outcome, Field(strict=False)] | None = None


class CallBody(Body):
    ticket: Code


class ConfirmBody(OnTicket):
    """Whether the resident showed what the declared class asks for. If not, the ticket becomes an ordinary one."""

    confirmed: bool


class FinishBody(OnTicket):
    outcome: Annotated[e.Outcome, Field(strict=False)] = e.Outcome.DONE


class ParkBody(OnTicket):
    minutes: Minutes | None = None


class TransferBody(OnTicket):
    queue: Code
    to_window: Code | None = None


class ServesBody(Body):
    queue: Code
    helper_after: Minutes = 0


class QueuesBody(Body):
    serves: Annotated[list[ServesBody], Field(max_length=50)]


class JournalBody(Body):
    """A batch of another machine's journal, as `queue_server.journal.push` packs it."""

    journal: Code
    entries: Annotated[list[dict[str, Any]], Field(max_length=1000)]
    last: Annotated[int, Field(ge=0)] = 0


def json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, content_type="application/json")


def running(code: str) -> RunningHall:
    return cast(Halls, current_app.extensions["bianmin"])[code]


def cause() -> str:
    """The id of this press: what the client minted, so that a repeated request gets its first answer."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return uuid7()
    if not KEY.fullmatch(key):
        raise Refused(Reason.BAD_KEY, "Idempotency-Key must be 1 … 100 letters, digits or . _ : -")
    return key


def _ticket_answer(here: RunningHall, entries: list[Entry]) -> dict[str, Any]:
    """The ticket the entries are about (the last one named), as it is now."""
    hall = here.replica.hall
    for entry in reversed(entries):
        event = event_of(entry)
        id_ = getattr(event, "ticket", None)
        if id_ in hall.tickets:
            return representation.ticket(hall, hall.tickets[id_], here.waits)
    raise Refused(Reason.UNKNOWN_TICKET, "That was done on an earlier day.")


# --- reading


@api.get("")
@api.doc(summary="The hall now: queues, services, windows, waits")
def hall(hall: str) -> Response:
    here = running(hall)
    replica = here.replica
    return json(representation.hall(here.configuration, replica.hall, here.waits, seq=replica.seq, at=here.now()))


@api.get("/tickets/<ticket>")
@api.doc(summary="One ticket: state, how many ahead, expected wait", responses=[404])
def ticket(hall: str, ticket: str) -> Response:
    here = running(hall)
    found = here.replica.hall.tickets.get(ticket)
    if found is None:
        raise Refused(Reason.UNKNOWN_TICKET, "There is no such ticket today.")
    return json(representation.ticket(here.replica.hall, found, here.waits))


@api.get("/forecast")
@api.doc(summary="What predicted waits rest on, and how often they came true")
def forecast(hall: str) -> Response:
    here = running(hall)
    return json(representation.forecast(here.foresight.latest, here.foresight.learning))


# --- tickets and numbers


@api.post("/tickets")
@api.input(NewTicket, arg_name="body")
@api.doc(summary="Issue a ticket", responses=[201, 409])
def issue(hall: str, body: NewTicket) -> Response:
    here = running(hall)
    here.returning.wait()
    command = c.IssueTicket(
        ticket=uuid7(), service=body.service, queue=body.queue, klass=body.klass, slot=body.slot, source="api",
        then=tuple(body.then), appointment=body.appointment,
    )  # fmt: skip
    entries = here.writer.submit(command, cause())
    return json(_ticket_answer(here, entries), 201)


@api.post("/tickets/paper")
@api.input(Paper, arg_name="body")
@api.doc(summary="Take the paper of a kiosk that has not told of it", responses=[409])
def paper(hall: str, body: Paper) -> Response:
    here = running(hall)
    text = body.code.strip().rpartition("/")[2]
    known = here.replica.hall.tickets.get(text)
    if known is not None:
        return json({"new": False, "ticket": representation.ticket(here.replica.hall, known, here.waits)})
    try:
        code = TicketCode.read(text, here.keys.code_key(), here.now())
    except Rejected as rejected:
        raise Refused(Reason.BAD_CODE, f"This is no ticket that is good today ({rejected.flaw}).") from rejected
    if code.hall != here.code:
        raise Refused(Reason.BAD_CODE, f"{code.label} is a ticket of hall {code.hall}.")
    command = c.AcceptPaper(
        ticket=code.ticket, label=code.label, klass=code.klass, taken_at=code.taken_at, source=code.kiosk,
        service=code.service, slot=code.slot,
    )  # fmt: skip
    entries = here.writer.submit(command, cause())
    state = here.replica.hall
    if code.ticket not in state.tickets:
        raise Refused(Reason.BAD_KEY, "This Idempotency-Key was used for something else.")
    ticket = representation.ticket(state, state.tickets[code.ticket], here.waits)
    return json({"new": bool(entries), "ticket": ticket})


@api.post("/tickets/<ticket>/void")
@api.input(Void, arg_name="body")
@api.doc(summary="Void a waiting ticket", responses=[404, 409])
def void(hall: str, ticket: str, body: Void) -> Response:
    here = running(hall)
    entries = here.writer.submit(c.VoidTicket(ticket=ticket, reason=body.reason), cause())
    return json(_ticket_answer(here, entries))


@api.post("/tickets/<ticket>/restore")
@api.input(Nothing, arg_name="body")
@api.doc(summary="Let a no-show wait again", responses=[404, 409])
def restore(hall: str, ticket: str, body: Nothing) -> Response:
    here = running(hall)
    entries = here.writer.submit(c.RestoreTicket(ticket=ticket), cause())
    return json(_ticket_answer(here, entries))


@api.post("/numbers")
@api.input(NewNumber, arg_name="body")
@api.doc(summary="Lend a kiosk one number of a queue's series", responses=[201, 409])
def numbers(hall: str, body: NewNumber) -> Response:
    here = running(hall)
    if not here.returning.wait(LEND_WITHIN):
        return problem(503, "just-started", "Just started", "Kiosks that may hold numbers have not come back yet.")
    entries = here.writer.submit(c.BorrowNumber(**body.model_dump()), cause())
    lent = event_of(entries[0])
    if not isinstance(lent, e.NumberLent):
        raise Refused(Reason.BAD_KEY, "This Idempotency-Key was used for something else.")
    queue = here.replica.hall.configuration.queue.get(lent.queue) if here.replica.hall.configuration else None
    return json(
        {
            "number": lent.number,
            "label": label(queue, lent.number) if queue else None,
            "day": lent.day,
            "queue": lent.queue,
        },
        201,
    )


# --- windows

ACTIONS: dict[str, tuple[type[Body], str, Callable[[str, Any], c.Command]]] = {
    "open": (Nothing, "Open, or go on after a pause", lambda w, b: c.OpenWindow(window=w)),
    "pause": (Nothing, "Pause", lambda w, b: c.PauseWindow(window=w)),
    "close": (Nothing, "Close", lambda w, b: c.CloseWindow(window=w)),
    "call-next": (
        CallNextBody,
        "Call the ticket whose promise is most at risk",
        lambda w, b: c.CallNext(window=w, ticket=b.ticket, outcome=b.outcome),
    ),
    "call": (CallBody, "Call this very ticket", lambda w, b: c.CallTicket(window=w, ticket=b.ticket)),
    "recall": (OnTicket, "Call the same ticket again", lambda w, b: c.Recall(window=w, ticket=b.ticket)),
    "start": (OnTicket, "The resident came; serving starts", lambda w, b: c.Start(window=w, ticket=b.ticket)),
    "finish": (
        FinishBody,
        "Serving ended, with its outcome",
        lambda w, b: c.Finish(window=w, ticket=b.ticket, outcome=b.outcome),
    ),
    "no-show": (OnTicket, "Nobody came", lambda w, b: c.MarkNoShow(window=w, ticket=b.ticket)),
    "confirm-class": (
        ConfirmBody,
        "The declared class was shown to be right, or not",
        lambda w, b: c.ConfirmClass(window=w, ticket=b.ticket, confirmed=b.confirmed),
    ),
    "park": (
        ParkBody,
        "Set aside, to come back to this window",
        lambda w, b: c.Park(window=w, ticket=b.ticket, minutes=b.minutes),
    ),
    "transfer": (
        TransferBody,
        "Send on to a queue or a window",
        lambda w, b: c.Transfer(window=w, ticket=b.ticket, queue=b.queue, to_window=b.to_window),
    ),
}


def _act(build: Callable[[str, Any], c.Command], hall: str, window: str, body: Body) -> Response:
    return _window_answer(running(hall), build(window, body), window)


def _window_answer(here: RunningHall, command: c.Command, window: str) -> Response:
    entries = here.writer.submit(command, cause())
    state = here.replica.hall
    if window not in state.windows:
        raise Refused(Reason.BAD_KEY, "This Idempotency-Key was used for something else.")
    about = [getattr(event_of(entry), "ticket", None) for entry in entries]
    ticket = state.tickets.get(about[-1]) if about and about[-1] else None
    return json(
        {
            "seq": here.replica.seq,
            "window": representation.window(state, state.windows[window]),
            "ticket": representation.ticket(state, ticket, here.waits) if ticket else None,
        }
    )


for _action, (_model, _summary, _build) in ACTIONS.items():
    _view: Callable[..., Response] = partial(_act, _build)
    _view.__name__ = _action.replace("-", "_")
    _view = api.input(_model, arg_name="body")(_view)
    api.post(f"/windows/<window>/{_action}")(api.doc(summary=_summary, responses=[404, 409])(_view))


@api.put("/windows/<window>/queues")
@api.input(QueuesBody, arg_name="body")
@api.doc(summary="Which queues a window serves: own, or helper after some minutes", responses=[404])
def queues(hall: str, window: str, body: QueuesBody) -> Response:
    serves = tuple(Serves(queue=s.queue, helper_after=s.helper_after) for s in body.serves)
    return _window_answer(running(hall), c.AssignQueues(window=window, serves=serves), window)


# --- the day


@api.post("/day/close")
@api.input(Nothing, arg_name="body")
@api.doc(summary="Close the day: what still waits expires", responses=[409])
def close_day(hall: str, body: Nothing) -> Response:
    here = running(hall)
    entries = here.writer.submit(c.CloseDay(), cause())
    try:
        here.forget_keys()
    except KeysUnavailable as error:  # the day is closed all the same; it is tried again and again
        log.error("the day's key could not be destroyed", extra={"hall": hall, "detail": str(error)})
    expired = [event.ticket for event in map(event_of, entries) if isinstance(event, e.TicketExpired)]
    tickets = here.replica.hall.tickets
    return json({"expired": [tickets[id_].label for id_ in expired if id_ in tickets]})


# --- facts of other machines


@api.post("/journal/<source>")
@api.input(JournalBody, arg_name="body")
@api.doc(summary="Facts written by a kiosk, in order; each is taken once", responses=[409])
def journal(hall: str, source: str, body: JournalBody) -> Response:
    here = running(hall)
    try:
        batch = msgspec.json.decode(request.get_data(), type=Batch)  # again, for the very bytes of each fact
        entries = tuple(_foreign(hall, parcel) for parcel in batch.entries)
    except ValueError as error:
        return problem(422, "bad-entry", "An entry cannot be taken", str(error))
    name = f"{source}/{batch.journal}"
    if entries:
        here.writer.absorb(name, entries)
    cursor = here.replica.store.cursor(hall, name)
    if cursor >= batch.last:
        here.returning.told(source)
    return json(Receipt(cursor=cursor))


def _foreign(hall: str, parcel: Parcel) -> Entry:
    if parcel.kind in e.KINDS and parcel.kind not in FACTS_OF_OTHERS:
        raise ValueError(f"entry {parcel.seq}: {parcel.kind} is the hall's own to write")
    data = bytes(parcel.data)
    fields = msgspec.json.decode(data)
    if b"\n" in data or b"\r" in data or not isinstance(fields, dict) or fields.get("at") != parcel.at:
        raise ValueError(f"entry {parcel.seq}: data must be one line of JSON, an object whose `at` is the entry's")
    for name, value in (("id", parcel.id), ("cause", parcel.cause)):
        if not KEY.fullmatch(value):
            raise ValueError(f"entry {parcel.seq}: {name} must be 1 … 100 letters, digits or . _ : -")
    if not KIND.fullmatch(parcel.kind):  # `hello`, for one, means something else on the feed
        raise ValueError(f"entry {parcel.seq}: kind must be a capital letter and up to 99 letters or digits")
    for name in ("at", "due_at", "slot"):
        instant = fields.get(name)
        if isinstance(instant, int) and not 0 <= instant <= LATEST:
            raise ValueError(f"entry {parcel.seq}: {name} must be 0 … {LATEST}")
    if parcel.seq < 1:
        raise ValueError(f"entry {parcel.seq}: seq must be from 1 up")
    return Entry(
        hall=hall, seq=parcel.seq, id=parcel.id, cause=parcel.cause, at=parcel.at, kind=parcel.kind, data=data, hash=""
    )
