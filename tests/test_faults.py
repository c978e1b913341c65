"""Faults at random over a hall of real processes, judged by a reader that shares no code with it."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from faults import schedule
from faults.kinds import FAULTS
from faults.programs import Nursery
from faults.reader import Row, Truth, judge, paper
from faults.reconnection import EACH, reconnect
from faults.wire import Network

SEED = 20261122
HALLS = 17
"""Each with `schedule.SCHEDULES` schedules. `python -m bench.faults` runs as many as one likes."""


@pytest.fixture(scope="module")
def programs() -> Iterator[tuple[Nursery, Network]]:
    with schedule.programs() as running:
        yield running


@pytest.mark.timeout(900)
def test_through_random_faults_no_ticket_is_lost_or_doubled_or_called_twice_and_no_number_is_given_twice(
    tmp_path: Path, programs: tuple[Nursery, Network]
) -> None:
    report = schedule.run(tmp_path, *programs, seed=SEED, halls=HALLS)
    assert report.faults == []
    assert report.schedules == HALLS * schedule.SCHEDULES
    assert set(report.injected) == {*FAULTS, schedule.DEAD}
    assert report.counts["papers"] > report.schedules
    assert report.counts["calls"] > report.schedules


def test_tickets_issued_while_three_kiosks_were_cut_off_arrive_once_each(
    tmp_path: Path, programs: tuple[Nursery, Network]
) -> None:
    found = reconnect(tmp_path / "hall", *programs)
    assert found.faults == []
    assert len(set(found.issued)) == len(found.issued) > 2.9 * EACH
    assert sorted(found.arrived) == sorted(found.issued)


def test_a_schedule_follows_from_its_seed() -> None:
    assert schedule.plan(random.Random("7/1")) == schedule.plan(random.Random("7/1"))
    assert schedule.plan(random.Random("7/1")) != schedule.plan(random.Random("7/2"))


# --- the reader finds what it looks for


def journal(*facts: tuple[str, dict[str, object]]) -> list[Row]:
    """A sound journal of the hall H with these facts in it, each under its own cause."""
    rows: list[Row] = []
    previous = ""
    for seq, (kind, fields) in enumerate((("DayOpened", {"day": "2026-03-02"}), *facts), 1):
        data = json.dumps({"at": seq, **fields}).encode()
        head = f'{previous}["H",{seq},"id{seq}","cause{seq}",{seq},"{kind}",'
        previous = hashlib.sha256(head.encode() + data + b"]").hexdigest()
        rows.append(
            Row(hall="H", seq=seq, id=f"id{seq}", cause=f"cause{seq}", at=seq, kind=kind, data=data, hash=previous)
        )
    return rows


def first(row: Row) -> Row:
    """The fact as it stands in its writer's own journal, the first of it."""
    head = f'["H",1,"{row.id}","{row.cause}",{row.at},"{row.kind}",'
    return replace(row, seq=1, hash=hashlib.sha256(head.encode() + row.data + b"]").hexdigest())


def issued(ticket: str, label: str = "A001") -> tuple[str, dict[str, object]]:
    return "TicketIssued", {"ticket": ticket, "day": "2026-03-02", "label": label, "source": "K1"}


def called(ticket: str) -> tuple[str, dict[str, object]]:
    return "TicketCalled", {"ticket": ticket, "window": "1"}


def voided(ticket: str) -> tuple[str, dict[str, object]]:
    return "TicketVoided", {"ticket": ticket, "reason": "print-failed"}


PAPER = Truth(papers=[("K1", "A001", "t1")], told=[("K1", "A001", "t1", True)])


def test_the_reader_is_content_with_a_paper_that_was_called_once() -> None:
    rows = journal(issued("t1"), called("t1"))
    verdict = judge(rows, {"K1": [first(rows[1])]}, {"K1": rows}, PAPER)
    assert verdict.faults == []
    assert verdict.counts["papers"] == verdict.counts["calls"] == 1


def test_a_paper_whose_code_cannot_be_read_or_that_was_torn_is_no_ticket() -> None:
    ticket = "01a204e1-fa6d-7179-bc73-3a37100c0180"
    assert paper("K1", ["便民", "A001"], [f"http://hall/t/{ticket}"], []) == ("K1", "A001", ticket)
    assert paper("K1", ["便民", "A001"], [], []) is None
    assert paper("K1", ["便民"], [f"http://hall/t/{ticket}"], []) is None


@pytest.mark.parametrize(
    ("facts", "truth", "fault"),
    [
        ([], PAPER, "is lost"),
        ([issued("t1"), issued("t1"), called("t1")], PAPER, "was issued 2 times"),
        ([issued("t1"), called("t1"), called("t1")], PAPER, "was called 2 times"),
        ([issued("t1")], PAPER, "was never called"),
        ([issued("t1"), voided("t1")], PAPER, "is in a hand, and void"),
        ([issued("t1", "A002"), called("t1")], PAPER, "is A002 of K1 in the journal"),
        ([issued("t1"), called("t1"), issued("t2"), called("t2")], PAPER, "A001 was given 2 times"),
        ([issued("t1"), called("t1")], Truth(papers=PAPER.papers * 2), "is on 2 papers"),
        ([issued("t1"), called("t1")], Truth(told=PAPER.told), "there is no such paper"),
        ([issued("t1"), voided("t1")], Truth(told=PAPER.told), "handed out A001 (t1), and it is void"),
        ([], Truth(issued={"t1": "A001"}), "own ticket A001 (t1) is lost"),
        ([issued("t1"), called("t1")], Truth(called=[("press", "t1")]), "the journal does not know"),
    ],
)
def test_the_reader_finds(facts: list[tuple[str, dict[str, object]]], truth: Truth, fault: str) -> None:
    assert any(fault in found for found in judge(journal(*facts), {}, {}, truth).faults)


def test_the_reader_finds_facts_that_did_not_arrive_or_were_changed_and_copies_that_differ() -> None:
    rows = journal(issued("t1"), called("t1"))
    lost = journal(called("t1"))
    other = replace(rows[1], data=rows[1].data.replace(b"A001", b"A002"))
    assert any("is 0 times" in fault for fault in judge(lost, {"K1": [replace(rows[1], id="x")]}, {}, Truth()).faults)
    assert any("something else" in fault for fault in judge(rows, {"K1": [other]}, {}, Truth()).faults)
    assert any("chain is broken at 2" in fault for fault in judge([rows[0], other, rows[2]], {}, {}, Truth()).faults)
    assert any("copy is not" in fault for fault in judge(rows, {}, {"K1": rows[:2]}, Truth()).faults)


def test_only_a_dead_kiosks_papers_may_be_absent_and_they_are_named() -> None:
    truth = Truth(papers=PAPER.papers, dead={"K1"})
    verdict = judge(journal(), {}, {}, truth)
    assert verdict.faults == []
    assert verdict.absent == ["A001 of K1 (t1)"]
