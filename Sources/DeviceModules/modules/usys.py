"""The device's `usys`: this interpreter's `sys` under the device's name, with `print_exception`.

It shows only what the device has, and always what `sys` holds at that moment, so a redirected
`sys.stdout` counts. The values are the host's: `implementation.name` is `cpython`.
"""

import sys as _sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

_SHARED = (
    "argv byteorder exit implementation maxsize modules path platform stderr stdin stdout version "
    "version_info"
)

__all__ = [*_SHARED.split(), "print_exception"]


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> object:
    if name in _SHARED.split():
        return getattr(_sys, name)
    raise AttributeError(f"module 'usys' has no attribute {name!r}")


def print_exception(exc: BaseException, file: "TextIO | None" = None, /) -> None:
    """Prints an exception with its traceback, as Python does, to `file` or to standard output."""
    from traceback import print_exception as show

    show(exc, file=file if file is not None else _sys.stdout)
