"""What an ID card reader says, down to what leaves the driver; and what is said to it."""

from __future__ import annotations

from datetime import date

from bench.fuzz import Target
from bench.fuzz.parsers import examine_simulated, heard
from devices.id_card import protocol, records, simulator
from devices.id_card import seen as seen_cards
from devices.id_card.protocol import PREAMBLE, Command, ReplyParser, frame, text_of
from devices.id_card.records import CardRecord, Field, parse_record
from devices.id_card.simulator import CARDS, SimulatedReader


def card_answers(card: str) -> bytes:
    """All a simulated reader says while a card is found, selected and read."""
    reader = SimulatedReader(clock=lambda: 0.0, read_seconds=(0, 0), answer_seconds=0)
    reader.place(card)
    commands = (command for command in Command if not command.name.startswith("BAUD"))
    return b"".join(reader.receive(frame(command)) for command in commands)


def examine_id_card(data: bytes) -> None:
    replies, parser = heard(
        ReplyParser, data, at_most=protocol.LONGEST_REPLY, told=lambda reply: (reply.status, reply.data)
    )
    texts = [text_of(reply) for reply in replies + parser.abandon()]
    assert not parser.begun
    for text in [*(text for text in texts if text is not None), bytearray(data[-256:])]:
        record = parse_record(text)
        if isinstance(record, CardRecord):
            assert all(isinstance(record.text(field), str | None) for field in Field)
            assert seen_cards.seen(record, day_key=bytes(32), today=date(2026, 3, 1)) is not None


def mended_id_card(data: bytes) -> bytes:
    """Give the first frame the XOR it needs."""
    begin = data.find(PREAMBLE)
    end = begin + 7 + int.from_bytes(data[begin + 5 : begin + 7], "big")
    if begin < 0 or not begin + 8 <= end <= len(data):
        return data
    check = 0
    for byte in data[begin + 5 : end - 1]:
        check ^= byte
    return data[: end - 1] + bytes([check]) + data[end:]


def id_card_simulated() -> SimulatedReader:
    reader = SimulatedReader(clock=lambda: 0.0, read_seconds=(0, 0), answer_seconds=0)
    reader.place("resident")
    return reader


_COMMANDS = [frame(command) for command in Command]

TARGETS = {
    "id-card": Target(
        examine=examine_id_card,
        watched=[protocol, records, seen_cards],
        seeds=[
            *map(card_answers, ("resident", "j", "i", "y", "wrong")),
            *(card.record for card in CARDS.values()),
        ],
        tokens=[
            PREAMBLE,
            PREAMBLE + b"\x05\x08",
            b"\x00\x04\x00\x00",
            b"\x90",
            b"\x9f",
            b"\x80",
            b"\x00",
            b"\xaa",
            "长期".encode("utf-16-le"),
        ],
        mended=mended_id_card,
        longest=4000,
    ),
    "simulated-id-card": Target(
        examine=examine_simulated(id_card_simulated, lambda reader: list(reader.asked)),
        watched=[simulator],
        seeds=[*_COMMANDS, b"".join(_COMMANDS)],
        tokens=[*_COMMANDS, PREAMBLE, b"\x00\x03", b"\x00\x02", b"\xff", b"\xaa"],
        mended=mended_id_card,
        longest=500,
    ),
}
