"""The kiosk as a resident meets it: the real program, drawn offscreen, touched through its live page."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
import urllib3
from browser import Pages
from PIL import Image
from servers import Server, city

from devices.id_card.simulator import CARDS, SimulatedReader, checked
from devices.printer.simulator import EscPosPrinter
from devices.simulation import PtyEnd, Running, TcpEnd
from kiosk.patience import PATIENCE
from kiosk.visitor import Visitor

HERE = Path(__file__).parent
DEMO_CITY = HERE.parent / "config" / "jurong.yaml"
WITHOUT_DISPLAY = {**os.environ, "DISPLAY": "", "WAYLAND_DISPLAY": ""}
VOICE = HERE.parent / "voice"
SPEAKER, ALIKE = 44_100, 0.8
"""Samples a second as Kivy plays them. A clip is 0.97 like itself as played, another one 0.2."""
PORTRAIT, LANDSCAPE = "1080x1920", "1920x1080"


@dataclass
class Kiosk:
    """A running `python -m kiosk` and the printer under it."""

    visitor: Visitor
    printer: EscPosPrinter
    process: subprocess.Popen[str]
    url: str


@contextmanager
def running(
    folder: Path, *options: str, config: Path = DEMO_CITY, hall: str = "JR-TOWN-HY", sound: Path | None = None
) -> Iterator[Kiosk]:
    """`sound`: the file that gets what is said aloud, as it would go to the loudspeaker."""
    aloud = {"SDL_AUDIODRIVER": "disk" if sound else "dummy", "SDL_DISKAUDIOFILE": str(sound)}
    printer = EscPosPrinter()
    with Running(printer, TcpEnd()) as wire:
        arguments = ["--config", config, "--hall", hall, "--kiosk", "K1", "--data", folder, "--picture-port", "0"]
        arguments += ["--printer", wire.wire.name, "--always-open", *options]
        with (folder / "kiosk.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "kiosk", *map(str, arguments)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**WITHOUT_DISPLAY, **aloud, "XDG_CACHE_HOME": str(folder.parent / "cache")},
            )
        assert process.stdout is not None
        with process.stdout:
            url = process.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), (folder / "kiosk.log").read_text()
            try:
                yield Kiosk(Visitor(url, seconds=60), printer, process, url)
            finally:
                process.send_signal(signal.SIGTERM)
                assert process.wait(30) == 0


@pytest.fixture(scope="module")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kiosk]:
    """One kiosk of the town centre, cut off, for the tests that only use it."""
    with running(tmp_path_factory.mktemp("kiosk"), "--size", PORTRAIT) as kiosk:
        yield kiosk


@pytest.fixture
def visitor(kiosk: Kiosk) -> Visitor:
    """A visitor at the first screen, which speaks Chinese and is drawn as usual; the printer is well."""
    visitor = kiosk.visitor
    kiosk.printer.on_ink = None
    kiosk.printer.paper_in()
    for tag in ("home", "language:zh"):
        if tag in visitor.tags:
            visitor.touch(tag)
    visitor.reads("您来办什么事？")
    return visitor


def test_from_the_first_screen_to_a_printed_ticket(kiosk: Kiosk, visitor: Visitor) -> None:
    printed = len(kiosk.printer.slips)
    for tag in ("queue:D", "service:SJ-D03", "confirm"):
        visitor.touch(tag)
    visitor.reads("取号成功")
    (label,) = [text for text in visitor.texts if text.startswith("D90")]
    visitor.waits_until(lambda: len(kiosk.printer.slips) > printed)
    assert {label, "居住证申领"} <= set(kiosk.printer.slips[-1].lines)
    visitor.touch("home")
    visitor.reads("您来办什么事？")


def test_with_a_hall_its_waits_are_shown_its_number_is_printed_and_no_disk_keeps_who_took_it(tmp_path: Path) -> None:
    """A card is lifted too soon, which is said, and laid down again; no file has what is on it."""
    reader, card = SimulatedReader(read_seconds=(0, 0)), CARDS["resident"]
    number, name = checked("32119919600101001"), "测试甲"
    assert name.encode("utf-16-le") in card.record, "this is what was read"
    with Running(reader, PtyEnd(tmp_path / "reader.tty")) as cards, Server(tmp_path / "hall") as server:
        client = server.client()
        client.do("3", "open")
        for _ in range(4):
            client.issue("A")
        options = ["--server", server.url, "--size", LANDSCAPE, "--id-card", f"serial:{cards.wire.path}?baud=115200"]
        options += ["--log-level", "debug", "--patience", "10"]
        kiosk_folder, sound, file = tmp_path / "kiosk", tmp_path / "sound.raw", city(tmp_path)
        kiosk_folder.mkdir()
        file.write_text(f"appearance: {{voice: {VOICE}}}\n{file.read_text('utf-8')}", "utf-8")
        with running(kiosk_folder, *options, config=file, hall="H1", sound=sound) as kiosk:
            kiosk.visitor.reads("等候 4 人")
            reader.faults.hasty = True
            reader.place("resident")
            kiosk.visitor.reads("请将身份证重新放置")
            kiosk.visitor.waits_until(lambda: is_heard("card-again", sound), "never heard to lay the card down again")
            assert not is_heard("welcome", sound)
            reader.faults.hasty = False
            reader.place("resident")
            kiosk.visitor.reads("测**，您好")
            for tag in ("queue:A", "service:licence", "confirm"):
                kiosk.visitor.touch(tag)
            kiosk.visitor.reads("A005")
            assert {"4 人", "3 号窗口会叫您"} <= set(kiosk.visitor.texts)
            kiosk.visitor.waits_until(lambda: any(slip.lines for slip in kiosk.printer.slips))
            assert "您前面还有 4 人" in kiosk.printer.slips[-1].lines
        waiting = client.get("").json["tickets"]
    assert waiting["waiting"] == 5
    assert any(b'"holder"' in file.read_bytes() for file in written(tmp_path / "hall")), "the hall knows the card again"
    secrets = [form for secret in (number, number[:17], name) for form in forms(secret)]
    for place in (kiosk_folder, tmp_path / "hall"):
        assert written(place)
        for file in written(place):
            content = file.read_bytes().lower()
            assert not [secret for secret in secrets if secret in content], file


def is_heard(prompt: str, sound: Path) -> bool:
    """Whether all of the clip is in what went to the loudspeaker (16 bits, two channels, `SPEAKER` a second)."""
    played = np.fromfile(sound, "<i2").astype(float) if sound.exists() else np.zeros(0)
    played = played[: played.size // 2 * 2].reshape(-1, 2).mean(axis=1)
    clip, rate = soundfile.read(VOICE / "prompts" / "zh" / f"{prompt}.ogg")
    wanted = np.interp(np.arange(0, len(clip) / rate, 1 / SPEAKER), np.arange(len(clip)) / rate, clip)
    if played.size < wanted.size:
        return False
    size = 1 << (played.size + wanted.size).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(played, size) * np.conj(np.fft.rfft(wanted, size)), size)
    likeness = likeness[: played.size - wanted.size + 1]
    best = int(likeness.argmax())
    there = played[best : best + wanted.size]
    return bool(likeness[best] > ALIKE * np.linalg.norm(there) * np.linalg.norm(wanted))


def written(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def forms(secret: str) -> set[bytes]:
    """How a text may stand in a file: in every encoding a ticket, a database, a card or a log line would have it in."""
    encoded = {secret.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030")}
    escaped = json.dumps(secret).strip('"').encode()
    return {form.lower() for form in (*encoded, *(plain.hex().encode() for plain in encoded), escaped)}


def test_another_language_is_one_touch_away_on_every_screen(visitor: Visitor) -> None:
    visitor.touch("queue:A")
    visitor.touch("language:en")
    visitor.reads("Which service do you need?")
    visitor.touch("home")
    visitor.reads("What are you here for?")
    visitor.touch("language:zh")
    visitor.reads("您来办什么事？")


def test_a_service_is_found_by_the_initials_of_its_name(kiosk: Kiosk, visitor: Visitor) -> None:
    for tag in ("search", "key:s", "key:b", "key:k"):
        visitor.touch(tag)
    visitor.reads("SBK")
    visitor.touch("service:RS-02")
    visitor.touch("material:0")
    visitor.touch("confirm")
    visitor.reads("取号成功")
    visitor.touch("home")


@pytest.mark.parametrize("comfort", ["large", "contrast", "low"])
def test_every_way_of_drawing_is_one_touch_away_and_one_touch_back(visitor: Visitor, comfort: str) -> None:
    usual = visitor.picture()
    visitor.touch(f"comfort:{comfort}")
    visitor.waits_until(lambda: visitor.picture() != usual, "nothing changed")
    visitor.touch("queue:A")
    visitor.reads("您要办哪一项？")
    screen = visitor.screen()
    assert comfort != "low" or all(spot["y"] >= screen["height"] / 2 for spot in screen["targets"])
    visitor.touch(f"comfort:{comfort}")
    visitor.touch("home")
    visitor.reads("您来办什么事？")


def test_knocking_on_the_halls_name_asks_for_the_technicians_pin(visitor: Visitor) -> None:
    time.sleep(PATIENCE.settle)
    visitor.knock("华阳街道便民服务中心", 4)
    assert "pin:1" not in visitor.tags
    visitor.knock("华阳街道便民服务中心", 1)
    visitor.reads("请输入维护密码")
    visitor.touch("pin:1")
    visitor.reads("●")
    visitor.touch("home")


def test_a_printer_without_paper_is_said_on_the_first_screen_until_there_is_some(
    kiosk: Kiosk, visitor: Visitor
) -> None:
    kiosk.printer.paper_out()
    visitor.reads("这台机器暂时不能取号")
    visitor.touch("queue:C")
    visitor.touch("service:")
    visitor.reads("打印纸用完了。请到旁边的取号机，或者到咨询窗口取号。")
    assert "confirm" not in visitor.tags
    kiosk.printer.paper_in()
    visitor.waits_until(lambda: "confirm" in visitor.tags)


def test_a_print_that_fails_is_apologised_for_and_leads_home(kiosk: Kiosk, visitor: Visitor) -> None:
    visitor.touch("queue:C")
    visitor.touch("service:")
    kiosk.printer.on_ink = lambda _: kiosk.printer.paper_out()
    visitor.touch("confirm")
    visitor.reads("对不起，没有取到号")
    kiosk.printer.on_ink = None
    kiosk.printer.paper_in()
    visitor.touch("home")
    visitor.reads("您来办什么事？")
    visitor.waits_until(lambda: "这台机器暂时不能取号" not in visitor.texts)


def test_a_list_longer_than_the_screen_is_reached_by_dragging_and_by_a_button(visitor: Visitor) -> None:
    visitor.touch("queue:A")
    visitor.reads("您要办哪一项？")
    assert "service:" not in visitor.tags
    visitor.drag("service:WS-03", by=0.4)
    visitor.waits_until(lambda: "service:" in visitor.tags, "dragging did not reach the end")
    visitor.touch("scroll:up")
    visitor.waits_until(lambda: "service:RS-01" in visitor.tags)
    visitor.touch("scroll:down")
    visitor.touch("service:")
    visitor.reads("取号")


def test_a_slow_finger_drags_and_one_that_trembles_chooses(visitor: Visitor) -> None:
    visitor.touch("queue:A")
    visitor.reads("您要办哪一项？")
    assert "service:" not in visitor.tags
    visitor.drag("service:WS-03", by=0.4, seconds=2)
    visitor.waits_until(lambda: "service:" in visitor.tags, "dragging did not reach the end")
    visitor.reads("您要办哪一项？")
    visitor.drag("service:", by=0.004, seconds=1)
    visitor.reads("取号")


def test_a_resident_who_stands_still_is_asked_and_one_who_left_is_forgotten(tmp_path: Path) -> None:
    with running(
        tmp_path, "--size", LANDSCAPE, "--patience", "0.3"
    ) as kiosk:  # asked for 4.5 s: a busy machine needs some
        visitor = kiosk.visitor
        visitor.touch("queue:A")
        visitor.reads("您还在吗？")
        visitor.touch("stay")
        visitor.waits_until(lambda: "您还在吗？" not in visitor.texts)
        visitor.reads("您要办哪一项？")
        visitor.reads("您来办什么事？")


def test_the_live_picture_is_the_screen(kiosk: Kiosk, visitor: Visitor) -> None:
    picture = Image.open(BytesIO(visitor.picture()))
    assert picture.size == (1080, 1920)
    header, ground = picture.getpixel((10, 60)), picture.getpixel((10, 1900))
    assert (header, ground) == ((11, 74, 143), (238, 242, 247))


def test_a_click_on_the_live_picture_is_a_touch(kiosk: Kiosk, visitor: Visitor, pages: Pages) -> None:
    page = pages.open(kiosk.url, {"width": 1366, "height": 768})
    picture = page.locator("img")
    page.wait_for_function("document.querySelector('img').naturalWidth > 0")
    box = picture.bounding_box()
    assert box is not None
    tile = next(spot for spot in visitor.screen()["targets"] if spot["tag"] == "queue:B")
    scale = box["height"] / 1920
    page.mouse.click(box["x"] + (tile["x"] + 100) * scale, box["y"] + (tile["y"] + 50) * scale)
    visitor.reads("民政优抚残联")
    visitor.reads("您要办哪一项？")


def test_other_peoples_pages_cannot_touch_the_kiosk(kiosk: Kiosk) -> None:
    http = urllib3.PoolManager(retries=False)
    touch = json.dumps({"kind": "down", "x": 0.5, "y": 0.5})
    plain = http.request("POST", f"{kiosk.url}touch", body=touch, headers={"Content-Type": "text/plain"})
    elsewhere = http.request("GET", f"{kiosk.url}screen", headers={"Host": "evil.example:80"})
    broken = http.request("POST", f"{kiosk.url}touch", json={"kind": "down"})
    http.clear()
    assert (plain.status, elsewhere.status, broken.status) == (404, 403, 400)


def test_a_mistake_in_how_it_is_started_is_said(tmp_path: Path) -> None:
    def started(*options: str) -> str:
        arguments = ["--config", DEMO_CITY, "--hall", "JR-CITY", "--data", tmp_path, *options]
        ended = subprocess.run(
            [sys.executable, "-m", "kiosk", *map(str, arguments)], capture_output=True, text=True, check=False
        )
        assert ended.returncode
        return ended.stderr

    with ThreadPoolExecutor(2) as both:
        unknown = both.submit(started, "--kiosk", "K99")
        nowhere = both.submit(started, "--kiosk", "K1", "--printer", "usb:1")
        assert "has no kiosk 'K99'" in unknown.result()
        assert "'usb:1' names no device" in nowhere.result()


# --- all screens


def faults(hall: str, size: str) -> list[str]:
    stage = subprocess.run(
        [sys.executable, HERE / "kiosk_stage.py", DEMO_CITY, hall, size],
        capture_output=True,
        text=True,
        check=True,
        env=WITHOUT_DISPLAY,
    )
    report = json.loads(stage.stdout)
    assert report["screens"] > 100
    return list(report["faults"])


@pytest.mark.parametrize(("hall", "size"), [("JR-CITY", PORTRAIT), ("JR-CITY", LANDSCAPE), ("JR-TOWN-HY", PORTRAIT)])
def test_no_text_is_cut_off_or_covered_and_no_target_is_small_on_any_screen(hall: str, size: str) -> None:
    assert faults(hall, size) == []


def test_the_look_at_all_screens_would_find_what_does_not_fit() -> None:
    assert faults("JR-TOWN-HY", "1100x1000") != []
