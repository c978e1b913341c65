"""What a screen shows, in words ready to be drawn: values that `kiosk.views` makes and `kiosk.screens` draws.

Everything to touch carries the input it means, so that a screen knows nothing but how to draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from kiosk.session import Comfort, Input


@dataclass(frozen=True, kw_only=True)
class Button:
    """Words to touch, smaller words below, and what touching them means. `tag` is its name for tests and tools.

    `on`: it is something chosen now (a mode that is on, a box that is ticked).
    """

    tag: str
    words: str
    touch: Input
    small: str = ""
    on: bool = False
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class Header:
    """`languages`: one button for every language but the one spoken now; `ask_service`: the hidden gesture's input."""

    hall: str
    hall_second: str
    time: str
    date: str
    languages: tuple[Button, ...]
    ask_service: Input


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The way to a ticket; `current` is the index of the step being taken, past the end when it is done."""

    names: tuple[str, ...]
    current: int


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something is not as usual: what, why, and where to go instead."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Figure:
    name: str
    value: str
    known: bool = True


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a list to choose from. `mark`: a letter or a time in front of it, "" for none."""

    tag: str
    name: str
    touch: Input
    second: str = ""
    note: str = ""
    mark: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows under a heading."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class QueueTile:
    """`note`: why it cannot be had, in the place of the waiting figures."""

    code: str
    letter: str
    name: str
    second: str
    waiting: str
    wait: str
    touch: Input
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Basket:
    """Services chosen for the same visit: what they are, the button that takes the ticket, the one that drops them."""

    title: str
    names: tuple[str, ...]
    take: Button
    drop: Button


@dataclass(frozen=True, kw_only=True)
class QueuesPage:
    """The first screen. `ways`: a card or a code, searching, the hall's own page."""

    title: str
    hint: str
    notice: Notice | None
    tiles: tuple[QueueTile, ...]
    ways: tuple[Button, ...] = ()
    basket: Basket | None = None


@dataclass(frozen=True, kw_only=True)
class PresentingPage:
    """Two ways to present oneself, each with a heading and a line; `told` is what the reader says now."""

    title: str
    ways: tuple[tuple[str, str], ...]
    told: str
    without: Button


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A choice that is theirs: going first or not. One of the two buttons is `on`."""

    title: str
    hint: str
    yes: Button
    no: Button


@dataclass(frozen=True, kw_only=True)
class GreetingPage:
    title: str
    notes: tuple[str, ...]
    offer: Offer | None
    groups: tuple[Group, ...]
    browse: Button


@dataclass(frozen=True, kw_only=True)
class SearchPage:
    """`text` is what was typed ("" shows `hint` in its place); `keys` are rows of the keyboard."""

    title: str
    hint: str
    text: str
    rows: tuple[Row, ...]
    nothing: str
    keys: tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A heading and what stands under it."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AboutPage:
    title: str
    second: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True)
class ServicesPage:
    title: str
    letter: str
    queue: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class ReadingPage:
    """The seven disclosures. `materials` are boxes to tick under `materials_heading`; `asides` are lesser buttons.

    `confirm` is None while `notice` says why there is no ticket. `warning`: one line that is not to be missed.
    `choice`: whether to go first, when the card offers it; it then stands above `confirm`.
    """

    name: str
    second: str
    materials_heading: str
    materials: tuple[Button, ...]
    parts: tuple[Part, ...]
    figures: tuple[Figure, ...]
    warning: str
    notice: Notice | None
    choice: Offer | None
    confirm: Button | None
    asides: tuple[Button, ...]


@dataclass(frozen=True, kw_only=True)
class ClassesPage:
    title: str
    hint: str
    rows: tuple[Row, ...]
    none: Button


@dataclass(frozen=True, kw_only=True)
class SlipPage:
    """Something like a ticket: a big `label` under its `caption`, what it is, how it stands, what now.

    `buttons`: the chief one first. `sorry`: it is not as hoped.
    """

    title: str
    caption: str
    label: str
    what: str
    lines: tuple[str, ...]
    figures: tuple[Figure, ...]
    buttons: tuple[Button, ...]
    sorry: bool = False


@dataclass(frozen=True, kw_only=True)
class MessagePage:
    """Waiting for something, an apology, or a thing done that needs no more than words."""

    title: str
    lines: tuple[str, ...]
    sorry: bool = False
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PinPage:
    """`dots`: how many digits were typed."""

    title: str
    hint: str
    dots: int
    keys: tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, kw_only=True)
class ServicePage:
    """For technicians: `facts` are (name, value, is well), `log` the last lines, oldest first."""

    title: str
    said: str
    facts: tuple[tuple[str, str, bool], ...]
    log: tuple[str, ...]
    acts: tuple[Button, ...]


Page: TypeAlias = (
    QueuesPage | PresentingPage | GreetingPage | SearchPage | AboutPage | ServicesPage | ReadingPage | ClassesPage
    | SlipPage | MessagePage | PinPage | ServicePage
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class StillThere:
    """The resident may have left: what is asked, and the two answers."""

    title: str
    advice: str
    stay: Button
    leave: Button


@dataclass(frozen=True, kw_only=True)
class View:
    """The whole screen. `back`, `home`, `steps` are None and `help` empty when there is no such thing on it.

    `comforts`: the modes of drawing, one touch each. `greeting`: whom a card was read of. `told`: what the card reader
    says, where the page does not say it. `prompt`: the id of what may be said aloud when the screen is entered, "" for
    nothing; `interjection`: of what may be said as soon as it is the case, on whatever screen.
    """

    header: Header
    steps: Steps | None
    page: Page
    back: Button | None
    home: Button | None
    help: str
    up: str
    down: str
    language: str
    comfort: Comfort
    comforts: tuple[Button, ...]
    greeting: str
    told: str
    prompt: str
    interjection: str
    still_there: StillThere | None
