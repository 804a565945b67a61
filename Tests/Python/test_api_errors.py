"""The exceptions: their classes, what they hold, and that the object goes on after them."""

from __future__ import annotations

import copy
import errno
import pickle
import socket
from collections.abc import Callable, Iterator
from io import BytesIO
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from conftest import (
    Conversation,
    Directory,
    ScriptedServer,
    answer,
    cut,
    download,
    end_data,
    passive,
    receive,
    say,
    send,
)

from usr.ftplib import (
    FTP,
    Error,
    all_errors,
    error_perm,
    error_proto,
    error_reply,
    error_temp,
)

if TYPE_CHECKING:
    Talk = Callable[..., tuple[FTP, ScriptedServer]]

CLASSES = [Error, error_reply, error_temp, error_perm, error_proto]


# The classes


def test_the_classes_derive_from_error_alone() -> None:
    assert [cls.__mro__ for cls in CLASSES[1:]] == [
        (cls, Error, Exception, BaseException, object) for cls in CLASSES[1:]
    ]
    assert Error.__bases__ == (Exception,)
    assert [cls.__name__ for cls in CLASSES] == [
        "Error",
        "error_reply",
        "error_temp",
        "error_perm",
        "error_proto",
    ]


@pytest.mark.parametrize("error", [*CLASSES, OSError, EOFError, socket.gaierror, TimeoutError])
def test_all_errors_catches_each(error: type[Exception]) -> None:
    assert issubclass(error, all_errors)
    assert not issubclass(ValueError, all_errors)


@pytest.mark.parametrize("cls", CLASSES)
def test_an_exception_is_pickled_and_copied(cls: type[Error], client: ModuleType) -> None:
    assert cls.__module__ == client.__name__
    assert cls.__qualname__ == cls.__name__
    error = cls("550 No.")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is cls
        assert twin.args == ("550 No.",)


def test_a_raised_exception_is_pickled_too(ftp: FTP) -> None:
    with pytest.raises(error_perm) as caught:
        ftp.cwd("nowhere")
    twin = pickle.loads(pickle.dumps(caught.value))
    assert (type(twin), twin.args) == (error_perm, ("550 Failed to change directory.",))


# Replies


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        (["100 Wait."], error_reply),
        (["350 More."], error_reply),
        (["421 I am leaving."], error_temp),
        (["450 Later."], error_temp),
        (["499"], error_temp),
        (["500 What?"], error_perm),
        (["550-No", " and no", "550 again."], error_perm),
        (["599"], error_perm),
        (["600 Hm."], error_proto),
        (["999"], error_proto),
        (["Hello"], error_proto),
    ],
)
def test_the_first_digit_chooses_the_class(
    lines: list[str], error: type[Error], talk: Talk
) -> None:
    ftp, _ = talk(answer("NOOP", *lines))
    with pytest.raises(Error) as caught:
        ftp.voidcmd("NOOP")
    assert type(caught.value) is error
    assert caught.value.args == ("\n".join(lines),)


def test_a_server_that_closes_is_an_eof_error(talk: Talk) -> None:
    ftp, server = talk(cut())
    with pytest.raises(EOFError, match=f"{server.host} port {server.port} closed"):
        ftp.voidcmd("NOOP")


def test_a_reply_cut_off_in_the_middle_is_an_eof_error(talk: Talk) -> None:
    ftp, _ = talk(answer("STAT", "211-Status", " half"), cut())
    with pytest.raises(EOFError):
        ftp.sendcmd("STAT")


def test_a_line_that_is_too_long_is_an_error_and_asks_to_reconnect(talk: Talk) -> None:
    ftp, _ = talk(answer("NOOP", "200 " + "x" * 9000))
    with pytest.raises(Error, match=r"^got more than 8192 bytes$") as caught:
        ftp.sendcmd("NOOP")
    assert type(caught.value) is Error
    with pytest.raises(Error, match="connect again"):
        ftp.sendcmd("NOOP")


@pytest.mark.parametrize(
    "lines",
    [["214-"] + [" line"] * 2000 + ["214 End"], ["214-"] + [" " * 8000] * 20 + ["214 End"]],
    ids=["lines", "bytes"],
)
def test_a_reply_without_end_is_an_error_and_asks_to_reconnect(
    lines: list[str], talk: Talk
) -> None:
    ftp, _ = talk(answer("STAT", *lines))
    with pytest.raises(Error, match="longer than"):
        ftp.sendcmd("STAT")
    with pytest.raises(Error, match="connect again"):
        ftp.sendcmd("NOOP")


def test_a_reply_that_does_not_decode_is_a_unicode_error_and_the_next_command_works(
    talk: Talk,
) -> None:
    ftp, _ = talk(
        lambda conversation: conversation.hear("SYST"),
        lambda conversation: conversation.control.sendall(b"215 \xe9\r\n"),
        answer("NOOP"),
    )
    with pytest.raises(UnicodeDecodeError):
        ftp.sendcmd("SYST")
    assert ftp.voidcmd("NOOP") == "200 Very well."


# Sockets


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that is taken, so that nobody else gets it, and on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_a_refused_connection_names_host_port_and_cause(silent_port: int) -> None:
    port = silent_port
    with pytest.raises(ConnectionRefusedError) as caught:
        FTP("127.0.0.1", port)
    assert caught.value.errno == errno.ECONNREFUSED
    assert str(caught.value) == (
        f"[Errno {errno.ECONNREFUSED}] cannot connect to 127.0.0.1 port {port}: Connection refused"
    )


def test_a_name_that_does_not_resolve_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: object, **__: object) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(socket.gaierror) as caught:
        FTP("ftp.nowhere.invalid", 2121)
    assert caught.value.errno == socket.EAI_NONAME
    assert caught.value.strerror == (
        "cannot connect to ftp.nowhere.invalid port 2121: Name or service not known"
    )


class ProxyError(OSError):
    """Another library's."""


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (
            PermissionError(errno.EPERM, "Operation not permitted"),
            "cannot connect to h port 2121: Operation not permitted",
        ),
        (OSError("no route"), "cannot connect to h port 2121: no route"),
        (TimeoutError("timed out"), "cannot connect to h port 2121: timed out"),
        (TimeoutError(errno.ETIMEDOUT, "Connection timed out"), "Connection timed out"),
    ],
)
def test_a_fault_keeps_its_class_and_number(
    raised: OSError, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def create_connection(*_: object, **__: object) -> NoReturn:
        raise raised

    monkeypatch.setattr(socket, "create_connection", create_connection)
    with pytest.raises(OSError, match=message) as caught:
        FTP("h", 2121)
    assert type(caught.value) is type(raised)
    assert caught.value.errno == raised.errno


@pytest.mark.parametrize(
    "raised",
    [
        ProxyError(errno.ECONNREFUSED, "the proxy refuses"),
        RuntimeError("no event loop"),
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_foreign_exception_passes_untouched(
    raised: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = raised.args

    def create_connection(*_: object, **__: object) -> NoReturn:
        raise raised

    monkeypatch.setattr(socket, "create_connection", create_connection)
    with pytest.raises(type(raised)) as caught:
        FTP("h", 2121)
    assert caught.value is raised
    assert raised.args == arguments


def test_a_reset_connection_names_host_port_and_cause(talk: Talk) -> None:
    ftp, server = talk(lambda conversation: conversation.hear("NOOP"), cut(reset=True))
    with pytest.raises(ConnectionResetError) as caught:
        ftp.voidcmd("NOOP")
    assert caught.value.errno == errno.ECONNRESET
    assert f"{server.host} port {server.port}: Connection reset by peer" in str(caught.value)


def test_a_data_connection_that_is_refused_names_host_port_and_cause(
    talk: Talk, silent_port: int
) -> None:
    port = silent_port
    reply = f"227 Entering (127,0,0,1,{port // 256},{port % 256})."
    ftp, _ = talk(answer("TYPE"), answer("PASV", reply), answer("NOOP"))
    with pytest.raises(ConnectionRefusedError) as caught:
        ftp.retrbinary("RETR f", print)
    assert caught.value.errno == errno.ECONNREFUSED
    assert caught.value.strerror == (
        f"cannot open the data connection to 127.0.0.1 port {port}: Connection refused"
    )
    assert ftp.voidcmd("NOOP") == "200 Very well."


@pytest.mark.parametrize(
    "reply",
    [
        "227 Entering passive mode.",
        "227 Entering (1,2,3,4,5).",
        "227 (1,2,3,4,256,1)",
        "227 (127,0,0,1,0,0)",
        "229 Entering (|||0|)",
        "229 Entering ()",
    ],
)
def test_a_passive_reply_without_an_address_is_an_error_proto(reply: str, talk: Talk) -> None:
    ftp, _ = talk(answer("TYPE"), answer("PASV", reply), answer("NOOP"))
    with pytest.raises(error_proto):
        ftp.retrbinary("RETR f", print)
    assert ftp.voidcmd("NOOP") == "200 Very well."


# Broken-off transfers: the object goes on


class CallbackError(Exception):
    """What the callbacks here raise."""


def breaking(*_: object) -> NoReturn:
    raise CallbackError


class BreakingFile(BytesIO):
    """A file that cannot be read any further after its first block."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 0:
            raise CallbackError
        return super().read(size)

    def readline(self, size: int | None = -1, /) -> bytes:
        if self.tell() > 0:
            raise CallbackError
        return super().readline(size)


BREAKS: list[tuple[str, Callable[[FTP], object]]] = [
    ("retrbinary", lambda ftp: ftp.retrbinary("RETR large", breaking)),
    ("retrbinary resumed", lambda ftp: ftp.retrbinary("RETR large", breaking, rest=100)),
    ("retrlines", lambda ftp: ftp.retrlines("RETR large", breaking)),
    ("nlst", lambda ftp: ftp.retrlines("NLST", breaking)),
    ("dir", lambda ftp: ftp.dir(breaking)),
    ("storbinary's callback", lambda ftp: ftp.storbinary("STOR up", large(), 8192, breaking)),
    ("storbinary's file", lambda ftp: ftp.storbinary("STOR up", BreakingFile(bytes(2**20)))),
    ("storlines' callback", lambda ftp: ftp.storlines("STOR up", large(), breaking)),
    ("storlines' file", lambda ftp: ftp.storlines("STOR up", BreakingFile(b"a\nb\n" * 2**16))),
]


def large() -> BytesIO:
    return BytesIO(b"a line of text\n" * 2**17)


@pytest.mark.parametrize("call", [row[1] for row in BREAKS], ids=[row[0] for row in BREAKS])
@pytest.mark.parametrize("active", [False, True], ids=["passive", "active"])
def test_an_exception_in_the_callers_code_passes_and_the_next_commands_work(
    active: bool, call: Callable[[FTP], object], ftp: FTP, directory: Directory
) -> None:
    directory.put("large", large().getvalue())
    ftp.set_pasv(not active)
    with pytest.raises(CallbackError):
        call(ftp)
    assert ftp.pwd() == directory.path
    assert ftp.size("large") == 15 * 2**17
    received = BytesIO()
    assert ftp.retrbinary("RETR large", received.write) == "226 Transfer complete."
    assert received.getvalue() == large().getvalue()


def test_the_data_connection_is_closed_when_a_callback_raises(talk: Talk) -> None:
    def count_what_the_client_takes(conversation: Conversation) -> None:
        try:
            while True:
                conversation.connected().sendall(b"x" * 65536)
        except OSError:
            conversation.say("426 You have gone.")

    ftp, server = talk(
        answer("TYPE"),
        passive(),
        answer("RETR", "150 Endless."),
        count_what_the_client_takes,
        answer("NOOP"),
    )
    with pytest.raises(CallbackError):
        ftp.retrbinary("RETR f", breaking)
    assert ftp.voidcmd("NOOP") == "200 Very well."
    assert server.heard[-1] == "NOOP"


@pytest.mark.parametrize(
    ("final", "error"),
    [
        ("426 Connection broken.", error_temp),
        ("451 Disk error.", error_temp),
        ("550 Changed my mind.", error_perm),
        ("350 Strange.", error_reply),
    ],
)
@pytest.mark.parametrize("method", ["retrbinary", "retrlines", "storbinary", "storlines"])
def test_a_refusal_after_the_data_is_an_error_and_the_next_command_works(
    method: str, final: str, error: type[Error], talk: Talk
) -> None:
    steps = {
        "retr": download(b"data\r\n", final=final),
        "stor": (answer("STOR", "150 Go."), receive(), say(final)),
    }[method[:4]]
    ftp, _ = talk(answer("TYPE"), passive(), *steps, answer("NOOP"))
    calls: dict[str, Callable[[], object]] = {
        "retrbinary": lambda: ftp.retrbinary("RETR f", len),
        "retrlines": lambda: ftp.retrlines("RETR f", len),
        "storbinary": lambda: ftp.storbinary("STOR f", BytesIO(b"data")),
        "storlines": lambda: ftp.storlines("STOR f", BytesIO(b"data")),
    }
    with pytest.raises(error) as caught:
        calls[method]()
    assert caught.value.args == (final,)
    assert ftp.voidcmd("NOOP") == "200 Very well."


def test_a_reset_data_connection_is_explained_by_the_server(talk: Talk) -> None:
    ftp, _ = talk(
        answer("TYPE"),
        passive(),
        answer("RETR", "150 Here."),
        send(b"half"),
        end_data(reset=True),
        say("426 Broken."),
        answer("NOOP"),
    )
    with pytest.raises(error_temp, match=r"^426 Broken\.$"):
        ftp.retrbinary("RETR f", len)
    assert ftp.voidcmd("NOOP") == "200 Very well."


def test_a_reset_data_connection_without_a_word_is_an_os_error(talk: Talk) -> None:
    ftp, server = talk(
        answer("TYPE"),
        passive(),
        answer("RETR", "150 Here."),
        end_data(reset=True),
        answer("NOOP", "226 Done all the same.", "200 Very well."),
        answer("SYST", "215 Mine."),
    )
    with pytest.raises(
        ConnectionResetError, match=f"the data connection of {server.host}"
    ) as caught:
        ftp.retrbinary("RETR f", len)
    assert caught.value.errno == errno.ECONNRESET
    assert ftp.sendcmd("SYST") == "215 Mine."
    assert server.heard[-2:] == ["NOOP", "SYST"], "NOOP asked for the late reply"


def test_a_server_that_stops_an_upload_is_quoted(talk: Talk) -> None:
    ftp, _ = talk(
        answer("TYPE"),
        passive(),
        answer("STOR", "150 Go."),
        Conversation.connected,
        end_data(reset=True),
        say("552 Disk full."),
        answer("NOOP"),
    )
    with pytest.raises(error_perm, match=r"^552 Disk full\.$"):
        ftp.storbinary("STOR f", BytesIO(bytes(2**24)))
    assert ftp.voidcmd("NOOP") == "200 Very well."


def test_a_server_that_closes_during_a_transfer_is_an_eof_error(talk: Talk) -> None:
    ftp, _ = talk(
        answer("TYPE"), passive(), answer("RETR", "150 Here."), send(b"all"), end_data(), cut()
    )
    received: list[bytes] = []
    with pytest.raises(EOFError):
        ftp.retrbinary("RETR f", received.append)
    assert received == [b"all"]


# A download that ends early


@pytest.mark.parametrize(
    ("announced", "rest", "content"),
    [
        ("150 Opening BINARY mode data connection for f (10 bytes).", None, b"12345"),
        ("150 Here (10 bytes)", 3, b"12345"),
        ("150 Here (10 BYTES)", "3", b"12345"),
        ("150 Here (1 bytes)", None, b""),
        ("150 f (5 bytes) (10 bytes)", None, b"12345"),
    ],
)
def test_a_binary_download_that_ends_early_is_an_eof_error_with_both_numbers(
    announced: str, rest: int | str | None, content: bytes, talk: Talk
) -> None:
    offset = [answer("REST", "350 From there.")] if rest is not None else []
    steps = (*offset, answer("RETR", announced), send(content), end_data(), say("226 Done."))
    ftp, server = talk(answer("TYPE"), passive(), *steps, answer("NOOP"))
    received: list[bytes] = []
    with pytest.raises(EOFError) as caught:
        ftp.retrbinary("RETR f", received.append, rest=rest)
    expected = "1" if "(1 " in announced else "10"
    assert f"received {len(content)} of {expected} bytes" in str(caught.value)
    assert b"".join(received) == content
    assert ftp.voidcmd("NOOP") == "200 Very well.", "the 226 has been read"
    assert not any(command.startswith("SIZE") for command in server.heard)


@pytest.mark.parametrize(
    ("announced", "rest", "content"),
    [
        ("150 Here (5 bytes).", None, b"12345"),
        ("150 Here (4 bytes).", None, b"12345"),
        ("150 Here (10 bytes).", 5, b"12345"),
        ("150 Here (5 bytes).", 5, b"12345"),
        ("150 Here, 10 bytes.", None, b"12345"),
        ("150 Here.", None, b""),
        ("125 Here (10 bytes).", None, b"12345"),
        ("150 Here (99999999999999999999999 bytes).", None, b"12345"),
    ],
)
def test_a_binary_download_that_may_be_whole_is_no_error(
    announced: str, rest: int | None, content: bytes, talk: Talk
) -> None:
    offset = [answer("REST", "350 From there.")] if rest is not None else []
    steps = (*offset, answer("RETR", announced), send(content), end_data(), say("226 Done."))
    ftp, _ = talk(answer("TYPE"), passive(), *steps)
    received: list[bytes] = []
    assert ftp.retrbinary("RETR f", received.append, rest=rest) == "226 Done."
    assert b"".join(received) == content


def test_a_text_download_is_not_measured(talk: Talk) -> None:
    ftp, _ = talk(
        answer("TYPE"),
        passive(),
        answer("RETR", "150 Here (100 bytes)."),
        send(b"short\r\n"),
        end_data(),
        say("226 Done."),
    )
    received: list[Any] = []
    assert ftp.retrlines("RETR f", received.append) == "226 Done."
    assert received == ["short"]


def test_a_refusal_after_a_short_download_is_the_error(talk: Talk) -> None:
    ftp, _ = talk(
        answer("TYPE"),
        passive(),
        answer("RETR", "150 Here (100 bytes)."),
        send(b"short"),
        end_data(),
        say("426 Broken."),
    )
    with pytest.raises(error_temp, match=r"^426 Broken\.$"):
        ftp.retrbinary("RETR f", len)


def test_a_real_servers_size_is_held_against_the_data(ftp: FTP, directory: Directory) -> None:
    """vsftpd announces what it finds; a file that shrinks while it is sent ends early."""
    content = bytes(2**25)
    file = directory.put("shrinking", content)
    received = 0

    def shrink(block: bytes) -> None:
        nonlocal received
        if received == 0:
            with file.open("r+b") as opened:
                opened.truncate(2**20)
        received += len(block)

    with pytest.raises((EOFError, error_temp)):
        ftp.retrbinary("RETR shrinking", shrink)
    assert received < len(content)
    assert ftp.pwd() == directory.path
