"""The device's `ucollections`: Python's, with a `deque` that has the device's arguments.

A `deque` here also has what Python's has; the device's has `append`, `popleft`, `len` and truth.
"""

from collections import OrderedDict, namedtuple
from collections import deque as _deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable as _Iterable

__all__ = ["OrderedDict", "deque", "namedtuple"]


def __dir__() -> list[str]:
    return __all__


class deque(_deque[object]):
    """A queue of at most `maxlen` items: a new one pushes the oldest out.

    With `flag` 1 it raises IndexError instead.
    """

    def __init__(self, iterable: "_Iterable[object]", maxlen: int, flag: int = 0, /) -> None:
        super().__init__(iterable, maxlen)
        self._checks = bool(flag)

    def append(self, data: object, /) -> None:
        """Puts an item at the end."""
        if self._checks and len(self) == self.maxlen:
            raise IndexError("full")
        super().append(data)
