"""The clip pack: which clips a call takes, how they are made alike, and what a half-made pack is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import voice as bench
from display.announcer import Announcer, Clip, Pause, Policy, Spoken
from display.stage import Call
from display.voice import sound
from display.voice.__main__ import main
from display.voice.examine import faults
from display.voice.pack import NoPack, Pack, build
from display.voice.player import Player
from display.voice.units import LANGUAGES, Unit, call_clips, speech
from display.voice.voices import ClipVoice, TextVoice
from kiosk.views import PROMPTS
from queue_server.config import load


def tone(seconds: float, *, loud: float = 0.3, silent: float = 0.4, rate: int = sound.RATE) -> sound.Samples:
    """A voice-like sound with silence at both ends."""
    time = np.arange(round(seconds * rate)) / rate
    heard = loud * np.sin(2 * np.pi * 220 * time) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time))
    ends = np.zeros(round(silent * rate))
    return np.concatenate([ends, heard, ends]).astype(np.float32)


def every_clip() -> dict[str, int]:
    return {unit.id: 500 for language in LANGUAGES for unit in speech(language).units} | {"chime": 900}


def ids(voice: ClipVoice, label: str, window: str, language: str) -> list[str]:
    prefix = f"calls/{language}/"
    return [step.id.removeprefix(prefix) for step in voice.call(label, window, language) if isinstance(step, Clip)]


# --- which clips


def test_a_call_in_chinese_is_letter_whole_number_and_window():
    assert ids(ClipVoice(every_clip()), "A017", "3", "zh") == ["letter-A", "last-017", "window-3", "ending"]


def test_a_call_in_english_is_said_digit_by_digit():
    spelled = ["letter-A", "first-0", "first-1", "last-7", "to-window"]
    assert ids(ClipVoice(every_clip()), "A017", "3", "en") == [*spelled, "number-3"]
    assert ids(ClipVoice(every_clip()), "A017", "20", "en") == [*spelled, "number-20"]
    assert ids(ClipVoice(every_clip()), "A017", "42", "en") == [*spelled, "tens-40", "number-2"]


def test_a_number_past_999_is_said_whole():
    assert ids(ClipVoice(every_clip()), "B1203", "12", "zh")[:3] == ["letter-B", "first-1", "last-203"]


def test_one_is_read_plainly_where_the_hall_says_so():
    voice = ClipVoice(every_clip(), plain=True)
    assert ids(voice, "B120", "1", "zh") == ["letter-B", "last-120-plain", "window-1", "ending"]
    assert ids(voice, "B1203", "1", "zh")[:3] == ["letter-B", "first-1-plain", "last-203"]
    assert ids(voice, "B011", "1", "en")[:4] == ["letter-B", "first-0", "first-1", "last-1"]


@pytest.mark.parametrize("plain", [False, True])
def test_a_pack_with_one_reading_of_one_is_spoken_in_that_one(plain: bool):
    plainly = {clip: ms for clip, ms in every_clip().items() if f"{clip}-plain" not in every_clip()}
    assert ids(ClipVoice(plainly, plain=plain), "B120", "1", "zh")[1] == "last-120-plain"
    other = {clip: ms for clip, ms in every_clip().items() if not clip.endswith("-plain")}
    assert ids(ClipVoice(other, plain=plain), "B120", "1", "zh")[1] == "last-120"


@given(
    label=st.from_regex(r"[A-Z][0-9]{3,4}", fullmatch=True),
    window=st.integers(1, 60).map(str),
    language=st.sampled_from(LANGUAGES),
    plain=st.booleans(),
)
def test_every_label_and_every_window_up_to_sixty_has_its_clips(label: str, window: str, language: str, plain: bool):
    clips = call_clips(label, window, language, plain=plain)
    assert {*clips.ticket, *clips.window} <= {unit.id for unit in speech(language).units}


@pytest.mark.parametrize(
    ("label", "window", "said"),
    [
        ("VIP-7", "3", ["any-ticket", "window-3", "ending"]),
        ("A017", "东1", ["letter-A", "last-017", "any-window"]),
        ("A017", "61", ["letter-A", "last-017", "any-window"]),
        ("", "", ["any-ticket", "any-window"]),
    ],
)
def test_what_has_no_clip_of_its_own_points_to_the_screen(label: str, window: str, said: list[str]):
    assert ids(ClipVoice(every_clip()), label, window, "zh") == said


def test_a_speech_board_gets_the_number_in_words():
    def text(label: str, language: str, *, plain: bool = False) -> list[str]:
        steps = TextVoice(plain=plain).call(label, "12", language)
        return [step.text for step in steps if isinstance(step, Spoken)]

    assert text("A017", "zh") == ["请A零幺七号，到12号窗口办理业务"]
    assert text("A017", "zh", plain=True) == ["请A零一七号，到12号窗口办理业务"]
    assert text("B1203", "en") == ["Ticket B one two zero three, please go to window 12"]


def test_an_empty_pack_is_silent_and_breaks_nothing():
    announcer = Announcer(Policy(), ClipVoice({}))
    announcer.hear(Call(ticket="t", label="A017", window="3", at=0))
    announcement = announcer.speak(0)
    assert announcement is not None
    assert all(isinstance(step, Pause) for step in announcement.steps)


def test_both_languages_have_the_same_prompts():
    zh, en = (
        {unit.id.rpartition("/")[2] for unit in speech(language).units if unit.id.startswith("prompts/")}
        for language in LANGUAGES
    )
    assert zh == en
    assert zh >= {"welcome", "choose", "card", "card-again", "ticket", "no-paper", "ask", "time-out", "thanks"}


# --- how they sound


@settings(deadline=None, max_examples=40)
@given(loud=st.floats(0.005, 1.0), silent=st.floats(0, 0.8), seconds=st.floats(0.2, 1.5), offset=st.floats(-0.05, 0.05))
def test_every_clip_is_as_loud_as_the_next_unclipped_and_without_long_silence(
    loud: float, silent: float, seconds: float, offset: float
):
    made = sound.finished(tone(seconds, loud=loud, silent=silent) + np.float32(offset * loud))
    assert abs(20 * np.log10(sound.loudness(made) / sound.LOUDNESS)) < 1
    assert np.max(np.abs(made)) <= sound.PEAK
    first, last = sound.heard(made)
    assert first <= 0.06 * sound.RATE
    assert len(made) - 1 - last <= 0.06 * sound.RATE
    assert abs(made[0]) < 1e-3
    assert abs(made[-1]) < 1e-3


def test_words_spoken_in_one_breath_are_cut_apart_at_their_pauses():
    words = [tone(seconds, silent=0.08) for seconds in (0.4, 0.7, 0.5)]
    pieces = sound.cut_apart(np.concatenate(words), 3)
    assert pieces is not None
    assert [round(len(piece) / sound.RATE, 1) for piece in pieces] == [
        round(len(word) / sound.RATE, 1) for word in words
    ]


def spoken(pitch: int, seconds: float, loud: float) -> sound.Samples:
    return (loud * np.sin(2 * np.pi * pitch * np.arange(round(seconds * sound.RATE)) / sound.RATE)).astype(np.float32)


def strength(samples: sound.Samples, pitch: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) * 4 / len(samples)
    return float(spectrum[round(pitch * len(samples) / sound.RATE)])


def test_an_s_loses_what_the_model_said_before_it_and_the_breath_below_it():
    hiss = spoken(6_000, 0.2, 0.05) + spoken(400, 0.2, 0.02)
    said = np.concatenate([spoken(400, 0.06, 0.2), hiss, spoken(400, 0.4, 0.3)])
    made = sound.crisp(said)
    assert (len(said) - len(made)) / sound.RATE == pytest.approx(0.06, abs=0.02)
    start, rest = made[480:4_080], made[-9_000:]
    assert strength(start, 6_000) == pytest.approx(0.05, rel=0.1)
    assert strength(start, 400) < 0.002
    assert strength(rest, 400) == pytest.approx(0.3, rel=0.1)
    assert np.array_equal(sound.crisp(spoken(400, 0.4, 0.3)), spoken(400, 0.4, 0.3))


def test_a_voice_loses_the_breath_before_it():
    said = np.concatenate([spoken(6_000, 0.08, 0.02), spoken(300, 0.4, 0.3)])
    assert len(sound.voiced(said)) / sound.RATE == pytest.approx(0.4, abs=0.02)


@pytest.mark.parametrize("count", [2, 4])
def test_words_are_not_cut_where_it_is_not_plain_which_pause_is_meant(count: int):
    words = [tone(0.4, silent=0.08) for _ in range(3)]
    assert sound.cut_apart(np.concatenate(words), count) is None


def test_silence_is_no_clip():
    with pytest.raises(sound.Unheard, match="nothing to hear"):
        sound.finished(np.zeros(sound.RATE, np.float32))


def test_a_recording_at_another_rate_keeps_its_pitch(tmp_path: Path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([tone(1, rate=44_100)] * 2, axis=1), 44_100)
    samples = sound.recorded(path)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * sound.RATE / len(samples) == pytest.approx(220, abs=1)


# --- making a pack


def units(*names: str) -> list[Unit]:
    return [Unit(id=f"calls/zh/{name}", reads=name, says=name) for name in names]


def test_a_build_that_was_stopped_goes_on_where_it_was(tmp_path: Path):
    made: list[str] = []

    def make(some: Sequence[Unit]) -> Iterator[sound.Samples]:
        for unit in some:
            if unit.says == "c" and "c" not in made:
                made.append("c")
                raise KeyboardInterrupt
            made.append(unit.says)
            yield tone(0.5)

    wanted = units("a", "b", "c", "d")
    with pytest.raises(KeyboardInterrupt):
        list(build(Pack.begun(tmp_path), wanted, lambda unit: unit.says, make))
    assert sorted(Pack.read(tmp_path).clips) == ["calls/zh/a", "calls/zh/b"]
    assert all(there for _, there in build(Pack.begun(tmp_path), wanted, lambda unit: unit.says, make))
    assert made == ["a", "b", "c", "c", "d"]


def test_a_clip_is_made_again_when_its_words_change_or_its_file_is_gone(tmp_path: Path):
    made: list[str] = []

    def make(some: Sequence[Unit]) -> list[sound.Samples]:
        made.extend(unit.id for unit in some)
        return [tone(0.5) for _ in some]

    def all_made(words: str) -> list[str]:
        made.clear()
        list(build(Pack.begun(tmp_path), units("a", "b"), lambda unit: f"{words} {unit.says}", make))
        return made

    all_made("one")
    assert all_made("one") == []
    Pack.read(tmp_path).path("calls/zh/b").unlink()
    assert all_made("one") == ["calls/zh/b"]
    assert all_made("two") == ["calls/zh/a", "calls/zh/b"]


def test_the_index_says_how_long_each_clip_lasts(tmp_path: Path):
    list(build(Pack.begun(tmp_path), units("a"), lambda unit: unit.says, lambda _: [tone(0.5, silent=0.3)]))
    pack = Pack.read(tmp_path)
    assert pack.clips["calls/zh/a"].lasts == pytest.approx(570, abs=15)
    assert list(faults(pack, ())) == ["chime: missing"]


def test_a_folder_that_is_no_pack_is_refused_with_its_name(tmp_path: Path):
    with pytest.raises(NoPack, match=tmp_path.name):
        Pack.read(tmp_path)
    (tmp_path / "index.json").write_text(json.dumps({"format": 99, "clips": {}}))
    with pytest.raises(NoPack, match="format 99"):
        Pack.read(tmp_path)


def test_a_clip_that_is_too_quiet_cut_or_gone_is_found(tmp_path: Path):
    pack = Pack.begun(tmp_path)
    for name in ("well", "quiet", "slow"):
        pack.put(f"calls/zh/{name}", tone(0.5), name)
    sound.written(tone(0.5, loud=0.02, silent=0.03), pack.path("calls/zh/quiet"))
    sound.written(np.pad(sound.finished(tone(0.5)), (4_800, 0)), pack.path("calls/zh/slow"))
    found = [fault for fault in faults(Pack.read(tmp_path), ()) if not fault.startswith("chime")]
    assert any(fault.startswith("calls/zh/quiet: -") and fault.endswith("from the rest") for fault in found)
    assert "calls/zh/slow: not as long as the index says" in found
    assert any(fault.startswith("calls/zh/slow: 2") and "silence at its start" in fault for fault in found)
    assert not any("well" in fault for fault in found)


# --- the command


def test_a_hall_makes_a_pack_from_its_own_recordings(tmp_path: Path):
    recordings, pack = tmp_path / "recordings", tmp_path / "pack"
    (recordings / "calls/zh").mkdir(parents=True)
    soundfile.write(recordings / "calls/zh/letter-A.wav", tone(0.5, rate=48_000), 48_000)
    soundfile.write(recordings / "calls/zh/letter-B.flac", tone(0.6), sound.RATE)
    asked = ["build", "--pack", str(pack), "--recordings", str(recordings), "--language", "zh"]
    ran = CliRunner().invoke(main, asked)
    assert ran.exit_code == 0, ran.output
    assert sorted(Pack.read(pack).clips) == ["calls/zh/letter-A", "calls/zh/letter-B", "chime"]
    assert "missing calls/zh/letter-C\n" in ran.output
    checked = CliRunner().invoke(main, ["check", "--pack", str(pack), "--language", "zh"])
    assert checked.exit_code == 1
    assert "calls/zh/letter-C: missing" in checked.output
    assert "calls/zh/letter-A" not in checked.output


def test_a_speaker_gets_a_script_with_the_id_and_the_words_of_every_clip():
    ran = CliRunner().invoke(main, ["list"])
    lines = dict(line.split("\t") for line in ran.output.splitlines())
    assert lines["calls/zh/last-017"] == "零幺七号。"
    assert lines["calls/zh/last-017-plain"] == "零一七号。"
    assert lines["calls/zh/letter-A"] == "字母A，"
    assert lines["calls/en/first-6"] == "six."
    assert lines["calls/zh/window-12"] == "请到十二号窗口。"
    assert lines["calls/en/letter-A"] == "Ticket A."
    assert set(lines) == set(every_clip()) - {"chime"}


def test_the_command_asks_where_the_voice_is_to_come_from(tmp_path: Path):
    ran = CliRunner().invoke(main, ["build", "--pack", str(tmp_path)])
    assert ran.exit_code == 2
    assert "--voices or --recordings" in ran.output


# --- the pack that ships


SHIPPED = Path(__file__).parent.parent / "voice"


@pytest.fixture(scope="module")
def shipped() -> Pack:
    return Pack.read(SHIPPED)


def test_the_pack_that_ships_has_every_clip_even_and_as_long_as_its_index_says(shipped: Pack):
    assert list(faults(shipped, LANGUAGES)) == []
    files = {path.relative_to(SHIPPED).with_suffix("").as_posix() for path in SHIPPED.rglob("*.ogg")}
    assert files == set(shipped.clips)
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*")) < 25_000_000


def test_every_call_the_demo_city_can_make_is_said_whole(shipped: Pack):
    city = load(Path(__file__).parent.parent / "config" / "jurong.yaml")
    voice = ClipVoice({clip: made.lasts for clip, made in shipped.clips.items()})
    letters = {queue.letter for hall in city.halls for queue in hall.queues}
    windows = {window.code for hall in city.halls for window in hall.windows}
    assert letters
    for language in LANGUAGES:
        for letter in letters:
            for number in range(1, 1000):
                assert "any-ticket" not in ids(voice, f"{letter}{number:03d}", "1", language)
        for window in windows:
            assert "any-window" not in ids(voice, "A001", window, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_joined_announcement_neither_clicks_nor_clips(shipped: Pack, language: str):
    voice = ClipVoice({clip: made.lasts for clip, made in shipped.clips.items()})
    for label, window in (("A001", "1"), ("H666", "16"), ("L730", "60")):
        steps = [*voice.chime(), *voice.call(label, window, language)]
        joined = Player(shipped).joined(steps)
        assert np.max(np.abs(joined)) < 0.98
        ends = np.cumsum([step.lasts for step in steps]) * sound.RATE // 1000
        for end in ends[:-1]:
            around = joined[max(0, end - 48) : end + 48]
            assert np.max(np.abs(np.diff(around))) < 0.02, f"a click {end / sound.RATE:.2f} s into {label}"


def test_every_prompt_a_kiosk_may_say_ships_in_both_languages(shipped: Pack) -> None:
    said = {*PROMPTS.values(), "priority"}
    assert {f"prompts/{language}/{prompt}" for language in LANGUAGES for prompt in said} <= set(shipped.clips)


# --- the judge of the bench that listens


@pytest.mark.parametrize(
    ("heard", "letter", "digits", "window"),
    [
        ("字母A-057號 請到3號窗口辦理業務", "A", "057", "3"),
        ("四木摘 零期五號,請到十二號窗口", "", "075", "12"),
        ("字母西971号 请到21号窗口", "C", "971", "21"),
        ("四母帝841號 行到3號窗口", "D", "841", "3"),
        ("斯穆K1332號 請到3號窗口", "", "332", "3"),
        ("字母B57號 請到3號窗口", "B", "57", "3"),
        ("謝謝大家", "", "", ""),
    ],
)
def test_the_judge_hears_what_is_written_or_sounds_so_in_chinese(heard: str, letter: str, digits: str, window: str):
    told = bench.chinese(heard)
    assert (told.digits, told.window) == (digits, window)
    assert bench.nearest(told.letter, "zh") == letter or not letter


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_judge_fails_a_wrong_letter_digit_or_window(language: str):
    text = {"zh": "字母B，零五七号，请到三号窗口办理业务", "en": "Ticket B057, please go to window 3."}[language]

    def judged(letter: str, digits: str, window: str) -> list[str]:
        return bench.judged(bench.Said(letter=letter, digits=digits, window=window), text, language)

    assert "understood" in judged("B", "057", "3")
    for wrong in (("D", "057", "3"), ("P", "057", "3"), ("B", "051", "3"), ("B", "507", "3"), ("B", "057", "13")):
        assert "understood" not in judged(*wrong)
