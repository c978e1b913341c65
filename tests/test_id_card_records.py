"""The text record of a card in its four layouts, and the small value that may leave the driver."""

from __future__ import annotations

import copy
import hashlib
import hmac
import pickle
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.id_card import simulator
from devices.id_card.records import (
    ETHNICITIES,
    CardKind,
    CardRecord,
    Field,
    LongTerm,
    Sex,
    Unreadable,
    is_citizen_number,
    is_old_foreigner_number,
    parse_record,
)
from devices.id_card.seen import AgeBand, CardSeen, Validity, age_band, masked, seen
from devices.id_card.simulator import CARDS, checked

DAY_KEY = bytes(range(32))
GOLDEN = {  # the two synthetic records of the device vectors, their padding folded
    "resident": "".join(
        (
            "4b6dd58b3275",
            "2000" * 12,
            "310030003100310039003600300030003100300031005f6ccf820177e553b95b025e4b6dd58bef8d3100f753",
            "2000" * 24,
            "3300320031003100390039003100390036003000300031003000310030003000310037004b6dd58b6c51895b405c",
            "2000" * 10,
            "320030003200300030003100300031007f951f67",
            "2000" * 24,
        )
    ),
    "hmt_J": "".join(
        (
            "4b6dd58b594e",
            "2000" * 12,
            "320020002000310039003900300030003200300032005f6ccf820177e553b95b025e4b6dd58bef8d3200f753",
            "2000" * 24,
            "3800330030003000390039003100390039003000300032003000320030003000320058004b6dd58b6c51895b405c",
            "2000" * 10,
            "3200300032003400300031003000310032003000320039003000310030003100540030003000300030003000300030003100",
            "300031002000200020004a00200020002000",
        )
    ),
}


def record_of(card: str) -> CardRecord:
    record = parse_record(bytearray(CARDS[card].record))
    assert isinstance(record, CardRecord), record
    return record


def seen_of(card: str, today: date = date(2026, 3, 1)) -> CardSeen:
    value = seen(record_of(card), day_key=DAY_KEY, today=today)
    assert value is not None
    return value


def number_of(record: CardRecord) -> bytes | None:
    number = record.number()
    return None if number is None else bytes(number)


def texts(record: CardRecord) -> dict[Field, str]:
    return {field: text for field in Field if (text := record.text(field)) is not None}


# --- layouts -------------------------------------------------------------------------------------------------------


def test_the_golden_resident_record_is_read() -> None:
    record = parse_record(bytearray.fromhex(GOLDEN["resident"]))
    assert isinstance(record, CardRecord)
    assert record.kind is CardKind.RESIDENT
    assert (record.birth, record.sex, record.ethnicity) == (date(1960, 1, 1), Sex.MALE, "汉")
    assert (record.valid_from, record.valid_until) == (date(2020, 1, 1), LongTerm.LONG_TERM)
    assert texts(record) == {
        Field.NAME: "测试甲",
        Field.SEX: "1",
        Field.ETHNICITY: "01",
        Field.BIRTH: "19600101",
        Field.ADDRESS: "江苏省句容市测试路1号",
        Field.NUMBER: "321199196001010017",
        Field.ISSUER: "测试公安局",
        Field.VALID_FROM: "20200101",
        Field.VALID_UNTIL: "长期",
    }


def test_the_golden_hong_kong_macao_taiwan_record_is_read() -> None:
    record = parse_record(bytearray.fromhex(GOLDEN["hmt_J"]))
    assert isinstance(record, CardRecord)
    assert (record.kind, record.sex, record.ethnicity) == (CardKind.HMT_RESIDENT, Sex.FEMALE, None)
    assert (record.text(Field.PERMIT_NUMBER), record.text(Field.ISSUE_COUNT)) == ("T00000001", "01")
    assert number_of(record) == b"83009919900202002X"
    assert record.valid_until == date(2029, 1, 1)


def test_a_foreigners_card_of_2017_is_read() -> None:
    record = record_of("i")
    assert (record.kind, record.sex, record.birth) == (CardKind.FOREIGNER_2017, Sex.FEMALE, date(1980, 1, 1))
    assert texts(record) | {Field.ADDRESS: ""} == {
        Field.NAME: "测试丙",
        Field.ENGLISH_NAME: "TEST, ALPHA BETA",
        Field.SEX: "2",
        Field.BIRTH: "19800101",
        Field.NUMBER: "XXX000080010101",
        Field.NATIONALITY: "XXX",
        Field.VALID_FROM: "20180101",
        Field.VALID_UNTIL: "20380101",
        Field.VERSION: "01",
        Field.AUTHORITY: "1500",
        Field.ADDRESS: "",
    }


def test_a_foreigners_card_of_2023_is_read_with_its_english_name_in_two_places() -> None:
    record = record_of("y")
    assert (record.kind, record.sex, record.birth) == (CardKind.FOREIGNER_2023, Sex.MALE, date(1950, 3, 3))
    assert record.text(Field.ENGLISH_NAME) == "TEST, GAMMA DELTA EPSILON ZETA THETA IOTA"
    assert record.text(Field.NAME) == "测试丁"
    assert (record.text(Field.RENEWALS), record.text(Field.NATIONALITY)) == ("00", "999")
    assert (record.text(Field.OLD_NUMBER_LINK), record.text(Field.ADDRESS)) == (None, None)


def test_rare_characters_outside_the_first_plane_are_whole() -> None:
    assert record_of("rare").text(Field.NAME) == "𠮷测䶮𬱖"


def test_a_name_of_fifteen_units_that_ends_in_half_a_character_is_still_read() -> None:
    half = ("测" * 14 + "𠮷").encode("utf-16-le")[:30]
    record = parse_record(bytearray(half + CARDS["resident"].record[30:]))
    assert isinstance(record, CardRecord)
    assert record.text(Field.NAME) == "测" * 14 + "�"


def test_a_letter_nobody_told_us_about_is_not_guessed_to_be_a_resident() -> None:
    assert parse_record(bytearray(CARDS["unknown-kind"].record)) is Unreadable.UNKNOWN_KIND


def test_padding_with_zeros_instead_of_spaces_is_blank_too() -> None:
    zeros = CARDS["resident"].record.replace(b" \0", b"\0\0")
    record = parse_record(bytearray(zeros))
    assert isinstance(record, CardRecord)
    assert texts(record) == texts(record_of("resident"))


@pytest.mark.parametrize("size", [0, 255, 257, 1280])
def test_a_record_of_another_size_is_no_card(size: int) -> None:
    assert parse_record(bytearray(size)) is Unreadable.WRONG_SIZE


@pytest.mark.parametrize(
    "text", ["20260230", "2026 101", "00000000", "２０２６０１０１", "2026010", "+2026010", "长期??"]
)
def test_a_date_that_is_none_is_unknown_not_a_guess(text: str) -> None:
    raw = bytearray(CARDS["resident"].record)
    for start in (36, 188, 204):
        raw[start : start + 16] = (text + " " * 8)[:8].encode("utf-16-le")
    record = parse_record(raw)
    assert isinstance(record, CardRecord)
    assert (record.birth, record.valid_from, record.valid_until) == (None, None, None)


@given(st.sampled_from(["resident", "j", "i", "y"]), st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255))))
def test_any_bytes_are_a_card_or_a_reason_and_nothing_raises(card: str, changes: list[tuple[int, int]]) -> None:
    raw = bytearray(CARDS[card].record)
    for place, byte in changes:
        raw[place] = byte
    record = parse_record(raw)
    if isinstance(record, CardRecord):
        assert seen(record, day_key=DAY_KEY, today=date(2026, 3, 1)) is not None
        assert repr(record) == f"<CardRecord {record.kind}>"
    else:
        assert record in (Unreadable.UNKNOWN_KIND, Unreadable.WRONG_NUMBER)


@given(st.binary(min_size=256, max_size=256))
def test_noise_of_the_right_size_raises_nothing(raw: bytes) -> None:
    assert isinstance(parse_record(bytearray(raw)), Unreadable)


def test_a_wiped_record_is_empty_and_cannot_be_seen() -> None:
    record = record_of("resident")
    record.wipe()
    assert texts(record) == {}
    assert (record.number(), record.birth, record.valid_until) == (None, None, None)
    assert seen(record, day_key=DAY_KEY, today=date(2026, 3, 1)) is None
    assert repr(record) == "<CardRecord resident wiped>"


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_record_can_be_neither_stored_nor_copied(take: object) -> None:
    assert callable(take)
    with pytest.raises(TypeError, match="stays where it was read"):
        take(record_of("resident"))


def test_the_peoples_are_those_of_gb_t_3304() -> None:
    assert len(ETHNICITIES) == 58
    codes = {"01": "汉", "05": "维吾尔", "10": "朝鲜", "20": "傈僳", "30": "土", "43": "乌孜别克", "56": "基诺"}
    assert codes.items() <= ETHNICITIES.items()
    assert (ETHNICITIES["97"], ETHNICITIES["98"], ETHNICITIES.get("57")) == ("其他", "入籍", None)
    assert len(set(ETHNICITIES.values())) == 58


# --- numbers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [b"34052419800101001X", b"321199196001010017", b"83009919900202002X"])
def test_the_standards_examples_are_numbers(number: bytes) -> None:
    assert is_citizen_number(number)


@given(st.integers(0, 10**17 - 1), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(body: int, place: int, off: int) -> None:
    number = bytearray(checked(f"{body:017d}").encode())
    assert is_citizen_number(number)
    number[place] = 0x30 + (number[place] - 0x30 + off) % 10
    assert not is_citizen_number(number)


@given(st.integers(0, 10**17 - 1), st.integers(0, 15))
def test_two_digits_exchanged_are_always_noticed(body: int, place: int) -> None:
    number = bytearray(checked(f"{body:017d}").encode())
    number[place], number[place + 1] = number[place + 1], number[place]
    assert is_citizen_number(number) is (number[place] == number[place + 1])


@pytest.mark.parametrize(
    "number", [b"", b"32119919600101001", b"3211991960010100170", b"32119919600101001x", b"X" * 18]
)
def test_what_is_no_number_of_eighteen_is_refused(number: bytes) -> None:
    assert not is_citizen_number(number)


def test_a_small_x_on_a_card_is_the_same_number() -> None:
    raw = bytearray.fromhex(GOLDEN["hmt_J"])
    raw[122 + 34] = ord("x")
    record = parse_record(raw)
    assert isinstance(record, CardRecord)
    assert number_of(record) == b"83009919900202002X"


@pytest.mark.parametrize(
    ("number", "good"),
    [(b"XXX000080010101", True), (b"XX0000080010101", False), (b"XXX00008001010", False), (b"XXX0000800101A1", False)],
)
def test_the_number_of_a_card_of_2017_is_three_letters_and_twelve_digits(number: bytes, good: bool) -> None:
    assert is_old_foreigner_number(number) is good


def test_a_full_width_digit_is_no_digit() -> None:
    raw = bytearray(CARDS["resident"].record)
    raw[122:124] = "３".encode("utf-16-le")
    assert parse_record(raw) is Unreadable.WRONG_NUMBER


# --- what may leave ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三", "张*"),
        ("张三丰", "张**"),
        ("欧阳", "欧*"),
        ("欧阳修", "欧阳*"),
        ("诸葛孔明", "诸葛**"),
        ("买买提·吐尔逊·测试", "买**"),
        ("TEST, ALPHA BETA", "T**"),
        ("𠮷测䶮", "𠮷**"),
        ("葛\U000e0101测试", "葛**"),
        ("张", "*"),
        ("", "*"),
        ("\ue123测试", "***"),
        ("�测", "**"),
        ("\x1b@测试", "***"),
        ("\u202e测试", "***"),
    ],
)
def test_a_name_is_masked_to_its_family_name(name: str, shown: str) -> None:
    assert masked(name) == shown


@given(st.text(min_size=1))
def test_masking_always_hides_something_and_never_passes_a_control_character(name: str) -> None:
    shown = masked(name)
    assert shown.endswith("*")
    assert shown != name or set(name) == {"*"}
    assert len(shown) <= 4
    assert all(character.isalpha() or character == "*" for character in shown)


@pytest.mark.parametrize(
    ("birth", "band"),
    [
        (date(1966, 3, 2), AgeBand.UNDER_60),
        (date(1966, 3, 1), AgeBand.FROM_60),
        (date(1956, 3, 2), AgeBand.FROM_60),
        (date(1956, 3, 1), AgeBand.FROM_70),
        (date(1946, 3, 2), AgeBand.FROM_70),
        (date(1946, 3, 1), AgeBand.FROM_80),
        (date(1920, 1, 1), AgeBand.FROM_80),
        (date(2026, 3, 2), AgeBand.UNKNOWN),
        (None, AgeBand.UNKNOWN),
    ],
)
def test_the_age_band_changes_on_the_birthday(birth: date | None, band: AgeBand) -> None:
    assert age_band(birth, date(2026, 3, 1)) is band


def test_who_was_born_on_29_february_turns_sixty_on_1_march_of_a_common_year() -> None:
    assert age_band(date(1966, 2, 28), date(2026, 2, 28)) is AgeBand.FROM_60
    assert age_band(date(1964, 2, 29), date(2023, 2, 28)) is AgeBand.UNDER_60
    assert age_band(date(1964, 2, 29), date(2024, 2, 29)) is AgeBand.FROM_60
    assert age_band(date(1968, 2, 29), date(2038, 2, 28)) is AgeBand.FROM_60
    assert age_band(date(1968, 2, 29), date(2038, 3, 1)) is AgeBand.FROM_70


@pytest.mark.parametrize(
    ("card", "today", "validity", "until"),
    [
        ("resident", date(2026, 3, 1), Validity.VALID, date(2040, 1, 1)),
        ("resident", date(2020, 1, 1), Validity.VALID, date(2040, 1, 1)),
        ("resident", date(2019, 12, 31), Validity.NOT_YET, date(2040, 1, 1)),
        ("resident", date(2040, 1, 1), Validity.VALID, date(2040, 1, 1)),
        ("resident", date(2040, 1, 2), Validity.EXPIRED, date(2040, 1, 1)),
        ("long-term", date(2126, 3, 1), Validity.LONG_TERM, None),
        ("expired", date(2026, 3, 1), Validity.EXPIRED, date(2010, 1, 1)),
        ("not-yet", date(2026, 3, 1), Validity.NOT_YET, date(2100, 1, 1)),
    ],
)
def test_a_card_is_valid_from_its_first_to_its_last_day(
    card: str, today: date, validity: Validity, until: date | None
) -> None:
    value = seen_of(card, today)
    assert (value.validity, value.valid_until) == (validity, until)


@pytest.mark.parametrize(("start", "validity"), [(188, Validity.UNKNOWN), (204, Validity.UNKNOWN)])
def test_a_card_with_an_unreadable_date_is_of_unknown_validity_not_valid(start: int, validity: Validity) -> None:
    raw = bytearray(CARDS["resident"].record)
    raw[start : start + 2] = b"?\0"
    record = parse_record(raw)
    assert isinstance(record, CardRecord)
    value = seen(record, day_key=DAY_KEY, today=date(2026, 3, 1))
    assert value is not None
    assert value.validity is validity


def test_the_holder_is_the_keyed_hash_of_the_number_and_of_nothing_else() -> None:
    expected = hmac.new(DAY_KEY, b"321199196001010017", hashlib.sha256).hexdigest()
    assert seen_of("resident").holder == expected
    other_day = seen(record_of("resident"), day_key=DAY_KEY[::-1], today=date(2026, 3, 1))
    assert other_day is not None
    assert other_day.holder != expected


def test_a_short_day_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        seen(record_of("resident"), day_key=b"short", today=date(2026, 3, 1))


def test_the_repr_of_a_card_seen_names_nobody() -> None:
    value = seen_of("resident")
    assert repr(value) == (
        "CardSeen(kind=<CardKind.RESIDENT: 'resident'>, age_band=<AgeBand.FROM_60: '60-69'>, "
        "validity=<Validity.VALID: 'valid'>, valid_from=datetime.date(2020, 1, 1), "
        "valid_until=datetime.date(2040, 1, 1))"
    )


def test_the_simulator_was_written_from_the_data_sheet_not_from_the_protocol() -> None:
    source = Path(simulator.__file__).read_text("utf-8")
    imports = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    assert not [line for line in imports if "id_card" in line]
    assert {getattr(thing, "__module__", "") for thing in vars(simulator).values()}.isdisjoint(
        {f"devices.id_card.{part}" for part in ("protocol", "records", "seen", "driver")}
    )
