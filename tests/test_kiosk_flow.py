"""The resident's way through the kiosk, as a pure state machine: no screen, no clock, no printer."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hall_stories import HALL, MONDAY
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk import session as s
from kiosk.admission import MOST_ERRANDS, arrival
from kiosk.flow import MEANS, step
from kiosk.papers import Arrival, Booking, Card, CodeFlaw, HandedOut, HeldTicket
from kiosk.patience import PATIENCE, seconds_left
from kiosk.session import (
    Apologising,
    AskingAfter,
    Back,
    Busy,
    CardRead,
    CheckingIn,
    ChooseQueue,
    ChooseService,
    ChoosingClass,
    ChoosingQueue,
    ChoosingService,
    CodeRefused,
    Comfort,
    Confirm,
    Doing,
    EnteringPin,
    Failure,
    Greeting,
    Home,
    Leave,
    NotPrinted,
    Printed,
    PrintSheet,
    Reading,
    RestoreTicket,
    Searching,
    Servicing,
    Session,
    SheetGiven,
    Showing,
    Speak,
    Stay,
    TakeTicket,
    Tick,
)
from kiosk.surroundings import Closed, QueueNow, Surroundings
from queue_server.domain.calendar import instant
from queue_server.domain.configuration import APPOINTMENT, Configuration, ResidentClass, Text
from queue_server.domain.life import State

NOW = instant(HALL.timezone, MONDAY, "10:30")
MINUTE = 60_000
ELDER = ResidentClass(code="elder", name=Text(zh="老年人"), target_minutes=10, from_age=60)
TOWN = replace(
    HALL,
    services=(*HALL.services, replace(HALL.services[0], code="permit", assist="咨办")),
    classes=(*HALL.classes, ELDER),
)
OPEN = Surroundings(configuration=TOWN, now=NOW)
SHUT = replace(OPEN, closed=Closed.OUT_OF_PAPER)
YOUNG, OLD = Card(holder="h1", name="李*"), Card(holder="h2", name="张**", age=70)


def ticket(label: str = "A001") -> HandedOut:
    return HandedOut(ticket="t1", label=label, queue="A", service="licence", at=0, ahead=3, wait=(5, 9), windows=("1",))


def held(state: State = State.WAITING, *, restorable: bool = False) -> HeldTicket:
    return HeldTicket(ticket="t1", label="A007", queue="A", service="licence", state=state, restorable=restorable)


def booking(minutes: float = 10, **changes: Any) -> Booking:
    """An appointment so many minutes from now."""
    slot = NOW + round(minutes * MINUTE)
    return replace(Booking(appointment="a1", hall=HALL.hall, day=MONDAY, slot=slot, service="licence"), **changes)


class Visit:
    """A resident at the kiosk: one thing a second, unless `later`."""

    def __init__(self, around: Surroundings = OPEN) -> None:
        self.session, self.around, self.now = Session(), around, 0.0
        self.done: list[s.Effect] = []

    def later(self, seconds: float) -> Visit:
        self.now += seconds
        return self

    def does(self, *inputs: s.Input) -> Visit:
        for happened in inputs:
            self.now += 1
            self.session, effects = step(self.session, happened, self.around, self.now)
            self.done += effects
        return self

    @property
    def screen(self) -> s.Screen:
        return self.session.screen


def at_reading(around: Surroundings = OPEN) -> Visit:
    return Visit(around).does(ChooseQueue(queue="A"), ChooseService(service="licence"))


def at_issuing() -> Visit:
    return at_reading().does(Confirm())


# --- browsing


def test_three_touches_take_a_ticket() -> None:
    visit = at_issuing()
    assert visit.screen == Busy(order=1)
    assert visit.done == [TakeTicket(order=1, queue="A", service="licence", language="zh")]
    assert visit.does(Printed(order=1, ticket=ticket())).screen == Showing(ticket=ticket())
    assert visit.does(Home()).screen == ChoosingQueue()


def test_the_ticket_is_printed_in_the_language_spoken() -> None:
    visit = Visit().does(Speak(language="en"), ChooseQueue(queue="A"), ChooseService(service=None), Confirm())
    assert visit.done == [TakeTicket(order=1, queue="A", service=None, language="en")]


def test_a_queue_without_services_goes_straight_to_what_to_bring() -> None:
    bare = replace(HALL, services=tuple(x for x in HALL.services if x.queue != "A"))
    visit = Visit(Surroundings(configuration=bare)).does(ChooseQueue(queue="A"))
    assert visit.screen == Reading(queue="A", service=None)
    assert visit.does(Back()).screen == ChoosingQueue()


def test_back_goes_one_step_and_home_goes_all_the_way() -> None:
    visit = at_reading().does(Back())
    assert visit.screen == ChoosingService(queue="A")
    assert visit.does(Back()).screen == ChoosingQueue()
    assert at_reading().does(Home()).screen == ChoosingQueue()


def test_back_from_a_service_that_was_searched_for_leads_to_the_search_as_it_was() -> None:
    visit = Visit().does(s.Search(), s.Type(text="l"), s.Type(text="li"), ChooseService(service="licence"))
    assert visit.screen == Reading(queue="A", service="licence")
    assert visit.does(Back()).screen == Searching(text="li")
    assert visit.does(Back()).screen == ChoosingQueue()


def test_back_passes_over_what_is_no_longer_there() -> None:
    visit = at_reading()
    visit.around = replace(OPEN, configuration=replace(TOWN, queues=HALL.queues[1:], services=()))
    assert visit.does(Back()).screen == ChoosingQueue()


def test_a_double_tap_does_not_choose_twice() -> None:
    session, _ = step(Session(), ChooseQueue(queue="A"), OPEN, 10.0)
    again, effects = step(session, ChooseService(service="licence"), OPEN, 10.2)
    assert (again.screen, effects) == (ChoosingService(queue="A"), ())
    later, _ = step(again, ChooseService(service="licence"), OPEN, 10.2 + PATIENCE.settle)
    assert later.screen == Reading(queue="A", service="licence")


def test_fast_typing_is_not_taken_for_a_double_tap() -> None:
    session, _ = step(Session(), s.Search(), OPEN, 10.0)
    for at, text in ((11.0, "s"), (11.1, "sf"), (11.2, "sfz")):
        session, _ = step(session, s.Type(text=text), OPEN, at)
    assert session.screen == Searching(text="sfz")


def test_pressing_confirm_again_takes_no_second_ticket() -> None:
    assert len(at_issuing().does(Confirm(), Confirm()).done) == 1


def test_nothing_can_be_left_while_the_ticket_is_being_printed() -> None:
    assert at_issuing().does(Home(), Back(), Leave()).screen == Busy(order=1)


def test_a_failed_print_is_said_and_leads_on() -> None:
    visit = at_issuing().does(NotPrinted(order=1, why=Failure.PRINT))
    assert visit.screen == Apologising(why=Failure.PRINT, order=1)
    assert visit.does(Home()).screen == ChoosingQueue()


def test_a_printer_that_never_answers_ends_in_an_apology() -> None:
    assert at_issuing().later(PATIENCE.busy).does(Tick()).screen == Apologising(why=Failure.SLOW, order=1)


def test_a_late_paper_turns_the_apology_into_its_ticket() -> None:
    visit = at_issuing().later(PATIENCE.busy).does(Tick(), Printed(order=1, ticket=ticket()))
    assert visit.screen == Showing(ticket=ticket())


def test_one_residents_late_ticket_is_not_shown_to_the_next() -> None:
    visit = at_issuing().later(PATIENCE.busy).does(Tick(), Home())
    visit.does(ChooseQueue(queue="B"), ChooseService(service="tax"), Confirm(), Printed(order=1, ticket=ticket("A001")))
    assert visit.screen == Busy(order=2)
    assert visit.does(Printed(order=2, ticket=ticket("B001"))).screen == Showing(ticket=ticket("B001"))


def test_no_ticket_is_asked_for_while_none_can_be_taken() -> None:
    visit = at_reading(SHUT)
    assert visit.screen == Reading(queue="A", service="licence"), "what to bring can still be read"
    assert visit.does(Confirm()).done == []


def test_no_ticket_is_asked_for_in_a_full_queue_or_for_a_closed_service() -> None:
    full = replace(OPEN, queues={"A": QueueNow(full=True)})
    assert at_reading(full).does(Confirm()).done == []
    assert Visit(full).does(ChooseQueue(queue="B"), ChooseService(service="tax"), Confirm()).done != []
    closed = replace(HALL, services=(replace(HALL.services[0], closed=Text(zh="停电")), *HALL.services[1:]))
    assert at_reading(Surroundings(configuration=closed)).does(Confirm()).done == []


# --- what to bring


def test_materials_are_ticked_and_unticked() -> None:
    visit = at_reading().does(s.TickMaterial(material=0), s.TickMaterial(material=2), s.TickMaterial(material=0))
    assert visit.screen == Reading(queue="A", service="licence", ticked=frozenset({2}))


def test_the_list_is_printed_as_ticked_and_the_way_goes_on_from_there() -> None:
    visit = at_reading().does(s.TickMaterial(material=1), s.PrintList())
    assert visit.screen == Busy(order=1, doing=Doing.SHEET)
    assert visit.done == [PrintSheet(order=1, service="licence", language="zh", ticked=frozenset({1}))]
    visit.does(s.SheetPrinted(order=1))
    assert visit.screen == Reading(queue="A", service="licence", ticked=frozenset({1}), listed=True)
    assert visit.does(Back()).screen == ChoosingService(queue="A")


def test_a_list_that_was_not_printed_is_no_ticket_that_was_not_printed() -> None:
    visit = at_reading().does(s.PrintList()).later(PATIENCE.busy).does(Tick())
    assert visit.screen == Apologising(why=Failure.SHEET, order=1)


def test_a_service_others_decide_ends_in_a_guide_instead_of_a_ticket() -> None:
    visit = Visit().does(ChooseQueue(queue="A"), ChooseService(service="permit"), Confirm())
    assert visit.done == [PrintSheet(order=1, service="permit", language="zh", advice=True)]
    assert visit.does(s.SheetPrinted(order=1)).screen == SheetGiven(service="permit")


def test_a_guide_needs_no_open_hall_and_no_room_in_the_queue() -> None:
    around = replace(OPEN, closed=Closed.AFTER)
    visit = Visit(around).does(ChooseQueue(queue="A"), ChooseService(service="permit"), Confirm())
    assert [type(effect) for effect in visit.done] == [PrintSheet]


# --- several services


def test_several_services_are_one_ticket_in_the_order_chosen() -> None:
    visit = at_reading().does(s.AddErrand())
    assert (visit.screen, visit.session.basket) == (ChoosingQueue(), ("licence",))
    visit.does(ChooseQueue(queue="B"), ChooseService(service="tax"), Confirm())
    assert visit.done == [TakeTicket(order=1, queue="A", service="licence", then=("tax",), language="zh")]


def test_what_was_put_together_can_be_taken_from_the_first_screen_or_dropped() -> None:
    visit = at_reading().does(s.AddErrand(), Confirm())
    assert visit.done == [TakeTicket(order=1, queue="A", service="licence", language="zh")]
    dropped = at_reading().does(s.AddErrand(), s.DropErrands(), Confirm())
    assert (dropped.session.basket, dropped.done) == ((), [])


def test_the_same_service_twice_is_one_errand() -> None:
    visit = at_reading().does(
        s.AddErrand(), ChooseQueue(queue="A"), ChooseService(service="licence"), s.AddErrand(), Confirm()
    )
    assert visit.done == [TakeTicket(order=1, queue="A", service="licence", language="zh")]


def test_an_unsure_resident_goes_first_to_the_queue_without_a_service() -> None:
    visit = at_reading().does(s.AddErrand(), ChooseQueue(queue="B"), ChooseService(service=None), Confirm())
    assert visit.done == [TakeTicket(order=1, queue="B", service=None, then=("licence",), language="zh")]


def test_a_visit_has_an_end() -> None:
    many = tuple(replace(HALL.services[0], code=f"s{n}") for n in range(MOST_ERRANDS + 2))
    visit = Visit(Surroundings(configuration=replace(HALL, services=many)))
    for service in many:
        visit.does(Home(), ChooseQueue(queue="A"), ChooseService(service=service.code), s.AddErrand())
    assert len(visit.session.basket) == MOST_ERRANDS - 1, "and one more with the last confirm"


# --- cards


def test_a_card_greets_with_what_is_known_of_its_holder() -> None:
    read = CardRead(card=YOUNG, bookings=(booking(),), held=(held(),))
    visit = Visit().does(read)
    assert visit.screen == Greeting(bookings=(booking(),), held=(held(),))
    assert visit.does(s.ChooseHeld(ticket="t1")).screen == AskingAfter(ticket=held())


def test_a_card_of_which_nothing_is_known_leaves_the_first_screen_to_choose_from() -> None:
    visit = Visit().does(CardRead(card=YOUNG))
    assert (visit.screen, visit.session.card) == (ChoosingQueue(), YOUNG)
    visit.does(ChooseQueue(queue="A"), ChooseService(service="licence"), Confirm())
    assert visit.done == [TakeTicket(order=1, queue="A", service="licence", language="zh", card=YOUNG)]


def test_on_the_last_page_a_card_is_the_last_touch() -> None:
    visit = at_reading().does(CardRead(card=YOUNG))
    assert visit.done == [TakeTicket(order=1, queue="A", service="licence", language="zh", card=YOUNG)]


def test_age_offers_and_never_forces() -> None:
    visit = at_reading().does(CardRead(card=OLD))
    assert visit.screen == Reading(queue="A", service="licence"), "to go first or not is theirs to say"
    assert visit.session.comfort.large
    assert [effect.klass for effect in visit.does(Confirm()).done if isinstance(effect, TakeTicket)] == ["ordinary"]
    wanted = at_reading().does(CardRead(card=OLD), s.UseClass(klass="elder"), Confirm())
    assert [effect.klass for effect in wanted.done if isinstance(effect, TakeTicket)] == ["elder"]


def test_another_card_is_another_resident() -> None:
    visit = at_reading().does(CardRead(card=OLD), s.UseClass(klass="elder"), s.AddErrand(), CardRead(card=YOUNG))
    assert (visit.session.card, visit.session.klass, visit.session.basket) == (YOUNG, "ordinary", ())


def test_a_card_laid_down_while_a_ticket_is_shown_is_the_next_residents() -> None:
    visit = at_reading().does(Speak(language="en"), CardRead(card=YOUNG), Printed(order=1, ticket=ticket()))
    visit.does(CardRead(card=OLD, held=(held(),)))
    assert (visit.screen, visit.session.language) == (Greeting(held=(held(),)), "zh")


def test_a_second_ticket_for_the_same_card_is_the_first_one() -> None:
    visit = at_reading().does(CardRead(card=YOUNG), s.AlreadyHeld(order=1, ticket=held()))
    assert visit.screen == AskingAfter(ticket=held(), duplicate=True)


def test_nothing_of_a_resident_stays_when_they_leave() -> None:
    known = Visit().does(Speak(language="en"), s.Draw(comfort=Comfort(contrast=True)), CardRead(card=OLD))
    known.does(ChooseQueue(queue="A"), ChooseService(service="licence"), s.AddErrand(), s.UseClass(klass="elder"))
    for leaving in (
        known.does(Leave()),
        at_reading().does(CardRead(card=YOUNG), Printed(order=1, ticket=ticket()), Home()),
    ):
        left = leaving.session
        assert left == Session(orders=left.orders, entered_at=left.entered_at, touched_at=left.touched_at)


# --- classes


def test_a_class_is_declared_and_taken_back() -> None:
    visit = at_reading().does(s.AskClass())
    assert visit.screen == ChoosingClass()
    visit.does(s.UseClass(klass="elder"))
    assert (visit.screen, visit.session.klass) == (Reading(queue="A", service="licence"), "elder")
    assert visit.does(s.UseClass(klass="ordinary")).session.klass == "ordinary"


@pytest.mark.parametrize("klass", [APPOINTMENT, "nobody"])
def test_what_a_resident_may_not_declare_is_not_taken(klass: str) -> None:
    assert at_reading().does(s.AskClass(), s.UseClass(klass=klass)).session.klass == "ordinary"


# --- appointments


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        (booking(31), Arrival.EARLY), (booking(30), Arrival.ON_TIME), (booking(0), Arrival.ON_TIME),
        (booking(-1), Arrival.LATE), (booking(-30), Arrival.LATE), (booking(-31), Arrival.TOO_LATE),
        (booking(day="2026-03-03"), Arrival.OTHER_DAY), (booking(hall="H2"), Arrival.OTHER_HALL),
        (booking(ticket="A003"), Arrival.USED), (booking(service="gone"), Arrival.WITHDRAWN),
    ],
)  # fmt: skip
def test_an_appointment_stands_to_the_moment_as_the_rules_say(due: Booking, expected: Arrival) -> None:
    assert arrival(due, HALL, NOW) == expected
    assert Visit().does(s.BookingScanned(booking=due)).screen == CheckingIn(booking=due, arrival=expected)


@pytest.mark.parametrize("minutes", [90, 10, -20])
def test_who_is_early_on_time_or_a_little_late_checks_in(minutes: float) -> None:
    due = booking(minutes)
    visit = Visit().does(s.BookingScanned(booking=due), Confirm())
    assert visit.done == [
        TakeTicket(order=1, queue="A", service="licence", language="zh", klass=APPOINTMENT, booking=due)
    ]


@pytest.mark.parametrize("due", [booking(-90), booking(day="2026-03-03"), booking(hall="H2")])
def test_an_appointment_that_does_not_hold_becomes_an_ordinary_ticket(due: Booking) -> None:
    visit = Visit().does(s.BookingScanned(booking=due), Confirm())
    assert visit.done == []
    visit.does(s.TakeOrdinary())
    assert visit.screen == Reading(queue="A", service="licence")
    assert visit.does(Confirm()).done == [TakeTicket(order=1, queue="A", service="licence", language="zh")]


def test_an_appointment_by_card_is_chosen_and_confirmed() -> None:
    visit = Visit().does(CardRead(card=YOUNG, bookings=(booking(),)), s.ChooseBooking(appointment="a1"), Confirm())
    assert [effect.booking for effect in visit.done if isinstance(effect, TakeTicket)] == [booking()]


def test_nobody_checks_in_at_a_machine_without_paper() -> None:
    assert Visit(SHUT).does(s.BookingScanned(booking=booking()), Confirm()).done == []


# --- tickets held, codes


def test_a_missed_call_is_made_good_by_the_tickets_code() -> None:
    visit = Visit().does(s.TicketScanned(ticket=held(State.NO_SHOW, restorable=True)), Confirm())
    assert visit.done == [RestoreTicket(order=1, ticket="t1")]
    assert visit.screen == Busy(order=1, doing=Doing.RESTORE)
    assert visit.does(s.Restored(order=1, ticket=held())).screen == AskingAfter(ticket=held(), restored=True)


def test_a_hall_that_cannot_be_asked_is_said() -> None:
    visit = Visit().does(s.TicketScanned(ticket=held(State.NO_SHOW, restorable=True)), Confirm())
    assert visit.later(PATIENCE.busy).does(Tick()).screen == Apologising(why=Failure.RESTORE_CUT_OFF, order=1)


def test_a_ticket_that_is_over_leads_to_a_new_one() -> None:
    visit = Visit().does(s.TicketScanned(ticket=held(State.NO_SHOW)), Confirm())
    assert visit.done == []
    assert visit.does(s.TakeOrdinary()).screen == Reading(queue="A", service="licence")


def test_a_code_that_leads_nowhere_has_a_way_on() -> None:
    visit = Visit().does(s.CodeScanned(why=CodeFlaw.FORGED))
    assert visit.screen == CodeRefused(why=CodeFlaw.FORGED)
    assert visit.does(s.Browse()).screen == ChoosingQueue()


def test_a_code_shown_while_a_ticket_is_printed_disturbs_nothing() -> None:
    assert at_issuing().does(s.TicketScanned(ticket=held()), CardRead(card=OLD)).screen == Busy(order=1)


# --- time


def test_a_resident_who_walks_away_is_forgotten() -> None:
    visit = at_reading().does(Speak(language="en")).later(PATIENCE.reading).does(Tick())
    assert visit.screen == ChoosingQueue()
    assert visit.session.language == "zh"


def test_a_card_left_on_the_first_screen_is_forgotten_too() -> None:
    visit = Visit().does(CardRead(card=YOUNG)).later(PATIENCE.choosing).does(Tick())
    assert (visit.screen, visit.session.card) == (ChoosingQueue(), None)


def test_a_touch_in_the_last_seconds_keeps_the_resident_there() -> None:
    visit = at_reading().later(PATIENCE.reading - 5).does(Tick())
    left = seconds_left(visit.session, visit.now)
    assert left is not None
    assert left <= PATIENCE.warning
    visit.does(Stay()).later(PATIENCE.reading - 5).does(Tick())
    assert visit.screen == Reading(queue="A", service="licence")


def test_the_first_screen_goes_back_to_how_it_was() -> None:
    visit = Visit().does(Speak(language="en"), s.Draw(comfort=Comfort(large=True))).later(PATIENCE.first).does(Tick())
    assert (visit.session.language, visit.session.comfort) == ("zh", Comfort())


def test_a_hall_that_is_drawn_large_for_everybody_is_large_again_for_the_next() -> None:
    usual = Comfort(large=True)
    visit = Visit()
    visit.session = Session(comfort=usual, usual=usual)
    visit.does(s.Draw(comfort=Comfort())).later(PATIENCE.first).does(Tick())
    assert visit.session.comfort == usual
    visit.does(s.Draw(comfort=Comfort(contrast=True)), ChooseQueue(queue="A"), Leave())
    assert visit.session.comfort == usual
    visit.does(CardRead(card=YOUNG), Speak(language="en")).later(PATIENCE.choosing).does(Tick())
    assert (visit.session.comfort, visit.session.card, visit.session.language) == (usual, None, "zh")


def test_a_service_that_vanishes_while_it_is_read_leads_home() -> None:
    visit = at_reading()
    visit.around = Surroundings(configuration=replace(HALL, services=()))
    assert visit.does(Tick()).screen == ChoosingQueue()


def test_a_service_withdrawn_while_it_is_read_is_not_taken_a_ticket_for() -> None:
    session = Session(screen=Reading(queue="B", service=None), entered_at=0.0)
    without = Surroundings(configuration=replace(HALL, queues=HALL.queues[:1], services=()))
    session, effects = step(session, Confirm(), without, 60.0)
    assert (session.screen, effects) == (ChoosingQueue(), ())


# --- servicing


def test_only_the_right_pin_opens_the_service_screen() -> None:
    visit = Visit().does(s.AskService(), s.EnterPin(digits="1"), s.EnterPin(digits="12"), s.EnterPin(digits="12#"))
    assert visit.done == [s.CheckPin(order=1, digits="12")]
    assert visit.does(s.PinChecked(order=1, right=False)).screen == EnteringPin(wrong=True)
    visit.does(s.EnterPin(digits="34#"), s.PinChecked(order=1, right=True))
    assert visit.screen == EnteringPin(order=2), "an answer to an older question opens nothing"
    assert visit.does(s.PinChecked(order=2, right=True)).screen == Servicing()


def test_one_act_at_a_time_and_what_it_came_to() -> None:
    visit = Visit().does(s.AskService(), s.EnterPin(digits="1#"), s.PinChecked(order=1, right=True))
    visit.does(s.Serve(act=s.ServiceAct.TEST_PRINT), s.Serve(act=s.ServiceAct.RESTART))
    assert visit.done[1:] == [s.DoService(order=2, act=s.ServiceAct.TEST_PRINT)]
    visit.does(s.Served(order=2, worked=False))
    assert visit.screen == Servicing(act=s.ServiceAct.TEST_PRINT, worked=False)
    assert visit.does(Home()).screen == ChoosingQueue()


# --- whatever happens


def some(kind: Any, **fields: Any) -> st.SearchStrategy[Any]:
    return st.builds(kind, **{name: st.sampled_from(values) for name, values in fields.items()})


QUEUES, SERVICES, ORDERS = ["A", "B", "C", "nowhere"], [None, "licence", "tax", "permit", "gone"], range(5)
BOOKINGS = [booking(m) for m in (-90, -10, 5, 90)] + [booking(hall="H2"), booking(service="gone")]
HELD = [held(state, restorable=restorable) for state in State for restorable in (True, False)]
ANY_INPUT: st.SearchStrategy[Any] = st.one_of(
    some(ChooseQueue, queue=QUEUES),
    some(ChooseService, service=SERVICES),
    some(s.Type, text=["", "s", "sfz" * 40]),
    some(s.TickMaterial, material=range(3)),
    some(s.UseClass, klass=["ordinary", "elder", "military", "nobody"]),
    some(s.ChooseBooking, appointment=["a1", "a2"]),
    some(s.ChooseHeld, ticket=["t1", "t2"]),
    some(Speak, language=["zh", "en", "xx"]),
    some(s.EnterPin, digits=["1", "1#", "#", "x" * 50]),
    some(s.Serve, act=list(s.ServiceAct)),
    some(CardRead, card=[YOUNG, OLD], bookings=[(), (BOOKINGS[2],)], held=[(), (HELD[0],)]),
    some(s.BookingScanned, booking=BOOKINGS),
    some(s.TicketScanned, ticket=HELD),
    some(s.CodeScanned, why=list(CodeFlaw)),
    some(Printed, order=ORDERS, ticket=[ticket()]),
    some(NotPrinted, order=ORDERS, why=list(Failure)),
    some(s.AlreadyHeld, order=ORDERS, ticket=[held()]),
    some(s.SheetPrinted, order=ORDERS),
    some(s.Restored, order=ORDERS, ticket=[held()]),
    some(s.PinChecked, order=ORDERS, right=[True, False]),
    some(s.Served, order=ORDERS, worked=[True, False]),
    st.builds(s.Draw, comfort=st.builds(Comfort, large=st.booleans(), contrast=st.booleans(), low=st.booleans())),
    *map(st.just, (s.Present(), s.Search(), s.ShowHall(), s.Browse(), s.PrintList(), s.AddErrand(), s.DropErrands())),
    *map(st.just, (s.AskClass(), Confirm(), s.TakeOrdinary(), Back(), Home(), Leave(), Stay(), s.AskService(), Tick())),
)
HALLS: list[Configuration] = [TOWN, replace(TOWN, services=()), replace(TOWN, queues=HALL.queues[:1], services=())]
ANY_AROUND = some(
    Surroundings, configuration=HALLS, now=[NOW], closed=[None, *Closed], queues=[{}, {"A": QueueNow(full=True)}]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(ANY_INPUT, ANY_AROUND, st.floats(0, 200)), max_size=40))
def test_nothing_a_resident_does_raises_and_there_is_always_a_way_home(steps: list[Any]) -> None:
    session, now, asked = Session(), 0.0, count(1)
    for happened, around, pause in steps:
        now += pause
        session, effects = step(session, happened, around, now)
        for effect in effects:
            assert effect.order == next(asked), "each thing is asked for once"
            if isinstance(effect, TakeTicket):
                assert around.closed is None
                assert effect.queue in around.configuration.queue
                assert {*effect.then} <= {*around.configuration.service}
    left, _ = step(session, Home(), OPEN, now + 1)
    if isinstance(left.screen, Busy):
        left, _ = step(left, NotPrinted(order=left.screen.order, why=Failure.PRINT), OPEN, now + 1)
        left, _ = step(left, Home(), OPEN, now + 2)
    assert left.screen == ChoosingQueue()
    waited = session
    for seconds in (400, 800):
        waited, _ = step(waited, Tick(), OPEN, now + seconds)
    assert waited == Session(orders=waited.orders, entered_at=waited.entered_at, touched_at=waited.touched_at)


def test_every_touch_that_can_mean_something_is_in_the_table() -> None:
    anywhere = {s.Back, s.Home, s.Leave, s.Speak, s.Draw, s.Stay}
    assert {*s.Touch.__args__} == {*MEANS, *anywhere}
