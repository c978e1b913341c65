"""The doctor's words: one file a language, all with the same keys and placeholders. Chinese is said first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from devices.doctor.examine import CHAPTERS, Finding, Verdict

_TEXTS = Path(__file__).parent / "texts"
_MARKS = {Verdict.WELL: "✓", Verdict.LOOK: "!", Verdict.ILL: "✗"}


@dataclass(frozen=True, kw_only=True)
class Words:
    """One language's sentences, by chapter and word."""

    chapters: dict[str, Any]

    @property
    def none(self) -> str:
        return str(self.chapters["none"])

    def page(self, key: str, **values: object) -> str:
        return str(self.chapters["page"][key]).format(**values)

    def kind(self, kind: str) -> str:
        return str(self.chapters["kinds"][kind])

    def sentence(self, finding: Finding) -> str:
        """What it is and what to do. KeyError if the language lacks either, or a value for a placeholder."""
        text = self.chapters[finding.chapter][finding.word]
        values = {key: value or self.none for key, value in finding.values.items()}
        return f"{text['what']} {text['do']}".strip().format(**values)


@cache
def languages() -> tuple[Words, ...]:
    return tuple(
        Words(chapters=yaml.safe_load((_TEXTS / f"{code}.yaml").read_text(encoding="utf-8"))) for code in ("zh", "en")
    )


def said(finding: Finding) -> str:
    """A finding as the installer reads it: which device it is, then a line in each language."""
    kinds = " ".join(words.kind(finding.kind) for words in languages())
    lines = (f"    {words.sentence(finding)}" for words in languages())
    return "\n".join([f"{_MARKS[finding.verdict]} {finding.name}  {kinds}  {finding.url}", *lines])


def said_on_page(key: str, **values: object) -> str:
    return "\n".join(words.page(key, **values) for words in languages())


def health_tables() -> str:
    """Every health word of every driver and what it means, as the tables of docs/devices.md."""
    return "\n\n".join(_table(chapter) for chapter in CHAPTERS)


def _table(chapter: str) -> str:
    kinds = ("rating_pad", "call_pad") if chapter == "pad" else (chapter,)
    title = ", ".join(f"`{kind}` {' '.join(words.kind(kind) for words in languages())}" for kind in kinds)
    rows = [f"**{title}**", "", "| health | 意思 meaning | 怎么办 what to do |", "| --- | --- | --- |"]
    for health in CHAPTERS[chapter]:
        texts = [words.chapters[chapter][health.value] for words in languages()]
        what, do = (" ".join(text[part] for text in texts).format(address="*n*", detail="…") for part in ("what", "do"))
        rows.append(f"| `{health.value}` | {what} | {do.strip()} |")
    return "\n".join(rows)
