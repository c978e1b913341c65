"""The list of devices the doctor is given: JSON, made from the hall's YAML by whoever starts it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    PRINTER = "printer"
    """options: width_mm, encoding"""
    ID_CARD = "id_card"
    SCANNER = "scanner"
    """url as `open_scanner` takes it: `newland+serial:…`, `keyboard:…`, `camera:…`"""
    LED_SIGN = "led_sign"
    """A bus; options: stations, a list of {name, address, width}"""
    PADS = "pads"
    """A line, or `keyboard:…`; options: stations, a list of {name, address, kind: rating_pad | call_pad}"""
    SPEECH_BOARD = "speech_board"
    """options: chip"""


@dataclass(frozen=True, kw_only=True)
class Station:
    """One sign or pad of a bus. `kind` is a word of the texts."""

    name: str
    address: int
    kind: str
    width: int = 8


@dataclass(frozen=True, kw_only=True)
class Device:
    """One line of wire and what hangs on it. `name` is for people, e.g. K1/printer."""

    kind: Kind
    name: str
    url: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stations(self) -> list[Station]:
        """What is on a bus. TypeError or ValueError if it is not told."""
        kind = {} if self.kind is Kind.PADS else {"kind": str(self.kind)}
        return [Station(**{**kind, **station}) for station in self.options.get("stations", ())]


class NotAList(ValueError):
    """What was given is no list of devices; says where."""


def read_devices(text: bytes) -> list[Device]:
    """The devices of a JSON list. NotAList if it is none."""
    try:
        items = json.loads(text)
    except ValueError as e:
        raise NotAList(f"the list of devices is not JSON: {e}") from e
    if not isinstance(items, list):
        raise NotAList("the list of devices is no list")
    return [_device(number, item) for number, item in enumerate(items, 1)]


def _device(number: int, item: Any) -> Device:
    try:
        match item:
            case {"kind": str(kind), "name": str(name), "url": str(url)}:
                options = item.get("options", {})
                device = Device(kind=Kind(kind), name=name, url=url, options=options)
                if device.kind in (Kind.LED_SIGN, Kind.PADS) and not device.stations:
                    raise ValueError("nothing is on this line: options need stations")
                return device
            case _:
                raise ValueError("kind, name and url are needed, as text")
    except (ValueError, TypeError, AttributeError) as e:
        raise NotAList(f"device {number} of the list: {e}") from e


# How each device is written in the YAML of a city; docs/devices.md says more.
WRITTEN: Mapping[str, str] = {
    "printer": "printer: {url: 'serial:/dev/serial/by-id/…?baud=115200'}",
    "id_card": "id_card: {url: 'serial:/dev/serial/by-id/…?baud=115200'}",
    "scanner": "scanner: {kind: newland, url: 'serial:/dev/serial/by-id/…'}",
    "led_sign": "signs: [{url: 'tcp:192.168.1.30:5005', signs: [{address: 1, window: '1', width: 8}]}]",
    "rating_pad": "rating_pads: [{url: 'serial:/dev/serial/by-id/…', pads: [{address: 1, window: '1'}]}]",
    "call_pad": "call_pads: [{url: 'keyboard:usb-…-event-kbd', pads: [{window: '1'}]}]",
    "speech_board": "speech_boards: [{url: 'serial:/dev/serial/by-id/…', chip: syn6288}]",
}
