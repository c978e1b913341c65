"""Receipt printers that speak ESC/POS.

`Printer(open_transport(line), profile).print_receipt(Receipt((Line("…"), …)))` prints and says truthfully whether.
"""

from .driver import Health, Outcome, Printer
from .font import FontMissing
from .protocol import PROFILES, Cut, Profile
from .receipt import Align, Feed, Line, Part, QRCode, Receipt, Row, Rule

__all__ = [
    "PROFILES",
    "Align",
    "Cut",
    "Feed",
    "FontMissing",
    "Health",
    "Line",
    "Outcome",
    "Part",
    "Printer",
    "Profile",
    "QRCode",
    "Receipt",
    "Row",
    "Rule",
]
