"""A simulated device as a program: where it is on this machine, and what a person at a desk types at it.

Every `devices/*/simulator.py` is such a program. It says its url on its first line, its commands on the second, then
takes one command a line from standard input and answers each with a line.
"""

from __future__ import annotations

import functools
import os
import select
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from errno import EIO
from pathlib import Path
from typing import Any, TypeAlias

import click

from .simulation import PtyEnd, Running, Simulated, TcpEnd
from .transport import LIMIT

Commands: TypeAlias = Mapping[str, Callable[[], object]]
"""What can be typed; what an act returns is said, None is `ok`."""


def placed(program: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where a simulated device is: `port` and `link` for `live`. Neither: a pty of its own."""
    tcp = click.option(
        "--tcp", "port", type=click.IntRange(0, 65535), help="Listen on this port of 127.0.0.1 (0: any free one)."
    )
    pty = click.option("--pty", "link", type=click.Path(path_type=Path), help="A serial line by this name (a link).")
    return tcp(pty(program))


def live(
    device: Simulated,
    port: int | None,
    link: Path | None,
    *,
    said: str,
    serial_options: str = "",
    commands: Callable[[Running], Commands],
) -> None:
    """Let `device` live on a TCP port, else on a pty, until `quit`. `said`: its first line, with {url} in it.

    `serial_options` belong behind the url of a serial line (`?baud=115200`). ClickException if the place is taken.
    """
    if port is not None and link is not None:
        raise click.UsageError("--tcp or --pty, not both")
    wire = PtyEnd(link) if port is None else TcpEnd(port)
    with ExitStack() as stack:
        try:
            running = stack.enter_context(Running(device, wire))
        except OSError as error:
            place = link if port is None else f"port {port} of 127.0.0.1"
            raise click.ClickException(f"cannot be at {place}: {os.strerror(error.errno or EIO)}") from error
        url = f"serial:{wire.path}{serial_options}" if isinstance(wire, PtyEnd) else f"tcp:127.0.0.1:{wire.port}"
        click.echo(said.format(url=url))
        take_commands(commands(running), until=lambda: False)


def take_commands(commands: Commands, *, until: Callable[[], bool]) -> None:
    """Read one command a line from standard input and do it, until `quit`, or `until()` is true.

    At the end of standard input (a service started without one) it goes on waiting for `until`.
    """
    say = functools.partial(print, flush=True)
    known = ", ".join([*commands, "quit"])
    say("commands:", known)
    typed = b""
    listening = True
    while not until():
        if not listening:
            time.sleep(0.2)
            continue
        if not select.select([sys.stdin], [], [], 0.2)[0]:
            continue
        chunk = os.read(sys.stdin.fileno(), LIMIT)
        listening = bool(chunk)
        *lines, typed = (typed + chunk).split(b"\n")
        for word in (line.decode(errors="replace").strip() for line in lines):
            if word == "quit":
                return
            if act := commands.get(word):
                said = act()
                say("ok" if said is None else said)
            elif word:
                say(f"unknown: {word}. Known:", known)
