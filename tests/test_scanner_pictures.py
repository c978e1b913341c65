"""Reading one picture: what is read, what is refused, and what is not a code."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from pyzbar import pyzbar
from scanner_pictures import Gray, bars, nothing, photo, qr

from devices.scanner.cascade import Looks, Seen, Verdict, read_photo
from devices.scanner.decoders import Zbar, find_qr, read_zxing
from devices.scanner.flatten import flattened
from devices.scanner.reading import Reading, Symbology

LOOKS = Looks()
EAN, OTHER_EAN = "6901234567892", "4006381333931"


def seen(gray: Gray) -> Seen:
    return read_photo(gray, LOOKS)


def said(gray: Gray) -> str | None:
    reading = seen(gray).reading
    return None if reading is None else reading.text


@pytest.mark.parametrize("angle", [0, 30, 90, 200])
@pytest.mark.parametrize(
    ("code", "symbology", "text"),
    [
        (qr("T.JR1-A001.T64CSG.zfB8DiOgGitUFyWIT0kLIw"), Symbology.QR, "T.JR1-A001.T64CSG.zfB8DiOgGitUFyWIT0kLIw"),
        (bars("code128", "JR1-A001"), Symbology.CODE128, "JR1-A001"),
        (bars("ean13", EAN), Symbology.EAN13, EAN),
    ],
)
def test_every_kind_of_code_is_read_at_every_angle(code: Gray, symbology: Symbology, text: str, angle: float) -> None:
    one = seen(photo(code, angle=angle, pixels=2.5))
    assert one.verdict is Verdict.READ
    assert one.reading == Reading(symbology=symbology, data=text.encode())


@pytest.mark.parametrize(("kind", "text"), [("ean13", EAN), ("code128", "JR1-A001")])
def test_bars_too_blurred_for_both_decoders_are_read_from_their_profile(kind: str, text: str) -> None:
    picture = photo(bars(kind, text), pixels=2, blur=1, noise=10)
    assert not zxingcpp.read_barcodes(picture)
    assert not pyzbar.decode(picture, [pyzbar.ZBarSymbol.EAN13, pyzbar.ZBarSymbol.CODE128])
    assert said(picture) == text


def test_bars_seen_at_a_slant_are_read_although_they_are_not_parallel() -> None:
    straight = photo(bars("code128", "JR1-A001"), angle=0, blur=0.5)
    height, width = straight.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    slanted = np.array([[90, 0], [width - 90, 0], [width, height], [0, height]], np.float32)
    turned = cv2.warpPerspective(straight, cv2.getPerspectiveTransform(corners, slanted), (width, height))
    assert said(np.asarray(turned, np.uint8)) == "JR1-A001"


def test_a_qr_code_on_curled_paper_is_read_flattened() -> None:
    text = "http://example.cn/a-code-on-a-curled-receipt?ticket=A001"
    picture = photo(qr(text, error="L"), angle=0, pixels=8, blur=0.7, shape=(360, 360), noise=2)
    y, x = np.mgrid[0:360, 0:360].astype(np.float32)
    bend = 8 * np.sin(np.pi * (x - 60) / 240) + 3 * np.sin(np.pi * (y - 60) / 120)
    curled = np.asarray(cv2.remap(picture, x, (y + bend).astype(np.float32), cv2.INTER_LINEAR), np.uint8)
    one = seen(curled)
    assert (one.look, one.reading) == ("patch, flattened", Reading(symbology=Symbology.QR, data=text.encode()))


def test_light_on_dark_is_read() -> None:
    assert said(255 - photo(qr("dark mode"))) == "dark mode"


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_chinese_is_read_in_both_charsets_to_the_byte(charset: str) -> None:
    text = "预约 张三丰 㐀 便民大厅"
    data = text.encode(charset)
    code = np.pad(
        np.where(np.array(segno.make(data, mode="byte", micro=False).matrix, bool), 0, 255).astype(np.uint8),
        4,
        constant_values=255,
    )
    picture = photo(code)
    by_zxing, by_zbar = read_zxing(picture), Zbar(Symbology.QR).read(picture)
    assert [reading.data for reading in by_zxing] == [reading.data for reading in by_zbar] == [data]
    assert by_zxing[0].text == text


def test_bytes_of_no_charset_are_shown_as_what_they_are_not() -> None:
    assert Reading(data=b"\xff\xff\x80").text == "���"
    assert Reading(data=b"\xf3a", symbology=Symbology.CODE128).text == "óa"


def test_a_part_of_a_structured_append_code_is_read_by_both_decoders_without_fault() -> None:
    part = segno.make_sequence("A" * 80, symbol_count=2)[0]
    code = np.pad(np.where(np.array(part.matrix, bool), 0, 255).astype(np.uint8), 4, constant_values=255)
    picture = photo(code)
    assert len(read_zxing(picture)[0].data) == 40
    Zbar(Symbology.QR).read(picture)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (bars("ean13", EAN), bars("ean13", OTHER_EAN)),
        (qr("one"), qr("other")),
        (qr("one"), bars("ean13", EAN)),
    ],
)
def test_a_picture_with_two_values_is_refused(one: Gray, other: Gray) -> None:
    picture = np.hstack([photo(one, shape=(400, 420)), photo(other, shape=(400, 420), seed=2)])
    assert seen(picture) == Seen(verdict=Verdict.REFUSED, look="whole")


def test_a_picture_with_one_value_twice_is_read() -> None:
    picture = np.hstack([photo(qr("one"), shape=(300, 300)), photo(qr("one"), shape=(300, 300), seed=2)])
    assert said(picture) == "one"


@pytest.mark.parametrize("seed", range(5))
def test_a_hall_without_a_code_says_nothing(seed: int) -> None:
    assert seen(nothing(seed=seed, noise=2.0 * seed)) == Seen(verdict=Verdict.NOTHING)


def test_gratings_and_chequers_say_nothing() -> None:
    x, y = np.meshgrid(np.arange(480), np.arange(480))
    for pattern in (x // 3 % 2, (x // 5 + y // 5) % 2, (x + y) // 4 % 2, (x * y) // 900 % 2):
        assert seen((pattern * 200 + 20).astype(np.uint8)) == Seen(verdict=Verdict.NOTHING)


@settings(max_examples=60, deadline=None)
@given(height=st.integers(1, 90), width=st.integers(1, 90), seed=st.integers(0, 9), spread=st.sampled_from([0, 3, 90]))
def test_no_picture_is_too_small_or_too_odd(height: int, width: int, seed: int, spread: float) -> None:
    picture = np.random.default_rng(seed).normal(128, spread, (height, width)).clip(0, 255).astype(np.uint8)
    assert seen(picture).verdict is Verdict.NOTHING


def test_what_is_not_a_grey_picture_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="grey"):
        read_photo(np.zeros((10, 10, 3), np.uint8), LOOKS)


def test_a_code_that_is_found_and_not_read_says_where_it_lies() -> None:
    code = qr("x" * 60, error="L")
    code[12:-12, 12:-12] = 255 * (np.indices(code[12:-12, 12:-12].shape).sum(axis=0) % 2)
    read, unread = find_qr(photo(code, angle=0, pixels=6))
    assert read == ()
    assert [found.modules for found in unread] == [code.shape[0] - 8]
    pictures = list(flattened(photo(code, angle=0, pixels=6), unread[0].corners, unread[0].modules))
    assert len({picture.shape for picture in pictures}) == 1
