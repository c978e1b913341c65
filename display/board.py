"""What a board shows: a pure function of the hall, the calls of its windows and the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from display.notices import Turns, pictures, schedule_changes, scheduled, texts
from display.stage import Call, Scene, Turn
from queue_server.domain.calendar import Phase, phase
from queue_server.domain.configuration import BoardNotice, Configuration, Queue, Text, Zone
from queue_server.domain.events import Instant
from queue_server.domain.model import Hall
from queue_server.domain.promise import MINUTE

STALE_AFTER = 8_000
"""Ms of silence after which what is shown must be doubted; the hall server speaks every 2.5 s."""

LISTED = 180_000
"""Ms every call stays in the list of recent calls."""

LIST_SIZES = (12, 30, 39)
"""How many calls a page of the list is divided into; the fewest that hold the calls of the last LISTED ms."""

PAGE = 6_000
"""Ms a page of the list stays when even the largest does not hold them."""

Wait = tuple[int, int]
"""Expected wait of who comes now, low and high, in minutes."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A call in the big area. `rings`: since when it is being called, for the flash."""

    label: str
    window: str
    rings: Instant
    live: bool
    again: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """One queue: how many wait, the last number called here, the expected wait (None: not known)."""

    letter: str
    name: Text
    waiting: int
    last: str
    wait: Wait | None


@dataclass(frozen=True, kw_only=True)
class Board:
    """All that is on a board. Two equal boards look the same.

    `cards` has one entry for each place of the big area, None where nobody stands. `zone`: the part of the hall it
    belongs to, `silent` if nothing is said there. `has_pictures`: today there are some, which have the place of the
    queues in turn; `picture` is the file to be seen now. `stale_since` is when the hall was last heard of, if that is
    too long ago.
    """

    name: Text
    zone: Text | None
    silent: bool
    timezone: str
    phase: Phase
    day_open: bool
    cards: tuple[Card | None, ...]
    calls: tuple[Call, ...]
    list_size: int
    page: int
    pages: int
    queues: tuple[Row, ...]
    notice: Text | None
    picture: str | None
    has_pictures: bool
    stale_since: Instant | None


def board(
    hall: Hall,
    scene: Scene,
    now: Instant,
    *,
    waits: dict[str, Wait],
    heard_at: Instant,
    zone: Zone | None = None,
    notices: Sequence[BoardNotice] = (),
) -> Board | None:
    """The board at `now`; None while nothing is known of the hall.

    Args:
        scene: the day's calls to the windows of the zone.
        waits: expected waits by queue code, as the hall server predicts them.
        heard_at: when the hall was last heard of.
        zone: None for the whole hall.
        notices: those of the configuration whose files can be shown.
    """
    configuration = hall.configuration
    if configuration is None:
        return None
    size, listed = _listed(scene.calls, now)
    pages = -(-len(listed) // size)
    page = now // PAGE % pages if pages else 0
    line, panel = _turns(notices, zone, configuration, now)
    written, drawn = line.now(now), panel.now(now)
    return Board(
        name=configuration.name,
        zone=zone.name if zone else None,
        silent=zone is not None and zone.silent,
        timezone=configuration.timezone,
        phase=phase(configuration.hours, configuration.timezone, now),
        day_open=hall.is_open,
        cards=tuple(_card(turn, now) for turn in scene.stage.now(now)),
        calls=tuple(listed[page * size : (page + 1) * size]),
        list_size=size,
        page=page,
        pages=pages,
        queues=tuple(
            Row(
                letter=queue.letter,
                name=queue.name,
                waiting=len(hall.line(queue.code)),
                last=scene.last.get(queue.letter, ""),
                wait=waits.get(queue.code),
            )
            for queue in _queues(hall, configuration, zone)
        ),
        notice=written.text if written else None,
        picture=drawn.file if drawn else None,
        has_pictures=bool(panel.entries),
        stale_since=heard_at if now - heard_at > STALE_AFTER else None,
    )


def changes_at(
    hall: Hall,
    scene: Scene,
    now: Instant,
    *,
    heard_at: Instant,
    zone: Zone | None = None,
    notices: Sequence[BoardNotice] = (),
) -> Instant:
    """The next instant at which a board may change though nothing new is heard. Arguments as for `board`."""
    instants = list(scene.stage.changes(now))
    size, listed = _listed(scene.calls, now)
    if len(listed) > size:
        instants.append(now - now % PAGE + PAGE)
    recent = [call.at for call in listed if now - call.at < LISTED]
    if recent:
        instants.append(recent[-1] + LISTED)
    if now - heard_at <= STALE_AFTER:
        instants.append(heard_at + STALE_AFTER + 1)
    instants.append(now - now % MINUTE + MINUTE)  # opening hours begin and end on whole minutes
    if notices and hall.configuration is not None:
        turns = (turns.changes_at(now) for turns in _turns(notices, zone, hall.configuration, now))
        instants += [at for at in turns if at is not None]
        instants += schedule_changes(notices, hall.configuration.timezone, now)
    return min(instants)


def _turns(
    notices: Sequence[BoardNotice], zone: Zone | None, configuration: Configuration, now: Instant
) -> tuple[Turns, Turns]:
    due = scheduled(notices, zone.code if zone else None, configuration.timezone, now)
    return texts(due), pictures(due)


def _queues(hall: Hall, configuration: Configuration, zone: Zone | None) -> Sequence[Queue]:
    """The queues that the windows of a zone serve as their own."""
    if zone is None:
        return configuration.queues
    windows = (hall.windows.get(code) for code in zone.windows)
    own = {queue for window in windows if window for queue, delay in window.serves.items() if delay == 0}
    return [queue for queue in configuration.queues if queue.code in own]


def _listed(calls: Sequence[Call], now: Instant) -> tuple[int, list[Call]]:
    """The size of a page of the list, and the calls it must hold, newest first: each ticket with its last call."""
    newest: dict[str, Call] = {}
    for call in reversed(calls):
        if now - call.at >= LISTED and len(newest) >= LIST_SIZES[0]:
            break
        newest.setdefault(call.ticket, call)
    size = next((size for size in LIST_SIZES if size >= len(newest)), LIST_SIZES[-1])
    return size, list(newest.values())


def _card(turn: Turn | None, now: Instant) -> Card | None:
    if turn is None:
        return None
    call = turn.call
    return Card(label=call.label, window=call.window, rings=turn.rings, live=turn.is_live(now), again=call.again)
