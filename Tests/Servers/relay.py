"""A relay before an FTP server: a link that is slow, far, stalls or breaks when a test says so.

    with Relay(server.host, server.port, delay=0.02) as link:
        ftp.connect(link.host, link.port)
        link.after(1_000_000, link.cut)

It follows the control connection and the data connections. Of a plain control connection it reads
the replies 227 and 229 and the commands PORT and EPRT, and puts ports of its own in their place.
Over TLS it cannot read: then it listens at another address of this machine, ``127.0.0.2``, at each
port of the server's passive range, which a client reaches that connects to the host of the control
connection, whatever address the server names. Active mode is not followed over TLS.

``delay`` is the seconds that each byte is under way, each way; a connection takes three times that
until the server has its first byte, as a handshake does. ``rate`` is bytes a second for each
connection and way.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import socket
import struct
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

_CHUNK = 1024 * 1024
_SHORT, _LONG = 256 * 1024, 32 * 1024 * 1024
"""Bytes under way at most, without a delay and with one: a link holds what its length is."""
_PIPES = 200
"""Blocks under way at most, for each connection and way: the next ones are the larger."""

_PASSIVE = re.compile(rb"^227 [^\r\n]*?(\d+),(\d+),(\d+),(\d+),(\d+),(\d+)[^\r\n]*", re.MULTILINE)
_EXTENDED = re.compile(rb"^229 [^\r\n]*\(\|\|\|(\d+)\|\)[^\r\n]*", re.MULTILINE)
_PORT = re.compile(rb"^PORT (\d+),(\d+),(\d+),(\d+),(\d+),(\d+)", re.MULTILINE | re.IGNORECASE)
_EPRT = re.compile(rb"^EPRT \|([12])\|([^|]+)\|(\d+)\|", re.MULTILINE | re.IGNORECASE)


@dataclass(eq=False)
class _Lines:
    """One direction of a control connection, each block of which may be rewritten."""

    source: socket.socket
    target: socket.socket
    rewrite: Callable[[bytes], Awaitable[bytes]]

    async def receive(self, most: int) -> tuple[int, bytes]:
        block = await asyncio.get_running_loop().sock_recv(self.source, most)
        block = await self.rewrite(block) if block else block
        return len(block), block

    async def send(self, _: int, block: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.target, block)

    def close(self) -> None:
        pass


@dataclass(eq=False)
class _Pipes:
    """One direction of a connection that nobody looks into. Its blocks stay in the kernel, each in
    a pipe: what passes through this process would make it the narrowest part of the link."""

    source: socket.socket
    target: socket.socket
    pipes: list[tuple[int, int]] = field(default_factory=list)
    free: list[tuple[int, int]] = field(default_factory=list)
    returned: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, most: int) -> tuple[int, tuple[int, int]]:
        pipe = await self._take()
        loop = asyncio.get_running_loop()
        while True:
            try:
                return os.splice(self.source.fileno(), pipe[1], most), pipe
            except BlockingIOError:
                await _wait(loop.add_reader, loop.remove_reader, self.source)

    async def send(self, size: int, pipe: tuple[int, int]) -> None:
        loop = asyncio.get_running_loop()
        while size > 0:
            try:
                size -= os.splice(pipe[0], self.target.fileno(), size)
            except BlockingIOError:
                await _wait(loop.add_writer, loop.remove_writer, self.target)
        self.free.append(pipe)
        self.returned.set()

    async def _take(self) -> tuple[int, int]:
        while not self.free:
            if len(self.pipes) < _PIPES:
                self.pipes.append(os.pipe())
                with suppress(OSError):
                    # Whoever is not root has so much for all pipes together.
                    fcntl.fcntl(self.pipes[-1][0], fcntl.F_SETPIPE_SZ, _CHUNK)
                return self.pipes[-1]
            self.returned.clear()
            await self.returned.wait()
        return self.free.pop()

    def close(self) -> None:
        for pipe in self.pipes:
            for end in pipe:
                os.close(end)


async def _wait(add: Callable[..., None], remove: Callable[..., bool], it: socket.socket) -> None:
    ready = asyncio.get_running_loop().create_future()

    def tell() -> None:
        if not ready.done():
            ready.set_result(None)

    add(it, tell)
    try:
        await ready
    finally:
        remove(it)


@dataclass(eq=False)
class _Way:
    """One direction of one connection: what is under way, and when it arrives."""

    line: _Lines | _Pipes
    queue: deque[tuple[float, int, Any]] = field(default_factory=deque)
    size: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class _Pair:
    """A connection of the client and the one to the server that belongs to it."""

    near: socket.socket
    far: socket.socket
    is_data: bool
    task: asyncio.Task[None] | None = None
    ports: list[socket.socket] = field(default_factory=list)
    """Of a control connection: where its data connections are waited for."""


_PAIR: ContextVar[_Pair] = ContextVar("pair")
"""The control connection that is at work."""


class Relay:
    """Runs from ``with`` to its end, on a thread of its own. Its methods are for all others."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        passive: Sequence[int] = (),
        delay: float = 0.0,
        rate: float | None = None,
    ) -> None:
        self.host = "127.0.0.2" if passive else "127.0.0.1"
        self.port = 0
        self.delay = delay
        self.rate = rate
        self.moved = 0
        """Bytes of data connections, both ways, since the start."""
        self.connections = 0
        """Control connections since the start."""
        self.faults: list[BaseException] = []
        """What went wrong in here: a test should find it empty."""
        self._target = (host, port)
        self._passive = passive
        self._pairs: set[_Pair] = set()
        self._listeners: set[socket.socket] = set()
        self._points: list[tuple[int, Callable[[], object]]] = []
        self._loop = asyncio.new_event_loop()
        self._flows = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Relay:
        self._thread.start()
        self._call(self._begin())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        if error is None and self.faults:
            raise self.faults[0]

    # What happens to the link

    def cut(self, *, data: bool = True, control: bool = True, reset: bool = True) -> None:
        """Ends the connections of this moment: by a reset, or as if the other side had closed."""
        self._loop.call_soon_threadsafe(self._cut, data, control, reset)

    def stall(self) -> None:
        """Nothing arrives any more, and nothing ends; new connections are taken and as silent."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def resume(self) -> None:
        """What was under way arrives."""
        self._loop.call_soon_threadsafe(self._flows.set)

    def after(self, size: int, action: Callable[[], object]) -> None:
        """Calls ``action`` when so many more bytes have gone over data connections.

        It is called on the relay's thread: it must be quick.
        """
        self._loop.call_soon_threadsafe(
            lambda: self._points.append((self.moved + max(size, 1), action))
        )

    def forget(self) -> None:
        """No action of ``after`` is due any more."""
        self._loop.call_soon_threadsafe(self._points.clear)

    # Inside

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.faults.append(error)

    async def _begin(self) -> None:
        self._flows.set()
        control = self._listen(0)
        self.port = control.getsockname()[1]
        self._start(self._serve(control, self._target, is_data=False))
        for port in self._passive:
            self._start(self._serve(self._listen(port), (self._target[0], port), is_data=True))

    async def _end(self) -> None:
        self._cut(True, True, True)
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for listener in self._listeners:
            listener.close()

    def _listen(self, port: int, host: str | None = None) -> socket.socket:
        listener = socket.create_server((host or self.host, port), backlog=64)
        listener.setblocking(False)
        self._listeners.add(listener)
        return listener

    async def _serve(
        self, listener: socket.socket, target: tuple[str, int], *, is_data: bool, once: bool = False
    ) -> None:
        while True:
            try:
                near, _ = await self._loop.sock_accept(listener)
            except OSError:
                self._listeners.discard(listener)
                listener.close()
                return
            self.connections += not is_data
            self._start(self._connect(near, target, is_data))
            if once:
                self._listeners.discard(listener)
                listener.close()
                return

    async def _connect(self, near: socket.socket, target: tuple[str, int], is_data: bool) -> None:
        near.setblocking(False)
        far = socket.socket()
        far.setblocking(False)
        pair = _Pair(near, far, is_data, asyncio.current_task())
        lines: Sequence[_Lines | _Pipes] = ()
        self._pairs.add(pair)
        _PAIR.set(pair)
        try:
            for each in (near, far):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.sleep(3 * self.delay)
            await self._flows.wait()
            await self._loop.sock_connect(far, target)
            if is_data or self._passive:
                lines = [_Pipes(near, far), _Pipes(far, near)]
            else:
                lines = [_Lines(near, far, self._commands), _Lines(far, near, self._replies)]
            async with asyncio.TaskGroup() as group:
                for line in lines:
                    way = _Way(line)
                    group.create_task(self._read(way))
                    group.create_task(self._write(way, is_data))
        except* OSError:
            # The server is not there, or either side has gone: the other one learns it.
            _reset_on_close(near)
            _reset_on_close(far)
        finally:
            self._pairs.discard(pair)
            for port in pair.ports:
                # Nobody comes any more: who waits there for a connection is told so.
                if port in self._listeners:
                    port.shutdown(socket.SHUT_RDWR)
            near.close()
            far.close()
            for line in lines:
                line.close()

    async def _read(self, way: _Way) -> None:
        chunk = _CHUNK if self.rate is None else max(1024, min(_CHUNK, int(self.rate / 20)))
        while True:
            size, block = await way.line.receive(chunk)
            way.queue.append((self._loop.time() + self.delay, size, block))
            way.size += size
            way.changed.set()
            if not size:
                return
            while way.size > (_LONG if self.delay else _SHORT):
                way.changed.clear()
                await way.changed.wait()

    async def _write(self, way: _Way, is_data: bool) -> None:
        while True:
            while not way.queue:
                way.changed.clear()
                await way.changed.wait()
            due, size, block = way.queue.popleft()
            if (pause := due - self._loop.time()) > 0:
                await asyncio.sleep(pause)
            await self._flows.wait()
            if not size:
                with suppress(OSError):
                    way.line.target.shutdown(socket.SHUT_WR)
                return
            await way.line.send(size, block)
            way.size -= size
            way.changed.set()
            if is_data:
                self._count(size)
            if self.rate is not None:
                await asyncio.sleep(size / self.rate)

    def _count(self, size: int) -> None:
        self.moved += size
        due = [point for point in self._points if point[0] <= self.moved]
        self._points = [point for point in self._points if point[0] > self.moved]
        for _, action in due:
            action()

    def _cut(self, data: bool, control: bool, reset: bool) -> None:
        for pair in tuple(self._pairs):
            if pair.task and (data if pair.is_data else control):
                for each in (pair.near, pair.far):
                    if reset:
                        _reset_on_close(each)
                    else:
                        with suppress(OSError):
                            each.shutdown(socket.SHUT_WR)
                pair.task.cancel()

    # Addresses on a plain control connection. A line comes in one piece: each is a packet's size.

    async def _replies(self, block: bytes) -> bytes:
        if found := _PASSIVE.search(block):
            numbers = [int(number) for number in found.groups()]
            port = self._follow((self._target[0], numbers[4] * 256 + numbers[5]), self.host)
            host = self.host.replace(".", ",")
            text = f"227 Entering Passive Mode ({host},{port // 256},{port % 256})."
            return block[: found.start()] + text.encode() + block[found.end() :]
        if found := _EXTENDED.search(block):
            port = self._follow((self._target[0], int(found[1])), self.host)
            text = f"229 Entering Extended Passive Mode (|||{port}|)"
            return block[: found.start()] + text.encode() + block[found.end() :]
        return block

    async def _commands(self, block: bytes) -> bytes:
        if found := _PORT.search(block):
            numbers = [int(number) for number in found.groups()]
            client = ".".join(map(str, numbers[:4]))
            port = self._follow((client, numbers[4] * 256 + numbers[5]), self._target[0])
            host = self._target[0].replace(".", ",")
            text = f"PORT {host},{port // 256},{port % 256}"
            return block[: found.start()] + text.encode() + block[found.end() :]
        if found := _EPRT.search(block):
            port = self._follow((found[2].decode(), int(found[3])), self._target[0])
            text = f"EPRT |{found[1].decode()}|{self._target[0]}|{port}|"
            return block[: found.start()] + text.encode() + block[found.end() :]
        return block

    def _follow(self, target: tuple[str, int], host: str) -> int:
        """Opens a port for one data connection to ``target``."""
        listener = self._listen(0, host)
        _PAIR.get().ports.append(listener)
        port: int = listener.getsockname()[1]
        self._start(self._serve(listener, target, is_data=True, once=True))
        return port


def _reset_on_close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
