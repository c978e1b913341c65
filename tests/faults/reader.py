"""The independent reader: what the journals on disk say, read with sqlite3, json and hashlib alone.

Nothing of `queue_server` is used here: a shared mistake would agree with itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sqlite3
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TICKET = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
LABEL = re.compile(r"[A-Z]\d{3,4}")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One entry, as it lies on the disk."""

    hall: str
    seq: int
    id: str
    cause: str
    at: int
    kind: str
    data: bytes
    hash: str

    @property
    def fact(self) -> dict[str, Any]:
        fields: dict[str, Any] = json.loads(self.data)
        return fields

    @property
    def said(self) -> tuple[str, str, int, str, bytes]:
        """What its writer said: the same wherever the fact is kept."""
        return self.id, self.cause, self.at, self.kind, self.data


def rows(path: Path) -> list[Row]:
    """The whole journal, while its program runs or not."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        found = db.execute(
            "SELECT hall, seq, id, cause, at, kind, data, hash FROM journal ORDER BY hall, seq"
        ).fetchall()
    finally:
        db.close()
    names = ("hall", "seq", "id", "cause", "at", "kind", "data", "hash")
    return [Row(**dict(zip(names, row, strict=True))) for row in found]


def last(path: Path) -> tuple[int, str, str]:
    """(seq, hash, id) of the newest entry; (0, "", "") if there is none, or the file is just being made."""
    try:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
        try:
            found = db.execute("SELECT seq, hash, id FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
        finally:
            db.close()
    except sqlite3.OperationalError:
        return 0, "", ""
    return (0, "", "") if found is None else (found[0], found[1], found[2])


def has(path: Path, id_: str) -> bool:
    """Whether the journal has this entry."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        return db.execute("SELECT 1 FROM journal WHERE id = ?", (id_,)).fetchone() is not None
    finally:
        db.close()


def unsound(name: str, journal: list[Row], *, from_the_start: bool = True) -> Iterator[str]:
    """Where the chain is broken. A copy may begin later than its hall."""
    if not journal:
        return
    seq, previous = (0, "") if from_the_start else (journal[0].seq, journal[0].hash)
    for row in journal if from_the_start else journal[1:]:
        head = f'{previous}["{row.hall}",{row.seq},"{row.id}","{row.cause}",{row.at},"{row.kind}",'
        if row.seq != seq + 1 or hashlib.sha256(head.encode() + row.data + b"]").hexdigest() != row.hash:
            yield f"{name}: the chain is broken at {row.seq} ({row.kind})"
            return
        seq, previous = row.seq, row.hash


@dataclass(kw_only=True)
class Truth:
    """What people at the hall have seen with their own eyes, and what is known to be lost with a backup."""

    papers: list[tuple[str, str, str]] = field(default_factory=list)
    """(kiosk, label, ticket) of every whole paper in a hand."""
    torn: set[str] = field(default_factory=set)
    """Tickets on papers that their printer stopped in, so that whoever holds one was told that it is none."""
    told: list[tuple[str, str, str, bool]] = field(default_factory=list)
    """(kiosk, label, ticket, on paper): tickets a kiosk said it had handed out."""
    refused: set[str] = field(default_factory=set)
    issued: dict[str, str] = field(default_factory=dict)
    """Ticket -> label of those the hall's own desk was answered."""
    called: list[tuple[str, str]] = field(default_factory=list)
    """(cause, ticket) of every call a window was answered."""
    forgotten: list[Row] = field(default_factory=list)
    """Entries the hall once had and a restored backup had not."""
    dead: set[str] = field(default_factory=set)
    """Kiosks whose disk is gone for good."""
    misled: set[str] = field(default_factory=set)
    """Kiosks that were started with a wrong clock: what they handed out until they heard the hall may be misdated."""
    taken_in: int = 0
    """Papers of dead kiosks that the desk has believed."""


@dataclass(kw_only=True)
class Verdict:
    """`faults` should be empty. `counts`: what was looked at. `absent`: papers only a dead kiosk knew of."""

    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    absent: list[str] = field(default_factory=list)


def paper(kiosk: str, lines: Iterable[str], codes: Iterable[str], own: list[Row]) -> tuple[str, str, str] | None:
    """(kiosk, label, ticket) of a whole paper: one number and its code. None for a torn one."""
    labels = [line for line in lines if LABEL.fullmatch(line)]
    found = [ticket for code in codes if (ticket := _ticket(code))]
    if len(labels) != 1 or not list(codes):
        return None
    if found:
        return kiosk, labels[0], found[0]
    issued = [row.fact for row in own if row.kind == "TicketIssued"]
    named = [fact["ticket"] for fact in issued if fact["label"] == labels[0]]
    return (kiosk, labels[0], named[-1]) if named else (kiosk, labels[0], "?")


def _ticket(code: str) -> str:
    """The ticket's id in a code, signed (`T.`, 22 characters of base64url, `_`, …) or plain; "" if there is none."""
    if signed := re.search(r"/T\.([A-Za-z0-9_-]{22})_", code):
        return str(uuid.UUID(bytes=base64.urlsafe_b64decode(signed[1] + "==")))
    plain = TICKET.search(code)
    return plain[0] if plain else ""


def judge(hall: list[Row], owns: dict[str, list[Row]], copies: dict[str, list[Row]], truth: Truth) -> Verdict:
    """Compare all journals with each other and with what people saw, once everything has been told and called."""
    verdict = Verdict()
    verdict.faults += unsound("hall", hall)
    for code, own in owns.items():
        verdict.faults += unsound(f"{code}'s own journal", own)
        verdict.faults += _arrived(code, own, hall)
    for code, copy in copies.items():
        verdict.faults += unsound(f"{code}'s copy", copy, from_the_start=False)
        if copy != hall[len(hall) - len(copy) :]:
            verdict.faults.append(f"{code}'s copy is not what the hall has")
    _tickets(hall, truth, verdict)
    verdict.counts["entries"] = len(hall)
    return verdict


def _arrived(code: str, own: list[Row], hall: list[Row]) -> Iterator[str]:
    """Every fact of a kiosk is in the hall once, word for word."""
    there: dict[str, list[Row]] = defaultdict(list)
    for row in hall:
        there[row.id].append(row)
    for row in own:
        found = there[row.id]
        if len(found) != 1:
            yield f"{code}: {row.kind} {row.seq} is {len(found)} times in the hall's journal: {row.data.decode()}"
        elif found[0].said != row.said:
            yield f"{code}: {row.kind} {row.seq} says something else in the hall's journal"


def _tickets(hall: list[Row], truth: Truth, verdict: Verdict) -> None:
    facts: dict[str, list[tuple[str, dict[str, Any], Row]]] = defaultdict(list)
    for row in hall:
        fact = row.fact
        if "ticket" in fact:
            facts[fact["ticket"]].append((row.kind, fact, row))
    issued = {ticket: [f for kind, f, _ in of if kind == "TicketIssued"] for ticket, of in facts.items()}
    voided = {ticket for ticket, of in facts.items() if any(kind == "TicketVoided" for kind, _, _ in of)}
    forgotten = Counter(row.fact["ticket"] for row in truth.forgotten if row.kind == "TicketCalled")
    verdict.faults += [f"{t} was issued {len(of)} times" for t, of in issued.items() if len(of) > 1]
    verdict.faults += _papers(truth, issued, voided, verdict)
    verdict.faults += _numbers(issued, voided)
    days = [row.fact["day"] for row in hall if row.kind == "DayOpened"]
    for ticket, of in issued.items():
        if not of or ticket in voided:
            continue
        kinds = Counter(kind for kind, _, _ in facts[ticket])
        calls, again = kinds["TicketCalled"], sum(kinds[f"Ticket{k}"] for k in ("Parked", "Transferred", "Restored"))
        name = f"{of[0]['label']} of {of[0]['source']} ({ticket})"
        verdict.counts["tickets"] += 1
        verdict.counts["calls"] += calls
        if of[0]["day"] != days[-1] and of[0]["source"] in truth.misled:
            verdict.counts["dated another day by a kiosk that was started cut off with a wrong clock"] += 1
        elif of[0]["day"] != days[-1]:
            verdict.faults.append(f"{name} is dated {of[0]['day']}: it will not be called today")
        elif calls == 0:
            verdict.faults.append(f"{name} was never called: {dict(kinds)}")
        elif calls > 1 + again:
            verdict.faults.append(f"{name} was called {calls} times: {dict(kinds)}")
        if calls and forgotten[ticket]:
            verdict.counts["called again, the call being lost with the backup"] += 1
    verdict.counts["voided"] += len(voided)
    verdict.faults += _presses(hall, truth)


def _papers(truth: Truth, issued: dict[str, list[dict[str, Any]]], voided: set[str], verdict: Verdict) -> Iterator[str]:
    """Every paper is a ticket, and every ticket that was said to be on paper is."""
    out = Counter(ticket for _, _, ticket in truth.papers)
    yield from (f"{ticket} is on {times} papers" for ticket, times in out.items() if times > 1)
    for kiosk, label, ticket in truth.papers:
        verdict.counts["papers"] += 1
        found = issued.get(ticket, [])
        if not found and kiosk in truth.dead:
            verdict.absent.append(f"{label} of {kiosk} ({ticket})")
        elif not found:
            yield f"paper {label} of {kiosk} ({ticket}) is lost: the hall has no such ticket"
        elif found[0]["label"] != label or found[0]["source"] != kiosk:
            yield f"paper {label} of {kiosk} is {found[0]['label']} of {found[0]['source']} in the journal"
        elif ticket in voided and ticket not in truth.torn:
            yield f"paper {label} of {kiosk} ({ticket}) is in a hand, and void"
    for kiosk, label, ticket, on_paper in truth.told:
        if on_paper and ticket not in out:
            yield f"{kiosk} said {label} ({ticket}) was printed; there is no such paper"
        if ticket in voided:
            yield f"{kiosk} handed out {label} ({ticket}), and it is void"
    lost = {row.fact["ticket"] for row in truth.forgotten if row.kind == "TicketIssued"}
    for ticket, label in truth.issued.items():
        if not issued.get(ticket) and ticket not in lost:
            yield f"the hall's own ticket {label} ({ticket}) is lost"


def _numbers(issued: dict[str, list[dict[str, Any]]], voided: set[str]) -> Iterator[str]:
    """No number twice in a day."""
    given: dict[tuple[str, str], list[str]] = defaultdict(list)
    for ticket, of in issued.items():
        if of and ticket not in voided:
            given[of[0]["day"], of[0]["label"]].append(f"{of[0]['source']} {ticket}")
    yield from (f"{label} was given {len(to)} times: {to}" for (_, label), to in given.items() if len(to) > 1)


def _presses(hall: list[Row], truth: Truth) -> Iterator[str]:
    """What a window was answered is in the journal, once."""
    done = Counter((row.cause, row.kind) for row in hall)
    yield from (f"press {cause} did {kind} {n} times" for (cause, kind), n in done.items() if n > 1)
    lost = {row.cause for row in truth.forgotten}
    for cause, ticket in truth.called:
        if not done[cause, "TicketCalled"] and cause not in lost:
            yield f"a window was told that {ticket} is called ({cause}); the journal does not know"
