"""The 256-byte text record of a card, in its four layouts. Pure.

Sources: GA/T 490 (resident), the ministry's machine-readable rules for the Hong Kong, Macao and Taiwan residence permit
(J) and the permanent residence cards of 2017 (I) and 2023 (Y). UTF-16LE, padded with spaces; the letter at byte 248
tells which layout it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum, StrEnum, auto
from typing import TypeAlias

from devices.id_card.protocol import TEXT_SIZE, wipe


class CardKind(StrEnum):
    RESIDENT = "resident"
    HMT_RESIDENT = "hmt-resident"
    """Residence permit for Hong Kong, Macao and Taiwan residents (J)."""
    FOREIGNER_2017 = "foreigner-2017"
    FOREIGNER_2023 = "foreigner-2023"


class Field(Enum):
    NAME = auto()
    """The Chinese name. Foreigners may have none."""
    ENGLISH_NAME = auto()
    SEX = auto()
    ETHNICITY = auto()
    BIRTH = auto()
    ADDRESS = auto()
    NUMBER = auto()
    ISSUER = auto()
    VALID_FROM = auto()
    VALID_UNTIL = auto()
    PERMIT_NUMBER = auto()
    ISSUE_COUNT = auto()
    NATIONALITY = auto()
    """Three letters on cards of 2017, three digits on those of 2023."""
    VERSION = auto()
    AUTHORITY = auto()
    RENEWALS = auto()
    OLD_NUMBER_LINK = auto()


Span: TypeAlias = tuple[int, int]  # offset and length in bytes
_TYPE: Span = (248, 2)

Layout: TypeAlias = Mapping[Field, tuple[Span, ...]]
_OURS: dict[Field, tuple[Span, ...]] = {
    Field.NAME: ((0, 30),),
    Field.SEX: ((30, 2),),
    Field.BIRTH: ((36, 16),),
    Field.ADDRESS: ((52, 70),),
    Field.NUMBER: ((122, 36),),
    Field.ISSUER: ((158, 30),),
    Field.VALID_FROM: ((188, 16),),
    Field.VALID_UNTIL: ((204, 16),),
}

LAYOUTS: Mapping[CardKind, Layout] = {
    CardKind.RESIDENT: _OURS | {Field.ETHNICITY: ((32, 4),)},
    CardKind.HMT_RESIDENT: _OURS | {Field.PERMIT_NUMBER: ((220, 18),), Field.ISSUE_COUNT: ((238, 4),)},
    CardKind.FOREIGNER_2017: {
        Field.ENGLISH_NAME: ((0, 120),),
        Field.SEX: ((120, 2),),
        Field.NUMBER: ((122, 30),),
        Field.NATIONALITY: ((152, 6),),
        Field.NAME: ((158, 30),),
        Field.VALID_FROM: ((188, 16),),
        Field.VALID_UNTIL: ((204, 16),),
        Field.BIRTH: ((220, 16),),
        Field.VERSION: ((236, 4),),
        Field.AUTHORITY: ((240, 8),),
    },
    CardKind.FOREIGNER_2023: {
        Field.NAME: ((0, 30),),
        Field.SEX: ((30, 2),),
        Field.RENEWALS: ((32, 4),),
        Field.BIRTH: ((36, 16),),
        Field.ENGLISH_NAME: ((52, 70), (220, 22)),
        Field.NUMBER: ((122, 36),),
        Field.VALID_FROM: ((188, 16),),
        Field.VALID_UNTIL: ((204, 16),),
        Field.NATIONALITY: ((242, 6),),
        Field.OLD_NUMBER_LINK: ((250, 6),),
    },
}
_KINDS = {
    "": CardKind.RESIDENT,
    "J": CardKind.HMT_RESIDENT,
    "I": CardKind.FOREIGNER_2017,
    "Y": CardKind.FOREIGNER_2023,
}


class Sex(StrEnum):
    """GB/T 2261.1."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    UNSTATED = "9"


_SEXES = {sex.value: sex for sex in Sex}


class LongTerm(Enum):
    """A card that never expires says 长期 where others have a date."""

    LONG_TERM = "长期"


# GB/T 3304, codes 01 to 56 in order.
_PEOPLES = (
    "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 东乡 纳西 景颇 "
    "柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京 "
    "塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺"
)
ETHNICITIES: Mapping[str, str] = {f"{code:02d}": name for code, name in enumerate(_PEOPLES.split(), 1)} | {
    "97": "其他",
    "98": "入籍",
}


class Unreadable(StrEnum):
    """Why 256 undamaged bytes are still not a card."""

    WRONG_SIZE = "wrong-size"
    UNKNOWN_KIND = "unknown-kind"
    """A type letter nobody has told us about: its fields may lie elsewhere, so none is guessed."""
    WRONG_NUMBER = "wrong-number"


class CardRecord:
    """A view of one text record. Fields are decoded when asked for; after `wipe` there is nothing left to decode.

    A field that is blank, not on this kind of card, or not what its standard says is None: never a guess.
    """

    __slots__ = ("_text", "kind")

    def __init__(self, text: bytearray, kind: CardKind) -> None:
        self._text = text
        self.kind = kind

    def __repr__(self) -> str:
        return f"<CardRecord {self.kind}{'' if self._text else ' wiped'}>"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a card record stays where it was read")

    def wipe(self) -> None:
        wipe(self._text)

    def text(self, field: Field) -> str | None:
        """A field without its padding. Half a character (a name cut at 15 units, or noise) is shown as U+FFFD."""
        raw = self._raw(field)
        text = _decoded(raw)
        wipe(raw)
        return text or None

    def _raw(self, field: Field) -> bytearray:
        raw = bytearray()
        for start, size in LAYOUTS[self.kind].get(field, ()):
            raw += self._text[start : start + size]
        return raw

    def number(self) -> bytearray | None:
        """The number in ASCII, upper case, as a buffer the caller wipes; None if it is not a number of its kind."""
        raw = self._raw(Field.NUMBER)
        digits, high = raw[::2], raw[1::2]
        wipe(raw)
        ascii_only = not any(high)
        digits[:] = digits.strip(b" \0").upper()
        check = is_old_foreigner_number if self.kind is CardKind.FOREIGNER_2017 else is_citizen_number
        if ascii_only and check(digits):
            return digits
        wipe(digits)
        return None

    @property
    def birth(self) -> date | None:
        return _date(self.text(Field.BIRTH))

    @property
    def sex(self) -> Sex | None:
        return _SEXES.get(self.text(Field.SEX) or "")

    @property
    def ethnicity(self) -> str | None:
        """The name of the people by GB/T 3304, e.g. 汉."""
        return ETHNICITIES.get(self.text(Field.ETHNICITY) or "")

    @property
    def valid_from(self) -> date | None:
        return _date(self.text(Field.VALID_FROM))

    @property
    def valid_until(self) -> date | LongTerm | None:
        """The last day on which the card is valid."""
        text = self.text(Field.VALID_UNTIL)
        return LongTerm.LONG_TERM if text == LongTerm.LONG_TERM.value else _date(text)


def parse_record(text: bytearray) -> CardRecord | Unreadable:
    """What these bytes say. Never raises. The record keeps `text` and wipes it in `CardRecord.wipe`."""
    if len(text) != TEXT_SIZE:
        return Unreadable.WRONG_SIZE
    start, size = _TYPE
    kind = _KINDS.get(_decoded(text[start : start + size]))
    if kind is None:
        return Unreadable.UNKNOWN_KIND
    record = CardRecord(text, kind)
    number = record.number()
    if number is None:
        return Unreadable.WRONG_NUMBER
    wipe(number)
    return record


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = b"10X98765432"


def is_citizen_number(number: bytes | bytearray) -> bool:
    """GB 11643: 17 digits and a check character (ISO 7064 MOD 11-2), in ASCII. Foreigners' of 2023 follow it too."""
    body = number[:17]
    if len(number) != 18 or not all(0x30 <= digit <= 0x39 for digit in body):
        return False
    total = sum((digit - 0x30) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return number[17] == _CHECKS[total % 11]


def is_old_foreigner_number(number: bytes | bytearray) -> bool:
    """The number on permanent residence cards of 2017: three letters and twelve digits; its check is not published."""
    return (
        len(number) == 15
        and all(0x41 <= letter <= 0x5A for letter in number[:3])
        and all(0x30 <= digit <= 0x39 for digit in number[3:])
    )


def _decoded(raw: bytearray) -> str:
    return raw.decode("utf-16-le", errors="replace").strip(" \0　")


def _date(text: str | None) -> date | None:
    if text is None or len(text) != 8 or not (text.isascii() and text.isdecimal()):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
