"""What `bianmin backtest` does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from queue_server.backtest.reading import LogError, read
from queue_server.backtest.report import early_tickets, results, table
from queue_server.backtest.simulated import Trial, walk_simulated
from queue_server.forecast.log import Log
from queue_server.forecast.rows import describe
from queue_server.forecast.walk import walk

Say = Callable[[str], None]


def run(
    file: Path | None, *, start: str | None, out: Path | None, skip_bad: bool, seed: int, say: Say, warn: Say
) -> None:
    """Judge the predictors on a log, or on the simulated city hall if there is no `file`.

    Raises:
        LogError: the log cannot be used; the text says what to do.
        OSError: a file cannot be read or written.
    """
    figures = _simulated(seed, say) if file is None else _recorded(file, start, skip_bad, say, warn)
    for line in (*table(figures), *early_tickets(figures)):
        say(line)
    if out is not None:
        out.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _recorded(file: Path, start: str | None, skip_bad: bool, say: Say, warn: Say) -> dict[str, Any]:
    found = read(file, skip_bad=skip_bad)
    first = first_day(found.log, start)
    for line in found.bad:
        warn(f"left out: {line}")
    log = found.log
    say(
        f"{len(log)} tickets, {len(log.lines)} queues, {len(log.halls)} halls;"
        f" learned {log.days[0]} … {log.days[first - 1]}, judged {log.days[first]} … {log.days[-1]}"
    )
    return {"file": file.name, "bad_rows": len(found.bad)} | results(
        log, first, list(walk(log, first)), np.isfinite(describe(log).last_wait)
    )


def _simulated(seed: int, say: Say) -> dict[str, Any]:
    trial = Trial(seed=seed)
    say(
        f"simulated city hall {seed}: {trial.windows} windows, {trial.visitors} visitors a day, {trial.queues} queues;"
        f" {trial.first} days learned, {trial.days - trial.first} judged on a sample of tickets; a few minutes"
    )
    log, judged = walk_simulated(trial)
    return {"file": None, "seed": seed} | results(log, trial.first, judged, np.ones(len(log), bool))


def first_day(log: Log, start: str | None) -> int:
    """The index of the first day to judge.

    Raises:
        LogError: it is no date, or it leaves no day to learn from or none to judge.
    """
    if start is None:
        first = len(log.days) - max(1, round(len(log.days) / 3))
    else:
        try:
            date.fromisoformat(start)
        except ValueError as error:
            raise LogError(f"--test-from {start}: not a date; write it like 2020-01-08.") from error
        first = sum(day < start for day in log.days)
    span = f"the file has {len(log.days)} days, {log.days[0]} … {log.days[-1]}"
    if first == 0:
        raise LogError(f"No day to learn from: {span}. Begin --test-from later, or bring a longer log.")
    if first == len(log.days):
        raise LogError(f"No day to judge: {span}. Begin --test-from earlier.")
    return first
