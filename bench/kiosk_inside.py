"""A kiosk that measures itself: the real app on a real station, and a finger that is in a thread of its own.

`bench.kiosk` starts it as a process. It must look from inside: only the process that draws knows when a frame is done
and what is on it, what the frame cost in CPU, and nothing is paid for a picture to be sent to whoever watches. It
prints a line of JSON for each thing found. With `--bare` it measures a window with one rectangle, the floor.

A reaction is the time from the finger's event to the first finished frame on which the place that should change has
other pixels than before. The event is queued as a touch panel's driver queues it, at any moment of the frame.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from devices.printer import Printer
from devices.transport import open_transport
from kiosk import fonts, window
from kiosk.admission import ADVISE
from kiosk.patience import PATIENCE
from queue_server.cli import DEMO_CITY
from queue_server.config import always_open, load
from queue_server.domain.configuration import Configuration

HALL, KIOSK = "JR-TOWN-HY", "K1"
WAIT = 60.0
PAGE_BYTES = os.sysconf("SC_PAGESIZE")

T = TypeVar("T")
Place = tuple[int, int, int, int]
"""Left, bottom, width and height in pixels of the window."""


def tell(what: str, **facts: object) -> None:
    print(json.dumps({"what": what, **facts}), flush=True)


def cost_of_process() -> dict[str, float]:
    """What the process holds now: resident MB, open descriptors, threads."""
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES / 1e6
    return {
        "mb": resident,
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": len(os.listdir("/proc/self/task")),
    }


class Work:
    """CPU used since this was made: of the process, and on the path to a frame.

    The path is Kivy's thread and the busiest of the threads that draw: what a frame takes on a machine with nothing
    else to do, which the clock on the wall does not say of a busy one.
    """

    def __init__(self) -> None:
        self._process, self._threads = time.process_time(), self._used()

    def _used(self) -> dict[int, float]:
        """Seconds by thread, of those on the path."""
        tasks = [Path(f"/proc/self/task/{tid}") for tid in os.listdir("/proc/self/task")]
        drawing = [int(task.name) for task in tasks if (task / "comm").read_text().startswith("llvmpipe")]
        # A thread's CPU clock as in Linux's include/linux/posix-timers.h: ~tid << 3 | CPUCLOCK_PERTHREAD | _SCHED.
        return {tid: time.clock_gettime(~tid << 3 | 6) for tid in (os.getpid(), *drawing)}

    def spent(self) -> dict[str, float]:
        """ms."""
        now = self._used()
        used = {tid: seconds - self._threads.get(tid, 0) for tid, seconds in now.items()}
        path = used.pop(os.getpid()) + max(used.values(), default=0)
        return {"cpu_ms": (time.process_time() - self._process) * 1000, "path_ms": path * 1000}


class Eyes:
    """Sees finished frames. Made in Kivy's thread; the rest is for the finger's."""

    def __init__(self, quiet: float) -> None:
        """A screen that has drawn nothing for `quiet` seconds is at rest."""
        from kivy.core.window import Window

        self._quiet = quiet
        self.frames = 0
        self._last_frame = time.perf_counter()
        self._watched: tuple[Place, bytes] | None = None
        self._since: Work | None = None
        self._seen: SimpleQueue[dict[str, float]] = SimpleQueue()
        Window.bind(on_flip=self._flipped)

    def _flipped(self, *_: object) -> None:
        from kivy.graphics.opengl import glFinish

        glFinish()
        self.frames, self._last_frame = self.frames + 1, time.perf_counter()
        if self._watched is None or self._since is None:
            return
        spent = self._since.spent()
        if self._pixels(self._watched[0]) != self._watched[1]:
            self._watched = None
            self._seen.put({"at": self._last_frame, **spent})

    def _pixels(self, place: Place) -> bytes:
        from kivy.graphics.opengl import GL_RGBA, GL_UNSIGNED_BYTE, glReadPixels

        return bytes(glReadPixels(*place, GL_RGBA, GL_UNSIGNED_BYTE))

    def watch(self, place: Place) -> None:
        """Remember what is there now. In Kivy's thread."""
        self._watched = (place, self._pixels(place))

    def expect(self) -> None:
        """From now on a change is what is waited for."""
        self._since = Work()

    def seen(self) -> dict[str, float]:
        """When the place had changed (`at`, s), and what was spent by then."""
        found = self._seen.get(timeout=WAIT)
        self._since = None
        return found

    def rest(self, times: float = 1) -> None:
        """Wait until the screen is at rest, or has been for so many times as long as that takes."""
        deadline = time.perf_counter() + WAIT
        while time.perf_counter() < self._last_frame + times * self._quiet:
            if time.perf_counter() > deadline:
                raise TimeoutError("the screen never rests")
            time.sleep(0.02)


def asked(question: Callable[[], T]) -> T:
    """The answer of Kivy's thread."""
    from kivy.clock import Clock

    answers: SimpleQueue[T] = SimpleQueue()
    Clock.schedule_once(lambda _: answers.put(question()))
    return answers.get(timeout=WAIT)


class Finger:
    """Touches the window and times what comes of it."""

    def __init__(self, eyes: Eyes, phase: str) -> None:
        from kivy.base import EventLoop

        from kiosk.live import RemoteTouches

        self.eyes, self.phase = eyes, phase
        self._touches = RemoteTouches()
        EventLoop.add_input_provider(self._touches)
        self._random = random.Random(1)
        self.at = (0.5, 0.5)

    def put(self, kind: str, x: float, y: float) -> None:
        """x and y from 0 to 1, from the top left corner."""
        self.at = (x, y)
        self._touches.touch(kind, x, y)

    def react(self, what: str, place: Callable[[], Place], kind: str, x: float, y: float) -> None:
        """Time one event of the finger until `place` looks different, and tell it."""
        self.eyes.rest()
        asked(lambda: self.eyes.watch(place()))
        time.sleep(self._random.random() / window.FRAMES)  # any moment of a frame
        self.eyes.expect()
        began = time.perf_counter()
        self.put(kind, x, y)
        seen = self.eyes.seen()
        took = (seen.pop("at") - began) * 1000
        tell("reaction", of=what, phase=self.phase, ms=took, **seen)

    def drag(self, reach: float, seconds: float, what: str) -> None:
        """Move a finger that is down up and down by `reach`; tell the frames drawn meanwhile and what they cost."""
        x, y = self.at
        work, began, frames = Work(), time.perf_counter(), self.eyes.frames
        while (passed := time.perf_counter() - began) < seconds:
            self.put("move", x, y - reach * (1 - math.cos(passed * 3)) / 2)
            time.sleep(0.008)  # a touch panel reports about 120 times a second
        passed, spent = time.perf_counter() - began, work.spent()
        drawn = max(1, self.eyes.frames - frames)
        each = {name: ms / drawn for name, ms in spent.items()}
        tell("scrolling", of=what, phase=self.phase, fps=drawn / passed, **each)

    def idle(self, seconds: float) -> None:
        """Nobody touches anything: what does that cost?"""
        self.eyes.rest(10)  # what was let go is tidied up by then
        began, cpu = time.perf_counter(), time.process_time()
        time.sleep(seconds)
        share = (time.process_time() - cpu) / (time.perf_counter() - began)
        tell("idle", phase=self.phase, percent=share * 100)


class Visitor:
    """Finds things on the kiosk's screen and touches them."""

    def __init__(self, finger: Finger, root: Any, hall: Configuration) -> None:
        self.finger, self._root = finger, root
        wanted = [s for s in hall.services if s.assist != ADVISE and s.closed is None]
        self.errands = [(queue.code, next(s.code for s in wanted if s.queue == queue.code)) for queue in hall.queues]
        has_materials = [s for s in wanted if s.disclosures is not None]
        longest = max(has_materials, key=lambda s: len(str(s.disclosures)))
        self.longest = longest.queue, longest.code

    def spot(self, tag: str) -> dict[str, Any]:
        """Where the thing of this tag is, once it is there to be touched."""
        self._until_shown(lambda: self._is_there(tag), tag)
        return next(target for target in self._targets() if target["tag"] == tag)

    def _until_shown(self, condition: Callable[[], bool], what: str) -> None:
        """Ask again only after another frame: to look costs as much as many a frame."""
        looked = -1

        def shown() -> bool:
            nonlocal looked
            if looked == self.finger.eyes.frames:
                return False
            looked = self.finger.eyes.frames
            return asked(condition)

        _until(shown, what)

    def _is_there(self, tag: str) -> bool:
        """Quicker than to describe all the screen, for looking again and again."""
        return any(getattr(w, "tag", "") == tag and not w.disabled for w in self._root.frame.walk(restrict=True))

    def middle(self, spot: dict[str, Any]) -> tuple[float, float]:
        return (spot["x"] + spot["w"] / 2) / self._root.width, (spot["y"] + spot["h"] / 2) / self._root.height

    def tap(self, tag: str) -> float:
        """Touch it and let go, without looking; when it was let go (`time.monotonic`)."""
        x, y = self.middle(self.spot(tag))
        self.finger.put("down", x, y)
        self.finger.put("up", x, y)
        return time.monotonic()

    def press(self, tag: str, pressed: str, released: str, shown: Callable[[], Place] | None = None) -> None:
        """Time both how `tag` looks once the finger is on it, and what `shown` (the page) looks like once it is off."""
        spot = self.spot(tag)
        x, y = self.middle(spot)
        itself = (spot["x"], round(self._root.height) - spot["y"] - spot["h"], spot["w"], spot["h"])
        self.finger.react(pressed, lambda: itself, "down", x, y)
        self.finger.react(released, shown or self._page, "up", x, y)

    def _page(self) -> Place:
        return _box(self._root.frame.ids.place)

    def _first(self, kind: str, under: str = "") -> Place:
        """The first widget of this class, under the target of this tag."""
        start = next((w for w in self._root.walk() if getattr(w, "tag", "") == under), self._root)
        return _box(next(w for w in start.walk() if type(w).__name__ == kind))

    def walk_through(self) -> None:
        """What residents do, each thing timed: from the first screen and back to it."""
        queue, service = self.errands[0]
        self.press(f"queue:{queue}", "press a queue", "queues -> services")
        self.press(f"service:{service}", "press a service", "services -> reading")
        self.press("material:0", "press a material", "tick a material", lambda: self._first("Mark", "material:0"))
        self.press("back", "press back", "reading -> services")
        self.press("back", "press back", "services -> queues")
        self.press("search", "press search", "queues -> search")
        for key in "sb":
            self.press(f"key:{key}", "press a key", "type a letter", lambda: self._first("Typed"))
        self.press("back", "press back", "search -> queues")
        for mode in ("large", "contrast", "low"):
            self.press(f"comfort:{mode}", "press a mode", f"{mode} on")
            self.press(f"comfort:{mode}", "press a mode", f"{mode} off")
        self.press("language:en", "press a language", "language")
        self.press("language:zh", "press a language", "language")

    def scroll(self, seconds: float) -> None:
        """The service that has the most to say, in large type."""
        queue, service = self.longest
        self.tap("comfort:large")
        self.tap(f"queue:{queue}")
        self.spot("back")
        while all(target["tag"] != f"service:{service}" for target in self._targets()):
            self.tap("scroll:down")
            self.finger.eyes.rest()
        self.tap(f"service:{service}")
        x, y = self.middle(self.spot("material:0"))
        self.finger.eyes.rest()
        self.finger.put("down", x, y)
        self.finger.drag(0.3, seconds, "a long page")
        self.finger.put("up", *self.finger.at)
        self.finger.eyes.rest()
        self.tap("home")
        self.tap("comfort:large")

    def _targets(self) -> list[dict[str, Any]]:
        from kiosk.live import describe

        targets: list[dict[str, Any]] = asked(lambda: describe(self._root)["targets"])
        return targets

    def take(self, number: int, *, timed: bool = False) -> None:
        """Take a ticket, for another errand each time; now and then in large type, in English, by searching."""
        queue, service = self.errands[number % len(self.errands)]
        another = [tag for every, tag in ((7, "comfort:large"), (11, "language:en")) if number % every == every - 1]
        for tag in another:
            self.tap(tag)
        if number % 13 == 12:
            self.tap("search")
            self.tap("key:s")
            self.spot("key:b")
            self.tap("back")
        self.tap(f"queue:{queue}")
        self.tap(f"service:{service}")
        self.spot("confirm")
        if timed:
            self.finger.eyes.rest()
        at = self.tap("confirm")
        if timed:
            tell("confirmed", phase=self.finger.phase, at=at)
        self._until_shown(lambda: type(self._root.frame.ids.place.children[0]).__name__ == "SlipPage", "a ticket")
        self.tap("home")  # it ends with this resident, and so do large type and English

    def take_many(self, tickets: int, steps: int = 10) -> None:
        """Tell what the process holds after each tenth of them, and what one cost."""
        for step in range(steps):
            count = tickets * (step + 1) // steps - tickets * step // steps
            began, cpu = time.perf_counter(), time.process_time()
            for number in range(count):
                self.take(tickets * step // steps + number)
            if count:
                spent, passed = time.process_time() - cpu, time.perf_counter() - began
                each = {"cpu_ms": spent * 1000 / count, "ms": passed * 1000 / count}
                tell("memory", tickets=tickets * (step + 1) // steps, **cost_of_process(), **each)


def _box(widget: Any) -> Place:
    """The part of the window that a widget takes."""
    x, y = widget.to_window(widget.x, widget.y)
    left, bottom = max(0, round(x)), max(0, round(y))
    return left, bottom, round(widget.width), round(widget.height)


def kiosk(options: argparse.Namespace) -> int:
    configuration = always_open(load(DEMO_CITY).configuration(HALL))
    window.prepare(size=options.size, faces=fonts.faces(), home=options.data / "kivy")

    from kiosk.app import KioskApp
    from kiosk.station import Station

    # Nobody is sent away, and nobody has to wait before touching the next screen: the finger waits where it must.
    app = KioskApp(patience=replace(PATIENCE.scaled(100), settle=0))
    station = Station(
        configuration=configuration, kiosk=KIOSK, printer=Printer(open_transport(options.printer)),
        folder=options.data, public_url=options.server, server=options.server, answer=app.post,
    )  # fmt: skip

    def measure(root: Any) -> None:
        tell("opened", at=time.monotonic())
        eyes = Eyes(options.quiet)

        def connected() -> bool:
            from queue_server.journal.replica import clock

            around = station.around(clock())
            return around.connected and bool(around.queues)

        def work() -> None:
            finger = Finger(eyes, "hall")
            visitor = Visitor(finger, root, configuration)
            _until(connected, "the hall")
            eyes.rest(4)  # the other pages are rehearsed by then
            tell("memory", tickets=0, **cost_of_process())
            _round(visitor, options, options.rounds)
            visitor.take_many(options.tickets)
            finger.phase = "silent"
            _asks_for("silence")
            visitor.take(0, timed=True)
            finger.phase = "cut off"
            _asks_for("cut")
            _until(lambda: not connected(), "the end of the hall")
            _round(visitor, options, options.rounds // 2)
            tell("memory", tickets=options.tickets, **cost_of_process(), last=True)

        _in_a_thread(work, app.leave)

    station.start()
    try:
        app.show(station, opened=measure)
    finally:
        station.stop()
    return app.status


def _round(visitor: Visitor, options: argparse.Namespace, walks: int) -> None:
    for _ in range(walks):
        visitor.walk_through()
    visitor.scroll(options.seconds)
    for number in range(options.rounds):
        visitor.take(number, timed=True)
    visitor.finger.idle(options.seconds * 2)


def bare(options: argparse.Namespace) -> int:
    """One rectangle that changes its colour when touched and follows the finger."""
    window.prepare(size=options.size, faces=fonts.faces(), home=options.data / "kivy")

    from kivy.app import App
    from kivy.clock import Clock
    from kivy.core.window import Window
    from kivy.graphics import Color, Rectangle
    from kivy.graphics.opengl import glFinish
    from kivy.uix.widget import Widget

    class Page(Widget):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            with self.canvas:
                self._colour = Color(1, 1, 1, 1)
                self._drawn = Rectangle(pos=(0, 0), size=Window.size)

        def on_touch_down(self, _: object) -> None:
            self._colour.rgb = (0, 0, 1)

        def on_touch_up(self, _: object) -> None:
            self._colour.rgb = (1, 1, 1)

        def on_touch_move(self, touch: Any) -> None:
            self._drawn.pos = (0, touch.y - Window.height / 2)

    status = []

    class Bare(App):  # type: ignore[misc]
        def build(self) -> Page:
            Window.bind(on_flip=lambda _: glFinish())  # as kiosk.app does
            return Page()

        def on_start(self) -> None:
            tell("opened", at=time.monotonic())
            eyes = Eyes(options.quiet)

            def work() -> None:
                finger = Finger(eyes, "bare")
                eyes.rest()
                tell("memory", tickets=0, **cost_of_process())
                for _ in range(options.rounds * 5):
                    for kind in ("down", "up"):
                        finger.react(kind, lambda: (0, 0, *options.size), kind, 0.5, 0.5)
                finger.put("down", 0.5, 0.5)
                finger.drag(0.3, options.seconds, "one rectangle")
                finger.put("up", 0.5, 0.5)
                finger.idle(options.seconds * 2)

            def leave(failed: int = 0) -> None:
                status.append(failed)
                Clock.schedule_once(lambda _: self.stop())

            _in_a_thread(work, leave)

    Bare().run()
    return max(status, default=1)


def _in_a_thread(work: Callable[[], None], leave: Callable[[int], None]) -> None:
    """Do the work beside Kivy, then leave the window; with status 1 if it failed."""

    @contextmanager
    def leaving() -> Iterator[None]:
        status = 1
        try:
            yield
            status = 0
        finally:
            leave(status)

    def run() -> None:
        with leaving():
            work()

    threading.Thread(target=run, name="finger", daemon=True).start()


def _asks_for(what: str) -> None:
    """Have `bench.kiosk` do something to the hall, and wait until it is done."""
    tell(what)
    sys.stdin.readline()


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {WAIT} s in vain for {what}")
        time.sleep(0.005)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--size", type=lambda text: tuple(map(int, text.split("x"))), required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--quiet", type=float, required=True)
    parser.add_argument("--tickets", type=int, default=0)
    parser.add_argument("--printer")
    parser.add_argument("--server")
    options = parser.parse_args()
    sys.exit(bare(options) if options.bare else kiosk(options))


if __name__ == "__main__":
    main()
