"""`connect_url`: a session from a URL."""

from __future__ import annotations

import importlib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import realservers
from conftest import LOGIN, Interpreter, ScriptedServer, answer, say, say_bytes

from usr.ftplib import FTP, FTP_TLS, error_perm, error_temp

if TYPE_CHECKING:
    Scripted = Callable[..., ScriptedServer]

PASSWORD = "p:@/?#[]%\xfc ;="


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with realservers.running("proftpd", user="ftptest", password=PASSWORD) as server:
        for folder in (
            "one/two",
            "sp ace/%41",
            "\xfcml\xe4ut",
            "what?",
            "semi;type=i",
            "one;type=i/two",
        ):
            (server.root / folder).mkdir(parents=True)
        server.adopt(server.root)
        server.adopt(*server.root.iterdir())
        yield server


@pytest.fixture
def connect(client: ModuleType) -> Any:
    """`connect_url`, closed by whoever asks for it."""
    return client.connect_url


def url(server: Any, path: str = "", scheme: str = "ftp") -> str:
    credentials = f"{quote(server.user, safe='')}:{quote(server.password, safe='')}"
    return f"{scheme}://{credentials}@{server.host}:{server.port}{path}"


@pytest.fixture
def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


PATHS = [
    ("", "/"),
    ("/", "/"),
    ("/one", "/one"),
    ("/one/", "/one"),
    ("/one/two", "/one/two"),
    ("//one/two", "/one/two"),
    ("/%2Fone/two", "/one/two"),
    ("/%2Fone%2Ftwo", "/one/two"),
    ("/sp%20ace/%2541", "/sp ace/%41"),
    ("/%C3%BCml%C3%A4ut", "/\xfcml\xe4ut"),
    ("/\xfcml\xe4ut", "/\xfcml\xe4ut"),
    ("/what%3F", "/what?"),
    ("/what%3F/", "/what?"),
    ("/one;type=i", "/one"),
    ("/one/;type=a", "/one"),
    ("/one#fragment", "/one"),
    ("/what?", "/what?"),
    ("/one;type=i/two", "/one;type=i/two"),
    ("/semi%3Btype=i", "/semi;type=i"),
    ("/one/../one/./two", "/one/two"),
]


@pytest.mark.parametrize(("path", "directory"), PATHS)
def test_the_path_is_a_directory(path: str, directory: str, server: Any, connect: Any) -> None:
    with closing(connect(url(server, path), timeout=20)) as ftp:
        assert type(ftp) is FTP
        assert ftp.pwd() == directory
        assert ftp.timeout == 20


def test_each_part_is_a_cwd(scripted: Scripted, connect: Any) -> None:
    server = scripted([*LOGIN, *[answer("CWD")] * 4])
    address = f"ftp://u:p@{server.host}:{server.port}"
    connect(f"{address}//a/b%2Fc/d?e=f;type=i", netrc=False).close()
    assert server.heard == ["USER u", "PASS p", "CWD /", "CWD a", "CWD b/c", "CWD d?e=f"]


def test_bytes_that_are_no_utf8_are_sent_as_they_are(scripted: Scripted, connect: Any) -> None:
    server = scripted([*LOGIN, answer("CWD")])
    connect(f"ftp://u:p@{server.host}:{server.port}/caf%E9").close()
    assert server.heard[-1] == "CWD caf\udce9"


def test_arguments_are_handed_on(scripted: Scripted, connect: Any) -> None:
    server = scripted([say("220 Hello."), *LOGIN[1:]])
    ftp = connect(
        f"ftp://u:p@{server.host}:{server.port}/",
        timeout=7,
        encoding="latin-1",
        errors="surrogateescape",
        proxy=None,
    )
    with closing(ftp):
        assert (ftp.timeout, ftp.encoding, ftp.errors) == (7, "latin-1", "surrogateescape")
        assert ftp.proxy is None
        assert (ftp.host, ftp.port) == (server.host, server.port)


def test_without_a_user_the_login_is_anonymous(
    no_home: Path, scripted: Scripted, connect: Any
) -> None:
    del no_home
    server = scripted(LOGIN)
    connect(f"ftp://{server.host}:{server.port}").close()
    assert server.heard[:2] == ["USER anonymous", "PASS anonymous@"]


def test_a_user_without_a_password(no_home: Path, scripted: Scripted, connect: Any) -> None:
    del no_home
    server = scripted(LOGIN)
    connect(f"ftp://some%20one@{server.host}:{server.port}").close()
    assert server.heard[:2] == ["USER some one", "PASS "]


def test_ipv6(client: ModuleType) -> None:
    if not realservers.has_ipv6():
        pytest.skip("no IPv6 on this machine")
    with realservers.running("pyftpdlib", bind="::1") as server:
        address = f"ftp://{server.user}:{server.password}@[::1]:{server.port}/"
        with closing(client.connect_url(address, timeout=20)) as ftp:
            assert ftp.af == socket.AF_INET6
            assert ftp.nlst() == []


# TLS


@pytest.fixture(scope="module", params=["ftpes", "ftps"])
def secure(request: pytest.FixtureRequest) -> Iterator[tuple[str, Any]]:
    mode = {"ftpes": "tls", "ftps": "implicit"}[request.param]
    with realservers.running("vsftpd", mode) as server:
        (server.root / "one").mkdir()
        server.adopt(server.root / "one")
        yield request.param, server


def test_tls_is_verified_by_default(secure: tuple[str, Any], connect: Any) -> None:
    scheme, server = secure
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(url(server, "/one", scheme), timeout=20)


@pytest.mark.parametrize("way", ["context", "verify"])
def test_tls(way: str, secure: tuple[str, Any], connect: Any) -> None:
    scheme, server = secure
    authority = importlib.import_module("servers").CERTIFICATES / "ca.pem"
    keywords: dict[str, Any] = {"verify": False}
    if way == "context":
        keywords = {"context": ssl.create_default_context(cafile=str(authority))}
    with closing(connect(url(server, "/one", scheme), timeout=20, **keywords)) as ftp:
        assert type(ftp) is FTP_TLS
        assert isinstance(ftp.sock, ssl.SSLSocket)
        assert ftp.implicit is (scheme == "ftps")
        assert ftp.pwd() == "/one"
        # vsftpd refuses a data connection in the clear here.
        assert ftp.nlst() == []
        if way == "context":
            assert ftp.context is keywords["context"]
            assert ftp.context.verify_mode is ssl.CERT_REQUIRED


def test_a_context_that_verifies_nothing_says_so_itself(
    secure: tuple[str, Any], connect: Any
) -> None:
    scheme, server = secure
    context = ssl._create_unverified_context()
    with closing(connect(url(server, "/one", scheme), timeout=20, context=context)) as ftp:
        assert ftp.context is context
    with pytest.raises(ValueError, match="verify=True, but the context verifies nothing"):
        connect(url(server, "/one", scheme), timeout=20, context=context, verify=True)


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses that `socket.create_connection` gets, which refuses each."""
    addresses: list[Any] = []

    def create_connection(address: Any, *_: Any, **__: Any) -> socket.socket:
        addresses.append(address)
        raise ConnectionRefusedError(111, "no")

    monkeypatch.setattr(socket, "create_connection", create_connection)
    return addresses


@pytest.mark.parametrize(("scheme", "port"), [("ftp", 21), ("ftpes", 21), ("ftps", 990)])
def test_the_default_ports(scheme: str, port: int, connect: Any, dialled: list[Any]) -> None:
    with pytest.raises(ConnectionRefusedError):
        connect(f"{scheme}://ftp.example", proxy=None)
    assert dialled == [("ftp.example", port)]


HOSTS = [
    ("[fe80::1%25eth0]", "fe80::1%eth0"),
    ("[fe80::1%eth0]", "fe80::1%eth0"),
    ("b%C3%BCcher.example", "b\xfccher.example"),
    ("b\xfccher.example", "b\xfccher.example"),
    ("ftp%2Dx.example", "ftp-x.example"),
]


@pytest.mark.parametrize(("written", "host"), HOSTS)
def test_hosts_are_percent_decoded(
    written: str, host: str, connect: Any, dialled: list[Any]
) -> None:
    with pytest.raises(ConnectionRefusedError):
        connect(f"ftp://{written}:2121/", proxy=None)
    assert dialled == [(host, 2121)]


# netrc


NETRC = """\
machine other.example login nobody password wrong
machine 127.0.0.1 login first account charge password "{password}"
machine ::1 login six password six-pw
default login whoever password default-pw
"""


@pytest.fixture
def netrc(tmp_path: Path) -> Path:
    file = tmp_path / ".netrc"
    file.write_text(NETRC.format(password="first-pw"))
    file.chmod(0o600)
    return file


ENTRIES = [
    ("", ["USER first", "PASS first-pw", "ACCT charge"]),
    ("first@", ["USER first", "PASS first-pw", "ACCT charge"]),
    ("first:own@", ["USER first", "PASS own", "ACCT "]),
    ("second@", ["USER second", "PASS ", "ACCT "]),
]


@pytest.mark.parametrize(("user", "heard"), ENTRIES)
def test_the_password_comes_from_a_netrc_file(
    user: str, heard: list[str], netrc: Path, scripted: Scripted, connect: Any
) -> None:
    server = scripted(
        [
            say("220 Hello."),
            answer("USER", "331 ?"),
            answer("PASS", "332 ?"),
            answer("ACCT", "230 Welcome."),
        ]
    )
    connect(f"ftp://{user}{server.host}:{server.port}", netrc=str(netrc)).close()
    assert server.heard[:3] == heard


def test_a_netrc_file_may_spell_the_host_in_capitals(
    netrc: Path, scripted: Scripted, connect: Any
) -> None:
    netrc.write_text("machine LocalHost login me password mine\n" + netrc.read_text())
    server = scripted(LOGIN)
    connect(f"ftp://LOCALhost:{server.port}", netrc=netrc).close()
    assert server.heard[:2] == ["USER me", "PASS mine"]
    netrc.write_text(netrc.read_text() + "machine localhost login exact password very\n")
    server = scripted(LOGIN)
    connect(f"ftp://localhost:{server.port}", netrc=netrc).close()
    assert server.heard[:2] == ["USER exact", "PASS very"]


def test_the_default_entry(netrc: Path, scripted: Scripted, connect: Any) -> None:
    server = scripted(LOGIN)
    connect(f"ftp://localhost:{server.port}", netrc=netrc).close()
    assert server.heard[:2] == ["USER whoever", "PASS default-pw"]


def test_netrc_false_reads_none(
    netrc: Path, scripted: Scripted, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = scripted(LOGIN)
    monkeypatch.setenv("HOME", str(netrc.parent))
    connect(f"ftp://{server.host}:{server.port}", netrc=False).close()
    assert server.heard[:2] == ["USER anonymous", "PASS anonymous@"]


def test_the_users_own_netrc_is_read_by_default(
    interpreter: Interpreter, netrc: Path, scripted: Scripted
) -> None:
    server = scripted(LOGIN)
    source = "import sys; from usr.ftplib import connect_url; connect_url(sys.argv[1]).quit()"
    address = f"ftp://{server.host}:{server.port}"
    interpreter.run("-c", source, address, environment={"HOME": str(netrc.parent)})
    assert server.heard == ["USER first", "PASS first-pw", "QUIT"]
    netrc.unlink()
    interpreter.run("-c", source, address, environment={"HOME": str(netrc.parent)})
    assert server.heard[3:] == ["USER anonymous", "PASS anonymous@", "QUIT"]


def test_the_users_own_netrc_that_cannot_be_read_is_not_passed_over(
    tmp_path: Path, scripted: Scripted, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has one is not to be logged in as anybody else."""
    server = scripted(LOGIN)
    (tmp_path / ".netrc").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(IsADirectoryError, match="netrc"):
        connect(f"ftp://{server.host}:{server.port}")
    assert server.heard == []
    # A home that cannot be looked into is nobody's here.
    monkeypatch.setenv("HOME", "/proc/self/mem")
    connect(f"ftp://{server.host}:{server.port}").close()
    assert server.heard[0] == "USER anonymous"


def test_a_netrc_file_that_was_named_must_be_there(tmp_path: Path, connect: Any) -> None:
    with pytest.raises(FileNotFoundError):
        connect("ftp://127.0.0.1:1/", netrc=str(tmp_path / "missing"))


# Refusals


WRONG = [
    "http://127.0.0.1/",
    "sftp://127.0.0.1/",
    "127.0.0.1",
    "ftp:/127.0.0.1",
    "ftp://",
    "ftp:///path",
    "",
    "ftp://127.0.0.1:99999/",
    "ftp://127.0.0.1:0/",
    "ftp://127.0.0.1:x/",
    "ftp://[::1/",
    "ftp://127.0.0.1/a\r\nDELE b",
    "ftp://127.0.0.1/a\nb",
    "ftp://us\ner@127.0.0.1/",
    "ftp://127.0.0.1/a\tb",
    "ftp://127.0.0.1/a\0b",
    "ftp://%FF@127.0.0.1/",
    "ftp://%FF/",
    *(f"ftp://127.0.0.1%{code}/" for code in ("00", "0A", "0D", "7F", "2F", "3F", "23", "40")),
    *(f"ftp://127.0.0.1%{code}1/" for code in ("3A", "5B", "5D")),
    *(f"ftp://[fe80::1%25a%{code}]/" for code in ("00", "0A", "2F", "40", "5D", "FF")),
    "ftp://127.0.0.1/a%0D%0ADELE%20b",
    "ftp://127.0.0.1/a%0Ab",
    "ftp://127.0.0.1/a%00b",
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_url_connects_nowhere(
    wrong: str, no_home: Path, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    del no_home

    def create_connection(*_: Any, **__: Any) -> socket.socket:
        pytest.fail("it connects")

    monkeypatch.setattr(socket, "create_connection", create_connection)
    with pytest.raises(ValueError, match=r"."):
        connect(wrong, proxy=None)


@pytest.mark.parametrize("part", ["us%0D%0Aer:p", "u:pass%0Aword"])
def test_a_lines_end_in_the_login_is_not_sent(part: str, scripted: Scripted, connect: Any) -> None:
    server = scripted([say("220 Hello.")])
    with pytest.raises(ValueError, match=r"CR|LF|line"):
        connect(f"ftp://{part}@{server.host}:{server.port}")
    assert server.heard == []


@pytest.mark.parametrize("wrong", [None, b"ftp://127.0.0.1", 1])
def test_what_is_no_text(wrong: object, connect: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        connect(wrong)


def test_the_other_arguments_go_by_name(connect: Any) -> None:
    with pytest.raises(TypeError):
        connect("ftp://127.0.0.1", True)
    with pytest.raises(TypeError):
        connect("ftp://127.0.0.1", passive=True)
    with pytest.raises(TypeError):
        connect()


FAILURES = {
    "greeting": ([say("421 Too many users.")], error_temp),
    "user": ([say("220 ok"), answer("USER", "530 no")], error_perm),
    "password": ([*LOGIN[:2], answer("PASS", "530 no")], error_perm),
    "cwd": ([*LOGIN, answer("CWD", "550 no")], error_perm),
    "noise": ([say_bytes(b"\xff\xff\r\n")], UnicodeDecodeError),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("failure", FAILURES)
def test_after_a_failure_nothing_stays_open(
    failure: str, scripted: Scripted, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, error = FAILURES[failure]
    server = scripted(steps)
    opened: list[socket.socket] = []
    original = socket.create_connection

    def create_connection(*arguments: Any, **keywords: Any) -> socket.socket:
        opened.append(original(*arguments, **keywords))
        return opened[-1]

    monkeypatch.setattr(socket, "create_connection", create_connection)
    with pytest.raises(error):
        connect(f"ftp://u:p@{server.host}:{server.port}/missing", proxy=None)
    assert [each.fileno() for each in opened] == [-1]


def test_a_failure_in_a_program_of_its_own(interpreter: Interpreter, scripted: Scripted) -> None:
    server = scripted([*LOGIN, answer("CWD", "550 no")])
    source = """
import gc, sys
from usr.ftplib import connect_url, error_perm
try:
    connect_url(sys.argv[1])
except error_perm as refusal:
    print(refusal)
gc.collect()
"""
    done = interpreter.run(
        *("-W", "error", "-X", "dev", "-c", source, f"ftp://u:p@{server.host}:{server.port}/x")
    )
    assert (done.stdout, done.stderr) == ("550 no\n", "")
