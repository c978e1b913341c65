"""The names of halls: one template for each kind of hall, and each hall says only what fills it (五统一: one name)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from queue_server.domain.configuration import Text

PLACE = "{place}"

Wrong = Iterator[tuple[tuple[str | int, ...], str]]


def hall_name(name: Text | None, place: Text | None, template: Text | None) -> Text:
    """What a hall is called. A place without an English name has none in English."""
    if template is None or place is None:
        return name or Text(zh="")
    return Text(
        zh=template.zh.replace(PLACE, place.zh),
        en=template.en.replace(PLACE, place.en) if place.en else "",
    )


def templates_wrong(templates: Mapping[str, Text], kinds: frozenset[str]) -> Wrong:
    """Where, within `name_templates`, and what is wrong. `kinds`: those of the city's halls."""
    for kind, template in templates.items():
        if kind not in kinds:
            yield (kind,), f"no hall is of this kind; there are {', '.join(sorted(kinds))}"
        for language, text in vars(template).items():
            if text and (text.count(PLACE) != 1 or text.count("{") != 1):
                yield (kind, language), f"must have {PLACE} once, and nothing else in braces"


def name_wrong(name: Text | None, place: Text | None, template: Text | None) -> Wrong:
    """Where, within a hall, and what is wrong: a name of its own would be the end of one name for all."""
    if template is None:
        if place is not None:
            yield ("place",), "name_templates has none for this kind of hall; give its whole name"
        elif name is None:
            yield ("name",), "is missing"
    elif name is not None:
        yield ("name",), f"halls of this kind are called {template.zh!r}; give the place only"
    elif place is None:
        yield ("place",), f"is missing; halls of this kind are called {template.zh!r}"
    elif not place.zh.strip():
        yield ("place", "zh"), "is empty"
