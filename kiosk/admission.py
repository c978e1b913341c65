"""Who may have what, and when: blocked services, offered classes, early and late appointments. Pure."""

from __future__ import annotations

from enum import StrEnum

from kiosk.papers import Arrival, Booking, Card
from kiosk.session import Reading, Session
from kiosk.surroundings import Closed, Surroundings
from queue_server.domain.calendar import day_of
from queue_server.domain.configuration import Configuration, ResidentClass, Service
from queue_server.domain.events import Instant
from queue_server.domain.promise import MINUTE

ADVISE = "咨办"
"""The configuration's word for a service that others decide: here residents get advice, not a ticket."""
MOST_ERRANDS = 5
"""Services in one visit."""


class Blocked(StrEnum):
    """Why there is no ticket for this service or queue, though the hall is open."""

    QUEUE_FULL = "queue-full"
    SERVICE_CLOSED = "service-closed"


def blocked(around: Surroundings, queue: str, service: str | None) -> Closed | Blocked | None:
    """Why no ticket can be taken for the service; None if one can."""
    if around.closed is not None:
        return around.closed
    chosen = around.configuration.service.get(service) if service else None
    if chosen is not None and chosen.closed is not None:
        return Blocked.SERVICE_CLOSED
    return Blocked.QUEUE_FULL if around.queue(queue).full else None


def is_advice(service: Service | None) -> bool:
    """Whether the service ends in a printed sheet, not in a ticket (咨办)."""
    return service is not None and service.assist == ADVISE


def offered(configuration: Configuration, card: Card | None) -> ResidentClass | None:
    """The class the card's age band entitles to, to be offered and never forced."""
    age = card.age if card else None
    if age is None:
        return None
    entitled = [klass for klass in configuration.declarable if klass.from_age is not None and klass.from_age <= age]
    return max(entitled, key=lambda klass: klass.from_age or 0, default=None)


def arrival(booking: Booking, configuration: Configuration, at: Instant) -> Arrival:
    """How the appointment stands at instant `at`."""
    rules = configuration.rules
    if booking.hall != configuration.hall:
        return Arrival.OTHER_HALL
    if booking.ticket is not None:
        return Arrival.USED
    if booking.day != day_of(configuration.timezone, at):
        return Arrival.OTHER_DAY
    if booking.service not in configuration.service:
        return Arrival.WITHDRAWN
    if at < booking.slot - rules.early_minutes * MINUTE:
        return Arrival.EARLY
    if at <= booking.slot:
        return Arrival.ON_TIME
    return Arrival.LATE if at <= booking.slot + rules.late_minutes * MINUTE else Arrival.TOO_LATE


def may_add(session: Session, configuration: Configuration) -> bool:
    """Whether the service being read can be put together with others in one visit."""
    screen = session.screen
    if not isinstance(screen, Reading) or screen.service is None:
        return False
    return not is_advice(configuration.service.get(screen.service)) and (
        len(with_service(session.basket, screen.service)) < MOST_ERRANDS
    )


def with_service(basket: tuple[str, ...], service: str) -> tuple[str, ...]:
    """The basket with the service in it, once."""
    return basket if service in basket else (*basket, service)
