"""The SAM-V frames, against golden vectors from the data sheet and against any bytes at all."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.id_card.protocol import (
    LONGEST_BODY,
    LONGEST_REPLY,
    PREAMBLE,
    Command,
    Reply,
    ReplyParser,
    Status,
    answers,
    frame,
    module_id_of,
    text_of,
)
from devices.id_card.simulator import CARDS, SimulatedReader

COMMANDS = {  # golden, with computed checksums
    Command.RESET: "AA AA AA 96 69 00 03 10 FF EC",
    Command.STATUS: "AA AA AA 96 69 00 03 11 FF ED",
    Command.MODULE_ID: "AA AA AA 96 69 00 03 12 FF EE",
    Command.FIND: "AA AA AA 96 69 00 03 20 01 22",
    Command.SELECT: "AA AA AA 96 69 00 03 20 02 21",
    Command.READ: "AA AA AA 96 69 00 03 30 01 32",
    Command.BAUD_115200: "AA AA AA 96 69 00 03 60 00 63",
    Command.BAUD_57600: "AA AA AA 96 69 00 03 60 01 62",
    Command.BAUD_38400: "AA AA AA 96 69 00 03 60 02 61",
    Command.BAUD_19200: "AA AA AA 96 69 00 03 60 03 60",
    Command.BAUD_9600: "AA AA AA 96 69 00 03 60 04 67",
}
REPLIES = {  # golden: status, data, frame
    "AA AA AA 96 69 00 04 00 00 90 94": (Status.OK, b""),
    "AA AA AA 96 69 00 08 00 00 9F 00 00 00 00 97": (Status.FOUND, bytes(4)),
    "AA AA AA 96 69 00 0C 00 00 90 00 00 00 00 00 00 00 00 9C": (Status.OK, bytes(8)),
    "AA AA AA 96 69 00 04 00 00 10 14": (Status.CHECKSUM_ERROR, b""),
    "AA AA AA 96 69 00 04 00 00 11 15": (Status.LENGTH_ERROR, b""),
    "AA AA AA 96 69 00 04 00 00 21 25": (Status.COMMAND_ERROR, b""),
    "AA AA AA 96 69 00 04 00 00 24 20": (Status.UNKNOWN_ERROR, b""),
    "AA AA AA 96 69 00 04 00 00 31 35": (Status.CARD_REJECTS_READER, b""),
    "AA AA AA 96 69 00 04 00 00 32 36": (Status.READER_REJECTS_CARD, b""),
    "AA AA AA 96 69 00 04 00 00 33 37": (Status.VERIFY_ERROR, b""),
    "AA AA AA 96 69 00 04 00 00 40 44": (Status.WRONG_CARD, b""),
    "AA AA AA 96 69 00 04 00 00 41 45": (Status.READ_FAILED, b""),
    "AA AA AA 96 69 00 04 00 00 47 43": (Status.RANDOM_FAILED, b""),
    "AA AA AA 96 69 00 04 00 00 60 64": (Status.SELF_TEST_FAILED, b""),
    "AA AA AA 96 69 00 04 00 00 66 62": (Status.NOT_AUTHORISED, b""),
    "AA AA AA 96 69 00 04 00 00 80 84": (Status.NO_CARD, b""),
    "AA AA AA 96 69 00 04 00 00 81 85": (Status.SELECT_FAILED, b""),
    "AA AA AA 96 69 00 04 00 00 91 95": (Status.NO_SUCH_ITEM, b""),
    "AA AA AA 96 69 00 14 00 00 90 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 84": (Status.OK, bytes(16)),
}
GOLDEN = [bytes.fromhex(text) for text in REPLIES]


def plain(replies: list[Reply]) -> list[tuple[Status, bytes]]:
    return [(reply.status, bytes(reply.data)) for reply in replies]


def read_answer(card: str) -> bytes:
    """The 1295 bytes with which the simulator, which has its own codec, answers READ."""
    reader = SimulatedReader(clock=lambda: 0.0, read_seconds=(0, 0), answer_seconds=0)
    reader.place(card)
    for command in (Command.FIND, Command.SELECT):
        reader.receive(frame(command))
    return reader.receive(frame(Command.READ))


@pytest.mark.parametrize("command", Command)
def test_every_command_is_the_data_sheets_frame(command: Command) -> None:
    assert frame(command) == bytes.fromhex(COMMANDS[command])


def test_the_fingerprint_and_the_address_cannot_be_asked_for() -> None:
    assert {command.value for command in Command}.isdisjoint({b"\x30\x10", b"\x30\x03"})


@pytest.mark.parametrize("text", REPLIES)
def test_every_reply_of_the_data_sheet_is_understood(text: str) -> None:
    assert plain(ReplyParser().feed(bytes.fromhex(text))) == [REPLIES[text]]


def test_every_listed_status_occurs_in_the_golden_replies() -> None:
    assert {status for status, _ in REPLIES.values()} == set(Status) - {Status.UNLISTED}


def test_a_status_nobody_listed_is_unlisted_not_an_error() -> None:
    assert plain(ReplyParser().feed(PREAMBLE + bytes.fromhex("0004 00 00 77 73"))) == [(Status.UNLISTED, b"")]


@pytest.mark.parametrize("size", [0, 1, 2, 3, LONGEST_BODY + 1, 0xFFFF])
def test_a_frame_of_an_impossible_length_is_no_reply_and_hides_none(size: int) -> None:
    counted = size.to_bytes(2, "big")
    stream = PREAMBLE + counted + bytes([counted[0] ^ counted[1]]) + bytes(6) + GOLDEN[0]
    assert plain(ReplyParser().feed(stream)) == [(Status.OK, b"")]


def test_a_whole_read_is_1295_bytes_of_which_only_the_text_is_taken() -> None:
    answer = read_answer("resident")
    assert len(answer) == 1295
    (reply,) = ReplyParser().feed(answer)
    text = text_of(reply)
    assert text is not None
    assert bytes(text) == CARDS["resident"].record


def test_a_photo_full_of_what_looks_like_replies_hides_none_and_adds_none() -> None:
    answer = read_answer("resident")
    assert answer.count(PREAMBLE) > 3
    assert len(ReplyParser().feed(answer * 2)) == 2


@given(st.integers(0, 3))
def test_a_read_of_another_make_up_is_not_taken_for_a_card(place: int) -> None:
    (reply,) = ReplyParser().feed(read_answer("resident"))
    reply.data[place] ^= 1
    assert text_of(reply) is None


@given(st.lists(st.sampled_from(GOLDEN) | st.binary(max_size=40)), st.data())
def test_replies_are_the_same_however_the_bytes_are_cut(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    whole, pieces = ReplyParser(), ReplyParser()
    expected = plain(whole.feed(stream))
    got = [reply for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True) for reply in pieces.feed(stream[a:b])]
    assert plain(got) == expected
    assert (pieces.begun, pieces.damaged) == (whole.begun, whole.damaged)


@given(
    st.lists(
        st.sampled_from(GOLDEN)
        | st.sampled_from([PREAMBLE, PREAMBLE + b"\x05\x08", PREAMBLE + b"\xff\xff", b"\xaa\xaa\xaa\x96", b"\x00"])
        | st.binary(max_size=700)
    )
)
def test_any_bytes_raise_nothing_and_are_not_hoarded(parts: list[bytes]) -> None:
    parser = ReplyParser()
    for part in parts:
        parser.feed(part)
        assert parser.held <= LONGEST_REPLY


@given(
    st.lists(st.tuples(st.binary(max_size=30).map(lambda noise: noise.replace(b"\xaa", b"")), st.sampled_from(GOLDEN)))
)
def test_noise_between_replies_costs_no_reply(parts: list[tuple[bytes, bytes]]) -> None:
    stream = b"".join(noise + golden for noise, golden in parts)
    assert len(ReplyParser().feed(stream)) == len(parts)


@given(st.sampled_from(GOLDEN), st.integers(0, 4), st.sampled_from([b"", b"\xaa", b"\x00", b"\xaa\xaa\xaa\x96"]))
def test_a_stray_zero_in_the_preamble_and_a_false_start_before_it_cost_no_reply(
    golden: bytes, place: int, before: bytes
) -> None:
    stray = golden[:place] + b"\0" + golden[place:]
    assert plain(ReplyParser().feed(before + stray)) == plain(ReplyParser().feed(golden))


@given(st.sampled_from([*GOLDEN, read_answer("resident")]), st.data())
def test_one_wrong_bit_behind_the_preamble_is_never_a_reply(golden: bytes, data: st.DataObject) -> None:
    place = data.draw(
        st.integers(5, min(len(golden), 300) - 1) | st.integers(max(5, len(golden) - 20), len(golden) - 1)
    )
    bit = data.draw(st.integers(0, 7))
    spoilt = bytearray(golden)
    spoilt[place] ^= 1 << bit
    inner = golden.count(PREAMBLE) - 1  # the photo's own false replies may surface once its frame is broken
    assert len(ReplyParser().feed(bytes(spoilt))) <= inner


@given(st.lists(st.sampled_from([PREAMBLE + end for end in (b"", b"\0", b"\xaa", b"\4\0", b"\5\x08")]), max_size=12))
def test_a_reply_behind_false_starts_is_found_at_the_latest_when_no_more_bytes_come(broken: list[bytes]) -> None:
    parser = ReplyParser()
    assert (Status.OK, b"") in plain(parser.feed(b"".join(broken) + GOLDEN[0]) + parser.abandon())
    assert not parser.begun


def test_a_reply_begun_is_told_from_silence_and_from_noise() -> None:
    parser = ReplyParser()
    parser.feed(b"\x00\xff noise \xaa\xaa")
    assert not parser.begun
    parser.feed(PREAMBLE)
    assert parser.begun
    parser.clear()
    assert not parser.begun


def test_a_wiped_reply_has_nothing_left_and_a_repr_never_had_it() -> None:
    (reply,) = ReplyParser().feed(read_answer("resident"))
    assert repr(reply) == "Reply(status=<Status.OK: 144>)"
    reply.wipe()
    assert reply.data == b""


def test_a_late_or_doubled_reply_does_not_answer_another_command() -> None:
    found, selected, ok, card, nobody = (
        ReplyParser().feed(data)[0] for data in (GOLDEN[1], GOLDEN[2], GOLDEN[0], read_answer("j"), GOLDEN[15])
    )
    fits = {
        command: [answers(command, reply) for reply in (found, selected, ok, card, nobody)]
        for command in (Command.FIND, Command.SELECT, Command.READ, Command.STATUS)
    }
    assert fits == {
        Command.FIND: [True, False, False, False, True],
        Command.SELECT: [False, True, False, False, False],
        Command.READ: [False, False, False, True, False],
        Command.STATUS: [False, False, True, False, False],
    }


@given(st.sampled_from([status for status in Status if status not in (Status.OK, Status.FOUND, Status.NO_CARD)]))
def test_an_error_answers_any_command(status: Status) -> None:
    assert all(answers(command, Reply(status=status, data=bytearray())) for command in Command)


def test_the_module_number_is_written_as_on_the_reader() -> None:
    data = bytearray(struct.pack("<HHIII", 5, 3, 20060821, 123, 987654321))
    assert module_id_of(Reply(status=Status.OK, data=data)) == "05.03-20060821-0000000123-0987654321"
    assert module_id_of(Reply(status=Status.OK, data=data[1:])) is None
    assert module_id_of(Reply(status=Status.NOT_AUTHORISED, data=data)) is None
