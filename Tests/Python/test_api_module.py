"""The module as Python's tools see it: `install`, attributes made when asked for, signatures."""

from __future__ import annotations

import inspect
import pickle
import pydoc
import socket
import sys
import warnings
from collections.abc import Callable
from contextlib import closing
from types import ModuleType
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from conftest import FTPY, LOGIN, REPOSITORY, Directory, Interpreter, ScriptedServer, Server

from usr.ftplib import FTP, FTP_TLS

if TYPE_CHECKING:
    Scripted = Callable[..., ScriptedServer]


def run(interpreter: Interpreter, source: str, *arguments: str, **environment: str) -> str:
    done = interpreter.run("-W", "error", "-c", source, *arguments, environment=environment)
    assert done.stderr == ""
    return done.stdout


def in_place(interpreter: Interpreter) -> dict[str, str]:
    """What makes `import ftplib` give this module without `install`."""
    return {} if interpreter is FTPY else {"PYTHONPATH": str(REPOSITORY / "usr")}


# install


def test_install_puts_the_module_in_the_standard_librarys_place(interpreter: Interpreter) -> None:
    output = run(
        interpreter,
        """
import sys
import usr.ftplib
assert usr.ftplib.install() is None
import ftplib
from ftplib import FTP
assert ftplib is usr.ftplib is sys.modules["ftplib"], ftplib
assert FTP is usr.ftplib.FTP
usr.ftplib.install()
assert sys.modules["ftplib"] is ftplib
print("done")
""",
    )
    assert output == "done\n"


def test_urllib_then_uses_it(
    interpreter: Interpreter, vsftpd: Server, directory: Directory
) -> None:
    directory.put("file", b"content")
    url = f"ftp://{vsftpd.user}:{vsftpd.password}@{vsftpd.host}:{vsftpd.port}{directory.path}"
    output = run(
        interpreter,
        """
import sys
import usr.ftplib
usr.ftplib.install()
import urllib.request
seen = []
class Noting(usr.ftplib.FTP):
    def ntransfercmd(self, cmd, rest=None):
        seen.append(cmd)
        return super().ntransfercmd(cmd, rest)
usr.ftplib.FTP = Noting
with urllib.request.urlopen(sys.argv[1] + "/file") as answer:
    print(answer.read(), answer.headers["Content-length"])
with urllib.request.urlopen(sys.argv[1] + "/") as answer:
    print(b"file" in answer.read())
print(seen)
""",
        url,
    )
    lines = output.splitlines()
    assert lines[:2] == ["b'content' 7", "True"]
    assert lines[2].startswith("['RETR file', 'LIST")


def test_exceptions_pickle_in_both_names(interpreter: Interpreter) -> None:
    output = run(
        interpreter,
        """
import pickle
import usr.ftplib
usr.ftplib.install()
import ftplib
for name in ("Error", "error_reply", "error_temp", "error_perm", "error_proto"):
    kind = getattr(ftplib, name)
    again = pickle.loads(pickle.dumps(kind("550 no")))
    assert type(again) is kind and again.args == ("550 no",), again
print("done")
""",
    )
    assert output == "done\n"


def test_exceptions_pickle(client: ModuleType) -> None:
    for name in ("Error", "error_reply", "error_temp", "error_perm", "error_proto"):
        error = getattr(client, name)("550 no")
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert again.args == ("550 no",)


def test_install_warns_who_comes_too_late(interpreter: Interpreter) -> None:
    if interpreter is FTPY:
        pytest.skip("in ftpy every ftplib is this one")
    output = run(
        interpreter,
        """
import sys, warnings
import ftplib as before
import usr.ftplib
assert before is not usr.ftplib
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    usr.ftplib.install()
    usr.ftplib.install()
(warning,) = caught
assert warning.category is RuntimeWarning, warning
assert warning.filename == "<string>", warning.filename
print(warning.message)
import ftplib
assert ftplib is usr.ftplib
# As an error it leaves things as they were.
sys.modules["ftplib"] = before
warnings.simplefilter("error")
try:
    usr.ftplib.install()
except RuntimeWarning:
    assert sys.modules["ftplib"] is before
""",
    )
    assert "imported before install()" in output


# Attributes that are made when they are asked for


def test_the_import_brings_neither_socket_nor_ssl(interpreter: Interpreter) -> None:
    source = """
import sys
before = set(sys.modules)
from usr.ftplib import FTP, FTP_TLS
ftp = FTP
print(sorted({"socket", "ssl", "selectors", "urllib.parse", "netrc"} & (set(sys.modules) - before)))
import usr.ftplib
assert "socket" in dir(usr.ftplib) and "ssl" in dir(usr.ftplib)
print(sorted({"socket", "ssl"} & (set(sys.modules) - before)))
usr.ftplib.socket
print(sorted({"socket", "ssl"} & (set(sys.modules) - before)))
usr.ftplib.ssl
print(sorted({"socket", "ssl"} & (set(sys.modules) - before)))
"""
    assert run(interpreter, source).splitlines() == ["[]", "[]", "['socket']", "['socket', 'ssl']"]


LAZY = ["socket", "ssl", "sys", "_SSLSocket", "_GLOBAL_DEFAULT_TIMEOUT"]


def test_what_they_are(client: ModuleType) -> None:
    import ssl

    assert client.socket is socket
    assert client.ssl is ssl
    assert client.sys is sys
    assert client._SSLSocket is ssl.SSLSocket
    assert client._GLOBAL_DEFAULT_TIMEOUT is vars(socket)["_GLOBAL_DEFAULT_TIMEOUT"]


@pytest.mark.parametrize("name", ["TransferResult", "TransferProgress", "TreeSummary"])
def test_results_can_be_pickled(client: ModuleType, name: str) -> None:
    made = getattr(client, name)
    value = made(range(made.n_fields))
    assert made.__module__ == client.__name__
    assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.parametrize("name", ["pwd", "connect", "__init__"])
def test_methods_can_be_pickled(client: ModuleType, name: str) -> None:
    method = getattr(client.FTP, name)
    assert pickle.loads(pickle.dumps(method)) == method


def test_they_are_in_dir(client: ModuleType) -> None:
    assert set(LAZY) <= set(dir(client))
    assert set(client.__all__) <= set(dir(client))
    assert len(set(dir(client))) == len(dir(client))


def test_nothing_else_is_there(client: ModuleType) -> None:
    for name in ("os", "re", "telnetlib", "__path__x", "", "SOCKET", "socket "):
        assert not hasattr(client, name)
    with pytest.raises(AttributeError, match=rf"module '{client.__name__}' has no attribute 'os'"):
        _ = client.os
    with pytest.raises(ImportError):
        exec(f"from {client.__name__} import os_")


def test_a_name_of_the_module_can_be_patched(interpreter: Interpreter, scripted: Scripted) -> None:
    """As code for CPython's module does: by its dotted name, before and after the first use."""
    server = scripted(LOGIN)
    source = """
import ftplib, sys
from unittest import mock
host, port = sys.argv[1], int(sys.argv[2])
for used in (False, True):
    with mock.patch("ftplib.socket.create_connection", side_effect=OSError(5, "patched")) as create:
        try:
            ftplib.FTP().connect(host, port)
        except OSError as error:
            assert "patched" in str(error), error
        assert create.call_args.args[0] == (host, port)
    with mock.patch("ftplib.socket") as other:
        other.create_connection.side_effect = OSError(5, "patched")
        try:
            ftplib.FTP().connect(host, port)
            sys.exit("connected")
        except Exception as error:
            assert other.create_connection.called, error
    import socket
    assert ftplib.socket is socket
    ftp = ftplib.FTP()
    assert ftp.connect(host, port)[:3] == "220"
    ftp.close()
print(ftplib.__version__)
"""
    environment = in_place(interpreter)
    assert run(interpreter, source, server.host, str(server.port), **environment).count(".") == 2


def test_a_mock_in_the_place_of_socket_leaves_nothing_behind(
    interpreter: Interpreter, scripted: Scripted
) -> None:
    """Not even where it is there at the very first use, when much is looked up for good."""
    server = scripted(LOGIN)
    source = """
import ftplib, sys
from unittest import mock
host, port = sys.argv[1], int(sys.argv[2])
with mock.patch("ftplib.socket") as other:
    unset = ftplib.FTP().timeout
    other.create_connection.side_effect = OSError(5, "patched")
    try:
        ftplib.FTP().connect(host, port)
    except OSError as error:
        assert "patched" in str(error), error
    assert other.create_connection.call_args.args == ((host, port), 60.0)
import socket
assert unset is socket._GLOBAL_DEFAULT_TIMEOUT is ftplib._GLOBAL_DEFAULT_TIMEOUT, unset
ftp = ftplib.FTP()
assert ftp.timeout is unset
assert ftp.connect(host, port)[:3] == "220"
assert ftp.sock.gettimeout() is None
ftp.close()
print("done")
"""
    environment = in_place(interpreter)
    assert run(interpreter, source, server.host, str(server.port), **environment) == "done\n"


def test_another_socket_module_needs_no_more_than_it_is_asked_for(
    client: ModuleType, monkeypatch: pytest.MonkeyPatch, scripted: Scripted
) -> None:
    """As PySocks' `socks`, whose `socket` is Python's module."""
    other: Any = ModuleType("socks")
    other.create_connection, other.socket = socket.create_connection, socket
    monkeypatch.setattr(client, "socket", other)
    server = scripted(LOGIN)
    with closing(FTP(server.host, server.port, "user", "password")) as ftp:
        assert ftp.sock


def test_another_socket_module_is_used(
    client: ModuleType, monkeypatch: pytest.MonkeyPatch, scripted: Scripted
) -> None:
    """As PySocks' users do: `ftplib.socket = socks`."""
    other = ModuleType("socks")
    vars(other).update(vars(socket))
    dialled: list[Any] = []

    def create_connection(address: Any, *arguments: Any, **keywords: Any) -> socket.socket:
        dialled.append(address)
        return socket.create_connection(address, *arguments, **keywords)

    vars(other)["create_connection"] = create_connection
    monkeypatch.setattr(client, "socket", other)
    server = scripted(LOGIN)
    with closing(FTP(server.host, server.port, "user", "password", timeout=20)):
        assert dialled == [(server.host, server.port)]


# Signatures and help


FUNCTIONS = [
    "parse150",
    "parse227",
    "parse229",
    "parse257",
    "print_line",
    "ftpcp",
    "test",
    "connect_url",
    "install",
]


class Plain(FTP):
    pass


class Own(FTP):
    def __init__(self, server: str, *, retries: int = 3) -> None:
        super().__init__()
        self.given = (server, retries)


class Secure(FTP_TLS):
    pass


def parameters(thing: Any) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(thing).parameters)


def quietly(kind: Any, **given: Any) -> Any:
    """An object without the warning of `FTP_TLS`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(**given)


def test_the_constructors_signature() -> None:
    found = parameters(FTP)
    assert list(found) == [
        *("host", "port", "user", "passwd", "acct", "timeout", "source_address", "ipvtype"),
        *("encoding", "errors", "proxy"),
    ]
    assert {name for name, each in found.items() if each.kind is each.KEYWORD_ONLY} == {
        "encoding",
        "errors",
        "proxy",
    }
    assert found["encoding"].default == "utf-8"
    assert found["errors"].default == "strict"
    assert inspect.signature(FTP) == inspect.signature(Plain)


def test_the_tls_constructors_signature() -> None:
    found = parameters(FTP_TLS)
    files = ["keyfile", "certfile"] if sys.version_info < (3, 12) else []
    assert list(found) == [
        *("host", "user", "passwd", "acct", *files, "context", "timeout", "source_address"),
        *("port", "ipvtype", "verify", "implicit", "encoding", "errors", "proxy"),
    ]
    by_name = {name for name, each in found.items() if each.kind is each.KEYWORD_ONLY}
    assert {"verify", "implicit", "encoding", "errors", "proxy", "port", "ipvtype"} <= by_name
    assert ("context" in by_name) == (sys.version_info >= (3, 12))
    assert inspect.signature(FTP_TLS) == inspect.signature(Secure)


def test_a_subclass_with_a_constructor_of_its_own() -> None:
    assert list(parameters(Own)) == ["server", "retries"]
    assert Own("x", retries=1).given == ("x", 1)


@pytest.mark.parametrize("kind", [FTP, FTP_TLS, Plain, Secure])
def test_every_method_has_a_signature(kind: type) -> None:
    names = [name for name in dir(kind) if callable(getattr(kind, name)) and name[0] != "_"]
    assert len(names) > 40
    an_object = quietly(kind)
    for name in [*names, "__enter__", "__exit__"]:
        assert next(iter(parameters(getattr(kind, name)))) == "self", name
        assert "self" not in parameters(getattr(an_object, name)), name


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_a_signature(name: str, client: ModuleType) -> None:
    inspect.signature(getattr(client, name))


def test_ftpcps_signature_is_cpythons(client: ModuleType) -> None:
    expected = "(source, sourcename, target, targetname='', type='I')"
    assert str(inspect.signature(client.ftpcp)) == expected


def test_what_the_signature_says_can_be_given(client: ModuleType) -> None:
    """Every parameter by its name."""
    kind: Any
    for kind, wrong in ((FTP, {}), (FTP_TLS, {"context": None, "verify": False})):
        given = {
            name: each.default
            for name, each in parameters(kind).items()
            if each.default is not ... and name not in ("keyfile", "certfile")
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kind(**{**given, **wrong})
        with pytest.raises(TypeError):
            kind(no_such_parameter=1)
    given = {
        n: p.default for n, p in parameters(client.connect_url).items() if p.default is not ...
    }
    with pytest.raises(ValueError, match="ftp://"):
        client.connect_url(**{**given, "url": "http://x"})


@pytest.mark.parametrize("kind", [FTP, FTP_TLS])
def test_help_mentions_every_parameter(kind: type) -> None:
    text = pydoc.plain(pydoc.render_doc(kind))
    for name in parameters(kind):
        assert name in text, name
    for name in dir(kind):
        if name[0] != "_" and callable(getattr(kind, name)):
            assert f"{name}(" in text, name


@pytest.mark.parametrize("kind", [FTP, FTP_TLS])
def test_the_class_documentation_mentions_every_parameter(kind: type) -> None:
    documentation = inspect.getdoc(kind) or ""
    missing = [name for name in parameters(kind) if name not in documentation]
    assert set(missing) <= (
        {"keyfile", "certfile"} | (set(parameters(FTP)) if kind is FTP_TLS else set())
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_functions_help_mentions_every_parameter(name: str, client: ModuleType) -> None:
    documentation = pydoc.plain(pydoc.render_doc(getattr(client, name)))
    for parameter in parameters(getattr(client, name)):
        assert documentation.count(parameter) >= 1, parameter


def test_every_methods_documentation_says_something() -> None:
    for name in dir(FTP_TLS):
        if name[0] != "_" and callable(getattr(FTP_TLS, name)):
            assert len(inspect.getdoc(getattr(FTP_TLS, name)) or "") > 15, name


# Mocks


@pytest.mark.parametrize("kind", [FTP, FTP_TLS])
def test_autospec(kind: Any) -> None:
    """It checks names; the arguments it checks of functions written in Python alone."""
    fake = mock.create_autospec(kind)
    ftp = fake("ftp.example", user="me", passwd="pw", timeout=3, encoding="auto")
    ftp.retrbinary.return_value = "226 Done."
    assert ftp.retrbinary("RETR f", print, rest=5) == "226 Done."
    ftp.retrbinary.assert_called_once_with("RETR f", print, rest=5)
    for name in vars(FTP.__mro__[1]):
        if name[0] != "_":
            assert callable(getattr(ftp, name))
    with pytest.raises(AttributeError):
        ftp.no_such_method()


@pytest.mark.parametrize("kind", [FTP, FTP_TLS])
def test_a_mock_with_its_spec(kind: Any) -> None:
    fake = mock.Mock(spec=kind)
    assert isinstance(fake, kind)
    for name in ("sock", "file", "voidcmd", "sendport", "trust_server_pasv_ipv4_address"):
        assert hasattr(fake, name)
    with pytest.raises(AttributeError):
        _ = fake.no_such_attribute
