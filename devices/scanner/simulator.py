"""A scanner without hardware, written from the device sheet ("Scanners"). It shares no code with `protocol`.

A `SimulatedScanner` speaks the serial wire of one family; `typed` gives the bytes a keyboard wedge's event device
would give. For a stand-in of a camera no simulator is needed: `camera:` takes a film or a web address.
"""

from __future__ import annotations

import functools
import struct
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from devices.desk import live, placed
from devices.simulation import Running

KINDS = ("plain", "newland", "honeywell")


@dataclass(kw_only=True)
class Faults:
    """What is wrong with it now; plain attributes, set from any thread."""

    deaf: bool = False
    """Takes bytes, answers nothing, scans nothing (no power behind a USB adapter)."""
    twice: bool = False
    """Gives every code two times."""
    split: int = 0
    """Sends at most so many bytes at a time; 0: all at once."""
    noise: bytes = b""
    """Put before everything it sends (a bad cable)."""
    no_end: bool = False
    """Forgets the CR behind a code (wrongly configured)."""
    refuses: bool = False
    """Answers every framed command with "unknown"."""


class SimulatedScanner:
    """`end` is what it puts behind a code. A plain one scans at once; the others while they are triggered."""

    def __init__(self, kind: str = "plain", *, end: bytes = b"\r") -> None:
        if kind not in KINDS:
            raise ValueError(f"a scanner is one of {', '.join(KINDS)}, not {kind!r}")
        self.kind, self.end = kind, end
        self.faults = Faults()
        self.manual = False
        self.lit = kind == "plain"
        self.commands: list[bytes] = []  # as they were understood
        self._heard = b""
        self._shown: bytes | None = None  # waits before the window for the light
        self._pieces: deque[bytes] = deque()

    def show(self, code: bytes | str) -> None:
        """Hold a code before it. A scanner that is not lit reads it when it is."""
        self._shown = code.encode() if isinstance(code, str) else code
        self._read()

    def say(self, raw: bytes) -> None:
        """Send any bytes."""
        self._send(raw)

    def receive(self, data: bytes) -> bytes:
        if self.faults.deaf:
            return b""
        self._heard = (self._heard + data)[-512:]
        match self.kind:
            case "newland":
                self._newland()
            case "honeywell":
                self._honeywell()
            case _:
                self._heard = b""
        return b""

    def tick(self, now: float) -> bytes:
        return self._pieces.popleft() if self._pieces else b""

    def _newland(self) -> None:
        """`?` is answered `!`; `7E 01 30 30 30 30 @SCNMOD0; 03` is told; the answer's frame is from memory."""
        while self._heard:
            if self._heard[0] == 0x3F:
                self._heard = self._heard[1:]
                self._send(b"\x21")
            elif self._heard[0] == 0x7E:
                tail = self._heard.find(0x03)
                if tail < 0:
                    return
                frame, self._heard = self._heard[: tail + 1], self._heard[tail + 1 :]
                self._newland_frame(frame)
            else:
                self._heard = self._heard[1:]

    def _newland_frame(self, frame: bytes) -> None:
        if frame[:6] != bytes.fromhex("7E 01 30 30 30 30") or frame[-2:] != b"\x3b\x03":
            return
        told = frame[6:-2]
        known = told[:1] in b"@#" and told[1:] in (b"SCNMOD0", b"SCNTRG0", b"SCNTRG1", b"CUSDEF")
        known = known and not self.faults.refuses
        self._send(bytes.fromhex("02 01 30 30 30 30") + told + (b"\x06" if known else b"\x05") + b"\x3b\x03")
        if known:
            self.commands.append(told)
            if told[1:] == b"SCNMOD0":
                self.manual = True
            if told[1:6] == b"SCNTR":
                self._light(told[-1:] == b"1")

    def _honeywell(self) -> None:
        """SYN T CR, SYN U CR; SYN M CR and a command up to `.` or `!`, repeated with ACK or ENQ before that."""
        while (start := self._heard.find(0x16)) >= 0:
            self._heard = self._heard[start:]
            if self._heard[:3] in (b"\x16T\r", b"\x16U\r"):
                self.commands.append(self._heard[1:2])
                self._light(self._heard[1:2] == b"T")
                self._heard = self._heard[3:]
            elif self._heard[:3] == b"\x16M\r":
                stops = [at for at in (self._heard.find(b"."), self._heard.find(b"!")) if at >= 0]
                if not stops:
                    return
                told, stop = self._heard[3 : min(stops)], self._heard[min(stops) : min(stops) + 1]
                self._heard = self._heard[min(stops) + 1 :]
                self.commands.append(told)
                value = b"1" if told.endswith(b"?") else b""
                self._send(told.rstrip(b"?") + value + (b"\x05" if self.faults.refuses else b"\x06") + stop)
            elif len(self._heard) < 3:
                return
            else:
                self._heard = self._heard[1:]

    def _light(self, on: bool) -> None:
        self.lit = on
        self._read()

    def _read(self) -> None:
        if self._shown is None or not self.lit or self.faults.deaf:
            return
        code, self._shown = self._shown, None
        if self.kind != "plain":
            self.lit = False  # one code for one trigger
        sent = code + (b"" if self.faults.no_end else self.end)
        self._send(sent + self.faults.noise + sent if self.faults.twice else sent)

    def _send(self, data: bytes) -> None:
        data = self.faults.noise + data
        size = self.faults.split or len(data) or 1
        self._pieces.extend(data[at : at + size] for at in range(0, len(data), size))


# linux/input-event-codes.h, US layout; written down here a second time on purpose.
_PLAIN = dict(zip("1234567890-=", range(2, 14), strict=True)) | {
    **dict(zip("qwertyuiop[]", range(16, 28), strict=True)),
    **dict(zip("asdfghjkl;'`", range(30, 42), strict=True)),
    **dict(zip("\\zxcvbnm,./", range(43, 54), strict=True)),
    " ": 57,
}
_SHIFTED = {
    **dict(zip("!@#$%^&*()_+", range(2, 14), strict=True)),
    **dict(zip("QWERTYUIOP{}", range(16, 28), strict=True)),
    **dict(zip('ASDFGHJKL:"~', range(30, 42), strict=True)),
    **dict(zip("|ZXCVBNM<>?", range(43, 54), strict=True)),
}
_ENTER, _SHIFT = 28, 42


def typed(text: str, *, at: float = 0.0, apart: float = 0.004, enter: bool = True) -> bytes:
    """The struct input_event bytes of a wedge that types `text`: printable ASCII (others raise KeyError)."""
    return b"".join(_events(text, at, apart, enter))


def _events(text: str, at: float, apart: float, enter: bool) -> Iterator[bytes]:
    for letter in text:
        shift = letter in _SHIFTED
        code = (_SHIFTED if shift else _PLAIN)[letter]
        keys = [(_SHIFT, 1), (code, 1), (code, 0), (_SHIFT, 0)] if shift else [(code, 1), (code, 0)]
        yield from (_event(key, value, at) for key, value in keys)
        at += apart
    if enter:
        yield from (_event(_ENTER, value, at) for value in (1, 0))


def _event(code: int, value: int, at: float) -> bytes:
    """One key and the end of its report: EV_MSC scan code (as real keyboards send), EV_KEY, EV_SYN."""
    second, microsecond = divmod(round(at * 1_000_000), 1_000_000)
    rows = ((4, 4, 0x70000 + code), (1, code, value), (0, 0, 0))
    return b"".join(struct.pack("@llHHi", second, microsecond, *row) for row in rows)


class Commands(Mapping[str, Callable[[], object]]):
    """The command line: fixed words, and `scan TEXT`, `raw HEX`."""

    def __init__(self, scanner: SimulatedScanner, running: Running) -> None:
        def fault(name: str, value: object) -> Callable[[], None]:
            return lambda: setattr(scanner.faults, name, value)

        def well() -> None:
            scanner.faults = Faults()

        self._scanner = scanner
        self._words: dict[str, Callable[[], object]] = {
            "noise": fault("noise", b"\x00\xff"),
            "twice": fault("twice", True),
            "split": fault("split", 1),
            "no-end": fault("no_end", True),
            "deaf": fault("deaf", True),
            "refuse": fault("refuses", True),
            "well": well,
            "unplug": running.unplug,
            "plug": running.plug,
        }

    def __getitem__(self, line: str) -> Callable[[], object]:
        word, space, rest = line.partition(" ")
        if word == "scan" and rest:
            return functools.partial(self._scanner.show, rest)
        if word == "raw" and space:
            return functools.partial(self._raw, rest)
        return self._words[line]

    def __iter__(self) -> Iterator[str]:
        return iter(("scan TEXT", "raw HEX", *self._words))

    def __len__(self) -> int:
        return len(self._words) + 2

    def _raw(self, digits: str) -> str | None:
        try:
            self._scanner.say(bytes.fromhex(digits))
        except ValueError:
            return "raw takes hexadecimal digits"
        return None


@click.command()
@placed
@click.option("--kind", type=click.Choice(KINDS), default="plain", show_default=True)
def main(port: int | None, link: Path | None, kind: str) -> None:
    """A simulated scanner. Commands come on standard input, one a line."""
    scanner = SimulatedScanner(kind)
    family = "" if kind == "plain" else f"{kind}+"
    live(scanner, port, link, said=f"scanner at {family}{{url}}", commands=functools.partial(Commands, scanner))


if __name__ == "__main__":
    main()
