"""`open` for scripts of a device root: the device's paths, and files as tolerant as the device's.

A binary file takes `str`, written as UTF-8, and a text file takes bytes. Text is UTF-8 and its
line ends stay as they are. Letters of the mode that mean nothing are passed over.
"""

import errno
import io
import os

from _ftpy.hostpath import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from _typeshed import ReadableBuffer, StrOrBytesPath

    Opener = Callable[[str, int], int]


class Raw(io.FileIO):
    """A binary file without a buffer."""

    def write(self, data: "ReadableBuffer | str") -> int:
        """Writes all, as the device does: the system takes less where a disk becomes full."""
        try:
            content = memoryview(data).cast("B")  # type: ignore[arg-type]
        except TypeError:
            if not isinstance(data, str):
                raise
            content = memoryview(data.encode())
        done = 0
        while done < len(content):
            count = super().write(content[done:])
            if count is None:
                raise BlockingIOError(errno.EAGAIN, "write would have to wait", done)
            done += count
        return done


class Writer(io.BufferedWriter):
    """A binary file to write."""

    def write(self, data: "ReadableBuffer | str") -> int:
        return write(super().write, data)


class Random(io.BufferedRandom):
    """A binary file to read and write."""

    def write(self, data: "ReadableBuffer | str") -> int:
        return write(super().write, data)


def write(own: "Callable[[Any], int]", data: "ReadableBuffer | str") -> int:
    """Writes bytes, or text as UTF-8. A line of `retrlines` is both: its bytes are written."""
    try:
        return own(data)
    except TypeError:
        if not isinstance(data, str):
            raise
        return own(data.encode())


for method in (Raw.write, Writer.write, Random.write):
    # For `retrlines`: such a callback gets a line's bytes as they came (BinaryFile in FTPModule).
    method.__dict__["writes_bytes"] = True


class Text(io.TextIOWrapper):
    """A text file."""

    #: For `storbinary`: it sends such a file's text as bytes (FTPObject+Transfers in FTPModule).
    sends_text = True

    def write(self, data: "str | ReadableBuffer") -> int:
        """Writes text, or bytes as they are. The number of bytes, as on the device."""
        if isinstance(data, str):
            count = super().write(data)
            return count if data.isascii() else len(data.encode(self.encoding, "replace"))
        # Not bytes(data) alone: of a number it makes that many NULs.
        try:
            content = bytes(memoryview(data))
        except TypeError:
            kind = type(data).__name__
            message = f"write() takes text or bytes, not {kind!r}: turn it into text with str()"
            raise TypeError(message) from None
        try:
            super().write(content.decode(self.encoding))
        except UnicodeDecodeError:
            self.flush()
            self.buffer.write(content)
        return len(content)


def open(
    file: "int | StrOrBytesPath",
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: "Opener | None" = None,
) -> "Any":
    """Opens a file of the device. Otherwise as Python's own `open`, with the same parameters."""
    place = file if isinstance(file, int) else host(os.fsdecode(file))
    access = known(mode)
    if buffering == 0 and "b" in mode:
        return Raw(place, access, closefd, opener)
    raw = io.FileIO(place, access, closefd, opener)
    try:
        buffer = buffered(raw, buffering)
        if "b" in mode:
            return buffer
        ends = "\n" if newline is None else newline
        lines = buffering == 1 or raw.isatty()
        text = Text(buffer, encoding or "utf-8", errors, ends, lines)
    except BaseException:
        raw.close()
        raise
    text.__dict__["mode"] = mode
    return text


def known(mode: str) -> str:
    """The letters of a mode that say what is done with the file; `r` if none does."""
    letters = "".join(letter for letter in dict.fromkeys(mode) if letter in "rwax+")
    return letters if letters.strip("+") else "r" + letters


def buffered(raw: io.FileIO, buffering: int) -> "io.BufferedReader | Writer | Random":
    """A file with a buffer: of `buffering` bytes, if that is more than 1."""
    size = buffering if buffering > 1 else getattr(raw, "_blksize", io.DEFAULT_BUFFER_SIZE)
    if not raw.writable():
        return io.BufferedReader(raw, size)
    return Random(raw, size) if raw.readable() else Writer(raw, size)
