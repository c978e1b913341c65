"""The journeys the docs draw are those the kiosk takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk import session as s
from kiosk.journeys import Journey, journeys, page, touches, walk
from queue_server.config import load

ROOT = Path(__file__).parent.parent
TOWN = load(ROOT / "config" / "jurong.yaml").configuration("JR-TOWN-HY")
JOURNEYS = {journey.name: journey for journey in journeys(TOWN)}
NO_TICKET = {
    "The list of what to bring, on paper", "An appointment used already", "Asking after a ticket",
    "Back in line after a call that was missed", "The same card, the same queue again", "Somebody else's code",
    "Advice and a guide on paper instead of a ticket", "Who we are, where, when", "A service that is closed",
    "A queue that is full", "The hall is closed", "No paper: said before anybody chooses", "The paper did not come out",
}  # fmt: skip


def test_the_page_of_the_docs_is_drawn_from_the_flow() -> None:
    assert (ROOT / "docs" / "journeys.md").read_text("utf-8") == page(TOWN)


@pytest.mark.parametrize("journey", JOURNEYS.values(), ids=JOURNEYS)
def test_every_journey_ends_as_it_should(journey: Journey) -> None:
    legs = list(walk(journey))
    ends_in_a_ticket = isinstance(legs[-1].session.screen, s.Showing) or any(
        isinstance(leg.session.screen, s.Showing) for leg in legs
    )
    assert ends_in_a_ticket == (journey.name not in NO_TICKET)


def _known(session: s.Session) -> tuple[object, ...]:
    return session.screen, session.klass, session.basket, session.card


@pytest.mark.parametrize("journey", JOURNEYS.values(), ids=JOURNEYS)
def test_nothing_on_the_way_is_ignored(journey: Journey) -> None:
    """Every touch of a journey moves it, except on a confirm that is refused."""
    session = s.Session()
    for leg in walk(journey):
        moved = _known(leg.session) != _known(session)
        refused = isinstance(leg.happened, s.Confirm) and not leg.effects
        assert moved or refused or isinstance(leg.happened, s.Tick), leg.happened
        session = leg.session


def test_a_first_time_user_needs_few_touches() -> None:
    browsing = JOURNEYS["By browsing, without a card"]
    assert touches(browsing) - 1 <= 4, "the last one only says that the ticket was taken"
    with_card = [
        "With an ID card, one of the frequent services", "With an ID card instead of the last touch",
        "An appointment by ID card",
    ]  # fmt: skip
    assert all(touches(JOURNEYS[name]) <= 2 for name in with_card)
