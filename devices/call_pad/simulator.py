"""Call pads, simulated from docs/pad-protocol.md; never imports the protocol.

python -m devices.call_pad.simulator --tcp 5007 --pads 1,2
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from devices.pad_line.simulator import KEY_LIVES, SimulatedLine, SimulatedPad, addresses, run

KEYS = ("NEXT", "RECALL", "START", "FINISH", "NOSHOW", "PAUSE")


class SimulatedCallPad(SimulatedPad):
    """Six keys, ten digits, CALL, and a display of 16 characters."""

    kind = "CALL"

    def __init__(self, address: int, *, has_display: bool = True) -> None:
        self.has_display = has_display
        self.display = ""
        self._digits = ""
        super().__init__(address)

    def press(self, key: str) -> None:
        """A key by its name, a digit, or CALL."""
        if key.isdecimal():
            self._digits = (self._digits + key)[:4]
            return
        digits, self._digits = self._digits, ""
        if key != "CALL":
            self.happen(f"KEY {key}", lives=KEY_LIVES)
        elif digits:
            self.happen(f"CALL {digits}", lives=KEY_LIVES)

    def power(self, on: bool) -> None:
        self.display = ""
        super().power(on)

    def obey(self, words: list[str]) -> str:
        if words[0] != "SHOW" or not self.has_display:
            return super().obey(words)
        if len(" ".join(words[1:])) > 16:
            return "NO ARGS"
        self.display = " ".join(words[1:])
        return "OK"


def commands(pads: list[SimulatedCallPad]) -> dict[str, Callable[[], object]]:
    """`press 1 NEXT`, `press 1 7`, `press 1 CALL`, `show`."""
    found: dict[str, Callable[[], object]] = {
        f"press {pad.address} {key}": partial(pad.press, key) for pad in pads for key in (*KEYS, "CALL", *"0123456789")
    }
    found["show"] = lambda: "\n".join(f"{pad.address}: [{pad.display:<16}]" for pad in pads)
    return found


@click.command()
@click.option("--tcp", "port", type=click.IntRange(0, 65535), help="Listen on this port of 127.0.0.1 (0: any).")
@click.option("--pty", "link", type=click.Path(path_type=Path), help="Make a pty and this symbolic link to it.")
@click.option("--pads", "listed", default="1", show_default=True, help="Their addresses, with commas.")
def main(port: int | None, link: Path | None, listed: str) -> None:
    """Simulated call pads on one line. Commands come on standard input, one a line."""
    pads = [SimulatedCallPad(address) for address in addresses(listed)]
    run(SimulatedLine(pads), "call pads", port, link, commands(pads))


if __name__ == "__main__":
    main()
