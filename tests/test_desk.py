"""A simulated device as a program at a desk: its place, its first line, what is typed at it, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devices.desk import take_commands

KINDS = ("printer", "id_card", "scanner", "led_sign", "rating_pad", "call_pad", "speech_board")


@contextmanager
def desk(kind: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", f"devices.{kind}.simulator", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, bufsize=1) as program:
        try:
            yield program
        finally:
            program.kill()


def lines(program: subprocess.Popen[str], count: int) -> list[str]:
    assert program.stdout is not None
    return [program.stdout.readline().strip() for _ in range(count)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_device_without_a_place_makes_a_serial_line_and_says_where(kind: str) -> None:
    with desk(kind) as program:
        first, commands = lines(program, 2)
        path = first.rpartition("serial:")[2].partition("?")[0]
        assert path.startswith("/dev/pts/")
        assert os.path.exists(path)
        assert commands.startswith("commands: ")
        assert commands.endswith(", quit")
        assert program.communicate("quit\n", 20)[1] == ""
        assert program.returncode == 0


def test_a_person_who_presses_ctrl_c_gets_no_traceback(tmp_path: Path) -> None:
    with desk("printer", "--pty", f"{tmp_path}/lp") as program:
        assert lines(program, 1) == [f"serial:{tmp_path}/lp"]
        program.send_signal(signal.SIGINT)
        assert program.communicate(timeout=20)[1].strip() == "Aborted!"
    assert not os.path.lexists(tmp_path / "lp"), "the plug is pulled as it goes"


def test_a_place_that_is_taken_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with desk("printer", "--tcp", str(port)) as program:
            assert program.communicate(timeout=20)[1] == (
                f"Error: cannot be at port {port} of 127.0.0.1: Address already in use\n"
            )
            assert program.returncode == 1
    with desk("scanner", "--pty", f"{tmp_path}/nowhere/tty") as program:
        assert program.communicate(timeout=20)[1] == (
            f"Error: cannot be at {tmp_path}/nowhere/tty: No such file or directory\n"
        )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("printer", "--tcp", "0", "--pty", "lp"), "--tcp or --pty, not both"),
        (("call_pad", "--pads", "1,0"), "addresses are 1 to 99"),
        (("call_pad", "--pads", "１"), "addresses are 1 to 99"),
        (("led_sign", "--signs", "one"), "written like 1:8,2:12"),
    ],
)
def test_a_mistake_in_the_command_is_told_in_one_line(arguments: tuple[str, ...], told: str) -> None:
    with desk(*arguments) as program:
        errors = program.communicate(timeout=20)[1]
    assert program.returncode == 2
    assert told in errors.splitlines()[-1]


def test_commands_on_standard_input_are_done_until_quit(capfd: pytest.CaptureFixture[str]) -> None:
    done: list[str] = []
    reader, writer = os.pipe()
    keyboard = os.dup(0)
    try:
        os.dup2(reader, 0)
        os.write(writer, b"jam\nstate\nnonsense\nquit\njam\n")
        with open(0, closefd=False) as sys.stdin:  # pytest has put something else there
            take_commands({"jam": lambda: done.append("jam"), "state": lambda: "fine"}, until=lambda: False)
    finally:
        sys.stdin = sys.__stdin__
        os.dup2(keyboard, 0)
        for fd in (reader, writer, keyboard):
            os.close(fd)
    assert done == ["jam"]
    said = capfd.readouterr().out.splitlines()
    assert said[1:] == ["ok", "fine", "unknown: nonsense. Known: jam, state, quit"]
