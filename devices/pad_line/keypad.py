"""Any USB numeric keypad as a pad: its keys, held exclusively, in the words of the pad protocol."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from devices.evdev import BY_ID, Key, KeyboardTransport, KeyDecoder, KeyEvent, KeysLost
from devices.pad_line.protocol import Words

DIGITS: Mapping[int, str] = {Key[f"{block}{digit}"]: str(digit) for block in ("D", "KP") for digit in range(10)}


class Keypad(Protocol):
    """Pure: what a key of a numeric keypad means to one kind of pad (`RatingKeypad`, `CallKeypad`)."""

    def pressed(self, event: KeyEvent | KeysLost) -> Words | None: ...

    def reset(self) -> None: ...


class KeypadPort:
    """A PadPort over a numeric keypad. It has nothing to show or to light."""

    def __init__(self, device: str, keypad: Keypad, *, by_id: Path = BY_ID) -> None:
        """`device`: a path, or a name in /dev/input/by-id (`usb-*Keypad*-event-kbd`)."""
        self._wire = KeyboardTransport(device, by_id=by_id)
        self._keypad = keypad
        self._decoder = KeyDecoder()

    @property
    def name(self) -> str:
        return self._wire.name

    def open(self) -> None:
        self._wire.open()
        self._decoder.reset()
        self._keypad.reset()

    def close(self) -> None:
        self._wire.close()

    def tell(self, words: Words) -> None:
        if words[0] == "ASK":
            self.read(0.0)  # what was pressed before the question is no answer to it

    def read(self, timeout: float) -> list[Words]:
        pressed = map(self._keypad.pressed, self._decoder.feed(self._wire.read(timeout)))
        return [words for words in pressed if words is not None]
