"""The service screen's back end: who may open it, what can be done there, what it tells."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from kiosks import Kiosk
from servers import Server, until

from kiosk.keys import Keys, hall_keys
from kiosk.pin import FIRST_WAIT, FREE_TRIES, LONGEST_WAIT, Pin, PinError, set_pin
from kiosk.servicing import LOG_LINES, Recent
from kiosk.session import CheckPin, DoService, Failure, NotPrinted, PinChecked, Served, ServiceAct
from kiosk.surroundings import Closed, Machine
from queue_server.journal.replica import clock
from queue_server.logs import JsonLines

PIN, WRONG = "274956", "111222"


def act(kiosk: Kiosk, what: ServiceAct) -> bool:
    answer = kiosk.do(DoService(order=kiosk.order(), act=what))
    assert isinstance(answer, Served)
    return answer.worked


class Guesser:
    """Somebody at the PIN page, at a clock the test sets."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_000_000_000
        self._folder = folder
        self.restart()

    def restart(self) -> None:
        self._pin = Pin(self._folder, now=lambda: self.now)

    def tries(self, digits: str) -> bool:
        return self._pin.check(digits)


@pytest.fixture
def guesser(tmp_path: Path) -> Guesser:
    set_pin(tmp_path, PIN)
    return Guesser(tmp_path)


# --- the PIN


def test_without_a_pin_nobody_gets_in_and_the_log_says_how_to_set_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    guesser = Guesser(tmp_path)
    assert not guesser.tries("")
    assert not guesser.tries("000000")
    assert "--set-pin" in caplog.text


def test_the_right_pin_opens_and_is_kept_only_as_a_slow_hash(tmp_path: Path, guesser: Guesser) -> None:
    assert guesser.tries(PIN)
    assert not guesser.tries(WRONG)
    file = tmp_path / "pin.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert PIN not in file.read_text()
    assert json.loads(file.read_text())["n"] >= 2**14


@pytest.mark.parametrize(
    "digits", ["", "12345", "1234567890123", "12a456", "111111", "234567", "987654", "２７４９５６"]
)
def test_a_poor_pin_is_not_taken(tmp_path: Path, digits: str) -> None:
    with pytest.raises(PinError):
        set_pin(tmp_path, digits)
    assert not (tmp_path / "pin.json").exists()


def test_after_five_wrong_ones_the_wait_doubles_and_even_the_right_one_must_wait(guesser: Guesser) -> None:
    for _ in range(FREE_TRIES):
        assert not guesser.tries(WRONG)
    for doubled in range(3):
        wait = FIRST_WAIT * 2**doubled
        guesser.now += wait - 1
        assert not guesser.tries(PIN), "too soon"
        guesser.now += 1
        assert not guesser.tries(WRONG)
    guesser.now += FIRST_WAIT * 8
    assert guesser.tries(PIN)
    for _ in range(FREE_TRIES - 1):
        assert not guesser.tries(WRONG)
    assert guesser.tries(PIN), "who got in begins anew"


def test_a_restart_gives_a_guesser_no_new_tries(guesser: Guesser) -> None:
    for _ in range(FREE_TRIES):
        guesser.tries(WRONG)
        guesser.restart()
    assert not guesser.tries(PIN)
    guesser.now += FIRST_WAIT
    guesser.restart()
    assert guesser.tries(PIN)


def test_a_clock_that_is_put_back_locks_nobody_out_and_no_wait_is_endless(guesser: Guesser) -> None:
    for _ in range(FREE_TRIES + 8):
        guesser.tries(WRONG)
        guesser.now += LONGEST_WAIT
    guesser.tries(WRONG)
    guesser.now -= 365 * 24 * 3_600_000
    assert guesser.tries(PIN)


def test_a_damaged_pin_file_opens_nothing(tmp_path: Path, guesser: Guesser) -> None:
    for content in ("{}", "not json", '{"salt": "00"}', '{"salt": "zz", "hash": "zz", "n": 2, "r": 1, "p": 1}', "[]"):
        (tmp_path / "pin.json").write_text(content)
        assert not guesser.tries(PIN)


def test_the_pin_is_set_from_the_command_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kiosk", "--set-pin", tmp_path]
    ended = subprocess.run(command, input=f"{PIN}\n{PIN}\n", capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    assert PIN not in ended.stdout + ended.stderr
    assert Guesser(tmp_path).tries(PIN)
    poor = subprocess.run(command, input="123456\n123456\n", capture_output=True, text=True, timeout=60, check=False)
    assert poor.returncode == 1
    assert "take another" in poor.stderr


def test_the_desk_answers_for_the_pin(tmp_path: Path) -> None:
    set_pin(tmp_path, PIN)
    with Kiosk(tmp_path, None) as kiosk:
        assert kiosk.do(CheckPin(order=1, digits=WRONG)) == PinChecked(order=1, right=False)
        assert kiosk.do(CheckPin(order=2, digits=PIN)) == PinChecked(order=2, right=True)


# --- acts


def test_the_test_page_shows_all_a_ticket_needs(tmp_path: Path) -> None:
    with Kiosk(tmp_path, None) as kiosk:
        assert act(kiosk, ServiceAct.TEST_PRINT)
        until(lambda: kiosk.printer.slips)
        (slip,) = kiosk.printer.slips
        assert slip.codes == ["http://hall/t/test"]
        assert "打印测试" in slip.lines
        assert kiosk.station.service_report().tickets_today == 0
        kiosk.printer.paper_out()
        assert not act(kiosk, ServiceAct.TEST_PRINT)


def test_the_last_ticket_is_printed_again_and_says_so_over_a_restart_too(tmp_path: Path) -> None:
    with Kiosk(tmp_path, None) as kiosk:
        assert not act(kiosk, ServiceAct.REPRINT), "there is none yet"
        ticket = kiosk.ticket("A", "licence")
        act(kiosk, ServiceAct.TEST_PRINT)
        assert act(kiosk, ServiceAct.REPRINT)
        until(lambda: len(kiosk.printer.slips) == 3)
        first, _, again = kiosk.printer.slips
        assert first.codes == again.codes
        assert "排队号（重打）" in again.lines
        assert "排队号" in first.lines
        assert kiosk.station.service_report().tickets_today == 1
    with Kiosk(tmp_path, None) as kiosk:
        assert act(kiosk, ServiceAct.REPRINT)
        until(lambda: kiosk.printer.slips)
        assert ticket.label in kiosk.printer.slips[0].lines


def test_a_ticket_without_paper_was_voided_and_is_not_printed_again(tmp_path: Path) -> None:
    with Kiosk(tmp_path, None) as kiosk:
        kiosk.printer.paper_out()
        assert kiosk.take() == NotPrinted(order=1, why=Failure.PRINT)
        assert not act(kiosk, ServiceAct.PAPER_CHANGED)
        kiosk.printer.paper_in()
        assert act(kiosk, ServiceAct.PAPER_CHANGED)
        until(lambda: kiosk.closed is None)
        assert not act(kiosk, ServiceAct.REPRINT)


def test_a_machine_that_was_set_aside_stays_so_over_a_restart(tmp_path: Path) -> None:
    with Kiosk(tmp_path, None) as kiosk:
        until(lambda: kiosk.closed is None)
        assert act(kiosk, ServiceAct.OUT_OF_SERVICE)
        assert kiosk.closed is Closed.OUT_OF_SERVICE
    with Kiosk(tmp_path, None) as kiosk:
        assert kiosk.closed is Closed.OUT_OF_SERVICE
        assert kiosk.station.around(clock()).machine is Machine.OUT_OF_SERVICE
        assert act(kiosk, ServiceAct.IN_SERVICE)
        until(lambda: kiosk.closed is None)
    with Kiosk(tmp_path, None) as kiosk:
        until(lambda: kiosk.closed is None)


def test_a_restart_is_asked_for_once_and_answered(tmp_path: Path) -> None:
    with Kiosk(tmp_path, None) as kiosk:
        assert act(kiosk, ServiceAct.RESTART)
        assert kiosk.restarts == 1


# --- what it tells


def test_the_report_is_made_only_while_somebody_services_the_machine(tmp_path: Path) -> None:
    with Kiosk(tmp_path, None, papers=True) as kiosk:
        assert kiosk.station.around(clock()).report is None
        kiosk.station.attend(papers=False, service=True)
        kiosk.label()
        until(lambda: (report := kiosk.station.around(clock()).report) and report.tickets_today == 1)
        until(lambda: len(kiosk.station.service_report().devices) == 3)
        until(lambda: kiosk.station.service_report().devices[1].health == "ready")
        report = kiosk.station.service_report()
        assert [device.name for device in report.devices] == ["id_card", "printer", "scanner"]
        assert all(device.well and device.since > 0 for device in report.devices)
        assert report.disk_free > 0
        assert report.version
        assert report.unsent == 0, "there is nobody to send to"
        kiosk.station.attend(papers=True, service=False)
        assert kiosk.station.around(clock()).report is None


def test_a_device_that_fails_is_in_the_report_since_then(tmp_path: Path) -> None:
    with Kiosk(tmp_path, None, papers=True) as kiosk:
        until(lambda: any(d.name == "id_card" and d.well for d in kiosk.station.service_report().devices))
        before = clock()
        kiosk.unplug_reader()
        until(lambda: any(not d.well for d in kiosk.station.service_report().devices))
        (ill,) = [device for device in kiosk.station.service_report().devices if not device.well]
        assert (ill.name, ill.health) == ("id_card", "unplugged")
        assert ill.since >= before


def test_what_the_hall_has_not_heard_is_counted_over_a_restart(tmp_path: Path) -> None:
    with Server(tmp_path / "hall") as hall:
        with Kiosk(tmp_path, hall) as kiosk:
            until(lambda: kiosk.connected)
            kiosk.label()
            until(lambda: kiosk.station.service_report().unsent == 0)
            until(lambda: hall.client().get().json["devices"])
            until(lambda: kiosk.station.service_report().unsent == 0)
            hall.kill()
            until(lambda: not kiosk.connected)
            kiosk.label()
            kiosk.label()
            unsent = kiosk.station.service_report().unsent
            assert unsent >= 2
        with Kiosk(tmp_path, hall) as kiosk:
            assert kiosk.station.service_report().unsent >= unsent
            hall.start()
            until(lambda: kiosk.station.service_report().unsent == 0)


def test_the_last_lines_of_the_log_are_kept_for_the_screen() -> None:
    recent = Recent()
    said = {"msg": "line %d", "args": (0,), "levelname": "WARNING", "levelno": logging.WARNING, "created": 0.0}
    record = logging.makeLogRecord(said)
    for number in range(LOG_LINES + 5):
        record.args = (number,)
        recent.handle(record)
    lines = recent.lines("Asia/Shanghai")
    assert len(lines) == LOG_LINES
    assert lines[-1] == f"01-01 08:00:00 warning line {LOG_LINES + 4}", "at the hall's time"


def test_a_log_line_is_one_object_whatever_is_in_it() -> None:
    record = logging.makeLogRecord({"msg": "two\nlines", "levelname": "INFO", "name": "kiosk", "device": "K1/printer"})
    line = JsonLines().format(record)
    assert "\n" not in line
    assert json.loads(line) | {"at": ""} == {
        "at": "", "level": "info", "logger": "kiosk", "event": "two\nlines", "device": "K1/printer",
    }  # fmt: skip


# --- keys


def test_the_hall_key_of_the_day_comes_before_our_own_and_goes_with_its_day(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keys = Keys(path)
    own = keys.day_key("2026-03-02")
    assert keys.day_key("2026-03-02") == own
    assert Keys(path).day_key("2026-03-02") == own, "kept over a restart"
    told = hall_keys({"day": "2026-03-02", "day_key": "aA-_" * 10 + "aA", "code_key": "bB" * 16})
    assert told is not None
    keys.learn(told)
    assert keys.day_key("2026-03-02") == told.day_key.key != own
    assert keys.has_hall_key("2026-03-02")
    kept = Keys(path)
    assert (kept.day_key("2026-03-02"), kept.code_key) == (told.day_key.key, told.code_key)
    tomorrow = kept.day_key("2026-03-03")
    assert tomorrow not in (own, told.day_key.key)
    assert "2026-03-02" not in path.read_text()
    assert Keys(path).code_key == told.code_key


@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        {"day": "2026-03-02", "day_key": "short", "code_key": "bB" * 16},
        {"day": 1, "day_key": "aA" * 20, "code_key": "bB" * 16},
        {"day": "2026-03-02", "day_key": None, "code_key": "bB" * 16},
    ],
)
def test_what_is_no_key_is_not_taken_for_one(content: object) -> None:
    assert hall_keys(content) is None


def test_a_disk_that_is_full_or_a_damaged_file_costs_only_the_keeping(tmp_path: Path) -> None:
    (tmp_path / "keys.json").mkdir()
    keys = Keys(tmp_path / "keys.json")
    assert keys.day_key("2026-03-02") == keys.day_key("2026-03-02")
    assert keys.code_key is None
