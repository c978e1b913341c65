"""Crowds for tests: threads that take tickets and staff that call them, over HTTP, until told to stop.

Each press has an Idempotency-Key and is repeated with it until it is answered, also across a server that dies.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException
from itertools import count
from typing import Any

from servers import Answer, Client, Server

from queue_server.domain.events import TicketCalled, TicketIssued
from queue_server.journal.entry import Entry, event_of


@dataclass
class Crowd:
    """`answers`: what each press was answered, by its key. `faults`: answers that should never be given."""

    server: Server
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    repeated: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, issuers: int, windows: list[str]) -> None:
        for number in range(issuers):
            self._run(self._issue, f"issuer{number}", "ABC"[number % 3])
        for window in windows:
            self._run(self._call, f"window{window}", window)

    def stop(self) -> None:
        """Everybody gets the answer they wait for, and goes."""
        self.stopping.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _run(self, life: Callable[[Client, Callable[[str, Any], Answer], str], None], name: str, about: str) -> None:
        client = self.server.client()
        presses = count()

        def press(path: str, body: Any) -> Answer:
            return self._press(client, path, body, f"{name}.{next(presses)}")

        thread = threading.Thread(target=life, args=(client, press, about), name=name)
        self._threads.append(thread)
        thread.start()

    def _press(self, client: Client, path: str, body: Any, key: str) -> Answer:
        while True:
            try:
                answer = client.post(path, body, key)
            except (OSError, HTTPException):
                self.repeated += 1
                threading.Event().wait(0.01)
                continue
            if answer.status >= 500:
                self.faults.append(f"{path}: {answer.status} {answer.body[:200]!r}")
            self.answers[key] = (answer.status, answer.json)
            return answer

    def _issue(self, client: Client, press: Callable[[str, Any], Answer], queue: str) -> None:
        while not self.stopping.is_set():
            answer = press("/tickets", {"queue": queue})
            if answer.status != 201:
                self.faults.append(f"a ticket was answered {answer.status} {answer.body[:200]!r}")

    def _call(self, client: Client, press: Callable[[str, Any], Answer], window: str) -> None:
        press(f"/windows/{window}/open", {})
        while not self.stopping.is_set():
            called = press(f"/windows/{window}/call-next", {})
            if called.status == 409:
                assert called.reason == "nothing-waiting", called.body
                continue
            ticket = called.json["ticket"]["id"]
            for action, body in (("start", {}), ("finish", {"outcome": "done"})):
                answer = press(f"/windows/{window}/{action}", {"ticket": ticket, **body})
                if answer.status != 200:
                    self.faults.append(f"{action} was answered {answer.status} {answer.body[:200]!r}")


def assert_kept(answers: dict[str, tuple[int, Any]], entries: list[Entry]) -> None:
    """Everything that was answered is in the journal, once; no number was given twice and no ticket called twice."""
    issued = {entry.cause: event_of(entry) for entry in entries if entry.kind == "TicketIssued"}
    called = {entry.cause: event_of(entry) for entry in entries if entry.kind == "TicketCalled"}
    causes = Counter((entry.cause, entry.kind) for entry in entries)
    assert [cause for cause, times in causes.items() if times > 1] == []
    for key, (status, answer) in answers.items():
        if key.startswith("issuer"):
            event = issued[key]
            assert isinstance(event, TicketIssued)
            assert (event.ticket, event.label) == (answer["id"], answer["label"])
        elif status == 200 and "called" in str(answer.get("ticket") and answer["ticket"]["state"]):
            event = called[key]
            assert isinstance(event, TicketCalled)
            assert event.ticket == answer["ticket"]["id"]
    numbers = Counter(event.label for event in issued.values() if isinstance(event, TicketIssued))
    calls = Counter(event.ticket for event in called.values() if isinstance(event, TicketCalled))
    assert [label for label, times in numbers.items() if times > 1] == []
    assert [ticket for ticket, times in calls.items() if times > 1] == []
