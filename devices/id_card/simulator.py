"""A SAM-V ID card reader without hardware, written from the data sheet (it shares no code with `protocol`).

As a library: a `Simulated` for `devices.simulation.Running`. As a program, for a hall on a laptop:

    python -m devices.id_card.simulator --tcp 4001        (or --pty LINK), then commands on standard input

Its cards belong to nobody: division code 321199 is unassigned, so are country 999 and nationality XXX.
"""

from __future__ import annotations

import random
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from devices.desk import live, placed
from devices.simulation import Running

START = b"\xaa\xaa\xaa\x96\x69"


def checked(body: str) -> str:
    """17 digits and their check character, by the recursive form of ISO 7064 MOD 11-2."""
    p = 0
    for digit in body:
        p = (p + int(digit)) * 2 % 11
    return body + "0123456789X"[(12 - p) % 11]


def packed(*fields: tuple[str, int]) -> bytes:
    """A text record of (text, bytes) fields: UTF-16LE, each cut or padded with spaces to its size."""
    record = b"".join((text.encode("utf-16-le") + size // 2 * b" \0")[:size] for text, size in fields)
    assert len(record) == 256, len(record)
    return record


def _answer(sw3: int, data: bytes = b"") -> bytes:
    counted = struct.pack(">HBBB", len(data) + 4, 0, 0, sw3) + data
    check = 0
    for byte in counted:
        check ^= byte
    return START + counted + bytes([check])


# What only looks like an answer, in every photo: a driver must not be taken in by it.
_PHOTO = (bytes(i * 37 % 251 for i in range(500)) + _answer(0x80) + _answer(0x41) + START).ljust(1024, b"\xaa")


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a card holds. `refuses` is the SW3 with which reading it always fails, e.g. 0x40, a card of another kind."""

    record: bytes
    photo: bytes = _PHOTO
    refuses: int | None = None


def _ours(
    *,
    name: str = "测试甲",
    sex: str = "1",
    birth: str = "19600101",
    serial: str = "001",
    until: str = "20400101",
    since: str = "20200101",
    rest: tuple[tuple[str, int], ...] = (("", 36),),
    ethnicity: str = "01",
) -> Card:
    number = checked("321199" + birth + serial)
    place = "江苏省句容市测试路1号"
    return Card(
        record=packed(
            (name, 30), (sex, 2), (ethnicity, 4), (birth, 16), (place, 70), (number, 36), ("测试公安局", 30),
            (since, 16), (until, 16), *rest,
        )
    )  # fmt: skip


CARDS: dict[str, Card] = {
    "resident": _ours(),
    "j": _ours(
        name="测试乙", sex="2", birth="19900202", serial="002", ethnicity="",
        rest=(("T00000001", 18), ("01", 4), ("", 6), ("J", 2), ("", 6)),
    ),
    "i": Card(
        record=packed(
            ("TEST, ALPHA BETA", 120), ("2", 2), ("XXX000080010101", 30), ("XXX", 6), ("测试丙", 30),
            ("20180101", 16), ("20380101", 16), ("19800101", 16), ("01", 4), ("1500", 8), ("I", 2), ("", 6),
        )
    ),
    "y": Card(
        record=packed(
            ("测试丁", 30), ("1", 2), ("00", 4), ("19500303", 16), ("TEST, GAMMA DELTA EPSILON ZETA THET", 70),
            (checked("90099919500303001"), 36), ("", 30), ("20240101", 16), ("20340101", 16), ("A IOTA", 22),
            ("999", 6), ("Y", 2), ("", 6),
        )
    ),
    "long-term": _ours(name="欧阳测试", birth="19400101", serial="003", until="长期"),
    "expired": _ours(name="测试戊", serial="004", since="20000101", until="20100101"),
    "not-yet": _ours(name="测试己", serial="005", since="20900101", until="21000101"),
    "rare": _ours(name="\U00020bb7测\u4dae\U0002cc56", birth="19750505", serial="006"),
    "long-name": _ours(name="买买提·吐尔逊·测试测试测试", birth="19700707", serial="007", ethnicity="05"),
    "wrong": Card(record=bytes(256), refuses=0x40),
    "unknown-kind": _ours(serial="008", rest=(("", 28), ("Z", 2), ("", 6))),
    "bad-number": Card(record=_ours().record.replace("7".encode("utf-16-le"), "8".encode("utf-16-le"))),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Work:
    ready_at: float
    command: bytes
    placement: int


@dataclass(kw_only=True)
class Faults:
    """What is wrong with the reader, the line or the resident. Set while it runs; a new one is a sound reader."""

    deaf: bool = False  # hears nothing, so says nothing
    not_authorised: bool = False  # 66 to everything
    self_test_failed: bool = False  # 60 to everything
    hasty: bool = False  # the resident lifts the card before it has been read
    garbage: bytes = b""  # before each answer
    stray_zero: bool = False  # a 00 inside the preamble of each answer
    split: int = 0  # answers come in pieces of so many bytes, a tick apart; 0: whole
    merge: bool = False  # an answer is held back and comes together with the next one
    spoil: int = 0  # so many of the next answers have one wrong byte


class SimulatedReader:
    """The reader and the card lying on it; what is wrong is in `faults`.

    Once a card has been read, a `sticky` reader does not find it again until it is lifted. `read_seconds` is the range
    of a whole read (`scatter` seeds the choice), `answer_seconds` what every other command takes. `clock` is what
    `tick` is called with.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        read_seconds: tuple[float, float] = (0.8, 1.5),
        answer_seconds: float = 0.02,
        scatter: int = 0,
        sticky: bool = True,
    ) -> None:
        self.sticky = sticky
        self.read_seconds, self.answer_seconds = read_seconds, answer_seconds
        self.faults = Faults()
        self.asked: deque[bytes] = deque(maxlen=10_000)  # the last commands understood: CMD PARA
        self.found_at: deque[float] = deque(maxlen=10_000)  # when find was asked, by `clock`
        self._clock = clock
        self._scatter = random.Random(scatter)  # noqa: S311 - a wait is no secret
        self._card: Card | None = None
        self._placement = 0  # counts every time a card is placed
        self._found = self._selected = self._read = -1  # in which placement that was done
        self._heard = b""
        self._work: deque[_Work] = deque()
        self._held_back = b""
        self._pieces: deque[bytes] = deque()

    # --- the resident -----------------------------------------------------------------------------------------------

    def place(self, card: Card | str) -> None:
        """Lay a card on the reader, one of CARDS by name or any other."""
        self._placement += 1
        self._card = CARDS[card] if isinstance(card, str) else card

    def lift(self) -> None:
        self._card = None

    # --- the wire ---------------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> bytes:
        now = self._clock()
        if not self.faults.deaf:
            self._heard += data
            while (begin := self._heard.find(START)) >= 0 and len(self._heard) >= begin + 7:
                end = begin + 7 + int.from_bytes(self._heard[begin + 5 : begin + 7], "big")
                if end > begin + 64:  # no command is that long
                    self._heard = self._heard[begin + 5 :]
                    continue
                if len(self._heard) < end:
                    break
                self._take(self._heard[begin + 5 : end], now)
                self._heard = self._heard[end:]
            self._heard = self._heard[-64:]
        return self.tick(now)

    def tick(self, now: float) -> bytes:
        while self._work and self._work[0].ready_at <= now:
            self._say(self._done(self._work.popleft()))
        return self._pieces.popleft() if self._pieces else b""

    def _take(self, counted: bytes, now: float) -> None:
        command = counted[2:-1]
        check = 0
        for byte in counted:
            check ^= byte
        if check:
            command = b"checksum"
        elif len(command) != 2:
            command = b"length"
        else:
            self.asked.append(command)
        if command == b"\x20\x01":
            self.found_at.append(now)
        reading = command == b"\x30\x01"
        takes = self._scatter.uniform(*self.read_seconds) if reading else self.answer_seconds
        starts = max([now, *(work.ready_at for work in self._work)])
        self._work.append(_Work(ready_at=starts + takes, command=command, placement=self._placement))
        if reading and self.faults.hasty:
            self.lift()

    def _done(self, work: _Work) -> bytes:
        """The answer, as things stand when the work is finished."""
        there = self._card is not None and self._placement == work.placement
        match work.command:
            case b"checksum":
                return _answer(0x10)
            case b"length":
                return _answer(0x11)
            case _ if self.faults.not_authorised:
                return _answer(0x66)
            case _ if self.faults.self_test_failed:
                return _answer(0x60)
            case b"\x10\xff" | b"\x11\xff":
                return _answer(0x90)
            case b"\x12\xff":
                return _answer(0x90, struct.pack("<HHIII", 5, 3, 20260101, 321199, 1))
            case b"\x20\x01":
                if not there or (self.sticky and self._read == self._placement):
                    return _answer(0x80)
                self._found = self._placement
                return _answer(0x9F, bytes(4))
            case b"\x20\x02":
                if not there or self._found != self._placement:
                    return _answer(0x81)
                self._selected = self._placement
                return _answer(0x90, bytes(8))
            case b"\x30\x01":
                return self._card_answer() if there else _answer(0x41)
            case b"\x60\x00" | b"\x60\x01" | b"\x60\x02" | b"\x60\x03" | b"\x60\x04":
                return _answer(0x90)
            case _:
                return _answer(0x21)

    def _card_answer(self) -> bytes:
        selected, self._selected, self._found = self._selected, -1, -1
        card = self._card
        if card is None or selected != self._placement:
            return _answer(0x41)
        if card.refuses is not None:
            return _answer(card.refuses)
        self._read = self._placement
        return _answer(0x90, struct.pack(">HH", len(card.record), len(card.photo)) + card.record + card.photo)

    def _say(self, answer: bytes) -> None:
        if self.faults.spoil:
            self.faults.spoil -= 1
            middle = len(answer) // 2
            answer = answer[:middle] + bytes([answer[middle] ^ 0x40]) + answer[middle + 1 :]
        if self.faults.stray_zero:
            answer = answer[:2] + b"\0" + answer[2:]
        answer = self.faults.garbage + answer
        if self.faults.merge and not self._held_back:
            self._held_back = answer
            return
        answer, self._held_back = self._held_back + answer, b""
        size = self.faults.split or len(answer)
        self._pieces.extend(answer[at : at + size] for at in range(0, len(answer), size))


def commands(reader: SimulatedReader, running: Running) -> dict[str, Callable[[], object]]:
    """The command line: what a person at a desk can do to the reader. Each word is done at once."""

    def fault(name: str, value: object) -> Callable[[], None]:
        return lambda: setattr(reader.faults, name, value)

    def well() -> None:
        reader.faults = Faults()

    return {
        **{f"place {name}": partial(reader.place, name) for name in CARDS},
        "lift": reader.lift,
        "hasty": fault("hasty", True),
        "garbage": fault("garbage", b"\x00\xaa\xaa\x00\xff\x96"),
        "stray-zero": fault("stray_zero", True),
        "split": fault("split", 100),
        "merge": fault("merge", True),
        "spoil": fault("spoil", 1),
        "deaf": fault("deaf", True),
        "unauthorised": fault("not_authorised", True),
        "self-test": fault("self_test_failed", True),
        "well": well,
        "unplug": running.unplug,
        "plug": running.plug,
    }


@click.command()
@placed
@click.option("--place", type=click.Choice(list(CARDS)), help="Begin with this card on the reader.")
def main(port: int | None, link: Path | None, place: str | None) -> None:
    """A simulated ID card reader. Commands come on standard input, one a line."""
    reader = SimulatedReader()
    if place is not None:
        reader.place(place)
    said, options = "ID card reader at {url}", "?baud=115200"
    live(reader, port, link, said=said, serial_options=options, commands=partial(commands, reader))


if __name__ == "__main__":
    main()
