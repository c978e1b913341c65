"""Windows: open, paused, closed, which queues they serve, and what becomes of tickets held for them."""

from __future__ import annotations

from dataclasses import replace

from hall_stories import HALL, MINUTE, Story, queue, refused, window

from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.configuration import Configuration
from queue_server.domain.life import State
from queue_server.domain.refusal import Reason


def with_a_parked_ticket() -> Story:
    """Window 1 holds A001, whose resident is back by 09:11."""
    story = Story()
    story.at("09:00").issue("A")
    story.at("09:01").call("1")
    story.park("1")
    return story


def test_a_window_is_closed_until_it_is_opened() -> None:
    story = Story(opened=False)
    story.open_day()
    story.at("09:00").issue("A")
    with refused(Reason.WINDOW_NOT_OPEN):
        story.call("1")
    story.open("1")
    assert story.call("1") == "A001"


def test_opening_an_open_window_and_pausing_a_paused_one_say_nothing() -> None:
    story = Story().at("09:00")
    assert story.do(c.OpenWindow(window="1")) == []
    assert [type(fact) for fact in story.pause("1")] == [e.WindowPaused]
    assert story.pause("1") == []
    assert [type(fact) for fact in story.do(c.OpenWindow(window="1"))] == [e.WindowOpened]
    assert [type(fact) for fact in story.close("1")] == [e.WindowClosed]
    assert story.close("1") == []


def test_a_paused_window_calls_nobody_until_it_is_opened_again() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.pause("1")
    with refused(Reason.WINDOW_NOT_OPEN):
        story.call("1")
    story.open("1")
    assert story.call("1") == "A001"


def test_a_window_may_pause_over_the_ticket_it_serves_and_finish_it() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    story.pause("1")
    story.start("1")
    story.finish("1")
    assert story.ticket("A001").state is State.FINISHED
    assert story.hall.windows["1"].paused


def test_a_closed_window_cannot_be_paused() -> None:
    story = Story().at("09:00")
    story.close("1")
    with refused(Reason.WINDOW_NOT_OPEN):
        story.pause("1")


def test_a_window_is_not_closed_over_a_ticket() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    with refused(Reason.WINDOW_BUSY):
        story.close("1")


def test_an_unknown_window_is_refused() -> None:
    story = Story().at("09:00")
    for command in (
        c.OpenWindow(window="9"), c.PauseWindow(window="9"), c.CloseWindow(window="9"), c.CallNext(window="9"),
        c.AssignQueues(window="9", serves=()), c.Recall(window="9"),
    ):  # fmt: skip
        with refused(Reason.UNKNOWN_WINDOW):
            story.do(command)


def test_tickets_held_for_a_window_go_back_to_their_queue_when_it_closes() -> None:
    story = with_a_parked_ticket()
    story.at("09:02").issue("A")  # by 09:22, so A001 (by 09:11) goes first
    assert story.waiting("A") == ["A002"]
    story.close("1")
    assert story.held("1") == []
    assert story.waiting("A") == ["A001", "A002"]
    assert story.call("3") == "A001"
    assert story.why("3").rule is e.Rule.PROMISE


def test_tickets_held_for_a_window_stay_while_it_pauses() -> None:
    story = with_a_parked_ticket()
    story.pause("1")
    assert story.held("1") == ["A001"]
    with refused(Reason.NOTHING_WAITING):
        story.call("3")
    story.open("1")
    assert story.call("1") == "A001"


def test_a_ticket_held_for_a_window_is_not_called_away_from_it_but_may_be_called_there() -> None:
    story = with_a_parked_ticket()
    with refused(Reason.HELD_ELSEWHERE):
        story.call_ticket("3", "A001")
    story.call_ticket("1", "A001")
    assert story.at_window("1") == "A001"


def test_a_held_ticket_is_voided_out_of_its_window_line() -> None:
    story = with_a_parked_ticket()
    story.void("A001")
    assert story.held("1") == []
    with refused(Reason.NOTHING_WAITING):
        story.call("1")


def test_a_ticket_parked_for_a_window_that_is_not_open_waits_in_its_queue() -> None:
    """Decided by the hall this cannot happen; heard as a fact it must not strand the ticket."""
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    ticket = story.ticket("A001")
    story.hear(e.WindowClosed(at=story.now, window="1"))
    story.hear(e.TicketParked(at=story.now, ticket=ticket.id, window="1", due_at=story.now))
    assert story.waiting("A") == ["A001"]


def test_assigned_queues_count_from_the_next_call_on() -> None:
    story = Story()
    story.at("09:00").issue("B")
    story.assign("1", B=0, A=5)
    assert story.hall.windows["1"].serves == {"B": 0, "A": 5 * MINUTE}
    assert story.call("1") == "B001"


def test_a_window_that_no_longer_serves_a_queue_does_not_call_from_it() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.assign("1", B=0)
    with refused(Reason.NOTHING_WAITING):
        story.call("1")


def test_an_unknown_queue_cannot_be_assigned() -> None:
    story = Story().at("09:00")
    with refused(Reason.UNKNOWN_QUEUE):
        story.assign("1", A=0, X=0)
    assert story.hall.windows["1"].serves == {"A": 0}


def test_a_closed_window_may_be_assigned_queues_for_later() -> None:
    story = Story().at("09:00")
    story.close("1")
    story.assign("1", C=0)
    story.open("1")
    story.issue("C")
    assert story.call("1") == "C001"


# --- a new configuration in the running day


def test_a_new_window_comes_closed_and_a_running_one_keeps_its_assignment() -> None:
    story = Story().at("09:00")
    story.assign("1", C=0)
    story.configure(replace(HALL, windows=(*HALL.windows, window("4", B=0))))
    assert story.hall.windows["1"].serves == {"C": 0}
    assert not story.hall.windows["4"].is_open
    story.open("4")
    story.issue("B")
    assert story.call("4") == "B001"


def test_the_same_configuration_again_is_no_news() -> None:
    story = Story().at("09:00")
    assert story.configure(replace(HALL)) == []


def test_a_window_taken_away_gives_back_the_tickets_held_for_it() -> None:
    story = with_a_parked_ticket()
    story.configure(replace(HALL, windows=HALL.windows[1:]))
    assert "1" not in story.hall.windows
    assert story.waiting("A") == ["A001"]
    with refused(Reason.UNKNOWN_WINDOW):
        story.call("1")


def test_a_window_with_a_ticket_is_not_taken_away() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    with refused(Reason.IN_USE):
        story.configure(replace(HALL, windows=HALL.windows[1:]))


def without_queue_a() -> Configuration:
    return replace(HALL, queues=HALL.queues[1:], services=HALL.services[1:])


def test_a_queue_with_people_is_not_taken_away_wherever_they_are() -> None:
    waiting = Story().at("09:00")
    waiting.issue("A")
    called = Story().at("09:00")
    called.issue("A")
    called.call("2")
    for story in (waiting, called, with_a_parked_ticket()):
        with refused(Reason.IN_USE):
            story.configure(without_queue_a())


def test_a_queue_without_people_is_taken_away_and_takes_no_more() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    story.no_show("1")
    story.configure(without_queue_a())
    with refused(Reason.UNKNOWN_QUEUE):
        story.issue("A")
    with refused(Reason.UNKNOWN_QUEUE):
        story.restore("A001")


def test_a_new_queue_takes_tickets_at_once() -> None:
    story = Story().at("09:00")
    story.configure(replace(HALL, queues=(*HALL.queues, queue("D"))))
    assert story.issue("D") == "D001"
    story.assign("1", D=0)
    assert story.call("1") == "D001"
