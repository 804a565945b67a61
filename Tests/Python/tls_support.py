"""What the tests of FTP over TLS share: contexts, real servers in TLS, steps of a scripted one."""

from __future__ import annotations

import functools
import hashlib
import importlib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from conftest import Conversation, Step, answer, hang_up, passive, say

if TYPE_CHECKING:
    from servers import Server

    from usr.ftplib import FTP_TLS

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
version_of_tls = pytest.mark.parametrize("version", VERSIONS, ids=["TLS 1.2", "TLS 1.3"])


def certificates() -> Path:
    """The folder with the certificates that the servers show."""
    folder: Path = importlib.import_module("servers").CERTIFICATES
    return folder


def trusting(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """A client's context that trusts the tests' authority, and speaks this version alone."""
    context = ssl.create_default_context(cafile=str(certificates() / "ca.pem"))
    # Debian's Python sets it: an end of TLS that the peer did not announce is then hidden.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


# Real servers


@contextmanager
def running(
    name: str, mode: str, root: Path | None = None, certificate: str = "server"
) -> Iterator[Server]:
    """A real server; skips the test where this one cannot be started."""
    servers = importlib.import_module("servers")
    try:
        servers.check(name)
    except servers.NeedsRootError as reason:
        pytest.skip(str(reason))
    except servers.NotInstalledError as reason:
        if name != "aioftp":
            raise
        pytest.skip(str(reason))
    with servers.start(name, root, mode, certificate=certificate) as server:
        yield server


def logged_in(
    client: ModuleType, server: Server, context: ssl.SSLContext | None = None, **options: Any
) -> FTP_TLS:
    """A session whose data connections are protected."""
    options.setdefault("timeout", 20)
    implicit = options.pop("implicit", server.mode.startswith("implicit"))
    ftp: FTP_TLS = client.FTP_TLS(
        server.host,
        server.user,
        server.password,
        port=server.port,
        context=context or trusting(),
        implicit=implicit,
        **options,
    )
    ftp.prot_p()
    return ftp


def watch(ftp: Any) -> list[tuple[ssl.SSLSocket, bool | None]]:
    """The data connections that the object opens from now on; did they resume a session?"""
    opened: list[tuple[ssl.SSLSocket, bool | None]] = []
    ntransfercmd = ftp.ntransfercmd

    def watched(cmd: str, rest: Any = None) -> Any:
        result = ntransfercmd(cmd, rest)
        opened.append((result[0], result[0].session_reused))
        return result

    ftp.ntransfercmd = watched
    return opened


@functools.cache
def noise(size: int) -> bytes:
    """Bytes without a pattern, the same each time."""
    return hashlib.shake_128(b"ftp").digest(size)


# Steps of a scripted server in TLS


@functools.cache
def server_context(certificate: str = "server") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates() / f"{certificate}.pem")
    return context


def wrapped(
    conversation: Conversation, plain: socket.socket, context: ssl.SSLContext
) -> ssl.SSLSocket:
    secure = context.wrap_socket(plain, server_side=True)
    conversation.server.keep(secure)
    return secure


def secured(certificate: str = "server") -> Step:
    """TLS on the control connection."""

    def step(conversation: Conversation) -> None:
        context = server_context(certificate)
        conversation.control = wrapped(conversation, conversation.control, context)

    return step


def data_secured(certificate: str = "server") -> Step:
    """TLS on the data connection."""

    def step(conversation: Conversation) -> None:
        context = server_context(certificate)
        conversation.data = wrapped(conversation, conversation.connected(), context)

    return step


AUTH: Sequence[Step] = (answer("AUTH", "234 Go ahead."), secured())
LOGIN_TLS: Sequence[Step] = (
    say("220 Scripted server."),
    *AUTH,
    answer("USER", "331 Password, please."),
    answer("PASS", "230 Welcome."),
    answer("PBSZ"),
    answer("PROT"),
)


def begin(
    verb: str, preliminary: str = "150 Here we go.", certificate: str = "server"
) -> list[Step]:
    """From TYPE to the data connection in TLS."""
    return [answer("TYPE"), passive(), answer(verb, preliminary), data_secured(certificate)]


def data_of(conversation: Conversation) -> ssl.SSLSocket:
    data = conversation.connected()
    assert isinstance(data, ssl.SSLSocket)
    return data


def receive_tls() -> Step:
    """Reads the data connection to TLS's own end, which must come, into `server.received`."""

    def step(conversation: Conversation) -> None:
        source: Any = data_of(conversation)
        source.suppress_ragged_eofs = False
        conversation.server.received.append(b"".join(iter(lambda: source.recv(65536), b"")))

    return step


def notify_close() -> Step:
    """Sends `close_notify` on the data connection, and waits for nothing."""

    def step(conversation: Conversation) -> None:
        data = data_of(conversation)
        data.setblocking(False)
        with suppress(ssl.SSLWantReadError):
            data.unwrap()

    return step


def await_end_of_tcp() -> Step:
    """Reads below TLS until the client has ended the TCP connection."""

    def step(conversation: Conversation) -> None:
        data = data_of(conversation)
        data.settimeout(conversation.server.patience)
        while socket.socket.recv(data, 65536):
            pass

    return step


def cut_data(*, reset: bool = False) -> Step:
    """Closes the data connection without a `close_notify`."""

    def step(conversation: Conversation) -> None:
        hang_up(conversation.connected(), reset=reset)
        conversation.data = None

    return step
