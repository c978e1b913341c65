"""The devices at a kiosk, opened as the city's file names them."""

from __future__ import annotations

from dataclasses import replace

from devices.printer import PROFILES, Printer
from devices.transport import open_transport
from queue_server.config import City, ConfigurationError, PrinterSetup


def ticket_printer(city: City, hall: str, kiosk: str, line: str | None, *, patience: float = 1.0) -> Printer:
    """The ticket printer of the file, or one at `line`. `patience` scales how long its answers are waited for.

    Raises:
        ConfigurationError: the file names no printer and neither does `line`, or one of an unknown width.
        ValueError: the line cannot be read.
        FontMissing: characters the printer lacks could not be drawn.
    """
    setup = next(found.printer for found in city.hall(hall).kiosks if found.code == kiosk)
    if setup is None and line is None:
        raise ConfigurationError(f"{city.file}: kiosk {kiosk!r} of {hall} has no printer; give one with --printer")
    setup = setup or PrinterSetup(url="")
    profile = PROFILES.get(f"{setup.width_mm}mm")
    if profile is None:
        raise ConfigurationError(f"{city.file}: a printer's width_mm is one of {', '.join(PROFILES)}")
    return Printer(
        open_transport(line or setup.url), replace(profile, encoding=setup.encoding),
        answer_within=0.5 * patience, confirm_within=3.0 * patience,
        torn=True,  # a receipt of the program before this one may hang from it
    )  # fmt: skip
