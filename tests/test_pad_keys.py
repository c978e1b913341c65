"""Keys as pads: what they mean, numeric keypads held exclusively, and the adapter point for a vendor's library."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from bus_stage import working
from hypothesis import given
from hypothesis import strategies as st
from waiting import until

from devices.call_pad.driver import CallPad
from devices.call_pad.protocol import CallKey, CallKeypad, Chosen, Press
from devices.evdev import Key, KeyAction, KeyEvent, KeysLost
from devices.pad_line.driver import Health
from devices.pad_line.keypad import KeypadPort
from devices.pad_line.port import SinglePad
from devices.pad_line.protocol import Words
from devices.pad_line.simulator import SimulatedKeypad
from devices.rating_pad.driver import Answer, Ended, RatingPad
from devices.rating_pad.protocol import FIVE_KEYS, Level, RatingKeypad, RatingKeys


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


# --- keypads and adapters ---------------------------------------------------------------------------------------------


def test_a_numeric_keypad_is_a_rating_pad(tmp_path: Path) -> None:
    keypad = SimulatedKeypad(tmp_path / "usb-Keypad-event-kbd")
    answers: list[Answer] = []
    pad = RatingPad(answers.append)
    assert pad.health is Health.UNKNOWN
    with working(SinglePad(KeypadPort("usb-*", RatingKeypad(), by_id=tmp_path), pad)):
        until(lambda: pad.health is Health.READY)
        keypad.press(Key.KP5)  # nobody was asked
        first = pad.ask(99)
        keypad.press(Key.KP9)  # no key of a rating pad
        keypad.press(Key.KP_ENTER)
        until(lambda: answers or keypad.press(Key.KP2))
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
        until(lambda: pad.health is Health.READY)
        keypad.press(Key.KP1)
        keypad.unplug()
        until(lambda: pad.health is Health.UNPLUGGED)
        keypad.plug()
        until(lambda: pad.health is Health.READY)
        for code in (Key.KP_ENTER, Key.KP4, Key.KP2, Key.KP_ENTER):
            keypad.press(code)
        until(lambda: len(presses) == 2)
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
