"""The byte transport on real ptys, sockets and character devices, and the in-memory cable."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waiting import Held, until

from devices.cable import Cable, CableEnd, doubled, drop, noise, split
from devices.simulation import PtyEnd, Running, TcpEnd
from devices.transport import Reconnecting, Transport, open_transport


def read_exactly(transport: Transport, count: int, seconds: float = 30.0) -> bytes:
    got, deadline = b"", time.monotonic() + seconds
    while len(got) < count and time.monotonic() < deadline:
        got += transport.read(0.2, count - len(got))
    return got


def fails(act: Callable[[], object]) -> bool:
    try:
        act()
    except OSError:
        return True
    return False


class Echo:
    """The simplest device: says everything back in capitals."""

    def receive(self, data: bytes) -> bytes:
        return data.upper()

    def tick(self, now: float) -> bytes:
        return b""


def wire_for(kind: str, folder: Path) -> tuple[PtyEnd | TcpEnd, Callable[[], str]]:
    if kind == "pty":
        pty = PtyEnd(link=folder / "tty")
        return pty, lambda: f"serial:{pty.path}?baud=115200"
    tcp = TcpEnd()
    return tcp, lambda: f"tcp:127.0.0.1:{tcp.port}"


@pytest.fixture(params=["pty", "tcp"])
def echo(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Running, Transport]]:
    wire, line = wire_for(request.param, tmp_path)
    with Running(Echo(), wire) as running, open_transport(line()) as transport:
        yield running, transport


def test_bytes_of_every_value_pass_unchanged(echo: tuple[Running, Transport]) -> None:
    _, transport = echo
    sent = bytes(range(256)) * 8
    transport.write(sent)
    assert read_exactly(transport, len(sent)) == sent.upper()


def test_silence_is_no_fault(echo: tuple[Running, Transport]) -> None:
    _, transport = echo
    assert transport.read(0.05) == b""
    assert transport.is_open


def test_what_arrived_earlier_can_be_thrown_away(echo: tuple[Running, Transport]) -> None:
    _, transport = echo
    thrown = bytearray()
    transport.write(b"stale answer")
    until(lambda: thrown.extend(transport.discard()) or thrown == b"STALE ANSWER")
    transport.write(b"fresh")
    assert read_exactly(transport, 5) == b"FRESH"


def test_a_vanished_device_raises_for_reading_and_writing(echo: tuple[Running, Transport]) -> None:
    running, transport = echo
    running.unplug()
    until(lambda: fails(lambda: transport.read(0.01)))
    assert fails(lambda: transport.read(0.01)), "it goes on failing"
    assert fails(lambda: transport.write(b"x"))


def connected() -> tuple[Transport, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        transport = open_transport(f"tcp:127.0.0.1:{listener.getsockname()[1]}")
        transport.open()
        return transport, listener.accept()[0]


def test_a_closed_peer_is_noticed_by_the_first_write() -> None:
    transport, peer = connected()
    with peer:
        peer.close()
        with pytest.raises(ConnectionResetError):
            until(lambda: transport.write(b"x"))  # the end of file needs a moment even on loopback
    transport.close()


def test_what_a_peer_said_before_it_left_can_still_be_read() -> None:
    transport, peer = connected()
    with peer:
        peer.sendall(b"last words")
    assert read_exactly(transport, 10) == b"last words"
    with pytest.raises(ConnectionResetError):
        transport.read(5.0)
    transport.close()


@pytest.mark.parametrize("kind", ["pty", "tcp"])
def test_a_device_that_takes_no_bytes_is_a_timeout(kind: str, tmp_path: Path) -> None:
    wire, line = wire_for(kind, tmp_path)
    with wire, open_transport(line()) as transport, pytest.raises(TimeoutError):
        transport.write(bytes(32 << 20), timeout=0.2)  # nobody reads the far end


def test_a_serial_line_is_opened_exclusively(tmp_path: Path) -> None:
    with PtyEnd() as pty, open_transport(f"serial:{pty.path}"), pytest.raises(OSError, match="lock"):
        open_transport(f"serial:{pty.path}").open()


@pytest.mark.parametrize("line", ["serial:/nowhere/tty", "file:/nowhere/lp0", "tcp:127.0.0.1:1"])
def test_a_device_that_is_not_there_is_an_oserror(line: str) -> None:
    transport = open_transport(line)
    with pytest.raises(OSError):  # noqa: PT011
        transport.open()
    assert not transport.is_open
    assert fails(lambda: transport.read(0.01)), "not open"
    transport.close()


def test_a_character_device_is_read_and_written() -> None:
    with open_transport("file:/dev/null") as transport:
        transport.write(b"into the void")
        assert transport.read(0.03) == b"", "an empty read of a character device is silence, not its end"
        assert transport.is_open


def test_a_plain_file_or_a_tty_is_no_character_device(tmp_path: Path) -> None:
    plain = tmp_path / "lp0"
    plain.touch()
    with PtyEnd() as pty:
        for path in (plain, pty.path):
            with pytest.raises(OSError, match="not a character device"):
                open_transport(f"file:{path}").open()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("", "write serial:"),
        ("printer", "write serial:"),
        ("serial:", "write serial:"),
        ("serial:/dev/ttyS0?bud=9600", "unknown option bud"),
        ("serial:/dev/ttyS0?baud=fast", "fast"),
        ("serial:/dev/ttyS0?baud", "baud"),
        ("serial:/dev/ttyS0?parity=Z", "parity"),
        ("serial:/dev/ttyS0?rtscts=yes", "yes"),
        ("serial:/dev/ttyS0?baud=９６００", "'９６００' is no number in plain digits"),
        ("serial:/dev/ttyS0?baud=9_600", "plain digits"),
        ("serial:/dev/ttyS0?bits=８", "plain digits"),
        ("serial:/dev/ttyS0?stop=１", "plain digits"),
        ("serial:/dev/ttyS0?stop=nan", "plain digits"),
        ("tcp:127.0.0.1", "host and a port"),
        ("tcp:127.0.0.1:９１００", "'９１００' is no number in plain digits"),
        ("tcp:127.0.0.1:", "host and a port"),
        ("tcp:127.0.0.1:0", "host and a port"),
        ("tcp:127.0.0.1:65536", "host and a port"),
        ("tcp::9100", "host and a port"),
        ("tcp:no..host:9100", "label empty"),
        ("file:", "write serial:"),
    ],
)
def test_a_wrong_line_of_configuration_says_what_is_wrong(line: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        open_transport(line)


def test_the_time_on_the_wire_is_known_where_it_matters() -> None:
    assert open_transport("serial:/dev/ttyS0?baud=9600").seconds_for(960) == pytest.approx(1.0)
    assert open_transport("tcp:[::1]:9100").seconds_for(960) == 0.0


def test_unplugged_a_hundred_times_it_comes_back_and_leaks_nothing(tmp_path: Path) -> None:
    def answers(transport: Transport) -> bool:
        with contextlib.suppress(OSError):
            transport.write(b"hello")
            return read_exactly(transport, 5, 0.5) == b"HELLO"
        return False

    for kind in ("pty", "tcp"):
        before = Held()
        wire, line = wire_for(kind, tmp_path)
        with Running(Echo(), wire) as running:
            transport = Reconnecting(open_transport(line()), pause=0.005, longest=0.02)
            for _ in range(50):
                until(partial(answers, transport))
                running.unplug()
                until(partial(fails, partial(transport.read, 0.01)))
                running.plug()
            assert transport.connections >= 50
            transport.close()
        assert Held().no_more_than(before)


def test_a_wire_that_is_down_is_not_tried_again_before_its_pause_is_over() -> None:
    now = 0.0
    cable = Cable()
    link = Reconnecting(cable.near, pause=1.0, longest=4.0, clock=lambda: now)
    cable.cut()
    tries = []
    for now in range(12):
        before = link.fault
        assert fails(link.read)
        tries += [now] if link.fault is not before else []
    assert tries == [0, 1, 3, 7, 11], "the pause doubles up to the longest"
    cable.mend()
    now = 20.0
    assert link.read() == b""
    assert (link.connections, link.fault) == (1, None)


@pytest.mark.parametrize("act", [Reconnecting.open, Reconnecting.read, partial(Reconnecting.write, data=b"x")])
def test_the_fault_a_wire_remembers_holds_nothing_of_what_its_driver_had_read(
    act: Callable[[Reconnecting], object],
) -> None:
    cable = Cable()
    link = Reconnecting(cable.near)
    if act is not Reconnecting.open:
        link.open()
    cable.cut()
    with pytest.raises(OSError, match=r".") as raised:
        act(link)
    assert raised.value.__traceback__ is not None, "whoever is told learns where it was"
    assert link.fault is not None
    assert (link.fault.__traceback__, link.fault.__context__, link.fault.__cause__) == (None, None, None)
    assert (type(link.fault), str(link.fault)) == (type(raised.value), str(raised.value))


def test_a_cable_carries_bytes_both_ways_and_silence() -> None:
    cable = Cable()
    with cable.near, cable.far:
        cable.near.write(b"question")
        assert cable.far.read(1.0, 4) == b"ques"
        assert cable.far.read(1.0) == b"tion"
        assert cable.near.read(0.01) == b""


def test_a_cut_cable_wakes_whoever_waits_and_needs_mending_and_opening() -> None:
    cable = Cable()
    cable.near.open()
    seen: list[bool] = []
    waiting = threading.Thread(target=lambda: seen.append(fails(lambda: cable.near.read(30.0))))
    waiting.start()
    cable.cut()
    waiting.join(30.0)
    assert seen == [True]
    assert fails(cable.near.open)
    cable.mend()
    assert fails(lambda: cable.near.write(b"x")), "mended, but not opened again"
    cable.near.open()
    cable.near.write(b"x")


def test_a_cable_nobody_reads_is_a_timeout_and_one_not_plugged_in_loses_bytes() -> None:
    cable = Cable(capacity=4)
    cable.near.open()
    cable.near.write(bytes(100), timeout=0.01)
    cable.far.open()
    assert cable.far.read(0.01) == b""
    cable.near.write(bytes(3), timeout=0.01)
    with pytest.raises(TimeoutError):
        cable.near.write(bytes(3), timeout=0.01)


def everything(end: CableEnd) -> list[bytes]:
    return list(iter(lambda: end.read(0.0), b""))


def test_a_cable_can_split_lose_double_and_garble_what_one_end_says() -> None:
    cable = Cable()
    with cable.near, cable.far:
        heard = []
        for cable.far.distort in (split(2), drop(lambda i: i == 1), doubled, noise(b"\0", b"\xff"), None):
            cable.far.write(b"abc")
            heard.append(everything(cable.near))
    assert heard == [[b"ab", b"c"], [b"ac"], [b"abc", b"abc"], [b"\0abc\xff"], [b"abc"]]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=20), max_size=10), st.integers(1, 7))
def test_splitting_changes_no_byte(writes: list[bytes], size: int) -> None:
    cable = Cable()
    with cable.near, cable.far:
        cable.near.distort = split(size)
        for data in writes:
            cable.near.write(data)
        assert b"".join(everything(cable.far)) == b"".join(writes)


def test_it_works_under_gevent_without_stopping_other_greenlets(tmp_path: Path) -> None:
    program = """
from gevent import monkey; monkey.patch_all()
import gevent, sys
sys.path.insert(0, sys.argv[1])
from devices.transport import open_transport
from devices.simulation import PtyEnd, Running, TcpEnd
class Echo:
    def receive(self, data): return data.upper()
    def tick(self, now): return b""
def beat():
    global beats
    while True: beats += 1; gevent.sleep(0.01)
beats = 0
gevent.spawn(beat)
for wire in (PtyEnd(), TcpEnd()):
    with Running(Echo(), wire) as running:
        line = f"serial:{wire.path}" if isinstance(wire, PtyEnd) else f"tcp:127.0.0.1:{wire.port}"
        with open_transport(line) as transport:
            transport.write(b"hello"); said = transport.read(5)
            while len(said) < 5: said += transport.read(5)
            before = beats
            assert transport.read(0.3) == b"" and beats > before + 1, "others went on meanwhile"
            running.unplug()
            for _ in range(50):
                try: transport.read(0.1)
                except OSError: print(said.decode()); break
"""
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", program, str(root)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("HELLO\nHELLO\n", "")


def test_a_pty_of_a_simulator_is_raw_and_linked_like_an_adapter(tmp_path: Path) -> None:
    link = tmp_path / "printer"
    with PtyEnd(link) as pty:
        assert link.is_symlink()
        fd = os.open(link, os.O_RDWR | os.O_NOCTTY)
        try:
            lflag = tty.tcgetattr(fd)[3]
        finally:
            os.close(fd)
        assert not lflag & (tty.ECHO | tty.ICANON)
        pty.close()
        assert not link.is_symlink()
