"""`bianmin hall`: how it refuses to start, and says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from servers import HALL, Server, city, run

from queue_server.journal.replica import Replica
from queue_server.journal.store import SqliteStore


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "127.0.0.1.example.org"])
def test_the_server_refuses_to_be_reached_from_elsewhere_and_says_why(host: str, tmp_path: Path) -> None:
    ended = run(tmp_path, "hall", "--config", city(tmp_path), "--data", tmp_path, "--host", host, "--port", "0")
    assert ended.status == 1
    assert "Nobody signs in yet" in ended.log
    assert f"use --host 127.0.0.1, not {host}" in ended.log
    assert not (tmp_path / f"{HALL}.sqlite").exists()


def fails(folder: Path, *arguments: str | Path, status: int = 1) -> str:
    """What `bianmin hall` says when it does not start."""
    ended = run(folder, "hall", "--port", "0", *arguments)
    assert ended.status == status
    assert "Traceback" not in ended.log
    assert ended.out == ""
    return ended.log


def test_a_mistake_in_the_configuration_is_said_with_its_line_and_field(tmp_path: Path) -> None:
    path = city(tmp_path)
    text = path.read_text()
    path.write_text(text.replace("services: {licence: A, tax: B}", "services: {licence: A, tax: X}"))
    said = fails(tmp_path, "--config", path, "--data", tmp_path)
    line = text.splitlines().index("    services: {licence: A, tax: B}") + 1
    assert f"{path}:{line}: halls[0].services.tax: there is no queue 'X'" in said


def test_a_configuration_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    assert "nowhere.yaml: cannot be read" in fails(tmp_path, "--config", tmp_path / "nowhere.yaml")


def test_a_hall_the_city_does_not_have_is_said_so(tmp_path: Path) -> None:
    assert "there is no hall 'H9'" in fails(tmp_path, "--config", city(tmp_path), "--data", tmp_path, "--hall", "H9")


def test_a_port_in_use_is_said_so(server: Server, tmp_path: Path) -> None:
    said = fails(tmp_path, "--config", city(tmp_path), "--data", tmp_path, "--port", str(server.port))
    assert "Address already in use" in said
    assert str(server.port) in said


def test_a_port_that_is_none_is_said_so(tmp_path: Path) -> None:
    assert "65535" in fails(tmp_path, "--port", "99999", status=2)


def test_a_second_server_on_the_same_journal_is_told_so(server: Server, tmp_path: Path) -> None:
    said = fails(tmp_path, "--config", city(tmp_path), "--data", server.folder)
    assert "Another program is already running" in said


def test_a_machine_whose_clock_is_behind_its_journal_is_told_so(tmp_path: Path) -> None:
    from queue_server.config import load
    from queue_server.domain.commands import OpenDay
    from queue_server.journal.replica import Submit

    store = SqliteStore(tmp_path / f"{HALL}.sqlite")
    command = OpenDay(day="2200-01-01", configuration=load(city(tmp_path)).configuration(HALL))
    Replica(store, HALL).commit([Submit(command=command, cause="x")])
    store.close()
    assert "check this machine's clock" in fails(tmp_path, "--config", city(tmp_path), "--data", tmp_path)
