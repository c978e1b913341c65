"""The HTTP API of a real server: what each route does, and what the rules refuse."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from answers import ACTIONS, fits, refused
from servers import HALL, WINDOWS, Answer, Client, Server, city

from queue_server.domain.refusal import Reason
from queue_server.journal.replica import clock

MINUTE = 60_000


_windows = cycle(WINDOWS)


@pytest.fixture
def window(hall: Client) -> Iterator[str]:
    """An open window without a ticket."""
    code = next(_windows)
    assert hall.do(code, "open").status == 200
    yield code
    state = hall.do(code, "open").json["window"]["state"]
    ending = {"called": "no-show", "serving": "finish"}.get(state)
    if ending:
        assert hall.do(code, ending).status == 200


# --- tickets


def test_a_ticket_is_issued_for_a_queue(hall: Client, document: dict[str, Any]) -> None:
    answer = hall.post("/tickets", {"queue": "A"})
    assert answer.status == 201
    ticket = fits(document, answer, "Ticket")
    assert ticket["label"].startswith("A")
    assert (ticket["queue"], ticket["service"], ticket["class"]) == ("A", None, "ordinary")
    assert (ticket["state"], ticket["outcome"], ticket["called_at"]) == ("waiting", None, None)
    assert fits(document, hall.get(f"/tickets/{ticket['id']}"), "Ticket")["label"] == ticket["label"]


def test_a_ticket_is_issued_for_a_service_of_a_class_and_with_an_appointment(hall: Client) -> None:
    ticket = hall.post("/tickets", {"service": "tax", "class": "military"}).json
    assert (ticket["queue"], ticket["service"], ticket["class"]) == ("B", "tax", "military")
    hall.post(f"/tickets/{ticket['id']}/void", {"reason": "it would be called before all others"})
    slot = clock() + 30 * MINUTE
    ticket = hall.post("/tickets", {"service": "licence", "queue": "A", "class": "appointment", "slot": slot}).json
    assert ticket["due_at"] > ticket["issued_at"]


def test_numbers_of_a_queue_follow_each_other_and_each_ticket_knows_how_many_are_ahead(hall: Client) -> None:
    tickets = [hall.post("/tickets", {"queue": "C"}).json for _ in range(3)]
    first = int(tickets[0]["label"][1:])
    assert [ticket["label"] for ticket in tickets] == [f"C{first + n:03d}" for n in range(3)]
    assert [ticket["ahead"] - tickets[0]["ahead"] for ticket in tickets] == [0, 1, 2]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"queue": "Q"}, Reason.UNKNOWN_QUEUE),
        ({}, Reason.UNKNOWN_QUEUE),
        ({"service": "Q"}, Reason.UNKNOWN_SERVICE),
        ({"service": "tax", "queue": "A"}, Reason.UNKNOWN_QUEUE),
        ({"queue": "A", "class": "king"}, Reason.UNKNOWN_CLASS),
    ],
)
def test_a_ticket_for_what_the_hall_does_not_have_is_refused(body: Any, reason: Reason, hall: Client) -> None:
    refused(hall.post("/tickets", body), 422, reason)


def test_a_ticket_can_be_voided_once(hall: Client) -> None:
    ticket = hall.issue()
    assert hall.post(f"/tickets/{ticket}/void", {"reason": "printer"}).json["state"] == "voided"
    refused(hall.post(f"/tickets/{ticket}/void", {"reason": "printer"}), 409, Reason.WRONG_STATE)
    refused(hall.post("/tickets/nobody/void", {"reason": "printer"}), 404, Reason.UNKNOWN_TICKET)


def test_an_unknown_ticket_is_not_found(hall: Client) -> None:
    refused(hall.get("/tickets/nobody"), 404, Reason.UNKNOWN_TICKET)
    refused(hall.post("/tickets/nobody/restore"), 404, Reason.UNKNOWN_TICKET)


def test_a_no_show_is_restored_once(hall: Client, window: str) -> None:
    ticket = hall.issue()
    refused(hall.post(f"/tickets/{ticket}/restore"), 409, Reason.WRONG_STATE)
    for expected in ("waiting", ""):
        hall.do(window, "call", ticket=ticket)
        assert hall.do(window, "no-show").json["ticket"]["state"] == "no-show"
        answer = hall.post(f"/tickets/{ticket}/restore")
        if expected:
            assert answer.json["state"] == expected
        else:
            refused(answer, 409, Reason.TOO_OFTEN)


def test_a_kiosk_borrows_numbers(hall: Client, document: dict[str, Any]) -> None:
    answer = hall.post("/numbers", {"kiosk": "K1", "queue": "B"})
    assert answer.status == 201
    lent = fits(document, answer, "Number")
    assert lent["label"] == f"B{lent['number']:03d}"
    assert hall.post("/numbers", {"kiosk": "K2", "queue": "B"}).json["number"] == lent["number"] + 1
    refused(hall.post("/numbers", {"kiosk": "K9", "queue": "B"}), 422, Reason.UNKNOWN_KIOSK)
    refused(hall.post("/numbers", {"kiosk": "K1", "queue": "Q"}), 422, Reason.UNKNOWN_QUEUE)


# --- windows


def test_a_ticket_is_called_served_and_finished(hall: Client, window: str, document: dict[str, Any]) -> None:
    ticket = hall.issue(**{"class": "military"})
    answer = fits(document, hall.do(window, "call-next"), "WindowAnswer")
    assert answer["ticket"]["id"] == ticket
    assert answer["window"]["state"] == answer["ticket"]["state"] == "called"
    assert answer["ticket"]["window"] == window
    assert hall.do(window, "start", ticket=ticket).json["window"]["state"] == "serving"
    answer = hall.do(window, "finish", ticket=ticket, outcome="materials-missing").json
    assert (answer["ticket"]["state"], answer["ticket"]["outcome"]) == ("finished", "materials-missing")
    assert answer["window"] | {"ticket": None, "state": "open"} == answer["window"]
    assert answer["seq"] == hall.seq


def test_with_an_outcome_the_next_call_finishes_the_ticket_before(hall: Client, window: str) -> None:
    first = hall.issue()
    hall.do(window, "call", ticket=first)
    hall.do(window, "start")
    second = hall.issue(**{"class": "military"})
    assert hall.do(window, "call-next", ticket=first, outcome="accepted").json["ticket"]["id"] == second
    assert hall.get(f"/tickets/{first}").json["outcome"] == "accepted"


def test_a_press_meant_for_another_ticket_is_refused_as_moved_on(hall: Client, window: str) -> None:
    first = hall.issue()
    hall.do(window, "call", ticket=first)
    for action in ("start", "recall", "no-show", "park", "finish"):
        refused(hall.do(window, action, ticket="another"), 409, Reason.MOVED_ON)
    refused(hall.do(window, "transfer", ticket="another", queue="B"), 409, Reason.MOVED_ON)
    refused(hall.do(window, "call-next", ticket="another"), 409, Reason.MOVED_ON)


def test_a_window_with_a_ticket_calls_no_other(hall: Client, window: str) -> None:
    hall.do(window, "call", ticket=hall.issue())
    refused(hall.do(window, "call-next"), 409, Reason.WINDOW_BUSY)
    refused(hall.do(window, "call", ticket=hall.issue()), 409, Reason.WINDOW_BUSY)
    refused(hall.do(window, "close"), 409, Reason.WINDOW_BUSY)
    refused(hall.do(window, "recall"), 409, Reason.TOO_SOON)


def test_a_window_without_a_ticket_says_so(hall: Client, window: str) -> None:
    for action in ("start", "recall", "no-show", "park", "finish"):
        refused(hall.do(window, action), 409, Reason.NO_TICKET)
    refused(hall.do(window, "call", ticket="nobody"), 404, Reason.UNKNOWN_TICKET)


def test_a_ticket_is_parked_for_its_window(hall: Client, window: str) -> None:
    ticket = hall.issue()
    hall.do(window, "call", ticket=ticket)
    answer = hall.do(window, "park", minutes=0.5).json
    assert (answer["ticket"]["state"], answer["ticket"]["window"], answer["window"]["held"]) == ("waiting", window, 1)
    assert hall.do(window, "call", ticket=ticket).json["ticket"]["id"] == ticket


def test_a_ticket_is_transferred_to_a_queue_or_a_window(hall: Client, window: str) -> None:
    ticket = hall.issue()
    hall.do(window, "call", ticket=ticket)
    refused(hall.do(window, "transfer", queue="Q"), 422, Reason.UNKNOWN_QUEUE)
    refused(hall.do(window, "transfer", queue="B", to_window="99"), 404, Reason.UNKNOWN_WINDOW)
    assert hall.do(window, "transfer", queue="B").json["ticket"]["queue"] == "B"
    hall.do(window, "call", ticket=ticket)
    answer = hall.do(window, "transfer", queue="B", to_window=window).json
    assert answer["ticket"]["windows"] == [window]
    hall.post(f"/tickets/{ticket}/void", {"reason": "test"})


def test_a_window_is_paused_closed_and_opened_again(hall: Client, window: str) -> None:
    assert hall.do(window, "pause").json["window"]["state"] == "paused"
    refused(hall.do(window, "call-next"), 409, Reason.WINDOW_NOT_OPEN)
    assert hall.do(window, "close").json["window"]["state"] == "closed"
    for action in ("call-next", "pause"):
        refused(hall.do(window, action), 409, Reason.WINDOW_NOT_OPEN)
    assert hall.do(window, "open").json["window"]["state"] == "open"
    before = hall.seq
    assert hall.do(window, "open").status == 200  # it is open already
    assert hall.seq == before


def test_which_queues_a_window_serves_can_be_changed(hall: Client, window: str) -> None:
    def put(*serves: Any) -> Answer:
        return hall.put(f"/windows/{window}/queues", {"serves": list(serves)})

    answer = put({"queue": "A"}, {"queue": "B", "helper_after": 2.5})
    assert answer.json["window"]["serves"] == [
        {"queue": "A", "helper_after": 0},
        {"queue": "B", "helper_after": 2.5},
    ]
    refused(put({"queue": "Q"}), 422, Reason.UNKNOWN_QUEUE)
    refused(put({"queue": "A", "helper_after": -1}), 422, "validation-error")
    refused(hall.put("/windows/99/queues", {"serves": []}), 404, Reason.UNKNOWN_WINDOW)
    assert put().json["window"]["serves"] == []
    refused(hall.do(window, "call-next"), 409, Reason.NOTHING_WAITING)
    assert put(*({"queue": queue} for queue in "ABC")).status == 200


@pytest.mark.parametrize("action", ACTIONS)
def test_no_action_knows_an_unknown_window(action: str, hall: Client) -> None:
    refused(hall.do("99", action, **ACTIONS[action]), 404, Reason.UNKNOWN_WINDOW)


# --- reading


def test_the_hall_can_be_read(hall: Client, document: dict[str, Any]) -> None:
    state = fits(document, hall.get(), "Hall")
    assert (state["hall"], state["open"], state["phase"]) == (HALL, True, "open")
    assert [queue["code"] for queue in state["queues"]] == ["A", "B", "C"]
    assert [service["queue"] for service in state["services"]] == ["A", "B"]
    assert [window["code"] for window in state["windows"]] == WINDOWS
    assert state["queues"][0]["waiting"] <= state["tickets"]["waiting"]


def test_the_server_says_whether_it_is_well(hall: Client, document: dict[str, Any]) -> None:
    answer = hall.get("//healthz")
    assert fits(document, answer, "Health")["status"] == "ok"
    assert answer.json["halls"][HALL]["writable"] is True


def test_reading_changes_nothing(hall: Client, document: dict[str, Any]) -> None:
    ticket = hall.issue()
    slot = round((time.time() + 3600) * 1000)
    appointment = hall.post("/appointments", {"service": "tax", "slot": slot}).json["id"]
    before = hall.seq
    pages = ["//", "//docs", "//openapi.json", f"//halls/{HALL}/services", f"//halls/{HALL}/windows/1"]
    routes = [path for path, methods in document["paths"].items() if "get" in methods and "changes" not in path]
    for path in [*pages, *("/" + route for route in routes if "feed" not in route)]:
        answer = hall.get(
            path.replace("{hall}", HALL).replace("{ticket}", ticket).replace("{appointment}", appointment)
        )
        assert answer.status == 200 or answer.reason == "forecaster-away", path  # there is none here
    assert hall.seq == before


# --- one press


def test_a_press_repeated_gets_its_first_answer(hall: Client, window: str) -> None:
    first = hall.post("/tickets", {"queue": "A"}, key="press-1")
    again = hall.post("/tickets", {"queue": "A"}, key="press-1")
    assert (first.status, again.status) == (201, 201)
    assert again.json["id"] == first.json["id"]
    hall.issue(**{"class": "military"})
    called = hall.do(window, "call-next", key="press-2")
    before = hall.seq
    assert hall.do(window, "call-next", key="press-2").json == called.json
    assert hall.seq == before


def test_a_press_without_a_key_is_another_each_time(hall: Client) -> None:
    assert hall.issue() != hall.issue()


@pytest.mark.parametrize("key", ["", "x" * 101, "two words", 'quo"te', "键".encode().decode("latin-1"), "a/b", "a\tb"])
def test_a_key_that_is_none_is_refused(key: str, hall: Client) -> None:
    before = hall.seq
    refused(hall.post("/tickets", {"queue": "A"}, key=key), 422, Reason.BAD_KEY)
    assert hall.seq == before


def test_a_key_used_for_something_else_does_nothing(hall: Client, window: str) -> None:
    assert hall.post("/tickets", {"queue": "A"}, key="used").status == 201
    assert hall.do(window, "pause", key="used-2").status == 200
    before = hall.seq
    refused(hall.post("/numbers", {"kiosk": "K1", "queue": "A"}, key="used"), 422, Reason.BAD_KEY)
    refused(hall.do("99", "open", key="used"), 422, Reason.BAD_KEY)
    assert hall.do(window, "close", key="used").json["window"]["state"] == "paused"
    assert hall.post("/tickets", {"queue": "A"}, key="used-2").status == 404
    assert hall.post("/day/close", key="used").json == {"expired": []}
    assert hall.seq == before


# --- the end of a day


def test_a_day_is_closed_once_nobody_is_served(tmp_path: Path, document: dict[str, Any]) -> None:
    with Server(tmp_path, "--always-open") as server:
        hall = server.client()
        hall.do("1", "open")
        serving, waiting = hall.issue(), hall.issue("B")
        hall.do("1", "call", ticket=serving)
        hall.do("1", "start")
        assert "1 (A001)" in refused(hall.post("/day/close"), 409, Reason.STILL_SERVING)
        hall.do("1", "finish")
        answer = hall.post("/day/close", key="closing")
        assert fits(document, answer, "DayClosed") == {"expired": ["B001"]}
        assert hall.post("/day/close", key="closing").json == {"expired": ["B001"]}
        assert hall.get(f"/tickets/{waiting}").json["state"] == "expired"
        for answer in (hall.post("/tickets", {"queue": "A"}), hall.do("1", "open"), hall.post("/day/close")):
            refused(answer, 409, Reason.DAY_NOT_OPEN)
        state = fits(document, hall.get(), "Hall")
        assert (state["open"], state["tickets"]["waiting"]) == (False, 0)


def test_outside_opening_hours_no_ticket_is_issued(tmp_path: Path) -> None:
    path = city(tmp_path)
    path.write_text(path.read_text().replace("weekdays: [1, 2, 3, 4, 5, 6, 7]", "weekdays: []"))
    with Server(tmp_path, config=path) as server:
        hall = server.client()
        refused(hall.post("/tickets", {"queue": "A"}), 409, Reason.HALL_CLOSED)
        assert hall.get().json["phase"] == "holiday"
