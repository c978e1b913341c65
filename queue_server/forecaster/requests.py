"""What a forecaster can be asked besides its waits, by name. A function is added here, and nothing else is wired.

Each takes the hall as it stands and what was given with the request (plain JSON values), and gives what `msgspec` can
write as JSON. It raises `Cannot` with a text for the manager; a `msgspec.ValidationError` is told as one. It runs alone
in the forecaster's process: a second or two are fine, waits are that much older then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from queue_server.forecaster import advice, advised
from queue_server.forecaster.present import Present

Request: TypeAlias = Callable[[Present, Any], Any]

REQUESTS: dict[str, Request] = {
    advised.RECOMMEND: advice.recommendation,
    advised.WHAT_IF: advice.supposed,
    advised.PLAN: advice.plan,
}
