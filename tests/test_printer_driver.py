"""What the printer's driver believes, on an in-memory cable, a kernel pty and a TCP port."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from printer_samples import TICKET, TOKEN, WHOLE
from waiting import Held, until

from devices.cable import Cable, noise, split
from devices.printer import Health, Line, Outcome, Printer, Profile, Receipt
from devices.printer.simulated_paper import Ink, TextLine
from devices.printer.simulator import EscPosPrinter
from devices.simulation import PtyEnd, Running, TcpEnd
from devices.transport import Transport, open_transport

SHORT = Receipt((Line("B002"),))


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A printer on a desk: the machine, its wire, and the driver that talks to it."""

    machine: EscPosPrinter
    running: Running
    printer: Printer
    cable: Cable | None = None

    def well(self, health: Health = Health.READY) -> None:
        until(lambda: self.printer.check() is health)

    @property
    def pieces(self) -> list[list[str]]:
        """The lines on each piece of paper that fell into the tray; empty pieces left out."""
        return [slip.lines for slip in self.machine.slips if slip.lines]


@pytest.fixture(params=["cable", "pty", "tcp"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    yield from desk_on(request.param, tmp_path)


@pytest.fixture
def cable_desk(tmp_path: Path) -> Iterator[Desk]:
    yield from desk_on("cable", tmp_path)


@pytest.fixture
def pty_desk(tmp_path: Path) -> Iterator[Desk]:
    yield from desk_on("pty", tmp_path)


def desk_on(
    kind: str, folder: Path, machine: EscPosPrinter | None = None, profile: Profile | None = None
) -> Iterator[Desk]:
    machine = machine or EscPosPrinter()
    cable = Cable()
    wires = {"cable": lambda: cable.far, "pty": lambda: PtyEnd(folder / "tty"), "tcp": TcpEnd}
    wire: Transport = wires[kind]()
    with Running(machine, wire) as running:
        match wire:
            case PtyEnd():
                near = open_transport(f"serial:{wire.path}?baud=115200")
            case TcpEnd():
                near = open_transport(f"tcp:127.0.0.1:{wire.port}")
            case _:
                near = cable.near
        printer = Printer(near, profile, answer_within=0.25, confirm_within=1.0)
        yield Desk(machine=machine, running=running, printer=printer, cable=cable if kind == "cable" else None)
        printer.close()


def after(machine: EscPosPrinter, text: str, act: Callable[[], object]) -> None:
    """Let `act` happen at the moment the line `text` is printed."""

    def spoil(ink: Ink) -> None:
        if isinstance(ink, TextLine) and ink.text == text:
            machine.on_ink = None
            act()

    machine.on_ink = spoil


# --- printing ------------------------------------------------------------------------------------------------


def test_a_ticket_is_printed_and_confirmed(desk: Desk) -> None:
    assert desk.printer.health is Health.UNKNOWN
    assert desk.printer.print_receipt(TICKET) == Outcome(printed=True, health=Health.READY, started=True)
    assert desk.pieces == [WHOLE]
    assert desk.machine.slips[0].codes == [TOKEN]


def test_many_tickets_follow_each_other(desk: Desk) -> None:
    assert all(desk.printer.print_receipt(Receipt((Line(f"A{n:03}"),))).printed for n in range(20))
    assert desk.pieces == [[f"A{n:03}"] for n in range(20)]


def test_a_ticket_goes_through_a_wire_that_splits_every_byte(cable_desk: Desk) -> None:
    assert cable_desk.cable is not None
    cable_desk.cable.near.distort = cable_desk.cable.far.distort = split(1)
    assert cable_desk.printer.print_receipt(TICKET).printed
    assert cable_desk.pieces == [WHOLE]


def test_the_last_receipt_can_be_printed_again(desk: Desk) -> None:
    with pytest.raises(LookupError):
        desk.printer.reprint()
    desk.machine.cover_open()
    assert not desk.printer.print_receipt(SHORT).printed
    desk.machine.cover_close()
    assert desk.printer.reprint().printed
    assert desk.printer.last is SHORT
    assert desk.pieces == [["B002"]]


def test_receipts_of_two_threads_do_not_mix(desk: Desk) -> None:
    texts = ["A" * 40, "B" * 40]
    threads = [
        threading.Thread(target=lambda text=text: desk.printer.print_receipt(Receipt((Line(text),) * 5)))
        for text in texts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(desk.pieces) == [[text] * 5 for text in texts]


# --- faults before a receipt, and recovery after each --------------------------------------------------------

FAULTS = {
    "paper_out": ("paper_in", Health.PAPER_OUT),
    "cover_open": ("cover_close", Health.COVER_OPEN),
    "overheat": ("cool", Health.OVERHEATED),
    "break_down": ("power_cycle", Health.FAULT),
    "offline": ("online", Health.OFFLINE),
    "deaf": ("clear", Health.SILENT),
    "mute": ("clear", Health.SILENT),
    "noise": ("clear", Health.GARBLED),
}
WORDLESS = (Health.SILENT, Health.GARBLED)


@pytest.mark.parametrize("fault", [f for f, (_, cause) in FAULTS.items() if cause not in WORDLESS])
def test_a_printer_that_is_not_well_gets_no_receipt_and_is_well_again_later(fault: str, desk: Desk) -> None:
    not_well_and_well_again(fault, desk)


@pytest.mark.parametrize("fault", [f for f, (_, cause) in FAULTS.items() if cause in WORDLESS])
def test_a_printer_that_says_nothing_sensible_gets_no_receipt(fault: str, pty_desk: Desk) -> None:
    not_well_and_well_again(fault, pty_desk)


def not_well_and_well_again(fault: str, desk: Desk) -> None:
    mend, cause = FAULTS[fault]
    desk.well()
    getattr(desk.machine, fault)()
    assert desk.printer.check() is cause
    assert desk.printer.print_receipt(SHORT) == Outcome(printed=False, health=cause, started=False)
    getattr(desk.machine, mend)()
    assert desk.printer.check() is Health.READY
    assert desk.printer.print_receipt(TICKET).printed
    assert desk.pieces == [WHOLE]


def test_a_roll_that_runs_low_prints_and_says_so(desk: Desk) -> None:
    desk.machine.paper_low()
    assert desk.printer.check() is Health.PAPER_LOW
    assert desk.printer.health.prints
    assert desk.printer.print_receipt(SHORT) == Outcome(printed=True, health=Health.PAPER_LOW, started=True)


def test_a_silent_printer_is_neither_well_nor_out_of_paper(cable_desk: Desk) -> None:
    cable_desk.machine.deaf()
    cable_desk.machine.paper_out()
    assert cable_desk.printer.check() is Health.SILENT
    assert not cable_desk.printer.health.prints


def test_a_device_that_swallows_everything_is_silent() -> None:
    printer = Printer(open_transport("file:/dev/null"), answer_within=0.1)
    assert printer.check() is Health.SILENT
    assert printer.print_receipt(SHORT) == Outcome(printed=False, health=Health.SILENT, started=False)
    printer.close()


def test_an_open_cover_is_named_even_when_it_hides_the_paper(cable_desk: Desk) -> None:
    cable_desk.machine.cover_open()
    cable_desk.machine.paper_out()
    assert cable_desk.printer.check() is Health.COVER_OPEN


def test_messages_nobody_asked_for_are_not_taken_for_answers(desk: Desk) -> None:
    desk.machine.receive(b"\x1da\xff")  # a printer whose memory switch turns automatic status on
    desk.well()
    desk.machine.paper_low()
    desk.well(Health.PAPER_LOW)
    assert desk.printer.print_receipt(SHORT).printed


def test_garbage_around_each_answer_is_not_believed(cable_desk: Desk) -> None:
    assert cable_desk.cable is not None
    cable_desk.cable.far.distort = noise(after=b"\xff")
    assert cable_desk.printer.check() is Health.GARBLED
    cable_desk.cable.far.distort = None
    assert cable_desk.printer.check() is Health.READY


# --- faults in the middle of a receipt -----------------------------------------------------------------------


@pytest.mark.parametrize("fault", [f for f in FAULTS if f != "noise"])
def test_a_fault_in_the_middle_leaves_the_receipt_unprinted_and_nothing_of_it_comes_later(
    fault: str, pty_desk: Desk
) -> None:
    desk = pty_desk
    mend, cause = FAULTS[fault]
    after(desk.machine, "A017", getattr(desk.machine, fault))
    outcome = desk.printer.print_receipt(TICKET)
    assert outcome == Outcome(printed=False, health=cause, started=True)
    if cause not in WORDLESS:
        desk.printer.check()  # answered after the order to forget: no hand is so quick that the paper comes before it
    getattr(desk.machine, mend)()
    desk.well()
    assert desk.printer.print_receipt(SHORT).printed
    assert desk.pieces[-1] == ["B002"], "the next resident's ticket is whole and alone"
    if fault not in ("mute", "deaf"):  # these do print it all, but nobody can know
        assert desk.pieces[:-1] == [WHOLE[:5]], "the torn one was cut off and never completed"


def test_a_roll_that_ends_in_the_middle_leaves_the_receipt_unprinted(desk: Desk) -> None:
    desk.machine.paper_in(30.0)
    assert desk.printer.print_receipt(TICKET) == Outcome(printed=False, health=Health.PAPER_OUT, started=True)
    desk.machine.paper_in()
    desk.well()
    assert desk.printer.reprint().printed
    assert desk.pieces[-1] == WHOLE


def test_a_jammed_cutter_leaves_the_receipt_unprinted_until_it_is_freed(desk: Desk) -> None:
    desk.machine.jam()
    desk.well()
    assert desk.printer.print_receipt(SHORT) == Outcome(printed=False, health=Health.CUTTER, started=True)
    desk.machine.clear_jam()
    desk.well()
    assert desk.printer.print_receipt(TICKET).printed
    assert desk.pieces == [["B002"], WHOLE]


def test_a_printer_that_dies_in_the_middle_comes_back(desk: Desk) -> None:
    began = threading.Event()
    pull = desk.cable.cut if desk.cable else desk.running.unplug
    hand = threading.Thread(target=lambda: began.wait(30) and pull())
    hand.start()
    desk.machine.speed = 50.0  # slow enough for a hand at the plug
    after(desk.machine, "您的号码", began.set)
    assert desk.printer.print_receipt(TICKET) == Outcome(printed=False, health=Health.UNPLUGGED, started=True)
    hand.join()
    desk.machine.power_cycle()
    desk.machine.speed = None
    if desk.cable:
        desk.cable.mend()
    desk.running.plug()
    desk.well()
    assert desk.printer.print_receipt(SHORT).printed
    assert desk.pieces[-1] == ["B002"]


def test_half_a_receipt_lost_on_the_wire_is_not_taken_for_a_whole_one(cable_desk: Desk) -> None:
    assert cable_desk.cable is not None
    cable_desk.cable.near.distort = lambda data: [data[: len(data) // 2] if len(data) > 100 else data]
    outcome = cable_desk.printer.print_receipt(TICKET)
    assert outcome == Outcome(printed=False, health=Health.UNCONFIRMED, started=True)
    cable_desk.cable.near.distort = None
    cable_desk.well()
    assert cable_desk.printer.reprint().printed
    assert cable_desk.pieces[-1] == WHOLE


def test_the_late_mark_of_an_abandoned_receipt_does_not_confirm_the_next(tmp_path: Path) -> None:
    machine = EscPosPrinter(clears=False)  # it prints the rest when it can, whatever we say
    for desk in desk_on("tcp", tmp_path, machine):
        after(machine, "A017", machine.cover_open)
        assert desk.printer.print_receipt(TICKET).health is Health.COVER_OPEN
        machine.speed = 400.0
        machine.cover_close()
        outcome = desk.printer.print_receipt(SHORT)
        assert outcome.printed
        assert desk.pieces == [WHOLE, ["B002"]]


def test_a_printer_that_never_confirms_is_believed_only_if_its_profile_says_so(tmp_path: Path) -> None:
    for confirms, expected in ((True, (False, Health.UNCONFIRMED)), (False, (True, Health.READY))):
        for desk in desk_on("cable", tmp_path, EscPosPrinter(confirms=False), Profile(confirms=confirms)):
            outcome = desk.printer.print_receipt(SHORT)
            assert (outcome.printed, outcome.health) == expected


def test_without_confirmation_the_time_of_printing_is_waited_for_and_faults_in_it_are_seen(tmp_path: Path) -> None:
    machine = EscPosPrinter(confirms=False, speed=150.0)
    for desk in desk_on("pty", tmp_path, machine, Profile(confirms=False)):
        after(machine, "A017", machine.cover_open)
        assert desk.printer.print_receipt(TICKET).health is Health.COVER_OPEN


# --- plugs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pty", "tcp"])
def test_unplugged_and_plugged_in_again_it_prints_again(kind: str, tmp_path: Path) -> None:
    for desk in desk_on(kind, tmp_path):
        desk.well()
        before = Held()
        for _ in range(3):
            desk.running.unplug()
            desk.well(Health.UNPLUGGED)
            assert desk.printer.print_receipt(SHORT) == Outcome(printed=False, health=Health.UNPLUGGED, started=False)
            desk.running.plug()
            desk.well()
            assert desk.printer.print_receipt(SHORT).printed
        assert Held().no_more_than(before)
        assert desk.pieces == [["B002"]] * 3


def test_a_network_printer_that_hangs_up_when_idle_is_no_fault(tmp_path: Path) -> None:
    for desk in desk_on("tcp", tmp_path):
        desk.well()
        desk.running.unplug()
        desk.running.plug()  # the connection is gone, the printer is there
        assert desk.printer.print_receipt(SHORT).printed


def test_a_printer_that_is_not_there_is_unplugged(tmp_path: Path) -> None:
    for line in (f"serial:{tmp_path}/tty", "tcp:127.0.0.1:1", f"file:{tmp_path}/lp0"):
        printer = Printer(open_transport(line))
        assert printer.check() is Health.UNPLUGGED
        assert printer.print_receipt(SHORT) == Outcome(printed=False, health=Health.UNPLUGGED, started=False)


def test_closed_it_knows_nothing(cable_desk: Desk) -> None:
    cable_desk.well()
    cable_desk.printer.close()
    assert cable_desk.printer.health is Health.UNKNOWN


# --- the simulator as a program ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Program:
    """The simulator started by a person at a keyboard."""

    process: subprocess.Popen[str]
    line: str

    def say(self, word: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@pytest.fixture(params=["tcp", "pty"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Program]:
    place = ["--tcp", "0"] if request.param == "tcp" else ["--pty", str(tmp_path / "tty")]
    process = subprocess.Popen(
        [sys.executable, "-m", "devices.printer.simulator", *place, "--out", str(tmp_path), "--speed", "1000"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parent.parent,
    )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            assert "paper-out" in process.stdout.readline(), "it says what can be typed"
            yield Program(process, line)
        finally:
            process.kill()


def test_the_simulator_is_a_program_one_can_spoil_by_typing(program: Program, tmp_path: Path) -> None:
    printer = Printer(open_transport(program.line))
    for number in (1, 2):
        assert printer.print_receipt(TICKET).printed
        until((tmp_path / f"receipt-000{number}.png").exists)
    with Image.open(tmp_path / "receipt-0001.png") as picture:
        assert picture.width > 576
    lines = [line.strip() for line in (tmp_path / "receipt-0001.txt").read_text(encoding="utf-8").splitlines()]
    assert lines == [*WHOLE[:11], f"[QR {TOKEN}]", *WHOLE[11:]]
    assert program.say("paper-out") == "ok"
    assert printer.check() is Health.PAPER_OUT
    assert program.say("unplug") == "ok"
    until(lambda: printer.check() is Health.UNPLUGGED)
    assert program.say("plug") == "ok"
    assert program.say("paper-in") == "ok"
    until(lambda: printer.check() is Health.READY)
    printer.close()
    assert program.say("quit") == ""
    assert program.process.wait(20) == 0
