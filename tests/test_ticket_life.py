"""The life of a ticket: what may befall it, what may not, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hall_stories import Story, refused, snapshot

from queue_server.domain import commands as c
from queue_server.domain import events as e
from queue_server.domain.events import Outcome
from queue_server.domain.life import ENDED, State, after, diagram
from queue_server.domain.refusal import Reason

# The table once more, the other way round: what may befall a ticket in each state, and where it leads.
MAY_BEFALL: dict[State, dict[type[e.Event], State]] = {
    State.WAITING: {
        e.TicketCalled: State.CALLED,
        e.TicketVoided: State.VOIDED,
        e.TicketExpired: State.EXPIRED,
    },
    State.CALLED: {
        e.TicketRecalled: State.CALLED,
        e.TicketStarted: State.SERVING,
        e.TicketNoShow: State.NO_SHOW,
        e.TicketParked: State.WAITING,
        e.TicketTransferred: State.WAITING,
        e.TicketVoided: State.VOIDED,
        e.TicketExpired: State.EXPIRED,
    },
    State.SERVING: {
        e.TicketFinished: State.FINISHED,
        e.TicketParked: State.WAITING,
        e.TicketTransferred: State.WAITING,
        e.TicketContinued: State.WAITING,
    },
    State.NO_SHOW: {
        e.TicketRestored: State.WAITING,
        e.TicketVoided: State.VOIDED,
        e.TicketExpired: State.EXPIRED,
    },
    State.EXPIRED: {e.TicketVoided: State.VOIDED},
    State.FINISHED: {},
    State.VOIDED: {},
}


def in_state(state: State) -> Story:
    """A story whose only ticket, A001, is in this state; it has been at window 1 unless it waits."""
    story = Story().at("09:00")
    story.issue("A")
    if state is State.WAITING:
        return story
    story.call("1")
    steps: dict[State, list[Callable[[], object]]] = {
        State.CALLED: [],
        State.SERVING: [lambda: story.start("1")],
        State.NO_SHOW: [lambda: story.no_show("1")],
        State.FINISHED: [lambda: story.start("1"), lambda: story.finish("1")],
        State.VOIDED: [lambda: story.void("A001")],
        State.EXPIRED: [lambda: story.hear(e.TicketExpired(at=story.now, ticket=story.ticket("A001").id))],
    }
    for step in steps[state]:
        step()
    return story


def every_fact_of(ticket: str, at: e.Instant) -> list[e.TicketEvent]:
    why = e.Why(rule=e.Rule.PROMISE, waited=0, promised=0)
    return [
        e.TicketVoided(at=at, ticket=ticket, reason=""),
        e.TicketCalled(at=at, ticket=ticket, window="2", why=why),
        e.TicketRecalled(at=at, ticket=ticket, window="1"),
        e.TicketStarted(at=at, ticket=ticket, window="1"),
        e.TicketFinished(at=at, ticket=ticket, window="1", outcome=Outcome.DONE),
        e.TicketNoShow(at=at, ticket=ticket, window="1"),
        e.TicketRestored(at=at, ticket=ticket, due_at=at, strict=False, joined_at=at),
        e.TicketParked(at=at, ticket=ticket, window="1", due_at=at),
        e.TicketTransferred(at=at, ticket=ticket, window="1", queue="B", to_window=None, due_at=at),
        e.TicketContinued(
            at=at,
            ticket=ticket,
            window="1",
            outcome=Outcome.DONE,
            service="tax",
            queue="B",
            due_at=at,
            then=("pension",),
        ),
        e.TicketExpired(at=at, ticket=ticket),
    ]


@pytest.mark.parametrize("state", State)
def test_the_table_allows_just_what_may_befall_a_ticket(state: State) -> None:
    allowed = {kind: after(state, kind) for kind in e.KINDS.values() if after(state, kind) is not None}
    assert allowed == MAY_BEFALL[state]


@pytest.mark.parametrize("state", State)
def test_a_fact_leads_where_the_table_says_and_an_impossible_one_changes_nothing(state: State) -> None:
    for kind in range(len(every_fact_of("", 0))):
        story = in_state(state)
        ticket = story.ticket("A001")
        fact = every_fact_of(ticket.id, story.at("09:10").now)[kind]
        before = snapshot(story.hall)
        story.hear(fact)
        leads_to = MAY_BEFALL[state].get(type(fact))
        if leads_to is None:
            assert snapshot(story.hall) == before, fact
        else:
            assert ticket.state is leads_to, fact


def test_only_ended_tickets_stay_ended_but_one_without_paper_never_was() -> None:
    assert sorted(ENDED) == [State.EXPIRED, State.FINISHED, State.VOIDED]
    for state in ENDED:
        assert MAY_BEFALL[state].keys() <= {e.TicketVoided}


def test_a_whole_visit_is_remembered_with_its_times_and_outcome() -> None:
    story = Story()
    story.at("09:00").issue("A")
    story.at("09:05").call("1")
    story.at("09:06").start("1")
    story.at("09:16").finish("1", Outcome.ACCEPTED)
    ticket = story.ticket("A001")
    times = ticket.issued_at, ticket.called_at, ticket.started_at, ticket.ended_at
    assert times == tuple(story.time(clock) for clock in ("09:00", "09:05", "09:06", "09:16"))
    assert (ticket.state, ticket.window, ticket.outcome) == (State.FINISHED, "1", Outcome.ACCEPTED)
    assert story.at_window("1") == ""
    assert story.waiting("A") == []


def test_a_ticket_waits_in_one_line_is_called_out_of_it_and_then_stands_at_one_window() -> None:
    story = Story().at("09:00")
    story.issue("A")
    assert story.waiting("A") == ["A001"]
    story.call("1")
    assert story.waiting("A") == []
    assert [w.code for w in story.hall.windows.values() if w.ticket] == ["1"]


def test_finish_and_call_next_is_one_press() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.issue("A")
    story.call("1")
    story.start("1")
    assert story.call("1", outcome=Outcome.ANSWERED) == "A002"
    assert (story.ticket("A001").state, story.ticket("A001").outcome) == (State.FINISHED, Outcome.ANSWERED)


def test_finish_and_call_next_only_finishes_when_nobody_waits() -> None:
    story = in_state(State.SERVING)
    assert story.call("1", outcome=Outcome.DONE) == ""
    assert story.ticket("A001").state is State.FINISHED


def test_finish_and_call_next_only_finishes_at_a_paused_window() -> None:
    story = in_state(State.SERVING)
    story.issue("A")
    story.pause("1")
    assert story.call("1", outcome=Outcome.DONE) == ""
    assert story.waiting("A") == ["A002"]


def test_the_next_is_not_called_over_a_ticket_that_nobody_ended() -> None:
    story = in_state(State.SERVING)
    story.issue("A")
    with refused(Reason.WINDOW_BUSY):
        story.call("1")


def test_a_called_ticket_that_nobody_served_is_not_finished_by_calling_the_next() -> None:
    story = in_state(State.CALLED)
    with refused(Reason.WINDOW_BUSY):
        story.call("1", outcome=Outcome.DONE)
    with refused(Reason.WRONG_STATE):
        story.finish("1")


def test_nothing_can_be_done_at_a_window_without_a_ticket() -> None:
    story = Story().at("09:00")
    for command in (
        c.Recall(window="1"), c.Start(window="1"), c.Finish(window="1"), c.MarkNoShow(window="1"),
        c.Park(window="1"), c.Transfer(window="1", queue="B"),
    ):  # fmt: skip
        with refused(Reason.NO_TICKET):
            story.do(command)


def test_a_press_meant_for_an_earlier_ticket_does_nothing_to_the_next() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.issue("A")
    story.call("1")
    seen = story.ticket("A001").id
    story.start("1")
    story.call("1", outcome=Outcome.DONE)
    for command in (
        c.Recall(window="1", ticket=seen), c.Start(window="1", ticket=seen), c.Finish(window="1", ticket=seen),
        c.MarkNoShow(window="1", ticket=seen), c.Park(window="1", ticket=seen),
        c.Transfer(window="1", ticket=seen, queue="B"), c.CallNext(window="1", ticket=seen, outcome=Outcome.DONE),
    ):  # fmt: skip
        with refused(Reason.MOVED_ON):
            story.do(command)
    assert story.ticket("A002").state is State.CALLED


def test_finishing_the_ticket_one_saw_and_calling_the_next_is_accepted() -> None:
    story = in_state(State.SERVING)
    story.issue("A")
    story.do(c.CallNext(window="1", ticket=story.ticket("A001").id, outcome=Outcome.DONE))
    assert story.at_window("1") == "A002"


def test_a_ticket_that_was_never_issued_cannot_be_called_voided_or_restored() -> None:
    story = Story().at("09:00")
    for command in (
        c.CallTicket(window="1", ticket="?"), c.VoidTicket(ticket="?", reason=""), c.RestoreTicket(ticket="?"),
    ):  # fmt: skip
        with refused(Reason.UNKNOWN_TICKET):
            story.do(command)


def test_a_ticket_being_served_is_not_voided() -> None:
    story = in_state(State.SERVING)
    with refused(Reason.WRONG_STATE):
        story.void("A001")


def test_voiding_a_called_ticket_frees_its_window() -> None:
    story = in_state(State.CALLED)
    story.issue("A")
    story.void("A001")
    assert story.ticket("A001").state is State.VOIDED
    assert story.call("1") == "A002"


def test_a_print_that_failed_is_voided_even_when_the_hall_took_it_for_a_no_show() -> None:
    story = Story().at("09:00")
    printed = story.printed("A", 901)
    story.hear(printed)
    story.call("1")
    story.no_show("1")
    story.hear(e.TicketVoided(at=printed.at, ticket=printed.ticket, reason="paper"))
    assert story.ticket("A901").state is State.VOIDED


def test_two_windows_never_call_the_same_ticket() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.call("1")
    with refused(Reason.WRONG_STATE):
        story.call_ticket("3", "A001")
    with refused(Reason.NOTHING_WAITING):
        story.call("3")


def test_a_chosen_ticket_is_called_whatever_its_place() -> None:
    story = Story().at("09:00")
    for _ in range(3):
        story.issue("A")
    story.call_ticket("1", "A003")
    assert story.at_window("1") == "A003"
    assert story.waiting("A") == ["A001", "A002"]
    assert story.why("1").rule is e.Rule.CHOSEN
    assert story.why("1").over == "A001"


def test_a_busy_window_does_not_call_a_chosen_ticket() -> None:
    story = in_state(State.CALLED)
    label = story.issue("A")
    with refused(Reason.WINDOW_BUSY):
        story.call_ticket("1", label)


def test_a_ticket_id_is_issued_once() -> None:
    story = Story().at("09:00")
    story.do(c.IssueTicket(ticket="t", queue="A"))
    with refused(Reason.TICKET_EXISTS):
        story.do(c.IssueTicket(ticket="t", queue="B"))


def test_a_service_leads_to_its_queue_and_unknown_ones_are_refused() -> None:
    story = Story().at("09:00")
    story.do(c.IssueTicket(ticket="t", service="tax"))
    assert (story.hall.tickets["t"].queue, story.hall.tickets["t"].service) == ("B", "tax")
    story.do(c.IssueTicket(ticket="u", service="tax", queue="B"))
    for command, reason in (
        (c.IssueTicket(ticket="v", service="tax", queue="A"), Reason.UNKNOWN_QUEUE),
        (c.IssueTicket(ticket="v", service="fishing"), Reason.UNKNOWN_SERVICE),
        (c.IssueTicket(ticket="v", queue="X"), Reason.UNKNOWN_QUEUE),
        (c.IssueTicket(ticket="v"), Reason.UNKNOWN_QUEUE),
        (c.IssueTicket(ticket="v", queue="A", klass="king"), Reason.UNKNOWN_CLASS),
    ):
        with refused(reason):
            story.do(command)


def test_a_fact_of_an_unknown_kind_or_ticket_changes_nothing() -> None:
    story = in_state(State.CALLED)
    before = snapshot(story.hall)
    story.hear(e.Unknown(at=story.now, kind="TicketBlessed", fields={"ticket": "t"}), *every_fact_of("?", story.now))
    assert snapshot(story.hall) == before


def test_a_ticket_heard_of_twice_is_one_ticket() -> None:
    story = Story().at("09:00")
    printed = story.printed("A", 901)
    story.hear(printed)
    story.call("1")
    before = snapshot(story.hall)
    story.hear(printed)
    assert snapshot(story.hall) == before


def test_the_diagram_shows_every_step_of_the_table_and_no_other() -> None:
    drawn = {line.strip() for line in diagram().splitlines()}
    steps = {
        f"{state.value} --> {to.value}: {kind.__name__}".replace("no-show", "no_show")
        for state, facts in MAY_BEFALL.items()
        for kind, to in facts.items()
    }
    ends = {f"{state.value} --> [*]" for state in ENDED}
    assert drawn == {"stateDiagram-v2", "[*] --> waiting: TicketIssued"} | steps | ends


def test_the_readme_shows_the_ticket_life_as_it_is() -> None:
    """To mend it: put `diagram()` into the README between the two markers, as a Mermaid block."""
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    _, begins, rest = readme.partition("<!-- ticket-life -->")
    block, ends, _ = rest.partition("<!-- /ticket-life -->")
    assert begins
    assert ends
    assert block.strip() == f"```mermaid\n{diagram()}\n```"
