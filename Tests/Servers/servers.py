"""Starts the real FTP servers, and the real proxies, that the tests talk to.

    with servers.start("vsftpd", root=path, mode="tls") as server:
        ftp = FTP_TLS()
        ftp.connect(server.host, server.port)
        ftp.login(server.user, server.password)

Each server is a script beside this file, which says what its modes are; ``install.sh`` installs
them. A proxy has a ``root`` as well, and does not use it.
 vsftpd, pureftpd and inetutils-ftpd change their user in every session, so only root can
start them: this process, or sudo if it asks for no password.
"""

from __future__ import annotations

import functools
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

NAMES = ("vsftpd", "proftpd", "pureftpd", "inetutils-ftpd", "pyftpdlib", "twisted", "aioftp")
PROXIES = ("microsocks", "tinyproxy")
NEED_ROOT = frozenset({"vsftpd", "pureftpd", "inetutils-ftpd"})

_SCRIPTS = Path(__file__).resolve().parent
_HOME = Path(
    os.environ.get("FTP_SERVERS_HOME") or _SCRIPTS.parent.parent / ".build" / "servers"
).resolve()

# What install.sh makes for each server.
_INSTALLED = {name: name for name in NAMES + PROXIES} | dict.fromkeys(
    ("pyftpdlib", "twisted", "aioftp"), "venv"
)

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_GUARD = 'read -r _; "$0" stop "$1"; rm -rf "$2"'

CERTIFICATES = _HOME / "certificates"
"""The certificates of certificates.sh; ``ca.pem`` is the authority to trust."""


class ServerError(Exception):
    """A server could not be started; the text says why, in its own words where it has some."""


class NotInstalledError(ServerError):
    """The server is not installed on this machine."""


class NeedsRootError(ServerError):
    """The server can only be started by root, and this process has no way to be root."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    name: str
    mode: str
    host: str
    port: int
    user: str
    password: str
    root: Path
    """What users see as ``/``; with inetutils-ftpd, and without root, merely where they begin."""
    log: Path
    """What the server has written so far; gone when the server is."""
    pid: int

    def signal(self, number: int) -> None:
        """Sends a signal, as ``SIGKILL`` or ``SIGSTOP``, to all the server's processes."""
        processes = [
            process
            for process in map(int, filter(str.isdigit, os.listdir("/proc")))
            if _session_of(process) == self.pid
        ]
        if self.name in NEED_ROOT and os.geteuid() != 0:
            if processes:
                command = ["sudo", "-n", "kill", f"-{number}", *map(str, processes)]
                subprocess.run(command, capture_output=True)
            return
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def adopt(self, *paths: Path) -> None:
        """Gives what a test has made in ``root`` since the start to the sessions' account."""
        if os.geteuid() == 0:
            account = self.root.stat()
            for path in paths:
                for each in (path, *path.rglob("*")):
                    os.chown(each, account.st_uid, account.st_gid, follow_symlinks=False)


def _session_of(process: int) -> int | None:
    """The session that a process belongs to; None when it has gone, or is only waited for."""
    try:
        state, _, _, session = (
            Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[:4]
        )
    except (OSError, ValueError):
        return None
    return None if state == "Z" else int(session)


def check(name: str) -> None:
    """Raises the ``ServerError`` that keeps the server from being started here, if there is one."""
    if name not in NAMES + PROXIES:
        raise ServerError(f"there is no server named {name}; known: {', '.join(NAMES + PROXIES)}")
    if not (_HOME / _INSTALLED[name]).exists():
        raise NotInstalledError(f"{name} is not installed; Tests/Servers/install.sh {name} does it")
    if name in NEED_ROOT and os.geteuid() != 0 and not _sudo_works():
        raise NeedsRootError(f"{name} changes its user in every session: only root can start it")


def has_ipv6() -> bool:
    """Whether a server can be bound to ::1 here."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@functools.cache
def _sudo_works() -> bool:
    if shutil.which("sudo") is None:
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0


@contextmanager
def start(
    name: str,
    root: str | os.PathLike[str] | None = None,
    mode: str = "plain",
    bind: str = "127.0.0.1",
    *,
    user: str = "ftptest",
    password: str = "ftptest-pw",
    certificate: str = "server",
    environment: Mapping[str, str] | None = None,
    port: int | None = None,
) -> Iterator[Server]:
    """Runs a server on a free port of ``bind``, or on ``port``, for the length of a ``with`` block.

    ``root`` is made if it is missing, and all that is in it is given to the account that sessions
    run under. Without one, the server gets an empty folder that goes with it. ``certificate`` is
    the name of one of certificates.sh's; ``environment`` holds what else the server's script takes,
    such as ``PROFTPD_EXTRA``.

    Raises ``ServerError``. The server ends with the block, and also if this process ends without
    leaving it.
    """
    check(name)
    script = str(_SCRIPTS / f"{name}.sh")
    state = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    try:
        state.chmod(0o755)
        folder = Path(root).resolve() if root is not None else state / "root"
        folder.mkdir(parents=True, exist_ok=True)
        _open_the_way(folder)
        settings = {
            **(environment or {}),
            "FTP_SERVERS_HOME": str(_HOME),
            "FTP_TEST_STATE": str(state),
            "FTP_TEST_BIND": bind,
            "FTP_TEST_USER": user,
            "FTP_TEST_PASS": password,
            "FTP_TEST_CERTIFICATE": certificate,
        }
        sudo = []
        if name in NEED_ROOT and os.geteuid() != 0:
            sudo = ["sudo", "-n"]
            # The sessions are this user's then, as with the servers that this user starts.
            settings["FTP_TEST_ACCOUNT"] = pwd.getpwuid(os.geteuid()).pw_name
        # Nothing else of the environment: what the tests load into their own programs is not for
        # the server, and sudo would not pass it on.
        clean = [*sudo, "env", "-i", f"PATH={_PATH}", *(f"{k}={v}" for k, v in settings.items())]
        port, pid = _start_on_a_free_port([*clean, script], folder, mode, bind, port)
        with _stopping(clean, script, pid, state):
            log = state / f"{name}.{port}" / "log"
            yield Server(name, mode, bind, port, user, password, folder, log, pid)
    finally:
        shutil.rmtree(state, ignore_errors=True)


def _open_the_way(folder: Path) -> None:
    """Lets the sessions' account pass the folders above: pytest's are closed to others."""
    if os.geteuid() != 0:
        return
    temporary = Path(tempfile.gettempdir()).resolve()
    for above in (folder, *folder.parents):
        if temporary not in above.parents:
            break
        above.chmod(stat.S_IMODE(above.stat().st_mode) | stat.S_IXOTH)


def _free_port(bind: str) -> int:
    """Below those that the system gives to connections and to whoever does not care: of these one
    may be gone again before the server has it."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    while True:
        port = 10_000 + secrets.randbelow(10_000)
        with socket.socket(family, socket.SOCK_STREAM) as probe, suppress(OSError):
            probe.bind((bind, port))
            return port


def _start_on_a_free_port(
    script: list[str], folder: Path, mode: str, bind: str, wanted: int | None
) -> tuple[int, int]:
    """Starts the server; returns its port and its process id."""
    # The port is free when it is chosen, but not reserved: somebody else may be quicker.
    for attempts_left in (2, 1, 0):
        port = wanted or _free_port(bind)
        result = subprocess.run(
            [*script, "start", str(port), str(folder), mode],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=60,
        )
        if result.returncode == 0:
            return port, int(result.stdout)
        if "in use" not in result.stderr or attempts_left == 0:
            raise ServerError(result.stderr.strip())
    raise AssertionError("unreachable")


@contextmanager
def _stopping(clean: list[str], script: str, pid: int, state: Path) -> Iterator[None]:
    """Stops the server at the end of the block, or at the end of this process, however it comes."""
    # The guard waits on a pipe. Its other end closes when this process is gone, even if killed.
    guard = subprocess.Popen(
        [*clean, "sh", "-c", _GUARD, script, str(pid), str(state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        # A line, not only the end of the pipe: processes that the test forked may hold it open.
        guard.communicate(b"\n", timeout=30)
