"""A Swift program's part in its interpreter: its modules, its streams, the Python for children."""

import atexit
import io
import os
import sys
from importlib.machinery import ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.abc import Loader
    from types import CodeType, ModuleType
else:
    Loader = object  # the real one takes long to import and adds nothing here


def set_executable() -> None:
    """Sets `sys.executable`: the Python whose library this is, for what starts another one.

    The program itself is none; what stands first on PATH may be one of another version. Empty if
    there is none.
    """
    path = os.path.join(sys.base_exec_prefix, "bin", "python{}.{}".format(*sys.version_info))
    found = path if os.access(path, os.X_OK) else ""
    sys.executable = sys._base_executable = found  # type: ignore[attr-defined]


def add_paths(paths: "list[str]") -> None:
    """Puts the program's folders first on `sys.path`. Those outside a root are no device's."""
    sys.path[:0] = paths
    if deviceroot := sys.modules.get("_ftpy.deviceroot"):
        deviceroot.libraries.extend(filter(deviceroot.is_library, paths))


def add_modules(modules: "dict[str, str]") -> None:
    """Makes the program's modules importable, before all others."""
    if modules:
        sys.meta_path.insert(0, ProgramLoader(modules))


class ProgramLoader(Loader):
    """Finds and runs modules whose source the program has given, and shows it to tracebacks."""

    def __init__(self, sources: "dict[str, str]") -> None:
        self.sources = sources
        self.packages: set[str] = set()
        for name in sources:
            while name := name.rpartition(".")[0]:
                self.packages.add(name)

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name not in self.sources and name not in self.packages:
            return None
        spec = ModuleSpec(name, self, origin=self.filename(name), is_package=self.is_package(name))
        spec.has_location = True
        return spec

    def create_module(self, spec: ModuleSpec) -> "ModuleType | None":
        return None

    def exec_module(self, module: "ModuleType") -> None:
        exec(self.get_code(module.__name__), module.__dict__)

    def get_code(self, name: str) -> "CodeType":
        return compile(self.get_source(name), self.filename(name), "exec", dont_inherit=True)

    def get_source(self, name: str) -> str:
        return self.sources.get(name, "")

    def is_package(self, name: str) -> bool:
        return name in self.packages

    def filename(self, name: str) -> str:
        return f"<program>/{name}.py"


class Writer(io.RawIOBase):
    """Hands what is written to the program."""

    def __init__(self, write: "Callable[[bytes], object]", name: str) -> None:
        self.hand_over = write
        self.name = name
        self.mode = "wb"

    def writable(self) -> bool:
        return True

    def write(self, data: "memoryview", /) -> int:  # type: ignore[override]
        self.hand_over(bytes(data))
        return len(data)


class Reader(io.RawIOBase):
    """Asks the program for a line at a time."""

    def __init__(self, read: "Callable[[], bytes | None]") -> None:
        self.ask = read
        self.rest = b""
        self.name = "<stdin>"
        self.mode = "rb"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview", /) -> int:  # type: ignore[override]
        line = self.rest or self.ask() or b""
        count = min(len(line), len(buffer))
        buffer[:count], self.rest = line[:count], line[count:]
        return count


def set_output(out: "Callable[[bytes], object]", err: "Callable[[bytes], object]") -> None:
    """Lets the program have the text of both streams."""
    for name, write, errors in (("stdout", out, "strict"), ("stderr", err, "backslashreplace")):
        raw = Writer(write, f"<{name}>")
        stream = io.TextIOWrapper(
            io.BufferedWriter(raw),  # type: ignore[type-var]
            encoding="utf-8",
            errors=errors,
            line_buffering=True,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def set_input(read: "Callable[[], bytes | None]") -> None:
    """Lets the program answer for standard input."""
    sys.stdin = io.TextIOWrapper(io.BufferedReader(Reader(read)), encoding="utf-8")
    sys.__stdin__ = sys.stdin  # type: ignore[misc]


def end(stopped: "type[BaseException]") -> None:
    """Waits for the script's threads and runs what `atexit` has, as Python does at its end, where
    nothing could stop either.

    Raises what stops the wait; what `atexit` functions raise is printed.
    """
    try:
        wait_for_threads(stopped)
    finally:
        atexit._run_exitfuncs()


def wait_for_threads(stopped: "type[BaseException]") -> None:
    """Waits for the script's threads; raises what a signal raises meanwhile.

    From 3.13 on Python prints that instead, and does as if all threads had ended.
    """
    threading = sys.modules.get("threading")
    if threading is None:
        return
    hook = sys.unraisablehook
    raised: list[BaseException] = []

    def keep(unraisable: "sys.UnraisableHookArgs") -> None:
        exception = unraisable.exc_value
        if unraisable.object is None and isinstance(exception, (stopped, KeyboardInterrupt)):
            raised.append(exception)
        else:
            hook(unraisable)

    sys.unraisablehook = keep
    try:
        threading._shutdown()
    finally:
        sys.unraisablehook = hook
        threading._shutdown = bool  # type: ignore[attr-defined]  # Python's end calls it again
    if raised:
        raise raised[0]
