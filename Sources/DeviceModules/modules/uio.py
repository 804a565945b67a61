"""The device's `uio`: streams in memory, and `open` for the paths that `uos` knows.

Streams are Python's: text and bytes do not mix, where the device's take either.
"""

from _io import BytesIO, StringIO
from _io import open as _open

from _ftpy.hostpath import host as _host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO as _IO
    from typing import Any as _Any

__all__ = ["BytesIO", "StringIO", "open"]


def __dir__() -> list[str]:
    return __all__


def open(name: str, mode: str = "r", **options: "_Any") -> "_IO[_Any]":
    """Opens a file as the built-in function does."""
    stream: _IO[_Any] = _open(_host(name), mode, **options)
    return stream
