"""What a script may hand to a call by mistake, and objects that mean harm."""

from __future__ import annotations

import array
import io
import math
import os
import socket
from collections.abc import Callable
from typing import Any


class OwnError(Exception):
    """What the hostile objects raise."""


class Raising:
    """Raises whatever it is asked."""

    def _raise(self, *_: object) -> Any:
        raise OwnError

    __index__ = __bool__ = __len__ = __iter__ = __str__ = __repr__ = __float__ = __int__ = _raise
    __eq__ = __hash__ = __call__ = __fspath__ = __buffer__ = __contains__ = __getitem__ = _raise
    __enter__ = __exit__ = __next__ = __bytes__ = _raise
    read = readline = write = fileno = recv = sendall = close = makefile = getsockname = _raise


class Lying:
    """Answers with another type than the protocol wants."""

    def __index__(self) -> Any:
        return "one"

    def __bool__(self) -> Any:
        return 2

    def __len__(self) -> int:
        return -1

    def __fspath__(self) -> Any:
        return 3

    def __str__(self) -> Any:
        return b"bytes"

    __repr__ = __str__

    def __iter__(self) -> Any:
        return 5

    def __buffer__(self, _: int) -> Any:
        return "no view"

    def read(self, *_: object) -> Any:
        return ["no", "bytes"]

    readline = read

    def fileno(self) -> Any:
        return -7


class LyingText(str):
    """A str whose methods say something else."""

    __slots__ = ()

    def __str__(self) -> Any:
        raise OwnError

    def encode(self, *_: object) -> Any:
        return "no bytes"

    def __eq__(self, _: object) -> bool:
        raise OwnError

    __hash__ = str.__hash__


class PathLike:
    def __fspath__(self) -> str:
        return "x"


class Indexed:
    def __index__(self) -> int:
        return 7


def closed_file() -> Any:
    file = io.BytesIO(b"content")
    file.close()
    return file


def closed_socket() -> Any:
    made = socket.socket()
    made.close()
    return made


def closed_descriptor() -> Any:
    """A file whose descriptor is gone behind its back."""
    reading, writing = os.pipe()
    os.close(writing)
    file = os.fdopen(reading, "rb", closefd=False)
    os.close(reading)
    return file


def released_view() -> Any:
    view = memoryview(bytearray(b"x"))
    view.release()
    return view


def recursive() -> Any:
    made: list[Any] = []
    made.append(made)
    return made


VALUES: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "0": lambda: 0,
    "1": lambda: 1,
    "-1": lambda: -1,
    "2**31": lambda: 2**31,
    "2**63": lambda: 2**63,
    "-2**63-1": lambda: -(2**63) - 1,
    "10**100": lambda: 10**100,
    "1.5": lambda: 1.5,
    "nan": lambda: math.nan,
    "inf": lambda: math.inf,
    "empty": lambda: "",
    "text": lambda: "text",
    "NUL": lambda: "a\0b",
    "CR": lambda: "a\rb",
    "LF": lambda: "a\nb",
    "CRLF": lambda: "a\r\nNOOP",
    "surrogate": lambda: "\ud800",
    "beyond the BMP": lambda: "\U0010ffff",
    "MiB": lambda: "x" * (1 << 20),
    "MiB of bytes": lambda: b"x" * (1 << 20),
    "format": lambda: "%s%n{0}",
    "bytes": lambda: b"x",
    "no UTF-8": lambda: b"\xff\xfe",
    "bytes with LF": lambda: b"a\nb",
    "bytearray": lambda: bytearray(b"x"),
    "view": lambda: memoryview(b"x"),
    "released view": released_view,
    "view of ints": lambda: memoryview(array.array("i", [1, 2])),
    "strided view": lambda: memoryview(b"abcdef")[::2],
    "list": lambda: ["x"],
    "recursive": recursive,
    "tuple": lambda: ("x",),
    "address": lambda: ("127.0.0.1", 0),
    "dict": dict,
    "set": set,
    "object": object,
    "class": lambda: int,
    "function": lambda: len,
    "iterator": lambda: iter([]),
    "ellipsis": lambda: ...,
    "complex": lambda: 1j,
    "path": PathLike,
    "index": Indexed,
    "raising": Raising,
    "lying": Lying,
    "lying text": lambda: LyingText("text"),
    "file": lambda: io.BytesIO(b"content\n"),
    "text file": lambda: io.StringIO("text\n"),
    "closed file": closed_file,
    "closed descriptor": closed_descriptor,
    "write-only file": lambda: open(os.devnull, "wb"),  # noqa: SIM115
    "raw file": lambda: open(os.devnull, "rb", buffering=0),  # noqa: SIM115
    "closed socket": closed_socket,
    "new socket": socket.socket,
}

FEW = {"None", "2**63", "1.5", "NUL", "surrogate", "bytes", "list", "object", "path", "raising"}
FEW |= {"lying", "lying text", "file", "closed file"}
if os.environ.get("BAD_INPUT_VALUES") == "few":
    VALUES = {label: make for label, make in VALUES.items() if label in FEW}
