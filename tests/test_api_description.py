"""The OpenAPI document and the page made from it, held against a real server."""

from __future__ import annotations

import html
import json
from typing import Any

import jsonschema_rs
from answers import ACTIONS, refused
from schemathesis.specs.openapi.definitions import OPENAPI_31
from servers import HALL, Client, Server


def test_the_description_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    jsonschema_rs.Draft202012Validator(OPENAPI_31).validate(document)


def test_the_description_names_every_route_and_nothing_else(server: Server, document: dict[str, Any]) -> None:
    from queue_server.app import create_app
    from queue_server.web.halls import Halls

    app = create_app(Halls({}))
    routes = {
        (str(rule).replace("<", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if str(rule).startswith(("/api/", "/healthz"))
    }
    assert {(path, method) for path, methods in document["paths"].items() for method in methods} == routes
    assert len(routes) >= 20


def test_every_change_takes_an_idempotency_key_and_documents_its_refusals(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            headers = {p["name"] for p in operation["parameters"] if p["in"] == "header"}
            problems = {
                code for code, r in operation["responses"].items() if "application/problem+json" in r["content"]
            }
            if method == "get":
                assert "Idempotency-Key" not in headers
                assert ("Last-Event-ID" in headers) == path.endswith("/feed")
            else:
                assert "Idempotency-Key" in headers, path
                assert problems == {"400", "404", "409", "413", "415", "422", "503"}, path
            assert operation["summary"]


def test_the_readable_page_shows_every_route_and_shape(hall: Client, document: dict[str, Any]) -> None:
    answer = hall.get("//docs")
    assert (answer.status, answer.type) == (200, "text/html; charset=utf-8")
    page = html.unescape(answer.body.decode())
    for path, methods in document["paths"].items():
        assert f"<code>{path}</code>" in page
        assert all(operation["summary"] in page for operation in methods.values())
    for name in ("Ticket", "Hall", "WindowAnswer", "Problem", "Outcome"):
        assert f'id="shape-{name}"' in page
    assert "://" not in page.replace("http://127.0.0.1", "")


def test_an_unknown_hall_is_said_so_with_those_there_are(hall: Client, document: dict[str, Any]) -> None:
    bodies = {"void": {"reason": "x"}, "numbers": {"kiosk": "K1", "queue": "A"}, "queues": {"serves": []}}
    bodies |= {"paper": {"code": "x"}, "appointments": {"service": "tax", "slot": 0}, "what-if": {"changes": []}}
    bodies |= {"{source}": {"journal": "x", "entries": []}, **ACTIONS}
    for path, methods in document["paths"].items():
        for method in methods:
            if "{hall}" in path:
                body = json.dumps(bodies.get(path.rpartition("/")[2], {})).encode()
                address = "/" + path.replace("{hall}", "H9").replace("{", "").replace("}", "")
                answer = hall.send(method.upper(), address, body if method != "get" else None, **JSON[method])
                assert HALL in refused(answer, 404, "unknown-hall"), path


JSON: dict[str, dict[str, str]] = {
    "get": {},
    "post": {"Content_Type": "application/json"},
    "put": {"Content_Type": "application/json"},
}
