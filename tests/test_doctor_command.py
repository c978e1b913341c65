"""The commands `bianmin doctor` and `bianmin devices`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from doctor_ward import ILL, ROOT, WELL, Visit, Ward, ask, described, visit
from servers import TERMS


def city(folder: Path, kiosk: str) -> Path:
    file = folder / "city.yaml"
    file.write_text(
        f"""\
name: {{zh: 某市}}
classes:
  - {{code: ordinary, name: {{zh: 普通}}, target_minutes: 20}}
  - {{code: appointment, name: {{zh: 预约}}, target_minutes: 5}}
services: {{}}
{TERMS}halls:
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
    line = 1 + next(n for n, text in enumerate(file.read_text(encoding="utf-8").splitlines()) if "usb:0" in text)
    found = bianmin("doctor", "--config", str(file))
    told = "halls[0].kiosks[0].printer.url: 'usb:0' must begin with serial: or tcp: or file:"
    assert f"{file}:{line}: {told}" in found.errors
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
    kinds = {"printer", "id_card", "scanner", "led_sign", "rating_pad", "call_pad", "speech_board"}
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
        "语音板",
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
