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
from devices.id_card import driver as id_card
from devices.printer import driver as printer
from devices.scanner import reading as reading_codes
from kiosk import linebreak
from kiosk import session as s
from kiosk.flow import open_to_papers
from kiosk.pages import QueuesPage, ReadingPage, SearchPage, ServicePage, SlipPage, View
from kiosk.papers import Arrival, Booking, Card, CodeFlaw, HandedOut, HeldTicket
from kiosk.patience import PATIENCE
from kiosk.session import Comfort, Failure, Session
from kiosk.surroundings import Closed, DeviceNow, Machine, QueueNow, Reader, ServiceReport, Surroundings
from kiosk.texts import TextError, load, placeholders, with_own
from kiosk.views import view
from queue_server.domain.calendar import instant
from queue_server.domain.configuration import About, Agent, Disclosures, HallNotice, ResidentClass, Terms, Text
from queue_server.domain.life import State

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
    assert [(button.tag, button.words) for button in offered] == [("language:en", "English"), ("language:ja", "日本語")]


def test_a_hall_may_say_it_in_its_own_words() -> None:
    own = with_own(LANGUAGES, {"zh": {"queue.title": "您要办什么？"}})
    assert own["zh"]("queue.title") == "您要办什么？"
    assert own["zh"]("queue.hint") == LANGUAGES["zh"]("queue.hint")
    assert own["en"]("queue.title") == LANGUAGES["en"]("queue.title")


@pytest.mark.parametrize(
    "wrong",
    [{"xx": {"queue.title": "?"}}, {"zh": {"queue.titel": "?"}}, {"zh": {"queue.waiting": "很多人"}},
     {"zh": {"queue.title": " "}}, {"zh": {"queue.title": "{name}"}}],
)  # fmt: skip
def test_words_of_a_hall_that_cannot_be_used_are_refused(wrong: dict[str, dict[str, str]]) -> None:
    with pytest.raises(TextError, match="texts: "):
        with_own(LANGUAGES, wrong)


def test_the_seven_weekdays_are_named_in_every_language() -> None:
    for words in LANGUAGES.values():
        assert len(words.list_of("clock.weekdays")) == 7
        assert len(words.list_of("unavailable.short_weekdays")) == 7


def test_no_words_for_residents_stand_in_the_code() -> None:
    """Chinese in a string of the program would be shown in English too."""
    for path in [*FOLDER.rglob("*.py"), *FOLDER.rglob("*.kv")]:
        if path.name not in {"linebreak.py", "pinyin.py", "examples.py"}:
            shown = re.sub(r'"""[\s\S]*?"""|#.*|(ON_BEHALF|ADVISE) = .*|get_extents\(.*', "", path.read_text("utf-8"))
            assert not re.search("[一-鿿]", shown), path


# --- what the screens say

TOLD = Disclosures(
    basis="法", conditions="条件", materials=("身份证", "申请书"), process=("申请", "受理"), time_limit="当场",
    completion="领取", fee="不收费",
)  # fmt: skip
TERMS = Terms(**{key: text(f"叫{key}") for key in (*vars(TOLD), "one_time_notice")})
ELDER = ResidentClass(code="elder", name=text("老年人"), target_minutes=10, from_age=60, evidence="身份证")
TOWN = replace(
    HALL,
    services=(
        *HALL.services, replace(HALL.services[0], code="told", disclosures=TOLD),
        replace(HALL.services[0], code="permit", assist="咨办", disclosures=TOLD),
        replace(HALL.services[0], code="shut", closed=text("停电")),
    ),
    classes=(*HALL.classes, ELDER), terms=TERMS, frequent=("licence", "told"),
    about=About(
        address=text("人民路1号"), phone="0511-1", instructions=(text("先取号"),),
        notices=(HallNotice(title=text("收费公示"), text=text("都不收费")),),
        agents=(Agent(name="王芳", duty=text("帮办"), phone="0511-2", whereabouts=text("三号窗口旁")),),
    ),
)  # fmt: skip
OLD = Card(holder="h", name="张**", age=70, expired=True)


def booking(minutes: float = 0, **changes: Any) -> Booking:
    slot = NOON + round(minutes * 60_000)
    return replace(Booking(appointment="a", hall="H1", day=MONDAY, slot=slot, service="told"), **changes)


def held(state: State, *, restorable: bool = False) -> HeldTicket:
    return HeldTicket(
        ticket="t", label="A007", queue="A", service="told", state=state, ahead=3, wait=(5, 9), windows=("1", "2"),
        window="1" if state in (State.CALLED, State.SERVING) else None, restorable=restorable,
    )  # fmt: skip


def handed_out(on_paper: bool, ahead: int | None, wait: tuple[int, int] | None, windows: tuple[str, ...]) -> HandedOut:
    return HandedOut(
        ticket="t", label="A001", queue="A", service="licence", at=NOON, ahead=ahead, wait=wait, windows=windows,
        on_paper=on_paper, klass="elder", then=("tax",),
    )  # fmt: skip


SCREENS: dict[str, s.Screen] = {
    "first": s.ChoosingQueue(),
    "presenting": s.Presenting(),
    "greeting": s.Greeting(bookings=(booking(), booking(service="gone")), held=(held(State.WAITING),)),
    "searching": s.Searching(),
    "found-nothing": s.Searching(text="xxxx"),
    "about": s.AboutHall(),
    "service": s.ChoosingService(queue="A"),
    "reading": s.Reading(queue="A", service="licence"),
    "told": s.Reading(queue="A", service="told", ticked=frozenset({1})),
    "listed": s.Reading(queue="A", service="told", listed=True),
    "permit": s.Reading(queue="A", service="permit"),
    "shut": s.Reading(queue="A", service="shut"),
    "unsure": s.Reading(queue="A", service=None),
    "classes": s.ChoosingClass(),
    **{f"arrival-{arrival}": s.CheckingIn(booking=booking(ticket="A3"), arrival=arrival) for arrival in Arrival},
    **{
        f"asked-{state}-{restorable}": s.AskingAfter(ticket=held(state, restorable=restorable))
        for state in State
        for restorable in (True, False)
    },
    "duplicate": s.AskingAfter(ticket=held(State.WAITING), duplicate=True),
    "restored": s.AskingAfter(ticket=held(State.WAITING), restored=True),
    **{f"code-{why}": s.CodeRefused(why=why) for why in CodeFlaw},
    **{f"busy-{doing}": s.Busy(order=1, doing=doing) for doing in s.Doing},
    **{f"failed-{why}": s.Apologising(why=why, order=1) for why in Failure},
    "sheet": s.SheetGiven(service="permit"),
    "pin": s.EnteringPin(digits="12"),
    "pin-wrong": s.EnteringPin(wrong=True),
    "pin-asked": s.EnteringPin(order=1),
    "servicing": s.Servicing(),
    **{f"served-{worked}": s.Servicing(act=s.ServiceAct.REPRINT, worked=worked) for worked in (True, False)},
    "serving": s.Servicing(act=s.ServiceAct.RESTART, running=2),
    **{
        f"ticket-{on_paper}-{wait}": s.Showing(ticket=handed_out(on_paper, ahead, wait, windows))
        for on_paper in (True, False)
        for ahead, wait, windows in [(3, (5, 9), ("1", "2", "3")), (None, None, ()), (0, (0, 0), ("1",))]
    },
}
REPORT = ServiceReport(
    version="1", devices=(DeviceNow(name="printer", health="ready", well=True, since=NOON),), unsent=2, tickets_today=9,
    disk_free=100, log=("a line",),
)  # fmt: skip
KNOWN = Surroundings(
    configuration=TOWN, now=NOON, reader=Reader.PLACE_AGAIN, scanner=True, report=REPORT,
    queues={"A": QueueNow(waiting=3, wait=(5, 10), windows=("1", "2", "3", "7")), "B": QueueNow(full=True)},
)  # fmt: skip


def shown(screen: s.Screen, around: Surroundings = KNOWN, language: str = "zh", **session: Any) -> View:
    return view(Session(screen=screen, language=language, **session), around, LANGUAGES, now=NOON, at=0)


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
        around = replace(KNOWN, closed=closed, numbers_from=NOON, closing=NOON if closed is None else None)
        said = texts_of(shown(SCREENS[name], around, language, card=OLD, klass="elder", basket=("tax",)))
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


def reading(name: str, around: Surroundings = KNOWN, **session: Any) -> ReadingPage:
    page = shown(SCREENS[name], around, **session).page
    assert isinstance(page, ReadingPage)
    return page


def test_a_service_without_disclosures_sends_to_the_enquiry_window() -> None:
    assert "咨询窗口" in reading("reading").parts[0].lines[0]


def test_all_seven_disclosures_are_said_under_the_policys_own_names() -> None:
    page = reading("told")
    assert page.materials_heading == "叫materials"
    assert [(box.words, box.on) for box in page.materials] == [("身份证", False), ("申请书", True)]
    assert {part.heading for part in page.parts} == {f"叫{key}" for key in vars(TOLD)} - {"叫materials"}
    said = texts_of(page)
    assert {"法", "条件", "申请 → 受理", "当场", "领取", "不收费"} <= {*said}


def test_a_card_of_age_offers_to_go_first_and_the_choice_shows() -> None:
    page = reading("told", card=OLD)
    assert page.choice is not None
    assert (page.choice.yes.on, page.choice.no.on) == (False, True)
    wanted = reading("told", card=OLD, klass="elder").choice
    assert wanted is not None
    assert (wanted.yes.on, wanted.no.on) == (True, False)
    assert reading("told", card=replace(OLD, age=None)).choice is None


def test_a_service_that_others_decide_offers_a_guide_and_no_ticket() -> None:
    page = reading("permit")
    assert page.confirm is not None
    assert page.confirm.words == LANGUAGES["zh"]("read.confirm_advice")
    assert page.figures == ()


@pytest.mark.parametrize(("name", "said"), [("shut", "停电"), ("full", LANGUAGES["zh"]("blocked.full"))])
def test_why_there_is_no_ticket_stands_in_the_place_of_the_button(name: str, said: str) -> None:
    full = replace(KNOWN, queues={"A": QueueNow(full=True)})
    page = reading("shut") if name == "shut" else reading("told", full)
    assert page.confirm is None
    assert page.notice is not None
    assert said in page.notice.lines


def test_in_the_last_minutes_it_is_said_before_the_number_is_taken() -> None:
    quiet = replace(KNOWN, reader=Reader.NONE)
    assert reading("told", quiet).warning == ""
    assert "12:30" in reading("told", replace(quiet, closing=NOON)).warning


def test_paper_that_is_out_offers_no_list() -> None:
    offered = [button.enabled for button in reading("told").asides if button.tag == "list"]
    none = [b.enabled for b in reading("told", replace(KNOWN, machine=Machine.OUT_OF_PAPER)).asides if b.tag == "list"]
    assert (offered, none) == ([True], [False])


def test_searching_offers_what_is_found_and_only_letters_that_lead_on() -> None:
    page = shown(s.Searching(text="l")).page
    assert isinstance(page, SearchPage)
    assert page.rows
    assert any(row.touch == s.ChooseService(service="licence") for row in page.rows)
    letters = {key.tag[-1]: key.enabled for row in page.keys for key in row if len(key.tag) == len("key:a")}
    assert letters["i"]
    assert not letters["x"]
    assert shown(SCREENS["found-nothing"]).page.nothing == LANGUAGES["zh"]("search.nothing")  # type: ignore[union-attr]


def test_the_halls_own_page_says_where_when_who_and_what() -> None:
    said = "".join(texts_of(shown(SCREENS["about"]).page))
    for words in (
        "人民路1号",
        "0511-1",
        "周一至周五",
        "先取号",
        "王芳",
        "0511-2",
        "三号窗口旁",
        "收费公示",
        "都不收费",
    ):
        assert words in said


def test_a_missed_call_can_be_made_good_only_while_the_hall_can_be_asked() -> None:
    for connected in (True, False):
        page = shown(SCREENS["asked-no-show-True"], replace(KNOWN, connected=connected)).page
        assert isinstance(page, SlipPage)
        assert [button.enabled for button in page.buttons if button.touch == s.Confirm()] == [connected]


def test_an_appointment_at_another_hall_is_named_if_the_city_knows_it() -> None:
    there = replace(KNOWN, halls={"H2": Text(zh="边城便民中心")})
    page = shown(s.CheckingIn(booking=booking(hall="H2"), arrival=Arrival.OTHER_HALL), there).page
    assert isinstance(page, SlipPage)
    assert "边城便民中心" in page.lines[0]


def test_the_modes_of_drawing_are_on_every_screen_one_touch_each() -> None:
    for screen in SCREENS.values():
        modes = shown(screen, comfort=Comfort(large=True)).comforts
        assert [mode.on for mode in modes] == [True, False, False]
        assert modes[1].touch == s.Draw(comfort=Comfort(large=True, contrast=True))


def test_the_masked_name_is_shown_only_while_its_holder_is_there() -> None:
    assert "张**" in shown(SCREENS["first"], card=OLD).greeting
    assert shown(SCREENS["first"]).greeting == ""


def test_what_the_card_reader_says_is_said_on_every_screen_that_takes_papers_and_once() -> None:
    said = LANGUAGES["zh"]("reader.place_again")
    for name, screen in SCREENS.items():
        times = texts_of(shown(screen)).count(said)
        assert times == open_to_papers(Session(screen=screen)), name
    for quiet in (Reader.NONE, Reader.PLACE):
        assert not shown(s.ChoosingQueue(), replace(KNOWN, reader=quiet)).told


def test_what_is_wrong_stands_out_on_the_service_page() -> None:
    page = shown(SCREENS["servicing"]).page
    assert isinstance(page, ServicePage)
    assert {name for name, _, well in page.facts if not well} == {"未上传记录", "磁盘剩余"}


def test_what_cannot_wait_is_said_aloud_on_whatever_screen() -> None:
    assert {name for name in SCREENS if not shown(SCREENS[name]).interjection} == {
        name for name, screen in SCREENS.items() if not open_to_papers(Session(screen=screen))
    }
    assert shown(s.ChoosingQueue()).interjection == "card-again"
    well = replace(KNOWN, reader=Reader.PLACE)
    left = Session(screen=s.Searching())
    said = [view(left, well, LANGUAGES, now=NOON, at=at).interjection for at in (0, PATIENCE.choosing - 1)]
    assert said == ["", "time-out"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_a_driver_says_of_a_device_is_said_in_every_language(language: str) -> None:
    drivers = {"printer": printer.Health, "id_card": id_card.Health, "scanner": reading_codes.Health}
    for name, healths in drivers.items():
        for health in healths:
            device = DeviceNow(name=name, health=health, well=False, since=NOON)
            around = replace(KNOWN, report=replace(REPORT, devices=(device,)))
            page = shown(SCREENS["servicing"], around, language).page
            assert isinstance(page, ServicePage)
            words = LANGUAGES[language]
            called, state, well = page.facts[0]
            assert (called, well) == (words(f"device.{name}"), False)
            assert state.startswith(f"{words('health.' + health.replace('-', '_'))} · ")


def test_what_is_unknown_is_said_to_be_unknown() -> None:
    page = reading("reading", Surroundings(configuration=HALL))
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
