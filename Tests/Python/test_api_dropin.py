"""What code written for CPython's `ftplib` relies on beyond calling the methods."""

from __future__ import annotations

import copy
import gc
import inspect
import io
import pickle
import socket
import time
import weakref
from collections.abc import Callable
from contextlib import closing, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from conftest import (
    LOGIN,
    Conversation,
    Directory,
    Interpreter,
    ScriptedServer,
    Server,
    Step,
    answer,
    cut,
    download,
    passive,
    say,
    send,
    stall,
    upload,
)

from usr.ftplib import (
    FTP,
    Error,
    error_perm,
    error_proto,
    error_reply,
    error_temp,
    parse150,
    parse227,
    parse229,
    parse257,
    print_line,
)

if TYPE_CHECKING:
    Talk = Callable[..., tuple[Any, ScriptedServer]]


# The module


def test_the_modules_constants(client: ModuleType) -> None:
    assert (client.FTP_PORT, client.MAXLINE, client.MSG_OOB) == (21, 8192, 1)
    assert (client.CRLF, client.B_CRLF) == ("\r\n", b"\r\n")
    assert client.__version__.count(".") == 2
    assert all(part.isdigit() for part in client.__version__.split("."))


def test_all_names_everything_public_that_is_the_modules_own(client: ModuleType) -> None:
    assert len(set(client.__all__)) == len(client.__all__)
    assert {"FTP", "error_reply", "error_temp", "error_perm", "error_proto", "all_errors"} <= set(
        client.__all__
    )
    assert [name for name in client.__all__ if not hasattr(client, name)] == []


def test_every_object_says_the_modules_own_name(client: ModuleType, ftp: FTP) -> None:
    things = [
        client.FTP,
        client.Error,
        client.error_perm,
        client.parse227,
        client.print_line,
        type(ftp.file),
        type(ftp.mlsd()),
        *client.FTP.__mro__[1:-1],
    ]
    assert {thing.__module__ for thing in things} == {client.__name__}


@pytest.mark.parametrize(
    ("reply", "size"),
    [
        ("150 Opening BINARY mode data connection for f (1234 bytes).", 1234),
        ("150 f (0 BYTES)", 0),
        ("150 f (5 bytes) (7 bytes)", 7),
        ("150 Here.", None),
        ("150 1234 bytes", None),
        ("150 (x bytes)", None),
    ],
)
def test_parse150(reply: str, size: int | None) -> None:
    assert parse150(reply) == size


def test_parse227_and_parse229_and_parse257() -> None:
    assert parse227("227 Entering Passive Mode (192,168,1,2,4,210).") == ("192.168.1.2", 1234)
    assert parse227("227 =192,168,1,2,4,210") == ("192.168.1.2", 1234)
    assert parse229("229 Extended (|||1234|)", ("::1", 21)) == ("::1", 1234)
    assert parse229("229 Extended (!!!1234!)", ("10.0.0.1", 21)) == ("10.0.0.1", 1234)
    assert parse257('257 "/a ""b"" c" created') == '/a "b" c'
    assert parse257("257 no path") == ""


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: parse150("200 f (5 bytes)"), error_reply),
        (lambda: parse150("550 no"), error_reply),
        (lambda: parse227("500 no"), error_reply),
        (lambda: parse227("227 no"), error_proto),
        (lambda: parse229("500 no", ("", 0)), error_reply),
        (lambda: parse229("229 (|||1234)", ("", 0)), error_proto),
        (lambda: parse229("229 (|1|h|1234|5|)", ("", 0)), error_proto),
        (lambda: parse257("250 /"), error_reply),
        (lambda: parse257("550 no"), error_reply),
    ],
)
def test_the_parsers_refuse(call: Callable[[], object], error: type[Error]) -> None:
    with pytest.raises(Error) as caught:
        call()
    assert type(caught.value) is error


def test_print_line_prints(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("a line")
    assert capsys.readouterr().out == "a line\n"


# The class


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("connect", ["host", "port", "timeout", "source_address"]),
        ("login", ["user", "passwd", "acct"]),
        ("set_debuglevel", ["level"]),
        ("set_pasv", ["val"]),
        ("sendcmd", ["cmd"]),
        ("voidcmd", ["cmd"]),
        ("sendport", ["host", "port"]),
        ("sendeprt", ["host", "port"]),
        ("transfercmd", ["cmd", "rest"]),
        ("ntransfercmd", ["cmd", "rest"]),
        ("retrbinary", ["cmd", "callback", "blocksize", "rest"]),
        ("retrlines", ["cmd", "callback"]),
        ("storbinary", ["cmd", "fp", "blocksize", "callback", "rest"]),
        ("storlines", ["cmd", "fp", "callback"]),
        ("acct", ["password"]),
        ("mlsd", ["path", "facts"]),
        ("rename", ["fromname", "toname"]),
        ("delete", ["filename"]),
        ("cwd", ["dirname"]),
        ("size", ["filename"]),
        ("mkd", ["dirname"]),
        ("rmd", ["dirname"]),
        ("pwd", []),
        ("quit", []),
        ("close", []),
        ("abort", []),
        ("getwelcome", []),
        ("putline", ["line"]),
        ("putcmd", ["line"]),
        ("getline", []),
        ("getmultiline", []),
        ("getresp", []),
        ("voidresp", []),
        ("makeport", []),
        ("makepasv", []),
        ("sanitize", ["s"]),
    ],
)
def test_the_signatures_are_readable(method: str, parameters: list[str]) -> None:
    names = list(inspect.signature(getattr(FTP, method)).parameters)
    assert names[: len(parameters) + 1] == ["self", *parameters]


def test_the_documented_blocksize_is_the_default() -> None:
    for method in (FTP.retrbinary, FTP.storbinary):
        assert inspect.signature(method).parameters["blocksize"].default == 2048 * 1024


def test_a_class_attribute_is_the_default_of_all_objects(
    vsftpd: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FTP, "port", vsftpd.port)
    ftp = FTP(vsftpd.host, vsftpd.user, vsftpd.password)
    assert ftp.pwd() == "/"
    ftp.close()


def test_objects_take_attributes_weak_references_and_other_bases() -> None:
    class Both(dict[str, int], FTP):
        pass

    both = Both(a=1)
    assert (both["a"], both.passiveserver) == (1, True)
    ftp: Any = FTP()
    ftp.note = "mine"
    assert vars(ftp)["note"] == "mine"
    assert weakref.ref(ftp)() is ftp


def test_an_object_in_a_cycle_is_collected(vsftpd: Server) -> None:
    ftp: Any = FTP(vsftpd.host, vsftpd.port)
    ftp.itself = ftp
    ftp.bound = ftp.pwd
    gone = weakref.ref(ftp)
    ftp.close()
    del ftp
    gc.collect()
    assert gone() is None


def test_a_mock_with_its_spec_has_its_methods() -> None:
    fake = mock.create_autospec(FTP)
    fake.return_value.pwd.return_value = "/"
    assert fake().pwd() == "/"
    with pytest.raises(AttributeError):
        fake().no_such_method()


def test_methods_can_be_called_through_the_class(ftp: FTP, directory: Directory) -> None:
    assert FTP.pwd(ftp) == directory.path
    assert FTP.sanitize(ftp, "PASS x") == "'PASS *'"


def overriding(*names: str) -> Any:
    """A subclass whose methods of these names note that they were called."""

    def noting(name: str) -> Callable[..., Any]:
        def method(self: Any, *arguments: Any, **keywords: Any) -> Any:
            self.calls.append(name)
            return getattr(FTP, name)(self, *arguments, **keywords)

        return method

    return type("Noting", (FTP,), {name: noting(name) for name in names} | {"calls": []})


COMMAND = ["sendcmd", "putcmd", "putline", "getresp", "getmultiline", "getline"]
VOID = ["voidcmd", "putcmd", "putline", "voidresp", "getresp", "getmultiline", "getline"]
PASSIVE = ["transfercmd", "ntransfercmd", "makepasv", *COMMAND, *COMMAND]
FINAL = ["voidresp", "getresp", "getmultiline", "getline"]


@pytest.mark.parametrize(
    ("steps", "call", "expected"),
    [
        ([answer("SYST")], lambda ftp: ftp.sendcmd("SYST"), COMMAND),
        ([answer("NOOP")], lambda ftp: ftp.voidcmd("NOOP"), VOID),
        ([answer("CWD")], lambda ftp: ftp.cwd("d"), VOID),
        ([answer("QUIT")], lambda ftp: ftp.quit(), [*VOID, "close"]),
        (
            [answer("RNFR", "350"), answer("RNTO")],
            lambda ftp: ftp.rename("a", "b"),
            [*COMMAND, *VOID],
        ),
        (
            [answer("TYPE"), passive(), *download(b"x")],
            lambda ftp: ftp.retrbinary("RETR f", len),
            [*VOID, *PASSIVE, *FINAL],
        ),
        (
            [answer("TYPE"), passive(), *upload()],
            lambda ftp: ftp.storbinary("STOR f", io.BytesIO(b"x")),
            [*VOID, *PASSIVE, *FINAL],
        ),
        (
            [answer("TYPE"), passive(), *upload()],
            lambda ftp: ftp.storlines("STOR f", io.BytesIO(b"x")),
            [*VOID, *PASSIVE, *FINAL],
        ),
        (
            [answer("TYPE"), passive(), *download(b"x")],
            lambda ftp: ftp.retrlines("RETR f", len),
            [*COMMAND, *PASSIVE, *FINAL],
        ),
        (
            [answer("TYPE"), passive(), *download(b"x", verb="NLST")],
            lambda ftp: ftp.nlst(),
            ["retrlines", *COMMAND, *PASSIVE, *FINAL],
        ),
        (
            [answer("TYPE"), passive(), *download(b"x", verb="LIST")],
            lambda ftp: ftp.dir(len),
            ["retrlines", *COMMAND, *PASSIVE, *FINAL],
        ),
        (
            [answer("TYPE"), passive(), *download(b"a=b; x", verb="MLSD")],
            lambda ftp: list(ftp.mlsd()),
            ["retrlines", *COMMAND, *PASSIVE, *FINAL],
        ),
    ],
    ids=[
        "sendcmd",
        "voidcmd",
        "cwd",
        "quit",
        "rename",
        "retrbinary",
        "storbinary",
        "storlines",
        "retrlines",
        "nlst",
        "dir",
        "mlsd",
    ],
)
def test_methods_call_each_other_by_name_as_cpythons_do(
    steps: list[Step], call: Callable[[Any], object], expected: list[str], talk: Talk
) -> None:
    ftp, _ = talk(*steps, cls=overriding(*set(expected)))
    ftp.calls.clear()
    call(ftp)
    assert ftp.calls == expected


def test_the_constructor_calls_connect_and_login_by_name(vsftpd: Server) -> None:
    cls = overriding("connect", "login", "getresp")
    ftp = cls(vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password)
    assert [name for name in ftp.calls if name != "getresp"] == ["connect", "login"]
    assert ftp.calls[:2] == ["connect", "getresp"], "the greeting"
    ftp.close()


def test_active_mode_calls_makeport_and_sendport_by_name(ftp: FTP, vsftpd: Server) -> None:
    cls = overriding("makeport", "sendport", "voidcmd")
    ftp = cls(vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password)
    ftp.set_pasv(False)
    cls.calls.clear()
    ftp.transfercmd("LIST").close()
    assert cls.calls == ["makeport", "sendport", "voidcmd"]
    ftp.close()


def test_a_method_of_the_instance_replaces_the_classs(ftp: FTP, directory: Directory) -> None:
    directory.put("f", b"")
    setattr(ftp, "sendcmd", lambda cmd: f'257 "{cmd}"')  # noqa: B010 - mypy
    assert ftp.sendcmd("PWD") == '257 "PWD"'
    with pytest.raises(error_proto), mock.patch.object(FTP, "getmultiline", return_value="999"):
        ftp.voidcmd("NOOP")


def test_a_replaced_retrlines_feeds_the_listings(ftp: FTP) -> None:
    class Canned(FTP):
        def retrlines(
            self, cmd: str | bytes, callback: Callable[[Any], object] | None = None
        ) -> str:
            assert callback is not None
            for line in ("type=file; one", "type=dir; two"):
                callback(line)
            return f"226 {cmd!r}"

    canned = Canned()
    assert canned.nlst("d") == ["type=file; one", "type=dir; two"]
    assert [name for name, _ in canned.mlsd()] == ["one", "two"]
    received: list[str] = []
    canned.dir(received.append)
    assert received == ["type=file; one", "type=dir; two"]
    assert ftp.sock is not None


def test_sock_may_be_a_property_of_a_subclass(vsftpd: Server) -> None:
    class Wrapping(FTP):
        """As the recipes for implicit TLS do it."""

        kept: Any = None

        @property
        def sock(self) -> Any:
            return self.kept

        @sock.setter
        def sock(self, value: Any) -> None:
            self.kept = value
            seen.append(value)

    seen: list[Any] = []
    ftp = Wrapping(vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password)
    assert ftp.pwd() == "/"
    assert isinstance(seen[-1], socket.socket)
    ftp.quit()
    assert seen[-1] is None


def test_file_may_be_replaced_by_a_file_of_the_socket(vsftpd: Server) -> None:
    ftp: Any = FTP(vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password)
    with ftp.sock.makefile("r", encoding="utf-8") as file:
        ftp.file = file
        assert ftp.pwd() == "/"
        assert ftp.sendcmd("FEAT").endswith("\n211 End")
        with pytest.raises(error_perm, match=r"^550 Failed to change directory\.$"):
            ftp.cwd("nowhere")
        received = io.BytesIO()
        with pytest.raises(error_perm):
            ftp.retrbinary("RETR nowhere", received.write)
        ftp.close()


def test_file_is_read_like_a_file(vsftpd: Server) -> None:
    ftp = FTP(vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password)
    ftp.putcmd("FEAT")
    lines = iter(lambda: ftp.file.readline(), "211 End\n")
    assert list(lines)[:2] == ["211-Features:\n", " EPRT\n"]
    assert ftp.pwd() == "/"
    ftp.close()


def test_a_socket_of_another_class_is_driven_by_its_methods(vsftpd: Server) -> None:
    class Counting(socket.socket):
        received = sent = 0

        def recv(self, *arguments: Any) -> bytes:
            data = super().recv(*arguments)
            Counting.received += len(data)
            return data

        def sendall(self, data: Any, *arguments: Any) -> None:
            Counting.sent += len(data)
            super().sendall(data, *arguments)

    def create_connection(address: Any, *_: Any, **__: Any) -> socket.socket:
        sock = Counting(socket.AF_INET, socket.SOCK_STREAM)
        sock.connect(address)
        return sock

    with mock.patch.object(socket, "create_connection", create_connection):
        ftp = FTP(vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password)
        before = (Counting.received, Counting.sent)
        content = bytes(range(256)) * 4096
        ftp.storbinary("STOR counted", io.BytesIO(content))
        result = io.BytesIO()
        ftp.retrbinary("RETR counted", result.write)
        ftp.delete("counted")
    assert result.getvalue() == content
    assert min(Counting.received - before[0], Counting.sent - before[1]) > len(content)
    ftp.close()


# Replies


@pytest.mark.parametrize(
    ("raw", "reply"),
    [
        (b"200 one\n", "200 one"),
        (b"200 one\r", "200 one"),
        (b"200-a\rb\r200 c\r\n", "200-a\nb\n200 c"),
        (b"200-a\r\n200-b\r\n200 c\r\n", "200-a\n200-b\n200 c"),
        (b"200-a\r\n 200 b\r\n300 c\r\n200 d\r\n", "200-a\n 200 b\n300 c\n200 d"),
        (b"200-a\r\n200\r\n", "200-a\n200"),
        (b"200-\r\n\r\n200 \r\n", "200-\n\n200 "),
        (b"200   blanks  \r\n", "200   blanks  "),
        ("200 ü €\r\n".encode(), "200 ü €"),
        (b"200\r\n", "200"),
    ],
    ids=repr,
)
def test_a_reply_is_read_as_cpython_reads_it(raw: bytes, reply: str, talk: Talk) -> None:
    ftp, _ = talk(
        lambda conversation: conversation.hear("NOOP"),
        lambda conversation: conversation.control.sendall(raw),
        answer("SYST", "215 Next."),
    )
    assert ftp.sendcmd("NOOP") == reply
    assert ftp.sendcmd("SYST") == "215 Next."


def test_maxline_is_read_at_each_call(talk: Talk) -> None:
    ftp, _ = talk(answer("NOOP", "200 " + "x" * 96), answer("NOOP", "200 " + "x" * 97))
    ftp.maxline = 100
    assert len(ftp.sendcmd("NOOP")) == 100
    with pytest.raises(Error, match=r"^got more than 100 bytes$"):
        ftp.sendcmd("NOOP")


# Data connections


def test_the_order_of_a_transfers_commands(talk: Talk) -> None:
    ftp, server = talk(
        answer("TYPE"), passive(), answer("REST", "350 From there."), *download(b"rest")
    )
    ftp.retrbinary("RETR f", len, rest=5)
    assert server.heard[2:] == ["TYPE I", "PASV", "REST 5", "RETR f"]


@pytest.mark.parametrize(
    ("rest", "sent"), [(0, "REST 0"), (7, "REST 7"), ("30", "REST 30"), (2**40, f"REST {2**40}")]
)
@pytest.mark.parametrize("method", ["retrbinary", "storbinary", "transfercmd", "ntransfercmd"])
def test_rest_is_sent_as_given(method: str, rest: int | str, sent: str, talk: Talk) -> None:
    def transfer(conversation: Conversation) -> None:
        conversation.hear("RETR", "STOR")
        conversation.say("150 Here.")
        conversation.end_data()
        conversation.say("226 Done.")

    type_first = [] if "transfercmd" in method else [answer("TYPE")]
    ftp, server = talk(*type_first, passive(), answer("REST", "350 From there."), transfer)
    if method == "retrbinary":
        ftp.retrbinary("RETR f", len, rest=rest)
    elif method == "storbinary":
        ftp.storbinary("STOR f", io.BytesIO(b""), rest=rest)
    else:
        result = getattr(ftp, method)("RETR f", rest)
        (result[0] if method == "ntransfercmd" else result).close()
        ftp.voidresp()
    assert server.heard[-2] == sent


def test_without_rest_none_is_sent(talk: Talk) -> None:
    ftp, server = talk(answer("TYPE"), passive(), *download(b"x"))
    ftp.retrbinary("RETR f", len, rest=None)
    assert server.heard[2:] == ["TYPE I", "PASV", "RETR f"]


def test_a_rest_that_is_refused_begins_no_transfer(talk: Talk) -> None:
    ftp, server = talk(answer("TYPE"), passive(), answer("REST", "502 No."), answer("NOOP"))
    with pytest.raises(error_perm, match=r"^502 No\.$"):
        ftp.retrbinary("RETR f", len, rest=5)
    assert ftp.voidcmd("NOOP") == "200 Very well."
    assert server.heard[-2:] == ["REST 5", "NOOP"]


def test_ntransfercmd_gives_the_announced_size(ftp: FTP, directory: Directory) -> None:
    directory.put("f", b"x" * 12345)
    ftp.voidcmd("TYPE I")
    sock, size = ftp.ntransfercmd("RETR f")
    assert (type(sock), size) == (socket.socket, 12345)
    with sock, sock.makefile("rb") as file:
        assert file.read() == b"x" * 12345
    assert ftp.voidresp() == "226 Transfer complete."
    sock, size = ftp.ntransfercmd("LIST")
    sock.close()
    assert size is None
    assert ftp.voidresp()[:3] == "226"


def test_transfercmd_uploads_by_hand(ftp: FTP, directory: Directory) -> None:
    ftp.voidcmd("TYPE I")
    with ftp.transfercmd("STOR f") as sock:
        sock.sendall(b"by hand")
    assert ftp.voidresp() == "226 Transfer complete."
    assert directory.read("f") == b"by hand"


def test_transfercmd_resumes_by_hand(ftp: FTP, directory: Directory) -> None:
    directory.put("f", b"0123456789")
    ftp.voidcmd("TYPE I")
    with ftp.transfercmd("RETR f", 4) as sock, sock.makefile("rb") as file:
        assert file.read() == b"456789"
    assert ftp.voidresp() == "226 Transfer complete."


def test_a_second_2yz_before_the_150_is_passed_over(talk: Talk) -> None:
    """Some servers confirm PORT twice."""
    ftp, _ = talk(
        answer("TYPE"),
        passive(),
        answer("RETR", "200 PORT is fine.", "150 Here."),
        lambda conversation: conversation.connected().sendall(b"x"),
        Conversation.end_data,
        say("226 Done."),
    )
    assert ftp.retrbinary("RETR f", len) == "226 Done."


def test_a_226_in_place_of_the_150_is_the_final_reply(talk: Talk) -> None:
    """It was quicker than the 150, which never came."""
    ftp, _ = talk(
        answer("TYPE"),
        passive(),
        lambda conversation: conversation.hear("RETR"),
        send(b"all"),
        Conversation.end_data,
        say("226 Done."),
        answer("NOOP"),
    )
    received: list[bytes] = []
    assert ftp.retrbinary("RETR f", received.append) == "226 Done."
    assert received == [b"all"]
    assert ftp.voidcmd("NOOP") == "200 Very well."


def test_an_idle_servers_farewell_is_an_error_temp(talk: Talk) -> None:
    ftp, _ = talk(answer("NOOP", "200 Very well.", "421 Idle for too long."), cut())
    ftp.voidcmd("NOOP")
    with pytest.raises(error_temp, match=r"^421 Idle for too long\.$"):
        ftp.voidcmd("NOOP")


def test_anything_but_a_1yz_begins_no_transfer(talk: Talk) -> None:
    ftp, _ = talk(answer("TYPE"), passive(), answer("RETR", "350 More?"), answer("NOOP"))
    with pytest.raises(error_reply, match=r"^350 More\?$"):
        ftp.retrbinary("RETR f", len)
    assert ftp.voidcmd("NOOP") == "200 Very well."


def test_a_125_begins_a_transfer_and_any_2yz_ends_it(talk: Talk) -> None:
    ftp, _ = talk(
        answer("TYPE"),
        passive(),
        answer("RETR", "125 Here."),
        Conversation.end_data,
        say("250 Done."),
    )
    assert ftp.retrbinary("RETR f", len) == "250 Done."


def test_a_text_transfer_takes_a_3yz_to_type_and_a_binary_one_does_not(talk: Talk) -> None:
    ftp, _ = talk(answer("TYPE", "350 Fine."), passive(), *download(b"x\r\n"))
    assert ftp.retrlines("RETR f", len) == "226 Done."
    ftp, _ = talk(answer("TYPE", "350 Fine."))
    with pytest.raises(error_reply):
        ftp.retrbinary("RETR f", len)


def test_makeport_listens_and_tells_the_server_where(talk: Talk) -> None:
    ftp, server = talk(answer("PORT"))
    with ftp.makeport() as listener:
        assert isinstance(listener, socket.socket)
        port = listener.getsockname()[1]
        assert server.heard[-1] == f"PORT 127,0,0,1,{port // 256},{port % 256}"
        with socket.create_connection(("127.0.0.1", port), timeout=20):
            listener.accept()[0].close()


def test_a_strangers_data_connection_is_not_taken(talk: Talk) -> None:
    """While the client listens in active mode, anybody may connect."""

    def connect_twice(conversation: Conversation) -> None:
        port = conversation.server.heard[-2].split(",")[-2:]
        address = ("127.0.0.1", int(port[0]) * 256 + int(port[1]))
        with socket.create_connection(address, 20, ("127.0.0.9", 0)) as stranger:
            with suppress(OSError):
                stranger.sendall(b"forged")
            with socket.create_connection(address, 20) as real:
                real.sendall(b"genuine")

    ftp, _ = talk(
        answer("TYPE"), answer("PORT"), answer("RETR", "150 Here."), connect_twice, say("226 Done.")
    )
    ftp.set_pasv(False)
    received: list[bytes] = []
    assert ftp.retrbinary("RETR f", received.append) == "226 Done."
    assert b"".join(received) == b"genuine"


def test_makepasv_says_where_the_server_listens(talk: Talk) -> None:
    ftp, server = talk(passive())
    host, port = ftp.makepasv()
    with socket.create_connection((host, port), timeout=20):
        assert (host, server.heard[-1]) == (server.host, "PASV")


@pytest.mark.parametrize(
    ("call", "command"),
    [
        (lambda ftp: ftp.sendport("10.1.2.3", 1234), "PORT 10,1,2,3,4,210"),
        (lambda ftp: ftp.sendeprt("10.1.2.3", 1234), "EPRT |1|10.1.2.3|1234|"),
    ],
)
def test_sendport_and_sendeprt(call: Callable[[FTP], str], command: str, talk: Talk) -> None:
    ftp, server = talk(answer(command[:4]))
    assert call(ftp) == "200 Very well."
    assert server.heard[-1] == command


def test_source_address_is_that_of_both_connections(scripted: Callable[..., Any]) -> None:
    peers: list[str] = []

    def note(conversation: Conversation) -> None:
        peers.append(conversation.control.getpeername()[0])
        peers.append(conversation.connected().getpeername()[0])

    server = scripted(
        [
            *LOGIN,
            answer("TYPE"),
            passive(),
            answer("RETR", "150"),
            note,
            Conversation.end_data,
            say("226 Done."),
        ]
    )
    ftp = FTP(server.host, server.port, "u", "p", source_address=("127.0.0.6", 0))
    ftp.retrbinary("RETR f", len)
    assert peers == ["127.0.0.6", "127.0.0.6"]
    ftp.close()


# What else is the same


def test_an_override_of_ntransfercmd_gets_both_arguments(talk: Talk) -> None:
    got: list[object] = []

    class Own(FTP):
        def ntransfercmd(self, cmd: Any, rest: Any) -> Any:  # type: ignore[override]
            got.append((cmd, rest))
            return super().ntransfercmd(cmd, rest)

    ftp, _ = talk(answer("TYPE"), passive(), *download(b"all"), cls=Own)
    blocks: list[bytes] = []
    ftp.retrbinary("RETR x", blocks.append)
    assert (got, blocks) == ([("RETR x", None)], [b"all"])


def test_a_closed_object_is_copied_without_its_login(ftp: FTP) -> None:
    ftp.close()
    for twin in (copy.deepcopy(ftp), pickle.loads(pickle.dumps(ftp))):
        assert twin.host == ftp.host
        assert twin.sock is None
        with pytest.raises(Error, match="not connected"):
            twin.pwd()


def test_mlsd_ends_with_the_error_that_it_raises(talk: Talk) -> None:
    ftp, server = talk(answer("TYPE"), passive(), answer("MLSD", "550 No."))
    entries = ftp.mlsd()
    with pytest.raises(error_perm, match="550 No"):
        next(entries)
    assert list(entries) == []
    assert [command[:4] for command in server.heard[2:]] == ["TYPE", "PASV", "MLSD"]


def test_mlsd_can_be_closed(talk: Talk) -> None:
    lines = b"type=file; a\r\ntype=file; b\r\n"
    ftp, server = talk(answer("TYPE"), passive(), *download(lines, verb="MLSD"))
    with closing(ftp.mlsd()) as entries:
        assert next(entries)[0] == "a"
    assert list(entries) == []
    with closing(ftp.mlsd()) as unasked:
        pass
    assert list(unasked) == []
    assert [command[:4] for command in server.heard[2:]] == ["TYPE", "PASV", "MLSD"]


# Replies


@pytest.mark.parametrize("name", ["voidresp", "getresp"])
def test_a_reply_may_be_asked_for_behind_another_command(vsftpd: Server, name: str) -> None:
    """As recipes do that keep the connection alive while `transfercmd`'s data is read."""
    with FTP(vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password, timeout=5) as ftp:
        data = ftp.transfercmd("LIST")
        while data.recv(8192):
            pass
        data.close()
        assert ftp.voidcmd("NOOP").startswith("200")
        assert getattr(ftp, name)().startswith("226")
        assert ftp.pwd() == "/"


def test_220_is_the_answer_to_host(scripted: Callable[..., ScriptedServer]) -> None:
    """RFC 7151: not the greeting once more, for which nobody waits."""
    server = scripted([say("220 Welcome."), answer("HOST", "220 This is it."), stall()])
    ftp = FTP(server.host, server.port)
    start = time.monotonic()
    assert ftp.sendcmd("HOST a.example") == "220 This is it."
    assert time.monotonic() - start < 0.8
    ftp.close()


def test_storbinary_takes_none_for_the_block_size(talk: Talk) -> None:
    """For `fp.read(None)` reads all; `socket.recv` takes no None."""
    ftp, server = talk(answer("TYPE"), passive(), *upload())
    with pytest.raises(TypeError, match="blocksize"):
        ftp.retrbinary("RETR f", print, None)
    ftp.storbinary("STOR f", io.BytesIO(b"content"), None)
    assert server.received == [b"content"]


# Auditing


def test_connecting_and_commands_raise_auditing_events(
    interpreter: Interpreter, vsftpd: Server
) -> None:
    done = interpreter.run(
        "-c",
        "import sys\n"
        "from usr.ftplib import FTP\n"
        "sys.addaudithook(lambda event, args: event.startswith('ftplib.')"
        " and print(event, type(args[0]).__name__, *args[1:]))\n"
        f"ftp = FTP({vsftpd.host!r}, {vsftpd.port}, {vsftpd.user!r}, {vsftpd.password!r})\n"
        "ftp.quit()\n",
    )
    assert done.stdout.splitlines() == [
        f"ftplib.connect FTP {vsftpd.host} {vsftpd.port}",
        f"ftplib.sendcmd FTP USER {vsftpd.user}",
        f"ftplib.sendcmd FTP PASS {vsftpd.password}",
        "ftplib.sendcmd FTP QUIT",
    ]
