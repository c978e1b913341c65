"""What the sign of a window says, on LEDs or on a screen: pure functions of the hall and the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from devices.led_sign.protocol import Colour, Face
from display.board import STALE_AFTER as SCREEN_STALE_AFTER
from queue_server.domain.calendar import Phase, day_of, local, next_day, periods, phase
from queue_server.domain.configuration import Configuration, Text
from queue_server.domain.events import Instant
from queue_server.domain.life import State
from queue_server.domain.model import Hall

STALE_AFTER = 30_000
"""Ms without a word from the hall after which a sign no longer says whom it calls. A board shows the age of what it
shows; a sign has no room for it, so it waits for longer than a server takes to start again."""

LOOK_AHEAD = 15
"""Days among which the next opening is looked for."""


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


@dataclass(frozen=True, kw_only=True)
class WindowSign:
    """What a screen at a window shows. Two equal ones look the same.

    `rings`: since when the ticket is called, for the flash. `opens`: when service begins or goes on next; None where
    the saying has no such time, or none is known for the next two weeks. `stale_since`: as on a board.
    """

    window: str
    hall: Text
    name: Text
    duty: Text | None
    staff: str
    timezone: str
    saying: Saying
    label: str
    rings: Instant | None
    opens: Instant | None
    opens_today: bool
    stale_since: Instant | None


def window_sign(hall: Hall, window: str, now: Instant, *, heard_at: Instant) -> WindowSign | None:
    """The sign at `now`; None while nothing is known of the hall, or if it has no such window."""
    configuration = hall.configuration
    setup = configuration.window.get(window) if configuration else None
    if configuration is None or setup is None:
        return None
    saying = _saying(hall, configuration, window, now)
    opens = _opens_next(configuration, now) if saying in _CLOSED.values() else None
    state = hall.windows.get(window)
    ticket = hall.tickets[state.ticket] if state is not None and state.ticket else None
    return WindowSign(
        window=window,
        hall=configuration.name,
        name=setup.name,
        duty=setup.duty,
        staff=setup.staff,
        timezone=configuration.timezone,
        saying=saying,
        label=ticket.label if ticket else "",
        rings=ticket.last_called_at if ticket and saying is Saying.CALLED else None,
        opens=opens,
        opens_today=opens is not None and day_of(configuration.timezone, opens) == day_of(configuration.timezone, now),
        stale_since=heard_at if now - heard_at > SCREEN_STALE_AFTER else None,
    )


def _opens_next(configuration: Configuration, now: Instant) -> Instant | None:
    """When the hall opens next, within two weeks. A window that is closed in opening hours opens nobody knows when."""
    zone, hours = configuration.timezone, configuration.hours
    if phase(hours, zone, now) is Phase.OPEN:
        return None
    day = day_of(zone, now)
    for _ in range(LOOK_AHEAD):
        opens = next((opens for opens, _ in periods(hours, zone, day) if opens > now), None)
        if opens is not None:
            return opens
        day = next_day(day)
    return None


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
