"""Window signs, the policy: which wishes are sent, when, and what is known of each sign, in virtual time."""

from __future__ import annotations

import pytest
from virtual_wire import VirtualWire

from devices.led_sign import protocol
from devices.led_sign.driver import Health, Sign, SignBus
from devices.led_sign.protocol import Face, Frame, encode
from devices.led_sign.simulator import SimulatedSigns


class Bus:
    """A driver and simulated signs 1 (8 columns), 2 (12) and 3 (8), on a wire where time is a number."""

    def __init__(self, **driver: int) -> None:
        self.signs = SimulatedSigns({1: 8, 2: 12, 3: 8})
        self.wire = VirtualWire(self.signs)
        configured = [Sign(address=1), Sign(address=2, columns=12), Sign(address=3)]
        self.driver = SignBus(self.wire, configured, clock=self.wire.clock, **driver)

    def run(self, seconds: float) -> None:
        self.wire.run(self.driver.step, seconds)

    def lines(self, address: int) -> tuple[str, str]:
        return self.signs.cards[address].lines

    def texts_sent_to(self, address: int) -> int:
        return sum(to == address and data[:2] == b"\xa3\x06" for to, data in self.signs.heard)


def test_health_is_unknown_before_anything_was_asked() -> None:
    bus = Bus()
    bus.driver.show(1, "社保", "请A001号")
    assert set(bus.driver.health.values()) == {Health.UNKNOWN}
    assert not bus.driver.state(1).confirmed


def test_a_wish_is_made_so_and_confirmed() -> None:
    bus = Bus()
    bus.driver.show(2, "社保", "请A001号")
    bus.run(2)
    assert bus.lines(2) == ("社保", "请A001号")
    assert bus.driver.state(2).confirmed
    assert set(bus.driver.health.values()) == {Health.READY}


def test_only_the_newest_of_many_wishes_is_sent() -> None:
    bus = Bus()
    bus.run(2)
    for number in range(50):
        bus.driver.show(1, "社保", f"请A{number:03d}号")
    bus.run(2)
    assert bus.lines(1) == ("社保", "请A049号")
    assert bus.texts_sent_to(1) == 1


def test_the_same_wish_again_sends_nothing() -> None:
    bus = Bus()
    bus.driver.show(1, "社保", "")
    bus.run(2)
    bus.driver.show(1, "社保", "")
    bus.run(2)
    assert bus.texts_sent_to(1) == 1


def test_a_sign_whose_power_failed_unnoticed_is_lit_again_within_half_a_minute() -> None:
    bus = Bus()
    bus.driver.show(1, "社保", "请A001号")
    bus.run(7)
    bus.signs.cards[1].power(False)
    bus.signs.cards[1].power(True)
    assert bus.lines(1) == ("LED", "")
    bus.run(36)
    assert bus.lines(1) == ("社保", "请A001号")
    assert bus.driver.health[1] is Health.READY


def test_a_sign_without_power_is_silent_and_gets_the_newest_wish_when_it_is_back() -> None:
    bus = Bus()
    bus.driver.show(1, "社保", "请A001号")
    bus.run(2)
    bus.signs.cards[1].power(False)
    bus.run(8)
    assert bus.driver.health == {1: Health.SILENT, 2: Health.READY, 3: Health.READY}
    assert not bus.driver.state(1).confirmed
    bus.driver.show(1, "社保", "请A002号")
    bus.run(8)
    bus.signs.cards[1].power(True)
    bus.run(5)
    assert bus.lines(1) == ("社保", "请A002号")
    assert bus.driver.health[1] is Health.READY


def test_twenty_dead_signs_do_not_hold_up_the_one_that_works() -> None:
    signs = SimulatedSigns(dict.fromkeys(range(1, 22), 8))
    wire = VirtualWire(signs)
    driver = SignBus(wire, [Sign(address=address) for address in signs.cards], clock=wire.clock)
    wire.run(driver.step, 2)
    for address in range(1, 21):
        signs.cards[address].deaf = True
    wire.run(driver.step, 20)
    for number in range(40):
        wish = f"请A{number:03d}号"
        for address in signs.cards:
            driver.show(address, "", wish)
        wire.run(driver.step, 1)
        assert signs.cards[21].lines == ("", wish)
    assert list(driver.health.values()) == [Health.SILENT] * 20 + [Health.READY]


def test_a_yes_of_another_sign_confirms_nothing() -> None:
    class Confused(SimulatedSigns):
        def receive(self, data: bytes) -> bytes:
            return encode(Frame(to=protocol.HOST, sender=3, data=bytes.fromhex("A000000000")))

    wire = VirtualWire(Confused({1: 8}))
    driver = SignBus(wire, [Sign(address=1)], clock=wire.clock)
    driver.show(1, "社保", "")
    wire.run(driver.step, 5)
    assert driver.health == {1: Health.SILENT}
    assert not driver.state(1).confirmed


def test_a_sign_that_refuses_says_so_until_it_obeys() -> None:
    bus = Bus()
    bus.signs.cards[3].refuses = 5
    bus.driver.show(3, "社保", "")
    bus.run(10)
    assert bus.driver.health == {1: Health.READY, 2: Health.READY, 3: Health.REFUSING}
    bus.signs.cards[3].refuses = None
    bus.run(4)
    assert bus.lines(3) == ("社保", "")
    assert bus.driver.health[3] is Health.READY


def test_an_obeyed_wish_whose_answer_was_lost_is_sent_again() -> None:
    bus = Bus()
    bus.run(2)
    bus.signs.cards[1].mute = 1
    bus.driver.show(1, "社保", "")
    bus.run(3)
    assert bus.driver.state(1).confirmed
    assert bus.texts_sent_to(1) == 2


def test_a_late_yes_does_not_confirm_the_next_wish() -> None:
    class Slow(SimulatedSigns):
        """Takes the first text, is slow to say so, and hears nothing more; meanwhile another text is wished for."""

        def receive(self, data: bytes) -> bytes:
            said = super().receive(data)
            if self.cards[1].lines == ("", "请A001号"):
                driver.show(1, "", "请A002号")
                self.cards[1].deaf = True
            return said

    wire = VirtualWire(Slow({1: 8}))
    wire.takes = 0.7
    driver = SignBus(wire, [Sign(address=1)], clock=wire.clock)
    driver.show(1, "", "请A001号")
    wire.run(driver.step, 2)
    assert driver.state(1).wanted == Face(line1="", line2="请A002号")
    assert not driver.state(1).confirmed


def test_a_pulled_line_makes_every_sign_unplugged_and_all_is_well_within_two_seconds_of_the_return() -> None:
    bus = Bus()
    for address in (1, 2, 3):
        bus.driver.show(address, "社保", "请A001号")
    bus.run(3)
    bus.wire.plugged = False
    bus.run(1.1)
    assert set(bus.driver.health.values()) == {Health.UNPLUGGED}
    for address in (1, 2, 3):
        bus.driver.show(address, "社保", "请A002号")
    bus.run(60)
    bus.wire.plugged = True
    bus.run(2)
    assert set(bus.driver.health.values()) == {Health.READY}
    assert {bus.lines(address) for address in (1, 2, 3)} == {("社保", "请A002号")}


def test_noise_without_a_whole_frame_is_garbled_not_silent() -> None:
    bus = Bus()
    bus.wire.line = lambda data: bytes(byte ^ 0x55 for byte in data)
    bus.run(5)
    assert set(bus.driver.health.values()) == {Health.GARBLED}


def test_an_adapter_that_hears_itself_is_neither_answer_nor_noise() -> None:
    bus = Bus()
    bus.signs.echo = True
    bus.driver.show(1, "社保", "请A001号")
    bus.signs.cards[2].deaf = True
    bus.run(8)
    assert bus.driver.health == {1: Health.READY, 2: Health.SILENT, 3: Health.READY}
    assert bus.lines(1) == ("社保", "请A001号")


def test_a_sign_that_hears_nothing_any_more_stops_calling_after_five_minutes() -> None:
    bus = Bus(stale_after=300)
    bus.driver.show(1, "社保", "请A001号")
    bus.run(10)
    bus.wire.run(lambda: 1.0, 288)  # the driver is dead
    assert bus.lines(1) == ("社保", "请A001号")
    bus.wire.run(lambda: 1.0, 4)
    assert bus.lines(1) == ("LED", "")


def test_a_wish_that_stands_is_kept_alive() -> None:
    bus = Bus(stale_after=60)
    bus.driver.show(1, "社保", "")
    bus.run(2)
    bus.run(3600)
    assert bus.lines(1) == ("社保", "")


def test_an_address_nobody_configured_is_a_mistake_told_at_once() -> None:
    bus = Bus()
    with pytest.raises(ValueError, match="no sign 9"):
        bus.driver.show(9, "", "")
    for wrong in (0, 0xFFFF):
        with pytest.raises(ValueError, match="address"):
            Sign(address=wrong)


def test_the_characters_a_sign_lacks_are_reported_to_the_caller_and_in_its_state() -> None:
    bus = Bus()
    assert bus.driver.show(1, "镕", "请A001号") == "镕"
    assert bus.driver.show(1, "镕", "请A001号") == "镕"
    assert bus.driver.state(1).replaced == "镕"


def test_an_installers_check_asks_every_sign_once() -> None:
    bus = Bus()
    bus.signs.cards[2].deaf = True
    assert bus.driver.check() == {1: Health.READY, 2: Health.SILENT, 3: Health.READY}
