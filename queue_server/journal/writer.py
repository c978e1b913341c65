"""The one writer of a hall: takes every command waiting, decides all, commits once, answers all."""

from __future__ import annotations

import logging
from collections.abc import Callable

import gevent
from gevent.event import AsyncResult, Event

from queue_server.domain.commands import Command
from queue_server.journal.entry import Entry
from queue_server.journal.replica import Absorb, Replica, Request, Submit
from queue_server.journal.store import StoreError

log = logging.getLogger("bianmin.journal")

MOST = 256
"""Requests committed together at most, so that nobody waits for an endless batch."""


class Writer:
    """Group commit for greenlets. `on_commit` gets each batch of new entries after it is durable."""

    def __init__(self, replica: Replica, on_commit: Callable[[list[Entry]], None]) -> None:
        self.replica = replica
        self._on_commit = on_commit
        self._waiting: list[tuple[Request, AsyncResult]] = []
        self._wake = Event()
        self._greenlet = gevent.spawn(self._run)

    def submit(self, command: Command, cause: str) -> list[Entry]:
        """The entries that answer this command.

        Raises:
            Refused: a rule said no.
            StoreError: it could not be written.
        """
        return self._ask(Submit(command=command, cause=cause))

    def absorb(self, source: str, entries: tuple[Entry, ...]) -> list[Entry]:
        """Take in another machine's facts; gives those that were new.

        Raises:
            StoreError: they could not be written.
        """
        return self._ask(Absorb(source=source, entries=entries))

    def _ask(self, request: Request) -> list[Entry]:
        answer = AsyncResult()
        self._waiting.append((request, answer))
        self._wake.set()
        entries: list[Entry] = answer.get()
        return entries

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            gevent.sleep(0)  # let everyone who is ready join this commit
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                self._commit(batch)

    def _commit(self, batch: list[tuple[Request, AsyncResult]]) -> None:
        try:
            answers, new = self.replica.commit([request for request, _ in batch])
        except Exception as error:
            log.error("nothing of a batch was written", exc_info=not isinstance(error, StoreError))
            for _, result in batch:
                result.set_exception(error)
            return
        for (_, result), answer in zip(batch, answers, strict=True):
            if isinstance(answer, Exception):
                result.set_exception(answer)
            else:
                result.set(answer)
        if new:
            self._on_commit(new)

    def stop(self) -> None:
        self._greenlet.kill()
