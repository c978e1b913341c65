"""Who holds a ticket or an appointment, so that it can be told again today and by nobody afterwards."""

from __future__ import annotations

import hmac
import re

_NUMBER = re.compile("[0-9]{17}[0-9X]")
_CHECKS = "10X98765432"


def holder_of(number: str, day_key: bytes) -> str | None:
    """HMAC-SHA256(day key, ID number) in hex; None if it is no citizen's ID number by GB 11643 (ISO 7064 MOD 11-2).

    The same as a kiosk makes of the card (`devices.id_card.seen`): upper case, in ASCII. Nothing is raised, since an
    error might repeat the number.
    """
    number = number.strip().upper()
    if not _NUMBER.fullmatch(number):
        return None
    total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(number[:17]))
    if number[17] != _CHECKS[total % 11]:
        return None
    return hmac.new(day_key, number.encode(), "sha256").hexdigest()
