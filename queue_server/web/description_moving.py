"""What the API answers about moving windows, as OpenAPI: read, never run, like `description`."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from queue_server.web.moving_view import Stands, Verdict


class Likely(BaseModel):
    """A figure that is expected, and what it will be between nine times in ten."""

    expected: float
    low: float
    high: float


class WaitFigures(BaseModel):
    mean: Likely = Field(description="Minutes.")
    p90: Likely = Field(description="Minutes that nine in ten do not wait longer than.")
    long: Likely = Field(description="The share (0 to 1) who wait over half an hour.")


class Effect(BaseModel):
    """Of all who wait or come in the next `minutes`; who is not called by then counts with the wait until then."""

    minutes: float
    before: WaitFigures = Field(description="As things are.")
    after: WaitFigures = Field(description="With the change.")
    saved: WaitFigures = Field(description="Before less after, of the same people.")


class WindowServes(BaseModel):
    queue: str
    helper_after: float


class WindowMove(BaseModel):
    window: str
    before: list[WindowServes]
    after: list[WindowServes]


class Turn(BaseModel):
    window: str
    takes: str = Field(description="The queue it takes.")
    instead_of: str | None = Field(description="The queue it gives up for it; null: none.")


class QueueLine(BaseModel):
    waiting: int
    windows: int = Field(description="That call for it.")
    before: WaitFigures | None
    after: WaitFigures | None


class Advice(BaseModel):
    turns: list[Turn] = Field(description="The change in words.")
    moves: list[WindowMove] = Field(description="The change as it is done.")
    effect: Effect
    sure: float = Field(description="The share of simulated runs in which the mean wait becomes shorter.")
    queues: dict[str, QueueLine]


class Recommendation(BaseModel):
    id: str
    at: datetime
    days: int = Field(description="Days learned from; 0: the hall is new, and all rests on configured minutes.")
    calibrated: bool
    advice: Advice | None = Field(description="Null: nothing is worth doing.")


class Realised(BaseModel):
    """The waits of the people the prediction counted."""

    people: int
    mean: float
    p90: float
    long: float


class AppliedRecommendation(BaseModel):
    id: str
    at: datetime
    until: datetime = Field(description="When what came about can be compared with what was predicted.")
    undone_at: datetime | None
    moves: list[WindowMove]
    effect: Effect = Field(description="As it was predicted.")
    came: Realised | None = Field(description="What came about until then, or until now.")
    verdict: Verdict | None = Field(description="The mean wait against its range; null while it is too early.")


class Recommendations(BaseModel):
    stands: Stands
    newest: Recommendation | None
    applied: list[AppliedRecommendation] = Field(description="Today's, the newest first.")


class QueueOutlook(BaseModel):
    before: WaitFigures
    after: WaitFigures
    now_before: Likely | None = Field(description="Minutes a ticket taken now would wait; null: nobody can say.")
    now_after: Likely | None


class Foreseen(BaseModel):
    days: int
    calibrated: bool
    hall: Effect
    queues: dict[str, QueueOutlook]


class PlannedQueue(BaseModel):
    expected: float = Field(description="People who come.")
    needed: int = Field(description="Windows for a mean wait of about `target`.")
    windows: int = Field(description="Planned.")
    wait: float | None = Field(description="Mean minutes newcomers wait with them; null: there is no window.")


class HalfHour(BaseModel):
    begins: int = Field(description="Minutes after midnight.")
    staff: int
    spare: int = Field(description="Staff that no queue they can serve needs.")
    short: int = Field(description="Windows that are missing.")
    queues: dict[str, PlannedQueue]


class Plan(BaseModel):
    day: str
    days: int
    staffed: list[str] = Field(description="The windows it counts with: those open today, or all.")
    target: float
    half_hours: list[HalfHour]


MOVING: dict[str, type[BaseModel]] = {
    "/recommendations": Recommendations,
    "/what-if": Foreseen,
    "/plan": Plan,
}
"""What is answered where the path has this part."""
