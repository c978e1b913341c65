"""What holds for any parser, of a driver or of a simulated device."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from bench.fuzz import unwatched
from devices.simulation import Simulated


def pieces(data: bytes) -> Iterator[bytes]:
    """The data cut somewhere, each time the same."""
    chance = random.Random(data)
    longest, at = chance.choice((1, 9, 60, 400)), 0
    while at < len(data):
        size = chance.randint(1, longest)
        yield data[at : at + size]
        at += size


def held(parser: object) -> int:
    """Bytes, characters, events a parser keeps for later."""
    if (told := getattr(parser, "held", None)) is not None:
        return int(told)
    kept = (value for value in vars(parser).values() if isinstance(value, bytes | bytearray | str | list | set))
    return sum(len(value) for value in kept if not isinstance(value, Enum))


def heard(
    make: Callable[[], Any], data: bytes, *, at_most: int, told: Callable[[Any], object] = lambda found: found
) -> tuple[list[Any], Any]:
    """What a parser finds in the data, and the parser after it.

    The same must be `told` of what it finds if the data are cut, and no more than `at_most` held at any time.
    """
    whole, cut = make(), make()
    with unwatched():
        found = whole.feed(data)
    found_in_pieces: list[Any] = []
    for piece in pieces(data):
        found_in_pieces += cut.feed(piece)
        assert held(cut) <= at_most, "it hoards"
    assert held(whole) <= at_most, "it hoards"
    assert [told(one) for one in found_in_pieces] == [told(one) for one in found], "cut otherwise it is something else"
    assert vars(cut) == vars(whole), "cut otherwise it will be something else"
    return found, whole


def examine_simulated(make: Callable[[], Simulated], state: Callable[[Any], object]) -> Callable[[bytes], None]:
    def examine(data: bytes) -> None:
        whole, cut = make(), make()
        with unwatched():
            answer = whole.receive(data) + rest(whole)
        assert b"".join(map(cut.receive, pieces(data))) + rest(cut) == answer, "cut otherwise it answers otherwise"
        assert state(cut) == state(whole), "cut otherwise it does something else"

    def rest(device: Simulated) -> bytes:
        return b"".join(iter(lambda: device.tick(0.0), b""))

    return examine
