"""The line to the hall: it comes and goes, answers late or wrongly, and the kiosk makes do."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from kiosks import Kiosk
from servers import HALL, Server, until

from kiosk.given import OwnJournal
from kiosk.keys import Keys
from kiosk.link import Link, copy_in
from queue_server.domain.refusal import Reason, Refused
from queue_server.journal.feed import Hello, hello
from queue_server.journal.replica import clock
from queue_server.journal.store import SqliteStore


class OddHall:
    """Something at the hall's address that follows the feed's rules and answers everything else as the test says."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.keys: list[str] = []
        odd = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.endswith("/feed"):
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(hello(Hello(hall=HALL, journal="odd", last_seq=0)))
                    odd.closing.wait(60)
                    return
                self._answer()

            def do_POST(self) -> None:
                odd.keys.append(self.headers.get("Idempotency-Key", ""))
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self._answer()

            def _answer(self) -> None:
                status, body = odd.answers.get(self.path.rpartition("/")[2], (404, b"<html>"))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def odd() -> Iterator[OddHall]:
    odd = OddHall()
    yield odd
    odd.close()


@contextmanager
def linked(folder: Path, url: str) -> Iterator[Link]:
    own = OwnJournal(SqliteStore(folder / "own.db"), HALL)
    copy = copy_in(folder / "hall.db", HALL)
    link = Link(url, hall=HALL, kiosk="K1", copy=copy, own=own, keys=Keys(folder / "keys.json"))
    link.start()
    try:
        until(lambda: link.heard().fresh)
        yield link
    finally:
        link.stop()
        own.store.close()
        copy.store.close()


NONSENSE = [(200, b"<html>login</html>"), (200, b"[]"), (200, b'{"number": "x"}'), (502, b"{}"), (201, b"\xff\xfe")]


@pytest.mark.parametrize("answer", NONSENSE)
def test_an_answer_that_is_not_the_halls_is_no_answer(tmp_path: Path, odd: OddHall, answer: tuple[int, bytes]) -> None:
    odd.answers = dict.fromkeys(("numbers", "restore", "t1", HALL), answer)
    with linked(tmp_path, odd.url) as link:
        assert link.borrow("A", "t1") is None
        assert link.restore("t1") in (None, {"number": "x"})
        assert link.ticket("t1") in (None, {"number": "x"})
        assert link.heard().queues == {}


def test_a_rule_of_the_hall_is_told_from_a_failure(tmp_path: Path, odd: OddHall) -> None:
    problem = {"type": "/problems/too-often", "status": 409, "title": "Too often", "detail": "once"}
    odd.answers["restore"] = 409, json.dumps(problem).encode()
    with linked(tmp_path, odd.url) as link, pytest.raises(Refused) as refused:
        link.restore("t1")
    assert refused.value.reason is Reason.TOO_OFTEN


def test_a_wish_whose_answer_was_lost_is_the_same_wish_when_it_is_made_again(tmp_path: Path, odd: OddHall) -> None:
    odd.answers["restore"] = 502, b"gateway"
    with linked(tmp_path, odd.url) as link:
        assert link.restore("t1") is None
        assert link.restore("t1") is None
        assert link.restore("t2") is None
    first, again, other = (key for key in odd.keys if key.startswith("restore"))
    assert first == again != other


def test_a_hall_that_says_nothing_more_is_waited_for_only_a_moment(tmp_path: Path) -> None:
    with Server(tmp_path / "hall") as hall, Kiosk(tmp_path, hall) as kiosk:
        until(lambda: kiosk.connected)
        ticket = kiosk.ticket("A").ticket
        until(lambda: kiosk.station.around(clock()).queue("A").waiting == 1)
        os.kill(hall.pid, signal.SIGSTOP)
        try:
            held = kiosk.station.known.ticket(ticket)
            assert held is not None
            assert (held.label, held.wait) == ("A001", None)
        finally:
            os.kill(hall.pid, signal.SIGCONT)


def test_what_two_kiosks_printed_cut_off_arrives_once_each_when_the_line_is_back(tmp_path: Path) -> None:
    with Server(tmp_path / "hall") as hall:
        kiosks = [Kiosk(tmp_path / code, hall, kiosk=code) for code in ("K1", "K2")]
        with kiosks[0], kiosks[1]:
            for kiosk in kiosks:
                until(lambda kiosk=kiosk: kiosk.connected)
            hall.kill()
            for kiosk in kiosks:
                until(lambda kiosk=kiosk: not kiosk.connected)
            printed = [kiosk.label(queue) for kiosk in kiosks for queue in "ABC" * 5]
            hall.start()
            client = hall.client()
            until(lambda: client.get().json["tickets"]["waiting"] == len(printed))
            until(lambda: all(kiosk.station.service_report().unsent == 0 for kiosk in kiosks))
            assert client.get().json["tickets"]["waiting"] == len(set(printed)) == len(printed)
