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
    """What a resident comes for (事项). `minutes` and `spread` (coefficient of variation): how long it takes."""

    code: str
    name: Text
    queue: str
    minutes: float
    spread: float
    department: str = ""
    kind: str = ""
    assist: str = ""
    disclosures: Disclosures | None = None


@dataclass(frozen=True, kw_only=True)
class Queue(Value):
    """A lettered waiting line that owns a number series. `targets`: promised minutes for a class, over its default."""

    code: str
    letter: str
    name: Text
    minutes: float
    spread: float
    targets: dict[str, float] = field(default_factory=dict)
    visitors_per_day: int = 0


@dataclass(frozen=True, kw_only=True)
class ResidentClass(Value):
    """A class of residents named by law or hall. A `strict` class is sorted before all others."""

    code: str
    name: Text
    target_minutes: float
    strict: bool = False
    evidence: str = ""


@dataclass(frozen=True, kw_only=True)
class Serves(Value):
    """A queue a window serves: as its own (`helper_after` 0) or as a helper, `helper_after` minutes later."""

    queue: str
    helper_after: float = 0


@dataclass(frozen=True, kw_only=True)
class WindowSetup(Value):
    """A window as configured: its number and the queues it serves at the start of the day."""

    code: str
    name: Text
    serves: tuple[Serves, ...]


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


@dataclass(frozen=True, kw_only=True)
class Configuration(Value):
    """One hall, whole. Codes are unique within their list and every reference resolves (checked by `config`)."""

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
    def kiosk(self) -> dict[str, KioskSetup]:
        return {kiosk.code: kiosk for kiosk in self.kiosks}

    @cached_property
    def resident_class(self) -> dict[str, ResidentClass]:
        return {klass.code: klass for klass in self.classes}
