"""Real servers for tests that want another one than vsftpd, or that one in another mode."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from usr.ftplib import FTP

if TYPE_CHECKING:
    from conftest import Server

REPOSITORY = Path(__file__).resolve().parent.parent.parent
NAMES = ("vsftpd", "proftpd", "pureftpd", "pyftpdlib", "inetutils-ftpd", "twisted", "aioftp")
_OPTIONAL = frozenset({"inetutils-ftpd", "twisted", "aioftp"})


@contextmanager
def running(name: str, mode: str = "plain", **options: Any) -> Iterator[Server]:
    """A server, as `servers.start` has it; the test is skipped where this machine cannot run it."""
    servers = importlib.import_module("servers")
    try:
        servers.check(name)
    except servers.NeedsRootError as reason:
        pytest.skip(str(reason))
    except servers.NotInstalledError as reason:
        if name not in _OPTIONAL:
            raise
        pytest.skip(str(reason))
    with servers.start(name, mode=mode, **options) as server:
        yield server


@contextmanager
def session(server: Server, kind: type[FTP] = FTP, **keywords: Any) -> Iterator[Any]:
    """Logged in; closed without a word at the end."""
    with closing(kind(timeout=20, **keywords)) as ftp:
        ftp.connect(server.host, server.port)
        ftp.login(server.user, server.password)
        yield ftp


def run_script(script: str, server: Server, **values: object) -> str:
    """Runs a script in a Python of its own, for what hooks and patches would leave behind in this
    one: what it prints. In it stand `{repository!r}`, `{host!r}` and the like, and `values`."""
    login = {name: getattr(server, name) for name in ("host", "port", "user", "password")}
    text = script.format(repository=str(REPOSITORY), **login, **values)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def has_ipv6() -> bool:
    return bool(importlib.import_module("servers").has_ipv6())


@contextmanager
def small_disk(folder: Path, room: int) -> Iterator[None]:
    """Mounts a file system of so many bytes; skips the test where that is forbidden."""
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    command = [*root, "mount", "-t", "tmpfs", "-o", f"size={room},mode=777", "none", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        pytest.skip(f"no file system can be mounted here, the limits on files remain: {error}")
    if done.returncode != 0:
        pytest.skip(
            f"no file system can be mounted here, the limits on files remain: {done.stderr}"
        )
    try:
        yield
    finally:
        subprocess.run([*root, "umount", str(folder)], check=True)


def in_step(ftp: Any) -> None:
    """The session answers each command with its own reply."""
    assert ftp.sendcmd("TYPE I")[:3] == "200"
    assert ftp.sendcmd("PWD")[:3] == "257"
    assert ftp.sendcmd("TYPE A")[:3] == "200"
    assert ftp.sendcmd("PWD")[:3] == "257"
