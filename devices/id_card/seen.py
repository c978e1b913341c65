"""All that a kiosk learns of a card. Pure: the card's record, the day's key and the date in, one small value out."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from devices.id_card.protocol import wipe
from devices.id_card.records import CardKind, CardRecord, Field

SHORTEST_KEY = 16  # bytes


class AgeBand(StrEnum):
    UNKNOWN = "unknown"
    """The card's birth date cannot be read, or lies ahead."""
    UNDER_60 = "under-60"
    FROM_60 = "60-69"
    FROM_70 = "70-79"
    FROM_80 = "80+"


class Validity(StrEnum):
    UNKNOWN = "unknown"
    """One of the card's dates cannot be read."""
    VALID = "valid"
    LONG_TERM = "long-term"
    EXPIRED = "expired"
    NOT_YET = "not-yet"


@dataclass(frozen=True, kw_only=True)
class CardSeen:
    """A card that was read, without its number, full name, address or photo.

    `masked_name` is for the resident's eyes (see `masked`); `holder` is HMAC-SHA256(day key, number) in hex, the same
    for the same card all day and meaningless once the key is destroyed. Neither shows in `repr`, so not in a log.
    `valid_from` and `valid_until` are None where the card has no such date (长期) or it cannot be read.
    """

    kind: CardKind
    masked_name: str = field(repr=False)
    holder: str = field(repr=False)
    age_band: AgeBand
    validity: Validity
    valid_from: date | None
    valid_until: date | None


def require_day_key(day_key: bytes) -> None:
    """ValueError if the key is too short to hide a number."""
    if len(day_key) < SHORTEST_KEY:
        raise ValueError(f"the day key needs at least {SHORTEST_KEY} bytes")


def seen(record: CardRecord, *, day_key: bytes, today: date) -> CardSeen | None:
    """What may leave the driver; None if the record was wiped or its number is wrong. ValueError for a short key."""
    require_day_key(day_key)
    number = record.number()
    if number is None:
        return None
    holder = hmac.new(day_key, number, "sha256").hexdigest()
    wipe(number)
    until = record.valid_until
    return CardSeen(
        kind=record.kind,
        masked_name=masked(record.text(Field.NAME) or record.text(Field.ENGLISH_NAME) or ""),
        holder=holder,
        age_band=age_band(record.birth, today),
        validity=_validity(record, today),
        valid_from=record.valid_from,
        valid_until=until if isinstance(until, date) else None,
    )


# Family names of two characters (百家姓 and others in use); only in names of three or more: 东方 alone is 东 + 方.
_COMPOUND = (
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠 "
    "公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 "
    "拓跋 夹谷 轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 微生 梁丘 左丘 西门 第五 南荣 达奚 即墨"
)
_COMPOUND_NAMES = frozenset(_COMPOUND.split())
_STAR = "*"
_MOST_STARS = 2


def masked(name: str) -> str:
    """The family name, and a star for each further character but never more than two: 张*, 张**, 欧阳**, 买**, S**.

    At least one character is always hidden. A family name that is no letter of Unicode (a private-use 生僻字, noise,
    a control character) is hidden too, so nothing on a card can steer a screen or a printer.
    """
    letters = [character for character in name if not _is_selector(character)]
    shown = 2 if len(letters) > 2 and "".join(letters[:2]) in _COMPOUND_NAMES else 1 if len(letters) > 1 else 0
    family = "".join(letter if letter.isalpha() else _STAR for letter in letters[:shown])
    return family + _STAR * min(_MOST_STARS, max(1, len(letters) - shown))


def _is_selector(character: str) -> bool:
    """Variation selectors choose a glyph for the 生僻字 before them and are no characters of the name."""
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def age_band(birth: date | None, today: date) -> AgeBand:
    """By completed years; born on 29 February, a year is completed on 1 March of common years."""
    if birth is None or birth > today:
        return AgeBand.UNKNOWN
    age = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    if age < 60:
        return AgeBand.UNDER_60
    if age < 70:
        return AgeBand.FROM_60
    return AgeBand.FROM_70 if age < 80 else AgeBand.FROM_80


def _validity(record: CardRecord, today: date) -> Validity:
    start, end = record.valid_from, record.valid_until
    if isinstance(end, date) and today > end:
        return Validity.EXPIRED
    if start is not None and today < start:
        return Validity.NOT_YET
    if start is None or end is None:
        return Validity.UNKNOWN
    return Validity.VALID if isinstance(end, date) else Validity.LONG_TERM
