"""From a press at a window to the screens of a hall. `python -m bench.display [--quick]`

20 boards, 60 signs and 400 phones hang on one display program; two of each are real Chromium pages, the rest raw
followers of the same streams. Printed are ms from the press (a request about to be sent) to
the call being in the page, beside two floors: a page in the same browser that a bare server writes one event to, by
turns with the presses, and a bare write loop to as many sockets, before and after. On a busy machine trust the ratios.

With `--day [--hours H] [--speed S]`: the calls of H hours at S times their speed before a board, a sign and a phone in
Chromium: which calls the board has not shown, and what the pages have gained in memory since a tenth of the time.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from bench.browser import chromium
from bench.machine import Server, hall_server
from bench.server import Table, bare_loop
from queue_server.cli import DEMO_CITY

HALL = "JR-CITY"
BOARDS, SIGNS, PHONES = 20, 60, 400
CHROMIUM = 2
"""Of each kind, in real pages."""
CALLS_AN_HOUR = 100
"""Of a hall that calls 2,400 times a day: at 60 times the speed 1.7 a second, of the 2.3 that 21 places of 9 s hold."""
UNLIMITED = "ACDEFGHJKL"
"""Queues of the demo's city hall that take any number of tickets."""
QUICK, FULL = 24, 60
"""Presses."""
UNTIL_SHOWN = 30
"""Seconds given to the last calls to find their place."""
MEMORY = "--js-flags=--expose-gc"

WATCH = """
window.seen = {};
const look = () => {
  for (const one of document.querySelectorAll("[data-label]")) window.seen[one.dataset.label] ??= Date.now();
  const called = document.querySelector("[data-called]:not([data-called=''])");
  if (called) window.seen.called ??= Date.now();
};
new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
"""
BARE_PAGE = b"""<!doctype html><title>bare</title><script>
window.seen = {}; new EventSource("/e").onmessage = ({data}) => (window.seen[data] = Date.now());</script>"""


class City:
    """The hall's API on one connection."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=30)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        content = None if body is None else json.dumps(body)
        self._connection.request(
            method, f"/api/v1/halls/{HALL}{path}", content, {"Content-Type": "application/json"} if content else {}
        )
        answer = self._connection.getresponse()
        told = json.loads(answer.read())
        if answer.status >= 500:
            raise SystemExit(f"{path}: {told}")
        return told

    def issue(self, queue: str) -> str:
        return str(self.ask("POST", "/tickets", {"queue": queue})["id"])

    def issue_service(self, service: str) -> str:
        return str(self.ask("POST", "/tickets", {"service": service})["id"])

    def do(self, window: str, action: str, **body: Any) -> Any:
        return self.ask("POST", f"/windows/{window}/{action}", body)

    def call(self, window: str, ticket: str) -> str:
        """The label called."""
        return str(self.do(window, "call", ticket=ticket)["ticket"]["label"])

    def free(self, window: str) -> None:
        """Whatever it is doing, done."""
        self.do(window, "no-show")
        self.do(window, "finish")

    def finish_all(self) -> None:
        for window in self.ask("GET", "")["windows"]:
            if window["state"] in {"called", "serving"}:
                self.free(window["code"])


@contextmanager
def hall(city: Path, folder: Path) -> Iterator[Server]:
    data = folder / "hall"
    data.mkdir()
    with hall_server(city, HALL, data) as server:
        yield server


@contextmanager
def display(server: Server, *options: str) -> Iterator[Server]:
    command = [
        sys.executable, "-m", "display", "--server", f"http://{server.host}:{server.port}", "--hall", HALL,
        "--port", "0", *options,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit("the display did not start")
        host, _, port = line.split("/")[2].partition(":")
        until_known(host, int(port))
        yield Server(process, host, int(port))
    finally:
        process.terminate()
        process.wait(10)


def until_known(host: str, port: int) -> None:
    """Until the display has heard of its hall."""
    for _ in range(200):
        connection = http.client.HTTPConnection(host, port, timeout=5)
        connection.request("GET", "/healthz")
        if connection.getresponse().status == 200:
            return
        time.sleep(0.05)
    raise SystemExit("the display does not hear its hall")


# --- raw followers, in a process of their own

_LABEL = re.compile(rb'data-label="([^"]+)"')
_CALLED = re.compile(rb'data-called="\d+"')


def follow(host: str, port: int, paths: list[str]) -> None:
    """Follow each page's stream, and print what is new on it: page number, label, time."""
    waiting = selectors.DefaultSelector()
    for number, path in enumerate(paths):
        page = socket.create_connection((host, port))
        page.sendall(f"GET {path}/changes HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        waiting.register(page, selectors.EVENT_READ, {"number": number, "rest": b"", "seen": set()})
    print("ready", flush=True)
    while True:
        for key, _ in waiting.select():
            received = key.fileobj.recv(1 << 18)  # type: ignore[union-attr]
            now = time.time()
            if not received:
                raise SystemExit("a follower was sent away")
            page = key.data
            *events, page["rest"] = (page["rest"] + received).split(b"\n\n")
            for event in events:
                labels = set(_LABEL.findall(event)) | ({b"called"} if _CALLED.search(event) else set())
                for label in labels - page["seen"]:
                    sys.stdout.write(f"{page['number']} {label.decode()} {now:.6f}\n")
                page["seen"] |= labels
            sys.stdout.flush()


@contextmanager
def followers(server: Server, paths: list[str]) -> Iterator[list[dict[str, float]]]:
    """Fills with label -> when it was first seen, for each page."""
    command = [sys.executable, "-m", "bench.display", "--follow", f"{server.host}:{server.port}"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n".join(paths))
    process.stdin.close()
    if process.stdout.readline().strip() != "ready":
        raise SystemExit("the followers did not connect")
    seen: list[dict[str, float]] = [{} for _ in paths]
    output = process.stdout

    def read() -> None:
        for line in output:
            number, label, at = line.split()
            seen[int(number)][label] = float(at)

    threading.Thread(target=read, daemon=True).start()
    try:
        yield seen
    finally:
        process.terminate()
        process.wait(10)


# --- press to screens


def opened(browser: Browser, url: str) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.add_init_script(WATCH)
    page.goto(url)
    page.wait_for_selector("[data-link=up]")
    return page


def seen_in(page: Page, label: str, since: float) -> float:
    """Ms from `since` to the page having it."""
    page.wait_for_function("label => window.seen[label]", arg=label, polling=50)
    return float(page.evaluate("label => window.seen[label]", label)) - since * 1000


def press_to_screens(folder: Path, presses: int) -> None:
    took: dict[str, list[float]] = {
        name: [] for name in ("the answer", "board", "sign", "phone", "raw boards", "raw sign", "raw phone")
    }
    followed = BOARDS + SIGNS + PHONES
    loop = bare_loop(followed, presses // 2)
    with hall(DEMO_CITY, folder) as server, display(server) as shown, chromium(MEMORY) as browser:
        city, url = City(server.host, server.port), f"http://{shown.host}:{shown.port}"
        bare = BarePage(browser)
        floor = []
        windows = [str(number) for number in range(1, SIGNS + 1)]
        for window in windows:
            city.do(window, "open")
        waiting = [city.issue("ABCDEFGHJKLZ"[n % 12]) for n in range(PHONES - CHROMIUM)]
        boards = [opened(browser, f"{url}/board") for _ in range(CHROMIUM)]
        signs = {window: opened(browser, f"{url}/windows/{window}/sign") for window in windows[:CHROMIUM]}
        paths = ["/board"] * (BOARDS - CHROMIUM)
        paths += [f"/windows/{window}/sign" for window in windows[CHROMIUM:]]
        paths += [f"/t/{ticket}" for ticket in waiting]
        raw_signs = BOARDS - CHROMIUM
        raw_phones = raw_signs + SIGNS - CHROMIUM
        with followers(shown, paths) as seen:
            for press in range(presses):
                own = press % 2 == 0  # by turns somebody with a page in Chromium, and somebody with a raw one
                window = windows[press // 2 % CHROMIUM] if own else windows[CHROMIUM + press // 2 % (SIGNS - CHROMIUM)]
                ticket = city.issue("A") if own else waiting[press // 2]
                phone = opened(browser, f"{url}/t/{ticket}") if own else None
                time.sleep(0.4)
                pressed = time.time()
                label = city.call(window, ticket)
                took["the answer"].append((time.time() - pressed) * 1000)
                took["board"] += [seen_in(page, label, pressed) for page in boards]
                if phone is not None:
                    took["sign"].append(seen_in(signs[window], label, pressed))
                    took["phone"].append(seen_in(phone, "called", pressed))
                    phone.context.close()
                took["raw boards"] += [_at(seen[n], label, pressed) for n in range(BOARDS - CHROMIUM)]
                if phone is None:
                    took["raw sign"].append(_at(seen[raw_signs + windows.index(window) - CHROMIUM], label, pressed))
                    took["raw phone"].append(_at(seen[raw_phones + press // 2], "called", pressed))
                city.free(window)
                time.sleep(0.1)
                floor.append(bare.once())
        print(
            f"{presses} presses; display {shown.memory():.0f} MB, {shown.cpu():.1f} s CPU;"
            f" hall {server.cpu():.1f} s CPU"
        )
    loop += bare_loop(followed, presses - presses // 2)
    print("\nms from the press")
    table = Table("where", "samples", "p50", "p99", "worst")
    for name, values in (*took.items(), ("bare page", floor), ("bare loop", loop)):
        values.sort()
        table.row(name, len(values), statistics.median(values), values[int(len(values) * 0.99)], values[-1])
    print("\nratios, p50")
    floors = {"the answer + bare page": statistics.median(took["the answer"]) + statistics.median(floor)}
    floors["the answer + bare loop"] = statistics.median(took["the answer"]) + statistics.median(loop)
    ratios = Table("where", *(f"÷ ({name})" for name in floors))
    for name in ("board", "sign", "phone", "raw boards", "raw sign", "raw phone"):
        ratios.row(name, *(statistics.median(took[name]) / value for value in floors.values()))


def _at(seen: dict[str, float], label: str, since: float) -> float:
    deadline = time.monotonic() + 10
    while label not in seen:
        if time.monotonic() > deadline:
            raise SystemExit(f"{label} did not reach a follower")
        time.sleep(0.001)
    return (seen[label] - since) * 1000


class BarePage:
    """A page of a server that only writes an event to it."""

    def __init__(self, browser: Browser) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._streams: list[socket.socket] = []
        self._written = 0
        threading.Thread(target=self._serve, daemon=True).start()
        self._page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
        self._page.goto(f"http://127.0.0.1:{self._listener.getsockname()[1]}/")
        while not self._streams:
            time.sleep(0.01)

    def _serve(self) -> None:
        while not self._streams:
            asked, _ = self._listener.accept()
            if asked.recv(1 << 16).startswith(b"GET /e "):
                asked.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
                asked.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._streams.append(asked)
                return
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            asked.sendall(head % len(BARE_PAGE) + BARE_PAGE)
            asked.close()

    def once(self) -> float:
        """Ms from the write of one event to the page having it."""
        self._written += 1
        began = time.time()
        self._streams[0].sendall(b"data: %d\n\n" % self._written)
        return seen_in(self._page, str(self._written), began)


# --- a day


def day(folder: Path, hours: float, speed: float) -> None:
    """Calls as they come in so many hours, faster; then what the pages have gained and missed."""
    calls = round(hours * CALLS_AN_HOUR)
    between = hours * 3600 / speed / calls
    with hall(DEMO_CITY, folder) as server, display(server) as shown, chromium(MEMORY) as browser:
        city, url = City(server.host, server.port), f"http://{shown.host}:{shown.port}"
        windows = [str(number) for number in range(1, SIGNS + 1)]
        for window in windows:
            city.do(window, "open")
        board, sign = opened(browser, f"{url}/board"), opened(browser, f"{url}/windows/1/sign")
        phone = opened(browser, f"{url}/t/{city.issue('Z')}")
        pages = {"board": board, "sign": sign, "phone": phone}
        called: set[str] = set()
        before: dict[str, tuple[float, int]] = {}
        started, turn = time.monotonic(), itertools.cycle(windows)
        for number in range(calls):
            window = next(turn)
            city.free(window)
            called.add(city.call(window, city.issue(UNLIMITED[number % len(UNLIMITED)])))
            if (number + 1) % (calls // 10) == 0:
                now = {name: heap(page) for name, page in pages.items()}
                before = before or now
                print(f"{number + 1} calls, heap MB", {name: round(mb, 2) for name, (mb, _) in now.items()}, flush=True)
            time.sleep(max(0.0, started + (number + 1) * between - time.monotonic()))
        took = time.monotonic() - started
        deadline = time.monotonic() + UNTIL_SHOWN
        while (missed := called - set(board.evaluate("Object.keys(window.seen)"))) and time.monotonic() < deadline:
            time.sleep(0.5)
        print(
            f"{calls} calls in {took / 60:.1f} min ({took * speed / 3600:.1f} h at {speed:.0f} x);"
            f" board missed {len(missed)}"
        )
        table = Table("page", "heap MB then", "heap MB now", "gained", "nodes then", "nodes now")
        for name, page in pages.items():
            (then, nodes_then), (last, nodes) = before[name], heap(page)
            table.row(name, then, last, f"{(last / then - 1) * 100:+.0f} %", nodes_then, nodes)
        print(f"display {shown.memory():.0f} MB, {shown.cpu():.1f} s CPU")


def heap(page: Page) -> tuple[float, int]:
    """MB of JavaScript in use after a collection, and nodes of the document."""
    client = page.context.new_cdp_session(page)
    for _ in range(2):
        client.send("HeapProfiler.collectGarbage")
    client.send("Performance.enable")
    told = {metric["name"]: metric["value"] for metric in client.send("Performance.getMetrics")["metrics"]}
    client.detach()
    return told["JSHeapUsedSize"] / 1e6, round(told["Nodes"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} presses instead of {FULL}; under two minutes.")
    parser.add_argument("--presses", type=int)
    parser.add_argument("--day", action="store_true")
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--speed", type=float, default=60)
    parser.add_argument("--follow", metavar="HOST:PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.follow:
        host, _, port = options.follow.partition(":")
        follow(host, int(port), sys.stdin.read().split())
        return
    with tempfile.TemporaryDirectory() as name:
        if options.day:
            day(Path(name), options.hours, options.speed)
        else:
            press_to_screens(Path(name), options.presses or (QUICK if options.quick else FULL))


if __name__ == "__main__":
    main()
