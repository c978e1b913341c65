"""The voices of a hall: for each zone an announcer, and one page that plays what it says, or a voice of the zone's own.

The pages that offer to speak for a zone stand in line; the first has the lease. When it goes, the next gets it, and
what was not begun yet is said there, if it is not too old by then. So a page may be loaded anew at any time: nothing is
said twice, and nothing old is shouted.
"""

from __future__ import annotations

import json
import logging
import socket
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import gevent
from gevent.event import Event
from gevent.queue import Empty, Queue

from display.announcer import Announcement, Announcer, Clip, Policy, Voice
from display.stage import Call
from display.voice.pack import SUFFIX, Pack
from display.voice.units import LANGUAGES
from display.voice.voices import ClipVoice
from display.watch import WHOLE, Watch
from queue_server.domain.configuration import Zone, ZoneVoice
from queue_server.serving import HEARTBEAT, HEARTBEAT_SECONDS, SOCKET

LOOK_EVERY = 0.5
"""Seconds until it is noticed that a page has gone."""
MOST_PAGES = 20
"""That offer to speak for one zone."""

log = logging.getLogger("bianmin.display")

_WAITING, _HELD = b"event: lease\ndata: waiting\n\n", b"event: lease\ndata: held\n\n"


class Speakers:
    """The voices of every zone of a watch. `pack`: None where the hall has no clips, so that pages say nothing."""

    def __init__(self, watch: Watch, pack: Pack | None) -> None:
        self._watch = watch
        self.pack = pack
        self._pages: dict[str, PageSpeaker] = {}
        self.own: dict[str, OwnSpeaker] = {}
        """By zone."""
        watch.on_calls.append(self._hear)
        watch.listeners.append(self._follow)

    def of(self, zone: str) -> PageSpeaker | None:
        """Whose pages speak in a zone; None if none do: it is silent, has a voice of its own, or there are no clips."""
        set_up = self.set_up(zone)
        if self.pack is None or set_up is None or zone in self.own:
            return None
        if zone not in self._pages:
            self._pages[zone] = PageSpeaker(self._watch, self.pack)
        self._pages[zone].follow(set_up)
        return self._pages[zone]

    def add(self, speaker: OwnSpeaker) -> None:
        """Give a zone a voice of its own, to which pages leave the word. ValueError: it has one."""
        if speaker.zone in self.own:
            raise ValueError(f"{speaker.name}: {self.own[speaker.zone].name} speaks there already")
        self.own[speaker.zone] = speaker
        speaker.follow(self.set_up(speaker.zone))

    def listening(self) -> dict[str, int]:
        """How many pages offer to speak, by zone."""
        return {zone: len(speaker.pages) for zone, speaker in self._pages.items() if speaker.pages}

    def set_up(self, zone: str) -> ZoneVoice | None:
        """How a zone is spoken to; None: not at all."""
        configured = self._watch.zone(zone)
        if configured is None:
            return ZoneVoice()
        return None if configured.silent or not configured.voice.languages else configured.voice

    def _hear(self, code: str, _: Zone | None, calls: list[Call]) -> None:
        if code == WHOLE:
            calls = [call for call in calls if not self._is_silent(call.window)]
        for speaker in (self.of(code), self.own.get(code)):
            if speaker is not None:
                speaker.hear(calls)

    def _is_silent(self, window: str) -> bool:
        """Whether a window is nowhere but in silent zones: it is not called by the voice of the whole hall either."""
        zones = [zone for zone in self._watch.zones if window in zone.windows]
        return bool(zones) and all(zone.silent for zone in zones)

    def _follow(self) -> None:
        for zone, speaker in (*self._pages.items(), *self.own.items()):
            speaker.follow(self.set_up(zone))

    def stop(self) -> None:
        for speaker in (*self._pages.values(), *self.own.values()):
            speaker.stop()


class Speaker(ABC):
    """One zone's voice: an announcer, and what makes it heard."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._set_up: ZoneVoice | None = None
        self._announcer = self._made(None)
        self._wake = Event()
        self._greenlet = gevent.spawn(self._speak_for_ever)

    @abstractmethod
    def _voice(self, set_up: ZoneVoice) -> Voice:
        """Who has the words."""

    @abstractmethod
    def _say(self, announcement: Announcement) -> None:
        """Begin an announcement, or say it to its end and tell the announcer so."""

    @property
    def is_heard(self) -> bool:
        """Whether what is said now would be heard; else it waits."""
        return True

    @property
    def languages(self) -> tuple[str, ...]:
        """Those it can speak."""
        return LANGUAGES

    def follow(self, set_up: ZoneVoice | None) -> None:
        """Speak as the zone is set up to. None: say to its end what is being said, and then nothing."""
        if set_up != self._set_up:
            self._set_up, self._announcer = set_up, self._made(set_up)

    def _made(self, set_up: ZoneVoice | None) -> Announcer:
        if set_up is None:
            return Announcer(Policy(languages=()), self._voice(ZoneVoice()))
        policy = Policy(
            languages=tuple(language for language in set_up.languages if language in self.languages),
            readings=set_up.readings, too_old=round(set_up.too_old_seconds * 1000),
            joined=set_up.joined, far_behind=set_up.far_behind,
        )  # fmt: skip
        return Announcer(policy, self._voice(set_up))

    def hear(self, calls: list[Call]) -> None:
        for call in calls:
            self._announcer.hear(call)
        self._wake.set()

    def stop(self) -> None:
        self._greenlet.kill()

    def _speak_for_ever(self) -> None:
        while True:
            now = self._watch.now()
            at = self._announcer.asks_at(now) if self.is_heard else None
            self._wake.wait(self._pause(None if at is None else max(0.0, (at - now) / 1000)))
            self._wake.clear()
            announcement = self._announcer.speak(self._watch.now()) if self.is_heard else None
            try:
                if announcement is None:
                    self._rest()
                else:
                    self._say(announcement)
            except Exception:  # a mistake of ours in one announcement must not make a hall mute
                log.exception("an announcement failed; going on")

    def _pause(self, seconds: float | None) -> float | None:
        """How long to wait for news, if `seconds` are left until something is to be said."""
        return seconds

    def _rest(self) -> None:  # noqa: B027  most have nothing to do then
        """Nothing is to be said now."""

    def _over(self) -> None:
        """What was being said is over now."""
        self._announcer.finished(self._watch.now())


class OwnSpeaker(Speaker):
    """A zone's own voice: a device of this machine. `name` as its health is reported, such as `ground/speaker`."""

    def __init__(self, watch: Watch, zone: str, kind: str) -> None:
        self.zone = zone
        self.name = f"{zone or 'hall'}/{kind}"
        super().__init__(watch)

    @property
    @abstractmethod
    def health(self) -> str:
        """In the word of what drives it."""

    @property
    @abstractmethod
    def detail(self) -> str:
        """Why it is not well, for people."""


class PageSpeaker(Speaker):
    """A zone's voice in the browsers of its boards."""

    def __init__(self, watch: Watch, pack: Pack) -> None:
        self._lasts = lasts_of(pack)
        self._said = 0
        self.pages: list[Queue] = []
        super().__init__(watch)

    def _voice(self, set_up: ZoneVoice) -> Voice:
        return ClipVoice(self._lasts, plain=set_up.plain_one)

    @property
    def is_heard(self) -> bool:
        return bool(self.pages)

    def follow(self, set_up: ZoneVoice | None) -> None:
        super().follow(set_up)
        if set_up is None:
            self._send_away()

    def stop(self) -> None:
        super().stop()
        self._send_away()

    def _send_away(self) -> None:
        for page in self.pages:
            page.put(None)

    def _say(self, announcement: Announcement) -> None:
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


def lasts_of(pack: Pack) -> dict[str, int]:
    """Ms of each clip."""
    return {clip: made.lasts for clip, made in pack.clips.items()}


def _has_gone(sock: Any) -> bool:
    """Whether the other end has closed the connection; it has nothing to say on it any more."""
    try:
        return not sock._sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
