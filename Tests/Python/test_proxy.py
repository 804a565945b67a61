"""SOCKS 5 and HTTP CONNECT proxies, for the control connection and for data connections.

The proxies are microsocks and tinyproxy, the servers vsftpd and pyftpdlib. Scripted proxies show
what those two never do.
"""

from __future__ import annotations

import errno
import importlib
import io
import re
import socket
import ssl
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar
from unittest import mock
from urllib.parse import quote

import pytest
from conftest import LOGIN, Conversation, ScriptedServer, Step, answer, cut, say_bytes, stall
from realservers import has_ipv6
from test_api_passive import asked, epsv, epsv_port_that_refuses, pasv, retrieve
from test_api_passive import receive as received
from test_faults_connecting import closed_port, no_socket_left_open
from test_faults_waiting import from_the_keyboard, in_another_thread, interrupted

if TYPE_CHECKING:
    from conftest import Server

Scripted = Callable[..., ScriptedServer]

CONTENT = bytes(range(256)) * 4096
USER = "proxy-user"
# tinyproxy's configuration takes no other characters.
PASSWORDS = {"microsocks": "proxy:pw@/%", "tinyproxy": "proxy-pw"}
NOWHERE = "192.0.2.1"
"""Nobody's address (RFC 5737): what does not go through the proxy goes nowhere."""


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ftp_proxy", "all_proxy", "http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="module")
def running() -> Iterator[Callable[..., Any]]:
    """Starts real servers and proxies that live as long as this module's tests, each once."""
    servers = importlib.import_module("servers")
    started: dict[tuple[Any, ...], Any] = {}
    with ExitStack() as stack:

        def run(name: str, mode: str = "plain", bind: str = "127.0.0.1") -> Any:
            key = (name, mode, bind)
            if key not in started:
                login = {"user": USER, "password": PASSWORDS[name]} if name in PASSWORDS else {}
                started[key] = stack.enter_context(servers.start(name, None, mode, bind, **login))
            return started[key]

        yield run


# Real proxies


@dataclass(frozen=True)
class Kind:
    """A proxy as its URL names it."""

    name: str
    scheme: str
    mode: str = "plain"
    bind: str = "127.0.0.1"

    def __str__(self) -> str:
        return "-".join(
            [self.name, self.scheme, self.mode, *(["ipv6"] if ":" in self.bind else [])]
        )


OPEN = [Kind("microsocks", "socks5h"), Kind("tinyproxy", "http")]
KINDS = [
    Kind("microsocks", "socks5"),
    Kind("microsocks", "socks5h"),
    Kind("microsocks", "socks5", "login"),
    Kind("microsocks", "socks5h", "login"),
    Kind("tinyproxy", "http"),
    Kind("tinyproxy", "http", "login"),
    Kind("microsocks", "socks5h", bind="::1"),
    Kind("tinyproxy", "http", bind="::1"),
]


class Proxy:
    """A running proxy, and what has gone through it since this object was made."""

    def __init__(self, kind: Kind, server: Any) -> None:
        self.kind = kind
        self.host: str = server.host
        self.port: int = server.port
        self._log: Path = server.log
        self._start = len(self._log.read_text())

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def name(self) -> str:
        """As messages name it."""
        return f"{self.kind.scheme}://{self.address}"

    @property
    def url(self) -> str:
        if self.kind.mode != "login":
            return self.name
        return self.url_with(f"{USER}:{quote(PASSWORDS[self.kind.name], safe='')}")

    def url_with(self, login: str) -> str:
        return f"{self.kind.scheme}://{login}@{self.address}"

    @property
    def said(self) -> str:
        return self._log.read_text()[self._start :]

    @property
    def targets(self) -> list[tuple[str, int]]:
        """Where it was asked to connect to, according to its log, in order."""
        found = re.findall(
            r"(?:connected to|: CONNECT) (\S+):(\d+)(?: HTTP/1.1)?$", self.said, re.M
        )
        return [(host.strip("[]"), int(port)) for host, port in found]


@pytest.fixture(params=KINDS, ids=str)
def proxy(request: pytest.FixtureRequest, running: Callable[..., Any]) -> Proxy:
    kind: Kind = request.param
    if ":" in kind.bind and not has_ipv6():
        pytest.skip("no IPv6 on this machine")
    return Proxy(kind, running(kind.name, kind.mode, kind.bind))


def one(running: Callable[..., Any], name: str, scheme: str, mode: str = "plain") -> Proxy:
    return Proxy(Kind(name, scheme, mode), running(name, mode))


def opened(client: ModuleType, proxy: str | bool | None, host: str, port: int) -> Any:
    ftp: Any = client.FTP(timeout=20)
    ftp.proxy = proxy
    ftp.connect(host, port)
    return ftp


def logged_in(client: ModuleType, proxy: str | bool, server: Server, host: str = "") -> Any:
    ftp = opened(client, proxy, host or server.host, server.port)
    ftp.login(server.user, server.password)
    return ftp


def data_ports(ftp: Any) -> list[int]:
    """The ports that `makepasv` finds out from now on."""
    ports: list[int] = []
    makepasv = ftp.makepasv

    def watched() -> tuple[str, int]:
        host, port = makepasv()
        ports.append(port)
        return host, port

    ftp.makepasv = watched
    return ports


@pytest.mark.parametrize("name", ["vsftpd", "pyftpdlib"])
def test_everything_goes_through_the_proxy(
    client: ModuleType, running: Callable[..., Any], proxy: Proxy, name: str
) -> None:
    server = running(name)
    with closing(opened(client, proxy.url, "127.0.0.1", server.port)) as ftp:
        assert ftp.welcome.startswith("220")
        assert ftp.login(server.user, server.password).startswith("230")
        ports = data_ports(ftp)
        assert ftp.storbinary("STOR file", io.BytesIO(CONTENT)).startswith("226")
        assert (server.root / "file").read_bytes() == CONTENT
        received: list[bytes] = []
        assert ftp.retrbinary("RETR file", received.append).startswith("226")
        assert b"".join(received) == CONTENT
        assert ftp.storlines("STOR text", io.BytesIO(b"one\ntwo\n")).startswith("226")
        lines: list[str] = []
        assert ftp.retrlines("RETR text", lines.append).startswith("226")
        assert lines == ["one", "two"]
        assert {"file", "text"} <= set(ftp.nlst())
        with ftp.transfercmd("RETR text") as data:
            assert type(data) is socket.socket
            assert data.gettimeout() == 20
            assert data.getpeername()[:2] == (proxy.host, proxy.port)
            assert b"".join(iter(lambda: data.recv(100), b"")).split() == [b"one", b"two"]
        ftp.voidresp()
        assert type(ftp.sock) is socket.socket
        assert ftp.sock.gettimeout() == 20
        assert ftp.sock.getpeername()[:2] == (proxy.host, proxy.port)
        assert ftp.quit().startswith("221")
    assert len(ports) == 6
    assert proxy.targets == [("127.0.0.1", port) for port in (server.port, *ports)]


def test_without_a_proxy_nothing_goes_through_one(
    client: ModuleType, running: Callable[..., Any], proxy: Proxy
) -> None:
    server = running("vsftpd")
    for value in (None, False, ""):
        with closing(opened(client, value, server.host, server.port)) as ftp:
            assert ftp.sock.getpeername() == (server.host, server.port)
    assert proxy.said == ""


def test_the_time_limits_of_the_sockets_are_as_without_a_proxy(
    client: ModuleType, running: Callable[..., Any], proxy: Proxy
) -> None:
    server = running("vsftpd")
    for timeout in (None, 7.5):
        ftp: Any = client.FTP(timeout=timeout)
        ftp.proxy = proxy.url
        with closing(ftp):
            ftp.connect(server.host, server.port)
            assert ftp.sock.gettimeout() == timeout
    ftp = client.FTP()
    ftp.proxy = proxy.url
    with closing(ftp):
        ftp.connect(server.host, server.port)
        assert ftp.sock.gettimeout() is None


def test_a_class_can_have_a_proxy(client: ModuleType, running: Callable[..., Any]) -> None:
    way = one(running, "microsocks", "socks5h")
    server = running("vsftpd")

    class Behind(client.FTP):  # type: ignore[misc, name-defined]
        proxy = way.url

    assert client.FTP.proxy is None
    with closing(Behind(server.host, server.port, server.user, server.password, timeout=20)) as ftp:
        assert ftp.pwd() == "/"
    assert way.targets == [(server.host, server.port)]


@pytest.mark.parametrize("name", ["vsftpd", "pyftpdlib"])
@pytest.mark.parametrize("implicit", [False, True], ids=["explicit", "implicit"])
def test_tls_goes_through_the_proxy(
    client: ModuleType, running: Callable[..., Any], proxy: Proxy, name: str, implicit: bool
) -> None:
    mode = ("implicit" if implicit else "tls") + ("-reuse" if name == "vsftpd" else "")
    server = running(name, mode)
    servers = importlib.import_module("servers")
    context = ssl.create_default_context(cafile=servers.CERTIFICATES / "ca.pem")
    ftp = client.FTP_TLS(context=context, implicit=implicit, timeout=20)
    ftp.proxy = proxy.url
    with closing(ftp):
        ftp.connect("localhost", server.port)
        ftp.login(server.user, server.password)
        ftp.prot_p()
        # The certificate is checked for the server's name, not for the proxy's.
        assert ftp.sock.server_hostname == "localhost"
        assert ftp.sock.getpeername()[:2] == (proxy.host, proxy.port)
        ports = data_ports(ftp)
        ftp.storbinary("STOR file", io.BytesIO(CONTENT))
        assert (server.root / "file").read_bytes() == CONTENT
        received: list[bytes] = []
        ftp.retrbinary("RETR file", received.append)
        assert b"".join(received) == CONTENT
        assert "file" in ftp.nlst()
        ftp.quit()
    asked = "127.0.0.1" if proxy.kind.scheme == "socks5" else "localhost"
    wanted = [(asked, port) for port in (server.port, *ports)]
    assert proxy.targets == wanted


@pytest.mark.parametrize("proxy", OPEN, ids=str, indirect=True)
def test_the_name_in_the_certificate_must_be_the_servers(client: ModuleType, proxy: Proxy) -> None:
    servers = importlib.import_module("servers")
    context = ssl.create_default_context(cafile=servers.CERTIFICATES / "ca.pem")
    with (
        servers.start("pyftpdlib", mode="tls", certificate="wrong-host") as server,
        closing(client.FTP_TLS(context=context, timeout=20)) as ftp,
    ):
        ftp.proxy = proxy.url
        ftp.connect("localhost", server.port)
        with pytest.raises(ssl.SSLCertVerificationError, match="localhost"):
            ftp.auth()


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")
@pytest.mark.parametrize("name", ["vsftpd", "pyftpdlib"])
def test_a_server_at_an_ipv6_address(
    client: ModuleType, running: Callable[..., Any], proxy: Proxy, name: str
) -> None:
    server = running(name, "plain", "::1")
    with closing(logged_in(client, proxy.url, server)) as ftp:
        ports = data_ports(ftp)
        ftp.storbinary("STOR file", io.BytesIO(CONTENT))
        assert ftp.nlst() == ["file"]
        assert (server.root / "file").read_bytes() == CONTENT
        ftp.delete("file")
    assert proxy.targets == [("::1", port) for port in (server.port, *ports)]


def test_who_resolves_the_servers_name(
    client: ModuleType, running: Callable[..., Any], proxy: Proxy
) -> None:
    server = running("vsftpd")
    real, resolved = socket.getaddrinfo, []

    def watched(host: Any, *arguments: Any, **named: Any) -> Any:
        resolved.append(host)
        return real(host, *arguments, **named)

    with (
        mock.patch("socket.getaddrinfo", watched),
        closing(logged_in(client, proxy.url, server, "localhost")) as ftp,
    ):
        here = proxy.kind.scheme == "socks5"
        host, _ = ftp.makepasv()
        assert host == ("127.0.0.1" if here else "localhost")
        ftp.nlst()
    assert ("localhost" in resolved) is here
    assert proxy.targets[0] == (host, server.port)
    assert {target for target, _ in proxy.targets} == {host}


def resolving(name: str, *addresses: str) -> Any:
    """Makes a name resolve to these addresses on this side."""
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, family: int = 0, *arguments: Any, **named: Any) -> Any:
        if host != name:
            return real(host, port, family, *arguments, **named)
        found = [real(each, port, 0, socket.SOCK_STREAM)[0] for each in addresses]
        return [entry for entry in found if family in (0, entry[0])]

    return mock.patch("socket.getaddrinfo", resolve)


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")
def test_ipvtype_makes_this_side_resolve(
    client: ModuleType, running: Callable[..., Any], proxy: Proxy
) -> None:
    server = running("vsftpd", "plain", "::1")
    ftp: Any = client.FTP(timeout=20)
    ftp.proxy = proxy.url
    ftp.ipvtype = 1
    with closing(ftp), resolving("two.example", "127.0.0.1", "::1"):
        ftp.connect("two.example", server.port)
        ftp.login(server.user, server.password)
        ftp.nlst()
    assert {host for host, _ in proxy.targets} == {"::1"}


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")
def test_a_second_address_is_tried_and_the_data_goes_to_the_one_that_answered(
    client: ModuleType, running: Callable[..., Any]
) -> None:
    way = one(running, "microsocks", "socks5")
    server = running("vsftpd")
    with (
        resolving("two.example", "::1", "127.0.0.1"),
        closing(logged_in(client, way.url, server, "two.example")) as ftp,
    ):
        assert ftp.makepasv()[0] == "127.0.0.1"
        ftp.nlst()
    assert {host for host, _ in way.targets} == {"127.0.0.1"}
    with (
        resolving("two.example", "::1", "127.0.0.1"),
        no_socket_left_open(),
        pytest.raises(ConnectionRefusedError, match=r"two\.example"),
    ):
        opened(client, way.url, "two.example", closed_port())


def test_a_name_beyond_ascii_goes_out_as_a_resolver_would_get_it(
    client: ModuleType, proxy: Proxy
) -> None:
    with pytest.raises(OSError, match="bücher"):
        opened(client, proxy.url, "bücher.invalid", 2121)
    if proxy.kind.name == "tinyproxy":
        assert proxy.targets == [("xn--bcher-kva.invalid", 2121)]


# The host and the port of the data connection


@pytest.mark.parametrize("proxy", OPEN, ids=str, indirect=True)
@pytest.mark.parametrize("without", ["EPSV EPRT", "PASV"])
def test_one_kind_of_passive_mode_is_enough(client: ModuleType, proxy: Proxy, without: str) -> None:
    servers = importlib.import_module("servers")
    with (
        servers.start("pyftpdlib", environment={"PYFTPDLIB_WITHOUT": without}) as server,
        closing(logged_in(client, proxy.url, server)) as ftp,
    ):
        ftp.storbinary("STOR file", io.BytesIO(b"content"))
        assert ftp.nlst() == ["file"]


@pytest.mark.parametrize("proxy", OPEN, ids=str, indirect=True)
def test_epsvs_port_that_cannot_be_reached_is_followed_by_pasvs(
    client: ModuleType, proxy: Proxy, scripted: Scripted
) -> None:
    server = scripted([*LOGIN, *retrieve(epsv_port_that_refuses, pasv), *retrieve(pasv)[1:]])
    with closing(opened(client, proxy.url, server.host, server.port)) as ftp:
        ftp.login("user", "password")
        assert received(ftp) + received(ftp) == b"content" * 2
    assert asked(server) == ["EPSV", "PASV", "PASV"]


@pytest.mark.parametrize("proxy", OPEN, ids=str, indirect=True)
def test_epsvs_port_that_cannot_be_reached_where_there_is_no_pasv(
    client: ModuleType, proxy: Proxy, scripted: Scripted
) -> None:
    server = scripted(
        [
            *LOGIN,
            *[answer("TYPE"), epsv_port_that_refuses, answer("PASV", "502 no")],
            *retrieve(epsv),
        ]
    )
    with closing(opened(client, proxy.url, server.host, server.port)) as ftp:
        ftp.login("user", "password")
        with pytest.raises(OSError, match=r"open the data connection to 127\.0\.0\.1 port"):
            received(ftp)
        assert received(ftp) == b"content"
    assert asked(server) == ["EPSV", "PASV", "EPSV"]


def test_an_address_in_pasvs_reply_counts_only_when_it_is_trusted(
    client: ModuleType, running: Callable[..., Any]
) -> None:
    servers = importlib.import_module("servers")
    way = one(running, "microsocks", "socks5h")
    elsewhere = {"PYFTPDLIB_MASQUERADE": NOWHERE, "PYFTPDLIB_WITHOUT": "EPSV"}
    with (
        servers.start("pyftpdlib", environment=elsewhere) as server,
        closing(logged_in(client, way.url, server, "localhost")) as ftp,
    ):
        assert ftp.nlst() == []
        assert ftp.makepasv()[0] == "localhost"
        ftp.set_trust_pasv(True)
        assert ftp.makepasv()[0] == NOWHERE


def test_active_mode_is_refused(
    client: ModuleType, running: Callable[..., Any], proxy: Proxy
) -> None:
    server = running("vsftpd")
    with closing(logged_in(client, proxy.url, server)) as ftp:
        ftp.set_pasv(False)
        for call in (ftp.makeport, ftp.nlst, lambda: ftp.transfercmd("LIST")):
            with pytest.raises(
                client.Error, match=r"active mode cannot go through .*set_pasv"
            ) as raised:
                call()
            assert proxy.name in str(raised.value)
            assert PASSWORDS[proxy.kind.name] not in str(raised.value)
        ftp.set_pasv(True)
        ftp.nlst()


def test_a_proxy_taken_away_is_not_remembered(
    client: ModuleType, running: Callable[..., Any]
) -> None:
    way = one(running, "microsocks", "socks5h")
    server = running("vsftpd")
    with closing(logged_in(client, way.url, server, "localhost")) as ftp:
        assert ftp.makepasv()[0] == "localhost"
        ftp.close()
        ftp.proxy = None
        ftp.connect("127.0.0.1")
        ftp.login(server.user, server.password)
        assert ftp.makepasv()[0] == "127.0.0.1"
        # Set in the middle: the data goes to the host of the control connection all the same.
        ftp.proxy = way.url
        ftp.nlst()
    assert {host for host, _ in way.targets[1:]} == {"127.0.0.1"}


# Refusals of real proxies


LOGIN_KINDS = [kind for kind in KINDS if kind.mode == "login"]


@pytest.mark.parametrize("login", ["", f"{USER}:wrong-pw", "wrong-user:proxy-pw"])
@pytest.mark.parametrize("kind", LOGIN_KINDS, ids=str)
def test_a_login_that_the_proxy_refuses(
    client: ModuleType, running: Callable[..., Any], kind: Kind, login: str
) -> None:
    way = Proxy(kind, running(kind.name, kind.mode, kind.bind))
    url = way.url_with(login) if login else way.name
    with no_socket_left_open(), pytest.raises(PermissionError) as raised:
        opened(client, url, "127.0.0.1", 2121)
    said = str(raised.value)
    assert f"cannot connect to 127.0.0.1 port 2121 through the proxy {way.name}: " in said
    assert raised.value.errno == errno.EACCES
    assert not any(secret in said for secret in ("wrong", "-pw", USER))
    if kind.scheme != "http":
        assert way.targets == []


def test_a_target_that_refuses(client: ModuleType, proxy: Proxy) -> None:
    port = closed_port()
    expected = ConnectionError if proxy.kind.scheme == "http" else ConnectionRefusedError
    with no_socket_left_open(), pytest.raises(expected) as raised:
        opened(client, proxy.url, "localhost", port)
    assert f"cannot connect to localhost port {port} through the proxy {proxy.name}: " in str(
        raised.value
    )
    if proxy.kind.scheme != "http":
        assert raised.value.errno == errno.ECONNREFUSED
        assert "connection refused (SOCKS reply 5)" in str(raised.value)
    else:
        assert type(raised.value) is ConnectionError
        assert "Unable to connect (HTTP status 500)" in str(raised.value)


def test_a_name_that_does_not_resolve(client: ModuleType, proxy: Proxy) -> None:
    with no_socket_left_open(), pytest.raises(OSError, match=r"no-such-host\.invalid") as raised:
        opened(client, proxy.url, "no-such-host.invalid", 2121)
    assert proxy.name in str(raised.value)
    expected = socket.gaierror if proxy.kind.scheme == "socks5" else ConnectionError
    assert isinstance(raised.value, expected)


def test_a_target_that_the_proxys_rules_forbid(
    client: ModuleType, running: Callable[..., Any]
) -> None:
    way = one(running, "tinyproxy", "http", "web")
    with no_socket_left_open(), pytest.raises(PermissionError, match="HTTP status 403"):
        opened(client, way.name, "127.0.0.1", 2121)


def test_a_data_port_that_refuses_leaves_the_session_in_step(
    client: ModuleType, running: Callable[..., Any], proxy: Proxy
) -> None:
    server = running("vsftpd")
    port = closed_port()
    with no_socket_left_open():
        ftp = logged_in(client, proxy.url, server)
        makepasv = ftp.makepasv
        ftp.makepasv = lambda: (makepasv()[0], port)
        with pytest.raises(ConnectionError) as raised:
            ftp.nlst()
        wanted = f"cannot open the data connection to 127.0.0.1 port {port} through the proxy"
        assert f"{wanted} {proxy.name}: " in str(raised.value)
        del ftp.makepasv
        ftp.nlst()
        ftp.quit()


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "http"])
def test_a_proxy_that_is_not_there(client: ModuleType, scheme: str) -> None:
    url = f"{scheme}://user:secret@127.0.0.1:{closed_port()}"
    with no_socket_left_open(), pytest.raises(ConnectionRefusedError) as raised:
        opened(client, url, "127.0.0.1", 2121)
    said = str(raised.value)
    assert f"cannot reach the proxy {url.replace('user:secret@', '')} to connect to" in said
    assert "127.0.0.1 port 2121: Connection refused" in said
    assert "secret" not in said


def test_a_proxy_whose_name_does_not_resolve(client: ModuleType) -> None:
    with pytest.raises(socket.gaierror, match=r"reach the proxy http://no-such-proxy\.invalid:80"):
        opened(client, "http://no-such-proxy.invalid", "127.0.0.1", 2121)


@pytest.mark.parametrize(
    ("scheme", "name"),
    [("socks5h", "vsftpd"), ("http", "vsftpd"), ("http", "microsocks")],
)
def test_what_is_no_such_proxy(
    client: ModuleType, running: Callable[..., Any], scheme: str, name: str
) -> None:
    other = running(name)
    with no_socket_left_open(), pytest.raises(ConnectionError, match="does not speak"):
        opened(client, f"{scheme}://127.0.0.1:{other.port}", "127.0.0.1", 2121)


# Scripted proxies


def connect_request() -> Step:
    """Hears an HTTP request to its blank line."""

    def step(conversation: Conversation) -> None:
        conversation.hear("CONNECT")
        while conversation.hear():
            pass

    return step


def socks_request() -> Step:
    """Hears the greeting, takes a client without a login, and hears the request."""

    def step(conversation: Conversation) -> None:
        control = conversation.control
        assert control.recv(3) == b"\x05\x01\x00"
        control.sendall(b"\x05\x00")
        kind = control.recv(4)[3]
        length = {1: 4, 4: 16}.get(kind) or control.recv(1)[0]
        control.recv(length + 2)

    return step


REQUEST = {"http": connect_request(), "socks5h": socks_request()}
GRANTED = {
    "http": b"HTTP/1.1 200 Connection established\r\nVia: scripted\r\n\r\n",
    "socks5h": b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00",
}
STATUS = say_bytes(b"HTTP/1.1 200 OK\r\n")
SCHEMES = pytest.mark.parametrize("scheme", ["http", "socks5h"])


def url_of(scheme: str, proxy: ScriptedServer) -> str:
    return f"{scheme}://{proxy.host}:{proxy.port}"


@SCHEMES
def test_a_greeting_in_the_proxys_own_segment_is_read(
    client: ModuleType, scripted: Scripted, scheme: str
) -> None:
    at_once = say_bytes(GRANTED[scheme] + b"220 At once.\r\n")
    proxy = scripted([REQUEST[scheme], at_once, *LOGIN[1:], answer("PWD", '257 "/here"')])
    with closing(opened(client, url_of(scheme, proxy), NOWHERE, 2121)) as ftp:
        assert ftp.welcome == "220 At once."
        ftp.login("user", "password")
        assert ftp.pwd() == "/here"
    if scheme == "http":
        assert proxy.heard[:3] == [f"CONNECT {NOWHERE}:2121 HTTP/1.1", f"Host: {NOWHERE}:2121", ""]


@SCHEMES
def test_an_answer_in_single_bytes_is_read(
    client: ModuleType, scripted: Scripted, scheme: str
) -> None:
    def drip(conversation: Conversation) -> None:
        conversation.control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in GRANTED[scheme] + b"220 At last.\r\n":
            conversation.control.sendall(bytes([byte]))
            time.sleep(0.001)

    proxy = scripted([REQUEST[scheme], drip])
    with closing(opened(client, url_of(scheme, proxy), NOWHERE, 2121)) as ftp:
        assert ftp.welcome == "220 At last."


def endless(content: bytes) -> Step:
    def step(conversation: Conversation) -> None:
        while not conversation.server.closing.is_set():
            conversation.control.sendall(content * 1000)

    return step


def dripping(content: bytes) -> Step:
    def step(conversation: Conversation) -> None:
        while not conversation.server.closing.wait(0.02):
            conversation.control.sendall(content)

    return step


def test_an_endless_header_is_an_error(client: ModuleType, scripted: Scripted) -> None:
    proxy = scripted([connect_request(), STATUS, endless(b"A: b\r\n")])
    with no_socket_left_open(), pytest.raises(ConnectionError, match="longer than 65536 bytes"):
        opened(client, url_of("http", proxy), NOWHERE, 2121)


ANSWERS: dict[str, tuple[str, Step, str]] = {
    "closed": ("http", cut(), "closed the connection|reset by peer"),
    "closed in the middle": ("http", say_bytes(b"HTTP/1.1 200 OK\r\n"), "closed the connection"),
    "reset": ("socks5h", cut(reset=True), "reset by peer"),
    "an FTP server": ("http", say_bytes(b"220 Hello.\r\n"), "does not speak HTTP/1.1"),
    "garbage": ("socks5h", say_bytes(b"\x05\x00\x00\x09"), "unknown type of address"),
    "SOCKS 4": ("socks5h", say_bytes(b"\x00\x5a\x00\x00"), "does not speak SOCKS 5"),
    "a status": (
        "http",
        say_bytes(b"HTTP/1.1 502 Bad gateway\r\n\r\n"),
        r"Bad gateway \(HTTP stat",
    ),
    "escapes": (
        "http",
        say_bytes(b"HTTP/1.1 502 \x1b[2J\x07\r\n\r\n"),
        r": \[2J \(HTTP status 502\)",
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_other_answers_are_connection_errors(
    client: ModuleType, scripted: Scripted, name: str
) -> None:
    scheme, step, words = ANSWERS[name]
    proxy = scripted([REQUEST[scheme], step, cut()])
    with no_socket_left_open(), pytest.raises(ConnectionError, match=words) as raised:
        opened(client, url_of(scheme, proxy), NOWHERE, 2121)
    assert (
        f"cannot connect to {NOWHERE} port 2121 through the proxy {url_of(scheme, proxy)}"
        in str(raised.value)
    )


SOCKS_REPLIES: list[tuple[int, type[OSError], int | None]] = [
    (1, ConnectionError, None),
    (2, PermissionError, errno.EACCES),
    (3, OSError, errno.ENETUNREACH),
    (4, OSError, errno.EHOSTUNREACH),
    (5, ConnectionRefusedError, errno.ECONNREFUSED),
    (6, TimeoutError, errno.ETIMEDOUT),
    (7, OSError, errno.EOPNOTSUPP),
    (8, OSError, errno.EAFNOSUPPORT),
    (9, ConnectionError, None),
    (255, ConnectionError, None),
]


@pytest.mark.parametrize(("reply", "error", "number"), SOCKS_REPLIES)
def test_the_reply_codes_of_socks(
    client: ModuleType, scripted: Scripted, reply: int, error: type[OSError], number: int | None
) -> None:
    proxy = scripted([socks_request(), say_bytes(bytes([5, reply, 0, 1, 0, 0, 0, 0, 0, 0])), cut()])
    with no_socket_left_open(), pytest.raises(error, match=rf"\(SOCKS reply {reply}\)") as raised:
        opened(client, url_of("socks5h", proxy), NOWHERE, 2121)
    assert type(raised.value) is error
    assert raised.value.errno == number


def test_a_proxy_that_repeats_the_password_is_not_quoted(
    client: ModuleType, scripted: Scripted
) -> None:
    echo = say_bytes(b"HTTP/1.1 407 No secret-pw, dXNlcjpzZWNyZXQtcHc=\r\n\r\n")
    proxy = scripted([connect_request(), echo])
    with pytest.raises(PermissionError) as raised:
        opened(client, f"http://user:secret-pw@127.0.0.1:{proxy.port}", NOWHERE, 2121)
    assert "secret-pw" not in str(raised.value)
    assert "dXNl" not in str(raised.value)
    assert "Proxy-Authorization: Basic dXNlcjpzZWNyZXQtcHc=" in proxy.heard


def first_bytes() -> Step:
    """Hears that the client has begun to speak."""
    return lambda conversation: conversation.control.recv(1)


# The client speaks first: by then it is surely inside the handshake.
STALLS: dict[str, tuple[str, Sequence[Step]]] = {
    "HTTP, nothing": ("http", [first_bytes(), stall()]),
    "HTTP, half a header": (
        "http",
        [connect_request(), say_bytes(b"HTTP/1.1 200 OK\r\nA:"), stall()],
    ),
    "HTTP, drops": (
        "http",
        [connect_request(), STATUS, dripping(b"A: b\r\n")],
    ),
    "SOCKS, nothing": ("socks5h", [first_bytes(), stall()]),
    "SOCKS, no reply": ("socks5h", [socks_request(), stall()]),
    "SOCKS, half a reply": ("socks5h", [socks_request(), say_bytes(b"\x05\x00\x00"), stall()]),
}


@pytest.mark.parametrize("name", STALLS)
def test_a_silent_proxy_ends_at_the_timeout(
    client: ModuleType, scripted: Scripted, name: str
) -> None:
    scheme, steps = STALLS[name]
    proxy = scripted(steps)
    ftp: Any = client.FTP(timeout=0.3)
    ftp.proxy = url_of(scheme, proxy)
    start = time.monotonic()
    with no_socket_left_open(), pytest.raises(TimeoutError, match="timed out") as raised:
        ftp.connect(NOWHERE, 2121)
    assert 0.3 <= time.monotonic() - start < 5
    assert f"{NOWHERE} port 2121 through the proxy {ftp.proxy}: timed out" in str(raised.value)
    assert ftp.sock is None


@pytest.mark.parametrize("send_signal", [from_the_keyboard, in_another_thread])
@pytest.mark.parametrize("name", STALLS)
def test_control_c_ends_the_wait_for_a_proxy(
    client: ModuleType, scripted: Scripted, name: str, send_signal: Callable[[], None]
) -> None:
    if "drops" in name and send_signal is from_the_keyboard:
        pytest.skip("it wakes again and again: there is no moment at which it surely sleeps")
    scheme, steps = STALLS[name]
    waiting = threading.Event()
    proxy = scripted([*steps[:-1], lambda _: waiting.set(), steps[-1]])
    with no_socket_left_open(), interrupted(waiting, send_signal):
        opened(client, url_of(scheme, proxy), NOWHERE, 2121)


# How the connection to the proxy is made


def test_the_connection_is_made_by_create_connection(
    client: ModuleType, running: Callable[..., Any], proxy: Proxy
) -> None:
    server = running("vsftpd")
    real, calls = socket.create_connection, []

    def watched(*arguments: Any, **named: Any) -> socket.socket:
        calls.append((arguments, named))
        return real(*arguments, **named)

    with (
        mock.patch("socket.create_connection", watched),
        closing(logged_in(client, proxy.url, server)) as ftp,
    ):
        ftp.nlst()
    expected = (((proxy.host, proxy.port), 20), {"source_address": None})
    assert calls == [expected, expected]


def test_the_source_address_is_that_of_the_connection_to_the_proxy(
    client: ModuleType, running: Callable[..., Any]
) -> None:
    way = one(running, "microsocks", "socks5h")
    server = running("vsftpd")
    ftp: Any = client.FTP(timeout=20, source_address=("127.0.0.3", 0))
    ftp.proxy = way.url
    with closing(ftp):
        ftp.connect(server.host, server.port)
        assert ftp.sock.getsockname()[0] == "127.0.0.3"
    assert "127.0.0.3: connected to" in way.said


class OwnSocket(socket.socket):
    """A socket that must be used through its methods."""

    taken: ClassVar[list[bytes]] = []

    def recv(self, *arguments: Any) -> bytes:
        chunk = super().recv(*arguments)
        self.taken.append(chunk)
        return chunk

    @classmethod
    def create(cls, address: tuple[str, int], timeout: float | None, **_: object) -> OwnSocket:
        own = cls(socket.AF_INET, socket.SOCK_STREAM)
        own.settimeout(timeout)
        own.connect(address)
        return own


@SCHEMES
def test_a_socket_of_another_class_is_used_through_its_methods(
    client: ModuleType, scripted: Scripted, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OwnSocket, "taken", [])
    monkeypatch.setattr("socket.create_connection", OwnSocket.create)
    proxy = scripted([REQUEST[scheme], say_bytes(GRANTED[scheme] + b"220 At once.\r\n")])
    with closing(opened(client, url_of(scheme, proxy), NOWHERE, 2121)) as ftp:
        assert type(ftp.sock) is OwnSocket
        assert ftp.welcome == "220 At once."
    assert b"".join(OwnSocket.taken).endswith(GRANTED[scheme] + b"220 At once.\r\n")
    endings = [stall()] if scheme == "socks5h" else [REQUEST[scheme], STATUS, dripping(b"A: b\r\n")]
    silent: Any = client.FTP(timeout=0.3)
    silent.proxy = url_of(scheme, scripted(endings))
    start = time.monotonic()
    with no_socket_left_open(), pytest.raises(TimeoutError, match=r"through the proxy .*timed out"):
        silent.connect(NOWHERE, 2121)
    assert 0.3 <= time.monotonic() - start < 5


# What `proxy` may be


INVALID: list[tuple[Any, type[Exception], str]] = [
    ("p:3128", ValueError, "scheme"),
    ("https://user:secret@p", ValueError, "not supported"),
    ("socks4://p", ValueError, "SOCKS 4 is not supported"),
    ("http://user:secret@p:x", ValueError, "port"),
    ("http://user:secret%0d%0aX@p", ValueError, "control character"),
    ("http://p\r\nX: y", ValueError, "host"),
]


@pytest.mark.parametrize(("value", "error", "words"), INVALID)
def test_what_a_proxy_cannot_be(
    client: ModuleType, value: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as raised:
        opened(client, value, "127.0.0.1", 2121)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("host", ["a\r\nb", "a b", "a\0b", "fe80::1%lo", "[::1]", "a/b", "a@b"])
@SCHEMES
def test_a_host_that_cannot_be_asked_for(client: ModuleType, scheme: str, host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        url = f"{scheme}://127.0.0.1:{door.getsockname()[1]}"
        with pytest.raises(ValueError, match="proxy can be asked for"):
            opened(client, url, host, 2121)
        door.setblocking(False)
        with pytest.raises(BlockingIOError):
            door.accept()


# From the environment


ENVIRONMENTS: list[tuple[dict[str, str], bool]] = [
    ({}, False),
    ({"ftp_proxy": "URL"}, True),
    ({"FTP_PROXY": "URL"}, True),
    ({"ftp_proxy": "ADDRESS"}, True),
    ({"all_proxy": "URL"}, True),
    ({"ALL_PROXY": "URL"}, True),
    ({"ftp_proxy": "URL", "all_proxy": "http://127.0.0.1:1"}, True),
    ({"http_proxy": "URL", "https_proxy": "URL"}, False),
    ({"ftp_proxy": "URL", "no_proxy": "localhost"}, False),
    ({"ftp_proxy": "URL", "NO_PROXY": "example.org, localhost"}, False),
    ({"ftp_proxy": "URL", "no_proxy": "localhost:PORT"}, False),
    ({"ftp_proxy": "URL", "no_proxy": "localhost:1"}, True),
    ({"ftp_proxy": "URL", "no_proxy": "*"}, False),
    ({"ftp_proxy": "URL", "no_proxy": "host,127.0.0.1,.localhost.example"}, True),
    ({"all_proxy": "URL", "no_proxy": "localhost"}, False),
]


@pytest.mark.parametrize(("variables", "through"), ENVIRONMENTS, ids=lambda value: str(value))
def test_the_environment(
    client: ModuleType,
    running: Callable[..., Any],
    variables: dict[str, str],
    through: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    way = one(running, "tinyproxy", "http")
    server = running("vsftpd")
    for name, value in variables.items():
        value = value.replace("URL", way.url).replace("ADDRESS", way.address)
        monkeypatch.setenv(name, value.replace("PORT", str(server.port)))
    # Only True asks for it.
    with closing(opened(client, False, "localhost", server.port)) as ftp:
        assert ftp.sock.getpeername()[1] == server.port
    with closing(logged_in(client, True, server, "localhost")) as ftp:
        assert ftp.sock.getpeername()[1] == (way.port if through else server.port)
        ftp.nlst()
    assert len(way.targets) == (2 if through else 0)


def test_no_proxy_may_name_an_ipv6_address(
    client: ModuleType, running: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_ipv6():
        pytest.skip("no IPv6 on this machine")
    server = running("vsftpd", "plain", "::1")
    monkeypatch.setenv("ftp_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "::1")
    with closing(logged_in(client, True, server)) as ftp:
        ftp.nlst()


def test_a_bad_url_in_the_environment_is_named(
    client: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTP_PROXY", "https://user:secret@p")
    with pytest.raises(
        ValueError, match=r"ftp_proxy in the environment: .*not supported"
    ) as raised:
        opened(client, True, "127.0.0.1", 2121)
    assert "secret" not in str(raised.value)


def test_the_environment_costs_nothing_when_it_is_not_asked_for(
    client: ModuleType, running: Callable[..., Any]
) -> None:
    server = running("vsftpd")
    with mock.patch.dict(sys.modules, {"urllib.request": None}), warnings.catch_warnings():
        with closing(opened(client, None, server.host, server.port)) as ftp:
            assert ftp.welcome
        with pytest.raises(ImportError):
            opened(client, True, server.host, server.port)
