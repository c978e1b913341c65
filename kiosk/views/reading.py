"""The seven disclosures of a service, what to bring, and the button that takes a ticket. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from kiosk import session as s
from kiosk.admission import blocked, is_advice, may_add
from kiosk.pages import Button, Offer, Part, ReadingPage
from kiosk.session import Session
from kiosk.surroundings import Reader, Surroundings, clock
from kiosk.texts import Words
from kiosk.views.choosing import offer, told
from kiosk.views.phrases import figures, notice_of
from queue_server.domain.configuration import ORDINARY, Configuration, Disclosures, Service


def reading(session: Session, screen: s.Reading, around: Surroundings, words: Words) -> ReadingPage:
    configuration = around.configuration
    queue = configuration.queue[screen.queue]
    service = configuration.service.get(screen.service) if screen.service else None
    name = service.name if service else queue.name
    why = None if is_advice(service) else blocked(around, screen.queue, screen.service)
    choice = offer(session, around, words) if why is None and not is_advice(service) else None
    return ReadingPage(
        name=words.of(name), second=words.beside(name),
        materials_heading=_heading("materials", configuration, words),
        materials=tuple(_materials(screen, service, words)),
        parts=tuple(_parts(service.disclosures if service else None, configuration, words)),
        figures=() if is_advice(service) else figures(around.queue(queue.code), words),
        warning=_warning(session, around, words, service),
        notice=notice_of(why, screen.service, around, words),
        choice=choice,
        confirm=_confirm(session, screen, service, around, words, choice) if why is None else None,
        asides=tuple(_asides(session, screen, service, around, words)),
    )  # fmt: skip


def _heading(key: str, configuration: Configuration, words: Words) -> str:
    """What the city's policy calls this disclosure."""
    terms = configuration.terms
    return words.of(getattr(terms, key)) if terms is not None else words(f"read.{key}")


def _materials(screen: s.Reading, service: Service | None, words: Words) -> Iterator[Button]:
    if service is None or service.disclosures is None:
        return
    for number, material in enumerate(service.disclosures.materials):
        yield Button(
            tag=f"material:{number}", words=material, touch=s.TickMaterial(material=number), on=number in screen.ticked
        )


def _parts(disclosures: Disclosures | None, configuration: Configuration, words: Words) -> Iterator[Part]:
    """What is disclosed beside what to bring; a service that discloses nothing sends people to ask, not to guess."""
    if disclosures is None:
        yield Part(heading=_heading("materials", configuration, words), lines=(words("read.ask"),))
        return
    for key in ("conditions", "process", "time_limit", "fee", "completion", "basis"):
        value = getattr(disclosures, key)
        line = value if isinstance(value, str) else words("read.then").join(value)
        if line:
            yield Part(heading=_heading(key, configuration, words), lines=(line,))


def _warning(session: Session, around: Surroundings, words: Words, service: Service | None) -> str:
    """The one thing not to be missed before a ticket is taken."""
    if is_advice(service):
        return words("read.advice")
    saying = told(around.reader, words)
    if saying and around.reader is not Reader.TAKE_CARD:
        return saying
    if around.closing is not None and around.closed is None:
        return words("read.last", until=clock(around.configuration, around.closing))
    klass = around.configuration.resident_class.get(session.klass)
    if klass is not None and klass.code != ORDINARY:
        return words("read.class", **{"class": words.of(klass.name)}, evidence=klass.evidence)
    return ""


def _confirm(
    session: Session, screen: s.Reading, service: Service | None, around: Surroundings, words: Words,
    choice: Offer | None,
) -> Button:  # fmt: skip
    errands = len({*session.basket, screen.service} - {None}) if session.basket else 1
    if is_advice(service):
        said, small = words("read.confirm_advice"), words("read.confirm_advice_hint")
    elif errands > 1:
        said, small = words("read.confirm_all", count=errands), words("read.confirm_hint")
    elif choice is not None and session.klass != ORDINARY:
        said, small = words("read.confirm_first"), words("read.confirm_hint")
    elif session.card is None and around.reader is not Reader.NONE:
        said, small = words("read.confirm"), words("read.confirm_or_card")
    else:
        said, small = words("read.confirm"), words("read.confirm_hint")
    return Button(tag="confirm", words=said, small=small, touch=s.Confirm())


def _asides(
    session: Session, screen: s.Reading, service: Service | None, around: Surroundings, words: Words
) -> Iterator[Button]:
    if service is not None and service.disclosures is not None and not is_advice(service):
        key = "read.list_again" if screen.listed else "read.list"
        yield Button(tag="list", words=words(key), touch=s.PrintList(), enabled=_prints(around))
    if may_add(session, around.configuration) and blocked(around, screen.queue, screen.service) is None:
        yield Button(tag="add", words=words("read.add"), touch=s.AddErrand())
    if around.configuration.declarable and not is_advice(service):
        yield Button(tag="class", words=words("read.priority"), touch=s.AskClass(), on=session.klass != ORDINARY)


def _prints(around: Surroundings) -> bool:
    """Whether this machine can put anything on paper: hours and lines do not matter for a list."""
    return around.machine.prints
