"""Whom a session in TLS trusts: contexts, trust stores, key logs, certificates of both sides."""

from __future__ import annotations

import gc
import io
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from conftest import Interpreter, ScriptedServer, answer, run_script, say, stall
from tls_support import (
    LOGIN_TLS,
    begin,
    certificates,
    logged_in,
    running,
    secured,
    trusting,
)

if TYPE_CHECKING:
    from servers import Server

ROUND = b"there and back"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running("vsftpd", "tls-reuse") as server:
        yield server


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's trust store is the tests' authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates() / "ca.pem"))


def round_trip(ftp: Any) -> bytes:
    received: list[bytes] = []
    ftp.storbinary("STOR round", io.BytesIO(ROUND))
    ftp.retrbinary("RETR round", received.append)
    return b"".join(received)


# What is honoured


@pytest.mark.usefixtures("trust")
def test_verify_goes_by_the_systems_trust_store(client: ModuleType, server: Server) -> None:
    with client.FTP_TLS(
        server.host, server.user, server.password, port=server.port, verify=True, timeout=20
    ) as ftp:
        assert ftp.context.verify_mode is ssl.CERT_REQUIRED
        assert ftp.context.check_hostname
        ftp.prot_p()
        assert round_trip(ftp) == ROUND


def test_the_callers_trust_store_and_key_log_are_used(
    client: ModuleType, server: Server, tmp_path: Path
) -> None:
    context = trusting(ssl.TLSVersion.TLSv1_3)
    context.keylog_filename = str(tmp_path / "keys")
    with closing(logged_in(client, server, context)) as ftp:
        assert ftp.context is context
        assert isinstance(ftp.sock, ssl.SSLSocket)
        assert ftp.sock.context is context
        assert round_trip(ftp) == ROUND
    lines = (tmp_path / "keys").read_text().splitlines()
    # The control connection's, and those of two data connections.
    assert sum(line.startswith("CLIENT_TRAFFIC_SECRET_0 ") for line in lines) == 3


def test_the_class_may_choose_a_context_in_its_own_wrap_socket(
    client: ModuleType, server: Server
) -> None:
    """As `truststore` does: it looks at the certificate when `wrap_socket` has returned."""
    seen: list[str] = []

    class Context(ssl.SSLContext):
        def wrap_socket(self, sock: Any, *args: Any, **kwargs: Any) -> Any:
            secure = super().wrap_socket(sock, *args, **kwargs)
            certificate: Any = secure.getpeercert()
            seen.append(certificate["subject"][-1][0][1])
            return secure

    context = Context(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certificates() / "ca.pem")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with closing(logged_in(client, server, context)) as ftp:
        assert round_trip(ftp) == ROUND
    assert seen == ["localhost"] * 3


@pytest.mark.parametrize("name", ["vsftpd", "proftpd"])
def test_a_client_shows_its_certificate(client: ModuleType, name: str) -> None:
    with running(name, "mtls") as server:
        context = trusting()
        with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
            closing(logged_in(client, server, context)).__enter__()
        context = trusting()
        context.load_cert_chain(certificates() / "client.pem")
        with closing(logged_in(client, server, context)) as ftp:
            assert round_trip(ftp) == ROUND


# What is refused

UNTRUSTED = {
    "expired": "certificate has expired",
    "self-signed": "self-signed certificate",
    "wrong-host": "IP address mismatch, certificate is not valid for '127.0.0.1'",
}


@pytest.mark.usefixtures("trust")
@pytest.mark.parametrize("implicit", [False, True], ids=["explicit", "implicit"])
@pytest.mark.parametrize("certificate", UNTRUSTED)
def test_an_untrustworthy_certificate_is_refused(
    client: ModuleType,
    scripted: Callable[..., ScriptedServer],
    certificate: str,
    implicit: bool,
) -> None:
    hello = (say("220 Scripted server."),)
    talk = (
        (secured(certificate), *hello)
        if implicit
        else (*hello, answer("AUTH"), secured(certificate))
    )
    server = scripted([*talk, stall()])
    ftp = client.FTP_TLS(verify=True, implicit=implicit, timeout=10)

    def log_in() -> None:
        ftp.connect(server.host, server.port)
        ftp.login("user", "password")

    with pytest.raises(ssl.SSLCertVerificationError) as raised:
        log_in()
    told = str(raised.value)
    assert f"cannot secure the connection to 127.0.0.1 port {server.port}: " in told
    assert UNTRUSTED[certificate] in told
    assert isinstance(raised.value, client.all_errors)
    assert raised.value.reason == "CERTIFICATE_VERIFY_FAILED"
    assert UNTRUSTED[certificate] in raised.value.verify_message
    assert ftp.sock is None
    assert server.heard == ([] if implicit else ["AUTH TLS"])
    del raised
    gc.collect()  # an unclosed socket would warn


@pytest.mark.parametrize("certificate", ["server", "expired"])
def test_an_unknown_authority_is_refused(
    client: ModuleType, scripted: Callable[..., ScriptedServer], certificate: str
) -> None:
    server = scripted([say("220 Hello."), answer("AUTH"), secured(certificate), stall()])
    with pytest.raises(
        ssl.SSLCertVerificationError, match="unable to get local issuer certificate"
    ):
        client.FTP_TLS(server.host, "user", "password", port=server.port, verify=True, timeout=10)
    assert server.heard == ["AUTH TLS"]


@pytest.mark.usefixtures("trust")
@pytest.mark.parametrize("certificate", UNTRUSTED)
@pytest.mark.parametrize("verb", ["RETR", "STOR"])
def test_the_data_connection_is_verified_too(
    client: ModuleType, scripted: Callable[..., ScriptedServer], certificate: str, verb: str
) -> None:
    """Somebody else answers on it, who knows nothing of the session."""
    server = scripted(
        [*LOGIN_TLS, *begin(verb, certificate=certificate)],
    )
    ftp = client.FTP_TLS(server.host, "user", "password", port=server.port, verify=True, timeout=10)
    with closing(ftp):
        ftp.prot_p()
        received: list[bytes] = []
        with pytest.raises(ssl.SSLCertVerificationError) as raised:  # noqa: PT012
            if verb == "RETR":
                ftp.retrbinary("RETR x", received.append)
            else:
                ftp.storbinary("STOR x", io.BytesIO(b"secret"))
        assert f"the data connection of 127.0.0.1 port {server.port}: " in str(raised.value)
        assert UNTRUSTED[certificate] in str(raised.value)
        assert received == []
    server.forgive()  # the client's alert


def test_a_context_that_verifies_nothing_does_not_go_with_verify(client: ModuleType) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with pytest.raises(ValueError, match="the context verifies nothing"):
        client.FTP_TLS(context=context, verify=True)
    assert client.FTP_TLS(context=context, verify=False).context is context
    assert client.FTP_TLS(context=trusting(), verify=True).context.check_hostname


# Without a context


def test_nobody_is_verified_without_a_context(client: ModuleType) -> None:
    """As in CPython; `verify=False` says that it is known."""
    with (
        running("pyftpdlib", "tls", certificate="self-signed") as server,
        client.FTP_TLS(
            server.host, server.user, server.password, port=server.port, verify=False, timeout=20
        ) as ftp,
    ):
        assert ftp.context.verify_mode is ssl.CERT_NONE
        ftp.prot_p()
        assert round_trip(ftp) == ROUND


WARNING = """
import warnings
from usr.ftplib import FTP_TLS
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    FTP_TLS(verify=False)
    FTP_TLS(verify=True)
    assert not caught, caught
    FTP_TLS(); line = 10
    FTP_TLS(verify=None)
    FTP_TLS(context=None)
(warning,) = caught
assert warning.category is RuntimeWarning, warning
assert "verify=True" in str(warning.message), warning
assert warning.filename == __file__, warning
assert warning.lineno == line - 1, warning
"""


def test_one_warning_says_so(interpreter: Interpreter, tmp_path: Path) -> None:
    """At the caller's line."""
    run_script(WARNING, tmp_path, interpreter)
