"""The devices of a hall as its YAML names them: one line each, at a kiosk or at a window.

Only their lines are checked here; the package `devices` opens them. They are no part of the domain's Configuration:
a new port on an old printer is not a fact about the hall's day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from queue_server.domain.configuration import KioskSetup, Value

Loc: TypeAlias = tuple[str | int, ...]
"""Where something stands in the file, or in a part of it."""


@dataclass(frozen=True, kw_only=True)
class PrinterSetup(Value):
    """A kiosk's ticket printer: where it is (`serial:…`, `tcp:…`, `file:…`) and what it is."""

    url: str
    width_mm: int = 80
    encoding: str = "gb18030"


@dataclass(frozen=True, kw_only=True)
class IdCardSetup(Value):
    """A kiosk's ID card reader: `serial:…?baud=115200` or `tcp:…`."""

    url: str


class ScannerKind(StrEnum):
    SERIAL = "serial"
    """Only speaks (also USB-CDC)."""
    NEWLAND = "newland"
    HONEYWELL = "honeywell"
    WEDGE = "wedge"
    """Types like a keyboard."""
    CAMERA = "camera"


@dataclass(frozen=True, kw_only=True)
class ScannerSetup(Value):
    """A kiosk's scanner: `serial:…` or `tcp:…`; a wedge `keyboard:…`, a camera `camera:…`."""

    url: str
    kind: ScannerKind = ScannerKind.SERIAL

    @property
    def line(self) -> str:
        """What `devices.scanner.driver.open_scanner` takes."""
        triggered = self.kind in (ScannerKind.NEWLAND, ScannerKind.HONEYWELL)
        return f"{self.kind}+{self.url}" if triggered else self.url


@dataclass(frozen=True, kw_only=True)
class KioskFile(KioskSetup):
    """`panel_mm`: width and height of the panel as it hangs (a 32-inch one upright unless told otherwise)."""

    panel_mm: tuple[float, float] = (398, 708)
    printer: PrinterSetup | None = None
    id_card: IdCardSetup | None = None
    scanner: ScannerSetup | None = None


@dataclass(frozen=True, kw_only=True)
class SignSetup(Value):
    """One LED sign of a bus: over which window it hangs, and how many Chinese characters a line of it holds."""

    address: int
    window: str
    width: int = 8


@dataclass(frozen=True, kw_only=True)
class SignBusSetup(Value):
    url: str
    signs: tuple[SignSetup, ...]


@dataclass(frozen=True, kw_only=True)
class PadSetup(Value):
    """One pad of a line: at which window it lies. A USB keypad (`keyboard:…`) has no address."""

    window: str
    address: int = 1


@dataclass(frozen=True, kw_only=True)
class PadBusSetup(Value):
    """Call pads and rating pads may share a line: it is then named by the same url in both lists."""

    url: str
    pads: tuple[PadSetup, ...]


@dataclass(frozen=True, kw_only=True)
class RatingPadBusSetup(PadBusSetup):
    keys: dict[str, int] = field(default_factory=dict)
    """What each key means, 5 = 非常满意 … 1 = 非常不满意; if nothing is said, key 5 is 5 and so on."""


class SpeechChip(StrEnum):
    SYN6288 = "syn6288"
    XFS5152 = "xfs5152"


@dataclass(frozen=True, kw_only=True)
class SpeechBoardSetup(Value):
    """A loudspeaker that reads text, and the zone it is heard in; none given: the whole hall."""

    url: str
    chip: SpeechChip
    zone: str = ""

    @property
    def name(self) -> str:
        return f"{self.zone or 'hall'}/speech_board"


@dataclass(frozen=True, kw_only=True)
class HallDevices(Value):
    """The part of a hall that is devices."""

    kiosks: tuple[KioskFile, ...] = ()
    signs: tuple[SignBusSetup, ...] = ()
    rating_pads: tuple[RatingPadBusSetup, ...] = ()
    call_pads: tuple[PadBusSetup, ...] = ()
    speech_boards: tuple[SpeechBoardSetup, ...] = ()


# --- for the programs that open them -------------------------------------------------------------------------


def chosen(halls: Mapping[str, HallDevices], *, kiosks: Sequence[str], windows: bool) -> list[dict[str, Any]]:
    """The devices of some kiosks, and of the windows if asked for; of everything if neither is asked for.

    LookupError if there is no such kiosk.
    """
    if unknown := set(kiosks) - {kiosk.code for hall in halls.values() for kiosk in hall.kiosks}:
        raise LookupError(f"there is no kiosk {', '.join(sorted(unknown))} in {', '.join(halls)}")
    everything = not kiosks and not windows
    found: list[dict[str, Any]] = []
    for code, hall in halls.items():
        here = [
            *(device for k in hall.kiosks if everything or k.code in kiosks for device in of_kiosk(k)),
            *(of_windows(hall) if everything or windows else ()),
        ]
        where = f"{code} " if len(halls) > 1 else ""
        found += ({**device, "name": where + device["name"]} for device in here)
    return found


def of_kiosk(kiosk: KioskFile) -> list[dict[str, Any]]:
    """A kiosk's devices, as `python -m devices.doctor` reads them. `name` is that of `DeviceReported`."""
    found: list[dict[str, Any]] = []
    if (printer := kiosk.printer) is not None:
        options = {"width_mm": printer.width_mm, "encoding": printer.encoding}
        found.append({"kind": "printer", "name": f"{kiosk.code}/printer", "url": printer.url, "options": options})
    if kiosk.id_card is not None:
        found.append({"kind": "id_card", "name": f"{kiosk.code}/id_card", "url": kiosk.id_card.url})
    if kiosk.scanner is not None:
        found.append({"kind": "scanner", "name": f"{kiosk.code}/scanner", "url": kiosk.scanner.line})
    return found


def of_windows(hall: HallDevices) -> list[dict[str, Any]]:
    """The devices of a hall that are no kiosk's, one for each line: `stations` are the signs or pads on it."""
    found: dict[str, dict[str, Any]] = {}
    for bus in hall.signs:
        for sign in bus.signs:
            station = {"name": f"{sign.window}/led_sign", "address": sign.address, "width": sign.width}
            _line(found, "led_sign", bus.url).append(station)
    for kind, pad_buses in (("rating_pad", hall.rating_pads), ("call_pad", hall.call_pads)):
        for pad_bus in pad_buses:
            for pad in pad_bus.pads:
                station = {"name": f"{pad.window}/{kind}", "address": pad.address, "kind": kind}
                _line(found, "pads", pad_bus.url).append(station)
    for device in found.values():
        device["name"] = ", ".join(station["name"] for station in device["options"]["stations"])
    speech = (
        {"kind": "speech_board", "name": board.name, "url": board.url, "options": {"chip": str(board.chip)}}
        for board in hall.speech_boards
    )
    return [*found.values(), *speech]


def _line(found: dict[str, dict[str, Any]], kind: str, url: str) -> list[dict[str, Any]]:
    device = found.setdefault(url, {"kind": kind, "name": "", "url": url, "options": {"stations": []}})
    stations: list[dict[str, Any]] = device["options"]["stations"]
    return stations


# --- what can be wrong ---------------------------------------------------------------------------------------

_WIRES = ("serial", "tcp")
_OPTIONS = {
    "baud": "[1-9][0-9]{2,6}",
    "bits": "[5-8]",
    "parity": "[NEOMSneoms]",
    "stop": "1|1\\.5|2",
    **dict.fromkeys(("rtscts", "xonxoff", "dsrdtr"), "0|1"),
}
LAST_SIGN, LAST_PAD = 0xFFFE, 99
WIDEST_SIGN = 64
PAPER_MM = (80, 58)
_BY_KIND = {ScannerKind.WEDGE: ("keyboard",), ScannerKind.CAMERA: ("camera",)}


def url_wrong(url: str, schemes: Iterable[str]) -> str | None:
    """What is wrong with a device's line as far as it can be seen without opening it; None if nothing."""
    scheme, _, rest = url.partition(":")
    place, _, query = rest.partition("?")
    match scheme:
        case _ if scheme not in schemes:
            return f"{url!r} must begin with {' or '.join(f'{s}:' for s in schemes)}"
        case "serial":
            return _serial_wrong(place, query.split("&") if query else [])
        case "tcp":
            host, _, port = rest.rpartition(":")
            right = re.fullmatch(r"\[[0-9A-Fa-f:.%\w]+\]|[^\s:/?\[\]]+", host) and re.fullmatch("[0-9]{1,5}", port)
            return None if right and 0 < int(port) < 65536 else f"{url!r} must be like tcp:192.168.1.20:9100"
        case "file" if not re.fullmatch(r"/[^?]+", rest):
            return f"{url!r} must be like file:/dev/usb/lp0"
        case _:
            return None if rest.strip() else f"{url!r} names no device"


def _serial_wrong(place: str, options: Iterable[str]) -> str | None:
    if not place.startswith("/"):
        return f"{place!r} is no port; it must be like /dev/serial/by-id/usb-… or /dev/ttyUSB0"
    seen: set[str] = set()
    for option in options:
        name, _, value = option.partition("=")
        if name not in _OPTIONS:
            return f"there is no option {name!r}; there are {', '.join(_OPTIONS)}"
        if name in seen or not re.fullmatch(_OPTIONS[name], value, re.ASCII):
            return f"{option!r} is no setting of a serial line"
        seen.add(name)
    return None


def place_of(url: str) -> str:
    """Two lines with the same place are the same port."""
    return url.partition("?")[0]


def devices_wrong(hall: HallDevices, windows: Iterable[str], zones: Iterable[str]) -> Iterator[tuple[Loc, str]]:
    """Lines that name no device, windows and zones that are not there, two devices in one place."""
    for k, kiosk in enumerate(hall.kiosks):
        for loc, message in _kiosk_wrong(kiosk):
            yield ("kiosks", k, *loc), message
    yield from _window_devices_wrong(hall, frozenset(windows))
    yield from _keys_wrong(hall)
    yield from _shared(hall)
    yield from _speech_boards_wrong(hall, frozenset(zones))


def _kiosk_wrong(kiosk: KioskFile) -> Iterator[tuple[Loc, str]]:
    schemes = {
        "printer": (*_WIRES, "file"),
        "id_card": _WIRES,
        "scanner": _BY_KIND.get(kiosk.scanner.kind, _WIRES) if kiosk.scanner else (),
    }
    seen: dict[str, str] = {}
    for name, allowed in schemes.items():
        device = getattr(kiosk, name)
        if device is None:
            continue
        if wrong := url_wrong(device.url, allowed):
            hint = f" for a scanner of kind {device.kind}" if name == "scanner" else ""
            yield (name, "url"), wrong + hint
        elif place_of(device.url) in seen:
            yield (name, "url"), f"this is where the {seen[place_of(device.url)]} is"
        seen.setdefault(place_of(device.url), name)
    if kiosk.printer is not None:
        if kiosk.printer.width_mm not in PAPER_MM:
            yield ("printer", "width_mm"), f"must be {' or '.join(map(str, PAPER_MM))}"
        if not _is_charset(kiosk.printer.encoding):
            yield ("printer", "encoding"), f"{kiosk.printer.encoding!r} is no set of characters; try gb18030 or gbk"
    if kiosk.id_card is not None and re.fullmatch(r"serial:(?!.*[?&]baud=).*", kiosk.id_card.url):
        yield ("id_card", "url"), "say how fast the reader speaks: most want ?baud=115200 at the end"


def _is_charset(name: str) -> bool:
    try:
        "".encode(name)
    except LookupError:
        return False
    return True


def _buses(hall: HallDevices) -> Iterator[tuple[str, int, SignBusSetup | PadBusSetup]]:
    """Every line with devices of windows on it: the list it stands in, its place there, and itself."""
    lists: dict[str, Sequence[SignBusSetup | PadBusSetup]] = {
        "signs": hall.signs,
        "rating_pads": hall.rating_pads,
        "call_pads": hall.call_pads,
    }
    for name, buses in lists.items():
        for b, bus in enumerate(buses):
            yield name, b, bus


def _window_devices_wrong(hall: HallDevices, windows: frozenset[str]) -> Iterator[tuple[Loc, str]]:
    addresses: dict[tuple[str, int], str] = {}
    served: set[tuple[str, str]] = set()
    for name, b, bus in _buses(hall):
        pads = isinstance(bus, PadBusSetup)
        stations: Sequence[SignSetup | PadSetup] = bus.pads if isinstance(bus, PadBusSetup) else bus.signs
        inner, last = ("pads", LAST_PAD) if pads else ("signs", LAST_SIGN)
        if wrong := url_wrong(bus.url, (*_WIRES, "keyboard") if pads else _WIRES):
            yield (name, b, "url"), wrong
        if not stations:
            yield (name, b, inner), "nothing is on this line"
        if bus.url.startswith("keyboard:") and len(stations) > 1:
            yield (name, b, inner), "a keypad lies at one window"
        for s, station in enumerate(stations):
            loc = (name, b, inner, s)
            if station.window not in windows:
                yield (*loc, "window"), f"there is no window {station.window!r} in this hall"
            elif (name, station.window) in served:
                yield (*loc, "window"), f"window {station.window!r} has another of these already"
            served.add((name, station.window))
            if not 1 <= station.address <= last:
                yield (*loc, "address"), f"must be 1 … {last}"
            key = (place_of(bus.url), station.address)
            if key in addresses:
                yield (*loc, "address"), f"address {station.address} of this line is at {addresses[key]} already"
            addresses.setdefault(key, f"window {station.window!r}")
            if isinstance(station, SignSetup) and not 1 <= station.width <= WIDEST_SIGN:
                yield (*loc, "width"), f"must be 1 … {WIDEST_SIGN} Chinese characters"


def _keys_wrong(hall: HallDevices) -> Iterator[tuple[Loc, str]]:
    for b, bus in enumerate(hall.rating_pads):
        if not bus.keys:
            continue
        levels = list(bus.keys.values())
        if len(levels) < 2 or len(set(levels)) < len(levels) or not set(levels) <= set(range(1, 6)):
            yield ("rating_pads", b, "keys"), "at least two keys, each with a level 1 … 5 of its own"
        for key in bus.keys:
            if not re.fullmatch("[0-9A-Z]", key):
                yield ("rating_pads", b, "keys", key), "a key is one digit or capital letter, as printed on the pad"


def _shared(hall: HallDevices) -> Iterator[tuple[Loc, str]]:
    """One program opens a line, once: it is written once, or in the same words for both kinds of pads."""
    seen: dict[str, list[tuple[str, str]]] = {}
    for name, b, bus in _buses(hall):
        before = seen.setdefault(place_of(bus.url), [])
        for other, url in before:
            if other in (name, "signs"):
                yield (name, b, "url"), f"this line is among the {other} already"
            elif url != bus.url:
                yield (name, b, "url"), f"this line is among the {other} as {url!r}; write it the same way"
        before.append((name, bus.url))


def _speech_boards_wrong(hall: HallDevices, zones: frozenset[str]) -> Iterator[tuple[Loc, str]]:
    places = {place_of(bus.url): f"the {name}" for name, _, bus in _buses(hall)}
    spoken_to: set[str] = set()
    for b, board in enumerate(hall.speech_boards):
        if wrong := url_wrong(board.url, _WIRES):
            yield ("speech_boards", b, "url"), wrong
        elif place_of(board.url) in places:
            yield ("speech_boards", b, "url"), f"this line is among {places[place_of(board.url)]} already"
        places.setdefault(place_of(board.url), "the speech_boards")
        if board.zone and board.zone not in zones:
            yield ("speech_boards", b, "zone"), f"there is no zone {board.zone!r} in this hall"
        elif board.zone in spoken_to:
            yield ("speech_boards", b, "zone"), f"{'this zone' if board.zone else 'the whole hall'} has another already"
        spoken_to.add(board.zone)
