"""Runs a command, and says how it went by the exit status."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from . import ftplib
from .arguments import make_parser
from .messages import Failure, Unread, complain, reason
from .sessions import Sessions
from .streams import Output


def run(module: str, words: Sequence[str]) -> bool:
    """Whether all went well."""
    interpreter = os.path.basename(sys.executable or "python3")
    options = make_parser(f"{interpreter} -m {module}").parse_args(words)
    sessions = Sessions(options)
    try:
        well: bool = options.run(options, sessions)
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


def main(module: str) -> None:
    """The program, started as `-m` and the name of a module."""
    try:
        if len(sys.argv) > 1 and sys.argv[1] in ("get", "put", "ls", "sync", "-h", "--help"):
            well = run(module, sys.argv[1:])
        else:
            ftplib.test()
            well = True
    except (Unread, BrokenPipeError):
        # The reader has enough.
        well = False
    except KeyboardInterrupt:
        # As a shell expects it of a program that Ctrl-C ended: status 130, and its loop ends too.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
        well = False
    except (Failure, *ftplib.all_errors, ValueError) as error:
        complain(reason(error))
        well = False
    if not well:
        forget_output()
        sys.exit(1)
