"""The scores of a backtest as a table for people and as values for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from queue_server.forecast.arrays import Flags
from queue_server.forecast.log import Log
from queue_server.forecast.walk import Judged, Score, score

FIFTHS = 5
CALLED, NOT_CALLED = "has called today", "has not called yet today"


def results(log: Log, first: int, judged: Sequence[Judged], called_before: Flags) -> dict[str, Any]:
    """What `--json` writes: minutes and shares; null: not known.

    Args:
        called_before: tickets (n) whose line had called somebody that day: only there do the rules that look back
            know anything.
    """
    tested = log.day >= first
    return {
        "days": {"learned": list(log.days[:first]), "tested": list(log.days[first:])},
        "tickets": {
            "learned": int((~tested).sum()), "tested": int(tested.sum()),
            "tested_with_known_wait": int((tested & np.isfinite(log.wait)).sum()),
        },
        "predictors": [
            {"name": one.name, **_values(score(one.said, log.wait, tested))}
            | {"parts": _parts(log, first, one, called_before)}
            for one in judged
        ],
    }  # fmt: skip


def _values(scored: Score) -> dict[str, Any]:
    return {name: round(value, 4) if math.isfinite(value) else None for name, value in asdict(scored).items()}


def _parts(log: Log, first: int, one: Judged, called_before: Flags) -> dict[str, Any]:
    """The same by day, by class and by fifth of the predicted wait: an average hides whom it fails."""
    tested = log.day >= first
    parts: dict[str, dict[str, Flags]] = {
        "day": {log.days[day]: log.day == day for day in range(first, len(log.days))},
        "class": {name: log.klass == k for k, name in enumerate(log.classes)},
        "line": {CALLED: called_before, NOT_CALLED: ~called_before},
        "fifth": {},
    }
    answered = tested & np.isfinite(one.said.mid)
    if answered.any():
        borders = np.quantile(one.said.mid[answered], np.linspace(0, 1, FIFTHS + 1)[1:-1])
        fifth = np.searchsorted(borders, one.said.mid, "right")
        parts["fifth"] = {str(k + 1): answered & (fifth == k) for k in range(FIFTHS)}
    return {
        part: {
            name: _values(score(one.said, log.wait, tested & rows))
            for name, rows in groups.items()
            if (tested & rows).any()
        }
        for part, groups in parts.items()
    }


def table(found: dict[str, Any]) -> Iterable[str]:
    """Lines of text. Columns are as wide as they need to be; a dash: not known."""
    yield "                               MAE min   ≤ 5 min   in 90 % range   width min   answered"
    for one in found["predictors"]:
        yield (
            f"{one['name']:<28} {_number(one['mae'], 9)} {_share(one['within_5'], 9)} {_share(one['coverage'], 15)}"
            f" {_number(one['width'], 11)} {_share(one['answered'], 10)}"
        )


def early_tickets(found: dict[str, Any]) -> Iterable[str]:
    """How the errors compare without the tickets before a line's first call of the day, if there are any."""
    lines = [(one["name"], one["parts"]["line"]) for one in found["predictors"]]
    if not lines or NOT_CALLED not in lines[0][1] or CALLED not in lines[0][1]:
        return
    early = lines[0][1][NOT_CALLED]["tickets"] / found["tickets"]["tested_with_known_wait"]
    errors = ", ".join(f"{name} {_number(part[CALLED]['mae'], 0).strip()}" for name, part in lines)
    yield f"{early:.1%} were issued before their line's first call of the day, where the last two rules say 0."
    yield f"MAE without those: {errors}."


def _number(value: float | None, width: int) -> str:
    return f"{value:{width}.2f}" if value is not None else "–".rjust(width)


def _share(value: float | None, width: int) -> str:
    return f"{value:{width - 2}.1%} " if value is not None else "–".rjust(width)
