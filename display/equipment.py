"""The equipment of a hall: LED signs, pads and speech boards, kept as the hall is, and their health told to it.

Level-triggered: whenever the copy of the hall changes, each sign and pad is told what it should show, and its driver
makes it so, now or when the device is back.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import gevent
import yaml
from gevent.event import Event

from devices.call_pad.protocol import CallKeypad
from devices.carrier import Carrier
from devices.led_sign.driver import Sign, SignBus
from devices.pad_line.driver import Pad, PadLine
from devices.pad_line.keypad import KeypadPort
from devices.pad_line.port import SinglePad
from devices.pad_line.protocol import Kind
from devices.rating_pad.driver import RatingPad
from devices.rating_pad.protocol import RatingKeypad
from devices.speech_board.protocol import Chip
from devices.transport import Reconnecting, open_transport
from display.call_pads import PadTexts, Showing
from display.mouths import BoardSpeaker
from display.orders import Orders
from display.signs import Saying, SignTexts, face
from display.speaker import Speakers
from display.watch import Watch
from display.window_pad import WindowPad
from queue_server.config.devices import HallDevices, SignBusSetup, SpeechBoardSetup
from queue_server.journal.push import Pusher
from queue_server.journal.replica import Replica
from queue_server.journal.reporting import HealthReporter

LOOK_EVERY = 0.5
"""Seconds between two looks if nothing changes: how soon a change of health is reported, and a note gone."""
REST = 0.02
AFTER_A_MISTAKE = 1.0
KEYBOARD = "keyboard:"

_TEXTS: dict[str, Any] = yaml.safe_load((files("display") / "texts" / "equipment.yaml").read_text(encoding="utf-8"))
SIGN_TEXTS: SignTexts = {saying: tuple(_TEXTS["sign"][saying]) for saying in Saying}
PAD_TEXTS = PadTexts(
    showing={showing: _TEXTS["pad"]["showing"][showing] for showing in Showing}, notes=_TEXTS["pad"]["notes"]
)

log = logging.getLogger("bianmin.display")


@dataclass(frozen=True, kw_only=True)
class HungSign:
    """A sign of a bus, and the window it hangs over."""

    bus: SignBus
    address: int
    columns: int
    window: str


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A device whose health is reported under `name`, as `1/led_sign`."""

    name: str
    health: Callable[[], str]
    detail: Callable[[], str]


class Equipment:
    """All signs, pads and speech boards of a hall, run by this program. Start it once."""

    def __init__(
        self, devices: HallDevices, watch: Watch, speakers: Speakers, *, server: str, source: str, own: Replica
    ) -> None:
        """`own` is this program's own journal, `source` its name at the hall.

        Raises:
            ValueError: a line of the configuration names no device.
        """
        self._watch, self._speakers = watch, speakers
        self._orders = Orders(server, watch.replica.code)
        self._pusher = Pusher(server, watch.replica.code, source, own)
        self._reporter = HealthReporter(own, told=self._pusher.wake)
        self._carriers: list[Carrier] = []
        self._watched: list[Watched] = []
        self._signs: list[HungSign] = []
        self._pads: list[WindowPad] = []
        for bus in devices.signs:
            self._add_signs(bus)
        for url, pads in self._lines(devices).items():
            self._add_pads(url, pads)
        for board in devices.speech_boards:
            self._add_speech_board(board)
        self._wake = Event()
        self._stopping = False
        self._greenlets: list[Any] = []

    def start(self) -> None:
        self._watch.listeners.append(self._wake.set)
        for work in (*(carrier.serve for carrier in self._carriers), self._pusher.run, self._look_for_ever):
            self._greenlets.append(gevent.spawn(self._keep, work))

    def stop(self) -> None:
        """Close every line. Signs keep what they show until it is stale."""
        self._stopping = True
        self._pusher.stop()
        for carrier in self._carriers:
            carrier.close()
        gevent.joinall(self._greenlets, timeout=1)
        gevent.killall(self._greenlets)

    # --- what there is

    def _add_signs(self, setup: SignBusSetup) -> None:
        wire = Reconnecting(open_transport(setup.url))
        bus = SignBus(wire, [Sign(address=sign.address, columns=sign.width) for sign in setup.signs])
        self._carriers.append(bus)
        for sign in setup.signs:
            self._signs.append(HungSign(bus=bus, address=sign.address, columns=sign.width, window=sign.window))
            self._watched.append(_sign_watched(f"{sign.window}/led_sign", bus, sign.address, wire))

    def _add_speech_board(self, setup: SpeechBoardSetup) -> None:
        wire = Reconnecting(open_transport(setup.url))
        speaker = BoardSpeaker(self._watch, setup.zone, wire, Chip(setup.chip))
        self._speakers.add(speaker)
        self._carriers.append(speaker.board)

    def _lines(self, devices: HallDevices) -> dict[str, dict[int, tuple[str, Pad]]]:
        """The pads of each line by address, with their names; call pads and rating pads may share one."""
        lines: dict[str, dict[int, tuple[str, Pad]]] = defaultdict(dict)
        for bus in devices.call_pads:
            for setup in bus.pads:
                self._pads.append(WindowPad(setup.window, self._watch, self._orders, PAD_TEXTS))
                lines[bus.url][setup.address] = f"{setup.window}/call_pad", self._pads[-1].pad
        for bus in devices.rating_pads:
            for setup in bus.pads:
                # Watched only: nobody is asked to rate before ratings are recorded.
                lines[bus.url][setup.address] = f"{setup.window}/rating_pad", RatingPad(lambda _: None)
        return lines

    def _add_pads(self, url: str, pads: dict[int, tuple[str, Pad]]) -> None:
        wire: Reconnecting | None = None
        if url.startswith(KEYBOARD):
            for _, pad in pads.values():
                keypad = CallKeypad() if pad.kind is Kind.CALL else RatingKeypad()
                self._carriers.append(SinglePad(KeypadPort(url.removeprefix(KEYBOARD), keypad), pad))
        else:
            wire = Reconnecting(open_transport(url))
            self._carriers.append(PadLine(wire, {address: pad for address, (_, pad) in pads.items()}))
        for name, pad in pads.values():
            self._watched.append(_pad_watched(name, pad, wire))

    # --- keeping it as the hall is

    def _keep(self, work: Callable[[], None]) -> None:
        """A mistake of ours at one line must end neither the others nor the boards."""
        while not self._stopping:
            try:
                work()
            except Exception:
                log.exception("a line of the equipment failed; going on")
                gevent.sleep(AFTER_A_MISTAKE)

    def _look_for_ever(self) -> None:
        while not self._stopping:
            self._wake.wait(LOOK_EVERY)
            self._wake.clear()
            self.look()
            gevent.sleep(REST)

    def look(self) -> None:
        """Tell every device what it should show, and the hall how every device is."""
        hall, now, heard_at = self._watch.replica.hall, self._watch.now(), self._watch.heard_at
        for sign in self._signs:
            wanted = face(hall, sign.window, now, columns=sign.columns, texts=SIGN_TEXTS, heard_at=heard_at)
            if wanted is not None:
                sign.bus.show(sign.address, wanted.line1, wanted.line2, wanted.colour)
        for pad in self._pads:
            pad.show()
        self._reporter.opened(hall.day)
        for device in self._watched:
            self._reporter.report(device.name, device.health(), device.detail())
        for speaker in self._speakers.own.values():
            self._reporter.report(speaker.name, speaker.health, speaker.detail)


def _sign_watched(name: str, bus: SignBus, address: int, wire: Reconnecting) -> Watched:
    def detail() -> str:
        lacks = bus.state(address).replaced
        return _fault(wire) or (f"its font lacks {lacks}" if lacks else "")

    return Watched(name=name, health=lambda: str(bus.state(address).health), detail=detail)


def _pad_watched(name: str, pad: Pad, wire: Reconnecting | None) -> Watched:
    return Watched(name=name, health=lambda: str(pad.health), detail=lambda: _fault(wire))


def _fault(wire: Reconnecting | None) -> str:
    """Why a line is down; "" while it is up."""
    fault = wire.fault if wire is not None else None
    return "" if fault is None else fault.strerror or str(fault)
