"""`_thread` for scripts of the device root: their threads go on when the script has ended.

On the device nothing ends with `main.py`; Python's own `_thread` lets the process end instead, and
its threads with it. All the rest is Python's `_thread` with the device's additions.
"""

import _thread
import threading
from contextlib import suppress
from types import MappingProxyType

from _ftpy import ending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

ending.install()

NONE: "Mapping[str, Any]" = MappingProxyType({})


def start_new_thread(
    function: "Callable[..., object]",
    args: "tuple[Any, ...] | list[Any]" = (),
    kwargs: "Mapping[str, Any]" = NONE,
    /,
) -> int:
    """Calls `function` in a new thread and returns its number. Ftpy ends when the last one has."""
    if not callable(function):
        raise TypeError("the first argument must be callable")
    if not isinstance(args, (tuple, list)):
        raise TypeError("the second argument must be a tuple or a list")

    def run() -> None:
        with suppress(SystemExit):  # ends this thread, as with Python's own
            function(*args, **kwargs)

    thread = threading.Thread(target=run, daemon=False)
    thread.start()
    assert thread.ident is not None
    return thread.ident


start_new = start_new_thread


def __getattr__(name: str) -> object:
    return getattr(_thread, name)


def __dir__() -> list[str]:
    return sorted({*dir(_thread)})
