"""The device's `uio`: streams in memory, and the `open` that is built in for the script.

As on the device the streams take text and bytes alike, in UTF-8.
"""

import sys as _sys
from _io import BytesIO as _BytesIO
from _io import StringIO as _StringIO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any as _Any

    from _typeshed import ReadableBuffer as _Buffer

__all__ = ["BytesIO", "StringIO", "open"]


def __dir__() -> list[str]:
    return __all__


def open(name: str, mode: str = "r", **options: "_Any") -> "_Any":
    """Opens a file as the caller's own `open` does: with --root that is the device's."""
    return _sys._getframe(1).f_builtins["open"](name, mode, **options)


def _bytes(data: "str | _Buffer") -> "_Buffer":
    """Text as UTF-8. A line of `retrlines` is both: its bytes are taken."""
    try:
        memoryview(data)  # type: ignore[arg-type]
    except TypeError:
        if isinstance(data, str):
            return data.encode()
    return data  # type: ignore[return-value]


def _text(data: "str | _Buffer") -> str:
    # Through a view, which a number or a list does not have: bytes() makes something of those.
    return data if isinstance(data, str) else str(memoryview(data), "utf-8")


class BytesIO(_BytesIO):
    """A stream of bytes. `write` and the start take text as well."""

    def __init__(self, initial: "str | _Buffer" = b"") -> None:
        super().__init__(_bytes(initial))

    def write(self, data: "str | _Buffer", /) -> int:
        return super().write(_bytes(data))


class StringIO(_StringIO):
    """A stream of text. `write` and the start take bytes as well, whole characters of UTF-8."""

    def __init__(self, initial: "str | _Buffer" = "") -> None:
        super().__init__(_text(initial), "\n")

    def write(self, data: "str | _Buffer", /) -> int:
        return super().write(_text(data))
