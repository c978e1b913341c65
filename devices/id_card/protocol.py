"""What a SAM-V module says on its line: command frames and an incremental reply parser. Pure: bytes in, values out.

Source: SAM-V module data sheet as noted in the project's device page. 8N1, 115200 baud unless the reader was set
to another. Command `AA AA AA 96 69 | len u16 big-endian | CMD PARA | XOR`, reply the same with `SW1 SW2 SW3 [data]`;
len counts everything after itself, XOR covers len to the last byte before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from functools import reduce
from operator import xor

PREAMBLE = bytes.fromhex("AA AA AA 96 69")
TEXT_SIZE = 256
PHOTO_SIZE = 1024
CARD_HEADER = bytes.fromhex("01 00 04 00")  # the two sizes above, big-endian, as they open a card's data
LONGEST_BODY = 3 + len(CARD_HEADER) + TEXT_SIZE + PHOTO_SIZE + 1  # len of the longest reply we ever ask for
SHORTEST_BODY = 4  # SW1 SW2 SW3 XOR


class Command(Enum):
    """CMD and PARA of every command we send.

    Not here, so that nobody can send them: 30 10 (fingerprint) and 30 03 (newest address). A hall needs neither.
    """

    RESET = bytes.fromhex("10 FF")
    STATUS = bytes.fromhex("11 FF")
    MODULE_ID = bytes.fromhex("12 FF")
    FIND = bytes.fromhex("20 01")
    SELECT = bytes.fromhex("20 02")
    READ = bytes.fromhex("30 01")
    BAUD_115200 = bytes.fromhex("60 00")
    BAUD_57600 = bytes.fromhex("60 01")
    BAUD_38400 = bytes.fromhex("60 02")
    BAUD_19200 = bytes.fromhex("60 03")
    BAUD_9600 = bytes.fromhex("60 04")


class Status(IntEnum):
    """SW3, by which a reply is judged. SW1 and SW2 come from the card and are not looked at."""

    CHECKSUM_ERROR = 0x10
    LENGTH_ERROR = 0x11
    COMMAND_ERROR = 0x21
    UNKNOWN_ERROR = 0x24
    CARD_REJECTS_READER = 0x31
    READER_REJECTS_CARD = 0x32
    VERIFY_ERROR = 0x33
    WRONG_CARD = 0x40
    READ_FAILED = 0x41
    RANDOM_FAILED = 0x47
    SELF_TEST_FAILED = 0x60
    NOT_AUTHORISED = 0x66
    NO_CARD = 0x80
    SELECT_FAILED = 0x81
    OK = 0x90
    NO_SUCH_ITEM = 0x91
    FOUND = 0x9F
    UNLISTED = -1
    """Any byte the data sheet does not name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reply:
    """One undamaged reply. `data` may be somebody's card: it is never shown, and `wipe` overwrites it."""

    status: Status
    data: bytearray = field(repr=False)

    def wipe(self) -> None:
        wipe(self.data)


def wipe(buffer: bytearray) -> None:
    """Overwrite, then empty."""
    buffer[:] = bytes(len(buffer))
    buffer.clear()


def frame(command: Command) -> bytes:
    """The bytes to send."""
    counted = (len(command.value) + 1).to_bytes(2, "big") + command.value
    return PREAMBLE + counted + bytes((reduce(xor, counted),))


# A stray 00 has been seen between the bytes of the preamble; the XOR still vouches for what follows.
_START = re.compile(rb"\xaa\x00?\xaa\x00?\xaa\x00?\x96\x00?\x69")
_LONGEST_START = 2 * len(PREAMBLE) - 1
LONGEST_REPLY = _LONGEST_START + 2 + LONGEST_BODY
_STEP = 512  # bytes taken in at once


class ReplyParser:
    """Finds the replies in whatever arrives. Never raises; the same bytes give the same replies however they are cut.

    A frame with an impossible length or a wrong XOR is no frame: the search goes on one byte after its start, so that
    a good reply behind or even inside it is still found. What is held between calls (at most LONGEST_REPLY bytes) lies
    in one buffer that never moves, so that nothing of a card is left behind in memory the interpreter gave back.
    """

    def __init__(self) -> None:
        self._buffer = bytearray(LONGEST_REPLY + _STEP)
        self._view = memoryview(self._buffer)
        self._size = 0
        self.damaged = 0
        """Frames dropped for a wrong XOR since `clear`."""

    def __repr__(self) -> str:
        return f"<ReplyParser holding {self.held} bytes>"

    @property
    def held(self) -> int:
        """Bytes waiting for more."""
        return self._size

    @property
    def begun(self) -> bool:
        """Has a reply begun that is not complete?"""
        return _START.match(self._buffer, 0, self._size) is not None

    def feed(self, data: bytes) -> list[Reply]:
        """Take the next bytes; return the replies they complete, in order."""
        replies = []
        for start in range(0, len(data), _STEP):
            piece = memoryview(data)[start : start + _STEP]
            self._view[self._size : self._size + len(piece)] = piece
            self._size += len(piece)
            replies += self._found(0)
        return replies

    def abandon(self) -> list[Reply]:
        """No more bytes are coming: what has begun was no reply. Return those that it hid."""
        replies = []
        while self.begun:
            replies += self._found(1)
        return replies

    def clear(self) -> None:
        """Forget a reply that has begun, e.g. because its time is over."""
        self._forget(self._size)
        self.damaged = 0

    def _found(self, at: int) -> list[Reply]:
        replies = []
        while (start := _START.search(self._buffer, at, self._size)) is not None:
            at = start.start()
            counted = start.end()
            body = counted + 2
            if self._size < body:
                break
            end = body + int.from_bytes(self._view[counted:body], "big")
            if not SHORTEST_BODY <= end - body <= LONGEST_BODY:
                at += 1
            elif self._size < end:
                break
            elif reduce(xor, self._view[counted:end]):
                self.damaged += 1
                at += 1
            else:
                data = bytearray(self._view[body + 3 : end - 1])
                replies.append(Reply(status=_status(self._buffer[body + 2]), data=data))
                at = end
        else:
            at = max(at, self._size - _LONGEST_START + 1)  # only the beginning of a start can matter later
        self._forget(at)
        return replies

    def _forget(self, count: int) -> None:
        rest = self._size - count
        self._view[:rest] = self._view[count : self._size]
        self._view[rest : self._size] = bytes(count)
        self._size = rest


def _status(sw3: int) -> Status:
    try:
        return Status(sw3)
    except ValueError:
        return Status.UNLISTED


def text_of(reply: Reply) -> bytearray | None:
    """The 256-byte text record of a good answer to READ; None if the reply is anything else. The photo is left."""
    whole = len(CARD_HEADER) + TEXT_SIZE + PHOTO_SIZE
    if reply.status is not Status.OK or len(reply.data) != whole or not reply.data.startswith(CARD_HEADER):
        return None
    return reply.data[len(CARD_HEADER) : len(CARD_HEADER) + TEXT_SIZE]


def module_id_of(reply: Reply) -> str | None:
    """The module's number as it is printed on readers, `05.03-20060821-0000000123-0987654321`; None if not one."""
    if reply.status is not Status.OK or len(reply.data) != 16:
        return None
    parts = [int.from_bytes(reply.data[a:b], "little") for a, b in ((0, 2), (2, 4), (4, 8), (8, 12), (12, 16))]
    return "{:02d}.{:02d}-{:08d}-{:010d}-{:010d}".format(*parts)


_ANSWERS: dict[Command, tuple[tuple[Status, int], ...]] = {
    Command.MODULE_ID: ((Status.OK, 16),),
    Command.FIND: ((Status.FOUND, 4), (Status.NO_CARD, 0)),
    Command.SELECT: ((Status.OK, 8),),
    Command.READ: ((Status.OK, len(CARD_HEADER) + TEXT_SIZE + PHOTO_SIZE),),
}
_SUCCESSES = frozenset({Status.OK, Status.FOUND, Status.NO_CARD})


def answers(command: Command, reply: Reply) -> bool:
    """Can this reply be the answer to that command? Replies do not name their command, and one that comes late or
    twice must not be taken for the next: a success is told by its kind and size, an error fits any command."""
    if reply.status not in _SUCCESSES:
        return True
    return (reply.status, len(reply.data)) in _ANSWERS.get(command, ((Status.OK, 0),))
