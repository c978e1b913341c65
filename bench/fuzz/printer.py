"""What a receipt printer answers, as its driver takes it; and the receipts, as a printer reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.fuzz import Target, unwatched
from bench.fuzz.parsers import pieces
from devices.printer import Line, Printer, Profile, QRCode, Receipt, driver, protocol, simulated_commands, simulator
from devices.printer.protocol import CLEAR, MARK, Bitmap, Query, conditions, encode, sort_out
from devices.printer.simulator import EscPosPrinter
from devices.transport import LIMIT, Transport


class Answering(Transport):
    """A wire in a time of its own on which a device answers the nth thing it is told with the nth part of the data."""

    def __init__(self, data: bytes, cut: Callable[[bytes], Iterator[bytes]]) -> None:
        self.name, self.now, self.is_up = "fuzzed", 0.0, False
        self._parts = [data[at + 1 : at + 1 + data[at] % 16] for at in range(0, len(data), 16)]
        self._cut, self._coming = cut, list[bytes]()

    def open(self) -> None:
        self.is_up = True

    def close(self) -> None:
        self.is_up = False

    @property
    def is_open(self) -> bool:
        return self.is_up

    def read(self, timeout: float = 0.0, limit: int = LIMIT) -> bytes:
        if self._coming:
            return self._coming.pop(0)
        self.now += timeout
        return b""

    def write(self, data: bytes, timeout: float = 5.0) -> None:
        self._coming += self._cut(self._parts.pop(0)) if self._parts else ()


TICKET = Receipt((Line("A017"),))


def never(text: str, size: int, bold: bool) -> Bitmap:
    raise AssertionError("the printer has these letters")


def printed(data: bytes, cut: Callable[[bytes], Iterator[bytes]]) -> list[object]:
    wire = Answering(data, cut)
    kiosk = Printer(wire, draw=never, clock=lambda: wire.now, confirm_within=0.6)
    return [kiosk.check(), kiosk.print_receipt(TICKET), kiosk.check(), wire.now < 60]


def examine_printer(data: bytes) -> None:
    heard = sort_out(data)
    counted = len(heard.status) + heard.marks + 3 * heard.cleared + 4 * heard.automatic + len(heard.junk)
    assert counted == len(data), "a byte was lost or counted twice"
    for answer in heard.status:
        assert all(isinstance(conditions(query, answer), frozenset) for query in Query)


def examine_printer_driver(data: bytes) -> None:
    """The driver puts together what comes in pieces."""
    with unwatched():
        outcome = printed(data, lambda part: iter([part] if part else []))
    assert outcome == printed(data, pieces), "cut otherwise it is something else"
    assert outcome[-1], "it never ends"


def examine_simulated_printer(data: bytes) -> None:
    """Only that nothing is raised: some commands it obeys at once, so pieces are not the same to it."""
    machine = EscPosPrinter()
    for piece in pieces(data):
        machine.receive(piece)
        machine.tick(0.0)
    assert all(isinstance(slip.text, str) for slip in machine.slips)


_STATUS = [bytes([4, status, 0, 0x37, 0x25]) + bytes(11) for status in (0x12, 0x1A, 0x16, 0x32, 0x72, 0x1E, 0x7E)]

TARGETS = {
    "printer": Target(
        examine=examine_printer,
        watched=[protocol],
        seeds=_STATUS,
        tokens=[b"\x12", b"\x37\x25\x00", b"\x10\x00\x00\x00", b"\x00", b"\x0c", b"\x0f", b"\xff"],
        longest=100,
    ),
    "printer-driver": Target(
        examine=examine_printer_driver,
        watched=[driver],
        seeds=[b"".join(_STATUS), *(status * 12 for status in _STATUS)],
        tokens=[*_STATUS, b"\x12", b"\x37\x25\x00", b"\x10\x00\x00\x00", b"\x00", b"\x0c", b"\x0f", b"\xff"],
        unit=16,
        longest=600,
    ),
    "simulated-printer": Target(
        examine=examine_simulated_printer,
        watched=[simulator, simulated_commands],
        seeds=[encode(Receipt((Line("您的号码 A017"), QRCode("A"))), Profile(), never).data],
        tokens=[
            *(b"\x1d(k\x03\x001Q0", b"\x1d(k\x05\x001P0AB", b"\x1dv0\x00\x01\x00\x01\x00", b"\x1bd\x04", b"\x1dVB\x00"),
            *(b"\x1bJ\xff", b"\x1da\xff", b"\x10\x04\x01", b"\x1c&", b"\x1b@", b"\x1b!", b"\x1d(k\x01\x00"),
            *(b"\x1d", b"\x1b", CLEAR, MARK),
        ],
        longest=600,
    ),
}
