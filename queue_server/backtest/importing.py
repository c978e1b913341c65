"""What `bianmin import` does: the log of an old system becomes days a hall learns from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from queue_server.backtest.reading import LogError, read
from queue_server.domain.configuration import Configuration
from queue_server.forecast.history import Imported, import_log
from queue_server.forecast.learned import learn
from queue_server.forecast.log import Log
from queue_server.forecaster.imported import ENOUGH, keep


@dataclass(frozen=True, kw_only=True)
class Told:
    """What to tell who imported: on the screen, and as warnings."""

    lines: tuple[str, ...]
    warnings: tuple[str, ...]


def bring_in(file: Path, configuration: Configuration, data: Path, *, of: str | None, skip_bad: bool) -> Told:
    """Keep the days of a log in the hall's data folder.

    Raises:
        LogError: the log cannot be used; the text names file and row and says what to do.
        OSError: a file cannot be read or written.
    """
    found = read(file, skip_bad=skip_bad)
    imported = import_log(found.log, configuration, _hall_of(found.log, configuration, of, file))
    if not imported.days:
        raise LogError(
            f"{file}: no ticket of a queue that hall {configuration.hall} has, so nothing was imported.\n"
            + "\n".join(_unknown(imported, configuration))
        )
    where = keep(data, configuration.hall, file, imported)
    warnings = [f"left out: {line}" for line in found.bad]
    return Told(
        lines=(*_learned(imported, configuration), f"kept in {where}"),
        warnings=(*warnings, *_unknown(imported, configuration)),
    )


def _hall_of(log: Log, configuration: Configuration, of: str | None, file: Path) -> str | None:
    """Which of the log's halls is meant; None: it has one only."""
    names = (configuration.hall, configuration.name.zh, configuration.name.en)
    wanted = of or next((name for name in names if name in log.halls), None)
    if wanted in log.halls or (of is None and len(log.halls) == 1):
        return wanted
    raise LogError(
        f"{file}: its column `hall` says {', '.join(log.halls)}. Say which of them is {configuration.hall}: --of NAME."
    )


def _learned(imported: Imported, configuration: Configuration) -> Iterator[str]:
    days = imported.days
    issued = sum(int(counts.sum()) for day in days for counts in day.arrivals.values())
    timed = sum(len(day.cycles) for day in days)
    yield f"{len(days)} days, {days[0].day} … {days[-1].day}: {issued} tickets, {timed} of them with their duration"
    minutes = learn(configuration, days).durations.mean()
    per_day = {
        queue.code: np.mean([sum(c.sum() for (q, _), c in day.arrivals.items() if q == queue.code) for day in days])
        for queue in configuration.queues
    }
    for queue, mean in zip(configuration.queues, minutes.tolist(), strict=True):
        if per_day[queue.code]:
            how = (
                f"{mean:.1f} minutes a ticket" if timed else f"still the configured {queue.minutes:g} minutes a ticket"
            )
            yield f"  {queue.letter} {queue.name.zh}: {per_day[queue.code]:.0f} tickets a day, {how}"
    if not timed:
        yield "Without finished_at and window nothing is learned about how long services take: minutes as configured."
    yield f"It is learned from until the hall has {ENOUGH} days of its own."


def _unknown(imported: Imported, configuration: Configuration) -> Iterator[str]:
    """What the log names and the hall does not have."""
    if imported.unknown_queues:
        known = "、".join(f"{queue.code} ({queue.name.zh})" for queue in configuration.queues)
        yield (
            f"unknown queues, nothing is learned from them: {'、'.join(imported.unknown_queues)}\n"
            f"  name them in the file as this hall does, by code or by name, and import it again: {known}"
        )
    if imported.unknown_classes:
        known = "、".join(f"{klass.code} ({klass.name.zh})" for klass in configuration.classes)
        yield (f"unknown classes, taken for ordinary: {'、'.join(imported.unknown_classes)}\n  this hall has {known}")
