"""FTP over TLS against every real server: sessions resumed, files whole, broken-off transfers."""

from __future__ import annotations

import io
import itertools
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from tls_support import both_ways as both_ways
from tls_support import logged_in, noise, running, trusting, version_of_tls, watch

if TYPE_CHECKING:
    from servers import Server

    from usr.ftplib import FTP_TLS

CONTENT = noise(1_000_000)


@dataclass(frozen=True)
class Kind:
    """A server in a mode that asks for TLS, and what it cannot do."""

    name: str
    mode: str
    without: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.name} {self.mode}"


KINDS = [
    Kind("vsftpd", "tls-reuse", frozenset({"MLSD"})),
    Kind("vsftpd", "implicit-reuse", frozenset({"MLSD"})),
    Kind("proftpd", "tls-reuse"),
    Kind("proftpd", "implicit-reuse"),
    Kind("pureftpd", "tls"),
    Kind("pyftpdlib", "tls"),
    Kind("pyftpdlib", "implicit"),
    # It hangs up when a download is broken off.
    Kind("aioftp", "implicit", frozenset({"AUTH", "NLST", "SIZE", "patience"})),
]


@pytest.fixture(scope="module", params=KINDS, ids=str)
def kind(request: pytest.FixtureRequest) -> Kind:
    kind: Kind = request.param
    return kind


@pytest.fixture(scope="module")
def server(kind: Kind) -> Iterator[Server]:
    with running(kind.name, kind.mode) as server:
        yield server


def can(feature: str, kind: Kind) -> None:
    if feature in kind.without:
        pytest.skip(f"{kind.name} has no {feature}")


_numbers = itertools.count(1)


@pytest.fixture
def ftp(client: ModuleType, server: Server) -> Iterator[FTP_TLS]:
    """A session in a directory of its own."""
    with closing(logged_in(client, server)) as ftp:
        folder = f"tls-{next(_numbers)}"
        ftp.mkd(folder)
        ftp.cwd(folder)
        yield ftp


def content(ftp: FTP_TLS, name: str = "file", **options: Any) -> bytes:
    received: list[bytes] = []
    assert ftp.retrbinary(f"RETR {name}", received.append, **options).startswith("226")
    return b"".join(received)


def stored(ftp: FTP_TLS, name: str, data: bytes) -> None:
    assert ftp.storbinary(f"STOR {name}", io.BytesIO(data)).startswith("226")


@version_of_tls
def test_twenty_transfers_resume_the_session(
    client: ModuleType, kind: Kind, server: Server, version: ssl.TLSVersion
) -> None:
    """Uploads and downloads, empty ones included, in one session; vsftpd and ProFTPD insist."""
    with logged_in(client, server, trusting(version)) as ftp:
        assert isinstance(ftp.sock, ssl.SSLSocket)
        assert ftp.sock.version() == version.name.replace("_", ".")
        opened = watch(ftp)
        for number in range(10):
            data = CONTENT[: [0, 1, 100_000, 16384, 300_000][number % 5]]
            stored(ftp, f"resumed-{number}", data)
            assert content(ftp, f"resumed-{number}") == data
        declines = kind.name == "pureftpd" and version is ssl.TLSVersion.TLSv1_3
        assert [resumed for _, resumed in opened] == [not declines] * 20
        assert all(sock.fileno() == -1 for sock, _ in opened)


def test_listings_and_text(kind: Kind, ftp: FTP_TLS, capsys: pytest.CaptureFixture[str]) -> None:
    assert sum(line.startswith("-") for line in ftp.dir(len)) == 0
    stored(ftp, "empty", b"")
    if "text" not in kind.without:
        assert ftp.storlines("STOR ä", io.BytesIO("one\n\ntwo €\nend".encode()))[:3] == "226"
        lines: list[str] = []
        ftp.retrlines("RETR ä", lines.append)
        assert lines == ["one", "", "two €", "end"]
        ftp.retrlines("RETR empty", lines.append)
        assert len(lines) == 4
    if "NLST" not in kind.without:
        assert sorted(name for name in ftp.nlst() if name not in (".", "..")) == ["empty", "ä"]
    capsys.readouterr()
    listed = ftp.dir()
    assert capsys.readouterr().out == "".join(line + "\n" for line in listed)
    assert sum(line.startswith("-") for line in listed) == 2
    if "MLSD" not in kind.without:
        facts = dict(ftp.mlsd())
        assert facts["empty"]["size"] == "0"
        assert "ä" in facts


def test_large_files_are_whole(ftp: FTP_TLS) -> None:
    """24 MB, which no buffer on the way holds, up, down, and down from the middle."""
    data = noise(24_000_000)
    stored(ftp, "large", data)
    assert content(ftp, "large") == data
    assert content(ftp, "large", rest=12_345_678) == data[12_345_678:]


def test_a_transfer_in_the_callers_hands(ftp: FTP_TLS) -> None:
    """As ftputil and the recipes do it: the socket's own `unwrap`, a file, then `voidresp`."""
    ftp.voidcmd("TYPE I")
    with ftp.transfercmd("STOR file") as data:
        assert isinstance(data, ssl.SSLSocket)
        data.sendall(CONTENT)
        data.unwrap()
    assert ftp.voidresp().startswith("226")
    data, size = ftp.ntransfercmd("RETR file")
    assert size in (None, len(CONTENT))
    with data, data.makefile("rb") as file:
        assert file.read() == CONTENT
    assert ftp.voidresp().startswith("226")
    assert content(ftp) == CONTENT


def test_active_mode(kind: Kind, ftp: FTP_TLS) -> None:
    if kind.name == "aioftp":
        pytest.skip("aioftp has no PORT")
    ftp.set_pasv(False)
    stored(ftp, "file", CONTENT)
    assert content(ftp) == CONTENT


class CallbackError(Exception):
    """What the callbacks here raise."""


def goes_on(kind: Kind, ftp: FTP_TLS, server: Server) -> None:
    """The session is in step, or the object says that the server has hung up."""
    try:
        ftp.pwd()
    except EOFError:
        assert "patience" in kind.without
        ftp.connect()
        ftp.login(server.user, server.password)
        ftp.prot_p()
    stored(ftp, "small", b"content")
    assert content(ftp, "small") == b"content"


@pytest.fixture
def large(ftp: FTP_TLS, server: Server) -> FTP_TLS:
    """The session, with a file `large` that does not fit into the buffers on the way."""
    path = server.root / ftp.pwd().lstrip("/") / "large"
    with path.open("wb") as file:
        file.truncate(64 * 2**20)
    server.adopt(path)
    return ftp


def raising(_: bytes) -> None:
    raise CallbackError


def test_a_callback_that_raises_leaves_the_session_in_step(
    kind: Kind, large: FTP_TLS, server: Server
) -> None:
    with pytest.raises(CallbackError):
        large.retrbinary("RETR large", raising)
    goes_on(kind, large, server)
    with pytest.raises(CallbackError):
        large.storbinary("STOR up", io.BytesIO(CONTENT), 8192, raising)
    goes_on(kind, large, server)


def test_abort_in_a_callback_leaves_the_session_in_step(
    client: ModuleType, kind: Kind, large: FTP_TLS, server: Server
) -> None:
    def abort(_: bytes) -> None:
        try:
            large.abort()
        except (EOFError, ConnectionError):
            assert "patience" in kind.without

    with pytest.raises(client.Error, match="broken off"):
        large.retrbinary("RETR large", abort)
    goes_on(kind, large, server)


def test_the_way_of_fsspec(client: ModuleType, kind: Kind, large: FTP_TLS, server: Server) -> None:
    """To read a part of a file it raises in the callback, aborts, and reads the second reply."""
    here = large.pwd()
    for offset in (0, 1_000_000):
        with pytest.raises(CallbackError):
            large.retrbinary("RETR large", raising, rest=offset)
        try:
            large.abort()
            large.sock.settimeout(1)  # type: ignore[union-attr]
            large.getmultiline()
        except client.all_errors:
            # As fsspec does.
            large.connect()
            large.login(server.user, server.password)
            large.prot_p()
            large.cwd(here)
        large.sock.settimeout(20)  # type: ignore[union-attr]
    goes_on(kind, large, server)
