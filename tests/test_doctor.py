"""The doctor as an installer meets it: a program, and one sentence for each fault, of devices on real wires."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from doctor_ward import ILL, LOOK, WELL, Described, Visit, Ward, ask, called, described, on_a_keyboard, visit
from PIL import Image

from devices.doctor.device import Device, Kind, NotAList, read_devices
from devices.doctor.examine import examine_all
from devices.id_card.simulator import SimulatedReader
from devices.led_sign.simulator import SimulatedSigns
from devices.printer.simulator import EscPosPrinter
from devices.scanner.simulator import SimulatedScanner
from devices.simulation import PtyEnd, Running, TcpEnd


class Shown(SimulatedScanner):
    """Somebody scans again and again."""

    at = 0.0

    def tick(self, now: float) -> bytes:
        if now - self.at > 0.5:
            self.at = now
            self.show("A017")
        return super().tick(now)


class Babble:
    """No device of ours, or one at another baud rate."""

    def receive(self, data: bytes) -> bytes:
        return b"\xff\x00\xfe" * 4

    def tick(self, now: float) -> bytes:
        return b""


class HangsUp:
    """A TCP device that is busy with somebody else: takes the connection and hangs up."""

    def __init__(self, ward: Ward) -> None:
        running = ward.stack.enter_context(Running(self, wire := TcpEnd()))
        self.url, self._running = f"tcp:127.0.0.1:{wire.port}", running

    def receive(self, data: bytes) -> bytes:
        assert isinstance(self._running.wire, TcpEnd)
        self._running.wire._hang_up()
        return b""

    def tick(self, now: float) -> bytes:
        return b""


def wall(_: int) -> Image.Image:
    return Image.linear_gradient("L").resize((64, 48))


def wall_in_daylight(number: int) -> Image.Image:
    return wall(number).point(lambda grey: max(0, grey - number % 7))


def lens_cap(number: int) -> Image.Image:
    return Image.new("L", (64, 48), number % 3)


def all_well(signs: SimulatedSigns) -> None:
    """Nothing is wrong."""


def refusing(signs: SimulatedSigns) -> None:
    signs.cards[2].refuses = 1


def dead(signs: SimulatedSigns) -> None:
    signs.cards[2].power(False)


# (case, device, then for each paragraph about it: name, mark, Chinese, English)
CASES: list[tuple[str, Callable[[Ward], Described], list[tuple[str, str, str, str]]]] = [
    ("sound", lambda w: w.printer(), [("", WELL, "可以打印", "It can print")]),
    ("on tcp", lambda w: described("printer", w.tcp(EscPosPrinter())), [("", WELL, "可以打印", "It can print")]),
    ("low", lambda w: w.printer("paper_low"), [("", LOOK, "备好一卷新纸", "new roll at hand")]),
    ("no paper", lambda w: w.printer("paper_out"), [("", ILL, "没有纸了。 打开上盖换一卷纸", "There is no paper")]),
    ("cover", lambda w: w.printer("cover_open"), [("", ILL, "上盖开着。 合上盖", "Close it until it clicks")]),
    ("hot", lambda w: w.printer("overheat"), [("", ILL, "打印头过热", "The print head is too hot")]),
    ("broken", lambda w: w.printer("break_down"), [("", ILL, "无法恢复的故障", "cannot recover from")]),
    ("offline", lambda w: w.printer("offline"), [("", ILL, "脱机", "it is offline")]),
    ("deaf", lambda w: w.printer("deaf"), [("", ILL, "打印机没有回应", "does not answer. Check its power")]),
    ("babble", lambda w: described("printer", w.pty(Babble())), [("", ILL, "核对波特率", "Compare the baud rate")]),
    ("busy", lambda w: w.busy(), [("", ILL, "(pid OURS)", "Another program is using")]),
    ("refused", lambda w: described("printer", w.closed_port()), [("", ILL, "端口没有开", "9100 for most printers")]),
    ("full", lambda w: described("printer", w.full_port()), [("", ILL, "连不上 127.0.0.1", "cannot be reached")]),
    ("hangs up", lambda w: described("printer", HangsUp(w).url), [("", ILL, "又马上挂断", "one connection at a time")]),
    ("missing", lambda w: described("printer", f"serial:{w.place()}"), [("", ILL, "没有这个口", "There is no port")]),
    ("file", lambda w: described("printer", f"serial:{w.file()}"), [("", ILL, "不是这一类", "not this kind of port")]),
    (
        "no lp",
        lambda w: described("printer", "file:/dev/usb/lp97"),
        [("", ILL, "lp97", "no port /dev/usb/lp97")],
    ),
    (
        "line",
        lambda w: described("printer", "usb:0"),
        [("", ILL, "配置这一行不对", "This line")],
    ),
    ("width", lambda w: described("printer", "tcp:h:1", width_mm=76), [("", ILL, "80mm, 58mm", "not 76")]),
    ("charset", lambda w: described("printer", "tcp:h:1", encoding="gb"), [("", ILL, "gb", "unknown encoding: gb")]),
    ("reader", lambda w: w.reader(), [("", WELL, "模块号 05.03-20260101-0000321199", "It can read cards")]),
    ("licence", lambda w: w.reader(not_authorised=True), [("", ILL, "没有授权", "Only its maker")]),
    ("self-test", lambda w: w.reader(self_test_failed=True), [("", ILL, "自检不通过", "failed its self-test")]),
    ("deaf reader", lambda w: w.reader(deaf=True), [("", ILL, "读卡器没有回应", "baud=115200 for most")]),
    (
        "no reader",
        lambda w: described("id_card", w.pty(Babble())),
        [("", ILL, "不是读卡器的话", "not like an ID")],
    ),
    ("newland", lambda w: w.newland(deaf=False), [("", WELL, "可以扫码", "It scans")]),
    ("deaf scanner", lambda w: w.newland(deaf=True), [("", ILL, "扫码器没有回应", "kind names the right make")]),
    ("scanned", lambda w: described("scanner", w.pty(Shown())), [("", WELL, "可以扫码", "It scans")]),
    (
        "not scanned",
        lambda w: described("scanner", w.pty(SimulatedScanner())),
        [("", LOOK, "不扫码就不说话", "scan any code with it")],
    ),
    (
        "no wedge",
        lambda w: described("scanner", "keyboard:usb-*Nobody*-event-kbd"),
        [("", ILL, "没有名为 usb-*Nobody*-event-kbd", "no keyboard-like device")],
    ),
    (
        "no camera",
        lambda w: described("scanner", "camera:97"),
        [("", ILL, "没有这个摄像头：/dev/video97", "There is no camera /dev/video97")],
    ),
    (
        "film cut",
        lambda w: described("scanner", f"camera:{w.place()}.avi"),
        [("", ILL, "没有这个影像文件", "There is no such film")],
    ),
    ("camera", lambda w: w.film(wall_in_daylight), [("", WELL, "可以扫码", "It scans")]),
    ("covered", lambda w: w.film(lens_cap), [("", ILL, "取下镜头盖", "Take the cap off")]),
    ("stuck", lambda w: w.film(wall), [("", ILL, "同一幅画面", "the same picture again and again")]),
    (
        "signs",
        lambda w: w.signs(all_well),
        [
            ("sign 1", WELL, "地址 1 的显示屏有回应", "address 1 answers"),
            ("sign 2", WELL, "地址 2", "address 2"),
        ],
    ),
    (
        "a dead sign",
        lambda w: w.signs(dead),
        [("sign 1", WELL, "地址 1", "answers"), ("sign 2", ILL, "地址 2 的显示屏没有回应", "A and B of RS-485")],
    ),
    (
        "a sign that refuses",
        lambda w: w.signs(refusing),
        [("sign 1", WELL, "地址 1", "answers"), ("sign 2", ILL, "不肯显示", "Check the card's model")],
    ),
    (
        "no line to the signs",
        lambda w: {**w.signs(all_well), "url": w.closed_port()},
        [("", ILL, "端口没有开", "5005 for most signs")],
    ),
    (
        "pads",
        lambda w: w.pads(),
        [
            ("pad 1", WELL, "评价器 rating pad", "Address 1 answers"),
            ("pad 2", ILL, "弄反", "Swap the pads' address switches"),
            ("pad 3", ILL, "地址 3 没有回应", "its address switches"),
        ],
    ),
    ("speech", lambda w: w.speech_board(), [("", WELL, "语音板有回应", "The speech board answers")]),
    ("mute", lambda w: w.speech_board(powered=False), [("", ILL, "语音板没有回应", "spoken to all the same")]),
    ("other chip", lambda w: w.speech_board("xfs5152"), [("", ILL, "核对 chip", "names the chip on the board")]),
    ("no chip", lambda w: w.speech_board(""), [("", ILL, "配置这一行不对", "is not a valid Chip")]),
    (
        "no speech",
        lambda w: described("speech_board", w.pty(Babble()), chip="syn6288"),
        [("", ILL, "像语音板", "9600")],
    ),
    ("keypad", lambda w: w.keypad(), [("", WELL, "数字小键盘已接上", "ours alone")]),
    ("no keypad", lambda w: on_a_keyboard("keyboard:usb-0-event-kbd"), [("", ILL, "没有名为", "no keyboard-like")]),
]


@pytest.fixture(scope="module")
def round_(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    ward = Ward(tmp_path_factory.mktemp("ward"))
    with ward.stack:
        yield visit([called(make(ward), case) for case, make, _ in CASES])


@pytest.mark.parametrize(
    ("name", "mark", "chinese", "english"),
    [
        (f"{case}: {name}" if name else case, mark, chinese, english)
        for case, _, said in CASES
        for name, mark, chinese, english in said
    ],
)
def test_every_fault_has_its_sentence_chinese_first(
    round_: Visit, name: str, mark: str, chinese: str, english: str
) -> None:
    head, first, second = round_.said[name].splitlines()
    assert head.startswith(mark)
    assert chinese.replace("OURS", str(os.getpid())) in head + first
    assert english in second


def test_every_device_is_spoken_of_once_and_the_sick_are_counted_at_the_end(round_: Visit) -> None:
    expected = [(f"{case}: {name}" if name else case, mark) for case, _, said in CASES for name, mark, _, _ in said]
    assert sorted(round_.names) == sorted(name for name, _ in expected)
    assert len(re.findall("^[✓!✗] ", round_.text, re.MULTILINE)) == len(expected)
    well, look, ill = (sum(mark == m for _, m in expected) for mark in (WELL, LOOK, ILL))
    assert f"检查了 {len(expected)} 台设备：{well} 台正常，{look} 台请看一下，{ill} 台有问题" in round_.text
    assert re.search(r"^To be seen to: .*\bcover\b.*\bno paper\b", round_.text, re.MULTILINE)
    assert round_.code == 1


def test_a_device_that_keeps_one_waiting_delays_no_other(round_: Visit) -> None:
    slow = [round_.names.index(name) for name in ("full", "stuck", "camera")]
    assert max(round_.names.index(name) for name in ("sound", "missing", "newland", "signs: sign 1")) < min(slow)


def test_someone_is_asked_to_scan_when_a_scanner_cannot_be_asked(round_: Visit, tmp_path: Path) -> None:
    assert round_.text.startswith("请在 2 秒内用各扫码器随便扫一个码")
    assert "扫" not in visit([described("printer", f"serial:{tmp_path}/none")]).text


# --- how it ends


def test_it_ends_with_0_when_all_devices_are_well(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    with ward.stack:
        found = visit([called(ward.printer(), "K1/printer"), called(ward.newland(deaf=False), "K1/scanner")])
    assert [paragraph[0] for paragraph in found.said.values()] == [WELL, WELL]
    assert "To be seen to" not in found.text
    assert found.code == 0


def test_paper_that_runs_low_is_not_all_well(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    with ward.stack:
        assert visit([ward.printer("paper_low")]).code == 1


def test_a_hall_without_devices_is_told_so_and_nothing_is_wrong() -> None:
    found = visit([])
    assert "还没有设备" in found.text
    assert found.code == 0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (b"", "the list of devices is not JSON"),
        (b"\xff\xfe", "the list of devices is not JSON"),
        (b"{}", "the list of devices is no list"),
        (b"[1]", "device 1 of the list: kind, name and url are needed, as text"),
        (b'[{"kind": "printer", "name": "p"}]', "device 1 of the list: kind, name and url are needed"),
        (b'[{"kind": "fax", "name": "f", "url": "tcp:h:1"}]', "device 1 of the list: 'fax' is not a valid Kind"),
        (b'[{"kind": "pads", "name": "p", "url": "tcp:h:1"}]', "nothing is on this line: options need stations"),
        (b'[{"kind": "pads", "name": "p", "url": "tcp:h:1", "options": {"stations": [{"name": "x"}]}}]', "address"),
        (b'[{"kind": "pads", "name": "p", "url": "tcp:h:1", "options": 3}]', "device 1 of the list"),
    ],
)
def test_a_list_that_is_none_is_told_clearly(given: bytes, told: str) -> None:
    with pytest.raises(NotAList, match=re.escape(told)):
        read_devices(given)


def test_a_program_that_gives_no_list_is_told_so_and_ends_with_2() -> None:
    found = ask(["devices.doctor"], b"K1/printer")
    assert "Error: the list of devices is not JSON" in found.errors
    assert found.code == 2


def without_rights() -> list[str]:
    """What to put before a command so that file permissions hold for it; root stands above them."""
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []


@pytest.mark.parametrize(
    ("mode", "told"), [(0o060, "sudo usermod -aG {group} "), (0o000, "udev")], ids=["a group may", "nobody may"]
)
def test_who_may_not_open_a_port_is_told_how_to_get_the_right(mode: int, told: str) -> None:
    with Running(EscPosPrinter(), PtyEnd()) as running:
        assert isinstance(running.wire, PtyEnd)
        path = Path(running.wire.path)
        os.chown(path, os.getuid(), 5)  # tty on every Linux
        path.chmod(mode)
        found = visit([described("printer", f"serial:{path}")], before=without_rights())
    assert f"用户没有权限打开 {path}" in found.said["it"]
    assert told.format(group="tty") in found.said["it"]


def test_two_devices_written_at_one_port_wait_for_each_other(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    with ward.stack:
        printer = ward.printer()
        found = visit([called(printer, "K1/printer"), called(printer, "K2/printer")])
    assert [paragraph[0] for paragraph in found.said.values()] == [WELL, WELL]


def test_a_device_that_takes_too_long_is_told_so_and_the_others_are_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devices.doctor.examine.WITHIN", 0.5)  # a deaf reader takes several seconds
    with Running(SimulatedReader(), PtyEnd()) as running:
        assert isinstance(running.device, SimulatedReader)
        assert isinstance(running.wire, PtyEnd)
        running.device.faults.deaf = True
        slow = Device(kind=Kind.ID_CARD, name="slow", url=f"serial:{running.wire.path}")
        away = Device(kind=Kind.PRINTER, name="away", url=f"serial:{tmp_path}/none")
        found = {finding.name: finding.word for finding in examine_all([slow, away], listen=0.0)}
    assert found == {"slow": "too-long", "away": "missing"}
