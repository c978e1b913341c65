"""Moving windows well: recommendations, what-ifs and the next day's plan, as API and as parts of the manager's page.

Whatever has to be computed is asked of the forecaster; only who asked waits for it.
"""

from __future__ import annotations

from typing import Annotated, cast

from apiflask import APIBlueprint
from flask import Response, current_app, request
from pydantic import Field

from queue_server.domain import commands as c
from queue_server.domain.refusal import Reason, Refused
from queue_server.forecaster.advised import PLAN, WHAT_IF, Foreseen, Plan
from queue_server.forecaster.wire import Away, Cannot
from queue_server.web.adviser import PATIENCE, Adviser
from queue_server.web.api import Body, Code, Nothing, ServesBody, cause, json, running
from queue_server.web.halls import UnknownHall
from queue_server.web.moving_view import advice_view, choice
from queue_server.web.pages import halls, page
from queue_server.web.representation import recommendations

SOURCE = "api"
"""Who applies or undoes, as long as nobody signs in."""

advice = APIBlueprint("advice", __name__, url_prefix="/api/v1/halls/<hall>", tag="Hall")
moving = APIBlueprint("moving", __name__, url_prefix="/halls/<hall>/manage", enable_openapi=False)


class WantedBody(Body):
    """What a window would serve; null: it is closed. A closed window is opened."""

    window: Code
    serves: Annotated[list[ServesBody], Field(max_length=50)] | None


class SupposedBody(Body):
    changes: Annotated[list[WantedBody], Field(max_length=20)]


def adviser(code: str) -> Adviser:
    advisers = cast(dict[str, Adviser], current_app.extensions["bianmin.advisers"])
    if code not in advisers:
        raise UnknownHall(f"This server does not run a hall {code!r}; it runs {', '.join(advisers)}.")
    return advisers[code]


def _recommendations(hall: str) -> Response:
    here = running(hall)
    return json(recommendations(advice_view(here.replica.hall, adviser(hall).standing, here.now())))


@advice.get("/recommendations")
@advice.doc(summary="What is recommended now, and what came of those applied today")
def newest(hall: str) -> Response:
    return _recommendations(hall)


@advice.post("/recommendations")
@advice.input(Nothing, arg_name="body")
@advice.doc(summary="Compute a recommendation now", responses=[409])
def compute(hall: str, body: Nothing) -> Response:
    adviser(hall).compute(cause())
    return _recommendations(hall)


@advice.post("/recommendations/<recommendation>/apply")
@advice.input(Nothing, arg_name="body")
@advice.doc(summary="Do what is recommended, whole or not at all", responses=[404, 409])
def apply(hall: str, recommendation: str, body: Nothing) -> Response:
    adviser(hall).apply(recommendation, SOURCE, cause())
    return _recommendations(hall)


@advice.post("/recommendations/<recommendation>/undo")
@advice.input(Nothing, arg_name="body")
@advice.doc(summary="Let its windows serve again what they did before", responses=[404, 409])
def undo(hall: str, recommendation: str, body: Nothing) -> Response:
    running(hall).writer.submit(c.UndoRecommendation(recommendation=recommendation, source=SOURCE), cause())
    return _recommendations(hall)


@advice.post("/recommendations/<recommendation>/decline")
@advice.input(Nothing, arg_name="body")
@advice.doc(summary="Show it no longer", responses=[404])
def decline(hall: str, recommendation: str, body: Nothing) -> Response:
    newest = adviser(hall).standing.newest
    if newest is None or newest.id != recommendation:
        raise Refused(Reason.UNKNOWN_RECOMMENDATION, "That is not recommended any more; look at what is now.")
    cause()
    adviser(hall).decline(recommendation)
    return _recommendations(hall)


@advice.post("/what-if")
@advice.input(SupposedBody, arg_name="body")
@advice.doc(summary="Predicted waits, if windows were moved, opened or closed", responses=[409])
def what_if(hall: str, body: SupposedBody) -> Response:
    here = running(hall)
    cause()
    changes = [
        {
            "window": change.window,
            "serves": None if change.serves is None else {s.queue: s.helper_after for s in change.serves},
        }
        for change in body.changes
    ]
    return json(here.foresight.ask(WHAT_IF, {"changes": changes}, within=PATIENCE, kind=Foreseen))


@advice.get("/plan")
@advice.doc(summary="Windows each queue needs in every half hour of the next working day", responses=[409])
def plan(hall: str) -> Response:
    return json(running(hall).foresight.ask(PLAN, within=PATIENCE, kind=Plan))


# --- pages


@moving.get("/what-if")
def what_if_fragment(hall: str) -> Response:
    """The form for one window; with `ask`, what would come of it and how to do it."""
    here = halls()[hall]
    state = here.replica.hall
    tried = choice(state, request.args.get("window", ""), request.args)
    foreseen, trouble = None, None
    if "ask" in request.args and tried.changed:
        try:
            foreseen = here.foresight.ask(WHAT_IF, {"changes": [tried.wanted()]}, within=PATIENCE, kind=Foreseen)
        except (Away, Cannot) as error:
            trouble = error
    return page(
        "what_if.html", here.now(), hall=state, configuration=state.configuration, tried=tried, foreseen=foreseen,
        asked="ask" in request.args, away=isinstance(trouble, Away), trouble=trouble,
        orders=list(tried.orders(hall)),
    )  # fmt: skip


@moving.get("/plan")
def plan_page(hall: str) -> Response:
    here = halls()[hall]
    found: Plan | None = None
    trouble: Away | Cannot | None = None
    try:
        found = here.foresight.ask(PLAN, within=PATIENCE, kind=Plan)
    except (Away, Cannot) as error:
        trouble = error
    return page(
        "plan.html", here.now(), configuration=here.replica.hall.configuration or here.configuration, plan=found,
        away=isinstance(trouble, Away), trouble=trouble,
    )  # fmt: skip


@moving.app_template_filter()
def clock(minute: int) -> str:
    """Minutes after midnight as `9:30`."""
    return f"{minute // 60}:{minute % 60:02}"


@moving.app_template_filter()
def per_cent(share: float) -> str:
    return f"{round(100 * share)}"


@moving.app_template_filter()
def minutes(of: float) -> str:
    """To the tenth below ten: there it matters, and the figures are that exact."""
    return f"{of:.1f}" if abs(of) < 9.95 else f"{of:.0f}"
