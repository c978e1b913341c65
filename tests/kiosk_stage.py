"""Every screen a kiosk can show, looked at for text that is cut off, sticks out or lies over other text.

    python kiosk_stage.py CITY.YAML HALL 1080x1920

Prints what it found, as JSON: {"screens": how many, "faults": […]}. A program of its own, since Kivy has one window.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from kiosk import flow, fonts, window
from kiosk.flow import Failure, HandedOut, Session
from kiosk.surroundings import Closed, QueueNow, Surroundings
from kiosk.texts import load
from kiosk.views import View, view
from queue_server.config import load as load_city
from queue_server.domain.calendar import instant
from queue_server.domain.configuration import Configuration

BUSY = QueueNow(waiting=128, wait=(105, 160), windows=tuple(str(n) for n in range(1, 20, 2)))


def sessions(hall: Configuration) -> Iterator[flow.Screen]:
    yield flow.ChoosingQueue()
    for queue in hall.queues:
        yield flow.ChoosingService(queue=queue.code)
        yield flow.Reading(queue=queue.code, service=None)
    for service in hall.services:
        yield flow.Reading(queue=service.queue, service=service.code)
    yield flow.Issuing(queue=hall.queues[0].code, service=None, order=1)
    for why in Failure:
        yield flow.Apologising(why=why, order=1)
    for service in (max(hall.services, key=lambda s: len(s.name.zh)), max(hall.services, key=lambda s: len(s.name.en))):
        for on_paper in (True, False):
            yield flow.Showing(
                ticket=HandedOut(
                    ticket="t", label=f"{service.queue}9001", queue=service.queue, service=service.code, at=0,
                    ahead=128, wait=BUSY.wait, windows=BUSY.windows, on_paper=on_paper,
                )
            )  # fmt: skip


def views(hall: Configuration) -> Iterator[tuple[str, View]]:
    now = instant(hall.timezone, "2026-11-30", "10:38")
    busy = Surroundings(configuration=hall, queues={queue.code: BUSY for queue in hall.queues})
    for language in load():
        for screen in sessions(hall):
            session = Session(screen=screen, language=language)
            yield f"{language} {screen}", view(session, busy, load(), now=now, at=0)
        first = [flow.ChoosingQueue(), flow.Reading(queue=hall.queues[0].code, service=hall.services[0].code)]
        for closed in (None, *Closed):
            around = replace(busy, queues={}, closed=closed, numbers_from=now, break_until=now, connected=False)
            for screen in first:
                session = Session(screen=screen, language=language)
                yield f"{language} {closed} {screen}", view(session, around, load(), now=now, at=0)
        yield f"{language} still there?", view(session, busy, load(), now=now, at=flow.PATIENCE.reading - 5)


def overlaps(texts: list[dict[str, Any]]) -> Iterator[str]:
    """Pairs of texts that lie over each other by more than the air around letters."""
    for n, a in enumerate(texts):
        for b in texts[:n]:
            wide = min(a["x"] + a["w"], b["x"] + b["w"]) - max(a["x"], b["x"])
            high = min(a["y"] + a["h"], b["y"] + b["h"]) - max(a["y"], b["y"])
            if wide > 2 and high > 6:
                yield f"{a['text']!r} lies over {b['text']!r}"


def main(city: str, hall: str, size: str) -> None:
    width, height = map(int, size.split("x"))
    configuration = load_city(Path(city)).configuration(hall)
    with tempfile.TemporaryDirectory() as folder:
        window.prepare(size=(width, height), faces=fonts.faces(), home=Path(folder))
        faults = list(play(configuration))
    sys.stdout.write(json.dumps({"screens": len(list(views(configuration))), "faults": faults}, ensure_ascii=False))


def play(hall: Configuration) -> Iterator[str]:
    from kivy.base import EventLoop
    from kivy.clock import Clock
    from kivy.core.window import Window

    from kiosk.live import describe
    from kiosk.screens.frame import Root

    root = Root(lambda _: None)
    Window.add_widget(root)
    EventLoop.start()
    Clock._max_fps = 0
    for name, shown in views(hall):
        root.present(shown, entered=True)
        for _ in range(4):  # layouts settle within a few passes; nothing is drawn
            Clock.tick()
            Clock.tick_draw()
        screen = describe(root)
        veiled = shown.still_there is not None
        yield from (f"{name}: cut: {spot['text']!r}" for spot in screen["texts"] if spot["cut"])
        yield from (f"{name}: {fault}" for fault in overlaps(screen["texts"]) if not veiled)
        yield from (
            f"{name}: {spot['tag']} is small: {spot['w']}x{spot['h']}"
            for spot in screen["targets"]
            if spot["whole"] and min(spot["w"], spot["h"]) < 90
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
