"""Chinese type for the screens.

Debian's Noto Sans CJK is a collection of which Kivy can only open the first face, whose characters are drawn as in
Japan. The simplified Chinese faces are taken out once into a cache folder (0.2 s; `python -m kiosk.fonts` does it
when installing). A collection only points at tables, so taking out means copying them: OpenType 1.9, "Font
collections".
"""

from __future__ import annotations

import logging
import os
import struct
from dataclasses import dataclass
from pathlib import Path

FONTS = Path("/usr/share/fonts")
NOTO = FONTS / "opentype/noto"
MICRO_HEI = FONTS / "truetype/wqy/wqy-microhei.ttc"
SIMPLIFIED = "Noto Sans CJK SC"
_FAMILY = 1  # name table: font family

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Faces:
    """Font files. Without a bold face Kivy draws one from the regular face."""

    regular: Path
    bold: Path


class FontMissing(Exception):
    """There is no Chinese font on this machine; the text says what to install."""


def faces(cache: Path | None = None) -> Faces:
    """The Chinese faces of this machine, taken out of their collection if that has not been done yet.

    Raises:
        FontMissing: there is none.
    """
    folder = cache or Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "bianmin" / "fonts"
    try:
        return Faces(
            regular=_taken_out(NOTO / "NotoSansCJK-Regular.ttc", folder),
            bold=_taken_out(NOTO / "NotoSansCJK-Bold.ttc", folder),
        )
    except (OSError, ValueError) as error:
        log.info("no Noto Sans CJK: %s", error)
    if MICRO_HEI.is_file():
        return Faces(regular=MICRO_HEI, bold=MICRO_HEI)
    raise FontMissing("There is no Chinese font: apt install fonts-noto-cjk (or fonts-wqy-microhei).")


def _taken_out(collection: Path, folder: Path) -> Path:
    """The simplified Chinese face of `collection` as a file of its own."""
    source = collection.stat()
    face = folder / f"{collection.stem}-SC-{source.st_size}.otf"
    if not face.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        fresh = face.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(extract(collection.read_bytes(), SIMPLIFIED))
        fresh.replace(face)
    return face


def extract(collection: bytes, family: str) -> bytes:
    """One font of a TrueType/OpenType collection as a font file.

    Raises:
        ValueError: this is no collection, or it has no such family.
    """
    if collection[:4] != b"ttcf":
        raise ValueError("not a font collection")
    (count,) = struct.unpack_from(">I", collection, 8)
    for start in struct.unpack_from(f">{count}I", collection, 12):
        tables = _tables(collection, start)
        if family in _families(collection[slice(*tables[b"name"])]):
            return _assembled(collection, start, tables)
    raise ValueError(f"the collection has no {family}")


def _tables(collection: bytes, start: int) -> dict[bytes, tuple[int, int]]:
    """Where each table of the font at `start` begins and ends."""
    (count,) = struct.unpack_from(">H", collection, start + 4)
    records = (struct.unpack_from(">4sIII", collection, start + 12 + 16 * n) for n in range(count))
    return {tag: (offset, offset + length) for tag, _, offset, length in records}


def _families(name: bytes) -> set[str]:
    """The family names in a name table."""
    _, count, strings = struct.unpack_from(">HHH", name)
    found = set()
    for n in range(count):
        platform, _, _, name_id, length, offset = struct.unpack_from(">6H", name, 6 + 12 * n)
        if name_id == _FAMILY and platform == 3:
            found.add(name[strings + offset : strings + offset + length].decode("utf-16-be", "replace"))
    return found


def _assembled(collection: bytes, start: int, tables: dict[bytes, tuple[int, int]]) -> bytes:
    """The font's header and tables, its directory pointing at their new places."""
    place = 12 + 16 * len(tables)
    directory, body = bytearray(collection[start : start + 12]), bytearray()
    for n, (begin, end) in enumerate(tables.values()):
        tag, checksum = struct.unpack_from(">4sI", collection, start + 12 + 16 * n)
        directory += struct.pack(">4sIII", tag, checksum, place + len(body), end - begin)
        body += collection[begin:end] + b"\0" * (-(end - begin) % 4)
    return bytes(directory + body)


if __name__ == "__main__":
    print(faces())  # noqa: T201 - its purpose
