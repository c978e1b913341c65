"""How many photographed codes are read, how many wrongly, and at what price: our cascade beside each single decoder.

    python -m bench.codes FOLDER [--missed]

FOLDER holds an `index.csv`: path, format (QR, CODE128, EAN13; NONE: no code; QR-MULTI: several), expected_kind
(txt; bin: hexadecimal), expected. A value is right if its bytes are the expected text in UTF-8, GB18030, Shift_JIS or
ISO 8859-1, CR LF and LF being the same (the index keeps texts, the codes keep bytes). Milliseconds are CPU time of
this process with one OpenCV thread, the picture already grey in memory; the machine's speed is in them, so compare
within one run.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import zxingcpp
from pyzbar import pyzbar

from devices.scanner.cascade import Looks, Verdict, read_photo
from devices.scanner.decoders import read_zxing
from devices.scanner.regions import Gray
from devices.scanner.watch import Watch

CHARSETS = ("utf-8", "gb18030", "shift_jis", "iso-8859-1")
FRAME = (720, 1280)
OURS = "our cascade"


@dataclass(frozen=True, kw_only=True)
class Photo:
    path: str
    format: str
    expected: frozenset[bytes]
    gray: Gray


Values = Sequence[bytes] | None
"""What a decoder read; None: it refused to say."""
Decode = Callable[[Gray], Values]


@dataclass
class Result:
    """What one decoder made of all photos."""

    read: Counter[str] = field(default_factory=Counter)
    right: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    milliseconds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, photo: Photo, values: Values, milliseconds: float) -> None:
        self.milliseconds.setdefault(photo.format, []).append(milliseconds)
        if values is None:
            self.refused.append(photo.path)
        elif photo.format == "NONE":
            self.false += [photo.path] if values else []
        elif photo.expected:
            right = [value for value in values if _plain(value) in photo.expected]
            self.read[photo.format] += bool(right)
            self.right |= {photo.path} if right else set()
            self.wrong += [photo.path] if len(right) < len(values) else []
            self.missed += [] if values else [photo.path]

    @property
    def all_milliseconds(self) -> list[float]:
        return [one for some in self.milliseconds.values() for one in some]


def load(folder: Path) -> list[Photo]:
    """The photos of an index. ValueError names a picture that cannot be read."""
    with (folder / "index.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    photos = []
    for row in rows:
        gray = cv2.imread(str(folder / row["path"]), cv2.IMREAD_GRAYSCALE)
        if gray is None:
            raise ValueError(f"{folder / row['path']} is no picture")
        expected = frozenset(_expected(row["expected_kind"], row["expected"])) if row["expected"] else frozenset()
        photos.append(Photo(path=row["path"], format=row["format"], expected=expected, gray=np.asarray(gray, np.uint8)))
    return photos


def _expected(kind: str, text: str) -> Iterable[bytes]:
    if kind == "bin":
        yield _plain(bytes.fromhex(text))
        return
    for charset in CHARSETS:
        try:
            yield _plain(text.encode(charset))
        except UnicodeEncodeError:
            continue


def _plain(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def decoders() -> dict[str, Decode]:
    """Each single decoder as it comes, and ours."""
    pyzbar.zbar_symbol_get_orientation = None  # or structured-append QR codes raise ValueError
    formats = zxingcpp.BarcodeFormats(
        [zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128, zxingcpp.BarcodeFormat.EAN13]
    )
    symbols = [pyzbar.ZBarSymbol.QRCODE, pyzbar.ZBarSymbol.CODE128, pyzbar.ZBarSymbol.EAN13]
    opencv = cv2.QRCodeDetector()
    looks = Looks()

    def zxing(gray: Gray) -> Values:
        return [code.bytes for code in zxingcpp.read_barcodes(gray, formats=formats)]

    def zbar(gray: Gray) -> Values:
        return [code.data for code in pyzbar.decode(gray, symbols)]

    def twice(gray: Gray) -> Gray:
        return np.asarray(cv2.resize(gray, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)

    def opencv_qr(gray: Gray) -> Values:
        try:
            text, _, _ = opencv.detectAndDecode(gray)
        except (UnicodeDecodeError, cv2.error):  # bytes that are not UTF-8; odd geometry
            return []
        return [text.encode()] if text else []

    def ours(gray: Gray) -> Values:
        seen = read_photo(gray, looks)
        if seen.verdict in (Verdict.REFUSED, Verdict.DOUBTFUL):
            return None
        return [seen.reading.data] if seen.reading is not None else []

    return {
        "zxing-cpp": zxing,
        "zxing-cpp, one pass": lambda gray: [reading.data for reading in read_zxing(gray)],
        "pyzbar": zbar,
        "pyzbar 2x": lambda gray: zbar(twice(gray)),
        "OpenCV QR": opencv_qr,
        OURS: ours,
    }


def measure(photos: Sequence[Photo], decode: Decode) -> Result:
    result = Result()
    for photo in photos[:5]:
        decode(photo.gray)  # caches and allocators warm
    for photo in photos:
        began = time.process_time()
        values = decode(photo.gray)
        result.add(photo, values, 1000 * (time.process_time() - began))
    return result


def frames_without_code(photos: Sequence[Photo], most: int = 12) -> list[Gray]:
    """1280 x 720, made of the photos without a code, and one grey wall."""
    noise = np.random.default_rng(1)
    pictures = [np.full(FRAME, 128, np.uint8)]
    for photo in [photo for photo in photos if photo.format == "NONE"][:most]:
        scale = max(FRAME[0] / photo.gray.shape[0], FRAME[1] / photo.gray.shape[1])
        large = cv2.resize(photo.gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        pictures.append(np.asarray(large[: FRAME[0], : FRAME[1]], np.uint8))
    return [np.clip(picture + noise.normal(0, 1.5, FRAME), 0, 255).astype(np.uint8) for picture in pictures]


def frame_milliseconds(frames: Sequence[Gray]) -> list[float]:
    """CPU time of every frame a camera would give: each picture long enough for every look to have its turn."""
    spent = []
    for frame in frames:
        watch = Watch()
        watch.feed(frame, 0.0)
        for number in range(1, len(Looks().turns) + 1):
            shown = frame.copy()
            shown[0, 0] = number  # another frame, of the same
            began = time.process_time()
            watch.feed(shown, number / 15)
            spent.append(1000 * (time.process_time() - began))
    return spent


def _p95(values: Sequence[float]) -> float:
    return float(np.percentile(values, 95)) if values else float("nan")


def report(photos: Sequence[Photo], results: dict[str, Result]) -> list[str]:
    total = Counter(photo.format for photo in photos if photo.expected)
    head = [f"{name} of {count}" for name, count in sorted(total.items())]
    columns = [*head, "wrong", "false", "refused", "ms median", "p95", *(f"{name} p95" for name in sorted(total))]
    lines = ["| | " + " | ".join(columns) + " |", "| --- " * (len(columns) + 1) + "|"]
    for name, result in results.items():
        cells = [f"{result.read[format_]} ({result.read[format_] / total[format_]:.1%})" for format_ in sorted(total)]
        cells += [str(len(result.wrong)), str(len(result.false)), str(len(result.refused))]
        cells += [f"{statistics.median(result.all_milliseconds):.1f}", f"{_p95(result.all_milliseconds):.1f}"]
        cells += [f"{_p95(result.milliseconds[format_]):.1f}" for format_ in sorted(total)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    others = [result for name, result in results.items() if name != OURS]
    union = Counter(
        photo.format for photo in photos if photo.expected and any(photo.path in other.right for other in others)
    )
    cells = [f"{union[format_]} ({union[format_] / total[format_]:.1%})" for format_ in sorted(total)]
    return [*lines, "| union of the others | " + " | ".join([*cells, *[""] * (len(columns) - len(cells))]) + " |"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--missed", action="store_true", help="name the photos our cascade did not read, or refused")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    photos = load(options.folder)
    results = {name: measure(photos, decode) for name, decode in decoders().items()}
    print("\n".join(report(photos, results)))
    if options.missed:
        ours = results[OURS]
        for what, paths in (("missed", ours.missed), ("refused", ours.refused), ("wrong", ours.wrong)):
            print(f"{what}: {', '.join(paths) or '-'}")
    spent = frame_milliseconds(frames_without_code(photos))
    print(
        f"a 1280x720 frame without a code, as a camera gives them: {statistics.mean(spent):.1f} ms mean, "
        f"{statistics.median(spent):.1f} median, {_p95(spent):.1f} p95"
    )


if __name__ == "__main__":
    main()
