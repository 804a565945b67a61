"""The device's `uselect`: waiting until sockets can be read or written.

Unlike Python's, `poll` and `ipoll` give `(object, events)` with the object that was registered.
"""

import select as _select
from select import POLLERR, POLLHUP, POLLIN, POLLOUT, select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator as _Iterator

    from _typeshed import FileDescriptorLike as _File

__all__ = ["POLLERR", "POLLHUP", "POLLIN", "POLLOUT", "poll", "select"]


def __dir__() -> list[str]:
    return __all__


class poll:
    """A set of sockets to wait for."""

    def __init__(self) -> None:
        self._poll = _select.poll()
        self._objects: dict[int, _File] = {}

    def register(self, obj: "_File", eventmask: int = POLLIN | POLLOUT, /) -> None:
        """Waits for these events of a socket from now on; again: for these instead."""
        number = obj if isinstance(obj, int) else obj.fileno()
        self._poll.register(number, eventmask)
        self._objects[number] = obj

    def modify(self, obj: "_File", eventmask: int, /) -> None:
        """Changes the events of a socket. OSError 2 if it is not registered."""
        number = obj if isinstance(obj, int) else obj.fileno()
        self._poll.modify(number, eventmask)

    def unregister(self, obj: "_File", /) -> None:
        """No longer waits for a socket, which may be closed already."""
        for number, known in list(self._objects.items()):
            if known is obj or known == obj:
                del self._objects[number]
                self._poll.unregister(number)

    def poll(self, timeout: int = -1, /) -> "list[tuple[_File, int]]":
        """`(object, events)` of each socket that is ready, after at most `timeout` milliseconds.

        -1: no limit. An empty list if nothing is ready by then.
        """
        return [(self._objects[number], events) for number, events in self._poll.poll(timeout)]

    def ipoll(self, timeout: int = -1, flags: int = 0, /) -> "_Iterator[tuple[_File, int]]":
        """The same as an iterator. With `flags` 1 a socket is reported once, then at its end."""
        ready = self.poll(timeout)
        if flags & 1:
            for obj, _ in ready:
                self.modify(obj, 0)
        return iter(ready)
