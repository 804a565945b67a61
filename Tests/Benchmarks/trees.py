#!/usr/bin/env python3
"""Trees and large files beside lftp: files a second, MiB a second, on loopback and 20 ms away.

    Tests/Benchmarks/trees.py [--files N] [--size MIB] [--rounds N] [--connections N] [--only WORD]

1,000 files of 4 KiB by `download_tree` and `upload_tree` against `lftp mirror` and `mirror -R`, and
one file of 1 GiB by `download(segments=)` against `lftp pget`, with as many connections. Each
contestant is a process of its own, the rounds alternate, and what counts are the medians within one
run. The server is vsftpd; the distance is the relay of Tests/Servers/relay.py. Needs root.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(REPOSITORY / "Tests/Servers"))

import servers  # noqa: E402
from relay import Relay  # noqa: E402

SCRIPT = """
import sys
sys.path.insert(0, {repository!r})
from usr.ftplib import FTP
with FTP({host!r}, {port}, {user!r}, {password!r}) as ftp:
    {call}
"""


@dataclass(frozen=True)
class Task:
    """What is done: in Python, and in lftp's words."""

    name: str
    call: str
    lftp: str
    is_tree: bool = True


def tasks(connections: int) -> list[Task]:
    n = connections
    return [
        Task(
            "tree down",
            f"ftp.download_tree('tree', 'got', connections={n})",
            f"mirror --parallel={n} tree got",
        ),
        Task(
            "tree up",
            f"ftp.upload_tree('tree', 'put', connections={n})",
            f"mirror -R --parallel={n} tree put",
        ),
        Task(
            "file down",
            f"ftp.download('large', 'large', segments={n}, verify=False)",
            f"pget -c -n {n} large -o large",
            is_tree=False,
        ),
    ]


@dataclass
class Contestant:
    """A program, and the seconds that it took: on the clock, and of its own processor time."""

    name: str
    command: Callable[[Any, Task], list[str]]
    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)


def own(where: Any, task: Task) -> list[str]:
    script = SCRIPT.format(repository=str(REPOSITORY), call=task.call, **where)
    return ["/usr/bin/python3", "-c", script]


def lftp(where: Any, task: Task) -> list[str]:
    settings = "set ftp:ssl-allow no; set net:max-retries 2; set xfer:clobber on; "
    settings += "set xfer:log no; set cmd:fail-exit yes; "
    login = f"open -u {where['user']},{where['password']} -p {where['port']} {where['host']}; "
    return ["lftp", "--norc", "-c", settings + login + task.lftp]


def once(contestant: Contestant, where: Any, task: Task, folder: Path, root: Path) -> None:
    for left in (folder / "got", folder / "large", root / "put"):
        shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
    before = os.times()
    start = time.monotonic()
    done = subprocess.run(contestant.command(where, task), cwd=folder, capture_output=True)
    contestant.wall.append(time.monotonic() - start)
    after = os.times()
    contestant.processor.append(
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    if done.returncode:
        sys.exit(f"{contestant.name}: {done.stderr.decode()}{done.stdout.decode()}")


def check(task: Task, folder: Path, root: Path, files: int, size: int) -> None:
    target = {"tree down": folder / "got", "tree up": root / "put"}.get(task.name)
    if target is None:
        assert (folder / "large").stat().st_size == size, "the file is not whole"
    else:
        found = [path for path in target.rglob("*") if path.is_file()]
        assert len(found) == files, f"{len(found)} of {files} files"
        assert all(path.stat().st_size == 4096 for path in found)


@contextmanager
def link(server: servers.Server, delay: float) -> Iterator[tuple[str, int]]:
    with Relay(server.host, server.port, delay=delay) if delay else nullcontext() as relay:
        yield (relay.host, relay.port) if relay else (server.host, server.port)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--size", type=int, default=1024, help="MiB of the large file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--only", default="", help="tasks whose name holds this")
    parser.add_argument("--delay", type=float, action="append", help="seconds each way")
    options = parser.parse_args()
    size = options.size << 20
    with tempfile.TemporaryDirectory() as temporary, servers.start("vsftpd") as server:
        folder = Path(temporary)
        for place in (folder, server.root):
            for number in range(options.files):
                file = place / "tree" / f"d{number % 10}" / f"file-{number}"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(os.urandom(4096))
        if "file down".find(options.only) >= 0:
            with (server.root / "large").open("wb") as large:
                for _ in range(options.size):
                    large.write(os.urandom(1 << 20))
        server.adopt(server.root)
        for delay in options.delay or [0.0, 0.02]:
            for task in tasks(options.connections):
                if options.only not in task.name:
                    continue
                field_ = [Contestant("this, python3", own), Contestant("lftp", lftp)]
                with link(server, delay) as (host, port):
                    where = {"host": host, "port": port}
                    where |= {"user": server.user, "password": server.password}
                    for _ in range(options.rounds):
                        for contestant in field_:
                            once(contestant, where, task, folder, server.root)
                            check(task, folder, server.root, options.files, size)
                show(task, delay, field_, options.files, options.size)


def show(task: Task, delay: float, field_: list[Contestant], files: int, mebibytes: int) -> None:
    unit = "files/s" if task.is_tree else "MiB/s"
    amount = files if task.is_tree else mebibytes
    load = Path("/proc/loadavg").read_text()[:14]
    print(f"\n{task.name}, {delay * 1000:.0f} ms each way, load {load}")
    print(f"| client | {unit} | wall s (min-max) | processor s |\n|---|---|---|---|")
    for contestant in field_:
        wall = statistics.median(contestant.wall)
        print(
            f"| {contestant.name} | {amount / wall:.0f} "
            f"| {wall:.2f} ({min(contestant.wall):.2f}-{max(contestant.wall):.2f}) "
            f"| {statistics.median(contestant.processor):.2f} |"
        )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
