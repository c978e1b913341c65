"""Pages of the hall server that everybody may read: the start page and the seven disclosures of every service."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import yaml
from apiflask import APIBlueprint
from flask import Response, abort, current_app, render_template, request, send_from_directory

from queue_server.domain.configuration import Text
from queue_server.web.halls import Halls

LANGUAGES = ("zh", "en")
RECEIPTS = 12
SCREENS = ("kiosk", "hand", "board", "console")
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: http://127.0.0.1:* http://localhost:*"
)

pages = APIBlueprint("pages", __name__, enable_openapi=False)


@cache
def texts(language: str) -> dict[str, Any]:
    """What the pages say in a language; also every sentence for a refusal, by reason."""
    text = (files("queue_server.web") / "texts" / f"{language}.yaml").read_text(encoding="utf-8")
    return cast(dict[str, Any], yaml.safe_load(text))


def language() -> str:
    """The language asked for by `?lang=`, else Chinese: staff pages are read in the language of the hall."""
    asked = request.args.get("lang", LANGUAGES[0])
    return asked if asked in LANGUAGES else LANGUAGES[0]


def page(template: str, now: int, **values: Any) -> Response:
    """A page in the language asked for. `Hall-Time` (ms) lets it tell times by the hall's clock."""
    chosen = language()
    other = next(code for code in LANGUAGES if code != chosen)
    html = render_template(template, texts=texts(chosen), language=chosen, other=other, now=now, **values)
    return Response(html, content_type="text/html; charset=utf-8", headers={
        "Cache-Control": "no-store", "Hall-Time": str(now), "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
    })  # fmt: skip


def halls() -> Halls:
    return cast(Halls, current_app.extensions["bianmin"])


@pages.app_template_filter()
def said(text: Text, language: str) -> str:
    """A configured text in a language, in Chinese where it has no other."""
    return getattr(text, language, "") or text.zh


@pages.get("/")
def start() -> Response:
    """What is here. The composer may give addresses of SCREENS, and a folder of `receipts`."""
    given = current_app.extensions.get("bianmin.start_page", {})
    running = list(halls().running.values())
    return page(
        "start.html", running[0].now() if running else 0, halls=running, receipts=_receipts(given.get("receipts")),
        screens={name: given[name] for name in SCREENS if name in given},
    )  # fmt: skip


def _receipts(folder: str | None) -> list[str] | None:
    """Names of the receipts printed last, newest first; None if nobody says where they are."""
    if folder is None:
        return None
    found = sorted(Path(folder).glob("*.png"), key=lambda path: (path.stat().st_mtime, path.name), reverse=True)
    return [path.name for path in found[:RECEIPTS]]


@pages.get("/receipts/<name>")
def receipt(name: str) -> Response:
    folder = current_app.extensions.get("bianmin.start_page", {}).get("receipts")
    if folder is None or not name.endswith(".png"):
        abort(404)
    return send_from_directory(Path(folder).resolve(), name)


@pages.get("/halls/<hall>/services")
def services(hall: str) -> Response:
    here = halls()[hall]
    configuration = here.replica.hall.configuration or here.configuration
    return page("services.html", here.now(), configuration=configuration)


@pages.get("/shared/<path:name>")
def shared(name: str) -> Response:
    """The modules that pages of every program use."""
    return send_from_directory(str(files("queue_server") / "static"), name)
