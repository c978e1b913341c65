"""The unit files: systemd takes them, and what they start takes its options."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from kiosk.__main__ import main as kiosk
from kiosk.watchdog import SILENCE, START_SECONDS
from queue_server.cli import main as bianmin

DEPLOY = Path(__file__).parent.parent / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
INSTALLED = "/opt/bianmin/.venv/bin/"


def settings(unit: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit.read_text(encoding="utf-8"))
    return parser


def started(unit: Path) -> list[str]:
    """The words of its command."""
    return settings(unit)["Service"]["ExecStart"].split()


def options_of(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


def test_there_is_a_unit_for_each_program() -> None:
    assert [unit.name for unit in UNITS] == [
        "bianmin-display.service",
        "bianmin-hall.service",
        "bianmin-kiosk@.service",
    ]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    found = settings(unit)
    assert found["Service"]["Restart"] == "always"
    assert found["Unit"]["StartLimitIntervalSec"] == "0", "it never gives up"
    assert found["Install"]["WantedBy"].endswith(".target")
    if (analyze := shutil.which("systemd-analyze")) is not None:  # not in every container CI runs in
        for name in ("python", "bianmin"):
            (tmp_path / name).symlink_to(sys.executable)
        copy = tmp_path / unit.name.replace("@.", "@K1.")
        copy.write_text(unit.read_text("utf-8").replace(INSTALLED, f"{tmp_path}/"), "utf-8")
        environment = {**os.environ, "SYSTEMD_LOG_LEVEL": "warning"}
        verdict = subprocess.run(
            [analyze, "verify", "--man=no", copy], capture_output=True, text=True, env=environment, check=False
        )
        about = [line for line in verdict.stderr.splitlines() if "bianmin" in line]
        assert about == [], verdict.stderr


def test_what_the_units_start_takes_the_options_they_give() -> None:
    display = subprocess.run([sys.executable, "-m", "display", "--help"], capture_output=True, text=True, check=True)
    hall = bianmin.commands["hall"]
    known = {
        "bianmin-hall.service": options_of(hall),
        "bianmin-kiosk@.service": options_of(kiosk),
        "bianmin-display.service": set(re.findall(r"--[a-z-]+", display.stdout)),
    }
    for unit in UNITS:
        given = {word for word in started(unit) if word.startswith("--")}
        assert given
        assert given <= known[unit.name], unit.name
    assert started(DEPLOY / "bianmin-hall.service")[1] == "hall"


def test_every_variable_of_the_units_is_in_the_example() -> None:
    known = set(re.findall(r"^([A-Z_]+)=", (DEPLOY / "bianmin.env").read_text(encoding="utf-8"), re.MULTILINE))
    used = {name for unit in UNITS for name in re.findall(r"\$\{([A-Z_]+)\}", unit.read_text(encoding="utf-8"))}
    assert used <= known


def test_systemd_is_as_patient_with_a_kiosk_as_our_own_watcher() -> None:
    service = settings(DEPLOY / "bianmin-kiosk@.service")["Service"]
    assert service["Type"] == "notify"
    assert (float(service["WatchdogSec"]), float(service["TimeoutStartSec"])) == (SILENCE, START_SECONDS)
