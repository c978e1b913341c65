"""Every screen a kiosk can show, looked at for text that is cut off, sticks out or lies over other text, and for
things to touch that are too small or out of reach.

    python kiosk_stage.py CITY.YAML HALL 1080x1920 [PANEL_WIDTHxHEIGHT in mm]

Prints what it found, as JSON: {"screens": how many, "faults": […]}. A program of its own, since Kivy has one window.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from kiosk import examples, fonts, pages, window
from kiosk import session as s
from kiosk.examples import Example
from kiosk.session import FIRST_LANGUAGE, Comfort, Session
from kiosk.texts import load
from kiosk.views import view
from queue_server.config import load as load_city
from queue_server.domain.configuration import Configuration, Service


def longest(hall: Configuration) -> list[Service]:
    """The services that have the most to say, in one way or another."""
    found = (
        max(hall.services, key=lambda service: len(service.name.zh)),
        max(hall.services, key=lambda service: len(service.name.en)),
        max(hall.services, key=lambda service: len(service.disclosures.materials) if service.disclosures else 0),
        max(hall.services, key=lambda service: len(str(service.disclosures))),
    )
    return list(dict.fromkeys(found))


def lists(hall: Configuration) -> Iterator[Example]:
    """Every queue's services, and the longest services."""
    around = examples.surroundings(hall)
    for queue in hall.queues:
        for screen in (s.ChoosingService(queue=queue.code), s.Reading(queue=queue.code, service=None)):
            yield Example(name=f"{queue.code}", session=Session(screen=screen), around=around)
    yield from readings(hall, longest(hall))


def readings(hall: Configuration, services: Iterable[Service]) -> Iterator[Example]:
    around = examples.surroundings(hall)
    for service in services:
        screen = s.Reading(queue=service.queue, service=service.code)
        yield Example(name=service.code, session=Session(screen=screen), around=around)


def looked_at(hall: Configuration, language: str) -> Iterator[tuple[Comfort, Example]]:
    """All screens as they usually are and, where they have least room, those that say most.

    What is slow and alike is looked at in one language only: every service, and the harder screens in large type.
    """
    wide, long, *_ = longest(hall)
    usual, hard = list(examples.examples(hall, wide)), list(examples.harder(hall, long))
    is_first = language == FIRST_LANGUAGE
    most = list(readings(hall, longest(hall)))
    for comfort, shown in (
        (Comfort(), (*usual, *hard, *lists(hall), *(readings(hall, hall.services) if is_first else ()))),
        (Comfort(large=True), (*usual, *most, *(hard if is_first else ()))),
        (Comfort(contrast=True), usual[:2]),  # as large as usual
        (Comfort(low=True), (*usual, *most)),
        (Comfort(large=True, contrast=True, low=True), (*usual, *most, *(() if is_first else hard))),
    ):
        yield from ((comfort, example) for example in shown)


def views(hall: Configuration) -> Iterator[tuple[str, pages.View]]:
    for language in load():
        for comfort, example in looked_at(hall, language):
            session = replace(example.session, language=language, comfort=comfort)
            modes = "+".join(name for name, on in vars(comfort).items() if on)
            name = f"{language} {modes} {example.name}"
            yield name, view(session, example.around, load(), now=example.around.now, at=example.at)


def overlaps(texts: list[dict[str, Any]]) -> Iterator[str]:
    """Pairs of texts that lie over each other by more than the air around letters."""
    for n, a in enumerate(texts):
        for b in texts[:n]:
            wide = min(a["x"] + a["w"], b["x"] + b["w"]) - max(a["x"], b["x"])
            high = min(a["y"] + a["h"], b["y"] + b["h"]) - max(a["y"], b["y"])
            if wide > 2 and high > 6:
                yield f"{a['text']!r} lies over {b['text']!r}"


def faults(shown: pages.View, screen: dict[str, Any], least: float) -> Iterator[str]:
    """What is wrong with a screen; `least` is the least size of a target in pixels."""
    yield from (f"cut: {spot['text']!r}" for spot in screen["texts"] if spot["cut"])
    if shown.still_there is None:
        yield from overlaps(screen["texts"])
    for spot in screen["targets"]:
        if spot["whole"] and min(spot["w"], spot["h"]) < least - 1:
            yield f"{spot['tag']} is small: {spot['w']}x{spot['h']}, least {least:.0f}"
        if shown.comfort.low and spot["y"] < screen["height"] / 2 - 2:
            yield f"{spot['tag']} is out of reach: {spot['y']}"
    if not screen["targets"]:
        yield "nothing to touch"


def main(city: str, hall: str, size: str, panel: str = "398x708") -> None:
    width, height = map(int, size.split("x"))
    panel_mm = tuple(map(int, panel.split("x")))
    configuration = load_city(Path(city)).configuration(hall)
    with tempfile.TemporaryDirectory() as folder:
        window.prepare(size=(width, height), faces=fonts.faces(), home=Path(folder), panel_mm=panel_mm)
        found = list(play(configuration, window.TOUCH_MM * min(width, height) / min(panel_mm)))
    report = {"screens": len(found), "faults": [fault for faults in found for fault in faults]}
    sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=0))


def play(hall: Configuration, least: float) -> Iterator[list[str]]:
    from kivy.base import EventLoop
    from kivy.clock import Clock
    from kivy.core.window import Window

    from kiosk.live import describe
    from kiosk.screens.frame import Root

    def settle() -> None:
        for _ in range(4):  # layouts settle within a few passes; nothing is drawn
            Clock.tick()
            Clock.tick_draw()

    def described(shown: pages.View) -> dict[str, Any]:
        root.present(shown, entered=True)
        settle()
        return describe(root)

    def rehearsed(comfort: Comfort) -> Iterator[str]:
        """What is drawn unseen must be seen neither too early nor otherwise than what is built when it is asked for."""
        usual, other = first(Comfort()), first(comfort)
        built, now = described(other), described(usual)
        root.rehearse(other)
        if described(usual) != now or root.is_ready(comfort):
            yield f"{comfort}: cut short, it leaves its mark"
        root.rehearse(other)
        if describe(root) != now:
            yield f"{comfort}: seen while it is rehearsed"
        deadline = time.monotonic() + 20
        while not root.is_ready(comfort) and time.monotonic() < deadline:
            settle()
        if not root.is_ready(comfort):
            yield f"{comfort}: never ready"
        if described(usual) != now:
            yield f"{comfort}: once ready, it leaves its mark"
        if described(other) != built:
            yield f"{comfort}: not as it is when it is built"
        if described(usual) != now:
            yield f"{comfort}: once used, it leaves its mark"
        if root.is_ready(comfort):
            yield f"{comfort}: what a resident used is kept"

    def first(comfort: Comfort) -> pages.View:
        example = next(examples.examples(hall, hall.services[0]))
        session = replace(example.session, comfort=comfort)
        return view(session, example.around, load(), now=example.around.now, at=example.at)

    root = Root(lambda _: None)
    Window.add_widget(root)
    EventLoop.start()
    Clock._max_fps = 0
    yield from (list(rehearsed(comfort)) for comfort in Comfort().turned().values())
    for name, shown in views(hall):
        yield [f"{name}: {fault}" for fault in faults(shown, described(shown), least)]


if __name__ == "__main__":
    main(*sys.argv[1:])
