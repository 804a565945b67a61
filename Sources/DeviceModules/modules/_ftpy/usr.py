"""The package `usr`: on the device a plain folder, here all the folders that the script could mean.

`usr.ftplib` is the module `ftplib` itself, with or without such a folder and whatever it holds.
"""

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder

from _ftpy.program import root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.abc import Loader
    from types import CodeType, ModuleType
else:
    Loader = object  # the real one takes long to import and adds nothing here


def find_spec(name: str) -> ModuleSpec:
    """The spec of `usr`, of `usr.ftplib`, or of `_ftpy.ftplib`: the client as a program."""
    return package() if name == "usr" else ModuleSpec(name, AliasLoader(), origin="built-in")


class AliasLoader(Loader):
    """Gives the module `ftplib` a second name. It keeps its own `__name__` and `__spec__`."""

    def create_module(self, spec: ModuleSpec) -> "ModuleType | None":
        return None

    def exec_module(self, module: "ModuleType") -> None:
        import ftplib

        sys.modules[module.__name__] = ftplib  # importlib takes what stands here as the result

    def get_code(self, name: str) -> "CodeType":
        """What `-m usr.ftplib` and `-m ftplib` run."""
        program = f"from _ftpy.client.main import main; main({name.removeprefix('_ftpy.')!r})"
        return compile(program, f"<ftpy>/{name}", "exec", dont_inherit=True)


def package() -> ModuleSpec:
    """`usr` made from every `usr` folder, or from none. An `__init__.py` in one is run.

    The one in the working directory counts before it exists: the script may make it.
    """
    here = working_directory()
    places = search_path(here)
    spec = PathFinder.find_spec("usr", places) or ModuleSpec("usr", None)
    folders = list(spec.submodule_search_locations or ())
    for place in places:
        folder = os.path.join(place, "usr")
        if folder not in folders and (place in here or os.path.isdir(folder)):
            folders.append(folder)
    spec.submodule_search_locations = folders
    return spec


def working_directory() -> list[str]:
    """The working directory; nothing if it was removed, or if -P or -I says not to trust it.

    In a device's root its `/` instead, wherever the script has gone.
    """
    if root is not None:
        return [root]
    try:
        return [] if sys.flags.safe_path else [os.getcwd()]
    except FileNotFoundError:
        return []


def search_path(here: list[str]) -> list[str]:
    """Where `usr` is looked for: beside the script, in the working directory, on `sys.path`.

    In a device's root there is one `usr` alone.

    A script that lies in a `usr` folder itself, as the device's `usr/main.py` does, means that one.
    """
    if root is not None:
        return here
    entries = [entry for entry in sys.path if isinstance(entry, str)]
    if not here:
        return entries
    script, *rest = (os.path.normpath(os.path.join(*here, entry)) for entry in entries or [""])
    parent = [os.path.dirname(script)] if os.path.basename(script) == "usr" else []
    return [script, *parent, *here, *rest]
