"""What a manager may ask the forecaster: a recommendation, a what-if, the plan of the next working day."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from queue_server.domain import events as e
from queue_server.domain.calendar import next_day, periods, works_on
from queue_server.domain.configuration import Configuration, PlannedBreak, WindowSetup
from queue_server.domain.model import Hall, Window
from queue_server.domain.moving import served_by, serving_of
from queue_server.domain.promise import MINUTE
from queue_server.forecast import outlook, recommend, staffing, what_if
from queue_server.forecast.arrays import Floats
from queue_server.forecast.live import snapshot, with_new_tickets
from queue_server.forecast.snapshot import Snapshot
from queue_server.forecaster import advised
from queue_server.forecaster.present import Present
from queue_server.forecaster.wire import Cannot

TARGET = 10.0
"""Mean minutes that people should wait, for which a plan is made."""
AHEAD = 31
"""Days within which the next working day is looked for."""


def recommendation(present: Present, given: Any) -> advised.Recommended:
    """What windows should serve now. Windows that are paused are left alone: nobody sits there to be told."""
    configuration = _open(present.hall)
    limits = configuration.advice
    here = [w for w in present.hall.windows.values() if w.is_open and not w.paused and w.code in configuration.window]
    found = recommend.recommend(
        _start(present), present.learned, skills={w.code: _skills(configuration, w.code) for w in here},
        seed=_seed(present), limits=recommend.Limits(
            queues_per_window=limits.queues_per_window, windows_per_queue=limits.windows_per_queue,
            moves=limits.moves, settles=limits.settles_minutes,
        ),
    )  # fmt: skip
    advice = None if found is None else _advice(present.hall, found)
    return advised.Recommended(days=present.learned.days, calibrated=present.calibration is not None, advice=advice)


def supposed(present: Present, given: Any) -> advised.Foreseen:
    """The hall with some windows moved, opened or closed."""
    configuration = _open(present.hall)
    asked = msgspec.convert(given, advised.Supposed)
    for change in asked.changes:
        if change.window not in present.hall.windows:
            raise Cannot(f"There is no window {change.window!r} in this hall.")
    start = with_new_tickets(_start(present), present.hall, present.learned)
    changes = [what_if.Change(window=change.window, serves=change.serves) for change in asked.changes]
    try:
        seen = what_if.what_if(
            start, present.learned, changes, seed=_seed(present), settles=configuration.advice.settles_minutes
        )
    except ValueError as error:
        raise Cannot(str(error)) from error
    return advised.Foreseen(
        days=present.learned.days,
        calibrated=present.calibration is not None,
        hall=_effect(seen.hall),
        queues={
            code: advised.QueueOutlook(
                before=_waits(queue.people.before), after=_waits(queue.people.after),
                now_before=_likely(queue.now_before), now_after=_likely(queue.now_after),
            )
            for code, queue in seen.queues.items()
        },
    )  # fmt: skip


def plan(present: Present, given: Any) -> advised.Plan:
    """The next working day, if as many windows are open as today (all, before any was)."""
    hall, configuration = present.hall, present.hall.configuration
    if configuration is None or hall.day is None:
        raise Cannot("The hall has not opened a day yet.")
    day = _next_working_day(configuration, hall.day)
    open_ = [w.code for w in hall.windows.values() if w.is_open]
    staffed = [setup for setup in configuration.windows if setup.code in open_ or not open_]
    hours = [(_minute(p.opens), _minute(p.closes)) for p in configuration.hours.periods]
    half_hours = staffing.plan(
        present.learned, hours=hours, booked=_booked(hall, configuration, day), target=TARGET,
        staff=[shift for setup in staffed for shift in _shifts(configuration, setup, hours)],
    )  # fmt: skip
    return advised.Plan(
        day=day, days=present.learned.days, staffed=tuple(setup.code for setup in staffed), target=TARGET,
        half_hours=tuple(
            advised.HalfHour(
                begins=half.begins, staff=half.staff, spare=half.spare, short=half.short,
                queues={
                    code: advised.Cell(expected=q.expected, needed=q.needed, windows=q.windows, wait=q.wait)
                    for code, q in half.queues.items()
                },
            )
            for half in half_hours
        ),
    )  # fmt: skip


# --- what they have in common


def _open(hall: Hall) -> Configuration:
    if hall.configuration is None or not hall.is_open:
        raise Cannot("The hall has not opened its day.")
    return hall.configuration


def _start(present: Present) -> Snapshot:
    return snapshot(present.hall, present.at, present.learned, pressed=present.pressed)


def _seed(present: Present) -> int:
    return present.at % 2**31


def _skills(configuration: Configuration, window: str) -> tuple[str, ...]:
    setup = configuration.window[window]
    return tuple(queue.code for queue in configuration.queues if setup.can_serve(queue.code))


# --- recommendations


def _advice(hall: Hall, found: recommend.Recommendation) -> advised.Advice:
    return advised.Advice(
        turns=tuple(advised.Turn(window=m.window, takes=m.takes, instead_of=m.instead_of) for m in found.moves),
        moves=tuple(
            e.Move(window=code, before=served_by(hall.windows[code]), after=serving_of(serves))
            for code, serves in found.serves.items()
        ),
        effect=_effect(found.effect),
        sure=found.sure,
        queues={code: _line(hall, code, found.queues.get(code)) for code in hall.lines},
    )


def _line(hall: Hall, queue: str, seen: outlook.Effect | None) -> advised.Line:
    return advised.Line(
        waiting=len(hall.line(queue)),
        windows=sum(1 for window in hall.windows.values() if _calls(window, queue)),
        before=None if seen is None else _waits(seen.before),
        after=None if seen is None else _waits(seen.after),
    )


def _calls(window: Window, queue: str) -> bool:
    return window.is_open and not window.paused and queue in window.serves


def _effect(seen: outlook.Effect) -> e.Effect:
    return e.Effect(
        minutes=outlook.WINDOW, before=_waits(seen.before), after=_waits(seen.after), saved=_waits(seen.saved)
    )


def _waits(seen: outlook.Outlook) -> e.Waits:
    mean, p90, long = (
        e.Likely(expected=of.expected, low=of.low, high=of.high) for of in (seen.mean, seen.p90, seen.long)
    )
    return e.Waits(mean=mean, p90=p90, long=long)


def _likely(seen: outlook.Likely | None) -> e.Likely | None:
    return None if seen is None else e.Likely(expected=seen.expected, low=seen.low, high=seen.high)


# --- tomorrow


def _next_working_day(configuration: Configuration, day: str) -> str:
    for _ in range(AHEAD):
        day = next_day(day)
        if works_on(configuration.hours, day):
            return day
    raise Cannot("The hall works on none of the next days.")


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _shifts(configuration: Configuration, setup: WindowSetup, hours: list[tuple[int, int]]) -> list[staffing.Shift]:
    """The opening periods without the window's breaks."""
    queues = _skills(configuration, setup.code)
    spans: list[tuple[int, int]] = []
    for opens, closes in hours:
        away = [_within(away, opens, closes) for away in setup.breaks]
        spans += zip([opens, *(returns for _, returns in away)], [*(leaves for leaves, _ in away), closes], strict=True)
    return [staffing.Shift(begins=begins, ends=ends, queues=queues) for begins, ends in spans if begins < ends]


def _within(away: PlannedBreak, begins: int, ends: int) -> tuple[int, int]:
    """A break within an opening period."""
    return min(max(_minute(away.begins), begins), ends), min(max(_minute(away.ends), begins), ends)


def _booked(hall: Hall, configuration: Configuration, day: str) -> dict[str, Floats]:
    """Queue -> appointments of that day in each quarter of an hour (96)."""
    spans = periods(configuration.hours, configuration.timezone, day)
    midnight = spans[0][0] - _minute(configuration.hours.periods[0].opens) * MINUTE
    booked: dict[str, Floats] = {}
    for appointment in hall.appointments.values():
        service = configuration.service.get(appointment.service)
        if appointment.day == day and service is not None:
            quarter = int((appointment.slot - midnight) // (15 * MINUTE))
            booked.setdefault(service.queue, np.zeros(96))[min(max(quarter, 0), 95)] += 1
    return booked
