"""What the doctor says: each of the system's errors, ports by their own names, both languages, the installer's page."""

from __future__ import annotations

import errno
import socket
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from doctor_ward import ROOT
from serial.tools.list_ports_common import ListPortInfo

from devices.doctor.examine import CHAPTERS, Finding, Verdict
from devices.doctor.wires import open_wire, serial_ports, why
from devices.doctor.words import health_tables, languages
from devices.transport import Reconnecting, Transport

# --- faults that no test can make on a real wire here: a device that drops out, a name nobody knows


class Failing(Transport):
    """A wire that opens or not, and then fails."""

    def __init__(self, name: str, *, opening: OSError | None = None, writing: OSError | None = None) -> None:
        self.name = name
        self._opening, self._writing = opening, writing
        self._is_open = False

    def open(self) -> None:
        if self._opening is not None:
            raise self._opening
        self._is_open = True

    def close(self) -> None:
        self._is_open = False

    @property
    def is_open(self) -> bool:
        return self._is_open

    def read(self, timeout: float = 0.0, limit: int = 1) -> bytes:
        return b""

    def write(self, data: bytes, timeout: float = 5.0) -> None:
        if self._writing is not None:
            raise self._writing


@pytest.mark.parametrize(
    ("url", "wire", "word"),
    [
        ("tcp:printer.hall:9100", Failing("", opening=socket.gaierror(-2, "Name or service not known")), "no-name"),
        ("tcp:10.0.0.1:9100", Failing("", opening=OSError(errno.EHOSTUNREACH, "No route to host")), "unreachable"),
        ("tcp:10.0.0.1:9100", Failing("", opening=TimeoutError("timed out")), "unreachable"),
        ("serial:/dev/null", Failing("", writing=TimeoutError(errno.ETIMEDOUT, "takes no bytes")), "stopped"),
        ("serial:/dev/null", Failing("", writing=OSError(errno.EIO, "Input/output error")), "lost"),
        ("serial:/dev/null", Failing("", opening=OSError(errno.EIO, "Input/output error")), "other"),
        ("keyboard:usb-*-kbd", Failing("", opening=OSError(errno.EINVAL, "fits several devices: a, b")), "several"),
        ("keyboard:/dev/null", Failing("", opening=OSError(errno.ENOTTY, "not an input device")), "not-a-port"),
        ("keyboard:/dev/null", Failing("", opening=OSError(errno.EBUSY, "another program holds it")), "busy"),
    ],
)
def test_the_system_s_error_is_translated(url: str, wire: Failing, word: str) -> None:
    reconnecting = Reconnecting(wire)
    with pytest.raises(OSError, match=r"."):
        reconnecting.write(b"?")
    found, values = why(url, reconnecting)
    assert found == word
    finding = Finding(name="it", kind="printer", url=url, chapter="wire", word=word, values=values)
    assert all(words.sentence(finding) for words in languages())
    assert finding.verdict is Verdict.ILL


def test_a_keyboard_s_line_is_a_wire_like_any_other() -> None:
    assert open_wire("keyboard:usb-*-event-kbd").name == "keyboard:usb-*-event-kbd"
    with pytest.raises(ValueError, match="names no device"):
        open_wire("keyboard:")


def adapter(folder: Path, name: str, *, serial: str | None) -> ListPortInfo:
    """An adapter as pyserial finds it, with the name of its socket and its own as udev makes them."""
    found = ListPortInfo(str(folder / name))
    found.vid, found.pid, found.serial_number = 0x1A86, 0x7523, serial
    for way, link in (("by-path", f"pci-{name}-port0"), ("by-id", f"usb-1a86_{serial or 'Serial'}-if00-port0")):
        (folder / way).mkdir(exist_ok=True)
        (folder / way / link).unlink(missing_ok=True)
        (folder / way / link).symlink_to(folder / name)
    return found


def test_a_port_is_listed_by_the_adapters_own_name(tmp_path: Path) -> None:
    plugged = [adapter(tmp_path, "ttyUSB0", serial=None), adapter(tmp_path, "ttyUSB1", serial="A1")]
    assert serial_ports(tmp_path, [*plugged, ListPortInfo("/dev/ttyS0")]) == [
        "/dev/ttyS0",
        f"{tmp_path}/by-id/usb-1a86_Serial-if00-port0 (ttyUSB0)",
        f"{tmp_path}/by-id/usb-1a86_A1-if00-port0 (ttyUSB1)",
    ]


def test_adapters_alike_are_listed_by_their_sockets(tmp_path: Path) -> None:
    twins = [adapter(tmp_path, name, serial=None) for name in ("ttyUSB0", "ttyUSB1")]
    assert serial_ports(tmp_path, twins) == [f"{tmp_path}/by-path/pci-ttyUSB{n}-port0 (ttyUSB{n})" for n in (0, 1)]


# --- words


def phrases(text: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(text, str):
        yield key, text
    else:
        for name, within in text.items():
            yield from phrases(within, f"{key}.{name}")


def test_both_languages_have_the_same_words_with_the_same_placeholders() -> None:
    chinese, english = (
        dict(phrases(yaml.safe_load((ROOT / "devices/doctor/texts" / file).read_text(encoding="utf-8"))))
        for file in ("zh.yaml", "en.yaml")
    )
    assert chinese.keys() == english.keys()
    for key, text in chinese.items():
        fields, others = ({name for _, name, _, _ in string.Formatter().parse(t) if name} for t in (text, english[key]))
        assert fields == others, key
        assert bool(text) == bool(english[key]), key


@pytest.mark.parametrize(
    ("chapter", "word"), [(chapter, health.value) for chapter, healths in CHAPTERS.items() for health in healths]
)
def test_every_health_word_of_every_driver_has_its_sentence(chapter: str, word: str) -> None:
    values = {"address": "1", "detail": "x"}
    finding = Finding(name="it", kind="printer", url="", chapter=chapter, word=word, values=values)
    for words in languages():
        assert len(words.sentence(finding)) > 4
        if finding.verdict is not Verdict.WELL:
            assert words.chapters[chapter][word]["do"], "whatever is wrong, there is something to do"


def test_no_sentence_is_left_over_from_a_health_that_is_no_more() -> None:
    for words in languages():
        for chapter, healths in CHAPTERS.items():
            assert words.chapters[chapter].keys() == {health.value for health in healths}


def test_the_installers_page_has_the_tables_of_today() -> None:
    page = (ROOT / "docs" / "devices.md").read_text(encoding="utf-8")
    tables = page.partition("<!-- health -->\n")[2].partition("<!-- /health -->")[0]
    assert tables.strip() == health_tables().strip(), "python -m devices.doctor --tables writes them"
