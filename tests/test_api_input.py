"""What is no request: wrong shapes, wrong bytes, wrong addresses. Each gets a clear answer and harms nobody."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from typing import Any

import pytest
from answers import refused
from servers import HALL, Client, Server

# --- what is no request


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/tickets", {"queue": 1}, "queue"),
        ("/tickets", {"queue": True}, "queue"),
        ("/tickets", {"queue": ""}, "queue"),
        ("/tickets", {"queue": "x" * 65}, "queue"),
        ("/tickets", {"queue": "A", "class": None}, "class"),
        ("/tickets", {"queue": "A", "slot": "noon"}, "slot"),
        ("/tickets", {"queue": "A", "slot": 1.5}, "slot"),
        ("/tickets", {"queue": "A", "slot": True}, "slot"),
        ("/tickets", {"queue": "A", "slot": -1}, "slot"),
        ("/tickets", {"queue": "A", "slot": 2**53}, "slot"),
        ("/tickets", {"queue": "A", "slot": 10**400}, "slot"),
        ("/tickets", {"queue": "A", "klass": "military"}, "klass"),
        ("/tickets", {"queue": "A", "more": 1}, "more"),
        ("/tickets", [], "_schema"),
        ("/tickets", 3, "_schema"),
        ("/tickets", "A", "_schema"),
        ("/tickets/x/void", {}, "reason"),
        ("/numbers", {"queue": "A"}, "kiosk"),
        ("/windows/1/open", {"force": True}, "force"),
        ("/windows/1/call", {}, "ticket"),
        ("/windows/1/call-next", {"outcome": "by-magic"}, "outcome"),
        ("/windows/1/call-next", {"outcome": 1}, "outcome"),
        ("/windows/1/finish", {"outcome": None}, "outcome"),
        ("/windows/1/park", {"minutes": -1}, "minutes"),
        ("/windows/1/park", {"minutes": 601}, "minutes"),
        ("/windows/1/park", {"minutes": "1"}, "minutes"),
        ("/windows/1/park", {"minutes": float("nan")}, "minutes"),
        ("/windows/1/transfer", {}, "queue"),
        ("/journal/K1", {"journal": "x"}, "entries"),
        ("/journal/K1", {"journal": "x", "entries": [1]}, "entries"),
        ("/journal/K1", {"journal": "x", "entries": [{}] * 1001}, "entries"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_naming_the_field(path: str, body: Any, field: str, hall: Client) -> None:
    before = hall.seq
    answer = hall.post(path, body)
    assert field in refused(answer, 422, "validation-error")
    assert any(name.startswith(field) for name in answer.json["fields"])
    assert hall.seq == before


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nul", b'{"queue":"A"}}', b"{'queue':'A'}", b'{"queue":"\xff"}', b"\x00", b'{"queue":"A",}',
        b"[" * 500_000, b'{"a":' * 100_000, b"1" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused(body: bytes, hall: Client) -> None:
    before = hall.seq
    answer = hall.send("POST", "/tickets", body, Content_Type="application/json")
    assert answer.status == 400
    assert answer.reason in {"bad-request", "nested-too-deeply"}
    assert hall.seq == before


@pytest.mark.parametrize("content_type", ["text/plain", "", "multipart/form-data", "application/x-www-form-urlencoded"])
def test_what_a_page_elsewhere_could_post_unasked_is_refused(content_type: str, hall: Client) -> None:
    before = hall.seq
    for method, path in (("POST", "/tickets"), ("PUT", "/windows/1/queues"), ("POST", "/day/close")):
        answer = hall.send(method, path, b'{"queue":"A"}', Content_Type=content_type)
        assert "application/json" in refused(answer, 415, "not-json")
    assert hall.seq == before


def test_json_may_name_its_character_set(hall: Client) -> None:
    answer = hall.send("POST", "/tickets", b'{"queue":"A"}', Content_Type="application/json; charset=utf-8")
    assert answer.status == 201


def test_a_body_that_is_too_long_is_refused(hall: Client) -> None:
    body = json.dumps({"queue": "A" * 1_100_000}).encode()
    before = hall.seq
    refused(hall.send("POST", "/tickets", body, Content_Type="application/json"), 413, "request-entity-too-large")
    assert hall.seq == before


def raw(server: Server, request: bytes) -> bytes:
    """What comes back until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
        answer = b""
        with suppress(ConnectionError):  # it would hear no more; what it said before can still be read
            sock.sendall(request)
        with suppress(ConnectionError):
            while chunk := sock.recv(1 << 16):
                answer += chunk
        return answer


POST = f"POST /api/v1/halls/{HALL}/tickets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode()
AS_JSON = b"Content-Type: application/json\r\n"


def test_a_chunked_body_is_read_and_its_length_is_limited_too(server: Server, hall: Client) -> None:
    head = POST + AS_JSON + b"Transfer-Encoding: chunked\r\n\r\n"
    assert raw(server, head + b'6\r\n{"queu\r\n7\r\ne":"A"}\r\n0\r\n\r\n').startswith(b"HTTP/1.1 201")
    before = hall.seq
    endless = head + b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    answer = raw(server, endless + (b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * 20 + b"0\r\n\r\n")
    assert answer.split()[1] in {b"413", b"400"}  # Werkzeug gives the application the part up to the limit
    assert hall.seq == before


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (POST + b"X: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (POST + b"X: y\r\n" * 4000 + b"\r\n", 431),
        (b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n folded: x\r\n\r\n", 400),
        (b"GET / HTTP/7.5\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"one two three four five\r\n\r\n", 400),
        (POST + AS_JSON + b"Content-Length: -5\r\n\r\n", 400),
        (POST + AS_JSON + b"Content-Length: five\r\n\r\n", 400),
        (POST + AS_JSON + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (POST + AS_JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
)
def test_what_is_no_http_is_answered_and_harms_nobody(
    request_: bytes, status: int, server: Server, hall: Client
) -> None:
    before = hall.seq
    assert raw(server, request_).startswith(b"HTTP/1.1 %d " % status)
    assert hall.seq == before


def test_endless_headers_harm_nobody(server: Server, hall: Client) -> None:
    answer = raw(server, POST + b"X: " + b"x" * 5_000_000 + b"\r\n\r\n")
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431")
    assert hall.issue()


def test_a_connection_that_ends_in_the_middle_of_a_request_harms_nobody(server: Server, hall: Client) -> None:
    before = hall.seq
    for end in (10, 60, len(POST), len(POST) + 5):
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            sock.sendall((POST + AS_JSON + b"Content-Length: 13\r\n\r\n" + b'{"queue":"A"}')[:end])
    assert hall.seq == before


# --- addresses


def test_an_unknown_address_is_a_problem(hall: Client) -> None:
    for path in ("//nowhere", "/nowhere", "/tickets/x/y/z", "//api/v2/halls/H1", "/windows/1/explode"):
        refused(hall.get(path), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/tickets", {"POST", "OPTIONS"}),
        ("GET", "/windows/1/open", {"POST", "OPTIONS"}),
        ("POST", "", {"GET", "HEAD", "OPTIONS"}),
        ("PUT", "/tickets", {"POST", "OPTIONS"}),
        ("DELETE", "/tickets/x", {"GET", "HEAD", "OPTIONS"}),
        ("PATCH", "/windows/1/queues", {"PUT", "OPTIONS"}),
        ("TRACE", "/tickets", {"POST", "OPTIONS"}),
    ],
)
def test_another_method_is_refused_and_told_which_there_are(
    method: str, path: str, allowed: set[str], hall: Client
) -> None:
    answer = hall.send(method, path, b"{}", Content_Type="application/json")
    refused(answer, 405, "method-not-allowed")
    assert set(answer.headers["allow"].split(", ")) == allowed
