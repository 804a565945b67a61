"""What the program tells its modules: made in Swift (DeviceImports)."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

#: The program's own version.
version: str

#: Every module of this folder by name: its source, in the program's memory.
sources: dict[str, memoryview]

#: The folder that scripts take for the device's `/`: an absolute path without links.
#: None without --root.
root: str | None

#: Whether the process is this interpreter's, as ftpy's is: the script may end it.
owns_process: bool

#: The exception that has ended the script, SystemExit for a prompt that was left; None for a script
#: that runs, or has come to its end.
ended_by: type[BaseException] | None

#: Whether the run is to end, whatever would come next: the device was switched off, or the time of
#: the run is over.
is_ending: bool

# With a root alone:

#: The host's path of the working directory to start in.
start: str

#: `__import__` for scripts of the root: imports what `replaced` has for a name, or else as ever.
device_import: Callable[..., Any]

#: Names of modules that are others for scripts of the root, and the modules' true names.
replaced: dict[str, str]

#: The bytes that the script may use (`-X heapsize`, a program's
#: `memoryLimit`), or None without a limit.
memory_limit: int | None

def memory_used() -> int:
    """The bytes that the script uses now: what Python's objects take beyond what they took when it
    began, its own code not counted. 0 without a limit: nobody counts then."""

def unlimited(call: Callable[P, R], /, *args: P.args, **options: P.kwargs) -> R:
    """Call it with the limit lifted, and then drop what it has left behind as garbage: for work of
    the interpreter's, which is no use of the script's. What it returns counts."""

def run_pasted() -> None:
    """Run the text that was typed in the prompt's paste mode. For the prompt alone."""

def stack_size(size: int = 0, /) -> int:
    """`_thread.stack_size` as Python has it."""

def schedule(call: Callable[[], None], /) -> None:
    """Let the main thread call it between two instructions. RuntimeError when too many wait."""
