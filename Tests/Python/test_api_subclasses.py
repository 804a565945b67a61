"""Subclasses written for CPython's classes: the names that they choose, and how they call up."""

from __future__ import annotations

import inspect
import io
import socket
import ssl
import warnings
from collections.abc import Callable
from contextlib import closing
from types import ModuleType
from typing import Any
from unittest import mock

import pytest
from scripted import ScriptedServer, answer, download, passive, say, send, upload
from scripted_tls import AUTH, LOGIN_TLS, begin, certificates, cut_data, data_of, notify_close

Scripted = Callable[..., ScriptedServer]
Talk = Callable[..., tuple[Any, ScriptedServer]]

BOTH_WAYS = (answer("TYPE"), passive(), *upload(), passive(), *download(b"content"))
LINES = (answer("TYPE"), passive(), *download("grün\r\n".encode()))


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificates() / "ca.pem"))


# Names


def method(self: Any, *arguments: Any) -> None:
    """What a subclass may have under any name."""


VALUES = [method, 0, False, [], {}, object(), ["went wrong"], b"bytes"]


@pytest.mark.parametrize("name", ["errors", "keepalive", "proxy"])
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("where", ["class", "before", "after"])
def test_a_name_that_cpythons_class_does_not_have_is_free(
    client: ModuleType, talk: Talk, name: str, value: Any, where: str
) -> None:
    if name == "keepalive" and value is VALUES[1]:
        pytest.skip("a number is one")

    class Own(client.FTP):  # type: ignore[name-defined,misc]
        if where == "class":
            locals()[name] = value

        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            if where == "before":
                setattr(self, name, value)
            super().__init__(*arguments, **keywords)
            if where == "after":
                setattr(self, name, value)

    said = (answer("PWD", '257 "/grün"'), answer("SITE", "200 ü"))
    ftp, _ = talk(*BOTH_WAYS, *LINES, *said, cls=Own)
    before = getattr(ftp, name)
    received: list[Any] = []
    assert ftp.storbinary("STOR x", io.BytesIO(b"content")) == "226 Done."
    assert ftp.retrbinary("RETR x", received.append) == "226 Done."
    assert ftp.retrlines("RETR x", received.append) == "226 Done."
    assert received == [b"content", "grün"]
    assert ftp.pwd() == "/grün"
    assert ftp.voidcmd("SITE x") == "200 ü"
    assert getattr(ftp, name) == before


@pytest.mark.parametrize("name", ["errors", "proxy"])
@pytest.mark.parametrize("value", [5, [], b"strict", print])
def test_the_constructor_takes_no_such_values(client: ModuleType, name: str, value: Any) -> None:
    wrong = pytest.raises(TypeError, match=f"{name} must be a str.*, not '{type(value).__name__}'")
    with wrong:
        client.FTP(**{name: value})
    with wrong:
        client.FTP_TLS(verify=False, **{name: value})


@pytest.mark.parametrize("name", ["_session", "_proxied_host"])
def test_private_names_are_free(talk: Talk, client: ModuleType, name: str) -> None:
    ftp, _ = talk(*BOTH_WAYS)
    assert not hasattr(client.FTP, name)
    setattr(ftp, name, "something")
    received: list[bytes] = []
    ftp.storbinary("STOR x", io.BytesIO(b"content"))
    ftp.retrbinary("RETR x", received.append)
    ftp.close()
    assert (received, getattr(ftp, name)) == ([b"content"], "something")


def test_a_recipe_that_keeps_the_tls_session(client: ModuleType, scripted: Scripted) -> None:
    class Own(client.FTP_TLS):  # type: ignore[name-defined,misc]
        def auth(self) -> Any:
            reply = super().auth()
            self._session = self.sock.session
            return reply

    server = scripted([*LOGIN_TLS, answer("QUIT", "221 Bye.")])
    with Own(context=trusting(), timeout=10) as ftp:
        ftp.connect(server.host, server.port)
        ftp.login("user", "password")
        kept = ftp._session
        ftp.prot_p()
        assert isinstance(kept, ssl.SSLSession)
    assert ftp._session is kept


@pytest.mark.parametrize("where", ["class", "before", "after"])
def test_implicit_and_verify_of_a_subclass_are_its_own(
    client: ModuleType, scripted: Scripted, where: str
) -> None:
    class Own(client.FTP_TLS):  # type: ignore[name-defined,misc]
        if where == "class":
            implicit, verify = True, "own"

        def __init__(self, **keywords: Any) -> None:
            if where == "before":
                self.implicit, self.verify = True, "own"
            super().__init__(**keywords)
            if where == "after":
                self.implicit, self.verify = True, "own"

    server = scripted(LOGIN_TLS)
    with closing(Own(context=trusting(), timeout=10)) as ftp:
        assert (ftp.implicit, ftp.verify) == (True, "own")
        assert ftp.connect(server.host, server.port)[:3] == "220"
        assert ftp.port == server.port
        ftp.login("user", "password")
        assert (ftp.implicit, ftp.verify) == (True, "own")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"implicit": True},
        {"implicit": False},
        {"verify": True},
        {"verify": False},
        {"verify": None},
        {"implicit": True, "verify": True},
    ],
    ids=str,
)
def test_the_attributes_show_what_the_constructor_got(
    client: ModuleType, given: dict[str, Any]
) -> None:
    ftp = client.FTP_TLS(context=trusting(), **given)
    assert ftp.implicit is bool(given.get("implicit"))
    assert ftp.verify is bool(given.get("verify"))
    assert (client.FTP_TLS.implicit, client.FTP_TLS.verify) == (False, False)


# Calls up


def test_the_methods_of_ftp_tls_are_its_own(client: ModuleType) -> None:
    """As in CPython, so that `super(FTP_TLS, self)` is `FTP`."""
    kind = client.FTP_TLS
    assert kind.__bases__ == (client.FTP,)
    assert kind.__mro__.index(client.FTP) == 1
    own = {"__init__", "login", "auth", "ccc", "prot_p", "prot_c", "ntransfercmd"}
    assert own <= set(vars(kind))
    assert kind.__module__ == client.__name__
    assert kind.__doc__.startswith("A connection to an FTP server over TLS")
    ftp = kind(context=trusting())
    assert "secure" in inspect.signature(ftp.login).parameters
    assert "secure" not in inspect.signature(super(kind, ftp).login).parameters
    assert not hasattr(super(kind, ftp), "auth")


def test_ftp_tls_can_be_patched_and_is_then_as_before(client: ModuleType) -> None:
    before = dict(vars(client.FTP_TLS))
    with mock.patch.object(client.FTP_TLS, "login", return_value="patched"):
        assert client.FTP_TLS(context=trusting()).login() == "patched"
    with mock.patch.object(client.FTP_TLS, "port", 2121):
        assert client.FTP_TLS(context=trusting()).port == 2121
    assert dict(vars(client.FTP_TLS)) == before


def test_a_recipe_that_goes_around_ftp_tls(client: ModuleType, scripted: Scripted) -> None:
    class Own(client.FTP_TLS):  # type: ignore[name-defined,misc]
        wrapped = 0

        def __init__(self) -> None:
            super(client.FTP_TLS, self).__init__(timeout=10)
            self.context, self._prot_p = trusting(), False

        def login(self, *arguments: Any) -> Any:
            return super(client.FTP_TLS, self).login(*arguments)

        def ntransfercmd(self, cmd: str, rest: Any = None) -> Any:
            plain, size = super(client.FTP_TLS, self).ntransfercmd(cmd, rest)
            assert type(plain) is socket.socket
            self.wrapped += 1
            return self.context.wrap_socket(plain, server_hostname=self.host), size

    transfer = (
        *begin("RETR"),
        lambda conversation: data_of(conversation).sendall(b"in TLS"),
        notify_close(),
        cut_data(),
        say("226 Done."),
    )
    in_the_clear = (say("220 Hi."), answer("USER", "331 Ok."), answer("PASS", "230 Ok."))
    server = scripted([*in_the_clear, *AUTH, answer("PBSZ"), answer("PROT"), *transfer])
    with closing(Own()) as ftp:
        ftp.connect(server.host, server.port)
        # FTP's alone: nothing asks for TLS.
        assert ftp.login("user", "password") == "230 Ok."
        assert ftp.auth() == "234 Go ahead."
        ftp.prot_p()
        received: list[bytes] = []
        assert ftp.retrbinary("RETR x", received.append) == "226 Done."
        assert (b"".join(received), ftp.wrapped) == (b"in TLS", 1)


def test_ftp_tls_calls_what_a_patch_puts_into_ftp(client: ModuleType) -> None:
    ftp = client.FTP_TLS(context=trusting())
    ftp.sock = mock.Mock(spec=ssl.SSLSocket)
    with mock.patch.object(client.FTP, "connect", return_value="220 patched") as connect:
        assert ftp.connect("host", 2121, timeout=5) == "220 patched"
        connect.assert_called_once_with("host", 2121, timeout=5)
        assert client.FTP_TLS("host", context=trusting()).host == ""
    with mock.patch.object(client.FTP, "login", return_value="230 patched") as login:
        assert ftp.login("user", passwd="password") == "230 patched"
        login.assert_called_once_with("user", "password", "")
    transfer = (object(), None)
    with mock.patch.object(client.FTP, "ntransfercmd", return_value=transfer) as ntransfercmd:
        assert ftp.ntransfercmd("RETR x") is transfer
        ntransfercmd.assert_called_once_with("RETR x", None)
        assert ftp.transfercmd("RETR x", 5) is transfer[0]
        ntransfercmd.assert_called_with("RETR x", 5)
    ftp.sock = None


def test_a_class_between_the_two_is_called(client: ModuleType, scripted: Scripted) -> None:
    """Cooperative classes: one that derives from FTP stands behind FTP_TLS."""
    called: list[str] = []

    class Noting(client.FTP):  # type: ignore[name-defined,misc]
        def connect(self, *arguments: Any, **keywords: Any) -> Any:
            called.append("connect")
            return super().connect(*arguments, **keywords)

        def login(self, *arguments: Any, **keywords: Any) -> Any:
            called.append("login")
            return super().login(*arguments, **keywords)

        def ntransfercmd(self, cmd: str, rest: Any = None) -> Any:
            called.append(cmd)
            plain, size = super().ntransfercmd(cmd, rest)
            assert type(plain) is socket.socket
            return plain, size

    class Own(client.FTP_TLS, Noting):  # type: ignore[name-defined,misc]
        pass

    transfer = (
        *begin("RETR"),
        lambda conversation: data_of(conversation).sendall(b"in TLS"),
        notify_close(),
        cut_data(),
        say("226 Done."),
    )
    server = scripted([*LOGIN_TLS, *transfer])
    with closing(Own(context=trusting(), timeout=10)) as ftp:
        ftp.connect(server.host, server.port)
        assert ftp.login("user", "password") == "230 Welcome."
        ftp.prot_p()
        received: list[bytes] = []
        assert ftp.retrbinary("RETR x", received.append) == "226 Done."
        assert (b"".join(received), called) == (b"in TLS", ["connect", "login", "RETR x"])


def test_a_proxy_of_a_subclass_is_its_own(client: ModuleType, talk: Talk) -> None:
    """Of the kind that logs in by `USER user@host`."""
    server = talk()[1]

    class Through(client.FTP):  # type: ignore[name-defined,misc]
        proxy = f"{server.host}:{server.port}"

    with closing(Through()) as ftp:
        assert ftp.proxy == Through.proxy
        with pytest.raises(ConnectionRefusedError):
            ftp.connect("127.0.0.1", 1)
    ours = client.FTP()
    ours.proxy = Through.proxy
    if client.__name__ != "ftplib" or hasattr(client, "connect_url"):
        with pytest.raises(ValueError, match="scheme"):
            ours.connect("127.0.0.1", 1)


def test_a_wrap_socket_that_takes_no_more_than_cpython_gives(
    client: ModuleType, scripted: Scripted
) -> None:
    class Context(ssl.SSLContext):
        def wrap_socket(self, sock: Any, server_hostname: Any = None) -> ssl.SSLSocket:  # type: ignore[override]
            return super().wrap_socket(sock, server_hostname=server_hostname)

    own = Context(ssl.PROTOCOL_TLS_CLIENT)
    own.check_hostname, own.verify_mode = False, ssl.CERT_NONE
    patched = trusting()
    plain = patched.wrap_socket
    patched.wrap_socket = lambda sock, server_hostname=None: plain(  # type: ignore[method-assign,assignment,misc]
        sock, server_hostname=server_hostname
    )
    for context in (own, patched):
        # The second data connection asks for the TLS session of the first, where it can.
        transfers = []
        for number in range(2):
            first = begin("RETR", "150 Here (6 bytes).")[min(number, 1) :]
            transfers += [*first, send(b"in TLS"), notify_close(), cut_data(), say("226 Done.")]
        server = scripted([*LOGIN_TLS, *transfers])
        with closing(client.FTP_TLS(context=context)) as ftp:
            ftp.connect(server.host, server.port)
            ftp.login("user", "password")
            ftp.prot_p()
            for _ in range(2):
                received: list[bytes] = []
                ftp.retrbinary("RETR x", received.append)
                assert b"".join(received) == b"in TLS"


def test_a_context_of_its_own_is_as_cpythons(client: ModuleType) -> None:
    """It hides an end of TLS without notice from a script's own loop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = client.FTP_TLS().context.options
    assert ours == ssl._create_stdlib_context().options  # type: ignore[attr-defined]
