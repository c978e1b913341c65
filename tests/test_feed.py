"""The feed: its bytes, and the streams of a real server with their limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import HALL, Client, Server, Stream, seqs, stream, until

from queue_server.domain import events as e
from queue_server.journal import feed
from queue_server.journal.entry import Entry, encode
from queue_server.journal.feed import FeedError, Hello, Parser
from queue_server.journal.replica import clock

# --- the wire


def entry(seq: int, event: e.Event) -> Entry:
    kind, data = encode(event)
    return Entry(
        hall=HALL, seq=seq, id=f"id-{seq}", cause=f"c-{seq}", at=event.at, kind=kind, data=data, hash=f"hash-{seq}"
    )


HELLO = Hello(hall=HALL, journal="journal-1", last_seq=3)
ENTRIES = [
    entry(1, e.WindowOpened(at=5, window="1")),
    entry(2, e.DeviceReported(at=6, device="K1/printer", health="缺纸", detail="\n\n\r\nid: 9\ndata: x\u2028")),
    entry(3, e.Unknown(at=7, kind="FanStopped", fields={"at": 7, "text": "event: hello\n\n"})),
]
BYTES = feed.hello(HELLO) + b"".join(map(feed.encode, ENTRIES[:2])) + feed.HEARTBEAT * 2 + feed.encode(ENTRIES[2])


@given(st.lists(st.integers(0, len(BYTES)), max_size=30))
def test_a_feed_cut_anywhere_gives_the_same_messages(cuts: list[int]) -> None:
    parser = Parser(HALL)
    places = [0, *sorted(cuts), len(BYTES)]
    messages = [m for start, end in pairwise(places) for m in parser.take(BYTES[start:end])]
    assert messages == [HELLO, *ENTRIES]


def test_a_feed_read_byte_by_byte_gives_each_message_when_it_is_complete() -> None:
    parser = Parser(HALL)
    counts = [len(list(parser.take(BYTES[n : n + 1]))) for n in range(len(BYTES))]
    assert sum(counts) == 4
    assert counts[-1] == 1
    assert counts[len(feed.hello(HELLO)) - 1] == 1


def test_an_entry_is_one_event_whatever_its_text_holds() -> None:
    for one in ENTRIES:
        wire = feed.encode(one)
        assert wire.count(b"\n") == 4
        assert b"\r" not in wire
        assert wire.startswith(f"id: {one.seq}\nevent: {one.kind}\ndata: {{".encode())


@given(st.binary(max_size=300))
def test_any_bytes_are_a_feed_or_refused_as_none(junk: bytes) -> None:
    try:
        messages = list(Parser(HALL).take(junk + b"\n\n"))
    except FeedError:
        return
    assert all(isinstance(message, Hello | Entry) for message in messages)


@pytest.mark.parametrize(
    "junk",
    [
        b"data: {}\n\n",
        b"event: hello\ndata: {}\n\n",
        b"event: hello\n\n",
        b"event: hello\ndata: [1\n\n",
        b"id: one\nevent: X\n" + feed.encode(ENTRIES[0]).split(b"\n")[2] + b"\n\n",
        b'id: 1\nevent: X\ndata: {"id":1}\n\n',
        b"id: 1\nevent: \xff\n" + feed.encode(ENTRIES[0]).split(b"\n")[2] + b"\n\n",
        b"<html>not here</html>\n\n",
    ],
)
def test_what_is_no_feed_is_said_so(junk: bytes) -> None:
    with pytest.raises(FeedError):
        list(Parser(HALL).take(junk))


def test_an_endless_event_is_given_up() -> None:
    parser = Parser(HALL)
    assert list(parser.take(b"x" * feed.LONGEST)) == []
    with pytest.raises(FeedError, match="longer than"):
        list(parser.take(b"x"))


# --- one server for what does not harm it


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("hall"), "--always-open", "--followers", "6") as running:
        running.client().do("1", "open")
        yield running


def hello_of(body: bytes) -> dict[str, Any]:
    name, data = body.split(b"\n")[:2]
    assert name == b"event: hello"
    return dict(json.loads(data.removeprefix(b"data: ")))


def read_past(follower: Stream, seq: int) -> bytes:
    return follower.read_until(lambda body: body.endswith(b"\n\n") and seqs(body)[-1:] >= [seq])


def test_a_follower_without_a_place_gets_the_open_day_and_then_all_that_happens(server: Server, hall: Client) -> None:
    hall.issue()
    with stream(server.port) as follower:
        assert follower.status == 200
        assert b"content-type: text/event-stream" in follower.head.lower()
        assert b"cache-control: no-store" in follower.head.lower()
        seq = hall.seq
        read_past(follower, seq)
        hall.issue()
        hall.issue()
        body = read_past(follower, seq + 2)
        assert seqs(body) == list(range(1, seq + 3))
        hello = hello_of(body)
        assert hello.keys() == {"hall", "journal", "last_seq", "last_hash", "at"}
        assert hello["hall"] == HALL
        assert abs(hello["at"] - clock()) < 60_000
        assert body.count(b"event: DayOpened") == 1


@pytest.mark.parametrize("behind", [0, 1, 3])
def test_a_follower_with_a_place_gets_what_came_after_it(behind: int, server: Server, hall: Client) -> None:
    for _ in range(3):
        hall.issue()
    seq = hall.seq
    with stream(server.port, Last_Event_ID=str(seq - behind)) as follower:
        assert follower.status == 200
        hall.issue()
        assert seqs(read_past(follower, seq + 1)) == list(range(seq - behind + 1, seq + 2))


def test_a_follower_from_nought_gets_everything(server: Server, hall: Client) -> None:
    with stream(server.port, Last_Event_ID="0") as follower:
        assert seqs(read_past(follower, hall.seq))[0] == 1


@pytest.mark.parametrize("place", ["-1", "1.5", "x", "１", "1e3", "9" * 19, "9" * 5000, "0x10", "1,2", "' OR 1"])
def test_a_bad_place_is_refused(place: str, server: Server) -> None:
    with stream(server.port, Last_Event_ID=place) as follower:
        body = follower.read_until(lambda body: body.endswith(b"}"))
        assert follower.status == 400
        assert b"/problems/bad-last-event-id" in body


def test_a_place_ahead_of_the_journal_is_told_how_far_it_goes(server: Server, hall: Client) -> None:
    for place in (hall.seq + 1, 10**18 - 1):
        with stream(server.port, Last_Event_ID=str(place)) as follower:
            body = follower.read_to_end()
            assert follower.status == 200
            assert hello_of(body)["last_seq"] == hall.seq
            assert seqs(body) == []


def test_an_idle_feed_is_not_silent(server: Server, hall: Client) -> None:
    with stream(server.port, Last_Event_ID=str(hall.seq)) as follower, stream(server.port, "/changes") as browser:
        follower.read_until(lambda body: body.endswith(b"\n\n:\n\n"))
        browser.read_until(lambda body: body.endswith(b"\n\n:\n\n"))


def test_a_browser_is_told_that_something_changed(server: Server, hall: Client) -> None:
    with stream(server.port, "/changes") as browser:
        seq = hall.seq
        assert read_past(browser, seq) == b"id: %d\ndata: %d\n\n" % (seq, seq)
        hall.issue()
        read_past(browser, seq + 1)


def test_a_feed_of_an_unknown_hall_is_a_problem(hall: Client) -> None:
    answer = hall.get("//api/v1/halls/nowhere/feed")
    assert (answer.status, answer.reason) == (404, "unknown-hall")
    assert answer.body.count(HALL.encode()) == 1


def leave_room(hall: Client) -> None:
    """Followers that went away are noticed when something is written to them."""

    def nobody_left() -> bool:
        hall.issue()
        return hall.followers == 0

    until(nobody_left)


def test_more_followers_than_the_limit_are_asked_to_come_back(server: Server, hall: Client) -> None:
    leave_room(hall)
    with ExitStack() as stack:
        for _ in range(6):
            assert stack.enter_context(stream(server.port)).status == 200
        with stream(server.port) as one_too_many:
            body = one_too_many.read_until(lambda body: body.endswith(b"}"))
            assert one_too_many.status == 503
            assert b"/problems/too-many-followers" in body
            assert b"retry-after: 3" in one_too_many.head.lower()
        assert hall.issue()
    leave_room(hall)
    with stream(server.port) as follower:
        assert follower.status == 200


def test_a_follower_that_is_still_catching_up_counts(server: Server, hall: Client) -> None:
    leave_room(hall)
    hall.pad(12)
    with ExitStack() as stack:
        for _ in range(6):
            stuck = stack.enter_context(stream(server.port, receive_buffer=2048, Last_Event_ID="0"))
            assert stuck.status == 200
        with stream(server.port) as one_too_many:
            assert one_too_many.status == 503
    leave_room(hall)
