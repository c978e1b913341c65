"""Cards laid on the reader and codes held to the scanner, on real serial lines, become what the flow is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kiosks import Kiosk, rich_city
from servers import HALL, Server, until
from test_kiosk_visits import MINUTE, booked, no_show

from devices.id_card.simulator import checked
from devices.scanner.reading import Health, Reading
from kiosk.codes import code_in
from kiosk.keys import Keys
from kiosk.papers import CodeFlaw
from kiosk.presented import ASK_AFTER, CodeWatch, Wanted
from kiosk.session import AlreadyHeld, BookingScanned, CardRead, CodeScanned, Shown, TicketScanned
from kiosk.surroundings import Reader
from queue_server.domain.calendar import day_of, local
from queue_server.domain.codes import AppointmentCode, TicketCode
from queue_server.domain.life import State
from queue_server.journal.ids import uuid7
from queue_server.journal.replica import clock

STATUS = b"\x11\xff"
"""The command that asks a reader how it is."""
RESIDENT = checked("32119919600101001")
"""The ID number of the simulated reader's card `resident`."""


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "hall"
    with Server(folder, config=rich_city(folder)) as server:
        yield server


@pytest.fixture
def kiosk(tmp_path: Path, hall: Server) -> Iterator[Kiosk]:
    with Kiosk(tmp_path, hall, config=rich_city(tmp_path), papers=True) as kiosk:
        until(lambda: kiosk.connected and code_key(kiosk))
        yield kiosk


def code_key(kiosk: Kiosk) -> bytes | None:
    return Keys(kiosk.folder / "keys.json").code_key


def prompt(kiosk: Kiosk) -> Reader:
    return kiosk.station.around(clock()).reader


# --- cards


def test_a_card_is_read_once_and_says_no_more_than_it_must(tmp_path: Path) -> None:
    with Kiosk(tmp_path, None, papers=True) as kiosk:
        until(lambda: prompt(kiosk) is Reader.PLACE)
        kiosk.reader.place("resident")
        read = kiosk.shown(CardRead)
        until(lambda: prompt(kiosk) is Reader.TAKE_CARD)
        kiosk.reader.lift()
        until(lambda: prompt(kiosk) is Reader.PLACE)
        assert kiosk.answers == []
    assert (read.card.name, read.card.age, read.card.expired) == ("测**", 60, False)
    assert len(read.card.holder) == 64
    assert (read.bookings, read.held) == ((), ())
    assert RESIDENT not in repr(read)
    assert read.card.holder not in repr(read)


@pytest.mark.parametrize(
    ("card", "age", "expired"), [("long-term", 80, False), ("expired", 60, True), ("j", None, False)]
)
def test_a_card_tells_its_age_band_and_whether_it_has_expired(
    tmp_path: Path, card: str, age: int | None, expired: bool
) -> None:
    with Kiosk(tmp_path, None, papers=True) as kiosk:
        read = kiosk.place_card(card)
    assert (read.card.age, read.card.expired) == (age, expired)


def test_the_same_card_is_known_again_all_day_and_the_key_is_not_readable_by_others(tmp_path: Path) -> None:
    with Kiosk(tmp_path, None, papers=True) as kiosk:
        first = kiosk.place_card()
        kiosk.take("A", card=first.card)
    with Kiosk(tmp_path, None, papers=True) as kiosk:
        again = kiosk.place_card()
        assert again.card == first.card
        assert [ticket.label for ticket in again.held] == ["A901"]
        assert isinstance(kiosk.take("A", card=again.card), AlreadyHeld)
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_two_kiosks_of_a_hall_know_the_same_card(tmp_path: Path, hall: Server, kiosk: Kiosk) -> None:
    with Kiosk(tmp_path / "2", hall, kiosk="K2", config=rich_city(tmp_path), papers=True) as other:
        until(lambda: other.connected and code_key(other))
        there = other.place_card()
        ticket = other.ticket("B", card=there.card)
    until(lambda: kiosk.station.known.ticket(ticket.ticket))
    here = kiosk.place_card()
    assert here.card.holder == there.card.holder
    assert [(held.label, held.queue) for held in here.held] == [("B001", "B")]


def test_a_card_finds_the_appointments_of_its_holder(hall: Server, kiosk: Kiosk) -> None:
    client = hall.client()
    later = booked(client, "tax", after=90, id_number=RESIDENT)
    sooner = booked(client, "licence", after=20, id_number=RESIDENT)
    booked(client, "licence", after=20)
    until(lambda: kiosk.station.known.booking(sooner["id"]) and kiosk.station.known.booking(later["id"]))
    read = kiosk.place_card()
    assert [booking.appointment for booking in read.bookings] == [sooner["id"], later["id"]]
    assert read.bookings[0].ticket is None
    assert read.bookings[0].hall == HALL


def test_a_card_is_not_read_while_the_screen_has_other_things_to_do(tmp_path: Path) -> None:
    with Kiosk(tmp_path, None, papers=True) as kiosk:
        until(lambda: prompt(kiosk) is Reader.PLACE)
        kiosk.station.attend(papers=False, service=False)
        until(lambda: kiosk.reader.asked[-1] == STATUS)
        kiosk.reader.place("resident")
        kiosk.scanner.show("anything")
        looked_for = len(kiosk.reader.found_at)
        kiosk.reader.asked.clear()
        until(lambda: kiosk.reader.asked.count(STATUS) >= 2)
        assert len(kiosk.reader.found_at) == looked_for
        assert kiosk.answers == []
        kiosk.station.attend(papers=True, service=False)
        assert kiosk.shown(CardRead).card.name == "测**"


def test_a_wrong_card_and_a_missing_reader_are_told_to_the_resident(tmp_path: Path) -> None:
    with Kiosk(tmp_path, None, papers=True) as kiosk:
        kiosk.reader.place("wrong")
        until(lambda: prompt(kiosk) is Reader.NOT_AN_ID_CARD)
        kiosk.unplug_reader()
        until(lambda: prompt(kiosk) is Reader.NONE)
    with Kiosk(tmp_path, None) as kiosk:
        assert prompt(kiosk) is Reader.NONE
        assert not kiosk.station.around(clock()).scanner


# --- codes


def test_a_ticket_is_found_by_every_form_of_its_code(kiosk: Kiosk) -> None:
    ticket = kiosk.ticket("A")
    assert ticket.code.startswith("T.")
    for text in (f"http://elsewhere:8081/t/{ticket.code}", ticket.ticket, f" {ticket.code}\n"):
        scanned = kiosk.show_code(text.strip("\n"), TicketScanned)
        assert scanned.ticket.label == "A001"
        assert scanned.ticket.state is State.WAITING


def test_a_code_held_to_the_scanner_is_told_once(kiosk: Kiosk) -> None:
    ticket = kiosk.ticket("A")
    kiosk.show_code(ticket.ticket, TicketScanned)
    kiosk.scanner.show(ticket.ticket)
    kiosk.scanner.show(ticket.ticket)
    assert kiosk.show_code(uuid7(), CodeScanned).why is CodeFlaw.UNKNOWN_TICKET
    assert kiosk.answers == []


def test_a_no_show_can_be_restored_by_its_paper(hall: Server, kiosk: Kiosk) -> None:
    ticket = kiosk.ticket("A")
    no_show(hall.client(), ticket.ticket)
    until(lambda: (held := kiosk.station.known.ticket(ticket.ticket)) and held.state is State.NO_SHOW)
    scanned = kiosk.show_code(ticket.code, TicketScanned)
    assert scanned.ticket.restorable


def test_a_code_that_leads_nowhere_says_why(kiosk: Kiosk) -> None:
    key = code_key(kiosk)
    assert key is not None
    now = clock() // 1000 * 1000
    good = TicketCode(ticket=uuid7(), label="A901", taken_at=now, hall=HALL, kiosk="K2", klass="ordinary")
    stale = TicketCode(
        ticket=uuid7(), label="A901", taken_at=now - 30 * 60 * MINUTE, hall=HALL, kiosk="K2", klass="ordinary"
    )
    yesterday = TicketCode(
        ticket=uuid7(), label="A901", taken_at=now - 20 * 60 * MINUTE, hall=HALL, kiosk="K2", klass="ordinary"
    )
    other = TicketCode(ticket=uuid7(), label="A901", taken_at=now, hall="H2", kiosk="K2", klass="ordinary")
    flaws = {
        "https://example.org/": CodeFlaw.NOT_OURS,
        "6901234567892": CodeFlaw.NOT_OURS,
        good.text(b"somebody else's key"): CodeFlaw.FORGED,
        good.text(key): CodeFlaw.UNKNOWN_TICKET,
        stale.text(key): CodeFlaw.EXPIRED,
        yesterday.text(key): CodeFlaw.EXPIRED,
        other.text(key): CodeFlaw.NOT_OURS,
    }
    assert {text: kiosk.show_code(text, CodeScanned).why for text in flaws} == flaws


def test_an_appointment_code_is_what_the_hall_knows_of_it(hall: Server, kiosk: Kiosk) -> None:
    client = hall.client()
    made = booked(client, "licence")
    until(lambda: kiosk.station.known.booking(made["id"]))
    scanned = kiosk.show_code(made["code"], BookingScanned)
    assert (scanned.booking.appointment, scanned.booking.service, scanned.booking.ticket) == (
        made["id"],
        "licence",
        None,
    )
    client.issue(queue="A", appointment=made["id"])
    until(lambda: (known := kiosk.station.known.booking(made["id"])) and known.ticket)
    kiosk.show_code("something between", CodeScanned)
    assert kiosk.show_code(made["code"], BookingScanned).booking.ticket == "A001"


def test_a_cancelled_appointment_is_said_to_be_so(hall: Server, kiosk: Kiosk) -> None:
    client = hall.client()
    made = booked(client)
    until(lambda: kiosk.station.known.booking(made["id"]))
    assert client.post(f"/appointments/{made['id']}/cancel").status == 200
    until(lambda: kiosk.station.known.booking(made["id"]) is None)
    assert kiosk.show_code(made["code"], CodeScanned).why is CodeFlaw.CANCELLED


def test_a_kiosk_that_is_cut_off_still_recognises_what_the_hall_signed(tmp_path: Path, hall: Server) -> None:
    rich = rich_city(tmp_path)
    with Kiosk(tmp_path, hall, config=rich) as kiosk:
        until(lambda: kiosk.connected and code_key(kiosk))
        key, zone = code_key(kiosk), kiosk.station.configuration.timezone
        before = kiosk.ticket("A")
        until(lambda: kiosk.station.around(clock()).queue("A").waiting == 1)
    assert key is not None
    hall.kill()
    slot = clock() // MINUTE * MINUTE + 20 * MINUTE
    unheard = AppointmentCode(
        hall=HALL, day=day_of(zone, slot), clock=f"{local(zone, slot):%H:%M}", service="tax",
        appointment="made-meanwhile", expires=slot // 1000 * 1000 + 60 * MINUTE,
    )  # fmt: skip
    with Kiosk(tmp_path, hall, config=rich, papers=True) as restarted:
        scanned = restarted.show_code(unheard.text(key), BookingScanned)
        assert (scanned.booking.appointment, scanned.booking.slot) == ("made-meanwhile", slot)
        taken = restarted.ticket("B", "tax", booking=scanned.booking, klass="appointment")
        assert (taken.label, taken.slot) == ("B901", slot)
        elsewhere = replace(unheard, hall="H2")
        assert restarted.show_code(elsewhere.text(key), BookingScanned).booking.hall == "H2"
        assert restarted.show_code(unheard.text(key), BookingScanned).booking.ticket == "B901"
        known = restarted.show_code(before.code, TicketScanned).ticket
        assert (known.label, known.state, known.ahead, known.wait) == ("A001", State.WAITING, None, None)
        assert restarted.show_code(taken.code, TicketScanned).ticket.label == "B901"
        unknown = TicketCode(
            ticket=uuid7(), label="A950", taken_at=clock() // 1000 * 1000, hall=HALL, kiosk="K2", klass="ordinary"
        )
        assert restarted.show_code(unknown.text(key), CodeScanned).why is CodeFlaw.UNKNOWN_TICKET


def test_a_kiosk_that_never_heard_its_hall_says_nothing_of_its_codes(tmp_path: Path) -> None:
    code = TicketCode(ticket=uuid7(), label="A1", taken_at=0, hall=HALL, kiosk="K2", klass="ordinary")
    with Kiosk(tmp_path, None, papers=True) as stranger:
        signed = replace(code, label="A901", taken_at=clock() // 1000 * 1000).text(b"a key it never heard of")
        assert stranger.show_code(signed, CodeScanned).why is CodeFlaw.UNKNOWN_TICKET
        assert stranger.show_code("https://example.org/", CodeScanned).why is CodeFlaw.NOT_OURS


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("http://hall/t/abc", "abc"),
        ("https://hall:8081/some/t/abc?lang=en#x", "abc"),
        ("http://hall/a/abc/", "abc"),
        ("http://hall/x/abc", "http://hall/x/abc"),
        ("http://[bad/t/abc", "http://[bad/t/abc"),
        ("  abc ", "abc"),
    ],
)
def test_the_code_is_taken_out_of_an_address(text: str, code: str) -> None:
    assert code_in(text) == code


class Lying:
    """A camera under which a code lies: it tells it again each time it begins, and each time the test says so."""

    def __init__(self) -> None:
        self.lies: Reading | None = None
        self.again = False
        self.begun = 0
        self.health = Health.READY

    def check(self) -> Health:
        return self.health

    def begin(self) -> None:
        self.begun += 1
        self.again = True

    def scan(self, within: float) -> Reading | None:
        seen, self.again = (self.lies if self.again else None), False
        return seen

    def end(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_a_code_that_lies_under_the_camera_is_told_again_only_after_three_seconds_without_it(tmp_path: Path) -> None:
    with Kiosk(tmp_path, None) as kiosk:
        source, told, time = Lying(), list[Shown](), [1000.0]
        watch = CodeWatch(
            source, wanted=Wanted(), keys=Keys(tmp_path / "keys.json"), known=kiosk.station.known,
            hall=lambda: kiosk.station.configuration, post=told.append, now=clock, clock=lambda: time[0],
        )  # fmt: skip

        def after(seconds: float, *, seen: bool) -> int:
            time[0] += seconds
            source.again = seen
            watch.check()
            return len(told)

        watch.check()
        source.lies = Reading(data=b"a code")
        assert after(1, seen=True) == 1
        assert [after(2, seen=True) for _ in range(5)] == [1] * 5, "it flickers"
        assert after(3.5, seen=True) == 2, "it was away"
        begun = source.begun
        after(ASK_AFTER + 1, seen=False)
        assert source.begun == begun + 1, "asked whether it is still there"
        assert after(0.5, seen=True) == 2, "it lies there still"
        assert after(10, seen=True) == 3
