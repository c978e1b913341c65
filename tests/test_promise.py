"""The promise of a ticket: when it should be called by, from its queue, its class and its appointment."""

from __future__ import annotations

from dataclasses import replace

from hall_stories import HALL, MINUTE, Story, queue

from queue_server.domain.promise import due_at


def promised(story: Story, label: str) -> float:
    """Minutes from taking the ticket to the time it should be called by."""
    ticket = story.ticket(label)
    return (ticket.due_at - ticket.issued_at) / MINUTE


def test_a_class_has_a_target_and_a_queue_may_set_its_own() -> None:
    story = Story().at("09:00")
    assert promised(story, story.issue("A")) == 20
    assert promised(story, story.issue("A", "elder")) == 10
    assert promised(story, story.issue("B")) == 30
    assert promised(story, story.issue("B", "elder")) == 10


def test_an_appointment_is_promised_its_slot_and_a_little() -> None:
    story = Story().at("09:00")
    early = story.ticket(story.issue("A", slot="10:00"))
    assert early.due_at == story.time("10:05")
    assert early.slot == story.time("10:00")


def test_a_late_appointment_counts_from_check_in() -> None:
    story = Story().at("10:20")
    assert story.ticket(story.issue("A", slot="10:00")).due_at == story.time("10:25")


def test_an_appointment_has_the_appointments_target_whatever_the_residents_class() -> None:
    story = Story().at("09:00")
    assert story.ticket(story.issue("A", "elder", slot="10:00")).due_at == story.time("10:05")


def test_a_queue_may_set_the_appointments_target_too() -> None:
    configuration = replace(HALL, queues=(queue("A", appointment=2.5),))
    assert due_at(configuration, "A", "ordinary", 0, slot=60 * MINUTE) == 62.5 * MINUTE


def test_a_transferred_ticket_keeps_its_promise() -> None:
    story = Story().at("09:00")
    ticket = story.ticket(story.issue("A"))
    story.at("09:10").call("1")
    story.transfer("1", "B")
    assert (ticket.queue, ticket.due_at) == ("B", story.time("09:20"))


def test_a_parked_ticket_is_promised_the_time_the_resident_comes_back() -> None:
    story = Story().at("09:00")
    ticket = story.ticket(story.issue("A"))
    story.at("09:10").call("1")
    story.park("1", minutes=7)
    assert ticket.due_at == story.time("09:17")


def test_a_parked_ticket_comes_back_by_the_halls_rule_if_nobody_said_when() -> None:
    story = Story().at("09:00")
    ticket = story.ticket(story.issue("A"))
    story.at("09:10").call("1")
    story.park("1")
    assert ticket.due_at == story.time("09:20")


def test_a_resident_expected_back_at_once_is_not_given_the_halls_minutes() -> None:
    story = Story().at("09:00")
    ticket = story.ticket(story.issue("A"))
    story.call("1")
    story.park("1", minutes=0)
    assert ticket.due_at == story.now


def test_new_targets_hold_for_new_tickets_and_old_promises_stand() -> None:
    story = Story().at("09:00")
    before = story.issue("A")
    story.configure(replace(HALL, queues=(queue("A", ordinary=8), *HALL.queues[1:])))
    after = story.issue("A")
    assert (promised(story, before), promised(story, after)) == (20, 8)
    assert story.waiting("A") == [after, before]


def test_only_strict_classes_are_sorted_before_all() -> None:
    story = Story().at("09:00")
    assert not story.ticket(story.issue("A", "elder")).strict
    assert story.ticket(story.issue("A", "military")).strict
