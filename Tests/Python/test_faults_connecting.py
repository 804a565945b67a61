"""Connecting that fails: the sentence says what, where and why, and no socket stays open."""

from __future__ import annotations

import errno
import gc
import os
import socket
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from conftest import (
    LOGIN,
    ScriptedServer,
    Step,
    answer,
    cut,
    end_data,
    passive,
    say,
    say_bytes,
    send,
    stall,
)

if TYPE_CHECKING:
    from usr.ftplib import FTP

Scripted = Callable[..., ScriptedServer]


def closed_port(host: str = "127.0.0.1") -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        port: int = listener.getsockname()[1]
        return port


# The sentence


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_refused_connection_is_named(client: ModuleType, host: str) -> None:
    port = closed_port("127.0.0.1" if host == "localhost" else host)
    with pytest.raises(ConnectionRefusedError) as raised:
        client.FTP(host, port, timeout=5)
    error = raised.value
    assert error.errno == errno.ECONNREFUSED
    assert error.strerror == f"cannot connect to {host} port {port}: Connection refused"


def test_a_name_that_does_not_resolve_is_named(client: ModuleType) -> None:
    with pytest.raises(socket.gaierror) as raised:
        client.FTP("no-such-host.invalid", 2121, timeout=5)
    error = raised.value
    assert type(error) is socket.gaierror
    assert error.errno in (socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_FAIL)
    assert str(error.strerror).startswith("cannot connect to no-such-host.invalid port 2121: ")


REFUSALS: list[OSError] = [
    OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH)),
    OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH)),
    PermissionError(errno.EACCES, os.strerror(errno.EACCES)),
    ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)),
    TimeoutError("timed out"),
    TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)),
    OSError("getaddrinfo returns an empty list"),
    socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=repr)
def test_class_and_number_of_a_failure_are_kept(client: ModuleType, refusal: OSError) -> None:
    with (
        mock.patch("socket.create_connection", side_effect=refusal),
        pytest.raises(type(refusal)) as raised,
    ):
        client.FTP("ftp.example.org", 2121)
    assert type(raised.value) is type(refusal)
    assert raised.value.errno == refusal.errno
    cause = refusal.strerror or str(refusal)
    assert f"cannot connect to ftp.example.org port 2121: {cause}" in str(raised.value)


class ProxyError(OSError):
    """An exception of a proxy library, as PySocks has them."""


@pytest.mark.parametrize(
    "foreign",
    [ProxyError("SOCKS says no"), RuntimeError("event loop"), UnicodeError("label too long")],
    ids=repr,
)
def test_a_foreign_exception_passes_as_it_is(client: ModuleType, foreign: Exception) -> None:
    with (
        mock.patch("socket.create_connection", side_effect=foreign),
        pytest.raises(type(foreign)) as raised,
    ):
        client.FTP("ftp.example.org")
    assert raised.value is foreign


def test_a_failure_keeps_the_object_usable(client: ModuleType, scripted: Scripted) -> None:
    server = scripted([*LOGIN, answer("PWD", '257 "/here"')])
    ftp: FTP = client.FTP(timeout=5)
    with pytest.raises(ConnectionRefusedError):
        ftp.connect("127.0.0.1", closed_port())
    assert ftp.sock is None
    with pytest.raises(client.Error, match="not connected"):
        ftp.pwd()
    ftp.connect(server.host, server.port)
    ftp.login("user", "password")
    assert ftp.pwd() == "/here"
    ftp.close()


# Sockets are closed


@contextmanager
def no_socket_left_open() -> Iterator[None]:
    """Python warns of sockets that are dropped without being closed: here of none."""
    gc.collect()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        yield
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


FAILURES: dict[str, Sequence[Step]] = {
    "421": [say("421 Too many users.")],
    "not FTP": [say("HTTP/1.1 400 Bad Request")],
    "not UTF-8": [say_bytes(b"220 caf\xe9\r\n")],
    "an endless line": [say_bytes(b"220" * 5000)],
    "closed": [cut()],
    "reset": [cut(reset=True)],
    "silence": [stall()],
    "USER refused": [LOGIN[0], answer("USER", "530 No.")],
    "PASS refused": [*LOGIN[:2], answer("PASS", "530 Login incorrect.")],
    "closed after USER": [LOGIN[0], answer("USER", "421 Bye."), cut()],
    "silence after PASS": [*LOGIN[:2], stall()],
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_constructor_leaves_no_socket_open(
    client: ModuleType, scripted: Scripted, failure: str
) -> None:
    server = scripted(FAILURES[failure])
    with no_socket_left_open(), pytest.raises((client.Error, OSError, EOFError, UnicodeError)):
        client.FTP(server.host, server.port, "user", "password", timeout=0.3)


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_with_block_leaves_no_socket_open(
    client: ModuleType, scripted: Scripted, failure: str
) -> None:
    server = scripted(FAILURES[failure])
    errors = (client.Error, OSError, EOFError, UnicodeError)

    def attempt() -> None:
        with client.FTP(timeout=0.3) as ftp:
            ftp.connect(server.host, server.port)
            ftp.login("user", "password")

    with no_socket_left_open(), pytest.raises(errors):
        attempt()


def drop(ftp: Any) -> None:
    ftp.sock.close()


def shut(ftp: Any) -> None:
    ftp.sock.shutdown(socket.SHUT_RDWR)


def command(ftp: FTP) -> None:
    with suppress(Exception):
        ftp.voidcmd("NOOP")


LOST: dict[str, tuple[Sequence[Step], Callable[[FTP], object]]] = {
    "closed by the script": ((), drop),
    "shut by the script": ((), shut),
    "421": ((answer("NOOP", "421 Timeout."), cut()), command),
    "too long a reply": ((answer("NOOP", "200 " + "x" * 9000),), command),
    "cut": ((answer("NOOP"), cut()), command),
    "reset": ((answer("NOOP"), cut(reset=True)), command),
}


@pytest.mark.parametrize("loss", LOST)
def test_a_with_block_ends_quietly_where_the_connection_was_lost(
    client: ModuleType, scripted: Scripted, loss: str
) -> None:
    """What has gone wrong was said where it did, or is what the block raises itself."""
    steps, lose = LOST[loss]
    server = scripted([*LOGIN, *steps])
    with client.FTP(server.host, server.port, "user", "password", timeout=5) as ftp:
        lose(ftp)
    assert ftp.sock is None

    def fail() -> None:
        with client.FTP(server.host, server.port, "user", "password", timeout=5) as ftp:
            lose(ftp)
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        fail()


BEGIN: Sequence[Step] = (*LOGIN, answer("TYPE"), passive())
TRANSFERS: dict[str, Sequence[Step]] = {
    "PASV refused": [*LOGIN, answer("TYPE"), answer("PASV", "425 No.")],
    "RETR refused": [*BEGIN, answer("RETR", "550 No.")],
    "no 150": [*BEGIN, stall()],
    "closed before the 150": [*BEGIN, cut()],
    "the data stall": [*BEGIN, answer("RETR", "150 Ok."), send(b"half"), stall()],
    "the data are reset": [*BEGIN, answer("RETR", "150 Ok."), end_data(reset=True), say("426 No.")],
    "451": [*BEGIN, answer("RETR", "150 Ok."), send(b"half"), end_data(), say("451 No.")],
    "closed after the data": [*BEGIN, answer("RETR", "150 Ok."), send(b"a"), end_data(), cut()],
}


@pytest.mark.parametrize("failure", TRANSFERS)
def test_a_failed_transfer_leaves_no_socket_open(
    client: ModuleType, scripted: Scripted, failure: str
) -> None:
    server = scripted(TRANSFERS[failure])
    with no_socket_left_open():
        ftp = client.FTP(server.host, server.port, "user", "password", timeout=0.3)
        with pytest.raises((client.Error, OSError, EOFError)):
            ftp.retrbinary("RETR x", bytes)
        ftp.close()


def test_a_socket_that_cannot_be_kept_is_closed(client: ModuleType, scripted: Scripted) -> None:
    """A subclass may have a property for `sock`, as the recipes for implicit TLS do."""

    class Refusing(client.FTP):  # type: ignore[misc, name-defined]
        @property
        def sock(self) -> None:
            return None

        @sock.setter
        def sock(self, value: Any) -> None:
            if value is not None:
                raise RuntimeError("no")

    server = scripted(LOGIN)
    with no_socket_left_open(), pytest.raises(RuntimeError, match=r"^no$"):
        Refusing(server.host, server.port)


def test_connecting_again_closes_the_first_connection(
    client: ModuleType, scripted: Scripted
) -> None:
    server = scripted(LOGIN)
    with no_socket_left_open():
        ftp = client.FTP(server.host, server.port, timeout=5)
        first = ftp.sock
        ftp.connect(server.host, server.port)
        assert first.fileno() == -1
        assert ftp.sock.fileno() >= 0
        ftp.close()


def test_an_object_that_is_dropped_open_is_warned_of(
    client: ModuleType, scripted: Scripted
) -> None:
    """The other tests here rely on that warning."""
    server = scripted(LOGIN)
    with pytest.raises(AssertionError, match="unclosed"), no_socket_left_open():
        client.FTP(server.host, server.port, timeout=5)
