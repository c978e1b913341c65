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

from display.announcer import Announcer, Clip, Pause, Policy, Spoken
from display.stage import Call
from display.voice import sound
from display.voice.__main__ import main
from display.voice.examine import faults
from display.voice.pack import NoPack, Pack, build
from display.voice.units import LANGUAGES, Unit, call_clips, speech
from display.voice.voices import ClipVoice, TextVoice
from kiosk.views import PROMPTS


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


def test_a_call_in_chinese_is_letter_first_digit_last_two_and_window():
    assert ids(ClipVoice(every_clip()), "A017", "3", "zh") == ["letter-A", "first-0", "last-17", "window-3", "ending"]


def test_a_call_in_english_is_said_digit_by_digit():
    spelled = ["letter-A", "first-0", "first-1", "last-7", "to-window"]
    assert ids(ClipVoice(every_clip()), "A017", "3", "en") == [*spelled, "number-3"]
    assert ids(ClipVoice(every_clip()), "A017", "20", "en") == [*spelled, "number-20"]
    assert ids(ClipVoice(every_clip()), "A017", "42", "en") == [*spelled, "tens-40", "number-2"]


def test_a_number_past_999_is_said_whole():
    assert ids(ClipVoice(every_clip()), "B1203", "12", "zh")[:4] == ["letter-B", "first-1", "first-2", "last-03"]


def test_one_is_read_plainly_where_the_hall_says_so():
    voice = ClipVoice(every_clip(), plain=True)
    assert ids(voice, "B120", "1", "zh") == ["letter-B", "first-1-plain", "last-20", "window-1", "ending"]
    assert ids(voice, "B011", "1", "en")[:4] == ["letter-B", "first-0", "first-1", "last-1"]


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
        ("A017", "东1", ["letter-A", "first-0", "last-17", "any-window"]),
        ("A017", "61", ["letter-A", "first-0", "last-17", "any-window"]),
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
    assert lines["calls/zh/last-17"] == "幺七号。"
    assert lines["calls/zh/last-17-plain"] == "一七号。"
    assert lines["calls/zh/window-12"] == "请到十二号窗口。"
    assert lines["calls/en/letter-A"] == "Ticket A."
    assert set(lines) == set(every_clip()) - {"chime"}


def test_the_command_asks_where_the_voice_is_to_come_from(tmp_path: Path):
    ran = CliRunner().invoke(main, ["build", "--pack", str(tmp_path)])
    assert ran.exit_code == 2
    assert "--voices or --recordings" in ran.output


# --- the prompts that ship


def test_every_prompt_a_kiosk_may_say_ships_in_both_languages() -> None:
    folder = Path(__file__).parent.parent / "voice" / "prompts"
    said = {*PROMPTS.values(), "priority"}
    for language in LANGUAGES:
        for prompt in said:
            sound = (folder / language / f"{prompt}.ogg").read_bytes()
            assert sound[:4] == b"OggS"
            assert 4_000 < len(sound) < 60_000
