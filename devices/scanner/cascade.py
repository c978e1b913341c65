"""Reading one picture: a cheap look at all of it, then dearer looks at the parts that may hold a code.

Each look is a witness and may be wrong: a blurred EAN-13 now and then gives another number with a good check digit.
So a value counts only if nobody says otherwise and enough witnesses agree (`WITNESSES`), and a picture with two
different values is refused: nobody can know which one was meant. `bench/codes.py` measures all this on photos.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from devices.scanner import regions
from devices.scanner.decoders import LINEAR, Unread, Zbar, find_qr, read_zxing
from devices.scanner.flatten import flattened
from devices.scanner.reading import Reading, Symbology
from devices.scanner.regions import Gray

# By measurement: no QR code or Code 128 was ever misread; one EAN-13 in 180 was, and none by two witnesses.
WITNESSES: dict[Symbology | None, int] = {Symbology.QR: 1, Symbology.CODE128: 1, Symbology.EAN13: 2}


class Picture:
    """A grey picture and what has been found out about it so far, so that no look works it out twice."""

    def __init__(self, gray: Gray) -> None:
        if gray.ndim != 2 or gray.dtype != np.uint8:
            raise ValueError(f"not a grey picture of bytes: {gray.shape} {gray.dtype}")
        self.gray = gray
        self._parts: dict[int, list[Gray]] = {}

    @cached_property
    def _cells(self) -> regions.Cells:
        return regions.cells(self.gray)

    @cached_property
    def _bars(self) -> list[regions.Bars]:
        return regions.find_bars(self._cells)

    @cached_property
    def bands(self) -> tuple[Gray, ...]:
        """Rows across the part that looks most like a linear code: its upper half, its lower half; or nothing."""
        return regions.profiles(self.gray, self._bars[0]) if self._bars else ()

    @cached_property
    def other_bands(self) -> tuple[Gray, ...]:
        """The same for the second best part."""
        return regions.profiles(self.gray, self._bars[1]) if len(self._bars) > 1 else ()

    @cached_property
    def _patches(self) -> list[regions.Patch]:
        return regions.find_patches(self._cells, self.gray.shape)

    def patches(self, side: int) -> list[Gray]:
        """The parts that may be a QR code, enlarged or reduced to `side` pixels (see `regions.fitted`)."""
        if side not in self._parts:
            self._parts[side] = [regions.fitted(self.gray, where, side) for where in self._patches]
        return self._parts[side]

    @cached_property
    def symbols(self) -> list[tuple[Gray, tuple[Reading, ...], tuple[Unread, ...]]]:
        """Each patch enlarged, the QR codes in it that are read, and those that are only found."""
        return [(part, *find_qr(part)) for part in self.patches(600)]


Look = Callable[[Picture], Sequence[Reading]]
"""Whatever it reads, once for each witness."""


class Looks:
    """The looks, cheapest first. Not thread-safe (zbar's scanners are kept)."""

    def __init__(self) -> None:
        zbar_qr, zbar_ean = Zbar(Symbology.QR), Zbar(Symbology.EAN13)

        def patches(side: int, read: Callable[[Gray], Sequence[Reading]]) -> Look:
            return lambda picture: [reading for part in picture.patches(side) for reading in read(part)]

        def bars(read: Callable[[Gray], Sequence[Reading]], *, other: bool = False) -> Look:
            def look(picture: Picture) -> list[Reading]:
                return [r for rows in (picture.other_bands if other else picture.bands) for r in read(rows)]

            return look

        qr = (Symbology.QR,)
        slow: dict[str, Look] = {
            "bars": bars(lambda rows: read_zxing(rows, LINEAR)),
            "patch": lambda picture: [reading for _, read, _ in picture.symbols for reading in read],
            "patch, flattened": _flattened,
            "patch, sharpened": patches(300, lambda part: read_zxing(regions.sharpened(part, 4, 2.0), qr)),
            "bars, zbar": bars(zbar_ean.read),
            "other bars": bars(lambda rows: read_zxing(rows, LINEAR), other=True),
            "patch, global": patches(600, lambda part: read_zxing(part, qr, global_threshold=True)),
            "patch, zbar": patches(200, zbar_qr.read),
        }
        self.photo: dict[str, Look] = {"whole": lambda picture: read_zxing(picture.gray), **slow}
        """For a still picture, one after the other until it is settled."""
        self.fast: Look = lambda picture: read_zxing(picture.gray, qr)
        """For every frame of a camera."""
        self.turns: dict[str, Look] = {"whole, bars": lambda picture: read_zxing(picture.gray, LINEAR), **slow}
        """For a camera besides the fast one: one a frame, in turn."""


def _flattened(picture: Picture) -> Sequence[Reading]:
    """A QR code that is found and not read may lie on something that is not flat."""
    for part, _, unread in picture.symbols:
        for code in unread[:1]:
            for flat in flattened(part, code.corners, code.modules):
                if read := read_zxing(flat, (Symbology.QR,)):
                    return read
    return ()


class Verdict(StrEnum):
    NOTHING = "nothing"
    READ = "read"
    DOUBTFUL = "doubtful"
    """Too few witnesses for a value."""
    REFUSED = "refused"
    """Two different values in one picture."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """`reading` is None unless READ. `look`: the name of the look that settled it."""

    verdict: Verdict
    reading: Reading | None = None
    look: str = ""


def read_photo(gray: Gray, looks: Looks) -> Seen:
    """One still picture (height, width), all looks until it is settled. For a camera's frames: `watch.Watch`."""
    picture = Picture(gray)
    votes: Counter[Reading] = Counter()
    for name, look in looks.photo.items():
        votes.update(look(picture))
        if len(votes) > 1:
            return Seen(verdict=Verdict.REFUSED, look=name)
        for reading, count in votes.items():
            if count >= WITNESSES[reading.symbology]:
                return Seen(verdict=Verdict.READ, reading=reading, look=name)
    return Seen(verdict=Verdict.DOUBTFUL if votes else Verdict.NOTHING)
