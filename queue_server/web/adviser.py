"""What is recommended to the manager of a hall now: computed every quarter of an hour and on demand, kept in memory.

A recommendation that is not applied leaves no trace; one that is, is a fact of the journal with all it said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import gevent
from gevent.event import AsyncResult

from queue_server.domain import commands as c
from queue_server.domain.events import Instant
from queue_server.domain.promise import MINUTE
from queue_server.domain.refusal import Reason, Refused
from queue_server.forecaster.advised import RECOMMEND, Recommended
from queue_server.forecaster.wire import Away, Cannot
from queue_server.journal.entry import Entry
from queue_server.journal.ids import uuid7
from queue_server.web.halls import RunningHall, doorbell

EVERY = 15 * MINUTE
LOOK = 10
"""Seconds after which it is looked whether one is due."""
RETRY = MINUTE
"""ms until it is tried again where there is none yet."""
FRESH = 5 * MINUTE
"""One that a manager asked for shortly before the quarter of an hour is not taken away from under the eyes."""
PATIENCE = 30.0
"""Seconds within which the forecaster has to answer a manager. Nobody else waits for it."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What was recommended at an instant; by its `id` it is applied."""

    id: str
    at: Instant
    answer: Recommended


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How it stands: the last recommendation, why the last attempt gave none, and which the manager does not want."""

    newest: Told | None = None
    trouble: Away | Cannot | None = None
    declined: str | None = None


def application(told: Told, source: str) -> c.ApplyRecommendation:
    """The command that applies it.

    Raises:
        Refused: it recommends nothing.
    """
    advice = told.answer.advice
    if advice is None:
        raise Refused(Reason.UNKNOWN_RECOMMENDATION, "Nothing is recommended.")
    return c.ApplyRecommendation(
        recommendation=told.id, source=source, computed_at=told.at, moves=advice.moves, effect=advice.effect
    )


def is_due(standing: Standing, tried_at: Instant, now: Instant) -> bool:
    """Whether a new one should be computed, without anybody asking. `tried_at`: when it was tried last."""
    if standing.newest is None or standing.trouble is not None:
        return now >= tried_at + RETRY
    at = standing.newest.at
    return now // EVERY > at // EVERY and now >= at + FRESH


class Adviser:
    """Of one hall."""

    def __init__(self, here: RunningHall) -> None:
        self._here = here
        self._under_way: AsyncResult | None = None
        self._asking: set[str] = set()  # the presses that wait for it
        self._asked: set[str] = set()  # the presses that were answered with the newest
        self._tried_at: Instant = 0
        self.standing = Standing()

    def compute(self, press: str) -> Told:
        """A new recommendation; who asks while one is computed gets that one, and the same press the same again.

        Raises:
            Away, Cannot: there is none, and why.
        """
        if press in self._asked and self.standing.newest is not None:
            return self.standing.newest
        if self._under_way is None:
            self._under_way, self._asking = AsyncResult(), set()
            gevent.spawn(self._compute, self._under_way)
        self._asking.add(press)
        told: Told = self._under_way.get()
        return told

    def _compute(self, result: AsyncResult) -> None:
        at = self._tried_at = self._here.now()
        try:
            answer: Recommended = self._here.foresight.ask(RECOMMEND, within=PATIENCE, kind=Recommended)
        except (Away, Cannot) as error:
            self.standing = replace(self.standing, trouble=error)
            result.set_exception(error)
        else:
            told = Told(id=uuid7(), at=at, answer=answer)
            self.standing, self._asked = Standing(newest=told), self._asking
            result.set(told)
        finally:
            self._under_way = None
            self._ring()

    def decline(self, id_: str) -> None:
        """Show it no longer."""
        self.standing = replace(self.standing, declined=id_)
        self._ring()

    def _ring(self) -> None:
        """Nothing is in the journal, but pages have something new to show."""
        seq = self._here.replica.seq
        self._here.changes.publish(seq + 1, doorbell(seq))  # newer than what anybody has who has just come

    def apply(self, id_: str, source: str, cause: str) -> list[Entry]:
        """Do what is recommended. One that was applied before says so itself, or gives its first answer again.

        Raises:
            Refused: it is not what is recommended now, or does not fit the hall any more.
        """
        applied, newest = self._here.replica.hall.applied.get(id_), self.standing.newest
        if applied is not None:
            fact = applied.fact
            command = c.ApplyRecommendation(
                recommendation=id_, source=source, computed_at=fact.at, moves=fact.moves, effect=fact.effect
            )
        elif newest is not None and newest.id == id_:
            command = application(newest, source)
        else:
            raise Refused(Reason.UNKNOWN_RECOMMENDATION, "That is not recommended any more; look at what is now.")
        return self._here.writer.submit(command, cause)

    def keep(self) -> None:
        """Recommend every quarter of an hour while windows are open, for ever."""
        while True:
            gevent.sleep(LOOK)
            calls = any(window.is_open for window in self._here.replica.hall.windows.values())
            if calls and is_due(self.standing, self._tried_at, self._here.now()):
                try:
                    self.compute(uuid7())
                except (Away, Cannot):
                    continue  # the page says so
