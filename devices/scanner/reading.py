"""What every scanner gives, however it is connected, and how it is. What a code says is hostile until verified."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

LONGEST = 2953  # bytes: the most a QR code can hold (version 40-L, ISO/IEC 18004 table 7); more is no code


class Symbology(StrEnum):
    QR = "QR"
    CODE128 = "CODE128"
    EAN13 = "EAN13"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one code says: 1..LONGEST bytes, nothing else known about them. `symbology` is None if it was not told."""

    data: bytes
    symbology: Symbology | None = None

    @property
    def text(self) -> str:
        """Strict UTF-8, else the charset this symbology is used with here; bytes that fit neither become U+FFFD.

        QR codes carry GB18030 in China whatever ISO/IEC 18004 says; Code 128 means ISO 8859-1 (ISO/IEC 15417, FNC4).
        """
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError:
            legacy = "iso-8859-1" if self.symbology is Symbology.CODE128 else "gb18030"
            return self.data.decode(legacy, "replace")


class Health(StrEnum):
    UNKNOWN = "unknown"
    """Nothing heard yet since it was connected. Scanners that only speak when they scan are not asked."""
    READY = "ready"
    UNPLUGGED = "unplugged"
    """It is not there, is used by another program, or takes no bytes."""
    SILENT = "silent"
    """It is connected and does not answer (no power, wrong port, wrong baud rate), or gives no pictures."""
    GARBLED = "garbled"
    """Something comes, but nothing a scanner would say (wrong baud rate, bad cable, another device)."""
    BLIND = "blind"
    """The camera's pictures show nothing: covered, no light, or light straight into it."""
    STUCK = "stuck"
    """The camera gives the same picture again and again, to the last bit."""


class CodeSource(Protocol):
    """What a kiosk needs of any scanner. For one thread; nothing here raises for what a wire or a scanner does."""

    @property
    def health(self) -> Health: ...

    def check(self) -> Health:
        """See how it is, while no code is wanted; every few seconds. Codes shown meanwhile are thrown away."""

    def begin(self) -> None:
        """A code is wanted from now on (light and aim go on where they can); what was shown before does not count."""

    def scan(self, within: float) -> Reading | None:
        """The next code, waiting up to `within` seconds. A code held in place is given once."""

    def end(self) -> None:
        """No code is wanted any more."""

    def close(self) -> None: ...


class Once:
    """Lets a code pass once for each time it is shown: again only after `gone` seconds without it."""

    def __init__(self, gone: float) -> None:
        self._gone = gone
        self._last: tuple[Reading, float] | None = None

    def passes(self, reading: Reading, now: float) -> bool:
        last, self._last = self._last, (reading, now)
        return last is None or last[0] != reading or now - last[1] > self._gone

    def forget(self) -> None:
        self._last = None
