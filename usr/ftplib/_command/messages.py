"""What the program tells on standard error, and what ends it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from . import ftplib
from .addresses import cleaned

Item = TypeVar("Item")


class Failure(Exception):
    """What failed: a line on standard error, and the exit status 1."""


class Unread(Exception):
    """Nobody reads standard output any more."""


def visible(line: str) -> str:
    """A line without what would move a terminal's cursor, or worse: names and servers' words."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def every(items: Iterable[Item], run: Callable[[Item], None]) -> bool:
    """Runs for each; what fails is told, and the rest has its turn. Whether all went well."""
    well = True
    for item in items:
        try:
            run(item)
        except Failure as failure:
            complain(str(failure))
            well = False
    return well


def printable(name: str) -> str:
    """For a terminal without what would move its cursor; as it is for a program."""
    if sys.stdout is None or not sys.stdout.isatty():
        return name
    return visible(name)


def complain(line: str) -> None:
    # To print(), no file at all is standard output.
    if sys.stderr is not None:
        # Also where no terminal is: a log is looked at in one later.
        line = cleaned(line).encode(errors="backslashreplace").decode()
        print(f"ftplib: {visible(line)}", file=sys.stderr)


def meter(options: argparse.Namespace) -> Callable[[Any], object] | None:
    """What shows a transfer: asked for, or where somebody looks."""
    watched = options.progress or (sys.stderr is not None and sys.stderr.isatty())
    return ftplib.progress_bar() if watched and not options.quiet else None
