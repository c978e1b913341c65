"""What a kiosk sees around itself: hours, the hall's word, its own machine."""

from __future__ import annotations

import pytest
from hall_stories import HALL, MONDAY

from kiosk.surroundings import Closed, Heard, Machine, QueueNow, Surroundings, look
from queue_server.domain.calendar import instant


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
        (Machine.STORAGE, Closed.STORAGE), (Machine.OUT_OF_SERVICE, Closed.OUT_OF_SERVICE),
        (Machine.UNASKED, None), (Machine.READY, None),
    ],
)  # fmt: skip
def test_a_machine_that_cannot_print_says_so_on_the_first_screen(machine: Machine, closed: Closed | None) -> None:
    assert around_at("10:00", machine=machine).closed == closed


def test_a_closed_hall_is_said_before_an_empty_printer() -> None:
    assert around_at("20:00", machine=Machine.OUT_OF_PAPER).closed == Closed.AFTER


def test_the_last_minutes_of_the_day_are_said() -> None:
    assert around_at("16:59").closing is None
    assert around_at("17:00").closing == instant(HALL.timezone, MONDAY, "17:30")
    assert around_at("17:31").closing is None
    assert around_at("11:50").closing is None, "the midday break is not the end of the day"
