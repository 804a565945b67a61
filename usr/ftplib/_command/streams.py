"""Standard input and output, whatever they are: files, pipes, raw or buffered, nonblocking."""

from __future__ import annotations

import io
import select
import sys
from typing import IO, Any, Protocol

from .messages import Failure, Unread, reason


class Sink(Protocol):
    """What bytes are written to."""

    def write(self, data: bytes | memoryview, /) -> object: ...

    def flush(self) -> object: ...


class Output:
    """Standard output. `Unread` is that its reader has left: servers break pipes as well."""

    def __init__(self) -> None:
        if sys.stdout is None:
            raise Failure("standard output is closed")
        # With PYTHONUNBUFFERED it is a raw file, which may take less than it is given.
        self.stream: RawOrBuffered = sys.stdout.buffer

    def write(self, data: bytes | memoryview, /) -> None:
        rest = memoryview(data).cast("B")
        while rest:
            try:
                count = self.stream.write(rest)
            except BlockingIOError as error:
                rest = rest[error.characters_written :]
                self.wait()
            except OSError as error:
                raise unwritten(error) from None
            else:
                if count is None:
                    self.wait()
                else:
                    rest = rest[count:]

    def flush(self) -> None:
        while True:
            try:
                sys.stdout.flush()
            except BlockingIOError:
                self.wait()
            except OSError as error:
                raise unwritten(error) from None
            else:
                return

    def wait(self) -> None:
        """Until somebody reads, where the file that was handed to us does not block by itself."""
        wait_for(self.stream.fileno(), select.POLLOUT)


class RawOrBuffered(Protocol):
    """A binary file; None is that a raw one does not block, and can take nothing now."""

    def write(self, data: memoryview, /) -> int | None: ...

    def fileno(self) -> int: ...


def wait_for(descriptor: int, event: int) -> None:
    readiness = select.poll()
    readiness.register(descriptor, event)
    readiness.poll()


class Waiting(io.RawIOBase):
    """A raw file that blocks, whatever the one behind it does: for Python a pause is an end."""

    def __init__(self, file: io.FileIO | io.RawIOBase, name: str) -> None:
        self.file = file
        self.name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        while (count := self.file.readinto(buffer)) is None:
            wait_for(self.file.fileno(), select.POLLIN)
        return count


def unwritten(error: OSError) -> Exception:
    if isinstance(error, BrokenPipeError):
        return Unread()
    return Failure(f"standard output: {reason(error)}")


def say(line: str) -> None:
    """A line on standard output. Not by print(), which a raw file's short count does not reach."""
    output = Output()
    output.write(f"{line}\n".encode(sys.stdout.encoding, sys.stdout.errors or "strict"))
    if sys.stdout.line_buffering:
        output.flush()


def reading(file: str) -> IO[bytes]:
    return standard_input() if file == "-" else open(file, "rb")


def standard_input() -> IO[bytes]:
    stream = sys.stdin.buffer
    if stream.seekable() or not isinstance(stream, io.BufferedReader):
        return stream
    return io.BufferedReader(Waiting(stream.raw, stream.name))
