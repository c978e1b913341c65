"""Policy of a call pad: each press of a window's staff exactly once, and the pad's little display kept right.

Which wire it hangs on is its carrier's business: `PadLine` for ours, `SinglePad` for a numeric keypad
(`KeypadPort(device, CallKeypad())`) or a vendor's library (a `PadPort`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from devices.call_pad.protocol import Press, press
from devices.pad_line import protocol as pad_line
from devices.pad_line.driver import Health
from devices.pad_line.protocol import Kind, Words

log = logging.getLogger(__name__)


class CallPad:
    """One call pad. Each press is given to `on_press` in the carrier's thread: be quick there.

    `show` may be called from any thread.
    """

    kind = Kind.CALL

    def __init__(self, on_press: Callable[[Press], None]) -> None:
        self._on_press = on_press
        self._health = Health.UNKNOWN
        self._shown = pad_line.show("")

    @property
    def health(self) -> Health:
        return self._health

    def show(self, text: str) -> None:
        """What the display shall say until told otherwise, e.g. `A017 12` (called, waiting); 16 characters."""
        self._shown = pad_line.show(text)

    def wanted(self) -> Words:
        return self._shown

    def told(self, words: Words) -> None:
        """Nothing here waits for the display."""

    def heard(self, words: Words) -> None:
        if (pressed := press(words)) is None:
            log.warning("call pad: not understood: %s", " ".join(words))
        else:
            try:
                self._on_press(pressed)
            except Exception:  # a mistake beyond this one pad must not stop the line it shares with others
                log.exception("call pad: %s was pressed, and what that set off failed", pressed)

    def tick(self) -> None:
        """Nothing here waits for a time."""

    def become(self, health: Health) -> None:
        if health is not self._health:
            log.info("call pad: %s -> %s", self._health, health)
            self._health = health
