"""Why a command may be refused. A `Reason` is the last part of the problem document's `type`."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    DAY_NOT_OPEN = "day-not-open"
    DAY_ALREADY_OPEN = "day-already-open"
    DAY_IN_THE_PAST = "day-in-the-past"
    HALL_CLOSED = "hall-closed"
    STILL_SERVING = "still-serving"
    UNKNOWN_QUEUE = "unknown-queue"
    UNKNOWN_SERVICE = "unknown-service"
    UNKNOWN_CLASS = "unknown-class"
    UNKNOWN_KIOSK = "unknown-kiosk"
    UNKNOWN_WINDOW = "unknown-window"
    UNKNOWN_TICKET = "unknown-ticket"
    TICKET_EXISTS = "ticket-exists"
    SERIES_EXHAUSTED = "series-exhausted"
    QUEUE_FULL = "queue-full"
    SERVICE_CLOSED = "service-closed"
    ALREADY_HELD = "already-held"
    UNKNOWN_APPOINTMENT = "unknown-appointment"
    APPOINTMENT_EXISTS = "appointment-exists"
    ALREADY_CHECKED_IN = "already-checked-in"
    BAD_SLOT = "bad-slot"
    LABEL_TAKEN = "label-taken"
    OTHER_DAY = "other-day"
    IN_THE_FUTURE = "in-the-future"
    NOTHING_WAITING = "nothing-waiting"
    NO_TICKET = "no-ticket"
    MOVED_ON = "moved-on"
    WRONG_STATE = "wrong-state"
    WINDOW_BUSY = "window-busy"
    WINDOW_NOT_OPEN = "window-not-open"
    HELD_ELSEWHERE = "held-elsewhere"
    TOO_SOON = "too-soon"
    TOO_OFTEN = "too-often"
    UNKNOWN_RECOMMENDATION = "unknown-recommendation"
    ALREADY_APPLIED = "already-applied"
    ALREADY_UNDONE = "already-undone"
    OUT_OF_DATE = "out-of-date"
    CHANGED_MEANWHILE = "changed-meanwhile"
    NOT_SKILLED = "not-skilled"
    NOBODY_LEFT = "nobody-left"
    IN_USE = "in-use"
    OUT_OF_ORDER = "out-of-order"
    BAD_KEY = "bad-key"
    BAD_CODE = "bad-code"


class Refused(Exception):
    """A rule said no. `detail` says, for the person who asked, what to do instead."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
