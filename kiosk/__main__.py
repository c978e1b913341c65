"""`python -m kiosk`: one kiosk of a hall."""

from __future__ import annotations

import logging
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devices.id_card.driver import IdCardReader
from devices.printer import PROFILES, FontMissing, Printer
from devices.scanner.driver import open_scanner
from devices.transport import open_transport
from kiosk import fonts, window
from kiosk.flow import PATIENCE
from kiosk.supervision import Device
from queue_server.config import City, ConfigurationError, PrinterSetup, load
from queue_server.config import always_open as without_closing_times
from queue_server.journal.store import StoreError

if TYPE_CHECKING:
    from kivy.uix.widget import Widget


def _size(_: click.Context, __: click.Parameter, text: str) -> tuple[int, int]:
    width, _x, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and min(int(width), int(height)) >= 360):
        raise click.BadParameter("write it like 1080x1920, at least 360 pixels each way")
    return int(width), int(height)


@click.command()
@click.option("--config", type=click.Path(path_type=Path), required=True, help="The city's YAML file.")
@click.option("--hall", required=True, help="The hall's code.")
@click.option("--kiosk", required=True, help="This kiosk's code.")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder for this kiosk's journals.")
@click.option("--server", help="The hall server, http://HOST:PORT. Without it the kiosk works cut off.")
@click.option("--printer", "line", help="Where the printer is, instead of what the file says: serial:…, tcp:…, file:….")
@click.option("--public-url", help="Where residents reach the pages of tickets; the server if not given.")
@click.option("--size", callback=_size, default="1080x1920", show_default=True, help="Window in pixels, either way up.")
@click.option("--fullscreen", is_flag=True, help="Fill the panel, without a pointer.")
@click.option("--picture-port", type=click.IntRange(0, 65535), help="Live picture on this local port; 0 takes any.")
@click.option("--always-open", is_flag=True, help="Ignore opening hours (demo and tests).")
@click.option("--patience", type=click.FloatRange(0.001), default=1.0, hidden=True, help="Scale of all time-outs.")
@click.option("--log-level", default="warning", show_default=True)
def main(
    config: Path, hall: str, kiosk: str, data: Path, server: str | None, line: str | None, public_url: str | None,
    size: tuple[int, int], fullscreen: bool, picture_port: int | None, always_open: bool, patience: float,
    log_level: str,
) -> None:  # fmt: skip
    """Run one kiosk: residents choose a service and take a printed ticket."""
    logging.basicConfig(level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        city = load(config)
        configuration = city.configuration(hall)
        if kiosk not in configuration.kiosk:
            raise ConfigurationError(f"{config}: {hall} has no kiosk {kiosk!r}; it has {list(configuration.kiosk)}")
        printer = _printer(city, hall, kiosk, line)
        devices = _devices(city, hall, kiosk)
        window.prepare(size=size, faces=fonts.faces(), home=data / "kivy", fullscreen=fullscreen)
    except (ConfigurationError, fonts.FontMissing, FontMissing, ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error

    from kiosk.app import KioskApp  # noqa: PLC0415 - it opens the window, so the window must be prepared
    from kiosk.station import Station  # noqa: PLC0415

    app = KioskApp(patience=PATIENCE.scaled(patience))
    try:
        station = Station(
            configuration=without_closing_times(configuration) if always_open else configuration,
            kiosk=kiosk, printer=printer, folder=data, public_url=public_url or server or "http://localhost",
            server=server, answer=app.post, devices=devices,
        )  # fmt: skip
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: app.leave())
    station.start()
    try:
        app.show(station, opened=lambda root: _serve_picture(root, picture_port))
    finally:
        station.stop()


def _printer(city: City, hall: str, kiosk: str, line: str | None) -> Printer:
    """The ticket printer of the file, or the one at `line`."""
    setup = next(k.printer for k in city.hall(hall).kiosks if k.code == kiosk)
    if setup is None and line is None:
        raise ConfigurationError(f"{city.file}: kiosk {kiosk!r} of {hall} has no printer; give one with --printer")
    setup = setup or PrinterSetup(url="")
    profile = PROFILES.get(f"{setup.width_mm}mm")
    if profile is None:
        raise ConfigurationError(f"{city.file}: a printer's width_mm is one of {', '.join(PROFILES)}")
    return Printer(open_transport(line or setup.url), replace(profile, encoding=setup.encoding))


def _devices(city: City, hall: str, kiosk: str) -> dict[str, Device]:
    """The drivers of what the file says stands at this kiosk, the printer apart."""
    setup = next(k for k in city.hall(hall).kiosks if k.code == kiosk)
    devices: dict[str, Device] = {}
    if setup.id_card is not None:
        devices["id_card"] = IdCardReader(open_transport(setup.id_card.url))
    if setup.scanner is not None:
        devices["scanner"] = open_scanner(setup.scanner.line)
    return devices


def _serve_picture(root: Widget, port: int | None) -> None:
    if port is not None:
        from kiosk.live import Live  # noqa: PLC0415 - costs start time where nobody looks

        click.echo(f"http://127.0.0.1:{Live(root, port).port}/")


if __name__ == "__main__":
    main()
