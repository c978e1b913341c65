"""The doctor on visit: what it said, and a ward full of devices on real ptys and TCP ports."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from devices.call_pad.simulator import SimulatedCallPad
from devices.id_card.simulator import SimulatedReader
from devices.led_sign.simulator import SimulatedSigns
from devices.pad_line.simulator import SimulatedKeypad, SimulatedLine
from devices.printer.simulator import EscPosPrinter
from devices.rating_pad.simulator import SimulatedRatingPad
from devices.scanner.simulator import SimulatedScanner
from devices.simulation import PtyEnd, Running, Simulated, TcpEnd
from devices.speech_board.simulator import SimulatedSpeechBoard
from devices.transport import open_transport

ROOT = Path(__file__).parent.parent
WELL, LOOK, ILL = "✓", "!", "✗"
Described = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What the doctor said: the whole, what it ended with, and each device's paragraph by name, in the order said."""

    code: int
    text: str
    errors: str
    said: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        return list(self.said)


def ask(arguments: Sequence[str], given: bytes = b"", *, before: Sequence[str] = ()) -> Visit:
    command = [*before, sys.executable, "-m", *arguments]
    done = subprocess.run(command, input=given, capture_output=True, timeout=60, cwd=ROOT, check=False)
    text, errors = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in text + errors, text + errors
    paragraphs = re.findall(r"^[✓!✗] .*\n(?: {4}.*\n)+", text, re.MULTILINE)
    said = {paragraph[2:].partition("  ")[0]: paragraph for paragraph in paragraphs}
    return Visit(code=done.returncode, text=text, errors=errors, said=said)


def visit(devices: Sequence[Described], *options: str, before: Sequence[str] = ()) -> Visit:
    found = ask(["devices.doctor", "--listen", "2", *options], json.dumps(devices).encode(), before=before)
    assert found.errors == ""
    return found


def described(kind: str, url: str, name: str = "it", **options: object) -> Described:
    return {"kind": kind, "name": name, "url": url, "options": options}


def on_a_keyboard(url: str) -> Described:
    return described("pads", url, stations=[{"name": "it", "address": 1, "kind": "call_pad"}])


def called(device: Described, case: str) -> Described:
    """The device under its case's name, and each of its stations too."""
    stations = [{**s, "name": f"{case}: {s['name']}"} for s in device["options"].get("stations", [])]
    return {**device, "name": case, "options": device["options"] | ({"stations": stations} if stations else {})}


class Ward:
    """Puts devices on wires, until the end of the block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stack = ExitStack()
        self._count = 0

    def place(self) -> Path:
        self._count += 1
        return self.folder / f"port{self._count}"

    def pty(self, device: Simulated) -> str:
        running = self.stack.enter_context(Running(device, PtyEnd(self.place())))
        assert isinstance(running.wire, PtyEnd)
        return f"serial:{running.wire.path}?baud=115200"

    def tcp(self, device: Simulated) -> str:
        running = self.stack.enter_context(Running(device, TcpEnd()))
        assert isinstance(running.wire, TcpEnd)
        return f"tcp:127.0.0.1:{running.wire.port}"

    def printer(self, *deeds: str) -> Described:
        machine = EscPosPrinter()
        for deed in deeds:
            getattr(machine, deed)()
        return described("printer", self.pty(machine), width_mm=80, encoding="gbk")

    def reader(self, **faults: object) -> Described:
        reader = SimulatedReader()
        for name, value in faults.items():
            setattr(reader.faults, name, value)
        return described("id_card", self.pty(reader))

    def newland(self, *, deaf: bool) -> Described:
        scanner = SimulatedScanner("newland")
        scanner.faults.deaf = deaf
        return described("scanner", f"newland+{self.pty(scanner)}")

    def signs(self, change: Callable[[SimulatedSigns], None]) -> Described:
        signs = SimulatedSigns({1: 8, 2: 12})
        change(signs)
        stations = [{"name": f"sign {n}", "address": n, "width": 8} for n in (1, 2)]
        return described("led_sign", self.tcp(signs), "signs", stations=stations)

    def pads(self) -> Described:
        dead = SimulatedCallPad(3)
        dead.power(False)
        line = SimulatedLine([SimulatedRatingPad(1), SimulatedRatingPad(2), dead])
        kinds = {1: "rating_pad", 2: "call_pad", 3: "call_pad"}
        stations = [{"name": f"pad {n}", "address": n, "kind": kind} for n, kind in kinds.items()]
        return described("pads", self.pty(line), "pads", stations=stations)

    def speech_board(self, chip: str = "syn6288", **faults: object) -> Described:
        """One with an SYN6288; `chip` is what the configuration says it is."""
        board = SimulatedSpeechBoard(checksum=True)
        for name, value in faults.items():
            setattr(board, name, value)
        return described("speech_board", self.pty(board), chip=chip)

    def keypad(self) -> Described:
        keypad = SimulatedKeypad(self.place())
        self.stack.callback(keypad.unplug)
        return on_a_keyboard(f"keyboard:{self.folder}/port{self._count}")

    def film(self, draw: Callable[[int], Image.Image]) -> Described:
        """What a camera sees, for longer than the doctor watches it."""
        folder = self.place()
        folder.mkdir()
        for number in range(120):
            draw(number).save(folder / f"{number:03}.png")
        return described("scanner", f"camera:{folder}/%03d.png")

    def busy(self) -> Described:
        url = self.pty(EscPosPrinter())
        ours = open_transport(url)
        ours.open()
        self.stack.callback(ours.close)
        return described("printer", url)

    def file(self) -> str:
        path = self.place()
        path.write_text("not a device")
        return str(path)

    def closed_port(self) -> str:
        with socket.create_server(("127.0.0.1", 0)) as server:
            return f"tcp:127.0.0.1:{server.getsockname()[1]}"

    def full_port(self) -> str:
        """A port that takes no more connections: the next one waits until it gives up."""
        server = self.stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):
            waiting = self.stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        return f"tcp:127.0.0.1:{server.getsockname()[1]}"
