"""`python -m devices.doctor < devices.json`: 0 if all devices are well, 1 if not, 2 if it was asked wrongly."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # an installer gets our sentence, not the library's
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import click

from devices.doctor.device import WRITTEN, Device, Kind, NotAList, read_devices
from devices.doctor.examine import Finding, Verdict, examine_all
from devices.doctor.wires import cameras, input_devices, serial_ports, usb_printers
from devices.doctor.words import health_tables, languages, said, said_on_page

_ONLY_SPEAK = ("serial:", "tcp:", "keyboard:")  # scanners that cannot be asked


@click.command()
@click.option("--listen", default=6.0, type=click.FloatRange(0, 60), help="Seconds to scan with a silent scanner.")
@click.option("--simulate", is_flag=True, help="Examine simulators instead, sound and broken.")
@click.option("--list", "listing", is_flag=True, help="Say which kinds there are, and which ports this machine has.")
@click.option("--tables", is_flag=True, help="Print the health words as the tables of docs/devices.md.")
def main(listen: float, simulate: bool, listing: bool, tables: bool) -> None:
    """Examine the devices given on standard input as a JSON list of {kind, name, url, options}."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    if listing:
        _list()
        return
    if tables:
        click.echo(health_tables())
        return
    try:
        devices = read_devices(sys.stdin.buffer.read())
    except NotAList as e:
        raise click.UsageError(str(e)) from e
    _end(_simulate(devices, listen) if simulate else _examine(devices, listen))


def _examine(devices: list[Device], listen: float) -> bool:
    if not devices:
        click.echo(said_on_page("nothing"))
        return True
    if any(device.kind is Kind.SCANNER and device.url.startswith(_ONLY_SPEAK) for device in devices):
        click.echo(said_on_page("listen", seconds=f"{listen:g}"))
    names: dict[Verdict, list[str]] = {verdict: [] for verdict in Verdict}
    for finding in examine_all(devices, listen=listen):
        names[finding.verdict].append(finding.name)
        _tell(finding)
    counts = {verdict.value: len(names[verdict]) for verdict in Verdict}
    click.echo(said_on_page("summary", all=sum(counts.values()), **counts))
    if not_well := names[Verdict.ILL] + names[Verdict.LOOK]:
        click.echo(said_on_page("not_well", names=", ".join(sorted(not_well))))
    return not not_well


def _simulate(devices: list[Device], listen: float) -> bool:
    from devices.doctor.rehearsal import ONE_OF_EACH, rehearse  # noqa: PLC0415  simulators only where they are asked for

    return rehearse(devices or ONE_OF_EACH, listen=listen, say=click.echo, tell=_tell)


def _tell(finding: Finding) -> None:
    click.echo(said(finding))


def _end(well: bool) -> None:
    """Leave at once: a thread that hangs on a device must not hold the program, nor crash it on its way out."""
    sys.stdout.flush()
    os._exit(0 if well else 1)


def _list() -> None:
    click.echo(said_on_page("kinds"))
    for kind, line in WRITTEN.items():
        click.echo(f"  {' '.join(words.kind(kind) for words in languages())}\n    {line}")
    found: Mapping[str, Callable[[], list[str]]] = {
        "serial_ports": serial_ports,
        "usb_printers": usb_printers,
        "input_devices": input_devices,
        "cameras": cameras,
    }
    for title, ports in found.items():
        click.echo(said_on_page(title))
        for port in ports() or [" / ".join(words.none for words in languages())]:
            click.echo(f"  {port}")


if __name__ == "__main__":
    main()
