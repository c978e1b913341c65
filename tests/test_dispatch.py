"""Which ticket a free window calls, and the reason it keeps."""

from __future__ import annotations

from hall_stories import MINUTE, Story, refused

from queue_server.domain.events import Rule
from queue_server.domain.refusal import Reason


def test_first_come_first_called_within_a_class() -> None:
    story = Story()
    for clock in ("09:00", "09:01", "09:02"):
        story.at(clock).issue("A")
    called = []
    for window in ("1", "3", "2"):
        called.append(story.at("09:10").call(window))
    assert called == ["A001", "A002", "A003"]


def test_the_promise_most_at_risk_is_called_first() -> None:
    story = Story()
    story.at("09:00").issue("A")  # by 09:20
    story.at("09:09").issue("A", "elder")  # by 09:19
    story.at("09:12").issue("A", "elder")  # by 09:22
    assert story.waiting("A") == ["A002", "A001", "A003"]
    assert story.at("09:13").call("1") == "A002"


def test_a_window_weighs_all_its_queues_by_promise_not_by_turns() -> None:
    story = Story()
    story.at("09:00").issue("A")  # by 09:20
    story.at("09:05").issue("A")  # by 09:25
    story.at("09:07").issue("C")  # by 09:27
    story.at("09:16").issue("C", "elder")  # by 09:26
    called = []
    for _ in range(4):
        called.append(story.at("09:17").call("3"))
        story.start("3")
        story.finish("3")
    assert called == ["A001", "A002", "C002", "C001"]


def test_a_strict_class_goes_before_every_promise_however_late() -> None:
    story = Story()
    story.at("09:00").issue("A")
    story.at("09:00").issue("A", "elder")
    story.at("09:40").issue("A", "military")
    assert story.waiting("A") == ["A003", "A002", "A001"]
    assert story.call("1") == "A003"
    assert story.why("1").rule is Rule.STRICT


def test_strict_tickets_are_called_in_order_of_their_own_promises() -> None:
    story = Story()
    story.at("09:00").issue("A", "military")
    story.at("09:01").issue("A", "military")
    assert story.at("09:02").call("1") == "A001"


def test_a_strict_ticket_goes_first_across_the_queues_of_a_window() -> None:
    story = Story()
    story.at("09:00").issue("A")
    story.at("09:30").issue("C", "military")
    assert story.call("3") == "C001"


def test_a_helper_calls_another_queues_ticket_only_when_it_is_that_much_more_at_risk() -> None:
    story = Story()
    story.at("09:00").issue("A")  # by 09:20; for its helper, window 2, by 09:25
    story.at("09:00").issue("B", "elder")  # by 09:10
    story.at("09:14").issue("B", "elder")  # by 09:24
    story.at("09:16").issue("B", "elder")  # by 09:26
    called = []
    for _ in range(4):
        called.append(story.at("09:17").call("2"))
        story.start("2")
        story.finish("2")
    assert called == ["B001", "B002", "A001", "B003"]


def test_a_helper_with_nothing_of_its_own_helps_at_once() -> None:
    story = Story()
    story.at("09:00").issue("A")
    assert story.at("09:01").call("2") == "A001"
    assert story.why("2").helper_after == 5 * MINUTE


def test_a_strict_ticket_is_helped_before_the_helpers_own_ordinary_ones() -> None:
    story = Story()
    story.at("09:00").issue("B")
    story.at("09:01").issue("A", "military")
    assert story.at("09:02").call("2") == "A001"


def test_equal_promises_go_by_who_joined_the_line_first() -> None:
    story = Story()
    for clock in ("09:50", "09:40", "09:45"):
        story.at(clock).issue("A", slot="10:00")
    assert story.at("09:51").waiting("A") == ["A002", "A003", "A001"]


def test_an_appointment_is_called_by_its_slot_not_by_when_it_checked_in() -> None:
    story = Story()
    story.at("09:00").issue("A", slot="10:00")  # by 10:05
    story.at("09:40").issue("A")  # by 10:00
    story.at("09:50").issue("A")  # by 10:10
    assert story.waiting("A") == ["A002", "A001", "A003"]


def test_a_ticket_held_for_a_window_waits_its_promise_there_and_nowhere_else() -> None:
    story = Story()
    story.at("09:00").issue("A")
    story.at("09:01").call("1")
    story.park("1", minutes=10)  # back by 09:11
    assert story.held("1") == ["A001"]
    assert story.waiting("A") == []
    with refused(Reason.NOTHING_WAITING):
        story.call("3")
    story.at("09:02").issue("A", "elder")  # by 09:12
    story.at("09:00").issue("A", "elder")  # by 09:10
    called = []
    for _ in range(3):
        called.append(story.at("09:13").call("1"))
        if called[-1] == "A001":
            assert story.why("1").rule is Rule.HELD
        story.start("1")
        story.finish("1")
    assert called == ["A003", "A001", "A002"]


def test_a_ticket_transferred_to_a_window_is_called_there_though_the_window_does_not_serve_its_queue() -> None:
    story = Story()
    story.at("09:00").issue("A")
    story.at("09:01").call("1")
    story.transfer("1", "B", to_window="3")
    assert story.held("3") == ["A001"]
    assert story.waiting("B") == []
    with refused(Reason.NOTHING_WAITING):
        story.call("2")
    assert story.call("3") == "A001"
    assert story.held("3") == []


def test_a_ticket_transferred_to_a_queue_is_called_by_whoever_serves_it() -> None:
    story = Story()
    story.at("09:00").issue("A")
    story.at("09:01").call("1")
    story.transfer("1", "B")
    assert story.waiting("B") == ["A001"]
    assert story.call("2") == "A001"


def test_a_ticket_can_be_sent_only_to_an_open_window_and_a_queue_that_exists() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    story.close("3")
    with refused(Reason.WINDOW_NOT_OPEN):
        story.transfer("1", "A", to_window="3")
    with refused(Reason.UNKNOWN_WINDOW):
        story.transfer("1", "A", to_window="99")
    with refused(Reason.UNKNOWN_QUEUE):
        story.transfer("1", "X")


def test_a_strict_resident_who_steps_aside_is_not_called_back_before_everyone_at_once() -> None:
    """Parked, a ticket is promised the time the resident comes back; strict means first in line, not back first."""
    story = Story()
    story.at("09:00").issue("A")  # by 09:20
    story.at("09:01").issue("A", "military")
    assert story.at("09:02").call("1") == "A002"
    story.at("09:15").park("1", minutes=10)  # back by 09:25
    assert story.call("1") == "A001"


def test_a_call_keeps_how_long_it_waited_what_was_promised_and_whom_it_was_chosen_over() -> None:
    story = Story()
    story.at("09:00").issue("A")
    story.at("09:03").issue("C")
    story.at("09:14").call("3")
    why = story.why("3")
    assert (why.rule, why.waited, why.promised, why.helper_after, why.over) == (
        Rule.PROMISE, 14 * MINUTE, 20 * MINUTE, 0, "C001",
    )  # fmt: skip


def test_a_call_with_no_other_line_waiting_was_chosen_over_nobody() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    assert story.why("1").over == ""


def test_a_call_names_the_most_urgent_of_the_lines_it_was_chosen_over() -> None:
    story = Story()
    story.assign("1", A=0, B=0, C=0)
    story.at("09:00").issue("A", "elder")  # by 09:10
    story.at("09:00").issue("B")  # by 09:30
    story.at("09:01").issue("C")  # by 09:21
    assert story.at("09:02").call("1") == "A001"
    assert story.why("1").over == "C001"


def test_how_many_are_ahead_is_the_place_in_the_line_and_unknown_once_called() -> None:
    story = Story()
    for clock in ("09:00", "09:01", "09:02"):
        story.at(clock).issue("A")
    assert [story.hall.ahead(story.ticket(label)) for label in ("A001", "A002", "A003")] == [0, 1, 2]
    story.call("1")
    assert story.hall.ahead(story.ticket("A001")) is None
    assert story.hall.ahead(story.ticket("A003")) == 1
    story.park("1")
    assert story.hall.ahead(story.ticket("A001")) == 0


def test_nobody_waiting_is_said_not_invented() -> None:
    story = Story().at("09:00")
    story.issue("B")
    with refused(Reason.NOTHING_WAITING):
        story.call("1")
