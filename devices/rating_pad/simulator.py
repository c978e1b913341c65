"""Rating pads, simulated from docs/pad-protocol.md; never imports the protocol.

python -m devices.rating_pad.simulator --tcp 5006 --pads 1,2
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from devices.pad_line.simulator import SimulatedPad, program


class SimulatedRatingPad(SimulatedPad):
    """Five keys, lit while it asks. One press ends the asking; without a prompt its keys do nothing."""

    kind = "RATING"

    def __init__(self, address: int) -> None:
        self.prompt: str | None = None
        self.knows_ask = True
        self._asked = ""
        self._until = 0.0
        super().__init__(address)

    @property
    def is_asking(self) -> bool:
        return self.prompt is not None

    def press(self, key: str) -> None:
        if self.powered and self.prompt is not None:
            self.happen(f"RATE {self.prompt} {key}")
            self.prompt = None

    def power(self, on: bool) -> None:
        self.prompt, self._asked = None, ""
        super().power(on)

    def tick(self, now: float) -> None:
        super().tick(now)
        if self.prompt is not None and now >= self._until:
            self.happen(f"QUIET {self.prompt}")
            self.prompt = None

    def obey(self, words: list[str]) -> str:
        match words:
            case ["ASK", *_] if not self.knows_ask:
                return "NO VERB"
            case ["ASK", prompt, seconds] if prompt.isdecimal() and seconds.isdecimal():
                if prompt != self._asked:  # the same again is only a repeated question
                    self.prompt = self._asked = prompt
                    self._until = self.now + int(seconds)
                return "OK"
            case ["STOP"]:
                self.prompt, self._asked = None, ""
                return "OK"
            case ["ASK" | "STOP", *_]:
                return "NO ARGS"
            case _:
                return super().obey(words)


def commands(pads: list[SimulatedRatingPad]) -> dict[str, Callable[[], object]]:
    """`press 1 5` (pad 1, key 5), `show`."""
    found: dict[str, Callable[[], object]] = {
        f"press {pad.address} {key}": partial(pad.press, key) for pad in pads for key in "012345"
    }
    found["show"] = lambda: "\n".join(f"{p.address}: {'asking' if p.is_asking else 'dark'}" for p in pads)
    return found


main = program(SimulatedRatingPad, "rating pads", commands)

if __name__ == "__main__":
    main()
