"""Pads on a line, the policy in virtual time: each press once, each rating for its prompt, what is known of each."""

from __future__ import annotations

import pytest
from virtual_wire import VirtualWire

from devices.cable import Cable
from devices.call_pad.driver import CallPad
from devices.call_pad.protocol import CallKey, Chosen, Press
from devices.call_pad.simulator import SimulatedCallPad
from devices.pad_line.driver import Health, Pad, PadLine
from devices.pad_line.simulator import SimulatedLine
from devices.rating_pad.driver import Answer, Ended, RatingPad
from devices.rating_pad.protocol import FIVE_KEYS, Level, RatingKeys
from devices.rating_pad.simulator import SimulatedRatingPad


class Window:
    """Call pad 1, rating pad 2 and call pad 3 on one line where time is a number."""

    def __init__(self, keys: RatingKeys = FIVE_KEYS) -> None:
        self.call, self.rating, self.other = SimulatedCallPad(1), SimulatedRatingPad(2), SimulatedCallPad(3)
        self.line = SimulatedLine([self.call, self.rating, self.other])
        self.wire = VirtualWire(self.line)
        self.presses: list[Press] = []
        self.answers: list[Answer] = []
        self.call_pad = CallPad(self.presses.append)
        self.rating_pad = RatingPad(self.answers.append, keys=keys, clock=self.wire.clock)
        self.other_presses: list[Press] = []
        pads: dict[int, Pad] = {1: self.call_pad, 2: self.rating_pad, 3: CallPad(self.other_presses.append)}
        self.driver = PadLine(self.wire, pads, clock=self.wire.clock)

    def run(self, seconds: float) -> None:
        self.wire.run(self.driver.step, seconds)

    @classmethod
    def at_work(cls, keys: RatingKeys = FIVE_KEYS) -> Window:
        window = cls(keys)
        window.run(1)
        return window


def test_health_is_unknown_before_anything_was_asked() -> None:
    assert set(Window().driver.health.values()) == {Health.UNKNOWN}


def test_pads_are_greeted_and_ready() -> None:
    assert set(Window.at_work().driver.health.values()) == {Health.READY}


def test_each_press_arrives_once_and_in_order() -> None:
    window = Window.at_work()
    for key in ("NEXT", "RECALL", "START", "FINISH", "NOSHOW", "PAUSE", "0", "1", "7", "CALL"):
        window.call.press(key)
    window.run(3)
    assert window.presses == [*CallKey, Chosen(number="017")]
    assert window.other_presses == []


def test_a_pads_display_is_told_once_and_again_after_it_lost_power() -> None:
    window = Window.at_work()
    window.call_pad.show("A017 12")
    window.run(1)
    assert window.call.display == "A017 12"
    assert sum("SHOW A017" in asked for asked in window.line.asked) == 1
    window.call.power(False)
    window.run(3)
    assert window.driver.health == {1: Health.SILENT, 2: Health.READY, 3: Health.READY}
    window.call.power(True)
    window.run(2)
    assert window.call.display == "A017 12"
    assert window.driver.health[1] is Health.READY


def test_a_pad_without_display_is_not_asked_to_show_the_same_again_and_its_keys_count() -> None:
    window = Window()
    window.call.has_display = False
    window.call_pad.show("A017")
    window.run(1)
    window.call.press("NEXT")
    window.run(3)
    assert window.presses == [CallKey.NEXT]
    assert sum(asked.startswith(">01") and "SHOW" in asked for asked in window.line.asked) == 1
    assert window.driver.health[1] is Health.READY


def test_keys_pressed_before_the_host_was_there_or_while_it_was_away_call_nobody() -> None:
    window = Window()
    window.call.press("NEXT")
    window.run(1)
    window.call.deaf = True
    window.call.press("NEXT")
    window.run(5)
    window.call.deaf = False
    window.run(3)
    assert window.presses == []
    window.call.press("START")
    window.run(1)
    assert window.presses == [CallKey.START]


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_press_whose_answers_are_lost_still_arrives_once(lost: int) -> None:
    window = Window.at_work()
    window.call.press("NEXT")
    window.call.mute = lost
    window.run(3)
    assert window.presses == [CallKey.NEXT]


def test_twenty_dead_pads_do_not_hold_up_the_one_that_works_and_are_found_when_they_come_back() -> None:
    pads = [SimulatedCallPad(address) for address in range(1, 22)]
    wire = VirtualWire(SimulatedLine(pads))
    presses: list[Press] = []
    driver = PadLine(wire, {pad.address: CallPad(presses.append) for pad in pads}, clock=wire.clock)
    for pad in pads[:-1]:
        pad.power(False)
    wire.run(driver.step, 20)
    for turn in range(20):
        pads[-1].press("NEXT")
        wire.run(driver.step, 0.6)
        assert len(presses) == turn + 1
    assert list(driver.health.values()) == [Health.SILENT] * 20 + [Health.READY]
    for pad in pads:
        pad.power(True)
    wire.run(driver.step, 10)
    assert set(driver.health.values()) == {Health.READY}


def test_a_pad_that_comes_back_is_found_although_the_line_is_busy() -> None:
    pads = [SimulatedCallPad(address) for address in range(1, 6)]
    wire = VirtualWire(SimulatedLine(pads))
    wire.takes = 0.05  # four pads keep the line busy without a pause
    driver = PadLine(wire, {pad.address: CallPad(print) for pad in pads}, clock=wire.clock)
    pads[0].power(False)
    wire.run(driver.step, 5)
    assert driver.health[1] is Health.SILENT
    pads[0].power(True)
    wire.run(driver.step, 4)
    assert set(driver.health.values()) == {Health.READY}


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_questions() -> None:
    wire = VirtualWire(SimulatedLine([SimulatedCallPad(1)]))
    driver = PadLine(wire, {1: CallPad(print)}, clock=wire.clock)
    wire.takes = 0.5
    wire.run(driver.step, 10)
    assert driver.health == {1: Health.SILENT}


def test_a_pad_that_says_the_same_event_for_ever_pressed_once() -> None:
    class Stuck(SimulatedCallPad):
        def answer(self, words: list[str]) -> str:
            return "EVENT 07 KEY NEXT" if words[0] == "POLL" else super().answer(words)

    presses: list[Press] = []
    wire = VirtualWire(SimulatedLine([Stuck(1)]))
    driver = PadLine(wire, {1: CallPad(presses.append)}, clock=wire.clock)
    wire.run(driver.step, 5)
    assert presses == [CallKey.NEXT]


def test_a_rating_is_one_key_for_one_prompt() -> None:
    window = Window.at_work()
    prompt = window.rating_pad.ask(20)
    window.run(1)
    assert window.rating.is_asking
    window.rating.press("4")
    window.rating.press("1")
    window.run(1)
    assert window.answers == [Answer(prompt=prompt, ended=Ended.RATED, level=Level.SATISFIED)]
    assert not window.rating.is_asking
    window.run(60)
    assert len(window.answers) == 1


def test_silence_is_no_answer_and_never_praise() -> None:
    window = Window.at_work()
    prompt = window.rating_pad.ask(10)
    window.run(15)
    assert window.answers == [Answer(prompt=prompt, ended=Ended.NOBODY_PRESSED, level=None)]


@pytest.mark.parametrize("fault", ["deaf", "unplugged", "refuses", "power failed in between"])
def test_a_pad_that_was_not_there_is_told_from_a_resident_who_did_not_press(fault: str) -> None:
    window = Window.at_work()
    if fault == "deaf":
        window.rating.deaf = True
    elif fault == "unplugged":
        window.wire.plugged = False
    elif fault == "refuses":
        window.rating.knows_ask = False
    prompt = window.rating_pad.ask(10)
    window.run(2)
    if fault == "power failed in between":
        window.rating.power(False)
    window.run(12)
    assert window.answers == [Answer(prompt=prompt, ended=Ended.NOT_ASKED)]


def test_a_pad_that_lost_power_while_asking_asks_again_for_the_same_prompt() -> None:
    window = Window.at_work()
    prompt = window.rating_pad.ask(20)
    window.run(2)
    window.rating.power(False)
    window.rating.power(True)
    window.run(2)
    assert window.rating.is_asking
    window.rating.press("5")
    window.run(1)
    assert window.answers == [Answer(prompt=prompt, ended=Ended.RATED, level=Level.VERY_SATISFIED)]


def test_a_new_prompt_and_a_cancelled_one_end_the_old_and_a_late_key_is_not_taken_for_them() -> None:
    window = Window.at_work()
    first = window.rating_pad.ask(20)
    window.run(1)
    window.rating.press("1")  # not collected yet
    second = window.rating_pad.ask(20)
    assert window.answers == [Answer(prompt=first, ended=Ended.CANCELLED)]
    window.run(1)
    assert window.rating.is_asking
    window.rating_pad.cancel()
    window.run(1)
    assert not window.rating.is_asking
    assert window.answers[1:] == [Answer(prompt=second, ended=Ended.CANCELLED)]
    window.rating_pad.cancel()
    assert len(window.answers) == 2


def test_a_host_that_starts_anew_can_ask_although_the_pad_remembers_the_same_prompt() -> None:
    window = Window.at_work()
    window.rating_pad.ask(20)
    window.run(1)
    answers: list[Answer] = []
    again = RatingPad(answers.append, clock=window.wire.clock)
    driver = PadLine(window.wire, {2: again}, clock=window.wire.clock)
    window.wire.run(driver.step, 1)
    assert not window.rating.is_asking
    again.ask(20)
    window.wire.run(driver.step, 1)
    window.rating.press("3")
    window.wire.run(driver.step, 1)
    assert [answer.level for answer in answers] == [Level.ACCEPTABLE]


def test_an_older_pads_zero_is_what_its_mapping_says_and_an_unmapped_key_is_no_rating() -> None:
    window = Window.at_work(RatingKeys(levels={"0": Level(5), "1": Level(4), "2": Level(3), "3": Level(1)}))
    window.rating_pad.ask(20)
    window.run(1)
    window.rating.press("0")
    window.run(1)
    window.rating_pad.ask(20)
    window.run(1)
    window.rating.press("5")
    window.run(25)
    assert [answer.level for answer in window.answers] == [Level.VERY_SATISFIED, None]


def test_a_prompt_has_a_bounded_time() -> None:
    for seconds in (0, 100):
        with pytest.raises(ValueError, match="1 to 99"):
            RatingPad(lambda _: None).ask(seconds)


def test_a_pad_of_the_wrong_kind_is_told_and_its_keys_do_nothing() -> None:
    presses: list[Press] = []
    rating = SimulatedRatingPad(1)
    wire = VirtualWire(SimulatedLine([rating]))
    driver = PadLine(wire, {1: CallPad(presses.append)}, clock=wire.clock)
    wire.run(driver.step, 3)
    assert driver.health == {1: Health.WRONG_PAD}
    rating.happen("KEY NEXT")
    wire.run(driver.step, 3)
    assert presses == []


@pytest.mark.parametrize("says", ["PAD CALL 2", "NO ARGS", "HUH"])
def test_a_pad_of_a_later_version_is_not_trusted(says: str) -> None:
    class Later(SimulatedCallPad):
        def answer(self, words: list[str]) -> str:
            return says

    wire = VirtualWire(SimulatedLine([Later(1)]))
    driver = PadLine(wire, {1: CallPad(print)}, clock=wire.clock)
    wire.run(driver.step, 3)
    assert driver.health == {1: Health.WRONG_PAD}


def test_noise_without_a_right_line_is_garbled_not_silent() -> None:
    window = Window()
    window.wire.line = lambda data: bytes(byte ^ 0x55 for byte in data)
    window.run(3)
    assert set(window.driver.health.values()) == {Health.GARBLED}


def test_an_adapter_that_hears_itself_is_neither_answer_nor_noise() -> None:
    window = Window()
    window.line.echo = True
    window.other.deaf = True
    window.run(2)
    window.call.press("NEXT")
    window.run(1)
    assert window.presses == [CallKey.NEXT]
    assert window.driver.health == {1: Health.READY, 2: Health.READY, 3: Health.SILENT}


def test_a_pulled_line_makes_every_pad_unplugged_and_all_is_well_within_two_seconds_of_the_return() -> None:
    window = Window.at_work()
    window.wire.plugged = False
    window.run(0.5)
    assert set(window.driver.health.values()) == {Health.UNPLUGGED}
    window.run(60)
    window.wire.plugged = True
    window.run(2)
    assert set(window.driver.health.values()) == {Health.READY}
    window.call.press("NEXT")
    window.run(1)
    assert window.presses == [CallKey.NEXT]


def test_what_a_press_sets_off_may_fail_without_stopping_the_line(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[object] = []

    def fail(what: object) -> None:
        calls.append(what)
        raise RuntimeError("the hall server is away")

    call, rating = SimulatedCallPad(1), SimulatedRatingPad(2)
    wire = VirtualWire(SimulatedLine([call, rating]))
    rating_pad = RatingPad(fail, clock=wire.clock)
    driver = PadLine(wire, {1: CallPad(fail), 2: rating_pad}, clock=wire.clock)
    wire.run(driver.step, 1)
    rating_pad.ask(20)
    call.press("NEXT")
    wire.run(driver.step, 1)
    rating.press("5")
    wire.run(driver.step, 1)
    assert [type(call) for call in calls] == [CallKey, Answer]
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["the hall server is away"] * 2


def test_an_address_off_the_line_is_a_mistake_told_at_once() -> None:
    with pytest.raises(ValueError, match="1 to 99"):
        PadLine(Cable().near, {100: CallPad(print)})


def test_an_installers_check_asks_every_pad() -> None:
    window = Window()
    window.rating.deaf = True
    assert window.driver.check() == {1: Health.READY, 2: Health.SILENT, 3: Health.READY}
