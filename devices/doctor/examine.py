"""Tries devices with their own drivers: all wires at once, each within its time, whatever becomes of the others."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from enum import StrEnum
from queue import Empty, SimpleQueue
from threading import Thread
from typing import assert_never

from devices.call_pad.driver import CallPad
from devices.doctor.device import Device, Kind, Station
from devices.doctor.wires import holders, open_wire, why, why_file
from devices.id_card import driver as id_card
from devices.led_sign import driver as led_sign
from devices.pad_line import driver as pad_line
from devices.printer import PROFILES, FontMissing, Printer
from devices.printer import driver as printer
from devices.rating_pad.driver import RatingPad
from devices.scanner import driver as scanner
from devices.scanner import reading as scanning
from devices.scanner.protocol import Family
from devices.speech_board import driver as speech_board
from devices.speech_board.protocol import Chip
from devices.transport import Reconnecting

CHAPTERS: Mapping[str, type[StrEnum]] = {
    "printer": printer.Health,
    "id_card": id_card.Health,
    "scanner": scanning.Health,
    "led_sign": led_sign.Health,
    "pad": pad_line.Health,
    "speech_board": speech_board.Health,
}
"""Chapters of the texts whose words are those of a driver."""

WITHIN = 20.0  # seconds a device may take
STATION_WITHIN = 2.0  # seconds more for each sign or pad on its line
WATCH_CAMERA = 6.0  # seconds: a camera that is stuck is known after five
LOOK_AT_CAMERA_EVERY = 1 / 15  # seconds


class Verdict(StrEnum):
    WELL = "well"
    LOOK = "look"
    """It works and will not for long, or it cannot be told."""
    ILL = "ill"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found of one device: a word of a chapter of the texts, and what goes into its sentence."""

    name: str
    kind: str
    url: str
    chapter: str
    word: str
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        match self.word:
            case "ready" | "keypad":
                return Verdict.WELL
            case "unknown" | "paper-low":
                return Verdict.LOOK
            case _:
                return Verdict.ILL


def examine_all(devices: Sequence[Device], *, listen: float) -> Iterator[Finding]:
    """What is found, as it is found. Threads that hang are left behind; whoever calls this ends soon."""
    found: SimpleQueue[tuple[Device, list[Finding]]] = SimpleQueue()
    wires: dict[str, list[Device]] = {}  # those of one port wait for each other: it takes one program at a time
    for device in devices:
        wires.setdefault(device.url.partition("?")[0], []).append(device)
    began = time.monotonic()
    due: list[tuple[float, Device]] = []
    for on_wire in wires.values():
        until = began
        for device in on_wire:
            until += _within(device, listen)
            due.append((until, device))
        Thread(target=_examine_each, args=(on_wire, listen, found), daemon=True).start()
    due.sort(key=lambda each: each[0])
    while due:
        try:
            device, findings = found.get(timeout=max(0.0, due[0][0] - time.monotonic()))
        except Empty:
            _, late = due.pop(0)
            yield _found(late, "doctor", "too-long", seconds=f"{_within(late, listen):.0f}")
            continue
        still = [each for each in due if each[1] is not device]
        if len(still) < len(due):
            due = still
            yield from findings


def _examine_each(devices: Sequence[Device], listen: float, found: SimpleQueue[tuple[Device, list[Finding]]]) -> None:
    for device in devices:
        found.put((device, examine(device, listen=listen)))


def _within(device: Device, listen: float) -> float:
    return WITHIN + STATION_WITHIN * len(device.stations) + listen


def examine(device: Device, *, listen: float) -> list[Finding]:
    """Try one device; `listen` seconds are given to scan something with a scanner that cannot be asked. Never raises.

    One finding, or one for each sign or pad of a line that opens.
    """
    try:
        return list(_examined(device, listen))
    except FontMissing as e:
        return [_found(device, "doctor", "no-font", error=str(e))]
    except ImportError as e:
        return [_found(device, "doctor", "no-part", error=str(e))]
    except (ValueError, LookupError, TypeError) as e:
        return [_found(device, "doctor", "bad-line", error=str(e))]
    except Exception as e:  # whatever it is, an installer needs a sentence and the other devices
        return [_found(device, "doctor", "unexplained", error=f"{type(e).__name__}: {e}")]


def _examined(device: Device, listen: float) -> Iterator[Finding]:
    match device.kind:
        case Kind.PRINTER:
            yield _printer(device)
        case Kind.ID_CARD:
            yield _id_card(device)
        case Kind.SCANNER:
            yield _camera(device) if device.url.startswith("camera:") else _scanner(device, listen)
        case Kind.LED_SIGN:
            yield from _signs(device)
        case Kind.PADS:
            yield from [_keypad(device)] if device.url.startswith("keyboard:") else _pads(device)
        case Kind.SPEECH_BOARD:
            yield _speech_board(device)
        case _:
            assert_never(device.kind)


def _found(device: Device, chapter: str, word: str, **values: str) -> Finding:
    stations = device.stations
    kind = stations[0].kind if len({station.kind for station in stations}) == 1 else str(device.kind)
    return Finding(name=device.name, kind=kind, url=device.url, chapter=chapter, word=word, values=values)


def _health(device: Device, wire: Reconnecting, chapter: str, health: StrEnum, **values: str) -> Finding:
    """A driver's word; why the port does not open, where that is the word."""
    if health.value == "unplugged":
        word, said = why(_family(device.url)[1] if device.kind is Kind.SCANNER else device.url, wire)
        return _found(device, "wire", word, **said)
    return _found(device, chapter, health.value, **values)


def _printer(device: Device) -> Finding:
    width = device.options.get("width_mm", 80)
    profile = PROFILES.get(f"{width}mm")
    if profile is None:
        raise ValueError(f"width_mm is one of {', '.join(PROFILES)}, not {width}")
    wire = open_wire(device.url)
    with closing(Printer(wire, replace(profile, encoding=device.options.get("encoding", profile.encoding)))) as asked:
        health = asked.check()
    return _health(device, wire, "printer", health)


def _id_card(device: Device) -> Finding:
    wire = open_wire(device.url)
    with closing(id_card.IdCardReader(wire)) as reader:
        for _ in range(id_card.SILENT_AFTER):
            if (health := reader.check()) is not id_card.Health.UNKNOWN:
                break
        module = reader.identify() if health is id_card.Health.READY else None
    return _health(device, wire, "id_card", health, detail=module or "?")


def _scanner(device: Device, listen: float) -> Finding:
    family, line = _family(device.url)
    wire = open_wire(line)
    with closing(scanner.WiredScanner(wire, None if line.startswith("keyboard:") else family)) as asked:
        for _ in range(scanner.SILENT_AFTER):
            if (health := asked.check()) is not scanning.Health.UNKNOWN:
                break
        else:
            asked.begin()
            asked.scan(listen)
            health = asked.health
    return _health(device, wire, "scanner", health)


def _family(url: str) -> tuple[Family, str]:
    """`newland+serial:…` taken apart."""
    for family in (Family.NEWLAND, Family.HONEYWELL):
        if url.startswith(f"{family}+"):
            return family, url.removeprefix(f"{family}+")
    return Family.PLAIN, url


def _camera(device: Device) -> Finding:
    from devices.scanner.camera import CameraScanner  # noqa: PLC0415  OpenCV only where there is a camera

    source = device.url.partition(":")[2]
    until = time.monotonic() + WATCH_CAMERA
    with closing(CameraScanner(source)) as camera:
        health = camera.check()
        while health in (scanning.Health.READY, scanning.Health.UNKNOWN) and time.monotonic() < until:
            time.sleep(LOOK_AT_CAMERA_EVERY)
            health = camera.check()
    if health is not scanning.Health.UNPLUGGED:
        return _found(device, "scanner", health)
    if "://" in source:
        return _found(device, "wire", "camera-away", path=source)
    path = f"/dev/video{source}" if source.isdecimal() else source
    if not path.startswith("/dev/"):
        return _found(device, "wire", "no-film", path=path)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
    except OSError as e:
        word, said = why_file(path, e, missing="no-camera")
        return _found(device, "wire", word, **said)
    return _found(device, "wire", "camera-shut", path=path, found=", ".join(holders(path)) or "?")


def _signs(device: Device) -> Iterator[Finding]:
    wire = open_wire(device.url)
    signs = [led_sign.Sign(address=s.address, columns=s.width) for s in device.stations]
    with closing(led_sign.SignBus(wire, signs)) as bus:
        healths = bus.check()
    yield from _on_a_line(device, wire, "led_sign", healths)


def _pads(device: Device) -> Iterator[Finding]:
    wire = open_wire(device.url)
    pads = {station.address: _pad(station) for station in device.stations}
    with closing(pad_line.PadLine(wire, pads)) as line:
        healths = line.check()
    yield from _on_a_line(device, wire, "pad", healths)


def _pad(station: Station) -> pad_line.Pad:
    match station.kind:
        case "rating_pad":
            return RatingPad(lambda _: None)
        case "call_pad":
            return CallPad(lambda _: None)
        case other:
            raise ValueError(f"a pad is a rating_pad or a call_pad, not {other!r}")


def _speech_board(device: Device) -> Finding:
    wire = open_wire(device.url)
    with closing(speech_board.SpeechBoard(wire, Chip(device.options.get("chip", "")))) as board:
        health = board.check()
    return _health(device, wire, "speech_board", health)


def _on_a_line(device: Device, wire: Reconnecting, chapter: str, healths: Mapping[int, StrEnum]) -> Iterator[Finding]:
    """Each sign or pad; the line itself, once, if it does not open."""
    if unplugged := next((health for health in healths.values() if health.value == "unplugged"), None):
        yield _health(device, wire, chapter, unplugged)
        return
    for station in device.stations:
        found = _found(device, chapter, healths[station.address].value, address=str(station.address))
        yield replace(found, name=station.name, kind=station.kind)


def _keypad(device: Device) -> Finding:
    wire = open_wire(device.url)
    try:
        with wire:
            return _found(device, "doctor", "keypad")
    except OSError:
        word, said = why(device.url, wire)
        return _found(device, "wire", word, **said)
