"""Number, journal, paper: real SQLite files, a simulated printer on TCP, and a real hall server."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hall_stories import HALL, MONDAY, TUESDAY
from kiosks import NOON, Counter, Kiosk
from servers import Server, city, until

from devices.printer import Printer
from devices.printer.simulator import EscPosPrinter
from devices.simulation import Running, TcpEnd
from devices.transport import open_transport
from kiosk.desk import machine
from kiosk.session import Answer, Failure, NotPrinted, Printed, Shown, TakeTicket
from kiosk.station import Station
from kiosk.surroundings import Closed
from kiosk.ticketing import PRINT_FAILED
from queue_server.config import load as load_city
from queue_server.domain.calendar import day_of, instant
from queue_server.domain.configuration import Numbering
from queue_server.domain.events import TicketIssued, TicketVoided
from queue_server.journal.entry import event_of
from queue_server.journal.replica import clock

# --- journal first, then paper


def test_a_ticket_is_on_disk_before_a_byte_of_it_goes_to_the_printer(tmp_path: Path) -> None:
    on_disk: list[int] = []

    class Watched(EscPosPrinter):
        def receive(self, data: bytes) -> bytes:
            with sqlite3.connect(tmp_path / "own.db") as other:
                on_disk.append(other.execute("SELECT count(*) FROM journal").fetchone()[0])
            return super().receive(data)

    with Counter(tmp_path, Watched()) as counter:
        counter.label()
        counter.label()
    assert on_disk[0] == 1
    assert set(on_disk) == {1, 2}


def test_the_paper_is_that_of_the_ticket(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        taken = counter.take("B", "tax")
        assert isinstance(taken, Printed)
        (issued,) = counter.facts
        until(lambda: counter.printer.slips)
        (slip,) = counter.printer.slips
    assert isinstance(issued, TicketIssued)
    assert (issued.ticket, issued.label, issued.service, issued.source) == (taken.ticket.ticket, "B901", "tax", "K1")
    assert issued.due_at == NOON + 30 * 60_000, "queue B promises half an hour"
    assert "B901" in slip.lines
    assert slip.codes == [f"http://hall/t/{issued.ticket}"]


@pytest.mark.parametrize(
    "spoil", [EscPosPrinter.paper_out, EscPosPrinter.cover_open, EscPosPrinter.deaf, EscPosPrinter.noise]
)
def test_a_ticket_whose_paper_fails_is_voided(tmp_path: Path, spoil: Callable[[EscPosPrinter], None]) -> None:
    with Counter(tmp_path) as counter:
        counter.label()
        spoil(counter.printer)
        assert counter.take() == NotPrinted(order=2, why=Failure.PRINT)
        _, issued, voided = counter.facts
    assert isinstance(issued, TicketIssued)
    assert isinstance(voided, TicketVoided)
    assert (voided.ticket, voided.reason) == (issued.ticket, PRINT_FAILED)


def test_a_ticket_on_whose_last_line_the_paper_ran_out_is_voided(tmp_path: Path) -> None:
    printer = EscPosPrinter(on_ink=lambda _: printer.paper_out())
    with Counter(tmp_path, printer) as counter:
        assert counter.take() == NotPrinted(order=1, why=Failure.PRINT)
        assert isinstance(counter.facts[-1], TicketVoided)


def test_the_number_of_a_voided_ticket_is_not_given_out_again(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.printer.paper_out()
        counter.take()
        counter.printer.paper_in()
        counter.driver.check()
        assert counter.label() == "A902"


def test_a_printer_that_confirms_nothing_leaves_the_ticket_valid_and_says_so(tmp_path: Path) -> None:
    with Counter(tmp_path, EscPosPrinter(confirms=False)) as counter:
        taken = counter.take()
        assert isinstance(taken, Printed)
        assert not taken.ticket.on_paper
        assert [type(fact) for fact in counter.facts] == [TicketIssued]


# --- numbers of a kiosk that is cut off


def test_a_kiosk_that_is_cut_off_uses_its_own_reserve_for_each_queue(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        assert [counter.label(queue) for queue in "AABA"] == ["A901", "A902", "B901", "A903"]


def test_two_kiosks_that_are_cut_off_never_print_the_same_number(tmp_path: Path) -> None:
    with Counter(tmp_path / "1") as first, Counter(tmp_path / "2", kiosk="K2") as second:
        assert not {first.label() for _ in range(5)} & {second.label() for _ in range(5)}


def test_a_kiosk_remembers_what_it_gave_out_today_and_starts_anew_tomorrow(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        assert [counter.label(), counter.label()] == ["A901", "A902"]
    with Counter(tmp_path) as counter:
        assert counter.label() == "A903"
        counter.now = instant(HALL.timezone, TUESDAY, "09:00")
        assert counter.label() == "A901"
    with Counter(tmp_path) as counter:
        counter.now = instant(HALL.timezone, TUESDAY, "09:05")
        assert counter.label() == "A902"


def test_a_reserve_that_is_used_up_is_said_and_nothing_is_printed(tmp_path: Path) -> None:
    scarce = replace(HALL, numbering=Numbering(reserve=(901, 902), overflow=(9001, 9002), slots=2))
    with Counter(tmp_path, configuration=scarce) as counter:
        assert [counter.label(), counter.label()] == ["A901", "A9001"]
        assert counter.take() == NotPrinted(order=3, why=Failure.REFUSED)
        assert counter.label("B") == "B901"
        assert len(counter.facts) == 3


# --- faults of this machine


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """No file may grow beyond the journal as it is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((folder / "own.db-wal").stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_on_a_full_disk_nothing_is_printed_and_the_kiosk_recovers(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.label()
        until(lambda: len(counter.printer.slips) == 1)
        with full_disk(tmp_path):
            assert counter.take() == NotPrinted(order=2, why=Failure.STORAGE)
            assert not counter.ticketing.probe()
        assert counter.ticketing.probe()
        assert counter.label() in {"A902", "A903"}
        until(lambda: len(counter.printer.slips) == 2)


CRASHING = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from kiosks import Counter
from devices.printer import Printer
from devices.transport import open_transport
with Counter(Path(sys.argv[1])) as counter:
    counter.ticketing._printer = Printer(open_transport(sys.argv[2]))
    counter.take()
"""


def test_a_kiosk_killed_between_journal_and_paper_never_gives_the_number_out_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent_printer:
        line = f"tcp:127.0.0.1:{silent_printer.getsockname()[1]}"
        kiosk = subprocess.Popen([sys.executable, "-c", CRASHING, tmp_path, line, str(Path(__file__).parent)])
        silent_printer.settimeout(30)
        wire, _ = silent_printer.accept()
        with wire:
            assert wire.recv(1), "it asks how the printer is: the ticket is in the journal by now"
            os.kill(kiosk.pid, signal.SIGKILL)
            kiosk.wait()
    with Counter(tmp_path) as counter:
        assert [fact.label for fact in counter.facts if isinstance(fact, TicketIssued)] == ["A901"]
        assert counter.label() == "A902"


# --- with a hall


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "hall") as server:
        yield server


def labels_in(server: Server) -> list[str]:
    """Of the tickets issued, in the order of the hall's journal. Ends the server."""
    server.stop()
    return [fact.label for entry in server.entries() if isinstance(fact := event_of(entry), TicketIssued)]


def test_while_the_hall_is_there_it_lends_the_numbers_and_hears_of_the_tickets(tmp_path: Path, hall: Server) -> None:
    client = hall.client()
    client.issue("A")
    with Kiosk(tmp_path, hall) as kiosk:
        until(lambda: kiosk.connected)
        first = kiosk.take("A", "licence")
        assert isinstance(first, Printed)
        assert (first.ticket.label, first.ticket.ahead) == ("A002", 1)
        until(lambda: client.get(f"/tickets/{first.ticket.ticket}").status == 200)
        assert client.get(f"/tickets/{first.ticket.ticket}").json["service"] == "licence"
        until(lambda: kiosk.station.around(clock()).queue("A").waiting == 2)


def test_waits_and_windows_come_from_the_hall(tmp_path: Path, hall: Server) -> None:
    client = hall.client()
    for window in ("3", "4"):
        client.do(window, "open")
    for _ in range(6):
        client.issue("B")
    with Kiosk(tmp_path, hall) as kiosk:
        until(lambda: kiosk.station.around(clock()).queue("B").wait is not None)
        queue = kiosk.station.around(clock()).queue("B")
        promised = next(q for q in client.get().json["queues"] if q["code"] == "B")["wait"]
        assert (queue.waiting, queue.wait, queue.windows) == (6, (promised["low"], promised["high"]), ("3", "4"))
        taken = kiosk.take("B")
        assert isinstance(taken, Printed)
        assert (taken.ticket.ahead, taken.ticket.wait, taken.ticket.windows) == (6, queue.wait, ("3", "4"))


def test_a_failed_print_reaches_the_hall_and_leaves_nobody_waiting(tmp_path: Path, hall: Server) -> None:
    client = hall.client()
    with Kiosk(tmp_path, hall) as kiosk:
        until(lambda: kiosk.connected)
        kiosk.printer.paper_out()
        assert kiosk.take() == NotPrinted(order=1, why=Failure.PRINT)
        until(lambda: client.get().json["tickets"]["voided"] == 1)
        assert client.get().json["queues"][0]["waiting"] == 0
        assert kiosk.closed is Closed.OUT_OF_PAPER
        kiosk.printer.paper_in()
        until(lambda: kiosk.closed is None)


def test_when_the_hall_is_gone_the_kiosk_goes_on_and_everything_arrives_once(tmp_path: Path, hall: Server) -> None:
    with Kiosk(tmp_path, hall) as kiosk:
        until(lambda: kiosk.connected)
        printed = [kiosk.label(), kiosk.label("B")]
        hall.kill()
        until(lambda: not kiosk.connected)
        cut_off = kiosk.ticket()
        assert (cut_off.ahead, cut_off.wait) == (None, None), "nobody knows now"
        printed += [cut_off.label, kiosk.label("B"), kiosk.label()]
        assert printed == ["A001", "B001", "A901", "B901", "A902"]
        hall.start()
        until(lambda: kiosk.connected)
        assert kiosk.label() == "A002"
        client = hall.client()
        until(lambda: client.get().json["tickets"]["waiting"] == 6)
    assert sorted(labels_in(hall)) == ["A001", "A002", "A901", "A902", "B001", "B901"]


def test_a_server_that_dies_between_press_and_number_costs_no_ticket(tmp_path: Path, hall: Server) -> None:
    with Kiosk(tmp_path, hall) as kiosk:
        until(lambda: kiosk.connected)
        os.kill(hall.pid, signal.SIGSTOP)  # it still holds its connections, and says nothing any more
        try:
            assert kiosk.label() == "A901"
        finally:
            os.kill(hall.pid, signal.SIGCONT)


def test_a_kiosk_the_hall_does_not_know_is_refused_and_prints_nothing(tmp_path: Path, hall: Server) -> None:
    other = tmp_path / "other"
    file = city(other)
    file.write_text(file.read_text("utf-8") + "      - {code: K3, slot: 3}\n", "utf-8")
    known_here_only = load_city(file).configuration("H1")
    with Running(EscPosPrinter(), TcpEnd()) as wire:
        answers: list[Answer | Shown] = []
        station = Station(
            configuration=known_here_only, kiosk="K3", printer=Printer(open_transport(wire.wire.name)), folder=other,
            public_url="http://hall", server=hall.url, answer=answers.append,
        )  # fmt: skip
        station.start()
        until(lambda: station.around(clock()).queues)
        station.do(TakeTicket(order=1, queue="A", service=None, language="zh"))
        until(lambda: answers)
        station.stop()
    assert answers == [NotPrinted(order=1, why=Failure.REFUSED)]


def test_a_kiosk_started_without_its_hall_works_from_its_file(tmp_path: Path) -> None:
    with Server(tmp_path / "gone") as gone:
        pass
    with Kiosk(tmp_path, gone) as kiosk:
        until(lambda: kiosk.closed is None)
        assert kiosk.label() == "A901"


def test_a_copy_of_the_hall_that_is_broken_is_fetched_again(tmp_path: Path, hall: Server) -> None:
    hall.client().issue("A")
    (tmp_path / "hall.db").write_bytes(b"this was a journal once" * 500)
    with Kiosk(tmp_path, hall) as kiosk:
        until(lambda: kiosk.connected)
        assert kiosk.label() == "A002"


def test_every_health_of_a_printer_means_something_for_the_machine() -> None:
    from devices.printer import Health

    meant = {health: machine(health) for health in Health}
    assert {health for health, state in meant.items() if state == "ready"} == {Health.READY, Health.PAPER_LOW}
    assert [health for health, state in meant.items() if state == "out-of-paper"] == [Health.PAPER_OUT]


def test_the_day_of_a_ticket_is_that_of_the_hall_not_of_greenwich(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.now = instant(HALL.timezone, TUESDAY, "00:30")
        assert day_of("UTC", counter.now) == MONDAY
        counter.label()
        (issued,) = counter.facts
        assert isinstance(issued, TicketIssued)
        assert issued.day == TUESDAY
