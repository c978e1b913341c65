"""What a hall is set up to be: queues, services, windows, classes, hours, rules.

A configuration is a fact of the journal (`DayOpened` and `ConfigurationApplied` carry it), so the past keeps
the configuration it had. `queue_server.config` reads it from YAML and checks it; here it is only values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar


class Value:
    """A value read from a file: a field it does not have is a mistake, not something to pass over.

    Read by pydantic where it checks such a value; the domain itself needs no pydantic.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


ORDINARY = "ordinary"
APPOINTMENT = "appointment"


@dataclass(frozen=True, kw_only=True)
class Text(Value):
    """Words shown to people, in each language the product speaks."""

    zh: str
    en: str = ""


@dataclass(frozen=True, kw_only=True)
class Disclosures(Value):
    """The seven things every service must disclose (七公开)."""

    basis: str
    conditions: str
    materials: tuple[str, ...]
    process: tuple[str, ...]
    time_limit: str
    completion: str
    fee: str


@dataclass(frozen=True, kw_only=True)
class Service(Value):
    """What a resident comes for (事项). `minutes` and `spread` (coefficient of variation): how long it takes.

    `closed`: why it cannot be had in this hall now. `keywords`: everyday words it is searched by.
    """

    code: str
    name: Text
    queue: str
    minutes: float
    spread: float
    department: str = ""
    kind: str = ""
    assist: str = ""
    disclosures: Disclosures | None = None
    closed: Text | None = None
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Queue(Value):
    """A lettered waiting line that owns a number series. `targets`: promised minutes for a class, over its default.

    `limit`: tickets a day at most.
    """

    code: str
    letter: str
    name: Text
    minutes: float
    spread: float
    targets: dict[str, float] = field(default_factory=dict)
    visitors_per_day: int = 0
    limit: int | None = None


@dataclass(frozen=True, kw_only=True)
class ResidentClass(Value):
    """A class of residents named by law or hall. A `strict` class is sorted before all others.

    `declared`: a resident may say so at a kiosk. `from_age`: completed years from which an ID card offers it.
    """

    code: str
    name: Text
    target_minutes: float
    strict: bool = False
    evidence: str = ""
    declared: bool = True
    from_age: int | None = None


@dataclass(frozen=True, kw_only=True)
class Serves(Value):
    """A queue a window serves: as its own (`helper_after` 0) or as a helper, `helper_after` minutes later."""

    queue: str
    helper_after: float = 0


@dataclass(frozen=True, kw_only=True)
class PlannedBreak(Value):
    """When a window is away every day, local wall-clock times `HH:MM`."""

    begins: str
    ends: str


@dataclass(frozen=True, kw_only=True)
class WindowSetup(Value):
    """A window as configured: its number and the queues it serves at the start of the day.

    `duty` and `staff`: who sits there as its sign says it, such as 社保经办 and 工号 017. No names need be given.
    `skills`: the queues they can serve, to which recommendations keep; none given: all. `breaks`: when they are away.
    """

    code: str
    name: Text
    serves: tuple[Serves, ...]
    duty: Text | None = None
    staff: str = ""
    skills: tuple[str, ...] = ()
    breaks: tuple[PlannedBreak, ...] = ()

    def can_serve(self, queue: str) -> bool:
        return not self.skills or queue in self.skills


@dataclass(frozen=True, kw_only=True)
class KioskSetup(Value):
    """A kiosk. `slot` (1 …) names its share of the reserve numbers and must never be reused for another machine."""

    code: str
    slot: int


@dataclass(frozen=True, kw_only=True)
class Opening(Value):
    """One opening period of a day, local wall-clock times `HH:MM`."""

    opens: str
    closes: str


@dataclass(frozen=True, kw_only=True)
class Hours(Value):
    """When a hall is open. `weekdays`: 1 Monday … 7 Sunday. Dates are ISO; `workdays`: weekend days worked (调休)."""

    periods: tuple[Opening, ...]
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5)
    holidays: tuple[str, ...] = ()
    workdays: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Numbering(Value):
    """Number series: from 1; kiosks that are cut off use `reserve`, then `overflow`, each split into `slots` shares."""

    reserve: tuple[int, int] = (901, 999)
    overflow: tuple[int, int] = (9001, 9900)
    slots: int = 9


@dataclass(frozen=True, kw_only=True)
class Rules(Value):
    """Values of the hall's rules. Units are in the names."""

    recall_limit: int = 3
    recall_interval_seconds: int = 15
    restore_limit: int = 1
    restore_place: int = 3
    park_minutes: float = 10
    early_minutes: int = 30
    """Before opening, tickets are taken already."""
    late_minutes: int = 30
    """After its slot, an appointment still counts."""
    last_minutes: int = 30
    """Before closing, residents are warned that they may not be served today."""


@dataclass(frozen=True, kw_only=True)
class Advice(Value):
    """Limits of what may be recommended to the manager: it must be small enough to be understood and undone."""

    queues_per_window: int = 3
    windows_per_queue: int = 1
    moves: int = 4
    """Windows that one recommendation changes at most."""
    settles_minutes: float = 2
    """What a window loses when it is given other queues: papers, log-ins, its sign."""
    good_for_minutes: int = 20
    """Later than this after it was computed it is not applied: the lines are others by then."""


@dataclass(frozen=True, kw_only=True)
class HallNotice(Value):
    """One notice of the hall's board (公示栏)."""

    title: Text
    text: Text


@dataclass(frozen=True, kw_only=True)
class Agent(Value):
    """Somebody who goes errands for residents (代办员): for what, and where to be found."""

    name: str
    duty: Text
    phone: str
    whereabouts: Text


@dataclass(frozen=True, kw_only=True)
class About(Value):
    """What a hall says about itself: where it is, how it works, what it announces, who helps."""

    address: Text | None = None
    phone: str = ""
    instructions: tuple[Text, ...] = ()
    notices: tuple[HallNotice, ...] = ()
    agents: tuple[Agent, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Terms(Value):
    """The policy's own phrases: what the seven disclosures are called, and what is said under a list of materials."""

    basis: Text
    conditions: Text
    materials: Text
    process: Text
    time_limit: Text
    completion: Text
    fee: Text
    one_time_notice: Text
    """The sentence under a printed list of materials (一次性告知)."""


@dataclass(frozen=True, kw_only=True)
class ZoneVoice(Value):
    """How a zone is spoken to. No language: not at all. `display.announcer.Policy` says what each value does."""

    languages: tuple[str, ...] = ("zh", "en")
    readings: int = 2
    too_old_seconds: float = 45
    joined: int = 3
    far_behind: int = 6
    plain_one: bool = False
    """1 is read 一 and not 幺."""


@dataclass(frozen=True, kw_only=True)
class Zone(Value):
    """A part of the hall with boards and a voice of its own, and the windows in it.

    `silent`: nothing is said there; signs and phones call, and boards if any hang there.
    """

    code: str
    name: Text
    windows: tuple[str, ...]
    silent: bool = False
    voice: ZoneVoice = field(default_factory=ZoneVoice)


@dataclass(frozen=True, kw_only=True)
class BoardNotice(Value):
    """Something boards show beside the calls: a line of text, or a picture or video by its file's name.

    `since`, `until`: first and last day, ISO; `hours`: the time of day; `weekdays` 1 Monday … 7 Sunday. `zones`: only
    there (none named: everywhere). `seconds`: how long at a time.
    """

    text: Text | None = None
    file: str | None = None
    since: str | None = None
    until: str | None = None
    hours: Opening | None = None
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    zones: tuple[str, ...] = ()
    seconds: float = 10


@dataclass(frozen=True, kw_only=True)
class Configuration(Value):
    """One hall, whole. Codes are unique within their list and every reference resolves (checked by `config`).

    `frequent`: codes of the services offered first. `terms` is None only in journals from before there were any.
    """

    hall: str
    name: Text
    kind: str
    timezone: str
    hours: Hours
    queues: tuple[Queue, ...]
    services: tuple[Service, ...]
    windows: tuple[WindowSetup, ...]
    kiosks: tuple[KioskSetup, ...] = ()
    classes: tuple[ResidentClass, ...] = ()
    numbering: Numbering = field(default_factory=Numbering)
    rules: Rules = field(default_factory=Rules)
    advice: Advice = field(default_factory=Advice)
    about: About = field(default_factory=About)
    terms: Terms | None = None
    frequent: tuple[str, ...] = ()
    zones: tuple[Zone, ...] = ()
    board_notices: tuple[BoardNotice, ...] = ()

    @cached_property
    def queue(self) -> dict[str, Queue]:
        return {queue.code: queue for queue in self.queues}

    @cached_property
    def service(self) -> dict[str, Service]:
        return {service.code: service for service in self.services}

    @cached_property
    def window(self) -> dict[str, WindowSetup]:
        return {window.code: window for window in self.windows}

    @cached_property
    def zone(self) -> dict[str, Zone]:
        return {zone.code: zone for zone in self.zones}

    @cached_property
    def kiosk(self) -> dict[str, KioskSetup]:
        return {kiosk.code: kiosk for kiosk in self.kiosks}

    @property
    def declarable(self) -> tuple[ResidentClass, ...]:
        """The classes a resident may declare at a kiosk, in the order of the file."""
        return tuple(klass for klass in self.classes if klass.declared and klass.code not in {ORDINARY, APPOINTMENT})

    @cached_property
    def resident_class(self) -> dict[str, ResidentClass]:
        return {klass.code: klass for klass in self.classes}
