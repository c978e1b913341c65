"""What the driver does and says, on a simulated reader in virtual time: every timeout here is the real one."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from id_card_virtual import DAY_KEY, TODAY, Stage

from devices.id_card.driver import Health, Prompt
from devices.id_card.protocol import Command
from devices.id_card.records import CardKind
from devices.id_card.seen import AgeBand, CardSeen, Validity
from devices.id_card.simulator import CARDS, Card, Faults

FIND, SELECT, READ = (command.value for command in (Command.FIND, Command.SELECT, Command.READ))
PLACE, KEEP_STILL, PLACE_AGAIN = Prompt.PLACE, Prompt.KEEP_STILL, Prompt.PLACE_AGAIN


# --- cards ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card", "kind", "name", "band", "validity"),
    [
        ("resident", CardKind.RESIDENT, "测**", AgeBand.FROM_60, Validity.VALID),
        ("j", CardKind.HMT_RESIDENT, "测**", AgeBand.UNDER_60, Validity.VALID),
        ("i", CardKind.FOREIGNER_2017, "测**", AgeBand.UNDER_60, Validity.VALID),
        ("y", CardKind.FOREIGNER_2023, "测**", AgeBand.FROM_70, Validity.VALID),
        ("long-term", CardKind.RESIDENT, "欧阳**", AgeBand.FROM_80, Validity.LONG_TERM),
        ("expired", CardKind.RESIDENT, "测**", AgeBand.FROM_60, Validity.EXPIRED),
        ("not-yet", CardKind.RESIDENT, "测**", AgeBand.FROM_60, Validity.NOT_YET),
        ("rare", CardKind.RESIDENT, "𠮷**", AgeBand.UNDER_60, Validity.VALID),
        ("long-name", CardKind.RESIDENT, "买**", AgeBand.UNDER_60, Validity.VALID),
    ],
)
@pytest.mark.parametrize("sticky", [True, False])
def test_every_kind_of_card_is_seen(
    card: str, kind: CardKind, name: str, band: AgeBand, validity: Validity, sticky: bool
) -> None:
    stage = Stage(sticky=sticky)
    stage.reader.place(card)
    prompt, value = stage.looks()
    assert prompt is KEEP_STILL
    assert isinstance(value, CardSeen)
    assert (value.kind, value.masked_name, value.age_band, value.validity) == (kind, name, band, validity)


def test_finding_selecting_and_reading_are_asked_every_time_and_nothing_else_is() -> None:
    stage = Stage()
    for card in ("resident", "j", "resident"):
        stage.reader.place(card)
        stage.card()
        stage.reader.lift()
        stage.look()
    assert list(stage.reader.asked) == [FIND, SELECT, READ, FIND] * 3


def test_a_find_is_never_sooner_than_300_ms_after_the_last() -> None:
    stage = Stage()
    stage.prompts(20)
    stage.reader.place("resident")
    stage.card()
    stage.prompts(20)
    pauses = [b - a for a, b in zip(stage.reader.found_at, list(stage.reader.found_at)[1:], strict=False)]
    assert len(pauses) > 30
    assert min(pauses) >= 0.3


def test_a_line_that_is_down_is_not_tried_without_pause() -> None:
    stage = Stage()
    stage.wire.cut_after = 0
    begin = stage.now
    assert set(stage.prompts(10)) == {Prompt.NO_READER}
    assert stage.now - begin > 2.5


def test_a_short_day_key_is_refused_before_any_card_is_read() -> None:
    stage = Stage()
    with pytest.raises(ValueError, match="day key"):
        stage.driver.look(day_key=b"short", today=TODAY)
    assert not stage.reader.asked


def test_the_same_card_is_the_same_holder_all_day_and_another_the_next() -> None:
    stage = Stage()
    holders = []
    for card, key in (("resident", DAY_KEY), ("j", DAY_KEY), ("resident", DAY_KEY), ("resident", DAY_KEY[::-1])):
        stage.reader.place(card)
        stage.look()
        value = stage.driver.look(day_key=key, today=TODAY)
        assert isinstance(value, CardSeen)
        holders.append(value.holder)
        stage.reader.lift()
        stage.look()
    assert holders[0] == holders[2]
    assert len(set(holders)) == 3


def test_the_age_band_and_validity_are_those_of_the_date_given() -> None:
    stage = Stage()
    stage.reader.place("resident")
    stage.look()
    value = stage.driver.look(day_key=DAY_KEY, today=date(2041, 5, 1))
    assert isinstance(value, CardSeen)
    assert (value.age_band, value.validity) == (AgeBand.FROM_80, Validity.EXPIRED)


# --- what the resident is told -------------------------------------------------------------------------------------


def test_an_empty_reader_asks_for_a_card() -> None:
    assert Stage().prompts(3) == [PLACE] * 3


def test_a_card_lifted_too_early_is_asked_for_again_until_it_is_read() -> None:
    stage = Stage()
    stage.reader.place("resident")
    stage.faults.hasty = True
    assert stage.prompts(4) == [KEEP_STILL, PLACE_AGAIN, PLACE_AGAIN, PLACE_AGAIN]
    stage.faults.hasty = False
    stage.reader.place("resident")
    assert stage.card().kind is CardKind.RESIDENT
    stage.reader.lift()
    assert stage.prompts(1) == [PLACE]


@pytest.mark.parametrize("sw3", [0x31, 0x32, 0x33, 0x41, 0x47])
def test_a_card_that_fails_again_and_again_sends_the_resident_to_the_staff_and_is_left_alone(sw3: int) -> None:
    stage = Stage()
    stage.reader.place(Card(record=CARDS["resident"].record, refuses=sw3))
    assert stage.prompts(6) == [KEEP_STILL, PLACE_AGAIN, KEEP_STILL, PLACE_AGAIN, KEEP_STILL, Prompt.ASK_STAFF]
    asked = stage.reader.asked.count(READ)
    assert set(stage.prompts(10)) == {Prompt.ASK_STAFF}
    assert stage.reader.asked.count(READ) == asked == 3
    stage.reader.lift()
    stage.prompts(1)
    stage.reader.place("resident")
    assert stage.card().kind is CardKind.RESIDENT


def test_the_next_resident_begins_afresh() -> None:
    stage = Stage()
    stage.reader.place(Card(record=CARDS["resident"].record, refuses=0x41))
    assert stage.prompts(6)[-1] is Prompt.ASK_STAFF
    stage.reader.lift()
    assert stage.prompts(1) == [Prompt.ASK_STAFF]
    stage.wait(6)
    assert stage.prompts(1) == [PLACE]


def test_what_one_resident_was_told_does_not_stand_there_for_the_next_though_the_reader_is_always_looked_at() -> None:
    stage = Stage()
    stage.reader.place("wrong")
    assert stage.prompts(2)[-1] is Prompt.NOT_AN_ID_CARD
    stage.reader.lift()
    said = stage.prompts(60)  # 0.3 s each
    assert said[:40] == [Prompt.NOT_AN_ID_CARD] * 40, "long enough to be read"
    assert said[-5:] == [PLACE] * 5
    stage.reader.place(Card(record=CARDS["resident"].record, refuses=0x41))
    assert stage.prompts(4) == [KEEP_STILL, PLACE_AGAIN] * 2, "with as many tries as anybody"


@pytest.mark.parametrize("card", ["unknown-kind", "bad-number"])
def test_a_card_that_makes_no_sense_is_not_guessed_at(card: str) -> None:
    stage = Stage(sticky=False)
    stage.reader.place(card)
    assert stage.prompts(7)[-1] is Prompt.ASK_STAFF


def test_a_card_of_another_kind_is_told_apart() -> None:
    stage = Stage()
    stage.reader.place("wrong")
    assert stage.prompts(2) == [KEEP_STILL, Prompt.NOT_AN_ID_CARD]
    stage.reader.lift()
    assert stage.prompts(1) == [Prompt.NOT_AN_ID_CARD]


@pytest.mark.parametrize("sticky", [True, False])
def test_a_card_left_lying_is_not_read_twice(sticky: bool) -> None:
    stage = Stage(sticky=sticky)
    stage.reader.place("resident")
    stage.card()
    stage.wait(600)
    assert set(stage.prompts(10)) == {PLACE if sticky else Prompt.TAKE_CARD}
    assert stage.reader.asked.count(READ) == 1
    stage.reader.lift()
    stage.prompts(1)
    stage.reader.place("resident")
    assert stage.card().kind is CardKind.RESIDENT


def test_a_card_taken_while_no_screen_asked_is_noticed_by_the_check() -> None:
    stage = Stage(sticky=False)
    stage.reader.place("resident")
    stage.card()
    stage.reader.lift()
    stage.driver.check()
    stage.reader.place("j")
    assert stage.card(most=2).kind is CardKind.HMT_RESIDENT


def test_an_idle_check_asks_for_no_card() -> None:
    stage = Stage()
    stage.reader.place("resident")
    for _ in range(5):
        stage.driver.check()
    assert set(stage.reader.asked) == {Command.STATUS.value}


# --- the line ------------------------------------------------------------------------------------------------------


def test_an_answer_spoilt_on_the_line_is_asked_again_without_a_word_to_the_resident() -> None:
    stage = Stage(sticky=False)
    stage.reader.place("resident")
    stage.look()
    stage.faults.spoil = 1
    looked = stage.looks()
    assert isinstance(looked[-1], CardSeen)
    assert set(looked[:-1]) == {KEEP_STILL}
    assert stage.driver.health is Health.READY


def test_a_spoilt_card_on_a_reader_that_wants_it_lifted_ends_in_place_it_again() -> None:
    stage = Stage(sticky=True)
    stage.reader.place("resident")
    stage.look()
    stage.wire.line = lambda said: said[:700] if len(said) > 700 else said
    assert stage.look() is KEEP_STILL
    stage.wire.line = bytes
    assert stage.prompts(2) == [PLACE_AGAIN, PLACE_AGAIN]
    stage.reader.place("resident")
    assert stage.card().kind is CardKind.RESIDENT


def test_half_an_answer_is_not_waited_for_as_long_as_none() -> None:
    stage = Stage()
    stage.reader.place("resident")
    stage.look()
    stage.reader.read_seconds = (0.8, 0.8)
    stage.wire.line = lambda said: said[:700] if len(said) > 700 else said
    begin = stage.now
    stage.look()
    assert stage.now - begin < 1.5


@pytest.mark.parametrize(
    "faults",
    [
        Faults(garbage=b"\x00\xaa\xaa\xaa\x00\xff\x96"),
        Faults(garbage=b"\xaa\xaa\xaa\x96\x69\xff\xff"),
        Faults(stray_zero=True),
        Faults(split=1),
        Faults(split=100),
    ],
    ids=lambda faults: repr(faults)[:60],
)
def test_noise_before_and_cuts_inside_answers_cost_nothing(faults: Faults) -> None:
    stage = Stage()
    stage.reader.faults = faults
    if faults.split == 1:
        stage.reader.answer_seconds = 0  # 1295 pieces, one a tick, are slower than any line; short answers are not
        assert stage.driver.check() is Health.READY
        return
    stage.reader.place("resident")
    assert [type(look) for look in stage.looks()] == [Prompt, CardSeen]


def test_answers_that_come_two_at_once_do_not_confuse() -> None:
    stage = Stage(sticky=False)
    stage.faults.merge = True
    stage.reader.place("resident")
    stage.prompts(2)
    stage.reader.faults = Faults()
    assert stage.card().kind is CardKind.RESIDENT


def test_answers_that_come_twice_do_not_confuse() -> None:
    stage = Stage()
    stage.wire.line = lambda said: said * 2
    for card in ("resident", "j", "i", "y"):
        stage.reader.place(card)
        assert stage.card(most=2).kind.value in ("resident", "hmt-resident", "foreigner-2017", "foreigner-2023")
        stage.reader.lift()
        assert stage.prompts(1) == [PLACE]


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next() -> None:
    stage = Stage()
    stage.reader.answer_seconds = 1.9
    stage.reader.place("resident")
    assert stage.prompts(1) == [PLACE]
    stage.reader.answer_seconds = 0.02
    assert stage.card().kind is CardKind.RESIDENT


def test_the_last_answer_coming_again_just_before_the_next_is_not_taken_for_it() -> None:
    stage = Stage()
    last = b""

    def line(said: bytes) -> bytes:
        nonlocal last
        again, last = last, said or last
        return again + said if said else b""

    stage.wire.line = line
    stage.reader.place("resident")
    assert stage.card(most=2).kind is CardKind.RESIDENT


def test_a_command_spoilt_on_its_way_is_sent_again() -> None:
    stage = Stage()
    stage.reader.place("resident")
    stage.look()
    heard = stage.reader.receive
    spoilt = iter([True])

    def receive(data: bytes) -> bytes:
        return heard(data[:-1] + b"\0" if next(spoilt, False) else data)

    stage.reader.receive = receive  # type: ignore[method-assign]
    looked = stage.looks()
    assert isinstance(looked[-1], CardSeen)
    assert looked[:-1] == [KEEP_STILL, KEEP_STILL]


# --- health --------------------------------------------------------------------------------------------------------


def test_health_is_unknown_until_something_was_asked() -> None:
    stage = Stage()
    assert stage.driver.health is Health.UNKNOWN
    assert stage.driver.check() is Health.READY
    stage.driver.close()
    assert stage.driver.health is Health.UNKNOWN


def test_two_lost_answers_are_no_change_of_health_but_three_are_silence() -> None:
    stage = Stage()
    stage.driver.check()
    stage.faults.deaf = True
    assert [stage.driver.check() for _ in range(4)] == [Health.READY] * 2 + [Health.SILENT] * 2
    stage.faults.deaf = False
    assert stage.driver.check() is Health.READY


def test_a_silent_reader_is_unknown_then_silent_and_never_ready() -> None:
    stage = Stage()
    stage.faults.deaf = True
    assert [stage.driver.check() for _ in range(4)] == [Health.UNKNOWN] * 2 + [Health.SILENT] * 2
    assert stage.prompts(3) == [Prompt.NO_READER] * 3
    stage.faults.deaf = False
    assert stage.prompts(1) == [PLACE]


def test_answers_without_a_frame_are_garbled_not_silent() -> None:
    stage = Stage()
    stage.wire.line = lambda said: bytes(byte ^ 0x55 for byte in said)
    assert [stage.driver.check() for _ in range(3)] == [Health.UNKNOWN, Health.UNKNOWN, Health.GARBLED]
    assert stage.prompts(1) == [Prompt.NO_READER]


@pytest.mark.parametrize(
    ("faults", "health"),
    [(Faults(not_authorised=True), Health.NOT_AUTHORISED), (Faults(self_test_failed=True), Health.SELF_TEST_FAILED)],
)
def test_a_reader_that_refuses_all_work_says_so_and_the_resident_is_not_blamed(faults: Faults, health: Health) -> None:
    stage = Stage()
    stage.reader.faults = faults
    stage.reader.place("resident")
    assert stage.driver.check() is health
    assert stage.prompts(3) == [Prompt.NO_READER] * 3
    stage.reader.faults = Faults()
    assert stage.card().kind is CardKind.RESIDENT


def test_a_reader_that_fails_with_a_card_on_it_does_not_blame_the_card() -> None:
    stage = Stage()
    stage.reader.place("resident")
    stage.look()
    stage.faults.not_authorised = True
    assert stage.look() is Prompt.NO_READER
    stage.reader.faults = Faults()
    assert stage.card().kind is CardKind.RESIDENT


def test_a_plug_pulled_out_in_the_middle_of_a_card_is_unplugged_and_comes_back_unknown() -> None:
    stage = Stage(sticky=False)
    stage.reader.place("resident")
    stage.look()
    stage.wire.cut_after = 700
    assert stage.look() is Prompt.NO_READER
    assert stage.driver.health is Health.UNPLUGGED
    stage.wire.cut_after = None
    stage.wait(2)
    stage.faults.deaf = True
    assert [stage.driver.check() for _ in range(3)] == [Health.UNKNOWN, Health.UNKNOWN, Health.SILENT]
    stage.faults.deaf = False
    assert stage.card().kind is CardKind.RESIDENT


def test_the_module_number_is_told_to_the_installer() -> None:
    stage = Stage()
    assert stage.driver.identify() == "05.03-20260101-0000321199-0000000001"
    stage.faults.deaf = True
    assert stage.driver.identify() is None
    stage.wire.cut_after = 0
    assert stage.driver.identify() is None


# --- anything at all -----------------------------------------------------------------------------------------------

LINE_FAULTS = st.sampled_from(["lose", "flip", "double", "noise", "mute", "sound"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(LINE_FAULTS, st.integers(0, 1400), st.binary(max_size=9)), max_size=25),
    st.sampled_from(sorted(CARDS)),
    st.booleans(),
)
def test_whatever_the_line_does_nothing_raises_and_no_card_is_mistaken(
    faults: list[tuple[str, int, bytes]], card: str, sticky: bool
) -> None:
    stage = Stage(sticky=sticky)
    todo = iter(faults)

    def line(said: bytes) -> bytes:
        if not said:
            return said
        fault, place, noise = next(todo, ("sound", 0, b""))
        place %= len(said)
        match fault:
            case "lose":
                return said[:place] + said[place + 1 :]
            case "flip":
                return said[:place] + bytes([said[place] ^ 1 + place % 255]) + said[place + 1 :]
            case "double":
                return said * 2
            case "noise":
                return noise + said + noise
            case "mute":
                return b""
            case _:
                return said

    stage.wire.line = line
    stage.reader.place(card)
    looked = stage.looks(30)
    stage.wire.line = bytes
    stage.reader.lift()
    stage.driver.check()
    stage.wait(10)
    stage.driver.check()
    stage.prompts(2)
    stage.reader.place("resident")
    expected = stage.card(most=2)
    cards = [look for look in looked if isinstance(look, CardSeen)]
    assert all((seen == expected) is (card == "resident") for seen in cards)
    assert stage.driver.health is Health.READY
