"""What each screen says, in words ready to be drawn. Pure: the session, the surroundings and the texts in, text out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from kiosk import flow
from kiosk.flow import Failure, Session
from kiosk.surroundings import Closed, QueueNow, Surroundings, clock
from kiosk.texts import Words
from queue_server.domain.calendar import local
from queue_server.domain.configuration import Disclosures, Hours, Queue, Service, Text
from queue_server.domain.events import Instant

ON_BEHALF = "代办"
"""The configuration's word for a service that an agent may do for a resident."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """`languages`: (code, own name) of every language but the one spoken now."""

    hall: str
    hall_second: str
    time: str
    date: str
    languages: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The way to a ticket; `current` is the index of the step being taken, past the end when it is done."""

    names: tuple[str, ...]
    current: int


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something is not as usual: what, why, and where to go instead."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class QueueTile:
    code: str
    letter: str
    name: str
    second: str
    waiting: str
    wait: str


@dataclass(frozen=True, kw_only=True)
class QueuesPage:
    title: str
    hint: str
    notice: Notice | None
    tiles: tuple[QueueTile, ...]


@dataclass(frozen=True, kw_only=True)
class ServiceRow:
    """`code` is None for "not sure which"."""

    code: str | None
    name: str
    second: str
    note: str


@dataclass(frozen=True, kw_only=True)
class ServicesPage:
    title: str
    letter: str
    queue: str
    rows: tuple[ServiceRow, ...]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A heading and what stands under it; numbered when there is a list to tick off."""

    heading: str
    lines: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True, kw_only=True)
class Figure:
    name: str
    value: str
    known: bool = True


@dataclass(frozen=True, kw_only=True)
class ReadingPage:
    name: str
    second: str
    parts: tuple[Part, ...]
    figures: tuple[Figure, ...]
    notice: Notice | None
    confirm: str
    confirm_hint: str


@dataclass(frozen=True, kw_only=True)
class MessagePage:
    """Waiting for the printer, or an apology."""

    title: str
    lines: tuple[str, ...]
    sorry: bool = False
    done: str = ""


@dataclass(frozen=True, kw_only=True)
class TicketPage:
    title: str
    caption: str
    label: str
    what: str
    lines: tuple[str, ...]
    figures: tuple[Figure, ...]
    done: str
    closes: str


Page: TypeAlias = QueuesPage | ServicesPage | ReadingPage | MessagePage | TicketPage


@dataclass(frozen=True, kw_only=True)
class StillThere:
    """The resident may have left: what is asked, and the two answers."""

    title: str
    advice: str
    stay: str
    leave: str


@dataclass(frozen=True, kw_only=True)
class View:
    """The whole screen. `back` and `home` are empty when there is no such button, `help` when there are some."""

    header: Header
    steps: Steps
    page: Page
    back: str
    home: str
    help: str
    up: str
    down: str
    still_there: StillThere | None


def view(
    session: Session, around: Surroundings, languages: dict[str, Words], *, now: Instant, at: float,
    patience: flow.Patience = flow.PATIENCE,
) -> View:  # fmt: skip
    """The screen of `session` at wall-clock instant `now` and steady time `at` (s)."""
    words = languages.get(session.language) or languages[flow.FIRST_LANGUAGE]
    screen = session.screen
    left = flow.seconds_left(session, at, patience)
    warned = isinstance(screen, flow.ChoosingService | flow.Reading) and left is not None and left <= patience.warning
    return View(
        header=_header(words, languages, around, now),
        steps=_steps(words, session),
        page=_page(session, around, words, math.ceil(left or 0)),
        back=words("buttons.back") if isinstance(screen, flow.ChoosingService | flow.Reading) else "",
        home=words("buttons.home") if isinstance(screen, flow.ChoosingService | flow.Reading) else "",
        help=words("queue.help") if isinstance(screen, flow.ChoosingQueue) else "",
        up=words("buttons.up"),
        down=words("buttons.down"),
        still_there=_still_there(words, math.ceil(left or 0)) if warned else None,
    )


def _header(words: Words, languages: dict[str, Words], around: Surroundings, now: Instant) -> Header:
    name = around.configuration.name
    moment = local(around.configuration.timezone, now)
    weekday = words.list_of("clock.weekdays")[moment.weekday()]
    return Header(
        hall=words.of(name),
        hall_second=words.beside(name),
        time=clock(around.configuration, now),
        date=words("clock.date", month=moment.month, day=moment.day, weekday=weekday),
        languages=tuple((code, other.name) for code, other in languages.items() if code != words.language),
    )


def _steps(words: Words, session: Session) -> Steps:
    match session.screen:
        case flow.ChoosingQueue():
            current = 0
        case flow.ChoosingService():
            current = 1
        case flow.Reading():
            current = 2
        case flow.Issuing() | flow.Apologising():
            current = 3
        case flow.Showing():
            current = 4
        case _:
            assert_never(session.screen)
    return Steps(names=tuple(words(f"steps.{key}") for key in ("queue", "service", "read", "ticket")), current=current)


def _still_there(words: Words, seconds: int) -> StillThere:
    return StillThere(
        title=words("warning.title"),
        advice=words("warning.advice", seconds=seconds),
        stay=words("buttons.stay"),
        leave=words("buttons.leave"),
    )


def _page(session: Session, around: Surroundings, words: Words, seconds: int) -> Page:
    match session.screen:
        case flow.ChoosingQueue():
            return _queues(around, words)
        case flow.ChoosingService():
            return _services(session.screen, around, words)
        case flow.Reading():
            return _reading(session.screen, around, words)
        case flow.Issuing():
            return MessagePage(title=words("issuing.title"), lines=(words("issuing.advice"),))
        case flow.Showing():
            return _ticket(session.screen.ticket, around, words, seconds)
        case flow.Apologising():
            return _apology(session.screen.why, words)
        case _:
            assert_never(session.screen)


# --- the pages


def _queues(around: Surroundings, words: Words) -> QueuesPage:
    if around.closed is not None:
        hint = words("queue.hint_closed")
    elif around.break_until is not None:
        hint = words("queue.hint_break", until=clock(around.configuration, around.break_until))
    elif not around.connected:
        hint = words("queue.hint_cut_off")
    else:
        hint = words("queue.hint")
    queues = around.configuration.queues
    # Who cannot take a number needs no waits, and the notice needs the place.
    tiles = tuple(_tile(q, around.queue(q.code) if around.closed is None else QueueNow(), words) for q in queues)
    return QueuesPage(title=words("queue.title"), hint=hint, notice=notice(around, words), tiles=tiles)


def _tile(queue: Queue, now: QueueNow, words: Words) -> QueueTile:
    waiting = "" if now.waiting is None else words("queue.waiting", count=now.waiting)
    return QueueTile(
        code=queue.code, letter=queue.letter, name=words.of(queue.name), second=words.beside(queue.name),
        waiting=words("queue.waiting_none") if now.waiting == 0 else waiting,
        wait=_wait(words, "queue", now.wait),
    )  # fmt: skip


def _wait(words: Words, part: str, wait: tuple[int, int] | None) -> str:
    """An expected wait in minutes, in words; nothing when it is unknown."""
    if wait is None:
        return ""
    return words(f"{part}.wait_none") if wait[1] <= 0 else wait_range(words, part, wait)


def wait_range(words: Words, part: str, wait: tuple[int, int]) -> str:
    """From `low` to `high` minutes, `high` > 0."""
    low, high = wait
    key = "wait_same" if low == high else "wait" if low > 0 else "wait_within"
    return words(f"{part}.{key}", low=low, high=high)


def _services(screen: flow.ChoosingService, around: Surroundings, words: Words) -> ServicesPage:
    queue = around.configuration.queue[screen.queue]
    rows = [
        ServiceRow(code=s.code, name=words.of(s.name), second=words.beside(s.name), note=_note(words, s))
        for s in around.configuration.services
        if s.queue == queue.code
    ]
    name = words.of(queue.name)
    unsure = ServiceRow(
        code=None, name=words("service.unsure"), second=words("service.unsure_hint", queue=name), note=""
    )
    return ServicesPage(title=words("service.title"), letter=queue.letter, queue=name, rows=(*rows, unsure))


def _note(words: Words, service: Service) -> str:
    return words("service.assist") if service.assist == ON_BEHALF else ""


def _reading(screen: flow.Reading, around: Surroundings, words: Words) -> ReadingPage:
    queue = around.configuration.queue[screen.queue]
    service = around.configuration.service.get(screen.service) if screen.service else None
    name: Text = service.name if service else queue.name
    disclosures = service.disclosures if service else None
    return ReadingPage(
        name=words.of(name), second=words.beside(name),
        parts=tuple(_parts(disclosures, words)),
        figures=_figures(around.queue(queue.code), words),
        notice=notice(around, words),
        confirm=words("read.confirm"), confirm_hint=words("read.confirm_hint"),
    )  # fmt: skip


def _parts(disclosures: Disclosures | None, words: Words) -> list[Part]:
    """What to bring comes first; a service that discloses nothing sends people to ask, it does not guess."""
    if disclosures is None:
        return [Part(heading=words("read.materials"), lines=(words("read.ask"),))]
    rest = ("conditions", "time_limit", "fee", "completion")
    return [
        Part(heading=words("read.materials"), lines=disclosures.materials, numbered=True),
        *(Part(heading=words(f"read.{key}"), lines=(getattr(disclosures, key),)) for key in rest),
    ]


def _figures(queue: QueueNow, words: Words) -> tuple[Figure, ...]:
    ahead = "" if queue.waiting is None else words("read.ahead_value", count=queue.waiting)
    known = ((words("read.ahead"), ahead), (words("read.expected"), _wait(words, "read", queue.wait)))
    figures = [Figure(name=name, value=value or words("read.unknown"), known=bool(value)) for name, value in known]
    if queue.windows:
        windows = words("read.windows_value", windows=words.windows(queue.windows))
        figures.append(Figure(name=words("read.windows"), value=windows))
    return tuple(figures)


def _ticket(ticket: flow.HandedOut, around: Surroundings, words: Words, seconds: int) -> TicketPage:
    queue = around.configuration.queue.get(ticket.queue)
    service = around.configuration.service.get(ticket.service) if ticket.service else None
    lines = [words("ticket.take") if ticket.on_paper else words("ticket.unsure"), words("ticket.listen")]
    if ticket.windows:
        lines.append(words("ticket.call", windows=words.windows(ticket.windows)))
    figures = []
    if ticket.ahead is not None:
        figures.append(Figure(name=words("read.ahead"), value=words("read.ahead_value", count=ticket.ahead)))
    if ticket.wait is not None:
        figures.append(Figure(name=words("read.expected"), value=_wait(words, "read", ticket.wait)))
    return TicketPage(
        title=words("ticket.title") if ticket.on_paper else words("ticket.unsure_title"),
        caption=words("ticket.yours"),
        label=ticket.label,
        what=words.of(service.name) if service else words.of(queue.name) if queue else "",
        lines=tuple(lines), figures=tuple(figures), done=words("buttons.done"),
        closes=words("ticket.closes", seconds=seconds),
    )  # fmt: skip


def _apology(why: Failure, words: Words) -> MessagePage:
    return MessagePage(
        title=words("failed.title"),
        lines=(words(f"failed.{why}"), words("failed.where")),
        sorry=True,
        done=words("buttons.home"),
    )


# --- when no ticket can be taken


def notice(around: Surroundings, words: Words) -> Notice | None:
    """Why no ticket can be taken now, and what to do instead; None when all is well."""
    match around.closed:
        case None:
            return None
        case Closed.OUT_OF_PAPER:
            return _machine(words, "unavailable.out_of_paper")
        case Closed.PRINTER_FAULT:
            return _machine(words, "unavailable.printer_fault")
        case Closed.STORAGE:
            return _machine(words, "unavailable.storage")
        case Closed.NOT_OPEN:
            return Notice(title=words("unavailable.closed_title"), lines=(words("unavailable.not_open"),))
        case Closed.BEFORE:
            assert around.numbers_from is not None
            why = words("unavailable.before", **{"from": clock(around.configuration, around.numbers_from)})
            return _hall(words, why, around.configuration.hours)
        case Closed.AFTER:
            return _hall(words, words("unavailable.after"), around.configuration.hours)
        case Closed.HOLIDAY:
            return _hall(words, words("unavailable.holiday"), around.configuration.hours)
        case _:
            assert_never(around.closed)


def _machine(words: Words, why: str) -> Notice:
    return Notice(title=words("unavailable.title"), lines=(words(why), words("unavailable.where")))


def _hall(words: Words, why: str, hours: Hours) -> Notice:
    when = words("unavailable.hours", days=_weekdays(words, hours.weekdays), hours=_periods(words, hours))
    return Notice(title=words("unavailable.closed_title"), lines=(why, when))


def _periods(words: Words, hours: Hours) -> str:
    return words("unavailable.period_joiner").join(f"{p.opens}–{p.closes}" for p in hours.periods)


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
