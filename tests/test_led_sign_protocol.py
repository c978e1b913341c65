"""The frames of window signs, against the maker's own and against any bytes; what its font can draw."""

from __future__ import annotations

import pytest
from bus_stage import cuts, pieces
from hypothesis import given
from hypothesis import strategies as st

from devices.led_sign import protocol
from devices.led_sign.protocol import Ack, Colour, Face, Frame, FrameDecoder, Nack, Told, encode, sign_text
from devices.led_sign.simulator import SimulatedSigns

# The first is computed from the description; the others are printed, with their check sums, in the maker's pages.
PING_1 = bytes.fromhex("A5A5A5A5A5A5A5A5 0100 0080 0000000000 00 FE 02 0500 A200010000 68F8 5A")
MAKERS_ACK = bytes.fromhex("A5A5A5A5A5A5A5A5 0080 FEFF 0000000000 00 FE 02 0500 A000000000 14AC 5A")
MAKERS_TEXT = bytes.fromhex(
    "A5A5A5A5A5A5A5A5 FEFF 0080 0000000000 00 FE 02 2C00 A306010000 00 01 2300"
    "00 0080 0000 8080 2000 00 00 00 0A00 00 00 00 02 01 01 00 02 0A 08000000 BBB6D3ADB9E2C1D9 3C49 5A"
)


def test_a_ping_is_the_golden_frame() -> None:
    assert protocol.ping(1) == PING_1


def test_the_makers_own_frames_are_understood_and_made_again_byte_for_byte() -> None:
    (ack,) = FrameDecoder().feed(MAKERS_ACK)
    assert ack == Frame(to=0x8000, sender=protocol.ANY, data=bytes.fromhex("A000000000"))
    assert protocol.answer(ack.data) == Ack()
    (text,) = FrameDecoder().feed(MAKERS_TEXT)
    assert text.data.endswith("欢迎光临".encode("gb2312"))
    assert encode(ack) == MAKERS_ACK
    assert encode(text) == MAKERS_TEXT


def test_the_simulator_understands_the_makers_frame_too_and_answers_as_the_maker_prints() -> None:
    signs = SimulatedSigns({3: 8})
    assert signs.receive(MAKERS_TEXT) == MAKERS_ACK
    assert signs.cards[3].lines == ("欢迎光临", "")


def test_a_text_is_two_areas_of_one_line_each_as_described() -> None:
    (frame,) = FrameDecoder().feed(protocol.show(2, Face(line1="社保", line2="请A001号"), columns=12, stale_after=300))
    assert frame.data.hex(" ") == (
        "a3 06 01 00 00 00 02 "
        "22 00 00 00 80 00 00 c0 80 10 00 00 00 02 2c 01 00 00 02 01 01 01 00 00 0a 07 00 00 00 5c 43 31 c9 e7 b1 a3 "
        "26 00 00 00 80 10 00 c0 80 10 00 01 00 02 2c 01 00 00 02 01 01 01 00 00 0a 0b 00 00 00 "
        "5c 43 31 c7 eb 41 30 30 31 ba c5"
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("A0 00 00 00 00", Ack()),
        ("A0 01 05 00 00", Nack(error=5)),
        ("A0 01", Nack(error=0)),
        ("A2 00 00 00 00 61 02", Told(command=b"\xa2\x00")),
        ("", Told(command=b"")),
    ],
)
def test_an_answer_is_yes_no_or_something_else(data: str, said: object) -> None:
    assert protocol.answer(bytes.fromhex(data)) == said


addresses = st.integers(0, 0xFFFF)
wild = st.binary(max_size=60) | st.lists(st.sampled_from([0xA5, 0x5A, 0xA6, 0x5B, 1, 2, 0])).map(bytes)
frames = st.builds(Frame, to=addresses, sender=addresses, data=wild)


@given(sent=st.lists(frames, max_size=4), between=wild, cuts=cuts)
def test_frames_cut_anywhere_with_anything_between_them_arrive(
    sent: list[Frame], between: bytes, cuts: list[int]
) -> None:
    stream = between + b"".join(encode(frame) + between for frame in sent)
    decoder = FrameDecoder()
    assert [frame for piece in pieces(stream, cuts) for frame in decoder.feed(piece)] == sent


@given(data=st.lists(st.binary() | wild | frames.map(encode)).map(b"".join), cuts=cuts)
def test_any_bytes_cut_anywhere_give_the_same_frames_and_never_raise(data: bytes, cuts: list[int]) -> None:
    whole, cut = FrameDecoder(), FrameDecoder()
    assert [frame for piece in pieces(data, cuts) for frame in cut.feed(piece)] == whole.feed(data)
    assert cut.garbled == whole.garbled


@given(frame=frames, at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_frame_with_one_wrong_bit_is_lost_and_never_another(frame: Frame, at: int, bit: int) -> None:
    data = bytearray(encode(frame))
    data[at % len(data)] ^= 1 << bit
    assert FrameDecoder().feed(bytes(data)) in ([], [frame])


def test_a_frame_that_never_ends_is_not_kept() -> None:
    decoder = FrameDecoder()
    decoder.feed(b"\xa5" * 8 + bytes(1_000_000))
    assert decoder.garbled == 1
    assert decoder.feed(MAKERS_ACK) != []


def test_a_frame_longer_than_a_card_takes_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode(Frame(to=1, sender=2, data=bytes(3000)))


# --- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown", "replaced"),
    [
        ("请A001号到3号窗口", "请A001号到3号窗口", ""),
        ("收费·发证——（一）①℃", "收费·发证——（一）①℃", ""),
        ("镕基㎡", "□基m2", "镕㎡"),
        ("𰻞𰻞面", "□□面", "𰻞"),
        ("a\nb\tc", "a b c", ""),
        ("无\u200b形", "无形", ""),
        ("e\u0301", "é", ""),
        ("\\C2绿", "＼C2绿", ""),
        ("﹨C2", "□C2", "﹨"),
        ("\x07", "□", "\x07"),
    ],
)
def test_what_the_font_lacks_is_replaced_and_reported(text: str, shown: str, replaced: str) -> None:
    line = sign_text(text)
    assert line.data.decode("gbk") == shown
    assert line.replaced == replaced


@given(st.text())
def test_any_text_becomes_gb2312_without_a_command_of_the_card_in_it(text: str) -> None:
    line = sign_text(text)
    assert "\\" not in line.data.decode("gb2312")
    assert len(line.data) <= 4 * protocol.LONGEST_LINE
    assert set(line.replaced) <= set(text) | set("…")


@given(line1=st.text(), line2=st.text(), colour=st.sampled_from(Colour), columns=st.sampled_from([8, 12]))
def test_the_simulated_card_shows_what_was_encoded(line1: str, line2: str, colour: Colour, columns: int) -> None:
    signs = SimulatedSigns({7: columns})
    face = Face(line1=line1, line2=line2, colour=colour)
    (answer,) = FrameDecoder().feed(signs.receive(protocol.show(7, face, columns=columns, stale_after=0)))
    assert protocol.answer(answer.data) == Ack()
    expected = tuple(sign_text(text).data.decode("gbk").strip() for text in (line1, line2))
    assert signs.cards[7].lines == expected


def test_a_text_that_fits_stands_in_the_middle_and_a_longer_one_moves() -> None:
    signs = SimulatedSigns({1: 8})
    signs.receive(protocol.show(1, Face(line1="一二三四五六七八", line2="一二三四五六七八9"), columns=8, stale_after=0))
    upper, lower = signs.cards[1].areas.values()
    assert (upper.moves, upper.align, upper.width, upper.height, upper.y) == (False, 2, 128, 16, 0)
    assert (lower.moves, lower.y) == (True, 16)
