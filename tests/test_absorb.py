"""Other machines' facts: each taken once, in order, on whatever day they are told."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hall_stories import MONDAY, TUESDAY, WEDNESDAY, refused
from journals import Clock, assert_replays, desk, printed, told, voided

from queue_server.domain import commands as c
from queue_server.domain.events import Unknown
from queue_server.domain.life import State
from queue_server.domain.refusal import Reason, Refused
from queue_server.journal.replica import Absorb
from queue_server.journal.verify import verify


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "H1.sqlite"


@pytest.fixture
def clock() -> Clock:
    return Clock()


# --- other machines' facts


def test_facts_told_twice_are_taken_once(path: Path, clock: Clock) -> None:
    with desk(path, clock) as hall:
        hall.open_day("1")
        facts = [told(n, printed(clock, f"t{n}", 900 + n)) for n in range(1, 6)]
        assert [entry.id for entry in hall.absorb("K1/disk", *facts[:3])] == ["fact-1", "fact-2", "fact-3"]
        assert hall.absorb("K1/disk", *facts[:3]) == []
        assert [entry.id for entry in hall.absorb("K1/disk", *facts[1:])] == ["fact-4", "fact-5"]
        assert hall.store.cursor("H1", "K1/disk") == 5
        assert len(hall.replica.hall.tickets) == 5
        live = hall.replica
    assert_replays(path, live)


def test_the_same_facts_twice_in_one_batch_are_taken_once(path: Path, clock: Clock) -> None:
    with desk(path, clock) as hall:
        hall.open_day("1")
        absorb = Absorb(source="K1/disk", entries=(told(1, printed(clock, "t1", 901)),))
        answers, new = hall.replica.commit([absorb, absorb])
        assert answers == [new, []]
        assert len(new) == 1


@pytest.mark.parametrize("seqs", [[2], [7, 8], [1, 3], [1, 1], [2, 1], [1, 2, 4]])
def test_facts_with_a_gap_between_them_are_refused_and_the_sender_is_told_which_comes_next(
    seqs: list[int], path: Path, clock: Clock
) -> None:
    with desk(path, clock) as hall:
        hall.open_day("1")
        facts = [told(seq, printed(clock, f"t{n}", 901 + n), id=f"id{n}") for n, seq in enumerate(seqs)]
        with pytest.raises(Refused, match=r"next fact expected from K1/disk is \d") as caught:
            hall.absorb("K1/disk", *facts)
        assert caught.value.reason is Reason.OUT_OF_ORDER
        assert hall.store.cursor("H1", "K1/disk") == 0
        assert hall.replica.hall.tickets == {}


def test_one_fact_under_two_places_is_taken_once_and_stops_nobody(path: Path, clock: Clock) -> None:
    with desk(path, clock) as hall:
        hall.open_day("1")
        fact = told(1, printed(clock, "t1", 901))
        assert len(hall.absorb("K1/disk", fact, replace(fact, seq=2))) == 1
        assert hall.store.cursor("H1", "K1/disk") == 2


def test_an_empty_batch_changes_nothing(path: Path) -> None:
    with desk(path) as hall:
        assert hall.absorb("K1/disk") == []
        assert hall.store.cursor("H1", "K1/disk") == 0


def test_each_machine_has_its_own_place(path: Path, clock: Clock) -> None:
    with desk(path, clock) as hall:
        hall.open_day("1")
        hall.absorb("K1/disk", told(1, printed(clock, "t1", 901), id="a"), told(2, voided(clock, "t1"), id="b"))
        hall.absorb("K2/disk", told(1, printed(clock, "t2", 912), id="c"))
        assert [hall.store.cursor("H1", source) for source in ("K1/disk", "K2/disk", "K3/disk")] == [2, 1, 0]


def test_a_kiosk_with_a_new_disk_begins_again_at_one(path: Path, clock: Clock) -> None:
    with desk(path, clock) as hall:
        hall.open_day("1")
        hall.absorb("K1/old", told(1, printed(clock, "t1", 901), id="old-1"))
        hall.absorb("K1/new", told(1, printed(clock, "t2", 902), id="new-1"))
        assert set(hall.replica.hall.tickets) == {"t1", "t2"}


def test_a_hall_restored_from_a_backup_is_told_the_rest_again(path: Path, clock: Clock, tmp_path: Path) -> None:
    facts = [told(n, printed(clock, f"t{n}", 900 + n)) for n in range(1, 5)]
    with desk(path, clock) as hall:
        hall.open_day("1")
        hall.absorb("K1/disk", *facts[:2])
    shutil.copy(path, tmp_path / "backup")
    with desk(path, clock) as hall:
        hall.absorb("K1/disk", *facts[2:])
    shutil.copy(tmp_path / "backup", path)
    with desk(path, clock) as hall:
        assert hall.store.cursor("H1", "K1/disk") == 2
        hall.absorb("K1/disk", *facts[1:])
        assert set(hall.replica.hall.tickets) == {"t1", "t2", "t3", "t4"}


def test_a_kiosk_that_lost_the_end_of_its_journal_is_heard_from_the_beginning(path: Path, clock: Clock) -> None:
    """A disk that lied about writing, or an image put back: other facts now stand where the hall had heard some."""
    first = [told(n, printed(clock, f"t{n}", 900 + n)) for n in range(1, 5)]
    after = [*first[:2], *(told(n, printed(clock, f"after{n}", 910 + n), id=f"after-{n}") for n in range(3, 7))]
    with desk(path, clock) as hall:
        hall.open_day("1")
        hall.absorb("K1/disk", *first)
        assert hall.absorb("K1/disk", *after[3:]) == []
        assert hall.store.cursor("H1", "K1/disk") == 0
        assert [entry.id for entry in hall.absorb("K1/disk", *after)] == [f"after-{n}" for n in range(3, 7)]
        assert hall.store.cursor("H1", "K1/disk") == 6
        assert len(hall.replica.hall.tickets) == 8
        live = hall.replica
    assert_replays(path, live)


def test_a_fact_of_an_unknown_kind_is_kept_byte_for_byte(path: Path, clock: Clock) -> None:
    strange = replace(told(1, Unknown(at=5, kind="Later", fields={"at": 5})), data=b'{ "at":5, "b":1.50, "a":[ ] }')
    with desk(path, clock) as hall:
        hall.open_day("1")
        hall.absorb("K1/disk", strange)
        assert hall.journal()[-1].data == strange.data
    assert verify(path)[0].sound


# --- days


def test_a_fact_of_tomorrow_told_while_today_is_open_is_there_tomorrow_and_after_a_restart(
    path: Path, clock: Clock
) -> None:
    """A kiosk cut off over midnight, in a hall that never closes: its ticket is told just before the hall's new day."""
    with desk(path, clock) as hall:
        hall.open_day("1")
        hall.issue("monday")
        clock.set(TUESDAY, "00:01")
        hall.absorb("K1/disk", told(1, printed(clock, "early", 901)))
        assert set(hall.replica.hall.tickets) == {"monday"}
        hall.open_day("1")
        assert set(hall.replica.hall.tickets) == {"early"}
        live = hall.replica
    assert_replays(path, live)


@pytest.mark.parametrize("closed", [True, False])
def test_facts_of_a_morning_before_the_hall_opened_survive_restarts(path: Path, clock: Clock, closed: bool) -> None:
    with desk(path, clock) as hall:
        hall.open_day("1")
        hall.issue("monday")
        if closed:
            clock.set(MONDAY, "18:30")
            hall.do(c.CloseDay())
    clock.set(TUESDAY, "07:00")
    with desk(path, clock) as hall:
        hall.absorb("K1/disk", told(1, printed(clock, "early", 901)), told(2, printed(clock, "unprinted", 902)))
    with desk(path, clock) as hall:
        hall.absorb("K1/disk", told(3, voided(clock, "unprinted")))
        hall.open_day("1")
        assert {id_: ticket.state for id_, ticket in hall.replica.hall.tickets.items()} == {
            "early": State.WAITING,
            "unprinted": State.VOIDED,
        }
        live = hall.replica
    assert_replays(path, live)


def test_a_ticket_of_yesterday_told_today_is_kept_and_changes_nothing(path: Path, clock: Clock) -> None:
    with desk(path, clock) as hall:
        hall.open_day("1")
        late = printed(clock, "late", 901)
        clock.set(TUESDAY, "09:00")
        hall.open_day("1")
        hall.absorb("K1/disk", told(1, late), told(2, replace(voided(clock, "late"))))
        assert hall.replica.hall.tickets == {}
        assert [entry.kind for entry in hall.journal()][-2:] == ["TicketIssued", "TicketVoided"]
        live = hall.replica
    assert_replays(path, live)


def test_a_ticket_told_after_closing_is_there_as_expired_and_after_a_restart(path: Path, clock: Clock) -> None:
    with desk(path, clock) as hall:
        hall.open_day("1")
        late = printed(clock, "late", 901)
        clock.set(MONDAY, "18:30")
        hall.do(c.CloseDay())
        hall.absorb("K1/disk", told(1, late))
        assert hall.replica.hall.tickets["late"].state is State.EXPIRED
        live = hall.replica
    assert_replays(path, live)


def test_only_the_open_day_and_the_one_before_are_read_at_the_start(path: Path, clock: Clock) -> None:
    with desk(path, clock) as hall:
        for day in (MONDAY, TUESDAY, WEDNESDAY):
            clock.set(day, "09:00")
            hall.open_day("1")
            hall.issue(f"ticket of {day}")
        openings = [entry.seq for entry in hall.journal() if entry.kind == "DayOpened"]
        assert hall.store.day_start("H1") == openings[1] - 1
        assert hall.store.day_start("H2") == 0
        assert set(hall.replica.hall.tickets) == {f"ticket of {WEDNESDAY}"}
        live = hall.replica
    assert_replays(path, live)


def test_yesterday_cannot_be_opened_again(path: Path, clock: Clock) -> None:
    with desk(path, clock) as hall:
        clock.set(TUESDAY, "09:00")
        hall.open_day("1")
        clock.set(MONDAY, "09:00")
        with refused(Reason.DAY_IN_THE_PAST):
            hall.open_day()
