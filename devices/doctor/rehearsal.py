"""Simulators that stand in for a hall's devices, and the faults they can be given on purpose."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any, assert_never

from devices.call_pad.simulator import SimulatedCallPad
from devices.doctor.device import Device, Kind
from devices.doctor.examine import Finding, Verdict, examine_all
from devices.doctor.words import said_on_page
from devices.id_card.simulator import SimulatedReader
from devices.led_sign.simulator import SimulatedSigns
from devices.pad_line.simulator import SimulatedKeypad, SimulatedLine, SimulatedPad
from devices.printer.simulator import EscPosPrinter
from devices.rating_pad.simulator import SimulatedRatingPad
from devices.scanner.simulator import KINDS as SCANNERS
from devices.scanner.simulator import SimulatedScanner, typed
from devices.simulation import PtyEnd, Running, Simulated
from devices.speech_board.simulator import SimulatedSpeechBoard

ONE_OF_EACH: tuple[Device, ...] = (
    Device(kind=Kind.PRINTER, name="K1/printer", url="serial:/dev/ttyUSB0"),
    Device(kind=Kind.ID_CARD, name="K1/id_card", url="serial:/dev/ttyUSB1?baud=115200"),
    Device(kind=Kind.SCANNER, name="K1/scanner", url="newland+serial:/dev/ttyACM0"),
    Device(
        kind=Kind.LED_SIGN,
        name="1/led_sign, 2/led_sign",
        url="tcp:192.168.1.30:5005",
        options={"stations": [{"name": f"{n}/led_sign", "address": n} for n in (1, 2)]},
    ),
    Device(
        kind=Kind.PADS,
        name="1/rating_pad, 1/call_pad",
        url="serial:/dev/ttyUSB2",
        options={
            "stations": [
                {"name": "1/rating_pad", "address": 1, "kind": "rating_pad"},
                {"name": "1/call_pad", "address": 2, "kind": "call_pad"},
            ]
        },
    ),
    Device(kind=Kind.SPEECH_BOARD, name="hall/speech_board", url="serial:/dev/ttyS0", options={"chip": "syn6288"}),
)


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """A simulated device where the real one would be. `device` is the same device at the simulator's port."""

    device: Device
    simulator: Any
    unplug: Callable[[], None]


class _Scanned(SimulatedScanner):
    """Somebody holds a code before it again and again: a scanner that cannot be asked must be seen to scan."""

    _shown_at = 0.0

    def tick(self, now: float) -> bytes:
        if now - self._shown_at > 2.0:
            self._shown_at = now
            self.show("bianmin")
        return super().tick(now)


class _Typed(SimulatedKeypad):
    """The same for what types; a numeric keypad that does so does no harm."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._end = Event()
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._thread = Thread(target=self._type, daemon=True)
        self._thread.start()

    def _type(self) -> None:
        while not self._end.wait(0.5):
            with suppress(BlockingIOError):  # nobody reads
                os.write(self._fd, typed("BIANMIN"))

    def close(self) -> None:
        self._end.set()
        self._thread.join()
        os.close(self._fd)
        self.unplug()


class _Babble:
    """Something that talks, and is no device of ours."""

    def receive(self, data: bytes) -> bytes:
        return b"\xff\x00\xfe" * 4 if data else b""

    def tick(self, now: float) -> bytes:
        return b""


@contextmanager
def stand_in(device: Device, folder: Path, *, babble: bool = False) -> Iterator[StandIn]:
    """A simulator for `device` on a pty (a FIFO for what types, a film for a camera), while the block lasts."""
    scheme = device.url.partition(":")[0]
    place = Path(tempfile.mkdtemp(prefix="", dir=folder)) / "port"
    if scheme == "camera":
        film = _film(place)
        yield StandIn(device=replace(device, url=f"camera:{film}"), simulator=film, unplug=partial(_remove, film))
    elif scheme == "keyboard":
        with closing(_Typed(place)) as keys:
            yield StandIn(device=replace(device, url=f"keyboard:{place}"), simulator=keys, unplug=keys.unplug)
    else:
        simulator = _Babble() if babble else simulated(device)
        family = f"{device.url.partition('+')[0]}+" if "+" in scheme else ""
        with Running(simulator, PtyEnd(place)) as running:
            url = f"{family}serial:{place}?baud=115200"
            yield StandIn(device=replace(device, url=url), simulator=simulator, unplug=running.unplug)


def simulated(device: Device) -> Simulated:
    """The simulator of a device that is on a serial line or TCP."""
    match device.kind:
        case Kind.PRINTER:
            return EscPosPrinter(dots=384 if device.options.get("width_mm") == 58 else 576)
        case Kind.ID_CARD:
            return SimulatedReader()
        case Kind.SCANNER:
            family = device.url.partition("+")[0]
            return SimulatedScanner(family) if family in SCANNERS else _Scanned()
        case Kind.LED_SIGN:
            return SimulatedSigns({station.address: station.width for station in device.stations})
        case Kind.PADS:
            pads: Mapping[str, type[SimulatedPad]] = {"rating_pad": SimulatedRatingPad, "call_pad": SimulatedCallPad}
            return SimulatedLine(pads[station.kind](station.address) for station in device.stations)
        case Kind.SPEECH_BOARD:
            return SimulatedSpeechBoard(checksum=device.options.get("chip") == "syn6288")
        case _:
            assert_never(device.kind)


def _film(folder: Path) -> Path:
    """A film of a wall: frames of noise, each another one."""
    from PIL import Image  # noqa: PLC0415

    folder.mkdir()
    for number in range(4):
        noise = random.Random(number).randbytes(320 * 240)  # noqa: S311
        Image.frombytes("L", (320, 240), noise).save(folder / f"{number}.png")
    return folder / "%d.png"


def _remove(film: Path) -> None:
    for frame in film.parent.iterdir():
        frame.unlink()


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault made on purpose, and the word that must be found for it (of any device of the line)."""

    word: str
    make: Callable[[StandIn], None]
    babble: bool = False


def _nothing(_: StandIn) -> None:
    """Babble needs no more than to be there."""


def _break(attribute: str, value: object) -> Callable[[StandIn], None]:
    return lambda stand: setattr(stand.simulator.faults, attribute, value)


_UNPLUGGED = Fault(word="missing", make=lambda stand: stand.unplug())
_BABBLE = Fault(word="garbled", make=_nothing, babble=True)


def faults_of(device: Device) -> Sequence[Fault]:
    match device.kind:
        case _ if device.url.startswith("camera:"):
            return (Fault(word="no-film", make=lambda stand: stand.unplug()),)
        case _ if device.url.startswith("keyboard:"):
            return (Fault(word="no-keyboard", make=lambda stand: stand.unplug()),)
        case Kind.PRINTER:
            return (
                *(
                    Fault(word=word, make=lambda stand, act=act: getattr(stand.simulator, act)())  # type: ignore[misc]
                    for word, act in (("paper-out", "paper_out"), ("cover-open", "cover_open"), ("silent", "deaf"))
                ),
                _BABBLE,
                _UNPLUGGED,
            )
        case Kind.ID_CARD:
            return (
                Fault(word="not-authorised", make=_break("not_authorised", True)),
                Fault(word="silent", make=_break("deaf", True)),
                _BABBLE,
                _UNPLUGGED,
            )
        case Kind.SCANNER if "+" in device.url:
            return (Fault(word="silent", make=_break("deaf", True)), _UNPLUGGED)
        case Kind.SCANNER:
            return (Fault(word="unknown", make=_break("deaf", True)), _UNPLUGGED)
        case Kind.LED_SIGN:
            return (
                Fault(word="silent", make=lambda stand: _last(stand.simulator.cards).power(False)),
                Fault(word="refusing", make=lambda stand: setattr(_last(stand.simulator.cards), "refuses", 1)),
                _UNPLUGGED,
            )
        case Kind.PADS:
            return (
                Fault(word="silent", make=lambda stand: _last(stand.simulator.pads).power(False)),
                Fault(word="wrong-pad", make=lambda stand: setattr(_last(stand.simulator.pads), "kind", "OTHER")),
                _UNPLUGGED,
            )
        case Kind.SPEECH_BOARD:
            return (
                Fault(word="silent", make=lambda stand: stand.simulator.power(False)),
                Fault(word="refusing", make=lambda stand: setattr(stand.simulator, "refuses", True)),
                _BABBLE,
                _UNPLUGGED,
            )
        case _:
            assert_never(device.kind)


def _last(stations: Mapping[int, Any]) -> Any:
    return stations[max(stations)]


def rehearse(
    devices: Sequence[Device], *, listen: float, say: Callable[[str], None], tell: Callable[[Finding], None]
) -> bool:
    """Examine simulators in the place of `devices`, sound ones and then broken ones, and tell what is found.

    Whether all was found as it is: the sound ones well, and every fault made on purpose by its own word.
    """
    say(said_on_page("simulated"))
    for device in devices:
        say(f"  {device.name}  {device.url}")
    sound = [(device, None) for device in devices]
    right = all(finding.verdict is Verdict.WELL for finding in _round(sound, listen, tell))
    say(said_on_page("faults"))
    made = [(_tagged(device, fault.word), fault) for device in _one_of_each(devices) for fault in faults_of(device)]
    found = {(finding.name, finding.word) for finding in _round(made, min(listen, 1.0), tell)}
    missed = [device.name for device, fault in made if not found & {(name, fault.word) for name in _names(device)}]
    if missed:
        say(said_on_page("missed", names=", ".join(missed)))
    elif right:
        say(said_on_page("rehearsed", count=len(made)))
    return right and not missed


def _round(
    made: Sequence[tuple[Device, Fault | None]], listen: float, tell: Callable[[Finding], None]
) -> list[Finding]:
    """Examine a stand-in for each device, with its fault."""
    with tempfile.TemporaryDirectory(prefix="bianmin-") as folder, ExitStack() as stack:
        stands = []
        for device, fault in made:
            stand = stack.enter_context(stand_in(device, Path(folder), babble=fault is not None and fault.babble))
            if fault is not None:
                fault.make(stand)
            stands.append(stand.device)
        found = []
        for finding in examine_all(stands, listen=listen):
            tell(finding)
            found.append(finding)
        return found


def _one_of_each(devices: Sequence[Device]) -> Iterator[Device]:
    seen: set[tuple[Kind, str]] = set()
    for device in devices:
        sort = (device.kind, device.url.partition(":")[0])
        if sort not in seen:
            seen.add(sort)
            yield device


def _tagged(device: Device, word: str) -> Device:
    """The same device, and whatever is on its line, with its fault behind its name."""
    stations = [{**station, "name": f"{station['name']} ({word})"} for station in device.options.get("stations", ())]
    options = {**device.options, **({"stations": stations} if stations else {})}
    return replace(device, name=f"{device.name} ({word})", options=options)


def _names(device: Device) -> set[str]:
    return {device.name, *(station.name for station in device.stations)}
