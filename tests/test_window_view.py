"""What the console of a window shows: pure, asked of halls told as stories."""

from __future__ import annotations

import re

import pytest
from hall_stories import HALL, Story
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_server.domain import commands as c
from queue_server.domain.events import Outcome
from queue_server.domain.refusal import Reason
from queue_server.web.console import KEYS, why
from queue_server.web.pages import LANGUAGES, texts
from queue_server.web.window_view import LISTED, OUTCOMES, Action, Showing, WindowView, window_view


def seen(story: Story, window: str = "1") -> WindowView:
    view = window_view(story.hall, window, story.now)
    assert view is not None
    return view


def alive(story: Story, window: str = "1") -> set[str]:
    view = seen(story, window)
    return {action.name for action in view.actions if action.refused is None}


def button(story: Story, name: str, window: str = "1") -> Action:
    view = seen(story, window)
    return next(action for action in view.actions if action.name == name)


def test_a_hall_without_this_window_has_nothing_to_show() -> None:
    story = Story()
    assert window_view(story.hall, "99", story.now) is None
    assert window_view(Story(opened=False).hall, "1", story.now) is None


def test_only_what_would_be_accepted_can_be_pressed() -> None:
    story = Story().at("09:00")
    assert alive(story) == {"pause", "close"}
    story.issue("A")
    assert alive(story) == {"call-next", "pause", "close"}
    story.call("1")
    assert alive(story) == {"start", "no-show", "park", "transfer", "pause"}
    story.at("09:00:15")
    assert alive(story) == {"recall", "start", "no-show", "park", "transfer", "pause"}
    story.start("1")
    assert alive(story) == {"call-next", "finish", "park", "transfer", "pause"}
    story.pause("1")
    assert alive(story) == {"call-next", "finish", "park", "transfer", "open"}
    story.finish("1")
    assert alive(story) == {"open", "close"}
    story.close("1")
    assert alive(story) == {"open"}


def test_the_large_word_follows_the_window() -> None:
    story = Story().at("09:00")
    story.issue("A")
    words = [seen(story).showing]
    for step in (story.call, story.start, story.pause, story.finish, story.close):
        step("1")
        words.append(seen(story).showing)
    assert words == [
        Showing.IDLE, Showing.CALLED, Showing.SERVING, Showing.SERVING, Showing.PAUSED, Showing.CLOSED
    ]  # fmt: skip


def test_next_finishes_what_is_being_served_first_and_says_so() -> None:
    story = Story().at("09:00")
    story.issue("A")
    assert (button(story, "call-next").outcome, button(story, "call-next").label) == (None, "call-next")
    story.call("1")
    story.start("1")
    assert (button(story, "call-next").outcome, button(story, "call-next").label) == (Outcome.DONE, "finish-next")


def test_what_is_pressed_next_as_a_rule_stands_out() -> None:
    story = Story().at("09:00")
    story.issue("A")
    likely = []
    for step in (story.call, story.start, story.finish, story.pause, story.close):
        likely.append([action.name for action in seen(story).actions if action.likely])
        step("1")
    assert likely == [["call-next"], ["start"], ["call-next"], [], ["open"]]


def test_the_console_says_when_a_recall_becomes_possible() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    recall = button(story, "recall")
    assert recall.refused is Reason.TOO_SOON
    assert recall.until == story.now + 15_000
    assert seen(story).changes_at == recall.until


def test_a_ticket_past_its_promise_is_marked_and_the_moment_is_foreseen() -> None:
    story = Story().at("09:00")
    story.issue("A")
    assert not seen(story).waiting[0].overdue
    assert seen(story).changes_at == story.time("09:20")
    story.at("09:20")
    assert seen(story).waiting[0].overdue
    assert seen(story).changes_at is None


def test_the_list_tells_class_helping_and_holding() -> None:
    story = Story().at("09:00")
    story.issue("B")
    story.call("2")
    story.park("2")
    story.issue("A", "elder")
    story.issue("B")
    rows = {row.ticket.label: row for row in seen(story, "2").waiting}
    assert rows["A001"].klass == HALL.resident_class["elder"].name
    assert rows["A001"].helper
    assert rows["B002"].klass is None
    assert not rows["B002"].helper
    assert [label for label, row in rows.items() if row.held] == ["B001"]
    assert seen(story, "1").waiting[0].helper is False
    assert [(count.queue.code, count.waiting, count.helper) for count in seen(story, "2").counts] == [
        ("B", 1, False),
        ("A", 1, True),
    ]


def test_of_a_long_line_the_first_are_shown_and_the_rest_counted() -> None:
    story = Story().at("09:00")
    for _ in range(LISTED + 7):
        story.issue("A")
    view = seen(story)
    assert len(view.waiting) == LISTED
    assert view.more == 7


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["ordinary", "elder", "military"])), max_size=25))
@settings(max_examples=40, deadline=None)
def test_the_list_is_in_the_order_the_window_will_call(tickets: list[tuple[str, str]]) -> None:
    story = Story().at("09:00")
    for queue, klass in tickets:
        story.now += 20_000
        story.issue(queue, klass)
    for window in ("1", "2", "3"):
        story_of_one = Story().at("09:00")
        story_of_one.hear(*story.facts)
        foretold = [row.ticket.label for row in seen(story_of_one, window).waiting]
        called = []
        while seen(story_of_one, window).waiting:
            called.append(story_of_one.call(window))
            story_of_one.no_show(window)
        assert foretold == called


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_has_a_sentence(language: str) -> None:
    refusals = texts(language)["refusals"]
    assert {reason.value for reason in Reason} <= refusals.keys()
    assert all(sentence.strip() for sentence in refusals.values())


def shape(words: object) -> object:
    """Keys, and the names that each text has places for."""
    if isinstance(words, dict):
        return {key: shape(value) for key, value in words.items()}
    return set(re.findall(r"{(\w+)}", str(words)))


def test_both_languages_say_the_same_things() -> None:
    chinese, english = (texts(language) for language in LANGUAGES)
    assert shape(chinese) == shape(english)
    assert {outcome.value for outcome in OUTCOMES} == chinese["console"]["outcomes"].keys()
    assert KEYS.keys() <= chinese["console"]["actions"].keys()


def test_no_two_buttons_share_a_key() -> None:
    digits = [str(n) for n in range(1, len(OUTCOMES) + 1)]
    keys = [key for name, keys in KEYS.items() if name != "pause" for key in keys] + digits  # pause and go on: one key
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("klass", "clock", "sentence"),
    [
        ("ordinary", "09:14", "已等 14 分钟，承诺 20 分钟内叫号，先于 C001"),
        ("ordinary", "09:31", "已等 31 分钟，超过承诺的 20 分钟，先于 C001"),
        ("military", "09:02", "依法优先，已等 2 分钟，先于 C001"),
    ],
)
def test_why_a_ticket_was_called_is_one_sentence(klass: str, clock: str, sentence: str) -> None:
    story = Story().at("09:00")
    story.issue("A", klass)
    story.issue("C")
    story.at(clock).call("3")
    assert why(story.why("3"), texts("zh")["console"]["why"]) == sentence


def test_a_chosen_and_a_held_ticket_say_so() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.do(c.CallTicket(window="1", ticket=story.ticket("A001").id))
    assert why(story.why("1"), texts("zh")["console"]["why"]) == "由窗口人员指定，已等 0 分钟"
    story.park("1", 0)
    story.call("1")
    assert why(story.why("1"), texts("zh")["console"]["why"]) == "留号回到本窗口"
