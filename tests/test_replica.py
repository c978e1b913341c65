"""The replica: each press once, group commit, replay, and copies."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hall_stories import MONDAY, TUESDAY, WEDNESDAY, folded, refused, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import Clock, Desk, assert_replays, desk, printed, told, voided

from queue_server.domain import commands as c
from queue_server.domain.events import TicketIssued
from queue_server.domain.refusal import Reason, Refused
from queue_server.journal.entry import Entry, event_of, follows
from queue_server.journal.replica import Absorb, Diverged, Replica, Submit
from queue_server.journal.store import SqliteStore, StoreError
from queue_server.journal.verify import verify


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "H1.sqlite"


@pytest.fixture
def clock() -> Clock:
    return Clock()


def issue(ticket: str, cause: str, queue: str = "A") -> Submit:
    return Submit(command=c.IssueTicket(ticket=ticket, queue=queue), cause=cause)


# --- each press once


def test_a_press_repeated_later_gets_its_first_answer(path: Path, clock: Clock) -> None:
    with desk(path, clock) as hall:
        hall.open_day("1")
        first = hall.issue("t1", cause="press")
        hall.issue("t2")
        clock.set(MONDAY, "10:00")
        assert hall.issue("another", cause="press") == first
        assert set(hall.replica.hall.tickets) == {"t1", "t2"}


def test_a_press_repeated_in_the_same_batch_is_done_once(path: Path) -> None:
    with desk(path) as hall:
        hall.open_day("1")
        answers, new = hall.replica.commit([issue("t1", "press"), issue("t2", "other"), issue("t3", "press")])
        assert answers == [[new[0]], [new[1]], [new[0]]]
        assert len(new) == 2


def test_a_press_repeated_after_a_restart_gets_its_first_answer(path: Path) -> None:
    with desk(path) as hall:
        hall.open_day("1")
        hall.issue("t1")
        first = hall.do(c.CallNext(window="1"), "press")
    with desk(path) as hall:
        assert hall.do(c.CallNext(window="1"), "press") == first
        with refused(Reason.WINDOW_BUSY):
            hall.do(c.CallNext(window="1"), "another press")


def test_a_press_of_several_facts_gets_all_of_them_again(path: Path) -> None:
    with desk(path) as hall:
        hall.open_day("1")
        for ticket in ("t1", "t2"):
            hall.issue(ticket)
        hall.do(c.CallNext(window="1"))
        hall.do(c.Start(window="1"))
        press = Submit(command=c.CallNext(window="1", outcome=next(iter(c.Outcome))), cause="press")
        answers, new = hall.replica.commit([press, issue("t3", "other"), press])
        assert [entry.kind for entry in new] == ["TicketFinished", "TicketCalled", "TicketIssued"]
        assert answers[0] == answers[2] == new[:2]


def test_a_press_before_midnight_is_known_after_it(path: Path, clock: Clock) -> None:
    with desk(path, clock) as hall:
        hall.open_day("1")
        first = hall.issue("t1", cause="press")
        clock.set(TUESDAY, "00:00")
        hall.open_day("1")
        assert hall.issue("again", cause="press") == first
    with desk(path, clock) as hall:
        assert hall.issue("again", cause="press") == first
        assert hall.replica.hall.tickets == {}


def test_what_a_cause_led_to_is_told_without_what_others_did_meanwhile(path: Path, clock: Clock) -> None:
    with desk(path, clock) as hall:
        hall.open_day("1")
        (issued,) = hall.absorb("K1/disk", told(1, printed(clock, "t1", 901), cause="touch"))
        hall.issue("t2")
        (void,) = hall.absorb("K1/disk", told(2, voided(clock, "t1"), cause="touch"))
        assert hall.issue("x", cause="touch") == [issued, void]


def test_presses_of_old_days_are_forgotten_so_that_memory_does_not_grow(path: Path, clock: Clock) -> None:
    with desk(path, clock) as hall:
        for day in (MONDAY, TUESDAY, WEDNESDAY):
            clock.set(day, "09:00")
            hall.open_day("1")
            hall.issue(f"ticket of {day}", cause=f"press of {day}")
        hall.issue("new", cause=f"press of {MONDAY}")
        assert "new" in hall.replica.hall.tickets
        live = hall.replica
    assert_replays(path, live)


# --- group commit


def test_a_refusal_touches_only_its_own_request(path: Path, clock: Clock) -> None:
    with desk(path, clock) as hall:
        hall.open_day("1")
        before = hall.replica.seq
        answers, new = hall.replica.commit(
            [
                issue("t1", "a"),
                issue("t2", "b", queue="nowhere"),
                Submit(command=c.CallNext(window="9"), cause="c"),
                Absorb(source="K1/disk", entries=(told(5, printed(clock, "t5", 905)),)),
                issue("t3", "d"),
            ]
        )
        reasons = [answer.reason if isinstance(answer, Refused) else None for answer in answers]
        assert reasons == [None, Reason.UNKNOWN_QUEUE, Reason.UNKNOWN_WINDOW, Reason.OUT_OF_ORDER, None]
        assert [entry.seq for entry in new] == [before + 1, before + 2]
        assert [ticket.label for ticket in hall.replica.hall.tickets.values()] == ["A001", "A002"]
        live = hall.replica
    assert_replays(path, live)


def test_requests_of_one_batch_see_each_other(path: Path) -> None:
    with desk(path) as hall:
        hall.open_day("1")
        answers, _ = hall.replica.commit(
            [
                issue("t1", "a"),
                Submit(command=c.CallNext(window="1"), cause="b"),
                Submit(command=c.CallNext(window="1"), cause="c"),
            ]
        )
        assert hall.replica.hall.windows["1"].ticket == "t1"
        assert isinstance(answers[2], Refused)


def test_nothing_is_committed_where_every_request_is_refused(path: Path) -> None:
    with desk(path) as hall:
        answers, new = hall.replica.commit([issue("t1", "a"), issue("t2", "b")])
        assert [answer.reason for answer in answers if isinstance(answer, Refused)] == [Reason.DAY_NOT_OPEN] * 2
        assert new == hall.journal() == []


def test_a_mistake_of_ours_leaves_the_hall_as_it_was(path: Path) -> None:
    with desk(path) as hall:
        hall.open_day("1")
        before = snapshot(hall.replica.hall)
        with pytest.raises(AssertionError):
            hall.replica.commit([issue("t1", "a"), Submit(command="no command at all", cause="b")])  # type: ignore[arg-type]
        assert snapshot(hall.replica.hall) == before
        hall.issue("t1")
        assert hall.replica.hall.tickets["t1"].label == "A001"


def test_a_disk_that_fails_to_read_too_is_read_again_when_it_is_well(path: Path) -> None:
    with desk(path) as hall:
        hall.open_day("1")
        hall.issue("t1")
        hall.store._db.execute("ALTER TABLE journal RENAME TO elsewhere")  # neither written nor read
        with pytest.raises(StoreError, match="cannot be"):
            hall.issue("t2")
        hall.store._db.execute("ALTER TABLE elsewhere RENAME TO journal")
        hall.do(c.CallNext(window="1"))
        assert hall.replica.hall.windows["1"].ticket == "t1"


# --- replay is live


steps = st.lists(
    st.sampled_from(["issue", "call", "start", "finish", "no-show", "park", "restore", "kiosk", "void", "next day"]),
    max_size=40,
)


@settings(max_examples=25)
@given(steps, st.lists(st.integers(0, 40), max_size=3))
def test_replay_is_live_wherever_the_machine_is_restarted(todo: list[str], restarts: list[int]) -> None:
    """`todo` is done on a real file, once with restarts and once without: both end in the same hall."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        clock = Clock()
        hall = stack.enter_context(desk(folder / "a", clock))
        hall.open_day("1", "2")
        printed_by_kiosk = 0
        for n, step in enumerate(todo):
            if n in restarts:
                before = snapshot(hall.replica.hall), hall.replica.seq, hall.replica.hash
                hall.close()
                hall = stack.enter_context(desk(folder / "a", clock))
                assert (snapshot(hall.replica.hall), hall.replica.seq, hall.replica.hash) == before
            clock.now += 20_000
            if step == "kiosk":
                printed_by_kiosk += 1
                hall.absorb("K1/disk", told(printed_by_kiosk, printed(clock, f"k{n}", 900 + printed_by_kiosk)))
            else:
                _try(hall, step, n)
        live = snapshot(hall.replica.hall)
        entries = hall.journal()
        hall.close()
        assert snapshot(folded([event_of(entry) for entry in entries])) == live
        with closing(SqliteStore(folder / "a")) as store:
            assert snapshot(Replica(store, "H1").hall) == live
        with desk(folder / "copy") as copy:
            copy.replica.copy(entries)
            assert snapshot(copy.replica.hall) == live
            assert copy.journal() == entries


def _try(hall: Desk, step: str, n: int) -> None:
    tickets = list(hall.replica.hall.tickets)
    window = "12"[n % 2]
    any_ticket = tickets[n * 7 % len(tickets)] if tickets else "none"
    commands: dict[str, list[c.Command]] = {
        "issue": [c.IssueTicket(ticket=f"t{n}", queue="AB"[n % 2])],
        "call": [c.CallNext(window=window)],
        "start": [c.Start(window=window)],
        "finish": [c.Finish(window=window)],
        "no-show": [c.MarkNoShow(window=window)],
        "park": [c.Park(window=window)],
        "restore": [c.RestoreTicket(ticket=any_ticket)],
        "void": [c.VoidTicket(ticket=any_ticket, reason="printer")],
    }
    try:
        if step == "next day":
            hall.clock.set({MONDAY: TUESDAY}.get(hall.clock.day, WEDNESDAY), "09:00")
            hall.open_day("1", "2")
        else:
            for command in commands[step]:
                hall.do(command)
    except Refused:
        pass  # as it should be, now and then


# --- copies


@pytest.fixture
def original(path: Path) -> list[Entry]:
    """The entries of a small hall."""
    with desk(path) as hall:
        hall.open_day("1")
        for n in range(6):
            hall.issue(f"t{n}")
        return hall.journal()


@pytest.fixture
def copied(original: list[Entry], tmp_path: Path) -> Path:
    """A copy of the first four."""
    with desk(tmp_path / "copy") as copy:
        copy.replica.copy(original[:4])
    return tmp_path / "copy"


def test_a_copy_has_the_same_entries_and_the_same_hall(original: list[Entry], path: Path, copied: Path) -> None:
    with desk(copied) as copy, desk(path) as hall:
        copy.replica.copy(original[4:6])
        copy.replica.copy(original[6:])
        assert copy.journal() == original
        assert snapshot(copy.replica.hall) == snapshot(hall.replica.hall)
        assert (copy.replica.seq, copy.replica.hash) == (hall.replica.seq, hall.replica.hash)


@pytest.mark.parametrize("change", ["changed", "missing", "repeated", "reordered", "another history"])
def test_entries_that_do_not_continue_a_copy_leave_it_as_it_was(
    change: str, original: list[Entry], copied: Path
) -> None:
    rest = {
        "changed": [original[4], replace(original[5], data=original[5].data.replace(b"A", b"B"))],
        "missing": original[5:],
        "repeated": [original[3], *original[4:]],
        "reordered": [original[5], original[4]],
        "another history": [replace(original[4], hash="0" * 64)],
    }[change]
    with desk(copied) as copy:
        before = snapshot(copy.replica.hall)
        with pytest.raises(Diverged):
            copy.replica.copy(rest)
        assert copy.journal() == original[:4]
        assert snapshot(copy.replica.hall) == before
        copy.replica.copy(original[4:])
        assert copy.journal() == original


def test_a_copy_may_begin_with_the_open_day_but_not_change_within_it(original: list[Entry], tmp_path: Path) -> None:
    with desk(tmp_path / "late") as copy:
        with pytest.raises(Diverged):
            copy.replica.copy([original[2], original[4]])
        copy.replica.copy(original[2:5])
        assert copy.replica.seq == 5
    with desk(tmp_path / "late") as copy:
        copy.replica.copy(original[5:])
        assert [entry.seq for entry in copy.journal()] == [3, 4, 5, 6, 7, 8]


def test_a_machine_s_own_facts_are_chained_like_all_others(path: Path, clock: Clock) -> None:
    with desk(path, clock) as kiosk:
        first = kiosk.replica.write([printed(clock, "t1", 901), printed(clock, "t2", 902)], "touch")
        second = kiosk.replica.write([voided(clock, "t2")], "printer")
        assert [entry.seq for entry in (*first, *second)] == [1, 2, 3]
        previous = ""
        for entry in kiosk.journal():
            assert follows(entry, previous)
            previous = entry.hash
        assert isinstance(event_of(kiosk.journal()[0]), TicketIssued)
    assert verify(path)[0].sound
