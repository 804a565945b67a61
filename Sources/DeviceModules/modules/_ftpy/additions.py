"""What the device has in modules that are Python's own: `gc`, `_thread` and `sys`.

The functions are put into those modules when a script first asks for one. They do not replace any;
the one that does, `stack_size`, is the program's own (DeviceAdditions).
"""

import _thread
import os
import sys

from _ftpy.program import memory_limit, memory_used
from usys import print_exception

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_threshold = -1


def mem_free() -> int:
    """Bytes that are left of the heap (`-X heapsize`); without a limit, of this host's memory."""
    if memory_limit is not None:
        return max(memory_limit - memory_used(), 0)
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def mem_alloc() -> int:
    """Bytes taken of the heap (`-X heapsize`); without a limit, those that the program occupies."""
    if memory_limit is not None:
        return memory_used()
    with open("/proc/self/statm", encoding="ascii") as sizes:
        return int(sizes.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def threshold(amount: int | None = None, /) -> int | None:
    """The number set last, at first -1. Python collects by its own rule, `gc.set_threshold`."""
    global _threshold
    if amount is None:
        return _threshold
    _threshold = amount
    return None


def threadIsRunning(thread_id: int, /) -> bool:
    """Whether a thread that `start_new_thread` has named is still at work."""
    from time import sleep

    for _ in range(20):  # a thread that was started this moment shows only once it runs
        if thread_id in sys._current_frames():
            return True
        sleep(0.0005)
    return False


def stop_thread(thread_id: int, /) -> None:
    """Ends the calling thread, for 0 or its own number. RuntimeError for another one that runs.

    Python cannot end a thread from outside: let its function return.
    """
    if thread_id in (0, _thread.get_ident()):
        raise SystemExit
    if threadIsRunning(thread_id):
        raise RuntimeError(
            f"thread {thread_id} cannot be stopped: that works only on the device. "
            "Let its function return"
        )


def delete_lock(lock: object, /) -> None:
    """Nothing: a lock goes when no variable holds it any more."""


class Semaphore:
    """Counts down with `acquire`, which waits at 0, and up with `release`, not beyond its start."""

    def __init__(self, count: int) -> None:
        from threading import Condition

        self._most = self._left = count
        self._changed = Condition()

    def acquire(self) -> bool:
        """Waits for a count above 0, and takes one."""
        with self._changed:
            self._changed.wait_for(lambda: self._left > 0)
            self._left -= 1
        return True

    def release(self) -> None:
        """Gives one back."""
        with self._changed:
            self._left = min(self._left + 1, self._most)
            self._changed.notify()

    def getCnt(self) -> tuple[int, int]:
        """`(start, left)`."""
        return self._most, self._left


def allocate_semphore(initcount: int, /) -> Semaphore:
    """A new semaphore, spelt as the device does."""
    return Semaphore(initcount)


def delete_semphore(semphore: object, /) -> None:
    """Nothing, as `delete_lock`."""


table: "dict[str, dict[str, Callable[..., object]]]" = {
    "_thread": {
        "allocate_semphore": allocate_semphore,
        "delete_lock": delete_lock,
        "delete_semphore": delete_semphore,
        "get_heap_size": mem_free,
        "stop_thread": stop_thread,
        "threadIsRunning": threadIsRunning,
    },
    "gc": {"mem_alloc": mem_alloc, "mem_free": mem_free, "threshold": threshold},
    "sys": {"print_exception": print_exception},
}
