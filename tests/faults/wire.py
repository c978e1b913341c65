"""A bad network: a TCP port before a server that is cut, slow, silent, or loses an answer, whenever it is told to."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from enum import StrEnum

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with 0 s: closing sends RST, and what was not sent yet is lost


class Way(StrEnum):
    UP = "up"
    DOWN = "down"


class Network:
    """The thread in which all wires live."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="network")
        self._thread.start()

    def close(self) -> None:
        """Close the wires first."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


class Wire:
    """One kiosk's line to the server at `target()`. It listens on `port`; its methods may be called from any thread."""

    def __init__(self, network: Network, target: Callable[[], int]) -> None:
        self._loop, self._target = network.loop, target
        self._gone = False
        self._delay = 0.0
        self._cuts: dict[Way, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        asyncio.run_coroutine_threadsafe(self._begin(), self._loop).result(10)

    # --- what happens to it

    def gone(self) -> None:
        """Nothing is reached any more; what was open is reset."""
        self._call(self._break, True)

    def cut(self) -> None:
        """What is open is reset; new connections go through."""
        self._call(self._break, False)

    def cut_after(self, way: Way, count: int) -> None:
        """The connection on which the next `count` bytes have gone `way` is reset: in the middle of what follows."""
        self._call(self._cuts.__setitem__, way, count)

    def hold(self) -> None:
        """Half open: everything seems connected, and nothing comes through."""
        self._call(self._passable.clear)

    def slow(self, seconds: float) -> None:
        self._delay = seconds

    def heal(self) -> None:
        """What was held comes through, late, as TCP does it."""
        self._call(self._mend)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)

    # --- in the network's thread

    def _call(self, method: Callable[..., object], *arguments: object) -> None:
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (method(*arguments), done.set()))
        assert done.wait(10)

    async def _begin(self) -> None:
        self._passable = asyncio.Event()
        self._passable.set()
        self._accepting = asyncio.create_task(self._accept())

    async def _end(self) -> None:
        self._accepting.cancel()
        self._break(True)
        await asyncio.gather(self._accepting, *self._tasks, return_exceptions=True)
        self._listener.close()

    def _break(self, gone: bool) -> None:
        self._gone = gone
        for task in list(self._tasks):
            task.cancel()

    def _mend(self) -> None:
        self._gone, self._delay = False, 0.0
        self._cuts.clear()
        self._passable.set()

    async def _accept(self) -> None:
        while True:
            near, _ = await self._loop.sock_accept(self._listener)
            task = asyncio.create_task(self._connect(near))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            task.add_done_callback(lambda _, near=near: near.close())  # also of one that was cut before it began

    async def _connect(self, near: socket.socket) -> None:
        """Carry one connection until either end closes it or it is reset."""
        far = socket.socket()
        reset = True
        try:
            await self._passable.wait()
            if not self._gone:
                reset = await self._carry(near, far)
        except OSError:
            pass  # one end went away: so does the other
        finally:
            for end in (near, far):
                if reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.close()

    async def _carry(self, near: socket.socket, far: socket.socket) -> bool:
        """Gives whether the connection is to be reset in the end."""
        for end in (near, far):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await self._loop.sock_connect(far, ("127.0.0.1", self._target()))
        ways = (self._pump(near, far, Way.UP), self._pump(far, near, Way.DOWN))
        pumps = [asyncio.create_task(way) for way in ways]
        try:
            done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            return any(pump.result() for pump in done)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, source: socket.socket, sink: socket.socket, way: Way) -> bool:
        """Gives False when `source` is closed, True when the line is to be cut here."""
        while data := await self._loop.sock_recv(source, 1 << 16):
            await self._passable.wait()
            if self._delay:
                await asyncio.sleep(self._delay)
            left = self._cuts.get(way)
            if left is not None and len(data) > left:
                del self._cuts[way]
                await self._loop.sock_sendall(sink, data[:left])
                return True
            if left is not None:
                self._cuts[way] = left - len(data)
            await self._loop.sock_sendall(sink, data)
        return False
