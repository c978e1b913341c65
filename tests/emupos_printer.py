"""A printer that other people wrote: emupos reads our bytes, prints them its own way and answers our questions.

emupos 0.4 asks for Python 3.13, but what it needs of it are two spellings, `type X = …` and `def f[T](…)`; both are
given in the older spelling as its files are loaded here. Nothing of its work is changed. It knows no Chinese: it
prints each byte as one letter of code page 437 in a cell of 12 dots, so two for a Chinese character, as wide as the
printer's own, and `text` puts the bytes together again.
"""

from __future__ import annotations
import __future__

import re
import sys
import time
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

FOLDER = Path(sys.prefix) / "emupos"  # where deploy/install puts it


class _OlderSpelling(SourceFileLoader):
    def source_to_code(self, data: Any, path: Any, *, _optimization: int = -1) -> CodeType:  # type: ignore[override]
        text = re.sub(r"^type (\w+) =", r"\1 =", bytes(data).decode(), flags=re.MULTILINE)
        text = re.sub(r"^(def \w+)\[\w+\]\(", r"\1(", text, flags=re.MULTILINE)
        return compile(text, path, "exec", __future__.annotations.compiler_flag, dont_inherit=True)


class _Finder(MetaPathFinder):
    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name.partition(".")[0] != "emupos":
            return None
        spec = PathFinder.find_spec(name, path or [str(FOLDER)], target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _OlderSpelling(spec.loader.name, spec.loader.path)
        return spec


sys.meta_path.insert(0, _Finder())

from emupos.config import demo_config  # noqa: E402
from emupos.events import EventType  # noqa: E402
from emupos.printer.printer import Printer, PrinterFault, PrinterOutput  # noqa: E402


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One receipt that was cut off: its lines in GB18030, a QR code as `[qr TEXT]`, and its picture."""

    lines: list[str]
    png: bytes

    @property
    def said(self) -> list[str]:
        return [line.strip() for line in self.lines if line.strip()]


class EmuposPrinter:
    """A `Simulated` device: an Epson TM-T20III as emupos understands it, but `dots` wide."""

    def __init__(self, dots: int = 576) -> None:
        profile = demo_config("linux").printer_profile("front").model_copy(update={"width_dots": dots})
        self._printer = Printer("front", profile, sensor_open_level="high", job_idle_timeout_ms=60_000)
        self._printer.open_connection("kiosk", time.monotonic())
        self.papers: list[Paper] = []
        self.unknown: list[
            object
        ] = []  # commands by name that it reads and does not carry out, and bytes it cannot read

    def receive(self, data: bytes) -> bytes:
        return self._take(self._printer.receive("kiosk", data, time.monotonic()))

    def tick(self, now: float) -> bytes:
        return self._take(self._printer.tick(now))

    def suffer(self, fault: PrinterFault) -> None:
        self._take(self._printer.set_fault(fault, True, time.monotonic()))

    def recover(self, fault: PrinterFault) -> None:
        self._take(self._printer.set_fault(fault, False, time.monotonic()))

    def _take(self, output: PrinterOutput) -> bytes:
        self.papers += [
            Paper(lines=receipt.text.encode("cp437").decode("gb18030").split("\n"), png=receipt.png)
            for receipt in output.receipts
        ]
        strange = [event.data for event in output.events if event.type is EventType.PRINTER_COMMAND_UNKNOWN]
        self.unknown += [data.get("command", data["bytes"]) for data in strange]
        return b"".join(write.data for write in output.writes)
