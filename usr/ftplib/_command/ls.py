"""`ls`: what directories hold."""

from __future__ import annotations

import argparse
import os
import sys

from . import ftplib
from .addresses import Address
from .messages import Failure, every, printable
from .sessions import Sessions, named
from .streams import say


def ls(options: argparse.Namespace, sessions: Sessions) -> bool:
    if sys.stdout is None:
        raise Failure("standard output is closed")

    def one(address: Address) -> None:
        with named(address.shown, sessions):
            for name, facts in sorted(entries(address, sessions), key=lambda entry: entry[0]):
                say(long(name, facts) if options.long else printable(name))

    return every(options.url, one)


def entries(address: Address, sessions: Sessions) -> list[tuple[str, dict[str, str]]]:
    """What a directory holds, or the one thing of another kind that the path names."""
    ftp = sessions.open(address.parent())
    if not address.name:
        return ftp.listdir()
    here = ftp.pwd()
    try:
        ftp.cwd(address.name if isinstance(address.name, str) else os.fsdecode(address.name))
    except ftplib.error_perm:
        name = os.fsdecode(address.name)
        found = [
            entry for entry in ftp.listdir() if entry[0] == name and not is_directory(entry[1])
        ]
        if not found:
            raise
        return found
    found = ftp.listdir()
    ftp.cwd(here)
    return found


def is_directory(facts: dict[str, str]) -> bool:
    return facts.get("type", "").lower() == "dir"


def long(name: str, facts: dict[str, str]) -> str:
    """`dir` or `file`, the size, the time, the name."""
    kind = facts.get("type", "").lower()
    kind = "link" if "slink" in kind or "symlink" in kind else kind or "?"
    moment = facts.get("modify", "")
    day = f"{moment[:4]}-{moment[4:6]}-{moment[6:8]}" if len(moment) >= 8 else ""
    clock = f"{moment[8:10]}:{moment[10:12]}" if len(moment) >= 12 else ""
    return printable(f"{kind:4} {facts.get('size', ''):>12} {day:10} {clock:5} {name}")
