"""Where one ESC/POS command ends and the next begins, for the simulated printer. Source as there."""

from __future__ import annotations

# How many bytes follow the two of a command; commands of other shapes are in `_odd_length`.
_PARAMETERS = {
    bytes([first, second]): count
    for first, count, seconds in (
        (0x1B, 0, b"@2imSL"),
        (0x1B, 1, b"aEG!- 3dJRtM{Ve=rUT"),
        (0x1B, 2, b"$\\c"),
        (0x1B, 3, b"p"),
        (0x1B, 8, b"W"),
        (0x1C, 0, b"&."),
        (0x1C, 1, b"!-WC"),
        (0x1C, 2, b"Sp"),
        (0x1D, 0, b":"),
        (0x1D, 1, b"!BarIbfhwH/"),
        (0x1D, 2, b"LWP$\\"),
        (0x1D, 3, b"^"),
        (0x10, 1, b"\x04\x05"),
    )
    for second in seconds
}

KNOWN = frozenset(_PARAMETERS) | {b"\x10\x14", b"\x1dk", b"\x1d*", b"\x1b*", b"\x1bD", b"\x1c("}


def command_length(buffer: bytearray, *, chinese: bool) -> int | None:
    """Bytes the command (or the character) at the head of `buffer` takes; None while that cannot be told.

    `chinese` is the mode FS &: two bytes make a character there, four with a digit in the second place.
    """
    first = buffer[0]
    if first >= 0x81 and chinese:
        if len(buffer) < 2:
            return None
        return 4 if 0x30 <= buffer[1] <= 0x39 else 2 if buffer[1] >= 0x40 else 1
    if first not in (0x10, 0x1B, 0x1C, 0x1D):
        return 1
    if len(buffer) < 2:
        return None
    start = bytes(buffer[:2])
    return 2 + _PARAMETERS[start] if start in _PARAMETERS else _odd_length(start, buffer)


def _odd_length(start: bytes, buffer: bytearray) -> int | None:
    """The length of a command that says itself how long it is; 2 for one nobody knows."""

    def number(at: int) -> int:
        return int.from_bytes(buffer[at : at + 2], "little")

    match start:
        case b"\x1dV":
            return None if len(buffer) < 3 else 4 if buffer[2] in b"ABabgh" else 3
        case b"\x1d(" | b"\x1c(":
            return None if len(buffer) < 5 else 5 + number(3)
        case b"\x1dv":
            return None if len(buffer) < 8 else 8 + number(4) * number(6)
        case b"\x1d*":
            return None if len(buffer) < 4 else 4 + buffer[2] * buffer[3] * 8
        case b"\x1b*":
            return None if len(buffer) < 5 else 5 + number(3) * (3 if buffer[2] in b"\x20\x21" else 1)
        case b"\x1bD":
            end = buffer.find(0, 2)
            return end + 1 if end >= 0 else None
        case b"\x1dk":
            if len(buffer) < 4:
                return None
            return 4 + buffer[3] if buffer[2] > 6 else (buffer.find(0, 3) + 1 or None)
        case b"\x10\x14":
            return None if len(buffer) < 3 else 10 if buffer[2] == 8 else 5
        case _:
            return 2
