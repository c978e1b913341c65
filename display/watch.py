"""Follows a hall and keeps what its screens show up to date: boards of zones, signs of windows, tickets on phones.

One drawing of each for any number of screens. Whoever is called is told first: signs, phones of those whose ticket
something befell, boards. That others have moved up a place reaches their phones a little later, a few at a time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import gevent
from gevent.event import Event

from display.asking import Asking
from display.board import Board, board, changes_at
from display.calls import Calls, Part
from display.drawing import board_part, sign_part, ticket_part
from display.media import LOOK_EVERY, Media
from display.phone import Place, place
from display.signs import WindowSign, window_sign
from display.stage import Call
from display.topic import Topic
from queue_server.domain.configuration import BoardNotice, Zone
from queue_server.domain.events import Instant
from queue_server.domain.life import State
from queue_server.journal.follow import Follower
from queue_server.journal.replica import Replica, clock
from queue_server.journal.store import SqliteStore

SCREENS = 1000
WHOLE = ""
"""The zone that is the whole hall."""
MOST_ZONES = 64
SOONEST = 0.005
"""Seconds between two looks at least."""
AT_A_TIME, BETWEEN = 10, 0.05
"""Phones looked at together, and seconds until the next: 400 are through in two seconds."""
FORGOTTEN_AFTER = 60.0
"""Seconds after which a ticket nobody looks at is kept up to date no longer."""

T = TypeVar("T")

log = logging.getLogger("bianmin.display")


class Watch:
    """A copy of a hall, and what is shown of it. Start it once; ask for topics at any time.

    `listeners` are called at once whenever the copy changes, `on_calls` with the new calls of a zone.
    """

    def __init__(self, server: str, hall: str, *, screens: int = SCREENS, media: Path | None = None) -> None:
        self.screens = screens
        self._wake = Event()
        self._started = time.monotonic()
        self._calls = Calls()
        self._asking = Asking(server, hall, self._wake.set)
        self.media = Media(media)
        self.replica = Replica(SqliteStore(":memory:"), hall)
        self.follower = Follower(server, hall, self.replica, on_change=self._changed)
        self.listeners: list[Callable[[], None]] = [self._wake.set]
        self.on_calls: list[Callable[[str, Zone | None, list[Call]], None]] = []
        self._parts: dict[str, Part] = {}
        self._boards: dict[str, Topic[Board | None]] = {}
        self._signs: dict[str, Topic[WindowSign | None]] = {}
        self._phones: dict[str, Topic[Place | None]] = {}
        self._looked_at: dict[str, float] = {}
        self.broken = Event()
        self._greenlets: list[Any] = []
        self.board(WHOLE)

    def start(self) -> None:
        """Begin. A board that is no longer made must not look alive, so whatever breaks this ends the program."""
        for work in (
            self.follower.run, self._look_for_ever, self._move_up_for_ever, self._look_at_media_for_ever,
            self._asking.run,
        ):  # fmt: skip
            greenlet = gevent.spawn(work)
            greenlet.link_exception(lambda _: self.broken.set())
            self._greenlets.append(greenlet)

    def stop(self) -> None:
        self.follower.stop()
        gevent.killall(self._greenlets)
        for topic in self._topics():
            topic.close()

    def now(self) -> Instant:
        """The hall server's time, as far as it is known."""
        return clock() + self._asking.offset

    @property
    def heard_at(self) -> Instant:
        """When the hall was last heard of; the start of this program if it never was."""
        heard = self.follower.heard_at
        return self.now() - round((time.monotonic() - (self._started if heard is None else heard)) * 1000)

    @property
    def is_stale(self) -> bool:
        shown = self._boards[WHOLE].shown
        return shown is None or shown.stale_since is not None

    @property
    def is_whole(self) -> bool:
        """Whether the copy is as long as the hall's journal was when last asked: what it lacks does not exist."""
        return self._asking.seq is not None and self.replica.seq >= self._asking.seq

    @property
    def connected(self) -> int:
        """Screens that are connected now."""
        return sum(len(topic) for topic in self._topics())

    @property
    def zones(self) -> tuple[Zone, ...]:
        configuration = self.replica.hall.configuration
        return configuration.zones if configuration else ()

    # --- what there is to show

    def board(self, zone: str) -> Topic[Board | None]:
        """The board of a zone, WHOLE for all windows. KeyError: there is none.

        While nothing is known of the hall, any zone may be one.
        """
        known = self.replica.hall.configuration is not None or len(self._boards) < MOST_ZONES
        if zone != WHOLE and (not known or (self.replica.hall.configuration and not self.zone(zone))):
            raise KeyError(zone)
        if zone not in self._boards:
            self._parts[zone] = Part(self._calls)
            self._boards[zone] = self._topic(lambda now: self._board(zone, now), board_part)
        return self._boards[zone]

    def sign(self, window: str) -> Topic[WindowSign | None]:
        """The sign of a window. KeyError: there is no such window."""
        configuration = self.replica.hall.configuration
        if window not in self._signs:
            if configuration is None or window not in configuration.window:
                raise KeyError(window)
            self._signs[window] = self._topic(lambda now: self._sign(window, now), sign_part)
        return self._signs[window]

    def phone(self, ticket: str) -> Topic[Place | None]:
        """The page of a ticket. KeyError: it is none of today's."""
        self._looked_at[ticket] = time.monotonic()
        if ticket not in self._phones:
            topic = self._topic(lambda now: self._place(ticket, now), ticket_part)
            if topic.shown is None:
                topic.close()
                del self._looked_at[ticket]
                raise KeyError(ticket)
            self._phones[ticket] = topic
            self._want_wait(ticket, topic)
        return self._phones[ticket]

    def _topic(self, make: Callable[[Instant], T], draw: Callable[[T, int, str], str]) -> Topic[T]:
        return Topic(make, draw, self.now, limit=self.screens)

    def _topics(self) -> Iterator[Topic[Any]]:
        for topics in (self._boards, self._signs, self._phones):
            yield from topics.values()

    # --- making it

    def zone(self, code: str) -> Zone | None:
        """A zone as configured; None if there is none of that code, or nothing is known yet."""
        configuration = self.replica.hall.configuration
        return configuration.zone.get(code) if configuration else None

    def _board(self, code: str, now: Instant) -> Board | None:
        zone, part = self.zone(code), self._parts[code]
        if code != WHOLE and zone is None:
            return None
        new = part.read(zone.windows if zone else None)
        if new:
            for listener in self.on_calls:
                listener(code, zone, new)
        # A call cannot lie in the future: where it seems to, this machine's idea of the hall's time is late.
        now = max(now, part.scene.calls[-1].at if part.scene.calls else 0)
        return board(
            self.replica.hall, part.scene, now, waits=self._asking.waits, heard_at=self.heard_at, zone=zone,
            notices=self._notices,
        )  # fmt: skip

    def _sign(self, window: str, now: Instant) -> WindowSign | None:
        return window_sign(self.replica.hall, window, now, heard_at=self.heard_at)

    def _place(self, ticket: str, now: Instant) -> Place | None:
        return place(self.replica.hall, ticket, now, wait=self._asking.wait_of(ticket), heard_at=self.heard_at)

    @property
    def _notices(self) -> tuple[BoardNotice, ...]:
        configuration = self.replica.hall.configuration
        return self.media.usable(configuration.board_notices) if configuration else ()

    # --- keeping it

    def _changed(self) -> None:
        for listener in self.listeners:
            listener()

    def _look_for_ever(self) -> None:
        while True:
            self._wake.wait(self._pause())
            self._wake.clear()
            began = time.perf_counter()
            self.look()
            gevent.sleep(max(SOONEST, time.perf_counter() - began))  # at most half of the time: docs/decisions/0004

    def _pause(self) -> float:
        now, hall = self.now(), self.replica.hall
        at = min(
            changes_at(hall, part.scene, now, heard_at=self.heard_at, zone=self.zone(code), notices=self._notices)
            for code, part in self._parts.items()
        )
        return max(SOONEST, (at - now) / 1000)

    def look(self) -> None:
        """Make everything anew that may have changed, and tell the screens that show it."""
        befell = self._calls.read(self.replica)
        for zone in self.zones:
            self.board(zone.code)  # its voice hears of calls though no screen shows them
        now = self.now()
        # Sent in this order when all are drawn: who is woken takes the processor from what is still to be drawn.
        befallen = (self._phones[ticket] for ticket in befell & self._phones.keys())
        topics: tuple[Topic[Any], ...] = (*self._signs.values(), *befallen, *self._boards.values())
        for topic in topics:
            topic.look(now)

    def _move_up_for_ever(self) -> None:
        """Keep the places on phones, and forget tickets nobody looks at."""
        while True:
            gevent.sleep(BETWEEN)
            for count, (ticket, topic) in enumerate(list(self._phones.items())):
                if len(topic):
                    self._looked_at[ticket] = time.monotonic()
                elif time.monotonic() - self._looked_at[ticket] > FORGOTTEN_AFTER:
                    self._phones.pop(ticket).close()
                    del self._looked_at[ticket]
                    self._asking.forget(ticket)
                    continue
                topic.look(self.now())
                self._want_wait(ticket, topic)
                if count % AT_A_TIME == AT_A_TIME - 1:
                    gevent.sleep(BETWEEN)
            gevent.sleep(0.5)

    def _want_wait(self, ticket: str, topic: Topic[Place | None]) -> None:
        if topic.shown is not None and topic.shown.state is State.WAITING:
            self._asking.want(ticket, lambda: topic.look(self.now()))

    def _look_at_media_for_ever(self) -> None:
        before = None
        while True:
            configuration = self.replica.hall.configuration
            notices = configuration.board_notices if configuration else ()
            if self.media.look(notices) or notices != before:
                self._wake.set()
            before = notices
            gevent.sleep(LOOK_EVERY if configuration else 0.1)
