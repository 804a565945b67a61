"""Sessions in TLS: commands, the resumption of sessions, the recipes of CPython's users."""

from __future__ import annotations

import io
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from conftest import Conversation, ScriptedServer, Step, answer, download, passive, say
from tls_support import (
    AUTH,
    LOGIN_TLS,
    begin,
    certificates,
    cut_data,
    data_of,
    logged_in,
    noise,
    notify_close,
    running,
    trusting,
    version_of_tls,
    watch,
)
from tls_support import both_ways as both_ways

if TYPE_CHECKING:
    from servers import Server

    from usr.ftplib import FTP_TLS

CONTENT = noise(200_000)


@pytest.fixture(scope="module", params=["vsftpd", "proftpd"])
def strict(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that takes data connections only when they resume the session."""
    with running(request.param, "tls-reuse") as server:
        yield server


@pytest.fixture(scope="module")
def implicit() -> Iterator[Server]:
    with running("vsftpd", "implicit-reuse") as server:
        yield server


@pytest.fixture(scope="module")
def proftpd() -> Iterator[Server]:
    """It takes CCC where TLS is not required."""
    with running("proftpd", "tls-opt") as server:
        yield server


def round_trip(ftp: Any, name: str = "round") -> bytes:
    received: list[bytes] = []
    assert ftp.storbinary(f"STOR {name}", io.BytesIO(CONTENT)).startswith("226")
    assert ftp.retrbinary(f"RETR {name}", received.append).startswith("226")
    return b"".join(received)


# Commands


def test_the_commands_come_in_the_order_of_the_rfc(
    client: ModuleType, scripted: Callable[..., ScriptedServer]
) -> None:
    """AUTH before USER; PBSZ before PROT; PROT C makes data connections plain again."""
    server = scripted(
        [
            *LOGIN_TLS,
            *begin("RETR"),
            lambda conversation: data_of(conversation).sendall(b"in TLS"),
            notify_close(),
            cut_data(),
            say("226 Done."),
            answer("PROT"),
            # Somebody has had the socket.
            answer("TYPE"),
            passive(),
            *download(b"plain"),
        ]
    )
    with client.FTP_TLS(context=trusting(), timeout=10) as ftp:
        ftp.connect(server.host, server.port)
        assert type(ftp.sock) is socket.socket
        assert ftp.login("user", "password") == "230 Welcome."
        assert isinstance(ftp.sock, ssl.SSLSocket)
        assert ftp.prot_p() == "200 Very well."
        received: list[bytes] = []
        ftp.retrbinary("RETR x", received.append)
        assert ftp.prot_c() == "200 Very well."
        ftp.retrbinary("RETR x", received.append)
        assert received == [b"in TLS", b"plain"]
        with pytest.raises(ValueError, match="Already using TLS"):
            ftp.auth()
    commands = [command for command in server.heard if command != "TYPE I"]
    assert commands[:5] == ["AUTH TLS", "USER user", "PASS password", "PBSZ 0", "PROT P"]
    assert commands[5] in ("EPSV", "PASV")
    assert commands[6:8] == ["RETR x", "PROT C"]


def test_login_without_tls_is_asked_for(
    client: ModuleType, scripted: Callable[..., ScriptedServer]
) -> None:
    server = scripted([say("220 Hi."), answer("USER", "331 Ok."), answer("PASS", "230 Ok."), *AUTH])
    with client.FTP_TLS(context=trusting(), timeout=10) as ftp:
        ftp.connect(server.host, server.port)
        ftp.login("user", "password", secure=False)
        assert ftp.auth() == "234 Go ahead."
        assert ftp.sock.version()


def test_a_session_that_auth_secured_is_secured_when_it_is_reopened(
    client: ModuleType, scripted: Callable[..., ScriptedServer], tmp_path: Path
) -> None:
    """A download that connects again sends no password in the clear."""
    login = [answer("USER", "331 Ok."), answer("PASS", "230 Ok."), answer("PBSZ"), answer("PROT")]
    server = scripted([say("220 Hi."), *AUTH, *login])
    with client.FTP_TLS(context=trusting(), timeout=10) as ftp:
        ftp.connect(server.host, server.port)
        ftp.auth()
        ftp.login("user", "password", secure=False)
        ftp.prot_p()
        ftp.close()
        before = len(server.heard)
        with pytest.raises(client.all_errors):
            ftp.download("f", tmp_path / "f", retries=0)
    assert server.heard[before:][:3] == ["AUTH TLS", "USER user", "PASS password"]


def test_implicit_tls_has_a_port_of_its_own(
    client: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def refuse(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        asked.append(address[1])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", refuse)
    for options in ({"implicit": True}, {"implicit": True, "port": 2121}, {"implicit": False}):
        with pytest.raises(ConnectionRefusedError):
            client.FTP_TLS("127.0.0.1", context=trusting(), **options)
    ftp = client.FTP_TLS(context=trusting(), implicit=True)
    with pytest.raises(ConnectionRefusedError):
        ftp.connect("127.0.0.1")
    assert asked == [990, 2121, 21, 990]


def test_a_server_that_greets_before_implicit_tls_is_no_tls_server(
    client: ModuleType, scripted: Callable[..., ScriptedServer]
) -> None:
    server = scripted([say("220 Plain."), answer("QUIT")])
    with pytest.raises(
        ssl.SSLError, match=r"secure the connection to 127\.0\.0\.1 port \d+: .*SSL"
    ):
        client.FTP_TLS(server.host, port=server.port, context=trusting(), implicit=True, timeout=5)
    server.forgive()


@version_of_tls
def test_a_control_connection_that_left_tls(
    client: ModuleType, proftpd: Server, version: ssl.TLSVersion
) -> None:
    """Commands go on in the clear, data connections in TLS, and they still resume the session."""
    with closing(logged_in(client, proftpd, trusting(version))) as ftp:
        opened = watch(ftp)
        assert round_trip(ftp) == CONTENT
        assert ftp.ccc().startswith("200")
        assert isinstance(ftp.sock, ssl.SSLSocket)
        with pytest.raises(ValueError, match="SSL"):
            ftp.sock.unwrap()
        assert ftp.pwd() == "/"
        for number in range(3):
            assert round_trip(ftp, str(number)) == CONTENT
        assert [resumed for _, resumed in opened] == [True] * 8
        assert ftp.pwd() == "/"
        assert ftp.quit().startswith("221")


def test_a_control_connection_that_left_tls_leaves_it_again_when_it_was_lost(
    client: ModuleType, proftpd: Server, tmp_path: Path
) -> None:
    with closing(logged_in(client, proftpd, trusting())) as ftp:
        ftp.storbinary("STOR kept", io.BytesIO(CONTENT))
        ftp.ccc()
        lost = ftp.sock
        assert isinstance(lost, ssl.SSLSocket)
        socket.socket.shutdown(lost, socket.SHUT_RDWR)
        assert ftp.download("kept", tmp_path / "kept").attempts == 2
        assert (tmp_path / "kept").read_bytes() == CONTENT
        again: Any = ftp.sock
        assert again is not lost
        assert again.version() is None
        assert ftp.pwd() == "/"


def test_ccc_before_tls_is_a_mistake(client: ModuleType, proftpd: Server) -> None:
    with closing(client.FTP_TLS(context=trusting(), timeout=10)) as ftp:
        ftp.connect(proftpd.host, proftpd.port)
        with pytest.raises(ValueError, match="not using TLS"):
            ftp.ccc()


def test_a_server_that_does_not_end_tls_after_ccc_is_not_waited_for(
    client: ModuleType, scripted: Callable[..., ScriptedServer]
) -> None:
    server = scripted(
        [*LOGIN_TLS, answer("CCC"), lambda conversation: conversation.server.closing.wait()]
    )
    ftp = client.FTP_TLS(
        server.host, "user", "password", port=server.port, context=trusting(), timeout=0.5
    )
    ftp.prot_p()
    with pytest.raises(TimeoutError, match=r"end TLS on the connection to 127\.0\.0\.1 port"):
        ftp.ccc()
    assert ftp.sock is None


# Resumption


@version_of_tls
def test_without_resumption_strict_servers_refuse(
    client: ModuleType, strict: Server, version: ssl.TLSVersion
) -> None:
    """In their words, and the session goes on; vsftpd hangs up."""
    refusal = client.error_perm if strict.name == "vsftpd" else client.error_temp
    with closing(logged_in(client, strict, trusting(version))) as ftp:
        round_trip(ftp)
    calls: list[Callable[[FTP_TLS], object]] = [
        lambda ftp: ftp.storbinary("STOR refused", io.BytesIO(noise(3_000_000))),
        lambda ftp: ftp.retrbinary("RETR round", len),
        lambda ftp: ftp.nlst(),
    ]
    for call in calls:
        with closing(logged_in(client, strict, trusting(version))) as ftp:
            ftp.reuse_session = False
            with pytest.raises(refusal, match=r"^(522|425) ") as raised:
                call(ftp)
            assert "reuse" in str(raised.value) or "Unable to build" in str(raised.value)
            if strict.name == "vsftpd":
                with pytest.raises(EOFError, match="closed the connection"):
                    ftp.pwd()
            else:
                assert ftp.pwd() == "/"
                ftp.reuse_session = True
                assert round_trip(ftp) == CONTENT


@version_of_tls
def test_a_server_that_declines_does_no_harm(
    client: ModuleType, scripted: Callable[..., ScriptedServer], version: ssl.TLSVersion
) -> None:
    """It knows neither tickets nor sessions: each connection has a handshake of its own."""

    def forget(conversation: Conversation) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates() / "server.pem")
        data = context.wrap_socket(conversation.connected(), server_side=True)
        conversation.data = conversation.server.keep(data)

    def transfer() -> list[Step]:
        *before, _ = begin("RETR")
        return [
            *before,
            forget,
            lambda conversation: data_of(conversation).sendall(b"data"),
            notify_close(),
            cut_data(),
            say("226 Done."),
        ]

    server = scripted([*LOGIN_TLS, *transfer(), *transfer()[1:]])  # TYPE is said once
    with client.FTP_TLS(
        server.host, "user", "password", port=server.port, context=trusting(version), timeout=10
    ) as ftp:
        ftp.prot_p()
        opened = watch(ftp)
        received: list[bytes] = []
        for _ in range(2):
            ftp.retrbinary("RETR x", received.append)
        assert received == [b"data"] * 2
        assert [resumed for _, resumed in opened] == [False, False]


def test_a_server_that_never_resumes_is_not_asked_for_ever(client: ModuleType) -> None:
    """Pure-FTPd in TLS 1.3. Each look at a socket's session leaks 5 KB in CPython 3.11 to 3.13."""
    looks: list[None] = []

    class Watched(ssl.SSLSocket):
        def __getattribute__(self, name: str) -> Any:
            if name == "session":
                looks.append(None)
            return super().__getattribute__(name)

    context = trusting(ssl.TLSVersion.TLSv1_3)
    context.sslsocket_class = Watched
    with running("pureftpd", "tls") as server, logged_in(client, server, context) as ftp:
        opened = watch(ftp)
        for _ in range(5):
            assert round_trip(ftp) == CONTENT
        assert [resumed for _, resumed in opened] == [False] * 10
        assert len(looks) == 3


@version_of_tls
def test_another_context_in_mid_session(client: ModuleType, version: ssl.TLSVersion) -> None:
    """A session belongs to its context: with another one there is none to resume, and no error."""
    with (
        running("pyftpdlib", "tls") as server,
        closing(logged_in(client, server, trusting(version))) as ftp,
    ):
        opened = watch(ftp)
        assert round_trip(ftp) == CONTENT
        first, ftp.context = ftp.context, trusting(version)
        assert round_trip(ftp) == CONTENT
        ftp.context = first
        assert round_trip(ftp) == CONTENT
        assert [resumed for _, resumed in opened] == [True] * 2 + [False] * 2 + [True] * 2


# Recipes


def test_the_recipe_that_resumes_by_itself(client: ModuleType, strict: Server) -> None:
    """https://stackoverflow.com/questions/14659154"""

    class ReusedSslSocket(ssl.SSLSocket):
        def unwrap(self) -> None:  # type: ignore[override]
            pass

    class Recipe(client.FTP_TLS):  # type: ignore[misc,name-defined]
        def ntransfercmd(self, cmd: str, rest: Any = None) -> Any:
            conn, size = client.FTP.ntransfercmd(self, cmd, rest)
            if self._prot_p:
                conn = self.context.wrap_socket(
                    conn, server_hostname=self.host, session=self.sock.session
                )
                conn.__class__ = ReusedSslSocket
            return conn, size

    ftp = Recipe(context=trusting(ssl.TLSVersion.TLSv1_2), timeout=20)
    with closing(ftp):
        ftp.connect(strict.host, strict.port)
        ftp.login(strict.user, strict.password)
        ftp.prot_p()
        opened = watch(ftp)
        for number in range(3):
            assert round_trip(ftp, str(number)) == CONTENT
        assert set(ftp.nlst()) >= {"0", "1", "2"}
        assert [resumed for _, resumed in opened] == [True] * 7


@version_of_tls
def test_the_recipe_for_implicit_tls(
    client: ModuleType, implicit: Server, version: ssl.TLSVersion
) -> None:
    """https://stackoverflow.com/questions/12164470, as fsspec has it."""

    class ImplicitFTPTLS(client.FTP_TLS):  # type: ignore[misc,name-defined]
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self._sock: Any = None

        @property
        def sock(self) -> Any:
            return self._sock

        @sock.setter
        def sock(self, value: Any) -> None:
            if value is not None and not isinstance(value, ssl.SSLSocket):
                value = self.context.wrap_socket(value, server_hostname=self.host)
            self._sock = value

    ftp = ImplicitFTPTLS(context=trusting(version), timeout=20)
    with closing(ftp):
        assert ftp.connect(implicit.host, implicit.port).startswith("220")
        ftp.login(implicit.user, implicit.password)
        ftp.prot_p()
        opened = watch(ftp)
        assert round_trip(ftp) == CONTENT
        assert [resumed for _, resumed in opened] == [True] * 2
        assert ftp.quit().startswith("221")


def test_a_file_object_in_place_of_the_connection(client: ModuleType, strict: Server) -> None:
    """As PyFilesystem does after it has changed the encoding."""
    with closing(logged_in(client, strict)) as ftp:
        assert ftp.sock is not None
        ftp.file = ftp.sock.makefile("r", encoding="utf-8", newline="\r\n")
        try:
            assert round_trip(ftp) == CONTENT
            assert "round" in ftp.nlst()
        finally:
            ftp.file.close()


def test_a_control_socket_wrapped_by_hand(client: ModuleType, implicit: Server) -> None:
    """As scripts for implicit TLS do it without a class of their own."""
    context = trusting()
    with closing(client.FTP_TLS(context=context, timeout=20)) as ftp:
        plain = socket.create_connection((implicit.host, implicit.port), 20)
        ftp.host = implicit.host
        ftp.sock = context.wrap_socket(plain, server_hostname=implicit.host)
        ftp.af = ftp.sock.family
        ftp.file = ftp.sock.makefile("r", encoding=ftp.encoding)
        assert ftp.getresp().startswith("220")
        ftp.login(implicit.user, implicit.password)
        ftp.prot_p()
        assert round_trip(ftp) == CONTENT
        ftp.file.close()
