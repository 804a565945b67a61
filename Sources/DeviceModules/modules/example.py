"""The device's `example`: runs another script in the same interpreter.

As on the device the script shares the variables of `__main__`, and an exception that it does not
catch is printed and goes no further. In a device's root a path is taken from `/`, wherever the
script has gone, as on the device; without one from the working directory.
"""

import sys as _sys

from _ftpy.hostpath import host as _host
from _ftpy.program import root as _root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType as _CodeType

__all__ = ["exec"]


def __dir__() -> list[str]:
    return __all__


def exec(path: str, /) -> None:
    """Runs a script. OSError if it cannot be read; SystemExit and Ctrl-C end this script too."""
    from builtins import eval as evaluate
    from io import open_code

    if _root is not None and not path.startswith("/"):
        path = f"/{path}"
    file = _host(path)
    try:
        with open_code(file) as stream:
            source = stream.read()
    except OSError as error:
        reason = f"File path error or not exist: [{path}]: {error.strerror}"
        raise OSError(error.errno, reason) from error
    main = _sys.modules["__main__"].__dict__
    try:
        for part in _compiled(source, file):
            if evaluate(part, main) is not None:
                break
    except Exception as error:
        from traceback import print_exception

        frames = error.__traceback__
        while frames and frames.tb_frame.f_code.co_filename.startswith("<ftpy>/"):
            frames = frames.tb_next
        print_exception(error.with_traceback(frames))


def _compiled(source: bytes, file: str) -> "list[_CodeType]":
    """A script's code in one part; in several if its top level says `return`."""
    try:
        return [compile(source, file, "exec", dont_inherit=True)]
    except SyntaxError as error:
        if error.msg != "'return' outside function":
            raise
    from _ftpy.chunk import parts

    return parts(source, file)
