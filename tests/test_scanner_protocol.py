"""Bytes and keys of scanners: any cut gives the same, nothing raises, nothing is guessed, nothing grows."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.evdev import KeyAction, KeyDecoder, KeyEvent, KeysLost
from devices.scanner import simulator
from devices.scanner.protocol import (
    Answer,
    Damage,
    Decoder,
    Family,
    Heard,
    Verdict,
    WedgeDecoder,
    honeywell_menu,
    newland,
    probe,
    setup,
    start,
    stop,
)
from devices.scanner.reading import LONGEST, Reading

GOLDEN = {  # the device sheet's vectors
    "7E 01 30 30 30 30 40 53 43 4E 4D 4F 44 30 3B 03": newland("SCNMOD0", save=True),
    "7E 01 30 30 30 30 23 53 43 4E 54 52 47 31 3B 03": start(Family.NEWLAND),
    "7E 01 30 30 30 30 23 53 43 4E 54 52 47 30 3B 03": stop(Family.NEWLAND),
    "7E 01 30 30 30 30 23 43 55 53 44 45 46 3B 03": newland("CUSDEF"),
    "3F": probe(Family.NEWLAND),
    "16 54 0D": start(Family.HONEYWELL),
    "16 55 0D": stop(Family.HONEYWELL),
    "16 4D 0D 56 53 55 46 43 52 2E": honeywell_menu("VSUFCR", save=True),
}
NEWLAND_DONE = bytes.fromhex("02 01 30 30 30 30 23 53 43 4E 54 52 47 31 06 3B 03")


def heard(family: Family, data: bytes, *, asked: bool = False) -> list[Heard]:
    decoder = Decoder(family)
    if asked:
        decoder.expect_answer()
    return decoder.feed(data)


def codes(*texts: bytes) -> list[Reading]:
    return [Reading(data=text) for text in texts]


@pytest.mark.parametrize(("frame", "built"), GOLDEN.items())
def test_commands_are_those_of_the_device_sheet(frame: str, built: bytes) -> None:
    assert built == bytes.fromhex(frame)


def test_what_is_told_at_every_start_is_not_written_to_flash_memory() -> None:
    assert setup(Family.NEWLAND) == newland("SCNMOD0")
    assert b"@" not in setup(Family.NEWLAND) + start(Family.NEWLAND) + stop(Family.NEWLAND)
    assert probe(Family.HONEYWELL).endswith(b"!")


def test_a_plain_scanner_is_told_nothing() -> None:
    assert setup(Family.PLAIN) == start(Family.PLAIN) == stop(Family.PLAIN) == probe(Family.PLAIN) == b""


@pytest.mark.parametrize("command", ["", "A;B", "SCNMOD0\x03", "中", "A B"])
def test_a_command_cannot_carry_another(command: str) -> None:
    for build in (newland, honeywell_menu):
        with pytest.raises(ValueError, match="command"):
            build(command)


@pytest.mark.parametrize("end", [b"\r", b"\r\n", b"\n"])
def test_a_code_is_what_comes_before_its_end(end: bytes) -> None:
    assert heard(Family.PLAIN, b"A001" + end + "预约".encode() + end) == codes(b"A001", "预约".encode())


def test_answers_are_told_from_codes() -> None:
    assert heard(Family.NEWLAND, b"!" + NEWLAND_DONE + b"A001\r", asked=True) == [
        Answer(),
        Answer(verdict=Verdict.DONE),
        *codes(b"A001"),
    ]
    assert heard(Family.HONEYWELL, b"CBRENA1\x06!A001\rNOSUCH\x05.SUFCR9\x15.") == [
        Answer(verdict=Verdict.DONE),
        *codes(b"A001"),
        Answer(verdict=Verdict.UNKNOWN_COMMAND),
        Answer(verdict=Verdict.BAD_VALUE),
    ]


def test_a_code_that_begins_with_an_exclamation_mark_stays_whole_when_nothing_was_asked() -> None:
    assert heard(Family.NEWLAND, b"!A001\r") == codes(b"!A001")


def test_the_answer_of_one_family_is_a_code_to_another() -> None:
    assert heard(Family.PLAIN, NEWLAND_DONE + b"\r") == codes(NEWLAND_DONE)


def test_the_longest_code_passes_and_a_longer_one_is_dropped_to_its_end() -> None:
    assert heard(Family.PLAIN, b"x" * LONGEST + b"\r") == codes(b"x" * LONGEST)
    assert heard(Family.PLAIN, b"x" * (3 * LONGEST) + b"\rA001\r") == [Damage.TOO_LONG, *codes(b"A001")]


def test_half_a_code_is_not_put_before_the_next() -> None:
    decoder = Decoder(Family.PLAIN)
    assert decoder.feed(b"A00") == []
    assert decoder.abandon() == [Damage.UNFINISHED]
    assert decoder.abandon() == []
    assert decoder.feed(b"A002\r") == codes(b"A002")


SPEECH = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [b"\r", b"\r\n", b"!", NEWLAND_DONE, NEWLAND_DONE[:9], b"CBRENA1\x06!", b"A001\r", b"\x03", b"."]
        ),
    ),
    max_size=12,
).map(b"".join)


@given(family=st.sampled_from(Family), data=SPEECH, asked=st.booleans(), cuts=st.lists(st.integers(0, 400), max_size=8))
def test_any_cut_of_any_bytes_is_heard_the_same(family: Family, data: bytes, asked: bool, cuts: list[int]) -> None:
    decoder = Decoder(family)
    if asked:
        decoder.expect_answer()
    pieces = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    cut = [one for a, b in itertools.pairwise(pieces) for one in decoder.feed(data[a:b])]
    assert cut == heard(family, data, asked=asked)


@given(
    text=st.binary(min_size=1, max_size=200).filter(lambda b: not set(b) & set(b"\r\n")), before=st.binary(max_size=60)
)
def test_whatever_came_before_the_next_whole_code_is_read(text: bytes, before: bytes) -> None:
    assert heard(Family.PLAIN, before + b"\r" + text + b"\r")[-1] == Reading(data=text)


@pytest.mark.parametrize("family", Family)
def test_half_a_million_hostile_bytes_are_survived_in_bounded_memory(family: Family) -> None:
    dice = random.Random(family)
    said = [b"\r", b"\n", b"!", b"\x02\x010000", b";\x03", b"\x06!", b"\x16", NEWLAND_DONE, b"\x00" * 700]
    decoder = Decoder(family)
    total = 0
    while total < 500_000:
        data = b"".join(dice.choice(said) if dice.random() < 0.5 else dice.randbytes(30) for _ in range(20))
        total += len(data)
        if dice.random() < 0.1:
            decoder.expect_answer()
        for one in decoder.feed(data) + (decoder.abandon() if dice.random() < 0.05 else []):
            assert not isinstance(one, Reading) or 0 < len(one.data) <= LONGEST
    assert sum(len(held) for held in vars(decoder).values() if isinstance(held, bytearray)) <= LONGEST


# --- keyboard wedges -----------------------------------------------------------------------------------------------


def typed(data: bytes) -> list[Heard]:
    return WedgeDecoder().feed(KeyDecoder().feed(data))


PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60)


@given(text=PRINTABLE, at=st.floats(0, 2**31))
def test_what_a_wedge_types_is_what_was_scanned(text: str, at: float) -> None:
    assert typed(simulator.typed(text, at=at)) == codes(text.encode())


@given(data=st.binary(max_size=600), cuts=st.lists(st.integers(0, 600), max_size=6), code=PRINTABLE)
def test_any_cut_of_any_event_bytes_is_typed_the_same(data: bytes, cuts: list[int], code: str) -> None:
    data = simulator.typed(code) + data
    keys, text = KeyDecoder(), WedgeDecoder()
    pieces = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    cut = [one for a, b in itertools.pairwise(pieces) for one in text.feed(keys.feed(data[a:b]))]
    assert cut == typed(data)
    assert cut[0] == Reading(data=code.encode())


def test_keys_that_are_no_text_spoil_their_code_and_only_theirs() -> None:
    left_control = 29
    wedge = WedgeDecoder()
    events = [KeyEvent(code=left_control, action=KeyAction.DOWN, at=0.0)]
    keys = KeyDecoder().feed(simulator.typed("A001", at=0.01) + simulator.typed("A002", at=0.2))
    assert wedge.feed([*events, *keys]) == [Damage.KEYS, *codes(b"A002")]


def test_keys_that_were_lost_spoil_their_code() -> None:
    keys = KeyDecoder().feed(simulator.typed("A001"))
    assert WedgeDecoder().feed([*keys[:3], KeysLost(at=0.005), *keys[3:]]) == [Damage.KEYS]


def test_a_key_held_by_a_finger_is_no_scanner() -> None:
    keys = KeyDecoder().feed(simulator.typed("11"))
    held = KeyEvent(code=2, action=KeyAction.REPEAT, at=0.002)
    assert WedgeDecoder().feed([keys[0], held, *keys[1:]]) == [Damage.KEYS]


def test_keys_far_apart_are_not_one_code() -> None:
    keys = KeyDecoder().feed(simulator.typed("A0", enter=False) + simulator.typed("A001", at=3.0))
    assert WedgeDecoder().feed(keys) == [Damage.UNFINISHED, *codes(b"A001")]


def test_a_wedge_that_types_for_ever_is_bounded() -> None:
    wedge, keys = WedgeDecoder(), KeyDecoder()
    for second in range(0, 120, 10):
        assert wedge.feed(keys.feed(simulator.typed("x" * 400, at=second / 100, apart=0.0001, enter=False))) == []
    assert wedge.feed(keys.feed(simulator.typed("", at=1.3))) == [Damage.KEYS]
    assert wedge.feed(keys.feed(simulator.typed("A001", at=1.4))) == codes(b"A001")
