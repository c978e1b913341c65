"""What residents ask a kiosk for beyond one plain ticket, carried out: on real wires, with a real hall and without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import urllib3
from browser import Display
from hall_stories import HALL
from kiosks import NOON, Counter, Kiosk, rich_city
from servers import Client, Server, until

from kiosk.keys import Keys
from kiosk.papers import Booking, Card
from kiosk.session import AlreadyHeld, Failure, NotPrinted, Printed, PrintSheet, Restored, RestoreTicket, SheetPrinted
from kiosk.texts import Words
from queue_server.domain.codes import TicketCode
from queue_server.domain.configuration import Text
from queue_server.domain.events import TicketIssued, TicketVoided
from queue_server.domain.life import State
from queue_server.journal.replica import clock

MINUTE = 60_000
ZHANG, LI = (Card(holder=letter * 64, name=name, age=60) for letter, name in (("a", "张**"), ("b", "李*")))


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "hall"
    with Server(folder, config=rich_city(folder)) as server:
        yield server


@pytest.fixture
def kiosk(tmp_path: Path, hall: Server) -> Iterator[Kiosk]:
    with Kiosk(tmp_path, hall, config=rich_city(tmp_path)) as kiosk:
        until(lambda: kiosk.connected)
        yield kiosk


def booked(client: Client, service: str = "licence", after: float = 10, **more: Any) -> dict[str, Any]:
    """An appointment so many minutes from now."""
    slot = (clock() // MINUTE + round(after)) * MINUTE
    answer = client.post("/appointments", {"service": service, "slot": slot, **more})
    assert answer.status == 201, answer.body
    content: dict[str, Any] = answer.json
    return content


def booking(service: str = "licence", *, day: str = "2026-03-02") -> Booking:
    return Booking(appointment="appointment-1", hall="H1", day=day, slot=NOON + 10 * MINUTE, service=service)


def no_show(client: Client, ticket: str, window: str = "1") -> None:
    client.do(window, "open")
    until(lambda: client.do(window, "call", ticket=ticket).status == 200)
    assert client.do(window, "no-show").status == 200


# --- what a ticket says of its visit


def test_the_fact_of_a_visit_has_all_that_was_said_of_it(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        taken = counter.take("A", "licence", klass="elder", then=("tax", "pension"), card=ZHANG)
        assert isinstance(taken, Printed)
        (issued,) = counter.facts
    assert isinstance(issued, TicketIssued)
    assert (issued.klass, issued.then, issued.holder) == ("elder", ("tax", "pension"), ZHANG.holder)
    assert issued.due_at == NOON + 10 * MINUTE
    assert (taken.ticket.klass, taken.ticket.then, taken.ticket.holder_name) == ("elder", ("tax", "pension"), "张**")


def test_no_name_reaches_the_disk(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.take("A", card=ZHANG)
    for file in tmp_path.iterdir():
        assert "张".encode() not in file.read_bytes(), file
        assert b"\\u5f20" not in file.read_bytes(), file


def test_an_appointment_is_checked_in_at_its_own_time(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        taken = counter.take("A", "licence", klass="appointment", booking=booking())
        assert isinstance(taken, Printed)
        (issued,) = counter.facts
    assert isinstance(issued, TicketIssued)
    assert (issued.appointment, issued.slot, issued.due_at) == ("appointment-1", NOON + 10 * MINUTE, NOON + 15 * MINUTE)
    assert taken.ticket.slot == issued.slot


def test_a_class_the_hall_does_not_have_is_refused(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        assert counter.take(klass="celebrity") == NotPrinted(order=1, why=Failure.REFUSED)
        assert counter.facts == []


def test_who_goes_first_is_not_told_of_those_who_wait_behind(hall: Server, kiosk: Kiosk) -> None:
    client = hall.client()
    client.do("1", "open")
    for _ in range(3):
        client.issue("A")
    until(lambda: kiosk.station.around(clock()).queue("A").wait is not None)
    until(lambda: kiosk.station.around(clock()).queue("A").waiting == 3)
    first = kiosk.ticket("A", klass="elder")
    assert (first.ahead, first.wait) == (0, (0, 1))  # a window is free, and an elder is called before those three
    until(lambda: kiosk.station.around(clock()).queue("A").waiting == 4)
    last = kiosk.ticket("A")
    assert last.ahead == 4
    assert last.wait is not None


def test_a_mistake_of_ours_in_the_paper_leaves_no_number_to_be_called(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Counter(tmp_path, languages={"zh": Words(language="zh", name="中文", second="en", phrases={})}) as counter:
        assert counter.take() == NotPrinted(order=1, why=Failure.PRINT)
        assert [type(fact) for fact in counter.facts] == [TicketIssued, TicketVoided]
    assert "could not be made" in caplog.text


# --- the same card again


def test_a_card_is_given_no_second_ticket_for_a_queue(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        first = counter.take("A", card=ZHANG)
        again = counter.take("A", card=ZHANG)
        assert isinstance(first, Printed)
        assert isinstance(again, AlreadyHeld)
        assert (again.ticket.ticket, again.ticket.label) == (first.ticket.ticket, "A901")
        assert again.ticket.state is State.WAITING
        assert isinstance(counter.take("B", card=ZHANG), Printed), "another queue"
        assert isinstance(counter.take("A", card=LI), Printed), "another card"
        assert isinstance(counter.take("A"), Printed), "nobody knows whose"


def test_a_ticket_whose_paper_failed_keeps_nobody_from_another(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.printer.paper_out()
        counter.take("A", card=ZHANG)
        counter.printer.paper_in()
        counter.driver.check()
        assert isinstance(counter.take("A", card=ZHANG), Printed)


def test_a_restarted_kiosk_still_knows_who_has_a_ticket(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.take("A", card=ZHANG)
    with Counter(tmp_path) as counter:
        assert isinstance(counter.take("A", card=ZHANG), AlreadyHeld)
        counter.now += 24 * 60 * MINUTE
        assert isinstance(counter.take("A", card=ZHANG), Printed), "another day"


def test_a_ticket_taken_at_another_kiosk_counts_and_costs_no_number(tmp_path: Path, hall: Server, kiosk: Kiosk) -> None:
    client = hall.client()
    client.do("1", "open")
    for _ in range(3):
        client.issue("A")
    with Kiosk(tmp_path / "2", hall, kiosk="K2", config=rich_city(tmp_path)) as other:
        until(lambda: other.connected)
        there = other.ticket("A", card=ZHANG)
        until(lambda: kiosk.station.around(clock()).queue("A").waiting == 4)
        held = kiosk.take("A", card=ZHANG)
    assert isinstance(held, AlreadyHeld)
    assert (held.ticket.ticket, held.ticket.ahead, held.ticket.windows) == (there.ticket, 3, ("1",))
    assert held.ticket.wait is not None
    assert kiosk.label("A") == "A005"


def test_a_ticket_that_has_ended_keeps_nobody_from_another(hall: Server, kiosk: Kiosk) -> None:
    client = hall.client()
    first = kiosk.ticket("A", card=ZHANG)
    client.do("1", "open")
    until(lambda: client.do("1", "call-next").status == 200)
    client.do("1", "start")
    assert isinstance(kiosk.take("A", card=ZHANG), AlreadyHeld)
    client.do("1", "finish")
    until(lambda: isinstance(kiosk.take("A", card=ZHANG), Printed))
    assert client.get(f"/tickets/{first.ticket}").json["state"] == "finished"


# --- why there is no ticket


def test_a_full_queue_is_said_with_and_without_the_hall(hall: Server, kiosk: Kiosk) -> None:
    assert not kiosk.station.around(clock()).queue("C").full
    kiosk.ticket("C")
    hall.client().issue("C")
    until(lambda: kiosk.station.around(clock()).queue("C").full)
    assert kiosk.take("C") == NotPrinted(order=2, why=Failure.QUEUE_FULL)
    hall.kill()
    until(lambda: not kiosk.connected)
    assert kiosk.take("C") == NotPrinted(order=3, why=Failure.QUEUE_FULL)


def test_a_kiosk_that_is_cut_off_counts_its_own_tickets_towards_the_limit(tmp_path: Path) -> None:
    limited = replace(HALL, queues=(replace(HALL.queues[0], limit=2), *HALL.queues[1:]))
    with Counter(tmp_path, configuration=limited) as counter:
        assert [counter.label(), counter.label()] == ["A901", "A902"]
        assert counter.take() == NotPrinted(order=3, why=Failure.QUEUE_FULL)
        booked_there = counter.take("A", "licence", booking=booking(), klass="appointment")
        assert isinstance(booked_there, Printed), "an appointment was promised its place"


def test_a_closed_service_is_refused_alone_or_among_others(tmp_path: Path) -> None:
    services = tuple(replace(s, closed=Text(zh="停办")) if s.code == "tax" else s for s in HALL.services)
    with Counter(tmp_path, configuration=replace(HALL, services=services)) as counter:
        assert counter.take("B", "tax") == NotPrinted(order=1, why=Failure.SERVICE_CLOSED)
        assert counter.take("A", "licence", then=("tax",)) == NotPrinted(order=2, why=Failure.SERVICE_CLOSED)
        assert counter.facts == []


def test_an_appointment_checks_in_once_even_cut_off(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        assert isinstance(counter.take("A", "licence", booking=booking(), klass="appointment"), Printed)
        again = counter.take("A", "licence", booking=booking(), klass="appointment")
    assert again == NotPrinted(order=2, why=Failure.CHECKED_IN)


def test_an_appointment_checked_in_elsewhere_is_known_here(hall: Server, kiosk: Kiosk) -> None:
    client = hall.client()
    made = booked(client)
    until(lambda: kiosk.station.known.booking(made["id"]))
    client.issue(queue="A", appointment=made["id"])
    until(lambda: (found := kiosk.station.known.booking(made["id"])) and found.ticket == "A001")
    found = kiosk.station.known.booking(made["id"])
    taken = kiosk.take("A", "licence", booking=found, klass="appointment")
    assert taken == NotPrinted(order=1, why=Failure.CHECKED_IN)


def test_an_appointment_in_a_full_queue_is_lent_a_number(hall: Server, kiosk: Kiosk) -> None:
    client = hall.client()
    made = booked(client, "passport")
    client.issue("C")
    client.issue("C")
    until(lambda: kiosk.station.around(clock()).queue("C").full and kiosk.station.known.booking(made["id"]))
    taken = kiosk.ticket("C", "passport", booking=kiosk.station.known.booking(made["id"]), klass="appointment")
    assert taken.label == "C003"
    until(lambda: client.get(f"/appointments/{made['id']}").json["ticket"] == taken.ticket)


# --- a no-show comes after all


def test_a_no_show_waits_again_and_is_told_where_it_stands(hall: Server, kiosk: Kiosk) -> None:
    client = hall.client()
    ticket = kiosk.ticket("A")
    for _ in range(4):
        client.issue("A")
    no_show(client, ticket.ticket)
    until(lambda: (held := kiosk.station.known.ticket(ticket.ticket)) and held.restorable)
    restored = kiosk.do(RestoreTicket(order=kiosk.order(), ticket=ticket.ticket))
    assert isinstance(restored, Restored)
    assert (restored.ticket.state, restored.ticket.ahead) == (State.WAITING, 2)
    assert not restored.ticket.restorable
    assert restored.ticket.wait is not None


def test_who_misses_two_calls_is_told_that_once_is_enough(hall: Server, kiosk: Kiosk) -> None:
    client = hall.client()
    ticket = kiosk.ticket("A").ticket
    no_show(client, ticket)
    assert isinstance(kiosk.do(RestoreTicket(order=kiosk.order(), ticket=ticket)), Restored)
    no_show(client, ticket)
    again = kiosk.do(RestoreTicket(order=kiosk.order(), ticket=ticket))
    assert isinstance(again, NotPrinted)
    assert again.why is Failure.RESTORE_TOO_OFTEN
    until(lambda: (held := kiosk.station.known.ticket(ticket)) and held.state is State.NO_SHOW and not held.restorable)


def test_a_kiosk_that_is_cut_off_restores_nothing_and_says_so(tmp_path: Path) -> None:
    with Kiosk(tmp_path, None) as kiosk:
        ticket = kiosk.ticket()
        answer = kiosk.do(RestoreTicket(order=7, ticket=ticket.ticket))
    assert answer == NotPrinted(order=7, why=Failure.RESTORE_CUT_OFF)


# --- sheets


def test_the_sheet_has_the_seven_disclosures_and_what_was_ticked(tmp_path: Path) -> None:
    with Kiosk(tmp_path, None, config=rich_city(tmp_path)) as kiosk:
        order = PrintSheet(order=3, service="passport", language="zh", ticked=frozenset({1}))
        assert kiosk.do(order) == SheetPrinted(order=3)
        until(lambda: kiosk.printer.slips)
        (slip,) = kiosk.printer.slips
    for heading in ("设立依据", "申报条件", "申报材料", "办理流程", "办理期限", "办结方式", "收费标准"):
        assert heading in slip.lines
    assert [line for line in slip.lines if line[:1] in "□√"] == ["□ 居民身份证", "√ 户口簿", "□ 照片"]
    assert "申请 → 审查 → 领取" in slip.lines
    assert "一次性告知。" in slip.lines
    assert "电话 0511-12345678" in slip.lines
    assert "测试大厅" in slip.text


def test_the_sheet_on_what_others_decide_says_who(tmp_path: Path) -> None:
    with Kiosk(tmp_path, None, config=rich_city(tmp_path)) as kiosk:
        order = PrintSheet(order=3, service="passport", language="zh", advice=True)
        assert kiosk.do(order) == SheetPrinted(order=3)
        until(lambda: kiosk.printer.slips)
        assert "本事项由公安局办理，大厅提供咨询，不用取号。" in "".join(kiosk.printer.slips[0].lines)
        assert kiosk.station.service_report().tickets_today == 0


def test_a_sheet_that_does_not_come_out_is_said(tmp_path: Path) -> None:
    with Kiosk(tmp_path, None, config=rich_city(tmp_path)) as kiosk:
        kiosk.printer.paper_out()
        assert kiosk.do(PrintSheet(order=1, service="passport", language="zh")) == NotPrinted(
            order=1, why=Failure.SHEET
        )
        assert kiosk.do(PrintSheet(order=2, service="gone", language="zh")) == NotPrinted(order=2, why=Failure.SHEET)


# --- the code on the paper


def test_without_a_key_the_paper_has_the_tickets_id(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        taken = counter.take()
        assert isinstance(taken, Printed)
        until(lambda: counter.printer.slips)
        assert counter.printer.slips[0].codes == [f"http://hall/t/{taken.ticket.ticket}"]


def test_the_signed_code_leads_to_the_tickets_page(hall: Server, kiosk: Kiosk, tmp_path: Path) -> None:
    until(lambda: Keys(tmp_path / "keys.json").code_key)
    ticket = kiosk.ticket("A", "licence")
    with Display(hall.url) as display:
        page = f"{display.url}/t/{ticket.code}"
        until(lambda: fetched(page)[0] == 200)
        assert ticket.label in fetched(page)[1]
        assert fetched(f"{display.url}/t/{ticket.ticket}")[0] == 200
        assert fetched(f"{display.url}/t/{ticket.code.replace('T.', 'A.', 1)}")[0] == 404


def fetched(url: str) -> tuple[int, str]:
    answer = urllib3.request("GET", url, retries=False)
    return answer.status, answer.data.decode()


def test_with_the_halls_key_the_paper_is_signed_and_a_hall_can_take_it(
    hall: Server, kiosk: Kiosk, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.json"
    until(lambda: keys.exists() and Keys(keys).code_key)
    hall.kill()
    until(lambda: not kiosk.connected)
    ticket = kiosk.ticket("A", "licence", klass="elder")
    until(lambda: kiosk.printer.slips)
    (url,) = kiosk.printer.slips[0].codes
    assert url == f"http://hall/t/{ticket.code}"
    code_key = Keys(keys).code_key
    assert code_key is not None
    code = TicketCode.read(ticket.code, code_key, clock())
    assert (code.ticket, code.label, code.klass, code.service) == (ticket.ticket, "A901", "elder", "licence")
    hall.start()
    answer = hall.client().post("/tickets/paper", {"code": ticket.code})
    assert answer.status == 200, answer.body
    assert answer.json["ticket"]["label"] == "A901"
