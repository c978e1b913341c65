"""Past days lived through again, an old system's log as history, and ranges as people are told them."""

from dataclasses import replace

import numpy as np
import pytest

from queue_server.backtest.city_hall import laws, live
from queue_server.backtest.reading import read_lines
from queue_server.backtest.simulated import ORACLE, Trial, walk_simulated
from queue_server.domain import events as e
from queue_server.domain.calendar import local
from queue_server.forecast.conformal import ENOUGH
from queue_server.forecast.history import import_log
from queue_server.forecast.learned import learn, observe
from queue_server.forecast.rehearse import achieved, recalibrate, rehearse
from queue_server.forecast.shown import rounded
from queue_server.forecast.waits import Expected
from queue_server.forecast.walk import LAST, OURS, POSITION, score


@pytest.fixture(scope="module")
def small():
    law = laws(4, windows=6, queues=2, visitors=200)
    start = learn(law.configuration, [])
    return law, [live(law, start, number, 4, 0.0) for number in range(4)]


def test_a_day_lived_again_says_what_would_have_been_said_and_what_happened(small):
    law, days = small
    learned = learn(law.configuration, observe(days[0].facts, law.configuration))
    again = rehearse(days[1].facts, learned, share=0.3, runs=40)
    assert again.day == days[1].day
    assert 30 < len(again.wait) == len(again.said.mid) == len(again.klass)
    assert np.nanmean(np.abs(again.said.mid - again.wait)) < np.nanmean(np.abs(np.nanmedian(again.wait) - again.wait))


def test_what_is_said_of_a_day_does_not_depend_on_its_afternoon(small):
    law, days = small
    learned = learn(law.configuration, observe(days[0].facts, law.configuration))
    facts = days[1].facts
    morning = facts[: len(facts) // 2]
    whole, half = (rehearse(part, learned, share=0.3, runs=30) for part in (facts, morning))
    assert len(half.wait) > 10
    assert np.array_equal(whole.said.mid[: len(half.wait)], half.said.mid, equal_nan=True)


def test_ranges_and_their_coverage_come_from_rehearsals_alone(small):
    law, days = small
    observed = [observe(day.facts, law.configuration)[0] for day in days]
    again = [
        rehearse(day.facts, learn(law.configuration, observed[:place]), share=0.8, runs=30)
        for place, day in enumerate(days)
        if place
    ]
    assert recalibrate([]) is None
    assert np.isnan(achieved(again[:1])[0])
    assert sum(len(day.wait) for day in again) > 2 * ENOUGH
    assert recalibrate(again) is not None
    coverage, count = achieved(again)
    assert count > 100
    assert 0.75 <= coverage <= 1.0  # three days of a small hall


def csv_of(facts, law):
    """The same day as an old system would have logged it."""

    def time(at):
        return local(law.configuration.timezone, at).isoformat(timespec="milliseconds")

    tickets = {}
    for fact in facts:
        match fact:
            case e.TicketIssued():
                tickets[fact.ticket] = {
                    "queue": fact.queue,
                    "number": fact.number,
                    "issued_at": time(fact.at),
                    "class": fact.klass,
                }
            case e.TicketCalled():
                tickets[fact.ticket] |= {"called_at": time(fact.at), "window": fact.window}
            case e.TicketFinished():
                tickets[fact.ticket] |= {"finished_at": time(fact.at), "outcome": "done"}
            case e.TicketNoShow():
                tickets[fact.ticket] |= {"finished_at": time(fact.at), "outcome": "no-show"}
    names = ("queue", "number", "issued_at", "called_at", "finished_at", "window", "class", "outcome")
    yield ",".join(("hall", *names))
    for ticket in tickets.values():
        yield ",".join(("SIM", *(str(ticket.get(name, "")) for name in names)))


def test_the_log_of_an_old_system_teaches_what_the_journal_would_have(small):
    law, days = small
    lines = list(csv_of(days[0].facts, law))
    imported = import_log(read_lines(lines, name="old.csv").log, law.configuration)
    own = observe(days[0].facts, law.configuration)
    assert imported.unknown_queues == imported.unknown_classes == ()
    (theirs,) = imported.days
    assert len(theirs.cycles) == pytest.approx(len(own[0].cycles), abs=2)
    assert len(theirs.absences) == pytest.approx(len(own[0].absences), abs=2)
    one, other = learn(law.configuration, [theirs]), learn(law.configuration, own)
    assert one.durations.mean() == pytest.approx(other.durations.mean(), rel=0.03)


def test_a_log_without_finishes_teaches_nothing_about_durations(small):
    law, _ = small
    lines = [
        "hall,queue,number,issued_at,called_at",
        "SIM,Q0,1,2026-01-05T09:00,2026-01-05T09:05",
        "SIM,Q9,1,2026-01-05T09:00,",
    ]
    imported = import_log(read_lines(lines, name="old.csv").log, law.configuration)
    assert imported.unknown_queues == ("Q9",)
    assert imported.days[0].cycles == ()
    assert learn(law.configuration, imported.days).durations.cycle == pytest.approx(
        learn(law.configuration, []).durations.cycle
    )


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.0, 0.0, (0, 1)), (3.4, 8.2, (3, 9)), (9.9, 11.0, (9, 15)), (23.0, 41.0, (20, 45)), (61.0, 84.0, (60, 90))],
)
def test_a_range_is_rounded_outwards_and_never_more_exact_than_it_is(low, high, said):
    assert rounded(Expected(low=low, mid=(low + high) / 2, high=high, calibrated=True)) == said


def test_on_a_simulated_hall_ours_comes_near_the_oracle_and_far_from_the_rules():
    trial = Trial(seed=2, unseen=1, first=3, days=4, ask=0.4, runs=40, windows=6, queues=2, visitors=240)
    log, judged = walk_simulated(trial)
    scores = {one.name: score(one.said, log.wait, log.day >= trial.first) for one in judged}
    assert scores[OURS].mae < 1.25 * scores[ORACLE].mae
    assert scores[OURS].mae < 0.7 * min(scores[POSITION].mae, scores[LAST].mae)
    assert scores[OURS].coverage > 0.8


def test_the_same_hall_lives_the_same_day_again():
    law = laws(5, windows=4, queues=2, visitors=60)
    start = learn(law.configuration, [])
    one, other = (live(law, start, 0, 5, 0.1) for _ in range(2))
    assert one.facts == other.facts
    assert [replace(q, wait=0.0) for q in one.questions] == [replace(q, wait=0.0) for q in other.questions]
