"""Pads on real wires: lines that spoil answers, plugs that are pulled, the simulators as programs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from bus_stage import Hasty, hasty, spoilt, wired, wires_and_ways, working
from waiting import Held, until

from devices.cable import noise
from devices.call_pad.driver import CallPad
from devices.call_pad.protocol import CallKey, Press
from devices.call_pad.simulator import SimulatedCallPad
from devices.pad_line.driver import Health, Pad, PadLine
from devices.pad_line.simulator import SimulatedLine
from devices.rating_pad.driver import Answer, RatingPad
from devices.rating_pad.protocol import Level
from devices.rating_pad.simulator import SimulatedRatingPad
from devices.transport import open_transport

SPOILT = spoilt(noise(b"\xff<0\x80>", b">01<"), byte=250, answer=5)


@pytest.mark.parametrize(("wire", "how"), wires_and_ways(SPOILT))
def test_presses_and_ratings_arrive_exactly_once_over_a_spoilt_line(wire: str, how: str) -> None:
    call, rating = SimulatedCallPad(1), SimulatedRatingPad(2)
    presses: list[Press] = []
    answers: list[Answer] = []
    call_pad, rating_pad = CallPad(presses.append), RatingPad(answers.append)
    with (
        wired(SimulatedLine([call, rating]), wire, SPOILT[how]()) as near,
        working(PadLine(near, {1: call_pad, 2: rating_pad})),
    ):
        until(lambda: {call_pad.health, rating_pad.health} == {Health.READY})
        for turn, key in enumerate(list(CallKey)):
            call.press(key)
            until(lambda turn=turn: len(presses) > turn)  # type: ignore[misc]
        rating_pad.ask(99)
        until(lambda: rating.is_asking)
        rating.press("5")
        until(lambda: answers)
        call_pad.show("A017")
        until(lambda: call.display == "A017")
    assert presses == list(CallKey)
    assert [answer.level for answer in answers] == [Level.VERY_SATISFIED]


def test_unplugged_a_hundred_times_it_comes_back_and_leaks_nothing(tmp_path: Path) -> None:
    call = SimulatedCallPad(1)
    presses: list[Press] = []
    pads: dict[int, Pad] = {1: CallPad(presses.append)}
    with hasty(SimulatedLine([call]), tmp_path, lambda wire: PadLine(wire, pads, clock=Hasty.clock)) as stage:
        until(lambda: stage.driver.health[1] is Health.READY)
        before = Held()
        for _ in range(100):
            stage.running.unplug()
            until(lambda: stage.driver.health[1] is Health.UNPLUGGED)
            stage.running.plug()
            until(lambda: stage.driver.health[1] is Health.READY)
        call.press("NEXT")
        until(lambda: presses)
        assert Held().no_more_than(before)


@pytest.mark.parametrize(
    ("module", "typing", "heard"),
    [
        ("devices.call_pad.simulator", "press 1 0\npress 1 1\npress 1 7\npress 1 CALL\n", "017"),
        ("devices.rating_pad.simulator", "press 1 5\n", "5"),
    ],
)
def test_the_simulators_are_programs_one_can_type_at(module: str, typing: str, heard: str) -> None:
    found: list[str] = []
    rating_pad = RatingPad(lambda answer: found.append(str(answer.level and int(answer.level))))
    pads: dict[str, Pad] = {
        "devices.call_pad.simulator": CallPad(lambda press: found.append(getattr(press, "number", ""))),
        "devices.rating_pad.simulator": rating_pad,
    }
    with subprocess.Popen(
        [sys.executable, "-m", module, "--tcp", "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin
        assert program.stdout
        url = program.stdout.readline().split()[-1]
        pad = pads[module]
        rating_pad.ask(99)
        with working(PadLine(open_transport(url), {1: pad})):
            until(lambda: pad.health is Health.READY)
            while not found:
                program.stdin.write(typing)
                program.stdin.flush()
                time.sleep(0.05)
            assert found[0] == heard
        program.stdin.write("quit\n")
        program.stdin.flush()
        assert program.wait(10) == 0
