"""The benchmark of photographed codes counts what it says it counts."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from scanner_pictures import bars, nothing, photo, qr

from bench import codes

EAN, OTHER_EAN = "6901234567892", "4006381333931"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    two = np.hstack([photo(qr("one"), shape=(300, 300)), photo(qr("other"), shape=(300, 300))])
    rows = [
        ("qr.png", "QR", "txt", "预约\nA001", photo(qr("预约\r\nA001".encode("gb18030")))),
        ("bin.png", "QR", "bin", b"A002".hex(), photo(qr("A002"))),
        ("wrong.png", "EAN13", "txt", OTHER_EAN, photo(bars("ean13", EAN))),
        ("128.png", "CODE128", "txt", "JR1-A001", photo(bars("code128", "JR1-A001"))),
        ("blank.png", "QR", "txt", "A003", nothing()),
        ("hall.png", "NONE", "", "", nothing()),
        ("surprise.png", "NONE", "", "", photo(qr("A004"))),
        ("two.png", "QR-MULTI", "", "", two),
    ]
    with (tmp_path / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "format", "expected_kind", "expected"))
        for *row, picture in rows:
            cv2.imwrite(str(tmp_path / row[0]), picture)
            writer.writerow(row)
    return tmp_path


def test_right_wrong_false_refused_and_missed_are_told_apart(folder: Path) -> None:
    result = codes.measure(codes.load(folder), codes.decoders()[codes.OURS])
    assert dict(result.read) == {"QR": 2, "CODE128": 1, "EAN13": 0}
    assert (result.wrong, result.false) == (["wrong.png"], ["surprise.png"])
    assert (result.refused, result.missed) == (["two.png"], ["blank.png"])


def test_every_decoder_has_its_line_and_frames_have_a_price(folder: Path) -> None:
    photos = codes.load(folder)
    decoders = codes.decoders()
    lines = codes.report(photos, {name: codes.measure(photos, decode) for name, decode in decoders.items()})
    assert [line.split(" | ")[0].strip("| ") for line in lines[2:]] == [*decoders, "union of the others"]
    (line,) = (line for line in lines if line.startswith(f"| {codes.OURS} "))
    assert line.startswith(f"| {codes.OURS} | 1 (100.0%) | 0 (0.0%) | 2 (66.7%) | 1 | 1 | 1 |")
    spent = codes.frame_milliseconds(codes.frames_without_code(photos, most=1)[1:])
    assert len(spent) == 9
    assert min(spent) > 0


def test_a_picture_that_is_missing_is_named(folder: Path) -> None:
    (folder / "qr.png").unlink()
    with pytest.raises(ValueError, match=r"qr\.png is no picture"):
        codes.load(folder)
