"""Calling again, giving up, and coming back after all."""

from __future__ import annotations

from hall_stories import HALL, Story, refused, with_rules

from queue_server.domain.configuration import Configuration
from queue_server.domain.life import State
from queue_server.domain.refusal import Reason


def with_a_no_show(others: int, klass: str = "ordinary", configuration: Configuration = HALL) -> Story:
    """A001, taken at 09:00, did not come; as many others of a class wait behind, one a minute from 09:01 on."""
    story = Story(configuration)
    story.at("09:00").issue("A")
    story.call("1")
    story.no_show("1")
    for minute in range(others):
        story.at(f"09:{minute + 1:02d}").issue("A", klass)
    return story.at("09:30")


# --- recall


def test_a_ticket_is_called_again_three_times_and_not_a_fourth() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    for clock in ("09:01", "09:02", "09:03"):
        story.at(clock).recall("1")
    assert story.ticket("A001").recalls == 3
    with refused(Reason.TOO_OFTEN):
        story.at("09:04").recall("1")


def test_a_resident_is_given_time_to_come_before_being_called_again() -> None:
    story = Story()
    story.at("09:00").issue("A")
    story.call("1")
    with refused(Reason.TOO_SOON):
        story.at("09:00:14").recall("1")
    story.at("09:00:15").recall("1")
    with refused(Reason.TOO_SOON):
        story.at("09:00:29").recall("1")
    story.at("09:00:30").recall("1")


def test_how_often_and_how_soon_is_the_halls_configuration() -> None:
    story = Story(with_rules(recall_limit=1, recall_interval_seconds=60)).at("09:00")
    story.issue("A")
    story.call("1")
    with refused(Reason.TOO_SOON):
        story.at("09:00:59").recall("1")
    story.at("09:01").recall("1")
    with refused(Reason.TOO_OFTEN):
        story.at("09:05").recall("1")


def test_only_a_called_ticket_is_called_again() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    story.start("1")
    with refused(Reason.WRONG_STATE):
        story.at("09:01").recall("1")


def test_recalls_count_anew_at_the_next_call() -> None:
    story = Story(with_rules(recall_limit=1)).at("09:00")
    story.issue("A")
    story.call("1")
    story.at("09:01").recall("1")
    story.park("1")
    story.at("09:10").call("1")
    story.at("09:11").recall("1")
    assert story.ticket("A001").recalls == 1


def test_a_recall_says_the_ticket_once_more_and_the_first_call_stays_the_first() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.at("09:01").call("1")
    story.at("09:02").recall("1")
    ticket = story.ticket("A001")
    assert story.hall.calls == [ticket.id, ticket.id]
    assert (ticket.called_at, ticket.last_called_at) == (story.time("09:01"), story.time("09:02"))


# --- no-show


def test_a_no_show_frees_the_window_and_waits_nowhere() -> None:
    story = with_a_no_show(others=1)
    assert story.ticket("A001").state is State.NO_SHOW
    assert story.waiting("A") == ["A002"]
    assert story.call("1") == "A002"


def test_a_resident_being_served_is_not_a_no_show() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    story.start("1")
    with refused(Reason.WRONG_STATE):
        story.no_show("1")


# --- coming back after all


def test_a_no_show_is_restored_at_third_place() -> None:
    story = with_a_no_show(others=4)
    story.restore("A001")
    assert story.waiting("A") == ["A002", "A003", "A001", "A004", "A005"]


def test_which_place_is_the_halls_configuration() -> None:
    for place, line in (
        (1, ["A001", "A002", "A003", "A004"]),
        (2, ["A002", "A001", "A003", "A004"]),
        (4, ["A002", "A003", "A004", "A001"]),
        (9, ["A002", "A003", "A004", "A001"]),
    ):
        story = with_a_no_show(others=3, configuration=with_rules(restore_place=place))
        story.restore("A001")
        assert story.waiting("A") == line, place


def test_with_fewer_waiting_a_restored_ticket_goes_last() -> None:
    for others, line in ((0, ["A001"]), (1, ["A002", "A001"]), (2, ["A002", "A003", "A001"])):
        story = with_a_no_show(others=others)
        story.restore("A001")
        assert story.waiting("A") == line


def test_a_restored_ticket_stands_among_strict_ones_where_they_are_the_first() -> None:
    story = with_a_no_show(others=3, klass="military")
    story.at("09:20").issue("A")
    story.restore("A001")
    assert story.waiting("A") == ["A002", "A003", "A001", "A004", "A005"]


def test_a_restored_ticket_stands_behind_one_strict_and_one_ordinary() -> None:
    story = with_a_no_show(others=3)
    story.at("09:20").issue("A", "military")
    story.restore("A001")
    assert story.waiting("A") == ["A005", "A002", "A001", "A003", "A004"]


def test_a_strict_ticket_restored_does_not_jump_the_two_before_it() -> None:
    story = Story()
    story.at("09:00").issue("A", "military")
    story.call("1")
    story.no_show("1")
    for clock in ("09:01", "09:02", "09:03"):
        story.at(clock).issue("A")
    story.restore("A001")
    assert story.waiting("A") == ["A002", "A003", "A001", "A004"]


def test_a_restored_ticket_is_third_even_where_many_share_one_appointment_slot() -> None:
    story = Story()
    story.at("09:00").issue("A")
    story.call("1")
    story.no_show("1")
    for clock in ("09:10", "09:11", "09:12", "09:13"):
        story.at(clock).issue("A", slot="10:00")  # all by 10:05
    story.at("09:20").restore("A001")
    assert story.waiting("A") == ["A002", "A003", "A001", "A004", "A005"]


def test_those_who_come_later_stay_behind_a_restored_ticket() -> None:
    story = with_a_no_show(others=2)
    story.restore("A001")
    story.at("09:31").issue("A")
    assert story.waiting("A") == ["A002", "A003", "A001", "A004"]


def test_a_ticket_is_restored_once() -> None:
    story = with_a_no_show(others=0)
    story.restore("A001")
    story.call("1")
    story.no_show("1")
    with refused(Reason.TOO_OFTEN):
        story.restore("A001")


def test_how_often_is_the_halls_configuration() -> None:
    never = with_a_no_show(others=0, configuration=with_rules(restore_limit=0))
    with refused(Reason.TOO_OFTEN):
        never.restore("A001")
    twice = with_a_no_show(others=0, configuration=with_rules(restore_limit=2))
    for _ in range(2):
        twice.restore("A001")
        twice.call("1")
        twice.no_show("1")
    with refused(Reason.TOO_OFTEN):
        twice.restore("A001")


def test_a_restored_ticket_is_as_if_it_had_not_ended() -> None:
    story = with_a_no_show(others=0)
    story.restore("A001")
    ticket = story.ticket("A001")
    assert (ticket.state, ticket.window, ticket.ended_at) == (State.WAITING, None, None)
    assert story.call("3") == "A001"


def test_a_ticket_that_was_held_for_a_window_is_restored_to_its_queue() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    story.park("1")
    story.at("09:10").call("1")
    story.no_show("1")
    story.restore("A001")
    assert story.held("1") == []
    assert story.call("3") == "A001"


def test_a_ticket_that_did_not_fail_to_come_is_not_restored() -> None:
    story = Story().at("09:00")
    story.issue("A")
    with refused(Reason.WRONG_STATE):
        story.restore("A001")


def test_a_no_show_of_yesterday_is_not_restored() -> None:
    story = with_a_no_show(others=0)
    ticket = story.ticket("A001").id
    story.at("17:30").close_day()
    with refused(Reason.DAY_NOT_OPEN):
        story.restore("A001")
    assert story.hall.tickets[ticket].state is State.EXPIRED
