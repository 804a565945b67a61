"""`abort_transfer`: the end of a transfer, with nothing left over for the next command."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
import realservers
from conftest import (
    LOGIN,
    Conversation,
    ScriptedServer,
    answer,
    end_data,
    passive,
    say,
    send,
    stall,
)

from usr.ftplib import FTP, FTP_TLS, Error, error_perm, error_temp

if TYPE_CHECKING:
    Scripted = Callable[..., ScriptedServer]

CONTENT = bytes(1 << 24)
"""More than fits any socket's buffers."""


@pytest.fixture(scope="module", params=realservers.NAMES)
def server(request: pytest.FixtureRequest) -> Iterator[Any]:
    with realservers.running(request.param) as server:
        (server.root / "big").write_bytes(CONTENT)
        server.adopt(server.root / "big")
        yield server


@pytest.fixture
def ftp(server: Any) -> Iterator[Any]:
    with realservers.session(server) as ftp:
        ftp.voidcmd("TYPE I")
        yield ftp


def nothing_is_left(ftp: Any) -> None:
    """Not even for a command that reads nothing before it is sent."""
    ftp.putcmd("PWD")
    assert ftp.getresp()[:3] == "257"
    realservers.in_step(ftp)


def test_idle(server: Any, ftp: Any) -> None:
    if server.name == "twisted":  # It has no ABOR.
        with pytest.raises(error_perm, match=r"^502"):
            ftp.abort_transfer()
    else:
        assert ftp.abort_transfer()[:3] in ("225", "226")
    nothing_is_left(ftp)


def test_two_replies_can_be_asked_for(server: Any, ftp: Any) -> None:
    """As with CPython's, whose `abort` takes Pure-FTPd's 150 for the first: fsspec does so."""
    if server.name in ("aioftp", "inetutils-ftpd", "twisted"):
        pytest.skip("it does not survive a download that is broken off")

    class Enough(Exception):  # noqa: N818
        pass

    def stop(_: bytes) -> None:
        raise Enough

    for _ in range(2):
        with pytest.raises(Enough):
            ftp.retrbinary("RETR big", stop)
        assert ftp.abort()[:3] in ("426", "226")
        assert ftp.getmultiline()[:3] in ("225", "226")
        nothing_is_left(ftp)


@pytest.mark.parametrize("given", [True, False], ids=["given", "remembered"])
@pytest.mark.parametrize("count", [0, 1000], ids=["unread", "begun"])
def test_a_download(given: bool, count: int, server: Any, ftp: Any) -> None:
    if server.name == "aioftp":
        pytest.skip("it hangs up when a download is broken off")
    if server.name == "inetutils-ftpd":
        pytest.skip("it may die of SIGPIPE when a download is broken off")
    conn = ftp.transfercmd("RETR big")
    if count:
        assert conn.recv(count)
    assert ftp.abort_transfer(*[conn] if given else [])[:3] in ("426", "226")
    assert conn.fileno() == -1
    nothing_is_left(ftp)
    # And another transfer comes whole.
    received = 0

    def count_bytes(block: bytes) -> None:
        nonlocal received
        received += len(block)

    assert ftp.retrbinary("RETR big", count_bytes)[:3] == "226"
    assert received == len(CONTENT)


def test_an_upload(server: Any, ftp: Any) -> None:
    conn = ftp.transfercmd("STOR up")
    conn.sendall(b"x" * 1000)
    assert ftp.abort_transfer(conn)[:3] in ("426", "226", "225")
    assert conn.fileno() == -1
    nothing_is_left(ftp)
    assert ftp.storbinary("STOR up", BytesIO(b"whole"))[:3] == "226"
    assert (server.root / "up").read_bytes() == b"whole"


def test_a_transfer_that_is_complete(ftp: Any) -> None:
    conn = ftp.transfercmd("RETR big")
    while conn.recv(1 << 20):
        pass
    assert ftp.abort_transfer(conn)[:3] == "226"
    nothing_is_left(ftp)


def test_a_transfer_whose_reply_was_read(ftp: Any, server: Any) -> None:
    ftp.storbinary("STOR small", BytesIO(b"x"))
    if server.name == "twisted":
        with pytest.raises(error_perm, match=r"^502"):
            ftp.abort_transfer()
    else:
        assert ftp.abort_transfer()[0] == "2"
    nothing_is_left(ftp)


def test_from_a_callback(server: Any, ftp: Any) -> None:
    if server.name in ("aioftp", "inetutils-ftpd"):
        pytest.skip("it does not survive a download that is broken off")
    replies: list[str] = []

    def abort(_: bytes) -> None:
        replies.append(ftp.abort_transfer())

    with pytest.raises(Error, match="broken off"):
        ftp.retrbinary("RETR big", abort, 1024)
    assert len(replies) == 1
    assert replies[0][:3] in ("426", "226")
    nothing_is_left(ftp)


@pytest.mark.parametrize("name", ["vsftpd", "proftpd", "pureftpd"])
def test_over_tls(name: str) -> None:
    with realservers.running(name, "tls") as server:
        (server.root / "big").write_bytes(CONTENT)
        server.adopt(server.root / "big")
        ftp: Any = FTP_TLS(timeout=20, verify=False)
        with closing(ftp):
            ftp.connect(server.host, server.port)
            ftp.login(server.user, server.password)
            ftp.prot_p()
            ftp.voidcmd("TYPE I")
            for verb, code in (("RETR big", ("426", "226")), ("STOR up", ("426", "226", "225"))):
                conn = ftp.transfercmd(verb)
                assert conn.recv(1000) if verb == "RETR big" else conn.send(b"x" * 1000)
                assert ftp.abort_transfer(conn)[:3] in code
                nothing_is_left(ftp)


# What servers may say


REPLIES = [
    (["426 Broken off.", "226 Abort done."], "426 Broken off."),
    (["426 Broken off.", "225 Abort done."], "426 Broken off."),
    (["226 Complete.", "226 Abort done."], "226 Complete."),
    (["226 Complete.", "225 Nothing to abort."], "226 Complete."),
    (["225 Abort done.", "426 Broken off."], "225 Abort done."),
    (["426-Broken", " off", "426 now.", "226 Abort done."], "426-Broken\n off\n426 now."),
    (["150 1000 bytes sent", "426 Broken off.", "226 Abort done."], "426 Broken off."),
]


@pytest.mark.parametrize(("lines", "first"), REPLIES)
@pytest.mark.parametrize("level", [0, 2])
def test_the_first_reply_is_returned_and_none_is_left(
    lines: list[str], first: str, level: int, scripted: Scripted
) -> None:
    ftp, _ = mid_download(scripted, say(*lines), answer("PWD", '257 "/one"'))
    with closing(ftp):
        ftp.set_debuglevel(level)
        conn = ftp.transfercmd("RETR f")
        assert ftp.abort_transfer(conn) == first
        ftp.putcmd("PWD")
        assert ftp.getresp() == '257 "/one"'


@pytest.mark.parametrize(
    ("reply", "error"),
    [("500 ABOR?", error_perm), ("421 Good night.", error_temp), ("451 No.", error_temp)],
)
def test_another_reply_is_raised(reply: str, error: type[Error], scripted: Scripted) -> None:
    server = scripted([*LOGIN, answer("ABOR", reply)])
    with closing(FTP(server.host, server.port, "user", "password", timeout=20)) as session:
        ftp: Any = session
        with pytest.raises(error, match=reply[:3]):
            ftp.abort_transfer()


def test_one_reply_alone_is_not_waited_for_long(scripted: Scripted) -> None:
    """pyftpdlib says nothing of an upload that ABOR ended: a NOOP is behind what it says."""
    ftp, server = mid_download(
        scripted, say("225 Abort done."), answer("NOOP"), answer("PWD", '257 "/one"')
    )
    with closing(ftp):
        ftp.abort_transfer(ftp.transfercmd("RETR f"))
        assert ftp.pwd() == "/one"
        assert server.heard[-2:] == ["NOOP", "PWD"]


def mid_download(scripted: Scripted, *steps: Any) -> tuple[Any, ScriptedServer]:
    def hear_abort(conversation: Conversation) -> None:
        conversation.hear("ABOR")
        # The client closes its side: with a reset, for it has not read all.
        with suppress(ConnectionResetError):
            assert conversation.connected().recv(1) == b""

    server = scripted(
        [*LOGIN, passive(), answer("RETR", "150 Here."), send(b"some"), hear_abort, *steps]
    )
    return FTP(server.host, server.port, "user", "password", timeout=20), server


def test_a_server_that_is_silent(scripted: Scripted) -> None:
    server = scripted([*LOGIN, answer("NOOP"), stall()])
    with closing(FTP(server.host, server.port, "user", "password", timeout=0.3)) as session:
        ftp: Any = session
        ftp.voidcmd("NOOP")
        with pytest.raises(TimeoutError, match=r"no reply from 127\.0\.0\.1"):
            ftp.abort_transfer()


@pytest.mark.parametrize("method", ["abort", "abort_transfer"])
def test_a_server_that_never_comes_to_its_answer(scripted: Scripted, method: str) -> None:
    def begin_for_ever(conversation: Conversation) -> None:
        conversation.hear("ABOR")
        with suppress(OSError):
            while True:
                conversation.say("150 x")

    server = scripted([*LOGIN, begin_for_ever])
    server.forgive()
    with closing(FTP(server.host, server.port, "user", "password", timeout=5)) as ftp:
        call: Callable[[], object] = getattr(ftp, method)
        with pytest.raises(Error, match="keeps saying that it has begun"):
            call()


def test_it_is_for_our_own_connections() -> None:
    ftp: Any = FTP()
    with pytest.raises(Error):
        ftp.abort_transfer()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ftp.sock, ftp.file = ours, ours.makefile("r")
        with pytest.raises(Error, match="connect"):
            ftp.abort_transfer()
        ftp.file.close()


def test_what_is_no_socket(scripted: Scripted) -> None:
    server = scripted([*LOGIN, answer("ABOR", "225 Nothing."), answer("PWD", '257 "/one"')])
    with closing(FTP(server.host, server.port, "user", "password", timeout=20)) as session:
        ftp: Any = session
        assert ftp.abort_transfer(object()) == "225 Nothing."
        assert ftp.pwd() == "/one"


def test_a_handler_that_aborts_while_a_final_reply_is_awaited(
    scripted: Callable[..., ScriptedServer],
) -> None:
    """There is nothing left to abort: it would take the reply, and the call outside wait for it."""
    refused = threading.Event()

    def late(conversation: Conversation) -> None:
        assert refused.wait(10)
        conversation.say("226 Done.")

    sessions: list[Any] = []

    def abort(*_: object) -> None:
        with pytest.raises(Error, match="awaited"):
            sessions[0].abort()
        refused.set()

    begun = [passive(), answer("RETR", "150 Here."), send(b"data"), end_data()]
    here = answer("PWD", '257 "/here"')
    server = scripted([*LOGIN, answer("TYPE"), *begun, late, here])
    with closing(FTP(server.host, server.port, "user", "password", timeout=20)) as session:
        ftp: Any = session
        sessions.append(ftp)
        before = signal.signal(signal.SIGUSR1, abort)
        alarm = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1))
        try:
            alarm.start()
            assert ftp.retrbinary("RETR f", bytes) == "226 Done."
        finally:
            alarm.join()
            signal.signal(signal.SIGUSR1, before)
        assert refused.is_set()
        assert ftp.pwd() == "/here"


def test_a_handler_that_aborts_and_does_not_catch_ends_the_call(
    scripted: Callable[..., ScriptedServer],
) -> None:
    begun = [passive(), answer("RETR", "150 Here."), send(b"data"), end_data(), stall(0.6)]
    here = answer("PWD", '257 "/here"')
    server = scripted([*LOGIN, answer("TYPE"), *begun, say("226 Done."), here])
    with closing(FTP(server.host, server.port, "user", "password", timeout=20)) as session:
        ftp: Any = session
        before = signal.signal(signal.SIGUSR1, lambda *_: ftp.abort())
        alarm = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1))
        try:
            alarm.start()
            with pytest.raises(Error, match="awaited"):
                ftp.retrbinary("RETR f", bytes)
        finally:
            alarm.join()
            signal.signal(signal.SIGUSR1, before)
        assert ftp.pwd() == "/here"


class Stopping(FTP):
    """A class that does not go the short way."""

    stops = False

    def putcmd(self, line: Any) -> None:
        if self.stops and line.startswith("RETR"):
            raise KeyboardInterrupt
        super().putcmd(line)


def test_a_transfer_that_ends_behind_its_rest(server: Any) -> None:
    """What the next one brings is the whole file, though the server has been told of a restart."""
    if server.name == "twisted":
        pytest.skip("it has no REST")
    login = (server.host, server.port, server.user, server.password)
    with Stopping(*login, timeout=20) as session:
        ftp: Any = session
        ftp.stops = True
        with pytest.raises(KeyboardInterrupt):
            ftp.retrbinary("RETR big", bytes, rest=1000)
        ftp.stops = False
        blocks: list[bytes] = []
        ftp.retrbinary("RETR big", blocks.append)
        assert sum(map(len, blocks)) == len(CONTENT)


SIGNALLED = """
import sys
sys.path.insert(0, {repository!r})
from usr.ftplib import FTP
stops = True
def hook(event, values):
    global stops
    if event == "ftplib.sendcmd" and stops and values[1].startswith("RETR"):
        stops = False
        raise KeyboardInterrupt
sys.addaudithook(hook)
with FTP({host!r}, {port}, {user!r}, {password!r}, timeout=20) as ftp:
    try:
        ftp.retrbinary("RETR big", bytes, rest=1000)
    except KeyboardInterrupt:
        print("stopped")
    blocks = []
    ftp.retrbinary("RETR big", blocks.append)
    print(sum(map(len, blocks)))
"""


def test_a_transfer_that_ends_behind_its_rest_on_the_short_way(server: Any) -> None:
    if server.name == "twisted":
        pytest.skip("it has no REST")
    assert realservers.run_script(SIGNALLED, server).split() == ["stopped", str(len(CONTENT))]
