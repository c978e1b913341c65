"""Holding a server's answers against what its API promises."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
from servers import Answer


def refused(answer: Answer, status: int, reason: str) -> str:
    """The answer is this problem; what it says."""
    assert (answer.status, answer.reason) == (status, reason), answer.body
    return str(answer.json["detail"])


def fits(document: dict[str, Any], answer: Answer, shape: str) -> Any:
    """The answer's JSON, which is what the description promises and nothing more."""
    schema = {"$ref": f"#/components/schemas/{shape}", "components": document["components"]}
    jsonschema_rs.validate(schema, answer.json)
    assert answer.type == "application/json"
    assert answer.json.keys() == document["components"]["schemas"][shape]["properties"].keys()
    return answer.json


ACTIONS: dict[str, Any] = {
    "open": {}, "pause": {}, "close": {}, "call-next": {}, "call": {"ticket": "t"}, "recall": {}, "start": {},
    "finish": {}, "no-show": {}, "park": {}, "transfer": {"queue": "A"}, "confirm-class": {"confirmed": True},
}  # fmt: skip
"""The presses at a window, each with a body of the right shape."""
