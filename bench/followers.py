"""Many followers in one process, and the barest server that could serve them: a loop that writes to each socket.

As a program it connects `--count` followers and prints, for each event, its id and when the last follower had it
(`time.monotonic`, which all processes of a machine share).
"""

from __future__ import annotations

import argparse
import selectors
import socket
import sys
import time


def follow(host: str, port: int, path: str, count: int, after: int) -> None:
    waiting = selectors.DefaultSelector()
    for number in range(count):
        follower = socket.create_connection((host, port))
        follower.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\nLast-Event-ID: {after}\r\n\r\n".encode())
        follower.setblocking(False)
        waiting.register(follower, selectors.EVENT_READ, [number, b""])
    seen: dict[bytes, int] = {}
    print("ready", flush=True)
    while True:
        for key, _ in waiting.select():
            data = key.fileobj.recv(1 << 18)  # type: ignore[union-attr]
            if not data:
                raise SystemExit("a follower was sent away")
            *lines, key.data[1] = (key.data[1] + data).split(b"\n")
            for line in lines:
                if line.startswith(b"id: "):
                    seen[line] = seen.get(line, 0) + 1
                    if seen[line] == count:
                        del seen[line]
                        sys.stdout.write(f"{line[4:].decode()} {time.monotonic():.6f}\n")
                        sys.stdout.flush()


def bare(count: int, size: int) -> None:
    """Accept `count` sockets, then for each line on stdin write one event of `size` bytes to all, in a loop."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    sockets = []
    for _ in range(count):
        follower, _address = listener.accept()
        follower.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sockets.append(follower)
    for line in sys.stdin:
        event = f"id: {line.strip()}\ndata: {'x' * size}\n\n".encode()
        for follower in sockets:
            follower.send(event)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--bare", type=int, metavar="SIZE")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int)
    parser.add_argument("--path", default="/")
    parser.add_argument("--after", type=int, default=0, help="the last event already seen")
    options = parser.parse_args()
    if options.bare is not None:
        bare(options.count, options.bare)
    else:
        follow(options.host, options.port, options.path, options.count, options.after)


if __name__ == "__main__":
    main()
