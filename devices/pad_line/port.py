"""The adapter point for pads that do not speak our line protocol, and what carries one of them."""

from __future__ import annotations

from typing import Protocol

from devices.carrier import Carrier
from devices.pad_line.driver import REOPEN_AFTER, Health, Pad
from devices.pad_line.protocol import Words


class PadPort(Protocol):
    """Adapter point: one pad of another make, behind a vendor's library or a wire of its own.

    It speaks the words of docs/pad-protocol.md. A rating pad told ("ASK", "07", "20") begins to ask and gives up after
    20 s, told ("STOP",) it stops. A key pressed meanwhile is ("RATE", "3"), named as it is printed on the pad or sent
    on its wire (`RatingKeys` says what it means), or ("RATE", "07", "3") if the pad can tell for which prompt. For a
    call pad ("SHOW", "A017") is for its display; its keys are ("KEY", "NEXT") or ("CALL", "017").
    One thread calls it; every call is bounded. It raises OSError, and nothing else, when the pad is gone.
    """

    @property
    def name(self) -> str: ...

    def open(self) -> None:
        """Open, or close and open again."""

    def close(self) -> None:
        """Close. Never raises; closing twice is fine."""

    def tell(self, words: Words) -> None:
        """Do this now, if the pad can; what it cannot do is left out in silence."""

    def read(self, timeout: float) -> list[Words]:
        """What was pressed, as soon as there is any; [] after `timeout` seconds."""


class SinglePad(Carrier):
    """Carries one pad over a PadPort: opens it, reopens it, tells, listens. Nothing is raised for what it does."""

    def __init__(self, port: PadPort, pad: Pad) -> None:
        super().__init__()
        self._port, self._pad = port, pad
        self._told: Words | None = None
        self._open = False

    def step(self, timeout: float = 0.1) -> float:
        """Listen for at most `timeout` seconds; gives how long to wait until the next step makes sense."""
        try:
            if not self._open:
                self._port.open()
                self._open, self._told = True, None
                self._pad.become(Health.READY)
            if (wanted := self._pad.wanted()) != self._told:
                self._port.tell(wanted)
                self._told = wanted
                self._pad.told(wanted)
            for words in self._port.read(timeout):
                self._pad.heard(words)
            wait = 0.0
        except OSError:
            self._port.close()
            self._open = False
            self._pad.become(Health.UNPLUGGED)
            wait = REOPEN_AFTER
        self._pad.tick()
        return wait

    def _hang_up(self) -> None:
        self._port.close()
