"""Devices in the YAML of a city: one line each, and every mistake told with its line and field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from servers import TERMS

from devices.doctor.device import WRITTEN
from devices.scanner.driver import open_scanner
from devices.transport import open_transport
from queue_server.config import ConfigurationError, as_plain, load
from queue_server.config.devices import HallDevices, IdCardSetup, ScannerKind, ScannerSetup, chosen, url_wrong

ROOT = Path(__file__).parent.parent
CITY = (
    f"""\
name: {{zh: 某市}}
{TERMS}"""
    + """classes:
  - {code: ordinary, name: {zh: 普通}, target_minutes: 20}
  - {code: appointment, name: {zh: 预约}, target_minutes: 5}
services: {}
halls:
  - code: H1
    name: {zh: 某镇便民服务中心}
    kind: town_centre
    hours: {periods: [{opens: "08:30", closes: "17:30"}]}
    queues: [{code: A, letter: A, name: {zh: 税费}, minutes: 8, spread: 0.8}]
    services: {}
    windows:
      - {code: "1", name: {zh: 一号}, serves: [{queue: A}]}
      - {code: "2", name: {zh: 二号}, serves: [{queue: A}]}
"""
)
DEVICES = """\
    kiosks:
      - code: K1
        slot: 1
        printer: {url: "serial:/dev/ttyUSB0?baud=115200", width_mm: 58}
        id_card: {url: "serial:/dev/ttyUSB1?baud=9600"}
        scanner: {kind: newland, url: "serial:/dev/ttyACM0"}
      - code: K2
        slot: 2
        scanner: {kind: wedge, url: "keyboard:usb-*-event-kbd"}
    signs:
      - url: "tcp:192.168.1.30:5005"
        signs:
          - {address: 1, window: "1"}
          - {address: 2, window: "2", width: 12}
    rating_pads:
      - url: "serial:/dev/ttyS0"
        keys: {"0": 5, "1": 1}
        pads: [{address: 1, window: "1"}]
    call_pads:
      - url: "serial:/dev/ttyS0"
        pads: [{address: 3, window: "1"}]
      - url: "keyboard:/dev/input/event5"
        pads: [{window: "2"}]
    zones: [{code: east, name: {zh: 东区}, windows: ["1"]}]
    speech_boards:
      - {url: "serial:/dev/ttyS1", chip: syn6288, zone: east}
      - {url: "tcp:192.168.1.31:5005", chip: xfs5152}
"""


def written(folder: Path, devices: str) -> Path:
    file = folder / "city.yaml"
    file.write_text(CITY + devices, encoding="utf-8")
    return file


def hall(folder: Path, devices: str = DEVICES) -> HallDevices:
    return load(written(folder, devices)).hall("H1")


# --- what a right file gives


def test_devices_are_as_the_file_says(tmp_path: Path) -> None:
    found = hall(tmp_path)
    (k1, k2) = found.kiosks
    assert k1.printer is not None
    assert (k1.printer.width_mm, k1.id_card) == (58, IdCardSetup(url="serial:/dev/ttyUSB1?baud=9600"))
    assert (k2.printer, k2.id_card) == (None, None)
    assert k2.scanner == ScannerSetup(kind=ScannerKind.WEDGE, url="keyboard:usb-*-event-kbd")
    assert [(s.address, s.window, s.width) for bus in found.signs for s in bus.signs] == [(1, "1", 8), (2, "2", 12)]
    assert found.rating_pads[0].keys == {"0": 5, "1": 1}
    assert [pad.window for bus in found.call_pads for pad in bus.pads] == ["1", "2"]
    assert [(board.chip, board.zone) for board in found.speech_boards] == [("syn6288", "east"), ("xfs5152", "")]


def test_a_hall_needs_no_device(tmp_path: Path) -> None:
    assert chosen({"H1": hall(tmp_path, "")}, kiosks=(), windows=False) == []


def test_devices_are_no_part_of_the_halls_configuration(tmp_path: Path) -> None:
    plain = str(as_plain(load(written(tmp_path, DEVICES)).configuration("H1")))
    assert "K2" in plain
    assert not re.search("url|/dev/|tcp:|'address': [0-9]", plain)


@pytest.mark.parametrize(
    ("kind", "url", "line"),
    [
        ("serial", "serial:/dev/ttyACM0", "serial:/dev/ttyACM0"),
        ("newland", "serial:/dev/ttyACM0", "newland+serial:/dev/ttyACM0"),
        ("honeywell", "tcp:127.0.0.1:4001", "honeywell+tcp:127.0.0.1:4001"),
        ("wedge", "keyboard:usb-X-event-kbd", "keyboard:usb-X-event-kbd"),
        ("camera", "camera:0", "camera:0"),
    ],
)
def test_a_scanners_line_is_what_the_scanner_driver_opens(kind: str, url: str, line: str) -> None:
    setup = ScannerSetup(kind=ScannerKind(kind), url=url)
    assert setup.line == line
    open_scanner(setup.line).close()


def test_the_doctor_is_given_each_wire_once_with_what_hangs_on_it(tmp_path: Path) -> None:
    devices = chosen({"H1": hall(tmp_path)}, kiosks=(), windows=False)
    assert [(d["kind"], d["name"]) for d in devices] == [
        ("printer", "K1/printer"),
        ("id_card", "K1/id_card"),
        ("scanner", "K1/scanner"),
        ("scanner", "K2/scanner"),
        ("led_sign", "1/led_sign, 2/led_sign"),
        ("pads", "1/rating_pad, 1/call_pad"),
        ("pads", "2/call_pad"),
        ("speech_board", "east/speech_board"),
        ("speech_board", "hall/speech_board"),
    ]
    assert devices[7]["options"] == {"chip": "syn6288"}
    shared = devices[5]
    assert shared["url"] == "serial:/dev/ttyS0"
    assert [(s["address"], s["kind"]) for s in shared["options"]["stations"]] == [(1, "rating_pad"), (3, "call_pad")]


def test_one_kiosk_or_the_windows_can_be_chosen(tmp_path: Path) -> None:
    halls = {"H1": hall(tmp_path)}
    assert [d["name"] for d in chosen(halls, kiosks=["K2"], windows=False)] == ["K2/scanner"]
    assert [d["kind"] for d in chosen(halls, kiosks=[], windows=True)] == [
        *("led_sign", "pads", "pads", "speech_board", "speech_board"),
    ]
    with pytest.raises(LookupError, match="there is no kiosk K9 in H1"):
        chosen(halls, kiosks=["K1", "K9"], windows=False)


def test_devices_of_several_halls_are_named_with_their_hall(tmp_path: Path) -> None:
    both = chosen({"H1": hall(tmp_path), "H2": hall(tmp_path)}, kiosks=["K2"], windows=False)
    assert [device["name"] for device in both] == ["H1 K2/scanner", "H2 K2/scanner"]


def test_the_examples_in_the_demo_city_are_right_when_their_sign_is_taken_away(tmp_path: Path) -> None:
    text = (ROOT / "config" / "jurong.yaml").read_text(encoding="utf-8")
    assert not load(ROOT / "config" / "jurong.yaml").hall("JR-CITY").signs
    plugged, count = re.subn(r"^( +)# (?=(?:  )?- \{|signs:|rating_pads:|call_pads:)", r"\1", text, flags=re.MULTILINE)
    assert count >= 8
    (tmp_path / "city.yaml").write_text(plugged, encoding="utf-8")
    found = load(tmp_path / "city.yaml").hall("JR-CITY")
    assert found.signs
    assert found.rating_pads
    assert found.call_pads
    assert found.kiosks[-1].scanner is not None


def test_the_examples_of_the_installers_page_are_right(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "devices.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"```yaml (kiosk|hall)\n(.*?)```", page, re.DOTALL))
    kiosks = "    kiosks:\n" + re.sub("^", "      ", blocks["kiosk"].rstrip(), flags=re.MULTILINE)
    found = hall(tmp_path, kiosks + "\n" + re.sub("^", "    ", blocks["hall"].rstrip(), flags=re.MULTILINE) + "\n")
    assert [kiosk.scanner.kind for kiosk in found.kiosks if kiosk.scanner] == ["newland", "wedge", "camera"]
    assert len(chosen({"H1": found}, kiosks=(), windows=True)) == 5


def test_what_the_list_of_devices_shows_can_be_written_as_it_is(tmp_path: Path) -> None:
    kiosk = ", ".join(WRITTEN[kind] for kind in ("printer", "id_card", "scanner"))
    lines = [f"kiosks: [{{code: K1, slot: 1, {kiosk}}}]", *list(WRITTEN.values())[3:]]
    numbers = iter(range(99))
    plugged = re.sub("…", lambda _: f"usb-{next(numbers)}", "".join(f"    {line}\n" for line in lines))
    found = hall(tmp_path, plugged)
    kinds = {device["kind"] for device in chosen({"H1": found}, kiosks=(), windows=True)}
    assert kinds == {"led_sign", "pads", "speech_board"}


# --- lines: what is seen to be wrong without opening them is what the driver would refuse

LINES = [
    ("serial:/dev/ttyUSB0", True),
    ("serial:/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0?baud=115200&parity=e&bits=7&stop=2&rtscts=1", True),
    ("serial:/dev/ttyUSB0?stop=1.5&xonxoff=0&dsrdtr=1", True),
    ("serial:", False),
    ("serial:/dev/ttyUSB0?", True),
    ("serial:/dev/ttyUSB0?baud", False),
    ("serial:/dev/ttyUSB0?baud=", False),
    ("serial:/dev/ttyUSB0?baud=fast", False),
    ("serial:/dev/ttyUSB0?speed=9600", False),
    ("serial:/dev/ttyUSB0?bits=9", False),
    ("serial:/dev/ttyUSB0?parity=X", False),
    ("serial:/dev/ttyUSB0?stop=3", False),
    ("serial:/dev/ttyUSB0?rtscts=yes", False),
    ("tcp:192.168.1.20:9100", True),
    ("tcp:printer.hall:9100", True),
    ("tcp:[fe80::1]:9100", True),
    ("tcp:192.168.1.20", False),
    ("tcp:192.168.1.20:", False),
    ("tcp:192.168.1.20:0", False),
    ("tcp:192.168.1.20:65536", False),
    ("tcp::9100", False),
    ("tcp:192.168.1.20:9100?baud=9600", False),
    ("file:/dev/usb/lp0", True),
    ("file:", False),
    ("file:/dev/usb/lp0?baud=9600", False),
    ("usb:1234", False),
    ("/dev/ttyUSB0", False),
    ("", False),
]


@pytest.mark.parametrize(("url", "right"), LINES)
def test_a_line_is_refused_here_exactly_when_the_driver_would_refuse_it(url: str, right: bool) -> None:
    assert (url_wrong(url, ("serial", "tcp", "file")) is None) is right
    if right:
        open_transport(url).close()
    else:
        with pytest.raises(ValueError, match=r"."):
            open_transport(url)


# --- mistakes: (instead of what, what is written, field, what is said)

K1, K2 = "halls[0].kiosks[0]", "halls[0].kiosks[1]"
SPEECH = "halls[0].speech_boards"
MISTAKES = [
    ("serial:/dev/ttyUSB0?baud=115200", "usb:0", f"{K1}.printer.url", "must begin with serial: or tcp: or file:"),
    ("serial:/dev/ttyUSB0?baud=115200", "serial:COM3", f"{K1}.printer.url", "'COM3' is no port; it must be like /dev/"),
    ("ttyUSB0?baud=115200", "ttyUSB0?speed=9600", f"{K1}.printer.url", "there is no option 'speed'; there are baud"),
    ("ttyUSB0?baud=115200", "ttyUSB0?baud=fast", f"{K1}.printer.url", "'baud=fast' is no setting of a serial line"),
    ("baud=115200", "baud=9600&baud=115200", f"{K1}.printer.url", "'baud=115200' is no setting of a serial line"),
    ("width_mm: 58", "width_mm: 76", f"{K1}.printer.width_mm", "must be 80 or 58"),
    ("width_mm: 58", "encoding: gb", f"{K1}.printer.encoding", "'gb' is no set of characters"),
    ("width_mm: 58", "colour: red", f"{K1}.printer.colour", "there is no such field"),
    ("?baud=9600", "", f"{K1}.id_card.url", "most want ?baud=115200"),
    ("serial:/dev/ttyUSB1?baud=9600", "file:/dev/hidraw0", f"{K1}.id_card.url", "must begin with serial: or tcp:"),
    ("/dev/ttyUSB1?", "/dev/ttyUSB0?", f"{K1}.id_card.url", "this is where the printer is"),
    ("/dev/ttyACM0", "/dev/ttyUSB0?baud=9600", f"{K1}.scanner.url", "this is where the printer is"),
    ("kind: newland", "kind: zebra", f"{K1}.scanner.kind", "Input should be 'serial', 'newland', 'honeywell', 'wedge'"),
    ("kind: newland", "kind: camera", f"{K1}.scanner.url", "must begin with camera: for a scanner of kind camera"),
    (
        "kind: wedge",
        "kind: serial",
        f"{K2}.scanner.url",
        "begin with serial: or tcp: for a scanner of kind serial",
    ),
    ("keyboard:usb-*-event-kbd", "keyboard:", f"{K2}.scanner.url", "'keyboard:' names no device"),
    ("serial:/dev/ttyS1", "keyboard:x", f"{SPEECH}[0].url", "must begin with serial: or tcp:"),
    (
        "serial:/dev/ttyS1",
        "serial:/dev/ttyS0?baud=9600",
        f"{SPEECH}[0].url",
        "this line is among the call_pads already",
    ),
    ("tcp:192.168.1.31:5005", "serial:/dev/ttyS1", f"{SPEECH}[1].url", "this line is among the speech_boards already"),
    ("chip: syn6288", "chip: syn6658", f"{SPEECH}[0].chip", "Input should be 'syn6288' or 'xfs5152'"),
    ("zone: east", "zone: south", f"{SPEECH}[0].zone", "there is no zone 'south' in this hall"),
    ("chip: xfs5152", "chip: xfs5152, zone: east", f"{SPEECH}[1].zone", "this zone has another already"),
    (", zone: east", "", f"{SPEECH}[1].zone", "the whole hall has another already"),
    ("tcp:192.168.1.30:5005", "tcp:192.168.1.30", "halls[0].signs[0].url", "must be like tcp:192.168.1.20:9100"),
    ("tcp:192.168.1.30:5005", "keyboard:x", "halls[0].signs[0].url", "must begin with serial: or tcp:"),
    ('window: "2", width', 'window: "9", width', "halls[0].signs[0].signs[1].window", "there is no window '9'"),
    ('window: "2", width', 'window: "1", width', "halls[0].signs[0].signs[1].window", "window '1' has another"),
    ('window: "2", width', "window: 2, width", "halls[0].signs[0].signs[1].window", "must be text; put it in quotes"),
    ("address: 2, ", "address: 1, ", "halls[0].signs[0].signs[1].address", "address 1 of this line is at window '1'"),
    ("address: 2, ", "address: 0, ", "halls[0].signs[0].signs[1].address", "must be 1 … 65534"),
    ("address: 2, ", "address: 65535, ", "halls[0].signs[0].signs[1].address", "must be 1 … 65534"),
    ("address: 2, ", "", "halls[0].signs[0].signs[1].address", "is missing"),
    ("width: 12", "width: 0", "halls[0].signs[0].signs[1].width", "must be 1 … 64 Chinese characters"),
    ('[{address: 1, window: "1"}]', "[]", "halls[0].rating_pads[0].pads", "nothing is on this line"),
    ("address: 3", "address: 1", "halls[0].call_pads[0].pads[0].address", "address 1 of this line is at window '1'"),
    ("address: 3", "address: 100", "halls[0].call_pads[0].pads[0].address", "must be 1 … 99"),
    ('[{window: "2"}]', '[{window: "1"}]', "halls[0].call_pads[1].pads[0].window", "window '1' has another of these"),
    ('[{window: "2"}]', '[{window: "2"}, {window: "3"}]', "halls[0].call_pads[1].pads", "a keypad lies at one window"),
    ("keyboard:/dev/input/event5", "serial:/dev/ttyS0", "halls[0].call_pads[1].url", "is among the call_pads already"),
    ("tcp:192.168.1.30:5005", "serial:/dev/ttyS0", "halls[0].rating_pads[0].url", "is among the signs already"),
    ('{"0": 5, "1": 1}', '{"0": 5}', "halls[0].rating_pads[0].keys", "at least two keys"),
    ('{"0": 5, "1": 1}', '{"0": 5, "1": 5}', "halls[0].rating_pads[0].keys", "a level 1 … 5 of its own"),
    ('{"0": 5, "1": 1}', '{"0": 5, "1": 0}', "halls[0].rating_pads[0].keys", "a level 1 … 5 of its own"),
    (
        '{"0": 5, "1": 1}',
        '{"0": 5, "好": 1}',
        "halls[0].rating_pads[0].keys.好",
        "one digit or capital letter",
    ),
]


@pytest.mark.parametrize(("right", "wrong", "field", "said"), MISTAKES, ids=lambda value: value[:40])
def test_a_mistake_is_told_with_its_line_and_its_field(
    tmp_path: Path, right: str, wrong: str, field: str, said: str
) -> None:
    assert DEVICES.count(right) >= 1
    before, after = DEVICES.split(right, 1)
    file = written(tmp_path, before + wrong + after)
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    told = [line for line in str(caught.value).splitlines() if f": {field}: " in line and said in line]
    assert len(told) == 1, str(caught.value)
    line = int(told[0].removeprefix(f"{file}:").partition(":")[0])
    name = re.sub(r"\[\d+\]$", "", field).rpartition(".")[2]
    content = file.read_text(encoding="utf-8").splitlines()[line - 1]
    assert name in content or wrong in content, content


def test_pads_that_share_a_line_must_name_it_in_the_same_words(tmp_path: Path) -> None:
    first, _, rest = DEVICES.rpartition('"serial:/dev/ttyS0"')
    with pytest.raises(ConfigurationError, match="among the rating_pads as 'serial:/dev/ttyS0'; write it the same way"):
        hall(tmp_path, first + '"serial:/dev/ttyS0?baud=9600"' + rest)


def test_two_kiosks_may_use_the_same_port_name_for_they_are_two_machines(tmp_path: Path) -> None:
    text = DEVICES.replace('{kind: wedge, url: "keyboard:usb-*-event-kbd"}', '{url: "serial:/dev/ttyUSB0"}')
    assert [k.scanner.kind for k in hall(tmp_path, text).kiosks if k.scanner] == ["newland", "serial"]
