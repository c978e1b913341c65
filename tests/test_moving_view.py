"""What the manager is shown of recommendations: pure, asked of halls told as stories."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hall_stories import EFFECT, HALL, Story, refused

from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.moving import served_by, serving_of
from queue_server.domain.refusal import Reason
from queue_server.forecast.realised import Realised, realised
from queue_server.forecaster.advised import Advice, Line, Recommended, Turn
from queue_server.forecaster.wire import Away, Cannot
from queue_server.web.adviser import Standing, Told, application
from queue_server.web.moving_view import AdviceView, Stands, Verdict, advice_view, choice, seats
from queue_server.web.pages import LANGUAGES, texts


def told(story: Story, **windows: dict[str, float]) -> Told:
    """A recommendation computed now: `w1={"C": 0}`, each taking the first queue named instead of what it serves."""
    moves = tuple(
        e.Move(window=name[1:], before=served_by(story.hall.windows[name[1:]]), after=serving_of(serves))
        for name, serves in windows.items()
    )
    turns = tuple(
        Turn(window=move.window, takes=move.after[0].queue, instead_of=move.before[0].queue) for move in moves
    )
    queues = {"C": Line(waiting=18, windows=1, before=EFFECT.before, after=EFFECT.after)}
    advice = Advice(turns=turns, moves=moves, effect=EFFECT, sure=0.97, queues=queues) if moves else None
    return Told(id="r1", at=story.now, answer=Recommended(days=0, calibrated=False, advice=advice))


def seen(story: Story, standing: Standing) -> AdviceView:
    return advice_view(story.hall, standing, story.now)


def morning() -> Story:
    return Story().at("10:30")


def test_before_anything_is_computed_it_says_so() -> None:
    assert seen(morning(), Standing()).stands is Stands.NEVER


@pytest.mark.parametrize(("trouble", "stands"), [(Away("x"), Stands.AWAY), (Cannot("x"), Stands.CANNOT)])
def test_trouble_hides_what_was_recommended_before(trouble: Away | Cannot, stands: Stands) -> None:
    story = morning()
    view = seen(story, Standing(newest=told(story, w1={"C": 0}), trouble=trouble))
    assert (view.stands, view.helps) == (stands, ())


def test_nothing_worth_doing_is_said_plainly() -> None:
    story = morning()
    assert seen(story, Standing(newest=told(story))).stands is Stands.NOTHING
    with refused(Reason.UNKNOWN_RECOMMENDATION):
        application(told(story), "api")


def test_what_is_offered_names_the_window_its_queues_and_how_the_queue_stands() -> None:
    story = morning()
    view = seen(story, Standing(newest=told(story, w1={"C": 0})))
    (help_,) = view.helps
    (turn,) = help_.turns
    assert (view.stands, view.refused) == (Stands.OFFERED, None)
    assert (turn.window, turn.instead_of and turn.instead_of.code, help_.queue.code) == ("1", "A", "C")
    assert help_.line is not None
    assert (help_.line.waiting, help_.line.windows) == (18, 1)


def test_windows_that_take_the_same_queue_are_told_together() -> None:
    story = morning()
    view = seen(story, Standing(newest=told(story, w1={"C": 0}, w2={"A": 0}, w3={"C": 0})))
    assert [(help_.queue.code, [turn.window for turn in help_.turns]) for help_ in view.helps] == [
        ("C", ["1", "3"]),
        ("A", ["2"]),
    ]


def test_what_would_be_refused_is_shown_with_why() -> None:
    story = morning()
    standing = Standing(newest=told(story, w1={"C": 0}))
    story.assign("1", A=0, B=0)
    assert seen(story, standing).refused is Reason.CHANGED_MEANWHILE
    story.assign("1", A=0)
    assert seen(story, standing).refused is None
    story.at("10:51")
    assert seen(story, standing).refused is Reason.OUT_OF_DATE


def test_what_is_declined_or_applied_is_not_offered_again() -> None:
    story = morning()
    newest = told(story, w1={"C": 0})
    assert seen(story, Standing(newest=newest, declined="r1")).stands is Stands.DECLINED
    assert seen(story, Standing(newest=newest, declined="r0")).stands is Stands.OFFERED
    story.do(application(newest, "api"))
    assert seen(story, Standing(newest=newest)).stands is Stands.APPLIED


# --- what came of it


def applied_at_ten_thirty(*issued: str, called_at: str) -> Story:
    """EFFECT is applied: 12 to 31 minutes are predicted until 11:45."""
    story = Story().at("10:00")
    for time in issued:
        if time < "10:30":
            story.at(time).issue("C")
    story.at("10:30").do(application(told(story, w1={"C": 0}), "api"))
    for time in issued:
        if time > "10:30":
            story.at(time).issue("C")
    story.at(called_at)
    for _ in issued:
        story.call("3")
        story.start("3")
        story.finish("3")
    return story


@pytest.mark.parametrize(
    ("called_at", "verdict"), [("10:50", Verdict.BETTER), ("11:02", Verdict.WITHIN), ("11:30", Verdict.WORSE)]
)
def test_what_came_about_is_compared_when_its_time_is_over(called_at: str, verdict: Verdict) -> None:
    story = applied_at_ten_thirty("10:40", "10:41", called_at=called_at)
    (early,) = seen(story, Standing()).done
    assert early.verdict is None
    assert early.came is not None
    assert early.came.people == 2
    story.at("11:45")
    (done,) = seen(story, Standing()).done
    assert (done.until, done.verdict, done.refused) == (story.now, verdict, None)
    story.at("16:00")
    assert seen(story, Standing()).done == (done,), "and it stays what it was"


def test_what_was_undone_is_not_judged() -> None:
    story = applied_at_ten_thirty("10:40", called_at="10:50")
    undone = story.now
    story.do(c.UndoRecommendation(recommendation="r1", source="api"))
    story.at("12:00")
    (done,) = seen(story, Standing()).done
    assert (done.undone_at, done.verdict, done.refused) == (undone, None, Reason.ALREADY_UNDONE)


def test_the_newest_applied_comes_first() -> None:
    story = morning()
    story.do(application(told(story, w1={"C": 0}), "api"))
    second = replace(told(story, w3={"A": 0}), id="r2")
    story.at("10:45").do(application(second, "api"))
    assert [row.fact.recommendation for row in seen(story, Standing()).done] == ["r2", "r1"]


def minutes(story: Story, since: str, until: str) -> Realised | None:
    return realised(story.hall, story.time(since), story.time(until))


def test_counted_is_who_waited_or_came_and_nobody_else() -> None:
    story = Story().at("10:00")
    story.issue("A")  # called before: not counted
    story.at("10:10").call("1")
    story.at("10:20").issue("B")  # waits at half past, called at 10:40: 20 minutes
    story.at("10:35").issue("C")  # comes, called at 10:41: 6 minutes
    story.at("10:40").call("2")
    story.at("10:41").call("3")
    story.at("10:50").issue("A")  # comes, is not called by 11:45: 55 minutes
    story.at("11:50").issue("A")  # too late
    assert minutes(story, "10:30", "11:45") == Realised(people=3, mean=27.0, p90=55.0, long=1 / 3)
    assert minutes(story, "10:30", "10:45") == Realised(people=2, mean=13.0, p90=20.0, long=0.0)
    assert minutes(story, "09:00", "09:30") is None


def test_paper_that_never_was_does_not_wait() -> None:
    story = Story().at("10:20")
    story.void(story.issue("A"))
    assert minutes(story, "10:00", "11:15") is None


# --- what if


def test_a_form_that_says_nothing_is_the_window_as_it_is() -> None:
    tried = choice(morning().hall, "2", {})
    assert (tried.is_open, dict(tried.serves), tried.helps_after, tried.changed) == (True, {"B": 0, "A": 5}, 5, False)
    assert list(tried.orders("H1")) == []


def test_a_form_changes_what_it_names() -> None:
    tried = choice(morning().hall, "2", {"queue-A": "own", "queue-C": "helper", "helps_after": "7.5"})
    assert dict(tried.serves) == {"A": 0, "B": 0, "C": 7.5}
    assert tried.wanted() == {"window": "2", "serves": {"A": 0, "B": 0, "C": 7.5}}
    (order,) = tried.orders("H1")
    assert (order["method"], order["path"]) == ("PUT", "/api/v1/halls/H1/windows/2/queues")
    assert [s["queue"] for s in order["body"]["serves"]] == ["A", "B", "C"]


def test_a_closed_window_may_be_opened_for_other_queues_and_an_open_one_closed() -> None:
    story = morning()
    story.close("1")
    opened = choice(story.hall, "1", {"state": "open", "queue-A": "none", "queue-C": "own"})
    assert opened.wanted() == {"window": "1", "serves": {"C": 0}}
    assert [order["path"].rpartition("/")[2] for order in opened.orders("H1")] == ["queues", "open"]
    closed = choice(story.hall, "2", {"state": "closed", "queue-A": "none"})
    assert closed.wanted() == {"window": "2", "serves": None}
    assert [order["path"].rpartition("/")[2] for order in closed.orders("H1")] == ["close"]


@pytest.mark.parametrize("minutes", ["", "soon", "-3", "nan", "inf", "0"])
def test_a_delay_that_is_none_is_passed_over(minutes: str) -> None:
    assert choice(morning().hall, "2", {"helps_after": minutes}).helps_after == 5


def test_a_window_that_is_not_there_is_refused() -> None:
    with refused(Reason.UNKNOWN_WINDOW):
        choice(morning().hall, "9", {})
    with refused(Reason.UNKNOWN_WINDOW):
        choice(Story(opened=False).hall, "1", {})


def test_who_serves_what_tells_own_from_helped() -> None:
    story = morning()
    two = seats(story.hall, HALL)[1]
    assert ([q.code for q in two.own], [q.code for q in two.helps]) == (["B"], ["A"])


def test_both_languages_have_a_word_for_everything() -> None:
    chinese, english = (texts(language)["moving"] for language in LANGUAGES)
    assert chinese.keys() == english.keys()
    for said in (chinese, english):
        assert said["stands"].keys() == {*Stands} - {Stands.OFFERED}
        assert said["verdicts"].keys() == {*Verdict}
        assert all(isinstance(key, str) for key in said), "off and on are truth values in YAML"
    for language in LANGUAGES:
        assert {"cannot-foresee", "forecaster-away"} <= texts(language)["refusals"].keys()
