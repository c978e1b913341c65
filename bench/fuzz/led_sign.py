"""What window signs answer, and what they are told."""

from __future__ import annotations

from functools import partial
from typing import Any

from bench.fuzz import Target
from bench.fuzz.parsers import examine_simulated, heard, held
from devices.led_sign import protocol, simulator
from devices.led_sign.protocol import LONGEST_DATA, Ack, Face, Frame, FrameDecoder, Nack, Told, answer, crc16, encode
from devices.led_sign.simulator import SimulatedSigns


def examine_led_sign(data: bytes) -> None:
    longest = 2 * (14 + LONGEST_DATA + 2) + 2
    frames, decoder = heard(FrameDecoder, data, at_most=longest)
    for frame in frames:
        assert isinstance(answer(frame.data), Ack | Nack | Told)
        assert FrameDecoder().feed(encode(frame)) == [frame]
    decoder.reset()
    assert held(decoder) == 0


_PAIRS = {b"\xa6": b"\xa6\x01", b"\xa5": b"\xa6\x02", b"\x5b": b"\x5b\x01", b"\x5a": b"\x5b\x02"}


def mended_led_sign(data: bytes) -> bytes:
    """Give the first frame the CRC it needs, and mostly the length."""
    begin, end = data.find(b"\xa5"), data.find(b"\x5a")
    while data[begin + 1 : begin + 2] == b"\xa5":
        begin += 1
    if begin < 0 or end < begin + 16:
        return data
    body = data[begin + 1 : end - 2]
    for plain, pair in _PAIRS.items():
        body = body.replace(pair, plain)
    if len(body) >= 14 and len(data) % 8:
        body = body[:12] + (len(body) - 14).to_bytes(2, "little") + body[14:]
    body += crc16(body).to_bytes(2, "little")
    return data[: begin + 1] + b"".join(_PAIRS.get(bytes([b]), bytes([b])) for b in body) + data[end:]


def signs_say(signs: Any) -> object:
    return {address: card.lines for address, card in signs.cards.items()}


_FACES = [
    protocol.show(1, Face(line1="社保", line2="请A001号到本窗口"), columns=8, stale_after=300),
    protocol.ping(1),
]
_ANSWERS = [
    encode(Frame(to=0x8000, sender=1, data=data)) for data in (b"\xa0\0\0\0\0", b"\xa0\1\5", b"\xa2\0\x61", b"")
]
_MARKS = [
    *(b"\xa5", b"\x5a", b"\xa6\x02", b"\xa6\x01", b"\x5b\x02", b"\x5b\x01", b"\xa6", b"\x5b", b"\0", b"\x01" * 300),
    *(b"\xa0\x01", b"\xa3\x06\x01", b"\xa3\x10", b"\xa3\x02", b"\xff\xff", b"\xfe\xff"),
]

TARGETS = {
    "led-sign": Target(
        examine=examine_led_sign,
        watched=[protocol],
        unwatched=frozenset({"crc16"}),
        seeds=[*_FACES, *_ANSWERS, b"\xa5" + b"\x01" * (3 * LONGEST_DATA)],
        tokens=_MARKS,
        mended=mended_led_sign,
        longest=700,
    ),
    "simulated-signs": Target(
        examine=examine_simulated(partial(SimulatedSigns, {1: 8, 2: 12}), signs_say),
        watched=[simulator],
        unwatched=frozenset({"_remainder"}),
        seeds=_FACES,
        tokens=_MARKS,
        mended=mended_led_sign,
        longest=500,
    ),
}
