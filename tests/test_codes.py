"""Our own codes: nothing that we did not sign, and nothing that is over, is ever believed."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.printer import QRCode, Receipt
from queue_server.domain.calendar import instant
from queue_server.domain.codes import (
    LONGEST_TOKEN,
    AppointmentCode,
    Flaw,
    Rejected,
    TicketCode,
    Token,
    read,
    sign,
    verify,
)
from queue_server.domain.events import AppointmentBooked, TicketIssued

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
NOW = 1_763_800_000
BODIES = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=96)
KINDS = st.sampled_from(string.ascii_uppercase)
TIMES = st.integers(0, 36**7 - 1)


def flaw(text: str, *, key: bytes = KEY, now: float = NOW) -> Flaw | Token:
    try:
        return verify(text, key, now)
    except Rejected as e:
        return e.flaw


@given(kind=KINDS, body=BODIES, expires=TIMES)
def test_what_was_signed_is_verified_until_it_expires(kind: str, body: str, expires: int) -> None:
    text = sign(kind, body, expires, KEY)
    assert verify(text, KEY, expires - 1) == Token(kind=kind, body=body, expires=expires)
    assert flaw(text, now=expires) is Flaw.EXPIRED
    assert flaw(text, key=OTHER_KEY, now=expires - 1) is Flaw.FORGED


def test_a_token_is_what_its_grammar_says_for_ever() -> None:
    text = sign("T", "JR1-A001", NOW, b"0123456789abcdef")
    assert text == "T.JR1-A001.T64CSG.vXLzph7RCwzPfuShimh8kw"
    assert re.fullmatch(r"[A-Z]\.[\w-]{1,96}\.[0-9A-Z]{1,7}\.[\w-]{22}", text, re.ASCII)


def test_the_longest_code_is_verified_and_fits_a_receipt() -> None:
    text = sign("T", "A" * 96, 36**7 - 1, KEY)
    assert len(text) == LONGEST_TOKEN
    assert flaw(text) == Token(kind="T", body="A" * 96, expires=36**7 - 1)
    assert Receipt((QRCode(text),)).parts == (QRCode(text),)


@given(body=BODIES, place=st.integers(0, 200), letter=st.characters())
def test_a_token_changed_anywhere_is_not_ours(body: str, place: int, letter: str) -> None:
    text = sign("T", body, NOW + 60, KEY)
    place %= len(text)
    changed = text[:place] + letter + text[place + 1 :]
    assert changed == text or flaw(changed) in (Flaw.FORGED, Flaw.NOT_OURS)


def test_a_body_signed_as_one_kind_does_not_pass_as_another() -> None:
    assert flaw(sign("T", "A001", NOW + 60, KEY).replace("T", "A", 1)) is Flaw.FORGED


@given(st.text(max_size=300))
def test_any_other_text_is_not_ours(text: str) -> None:
    assert flaw(text) is Flaw.NOT_OURS


@pytest.mark.parametrize("around", ["{} ", " {}", "{}\n", "{}\r", "{}=", "﻿{}", "{}.{}", "http://example.cn/{}"])
def test_nothing_may_stand_around_a_token(around: str) -> None:
    token = sign("T", "A001", NOW + 60, KEY)
    assert flaw(around.format(token, token)) is Flaw.NOT_OURS


def test_full_width_letters_are_not_letters() -> None:
    assert flaw(sign("T", "A001", NOW + 60, KEY).replace("T.", "Ｔ.")) is Flaw.NOT_OURS


def test_a_megabyte_is_refused_at_once() -> None:
    assert flaw("T." + "A" * 1_000_000) is Flaw.NOT_OURS


@pytest.mark.parametrize(
    ("kind", "body", "expires"),
    [
        *((kind, "A001", NOW) for kind in ("", "t", "TT", "1", "Ｔ")),
        *(("T", body, NOW) for body in ("", "A" * 97, "A.1", "A 1", "A\n", "预约")),
        *(("T", "A001", expires) for expires in (-1, 36**7)),
    ],
)
def test_what_does_not_fit_the_grammar_is_not_signed(kind: str, body: str, expires: int) -> None:
    with pytest.raises(ValueError, match=r"kind|expires"):
        sign(kind, body, expires, KEY)


def test_a_short_key_is_a_mistake_of_the_caller_not_of_the_code() -> None:
    with pytest.raises(ValueError, match="key"):
        sign("T", "A001", NOW, b"short")
    with pytest.raises(ValueError, match="key") as caught:
        verify("anything", b"short", NOW)
    assert not isinstance(caught.value, Rejected)


def test_a_rejection_does_not_repeat_what_the_code_said() -> None:
    with pytest.raises(Rejected) as caught:
        verify("321199196001010017", KEY, NOW)
    assert "321199" not in repr(caught.value) + str(caught.value)


# --- what our two kinds of codes say

ZONE, MONDAY = "Asia/Shanghai", "2026-03-02"
NOON = instant(ZONE, MONDAY, "12:00")
NAMES = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=12)
SECONDS = st.integers(0, 36**6).map(lambda seconds: seconds * 1000)
TICKETS = st.builds(
    TicketCode,
    ticket=st.uuids().map(str),
    label=st.from_regex(r"[A-Z][0-9]{3,4}", fullmatch=True),
    taken_at=SECONDS,
    hall=NAMES,
    kiosk=NAMES,
    klass=NAMES,
    service=NAMES | st.none(),
    slot=SECONDS | st.none(),
)
APPOINTMENTS = st.builds(
    AppointmentCode,
    hall=NAMES,
    day=st.dates().map(date.isoformat),
    clock=st.times().map(lambda time: f"{time:%H:%M}"),
    service=NAMES,
    appointment=st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=16, max_size=16),
    expires=SECONDS,
)
TICKET = TicketCode(
    ticket="019ca4a2-5e80-7aaa-8bbb-0123456789ab", label="A017", taken_at=NOON, hall="JR-CITY", kiosk="K1",
    klass="elder", service="SJ-A01", slot=NOON + 1_800_000,
)  # fmt: skip
BOOKED = AppointmentBooked(
    at=0, appointment="k3v5p2qdx7j4m6ab", day=MONDAY, slot=instant(ZONE, MONDAY, "10:30"), service="SJ-A01"
)


@given(code=TICKETS)
def test_a_tickets_code_says_what_was_put_into_it(code: TicketCode) -> None:
    """Also with the longest names a configuration may have."""
    assert TicketCode.read(code.text(KEY), KEY, code.taken_at) == code == read(code.text(KEY), KEY, code.taken_at)


@given(code=APPOINTMENTS)
def test_an_appointments_code_says_what_was_put_into_it(code: AppointmentCode) -> None:
    now = code.expires - 1000
    assert AppointmentCode.read(code.text(KEY), KEY, now) == code == read(code.text(KEY), KEY, now)


def test_the_codes_are_what_their_grammars_say_for_ever() -> None:
    key = b"0123456789abcdef"
    said = "T.AZykol6AeqqLuwEjRWeJqw_A017_TB9740_JR-CITY_K1_elder_SJ-A01_TB98I0.TBB1S0."
    assert TICKET.text(key) == said + "gCDUrrcW-6R1qBdI5N8KwA"
    booked = AppointmentCode.of("JR-CITY", ZONE, BOOKED).text(key)
    assert booked == "A.JR-CITY_20260302_1030_SJ-A01_k3v5p2qdx7j4m6ab.TBBZ40.3ZIMq3wMlqs37Vej6IySuQ"


def test_a_tickets_code_is_good_for_a_day() -> None:
    text = TICKET.text(KEY)
    assert TicketCode.read(text, KEY, NOON + TicketCode.GOOD_FOR - 1) == TICKET
    with pytest.raises(Rejected) as caught:
        TicketCode.read(text, KEY, NOON + TicketCode.GOOD_FOR)
    assert caught.value.flaw is Flaw.EXPIRED


def test_an_appointments_code_is_good_to_the_end_of_the_day_after_by_the_halls_clock() -> None:
    code = AppointmentCode.of("JR-CITY", ZONE, BOOKED)
    assert (code.day, code.clock, code.slot(ZONE)) == (MONDAY, "10:30", BOOKED.slot)
    midnight = instant(ZONE, "2026-03-04", "00:00")
    assert read(code.text(KEY), KEY, midnight - 1) == code
    with pytest.raises(Rejected) as caught:
        read(code.text(KEY), KEY, midnight)
    assert caught.value.flaw is Flaw.EXPIRED


def test_a_ticket_is_taken_into_its_code_with_its_times_cut_to_seconds() -> None:
    issued = TicketIssued(
        at=NOON + 999, ticket=TICKET.ticket, day=MONDAY, queue="A", number=17, label="A017", klass="elder",
        due_at=NOON, source="K1", service="SJ-A01", slot=TICKET.slot, holder="0f" * 32,
    )  # fmt: skip
    assert TicketCode.of("JR-CITY", issued) == TICKET


def test_one_kind_of_code_is_never_read_as_the_other() -> None:
    appointment = AppointmentCode.of("JR-CITY", ZONE, BOOKED).text(KEY)
    for reads, text in ((TicketCode.read, appointment), (AppointmentCode.read, TICKET.text(KEY))):
        with pytest.raises(Rejected) as caught:
            reads(text, KEY, NOON)
        assert caught.value.flaw is Flaw.NOT_OURS


def test_the_body_of_one_kind_signed_as_another_is_not_read() -> None:
    for reads, text in (
        (TicketCode.read, TICKET.text(KEY)),
        (AppointmentCode.read, AppointmentCode.of("H1", ZONE, BOOKED).text(KEY)),
    ):
        body = text.split(".")[1]
        for kind in {"A", "T", "X"} - {text[0]}:
            with pytest.raises(Rejected) as caught:
                reads(sign(kind, body, 36**6, KEY), KEY, NOON)
            assert caught.value.flaw is Flaw.NOT_OURS


@given(text=st.text(max_size=300) | TICKETS.map(lambda code: code.text(OTHER_KEY)))
def test_what_we_did_not_sign_is_rejected_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(Rejected):
        read(text, KEY, 0)


@given(kind=st.sampled_from("TAX"), body=BODIES | st.from_regex(r"[A-Za-z0-9_-]{1,30}_[0-9_]{1,30}", fullmatch=True))
def test_whatever_we_signed_for_something_else_is_rejected_and_nothing_else_happens(kind: str, body: str) -> None:
    with pytest.raises(Rejected) as caught:
        read(sign(kind, body, NOW, KEY), KEY, 0)
    assert caught.value.flaw is Flaw.NOT_OURS


@pytest.mark.parametrize("body", ["H1_20261332_1030_tax_a1", "H1_20260230_1030_tax_a1", "H1_20260302_2460_tax_a1"])
def test_an_appointment_on_no_day_or_at_no_time_is_rejected(body: str) -> None:
    with pytest.raises(Rejected):
        AppointmentCode.read(sign("A", body, NOW, KEY), KEY, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ticket": "t1"}, {"ticket": TICKET.ticket.upper()}, {"label": "017"}, {"label": "A17"}, {"hall": "JR_CITY"},
        {"kiosk": ""}, {"klass": "老人"}, {"service": "SJ_A01"}, {"service": "S" * 60}, {"taken_at": NOON + 1},
        {"slot": -1000}, {"taken_at": 36**7 * 1000},
    ],
)  # fmt: skip
def test_what_does_not_fit_into_a_tickets_code_is_not_signed(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"fit|expires|UUID|body"):
        replace(TICKET, **wrong).text(KEY)


def test_what_does_not_fit_into_an_appointments_code_is_not_signed() -> None:
    code = AppointmentCode.of("JR-CITY", ZONE, BOOKED)
    for wrong in ({"day": "2026-02-30"}, {"clock": "10:3"}, {"service": "a_b"}, {"hall": ""}, {"expires": 1}):
        with pytest.raises(ValueError, match="fit"):
            replace(code, **wrong).text(KEY)
