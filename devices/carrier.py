"""What every driver that works in a thread of its own does: step after step, until it is told to end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from threading import Condition


class Carrier(ABC):
    """A line with devices on it. One thread runs `serve`, or calls `step` again and again; another may `close` it."""

    def __init__(self) -> None:
        self._wake = Condition()
        self._news = self._closing = self._serving = False

    @abstractmethod
    def step(self) -> float:
        """Do what is due; gives the seconds until the next step makes sense."""

    @abstractmethod
    def _hang_up(self) -> None:
        """Let go of the wire."""

    def serve(self) -> None:
        """Work until `close` is called from another thread."""
        self._serving = True
        try:
            while not self._closing:
                wait = self.step()
                with self._wake:
                    self._wake.wait_for(lambda: self._news or self._closing, wait)
                    self._news = False
        finally:
            self._hang_up()
            self._serving = False

    def close(self) -> None:
        """End `serve`, which lets go of the wire on its way out."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        if not self._serving:
            self._hang_up()
