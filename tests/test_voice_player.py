"""Announcements on a sound card: whole, one after the other, and a card that fails says so."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from display.announcer import Clip, Pause, Spoken
from display.voice import sound
from display.voice.pack import Pack
from display.voice.player import NOTHING, Health, Player

KEEP = "import shutil, sys; shutil.copy(sys.argv[2], sys.argv[1])"
STEPS = (Clip(id="a", lasts=500), Pause(lasts=300), Clip(id="b", lasts=500))


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    made = Pack.begun(tmp_path / "pack")
    time = np.arange(sound.RATE // 2, dtype=np.float32) / sound.RATE
    for name, pitch in (("a", 220), ("b", 330)):
        made.put(name, np.sin(2 * np.pi * pitch * time).astype(np.float32), name)
    return made


def test_clips_and_pauses_are_played_as_one_sound(pack: Pack, tmp_path: Path):
    kept = tmp_path / "kept.wav"
    assert Player(pack, (sys.executable, "-c", KEEP, str(kept))).play(STEPS)
    samples, rate = soundfile.read(kept)
    assert rate == sound.RATE
    expected = sum(pack.clips[name].lasts for name in "ab") + 300
    assert len(samples) / rate == pytest.approx(expected / 1000, abs=0.005)
    middle = len(samples) // 2
    assert np.max(np.abs(samples[middle - 1_000 : middle + 1_000])) == 0
    assert np.max(np.abs(samples)) > 0.1


@pytest.mark.parametrize(
    ("command", "health", "why"),
    [
        ((sys.executable, "-c", "import sys; sys.exit('no such card')"), Health.FAILING, "no such card"),
        ((sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"), Health.FAILING, "ended with -9"),
        (("no-such-player",), Health.MISSING, "no-such-player"),
    ],
)
def test_what_cannot_play_says_so_in_its_own_words(pack: Pack, command: tuple[str, ...], health: Health, why: str):
    player = Player(pack, command)
    assert player.health is Health.UNKNOWN
    assert not player.play(NOTHING)
    assert player.health is health
    assert why in player.detail


def test_a_card_that_hangs_does_not_hold_the_voice_for_ever(pack: Pack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("display.voice.player.SLACK", 0.2)
    player = Player(pack, ("tail", "-f", "/dev/null"))
    assert not player.play(NOTHING)
    assert "does not end" in player.detail


def test_a_pack_that_has_lost_a_clip_is_missing_something(pack: Pack):
    pack.path("a").unlink()
    player = Player(pack, ("true",))
    assert not player.play(STEPS)
    assert player.health is Health.MISSING
    assert player.play(STEPS[1:]), "and is well again with what it has"
    assert (player.health, player.detail) == (Health.READY, "")


def test_text_is_not_for_a_sound_card(pack: Pack):
    with pytest.raises(ValueError, match="speech board"):
        Player(pack).joined([Spoken(text="请A零幺七号", lasts=3_000)])


def test_nothing_to_say_is_silence(pack: Pack):
    assert len(Player(pack).joined([])) == 0
