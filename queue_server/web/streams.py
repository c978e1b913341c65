"""The two streams of a hall: the feed for programs, and a doorbell for browsers."""

from __future__ import annotations

from collections.abc import Callable

from apiflask import APIBlueprint
from flask import Response, request

from queue_server.journal import feed
from queue_server.serving import Audience
from queue_server.web.api import running
from queue_server.web.halls import doorbell
from queue_server.web.problems import problem

streams = APIBlueprint("streams", __name__, url_prefix="/api/v1/halls/<hall>", tag="Streams")

READ_AT_ONCE = 500


def _last_event_id() -> int | None:
    """The cursor a follower comes with; None if it has none.

    Raises:
        ValueError: it is not one of ours.
    """
    given = request.headers.get("Last-Event-ID", "").strip()
    if not given:
        return None
    if not (given.isascii() and given.isdecimal() and len(given) <= 18):
        raise ValueError(f"Last-Event-ID must be the number of the last entry seen, not {given[:40]!r}")
    return int(given)


def _stream(audience: Audience, cursor: int, read: Callable[[int], tuple[bytes, int]]) -> Response:
    if audience.full:
        response = problem(503, "too-many-followers", "Too many followers", "Try again in a few seconds.")
        response.headers["Retry-After"] = "3"
        return response
    body = audience.stream(request.environ, cursor, read)
    return Response(body, content_type="text/event-stream; charset=utf-8", headers={"Cache-Control": "no-store"})


@streams.get("/feed")
@streams.doc(
    summary="Every entry of the journal, live",
    description="Server-sent events. Without Last-Event-ID: the open day and the one before; with 0: everything.",
    responses={200: "A stream", 400: "Bad Last-Event-ID", 503: "Too many followers"},
)
def follow(hall: str) -> Response:
    replica = running(hall).replica
    store = replica.store
    try:
        cursor = _last_event_id()
    except ValueError as error:
        return problem(400, "bad-last-event-id", "Bad Last-Event-ID", str(error))
    start = store.day_start(hall) if cursor is None else cursor
    hello = feed.Hello(
        hall=hall, journal=store.journal_id, last_seq=replica.seq, last_hash=replica.hash, at=running(hall).now()
    )
    greeting = feed.hello(hello)

    if start > replica.seq:  # it knows more than this journal: the greeting tells it to start over
        return Response(greeting, content_type="text/event-stream; charset=utf-8")

    def read(after: int) -> tuple[bytes, int]:
        nonlocal greeting
        entries = store.read(hall, after, READ_AT_ONCE)
        data, greeting = greeting + b"".join(map(feed.encode, entries)), b""
        return data, entries[-1].seq if entries else after

    return _stream(running(hall).feed, start, read)


@streams.get("/changes")
@streams.doc(
    summary="Tells a browser that something changed",
    description="Server-sent events whose data is the newest seq, at most one for each commit.",
    responses={200: "A stream", 503: "Too many followers"},
)
def changes(hall: str) -> Response:
    here = running(hall)

    def read(after: int) -> tuple[bytes, int]:
        seq = here.replica.seq
        return (doorbell(seq), seq) if after != seq else (b"", after)

    return _stream(here.changes, -1, read)
