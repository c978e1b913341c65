"""The adviser of a hall: one computation however many ask, the same press the same answer, and when one is due."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import msgspec
import pytest
from gevent.event import Event
from hall_stories import EFFECT, HALL, MINUTE, MONDAY, refused

from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.calendar import instant
from queue_server.domain.configuration import Serves
from queue_server.domain.refusal import Reason
from queue_server.forecaster.advised import Advice, Recommended
from queue_server.forecaster.client import Foresight
from queue_server.forecaster.wire import Asked, Away, Cannot
from queue_server.journal.entry import event_of
from queue_server.journal.store import SqliteStore
from queue_server.keys import KeyRing
from queue_server.web.adviser import Adviser, Standing, Told, is_due
from queue_server.web.halls import RunningHall

HALF_PAST = instant(HALL.timezone, MONDAY, "10:30")
MOVE = e.Move(window="1", before=(Serves(queue="A"),), after=(Serves(queue="B"),))
ANSWER = Recommended(
    days=3, calibrated=False, advice=Advice(turns=(), moves=(MOVE,), effect=EFFECT, sure=0.9, queues={})
)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[RunningHall]:
    """The hall at half past ten, its windows open."""
    store = SqliteStore(tmp_path / "h.sqlite")
    hall = RunningHall(store, HALL, keys=KeyRing(tmp_path / "keys"), now=lambda: HALF_PAST)
    hall.keep_day()
    for window in HALL.window:
        hall.writer.submit(c.OpenWindow(window=window), f"open-{window}")
    yield hall
    hall.close()


def asked_of(here: RunningHall, answer: Callable[[Asked], Any]) -> list[Asked]:
    """Let the hall's forecaster answer like this; gives what it will have been asked."""
    asked: list[Asked] = []

    def ask(question: Asked, within: float) -> msgspec.Raw:
        asked.append(question)
        return msgspec.Raw(msgspec.json.encode(answer(question)))

    here.foresight = Foresight(here.code, ask, here.now)
    return asked


def test_who_asks_while_one_is_computed_gets_that_one(here: RunningHall) -> None:
    go_on = Event()

    def slowly(_: Asked) -> Recommended:
        go_on.wait()
        return ANSWER

    asked, adviser = asked_of(here, slowly), Adviser(here)
    pressing = [gevent.spawn(adviser.compute, press) for press in ("one", "other")]
    gevent.idle()
    go_on.set()
    one, other = (press.get(timeout=30) for press in pressing)
    assert one is other
    assert one.answer == ANSWER
    assert len(asked) == 1
    assert adviser.compute("one") is adviser.compute("other") is one
    assert adviser.compute("third") is not one
    assert len(asked) == 2


def test_trouble_is_told_and_forgotten_when_it_is_over(here: RunningHall) -> None:
    trouble: list[Exception] = [Away("away"), Cannot("cannot")]

    def answer(_: Asked) -> Recommended:
        if trouble:
            raise trouble.pop(0)
        return ANSWER

    asked_of(here, answer)
    adviser = Adviser(here)
    for kind in (Away, Cannot):
        with pytest.raises(kind):
            adviser.compute("press")
        assert isinstance(adviser.standing.trouble, kind)
    told = adviser.compute("press")
    assert adviser.standing == Standing(newest=told)


def test_it_is_applied_once_and_the_same_press_gets_its_first_answer(here: RunningHall) -> None:
    asked_of(here, lambda _: ANSWER)
    adviser = Adviser(here)
    told = adviser.compute("press")
    entries = adviser.apply(told.id, "api", "apply-1")
    assert [type(event_of(entry)) for entry in entries] == [e.QueuesAssigned, e.RecommendationApplied]
    adviser.compute("the next")
    assert [entry.id for entry in adviser.apply(told.id, "api", "apply-1")] == [entry.id for entry in entries]
    with refused(Reason.ALREADY_APPLIED):
        adviser.apply(told.id, "api", "apply-2")
    with refused(Reason.UNKNOWN_RECOMMENDATION):
        adviser.apply("another", "api", "apply-3")


def test_two_who_apply_at_once_do_one_thing(here: RunningHall) -> None:
    asked_of(here, lambda _: ANSWER)
    adviser = Adviser(here)
    told = adviser.compute("press")
    applying = [gevent.spawn(adviser.apply, told.id, "api", press) for press in ("one", "other")]
    gevent.joinall(applying, timeout=30)
    assert sorted(type(press.exception).__name__ for press in applying) == ["NoneType", "Refused"]
    assert list(here.replica.hall.applied) == [told.id]


@pytest.mark.parametrize(
    ("computed", "now", "due"),
    [
        (None, "10:30", True),
        ("10:16", "10:29", False),
        ("10:16", "10:30", True),
        ("10:28", "10:30", False),
        ("10:28", "10:33", True),
        ("10:30", "10:44", False),
    ],
)
def test_one_is_due_every_quarter_of_an_hour_unless_there_is_a_fresh_one(
    computed: str | None, now: str, due: bool
) -> None:
    at = instant(HALL.timezone, MONDAY, computed) if computed else 0
    newest = Told(id="r", at=at, answer=ANSWER) if computed else None
    assert is_due(Standing(newest=newest), at, instant(HALL.timezone, MONDAY, now)) is due


def test_after_trouble_it_is_tried_again_a_minute_later() -> None:
    standing = Standing(newest=Told(id="r", at=HALF_PAST - MINUTE, answer=ANSWER), trouble=Away("x"))
    assert not is_due(standing, HALF_PAST, HALF_PAST + MINUTE - 1)
    assert is_due(standing, HALF_PAST, HALF_PAST + MINUTE)
