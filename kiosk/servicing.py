"""What a technician does at the kiosk, and what the kiosk tells of itself."""

from __future__ import annotations

import logging
import shutil
from collections import deque
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import assert_never

from kiosk.kept import keep, kept
from kiosk.session import ServiceAct
from kiosk.surroundings import DeviceNow, Machine, ServiceReport
from kiosk.ticketing import Ticketing
from queue_server.domain.calendar import local
from queue_server.domain.events import Instant

LOG_LINES = 30
_MEGABYTE = 1_000_000

log = logging.getLogger(__name__)


def version() -> str:
    """Of the product, as installed."""
    try:
        return installed("bianmin")
    except PackageNotFoundError:
        return "?"


class Recent(logging.Handler):
    """The last lines of the log, for the service screen. Nothing in our log names a resident."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._lines: deque[tuple[Instant, str]] = deque(maxlen=LOG_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append((round(record.created * 1000), f"{record.levelname.lower()} {record.getMessage()}"))

    def lines(self, timezone: str) -> tuple[str, ...]:
        """Oldest first, with the time as the hall has it."""
        return tuple(f"{local(timezone, at):%m-%d %H:%M:%S} {said}" for at, said in self._lines.copy())


class Servicing:
    """Acts are done in the desk's thread; the report may be asked for from any."""

    def __init__(
        self, folder: Path, ticketing: Ticketing, *, look: Callable[[], Machine], restart: Callable[[], None]
    ) -> None:
        """`look` asks the printer and the disk; `restart` ends the program so that it is started again."""
        self._folder, self._ticketing, self._look, self._restart = folder, ticketing, look, restart
        self._aside = bool(kept(folder / "aside.json").get("aside"))

    def machine(self, found: Machine) -> Machine:
        """The machine as it was found, unless somebody has set it aside."""
        return Machine.OUT_OF_SERVICE if self._aside else found

    def do(self, act: ServiceAct) -> bool:
        """Whether it worked."""
        log.warning("service: %s", act)
        match act:
            case ServiceAct.TEST_PRINT:
                return self._ticketing.print_test_page(version())
            case ServiceAct.REPRINT:
                return self._ticketing.reprint()
            case ServiceAct.PAPER_CHANGED:
                return self._look() is Machine.READY
            case ServiceAct.OUT_OF_SERVICE:
                return self._set_aside(True)
            case ServiceAct.IN_SERVICE:
                return self._set_aside(False)
            case ServiceAct.RESTART:
                self._restart()
                return True
            case _:
                assert_never(act)

    def _set_aside(self, aside: bool) -> bool:
        """Kept over a restart; a full disk lets it hold until then, and says that it did not work."""
        self._aside = aside
        return keep(self._folder / "aside.json", {"aside": aside})

    def report(self, devices: tuple[DeviceNow, ...], unsent: int, lines: tuple[str, ...]) -> ServiceReport:
        return ServiceReport(
            version=version(), devices=devices, unsent=unsent, tickets_today=self._ticketing.tickets_today(),
            disk_free=shutil.disk_usage(self._folder).free // _MEGABYTE, log=lines,
        )  # fmt: skip
