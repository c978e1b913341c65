"""The console of one window: a page, and the fragment it fetches whenever something changed."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response

from queue_server.domain.events import Rule, Why
from queue_server.domain.promise import MINUTE
from queue_server.domain.refusal import Reason, Refused
from queue_server.journal.ids import uuid7
from queue_server.web.pages import halls, page
from queue_server.web.window_view import OUTCOMES, window_view

KEYS = {
    "call-next": ("n", "space"), "recall": ("r",), "start": ("enter",), "finish": ("f",), "no-show": ("x",),
    "park": ("p",), "transfer": ("t",), "pause": ("b",), "open": ("o", "b"), "close": ("c",),
}  # fmt: skip
"""The keys that press a button; outcomes have the digits, queues their letters."""

console = APIBlueprint("console", __name__, url_prefix="/halls/<hall>/windows/<window>", enable_openapi=False)


@console.get("")
def window_page(hall: str, window: str) -> Response:
    return _console("console.html", hall, window)


@console.get("/fragment")
def fragment(hall: str, window: str) -> Response:
    return _console("console_fragment.html", hall, window)


def _console(template: str, hall: str, window: str) -> Response:
    here = halls()[hall]
    now = here.now()
    seq, view = here.replica.seq, window_view(here.replica.hall, window, now)
    if view is None:
        raise Refused(Reason.UNKNOWN_WINDOW, f"There is no window {window!r} in this hall.")
    return page(
        template, now, view=view, hall=hall, seq=seq, nonce=uuid7(), keys=KEYS, outcomes=OUTCOMES, waits=here.waits,
    )  # fmt: skip


@console.app_template_filter()
def why(reason: Why, texts: dict[str, Any]) -> str:
    """Why a ticket was called, in one sentence."""
    late = reason.rule is Rule.PROMISE and reason.waited > reason.promised
    parts = [texts["late" if late else reason.rule.value]]
    if reason.helper_after:
        parts.append(texts["helper"])
    if reason.over:
        parts.append(texts["over"])
    return "".join(parts).format(waited=reason.waited // MINUTE, promised=reason.promised // MINUTE, over=reason.over)
