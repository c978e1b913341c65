"""The YAML of a city: read, checked, and turned into each hall's `Configuration`.

Mistakes are reported with file, line and field, all of them at once: first those of form, then those of sense.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from math import inf
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import TypeAdapter, ValidationError

from queue_server.config.appearance import AppearanceSetup, appearance_wrong
from queue_server.config.devices import HallDevices, devices_wrong
from queue_server.config.devices import PrinterSetup as PrinterSetup
from queue_server.config.names import hall_name, name_wrong, templates_wrong
from queue_server.config.screens import is_clock, screens_wrong
from queue_server.config.staffing import staffing_wrong
from queue_server.domain.configuration import (
    APPOINTMENT,
    ORDINARY,
    About,
    Advice,
    BoardNotice,
    Configuration,
    Disclosures,
    Hours,
    KioskSetup,
    Numbering,
    Opening,
    Queue,
    ResidentClass,
    Rules,
    Service,
    Terms,
    Text,
    Value,
    WindowSetup,
    Zone,
)
from queue_server.domain.numbering import LAST

Path_ = tuple[str | int, ...]
PRINTED = re.compile("[A-Za-z0-9-]{1,12}")
"""Codes that stand in the QR codes of tickets and appointments (`domain.codes`), which have room for four of these."""

DECIDE_THEMSELVES = frozenset({"city_hall", "sub_centre", "trading_centre"})
"""Kinds of halls whose windows decide: 即办, 代办, 咨办 say what the centres below them do about a service."""


class ConfigurationError(Exception):
    """The file cannot be used. `str()` is one line for each mistake: `file:line: field: what is wrong`."""


@dataclass(frozen=True, kw_only=True)
class ServiceFile(Value):
    """A service of the city's catalogue; which queue it belongs to is each hall's own matter."""

    name: Text
    minutes: float
    spread: float
    department: str = ""
    kind: str = ""
    assist: str = ""
    disclosures: Disclosures | None = None
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class HallFile(HallDevices):
    """A hall of the city. `closed`: which of its services cannot be had now, and why.

    `place`: what fills the name template of its kind (`City.name_templates`); `name` if there is none.
    `appearance`: how its kiosks look, where that is not as the city says.
    """

    code: str
    kind: str
    hours: Hours
    queues: tuple[Queue, ...]
    services: dict[str, str]
    windows: tuple[WindowSetup, ...]
    name: Text | None = None
    place: Text | None = None
    timezone: str = "Asia/Shanghai"
    numbering: Numbering = field(default_factory=Numbering)
    rules: Rules = field(default_factory=Rules)
    advice: Advice = field(default_factory=Advice)
    about: About = field(default_factory=About)
    closed: dict[str, Text] = field(default_factory=dict)
    frequent: tuple[str, ...] = ()
    appearance: AppearanceSetup | None = None
    zones: tuple[Zone, ...] = ()
    board_notices: tuple[BoardNotice, ...] = ()


@dataclass(frozen=True, kw_only=True)
class City(Value):
    """A whole city as configured. `name_templates`: how halls of a kind are called, with a place for {place}."""

    name: Text
    terms: Terms
    classes: tuple[ResidentClass, ...]
    services: dict[str, ServiceFile]
    halls: tuple[HallFile, ...]
    appearance: AppearanceSetup = field(default_factory=AppearanceSetup)
    name_templates: dict[str, Text] = field(default_factory=dict)
    file: str = field(default="", init=False)

    def configuration(self, hall: str) -> Configuration:
        """One hall's configuration.

        Raises:
            ConfigurationError: there is no such hall.
        """
        file = self.hall(hall)
        return Configuration(
            hall=file.code, name=hall_name(file.name, file.place, self.name_templates.get(file.kind)),
            kind=file.kind, timezone=file.timezone, hours=file.hours,
            queues=file.queues, windows=file.windows, classes=self.classes, numbering=file.numbering, rules=file.rules,
            kiosks=tuple(KioskSetup(code=k.code, slot=k.slot) for k in file.kiosks),
            services=tuple(
                self._service(code, queue, file) for code, queue in file.services.items()
            ),
            about=file.about, terms=self.terms, frequent=file.frequent, zones=file.zones,
            board_notices=file.board_notices, advice=file.advice,
        )  # fmt: skip

    def _service(self, code: str, queue: str, hall: HallFile) -> Service:
        """A service as this hall has it: whoever decides it needs no agent and gives no advice in its stead."""
        known = vars(self.services[code])
        assist = "" if hall.kind in DECIDE_THEMSELVES else self.services[code].assist
        return Service(code=code, queue=queue, closed=hall.closed.get(code), **{**known, "assist": assist})

    def hall(self, code: str) -> HallFile:
        for hall in self.halls:
            if hall.code == code:
                return hall
        raise ConfigurationError(f"{self.file}: there is no hall {code!r}; it has {[h.code for h in self.halls]}")


_CITY = TypeAdapter(City)
_IN_PLAIN_WORDS = {
    "missing": "is missing",
    "unexpected_keyword_argument": "there is no such field",
    "string_type": 'must be text; put it in quotes, as in "08:30"',
    "dataclass_type": "must be a set of fields",
}
ALWAYS_OPEN = Hours(periods=(Opening(opens="00:00", closes="24:00"),), weekdays=(1, 2, 3, 4, 5, 6, 7))


def always_open(configuration: Configuration) -> Configuration:
    """The same hall without closing times, so that a demo or a test runs at any hour."""
    return replace(configuration, hours=ALWAYS_OPEN)


def load(path: Path) -> City:
    """Read and check a city's file.

    Raises:
        ConfigurationError: it cannot be read or used; with every mistake found.
    """
    try:
        text = path.read_text(encoding="utf-8")
        loader = yaml.CSafeLoader(text)  # the safe loader, in C
        node = loader.get_single_node()
        content = loader.construct_document(node) if node else None
        repeated = list(_repeated_keys(node, ())) if node else []
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line if mark else text.count("\n", 0, getattr(error, "position", 0))
        problem = getattr(error, "problem", None) or getattr(error, "reason", error)
        raise ConfigurationError(f"{path}:{line + 1}: not YAML: {problem}") from error
    except RecursionError as error:
        raise ConfigurationError(f"{path}: an alias contains itself") from error
    mistakes: list[tuple[Path_, str]] = repeated
    city: City | None = None
    try:
        city = _CITY.validate_python(content)
    except ValidationError as error:
        mistakes += [(tuple(e["loc"]), _IN_PLAIN_WORDS.get(e["type"], e["msg"])) for e in error.errors()]
    if city is not None:
        mistakes += _unresolved(city)
    if mistakes or city is None:
        raise ConfigurationError("\n".join(f"{path}:{_line(node, loc)}: {_field(loc)}: {msg}" for loc, msg in mistakes))
    object.__setattr__(city, "file", str(path))
    return city


def _repeated_keys(node: yaml.Node, loc: Path_) -> Iterator[tuple[Path_, str]]:
    """YAML lets a later key silently replace an earlier one; in a configuration that is always a mistake."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield (*loc, key.value), "this field is given twice"
            seen.add(key.value)
            yield from _repeated_keys(value, (*loc, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _repeated_keys(value, (*loc, index))


def _line(node: yaml.Node | None, loc: Path_) -> int:
    """The line of the deepest part of `loc` that the file has."""
    line = 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
            if not found:
                break
            key, node = found[-1]
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _field(loc: Path_) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".") or "the file"


def _unresolved(city: City) -> Iterator[tuple[Path_, str]]:
    """References that lead nowhere, and values that make no sense, alone or together."""
    yield from _negative(city, ())
    yield from _unprintable(city)
    yield from _twice(("classes",), [c.code for c in city.classes])
    yield from _twice(("halls",), [h.code for h in city.halls])
    missing = {ORDINARY, APPOINTMENT} - {c.code for c in city.classes}
    if missing:
        yield ("classes",), f"the classes {sorted(missing)} must exist"
    plain = [kiosk for hall in city.halls if hall.appearance is None for kiosk in hall.kiosks]
    for field_, message in appearance_wrong(city.appearance, plain):
        yield ("appearance", *field_), message
    classes = {c.code for c in city.classes}
    for where, message in templates_wrong(city.name_templates, frozenset(hall.kind for hall in city.halls)):
        yield ("name_templates", *where), message
    for index, hall in enumerate(city.halls):
        for where, message in name_wrong(hall.name, hall.place, city.name_templates.get(hall.kind)):
            yield ("halls", index, *where), message
        for loc, message in _hall_unresolved(city, hall, classes):
            yield ("halls", index, *loc), message


def _unprintable(city: City) -> Iterator[tuple[Path_, str]]:
    printed: list[tuple[Path_, str]] = [(("classes", c, "code"), klass.code) for c, klass in enumerate(city.classes)]
    printed += [(("services", code), code) for code in city.services]
    for h, hall in enumerate(city.halls):
        printed += [(("halls", h, "code"), hall.code)]
        printed += [(("halls", h, "kiosks", k, "code"), kiosk.code) for k, kiosk in enumerate(hall.kiosks)]
    for loc, code in printed:
        if not PRINTED.fullmatch(code):
            yield loc, f"{code!r} is printed in codes, so it must be 1 … 12 letters A-Z a-z, digits or -"


def _hall_unresolved(city: City, hall: HallFile, classes: set[str]) -> Iterator[tuple[Path_, str]]:
    for name, codes in (
        ("queues", [q.code for q in hall.queues]),
        ("windows", [w.code for w in hall.windows]),
        ("kiosks", [k.code for k in hall.kiosks]),
        ("zones", [z.code for z in hall.zones]),
    ):
        yield from _twice((name,), codes)
    yield from _twice(("queues",), [q.letter for q in hall.queues])
    queues = {q.code for q in hall.queues}
    for service, queue in hall.services.items():
        if service not in city.services:
            yield ("services", service), "the city's services do not have it"
        if queue not in queues:
            yield ("services", service), f"there is no queue {queue!r} in this hall"
    yield from _twice(("frequent",), list(hall.frequent))
    for f, service in enumerate(hall.frequent):
        if service not in hall.services:
            yield ("frequent", f), f"there is no service {service!r} in this hall"
    for service in hall.closed:
        if service not in hall.services:
            yield ("closed", service), f"there is no service {service!r} in this hall"
    yield from staffing_wrong(hall.windows, hall.advice, queues)
    for q, queue_ in enumerate(hall.queues):
        if not (len(queue_.letter) == 1 and "A" <= queue_.letter <= "Z"):
            yield ("queues", q, "letter"), "must be one capital letter A … Z"
        for klass in queue_.targets.keys() - classes:
            yield ("queues", q, "targets", klass), f"there is no class {klass!r}"
    (reserve, reserve_end), (overflow, overflow_end) = hall.numbering.reserve, hall.numbering.overflow
    if not 1 <= reserve <= reserve_end < overflow <= overflow_end <= LAST:
        yield ("numbering",), f"reserve and overflow must be two ranges within 1 … {LAST}, one after the other"
    slots = [k.slot for k in hall.kiosks]
    for k, slot in enumerate(slots):
        if not 1 <= slot <= hall.numbering.slots:
            yield ("kiosks", k, "slot"), f"must be 1 … {hall.numbering.slots}"
        elif slot in slots[:k]:
            yield ("kiosks", k, "slot"), f"slot {slot} belongs to another kiosk; two would print the same numbers"
    yield from devices_wrong(hall, [w.code for w in hall.windows], [z.code for z in hall.zones])
    yield from screens_wrong(hall.zones, hall.board_notices, [w.code for w in hall.windows])
    yield from _hours_wrong(hall)
    for field_, message in appearance_wrong(hall.appearance, hall.kiosks):
        yield ("appearance", *field_), message


def _negative(value: object, loc: Path_) -> Iterator[tuple[Path_, str]]:
    """Every quantity of a configuration is a count, a duration or a place: none is negative or without end."""
    if isinstance(value, int | float) and not 0 <= value < inf:
        yield loc, "must be a number from 0 up"
    elif isinstance(value, Value | dict):
        for name, within in (value if isinstance(value, dict) else vars(value)).items():
            yield from _negative(within, (*loc, name))
    elif isinstance(value, tuple):
        for index, within in enumerate(value):
            yield from _negative(within, (*loc, index))


def _hours_wrong(hall: HallFile) -> Iterator[tuple[Path_, str]]:
    try:
        ZoneInfo(hall.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, such as Asia
        yield ("timezone",), f"there is no time zone {hall.timezone!r}"
    last = ""
    if not hall.hours.periods:
        yield ("hours", "periods"), "at least one opening period is needed"
    for p, period in enumerate(hall.hours.periods):
        for name, clock in (("opens", period.opens), ("closes", period.closes)):
            if not is_clock(clock):
                yield ("hours", "periods", p, name), f'{clock!r} is not a time of day like "08:30"'
        if not last <= period.opens < period.closes:
            yield ("hours", "periods", p), "periods must follow each other and end after they begin"
        last = period.closes
    for weekday in hall.hours.weekdays:
        if not 1 <= weekday <= 7:
            yield ("hours", "weekdays"), f"{weekday} is not a day 1 (Monday) … 7 (Sunday)"
    for name in ("holidays", "workdays"):
        for d, day in enumerate(getattr(hall.hours, name)):
            if not _is_date(day):
                yield ("hours", name, d), f'{day!r} is not a date like "2026-10-01"'


def _is_date(day: str) -> bool:
    try:
        return date.fromisoformat(day).isoformat() == day  # "20261001" would be a date, but never this day's name
    except ValueError:
        return False


def _twice(loc: Path_, codes: list[str]) -> Iterator[tuple[Path_, str]]:
    for index, code in enumerate(codes):
        if code in codes[:index]:
            yield (*loc, index), f"{code!r} is used twice"


def as_plain(value: Any) -> Any:
    """A configuration value as plain lists and dictionaries."""
    return TypeAdapter(type(value)).dump_python(value, mode="json")
