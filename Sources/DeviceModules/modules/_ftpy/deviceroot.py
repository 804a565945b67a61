"""A folder of this host in the place of the device's file system: what `--root` changes.

`__main__` and every module that is loaded from the root get builtins of their own, in which
`open` takes the device's paths and `import` knows the device's modules where their names are also
those of the standard library. All other modules keep the host's. This is for scripts that mean
well: whoever imports `os` has the host's files.
"""

import builtins
import os
import sys
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)

from _ftpy import files
from _ftpy.hostpath import within
from _ftpy.program import device_import, replaced, start
from _ftpy.program import root as _root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import TypeVar

    T = TypeVar("T")

assert _root is not None
root: str = _root
device_builtins = type(sys)("builtins")
libraries: list[str] = []
"""Folders of the host's on `sys.path`, which nothing of the device's stands before."""


def install() -> None:
    """Puts the script into the root. Once, before it runs."""
    device_builtins.__dict__.update(builtins.__dict__)
    device_builtins.__dict__.update(open=files.open, __import__=device_import)
    device_builtins.__dict__.update(execfile=execfile, const=const)
    sys.modules["_ftpy.builtins"] = device_builtins
    sys.modules["__main__"].__dict__["__builtins__"] = device_builtins
    sys.displayhook = display
    replaced["builtins"] = "_ftpy.builtins"
    replaced["queue"] = "_ftpy.queue"
    replaced["_thread"] = "_ftpy.threads"

    libraries.extend(entry for entry in map(os.path.abspath, sys.path) if is_library(entry))
    sys.path_hooks.insert(0, find)
    sys.path.insert(0, root)
    if sys.argv[0] not in ("", "-", "-c", "-m"):
        place_script()
    os.chdir(start)


def execfile(path: str) -> None:
    """Runs a file among the caller's variables: the device's builtin."""
    with files.open(path) as file:
        code = compile(file.read(), file.name, "exec", dont_inherit=True)
    exec(code, sys._getframe(1).f_globals)


def const(value: "T") -> "T":
    """The value. The device's compiler knows the name, imported from `micropython` or not."""
    return value


def is_library(entry: str) -> bool:
    """Whether an entry of `sys.path` is the host's: outside, or a virtual environment's."""
    environment = sys.prefix != root and within(sys.prefix)
    return not within(entry) or (environment and entry.startswith(f"{sys.prefix}/"))


def place_script() -> None:
    """The script is named by a path of the host, and from where ftpy was started.

    Its folder counts, behind the root, only if the device does not have it.
    """
    script = sys.argv[0] = os.path.abspath(sys.argv[0])
    if sys.path_importer_cache.get(script):  # a folder or archive, which is an entry of `sys.path`
        folder = script
    else:
        folder = os.path.dirname(os.path.realpath(script))
        if not within(folder) and not sys.flags.safe_path:
            sys.path.insert(1, folder)
    if within(folder):
        sys.path_importer_cache.pop(script, None)
    else:
        libraries.append(folder)


def display(value: object) -> None:
    """Shows a value at the prompt, and keeps it as `_`."""
    sys.__displayhook__(value)
    if value is not None:
        device_builtins.__dict__["_"] = value


# Imports


def place_of(entry: str) -> str | None:
    """The host's folder for an entry of `sys.path` that is the root's; None for one of the host's.

    `/usr` and `/bak` are always the device's, and so is what exists there.
    """
    path = os.path.abspath(entry)
    in_root = within(path)
    for library in libraries:
        # A library that the root lies in does not have the root's folders.
        if within(library) == in_root and f"{path}/".startswith(f"{library}/"):
            return None
    if in_root:
        return path
    place = os.path.normpath(f"{root}/{path}")
    partition = path.split("/")[1]
    return place if partition in ("", "usr", "bak") or os.path.isdir(place) else None


def find(entry: str) -> FileFinder:
    """For `sys.path_hooks`: finds the modules of the root's folders."""
    place = place_of(entry)
    if place is None:
        raise ImportError("not in the device's root", path=entry)
    return FileFinder(
        place,
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (RootLoader, SOURCE_SUFFIXES),
        (RootBytecodeLoader, BYTECODE_SUFFIXES),
    )


def new_module(spec: "ModuleSpec") -> "ModuleType":
    """An empty module with the device's builtins."""
    module = type(sys)(spec.name)
    module.__dict__["__builtins__"] = device_builtins.__dict__
    return module


class RootLoader(SourceFileLoader):
    """Loads a module from a file of the root. It leaves no `__pycache__` there."""

    def create_module(self, spec: "ModuleSpec") -> "ModuleType":
        return new_module(spec)

    def set_data(self, path: str, data: object, *, _mode: int = 0o666) -> None:
        pass


class RootBytecodeLoader(SourcelessFileLoader):
    """Loads a compiled module of the root."""

    def create_module(self, spec: "ModuleSpec") -> "ModuleType":
        return new_module(spec)
