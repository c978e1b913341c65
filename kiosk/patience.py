"""How long each screen waits for its resident. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import assert_never

from kiosk.session import (
    AboutHall,
    Apologising,
    AskingAfter,
    Busy,
    CheckingIn,
    ChoosingClass,
    ChoosingQueue,
    ChoosingService,
    CodeRefused,
    EnteringPin,
    Greeting,
    Presenting,
    Reading,
    Searching,
    Servicing,
    Session,
    SheetGiven,
    Showing,
)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds a screen waits for its resident. The last `warning` of them are shown counting down.

    `settle`: a touch this soon after a new screen appeared was meant for the one before it (a double tap).
    """

    first: float = 60
    choosing: float = 75
    reading: float = 120
    busy: float = 20
    ticket: float = 25
    failed: float = 60
    servicing: float = 300
    warning: float = 15
    settle: float = 0.35

    def scaled(self, factor: float) -> Patience:
        """All waits longer or shorter; how long a touch may be meant for the screen before stays as it is."""
        scaled = {f.name: getattr(self, f.name) * factor for f in fields(self) if f.name != "settle"}
        return Patience(**scaled)


PATIENCE = Patience()


def seconds_left(session: Session, at: float, patience: Patience = PATIENCE) -> float | None:
    """Until the screen goes back to the first one by itself; None on the first screen with nobody at it."""
    match session.screen:
        case ChoosingQueue() if session.card is None and not session.basket:
            return None
        case (
            ChoosingQueue() | Presenting() | Greeting() | Searching() | ChoosingService() | ChoosingClass()
            | CheckingIn() | EnteringPin()
        ):  # fmt: skip
            limit = patience.choosing
        case Reading() | AboutHall():
            limit = patience.reading
        case Busy():
            limit = patience.busy
        case Showing() | AskingAfter() | SheetGiven():
            limit = patience.ticket
        case Apologising() | CodeRefused():
            limit = patience.failed
        case Servicing():
            limit = patience.servicing
        case _:
            assert_never(session.screen)
    return max(0.0, session.touched_at + limit - at)
