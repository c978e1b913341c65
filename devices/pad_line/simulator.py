"""Pads on a simulated line, and a simulated USB keypad. Written from docs/pad-protocol.md and linux/input.h alone.

It never imports the protocol: a mistake there must not be repeated here. `rating_pad/simulator.py` and
`call_pad/simulator.py` add what each kind of pad does; any mix of them can live on one `SimulatedLine`.
"""

from __future__ import annotations

import os
import re
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TypeVar

import click

from devices.desk import live, placed
from devices.simulation import Running

KEYS_KEPT = 8
KEY_LIVES = 3.0  # seconds until a pad forgets a key nobody collected


class SimulatedPad:
    """One pad: greeting, events, faults. Set the public attributes to make it fail."""

    kind = ""

    def __init__(self, address: int) -> None:
        self.address = address
        self.deaf = False  # hears nothing: a broken wire to this pad
        self.mute = 0  # answers to swallow although the question was obeyed
        self.now = time.monotonic()
        self.powered = True
        self._forget_all()

    def power(self, on: bool) -> None:
        """Off: dead. On again: everything is forgotten, and it says RESET until it is greeted."""
        self.powered = on
        self._forget_all()

    def _forget_all(self) -> None:
        self.greeted = False
        self.events: deque[tuple[int, float, str]] = deque()  # (number, when it is forgotten, words)
        self._number = 0

    def happen(self, words: str, *, lives: float = float("inf")) -> None:
        """Something to report; kept until it is collected or `lives` seconds old."""
        if self.powered and self.greeted and len(self.events) < KEYS_KEPT:
            self._number = self._number % 99 + 1
            self.events.append((self._number, self.now + lives, words))

    def tick(self, now: float) -> None:
        self.now = now
        while self.events and self.events[0][1] <= now:
            self.events.popleft()

    def answer(self, words: list[str]) -> str:
        match words:
            case ["HELLO", _]:
                self.greeted = True
                self.events.clear()
                self._number = 0
                return f"PAD {self.kind} 1"
            case _ if not self.greeted:
                return "RESET"
            case ["POLL", arrived] if re.fullmatch("[0-9]{2}", arrived):
                numbers = [number for number, _, _ in self.events]
                if int(arrived) in numbers:
                    for _ in range(numbers.index(int(arrived)) + 1):
                        self.events.popleft()
                return f"EVENT {self.events[0][0]:02d} {self.events[0][2]}" if self.events else "NONE"
            case ["POLL", *_]:
                return "NO ARGS"
            case _:
                return self.obey(words)

    def obey(self, words: list[str]) -> str:
        """What this kind of pad does with a verb of its own."""
        return "NO VERB"


AnyPad = TypeVar("AnyPad", bound=SimulatedPad)


class SimulatedLine:
    """Pads on one line, by address. `noise` comes before every answer, `echo` sends the host's own bytes back."""

    def __init__(self, pads: Iterable[SimulatedPad]) -> None:
        self.pads = {pad.address: pad for pad in pads}
        self.noise = b""
        self.echo = False
        self.asked: deque[str] = deque(maxlen=1000)  # right questions to any address, without check sum
        self._text = b""

    def receive(self, data: bytes) -> bytes:
        said = data if self.echo else b""
        self._text += data
        while found := re.search(rb"[\r\n]", self._text):
            line, self._text = self._text[: found.start()], self._text[found.end() :]
            said += self._hear(line[line.rfind(b">") :] if b">" in line else b"")
        self._text = self._text[-64:]
        return said

    def tick(self, now: float) -> bytes:
        for pad in self.pads.values():
            pad.tick(now)
        return b""

    def _hear(self, line: bytes) -> bytes:
        asked = re.fullmatch(rb"(>([0-9]{2}) ([0-9]{2}) ([!-)+-;=?-~]+(?: [!-)+-;=?-~]+)*))\*([0-9A-F]{4})", line)
        if asked is None or len(line) > 62 or int(asked[5], 16) != _crc(asked[1]):
            return b""
        self.asked.append(asked[1].decode())
        pad = self.pads.get(int(asked[2]))
        if pad is None or pad.deaf or not pad.powered:
            return b""
        words = pad.answer(asked[4].decode().split(" "))
        if pad.mute:
            pad.mute -= 1
            return b""
        text = b"<%b %b %b" % (asked[2], asked[3], words.encode())
        return self.noise + b"%b*%04X\r\n" % (text, _crc(text))


def _crc(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial x^16 + x^12 + x^5 + 1, start FFFF, highest bit first."""
    register = 0xFFFF
    for byte in data:
        for bit in range(7, -1, -1):
            out = register >> 15 ^ (byte >> bit & 1)
            register = register << 1 & 0xFFFF
            if out:
                register ^= 0x1021
    return register


class SimulatedKeypad:
    """A USB numeric keypad, as a FIFO with the bytes of struct input_event. Made plugged in."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: int | None = None
        self.plug()

    def plug(self) -> None:
        self.unplug()
        os.mkfifo(self._path)
        self._writer = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)

    def unplug(self) -> None:
        if self._writer is not None:
            self._path.unlink()
            os.close(self._writer)
            self._writer = None

    def press(self, code: int, *, at: float | None = None) -> None:
        """Press and release the key of a code of linux/input-event-codes.h."""
        if self._writer is None:
            return
        second, fraction = divmod(time.time() if at is None else at, 1)
        for kind, number, value in ((1, code, 1), (0, 0, 0), (1, code, 0), (0, 0, 0)):
            os.write(self._writer, struct.pack("@llHHi", int(second), int(fraction * 1e6), kind, number, value))


def commands(line: SimulatedLine, running: Running) -> dict[str, Callable[[], object]]:
    """What one can type for any pad: `deaf 1`, `power-off 2`, `noise`, `unplug` …"""
    found: dict[str, Callable[[], object]] = {
        "unplug": running.unplug,
        "plug": running.plug,
        "noise": partial(setattr, line, "noise", b"\xff<0\x80>>"),
        "no-noise": partial(setattr, line, "noise", b""),
        "echo": partial(setattr, line, "echo", True),
    }
    for address, pad in line.pads.items():
        found |= {
            f"deaf {address}": partial(setattr, pad, "deaf", True),
            f"hear {address}": partial(setattr, pad, "deaf", False),
            f"power-off {address}": partial(pad.power, False),
            f"power-on {address}": partial(pad.power, True),
        }
    return found


def program(
    make: Callable[[int], AnyPad], what: str, more: Callable[[list[AnyPad]], dict[str, Callable[[], object]]]
) -> click.Command:
    """The program that simulates one kind of pad, made by its address. `more`: what else can be typed at it."""

    @click.command(help=f"Simulated {what} on one line. Commands come on standard input, one a line.")
    @placed
    @click.option("--pads", "listed", default="1", show_default=True, help="Their addresses, with commas.")
    def main(port: int | None, link: Path | None, listed: str) -> None:
        addresses = listed.split(",")
        if not all(re.fullmatch("[1-9][0-9]?", address) for address in addresses):
            raise click.BadParameter("addresses are 1 to 99, with commas between", param_hint="--pads")
        pads = [make(int(address)) for address in addresses]
        line = SimulatedLine(pads)
        live(line, port, link, said=f"{what} at {{url}}", commands=lambda run: {**more(pads), **commands(line, run)})

    return main
