"""The composer: puts the hall server's parts together. Nothing else does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import gevent
from apiflask import APIFlask
from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SessionInterface, SessionMixin
from werkzeug.exceptions import BadRequest

from queue_server.config import City, always_open
from queue_server.domain.refusal import Refused
from queue_server.forecaster.client import Forecaster
from queue_server.journal.returning import PATIENCE
from queue_server.journal.store import SqliteStore, StoreError
from queue_server.keys import KeyRing, KeysUnavailable
from queue_server.serving import is_loopback
from queue_server.web import problems, representation
from queue_server.web.adviser import Adviser
from queue_server.web.api import api, json
from queue_server.web.bookings import bookings
from queue_server.web.console import console
from queue_server.web.description import describe
from queue_server.web.docs import docs
from queue_server.web.halls import FOLLOWERS, Halls, RunningHall
from queue_server.web.manage import manage
from queue_server.web.moving import advice, moving
from queue_server.web.pages import pages
from queue_server.web.streams import streams

BODY_BYTES = 1024 * 1024
DAY_CHECK_SECONDS = 10

log = logging.getLogger("bianmin")


class NotAllowed(Exception):
    """The server must not start this way. The text says why."""


def open_halls(
    city: City, codes: Iterable[str], folder: Path, *,
    round_the_clock: bool = False, followers: int = FOLLOWERS, await_kiosks: float = PATIENCE, forecast: bool = True,
) -> Halls:  # fmt: skip
    """Open the journals of these halls in `folder`, and their keys, and bring each to the present day.

    With `forecast`, a process beside this one foresees their waits. `await_kiosks`: see `journal.returning`, seconds.

    Raises:
        ConfigurationError: the city has no such hall.
        StoreError: a journal cannot be opened or written.
    """
    running = {}
    keys = KeyRing(folder / "keys")
    forecaster = Forecaster(folder) if forecast else None
    for code in codes:
        configuration = city.configuration(code)
        if round_the_clock:
            configuration = always_open(configuration)
        hall = RunningHall(
            SqliteStore(folder / f"{code}.sqlite"), configuration, keys=keys, followers=followers,
            await_kiosks=await_kiosks, forecaster=forecaster,
        )  # fmt: skip
        refused = hall.apply_configuration()
        if refused:
            log.warning("the configuration cannot be applied today", extra={"hall": code, "detail": refused.detail})
        hall.keep_day()
        running[code] = hall
    if forecaster is not None:
        forecaster.start()
    return Halls(running, forecaster)


def keep_days(halls: Halls) -> None:
    """Open and close each hall's days, for ever."""
    while True:
        gevent.sleep(DAY_CHECK_SECONDS)
        for hall in halls.running.values():
            try:
                hall.keep_day()
            except (Refused, StoreError, KeysUnavailable) as error:
                log.error("the day cannot be opened or closed", extra={"hall": hall.code, "detail": str(error)})


def keep_advising(app: Flask) -> None:
    """Recommend to each hall's manager, for ever."""
    gevent.joinall([gevent.spawn(adviser.keep) for adviser in app.extensions["bianmin.advisers"].values()])


class HallRequest(Request):
    def on_json_loading_failure(self, e: ValueError | None) -> Any:
        raise BadRequest(f"The body is not JSON: {e}")


class HallApp(APIFlask):
    """Flask without what a hall never uses and every request would pay for: async views and sessions."""

    request_class = HallRequest

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


class NoSession(SessionInterface):
    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        return _NO_SESSION

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        return


_NO_SESSION = SecureCookieSession()


def create_app(halls: Halls, *, start_page: dict[str, Any] | None = None) -> APIFlask:
    """The WSGI application. `start_page`: what else the start page links to (the demo's kiosk, board, receipts)."""
    app = HallApp("queue_server.web", title="bianmin", version="1", spec_path="/openapi.json", docs_path=None)
    app.config["OPENAPI_VERSION"] = "3.1.0"
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES
    app.config["JSON_SORT_KEYS"] = False
    app.session_interface = NoSession()
    app.extensions["bianmin"] = halls
    app.extensions["bianmin.advisers"] = {code: Adviser(hall) for code, hall in halls.running.items()}
    app.extensions["bianmin.start_page"] = start_page or {}
    app.register_blueprint(api)
    app.register_blueprint(bookings)
    app.register_blueprint(streams)
    app.register_blueprint(pages)
    app.register_blueprint(console)
    app.register_blueprint(manage)
    app.register_blueprint(advice)
    app.register_blueprint(moving)
    app.register_blueprint(docs)
    app.spec_processor(describe)
    problems.install(app)

    @app.before_request
    def _only_json() -> Response | None:
        """A browser may post plain text across sites unasked, but not JSON: so JSON is required."""
        found = request.routing_exception is None
        if found and request.method in {"POST", "PUT"} and request.mimetype != "application/json":
            return problems.problem(
                415, "not-json", "Not JSON", "Send a JSON body with Content-Type: application/json ({} if empty)."
            )
        return None

    @app.get("/healthz")
    @app.doc(summary="Is it alive, is the journal writable, who follows", tags=["Health"])
    def healthz() -> Response:
        report = {code: _health(hall) for code, hall in halls.running.items()}
        well = all(hall["writable"] for hall in report.values())
        return json({"status": "ok" if well else "unwell", "halls": report}, 200 if well else 503)

    return app


def _health(hall: RunningHall) -> dict[str, Any]:
    try:
        hall.replica.store.probe()
        fault = None
    except StoreError as error:
        fault = str(error)
    return {
        "writable": fault is None,
        "fault": fault,
        "day": hall.replica.hall.day,
        "open": hall.replica.hall.is_open,
        "seq": hall.replica.seq,
        "followers": len(hall.feed),
        "browsers": len(hall.changes),
        "devices": representation.devices(hall.replica.hall),
    }


def check_address(host: str) -> None:
    """Until people sign in, only this machine may reach the server.

    Raises:
        NotAllowed: `host` is not a loopback address.
    """
    if not is_loopback(host):
        raise NotAllowed(
            f"Nobody signs in yet, so anyone who reaches this server could call and void tickets. "
            f"It listens on this machine only: use --host 127.0.0.1, not {host}."
        )
