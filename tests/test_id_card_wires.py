"""The reader on real wires: an in-memory cable, a kernel pty, a TCP port; spoilt lines, pulled plugs, the program."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import TypeAlias

import pytest
from waiting import Held

from devices.cable import Cable, Distortion, doubled, drop, noise, split
from devices.id_card.driver import Health, IdCardReader, Prompt
from devices.id_card.seen import CardSeen
from devices.id_card.simulator import SimulatedReader
from devices.simulation import PtyEnd, Running, TcpEnd
from devices.transport import Reconnecting, Transport, open_transport

DAY_KEY = bytes(range(32))
TODAY = date(2026, 3, 1)


def quick_reader(*, sticky: bool = False) -> SimulatedReader:
    """A reader that answers at once: how long real ones take is tried in virtual time, in test_id_card_driver."""
    return SimulatedReader(read_seconds=(0, 0), answer_seconds=0, sticky=sticky)


def impatient(wire: Transport) -> IdCardReader:
    """A driver that does not wait between finds, nor long for an answer."""
    return IdCardReader(wire, sleep=lambda _: None, answer_within=0.3, read_within=0.5)


def card_on(driver: IdCardReader, place: Callable[[], None], lift: Callable[[], None], seconds: float = 30) -> CardSeen:
    """Place a card and wait until it is seen; as a resident would, lift it and place it again when told so."""
    deadline = time.monotonic() + seconds
    place()
    while time.monotonic() < deadline:
        looked = driver.look(day_key=DAY_KEY, today=TODAY)
        if isinstance(looked, CardSeen):
            return looked
        if looked in (Prompt.PLACE_AGAIN, Prompt.ASK_STAFF):
            lift()
            driver.look(day_key=DAY_KEY, today=TODAY)
            place()
    raise AssertionError(f"no card in {seconds} s")


def look_until(prompt: Prompt, driver: IdCardReader, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while driver.look(day_key=DAY_KEY, today=TODAY) is not prompt:
        assert time.monotonic() < deadline


def wait_for(health: Health, driver: IdCardReader, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while driver.check() is not health:
        assert time.monotonic() < deadline, driver.health
        time.sleep(0.005)


class SpoiltPtyEnd(PtyEnd):
    """A pty whose device's bytes are spoilt on their way, as a cable's end does with `distort`."""

    def __init__(self, distort: Distortion) -> None:
        super().__init__()
        self._distort = distort

    def write(self, data: bytes, timeout: float = 5.0) -> None:
        for piece in self._distort(data):
            super().write(piece, timeout)


def now_and_then(distort: Distortion, every: int) -> Distortion:
    """Spoil one write in `every`, so that a question asked again has a chance."""
    turns = cycle([True] + [False] * (every - 1))
    return lambda data: distort(data) if next(turns) else [data]


SPOILT: dict[str, Callable[[], Distortion]] = {
    "sound": lambda: lambda data: [data],
    "one byte at a time": lambda: split(1),
    "seven bytes at a time": lambda: split(7),
    "doubled": lambda: doubled,
    "noisy": lambda: noise(b"\x00\xaa\xaa\xaa\x00\xff", b"\xaa\xaa"),
    "false starts": lambda: noise(b"\xaa\xaa\xaa\x96\x69\x00"),
    "every 2000th byte lost": lambda: drop(lambda i: i % 2000 == 1000),
    "every fifth answer lost": lambda: now_and_then(lambda data: [], 5),
    "every fifth answer halved": lambda: now_and_then(lambda data: [data[: len(data) // 2]], 5),
}


OnAWire: TypeAlias = Callable[[SimulatedReader, Distortion], AbstractContextManager[IdCardReader]]


@contextmanager
def on_a_cable(reader: SimulatedReader, distort: Distortion) -> Iterator[IdCardReader]:
    cable = Cable(baud=115200)
    cable.far.distort = distort
    with Running(reader, cable.far):
        driver = impatient(cable.near)
        yield driver
        driver.close()


@contextmanager
def on_a_pty(reader: SimulatedReader, distort: Distortion) -> Iterator[IdCardReader]:
    with Running(reader, wire := SpoiltPtyEnd(distort)):
        driver = impatient(open_transport(f"serial:{wire.path}?baud=115200"))
        yield driver
        driver.close()


@pytest.mark.parametrize("wire", [on_a_cable, on_a_pty], ids=["cable", "pty"])
@pytest.mark.parametrize("spoilt", SPOILT)
def test_one_card_after_another_is_seen_on_a_line_that_is(spoilt: str, wire: OnAWire) -> None:
    reader = quick_reader()
    with wire(reader, SPOILT[spoilt]()) as driver:
        for card, kind in zip(("resident", "y"), ("resident", "foreigner-2023"), strict=True):
            assert card_on(driver, partial(reader.place, card), reader.lift).kind == kind
            reader.lift()
            look_until(Prompt.PLACE, driver)


def test_the_reader_works_over_tcp_and_a_new_connection_is_no_fault() -> None:
    reader = quick_reader()
    with Running(reader, wire := TcpEnd()):
        for card, kind in zip(("resident", "j"), ("resident", "hmt-resident"), strict=True):
            driver = impatient(open_transport(f"tcp:127.0.0.1:{wire.port}"))
            assert card_on(driver, partial(reader.place, card), reader.lift).kind == kind
            driver.close()


def test_a_port_used_by_another_program_is_unplugged_to_us() -> None:
    with Running(quick_reader(), wire := PtyEnd()), open_transport(f"serial:{wire.path}"):
        driver = impatient(open_transport(f"serial:{wire.path}"))
        assert driver.check() is Health.UNPLUGGED
        assert driver.look(day_key=DAY_KEY, today=TODAY) is Prompt.NO_READER


def test_a_hundred_times_unplugged_and_replugged_it_comes_back_and_leaks_nothing(tmp_path: Path) -> None:
    reader = quick_reader()
    link = tmp_path / "id-card"
    with Running(reader, PtyEnd(link)) as running:
        driver = impatient(Reconnecting(open_transport(f"serial:{link}?baud=115200"), pause=0.01))
        wait_for(Health.READY, driver)
        before = Held()
        for turn in range(100):
            reader.place("resident" if turn % 2 else "j")
            if turn % 3 == 0:
                driver.look(day_key=DAY_KEY, today=TODAY)  # found: the plug goes while a card waits to be read
            running.unplug()
            assert driver.look(day_key=DAY_KEY, today=TODAY) is Prompt.NO_READER
            assert driver.health is Health.UNPLUGGED
            running.plug()
            wait_for(Health.READY, driver)
            if turn % 10 == 0:
                reader.lift()
                driver.look(day_key=DAY_KEY, today=TODAY)
                assert card_on(driver, partial(reader.place, "resident"), reader.lift).kind == "resident"
        assert Held().no_more_than(before)
        driver.close()
        assert Held().files < before.files


@contextmanager
def program(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "devices.id_card.simulator", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as running:
        try:
            yield running
        finally:
            running.kill()


def test_the_simulator_is_a_program_one_can_type_at_and_reads_as_slowly_as_a_real_one() -> None:
    with program("--tcp", "0") as running:
        assert running.stdin is not None
        assert running.stdout is not None
        keys, screen = running.stdin, running.stdout
        where = re.fullmatch(r"ID card reader at (tcp:127\.0\.0\.1:\d+)\n", screen.readline())
        assert where is not None
        assert "place resident" in screen.readline()

        def type_in(word: str) -> None:
            keys.write(word + "\n")
            assert screen.readline() == "ok\n", word

        driver = IdCardReader(open_transport(where[1]))
        assert driver.look(day_key=DAY_KEY, today=TODAY) is Prompt.PLACE
        type_in("garbage")
        assert card_on(driver, partial(type_in, "place j"), partial(type_in, "lift")).kind == "hmt-resident"
        type_in("lift")
        type_in("unauthorised")
        assert driver.check() is Health.NOT_AUTHORISED
        type_in("unplug")
        wait_for(Health.UNPLUGGED, driver)
        type_in("plug")
        type_in("well")
        wait_for(Health.READY, driver)
        driver.close()
        keys.write("quit\n")
        assert running.wait(10) == 0


def test_the_program_offers_a_pty_under_a_lasting_name(tmp_path: Path) -> None:
    link = tmp_path / "id-card"
    with program("--pty", str(link), "--place", "y") as running:
        assert running.stdout is not None
        assert running.stdout.readline() == f"ID card reader at serial:{link}?baud=115200\n"
        driver = IdCardReader(open_transport(f"serial:{link}?baud=115200"))
        assert card_on(driver, lambda: None, lambda: None).kind == "foreigner-2023"
        driver.close()
