"""Runs a command, and says how it went by the exit status."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from . import ftplib
from .addresses import url
from .arguments import make_parser
from .messages import Failure, Unread, complain, reason
from .sessions import Sessions
from .streams import Output


def parser(module: str) -> argparse.ArgumentParser:
    interpreter = os.path.basename(sys.executable or "python3")
    return make_parser(f"{interpreter} -m {module}")


def is_ours(words: Sequence[str]) -> bool:
    """Whether it is no command line of CPython's: a subcommand, or an option of none of them."""
    if not words:
        return False
    option = words[0].startswith("-") and words[0] != "-d" and not words[0].startswith("-r")
    return option or words[0] in ("get", "put", "ls", "sync")


def require_host(module: str, words: Sequence[str]) -> None:
    """Ends the program where a URL in the host's place cannot be one."""
    host = next((word for word in words if not word.startswith("-")), "")
    if "://" in host:
        try:
            url(host)
        except argparse.ArgumentTypeError as error:
            parser(module).error(str(error))


def run(module: str, words: Sequence[str]) -> bool:
    """Whether all went well."""
    options = parser(module).parse_args(words)
    if hasattr(sys.stdout, "reconfigure"):
        # A name that is no UTF-8 comes out as the bytes that it is.
        sys.stdout.reconfigure(errors="surrogateescape")
    sessions = Sessions(options)
    try:
        well: bool = options.run(options, sessions)
    except KeyboardInterrupt:
        # Who wants it to end does not wait for a server's farewell.
        sessions.drop()
        raise
    finally:
        sessions.close()
    if well and sys.stdout is not None:
        Output().flush()
    return well


def forget_output() -> None:
    """What Python still holds back goes now, or nowhere: its own end must not fail as well."""
    try:
        if sys.stdout is not None:
            Output().flush()
    except (Failure, Unread):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Ended(KeyboardInterrupt):
    """A signal that ends programs has come. Like Ctrl-C it leaves nothing half done behind."""


def end(number: int, _: FrameType | None) -> NoReturn:
    raise Ended(number)


def die(number: int) -> None:
    """Ends by a signal, as who has sent it expects it: a shell ends its loop, too."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def main(module: str) -> None:
    """The program, started as `-m` and the name of a module."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)
    try:
        if is_ours(sys.argv[1:]):
            well = run(module, sys.argv[1:])
        else:
            require_host(module, sys.argv[1:])
            ftplib.test()
            well = True
    except (Unread, BrokenPipeError):
        # The reader has enough.
        well = False
    except Ended as ended:
        die(ended.args[0])
        well = False
    except KeyboardInterrupt:
        die(signal.SIGINT)
        well = False
    except (Failure, *ftplib.all_errors, ValueError) as error:
        complain(reason(error))
        well = False
    if not well:
        forget_output()
        sys.exit(1)
