"""Fixtures that several test files share. A file whose hall is another one has a `server` of its own."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium, pages
from hypothesis import HealthCheck, settings
from servers import Client, Server

__all__ = ["chromium", "pages"]

settings.register_profile(
    "same", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, print_blob=True
)
settings.register_profile("explore", settings.get_profile("same"), derandomize=False)
"""The same examples each time, so that a change is judged by itself; `EXPLORE=1 make test` looks for new ones. How long
an example takes says how busy the machine is, nothing about the example."""
settings.load_profile("explore" if os.environ.get("EXPLORE") else "same")

LONGEST = (
    "kiosk_screens", "faults", "forecaster", "api_fuzz", "moving_page", "own_voices", "board_page", "speaker_page",
    "accessible", "console_page", "kiosk_watchdog",
    "kiosk_bench", "equipment", "console_paper", "phone_page", "kiosk_presented", "kiosk_visits", "pad_wires",
    "printer_driver", "demo", "hall_properties", "forecast_history", "doctor_command", "sign_page", "led_sign_wires",
)  # fmt: skip
"""The files that take long, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first: where files run side by side, nobody waits for the last of them."""
    places = {f"test_{name}": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: much of the time a test waits, for a time-out or for a program to start."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all tests of a file, which leave it well."""
    with Server(tmp_path_factory.mktemp("hall"), "--always-open") as running:
        yield running
        assert '"level": "error"' not in running.log, running.log  # nothing here was a mistake of the server's


@pytest.fixture
def hall(server: Server) -> Client:
    return server.client()


@pytest.fixture(scope="module")
def document(server: Server) -> dict[str, Any]:
    """What the server says of its API, as OpenAPI."""
    return dict(server.client().get("//openapi.json").json)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server that a test may ill-treat."""
    with Server(tmp_path / "own", "--always-open") as running:
        yield running
