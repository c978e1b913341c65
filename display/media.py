"""Pictures and videos of the boards' notices: which files of the folder can be shown, and what is wrong with others."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import gevent
from PIL import Image

from display.notices import is_video
from queue_server.domain.configuration import BoardNotice

LOOK_EVERY = 20.0
"""Seconds until a file that was put into the folder, or mended, is noticed."""

MP4, WEBM = b"ftyp", b"\x1aE\xdf\xa3"
"""At byte 4 of an MP4 file (ISO/IEC 14496-12), and at the start of a WebM file (EBML, RFC 8794)."""

log = logging.getLogger("bianmin.display")


class Media:
    """The folder of media. A file that cannot be shown is passed over, logged once, and told in `faults`."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.faults: dict[str, str] = {}
        self._seen: dict[str, tuple[object, str]] = {}

    def usable(self, notices: Sequence[BoardNotice]) -> tuple[BoardNotice, ...]:
        """The notices that can be shown, as far as the files have been looked at."""
        return tuple(n for n in notices if n.file is None or self._seen.get(n.file, (None, "not looked at"))[1] == "")

    def look(self, notices: Sequence[BoardNotice]) -> bool:
        """Look at the files that are new or have changed; whether what can be shown is something else now."""
        before = {name: fault for name, (_, fault) in self._seen.items()}
        names = [notice.file for notice in notices if notice.file is not None]
        self._seen = {name: self._look_at(name) for name in names}
        after = {name: fault for name, (_, fault) in self._seen.items()}
        self.faults = {name: fault for name, fault in after.items() if fault}
        for name, fault in self.faults.items():
            if before.get(name) != fault:
                log.warning("the boards pass over %s: %s", name, fault)
        return before != after

    def _look_at(self, name: str) -> tuple[object, str]:
        if self.folder is None:
            return None, "no folder of media is given"
        path = self.folder / name
        try:
            stat = path.stat()
            stamp = stat.st_mtime_ns, stat.st_size
            known = self._seen.get(name)
            if known is not None and known[0] == stamp:
                return known
            check = _video_fault if is_video(name) else _picture_fault
            return stamp, gevent.get_hub().threadpool.apply(check, (path,))
        except OSError as error:
            return None, error.strerror or str(error)


def _video_fault(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(8)
    return "" if head[4:] == MP4 or head[:4] == WEBM else "this is no MP4 or WebM video"


def _picture_fault(path: Path) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        return f"this picture cannot be read: {error}"
    return ""
