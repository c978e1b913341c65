"""Speech boards: frames against the data sheets' examples, and never a text cut short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_wire import VirtualWire

from devices.speech_board import protocol
from devices.speech_board.driver import Health, SpeechBoard
from devices.speech_board.protocol import Answer, Chip
from devices.speech_board.simulator import SimulatedSpeechBoard

TEXT = "请A001号到3号窗口"
GOLDEN = {  # the data sheets' frames for TEXT
    Chip.SYN6288: "FD 00 14 01 01 C7 EB 41 30 30 31 BA C5 B5 BD 33 BA C5 B4 B0 BF DA EF",
    Chip.XFS5152: "FD 00 13 01 00 C7 EB 41 30 30 31 BA C5 B5 BD 33 BA C5 B4 B0 BF DA",
}
BOTH = pytest.mark.parametrize("chip", list(Chip))


class Board:
    """A board on a wire where time is only a number, and its driver."""

    def __init__(self, chip: Chip) -> None:
        self.simulated = SimulatedSpeechBoard(checksum=chip is Chip.SYN6288)
        self.wire = VirtualWire(self.simulated)
        self.free = 0
        self.driver = SpeechBoard(self.wire, chip, on_free=self._freed, clock=self.wire.clock)

    def _freed(self) -> None:
        self.free += 1

    def run(self, seconds: float) -> None:
        self.wire.run(self.driver.step, seconds)


@BOTH
def test_a_text_is_framed_as_in_the_data_sheet(chip: Chip):
    assert protocol.speak(chip, TEXT) == bytes.fromhex(GOLDEN[chip])


def test_answers_are_single_bytes_and_others_are_none():
    assert list(protocol.answers(b"\x4a\x41\x45\x4e\x4f\x00")) == [*Answer, None]


@BOTH
@pytest.mark.parametrize("text", ["", "\U0001f600", "号" * 2001])
def test_a_text_with_nothing_to_say_or_too_long_is_refused(chip: Chip, text: str):
    with pytest.raises(ValueError, match="bytes"):
        protocol.speak(chip, text)


@BOTH
def test_a_board_says_what_it_is_told_and_reports_when_it_is_free(chip: Chip):
    board = Board(chip)
    assert board.driver.say(TEXT, 30_000)
    board.run(1)
    assert board.simulated.said == [TEXT]
    assert not board.driver.is_free
    board.run(5)
    assert board.driver.is_free
    assert board.free == 1
    assert board.driver.health is Health.READY


@BOTH
def test_a_second_text_is_not_taken_before_the_first_is_over(chip: Chip):
    board = Board(chip)
    assert board.driver.say(TEXT, 30_000)
    assert not board.driver.say("请B002号", 30_000)
    board.run(1)
    assert not board.driver.say("请B002号", 30_000)
    board.run(5)
    assert board.driver.say("请B002号", 30_000)
    board.run(3)
    assert board.simulated.said == [TEXT, "请B002号"]
    assert board.simulated.cut == 0


def test_a_board_wired_one_way_is_spoken_to_and_called_silent():
    board = Board(Chip.SYN6288)
    board.simulated.answers = False
    board.run(12)
    assert board.driver.health is Health.SILENT
    assert board.driver.say(TEXT, 4_000)
    board.run(2)
    assert board.simulated.said[0] == TEXT
    assert not board.driver.is_free
    board.run(6)
    assert board.driver.is_free


def test_a_one_way_board_is_told_a_text_once_only():
    board = Board(Chip.XFS5152)
    board.simulated.answers = False
    board.driver.say(TEXT, 4_000)
    board.run(8)
    assert board.simulated.said == [TEXT]


def test_a_text_for_a_line_that_is_not_there_is_forgotten_and_does_not_come_late():
    board = Board(Chip.XFS5152)
    board.wire.plugged = False
    board.driver.say(TEXT, 4_000)
    board.run(3)
    assert board.driver.health is Health.UNPLUGGED
    assert board.driver.is_free
    board.wire.plugged = True
    board.run(5)
    assert board.driver.health is Health.READY
    assert board.simulated.said == []


def test_a_plug_pulled_while_it_speaks_does_not_keep_the_next_waiting():
    board = Board(Chip.XFS5152)
    board.driver.say(TEXT, 60_000)
    board.run(1)
    board.wire.plugged = False
    board.run(2)
    assert board.driver.is_free
    assert board.free == 1


def test_noise_is_not_an_answer():
    board = Board(Chip.XFS5152)
    board.wire.line = lambda data: b"\x80" * len(data)
    board.run(12)
    assert board.driver.health is Health.GARBLED


def test_a_text_garbled_on_the_line_is_told_once_more():
    board = Board(Chip.SYN6288)
    board.run(1)
    garbled = protocol.speak(Chip.SYN6288, TEXT)[:-1] + b"\x00"
    assert board.simulated.receive(garbled) == bytes([Answer.NOT_UNDERSTOOD])
    heard = iter([b"\x45"])
    board.wire.line = lambda data: next(heard, data) if data else data
    board.driver.say(TEXT, 30_000)
    board.run(1)
    assert board.simulated.said == [TEXT, TEXT]


@given(
    st.lists(st.tuples(st.integers(0, 40), st.text("请零幺二三四五号到窗口A", min_size=1, max_size=20)), max_size=12)
)
def test_whatever_is_asked_for_no_text_is_ever_cut(wishes: list[tuple[int, str]]):
    board = Board(Chip.XFS5152)
    taken = []
    for tenths, text in wishes:
        board.run(tenths / 10 + 0.001)
        if board.driver.say(text, 60_000):
            taken.append(text)
    board.run(30)
    assert board.simulated.said == taken
    assert board.simulated.cut == 0
