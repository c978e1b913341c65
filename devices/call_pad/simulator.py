"""Call pads, simulated from docs/pad-protocol.md; never imports the protocol.

python -m devices.call_pad.simulator --tcp 5007 --pads 1,2
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from devices.pad_line.simulator import KEY_LIVES, SimulatedPad, program

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


main = program(SimulatedCallPad, "call pads", commands)

if __name__ == "__main__":
    main()
