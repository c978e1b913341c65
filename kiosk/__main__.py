"""`python -m kiosk`: one kiosk of a hall."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import click

from devices.id_card.driver import IdCardReader
from devices.printer import FontMissing
from devices.printer.receipt import QR_BYTES
from devices.scanner.driver import open_scanner
from devices.transport import open_transport
from kiosk import fonts, texts, watchdog, window
from kiosk.appearance import Appearance, AppearanceError
from kiosk.equipment import ticket_printer
from kiosk.patience import PATIENCE
from kiosk.pin import PinError, set_pin
from kiosk.receipt import ticket_url
from kiosk.servicing import Recent
from kiosk.session import Comfort
from queue_server.config import ConfigurationError, load
from queue_server.config import always_open as without_closing_times
from queue_server.config.appearance import AppearanceSetup
from queue_server.domain.codes import LONGEST_TOKEN
from queue_server.journal.store import StoreError
from queue_server.logs import log_to_stderr

if TYPE_CHECKING:
    from kivy.uix.widget import Widget

START_AGAIN = 75
"""Exit status of a kiosk that wants to be started again (EX_TEMPFAIL of sysexits.h)."""


def _size(_: click.Context, __: click.Parameter, text: str) -> tuple[int, int]:
    width, _x, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and min(int(width), int(height)) >= 360):
        raise click.BadParameter("write it like 1080x1920, at least 360 pixels each way")
    return int(width), int(height)


def _set_pin(context: click.Context, _: click.Parameter, folder: Path | None) -> None:
    if folder is None:
        return
    digits = click.prompt("New PIN of the service screen (6 to 12 digits)", hide_input=True, confirmation_prompt=True)
    try:
        set_pin(folder, digits)
    except (PinError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo("The PIN is set.")
    context.exit()


@click.command()
@click.option("--config", type=click.Path(path_type=Path), required=True, help="The city's YAML file.")
@click.option("--hall", required=True, help="The hall's code.")
@click.option("--kiosk", required=True, help="This kiosk's code.")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder for this kiosk's journals.")
@click.option("--server", help="The hall server, http://HOST:PORT. Without it the kiosk works cut off.")
@click.option("--printer", "line", help="Where the printer is, instead of what the file says: serial:…, tcp:…, file:….")
@click.option("--id-card", "reader", help="The same for the ID card reader: serial:…, tcp:….")
@click.option("--scanner", help="The same for the scanner: serial:…, tcp:…, keyboard:…, camera:….")
@click.option("--public-url", help="Where residents reach the pages of tickets; the server if not given.")
@click.option("--size", callback=_size, default="1080x1920", show_default=True, help="Window in pixels, either way up.")
@click.option("--fullscreen", is_flag=True, help="Fill the panel, without a pointer.")
@click.option("--picture-port", type=click.IntRange(0, 65535), help="Live picture on this local port; 0 takes any.")
@click.option("--always-open", is_flag=True, help="Ignore opening hours (demo and tests).")
@click.option("--watch", is_flag=True, help="Start the kiosk again whenever it hangs or ends, where systemd does not.")
@click.option("--silence", type=float, default=watchdog.SILENCE, hidden=True, help="With --watch: s until it hangs.")
@click.option(
    "--set-pin", type=click.Path(path_type=Path), metavar="DATA", callback=_set_pin, is_eager=True, expose_value=False,
    help="Ask for the PIN of the service screen of the kiosk with this data folder, set it, and end.",
)  # fmt: skip
@click.option("--patience", type=click.FloatRange(0.001), default=1.0, hidden=True, help="Scale of all time-outs.")
@click.option("--log-level", default="warning", show_default=True, help="Of the JSON lines on stderr.")
def main(
    config: Path, hall: str, kiosk: str, data: Path, server: str | None, line: str | None, reader: str | None,
    scanner: str | None, public_url: str | None, size: tuple[int, int], fullscreen: bool, picture_port: int | None,
    always_open: bool, watch: bool, silence: float, patience: float, log_level: str,
) -> None:  # fmt: skip
    """Run one kiosk: residents choose a service and take a printed ticket."""
    recent = Recent()
    log_to_stderr(log_level, recent)
    if watch:
        again = [argument for argument in sys.argv[1:] if argument != "--watch"]
        sys.exit(watchdog.watch([sys.executable, "-m", "kiosk", *again], silence=silence))
    try:
        city = load(config)
        configuration = city.configuration(hall)
        if kiosk not in configuration.kiosk:
            raise ConfigurationError(f"{config}: {hall} has no kiosk {kiosk!r}; it has {list(configuration.kiosk)}")
        file = city.hall(hall)
        setup = next(found for found in file.kiosks if found.code == kiosk)
        public_url = public_url or server or "http://localhost"
        if len(ticket_url(public_url, "").encode()) + LONGEST_TOKEN > QR_BYTES:
            raise ConfigurationError("--public-url is too long for the code on a ticket")
        printer = ticket_printer(city, hall, kiosk, line)
        reader = reader or (setup.id_card.url if setup.id_card else None)
        scanner = scanner or (setup.scanner.line if setup.scanner else None)
        card_reader = None if reader is None else IdCardReader(open_transport(reader))
        code_scanner = None if scanner is None else open_scanner(scanner)
        wished = file.appearance or city.appearance
        languages = texts.with_own(texts.load(), wished.texts)
        window.prepare(
            size=size, faces=fonts.faces(), home=data / "kivy", fullscreen=fullscreen,
            panel_mm=(round(setup.panel_mm[0]), round(setup.panel_mm[1])),
            appearance=_appearance(wished, config),
        )  # fmt: skip
    except (ConfigurationError, AppearanceError, fonts.FontMissing, FontMissing, ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error

    from kiosk.app import KioskApp  # noqa: PLC0415 - it opens the window, so the window must be prepared
    from kiosk.station import Station  # noqa: PLC0415

    beats = watchdog.Beats()
    app = KioskApp(patience=PATIENCE.scaled(patience), alive=lambda: beats.beat("screen"))
    try:
        station = Station(
            configuration=without_closing_times(configuration) if always_open else configuration,
            kiosk=kiosk, printer=printer, folder=data, public_url=public_url,
            server=server, answer=app.post, languages=languages, card_reader=card_reader, scanner=code_scanner,
            halls={other.code: city.configuration(other.code).name for other in city.halls if other.code != hall},
            lines=lambda: recent.lines(configuration.timezone), restart=lambda: app.leave(START_AGAIN),
            alive=lambda: beats.beat("desk"),
        )  # fmt: skip
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: app.leave())
    watched = watchdog.Watchdog(beats, orphaned=app.leave)

    def opened(root: Widget) -> None:
        _serve_picture(root, picture_port)
        watched.start()

    station.start()
    try:
        app.show(station, opened=opened)
    finally:
        watched.stop()
        station.stop()
    sys.exit(app.status)


def _appearance(wished: AppearanceSetup, config: Path) -> Appearance:
    """How this hall wants its kiosks to look; paths are relative to the city's file."""
    folder = config.parent
    try:
        return Appearance(
            colours=MappingProxyType(wished.colours), logo=folder / wished.logo if wished.logo else None,
            banner=tuple(folder / picture for picture in wished.banner), banner_seconds=wished.banner_seconds,
            columns=wished.columns, usual=Comfort(**vars(wished.usual)),
            voice=folder / wished.voice if wished.voice else None,
        )  # fmt: skip
    except AppearanceError as error:
        raise AppearanceError(f"{config}: appearance: {error}") from error


def _serve_picture(root: Widget, port: int | None) -> None:
    if port is not None:
        from kiosk.live import Live  # noqa: PLC0415 - costs start time where nobody looks

        click.echo(f"http://127.0.0.1:{Live(root, port).port}/")


if __name__ == "__main__":
    main()
