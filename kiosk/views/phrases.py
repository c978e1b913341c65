"""Phrases several screens say: waits, figures, times, and why no ticket can be taken. Pure."""

from __future__ import annotations

from typing import assert_never

from kiosk.admission import Blocked
from kiosk.pages import Figure, Notice
from kiosk.surroundings import Closed, QueueNow, Surroundings, clock
from kiosk.texts import Words
from queue_server.domain.configuration import Configuration, Hours


def wait(words: Words, part: str, expected: tuple[int, int] | None) -> str:
    """An expected wait in minutes, in words; nothing when it is unknown."""
    if expected is None:
        return ""
    return words(f"{part}.wait_none") if expected[1] <= 0 else wait_range(words, part, expected)


def wait_range(words: Words, part: str, expected: tuple[int, int]) -> str:
    """From `low` to `high` minutes, `high` > 0."""
    low, high = expected
    key = "wait_same" if low == high else "wait" if low > 0 else "wait_within"
    return words(f"{part}.{key}", low=low, high=high)


def figures(queue: QueueNow, words: Words) -> tuple[Figure, ...]:
    """How many wait, how long, at which windows."""
    ahead = "" if queue.waiting is None else words("read.ahead_value", count=queue.waiting)
    known = ((words("read.ahead"), ahead), (words("read.expected"), wait(words, "read", queue.wait)))
    said = [Figure(name=name, value=value or words("read.unknown"), known=bool(value)) for name, value in known]
    return (*said, *windows(queue.windows, words))


def windows(codes: tuple[str, ...], words: Words) -> tuple[Figure, ...]:
    if not codes:
        return ()
    return (Figure(name=words("read.windows"), value=words("read.windows_value", windows=words.windows(codes))),)


def name_of(words: Words, configuration: Configuration, queue: str, service: str | None) -> str:
    """The service's name, or the queue's where only that is known; nothing for what is no longer there."""
    chosen = configuration.service.get(service) if service else None
    line = configuration.queue.get(queue)
    return words.of(chosen.name) if chosen else words.of(line.name) if line else ""


# --- when no ticket can be taken


def notice(around: Surroundings, words: Words) -> Notice | None:
    """Why nobody can take a ticket now, and what to do instead; None when all is well."""
    configuration = around.configuration
    match around.closed:
        case None:
            return None
        case Closed.OUT_OF_PAPER | Closed.PRINTER_FAULT | Closed.STORAGE | Closed.OUT_OF_SERVICE:
            why = words(f"unavailable.{around.closed.value.replace('-', '_')}")
            return Notice(title=words("unavailable.title"), lines=(why, words("unavailable.where")))
        case Closed.NOT_OPEN:
            return Notice(title=words("unavailable.closed_title"), lines=(words("unavailable.not_open"),))
        case Closed.BEFORE:
            assert around.numbers_from is not None
            why = words("unavailable.before", **{"from": clock(configuration, around.numbers_from)})
            return _hall(words, why, configuration.hours)
        case Closed.AFTER:
            return _hall(words, words("unavailable.after"), configuration.hours)
        case Closed.HOLIDAY:
            return _hall(words, words("unavailable.holiday"), configuration.hours)
        case _:
            assert_never(around.closed)


def notice_of(why: Closed | Blocked | None, service: str | None, around: Surroundings, words: Words) -> Notice | None:
    """Why there is no ticket for this very service."""
    chosen = around.configuration.service.get(service) if service else None
    match why:
        case Blocked.SERVICE_CLOSED:
            reason = words.of(chosen.closed) if chosen is not None and chosen.closed is not None else ""
            lines = tuple(line for line in (reason, words("blocked.ask")) if line)
            return Notice(title=words("blocked.closed_title"), lines=lines)
        case Blocked.QUEUE_FULL:
            return Notice(title=words("blocked.full_title"), lines=(words("blocked.full"), words("blocked.ask")))
        case _:
            return notice(around, words)


def _hall(words: Words, why: str, hours: Hours) -> Notice:
    return Notice(title=words("unavailable.closed_title"), lines=(why, hours_of(words, hours)))


def hours_of(words: Words, hours: Hours) -> str:
    """`办公时间：周一至周五 08:30–12:00，14:00–17:30`."""
    spans = words("unavailable.period_joiner").join(f"{p.opens}–{p.closes}" for p in hours.periods)
    return words("unavailable.hours", days=_weekdays(words, hours.weekdays), hours=spans)


def _weekdays(words: Words, weekdays: tuple[int, ...]) -> str:
    """`周一至周五`: runs of three and more drawn together."""
    names = words.list_of("unavailable.short_weekdays")
    days = sorted(weekdays)
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    shown = [
        words("unavailable.day_range", first=names[run[0] - 1], last=names[run[-1] - 1])
        if len(run) > 2
        else words("unavailable.day_joiner").join(names[day - 1] for day in run)
        for run in runs
    ]
    return words("unavailable.day_joiner").join(shown)
