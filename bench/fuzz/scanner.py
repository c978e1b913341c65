"""What scanners say on a serial line, our own signed codes in it, and what scanners are told."""

from __future__ import annotations

import base64
import hashlib
import hmac
from contextlib import suppress
from functools import partial
from typing import Any

from bench.fuzz import Target
from bench.fuzz.parsers import examine_simulated, heard, held
from devices.scanner import protocol, reading, simulator
from devices.scanner.protocol import Decoder, Family, WedgeDecoder, probe, setup, start, stop
from devices.scanner.reading import LONGEST, Reading, Symbology
from devices.scanner.simulator import KINDS, SimulatedScanner
from queue_server.domain import codes

KEY, NOW = b"0123456789abcdef", 1_763_800_000
TICKET = "AY8sOnsdfE6fECo7TF1ufw_A017_T64BSG_H1_K1_walk-in_licence_T64CSG"
TOKEN = codes.sign("T", TICKET, NOW + 60, KEY)


def examine_token(data: bytes) -> None:
    assert all(isinstance(Reading(data=data, symbology=kind).text, str) for kind in Symbology)
    text = Reading(data=data).text
    with suppress(codes.Rejected):
        token = codes.verify(text, KEY, NOW)
        assert token.expires > NOW
        assert codes.sign(token.kind, token.body, token.expires, KEY) == text, "two texts of one code"
    with suppress(codes.Rejected):
        assert codes.read(text, KEY, NOW * 1000) is not None


def mended_token(data: bytes) -> bytes:
    """Sign whatever it says."""
    said = data.rpartition(b".")[0] + b"."
    code = hmac.digest(KEY, b"bianmin code 1:" + said, hashlib.sha256)[:16]
    return said + base64.urlsafe_b64encode(code).rstrip(b"=")


def decoder_of(kind: int) -> Decoder:
    decoder = Decoder(list(Family)[kind % 3])
    if kind >= 3:
        decoder.expect_answer()
    return decoder


def examine_scanner(data: bytes) -> None:
    """The first byte says which scanner it is, and whether it was asked."""
    look_at(*heard(partial(decoder_of, sum(data[:1]) % 6), data[1:], at_most=LONGEST))


def look_at(said: list[Any], decoder: Decoder | WedgeDecoder) -> None:
    """Every code can be shown, is of a bounded length and has no end in it; nothing stays after `abandon`."""
    for one in said:
        if isinstance(one, Reading):
            assert 0 < len(one.data) <= LONGEST
            assert isinstance(one.text, str)
            assert not set(one.data) & set(b"\r\n")
    assert len(decoder.abandon()) <= 1
    assert held(decoder) == 0
    assert decoder.abandon() == []


def scanner_says(machine: Any) -> object:
    return machine.commands, machine.lit, machine.manual


_CODES = [b"A001\r", TOKEN.encode() + b"\r\n", "预约A001".encode("gb18030") + b"\n"]
_NEWLAND = b"\x02\x010000@SCNMOD0\x06;\x03"
_SIMULATED = [examine_simulated(partial(SimulatedScanner, kind), scanner_says) for kind in KINDS]

TARGETS = {
    "scanner": Target(
        examine=examine_scanner,
        watched=[protocol, reading],
        seeds=[
            *(b"%c%b" % (kind, said) for kind in range(6) for said in (_CODES[0], _NEWLAND, b"!", b"CBRENA1\x06!")),
            *(b"\0" + code for code in _CODES),
            b"\0" + b"A" * (LONGEST + 3) + b"\rA\r",
        ],
        tokens=[
            *_CODES,
            _NEWLAND,
            *(b"\x02\x010000", b"\x06;\x03", b"\x10;\x03", b"\x15.", b"\x05!", b"!", b"\r", b"\n", b"\xe9\xa2"),
        ],
        longest=800,
    ),
    "token": Target(
        examine=examine_token,
        watched=[codes, reading],
        seeds=[
            TOKEN.encode(),
            codes.sign("A", "H1_20260302_0930_licence_b7", NOW + 60, KEY).encode(),
            codes.sign("B", "B" * codes.LONGEST_BODY, 36**7 - 1, KEY).encode(),
        ],
        tokens=[
            *(b".", b"T.", b"ZZZZZZZ", b".0", b"0.", b"99", b"=", b"\n", b"A" * 90),
            *("Ｔ".encode(), "预".encode("gb18030")),
        ],
        mended=mended_token,
        longest=200,
    ),
    "simulated-scanner": Target(
        examine=lambda data: [examine(data) for examine in _SIMULATED],
        watched=[simulator],
        seeds=[say(family) for say in (setup, start, stop, probe) for family in Family],
        tokens=[b"\x7e\x010000", b";\x03", b"?", b"\x16T\r", b"\x16M\r", b".", b"!", b"@SCNMOD0", b"#"],
        longest=500,
    ),
}
