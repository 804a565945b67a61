"""The device's `uerrno`: this host's numbers of the errors that the device knows.

`errorcode` names each of them. A number that OSError has as `args[0]` is always the host's.
"""

import errno as _errno

_NAMES = (
    "EPERM ENOENT EIO EBADF EAGAIN ENOMEM EACCES EEXIST ENODEV EISDIR EINVAL EOPNOTSUPP "
    "EADDRINUSE ECONNABORTED ECONNRESET ENOBUFS ENOTCONN ETIMEDOUT ECONNREFUSED EHOSTUNREACH "
    "EALREADY EINPROGRESS"
)

__all__ = [*_NAMES.split(), "errorcode"]

errorcode: dict[int, str] = {getattr(_errno, name): name for name in _NAMES.split()}
globals().update((name, number) for number, name in errorcode.items())


def __dir__() -> list[str]:
    return __all__


TYPE_CHECKING = False
if TYPE_CHECKING:

    def __getattr__(name: str) -> int: ...
