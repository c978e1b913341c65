"""What the keys of a call pad ask of the hall: pure, told as stories of a small hall."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hall_stories import Story, refused

from devices.call_pad.protocol import CallKey, Chosen
from devices.pad_line.protocol import LONGEST_SHOWN, show
from display.call_pads import OTHER, Note, Order, Showing, ordered, shown
from display.equipment import PAD_TEXTS
from queue_server.domain import commands as c
from queue_server.domain.events import Outcome
from queue_server.domain.model import Hall
from queue_server.domain.refusal import Reason

NEXT, RECALL, START, FINISH, NO_SHOW, PAUSE = (
    CallKey.NEXT, CallKey.RECALL, CallKey.START, CallKey.FINISH, CallKey.NO_SHOW, CallKey.PAUSE,
)  # fmt: skip
SPECIFICATION = Path(__file__).parent.parent / "docs" / "call-pad.md"


@pytest.fixture
def story() -> Story:
    return Story().at("09:00")


def asked(story: Story, press: CallKey | Chosen, window: str = "1") -> Order | Note:
    return ordered(story.hall, window, press, story.now)


def press(story: Story, key: CallKey | Chosen, window: str = "1") -> None:
    """What the hall does with a press."""
    order = asked(story, key, window)
    assert isinstance(order, Order), order
    story.do(command(order))


def command(order: Order) -> c.Command:
    """The command the hall server makes of an order."""
    body: dict[str, Any] = dict(order.body)
    _, kind, code, action = order.path.split("/")
    if kind == "tickets":
        assert action == "restore"
        return c.RestoreTicket(ticket=code)
    if "outcome" in body:
        body["outcome"] = Outcome(body["outcome"])
    kinds: dict[str, Any] = {
        "open": c.OpenWindow, "pause": c.PauseWindow, "close": c.CloseWindow, "call-next": c.CallNext,
        "call": c.CallTicket, "recall": c.Recall, "start": c.Start, "finish": c.Finish, "no-show": c.MarkNoShow,
    }  # fmt: skip
    made: c.Command = kinds[action](window=code, **body)
    return made


def display(story: Story, window: str = "1") -> str:
    return shown(story.hall, window, PAD_TEXTS)


def test_next_goes_one_step_on_through_a_whole_service(story: Story) -> None:
    story.close("1")
    story.issue("A")
    story.issue("A")
    assert display(story) == "CLOSED 2"
    press(story, NEXT)
    assert display(story) == "FREE 2"
    press(story, NEXT)
    assert display(story) == "A001 CALLED 1"
    press(story.at("09:00:30"), NEXT)
    assert display(story) == "A001 SERVE 1"
    press(story.at("09:05"), NEXT)
    assert display(story) == "A002 CALLED 0"
    assert story.ticket("A001").outcome is Outcome.DONE
    press(story.at("09:06"), NEXT)
    press(story.at("09:09"), NEXT)
    assert display(story) == "FREE 0"


def test_next_right_after_a_call_does_not_start_it(story: Story) -> None:
    story.issue("A")
    press(story, NEXT)
    assert asked(story.at("09:00:02"), NEXT) is Note.JUST_CALLED
    assert asked(story.at("09:00:03"), NEXT) != Note.JUST_CALLED


def test_next_right_after_calling_again_does_start_it(story: Story) -> None:
    story.issue("A")
    press(story, NEXT)
    press(story.at("09:00:20"), RECALL)
    press(story.at("09:00:21"), NEXT)
    assert display(story) == "A001 SERVE 0"


def test_start_never_waits(story: Story) -> None:
    story.issue("A")
    press(story, NEXT)
    press(story, START)
    assert display(story) == "A001 SERVE 0"


def test_an_order_names_the_ticket_staff_saw(story: Story) -> None:
    story.issue("A")
    story.issue("A")
    story.call("1")
    story.at("09:01").start("1")
    seen = asked(story, NEXT)
    assert isinstance(seen, Order)
    story.call("1", outcome=Outcome.ACCEPTED)  # meanwhile, at the console
    with refused(Reason.MOVED_ON):
        story.do(command(seen))


def test_pause_leaves_and_comes_back(story: Story) -> None:
    press(story, PAUSE)
    assert display(story) == "PAUSED 0"
    press(story, PAUSE)
    assert display(story) == "FREE 0"
    story.close("1")
    press(story, PAUSE)
    assert display(story) == "FREE 0"


def test_pausing_with_a_ticket_is_told_since_the_display_goes_on_showing_it(story: Story) -> None:
    story.issue("A")
    story.call("1")
    order = asked(story, PAUSE)
    assert order == Order(path="/windows/1/pause", done=Note.PAUSES_AFTER)
    press(story, PAUSE)
    assert display(story) == "A001 CALLED 0"
    assert asked(story, PAUSE) == Order(path="/windows/1/open", done=Note.GOES_ON)


def test_next_after_a_pause_only_comes_back(story: Story) -> None:
    story.issue("A")
    press(story, PAUSE)
    press(story, NEXT)
    assert display(story) == "FREE 1"


def test_finish_closes_a_paused_window_and_no_other(story: Story) -> None:
    with refused(Reason.NO_TICKET):
        press(story, FINISH)
    press(story, PAUSE)
    press(story, FINISH)
    assert display(story) == "CLOSED 0"


def test_finish_ends_the_service_though_a_pause_is_asked_for(story: Story) -> None:
    story.issue("A")
    story.call("1")
    story.start("1")
    story.pause("1")
    press(story, FINISH)
    assert display(story) == "PAUSED 0"


def test_a_ticket_nobody_started_cannot_be_finished(story: Story) -> None:
    story.issue("A")
    story.call("1")
    with refused(Reason.WRONG_STATE):
        press(story, FINISH)


def test_who_does_not_come_is_called_again_and_then_given_up(story: Story) -> None:
    story.issue("A")
    press(story, NEXT)
    with refused(Reason.TOO_SOON):
        press(story, RECALL)
    press(story.at("09:00:20"), RECALL)
    assert story.ticket("A001").recalls == 1
    press(story, NO_SHOW)
    assert display(story) == "FREE 0"


def test_a_number_calls_that_ticket(story: Story) -> None:
    for _ in range(3):
        story.issue("A")
    press(story, Chosen(number="002"))
    assert display(story) == "A002 CALLED 2"


def test_a_number_of_a_ticket_given_up_lets_it_wait_again(story: Story) -> None:
    story.issue("A")
    story.call("1")
    story.no_show("1")
    order = asked(story, Chosen(number="1"))
    assert isinstance(order, Order)
    assert order.done is Note.WAITS_AGAIN
    press(story, Chosen(number="1"))
    assert story.waiting("A") == ["A001"]


def test_a_number_is_looked_for_among_the_queues_of_the_window(story: Story) -> None:
    story.issue("A")
    story.issue("B")
    press(story, Chosen(number="1"), window="1")
    assert display(story) == "A001 CALLED 0"
    assert asked(story, Chosen(number="2")) is Note.NOT_WAITING


def test_a_number_that_two_queues_have_is_not_guessed(story: Story) -> None:
    story.issue("A")
    story.issue("B")
    assert asked(story, Chosen(number="001"), window="2") is Note.WHICH_QUEUE
    press(story, Chosen(number="B001"), window="2")
    assert display(story, "2") == "B001 CALLED 1"


def test_one_who_waits_goes_before_one_given_up_with_the_same_number(story: Story) -> None:
    story.issue("A")
    story.issue("B")
    story.call_ticket("2", "B001")
    story.no_show("2")
    press(story, Chosen(number="001"), window="2")
    assert display(story, "2") == "A001 CALLED 0"


def test_a_number_served_or_finished_is_not_called_again(story: Story) -> None:
    story.issue("A")
    story.call("3")
    assert asked(story, Chosen(number="1")) is Note.NOT_WAITING
    story.start("3")
    story.finish("3")
    assert asked(story, Chosen(number="1")) is Note.NOT_WAITING


@pytest.mark.parametrize("number", ["0", "0000", "9999", "Z001"])
def test_a_number_nobody_has_is_said_to_be_none(story: Story, number: str) -> None:
    story.issue("A")
    assert asked(story, Chosen(number=number)) is Note.NOT_WAITING


def test_the_display_counts_all_whom_next_could_call(story: Story) -> None:
    story.issue("A")
    story.issue("B")
    story.issue("C")
    assert display(story, "2") == "FREE 2"
    story.call("2")
    story.start("2")
    story.park("2")
    assert display(story, "2") == "FREE 2"


def test_a_pad_at_a_window_the_hall_does_not_have_knows_nothing(story: Story) -> None:
    assert display(story, "77") == shown(Hall(), "1", PAD_TEXTS) == "NO SERVER"
    assert asked(story, NEXT, "7/7") == Order(path="/windows/7%2F7/open")


def test_every_text_fits_the_display_of_a_pad() -> None:
    longest = {"label": "A9001", "waiting": 999}
    for text in [PAD_TEXTS.showing[showing].format(**longest) for showing in Showing] + list(PAD_TEXTS.notes.values()):
        assert len(text) <= LONGEST_SHOWN
        assert " ".join(show(text)[1:]) == text


def test_every_note_and_every_refusal_of_a_window_has_a_text() -> None:
    about_windows = {
        Reason.DAY_NOT_OPEN, Reason.HALL_CLOSED, Reason.UNKNOWN_WINDOW, Reason.UNKNOWN_TICKET, Reason.NOTHING_WAITING,
        Reason.NO_TICKET, Reason.MOVED_ON, Reason.WRONG_STATE, Reason.WINDOW_BUSY, Reason.WINDOW_NOT_OPEN,
        Reason.HELD_ELSEWHERE, Reason.TOO_SOON, Reason.TOO_OFTEN,
    }  # fmt: skip
    assert {*Note, *about_windows, OTHER, "journal-unavailable"} == PAD_TEXTS.notes.keys()
    assert PAD_TEXTS.note("something-new") == PAD_TEXTS.note(OTHER)


def test_staff_can_look_up_everything_a_pad_says() -> None:
    page = SPECIFICATION.read_text(encoding="utf-8")
    explained = set(re.findall(r"`([^`]+)`", page))
    assert set(PAD_TEXTS.notes.values()) <= explained
    for showing in Showing:
        example = PAD_TEXTS.showing[showing].format(label="A017", waiting=12)
        assert example in explained
