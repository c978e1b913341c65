"""ESC/POS, pure: a receipt to bytes, status bytes to conditions.

Sources: Epson "ESC/POS Command Reference" (DLE EOT, DLE DC4, GS r, GS a, GS ( k, GS v 0, GS V, FS &). The dozen
commands a receipt needs are written directly: python-escpos would be used for byte building only, and its `text()`
sends Chinese without `FS &`, its `qr(center=True)` raises and its status query cannot tell silence from paper.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TypeAlias, assert_never

from .receipt import Align, Feed, Line, QRCode, Receipt, Row, Rule, justify, wrap

DOTS_PER_MM = 8  # 203 dpi
_CELL = 12  # dots of one column: font A is 12 x 24, a Chinese character 24 x 24
_GLYPH_HEIGHT = 24
_LINE_GAP = 10


class Cut(StrEnum):
    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How one model of printer differs from another."""

    dots: int = 576  # printable width: 576 for 80 mm paper, 384 for 58 mm, at 203 dpi
    # Python's name of the printer's Chinese set: gbk, gb18030 or gb2312. The codes are the same; "gb18030" adds some
    # eighty characters (€, 䶮) that older printers leave blank, "gbk" has those drawn instead.
    encoding: str = "gbk"
    feed: int = 4  # lines between the last line and the cut: the blade sits 8-14 mm above the print head
    cut: Cut = Cut.PARTIAL
    confirms: bool = True  # answers GS r in order, i.e. when everything before it is on paper
    speed: float = 100.0  # mm/s, the slowest to be expected

    def __post_init__(self) -> None:
        "".encode(self.encoding)  # LookupError for a set Python has never heard of
        if self.dots % 8 or not 96 <= self.dots <= 1024:
            raise ValueError(f"dots must be a multiple of 8 from 96 to 1024, not {self.dots}")
        if self.speed <= 0 or not 0 <= self.feed <= 255:
            raise ValueError("speed must be positive and feed 0..255")

    @property
    def columns(self) -> int:
        return self.dots // _CELL


PROFILES = {"80mm": Profile(), "58mm": Profile(dots=384)}


@dataclass(frozen=True, kw_only=True)
class Bitmap:
    """A picture of one bit a dot: `width` is a multiple of 8, `data` holds width/8 bytes a row, 1 is black."""

    width: int
    height: int
    data: bytes


Draw: TypeAlias = Callable[[str, int, bool], Bitmap]
"""Draws one line of text (text, size 1..8, bold) in the printer's grid of columns."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A receipt in bytes; `seconds` is how long the printer needs for it at most."""

    data: bytes
    seconds: float


# --- a receipt to bytes --------------------------------------------------------------------------------------

# Initialise; ASB off (we ask); international set USA, so that $ is $; smooth big characters where it is known how.
_BEGIN = b"\x1b@" + b"\x1da\x00" + b"\x1bR\x00" + b"\x1db\x01"
_CUTS = {Cut.NONE: b"", Cut.PARTIAL: b"\x1dVB\x00", Cut.FULL: b"\x1dVA\x00"}
MARK = b"\x1dr\x01"
"""GS r 1: answered in its turn, so an answer means that everything sent before it was carried out."""

CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
"""DLE DC4 fn 8: throw the receive and print buffers away, at once, even when stopped. Answered 37 25 00."""

RECOVER = b"\x10\x05\x02"
"""DLE ENQ 2: come back from a recoverable error (a jammed cutter) and forget what was to be printed."""


def encode(receipt: Receipt, profile: Profile, draw: Draw, *, after_torn: bool = False) -> Job:
    """The bytes that print `receipt`. `draw` is asked only for lines the printer's character set lacks.

    `after_torn` cuts off first what an abandoned receipt may have left on the paper.
    """
    pen = _Pen(profile)
    if after_torn:
        pen.finish()
    for part in receipt.parts:
        match part:
            case Line():
                for line in wrap(part.text, profile.columns // part.size, balanced=part.align is Align.CENTER):
                    pen.line(line, part.size, part.bold, part.align, draw)
            case Row():
                for line in justify(part.left, part.right, profile.columns // part.size):
                    pen.line(line, part.size, part.bold, Align.LEFT, draw)
            case Rule():
                pen.line("-" * profile.columns, 1, False, Align.LEFT, draw)
            case Feed():
                pen.feed(part.lines)
            case QRCode():
                pen.qr(part)
            case _:
                assert_never(part)
    pen.finish()
    if profile.confirms:
        pen.out += MARK
    return Job(data=bytes(pen.out), seconds=pen.dots / DOTS_PER_MM / profile.speed + 0.5)


class _Pen:
    """Writes commands, and only those that change something."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.out = bytearray(_BEGIN)
        self.dots = 0  # paper moved so far
        self._now: dict[bytes, int] = {}

    def _set(self, command: bytes, value: int) -> None:
        if self._now.get(command) != value:
            self.out += command + bytes([value])
            self._now[command] = value

    def line(self, text: str, size: int, bold: bool, align: Align, draw: Draw) -> None:
        height = _GLYPH_HEIGHT * size + _LINE_GAP
        self._align(align)
        self._set(b"\x1b3", height)
        encoded = encode_text(text, self.profile.encoding)
        if encoded is None:
            self._raster(draw(text, size, bold))
            self.out += b"\x1bJ" + bytes([_LINE_GAP])
        else:
            self._set(b"\x1d!", (size - 1) << 4 | (size - 1))
            self._set(b"\x1bE", int(bold))
            # The mode is said for every string: in FS . mode Chinese comes out as pairs of odd letters.
            self._chinese(not text.isascii())
            self.out += encoded + b"\n"
        self.dots += height

    def feed(self, lines: int) -> None:
        self._set(b"\x1b3", _GLYPH_HEIGHT + _LINE_GAP)
        self.out += b"\x1bd" + bytes([lines])
        self.dots += lines * (_GLYPH_HEIGHT + _LINE_GAP)

    def qr(self, code: QRCode) -> None:
        data = code.text.encode()
        modules = _modules(len(data))
        size = max(1, min(code.module, self.profile.dots // (modules + 8)))  # + 8: the white border
        border = b"\x1bJ" + bytes([4 * size])  # without its white border it does not read
        self._align(code.align)
        self.out += border
        for function in (
            b"\x31\x41\x32\x00",
            b"\x31\x43" + bytes([size]),
            b"\x31\x45\x31",
            b"\x31\x50\x30" + data,
            b"\x31\x51\x30",
        ):
            self.out += b"\x1d(k" + len(function).to_bytes(2, "little") + function
        self.out += border
        self.dots += size * (modules + 8)

    def finish(self) -> None:
        """Feed to the blade and cut."""
        if self.profile.feed:
            self.feed(self.profile.feed)
        self.out += _CUTS[self.profile.cut]

    def _align(self, align: Align) -> None:
        self._set(b"\x1ba", list(Align).index(align))

    def _chinese(self, on: bool) -> None:
        if self._now.get(b"\x1c") != on:
            self.out += b"\x1c&" if on else b"\x1c."
            self._now[b"\x1c"] = on

    def _raster(self, picture: Bitmap) -> None:
        across = picture.width // 8
        self.out += b"\x1dv0\x00" + across.to_bytes(2, "little") + picture.height.to_bytes(2, "little")
        self.out += without_real_time_commands(picture.data)


def encode_text(text: str, encoding: str) -> bytes | None:
    """The text in one and two-byte codes; None if a character has none (four-byte GB18030 prints blank on most)."""
    try:
        codes = [c.encode(encoding) for c in text]
    except UnicodeEncodeError:
        return None
    if any(len(code) > 2 or (len(code) == 1 and code[0] > 0x7E) for code in codes):
        return None
    return b"".join(codes)


def without_real_time_commands(data: bytes) -> bytes:
    """The picture with one dot changed wherever DLE EOT, DLE ENQ or DLE DC4 would stand in it.

    A printer obeys those three at once wherever they come, also inside a picture: it would answer, or reset.
    """
    safe = bytearray(data)
    for i in range(len(safe) - 1):
        if safe[i] == 0x10 and safe[i + 1] in b"\x04\x05\x14":
            safe[i] = 0x18
    return bytes(safe)


_QR_CAPACITY = (
    14,
    26,
    42,
    62,
    84,
    106,
    122,
    152,
    180,
    213,
)  # bytes in versions 1..10 at level M, ISO/IEC 18004


def _modules(count: int) -> int:
    """Modules across the QR code that holds `count` bytes at level M."""
    version = next(v for v, capacity in enumerate(_QR_CAPACITY, 1) if count <= capacity)
    return 17 + 4 * version


# --- status --------------------------------------------------------------------------------------------------


class Query(IntEnum):
    """The four questions DLE EOT n."""

    PRINTER = 1
    OFFLINE = 2
    ERROR = 3
    PAPER = 4


class Condition(StrEnum):
    """What a printer may say of itself."""

    OFFLINE = "offline"
    WAITING = "waiting for recovery"
    COVER_OPEN = "cover open"
    STOPPED_FOR_PAPER = "stopped at paper end"
    ERROR = "error"
    RECOVERABLE = "recoverable error"
    CUTTER = "cutter error"
    UNRECOVERABLE = "unrecoverable error"
    OVERHEATED = "auto-recoverable error"  # the head is too hot or the voltage out of range; it passes
    PAPER_NEAR_END = "paper near end"
    PAPER_END = "paper end"


_BITS: dict[Query, dict[int, Condition]] = {
    Query.PRINTER: {1 << 3: Condition.OFFLINE, 1 << 5: Condition.WAITING},
    Query.OFFLINE: {
        1 << 2: Condition.COVER_OPEN,
        1 << 5: Condition.STOPPED_FOR_PAPER,
        1 << 6: Condition.ERROR,
    },
    Query.ERROR: {
        1 << 2: Condition.RECOVERABLE,
        1 << 3: Condition.CUTTER,
        1 << 5: Condition.UNRECOVERABLE,
        1 << 6: Condition.OVERHEATED,
    },
    # Two bits each, which belong together; one of them alone is taken seriously too.
    Query.PAPER: {0b0000_1100: Condition.PAPER_NEAR_END, 0b0110_0000: Condition.PAPER_END},
}


def ask(query: Query) -> bytes:
    return bytes([0x10, 0x04, query])


def conditions(query: Query, answer: int) -> frozenset[Condition]:
    """What the answer byte to `query` says. ValueError if the bits that never change are not as they must be."""
    if not _is_status(answer):
        raise ValueError(f"{answer:#04x} is no answer to DLE EOT")
    return frozenset(condition for bits, condition in _BITS[query].items() if answer & bits)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What came from a printer, sorted by the bits that tell its kinds apart."""

    status: bytes = b""  # answers to DLE EOT, one byte each
    marks: int = 0  # answers to GS r
    cleared: int = 0  # answers to DLE DC4 fn 8
    automatic: int = 0  # whole ASB messages, which nobody asked for
    junk: bytes = b""  # anything else, an unfinished message at the end included


def _is_status(byte: int) -> bool:
    return byte & 0b1001_0011 == 0b0001_0010  # 0xx1xx10


def sort_out(data: bytes) -> Heard:
    """Sort any bytes; never raises. An ASB message is 0xx1xx00 and three times 0xx0xxxx.

    Give it all that was heard since the question, not the last piece only."""
    status, junk = bytearray(), bytearray()
    marks = cleared = automatic = 0
    i = 0
    while i < len(data):
        byte = data[i]
        rest = data[i + 1 : i + 4]
        if _is_status(byte):
            status.append(byte)
        elif byte & 0b1001_0011 == 0b0001_0000 and len(rest) == 3 and not any(b & 0b1001_0000 for b in rest):
            automatic += 1
            i += 3
        elif byte == 0x37 and rest[:2] == b"\x25\x00":
            cleared += 1
            i += 2
        elif byte in b"\x00\x03\x0c\x0f":  # paper ok, near end, end, both
            marks += 1
        else:
            junk.append(byte)
        i += 1
    return Heard(status=bytes(status), marks=marks, cleared=cleared, automatic=automatic, junk=bytes(junk))
