"""Appointments: booked for a service and a slot, kept over the days, checked in once; and the paper of a dead kiosk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hall_stories import HALL, MINUTE, MONDAY, TUESDAY, WEDNESDAY, Story, folded, refused, snapshot, text

from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.life import State
from queue_server.domain.refusal import Reason

FRIDAY_OF_THE_HOLIDAY, SATURDAY, SATURDAY_WORKED = "2026-05-01", "2026-03-07", "2026-05-09"


# --- booking


def test_an_appointment_is_a_service_at_a_time_and_no_word_of_who_comes() -> None:
    story = Story().at("09:00")
    booked = story.book("tax", "10:30", holder="0f" * 32)
    assert vars(story.hall.appointments[booked]) == {
        "at": story.now, "appointment": booked, "day": MONDAY, "slot": story.time("10:30"), "service": "tax",
        "holder": "0f" * 32,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        (MONDAY, "08:59"),
        (MONDAY, "12:00"),
        (MONDAY, "13:59"),
        (MONDAY, "17:30"),
        (TUESDAY, "08:29"),
        (SATURDAY, "10:00"),
        (FRIDAY_OF_THE_HOLIDAY, "10:00"),
    ],
)
def test_a_slot_in_the_past_or_outside_opening_hours_is_refused(day: str, clock: str) -> None:
    story = Story().at("09:00")
    with refused(Reason.BAD_SLOT):
        story.book("tax", clock, day=day)


@pytest.mark.parametrize(("day", "clock"), [(MONDAY, "09:00"), (TUESDAY, "08:30"), (SATURDAY_WORKED, "17:29")])
def test_any_minute_that_the_hall_is_open_can_be_a_slot(day: str, clock: str) -> None:
    story = Story().at("09:00")
    assert story.hall.appointments[story.book("tax", clock, day=day)].day == day


def test_what_the_hall_does_not_have_cannot_be_booked() -> None:
    story = Story().at("09:00")
    with refused(Reason.UNKNOWN_SERVICE):
        story.book("marriage", "10:00")


def test_the_same_booking_twice_is_refused_by_its_id_or_by_its_card() -> None:
    story = Story().at("09:00")
    first = story.book("tax", "10:30", holder="card")
    with refused(Reason.APPOINTMENT_EXISTS):
        story.do(c.BookAppointment(appointment=first, service="licence", slot=story.time("11:00")))
    with refused(Reason.APPOINTMENT_EXISTS):
        story.book("tax", "10:30", holder="card")
    story.book("tax", "10:45", holder="card")
    story.book("tax", "10:30", holder="other card")
    assert {story.book("tax", "10:30") for _ in range(2)} <= story.hall.appointments.keys()


def test_appointments_are_booked_in_the_evening_too() -> None:
    story = Story().at("18:30")
    story.close_day()
    booked = story.book("tax", "09:00", day=TUESDAY)
    story.on(TUESDAY).at("08:30").open_day()
    assert booked in story.hall.appointments


def test_a_hall_that_never_opened_a_day_books_nothing() -> None:
    with refused(Reason.DAY_NOT_OPEN):
        Story(opened=False).book("tax", "10:00")


# --- over the days


def test_a_day_opens_with_the_appointments_of_that_day_and_later_and_forgets_the_past() -> None:
    story = Story().at("09:00")
    past, today, later = (story.book("tax", "10:00", day=day) for day in (MONDAY, TUESDAY, WEDNESDAY))
    story.on(TUESDAY).at("08:30")
    facts = story.open_day()
    assert {past, today, later} - story.hall.appointments.keys() == {past}
    assert snapshot(folded(facts[-1:]))["appointments"] == story.hall.appointments, "a fold begins at the opening"


def test_a_journal_from_before_there_were_appointments_opens_its_days_without_any() -> None:
    hall = folded([e.DayOpened(at=1, day=MONDAY, configuration=HALL)])
    assert (hall.appointments, hall.checked_in("a1")) == ({}, None)


# --- cancelling


def test_a_cancelled_appointment_is_gone_and_can_be_booked_again() -> None:
    story = Story().at("09:00")
    booked = story.book("tax", "10:30", holder="card")
    story.do(c.CancelAppointment(appointment=booked))
    assert story.hall.appointments == {}
    with refused(Reason.UNKNOWN_APPOINTMENT):
        story.do(c.CancelAppointment(appointment=booked))
    assert story.book("tax", "10:30", holder="card") in story.hall.appointments


def test_an_appointment_that_has_checked_in_is_not_cancelled() -> None:
    story = Story().at("10:25")
    booked = story.book("tax", "10:30")
    story.visit(appointment=booked)
    with refused(Reason.ALREADY_CHECKED_IN) as why:
        story.do(c.CancelAppointment(appointment=booked))
    assert "B001" in why.value.detail


# --- checking in


@pytest.mark.parametrize(
    ("clock", "due"), [("09:30", "10:35"), ("10:30", "10:35"), ("10:40", "10:45"), ("11:00", "11:05")]
)
def test_early_or_a_little_late_it_is_called_by_its_slot_or_its_coming_whichever_is_later(clock: str, due: str) -> None:
    story = Story().at("09:00")
    booked = story.book("tax", "10:30", holder="card")
    ticket = story.at(clock).ticket(story.visit(appointment=booked))
    assert (ticket.service, ticket.queue, ticket.slot) == ("tax", "B", story.time("10:30"))
    assert (ticket.klass, ticket.holder, ticket.due_at) == ("appointment", "card", story.time(due))
    assert story.hall.checked_in(booked) == ticket.id


def test_too_late_it_is_a_ticket_like_any_other_and_has_checked_in_all_the_same() -> None:
    story = Story().at("09:00")
    booked = story.book("tax", "10:30")
    ticket = story.at("11:01").ticket(story.visit(appointment=booked))
    assert (ticket.klass, ticket.slot, ticket.due_at) == ("ordinary", None, story.time("11:31"))
    assert story.hall.checked_in(booked) == ticket.id


def test_a_class_that_was_declared_stays_with_an_appointment() -> None:
    story = Story().at("10:00")
    booked = story.book("tax", "10:30")
    ticket = story.ticket(story.visit(appointment=booked, klass="military"))
    assert (ticket.klass, ticket.strict, ticket.slot) == ("military", True, story.time("10:30"))


def test_an_appointment_checks_in_once_until_its_paper_fails() -> None:
    story = Story().at("10:00")
    booked = story.book("tax", "10:30")
    label = story.visit(appointment=booked)
    with refused(Reason.ALREADY_CHECKED_IN) as why:
        story.visit(appointment=booked)
    assert label in why.value.detail
    story.void(label)
    assert story.hall.checked_in(booked) is None
    assert story.visit(appointment=booked) == "B002"


def test_an_appointment_of_another_day_is_refused_with_its_day() -> None:
    story = Story().at("10:00")
    booked = story.book("tax", "10:30", day=TUESDAY)
    with refused(Reason.OTHER_DAY) as why:
        story.visit(appointment=booked)
    assert TUESDAY in why.value.detail


def test_an_appointment_the_hall_does_not_know_is_taken_at_its_word_where_it_says_for_what() -> None:
    """The hall may have been restored from a backup; whoever asks has read the signed code."""
    story = Story().at("10:00")
    with refused(Reason.UNKNOWN_APPOINTMENT):
        story.visit(appointment="forgotten")
    label = story.visit("tax", appointment="forgotten", slot=story.time("10:30"))
    assert story.hall.checked_in("forgotten") == story.ticket(label).id
    with refused(Reason.ALREADY_CHECKED_IN):
        story.visit("tax", appointment="forgotten")


def test_what_a_kiosk_printed_for_an_appointment_is_taken_as_it_is_even_twice() -> None:
    story = Story().at("10:00")
    booked = story.book("tax", "10:30")
    story.visit(appointment=booked)
    printed = replace(story.printed("B", 901), appointment=booked, service="tax")
    story.hear(printed)
    assert sorted(story.waiting("B")) == ["B001", "B901"]
    assert story.hall.checked_in(booked) == min(printed.ticket, story.ticket("B001").id)


def test_a_full_queue_still_takes_appointments_and_lends_a_number_for_one() -> None:
    limited = replace(HALL, queues=(HALL.queues[0], replace(HALL.queues[1], limit=1), HALL.queues[2]))
    story = Story(limited).at("10:00")
    first, second = story.book("tax", "10:30"), story.book("tax", "10:45")
    story.visit("tax")
    assert story.visit(appointment=first) == "B002"
    (lent,) = story.do(c.BorrowNumber(kiosk="K1", queue="B", appointment=second))
    assert isinstance(lent, e.NumberLent)


# --- the paper of a kiosk that died


def paper(story: Story, label: str, clock: str, **more: Any) -> list[e.Event]:
    told: dict[str, Any] = {"ticket": f"paper-{label}", "klass": "ordinary", "source": "K1", "service": "licence"}
    return story.do(c.AcceptPaper(label=label, taken_at=story.time(clock), **{**told, **more}))


def test_the_paper_of_a_dead_kiosk_becomes_the_ticket_it_says_it_is() -> None:
    story = Story().at("09:30")
    story.issue("A")
    paper(story, "A901", "09:05", klass="elder")
    ticket = story.ticket("A901")
    assert (ticket.issued_at, ticket.due_at) == (story.time("09:05"), story.time("09:15"))
    assert (ticket.queue, ticket.number, ticket.klass, ticket.source) == ("A", 901, "elder", "K1")
    assert (ticket.service, ticket.state, story.waiting("A")) == ("licence", State.WAITING, ["A901", "A001"])


def test_a_paper_with_an_appointment_or_a_first_by_law_class_keeps_both() -> None:
    story = Story().at("09:30")
    paper(story, "B901", "09:05", klass="military", service="tax", slot=story.time("10:30"), appointment="a1")
    ticket = story.ticket("B901")
    assert (ticket.strict, ticket.slot, ticket.due_at) == (True, story.time("10:30"), story.time("10:35"))
    assert story.hall.checked_in("a1") == ticket.id


def test_a_paper_whose_ticket_is_known_says_nothing_new() -> None:
    story = Story().at("09:30")
    paper(story, "A901", "09:05")
    before = snapshot(story.hall)
    assert paper(story, "A901", "09:05") == []
    assert snapshot(story.hall) == before


def test_a_dead_kiosk_that_comes_back_and_tells_the_same_ticket_doubles_nothing() -> None:
    story = Story().at("09:05")
    told = replace(story.printed("A", 901), holder="card", then=("tax",))
    story.at("09:30")
    paper(story, "A901", "09:05", ticket=told.ticket)
    before = snapshot(story.hall)
    story.hear(told)
    assert snapshot(story.hall) == before
    assert story.call("1") == "A901"
    assert story.waiting("A") == []


def test_a_paper_of_a_common_number_is_not_handed_out_again() -> None:
    """The hall was restored from a backup that does not know the number was lent."""
    story = Story().at("09:30")
    paper(story, "A007", "09:05")
    assert story.issue("A") == "A008"


def test_a_paper_of_another_day_is_refused() -> None:
    story = Story().at("17:00")
    yesterday = story.time("09:05")
    story.on(TUESDAY).at("08:30").open_day()
    with refused(Reason.OTHER_DAY):
        story.do(c.AcceptPaper(ticket="t", label="A901", klass="ordinary", taken_at=yesterday, source="K1"))


def test_a_paper_of_a_kiosk_whose_clock_is_a_little_fast_is_taken_but_not_one_of_the_future() -> None:
    story = Story().at("09:00")
    paper(story, "A901", "09:10")
    assert story.ticket("A901").issued_at == story.now + 10 * MINUTE
    with refused(Reason.IN_THE_FUTURE):
        paper(story, "A902", "09:11")


def test_a_paper_with_a_number_that_somebody_else_has_is_refused() -> None:
    story = Story().at("09:00")
    story.issue("A")
    with refused(Reason.LABEL_TAKEN):
        paper(story, "A001", "08:50")


@pytest.mark.parametrize("label", ["Z901", "", "901", "A", "A01", "A90100", "a901", "Ａ901", "A９０１"])
def test_a_paper_with_what_is_no_number_of_this_hall_is_refused(label: str) -> None:
    with refused(Reason.UNKNOWN_QUEUE):
        paper(Story().at("09:00"), label, "08:50")


def test_a_paper_of_a_class_the_hall_does_not_have_is_refused() -> None:
    with refused(Reason.UNKNOWN_CLASS):
        paper(Story().at("09:00"), "A901", "08:50", klass="king")


def test_a_paper_is_taken_though_its_queue_is_full_or_its_service_closed() -> None:
    """Somebody stands there with a number in the hand."""
    closed = replace(HALL.services[0], closed=text("系统升级"))
    story = Story(
        replace(
            HALL, queues=(replace(HALL.queues[0], limit=0), *HALL.queues[1:]), services=(closed, *HALL.services[1:])
        )
    ).at("09:00")
    paper(story, "A901", "08:50")
    assert story.waiting("A") == ["A901"]


def test_no_paper_is_taken_when_the_day_is_not_open() -> None:
    story = Story().at("18:30")
    story.close_day()
    with refused(Reason.DAY_NOT_OPEN):
        paper(story, "A901", "17:00")
