"""Waiting for what comes true by itself, and counting what must not be left over."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for something to become true; fail if it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain"
        time.sleep(0.005)


class Held:
    """Threads and open files of this process, as they are now."""

    def __init__(self) -> None:
        self.threads, self.files = threading.active_count(), len(os.listdir("/proc/self/fd"))

    def no_more_than(self, before: Held) -> bool:
        """Fewer are no leak: something of an earlier test may have ended meanwhile."""
        return self.threads <= before.threads and self.files <= before.files

    def __repr__(self) -> str:
        return f"{self.threads} threads, {self.files} files"
