"""The device's `queue`, which shares its name with Python's: for scripts of the device alone.

Unlike Python's it has one class, `put` never waits, and there is no `qsize`, `join` or timeout.
"""

from _queue import SimpleQueue
from _thread import allocate_lock

__all__ = ["Queue"]


def __dir__() -> list[str]:
    return __all__


class Queue:
    """Passes objects from thread to thread, first in, first out."""

    def __init__(self, maxsize: int = 100) -> None:
        self.maxsize = maxsize
        self._items: SimpleQueue[object] = SimpleQueue()
        self._putting = allocate_lock()

    def put(self, item: object = None) -> bool:
        """Appends an object. False, at once, if the queue is full."""
        with self._putting:
            if self._items.qsize() >= self.maxsize:
                return False
            self._items.put(item)
            return True

    def get(self) -> object:
        """Takes the oldest object, waiting for one if the queue is empty. Ctrl-C ends the wait."""
        return self._items.get()

    def empty(self) -> bool:
        """Whether there is nothing in it at the moment."""
        return self._items.empty()

    def size(self) -> int:
        """How many objects are in it at the moment."""
        return self._items.qsize()
