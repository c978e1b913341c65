"""One resident at the kiosk, from the first screen to a ticket: a pure state machine.

`step` takes what a resident (or time, or a device) did and gives the next session and what must be done about it.
No clock, no screen, no disk: time is an argument (seconds of any steady clock).
Nothing a resident can do raises, and every screen has a way back to the first one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias, assert_never

from kiosk import session as s
from kiosk.admission import arrival, blocked, is_advice, may_add, offered, with_service
from kiosk.papers import Booking
from kiosk.patience import PATIENCE, Patience, seconds_left
from kiosk.session import (
    AboutHall,
    Apologising,
    AskingAfter,
    Busy,
    CheckingIn,
    ChoosingClass,
    ChoosingQueue,
    ChoosingService,
    CodeRefused,
    Doing,
    Effect,
    EnteringPin,
    Failure,
    Greeting,
    Input,
    Presenting,
    PrintSheet,
    Reading,
    Screen,
    Searching,
    Servicing,
    Session,
    SheetGiven,
    Showing,
    TakeTicket,
)
from kiosk.surroundings import Surroundings
from queue_server.domain.configuration import APPOINTMENT, ORDINARY, Configuration

LONGEST_PIN = 12
LONGEST_SEARCH = 20

_CHOOSING = (ChoosingQueue, Presenting, Greeting, Searching, AboutHall, ChoosingService, CodeRefused)
_OPEN_TO_PAPERS = (*_CHOOSING, Reading, ChoosingClass, CheckingIn, AskingAfter, Showing, SheetGiven, Apologising)

MEANS: Mapping[type[s.Touch], tuple[type[Screen], ...]] = {
    s.ChooseQueue: (ChoosingQueue,),
    s.ChooseService: (ChoosingService, Searching, Greeting),
    s.Present: _CHOOSING,
    s.Search: _CHOOSING,
    s.Type: (Searching,),
    s.ShowHall: _CHOOSING,
    s.Browse: _CHOOSING,
    s.TickMaterial: (Reading,),
    s.PrintList: (Reading,),
    s.AddErrand: (Reading,),
    s.DropErrands: (ChoosingQueue, Reading),
    s.AskClass: (Reading,),
    s.UseClass: (ChoosingClass, Reading, Greeting),
    s.ChooseBooking: (Greeting,),
    s.ChooseHeld: (Greeting,),
    s.Confirm: (ChoosingQueue, Reading, CheckingIn, AskingAfter),
    s.TakeOrdinary: (CheckingIn, AskingAfter),
    s.AskService: (ChoosingQueue,),
    s.EnterPin: (EnteringPin,),
    s.Serve: (Servicing,),
}
"""On which screens a touch means something; anywhere else it only says that somebody is there."""

Step: TypeAlias = tuple[Session, tuple[Effect, ...]]


def step(session: Session, happened: Input, around: Surroundings, at: float, patience: Patience = PATIENCE) -> Step:
    """The session after `happened` at time `at` (s), and what is to be done."""
    match happened:
        case s.Tick():
            return _time_passes(session, around, at, patience), ()
        case (
            s.Printed() | s.NotPrinted() | s.AlreadyHeld() | s.SheetPrinted() | s.Restored() | s.PinChecked()
            | s.Served()
        ):  # fmt: skip
            return _answered(session, happened, around.configuration, at), ()
        case s.CardRead() | s.TicketScanned() | s.BookingScanned() | s.CodeScanned():
            return _presented(session, happened, around, at)
        case s.Stay():
            return replace(session, touched_at=at), ()
        case s.Speak():
            return replace(session, language=happened.language, touched_at=at), ()
        case s.Draw():
            return replace(session, comfort=happened.comfort, touched_at=at), ()
        case s.Home():
            return _home(session, at), ()
        case s.Leave():
            return (replace(session, touched_at=at) if isinstance(session.screen, Busy) else _gone(session, at)), ()
        case s.Back():
            return _back(session, around.configuration, at), ()
        case _:
            hasty = at - session.entered_at < patience.settle
            session = replace(session, touched_at=at)
            if hasty or not isinstance(session.screen, MEANS[type(happened)]):
                return session, ()
            return _touched(session, happened, around, at)


# --- what others ask about a session


def open_to_papers(session: Session) -> bool:
    """Whether a card or a code means something now."""
    return isinstance(session.screen, _OPEN_TO_PAPERS)


# --- moving


def _go(session: Session, screen: Screen, at: float) -> Session:
    """On to `screen`; `Back` will lead here again."""
    here = session.screen
    trail = session.trail if isinstance(here, ChoosingQueue) else (*session.trail, here)
    return replace(session, screen=screen, trail=trail, entered_at=at, touched_at=at)


def _instead(session: Session, screen: Screen, at: float) -> Session:
    """To `screen`, in the place of this one."""
    return replace(session, screen=screen, entered_at=at, touched_at=at)


def _first(session: Session, at: float) -> Session:
    """The first screen, still the same resident."""
    return replace(session, screen=ChoosingQueue(), trail=(), entered_at=at, touched_at=at)


def _gone(session: Session, at: float) -> Session:
    return session.next_resident(entered_at=at, touched_at=at)


def _home(session: Session, at: float) -> Session:
    match session.screen:
        case Busy():
            return replace(session, touched_at=at)
        case Showing() | SheetGiven() | AskingAfter() | Servicing() | EnteringPin():
            return _gone(session, at)
        case _:
            return _first(session, at)


def _back(session: Session, configuration: Configuration, at: float) -> Session:
    if isinstance(session.screen, ChoosingQueue | Busy):
        return replace(session, touched_at=at)
    if isinstance(session.screen, Showing | SheetGiven | Servicing):
        return _gone(session, at)
    *trail, last = session.trail or (ChoosingQueue(),)
    while not _exists(last, configuration) or isinstance(last, Busy | CodeRefused):
        *trail, last = trail or (ChoosingQueue(),)
    return replace(session, screen=last, trail=tuple(trail), entered_at=at, touched_at=at)


def _after_queue(configuration: Configuration, queue: str) -> Screen:
    """A queue without services of its own needs no choosing."""
    if any(service.queue == queue for service in configuration.services):
        return ChoosingService(queue=queue)
    return Reading(queue=queue, service=None)


def _exists(screen: Screen, configuration: Configuration) -> bool:
    """Whether what the screen is about is still part of the hall."""
    match screen:
        case ChoosingService():
            return screen.queue in configuration.queue
        case Reading() if screen.service is not None:
            service = configuration.service.get(screen.service)
            return service is not None and service.queue == screen.queue and screen.queue in configuration.queue
        case Reading():
            return screen.queue in configuration.queue
        case SheetGiven():
            return screen.service in configuration.service
        case _:
            return True


# --- touches


def _touched(session: Session, touch: s.Touch, around: Surroundings, at: float) -> Step:
    """A touch that means something on this screen."""
    configuration, screen = around.configuration, session.screen
    match touch:
        case s.ChooseQueue() if touch.queue in configuration.queue:
            return _go(session, _after_queue(configuration, touch.queue), at), ()
        case s.ChooseService():
            return _read(session, touch.service, configuration, at), ()
        case s.Present():
            return (session if isinstance(screen, Presenting) else _go(session, Presenting(), at)), ()
        case s.Search():
            return (session if isinstance(screen, Searching) else _go(session, Searching(), at)), ()
        case s.ShowHall():
            return (session if isinstance(screen, AboutHall) else _go(session, AboutHall(), at)), ()
        case s.Browse():
            return _first(session, at), ()
        case s.Type():
            return replace(session, screen=Searching(text=touch.text[:LONGEST_SEARCH])), ()
        case s.TickMaterial() if isinstance(screen, Reading):
            return replace(session, screen=replace(screen, ticked=screen.ticked ^ {touch.material})), ()
        case s.PrintList() if isinstance(screen, Reading):
            return _sheet(session, screen, configuration, at)
        case s.AddErrand() if isinstance(screen, Reading) and may_add(session, configuration):
            assert screen.service is not None
            return replace(_first(session, at), basket=with_service(session.basket, screen.service)), ()
        case s.DropErrands():
            return replace(session, basket=()), ()
        case s.AskClass() if configuration.declarable:
            return _go(session, ChoosingClass(), at), ()
        case s.UseClass():
            return _use_class(session, touch.klass, configuration, at), ()
        case s.ChooseBooking() if isinstance(screen, Greeting):
            chosen = next((b for b in screen.bookings if b.appointment == touch.appointment), None)
            return (session if chosen is None else _check_in(session, chosen, around, at)), ()
        case s.ChooseHeld() if isinstance(screen, Greeting):
            held = next((t for t in screen.held if t.ticket == touch.ticket), None)
            return (session if held is None else _go(session, AskingAfter(ticket=held), at)), ()
        case s.Confirm():
            return _confirm(session, around, at)
        case s.TakeOrdinary():
            return _ordinary_instead(session, configuration, at), ()
        case s.AskService():
            return _go(session, EnteringPin(), at), ()
        case s.EnterPin():
            return _pin(session, touch.digits)
        case s.Serve() if isinstance(screen, Servicing) and not screen.running:
            order = session.orders + 1
            waiting = replace(session, screen=Servicing(act=touch.act, running=order), orders=order)
            return waiting, (s.DoService(order=order, act=touch.act),)
        case _:
            return session, ()


def _read(session: Session, service: str | None, configuration: Configuration, at: float) -> Session:
    screen = session.screen
    if service is None:
        return (
            _go(session, Reading(queue=screen.queue, service=None), at)
            if isinstance(screen, ChoosingService)
            else session
        )
    chosen = configuration.service.get(service)
    if chosen is None or (isinstance(screen, ChoosingService) and chosen.queue != screen.queue):
        return session
    return _go(session, Reading(queue=chosen.queue, service=service), at)


def _use_class(session: Session, klass: str, configuration: Configuration, at: float) -> Session:
    if klass != ORDINARY and klass not in {known.code for known in configuration.declarable}:
        return session
    chosen = replace(session, klass=klass)
    return _back(chosen, configuration, at) if isinstance(session.screen, ChoosingClass) else chosen


def _pin(session: Session, digits: str) -> Step:
    """`digits` ends in # when it is to be checked."""
    typed, enter, _ = digits.partition("#")
    typed = "".join(d for d in typed if d in "0123456789")[:LONGEST_PIN]
    if not enter:
        return replace(session, screen=EnteringPin(digits=typed)), ()
    order = session.orders + 1
    asked = replace(session, screen=EnteringPin(order=order), orders=order)
    return asked, (s.CheckPin(order=order, digits=typed),)


def _confirm(session: Session, around: Surroundings, at: float) -> Step:
    configuration, screen = around.configuration, session.screen
    match screen:
        case Reading():
            return _confirm_reading(session, screen, around, at)
        case ChoosingQueue() if session.basket and around.closed is None:
            basket = tuple(code for code in session.basket if code in configuration.service)
            if not basket:
                return replace(session, basket=()), ()
            return _order(session, configuration.service[basket[0]].queue, basket[0], basket[1:], at)
        case CheckingIn(booking=booking) if around.closed is None and screen.arrival.accepted:
            service = configuration.service.get(booking.service)
            if service is None:
                return _first(session, at), ()
            return _order(session, service.queue, service.code, (), at, booking=booking)
        case AskingAfter() if screen.ticket.restorable:
            order = session.orders + 1
            waiting = replace(_go(session, Busy(order=order, doing=Doing.RESTORE), at), orders=order)
            return waiting, (s.RestoreTicket(order=order, ticket=screen.ticket.ticket),)
        case _:
            return session, ()


def _confirm_reading(session: Session, screen: Reading, around: Surroundings, at: float) -> Step:
    configuration = around.configuration
    if not _exists(screen, configuration):  # withdrawn while it was read
        return _first(session, at), ()
    service = configuration.service.get(screen.service) if screen.service else None
    if service is not None and is_advice(service):
        return _sheet(session, screen, configuration, at)
    if blocked(around, screen.queue, screen.service) is not None:
        return session, ()
    basket = tuple(code for code in session.basket if code in configuration.service and code != screen.service)
    if service is None:  # a queue without a service has no code that could wait its turn: it goes first
        return _order(session, screen.queue, None, basket, at)
    first, *rest = (*basket, service.code)
    return _order(session, configuration.service[first].queue, first, tuple(rest), at)


def _order(
    session: Session, queue: str, service: str | None, then: tuple[str, ...], at: float, *,
    booking: Booking | None = None,
) -> Step:  # fmt: skip
    order = session.orders + 1
    klass = APPOINTMENT if booking is not None else session.klass
    take = TakeTicket(
        order=order, queue=queue, service=service, then=then, language=session.language, klass=klass,
        card=session.card, booking=booking,
    )  # fmt: skip
    return replace(_go(session, Busy(order=order), at), orders=order), (take,)


def _sheet(session: Session, screen: Reading, configuration: Configuration, at: float) -> Step:
    service = configuration.service.get(screen.service) if screen.service else None
    if service is None:
        return session, ()
    order = session.orders + 1
    paper = PrintSheet(
        order=order, service=service.code, language=session.language, ticked=screen.ticked, advice=is_advice(service)
    )
    return replace(_go(session, Busy(order=order, doing=Doing.SHEET), at), orders=order), (paper,)


def _check_in(session: Session, booking: Booking, around: Surroundings, at: float) -> Session:
    screen = CheckingIn(booking=booking, arrival=arrival(booking, around.configuration, around.now))
    return _go(session, screen, at)


def _ordinary_instead(session: Session, configuration: Configuration, at: float) -> Session:
    """The service of an appointment that does not hold, or of a ticket that is over, like anybody else's."""
    screen = session.screen
    if isinstance(screen, CheckingIn):
        service = configuration.service.get(screen.booking.service)
    else:
        assert isinstance(screen, AskingAfter)
        service = configuration.service.get(screen.ticket.service or "")
    if service is None:
        return _first(session, at)
    return _instead(session, Reading(queue=service.queue, service=service.code), at)


# --- cards and codes


def _presented(session: Session, shown: s.Shown, around: Surroundings, at: float) -> Step:
    """A card or a code is as good as a touch, and may be the next resident's."""
    if not isinstance(session.screen, _OPEN_TO_PAPERS):
        return session, ()
    if isinstance(session.screen, Showing | SheetGiven):
        session = _gone(session, at)
    match shown:
        case s.CardRead():
            return _card_read(session, shown, around, at)
        case s.TicketScanned():
            return _go(session, AskingAfter(ticket=shown.ticket), at), ()
        case s.BookingScanned():
            return _check_in(session, shown.booking, around, at), ()
        case s.CodeScanned():
            return _go(session, CodeRefused(why=shown.why), at), ()
        case _:
            assert_never(shown)


def _card_read(session: Session, read: s.CardRead, around: Surroundings, at: float) -> Step:
    if session.card is not None and session.card.holder != read.card.holder:
        session = _gone(session, at)  # somebody else stands here now
    large = session.comfort.large or read.card.age is not None
    session = replace(session, card=read.card, comfort=replace(session.comfort, large=large), touched_at=at)
    screen = session.screen
    if isinstance(screen, Reading):
        choice = offered(around.configuration, read.card)
        if choice is None or session.klass != ORDINARY:
            return _confirm_reading(session, screen, around, at)
        return session, ()  # to go first or not is theirs to say
    if isinstance(screen, ChoosingClass | CheckingIn):
        return session, ()
    if read.bookings or read.held or around.configuration.frequent:
        return replace(_first(session, at), screen=Greeting(bookings=read.bookings, held=read.held)), ()
    return _first(session, at), ()


# --- answers and time


def _answered(session: Session, answer: s.Answer, configuration: Configuration, at: float) -> Session:
    """The answer to this session's own order. A late paper turns an apology back into a ticket."""
    match answer, session.screen:
        case s.PinChecked(), EnteringPin(order=order) if order == answer.order:
            screen: Screen = Servicing() if answer.right else EnteringPin(wrong=True)
            return replace(_instead(session, screen, at), trail=())
        case s.Served(), Servicing(running=order) if order == answer.order:
            return _instead(session, Servicing(act=session.screen.act, worked=answer.worked), at)
        case _, Busy(order=order) | Apologising(order=order) if order == answer.order:
            return _ordered(session, answer, configuration, at)
        case _:
            return session


def _ordered(session: Session, answer: s.Answer, configuration: Configuration, at: float) -> Session:
    match answer:
        case s.Printed():
            return _instead(session, Showing(ticket=answer.ticket), at)
        case s.AlreadyHeld():
            return _instead(session, AskingAfter(ticket=answer.ticket, duplicate=True), at)
        case s.Restored():
            return _instead(session, AskingAfter(ticket=answer.ticket, restored=True), at)
        case s.NotPrinted():
            return _instead(session, Apologising(why=answer.why, order=answer.order), at)
        case s.SheetPrinted():
            return _sheet_printed(session, configuration, at)
        case _:
            return session


def _sheet_printed(session: Session, configuration: Configuration, at: float) -> Session:
    before = session.trail[-1] if session.trail else None
    if not isinstance(before, Reading) or before.service is None:
        return _first(session, at)
    if is_advice(configuration.service.get(before.service)):
        return _instead(session, SheetGiven(service=before.service), at)
    reading = replace(before, listed=True)
    return replace(session, screen=reading, trail=session.trail[:-1], entered_at=at, touched_at=at)


_TOO_SLOW = {Doing.TICKET: Failure.SLOW, Doing.SHEET: Failure.SHEET, Doing.RESTORE: Failure.RESTORE_CUT_OFF}


def _time_passes(session: Session, around: Surroundings, at: float, patience: Patience) -> Session:
    left = seconds_left(session, at, patience)
    if left is None:
        is_fresh = session == session.next_resident(entered_at=session.entered_at, touched_at=session.touched_at)
        if not is_fresh and at - session.touched_at >= patience.first:  # nobody there: the next one starts anew
            return _gone(session, at)
        return session
    if left == 0:
        if isinstance(session.screen, Busy):
            why = _TOO_SLOW[session.screen.doing]
            return _instead(session, Apologising(why=why, order=session.screen.order), at)
        return _gone(session, at)
    if not _exists(session.screen, around.configuration):
        return _first(session, at)
    return session
