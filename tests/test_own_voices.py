"""A zone's own voice, on a sound card or a speech board: a real display, a real program that plays, a real serial line.

The sound card is a program called `aplay` on the PATH. It takes as long as what it plays, keeps it, and writes down
when it began and when it ended. With a file `fault` it says what is in there and fails; with one `hold` it waits.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import gevent
import numpy as np
import pytest
import soundfile
from browser import Display
from doctor_ward import ask
from hall_stories import HALL as STORY_HALL
from hall_stories import text
from servers import CITY, HALL, Client, Server, until

from devices.simulation import PtyEnd, Running
from devices.speech_board.simulator import SimulatedSpeechBoard
from display.announcer import Announcement, Clip, Step, Voice
from display.mouths import CardSpeaker
from display.speaker import OwnSpeaker, Speakers
from display.stage import Call
from display.voice import sound
from display.voice.pack import Pack
from display.voice.units import call_text
from display.watch import WHOLE, Watch
from queue_server.domain.configuration import Zone, ZoneVoice

APLAY = f"""#!{sys.executable}
import os, pathlib, sys, time, wave
folder = pathlib.Path(os.environ["HEARD"])
if (folder / "fault").exists():
    sys.exit((folder / "fault").read_text())
with wave.open(sys.argv[-1]) as played:
    seconds = played.getnframes() / played.getframerate()
began = time.time()
with open(folder / "playing", "a") as log:
    print(os.getpid(), file=log)
while (folder / "hold").exists():
    time.sleep(0.01)
time.sleep(seconds)
(folder / f"{{began:.3f}}.wav").write_bytes(pathlib.Path(sys.argv[-1]).read_bytes())
with open(folder / "log", "a") as log:
    print(began, time.time(), seconds, file=log)
"""
ZONES = """
    zones:
      - {code: east, name: {zh: 东区}, windows: ["1", "2"], voice: {languages: [zh, en], readings: 1}}
      - {code: west, name: {zh: 西区}, windows: ["3", "4"], silent: true}
      - {code: north, name: {zh: 北区}, windows: ["5", "6"], SILENT voice: {languages: [zh], readings: 1}}
"""
CLIPS = ("chime", "calls/zh/any-ticket", "calls/zh/any-window")
"""A bare pack: every call is said with these."""
ORDERED_PAUSES = 0.25 + 0.25
"""Seconds after the chime and after the ticket."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What came out of the sound card."""

    folder: Path

    @property
    def times(self) -> list[tuple[float, float, float]]:
        """When each sound longer than the first try began and ended, and how long it is."""
        path = self.folder / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        times = [tuple(map(float, line.split())) for line in lines]
        return [(began, ended, lasts) for began, ended, lasts in times if lasts > 0.2]

    @property
    def last(self) -> np.ndarray:
        path = max(path for path in self.folder.glob("*.wav"))
        samples, rate = soundfile.read(path)
        assert rate == sound.RATE
        return samples

    @property
    def fault(self) -> Path:
        return self.folder / "fault"

    @property
    def hold(self) -> Path:
        return self.folder / "hold"

    @property
    def playing(self) -> list[int]:
        """The processes that have begun to play, in that order."""
        path = self.folder / "playing"
        return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hall")


@pytest.fixture(scope="module")
def heard(folder: Path) -> Iterator[Heard]:
    programs = folder / "bin"
    programs.mkdir()
    (programs / "aplay").write_text(APLAY)
    (programs / "aplay").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        patch.setenv("HEARD", str(programs))
        yield Heard(folder=programs)


@pytest.fixture(scope="module")
def city(folder: Path) -> Path:
    path = folder / "zones.yaml"
    path.write_text(
        CITY
        + ZONES.replace("SILENT ", "")
        + f"""
    speech_boards:
      - {{url: "serial:{folder}/east", chip: xfs5152, zone: east}}
      - {{url: "serial:{folder}/west", chip: syn6288, zone: west}}
""",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def pack(folder: Path) -> Pack:
    pack = Pack.begun(folder / "voice")
    time = np.arange(sound.RATE // 5) / sound.RATE
    for number, clip in enumerate(CLIPS):
        pack.put(clip, (0.3 * np.sin(2 * np.pi * (220 + 110 * number) * time)).astype(np.float32), "tone")
    return pack


@pytest.fixture(scope="module")
def server(folder: Path, city: Path) -> Iterator[Server]:
    (folder / "server").mkdir()
    with Server(folder / "server", config=city) as server:
        for window in "123456":
            server.client().do(window, "open")
        yield server


@pytest.fixture(scope="module")
def east(folder: Path) -> Iterator[SimulatedSpeechBoard]:
    board = SimulatedSpeechBoard(checksum=False, speed=40.0)
    with Running(board, PtyEnd(folder / "east")):
        yield board


@pytest.fixture(scope="module")
def west(folder: Path) -> Iterator[SimulatedSpeechBoard]:
    board = SimulatedSpeechBoard(checksum=True)
    with Running(board, PtyEnd(folder / "west")):
        yield board


@pytest.fixture(scope="module")
def display(
    server: Server, city: Path, pack: Pack, folder: Path, heard: Heard, east: object, west: object
) -> Iterator[Display]:
    options = ("--config", str(city), "--data", str(folder / "display"), "--voice", str(pack.folder))
    with Display(server.url, *options, "--speaker", "north") as display:
        until(lambda: told(display, "north/speaker")["health"] == "ready")
        yield display


@pytest.fixture
def hall(server: Server, display: Display) -> Client:
    return server.client()


def call(hall: Client, window: str) -> str:
    hall.do(window, "no-show")
    hall.issue("A")
    return str(hall.do(window, "call-next").json["ticket"]["label"])


def told(display: Display, name: str) -> dict[str, str]:
    """How a voice of its own is, as the display's own page says."""
    return dict(asked(f"{display.url}/healthz")["speakers"][name])


def asked(url: str) -> Any:
    """What a page of JSON says; that of health says it with 503 until the hall is heard."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            if error.code != 503:
                raise
            return json.load(error)


def health(hall: Client) -> dict[str, str]:
    """Of each device, as the hall knows it."""
    return {one["device"]: one["health"] for one in hall.get("//healthz").json["halls"][HALL]["devices"]}


def as_read(label: str, window: str) -> list[str]:
    """A call as a speech board is to read it, in Chinese and in English."""
    return [call_text(label, window, language) for language in ("zh", "en")]


# --- the sound card


def test_a_call_is_played_as_one_sound_with_no_gaps_but_the_ordered_pauses(
    hall: Client, heard: Heard, pack: Pack
) -> None:
    before = len(heard.times)
    call(hall, "5")
    until(lambda: len(heard.times) > before)
    samples = heard.last
    expected = sum(pack.clips[clip].lasts for clip in CLIPS) / 1000 + ORDERED_PAUSES
    assert len(samples) / sound.RATE == pytest.approx(expected, abs=0.01)
    silent = np.flatnonzero(np.diff(np.concatenate(([1], np.abs(samples) > 0, [1]))))
    longest = max(np.diff(silent)[::2], default=0) / sound.RATE
    assert longest < 0.25 + 0.1, "a clip's own soft ends, and the pause between two"


def test_two_calls_are_played_one_after_the_other_and_none_is_cut(hall: Client, heard: Heard) -> None:
    begun, before = len(heard.playing), len(heard.times)
    call(hall, "5")
    until(lambda: len(heard.playing) > begun)
    call(hall, "6")
    call(hall, "5")
    until(lambda: len(heard.times) > before + 1)
    for began, ended, lasts in heard.times:
        assert ended - began >= lasts - 0.01
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(heard.times))


def test_a_card_that_fails_is_told_in_its_own_words_and_speaks_again_when_it_can(
    hall: Client, display: Display, heard: Heard
) -> None:
    until(lambda: health(hall).get("north/speaker") == "ready")
    heard.fault.write_text("aplay: main: audio open error: No such device")
    call(hall, "5")
    until(lambda: health(hall)["north/speaker"] == "failing")
    assert "No such device" in told(display, "north/speaker")["detail"]
    heard.fault.unlink()
    before = len(heard.times)
    call(hall, "6")
    until(lambda: len(heard.times) > before)
    until(lambda: health(hall)["north/speaker"] == "ready")
    assert told(display, "north/speaker") == {"health": "ready", "detail": ""}


def test_what_died_while_it_played_is_played_anew(hall: Client, heard: Heard) -> None:
    begun, whole = len(heard.playing), len(heard.times)
    heard.hold.touch()
    call(hall, "5")
    until(lambda: len(heard.playing) > begun)
    os.kill(heard.playing[begun], signal.SIGKILL)
    heard.hold.unlink()
    until(lambda: len(heard.times) > whole)
    assert len(heard.playing) == begun + 2


def test_without_a_program_that_plays_it_says_so_and_goes_on(
    server: Server, pack: Pack, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(folder))
    with Display(server.url, "--voice", str(pack.folder), "--speaker") as display:
        until(lambda: told(display, "hall/speaker")["health"] == "missing")
        assert "aplay" in told(display, "hall/speaker")["detail"]
        until(lambda: asked(f"{display.url}/healthz")["status"] == "ok")
        assert display.stop() == 0


def test_a_speaker_without_clips_is_told_what_it_lacks() -> None:
    found = ask(["queue_server.cli", "display", "--hall", HALL, "--speaker"])
    assert "--speaker needs the clips to speak with: --voice FOLDER" in found.errors
    assert found.code == 1


# --- the speech board


def test_a_speech_board_reads_each_call_of_its_zone_in_both_languages_one_text_at_a_time(
    hall: Client, east: SimulatedSpeechBoard
) -> None:
    until(lambda: health(hall).get("east/speech_board") == "ready")
    east.said.clear()
    first = call(hall, "1")
    until(lambda: east.said == as_read(first, "1"))
    second, third = call(hall, "2"), call(hall, "1")
    joined = [as_read(second, "2"), as_read(third, "1")]
    until(lambda: len(east.said) >= 6)
    said = east.said[2:]
    assert sorted(said) == sorted([*joined[0], *joined[1]])
    assert said.index(as_read(second, "2")[0]) < said.index(as_read(third, "1")[0])
    assert east.cut == 0


def test_nothing_is_said_in_a_silent_zone_by_board_or_page_and_its_calls_are_shown(
    hall: Client, display: Display, east: SimulatedSpeechBoard, west: SimulatedSpeechBoard
) -> None:
    label = call(hall, "3")
    east.said.clear()
    later = call(hall, "1")
    until(lambda: east.said == as_read(later, "1"))
    assert west.said == []
    with urllib.request.urlopen(f"{display.url}/board/west", timeout=20) as board:
        page = board.read().decode()
    assert f'data-label="{label}"' in page
    assert "静音叫号" in page
    until(lambda: health(hall).get("west/speech_board") == "ready")


@pytest.mark.parametrize("zone", ["east", "west", "north"])
def test_no_page_speaks_where_it_is_silent_or_something_else_speaks(display: Display, hall: Client, zone: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        asked(f"{display.url}/voice/{zone}")
    with urllib.request.urlopen(f"{display.url}/board/{zone}?voice=1", timeout=20) as board:
        assert 'id="voice"' not in board.read().decode()


def test_a_zone_that_falls_silent_is_said_nothing_from_then_on(
    server: Server, hall: Client, display: Display, heard: Heard, city: Path, east: SimulatedSpeechBoard
) -> None:
    server.stop()
    told_before = city.read_text(encoding="utf-8")
    city.write_text(told_before.replace('["5", "6"], ', '["5", "6"], silent: true, '), encoding="utf-8")
    assert city.read_text(encoding="utf-8") != told_before
    server.start()
    client = server.client()

    def is_silent() -> bool:
        with urllib.request.urlopen(f"{display.url}/board/north", timeout=20) as board:
            return 'data-silent="true"' in board.read().decode()

    until(is_silent)
    before = len(heard.playing)
    call(client, "5")
    east.said.clear()
    later = call(client, "1")
    until(lambda: as_read(later, "1")[0] in east.said)
    assert len(heard.playing) == before


# --- who speaks where


class Mouth(OwnSpeaker):
    """A voice of its own for which saying is remembering."""

    health, detail = "ready", ""

    def __init__(self, watch: Watch, zone: str) -> None:
        self.said: list[str] = []
        super().__init__(watch, zone, "mouth")

    def _voice(self, set_up: ZoneVoice) -> Voice:
        return self

    def chime(self) -> tuple[Step, ...]:
        return ()

    def call(self, label: str, window: str, language: str) -> tuple[Step, ...]:
        return (Clip(id=f"{label} {window}", lasts=10),)

    def _say(self, announcement: Announcement) -> None:
        self.said += [call.label for call in announcement.calls]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Of a hall with windows 1 (east), 2 and 3 (west, silent), 3 also in north."""
    watch = Watch("http://127.0.0.1:1", "H1")
    zones = (
        Zone(code="east", name=text("东"), windows=("1",)),
        Zone(code="west", name=text("西"), windows=("2", "3"), silent=True),
        Zone(code="north", name=text("北"), windows=("3",)),
    )
    configure(watch, zones)
    yield watch
    watch.stop()


def configure(watch: Watch, zones: tuple[Zone, ...]) -> None:
    watch.replica.hall.configuration = replace(STORY_HALL, zones=zones)
    watch._changed()


def calls(watch: Watch, zone: str, *windows: str) -> None:
    made = [Call(ticket=f"t{window}", label=f"A00{window}", window=window, at=watch.now()) for window in windows]
    for listener in watch.on_calls:
        listener(zone, watch.zone(zone), made)
    gevent.sleep(0.01)


def test_the_voice_of_the_whole_hall_leaves_out_windows_that_are_in_silent_zones_only(watch: Watch) -> None:
    speakers = Speakers(watch, None)
    speakers.add(whole := Mouth(watch, WHOLE))
    calls(watch, WHOLE, "2")
    assert whole.said == []
    calls(watch, WHOLE, "3")
    assert whole.said == ["A003"]
    speakers.stop()


def test_what_waits_to_be_said_is_not_said_in_a_zone_that_has_become_silent(watch: Watch) -> None:
    speakers = Speakers(watch, None)
    speakers.add(east := Mouth(watch, "east"))
    calls(watch, "east", "1")
    assert east.said == ["A001"]
    calls(watch, "east", "1")  # waits for the pause after the first
    configure(watch, tuple(Zone(code="east", name=text("东"), windows=("1",), silent=True) for _ in "1"))
    calls(watch, "east", "1")
    configure(watch, (Zone(code="east", name=text("东"), windows=("1",)),))
    gevent.sleep(0.05)
    assert east.said == ["A001"], "nor later, when it speaks again"
    calls(watch, "east", "1")
    assert east.said == ["A001", "A001"]
    speakers.stop()


def test_a_speaker_for_a_zone_there_is_not_says_so(watch: Watch, pack: Pack) -> None:
    card = CardSpeaker(watch, "south", pack)
    assert (card.health, card.detail) == ("failing", "there is no zone 'south'")
    card.stop()


def test_two_own_voices_in_one_zone_are_a_mistake(watch: Watch) -> None:
    speakers = Speakers(watch, None)
    speakers.add(Mouth(watch, "east"))
    with pytest.raises(ValueError, match="east/mouth speaks there already"):
        speakers.add(Mouth(watch, "east"))
    speakers.stop()


def test_a_mistake_in_one_announcement_does_not_make_a_zone_mute(
    watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    class Clumsy(Mouth):
        def _say(self, announcement: Announcement) -> None:
            super()._say(announcement)
            if len(self.said) == 1:
                raise RuntimeError("stumbled")
            self._over()

    speakers = Speakers(watch, None)
    speakers.add(east := Clumsy(watch, "east"))
    calls(watch, "east", "1")
    calls(watch, "east", "1")
    until(lambda: gevent.sleep(0.01) or len(east.said) == 2)
    assert "stumbled" in caplog.text
    speakers.stop()
