"""Every error as an RFC 9457 problem document that says what to do."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from apiflask import APIFlask, HTTPError
from flask import Response
from werkzeug.exceptions import HTTPException

from queue_server.domain.refusal import Reason, Refused
from queue_server.forecaster.wire import Away, Cannot
from queue_server.journal.store import StoreError
from queue_server.keys import KeysUnavailable
from queue_server.web.halls import UnknownHall

log = logging.getLogger("bianmin.web")

NOT_FOUND = frozenset(
    {Reason.UNKNOWN_WINDOW, Reason.UNKNOWN_TICKET, Reason.UNKNOWN_APPOINTMENT, Reason.UNKNOWN_RECOMMENDATION}
)
NOT_VALID = frozenset(
    {
        Reason.UNKNOWN_QUEUE, Reason.UNKNOWN_SERVICE, Reason.UNKNOWN_CLASS, Reason.UNKNOWN_KIOSK,
        Reason.BAD_KEY, Reason.BAD_CODE,
    }
)  # fmt: skip


def problem(status: int, slug: str, title: str, detail: str, **more: Any) -> Response:
    body = {"type": f"/problems/{slug}", "title": title, "status": status, "detail": detail, **more}
    return Response(msgspec.json.encode(body), status, content_type="application/problem+json")


def refused(error: Refused) -> Response:
    status = 404 if error.reason in NOT_FOUND else 422 if error.reason in NOT_VALID else 409
    return problem(status, error.reason, error.reason.replace("-", " ").capitalize(), error.detail)


def install(app: APIFlask) -> None:
    """Make every error of the app a problem document."""

    @app.errorhandler(Refused)
    def _(error: Refused) -> Response:
        return refused(error)

    @app.errorhandler(UnknownHall)
    def _(error: UnknownHall) -> Response:
        return problem(404, "unknown-hall", "Unknown hall", str(error))

    @app.errorhandler(StoreError)
    def _(error: StoreError) -> Response:
        log.error("journal", extra={"detail": str(error)})
        response = problem(503, "journal-unavailable", "The journal cannot be written", str(error))
        response.headers["Retry-After"] = "5"
        return response

    @app.errorhandler(KeysUnavailable)
    def _(error: KeysUnavailable) -> Response:
        log.error("keys", extra={"detail": str(error)})
        return problem(503, "keys-unavailable", "The keys cannot be used", "Nothing was changed. Tell the manager.")

    @app.errorhandler(Away)
    def _(error: Away) -> Response:
        response = problem(503, "forecaster-away", "Nothing can be foreseen now", str(error))
        response.headers["Retry-After"] = "5"
        return response

    @app.errorhandler(Cannot)
    def _(error: Cannot) -> Response:
        return problem(409, "cannot-foresee", "This cannot be foreseen", str(error))

    @app.errorhandler(RecursionError)
    def _(error: RecursionError) -> Response:
        return problem(400, "nested-too-deeply", "Nested too deeply", "This JSON is nested too deeply to be read.")

    @app.errorhandler(HTTPError)
    def _(error: HTTPError) -> Response:
        return _http(error.status_code, str(error.message), error.detail)

    @app.errorhandler(HTTPException)
    def _(error: HTTPException) -> Response:
        response = _http(error.code or 500, error.name, error.description)
        for name, value in error.get_headers():
            if name.lower() not in {"content-type", "content-length"}:
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def _(error: Exception) -> Response:
        log.error("unexpected", exc_info=error)
        return problem(500, "unexpected", "Something went wrong here", "Nothing was changed. Please try again.")


def _http(status: int, title: str, detail: Any) -> Response:
    slug = title.lower().replace(" ", "-")
    if isinstance(detail, dict):
        fields = detail.get("json") or detail.get("query") or {}
        if isinstance(fields, dict) and fields:
            sentence = "; ".join(f"{name}: {', '.join(messages)}" for name, messages in fields.items())
            return problem(status, slug, title, sentence, fields=fields)
        return problem(status, slug, title, title)
    return problem(status, slug, title, str(detail or title))
