"""The Pythons of this machine, for tests that concern every one of them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROGRAM = re.compile(r"python3(\.\d+)?")
OLDEST = (3, 11)
"""The stable ABI that the extension is built for."""

WHO = """
import os, sys, sysconfig
free_threaded = sysconfig.get_config_var("Py_GIL_DISABLED") or 0
print(os.path.realpath(sys.executable), *sys.version_info[:3], free_threaded)
"""


@dataclass(frozen=True, order=True)
class Python:
    version: tuple[int, int, int]
    program: Path

    def __str__(self) -> str:
        return f"{self.program}-{'.'.join(map(str, self.version))}"


@cache
def pythons() -> list[Python]:
    """Each Python 3 once, whatever its names; the free-threaded builds know no stable ABI.

    Those in PYTHONS (with colons between them) and PATH, and their neighbours: who keeps several
    versions keeps them in folders side by side, with one of them in PATH.
    """
    named = [Path(name) for name in os.environ.get("PYTHONS", "").split(os.pathsep) if name]
    found = asked([*named, *programs()])
    neighbours = {
        file
        for python in found
        for file in python.program.parents[2].glob("*/bin/python3*")
        if PROGRAM.fullmatch(file.name)
    }
    return sorted({*found, *asked(neighbours)})


def programs() -> Iterator[Path]:
    folders = [Path("/usr/bin"), *map(Path, os.environ.get("PATH", "").split(os.pathsep))]
    for folder in folders:
        if folder.is_dir():
            yield from (file for file in folder.iterdir() if PROGRAM.fullmatch(file.name))


def asked(programs: Iterator[Path] | set[Path] | list[Path]) -> set[Python]:
    """What they say they are. Not all are what they are called: some are scripts that start one."""
    found = set()
    for program in {file.resolve() for file in programs}:
        try:
            said = subprocess.run(
                [program, "-c", WHO], capture_output=True, encoding="utf-8", timeout=20, check=False
            ).stdout.split()
        except OSError:
            continue
        if len(said) == 5 and said[4] == "0":
            path, major, minor, micro, _ = said
            found.add(Python((int(major), int(minor), int(micro)), Path(path)))
    return found


def able() -> list[Python]:
    """Those that load the extension."""
    return [python for python in pythons() if python.version >= OLDEST]


def too_old() -> list[Python]:
    """Those that find the extension and cannot load it."""
    return [python for python in pythons() if python.version < OLDEST]
