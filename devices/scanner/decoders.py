"""The two decoders, zxing-cpp and zbar, made to say the same thing: which symbology, and the exact bytes.

zbar guesses a QR code's charset and re-encodes its bytes, which destroys GBK; its configuration 4 (binary, zbar.h,
since 0.23.1) gives them as they are. It is driven through `pyzbar.wrapper`: `pyzbar.decode` sets up a new scanner
each time and raises ValueError on a structured-append QR code (it has no single orientation).
zbar reads no Code 128 here: it drops the FNC4 shift, so that "ó" comes out as "s", a wrong value without a sign.
OpenCV's decoder is left out: it read a third fewer QR codes than zxing-cpp in ten times the time, and it raises
UnicodeDecodeError on bytes that are not UTF-8.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import zxingcpp
from pyzbar import wrapper as zbar

from devices.scanner.flatten import Corner
from devices.scanner.reading import LONGEST, Reading, Symbology
from devices.scanner.regions import Gray

_ZXING = {
    Symbology.QR: zxingcpp.BarcodeFormat.QRCodeModel2,
    Symbology.CODE128: zxingcpp.BarcodeFormat.Code128,
    Symbology.EAN13: zxingcpp.BarcodeFormat.EAN13,
}
_FROM_ZXING = {  # a reading names the family
    zxingcpp.BarcodeFormat.QRCode: Symbology.QR,
    zxingcpp.BarcodeFormat.Code128: Symbology.CODE128,
    zxingcpp.BarcodeFormat.EAN13: Symbology.EAN13,
}
LINEAR = (Symbology.EAN13, Symbology.CODE128)
EVERY = (Symbology.QR, *LINEAR)


def read_zxing(
    gray: Gray, symbologies: Sequence[Symbology] = EVERY, *, global_threshold: bool = False
) -> tuple[Reading, ...]:
    """Every distinct code found, dark on light; bars only if they stand about upright, QR codes at any angle.

    `global_threshold`: one threshold for all of the picture, instead of one for every neighbourhood.
    """
    binarizer = zxingcpp.Binarizer.GlobalHistogram if global_threshold else zxingcpp.Binarizer.LocalAverage
    found = zxingcpp.read_barcodes(
        np.ascontiguousarray(gray),
        formats=zxingcpp.BarcodeFormats([_ZXING[symbology] for symbology in symbologies]),
        try_rotate=False,
        try_invert=False,
        try_downscale=False,
        binarizer=binarizer,
    )
    readings = (Reading(symbology=_FROM_ZXING[code.format], data=code.bytes) for code in found)
    return tuple(dict.fromkeys(reading for reading in readings if 0 < len(reading.data) <= LONGEST))


@dataclass(frozen=True, kw_only=True)
class Unread:
    """A QR code that is there and could not be read: its corners (x, y; top left, top right, bottom right, bottom left)
    and how many modules a side has."""

    corners: tuple[Corner, Corner, Corner, Corner]
    modules: int


def find_qr(gray: Gray) -> tuple[tuple[Reading, ...], tuple[Unread, ...]]:
    """Like `read_zxing` for QR codes, light on dark too, and with those that were found and not read."""
    found = zxingcpp.read_barcodes(
        np.ascontiguousarray(gray),
        formats=zxingcpp.BarcodeFormats([_ZXING[Symbology.QR]]),
        try_rotate=False,
        try_downscale=False,
        return_errors=True,
    )
    read = dict.fromkeys(
        Reading(symbology=Symbology.QR, data=code.bytes)
        for code in found
        if code.valid and 0 < len(code.bytes) <= LONGEST
    )
    unread = tuple(one for code in found if not code.valid and (one := _unread(code)) is not None)
    return tuple(read), unread


def _unread(code: zxingcpp.Barcode) -> Unread | None:
    extra = code.extra
    version = str(extra.get("Version", "")) if isinstance(extra, dict) else ""
    if not version.isdecimal():
        return None
    at = code.position
    a, b, c, d = ((float(p.x), float(p.y)) for p in (at.top_left, at.top_right, at.bottom_right, at.bottom_left))
    return Unread(corners=(a, b, c, d), modules=17 + 4 * int(version))


_BINARY = 4  # ZBAR_CFG_BINARY, zbar.h; pyzbar has no name for it
_Y800 = 0x30303859  # "Y800": one byte a pixel
_ZBAR = {Symbology.QR: zbar.ZBarSymbol.QRCODE, Symbology.EAN13: zbar.ZBarSymbol.EAN13}
_FROM_ZBAR = {int(kind): symbology for symbology, kind in _ZBAR.items()}


class Zbar:
    """A zbar image scanner for one symbology. Not thread-safe; keeps its setup between pictures."""

    def __init__(self, symbology: Symbology) -> None:
        kind = _ZBAR[symbology]
        self._scanner = zbar.zbar_image_scanner_create()
        if not self._scanner:
            raise MemoryError("zbar gave no scanner")
        configure = zbar.zbar_image_scanner_set_config
        configure(self._scanner, zbar.ZBarSymbol.NONE, zbar.ZBarConfig.CFG_ENABLE, 0)  # NONE: all of them
        configure(self._scanner, kind, zbar.ZBarConfig.CFG_ENABLE, 1)
        if symbology is Symbology.QR:
            configure(self._scanner, kind, _BINARY, 1)

    def __del__(self) -> None:
        if getattr(self, "_scanner", None):
            zbar.zbar_image_scanner_destroy(self._scanner)

    def read(self, gray: Gray) -> tuple[Reading, ...]:
        gray = np.ascontiguousarray(gray)
        height, width = gray.shape
        image = zbar.zbar_image_create()
        try:
            zbar.zbar_image_set_format(image, _Y800)
            zbar.zbar_image_set_size(image, width, height)
            pixels = ctypes.cast(gray.ctypes.data, ctypes.c_void_p)  # not copied: `gray` outlives `image`
            zbar.zbar_image_set_data(image, pixels, width * height, None)
            zbar.zbar_scan_image(self._scanner, image)
            found: dict[Reading, None] = {}
            symbol = zbar.zbar_image_first_symbol(image)
            while symbol:
                if (symbology := _FROM_ZBAR.get(symbol.contents.type)) is not None:
                    length = zbar.zbar_symbol_get_data_length(symbol)
                    if 0 < length <= LONGEST:
                        data = ctypes.string_at(zbar.zbar_symbol_get_data(symbol), length)
                        found[Reading(symbology=symbology, data=data)] = None
                symbol = zbar.zbar_symbol_next(symbol)
            return tuple(found)
        finally:
            zbar.zbar_image_destroy(image)
