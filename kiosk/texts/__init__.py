"""Residents' words: one file a language, all with the same keys and placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from queue_server.domain.configuration import Text


class TextError(ValueError):
    """A hall's own text cannot take the place of ours."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """One language. `second` is the language shown small beside it."""

    language: str
    name: str
    second: str
    phrases: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The phrase `key` with its placeholders filled in. KeyError if the language lacks either."""
        return self.phrases[key].format(**values)

    def list_of(self, key: str) -> list[str]:
        """A phrase that is a list of words set apart by spaces, such as the weekdays."""
        return self.phrases[key].split()

    def of(self, text: Text) -> str:
        """Configured words in this language, else in Chinese, which they always have."""
        return str(getattr(text, self.language, "")) or text.zh

    def beside(self, text: Text) -> str:
        """The same in the second language; empty if there is none or it says the same."""
        second = str(getattr(text, self.second, ""))
        return "" if second == self.of(text) else second

    def windows(self, codes: Iterable[str]) -> str:
        """`1–10、12`: window codes, runs of numbers drawn together."""
        runs = (self("lists.range", first=first, last=last) if first != last else first for first, last in _runs(codes))
        return self("lists.joiner").join(runs)


def _runs(codes: Iterable[str]) -> Iterator[tuple[str, str]]:
    first = last = ""
    for code in codes:
        if last.isdecimal() and code.isdecimal() and int(code) == int(last) + 1:
            last = code
            continue
        if last:
            yield first, last
        first = last = code
    if last:
        yield first, last


def placeholders(phrase: str) -> set[str]:
    return set(re.findall(r"{(\w+)", phrase))


@cache
def load(folder: Path = Path(__file__).parent) -> dict[str, Words]:
    """Every language of the folder by its code, in the order in which they are offered."""
    files = folder.glob("*.yaml")
    found = {path.stem: yaml.load(path.read_text("utf-8"), yaml.CSafeLoader) for path in files}
    ordered = sorted(found.items(), key=lambda item: item[1]["language"]["order"])
    return {code: _words(code, content) for code, content in ordered}


def with_own(languages: Mapping[str, Words], own: Mapping[str, Mapping[str, str]]) -> dict[str, Words]:
    """The languages with a hall's own phrases in the place of some of ours.

    Raises:
        TextError: there is no such language or phrase, or a phrase has other placeholders than ours.
    """
    for code, phrases in own.items():
        if code not in languages:
            raise TextError(f"texts: there is no language {code!r}; there are {', '.join(languages)}")
        for key, phrase in phrases.items():
            ours = languages[code].phrases.get(key)
            if ours is None:
                raise TextError(f"texts: {code}: there is no text {key!r}")
            if placeholders(phrase) != placeholders(ours) or not phrase.strip():
                wanted = ", ".join(f"{{{name}}}" for name in sorted(placeholders(ours))) or "none"
                raise TextError(f"texts: {code}: {key} must have some words and the placeholders of ours: {wanted}")
    return {code: replace(words, phrases={**words.phrases, **own.get(code, {})}) for code, words in languages.items()}


def _words(code: str, content: dict[str, Any]) -> Words:
    about = content.pop("language")
    phrases = {f"{part}.{key}": phrase for part, texts in content.items() for key, phrase in texts.items()}
    return Words(language=code, name=about["name"], second=about["second"], phrases=phrases)
