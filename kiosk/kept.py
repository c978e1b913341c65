"""Small things a kiosk keeps in its data folder over a restart: readable by its own user only, whole or not at all."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


def keep(path: Path, content: dict[str, Any]) -> bool:
    """Put `content` in the place of the file, mode 0600; False (and a line in the log) if the disk does not take it."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        log.error("%s cannot be kept: %s", path.name, error.strerror)
        return False
    return True


def kept(path: Path) -> dict[str, Any]:
    """What the file holds; nothing if it is not there or cannot be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read and begins anew: %s", path.name, type(error).__name__)
        return {}
    return content if isinstance(content, dict) else {}
