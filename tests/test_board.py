"""What a board shows and when: pure, over any run of calls."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hall_stories import HALL, Story
from hypothesis import Phase as Step
from hypothesis import given, settings
from hypothesis import strategies as st

from display.board import LISTED, PAGE, STALE_AFTER, Board, board, changes_at
from display.calls import Calls, Part
from display.stage import HOLD, SIZES, Call, Scene, Stage
from queue_server.domain.calendar import Phase

AT_LEAST = 8_000
RUNS = settings(max_examples=40, deadline=None, phases=(Step.generate, Step.shrink))
STORY = Story().at("09:00")
NINE = STORY.now


@st.composite
def runs(draw: st.DrawFn) -> list[Call]:
    """Calls of a hall of sixty windows at any rate; some tickets are called again, some to another window."""
    calls: list[Call] = []
    at, seen = NINE, set()
    gaps = st.sampled_from(draw(st.sampled_from([(0,), (50, 400), (0, 1000, 5000), (0, 2000, 30_000)])))
    tickets = st.integers(1, draw(st.sampled_from([30, 70])))
    for gap, ticket, window in draw(
        st.lists(st.tuples(gaps, tickets, st.integers(1, 60)), min_size=draw(st.sampled_from([1, 40])), max_size=80)
    ):
        at += gap
        label = f"A{ticket:03d}"
        calls.append(Call(ticket=label, label=label, window=str(window), at=at, again=label in seen))
        seen.add(label)
    return calls


def staged(calls: list[Call]) -> Scene:
    scene = Scene()
    for call in calls:
        scene.call(call)
    return scene


def seen_on(calls: list[Call], now: int, heard_at: int | None = None) -> Board:
    shown = board(STORY.hall, staged(calls), now, waits={}, heard_at=now if heard_at is None else heard_at)
    assert shown is not None
    return shown


def film(calls: list[Call]) -> Iterator[tuple[int, int, set[tuple[str, str]]]]:
    """The big area as it happens: from, to, and who stands in it. Each call is told only when its time comes."""
    stage = Stage()
    pending = list(calls)
    now, end = calls[0].at, calls[-1].at + 10 * 60_000
    while now < end:
        while pending and pending[0].at <= now:
            stage.call(pending.pop(0))
        upcoming = [*stage.changes(now), *(call.at for call in pending[:1]), end]
        then = min(upcoming)
        yield now, then, {(turn.call.ticket, turn.call.window) for turn in stage.now(now) if turn}
        now = then


def on_screen(calls: list[Call]) -> dict[tuple[str, str], int]:
    """The longest time in one piece, ms, that each ticket stood in the big area with each window."""
    longest: dict[tuple[str, str], int] = {}
    since: dict[tuple[str, str], int] = {}
    for start, end, standing in film(calls):
        since = {card: since.get(card, start) for card in standing}
        for card, began in since.items():
            longest[card] = max(longest.get(card, 0), end - began)
    return longest


@given(runs())
@RUNS
def test_every_call_stands_in_the_big_area_for_eight_seconds_whatever_the_rate(calls: list[Call]) -> None:
    longest = on_screen(calls)
    last = {call.ticket: call for call in calls}
    for call in calls:
        if (
            last[call.ticket].window == call.window
        ):  # else the ticket was sent to another window, and the old one is wrong
            assert longest[(call.ticket, call.window)] >= AT_LEAST


@given(runs())
@RUNS
def test_every_call_is_in_the_list_for_three_minutes_whatever_the_rate(calls: list[Call]) -> None:
    now = calls[-1].at
    pages = seen_on(calls, now).pages
    listed = {(c.ticket, c.window) for page in range(pages) for c in seen_on(calls, now + page * PAGE).calls}
    last = {call.ticket: call for call in calls}
    assert listed >= {(c.ticket, c.window) for c in last.values() if now + pages * PAGE - c.at < LISTED}


@given(runs(), st.integers(0, 10 * 60_000))
@RUNS
def test_only_a_call_of_the_last_seconds_is_marked_as_being_called(calls: list[Call], later: int) -> None:
    now = calls[-1].at + later
    first = {call.ticket: call.at for call in reversed(calls)}
    for card in seen_on(calls, now).cards:
        if card is not None:
            assert first[card.label] <= card.rings <= now
            assert card.live == (now - card.rings < HOLD)


@given(runs(), st.integers(0, 4 * 60_000))
@RUNS
def test_a_board_says_when_it_will_change_by_itself(calls: list[Call], later: int) -> None:
    now = heard_at = calls[-1].at + later
    then = changes_at(STORY.hall, staged(calls), now, heard_at=heard_at)
    assert then > now
    for instant in (then - 1, (now + then) // 2):
        assert seen_on(calls, instant, heard_at) == seen_on(calls, now, heard_at)


@given(runs())
@RUNS
def test_cards_never_move_while_they_stand(calls: list[Call]) -> None:
    stage = Stage()
    where: dict[str, int] = {}
    for call in {call.ticket: call for call in calls}.values():
        stage.call(call)
        standing = {turn.call.ticket: place for place, turn in enumerate(stage.now(call.at)) if turn}
        assert {ticket: where[ticket] for ticket in standing.keys() & where.keys()}.items() <= standing.items()
        where = standing


def burst(count: int, ms: int) -> list[Call]:
    return [
        Call(ticket=f"A{n:03d}", label=f"A{n:03d}", window=str(n), at=NINE + n * ms // count)
        for n in range(1, count + 1)
    ]


def test_twenty_calls_in_five_seconds_are_all_big_and_listed_at_once() -> None:
    calls = burst(20, 5_000)
    shown = seen_on(calls, NINE + 5_000)
    assert {card.label for card in shown.cards if card} == {call.label for call in calls}
    assert {call.label for call in shown.calls} == {call.label for call in calls}


def test_sixty_windows_calling_in_one_second_have_all_been_big_within_half_a_minute() -> None:
    calls = burst(60, 1_000)
    seen = {card.label for s in range(30) for card in seen_on(calls, NINE + 1_000 + s * 1_000).cards if card}
    assert seen == {call.label for call in calls}
    assert min(on_screen(calls).values()) >= AT_LEAST


@pytest.mark.parametrize(("count", "size"), [(1, 4), (4, 4), (5, 8), (9, 12), (13, 21), (40, 21)])
def test_the_fewer_are_called_the_larger_they_are(count: int, size: int) -> None:
    assert size in SIZES
    assert len(seen_on(burst(count, 2_000), NINE + 2_000).cards) == size


def test_a_quiet_board_keeps_the_last_calls_without_shouting_them() -> None:
    shown = seen_on(burst(20, 5_000), NINE + 3_600_000)
    assert len(shown.cards) == SIZES[0]
    assert all(card and not card.live for card in shown.cards)
    assert len(shown.calls) == 12


def test_a_ticket_called_again_keeps_its_place_and_rings_anew() -> None:
    calls = burst(3, 1_000)
    again = Call(ticket="A001", label="A001", window="1", at=NINE + 16_000, again=True)
    shown = seen_on([*calls, again], NINE + 17_000)
    assert [card.label if card else None for card in shown.cards] == ["A001", "A002", "A003", None]
    assert shown.cards[0] is not None
    assert shown.cards[0].rings == again.at
    assert [call.label for call in shown.calls] == ["A001", "A003", "A002"]


def test_a_ticket_sent_to_another_window_is_shown_only_there() -> None:
    calls = burst(1, 1_000)
    moved = Call(ticket="A001", label="A001", window="9", at=NINE + 3_000)
    shown = seen_on([*calls, moved], NINE + 3_000)
    assert [card.window for card in shown.cards if card] == ["9"]
    assert [call.window for call in shown.calls] == ["9"]


def test_a_silent_hall_is_stale_and_says_since_when() -> None:
    calls = burst(1, 1_000)
    assert seen_on(calls, NINE + STALE_AFTER, heard_at=NINE).stale_since is None
    assert seen_on(calls, NINE + STALE_AFTER + 1, heard_at=NINE).stale_since == NINE


def test_a_board_knows_nothing_before_the_hall_is_heard_of() -> None:
    unheard = Story(opened=False)
    assert board(unheard.hall, Scene(), unheard.now, waits={}, heard_at=unheard.now) is None


def test_a_row_tells_who_waits_how_long_and_the_last_number_called() -> None:
    story = Story().at("09:00")
    calls = Calls()
    for _ in range(3):
        story.issue("A")
    story.at("09:01").call("1")
    for fact in story.facts:
        calls.apply(fact, story.hall)
    part = Part(calls)
    part.read(None)
    shown = board(story.hall, part.scene, story.now, waits={"A": (5, 12)}, heard_at=story.now)
    assert shown is not None
    a, b, _ = shown.queues
    assert (a.letter, a.last, a.waiting, a.wait) == ("A", "A001", 2, (5, 12))
    assert (b.letter, b.last, b.waiting, b.wait) == ("B", "", 0, None), "what is not known is not made up"
    assert shown.phase is Phase.OPEN
    assert shown.name == HALL.name


def test_a_new_day_begins_with_an_empty_board() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    story.on("2026-03-03").at("08:30").open_day()
    calls = Calls()
    for fact in story.facts:
        calls.apply(fact, story.hall)
    part = Part(calls)
    part.read(None)
    assert calls.all == []
    assert not any(part.scene.stage.now(story.now))
