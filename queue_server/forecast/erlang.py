"""Textbook queues in a steady state, to check the simulation against and to plan with. Rates are a minute."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Steady:
    """M/M/s. `delayed`: chance to wait at all (Erlang C), `wait`: mean minutes; the tail is exponential."""

    delayed: float
    wait: float
    agents: int
    load: float
    service: float

    def within(self, minutes: float) -> float:
        """The share called within so many minutes."""
        return 1 - self.delayed * math.exp(-(self.agents - self.load) * minutes / self.service)


def erlang_c(load: float, agents: int, service: float) -> Steady:
    """A queue offered `load` erlangs, served by `agents` who need `service` minutes on average.

    A. K. Erlang (1917); the recursion over Erlang B is stable for hundreds of agents.

    Raises:
        ValueError: the load is not below the number of agents: the line grows for ever.
    """
    if load >= agents:
        raise ValueError(f"{load:g} erlangs are too many for {agents} agents: the line grows for ever")
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    delayed = blocked / (1 - load / agents * (1 - blocked))
    wait = delayed * service / (agents - load)
    return Steady(delayed=delayed, wait=wait, agents=agents, load=load, service=service)


def priority_waits(loads: tuple[float, ...], agents: int, service: float) -> tuple[float, ...]:
    """Mean minutes each class waits in an M/M/s queue where earlier classes go first and nobody is interrupted.

    A. Cobham, "Priority assignment in waiting line problems", Operations Research 2 (1954).
    """
    whole = erlang_c(sum(loads), agents, service)
    base = whole.delayed * service / agents
    waits, before = [], 0.0
    for load in loads:
        after = before + load / agents
        waits.append(base / ((1 - before) * (1 - after)))
        before = after
    return tuple(waits)
