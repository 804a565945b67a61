"""MicroPython's `micropython`: what its scripts use to save memory, which this host has no need of.

`const`, `native` and `viper` leave things as they are: CPython compiles everything the same way.
"""

import sys as _sys

__all__ = [
    "alloc_emergency_exception_buf",
    "const",
    "heap_lock",
    "heap_locked",
    "heap_unlock",
    "kbd_intr",
    "mem_info",
    "native",
    "opt_level",
    "qstr_info",
    "schedule",
    "stack_use",
    "viper",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    _T = TypeVar("_T")

_locks = 0


def __dir__() -> list[str]:
    return __all__


def const(value: "_T", /) -> "_T":
    """The value itself."""
    return value


def native(function: "_T", /) -> "_T":
    """The function itself, as CPython compiles it."""
    return function


viper = native


def opt_level(level: int | None = None, /) -> int | None:
    """The level of `ftpy -O`. It is fixed when the program starts: setting it changes nothing."""
    return _sys.flags.optimize if level is None else None


def alloc_emergency_exception_buf(size: int, /) -> None:
    """Nothing: CPython can always raise."""


def mem_info(verbose: object = None, /) -> None:
    """Prints the memory that the program uses and what this host has left, in bytes."""
    from _ftpy.additions import mem_alloc, mem_free

    used, free = mem_alloc(), mem_free()
    print(f"mem: total={used + free}, used={used}, free={free}")


def stack_use() -> int:
    """The number of calls that are under way; the bytes they take are not known here."""
    frame, depth = _sys._getframe(1), 1
    while back := frame.f_back:
        frame, depth = back, depth + 1
    return depth


def kbd_intr(character: int, /) -> None:
    """-1 lets Ctrl-C pass as an ordinary key (it is ignored); 3 makes it interrupt again."""
    import signal

    ignore = character == -1
    signal.signal(signal.SIGINT, signal.SIG_IGN if ignore else signal.default_int_handler)


def schedule(function: "Callable[[_T], object]", argument: "_T", /) -> None:
    """Calls `function(argument)` very soon: in the main thread, between two of its instructions.

    What it raises is printed and goes no further. RuntimeError if too many calls wait already.
    """
    from _ftpy.program import schedule as call_soon

    def call() -> None:
        try:
            function(argument)
        except Exception as error:
            from usys import print_exception

            print_exception(error)

    if not callable(function):
        raise TypeError("schedule needs a function")
    call_soon(call)


def heap_lock() -> None:
    """Counts only: CPython cannot do without memory. On the device nothing can be allocated now."""
    global _locks
    _locks += 1


def heap_unlock() -> int:
    """How many `heap_lock` are left."""
    global _locks
    _locks -= 1
    return _locks


def heap_locked() -> int:
    """How many `heap_lock` there are without their `heap_unlock`."""
    return _locks


def qstr_info(verbose: object = None, /) -> None:
    """Prints the line that MicroPython prints, with nothing in it: CPython has no such pool."""
    print("qstr pool: n_pool=0, n_qstr=0, n_str_data_bytes=0, n_total_bytes=0")
