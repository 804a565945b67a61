"""download() and upload() with real servers whose sessions die, stop, or are too many."""

from __future__ import annotations

import io
import itertools
import os
import signal
import socket
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import realservers
from realservers import running, small_disk

from usr.ftplib import FTP, FTP_TLS, TransferProgress, all_errors, error_perm, error_temp

if TYPE_CHECKING:
    from conftest import Server

CONTENT = os.urandom(1 << 20) * 12
TABLE = [
    ("vsftpd", "plain"),
    ("vsftpd", "tls-reuse"),
    ("proftpd", "plain"),
    ("proftpd", "tls-reuse"),
    ("pureftpd", "plain"),
    ("pureftpd", "tls"),
    ("pyftpdlib", "plain"),
    ("pyftpdlib", "tls"),
]


@contextmanager
def logged_in(server: Server, mode: str = "plain", timeout: float = 20) -> Iterator[FTP]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        ftp = FTP(timeout=timeout) if mode == "plain" else FTP_TLS(timeout=timeout)
    try:
        ftp.connect(server.host, server.port)
        ftp.login(server.user, server.password)
        if isinstance(ftp, FTP_TLS):
            ftp.prot_p()
        yield ftp
    finally:
        ftp.close()


def put(server: Server, name: str, content: bytes) -> Path:
    file = server.root / name
    file.write_bytes(content)
    os.utime(file, (1577934245, 1577934245))
    server.adopt(file)
    return file


def sessions(server: Server) -> list[int]:
    """The server's processes but the first, which waits for connections."""
    command = ["ps", "-eo", "pid=,ppid="]
    listing = subprocess.run(command, capture_output=True, text=True, check=True)
    children: dict[int, list[int]] = {}
    for line in listing.stdout.splitlines():
        pid, parent = map(int, line.split())
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = [server.pid]
    while waiting:
        waiting += (mine := children.get(waiting.pop(), []))
        found += mine
    return found


def harm(server: Server, ftp: FTP, sign: signal.Signals) -> None:
    """Sends a signal to all sessions; where they are no processes the connection is cut."""
    if server.name == "pyftpdlib":
        # The connection below TLS: an SSLSocket's own shutdown() ends TLS first.
        socket.socket.shutdown(ftp.sock, socket.SHUT_RDWR)  # type: ignore[arg-type]
        return
    for pid in sessions(server):
        with suppress(ProcessLookupError):
            os.kill(pid, sign)


def once_in_each(times: int, act: Callable[[], object]) -> Callable[[TransferProgress], None]:
    """Acts in each of the first attempts, when it has got somewhere."""
    begun: dict[int, int] = {}
    acted: set[int] = set()

    def progress(told: TransferProgress) -> None:
        start = begun.setdefault(told.attempt, told.done)
        if told.done > start and told.attempt <= times and told.attempt not in acted:
            acted.add(told.attempt)
            act()

    return progress


@pytest.mark.parametrize(("name", "mode"), TABLE)
def test_sessions_that_are_killed(name: str, mode: str, tmp_path: Path) -> None:
    with running(name, mode) as server, logged_in(server, mode) as ftp:
        put(server, "f", CONTENT)
        ftp.mkd("sub")
        ftp.cwd("sub")
        kill = lambda: harm(server, ftp, signal.SIGKILL)  # noqa: E731
        result = ftp.download("../f", tmp_path / "a", progress=once_in_each(2, kill))
        assert (tmp_path / "a").read_bytes() == CONTENT
        assert result.attempts >= 2
        assert result.size <= result.bytes + result.kept
        assert (tmp_path / "a").stat().st_mtime == 1577934245
        assert ftp.pwd() == "/sub"
        assert os.listdir(tmp_path) == ["a"]

        put(server, "sub/up", b"old")
        result = ftp.upload(tmp_path / "a", "up", progress=once_in_each(2, kill))
        assert (server.root / "sub/up").read_bytes() == CONTENT
        assert result.attempts >= 2
        # Pure-FTPd's own, which it leaves when it is killed, is none of this client's.
        left = [each for each in os.listdir(server.root / "sub") if "pureftpd" not in each]
        assert left == ["up"]
        assert (server.root / "sub/up").stat().st_mtime == 1577934245
        assert ftp.pwd() == "/sub"
        if name == "proftpd":
            assert result.verified == "hash SHA-256"


@pytest.mark.parametrize(("name", "mode"), [*TABLE[:6:2], TABLE[1]])
def test_sessions_that_stop(name: str, mode: str, tmp_path: Path) -> None:
    with running(name, mode) as server, logged_in(server, mode, timeout=2) as ftp:
        put(server, "f", CONTENT)
        stopped: list[int] = []

        def stop() -> None:
            stopped.extend(sessions(server))
            harm(server, ftp, signal.SIGSTOP)

        try:
            result = ftp.download("f", tmp_path / "a", progress=once_in_each(1, stop))
            assert (tmp_path / "a").read_bytes() == CONTENT
            result = ftp.upload(tmp_path / "a", "up", progress=once_in_each(1, stop))
            assert (server.root / "up").read_bytes() == CONTENT
            assert result.size == len(CONTENT)
            assert sorted(os.listdir(server.root)) == ["f", "up"]
        finally:
            # vsftpd's, which wait for the lock of one that was stopped, would outlive the server.
            for pid in {*stopped, *sessions(server)}:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


NAMES = ["with blanks  in it", 'quo"te', "\u00fcml\u00e4ut \u2603", "-dash", "a'b;c&d", ".hidden"]


@pytest.mark.parametrize("name", ["vsftpd", "proftpd", "pureftpd", "pyftpdlib"])
def test_names_and_empty_files(name: str, tmp_path: Path) -> None:
    with running(name) as server, logged_in(server) as ftp:
        for each in NAMES:
            put(server, each, each.encode())
            assert ftp.download(each, tmp_path / each).size == len(each.encode())
            assert (tmp_path / each).read_bytes() == each.encode()
            ftp.upload(tmp_path / each, f"{each}.copy")
            assert (server.root / f"{each}.copy").read_bytes() == each.encode()
        put(server, "empty", b"")
        assert ftp.download("empty", tmp_path / "empty").size == 0
        assert ftp.upload(tmp_path / "empty", "nothing").size == 0
        assert (server.root / "nothing").read_bytes() == b""


@pytest.mark.parametrize("name", realservers.NAMES)
@pytest.mark.parametrize("size", [5, 1 << 20])
def test_a_directory_of_the_name_stays(name: str, size: int, tmp_path: Path) -> None:
    """Twisted's server tells a size for it, and renames it."""
    file = tmp_path / "x"
    file.write_bytes(b"x" * size)
    with running(name) as server:
        (server.root / "docs").mkdir()
        (server.root / "docs/precious").write_bytes(b"p")
        server.adopt(server.root)
        with logged_in(server) as ftp:
            with pytest.raises(
                (error_perm, error_temp), match="has a directory of this name"
            ) as caught:
                ftp.upload(file, "docs")
            assert ": 1 attempt," in str(caught.value)
        assert [path.name for path in server.root.rglob("[!.]*")] == ["docs", "precious"]
        assert not list(server.root.glob(".docs*"))


@pytest.mark.parametrize("name", ["vsftpd", "proftpd", "pureftpd", "pyftpdlib"])
def test_beyond_four_gibibytes(name: str, tmp_path: Path) -> None:
    """Both sides' files have a hole: the transfer goes on a mebibyte before the end."""
    size = 5 * 1024**3 + 12345
    start = size - 1024 * 1024
    tail = CONTENT[: size - start]

    def stop(progress: TransferProgress) -> None:
        if progress.done:
            raise LookupError

    with running(name) as server, logged_in(server) as ftp:
        remote = put(server, "f", b"")
        with remote.open("r+b") as file:
            file.truncate(start)
            file.seek(start)
            file.write(tail)
        with pytest.raises(LookupError):
            ftp.download("f", tmp_path / "a", progress=stop)
        os.truncate(tmp_path / ".a.part", start)
        # Without verify: ProFTPD would read the whole file for its hash, and so would this side.
        result = ftp.download("f", tmp_path / "a", verify=False)
        assert (result.size, result.kept, result.bytes) == (size, start, len(tail))
        with (tmp_path / "a").open("rb") as got:
            got.seek(start)
            assert got.read() == tail

        with pytest.raises(LookupError):
            ftp.upload(tmp_path / "a", "up", progress=stop, verify=False)
        with suppress(error_perm):
            ftp.sendcmd("NOOP")
        parts = [each for each in os.listdir(server.root) if each.endswith(".part")]
        if name == "pureftpd" and not parts:
            # It keeps an upload that was broken off under a name of its own.
            return
        os.truncate(server.root / parts[0], start)
        result = ftp.upload(tmp_path / "a", "up", verify=False)
        assert (result.size, result.kept, result.bytes) == (size, start, len(tail))
        with (server.root / "up").open("rb") as sent:
            assert sent.seek(0, 2) == size
            sent.seek(start)
            assert sent.read() == tail


def when_all_are_there(progress: TransferProgress) -> None:
    """Holds the first connection up, as a slow link does, until the others have begun or failed."""
    deadline = time.monotonic() + 20
    while progress.done and time.monotonic() < deadline:
        if not any(each.name.startswith("ftplib-") for each in threading.enumerate()):
            return
        time.sleep(0.01)


@pytest.mark.parametrize(("name", "mode"), TABLE)
def test_segments(name: str, mode: str, tmp_path: Path) -> None:
    with running(name, mode) as server, logged_in(server, mode) as ftp:
        put(server, "f", CONTENT)
        ftp.mkd("sub")
        ftp.cwd("sub")
        result = ftp.download("../f", tmp_path / "a", segments=4, progress=when_all_are_there)
        assert (tmp_path / "a").read_bytes() == CONTENT
        if (name, mode) != ("proftpd", "tls-reuse"):
            # ProFTPD 1.3.8's mod_tls_shmcache crashes of handshakes at the same time.
            assert (result.segments, result.bytes) == (4, len(CONTENT))
        assert os.listdir(tmp_path) == ["a"]
        assert ftp.pwd() == "/sub"


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("vsftpd", {"VSFTPD_EXTRA": "max_per_ip=2"}),
        ("pureftpd", {"PUREFTPD_ARGS": "-C 2"}),
        ("proftpd", {"PROFTPD_EXTRA": "MaxClientsPerUser 2"}),
    ],
)
def test_segments_where_connections_are_few(
    name: str, environment: dict[str, str], tmp_path: Path
) -> None:
    with running(name, environment=environment) as server, logged_in(server) as ftp:
        put(server, "f", CONTENT)
        result = ftp.download("f", tmp_path / "a", segments=6, progress=when_all_are_there)
        assert (tmp_path / "a").read_bytes() == CONTENT
        assert (result.segments, result.attempts) == (2, 1)


@pytest.mark.parametrize("name", ["vsftpd", "proftpd", "pureftpd"])
def test_segments_of_sessions_that_are_killed(name: str, tmp_path: Path) -> None:
    with running(name) as server, logged_in(server) as ftp:
        put(server, "f", CONTENT)
        kill = lambda: harm(server, ftp, signal.SIGKILL)  # noqa: E731
        result = ftp.download("f", tmp_path / "a", segments=4, progress=once_in_each(2, kill))
        assert (tmp_path / "a").read_bytes() == CONTENT
        assert result.attempts >= 2
        assert result.bytes == len(CONTENT)
        assert os.listdir(tmp_path) == ["a"]


def test_segments_are_gone_on_with_by_a_later_run(tmp_path: Path) -> None:
    def stop(progress: TransferProgress) -> None:
        if progress.done > len(CONTENT) // 2:
            raise LookupError

    with running("vsftpd") as server, logged_in(server) as ftp:
        put(server, "f", CONTENT)
        for segments in (1, 3):
            with pytest.raises(LookupError):
                ftp.download("f", tmp_path / "a", segments=4, progress=stop)
            assert sorted(os.listdir(tmp_path)) == [".a.part", ".a.part.state"]
            result = ftp.download("f", tmp_path / "a", segments=segments)
            assert (tmp_path / "a").read_bytes() == CONTENT
            assert result.kept > len(CONTENT) // 2
            assert result.bytes + result.kept == len(CONTENT)
            (tmp_path / "a").unlink()


@pytest.mark.parametrize("segments", [1, 3])
def test_a_part_that_was_altered_is_found_out_before_it_is_gone_on_with(
    segments: int, tmp_path: Path
) -> None:
    """ProFTPD tells the hash of a range: the part is compared before the rest is fetched."""

    def stop(progress: TransferProgress) -> None:
        if progress.done > len(CONTENT) // 2:
            raise LookupError

    with running("proftpd") as server, logged_in(server) as ftp:
        put(server, "a file", CONTENT)
        for is_altered in (False, True):
            with pytest.raises(LookupError):
                ftp.download("a file", tmp_path / "a", segments=segments, progress=stop)
            if is_altered:
                with (tmp_path / ".a.part").open("r+b") as part:
                    part.write(b"altered")
            result = ftp.download("a file", tmp_path / "a")
            assert (tmp_path / "a").read_bytes() == CONTENT
            assert result.verified == "hash SHA-256"
            assert result.attempts == 1
            assert (result.kept == 0) == is_altered
            (tmp_path / "a").unlink()


def test_a_server_that_renames_nothing(tmp_path: Path) -> None:
    """The whole file is under one of the two names at any time."""
    (tmp_path / "large").write_bytes(CONTENT)
    limits = "<Limit RNFR RNTO>\nDenyAll\n</Limit>"
    with (
        running("proftpd", environment={"PROFTPD_EXTRA": limits}) as server,
        logged_in(server) as ftp,
    ):
        put(server, "up", b"old")
        ftp.upload(tmp_path / "large", "up")
        assert (server.root / "up").read_bytes() == CONTENT
        assert os.listdir(server.root) == ["up"]

        put(server, "up", b"old")
        begun: list[int] = []

        def cut(progress: TransferProgress) -> None:
            if progress.done == 0:
                begun.append(progress.attempt)
            if len(begun) == 2:
                harm(server, ftp, signal.SIGKILL)

        with pytest.raises(all_errors, match="the server has the whole file as"):
            ftp.upload(tmp_path / "large", "up", retries=0, progress=cut)
        (spare,) = set(os.listdir(server.root)) - {"up"}
        assert (server.root / spare).read_bytes() == CONTENT


def test_a_full_disk_of_the_server(tmp_path: Path) -> None:
    """vsftpd says 552 or ends the transfer; the old file stays."""
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk, 4 << 20):
        (tmp_path / "large").write_bytes(CONTENT)
        with running("vsftpd", root=disk) as server, logged_in(server) as ftp:
            put(server, "up", b"old")
            with pytest.raises(all_errors) as raised:
                ftp.upload(tmp_path / "large", "up", retries=1)
            assert "'up'" in str(raised.value)
            assert (server.root / "up").read_bytes() == b"old"


def test_a_full_disk_of_this_side(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk, 4 << 20):
        (disk / "a").write_bytes(b"old")
        with running("vsftpd") as server, logged_in(server) as ftp:
            put(server, "f", CONTENT)
            for segments in (1, 3):
                with pytest.raises(OSError, match=r"No space left on device \(downloading 'f'"):
                    ftp.download("f", disk / "a", segments=segments)
                assert (disk / "a").read_bytes() == b"old"
                assert ftp.pwd() == "/"


PLAIN = [name for name, mode in TABLE if mode == "plain"]


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("segments", [1, 3])
def test_a_rest_that_a_script_has_left_behind_is_none_of_the_transfers(
    name: str, segments: int, tmp_path: Path
) -> None:
    """It would begin there, and what a second attempt adds make the size right."""
    with running(name) as server, logged_in(server) as ftp:
        put(server, "file", CONTENT)
        for verify in (True, False):
            ftp.voidcmd("TYPE I")
            ftp.sendcmd("REST 10")
            ftp.download("file", tmp_path / "file", verify=verify, segments=segments)
            assert (tmp_path / "file").read_bytes() == CONTENT
            (tmp_path / "file").unlink()
        ftp.sendcmd("REST 10")
        ftp.upload(io.BytesIO(CONTENT[:5000]), "new")
        assert (server.root / "new").read_bytes() == CONTENT[:5000]
        ftp.voidcmd("TYPE I")
        ftp.sendcmd("REST 10")
        ftp.download_tree("", tmp_path / "tree", connections=segments)
        assert (tmp_path / "tree/new").read_bytes() == CONTENT[:5000]


def refuse(ftp: FTP, command: str) -> None:
    """What is not refused has taken the place."""
    with suppress(*all_errors):
        ftp.transfercmd(command).close()
        ftp.voidresp()


LISTINGS: dict[str, Callable[[FTP], object]] = {
    "NLST": FTP.nlst,
    "LIST": lambda ftp: ftp.retrlines("LIST", len),
    "MLSD": lambda ftp: list(ftp.mlsd()),
    "LIST, binary": lambda ftp: ftp.retrbinary("LIST", len),
    "APPE": lambda ftp: refuse(ftp, "APPE other"),
    "STOU": lambda ftp: refuse(ftp, "STOU"),
    "REST": lambda ftp: refuse(ftp, "REST x"),
}


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("between", LISTINGS)
def test_a_rest_is_not_taken_back_by_what_comes_between(name: str, between: str) -> None:
    with running(name) as server, logged_in(server) as ftp:
        put(server, "file", CONTENT[:5000])
        ftp.voidcmd("TYPE I")
        ftp.sendcmd("REST 100")
        with suppress(error_perm):
            LISTINGS[between](ftp)
        content = io.BytesIO()
        ftp.download("file", content)
        assert content.getvalue() == CONTENT[:5000]


@pytest.mark.parametrize("name", PLAIN)
def test_a_session_outlives_a_data_connection_that_was_closed_early(name: str) -> None:
    with running(name) as server, logged_in(server) as ftp:
        put(server, "file", CONTENT)
        ftp.voidcmd("TYPE I")
        for _ in range(2):
            sock: Any = ftp.sock
            local = sock.getsockname()
            data = ftp.transfercmd("RETR file")
            data.recv(100)
            data.close()
            content = io.BytesIO()
            assert ftp.download("file", content).attempts == 1
            assert content.getvalue() == CONTENT
            sock = ftp.sock
            assert sock.getsockname() == local, "it is the same session"


@pytest.mark.parametrize("name", PLAIN)
def test_a_callback_that_lists_leaves_the_upload_as_it_is(name: str) -> None:
    """A listing is text: what goes behind it is not to be."""

    def look(progress: TransferProgress) -> None:
        if progress.done == 0:
            ftp.nlst()

    content = b"line\r\n" * 1000
    with running(name) as server, logged_in(server) as ftp:
        for verify in (True, False):
            result = ftp.upload(io.BytesIO(content), "file", progress=look, verify=verify)
            assert (server.root / "file").read_bytes() == content
            assert result.attempts == 1


@pytest.mark.parametrize(("name", "mode"), TABLE)
def test_a_tree_that_is_broken_off_leaves_nothing_on_the_server(
    name: str, mode: str, tmp_path: Path
) -> None:
    """Nor do the other connections, which are stopped in the middle."""
    for number in range(40):
        (tmp_path / f"f{number}").write_bytes(os.urandom(3000))

    def stop(_: TransferProgress) -> None:
        if next(calls) == 0:
            raise LookupError("enough")

    with running(name, mode) as server:
        copy = server.root / "copy"
        copy.mkdir()
        server.adopt(server.root)
        for count in range(2, 30, 3):
            calls = itertools.count(-count)
            with logged_in(server, mode) as ftp, pytest.raises(LookupError):
                ftp.upload_tree(tmp_path, "copy", connections=4, progress=stop)
            assert not any(path.name.startswith(".") for path in copy.iterdir())
            for path in copy.iterdir():
                path.unlink()
