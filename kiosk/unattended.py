"""`python -m kiosk.unattended`: a kiosk without a panel. Orders come and answers go as lines of JSON.

For a kiosk whose panel is broken while its printer is well, for load tests, and for the tests of faults. It is the
whole station: own journal, copy of the hall, line, printer. One line on standard input is one order:

    {"order": 1, "take": {"queue": "A", "service": "licence"}}   a ticket; "service" and "language" may be left out
    {"order": 2, "look": true}                                   what the kiosk sees
    {"order": 3, "clock": 86400}                                 from now on this machine's clock is a day ahead

One line on standard output is one answer, with the order's number. A ticket is answered when it is printed:

    {"order": 1, "printed": true, "ticket": "0199…", "label": "A017", "on_paper": true}
    {"order": 1, "printed": false, "why": "print"}

The first line says {"ready": "K1"}; the end of standard input is the end of the kiosk.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from devices.printer import FontMissing
from kiosk.equipment import ticket_printer
from kiosk.session import FIRST_LANGUAGE, Answer, NotPrinted, Printed, Shown, TakeTicket
from kiosk.station import Station
from queue_server.config import ConfigurationError, load
from queue_server.config import always_open as without_closing_times
from queue_server.domain.events import Instant
from queue_server.journal.replica import clock
from queue_server.journal.store import StoreError
from queue_server.logs import log_to_stderr


class Clock:
    """This machine's clock, which can be set `ahead` by so many seconds: to see what a wrong one does."""

    def __init__(self, ahead: float = 0) -> None:
        self.ahead = ahead

    def __call__(self) -> Instant:
        return clock() + round(self.ahead * 1000)


class Says:
    """Lines of JSON on standard output, from any thread."""

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def __call__(self, **fields: Any) -> None:
        with self._turn:
            sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
            sys.stdout.flush()


def answer(result: Answer | Shown) -> dict[str, Any]:
    """What became of an order for a ticket, for JSON."""
    match result:
        case Printed(order=order, ticket=ticket):
            return {
                "order": order, "printed": True, "ticket": ticket.ticket, "label": ticket.label,
                "queue": ticket.queue, "at": ticket.at, "ahead": ticket.ahead, "windows": list(ticket.windows),
                "on_paper": ticket.on_paper,
            }  # fmt: skip
        case NotPrinted(order=order, why=why):
            return {"order": order, "printed": False, "why": why}
        case _:  # nothing else is ordered here, and nothing shown to a kiosk without a panel
            return {"said": type(result).__name__}


def obey(lines: Iterable[str], station: Station, now: Clock, say: Says) -> None:
    """Do what each line orders; one that makes no sense is answered with what is wrong and changes nothing."""
    for line in lines:
        number: Any = None
        try:
            order = json.loads(line)
            number = order.pop("order", 0)
            match order:
                case {"take": dict(wanted)}:
                    station.do(_take(number, **wanted))
                case {"look": True}:
                    say(order=number, **_look(station))
                case {"clock": int() | float() as ahead}:
                    now.ahead = ahead
                    say(order=number, clock=ahead)
                case _:
                    raise ValueError("an order is take, look or clock")
        except (ValueError, TypeError, AttributeError) as error:
            say(order=number, wrong=str(error))


def _take(order: int, *, queue: str, service: str | None = None, language: str = FIRST_LANGUAGE) -> TakeTicket:
    return TakeTicket(order=order, queue=queue, service=service, language=language)


def _look(station: Station) -> dict[str, Any]:
    around = station.around(station.now())
    return {
        "connected": around.connected,
        "closed": around.closed,
        "waiting": {code: queue.waiting for code, queue in around.queues.items()},
    }


@click.command()
@click.option("--config", type=click.Path(path_type=Path), required=True, help="The city's YAML file.")
@click.option("--hall", required=True, help="The hall's code.")
@click.option("--kiosk", required=True, help="This kiosk's code.")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder for this kiosk's journals.")
@click.option("--server", help="The hall server, http://HOST:PORT. Without it the kiosk works cut off.")
@click.option("--printer", "line", help="Where the printer is, instead of what the file says: serial:…, tcp:…, file:….")
@click.option("--public-url", help="Where residents reach the pages of tickets; the server if not given.")
@click.option("--always-open", is_flag=True, help="Ignore opening hours (tests).")
@click.option("--clock-ahead", type=float, default=0.0, help="Seconds this machine's clock is ahead (tests).")
@click.option("--patience", type=click.FloatRange(0.001), default=1.0, hidden=True, help="Scale of printer time-outs.")
@click.option("--log-level", default="warning", show_default=True)
def main(
    config: Path, hall: str, kiosk: str, data: Path, server: str | None, line: str | None, public_url: str | None,
    always_open: bool, clock_ahead: float, patience: float, log_level: str,
) -> None:  # fmt: skip
    """Run a kiosk without a panel: orders are typed, or come from another program."""
    log_to_stderr(log_level)
    now, say = Clock(clock_ahead), Says()
    try:
        city = load(config)
        configuration = city.configuration(hall)
        if kiosk not in configuration.kiosk:
            raise ConfigurationError(f"{config}: {hall} has no kiosk {kiosk!r}; it has {list(configuration.kiosk)}")
        station = Station(
            configuration=without_closing_times(configuration) if always_open else configuration,
            kiosk=kiosk, printer=ticket_printer(city, hall, kiosk, line, patience=patience), folder=data,
            public_url=public_url or server or "http://localhost", server=server,
            answer=lambda result: say(**answer(result)), now=now,
        )  # fmt: skip
    except (ConfigurationError, FontMissing, StoreError, ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    station.start()
    say(ready=kiosk)
    try:
        obey(sys.stdin, station, now, say)
    finally:
        station.stop()


if __name__ == "__main__":
    main()
