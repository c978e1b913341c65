"""A hall's day: opening, closing, and what machines that were cut off tell it early or late."""

from __future__ import annotations

from dataclasses import replace

from hall_stories import HALL, MONDAY, TUESDAY, WEDNESDAY, Story, folded, refused, snapshot, window

from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.events import Outcome
from queue_server.domain.life import State
from queue_server.domain.refusal import Reason


def test_nothing_is_done_in_a_hall_that_has_not_opened_its_day() -> None:
    story = Story(opened=False).at("09:00")
    for command in (
        c.IssueTicket(ticket="t", queue="A"), c.BorrowNumber(kiosk="K1", queue="A"), c.OpenWindow(window="1"),
        c.CallNext(window="1"), c.CloseDay(), c.CloseDay(force=True), c.ApplyConfiguration(configuration=HALL),
        c.AssignQueues(window="1", serves=()), c.RestoreTicket(ticket="t"), c.CallTicket(window="1", ticket="t"),
        c.Finish(window="1"),
    ):  # fmt: skip
        with refused(Reason.DAY_NOT_OPEN):
            story.do(command)


def test_a_day_begins_with_its_configuration_empty_lines_and_closed_windows() -> None:
    story = Story(opened=False)
    story.open_day()
    assert (story.hall.day, story.hall.is_open, story.hall.configuration) == (MONDAY, True, HALL)
    assert list(story.hall.windows) == ["1", "2", "3"]
    assert not any(w.is_open for w in story.hall.windows.values())
    assert story.hall.tickets == {}


def test_a_day_is_opened_once() -> None:
    story = Story().at("09:00")
    with refused(Reason.DAY_ALREADY_OPEN):
        story.open_day()
    story.close_day()
    with refused(Reason.DAY_ALREADY_OPEN):
        story.open_day()


def test_a_day_before_the_last_one_is_not_opened() -> None:
    story = Story().on("2026-03-01").at("09:00")
    with refused(Reason.DAY_IN_THE_PAST):
        story.open_day()


def test_closing_expires_everyone_not_served_and_lists_them() -> None:
    story = Story()
    story.at("09:00").issue("A")
    story.issue("A")
    story.issue("A")
    story.issue("B")
    story.call("1")
    story.no_show("1")  # A001 did not come
    story.call("1")  # A002 was called and is still on its way
    story.call("2")
    story.park("2")  # B001 is held for window 2
    story.at("17:30")
    facts = story.close_day()
    expired = [story.hall.tickets[fact.ticket].label for fact in facts if isinstance(fact, e.TicketExpired)]
    assert sorted(expired) == ["A001", "A002", "A003", "B001"]
    assert facts[-1] == e.DayClosed(at=story.now, day=MONDAY)
    assert {t.state for t in story.hall.tickets.values()} == {State.EXPIRED}
    assert {t.ended_at for t in story.hall.tickets.values()} == {story.now}
    assert story.waiting("A") == story.held("2") == []
    assert not any(w.is_open or w.ticket for w in story.hall.windows.values())


def test_closing_leaves_alone_what_has_ended() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    story.start("1")
    story.finish("1")
    story.void(story.issue("A"))
    assert [type(fact) for fact in story.at("17:30").close_day()] == [e.DayClosed]


def test_a_day_is_not_closed_over_someone_being_served_unless_forced() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    story.start("1")
    with refused(Reason.STILL_SERVING):
        story.at("17:30").close_day()
    story.close_day(force=True)
    assert (story.ticket("A001").state, story.ticket("A001").outcome) == (State.FINISHED, Outcome.UNRECORDED)
    assert story.at_window("1") == ""


def test_opening_a_day_closes_an_older_one_left_open() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.issue("A")
    story.call("1")
    story.start("1")
    facts = story.on(TUESDAY).at("08:20").open_day()
    assert [type(fact) for fact in facts] == [e.TicketFinished, e.TicketExpired, e.DayClosed, e.DayOpened]
    assert isinstance(facts[2], e.DayClosed)
    assert facts[2].day == MONDAY
    assert story.hall.tickets == {}


def test_a_day_left_open_overnight_takes_no_tickets_the_next_morning() -> None:
    story = Story().on(TUESDAY).at("09:00")
    with refused(Reason.HALL_CLOSED):
        story.issue("A")
    story.open_day()
    assert story.issue("A") == "A001"


def test_a_closed_day_takes_no_tickets_and_calls_nobody() -> None:
    story = Story().at("09:00")
    story.close_day()
    for command in (c.IssueTicket(ticket="t", queue="A"), c.OpenWindow(window="1"), c.CallNext(window="1")):
        with refused(Reason.DAY_NOT_OPEN):
            story.do(command)


def test_yesterdays_window_assignments_are_forgotten() -> None:
    story = Story().at("09:00")
    story.assign("1", C=0)
    story.on(TUESDAY).at("08:30").open_day()
    assert story.hall.windows["1"].serves == {"A": 0}


def test_a_day_may_begin_with_another_configuration() -> None:
    story = Story()
    story.on(TUESDAY).at("08:30").open_day(replace(HALL, windows=(window("7", C=0),)))
    assert list(story.hall.windows) == ["7"]


# --- kiosks that were cut off


def test_a_kiosk_cut_off_at_dawn_has_its_tickets_wait_when_the_hall_opens_its_day() -> None:
    story = Story(opened=False)
    story.at("08:05").hear(story.printed("A", 901))
    assert story.hall.tickets == {}
    story.at("08:20").open_day()
    story.open("1")
    assert story.waiting("A") == ["A901"]
    assert story.ticket("A901").issued_at == story.time("08:05")
    assert story.at("08:30").call("1") == "A901"


def test_tomorrows_first_tickets_wait_though_today_is_still_open() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.on(TUESDAY).at("08:05").hear(story.printed("A", 901))
    assert story.waiting("A") == ["A001"]
    story.at("08:20").open_day()
    assert story.waiting("A") == ["A901"]
    assert story.hall.early == {}


def test_early_tickets_for_a_day_that_is_never_opened_are_dropped_when_a_later_one_is() -> None:
    story = Story().on(TUESDAY).at("08:05")
    story.hear(story.printed("A", 901))
    story.on(WEDNESDAY).at("08:05").hear(story.printed("B", 901))
    story.at("08:20").open_day()
    assert (story.waiting("A"), story.waiting("B")) == ([], ["B901"])


def test_early_tickets_for_a_later_day_outlive_an_earlier_opening() -> None:
    story = Story(opened=False)
    story.on(WEDNESDAY).at("08:05").hear(story.printed("A", 901))
    story.on(TUESDAY).at("08:20").open_day()
    assert story.hall.tickets == {}
    story.on(WEDNESDAY).at("08:20").open_day()
    assert story.waiting("A") == ["A901"]


def test_an_early_ticket_whose_print_failed_does_not_wait_for_anyone() -> None:
    story = Story(opened=False)
    printed = story.at("08:05").printed("A", 901)
    story.hear(printed, e.TicketVoided(at=story.now, ticket=printed.ticket, reason="paper"))
    story.at("08:20").open_day()
    assert story.waiting("A") == []
    assert story.ticket("A901").state is State.VOIDED


def test_an_early_borrowed_number_is_not_handed_out_again() -> None:
    story = Story(opened=False)
    story.at("08:05").hear(story.printed("A", 7))
    story.at("08:20").open_day()
    assert story.issue("A") == "A008"


def test_a_ticket_heard_of_after_closing_waited_in_vain() -> None:
    story = Story()
    printed = story.at("17:20").printed("A", 901)
    story.at("17:30").close_day()
    story.hear(printed)
    ticket = story.ticket("A901")
    assert (ticket.state, ticket.ended_at) == (State.EXPIRED, printed.at)
    assert story.waiting("A") == []


def test_a_ticket_the_hall_closed_without_knowing_ends_the_same_whichever_is_heard_first() -> None:
    story = Story()
    printed = story.at("17:20").printed("A", 901)
    voided = e.TicketVoided(at=story.now, ticket=printed.ticket, reason="paper")
    begun = list(story.facts)
    (closed,) = story.at("17:30").close_day()
    for own in ([printed], [printed, voided]):
        orders = [[*own, closed], [closed, *own], [own[0], closed, *own[1:]]]
        ends = [snapshot(folded([*begun, *order])) for order in orders]
        assert ends[0] == ends[1] == ends[2]


def test_a_ticket_of_yesterday_heard_of_today_changes_nothing_today() -> None:
    story = Story()
    printed = story.at("17:20").printed("A", 901)
    borrowed = story.printed("A", 44)
    story.on(TUESDAY).at("08:30").open_day()
    before = snapshot(story.hall)
    story.hear(printed, borrowed, e.TicketVoided(at=story.now, ticket=printed.ticket, reason="paper"))
    assert snapshot(story.hall) == before
    assert story.issue("A") == "A001"


def test_opening_an_older_day_or_the_same_again_loses_nobody() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    before = snapshot(story.hall)
    for day in ("2026-03-01", MONDAY):
        story.hear(e.DayOpened(at=story.now, day=day, configuration=HALL))
        assert snapshot(story.hall) == before


def test_the_closing_of_another_day_does_not_close_this_one() -> None:
    story = Story().at("09:00")
    story.hear(e.DayClosed(at=story.now, day="2026-03-01"))
    assert story.hall.is_open
