"""What each screen says, in words ready to be drawn. Pure: the session, the surroundings and the texts in, text out."""

from __future__ import annotations

import math
from typing import assert_never

from kiosk import session as s
from kiosk.flow import open_to_papers
from kiosk.pages import Button, Header, Page, PresentingPage, ReadingPage, Steps, StillThere, View
from kiosk.patience import PATIENCE, Patience, seconds_left
from kiosk.session import FIRST_LANGUAGE, Comfort, Screen, Session
from kiosk.surroundings import Reader, Surroundings, clock
from kiosk.texts import Words
from kiosk.views import choosing, outcome, servicing
from kiosk.views.reading import reading
from queue_server.domain.calendar import local
from queue_server.domain.events import Instant

_NEVER_WARNED = (
    s.Busy,
    s.Showing,
    s.SheetGiven,
    s.AskingAfter,
    s.Apologising,
    s.CodeRefused,
    s.Servicing,
    s.EnteringPin,
)
"""Their time is shown on them, or nobody has to be asked."""
_NO_WAY_BACK = (s.ChoosingQueue, s.Busy, s.Showing, s.SheetGiven, s.Apologising, s.CodeRefused)


def view(
    session: Session, around: Surroundings, languages: dict[str, Words], *, now: Instant, at: float,
    patience: Patience = PATIENCE,
) -> View:  # fmt: skip
    """The screen of `session` at wall-clock instant `now` and steady time `at` (s)."""
    words = languages.get(session.language) or languages[FIRST_LANGUAGE]
    screen = session.screen
    left = seconds_left(session, at, patience)
    seconds = math.ceil(left or 0)
    warned = left is not None and left <= patience.warning and not isinstance(screen, _NEVER_WARNED)
    has_way_back = not isinstance(screen, _NO_WAY_BACK)
    is_first = isinstance(screen, s.ChoosingQueue)
    page = _page(session, around, words, seconds)
    return View(
        header=_header(words, languages, around, now),
        steps=_steps(words, screen),
        page=page,
        back=Button(tag="back", words=words("buttons.back"), touch=s.Back()) if has_way_back else None,
        home=_home(session, words),
        help=words("queue.help") if is_first else "",
        up=words("buttons.up"),
        down=words("buttons.down"),
        language=words.language,
        comfort=session.comfort,
        comforts=_comforts(words, session.comfort),
        greeting="" if session.card is None else words("greeting.hello", name=session.card.name),
        told=_told(session, page, around, words),
        prompt=_prompt(session),
        interjection=_interjection(session, around, warned=warned),
        still_there=_still_there(words, seconds) if warned else None,
    )


def _header(words: Words, languages: dict[str, Words], around: Surroundings, now: Instant) -> Header:
    name = around.configuration.name
    moment = local(around.configuration.timezone, now)
    weekday = words.list_of("clock.weekdays")[moment.weekday()]
    others = ((code, other.name) for code, other in languages.items() if code != words.language)
    return Header(
        hall=words.of(name),
        hall_second=words.beside(name),
        time=clock(around.configuration, now),
        date=words("clock.date", month=moment.month, day=moment.day, weekday=weekday),
        languages=tuple(
            Button(tag=f"language:{code}", words=own, touch=s.Speak(language=code)) for code, own in others
        ),
        ask_service=s.AskService(),
    )


def _comforts(words: Words, now: Comfort) -> tuple[Button, ...]:
    """One touch each, on every screen: larger type, more contrast, everything within reach."""
    return tuple(
        Button(tag=f"comfort:{name}", words=words(f"comfort.{name}"), touch=s.Draw(comfort=then), on=getattr(now, name))
        for name, then in now.turned().items()
    )


def _home(session: Session, words: Words) -> Button | None:
    """To the first screen; from there, for somebody known there or with services chosen, away from the machine."""
    if isinstance(session.screen, s.ChoosingQueue):
        if session.card is None and not session.basket:
            return None
        return Button(tag="leave", words=words("buttons.leave"), touch=s.Leave())
    return (
        None
        if isinstance(session.screen, _NO_WAY_BACK)
        else Button(tag="home", words=words("buttons.home"), touch=s.Home())
    )


def _told(session: Session, page: Page, around: Surroundings, words: Words) -> str:
    """A card may be laid down on any screen that takes papers, so what became of it is said on every one of them."""
    said = choosing.told(around.reader, words) if open_to_papers(session) else ""
    by_page = isinstance(page, PresentingPage) or (isinstance(page, ReadingPage) and page.warning == said)
    return "" if by_page else said


def _steps(words: Words, screen: Screen) -> Steps | None:
    match screen:
        case s.ChoosingQueue() | s.Greeting():
            current = 0
        case s.ChoosingService() | s.Searching():
            current = 1
        case s.Reading() | s.ChoosingClass():
            current = 2
        case s.Busy(doing=s.Doing.TICKET) | s.Apologising():
            current = 3
        case s.Showing():
            current = 4
        case _:
            return None
    return Steps(names=tuple(words(f"steps.{key}") for key in ("queue", "service", "read", "ticket")), current=current)


def _still_there(words: Words, seconds: int) -> StillThere:
    return StillThere(
        title=words("warning.title"),
        advice=words("warning.advice", seconds=seconds),
        stay=Button(tag="stay", words=words("buttons.stay"), touch=s.Stay()),
        leave=Button(tag="leave", words=words("buttons.leave"), touch=s.Leave()),
    )


def _page(session: Session, around: Surroundings, words: Words, seconds: int) -> Page:
    screen = session.screen
    match screen:
        case s.ChoosingQueue():
            return choosing.queues(session, around, words)
        case s.Presenting():
            return choosing.presenting(around, words)
        case s.Greeting():
            return choosing.greeting(session, screen, around, words)
        case s.Searching():
            return choosing.search(screen, around, words)
        case s.AboutHall():
            return choosing.about(around, words)
        case s.ChoosingService():
            return choosing.services(screen, around, words)
        case s.Reading():
            return reading(session, screen, around, words)
        case s.ChoosingClass():
            return choosing.classes(session, around, words)
        case s.CheckingIn():
            return outcome.checking_in(screen, around, words)
        case s.AskingAfter():
            return outcome.asking_after(screen, around, words, seconds)
        case s.CodeRefused():
            return outcome.code_refused(screen.why, words)
        case s.Busy():
            return outcome.busy(screen, words)
        case s.Showing():
            return outcome.ticket(screen.ticket, around, words, seconds)
        case s.SheetGiven():
            return outcome.sheet_given(screen, around, words, seconds)
        case s.Apologising():
            return outcome.apology(screen.why, words)
        case s.EnteringPin():
            return servicing.pin(screen, words)
        case s.Servicing():
            return servicing.service(screen, around, words)
        case _:
            assert_never(screen)


PROMPTS: dict[type[Screen], str] = {
    s.Presenting: "card",
    s.Greeting: "choose",
    s.ChoosingService: "service",
    s.Searching: "service",
    s.Reading: "read",
    s.Showing: "ticket",
    s.Apologising: "ask",
    s.CodeRefused: "ask",
    s.SheetGiven: "thanks",
}
"""What may be said aloud on entering a screen (`voice/prompts/{language}`). The first screen is silent, or a kiosk with
nobody before it would talk to the hall."""


def _prompt(session: Session) -> str:
    if isinstance(session.screen, s.Greeting) and session.card is not None and session.card.age is not None:
        return "priority"
    return PROMPTS.get(type(session.screen), "")


def _interjection(session: Session, around: Surroundings, *, warned: bool) -> str:
    if warned:
        return "time-out"
    return "card-again" if around.reader is Reader.PLACE_AGAIN and open_to_papers(session) else ""
