"""What the LED sign over a window says: a pure function of the hall and the time."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from devices.led_sign.protocol import Colour, Face
from queue_server.domain.calendar import Phase, day_of, local, periods, phase
from queue_server.domain.configuration import Configuration
from queue_server.domain.events import Instant
from queue_server.domain.life import State
from queue_server.domain.model import Hall

STALE_AFTER = 30_000
"""Ms without a word from the hall after which a sign no longer says whom it calls. A board shows the age of what it
shows; a sign has no room for it, so it waits for longer than a server takes to start again."""


class Saying(StrEnum):
    """What the second line says; the key of its texts."""

    CALLED = "called"
    SERVING = "serving"
    IDLE = "idle"
    PAUSED = "paused"
    CLOSED = "closed"
    BEFORE = "before"
    BREAK = "break"
    AFTER = "after"
    HOLIDAY = "holiday"
    STALE = "stale"


SignTexts = Mapping[Saying, tuple[str, ...]]
"""The wordings of each saying, longest first, with places for {label} and {time}."""

_COLOUR = {Saying.CALLED: Colour.RED, Saying.SERVING: Colour.GREEN, Saying.IDLE: Colour.GREEN}
_CLOSED = {
    Phase.BEFORE: Saying.BEFORE,
    Phase.OPEN: Saying.CLOSED,
    Phase.BREAK: Saying.BREAK,
    Phase.AFTER: Saying.AFTER,
    Phase.HOLIDAY: Saying.HOLIDAY,
}


def face(hall: Hall, window: str, now: Instant, *, columns: int, texts: SignTexts, heard_at: Instant) -> Face | None:
    """Line 1 the window's work, line 2 what goes on there; None while nothing is known of the hall.

    Args:
        columns: Chinese characters a line of the sign holds.
        heard_at: when the hall was last heard of.
    """
    configuration = hall.configuration
    if configuration is None:
        return None
    setup = configuration.window.get(window)
    saying = Saying.STALE if now - heard_at > STALE_AFTER else _saying(hall, configuration, window, now)
    return Face(
        line1=setup.name.zh if setup else "",
        line2=_fitting(texts[saying], columns, label=_label(hall, window), time=_opens(configuration, now)),
        colour=_COLOUR.get(saying, Colour.YELLOW),
    )


def width(text: str) -> int:
    """Half-width columns of a sign that a text takes."""
    return sum(1 if char.isascii() else 2 for char in text)


def _saying(hall: Hall, configuration: Configuration, code: str, now: Instant) -> Saying:
    window = hall.windows.get(code)
    if window is not None and window.ticket is not None:
        return Saying.SERVING if hall.tickets[window.ticket].state is State.SERVING else Saying.CALLED
    if window is not None and window.is_open and not window.paused:
        return Saying.IDLE
    closed = _CLOSED[phase(configuration.hours, configuration.timezone, now)]
    return Saying.PAUSED if window is not None and window.is_open and closed is Saying.CLOSED else closed


def _label(hall: Hall, code: str) -> str:
    window = hall.windows.get(code)
    return hall.tickets[window.ticket].label if window is not None and window.ticket else ""


def _opens(configuration: Configuration, now: Instant) -> str:
    """When the hall opens next today, `08:30`; "" if it does not."""
    zone = configuration.timezone
    spans = periods(configuration.hours, zone, day_of(zone, now))
    opens = next((opens for opens, _ in spans if opens > now), None)
    return "" if opens is None else f"{local(zone, opens):%H:%M}"


def _fitting(wordings: tuple[str, ...], columns: int, **fields: str) -> str:
    """The first that fits; else the last, which the sign lets run."""
    said = [wording.format(**fields) for wording in wordings]
    return next((text for text in said if width(text) <= 2 * columns), said[-1])
