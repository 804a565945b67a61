"""Imports from memory: finds and loads the modules that the program carries with it.

The program's own finders (DeviceFinders) stand on `sys.meta_path`; they run this, and ask it, once
a script wants one of the modules.
"""

import sys
from importlib.machinery import ModuleSpec, PathFinder

from _ftpy.program import root, sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.abc import Loader
    from types import CodeType, ModuleType
else:
    Loader = object  # the real one takes long to import and adds nothing here

# The client as a program, the one package among them.
CLIENT = "_ftpy.client"


class MemoryLoader(Loader):
    """Runs a module from its source in memory, and shows it to tracebacks and `inspect`."""

    def create_module(self, spec: ModuleSpec) -> "ModuleType | None":
        return None

    def exec_module(self, module: "ModuleType") -> None:
        exec(code(module.__name__), module.__dict__)

    def get_code(self, name: str) -> None:
        """No code: Python then says that `-m uos` has nothing to run."""

    def get_source(self, name: str) -> str:
        return str(sources[name], "utf-8")

    def is_package(self, name: str) -> bool:
        return name == CLIENT


def find_first(name: str, path: "Sequence[str] | None") -> ModuleSpec | None:
    """The spec of a device module, of `usr` or `usr.ftplib`; None for what Python is to find."""
    if sys.flags.verbose and name != "usr":
        note_shadowed(name, path)
    return None if name == "ftplib" else find_spec(name)


def find_last(name: str) -> ModuleSpec | None:
    """The spec of a stub, or of the script's own module in its place; None for what only the device
    has, and ModuleNotFoundError where somebody imports it.
    """
    if spec := beside_script(name):
        return spec
    if name in sources:
        return find_spec(name)
    # Above this frame is the one that asks all finders. `importlib.util.find_spec` only asks.
    asker = sys._getframe(1).f_back
    if asker and asker.f_code.co_name == "_find_and_load_unlocked":
        from _ftpy.refusal import refuse

        refuse(name)
    return None


def beside_script(name: str) -> ModuleSpec | None:
    """The spec of a module in the script's folder or in `usr`: a root has neither on `sys.path`."""
    if root is None or sys.flags.safe_path:
        return None
    file = getattr(sys.modules["__main__"], "__file__", None) or ""
    return PathFinder.find_spec(name, [file.rpartition("/")[0] or root, f"{root}/usr"])


def find_spec(name: str) -> ModuleSpec:
    """The spec of one of the modules that are found here, wherever it stands among the others."""
    if name in sources:
        return ModuleSpec(name, MemoryLoader(), origin=origin(name), is_package=name == CLIENT)
    from _ftpy import usr

    return usr.find_spec(name)


def iter_modules(prefix: str = "") -> "Iterator[tuple[str, bool]]":
    """The modules that a script can import, and that each is no package."""
    public = (name for name in sources if not name.startswith("_"))
    return ((prefix + name, False) for name in sorted(public))


def addition(
    module: "ModuleType", names: tuple[str, ...], attribute: str
) -> "Callable[..., object]":
    """One of the device's functions in a module of Python's own, which then has all of them."""
    from _ftpy import additions

    found = {name: additions.table[module.__name__][name] for name in names}
    # In this order: another thread may look for one of them meanwhile.
    module.__dict__.update(found)
    module.__dict__.pop("__getattr__", None)
    return found[attribute]


def code(name: str) -> "CodeType":
    """A module's code, compiled when it is run: never before a script asks for it."""
    return compile(sources[name], origin(name), "exec", dont_inherit=True)


def origin(name: str) -> str:
    """The file name in tracebacks.

    Without `.py`: Python, up to 3.12, would quote lines from a file of that name on `sys.path`.
    """
    return f"<ftpy>/{name}"


def note_shadowed(name: str, path: "Sequence[str] | None") -> None:
    """Names the file that a built-in module stands before."""
    if spec := PathFinder.find_spec(name, path):
        file = spec.origin or next(iter(spec.submodule_search_locations or ()))
        print(f"# ftpy: {name} is built in; {file} is not loaded", file=sys.stderr)


def load(module: "ModuleType", attribute: str) -> object:
    """One attribute of a predefined module, which is run if nobody has looked at it so far.

    No lock: two threads may both run it, for it only defines things. Each sees all of them.
    """
    if "__getattr__" in module.__dict__:
        spec, loader = find_first(module.__name__, None), MemoryLoader()
        module.__spec__, module.__loader__, module.__package__ = spec, loader, ""
        loader.exec_module(module)
        module.__dict__.pop("__getattr__", None)
    return getattr(module, attribute)
