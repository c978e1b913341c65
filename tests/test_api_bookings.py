"""Appointments, keys and the paper of a dead kiosk, over HTTP: and no ID number is ever kept, logged or repeated."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from answers import fits, refused
from servers import CITY, HALL, NOON_HERE, Client, Server, run

from queue_server.domain.calendar import day_of, instant, next_day
from queue_server.domain.codes import AppointmentCode, TicketCode, sign
from queue_server.domain.commands import BookAppointment, OpenDay
from queue_server.domain.holder import holder_of
from queue_server.domain.refusal import Reason, Refused
from queue_server.journal.ids import uuid7
from queue_server.journal.replica import Replica, Submit, clock
from queue_server.journal.store import SqliteStore

NOBODYS = "321199196001010017"  # division code 321199 is unassigned
OTHER_NOBODYS = "321199199202020020"
HOUR = 3_600_000


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def code_key(hall: Client) -> bytes:
    return unpadded(hall.get("/keys").json["code_key"])


def soon(hours: float = 1) -> int:
    """A slot from now, on a whole minute."""
    return (clock() // 60_000 + round(hours * 60)) * 60_000


@contextmanager
def desk_of(server: Server) -> Iterator[tuple[Replica, str]]:
    """The journal of a server that has ended, and its day."""
    with closing(SqliteStore(server.journal)) as store:
        replica = Replica(store, HALL)
        assert replica.hall.day is not None
        yield replica, replica.hall.day


def book(hall: Client, service: str = "tax", key: str | None = None, **more: Any) -> Any:
    answer = hall.post("/appointments", {"service": service, "slot": soon(), **more}, key)
    assert answer.status == 201, answer.body
    return answer.json


# --- keys


def test_a_kiosk_gets_the_days_key_and_the_key_of_codes(hall: Client, document: dict[str, Any]) -> None:
    answer = hall.get("/keys")
    keys = fits(document, answer, "Keys")
    assert keys["day"] == hall.get().json["day"]
    assert len(unpadded(keys["day_key"])) == len(unpadded(keys["code_key"])) == 32
    assert keys["day_key"] != keys["code_key"]
    assert hall.get("/keys").json == keys
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("header", ["Forwarded", "X_Forwarded_For", "X_Real_IP"])
def test_keys_are_not_handed_on_through_a_proxy(hall: Client, header: str) -> None:
    refused(hall.send("GET", "/keys", **{header: "for=192.0.2.1"}), 403, "not-here")


def test_a_server_that_others_could_ask_for_keys_does_not_even_start(tmp_path: Path) -> None:
    said = run(tmp_path, "hall", "--host", "0.0.0.0", "--data", tmp_path / "data")
    assert (said.status, "127.0.0.1" in said.log) == (1, True)


def test_the_keys_are_files_that_nobody_else_may_read_and_are_no_part_of_the_journal(server: Server) -> None:
    keys = server.client().get("/keys").json
    folder = server.folder / "keys"
    assert {unpadded(keys["day_key"]), unpadded(keys["code_key"])} <= {
        path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("*"))
    for file in server.folder.glob(f"{HALL}.sqlite*"):
        assert unpadded(keys["day_key"]) not in file.read_bytes()


def test_closing_the_day_destroys_its_key_and_not_the_key_of_codes(tmp_path: Path) -> None:
    with Server(tmp_path, "--always-open") as server:
        hall = server.client()
        keys = hall.get("/keys").json
        book(hall, slot=soon(26), id_number=NOBODYS)
        days = tmp_path / "keys" / f"hall-{HALL}"
        tomorrow = {day_of(NOON_HERE, soon(26))}
        assert {path.stem for path in days.iterdir()} == {keys["day"], *tomorrow}
        assert hall.post("/day/close").status == 200
        assert {path.stem for path in days.iterdir()} == tomorrow, "the key of a day to come is still needed"
        refused(hall.get("/keys"), 409, Reason.DAY_NOT_OPEN)
        assert (tmp_path / "keys" / "codes.key").read_bytes() == unpadded(keys["code_key"])


def test_a_key_left_from_a_day_that_is_over_is_destroyed_when_the_server_starts(tmp_path: Path) -> None:
    days = tmp_path / "keys" / f"hall-{HALL}"
    days.mkdir(parents=True)
    (days / "2026-01-01.key").write_bytes(b"k" * 32)
    with Server(tmp_path, "--always-open"):
        assert list(days.glob("2026-01-01*")) == []


def test_a_server_whose_keys_cannot_be_used_says_so_and_goes_on_calling(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "codes.key").write_bytes(b"damaged")
    with Server(tmp_path, "--always-open") as server:
        hall = server.client()
        refused(hall.get("/keys"), 503, "keys-unavailable")
        refused(hall.post("/tickets/paper", {"code": "T.x"}), 503, "keys-unavailable")
        assert hall.issue()


# --- booking


def test_an_appointment_is_booked_and_answered_with_a_code_that_says_it(hall: Client, document: dict[str, Any]) -> None:
    slot = soon()
    answer = hall.post("/appointments", {"service": "tax", "slot": slot})
    assert answer.status == 201
    booked = fits(document, answer, "Appointment")
    assert datetime.fromisoformat(booked["slot"]).timestamp() * 1000 == slot
    code = AppointmentCode.read(booked["code"], code_key(hall), clock())
    assert (code.hall, code.service, code.appointment) == (HALL, "tax", booked["id"])
    assert (code.day, code.slot(NOON_HERE)) == (booked["day"], slot)
    assert code.expires == instant(NOON_HERE, next_day(booked["day"]), "24:00")
    assert booked["ticket"] is None
    assert fits(document, hall.get(f"/appointments/{booked['id']}"), "Appointment") == booked


def test_a_slot_may_be_written_as_a_moment_with_its_offset(hall: Client) -> None:
    slot = soon(2)
    for offset in ("+00:00", "Z"):
        written = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(slot / 1000)) + offset
        assert datetime.fromisoformat(book(hall, slot=written)["slot"]).timestamp() * 1000 == slot


@pytest.mark.parametrize("slot", ["2026-11-23 10:30", "noon", "", 1.5, True, None, -1, 10**14, "x" * 5000])
def test_a_slot_that_is_no_moment_is_refused(hall: Client, slot: Any) -> None:
    answer = hall.post("/appointments", {"service": "tax", "slot": slot})
    assert answer.status == 422
    assert "slot" in answer.json["fields"]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"service": "tax", "slot": 1}, 409, Reason.BAD_SLOT),
        ({"service": "marriage", "slot": 1}, 422, Reason.UNKNOWN_SERVICE),
        ({"service": "marriage", "slot": 1, "id_number": NOBODYS}, 422, Reason.UNKNOWN_SERVICE),
    ],
)
def test_what_cannot_be_booked_is_refused_and_no_key_is_made_for_it(
    hall: Client, server: Server, body: Any, status: int, reason: Reason
) -> None:
    refused(hall.post("/appointments", body), status, reason)
    assert not (server.folder / "keys" / f"hall-{HALL}" / f"{day_of(NOON_HERE, 1)}.key").exists()


def test_the_same_request_again_is_answered_with_the_same_appointment(hall: Client) -> None:
    key, slot = uuid7(), soon()
    first = book(hall, key=key, slot=slot)
    seq = hall.seq
    assert book(hall, key=key, slot=slot) == first
    assert hall.seq == seq


def test_what_was_booked_under_a_key_is_known_again_when_the_press_is_long_forgotten(tmp_path: Path) -> None:
    """A server remembers presses for two days, and bookings until they are past. Here its journal has two days more."""
    with Server(tmp_path, "--always-open") as server:
        hall = server.client()
        slot = soon(30 * 24)
        first = book(hall, key="import-1", slot=slot)
    with desk_of(server) as (replica, today):
        for day in (next_day(today), next_day(next_day(today))):
            replica.commit([Submit(command=OpenDay(day=day, configuration=replica.hall.configuration), cause=uuid7())])
        command = BookAppointment(appointment=first["id"], service="tax", slot=slot)
        (answer,), new = replica.commit([Submit(command=command, cause="import-1")])
    assert isinstance(answer, Refused)
    assert (answer.reason, new) == (Reason.APPOINTMENT_EXISTS, [])


def test_a_key_used_for_something_else_books_nothing(hall: Client) -> None:
    key = uuid7()
    assert hall.post("/tickets", {"queue": "A"}, key).status == 201
    refused(hall.post("/appointments", {"service": "tax", "slot": soon()}, key), 422, Reason.BAD_KEY)


def test_the_same_card_for_the_same_thing_and_time_is_the_same_appointment(hall: Client) -> None:
    slot = soon(3)
    first = book(hall, slot=slot, id_number=NOBODYS)
    assert book(hall, slot=slot, id_number=f" {NOBODYS} ") == first
    assert book(hall, slot=slot, id_number=OTHER_NOBODYS)["id"] != first["id"]
    assert book(hall, slot=slot + 60_000, id_number=NOBODYS)["id"] != first["id"]


def test_an_appointment_is_cancelled_once_and_then_unknown(hall: Client, document: dict[str, Any]) -> None:
    booked, key = book(hall), uuid7()
    for _ in range(2):
        answer = hall.post(f"/appointments/{booked['id']}/cancel", key=key)
        assert fits(document, answer, "Cancelled") == {"id": booked["id"], "cancelled": True}
    refused(hall.get(f"/appointments/{booked['id']}"), 404, Reason.UNKNOWN_APPOINTMENT)
    refused(hall.post(f"/appointments/{booked['id']}/cancel"), 404, Reason.UNKNOWN_APPOINTMENT)
    refused(hall.post("/tickets", {"appointment": booked["id"]}), 404, Reason.UNKNOWN_APPOINTMENT)


def test_a_repeated_booking_of_what_was_cancelled_is_told_so(hall: Client) -> None:
    key, slot = uuid7(), soon()
    booked = book(hall, key=key, slot=slot)
    hall.post(f"/appointments/{booked['id']}/cancel")
    again = hall.post("/appointments", {"service": "tax", "slot": slot}, key)
    assert "cancelled" in refused(again, 404, Reason.UNKNOWN_APPOINTMENT)


# --- checking in


def test_an_appointment_checks_in_once_with_its_service_and_slot(hall: Client, document: dict[str, Any]) -> None:
    slot = (clock() // 60_000 + 10) * 60_000
    booked = book(hall, slot=slot, id_number=NOBODYS)
    answer = hall.post("/tickets", {"appointment": booked["id"], "then": ["licence"]})
    ticket = fits(document, answer, "Ticket")
    assert (ticket["service"], ticket["class"], ticket["appointment"]) == ("tax", "appointment", booked["id"])
    assert (ticket["slot"], ticket["then"], ticket["class_confirmed"]) == (booked["slot"], ["licence"], None)
    assert hall.get(f"/appointments/{booked['id']}").json["ticket"] == ticket["id"]
    refused(hall.post("/tickets", {"appointment": booked["id"]}), 409, Reason.ALREADY_CHECKED_IN)
    refused(hall.post(f"/appointments/{booked['id']}/cancel"), 409, Reason.ALREADY_CHECKED_IN)


def test_a_second_appointment_of_the_same_card_in_the_same_queue_is_told_of_the_ticket_it_holds(hall: Client) -> None:
    first, second = (book(hall, slot=soon() + n * 60_000, id_number=OTHER_NOBODYS) for n in range(2))
    label = hall.post("/tickets", {"appointment": first["id"]}).json["label"]
    assert label in refused(hall.post("/tickets", {"appointment": second["id"]}), 409, Reason.ALREADY_HELD)


# --- several services, a declared class


def test_a_visit_of_several_services_goes_on_over_http(hall: Client, document: dict[str, Any]) -> None:
    ticket = hall.post("/tickets", {"service": "licence", "then": ["tax"]}).json["id"]
    hall.do("1", "open")
    hall.do("1", "call", ticket=ticket)
    hall.do("1", "start")
    answer = fits(document, hall.do("1", "finish", outcome="accepted"), "WindowAnswer")
    told = fits(document, hall.get(f"/tickets/{ticket}"), "Ticket")
    assert (answer["window"]["ticket"], answer["ticket"]) == (None, told)
    assert (told["state"], told["service"], told["queue"], told["then"]) == ("waiting", "tax", "B", [])


def test_staff_confirm_or_refuse_a_declared_class(hall: Client, document: dict[str, Any]) -> None:
    hall.do("2", "open")
    for confirmed, klass in ((True, "military"), (False, "ordinary")):
        ticket = hall.issue(**{"class": "military"})
        hall.do("2", "call", ticket=ticket)
        answer = fits(document, hall.do("2", "confirm-class", ticket=ticket, confirmed=confirmed), "WindowAnswer")
        assert (answer["ticket"]["class"], answer["ticket"]["class_confirmed"]) == (klass, confirmed)
        hall.do("2", "start")
        hall.do("2", "finish")
    refused(hall.do("2", "confirm-class", confirmed=True), 409, Reason.NO_TICKET)


def test_what_is_issued_of_a_queue_is_told_with_its_limit(hall: Client, document: dict[str, Any]) -> None:
    before = {queue["code"]: queue["issued"] for queue in fits(document, hall.get(), "Hall")["queues"]}
    hall.issue("C")
    (queue,) = [queue for queue in hall.get().json["queues"] if queue["code"] == "C"]
    assert (queue["issued"], queue["limit"], queue["full"]) == (before["C"] + 1, None, False)


def test_a_full_queue_and_a_closed_service_are_refused_over_http(tmp_path: Path) -> None:
    changed = CITY.replace(
        "name: {zh: 丙}, minutes: 5, spread: 0.7}", "name: {zh: 丙}, minutes: 5, spread: 0.7, limit: 1}"
    )
    changed = changed.replace(
        "services: {licence: A, tax: B}", "services: {licence: A, tax: B}\n    closed: {tax: {zh: 停电}}"
    )
    config = tmp_path / "limited.yaml"
    config.write_text(changed, encoding="utf-8")
    with Server(tmp_path, "--always-open", config=config) as server:
        hall = server.client()
        hall.issue("C")
        refused(hall.post("/tickets", {"queue": "C"}), 409, Reason.QUEUE_FULL)
        refused(hall.post("/numbers", {"kiosk": "K1", "queue": "C"}), 409, Reason.QUEUE_FULL)
        assert hall.post("/numbers", {"kiosk": "K1", "queue": "C", "appointment": "a1"}).status == 201
        assert "停电" in refused(hall.post("/tickets", {"service": "tax"}), 409, Reason.SERVICE_CLOSED)
        told = hall.get().json
        assert [queue["full"] for queue in told["queues"]] == [False, False, True]
        assert {s["code"]: s["closed"] for s in told["services"]} == {"licence": None, "tax": {"zh": "停电", "en": ""}}


# --- the paper of a dead kiosk


def paper(label: str, **more: Any) -> TicketCode:
    told: dict[str, Any] = {"hall": HALL, "kiosk": "K1", "klass": "ordinary", "service": "licence"}
    taken = clock() // 1000 * 1000 - 60_000
    return TicketCode(**{**told, "ticket": uuid7(), "label": label, "taken_at": taken, **more})


def test_a_console_absorbs_the_paper_of_a_dead_kiosk_once(hall: Client, document: dict[str, Any]) -> None:
    code = paper("A981", klass="military")
    text = code.text(code_key(hall))
    answer = hall.post("/tickets/paper", {"code": f" http://192.0.2.7:8081/t/{text}\r\n"})
    taken = fits(document, answer, "PaperAnswer")
    assert (taken["new"], taken["ticket"]["id"], taken["ticket"]["label"]) == (True, code.ticket, "A981")
    assert (taken["ticket"]["state"], taken["ticket"]["class"]) == ("waiting", "military")
    again = hall.post("/tickets/paper", {"code": text}).json
    assert (again["new"], again["ticket"]) == (False, hall.get(f"/tickets/{code.ticket}").json)


def test_the_kiosk_that_comes_back_and_tells_of_its_paper_doubles_nothing(hall: Client) -> None:
    code = paper("A982")
    hall.post("/tickets/paper", {"code": code.text(code_key(hall))})
    waiting = hall.get().json["tickets"]["waiting"]
    fact = {
        "at": code.taken_at, "ticket": code.ticket, "day": hall.get().json["day"], "queue": "A", "number": 982,
        "label": "A982", "klass": "ordinary", "due_at": code.taken_at, "source": "K1", "service": "licence",
        "then": ["tax"], "holder": "0f" * 32,
    }  # fmt: skip
    parcel = {"seq": 1, "id": uuid7(), "cause": uuid7(), "at": code.taken_at, "kind": "TicketIssued", "data": fact}
    assert hall.post("/journal/K1", {"journal": "disk-of-K1", "entries": [parcel]}).json == {"cursor": 1}
    assert hall.get().json["tickets"]["waiting"] == waiting
    assert hall.get(f"/tickets/{code.ticket}").json["then"] == []


@pytest.mark.parametrize("wrong", ["forged", "expired", "other hall", "appointment", "nonsense", "other body"])
def test_what_is_no_paper_of_this_hall_is_refused(hall: Client, wrong: str) -> None:
    key = code_key(hall)
    text = {
        "forged": lambda: paper("A983").text(b"another key of 32 bytes, not ours"),
        "expired": lambda: paper("A983", taken_at=(clock() - 25 * HOUR) // 1000 * 1000).text(key),
        "other hall": lambda: paper("A983", hall="H2").text(key),
        "appointment": lambda: book(hall)["code"],
        "nonsense": lambda: "321199196001010017",
        "other body": lambda: sign("T", "A983", clock() // 1000 + 60, key),
    }[wrong]()
    assert "321199" not in refused(hall.post("/tickets/paper", {"code": text}), 422, Reason.BAD_CODE)


def test_a_paper_with_nothing_but_an_id_is_found_only_if_the_hall_knows_it(hall: Client) -> None:
    ticket = hall.issue("A")
    assert hall.post("/tickets/paper", {"code": f"http://192.0.2.7/t/{ticket}"}).json["new"] is False
    refused(hall.post("/tickets/paper", {"code": uuid7()}), 422, Reason.BAD_CODE)


def test_a_paper_whose_number_somebody_else_has_is_refused(hall: Client) -> None:
    taken = hall.get(f"/tickets/{hall.issue('A')}").json["label"]
    refused(hall.post("/tickets/paper", {"code": paper(taken).text(code_key(hall))}), 409, Reason.LABEL_TAKEN)


# --- what nobody may ever find


def test_an_id_number_is_nowhere_in_answers_logs_or_files_however_it_is_sent(tmp_path: Path) -> None:
    with Server(tmp_path, "--always-open") as server:
        hall = server.client()
        wrong = NOBODYS[:-1] + "8"
        bodies: list[Any] = [
            {"service": "tax", "slot": soon(), "id_number": NOBODYS},
            {"service": "tax", "slot": soon(), "id_number": wrong},
            {"service": "tax", "slot": soon(), "id_number": int(NOBODYS)},
            {"service": "tax", "slot": soon(), "id_number": [NOBODYS]},
            {"service": "tax", "slot": soon(), "id_number": {"number": NOBODYS}},
            {"service": "tax", "slot": soon(), "id_number": NOBODYS * 10},
            {"service": "tax", "slot": 1, "id_number": NOBODYS},
            {"service": "tax", "slot": NOBODYS, "id_number": NOBODYS},
            {"service": "marriage", "slot": soon(), "id_number": NOBODYS},
            {"service": "tax", "slot": soon(), "idnumber": NOBODYS},
        ]
        answers = [hall.post("/appointments", body) for body in bodies]
        assert [answer.status for answer in answers] == [201, 422, 422, 422, 422, 422, 409, 422, 422, 422]
        assert answers[1].reason == "bad-id-number"
        broken = f'{{"service": "tax", "id_number": "{NOBODYS}" nonsense'.encode()
        answers.append(hall.send("POST", "/appointments", broken, Content_Type="application/json"))
        assert answers[-1].status == 400
        holder = holder_of(NOBODYS, unpadded(hall.get("/keys").json["day_key"]))
        for answer in answers:
            assert NOBODYS.encode() not in answer.body
            assert wrong.encode() not in answer.body
    assert server.stop() == 0
    booked = [entry for entry in server.entries() if entry.kind == "AppointmentBooked"]
    assert len(booked) == 1
    if answers[0].json["day"] == day_of(NOON_HERE, clock()):
        assert holder is not None
        assert holder.encode() in booked[0].data
    for path in tmp_path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert NOBODYS.encode() not in content, path
            assert wrong.encode() not in content, path
