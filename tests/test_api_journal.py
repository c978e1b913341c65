"""Facts that other machines tell a real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from answers import fits, refused
from servers import Answer, Client

from queue_server.domain.refusal import Reason
from queue_server.journal.replica import clock


def parcel(seq: int, **change: Any) -> dict[str, Any]:
    at = clock()
    return {"seq": seq, "id": f"p{at}-{seq}", "cause": "c", "at": at, "kind": "Later", "data": {"at": at}} | change


def issued(ticket: str, day: str, **change: Any) -> dict[str, Any]:
    return {
        "at": clock(), "ticket": ticket, "day": day, "queue": "A", "number": 905, "label": "A905", "klass": "ordinary",
        "due_at": clock(), "source": "K1",
    } | change  # fmt: skip


@pytest.fixture
def tell(hall: Client, request: pytest.FixtureRequest) -> Callable[..., Answer]:
    """Posts a batch from a journal that only this test has."""
    journal = f"{abs(hash(request.node.name))}"

    def post(*parcels: Any, source: str = "K1") -> Answer:
        return hall.post(f"/journal/{source}", {"journal": journal, "entries": list(parcels)})

    return post


def test_a_kiosk_tells_its_tickets_and_learns_how_far_the_hall_has_heard(
    hall: Client, tell: Callable[..., Answer], document: dict[str, Any]
) -> None:
    day = hall.get().json["day"]
    assert fits(document, tell(), "Receipt") == {"cursor": 0}
    data = issued("told-1", day)
    fact = parcel(1, kind="TicketIssued", at=data["at"], data=data)
    void = {"at": clock(), "ticket": "told-1", "reason": "printer"}
    assert tell(fact).json == {"cursor": 1}
    assert hall.get("/tickets/told-1").json["label"] == "A905"
    before = hall.seq
    assert tell(fact).json == {"cursor": 1}
    assert hall.seq == before
    assert tell(fact, parcel(2, kind="TicketVoided", at=void["at"], data=void)).json == {"cursor": 2}
    assert hall.get("/tickets/told-1").json["state"] == "voided"
    assert tell(source="K2").json == {"cursor": 0}


def test_a_batch_out_of_order_is_refused(hall: Client, tell: Callable[..., Answer]) -> None:
    before = hall.seq
    assert "next fact expected" in refused(tell(parcel(2)), 409, Reason.OUT_OF_ORDER)
    refused(tell(parcel(1), parcel(3)), 409, Reason.OUT_OF_ORDER)
    assert hall.seq == before


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "DayClosed"},
        {"kind": "TicketCalled"},
        {"kind": "ConfigurationApplied"},
        {"kind": "hello"},
        {"kind": "Two Words"},
        {"kind": "Line\nEnd"},
        {"kind": ""},
        {"kind": 7},
        {"id": ""},
        {"id": "x" * 101},
        {"id": 'quo"te'},
        {"id": None},
        {"cause": "a b"},
        {"seq": 0},
        {"seq": -1},
        {"seq": 1.5},
        {"seq": True},
        {"seq": "1"},
        {"at": 1},
        {"at": "now"},
        {"at": 10**30, "data": {"at": 10**30}},
        {"at": -1, "data": {"at": -1}},
        {"at": 2**63, "data": {"at": 2**63}},
        {"data": {}},
        {"data": []},
        {"data": "text"},
        {"data": None},
    ],
)
def test_a_fact_that_cannot_be_one_is_refused_and_nothing_of_its_batch_is_taken(
    change: dict[str, Any], hall: Client, tell: Callable[..., Answer]
) -> None:
    before = hall.seq
    refused(tell(parcel(1) | change), 422, "bad-entry")
    refused(tell(parcel(1), parcel(2) | change), 422, "bad-entry")
    assert hall.seq == before


@pytest.mark.parametrize("change", [{"due_at": 10**16}, {"slot": 10**30}, {"due_at": -1}])
def test_a_ticket_whose_times_no_calendar_shows_is_refused(
    change: dict[str, Any], hall: Client, tell: Callable[..., Answer]
) -> None:
    data = issued("out-of-time", hall.get().json["day"], **change)
    refused(tell(parcel(1, kind="TicketIssued", at=data["at"], data=data)), 422, "bad-entry")


@pytest.mark.parametrize("space", [b"\n", b"\r"])
def test_a_fact_on_more_than_one_line_is_refused(space: bytes, hall: Client) -> None:
    body = json.dumps({"journal": "lines", "entries": [parcel(1, at=5, data={"at": 5})]}).encode()
    body = body.replace(b'{"at": 5}', b'{"at":' + space + b"5}")
    answer = hall.send("POST", "/journal/K1", body, Content_Type="application/json")
    assert "one line" in refused(answer, 422, "bad-entry")


def test_a_known_fact_that_lacks_something_is_kept_and_changes_nothing(
    hall: Client, tell: Callable[..., Answer]
) -> None:
    tickets, seq = hall.get().json["tickets"], hall.seq
    assert tell(parcel(1, kind="TicketIssued")).json == {"cursor": 1}
    assert hall.get().json["tickets"] == tickets
    assert hall.seq == seq + 1
