"""Pages and their parts as HTML: templates of ours filled with what `board`, `signs` and `phone` say."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from display.board import Board
from display.notices import is_video
from display.phone import Place
from display.signs import WindowSign
from queue_server.domain.calendar import local
from queue_server.domain.configuration import Text
from queue_server.domain.events import Instant

LANGUAGES = ("zh", "en")
TEXTS: dict[str, dict[str, Any]] = {
    language: yaml.safe_load((files("display") / "texts" / f"{language}.yaml").read_text(encoding="utf-8"))
    for language in LANGUAGES
}


def draw(template: str, **what: Any) -> str:
    """A page; `zh` and `en` are the texts."""
    return _TEMPLATES.get_template(template).render(**what, **TEXTS)


def draw_in(language: str, template: str, **what: Any) -> str:
    """A page in one language; `texts` are all of its texts, `words` those of tickets."""
    other = next(other for other in LANGUAGES if other != language)
    texts = TEXTS[language]
    return draw(template, language=language, other=other, texts=texts, words=texts["ticket"], **what)


# What a page keeps live: one element on one line, which carries its version.


def board_part(board: Board | None, version: int, _: str) -> str:
    return _line(draw("board_fragment.html", board=board, version=version))


def sign_part(sign: WindowSign | None, version: int, _: str) -> str:
    return _line(draw("sign_fragment.html", sign=sign, version=version))


def ticket_part(place: Place | None, version: int, language: str) -> str:
    """In a language. Nothing if there is no such ticket any more."""
    return "" if place is None else _line(draw_in(language, "ticket_fragment.html", place=place, version=version))


def _line(html: str) -> str:
    return html.replace("\n", " ")


# Filters of the templates.


def aged(sentence: str, since: Instant | str = "") -> Markup:
    """A sentence with a place for an age, which the page keeps telling."""
    return Markup(escape(sentence).replace("{age}", Markup('<b data-since="{}"></b>').format(since)))  # noqa: S704


def cell(place: int) -> str:
    """Row and column of a place. In every size the places of a smaller one keep their column and row."""
    column, row = divmod(place, 4) if place < 12 else ((place - 12) // 3, 4 + (place - 12) % 3)
    return f"{row + 1} / {column + 1}"


def tall_cell(place: int) -> str:
    """The same on a board that is taller than wide: two columns, and a third where two do not do."""
    if place < 8:
        column, row = divmod(place, 4)
    elif place < 14:
        row, column = 4 + (place - 8) // 2, (place - 8) % 2
    else:
        column, row = 2, place - 14
    return f"{row + 1} / {column + 1}"


def said(text: Text | None, language: str) -> str:
    """A configured text in a language, in Chinese where it has no other."""
    return (getattr(text, language, "") or text.zh) if text else ""


def clock(at: Instant, timezone: str) -> str:
    return f"{local(timezone, at):%H:%M}"


def day(at: Instant, timezone: str) -> str:
    """As `11-24`, which is read alike in every language."""
    return f"{local(timezone, at):%m-%d}"


_TEMPLATES = Environment(
    loader=PackageLoader("display"), autoescape=True, auto_reload=False, trim_blocks=True, lstrip_blocks=True
)
_TEMPLATES.filters |= {f.__name__: f for f in (aged, cell, tall_cell, said, clock, day)}
_TEMPLATES.globals |= {"is_video": is_video}
