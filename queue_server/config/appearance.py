"""How a city or a hall wants its kiosks to look and to speak: what the YAML says, which `kiosk.appearance` checks.

It is no part of the domain's Configuration: a new logo is not a fact about the hall's day.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from queue_server.domain.configuration import Value


@dataclass(frozen=True, kw_only=True)
class AppearanceSetup(Value):
    """`colours`: `#RRGGBB` by name (docs/kiosk.md lists them). Paths are relative to the YAML file.

    `banner`: pictures shown in turn. `voice`: the folder of spoken prompts. `texts`: language -> key -> words that
    take the place of the product's own, such as `zh: {queue.title: 您要办什么？}`.
    """

    colours: dict[str, str] = field(default_factory=dict)
    logo: str | None = None
    banner: tuple[str, ...] = ()
    banner_seconds: float = 8
    voice: str | None = None
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
