"""The promise of a ticket: the time it should be called by, and the order that follows from it."""

from __future__ import annotations

from typing import TypeAlias

from queue_server.domain.configuration import APPOINTMENT, Configuration, Rules
from queue_server.domain.events import Instant

MINUTE = 60_000

Place: TypeAlias = tuple[bool, Instant, Instant, str]
"""(not strict, due, joined the line, ticket id): smaller is called sooner. Only facts of the ticket itself, so
that the order does not depend on the order in which machines told each other."""


def still_counts(rules: Rules, slot: Instant, at: Instant) -> bool:
    """Whether an appointment that checks in `at` is not too late to be one."""
    return at <= slot + rules.late_minutes * MINUTE


def target(configuration: Configuration, queue: str, klass: str) -> int:
    """Promised ms from taking a ticket to being called."""
    minutes = configuration.queue[queue].targets.get(klass, configuration.resident_class[klass].target_minutes)
    return round(minutes * MINUTE)


def due_at(configuration: Configuration, queue: str, klass: str, at: Instant, slot: Instant | None) -> Instant:
    """When a ticket taken `at` should be called by.

    An appointment counts from its slot, or from check-in if that is later, with the appointment's small target.
    """
    if slot is not None:
        return max(slot, at) + target(configuration, queue, APPOINTMENT)
    return at + target(configuration, queue, klass)
