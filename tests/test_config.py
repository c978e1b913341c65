"""The YAML of a city: what is wrong with it is said with file, line and field, all at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from servers import TERMS

from queue_server.config import DECIDE_THEMSELVES, ConfigurationError, always_open, as_plain, load
from queue_server.domain.calendar import Phase, phase
from queue_server.domain.configuration import Advice, Configuration, Numbering, PlannedBreak, Rules, Serves, Text

DEMO = Path(__file__).parent.parent / "config" / "jurong.yaml"

CITY = (
    f"""\
name: {{zh: 某市, en: Some City}}
{TERMS}"""
    + """classes:
  - {code: ordinary, name: {zh: 普通}, target_minutes: 20}
  - {code: military, name: {zh: 军人}, target_minutes: 5, strict: true}
  - {code: appointment, name: {zh: 预约}, target_minutes: 5}
  - {code: aged, name: {zh: 老人}, target_minutes: 10, from_age: 60}
  - {code: urgent, name: {zh: 急事}, target_minutes: 5, declared: false}
services:
  tax: {name: {zh: 税费}, minutes: 7.5, spread: 0.8, keywords: [发票]}
  pension: {name: {zh: 社保}, minutes: 12, spread: 0.6}
halls:
  - code: H1
    name: {zh: 某镇便民服务中心}
    kind: town_centre
    timezone: Asia/Shanghai
    hours:
      periods:
        - {opens: "08:30", closes: "12:00"}
        - {opens: "14:00", closes: "17:30"}
      weekdays: [1, 2, 3, 4, 5]
      holidays: ["2026-10-01"]
      workdays: ["2026-10-10"]
    queues:
      - {code: A, letter: A, name: {zh: 税费}, minutes: 8, spread: 0.8, targets: {ordinary: 15}}
      - {code: B, letter: B, name: {zh: 社保}, minutes: 12, spread: 0.7, limit: 80}
    services:
      tax: A
      pension: B
    frequent: [tax]
    closed: {pension: {zh: 暂停}}
    about:
      phone: 0511-1
      notices:
        - {title: {zh: 通知}, text: {zh: 内容}}
      agents:
        - {name: 王芳, duty: {zh: 代办}, phone: 0511-2, whereabouts: {zh: 一楼}}
    windows:
      - {code: "1", name: {zh: 一号}, serves: [{queue: A}, {queue: B, helper_after: 5}]}
      - {code: "2", name: {zh: 二号}, serves: [{queue: B}]}
    kiosks:
      - code: K1
        slot: 1
        printer: {url: "tcp:127.0.0.1:9100"}
      - {code: K2, slot: 2}
    numbering: {reserve: [901, 999], overflow: [9001, 9900], slots: 9}
    rules: {recall_limit: 2, late_minutes: 20}
    advice: {queues_per_window: 2}
"""
)


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "city.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def changed(*changes: tuple[str, str]) -> str:
    text = CITY
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} must be in the city once"
        text = text.replace(old, new)
    return text


def mistakes(folder: Path, text: str | bytes) -> list[str]:
    """What `load` says is wrong, each as `line: field: message`, after checking that each names the file."""
    file = written(folder, text)
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{file}:") for line in lines), lines
    return [line.removeprefix(f"{file}:") for line in lines]


def line_of(text: str, fragment: str) -> int:
    (line,) = [n for n, content in enumerate(text.splitlines(), 1) if fragment in content]
    return line


# --- what a right file gives


def test_a_hall_is_as_its_file_says(tmp_path: Path) -> None:
    city = load(written(tmp_path, CITY))
    hall = city.configuration("H1")
    assert isinstance(hall, Configuration)
    assert (hall.hall, hall.kind, hall.timezone, hall.name.zh) == (
        "H1",
        "town_centre",
        "Asia/Shanghai",
        "某镇便民服务中心",
    )
    assert hall.queue["A"].targets == {"ordinary": 15}
    assert {code: service.queue for code, service in hall.service.items()} == {"tax": "A", "pension": "B"}
    assert (hall.service["tax"].minutes, hall.service["tax"].spread) == (7.5, 0.8)
    assert hall.window["1"].serves == (Serves(queue="A"), Serves(queue="B", helper_after=5))
    assert {code: kiosk.slot for code, kiosk in hall.kiosk.items()} == {"K1": 1, "K2": 2}
    assert hall.resident_class["military"].strict
    assert hall.numbering == Numbering()
    assert hall.rules == Rules(recall_limit=2, late_minutes=20)
    assert hall.hours.holidays == ("2026-10-01",)
    (kiosk, without_printer) = city.hall("H1").kiosks
    assert kiosk.printer is not None
    assert (kiosk.printer.url, kiosk.printer.width_mm, without_printer.printer) == ("tcp:127.0.0.1:9100", 80, None)


def test_what_a_hall_tells_of_itself_is_as_its_file_says(tmp_path: Path) -> None:
    hall = load(written(tmp_path, CITY)).configuration("H1")
    assert (hall.about.phone, hall.about.address, hall.about.instructions) == ("0511-1", None, ())
    assert [(notice.title.zh, notice.text.zh) for notice in hall.about.notices] == [("通知", "内容")]
    assert [(a.name, a.duty.zh, a.phone, a.whereabouts.zh) for a in hall.about.agents] == [
        ("王芳", "代办", "0511-2", "一楼")
    ]
    assert hall.terms is not None
    assert (hall.terms.basis.zh, hall.terms.one_time_notice.zh) == ("设立依据", "一次性告知。")
    assert hall.frequent == ("tax",)


def test_a_service_is_closed_in_the_hall_that_says_so_and_found_by_its_everyday_words(tmp_path: Path) -> None:
    hall = load(written(tmp_path, CITY)).configuration("H1")
    assert (hall.service["pension"].closed, hall.service["tax"].closed) == (Text(zh="暂停"), None)
    assert (hall.service["tax"].keywords, hall.service["pension"].keywords) == (("发票",), ())
    assert (hall.queue["A"].limit, hall.queue["B"].limit) == (None, 80)


def test_a_resident_may_declare_what_the_file_does_not_keep_to_the_staff(tmp_path: Path) -> None:
    """Never that they are ordinary, or have an appointment."""
    hall = load(written(tmp_path, CITY)).configuration("H1")
    assert [klass.code for klass in hall.declarable] == ["military", "aged"]
    assert {klass.code: klass.from_age for klass in hall.classes if klass.from_age is not None} == {"aged": 60}


def test_a_city_without_the_policys_phrases_is_told_so(tmp_path: Path) -> None:
    assert mistakes(tmp_path, CITY.replace(TERMS, "")) == ["1: terms: is missing"]


def test_what_a_file_leaves_out_has_the_halls_usual_values(tmp_path: Path) -> None:
    text = CITY[: CITY.index("    kiosks:")].replace("    timezone: Asia/Shanghai\n", "")
    hall = load(written(tmp_path, text)).configuration("H1")
    assert (hall.timezone, hall.kiosks, hall.numbering, hall.rules) == ("Asia/Shanghai", (), Numbering(), Rules())


def test_a_file_saved_by_a_windows_editor_is_read(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + CITY.replace("\n", "\r\n").encode()
    assert load(written(tmp_path, text)).configuration("H1").hall == "H1"


def test_the_demo_city_has_every_kind_of_hall_and_every_service_in_one_of_them() -> None:
    city = load(DEMO)
    kinds = Counter(hall.kind for hall in city.halls)
    assert kinds == {"city_hall": 1, "sub_centre": 5, "town_hall": 1, "resettlement_centre": 1, "village_point": 1}
    assert {service for hall in city.halls for service in hall.services} == city.services.keys()
    assert len(city.services) == 100, "of the catalogue's 101, one of which has been abolished"
    for file in city.halls:
        hall = city.configuration(file.code)
        own = {serves.queue for window in hall.windows for serves in window.serves if not serves.helper_after}
        assert own == hall.queue.keys(), "every queue is some window's own"
        assert {service.queue for service in hall.services} == hall.queue.keys(), "every queue has a service"
        assert bool(hall.kiosks) == (hall.kind != "village_point"), "there, the agent takes the tickets"
        assert bool(hall.frequent) == bool(hall.kiosks)
        assert hall.about.address is not None
        assert hall.about.phone
        assert hall.about.agents


def test_who_decides_a_service_neither_advises_on_it_nor_does_it_on_behalf() -> None:
    city = load(DEMO)
    for file in city.halls:
        assisted = {service.assist for service in city.configuration(file.code).services}
        assert (assisted == {""}) == (file.kind in DECIDE_THEMSELVES), file.code


def test_a_hall_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    city = load(written(tmp_path, CITY))
    with pytest.raises(ConfigurationError, match=r"city\.yaml: there is no hall 'H9'; it has \['H1'\]"):
        city.configuration("H9")


def test_skills_breaks_and_limits_of_advice_are_read_and_all_may_be_left_out(tmp_path: Path) -> None:
    plain = load(written(tmp_path, CITY)).configuration("H1")
    assert (plain.windows[0].skills, plain.windows[0].breaks, plain.advice) == ((), (), Advice(queues_per_window=2))
    text = changed(
        ("serves: [{queue: B}]", 'serves: [{queue: B}], skills: [A, B], breaks: [{begins: "11:30", ends: "12:00"}]'),
        ("    advice: {queues_per_window: 2}\n", ""),
    )
    hall = load(written(tmp_path, text)).configuration("H1")
    assert hall.windows[1].skills == ("A", "B")
    assert hall.windows[1].breaks == (PlannedBreak(begins="11:30", ends="12:00"),)
    assert hall.advice == Advice()


def test_an_always_open_hall_differs_only_in_its_hours(tmp_path: Path) -> None:
    hall = load(written(tmp_path, CITY)).configuration("H1")
    opened = always_open(hall)
    assert replace(opened, hours=hall.hours) == hall
    for sunday_midnight_to_midnight in (1772294400000, 1772294400000 + 86_399_999):
        assert phase(opened.hours, opened.timezone, sunday_midnight_to_midnight) is Phase.OPEN


def test_a_configuration_is_plain_lists_and_dictionaries_when_asked() -> None:
    assert as_plain(Serves(queue="A", helper_after=5)) == {"queue": "A", "helper_after": 5}


# --- files that are no configuration at all


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.yaml: cannot be read: .*No such file"):
        load(tmp_path / "nowhere.yaml")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(tmp_path)


def test_a_file_that_is_not_utf_8_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: 'utf-8' codec"):
        load(written(tmp_path, CITY.encode("gb18030")))


def test_broken_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    text = changed(("    kind: town_centre", "\tkind: town_centre"))
    (mistake,) = mistakes(tmp_path, text)
    assert mistake.startswith(f"{line_of(text, 'kind:')}: not YAML: ")


@pytest.mark.parametrize("added", ["\x07", "--- {}\n", "? [a, b]\n: c\n", "more: {[a]: 1}\n", 'name: "'])
def test_other_broken_yaml_is_told_with_its_line(tmp_path: Path, added: str) -> None:
    (mistake,) = mistakes(tmp_path, CITY + added)
    line, _, problem = mistake.partition(": not YAML: ")
    assert int(line) >= line_of(CITY, "rules:")
    assert problem


def test_an_alias_that_contains_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="alias"):
        load(written(tmp_path, CITY + "more: &more [*more]\n"))


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "- H1\n", "hello\n", "12\n"])
def test_a_file_that_is_no_set_of_fields_is_told_so(tmp_path: Path, text: str) -> None:
    assert mistakes(tmp_path, text) == ["1: the file: must be a set of fields"]


# --- mistakes of form and of sense, one by one: (what is written, instead of what, field, what is said)

MISTAKES = [
    ("kinds: town_centre", "kind: town_centre", "halls[0].kinds", "there is no such field"),
    ("letter: A, colour: red", "letter: A", "halls[0].queues[0].colour", "there is no such field"),
    ("zh: 某市, fr: Ville", "zh: 某市", "name.fr", "there is no such field"),
    ("recall_limits: 2", "recall_limit: 2", "halls[0].rules.recall_limits", "there is no such field"),
    ("{code: K2}", "{code: K2, slot: 2}", "halls[0].kiosks[1].slot", "is missing"),
    ("opens: 14:00", 'opens: "14:00"', "halls[0].hours.periods[1].opens", "must be text; put it in quotes"),
    ("[2026-10-01]", '["2026-10-01"]', "halls[0].hours.holidays[0]", "must be text; put it in quotes"),
    ("code: 1,", 'code: "1",', "halls[0].windows[0].code", "must be text; put it in quotes"),
    ("minutes: ten", "minutes: 7.5", "services.tax.minutes", "valid number"),
    ("slot: one", "slot: 1", "halls[0].kiosks[0].slot", "valid integer"),
    ("strict: maybe", "strict: true", "classes[1].strict", "valid boolean"),
    ("weekdays: 5", "weekdays: [1, 2, 3, 4, 5]", "halls[0].hours.weekdays", "tuple"),
    ("reserve: [901]", "reserve: [901, 999]", "halls[0].numbering.reserve[1]", "is missing"),
    ("name: 普通", "name: {zh: 普通}", "classes[0].name", "must be a set of fields"),
    ("pension: {}", "pension: {name: {zh: 社保}, minutes: 12, spread: 0.6}", "services.pension.name", "is missing"),
    ("taxes: A", "tax: A", "halls[0].services.taxes", "the city's services do not have it"),
    ("tax: X", "tax: A", "halls[0].services.tax", "there is no queue 'X' in this hall"),
    ("queue: X}, ", "queue: A}, ", "halls[0].windows[0].serves[0].queue", "there is no queue 'X' in this hall"),
    ("{elder: 15}", "{ordinary: 15}", "halls[0].queues[0].targets.elder", "there is no class 'elder'"),
    ("code: B, letter: A", "code: B, letter: B", "halls[0].queues[1]", "'A' is used twice"),
    ("code: A, letter: B", "code: B, letter: B", "halls[0].queues[1]", "'A' is used twice"),
    ("letter: 甲", "letter: A", "halls[0].queues[0].letter", "one capital letter"),
    ("letter: a", "letter: A", "halls[0].queues[0].letter", "one capital letter"),
    ("letter: AB", "letter: A", "halls[0].queues[0].letter", "one capital letter"),
    ('letter: ""', "letter: A", "halls[0].queues[0].letter", "one capital letter"),
    ('code: "1", name: {zh: 二', 'code: "2", name: {zh: 二', "halls[0].windows[1]", "'1' is used twice"),
    ("code: K1, slot: 2", "code: K2, slot: 2", "halls[0].kiosks[1]", "'K1' is used twice"),
    ("code: ordinary, name: {zh: 军", "code: military, name: {zh: 军", "classes[1]", "'ordinary' is used twice"),
    ("code: K2, slot: 1", "code: K2, slot: 2", "halls[0].kiosks[1].slot", "slot 1 belongs to another kiosk"),
    ("code: K2, slot: 0", "code: K2, slot: 2", "halls[0].kiosks[1].slot", "must be 1 … 9"),
    ("code: K2, slot: 10", "code: K2, slot: 2", "halls[0].kiosks[1].slot", "must be 1 … 9"),
    ("Asia/Jurong", "Asia/Shanghai", "halls[0].timezone", "there is no time zone 'Asia/Jurong'"),
    ("timezone: Asia", "timezone: Asia/Shanghai", "halls[0].timezone", "there is no time zone 'Asia'"),
    ("timezone: ../zone", "timezone: Asia/Shanghai", "halls[0].timezone", "there is no time zone '../zone'"),
    ('opens: "8:30"', 'opens: "08:30"', "halls[0].hours.periods[0].opens", "'8:30' is not a time of day"),
    ('closes: "17:60"', 'closes: "17:30"', "halls[0].hours.periods[1].closes", "'17:60' is not a time of day"),
    ('closes: "24:01"', 'closes: "17:30"', "halls[0].hours.periods[1].closes", "'24:01' is not a time of day"),
    ('closes: "１７:30"', 'closes: "17:30"', "halls[0].hours.periods[1].closes", "'１７:30' is not a time of day"),
    ('opens: "11:00"', 'opens: "14:00"', "halls[0].hours.periods[1]", "periods must follow each other"),
    ('closes: "14:00"', 'closes: "17:30"', "halls[0].hours.periods[1]", "periods must follow each other"),
    ("[0, 1, 2]", "[1, 2, 3, 4, 5]", "halls[0].hours.weekdays", "0 is not a day 1 (Monday) … 7 (Sunday)"),
    ("[6, 7, 8]", "[1, 2, 3, 4, 5]", "halls[0].hours.weekdays", "8 is not a day 1 (Monday) … 7 (Sunday)"),
    ('["2026-02-30"]', '["2026-10-01"]', "halls[0].hours.holidays[0]", "'2026-02-30' is not a date"),
    ('["20261010"]', '["2026-10-10"]', "halls[0].hours.workdays[0]", "'20261010' is not a date"),
    ('["2026-W41-6"]', '["2026-10-10"]', "halls[0].hours.workdays[0]", "'2026-W41-6' is not a date"),
    ("helper_after: -5", "helper_after: 5", "halls[0].windows[0].serves[1].helper_after", "a number from 0 up"),
    ("target_minutes: .nan}", "target_minutes: 20}", "classes[0].target_minutes", "a number from 0 up"),
    ("{ordinary: .inf}", "{ordinary: 15}", "halls[0].queues[0].targets.ordinary", "a number from 0 up"),
    ("7.5, spread: -0.8", "7.5, spread: 0.8", "services.tax.spread", "a number from 0 up"),
    (
        "{queue: B, helper_after: 5}], skills: [A]",
        "{queue: B, helper_after: 5}]",
        "halls[0].windows[0].serves[1].queue",
        "'B' is not among the skills of window 1",
    ),
    (
        "serves: [{queue: B}], skills: [B, X]",
        "serves: [{queue: B}]",
        "halls[0].windows[1].skills[1]",
        "window 2: there is no queue 'X' in this hall",
    ),
    (
        'serves: [{queue: B}], breaks: [{begins: "12:15", ends: "11:30"}]',
        "serves: [{queue: B}]",
        "halls[0].windows[1].breaks[0]",
        "end after they begin",
    ),
    (
        'serves: [{queue: B}], breaks: [{begins: "11:30", ends: "noon"}]',
        "serves: [{queue: B}]",
        "halls[0].windows[1].breaks[0]",
        "must be like",
    ),
    (
        'serves: [{queue: B}], breaks: [{begins: "11:30"}]',
        "serves: [{queue: B}]",
        "halls[0].windows[1].breaks[0].ends",
        "is missing",
    ),
    ("queues_per_window: 0", "queues_per_window: 2", "halls[0].advice.queues_per_window", "must be at least 1"),
    ("queues_per_windows: 2", "queues_per_window: 2", "halls[0].advice.queues_per_windows", "there is no such field"),
    ("reserve: [999, 901]", "reserve: [901, 999]", "halls[0].numbering", "two ranges"),
    ("overflow: [950, 1100]", "overflow: [9001, 9900]", "halls[0].numbering", "two ranges"),
    ("overflow: [800, 900]", "overflow: [9001, 9900]", "halls[0].numbering", "two ranges"),
    ("overflow: [9001, 10000]", "overflow: [9001, 9900]", "halls[0].numbering", "two ranges"),
    ("reserve: [0, 99]", "reserve: [901, 999]", "halls[0].numbering", "two ranges"),
    ("frequent: [tax, marriage]", "frequent: [tax]", "halls[0].frequent[1]", "there is no service 'marriage'"),
    ("frequent: [tax, tax]", "frequent: [tax]", "halls[0].frequent[1]", "'tax' is used twice"),
    ("{marriage: {zh: 暂停}}", "{pension: {zh: 暂停}}", "halls[0].closed.marriage", "there is no service 'marriage'"),
    ("{pension: 暂停}", "{pension: {zh: 暂停}}", "halls[0].closed.pension", "must be a set of fields"),
    ("limit: ten", "limit: 80", "halls[0].queues[1].limit", "valid integer"),
    ("limit: -1", "limit: 80", "halls[0].queues[1].limit", "a number from 0 up"),
    ("late_minutes: -5", "late_minutes: 20", "halls[0].rules.late_minutes", "a number from 0 up"),
    ("from_age: sixty", "from_age: 60", "classes[3].from_age", "valid integer"),
    ("declared: perhaps", "declared: false", "classes[4].declared", "valid boolean"),
    ("keywords: 发票", "keywords: [发票]", "services.tax.keywords", "tuple"),
    ("  fees:", "  fee:", "terms.fees", "there is no such field"),
    ("duty: 代办", "duty: {zh: 代办}", "halls[0].about.agents[0].duty", "must be a set of fields"),
    ("telephone: 0511-1", "phone: 0511-1", "halls[0].about.telephone", "there is no such field"),
    ("{title: {zh: 通知}}", "{title: {zh: 通知}, text: {zh: 内容}}", "halls[0].about.notices[0].text", "is missing"),
    ("code: 大厅", "code: H1", "halls[0].code", "'大厅' is printed in codes"),
    ("code: K_2, slot: 2", "code: K2, slot: 2", "halls[0].kiosks[1].code", "'K_2' is printed in codes"),
    ("code: old-age-pension", "code: aged", "classes[3].code", "'old-age-pension' is printed in codes"),
    ('code: ""', "code: aged", "classes[3].code", "'' is printed in codes"),
]


@pytest.mark.parametrize(("wrong", "right", "field", "said"), MISTAKES, ids=lambda value: value[:40])
def test_a_mistake_is_told_with_its_line_its_field_and_what_is_wrong(
    tmp_path: Path, wrong: str, right: str, field: str, said: str
) -> None:
    text = changed((right, wrong))
    told = mistakes(tmp_path, text)
    (mistake,) = [line for line in told if f": {field}: " in line and said in line]
    assert mistake.startswith(f"{line_of(text, wrong)}: ")


def test_a_field_given_twice_is_a_mistake_not_the_last_ones_luck(tmp_path: Path) -> None:
    text = changed(("    kind: town_centre\n", "    kind: town_centre\n    kind: city_hall\n"))
    assert mistakes(tmp_path, text) == [f"{line_of(text, 'kind: city_hall')}: halls[0].kind: this field is given twice"]


def test_a_missing_field_is_told_at_the_hall_that_lacks_it(tmp_path: Path) -> None:
    text = changed(("    kind: town_centre\n", ""))
    assert mistakes(tmp_path, text) == [f"{line_of(text, 'code: H1')}: halls[0].kind: is missing"]


@pytest.mark.parametrize("klass", ["ordinary", "appointment"])
def test_the_classes_that_the_rules_name_must_exist(tmp_path: Path, klass: str) -> None:
    text = changed((f"code: {klass}", "code: elder")).replace("targets: {ordinary: 15}", "targets: {elder: 15}")
    assert mistakes(tmp_path, text) == [f"{line_of(text, 'classes:')}: classes: the classes ['{klass}'] must exist"]


def test_a_hall_without_an_opening_period_is_a_mistake(tmp_path: Path) -> None:
    text = changed(
        ('      periods:\n        - {opens: "08:30", closes: "12:00"}\n        - {opens: "14:00", closes: "17:30"}\n',
         "      periods: []\n")
    )  # fmt: skip
    assert mistakes(tmp_path, text) == [
        f"{line_of(text, 'periods:')}: halls[0].hours.periods: at least one opening period is needed"
    ]


def test_two_halls_of_one_code_are_a_mistake(tmp_path: Path) -> None:
    hall = CITY[CITY.index("  - code: H1") :]
    assert [m.partition(": ")[2] for m in mistakes(tmp_path, CITY + hall)] == ["halls[1]: 'H1' is used twice"]


def test_every_mistake_of_form_is_told_at_once(tmp_path: Path) -> None:
    text = changed(
        ("kind: town_centre", "kinds: town_centre"), ("minutes: 7.5", "minutes: ten"), ("slot: 2", "slot: x")
    )
    told = {mistake.split(": ")[1] for mistake in mistakes(tmp_path, text)}
    assert told == {"halls[0].kind", "halls[0].kinds", "services.tax.minutes", "halls[0].kiosks[1].slot"}


def test_every_mistake_of_sense_is_told_at_once(tmp_path: Path) -> None:
    text = changed(
        ("tax: A", "tax: X"), ("Asia/Shanghai", "Asia/Jurong"), ("slot: 2", "slot: 1"), ("2026-10-01", "national day"),
        ("letter: B", "letter: b"), ("helper_after: 5", "helper_after: -5"), ("    rules:", "    kind: x\n    rules:"),
    )  # fmt: skip
    told = {mistake.split(": ")[1] for mistake in mistakes(tmp_path, text)}
    assert told == {
        "halls[0].services.tax", "halls[0].timezone", "halls[0].kiosks[1].slot", "halls[0].hours.holidays[0]",
        "halls[0].queues[1].letter", "halls[0].windows[0].serves[1].helper_after", "halls[0].kind",
    }  # fmt: skip
