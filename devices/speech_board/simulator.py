"""A speech board, simulated from the chips' data sheets; never imports the protocol.

It keeps what it was told to say in `said`, and counts in `cut` how often a new text cut one short.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from ..desk import live, placed
from ..simulation import Running

KEPT = 1000  # texts
LONGEST = {True: 203, False: 4097}
"""Bytes of a frame after its length: command, encoding, text, and SYN6288's check sum. A longer one is no frame."""


class SimulatedSpeechBoard:
    """SYN6288 (`checksum`) or XFS5152CE. Reads so many characters a second."""

    def __init__(self, *, checksum: bool, speed: float = 4.0) -> None:
        self.said: list[str] = []
        self.cut = 0
        self.answers = True
        self.refuses = False
        self.powered = True
        self._checksum, self._speed = checksum, speed
        self._buffer = b""
        self._ends: float | None = None
        self._now = 0.0

    @property
    def is_speaking(self) -> bool:
        return self._ends is not None

    def power(self, on: bool) -> None:
        self.powered, self._buffer, self._ends = on, b"", None

    def receive(self, data: bytes) -> bytes:
        if not self.powered:
            return b""
        self._buffer += data
        answered = b""
        while (frame := self._next_frame()) is not None:
            answered += self._obey(frame)
        return answered if self.answers else b""

    def tick(self, now: float) -> bytes:
        self._now = now
        if self._ends is not None and now >= self._ends:
            self._ends = None
            return b"\x4f" if self.answers and self.powered else b""
        return b""

    def _next_frame(self) -> bytes | None:
        """What stands between length and checksum; b"" if the checksum is wrong or the length cannot be."""
        start = self._buffer.find(b"\xfd")
        self._buffer = self._buffer[start:] if start >= 0 else b""
        if len(self._buffer) < 3:
            return None
        length = self._buffer[1] << 8 | self._buffer[2]
        if length > LONGEST[self._checksum]:
            self._buffer = self._buffer[1:]
            return b""
        if len(self._buffer) < 3 + length:
            return None
        whole, self._buffer = self._buffer[: 3 + length], self._buffer[3 + length :]
        if not self._checksum:
            return whole[3:]
        total = 0
        for byte in whole[:-1]:
            total ^= byte
        return whole[3:-1] if length and total == whole[-1] else b""

    def _obey(self, frame: bytes) -> bytes:
        match frame[:1]:
            case _ if self.refuses:
                return b"\x45"
            case b"\x01" if len(frame) > 2 and frame[1] in (0, 1):
                self.cut += self.is_speaking
                text = frame[2:].decode("gbk", errors="replace")
                self.said.append(text)
                del self.said[:-KEPT]
                self._ends = self._now + len(text) / self._speed
                return b"\x41"
            case b"\x02":
                self._ends = None
                return b"\x41"
            case b"\x21":
                return b"\x4e" if self.is_speaking else b"\x4f"
            case _:
                return b"\x45"


def commands(board: SimulatedSpeechBoard, running: Running) -> dict[str, Callable[[], object]]:
    """`show` tells what was said; `power-off`, `one-way`, `refuse`, `unplug` and what undoes them."""

    def show() -> str:
        return "\n".join([*board.said, f"{'speaking' if board.is_speaking else 'silent'}, cut short: {board.cut}"])

    return {
        "show": show,
        "power-off": partial(board.power, False),
        "power-on": partial(board.power, True),
        "one-way": partial(setattr, board, "answers", False),
        "two-way": partial(setattr, board, "answers", True),
        "refuse": partial(setattr, board, "refuses", True),
        "obey": partial(setattr, board, "refuses", False),
        "unplug": running.unplug,
        "plug": running.plug,
    }


@click.command()
@placed
@click.option("--chip", type=click.Choice(["syn6288", "xfs5152"]), default="syn6288", show_default=True)
def main(port: int | None, link: Path | None, chip: str) -> None:
    """A simulated speech board: it keeps what it is told to say. Commands come on standard input, one a line."""
    board = SimulatedSpeechBoard(checksum=chip == "syn6288")
    live(board, port, link, said="{url}", serial_options="?baud=9600", commands=partial(commands, board))


if __name__ == "__main__":
    main()
