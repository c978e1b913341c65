"""The pages of a display program: boards, signs of windows, residents' tickets; and what boards play."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any
from uuid import UUID

from flask import Flask, Response, abort, request, send_from_directory

from display.board import Board
from display.drawing import LANGUAGES, draw, draw_in
from display.speaker import MOST_PAGES, Speakers
from display.topic import Topic
from display.watch import WHOLE, Watch

SHARED = str(files("queue_server") / "static")
A_DAY = 86_400
"""Seconds a clip may be kept by a browser before it asks whether there is another."""

_PRINTED = re.compile(r"T\.(?P<ticket>[A-Za-z0-9_-]{22})_[^.]*\.[^.]+\.[^.]+")


def create_app(watch: Watch, speakers: Speakers) -> Flask:
    """The WSGI application over a running watch."""
    app = Flask("display")
    _add_boards(app, watch, speakers)
    _add_signs(app, watch)
    _add_tickets(app, watch)
    _add_files(app, watch, speakers)

    @app.get("/healthz")
    def healthz() -> tuple[dict[str, Any], int]:
        report = {"hall": watch.replica.code, "seq": watch.replica.seq, "connected": watch.follower.connected,
                  "screens": watch.connected, "voices": speakers.listening(), "media": watch.media.faults,
                  "speakers": {one.name: {"health": one.health, "detail": one.detail}
                               for one in speakers.own.values()}}  # fmt: skip
        return {"status": "unwell" if watch.is_stale else "ok", **report}, 503 if watch.is_stale else 200

    @app.after_request
    def guard(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
        )
        return response

    return app


def _add_boards(app: Flask, watch: Watch, speakers: Speakers) -> None:
    def found(zone: str) -> Topic[Board | None]:
        return _found(watch.board, zone)

    @app.get("/board")
    @app.get("/board/<zone>")
    def board_page(zone: str = WHOLE) -> Response:
        topic = found(zone)
        page = draw(
            "board.html", fragment=topic.drawing(""), board=topic.shown, now=watch.now(),
            address="/board" if zone == WHOLE else f"/board/{zone}",
            voice=f"/voice/{zone}".rstrip("/") if "voice" in request.args and speakers.of(zone) else None,
        )  # fmt: skip
        return _fresh(page, watch)

    @app.get("/board/changes")
    @app.get("/board/<zone>/changes")
    def board_changes(zone: str = WHOLE) -> Response:
        return _live(found(zone), watch)

    @app.get("/voice")
    @app.get("/voice/<zone>")
    def voice(zone: str = WHOLE) -> Response:
        found(zone)
        speaker = speakers.of(zone) or abort(404)
        if len(speaker.pages) >= MOST_PAGES:
            return _too_many()
        return _stream(speaker.stream(request.environ))


def _add_signs(app: Flask, watch: Watch) -> None:
    @app.get("/windows/<window>/sign")
    def sign_page(window: str) -> tuple[Response, int]:
        if watch.replica.hall.configuration is None:  # it will come: the page asks again until then
            return _fresh(draw("sign_wait.html", window=window), watch), 503
        drawing = _found(watch.sign, window).drawing("")
        return _fresh(draw("sign.html", fragment=drawing, window=window, now=watch.now()), watch), 200

    @app.get("/windows/<window>/sign/changes")
    def sign_changes(window: str) -> Response:
        return _live(_found(watch.sign, window), watch)


def _add_tickets(app: Flask, watch: Watch) -> None:
    @app.get("/t/<code>")
    def ticket_page(code: str) -> tuple[Response, int]:
        language = _language()
        try:
            topic = watch.phone(_ticket_id(code))
        except KeyError:
            if not watch.is_whole:  # it has just been started; the page asks again
                return _fresh(draw("sign_wait.html", window=""), watch), 503
            configuration = watch.replica.hall.configuration
            hall = configuration.name if configuration else None
            return _fresh(draw_in(language, "ticket_gone.html", hall=hall), watch), 404
        drawing = topic.drawing(language)
        page = draw_in(language, "ticket.html", place=topic.shown, code=code, now=watch.now(), fragment=drawing)
        return _fresh(page, watch), 200

    @app.get("/t/<code>/changes")
    def ticket_changes(code: str) -> Response:
        try:
            return _live(watch.phone(_ticket_id(code)), watch, _language())
        except KeyError:
            abort(404 if watch.is_whole else 503)


def _add_files(app: Flask, watch: Watch, speakers: Speakers) -> None:
    @app.get("/shared/<path:name>")
    def shared(name: str) -> Response:
        return send_from_directory(SHARED, name)

    @app.get("/media/<path:name>")
    def media(name: str) -> Response:
        configuration = watch.replica.hall.configuration
        shown = watch.media.usable(configuration.board_notices) if configuration else ()
        if watch.media.folder is None or name not in {notice.file for notice in shown}:
            abort(404)
        return send_from_directory(watch.media.folder.resolve(), name, conditional=True)

    @app.get("/clips/<path:name>")
    def clip(name: str) -> Response:
        if speakers.pack is None:
            abort(404)
        return send_from_directory(speakers.pack.folder.resolve(), name, max_age=A_DAY)


def _found(find: Callable[[str], Topic[Any]], code: str) -> Topic[Any]:
    try:
        return find(code)
    except KeyError:
        abort(404)


def _live(topic: Topic[Any], watch: Watch, kind: str = "") -> Response:
    if watch.connected >= watch.screens:
        return _too_many()
    return _stream(topic.stream(request.environ, kind))


def _stream(body: Any) -> Response:
    return Response(body, content_type="text/event-stream; charset=utf-8", headers={"Cache-Control": "no-store"})


def _too_many() -> Response:
    return Response("Too many screens; another display program can take more.", 503, {"Retry-After": "3"})


def _fresh(page: str, watch: Watch) -> Response:
    headers = {"Cache-Control": "no-store", "Hall-Time": str(watch.now())}
    return Response(page, headers=headers, content_type="text/html; charset=utf-8")


def _ticket_id(code: str) -> str:
    """The ticket of a printed code (`domain.codes`), or the id itself. Nothing is verified: the page only shows."""
    printed = _PRINTED.fullmatch(code)
    return code if printed is None else str(UUID(bytes=base64.urlsafe_b64decode(printed["ticket"] + "==")))


def _language() -> str:
    asked = request.args.get("lang")
    return asked if asked in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]
