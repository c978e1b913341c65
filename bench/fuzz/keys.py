"""What keyboards type: scanners that are one, and numeric keypads as pads."""

from __future__ import annotations

from bench.fuzz import Target, unwatched
from bench.fuzz.parsers import heard, held
from bench.fuzz.scanner import look_at
from devices import evdev
from devices.call_pad import protocol as call_pad
from devices.evdev import INPUT_EVENT, Key, KeyAction, KeyDecoder, encode_key
from devices.pad_line.protocol import Line, Speaker, encode
from devices.rating_pad import protocol as rating_pad
from devices.scanner import protocol
from devices.scanner.protocol import Heard, WedgeDecoder
from devices.scanner.reading import LONGEST
from devices.scanner.simulator import typed


def examine_wedge(data: bytes) -> None:
    events, _ = heard(KeyDecoder, data, at_most=INPUT_EVENT.size - 1)
    whole, cut = WedgeDecoder(), WedgeDecoder()
    with unwatched():
        said = whole.feed(events)
    said_in_pieces: list[Heard] = []
    for event in events:
        said_in_pieces += cut.feed([event])
        assert held(cut) <= LONGEST + 2, "it hoards"
    assert said_in_pieces == said
    assert vars(cut) == vars(whole)
    look_at(said, whole)


def examine_keypads(data: bytes) -> None:
    call, rating = call_pad.CallKeypad(), rating_pad.RatingKeypad()
    for event in heard(KeyDecoder, data, at_most=INPUT_EVENT.size - 1)[0]:
        if (words := call.pressed(event)) is not None:
            assert call_pad.press(words) is not None, words
            encode(Line(speaker=Speaker.PAD, address=1, number=0, words=words))
        if (words := rating.pressed(event)) is not None:
            assert rating_pad.said(words) is not None, words
        assert held(call) <= call_pad.LONGEST_NUMBER + 1, "it hoards"


_TYPED = [typed(text, at=9.0) for text in ("A001", "Hi-7.z", "12+34*")]
_KEYS = [encode_key(key, action, 9.0) for key in Key for action in (KeyAction.DOWN, KeyAction.UP)]
_LOST = INPUT_EVENT.pack(9, 0, 0, 3, 0)

_DIALLED = [
    b"".join(encode_key(key, KeyAction.DOWN, 9.0 + n) for n, key in enumerate(keys))
    for keys in (
        (Key.KP0, Key.KP1, Key.KP7, Key.KP2, Key.KP_ENTER),
        (Key.KP_PLUS, Key.KP_DOT),
        (Key.KP1, Key.KP_ASTERISK, Key.ENTER),
    )
]

TARGETS = {
    "wedge": Target(
        examine=examine_wedge,
        watched=[protocol, evdev],
        seeds=[*_TYPED, encode_key(Key.A, KeyAction.DOWN, 9.0) * (LONGEST + 3)],
        tokens=[*_KEYS, _LOST, *(typed("", at=at) for at in (9.0, 9.4, 10.0))],
        unit=INPUT_EVENT.size,
        longest=60 * INPUT_EVENT.size,
    ),
    "keypads": Target(
        examine=examine_keypads,
        watched=[call_pad, rating_pad, evdev],
        seeds=[*_DIALLED, _TYPED[0]],
        tokens=[
            *_KEYS,
            _LOST,
            encode_key(Key.KP_ENTER, KeyAction.DOWN, 9.6),
            encode_key(Key.KP1, KeyAction.DOWN, 30.0),
        ],
        unit=INPUT_EVENT.size,
        longest=60 * INPUT_EVENT.size,
    ),
}
