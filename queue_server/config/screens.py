"""Checks of what a hall shows and says to who waits: its zones and the notices of its boards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import PurePosixPath

from queue_server.domain.configuration import BoardNotice, Opening, Zone

Wrong = Iterator[tuple[tuple[str | int, ...], str]]

LANGUAGES = ("zh", "en")
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif"})
VIDEOS = frozenset({".mp4", ".webm"})
RESERVED = frozenset({"changes"})
"""Parts of the addresses of boards, which no zone can have as its code."""


def screens_wrong(zones: Sequence[Zone], notices: Sequence[BoardNotice], windows: Iterable[str]) -> Wrong:
    """Where, within the hall, and what is wrong."""
    known = set(windows)
    for z, zone in enumerate(zones):
        for message in _zone_wrong(zone, known):
            yield ("zones", z, message[0]), message[1]
    codes = {zone.code for zone in zones}
    for n, notice in enumerate(notices):
        for field, message_ in _notice_wrong(notice, codes):
            yield ("board_notices", n, field), message_


def _zone_wrong(zone: Zone, windows: set[str]) -> Iterator[tuple[str, str]]:
    if not (zone.code.isascii() and zone.code.replace("-", "").isalnum()) or zone.code in RESERVED:
        yield "code", f"{zone.code!r} is part of an address: letters A-Z a-z, digits and - only"
    if not zone.windows:
        yield "windows", "a zone has at least one window"
    for code in zone.windows:
        if code not in windows:
            yield "windows", f"there is no window {code!r} in this hall"
    voice = zone.voice
    for language in voice.languages:
        if language not in LANGUAGES:
            yield "voice", f"no voice speaks {language!r}; there are {', '.join(LANGUAGES)}"
    if min(voice.readings, voice.joined, voice.far_behind, voice.too_old_seconds) < 1:
        yield "voice", "readings, joined, far_behind and too_old_seconds must be at least 1"


def _notice_wrong(notice: BoardNotice, zones: set[str]) -> Iterator[tuple[str, str]]:
    if (notice.text is None) == (notice.file is None):
        yield "text", "a notice has either a text or a file"
    if notice.file is not None:
        path = PurePosixPath(notice.file)
        if path.is_absolute() or ".." in path.parts:
            yield "file", "must lie in the folder of media, so neither begin with / nor contain .."
        elif path.suffix.lower() not in PICTURES | VIDEOS:
            yield "file", f"boards show {' '.join(sorted(PICTURES | VIDEOS))}"
    if notice.seconds < 2:
        yield "seconds", "at least 2, or nobody can read it"
    for name, day in (("since", notice.since), ("until", notice.until)):
        if day is not None and not _is_date(day):
            yield name, f'{day!r} is not a date like "2026-10-01"'
    if notice.hours is not None and not _is_span(notice.hours):
        yield "hours", 'must be like {opens: "08:30", closes: "12:00"}'
    if not set(notice.weekdays) <= set(range(1, 8)):
        yield "weekdays", "days are 1 (Monday) … 7 (Sunday)"
    for zone in notice.zones:
        if zone not in zones:
            yield "zones", f"there is no zone {zone!r} in this hall"


def _is_date(day: str) -> bool:
    try:
        return date.fromisoformat(day).isoformat() == day
    except ValueError:
        return False


def _is_span(span: Opening) -> bool:
    return all(is_clock(clock) for clock in (span.opens, span.closes)) and span.opens < span.closes


def is_clock(clock: str) -> bool:
    """Whether it is a time of day like `08:30`."""
    hours, colon, minutes = clock.partition(":")
    if not (clock.isascii() and colon and len(hours) == len(minutes) == 2 and (hours + minutes).isdecimal()):
        return False
    return (int(hours) < 24 and int(minutes) < 60) or clock == "24:00"
