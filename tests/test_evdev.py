"""Keyboards of the kernel: the bytes, and holding a device. A FIFO stands in for one that can be unplugged."""

from __future__ import annotations

import struct
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiting import Held

from devices.evdev import (
    EVIOCGRAB,
    Key,
    KeyAction,
    KeyboardTransport,
    KeyDecoder,
    KeyEvent,
    KeysLost,
    encode_key,
    find_input_device,
)
from devices.pad_line.simulator import SimulatedKeypad
from devices.transport import Reconnecting

LONG = struct.calcsize("l")
DOWN_1 = struct.pack(
    "@llHHi", 1_700_000_000, 250_000, 1, 79, 1
)  # KP1 goes down; what `hexdump /dev/input/event*` shows
REPORT = struct.pack("@llHHi", 1_700_000_000, 250_000, 0, 0, 0)
DROPPED = struct.pack("@llHHi", 1_700_000_001, 0, 0, 3, 0)
SCANCODE = struct.pack("@llHHi", 1_700_000_000, 250_000, 4, 4, 0x70059)  # MSC_SCAN, sent before most keys


def test_an_event_is_two_longs_two_shorts_and_an_int() -> None:
    assert len(DOWN_1) == 2 * LONG + 8
    assert KeyDecoder().feed(SCANCODE + DOWN_1 + REPORT) == [
        KeyEvent(code=Key.KP1, action=KeyAction.DOWN, at=1_700_000_000.25)
    ]


def test_a_key_is_encoded_as_the_kernel_does() -> None:
    assert encode_key(Key.KP1, KeyAction.DOWN, 1_700_000_000.25) == DOWN_1 + REPORT


def test_the_codes_are_those_of_the_kernels_header() -> None:
    known = {"ESC": 1, "D1": 2, "D0": 11, "Q": 16, "ENTER": 28, "A": 30, "LEFT_SHIFT": 42, "Z": 44, "SPACE": 57}
    known |= {"KP_ASTERISK": 55, "NUM_LOCK": 69, "KP7": 71, "KP_MINUS": 74, "KP_PLUS": 78, "KP1": 79, "KP0": 82}
    known |= {"KP_DOT": 83, "KP_ENTER": 96, "KP_SLASH": 98, "BACKSPACE": 14, "RIGHT_SHIFT": 54, "CAPS_LOCK": 58}
    assert {name: Key[name].value for name in known} == known


def test_the_grab_request_is_the_kernels_macro() -> None:
    write, size, kind, number = 1, struct.calcsize("i"), ord("E"), 0x90
    assert write << 30 | size << 16 | kind << 8 | number == EVIOCGRAB


def test_after_lost_events_nothing_counts_until_the_next_report() -> None:
    assert KeyDecoder().feed(DROPPED + DOWN_1 + DOWN_1 + REPORT + DOWN_1) == [
        KeysLost(at=1_700_000_001.0),
        KeyEvent(code=Key.KP1, action=KeyAction.DOWN, at=1_700_000_000.25),
    ]


def test_a_half_event_is_forgotten_when_the_device_was_opened_again() -> None:
    decoder = KeyDecoder()
    decoder.feed(DOWN_1[:7])
    decoder.reset()
    assert len(decoder.feed(DOWN_1)) == 1


events = st.lists(st.sampled_from([DOWN_1, REPORT, DROPPED, SCANCODE]) | st.binary(max_size=60)).map(b"".join)


@given(data=events, cuts=st.lists(st.integers(0, 5000), max_size=12))
def test_any_bytes_cut_anywhere_give_the_same_keys_and_never_raise(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    decoder = KeyDecoder()
    assert [e for a, b in pairwise(edges) for e in decoder.feed(data[a:b])] == KeyDecoder().feed(data)


@given(code=st.integers(0, 0xFFFF), action=st.sampled_from(KeyAction), at=st.integers(0, 2**31))
def test_what_is_encoded_is_decoded(code: int, action: KeyAction, at: int) -> None:
    assert KeyDecoder().feed(encode_key(code, action, at)) == [KeyEvent(code=code, action=action, at=at)]


def test_a_keyboard_is_found_by_its_name_wherever_it_is_plugged_in(tmp_path: Path) -> None:
    for name in ("usb-SIGMA_Keypad_0001-event-kbd", "usb-SIGMA_Keypad_0001-event-mouse", "usb-NLS_Scanner-event-kbd"):
        (tmp_path / name).touch()
    found = str(tmp_path / "usb-SIGMA_Keypad_0001-event-kbd")
    assert find_input_device("usb-SIGMA_Keypad_0001-event-kbd", by_id=tmp_path) == found
    assert find_input_device("usb-*Keypad*-event-kbd", by_id=tmp_path) == found
    assert find_input_device("/dev/input/event7", by_id=tmp_path) == "/dev/input/event7"
    with pytest.raises(OSError, match="several devices: usb-NLS_Scanner-event-kbd, usb-SIGMA"):
        find_input_device("usb-*-event-kbd", by_id=tmp_path)
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(FileNotFoundError, match="no input device fits"):
            find_input_device("usb-*Foot*", by_id=folder)


def test_what_is_no_keyboard_is_refused_and_not_left_open() -> None:
    before = Held()
    keyboard = KeyboardTransport("/dev/null")
    with pytest.raises(OSError, match="not an input device"):
        keyboard.open()
    assert not keyboard.is_open
    assert Held().no_more_than(before)


def test_a_keyboard_is_only_read(tmp_path: Path) -> None:
    keypad = SimulatedKeypad(tmp_path / "keypad")
    with KeyboardTransport(str(tmp_path / "keypad")) as keyboard, pytest.raises(OSError, match="only read"):
        keyboard.write(b"x")
    keypad.unplug()


def test_keys_arrive_and_a_pulled_plug_is_an_oserror(tmp_path: Path) -> None:
    keypad = SimulatedKeypad(tmp_path / "keypad")
    with KeyboardTransport(str(tmp_path / "keypad")) as keyboard:
        assert keyboard.read(0.01) == b""
        keypad.press(Key.KP5, at=12.5)
        assert KeyDecoder().feed(keyboard.read(30)) == [
            KeyEvent(code=Key.KP5, action=KeyAction.DOWN, at=12.5),
            KeyEvent(code=Key.KP5, action=KeyAction.UP, at=12.5),
        ]
        keypad.unplug()
        with pytest.raises(OSError, match="gone"):
            keyboard.read(30)


def test_unplugged_a_hundred_times_it_comes_back_and_leaks_nothing(tmp_path: Path) -> None:
    keypad = SimulatedKeypad(tmp_path / "usb-Keypad-event-kbd")
    wire = Reconnecting(KeyboardTransport("usb-*", by_id=tmp_path), pause=0.001, longest=0.01)
    decoder = KeyDecoder()

    def next_code(code: int) -> int:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                wire.open()
            except OSError:
                time.sleep(0.001)
                continue
            decoder.reset()
            keypad.press(code)
            (down, _) = decoder.feed(wire.read(30))
            assert isinstance(down, KeyEvent)
            return down.code
        raise AssertionError("no key came")

    def read_on() -> None:
        while True:
            wire.read(0.05)

    next_code(Key.KP1)
    before = Held()
    for number in range(100):
        keypad.unplug()
        with pytest.raises(OSError, match=r"gone|fits"):
            read_on()
        keypad.plug()
        assert next_code(Key.D1 + number % 10) == Key.D1 + number % 10
    assert Held().no_more_than(before)
    wire.close()
    keypad.unplug()
