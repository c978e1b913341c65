"""The demo: every real program of a hall, started and ended by one command."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

HALL = "JR-TOWN-HY"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a running demo's start page, and its process."""
    port = 10_000 + os.getpid() % 20_000  # below those the kernel hands out to others before the demo takes its own
    command = (
        sys.executable, "-m", "queue_server.cli", "demo", "--data", str(tmp_path_factory.mktemp("demo")),
        "--hall", HALL, "--port", str(port), "--crowd", "200",
    )  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        said = ""
        for line in process.stdout:
            said += line
            if found := re.search(r"Start here: (\S+)", line):
                yield found[1], process
                break
        else:
            pytest.fail(f"the demo did not start:\n{said}")
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
        process.stdout.close()


def get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return str(answer.read().decode())


def test_the_start_page_leads_to_every_program(demo: tuple[str, subprocess.Popen[str]]) -> None:
    start = get(demo[0])
    links = [link for link in re.findall(r'href="(http[^"]+)"', start) if "127.0.0.1" in link]
    assert len(links) >= 3, "kiosk, board and console"
    for link in links:
        assert "<html" in get(link)


def test_its_boards_have_a_voice(demo: tuple[str, subprocess.Popen[str]]) -> None:
    board = next(link for link in re.findall(r'href="(http[^"]+)"', get(demo[0])) if link.endswith("/board"))
    with urllib.request.urlopen(board.removesuffix("board") + "clips/chime.ogg", timeout=30) as chime:
        assert chime.read(4) == b"OggS"


def test_the_crowd_is_served(demo: tuple[str, subprocess.Popen[str]]) -> None:
    deadline = time.monotonic() + 60
    finished = 0
    while not finished:
        assert time.monotonic() < deadline, "nobody was served"
        finished = json.loads(get(f"{demo[0]}api/v1/halls/{HALL}"))["tickets"]["finished"]
        time.sleep(0.1)


def test_ended_it_leaves_nothing_running(demo: tuple[str, subprocess.Popen[str]]) -> None:
    address, process = demo
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 7, "printer, card reader, scanner, hall server, display, kiosk, crowd"
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    with pytest.raises(urllib.error.URLError, match="refused"):
        get(address)
