"""Staff at the windows and the hall's desk: they press, and press again with the same key until they are answered."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from typing import Any

from servers import HALL

from faults.reader import Truth

SHORT, LONG = 0.25, 15.0
"""Seconds a press waits for its answer: while faults are about, and when all is well."""


@dataclass
class Press:
    path: str
    body: dict[str, Any]
    key: str


@dataclass
class Seat:
    """One window: the press still to be answered, and the ticket that its staff believes is there."""

    code: str
    pending: Press | None = None
    ticket: str | None = None
    state: str = ""


@dataclass
class Staff:
    """`port()` is the server's. Every answer that people act on goes into `truth`."""

    port: Callable[[], int]
    truth: Truth
    windows: list[str]
    patience: float = SHORT
    absent: list[str] = field(default_factory=list)
    """Tickets marked no-show."""

    def __post_init__(self) -> None:
        self._keys = count(1)
        self.seats = [Seat(code) for code in self.windows]
        self._desk: list[Press] = []

    # --- one thing a person does

    def at_window(self, roll: random.Random) -> None:
        seat = roll.choice(self.seats)
        if seat.pending is None:
            seat.pending = self._wish(seat, roll)
        if seat.pending is not None:
            self._answered(seat, seat.pending, self._send(seat.pending))

    def at_desk(self, queue: str) -> None:
        """Issue a ticket at the hall's own desk."""
        self._desk.append(Press("/tickets", {"queue": queue}, self._key("desk")))
        self._ask_desk()

    def restore(self) -> None:
        """A no-show comes after all."""
        if self.absent:
            self._desk.append(Press(f"/tickets/{self.absent.pop()}/restore", {}, self._key("restore")))
            self._ask_desk()

    def takes_in(self, paper: str) -> bool:
        """The paper of a kiosk that is gone is shown at the desk; whether its signed code was believed."""
        answer = self._send(Press("/tickets/paper", {"code": paper.rpartition("/")[2]}, self._key("paper")))
        return answer is not None and answer[0] == 200

    # --- when all is well again

    def finish_pending(self) -> None:
        """Get the answer to every press that is still waiting for one."""
        self.patience = LONG
        for seat in self.seats:
            while seat.pending is not None:
                self._answered(seat, seat.pending, self._send(seat.pending))
        while self._desk:
            self._ask_desk()

    def serve_everybody(self) -> None:
        """Call and serve until nobody waits."""
        left = list(self.seats)
        for seat in left:
            self._do(seat, f"/windows/{seat.code}/open", {})
            self._look(seat)
        while left:
            for seat in list(left):
                if seat.state == "called":
                    self._do(seat, f"/windows/{seat.code}/start", {"ticket": seat.ticket})
                more = {"ticket": seat.ticket, "outcome": "done"} if seat.ticket else {}
                status = self._do(seat, f"/windows/{seat.code}/call-next", more)
                if status == 409 or seat.ticket is None:
                    left.remove(seat)

    # --- pressing

    def _wish(self, seat: Seat, roll: random.Random) -> Press | None:
        at, about = f"/windows/{seat.code}", {"ticket": seat.ticket}
        match seat.state:
            case "":
                return self._press(f"{at}/open", {})
            case "called":
                action = roll.choices(["start", "no-show", "recall", "park"], [10, 2, 1, 1])[0]
                return self._press(f"{at}/{action}", about | ({"minutes": 0} if action == "park" else {}))
            case "serving":
                action = roll.choices(["call-next", "finish", "transfer", "park"], [10, 2, 2, 1])[0]
                more: dict[str, Any] = {"call-next": {"outcome": "done"}, "transfer": {"queue": roll.choice("ABC")}}
                return self._press(f"{at}/{action}", about | more.get(action, {}))
            case _:
                return self._press(f"{at}/call-next", {})

    def _press(self, path: str, body: dict[str, Any]) -> Press:
        return Press(path, body, self._key("window"))

    def _key(self, who: str) -> str:
        return f"{who}.{next(self._keys)}"

    def _do(self, seat: Seat, path: str, body: dict[str, Any]) -> int:
        seat.pending = self._press(path, body)
        status = 0
        while seat.pending is not None:
            answer = self._send(seat.pending)
            status = answer[0] if answer else 0
            self._answered(seat, seat.pending, answer)
        return status

    def _answered(self, seat: Seat, press: Press, answer: tuple[int, Any] | None) -> None:
        if answer is None:
            return
        seat.pending = None
        status, content = answer
        if status != 200:  # the rules say no: look at what the window has
            self._look(seat)
            return
        ticket = content["ticket"]
        if press.path.endswith("call-next") and ticket and ticket["state"] == "called":
            self.truth.called.append((press.key, ticket["id"]))
        if press.path.endswith("no-show") and ticket["state"] == "no-show":
            self.absent.append(ticket["id"])
        self._sees(seat, content["window"])

    def _look(self, seat: Seat) -> None:
        answer = self._send(None)
        if answer is not None and answer[0] == 200:
            self._sees(seat, next(w for w in answer[1]["windows"] if w["code"] == seat.code))

    @staticmethod
    def _sees(seat: Seat, window: dict[str, Any]) -> None:
        seat.ticket = window["ticket"]["id"] if window["ticket"] else None
        seat.state = "" if window["state"] in {"closed", "paused"} else window["state"]

    def _ask_desk(self) -> None:
        for press in list(self._desk):
            answer = self._send(press)
            if answer is None:
                return
            self._desk.remove(press)
            if answer[0] == 201:
                self.truth.issued[answer[1]["id"]] = answer[1]["label"]

    def _send(self, press: Press | None) -> tuple[int, Any] | None:
        """Status and content; None if there was no answer, or only that it cannot be written now."""
        connection = HTTPConnection("127.0.0.1", self.port(), timeout=self.patience)
        try:
            if press is None:
                connection.request("GET", f"/api/v1/halls/{HALL}")
            else:
                headers = {"Content-Type": "application/json", "Idempotency-Key": press.key}
                connection.request("POST", f"/api/v1/halls/{HALL}{press.path}", json.dumps(press.body), headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()
        return None if response.status >= 500 else (response.status, json.loads(content))
