"""Nothing of a card stays or leaves: not in logs, exceptions, reprs, the driver's state, or the process's memory."""

from __future__ import annotations

import gc
import logging
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

import pytest
from id_card_virtual import DAY_KEY, Stage, VirtualWire

from devices.id_card.driver import Look
from devices.id_card.protocol import ReplyParser
from devices.id_card.records import CardRecord, parse_record
from devices.id_card.seen import CardSeen
from devices.id_card.simulator import CARDS, Faults, SimulatedReader
from devices.simulation import PtyEnd, Running, TcpEnd

SECRETS = {
    "resident": ("321199196001010017", "测试甲", "句容市测试路"),
    "j": ("321199199002020026", "测试乙", "句容市测试路", "T00000001"),
    "i": ("XXX000080010101", "测试丙", "ALPHA BETA"),
    "y": ("900999195003030018", "测试丁", "GAMMA DELTA"),
    "long-term": ("321199194001010034", "欧阳测试"),
    "expired": ("321199196001010041", "测试戊"),
    "not-yet": ("32119919600101005X", "测试己"),
    "rare": ("321199197505050068", "𠮷测"),
    "long-name": ("321199197007070074", "买买提"),
    "wrong": (),
    "unknown-kind": ("321199196001010084", "测试甲"),
    "bad-number": ("321199196001010018", "测试甲"),
}


def patterns(secrets: tuple[str, ...]) -> list[bytes]:
    return [secret.encode(coding) for secret in secrets for coding in ("utf-8", "utf-16-le", "gb18030")]


@pytest.mark.parametrize("card", CARDS)
def test_the_secrets_looked_for_are_those_of_the_cards(card: str) -> None:
    text = CARDS[card].record.decode("utf-16-le")
    assert all(secret in text for secret in SECRETS[card])
    assert len(SECRETS[card]) >= 2 or card == "wrong"


# --- everything the driver can reach -------------------------------------------------------------------------------

DEAD_ENDS = (ModuleType, FunctionType, BuiltinFunctionType, MethodType, type, VirtualWire)


def everything_in(*roots: object) -> Iterator[object]:
    """All objects reachable from these, through attributes, containers, exceptions, their frames and locals."""
    todo, known = list(roots), set()
    while todo:
        thing = todo.pop()
        if id(thing) in known or isinstance(thing, DEAD_ENDS):
            continue
        known.add(id(thing))
        yield thing
        todo += gc.get_referents(thing)
        if isinstance(thing, BaseException) and thing.__traceback__ is not None:
            todo += [dict(frame.f_locals) for frame, _ in traceback.walk_tb(thing.__traceback__)]


def held_by(*roots: object) -> bytes:
    """Every string and buffer reachable from these, as bytes, with the reprs of everything."""
    found = []
    for thing in everything_in(*roots):
        if isinstance(thing, str):
            found.append(thing.encode("utf-8", "surrogatepass"))
        elif isinstance(thing, bytes | bytearray | memoryview):
            found.append(bytes(thing))
        else:
            found.append(repr(thing).encode("utf-8", "surrogatepass"))
    return b"\n".join(found)


def test_the_search_finds_what_an_exception_keeps_alive() -> None:
    def fail(number: str) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone") as caught:
        fail("321199196001010017")
    assert b"321199196001010017" in held_by({"kept": [caught.value]})


def cut_while_reading(stage: Stage) -> None:
    stage.wire.cut_after = 14 + 256


def half_a_card(stage: Stage) -> None:
    stage.wire.line = lambda said: said[:400]


def damaged_card(stage: Stage) -> None:
    stage.wire.line = lambda said: said[:-1] + b"\0" if len(said) > 1000 else said


def late_card(stage: Stage) -> None:
    stage.reader.read_seconds = (3.5, 3.5)


def doubled_card(stage: Stage) -> None:
    stage.wire.line = lambda said: said * 2


def fault(faults: Callable[[], Faults]) -> Callable[[Stage], None]:
    def set_fault(stage: Stage) -> None:
        stage.reader.faults = faults()

    return set_fault


MISHAPS: dict[str, Callable[[Stage], None]] = {
    "none": lambda stage: None,
    "lifted too early": fault(lambda: Faults(hasty=True)),
    "garbage first": fault(lambda: Faults(garbage=b"\x00\xaa\xaa\xaa\x96\x69\x02\x00")),
    "stray zero": fault(lambda: Faults(stray_zero=True)),
    "split": fault(lambda: Faults(split=100)),
    "merged": fault(lambda: Faults(merge=True)),
    "spoilt": fault(lambda: Faults(spoil=1)),
    "silence": fault(lambda: Faults(deaf=True)),
    "not authorised": fault(lambda: Faults(not_authorised=True)),
    "self-test": fault(lambda: Faults(self_test_failed=True)),
    "cut while reading": cut_while_reading,
    "half a card": half_a_card,
    "damaged card": damaged_card,
    "late card": late_card,
    "doubled card": doubled_card,
}


@pytest.mark.parametrize("mishap", MISHAPS)
@pytest.mark.parametrize("card", CARDS)
def test_nothing_of_the_card_is_kept_or_logged_after(card: str, mishap: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    stage = Stage(sticky=False)
    stage.reader.place(card)
    stage.look()
    MISHAPS[mishap](stage)
    looked: list[Look] = []
    for _ in range(6):  # every look, not only the last, leaves nothing behind
        looked.append(stage.look())
        kept = held_by(stage.driver, looked, [vars(record) for record in caplog.records]) + caplog.text.encode()
        assert not [pattern for pattern in patterns(SECRETS[card]) if pattern in kept]
    assert bool([look for look in looked if isinstance(look, CardSeen)]) is (
        card not in ("wrong", "unknown-kind", "bad-number")
        and mishap in ("none", "garbage first", "stray zero", "split", "spoilt", "doubled card")
    )
    stage.driver.close()


@pytest.mark.parametrize("card", ["resident", "j", "i", "y"])
def test_what_is_read_and_what_leaves_show_nobody(card: str) -> None:
    record = parse_record(bytearray(CARDS[card].record))
    assert isinstance(record, CardRecord)
    parser = ReplyParser()
    stage = Stage()
    stage.reader.place(card)
    value = stage.card()
    shown = " ".join([repr(record), str(record), repr(parser), str(parser), repr(value), str(value), f"{value}"])
    assert not [secret for secret in SECRETS[card] if secret in shown]
    stored = pickle.dumps(value) + repr(vars(value)).encode()
    assert not [pattern for pattern in patterns(SECRETS[card]) if pattern in stored]


def test_an_error_in_our_own_program_shows_nothing_of_the_card() -> None:
    stage = Stage()
    stage.reader.place("resident")
    stage.look()
    with pytest.raises(TypeError) as caught:
        stage.driver.look(day_key=DAY_KEY, today="2026-03-01")  # type: ignore[arg-type]
    told = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "record = <CardRecord resident wiped>" in told
    assert not [secret for secret in SECRETS["resident"] if secret in told]


def test_no_piece_taken_from_the_wire_which_nobody_can_wipe_holds_a_whole_number() -> None:
    stage = Stage()
    stage.reader.place("resident")
    stage.reader.read_seconds = (3.5, 3.5)  # the late card is taken away unread, but by the same small pieces
    stage.looks(3)
    stage.reader.place("resident")
    stage.reader.read_seconds = (1, 1)
    stage.card()
    assert 0 < stage.wire.longest < len("XXX000080010101".encode("utf-16-le"))


# --- the whole process ---------------------------------------------------------------------------------------------

CHILD = """
import logging, sys
from datetime import date
from devices.id_card.driver import IdCardReader
from devices.transport import open_transport

logging.basicConfig(level=logging.DEBUG)
driver = IdCardReader(open_transport(sys.argv[1]), sleep=lambda _: None)
for line in sys.stdin:
    print(repr(driver.look(day_key=bytes(32), today=date(2026, 3, 1))), flush=True)
"""


class Child:
    """A process that holds a driver and nothing else of this project, so that its memory can be searched."""

    def __init__(self, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def look(self) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        return self.process.stdout.readline()

    def memory(self) -> Iterator[bytes]:
        with open(f"/proc/{self.process.pid}/maps") as maps, open(f"/proc/{self.process.pid}/mem", "rb") as memory:
            for line in maps:
                where, access, *_, name = [*line.split(), ""]
                if access.startswith("rw") and "[v" not in name:
                    start, end = (int(part, 16) for part in where.split("-"))
                    memory.seek(start)
                    yield memory.read(end - start)


@contextmanager
def child(url: str) -> Iterator[Child]:
    running = Child(url)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.communicate()


@pytest.mark.parametrize(
    ("card", "told"), [("resident", "CardSeen(kind=<CardKind.RESIDENT"), ("bad-number", "<Prompt.PLACE_AGAIN")]
)
@pytest.mark.parametrize("split", [0, 33, 500])
@pytest.mark.parametrize("end", [PtyEnd, TcpEnd])
def test_no_card_number_is_left_in_the_memory_of_the_process(
    end: type[PtyEnd | TcpEnd], split: int, card: str, told: str
) -> None:
    reader = SimulatedReader(read_seconds=(0, 0), answer_seconds=0)
    reader.place(card)
    with Running(reader, wire := end()):
        url = f"serial:{wire.path}" if isinstance(wire, PtyEnd) else f"tcp:127.0.0.1:{wire.port}"
        with child(url) as driver:
            assert "keep-still" in driver.look()
            reader.faults.split = split
            assert driver.look().startswith(told)
            memory = b"".join(driver.memory())
            assert b"ID card reader" in memory
            assert not [pattern for pattern in patterns((SECRETS[card][0], "句容市测试路")) if pattern in memory]
