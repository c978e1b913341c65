"""A kiosk without a panel: a real process, a printer on a real wire, lines of JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from servers import HALL, city, until

from devices.printer.simulator import EscPosPrinter
from devices.simulation import Running, TcpEnd


class Unattended:
    """The program, and the printer it stands beside."""

    def __init__(self, program: subprocess.Popen[str], printer: EscPosPrinter) -> None:
        self.program, self.printer = program, printer

    def says(self) -> dict[str, Any]:
        assert self.program.stdout is not None
        said: dict[str, Any] = json.loads(self.program.stdout.readline())
        return said

    def asked(self, line: str) -> dict[str, Any]:
        assert self.program.stdin is not None
        self.program.stdin.write(line + "\n")
        self.program.stdin.flush()
        return self.says()


@contextmanager
def unattended(folder: Path, *options: str) -> Iterator[Unattended]:
    printer = EscPosPrinter()
    with Running(printer, TcpEnd()) as wire:
        command = [
            sys.executable, "-m", "kiosk.unattended", "--config", str(city(folder)), "--hall", HALL, "--kiosk", "K1",
            "--data", str(folder), "--printer", wire.wire.name, "--always-open", *options,
        ]  # fmt: skip
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
            kiosk = Unattended(program, printer)
            try:
                assert kiosk.says() == {"ready": "K1"}
                yield kiosk
            finally:
                program.terminate()


@pytest.fixture(scope="module")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unattended]:
    with unattended(tmp_path_factory.mktemp("kiosk")) as running:
        yield running


def test_an_order_for_a_ticket_is_answered_when_it_is_printed(kiosk: Unattended) -> None:
    answer = kiosk.asked('{"order": 7, "take": {"queue": "B", "service": "tax"}}')
    assert (answer["order"], answer["printed"], answer["label"], answer["on_paper"]) == (7, True, "B901", True)
    until(lambda: any("B901" in slip.lines for slip in kiosk.printer.slips))


def test_a_ticket_whose_printer_fell_silent_in_the_middle_stands_since_its_paper_may_be_in_a_hand(
    tmp_path: Path,
) -> None:
    with unattended(tmp_path, "--patience", "0.3") as kiosk:
        kiosk.printer.on_ink = lambda _: kiosk.printer.mute()
        answer = kiosk.asked('{"order": 1, "take": {"queue": "A"}}')
        until(lambda: any("A901" in slip.lines for slip in kiosk.printer.slips))
    assert (answer["printed"], answer["on_paper"]) == (True, False)


def test_a_ticket_that_was_confirmed_stands_even_if_the_printer_is_opened_right_after(tmp_path: Path) -> None:
    with unattended(tmp_path, "--patience", "0.3") as kiosk:
        kiosk.printer.on_slip = lambda slip: kiosk.printer.cover_open() if slip.codes else None
        answer = kiosk.asked('{"order": 1, "take": {"queue": "A"}}')
        until(lambda: any("A901" in slip.lines for slip in kiosk.printer.slips))
    assert answer["printed"]


def test_a_kiosk_that_was_restarted_does_not_print_below_a_torn_receipt(tmp_path: Path) -> None:
    with unattended(tmp_path) as kiosk:
        kiosk.printer.receive(b"TORN\n")
        kiosk.asked('{"order": 1, "take": {"queue": "A"}}')
        until(lambda: any("A901" in slip.lines for slip in kiosk.printer.slips))
        (slip,) = [slip for slip in kiosk.printer.slips if "A901" in slip.lines]
    assert "TORN" not in slip.lines


def test_an_order_that_cannot_be_met_says_why(kiosk: Unattended) -> None:
    assert kiosk.asked('{"order": 8, "take": {"queue": "Z"}}') == {"order": 8, "printed": False, "why": "refused"}


def test_it_tells_what_it_sees(kiosk: Unattended) -> None:
    until(lambda: kiosk.asked('{"order": 9, "look": true}')["closed"] is None)
    assert kiosk.asked('{"order": 9, "look": true}')["connected"] is False


@pytest.mark.parametrize(
    "line",
    ["", "{", "[]", "7", '{"order": 1}', '{"take": {}}', '{"take": {"queue": "A", "colour": 1}}', '{"look": false}',
     '{"clock": "noon"}', '{"take": 5}'],
)  # fmt: skip
def test_a_line_that_makes_no_sense_is_answered_and_changes_nothing(kiosk: Unattended, line: str) -> None:
    before = len(kiosk.printer.slips)
    assert "wrong" in kiosk.asked(line)
    assert kiosk.asked('{"order": 2, "look": true}')["order"] == 2
    assert len(kiosk.printer.slips) == before


def test_the_end_of_its_input_is_the_end_of_the_kiosk(tmp_path: Path) -> None:
    with unattended(tmp_path) as kiosk:
        assert kiosk.program.stdin is not None
        kiosk.program.stdin.close()
        assert kiosk.program.wait(30) == 0


def test_a_wrong_clock_can_be_set(tmp_path: Path) -> None:
    with unattended(tmp_path, "--clock-ahead", "-86400") as kiosk:
        yesterday = kiosk.asked('{"order": 1, "take": {"queue": "A"}}')
        assert kiosk.asked('{"order": 2, "clock": 0}') == {"order": 2, "clock": 0}
        today = kiosk.asked('{"order": 3, "take": {"queue": "A"}}')
        assert (yesterday["label"], today["label"]) == ("A901", "A901"), "another day, the same number"
        assert 86_000_000 < today["at"] - yesterday["at"] < 87_000_000
