"""The device's `uio`: Python's streams in memory, and the `open` that is built in for the script.

In memory text and bytes do not mix, where the device's streams take either.
"""

import sys as _sys
from _io import BytesIO, StringIO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any as _Any

__all__ = ["BytesIO", "StringIO", "open"]


def __dir__() -> list[str]:
    return __all__


def open(name: str, mode: str = "r", **options: "_Any") -> "_Any":
    """Opens a file as the caller's own `open` does: with --root that is the device's."""
    return _sys._getframe(1).f_builtins["open"](name, mode, **options)
