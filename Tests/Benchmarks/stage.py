"""Servers with what the workloads find on them, and the local files."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import servers
from contestants import Job
from relay import Relay
from workload import FILE, MANY, SMALL, TEXT, Workload

# Its log is no part of what is measured.
_QUIET = {"VSFTPD_EXTRA": "log_ftp_protocol=NO\nxferlog_enable=NO"}
_LINE = 68
"""Bytes of a line of text, its end included: 1.5 million are about 100 MB."""


def write_binary(path: Path, size: int) -> None:
    """A file of so many MiB that do not compress."""
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        for index in range(size):
            file.write(index.to_bytes(8, "big") + block[8:])


def write_text(path: Path, lines: int) -> None:
    """So many lines of 20 to 114 ASCII characters, ended by LF."""
    chosen = random.Random(1)
    with path.open("w", newline="\n") as file:
        for index in range(lines):
            text = f"{index} " + "sphinx of black quartz " * 5
            file.write(text[: chosen.randint(20, 2 * _LINE - 22)] + "\n")


def write_directory(path: Path, entries: int) -> None:
    path.mkdir()
    for index in range(entries):
        (path / f"file-{index:06}.txt").touch()


def write_small_files(path: Path, count: int) -> None:
    path.mkdir()
    for index in range(count):
        (path / f"{index:04}").write_bytes(os.urandom(4096))


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Stage:
    """A workload's server and files, for one size of it."""

    def __init__(self, workload: Workload, size: int, server: servers.Server, local: Path) -> None:
        self.workload, self.size, self.server, self.local = workload, size, server, local
        self.remote = server.root / (TEXT if workload.unit == "lines" else FILE)
        self.checks = workload.operation in ("retr_file", "stor_file", "lines_file", "stor_lines")
        source = local if workload.is_upload else self.remote
        if workload.needs == FILE or workload.operation == "stor_file":
            write_binary(source, size)
        elif workload.needs == TEXT or workload.operation == "stor_lines":
            write_text(source, size)
        elif workload.needs == MANY:
            write_directory(server.root / MANY, size)
        elif workload.needs == SMALL:
            write_small_files(server.root / SMALL, size)
        if workload.operation == "tree_stor":
            write_small_files(local, size)
        elif workload.operation == "tree_retr":
            local.mkdir()
        server.adopt(server.root)
        self._expected = digest(source) if self.checks else ""

    @contextmanager
    def job(self) -> Iterator[Job]:
        """What the contestants are to do, at the workload's distance from the server."""
        workload, server = self.workload, self.server
        far = Relay(server.host, server.port, delay=workload.delay) if workload.delay else None
        with far or nullcontext():
            if far:
                server = replace(server, host=far.host, port=far.port)
            yield Job(workload.operation, server, self.local, self.size, workload.mode == "tls")

    def check(self, who: str) -> None:
        """Raises when what arrived is not what was sent."""
        target = self.remote if self.workload.is_upload else self.local
        if self.checks and digest(target) != self._expected:
            raise RuntimeError(f"{who} did not deliver {self.workload.key} whole")


@contextmanager
def set_up(workload: Workload, size: int, scratch: Path) -> Iterator[Stage]:
    """Starts the workload's server, and takes everything away at the end."""
    folder = scratch / workload.key
    folder.mkdir()
    try:
        quiet = _QUIET if workload.server == "vsftpd" else None
        place = folder / "root"
        with servers.start(workload.server, place, workload.mode, environment=quiet) as server:
            yield Stage(workload, size, server, folder / "local")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
