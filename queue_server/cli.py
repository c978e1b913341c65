"""`bianmin …`: every program of the product by name."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click

from queue_server.logs import log_to_stderr

DEVICE_KINDS = ("printer", "id_card", "scanner", "led_sign", "rating_pad", "call_pad", "speech_board")
DEMO_CITY = Path(__file__).parent.parent / "config" / "jurong.yaml"


@click.group()
@click.option(
    "--log-level",
    default="warning",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="What is logged, as JSON lines on stderr; info logs every request.",
)
@click.version_option(package_name="bianmin")
def main(log_level: str) -> None:
    """便民: kiosks, queue calling and evaluation for service halls."""
    log_to_stderr(log_level)


_city = click.option(
    "--config", "city", type=click.Path(path_type=Path), default=DEMO_CITY, show_default=True, help="The city's YAML."
)
_folder = click.option(
    "--data", "folder", type=click.Path(path_type=Path), default=Path("data"), show_default=True, help="Journals."
)


@main.command()
@_city
@_folder
@click.option("--hall", "halls", multiple=True, help="Halls to run; all of the file if none is named.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, type=click.IntRange(0, 65535), show_default=True, help="0 takes a free one.")
@click.option("--always-open", is_flag=True, help="Ignore opening hours (demo and tests).")
@click.option("--followers", default=2000, show_default=True, help="Most followers of one hall's feed.")
@click.option(
    "--await-kiosks", default=5.0, show_default=True, help="Seconds kiosks have after a start to say what they know."
)
@click.option("--forecast/--no-forecast", default=True, help="Foresee waits, in a process of their own.")
@click.option("--links", default="{}", hidden=True, help="What the demo's start page links to, as JSON.")
def hall(
    city: Path,
    folder: Path,
    halls: tuple[str, ...],
    host: str,
    port: int,
    always_open: bool,
    followers: int,
    await_kiosks: float,
    forecast: bool,
    links: str,
) -> None:
    """Run the hall server."""
    import gevent
    from gevent.event import Event

    from queue_server.app import NotAllowed, check_address, create_app, keep_advising, keep_days, open_halls
    from queue_server.config import ConfigurationError, load
    from queue_server.domain.refusal import Refused
    from queue_server.journal.store import StoreError
    from queue_server.serving import serve

    try:
        check_address(host)
        loaded = load(city)
        codes = halls or tuple(h.code for h in loaded.halls)
        running = open_halls(
            loaded, codes, folder, round_the_clock=always_open, followers=followers, await_kiosks=await_kiosks,
            forecast=forecast,
        )  # fmt: skip
        app = create_app(running, start_page=json.loads(links))
        server = serve(app, host, port)
    except Refused as refused:  # to open the day: the clock is behind the journal
        raise click.ClickException(refused.detail) from refused
    except (NotAllowed, ConfigurationError, StoreError, OSError) as error:
        raise click.ClickException(str(error)) from error
    gc.freeze()  # what is here now stays; and a day's tickets are no garbage, so look for it rarely
    gc.set_threshold(50_000, 20, 100)
    gevent.spawn(keep_days, running)
    gevent.spawn(keep_advising, app)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, stop.set)
    name = f"[{host}]" if ":" in host else host
    click.echo(f"http://{name}:{server.server_port}/  ({', '.join(codes)})")
    stop.wait()
    server.stop(timeout=1)
    running.close()


@main.command()
@_city
@click.option("--data", "folder", type=click.Path(path_type=Path), default=Path("data/demo"), show_default=True)
@click.option("--hall", "code", default="JR-CITY", show_default=True, help="Which hall of the file.")
@click.option("--kiosk", default="K1", show_default=True)
@click.option("--crowd", default=4.0, show_default=True, help="How much faster than real people; 0: you are the crowd.")
@click.option("--leave", multiple=True, default=("1",), show_default=True, help="Windows the crowd leaves to you.")
@click.option("--port", default=8080, show_default=True, help="The start page; the others take the next free ones.")
@click.option("--size", default="1080x1920", show_default=True, help="The kiosk's panel, 1080x1920 or 1920x1080.")
@click.option("--fresh", is_flag=True, help="Forget the demo's earlier days.")
def demo(
    city: Path,
    folder: Path,
    code: str,
    kiosk: str,
    crowd: float,
    leave: tuple[str, ...],
    port: int,
    size: str,
    fresh: bool,
) -> None:
    """Run a whole hall on this machine: server, kiosk, board, printer, and a crowd."""
    import shutil
    import threading

    from queue_server.config import ConfigurationError, load
    from queue_server.demo.programs import Demo, StartFailed, run

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        configuration = load(city).configuration(code)
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        click.echo(f"便民 · {configuration.name.zh}")
        whole = Demo(city=city, hall=code, kiosk=kiosk, folder=folder, crowd=crowd, leave=leave, port=port, size=size)
        run(whole, say=click.echo, stopped=stop.wait)
    except (ConfigurationError, StartFailed, OSError) as error:
        raise click.ClickException(str(error)) from error


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--hall", "code", required=True, help="The hall the appointments are for.")
@click.option("--server", default="http://127.0.0.1:8080", show_default=True, help="Its server.")
@click.option("--out", type=click.Path(path_type=Path), help="Write reference, id and code of each to this CSV.")
def appointments(file: Path, code: str, server: str, out: Path | None) -> None:
    """Book the appointments of a CSV file.

    Its columns are service, slot (as in `2026-11-23 10:30`), reference and id_number; a row has one of the last two
    or both. If a row is wrong nothing is booked. A file may be imported again: what is booked already stays as it is.
    """
    from queue_server import booking_file

    booked: list[booking_file.Booked] = []
    refused = 0
    try:
        desk = booking_file.Desk(server, code)
        rows = booking_file.read(file, desk.now())
        for row, outcome in desk.book(rows):
            if isinstance(outcome, str):
                click.echo(f"{file}:{row.line}: {outcome}", err=True)
                refused += 1
            else:
                booked.append(outcome)
    except booking_file.Mistakes as mistakes:
        raise click.ClickException(f"nothing was booked\n{mistakes}") from mistakes
    except booking_file.NotBooked as error:
        raise click.ClickException(f"{error}\n{len(booked)} booked so far; the file may be imported again") from error
    finally:
        if out is not None and booked:
            try:
                booking_file.write(out, booked)
            except OSError as error:
                click.echo(f"{out}: cannot be written, import the file again: {error.strerror}", err=True)
                refused += 1
    click.echo(f"{len(booked)} booked" + (f", {refused} refused" if refused else ""))
    if refused:
        sys.exit(1)


@main.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_city
@_folder
@click.option("--hall", "code", required=True, help="The hall that is to learn from it.")
@click.option("--of", "name", help="Only rows whose column `hall` says this; needed if the file has several halls.")
@click.option("--skip-bad-rows", is_flag=True, help="Leave out rows that are wrong instead of stopping.")
def import_(file: Path, city: Path, folder: Path, code: str, name: str | None, skip_bad_rows: bool) -> None:
    """Let a hall learn from the log of its old system, until it has days enough of its own.

    FILE is as for `bianmin backtest`. It teaches when people come, and, where finishes and windows are known, how long
    services take. A file of the same name replaces what was imported before; the journal is not touched. A running
    server learns from it within a minute.
    """
    from queue_server.backtest.importing import bring_in
    from queue_server.backtest.reading import LogError
    from queue_server.config import ConfigurationError, load

    try:
        told = bring_in(file, load(city).configuration(code), folder, of=name, skip_bad=skip_bad_rows)
    except (LogError, ConfigurationError, OSError) as error:
        raise click.ClickException(str(error)) from error
    for line in told.warnings:
        click.echo(line, err=True)
    for line in told.lines:
        click.echo(line)


@main.command()
@click.argument("journal", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def verify(journal: Path) -> None:
    """Walk a journal's hash chain and say whether anything in it was changed."""
    from queue_server.journal.verify import verify as walk

    try:
        reports = walk(journal)
    except OSError as error:
        raise click.ClickException(str(error)) from error
    for report in reports:
        click.echo(str(report))
    if not all(report.sound for report in reports):
        sys.exit(1)


@main.command()
@_city
@click.option("--hall", "codes", multiple=True, help="Halls whose devices to examine; all of the file if none is.")
@click.option("--kiosk", "kiosks", multiple=True, help="Only this kiosk's devices; so on the kiosk itself.")
@click.option("--windows", is_flag=True, help="Only signs, pads and speech boards (and of the kiosks named).")
@click.option("--listen", default=6.0, type=click.FloatRange(0, 60), help="Seconds to scan with a silent scanner.")
@click.option("--simulate", is_flag=True, help="Examine simulators in their place, sound ones and broken ones.")
def doctor(
    city: Path, codes: tuple[str, ...], kiosks: tuple[str, ...], windows: bool, listen: float, simulate: bool
) -> None:
    """Examine every device and say what is wrong with it and what to do. Ends with 0 if all are well."""
    from queue_server.config import ConfigurationError, load
    from queue_server.config.devices import chosen

    try:
        loaded = load(city)
        halls = {code: loaded.hall(code) for code in codes or [hall.code for hall in loaded.halls]}
        devices = chosen(halls, kiosks=kiosks, windows=windows)
    except (ConfigurationError, LookupError) as error:
        raise click.ClickException(str(error)) from error
    options = ["--listen", str(listen), *(["--simulate"] if simulate else [])]
    program = [sys.executable, "-m", "devices.doctor", *options]
    sys.exit(subprocess.run(program, input=json.dumps(devices).encode(), check=False).returncode)


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": ()})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def display(arguments: tuple[str, ...]) -> None:
    """Serve a hall's boards, signs and ticket pages; speak for it."""
    os.execv(sys.executable, [sys.executable, "-m", "display", *arguments])  # noqa: S606 - our own program


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": ()})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def voice(arguments: tuple[str, ...]) -> None:
    """Make, list and look over the clips a hall speaks with."""
    os.execv(sys.executable, [sys.executable, "-m", "display.voice", *arguments])  # noqa: S606 - our own program


@main.group()
def devices() -> None:
    """Simulated devices, and what is plugged into this machine."""


@devices.command("list")
def list_devices() -> None:
    """Say which kinds of devices there are and how each is written, and which ports this machine has."""
    os.execv(sys.executable, [sys.executable, "-m", "devices.doctor", "--list"])  # noqa: S606 - our own program


@devices.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("kind", metavar="KIND", type=click.Choice(DEVICE_KINDS))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def simulate(kind: str, arguments: tuple[str, ...]) -> None:
    """Run a simulated device.

    KIND is printer, id_card, scanner, led_sign, rating_pad, call_pad or speech_board. Say where it is (--tcp PORT or
    --pty LINK); `simulate KIND --help` tells the rest. It says its url, which goes into the YAML; faults are typed
    into it.
    """
    program = [sys.executable, "-m", f"devices.{kind}.simulator", *arguments]
    os.execv(sys.executable, program)  # noqa: S606 - our own program


@main.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option("--test-from", "start", metavar="DATE", help="First day that is judged; else the last third of the days.")
@click.option("--json", "out", type=click.Path(path_type=Path, dir_okay=False), help="Write all figures here.")
@click.option("--skip-bad-rows", is_flag=True, help="Leave out rows that are wrong instead of stopping.")
@click.option("--simulate", "simulated", is_flag=True, help="Judge on the simulated city hall; needs no FILE.")
@click.option("--seed", default=1, show_default=True, help="Which city hall is simulated.")
def backtest(
    file: Path | None, start: str | None, out: Path | None, skip_bad_rows: bool, simulated: bool, seed: int
) -> None:
    """Judge predicted waits on the log of a hall, ours beside the rules in use today.

    FILE is CSV, plain or gzip, one ticket a line, with the columns hall, queue, number, issued_at, called_at and,
    where known, started_at, finished_at, window, class, outcome, windows_open. Times are ISO 8601, local; a cell that
    is not known stays empty. Each day is predicted from the days before it, each ticket from what had happened when
    it was issued.
    """
    from queue_server.backtest.reading import LogError
    from queue_server.backtest.run import run

    if simulated == (file is not None):
        raise click.UsageError("Name a FILE, or say --simulate.")
    try:
        run(
            file, start=start, out=out, skip_bad=skip_bad_rows, seed=seed, say=click.echo,
            warn=lambda text: click.echo(text, err=True),
        )  # fmt: skip
    except (LogError, OSError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
