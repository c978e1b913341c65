"""What a resident types at the kiosk finds the service: judged with the demo city's services and with small halls."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hall_stories import HALL, queue
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.keyboard import ROWS, Edit, lit, press
from kiosk.pinyin import readings, spellings
from kiosk.search import LONGEST, MANY, Index
from queue_server.config import load
from queue_server.domain.configuration import Configuration, Service, Text

CITY = load(Path(__file__).parent.parent / "config" / "jurong.yaml")
HALLS = {hall.code: CITY.configuration(hall.code) for hall in CITY.halls}
CITY_HALL, TOWN = (Index(HALLS[code]) for code in ("JR-CITY", "JR-TOWN-HY"))
TOWN_AGAIN = Index(HALLS["JR-TOWN-HY"])

LETTERS = "abcdefghijklmnopqrstuvwxyz"
HURRIED = settings(max_examples=80, deadline=None)
TYPED = st.text(alphabet=LETTERS, min_size=1, max_size=6) | st.sampled_from(
    ["sfz", "shenfenz", "gsdj", "idcard", "gongji", "ylbx", "zhengm", "lnyz", "hukou", "card", "sb", "xxzzz"]
)


def services(index: Index, text: str, limit: int = MANY) -> list[str]:
    return [found.service for found in index.find(text, limit)]


def service(name: str, *, en: str = "", department: str = "", keywords: tuple[str, ...] = ()) -> Service:
    return Service(
        code=name, name=Text(zh=name, en=en), queue="A", minutes=5, spread=0.5, department=department, keywords=keywords
    )


def hall(*of: Service) -> Index:
    return Index(replace(HALL, services=of))


def names(*of: str) -> Index:
    return hall(*(service(name) for name in of))


def pinyin(text: str) -> list[str]:
    """The commonest reading of every character; letters and digits as they are."""
    return [next(iter(readings(c)), c.lower()) for c in text if c.isalnum()]


# --- the demo city


@pytest.mark.parametrize("configuration", HALLS.values(), ids=HALLS)
def test_every_service_is_among_the_first_five_however_its_name_is_typed(configuration: Configuration) -> None:
    index = Index(configuration)
    missed = [
        (service.code, typed)
        for service in configuration.services
        for typed in (
            service.name.zh,
            service.name.zh[:4],
            "".join(syllable[0] for syllable in pinyin(service.name.zh)),
            "".join(pinyin(service.name.zh)),
            "".join(pinyin(service.name.zh)[:4]),
            service.name.en,
        )
        if service.code not in services(index, typed)[:5]
    ]
    assert not missed


@pytest.mark.parametrize("configuration", HALLS.values(), ids=HALLS)
def test_every_everyday_word_of_a_service_finds_it(configuration: Configuration) -> None:
    index = Index(configuration)
    words = [(service.code, word) for service in configuration.services for word in service.keywords]
    assert len(words) > 2 * len(configuration.services)
    typed = ((code, text) for code, word in words for text in (word, "".join(pinyin(word))))
    assert not [(code, text) for code, text in typed if code not in services(index, text)[:5]]


@pytest.mark.parametrize("configuration", HALLS.values(), ids=HALLS)
def test_four_initials_of_the_name_are_enough(configuration: Configuration) -> None:
    index = Index(configuration)
    initials = {s.code: "".join(syllable[0] for syllable in pinyin(s.name.zh)) for s in configuration.services}
    assert not [code for code, typed in initials.items() if code not in services(index, typed[:4])[:5]]


@pytest.mark.parametrize(
    "typed",
    [
        *("sfz", "shfz", "shenfenz", "SFZ", "ＳＦＺ", "s f z", "shēn fèn zhèng", "jmsfz", "juminshenfen", "blsfz"),
        *("senfenzen", "sengfengz", "身份证", "身份zh", "身分证", "身份證", "身份证补领", "身份证 补领"),
        *("idcard", "id card", "card id", "rep id", "id ca", "ID"),
    ],
)
def test_an_identity_card_is_found_first(typed: str) -> None:
    assert services(TOWN, typed)[0] == "SJ-D01"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("gsdj", "SJ-A01"),  # 有限责任「公司」设立「登记」
        ("gsdj", "SJ-A02"),  # 个体「工商」户设立「登记」
        ("gongjijin", "SJ-F01"),
        ("提取公积金", "SJ-F01"),
        ("huzhao", "SJ-D04"),
        ("tongxingzheng", "SJ-D04"),
        ("tonghang", "SJ-D04"),  # 行, the other reading
        ("passport", "SJ-D04"),
        ("permits travel", "SJ-D04"),
        ("12345", "SJ-Z02"),
    ],
)
def test_what_people_type_at_the_city_hall(typed: str, code: str) -> None:
    assert code in services(CITY_HALL, typed)[:5]


# --- how a character may be typed


@pytest.mark.parametrize(
    ("character", "typed"),
    [
        ("行", {"xing", "hang", "x", "h"}),
        ("重", {"zhong", "chong", "zh", "ch", "z", "c"}),
        ("长", {"chang", "zhang"}),
        ("还", {"huan", "hai"}),
        ("车", {"che", "ju"}),
        ("旅", {"lv", "lu"}),
        ("女", {"nv", "nu", "lv"}),
        ("生", {"sheng", "shen", "seng", "sen", "sh", "s", "生"}),
        ("年", {"nian", "niang", "lian", "n", "l"}),
        ("安", {"an", "ang", "a"}),
        ("a", {"a"}),
    ],
)
def test_a_character_is_typed_by_any_reading_in_full_by_initial_and_by_ear(character: str, typed: set[str]) -> None:
    assert typed <= spellings(character).keys()


def test_a_character_is_not_typed_as_it_does_not_sound() -> None:
    assert spellings("证").keys() == {"证", "zheng", "zhen", "zeng", "zen", "zh", "z"}


# --- the order


def test_the_start_of_a_name_comes_before_its_middle() -> None:
    assert services(names("新生登记", "生育登记"), "sy") == ["生育登记"]
    assert services(names("社会保险登记", "保险登记证明"), "bx") == ["保险登记证明", "社会保险登记"]


def test_a_whole_syllable_comes_before_initials() -> None:
    assert services(names("所航登记", "上牌登记"), "shang") == ["上牌登记", "所航登记"]


def test_a_shorter_name_comes_before_a_longer_and_equals_stay_as_configured() -> None:
    assert services(names("水费缴纳登记", "水费查询", "水费补缴"), "sf") == ["水费查询", "水费补缴", "水费缴纳登记"]


def test_what_is_spelled_right_comes_before_what_only_sounds_alike() -> None:
    assert services(names("资料查询", "支付"), "zhi") == ["支付", "资料查询"]
    assert services(names("资料查询", "支付"), "zi") == ["资料查询", "支付"]


def test_one_piece_comes_before_several_and_names_before_queues_and_departments() -> None:
    elsewhere = replace(queue("B"), name=Text(zh="公司登记窗口"))
    index = Index(
        replace(
            HALL,
            queues=(*HALL.queues[:1], elsewhere, *HALL.queues[2:]),
            services=(
                service("甲", department="公司登记处"),
                replace(service("乙"), queue="B"),
                service("公司设立登记"),
                service("丙", keywords=("公司登记",)),
            ),
        )
    )
    assert [(f.rank, f.service, f.words) for f in index.find("gsdj")] == [
        (1, "丙", "公司登记"),
        (2, "公司设立登记", ""),
        (3, "乙", "公司登记窗口"),
        (4, "甲", "公司登记处"),
    ]


def test_everyday_words_find_a_service_and_are_shown_unless_its_name_says_them() -> None:
    index = hall(service("户口迁移登记", keywords=("落户", "户口")), service("存量房交易申报", keywords=("二手房",)))
    assert [(f.service, f.words) for f in index.find("luohu")] == [("户口迁移登记", "落户")]
    assert [(f.service, f.words) for f in index.find("hk")] == [("户口迁移登记", "")]
    assert [(f.service, f.words) for f in index.find("二手")] == [("存量房交易申报", "二手房")]


def test_english_words_may_be_begun_and_come_in_any_order_but_all_have_to_fit() -> None:
    index = hall(service("甲", en="Housing fund loan"), service("乙", en="Housing fund withdrawal"))
    assert services(index, "loan hous") == ["甲"]
    assert services(index, "withdrawalfund") == ["乙"]
    assert services(index, "fund") == ["甲", "乙"]
    assert services(index, "loan withdrawal") == []


def test_initials_scattered_over_a_name_do_not_find_it() -> None:
    assert services(names("有限责任公司设立登记"), "ydj") == []
    assert services(names("有限责任公司设立登记"), "yxdj") == ["有限责任公司设立登记"]


# --- whatever is typed


@pytest.mark.parametrize("nothing", ["", " ", "？！", "、（）", "́"])
def test_a_text_without_letters_finds_nothing(nothing: str) -> None:
    assert TOWN.find(nothing) == ()


def test_a_text_is_read_no_further_than_forty_characters() -> None:
    name = "城乡居民养老保险" * 5
    assert len(name) == LONGEST
    initials = "cxjmylbx" * 5
    assert services(names(name), initials + "q" * 10_000) == [name]
    assert services(names(name), initials[:-1] + "q") == []


@HURRIED
@given(text=st.text(max_size=60) | st.text(alphabet="szhngiae 身份证登记１ü’", max_size=60))
def test_any_text_has_an_answer_and_always_the_same(text: str) -> None:
    answer = TOWN.find(text)
    assert len(answer) <= MANY
    assert [found.rank for found in answer] == list(range(1, len(answer) + 1))
    assert max(Counter(found.service for found in answer).values(), default=1) == 1
    assert {found.service for found in answer} <= HALLS["JR-TOWN-HY"].service.keys()
    assert TOWN_AGAIN.find(text) == answer
    assert TOWN.next_letters(text) <= set(LETTERS)


@HURRIED
@given(text=TYPED, letter=st.sampled_from(LETTERS))
def test_one_letter_more_finds_nothing_new(text: str, letter: str) -> None:
    assert set(services(CITY_HALL, text + letter, 999)) <= set(services(CITY_HALL, text, 999))


@HURRIED
@given(text=st.just("") | TYPED, letter=st.sampled_from(LETTERS))
def test_a_next_letter_is_one_that_finds_something(text: str, letter: str) -> None:
    assert (letter in CITY_HALL.next_letters(text)) == bool(CITY_HALL.find(text + letter))


# --- the keyboard


def test_every_letter_has_one_key_in_rows_of_seven() -> None:
    keys = [key for row in ROWS for key in row]
    assert sorted(keys) == sorted([*LETTERS, *Edit])
    assert {len(row) for row in ROWS} == {7}


def test_keys_add_letters_and_take_them_away() -> None:
    assert press("sf", "z") == "sfz"
    assert press("sfz", Edit.DELETE) == "sf"
    assert press("", Edit.DELETE) == ""
    assert press("sfz", Edit.CLEAR) == ""
    assert press("s" * LONGEST, "z") == "s" * LONGEST


@HURRIED
@given(touches=st.lists(st.integers(0, 27), min_size=1, max_size=8))
def test_who_touches_only_lit_keys_always_finds_something(touches: list[int]) -> None:
    text = ""
    for touch in touches:
        keys = sorted(lit(text, TOWN.next_letters(text)))
        assert keys
        text = press(text, keys[touch % len(keys)])
        assert not text or TOWN.find(text)
