#!/usr/bin/env python3
"""In which order the linker lays the functions: writes Sources/ftplib/symbols.order.

    Tests/Benchmarks/order.py

Between two of a server's answers the processor forgets most of a program, so that a command costs
what it must fetch again: lines and pages of code, fewer when what runs lies together. Builds the
extension with its symbols, has valgrind's callgrind count its functions in the workloads of many
commands, and lists those that run in every command, session or transfer, and then those of an
import. Run it when the table of the benchmarks shows these workloads slower: a name that is gone
does no harm, a function that is not listed is only farther away. Wants to be root, for vsftpd.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from contestants import BUILD, REPOSITORY, python
from stage import set_up
from workloads import WORKLOADS

TARGET = REPOSITORY / "Sources/ftplib/symbols.order"
PYTHON = Path("/usr/bin/python3")
ROUNDS = {"noop": 200, "pwd": 200, "sessions": 40, "small-retr": 60, "small-stor": 60}
"""How often each workload does its own."""


def build(packages: Path) -> None:
    """Builds the extension with its symbols, as `usr.ftplib` in a folder."""
    scratch = BUILD / "order"
    command = ["swift", "build", "-c", "release", "--product", "ftplib", "--scratch-path"]
    environment = os.environ | {"SYMBOLS": "1"}
    subprocess.run([*command, str(scratch)], cwd=REPOSITORY, env=environment, check=True)
    package = packages / "usr/ftplib"
    package.mkdir(parents=True)
    library = scratch / "release/libftplib.so"
    (package / "__init__.abi3.so").symlink_to(library.resolve())


def counted(command: Sequence[str], packages: Path) -> Counter[str]:
    """How often a program calls each of the extension's functions."""
    profile = packages / "callgrind.out"
    watch = ["valgrind", "--tool=callgrind", "--demangle=no", "--compress-strings=no"]
    subprocess.run(
        [*watch, f"--callgrind-out-file={profile}", *command],
        env=os.environ | {"PYTHONPATH": str(packages)},
        cwd=packages,  # `python3 -c` looks there first
        capture_output=True,
        check=True,
    )
    calls: Counter[str] = Counter()
    library, callee, name = "", "", ""
    for line in profile.read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "ob":
            library = value
        elif key == "cob":
            callee = value
        elif key == "cfn":
            name = re.sub(r"'\d+$", "", value)  # of a recursion
        elif key == "calls":
            if "libftplib" in (callee or library) and not name.startswith("0x"):
                calls[name] += int(value.split()[0])
            callee = ""
    return calls


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        packages = Path(folder)
        packages.chmod(0o755)
        build(packages)
        listed: dict[str, None] = {}
        workloads = {workload.key: workload for workload in WORKLOADS}
        for key, rounds in ROUNDS.items():
            workload = workloads[key]
            with set_up(workload, rounds, packages) as stage, stage.job() as job:
                calls = counted(python(PYTHON, "usr.ftplib")(job), packages)
            listed |= dict.fromkeys(name for name, count in calls.items() if count >= rounds)
            print(f"{len(listed)} with {workload.title}")
        calls = counted([str(PYTHON), "-c", "from usr.ftplib import FTP"], packages)
        listed |= dict.fromkeys(calls)
    TARGET.write_text("".join(f"{name}\n" for name in listed))
    print(f"{len(listed)} with an import, in {TARGET}")


if __name__ == "__main__":
    main()
