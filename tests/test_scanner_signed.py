"""Our own codes: nothing that we did not sign, and nothing that is over, is ever believed."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.scanner.signed import Flaw, Rejected, Token, sign, verify

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
NOW = 1_763_800_000
BODIES = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=64)
KINDS = st.sampled_from(string.ascii_uppercase)
TIMES = st.integers(0, 36**7 - 1)


def flaw(text: str, *, key: bytes = KEY, now: float = NOW) -> Flaw | Token:
    try:
        return verify(text, key, now)
    except Rejected as e:
        return e.flaw


@given(kind=KINDS, body=BODIES, expires=TIMES)
def test_what_was_signed_is_verified_until_it_expires(kind: str, body: str, expires: int) -> None:
    text = sign(kind, body, expires, KEY)
    assert verify(text, KEY, expires - 1) == Token(kind=kind, body=body, expires=expires)
    assert flaw(text, now=expires) is Flaw.EXPIRED
    assert flaw(text, key=OTHER_KEY, now=expires - 1) is Flaw.FORGED


def test_a_token_is_what_its_grammar_says_for_ever() -> None:
    text = sign("T", "JR1-A001", NOW, b"0123456789abcdef")
    assert text == "T.JR1-A001.T64CSG.vXLzph7RCwzPfuShimh8kw"
    assert re.fullmatch(r"[A-Z]\.[\w-]{1,64}\.[0-9A-Z]{1,7}\.[\w-]{22}", text, re.ASCII)


@given(body=BODIES, place=st.integers(0, 200), letter=st.characters())
def test_a_token_changed_anywhere_is_not_ours(body: str, place: int, letter: str) -> None:
    text = sign("T", body, NOW + 60, KEY)
    place %= len(text)
    changed = text[:place] + letter + text[place + 1 :]
    assert changed == text or flaw(changed) in (Flaw.FORGED, Flaw.NOT_OURS)


def test_a_body_signed_as_one_kind_does_not_pass_as_another() -> None:
    assert flaw(sign("T", "A001", NOW + 60, KEY).replace("T", "A", 1)) is Flaw.FORGED


@given(st.text(max_size=300))
def test_any_other_text_is_not_ours(text: str) -> None:
    assert flaw(text) is Flaw.NOT_OURS


@pytest.mark.parametrize("around", ["{} ", " {}", "{}\n", "{}\r", "{}=", "﻿{}", "{}.{}", "http://example.cn/{}"])
def test_nothing_may_stand_around_a_token(around: str) -> None:
    token = sign("T", "A001", NOW + 60, KEY)
    assert flaw(around.format(token, token)) is Flaw.NOT_OURS


def test_full_width_letters_are_not_letters() -> None:
    assert flaw(sign("T", "A001", NOW + 60, KEY).replace("T.", "Ｔ.")) is Flaw.NOT_OURS


def test_a_megabyte_is_refused_at_once() -> None:
    assert flaw("T." + "A" * 1_000_000) is Flaw.NOT_OURS


@pytest.mark.parametrize(
    ("kind", "body", "expires"),
    [
        *((kind, "A001", NOW) for kind in ("", "t", "TT", "1", "Ｔ")),
        *(("T", body, NOW) for body in ("", "A" * 65, "A.1", "A 1", "A\n", "预约")),
        *(("T", "A001", expires) for expires in (-1, 36**7)),
    ],
)
def test_what_does_not_fit_the_grammar_is_not_signed(kind: str, body: str, expires: int) -> None:
    with pytest.raises(ValueError, match=r"kind|expires"):
        sign(kind, body, expires, KEY)


def test_a_short_key_is_a_mistake_of_the_caller_not_of_the_code() -> None:
    with pytest.raises(ValueError, match="key"):
        sign("T", "A001", NOW, b"short")
    with pytest.raises(ValueError, match="key") as caught:
        verify("anything", b"short", NOW)
    assert not isinstance(caught.value, Rejected)


def test_a_rejection_does_not_repeat_what_the_code_said() -> None:
    with pytest.raises(Rejected) as caught:
        verify("321199196001010017", KEY, NOW)
    assert "321199" not in repr(caught.value) + str(caught.value)
