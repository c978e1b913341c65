"""Linux input devices: keyboards, numeric keypads, scanners that type ("keyboard wedges").

Facts: linux/input.h (struct input_event, EVIOCGRAB), linux/input-event-codes.h, the kernel's
Documentation/input/event-codes.rst (SYN_DROPPED). The decoder is pure; `KeyboardTransport` moves the bytes and
holds the device exclusively, so that what is typed there reaches us and no window on the screen.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase
from pathlib import Path

from .transport import Descriptor

# struct input_event: two C longs of time (8 or 4 bytes each, as the machine has them), type, code, value.
INPUT_EVENT = struct.Struct("@llHHi")
EVIOCGRAB = 0x40044590  # _IOW('E', 0x90, int)
BY_ID = Path("/dev/input/by-id")

_EV_SYN, _EV_KEY = 0x00, 0x01
_SYN_REPORT, _SYN_DROPPED = 0, 3


class Key(IntEnum):
    """Codes of linux/input-event-codes.h that a US keyboard and a numeric keypad send (`D1` is digit 1)."""

    ESC, D1, D2, D3, D4, D5, D6, D7, D8, D9, D0, MINUS, EQUAL, BACKSPACE = range(1, 15)
    TAB, Q, W, E, R, T, Y, U, I, O, P, LEFT_BRACE, RIGHT_BRACE, ENTER = range(15, 29)  # noqa: E741
    LEFT_CTRL, A, S, D, F, G, H, J, K, L, SEMICOLON, APOSTROPHE, GRAVE = range(29, 42)
    LEFT_SHIFT, BACKSLASH, Z, X, C, V, B, N, M, COMMA, DOT, SLASH, RIGHT_SHIFT = range(42, 55)
    KP_ASTERISK, LEFT_ALT, SPACE, CAPS_LOCK = range(55, 59)
    NUM_LOCK, SCROLL_LOCK, KP7, KP8, KP9, KP_MINUS, KP4, KP5, KP6, KP_PLUS = range(69, 79)
    KP1, KP2, KP3, KP0, KP_DOT = range(79, 84)
    KP_ENTER, RIGHT_CTRL, KP_SLASH = range(96, 99)
    KP_EQUAL = 117
    RIGHT_ALT = 100


class KeyAction(IntEnum):
    """`value` of an EV_KEY event."""

    UP = 0
    DOWN = 1
    REPEAT = 2


@dataclass(frozen=True, kw_only=True)
class KeyEvent:
    """One key going down, up or repeating. `at`: seconds of the kernel's clock, for distances only."""

    code: int
    action: KeyAction
    at: float


@dataclass(frozen=True, kw_only=True)
class KeysLost:
    """The kernel's buffer ran over (SYN_DROPPED): keys are missing here, so what was half typed is worthless."""

    at: float


class KeyDecoder:
    """Bytes of an event device -> key events. Any cut gives the same events; never raises; holds < 24 bytes.

    Between SYN_DROPPED and the next SYN_REPORT the kernel's events do not fit together and are dropped.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._dropping = False

    def feed(self, data: bytes) -> list[KeyEvent | KeysLost]:
        data = self._rest + data
        whole = len(data) - len(data) % INPUT_EVENT.size
        self._rest = data[whole:]
        found: list[KeyEvent | KeysLost] = []
        for second, microsecond, kind, code, value in INPUT_EVENT.iter_unpack(data[:whole]):
            at = second + microsecond / 1_000_000
            if kind == _EV_SYN and code == _SYN_DROPPED:
                self._dropping = True
                found.append(KeysLost(at=at))
            elif kind == _EV_SYN and code == _SYN_REPORT:
                self._dropping = False
            elif kind == _EV_KEY and not self._dropping and 0 <= value <= 2:
                found.append(KeyEvent(code=code, action=KeyAction(value), at=at))
        return found

    def reset(self) -> None:
        """Forget a half event: call it when the device was opened again."""
        self._rest, self._dropping = b"", False


def encode_key(code: int, action: KeyAction, at: float) -> bytes:
    """The bytes of one key event and its SYN_REPORT, as a keyboard's driver writes them."""
    second, microsecond = divmod(round(at * 1_000_000), 1_000_000)
    return INPUT_EVENT.pack(second, microsecond, _EV_KEY, code, action) + INPUT_EVENT.pack(
        second, microsecond, _EV_SYN, _SYN_REPORT, 0
    )


class KeyboardTransport(Descriptor):
    """One input device, held exclusively (a second open fails with EBUSY). Only read: `write` raises.

    `device` is a path (`/dev/input/event5`, `/dev/input/by-id/usb-…-event-kbd`), or a bare name in `by_id`,
    where `*` and `?` may stand for the serial number; it must then fit exactly one device. The name is looked
    up at each opening, so a keypad plugged in elsewhere is found again. A FIFO (a simulated keypad) is read as
    it is: nobody else gets its bytes, so there is nothing to hold.
    """

    def __init__(self, device: str, *, by_id: Path = BY_ID) -> None:
        self.name = f"keyboard:{device}"
        self._device, self._by_id = device, by_id

    def open(self) -> None:
        self.close()
        path = find_input_device(self._device, by_id=self._by_id)
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            if not stat.S_ISFIFO(os.fstat(fd).st_mode):
                fcntl.ioctl(fd, EVIOCGRAB, 1)
        except OSError as e:
            os.close(fd)
            held = "another program holds this keyboard" if e.errno == errno.EBUSY else "not an input device"
            raise OSError(e.errno, held, self.name) from e
        self._fd = fd

    def close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            with suppress(OSError):
                os.close(fd)  # this also ends the grab

    def write(self, data: bytes, timeout: float = 5.0) -> None:
        raise OSError(errno.EBADF, "a keyboard is only read", self.name)


def find_input_device(device: str, *, by_id: Path = BY_ID) -> str:
    """The path `device` names. OSError ENOENT if nothing fits, EINVAL if several do (it names them)."""
    if "/" in device:
        return device
    with suppress(FileNotFoundError):  # no input device at all: the folder itself is missing
        fitting = sorted(path.name for path in by_id.iterdir() if fnmatchcase(path.name, device))
        if len(fitting) > 1:
            raise OSError(errno.EINVAL, f"{device!r} fits several devices: {', '.join(fitting)}", str(by_id))
        if fitting:
            return str(by_id / fitting[0])
    raise FileNotFoundError(errno.ENOENT, f"no input device fits {device!r}", str(by_id))
