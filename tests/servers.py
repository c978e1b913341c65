"""A real hall server: `bianmin hall` as a process of its own, asked over HTTP, ended by its pid.

    with Server(folder) as server:
        hall = server.client()
        hall.post("/tickets", {"queue": "A"}).json["label"]     # -> "A001"

The hall `H1` has three queues, eight windows that serve all of them, and two kiosks. Wherever and whenever a test
runs it is about noon there, so that no day ends during a test.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from waiting import until

from queue_server.journal.entry import Entry
from queue_server.journal.ids import uuid7
from queue_server.journal.store import SqliteStore

HALL = "H1"
WINDOWS = [str(number) for number in range(1, 9)]
START_SECONDS = 60
NOON_HERE = f"Etc/GMT{time.gmtime().tm_hour - 12:+d}"  # POSIX signs: Etc/GMT-8 lies east of Greenwich

TERMS = """\
terms:
  basis: {zh: 设立依据, en: Legal basis}
  conditions: {zh: 申报条件, en: Conditions}
  materials: {zh: 申报材料, en: Materials}
  process: {zh: 办理流程, en: Process}
  time_limit: {zh: 办理期限, en: Time limit}
  completion: {zh: 办结方式, en: Result}
  fee: {zh: 收费标准, en: Fee}
  one_time_notice: {zh: 一次性告知。, en: That is all you need.}
"""
"""What every city's file must have; tests that write one of their own begin with it."""

CITY = f"""
name: {{zh: 测试市}}
{TERMS}classes:
  - {{code: ordinary, name: {{zh: 普通}}, target_minutes: 20}}
  - {{code: appointment, name: {{zh: 预约}}, target_minutes: 5}}
  - {{code: military, name: {{zh: 军人}}, target_minutes: 5, strict: true}}
services:
  licence: {{name: {{zh: 执照, en: Licence}}, minutes: 10, spread: 0.7}}
  tax: {{name: {{zh: 税务, en: Tax}}, minutes: 5, spread: 0.7}}
halls:
  - code: {HALL}
    name: {{zh: 测试大厅, en: Test hall}}
    kind: town_centre
    timezone: {NOON_HERE}
    hours: {{periods: [{{opens: "08:30", closes: "17:30"}}], weekdays: [1, 2, 3, 4, 5, 6, 7]}}
    queues:
      - {{code: A, letter: A, name: {{zh: 甲}}, minutes: 10, spread: 0.7}}
      - {{code: B, letter: B, name: {{zh: 乙}}, minutes: 5, spread: 0.7}}
      - {{code: C, letter: C, name: {{zh: 丙}}, minutes: 5, spread: 0.7}}
    services: {{licence: A, tax: B}}
    windows:
""" + "".join(
    f'      - {{code: "{code}", name: {{zh: {code}号窗口}}, serves: [{{queue: A}}, {{queue: B}}, {{queue: C}}]}}\n'
    for code in WINDOWS
)
CITY += """
    kiosks:
      - {code: K1, slot: 1}
      - {code: K2, slot: 2}
"""


def city(folder: Path) -> Path:
    """The test city's file in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "city.yaml"
    path.write_text(CITY, encoding="utf-8")
    return path


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def reason(self) -> str:
        """The last part of a problem's `type`; "" if this is not a problem document."""
        if self.type != "application/problem+json":
            return ""
        problem = self.json
        assert problem["status"] == self.status
        assert problem["title"]
        assert problem["detail"]
        return str(problem["type"]).rpartition("/")[2]


class Client:
    """One keep-alive connection. Paths are those within the hall; one that begins with `//` is the server's own."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._connection = HTTPConnection(host, port, timeout=60)

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        full = path[1:] if path.startswith("//") else f"/api/v1/halls/{HALL}{path}"
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self._connection.request(method, full, body, names)
            response = self._connection.getresponse()
            content = response.read()
        except BaseException:
            self._connection.close()
            raise
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, content)

    def get(self, path: str = "") -> Answer:
        return self.send("GET", path)

    def post(self, path: str, body: Any = None, key: str | None = None) -> Answer:
        return self._send_json("POST", path, body, key)

    def put(self, path: str, body: Any, key: str | None = None) -> Answer:
        return self._send_json("PUT", path, body, key)

    def _send_json(self, method: str, path: str, body: Any, key: str | None) -> Answer:
        more = {} if key is None else {"Idempotency_Key": key}
        content = json.dumps({} if body is None else body).encode()
        return self.send(method, path, content, Content_Type="application/json", **more)

    def do(self, window: str, action: str, key: str | None = None, **body: Any) -> Answer:
        return self.post(f"/windows/{window}/{action}", body, key)

    def issue(self, queue: str = "A", **more: Any) -> str:
        """A ticket's id."""
        answer = self.post("/tickets", {"queue": queue, **more})
        assert answer.status == 201, answer.body
        return str(answer.json["id"])

    @property
    def seq(self) -> int:
        return int(self.get().json["seq"])

    @property
    def followers(self) -> int:
        """Of the feed, as the server knows them."""
        return int(self.get("//healthz").json["halls"][HALL]["followers"])

    def pad(self, times: int = 1) -> None:
        """Make the journal longer by `times` × 0.8 MB."""
        for _ in range(times):
            fact = {"at": 1, "text": "x" * 800_000}
            parcel = {"seq": 1, "id": uuid7(), "cause": "pad", "at": 1, "kind": "Padding", "data": fact}
            assert self.post("/journal/pad", {"journal": uuid7(), "entries": [parcel]}).status == 200

    def close(self) -> None:
        self._connection.close()


_NURSERY = """
import json, os, resource, sys
import gevent.signal, queue_server.app, queue_server.cli, queue_server.journal.verify

for line in sys.stdin:
    order = json.loads(line)
    if "wait" in order:
        print(os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1]), flush=True)
    elif pid := os.fork():
        print(pid, flush=True)
    else:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 1)
        os.dup2(os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), 2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest_file"], resource.RLIM_INFINITY))
        queue_server.cli.main(order["arguments"], prog_name="bianmin")
"""


class Nursery:
    """A process that has read all the program's code and forks a `bianmin …` in an instant: tests start many."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def start(self, folder: Path, *arguments: str | Path, largest_file: int = resource.RLIM_INFINITY) -> int:
        """Start `bianmin`: what it says goes to `folder`/out, its log is added to `folder`/log. Gives its pid."""
        (folder / "out").write_text("")
        return self._ask(
            arguments=list(map(str, arguments)),
            out=str(folder / "out"),
            log=str(folder / "log"),
            largest_file=largest_file,
        )

    def wait(self, pid: int, seconds: float = START_SECONDS) -> int:
        """The exit status of one that was started, once it has ended; minus the signal that ended it."""
        watched = os.pidfd_open(pid)
        try:
            ended, _, _ = select.select([watched], [], [], seconds)
        finally:
            os.close(watched)
        if not ended:
            os.kill(pid, signal.SIGKILL)
        status = self._ask(wait=pid)
        assert ended, f"process {pid} did not end in {seconds} s"
        return status

    def _ask(self, **order: Any) -> int:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            atexit.register(self._end)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def _end(self) -> None:
        assert self._process is not None
        self._process.communicate()


_nursery = Nursery()


@dataclass(frozen=True)
class Ended:
    """How a program ended, and what it had said."""

    status: int
    out: str
    log: str


def run(folder: Path, *arguments: str | Path, largest_file: int = resource.RLIM_INFINITY) -> Ended:
    """`bianmin …` to its end. `folder` is for what it says."""
    status = _nursery.wait(_nursery.start(folder, *arguments, largest_file=largest_file))
    return Ended(status, (folder / "out").read_text(encoding="utf-8"), (folder / "log").read_text(encoding="utf-8"))


class Server:
    """`bianmin hall` on a free port, which it keeps over restarts.

    Only with `forecast` does it start a forecaster: that costs half a second of CPU, and most tests ask for no waits.
    """

    def __init__(self, folder: Path, *options: str, config: Path | None = None, forecast: bool = False) -> None:
        self.folder = folder
        self.port = 0
        self._options = (*options, "--forecast" if forecast else "--no-forecast")
        self._city = config or city(folder)
        self._pid: int | None = None
        self._clients: list[Client] = []

    @property
    def journal(self) -> Path:
        return self.folder / f"{HALL}.sqlite"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._pid is not None
        return self._pid

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def start(self) -> Self:
        self._pid = _nursery.start(
            self.folder,
            *("hall", "--config", self._city, "--data", self.folder, "--port", str(self.port), *self._options),
        )
        out = self.folder / "out"
        until(lambda: out.read_text().endswith("\n") or not _runs(self.pid), START_SECONDS)
        line = out.read_text()
        assert line.startswith("http://"), f"the server did not start: {self.log}"
        self.port = int(line.split("/")[2].rpartition(":")[2])
        return self

    def client(self) -> Client:
        client = Client(self.port)
        self._clients.append(client)
        return client

    def stop(self) -> int:
        """End it as an operator would; its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        for client in self._clients:
            client.close()
        pid, self._pid = self._pid, None
        if pid is None:
            return 0
        os.kill(pid, how)
        return _nursery.wait(pid)

    def back_up(self, folder: Path) -> None:
        """Copy the journal into `folder`, while the server does not run."""
        self.kill()
        folder.mkdir()
        for file in self.folder.glob(f"{HALL}.sqlite*"):
            shutil.copy(file, folder)
        self.start()

    def restore(self, folder: Path) -> None:
        """Put a backup in the place of the journal, while the server does not run."""
        self.kill()
        for file in self.folder.glob(f"{HALL}.sqlite*"):
            file.unlink()
        for file in folder.iterdir():
            shutil.copy(file, self.folder)
        self.start()

    def entries(self) -> list[Entry]:
        """The whole journal, read from the file. Only while the server does not run."""
        store = SqliteStore(self.journal)
        try:
            return store.read(HALL, 0, 1_000_000)
        finally:
            store.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()


def _runs(pid: int) -> bool:
    """Whether the process has not ended; one that nobody has waited for yet is a zombie."""
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


@contextmanager
def stream(port: int, path: str = "/feed", *, receive_buffer: int | None = None, **headers: str) -> Iterator[Stream]:
    """A raw connection to a stream of the hall; `**headers` as in `Client.send`."""
    with socket.socket() as sock:
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(30)
        sock.connect(("127.0.0.1", port))
        lines = [f"GET /api/v1/halls/{HALL}{path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        sock.sendall("\r\n".join([*lines, "", ""]).encode())
        yield Stream(sock)


def seqs(body: bytes) -> list[int]:
    """The numbers of the events in a stream."""
    return [int(line[4:]) for line in body.split(b"\n") if line.startswith(b"id: ")]


class Stream:
    """The answer to a request for a stream, read as it comes."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.body = b""
        self._head: bytes | None = None

    @property
    def head(self) -> bytes:
        """Status line and headers."""
        if self._head is None:
            received = b""
            while b"\r\n\r\n" not in received:
                received += self._receive()
            self._head, _, self.body = received.partition(b"\r\n\r\n")
        return self._head

    @property
    def status(self) -> int:
        return int(self.head.split()[1])

    def read_until(self, wanted: Callable[[bytes], object]) -> bytes:
        """The body so far, once `wanted` is content with it."""
        assert self.head
        while not wanted(self.body):
            self.body += self._receive()
        return self.body

    def read_to_end(self) -> bytes:
        assert self.head
        while chunk := self._sock.recv(1 << 16):
            self.body += chunk
        return self.body

    def _receive(self) -> bytes:
        chunk = self._sock.recv(1 << 16)
        assert chunk, "the server ended the stream"
        return chunk
