"""Our tickets on a printer we did not write: what its interpreter of ESC/POS prints, draws and answers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import zxingcpp
from emupos_printer import EmuposPrinter, Paper, PrinterFault
from PIL import Image
from printer_samples import TICKET, TOKEN, WHOLE

from devices.printer import PROFILES, Health, Line, Outcome, Printer, Profile, Receipt
from devices.simulation import Running, TcpEnd
from devices.transport import open_transport

PRINTED = Outcome(printed=True, health=Health.READY, started=True)


@contextmanager
def at_a_kiosk(machine: EmuposPrinter, profile: Profile | None = None) -> Iterator[Printer]:
    """Our driver, connected over TCP."""
    wire = TcpEnd()
    with Running(machine, wire):
        printer = Printer(open_transport(f"tcp:127.0.0.1:{wire.port}"), profile)
        try:
            yield printer
        finally:
            printer.close()


def printed(receipt: Receipt, profile: Profile | None = None) -> Paper:
    profile = profile or Profile()
    machine = EmuposPrinter(profile.dots)
    with at_a_kiosk(machine, profile) as printer:
        assert printer.print_receipt(receipt) == PRINTED
    assert machine.unknown == ["ESC R"]  # it has the letters of one country only
    (paper,) = machine.papers
    return paper


def picture(paper: Paper) -> Image.Image:
    return Image.open(io.BytesIO(paper.png)).convert("L")


@pytest.mark.parametrize("encoding", ["gb18030", "gbk"])
def test_every_line_of_a_ticket_is_on_its_paper(encoding: str) -> None:
    assert printed(TICKET, Profile(encoding=encoding)).said == [*WHOLE[:11], f"[qr {TOKEN}]", *WHOLE[11:]]


def test_a_ticket_on_narrow_paper_says_the_same_and_no_line_is_broken_by_the_printer() -> None:
    wide, narrow = printed(TICKET), printed(TICKET, PROFILES["58mm"])
    letters = ["".join("".join(paper.said).replace("-", "").split()) for paper in (wide, narrow)]
    assert letters[0] == letters[1]
    assert all(len(line.encode("gb18030")) <= 32 for line in narrow.lines if not line.startswith("[qr"))


@pytest.mark.parametrize("width", PROFILES)
def test_the_code_on_the_paper_reads_as_the_tickets_address_and_stands_in_the_middle(width: str) -> None:
    paper = picture(printed(TICKET, PROFILES[width]))
    (code,) = zxingcpp.read_barcodes(paper, formats=zxingcpp.BarcodeFormat.QRCode)
    assert (code.text, code.ec_level) == (TOKEN, "M")
    assert code.position.top_left.x + code.position.top_right.x == pytest.approx(PROFILES[width].dots, abs=4)


def test_the_number_is_printed_large_and_bold_in_the_middle() -> None:
    paper = printed(Receipt((Line("A017", size=6, bold=True, align=TICKET.parts[0].align),)))
    left, top, right, bottom = picture(paper).point(lambda dot: 255 - dot).getbbox() or (0, 0, 0, 0)
    assert right - left > 3.5 * 6 * 12, "four letters of six cells of twelve dots"
    assert bottom - top > 6 * 12
    assert left + right == pytest.approx(576, abs=2 * 12)


def test_a_line_the_printers_characters_lack_is_drawn_and_leaves_its_neighbours_in_their_places() -> None:
    paper = printed(Receipt((Line("张玥您好"), Line("张㛃您好"), Line("A017"))))
    assert paper.said == ["张玥您好", "[image 96x24]", "A017"]
    ink = picture(paper)
    rows = [min(ink.crop((0, y, 576, y + 1)).tobytes()) == 0 for y in range(ink.height)]
    assert [any(rows[34 * line : 34 * line + 24]) for line in range(3)] == [True, True, True]
    assert not any(any(rows[34 * line + 24 : 34 * line + 34]) for line in range(3)), "nothing between the lines"


@pytest.mark.parametrize(
    ("fault", "health"),
    [
        (PrinterFault.PAPER_OUT, Health.PAPER_OUT),
        (PrinterFault.COVER_OPEN, Health.COVER_OPEN),
        (PrinterFault.OFFLINE, Health.OFFLINE),
    ],
)
def test_its_faults_are_understood_nothing_is_sent_meanwhile_and_it_prints_again_after_each(
    fault: PrinterFault, health: Health
) -> None:
    machine = EmuposPrinter()
    with at_a_kiosk(machine) as printer:
        assert printer.check() is Health.READY
        machine.suffer(fault)
        assert printer.check() is health
        assert printer.print_receipt(TICKET) == Outcome(printed=False, health=health, started=False)
        machine.recover(fault)
        assert printer.check() is Health.READY
        assert machine.papers == []
        assert printer.reprint() == PRINTED
    assert len(machine.papers) == 1


def test_paper_that_runs_low_is_told_and_the_ticket_is_printed() -> None:
    machine = EmuposPrinter()
    with at_a_kiosk(machine) as printer:
        machine.suffer(PrinterFault.PAPER_NEAR_END)
        assert printer.print_receipt(TICKET) == Outcome(printed=True, health=Health.PAPER_LOW, started=True)
    assert machine.papers[0].said[4] == "A017"
