"""Finding a service by what a resident types: initials, pinyin, characters, English words. Pure.

A text is read along a phrase (a service's name, an everyday word for it, …) syllable by syllable, each in full or by
its initial, the last one perhaps unfinished. So a longer text finds no more than a shorter one, and the letters that
lead on are known. Costs are sums of `LATE`, `JUMP` and those of `kiosk.pinyin`; a text is short enough (`LONGEST`) for
each of them to outweigh any number of the smaller ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from string import ascii_lowercase

from kiosk.pinyin import ABBREVIATED, EXACT, readings, spellings
from queue_server.domain.configuration import Configuration, Service

LONGEST = 40
"""Characters of a text that are read; what is longer is cut."""
MANY = 20
"""Services in an answer, at most."""

LATE = 10_000
"""Added when the text begins inside the phrase."""
JUMP = 10_000_000
"""Added when it goes on elsewhere in the phrase: `gs dj` of 有限责任公司设立登记, `card id` of `ID card`."""

# Units (characters, English words) of a phrase to be read before a text may jump. After a single character nearly any
# letters would be found somewhere; everyday words and weak matches are read as they stand.
_ENGLISH_PIECE, _CHINESE_PIECE, _ONE_PIECE = 1, 2, LONGEST + 1


class Kind(IntEnum):
    """What a text was found in, the likeliest first."""

    OWN = 0
    """The service's name or a keyword, in one piece."""
    ENGLISH = 1
    PIECES = 2
    """The service's name, in several pieces."""
    QUEUE = 3
    DEPARTMENT = 4


@dataclass(frozen=True, kw_only=True)
class Found:
    """A service that fits. `rank`: 1 is the best. `words`: what it was found by, empty if by its own name."""

    service: str
    rank: int
    words: str = ""


class Index:
    """The services of one hall, ready to be searched. Built once for a configuration; never changes."""

    def __init__(self, configuration: Configuration) -> None:
        self._services = tuple(service.code for service in configuration.services)
        phrases: dict[tuple[str, int], _Phrase] = {}
        for order, service in enumerate(configuration.services):
            for text, kind, piece in _texts(configuration, service):
                if (text, piece) not in phrases:
                    phrases[text, piece] = _Phrase(text, piece)
                named = kind is Kind.ENGLISH or text in service.name.zh
                phrases[text, piece].uses.append(_Use(order=order, kind=kind, named=named))
        self._phrases = tuple(phrases.values())
        # A screen asks again whenever it is drawn, and for the text before when a letter is taken back.
        self._fits = lru_cache(maxsize=LONGEST)(self._fitting)

    def find(self, text: str, limit: int = MANY) -> tuple[Found, ...]:
        """The services that fit `text`, best first; none for a text without a letter, a digit or a character."""
        if not _words(text[:LONGEST]):
            return ()
        best: dict[int, tuple[tuple[int, int, int], str]] = {}
        for phrase, fit in self._fits(text[:LONGEST]):
            for use in phrase.uses:
                kind = Kind.PIECES if use.kind is Kind.OWN and fit.cost >= JUMP else use.kind
                place = kind, fit.cost, len(phrase.text)
                if use.order not in best or place < best[use.order][0]:
                    best[use.order] = place, "" if use.named else phrase.text
        ordered = sorted(best.items(), key=lambda entry: (entry[1][0], entry[0]))[:limit]
        return tuple(
            Found(service=self._services[order], rank=rank, words=words)
            for rank, (order, (_, words)) in enumerate(ordered, 1)
        )

    def next_letters(self, text: str) -> frozenset[str]:
        """The letters a–z after which `find` still finds something; for an empty text, those that begin anything."""
        following = (letter for _, fit in self._fits(text[:LONGEST]) for letter in fit.following)
        return frozenset(following).intersection(ascii_lowercase)

    def _fitting(self, text: str) -> tuple[tuple[_Phrase, _Fit], ...]:
        """The phrases that fit; what fits none as it is written is taken by its sound (身分证, 身份證)."""
        words = _words(text)
        if fits := tuple(self._read(words)):
            return fits
        return tuple(self._read(["".join(next(iter(readings(c)), c) for c in word) for word in words]))

    def _read(self, words: list[str]) -> Iterator[tuple[_Phrase, _Fit]]:
        """Chinese is read without the spaces; English has to have all the words, in any order."""
        whole = "".join(words)[:LONGEST]
        for phrase in self._phrases:
            texts = words if phrase.english and words else (whole,)
            fits = [fit for fit in (_fit(phrase, text) for text in texts) if fit is not None]
            if len(fits) == len(texts):
                yield phrase, _Fit(cost=sum(fit.cost for fit in fits), following=fits[-1].following)


@dataclass(frozen=True, kw_only=True)
class _Use:
    """Which service, by its place in the configuration, a phrase leads to. `named`: its name says so itself."""

    order: int
    kind: Kind
    named: bool


class _Phrase:
    """Words to be found, cut into what is typed at once: Chinese into characters, English into words.

    `units`: of each, the spellings and their costs by first letter; an empty one at the end. `starts`: the units that
    begin with a letter. `piece`: units read before a text may jump.
    """

    def __init__(self, text: str, piece: int) -> None:
        words = _words(text)
        self.text, self.piece, self.english = text, piece, piece == _ENGLISH_PIECE
        self.uses: list[_Use] = []
        spelled = [{word: EXACT} for word in words] if self.english else [spellings(c) for c in "".join(words)]
        self.units = (*(_by_first_letter(unit) for unit in spelled), {})
        self.starts: dict[str, list[int]] = {}
        for place, unit in enumerate(self.units):
            for letter in unit:
                self.starts.setdefault(letter, []).append(place)


@dataclass(frozen=True, kw_only=True)
class _Fit:
    """A text read along a phrase. `following`: what may come next, as first characters."""

    cost: int
    following: frozenset[str]


def _texts(configuration: Configuration, service: Service) -> Iterator[tuple[str, Kind, int]]:
    """What a service is found by, and after how many units of it a text may jump."""
    yield service.name.zh, Kind.OWN, _CHINESE_PIECE
    for keyword in service.keywords:
        yield keyword, Kind.OWN, _ONE_PIECE
    yield service.name.en, Kind.ENGLISH, _ENGLISH_PIECE
    yield configuration.queue[service.queue].name.zh, Kind.QUEUE, _ONE_PIECE
    yield service.department, Kind.DEPARTMENT, _ONE_PIECE


def _words(text: str) -> list[str]:
    """The words of a text: small letters, digits and characters; ＳＦＺ is sfz, an accent or tone mark is dropped."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return re.findall(r"[^\W_]+", "".join(c for c in plain if unicodedata.category(c) != "Mn"))


def _by_first_letter(spelled: Mapping[str, int]) -> dict[str, tuple[tuple[str, int], ...]]:
    letters: dict[str, tuple[tuple[str, int], ...]] = {}
    for spelling, cost in spelled.items():
        letters[spelling[0]] = (*letters.get(spelling[0], ()), (spelling, cost))
    return letters


def _fit(phrase: _Phrase, text: str) -> _Fit | None:
    """The cheapest way to read `text` along `phrase`; None if there is none.

    `pending`: by how much of the text has been read, and by the next unit and the units read in this piece (counted
    no further than matters), the least cost of getting there.
    """
    if not text:
        return _Fit(cost=0, following=frozenset(phrase.starts))
    pending = {0: {(unit, 0): LATE if unit else 0 for unit in phrase.starts.get(text[0], ())}}
    finished: list[int] = []
    following: set[str] = set()
    while pending:
        at = min(pending)
        here, rest = pending.pop(at), text[at:]
        if long_enough := [cost for (_, run), cost in here.items() if run == phrase.piece]:
            here |= {(unit, 0): min(long_enough) + JUMP for unit in phrase.starts.get(rest[:1], ())}
        if not rest:
            finished.extend(here.values())
            following.update(*(phrase.units[unit] for unit, _ in here), phrase.starts if long_enough else ())
            continue
        for (unit, run), cost in here.items():
            for spelling, more in phrase.units[unit].get(rest[0], ()):
                if rest.startswith(spelling):
                    after, state = pending.setdefault(at + len(spelling), {}), (unit + 1, min(run + 1, phrase.piece))
                    after[state] = min(cost + more, after.get(state, cost + more))
                elif spelling.startswith(rest):
                    finished.append(cost + more + ABBREVIATED)
                    following.add(spelling[len(rest)])
    return _Fit(cost=min(finished), following=frozenset(following)) if finished else None
