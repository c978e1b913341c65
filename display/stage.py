"""The big area of a board: which call stands in which place, and from when.

A fold of the calls of a day, in the hall's own time, so that two boards side by side agree and a board that was
off shows what it would have shown. Places are fixed: a card never moves under the eyes of a person reading it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from queue_server.domain.events import Instant

TURN = 9_000
"""Ms a call keeps its place whatever the rate: the 8 s that are promised, and one for news that came late."""

HOLD = 20_000
"""Ms a call is marked as being called, if no other needs the place."""

SIZES = (4, 8, 12, 21)
"""How many cards the area can be divided into; the fewest that hold what is being called are used."""

PLACES = SIZES[-1]


@dataclass(frozen=True, kw_only=True)
class Call:
    """A ticket called (or called `again`) to a window."""

    ticket: str
    label: str
    window: str
    at: Instant
    again: bool = False


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A call in a place: on screen from `start`, called for (it flashes) from `rings`."""

    call: Call
    start: Instant
    rings: Instant

    @property
    def ends(self) -> Instant:
        """From when another call may take the place."""
        return self.rings + TURN

    def is_live(self, now: Instant) -> bool:
        return now < self.rings + HOLD


class Stage:
    """The places and who has them. Fed with calls in the order they happened."""

    def __init__(self) -> None:
        self._places: list[list[Turn]] = [[] for _ in range(PLACES)]

    def call(self, call: Call) -> None:
        """Give a call its place: its own again if it still has one, else a free one, else the first to come free."""
        place = self._own(call)
        if place is not None:
            mine = self._places[place][-1]
            self._places[place][-1] = replace(mine, call=call, rings=max(call.at, mine.start))
            return
        place = self._free(call.at)
        start = call.at
        if place is None:
            place = min(range(PLACES), key=lambda place: self._places[place][-1].ends)
            start = max(call.at, self._places[place][-1].ends)
        self._places[place] = [*_since(self._places[place], call.at), Turn(call=call, start=start, rings=start)]

    def now(self, now: Instant) -> tuple[Turn | None, ...]:
        """Who stands in each place of the area at `now`; its length is one of SIZES."""
        standing = [_standing(turns, now) for turns in self._places]
        live = [place for place, turn in enumerate(standing) if turn and turn.is_live(now)]
        size = next(size for size in SIZES if size > max(live, default=0))
        return tuple(standing[:size])

    def changes(self, now: Instant) -> Iterator[Instant]:
        """The instants after `now` at which the area will change though nothing new happens."""
        for turns in self._places:
            for turn in turns:
                yield from (instant for instant in (turn.start, turn.rings + HOLD) if instant > now)

    def _own(self, call: Call) -> int | None:
        """Where the same ticket stands, or is to stand next."""
        for place, turns in enumerate(self._places):
            mine = bool(turns) and turns[-1].call.ticket == call.ticket
            if mine and (turns[-1].start > call.at or place < len(self.now(call.at))):
                return place
        return None

    def _free(self, at: Instant) -> int | None:
        """The place longest unused in the smallest area that has one nobody is being called in; None if all are."""
        for size in SIZES:
            free = [place for place in range(size) if not any(turn.is_live(at) for turn in self._places[place][-1:])]
            if free:
                return min(free, key=lambda place: self._places[place][-1].rings if self._places[place] else 0)
        return None


class Scene:
    """What a board is made from: the calls of its windows in the order they happened, and the places they took."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.stage = Stage()
        self.last: dict[str, str] = {}
        """The label called last, by its letter."""

    def call(self, call: Call) -> None:
        self.calls.append(call)
        self.stage.call(call)
        self.last[call.label.rstrip("0123456789")] = call.label


def _standing(turns: list[Turn], now: Instant) -> Turn | None:
    return next((turn for turn in reversed(turns) if turn.start <= now), None)


def _since(turns: list[Turn], at: Instant) -> list[Turn]:
    """The turns that are not over at `at`."""
    standing = _standing(turns, at)
    return [turn for turn in turns if turn is standing or turn.start > at]
