"""A round trip against every real server, over IPv4 and IPv6."""

from __future__ import annotations

import array
import fcntl
import importlib
import itertools
import os
import select
import socket
import termios
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from realservers import has_ipv6

from usr.ftplib import FTP, Error, error_perm, error_proto, error_temp

if TYPE_CHECKING:
    from conftest import Server

CONTENT = bytes(range(256)) * 4096


@dataclass(frozen=True)
class Kind:
    """A server, an address, and what this server cannot do."""

    name: str
    address: str = "127.0.0.1"
    greeting: str = "220"
    without: frozenset[str] = frozenset()
    optional: bool = False

    def __str__(self) -> str:
        return self.name + ("-ipv6" if ":" in self.address else "")


KINDS = [
    Kind("vsftpd", greeting="220 (vsFTPd ", without=frozenset({"MLSD"})),
    Kind("vsftpd", "::1", "220 (vsFTPd ", frozenset({"MLSD"})),
    Kind("proftpd", greeting="220 ProFTPD Server"),
    Kind("proftpd", "::1", "220 ProFTPD Server"),
    Kind("pureftpd", greeting="220---------- Welcome to Pure-FTPd"),
    Kind("pyftpdlib", greeting="220 pyftpdlib is ready."),
    Kind("pyftpdlib", "::1", "220 pyftpdlib is ready."),
    Kind(
        "inetutils-ftpd",
        # It dies of SIGPIPE when a download is broken off at the wrong moment.
        without=frozenset({"MLSD", "patience"}),
        optional=True,
    ),
    Kind(
        "twisted",
        greeting="220 Twisted",
        # Its uploads in TYPE A fail, its NLST names the directory, its LIST encodes names twice.
        without=frozenset({"MLSD", "REST", "ABOR", "NLST", "text", "umlauts"}),
        optional=True,
    ),
    Kind(
        "aioftp",
        greeting="220 welcome",
        # It names no path in its reply to MKD, and hangs up when a download is broken off.
        without=frozenset({"SIZE", "PORT", "NLST", "NOOP", "path", "patience"}),
        optional=True,
    ),
]


@pytest.fixture(scope="module", params=KINDS, ids=str)
def kind(request: pytest.FixtureRequest) -> Kind:
    kind: Kind = request.param
    return kind


@pytest.fixture(scope="module")
def server(kind: Kind) -> Iterator[Server]:
    servers = importlib.import_module("servers")
    if ":" in kind.address and not has_ipv6():
        pytest.skip("no IPv6 on this machine")
    try:
        servers.check(kind.name)
    except servers.NeedsRootError as reason:
        pytest.skip(str(reason))
    except servers.NotInstalledError as reason:
        if not kind.optional:
            raise
        pytest.skip(str(reason))
    with servers.start(kind.name, bind=kind.address) as server:
        yield server


def can(feature: str, kind: Kind) -> None:
    if feature in kind.without:
        pytest.skip(f"{kind.name} has no {feature}")


_numbers = itertools.count(1)


@pytest.fixture
def folder() -> str:
    """The name of the test's own directory, in which the session begins."""
    return f"test-{next(_numbers)}"


@pytest.fixture
def ftp(server: Server, folder: str) -> Iterator[FTP]:
    with closing(FTP(server.host, server.port, server.user, server.password, timeout=20)) as ftp:
        ftp.mkd(folder)
        ftp.cwd(folder)
        yield ftp


def names(ftp: FTP) -> list[str]:
    """What NLST names in the current directory: some servers name the path, some `.` and `..`."""
    listed = {name.rpartition("/")[2] for name in ftp.nlst(ftp.pwd())}
    return sorted(listed - {".", ".."})


def test_listdir_tells_files_from_directories(ftp: FTP) -> None:
    ftp.mkd("a dir")
    ftp.storbinary("STOR f", BytesIO(b"12345"))
    here = ftp.pwd()
    for _ in range(2):  # the second time it knows whether there is MLSD
        entries = dict(ftp.listdir())
        assert {name: facts["type"] for name, facts in entries.items()} == {
            "a dir": "dir",
            "f": "file",
        }
        assert entries["f"]["size"] == "5"
        assert entries["f"]["modify"].startswith("20")
        assert ftp.listdir("a dir") == ftp.listdir(b"a dir") == []
        with pytest.raises(error_perm):
            ftp.listdir("missing")
        assert ftp.pwd() == here


def test_connecting_and_logging_in(kind: Kind, server: Server) -> None:
    ftp = FTP()
    greeting = ftp.connect(server.host, server.port, 20)
    assert greeting.startswith(kind.greeting)
    assert greeting == ftp.welcome
    assert greeting.splitlines()[-1].startswith("220 ")
    expected = socket.AF_INET6 if ":" in kind.address else socket.AF_INET
    assert ftp.af == expected
    assert ftp.login(server.user, server.password).startswith("230")
    assert ftp.quit().startswith("221")


def test_the_constructor_logs_in(server: Server) -> None:
    with FTP(server.host, server.port, server.user, server.password, timeout=20) as ftp:
        assert ftp.pwd() in ("/", str(server.root))


def test_a_wrong_password_is_an_error_perm_and_the_right_one_then_works(server: Server) -> None:
    with closing(FTP(server.host, server.port, timeout=20)) as ftp:
        with pytest.raises(error_perm, match=r"^530"):
            ftp.login(server.user, "wrong")
        assert ftp.login(server.user, server.password).startswith("230")


def test_directories(kind: Kind, ftp: FTP, folder: str) -> None:
    here = ftp.pwd()
    assert here.endswith(f"/{folder}")
    made = ftp.mkd("new")
    assert made in ([""] if "path" in kind.without else ["new", f"{here}/new"])
    assert ftp.cwd("new").startswith("250")
    assert ftp.pwd() == f"{here}/new"
    assert ftp.cwd("..")[0] == "2"
    assert ftp.pwd() == here
    assert ftp.rmd("new").startswith("250")
    with pytest.raises(error_perm, match=r"^5"):
        ftp.cwd("new")


@pytest.mark.parametrize("active", [False, True], ids=["passive", "active"])
@pytest.mark.parametrize("content", [b"", b"x", CONTENT], ids=["empty", "byte", "mebibyte"])
def test_a_file_comes_and_goes(
    content: bytes, active: bool, kind: Kind, ftp: FTP, folder: str, server: Server
) -> None:
    if active:
        can("PORT", kind)
    ftp.set_pasv(not active)
    assert ftp.storbinary("STOR file", BytesIO(content)).startswith("226")
    assert (server.root / folder / "file").read_bytes() == content
    received: list[bytes] = []
    assert ftp.retrbinary("RETR file", received.append).startswith("226")
    assert b"".join(received) == content
    if "SIZE" not in kind.without:
        ftp.voidcmd("TYPE I")
        assert ftp.size("file") == len(content)


def test_text_comes_and_goes(kind: Kind, ftp: FTP, folder: str, server: Server) -> None:
    can("text", kind)
    text = "eins\n\nzwei ü €\nend".encode()
    assert ftp.storlines("STOR text", BytesIO(text)).startswith("226")
    kept = (server.root / folder / "text").read_bytes().replace(b"\r\n", b"\n")
    assert kept == text + b"\n"
    lines: list[str] = []
    assert ftp.retrlines("RETR text", lines.append).startswith("226")
    assert lines == ["eins", "", "zwei ü €", "end"]
    file = BytesIO()
    ftp.retrlines("RETR text", file.write)
    assert file.getvalue() == text + b"\n"


def test_a_download_is_resumed(kind: Kind, ftp: FTP) -> None:
    can("REST", kind)
    ftp.storbinary("STOR file", BytesIO(CONTENT))
    received: list[bytes] = []
    assert ftp.retrbinary("RETR file", received.append, rest=1_000_000).startswith("226")
    assert b"".join(received) == CONTENT[1_000_000:]


def test_listings(kind: Kind, ftp: FTP, capsys: pytest.CaptureFixture[str]) -> None:
    stored = ["one", "two words", *(["ümläut"] if "umlauts" not in kind.without else [])]
    for name in stored:
        ftp.storbinary(f"STOR {name}", BytesIO(b"x" * 5))
    if "NLST" not in kind.without:
        assert names(ftp) == stored
    lines = ftp.dir()
    assert capsys.readouterr().out == "".join(line + "\n" for line in lines)
    listed = [line for line in lines if line.startswith("-")]
    assert sorted(line.split(maxsplit=8)[8] for line in listed) == stored
    assert all(" 5 " in line for line in listed)


def test_the_machine_listing(kind: Kind, ftp: FTP) -> None:
    if "MLSD" in kind.without:
        with pytest.raises(error_perm, match=r"^50[0-9]"):
            next(ftp.mlsd())
        assert ftp.pwd()
        return
    ftp.storbinary("STOR ü 1", BytesIO(b"12345"))
    ftp.mkd("inner")
    entries = dict(ftp.mlsd())
    assert entries["ü 1"]["type"].lower() == "file"
    assert entries["ü 1"]["size"] == "5"
    assert entries["inner"]["type"].lower() == "dir"


def test_an_empty_directory(kind: Kind, ftp: FTP, folder: str) -> None:
    """Some servers refuse NLST there; that is an error, as in CPython."""
    assert [line for line in ftp.dir(len) if line.split()[-1] not in (".", "..", "0")] == []
    if "NLST" not in kind.without:
        listed: list[str] = []
        refused = ""
        try:
            listed = names(ftp)
        except (error_perm, error_temp) as refusal:
            refused = str(refusal)
        assert (listed, refused[:3]) in [([], ""), ([], "450"), ([], "550")]
    assert ftp.pwd().endswith(folder)


def test_renaming_and_deleting(ftp: FTP, folder: str, server: Server) -> None:
    ftp.storbinary("STOR old", BytesIO(b"x"))
    assert ftp.rename("old", "new name").startswith("250")
    assert os.listdir(server.root / folder) == ["new name"]
    assert ftp.delete("new name").startswith("250")
    assert os.listdir(server.root / folder) == []
    with pytest.raises(Error, match=r"^5"):
        ftp.delete("new name")


@pytest.mark.parametrize("active", [False, True], ids=["passive", "active"])
@pytest.mark.parametrize(
    "call",
    [
        lambda ftp: ftp.retrbinary("RETR missing", len),
        lambda ftp: ftp.retrlines("RETR missing", len),
        lambda ftp: ftp.storbinary("STOR missing/file", BytesIO(b"x")),
    ],
    ids=["retrbinary", "retrlines", "storbinary"],
)
def test_a_missing_file_is_a_refusal_and_the_next_command_works(
    call: Callable[[FTP], object], active: bool, kind: Kind, ftp: FTP, folder: str
) -> None:
    if active:
        can("PORT", kind)
    ftp.set_pasv(not active)
    with pytest.raises((error_perm, error_temp), match=r"^[45]5"):
        call(ftp)
    assert ftp.pwd().endswith(folder)


class CallbackError(Exception):
    """What the callbacks here raise."""


@pytest.fixture
def large(ftp: FTP, server: Server, folder: str) -> FTP:
    """The session, with a file `large` that does not fit into the buffers on the way."""
    path = server.root / folder / "large"
    with path.open("wb") as file:
        file.truncate(64 * 2**20)
    server.adopt(path)
    return ftp


def breaking(_: Any) -> None:
    raise CallbackError


def log_in_again_if_necessary(ftp: FTP, server: Server, folder: str) -> None:
    """The object either goes on or says that the server has hung up."""
    try:
        ftp.pwd()
    except EOFError:
        ftp.connect()
        ftp.login(server.user, server.password)
        ftp.cwd(folder)


def round_trip(ftp: FTP) -> bytes:
    """Uploads a few bytes and returns what comes back."""
    assert ftp.storbinary("STOR small", BytesIO(b"content")).startswith("226")
    received: list[bytes] = []
    assert ftp.retrbinary("RETR small", received.append).startswith("226")
    return b"".join(received)


def watch_data_connections(ftp: Any) -> list[socket.socket]:
    """The data connections that the object opens from now on."""
    opened: list[socket.socket] = []
    ntransfercmd = ftp.ntransfercmd

    def watched(cmd: str, rest: Any = None) -> Any:
        result = ntransfercmd(cmd, rest)
        opened.append(result[0])
        return result

    ftp.ntransfercmd = watched
    return opened


def wait_until_nothing_comes(sock: socket.socket) -> None:
    """Waits until the server cannot send any further, because this side does not read."""
    waiting, before = 0, -1
    while waiting != before:
        before = waiting
        select.select([], [], [], 0.4)
        queue = array.array("i", [0])
        fcntl.ioctl(sock, termios.FIONREAD, queue)
        waiting = queue[0]


@pytest.mark.parametrize("active", [False, True], ids=["passive", "active"])
def test_a_broken_off_download_leaves_the_session_in_step(
    active: bool, kind: Kind, large: FTP, folder: str, server: Server
) -> None:
    if active:
        can("PORT", kind)
    large.set_pasv(not active)
    for _ in range(2):
        with pytest.raises(CallbackError):
            large.retrbinary("RETR large", breaking)
        if "patience" in kind.without:
            log_in_again_if_necessary(large, server, folder)
        assert large.pwd().endswith(folder)
    assert round_trip(large) == b"content"


def test_a_broken_off_upload_leaves_the_session_in_step(ftp: FTP, folder: str) -> None:
    with pytest.raises(CallbackError):
        ftp.storbinary("STOR up", BytesIO(CONTENT), 8192, breaking)
    assert ftp.pwd().endswith(folder)
    assert round_trip(ftp) == b"content"


def test_abort_in_a_callback_leaves_the_session_in_step(
    large: FTP, folder: str, server: Server, kind: Kind
) -> None:
    replies: list[str] = []
    lost: list[Exception] = []
    data = watch_data_connections(large)

    def abort(_: bytes) -> None:
        wait_until_nothing_comes(data[-1])
        try:
            replies.append(large.abort())
        except (EOFError, ConnectionError) as error:
            lost.append(error)

    with pytest.raises(Error, match="broken off"):
        large.retrbinary("RETR large", abort)
    if "patience" in kind.without and lost:
        log_in_again_if_necessary(large, server, folder)
    else:
        assert [reply[:3] in ("426", "225", "226") for reply in replies] == [True]
    assert large.pwd().endswith(folder)
    assert round_trip(large) == b"content"


def test_abort_without_a_transfer(kind: Kind, ftp: FTP, folder: str) -> None:
    if "ABOR" in kind.without:
        with pytest.raises(error_proto, match=r"^502"):
            ftp.abort()
    else:
        assert ftp.abort()[:3] in ("225", "226")
    assert ftp.pwd().endswith(folder)


def test_a_transfer_by_hand(ftp: FTP, folder: str) -> None:
    ftp.voidcmd("TYPE I")
    with ftp.transfercmd("STOR file") as data:
        data.sendall(CONTENT)
    assert ftp.voidresp().startswith("226")
    with ftp.transfercmd("RETR file") as data, data.makefile("rb") as file:
        assert file.read() == CONTENT
    assert ftp.voidresp().startswith("226")
    assert ftp.pwd().endswith(folder)


def test_commands_of_all_kinds_follow_each_other(kind: Kind, ftp: FTP, folder: str) -> None:
    """Ten rounds: a reply too many or too few would show."""
    for number in range(10):
        name = f"file {number}"
        ftp.storbinary(f"STOR {name}", BytesIO(name.encode()))
        assert ftp.pwd().endswith(folder)
        received: list[bytes] = []
        ftp.retrbinary(f"RETR {name}", received.append)
        assert b"".join(received) == name.encode()
        with pytest.raises((error_perm, error_temp)):
            ftp.retrbinary("RETR missing", len)
        assert sum(line.startswith("-") for line in ftp.dir(lambda _: None)) == number + 1
        if "NOOP" not in kind.without:
            assert ftp.voidcmd("NOOP").startswith("200")


# Addresses


def test_a_server_behind_a_nat_is_reached_at_the_control_connections_host() -> None:
    """It names an address in its replies to PASV that leads nowhere."""
    servers = importlib.import_module("servers")
    elsewhere = {"PYFTPDLIB_MASQUERADE": "192.0.2.1"}
    with (
        servers.start("pyftpdlib", environment=elsewhere) as server,
        closing(FTP(server.host, server.port, server.user, server.password, timeout=20)) as ftp,
    ):
        ftp.storbinary("STOR file", BytesIO(b"content"))
        received: list[bytes] = []
        ftp.retrbinary("RETR file", received.append)
        assert b"".join(received) == b"content"
        ftp.set_trust_pasv(True)
        assert ftp.makepasv()[0] == "192.0.2.1"


@pytest.mark.parametrize("without", ["EPSV EPRT", "PASV"])
def test_a_server_with_one_kind_of_passive_mode_is_enough(without: str) -> None:
    servers = importlib.import_module("servers")
    with (
        servers.start("pyftpdlib", environment={"PYFTPDLIB_WITHOUT": without}) as server,
        closing(FTP(server.host, server.port, server.user, server.password, timeout=20)) as ftp,
    ):
        ftp.storbinary("STOR file", BytesIO(b"content"))
        assert ftp.nlst() == ["file"]


def test_an_anonymous_login() -> None:
    servers = importlib.import_module("servers")
    with (
        servers.start("pyftpdlib", mode="plain-anon") as server,
        closing(FTP(server.host, server.port, timeout=20)) as ftp,
    ):
        assert ftp.login() == "230 Login successful."
        assert ftp.pwd() == "/"
