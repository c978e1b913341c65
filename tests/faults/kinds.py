"""The faults, each a context manager: what happens when it comes, and when it goes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

from faults.hall import Hall
from faults.programs import UNLIMITED, Kiosk
from faults.wire import Way

Fault: TypeAlias = Callable[[Hall, random.Random], AbstractContextManager[None]]


def _kiosk(hall: Hall, chance: random.Random) -> Kiosk:
    return chance.choice(hall.kiosks)


@contextmanager
def server_killed(hall: Hall, chance: random.Random) -> Iterator[None]:
    hall.server.kill()
    yield
    hall.server_up()


@contextmanager
def server_frozen(hall: Hall, chance: random.Random) -> Iterator[None]:
    child = hall.server.child
    if child:
        child.freeze()
    yield
    if child and child is hall.server.child:
        child.thaw()


@contextmanager
def server_disk_full(hall: Hall, chance: random.Random) -> Iterator[None]:
    if child := hall.server.child:
        child.largest_file(chance.randrange(40_000))
    yield
    if hall.server.child:
        hall.server.child.largest_file(UNLIMITED)


@contextmanager
def server_restored(hall: Hall, chance: random.Random) -> Iterator[None]:
    """A backup is made, and later put in the place of the journal."""
    hall.back_up()
    yield
    hall.restore()


@contextmanager
def network_gone(hall: Hall, chance: random.Random) -> Iterator[None]:
    wire = _kiosk(hall, chance).wire
    wire.gone()
    yield
    wire.heal()


@contextmanager
def network_gone_everywhere(hall: Hall, chance: random.Random) -> Iterator[None]:
    for kiosk in hall.kiosks:
        kiosk.wire.gone()
    yield
    for kiosk in hall.kiosks:
        kiosk.wire.heal()


@contextmanager
def connections_reset(hall: Hall, chance: random.Random) -> Iterator[None]:
    _kiosk(hall, chance).wire.cut()
    yield


@contextmanager
def answer_cut(hall: Hall, chance: random.Random) -> Iterator[None]:
    """The server did what it was asked; the answer is lost, or stops in the middle."""
    wire = _kiosk(hall, chance).wire
    wire.cut_after(Way.DOWN, chance.choice([0, 0, 0, chance.randrange(400), chance.randrange(3000)]))
    yield
    wire.heal()


@contextmanager
def question_cut(hall: Hall, chance: random.Random) -> Iterator[None]:
    wire = _kiosk(hall, chance).wire
    wire.cut_after(Way.UP, chance.choice([0, chance.randrange(400), chance.randrange(3000)]))
    yield
    wire.heal()


@contextmanager
def network_slow(hall: Hall, chance: random.Random) -> Iterator[None]:
    wire = _kiosk(hall, chance).wire
    wire.slow(chance.uniform(0.02, 0.3))
    yield
    wire.heal()


@contextmanager
def half_open(hall: Hall, chance: random.Random) -> Iterator[None]:
    wire = _kiosk(hall, chance).wire
    wire.hold()
    yield
    if chance.random() < 0.5:
        wire.cut()
    wire.heal()


@contextmanager
def clock_wrong(hall: Hall, chance: random.Random) -> Iterator[None]:
    """By minutes, or by a day."""
    kiosk = _kiosk(hall, chance)
    kiosk.set_clock(chance.choice([chance.uniform(-1800, 1800), 86400.0, -86400.0]))
    yield
    kiosk.set_clock(0)


@contextmanager
def kiosk_killed(hall: Hall, chance: random.Random) -> Iterator[None]:
    kiosk = _kiosk(hall, chance)
    kiosk.kill()
    yield
    hall.kiosk_up(kiosk)


@contextmanager
def kiosk_disk_full(hall: Hall, chance: random.Random) -> Iterator[None]:
    kiosk = _kiosk(hall, chance)
    if kiosk.child:
        kiosk.child.largest_file(chance.randrange(40_000))
    yield
    if kiosk.child:
        kiosk.child.largest_file(UNLIMITED)


@contextmanager
def _printer(hall: Hall, chance: random.Random, name: str, *, stops: bool) -> Iterator[None]:
    """Something befalls a printer, at once or in the middle of a ticket. `stops`: it prints no further, and says so."""
    kiosk = _kiosk(hall, chance)
    befall = [getattr(kiosk.printer, name), *([kiosk.tear] if stops else [])]
    lines = chance.choice([0, chance.randrange(1, 12)])

    def ink(_: object) -> None:
        nonlocal lines
        lines -= 1
        if lines == 0:
            for act in befall:
                act()

    if lines == 0:
        for act in befall:
            act()
    else:
        kiosk.printer.on_ink = ink
    yield
    hall.noticed_by(kiosk)
    kiosk.mend()


def paper_out(hall: Hall, chance: random.Random) -> AbstractContextManager[None]:
    return _printer(hall, chance, "paper_out", stops=True)


def cover_open(hall: Hall, chance: random.Random) -> AbstractContextManager[None]:
    return _printer(hall, chance, "cover_open", stops=True)


def printer_silent(hall: Hall, chance: random.Random) -> AbstractContextManager[None]:
    """It hears and answers nothing, like one without power."""
    return _printer(hall, chance, "deaf", stops=False)


def printer_mute(hall: Hall, chance: random.Random) -> AbstractContextManager[None]:
    """It prints and answers nothing: half of its cable is broken."""
    return _printer(hall, chance, "mute", stops=False)


@contextmanager
def printer_unplugged(hall: Hall, chance: random.Random) -> Iterator[None]:
    kiosk = _kiosk(hall, chance)
    kiosk.plug.unplug()
    yield
    kiosk.mend()


FAULTS: dict[str, tuple[Fault, int]] = {
    "server killed": (server_killed, 4),
    "server frozen": (server_frozen, 2),
    "server's disk full": (server_disk_full, 2),
    "server restored from a backup": (server_restored, 3),
    "network gone": (network_gone, 3),
    "network gone everywhere": (network_gone_everywhere, 2),
    "connections reset": (connections_reset, 2),
    "answer cut": (answer_cut, 5),
    "question cut": (question_cut, 3),
    "network slow": (network_slow, 2),
    "half open": (half_open, 2),
    "clock wrong": (clock_wrong, 2),
    "kiosk killed": (kiosk_killed, 4),
    "kiosk's disk full": (kiosk_disk_full, 2),
    "paper out": (paper_out, 2),
    "cover open": (cover_open, 1),
    "printer silent": (printer_silent, 1),
    "printer mute": (printer_mute, 1),
    "printer unplugged": (printer_unplugged, 1),
}
"""By name: the fault, and how often it comes."""
