"""Setting Kivy up. To be done before anything of Kivy is imported: importing it opens the window."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.appearance import Appearance
from kiosk.fonts import Faces

PANEL = (1080, 1920)
"""Pixels of the panel that sizes are meant for, upright."""
PANEL_MM = (398, 708)
"""A 32-inch panel, upright."""
TOUCH_MM = 20
"""Least width and height of anything to touch."""
FRAMES = 40
"""Frames a second at most: enough for scrolling, and what an idle kiosk wakes up for."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What the screens are to be drawn for. `touch`: the least size of anything to touch, dp."""

    touch: float = TOUCH_MM * PANEL[0] / PANEL_MM[0]
    appearance: Appearance = field(default_factory=Appearance)


_prepared = Prepared()


def prepared() -> Prepared:
    """What `prepare` was told last."""
    return _prepared


def prepare(
    *, size: tuple[int, int], faces: Faces, home: Path, fullscreen: bool = False,
    panel_mm: tuple[int, int] | None = None, appearance: Appearance | None = None,
) -> None:  # fmt: skip
    """Make Kivy open a window of `size` pixels, on the display if there is one, else offscreen (real pixels still).

    The screens are laid out for 1080 x 1920 or 1920 x 1080 and scaled to `size`. `panel_mm` is the panel's size,
    either way up: on a smaller panel what is to be touched takes more of it.
    """
    global _prepared  # noqa: PLW0603 - one process has one window
    touch = TOUCH_MM * min(PANEL) / min(panel_mm or PANEL_MM)
    _prepared = Prepared(touch=touch, appearance=appearance or Appearance())
    scale = min(size) / min(PANEL)
    os.environ.update(
        KIVY_NO_ARGS="1", KIVY_NO_CONFIG="1", KIVY_NO_FILELOG="1", KIVY_LOG_MODE="PYTHON", KIVY_HOME=str(home),
        KIVY_DPI="96", KIVY_METRICS_DENSITY=str(scale), KIVY_METRICS_FONTSCALE="1",
    )  # fmt: skip
    if not has_display():
        os.environ["SDL_VIDEODRIVER"] = "offscreen"
    home.mkdir(parents=True, exist_ok=True)
    logging.getLogger("kivy").addFilter(lambda record: record.levelno >= logging.WARNING)  # it sets its own level

    from kivy.config import Config  # noqa: PLC0415 - see above

    settings: dict[str, dict[str, object]] = {
        "graphics": {
            "width": size[0], "height": size[1], "fullscreen": "auto" if fullscreen else 0, "resizable": 0,
            "multisamples": 0,  # halves the cost of a frame in software rendering
            "maxfps": FRAMES, "show_cursor": int(not fullscreen),
        },
        "kivy": {"exit_on_escape": 0,
                 "default_font": ["chinese", *map(str, (faces.regular, faces.regular, faces.bold, faces.bold))]},
        "input": {"mouse": "mouse,disable_multitouch"},
    }  # fmt: skip
    for section, values in settings.items():
        for name, value in values.items():
            Config.set(section, name, value)


def has_display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
