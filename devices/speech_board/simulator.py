"""A speech board, simulated from the chips' data sheets; never imports the protocol.

It keeps what it was told to say in `said`, and counts in `cut` how often a new text cut one short.
"""

from __future__ import annotations

CHARACTERS_A_SECOND = 4.0


class SimulatedSpeechBoard:
    """SYN6288 (`checksum`) or XFS5152CE."""

    def __init__(self, *, checksum: bool) -> None:
        self.said: list[str] = []
        self.cut = 0
        self.answers = True
        self.powered = True
        self._checksum = checksum
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
        """What stands between length and checksum; b"" if the checksum is wrong."""
        start = self._buffer.find(b"\xfd")
        self._buffer = self._buffer[start:] if start >= 0 else b""
        if len(self._buffer) < 3:
            return None
        length = self._buffer[1] << 8 | self._buffer[2]
        if len(self._buffer) < 3 + length:
            return None
        whole, self._buffer = self._buffer[: 3 + length], self._buffer[3 + length :]
        if not self._checksum:
            return whole[3:]
        total = 0
        for byte in whole[:-1]:
            total ^= byte
        return whole[3:-1] if total == whole[-1] else b""

    def _obey(self, frame: bytes) -> bytes:
        match frame[:1]:
            case b"\x01" if len(frame) > 2 and frame[1] in (0, 1):
                self.cut += self.is_speaking
                text = frame[2:].decode("gbk")
                self.said.append(text)
                self._ends = self._now + len(text) / CHARACTERS_A_SECOND
                return b"\x41"
            case b"\x02":
                self._ends = None
                return b"\x41"
            case b"\x21":
                return b"\x4e" if self.is_speaking else b"\x4f"
            case _:
                return b"\x45"
