"""A simulated hall of real processes: a server, three kiosks on their own lines, windows; and how it is put right."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from servers import CITY

from faults import reader
from faults.programs import HallServer, Kiosk, Nursery, until
from faults.reader import Row, Truth, Verdict
from faults.staff import SHORT, Staff
from faults.wire import Network

KIOSKS = ("K1", "K2", "K3")
WINDOWS = ["1", "2", "3"]
SETTLES_WITHIN = 60.0
_MORE = """\
      - {code: K3, slot: 3}
"""
_RULES = """\
    numbering: {reserve: [901, 999], overflow: [2001, 9900], slots: 9}
    rules: {recall_interval_seconds: 0, recall_limit: 100, restore_limit: 100}
    kiosks:
"""


def city(folder: Path) -> Path:
    """The test city with a third kiosk, enough numbers for a long day, and no waiting between recalls."""
    path = folder / "city.yaml"
    path.write_text(CITY.replace("    kiosks:\n", _RULES) + _MORE, encoding="utf-8")
    return path


class Hall:
    """A `with` block is one hall: everything in it is ended at its end."""

    def __init__(self, folder: Path, nursery: Nursery, network: Network) -> None:
        folder.mkdir(parents=True)
        file = city(folder)
        self.folder = folder
        self.truth = Truth()
        self.server = HallServer(nursery, folder / "server", file)
        self.kiosks = [Kiosk(nursery, network, self.server, folder / code, file, code) for code in KIOSKS]
        self.staff = Staff(lambda: self.server.port, self.truth, WINDOWS)
        self._dead: list[Kiosk] = []
        self._backup: Path | None = None

    def __enter__(self) -> Self:
        assert self.server.start()
        for kiosk in self.kiosks:
            assert kiosk.start()
        self.settle()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for kiosk in (*self.kiosks, *self._dead):
            kiosk.close()
        self.server.kill()

    # --- what is done to it

    def server_up(self) -> None:
        if self.server.child is None:
            assert self.server.start(), (self.server.folder / "log").read_text()[-2000:]

    def kiosk_up(self, kiosk: Kiosk) -> None:
        if kiosk.child is not None and not kiosk.child.runs:
            kiosk.kill()
        if kiosk.child is None:
            assert kiosk.start(), (kiosk.folder / "log").read_text()[-2000:]

    def back_up(self) -> None:
        """Copy the journal as it is now, whatever the server does."""
        self._backup = self.folder / "backup.sqlite"
        self._backup.unlink(missing_ok=True)
        with sqlite3.connect(self.server.journal) as here, sqlite3.connect(self._backup) as there:
            here.backup(there)
        here.close()
        there.close()

    def restore(self) -> None:
        """Put the backup in the place of the journal. What it has not is remembered as forgotten."""
        if self._backup is None:
            return
        self.server.kill()
        kept, _, _ = reader.last(self._backup)
        self.truth.forgotten += [row for row in reader.rows(self.server.journal) if row.seq > kept]
        for file in self.server.folder.glob(f"{self.server.journal.name}*"):
            file.unlink()
        self._backup.rename(self.server.journal)
        self._backup = None
        self.server_up()

    def noticed_by(self, kiosk: Kiosk) -> None:
        """Wait until the kiosk knows what its printer does: no hand changes a roll in the middle of a question."""
        if kiosk.child is not None:
            with suppress(TimeoutError):  # it may be dead or frozen out by another fault
                until(lambda: not kiosk.child or not kiosk.child.runs or not kiosk.waiting, "it notices", 3.0)

    def bury(self, kiosk: Kiosk) -> None:
        """A kiosk that is cut off burns down with its disk: of its last tickets only the papers know."""
        kiosk.kill()
        for file in (*kiosk.folder.glob("own.db*"), *kiosk.folder.glob("hall.db*")):
            file.unlink()
        self.kiosks.remove(kiosk)
        self._dead.append(kiosk)
        self.truth.dead.add(kiosk.code)

    def take_in_papers(self) -> None:
        """Everybody with a paper of a dead kiosk shows it at the desk."""
        for kiosk in self._dead:
            for paper in kiosk.papers:
                if any(self.staff.takes_in(code) for code in paper.codes):
                    self.truth.taken_in += 1

    # --- and how it ends

    def settle(self) -> Verdict:
        """Put everything right, let everything be told and everybody be called, and judge."""
        self._heal()
        until(lambda: not any(kiosk.waiting for kiosk in self.kiosks), "kiosks answer their orders", SETTLES_WITHIN)
        self.staff.finish_pending()
        self._told()
        self.staff.serve_everybody()
        self._told()
        self._gather()
        verdict = self.judge()
        self.staff.patience = SHORT
        return verdict

    def _heal(self) -> None:
        for kiosk in self.kiosks:
            kiosk.wire.heal()
            kiosk.mend()
            if kiosk.child:
                kiosk.child.thaw()
            self.kiosk_up(kiosk)
            if kiosk.ahead:
                kiosk.set_clock(0)
        if self.server.child:
            self.server.child.thaw()
        self.server_up()

    def _told(self) -> None:
        """Everything has arrived, and everybody knows it."""
        try:
            until(lambda: not any(self._lacking()), "everything is told", SETTLES_WITHIN)
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {', '.join(self._lacking())}") from error

    def _lacking(self) -> Iterator[str]:
        end = reader.last(self.server.journal)
        for kiosk in self.kiosks:
            seq, _, own = reader.last(kiosk.own)
            if seq and not reader.has(self.server.journal, own):
                yield f"the hall has not heard of {kiosk.code}'s newest fact, its {seq}th"
            if (copy := reader.last(kiosk.copy)) != end:
                yield f"{kiosk.code}'s copy is at {copy[0]}, the hall at {end[0]}"

    def _gather(self) -> None:
        """What people hold in their hands and were told."""
        self.truth.misled = {kiosk.code for kiosk in (*self.kiosks, *self._dead) if kiosk.misled}
        self.truth.papers.clear()
        self.truth.told.clear()
        for kiosk in (*self.kiosks, *self._dead):
            own = [] if kiosk in self._dead else reader.rows(kiosk.own)
            papers = [reader.paper(kiosk.code, p.lines, p.codes, own) for p in kiosk.papers]
            self.truth.papers += [paper for paper in papers if paper]
            self.truth.torn |= {paper[2] for number, paper in enumerate(papers) if paper and number in kiosk.torn}
            self.truth.told += [
                (kiosk.code, answer["label"], answer["ticket"], answer["on_paper"])
                for answer in kiosk.answers.values()
                if answer.get("printed")
            ]

    def judge(self) -> Verdict:
        hall, owns, copies = self._journals()
        return reader.judge(hall, owns, copies, self.truth)

    def _journals(self) -> tuple[list[Row], dict[str, list[Row]], dict[str, list[Row]]]:
        """All journals at one moment: a printer that is just reported well may not come between."""
        while True:
            before = self._ends()
            self._told()
            hall = reader.rows(self.server.journal)
            owns = {kiosk.code: reader.rows(kiosk.own) for kiosk in self.kiosks}
            copies = {kiosk.code: reader.rows(kiosk.copy) for kiosk in self.kiosks}
            if before == self._ends():
                return hall, owns, copies

    def _ends(self) -> list[tuple[int, str, str]]:
        files = [self.server.journal, *(file for kiosk in self.kiosks for file in (kiosk.own, kiosk.copy))]
        return [reader.last(file) for file in files]
