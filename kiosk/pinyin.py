"""How residents spell a Chinese character with Latin letters: in full, by its initial, or as they pronounce it. Pure.

The readings come from pypinyin's table of single characters (MIT). Its table of phrases stays out of memory: any
reading of a character is accepted here, so there is nothing to choose by context.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from itertools import product

os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")  # 12 MB and 0.2 s instead of 56 MB and 0.6 s
os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "1")

from pypinyin import Style, pinyin

EXACT = 0
ABBREVIATED = 1
"""Added for an initial that stands for its syllable, and for a syllable not finished yet."""
RARER = 100
"""Added for a reading that is not the character's commonest: which one is meant, only its neighbours could tell."""
STRETCHED = 100_000
"""Added for a spelling by ear."""

# Jianghuai Mandarin, spoken in Jurong, does not tell these sounds apart: z/zh, c/ch, s/sh, n/l, in/ing, en/eng, an/ang.
_ALIKE = {"z": "zh", "c": "ch", "s": "sh", "zh": "z", "ch": "c", "sh": "s", "n": "l", "l": "n"}
_SYLLABLE = re.compile(r"([zcs]h|[^aeiouv]?)(.*)")
_NASAL = re.compile(r"[aei]n$")


@cache
def spellings(character: str) -> Mapping[str, int]:
    """Every way to type `character` and what it costs: `{"身": 0, "shen": 0, "sh": 1, "s": 1, "sen": 100000, …}`.

    What has no reading (a letter, a digit) is typed as itself.
    """
    costs = {character: EXACT}
    for place, reading in enumerate(readings(character)):
        for written in {reading, reading.replace("v", "u")}:  # 旅: lv, or lu for who looks for ü in vain
            for heard in _by_ear(written):
                cost = (RARER if place else EXACT) + (0 if heard == written else STRETCHED)
                for typed, shortened in ((heard, 0), *((initial, ABBREVIATED) for initial in _initials(heard))):
                    costs[typed] = min(cost + shortened, costs.get(typed, cost + shortened))
    return costs


def readings(character: str) -> tuple[str, ...]:
    """Its readings without tones, ü as v, the commonest first; none if it is not a Chinese character."""
    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    return tuple(reading for reading in found[0] if reading.isascii()) if found else ()  # 欸 has an ê


def _initials(syllable: str) -> tuple[str, ...]:
    """`zh` is typed as one letter or as two; a syllable without a consonant begins with its vowel."""
    return (syllable[0], syllable[:2]) if syllable[1:2] == "h" else (syllable[0],)


@cache
def _by_ear(syllable: str) -> frozenset[str]:
    """The syllable itself and those that sound the same here."""
    match = _SYLLABLE.fullmatch(syllable)
    assert match is not None
    onset, rime = match.groups()
    rimes = {rime, rime + "g" if _NASAL.search(rime) else re.sub(r"(?<=[aei]n)g$", "", rime)}
    return frozenset(o + r for o, r in product({onset, _ALIKE.get(onset, onset)}, rimes))
