"""The pages of a display program: the hall board, and a resident's ticket."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import yaml
from flask import Flask, Response, render_template, request, send_from_directory
from markupsafe import Markup, escape

from display.watch import Watch
from queue_server.domain.configuration import Text
from queue_server.domain.events import Instant
from queue_server.domain.life import State
from queue_server.domain.model import Hall, Ticket

LANGUAGES = ("zh", "en")
TEXTS: dict[str, dict[str, Any]] = {
    language: yaml.safe_load((files("display") / "texts" / f"{language}.yaml").read_text(encoding="utf-8"))
    for language in LANGUAGES
}
SHARED = str(files("queue_server") / "static")


def create_app(watch: Watch) -> Flask:
    """The WSGI application over a running watch."""
    app = Flask("display")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    drawn: tuple[int, str] = (0, "")

    def fragment() -> str:
        """The board as HTML: drawn once for each version, however many screens ask."""
        nonlocal drawn
        if drawn[0] != watch.version:
            version = watch.version
            drawn = version, render_template("board_fragment.html", board=watch.board, version=version, **TEXTS)
        return drawn[1]

    @app.get("/board")
    def board_page() -> Response:
        page = render_template("board.html", fragment=fragment(), board=watch.board, now=watch.now(), **TEXTS)
        return _fresh(page, watch)

    @app.get("/board/fragment")
    def board_fragment() -> Response:
        return _fresh(fragment(), watch)

    @app.get("/changes")
    def changes() -> Response:
        if watch.audience.full:
            return Response("Too many screens; another display program can take more.", 503, {"Retry-After": "3"})
        body = watch.stream(request.environ)
        return Response(body, content_type="text/event-stream; charset=utf-8", headers={"Cache-Control": "no-store"})

    @app.get("/t/<ticket>")
    def ticket_page(ticket: str) -> tuple[Response, int]:
        hall = watch.replica.hall
        found = hall.tickets.get(ticket)
        language = request.args.get("lang") or request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]
        language = language if language in LANGUAGES else LANGUAGES[0]
        page = render_template(
            "ticket.html", hall=hall, ticket=found, ahead=_ahead(hall, found), windows=_windows(hall, found),
            stale_since=watch.board.stale_since if watch.board else None, now=watch.now(),
            language=language, other=next(other for other in LANGUAGES if other != language), texts=TEXTS[language],
        )  # fmt: skip
        return _fresh(page, watch), 200 if found else 404

    @app.get("/healthz")
    def healthz() -> tuple[dict[str, Any], int]:
        stale = watch.board is None or watch.board.stale_since is not None
        report = {"hall": watch.replica.code, "seq": watch.replica.seq, "connected": watch.follower.connected,
                  "screens": len(watch.audience)}  # fmt: skip
        return {"status": "unwell" if stale else "ok", **report}, 503 if stale else 200

    @app.get("/shared/<path:name>")
    def shared(name: str) -> Response:
        return send_from_directory(SHARED, name)

    @app.template_filter()
    def aged(sentence: str, since: Instant | str = "") -> Markup:
        """A sentence with a place for an age, which the page keeps telling."""
        return Markup(escape(sentence).replace("{age}", Markup('<b data-since="{}"></b>').format(since)))  # noqa: S704

    @app.template_filter()
    def cell(place: int) -> str:
        """Row and column of a place. In every size the places of a smaller one keep their column and row."""
        column, row = divmod(place, 4) if place < 12 else ((place - 12) // 3, 4 + (place - 12) % 3)
        return f"{row + 1} / {column + 1}"

    @app.template_filter()
    def said(text: Text, language: str) -> str:
        """A configured text in a language, in Chinese where it has no other."""
        return getattr(text, language, "") or text.zh

    @app.after_request
    def guard(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
        )
        return response

    return app


def _fresh(page: str, watch: Watch) -> Response:
    headers = {"Cache-Control": "no-store", "Hall-Time": str(watch.now())}
    return Response(page, headers=headers, content_type="text/html; charset=utf-8")


def _ahead(hall: Hall, ticket: Ticket | None) -> int | None:
    return hall.ahead(ticket) if ticket is not None else None


def _windows(hall: Hall, ticket: Ticket | None) -> list[str]:
    """Where this ticket may be called to: the window that has or holds it, else the open ones of its queue."""
    if ticket is None or ticket.state not in {State.WAITING, State.CALLED, State.SERVING}:
        return []
    one = ticket.window or ticket.held_for
    if one is not None:
        return [one]
    return hall.windows_for(ticket.queue)
