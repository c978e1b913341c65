"""The line of rating and call pads, from both its ends."""

from __future__ import annotations

import binascii
import re
from typing import Any

from bench.fuzz import Target
from bench.fuzz.parsers import examine_simulated, heard, held
from devices.call_pad import protocol as call_pad
from devices.call_pad import simulator as call_pads
from devices.pad_line import protocol, simulator
from devices.pad_line.protocol import LONGEST, Line, LineDecoder, Speaker, encode
from devices.pad_line.simulator import SimulatedLine
from devices.rating_pad import protocol as rating_pad
from devices.rating_pad import simulator as rating_pads


def examine_pad_line(data: bytes) -> None:
    lines, decoder = heard(LineDecoder, data, at_most=LONGEST)
    for line in lines:
        assert LineDecoder().feed(encode(line)) == [line]
        answer = protocol.answer(line.words)
        if isinstance(answer, protocol.Event):
            assert 1 <= answer.number <= 99
            rated = rating_pad.said(answer.words)
            assert not isinstance(rated, rating_pad.Quiet) or 1 <= rated.prompt <= 99
            pressed = call_pad.press(answer.words)
            assert not isinstance(pressed, call_pad.Chosen) or pressed.number.isascii()
    decoder.reset()
    assert held(decoder) == 0


def mended_pad_line(data: bytes) -> bytes:
    """Give every line the CRC it needs."""

    def line(found: re.Match[bytes]) -> bytes:
        return b"%b*%04X\r\n" % (found[1], binascii.crc_hqx(found[1], 0xFFFF))

    return re.sub(rb"([<>][^*<>\r\n]*)\*?[0-9A-F]{0,4}[\r\n]+", line, data)


def said(speaker: Speaker, *words: str) -> bytes:
    return encode(Line(speaker=speaker, address=1, number=7, words=words))


def pads_say(line: Any) -> object:
    return [
        (pad.greeted, list(pad.events), vars(pad).get("display"), vars(pad).get("prompt")) for pad in line.pads.values()
    ]


_ASKED = [
    said(Speaker.HOST, *words)
    for words in (protocol.HELLO, protocol.poll(3), protocol.show("A017"), rating_pad.ask(5, 20), rating_pad.STOP)
]
_TOLD = [
    said(Speaker.PAD, *text.split())
    for text in (
        *("PAD CALL 1", "OK", "NONE", "RESET", "NO VERB", "EVENT 01 KEY NEXT", "EVENT 02 CALL A017"),
        *("EVENT 03 RATE 05 5", "EVENT 04 RATE 5", "EVENT 05 QUIET 07"),
    )
]
_WORDS = [
    *b"EVENT KEY CALL RATE QUIET NO OK NOSHOW HELLO POLL SHOW ASK STOP 00 01 99 XX A0001 < > *".split(),
    *(b"\r", b"\n", b" ", b"<01 07 ", b">01 07 ", b">02 07 ", b"\xb2"),
]

TARGETS = {
    "pad-line": Target(
        examine=examine_pad_line,
        watched=[protocol, rating_pad, call_pad],
        seeds=[*_ASKED, b"".join(_TOLD), *_TOLD],
        tokens=_WORDS,
        mended=mended_pad_line,
        longest=300,
    ),
    "simulated-pads": Target(
        examine=examine_simulated(
            lambda: SimulatedLine([call_pads.SimulatedCallPad(1), rating_pads.SimulatedRatingPad(2)]), pads_say
        ),
        watched=[simulator, call_pads, rating_pads],
        unwatched=frozenset({"_crc"}),
        seeds=[*_ASKED, b"".join(_ASKED)],
        tokens=_WORDS,
        mended=mended_pad_line,
        longest=300,
    ),
}
