#!/usr/bin/env python3
"""What `ftpy --progress` costs: transfers of one large file without and with it, on a terminal.

    Tests/Benchmarks/progress.py [--size MIB] [--rounds N]

Each run is a process of its own, the two take turns, and what counts is the ratio of medians within
this one run: of wall time, and of the processor's. The scripts are the documented idioms,
`retrbinary(..., file.write)` into an existing file and `storbinary(..., file)`. The server is
vsftpd on loopback. Needs root, for vsftpd. All else is measured by run.py.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(REPOSITORY / "Tests/Servers"))

import servers  # noqa: E402

FTPY = str(REPOSITORY / ".build/release/ftpy")
NAME = "file.bin"

SCRIPT = """
import sys
from usr.ftplib import FTP
host, port, user, password, path = sys.argv[1:]
ftp = FTP()
ftp.connect(host, int(port))
ftp.login(user, password)
with open(path, "{mode}") as file:
    {call}
ftp.quit()
"""
RETRIEVE = 'ftp.retrbinary("RETR file.bin", file.write)'
STORE = 'ftp.storbinary("STOR file.bin", file)'


@dataclass(frozen=True)
class Task:
    """What is done: its name, and the Python that does it."""

    name: str
    mode: str
    call: str


TASKS = (Task("RETR", "wb+", RETRIEVE), Task("STOR", "rb", STORE))


@dataclass
class Contestant:
    """A program, and what it took: seconds of wall time and of its own processor time."""

    name: str
    command: Callable[[servers.Server, Task, Path], Sequence[str]]
    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)


def ftpy(*options: str) -> Callable[[servers.Server, Task, Path], Sequence[str]]:
    def command(server: servers.Server, task: Task, path: Path) -> Sequence[str]:
        script = SCRIPT.format(mode=task.mode, call=task.call)
        address = (server.host, str(server.port), server.user, server.password)
        return (FTPY, *options, "-c", script, *address, str(path))

    return command


def contestants() -> list[Contestant]:
    return [Contestant("ftpy", ftpy()), Contestant("ftpy --progress", ftpy("--progress"))]


def measure(contestant: Contestant, server: servers.Server, task: Task, path: Path) -> None:
    """Runs a contestant once, its standard error a terminal; raises if it fails."""
    screen, terminal = os.openpty()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    start = time.perf_counter()
    process = subprocess.Popen(
        contestant.command(server, task, path),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    )
    os.close(terminal)
    said = show(screen)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{contestant.name} failed at {task.name}: {said}")
    contestant.wall.append(wall)
    contestant.processor.append(usage.ru_utime + usage.ru_stime)


def show(screen: int) -> str:
    """What a program writes to its terminal until it ends."""
    said = b""
    try:
        while block := os.read(screen, 4096):
            said += block
    except OSError:  # nobody has the terminal open any more
        pass
    os.close(screen)
    return said.decode(errors="replace")


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def run(
    field_: list[Contestant], task: Task, size: int, rounds: int, scratch: Path
) -> list[Contestant]:
    """Lets all contestants do a task, in turn, so many times; checks what arrived."""
    with servers.start("vsftpd", root=scratch / "server") as server:
        remote, local = server.root / NAME, scratch / NAME
        source, target = (remote, local) if task.name == "RETR" else (local, remote)
        with source.open("wb") as file:
            for _ in range(size):
                file.write(os.urandom(1 << 20))
        server.adopt(server.root)
        expected = digest(source)
        for _ in range(rounds + 1):
            for contestant in field_:
                measure(contestant, server, task, local)
                if len(contestant.wall) == 1 and digest(target) != expected:
                    raise RuntimeError(f"{contestant.name} did not deliver {task.name} whole")
    for contestant in field_:
        # The first round makes the files and warms the caches.
        del contestant.wall[0], contestant.processor[0]
    remote.unlink()
    local.unlink()
    return field_


def table(task: Task, size: int, field_: list[Contestant]) -> str:
    """Medians, spread, and ratios to the first of them, as Markdown."""
    base = field_[0]
    lines = [
        f"{task.name} of {size} MiB, {len(base.wall)} rounds",
        "",
        "| client | wall s (min-max) | ratio | processor s | ratio |",
        "|---|---|---|---|---|",
    ]
    for one in field_:
        wall, processor = statistics.median(one.wall), statistics.median(one.processor)
        lines.append(
            f"| {one.name} | {wall:.2f} ({min(one.wall):.2f}-{max(one.wall):.2f})"
            f" | {wall / statistics.median(base.wall):.2f}"
            f" | {processor:.2f} | {processor / statistics.median(base.processor):.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--size", type=int, default=1024, metavar="MIB")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}\n")
    with tempfile.TemporaryDirectory() as folder:
        for task in TASKS:
            field_ = run(contestants(), task, options.size, options.rounds, Path(folder))
            print(table(task, options.size, field_) + "\n", flush=True)


if __name__ == "__main__":
    main()
