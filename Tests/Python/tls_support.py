"""What the tests of FTP over TLS share: contexts, real servers in TLS, steps of a scripted one."""

from __future__ import annotations

import functools
import hashlib
import importlib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from scripted_tls import AUTH as AUTH
from scripted_tls import LOGIN_TLS as LOGIN_TLS
from scripted_tls import await_end_of_tcp as await_end_of_tcp
from scripted_tls import begin as begin
from scripted_tls import certificates as certificates
from scripted_tls import cut_data as cut_data
from scripted_tls import data_of as data_of
from scripted_tls import data_secured as data_secured
from scripted_tls import notify_close as notify_close
from scripted_tls import receive_tls as receive_tls
from scripted_tls import secured as secured
from scripted_tls import server_context as server_context
from scripted_tls import wrapped as wrapped

if TYPE_CHECKING:
    from scripted import ScriptedServer
    from servers import Server

    from usr.ftplib import FTP_TLS

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
version_of_tls = pytest.mark.parametrize("version", VERSIONS, ids=["TLS 1.2", "TLS 1.3"])


def trusting(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """A client's context that trusts the tests' authority, and speaks this version alone."""
    context = ssl.create_default_context(cafile=str(certificates() / "ca.pem"))
    # Debian's Python sets it: an end of TLS that the peer did not announce is then hidden.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


class OtherSocket(ssl.SSLSocket):
    """Of a class that is not Python's own, so that the client goes through its methods."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    before = time.monotonic()
    yield
    assert time.monotonic() - before < seconds


@pytest.fixture(params=["in memory", "by socket"], autouse=True)
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each test of a module that imports this runs with data connections in both ways of TLS."""
    way: str = request.param
    if way == "by socket":
        monkeypatch.setattr(ssl.SSLContext, "sslsocket_class", OtherSocket)
    return way


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


@pytest.fixture(
    scope="module",
    params=[
        ("vsftpd", "tls-reuse"),
        ("proftpd", "tls-reuse"),
        ("pureftpd", "tls"),
        ("pyftpdlib", "tls"),
    ],
    ids=lambda param: param[0],
)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Each of them, with `large`, which does not fit into the buffers on the way."""
    with running(*request.param) as server:
        path = server.root / "large"
        with path.open("wb") as file:
            file.truncate(200 * 2**20)
        server.adopt(path)
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


def protected(ftp: FTP_TLS, server: ScriptedServer) -> FTP_TLS:
    """The object, logged in to a scripted server that begins with `LOGIN_TLS`; it is `scripted`."""
    ftp.connect(server.host, server.port)
    ftp.login("user", "password")
    ftp.prot_p()
    ftp.scripted = server  # type: ignore[attr-defined]
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
