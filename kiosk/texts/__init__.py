"""Residents' words: one file a language, all with the same keys and placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from queue_server.domain.configuration import Text


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


def _words(code: str, content: dict[str, Any]) -> Words:
    about = content.pop("language")
    phrases = {f"{part}.{key}": phrase for part, texts in content.items() for key, phrase in texts.items()}
    return Words(language=code, name=about["name"], second=about["second"], phrases=phrases)
