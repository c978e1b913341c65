"""The forecaster beside a real hall server: foreseen waits, its death and its server's, and what it learns at night."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest
from flask import render_template
from servers import HALL, Client, Server, city, run, until

from queue_server.app import create_app
from queue_server.backtest.importing import bring_in
from queue_server.backtest.reading import LogError
from queue_server.config import load
from queue_server.forecaster.client import Forecaster, without
from queue_server.forecaster.wire import Away, Learning
from queue_server.journal.replica import clock
from queue_server.web.halls import Halls
from queue_server.web.pages import texts


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path, forecast=True) as server:
        yield server


STARTS_WITHIN = 120
"""Seconds: the forecaster is the last to get a share of a busy machine, and it begins by reading numpy."""


def child_of(server: Server) -> int | None:
    """The pid of its forecaster, if it has one."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return int(children[0]) if children else None


def lives(pid: int) -> bool:
    """Whether it has not ended; nobody may have waited for it yet."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def basis(hall: Client) -> str | None:
    wait = hall.get().json["queues"][0]["wait"]
    return None if wait is None else wait["basis"]


def test_waits_are_foreseen_survive_a_dead_forecaster_and_a_closed_day_teaches(server: Server) -> None:
    hall = server.client()
    for window in "1", "2":
        hall.do(window, "open")
    tickets = [hall.issue("A") for _ in range(6)]
    until(lambda: basis(hall) == "forecast", STARTS_WITHIN)
    for path in (f"/tickets/{tickets[-1]}", f"/tickets/{hall.issue('A')}"):  # one it knew, and one of this instant
        wait = hall.get(path).json["wait"]
        assert set(wait) == {"low", "high", "calibrated", "basis"}
        assert (wait["basis"], wait["calibrated"]) == ("forecast", False)
        assert 0 <= wait["low"] < wait["high"]
    told = hall.get("/forecast").json
    assert told["at"] is not None
    assert told["learned"] | {"goes_on": False} == {
        "days": 0, "imported_days": 0, "calibrated": False, "coverage": None, "waits": 0, "goes_on": False
    }  # fmt: skip

    dead = set()

    def without_one() -> bool:
        """Kill it as often as it comes up, until its absence is seen."""
        child = child_of(server)
        if child is not None and lives(child):
            dead.add(child)
            os.kill(child, signal.SIGKILL)
        return basis(hall) == "configured"

    until(without_one)
    assert dead
    wait = hall.get(f"/tickets/{tickets[-1]}").json["wait"]
    assert (wait["calibrated"], wait["high"] > 5) == (False, True)
    assert hall.do("1", "call-next").status == 200  # nothing else noticed
    until(lambda: basis(hall) == "forecast", STARTS_WITHIN)
    assert child_of(server) not in dead

    hall.do("1", "start")
    hall.do("1", "finish")
    assert hall.post("/day/close").status == 200
    until(lambda: (hall.get("/forecast").json["learned"] or {}).get("days") == 1, STARTS_WITHIN)

    child = child_of(server)
    assert child is not None
    server.kill()
    until(lambda: not lives(child))


def test_a_server_that_is_told_so_runs_without_one(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        hall = server.client()
        hall.do("1", "open")
        assert child_of(server) is None
        assert basis(hall) == "configured"
        assert hall.get("/forecast").json == {"at": None, "learned": None}
    with pytest.raises(Away, match="without a forecaster"):
        without(HALL, clock).ask("recommend")


def test_a_forecaster_that_cannot_be_started_is_away_and_is_said_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    forecaster = Forecaster(tmp_path, command=[str(tmp_path / "nowhere")])
    foresight = forecaster.foresight(HALL, clock)
    forecaster.start()
    try:
        with gevent.Timeout(20):
            while "cannot be started" not in caplog.text:
                gevent.sleep(0.01)
        with pytest.raises(Away, match="is being started"):
            foresight.ask("recommend")
        assert foresight.latest is foresight.learning is None
    finally:
        forecaster.stop()


def test_the_manager_reads_how_often_ranges_held_or_that_nobody_checked_them() -> None:
    app = create_app(Halls({}))

    def read(language: str, learning: Learning | None) -> str:
        with app.app_context():
            html = render_template("manage_forecast.html", t=texts(language)["manage"], learning=learning)
        return " ".join(re.sub(r"<[^>]+>", " ", html).split())

    known = Learning(days=23, imported=12, calibrated=True, coverage=0.9123, waits=1234)
    assert read("zh", known).startswith("过去30天，90%区间实际命中 91.2%（1234张）。 范围已按最近的日子校准，")
    assert "其中 12 天来自旧系统的记录。" in read("zh", known)
    assert "In the last 30 days, 91.2% of the waits lay in their 90% range (1234 tickets)." in read("en", known)
    assert "范围尚未校准" in read("zh", Learning())
    assert "not calibrated yet. Past days are being worked through" in read("en", Learning(days=2, studying=True))
    assert "x.json: damaged" in read("zh", Learning(faults=("x.json: damaged",)))
    assert read("en", None).startswith("Nothing is predicted now")


def test_an_old_log_is_imported_and_told_about(tmp_path: Path) -> None:
    log = tmp_path / "old.csv"
    rows = ["hall,queue,number,issued_at,called_at,finished_at,window,class"]
    rows += [f"X,甲,{n},2026-01-05T09:{n:02},2026-01-05T10:{n:02},2026-01-05T10:{n + 4:02},1,老人" for n in range(30)]
    rows += ["X,喵,1,2026-01-05T09:00,,,,"]
    log.write_text("\n".join(rows), encoding="utf-8")
    told = run(tmp_path, "import", log, "--config", city(tmp_path), "--data", tmp_path, "--hall", HALL)
    assert told.status == 0, told.log
    assert "1 days, 2026-01-05 … 2026-01-05: 30 tickets, 30 of them with their duration" in told.out
    assert "unknown queues, nothing is learned from them: 喵" in told.log
    assert "unknown classes, taken for ordinary: 老人" in told.log
    kept = tmp_path / "imported" / HALL / "old.csv.json"
    first = kept.read_bytes()

    def again(*lines: str, of: str | None = None) -> None:
        log.write_text("\n".join(lines), encoding="utf-8")
        bring_in(log, load(tmp_path / "city.yaml").configuration(HALL), tmp_path, of=of, skip_bad=False)

    again(*rows)
    assert kept.read_bytes() == first
    for lines, of, why in (
        ([*rows, "X,甲,99,yesterday,,,,"], None, "old.csv:33: issued_at 'yesterday' is not a time"),
        ([rows[0], rows[-1]], None, "so nothing was imported.\nunknown queues.*: 喵"),
        ([*rows, "Y,甲,1,2026-01-05T09:00,,,,"], None, "Say which of them is H1: --of NAME"),
        (rows, "Y", "Say which of them is H1"),
    ):
        with pytest.raises(LogError, match=why):
            again(*lines, of=of)
    assert kept.read_bytes() == first
    again(*rows, "Y,甲,1,2026-01-06T09:00,,,,", of="Y")
    assert kept.read_bytes() != first
