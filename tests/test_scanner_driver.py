"""Scanners on wires: what counts as a code, what health may be believed, what happens when a plug is pulled."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from virtual_wire import VirtualWire
from waiting import Held

from devices.cable import Cable, doubled, drop, noise, split
from devices.evdev import KeyboardTransport
from devices.scanner.driver import GARBLED_AFTER, SILENT_AFTER, WiredScanner, open_scanner
from devices.scanner.protocol import Family
from devices.scanner.reading import Health, Reading
from devices.scanner.simulator import SimulatedScanner, typed
from devices.simulation import PtyEnd, Running, TcpEnd
from devices.transport import Reconnecting, Transport, open_transport
from queue_server.domain.codes import Flaw, Rejected, sign, verify

A001, A002 = Reading(data=b"A001"), Reading(data=b"A002")


class Desk:
    """A driver and a simulated scanner in virtual time."""

    def __init__(self, kind: str = "plain") -> None:
        self.scanner = SimulatedScanner(kind)
        self.wire = VirtualWire(self.scanner)
        self.driver = WiredScanner(self.wire, Family(kind), clock=self.wire.clock, sleep=self.wait)

    def wait(self, seconds: float) -> None:
        self.wire.now += seconds

    def shown(self, code: bytes | str, within: float = 2.0) -> Reading | None:
        self.scanner.show(code)
        return self.driver.scan(within)


def connected(kind: str = "plain") -> Desk:
    desk = Desk(kind)
    desk.driver.begin()
    return desk


# --- policy --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["plain", "newland", "honeywell"])
def test_a_code_is_scanned(kind: str) -> None:
    desk = connected(kind)
    assert desk.shown("A001") == A001
    assert desk.shown("预约 A002") == Reading(data="预约 A002".encode())
    assert desk.driver.health is Health.READY


@pytest.mark.parametrize("kind", ["newland", "honeywell"])
def test_a_triggered_scanner_is_lit_only_while_a_code_is_wanted(kind: str) -> None:
    desk = Desk(kind)
    desk.driver.check()
    assert not desk.scanner.lit
    desk.driver.begin()
    desk.driver.scan(0.1)
    assert desk.scanner.lit
    desk.shown("A001")
    desk.driver.scan(0.1)
    assert desk.scanner.lit, "the next code is wanted too"
    desk.driver.end()
    desk.driver.check()
    assert not desk.scanner.lit


def test_a_scanner_whose_light_goes_out_by_itself_is_lit_again() -> None:
    desk = connected("newland")
    desk.driver.scan(1)
    desk.scanner.lit = False
    desk.scanner.show("A001")
    assert desk.driver.scan(10) == A001


def test_a_newland_scanner_is_told_to_wait_for_its_trigger_and_nothing_is_saved() -> None:
    desk = connected("newland")
    desk.driver.scan(0.1)
    desk.driver.end()
    desk.driver.check()
    assert desk.scanner.commands == [b"#SCNMOD0", b"#SCNTRG1", b"#SCNTRG0"]


def test_a_code_shown_before_anyone_asked_does_not_count() -> None:
    desk = Desk()
    desk.scanner.show("A001")
    desk.driver.check()
    desk.scanner.show("A002")
    desk.wire.read(0.1)  # it is on its way
    desk.driver.begin()
    assert desk.driver.scan(1) is None


def test_a_code_given_twice_is_one_and_shown_again_later_is_another() -> None:
    desk = connected()
    desk.scanner.faults.twice = True
    assert desk.shown("A001") == A001
    assert desk.driver.scan(1) is None
    desk.wait(3)
    assert desk.shown("A001") == A001


def test_another_code_right_after_the_first_is_given() -> None:
    desk = connected()
    desk.scanner.show("A001")
    desk.scanner.show("A002")
    assert (desk.driver.scan(1), desk.driver.scan(1), desk.driver.scan(1)) == (A001, A002, None)


def test_half_a_code_is_dropped_after_a_pause() -> None:
    desk = connected()
    desk.scanner.say(b"A0")
    assert desk.driver.scan(1) is None
    assert desk.shown("A002") == A002


def test_a_scan_takes_no_longer_than_asked_also_without_a_scanner() -> None:
    desk = connected()
    desk.wire.plugged = False
    begin = desk.wire.now
    assert desk.driver.scan(2) is None
    assert desk.wire.now - begin == pytest.approx(2, abs=0.2)


# --- health --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["plain", "newland", "honeywell"])
def test_before_anything_was_heard_health_is_unknown(kind: str) -> None:
    assert Desk(kind).driver.health is Health.UNKNOWN


def test_a_plain_scanner_that_has_not_scanned_stays_unknown() -> None:
    desk = Desk()
    assert desk.driver.check() is Health.UNKNOWN
    desk.driver.begin()
    desk.shown("A001")
    assert desk.driver.health is Health.READY


@pytest.mark.parametrize("kind", ["newland", "honeywell"])
def test_a_scanner_that_answers_is_ready_whatever_it_answers(kind: str) -> None:
    desk = Desk(kind)
    desk.scanner.faults.refuses = True
    assert desk.driver.check() is Health.READY


@pytest.mark.parametrize("kind", ["newland", "honeywell"])
def test_a_scanner_that_does_not_answer_is_silent_after_some_questions_and_ready_when_it_does(kind: str) -> None:
    desk = Desk(kind)
    desk.scanner.faults.deaf = True
    states = [desk.driver.check() for _ in range(SILENT_AFTER)]
    assert states == [Health.UNKNOWN] * (SILENT_AFTER - 1) + [Health.SILENT]
    desk.scanner.faults.deaf = False
    assert desk.driver.check() is Health.READY


def test_answers_that_make_no_sense_are_garbled() -> None:
    desk = Desk("newland")
    desk.wire.line = lambda data: bytes(b ^ 0x55 for b in data)
    assert [desk.driver.check() for _ in range(SILENT_AFTER)][-1] is Health.GARBLED


def test_codes_without_an_end_are_garbled() -> None:
    desk = connected()
    desk.scanner.faults.no_end = True
    assert [desk.shown("A001") for _ in range(GARBLED_AFTER)] == [None] * GARBLED_AFTER
    assert desk.driver.health is Health.GARBLED
    desk.scanner.faults.no_end = False
    assert desk.shown("A001") == A001
    assert desk.driver.health is Health.READY


def test_a_replugged_scanner_is_unknown_until_heard_and_is_set_up_and_lit_again() -> None:
    desk = connected("newland")
    assert desk.shown("A001") == A001
    desk.wire.plugged = False
    assert desk.driver.scan(1) is None
    assert desk.driver.health is Health.UNPLUGGED
    desk.scanner.commands.clear()
    desk.scanner.lit = False
    desk.wire.plugged = True
    assert desk.shown("A002", within=3) == A002
    assert desk.scanner.commands[:2] == [b"#SCNMOD0", b"#SCNTRG1"]


def test_a_closed_scanner_is_unknown_and_dark() -> None:
    desk = connected("newland")
    desk.shown("A001")
    desk.driver.scan(0.1)
    desk.driver.close()
    assert (desk.driver.health, desk.scanner.lit) == (Health.UNKNOWN, False)


# --- real wires ----------------------------------------------------------------------------------------------------


def scanned(driver: WiredScanner, seconds: float = 30) -> Reading:
    reading = driver.scan(seconds)
    assert reading is not None, driver.health
    return reading


@contextmanager
def on(wire: PtyEnd | TcpEnd | Cable, kind: str = "plain") -> Iterator[tuple[SimulatedScanner, WiredScanner, Running]]:
    scanner = SimulatedScanner(kind)
    with Running(scanner, wire.far if isinstance(wire, Cable) else wire) as running:
        line: Transport
        match wire:
            case Cable():
                line = wire.near
            case PtyEnd():
                line = open_transport(f"serial:{wire.path}")
            case TcpEnd():
                line = open_transport(f"tcp:127.0.0.1:{wire.port}")
        driver = WiredScanner(line, Family(kind))
        try:
            yield scanner, driver, running
        finally:
            driver.close()


@pytest.mark.parametrize("kind", ["plain", "newland", "honeywell"])
@pytest.mark.parametrize("wire", [Cable, PtyEnd, TcpEnd])
def test_every_family_scans_on_every_wire(kind: str, wire: type[Cable | PtyEnd | TcpEnd]) -> None:
    with on(wire(), kind) as (scanner, driver, _):
        assert driver.check() is (Health.UNKNOWN if kind == "plain" else Health.READY)
        driver.begin()
        scanner.show("A001")
        assert scanned(driver) == A001


@pytest.mark.parametrize("kind", ["plain", "newland"])
def test_split_and_doubled_bytes_change_nothing(kind: str) -> None:
    cable = Cable()
    with on(cable, kind) as (scanner, driver, _):
        driver.begin()
        cable.far.distort = split(1)
        scanner.show("A001")
        assert scanned(driver) == A001
        scanner.faults.twice = True
        scanner.show("A002")
        assert scanned(driver) == A002
        assert driver.scan(0.3) is None


@pytest.mark.parametrize(
    "spoil", [noise(b"\x00\xff"), drop(lambda i: i == 0), doubled], ids=["noise", "lost", "doubled"]
)
def test_a_code_spoilt_on_the_line_is_never_believed(spoil: object) -> None:
    key, cable = b"k" * 32, Cable()
    with on(cable) as (scanner, driver, _):
        driver.begin()
        cable.far.distort = spoil  # type: ignore[assignment]
        scanner.faults.split = 7
        scanner.show(sign("T", "JR1-A001", 2_000_000_000, key))
        reading = driver.scan(0.7)
        if reading is not None:
            with pytest.raises(Rejected) as caught:
                verify(reading.text, key, 1_900_000_000)
            assert caught.value.flaw is Flaw.NOT_OURS or caught.value.flaw is Flaw.FORGED
        cable.far.distort = None
        scanner.faults.split = 0
        scanner.say(b"\r")
        driver.scan(0.1)
        good = sign("T", "JR1-A002", 2_000_000_000, key)
        scanner.show(good)
        assert verify(scanned(driver).text, key, 1_900_000_000).body == "JR1-A002"


def test_a_hundred_unplugs_leave_no_descriptor_and_no_thread(tmp_path: Path) -> None:
    end, scanner = PtyEnd(tmp_path / "scanner"), SimulatedScanner()
    with Running(scanner, end) as running:
        driver = WiredScanner(Reconnecting(open_transport(f"serial:{end.path}"), pause=0.02))
        driver.begin()
        scanner.show("A001")
        assert scanned(driver) == A001
        before = Held()
        for number in range(100):
            running.unplug()
            assert driver.scan(0.01) is None
            assert driver.health is Health.UNPLUGGED
            running.plug()
            began = time.monotonic()
            while driver.scan(0.01) is None and driver.health is Health.UNPLUGGED:
                assert time.monotonic() - began < 30.0
            scanner.show(f"B{number:03}")
            assert scanned(driver) == Reading(data=f"B{number:03}".encode())
        assert Held().no_more_than(before)
        driver.close()


# --- a keyboard wedge ----------------------------------------------------------------------------------------------


def test_a_wedge_is_read_from_its_device_and_survives_being_pulled(tmp_path: Path) -> None:
    path = tmp_path / "event"
    driver = WiredScanner(KeyboardTransport(str(path)), None)
    assert driver.check() is Health.UNPLUGGED
    for number in range(3):
        os.mkfifo(path)
        driver.begin()
        deadline = time.monotonic() + 30
        while driver.health is Health.UNPLUGGED and time.monotonic() < deadline:
            driver.scan(0.05)
        with path.open("wb", buffering=0) as keys:  # the device's end; the driver holds the other
            keys.write(typed(f"T.JR1-A00{number}_x", at=float(number)))
            assert scanned(driver) == Reading(data=f"T.JR1-A00{number}_x".encode())
            assert driver.health is Health.READY
        path.unlink()
        deadline = time.monotonic() + 30
        while driver.health is not Health.UNPLUGGED:
            assert time.monotonic() < deadline
            driver.scan(0.05)
    driver.close()


# --- one line of configuration -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("serial:/dev/ttyACM0", "serial:/dev/ttyACM0"),
        ("newland+serial:/dev/ttyACM0?baud=115200", "serial:/dev/ttyACM0"),
        ("honeywell+tcp:127.0.0.1:4001", "tcp:127.0.0.1:4001"),
        ("plain+tcp:127.0.0.1:4001", "tcp:127.0.0.1:4001"),
        ("keyboard:usb-*Scanner*-event-kbd", "keyboard:usb-*Scanner*-event-kbd"),
        ("camera:0", "camera:0"),
        ("camera:http://127.0.0.1:8080/video", "camera:http://127.0.0.1:8080/video"),
    ],
)
def test_one_line_names_any_scanner(line: str, name: str) -> None:
    scanner = open_scanner(line)
    assert (getattr(scanner, "name", None), scanner.health) == (name, Health.UNKNOWN)
    scanner.close()


@pytest.mark.parametrize(
    "line", ["", "scanner", "serial:", "zebra+serial:/dev/ttyACM0", "file:/dev/usb/lp0", "camera:", "keyboard:"]
)
def test_a_line_that_names_no_scanner_says_so(line: str) -> None:
    with pytest.raises(ValueError, match="names no"):
        open_scanner(line)


@contextmanager
def program(*arguments: str) -> Iterator[tuple[str, Callable[[str], None]]]:
    """The simulator in a process of its own: the line that names it, and what types a command."""
    command = [sys.executable, "-m", "devices.scanner.simulator", *arguments]
    running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert running.stdin is not None
    assert running.stdout is not None
    typing = functools.partial(print, file=running.stdin, flush=True)
    try:
        yield running.stdout.readline().removeprefix("scanner at ").strip(), typing
        typing("quit")
        assert running.wait(10) == 0
    finally:
        running.kill()
        running.wait()
        running.stdin.close()
        running.stdout.close()


def test_the_simulator_is_a_program_that_scans_what_is_typed() -> None:
    with program("--tcp", "0", "--kind", "newland") as (place, typing):
        scanner = open_scanner(place)
        assert scanner.check() is Health.READY
        scanner.begin()
        typing("scan 预约 A001")
        assert scanner.scan(10) == Reading(data="预约 A001".encode())
        typing("raw 41 30 30 32 0d")
        assert scanner.scan(10) == A002
        typing("unplug")
        deadline = time.monotonic() + 30
        while scanner.health is not Health.UNPLUGGED:
            assert time.monotonic() < deadline
            scanner.scan(0.05)
        scanner.close()
