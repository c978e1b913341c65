"""What is said in a zone: never two at once, never cut, nothing old, nothing lost without a reason."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display.announcer import Announcement, Announcer, Clip, Dropped, Pause, Policy, Step
from display.stage import Call

CHIME = Clip(id="chime", lasts=900)


class TestVoice:
    """Sentences of 3 s; their ids say who is called in which language."""

    __test__ = False

    def chime(self) -> tuple[Step, ...]:
        return (CHIME,)

    def call(self, label: str, window: str, language: str) -> tuple[Step, ...]:
        return Clip(id=f"{language}:{label}", lasts=1_000), Clip(id=f"{language}:to-{window}", lasts=2_000)


def called(label: str, window: str, at: int, *, again: bool = False) -> Call:
    return Call(ticket=label, label=label, window=window, at=at, again=again)


def said(announcement: Announcement | None) -> list[str]:
    assert announcement is not None
    return [step.id for step in announcement.steps if isinstance(step, Clip)]


def the_sentence(label: str, window: str, *languages: str) -> list[str]:
    return [clip for language in languages for clip in (f"{language}:{label}", f"{language}:to-{window}")]


def test_a_call_is_said_in_each_language_and_once_more():
    announcer = Announcer(Policy(), TestVoice())
    announcer.hear(called("A001", "3", 1_000))
    once = the_sentence("A001", "3", "zh", "en")
    assert said(announcer.speak(1_000)) == ["chime", *once, *once]


def test_one_reading_and_one_language_where_configured():
    announcer = Announcer(Policy(languages=("zh",), readings=1), TestVoice())
    announcer.hear(called("A001", "3", 1_000))
    assert said(announcer.speak(1_000)) == ["chime", *the_sentence("A001", "3", "zh")]


def test_nothing_is_given_out_while_an_announcement_lasts():
    policy = Policy()
    announcer = Announcer(policy, TestVoice())
    announcer.hear(called("A001", "3", 0))
    first = announcer.speak(0)
    assert first is not None
    announcer.hear(called("B001", "4", 100))
    over = first.lasts + policy.between_announcements
    assert announcer.speak(over - 1) is None
    assert announcer.asks_at(100) == over
    assert said(announcer.speak(over))[:3] == ["chime", "zh:B001", "zh:to-4"]


def test_a_board_that_reports_its_end_lets_the_next_begin_sooner():
    policy = Policy(between_announcements=500)
    announcer = Announcer(policy, TestVoice())
    announcer.hear(called("A001", "3", 0))
    announcer.speak(0)
    announcer.hear(called("B001", "4", 100))
    announcer.finished(4_000)
    assert announcer.speak(4_499) is None
    assert announcer.speak(4_500) is not None


def test_calls_that_wait_together_are_joined_language_by_language():
    announcer = Announcer(Policy(), TestVoice())
    announcer.hear(called("A001", "3", 0))
    announcer.hear(called("B007", "4", 10))
    zh = the_sentence("A001", "3", "zh") + the_sentence("B007", "4", "zh")
    en = the_sentence("A001", "3", "en") + the_sentence("B007", "4", "en")
    assert said(announcer.speak(20)) == ["chime", *zh, *en]


def test_far_behind_only_the_first_language_is_said():
    announcer = Announcer(Policy(joined=3, far_behind=4), TestVoice())
    for window in range(1, 5):
        announcer.hear(called(f"A{window:03d}", str(window), window))
    three = [clip for window in "123" for clip in the_sentence(f"A00{window}", window, "zh")]
    assert said(announcer.speak(10)) == ["chime", *three]


def test_after_an_hour_off_nothing_old_is_said():
    dropped: list[tuple[str, Dropped]] = []
    announcer = Announcer(Policy(), TestVoice(), dropped=lambda call, why: dropped.append((call.label, why)))
    for window in range(1, 9):
        announcer.hear(called(f"A{window:03d}", str(window), window * 1_000))
    assert announcer.speak(3_600_000) is None
    assert announcer.asks_at(3_600_000) is None
    assert dropped == [(f"A{window:03d}", Dropped.TOO_OLD) for window in range(1, 9)]


def test_a_second_call_of_the_same_ticket_takes_the_place_of_the_first():
    dropped: list[Dropped] = []
    announcer = Announcer(Policy(readings=1), TestVoice(), dropped=lambda _, why: dropped.append(why))
    announcer.hear(called("A001", "3", 0))
    announcer.hear(called("A001", "5", 100, again=True))
    assert said(announcer.speak(200)) == ["chime", *the_sentence("A001", "5", "zh", "en")]
    assert dropped == [Dropped.CALLED_AGAIN]


def test_a_window_that_calls_the_next_is_not_announced_for_the_last():
    dropped: list[Dropped] = []
    announcer = Announcer(Policy(readings=1), TestVoice(), dropped=lambda _, why: dropped.append(why))
    announcer.hear(called("A001", "3", 0))
    announcer.hear(called("A002", "3", 100))
    assert said(announcer.speak(200)) == ["chime", *the_sentence("A002", "3", "zh", "en")]
    assert dropped == [Dropped.WINDOW_WENT_ON]


def test_a_silent_zone_says_nothing_and_says_so():
    dropped: list[Dropped] = []
    announcer = Announcer(Policy(languages=()), TestVoice(), dropped=lambda _, why: dropped.append(why))
    announcer.hear(called("A001", "3", 0))
    assert announcer.speak(0) is None
    assert dropped == [Dropped.SILENT]


@pytest.mark.parametrize("wrong", [{"readings": 0}, {"joined": 0}, {"too_old": 0}, {"between_announcements": -1}])
def test_a_policy_that_cannot_be_kept_is_refused(wrong: dict[str, int]):
    with pytest.raises(ValueError, match=r"at least 1|negative"):
        Policy(**wrong)  # type: ignore[arg-type]


# --- what holds whatever happens

POLICIES = st.builds(
    Policy,
    languages=st.sampled_from([("zh", "en"), ("en", "zh"), ("zh",), ()]),
    readings=st.integers(1, 3),
    too_old=st.integers(1, 90_000),
    joined=st.integers(1, 5),
    far_behind=st.integers(1, 8),
    between_announcements=st.integers(0, 3_000),
)
RUSHES = st.lists(
    st.tuples(st.integers(0, 20_000), st.integers(1, 6), st.integers(1, 12), st.integers(0, 70_000)),
    max_size=40,
)
"""Calls as (ms since the last was made, window, number, ms until it is heard of here)."""


class Zone:
    """A voice at work on a rush: asked whenever it wants to be, and at every call."""

    def __init__(self, policy: Policy, rush: list[tuple[int, int, int, int]]) -> None:
        self.began: list[tuple[int, Announcement]] = []
        self.dropped: list[tuple[Call, Dropped]] = []
        self.heard: list[Call] = []
        self._announcer = Announcer(policy, TestVoice(), dropped=lambda call, why: self.dropped.append((call, why)))
        made = now = 0
        for since, window, number, late in rush:
            made += since
            self._work_until(now, made + late)
            now = max(now, made + late)
            call = called(f"A{number:03d}", str(window), made, again=len(self.heard) % 2 == 1)
            self.heard.append(call)
            self._announcer.hear(call)
            self._ask(now)
        self._work_until(now, now + 10_000_000)

    def _work_until(self, now: int, end: int) -> None:
        while (at := self._announcer.asks_at(now)) is not None and at <= end:
            now = at
            self._ask(now)

    def _ask(self, now: int) -> None:
        announcement = self._announcer.speak(now)
        if announcement is not None:
            self.began.append((now, announcement))


@given(POLICIES, RUSHES)
def test_two_are_never_said_at_once_and_none_is_cut(policy: Policy, rush: list[tuple[int, int, int, int]]):
    began = Zone(policy, rush).began
    for (start, announcement), (following, _) in pairwise(began):
        assert following >= start + announcement.lasts + policy.between_announcements


@given(POLICIES, RUSHES)
def test_nothing_older_than_the_policy_is_begun(policy: Policy, rush: list[tuple[int, int, int, int]]):
    for start, announcement in Zone(policy, rush).began:
        assert all(start - call.at <= policy.too_old for call in announcement.calls)


@given(POLICIES, RUSHES)
def test_every_call_is_said_or_dropped_by_a_named_rule_and_only_once(
    policy: Policy, rush: list[tuple[int, int, int, int]]
):
    zone = Zone(policy, rush)
    ends = [id(call) for _, announcement in zone.began for call in announcement.calls]
    ends += [id(call) for call, _ in zone.dropped]
    assert Counter(ends) == Counter(id(call) for call in zone.heard)


@given(POLICIES, RUSHES)
def test_calls_are_said_in_the_order_they_were_heard(policy: Policy, rush: list[tuple[int, int, int, int]]):
    zone = Zone(policy, rush)
    place = {id(call): place for place, call in enumerate(zone.heard)}
    order = [place[id(call)] for _, announcement in zone.began for call in announcement.calls]
    assert order == sorted(order)


@given(POLICIES, RUSHES)
def test_every_announcement_begins_with_the_chime_and_calls_each_whole_in_the_first_language(
    policy: Policy, rush: list[tuple[int, int, int, int]]
):
    for _, announcement in Zone(policy, rush).began:
        assert announcement.steps[0] == CHIME
        spoken = [step for step in announcement.steps if not isinstance(step, Pause)][1:]
        first = [
            clip for call in announcement.calls for clip in the_sentence(call.label, call.window, policy.languages[0])
        ]
        assert [clip.id for clip in spoken if isinstance(clip, Clip)][: len(first)] == first


@given(RUSHES)
def test_a_call_still_fresh_when_its_turn_comes_is_never_dropped_for_age(rush: list[tuple[int, int, int, int]]):
    policy = Policy(too_old=10_000_000)
    assert all(why is not Dropped.TOO_OLD for _, why in Zone(policy, rush).dropped)
