"""Numbers on tickets: one series per queue and day, and shares of a reserve for kiosks that are cut off."""

from __future__ import annotations

from dataclasses import replace

from hall_stories import HALL, TUESDAY, Story, queue, refused
from hypothesis import given
from hypothesis import strategies as st

from queue_server.domain import configuration as cfg
from queue_server.domain import events as e
from queue_server.domain.numbering import LAST, in_common_series, label, next_number, share
from queue_server.domain.refusal import Reason

NUMBERING = cfg.Numbering()
SHORT = cfg.Numbering(reserve=(3, 4), overflow=(7, 8), slots=2)


def kiosk(slot: int) -> cfg.KioskSetup:
    return cfg.KioskSetup(code=f"K{slot}", slot=slot)


def series(numbering: cfg.Numbering) -> list[int]:
    """All numbers of a queue's common series, in order."""
    numbers, last = [], 0
    while (number := next_number(numbering, last)) is not None:
        numbers.append(number)
        last = number
    return numbers


def test_a_label_is_the_letter_and_at_least_three_digits() -> None:
    assert [label(queue("A"), n) for n in (1, 17, 900, 1000, 9999)] == ["A001", "A017", "A900", "A1000", "A9999"]


def test_numbers_begin_at_one_for_every_queue() -> None:
    story = Story().at("09:00")
    assert [story.issue(q) for q in "AABA"] == ["A001", "A002", "B001", "A003"]


def test_numbers_begin_anew_every_day() -> None:
    story = Story().at("09:00")
    story.issue("A")
    story.on(TUESDAY).at("08:30").open_day()
    assert story.issue("A") == "A001"


def test_the_common_series_skips_the_reserves_and_ends_at_four_digits() -> None:
    numbers = series(NUMBERING)
    assert numbers == [*range(1, 901), *range(1000, 9001), *range(9901, 10000)]
    assert next_number(NUMBERING, LAST) is None


def test_a_used_up_series_is_refused_not_begun_again() -> None:
    story = Story().at("09:00")
    story.hear(story.printed("A", LAST))
    with refused(Reason.SERIES_EXHAUSTED):
        story.issue("A")
    with refused(Reason.SERIES_EXHAUSTED):
        story.borrow("A")
    assert story.issue("B") == "B001"


def test_shares_of_a_reserve_never_meet_and_never_meet_the_common_series() -> None:
    shares = [list(share(NUMBERING, kiosk(slot))) for slot in range(1, NUMBERING.slots + 1)]
    given_out = [number for numbers in shares for number in numbers]
    assert len(given_out) == len(set(given_out))
    assert not set(given_out) & set(series(NUMBERING))
    assert shares[0][:12] == [*range(901, 912), 9001]
    assert {len(numbers) for numbers in shares} == {11 + 100}


@given(
    low=st.integers(1, 50), size=st.integers(1, 40), gap=st.integers(0, 30), more=st.integers(1, 40),
    slots=st.integers(1, 12),
)  # fmt: skip
def test_however_the_reserves_lie_no_number_belongs_to_two(
    low: int, size: int, gap: int, more: int, slots: int
) -> None:
    reserve = (low, low + size - 1)
    overflow = (reserve[1] + 1 + gap, reserve[1] + gap + more)
    numbering = cfg.Numbering(reserve=reserve, overflow=overflow, slots=slots)
    numbers = series(numbering)
    for slot in range(1, slots + 1):
        numbers += share(numbering, kiosk(slot))
    assert len(numbers) == len(set(numbers))
    assert min(numbers) >= 1
    assert max(numbers) <= LAST
    kept = {n for low, high in (reserve, overflow) for n in range(low, high + 1)}
    assert all(in_common_series(numbering, n) == (n not in kept) for n in range(1, 200))


def test_a_borrowed_number_is_lent_once_and_not_issued_again() -> None:
    story = Story().at("09:00")
    assert story.issue("A") == "A001"
    assert [story.borrow("A"), story.borrow("A", "K2")] == [2, 3]
    assert story.issue("A") == "A004"
    assert story.borrow("B") == 1


def test_a_ticket_from_a_kiosks_reserve_does_not_move_the_common_series() -> None:
    story = Story().at("09:00")
    story.hear(story.printed("A", 901), story.printed("A", 9001))
    assert story.issue("A") == "A001"


def test_the_series_runs_on_around_the_reserve_while_kiosks_use_it() -> None:
    story = Story(replace(HALL, numbering=SHORT)).at("09:00")
    story.hear(story.printed("A", 3))
    assert [story.issue("A") for _ in range(5)] == ["A001", "A002", "A005", "A006", "A009"]


def test_a_ticket_printed_with_a_borrowed_number_counts_even_if_the_loan_is_heard_of_later() -> None:
    story = Story().at("09:00")
    story.hear(story.printed("A", 5))
    story.hear(e.NumberLent(at=story.now, day=story.day, queue="A", number=4, kiosk="K1"))
    assert story.issue("A") == "A006"


def test_a_borrowed_number_heard_of_late_does_not_turn_the_series_back() -> None:
    story = Story().at("09:00")
    printed = story.printed("A", story.borrow("A"))
    assert [story.issue("A"), story.issue("A")] == ["A002", "A003"]
    story.hear(printed)
    assert story.issue("A") == "A004"


def test_a_number_lent_on_another_day_does_not_count_today() -> None:
    story = Story().at("09:00")
    story.hear(e.NumberLent(at=story.now, day="2026-03-01", queue="A", number=40, kiosk="K1"))
    assert story.issue("A") == "A001"


def test_numbers_are_lent_to_the_halls_own_kiosks_for_its_own_queues() -> None:
    story = Story().at("09:00")
    with refused(Reason.UNKNOWN_KIOSK):
        story.borrow("A", "K9")
    with refused(Reason.UNKNOWN_QUEUE):
        story.borrow("X")


def test_numbers_are_lent_only_while_tickets_are_taken() -> None:
    story = Story().at("18:00")
    with refused(Reason.HALL_CLOSED):
        story.borrow("A")


def test_a_voided_tickets_number_is_not_used_again() -> None:
    story = Story().at("09:00")
    story.void(story.issue("A"))
    assert story.issue("A") == "A002"


def test_what_would_print_a_label_twice_waits_for_tomorrow() -> None:
    """A configuration of the running day may not move numbers that are already in someone's hand."""
    story = Story().at("09:00")
    for changed in (
        replace(HALL, numbering=SHORT),
        replace(HALL, queues=(replace(queue("A"), letter="B"), replace(queue("B"), letter="A"), queue("C"))),
        replace(HALL, kiosks=(cfg.KioskSetup(code="K1", slot=2), cfg.KioskSetup(code="K2", slot=1))),
        replace(HALL, kiosks=(cfg.KioskSetup(code="K3", slot=1),)),
    ):
        with refused(Reason.IN_USE):
            story.configure(changed)
    for changed in (
        replace(HALL, queues=(*HALL.queues, queue("D"))),
        replace(HALL, queues=(replace(queue("A"), letter="X"), *HALL.queues[1:])),
        replace(HALL, kiosks=(*HALL.kiosks, kiosk(3))),
    ):
        assert story.configure(changed)
    story.on(TUESDAY).at("08:30").open_day(replace(HALL, numbering=SHORT))
    assert [story.issue("A") for _ in range(3)] == ["A001", "A002", "A005"]


def test_a_letter_does_not_pass_to_another_queue_even_in_two_steps() -> None:
    story = Story().at("09:00")
    story.void(story.issue("A"))
    without = replace(HALL, queues=HALL.queues[1:], windows=(), services=())
    story.configure(without)
    with refused(Reason.IN_USE):
        story.configure(replace(without, queues=(replace(queue("D"), letter="A"), *without.queues)))
    story.configure(HALL)
    assert story.issue("A") == "A002"
