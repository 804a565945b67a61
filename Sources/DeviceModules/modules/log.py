"""The device's `log`: one line `LEVEL:name:message` for each record, without a time.

Unlike Python's `logging` it has no handlers, formats or hierarchy: one level and one output for all
loggers, and a level of its own for a logger that sets one. Lines go to standard error.
"""

import sys as _sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class _Output(Protocol):
        def write(self, text: str, /) -> object: ...


__all__ = [
    "CRITICAL",
    "DEBUG",
    "ERROR",
    "INFO",
    "NOTSET",
    "WARNING",
    "Logger",
    "basicConfig",
    "getLogger",
    "set_output",
]

CRITICAL, ERROR, WARNING, INFO, DEBUG, NOTSET = 50, 40, 30, 20, 10, 0

_WORDS = {CRITICAL: "CRIT", ERROR: "ERROR", WARNING: "WARN", INFO: "INFO", DEBUG: "DEBUG"}

_level = INFO
_output: "_Output | None" = None  # None: whatever sys.stderr is when a line is written
_loggers: "dict[str, Logger]" = {}


def __dir__() -> list[str]:
    return __all__


def basicConfig(
    level: int = INFO,
    filename: object = None,
    stream: "_Output | None" = None,
    format: object = None,
) -> None:
    """Sets the lowest level that is written. Of the others only `stream` counts, as it says."""
    global _level
    _level = level
    if stream is not None:
        set_output(stream)
    for name, value in (("filename", filename), ("format", format)):
        # To print(), no file at all is standard output.
        if value is not None and _sys.stderr is not None:
            print(f"log.basicConfig: {name} is not supported, as on the device", file=_sys.stderr)


def set_output(out: "_Output", /) -> None:
    """Where all lines go: `usys.stdout`, `usys.stderr`, or an object that has their `write`."""
    global _output
    if not callable(getattr(out, "write", None)):
        raise Exception(f"log.set_output takes a UART or usys.stdout, not {type(out).__name__}")
    _output = out


def getLogger(name: str = "root") -> "Logger":
    """The logger of that name, always the same one."""
    return _loggers.setdefault(name, Logger(name))


class Logger:
    """Writes lines in one name. A message may be any object; with arguments it is a % format."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.level = NOTSET

    def setLevel(self, level: int) -> None:
        """A lowest level for this logger alone; NOTSET: that of `basicConfig`."""
        self.level = level

    def isEnabledFor(self, level: int) -> bool:
        """Whether a record of that level would be written."""
        return level >= (self.level or _level)

    def log(self, level: int, msg: object, *args: object) -> None:
        """Writes one line if the level is high enough."""
        if self.isEnabledFor(level):
            text = str(msg) % args if args else msg
            line = f"{_WORDS.get(level, f'LVL{level}')}:{self.name}:{text}\n"
            output = _output or _sys.stderr
            # Python has none where the program was started without one.
            if output is not None:
                output.write(line)

    def debug(self, msg: object, *args: object) -> None:
        """`log` with DEBUG; the same for the others."""
        self.log(DEBUG, msg, *args)

    def info(self, msg: object, *args: object) -> None:
        self.log(INFO, msg, *args)

    def warning(self, msg: object, *args: object) -> None:
        self.log(WARNING, msg, *args)

    def error(self, msg: object, *args: object) -> None:
        self.log(ERROR, msg, *args)

    def critical(self, msg: object, *args: object) -> None:
        self.log(CRITICAL, msg, *args)
