"""The device's `example`: runs another script in the same interpreter.

As on the device the script shares the variables of `__main__`, and an exception that it does not
catch is printed and goes no further. A relative path is taken from the working directory.
"""

import sys as _sys

from _ftpy.hostpath import host as _host

__all__ = ["exec"]


def __dir__() -> list[str]:
    return __all__


def exec(path: str, /) -> None:
    """Runs a script. OSError if it cannot be read; SystemExit and Ctrl-C end this script too."""
    from builtins import exec as run
    from io import open_code

    file = _host(path)
    try:
        with open_code(file) as stream:
            source = stream.read()
    except OSError as error:
        reason = f"File path error or not exist: [{path}]: {error.strerror}"
        raise OSError(error.errno, reason) from error
    try:
        run(compile(source, file, "exec", dont_inherit=True), _sys.modules["__main__"].__dict__)
    except Exception as error:
        from traceback import print_exception

        ours = error.__traceback__
        print_exception(error.with_traceback(ours and ours.tb_next))
