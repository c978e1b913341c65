"""The hall server's side: starts the forecaster, keeps its last words, and never makes anybody wait for it.

One process for all halls of a server. If it dies, or is silent for too long, it is started again, each time a little
later; meanwhile there is no forecast, and waits are said by simpler rules.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import gevent
import msgspec
from gevent.event import AsyncResult, Event
from gevent.fileobject import FileObjectPosix
from gevent.lock import BoundedSemaphore

from queue_server.domain.events import Instant
from queue_server.forecast.waits import Forecast
from queue_server.forecaster.wire import REFRESH, Answered, Asked, Away, Cannot, Learning, Refreshed

EVERY = 15.0
WHILE_LEARNING = 4.0
"""Seconds after which the waits are foreseen again though nothing happened: time passes, and more is learned."""
PAUSE = 1.0
"""Seconds between two refreshes at least, and `REST` times what the last one cost."""
REST = 4.0
KEPT = 60_000
"""ms after which a forecast is no longer told."""
SILENT = 300.0
"""Seconds without the answer to a refresh after which the process is taken for stuck. On a machine that has no time for
it a start would only cost more."""
FIRST_RETRY, LAST_RETRY = 0.5, 60.0
"""Seconds until it is started again: doubled each time, and short again once it has lived for `LAST_RETRY`."""

log = logging.getLogger("bianmin.forecaster")

_NUMBERS = count(1)


class Foresight:
    """What is foreseen in one hall. `changed()` says that its journal has grown."""

    def __init__(self, hall: str, ask: Callable[[Asked, float], msgspec.Raw], now: Callable[[], Instant]) -> None:
        self._hall, self._ask, self._now = hall, ask, now
        self._changed = Event()
        self._refreshed: Refreshed | None = None

    @property
    def latest(self) -> Forecast | None:
        """The last forecast; None while there is no forecaster, or if it is too old to be told."""
        refreshed = self._refreshed
        if refreshed is None or self._now() - refreshed.forecast.at > KEPT:
            return None
        return refreshed.forecast

    @property
    def learning(self) -> Learning | None:
        """What forecasts rest on; None while nobody knows."""
        return None if self._refreshed is None else self._refreshed.learning

    def changed(self) -> None:
        self._changed.set()

    def forget(self) -> None:
        self._refreshed = None

    def ask(self, name: str, given: Any = None, *, within: float = 3.0, kind: Any = Any) -> Any:
        """The answer to a request of `requests`, read as `kind`. Only this greenlet waits for it.

        Raises:
            Away: there is no forecaster, or no answer `within` so many seconds.
            Cannot: it cannot be foreseen; the text says why.
        """
        asked = Asked(id=next(_NUMBERS), hall=self._hall, at=self._now(), name=name, given=given)
        return msgspec.json.decode(self._ask(asked, within), type=kind)

    def keep_fresh(self) -> None:
        """Foresee again and again. Raises Away when nobody answers any more."""
        while True:
            self._changed.clear()
            try:
                refreshed: Refreshed = self.ask(REFRESH, within=SILENT, kind=Refreshed)
            except Cannot:  # no day has been opened yet
                pause = PAUSE
            else:
                self._refreshed = refreshed
                pause = max(PAUSE, REST * refreshed.cost / 1000)
            gevent.sleep(pause)
            learns = self._refreshed is not None and self._refreshed.learning.studying
            self._changed.wait(max(0.0, (WHILE_LEARNING if learns else EVERY) - pause))


def nobody(asked: Asked, within: float) -> msgspec.Raw:
    raise Away("This server runs without a forecaster.")


def without(hall: str, now: Callable[[], Instant]) -> Foresight:
    """Of a hall that has no forecaster: nothing is foreseen."""
    return Foresight(hall, nobody, now)


class Forecaster:
    """The process. `start` it once its journals exist."""

    def __init__(self, data: Path, *, command: Sequence[str] | None = None) -> None:
        own = (sys.executable, "-m", "queue_server.forecaster", "--data", str(data))
        self._command = tuple(command or own)
        self._halls: dict[str, Foresight] = {}
        self._waiting: dict[int, AsyncResult] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: FileObjectPosix | None = None
        self._turn = BoundedSemaphore()
        self._greenlet: gevent.Greenlet | None = None

    def foresight(self, hall: str, now: Callable[[], Instant]) -> Foresight:
        """That of one more hall."""
        return self._halls.setdefault(hall, Foresight(hall, self._ask, now))

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """End it. Its files are written whole or not at all, so it may be ended at any time."""
        if self._greenlet is not None:
            self._greenlet.kill()

    def _run(self) -> None:
        retry = FIRST_RETRY
        while True:
            started = time.monotonic()
            try:
                self._live()
            except OSError as error:
                log.error("the forecaster cannot be started", extra={"detail": str(error)})
            if time.monotonic() - started > LAST_RETRY:
                retry = FIRST_RETRY
            log.warning("no forecasts: the forecaster ended", extra={"detail": f"started again in {retry:g} s"})
            gevent.sleep(retry)
            retry = min(LAST_RETRY, retry * 2)

    def _live(self) -> None:
        """From its start to its end."""
        process = self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        self._pipe = FileObjectPosix(process.stdin, "wb", bufsize=0)
        answers = FileObjectPosix(process.stdout, "rb")
        fresh = [gevent.spawn(self._keep_fresh, hall) for hall in self._halls.values()]
        try:
            for line in answers:
                self._take(line)
        finally:
            process.kill()
            gevent.killall(fresh)
            for hall in self._halls.values():
                hall.forget()
            waiting, self._waiting = self._waiting, {}
            for result in waiting.values():
                result.set_exception(Away("The forecaster has just ended; it is being started again."))
            self._process, pipe, self._pipe = None, self._pipe, None
            for stream in (pipe, answers):
                stream.close()
            process.wait()

    def _keep_fresh(self, hall: Foresight) -> None:
        try:
            hall.keep_fresh()
        except Away as error:
            log.warning("the forecaster is ended, to be started again", extra={"detail": str(error)})
            if self._process is not None:
                self._process.kill()

    def _take(self, line: bytes) -> None:
        answered = msgspec.json.decode(line, type=Answered)
        result = self._waiting.pop(answered.id, None)
        if result is None:  # nobody waits for it any more
            return
        if answered.cannot is not None:
            result.set_exception(Cannot(answered.cannot))
        else:
            result.set(answered.answer)

    def _ask(self, asked: Asked, within: float) -> msgspec.Raw:
        if self._pipe is None:
            raise Away("The forecaster is not running; it is being started.")
        result = self._waiting[asked.id] = AsyncResult()
        try:
            with gevent.Timeout(within, Away(f"The forecaster has not answered {asked.name!r} for {within:g} s.")):
                with self._turn:
                    self._pipe.write(msgspec.json.encode(asked) + b"\n")
                answer: msgspec.Raw = result.get()
            return answer
        except OSError as error:
            raise Away("The forecaster has just ended; it is being started again.") from error
        finally:
            self._waiting.pop(asked.id, None)
