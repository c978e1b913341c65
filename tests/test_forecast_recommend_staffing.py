"""Tomorrow's plan: it adds up to the staff there are, nobody is planned for what they cannot do, and its waits come."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_server.forecast.durations import Durations, exponential, lognormal
from queue_server.forecast.learned import Learned
from queue_server.forecast.simulate import simulate
from queue_server.forecast.snapshot import Coming, Desk, Snapshot
from queue_server.forecast.staffing import Shift, plan

NINE, NOON, ONE, FIVE = 540.0, 720.0, 780.0, 1020.0
QUEUES = ("A", "B", "C")
DURATIONS = Durations(
    cycle=np.array([lognormal(10.0, 0.7), lognormal(5.0, 0.7), lognormal(20.0, 0.7)]),
    no_show=np.zeros(3), absent=exponential(1.0),
)  # fmt: skip


def learned(**an_hour):
    """So many people an hour in each queue from nine to five."""
    day = np.zeros(96)
    day[36:68] = 0.25
    return Learned(
        queues=QUEUES, durations=DURATIONS, days=10,
        arrivals={(queue, "ordinary"): rate * day for queue, rate in an_hour.items()},
    )  # fmt: skip


def staff(number, queues=QUEUES, begins=NINE, ends=FIVE):
    return [Shift(begins=begins, ends=ends, queues=queues)] * number


def test_with_staff_enough_every_queue_gets_what_it_needs_and_the_rest_are_spare():
    halves = plan(learned(A=24, B=24, C=6), staff=staff(20), hours=[(NINE, FIVE)])
    assert [half.begins for half in halves] == list(range(540, 1020, 30))
    for half in halves:
        assert half.short == 0
        assert half.spare + sum(queue.windows for queue in half.queues.values()) == half.staff == 20
        assert all(queue.wait <= 10 for queue in half.queues.values())
    windows = {code: queue.windows for code, queue in halves[4].queues.items()}
    assert windows["A"] > 24 * 10 / 60  # more than the work alone would need
    assert windows["A"] > windows["B"] >= 3
    assert halves[4].queues["A"].expected == pytest.approx(12)


def test_where_staff_do_not_suffice_it_is_said_and_nobody_is_left_without_a_window():
    half = plan(learned(A=24, B=24, C=6), staff=staff(6), hours=[(NINE, FIVE)])[0]
    assert half.short > 0
    assert half.spare == 0
    assert sum(queue.windows for queue in half.queues.values()) == 6
    assert all(queue.windows >= 1 for queue in half.queues.values())


def test_a_queue_nobody_can_serve_has_no_window_and_no_wait():
    half = plan(learned(A=12, C=6), staff=staff(9, queues=("A", "B")), hours=[(NINE, FIVE)])[0]
    assert (half.queues["C"].windows, half.queues["C"].wait) == (0, None)
    assert half.queues["C"].short == half.queues["C"].needed > 0
    assert (half.queues["B"].needed, half.queues["B"].windows) == (0, 0)  # nobody comes
    assert half.spare > 0


def test_somebody_who_can_do_both_makes_room_for_somebody_who_cannot():
    both = staff(1, queues=("A", "B")) + staff(1, queues=("A",))
    half = plan(learned(A=3, B=3), staff=both, hours=[(NINE, FIVE)])[0]
    assert {code: queue.windows for code, queue in half.queues.items()} == {"A": 1, "B": 1, "C": 0}


def test_lunch_in_turns_is_seen_and_what_waits_then_is_served_after():
    shifts = staff(6, ends=NOON) + staff(6, begins=ONE) + staff(2, begins=NOON, ends=ONE)
    halves = {half.begins: half for half in plan(learned(A=30), staff=shifts, hours=[(NINE, FIVE)])}
    assert (halves[690].staff, halves[720].staff, halves[780].staff) == (6, 2, 6)
    assert halves[750].queues["A"].wait > halves[690].queues["A"].wait + 20
    assert halves[780].queues["A"].needed > halves[690].queues["A"].needed
    assert halves[960].queues["A"].wait < halves[780].queues["A"].wait


def test_two_opening_periods_appointments_and_a_busier_day():
    hours = [(NINE, NOON), (810.0, FIVE)]
    booked = np.zeros(96)
    booked[36:38] = 4.0
    usual = plan(learned(A=12), staff=staff(9), hours=hours)
    more = plan(learned(A=12), staff=staff(9), hours=hours, booked={"A": booked}, level=1.5)
    assert [half.begins for half in usual] == [540, 570, 600, 630, 660, 690, 810, 840, 870, 900, 930, 960, 990]
    assert usual[0].queues["A"].expected == pytest.approx(6)
    assert [half.queues["A"].expected for half in more[:2]] == pytest.approx([17, 9])
    assert more[0].queues["A"].needed > more[1].queues["A"].needed > usual[1].queues["A"].needed


@settings(max_examples=15, deadline=None)
@given(
    rates=st.tuples(*[st.floats(0, 60)] * 3),
    shifts=st.lists(
        st.builds(
            Shift, begins=st.sampled_from([NINE, NOON]), ends=st.sampled_from([NOON, FIVE]),
            queues=st.sets(st.sampled_from(QUEUES)),
        ),
        max_size=12,
    ),
)  # fmt: skip
def test_every_plan_can_be_carried_out(rates, shifts):
    for half in plan(learned(**dict(zip(QUEUES, rates, strict=True))), staff=shifts, hours=[(NINE, FIVE)]):
        there = [s for s in shifts if s.begins <= half.begins and s.ends >= half.begins + 30]
        assert half.staff == len(there) == half.spare + sum(queue.windows for queue in half.queues.values())
        for some in [{"A"}, {"B"}, {"C"}, {"A", "B"}, {"A", "C"}, {"B", "C"}, set(QUEUES)]:  # Hall's marriage theorem
            able = sum(bool(some & set(shift.queues)) for shift in there)
            assert sum(half.queues[code].windows for code in some) <= able
        for code, queue in half.queues.items():
            assert 0 <= queue.windows <= queue.needed
            if queue.windows < queue.needed:  # then nobody who could is spare
                assert half.spare <= sum(code not in shift.queues for shift in there)


@pytest.mark.parametrize(("rate", "windows"), [(36.0, 9), (42.0, 8), (60.0, 8)])
def test_the_waits_of_a_plan_are_those_of_the_simulated_hall(rate, windows):
    """From an empty hall on, three hours: with room, at its limit, and beyond it."""
    halves = plan(learned(A=rate), staff=staff(windows), hours=[(NINE, NOON)], target=1.0)
    desks = tuple(Desk(code=str(n), serves={0: 0.0}) for n in range(windows))
    coming = Coming(queue=0, promise=20.0, rate=(rate / 60,) * 12, shape=1e9)
    start = Snapshot(queues=3, desks=desks, waiting=(), coming=(coming,))
    calls = simulate(start, DURATIONS, runs=150, horizon=600, whole=True)
    came = np.isfinite(calls.came)
    at, wait = calls.came[came], (calls.came_called[came] - calls.came[came])
    for number, half in enumerate(halves[1:], start=1):
        seen = wait[(at >= 30 * number) & (at < 30 * number + 30)].mean()
        assert half.queues["A"].wait == pytest.approx(seen, rel=0.3, abs=3.0)
