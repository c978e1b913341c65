"""Numbers on tickets: one series per queue and day; shares of a reserve for kiosks that are cut off."""

from __future__ import annotations

from collections.abc import Iterator

from queue_server.domain.configuration import KioskSetup, Numbering, Queue

LAST = 9999


def label(queue: Queue, number: int) -> str:
    """`A017`, `A1203`: the queue's letter and at least three digits."""
    return f"{queue.letter}{number:03d}"


def next_number(numbering: Numbering, last: int) -> int | None:
    """The number after `last` in a queue's common series, which skips the reserves; None when it is used up."""
    number = last + 1
    for low, high in (numbering.reserve, numbering.overflow):
        if low <= number <= high:
            number = high + 1
    return number if number <= LAST else None


def share(numbering: Numbering, kiosk: KioskSetup) -> Iterator[int]:
    """The numbers only this kiosk may use, in order, for every queue. Shares of two slots never meet."""
    for low, high in (numbering.reserve, numbering.overflow):
        size = (high - low + 1) // numbering.slots
        first = low + (kiosk.slot - 1) * size
        yield from range(first, first + size)


def in_common_series(numbering: Numbering, number: int) -> bool:
    return not any(low <= number <= high for low, high in (numbering.reserve, numbering.overflow))
