"""Predicted waits of an open hall: the calling rule, windows that are busy, away or unknown, and what is never said."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest

from queue_server.backtest.city_hall import laws, live
from queue_server.domain import events as e
from queue_server.domain.configuration import Service, Text
from queue_server.domain.model import Hall
from queue_server.domain.promise import MINUTE
from queue_server.forecast.durations import Durations, empirical, exponential, lognormal, rest
from queue_server.forecast.learned import learn, observe
from queue_server.forecast.live import Booking, Break, bookings, forecast, snapshot
from queue_server.forecast.simulate import simulate
from queue_server.forecast.snapshot import Booked, Coming, Desk, Snapshot, Waiting

FIXED = np.full(256, 10.0)
TEN = Durations(cycle=np.array([FIXED, FIXED]), no_show=np.zeros(2), absent=np.full(256, 1.0))
"""Every ticket takes ten minutes, in both queues."""


def line(*tickets):
    """(id, queue, due, strict?, held for?) -> waiting tickets that joined in this order."""
    return tuple(
        Waiting(id=t[0], queue=t[1], due=t[2], joined=-60.0 + n, strict="strict" in t[3:], held_for=held(t))
        for n, t in enumerate(tickets)
    )


def held(ticket):
    return next((word.removeprefix("held:") for word in ticket[3:] if word.startswith("held:")), None)


def called(hall, durations=TEN, runs=3):
    """Ticket id -> minutes until it is called, in the middle run."""
    calls = simulate(hall, durations, runs=runs)
    ids = [t.id for t in (*hall.waiting, *hall.asked)]
    middle = np.median(np.concatenate([calls.waiting, calls.asked], axis=1), axis=0)
    return dict(zip(ids, middle.round(3).tolist(), strict=True))


def test_the_nearest_promise_is_called_first_and_a_strict_ticket_before_all():
    hall = Snapshot(
        queues=2, desks=(Desk(code="1", serves={0: 0.0, 1: 0.0}),),
        waiting=line(("late", 0, 30.0), ("soon", 1, 5.0), ("veteran", 0, 90.0, "strict")),
    )  # fmt: skip
    assert called(hall) == {"veteran": 0.0, "soon": 10.0, "late": 20.0}


def test_a_helper_takes_its_own_people_until_the_others_are_late_enough():
    desk = Desk(code="1", serves={0: 0.0, 1: 15.0})
    hall = Snapshot(queues=2, desks=(desk,), waiting=line(("own", 0, 20.0), ("helped", 1, 10.0)))
    assert called(hall) == {"own": 0.0, "helped": 10.0}
    assert called(replace(hall, waiting=line(("own", 0, 20.0), ("helped", 1, 4.0)))) == {"helped": 0.0, "own": 10.0}


def test_a_ticket_held_for_a_window_is_called_there_and_nowhere_else():
    desks = (Desk(code="1", serves={0: 0.0}), Desk(code="2", serves={1: 0.0}, busy_with=1, elapsed=4.0, started=True))
    hall = Snapshot(queues=2, desks=desks, waiting=line(("held", 0, 0.0, "held:2"), ("free", 0, 20.0)))
    assert called(hall) == {"held": 6.0, "free": 0.0}


def test_a_window_on_a_break_calls_again_when_it_is_back():
    away = Desk(code="1", serves={0: 0.0}, leaves=0.0, returns=25.0)
    soon = Desk(code="1", serves={0: 0.0}, leaves=5.0, returns=25.0)
    waiting = line(("a", 0, 20.0), ("b", 0, 21.0))
    assert called(Snapshot(queues=1, desks=(away,), waiting=waiting)) == {"a": 25.0, "b": 35.0}
    assert called(Snapshot(queues=1, desks=(soon,), waiting=waiting)) == {"a": 0.0, "b": 25.0}
    assert called(Snapshot(queues=1, desks=(replace(soon, returns=inf),), waiting=waiting))["b"] == inf


def test_a_ticket_that_is_only_asked_about_delays_nobody():
    hall = Snapshot(queues=1, desks=(Desk(code="1", serves={0: 0.0}),), waiting=line(("a", 0, 5.0), ("b", 0, 25.0)))
    asked = replace(hall, asked=line(("new", 0, 20.0)))
    assert called(asked) == {"a": 0.0, "new": 10.0, "b": 10.0}


def test_an_appointment_known_beforehand_takes_its_turn():
    hall = Snapshot(
        queues=1, desks=(Desk(code="1", serves={0: 0.0}, busy_with=0, elapsed=0.0, started=True),),
        waiting=line(("a", 0, 60.0), ("b", 0, 61.0)), booked=(Booked(queue=0, slot=5.0, promise=5.0),),
    )  # fmt: skip
    calls = simulate(hall, TEN, runs=400).waiting
    assert calls[:, 0].mean() > simulate(replace(hall, booked=()), TEN, runs=400).waiting[:, 0].mean() + 5


def test_people_yet_to_come_overtake_only_if_their_promise_is_sooner():
    busy = Desk(code="1", serves={0: 0.0}, busy_with=0, elapsed=0.0, started=True)
    hall = Snapshot(queues=1, desks=(busy,), waiting=line(("a", 0, 15.0), ("b", 0, 16.0)))
    ordinary, strict = (
        Coming(queue=0, promise=promise, rate=(0.2,) * 8, strict=s) for promise, s in ((20.0, False), (5.0, True))
    )
    alone = simulate(hall, TEN, runs=300).waiting.mean(axis=0)
    assert np.array_equal(simulate(replace(hall, coming=(ordinary,)), TEN, runs=300).waiting.mean(axis=0), alone)
    assert simulate(replace(hall, coming=(strict,)), TEN, runs=300).waiting[:, 1].mean() > alone[1] + 10


def test_no_shows_shorten_the_wait():
    absent = replace(TEN, no_show=np.array([0.5, 0.0]))
    hall = Snapshot(
        queues=2, desks=(Desk(code="1", serves={0: 0.0}),), waiting=line(*((f"{n}", 0, 20.0 + n) for n in range(11)))
    )
    last = simulate(hall, absent, runs=2000).waiting[:, -1]
    assert last.mean() == pytest.approx(10 * (0.5 * 10 + 0.5 * 1), rel=0.03)


def test_a_service_that_has_lasted_long_is_expected_to_end_as_the_survivors_did():
    table = lognormal(10.0, 0.7)
    level = (np.arange(4000) + 0.5) / 4000
    sample = np.interp(level, (np.arange(256) + 0.5) / 256, table)
    for elapsed in (0.0, 5.0, 15.0):
        survivors = sample[sample > elapsed] - elapsed
        assert rest(table, elapsed, level).mean() == pytest.approx(survivors.mean(), rel=0.03)
    beyond = rest(table, 500.0, level)
    assert np.isfinite(beyond).all()
    assert beyond.mean() == pytest.approx(5.0, rel=0.05)


def test_an_exponential_service_forgets_how_long_it_has_lasted():
    level = (np.arange(4000) + 0.5) / 4000
    assert rest(exponential(8.0), 10.0, level).mean() == pytest.approx(8.0, rel=0.05)


def test_configured_minutes_fade_as_tickets_are_measured():
    prior = lognormal(10.0, 0.5)
    assert empirical([], prior).mean() == pytest.approx(10.0, rel=0.01)
    assert empirical([4.0] * 20, prior).mean() == pytest.approx(7.0, rel=0.03)
    assert empirical([4.0] * 2000, prior).mean() == pytest.approx(4.0, rel=0.03)


# --- a hall that lives


@pytest.fixture(scope="module")
def small():
    """A hall of ten windows and three queues, and three days of it."""
    law = laws(3, windows=10, queues=3, visitors=330)
    start = learn(law.configuration, [])
    return law, [live(law, start, number, 3, 0.0) for number in range(3)]


def fold(facts, until=None):
    hall = Hall()
    for fact in facts:
        if until is None or fact.at <= until:
            hall.apply(fact)
    return hall


def busy_moment(day):
    """The fold of the day at the moment when most people wait, and that moment."""
    waiting, most, when = 0, -1, 0
    for fact in day.facts:
        waiting += isinstance(fact, e.TicketIssued) - isinstance(fact, e.TicketCalled)
        if waiting > most:
            most, when = waiting, fact.at
    return fold(day.facts, when), when


def test_a_hall_learns_its_durations_its_no_shows_and_the_pace_of_each_window(small):
    law, days = small
    observed = [seen for day in days for seen in observe(day.facts, law.configuration)]
    learned, known = learn(law.configuration, observed), law.known()
    assert [day.day for day in observed] == [day.day for day in days]
    assert learned.days == 3
    off = []
    for window in law.configuration.windows:  # a queue's minutes and its windows' pace are known as a product only
        own = int(window.serves[0].queue[1:])
        minutes, true = (of.durations.mean()[own] * of.durations.speed[window.code] for of in (learned, known))
        off.append(abs(minutes / true - 1))
    assert np.mean(off) < 0.12
    assert learned.durations.no_show == pytest.approx(np.full(3, 0.05), abs=0.03)
    codes = [window.code for window in law.configuration.windows]
    paces = np.array([law.speed[code] for code in codes])
    seen = np.array([learned.durations.speed[code] for code in codes])
    assert np.corrcoef(np.log(paces), np.log(seen))[0, 1] > 0.7
    issued = sum(isinstance(fact, e.TicketIssued) and fact.slot is None for day in days for fact in day.facts)
    assert sum(counts.sum() for counts in learned.arrivals.values()) == pytest.approx(issued / 3, rel=0.02)


def test_a_new_hall_starts_from_its_configured_minutes_and_says_that_nothing_was_measured(small):
    law, days = small
    hall, at = busy_moment(days[0])
    said = forecast(hall, at, learn(law.configuration, []), runs=60)
    assert said.days == 0
    assert said.tickets
    assert not any(wait.calibrated for wait in said.tickets.values())


def test_every_waiting_ticket_and_every_queue_gets_a_range_and_the_same_one_again(small):
    law, days = small
    hall, at = busy_moment(days[2])
    learned = learn(law.configuration, observe([f for day in days[:2] for f in day.facts], law.configuration))
    said = forecast(hall, at, learned, runs=80)
    waiting = [ticket.id for code in hall.lines for ticket in map(hall.tickets.get, hall.line(code))]
    assert len(waiting) > 20
    assert set(said.tickets) == set(waiting)
    assert set(said.queues) == {queue.code for queue in law.configuration.queues}
    for wait in (*said.tickets.values(), *said.queues.values()):
        assert 0 <= wait.low <= wait.mid <= wait.high
    assert forecast(hall, at, learned, runs=80) == said


def test_what_was_said_at_the_busiest_moment_came_about(small):
    law, days = small
    learned = learn(law.configuration, observe([f for day in days[:2] for f in day.facts], law.configuration))
    hall, at = busy_moment(days[2])
    said = forecast(hall, at, learned, breaks=[Break(window="1", begins=at - 1, ends=at + 1)], runs=150)
    whole = fold(days[2].facts)
    pairs = [(wait, (whole.tickets[id_].called_at - at) / MINUTE) for id_, wait in said.tickets.items()]
    inside = np.mean([wait.low <= truth <= wait.high for wait, truth in pairs])
    error = np.mean([abs(wait.mid - truth) for wait, truth in pairs])
    assert inside >= 0.75  # one moment of one day, whose tickets err together
    assert error < 0.5 * np.mean([truth for _, truth in pairs])


def test_a_queue_no_window_serves_is_unknown_and_not_a_number(small):
    law, days = small
    hall, at = busy_moment(days[0])
    for window in law.configuration.windows:
        serves = tuple(s for s in window.serves if s.queue != "Q1")
        hall.apply(e.QueuesAssigned(at=at, window=window.code, serves=serves))
    said = forecast(hall, at, learn(law.configuration, []), runs=40)
    assert "Q1" not in said.queues
    assert {"Q0", "Q2"} <= set(said.queues)
    assert not any(hall.tickets[id_].queue == "Q1" for id_ in said.tickets)


def test_todays_appointments_are_expected_until_they_check_in_or_are_late(small):
    law, days = small
    service = Service(code="S", name=Text(zh="S"), queue="Q1", minutes=5.0, spread=0.5)
    opened = replace(days[0].facts[0], configuration=replace(law.configuration, services=(service,)))
    hall, noon = fold([opened]), opened.at + 240 * MINUTE
    for name, day, slot in (
        ("soon", opened.day, 5),
        ("late", opened.day, -20),
        ("tomorrow", "2099-01-01", 5),
        ("here", opened.day, 8),
    ):
        booked = e.AppointmentBooked(at=noon, appointment=name, day=day, slot=noon + slot * MINUTE, service="S")
        hall.apply(booked)
    hall.apply(e.TicketIssued(
        at=noon, ticket="t", day=opened.day, queue="Q1", number=1, label="B001", klass="appointment", due_at=noon,
        source="K1", service="S", appointment="here",
    ))  # fmt: skip
    assert bookings(hall, noon) == (Booking(queue="Q1", slot=noon + 5 * MINUTE),)
    assert snapshot(hall, noon, learn(law.configuration, [])).booked == (Booked(queue=1, slot=5.0, promise=5.0),)


def test_before_the_first_day_nothing_is_said(small):
    law, _ = small
    said = forecast(Hall(), 0, learn(law.configuration, []), runs=5)
    assert said.tickets == said.queues == {}


def test_more_people_than_usual_today_are_expected_to_go_on_coming(small):
    law, days = small
    learned = learn(law.configuration, observe([f for day in days for f in day.facts], law.configuration))
    double = replace(learned, arrivals={key: counts / 2 for key, counts in learned.arrivals.items()})
    hall, at = busy_moment(days[1])
    usual, busier = (
        sum(
            sum(coming.rate) / max(1e-9, expected.sum())
            for coming, expected in zip(start.coming, known.arrivals.values(), strict=True)
        )
        for known in (learned, double)
        for start in [snapshot(hall, at, known)]
    )
    assert busier > usual * 1.2
