"""Every screen of a kiosk as a resident might find it, for pictures and for looking at all of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kiosk import session as s
from kiosk.papers import Arrival, Booking, Card, CodeFlaw, HandedOut, HeldTicket
from kiosk.session import Doing, Failure, Session
from kiosk.surroundings import Closed, DeviceNow, Machine, QueueNow, Reader, ServiceReport, Surroundings, own_windows
from queue_server.domain.calendar import instant
from queue_server.domain.configuration import APPOINTMENT, Configuration, Service, Text
from queue_server.domain.events import Instant
from queue_server.domain.life import State

DAY = "2026-11-30"
CROWD = ((14, (6, 15)), (3, (0, 3)), (22, (11, 23)), (17, (9, 19)), (5, (1, 8)), (9, (6, 16)), (0, (0, 0)), (4, (0, 5)))
"""People waiting and minutes to wait, from queue to queue."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """A screen by name. `at` is the steady time (s) it is looked at, 0 being when it was last touched."""

    name: str
    session: Session
    around: Surroundings
    at: float = 0


def surroundings(hall: Configuration) -> Surroundings:
    """A morning with a crowd; everything works."""
    queues = {
        queue.code: QueueNow(waiting=waiting, wait=wait, windows=own_windows(hall, queue.code))
        for queue, (waiting, wait) in zip(hall.queues, CROWD * 4, strict=False)
    }
    return Surroundings(
        configuration=hall, now=instant(hall.timezone, DAY, "10:38"), queues=queues, reader=Reader.PLACE, scanner=True,
        halls=halls(hall), report=report(instant(hall.timezone, DAY, "8:12")),
    )  # fmt: skip


def halls(hall: Configuration) -> Mapping[str, Text]:
    return {"OTHER": Text(zh="华阳街道便民服务中心", en="Huayang Subdistrict Service Centre"), hall.hall: hall.name}


def report(since: Instant) -> ServiceReport:
    return ServiceReport(
        version="0.2.0",
        devices=(
            DeviceNow(name="printer", health="paper-low", well=False, since=since),
            DeviceNow(name="id_card", health="ready", well=True, since=since),
            DeviceNow(name="scanner", health="ready", well=True, since=since),
        ),
        unsent=3, tickets_today=128, disk_free=5120,
        log=tuple(f"10:{m:02d}:07 WARNING printer: paper is running low" for m in range(20, 32)),
    )  # fmt: skip


def card(*, age: int | None = None, expired: bool = False) -> Card:
    return Card(holder="0" * 64, name="王*明", age=age, expired=expired)


def held(service: Service, state: State, /, **more: object) -> HeldTicket:
    facts: dict[str, object] = {"windows": ("1", "2", "3"), **more}
    return HeldTicket(
        ticket="t1", label=f"{service.queue}018", queue=service.queue, service=service.code, state=state, **facts,  # type: ignore[arg-type]
    )  # fmt: skip


def booking(hall: Configuration, service: Service, slot: str, /, **more: object) -> Booking:
    facts: dict[str, object] = {"hall": hall.hall, "day": DAY, **more}
    return Booking(
        appointment="b1", slot=instant(hall.timezone, DAY, slot), service=service.code, **facts,  # type: ignore[arg-type]
    )  # fmt: skip


def handed_out(service: Service, /, **more: object) -> HandedOut:
    facts: dict[str, object] = {
        "label": f"{service.queue}018", "ahead": 17, "wait": (9, 19), "windows": ("23", "24", "25", "26"), **more,
    }  # fmt: skip
    return HandedOut(
        ticket="t1", queue=service.queue, service=service.code, at=0, **facts,  # type: ignore[arg-type]
    )  # fmt: skip


def examples(hall: Configuration, service: Service) -> Iterator[Example]:
    """Every kind of screen once, about `service` where a screen is about one. The first is the first screen."""
    usual = surroundings(hall)
    disclosed = service.disclosures
    ticked = frozenset(range(0, len(disclosed.materials), 2)) if disclosed else frozenset()
    reading = s.Reading(queue=service.queue, service=service.code, ticked=ticked)
    known = Session(card=card())
    old = Session(card=card(age=70))
    others = [other.code for other in hall.services if other.code != service.code]
    visit = Session(basket=tuple(others[:2]))
    cut_off = replace(usual, connected=False, queues={})

    def shown(name: str, screen: s.Screen, session: Session = known, around: Surroundings = usual) -> Example:
        return Example(name=name, session=replace(session, screen=screen), around=around)

    stranger = Session()
    bookings = (booking(hall, service, "11:00"),)
    tickets = (held(service, State.WAITING, ahead=6, wait=(9, 19)),)
    yield shown("first", s.ChoosingQueue(), stranger)
    yield shown("presenting", s.Presenting(), stranger)
    yield shown("greeting", s.Greeting(bookings=bookings, held=tickets))
    yield shown("greeting-old", s.Greeting(), old)
    yield shown("search", s.Searching(text="sf"), stranger)
    yield shown("about", s.AboutHall(), stranger)
    yield shown("services", s.ChoosingService(queue=service.queue), stranger)
    yield shown("reading", reading, stranger)
    yield shown("reading-offer", reading, old)
    yield shown("visit", s.ChoosingQueue(), visit)
    yield shown("classes", s.ChoosingClass(), stranger)
    yield shown("checking-in", s.CheckingIn(booking=bookings[0], arrival=Arrival.ON_TIME))
    yield shown("asking-after", s.AskingAfter(ticket=tickets[0]), stranger)
    yield shown("no-show", s.AskingAfter(ticket=held(service, State.NO_SHOW, restorable=True)), stranger)
    yield shown("code-refused", s.CodeRefused(why=CodeFlaw.NOT_OURS), stranger)
    yield shown("busy", s.Busy(order=1), stranger)
    yield shown("ticket", s.Showing(ticket=handed_out(service)), stranger)
    yield shown("sheet", s.SheetGiven(service=service.code), stranger)
    yield shown("apology", s.Apologising(why=Failure.PRINT, order=1), stranger)
    yield shown("no-paper", s.ChoosingQueue(), stranger, replace(usual, closed=Closed.OUT_OF_PAPER))
    yield shown("cut-off", s.ChoosingQueue(), stranger, cut_off)
    yield shown("misread", s.ChoosingQueue(), stranger, replace(usual, reader=Reader.PLACE_AGAIN))
    yield replace(shown("still-there", reading, stranger), at=110)
    yield shown("pin", s.EnteringPin(digits="12"), stranger)
    yield shown("service", s.Servicing(act=s.ServiceAct.TEST_PRINT, worked=True), stranger)


def harder(hall: Configuration, service: Service) -> Iterator[Example]:
    """The same screens when they have more to say: every reason, every state, the longest figures."""
    busy = QueueNow(waiting=128, wait=(105, 160), windows=tuple(str(n) for n in range(1, 20, 2)))
    full = replace(surroundings(hall), queues={queue.code: replace(busy, full=True) for queue in hall.queues})
    crowded = replace(full, queues={queue.code: busy for queue in hall.queues})
    late = replace(crowded, closing=crowded.now, reader=Reader.KEEP_STILL)
    cut_off = replace(crowded, queues={}, connected=False, break_until=crowded.now, numbers_from=crowded.now)
    reading = s.Reading(queue=service.queue, service=service.code, listed=True)
    classes = [klass.code for klass in hall.declarable]
    errands = tuple(other.code for other in hall.services[:4])
    declared = Session(card=card(age=80, expired=True), klass=classes[0] if classes else "ordinary", basket=errands)

    def shown(name: str, screen: s.Screen, around: Surroundings = crowded, session: Session | None = None) -> Example:
        return Example(name=name, session=replace(session or Session(), screen=screen), around=around)

    first = s.ChoosingQueue()
    for name, around in (("crowded", crowded), ("full", full), ("late", late), ("cut off", cut_off)):
        yield shown(f"first {name}", first, around, declared)
        yield shown(f"reading {name}", reading, around, declared)
    for closed in Closed:
        yield shown(f"first {closed}", first, replace(cut_off, closed=closed))
        yield shown(f"reading {closed}", reading, replace(cut_off, closed=closed, machine=Machine.OUT_OF_PAPER))
    for told in Reader:
        yield shown(f"presenting {told}", s.Presenting(), replace(crowded, reader=told, scanner=told is Reader.PLACE))
        yield shown(f"first {told}", first, replace(crowded, reader=told))
        yield shown(f"greeting {told}", s.Greeting(), replace(crowded, reader=told), declared)
    for text in ("", "x", "z", "dj"):
        yield shown(f"search {text}", s.Searching(text=text))
    for arrival in Arrival:
        elsewhere = booking(hall, service, "13:30", hall="OTHER", ticket="D018")
        yield shown(f"checking in {arrival}", s.CheckingIn(booking=elsewhere, arrival=arrival))
    for state in State:
        for around in (crowded, cut_off):
            asked = held(service, state, ahead=128, wait=(105, 160), window="23", restorable=state is State.NO_SHOW)
            yield shown(f"asking after {state}", s.AskingAfter(ticket=asked), around)
    twice = held(service, State.WAITING)
    yield shown("duplicate", s.AskingAfter(ticket=twice, duplicate=True))
    yield shown("restored", s.AskingAfter(ticket=twice, restored=True))
    for why in CodeFlaw:
        yield shown(f"code {why}", s.CodeRefused(why=why))
    for doing in Doing:
        yield shown(f"busy {doing}", s.Busy(order=1, doing=doing))
    for failure in Failure:
        yield shown(f"apology {failure}", s.Apologising(why=failure, order=1))
    for on_paper in (True, False):
        ticket = handed_out(
            service, label=f"{service.queue}9001", ahead=128, wait=(105, 160), windows=busy.windows,
            on_paper=on_paper, klass=classes[0] if classes else APPOINTMENT, then=errands[:3],
        )  # fmt: skip
        yield shown(f"ticket on paper {on_paper}", s.Showing(ticket=ticket))
    yield shown("pin wrong", s.EnteringPin(wrong=True))
    yield shown("service running", s.Servicing(act=s.ServiceAct.REPRINT, running=3))
    yield shown("service failed", s.Servicing(act=s.ServiceAct.REPRINT, worked=False), late)
    yield replace(shown("still there", reading, crowded, declared), at=110)
