"""What the API answers, as OpenAPI. Requests describe themselves; this adds answers, headers and problems.

The models here are read, never run: `representation` makes the answers, and the tests hold them against these.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from queue_server.domain.calendar import Phase
from queue_server.domain.events import Outcome
from queue_server.domain.life import State
from queue_server.forecast.said import Basis
from queue_server.web.description_moving import MOVING

KEY = "[A-Za-z0-9._:-]{1,100}"


class Problem(BaseModel):
    """RFC 9457. `type` ends in the reason, for programs; `detail` says what to do, for people."""

    type: str = Field(examples=["/problems/nothing-waiting"])
    title: str
    status: int
    detail: str
    fields: dict[str, list[str]] = Field(default={}, description="What is wrong with each field of the request.")


class Words(BaseModel):
    zh: str
    en: str


class Wait(BaseModel):
    """The middle 90 % of the time to the call, in minutes, rounded outwards."""

    low: int
    high: int
    calibrated: bool = Field(description="Whether such ranges were checked against this hall's recent days.")
    basis: Basis = Field(
        description="forecast: the hall simulated as it stands. Without a forecast, last-called: the wait of who was"
        " called last; configured: the line and the configured minutes."
    )


class Learned(BaseModel):
    """What forecasts were learned from."""

    days: int = Field(description="Of the hall's own journal, up to 60.")
    imported_days: int = Field(description="Of an old system's log, used until the hall has enough of its own.")
    calibrated: bool
    coverage: float | None = Field(description="The share of waits that lay in their range; null: not known yet.")
    waits: int = Field(description="How many waits of the last 30 days that is of.")
    goes_on: bool = Field(description="Past days are still being worked through.")


class Forecast(BaseModel):
    at: datetime | None = Field(description="When waits were last foreseen; null: not now, simpler rules are used.")
    learned: Learned | None = Field(description="Null while nothing is foreseen.")


class Ticket(BaseModel):
    id: str
    label: str = Field(description="The number on the paper.", examples=["A017"])
    queue: str
    service: str | None
    then: list[str] = Field(description="Further services of the same visit, in order.")
    class_: str = Field(alias="class", description="Ordinary, or one the law or the hall names.")
    class_confirmed: bool | None = Field(description="Whether staff confirmed the declared class; null: not asked.")
    appointment: str | None
    slot: datetime | None = Field(description="The time of its appointment.")
    state: State
    issued_at: datetime
    due_at: datetime = Field(description="The promise: when it should be called by.")
    called_at: datetime | None
    ahead: int | None = Field(description="How many will be called before it; null unless it waits.")
    wait: Wait | None = Field(description="Null unless it waits, and where nobody can say.")
    window: str | None = Field(description="Where it is called, served or expected.")
    windows: list[str] = Field(description="Open windows that may call it.")
    outcome: Outcome | None


class TicketName(BaseModel):
    id: str
    label: str


class Serves(BaseModel):
    queue: str
    helper_after: float = Field(description="Minutes after its promise until a helper may call it; 0: its own queue.")


class Window(BaseModel):
    code: str
    name: Words | None
    state: str = Field(description="closed, open or paused; called or serving while it has a ticket.")
    ticket: TicketName | None
    serves: list[Serves]
    held: int = Field(description="Tickets that wait for this window only.")


class WindowAnswer(BaseModel):
    """What a press at a window came to."""

    seq: int
    window: Window
    ticket: Ticket | None = Field(description="The ticket the press was about.")


class Queue(BaseModel):
    code: str
    letter: str
    name: Words
    waiting: int
    wait: Wait | None = Field(description="Of an ordinary ticket taken now; null where nobody can say.")
    waits: dict[str, Wait | None] = Field(description="The same by class of resident.")
    issued: int = Field(description="Tickets handed out for it today.")
    limit: int | None = Field(description="Tickets a day at most.")
    full: bool = Field(description="No more tickets today, but for appointments.")


class Service(BaseModel):
    code: str
    name: Words
    queue: str
    wait: Wait | None = Field(description="That of its queue.")
    closed: Words | None = Field(description="Why it cannot be had now.")


class Opening(BaseModel):
    opens: str = Field(examples=["08:30"])
    closes: str


class Hours(BaseModel):
    """In the hall's time zone. Weekdays: 1 Monday … 7 Sunday."""

    periods: list[Opening]
    weekdays: list[int]
    holidays: list[str]
    workdays: list[str] = Field(description="Weekend days that are worked.")


class Device(BaseModel):
    device: str = Field(examples=["K1/printer"])
    health: str
    detail: str
    since: datetime


class Hall(BaseModel):
    hall: str
    name: Words
    seq: int = Field(description="The newest entry of the journal this is made from.")
    at: datetime
    day: str | None
    open: bool = Field(description="Whether the day is open.")
    phase: Phase = Field(description="Where the time stands in the opening hours.")
    timezone: str = Field(examples=["Asia/Shanghai"])
    hours: Hours
    queues: list[Queue]
    services: list[Service]
    windows: list[Window]
    devices: list[Device] = Field(description="Devices that have reported today.")
    tickets: dict[State, int] = Field(description="How many of today's tickets are in each state.")


class Number(BaseModel):
    number: int
    label: str | None
    day: str
    queue: str


class PaperAnswer(BaseModel):
    new: bool = Field(description="False: the hall knew of it already.")
    ticket: Ticket


class Appointment(BaseModel):
    id: str
    code: str = Field(description="For a QR code; a kiosk reads it. It says no word of who comes.")
    day: str
    slot: datetime
    service: str
    ticket: str | None = Field(description="The ticket it was checked in with.")


class Cancelled(BaseModel):
    id: str
    cancelled: bool


class Keys(BaseModel):
    """Secrets, in base64url. The day's key is destroyed when the day is closed."""

    day: str
    day_key: str
    code_key: str


class DayClosed(BaseModel):
    expired: list[str] = Field(description="The numbers that still waited.")


class Receipt(BaseModel):
    cursor: int = Field(description="The sender's last entry the hall has. The next batch begins with it or after it.")


class Parcel(BaseModel):
    """One entry of the sender's journal. Times are milliseconds since 1970 UTC."""

    seq: int = Field(ge=1, description="Its place in the sender's journal; without gaps.")
    id: str = Field(pattern=f"^{KEY}$", description="By this id the fact is known for ever.")
    cause: str = Field(pattern=f"^{KEY}$", description="The id of the press it came from.")
    at: int = Field(ge=0)
    kind: str = Field(pattern="^[A-Z][A-Za-z0-9]{0,99}$", examples=["TicketIssued"])
    data: dict[str, Any] = Field(description="The fact, on one line; its `at` is the entry's.")


class HallHealth(BaseModel):
    writable: bool
    fault: str | None
    day: str | None
    open: bool
    seq: int
    followers: int
    browsers: int
    devices: list[Device]


class Health(BaseModel):
    status: str = Field(description="ok or unwell.")
    halls: dict[str, HallHealth]


ANSWERS: tuple[type[BaseModel], ...] = (
    Hall, Ticket, PaperAnswer, WindowAnswer, Number, Appointment, Cancelled, Keys, DayClosed, Receipt, Parcel, Health,
    Forecast, Problem, *MOVING.values(),
)  # fmt: skip
PROBLEMS = {
    "400": "Not JSON, or a header that cannot be read",
    "403": "Not from this machine",
    "404": "Unknown hall, window, ticket, appointment or recommendation",
    "409": "Refused by a rule of the hall, or it cannot be foreseen",
    "413": "Longer than 1 MiB",
    "415": "Not application/json",
    "422": "JSON of the wrong shape, or it names what this hall does not have",
    "503": "The journal, the keys or the forecaster cannot be used now, or there are too many followers",
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The id of this press, minted by the client. A request repeated with it gets its first answer.",
    "schema": {"type": "string", "pattern": f"^{KEY}$"},
}
_LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The seq of the last entry the follower has; 0: from the beginning. Without it: since yesterday.",
    "schema": {"type": "integer", "minimum": 0, "maximum": 10**18 - 1},
}


def describe(spec: dict[Any, Any] | str) -> dict[Any, Any] | str:
    """The finished OpenAPI document, from the one the routes give."""
    assert isinstance(spec, dict)  # it would be text if it were asked for as YAML
    _, schemas = models_json_schema(
        [(answer, "serialization") for answer in ANSWERS], ref_template="#/components/schemas/{model}"
    )
    components = spec["components"]["schemas"]
    for unused in ("HTTPError", "ValidationError"):
        components.pop(unused, None)
    components |= schemas["$defs"]
    components["JournalBody"]["properties"]["entries"]["items"] = {"$ref": "#/components/schemas/Parcel"}
    spec["servers"] = [{"url": "/"}]
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            _describe(path, method, operation)
    return spec


def _describe(path: str, method: str, operation: dict[str, Any]) -> None:
    operation["operationId"] = "-".join([method, *re.findall(r"[\w-]+", path.removeprefix("/api/v1"))])
    parameters = operation.setdefault("parameters", [])
    codes = {"404"} if "{hall}" in path else set()
    if method in {"post", "put"}:
        parameters.append(_IDEMPOTENCY_KEY)
        operation["requestBody"]["required"] = True
        codes |= PROBLEMS.keys() - {"403"}
    if path.endswith("/keys"):
        codes |= {"403", "409", "503"}
    if "/appointments" in path:
        codes.add("503")
    if path.endswith("/plan"):
        codes |= {"409", "503"}
    if path.endswith("/feed"):
        parameters.append(_LAST_EVENT_ID)
        codes.add("400")
    if path.endswith(("/feed", "/changes")):
        codes.add("503")
        well, content = "200", {"text/event-stream": {"schema": {"type": "string"}}}
    else:
        well = "201" if "201" in operation["responses"] else "200"
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{_answer(path).__name__}"}}}
    said = operation["responses"].get(well, {}).get("description")
    operation["responses"] = {
        well: {"description": said or "Done", "content": content},
        **{code: _problem(code) for code in sorted(codes)},
    }
    if path == "/healthz":
        operation["responses"]["503"] = {"description": "Unwell: a journal cannot be written", "content": content}


def _answer(path: str) -> type[BaseModel]:
    answers: tuple[tuple[str, type[BaseModel]], ...] = (
        *MOVING.items(),
        ("/windows/", WindowAnswer),
        ("/tickets/paper", PaperAnswer),
        ("/tickets", Ticket),
        ("/cancel", Cancelled),
        ("/appointments", Appointment),
        ("/keys", Keys),
        ("/forecast", Forecast),
        ("/numbers", Number),
        ("/day/close", DayClosed),
        ("/journal/", Receipt),
        ("/healthz", Health),
    )
    return next((answer for part, answer in answers if part in path), Hall)


def _problem(code: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": PROBLEMS[code], "content": content}
