"""Coverage-guided fuzzing of the ID card parsers: `python bench/fuzz_id_card.py --seconds 60` (or `--runs 2000`).

An input that makes the code take a step (one line after another) no input took before is kept and changed further.
It fails, showing the input, if anything raises, if bytes cut otherwise give other replies, or if too much is held.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

import click

from devices.id_card.protocol import LONGEST_REPLY, PREAMBLE, Command, ReplyParser, frame, text_of
from devices.id_card.records import CardRecord, Field, parse_record
from devices.id_card.seen import seen
from devices.id_card.simulator import CARDS, SimulatedReader

UNDER_TEST = str(Path(sys.modules[ReplyParser.__module__].__file__ or "").parent)
TOKENS = [
    PREAMBLE,
    PREAMBLE + b"\x05\x08",
    b"\x00\x04\x00\x00",
    b"\x90",
    b"\x9f",
    b"\x80",
    b"\x00",
    b"\xaa",
    "长期".encode("utf-16-le"),
]


def answers_of(card: str) -> bytes:
    """All a simulated reader says while a card is found, selected and read."""
    reader = SimulatedReader(clock=lambda: 0.0, read_seconds=(0, 0), answer_seconds=0)
    reader.place(card)
    return b"".join(reader.receive(frame(command)) for command in Command if not command.name.startswith("BAUD"))


def examine(data: bytes) -> None:
    """Everything that must hold for any bytes."""
    whole, cut = ReplyParser(), ReplyParser()
    replies = whole.feed(data)
    pieces, at, step = [], 0, 1
    while at < len(data):
        pieces += cut.feed(data[at : at + step])
        at, step = at + step, step % 61 + 7
        assert cut.held <= LONGEST_REPLY
    assert [(r.status, r.data) for r in pieces] == [(r.status, r.data) for r in replies]
    assert whole.held <= LONGEST_REPLY
    texts = [text_of(reply) for reply in replies + whole.abandon()]
    assert not whole.begun
    for text in [*(text for text in texts if text is not None), bytearray(data[-256:])]:
        record = parse_record(text)
        if isinstance(record, CardRecord):
            assert all(isinstance(record.text(field), str | None) for field in Field)
            assert seen(record, day_key=bytes(32), today=date(2026, 3, 1)) is not None


def steps_of(run: Callable[[bytes], None], data: bytes) -> set[tuple[str, int, int]]:
    """The steps from line to line that the code under test takes."""
    taken: set[tuple[str, int, int]] = set()

    def enter(entered: FrameType, _event: str, _argument: Any) -> Callable[..., Any] | None:
        code = entered.f_code
        if not code.co_filename.startswith(UNDER_TEST):
            return None
        last = 0

        def step(stepped: FrameType, event: str, _argument: Any) -> Callable[..., Any]:
            nonlocal last
            if event == "line":
                taken.add((code.co_qualname, last, stepped.f_lineno))
                last = stepped.f_lineno
            return step

        return step

    sys.settrace(enter)
    try:
        run(data)
    finally:
        sys.settrace(None)
    return taken


def mended(data: bytes) -> bytes:
    """Give the first frame the XOR it needs, so that changes behind the checksum are reached."""
    begin = data.find(PREAMBLE)
    end = begin + 7 + int.from_bytes(data[begin + 5 : begin + 7], "big")
    if begin < 0 or not begin + 8 <= end <= len(data):
        return data
    check = 0
    for byte in data[begin + 5 : end - 1]:
        check ^= byte
    return data[: end - 1] + bytes([check]) + data[end:]


def changed(corpus: list[bytes], chance: random.Random) -> bytes:
    data = bytearray(chance.choice(corpus))
    for _ in range(chance.randint(1, 6)):
        at = chance.randint(0, len(data))
        match chance.randrange(6):
            case 0:
                data[at : at + 1] = chance.randbytes(1)
            case 1:
                data[at:at] = chance.choice(TOKENS)
            case 2:
                del data[at : at + chance.randint(1, 40)]
            case 3:
                data[at:at] = data[at : at + chance.randint(1, 300)]
            case 4:
                data[at:] = chance.choice(corpus)[at:]
            case _:
                token = chance.choice(TOKENS)
                data[at : at + len(token)] = token
    return mended(bytes(data[:4000])) if chance.random() < 0.5 else bytes(data[:4000])


@click.command()
@click.option("--seconds", type=float, default=60.0, help="Stop after so long …")
@click.option("--runs", type=int, default=10**9, help="… or after so many inputs.")
@click.option("--seed", type=int, default=321199)
def main(seconds: float, runs: int, seed: int) -> None:
    """Fuzz the parsers; exit status 1 and the input in hex if something does not hold."""
    chance = random.Random(seed)
    corpus = [answers_of(card) for card in CARDS] + [card.record for card in CARDS.values()]
    known: set[tuple[str, int, int]] = set().union(*(steps_of(examine, data) for data in corpus))
    began, first, done = time.monotonic(), len(known), 0
    while done < runs and time.monotonic() - began < seconds:
        data = changed(corpus, chance)
        try:
            steps = steps_of(examine, data)
        except Exception:
            print(f"after {done} inputs, this one fails: {data.hex()}")
            raise
        if not steps <= known:
            known |= steps
            corpus.append(data)
        done += 1
    print(
        f"{done} inputs in {time.monotonic() - began:.1f} s, {first} -> {len(known)} steps, {len(corpus)} inputs kept"
    )


if __name__ == "__main__":
    main()
