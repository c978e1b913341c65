"""What a kiosk sees around itself at one moment: may tickets be taken, who waits, how long. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from queue_server.domain.calendar import Phase, day_of, local, periods, phase
from queue_server.domain.configuration import Configuration, Text
from queue_server.domain.events import Instant
from queue_server.domain.promise import MINUTE


class Machine(StrEnum):
    """Whether this machine can hand out paper. `UNASKED`: the printer has not been asked yet since the start."""

    READY = "ready"
    UNASKED = "unasked"
    OUT_OF_PAPER = "out-of-paper"
    PRINTER_FAULT = "printer-fault"
    STORAGE = "storage"
    OUT_OF_SERVICE = "out-of-service"
    """Somebody with the PIN has set it aside."""

    @property
    def prints(self) -> bool:
        """Whether paper may be expected of it."""
        return self not in (Machine.OUT_OF_PAPER, Machine.PRINTER_FAULT)


class Closed(StrEnum):
    """Why no ticket can be taken now."""

    HOLIDAY = "holiday"
    BEFORE = "before"
    AFTER = "after"
    NOT_OPEN = "not-open"
    OUT_OF_PAPER = "out-of-paper"
    PRINTER_FAULT = "printer-fault"
    STORAGE = "storage"
    OUT_OF_SERVICE = "out-of-service"


class Reader(StrEnum):
    """What the ID card reader last said. `NONE`: this kiosk has no reader, or it does not work now."""

    NONE = "none"
    PLACE = "place"
    KEEP_STILL = "keep-still"
    PLACE_AGAIN = "place-again"
    TAKE_CARD = "take-card"
    NOT_AN_ID_CARD = "not-an-id-card"
    ASK_STAFF = "ask-staff"


_MACHINE = {
    Machine.READY: None,
    Machine.UNASKED: None,
    Machine.OUT_OF_PAPER: Closed.OUT_OF_PAPER,
    Machine.PRINTER_FAULT: Closed.PRINTER_FAULT,
    Machine.STORAGE: Closed.STORAGE,
    Machine.OUT_OF_SERVICE: Closed.OUT_OF_SERVICE,
}


@dataclass(frozen=True, kw_only=True)
class QueueNow:
    """A queue as last heard of: people waiting, expected wait in minutes, the windows that call it. None: unknown.

    `waits`: the expected wait by class, of those that have one; `wait` is the ordinary one's. `full`: it has given out
    all the tickets it may today.
    """

    waiting: int | None = None
    wait: tuple[int, int] | None = None
    windows: tuple[str, ...] = ()
    full: bool = False
    waits: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What the hall's server has told. `fresh`: it is speaking now, so that this is how things are.

    `day` is the day the hall opened last, `is_open` whether that day is still open; None if never heard.
    """

    fresh: bool = False
    day: str | None = None
    is_open: bool = False
    configuration: Configuration | None = None
    queues: Mapping[str, QueueNow] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DeviceNow:
    """A device of this kiosk: `health` is its driver's word, `well` whether nothing need be done, `since` when."""

    name: str
    health: str
    well: bool
    since: Instant


@dataclass(frozen=True, kw_only=True)
class ServiceReport:
    """How the machine is, for whoever comes to mend it. `unsent`: facts the hall has not taken yet.

    `disk_free` in MB. `log`: the last lines, oldest first, nothing about residents in them.
    """

    version: str
    devices: tuple[DeviceNow, ...]
    unsent: int
    tickets_today: int
    disk_free: int
    log: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Everything outside itself that the flow and the screens depend on.

    `break_until` is set during a break between opening periods, `numbers_from` before the day's first tickets,
    `closing` (the day's last closing time) in the last minutes before it. `halls`: the city's other halls by code.
    `scanner`: codes can be read here now. `report` only while somebody services the machine.
    """

    configuration: Configuration
    now: Instant = 0
    queues: Mapping[str, QueueNow] = field(default_factory=dict)
    closed: Closed | None = None
    break_until: Instant | None = None
    numbers_from: Instant | None = None
    closing: Instant | None = None
    machine: Machine = Machine.READY
    connected: bool = True
    reader: Reader = Reader.NONE
    scanner: bool = False
    halls: Mapping[str, Text] = field(default_factory=dict)
    report: ServiceReport | None = None

    def queue(self, code: str) -> QueueNow:
        """What is known of a queue: nothing, if the hall has not spoken."""
        return self.queues.get(code) or QueueNow(windows=own_windows(self.configuration, code))


def own_windows(configuration: Configuration, queue: str) -> tuple[str, ...]:
    """The windows configured to serve the queue as their own."""
    return tuple(
        window.code
        for window in configuration.windows
        if any(serves.queue == queue and not serves.helper_after for serves in window.serves)
    )


def look(own: Configuration, heard: Heard, machine: Machine, at: Instant) -> Surroundings:
    """The surroundings at instant `at`. `own` is the kiosk's own file, used until the hall has told its own."""
    configuration = heard.configuration or own
    hours, zone = configuration.hours, configuration.timezone
    day = day_of(zone, at)
    now = phase(hours, zone, at)
    spans = periods(hours, zone, day)
    early = configuration.rules.early_minutes * MINUTE
    last = configuration.rules.last_minutes * MINUTE
    return Surroundings(
        configuration=configuration,
        now=at,
        queues=heard.queues if heard.fresh and heard.day == day else {},
        closed=_closed(now, phase(hours, zone, at + early), heard, day) or _MACHINE[machine],
        break_until=next((opens for opens, _ in spans if opens > at), None) if now is Phase.BREAK else None,
        numbers_from=spans[0][0] - early if now is Phase.BEFORE else None,
        closing=spans[-1][1] if spans and spans[-1][1] - last <= at < spans[-1][1] else None,
        machine=machine,
        connected=heard.fresh,
    )


def _closed(now: Phase, soon: Phase, heard: Heard, day: str) -> Closed | None:
    """The hall's hours (the rule of `domain.decide`: from a little before opening until closing), then its word."""
    if now is Phase.HOLIDAY:
        return Closed.HOLIDAY
    if now is Phase.AFTER:
        return Closed.AFTER
    if soon is Phase.BEFORE:
        return Closed.BEFORE
    if heard.day == day and not heard.is_open:  # closed for today: a kiosk that is cut off knows it too
        return Closed.AFTER
    if heard.fresh and heard.day != day:
        return Closed.NOT_OPEN
    return None


def clock(configuration: Configuration, at: Instant) -> str:
    """Wall-clock time in the hall's time zone, `9:05`."""
    moment = local(configuration.timezone, at)
    return f"{moment.hour}:{moment.minute:02d}"
