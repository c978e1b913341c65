"""What there is to say about one resident at the kiosk: screens, what can happen, what is to be done. Values only.

`kiosk.flow` moves between them; `kiosk.views` puts them into words.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from kiosk.papers import Arrival, Booking, Card, CodeFlaw, HandedOut, HeldTicket
from queue_server.domain.configuration import ORDINARY

FIRST_LANGUAGE = "zh"


class Failure(StrEnum):
    """Why what was asked for did not come. `PRINT`: a ticket's paper did not come out; it has been voided."""

    PRINT = "print"
    REFUSED = "refused"
    STORAGE = "storage"
    SLOW = "slow"
    QUEUE_FULL = "queue-full"
    SERVICE_CLOSED = "service-closed"
    CHECKED_IN = "checked-in"
    SHEET = "sheet"
    RESTORE_CUT_OFF = "restore-cut-off"
    RESTORE_TOO_OFTEN = "restore-too-often"


# --- screens


@dataclass(frozen=True, kw_only=True)
class ChoosingQueue:
    """The first screen: who waits where, for how long; where everything begins."""


@dataclass(frozen=True, kw_only=True)
class Presenting:
    """Put a card on the reader, or hold a code under the scanner; or go on without."""


@dataclass(frozen=True, kw_only=True)
class Greeting:
    """A card was read: what it is known for, and the services most people come for."""

    bookings: tuple[Booking, ...] = ()
    held: tuple[HeldTicket, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Searching:
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class AboutHall:
    """The hall's own page: address, phone, instructions, notices, its agents and where they are."""


@dataclass(frozen=True, kw_only=True)
class ChoosingService:
    queue: str


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The seven disclosures of a service; without a service, the queue itself ("not sure which").

    `ticked`: indices of the materials the resident has at hand. `listed`: the list has been printed.
    """

    queue: str
    service: str | None
    ticked: frozenset[int] = frozenset()
    listed: bool = False


@dataclass(frozen=True, kw_only=True)
class ChoosingClass:
    """Who the law or the hall lets go first."""


@dataclass(frozen=True, kw_only=True)
class CheckingIn:
    booking: Booking
    arrival: Arrival


@dataclass(frozen=True, kw_only=True)
class AskingAfter:
    """A ticket already held. `duplicate`: shown instead of a second one for the same card and queue."""

    ticket: HeldTicket
    duplicate: bool = False
    restored: bool = False


@dataclass(frozen=True, kw_only=True)
class CodeRefused:
    why: CodeFlaw


class Doing(StrEnum):
    TICKET = "ticket"
    SHEET = "sheet"
    RESTORE = "restore"


@dataclass(frozen=True, kw_only=True)
class Busy:
    """Something is being done that the resident waits for; `order` is what its answer will name."""

    order: int
    doing: Doing = Doing.TICKET


@dataclass(frozen=True, kw_only=True)
class Showing:
    ticket: HandedOut


@dataclass(frozen=True, kw_only=True)
class SheetGiven:
    """The advice on a service that others decide (咨办) is on paper; no ticket is needed for it."""

    service: str


@dataclass(frozen=True, kw_only=True)
class Apologising:
    why: Failure
    order: int


@dataclass(frozen=True, kw_only=True)
class EnteringPin:
    """For the installer, not for residents."""

    digits: str = ""
    wrong: bool = False
    order: int = 0


class ServiceAct(StrEnum):
    """What a technician can do at the kiosk itself."""

    TEST_PRINT = "test-print"
    REPRINT = "reprint"
    PAPER_CHANGED = "paper-changed"
    OUT_OF_SERVICE = "out-of-service"
    IN_SERVICE = "in-service"
    RESTART = "restart"


@dataclass(frozen=True, kw_only=True)
class Servicing:
    """`said`: what the last act came to, "" before the first; `running` is the order of one not answered yet."""

    act: ServiceAct | None = None
    worked: bool | None = None
    running: int = 0


Screen: TypeAlias = (
    ChoosingQueue | Presenting | Greeting | Searching | AboutHall | ChoosingService | Reading | ChoosingClass
    | CheckingIn | AskingAfter | CodeRefused | Busy | Showing | SheetGiven | Apologising | EnteringPin | Servicing
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Comfort:
    """How the screen is drawn for this resident. `low`: everything to touch in the lower half."""

    large: bool = False
    contrast: bool = False
    low: bool = False

    def turned(self) -> dict[str, Comfort]:
        """One touch away: each of the three turned on, or off again."""
        return {
            "large": replace(self, large=not self.large),
            "contrast": replace(self, contrast=not self.contrast),
            "low": replace(self, low=not self.low),
        }


@dataclass(frozen=True, kw_only=True)
class Session:
    """Where the resident is, by which way (`trail`, without the first screen), and what they have said of themselves.

    `orders` counts what was asked for, so that a late answer finds its own resident. `basket`: services chosen to be
    done in the same visit. `klass`: the class declared. `usual`: how the screen is drawn for everybody who does not
    want it otherwise.
    """

    screen: Screen = field(default_factory=ChoosingQueue)
    trail: tuple[Screen, ...] = ()
    language: str = FIRST_LANGUAGE
    comfort: Comfort = field(default_factory=Comfort)
    card: Card | None = None
    klass: str = ORDINARY
    basket: tuple[str, ...] = ()
    entered_at: float = 0
    touched_at: float = 0
    orders: int = 0
    usual: Comfort = field(default_factory=Comfort)

    def next_resident(self, *, entered_at: float, touched_at: float) -> Session:
        """The first screen for whoever comes next. Nothing of this resident stays."""
        return Session(
            comfort=self.usual, usual=self.usual, orders=self.orders, entered_at=entered_at, touched_at=touched_at
        )


# --- what happens: touches


@dataclass(frozen=True, kw_only=True)
class ChooseQueue:
    queue: str


@dataclass(frozen=True, kw_only=True)
class ChooseService:
    """On a queue's list, in a search, or among the most frequent; None: the queue itself."""

    service: str | None


@dataclass(frozen=True, kw_only=True)
class Present:
    """I have a card or a code."""


@dataclass(frozen=True, kw_only=True)
class Search:
    pass


@dataclass(frozen=True, kw_only=True)
class Type:
    """The search text as it is after the key: one more letter, one less, or nothing."""

    text: str


@dataclass(frozen=True, kw_only=True)
class ShowHall:
    pass


@dataclass(frozen=True, kw_only=True)
class Browse:
    """None of these: let me choose from everything."""


@dataclass(frozen=True, kw_only=True)
class TickMaterial:
    """A material is at hand, or is not after all."""

    material: int


@dataclass(frozen=True, kw_only=True)
class PrintList:
    pass


@dataclass(frozen=True, kw_only=True)
class AddErrand:
    """This service too, and then another one."""


@dataclass(frozen=True, kw_only=True)
class DropErrands:
    pass


@dataclass(frozen=True, kw_only=True)
class AskClass:
    pass


@dataclass(frozen=True, kw_only=True)
class UseClass:
    """Go first as one of this class; `ordinary` takes it back."""

    klass: str


@dataclass(frozen=True, kw_only=True)
class ChooseBooking:
    appointment: str


@dataclass(frozen=True, kw_only=True)
class ChooseHeld:
    ticket: str


@dataclass(frozen=True, kw_only=True)
class Confirm:
    """Yes: the ticket, the check-in, the visit of several services, the sheet, the place in line again."""


@dataclass(frozen=True, kw_only=True)
class TakeOrdinary:
    """The appointment does not hold: a ticket like everybody's, then."""


@dataclass(frozen=True, kw_only=True)
class Back:
    pass


@dataclass(frozen=True, kw_only=True)
class Home:
    pass


@dataclass(frozen=True, kw_only=True)
class Leave:
    """I am done here: forget me."""


@dataclass(frozen=True, kw_only=True)
class Speak:
    language: str


@dataclass(frozen=True, kw_only=True)
class Draw:
    """Larger, with more contrast, lower: or not any more."""

    comfort: Comfort


@dataclass(frozen=True, kw_only=True)
class Stay:
    """Any touch that only says: I am here."""


@dataclass(frozen=True, kw_only=True)
class AskService:
    """The hidden gesture of technicians."""


@dataclass(frozen=True, kw_only=True)
class EnterPin:
    """The PIN as it is after the key."""

    digits: str


@dataclass(frozen=True, kw_only=True)
class Serve:
    act: ServiceAct


# --- what happens: time, devices, answers


@dataclass(frozen=True, kw_only=True)
class Tick:
    """Time went by, or the surroundings changed."""


@dataclass(frozen=True, kw_only=True)
class CardRead:
    """Somebody's card lies on the reader; `bookings` and `held` are theirs, of today, as far as known here."""

    card: Card
    bookings: tuple[Booking, ...] = ()
    held: tuple[HeldTicket, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TicketScanned:
    ticket: HeldTicket


@dataclass(frozen=True, kw_only=True)
class BookingScanned:
    booking: Booking


@dataclass(frozen=True, kw_only=True)
class CodeScanned:
    """A code that leads nowhere."""

    why: CodeFlaw


@dataclass(frozen=True, kw_only=True)
class Printed:
    order: int
    ticket: HandedOut


@dataclass(frozen=True, kw_only=True)
class NotPrinted:
    """The order came to nothing, whatever was ordered."""

    order: int
    why: Failure


@dataclass(frozen=True, kw_only=True)
class AlreadyHeld:
    """No ticket was made: this card has one in that queue."""

    order: int
    ticket: HeldTicket


@dataclass(frozen=True, kw_only=True)
class SheetPrinted:
    order: int


@dataclass(frozen=True, kw_only=True)
class Restored:
    order: int
    ticket: HeldTicket


@dataclass(frozen=True, kw_only=True)
class PinChecked:
    order: int
    right: bool


@dataclass(frozen=True, kw_only=True)
class Served:
    order: int
    worked: bool


Touch: TypeAlias = (
    ChooseQueue | ChooseService | Present | Search | Type | ShowHall | Browse | TickMaterial | PrintList | AddErrand
    | DropErrands | AskClass | UseClass | ChooseBooking | ChooseHeld | Confirm | TakeOrdinary | Back | Home | Leave
    | Speak | Draw | Stay | AskService | EnterPin | Serve
)  # fmt: skip
Shown: TypeAlias = CardRead | TicketScanned | BookingScanned | CodeScanned
"""What a resident holds to a device: as good as a touch."""
Answer: TypeAlias = Printed | NotPrinted | AlreadyHeld | SheetPrinted | Restored | PinChecked | Served
Input: TypeAlias = Touch | Shown | Answer | Tick


# --- what is to be done


@dataclass(frozen=True, kw_only=True)
class TakeTicket:
    """Issue and print one ticket. Answer: `Printed`, `AlreadyHeld` or `NotPrinted` of the same `order`."""

    order: int
    queue: str
    service: str | None
    language: str
    klass: str = ORDINARY
    then: tuple[str, ...] = ()
    card: Card | None = None
    booking: Booking | None = None


@dataclass(frozen=True, kw_only=True)
class PrintSheet:
    """Print a service's list of what to bring and its disclosures. Answer: `SheetPrinted` or `NotPrinted`.

    `advice`: where to go with it as well, for a service that others decide.
    """

    order: int
    service: str
    language: str
    ticked: frozenset[int] = frozenset()
    advice: bool = False


@dataclass(frozen=True, kw_only=True)
class RestoreTicket:
    """Let a no-show wait again. Answer: `Restored` or `NotPrinted`."""

    order: int
    ticket: str


@dataclass(frozen=True, kw_only=True)
class CheckPin:
    """Answer: `PinChecked`."""

    order: int
    digits: str


@dataclass(frozen=True, kw_only=True)
class DoService:
    """Answer: `Served`."""

    order: int
    act: ServiceAct


Effect: TypeAlias = TakeTicket | PrintSheet | RestoreTicket | CheckPin | DoService
