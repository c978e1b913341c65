"""Residents' words: every language says everything, and lines break where readers expect it."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hall_stories import HALL, MONDAY, text
from hypothesis import given
from hypothesis import strategies as st

import kiosk
from kiosk import flow, linebreak
from kiosk.flow import Failure, HandedOut, Session
from kiosk.surroundings import Closed, QueueNow, Surroundings
from kiosk.texts import load, placeholders
from kiosk.views import QueuesPage, ReadingPage, View, view
from queue_server.domain.calendar import instant
from queue_server.domain.configuration import Disclosures

LANGUAGES = load()
FOLDER = Path(kiosk.__file__).parent
NOON = instant(HALL.timezone, MONDAY, "12:30")


def test_chinese_comes_first_and_english_second() -> None:
    assert list(LANGUAGES)[:2] == ["zh", "en"]


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_says_the_same_things_with_the_same_placeholders(code: str) -> None:
    first = LANGUAGES["zh"].phrases
    other = LANGUAGES[code].phrases
    assert other.keys() == first.keys()
    assert {key: placeholders(other[key]) for key in other} == {key: placeholders(first[key]) for key in first}
    assert all(phrase.strip() for phrase in other.values())
    assert LANGUAGES[code].second in LANGUAGES


def test_a_new_language_is_one_more_file(tmp_path: Path) -> None:
    for path in (FOLDER / "texts").glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    third = yaml.safe_load((FOLDER / "texts" / "en.yaml").read_text("utf-8"))
    third["language"] = {"name": "日本語", "second": "zh", "order": 3}
    (tmp_path / "ja.yaml").write_text(yaml.safe_dump(third, allow_unicode=True), "utf-8")
    offered = view(Session(), Surroundings(configuration=HALL), load(tmp_path), now=NOON, at=0).header.languages
    assert offered == (("en", "English"), ("ja", "日本語"))


def test_the_seven_weekdays_are_named_in_every_language() -> None:
    for words in LANGUAGES.values():
        assert len(words.list_of("clock.weekdays")) == 7
        assert len(words.list_of("unavailable.short_weekdays")) == 7


def test_no_words_for_residents_stand_in_the_code() -> None:
    """Chinese in a string of the program would be shown in English too."""
    for path in [*FOLDER.rglob("*.py"), *FOLDER.rglob("*.kv")]:
        if path.name != "linebreak.py":
            shown = re.sub(r'"""[\s\S]*?"""|#.*|ON_BEHALF = .*', "", path.read_text("utf-8"))
            assert not re.search("[一-鿿]", shown), path


# --- what the screens say

SCREENS: dict[str, flow.Screen] = {
    "first": flow.ChoosingQueue(),
    "service": flow.ChoosingService(queue="A"),
    "reading": flow.Reading(queue="A", service="licence"),
    "unsure": flow.Reading(queue="A", service=None),
    "issuing": flow.Issuing(queue="A", service="licence", order=1),
    **{f"failed-{why}": flow.Apologising(why=why, order=1) for why in Failure},
    **{
        f"ticket-{on_paper}-{wait}": flow.Showing(
            ticket=HandedOut(
                ticket="t",
                label="A001",
                queue="A",
                service="licence",
                at=NOON,
                ahead=ahead,
                wait=wait,
                windows=windows,
                on_paper=on_paper,
            )
        )
        for on_paper in (True, False)
        for ahead, wait, windows in [(3, (5, 9), ("1", "2", "3")), (None, None, ()), (0, (0, 0), ("1",))]
    },
}
KNOWN = Surroundings(configuration=HALL, queues={"A": QueueNow(waiting=3, wait=(5, 10), windows=("1", "2", "3", "7"))})


def shown(screen: flow.Screen, around: Surroundings = KNOWN, language: str = "zh") -> View:
    return view(Session(screen=screen, language=language), around, LANGUAGES, now=NOON, at=0)


def texts_of(value: Any) -> list[str]:
    """Every text in a view."""
    if isinstance(value, str):
        return [value]
    if is_dataclass(value):
        return [text for field in fields(value) for text in texts_of(getattr(value, field.name))]
    return [text for item in value for text in texts_of(item)] if isinstance(value, tuple) else []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCREENS)
def test_every_screen_can_be_said_in_every_language(name: str, language: str) -> None:
    for closed in (None, *Closed):
        around = replace(KNOWN, closed=closed, numbers_from=NOON)
        said = texts_of(shown(SCREENS[name], around, language))
        assert not [text for text in said if re.search(r"[{}]|None", text)]


@pytest.mark.parametrize("closed", list(Closed))
def test_when_no_ticket_can_be_taken_the_first_screen_and_the_last_step_say_why(closed: Closed) -> None:
    around = replace(KNOWN, closed=closed, numbers_from=NOON)
    first, last = shown(SCREENS["first"], around).page, shown(SCREENS["reading"], around).page
    assert isinstance(first, QueuesPage)
    assert isinstance(last, ReadingPage)
    assert first.notice is not None
    assert first.notice == last.notice
    assert first.notice.lines


def test_the_opening_hours_are_said_when_the_hall_is_closed() -> None:
    page = shown(SCREENS["first"], replace(KNOWN, closed=Closed.AFTER)).page
    assert isinstance(page, QueuesPage)
    assert page.notice is not None
    assert page.notice.lines[-1] == "办公时间：周一至周五 08:30–12:00，14:00–17:30"


def test_a_service_without_disclosures_sends_to_the_enquiry_window() -> None:
    page = shown(SCREENS["reading"]).page
    assert isinstance(page, ReadingPage)
    assert "咨询窗口" in page.parts[0].lines[0]


def test_materials_come_first_and_numbered() -> None:
    told = Disclosures(
        basis="法", conditions="条件", materials=("身份证", "申请书"), process=("申请",), time_limit="当场",
        completion="领取", fee="不收费",
    )  # fmt: skip
    hall = replace(HALL, services=(replace(HALL.services[0], disclosures=told),))
    page = shown(SCREENS["reading"], Surroundings(configuration=hall)).page
    assert isinstance(page, ReadingPage)
    assert (page.parts[0].lines, page.parts[0].numbered) == (("身份证", "申请书"), True)
    assert "不收费" in texts_of(page)


def test_what_is_unknown_is_said_to_be_unknown() -> None:
    page = shown(SCREENS["reading"], Surroundings(configuration=HALL)).page
    assert isinstance(page, ReadingPage)
    assert [(figure.value, figure.known) for figure in page.figures[:2]] == [("暂不清楚", False)] * 2


def test_windows_in_a_row_are_drawn_together() -> None:
    assert LANGUAGES["zh"].windows(["1", "2", "3", "7", "大厅", "9", "10"]) == "1–3、7、大厅、9–10"


def test_a_hall_without_an_english_name_keeps_its_own() -> None:
    assert LANGUAGES["en"].of(text("测试大厅")) == "测试大厅"
    assert LANGUAGES["zh"].beside(text("测试大厅")) == ""


# --- breaking lines


def cells(line: str) -> int:
    return sum(1 if ord(character) < 0x2000 else 2 for character in line)


def test_no_line_starts_with_closing_punctuation_or_ends_with_an_opening_bracket() -> None:
    words = "换领20元/证；丢失补领（或损坏换领）40元/证，以现行收费公告为准。"
    for width in range(8, 60):
        lines = linebreak.wrap(words, width, cells)
        assert "".join(lines) == words
        assert not [line for line in lines if line[0] in "，。；）" or line.endswith("（")]


def test_words_and_numbers_stay_whole() -> None:
    assert linebreak.wrap("约 5–10 分钟 about 5–10 minutes", 14, cells) == ["约 5–10 分钟", "about 5–10", "minutes"]


def test_balanced_lines_leave_no_character_alone() -> None:
    assert linebreak.wrap("公安户政与出入境", 14, cells) == ["公安户政与出入", "境"]
    assert linebreak.balanced("公安户政与出入境", 14, cells) == ["公安户政", "与出入境"]
    assert linebreak.balanced("Integrated intake", 14, cells) == ["Integrated", "intake"]


@given(st.text("申请书（）《》，。；abc 12-/", max_size=60), st.integers(2, 40))
def test_nothing_is_lost_and_nothing_sticks_out(words: str, width: int) -> None:
    for wrap in (linebreak.wrap, linebreak.balanced):
        lines = wrap(words, width, cells)
        assert "".join(lines).replace(" ", "") == words.replace(" ", "")
        assert all(cells(line) <= width for line in lines)
