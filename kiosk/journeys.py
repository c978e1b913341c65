"""Every journey of a resident as a path through `kiosk.flow`, and the page of the docs drawn from them.

`python -m kiosk.journeys > docs/journeys.md`: what is drawn is what `step` did.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import click

from kiosk import session as s
from kiosk.admission import is_advice
from kiosk.flow import step
from kiosk.papers import Booking, Card, CodeFlaw, HandedOut, HeldTicket
from kiosk.session import Effect, Failure, Input, Session
from kiosk.surroundings import Closed, QueueNow, Reader, Surroundings
from queue_server.domain.calendar import instant
from queue_server.domain.configuration import Configuration, Service
from queue_server.domain.life import State
from queue_server.domain.promise import MINUTE

DAY = "2026-11-23"
APART = 1.0
"""Seconds between two things a resident does."""


@dataclass(frozen=True, kw_only=True)
class Journey:
    """What happens, in order, and what is around while it does."""

    name: str
    around: Surroundings
    inputs: tuple[Input, ...]


@dataclass(frozen=True, kw_only=True)
class Leg:
    """One thing that happened, the session after it, and what it set going."""

    happened: Input
    session: Session
    effects: tuple[Effect, ...]


def walk(journey: Journey) -> Iterator[Leg]:
    """The journey through `flow.step`, from the first screen on."""
    session = Session()
    for number, happened in enumerate(journey.inputs, 1):
        session, effects = step(session, happened, journey.around, number * APART)
        yield Leg(happened=happened, session=session, effects=effects)


def touches(journey: Journey) -> int:
    """How often the resident touches the screen until the paper."""
    others = (s.Tick, s.CardRead, s.TicketScanned, s.BookingScanned, s.CodeScanned, s.Printed, s.NotPrinted,
              s.AlreadyHeld, s.SheetPrinted, s.Restored, s.PinChecked, s.Served)  # fmt: skip
    return sum(1 for happened in journey.inputs if not isinstance(happened, others))


class _Stage:
    """A hall at half past ten, and the papers its residents bring."""

    def __init__(self, hall: Configuration) -> None:
        self.hall = hall
        self.now = instant(hall.timezone, DAY, "10:30")
        self.around = Surroundings(configuration=hall, now=self.now, reader=Reader.PLACE, scanner=True)
        plain = [x for x in hall.services if not is_advice(x) and x.closed is None]
        self.service = plain[0]
        self.other = next(x for x in plain if x.queue != self.service.queue)
        self.frequent = next(x for x in plain if x.code in hall.frequent)
        self.advice = next(x for x in hall.services if is_advice(x))
        self.closed = next(x for x in hall.services if x.closed is not None)
        self.young = Card(holder="h1", name="")
        self.old = Card(holder="h2", name="", age=70)
        self.browse = (s.ChooseQueue(queue=self.service.queue), s.ChooseService(service=self.service.code))

    def booking(self, minutes: float, *, hall: str | None = None, day: str = DAY, used: str | None = None) -> Booking:
        return Booking(
            appointment="a1", hall=hall or self.hall.hall, day=day, slot=self.now + round(minutes * MINUTE),
            service=self.service.code, ticket=used,
        )  # fmt: skip

    def held(self, state: State, *, restorable: bool = False) -> HeldTicket:
        return HeldTicket(
            ticket="t1", label="A007", queue=self.service.queue, service=self.service.code, state=state,
            restorable=restorable,
        )  # fmt: skip

    def paper(self, order: int = 1, service: Service | None = None) -> s.Printed:
        chosen = service or self.service
        ticket = HandedOut(
            ticket="t2", label="A008", queue=chosen.queue, service=chosen.code, at=self.now, ahead=3, wait=(5, 9),
            windows=("1",),
        )  # fmt: skip
        return s.Printed(order=order, ticket=ticket)

    def journey(self, name: str, *inputs: Input, around: Surroundings | None = None) -> Journey:
        return Journey(name=name, around=around or self.around, inputs=inputs)


def journeys(hall: Configuration) -> tuple[Journey, ...]:
    """All of them, at a hall that has an advice service, a closed one and frequent ones."""
    at = _Stage(hall)
    return (*_taking(at), *_with_papers(at), *_helped(at), *_refused(at))


def _taking(at: _Stage) -> Iterator[Journey]:
    yield at.journey("By browsing, without a card", *at.browse, s.Confirm(), at.paper(), s.Home())
    yield at.journey(
        "By searching", s.Search(), s.Type(text="s"), s.Type(text="sb"), s.ChooseService(service=at.service.code),
        s.Confirm(), at.paper(),
    )  # fmt: skip
    yield at.journey(
        "With an ID card, one of the frequent services", s.CardRead(card=at.young),
        s.ChooseService(service=at.frequent.code), s.Confirm(), at.paper(service=at.frequent),
    )  # fmt: skip
    yield at.journey("With an ID card instead of the last touch", *at.browse, s.CardRead(card=at.young), at.paper())
    yield at.journey(
        "An ID card is asked for, and there is none", s.Present(), s.Browse(), *at.browse, s.Confirm(), at.paper()
    )
    yield at.journey(
        "Several services in one visit", *at.browse, s.AddErrand(), s.ChooseQueue(queue=at.other.queue),
        s.ChooseService(service=at.other.code), s.Confirm(), at.paper(),
    )  # fmt: skip
    yield at.journey(
        "The list of what to bring, on paper", *at.browse, s.TickMaterial(material=0), s.PrintList(),
        s.SheetPrinted(order=1), s.Home(),
    )  # fmt: skip


def _with_papers(at: _Stage) -> Iterator[Journey]:
    on_time, early, late = at.booking(10), at.booking(90), at.booking(-20)
    yield at.journey("An appointment by its code, on time", s.BookingScanned(booking=on_time), s.Confirm(), at.paper())
    yield at.journey(
        "An appointment by ID card", s.CardRead(card=at.young, bookings=(on_time,)),
        s.ChooseBooking(appointment="a1"), s.Confirm(), at.paper(),
    )  # fmt: skip
    yield at.journey("An appointment, early", s.BookingScanned(booking=early), s.Confirm(), at.paper())
    yield at.journey("An appointment, late", s.BookingScanned(booking=late), s.Confirm(), at.paper())
    wrong = (
        ("An appointment, too late", at.booking(-90)),
        ("An appointment of another day", at.booking(60, day="2026-11-24")),
        ("An appointment at another hall", at.booking(10, hall="JR-OTHER")),
    )
    for name, booking in wrong:
        yield at.journey(name, s.BookingScanned(booking=booking), s.TakeOrdinary(), s.Confirm(), at.paper())
    yield at.journey("An appointment used already", s.BookingScanned(booking=at.booking(0, used="A003")), s.Home())
    yield at.journey("Asking after a ticket", s.TicketScanned(ticket=at.held(State.WAITING)), s.Home())
    missed, again = at.held(State.NO_SHOW, restorable=True), at.held(State.WAITING)
    yield at.journey(
        "Back in line after a call that was missed", s.TicketScanned(ticket=missed), s.Confirm(),
        s.Restored(order=1, ticket=again), s.Home(),
    )  # fmt: skip
    yield at.journey(
        "Missed a second time: a new ticket", s.TicketScanned(ticket=at.held(State.NO_SHOW)), s.TakeOrdinary(),
        s.Confirm(), at.paper(),
    )  # fmt: skip
    yield at.journey(
        "The same card, the same queue again", s.CardRead(card=at.young), s.ChooseService(service=at.frequent.code),
        s.Confirm(), s.AlreadyHeld(order=1, ticket=again), s.Home(),
    )  # fmt: skip
    yield at.journey("Somebody else's code", s.CodeScanned(why=CodeFlaw.NOT_OURS), s.Browse())


def _helped(at: _Stage) -> Iterator[Journey]:
    declared = next(klass for klass in at.hall.declarable if klass.from_age is None)
    aged = next(klass for klass in at.hall.declarable if klass.from_age is not None)
    yield at.journey(
        "Going first by declaration", *at.browse, s.AskClass(), s.UseClass(klass=declared.code), s.Confirm(), at.paper()
    )
    yield at.journey(
        "Going first by age: offered, and taken", s.CardRead(card=at.old), s.UseClass(klass=aged.code),
        s.ChooseService(service=at.frequent.code), s.Confirm(), at.paper(service=at.frequent),
    )  # fmt: skip
    yield at.journey(
        "Going first by age: offered, and not wanted", *at.browse, s.CardRead(card=at.old), s.Confirm(), at.paper()
    )
    yield at.journey(
        "Advice and a guide on paper instead of a ticket", s.ChooseQueue(queue=at.advice.queue),
        s.ChooseService(service=at.advice.code), s.Confirm(), s.SheetPrinted(order=1), s.Home(),
    )  # fmt: skip
    yield at.journey("Who we are, where, when", s.ShowHall(), s.Home())


def _refused(at: _Stage) -> Iterator[Journey]:
    def around(**changes: object) -> Surroundings:
        return replace(at.around, **changes)  # type: ignore[arg-type]

    full = {at.service.queue: QueueNow(full=True)}
    yield at.journey(
        "A service that is closed", s.ChooseQueue(queue=at.closed.queue), s.ChooseService(service=at.closed.code),
        s.Confirm(), s.Back(),
    )  # fmt: skip
    yield at.journey("A queue that is full", *at.browse, s.Confirm(), s.Home(), around=around(queues=full))
    yield at.journey("The hall is closed", *at.browse, s.Confirm(), s.Home(), around=around(closed=Closed.AFTER))
    noon = around(break_until=at.now + 60 * MINUTE)
    yield at.journey("In the midday break", *at.browse, s.Confirm(), at.paper(), around=noon)
    last = around(closing=at.now + 10 * MINUTE)
    yield at.journey("In the last minutes of the day", *at.browse, s.Confirm(), at.paper(), around=last)
    yield at.journey("No paper: said before anybody chooses", s.Tick(), around=around(closed=Closed.OUT_OF_PAPER))
    yield at.journey(
        "The paper did not come out", *at.browse, s.Confirm(), s.NotPrinted(order=1, why=Failure.PRINT), s.Home()
    )


# --- the page


def page(hall: Configuration) -> str:
    """All journeys as Markdown with Mermaid diagrams."""
    parts = [
        "# A resident's journeys at the kiosk\n\n"
        "Drawn by `python -m kiosk.journeys` from the paths that `kiosk/flow.py` takes (a test compares them).\n"
        "Boxes are screens, arrows what happened, double boxes what the kiosk then does.\n"
    ]
    for journey in journeys(hall):
        parts.append(f"\n## {journey.name}\n\n```mermaid\n{diagram(journey)}\n```\n")
    return "".join(parts)


def diagram(journey: Journey) -> str:
    lines = ["flowchart LR", f"    n0[{_words(Session().screen)}]"]
    here = 0
    for number, leg in enumerate(walk(journey), 1):
        lines.append(f"    n{here} -->|{_words(leg.happened)}| n{number}[{_words(leg.session.screen)}]")
        lines += [f"    n{number} -.-> e{number}[[{_words(effect)}]]" for effect in leg.effects]
        here = number
    return "\n".join(lines)


def _words(value: object) -> str:
    """`ChoosingQueue` as `choosing queue`."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(value).__name__).lower()


@click.command()
@click.option("--config", default="config/jurong.yaml", show_default=True)
@click.option("--hall", default="JR-TOWN-HY", show_default=True)
def main(config: str, hall: str) -> None:
    """Draw every journey."""
    from pathlib import Path  # noqa: PLC0415

    from queue_server.config import load  # noqa: PLC0415

    click.echo(page(load(Path(config)).configuration(hall)), nl=False)


if __name__ == "__main__":
    main()
