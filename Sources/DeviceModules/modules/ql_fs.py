"""The device's `ql_fs`: helpers for files and folders.

Paths are those of `uos`. Note `file_copy(destination, source)`. Where the device reports a failure
as False, None or -1 this does too; all other failures are OSErrors.
"""

import os as _os
from _io import open as _open
from errno import ENOENT as _ENOENT
from errno import ENOTEMPTY as _ENOTEMPTY

from _ftpy.hostpath import host as _host

__all__ = [
    "file_copy",
    "mkdirs",
    "path_dirname",
    "path_exists",
    "path_getsize",
    "read_json",
    "rmdirs",
    "touch",
]


def __dir__() -> list[str]:
    return __all__


def path_exists(path: str) -> bool:
    """Whether there is a file or folder; False for an empty path, and for what is none."""
    try:
        return bool(path) and _os.path.exists(_host(path))
    except (OSError, TypeError, ValueError):  # a link that leads out of the root, a NUL, a number
        return False


def path_dirname(path: str) -> str:
    """What stands before the last slash: '/' for '/a', '' where there is none."""
    head, slash, _ = (path or "").rpartition("/")
    return head or slash


def path_getsize(path: str, /) -> int:
    """Bytes in a file; 0 for a folder. FileNotFoundError if there is neither."""
    target = _host(path)
    return 0 if _os.path.isdir(target) else _os.stat(target).st_size


def mkdirs(path: str, /) -> None:
    """Makes a folder and those above it. What exists is left as it is."""
    if not path_exists(path):
        _os.makedirs(_host(path), exist_ok=True)


def rmdirs(path: str, /) -> None:
    """Removes a folder and all that is in it. A link in it goes, not what it leads to."""
    from uos import listdir, remove

    if not path:  # a setting that is missing, not the folder that the script stands in
        raise OSError(_ENOENT, _os.strerror(_ENOENT), path)
    try:
        remove(path)
    except OSError as error:
        if error.errno != _ENOTEMPTY:
            raise
        for name in listdir(path):
            rmdirs(f"{path}/{name}")
        remove(path)


def touch(file: str, data: object, i: int = 1, file_type: str = "json") -> int:
    """Writes `data` into a file as JSON, making the folders above it. 0, or -1 if that failed.

    With `file_type` 'txt' `data` is text, and is written as it is. `i` means nothing here: to the
    device it says where in the path the folders begin.
    """
    from ujson import dumps

    try:
        text = data if file_type == "txt" else dumps(data)
        if not isinstance(text, str):
            return -1
        content = text.encode()  # what cannot be written leaves the file as it is
        mkdirs(path_dirname(file))
        with _open(_host(file), "wb") as stream:
            stream.write(content)
    except (OSError, TypeError, ValueError):
        return -1
    return 0


def read_json(file: str) -> object:
    """What a JSON file holds; None if there is no such file. ValueError if it is not JSON."""
    from ujson import load

    if not path_exists(file):
        return None
    with _open(_host(file), encoding="utf-8") as stream:
        return load(stream)


def file_copy(dstFile: str, srcFile: str) -> bool:
    """Copies the content of a file, the destination first. False if there is no such file."""
    if not path_exists(srcFile):
        return False
    if path_exists(dstFile) and _os.path.samefile(_host(dstFile), _host(srcFile)):
        return True
    with _open(_host(srcFile), "rb") as source, _open(_host(dstFile), "wb") as target:
        while block := source.read(65536):
            target.write(block)
    return True
