"""The forecaster's own program: `python -m queue_server.forecaster --data FOLDER`, started by the hall server.

It answers one request after the other, learns while there is none, and ends when its standard input does: so it never
outlives its server, however that ends. It writes nothing but its own files.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from queue_server.forecaster.present import Following
from queue_server.forecaster.requests import REQUESTS
from queue_server.forecaster.wire import REFRESH, Answered, Asked, Cannot
from queue_server.logs import log_to_stderr

NICE = 5
"""Calling, printing and showing go before."""

log = logging.getLogger("bianmin.forecaster")


class Lines:
    """Lines from a pipe, one at a time."""

    def __init__(self, source: int) -> None:
        self._source = source
        self._received = b""

    def next(self, *, wait: bool) -> bytes | None:
        """The next line; b"" if there is none yet and nobody wants to wait. None: no more will come."""
        while b"\n" not in self._received:
            ready, _, _ = select.select([self._source], [], [], None if wait else 0)
            if not ready:
                return b""
            chunk = os.read(self._source, 1 << 16)
            if not chunk:
                return None
            self._received += chunk
        line, _, self._received = self._received.partition(b"\n")
        return line or b" "


def serve(data: Path, source: int, answers: int) -> None:
    """Answer requests from one pipe into another until there are no more.

    Raises:
        StoreError: a journal cannot be read.
    """
    lines = Lines(source)
    halls: dict[str, Following] = {}
    while True:
        studying = [hall for hall in halls.values() if hall.studies]
        line = lines.next(wait=not studying)
        if line is None:
            return
        if not line:
            studying[0].step()
            continue
        asked = msgspec.json.decode(line, type=Asked)
        if asked.hall not in halls:
            halls[asked.hall] = Following(data, asked.hall)
        halls[asked.hall].catch_up()
        _write(answers, msgspec.json.encode(answer(halls[asked.hall], asked)) + b"\n")


def answer(hall: Following, asked: Asked) -> Answered:
    try:
        return Answered(id=asked.id, answer=msgspec.Raw(msgspec.json.encode(_ask(hall, asked))))
    except (Cannot, msgspec.ValidationError) as error:
        return Answered(id=asked.id, cannot=str(error))
    except Exception:
        if asked.name == REFRESH:
            raise
        log.exception("a request failed", extra={"hall": asked.hall, "request": asked.name})
        return Answered(id=asked.id, cannot="This could not be computed. The log of the hall server says why.")


def _ask(hall: Following, asked: Asked) -> Any:
    if asked.name == REFRESH:
        return hall.refresh(asked.at)
    if asked.name not in REQUESTS:
        raise Cannot(f"Nobody here knows how to answer {asked.name!r}.")
    return REQUESTS[asked.name](hall.present(asked.at), asked.given)


def _write(pipe: int, data: bytes) -> None:
    while data:
        data = data[os.write(pipe, data) :]


@click.command()
@click.option("--data", "folder", type=click.Path(path_type=Path), required=True, help="Where the journals are.")
def main(folder: Path) -> None:
    """Foresee waits for the hall server that started this."""
    log_to_stderr("warning")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the server, which ends this
    os.nice(NICE)
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever prints does not speak to the server
    try:
        serve(folder, 0, answers)
    except BrokenPipeError:
        sys.exit(0)
