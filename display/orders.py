"""Orders of a window's staff, sent to the hall server."""

from __future__ import annotations

import json
import logging
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from display.call_pads import OTHER, Note, Order

PATIENCE = 3.0
"""Seconds until a press is given up: later, staff would have pressed again."""
TIMEOUT = 1.0
PAUSE = 0.1

log = logging.getLogger("bianmin.display")


class Orders:
    """Sends orders to one hall. An order has a key of its own, so sending it again does it once."""

    def __init__(self, server: str, hall: str, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._server = urlsplit(server)
        self._path = f"{self._server.path.rstrip('/')}/api/v1/halls/{hall}"

    def send(self, order: Order, key: str) -> str | None:
        """Do it: None if the hall did, else why not, a `Reason` or `Note.NO_ANSWER`. Takes `patience` s at most."""
        until = time.monotonic() + self._patience
        while (left := until - time.monotonic()) > 0:
            try:
                return self._post(order, key, min(left, TIMEOUT))
            except (OSError, HTTPException) as error:
                log.info("%s not sent yet: %s", order.path, error)
                time.sleep(PAUSE)
        log.warning("%s was not answered", order.path)
        return Note.NO_ANSWER

    def _post(self, order: Order, key: str, timeout: float) -> str | None:
        kind = HTTPSConnection if self._server.scheme == "https" else HTTPConnection
        connection = kind(self._server.netloc, timeout=timeout)
        try:
            headers = {"Content-Type": "application/json", "Idempotency-Key": key}
            connection.request("POST", self._path + order.path, json.dumps(dict(order.body)), headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status < 300:
            return None
        reason = _reason(content)
        log.info("%s refused: %s %s", order.path, answer.status, reason)
        return reason


def _reason(problem: bytes) -> str:
    """The last part of a problem document's type; `other` if this is none."""
    try:
        content = json.loads(problem)
    except ValueError:
        return OTHER
    return str(content.get("type", OTHER)).rpartition("/")[2] if isinstance(content, dict) else OTHER
