"""The voices of a hall: for each zone an announcer, and one page that plays what it says.

The pages that offer to speak for a zone stand in line; the first has the lease. When it goes, the next gets it, and
what was not begun yet is said there, if it is not too old by then. So a page may be loaded anew at any time: nothing is
said twice, and nothing old is shouted.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import gevent
from gevent.event import Event
from gevent.queue import Empty, Queue

from display.announcer import Announcement, Announcer, Clip, Policy
from display.stage import Call
from display.voice.pack import SUFFIX, Pack
from display.voice.voices import ClipVoice
from display.watch import Watch
from queue_server.domain.configuration import Zone, ZoneVoice
from queue_server.serving import HEARTBEAT, HEARTBEAT_SECONDS, SOCKET

LOOK_EVERY = 0.5
"""Seconds until it is noticed that a page has gone."""
MOST_PAGES = 20
"""That offer to speak for one zone."""

_WAITING, _HELD = b"event: lease\ndata: waiting\n\n", b"event: lease\ndata: held\n\n"


class Speakers:
    """The voice of every zone of a watch. `pack`: None where the hall has no clips, and so says nothing."""

    def __init__(self, watch: Watch, pack: Pack | None) -> None:
        self._watch = watch
        self.pack = pack
        self._speakers: dict[str, Speaker] = {}
        watch.on_calls.append(self._hear)

    def of(self, zone: str) -> Speaker | None:
        """Who speaks in a zone; None if nobody does: it is silent, or there are no clips."""
        set_up = self._watch.zone(zone)
        if self.pack is None or (set_up is not None and (set_up.silent or not set_up.voice.languages)):
            return None
        if zone not in self._speakers:
            self._speakers[zone] = Speaker(self._watch, self.pack)
        self._speakers[zone].follow(set_up.voice if set_up else ZoneVoice())
        return self._speakers[zone]

    def listening(self) -> dict[str, int]:
        """How many pages offer to speak, by zone."""
        return {zone: len(speaker.pages) for zone, speaker in self._speakers.items() if speaker.pages}

    def _hear(self, code: str, _: Zone | None, calls: list[Call]) -> None:
        speaker = self.of(code)
        if speaker is not None:
            speaker.hear(calls)

    def stop(self) -> None:
        for speaker in self._speakers.values():
            speaker.stop()


class Speaker:
    """One zone's voice."""

    def __init__(self, watch: Watch, pack: Pack) -> None:
        self._watch = watch
        self._lasts = {clip: made.lasts for clip, made in pack.clips.items()}
        self._set_up: ZoneVoice | None = None
        self._announcer = self._made(ZoneVoice())
        self._wake = Event()
        self._said = 0
        self.pages: list[Queue] = []
        self._greenlet = gevent.spawn(self._speak_for_ever)

    def follow(self, set_up: ZoneVoice) -> None:
        """Speak as the zone is set up to."""
        if set_up != self._set_up:
            self._set_up, self._announcer = set_up, self._made(set_up)

    def _made(self, set_up: ZoneVoice) -> Announcer:
        policy = Policy(
            languages=set_up.languages, readings=set_up.readings, too_old=round(set_up.too_old_seconds * 1000),
            joined=set_up.joined, far_behind=set_up.far_behind,
        )  # fmt: skip
        return Announcer(policy, ClipVoice(self._lasts, plain=set_up.plain_one))

    def hear(self, calls: list[Call]) -> None:
        for call in calls:
            self._announcer.hear(call)
        self._wake.set()

    def stop(self) -> None:
        self._greenlet.kill()
        for page in self.pages:
            page.put(None)

    def _speak_for_ever(self) -> None:
        while True:
            now = self._watch.now()
            at = self._announcer.asks_at(now) if self.pages else None
            self._wake.wait(None if at is None else max(0.0, (at - now) / 1000))
            self._wake.clear()
            if self.pages:
                announcement = self._announcer.speak(self._watch.now())
                if announcement is not None:
                    self._said += 1
                    self.pages[0].put(self._event(announcement))

    def _event(self, announcement: Announcement) -> bytes:
        said = {
            "calls": [[call.label, call.window] for call in announcement.calls],
            "steps": [
                {"clip": f"/clips/{quote(step.id)}{SUFFIX}", "lasts": step.lasts}
                if isinstance(step, Clip)
                else {"lasts": step.lasts}
                for step in announcement.steps
            ],
        }
        return f"id: {self._said}\nevent: say\ndata: {json.dumps(said, ensure_ascii=False)}\n\n".encode()

    # --- the pages

    def stream(self, environ: dict[str, Any]) -> Iterator[bytes]:
        """What a page gets that offers to speak: `lease` waiting or held, and while it is held, what to `say`."""
        page: Queue = Queue()
        self.pages.append(page)
        try:
            yield _HELD if self.pages[0] is page else _WAITING
            self._wake.set()
            silent = 0.0
            while not _has_gone(environ[SOCKET]):
                try:
                    event = page.get(timeout=LOOK_EVERY)
                except Empty:
                    silent += LOOK_EVERY
                    if silent >= HEARTBEAT_SECONDS:
                        yield HEARTBEAT
                        silent = 0.0
                    continue
                if event is None:
                    return
                yield event
        finally:
            held = self.pages[0] is page
            self.pages.remove(page)
            if held and self.pages:
                self.pages[0].put(_HELD)
                self._wake.set()


def _has_gone(sock: Any) -> bool:
    """Whether the other end has closed the connection; it has nothing to say on it any more."""
    try:
        return not sock._sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
