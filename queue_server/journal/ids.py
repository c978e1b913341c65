"""Ids minted by the machine that writes."""

from __future__ import annotations

import os
import time


def uuid7() -> str:
    """A time-ordered UUID (RFC 9562, version 7) with 74 random bits."""
    tail = os.urandom(10).hex()
    moment = f"{time.time_ns() // 1_000_000:012x}"
    variant = "89ab"[int(tail[3], 16) & 3]
    return f"{moment[:8]}-{moment[8:]}-7{tail[:3]}-{variant}{tail[4:7]}-{tail[7:19]}"
