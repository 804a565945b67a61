"""The device's `uos`: files and folders of this host, with the device's return values.

Where a path leads is for `_ftpy.hostpath` to say.

Where the device differs from Python's `os`, the device wins: tuples are plain, times are whole
seconds, `remove` takes an empty folder and `rmdir` a file. An OSError has its number as `args[0]`.
"""

import os as _os
import stat as _stat
from _collections_abc import Iterator as _Iterator
from errno import EEXIST as _EEXIST

from _ftpy.hostpath import device as _device
from _ftpy.hostpath import host as _host
from _ftpy.program import version as _version

__all__ = [
    "VfsFat",
    "VfsLfs1",
    "VfsSd",
    "chdir",
    "getcwd",
    "ilistdir",
    "listdir",
    "mkdir",
    "mount",
    "remove",
    "rename",
    "rmdir",
    "stat",
    "statvfs",
    "umount",
    "uname",
    "uname2",
    "urandom",
]

_FOLDER, _FILE = 0x4000, 0x8000
_IDENTITY = ("sysname", "nodename", "release", "version", "machine", "qpyver")


def __dir__() -> list[str]:
    return __all__


def remove(path: str, /) -> None:
    """Removes a file or an empty folder. OSError 2: there is none; 39: the folder is not empty."""
    target = _host(path, entry=True)
    if _stat.S_ISDIR(_os.lstat(target).st_mode):
        _os.rmdir(target)
    else:
        _os.unlink(target)


def rmdir(path: str, /) -> None:
    """The same as `remove`: the device's file system has one call for both."""
    remove(path)


def rename(old: str, new: str, /) -> None:
    """Renames a file or folder. A file named `new`, or an empty folder, is replaced."""
    _os.rename(_host(old, entry=True), _host(new, entry=True))


def mkdir(path: str, /) -> None:
    """Makes one folder. OSError 17 if there is something of that name."""
    _os.mkdir(_host(path, entry=True, at_root=_EEXIST))


def chdir(path: str, /) -> None:
    """Makes `path` the working directory."""
    _os.chdir(_host(path))


def getcwd() -> str:
    """The absolute path of the working directory."""
    return _device(_os.getcwd())


def listdir(path: str = "", /) -> list[str]:
    """The names in a folder, by default the working directory: sorted, without `.` and `..`."""
    return sorted(_os.listdir(_host(path)))


def ilistdir(path: str = "", /) -> "_Iterator[tuple[str, int, int, int]]":
    """An iterator of `(name, kind, 0, size)`, sorted by name.

    The kind is 0x4000 for a folder, whose size is 0, and 0x8000 for all else.
    """
    folder = _host(path)
    names = sorted(_os.listdir(folder))
    # Each file is looked at when the script asks for it: it may stand elsewhere by then.
    place = _os.path.abspath(folder)
    return (_listed(place, name) for name in names)


def _listed(folder: str, name: str) -> tuple[str, int, int, int]:
    path = _os.path.join(folder, name)
    try:
        found = _os.stat(_host(path))
    except OSError:  # a link that leads nowhere, or out of the root
        found = _os.lstat(path)
    return name, _kind(found), 0, _size(found)


def stat(path: str, /) -> tuple[int, ...]:
    """`(kind, 0, 0, 0, 0, 0, size, atime, mtime, ctime)`, kind and size as in `ilistdir`."""
    found = _os.stat(_host(path))
    times = int(found.st_atime), int(found.st_mtime), int(found.st_ctime)
    return (_kind(found), 0, 0, 0, 0, 0, _size(found), *times)


def _kind(found: _os.stat_result) -> int:
    return _FOLDER if _stat.S_ISDIR(found.st_mode) else _FILE


def _size(found: _os.stat_result) -> int:
    return 0 if _stat.S_ISDIR(found.st_mode) else found.st_size


def statvfs(path: str, /) -> tuple[int, ...]:
    """`(bsize, frsize, blocks, bfree, bavail, 0, 0, 0, 0, namemax)` of the disk below `path`."""
    found = _os.statvfs(_host(path))
    return (
        found.f_bsize,
        found.f_frsize,
        found.f_blocks,
        found.f_bfree,
        found.f_bavail,
        *(0, 0, 0, 0),
        found.f_namemax,
    )


def uname() -> tuple[str, ...]:
    """Six strings `key=value`: sysname, nodename, release, version, machine and qpyver."""
    return tuple(f"{key}={value}" for key, value in zip(_IDENTITY, _identity(), strict=True))


def uname2() -> tuple[str, ...]:
    """The same six values bare, by index or by name: `uname2().qpyver`."""
    from collections import namedtuple  # only here: slow to import, seldom asked for

    return namedtuple("uname2", _IDENTITY)(*_identity())


def _identity() -> tuple[str, ...]:
    return (*_os.uname(), f"ftpy {_version}")


def urandom(count: int, /) -> bytes:
    """`count` random bytes from the host's generator."""
    return _os.urandom(count)


def mount(device: object, path: str, /) -> None:
    """Not on this host: OSError 19. Its file systems are mounted already."""
    _refuse("mount")


def umount(path: object, /) -> None:
    """Not on this host: OSError 19."""
    _refuse("umount")


def VfsFat(*device: object, **options: object) -> None:
    """Not on this host: OSError 19. There is no SD card on an SPI bus."""
    _refuse("VfsFat")


def VfsSd(*device: object, **options: object) -> None:
    """Not on this host: OSError 19. There is no SD card on an SDIO bus."""
    _refuse("VfsSd")


def VfsLfs1(*device: object, **options: object) -> None:
    """Not on this host: OSError 19. There is no flash chip to put a littlefs on."""
    _refuse("VfsLfs1")


def _refuse(name: str) -> None:
    raise OSError(19, f"uos.{name} works only on the device: this host has no flash to mount")
