"""The screens on which a resident says what they came for. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from kiosk import keyboard
from kiosk import session as s
from kiosk.admission import arrival, is_advice, offered
from kiosk.pages import (
    AboutPage,
    Basket,
    Button,
    ClassesPage,
    GreetingPage,
    Group,
    Offer,
    Part,
    PresentingPage,
    QueuesPage,
    QueueTile,
    Row,
    SearchPage,
    ServicesPage,
)
from kiosk.search import Index
from kiosk.session import Session
from kiosk.surroundings import QueueNow, Reader, Surroundings, clock
from kiosk.texts import Words
from kiosk.views.phrases import hours_of, name_of, notice, wait
from queue_server.domain.configuration import ORDINARY, Agent, Configuration, Queue, Service

ON_BEHALF = "代办"
"""The configuration's word for a service that an agent may do for a resident."""


# --- the first screen


def queues(session: Session, around: Surroundings, words: Words) -> QueuesPage:
    if around.closed is not None:
        hint = words("queue.hint_closed")
    elif around.break_until is not None:
        hint = words("queue.hint_break", until=clock(around.configuration, around.break_until))
    elif around.closing is not None:
        hint = words("queue.hint_last", until=clock(around.configuration, around.closing))
    elif not around.connected:
        hint = words("queue.hint_cut_off")
    else:
        hint = words("queue.hint")
    # Who cannot take a number needs no waits, and the notice needs the place.
    tiles = tuple(
        _tile(queue, around.queue(queue.code) if around.closed is None else QueueNow(), words)
        for queue in around.configuration.queues
    )
    return QueuesPage(
        title=words("queue.title"), hint=hint, notice=notice(around, words), tiles=tiles,
        ways=tuple(ways(around, words)), basket=_basket(session, around, words),
    )  # fmt: skip


def ways(around: Surroundings, words: Words) -> Iterable[Button]:
    """The ways to a ticket beside choosing from everything."""
    if around.reader is not Reader.NONE or around.scanner:
        yield Button(tag="present", words=words("ways.present"), small=words("ways.present_small"), touch=s.Present())
    yield Button(tag="search", words=words("ways.search"), small=words("ways.search_small"), touch=s.Search())
    yield Button(tag="about", words=words("ways.about"), small=words("ways.about_small"), touch=s.ShowHall())


def _tile(queue: Queue, now: QueueNow, words: Words) -> QueueTile:
    waiting = "" if now.waiting is None else words("queue.waiting", count=now.waiting)
    return QueueTile(
        code=queue.code, letter=queue.letter, name=words.of(queue.name), second=words.beside(queue.name),
        waiting=words("queue.waiting_none") if now.waiting == 0 else waiting,
        wait=wait(words, "queue", now.wait), touch=s.ChooseQueue(queue=queue.code),
        note=words("queue.full") if now.full else "",
    )  # fmt: skip


def _basket(session: Session, around: Surroundings, words: Words) -> Basket | None:
    chosen = [around.configuration.service[c] for c in session.basket if c in around.configuration.service]
    if not chosen:
        return None
    return Basket(
        title=words("basket.title", count=len(chosen)),
        names=tuple(words.of(service.name) for service in chosen),
        take=Button(tag="confirm", words=words("basket.take"), touch=s.Confirm(), enabled=around.closed is None),
        drop=Button(tag="drop", words=words("basket.drop"), touch=s.DropErrands()),
    )


# --- lists of services


def services(screen: s.ChoosingService, around: Surroundings, words: Words) -> ServicesPage:
    queue = around.configuration.queue[screen.queue]
    rows = [service_row(service, words) for service in around.configuration.services if service.queue == queue.code]
    name = words.of(queue.name)
    unsure = Row(
        tag="service:", name=words("service.unsure"), second=words("service.unsure_hint", queue=name),
        touch=s.ChooseService(service=None),
    )  # fmt: skip
    return ServicesPage(title=words("service.title"), letter=queue.letter, queue=name, rows=(*rows, unsure))


def service_row(service: Service, words: Words, *, mark: str = "", second: str | None = None) -> Row:
    return Row(
        tag=f"service:{service.code}", name=words.of(service.name),
        second=words.beside(service.name) if second is None else second,
        note=_note(service, words), mark=mark, touch=s.ChooseService(service=service.code),
    )  # fmt: skip


def _note(service: Service, words: Words) -> str:
    if service.closed is not None:
        return words("service.closed")
    if is_advice(service):
        return words("service.advice")
    return words("service.assist") if service.assist == ON_BEHALF else ""


def search(screen: s.Searching, around: Surroundings, words: Words) -> SearchPage:
    index = _index(around.configuration)
    found = index.find(screen.text) if screen.text else ()
    rows = tuple(service_row(around.configuration.service[f.service], words, second=f.words or None) for f in found)
    return SearchPage(
        title=words("search.title"), hint=words("search.hint"), text=screen.text, rows=rows,
        nothing=words("search.nothing") if screen.text and not rows else words("search.examples"),
        keys=_keys(screen.text, index.next_letters(screen.text), words),
    )  # fmt: skip


_built: list[tuple[Configuration, Index]] = []


def _index(configuration: Configuration) -> Index:
    """The index of a configuration; that of the last one is kept."""
    if not _built or _built[0][0] is not configuration:
        _built[:] = [(configuration, Index(configuration))]
    return _built[0][1]


def _keys(text: str, leads_on: frozenset[str], words: Words) -> tuple[tuple[Button, ...], ...]:
    """The keyboard; a key that leads to nothing is off."""
    lit = keyboard.lit(text, leads_on)
    return tuple(
        tuple(
            Button(
                tag=f"key:{key}",
                words=words(f"search.{key}") if isinstance(key, keyboard.Edit) else key.upper(),
                touch=s.Type(text=keyboard.press(text, key)),
                enabled=key in lit,
            )
            for key in row
        )
        for row in keyboard.ROWS
    )


# --- with a card or a code


def presenting(around: Surroundings, words: Words) -> PresentingPage:
    can = [(around.reader is not Reader.NONE, "card"), (around.scanner, "code")]
    shown = tuple((words(f"present.{way}"), words(f"present.{way}_how")) for there, way in can if there)
    return PresentingPage(
        title=words("present.title"), ways=shown or ((words("present.none"), words("present.none_how")),),
        told=told(around.reader, words), without=Button(tag="browse", words=words("present.without"), touch=s.Browse()),
    )  # fmt: skip


def told(reader: Reader, words: Words) -> str:
    """What the card reader has to say that is worth reading; nothing while it only waits."""
    quiet = (Reader.NONE, Reader.PLACE)
    return "" if reader in quiet else words(f"reader.{reader.value.replace('-', '_')}")


def greeting(session: Session, screen: s.Greeting, around: Surroundings, words: Words) -> GreetingPage:
    bookings = tuple(
        Row(
            tag=f"booking:{booking.appointment}",
            name=name_of(words, around.configuration, "", booking.service) or words("greeting.other_service"),
            mark=clock(around.configuration, booking.slot),
            second=words(f"arrival.{arrival(booking, around.configuration, around.now).value.replace('-', '_')}_short"),
            touch=s.ChooseBooking(appointment=booking.appointment),
        )
        for booking in screen.bookings
    )
    held = tuple(
        Row(
            tag=f"held:{ticket.ticket}", mark=ticket.label,
            name=name_of(words, around.configuration, ticket.queue, ticket.service),
            second=words(f"state.{ticket.state.value.replace('-', '_')}"), touch=s.ChooseHeld(ticket=ticket.ticket),
        )
        for ticket in screen.held
    )  # fmt: skip
    known = (around.configuration.service.get(code) for code in around.configuration.frequent)
    frequent = tuple(service_row(service, words) for service in known if service is not None)
    groups = (("bookings", bookings), ("held", held), ("frequent", frequent))
    return GreetingPage(
        title=words("greeting.title"),
        notes=(words("greeting.expired"),) if session.card is not None and session.card.expired else (),
        offer=offer(session, around, words),
        groups=tuple(Group(heading=words(f"greeting.{name}"), rows=rows) for name, rows in groups if rows),
        browse=Button(tag="browse", words=words("greeting.browse"), touch=s.Browse()),
    )


def offer(session: Session, around: Surroundings, words: Words) -> Offer | None:
    """What the card entitles to, which is theirs to use or not."""
    klass = offered(around.configuration, session.card)
    if klass is None:
        return None
    return Offer(
        title=words("offer.title", **{"class": words.of(klass.name)}), hint=words("offer.hint"),
        yes=_choice("accept", klass.code, session, words), no=_choice("decline", ORDINARY, session, words),
    )  # fmt: skip


def _choice(said: str, klass: str, session: Session, words: Words) -> Button:
    return Button(
        tag=f"class:{said}", words=words(f"offer.{said}"), touch=s.UseClass(klass=klass), on=session.klass == klass
    )


def classes(session: Session, around: Surroundings, words: Words) -> ClassesPage:
    rows = tuple(
        Row(
            tag=f"class:{klass.code}", name=words.of(klass.name), second=words.beside(klass.name),
            note=klass.evidence, touch=s.UseClass(klass=klass.code),
        )
        for klass in around.configuration.declarable
    )  # fmt: skip
    return ClassesPage(
        title=words("classes.title"), hint=words("classes.hint"), rows=rows,
        none=Button(tag="class:ordinary", words=words("classes.none"), touch=s.UseClass(klass=ORDINARY)),
    )  # fmt: skip


# --- the hall's own page


def about(around: Surroundings, words: Words) -> AboutPage:
    configuration, told = around.configuration, around.configuration.about
    where = tuple(words.of(line) for line in (told.address,) if line is not None)
    phone = (words("about.phone", phone=told.phone),) if told.phone else ()
    instructions = tuple(words.of(line) for line in told.instructions)
    parts = [
        Part(heading=words("about.where"), lines=(*where, *phone, hours_of(words, configuration.hours))),
        Part(heading=words("about.instructions"), lines=instructions),
        Part(heading=words("about.agents"), lines=tuple(_agent(agent, words) for agent in told.agents)),
        *(Part(heading=words.of(n.title), lines=(words.of(n.text),)) for n in told.notices),
    ]
    return AboutPage(
        title=words.of(configuration.name), second=words.beside(configuration.name),
        parts=tuple(part for part in parts if part.lines),
    )  # fmt: skip


def _agent(agent: Agent, words: Words) -> str:
    return words(
        "about.agent", name=agent.name, duty=words.of(agent.duty), phone=agent.phone,
        whereabouts=words.of(agent.whereabouts),
    )  # fmt: skip
