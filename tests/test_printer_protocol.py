"""ESC/POS bytes: what we write is read by the simulated printer's own interpreter, what printers say is sorted."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path

import pytest
import zxingcpp
from escpos.printer import Dummy
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from printer_samples import TICKET, TOKEN, WHOLE

import devices.printer
from devices.printer import PROFILES, Align, Cut, Feed, FontMissing, Line, Profile, QRCode, Receipt, Row, Rule
from devices.printer.font import find_font
from devices.printer.protocol import (
    Condition,
    Query,
    conditions,
    encode,
    encode_text,
    sort_out,
    without_real_time_commands,
)
from devices.printer.raster import draw_line
from devices.printer.receipt import cells, justify, plain, wrap
from devices.printer.simulated_paper import Picture, Slip, TextLine
from devices.printer.simulator import EscPosPrinter

WIDE, NARROW = PROFILES["80mm"], PROFILES["58mm"]


def printed(receipt: Receipt, profile: Profile = WIDE) -> Slip:
    """What the simulated printer makes of it, when it understood every byte and cut once."""
    printer = EscPosPrinter(dots=profile.dots)
    said = printer.receive(encode(receipt, profile, draw_line).data)
    assert (printer.unknown, said, len(printer.slips)) == ([], b"\0" if profile.confirms else b"", 1)
    return printer.slips[0]


def squeezed(text: str) -> str:
    return "".join(text.split())


in_the_set = st.characters(codec="gb18030", exclude_categories=["C"]).filter(lambda c: encode_text(c, WIDE.encoding))
any_text = st.text(max_size=60)


# --- what is written -----------------------------------------------------------------------------------------


def test_a_ticket_comes_out_as_it_was_meant_and_is_under_1_kb() -> None:
    slip = printed(TICKET)
    assert slip.lines == WHOLE
    assert slip.codes == [TOKEN]
    assert len(encode(TICKET, WIDE, draw_line).data) < 1000


def test_the_number_is_big_bold_and_in_the_middle() -> None:
    number = next(p for p in printed(TICKET).placed if isinstance(p.ink, TextLine) and p.ink.text == "A017")
    assert isinstance(number.ink, TextLine)
    assert {(g.wide, g.high, g.bold) for g in number.ink.glyphs} == {(6, 6, True)}
    assert number.x == (576 - 4 * 12 * 6) // 2


def test_a_phone_reads_the_qr_code_from_the_picture_of_the_ticket() -> None:
    for profile in (WIDE, NARROW):
        found = zxingcpp.read_barcodes(printed(TICKET, profile).picture())
        assert [code.text for code in found] == [TOKEN]


def test_nothing_runs_over_the_edge_of_58_mm_paper() -> None:
    slip = printed(TICKET, NARROW)
    assert all(p.x >= 0 and p.x + p.ink.width <= 384 for p in slip.placed)
    assert squeezed("".join(slip.lines)).replace("-", "") == squeezed("".join(WHOLE)).replace("-", "")


@pytest.mark.parametrize("text", ["：", "℃", "A", "（A）", "A：", "甲A乙", "①", "“引号”", "…", "－", "￥5", "$5", "~"])
@pytest.mark.parametrize("before", ["ASCII", "汉字"])
def test_every_string_says_its_own_character_mode(text: str, before: str) -> None:
    assert printed(Receipt((Line(before), Line(text), Line("end")))).lines == [before, text, "end"]


def test_the_interpreter_would_show_chinese_sent_without_its_mode() -> None:
    printer = EscPosPrinter()
    printer.receive(b"\x1b@" + "汉".encode("gb18030") + b"\n" * 5 + b"\x1dV\x00")
    assert printer.slips[0].lines == ["║║"], "the test above can fail"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(in_the_set, max_size=20), max_size=3), st.integers(1, 8), st.booleans())
def test_any_text_of_the_set_comes_out_unchanged(texts: list[str], size: int, bold: bool) -> None:
    receipt = Receipt(tuple(Line(text, size=size, bold=bold, align=Align.CENTER) for text in texts))
    assert squeezed("".join(printed(receipt).lines)) == squeezed("".join(map(plain, texts)))


@settings(max_examples=50, deadline=None)
@given(any_text, any_text)
@example("\x10\x04\x01\x1b@", "\x1dV\x00")
@example("\ud800", "\u200b\xa0\r\n")
def test_whatever_a_text_holds_it_stays_text(left: str, right: str) -> None:
    """No unknown command, one cut, one mark: `printed` checks that."""
    slip = printed(Receipt((Line(left), Row(right, left), Rule(), Line(right, size=8))), NARROW)
    assert "-" * 32 in slip.lines


@settings(max_examples=20, deadline=None)
@given(st.text(st.sampled_from("𠮷㼆䶮🙂ʼ𬭊"), min_size=1, max_size=5), st.integers(1, 3))
def test_a_line_with_a_character_the_printer_lacks_is_drawn(rare: str, size: int) -> None:
    slip = printed(Receipt((Line("姓名"), Line(rare, size=size))))
    assert slip.lines == ["姓名"]
    pictures = [p.ink for p in slip.placed if isinstance(p.ink, Picture)]
    assert pictures
    assert all(p.height == 24 * size and any(p.data) for p in pictures)


def test_a_drawn_line_stands_in_the_same_grid_as_printed_ones() -> None:
    slip = printed(Receipt((Row("姓名", "王䶮"), Row("姓名", "王研"))))
    drawn, set_ = slip.placed
    assert isinstance(drawn.ink, Picture)
    assert (drawn.x, drawn.ink.width) == (set_.x, set_.ink.width) == (0, 576)
    rows = [drawn.ink.data[y * 72 : y * 72 + 72] for y in range(24)]
    inked = [i for i in range(576) if any(row[i // 8] & 0x80 >> i % 8 for row in rows)]
    assert 0 <= inked[0] < 48, "the left text at the left edge"
    assert 528 < inked[-1] < 576, "the right text at the right edge"
    assert not any(48 <= i < 528 for i in inked), "and nothing between"


@pytest.mark.parametrize(("encoding", "lacks"), [("gb18030", "𠮷"), ("gbk", "䶮"), ("gb2312", "镕")])
def test_the_character_set_is_a_setting(encoding: str, lacks: str) -> None:
    slip = printed(Receipt((Line("朱" + lacks), Line("便民"))), Profile(encoding=encoding))
    assert slip.lines == ["便民"]
    assert sum(isinstance(p.ink, Picture) for p in slip.placed) == 1


@settings(deadline=None)
@given(st.binary(max_size=300))
@example(bytes([0x10, 0x10, 0x04, 0x01, 0x10, 0x05, 0x10, 0x14, 0x10]))
def test_no_real_time_command_stands_in_a_picture(data: bytes) -> None:
    safe = without_real_time_commands(data)
    assert not any(order in safe for order in (b"\x10\x04", b"\x10\x05", b"\x10\x14"))
    changed = [(a, b) for a, b in zip(data, safe, strict=True) if a != b]
    assert set(changed) <= {(0x10, 0x18)}, "one dot more, nothing else"


@settings(deadline=None)
@given(st.lists(st.sampled_from([Line("𠮷" * 9), Line("甲", size=2), QRCode("x", module=16), Rule(), Feed(16)])))
def test_no_receipt_holds_a_real_time_command(parts: list[Line | QRCode | Rule | Feed]) -> None:
    data = encode(Receipt(tuple(parts)), WIDE, draw_line).data
    assert not any(order in data for order in (b"\x10\x04", b"\x10\x05", b"\x10\x14"))


def test_the_bytes_are_those_of_the_data_sheet() -> None:
    data = encode(Receipt((QRCode("JR1.A001"), Line("中"))), WIDE, draw_line).data
    golden = (  # QR "JR1.A001", module 6, level M
        "1D 28 6B 04 00 31 41 32 00 1D 28 6B 03 00 31 43 06 1D 28 6B 03 00 31 45 31"
        "1D 28 6B 0B 00 31 50 30 4A 52 31 2E 41 30 30 31 1D 28 6B 03 00 31 51 30"
    )
    assert bytes.fromhex(golden) in data
    assert data.startswith(b"\x1b@")
    assert b"\x1c&\xd6\xd0\n" in data
    assert data.endswith(bytes.fromhex("1D 56 42 00 1D 72 01"))


def test_the_last_line_is_fed_past_the_blade_before_the_cut() -> None:
    last = printed(Receipt((Line("last"),)))
    assert last.lines == ["last"]
    short = EscPosPrinter()
    short.receive(encode(Receipt((Line("last"),)), Profile(feed=1), draw_line).data)
    assert [slip.lines for slip in short.slips] in ([], [[]]), "fed too little it stays inside: the test can fail"


def test_profiles_choose_cut_and_confirmation() -> None:
    bare = Profile(cut=Cut.NONE, confirms=False)
    printer = EscPosPrinter()
    assert printer.receive(encode(TICKET, bare, draw_line).data) == b""
    assert printer.slips == []
    assert len(printed(TICKET, Profile(cut=Cut.FULL)).lines) == len(WHOLE)


@pytest.mark.parametrize("wrong", [{"dots": 577}, {"dots": 8}, {"speed": 0}, {"feed": 256}])
def test_an_impossible_profile_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Profile(**wrong)  # type: ignore[arg-type]


def test_an_unknown_character_set_is_refused() -> None:
    with pytest.raises(LookupError):
        Profile(encoding="martian")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Line("x", size=0),
        lambda: Row("x", "y", size=9),
        lambda: Feed(0),
        lambda: QRCode(""),
        lambda: QRCode("x" * 214),
        lambda: QRCode("汉" * 72),
        lambda: QRCode("a\nb"),
        lambda: QRCode("a", module=17),
    ],
)
def test_an_impossible_receipt_is_refused_before_it_reaches_a_printer(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=r"must be|control character"):
        make()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 213), st.integers(1, 16), st.sampled_from([WIDE, NARROW]))
def test_a_qr_code_of_any_length_fits_the_paper_with_its_white_border(
    count: int, module: int, profile: Profile
) -> None:
    slip = printed(Receipt((QRCode("7" * (count - 1) + "a", module=module),)), profile)
    (placed,) = slip.placed
    border = 4 * placed.ink.width // len(slip.placed[0].ink.matrix)  # type: ignore[union-attr]
    assert placed.x >= border
    assert placed.x + placed.ink.width + border <= profile.dots


# --- how text is laid out ------------------------------------------------------------------------------------


@settings(deadline=None)
@given(any_text, st.integers(2, 48), st.booleans())
def test_wrapping_keeps_every_character_and_the_width(text: str, columns: int, balanced: bool) -> None:
    lines = wrap(text, columns, balanced=balanced)
    assert all(cells(line) <= columns for line in lines)
    assert squeezed("".join(lines)) == squeezed(plain(text))


pieces = st.lists(st.sampled_from(["甲", "乙，", "丙。", "（丁）", "“a”。", "a1", "12:30", " "]), max_size=30).map(
    "".join
)


@settings(deadline=None)
@given(pieces, st.integers(8, 24), st.booleans())
def test_no_line_starts_with_a_closing_mark_or_ends_with_an_opening_one(
    text: str, columns: int, balanced: bool
) -> None:
    lines = wrap(text, columns, balanced=balanced)
    assert not {line[:1] for line in lines[1:]} & set("，。）”:")
    assert not {line[-1:] for line in lines} & set("（“")


def test_words_are_kept_whole_and_headings_even() -> None:
    assert wrap("请到 Window 12 办理", 12) == ["请到 Window", "12 办理"]
    assert wrap("句容市政务服务中心", 16, balanced=False) == ["句容市政务服务中", "心"]
    assert wrap("句容市政务服务中心", 16, balanced=True) == ["句容市政务", "服务中心"]
    assert wrap("a\n\nb", 16) == ["a", "", "b"]


def test_a_row_that_does_not_fit_takes_two_lines() -> None:
    assert justify("窗口", "3号", 12) == ["窗口     3号"]
    assert justify("办理窗口", "三号窗", 12) == ["办理窗口", "      三号窗"]


# --- what a printer says -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "byte", "meaning"),
    [
        (Query.PRINTER, 0x12, set()),
        (Query.PRINTER, 0x1A, {Condition.OFFLINE}),
        (Query.PRINTER, 0x32, {Condition.WAITING}),
        (Query.OFFLINE, 0x16, {Condition.COVER_OPEN}),
        (Query.OFFLINE, 0x32, {Condition.STOPPED_FOR_PAPER}),
        (Query.OFFLINE, 0x52, {Condition.ERROR}),
        (Query.ERROR, 0x16, {Condition.RECOVERABLE}),
        (Query.ERROR, 0x1A, {Condition.CUTTER}),
        (Query.ERROR, 0x32, {Condition.UNRECOVERABLE}),
        (Query.ERROR, 0x52, {Condition.OVERHEATED}),
        (Query.PAPER, 0x12, set()),
        (Query.PAPER, 0x1E, {Condition.PAPER_NEAR_END}),
        (Query.PAPER, 0x72, {Condition.PAPER_END}),
        (Query.PAPER, 0x7E, {Condition.PAPER_NEAR_END, Condition.PAPER_END}),
    ],
)
def test_status_bytes_mean_what_the_data_sheet_says(query: Query, byte: int, meaning: set[Condition]) -> None:
    assert conditions(query, byte) == meaning


@settings(deadline=None)
@given(st.sampled_from(Query), st.integers(0, 255))
def test_a_byte_whose_fixed_bits_are_wrong_is_no_answer(query: Query, byte: int) -> None:
    fixed_bits_right = byte & 0x01 == 0 and byte & 0x02 and byte & 0x10 and byte & 0x80 == 0
    if fixed_bits_right:
        conditions(query, byte)
        assert sort_out(bytes([byte])).status == bytes([byte])
    else:
        with pytest.raises(ValueError, match="no answer"):
            conditions(query, byte)
        assert sort_out(bytes([byte])).status == b""


@settings(deadline=None)
@given(st.binary(max_size=100))
@example(b"\x37\x25\x00\x14\x00\x00\x0f\x12\x00\x14\x00")
def test_sorting_never_raises_and_accounts_for_every_byte(data: bytes) -> None:
    heard = sort_out(data)
    assert len(heard.status) + heard.marks + 3 * heard.cleared + 4 * heard.automatic + len(heard.junk) == len(data)


def test_unasked_messages_are_told_apart_from_answers() -> None:
    heard = sort_out(bytes.fromhex("12 14 00 0F 0F 00 37 25 00 1A FF"))
    assert (heard.status, heard.automatic, heard.marks, heard.cleared, heard.junk) == (b"\x12\x1a", 1, 1, 1, b"\xff")


# --- the simulated printer takes anything --------------------------------------------------------------------

commands = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([b"\x1d(k", b"\x1dv0\0", b"\x1bD", b"\x1dk", b"\x10\x04", b"\x1c&", b"\x1d*", b"\x1dV", b"\n"]),
    st.text(max_size=10).map(lambda text: text.encode("gb18030", "replace")),
)
streams = st.lists(commands, max_size=12).map(b"".join)


@settings(deadline=None)
@given(streams, st.lists(st.integers(0, 300), max_size=8))
def test_any_bytes_cut_anywhere_are_the_same_to_the_simulated_printer(stream: bytes, cuts: list[int]) -> None:
    whole, pieces = EscPosPrinter(), EscPosPrinter()
    said = whole.receive(stream)
    at = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    said_in_pieces = b"".join(pieces.receive(stream[a:b]) for a, b in pairwise(at))
    assert (whole.slips, whole.unknown) == (pieces.slips, pieces.unknown)
    assert sorted(said) == sorted(said_in_pieces), "real-time answers may overtake others when bytes come at once"


def test_the_simulated_printer_answers_in_the_middle_of_a_picture_and_is_spoilt_by_it() -> None:
    """Why pictures must not hold DLE EOT: a printer obeys it there."""
    printer = EscPosPrinter()
    assert printer.receive(b"\x1dv0\0\x03\0\x01\0\x10\x04") == b""
    assert printer.receive(b"\x01") == b"\x12"


def test_the_simulator_shares_no_code_with_the_protocol() -> None:
    folder = Path(devices.printer.__file__).parent
    for file in folder.glob("simulat*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert not {n for n in names if n.split(".")[-1] in ("protocol", "receipt", "raster", "driver")}, file.name


def test_without_a_chinese_font_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FontMissing, match="fonts-noto-cjk"):
        find_font(known=())


def test_the_simulated_printer_understands_an_independent_encoder() -> None:
    """python-escpos writes the bytes here; neither side is ours to bend to the other."""
    dummy = Dummy()
    dummy.set(align="center", bold=True, custom_size=True, width=4, height=3)
    dummy.text("A017\n")
    dummy.set(align="left", bold=False, normal_textsize=True)
    dummy._raw(b"\x1c&" + "便民服务\n".encode("gb18030") + b"\x1c.")
    dummy.qr("JR1.A017", native=True, size=5)
    dummy.image(Image.new("1", (64, 16), 0), impl="bitImageRaster")
    dummy.cut()
    printer = EscPosPrinter()
    printer.receive(dummy.output)
    (slip,) = printer.slips
    assert printer.unknown == []
    assert (slip.lines, slip.codes) == (["A017", "便民服务"], ["JR1.A017"])
    number, *_, picture = slip.placed
    assert isinstance(number.ink, TextLine)
    assert [(g.wide, g.high, g.bold) for g in number.ink.glyphs] == [(4, 3, True)] * 4
    assert number.x == (576 - 4 * 12 * 4) // 2
    assert picture.ink == Picture(width=64, height=16, data=b"\xff" * 128)
