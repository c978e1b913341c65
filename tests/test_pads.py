"""Rating pads and call pads: the published line protocol, the policy in virtual time, keypads, adapters, real wires."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_wire import VirtualWire

from devices.cable import Cable, Distortion, doubled, drop, noise, split
from devices.call_pad.driver import CallPad
from devices.call_pad.protocol import CallKey, CallKeypad, Chosen, Press
from devices.call_pad.simulator import SimulatedCallPad
from devices.evdev import Key, KeyAction, KeyEvent, KeysLost
from devices.pad_line import protocol
from devices.pad_line.driver import Health, Pad, PadLine
from devices.pad_line.keypad import KeypadPort
from devices.pad_line.port import SinglePad
from devices.pad_line.protocol import Line, LineDecoder, Speaker, Words, check_sum, encode
from devices.pad_line.simulator import SimulatedKeypad, SimulatedLine, SimulatedPad
from devices.rating_pad.driver import Answer, Ended, RatingPad
from devices.rating_pad.protocol import FIVE_KEYS, Level, RatingKeypad, RatingKeys
from devices.rating_pad.simulator import SimulatedRatingPad
from devices.simulation import PtyEnd, Running, TcpEnd
from devices.transport import Transport, open_transport

SPECIFICATION = Path(__file__).parent.parent / "docs" / "pad-protocol.md"


# --- the wire ---------------------------------------------------------------------------------------------------------


def worked_examples() -> list[str]:
    return re.findall(r"[<>]\d\d \d\d [A-Z][A-Z0-9 ]*\*[0-9A-F]{4}", SPECIFICATION.read_text(encoding="utf-8"))


def test_the_specification_has_an_example_of_every_verb() -> None:
    verbs = {example[7:].split("*")[0].split()[0] for example in worked_examples()}
    assert verbs == {"HELLO", "POLL", "PAD", "SHOW", "ASK", "STOP", "OK", "NONE", "EVENT", "RESET", "NO"}
    assert len(worked_examples()) >= 17


@pytest.mark.parametrize("example", worked_examples())
def test_the_examples_of_the_specification_are_what_the_code_reads_and_writes(example: str) -> None:
    (line,) = LineDecoder().feed(example.encode() + b"\r\n")
    assert encode(line) == example.encode() + b"\r\n"


def test_a_simulated_bus_answers_the_specifications_dialogue_word_for_word() -> None:
    call, rating = SimulatedCallPad(1), SimulatedRatingPad(2)
    line = SimulatedLine([call, rating])
    dialogue = [text for text in worked_examples() if text[4:6] <= "06" and "QUIET" not in text and "RESET" not in text]
    rating.greeted = True
    for question, answer in zip(dialogue[::2], dialogue[1::2], strict=True):
        if "POLL 00" in question:
            call.press("NEXT")
            rating.press("5")
        assert line.receive(question.encode() + b"\r\n").decode() == answer + "\r\n"
    assert call.display == "A017 12"


def test_the_check_sum_is_crc_16_ccitt_false() -> None:
    assert check_sum(b"123456789") == 0x29B1


words = st.lists(st.from_regex(r"[!-)+-;=?-~]{1,8}", fullmatch=True), min_size=1, max_size=4).map(tuple)
lines = st.builds(
    Line, speaker=st.sampled_from(Speaker), address=st.integers(1, 99), number=st.integers(0, 99), words=words
)
cuts = st.lists(st.integers(0, 10_000), max_size=12)
wild = st.binary(max_size=80) | st.lists(st.sampled_from(list(b"<>*\r\n 01A\x80"))).map(bytes)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@given(sent=st.lists(lines, max_size=4), between=wild, cuts=cuts)
def test_lines_cut_anywhere_with_anything_between_them_arrive(
    sent: list[Line], between: bytes, cuts: list[int]
) -> None:
    stream = between + b"".join(encode(line) + between for line in sent)
    decoder = LineDecoder()
    assert [line for piece in pieces(stream, cuts) for line in decoder.feed(piece)] == sent


@given(data=st.lists(st.binary() | wild | lines.map(encode)).map(b"".join), cuts=cuts)
def test_any_bytes_cut_anywhere_give_the_same_lines_and_never_raise(data: bytes, cuts: list[int]) -> None:
    whole, cut = LineDecoder(), LineDecoder()
    assert [line for piece in pieces(data, cuts) for line in cut.feed(piece)] == whole.feed(data)
    assert cut.garbled == whole.garbled


@given(line=lines, at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_line_with_one_wrong_bit_is_lost_and_never_another(line: Line, at: int, bit: int) -> None:
    data = bytearray(encode(line))
    data[at % len(data)] ^= 1 << bit
    assert LineDecoder().feed(bytes(data) + b"\n") in ([], [line])


@given(st.lists(st.text(max_size=8), max_size=4).map(tuple))
def test_any_words_of_a_pad_are_understood_or_nothing(words: Words) -> None:
    for text in (words, ("EVENT", *words), ("PAD", *words)):
        said = protocol.answer(text)
        assert said is None or type(said).__name__ in "Is Done Nothing Event Restarted Refused"
    RatingPad(lambda _: None).heard(words)
    CallPad(lambda _: None).heard(words)


@pytest.mark.parametrize(
    "line",
    [
        Line(speaker=Speaker.HOST, address=0, number=0, words=("POLL",)),
        Line(speaker=Speaker.HOST, address=1, number=100, words=("POLL",)),
        Line(speaker=Speaker.HOST, address=1, number=0, words=()),
        Line(speaker=Speaker.HOST, address=1, number=0, words=("two words",)),
        Line(speaker=Speaker.HOST, address=1, number=0, words=("请",)),
        Line(speaker=Speaker.HOST, address=1, number=0, words=("A" * 60,)),
    ],
)
def test_a_line_that_cannot_be_said_is_a_mistake_of_ours(line: Line) -> None:
    with pytest.raises(ValueError, match=r"no such line|not words|longer"):
        encode(line)


@given(st.text())
def test_any_text_can_be_shown_in_sixteen_characters(text: str) -> None:
    shown = protocol.show(text)
    line = Line(speaker=Speaker.HOST, address=1, number=1, words=shown)
    assert LineDecoder().feed(encode(line)) == [line]
    assert len(" ".join(shown[1:])) <= 16


# --- what keys mean ---------------------------------------------------------------------------------------------------


def test_on_our_own_pads_five_is_the_best() -> None:
    assert FIVE_KEYS.levels["5"] is Level.VERY_SATISFIED
    assert FIVE_KEYS.levels["1"] is Level.VERY_DISSATISFIED
    assert "0" not in FIVE_KEYS.levels


def test_older_pads_are_mapped_explicitly() -> None:
    keys = RatingKeys(levels={"0": Level.VERY_SATISFIED, "1": Level.SATISFIED, "2": Level.ACCEPTABLE, "3": Level(1)})
    assert keys.levels["3"] is Level.VERY_DISSATISFIED
    assert "4" not in keys.levels


@pytest.mark.parametrize(
    "levels", [{}, {"1": 5}, {"1": 5, "2": 6}, {"1": 5, "2": 5}, {"10": 5, "1": 4}, {"": 5, "1": 4}, {"0": 0, "1": 1}]
)
def test_a_mapping_that_cannot_be_meant_is_refused(levels: Mapping[str, Level]) -> None:
    with pytest.raises(ValueError, match="rating"):
        RatingKeys(levels=levels)


def down(code: int, at: float = 0.0) -> KeyEvent:
    return KeyEvent(code=code, action=KeyAction.DOWN, at=at)


def typed(*events: KeyEvent | KeysLost) -> list[Words]:
    keypad = CallKeypad()
    return [words for event in events if (words := keypad.pressed(event)) is not None]


def test_every_function_of_a_call_pad_is_on_a_numeric_keypad() -> None:
    codes = [Key.KP_ENTER, Key.KP_PLUS, Key.KP_ASTERISK, Key.KP_SLASH, Key.KP_MINUS, Key.KP_DOT]
    assert typed(*(down(code, at) for at, code in enumerate(codes))) == [("KEY", key) for key in CallKey]


def test_digits_and_enter_call_that_number_and_enter_alone_the_next() -> None:
    keys = [Key.KP0, Key.KP1, Key.KP7, Key.KP_ENTER, Key.KP_ENTER]
    assert typed(*(down(code, at) for at, code in enumerate(keys))) == [("CALL", "017"), ("KEY", "NEXT")]


@pytest.mark.parametrize(
    "typing",
    [
        [down(Key.KP1, 0), down(Key.BACKSPACE, 1), down(Key.KP_PLUS, 2)],
        [down(Key.KP1, 0), down(Key.KP_PLUS, 2)],
        [down(Key.KP1, 0), KeysLost(at=1), down(Key.KP_PLUS, 2)],
    ],
)
def test_digits_followed_by_another_key_are_thrown_away(typing: list[KeyEvent | KeysLost]) -> None:
    assert typed(*typing, down(Key.KP_ENTER, 3)) == [("KEY", "RECALL"), ("KEY", "NEXT")]


@pytest.mark.parametrize(
    "typing",
    [
        [down(code, at) for at, code in enumerate([Key.KP1] * 5 + [Key.KP_ENTER])],
        [down(Key.KP1, 0), down(Key.KP_ENTER, 11)],
    ],
)
def test_whoever_typed_a_number_that_is_none_does_not_get_the_next(typing: list[KeyEvent]) -> None:
    assert typed(*typing) == []


def test_a_bouncing_key_a_held_key_and_a_released_key_press_once() -> None:
    held = [KeyEvent(code=Key.KP_ENTER, action=action, at=0.1) for action in (KeyAction.REPEAT, KeyAction.UP)]
    assert typed(down(Key.KP_ENTER, 0), *held, down(Key.KP_ENTER, 0.2)) == [("KEY", "NEXT")]
    assert typed(down(Key.KP_ENTER, 0), down(Key.KP_ENTER, 0.6)) == [("KEY", "NEXT")] * 2


@given(st.lists(st.builds(KeyEvent, code=st.integers(0, 255), action=st.sampled_from(KeyAction), at=st.floats(0, 60))))
def test_whatever_is_typed_a_call_keypad_says_only_what_a_call_pad_may(events: list[KeyEvent]) -> None:
    pressed: list[Press] = []
    pad = CallPad(pressed.append)
    said = typed(*events)
    for each in said:
        pad.heard(each)
    assert len(pressed) == len(said)


# --- the policy, in virtual time --------------------------------------------------------------------------------------


class Window:
    """Call pad 1, rating pad 2 and call pad 3 on one line where time is a number."""

    def __init__(self, keys: RatingKeys = FIVE_KEYS) -> None:
        self.call, self.rating, self.other = SimulatedCallPad(1), SimulatedRatingPad(2), SimulatedCallPad(3)
        self.line = SimulatedLine([self.call, self.rating, self.other])
        self.wire = VirtualWire(self.line)
        self.presses: list[Press] = []
        self.answers: list[Answer] = []
        self.call_pad = CallPad(self.presses.append)
        self.rating_pad = RatingPad(self.answers.append, keys=keys, clock=self.wire.clock)
        self.other_presses: list[Press] = []
        pads: dict[int, Pad] = {1: self.call_pad, 2: self.rating_pad, 3: CallPad(self.other_presses.append)}
        self.driver = PadLine(self.wire, pads, clock=self.wire.clock)

    def run(self, seconds: float) -> None:
        self.wire.run(self.driver.step, seconds)

    @classmethod
    def at_work(cls, keys: RatingKeys = FIVE_KEYS) -> Window:
        window = cls(keys)
        window.run(1)
        return window


def test_health_is_unknown_before_anything_was_asked() -> None:
    assert set(Window().driver.health.values()) == {Health.UNKNOWN}


def test_pads_are_greeted_and_ready() -> None:
    assert set(Window.at_work().driver.health.values()) == {Health.READY}


def test_each_press_arrives_once_and_in_order() -> None:
    window = Window.at_work()
    for key in ("NEXT", "RECALL", "START", "FINISH", "NOSHOW", "PAUSE", "0", "1", "7", "CALL"):
        window.call.press(key)
    window.run(3)
    assert window.presses == [*CallKey, Chosen(number="017")]
    assert window.other_presses == []


def test_a_pads_display_is_told_once_and_again_after_it_lost_power() -> None:
    window = Window.at_work()
    window.call_pad.show("A017 12")
    window.run(1)
    assert window.call.display == "A017 12"
    assert sum("SHOW A017" in asked for asked in window.line.asked) == 1
    window.call.power(False)
    window.run(3)
    assert window.driver.health == {1: Health.SILENT, 2: Health.READY, 3: Health.READY}
    window.call.power(True)
    window.run(2)
    assert window.call.display == "A017 12"
    assert window.driver.health[1] is Health.READY


def test_a_pad_without_display_is_not_asked_to_show_the_same_again_and_its_keys_count() -> None:
    window = Window()
    window.call.has_display = False
    window.call_pad.show("A017")
    window.run(1)
    window.call.press("NEXT")
    window.run(3)
    assert window.presses == [CallKey.NEXT]
    assert sum(asked.startswith(">01") and "SHOW" in asked for asked in window.line.asked) == 1
    assert window.driver.health[1] is Health.READY


def test_keys_pressed_before_the_host_was_there_or_while_it_was_away_call_nobody() -> None:
    window = Window()
    window.call.press("NEXT")
    window.run(1)
    window.call.deaf = True
    window.call.press("NEXT")
    window.run(5)
    window.call.deaf = False
    window.run(3)
    assert window.presses == []
    window.call.press("START")
    window.run(1)
    assert window.presses == [CallKey.START]


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_press_whose_answers_are_lost_still_arrives_once(lost: int) -> None:
    window = Window.at_work()
    window.call.press("NEXT")
    window.call.mute = lost
    window.run(3)
    assert window.presses == [CallKey.NEXT]


def test_twenty_dead_pads_do_not_hold_up_the_one_that_works_and_are_found_when_they_come_back() -> None:
    pads = [SimulatedCallPad(address) for address in range(1, 22)]
    wire = VirtualWire(SimulatedLine(pads))
    presses: list[Press] = []
    driver = PadLine(wire, {pad.address: CallPad(presses.append) for pad in pads}, clock=wire.clock)
    for pad in pads[:-1]:
        pad.power(False)
    wire.run(driver.step, 20)
    for turn in range(20):
        pads[-1].press("NEXT")
        wire.run(driver.step, 0.6)
        assert len(presses) == turn + 1
    assert list(driver.health.values()) == [Health.SILENT] * 20 + [Health.READY]
    for pad in pads:
        pad.power(True)
    wire.run(driver.step, 10)
    assert set(driver.health.values()) == {Health.READY}


def test_a_pad_that_comes_back_is_found_although_the_line_is_busy() -> None:
    pads = [SimulatedCallPad(address) for address in range(1, 6)]
    wire = VirtualWire(SimulatedLine(pads))
    wire.takes = 0.05  # four pads keep the line busy without a pause
    driver = PadLine(wire, {pad.address: CallPad(print) for pad in pads}, clock=wire.clock)
    pads[0].power(False)
    wire.run(driver.step, 5)
    assert driver.health[1] is Health.SILENT
    pads[0].power(True)
    wire.run(driver.step, 4)
    assert set(driver.health.values()) == {Health.READY}


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_questions() -> None:
    wire = VirtualWire(SimulatedLine([SimulatedCallPad(1)]))
    driver = PadLine(wire, {1: CallPad(print)}, clock=wire.clock)
    wire.takes = 0.5
    wire.run(driver.step, 10)
    assert driver.health == {1: Health.SILENT}


def test_a_pad_that_says_the_same_event_for_ever_pressed_once() -> None:
    class Stuck(SimulatedCallPad):
        def answer(self, words: list[str]) -> str:
            return "EVENT 07 KEY NEXT" if words[0] == "POLL" else super().answer(words)

    presses: list[Press] = []
    wire = VirtualWire(SimulatedLine([Stuck(1)]))
    driver = PadLine(wire, {1: CallPad(presses.append)}, clock=wire.clock)
    wire.run(driver.step, 5)
    assert presses == [CallKey.NEXT]


def test_a_rating_is_one_key_for_one_prompt() -> None:
    window = Window.at_work()
    prompt = window.rating_pad.ask(20)
    window.run(1)
    assert window.rating.is_asking
    window.rating.press("4")
    window.rating.press("1")
    window.run(1)
    assert window.answers == [Answer(prompt=prompt, ended=Ended.RATED, level=Level.SATISFIED)]
    assert not window.rating.is_asking
    window.run(60)
    assert len(window.answers) == 1


def test_silence_is_no_answer_and_never_praise() -> None:
    window = Window.at_work()
    prompt = window.rating_pad.ask(10)
    window.run(15)
    assert window.answers == [Answer(prompt=prompt, ended=Ended.NOBODY_PRESSED, level=None)]


@pytest.mark.parametrize("fault", ["deaf", "unplugged", "refuses", "power failed in between"])
def test_a_pad_that_was_not_there_is_told_from_a_resident_who_did_not_press(fault: str) -> None:
    window = Window.at_work()
    if fault == "deaf":
        window.rating.deaf = True
    elif fault == "unplugged":
        window.wire.plugged = False
    elif fault == "refuses":
        window.rating.knows_ask = False
    prompt = window.rating_pad.ask(10)
    window.run(2)
    if fault == "power failed in between":
        window.rating.power(False)
    window.run(12)
    assert window.answers == [Answer(prompt=prompt, ended=Ended.NOT_ASKED)]


def test_a_pad_that_lost_power_while_asking_asks_again_for_the_same_prompt() -> None:
    window = Window.at_work()
    prompt = window.rating_pad.ask(20)
    window.run(2)
    window.rating.power(False)
    window.rating.power(True)
    window.run(2)
    assert window.rating.is_asking
    window.rating.press("5")
    window.run(1)
    assert window.answers == [Answer(prompt=prompt, ended=Ended.RATED, level=Level.VERY_SATISFIED)]


def test_a_new_prompt_and_a_cancelled_one_end_the_old_and_a_late_key_is_not_taken_for_them() -> None:
    window = Window.at_work()
    first = window.rating_pad.ask(20)
    window.run(1)
    window.rating.press("1")  # not collected yet
    second = window.rating_pad.ask(20)
    assert window.answers == [Answer(prompt=first, ended=Ended.CANCELLED)]
    window.run(1)
    assert window.rating.is_asking
    window.rating_pad.cancel()
    window.run(1)
    assert not window.rating.is_asking
    assert window.answers[1:] == [Answer(prompt=second, ended=Ended.CANCELLED)]
    window.rating_pad.cancel()
    assert len(window.answers) == 2


def test_a_host_that_starts_anew_can_ask_although_the_pad_remembers_the_same_prompt() -> None:
    window = Window.at_work()
    window.rating_pad.ask(20)
    window.run(1)
    answers: list[Answer] = []
    again = RatingPad(answers.append, clock=window.wire.clock)
    driver = PadLine(window.wire, {2: again}, clock=window.wire.clock)
    window.wire.run(driver.step, 1)
    assert not window.rating.is_asking
    again.ask(20)
    window.wire.run(driver.step, 1)
    window.rating.press("3")
    window.wire.run(driver.step, 1)
    assert [answer.level for answer in answers] == [Level.ACCEPTABLE]


def test_an_older_pads_zero_is_what_its_mapping_says_and_an_unmapped_key_is_no_rating() -> None:
    window = Window.at_work(RatingKeys(levels={"0": Level(5), "1": Level(4), "2": Level(3), "3": Level(1)}))
    window.rating_pad.ask(20)
    window.run(1)
    window.rating.press("0")
    window.run(1)
    window.rating_pad.ask(20)
    window.run(1)
    window.rating.press("5")
    window.run(25)
    assert [answer.level for answer in window.answers] == [Level.VERY_SATISFIED, None]


def test_a_prompt_has_a_bounded_time() -> None:
    for seconds in (0, 100):
        with pytest.raises(ValueError, match="1 to 99"):
            RatingPad(lambda _: None).ask(seconds)


def test_a_pad_of_the_wrong_kind_is_told_and_its_keys_do_nothing() -> None:
    presses: list[Press] = []
    rating = SimulatedRatingPad(1)
    wire = VirtualWire(SimulatedLine([rating]))
    driver = PadLine(wire, {1: CallPad(presses.append)}, clock=wire.clock)
    wire.run(driver.step, 3)
    assert driver.health == {1: Health.WRONG_PAD}
    rating.happen("KEY NEXT")
    wire.run(driver.step, 3)
    assert presses == []


@pytest.mark.parametrize("says", ["PAD CALL 2", "NO ARGS", "HUH"])
def test_a_pad_of_a_later_version_is_not_trusted(says: str) -> None:
    class Later(SimulatedCallPad):
        def answer(self, words: list[str]) -> str:
            return says

    wire = VirtualWire(SimulatedLine([Later(1)]))
    driver = PadLine(wire, {1: CallPad(print)}, clock=wire.clock)
    wire.run(driver.step, 3)
    assert driver.health == {1: Health.WRONG_PAD}


def test_noise_without_a_right_line_is_garbled_not_silent() -> None:
    window = Window()
    window.wire.line = lambda data: bytes(byte ^ 0x55 for byte in data)
    window.run(3)
    assert set(window.driver.health.values()) == {Health.GARBLED}


def test_an_adapter_that_hears_itself_is_neither_answer_nor_noise() -> None:
    window = Window()
    window.line.echo = True
    window.other.deaf = True
    window.run(2)
    window.call.press("NEXT")
    window.run(1)
    assert window.presses == [CallKey.NEXT]
    assert window.driver.health == {1: Health.READY, 2: Health.READY, 3: Health.SILENT}


def test_a_pulled_line_makes_every_pad_unplugged_and_all_is_well_within_two_seconds_of_the_return() -> None:
    window = Window.at_work()
    window.wire.plugged = False
    window.run(0.5)
    assert set(window.driver.health.values()) == {Health.UNPLUGGED}
    window.run(60)
    window.wire.plugged = True
    window.run(2)
    assert set(window.driver.health.values()) == {Health.READY}
    window.call.press("NEXT")
    window.run(1)
    assert window.presses == [CallKey.NEXT]


def test_what_a_press_sets_off_may_fail_without_stopping_the_line(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[object] = []

    def fail(what: object) -> None:
        calls.append(what)
        raise RuntimeError("the hall server is away")

    call, rating = SimulatedCallPad(1), SimulatedRatingPad(2)
    wire = VirtualWire(SimulatedLine([call, rating]))
    rating_pad = RatingPad(fail, clock=wire.clock)
    driver = PadLine(wire, {1: CallPad(fail), 2: rating_pad}, clock=wire.clock)
    wire.run(driver.step, 1)
    rating_pad.ask(20)
    call.press("NEXT")
    wire.run(driver.step, 1)
    rating.press("5")
    wire.run(driver.step, 1)
    assert [type(call) for call in calls] == [CallKey, Answer]
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["the hall server is away"] * 2


def test_an_address_off_the_line_is_a_mistake_told_at_once() -> None:
    with pytest.raises(ValueError, match="1 to 99"):
        PadLine(Cable().near, {100: CallPad(print)})


def test_an_installers_check_asks_every_pad() -> None:
    window = Window()
    window.rating.deaf = True
    assert window.driver.check() == {1: Health.READY, 2: Health.SILENT, 3: Health.READY}


# --- keypads and adapters ---------------------------------------------------------------------------------------------


def wait_until(true: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.002)


@contextmanager
def working(carrier: SinglePad | PadLine) -> Iterator[None]:
    thread = threading.Thread(target=carrier.serve)
    thread.start()
    try:
        yield
    finally:
        carrier.close()
        thread.join(10)
        assert not thread.is_alive()


def test_a_numeric_keypad_is_a_rating_pad(tmp_path: Path) -> None:
    keypad = SimulatedKeypad(tmp_path / "usb-Keypad-event-kbd")
    answers: list[Answer] = []
    pad = RatingPad(answers.append)
    assert pad.health is Health.UNKNOWN
    with working(SinglePad(KeypadPort("usb-*", RatingKeypad(), by_id=tmp_path), pad)):
        wait_until(lambda: pad.health is Health.READY)
        keypad.press(Key.KP5)  # nobody was asked
        first = pad.ask(99)
        keypad.press(Key.KP9)  # no key of a rating pad
        keypad.press(Key.KP_ENTER)
        wait_until(lambda: answers or keypad.press(Key.KP2))
        assert answers == [Answer(prompt=first, ended=Ended.RATED, level=Level.DISSATISFIED)]
    keypad.unplug()


def test_what_was_pressed_before_the_question_is_no_answer_to_it(tmp_path: Path) -> None:
    keypad = SimulatedKeypad(tmp_path / "keypad")
    port = KeypadPort(str(tmp_path / "keypad"), RatingKeypad())
    port.open()
    keypad.press(Key.KP5)
    port.tell(("ASK", "01", "20"))
    assert port.read(0.05) == []
    keypad.press(Key.D3)
    assert port.read(5) == [("RATE", "3")]
    port.close()
    keypad.unplug()


def test_a_numeric_keypad_is_a_call_pad_that_may_be_unplugged(tmp_path: Path) -> None:
    keypad = SimulatedKeypad(tmp_path / "usb-Keypad-event-kbd")
    presses: list[Press] = []
    pad = CallPad(presses.append)
    with working(SinglePad(KeypadPort("usb-*", CallKeypad(), by_id=tmp_path), pad)):
        wait_until(lambda: pad.health is Health.READY)
        keypad.press(Key.KP1)
        keypad.unplug()
        wait_until(lambda: pad.health is Health.UNPLUGGED)
        keypad.plug()
        wait_until(lambda: pad.health is Health.READY)
        for code in (Key.KP_ENTER, Key.KP4, Key.KP2, Key.KP_ENTER):
            keypad.press(code)
        wait_until(lambda: len(presses) == 2)
        assert presses == [CallKey.NEXT, Chosen(number="42")]  # the 1 typed before the plug was pulled is forgotten
    keypad.unplug()


class VendorPad:
    """An adapter as an installer would write it for a vendor's library: keys 0..3, best first, by a call."""

    name = "vendor:1"

    def __init__(self) -> None:
        self.is_there = True
        self.lamp = False
        self.keys: list[str] = []

    def open(self) -> None:
        self._check()

    def close(self) -> None:
        self.lamp = False

    def tell(self, words: Words) -> None:
        self._check()
        self.lamp = words[0] == "ASK"

    def read(self, timeout: float) -> list[Words]:
        self._check()
        keys, self.keys = self.keys, []
        return [("RATE", key) for key in keys]

    def _check(self) -> None:
        if not self.is_there:
            raise OSError("SDK_ERR_DEVICE_LOST")


def test_a_vendors_library_is_adapted_by_five_calls() -> None:
    vendor = VendorPad()
    now = [0.0]
    answers: list[Answer] = []
    levels = dict(zip("0123", (Level(5), Level(4), Level(2), Level(1)), strict=True))
    pad = RatingPad(answers.append, keys=RatingKeys(levels=levels), clock=lambda: now[0])
    carrier = SinglePad(vendor, pad)
    carrier.step()
    assert pad.health is Health.READY
    first = pad.ask(20)
    carrier.step()
    assert vendor.lamp
    vendor.keys.append("0")
    carrier.step()
    carrier.step()
    assert answers == [Answer(prompt=first, ended=Ended.RATED, level=Level.VERY_SATISFIED)]
    assert not vendor.lamp
    second = pad.ask(20)
    vendor.is_there = False
    carrier.step()
    assert pad.health is Health.UNPLUGGED
    vendor.is_there = True
    carrier.step()
    assert vendor.lamp  # told again, although nothing new was wanted
    vendor.is_there = False
    now[0] = 30.0
    carrier.step()
    assert answers[1:] == [Answer(prompt=second, ended=Ended.NOT_ASKED)]
    carrier.close()


# --- real wires -------------------------------------------------------------------------------------------------------


class Distorted(SimulatedLine):
    """Pads whose answers are spoilt, for wires that cannot spoil them."""

    def __init__(self, pads: list[SimulatedPad], distort: Distortion) -> None:
        super().__init__(pads)
        self._distort = distort

    def receive(self, data: bytes) -> bytes:
        return b"".join(self._distort(super().receive(data)))


def now_and_then(distort: Distortion, every: int) -> Distortion:
    turns = cycle([True] + [False] * (every - 1))
    return lambda data: distort(data) if data and next(turns) else [data]


SPOILT: dict[str, Callable[[], Distortion]] = {
    "sound": lambda: lambda data: [data],
    "one byte at a time": lambda: split(1),
    "doubled": lambda: doubled,
    "noisy": lambda: noise(b"\xff<0\x80>", b">01<"),
    "every 250th byte lost": lambda: drop(lambda i: i % 250 == 125),
    "every fifth answer lost": lambda: now_and_then(lambda data: [], 5),
    "every fifth answer halved": lambda: now_and_then(lambda data: [data[: len(data) // 2]], 5),
}
WHOLE = {"sound", "one byte at a time"}  # TCP loses nothing


@pytest.mark.parametrize(
    ("wire", "how"),
    [(wire, how) for wire in ("cable", "pty", "tcp") for how in SPOILT if wire != "tcp" or how in WHOLE],
)
def test_presses_and_ratings_arrive_exactly_once_over_a_spoilt_line(wire: str, how: str) -> None:
    call, rating = SimulatedCallPad(1), SimulatedRatingPad(2)
    presses: list[Press] = []
    answers: list[Answer] = []
    call_pad, rating_pad = CallPad(presses.append), RatingPad(answers.append)
    cable = Cable()
    ends: dict[str, Transport] = {"cable": cable.far, "pty": PtyEnd(), "tcp": TcpEnd()}
    end = ends[wire]
    with Running(Distorted([call, rating], SPOILT[how]()), end):
        near: Transport = cable.near
        if isinstance(end, PtyEnd):
            near = open_transport(f"serial:{end.path}")
        elif isinstance(end, TcpEnd):
            near = open_transport(f"tcp:127.0.0.1:{end.port}")
        with working(PadLine(near, {1: call_pad, 2: rating_pad})):
            wait_until(lambda: {call_pad.health, rating_pad.health} == {Health.READY})
            for turn, key in enumerate(list(CallKey)):
                call.press(key)
                wait_until(lambda turn=turn: len(presses) > turn)  # type: ignore[misc]
            rating_pad.ask(99)
            wait_until(lambda: rating.is_asking)
            rating.press("5")
            wait_until(lambda: answers)
            call_pad.show("A017")
            wait_until(lambda: call.display == "A017")
    assert presses == list(CallKey)
    assert [answer.level for answer in answers] == [Level.VERY_SATISFIED]


def test_unplugged_a_hundred_times_it_comes_back_and_leaks_nothing(tmp_path: Path) -> None:
    call = SimulatedCallPad(1)
    end = PtyEnd(tmp_path / "pads")
    presses: list[Press] = []
    stopping = threading.Event()

    def swift() -> float:  # ten times as fast, so that a hundred pauses of the driver take seconds
        return 10 * time.monotonic()

    with Running(SimulatedLine([call]), end) as running:
        driver = PadLine(open_transport(f"serial:{end.path}"), {1: CallPad(presses.append)}, clock=swift)

        def work() -> None:
            while not stopping.is_set():
                driver.step()
                stopping.wait(0.001)

        thread = threading.Thread(target=work)
        thread.start()
        wait_until(lambda: driver.health[1] is Health.READY)
        before = (threading.active_count(), len(os.listdir("/proc/self/fd")))
        for _ in range(100):
            running.unplug()
            wait_until(lambda: driver.health[1] is Health.UNPLUGGED)
            running.plug()
            wait_until(lambda: driver.health[1] is Health.READY)
        call.press("NEXT")
        wait_until(lambda: presses)
        assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == before
        stopping.set()
        thread.join(10)
        driver.close()


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
            wait_until(lambda: pad.health is Health.READY)
            while not found:
                program.stdin.write(typing)
                program.stdin.flush()
                time.sleep(0.05)
            assert found[0] == heard
        program.stdin.write("quit\n")
        program.stdin.flush()
        assert program.wait(10) == 0
