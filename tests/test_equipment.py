"""Signs and pads at the windows: simulated on real wires, run by a real display of a real hall server."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import gevent
import pytest
from browser import Display
from servers import CITY, HALL, Client, Server, until

from devices.call_pad.simulator import SimulatedCallPad
from devices.evdev import Key
from devices.led_sign.simulator import Card, SimulatedSigns
from devices.pad_line.simulator import SimulatedKeypad, SimulatedLine
from devices.rating_pad.simulator import SimulatedRatingPad
from devices.simulation import PtyEnd, Running, TcpEnd
from display.call_pads import Note, Order
from display.equipment import PAD_TEXTS
from display.orders import Orders
from display.watch import Watch
from display.window_pad import SAME_PRESS, WindowPad


@dataclass(frozen=True, kw_only=True)
class Windows:
    """What lies at the windows. Window 1: an 8-character sign, a call pad, a rating pad; 2: a 12-character sign, a
    pad; 3: a USB keypad. The signs are on a serial line, the pads on TCP."""

    signs: SimulatedSigns
    bus: Running
    pads: SimulatedLine
    line: Running
    keypad: SimulatedKeypad
    pressed: dict[tuple[int, str], float] = field(default_factory=dict)

    def card(self, window: int) -> Card:
        return self.signs.cards[window]

    def pad(self, window: int) -> SimulatedCallPad:
        pad = self.pads.pads[window]
        assert isinstance(pad, SimulatedCallPad)
        return pad

    def press(self, window: int, *keys: str) -> None:
        """Press keys one right after the other; not as an echo of the same key in an earlier press."""
        until(lambda: time.monotonic() > self.pressed.get((window, keys[0]), 0) + SAME_PRESS + 0.3)
        for key in keys:
            self.pad(window).press(key)
            self.pressed[window, key] = time.monotonic()

    def shows(self, window: int, text: str) -> None:
        """Wait until the pad's display says this."""
        until(lambda: self.pad(window).display == text)

    def reads(self, window: int, line2: str) -> None:
        """Wait until the sign's second line says this."""
        until(lambda: self.card(window).lines[1] == line2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hall")


@pytest.fixture(scope="module")
def windows(folder: Path) -> Iterator[Windows]:
    signs = SimulatedSigns({1: 8, 2: 12})
    pads = SimulatedLine([SimulatedCallPad(1), SimulatedCallPad(2), SimulatedRatingPad(9)])
    keypad = SimulatedKeypad(folder / "keypad")
    with Running(signs, PtyEnd(folder / "signs")) as bus, Running(pads, TcpEnd()) as line:
        yield Windows(signs=signs, bus=bus, pads=pads, line=line, keypad=keypad)
    keypad.unplug()


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with Server(folder / "server") as server:
        yield server


@pytest.fixture(scope="module")
def city(folder: Path, windows: Windows) -> Path:
    """The YAML with the hall's signs and pads."""
    assert isinstance(windows.line.wire, TcpEnd)
    pads = f"tcp:127.0.0.1:{windows.line.wire.port}"
    path = folder / "city.yaml"
    path.write_text(
        CITY
        + f"""
    signs:
      - url: serial:{folder}/signs
        signs: [{{address: 1, window: "1"}}, {{address: 2, window: "2", width: 12}}]
    call_pads:
      - {{url: "{pads}", pads: [{{address: 1, window: "1"}}, {{address: 2, window: "2"}}]}}
      - {{url: "keyboard:{folder}/keypad", pads: [{{window: "3"}}]}}
    rating_pads:
      - {{url: "{pads}", pads: [{{address: 9, window: "1"}}]}}
""",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def display(server: Server, city: Path, folder: Path) -> Iterator[Display]:
    with Display(server.url, "--config", str(city), "--data", str(folder / "display")) as display:
        yield display


@pytest.fixture
def hall(server: Server, display: Display, windows: Windows) -> Iterator[Client]:
    """The hall, windows 1 to 3 open; closed again afterwards, with nobody waiting."""
    client = server.client()
    for window in ("1", "2", "3"):
        client.do(window, "open")
    for window in (1, 2):
        until(lambda window=window: windows.pad(window).display.startswith("FREE"))  # type: ignore[misc]
    yield client
    windows.bus.plug()
    for window in ("1", "2", "3"):
        while client.do(window, "close").reason == "window-busy":
            client.do(window, "start")
            client.do(window, "finish")
    client.do("8", "open")
    while client.do("8", "call-next").status == 200:
        client.do("8", "no-show")


def state(hall: Client, window: int) -> tuple[str, str | None]:
    """What the window is at, and with which ticket."""
    found = hall.get().json["windows"][window - 1]
    return found["state"], found["ticket"] and found["ticket"]["label"]


def health(hall: Client) -> dict[str, str]:
    """Of each device, as the hall's health page tells it."""
    devices = hall.get("//healthz").json["halls"][HALL]["devices"]
    return {device["device"]: device["health"] for device in devices}


def issue(hall: Client, queue: str = "A") -> str:
    """A new ticket's label."""
    return str(hall.post("/tickets", {"queue": queue}).json["label"])


# --- signs


def test_a_call_appears_on_the_sign_over_its_window(windows: Windows, hall: Client) -> None:
    windows.reads(1, "等候叫号")
    windows.reads(2, "等候叫号")
    label = issue(hall)
    hall.do("2", "call-next")
    windows.reads(2, f"请{label}号")
    assert windows.card(2).lines[0] == "2号窗口"
    assert windows.card(1).lines == ("1号窗口", "等候叫号")
    hall.do("2", "start")
    windows.reads(2, f"正在办理{label}号")
    hall.do("2", "finish")
    hall.do("2", "pause")
    windows.reads(2, "暂停服务 请留意叫号")


def test_a_sign_that_was_off_shows_how_things_are_now_and_the_hall_knew_it_was_off(
    windows: Windows, hall: Client
) -> None:
    until(lambda: health(hall).get("1/led_sign") == "ready")
    missed, now = issue(hall), issue(hall)
    windows.card(1).power(False)
    hall.do("1", "call-next")
    hall.do("1", "no-show")
    hall.do("1", "call-next")
    until(lambda: health(hall)["1/led_sign"] == "silent")
    assert health(hall)["2/led_sign"] == "ready"
    windows.card(1).power(True)
    seen: set[str] = set()
    until(lambda: seen.add(windows.card(1).lines[1]) or f"请{now}号" in seen)
    assert f"请{missed}号" not in seen
    until(lambda: health(hall)["1/led_sign"] == "ready")


def test_a_pulled_plug_is_told_of_every_device_on_it_and_stops_nothing_else(
    windows: Windows, hall: Client, display: Display
) -> None:
    until(lambda: health(hall).get("2/led_sign") == "ready")
    windows.bus.unplug()
    until(lambda: health(hall)["1/led_sign"] == health(hall)["2/led_sign"] == "unplugged")
    details = {d["device"]: d["detail"] for d in hall.get("//healthz").json["halls"][HALL]["devices"]}
    assert details["1/led_sign"], "somebody has to find out why"
    label = issue(hall)
    windows.press(1, "NEXT")
    windows.shows(1, f"{label} CALLED 0")
    with urllib.request.urlopen(f"{display.url}/board", timeout=10) as board:
        assert label in board.read().decode()
    windows.bus.plug()
    windows.reads(1, f"请{label}号")
    until(lambda: health(hall)["1/led_sign"] == health(hall)["2/led_sign"] == "ready")


# --- call pads


def test_a_press_calls_a_ticket_and_the_pad_shows_its_label(windows: Windows, hall: Client) -> None:
    first, second = issue(hall), issue(hall)
    windows.shows(1, "FREE 2")
    windows.press(1, "NEXT")
    windows.shows(1, f"{first} CALLED 1")
    assert state(hall, 1) == ("called", first)
    windows.shows(2, "FREE 1")
    windows.press(2, "NEXT")
    windows.shows(2, f"{second} CALLED 0")


def test_next_pressed_twice_calls_one(windows: Windows, hall: Client) -> None:
    label, other = issue(hall), issue(hall)
    windows.press(1, "NEXT", "NEXT")
    windows.shows(1, f"{label} CALLED 1")
    heard(windows, 1)
    assert state(hall, 1) == ("called", label)
    hall.do("1", "start")
    windows.shows(1, f"{label} SERVE 1")
    windows.press(1, "NEXT")
    windows.shows(1, f"{other} CALLED 0")
    windows.pad(1).press("NEXT")
    heard(windows, 1)
    assert state(hall, 1) == ("called", other)


def test_next_pressed_twice_at_a_closed_window_only_opens_it(windows: Windows, hall: Client) -> None:
    issue(hall)
    hall.do("2", "close")
    windows.shows(2, "CLOSED 1")
    windows.press(2, "NEXT", "NEXT")
    windows.shows(2, "FREE 1")
    heard(windows, 2)
    assert state(hall, 2) == ("open", None)


def heard(windows: Windows, window: int) -> None:
    """Wait until the last press has arrived, and what it might set off would have happened."""
    until(lambda: not windows.pad(window).events)
    windows.pads.asked.clear()
    until(lambda: len(windows.pads.asked) > 9)


def test_the_same_key_within_a_second_of_its_answer_is_its_echo(server: Server) -> None:
    hall = server.client()
    issue(hall)
    watch = Watch(server.url, HALL)
    watch.listeners.clear()  # no board here
    now = 0.0
    pad = WindowPad("5", watch, Orders(server.url, HALL), PAD_TEXTS, clock=lambda: now)
    following = threading.Thread(target=watch.follower.run)
    following.start()
    try:
        until(lambda: watch.replica.seq == hall.seq)
        for later, expected in ((0.0, "open"), (SAME_PRESS - 0.01, "open"), (0.01, "called")):
            now += later
            pad.pad.heard(("KEY", "NEXT"))
            gevent.sleep(0)  # nothing is patched here: it is sent and answered in one go
            assert state(hall, 5)[0] == expected
            until(lambda: watch.replica.seq == hall.seq)
    finally:
        watch.follower.stop()
        following.join(10)
        hall.do("5", "no-show")
        hall.do("5", "close")


def test_a_refusal_is_said_on_the_pad_and_then_how_things_are_again(windows: Windows, hall: Client) -> None:
    windows.press(2, "RECALL")
    windows.shows(2, "NO TICKET HERE")
    windows.shows(2, "FREE 0")


def test_a_whole_shift_by_call_pad_alone(windows: Windows, hall: Client) -> None:
    hall.do("1", "close")
    windows.shows(1, "CLOSED 0")
    first, gone, last = (issue(hall) for _ in range(3))
    windows.press(1, "PAUSE")
    windows.shows(1, "FREE 3")
    windows.press(1, "NEXT")
    windows.shows(1, f"{first} CALLED 2")
    windows.press(1, "START")
    windows.shows(1, f"{first} SERVE 2")
    windows.press(1, "NEXT")
    windows.shows(1, f"{gone} CALLED 1")
    windows.press(1, "NOSHOW")
    windows.shows(1, "FREE 1")
    windows.press(1, *last[1:], "CALL")
    windows.shows(1, f"{last} CALLED 0")
    windows.press(1, "START")
    windows.shows(1, f"{last} SERVE 0")
    windows.press(1, "FINISH")
    windows.shows(1, "FREE 0")
    windows.press(1, *gone[1:], "CALL")
    windows.shows(1, "WAITS AGAIN")
    windows.shows(1, "FREE 1")
    windows.press(1, "PAUSE")
    windows.shows(1, "PAUSED 1")
    windows.press(1, "FINISH")
    windows.shows(1, "CLOSED 1")
    assert state(hall, 1) == ("closed", None)
    outcomes = hall.get().json["tickets"]
    assert outcomes["waiting"] == 1


def test_a_usb_keypad_is_a_call_pad_too(windows: Windows, hall: Client) -> None:
    until(lambda: health(hall).get("3/call_pad") == "ready")
    label = issue(hall)
    windows.keypad.press(Key.KP_ENTER)
    until(lambda: state(hall, 3) == ("called", label))
    windows.keypad.press(Key.KP_MINUS)
    until(lambda: state(hall, 3) == ("open", None))
    windows.keypad.unplug()
    until(lambda: health(hall)["3/call_pad"] == "unplugged")
    windows.keypad.plug()
    until(lambda: health(hall)["3/call_pad"] == "ready")


def test_a_rating_pad_is_watched_but_nobody_is_asked_yet(windows: Windows, hall: Client) -> None:
    until(lambda: health(hall).get("1/rating_pad") == "ready")
    label = issue(hall)
    windows.press(1, "NEXT")
    windows.shows(1, f"{label} CALLED 0")
    windows.press(1, "START")
    windows.shows(1, f"{label} SERVE 0")
    windows.press(1, "FINISH")
    windows.shows(1, "FREE 0")
    assert not [question for question in windows.pads.asked if " ASK " in question]


# --- the program


def test_health_is_told_again_by_a_display_that_was_started_anew(
    windows: Windows, hall: Client, display: Display, server: Server
) -> None:
    everything = {"1/led_sign", "2/led_sign", "1/call_pad", "2/call_pad", "3/call_pad", "1/rating_pad"}
    until(lambda: health(hall).keys() == everything and set(health(hall).values()) == {"ready"})
    assert display.stop() == 0
    windows.card(2).power(False)
    seq = hall.seq
    display.start()
    until(lambda: health(hall)["2/led_sign"] == "silent")
    windows.card(2).power(True)
    until(lambda: health(hall)["2/led_sign"] == "ready")
    until(lambda: windows.pad(1).display.startswith("FREE"))
    until(lambda: {each["device"] for each in reports(server, seq)} == everything)
    told = reports(server, seq)
    assert [each["device"] for each in told].count("2/led_sign") == 2
    assert all(each["health"] != "unknown" for each in told)


def reports(server: Server, after: int) -> list[dict[str, Any]]:
    """The health reports in the hall's journal, from the feed."""
    client = server.client()
    last = client.seq
    request = urllib.request.Request(
        f"{server.url}/api/v1/halls/{HALL}/feed", headers={"Last-Event-ID": str(after), "Accept": "text/event-stream"}
    )
    found, event = [], {"id": "0"}
    with urllib.request.urlopen(request, timeout=20) as feed:
        while int(event["id"]) < last or "data" not in event:
            name, _, value = feed.readline().decode().rstrip("\n").partition(": ")
            if name == "id":
                event = {}
            event[name] = value
            if name == "data" and event["event"] == "DeviceReported":
                found.append(json.loads(value)["data"])
    return found


# --- orders


class Deaf(BaseHTTPRequestHandler):
    """Takes the first request and hangs up; answers the second."""

    keys: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.keys.append(self.headers["Idempotency-Key"])
        if len(self.keys) > 1:
            self.send_response(200)
            self.end_headers()

    def log_message(self, *_: object) -> None:
        """Not on the console."""


def test_an_order_without_an_answer_is_sent_again_with_the_same_key() -> None:
    handler = type("Handler", (Deaf,), {"keys": []})
    with HTTPServer(("127.0.0.1", 0), handler) as deaf:
        thread = threading.Thread(target=deaf.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            orders = Orders(f"http://127.0.0.1:{deaf.server_port}", HALL)
            assert orders.send(Order(path="/windows/1/open"), "press-1") is None
        finally:
            deaf.shutdown()
            thread.join()
    assert handler.keys == ["press-1", "press-1"]


def test_an_order_nobody_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        orders = Orders(f"http://127.0.0.1:{silent.getsockname()[1]}", HALL, patience=0.3)
        assert orders.send(Order(path="/windows/1/open"), "press-1") == Note.NO_ANSWER


@pytest.mark.parametrize("path", ["/windows/1/fly", "/windows/77/open"])
def test_what_the_hall_does_not_know_is_refused_with_a_reason_the_pad_has_words_for(server: Server, path: str) -> None:
    assert Orders(server.url, HALL).send(Order(path=path), "press-of-the-unknown") in {"not-found", "unknown-window"}
