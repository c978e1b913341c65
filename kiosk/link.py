"""The kiosk's line to its hall: follows the feed, sends the own journal up, asks for waits, borrows numbers.

All of it may be missing: the kiosk then knows what its files say, and that it does not know the rest.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import urllib3

from kiosk.keys import Keys, hall_keys
from kiosk.surroundings import Heard, QueueNow, own_windows
from queue_server.domain.configuration import ORDINARY
from queue_server.domain.events import Instant
from queue_server.domain.model import Hall
from queue_server.domain.refusal import Reason, Refused
from queue_server.journal.entry import Entry
from queue_server.journal.follow import Follower
from queue_server.journal.push import BATCH, Pusher
from queue_server.journal.replica import Replica, clock
from queue_server.journal.store import SqliteStore, StoreError

ASK_SECONDS = 0.7
"""A resident waits for the hall at most this long before the kiosk goes on by itself."""
RESTORE_SECONDS = 5.0
"""Longer, since the kiosk cannot do that by itself."""
WAITS_EVERY = 10.0
LONGEST_REQUEST = 5.0
CLOCKS_AGREE = 60_000
"""Milliseconds between this machine's clock and the hall's that are no matter: a greeting may be that old."""

Waits: TypeAlias = Mapping[str, Mapping[str, tuple[int, int]]]
"""Queue -> class -> expected minutes of a ticket taken now."""

log = logging.getLogger(__name__)


class Copy(Replica):
    """A copy of the hall that several threads read: nobody sees it in the middle of a change."""

    def __init__(self, path: Path, hall: str) -> None:
        self.turn = threading.Lock()
        super().__init__(SqliteStore(path), hall)

    def copy(self, entries: Sequence[Entry]) -> None:
        with self.turn:
            super().copy(entries)

    def start_over(self, journal_id: str) -> None:
        with self.turn:
            super().start_over(journal_id)


def copy_in(path: Path, hall: str) -> Copy:
    """The copy of the hall kept in a file. One that cannot be read is thrown away and fetched again."""
    try:
        return Copy(path, hall)
    except StoreError as error:
        log.warning("the copy of the hall is lost and will be fetched again: %s", error)
    for piece in path.parent.glob(f"{path.name}*"):
        piece.unlink()
    return Copy(path, hall)


class CutOff:
    """No server at all."""

    unsent = 0

    def __init__(self, now: Callable[[], Instant] = clock) -> None:
        self.now = now

    def heard(self) -> Heard:
        return Heard()

    @contextmanager
    def copy(self) -> Iterator[Hall]:
        yield Hall()

    def borrow(self, queue: str, ticket: str, appointment: str | None = None) -> tuple[int, str] | None:
        return None

    def ticket(self, ticket: str) -> Mapping[str, Any] | None:
        return None

    def restore(self, ticket: str) -> Mapping[str, Any] | None:
        return None

    def told(self) -> None:
        pass

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass


class Link:
    """Threads of the line to one hall server. `heard()` never waits."""

    def __init__(
        self, server: str, *, hall: str, kiosk: str, copy: Copy, own: Replica, keys: Keys,
        changed: Callable[[], None] = lambda: None, now: Callable[[], Instant] = clock,
    ) -> None:  # fmt: skip
        """`copy` becomes a copy of the hall, `own` is sent to it, `keys` learn the hall's.

        `changed` is called in threads of the link. `now` is this machine's clock, ms UTC.
        """
        self._api = f"{server.rstrip('/')}/api/v1/halls/{hall}"
        self._kiosk, self._copy, self._own, self._keys, self._changed = kiosk, copy, own, keys, changed
        self._now = now
        self._lock = threading.Lock()
        self._waits: Waits = {}
        self._http = urllib3.PoolManager(retries=False, maxsize=2)
        self._follower = Follower(server, hall, copy, on_change=self._followed)
        self._pusher = Pusher(server, hall, kiosk, own)
        self._stopping = threading.Event()
        self._heard = self._read()
        works = {"feed": self._follower.run, "push": self._pusher.run, "waits": self._keep_asking}
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

    @contextmanager
    def copy(self) -> Iterator[Hall]:
        with self._copy.turn:
            yield self._copy.hall

    @property
    def unsent(self) -> int:
        """Facts of this kiosk that the hall is not known to have."""
        if self._pusher.confirmed is not None:
            return max(0, self._own.seq - self._pusher.confirmed)
        end = self._own.seq  # not asked since the start: what of the journal's end is not in the copy
        while end > 0:
            newest = self._own.store.read(self._own.code, max(0, end - BATCH), min(end, BATCH))
            known = self._copy.store.known(entry.id for entry in newest)
            if known:
                return self._own.seq - max(entry.seq for entry in newest if entry.id in known)
            end -= len(newest) or end
        return self._own.seq

    def now(self) -> Instant:
        """This machine's clock, ms UTC; where it is wrong, the hall's as last heard, kept going since.

        A ticket dated tomorrow would not be called today.
        """
        own, heard = self._now(), self._follower.clock
        if heard is None:
            return own
        hall = heard[0] + round((time.monotonic() - heard[1]) * 1000)
        return own if abs(own - hall) <= CLOCKS_AGREE else hall

    def _followed(self) -> None:
        """In the follower's thread, the only one that may read the hall while it is being folded."""
        with self._lock:
            before, self._heard = self._heard, self._read()
        if self._heard.fresh and not before.fresh:
            self._pusher.wake()  # what was printed meanwhile is told at once
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
                    wait=self._waits.get(queue.code, {}).get(ORDINARY),
                    waits=self._waits.get(queue.code, {}),
                    windows=tuple(hall.windows_for(queue.code)) or own_windows(configuration, queue.code),
                    full=hall.is_full(queue.code),
                )
                for queue in configuration.queues
            } if configuration else {},
        )  # fmt: skip

    # --- asking

    def _keep_asking(self) -> None:
        """For what the feed does not tell: the expected waits, and once a day the keys."""
        while not self._stopping.wait(WAITS_EVERY if self._waits else 1.0):
            if not self._follower.connected:
                continue
            self._ask_keys()
            self._tell(_waits(self._get("")))

    def _ask_keys(self) -> None:
        day = self._heard.day
        if day is not None and not self._keys.has_hall_key(day):
            told = hall_keys(self._get("/keys"))
            if told is None:
                log.info("no keys from the hall")
            else:
                self._keys.learn(told)

    def _get(self, path: str, within: float = LONGEST_REQUEST) -> Any:
        """The hall's JSON; None if it does not answer, or not with that."""
        try:
            answer = self._http.request("GET", self._api + path, timeout=urllib3.Timeout(total=within))
            return answer.json() if answer.status == 200 else None
        except (urllib3.exceptions.HTTPError, json.JSONDecodeError, UnicodeDecodeError) as error:
            log.info("the hall does not answer %s: %s", path or "/", type(error).__name__)
            return None

    def _tell(self, waits: Waits) -> None:
        with self._lock:
            self._waits = waits
            queues = {
                code: replace(queue, wait=waits.get(code, {}).get(ORDINARY), waits=waits.get(code, {}))
                for code, queue in self._heard.queues.items()
            }
            self._heard = replace(self._heard, queues=queues)
        self._changed()

    def ticket(self, ticket: str) -> Mapping[str, Any] | None:
        if not self._follower.connected:
            return None
        found = self._get(f"/tickets/{ticket}", ASK_SECONDS)
        return found if isinstance(found, dict) else None

    def borrow(self, queue: str, ticket: str, appointment: str | None = None) -> tuple[int, str] | None:
        wanted = {"kiosk": self._kiosk, "queue": queue} | ({"appointment": appointment} if appointment else {})
        content = self._post("/numbers", wanted, key=ticket, within=ASK_SECONDS)
        return None if content is None else _lent(content)

    def restore(self, ticket: str) -> Mapping[str, Any] | None:
        with self.copy() as hall:
            found = hall.tickets.get(ticket)
            before = found.restores if found is not None else 0
        # The same key when somebody asks again because the answer was lost: it is done once, and answered.
        key = f"restore:{ticket}:{before}"
        return self._post(f"/tickets/{ticket}/restore", {}, key=key, within=RESTORE_SECONDS)

    def _post(self, path: str, body: Mapping[str, str], *, key: str, within: float) -> Mapping[str, Any] | None:
        """What the hall answers; None if it does not in time.

        Raises:
            Refused: a rule of the hall forbids it.
        """
        if not self._follower.connected:
            return None
        try:
            answer = self._http.request(
                "POST", self._api + path, json=body, headers={"Idempotency-Key": key},
                timeout=urllib3.Timeout(total=within),
            )  # fmt: skip
            content = answer.json()
        except (urllib3.exceptions.HTTPError, json.JSONDecodeError, UnicodeDecodeError) as error:
            log.warning("the hall does not answer: %s", type(error).__name__)
            return None
        if answer.status in (200, 201):
            return content if isinstance(content, dict) else None
        refused = _refused(content)
        if refused is not None:
            raise refused
        log.warning("the hall answered %s", answer.status)
        return None

    def told(self) -> None:
        self._pusher.wake()


def _waits(content: Any) -> dict[str, dict[str, tuple[int, int]]]:
    """Expected waits in minutes by queue and class, of those that have one; nothing from an answer that is not as
    agreed."""
    if content is None:
        return {}
    try:
        return {
            queue["code"]: {
                klass: (round(wait["low"]), round(wait["high"]))
                for klass, wait in queue["waits"].items()
                if wait is not None
            }
            for queue in content["queues"]
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
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
