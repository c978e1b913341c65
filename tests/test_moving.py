"""Recommendations that are applied and undone: whole or not at all, and never over what somebody did meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hall_stories import EFFECT, HALL, Story, folded, refused, snapshot

from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.configuration import Advice, Configuration, Serves, WindowSetup
from queue_server.domain.events import Move
from queue_server.domain.moving import served_by
from queue_server.domain.refusal import Reason
from queue_server.journal.entry import decode, encode


def serves(**queues: float) -> tuple[Serves, ...]:
    return tuple(Serves(queue=queue, helper_after=minutes) for queue, minutes in queues.items())


def move(story: Story, window: str, **after: float) -> Move:
    """From what the window serves now."""
    return Move(window=window, before=served_by(story.hall.windows[window]), after=serves(**after))


def recommended(story: Story, *moves: Move, id_: str = "r1", computed_at: str | None = None) -> c.ApplyRecommendation:
    at = story.now if computed_at is None else story.time(computed_at)
    return c.ApplyRecommendation(recommendation=id_, source="api", computed_at=at, moves=moves, effect=EFFECT)


def undo(id_: str = "r1") -> c.UndoRecommendation:
    return c.UndoRecommendation(recommendation=id_, source="api")


def queues(story: Story) -> dict[str, dict[str, int]]:
    return {code: dict(window.serves) for code, window in story.hall.windows.items()}


def hall_with(**windows: Any) -> Configuration:
    """The hall with other values of its windows: `w1={"skills": …}`."""
    changed = {code.removeprefix("w"): values for code, values in windows.items()}
    return replace(HALL, windows=tuple(replace(w, **changed.get(w.code, {})) for w in HALL.windows))


def two_moves(story: Story) -> c.ApplyRecommendation:
    return recommended(story, move(story, "1", B=0), move(story, "3", A=0, C=2.5))


def test_all_its_windows_are_given_their_queues_at_once() -> None:
    story = Story().at("10:30")
    facts = story.do(two_moves(story))
    assert [type(fact) for fact in facts] == [e.QueuesAssigned, e.QueuesAssigned, e.RecommendationApplied]
    assert queues(story) == {"1": {"B": 0}, "2": {"B": 0, "A": 300_000}, "3": {"A": 0, "C": 150_000}}


def test_the_fact_says_what_was_done_and_what_was_predicted_and_names_nobody() -> None:
    story = Story().at("10:30")
    *_, fact = story.do(two_moves(story))
    assert isinstance(fact, e.RecommendationApplied)
    assert [(m.window, m.before, m.after) for m in fact.moves] == [
        ("1", serves(A=0), serves(B=0)),
        ("3", serves(A=0, C=0), serves(A=0, C=2.5)),
    ]
    assert fact.effect == EFFECT
    assert {*vars(fact)} == {"at", "recommendation", "source", "moves", "effect"}


@pytest.mark.parametrize("undone", [False, True])
def test_it_is_read_again_from_the_journal_as_it_was(undone: bool) -> None:
    story = Story().at("10:30")
    story.do(two_moves(story))
    if undone:
        story.at("10:40").do(undo())
    read = [decode(*(encode(fact)[0], fact.at, encode(fact)[1])) for fact in story.facts]
    assert snapshot(folded(read)) == snapshot(story.hall)


def test_a_second_manager_does_not_apply_it_again() -> None:
    story = Story().at("10:30")
    command = two_moves(story)
    story.do(command)
    with refused(Reason.ALREADY_APPLIED):
        story.do(command)
    story.do(undo())
    with refused(Reason.ALREADY_APPLIED):
        story.do(command)


def test_a_window_that_was_given_other_queues_meanwhile_refuses_the_whole() -> None:
    story = Story().at("10:30")
    command = two_moves(story)
    story.assign("3", C=0)
    before = queues(story)
    with refused(Reason.CHANGED_MEANWHILE) as caught:
        story.do(command)
    assert "3" in caught.value.detail
    assert queues(story) == before
    assert story.hall.applied == {}


def test_a_helpers_delay_that_was_changed_meanwhile_counts_as_a_change() -> None:
    story = Story().at("10:30")
    command = recommended(story, move(story, "2", B=0))
    story.assign("2", B=0, A=6)
    with refused(Reason.CHANGED_MEANWHILE):
        story.do(command)


def test_a_window_that_was_closed_meanwhile_refuses_it_and_a_paused_one_does_not() -> None:
    story = Story().at("10:30")
    command = two_moves(story)
    story.pause("1")
    story.close("3")
    with refused(Reason.WINDOW_NOT_OPEN):
        story.do(command)
    story.open("3")
    assert story.do(command)


def test_a_window_taken_away_meanwhile_refuses_it() -> None:
    story = Story().at("10:30")
    command = two_moves(story)
    story.configure(replace(HALL, windows=HALL.windows[:2]))
    with refused(Reason.UNKNOWN_WINDOW):
        story.do(command)


def test_no_queue_is_left_without_a_window_because_another_closed_meanwhile() -> None:
    story = Story().at("10:30")
    command = recommended(story, move(story, "1", C=0), move(story, "3", C=0))
    story.close("2")
    with refused(Reason.NOBODY_LEFT) as caught:
        story.do(command)
    assert "queue A" in caught.value.detail


def test_a_helper_is_enough_for_a_queue() -> None:
    story = Story().at("10:30")
    assert story.do(recommended(story, move(story, "1", C=0), move(story, "3", C=0)))  # window 2 helps with A


def test_staff_are_given_only_queues_they_can_serve() -> None:
    story = Story(hall_with(w1={"skills": ("A", "C")})).at("10:30")
    with refused(Reason.NOT_SKILLED):
        story.do(two_moves(story))
    assert story.do(recommended(story, move(story, "1", C=0)))


def test_the_manager_may_still_give_a_window_whatever_there_is() -> None:
    """Skills limit advice; who sits there today, the manager knows better than the file."""
    story = Story(hall_with(w1={"skills": ("A",)})).at("10:30")
    assert story.assign("1", B=0)


def test_a_queue_that_is_not_there_is_refused() -> None:
    story = Story().at("10:30")
    with refused(Reason.UNKNOWN_QUEUE):
        story.do(recommended(story, move(story, "1", A=0, X=0)))


def test_an_old_recommendation_is_refused_and_one_just_young_enough_is_not() -> None:
    story = Story(replace(HALL, advice=Advice(good_for_minutes=20))).at("10:50")
    assert story.do(recommended(story, move(story, "1", A=0, B=0), computed_at="10:30"))
    with refused(Reason.OUT_OF_DATE):
        story.at("10:51").do(recommended(story, move(story, "1", A=0), id_="r2", computed_at="10:30"))


def test_nothing_is_applied_in_a_hall_that_is_closed() -> None:
    story = Story().at("18:00")
    command = two_moves(story)
    story.close_day()
    with refused(Reason.DAY_NOT_OPEN):
        story.do(command)
    with refused(Reason.DAY_NOT_OPEN):
        story.do(undo())


# --- undoing


def test_undone_every_window_serves_what_it_did_before() -> None:
    story = Story().at("10:30")
    before = queues(story)
    story.do(two_moves(story))
    facts = story.at("10:40").do(undo())
    assert [type(fact) for fact in facts] == [e.QueuesAssigned, e.QueuesAssigned, e.RecommendationUndone]
    assert queues(story) == before
    assert story.hall.applied["r1"].undone_at == story.now


def test_it_is_undone_once() -> None:
    story = Story().at("10:30")
    story.do(two_moves(story))
    story.do(undo())
    with refused(Reason.ALREADY_UNDONE):
        story.do(undo())


def test_what_was_never_applied_is_not_undone() -> None:
    story = Story().at("10:30")
    with refused(Reason.UNKNOWN_RECOMMENDATION):
        story.do(undo())


def test_it_is_not_undone_over_what_somebody_changed_since() -> None:
    story = Story().at("10:30")
    story.do(two_moves(story))
    story.assign("1", A=0, B=0)
    before = queues(story)
    with refused(Reason.CHANGED_MEANWHILE):
        story.do(undo())
    assert queues(story) == before
    assert story.hall.applied["r1"].undone_at is None


def test_the_later_of_two_that_share_a_window_is_undone_first() -> None:
    story = Story().at("10:30")
    story.do(recommended(story, move(story, "1", B=0)))
    story.do(recommended(story, move(story, "1", C=0), id_="r2"))
    with refused(Reason.CHANGED_MEANWHILE):
        story.do(undo("r1"))
    story.do(undo("r2"))
    assert story.do(undo("r1"))
    assert queues(story)["1"] == {"A": 0}


def test_undoing_leaves_no_queue_without_a_window() -> None:
    story = Story().at("10:30")
    story.do(recommended(story, move(story, "1", C=0)))
    story.close("3")
    with refused(Reason.NOBODY_LEFT):
        story.do(undo())


def test_a_window_closed_since_may_go_back_too() -> None:
    story = Story().at("10:30")
    story.do(recommended(story, move(story, "1", B=0)))
    story.close("1")
    assert story.do(undo())


def test_tomorrow_it_is_forgotten() -> None:
    story = Story().at("10:30")
    story.do(two_moves(story))
    story.on("2026-03-03").at("08:30").open_day()
    assert story.hall.applied == {}
    with refused(Reason.UNKNOWN_RECOMMENDATION):
        story.do(undo())


def test_who_can_serve_what_is_all_unless_it_is_said() -> None:
    setup = HALL.windows[0]
    assert isinstance(setup, WindowSetup)
    assert setup.can_serve("C")
    assert [replace(setup, skills=("A", "B")).can_serve(queue) for queue in "ABC"] == [True, True, False]
