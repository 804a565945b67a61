"""The constructor, `connect`, `login`, `quit`, `close` and the `with` statement."""

from __future__ import annotations

import errno
import gc
import socket
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from conftest import LOGIN, Directory, ScriptedServer, Server, answer, cut, passive, say

from usr.ftplib import FTP, Error, error_perm, error_reply, error_temp

if TYPE_CHECKING:
    Scripted = Callable[..., ScriptedServer]

GREETING = "220 (vsFTPd 3.0.3)"
NOT_CONNECTED = r"^not connected to an FTP server: call connect\(\) first$"


class DialledError(Exception):
    """Stops a connect that only had to show where it would go."""


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What `socket.create_connection` is asked for: (address, timeout, source_address)."""
    asked: list[tuple[Any, ...]] = []

    def create_connection(
        address: tuple[str, int], timeout: object = None, source_address: object = None
    ) -> NoReturn:
        asked.append((address, timeout, source_address))
        raise DialledError

    monkeypatch.setattr(socket, "create_connection", create_connection)
    return asked


@contextmanager
def no_leaks() -> Iterator[None]:
    """No socket is left for the garbage collector to close."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        yield
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


# The constructor


def test_without_a_host_nothing_is_connected(dialled: list[tuple[Any, ...]]) -> None:
    ftp = FTP()
    assert dialled == []
    assert (ftp.sock, ftp.file, ftp.welcome, ftp.af) == (None, None, None, None)
    assert (ftp.host, ftp.port, ftp.encoding, ftp.source_address) == ("", 21, "utf-8", None)
    assert (ftp.debugging, ftp.maxline, ftp.ipvtype) == (0, 8192, 0)
    assert ftp.passiveserver is True
    assert ftp.trust_server_pasv_ipv4_address is False


def test_a_user_without_a_host_connects_nothing(dialled: list[tuple[Any, ...]]) -> None:
    assert FTP(user="somebody", passwd="secret").sock is None
    assert dialled == []


def test_with_a_host_alone_it_connects_and_does_not_log_in(vsftpd: Server) -> None:
    ftp = FTP(vsftpd.host, vsftpd.port)
    assert ftp.welcome == ftp.getwelcome() == GREETING
    with pytest.raises(error_perm, match=r"^530 Please login with USER and PASS\.$"):
        ftp.pwd()
    ftp.close()


@pytest.mark.parametrize("user", ["", None])
def test_an_empty_user_is_none(user: str | None, vsftpd: Server) -> None:
    ftp = FTP(vsftpd.host, vsftpd.port, user, "secret")
    assert ftp.lastresp == "220", "the greeting was the last reply"
    ftp.close()


def positional(server: Server) -> FTP:
    return FTP(server.host, server.port, server.user, server.password, "", 20)


def named(server: Server) -> FTP:
    return FTP(
        host=server.host,
        port=server.port,
        user=server.user,
        passwd=server.password,
        acct=None,
        timeout=20,
    )


def as_documented(server: Server) -> FTP:
    return FTP(host=server.host, port=server.port, user=server.user, passwd=server.password)


def in_cpythons_order(server: Server) -> FTP:
    return FTP(server.host, server.user, server.password, "", 20, None, port=server.port)


def in_cpythons_order_with_a_class_for_the_port(server: Server) -> FTP:
    class Ours(FTP):
        port = server.port

    return Ours(server.host, server.user, server.password)


def with_an_empty_user_in_cpythons_order(server: Server) -> FTP:
    ftp = FTP(server.host, "", "", "", 20, port=server.port)
    ftp.login(server.user, server.password)
    return ftp


@pytest.mark.parametrize(
    "construct",
    [
        positional,
        named,
        as_documented,
        in_cpythons_order,
        in_cpythons_order_with_a_class_for_the_port,
        with_an_empty_user_in_cpythons_order,
    ],
)
def test_both_orders_and_the_names_log_in(
    construct: Callable[[Server], FTP], vsftpd: Server
) -> None:
    ftp = construct(vsftpd)
    assert ftp.pwd() == "/"
    assert (ftp.host, ftp.port) == (vsftpd.host, vsftpd.port)
    ftp.close()


@pytest.mark.parametrize(
    ("arguments", "keywords", "expected"),
    [
        (("h", 2121, "", "", "", 7, ("127.0.0.3", 0)), {}, (("h", 2121), 7, ("127.0.0.3", 0))),
        (("h", "u", "p", "a", 7, ("127.0.0.3", 0)), {}, (("h", 21), 7, ("127.0.0.3", 0))),
        (("h", "u"), {"timeout": 7, "port": 2121}, (("h", 2121), 7, None)),
        (("h", "u", "p"), {"source_address": ("", 5)}, (("h", 21), 60.0, ("", 5))),
    ],
)
def test_every_argument_finds_its_place(
    arguments: tuple[object, ...],
    keywords: dict[str, object],
    expected: object,
    client: ModuleType,
    dialled: list[tuple[Any, ...]],
) -> None:
    with pytest.raises(DialledError):
        client.FTP(*arguments, **keywords)
    assert dialled == [expected]


NOBODY: list[str] = []
USER, BOTH = ["USER u", "PASS "], ["USER u", "PASS p"]
ALL = [*BOTH, "ACCT a"]


@pytest.mark.parametrize(
    ("arguments", "keywords", "sent", "timeout"),
    [
        # CPython's order: there is no user.
        (("p",), {}, NOBODY, 20),
        (("p", None), {}, NOBODY, 20),
        (("p", "a", 7), {}, NOBODY, 7),
        (("p", "a", 7.5, None), {}, NOBODY, 7.5),
        (("p", "a", None, ("127.0.0.1", 0)), {}, NOBODY, None),
        (("p", "a", socket._GLOBAL_DEFAULT_TIMEOUT, None), {}, NOBODY, ...),  # type: ignore[attr-defined]
        ((None, None, 7), {}, NOBODY, 7),
        (("", "", 7), {}, NOBODY, 7),
        # Either.
        ((), {}, NOBODY, 20),
        ((None,), {}, NOBODY, 20),
        ((None, None), {}, NOBODY, 20),
        ((None, None, None), {}, NOBODY, 20),
        ((), {"user": "u", "passwd": "p"}, BOTH, 20),
        # The documentation's order: there is no port.
        (("u", "p"), {}, BOTH, 20),
        (("u", ""), {}, USER, 20),
        (("u", "p", "a"), {}, ALL, 20),
        (("u", "p", None), {}, BOTH, 20),
        (("u", "p", "a", 7), {}, ALL, 7),
        (("u", "p", None, 7), {}, BOTH, 7),
        (("u", "p", "a", None, ("127.0.0.1", 0)), {}, ALL, None),
        (("u",), {"passwd": "p"}, BOTH, 20),
        ((None, None, None, 7), {}, NOBODY, 7),
    ],
)
def test_none_for_the_second_argument_is_in_either_order(
    arguments: tuple[object, ...],
    keywords: dict[str, object],
    sent: list[str],
    timeout: object,
    scripted: Scripted,
) -> None:
    """The others tell which. What may be a password is not sent as the name of a user."""

    class Near(FTP):
        port = 0

    steps = [
        answer("USER", "331 Who?"),
        answer("PASS", "332 What for?" if "a" in arguments else "230 In."),
        answer("ACCT", "230 In."),
    ]
    server = scripted([say("220 Hello."), *steps][: 1 + len(sent)])
    Near.port = server.port
    make: Any = Near
    if timeout == 20:
        keywords = {**keywords, "timeout": timeout}
    with closing(make(server.host, None, *arguments, **keywords)) as ftp:
        assert server.heard == sent
        expected = socket._GLOBAL_DEFAULT_TIMEOUT if timeout is ... else timeout  # type: ignore[attr-defined]
        assert ftp.timeout == expected


def test_a_port_by_name_says_that_the_second_argument_is_none(scripted: Scripted) -> None:
    server = scripted([say("220 Hello.")])
    make: Any = FTP
    with closing(make(server.host, None, "p", "a", port=server.port)) as ftp:
        assert (ftp.port, server.heard) == (server.port, [])


@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [
        ((), {"hostname": "h"}),
        (("h",), {"host": "h"}),
        (("h", "user"), {"user": "u"}),
        (("h", 1, "u", "p", "a", 1, None, 0, "utf-8"), {}),
        (("h", "u", "p", "a", 1, None, 21), {}),
        (("h", 21), {"password": "p"}),
    ],
)
def test_arguments_that_do_not_exist_are_a_type_error(
    arguments: tuple[object, ...],
    keywords: dict[str, object],
    client: ModuleType,
    dialled: list[tuple[Any, ...]],
) -> None:
    with pytest.raises(TypeError, match="FTP"):
        client.FTP(*arguments, **keywords)
    assert dialled == []


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_the_encoding_is_a_keyword(encoding: str) -> None:
    assert FTP(encoding=encoding).encoding == encoding


def test_the_account_is_sent_when_the_server_asks(scripted: Scripted) -> None:
    server = scripted(
        [
            say("220 Hello."),
            answer("USER", "331 Password."),
            answer("PASS", "332 Account."),
            answer("ACCT", "230 In."),
        ]
    )
    FTP(server.host, server.port, "u", "p", "a").close()
    assert server.heard == ["USER u", "PASS p", "ACCT a"]


def test_a_constructor_that_fails_leaves_no_connection(vsftpd: Server) -> None:
    with no_leaks(), pytest.raises(error_perm, match=r"^530 Login incorrect\.$"):
        FTP(vsftpd.host, vsftpd.port, vsftpd.user, "wrong")


# The port


@pytest.mark.parametrize(
    "connect",
    [
        lambda: FTP("h"),
        lambda: FTP("h", None),
        lambda: FTP(host="h", port=None),
        lambda: FTP("h", 0),
        lambda: FTP("h", "user"),
        lambda: FTP().connect("h"),
        lambda: FTP().connect("h", None),
        lambda: FTP().connect("h", 0),
        lambda: FTP().connect(host="h", port=0),
        lambda: FTP().connect("h", -1),
        lambda: FTP("h", -1),
    ],
)
def test_the_port_is_21_when_none_is_given(
    connect: Callable[[], object], dialled: list[tuple[Any, ...]]
) -> None:
    with pytest.raises(DialledError):
        connect()
    assert dialled[0][0] == ("h", 21)


@pytest.mark.parametrize("port", [1, 65535])
def test_the_port_may_be_1_to_65535(port: int, dialled: list[tuple[Any, ...]]) -> None:
    with pytest.raises(DialledError):
        FTP("h", port)
    assert dialled[0][0] == ("h", port)


@pytest.mark.parametrize(
    ("port", "error"),
    [
        (65536, ValueError),
        (2**70, ValueError),
        (21.0, TypeError),
        (b"21", TypeError),
    ],
)
@pytest.mark.parametrize("method", ["FTP", "connect"])
def test_any_other_port_is_refused(
    method: str, port: object, error: type[Exception], client: ModuleType
) -> None:
    call = client.FTP if method == "FTP" else client.FTP().connect
    with pytest.raises(error, match="port"):
        call("127.0.0.1", port)


def test_a_port_without_a_host_is_kept_for_connect(vsftpd: Server) -> None:
    ftp = FTP(port=vsftpd.port)
    assert ftp.connect(vsftpd.host) == GREETING
    ftp.close()


# connect


def test_connect_returns_the_greeting(vsftpd: Server) -> None:
    ftp = FTP()
    assert ftp.connect(host=vsftpd.host, port=vsftpd.port) == GREETING
    ftp.close()


def test_connect_takes_everything_by_place_too(vsftpd: Server) -> None:
    ftp = FTP()
    assert ftp.connect(vsftpd.host, vsftpd.port, 20, ("127.0.0.4", 0)) == GREETING
    assert ftp.sock is not None
    assert ftp.sock.getsockname()[0] == "127.0.0.4"
    assert (ftp.timeout, ftp.source_address) == (20, ("127.0.0.4", 0))
    ftp.close()


def test_connecting_sets_the_attributes(vsftpd: Server) -> None:
    ftp = FTP()
    ftp.connect(vsftpd.host, vsftpd.port)
    assert type(ftp.sock) is socket.socket
    assert ftp.sock.getpeername() == (vsftpd.host, vsftpd.port)
    assert ftp.af == socket.AF_INET
    assert (ftp.host, ftp.port) == (vsftpd.host, vsftpd.port)
    assert ftp.welcome == GREETING
    assert ftp.lastresp == "220"
    assert ftp.file is not None
    ftp.close()


def test_a_greeting_of_several_lines_is_joined(scripted: Scripted) -> None:
    server = scripted([say("220-Welcome", "  to this", "220-server", "220 Ready.")])
    ftp = FTP()
    assert ftp.connect(server.host, server.port) == "220-Welcome\n  to this\n220-server\n220 Ready."
    ftp.close()


def test_after_a_120_the_220_is_the_greeting(scripted: Scripted) -> None:
    server = scripted(
        [say("120 In 5 minutes."), say("220 Ready."), answer("NOOP", "200 Nothing done.")]
    )
    ftp = FTP(server.host, server.port)
    assert ftp.welcome == "220 Ready."
    assert ftp.voidcmd("NOOP") == "200 Nothing done."
    ftp.close()


def test_a_server_that_refuses_is_an_error_and_no_connection(
    scripted: Scripted,
) -> None:
    server = scripted([say("421 Too many users.")])
    ftp = FTP()
    with no_leaks(), pytest.raises(error_temp, match=r"^421 Too many users\.$"):
        ftp.connect(server.host, server.port)
    assert (ftp.sock, ftp.file) == (None, None)


def test_a_server_that_hangs_up_is_an_eof_error_and_no_connection(
    scripted: Scripted,
) -> None:
    server = scripted([cut()])
    ftp = FTP()
    with no_leaks(), pytest.raises(EOFError, match=f"{server.host} port {server.port}"):
        ftp.connect(server.host, server.port)
    assert ftp.sock is None


def test_connect_again_goes_to_the_same_host_and_port(vsftpd: Server) -> None:
    ftp = FTP(vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password)
    assert ftp.quit() == "221 Goodbye."
    assert ftp.connect() == GREETING
    assert ftp.login(vsftpd.user, vsftpd.password) == "230 Login successful."
    assert ftp.pwd() == "/"
    ftp.close()


def test_connect_while_connected_closes_the_old_connection(
    vsftpd: Server, scripted: Scripted
) -> None:
    server = scripted([say("220 First.")])
    ftp = FTP(server.host, server.port)
    old = ftp.sock
    assert ftp.connect(vsftpd.host, vsftpd.port) == GREETING
    assert old is not None
    assert old.fileno() == -1
    ftp.close()


def test_connect_without_any_host_says_that_there_is_none() -> None:
    with pytest.raises((OSError, ValueError), match="host"):
        FTP().connect()


def test_ipvtype_1_asks_for_an_ipv6_address(dialled: list[tuple[Any, ...]]) -> None:
    with pytest.raises(DialledError):
        FTP("::1", 2121, ipvtype=1)
    with pytest.raises(DialledError):
        FTP().connect("::1", 2121, ipvtype=1)
    assert [address for address, _, _ in dialled] == [("::1", 2121)] * 2
    with pytest.raises(OSError, match=r"127\.0\.0\.1.*IPv6"):
        FTP("127.0.0.1", ipvtype=1)
    assert len(dialled) == 2


@pytest.mark.parametrize("ipvtype", [0, 1])
def test_every_address_of_a_name_is_tried(
    ipvtype: int, client: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody listens at the first; that there is a second shows in the number of attempts."""
    tried: list[object] = []

    class Refused(socket.socket):
        def connect(self, address: object) -> NoReturn:
            tried.append(address)
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    def getaddrinfo(host: str, port: int, *_: object, **__: object) -> list[Any]:
        hosts = ["::1", "::2"] if host == "h" else [host]
        return [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", (each, port, 0, 0)) for each in hosts]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(socket, "socket", Refused)
    with pytest.raises(ConnectionRefusedError, match="cannot connect to h port 2121"):
        client.FTP("h", 2121, ipvtype=ipvtype)
    assert tried == [("::1", 2121, 0, 0), ("::2", 2121, 0, 0)]


# login


def test_login_returns_the_reply(vsftpd: Server) -> None:
    ftp = FTP(vsftpd.host, vsftpd.port)
    assert ftp.login(user=vsftpd.user, passwd=vsftpd.password) == "230 Login successful."
    ftp.close()


@pytest.mark.parametrize(
    ("arguments", "commands"),
    [
        ((), ["USER anonymous", "PASS anonymous@"]),
        ((None, None, None), ["USER anonymous", "PASS anonymous@"]),
        (("anonymous",), ["USER anonymous", "PASS anonymous@"]),
        (("anonymous", "-"), ["USER anonymous", "PASS -anonymous@"]),
        (("anonymous", "me@here"), ["USER anonymous", "PASS me@here"]),
        (("me",), ["USER me", "PASS "]),
        (("me", "-"), ["USER me", "PASS -"]),
        (("me", "my pass word"), ["USER me", "PASS my pass word"]),
    ],
)
def test_login_sends(
    arguments: tuple[str | None, ...], commands: list[str], scripted: Scripted
) -> None:
    server = scripted(LOGIN)
    ftp = FTP(server.host, server.port)
    assert ftp.login(*arguments) == "230 Welcome."
    assert server.heard == commands
    ftp.close()


def test_a_user_who_needs_no_password_sends_none(scripted: Scripted) -> None:
    server = scripted([say("220 Hello."), answer("USER", "230 In.")])
    ftp = FTP(server.host, server.port)
    assert ftp.login("me", "secret") == "230 In."
    assert server.heard == ["USER me"]
    ftp.close()


def test_an_account_that_is_still_not_enough_is_an_error_reply(scripted: Scripted) -> None:
    server = scripted(
        [
            say("220 Hello."),
            answer("USER", "331 Password."),
            answer("PASS", "332 Account."),
            answer("ACCT", "332 Another one."),
        ]
    )
    ftp = FTP(server.host, server.port)
    with pytest.raises(error_reply, match=r"^332 Another one\.$"):
        ftp.login("u", "p", "a")
    ftp.close()


def test_after_a_wrong_password_the_right_one_works(vsftpd: Server) -> None:
    ftp = FTP(vsftpd.host, vsftpd.port)
    with pytest.raises(error_perm, match=r"^530 Login incorrect\.$"):
        ftp.login(vsftpd.user, "wrong")
    assert ftp.login(vsftpd.user, vsftpd.password) == "230 Login successful."
    ftp.close()


@pytest.mark.parametrize("arguments", [(5,), ("u", 5), ("u", "p", 5), (b"u",)])
def test_login_takes_strings_alone(
    arguments: tuple[object, ...], client: ModuleType, vsftpd: Server
) -> None:
    ftp = client.FTP(vsftpd.host, vsftpd.port)
    with pytest.raises(TypeError, match=r"must be a str, not '(int|bytes)'"):
        ftp.login(*arguments)
    ftp.close()


# quit, close, with


def test_quit_returns_the_reply_and_closes(ftp: FTP) -> None:
    sock = ftp.sock
    assert ftp.quit() == "221 Goodbye."
    assert (ftp.sock, ftp.file) == (None, None)
    assert sock is not None
    assert sock.fileno() == -1


def test_close_closes_without_a_word_and_twice(scripted: Scripted) -> None:
    server = scripted([say("220 Hello.")])
    ftp = FTP(server.host, server.port)
    sock = ftp.sock
    ftp.close()
    ftp.close()
    assert (ftp.sock, ftp.file) == (None, None)
    assert sock is not None
    assert sock.fileno() == -1
    assert server.heard == []


def test_a_quit_that_is_refused_leaves_the_connection_open(scripted: Scripted) -> None:
    server = scripted([say("220 Hello."), answer("QUIT", "550 Stay."), answer("NOOP")])
    ftp = FTP(server.host, server.port)
    with pytest.raises(error_perm, match=r"^550 Stay\.$"):
        ftp.quit()
    assert ftp.voidcmd("NOOP") == "200 Very well."
    ftp.close()


def test_with_gives_the_object_and_quits_at_its_end(scripted: Scripted) -> None:
    server = scripted([say("220 Hello."), answer("NOOP"), answer("QUIT", "221 Bye.")])
    ftp = FTP(server.host, server.port)
    with ftp as same:
        assert same is ftp
        ftp.voidcmd("NOOP")
    assert server.heard == ["NOOP", "QUIT"]
    assert ftp.sock is None


def test_with_does_not_quit_twice(scripted: Scripted) -> None:
    server = scripted([say("220 Hello."), answer("QUIT", "221 Bye.")])
    with FTP(server.host, server.port) as ftp:
        ftp.quit()
    assert server.heard == ["QUIT"]


def test_with_an_object_that_never_connected_does_nothing() -> None:
    with FTP() as ftp:
        pass
    assert ftp.sock is None


def test_with_swallows_the_loss_of_the_connection(scripted: Scripted) -> None:
    server = scripted([say("220 Hello."), answer("NOOP"), cut()])
    with no_leaks(), FTP(server.host, server.port) as ftp:
        ftp.voidcmd("NOOP")
    assert ftp.sock is None


def test_with_raises_a_quit_that_is_refused_and_closes(scripted: Scripted) -> None:
    server = scripted([say("220 Hello."), answer("QUIT", "550 Stay.")])
    ftp = FTP(server.host, server.port)
    with no_leaks(), pytest.raises(error_perm, match=r"^550 Stay\.$"), ftp:
        pass
    assert ftp.sock is None


def test_with_lets_the_bodys_exception_through(vsftpd: Server) -> None:
    ftp = FTP(vsftpd.host, vsftpd.port)
    with pytest.raises(ZeroDivisionError), ftp:
        raise ZeroDivisionError
    assert ftp.sock is None


# Not connected

CALLS: list[tuple[str, Callable[[Any], object]]] = [
    ("quit", lambda ftp: ftp.quit()),
    ("pwd", lambda ftp: ftp.pwd()),
    ("nlst", lambda ftp: ftp.nlst()),
    ("dir", lambda ftp: ftp.dir()),
    ("mlsd", lambda ftp: next(ftp.mlsd())),
    ("cwd", lambda ftp: ftp.cwd("..")),
    ("mkd", lambda ftp: ftp.mkd("d")),
    ("rmd", lambda ftp: ftp.rmd("d")),
    ("size", lambda ftp: ftp.size("f")),
    ("rename", lambda ftp: ftp.rename("a", "b")),
    ("delete", lambda ftp: ftp.delete("f")),
    ("abort", lambda ftp: ftp.abort()),
    ("acct", lambda ftp: ftp.acct("a")),
    ("login", lambda ftp: ftp.login()),
    ("sendcmd", lambda ftp: ftp.sendcmd("NOOP")),
    ("voidcmd", lambda ftp: ftp.voidcmd("NOOP")),
    ("putcmd", lambda ftp: ftp.putcmd("NOOP")),
    ("getresp", lambda ftp: ftp.getresp()),
    ("getline", lambda ftp: ftp.getline()),
    ("retrbinary", lambda ftp: ftp.retrbinary("RETR f", print)),
    ("retrlines", lambda ftp: ftp.retrlines("RETR f")),
    ("storbinary", lambda ftp: ftp.storbinary("STOR f", BytesIO(b"x"))),
    ("storlines", lambda ftp: ftp.storlines("STOR f", BytesIO(b"x"))),
    ("transfercmd", lambda ftp: ftp.transfercmd("RETR f")),
    ("makepasv", lambda ftp: ftp.makepasv()),
    ("makeport", lambda ftp: ftp.makeport()),
    ("sendport", lambda ftp: ftp.sendport("127.0.0.1", 5)),
]


@pytest.mark.parametrize("call", [row[1] for row in CALLS], ids=[row[0] for row in CALLS])
@pytest.mark.parametrize("moment", ["before connect", "after quit", "after close"])
def test_a_call_without_a_connection_says_so(
    moment: str, call: Callable[[Any], object], vsftpd: Server
) -> None:
    ftp = FTP()
    if moment != "before connect":
        ftp.connect(vsftpd.host, vsftpd.port)
        ftp.quit() if moment == "after quit" else ftp.close()
    with pytest.raises(Error, match=NOT_CONNECTED) as caught:
        call(ftp)
    assert type(caught.value) is Error


def test_getwelcome_without_a_connection_is_none() -> None:
    assert FTP().getwelcome() is None


# Active and passive


def test_set_pasv_and_set_trust_pasv_set_attributes() -> None:
    ftp = FTP()
    for value in (0, 1, False, True):
        ftp.set_pasv(value)
        ftp.set_trust_pasv(value)
        assert ftp.passiveserver == value
        assert ftp.trust_server_pasv_ipv4_address == value


def test_active_mode_downloads_uploads_and_lists(ftp: FTP, directory: Directory) -> None:
    directory.put("down", b"from the server")
    ftp.set_pasv(False)
    received: list[bytes] = []
    assert ftp.retrbinary("RETR down", received.append) == "226 Transfer complete."
    assert b"".join(received) == b"from the server"
    assert ftp.storbinary("STOR up", BytesIO(b"to the server")) == "226 Transfer complete."
    assert directory.read("up") == b"to the server"
    assert sorted(ftp.nlst()) == ["down", "up"]
    ftp.set_pasv(True)
    assert sorted(ftp.nlst()) == ["down", "up"]


@pytest.mark.parametrize(("trusts", "host"), [(False, "127.0.0.1"), (True, "127.0.0.5")])
def test_the_host_of_the_passive_reply_is_used_only_when_trusted(
    trusts: bool, host: str, scripted: Scripted
) -> None:
    server = scripted([*LOGIN, answer("PASV", "227 Entering (127,0,0,5,4,210).")])
    ftp = FTP(server.host, server.port, "u", "p")
    ftp.set_trust_pasv(trusts)
    assert ftp.makepasv() == (host, 4 * 256 + 210)
    ftp.close()


def test_a_229_in_answer_to_pasv_is_taken(scripted: Scripted) -> None:
    server = scripted([*LOGIN, answer("PASV", "229 Extended (|||1234|).")])
    ftp = FTP(server.host, server.port, "u", "p")
    assert ftp.makepasv() == (server.host, 1234)
    ftp.close()


def test_a_server_without_pasv_is_asked_for_epsv(scripted: Scripted) -> None:
    server = scripted([*LOGIN, answer("PASV", "500 Unknown."), passive()])
    ftp = FTP(server.host, server.port, "u", "p")
    assert ftp.makepasv()[0] == server.host
    assert server.heard[-2:] == ["PASV", "EPSV"]
    ftp.close()


def test_a_port_may_be_text(scripted: Callable[..., ScriptedServer], client: ModuleType) -> None:
    """As `os.environ` has it."""
    server = scripted(LOGIN, LOGIN)

    class Own(client.FTP):  # type: ignore[name-defined,misc]
        port = str(server.port)

    with closing(Own(server.host, user="user", passwd="password")) as ftp:
        assert ftp.welcome == "220 Scripted server."
    ftp = client.FTP()
    ftp.port = str(server.port)
    ftp.connect(server.host)
    ftp.close()
