"""`ftpcp`: from one server to another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
import realservers
from conftest import LOGIN, ScriptedServer

from usr.ftplib import FTP, FTP_TLS, error_perm, error_proto, error_reply

if TYPE_CHECKING:
    Scripted = Callable[..., ScriptedServer]

CONTENT = bytes(range(256)) * 1000
PERMITTED = {"proftpd": {"PROFTPD_FXP": "on"}, "pyftpdlib": {"PYFTPDLIB_FXP": "1"}}


@dataclass
class Pair:
    """Two servers, a session with each, and the function under test."""

    source: Any
    target: Any
    source_root: Any
    target_root: Any
    ftpcp: Any

    def in_step(self) -> None:
        realservers.in_step(self.source)
        realservers.in_step(self.target)


@pytest.fixture(scope="module", params=PERMITTED)
def servers(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Any]]:
    with (
        realservers.running(request.param, environment=PERMITTED[request.param]) as source,
        realservers.running(request.param, environment=PERMITTED[request.param]) as target,
    ):
        yield source, target


@pytest.fixture
def pair(servers: tuple[Any, Any], client: ModuleType) -> Iterator[Pair]:
    source, target = servers
    (source.root / "file").write_bytes(CONTENT)
    source.adopt(source.root / "file")
    with realservers.session(source) as one, realservers.session(target) as other:
        yield Pair(one, other, source.root, target.root, client.ftpcp)


def test_a_file_is_copied(pair: Pair) -> None:
    assert pair.ftpcp(pair.source, "file", pair.target, "copy") is None
    assert (pair.target_root / "copy").read_bytes() == CONTENT
    pair.in_step()


def test_the_name_is_the_same_when_none_is_given(pair: Pair) -> None:
    pair.ftpcp(pair.source, "file", pair.target)
    assert (pair.target_root / "file").read_bytes() == CONTENT
    pair.ftpcp(pair.source, "file", pair.target, "")
    pair.in_step()


def test_names_in_bytes(pair: Pair) -> None:
    pair.ftpcp(pair.source, b"file", pair.target, "caf\xe9".encode())
    assert (pair.target_root / "caf\xe9").read_bytes() == CONTENT
    pair.in_step()


def test_text(pair: Pair) -> None:
    (pair.source_root / "text").write_bytes(b"one\ntwo\n")
    pair.ftpcp(pair.source, "text", pair.target, "text", "A")
    assert (pair.target_root / "text").read_bytes().split() == [b"one", b"two"]
    pair.in_step()


def test_a_source_that_is_missing_leaves_both_usable(pair: Pair) -> None:
    with pytest.raises(error_perm, match=r"^550"):
        pair.ftpcp(pair.source, "missing", pair.target, "copy")
    pair.in_step()
    pair.ftpcp(pair.source, "file", pair.target, "again")
    assert (pair.target_root / "again").read_bytes() == CONTENT
    pair.in_step()


def test_a_target_that_refuses_leaves_both_usable(pair: Pair) -> None:
    with pytest.raises(error_perm, match=r"^5"):
        pair.ftpcp(pair.source, "file", pair.target, "no/such/directory")
    pair.in_step()
    pair.ftpcp(pair.source, "file", pair.target, "again")
    assert (pair.target_root / "again").read_bytes() == CONTENT


def test_a_server_that_forbids_it(client: ModuleType) -> None:
    """To ProFTPD's mind 127.0.0.2 is not the client; pyftpdlib's is the same."""
    with realservers.running("pyftpdlib") as server, realservers.session(server) as source:
        (server.root / "file").write_bytes(CONTENT)
        target = mock.Mock(spec=FTP)
        target.sendcmd.return_value = "150 Go."
        target.sendport.side_effect = error_perm("501 Foreign address.")
        with pytest.raises(error_perm, match=r"^501"):
            client.ftpcp(source, "file", target)
        realservers.in_step(source)


def test_over_tls(client: ModuleType) -> None:
    """Control connections in TLS, the data between the servers in the clear."""
    environment = {"PROFTPD_FXP": "on"}
    with (
        realservers.running("proftpd", "tls-opt", environment=environment) as source,
        realservers.running("proftpd", "tls-opt", environment=environment) as target,
        ExitStack() as sessions,
    ):
        (source.root / "file").write_bytes(CONTENT)
        source.adopt(source.root / "file")
        ends: list[Any] = []
        for server in (source, target):
            ftp: Any = FTP_TLS(timeout=20, verify=False)
            sessions.callback(ftp.close)
            ftp.connect(server.host, server.port)
            ftp.login(server.user, server.password)
            ends.append(ftp)
        client.ftpcp(ends[0], "file", ends[1])
        assert (target.root / "file").read_bytes() == CONTENT
        for ftp in ends:
            realservers.in_step(ftp)


# Whom the target connects to: CPython's TestFtpcpSecurity


@pytest.mark.parametrize(
    ("trusts", "host"), [(False, "198.51.100.7"), (True, "192.0.2.9")], ids=["default", "trusting"]
)
@pytest.mark.parametrize("reply", ["227 Entering Passive Mode (192,0,2,9,4,210)."])
def test_the_target_connects_to_the_host_that_the_source_is_connected_to(
    trusts: bool, host: str, reply: str, client: ModuleType
) -> None:
    source, target = mock.Mock(spec=FTP), mock.Mock(spec=FTP)
    source.trust_server_pasv_ipv4_address = trusts
    source.sock = mock.Mock()
    source.sock.getpeername.return_value = ("198.51.100.7", 21)
    source.sendcmd.side_effect = lambda command: reply if command == "PASV" else "150 Here."
    target.sendcmd.return_value = "125 Go."
    client.ftpcp(source, "name", target, "other")
    target.sendport.assert_called_once_with(host, 1234)
    assert [call.args for call in source.voidcmd.call_args_list] == [("TYPE I",)]
    assert [call.args for call in target.voidcmd.call_args_list] == [("TYPE I",)]
    assert [call.args for call in source.sendcmd.call_args_list] == [("PASV",), ("RETR name",)]
    assert [call.args for call in target.sendcmd.call_args_list] == [("STOR other",)]
    source.voidresp.assert_called_once_with()
    target.voidresp.assert_called_once_with()


@pytest.mark.parametrize(
    ("pasv", "stor", "retr", "error"),
    [
        ("227 no address", "150 ok", "150 ok", error_proto),
        ("200 ok", "150 ok", "150 ok", error_reply),
        ("227 (1,2,3,4,5,6)", "226 ok", "150 ok", error_proto),
        ("227 (1,2,3,4,5,6)", "150 ok", "226 ok", error_proto),
    ],
)
def test_replies_that_do_not_fit(
    pasv: str, stor: str, retr: str, error: type[Exception], client: ModuleType
) -> None:
    source, target = mock.Mock(spec=FTP), mock.Mock(spec=FTP)
    source.trust_server_pasv_ipv4_address = False
    source.sock = mock.Mock()
    source.sock.getpeername.return_value = ("198.51.100.7", 21)
    source.sendcmd.side_effect = lambda command: pasv if command == "PASV" else retr
    target.sendcmd.return_value = stor
    with pytest.raises(error):
        client.ftpcp(source, "name", target)


def test_a_lines_end_in_a_name_is_refused_before_the_transfer(
    client: ModuleType, scripted: Scripted
) -> None:
    server, other = scripted(LOGIN), scripted(LOGIN)
    with ExitStack() as sessions:
        ends = []
        for each in (server, other):
            ftp = FTP(each.host, each.port, "u", "p", timeout=20)
            sessions.callback(ftp.close)
            ends.append(ftp)
        for names in (("a\r\nDELE b", "x"), ("x", "a\r\nDELE b")):
            with pytest.raises(ValueError, match=r"CR|LF|line"):
                client.ftpcp(ends[0], names[0], ends[1], names[1])
        assert server.heard[2:] + other.heard[2:] == []
