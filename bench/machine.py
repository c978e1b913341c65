"""The raw floors of this machine, and servers to measure."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def raw_commits(folder: Path, *, group: int, seconds: float = 2.0) -> float:
    """Rows a second one writer can make durable with plain sqlite3 (WAL, synchronous=FULL), `group` to a commit."""
    db = sqlite3.connect(folder / f"raw-{group}.sqlite", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE ticket (hall TEXT, seq INTEGER, data BLOB, PRIMARY KEY (hall, seq)) WITHOUT ROWID")
    row, data = 0, b"x" * 300
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO ticket VALUES ('h', ?, ?)", ((row + i, data) for i in range(group)))
        db.execute("COMMIT")
        row += group
    rate = row / (time.perf_counter() - started)
    db.close()
    return rate


@dataclass
class Server:
    """A hall server in its own process."""

    process: subprocess.Popen[str]
    host: str
    port: int

    def cpu(self) -> float:
        """CPU seconds used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> float:
        """Resident MB."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


@contextmanager
def hall_server(city: Path, hall: str, data: Path, *options: str, before: str = "") -> Iterator[Server]:
    """`before`: Python that is run in it first, to measure it otherwise than it is."""
    command = [
        sys.executable, "-c", f"{before}\nfrom queue_server.cli import main\nmain()", "hall",
        "--config", str(city), "--hall", hall, "--data", str(data), "--port", "0", "--always-open", *options,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise SystemExit("the server did not start")
        host, _, port = line.split("/")[2].partition(":")
        yield Server(process, host, int(port))
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
