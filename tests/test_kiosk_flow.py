"""The resident's way through the kiosk, as a pure state machine: no screen, no clock, no printer."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hall_stories import HALL, MONDAY
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk import flow
from kiosk.flow import (
    PATIENCE,
    Apologising,
    Back,
    ChooseQueue,
    ChooseService,
    ChoosingQueue,
    ChoosingService,
    Confirm,
    Failure,
    HandedOut,
    Home,
    Issuing,
    NotPrinted,
    Printed,
    Reading,
    Session,
    Showing,
    Speak,
    Stay,
    TakeTicket,
    Tick,
    step,
)  # fmt: skip
from kiosk.surroundings import Closed, Heard, Machine, QueueNow, Surroundings, look
from queue_server.domain.calendar import instant

OPEN = Surroundings(configuration=HALL)
SHUT = Surroundings(configuration=HALL, closed=Closed.OUT_OF_PAPER)


def ticket(label: str = "A001") -> HandedOut:
    return HandedOut(ticket="t1", label=label, queue="A", service="licence", at=0, ahead=3, wait=(5, 9), windows=("1",))


class Visit:
    """A resident at the kiosk: one thing a second, unless `later`."""

    def __init__(self, around: Surroundings = OPEN) -> None:
        self.session, self.around, self.now = Session(), around, 0.0
        self.done: list[flow.Effect] = []

    def later(self, seconds: float) -> Visit:
        self.now += seconds
        return self

    def does(self, *inputs: flow.Input) -> Visit:
        for happened in inputs:
            self.now += 1
            self.session, effects = step(self.session, happened, self.around, self.now)
            self.done += effects
        return self

    @property
    def screen(self) -> flow.Screen:
        return self.session.screen


def at_reading(around: Surroundings = OPEN) -> Visit:
    return Visit(around).does(ChooseQueue(queue="A"), ChooseService(service="licence"))


def at_issuing() -> Visit:
    return at_reading().does(Confirm())


def test_four_touches_take_a_ticket() -> None:
    visit = at_issuing()
    assert visit.screen == Issuing(queue="A", service="licence", order=1)
    assert visit.done == [TakeTicket(order=1, queue="A", service="licence", language="zh")]
    assert visit.does(Printed(order=1, ticket=ticket())).screen == Showing(ticket=ticket())
    assert visit.does(Home()).screen == ChoosingQueue()


def test_the_ticket_is_printed_in_the_language_spoken() -> None:
    visit = Visit().does(Speak(language="en"), ChooseQueue(queue="A"), ChooseService(service=None), Confirm())
    assert visit.done == [TakeTicket(order=1, queue="A", service=None, language="en")]


def test_a_queue_without_services_goes_straight_to_what_to_bring() -> None:
    bare = replace(HALL, services=tuple(s for s in HALL.services if s.queue != "A"))
    visit = Visit(Surroundings(configuration=bare)).does(ChooseQueue(queue="A"))
    assert visit.screen == Reading(queue="A", service=None)
    assert visit.does(Back()).screen == ChoosingQueue()


def test_back_goes_one_step_and_home_goes_all_the_way() -> None:
    visit = at_reading().does(Back())
    assert visit.screen == ChoosingService(queue="A")
    assert visit.does(Back()).screen == ChoosingQueue()
    assert at_reading().does(Home()).screen == ChoosingQueue()


def test_a_double_tap_does_not_choose_twice() -> None:
    session, _ = step(Session(), ChooseQueue(queue="A"), OPEN, 10.0)
    again, effects = step(session, ChooseService(service="licence"), OPEN, 10.2)
    assert (again.screen, effects) == (ChoosingService(queue="A"), ())
    later, _ = step(again, ChooseService(service="licence"), OPEN, 10.2 + PATIENCE.settle)
    assert later.screen == Reading(queue="A", service="licence")


def test_pressing_confirm_again_takes_no_second_ticket() -> None:
    assert len(at_issuing().does(Confirm(), Confirm()).done) == 1


def test_nothing_can_be_left_while_the_ticket_is_being_printed() -> None:
    visit = at_issuing()
    assert visit.does(Home(), Back()).screen == Issuing(queue="A", service="licence", order=1)


def test_a_failed_print_is_said_and_leads_on() -> None:
    visit = at_issuing().does(NotPrinted(order=1, why=Failure.PRINT))
    assert visit.screen == Apologising(why=Failure.PRINT, order=1)
    assert visit.does(Home()).screen == ChoosingQueue()


def test_a_printer_that_never_answers_ends_in_an_apology() -> None:
    visit = at_issuing().later(PATIENCE.issuing).does(Tick())
    assert visit.screen == Apologising(why=Failure.SLOW, order=1)


def test_a_late_paper_turns_the_apology_into_its_ticket() -> None:
    visit = at_issuing().later(PATIENCE.issuing).does(Tick(), Printed(order=1, ticket=ticket()))
    assert visit.screen == Showing(ticket=ticket())


def test_one_residents_late_ticket_is_not_shown_to_the_next() -> None:
    visit = at_issuing().later(PATIENCE.issuing).does(Tick(), Home())
    visit.does(ChooseQueue(queue="B"), ChooseService(service="tax"), Confirm(), Printed(order=1, ticket=ticket("A001")))
    assert visit.screen == Issuing(queue="B", service="tax", order=2)
    assert visit.does(Printed(order=2, ticket=ticket("B001"))).screen == Showing(ticket=ticket("B001"))


def test_no_ticket_is_asked_for_while_none_can_be_taken() -> None:
    visit = at_reading(SHUT)
    assert visit.screen == Reading(queue="A", service="licence"), "what to bring can still be read"
    assert visit.does(Confirm()).done == []


def test_a_resident_who_walks_away_is_forgotten() -> None:
    visit = at_reading().does(Speak(language="en")).later(PATIENCE.reading).does(Tick())
    assert visit.screen == ChoosingQueue()
    assert visit.session.language == "zh"


def test_a_touch_in_the_last_seconds_keeps_the_resident_there() -> None:
    visit = at_reading().later(PATIENCE.reading - 5).does(Tick())
    left = flow.seconds_left(visit.session, visit.now)
    assert left is not None
    assert left <= PATIENCE.warning
    visit.does(Stay()).later(PATIENCE.reading - 5).does(Tick())
    assert visit.screen == Reading(queue="A", service="licence")


def test_the_first_screen_goes_back_to_the_first_language() -> None:
    visit = Visit().does(Speak(language="en")).later(PATIENCE.first).does(Tick())
    assert visit.session.language == "zh"


def test_a_service_that_vanishes_while_it_is_read_leads_home() -> None:
    visit = at_reading()
    visit.around = Surroundings(configuration=replace(HALL, services=()))
    assert visit.does(Tick()).screen == ChoosingQueue()


def test_a_service_withdrawn_while_it_is_read_is_not_taken_a_ticket_for() -> None:
    session = Session(screen=Reading(queue="B", service=None), entered_at=0.0)
    without = Surroundings(configuration=replace(HALL, queues=HALL.queues[:1], services=()))
    session, effects = step(session, Confirm(), without, 60.0)
    assert (session.screen, effects) == (ChoosingQueue(), ())


# --- whatever happens

ANY_QUEUE = st.sampled_from(["A", "B", "C", "nowhere"])
ANY_SERVICE = st.sampled_from([None, "licence", "tax", "pension", "gone"])
ANY_ORDER = st.integers(0, 4)
ANY_INPUT: st.SearchStrategy[Any] = st.one_of(
    st.builds(ChooseQueue, queue=ANY_QUEUE),
    st.builds(ChooseService, service=ANY_SERVICE),
    st.builds(Speak, language=st.sampled_from(["zh", "en", "xx"])),
    st.builds(Printed, order=ANY_ORDER, ticket=st.just(ticket())),
    st.builds(NotPrinted, order=ANY_ORDER, why=st.sampled_from(Failure)),
    *map(st.just, (Confirm(), Back(), Home(), Stay(), Tick())),
)
ANY_HALL = st.sampled_from([HALL, replace(HALL, services=()), replace(HALL, queues=HALL.queues[:1], services=())])
ANY_AROUND = st.builds(Surroundings, configuration=ANY_HALL, closed=st.sampled_from([None, *Closed]))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(ANY_INPUT, ANY_AROUND, st.floats(0, 200)), max_size=40))
def test_nothing_a_resident_does_raises_and_there_is_always_a_way_home(steps: list[Any]) -> None:
    session, now, asked = Session(), 0.0, count(1)
    for happened, around, pause in steps:
        now += pause
        session, effects = step(session, happened, around, now)
        for effect in effects:
            assert around.closed is None
            assert effect.order == next(asked), "each ticket is asked for once"
            assert effect.queue in around.configuration.queue
    ways_home = (
        [Home()] if not isinstance(session.screen, Issuing) else [NotPrinted(order=session.orders, why=Failure.PRINT)]
    )
    touched, _ = step(session, ways_home[0], OPEN, now + 1)
    if isinstance(touched.screen, Apologising):
        touched, _ = step(touched, Home(), OPEN, now + 2)
    assert touched.screen == ChoosingQueue()
    waited = session
    for seconds in (200, 400):
        waited, _ = step(waited, Tick(), OPEN, now + seconds)
    assert waited.screen == ChoosingQueue(), "and doing nothing leads home too"
    assert waited.language == "zh"


# --- what the kiosk sees around itself


def around_at(
    clock: str, *, day: str = MONDAY, heard: Heard | None = None, machine: Machine = Machine.READY
) -> Surroundings:
    return look(HALL, heard or Heard(), machine, instant(HALL.timezone, day, clock))


def speaking(day: str = MONDAY, *, is_open: bool = True, fresh: bool = True) -> Heard:
    queues = {"A": QueueNow(waiting=7, wait=(5, 10), windows=("1", "3"))}
    return Heard(fresh=fresh, day=day, is_open=is_open, configuration=HALL, queues=queues)


@pytest.mark.parametrize(
    ("clock", "closed"),
    [
        ("07:59", Closed.BEFORE),
        ("08:00", None),
        ("10:00", None),
        ("12:30", None),
        ("17:29", None),
        ("17:30", Closed.AFTER),
    ],
)
def test_tickets_are_taken_from_a_little_before_opening_until_closing(clock: str, closed: Closed | None) -> None:
    assert around_at(clock).closed == closed
    assert around_at(clock, heard=speaking()).closed == closed


def test_before_opening_the_kiosk_knows_when_numbers_begin_and_at_noon_when_work_goes_on() -> None:
    assert around_at("07:00").numbers_from == instant(HALL.timezone, MONDAY, "08:00")
    assert around_at("12:30").break_until == instant(HALL.timezone, MONDAY, "14:00")
    assert around_at("10:00").break_until is None


def test_a_day_the_hall_does_not_work_is_said() -> None:
    assert around_at("10:00", day="2026-03-01").closed == Closed.HOLIDAY


def test_a_kiosk_that_never_heard_of_the_hall_works_from_its_own_file() -> None:
    around = around_at("10:00")
    assert around.closed is None
    assert around.queue("A") == QueueNow(waiting=None, wait=None, windows=("1", "3"))


def test_a_hall_that_speaks_and_has_not_opened_the_day_gives_no_numbers() -> None:
    assert around_at("10:00", heard=speaking("2026-02-27")).closed == Closed.NOT_OPEN
    assert around_at("10:00", heard=speaking("2026-02-27", fresh=False)).closed is None, "cut off at dawn, it issues"


def test_a_day_that_was_closed_stays_closed_for_a_kiosk_that_is_cut_off() -> None:
    assert around_at("16:00", heard=speaking(is_open=False, fresh=False)).closed == Closed.AFTER


def test_waits_of_a_hall_that_is_silent_are_unknown_not_old() -> None:
    assert around_at("10:00", heard=speaking()).queue("A").waiting == 7
    silent = around_at("10:00", heard=speaking(fresh=False))
    assert silent.queue("A").waiting is None
    assert silent.queue("A").wait is None


@pytest.mark.parametrize(
    ("machine", "closed"),
    [
        (Machine.OUT_OF_PAPER, Closed.OUT_OF_PAPER), (Machine.PRINTER_FAULT, Closed.PRINTER_FAULT),
        (Machine.STORAGE, Closed.STORAGE), (Machine.UNASKED, None), (Machine.READY, None),
    ],
)  # fmt: skip
def test_a_machine_that_cannot_print_says_so_on_the_first_screen(machine: Machine, closed: Closed | None) -> None:
    assert around_at("10:00", machine=machine).closed == closed


def test_a_closed_hall_is_said_before_an_empty_printer() -> None:
    assert around_at("20:00", machine=Machine.OUT_OF_PAPER).closed == Closed.AFTER
