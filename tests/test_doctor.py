"""The doctor as an installer meets it: a program, real ptys and TCP ports, and one sentence for each fault."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import string
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image
from serial.tools.list_ports_common import ListPortInfo

from devices.call_pad.simulator import SimulatedCallPad
from devices.doctor.device import Device, Kind, NotAList, read_devices
from devices.doctor.examine import CHAPTERS, Finding, Verdict, examine_all
from devices.doctor.wires import open_wire, serial_ports, why
from devices.doctor.words import health_tables, languages
from devices.id_card.simulator import SimulatedReader
from devices.led_sign.simulator import SimulatedSigns
from devices.pad_line.simulator import SimulatedKeypad, SimulatedLine
from devices.printer.simulator import EscPosPrinter
from devices.rating_pad.simulator import SimulatedRatingPad
from devices.scanner.simulator import SimulatedScanner
from devices.simulation import PtyEnd, Running, Simulated, TcpEnd
from devices.transport import Reconnecting, Transport, open_transport

ROOT = Path(__file__).parent.parent
Described = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What the doctor said: the whole, what it ended with, and each device's paragraph by name, in the order said."""

    code: int
    text: str
    errors: str
    said: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        return list(self.said)


def ask(arguments: Sequence[str], given: bytes = b"", *, before: Sequence[str] = ()) -> Visit:
    command = [*before, sys.executable, "-m", *arguments]
    done = subprocess.run(command, input=given, capture_output=True, timeout=60, cwd=ROOT, check=False)
    text, errors = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in text + errors, text + errors
    paragraphs = re.findall(r"^[✓!✗] .*\n(?: {4}.*\n)+", text, re.MULTILINE)
    said = {paragraph[2:].partition("  ")[0]: paragraph for paragraph in paragraphs}
    return Visit(code=done.returncode, text=text, errors=errors, said=said)


def visit(devices: Sequence[Described], *options: str, before: Sequence[str] = ()) -> Visit:
    found = ask(["devices.doctor", "--listen", "2", *options], json.dumps(devices).encode(), before=before)
    assert found.errors == ""
    return found


def described(kind: str, url: str, name: str = "it", **options: object) -> Described:
    return {"kind": kind, "name": name, "url": url, "options": options}


# --- a ward full of devices, sound and broken, seen in one visit


class Ward:
    """Puts devices on wires, until the end of the block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stack = ExitStack()
        self._count = 0

    def place(self) -> Path:
        self._count += 1
        return self.folder / f"port{self._count}"

    def pty(self, device: Simulated) -> str:
        running = self.stack.enter_context(Running(device, PtyEnd(self.place())))
        assert isinstance(running.wire, PtyEnd)
        return f"serial:{running.wire.path}?baud=115200"

    def tcp(self, device: Simulated) -> str:
        running = self.stack.enter_context(Running(device, TcpEnd()))
        assert isinstance(running.wire, TcpEnd)
        return f"tcp:127.0.0.1:{running.wire.port}"

    def printer(self, *deeds: str) -> Described:
        machine = EscPosPrinter()
        for deed in deeds:
            getattr(machine, deed)()
        return described("printer", self.pty(machine), width_mm=80, encoding="gbk")

    def reader(self, **faults: object) -> Described:
        reader = SimulatedReader()
        for name, value in faults.items():
            setattr(reader.faults, name, value)
        return described("id_card", self.pty(reader))

    def newland(self, *, deaf: bool) -> Described:
        scanner = SimulatedScanner("newland")
        scanner.faults.deaf = deaf
        return described("scanner", f"newland+{self.pty(scanner)}")

    def signs(self, change: Callable[[SimulatedSigns], None]) -> Described:
        signs = SimulatedSigns({1: 8, 2: 12})
        change(signs)
        stations = [{"name": f"sign {n}", "address": n, "width": 8} for n in (1, 2)]
        return described("led_sign", self.tcp(signs), "signs", stations=stations)

    def pads(self) -> Described:
        dead = SimulatedCallPad(3)
        dead.power(False)
        line = SimulatedLine([SimulatedRatingPad(1), SimulatedRatingPad(2), dead])
        kinds = {1: "rating_pad", 2: "call_pad", 3: "call_pad"}
        stations = [{"name": f"pad {n}", "address": n, "kind": kind} for n, kind in kinds.items()]
        return described("pads", self.pty(line), "pads", stations=stations)

    def keypad(self) -> Described:
        keypad = SimulatedKeypad(self.place())
        self.stack.callback(keypad.unplug)
        return on_a_keyboard(f"keyboard:{self.folder}/port{self._count}")

    def film(self, draw: Callable[[int], Image.Image]) -> Described:
        """What a camera sees, for longer than the doctor watches it."""
        folder = self.place()
        folder.mkdir()
        for number in range(120):
            draw(number).save(folder / f"{number:03}.png")
        return described("scanner", f"camera:{folder}/%03d.png")

    def busy(self) -> Described:
        url = self.pty(EscPosPrinter())
        ours = open_transport(url)
        ours.open()
        self.stack.callback(ours.close)
        return described("printer", url)

    def file(self) -> str:
        path = self.place()
        path.write_text("not a device")
        return str(path)

    def closed_port(self) -> str:
        with socket.create_server(("127.0.0.1", 0)) as server:
            return f"tcp:127.0.0.1:{server.getsockname()[1]}"

    def full_port(self) -> str:
        """A port that takes no more connections: the next one waits until it gives up."""
        server = self.stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):
            waiting = self.stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        return f"tcp:127.0.0.1:{server.getsockname()[1]}"


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


def on_a_keyboard(url: str) -> Described:
    return described("pads", url, stations=[{"name": "it", "address": 1, "kind": "call_pad"}])


def all_well(signs: SimulatedSigns) -> None:
    """Nothing is wrong."""


def refusing(signs: SimulatedSigns) -> None:
    signs.cards[2].refuses = 1


def dead(signs: SimulatedSigns) -> None:
    signs.cards[2].power(False)


WELL, LOOK, ILL = "✓", "!", "✗"
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
    ("busy", lambda w: w.busy(), [("", ILL, f"(pid {os.getpid()})", "Another program is using")]),
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
    ("keypad", lambda w: w.keypad(), [("", WELL, "数字小键盘已接上", "ours alone")]),
    ("no keypad", lambda w: on_a_keyboard("keyboard:usb-0-event-kbd"), [("", ILL, "没有名为", "no keyboard-like")]),
]


def called(device: Described, case: str) -> Described:
    """The device under its case's name, and each of its stations too."""
    stations = [{**s, "name": f"{case}: {s['name']}"} for s in device["options"].get("stations", [])]
    return {**device, "name": case, "options": device["options"] | ({"stations": stations} if stations else {})}


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
    assert chinese in head + first
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


# --- faults that no test can make on a real wire here: a device that drops out, a name nobody knows


class Failing(Transport):
    """A wire that opens or not, and then fails."""

    def __init__(self, name: str, *, opening: OSError | None = None, writing: OSError | None = None) -> None:
        self.name = name
        self._opening, self._writing = opening, writing
        self._is_open = False

    def open(self) -> None:
        if self._opening is not None:
            raise self._opening
        self._is_open = True

    def close(self) -> None:
        self._is_open = False

    @property
    def is_open(self) -> bool:
        return self._is_open

    def read(self, timeout: float = 0.0, limit: int = 1) -> bytes:
        return b""

    def write(self, data: bytes, timeout: float = 5.0) -> None:
        if self._writing is not None:
            raise self._writing


@pytest.mark.parametrize(
    ("url", "wire", "word"),
    [
        ("tcp:printer.hall:9100", Failing("", opening=socket.gaierror(-2, "Name or service not known")), "no-name"),
        ("tcp:10.0.0.1:9100", Failing("", opening=OSError(errno.EHOSTUNREACH, "No route to host")), "unreachable"),
        ("tcp:10.0.0.1:9100", Failing("", opening=TimeoutError("timed out")), "unreachable"),
        ("serial:/dev/null", Failing("", writing=TimeoutError(errno.ETIMEDOUT, "takes no bytes")), "stopped"),
        ("serial:/dev/null", Failing("", writing=OSError(errno.EIO, "Input/output error")), "lost"),
        ("serial:/dev/null", Failing("", opening=OSError(errno.EIO, "Input/output error")), "other"),
        ("keyboard:usb-*-kbd", Failing("", opening=OSError(errno.EINVAL, "fits several devices: a, b")), "several"),
        ("keyboard:/dev/null", Failing("", opening=OSError(errno.ENOTTY, "not an input device")), "not-a-port"),
        ("keyboard:/dev/null", Failing("", opening=OSError(errno.EBUSY, "another program holds it")), "busy"),
    ],
)
def test_the_system_s_error_is_translated(url: str, wire: Failing, word: str) -> None:
    reconnecting = Reconnecting(wire)
    with pytest.raises(OSError, match=r"."):
        reconnecting.write(b"?")
    found, values = why(url, reconnecting)
    assert found == word
    finding = Finding(name="it", kind="printer", url=url, chapter="wire", word=word, values=values)
    assert all(words.sentence(finding) for words in languages())
    assert finding.verdict is Verdict.ILL


def test_a_keyboard_s_line_is_a_wire_like_any_other() -> None:
    assert open_wire("keyboard:usb-*-event-kbd").name == "keyboard:usb-*-event-kbd"
    with pytest.raises(ValueError, match="names no device"):
        open_wire("keyboard:")


def adapter(folder: Path, name: str, *, serial: str | None) -> ListPortInfo:
    """An adapter as pyserial finds it, with the name of its socket and its own as udev makes them."""
    found = ListPortInfo(str(folder / name))
    found.vid, found.pid, found.serial_number = 0x1A86, 0x7523, serial
    for way, link in (("by-path", f"pci-{name}-port0"), ("by-id", f"usb-1a86_{serial or 'Serial'}-if00-port0")):
        (folder / way).mkdir(exist_ok=True)
        (folder / way / link).unlink(missing_ok=True)
        (folder / way / link).symlink_to(folder / name)
    return found


def test_a_port_is_listed_by_the_adapters_own_name(tmp_path: Path) -> None:
    plugged = [adapter(tmp_path, "ttyUSB0", serial=None), adapter(tmp_path, "ttyUSB1", serial="A1")]
    assert serial_ports(tmp_path, [*plugged, ListPortInfo("/dev/ttyS0")]) == [
        "/dev/ttyS0",
        f"{tmp_path}/by-id/usb-1a86_Serial-if00-port0 (ttyUSB0)",
        f"{tmp_path}/by-id/usb-1a86_A1-if00-port0 (ttyUSB1)",
    ]


def test_adapters_alike_are_listed_by_their_sockets(tmp_path: Path) -> None:
    twins = [adapter(tmp_path, name, serial=None) for name in ("ttyUSB0", "ttyUSB1")]
    assert serial_ports(tmp_path, twins) == [f"{tmp_path}/by-path/pci-ttyUSB{n}-port0 (ttyUSB{n})" for n in (0, 1)]


# --- words


def phrases(text: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(text, str):
        yield key, text
    else:
        for name, within in text.items():
            yield from phrases(within, f"{key}.{name}")


def test_both_languages_have_the_same_words_with_the_same_placeholders() -> None:
    chinese, english = (
        dict(phrases(yaml.safe_load((ROOT / "devices/doctor/texts" / file).read_text(encoding="utf-8"))))
        for file in ("zh.yaml", "en.yaml")
    )
    assert chinese.keys() == english.keys()
    for key, text in chinese.items():
        fields, others = ({name for _, name, _, _ in string.Formatter().parse(t) if name} for t in (text, english[key]))
        assert fields == others, key
        assert bool(text) == bool(english[key]), key


@pytest.mark.parametrize(
    ("chapter", "word"), [(chapter, health.value) for chapter, healths in CHAPTERS.items() for health in healths]
)
def test_every_health_word_of_every_driver_has_its_sentence(chapter: str, word: str) -> None:
    values = {"address": "1", "detail": "x"}
    finding = Finding(name="it", kind="printer", url="", chapter=chapter, word=word, values=values)
    for words in languages():
        assert len(words.sentence(finding)) > 4
        if finding.verdict is not Verdict.WELL:
            assert words.chapters[chapter][word]["do"], "whatever is wrong, there is something to do"


def test_no_sentence_is_left_over_from_a_health_that_is_no_more() -> None:
    for words in languages():
        for chapter, healths in CHAPTERS.items():
            assert words.chapters[chapter].keys() == {health.value for health in healths}


def test_the_installers_page_has_the_tables_of_today() -> None:
    page = (ROOT / "docs" / "devices.md").read_text(encoding="utf-8")
    tables = page.partition("<!-- health -->\n")[2].partition("<!-- /health -->")[0]
    assert tables.strip() == health_tables().strip(), "python -m devices.doctor --tables writes them"


# --- by its own command


def city(folder: Path, kiosk: str) -> Path:
    file = folder / "city.yaml"
    file.write_text(
        f"""\
name: {{zh: 某市}}
classes:
  - {{code: ordinary, name: {{zh: 普通}}, target_minutes: 20}}
  - {{code: appointment, name: {{zh: 预约}}, target_minutes: 5}}
services: {{}}
halls:
  - code: H1
    name: {{zh: 某镇}}
    kind: town_centre
    hours: {{periods: [{{opens: "08:30", closes: "17:30"}}]}}
    queues: [{{code: A, letter: A, name: {{zh: 税费}}, minutes: 8, spread: 0.8}}]
    services: {{}}
    windows: [{{code: "1", name: {{zh: 一号}}, serves: [{{queue: A}}]}}]
    kiosks: [{{code: K1, slot: 1, {kiosk}}}]
""",
        encoding="utf-8",
    )
    return file


def bianmin(*arguments: str) -> Visit:
    return ask(["queue_server.cli", *arguments])


def test_bianmin_doctor_examines_what_the_yaml_names(tmp_path: Path) -> None:
    ward = Ward(tmp_path)
    with ward.stack:
        printer, reader = ward.printer("cover_open"), ward.reader()
        kiosk = f"printer: {{url: '{printer['url']}', width_mm: 58}}, id_card: {{url: '{reader['url']}'}}"
        found = bianmin("doctor", "--config", str(city(tmp_path, kiosk)), "--hall", "H1", "--kiosk", "K1")
    assert found.said["K1/printer"].startswith(ILL)
    assert "上盖开着" in found.said["K1/printer"]
    assert found.said["K1/id_card"].startswith(WELL)
    assert (found.code, found.errors) == (1, "")


def test_bianmin_doctor_tells_where_the_yaml_is_wrong(tmp_path: Path) -> None:
    file = city(tmp_path, "printer: {url: 'usb:0'}")
    found = bianmin("doctor", "--config", str(file))
    assert (
        f"{file}:14: halls[0].kiosks[0].printer.url: 'usb:0' must begin with serial: or tcp: or file:" in found.errors
    )
    assert found.code == 1


def test_bianmin_doctor_knows_which_kiosks_there_are(tmp_path: Path) -> None:
    found = bianmin("doctor", "--config", str(city(tmp_path, "printer: {url: 'tcp:h:1'}")), "--kiosk", "K9")
    assert "there is no kiosk K9 in H1" in found.errors
    assert found.code == 1


def test_a_rehearsal_finds_the_simulators_well_and_every_fault_made_on_purpose(tmp_path: Path) -> None:
    file = city(tmp_path, "printer: {url: 'tcp:127.0.0.1:1'}, scanner: {kind: wedge, url: 'keyboard:usb-9-event-kbd'}")
    with file.open("a", encoding="utf-8") as more:
        more.write("    signs: [{url: 'tcp:127.0.0.1:2', signs: [{address: 7, window: '1'}]}]\n")
    found = bianmin("doctor", "--config", str(file), "--simulate", "--listen", "3")
    assert [found.said[name][0] for name in ("K1/printer", "K1/scanner", "1/led_sign")] == [WELL] * 3
    assert "没有纸了" in found.said["K1/printer (paper-out)"]
    assert "没有名为" in found.said["K1/scanner (no-keyboard)"]
    assert "地址 7 的显示屏没有回应" in found.said["1/led_sign (silent)"]
    assert "故意弄的 9 个故障都看出来了" in found.text
    assert (found.code, found.errors) == (0, "")


def test_a_rehearsal_without_a_configured_device_shows_one_of_each_kind() -> None:
    found = visit([], "--simulate", "--listen", "0")
    kinds = {"printer", "id_card", "scanner", "led_sign", "rating_pad", "call_pad"}
    assert kinds <= {name.partition("/")[2] for name, said in found.said.items() if said[0] == WELL}
    assert found.code == 0


def test_the_list_names_every_kind_and_what_is_plugged_in() -> None:
    found = bianmin("devices", "list")
    for words in (
        "小票打印机",
        "身份证读卡器",
        "扫码器",
        "窗口显示屏",
        "评价器",
        "呼叫器",
        "本机的串口",
        "本机的摄像头",
    ):
        assert words in found.text
    assert (found.code, found.errors) == (0, "")


def test_a_device_is_simulated_by_command_and_its_faults_are_typed_into_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "queue_server.cli", "devices", "simulate", "printer", "--pty", f"{tmp_path}/lp"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as simulator:
        assert simulator.stdin is not None
        assert simulator.stdout is not None
        url = simulator.stdout.readline().strip()
        assert url == f"serial:{tmp_path}/lp"
        assert "paper-out" in simulator.stdout.readline()
        assert visit([described("printer", url)]).code == 0
        simulator.stdin.write("paper-out\n")
        simulator.stdin.flush()
        assert simulator.stdout.readline() == "ok\n"
        assert "没有纸了" in visit([described("printer", url)]).said["it"]
        simulator.stdin.write("quit\n")
        simulator.stdin.flush()
        assert simulator.wait(20) == 0
    assert not os.path.lexists(f"{tmp_path}/lp")


def test_a_kind_that_nobody_simulates_is_told_with_those_that_are() -> None:
    found = bianmin("devices", "simulate", "fax")
    assert "'fax' is not one of 'printer', 'id_card', 'scanner'" in found.errors
    assert found.code == 2
