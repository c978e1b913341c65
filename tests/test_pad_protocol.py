"""The published line protocol of pads: its examples, its check sum, and any bytes at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bus_stage import cuts, pieces
from hypothesis import given
from hypothesis import strategies as st

from devices.call_pad.driver import CallPad
from devices.call_pad.simulator import SimulatedCallPad
from devices.pad_line import protocol
from devices.pad_line.protocol import Line, LineDecoder, Speaker, Words, check_sum, encode
from devices.pad_line.simulator import SimulatedLine
from devices.rating_pad.driver import RatingPad
from devices.rating_pad.simulator import SimulatedRatingPad

SPECIFICATION = Path(__file__).parent.parent / "docs" / "pad-protocol.md"


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


@pytest.mark.parametrize(
    ("asked", "answered"),
    [(("POLL", "X1"), "ARGS"), (("POLL",), "ARGS"), (("ASK", "1", "X"), "ARGS"), (("DANCE",), "VERB")],
)
def test_a_pad_asked_what_it_does_not_know_says_no(asked: Words, answered: str) -> None:
    pad = SimulatedRatingPad(2)
    pad.greeted = True
    question = Line(speaker=Speaker.HOST, address=2, number=5, words=asked)
    (line,) = LineDecoder().feed(SimulatedLine([pad]).receive(encode(question)))
    assert line == Line(speaker=Speaker.PAD, address=2, number=5, words=("NO", answered))


def test_the_check_sum_is_crc_16_ccitt_false() -> None:
    assert check_sum(b"123456789") == 0x29B1


words = st.lists(st.from_regex(r"[!-)+-;=?-~]{1,8}", fullmatch=True), min_size=1, max_size=4).map(tuple)
lines = st.builds(
    Line, speaker=st.sampled_from(Speaker), address=st.integers(1, 99), number=st.integers(0, 99), words=words
)
wild = st.binary(max_size=80) | st.lists(st.sampled_from(list(b"<>*\r\n 01A\x80"))).map(bytes)


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
