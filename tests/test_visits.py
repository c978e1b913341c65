"""Several services in one visit, one ticket in the hand; and what one card, one queue and one class may have."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hall_stories import HALL, TUESDAY, Story, refused, service, snapshot, text

from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.events import Outcome
from queue_server.domain.life import State
from queue_server.domain.refusal import Reason

TWO_OF_A = replace(HALL, services=(*HALL.services, service("permit", "A")))
LIMITED = replace(HALL, queues=(replace(HALL.queues[0], limit=2), *HALL.queues[1:]))
CLOSED = replace(HALL, services=(replace(HALL.services[0], closed=text("系统升级")), *HALL.services[1:]))


def serving(story: Story, window: str = "1") -> Story:
    story.call(window)
    story.start(window)
    return story


# --- one ticket, several services


def test_a_visit_goes_on_at_the_next_queue_with_the_same_number() -> None:
    story = Story().at("09:00")
    assert story.visit("licence", "tax", "pension") == "A001"
    serving(story.at("09:05")).at("09:15").finish("1", Outcome.ACCEPTED)
    ticket = story.ticket("A001")
    assert (ticket.state, ticket.service, ticket.queue, ticket.then) == (State.WAITING, "tax", "B", ("pension",))
    assert (story.waiting("B"), story.at_window("1"), ticket.window) == (["A001"], "", None)
    serving(story, "2").finish("2")
    serving(story, "3").at("09:40").finish("3", Outcome.COLLECTED)
    assert (ticket.state, ticket.outcome, ticket.then) == (State.FINISHED, Outcome.COLLECTED, ())
    assert [f.outcome for f in story.facts if isinstance(f, e.TicketContinued)] == [Outcome.ACCEPTED, Outcome.DONE]


def test_a_visit_that_goes_on_keeps_its_promise_and_so_its_place_before_those_who_came_later() -> None:
    story = Story().at("09:00")
    story.visit("licence", "tax")
    due = story.ticket("A001").due_at
    story.at("09:01").issue("B", "elder")
    serving(story.at("09:02")).at("09:18")
    story.issue("B", "elder")
    story.finish("1")
    assert story.ticket("A001").due_at == due
    assert story.waiting("B") == ["B001", "A001", "B002"]


@pytest.mark.parametrize("outcome", [Outcome.MATERIALS_MISSING, Outcome.NOT_ACCEPTED, Outcome.WRONG_QUEUE])
def test_the_other_errands_are_still_wanted_when_one_came_to_nothing(outcome: Outcome) -> None:
    story = Story().at("09:00")
    story.visit("licence", "pension")
    serving(story).finish("1", outcome)
    assert story.waiting("C") == ["A001"]


def test_services_of_the_queue_where_it_is_served_are_done_in_the_same_serving() -> None:
    story = Story(TWO_OF_A).at("09:00")
    story.visit("licence", "permit", "tax", "permit")
    serving(story).finish("1")
    assert (story.ticket("A001").service, story.ticket("A001").then) == ("tax", ())
    story.visit("licence", "permit")
    serving(story).finish("1")
    assert story.ticket("A002").state is State.FINISHED


def test_a_service_that_was_put_off_in_favour_of_another_queue_comes_back_to_its_own() -> None:
    story = Story().at("09:00")
    story.visit("licence", "tax")
    serving(story)
    story.transfer("1", "C")
    serving(story, "3").finish("3")
    assert story.waiting("B") == ["A001"]


def test_finish_and_call_next_lets_a_visit_go_on_and_calls_who_is_most_at_risk_then() -> None:
    """Window 2 serves A as a helper, five minutes later: the visit that goes on there is judged like everybody."""
    story = Story().at("09:00")
    story.visit("tax", "licence")  # due 09:30, and 09:35 where A is helped only
    serving(story, "2")
    story.at("09:03").issue("B")  # due 09:33
    assert story.call("2", outcome=Outcome.DONE) == "B002"
    assert (story.waiting("A"), story.why("2").over) == (["B001"], "B001")


def test_finish_and_call_next_calls_the_same_resident_again_where_nobody_is_more_at_risk() -> None:
    story = Story().at("09:00")
    story.visit("licence", "pension")
    serving(story.at("09:01"), "3")
    story.at("09:10").issue("A")
    assert story.call("3", outcome=Outcome.DONE) == "A001"
    ticket = story.ticket("A001")
    assert (ticket.state, ticket.service, ticket.queue) == (State.CALLED, "pension", "C")
    assert story.why("3").over == "A002"
    assert (story.waiting("C"), story.waiting("A")) == ([], ["A002"])


def test_a_paused_window_calls_nobody_after_a_visit_has_gone_on() -> None:
    story = Story().at("09:00")
    story.visit("licence", "pension")
    serving(story, "3")
    story.pause("3")
    assert story.call("3", outcome=Outcome.DONE) == ""
    assert story.waiting("C") == ["A001"]


def test_who_goes_first_by_law_goes_first_at_every_queue_of_the_visit() -> None:
    story = Story().at("09:00")
    story.visit("licence", "tax", klass="military")
    story.issue("B", "elder")
    serving(story).at("09:30").finish("1")
    assert story.waiting("B") == ["A001", "B001"]


def test_a_further_service_that_today_no_longer_has_is_left_out() -> None:
    story = Story().at("09:00")
    story.visit("licence", "pension")
    story.configure(replace(HALL, services=HALL.services[:2]))
    serving(story).finish("1")
    assert story.ticket("A001").state is State.FINISHED


def test_a_further_service_must_be_one_of_the_hall() -> None:
    with refused(Reason.UNKNOWN_SERVICE):
        Story().at("09:00").visit("licence", "marriage")


def test_closing_the_day_ends_a_visit_that_would_have_gone_on() -> None:
    story = Story().at("17:00")
    story.visit("licence", "tax")
    serving(story).at("18:30").close_day(force=True)
    assert (story.ticket("A001").state, story.waiting("B")) == (State.FINISHED, [])


# --- one card, one ticket in a queue


def test_a_second_ticket_with_one_card_in_one_queue_is_answered_with_the_first() -> None:
    story = Story().at("09:00")
    story.visit("licence", holder="card")
    with refused(Reason.ALREADY_HELD) as why:
        story.visit("licence", holder="card")
    assert "A001" in why.value.detail
    assert [ticket.label for ticket in story.hall.held_by("card")] == ["A001"]


def test_another_queue_another_card_and_no_card_are_not_held_against_anybody() -> None:
    story = Story().at("09:00")
    story.visit("licence", holder="card")
    assert story.visit("tax", holder="card") == "B001"
    assert story.visit("licence", holder="other card") == "A002"
    assert (story.visit("licence"), story.visit("licence")) == ("A003", "A004")
    assert [ticket.label for ticket in story.hall.held_by("card")] == ["A001", "B001"]


@pytest.mark.parametrize("state", ["called", "serving"])
def test_a_ticket_that_is_called_or_served_is_still_held(state: str) -> None:
    story = Story().at("09:00")
    story.visit("licence", holder="card")
    story.call("1")
    if state == "serving":
        story.start("1")
    with refused(Reason.ALREADY_HELD):
        story.visit("licence", holder="card")


@pytest.mark.parametrize("end", ["finished", "voided", "no-show"])
def test_who_has_been_served_or_given_up_may_take_another(end: str) -> None:
    story = Story().at("09:00")
    story.visit("licence", holder="card")
    if end == "voided":
        story.void("A001")
    else:
        story.call("1")
        if end == "finished":
            story.start("1")
            story.finish("1")
        else:
            story.no_show("1")
    assert story.visit("licence", holder="card") == "A002"


def test_a_no_show_is_still_held_so_that_it_can_be_offered_to_be_restored() -> None:
    story = Story().at("09:00")
    story.visit("licence", holder="card")
    story.call("1")
    story.no_show("1")
    assert [ticket.state for ticket in story.hall.held_by("card")] == [State.NO_SHOW]


def test_yesterdays_holder_is_forgotten() -> None:
    story = Story().at("09:00")
    story.visit("licence", holder="card")
    story.on(TUESDAY).at("08:30").open_day()
    assert story.hall.held_by("card") == ()


# --- a queue's limit, a service that is closed


def test_a_full_queue_gives_no_more_tickets_and_lends_no_more_numbers() -> None:
    story = Story(LIMITED).at("09:00")
    story.visit("licence")
    assert not story.hall.is_full("A")
    story.visit("licence")
    assert story.hall.is_full("A")
    with refused(Reason.QUEUE_FULL):
        story.visit("licence")
    with refused(Reason.QUEUE_FULL):
        story.borrow("A")
    assert (story.visit("tax"), story.borrow("C")) == ("B001", 1)


def test_what_a_kiosk_printed_while_cut_off_counts_and_is_taken_beyond_the_limit() -> None:
    story = Story(LIMITED).at("09:00")
    for number in (901, 902, 903):
        story.hear(story.printed("A", number))
    assert (story.hall.issued["A"], len(story.waiting("A"))) == (3, 3)
    with refused(Reason.QUEUE_FULL):
        story.visit("licence")


def test_a_ticket_that_moves_on_takes_no_place_of_the_next_queue() -> None:
    story = Story(LIMITED).at("09:00")
    story.visit("tax", "licence")
    serving(story, "2").finish("2")
    assert story.waiting("A") == ["B001"]
    assert (story.visit("licence"), story.visit("licence")) == ("A001", "A002")


def test_a_new_day_has_room_again() -> None:
    story = Story(LIMITED).at("09:00")
    story.visit("licence")
    story.visit("licence")
    story.on(TUESDAY).at("08:30").open_day()
    assert story.visit("licence") == "A001"


def test_a_closed_service_is_refused_with_the_reason_why_it_is_closed() -> None:
    story = Story(CLOSED).at("09:00")
    for services in (("licence",), ("tax", "licence")):
        with refused(Reason.SERVICE_CLOSED) as why:
            story.visit(*services)
        assert "系统升级" in why.value.detail
    with refused(Reason.SERVICE_CLOSED):
        story.book("licence", "10:00")
    assert story.visit("tax") == "B001"


# --- a declared class is confirmed or not


def test_a_confirmed_class_changes_nothing_but_that_it_is_confirmed() -> None:
    story = Story().at("09:00")
    story.issue("A", "elder")
    assert story.ticket("A001").class_confirmed is None
    story.call("1")
    story.confirm_class("1", True)
    ticket = story.ticket("A001")
    assert (ticket.klass, ticket.class_confirmed, ticket.state) == ("elder", True, State.CALLED)
    assert story.confirm_class("1", True) == []


@pytest.mark.parametrize("klass", ["elder", "military"])
def test_a_refused_class_is_an_ordinary_ticket_from_then_on(klass: str) -> None:
    story = Story().at("09:00")
    story.issue("A", klass)
    serving(story)
    story.confirm_class("1", False)
    ticket = story.ticket("A001")
    assert (ticket.klass, ticket.strict, ticket.class_confirmed) == ("ordinary", False, False)
    story.issue("A", "military")
    story.transfer("1", "A")
    assert story.waiting("A") == ["A002", "A001"]


def test_staff_may_change_their_mind_to_a_refusal() -> None:
    story = Story().at("09:00")
    story.issue("A", "elder")
    serving(story)
    story.confirm_class("1", True)
    story.confirm_class("1", False)
    assert story.ticket("A001").klass == "ordinary"
    with refused(Reason.WRONG_STATE):
        story.confirm_class("1", True)


@pytest.mark.parametrize("klass", ["ordinary", "appointment"])
def test_where_nothing_was_declared_there_is_nothing_to_confirm(klass: str) -> None:
    story = Story().at("09:00")
    story.issue("A", klass)
    story.call("1")
    with refused(Reason.WRONG_STATE):
        story.confirm_class("1", False)


def test_only_the_ticket_at_the_window_is_confirmed() -> None:
    story = Story().at("09:00")
    story.issue("A", "elder")
    with refused(Reason.NO_TICKET):
        story.confirm_class("1", True)
    story.call("1")
    with refused(Reason.MOVED_ON):
        story.do(c.ConfirmClass(window="1", confirmed=True, ticket="another"))
    before = snapshot(story.hall)
    story.hear(e.ClassConfirmed(at=story.now, ticket="another", window="1", confirmed=False))
    assert snapshot(story.hall) == before


def test_a_confirmation_heard_after_the_ticket_has_left_changes_nothing() -> None:
    story = Story().at("09:00")
    story.issue("A", "elder")
    serving(story).finish("1")
    before = snapshot(story.hall)
    story.hear(e.ClassConfirmed(at=story.now, ticket=story.ticket("A001").id, window="1", confirmed=False))
    assert snapshot(story.hall) == before
