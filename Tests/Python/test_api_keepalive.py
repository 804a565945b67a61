"""`keepalive`: NOOPs on the control connection while a transfer runs, and their answers."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
import realservers
from conftest import (
    LOGIN,
    Conversation,
    ScriptedServer,
    Server,
    Step,
    answer,
    end_data,
    passive,
    receive,
    say,
    send,
)

from usr.ftplib import FTP, FTP_TLS, error_perm, error_temp

if TYPE_CHECKING:
    Scripted = Callable[..., ScriptedServer]

CONTENT = bytes(range(256)) * 512


class Relay:
    """Passes a control connection on, and counts the NOOPs of the client."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server((host, 0))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.host, self.port = self._listener.getsockname()
        self.commands = b""

    def __enter__(self) -> Relay:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._thread.join(10)

    @property
    def noops(self) -> int:
        return self.commands.count(b"NOOP\r\n")

    def _run(self) -> None:
        with suppress(OSError), ExitStack() as open_sockets:
            client = open_sockets.enter_context(self._listener.accept()[0])
            server = open_sockets.enter_context(socket.create_connection(self._target))
            while True:
                for source in select.select([client, server], [], [])[0]:
                    received = source.recv(65536)
                    if not received:
                        return
                    if source is client:
                        self.commands += received
                    (server if source is client else client).sendall(received)


class SlowFile(BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        time.sleep(0.03)
        return super().read(size)

    def write(self, block: Any) -> int:
        time.sleep(0.03)
        return super().write(block)


def slowly(_: object) -> None:
    time.sleep(0.1)


def fail_slowly(_: bytes) -> None:
    time.sleep(0.06)
    raise ZeroDivisionError


# Real servers


@pytest.mark.parametrize("name", realservers.NAMES)
def test_slow_transfers_stay_in_step_with_real_servers(name: str) -> None:
    with (
        realservers.running(name) as server,
        Relay(server.host, server.port) as relay,
        closing(FTP(relay.host, relay.port, server.user, server.password, timeout=20)) as session,
    ):
        ftp: Any = session
        ftp.keepalive = 0.05
        before = relay.noops
        assert ftp.storbinary("STOR file", SlowFile(CONTENT), 16384)[:3] == "226"
        assert (server.root / "file").read_bytes() == CONTENT
        assert relay.noops > before
        before = relay.noops
        file = SlowFile()
        assert ftp.retrbinary("RETR file", file.write, 16384)[:3] == "226"
        assert file.getvalue() == CONTENT
        assert relay.noops > before
        assert ftp.retrlines("LIST", slowly)[:3] == "226"
        realservers.in_step(ftp)
        if name not in ("vsftpd", "inetutils-ftpd", "twisted"):
            assert "file" in {entry for entry, _ in ftp.mlsd()}
        assert ftp.quit()[:3] == "221"


def test_a_slow_server() -> None:
    """The wait is for the server's data, not for a callback."""
    with (
        realservers.running("pyftpdlib", environment={"PYFTPDLIB_RATE": "131072"}) as server,
        Relay(server.host, server.port) as relay,
        closing(FTP(relay.host, relay.port, server.user, server.password, timeout=20)) as session,
    ):
        ftp: Any = session
        ftp.keepalive = 0.1
        (server.root / "file").write_bytes(bytes(300_000))
        server.adopt(server.root / "file")
        received: list[bytes] = []
        assert ftp.retrbinary("RETR file", received.append)[:3] == "226"
        assert len(b"".join(received)) == 300_000
        assert relay.noops >= 5
        realservers.in_step(ftp)


@pytest.mark.parametrize("name", ["vsftpd", "proftpd", "pureftpd"])
def test_over_tls(name: str) -> None:
    with realservers.running(name, "tls") as server, closing(tls_session(server)) as ftp:
        ftp.prot_p()
        ftp.keepalive = 0.05
        assert ftp.storbinary("STOR file", SlowFile(CONTENT), 16384)[:3] == "226"
        file = SlowFile()
        assert ftp.retrbinary("RETR file", file.write)[:3] == "226"
        assert file.getvalue() == CONTENT
        realservers.in_step(ftp)


def tls_session(server: Server) -> Any:
    ftp: Any = FTP_TLS(timeout=20, verify=False)
    ftp.connect(server.host, server.port)
    ftp.login(server.user, server.password)
    return ftp


def test_a_transfer_that_is_broken_off_stays_in_step() -> None:
    with realservers.running("proftpd") as server, realservers.session(server) as ftp:
        ftp.keepalive = 0.05
        ftp.storbinary("STOR file", BytesIO(CONTENT * 8))
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                ftp.retrbinary("RETR file", fail_slowly, 1024)
            realservers.in_step(ftp)


# Every order of the answers


class Line(FTP):
    def getline(self) -> str:
        return super().getline()


@contextmanager
def plain(server: ScriptedServer) -> Iterator[Any]:
    with closing(FTP(server.host, server.port, "user", "password", timeout=20)) as ftp:
        yield ftp


@contextmanager
def debugging(server: ScriptedServer) -> Iterator[Any]:
    with plain(server) as ftp:
        ftp.set_debuglevel(2)
        yield ftp


@contextmanager
def overridden(server: ScriptedServer) -> Iterator[Any]:
    with closing(Line(server.host, server.port, "user", "password", timeout=20)) as ftp:
        yield ftp


def hear_noops(count: int) -> Step:
    """Waits for NOOPs and says nothing."""

    def step(conversation: Conversation) -> None:
        for _ in range(count):
            conversation.hear("NOOP")

    return step


def later(verb: str, reply: str, *noop: str) -> Step:
    """Hears a command; answers each NOOP before it."""

    def step(conversation: Conversation) -> None:
        while (heard := conversation.hear(verb, "NOOP")) == "NOOP":
            conversation.say(*noop or ("200 late",))
        assert heard.startswith(verb)
        conversation.say(reply)

    return step


THE_END_A_200 = "502 before, the end a 200"
"""aioftp's MLSD. Only here does it matter that no second NOOP is on its way."""

ORDERS: dict[str, list[Step]] = {
    "200 before": [hear_noops(1), say("200 ok"), end_data(), say("226 Done.")],
    "200 after": [hear_noops(1), end_data(), say("226 Done.", "200 ok")],
    "one before, one after": [
        hear_noops(1),
        say("200 ok"),
        hear_noops(1),
        end_data(),
        say("226 Done.", "200 ok"),
    ],
    "two before at once": [hear_noops(2), say("200 ok", "200 ok"), end_data(), say("226 Done.")],
    "two after": [hear_noops(2), end_data(), say("226 Done.", "200 ok", "200 ok")],
    "three after, late": [
        hear_noops(3),
        end_data(),
        say("226 Done.", "200 ok", "200 ok", "200 ok"),
    ],
    "500 before": [hear_noops(1), say("500 ?"), end_data(), say("226 Done.")],
    "502 before": [hear_noops(1), say("502 ?"), end_data(), say("226 Done.")],
    "500 and 200": [hear_noops(2), say("500 ?"), end_data(), say("226 Done.", "200 ok")],
    THE_END_A_200: [hear_noops(1), say("502 ?"), end_data(), say("200 Done.")],
    "a reply of several lines before": [
        hear_noops(1),
        say("200-still", "226 here", "200 ok"),
        end_data(),
        say("226 Done."),
    ],
    "250 for 226": [hear_noops(1), end_data(), say("250 Done.", "200 ok")],
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("session", [plain, debugging, overridden])
def test_a_scripted_download(session: Any, order: str, scripted: Scripted) -> None:
    server = scripted(
        [
            *LOGIN,
            answer("TYPE"),
            passive(),
            answer("RETR", "150 Here."),
            send(b"half "),
            *ORDERS[order],
            later("PWD", '257 "/one"'),
            later("CWD", "250 Changed."),
            later("PWD", '257 "/two"'),
        ]
    )
    with session(server) as ftp:
        ftp.keepalive = 0.05 if order != THE_END_A_200 else 0.3
        received: list[bytes] = []
        assert ftp.retrbinary("RETR f", received.append)[3:] == " Done."
        assert b"".join(received) == b"half "
        assert (ftp.pwd(), ftp.cwd("x"), ftp.pwd()) == ("/one", "250 Changed.", "/two")


@pytest.mark.parametrize("session", [plain, debugging, overridden])
@pytest.mark.parametrize("first", [True, False])
def test_a_scripted_upload(session: Any, first: bool, scripted: Scripted) -> None:
    before: list[Step] = [say("200 ok"), receive(), say("226 Done.")]
    after: list[Step] = [receive(), say("226 Done.", "200 ok")]
    end = before if first else after
    server = scripted(
        [
            *LOGIN,
            answer("TYPE"),
            passive(),
            answer("STOR", "150 Here."),
            hear_noops(1),
            *end,
            later("PWD", '257 "/one"'),
            later("PWD", '257 "/two"'),
        ]
    )
    with session(server) as ftp:
        ftp.keepalive = 0.02
        assert ftp.storbinary("STOR f", SlowFile(b"xyz"), 1) == "226 Done."
        assert server.received == [b"xyz"]
        assert (ftp.pwd(), ftp.pwd()) == ("/one", "/two")


@pytest.mark.parametrize("final", ["451 Local error.", "426 Broken off.", "552 Disk full."])
@pytest.mark.parametrize("session", [plain, debugging])
def test_a_failure_at_the_end_is_raised_behind_answers(
    session: Any, final: str, scripted: Scripted
) -> None:
    server = scripted(
        [
            *LOGIN,
            answer("TYPE"),
            passive(),
            answer("RETR", "150 Here."),
            hear_noops(1),
            say("200 ok"),
            end_data(),
            say(final),
            later("PWD", '257 "/one"'),
        ]
    )
    with session(server) as ftp:
        ftp.keepalive = 0.05
        with pytest.raises((error_temp, error_perm), match=final):
            ftp.retrbinary("RETR f", len)
        assert ftp.pwd() == "/one"


@pytest.mark.parametrize("session", [plain, overridden])
def test_noops_that_are_never_answered(session: Any, scripted: Scripted) -> None:
    """A server that drops what comes during a transfer, and answers what comes later."""
    server = scripted(
        [
            *LOGIN,
            answer("TYPE"),
            passive(),
            answer("RETR", "150 Here."),
            hear_noops(2),
            end_data(),
            say("226 Done."),
            later("PWD", '257 "/one"'),
            answer("CWD", "250 Changed."),
        ]
    )
    with session(server) as ftp:
        ftp.keepalive = 0.05
        assert ftp.retrbinary("RETR f", len) == "226 Done."
        ftp.keepalive = None
        assert (ftp.pwd(), ftp.cwd("x")) == ("/one", "250 Changed.")


# The attribute


def test_none_sends_none(scripted: Scripted) -> None:
    def pause(_: Conversation) -> None:
        threading.Event().wait(0.3)

    server = scripted(
        [
            *LOGIN,
            answer("TYPE"),
            passive(),
            answer("RETR", "150 Here."),
            pause,
            end_data(),
            say("226 Done."),
        ]
    )
    with plain(server) as ftp:
        assert ftp.keepalive is None
        assert ftp.retrbinary("RETR f", len) == "226 Done."
        assert "NOOP" not in server.heard


@pytest.mark.parametrize(
    ("value", "error"),
    [(0, ValueError), (-1, ValueError), (float("nan"), ValueError)],
)
def test_what_is_no_interval(value: object, error: type[Exception], scripted: Scripted) -> None:
    server = scripted([*LOGIN, answer("TYPE"), answer("PWD", '257 "/one"')])
    with plain(server) as ftp:
        ftp.keepalive = value
        with pytest.raises(error):
            ftp.retrbinary("RETR f", len)
        assert ftp.pwd() == "/one"
        assert server.heard[2:] == ["TYPE I", "PWD"]


@pytest.mark.parametrize("value", [1e300, float("inf"), 10**9])
def test_a_long_interval(value: float, scripted: Scripted) -> None:
    server = scripted(
        [*LOGIN, answer("TYPE"), passive(), answer("RETR", "150 x"), end_data(), say("226 Done.")]
    )
    with plain(server) as ftp:
        ftp.keepalive = value
        assert ftp.retrbinary("RETR f", len) == "226 Done."


# The system's own


def test_the_system_looks_after_the_control_connection(scripted: Scripted) -> None:
    with plain(scripted(LOGIN)) as ftp:
        assert is_kept_alive(ftp.sock)


@pytest.mark.parametrize("mode", ["tls", "implicit"])
def test_the_system_looks_after_a_tls_control_connection(mode: str) -> None:
    with realservers.running("vsftpd", mode) as server:
        ftp: Any = FTP_TLS(timeout=20, verify=False, implicit=mode == "implicit")
        with closing(ftp):
            ftp.connect(server.host, server.port)
            ftp.login(server.user, server.password)
            assert is_kept_alive(ftp.sock)


def is_kept_alive(connection: socket.socket) -> bool:
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
