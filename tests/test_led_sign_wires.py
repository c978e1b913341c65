"""Window signs on real wires: lines that spoil answers, plugs that are pulled, the simulator as a program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from bus_stage import Hasty, hasty, spoilt, wired, wires_and_ways, working
from PIL import Image
from waiting import Held, until

from devices.cable import noise
from devices.led_sign.driver import Health, Sign, SignBus
from devices.led_sign.protocol import Colour
from devices.led_sign.simulator import SimulatedSigns
from devices.transport import open_transport

SPOILT = spoilt(noise(b"\xa5\x00\x5a\xff\x5b", b"\xa5\xa5\x01"), byte=300, answer=4)


@pytest.mark.parametrize(("wire", "how"), wires_and_ways(SPOILT))
def test_wishes_are_made_so_over_a_spoilt_line(wire: str, how: str) -> None:
    signs = SimulatedSigns({1: 8, 2: 12})
    with (
        wired(signs, wire, SPOILT[how](), options="?baud=57600") as near,
        working(SignBus(near, [Sign(address=1), Sign(address=2, columns=12)])) as driver,
    ):
        for number in range(3):
            driver.show(1, "社保", f"请A{number:03d}号")
            driver.show(2, "医保", f"请B{number:03d}号", Colour.GREEN)
            until(lambda: driver.state(1).confirmed and driver.state(2).confirmed)
            assert signs.cards[1].lines == ("社保", f"请A{number:03d}号")
            assert signs.cards[2].lines == ("医保", f"请B{number:03d}号")


def test_unplugged_a_hundred_times_it_comes_back_and_leaks_nothing(tmp_path: Path) -> None:
    signs = SimulatedSigns({1: 8})
    with hasty(signs, tmp_path, lambda wire: SignBus(wire, [Sign(address=1)], clock=Hasty.clock)) as stage:
        driver = stage.driver
        until(lambda: driver.health[1] is Health.READY)
        before = Held()
        for number in range(100):
            stage.running.unplug()
            until(lambda: driver.health[1] is Health.UNPLUGGED)
            driver.show(1, "", f"请A{number:03d}号")
            stage.running.plug()
            until(lambda: driver.state(1).confirmed)
            assert signs.cards[1].lines == ("", f"请A{number:03d}号")
        assert Held().no_more_than(before)


def test_the_simulator_is_a_program_with_pictures_and_faults_to_type(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "devices.led_sign.simulator", "--tcp", "0", "--signs", "1:8,2:12"]
    with subprocess.Popen(
        [*command, "--out", str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin
        assert program.stdout
        url = program.stdout.readline().split()[-1]
        with working(SignBus(open_transport(url), [Sign(address=1), Sign(address=2, columns=12)])) as driver:
            driver.show(1, "社会保险", "请A001号")
            driver.show(2, "不动产登记", "请B012号", Colour.GREEN)
            text = tmp_path / "sign-001.txt"
            until(lambda: text.exists() and text.read_text() == "社会保险\n请A001号\n")
            green = tmp_path / "sign-002.png"
            until(lambda: green.exists() and lit(green) > 300)
            program.stdin.write("power-off 1\ndeaf 2\n")
            program.stdin.flush()
            assert [program.stdout.readline() for _ in range(3)][1:] == ["ok\n", "ok\n"]
            driver.show(1, "", "请A002号")
            driver.show(2, "", "请B013号")
            until(lambda: set(driver.health.values()) == {Health.SILENT})
            until(lambda: text.read_text() == "\n\n")
        program.stdin.write("quit\n")
        program.stdin.flush()
        assert program.wait(10) == 0


def lit(picture: Path) -> int:
    """How many dots of a panel's picture shine green."""
    with Image.open(picture) as image:
        return sum(
            g > 200 and r < 100
            for r, g, _ in (
                image.convert("RGB").getpixel((x, y))  # type: ignore[misc]
                for x in range(8, image.width, 6)
                for y in range(8, image.height, 6)
            )
        )
