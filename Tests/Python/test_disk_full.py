"""A full disk on either side: nothing is passed off as whole, and the session goes on."""

from __future__ import annotations

import errno
import io
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import realservers
from conftest import FTPY, PYTHON3, Directory, Interpreter, Server
from tls_support import logged_in, noise, running

from usr.ftplib import FTP, error_temp

if TYPE_CHECKING:
    from types import ModuleType

ROOM = 1 << 20
CONTENT = noise(3 * ROOM)


# The server's disk

# A limit on the size of files, which needs no rights, is the other way to a write that fails.
# ProFTPD dies of it.
SERVERS = [
    *(("vsftpd", "plain", "disk"), ("vsftpd", "tls-reuse", "disk"), ("vsftpd", "plain", "limit")),
    *(("proftpd", "plain", "disk"), ("proftpd", "tls-reuse", "disk")),
    *(("pureftpd", "plain", "disk"), ("pureftpd", "tls", "disk"), ("pureftpd", "plain", "limit")),
    *(
        ("pyftpdlib", "plain", "disk"),
        ("pyftpdlib", "tls", "disk"),
        ("pyftpdlib", "plain", "limit"),
    ),
    *(("inetutils-ftpd", "plain", "disk"), ("inetutils-ftpd", "plain", "limit")),
    *(("twisted", "plain", "limit"), ("aioftp", "plain", "disk")),
]


@pytest.fixture(scope="module", params=SERVERS, ids=" ".join)
def full(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server that has room for a third of the content."""
    name, mode, means = request.param
    root = tmp_path_factory.mktemp("root")
    if means == "limit":
        limit = {"FTP_TEST_FILE_LIMIT": str(ROOM >> 10)}
        with realservers.running(name, mode, root=root, environment=limit) as server:
            yield server
    else:
        with (
            realservers.small_disk(root, ROOM),
            realservers.running(name, mode, root=root) as server,
        ):
            yield server


def slowly(_: object) -> None:
    """So that the server has stopped before all is sent."""
    time.sleep(0.001)


UPLOADS: dict[str, Callable[[Any], str]] = {
    "storbinary": lambda ftp: ftp.storbinary("STOR file", io.BytesIO(CONTENT)),
    "in small blocks": lambda ftp: ftp.storbinary("STOR file", io.BytesIO(CONTENT), 16384, slowly),
    "storlines": lambda ftp: ftp.storlines("STOR file", io.BytesIO((b"x" * 99 + b"\n") * 30_000)),
}


@pytest.mark.parametrize("upload", UPLOADS)
def test_an_upload_to_a_full_disk(client: ModuleType, full: Any, upload: str) -> None:
    # pyftpdlib says nothing at times, and always in TLS: the connection's end, or the silence, is
    # all that there is.
    silent = full.name == "pyftpdlib"
    patience = 5 if silent else 20
    with closing(open_session(client, full, patience)) as ftp:
        with pytest.raises((error_temp, OSError)) as raised:
            UPLOADS[upload](ftp)
        if not silent:
            assert raised.type is error_temp
        if raised.type is error_temp:
            assert str(raised.value)[:3] in ("426", "450", "451", "452")
        assert ftp.pwd()
        assert not (full.root / "file").exists() or (full.root / "file").stat().st_size <= ROOM
        if (full.root / "file").exists():
            ftp.delete("file")
        assert ftp.storbinary("STOR small", io.BytesIO(b"content")).startswith("226")
        assert (full.root / "small").read_bytes() == b"content"
        realservers.in_step(ftp)


def open_session(client: ModuleType, server: Any, timeout: float) -> Any:
    if server.mode == "plain":
        return FTP(server.host, server.port, server.user, server.password, timeout=timeout)
    return logged_in(client, server, timeout=timeout)


# This side's disk


@pytest.fixture(params=["/dev/full", "disk", "limit"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Where a file can be written that has no room for the content."""
    if request.param == "/dev/full":
        yield Path(request.param)
    elif request.param == "disk":
        with realservers.small_disk(tmp_path, ROOM):
            yield tmp_path / "file"
    else:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
        try:
            yield tmp_path / "file"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(scope="module")
def secure() -> Iterator[Any]:
    with running("vsftpd", "tls-reuse") as server:
        yield server


@pytest.fixture(params=["plain", "TLS"])
def session(
    request: pytest.FixtureRequest, client: ModuleType, vsftpd: Server, secure: Any
) -> Iterator[tuple[Any, Any]]:
    """A session, and its server."""
    server: Any = vsftpd
    if request.param == "TLS":
        server = secure
    (server.root / "content").write_bytes(CONTENT)
    (server.root / "text").write_bytes((b"x" * 99 + b"\n") * 30_000)
    server.adopt(server.root)
    with closing(
        FTP(server.host, server.port, server.user, server.password, timeout=20)
        if request.param == "plain"
        else logged_in(client, server)
    ) as ftp:
        yield ftp, server


def own_write(file: Any) -> Callable[[Any], Any]:
    """A function of the caller's, where the client would otherwise write to the file itself."""
    return lambda block: file.write(block)


WAYS: dict[str, tuple[int, Callable[[Any, Any], str]]] = {
    "retrbinary": (-1, lambda ftp, file: ftp.retrbinary("RETR content", file.write)),
    "unbuffered": (0, lambda ftp, file: ftp.retrbinary("RETR content", file.write)),
    "small blocks": (-1, lambda ftp, file: ftp.retrbinary("RETR content", file.write, 1000)),
    "a function": (-1, lambda ftp, file: ftp.retrbinary("RETR content", own_write(file))),
    "retrlines": (-1, lambda ftp, file: ftp.retrlines("RETR text", file.write)),
    "lines, unbuffered": (0, lambda ftp, file: ftp.retrlines("RETR text", file.write)),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_download_to_a_full_disk(session: tuple[Any, Any], place: Path, way: str) -> None:
    ftp, _ = session
    buffering, download = WAYS[way]
    replies: list[str] = []
    with pytest.raises(OSError, match=r"No space|too large") as raised:  # noqa: SIM117
        with open(place, "wb", buffering) as file:
            replies.append(download(ftp, file))
    assert raised.value.errno in (errno.ENOSPC, errno.EFBIG)
    assert replies == []
    if place.is_file():
        kept = place.read_bytes()
        assert len(kept) <= ROOM
        if "lines" not in way:
            assert kept == CONTENT[: len(kept)]
    realservers.in_step(ftp)
    received: list[bytes] = []
    assert ftp.retrbinary("RETR content", received.append).startswith("226")
    assert b"".join(received) == CONTENT


def test_what_fits_into_the_files_buffer_fails_when_the_file_is_closed(
    ftp: FTP, directory: Directory
) -> None:
    """As with every file of Python's: it is the file that holds the bytes then."""
    directory.put("small", b"content")
    replies: list[str] = []
    with pytest.raises(OSError, match="No space"):  # noqa: SIM117
        with open("/dev/full", "wb") as file:
            replies.append(ftp.retrbinary("RETR small", file.write))
    assert replies[0].startswith("226")
    realservers.in_step(ftp)


@pytest.mark.parametrize("interpreter", [FTPY, PYTHON3], ids=lambda each: each.name)
def test_the_program_fails_when_its_output_has_no_room(
    interpreter: Interpreter, directory: Directory, vsftpd: Server
) -> None:
    directory.put("file", CONTENT)
    script = (
        "import sys; from usr.ftplib import FTP\n"
        "with FTP(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], timeout=20) as ftp:\n"
        "    ftp.retrbinary('RETR ' + sys.argv[5], open('/dev/full', 'wb').write)\n"
    )
    done = interpreter.run(
        *("-c", script, vsftpd.host, str(vsftpd.port), vsftpd.user, vsftpd.password),
        f"{directory.path}/file",
        check=False,
    )
    assert done.returncode == 1
    assert "OSError: [Errno 28] No space left on device" in done.stderr
