"""A simulated ESC/POS printer, written from the data sheet: it reads the byte stream as a printer does.

It never imports `protocol`: a shared wrong codec would pass its own tests. Source: Epson "ESC/POS Command
Reference"; where makers differ it is the strict kind: Chinese only after `FS &`, four-byte GB18030 blank, `GS V B n`
feeds n dots and not to the blade, so a receipt cut too early loses its last lines to the next one.

As a program: `python -m devices.printer.simulator --tcp 9100 --out receipts`, with faults typed on standard input.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import RLock, Thread
from typing import Self

import click
from PIL import Image

from ..desk import Commands, live, placed
from ..simulation import Running
from .simulated_commands import KNOWN, command_length
from .simulated_paper import Glyph, Ink, Picture, Placed, QRPrint, Slip, TextLine

BLADE = 80  # dots (10 mm) from the print head up to the blade
_DOTS_PER_MM = 8
_BUFFER = 256 * 1024
_LINE_SPACING = 34  # 1/6 inch at 203 dpi


class EscPosPrinter:
    """The printer: a `Simulated` device, with its paper, its faults and what it has printed.

    `slips` are the pieces cut off so far, `on_slip` is told each at the next tick, when the printer has answered;
    `on_ink` is told each line as it is printed, to spoil something just then. `speed` in mm/s; None prints in no
    time. `roll` and `low` are mm of paper. `confirms` and `clears`: it knows GS r and DLE DC4 fn 8, as not all do.
    Every method may be called from any thread.
    """

    def __init__(
        self,
        *,
        dots: int = 576,
        roll: float = 50_000.0,
        low: float = 2_000.0,
        speed: float | None = None,
        confirms: bool = True,
        clears: bool = True,
        on_slip: Callable[[Slip], None] | None = None,
        on_ink: Callable[[Ink], None] | None = None,
    ) -> None:
        self.dots, self.speed, self.on_slip, self.on_ink = dots, speed, on_slip, on_ink
        self.slips: list[Slip] = []
        self._fresh: list[Slip] = []
        self.unknown: list[bytes] = []  # commands it did not know
        self._full_roll, self._low = roll, low
        self._confirms, self._clears = confirms, clears
        self._roll = roll
        self._cover = self._jam = self._cutter_error = self._hot = self._broken = self._button = False
        self._deaf = self._mute = self._garbage = False
        self._lock = RLock()
        self._rng = random.Random(1)  # noqa: S311
        self._now = self._busy_until = 0.0
        self._buffer, self._recent, self._answers = bytearray(), bytearray(), bytearray()
        self._placed: list[Placed] = []
        self._y = BLADE  # dots of paper above the head since the last cut
        self._asb = False
        self._asb_told = b""
        self._reset()

    # --- what people do to it ------------------------------------------------------------------------------------

    def paper_out(self) -> None:
        self._roll = 0.0

    def paper_low(self) -> None:
        self._roll = self._low

    def paper_in(self, mm: float | None = None) -> None:
        self._roll = self._full_roll if mm is None else mm

    def cover_open(self) -> None:
        self._cover = True

    def cover_close(self) -> None:
        self._cover = False

    def jam(self) -> None:
        """The next cut fails, and the printer stops with a cutter error."""
        self._jam = True

    def clear_jam(self) -> None:
        """The jam is removed; the printer still waits for DLE ENQ."""
        self._jam = False

    def overheat(self) -> None:
        self._hot = True

    def cool(self) -> None:
        self._hot = False

    def break_down(self) -> None:
        """An unrecoverable error, until `power_cycle`."""
        self._broken = True

    def offline(self) -> None:
        self._button = True

    def online(self) -> None:
        self._button = False

    def deaf(self) -> None:
        """Hears nothing, answers nothing."""
        self._deaf = True

    def mute(self) -> None:
        """Prints, but answers nothing."""
        self._mute = True

    def noise(self) -> None:
        """Answers garbage, whatever comes."""
        self._garbage = True

    def clear(self) -> None:
        """Hears and answers properly again."""
        self._deaf = self._mute = self._garbage = False

    def power_cycle(self) -> None:
        with self._lock:
            self._broken = self._cutter_error = self._asb = False
            self._forget()

    # --- the wire ------------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> bytes:
        with self._lock:
            if self._garbage:
                return self._rng.randbytes(self._rng.randint(1, 8))
            if not self._deaf:
                for byte in data:
                    self._take(byte)
                self._work()
            return self._say()

    def tick(self, now: float) -> bytes:
        with self._lock:
            self._now = now
            if not self._deaf:
                self._work()
            if self._asb and self._asb_message() != self._asb_told:
                self._tell_asb()
            said, fresh, self._fresh = self._say(), self._fresh, []
        for slip in fresh:
            if self.on_slip is not None:
                self.on_slip(slip)
        return said

    def _say(self) -> bytes:
        said = b"" if self._mute or self._deaf else bytes(self._answers)
        self._answers.clear()
        return said

    def _take(self, byte: int) -> None:
        """One byte from the wire: real-time commands are obeyed at once, wherever they stand."""
        if len(self._buffer) < _BUFFER:
            self._buffer.append(byte)
        self._recent.append(byte)
        del self._recent[:-10]
        recent = bytes(self._recent)
        if recent[-3:-1] == b"\x10\x04" and 1 <= byte <= 4:
            self._answers.append(self._status(byte))
        elif recent[-3:-1] == b"\x10\x05" and byte in (1, 2) and self._cutter_error:
            self._cutter_error = self._jam
            if byte == 2:
                self._forget()
        elif recent == b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08" and self._clears:
            self._forget()
            self._answers += b"\x37\x25\x00"

    def _status(self, n: int) -> int:
        stopped = self._cover or self._roll <= 0 or self._error or self._button
        match n:
            case 1:
                return 0x12 | stopped << 3 | (self._cutter_error and not self._jam) << 5
            case 2:
                return 0x12 | self._cover << 2 | (self._roll <= 0) << 5 | self._error << 6
            case 3:
                return 0x12 | self._cutter_error << 3 | self._broken << 5 | self._hot << 6
            case _:
                return 0x12 | self._paper_bits(0x0C, 0x60)

    @property
    def _error(self) -> bool:
        return self._cutter_error or self._hot or self._broken

    def _paper_bits(self, near: int, end: int) -> int:
        return (near if self._roll <= self._low else 0) | (end if self._roll <= 0 else 0)

    def _asb_message(self) -> bytes:
        stopped = self._cover or self._roll <= 0 or self._error or self._button
        return bytes(
            [
                0x10 | stopped << 3 | self._cover << 5,
                self._cutter_error << 3 | self._broken << 5 | self._hot << 6,
                self._paper_bits(0x03, 0x0C),
                0,
            ]
        )

    def _tell_asb(self) -> None:
        self._asb_told = self._asb_message()
        self._answers += self._asb_told

    # --- commands ------------------------------------------------------------------------------------------------

    def _reset(self) -> None:
        self._line: list[Glyph] = []
        self._wide = self._high = 1
        self._bold = self._smooth = self._chinese = False
        self._align = 0
        self._spacing = _LINE_SPACING
        self._qr: dict[str, int | bytes] = {}

    def _forget(self) -> None:
        self._buffer.clear()
        self._reset()

    def _work(self) -> None:
        while self._buffer and self._now >= self._busy_until:
            if self._cover or self._roll <= 0 or self._error or self._button:
                return
            length = command_length(self._buffer, chinese=self._chinese)
            if length is not None and length > _BUFFER:
                length = 2  # no printer waits for that much: not a command
            if length is None or length > len(self._buffer):
                return  # the rest is still on its way
            command = bytes(self._buffer[:length])
            if command[:2] == b"\x1dV" and self._jam:
                self._cutter_error = True
                return
            del self._buffer[:length]
            self._obey(command)

    def _obey(self, command: bytes) -> None:
        if len(command) == 1:
            self._character(command[0])
            return
        n = command[2] if len(command) > 2 else 0
        match command[:2]:
            case b"\x1b@":
                self._reset()
            case b"\x1ba":
                if not self._line:  # effective only at the beginning of a line
                    self._align = n % 48 % 3
            case b"\x1bE" | b"\x1bG":
                self._bold = bool(n & 1)
            case b"\x1b!":
                self._bold, self._high, self._wide = bool(n & 8), 1 + (n >> 4 & 1), 1 + (n >> 5 & 1)
            case b"\x1c!":
                self._wide, self._high = 1 + (n >> 2 & 1), 1 + (n >> 3 & 1)
            case b"\x1d!":
                self._wide, self._high = 1 + (n >> 4 & 7), 1 + (n & 7)
            case b"\x1db":
                self._smooth = bool(n & 1)
            case b"\x1b2":
                self._spacing = _LINE_SPACING
            case b"\x1b3":
                self._spacing = n
            case b"\x1bd":
                self._print_line(blank=False)
                self._feed(n * self._spacing)
            case b"\x1bJ":
                self._print_line(blank=False)
                self._feed(n)
            case b"\x1c&":
                self._chinese = True
            case b"\x1c.":
                self._chinese = False
            case b"\x1da":
                self._asb = n != 0
                if self._asb:
                    self._tell_asb()
            case b"\x1dr" if self._confirms:
                self._answers.append(self._paper_bits(0x03, 0x0C) if n in (1, 49) else 0)
            case b"\x1dV":
                self._cut(command)
            case b"\x1dv":
                self._raster(command)
            case b"\x1d(":
                self._graphic_code(command)
            case start if start in KNOWN:
                pass  # without effect on a receipt here
            case start if start[0] >= 0x81:
                self._chinese_character(command)
            case _:
                self.unknown.append(command)

    def _character(self, byte: int) -> None:
        if byte == 0x0A:
            self._print_line()
        elif 0x20 <= byte <= 0x7E:
            self._put(chr(byte), 1)
        elif byte >= 0x80:
            self._put(bytes([byte]).decode("cp437"), 1)  # code page 0: what Chinese without FS & looks like

    def _chinese_character(self, code: bytes) -> None:
        if len(code) == 4:
            self._put("\u3000", 2)  # not in the printer's font: blank
            return
        try:
            self._put(code.decode("gb18030"), 2)
        except UnicodeDecodeError:
            self._put("\u25a1", 2)

    def _graphic_code(self, command: bytes) -> None:
        """GS ( k, cn 49: the two-dimensional code QR."""
        if command[2:3] != b"k" or len(command) < 7 or command[5] != 49:
            return
        function, data = command[6], command[7:]
        match function:
            case 67 if data and 1 <= data[0] <= 16:
                self._qr["module"] = data[0]
            case 69 if data and 48 <= data[0] <= 51:
                self._qr["level"] = data[0] - 48
            case 80 if len(data) > 1:
                self._qr["data"] = data[1:]
            case 81 if isinstance(stored := self._qr.get("data"), bytes):
                module, level = int(self._qr.get("module", 3)), "LMQH"[int(self._qr.get("level", 0))]
                code = QRPrint(text=stored.decode("utf-8", "replace"), module=module, level=level)
                if code.width <= self.dots:  # too big for the paper or for any QR code: not printed
                    self._place(code)

    # --- the mechanism -------------------------------------------------------------------------------------------

    def _put(self, char: str, cells: int) -> None:
        glyph = Glyph(char=char, cells=cells, wide=self._wide, high=self._high, bold=self._bold, smooth=self._smooth)
        if sum(g.width for g in self._line) + glyph.width > self.dots:
            self._print_line()
        self._line.append(glyph)

    def _print_line(self, *, blank: bool = True) -> None:
        if self._line:
            line = TextLine(glyphs=tuple(self._line))
            self._line.clear()
            self._place(line)
            self._feed(max(0, self._spacing - line.height))
        elif blank:
            self._feed(self._spacing)

    def _raster(self, command: bytes) -> None:
        width, height = int.from_bytes(command[4:6], "little") * 8, int.from_bytes(command[6:8], "little")
        if width and height:
            self._print_line(blank=False)
            self._place(Picture(width=width, height=height, data=command[8:]))

    def _place(self, ink: Ink) -> None:
        """Print at the head and move on. What is wider than the paper loses its right side."""
        x = max(0, self.dots - ink.width) * self._align // 2
        self._placed.append(Placed(x=x, y=self._y, ink=ink))
        self._feed(ink.height)
        if self.on_ink is not None:
            self.on_ink(ink)

    def _feed(self, dots: int) -> None:
        self._y += dots
        self._roll -= dots / _DOTS_PER_MM
        if self.speed is not None:
            self._busy_until = max(self._now, self._busy_until) + dots / _DOTS_PER_MM / self.speed

    def _cut(self, command: bytes) -> None:
        self._print_line(blank=False)
        if len(command) == 4:
            self._feed(command[3])
        at = self._y - BLADE
        if at <= 0:
            return  # nothing has passed the blade
        slip = Slip(width=self.dots, height=at, placed=tuple(p for p in self._placed if p.y < at))
        self._placed = [Placed(x=p.x, y=p.y - at, ink=p.ink) for p in self._placed if p.y >= at]
        self._y = BLADE
        self.slips.append(slip)
        del self.slips[:-1000]
        self._fresh.append(slip)


_FAULTS = (
    *("paper_out", "paper_low", "paper_in", "cover_open", "cover_close", "jam", "clear_jam", "overheat", "cool"),
    *("break_down", "offline", "online", "deaf", "mute", "noise", "clear", "power_cycle"),
)


class Tray:
    """Keeps slips in a folder as receipt-0001.png and .txt, counting on from those already there.

    In a thread of its own: drawing a slip takes longer than a host waits for an answer.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: SimpleQueue[Slip | None] = SimpleQueue()
        self._thread = Thread(target=self._keep, name="receipt tray", daemon=True)

    def __call__(self, slip: Slip) -> None:
        self._waiting.put(slip)

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.put(None)
        self._thread.join(20)

    def _keep(self) -> None:
        there = (path.stem.rpartition("-")[2] for path in self._folder.glob("receipt-*.png"))
        last = max((int(name) for name in there if name.isdecimal()), default=0)
        for number, slip in enumerate(iter(self._waiting.get, None), last + 1):
            try:
                save(slip, self._folder, f"receipt-{number:04}")
            except OSError as e:
                print(f"cannot keep a receipt: {e}", file=sys.stderr)  # noqa: T201


def save(slip: Slip, folder: Path, name: str) -> Path:
    """Write NAME.txt and NAME.png; a reader of the folder never sees half a picture."""
    (folder / f"{name}.txt").write_text(slip.text, encoding="utf-8")
    half = folder / f".{name}.png"
    # Few colours: a tenth of the bytes, and faster than writing them all.
    few = slip.picture().quantize(48, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(half, "PNG", compress_level=3)
    return half.replace(folder / f"{name}.png")


def commands(printer: EscPosPrinter, running: Running) -> Commands:
    """What one can type at it: its faults by name, `unplug`, `plug`."""
    faults = {name.replace("_", "-"): getattr(printer, name) for name in _FAULTS}
    return {**faults, "unplug": running.unplug, "plug": running.plug}


@click.command()
@placed
@click.option(
    "--out", type=click.Path(path_type=Path), help="Keep each receipt as a picture and a text in this folder."
)
@click.option("--width", type=click.Choice(["80", "58"]), default="80", show_default=True, help="Paper, mm.")
@click.option("--speed", type=click.FloatRange(min=0, min_open=True), default=150.0, show_default=True, help="mm/s.")
@click.option("--roll", type=click.FloatRange(min=0), default=50_000.0, show_default=True, help="mm of paper.")
def main(port: int | None, link: Path | None, out: Path | None, width: str, speed: float, roll: float) -> None:
    """A simulated ESC/POS printer. Commands come on standard input, one a line."""
    with ExitStack() as stack:
        printer = EscPosPrinter(
            dots=576 if width == "80" else 384,
            roll=roll,
            speed=speed,
            on_slip=stack.enter_context(Tray(out)) if out else None,
        )
        live(printer, port, link, said="{url}", commands=partial(commands, printer))


if __name__ == "__main__":
    main()
