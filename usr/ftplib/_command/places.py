"""Where files are put: each has its name when it is whole."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .messages import Failure
from .streams import Sink


class Places:
    """The names that a command has given out: as with cp, the first source of a name stays."""

    def __init__(self) -> None:
        self.taken: dict[str, str] = {}

    @contextmanager
    def take(self, place: str, source: str, *, keeping: bool) -> Iterator[None]:
        """For what comes from `source`; free again where that fails, if not `keeping` parts."""
        if place in self.taken:
            made = f"{place}, just made from {self.taken[place]}"
            raise Failure(f"{source}: will not overwrite {made}")
        self.taken[place] = source
        try:
            yield
        except Failure:
            if not keeping:
                del self.taken[place]
            raise


def here(path: str) -> str:
    """Where a path lies on this computer: with `ftpy --root` its paths are the device's."""
    mapping = sys.modules.get("_ftpy.hostpath")
    if mapping is None or mapping.root is None or not path:
        return path
    place: str = mapping.host(path)
    return place


@contextmanager
def in_its_place(target: str) -> Iterator[Sink]:
    """A file that gets its name when it is whole.

    What is no regular file is written to itself, and so is what a process has open already.
    """
    target, is_open = followed(target)
    if is_open or (os.path.exists(target) and not os.path.isfile(target)):
        with open(target, "wb") as file:
            yield file
        return
    if os.path.isfile(target):
        # Who may not write it may not replace it.
        open(target, "r+b").close()
    part = os.path.join(os.path.dirname(target), f".{os.urandom(8).hex()}.part")
    try:
        with open(part, "xb") as file:
            yield file
        if os.path.exists(target):
            os.chmod(part, os.stat(target).st_mode & 0o777)
        os.replace(part, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise


def followed(path: str) -> tuple[str, bool]:
    """Where links at a path's end lead, and whether to an open file of a process.

    That is where /dev/stdout and /dev/fd/3 lead. What such a link says is no path to it.
    """
    for _ in range(40):
        if not os.path.islink(path):
            return path, False
        folder = os.path.dirname(path)
        if is_of_processes(folder or "."):
            return path, True
        path = os.path.join(folder, os.readlink(path))
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


def is_of_processes(folder: str) -> bool:
    """Whether a folder is one of procfs."""
    try:
        return os.stat(folder).st_dev == os.stat("/proc/self").st_dev
    except OSError:
        return False
