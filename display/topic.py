"""One thing that screens show, such as a board or a ticket: its newest state, sent to all of them when it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from queue_server.domain.events import Instant
from queue_server.journal.replica import clock
from queue_server.serving import Audience

T = TypeVar("T")


class Topic(Generic[T]):
    """`shown` is what `make` made of it last; `version` grows with every change of it, over restarts too.

    `draw(shown, version, kind)` makes the HTML of one kind, such as a language, on one line: drawn once for each
    version, however many screens there are, and sent to them whole, so that none has to ask. `now`: the hall's time.
    """

    def __init__(
        self,
        make: Callable[[Instant], T],
        draw: Callable[[T, int, str], str],
        now: Callable[[], Instant],
        *,
        limit: int,
    ) -> None:
        self._make, self._draw, self._now = make, draw, now
        self._limit = limit
        self._audiences: dict[str, Audience] = {}
        self._drawings: dict[str, tuple[int, str]] = {}
        self.version = clock()
        self.shown = make(now())

    def __len__(self) -> int:
        """Screens that show it."""
        return sum(len(audience) for audience in self._audiences.values())

    def __bool__(self) -> bool:
        return True

    def look(self, now: Instant) -> bool:
        """Make it anew; whether it has changed, of which every screen has been told."""
        made = self._make(now)
        if made == self.shown:
            return False
        self.shown = made
        self.version += 1
        for kind, audience in self._audiences.items():
            if len(audience):
                audience.publish(self.version, self._event(kind))
        return True

    def drawing(self, kind: str) -> str:
        drawn = self._drawings.get(kind)
        if drawn is None or drawn[0] != self.version:
            drawn = self._drawings[kind] = self.version, self._draw(self.shown, self.version, kind)
        return drawn[1]

    def stream(self, environ: dict[str, Any], kind: str) -> Iterator[bytes]:
        """The body of a response that goes on: the drawing as it is, then whenever it changes. Empty: it is gone."""
        if kind not in self._audiences:
            self._audiences[kind] = Audience(self._limit)

        def read(version: int) -> tuple[bytes, int]:
            return (b"", version) if version == self.version else (self._event(kind), self.version)

        return self._audiences[kind].stream(environ, -1, read)

    def _event(self, kind: str) -> bytes:
        """Server-sent; `now` is a field of our own, the hall's time."""
        return f"id: {self.version}\nevent: drawing\nnow: {self._now()}\ndata: {self.drawing(kind)}\n\n".encode()

    def close(self) -> None:
        for audience in self._audiences.values():
            audience.close()
