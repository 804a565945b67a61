"""Transfers with files and callbacks that mean harm, in a process of their own.

    python -m badinput.transfers HOST PORT USER PASSWORD

prints in JSON what was wrong, and how often which class of exception came out.
"""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import gc
import importlib
import io
import json
import mmap
import os
import socket
import sys
import tempfile
import warnings
from collections.abc import Callable
from typing import Any

from badinput.calls import attempt
from badinput.values import VALUES, OwnError, closed_file, released_view

CONTENT = b"a line\r\n" * 2_500


class Reader:
    """A file whose `read` and `readline` return what the test wants."""

    def __init__(self, result: Callable[[int], Any], fileno: Callable[[], Any] | None = None):
        self._result = result
        self._fileno = fileno
        self._times = 0

    def read(self, size: int = -1) -> Any:
        self._times += 1
        return self._result(size) if self._times < 4 else b""

    readline = read

    def fileno(self) -> Any:
        if self._fileno is None:
            raise io.UnsupportedOperation
        return self._fileno()


class LyingFile(io.FileIO):
    """A real file that is not what its descriptor says."""

    def read(self, _: int | None = -1, /) -> Any:
        return None if self.tell() else super().read(4)

    def readline(self, _: int | None = -1, /) -> Any:
        return super().readline(3)

    def fileno(self) -> Any:
        return 10**9


def real_file(mode: str = "rb", content: bytes = CONTENT) -> Any:
    file = tempfile.NamedTemporaryFile(delete=False)  # noqa: SIM115
    file.write(content)
    file.close()
    opened = open(file.name, mode)  # noqa: SIM115
    os.unlink(file.name)
    return opened


def lying_file() -> Any:
    file = tempfile.NamedTemporaryFile(delete=False)  # noqa: SIM115
    file.write(CONTENT)
    file.close()
    opened = LyingFile(file.name)
    os.unlink(file.name)
    return opened


def raising(*_: object) -> Any:
    raise OwnError


def mapped() -> Any:
    made = mmap.mmap(-1, len(CONTENT))
    made.write(CONTENT)
    made.seek(0)
    return made


def truncated_while_read() -> Any:
    """It gets shorter as it is read."""
    file = real_file("r+b")

    def read(size: int) -> bytes:
        os.ftruncate(file.fileno(), 0)
        return bytes(file.read(size))

    return Reader(read, file.fileno)


def broken_pipe() -> Any:
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "wb", buffering=0)


def pipe() -> Any:
    reading, writing = os.pipe()
    os.write(writing, b"a line\n" * 99)
    os.close(writing)
    return os.fdopen(reading, "rb")


def without_session(make: Callable[[], Any], _: Any) -> Any:
    return make()


def unhook(ftp: Any) -> bytes:
    ftp.sock = None
    return b"x"


FILES: dict[str, Callable[[Any], Any]] = {
    **{name: functools.partial(without_session, make) for name, make in VALUES.items()},
    "real": lambda _: real_file(),
    "real, text": lambda _: real_file("r"),
    "real, write-only": lambda _: real_file("wb"),
    "real, lying": lambda _: lying_file(),
    "real, lying inside a buffer": lambda _: io.BufferedReader(lying_file()),
    "folder": lambda _: os.open("/", os.O_RDONLY),
    "map": lambda _: mapped(),
    "pipe": lambda _: pipe(),
    "the control connection": lambda ftp: ftp.file,
    "the control socket": lambda ftp: ftp.sock,
    "itself": lambda ftp: ftp,
    "shrinking": lambda _: truncated_while_read(),
    "raising": lambda _: Reader(raising),
    "raising fileno": lambda _: Reader(lambda _: b"x", raising),
    "closing": lambda ftp: Reader(lambda _: ftp.close()),
    "closing the data": lambda _: Reader(lambda _: [x.close() for x in sockets()] and b"x"),
    "re-entering": lambda ftp: Reader(lambda _: ftp.pwd().encode()),
    "uploading": lambda ftp: Reader(lambda _: ftp.storbinary("STOR y", io.BytesIO(b"x"))),
    "connecting": lambda ftp: Reader(lambda _: ftp.connect()),
    "unhooking": lambda ftp: Reader(lambda _: unhook(ftp)),
    "reinitialising": lambda ftp: Reader(lambda _: ftp.__init__() or b"x"),
    "emptied class": lambda ftp: Reader(lambda _: ftp.__dict__.clear() or b"x"),
    "released view": lambda _: Reader(lambda _: released_view()),
    "text": lambda _: Reader(lambda _: "text"),
    "number": lambda _: Reader(lambda _: 5),
    "nothing": lambda _: Reader(lambda _: None),
    "more than asked": lambda _: Reader(lambda _: bytes(3_000_000)),
    "read-only view": lambda _: Reader(lambda _: memoryview(b"view")),
    "bytearray": lambda _: Reader(lambda _: bytearray(b"array")),
    "strided view": lambda _: Reader(lambda _: memoryview(b"abcdef")[::2]),
    "view of ints": lambda _: Reader(lambda _: memoryview(b"abcdefgh").cast("i")),
    "exits": lambda _: Reader(lambda _: sys.exit(3)),
    "interrupts": lambda _: Reader(lambda _: raise_(KeyboardInterrupt)),
    "recurses": lambda _: Reader(recurse),
    "runs out of memory": lambda _: Reader(lambda _: raise_(MemoryError)),
    "stops": lambda _: Reader(lambda _: raise_(StopIteration)),
}


def raise_(error: type[BaseException]) -> Any:
    raise error


def recurse(number: int) -> Any:
    return recurse(number + 1)


def sockets() -> list[Any]:
    """The data connections: every other socket there is is connected to the control port."""
    found = [x for x in gc.get_objects() if isinstance(x, socket.socket) and x.fileno() >= 0]
    return [x for x in found if x is not CONTROL]


CONTROL: Any = None

CALLBACKS: dict[str, Callable[[Any], Any]] = {
    **{name: functools.partial(without_session, make) for name, make in VALUES.items()},
    "write to a real file": lambda _: real_file("r+b").write,
    "write to a read-only file": lambda _: real_file().write,
    "write to a text file": lambda _: real_file("r+").write,
    "write to a raw file": lambda _: open("/dev/null", "wb", buffering=0).write,  # noqa: SIM115
    "write to a full disk": lambda _: open("/dev/full", "wb", buffering=0).write,  # noqa: SIM115
    "write to a full disk, buffered": lambda _: open("/dev/full", "wb").write,  # noqa: SIM115
    "write to a closed file": lambda _: closed_file().write,
    "write to a broken pipe": lambda _: broken_pipe().write,
    "write to a lying file": lambda _: lying_file().write,
    "read the control connection": lambda ftp: lambda *_: ftp.file.readline(),
    "send on the control connection": lambda ftp: functools.partial(ftp.sock.send),
    "raise": lambda _: raising,
    "close": lambda ftp: lambda *_: ftp.close(),
    "close the data": lambda _: lambda *_: [x.close() for x in sockets()],
    "re-enter": lambda ftp: lambda *_: ftp.pwd(),
    "transfer": lambda ftp: lambda *_: ftp.retrbinary("RETR big", bytes),
    "abort": lambda ftp: lambda *_: ftp.abort(),
    "connect": lambda ftp: lambda *_: ftp.connect(),
    "unhook": lambda ftp: lambda *_: setattr(ftp, "sock", None),
    "reinitialise": lambda ftp: lambda *_: ftp.__init__(),
    "empty the object": lambda ftp: lambda *_: ftp.__dict__.clear(),
    "change the class": lambda ftp: lambda *_: setattr(ftp, "__class__", int),
    "exit": lambda _: lambda *_: sys.exit(3),
    "interrupt": lambda _: lambda *_: raise_(KeyboardInterrupt),
    "recurse": lambda _: lambda *_: recurse(0),
    "run out of memory": lambda _: lambda *_: raise_(MemoryError),
    "stop": lambda _: lambda *_: raise_(StopIteration),
    "collect": lambda _: lambda *_: gc.collect(),
}

DOWNLOADS: dict[str, Callable[[Any, Any], Any]] = {
    "retrbinary": lambda ftp, callback: ftp.retrbinary("RETR big", callback, 9_000),
    "retrlines": lambda ftp, callback: ftp.retrlines("RETR big", callback),
    "dir": lambda ftp, callback: ftp.dir("/", callback),
    "storbinary": lambda ftp, callback: ftp.storbinary(
        "STOR small", io.BytesIO(b"content"), 3, callback
    ),
    "storlines": lambda ftp, callback: ftp.storlines(
        "STOR small", io.BytesIO(b"one\ntwo\n"), callback
    ),
}
UPLOADS: dict[str, Callable[[Any, Any], Any]] = {
    "storbinary": lambda ftp, file: ftp.storbinary("STOR x", file),
    "storbinary, small": lambda ftp, file: ftp.storbinary("STOR x", file, 7_000, len),
    "storlines": lambda ftp, file: ftp.storlines("STOR x", file),
}
RIGHT = {"ok", "type", "value", "ftp", "its own", "SystemExit", "KeyboardInterrupt"}
# The last is what a socket of Python has for a view with gaps.
RIGHT |= {"RecursionError", "MemoryError", "StopIteration", "BufferError"}


def main(host: str, port: str, user: str, password: str) -> None:
    global CONTROL
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    faulthandler.enable()
    faulthandler.dump_traceback_later(240, exit=True)
    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda _: None
    ftplib = importlib.import_module("usr.ftplib")
    wrong: list[str] = []
    counts: dict[str, int] = {}
    ftp: Any = None
    for calls, makers in ((DOWNLOADS, CALLBACKS), (UPLOADS, FILES)):
        for call, use in calls.items():
            for label, make in makers.items():
                if ftp is None:
                    ftp = ftplib.FTP(host, int(port), user, password, timeout=1)
                    ftp.storbinary("STOR big", io.BytesIO(CONTENT))
                CONTROL = ftp.sock
                outcome = attempt(ftplib, functools.partial(use, ftp, make(ftp)))
                counts[outcome[0]] = counts.get(outcome[0], 0) + 1
                if outcome[0] not in RIGHT:
                    wrong.append(f"{call}, {label}: {outcome}")
                # In step, or at an end.
                after = attempt(ftplib, lambda ftp=ftp: ftp.pwd())  # type: ignore[misc]
                if after[0] == "ok" and ftp.lastresp != "257":
                    wrong.append(f"{call}, {label}: then {ftp.lastresp}")
                if after[0] not in ("ok", "ftp", "type"):
                    wrong.append(f"{call}, {label}: then {after}")
                if after[0] != "ok":
                    with contextlib.suppress(Exception):
                        ftp.close()
                    ftp = None
    json.dump([wrong, counts], answers)
    answers.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
