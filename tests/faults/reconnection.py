"""How soon 300 tickets that three kiosks issued while they were cut off are in the hall, once the line is back."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from faults import reader
from faults.hall import Hall
from faults.programs import Kiosk, Nursery, until
from faults.wire import Network

EACH = 100


@dataclass(frozen=True, kw_only=True)
class Reconnection:
    """`seconds` from the line's return until the last is in the hall's journal. `issued` and `arrived` by ticket.

    A ticket whose paper failed was never handed out: neither list has it.
    """

    seconds: float
    issued: list[str]
    arrived: list[str]
    faults: list[str]


def reconnect(folder: Path, nursery: Nursery, network: Network) -> Reconnection:
    with Hall(folder, nursery, network) as hall:
        hall.settle()
        for kiosk in hall.kiosks:
            kiosk.wire.gone()
        for kiosk in hall.kiosks:
            until(lambda kiosk=kiosk: not _look(kiosk)["connected"], f"{kiosk.code} notices")
        orders = [(kiosk, kiosk.order(take={"queue": "ABC"[n % 3]})) for kiosk in hall.kiosks for n in range(EACH)]
        until(lambda: not any(kiosk.waiting for kiosk in hall.kiosks), "all are printed", 120)
        answers = [kiosk.answers[order] for kiosk, order in orders]
        issued = [str(answer["ticket"]) for answer in answers if answer["printed"]]
        began = time.perf_counter()
        for kiosk in hall.kiosks:
            kiosk.wire.heal()
        until(lambda: _tickets(hall.server.journal) >= len(issued), "all have arrived")
        seconds = time.perf_counter() - began
        verdict = hall.settle()
        journal = reader.rows(hall.server.journal)
    void = {row.fact["ticket"] for row in journal if row.kind == "TicketVoided"}
    told = (row.fact["ticket"] for row in journal if row.kind == "TicketIssued")
    arrived = [ticket for ticket in told if ticket not in void]
    return Reconnection(seconds=seconds, issued=issued, arrived=arrived, faults=verdict.faults)


def _look(kiosk: Kiosk) -> dict[str, object]:
    order = kiosk.order(look=True)
    until(lambda: not kiosk.waiting, f"{kiosk.code} looks")
    return kiosk.answers[order]


def _tickets(journal: Path) -> int:
    db = sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=10)
    try:
        return int(db.execute("SELECT count(*) FROM journal WHERE kind = 'TicketIssued'").fetchone()[0])
    finally:
        db.close()
