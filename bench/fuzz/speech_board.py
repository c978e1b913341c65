"""What a speech board answers, and what it is told."""

from __future__ import annotations

from functools import partial, reduce
from itertools import islice
from operator import xor
from typing import Any

from bench.fuzz import Target
from bench.fuzz.parsers import examine_simulated, pieces
from devices.speech_board import driver, protocol, simulator
from devices.speech_board.driver import SpeechBoard
from devices.speech_board.protocol import Chip
from devices.speech_board.simulator import SimulatedSpeechBoard
from devices.transport import LIMIT, Transport

A_TEXT = 3.0  # seconds


class Says(Transport):
    """A wire on which these bytes come, whatever is asked; time is only a number. A byte FF pulls the plug once."""

    name = "fuzzed"

    def __init__(self, data: bytes) -> None:
        self.now = 0.0
        self._coming = [piece for part in data.split(b"\xff") for piece in (*pieces(part), b"\xff")]
        self._is_open = False

    def open(self) -> None:
        self._is_open = True

    def close(self) -> None:
        self._is_open = False

    @property
    def is_open(self) -> bool:
        return self._is_open

    def read(self, timeout: float = 0.0, limit: int = LIMIT) -> bytes:
        if self._coming and self._coming[0] == b"\xff":
            del self._coming[0]
            self._is_open = False
            raise OSError("unplugged")
        self.now += timeout if not self._coming else min(timeout, 0.01)
        return self._coming.pop(0) if self._coming else b""

    def write(self, data: bytes, timeout: float = 5.0) -> None:
        self.now += 0.01

    def clock(self) -> float:
        return self.now


def examine_speech_board(data: bytes) -> None:
    wire, freed = Says(data), []
    board = SpeechBoard(wire, Chip.SYN6288, on_free=lambda: freed.append(wire.now), clock=wire.clock)
    for number in range(1, 4):
        assert board.say("请A零幺七号", round(A_TEXT * 1000)), "a board that is free takes a text"
        assert not board.say("请B零零二号", 1000), "and no other while it has one"
        taken = wire.now
        for wait in islice(iter(board.step, None), 60):
            wire.now += max(0.001, wait)
            if board.is_free:
                break
        assert board.is_free, "a text is over some time, whatever a board says"
        assert wire.now - taken < A_TEXT + 15
        assert len(freed) <= number, "and is told to be over once"


def mended_speech_board(data: bytes) -> bytes:
    """Give the first frame its length, and the check sum it needs."""
    if len(data) < 5 or data[0] != 0xFD:
        return data
    frame = data[:1] + (len(data) - 3).to_bytes(2, "big") + data[3:-1]
    return frame + bytes([reduce(xor, frame)])


def board_says(board: Any) -> object:
    return list(board.said), board.cut, board.is_speaking


_FRAMES = [
    protocol.speak(Chip.SYN6288, "请A001号到3号窗口"),
    protocol.ask(Chip.SYN6288),
    protocol.stop(Chip.SYN6288),
]
_MARKS = [b"\xfd", b"\x00", b"\x01", b"\x01\x01", b"\x21", b"\x02", b"\xff\xff", b"\xc7\xeb"]

TARGETS = {
    "speech-board": Target(
        examine=examine_speech_board,
        watched=[driver, protocol],
        unwatched=frozenset({"_frame"}),
        seeds=[b"\x4a\x41\x4f", b"\x41\x4e\x4e\x4f" * 3, b"\x45\x45", b"\x80\x41\xff\x4f", b""],
        tokens=[b"\x4a", b"\x41", b"\x45", b"\x4e", b"\x4f", b"\xff", b"\x80", b"\x00"],
        longest=80,
    ),
    "simulated-speech-board": Target(
        examine=examine_simulated(partial(SimulatedSpeechBoard, checksum=True), board_says),
        watched=[simulator],
        seeds=[*_FRAMES, b"".join(_FRAMES)],
        tokens=_MARKS,
        mended=mended_speech_board,
        longest=300,
    ),
}
