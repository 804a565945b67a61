"""The start of every run: tells Python which names are the device's, and predefines `uos`.

The program runs this once, before the script. Python compiles it at every start, so all that can
wait is in the other files.
"""

import sys

from _ftpy.program import root, sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__path__ = []  # a package without a folder

ours = {*sources, "usr", "usr.ftplib", "_ftpy.ftplib"}
if sys.flags.verbose:
    ours.add("ftplib")  # only to say what it shadows: Python's own finder has the built-in module


class DeviceFinder:
    """Stands first in `sys.meta_path`, as the device looks among its built-in modules first."""

    @staticmethod
    def find_spec(
        name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        spec: ModuleSpec | None = memory().find_spec(name, path) if name in ours else None
        return spec


def memory() -> "ModuleType":
    """The module `_ftpy.memory`, which loads the others and so cannot be imported as they are."""
    if "_ftpy.memory" not in sys.modules:
        module = type(sys)("_ftpy.memory")
        exec(compile(sources["_ftpy.memory"], "<ftpy>/_ftpy.memory", "exec"), module.__dict__)
        sys.modules["_ftpy.memory"] = module
    return sys.modules["_ftpy.memory"]


def first_look(attribute: str) -> object:
    """Runs `uos`: a script wants a function of it, or imports it and so wants its `__spec__`."""
    return memory().load(uos, attribute)


sys.meta_path.insert(0, DeviceFinder)

uos = type(sys)("uos")
del uos.__spec__
uos.__dict__.update(__getattr__=first_look, __dir__=lambda: uos.__all__)
sys.modules["uos"] = sys.modules["__main__"].__dict__["uos"] = uos

if root is not None:
    from _ftpy import deviceroot

    deviceroot.install()

if sys.argv[0] == "-c" and any(word.startswith("from multiprocessing.") for word in sys.orig_argv):
    from _ftpy import child

    child.install()
