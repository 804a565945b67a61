"""The start of every run: tells Python which names are the device's, and predefines `uos`.

The program runs this once, before the script. Python compiles it at every start, so all that can
wait is in the other files.
"""

import sys

from _ftpy.program import root, sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__path__ = []  # a package without a folder

#: Mere stand-ins, and what only the device has: a file of the user's comes before either.
stubs = {"dataCall", "misc", "modem", "net", "sim"}
device_only = (
    "SecureData TenCentYun WDT WLAN aLiYun app_fota app_fota_download app_fota_mount atcmd audio "
    "ble bt camera cellLocator esim ethernet fota gnss lcd lvgl machine ntptime osTimer pm qrcode "
    "quecIot quecgnss request securedata sms system uasyncio umqtt uping uwebsocket voiceCall "
    "webserver wifiScan wifilocator"
)

ours = {*sources, "usr", "usr.ftplib", "_ftpy.ftplib"} - stubs
if sys.flags.verbose:
    ours.add("ftplib")  # only to say what it shadows: Python's own finder has the built-in module


class Finder:
    """Finds modules by their names, in the program's memory."""

    def __init__(self, names: "set[str]") -> None:
        self.names = names

    def find_spec(self, name: str, path: "Any" = None, target: object = None) -> "Any":
        return memory().find_spec(name, path) if name in self.names else None

    def iter_modules(self, prefix: str = "") -> "Any":
        """For `help('modules')` and `pkgutil`."""
        return memory().iter_modules(self.names, prefix)


def memory() -> "Any":
    """The module `_ftpy.memory`, which loads the others and so cannot be imported as they are."""
    if "_ftpy.memory" not in sys.modules:
        module = type(sys)("_ftpy.memory")
        exec(compile(sources["_ftpy.memory"], "<ftpy>/_ftpy.memory", "exec"), module.__dict__)
        sys.modules["_ftpy.memory"] = module
    return sys.modules["_ftpy.memory"]


def first_look(attribute: str) -> object:
    """Runs `uos`: a script wants a function of it, or imports it and so wants its `__spec__`.

    Not for what Python's own tests and tools ask of all the modules: `sys.modules` must not grow
    while they go through it.
    """
    if attribute in ("__file__", "__path__", "__warningregistry__"):
        raise AttributeError(f"module 'uos' has no attribute {attribute!r}")
    return memory().load(uos, attribute)


def extend(module: "Any", names: str) -> None:
    """Gives a module of Python's own what the device has in it, once a script asks for that."""

    def first_look(attribute: str) -> object:
        if attribute not in names.split():
            raise AttributeError(f"module {module.__name__!r} has no attribute {attribute!r}")
        return memory().add(module, names)[attribute]

    module.__getattr__ = first_look


def stack_size(size: int = 0, /) -> object:
    """Sets the stack of threads to come, in bytes, and returns what was set before; 0: the default.

    Less than 1 MiB is taken for that: the device's threads need 8 KiB, Python's crash with 128.
    """
    return own_stack_size(max(size, 0x100000) if size > 0 else size)


# The device looks among its built-in modules first.
sys.meta_path.insert(0, Finder(ours))
sys.meta_path.append(Finder({*stubs, *device_only.split()}))

extend(sys, "print_exception")
extend(__import__("gc"), "mem_alloc mem_free threshold")
threads: "Any" = sys.modules["_thread"]
extend(
    threads,
    "allocate_semphore delete_lock delete_semphore get_heap_size stop_thread threadIsRunning",
)
own_stack_size, threads.stack_size = threads.stack_size, stack_size

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
