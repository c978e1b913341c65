"""Voices of a zone's own, beside those of pages: this machine's sound card, and speech boards that read text."""

from __future__ import annotations

import logging
import time

import gevent
from gevent.event import Event

from devices.speech_board.driver import SpeechBoard
from devices.speech_board.protocol import LANGUAGES, Chip
from devices.transport import Reconnecting
from display.announcer import Announcement, Clip, Pause, Spoken, Voice
from display.speaker import OwnSpeaker, lasts_of
from display.voice.pack import Pack
from display.voice.player import Health, Player
from display.voice.voices import ClipVoice, TextVoice
from display.watch import WHOLE, Watch
from queue_server.domain.configuration import ZoneVoice

TRY_AGAIN = 20.0
"""Seconds until it is tried whether a sound card that could not play can now."""
LOOK_EVERY = 0.2
"""Seconds until it is noticed that a text was forgotten by a line that is not there."""

log = logging.getLogger("bianmin.display")


class CardSpeaker(OwnSpeaker):
    """A zone's voice on this machine's sound card. Each announcement is played as one sound, to its end."""

    def __init__(self, watch: Watch, zone: str, pack: Pack) -> None:
        self._lasts = lasts_of(pack)
        self._player = Player(pack, apart=gevent.get_hub().threadpool.apply)
        self._tried_at = float("-inf")
        self._told: tuple[str, str] = Health.UNKNOWN, ""
        super().__init__(watch, zone, "speaker")
        self._wake.set()  # to try it at once

    @property
    def health(self) -> str:
        return str(Health.FAILING if self._is_nowhere else self._player.health)

    @property
    def detail(self) -> str:
        return f"there is no zone {self.zone!r}" if self._is_nowhere else self._player.detail

    @property
    def _is_nowhere(self) -> bool:
        known = self._watch.replica.hall.configuration is not None
        return known and self.zone != WHOLE and self._watch.zone(self.zone) is None

    def _voice(self, set_up: ZoneVoice) -> Voice:
        return ClipVoice(self._lasts, plain=set_up.plain_one)

    def _say(self, announcement: Announcement) -> None:
        if not self._player.play(announcement.steps):
            self._player.play(announcement.steps)  # nobody has heard it whole
        self._over()
        self._tell()

    def _pause(self, seconds: float | None) -> float | None:
        if self._player.health is Health.READY:
            return seconds
        again = max(0.0, self._tried_at + TRY_AGAIN - time.monotonic())
        return again if seconds is None else min(seconds, again)

    def _rest(self) -> None:
        if self._player.health is not Health.READY and time.monotonic() >= self._tried_at + TRY_AGAIN:
            self._player.play()
            self._tried_at = time.monotonic()
        self._tell()

    def _tell(self) -> None:
        """Say in the log what has changed: somebody has to find out why a hall is mute."""
        told = self.health, self.detail
        if told != self._told:
            self._told = told
            log.log(logging.INFO if told[0] == Health.READY else logging.ERROR, "%s: %s %s", self.name, *told)


class BoardSpeaker(OwnSpeaker):
    """A zone's voice on a speech board. `board` is what its line carries."""

    def __init__(self, watch: Watch, zone: str, wire: Reconnecting, chip: Chip) -> None:
        self._chip, self._wire = chip, wire
        self._is_over = Event()
        self.board = SpeechBoard(wire, chip, on_free=self._is_over.set)
        super().__init__(watch, zone, "speech_board")

    @property
    def health(self) -> str:
        return str(self.board.health)

    @property
    def detail(self) -> str:
        fault = self._wire.fault
        return "" if fault is None else fault.strerror or str(fault)

    @property
    def languages(self) -> tuple[str, ...]:
        return LANGUAGES[self._chip]

    def _voice(self, set_up: ZoneVoice) -> Voice:
        return TextVoice(plain=set_up.plain_one)

    def _say(self, announcement: Announcement) -> None:
        for step in announcement.steps:
            match step:
                case Spoken():
                    self._read(step)
                case Pause():
                    gevent.sleep(step.lasts / 1000)
                case Clip():
                    raise ValueError("a speech board plays no clips")
        self._over()

    def _read(self, step: Spoken) -> None:
        """Have a text read; returns when the board has fallen silent."""
        self._wait()
        try:
            self.board.say(step.text, step.lasts)
        except ValueError as error:
            log.warning("the speech board cannot say %r: %s", step.text, error)
        self._wait()

    def _wait(self) -> None:
        while not self.board.is_free:
            self._is_over.wait(LOOK_EVERY)
            self._is_over.clear()
