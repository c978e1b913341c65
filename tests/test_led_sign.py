"""LED window signs: the maker's frames, the policy in virtual time, and real wires with everything that spoils them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from virtual_wire import VirtualWire

from devices.cable import Cable, Distortion, doubled, drop, noise, split
from devices.led_sign import protocol
from devices.led_sign.driver import Health, Sign, SignBus
from devices.led_sign.protocol import Ack, Colour, Face, Frame, FrameDecoder, Nack, Told, encode, sign_text
from devices.led_sign.simulator import SimulatedSigns
from devices.simulation import PtyEnd, Running, TcpEnd
from devices.transport import Transport, open_transport

# The first is computed from the description; the others are printed, with their check sums, in the maker's pages.
PING_1 = bytes.fromhex("A5A5A5A5A5A5A5A5 0100 0080 0000000000 00 FE 02 0500 A200010000 68F8 5A")
MAKERS_ACK = bytes.fromhex("A5A5A5A5A5A5A5A5 0080 FEFF 0000000000 00 FE 02 0500 A000000000 14AC 5A")
MAKERS_TEXT = bytes.fromhex(
    "A5A5A5A5A5A5A5A5 FEFF 0080 0000000000 00 FE 02 2C00 A306010000 00 01 2300"
    "00 0080 0000 8080 2000 00 00 00 0A00 00 00 00 02 01 01 00 02 0A 08000000 BBB6D3ADB9E2C1D9 3C49 5A"
)


# --- the wire ---------------------------------------------------------------------------------------------------------


def test_a_ping_is_the_golden_frame() -> None:
    assert protocol.ping(1) == PING_1


def test_the_makers_own_frames_are_understood_and_made_again_byte_for_byte() -> None:
    (ack,) = FrameDecoder().feed(MAKERS_ACK)
    assert ack == Frame(to=0x8000, sender=protocol.ANY, data=bytes.fromhex("A000000000"))
    assert protocol.answer(ack.data) == Ack()
    (text,) = FrameDecoder().feed(MAKERS_TEXT)
    assert text.data.endswith("欢迎光临".encode("gb2312"))
    assert encode(ack) == MAKERS_ACK
    assert encode(text) == MAKERS_TEXT


def test_the_simulator_understands_the_makers_frame_too_and_answers_as_the_maker_prints() -> None:
    signs = SimulatedSigns({3: 8})
    assert signs.receive(MAKERS_TEXT) == MAKERS_ACK
    assert signs.cards[3].lines == ("欢迎光临", "")


def test_a_text_is_two_areas_of_one_line_each_as_described() -> None:
    (frame,) = FrameDecoder().feed(protocol.show(2, Face(line1="社保", line2="请A001号"), columns=12, stale_after=300))
    assert frame.data.hex(" ") == (
        "a3 06 01 00 00 00 02 "
        "22 00 00 00 80 00 00 c0 80 10 00 00 00 02 2c 01 00 00 02 01 01 01 00 00 0a 07 00 00 00 5c 43 31 c9 e7 b1 a3 "
        "26 00 00 00 80 10 00 c0 80 10 00 01 00 02 2c 01 00 00 02 01 01 01 00 00 0a 0b 00 00 00 "
        "5c 43 31 c7 eb 41 30 30 31 ba c5"
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("A0 00 00 00 00", Ack()),
        ("A0 01 05 00 00", Nack(error=5)),
        ("A0 01", Nack(error=0)),
        ("A2 00 00 00 00 61 02", Told(command=b"\xa2\x00")),
        ("", Told(command=b"")),
    ],
)
def test_an_answer_is_yes_no_or_something_else(data: str, said: object) -> None:
    assert protocol.answer(bytes.fromhex(data)) == said


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


addresses = st.integers(0, 0xFFFF)
wild = st.binary(max_size=60) | st.lists(st.sampled_from([0xA5, 0x5A, 0xA6, 0x5B, 1, 2, 0])).map(bytes)
frames = st.builds(Frame, to=addresses, sender=addresses, data=wild)
cuts = st.lists(st.integers(0, 10_000), max_size=12)


@given(sent=st.lists(frames, max_size=4), between=wild, cuts=cuts)
def test_frames_cut_anywhere_with_anything_between_them_arrive(
    sent: list[Frame], between: bytes, cuts: list[int]
) -> None:
    stream = between + b"".join(encode(frame) + between for frame in sent)
    decoder = FrameDecoder()
    assert [frame for piece in pieces(stream, cuts) for frame in decoder.feed(piece)] == sent


@given(data=st.lists(st.binary() | wild | frames.map(encode)).map(b"".join), cuts=cuts)
def test_any_bytes_cut_anywhere_give_the_same_frames_and_never_raise(data: bytes, cuts: list[int]) -> None:
    whole, cut = FrameDecoder(), FrameDecoder()
    assert [frame for piece in pieces(data, cuts) for frame in cut.feed(piece)] == whole.feed(data)
    assert cut.garbled == whole.garbled


@given(frame=frames, at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_frame_with_one_wrong_bit_is_lost_and_never_another(frame: Frame, at: int, bit: int) -> None:
    data = bytearray(encode(frame))
    data[at % len(data)] ^= 1 << bit
    assert FrameDecoder().feed(bytes(data)) in ([], [frame])


def test_a_frame_that_never_ends_is_not_kept() -> None:
    decoder = FrameDecoder()
    decoder.feed(b"\xa5" * 8 + bytes(1_000_000))
    assert decoder.garbled == 1
    assert decoder.feed(MAKERS_ACK) != []


def test_a_frame_longer_than_a_card_takes_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode(Frame(to=1, sender=2, data=bytes(3000)))


# --- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown", "replaced"),
    [
        ("请A001号到3号窗口", "请A001号到3号窗口", ""),
        ("收费·发证——（一）①℃", "收费·发证——（一）①℃", ""),
        ("镕基㎡", "□基m2", "镕㎡"),
        ("𰻞𰻞面", "□□面", "𰻞"),
        ("a\nb\tc", "a b c", ""),
        ("无\u200b形", "无形", ""),
        ("e\u0301", "é", ""),
        ("\\C2绿", "＼C2绿", ""),
        ("﹨C2", "□C2", "﹨"),
        ("\x07", "□", "\x07"),
    ],
)
def test_what_the_font_lacks_is_replaced_and_reported(text: str, shown: str, replaced: str) -> None:
    line = sign_text(text)
    assert line.data.decode("gbk") == shown
    assert line.replaced == replaced


@given(st.text())
def test_any_text_becomes_gb2312_without_a_command_of_the_card_in_it(text: str) -> None:
    line = sign_text(text)
    assert "\\" not in line.data.decode("gb2312")
    assert len(line.data) <= 4 * protocol.LONGEST_LINE
    assert set(line.replaced) <= set(text) | set("…")


@given(line1=st.text(), line2=st.text(), colour=st.sampled_from(Colour), columns=st.sampled_from([8, 12]))
def test_the_simulated_card_shows_what_was_encoded(line1: str, line2: str, colour: Colour, columns: int) -> None:
    signs = SimulatedSigns({7: columns})
    face = Face(line1=line1, line2=line2, colour=colour)
    (answer,) = FrameDecoder().feed(signs.receive(protocol.show(7, face, columns=columns, stale_after=0)))
    assert protocol.answer(answer.data) == Ack()
    expected = tuple(sign_text(text).data.decode("gbk").strip() for text in (line1, line2))
    assert signs.cards[7].lines == expected


def test_a_text_that_fits_stands_in_the_middle_and_a_longer_one_moves() -> None:
    signs = SimulatedSigns({1: 8})
    signs.receive(protocol.show(1, Face(line1="一二三四五六七八", line2="一二三四五六七八9"), columns=8, stale_after=0))
    upper, lower = signs.cards[1].areas.values()
    assert (upper.moves, upper.align, upper.width, upper.height, upper.y) == (False, 2, 128, 16, 0)
    assert (lower.moves, lower.y) == (True, 16)


# --- the policy, in virtual time --------------------------------------------------------------------------------------


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


# --- real wires -------------------------------------------------------------------------------------------------------


def wait_until(true: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.002)


@contextmanager
def working(driver: SignBus) -> Iterator[SignBus]:
    thread = threading.Thread(target=driver.serve)
    thread.start()
    try:
        yield driver
    finally:
        driver.close()
        thread.join(10)
        assert not thread.is_alive()


class Distorted(SimulatedSigns):
    """Signs whose answers are spoilt, for wires that cannot spoil them."""

    def __init__(self, distort: Distortion) -> None:
        super().__init__({1: 8, 2: 12})
        self._distort = distort

    def receive(self, data: bytes) -> bytes:
        return b"".join(self._distort(super().receive(data)))


def now_and_then(distort: Distortion, every: int) -> Distortion:
    turns = cycle([True] + [False] * (every - 1))
    return lambda data: distort(data) if data and next(turns) else [data]


SPOILT: dict[str, Callable[[], Distortion]] = {
    "sound": lambda: lambda data: [data],
    "one byte at a time": lambda: split(1),
    "doubled": lambda: doubled,
    "noisy": lambda: noise(b"\xa5\x00\x5a\xff\x5b", b"\xa5\xa5\x01"),
    "every 300th byte lost": lambda: drop(lambda i: i % 300 == 150),
    "every fourth answer lost": lambda: now_and_then(lambda data: [], 4),
    "every fourth answer halved": lambda: now_and_then(lambda data: [data[: len(data) // 2]], 4),
}
WHOLE = {"sound", "one byte at a time"}  # TCP loses nothing


@pytest.mark.parametrize(
    ("wire", "how"),
    [(wire, how) for wire in ("cable", "pty", "tcp") for how in SPOILT if wire != "tcp" or how in WHOLE],
)
def test_wishes_are_made_so_over_a_spoilt_line(wire: str, how: str) -> None:
    signs = Distorted(SPOILT[how]())
    cable = Cable()
    ends: dict[str, Transport] = {"cable": cable.far, "pty": PtyEnd(), "tcp": TcpEnd()}
    end = ends[wire]
    with Running(signs, end):
        near: Transport = cable.near
        if isinstance(end, PtyEnd):
            near = open_transport(f"serial:{end.path}?baud=57600")
        elif isinstance(end, TcpEnd):
            near = open_transport(f"tcp:127.0.0.1:{end.port}")
        with working(SignBus(near, [Sign(address=1), Sign(address=2, columns=12)])) as driver:
            for number in range(3):
                driver.show(1, "社保", f"请A{number:03d}号")
                driver.show(2, "医保", f"请B{number:03d}号", Colour.GREEN)
                wait_until(lambda: driver.state(1).confirmed and driver.state(2).confirmed)
                assert signs.cards[1].lines == ("社保", f"请A{number:03d}号")
                assert signs.cards[2].lines == ("医保", f"请B{number:03d}号")


def test_unplugged_a_hundred_times_it_comes_back_and_leaks_nothing(tmp_path: Path) -> None:
    signs = SimulatedSigns({1: 8})
    end = PtyEnd(tmp_path / "bus")
    stopping = threading.Event()

    def swift() -> float:  # ten times as fast, so that a hundred pauses of the driver take seconds
        return 10 * time.monotonic()

    with Running(signs, end) as running:
        driver = SignBus(open_transport(f"serial:{end.path}"), [Sign(address=1)], clock=swift)

        def work() -> None:
            while not stopping.is_set():
                driver.step()
                stopping.wait(0.001)

        thread = threading.Thread(target=work)
        thread.start()
        wait_until(lambda: driver.health[1] is Health.READY)
        before = (threading.active_count(), len(os.listdir("/proc/self/fd")))
        for number in range(100):
            running.unplug()
            wait_until(lambda: driver.health[1] is Health.UNPLUGGED)
            driver.show(1, "", f"请A{number:03d}号")
            running.plug()
            wait_until(lambda: driver.state(1).confirmed)
            assert signs.cards[1].lines == ("", f"请A{number:03d}号")
        assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == before
        stopping.set()
        thread.join(10)
        driver.close()


def test_the_simulator_is_a_program_with_pictures_and_faults_to_type(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "devices.led_sign.simulator", "--tcp", "0", "--signs", "1:8,2:12"]
    with subprocess.Popen(
        [*command, "--out", str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin
        assert program.stdout
        url = program.stdout.readline().split()[-1]
        with working(SignBus(open_transport(url), [Sign(address=1), Sign(address=2, columns=12)])) as driver:
            driver.show(1, "社会保险", "请A001号")
            driver.show(2, "不动产登记", "请B012号", Colour.GREEN)
            text = tmp_path / "sign-001.txt"
            wait_until(lambda: text.exists() and text.read_text() == "社会保险\n请A001号\n")
            green = tmp_path / "sign-002.png"
            wait_until(lambda: green.exists() and lit(green) > 300)
            program.stdin.write("power-off 1\ndeaf 2\n")
            program.stdin.flush()
            assert [program.stdout.readline() for _ in range(3)][1:] == ["ok\n", "ok\n"]
            driver.show(1, "", "请A002号")
            driver.show(2, "", "请B013号")
            wait_until(lambda: set(driver.health.values()) == {Health.SILENT})
            wait_until(lambda: text.read_text() == "\n\n")
        program.stdin.write("quit\n")
        program.stdin.flush()
        assert program.wait(10) == 0


def lit(picture: Path) -> int:
    """How many dots of a panel's picture shine green."""
    with Image.open(picture) as image:
        return sum(
            g > 200 and r < 100
            for r, g, _ in (
                image.convert("RGB").getpixel((x, y))  # type: ignore[misc]
                for x in range(8, image.width, 6)
                for y in range(8, image.height, 6)
            )
        )
