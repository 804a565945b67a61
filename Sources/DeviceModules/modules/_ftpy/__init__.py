"""The start of every run: tells Python which names are the device's, and predefines `uos`.

The program runs this once, before the script. Python compiles it at every start, so all that can
wait is in the other files.
"""

import sys

from _ftpy.program import sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__path__ = []  # a package without a folder

#: Mere stand-ins, and what only the device has: a file of the user's comes before either.
stubs = {"dataCall", "misc", "modem", "net", "sim"}
device_only = (
    "SecureData TenCentYun WDT WLAN aLiYun app_fota app_fota_download app_fota_mount atcmd audio "
    "ble bt camera cellLocator esim ethernet fota gnss lcd lvgl machine ntptime osTimer pm qrcode "
    "quecIot quecgnss request securedata sms system uasyncio umqtt uping uwebsocket voiceCall "
    "webserver wifiScan wifilocator"
)
last = {*stubs, *device_only.split()}

ours = {*sources, "usr", "usr.ftplib"} - stubs
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

    @staticmethod
    def iter_modules(prefix: str = "") -> "Iterator[tuple[str, bool]]":
        """For `help('modules')` and `pkgutil`."""
        found: Iterator[tuple[str, bool]] = memory().iter_modules(prefix)
        return found


class LastFinder:
    """Stands last: what it has is for scripts that bring no file of their own for it."""

    @staticmethod
    def find_spec(
        name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        spec: ModuleSpec | None = memory().find_last(name) if name in last else None
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


def extend(module: "ModuleType", names: str) -> None:
    """Gives a module of Python's own what the device has in it, once a script asks for that."""

    def first_look(attribute: str) -> object:
        if attribute not in names.split():
            raise AttributeError(f"module {module.__name__!r} has no attribute {attribute!r}")
        found: object = memory().add(module, names)[attribute]
        return found

    module.__dict__["__getattr__"] = first_look


def stack_size(size: int = 0, /) -> int:
    """Sets the stack of threads to come, in bytes, and returns what was set before; 0: the default.

    Less than 1 MiB is taken for that: the device's threads need 8 KiB, Python's crash with 128.
    """
    before: int = own_stack_size(max(size, 0x100000) if size > 0 else size)
    return before


sys.meta_path.insert(0, DeviceFinder)
sys.meta_path.append(LastFinder)

extend(sys, "print_exception")
extend(__import__("gc"), "mem_alloc mem_free threshold")
threads = sys.modules["_thread"]
extend(
    threads,
    "allocate_semphore delete_lock delete_semphore get_heap_size stop_thread threadIsRunning",
)
own_stack_size, threads.__dict__["stack_size"] = threads.__dict__["stack_size"], stack_size

uos = type(sys)("uos")
del uos.__spec__
uos.__dict__.update(__getattr__=first_look, __dir__=lambda: uos.__all__)
sys.modules["uos"] = sys.modules["__main__"].__dict__["uos"] = uos
