"""What the device's sockets have besides those of Python: they are streams themselves."""

import errno
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

P = ParamSpec("P")
R = TypeVar("R")

#: Stands for SO_KEEPALIVE and TCP_KEEPIDLE in one: its value is in minutes.
TCP_KEEPALIVE = 0x7F000001

#: The states of RFC 9293 as the device numbers them, by the number in Linux (tcp_states.h).
STATES = {7: 0, 10: 1, 2: 2, 3: 3, 1: 4, 4: 5, 5: 6, 8: 7, 11: 8, 9: 9, 6: 10}


def numbered(method: Callable[P, R]) -> Callable[P, R]:
    """Makes a timeout an error with the number that scripts look for in `args[0]`, 110."""

    def call(*args: P.args, **options: P.kwargs) -> R:
        try:
            return method(*args, **options)
        except TimeoutError as error:
            if error.errno is not None:
                raise
            raise TimeoutError(errno.ETIMEDOUT, "timed out") from None

    call.__name__, call.__doc__ = method.__name__, method.__doc__
    return call


def as_bytes(data: "str | ReadableBuffer") -> "ReadableBuffer":
    """Text as its UTF-8 bytes: the device's sockets take either."""
    return data.encode() if isinstance(data, str) else data


class Stream(socket.socket):
    """A socket that reads and writes as the device's do, unbuffered: `recv` may be mixed in."""

    connect = numbered(socket.socket.connect)
    recv = numbered(socket.socket.recv)
    recvfrom = numbered(socket.socket.recvfrom)

    def send(self, data: "str | ReadableBuffer", flags: int = 0, /) -> int:
        """Sends what fits into the system's buffer, and says how many bytes that were."""
        return numbered(super().send)(as_bytes(data), flags)

    def sendall(self, data: "str | ReadableBuffer", flags: int = 0, /) -> None:
        """Sends everything."""
        numbered(super().sendall)(as_bytes(data), flags)

    def sendto(self, data: "str | ReadableBuffer", *rest: Any) -> int:
        """Sends a datagram to an address, the last argument."""
        return numbered(super().sendto)(as_bytes(data), *rest)

    # Without blocking each does what it can, and gives None where that is nothing.

    def write(self, data: "str | ReadableBuffer", /) -> int | None:
        """Sends everything, and returns the number of bytes."""
        content = memoryview(as_bytes(data)).cast("B")
        sent = 0
        while sent < len(content):
            try:
                sent += self.send(content[sent:])
            except BlockingIOError:
                return sent or None
        return sent

    def read(self, size: int = -1, /) -> bytes | None:
        """Reads `size` bytes, fewer only at the end; without a size all until the end."""
        blocks: list[bytes] = []
        left = size
        try:
            while left and (block := self.recv(min(left, 65536) if left > 0 else 65536)):
                blocks.append(block)
                left -= len(block) if left > 0 else 0
        except BlockingIOError:
            if not blocks:
                return None
        return b"".join(blocks)

    def readinto(self, buffer: "WriteableBuffer", size: int = -1, /) -> int | None:
        """Fills a buffer, or its first `size` bytes, and returns how many were there."""
        target = memoryview(buffer).cast("B")
        content = self.read(len(target) if size < 0 else min(size, len(target)))
        if content is None:
            return None
        target[: len(content)] = content
        return len(content)

    def readline(self, size: int = -1, /) -> bytes | None:
        """Reads up to and with the next newline, but at most `size` bytes; b'' at the end."""
        line = bytearray()
        while size < 0 or len(line) < size:
            room = 4096 if size < 0 else min(size - len(line), 4096)
            try:
                block = self.recv(self.up_to_newline(room))
            except BlockingIOError:
                if not line:
                    return None
                break
            line += block
            if not block or block.endswith(b"\n"):
                break
        return bytes(line)

    def up_to_newline(self, room: int) -> int:
        """How many bytes may be read without reading past a newline. Waits for the first."""
        seen = self.recv(room, socket.MSG_PEEK)
        return seen.find(b"\n") + 1 or len(seen) or 1

    # The device's streams are files themselves; closing the file closes the socket.
    def makefile(self, mode: str = "rb", *rest: object) -> Any:  # type: ignore[override]
        """The socket itself, which reads and writes bytes."""
        return self

    def setsockopt(self, *args: Any) -> None:
        """As Python's; TCP_KEEPALIVE takes minutes."""
        if args[:2] == (socket.SOL_SOCKET, TCP_KEEPALIVE):
            super().setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            super().setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, int(args[2]) * 60)
        else:
            super().setsockopt(*args)

    def getsocketsta(self) -> int:
        """The state of a TCP socket: 0 closed, 1 listening, 4 connected; -1 after `close`."""
        if self.fileno() < 0:
            return -1
        state = self.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        return STATES.get(state, 0)
