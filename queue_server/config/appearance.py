"""How a city or a hall wants its kiosks to look and to speak: what the YAML says, which `kiosk.appearance` checks.

It is no part of the domain's Configuration: a new logo is not a fact about the hall's day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from queue_server.config.devices import KioskFile
from queue_server.domain.configuration import Value

TARGET_MM = 20
"""Least width and height of anything to touch at a kiosk."""
UPRIGHT, ACROSS = (0.88, 3), (0.67, 4)
"""Of a panel upright and one across: the part of its width that the tiles of the first screen share, and how many of
them may stand in a row. Type is so large for the panel that a narrower tile could not hold its words."""


@dataclass(frozen=True, kw_only=True)
class UsualComfort(Value):
    """How the screens are drawn until a resident wants it otherwise: large type, high contrast, everything low."""

    large: bool = False
    contrast: bool = False
    low: bool = False


@dataclass(frozen=True, kw_only=True)
class AppearanceSetup(Value):
    """`colours`: `#RRGGBB` by name (docs/kiosk.md lists them). Paths are relative to the YAML file.

    `banner`: pictures shown in turn. `columns`: tiles in a row on the first screen, as many as suit the panel if not
    given. `usual`: how it is drawn for everybody. `voice`: the folder of spoken prompts. `texts`: language -> key ->
    words that take the place of the product's own, such as `zh: {queue.title: 您要办什么？}`.
    """

    colours: dict[str, str] = field(default_factory=dict)
    logo: str | None = None
    banner: tuple[str, ...] = ()
    banner_seconds: float = 8
    columns: int | None = None
    usual: UsualComfort = field(default_factory=UsualComfort)
    voice: str | None = None
    texts: dict[str, dict[str, str]] = field(default_factory=dict)


def appearance_wrong(setup: AppearanceSetup | None, kiosks: Iterable[KioskFile]) -> Iterator[tuple[tuple[str], str]]:
    """Where, within the appearance, and what is wrong with it on the panels of these kiosks."""
    if setup is None or setup.columns is None:
        return
    if setup.columns < 1:
        yield ("columns",), "at least 1"
        return
    for kiosk in kiosks:
        width, height = kiosk.panel_mm
        share, most = UPRIGHT if height > width else ACROSS
        panel = f"on the panel of {kiosk.code}, {width:g} x {height:g} mm"
        each = width * share / setup.columns
        if setup.columns > most:
            yield ("columns",), f"{panel}, at most {most}: narrower tiles cannot hold their words"
            return
        if each < TARGET_MM:
            yield ("columns",), f"{panel}, a tile would be {each:.0f} mm wide; {TARGET_MM} mm is the least to touch"
            return
