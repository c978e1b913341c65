"""The kiosk's live picture on a local web page, which also passes touches: for a demo or a test without a display.

`/` the page, `/live` the picture as MJPEG, `/picture.png` one frame, `/screen` what is written where, as JSON,
`POST /touch {kind: down|move|up, x, y}` a touch, x and y from 0 to 1 from the top left corner.
Frames are only read from the graphics memory while somebody looks.
"""

from __future__ import annotations

import io
import json
import math
import queue
import threading
import time
from collections import deque
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias

from kivy.base import EventLoop
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.graphics.opengl import GL_RGBA, GL_UNSIGNED_BYTE, glReadPixels
from kivy.input.motionevent import MotionEvent
from kivy.input.provider import MotionEventProvider
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.label import Label
from kivy.uix.scrollview import ScrollView
from kivy.uix.widget import Widget
from PIL import Image

from kiosk.screens.parts import Card, Phrase, Target

EVERYWHERE = (-math.inf, -math.inf, math.inf, math.inf)
SEEN = 0.01
"""Opacity below which a thing is not seen."""
SOONEST = 0.08
"""Seconds between two frames at least."""
LONGEST_BODY = 1000
WAIT = 10.0
Box: TypeAlias = tuple[float, float, float, float]
"""Left, bottom, right, top."""
PAGE = Path(__file__).with_name("live.html")


class Frames:
    """The newest picture, for any number of threads that look."""

    def __init__(self) -> None:
        self._fresh = threading.Condition()
        self._watchers = 0
        self._taken_at = 0.0
        self._frame: tuple[int, tuple[int, int], bytes] = (0, (0, 0), b"")
        Window.bind(on_flip=self._flipped)

    def _flipped(self, *_: object) -> None:
        """A new frame stands in the back buffer."""
        if not self._watchers:
            return
        wait = self._taken_at + SOONEST - time.monotonic()
        if wait > 0:
            Clock.unschedule(self._draw)
            Clock.schedule_once(self._draw, wait)
            return
        self._taken_at = time.monotonic()
        width, height = Window.system_size
        pixels = glReadPixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE)
        with self._fresh:
            self._frame = (self._frame[0] + 1, (width, height), pixels)
            self._fresh.notify_all()

    def _draw(self, *_: object) -> None:
        Window.canvas.ask_update()

    def watch(self) -> Generator[Image.Image, None, None]:
        """Frames from now on, as they change; one every `WAIT` seconds if nothing changes."""
        with self._fresh:
            self._watchers += 1
            seen = self._frame[0]
        Clock.schedule_once(self._draw)
        try:
            while True:
                with self._fresh:
                    self._fresh.wait_for(lambda: self._frame[0] != seen, timeout=WAIT)  # noqa: B023 - called at once
                    seen, size, pixels = self._frame
                if pixels:
                    yield Image.frombuffer("RGBA", size, pixels, "raw", "RGBA", 0, -1).convert("RGB")
        finally:
            with self._fresh:
                self._watchers -= 1
                if not self._watchers:
                    self._frame = (self._frame[0], (0, 0), b"")


class RemoteTouch(MotionEvent):  # type: ignore[misc]
    """One finger on the picture."""

    def __init__(self, *arguments: Any, **properties: Any) -> None:
        super().__init__(*arguments, is_touch=True, type_id="touch", **properties)

    def depack(self, place: tuple[float, float]) -> None:
        self.sx, self.sy = place
        self.profile = ["pos"]
        super().depack(place)


class RemoteTouches(MotionEventProvider):  # type: ignore[misc]
    """Touches from the page, given to Kivy as those of any touch panel."""

    def __init__(self) -> None:
        super().__init__("page", "")
        self._arrived: deque[tuple[str, float, float]] = deque()
        self._finger: RemoteTouch | None = None
        self._count = 0

    def touch(self, kind: str, x: float, y: float) -> None:
        """From any thread."""
        self._arrived.append((kind, x, 1 - y))

    def update(self, dispatch_fn: Any) -> None:
        """One thing a finger does for each frame, as with a real panel; of several moves the last one."""
        while len(self._arrived) > 1 and self._arrived[0][0] == self._arrived[1][0] == "move":
            self._arrived.popleft()
        if not self._arrived:
            return
        kind, x, y = self._arrived.popleft()
        if kind == "down" and self._finger is None:
            self._count += 1
            self._finger = RemoteTouch(self.device, self._count, (x, y))
            dispatch_fn("begin", self._finger)
        elif self._finger is not None:
            self._finger.move((x, y))
            dispatch_fn("end" if kind == "up" else "update", self._finger)
            if kind == "up":
                self._finger = None


class Live:
    """The web page of a running kiosk. Make it in Kivy's thread, after the window is open."""

    def __init__(self, root: Widget, port: int) -> None:
        """OSError if the port is taken. `port` 0 takes a free one."""
        self.root = root
        self.frames = Frames()
        self.touches = RemoteTouches()
        EventLoop.add_input_provider(self.touches)
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self.port: int = self._server.server_port
        threading.Thread(target=self._server.serve_forever, name="live picture", daemon=True).start()

    def screen(self) -> dict[str, Any]:
        """Every text that can be seen and everything that can be touched, with their places. From any thread."""
        found: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        Clock.schedule_once(lambda _: found.put(describe(self.root)))
        return found.get(timeout=WAIT)


def describe(root: Widget) -> dict[str, Any]:
    """The widgets under `root` that show text or can be touched; what is scrolled away is left out.

    Boxes are the parts that are seen, in pixels of the window, y downwards; `whole` if that is all of it. A text is
    `cut` when its picture is larger than its place, or sticks out of the card or button it is on or of the window.
    """
    texts: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []

    def visit(widget: Widget, clip: Box, holder: Box, scrolls: bool) -> None:
        if widget.opacity < SEEN:
            return
        x, y = widget.to_window(widget.x, widget.y)
        place = (x, y, x + widget.width, y + widget.height)
        if isinstance(widget, ScrollView):
            clip, holder, scrolls = _common(clip, place), EVERYWHERE, True
        left, bottom, right, top = _common(clip, place)
        if right > left and top > bottom:
            box = {"x": round(left), "y": round(root.height - top), "w": round(right - left), "h": round(top - bottom)}
            whole = _within(place, clip)
            if isinstance(widget, Label | Phrase) and widget.text:
                wide, high = widget.drawn_size if isinstance(widget, Phrase) else widget.texture_size
                cut = wide > widget.width + 1 or high > widget.height + 1 or not _within(place, holder)
                cut = cut or not (scrolls or _within(place, window))
                texts.append({"text": widget.text, "cut": cut, "whole": whole, **box})
            if isinstance(widget, ButtonBehavior) and not widget.disabled:
                targets.append({"tag": getattr(widget, "tag", ""), "whole": whole, **box})
        if isinstance(widget, Card | Target):
            holder = place
        for child in reversed(widget.children):
            visit(child, clip, holder, scrolls)

    window = (0.0, 0.0, root.width, root.height)
    visit(root, window, window, False)
    return {"width": round(root.width), "height": round(root.height), "texts": texts, "targets": targets}


def _within(a: Box, b: Box) -> bool:
    """Whether `a` lies in `b`, give or take a pixel."""
    return a[0] >= b[0] - 1 and a[1] >= b[1] - 1 and a[2] <= b[2] + 1 and a[3] <= b[3] + 1


def _common(a: Box, b: Box) -> Box:
    return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])


def _encoded(picture: Image.Image, kind: str) -> bytes:
    output = io.BytesIO()
    picture.save(output, kind, quality=82)
    return output.getvalue()


def _handler(live: Live) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if not self._is_local():
                return
            match self.path.partition("?")[0]:
                case "/":
                    self._answer(PAGE.read_bytes(), "text/html; charset=utf-8")
                case "/screen":
                    self._answer(json.dumps(live.screen(), ensure_ascii=False).encode(), "application/json")
                case "/picture.png":
                    self._picture()
                case "/live":
                    self._stream()
                case _:
                    self.send_error(404)

        def do_POST(self) -> None:
            if not self._is_local():
                return
            # A page of another site can post plain text here without asking, but not JSON.
            if self.path != "/touch" or self.headers.get_content_type() != "application/json":
                self.send_error(404)
                return
            length = min(int(self.headers.get("Content-Length", 0)), LONGEST_BODY)
            try:
                body = json.loads(self.rfile.read(length))
                kind, x, y = body["kind"], float(body["x"]), float(body["y"])
            except (ValueError, KeyError, TypeError):
                self.send_error(400)
                return
            live.touches.touch(kind, x, y)
            self._answer(b"{}", "application/json")

        def _is_local(self) -> bool:
            """Whether the page was asked for by a local name: no other site may reach it through its own."""
            host = self.headers.get("Host", "").rpartition(":")[0]
            if host in {"127.0.0.1", "localhost"}:
                return True
            self.send_error(403)
            return False

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def _picture(self) -> None:
            frames = live.frames.watch()
            try:
                self._answer(_encoded(next(frames), "png"), "image/png")
            finally:
                frames.close()

        def _stream(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            frames = live.frames.watch()
            try:
                for picture in frames:
                    frame = _encoded(picture.reduce(2) if max(picture.size) > 1200 else picture, "jpeg")
                    self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(frame))
                    self.wfile.write(frame + b"\r\n")
            except OSError:
                pass  # whoever looked has gone
            finally:
                frames.close()

        def log_message(self, *_: object) -> None:
            pass

    return Handler
