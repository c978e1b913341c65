"""The wire of Onbon BX-5K/6K LED cards, as the maker documents it: bytes only, no clock, no I/O.

Source: BX-5K/6K 通讯协议用户版本 1.4 (frame, escapes, request and answer heads, area of 动态区). A frame is

    A5×8 | to u16 | from u16 | 5 reserved | mode | type | version | length u16 | data | CRC u16 | 5A

little-endian, CRC-16/ARC over everything between the A5s and itself, and only then A5, A6, 5A and 5B escaped in
that stretch. So A5 always begins a frame and 5A always ends one. Frames carry no sequence number: one question
at a time on a bus, and an answer is known by whom it comes from.
"""

from __future__ import annotations

import struct
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

HOST = 0x8000  # the address a computer speaks from
ANY = 0xFFFE  # whichever card is alone on the line
CELL = 16  # dots: height of a line and width of a Chinese character; ASCII is half as wide
LONGEST_DATA = 2048

_START, _END = 0xA5, 0x5A
_ESCAPED = {b"\xa6\x02": b"\xa5", b"\xa6\x01": b"\xa6", b"\x5b\x02": b"\x5a", b"\x5b\x01": b"\x5b"}
_ESCAPE = {plain[0]: pair for pair, plain in _ESCAPED.items()}
_HEAD = struct.Struct("<HH5xBBBH")
_MODE_NORMAL, _TYPE_ANY, _VERSION = 0x00, 0xFE, 0x02
_LONGEST_BODY = 2 * (_HEAD.size + LONGEST_DATA + 2)  # every byte escaped

_PING = bytes.fromhex("A2 00 01 00 00")
_AREA = struct.Struct("<BHHHHBBBHBBBBBBBBBI")
_IN_DOTS = 0x8000  # high bit of X and width: counted in dots, not in bytes of eight
_RUN_UNTIL_STALE, _RUN_FOR_EVER = 2, 0
_CENTRED = 0b10
_ONE_LINE, _NO_WRAP = 1, 1
_STATIC, _LEFTWARDS = 1, 3


class Colour(StrEnum):
    """What a two-colour panel can light; the card's escape is `\\C` and a digit."""

    RED = "red"
    GREEN = "green"
    YELLOW = "yellow"


_COLOUR_CODE = {Colour.RED: rb"\C1", Colour.GREEN: rb"\C2", Colour.YELLOW: rb"\C3"}


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One frame in either direction, unescaped and with a right check sum."""

    to: int
    sender: int
    data: bytes  # up to LONGEST_DATA


def crc16(data: bytes | bytearray) -> int:
    """CRC-16/ARC: polynomial A001 (reflected), start 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def encode(frame: Frame) -> bytes:
    """The bytes of a frame on the wire. ValueError if its data is too long or an address is no u16."""
    if len(frame.data) > LONGEST_DATA or not (0 <= frame.to <= 0xFFFF and 0 <= frame.sender <= 0xFFFF):
        raise ValueError("the frame does not fit")
    head = _HEAD.pack(frame.to, frame.sender, _MODE_NORMAL, _TYPE_ANY, _VERSION, len(frame.data))
    body = head + frame.data
    body += crc16(body).to_bytes(2, "little")
    escaped = b"".join(_ESCAPE.get(byte, bytes([byte])) for byte in body)
    return bytes([_START] * 8) + escaped + bytes([_END])


class FrameDecoder:
    """Bytes -> frames. Any cut gives the same frames; never raises; the buffer is bounded.

    What is not a whole, right frame is dropped; `garbled` counts the frames that ended and were wrong.
    """

    def __init__(self) -> None:
        self.garbled = 0
        self._body: bytearray | None = None  # None: outside a frame

    def feed(self, data: bytes) -> list[Frame]:
        frames: list[Frame] = []
        for byte in data:
            if byte == _START:
                self._body = bytearray()
            elif self._body is None:
                continue
            elif byte == _END:
                if (frame := _decode(bytes(self._body))) is not None:
                    frames.append(frame)
                else:
                    self.garbled += 1
                self._body = None
            elif len(self._body) < _LONGEST_BODY:
                self._body.append(byte)
            else:
                self.garbled += 1
                self._body = None
        return frames

    def reset(self) -> None:
        """Forget a half frame: call it before a new question and when the line was opened again."""
        self._body = None


def _decode(escaped: bytes) -> Frame | None:
    body = bytearray()
    at = 0
    while at < len(escaped):
        if escaped[at] in _ESCAPE:  # A6 or 5B: the first of a pair
            plain = _ESCAPED.get(escaped[at : at + 2])
            if plain is None:
                return None
            body += plain
            at += 2
        else:
            body.append(escaped[at])
            at += 1
    if len(body) < _HEAD.size + 2 or crc16(body[:-2]) != int.from_bytes(body[-2:], "little"):
        return None
    to, sender, _mode, _type, _version, length = _HEAD.unpack_from(body)
    data = bytes(body[_HEAD.size : -2])
    return Frame(to=to, sender=sender, data=data) if len(data) == length <= LONGEST_DATA else None


@dataclass(frozen=True, kw_only=True)
class Ack:
    """The card did what it was told."""


@dataclass(frozen=True, kw_only=True)
class Nack:
    """The card refused; `error` is its own code (the maker's list differs between cards)."""

    error: int


@dataclass(frozen=True, kw_only=True)
class Told:
    """The card answered with something else, e.g. what it is. It is alive; it has not said yes."""

    command: bytes  # group and number, 2 bytes


def answer(data: bytes) -> Ack | Nack | Told:
    """What the data of a card's frame says. Any bytes are accepted."""
    match data[:2]:
        case b"\xa0\x00":
            return Ack()
        case b"\xa0\x01":
            return Nack(error=data[2] if len(data) > 2 else 0)
        case command:
            return Told(command=command)


@dataclass(frozen=True, kw_only=True)
class Face:
    """What a sign shall show: line 1 the window's work, line 2 whom it calls. Empty lines are dark."""

    line1: str
    line2: str
    colour: Colour = Colour.RED


def ping(address: int) -> bytes:
    """Is the card there?"""
    return encode(Frame(to=address, sender=HOST, data=_PING))


def show(address: int, face: Face, *, columns: int, stale_after: int) -> bytes:
    """Both lines in one frame, so that no resident sees half a change.

    `columns`: Chinese characters a line holds. A longer line moves leftwards, others stand in the middle.
    `stale_after`: seconds after which the card goes dark if it hears nothing newer (0: never), so that a sign
    does not call a resident for hours after the hall's computer has died.
    """
    areas = b""
    for number, text in enumerate((face.line1, face.line2)):
        area = _area(number, sign_text(text).data, face.colour, columns, stale_after)
        areas += struct.pack("<H", len(area)) + area
    return encode(Frame(to=address, sender=HOST, data=bytes.fromhex("A3 06 01 00 00 00 02") + areas))


def _area(number: int, text: bytes, colour: Colour, columns: int, stale_after: int) -> bytes:
    moves = len(text) > 2 * columns  # one byte is half a cell
    text = _COLOUR_CODE[colour] + (text or b" ")
    head = _AREA.pack(
        0x00,  # dynamic area
        _IN_DOTS,  # X
        number * CELL,  # Y, always in dots
        _IN_DOTS | columns * CELL,
        CELL,  # height, always in dots
        number,
        0,  # line gap
        _RUN_UNTIL_STALE if stale_after else _RUN_FOR_EVER,
        stale_after,
        0,  # no voice
        0,  # no extensions
        0 if moves else _CENTRED,
        _ONE_LINE,
        _NO_WRAP,
        _LEFTWARDS if moves else _STATIC,
        0,  # exit
        4 if moves else 0,  # speed, 0 fastest
        0 if moves else 10,  # how long a page stands, tenths of a second
        len(text),
    )
    return head + text


@dataclass(frozen=True, kw_only=True)
class SignText:
    """A line as the card's GB2312 font can draw it, and the characters it could not."""

    data: bytes
    replaced: str


LONGEST_LINE = 100  # characters; what is longer ends in …
# A backslash begins one of the card's own commands; the wide one is only a character.
_INSTEAD = {"\\": "＼"}
_BLANK = "□"  # GB/T 15834: the mark for a character that is missing


def sign_text(text: str) -> SignText:
    """Text -> GB2312. A character it lacks becomes its plain form (NFKC: ㎡ -> m2) if there is one, else □."""
    data = bytearray()
    replaced: list[str] = []
    text = unicodedata.normalize("NFC", text)
    for char in text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…":
        if unicodedata.category(char) == "Cf":  # joiners and other marks without a shape
            continue
        plain = " " if char.isspace() else _INSTEAD.get(char, char)
        if (code := _gb2312(plain)) is None and (code := _gb2312(_compatible(plain))) is None:
            code = _BLANK.encode("gb2312")
        if code != _gb2312(plain) and char not in replaced:
            replaced.append(char)
        data += code
    return SignText(data=bytes(data), replaced="".join(replaced))


def _compatible(char: str) -> str:
    plain = unicodedata.normalize("NFKC", char)
    return plain if "\\" not in plain else ""


def _gb2312(text: str) -> bytes | None:
    """GB2312 by way of GBK, which gives · and — the codes every Chinese font has them at (A1A4, A1AA)."""
    if not text or not text.isprintable():
        return None
    try:
        code = text.encode("gbk")
        code.decode("gb2312")
    except UnicodeError:
        return None
    return code
