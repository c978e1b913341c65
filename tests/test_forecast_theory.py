"""The simulation beside what is known of queues: textbook formulas, and an independent simulator (ciw)."""

from math import inf

import ciw
import numpy as np
import pytest

from queue_server.forecast.durations import Durations, exponential, lognormal
from queue_server.forecast.erlang import erlang_c, priority_waits
from queue_server.forecast.simulate import Calls, simulate
from queue_server.forecast.snapshot import Coming, Desk, Snapshot, Waiting

HOURS = 40


def stationary(agents, streams, table, *, runs, minutes=240.0, warm=60.0, seed=1):
    """Waits of arrivals after the warm-up, one array for each stream (promise, rate, strict)."""
    hall = Snapshot(
        queues=len(streams),
        desks=tuple(Desk(code=str(k), serves=dict.fromkeys(range(len(streams)), 0.0)) for k in range(agents)),
        waiting=(),
        coming=tuple(
            Coming(queue=k, promise=20.0, rate=(rate,) * HOURS, strict=strict, shape=1e9)
            for k, (rate, strict) in enumerate(streams)
        ),
    )
    durations = Durations(
        cycle=np.array([table] * len(streams)), no_show=np.zeros(len(streams)), absent=exponential(1.0)
    )
    calls = simulate(hall, durations, runs=runs, seed=seed, horizon=minutes + 120, whole=True)
    return [waits(calls, queue, warm, minutes) for queue in range(len(streams))]


def waits(calls: Calls, queue, warm, minutes):
    chosen = calls.came_queue == queue
    at, called = calls.came[:, chosen], calls.came_called[:, chosen]
    counted = (at > warm) & (at < minutes)
    assert np.isfinite(called[counted]).all()
    return called[counted] - at[counted]


def test_erlang_c_gives_the_published_figures():
    steady = erlang_c(10, 14, 3.0)
    assert steady.delayed == pytest.approx(0.1741319336, abs=1e-10)
    assert steady.within(20 / 60) == pytest.approx(0.8883500192, abs=1e-10)
    assert steady.wait * 60 == pytest.approx(7.835937, abs=1e-6)


def test_a_load_that_nobody_can_serve_is_refused():
    with pytest.raises(ValueError, match="grows for ever"):
        erlang_c(14, 14, 3.0)


def test_the_simulated_hall_waits_as_erlang_says():
    (seen,) = stationary(14, [(10 / 3, False)], exponential(3.0), runs=300, minutes=160)
    steady = erlang_c(10, 14, 3.0)
    assert (seen > 1e-6).mean() == pytest.approx(steady.delayed, rel=0.06)
    assert seen.mean() == pytest.approx(steady.wait, rel=0.1)
    assert (seen <= 20 / 60).mean() == pytest.approx(steady.within(20 / 60), abs=0.01)


def test_strict_tickets_wait_as_cobham_says_and_the_others_too():
    first, second = stationary(4, [(0.3, True), (0.5, False)], exponential(4.0), runs=600)
    expected = priority_waits((1.2, 2.0), 4, 4.0)
    assert first.mean() == pytest.approx(expected[0], rel=0.06)
    assert second.mean() == pytest.approx(expected[1], rel=0.08)
    together = (0.3 * expected[0] + 0.5 * expected[1]) / 0.8
    assert together == pytest.approx(erlang_c(3.2, 4, 4.0).wait)  # work is conserved


def test_lognormal_service_waits_as_in_an_independent_simulator():
    table = lognormal(5.0, 0.7)
    (seen,) = stationary(3, [(0.4, False)], table, runs=600)
    ciw.seed(3)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(0.4)],
        service_distributions=[ciw.dists.Empirical(table.tolist())],
        number_of_servers=[3],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(40_000)
    other = np.array([r.waiting_time for r in simulation.get_all_records() if r.arrival_date > 500])
    assert seen.mean() == pytest.approx(other.mean(), rel=0.12)
    assert np.quantile(seen, 0.9) == pytest.approx(np.quantile(other, 0.9), rel=0.12)


def test_a_line_before_busy_windows_moves_as_the_sum_of_exponentials():
    agents, ahead = 10, 24
    desks = tuple(
        Desk(code=str(k), serves={0: 0.0}, busy_with=0, elapsed=float(k), started=True) for k in range(agents)
    )
    line = tuple(Waiting(id=f"{n:02d}", queue=0, due=float(n), joined=float(n)) for n in range(ahead + 1))
    durations = Durations(cycle=exponential(10.0)[None], no_show=np.zeros(1), absent=exponential(1.0))
    calls = simulate(Snapshot(queues=1, desks=desks, waiting=line), durations, runs=4000).waiting[:, -1]
    assert calls.mean() == pytest.approx(ahead + 1, rel=0.03)
    assert calls.var() == pytest.approx(ahead + 1, rel=0.12)


def waits_in_parallel_worlds(agents, rho, customers, worlds, seed):
    """(arrivals, waits) (customers, worlds) of M/M/s with μ = 1, first come, first served: Kiefer–Wolfowitz."""
    random = np.random.default_rng(seed)
    arrivals = np.cumsum(random.exponential(1 / (agents * rho), (customers, worlds)), axis=0)
    free, every = np.zeros((worlds, agents)), np.arange(worlds)
    begins = np.empty((customers, worlds))
    for n, at in enumerate(arrivals):
        soonest = free.argmin(axis=1)
        begins[n] = np.maximum(at, free[every, soonest])
        free[every, soonest] = begins[n] + random.exponential(1.0, worlds)
    return arrivals, begins - arrivals


def test_the_queue_length_rule_errs_as_ibrahim_and_whitt_say_and_the_last_to_enter_twice_as_much():
    """R. Ibrahim, W. Whitt, "Real-time delay estimation based on delay history", M&SOM 11 (2009): M/M/100, ρ 0.95."""
    agents, rho, customers = 100, 0.95, 9000
    arrivals, wait = waits_in_parallel_worlds(agents, rho, customers, 150, seed=2)
    by_length, by_last = [], []
    for at, waited in zip(arrivals.T, wait.T, strict=True):
        entered = np.searchsorted(at + waited, at, "right")
        asked = np.flatnonzero((np.arange(customers) > customers // 2) & (waited > 0) & (entered > 0))
        by_length.append((waited[asked] - (asked - entered[asked] + 1) / agents) ** 2)
        by_last.append((waited[asked] - waited[entered[asked] - 1]) ** 2)
    length, last = np.concatenate(by_length).mean(), np.concatenate(by_last).mean()
    assert length == pytest.approx(1 / (agents**2 * (1 - rho)), rel=0.1)
    assert last / length == pytest.approx(2.0, rel=0.1)  # c_a² + 1 with Poisson arrivals


def test_a_window_that_never_opens_calls_nobody():
    durations = Durations(cycle=exponential(5.0)[None], no_show=np.zeros(1), absent=exponential(1.0))
    line = (Waiting(id="a", queue=0, due=0.0, joined=0.0),)
    shut = Desk(code="1", serves={0: 0.0}, opens=inf)
    assert np.isinf(simulate(Snapshot(queues=1, desks=(shut,), waiting=line), durations, runs=5).waiting).all()
    assert np.isinf(simulate(Snapshot(queues=1, desks=(), waiting=line), durations, runs=5).waiting).all()
