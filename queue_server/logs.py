"""How every program of the product logs: one JSON object a line on stderr."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any


class JsonLines(logging.Formatter):
    """One JSON object a line: when, how bad, who, what, and the fields given with it."""

    _plain = frozenset(vars(logging.makeLogRecord({})))

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in self._plain}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log_to_stderr(level: str, *others: logging.Handler) -> None:
    """Log from `level` on as JSON lines; `others` take what they want of it, each by its own level."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(JsonLines())
    output.setLevel(level.upper())
    least = min(handler.level for handler in (output, *others))
    logging.basicConfig(level=least, handlers=[output, *others], force=True)
