"""Subclasses, patches and foreign objects: what Python code puts in place of a part is used."""

from __future__ import annotations

import io
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from conftest import (
    LISTING,
    LOGIN,
    REPOSITORY,
    Conversation,
    Interpreter,
    ScriptedServer,
    Step,
    answer,
    end_data,
    obliging,
    passive,
    say,
    send,
    stall,
)

if TYPE_CHECKING:
    from usr.ftplib import FTP

Scripted = Callable[..., ScriptedServer]

THIS = Interpreter("this", Path(sys.executable))
"""The interpreter of this run: what may crash runs in a process of its own."""


@pytest.fixture
def server(scripted: Scripted) -> ScriptedServer:
    return scripted([*LOGIN, obliging])


@pytest.fixture
def log_in(client: ModuleType, server: ScriptedServer) -> Iterator[Callable[..., Any]]:
    """`log_in(kind)`: a session by an object of this class, or of `FTP`."""
    with ExitStack() as stack:

        def log_in(kind: Any = None) -> Any:
            ftp = (kind or client.FTP)(server.host, server.port, "user", "password", timeout=5)
            stack.callback(ftp.close)
            return ftp

        yield log_in


# Methods call each other as Python looks them up


def download(ftp: FTP) -> bytes:
    blocks: list[bytes] = []
    ftp.retrbinary("RETR x", blocks.append)
    return b"".join(blocks)


def active_download(ftp: FTP) -> bytes:
    ftp.set_pasv(False)
    return download(ftp)


def lines(ftp: FTP) -> list[str]:
    lines: list[str] = []
    ftp.retrlines("RETR x", lines.append)
    return lines


def debugged(ftp: FTP) -> str:
    ftp.set_debuglevel(1)
    return ftp.pwd()


def left(ftp: FTP) -> bool:
    with ftp:
        pass
    return ftp.sock is None


NAMES = ["type=file; one", "type=file; two"]
ENTRIES = [("one", {"type": "file"}), ("two", {"type": "file"})]
CALLS: dict[str, tuple[Callable[[FTP], object], object]] = {
    "pwd": (lambda ftp: ftp.pwd(), "/here"),
    "pwd, debugged": (debugged, "/here"),
    "delete": (lambda ftp: ftp.delete("x"), "200 Ok."),
    "nlst": (lambda ftp: ftp.nlst(), NAMES),
    "dir": (lambda ftp: ftp.dir(), NAMES),
    "mlsd": (lambda ftp: list(ftp.mlsd()), ENTRIES),
    "retrbinary": (download, LISTING),
    "retrbinary, active": (active_download, LISTING),
    "retrlines": (lines, NAMES),
    "storbinary": (lambda ftp: ftp.storbinary("STOR x", io.BytesIO(b"x")), "226 Done."),
    "storlines": (lambda ftp: ftp.storlines("STOR x", io.BytesIO(b"x")), "226 Done."),
    "quit": (lambda ftp: ftp.quit(), "221 Bye."),
    "with": (left, True),
}
USED: list[tuple[str, str]] = [
    *[(name, "pwd") for name in ("voidcmd", "putcmd", "putline", "voidresp", "getresp")],
    *[(name, "pwd") for name in ("getmultiline", "getline")],
    ("sanitize", "pwd, debugged"),
    ("sendcmd", "delete"),
    ("retrlines", "nlst"),
    ("retrlines", "dir"),
    ("retrlines", "mlsd"),
    ("makeport", "retrbinary, active"),
    ("sendport", "retrbinary, active"),
    *[("makepasv", call) for call in ("retrbinary", "retrlines", "storbinary", "storlines")],
    *[("transfercmd", call) for call in ("retrbinary", "retrlines", "storbinary", "storlines")],
    *[("ntransfercmd", call) for call in ("retrbinary", "retrlines", "nlst", "mlsd")],
    *[("voidresp", call) for call in ("retrbinary", "retrlines", "storbinary", "storlines")],
    *[("voidcmd", call) for call in ("retrbinary", "storbinary", "storlines", "quit")],
    ("sendcmd", "retrlines"),
    ("getline", "retrbinary"),
    ("close", "quit"),
    ("quit", "with"),
]


def wrapper(kind: Any, name: str, calls: list[str]) -> Callable[..., Any]:
    """A method that notes the call and leaves the work to the class's own."""
    own = getattr(kind, name)

    def method(self: Any, *arguments: Any, **keywords: Any) -> Any:
        calls.append(name)
        return own(self, *arguments, **keywords)

    return method


@pytest.mark.parametrize(("name", "call"), USED)
def test_a_subclasss_method_is_called(
    client: ModuleType, log_in: Callable[..., Any], name: str, call: str
) -> None:
    calls: list[str] = []
    ftp = log_in(type("Own", (client.FTP,), {name: wrapper(client.FTP, name, calls)}))
    calls.clear()
    run, result = CALLS[call]
    assert run(ftp) == result
    assert calls


@pytest.mark.parametrize(("name", "call"), USED)
def test_a_method_patched_on_the_instance_is_called(
    log_in: Callable[..., Any], name: str, call: str
) -> None:
    run, result = CALLS[call]
    ftp = log_in()
    with mock.patch.object(ftp, name, wraps=getattr(ftp, name)) as patched:
        assert run(ftp) == result
    assert patched.called


@pytest.mark.parametrize(("name", "call"), USED)
def test_a_method_patched_on_the_class_is_called(
    client: ModuleType, log_in: Callable[..., Any], name: str, call: str
) -> None:
    run, result = CALLS[call]
    ftp = log_in()
    calls: list[str] = []
    with mock.patch.object(client.FTP, name, wrapper(client.FTP, name, calls)):
        assert run(ftp) == result
    assert calls
    calls.clear()
    ftp.passiveserver = True
    if call not in ("quit", "with"):
        assert run(ftp) == result
        assert calls == [], "the class's own is back"


def test_a_method_is_found_wherever_it_appears_between_two_commands(
    client: ModuleType, log_in: Callable[..., Any]
) -> None:
    """In a class, a base of it, a base that is new, or the object's own dictionary."""

    def loud(self: Any) -> str:
        return str(original(self)).upper()

    class Parent(client.FTP):  # type: ignore[misc, name-defined]
        pass

    class Child(Parent):
        pass

    class Loud(client.FTP):  # type: ignore[misc, name-defined]
        getresp = loud

    class Mixin:
        getresp = loud

    class Mixed(Mixin, Parent):
        pass

    original = client.FTP.getresp
    ftp = log_in(Child)
    quiet = "200 Ok."
    assert ftp.voidcmd("NOOP") == quiet
    for kind in (Child, Parent, client.FTP):
        with mock.patch.object(kind, "getresp", loud):
            assert ftp.voidcmd("NOOP") == quiet.upper()
        assert ftp.voidcmd("NOOP") == quiet
    Parent.__bases__ = (Loud,)
    assert ftp.voidcmd("NOOP") == quiet.upper()
    Parent.__bases__ = (client.FTP,)
    assert ftp.voidcmd("NOOP") == quiet
    assert log_in(Mixed).voidcmd("NOOP") == quiet.upper()
    vars(ftp)["getresp"] = lambda: original(ftp).upper()
    assert ftp.voidcmd("NOOP") == quiet.upper()
    del vars(ftp)["getresp"]
    assert ftp.voidcmd("NOOP") == quiet


def upper(name: str) -> Callable[..., str]:
    """A method that does as the class's own of this name, in capitals."""

    def method(self: Any, *arguments: str) -> str:
        kind = next(kind for kind in type(self).__mro__ if kind.__name__ == "_FTPMethods")
        return str(getattr(kind, name)(self, *arguments)).upper()

    return method


@contextmanager
def bases(kind: Any, *bases: type) -> Iterator[None]:
    former = kind.__bases__
    kind.__bases__ = bases
    try:
        yield
    finally:
        kind.__bases__ = former


def own_words(ftp: Any) -> dict[str, Any]:
    return {"getresp": upper("getresp").__get__(ftp)}


def replace_dictionary(ftp: Any) -> None:
    ftp.__dict__ = {**vars(ftp), **own_words(ftp)}


def change_class(ftp: Any) -> None:
    ftp.__class__ = type("Loud", (type(ftp),), {"getresp": upper("getresp")})


WAYS: dict[str, Callable[[Any], object]] = {
    "set": lambda ftp: setattr(ftp, *own_words(ftp).popitem()),
    "dictionary": lambda ftp: vars(ftp).update(own_words(ftp)),
    "dictionary, default": lambda ftp: vars(ftp).setdefault(*own_words(ftp).popitem()),
    "another dictionary": replace_dictionary,
    "another class": change_class,
}
KINDS = pytest.mark.parametrize("kind", ["FTP", "FTP_TLS"])


@pytest.fixture
def spoken(client: ModuleType, server: ScriptedServer, kind: str) -> Iterator[Any]:
    """An object of this very class, whose last commands found everything as it was."""
    context = {"context": ssl.create_default_context()} if kind == "FTP_TLS" else {}
    with getattr(client, kind)(timeout=5, **context) as ftp:
        ftp.connect(server.host, server.port)
        client.FTP.login(ftp, "user", "password")
        for _ in range(3):
            assert ftp.voidcmd("NOOP") == "200 Ok."
            assert ftp.sendcmd("NOOP") == "200 Ok."
            assert ftp.pwd() == "/here"
            assert download(ftp) == LISTING
        yield ftp


@KINDS
@pytest.mark.parametrize("way", WAYS)
def test_what_an_object_gets_between_two_commands_counts(spoken: Any, way: str) -> None:
    WAYS[way](spoken)
    assert [spoken.voidcmd("NOOP"), spoken.sendcmd("NOOP")] == ["200 OK."] * 2


@pytest.mark.parametrize("kind", ["FTP_TLS"])
def test_a_base_that_a_class_gets_between_two_commands_counts(
    spoken: Any, client: ModuleType
) -> None:
    with bases(client.FTP_TLS, type("Loud", (client.FTP,), {"getresp": upper("getresp")})):
        assert spoken.voidcmd("NOOP") == "200 OK."
    assert spoken.voidcmd("NOOP") == "200 Ok."
    with pytest.raises(TypeError, match="__bases__"):
        client.FTP.__bases__ = (type("Middle", client.FTP.__bases__, {"__slots__": ()}),)


@KINDS
@pytest.mark.parametrize("name", ["debugging", "maxline", "encoding", "errors", "sock"])
def test_an_attribute_that_is_computed_is_asked_each_time(
    spoken: Any, client: ModuleType, name: str
) -> None:
    asked = mock.PropertyMock(return_value=getattr(spoken, name))
    own = {name: vars(spoken).pop(name)} if name in vars(spoken) else {}
    with mock.patch.object(client.FTP, name, asked):
        for count in range(1, 4):
            spoken.voidcmd("NOOP")
            assert asked.call_count >= count
        if name == "maxline":
            asked.return_value = 3
            with pytest.raises(client.Error, match="got more than 3 bytes"):
                spoken.voidcmd("NOOP")
    vars(spoken).update(own)


@KINDS
def test_what_sets_attributes_sees_each_reply(spoken: Any, client: ModuleType) -> None:
    seen: list[tuple[str, object]] = []

    def note(self: Any, name: str, value: object) -> None:
        seen.append((name, value))
        object.__setattr__(self, name, value)

    def commands() -> None:
        spoken.putcmd("NOOP")
        spoken.voidresp()
        for _ in range(2):
            spoken.voidcmd("NOOP")

    with mock.patch.object(client.FTP, "__setattr__", note):
        commands()
    assert seen == [("lastresp", "200")] * 3
    seen.clear()
    spoken.voidcmd("NOOP")
    kind, spoken.__class__ = type(spoken), type("Noting", (type(spoken),), {"__setattr__": note})
    commands()
    assert seen == [("lastresp", "200")] * 3
    seen.clear()
    object.__setattr__(spoken, "__class__", kind)
    spoken.voidcmd("NOOP")
    taken = property(None, lambda _, value: seen.append(("taken", value)))
    with mock.patch.object(client.FTP, "lastresp", taken, create=True):
        commands()
    assert seen == [("taken", "200")] * 3
    with mock.patch.object(client.FTP, "__getattribute__", loud_lookup):
        assert spoken.voidcmd("NOOP") == "200 OK."
    assert spoken.voidcmd("NOOP") == "200 Ok."


def loud_lookup(self: Any, name: str) -> Any:
    return upper(name).__get__(self) if name == "getresp" else object.__getattribute__(self, name)


@KINDS
def test_a_strange_key_in_the_way_of_the_last_response_raises_or_not(spoken: Any) -> None:
    compare = mock.Mock(return_value=False)

    class Key(str):
        def __hash__(self) -> int:
            return hash("lastresp")

        def __eq__(self, other: object) -> bool:
            return bool(compare(other))

    def replace(_: object) -> bool:
        spoken.__dict__ = dict(vars(spoken))
        return False

    former = dict(vars(spoken))
    vars(spoken).clear()
    vars(spoken)[Key("other")] = 1
    vars(spoken).update(former)
    for effect in (None, replace):
        compare.side_effect = effect
        for _ in range(2):
            assert spoken.voidcmd("NOOP") == "200 Ok."
    compare.side_effect = ZeroDivisionError
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            spoken.voidcmd("NOOP")
    compare.side_effect = None
    spoken.__dict__ = former


@KINDS
def test_what_a_look_at_the_object_changes_counts(spoken: Any, client: ModuleType) -> None:
    file = vars(spoken).pop("file")

    def look(ftp: Any) -> object:
        ftp.getresp = upper("getresp").__get__(ftp)
        return file

    with mock.patch.object(client.FTP, "file", property(look)):
        for _ in range(2):
            reply = spoken.voidcmd("NOOP")
        assert reply == "200 OK."
    vars(spoken)["file"] = file


def test_what_a_callback_raises_behind_the_sockets_end_comes_out(
    client: ModuleType, server: ScriptedServer
) -> None:
    class CancelledError(Exception):
        pass

    def cancel(_: bytes) -> None:
        ftp.sock.close()
        raise CancelledError

    server.forgive()
    ftp = client.FTP(server.host, server.port, "user", "password")
    with closing(ftp), pytest.raises(CancelledError):
        ftp.retrbinary("RETR x", cancel)


def test_a_file_that_cannot_be_closed_leaves_no_socket_open(client: ModuleType) -> None:
    ftp = client.FTP()
    ftp.file = mock.Mock()
    ftp.file.close.side_effect = ZeroDivisionError
    ftp.sock = sock = mock.Mock()
    with pytest.raises(ZeroDivisionError):
        ftp.close()
    sock.close.assert_called_once_with()


@KINDS
def test_what_goes_with_the_last_response_counts(spoken: Any) -> None:
    class Last(str):
        def __del__(self) -> None:
            spoken.getresp = upper("getresp").__get__(spoken)

    spoken.lastresp = Last("000")
    for _ in range(2):
        reply = spoken.voidcmd("NOOP")
    assert reply == "200 OK."


@KINDS
@pytest.mark.parametrize("name", ["passiveserver", "prefer_epsv"])
def test_how_data_connections_are_made_may_change_between_two(
    spoken: Any, server: ScriptedServer, client: ModuleType, name: str
) -> None:
    def commands() -> list[str]:
        server.heard.clear()
        assert download(spoken) == LISTING
        return [
            command.split()[0]
            for command in server.heard
            if command.split()[0] in ("PASV", "EPSV", "PORT")
        ]

    class Choice(list[int]):
        """True while something is in it."""

    choice = Choice([1] if name == "passiveserver" else [])
    setattr(spoken, name, choice)
    assert [commands(), commands()] == [["PASV"]] * 2
    if name == "passiveserver":
        choice.clear()
    else:
        choice.append(1)
    other = "PORT" if name == "passiveserver" else "EPSV"
    assert [commands(), commands()] == [[other]] * 2
    delattr(spoken, name)
    assert [commands(), commands()] == [["PASV"]] * 2
    with mock.patch.object(client.FTP, name, name != "passiveserver"):
        assert [commands(), commands()] == [[other]] * 2
    assert commands() == ["PASV"]


@pytest.mark.parametrize("name", ["connect", "login", "getresp", "sendcmd"])
def test_the_constructor_calls_a_subclasss_method(
    client: ModuleType, log_in: Callable[..., Any], name: str
) -> None:
    calls: list[str] = []
    log_in(type("Own", (client.FTP,), {name: wrapper(client.FTP, name, calls)}))
    assert calls


def test_a_failing_constructor_calls_a_subclasss_close(
    client: ModuleType, scripted: Scripted
) -> None:
    server = scripted([*LOGIN[:2], answer("PASS", "530 No.")])
    calls: list[str] = []
    own = type("Own", (client.FTP,), {"close": wrapper(client.FTP, "close", calls)})
    with pytest.raises(client.error_perm):
        own(server.host, server.port, "user", "password", timeout=5)
    assert calls


def test_a_subclasss_getline_may_rewrite_lines(
    client: ModuleType, log_in: Callable[..., Any]
) -> None:
    class Rewriting(client.FTP):  # type: ignore[misc, name-defined]
        def getline(self) -> str:
            line: str = super().getline()
            return line.replace("/here", "/there")

    assert log_in(Rewriting).pwd() == "/there"


def test_a_subclasss_makepasv_says_where_to_connect(
    client: ModuleType, server: ScriptedServer, log_in: Callable[..., Any]
) -> None:
    class Tunnel(client.FTP):  # type: ignore[misc, name-defined]
        def makepasv(self) -> tuple[str, int]:
            return "localhost", super().makepasv()[1]

    connect = socket.create_connection
    with mock.patch("socket.create_connection", side_effect=connect) as connecting:
        ftp = log_in(Tunnel)
        assert download(ftp) == LISTING
    hosts = [call.args[0][0] for call in connecting.call_args_list]
    assert hosts == [server.host, "localhost"]


# Data and control connections of other kinds than a plain socket


class Wrapped:
    """Not a socket, but all that one needs, as a proxy's or an event loop's object."""

    def __init__(self, inner: socket.socket) -> None:
        self.inner = inner
        self.used: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.used.append(name)
        return getattr(self.inner, name)


class Recording(socket.socket):
    """A subclass of socket.socket that sees what goes through it."""

    seen: bytes = b""

    def recv(self, size: int, flags: int = 0) -> bytes:
        block = super().recv(size, flags)
        self.seen += block
        return block

    def sendall(self, block: Any, flags: int = 0) -> None:
        self.seen += bytes(block)
        return super().sendall(block, flags)


def recording(plain: socket.socket) -> Recording:
    timeout = plain.gettimeout()
    own = Recording(plain.family, plain.type, plain.proto, plain.detach())
    own.settimeout(timeout)
    return own


def with_data_connections(kind: Any, wrap: Callable[[Any], Any], wrapped: list[Any]) -> Any:
    """A subclass whose data connections are wrapped."""

    def ntransfercmd(self: Any, cmd: str, rest: object = None) -> tuple[Any, int | None]:
        connection, size = kind.ntransfercmd(self, cmd, rest)
        wrapped.append(wrap(connection))
        return wrapped[-1], size

    return type("Wrapping", (kind,), {"ntransfercmd": ntransfercmd})


@pytest.mark.parametrize("call", ["retrbinary", "retrlines", "nlst", "storbinary", "storlines"])
def test_a_wrapped_data_connection_is_used_through_its_methods(
    client: ModuleType, log_in: Callable[..., Any], call: str
) -> None:
    wrapped: list[Wrapped] = []
    run, result = CALLS[call]
    assert run(log_in(with_data_connections(client.FTP, Wrapped, wrapped))) == result
    assert ("sendall" if call.startswith("stor") else "recv") in wrapped[0].used
    assert "close" in wrapped[0].used


@pytest.mark.parametrize("wrap", [Wrapped, recording])
def test_a_wrapped_download_that_is_cut_short_is_noticed(
    client: ModuleType, scripted: Callable[..., ScriptedServer], wrap: Callable[[Any], Any]
) -> None:
    short = (
        answer("RETR", "150 Opening (1024 bytes)."),
        send(b"x" * 512),
        end_data(),
        say("226 Ok."),
    )
    server = scripted([*LOGIN, answer("TYPE"), passive(), *short])
    kind = with_data_connections(client.FTP, wrap, [])
    ftp = kind(server.host, server.port, "user", "password", timeout=5)
    with closing(ftp), pytest.raises(EOFError, match="512 of 1024 bytes"):
        ftp.retrbinary("RETR x", len)


@pytest.mark.parametrize("call", ["retrbinary", "retrlines", "nlst", "storbinary", "storlines"])
def test_a_data_connection_of_a_subclass_of_socket_is_used_through_its_methods(
    client: ModuleType, log_in: Callable[..., Any], call: str
) -> None:
    wrapped: list[Recording] = []
    run, result = CALLS[call]
    assert run(log_in(with_data_connections(client.FTP, recording, wrapped))) == result
    sent = {"storbinary": b"x", "storlines": b"x\r\n"}
    assert wrapped[0].seen == sent.get(call, LISTING)
    assert wrapped[0].fileno() == -1


@pytest.mark.parametrize("call", CALLS)
def test_a_wrapper_in_sock_is_used_through_its_methods(
    log_in: Callable[..., Any], call: str
) -> None:
    ftp = log_in()
    wrapped = ftp.sock = Wrapped(ftp.sock)
    run, result = CALLS[call]
    assert run(ftp) == result
    assert "sendall" in wrapped.used
    if call in ("quit", "with"):
        assert "close" in wrapped.used


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_file_that_pyfilesystem_puts_in_place_is_read(
    log_in: Callable[..., Any], call: str, encoding: str
) -> None:
    ftp = log_in()
    ftp.file = ftp.sock.makefile("r", encoding=encoding)
    run, result = CALLS[call]
    assert run(ftp) == result
    if ftp.file is not None:
        assert isinstance(ftp.file, io.TextIOWrapper)
        ftp.file.close()


def test_every_connection_is_made_by_create_connection_of_this_moment(
    log_in: Callable[..., Any],
) -> None:
    made: list[Recording] = []
    plain = socket.create_connection

    def create_connection(*arguments: Any, **keywords: Any) -> socket.socket:
        made.append(recording(plain(*arguments, **keywords)))
        return made[-1]

    with mock.patch("socket.create_connection", create_connection):
        ftp = log_in()
        assert download(ftp) == LISTING
    control, data = made
    assert ftp.sock is control
    assert b"USER user\r\n" in control.seen
    assert b"230 Welcome." in control.seen
    assert data.seen == LISTING


def test_patched_methods_of_socket_are_used(log_in: Callable[..., Any]) -> None:
    """As a test of a caller's, or an event loop's monkey patch, does it."""
    seen: list[str] = []

    def recv(self: socket.socket, size: int, flags: int = 0) -> bytes:
        seen.append(threading.current_thread().name)
        return socket.SocketType.recv(self, size, flags)

    with mock.patch.object(socket.socket, "recv", recv):
        ftp = log_in()
        assert download(ftp) == LISTING
    assert threading.current_thread().name in seen


# The functions that CPython's methods look up in the module


def test_a_patched_parse257_reads_the_path(client: ModuleType, log_in: Callable[..., Any]) -> None:
    ftp = log_in()
    with mock.patch.object(client, "parse257", side_effect=str.upper) as patched:
        assert ftp.pwd() == '257 "/HERE"'
        assert ftp.mkd("x") == '257 "/MADE"'
    assert patched.call_count == 2
    assert (ftp.pwd(), ftp.mkd("x")) == ("/here", "/made"), "the module's own is back"


def test_a_patched_parse257_gets_no_other_reply(client: ModuleType, scripted: Scripted) -> None:
    server = scripted([*LOGIN, answer("MKD", "250 Made.")])
    with (
        mock.patch.object(client, "parse257") as patched,
        client.FTP(server.host, server.port, "user", "password", timeout=5) as ftp,
    ):
        assert ftp.mkd("x") == ""
    assert not patched.called


@pytest.mark.parametrize("call", ["retrbinary", "retrlines", "nlst", "mlsd", "storbinary", "dir"])
def test_a_patched_parse227_says_where_the_server_listens(
    client: ModuleType, log_in: Callable[..., Any], call: str
) -> None:
    run, result = CALLS[call]
    ftp = log_in()
    own = client.parse227
    with mock.patch.object(client, "parse227", side_effect=own) as patched:
        assert run(ftp) == result
    (reply,) = patched.call_args.args
    assert reply.startswith("227 Here (127,0,0,1,")
    patched.reset_mock()
    assert run(ftp) == result
    assert not patched.called, "the module's own is back"


@pytest.mark.parametrize(("trusts", "host"), [(True, "::2"), (False, "127.0.0.1")])
def test_the_host_of_a_patched_parse227_is_taken_where_it_is_trusted(
    client: ModuleType, log_in: Callable[..., Any], trusts: bool, host: str
) -> None:
    ftp = log_in()
    ftp.set_trust_pasv(trusts)
    with mock.patch.object(client, "parse227", return_value=("::2", 9)):
        assert ftp.makepasv() == (host, 9)


def test_a_patched_parse229_gets_the_reply_and_the_peer(
    client: ModuleType, log_in: Callable[..., Any]
) -> None:
    ftp = log_in()
    ftp.prefer_epsv = True
    with mock.patch.object(client, "parse229", side_effect=client.parse229) as patched:
        assert download(ftp) == LISTING
    reply, peer = patched.call_args.args
    assert reply.startswith("229 ")
    assert peer == (ftp.host, ftp.port)


@pytest.mark.parametrize(("size", "isinstance_of"), [(None, None), (7, None), (10**6, EOFError)])
def test_a_patched_parse150_says_the_size(
    client: ModuleType, log_in: Callable[..., Any], size: int | None, isinstance_of: Any
) -> None:
    """Which a download that is shorter falls short of."""
    ftp = log_in()
    with mock.patch.object(client, "parse150", return_value=size) as patched:
        connection, told = ftp.ntransfercmd("RETR x")
        assert told == size
        connection.close()
        ftp.voidresp()
        patched.assert_called_once_with("150 Ok.")
        with pytest.raises(isinstance_of) if isinstance_of else nullcontext():
            assert download(ftp) == LISTING
        ftp.sendcmd("NOOP")
    assert download(ftp) == LISTING


def test_what_a_patched_parser_raises_is_raised(
    client: ModuleType, log_in: Callable[..., Any]
) -> None:
    ftp = log_in()
    for name in ("parse150", "parse227", "parse257"):
        with (
            mock.patch.object(client, name, side_effect=KeyError(name)),
            pytest.raises(KeyError, match=name),
        ):
            ftp.pwd() if name == "parse257" else download(ftp)
        assert ftp.pwd() == "/here"


def test_trees_use_a_patched_parse227(
    client: ModuleType, log_in: Callable[..., Any], tmp_path: Path
) -> None:
    ftp = log_in()
    with mock.patch.object(client, "parse227", side_effect=client.parse227) as patched:
        summary = ftp.download_tree("", tmp_path)
    assert summary.transferred == 2
    assert patched.call_count >= 3, "the listing's and each file's"


def test_ftpcp_uses_a_patched_parse227(client: ModuleType, log_in: Callable[..., Any]) -> None:
    source, target = log_in(), log_in()
    with (
        mock.patch.object(client, "parse227", side_effect=ZeroDivisionError) as patched,
        pytest.raises(ZeroDivisionError),
    ):
        client.ftpcp(source, "x", target)
    assert patched.call_args.args[0].startswith("227 ")


# Mocks of the whole


def test_a_print_line_in_the_module_gets_lines_without_a_callback(
    client: ModuleType, log_in: Callable[..., Any]
) -> None:
    ftp, found = log_in(), lines(log_in())
    got: list[str] = []
    with mock.patch.object(client, "print_line", got.append):
        ftp.retrlines("RETR x")
    assert got == found


@pytest.mark.parametrize("transfer", [download, active_download])
def test_rest_is_said_to_a_transfercmd_that_wants_it(
    client: ModuleType, log_in: Callable[..., Any], transfer: Callable[[Any], bytes]
) -> None:
    given: list[object] = []

    class Wanting(client.FTP):  # type: ignore[misc, name-defined]
        def transfercmd(self, cmd: str, rest: object) -> socket.socket:
            given.append(rest)
            return super().transfercmd(cmd, rest)  # type: ignore[no-any-return]

    assert transfer(log_in(Wanting)) == transfer(log_in())
    assert given == [None]


def test_secrets_of_a_class_of_their_own_are_sent_as_they_are(
    client: ModuleType, scripted: Scripted
) -> None:
    class Secret(str):
        def __str__(self) -> str:
            return "***"

        __repr__ = __str__

    def hear(line: str, reply: str) -> Step:
        def step(conversation: Conversation) -> None:
            assert conversation.hear() == line
            conversation.say(reply)

        return step

    server = scripted(
        [
            say("220 Ready."),
            hear("USER user", "331 Password?"),
            hear("PASS pass", "332 Account?"),
            hear("ACCT account", "230 Welcome."),
            hear("ACCT other", "230 Welcome."),
        ]
    )
    with closing(client.FTP()) as ftp:
        ftp.connect(server.host, server.port, timeout=5)
        ftp.login(Secret("user"), Secret("pass"), Secret("account"))
        ftp.acct(Secret("other"))


def test_audit_is_whatever_sys_has(log_in: Callable[..., Any]) -> None:
    with mock.patch("sys.audit") as patched:
        ftp = log_in()
        ftp.pwd()
        count = patched.call_count
        calls = [call.args for call in patched.call_args_list]
        assert ("ftplib.connect", ftp, ftp.host, ftp.port) in calls
        assert ("socket.connect", ftp, (ftp.host, ftp.port)) in calls
        assert ("ftplib.sendcmd", ftp, "PWD") in calls
    ftp.pwd()
    assert patched.call_count == count


def test_mocks_can_be_made_of_the_class(client: ModuleType) -> None:
    loose = mock.Mock(spec=client.FTP)
    loose.pwd.return_value = "/mocked"
    assert loose.pwd() == "/mocked"
    with pytest.raises(AttributeError):
        loose.no_such_method()
    strict = mock.create_autospec(client.FTP, instance=True)
    strict.retrbinary.return_value = "226 Mocked."
    assert strict.retrbinary("RETR x", callback=print, blocksize=1000) == "226 Mocked."
    with mock.patch.object(client, "FTP", autospec=True) as patched:
        patched("host", user="user").login.assert_not_called()


def test_class_attributes_are_defaults_that_can_be_set(
    client: ModuleType, server: ScriptedServer
) -> None:
    with mock.patch.object(client.FTP, "port", server.port):
        ftp = client.FTP(server.host, timeout=5)
        ftp.login("user", "password")
        assert ftp.pwd() == "/here"
        ftp.close()
    assert client.FTP.port == 21


def test_other_bases_may_stand_beside(client: ModuleType, log_in: Callable[..., Any]) -> None:
    both = type("Both", (dict, client.FTP), {"__init__": client.FTP.__init__})
    ftp = log_in(both)
    ftp["key"] = "value"
    assert (dict(ftp), ftp.pwd()) == ({"key": "value"}, "/here")


# Auditing


def test_audit_events_are_raised(server: ScriptedServer) -> None:
    program = """
import sys
from usr.ftplib import FTP

def hook(event, arguments):
    if event.startswith("ftplib."):
        ftp, *rest = arguments
        print(event, type(ftp).__name__, *rest)

sys.addaudithook(hook)
with FTP(sys.argv[1], int(sys.argv[2]), "user", "password", timeout=5) as ftp:
    ftp.pwd()
"""
    done = THIS.run("-c", program, server.host, str(server.port), cwd=REPOSITORY)
    assert done.stdout.splitlines() == [
        f"ftplib.connect FTP {server.host} {server.port}",
        "ftplib.sendcmd FTP USER user",
        "ftplib.sendcmd FTP PASS password",
        "ftplib.sendcmd FTP PWD",
        "ftplib.sendcmd FTP QUIT",
    ]


def test_an_audit_hook_can_forbid(server: ScriptedServer) -> None:
    program = """
import sys
from usr.ftplib import FTP

def hook(event, arguments):
    if event == "ftplib.sendcmd" and arguments[1].startswith("DELE"):
        raise PermissionError("no deletions")

sys.addaudithook(hook)
with FTP(sys.argv[1], int(sys.argv[2]), "user", "password", timeout=5) as ftp:
    try:
        ftp.delete("x")
    except PermissionError as error:
        print(error, ftp.pwd())
"""
    done = THIS.run("-c", program, server.host, str(server.port), cwd=REPOSITORY)
    assert done.stdout == "no deletions /here\n"
    assert "DELE x" not in server.heard


# What may crash


STALLED: dict[str, tuple[Sequence[Step], str]] = {
    "a binary upload": (
        (answer("STOR", "150 Ok."), lambda conversation: conversation.connected()),
        "ftp.storbinary('STOR x', open('/dev/zero', 'rb'))",
    ),
    "a text upload": (
        (answer("STOR", "150 Ok."), lambda conversation: conversation.connected()),
        "ftp.storlines('STOR x', io.BytesIO(b'a line\\n' * 2_000_000))",
    ),
    "a download": (
        (answer("RETR", "150 Ok."), lambda conversation: conversation.connected()),
        "ftp.retrbinary('RETR x', bytes)",
    ),
    "an active download": (
        (answer("RETR", "150 Ok."),),
        "ftp.set_pasv(False); ftp.retrbinary('RETR x', bytes)",
    ),
}


@pytest.mark.parametrize("name", STALLED)
def test_a_transfer_may_stall_while_the_file_is_a_foreign_one(
    scripted: Scripted, name: str
) -> None:
    steps, call = STALLED[name]
    port = answer("PORT") if "active" in name else passive()
    server = scripted([*LOGIN, answer("TYPE"), port, *steps, stall()])
    program = f"""
import io, sys
from usr.ftplib import FTP

ftp = FTP(sys.argv[1], int(sys.argv[2]), "user", "password", timeout=0.5)
ftp.file = ftp.sock.makefile("r", encoding="utf-8")
try:
    {call}
except TimeoutError as error:
    print(error)
"""
    done = THIS.run("-W", "ignore", "-c", program, server.host, str(server.port), cwd=REPOSITORY)
    assert "timed out" in done.stdout


STRANGE = ["None", "5", "3.5", "b'200 Ok.'", "[]", "()", "object()", "mock.MagicMock()", "''"]
RETURNING = {
    "getline": "pwd nlst",
    "getmultiline": "pwd getresp abort nlst",
    "getresp": "pwd voidresp connect nlst transfercmd",
    "voidresp": "pwd retrbinary",
    "sendcmd": "login delete size rename makepasv mlsd transfercmd",
    "voidcmd": "pwd mkd cwd rmd quit sendport retrbinary",
    "makepasv": "transfercmd",
    "makeport": "active",
    "transfercmd": "retrbinary storbinary nlst",
    "ntransfercmd": "transfercmd retrbinary",
    "retrlines": "nlst dir mlsd",
    "sanitize": "debug",
    "connect": "construct",
    "close": "quit exit",
}


@pytest.mark.parametrize("name", RETURNING)
def test_a_replaced_method_may_return_anything(server: ScriptedServer, name: str) -> None:
    """As mocks do: the callers get an exception, or go on, and the interpreter stays whole."""
    program = f"""
import io, sys
from unittest import mock
from usr.ftplib import FTP

arguments = (sys.argv[1], int(sys.argv[2]), "user", "password")
CALLS = {{
    "login": lambda ftp: ftp.login("user", "password"),
    "delete": lambda ftp: ftp.delete("x"),
    "size": lambda ftp: ftp.size("x"),
    "mkd": lambda ftp: ftp.mkd("x"),
    "rmd": lambda ftp: ftp.rmd("x"),
    "cwd": lambda ftp: ftp.cwd(".."),
    "rename": lambda ftp: ftp.rename("x", "y"),
    "sendport": lambda ftp: ftp.sendport("127.0.0.1", 2000),
    "mlsd": lambda ftp: list(ftp.mlsd("", ["type"])),
    "transfercmd": lambda ftp: ftp.transfercmd("RETR x").close(),
    "retrbinary": lambda ftp: ftp.retrbinary("RETR x", bytes),
    "storbinary": lambda ftp: ftp.storbinary("STOR x", io.BytesIO(b"x")),
    "active": lambda ftp: (ftp.set_pasv(False), ftp.retrbinary("RETR x", bytes)),
    "debug": lambda ftp: (ftp.set_debuglevel(2), ftp.pwd()),
    "construct": lambda ftp: FTP(*arguments, timeout=0.5).close(),
    "exit": lambda ftp: ftp.__exit__(),
}}
for value in ({", ".join(STRANGE)}):
    for call in {RETURNING[name].split()!r}:
        ftp = FTP(*arguments, timeout=0.5)
        print("{name} returns", repr(value), "for", call, flush=True)
        try:
            with mock.patch.object(FTP, "{name}", lambda *_, **__: value):
                CALLS.get(call, lambda ftp: getattr(ftp, call)())(ftp)
        except SystemError:
            raise
        except Exception:
            pass
        ftp.close()
"""
    done = THIS.run("-W", "ignore", "-c", program, server.host, str(server.port), cwd=REPOSITORY)
    server.forgive()
    assert len(done.stdout.splitlines()) >= len(STRANGE) * len(RETURNING[name].split())


# Data connections that somebody has wrapped


class WrappedData:
    """What CPython's module needs of a data connection, and nothing else."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.recv, self.sendall, self.close = connection.recv, connection.sendall, connection.close
        self.makefile = connection.makefile

    def __enter__(self) -> WrappedData:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def test_a_wrapped_data_connection_needs_no_more_than_it_is_used_for(
    ftp: FTP, directory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = ftp.ntransfercmd

    def ntransfercmd(command: str, rest: Any = None) -> Any:
        connection, size = opened(command, rest)
        return WrappedData(connection), size

    monkeypatch.setattr(ftp, "ntransfercmd", ntransfercmd)
    directory.put("file", b"old content")
    ftp.storbinary("STOR file", io.BytesIO(b"new\r\ncontent\r\n"))
    assert directory.read("file") == b"new\r\ncontent\r\n"
    assert lines_of(ftp, "file") == ["new", "content"]
    ftp.storlines("STOR file", io.BytesIO(b"newer\n"))
    received: list[bytes] = []
    ftp.retrbinary("RETR file", received.append)
    assert received == [b"newer\n"]
    assert ftp.nlst() == ["file"]


def lines_of(ftp: FTP, name: str) -> list[str]:
    received: list[str] = []
    ftp.retrlines(f"RETR {name}", received.append)
    return received


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_rest_that_is_interrupted_leaves_the_session_in_step(
    ftp: FTP, directory: Any, count: int
) -> None:
    """To put it into words is Python code: Ctrl-C may come in it, however often that is done."""

    class Rest(int):
        asked = 0

        def __str__(self) -> str:
            Rest.asked += 1
            if Rest.asked == count:
                raise KeyboardInterrupt
            return int.__repr__(self)

    directory.put("file", b"content")
    received: list[bytes] = []
    with suppress(KeyboardInterrupt):
        ftp.retrbinary("RETR file", received.append, rest=Rest(3))
    assert ftp.pwd() == directory.path
    ftp.retrbinary("RETR file", received.append)
    assert received[-1] == b"content"


def test_a_file_with_an_error_handler_is_read(client: ModuleType, talk: Any) -> None:
    """A name in Latin-1, as one way to read it has it with CPython."""

    def refuse(conversation: Conversation) -> None:
        conversation.hear()
        conversation.control.sendall(b"550 caf\xe9.\r\n")

    ftp, _ = talk(refuse)
    ftp.file = ftp.sock.makefile("r", encoding="utf-8", errors="surrogateescape")
    with pytest.raises(client.error_perm, match="caf\udce9"):
        ftp.voidcmd("DELE f")
    ftp.file.close()
