"""The kiosk's line to its hall: follows the feed, sends the own journal up, asks for waits, borrows numbers.

All of it may be missing: the kiosk then knows what its files say, and that it does not know the rest.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import urllib3

from kiosk.surroundings import Heard, QueueNow, own_windows
from queue_server.domain.refusal import Reason, Refused
from queue_server.journal.follow import Follower
from queue_server.journal.push import Pusher
from queue_server.journal.replica import Replica

BORROW_SECONDS = 0.7
"""A resident waits for a number at most this long before the kiosk takes one of its own."""
WAITS_EVERY = 10.0
LONGEST_REQUEST = 5.0

log = logging.getLogger(__name__)


class CutOff:
    """No server at all."""

    def heard(self) -> Heard:
        return Heard()

    def borrow(self, queue: str, ticket: str) -> tuple[int, str] | None:
        return None

    def labels(self, day: str) -> set[str]:
        return set()

    def told(self) -> None:
        pass

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass


class Link:
    """Threads of the line to one hall server. `heard()` never waits."""

    def __init__(
        self, server: str, *, hall: str, kiosk: str, copy: Replica, own: Replica,
        changed: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """`copy` becomes a copy of the hall, `own` is sent to it. `changed` is called in threads of the link."""
        self._api = f"{server.rstrip('/')}/api/v1/halls/{hall}"
        self._kiosk, self._copy, self._changed = kiosk, copy, changed
        self._lock = threading.Lock()
        self._waits: Mapping[str, tuple[int, int]] = {}
        self._http = urllib3.PoolManager(retries=False, maxsize=2)
        self._follower = Follower(server, hall, copy, on_change=self._followed)
        self._pusher = Pusher(server, hall, kiosk, own)
        self._stopping = threading.Event()
        self._heard = self._read()
        works = {"feed": self._follower.run, "push": self._pusher.run, "waits": self._ask_waits}
        self._threads = [threading.Thread(target=work, name=name, daemon=True) for name, work in works.items()]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads; afterwards the journals may be closed."""
        self._stopping.set()
        self._follower.stop()
        self._pusher.stop()
        for thread in self._threads:
            thread.join(LONGEST_REQUEST + 1)
        self._http.clear()

    # --- what is known

    def heard(self) -> Heard:
        return self._heard

    def labels(self, day: str) -> set[str]:
        hall = self._copy.hall
        return {ticket.label for ticket in list(hall.tickets.values())} if hall.day == day else set()

    def _followed(self) -> None:
        """In the follower's thread, the only one that may read the hall while it is being folded."""
        with self._lock:
            self._heard = self._read()
        self._changed()

    def _read(self) -> Heard:
        hall, configuration = self._copy.hall, self._copy.hall.configuration
        return Heard(
            fresh=self._follower.connected,
            day=hall.day,
            is_open=hall.is_open,
            configuration=configuration,
            queues={
                queue.code: QueueNow(
                    waiting=len(hall.line(queue.code)),
                    wait=self._waits.get(queue.code),
                    windows=tuple(hall.windows_for(queue.code)) or own_windows(configuration, queue.code),
                )
                for queue in configuration.queues
            } if configuration else {},
        )  # fmt: skip

    # --- asking

    def _ask_waits(self) -> None:
        while not self._stopping.wait(WAITS_EVERY if self._waits else 1.0):
            if not self._follower.connected:
                continue
            try:
                answer = self._http.request("GET", self._api, timeout=urllib3.Timeout(total=LONGEST_REQUEST))
                waits = _waits(answer.json()) if answer.status == 200 else {}
            except (urllib3.exceptions.HTTPError, json.JSONDecodeError, UnicodeDecodeError) as error:
                log.info("no waits: %s", error)
                waits = {}
            self._tell(waits)

    def _tell(self, waits: Mapping[str, tuple[int, int]]) -> None:
        with self._lock:
            self._waits = waits
            queues = {code: replace(queue, wait=waits.get(code)) for code, queue in self._heard.queues.items()}
            self._heard = replace(self._heard, queues=queues)
        self._changed()

    def borrow(self, queue: str, ticket: str) -> tuple[int, str] | None:
        if not self._follower.connected:
            return None
        try:
            answer = self._http.request(
                "POST", f"{self._api}/numbers", json={"kiosk": self._kiosk, "queue": queue},
                headers={"Idempotency-Key": ticket}, timeout=urllib3.Timeout(total=BORROW_SECONDS),
            )  # fmt: skip
            content = answer.json()
        except (urllib3.exceptions.HTTPError, json.JSONDecodeError, UnicodeDecodeError) as error:
            log.warning("no number lent: %s", error)
            return None
        if answer.status == 201:
            return _lent(content)
        refused = _refused(content)
        if refused is not None:
            raise refused
        log.warning("no number lent: the server answered %s", answer.status)
        return None

    def told(self) -> None:
        self._pusher.wake()


def _waits(content: Any) -> dict[str, tuple[int, int]]:
    """Expected waits in minutes by queue, of those that have one; nothing from an answer that is not as agreed."""
    try:
        return {
            queue["code"]: (round(queue["wait"]["low"]), round(queue["wait"]["high"]))
            for queue in content["queues"]
            if queue["wait"] is not None
        }
    except (KeyError, TypeError, ValueError) as error:
        log.warning("the hall's waits cannot be read: %r", error)
        return {}


def _lent(content: Any) -> tuple[int, str] | None:
    match content:
        case {"number": int(number), "day": str(day)}:
            return number, day
    log.warning("a number was lent that cannot be read: %r", content)
    return None


def _refused(content: Any) -> Refused | None:
    """The hall's refusal; None for anything that is not a rule's word (a proxy's page, an overloaded server)."""
    problem = content if isinstance(content, dict) else {}
    name = re.split("[/:#]", str(problem.get("type", "")))[-1]
    reason = next((reason for reason in Reason if reason.value == name), None)
    return None if reason is None else Refused(reason, str(problem.get("detail", "")))
