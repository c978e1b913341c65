"""The manager's page at other hours than now: what came of a recommendation, and how it looks when nothing is foreseen.

No browser and no port: the pages of a hall whose clock the test sets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from hall_stories import EFFECT, HALL, MONDAY

from queue_server.app import create_app
from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.calendar import instant
from queue_server.domain.configuration import Serves
from queue_server.forecaster.advised import Advice, Recommended
from queue_server.forecaster.client import Foresight
from queue_server.forecaster.wire import Asked
from queue_server.journal.store import SqliteStore
from queue_server.keys import KeyRing
from queue_server.web.halls import Halls, RunningHall

MOVE = e.Move(window="1", before=(Serves(queue="A"),), after=(Serves(queue="B"), Serves(queue="A", helper_after=5)))
ADVICE = Advice(turns=(), moves=(MOVE,), effect=EFFECT, sure=0.9, queues={})


class Day:
    """The hall on Monday, from half past nine on, its windows open."""

    def __init__(self, folder: Path) -> None:
        self.at("09:30")
        self.here = RunningHall(
            SqliteStore(folder / "h.sqlite"), HALL, keys=KeyRing(folder / "keys"), now=lambda: self.now
        )
        self.here.keep_day()
        for window in HALL.window:
            self.do(c.OpenWindow(window=window))
        self.client: FlaskClient = create_app(Halls({HALL.hall: self.here})).test_client()

    def at(self, clock: str) -> None:
        self.now = instant(HALL.timezone, MONDAY, clock)

    def do(self, command: c.Command) -> None:
        self.here.writer.submit(command, f"press-{self.here.replica.seq}")

    def recommends(self, advice: Advice | None) -> None:
        """Whatever the forecaster is asked from now on, it recommends this."""

        def ask(question: Asked, within: float) -> msgspec.Raw:
            return msgspec.Raw(msgspec.json.encode(Recommended(days=12, calibrated=True, advice=advice)))

        self.here.foresight = Foresight(HALL.hall, ask, self.here.now)

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.client.post(f"/api/v1/halls/{HALL.hall}{path}", json=body or {})
        return answer.json if answer.status_code == 200 else answer.json["type"].rpartition("/")[2]

    def page(self, path: str = "", **given: str) -> str:
        """Its words."""
        answer = self.client.get(f"/halls/{HALL.hall}/manage{path}", query_string=given)
        assert answer.status_code == 200
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    day = Day(tmp_path)
    yield day
    day.here.close()


def test_without_a_forecaster_every_part_says_so_and_nothing_else_is_missing(day: Day) -> None:
    assert "还没有算过" in day.page()
    assert day.post("/recommendations") == "forecaster-away"
    assert "预测程序没有运行或正忙" in day.page()
    assert "The forecaster is not running" in day.page(lang="en")
    assert "预测程序没有运行或正忙" in day.page("/plan")
    assert "预测程序没有运行或正忙" in day.page("/what-if", **{"window": "1", "queue-C": "own", "ask": "1"})
    assert "和现在一样" in day.page("/what-if", window="1", ask="1")
    assert "看看会怎样" in day.page("/what-if", window="1")
    assert day.client.get(f"/halls/{HALL.hall}/manage/what-if?window=9").status_code == 404


def test_nothing_worth_doing_is_said_plainly(day: Day) -> None:
    day.recommends(None)
    assert day.post("/recommendations")["stands"] == "nothing"
    assert "现在不需要调整" in day.page()


@pytest.mark.parametrize(
    ("called", "said"), [("10:50", "比预计更好"), ("11:02", "在预计范围内"), ("11:40", "比预计差")]
)
def test_seventy_five_minutes_later_it_says_what_really_happened(day: Day, called: str, said: str) -> None:
    day.recommends(ADVICE)
    day.at("10:30")
    id_ = day.post("/recommendations")["newest"]["id"]
    assert day.post(f"/recommendations/{id_}/apply")["applied"][0]["verdict"] is None
    day.at("10:40")
    day.do(c.IssueTicket(ticket="t1", queue="C"))
    day.at(called)
    day.do(c.CallNext(window="3"))
    early = day.page()
    assert "1号窗口 A → B 助 A" in early
    assert "此后已叫 1 人" in early
    day.at("11:45")
    assert said in day.page()
    assert "分钟（1 人）" in day.page()
    assert day.post(f"/recommendations/{id_}/undo")["applied"][0]["verdict"] is None
    assert said not in day.page()
    assert "已撤销" in day.page()


def test_each_refusal_reaches_who_asked_as_what_it_is(day: Day) -> None:
    presses = ("apply", "undo", "decline")
    assert [day.post(f"/recommendations/none/{press}") for press in presses] == ["unknown-recommendation"] * 3
    day.recommends(ADVICE)
    id_ = day.post("/recommendations")["newest"]["id"]
    day.at("09:51")
    assert day.post(f"/recommendations/{id_}/apply") == "out-of-date"
    assert "情况已经变了" in day.page()
    assert day.post(f"/recommendations/{id_}/decline")["stands"] == "declined"
