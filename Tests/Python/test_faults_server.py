"""What a server may say or do on the control connection, and what the client makes of it."""

from __future__ import annotations

import errno
import re
import resource
import select
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from conftest import (
    LOGIN,
    Conversation,
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
Connect = Callable[[ScriptedServer], "FTP"]

BEGIN: Sequence[Step] = (answer("TYPE"), passive())
HERE = answer("PWD", '257 "/here"')


@pytest.fixture
def connect(client: ModuleType) -> Iterator[Connect]:
    """`connect(server)`: an FTP object, logged in, that is closed before the server is."""
    with ExitStack() as stack:

        def connect(server: ScriptedServer) -> FTP:
            ftp: FTP = client.FTP(timeout=5)
            stack.callback(ftp.close)
            ftp.connect(server.host, server.port)
            ftp.login("user", "password")
            return ftp

        yield connect


def ignore(_: object) -> None:
    """A callback."""


def hear(verb: str) -> Step:
    return lambda conversation: conversation.hear(verb)


# Greetings


@pytest.mark.parametrize(
    ("greeting", "welcome"),
    [
        (say("220 Ready."), "220 Ready."),
        (say("220-One", "220 two"), "220-One\n220 two"),
        (say("220-One", " 220 in the text", "331 as well", "220-", "220 End"), None),
        (say("120 Ready in 1 minute.", "220 Ready."), "220 Ready."),
        (say("120-Patience", "120 please.", "120 Soon.", "220 Ready."), "220 Ready."),
        (say_bytes(b"220 A bare LF.\n"), "220 A bare LF."),
        (say_bytes(b"220-A bare CR\r220 ends a line too.\r"), None),
        (say_bytes(b"\xff\xfb\x01\xff\xfd\x03220 After Telnet's options.\r\n"), None),
        (say_bytes(b"220-" + b"x" * 8000 + b"\r\n220 Long.\r\n"), None),
        (say(*["220-A line of a rule that nobody reads."] * 200, "220 End."), None),
        (say("230 Logged in already."), "230 Logged in already."),
    ],
)
def test_a_greeting_is_read_to_its_end(
    connect: Connect, scripted: Scripted, greeting: Step, welcome: str | None
) -> None:
    """The reply to the next command is that command's."""
    ftp = connect(scripted([greeting, *LOGIN[1:], HERE]))
    if welcome is not None:
        assert ftp.getwelcome() == welcome
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize(
    ("greeting", "error", "words"),
    [
        (say("421 Too many users."), "error_temp", "421 Too many users."),
        (say("421-Too many", "421 users."), "error_temp", "421-Too many\n421 users."),
        (say("530 Not you."), "error_perm", "530 Not you."),
        (say("HTTP/1.1 400 Bad Request"), "error_proto", "HTTP/1.1 400 Bad Request"),
        (say(""), "error_proto", None),
        (say(*["120 Wait."] * 30), "error_proto", "not ready"),
    ],
)
def test_a_refusing_greeting_is_raised_and_the_connection_closed(
    client: ModuleType, scripted: Scripted, greeting: Step, error: str, words: str | None
) -> None:
    closed = threading.Event()

    def silence(conversation: Conversation) -> None:
        assert conversation.control.recv(65536) == b"", "the client says nothing and closes"
        closed.set()

    server = scripted([greeting, silence])
    ftp = client.FTP(timeout=5)
    with pytest.raises(getattr(client, error), match=words and re.escape(words)):
        ftp.connect(server.host, server.port)
    assert (ftp.sock, ftp.file) == (None, None)
    assert closed.wait(5)


# Replies


@pytest.mark.parametrize(
    ("lines", "reply"),
    [
        (["211 One."], "211 One."),
        (["211-One", "211 two"], "211-One\n211 two"),
        (["211-One", " indented", "", "no code", "211 two"], None),
        (["211-One", "212 another code in the text", "and on", "211 two"], None),
        (["211-One", "211-two", "211 three"], "211-One\n211-two\n211 three"),
        (["211-One", "21 no end", "211"], None),
        (["211-", "211 "], "211-\n211 "),
        (["211"], "211"),
        (["211 \N{SNOWMAN} \N{GRINNING FACE}"], "211 \N{SNOWMAN} \N{GRINNING FACE}"),
    ],
)
def test_a_reply_of_several_lines_is_one_reply(
    connect: Connect, scripted: Scripted, lines: list[str], reply: str | None
) -> None:
    ftp = connect(scripted([*LOGIN, answer("STAT", *lines), HERE]))
    assert ftp.sendcmd("STAT") == (reply or "\n".join(lines))
    assert ftp.pwd() == "/here"


def test_a_reply_that_ends_with_another_code_ends(connect: Connect, scripted: Scripted) -> None:
    """glftpd's way, which RFC 959 does not know: nothing follows, so that was the end."""
    ftp = connect(scripted([*LOGIN, answer("STAT", "553-Something", "211 Else."), HERE]))
    begin = time.monotonic()
    assert ftp.sendcmd("STAT").endswith("211 Else.")
    assert time.monotonic() - begin < 2
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize(
    "reply", ["Nonsense", "", "9", "99 Bottles", "600 Six", "2x0 No number", "-250 Well"]
)
def test_what_is_no_reply_is_a_protocol_error(
    client: ModuleType, connect: Connect, scripted: Scripted, reply: str
) -> None:
    ftp = connect(scripted([*LOGIN, answer("STAT", reply), HERE]))
    error = client.Error if reply[:1].isdigit() and reply[0] in "12345" else client.error_proto
    if reply == "2x0 No number":
        assert ftp.sendcmd("STAT") == reply, "as CPython has it: the first digit alone counts"
    else:
        with pytest.raises(error) as raised:
            ftp.sendcmd("STAT")
        assert str(raised.value) == (reply or "the server's reply is an empty line")
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("content", [b"211 A \0 in it.\r\n", b"211-One\r\n\0\r\n211 End\r\n"])
def test_a_nul_in_a_reply_is_an_error_after_which_to_connect_again(
    client: ModuleType, connect: Connect, scripted: Scripted, content: bytes
) -> None:
    ftp = connect(scripted([*LOGIN, hear("STAT"), say_bytes(content), HERE], [*LOGIN, HERE]))
    with pytest.raises(client.error_proto, match="NUL"):
        ftp.sendcmd("STAT")
    with pytest.raises(client.Error, match="connect again"):
        ftp.pwd()
    ftp.connect()
    ftp.login("user", "password")
    assert ftp.pwd() == "/here"


def test_a_reply_that_is_not_utf8_is_a_decode_error(connect: Connect, scripted: Scripted) -> None:
    ftp = connect(scripted([*LOGIN, hear("STAT"), say_bytes(b"211 caf\xe9\r\n"), HERE]))
    with pytest.raises(UnicodeDecodeError):
        ftp.sendcmd("STAT")
    assert ftp.pwd() == "/here"


# Limits


def endless(content: bytes) -> Step:
    """Says the same until the client has gone; counts in `server.received`."""

    def step(conversation: Conversation) -> None:
        with suppress(ConnectionError):
            while len(conversation.server.received) < 100_000:
                conversation.control.sendall(content)
                conversation.server.received.append(content)

    return step


@pytest.mark.parametrize(
    "content", [b"x" * 4096, b"211-Line\r\n" * 400, b"211-" + b"x" * 4000 + b"\r\n", b"\r\n" * 2000]
)
@pytest.mark.parametrize("first", ["220-", "211-"], ids=["as greeting", "as reply"])
def test_an_endless_reply_is_refused_at_once(
    client: ModuleType, scripted: Scripted, content: bytes, first: str
) -> None:
    begin = time.monotonic()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    is_greeting = first == "220-"
    lead: Sequence[Step] = () if is_greeting else (*LOGIN, hear("STAT"))
    server = scripted([*lead, say_bytes(first.encode()), endless(content)])
    ftp = client.FTP(timeout=5)
    try:
        with pytest.raises(client.Error, match=r"more than 8192 bytes|longer than"):
            session(ftp, server, lambda: ftp.sendcmd("STAT"))
        if not is_greeting:
            with pytest.raises(client.Error, match="connect again"):
                ftp.pwd()
    finally:
        ftp.close()
    assert time.monotonic() - begin < 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 50_000, "KiB"


def test_a_line_of_a_download_is_limited_by_maxline(
    client: ModuleType, connect: Connect, scripted: Scripted
) -> None:
    content = b"short\r\n" + b"x" * 9000 + b"\r\n"
    opening = answer("RETR", "150 Ok.")
    ftp = connect(
        scripted([*LOGIN, *BEGIN, opening, send(content), end_data(), say("226 Done."), HERE])
    )
    lines: list[str] = []
    with pytest.raises(client.Error, match="got more than 8192 bytes"):
        ftp.retrlines("RETR x", lines.append)
    assert lines == ["short"]
    assert ftp.pwd() == "/here"


# The server closes

CLOSES: dict[str, Sequence[Step]] = {
    "before the greeting": (),
    "in the greeting": (say_bytes(b"220-Half a"),),
    "after the greeting": LOGIN[:1],
    "after USER": LOGIN[:2],
    "after the login": LOGIN,
    "after TYPE": (*LOGIN, answer("TYPE")),
    "after PASV": (*LOGIN, *BEGIN),
    "before the 150": (*LOGIN, *BEGIN, hear("RETR")),
    "after the 150": (
        *(*LOGIN, *BEGIN, answer("RETR", "150 Ok."), send(b"all of it"), end_data()),
    ),
}


@pytest.mark.parametrize("reset", [False, True], ids=["in order", "by a reset"])
@pytest.mark.parametrize("point", CLOSES)
def test_a_server_that_closes_is_named(
    client: ModuleType, scripted: Scripted, point: str, reset: bool
) -> None:
    server = scripted([*CLOSES[point], cut(reset=reset)], [*LOGIN, HERE])
    ftp = client.FTP(timeout=5)
    try:
        with pytest.raises((EOFError, ConnectionError)) as raised:
            session(ftp, server, lambda: ftp.retrbinary("RETR x", ignore))
        assert f"{server.host} port {server.port}" in str(raised.value)
        if isinstance(raised.value, OSError):
            assert reset
            assert raised.value.errno in (errno.ECONNRESET, errno.EPIPE)
            assert type(raised.value) in (ConnectionResetError, BrokenPipeError)
        with pytest.raises((client.Error, EOFError, OSError), match=r"onnect|close|Broken"):
            ftp.pwd()
        ftp.connect(server.host, server.port)
        ftp.login("user", "password")
        assert ftp.pwd() == "/here"
    finally:
        ftp.close()


def session(ftp: FTP, server: ScriptedServer, call: Callable[[], object]) -> None:
    ftp.connect(server.host, server.port)
    ftp.login("user", "password")
    call()


@pytest.mark.parametrize(
    "call",
    [
        lambda ftp: ftp.pwd(),
        lambda ftp: ftp.quit(),
        lambda ftp: ftp.getresp(),
        lambda ftp: ftp.makepasv(),
        lambda ftp: ftp.makeport(),
        lambda ftp: ftp.transfercmd("RETR x"),
        lambda ftp: ftp.nlst(),
    ],
    ids=["pwd", "quit", "getresp", "makepasv", "makeport", "transfercmd", "nlst"],
)
def test_a_connection_that_was_reset_meanwhile_is_named(
    connect: Connect, scripted: Scripted, call: Callable[[FTP], object]
) -> None:
    server = scripted([*LOGIN, cut(reset=True)])
    ftp = connect(server)
    assert ftp.sock is not None
    poll = select.poll()
    poll.register(ftp.sock, 0)
    assert poll.poll(5000), "the reset has come"
    with pytest.raises(ConnectionError) as raised:
        call(ftp)
    assert f"{server.host} port {server.port}" in str(raised.value)


def test_a_last_reply_without_its_line_end_counts(connect: Connect, scripted: Scripted) -> None:
    ftp = connect(scripted([*LOGIN, hear("STAT"), say_bytes(b"211 The end"), cut()]))
    assert ftp.sendcmd("STAT") == "211 The end"
    with pytest.raises(EOFError):
        ftp.sendcmd("STAT")


# Replies that nobody asked for


@pytest.mark.parametrize(
    "unasked",
    [("226 Once more.",), ("226 Once more.", "226 And more."), ("500-Odd", "500 words."), ("",)],
)
def test_a_reply_too_many_is_not_the_next_commands(
    connect: Connect, scripted: Scripted, unasked: tuple[str, ...]
) -> None:
    ftp = connect(scripted([*LOGIN, answer("NOOP", "200 Zzz.", *unasked), HERE]))
    assert ftp.voidcmd("NOOP") == "200 Zzz."
    assert ftp.pwd() == "/here"


def test_replies_that_are_nearly_the_same_are_told_apart(
    connect: Connect, scripted: Scripted
) -> None:
    replies = ["200 Öl", "200 Öl", "200 Äl", "200 Ol", "200 Öl.", "200 Öl", "201 Öl", "200 Öl"]
    ftp = connect(scripted([*LOGIN, *(answer("NOOP", reply) for reply in replies)]))
    for reply in replies:
        assert (ftp.voidcmd("NOOP"), ftp.lastresp) == (reply, reply[:3])


def test_words_of_a_transfer_that_nothing_follows_are_the_answer(
    connect: Connect, scripted: Scripted
) -> None:
    """The hostile table has those that another reply follows: they came too late."""
    content = (answer("RETR", "150 Here it comes."), end_data(), say("226 Done."))
    server = scripted([*LOGIN, *BEGIN, *content, answer("STAT", "226 Nothing runs."), HERE])
    ftp = connect(server)
    assert ftp.retrbinary("RETR f", ignore) == "226 Done."
    assert ftp.sendcmd("STAT") == "226 Nothing runs."
    assert ftp.pwd() == "/here"


def test_an_end_line_by_line_is_the_exception_that_getline_raises(
    client: ModuleType, scripted: Scripted
) -> None:
    """Whatever Python has forgotten of the class: a look at an attribute would drop it then."""

    class Forgetful(client.FTP):  # type: ignore[misc, name-defined]
        def getline(self) -> str:
            try:
                return str(super().getline())
            except EOFError:
                # Python drops what it knows of a class that changes.
                Forgetful.changed = True
                raise

    server = scripted([*LOGIN, hear("STAT"), say_bytes(b"21"), cut()])
    with Forgetful(server.host, server.port, "user", "password", timeout=5) as ftp:
        with pytest.raises(EOFError, match="closed the connection"):
            ftp.sendcmd("STAT")
        ftp.close()


def test_half_a_reply_goes_on_where_it_was_line_by_line(
    connect: Connect, scripted: Scripted
) -> None:
    """The rest of a reply that timed out is not the answer to what was said in between."""
    late = say("211-All"), stall(1.1), say("is"), stall(0.2), say("211 End")
    server = scripted([*LOGIN, hear("STAT"), *late, HERE])
    ftp = connect(server)
    assert ftp.sock is not None
    ftp.sock.settimeout(1)
    ftp.set_debuglevel(2)
    with pytest.raises(TimeoutError):
        ftp.sendcmd("STAT")
    assert ftp.pwd() == "/here"


def test_a_farewell_is_told_to_the_next_command(
    client: ModuleType, connect: Connect, scripted: Scripted
) -> None:
    farewell = "421 Idle for too long."
    ftp = connect(scripted([*LOGIN, answer("NOOP", "200 Zzz.", farewell), cut()]))
    ftp.voidcmd("NOOP")
    with pytest.raises(client.error_temp, match=re.escape(farewell)):
        ftp.pwd()


# Before the connection, after its end


NEEDING: dict[str, Callable[[FTP], object]] = {
    "pwd": lambda ftp: ftp.pwd(),
    "quit": lambda ftp: ftp.quit(),
    "login": lambda ftp: ftp.login(),
    "abort": lambda ftp: ftp.abort(),
    "getresp": lambda ftp: ftp.getresp(),
    "getline": lambda ftp: ftp.getline(),
    "sendcmd": lambda ftp: ftp.sendcmd("NOOP"),
    "putline": lambda ftp: ftp.putline("NOOP"),
    "makepasv": lambda ftp: ftp.makepasv(),
    "makeport": lambda ftp: ftp.makeport(),
    "nlst": lambda ftp: ftp.nlst(),
    "mlsd": lambda ftp: next(ftp.mlsd()),
    "retrbinary": lambda ftp: ftp.retrbinary("RETR x", ignore),
}


@pytest.mark.parametrize("call", NEEDING)
@pytest.mark.parametrize("state", ["new", "closed", "quit"])
def test_an_object_without_a_connection_says_so(
    client: ModuleType, connect: Connect, scripted: Scripted, state: str, call: str
) -> None:
    ftp: FTP = client.FTP() if state == "new" else connect(scripted(LOGIN))
    if state == "closed":
        ftp.close()
    if state == "quit":
        ftp.quit()
    with pytest.raises(client.Error, match="not connected"):
        NEEDING[call](ftp)


@pytest.mark.parametrize("state", ["new", "closed"])
def test_an_object_without_a_connection_may_be_closed_and_left(
    client: ModuleType, connect: Connect, scripted: Scripted, state: str
) -> None:
    ftp: FTP = client.FTP() if state == "new" else connect(scripted(LOGIN))
    for _ in range(2):
        ftp.close()
        with ftp as same:
            assert same is ftp
    assert (ftp.sock, ftp.file) == (None, None)
