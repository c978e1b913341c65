"""The manager's page tells how the hall stands now."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from servers import HALL, Server

from queue_server.domain.events import DeviceReported
from queue_server.journal.push import Pusher
from queue_server.journal.replica import Replica, clock
from queue_server.journal.store import SqliteStore


def rows(server: Server, path: str = "/fragment?lang=en") -> str:
    with urllib.request.urlopen(f"{server.url}/halls/{HALL}/manage{path}") as answer:
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.read().decode()))


def test_it_counts_who_waits_in_each_queue(server: Server) -> None:
    hall = server.client()
    hall.do("1", "open")
    hall.issue("A")
    hall.issue("A")
    assert re.search(r"A 甲 2 ", rows(server))


def test_it_shows_what_each_window_does(server: Server) -> None:
    hall = server.client()
    hall.issue("B")
    hall.do("2", "open")
    label = hall.do("2", "call-next").json["ticket"]["label"]
    assert f"2 {label}" in rows(server)
    assert "3 closed" in rows(server)


def test_a_device_that_reported_is_listed_with_its_health(server: Server, tmp_path: Path) -> None:
    assert "No device has reported today." in rows(server)
    own = Replica(SqliteStore(tmp_path / "own.sqlite"), HALL)
    own.write([DeviceReported(at=clock(), device="K1/printer", health="paper-out")], "K1")
    Pusher(server.url, HALL, "K1", own).push()
    assert "K1/printer out of paper" in rows(server)
    own.store.close()


def test_the_page_speaks_chinese_unless_asked(server: Server) -> None:
    assert "大厅概况" in rows(server, "")


def test_an_unknown_hall_is_said_so(server: Server) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404") as answered:
        urllib.request.urlopen(f"{server.url}/halls/nowhere/manage")
    answered.value.close()
