"""schemathesis, from our own OpenAPI document against a real server: right and wrong requests of every route.

The addresses are narrowed to what the test hall has (and something it has not), so that requests get past them.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from servers import HALL, Client, Server

from queue_server.app import create_app
from queue_server.journal.verify import verify
from queue_server.web.halls import Halls

EXAMPLES = 12
THERE = {
    "hall": [HALL, "nowhere"],
    "window": ["1", "2", "99"],
    "ticket": ["t1", "t2", "t3", "nobody"],
    "source": ["K1", "K2"],
    "queue": ["A", "B", "Q"],
    "service": ["licence", "tax", "nothing"],
    "class": ["ordinary", "military", "king"],
    "kiosk": ["K1", "K9"],
    "to_window": ["1", "2", "99"],
    "journal": ["disk"],
    "appointment": ["a1", "nobody"],
    "recommendation": ["nobody"],
}
BODIES = {
    *(
        "NewTicket",
        "NewNumber",
        "NewAppointment",
        "ConfirmBody",
        "OnTicket",
        "CallNextBody",
        "CallBody",
        "FinishBody",
        "ParkBody",
        "TransferBody",
    ),
    *("JournalBody", "QueuesBody.ServesBody"),
}


def no_mistake_of_the_server(context: Any, response: Any, case: schemathesis.Case) -> bool | None:
    """That the forecaster is busy or not there yet is none."""
    away = response.status_code == 503 and response.json()["type"] == "/problems/forecaster-away"
    return None if away else not_a_server_error(context, response, case)


CHECKS = [
    no_mistake_of_the_server,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]


def narrowed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the values of `THERE` where requests have fields and addresses of those names."""
    document = deepcopy(document)
    for path, methods in document["paths"].items():
        for operation in methods.values():
            if not path.endswith(("/tickets", "/call-next")):  # a key met before would hide what the others do
                operation["parameters"] = [p for p in operation["parameters"] if p["name"] != "Idempotency-Key"]
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    parameter["schema"]["enum"] = THERE[parameter["name"]]
    for shape, schema in document["components"]["schemas"].items():
        for name, field in schema.get("properties", {}).items():
            if name in THERE and shape in BODIES:
                (field["anyOf"][0] if "anyOf" in field else field)["enum"] = THERE[name]
    return document


app = create_app(Halls({}))
with app.app_context():
    document = app.spec
schema = schemathesis.openapi.from_dict(narrowed(document))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("hall"), "--always-open", forecast=True) as running:
        yield running
        log = running.log
        running.kill()
        assert '"level": "error"' not in log, log
        assert verify(running.journal)[0].sound


@pytest.fixture(scope="module")
def hall(server: Server) -> Client:
    """The hall with tickets at the addresses that are tried."""
    client = server.client()
    at, day = 1, client.get().json["day"]
    for number in (1, 2, 3):
        data = {
            "at": at, "ticket": f"t{number}", "day": day, "queue": "A", "number": 900 + number,
            "label": f"A{900 + number}", "klass": "ordinary", "due_at": at, "source": "K1",
        }  # fmt: skip
        entry = {"seq": number, "id": f"e{number}", "cause": "x", "at": at, "kind": "TicketIssued", "data": data}
        assert client.post("/journal/K1", {"journal": "first", "entries": [entry]}).status == 200
    return client


@schema.exclude(path_regex="/(feed|changes|day/close)$").parametrize()
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
def test_no_request_is_a_mistake_of_the_server_and_every_answer_is_as_described(
    case: schemathesis.Case, server: Server, hall: Client
) -> None:
    case.call_and_validate(base_url=server.url, checks=CHECKS)
