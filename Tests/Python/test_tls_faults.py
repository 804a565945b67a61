"""What goes wrong with TLS: replies smuggled in, TLS refused, silence, Ctrl-C, other threads."""

from __future__ import annotations

import io
import itertools
import os
import signal
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from conftest import Conversation, ScriptedServer, Step, answer, passive, say, send, stall
from tls_support import (
    AUTH,
    LOGIN_TLS,
    begin,
    cut_data,
    logged_in,
    noise,
    receive_tls,
    trusting,
    within,
)
from tls_support import both_ways as both_ways
from tls_support import server as server

if TYPE_CHECKING:
    from servers import Server

    from usr.ftplib import FTP_TLS

HERE = answer("PWD", '257 "/here"')


@pytest.fixture
def start(
    client: ModuleType, scripted: Callable[..., ScriptedServer]
) -> Iterator[Callable[..., FTP_TLS]]:
    """Connects to a scripted server, and logs in unless that is for the test to do."""
    opened: list[FTP_TLS] = []

    def start(*steps: Step, login: bool = True, timeout: float | None = 10) -> FTP_TLS:
        server = scripted([*(LOGIN_TLS if login else [say("220 Hello.")]), *steps])
        ftp: FTP_TLS = client.FTP_TLS(context=trusting(), timeout=timeout)
        ftp.connect(server.host, server.port)
        opened.append(ftp)
        ftp.scripted = server  # type: ignore[attr-defined]
        if login:
            ftp.login("user", "password")
            ftp.prot_p()
        return ftp

    yield start
    for ftp in opened:
        ftp.close()


def heard_by(ftp: Any) -> list[str]:
    server: ScriptedServer = ftp.scripted
    return server.heard


# Before TLS


@pytest.mark.parametrize(
    "smuggled",
    [
        "331 Password, please.\r\n230 Welcome.\r\n",
        "230 Wel",
        "\r\n",
        "234 Again.\r\n",
        "\x16\x03\x03",
    ],
)
def test_nothing_that_came_before_the_handshake_is_read_after_it(
    client: ModuleType, start: Callable[..., FTP_TLS], smuggled: str
) -> None:
    """CVE-2021-22947: somebody on the way adds replies of his own to that to AUTH."""
    ftp = start(
        answer("AUTH", "234 Go ahead.\r\n" + smuggled.removesuffix("\r\n"))
        if smuggled.endswith("\r\n") and len(smuggled) > 2
        else lambda conversation: (
            conversation.hear("AUTH"),
            conversation.control.sendall(b"234 Go ahead.\r\n" + smuggled.encode()),
        ),
        stall(),
        login=False,
    )
    with pytest.raises(client.error_proto, match="between its reply to AUTH and the TLS handshake"):
        ftp.login("user", "password")
    assert ftp.sock is None
    assert heard_by(ftp) == ["AUTH TLS"]
    with pytest.raises(client.Error, match="not connected"):
        ftp.pwd()


def test_what_comes_before_auth_is_not_read_after_it(
    client: ModuleType, start: Callable[..., FTP_TLS]
) -> None:
    """A reply too many is dropped before AUTH is sent; in no case does it answer USER."""
    ftp = start(
        say("230 You are in, need no password."),
        *AUTH,
        answer("USER", "331 Password, please."),
        answer("PASS", "230 Welcome."),
        login=False,
    )
    try:
        assert ftp.login("user", "password") == "230 Welcome."
        assert heard_by(ftp) == ["AUTH TLS", "USER user", "PASS password"]
    except (client.error_proto, ssl.SSLError):
        # It came after the look for what there was to say: it passes for the answer to AUTH, and
        # the answer itself is no TLS.
        assert heard_by(ftp) in ([], ["AUTH TLS"])


@pytest.mark.parametrize(
    "refusal",
    ["500 What?", "502 Not here.", "504 No.", "530 Log in first.", "534 No.", "431 Later."],
)
def test_a_server_that_refuses_tls_learns_no_password(
    client: ModuleType, start: Callable[..., FTP_TLS], refusal: str
) -> None:
    """Nor does whoever has put the refusal in."""
    ftp = start(answer("AUTH", refusal), login=False)
    with pytest.raises(client.Error, match=refusal) as raised:
        ftp.login("user", "password")
    assert isinstance(raised.value, client.error_temp if refusal[0] == "4" else client.error_perm)
    assert heard_by(ftp) == ["AUTH TLS"]


@pytest.mark.parametrize("refusal", ["431 No.", "500 No.", "530 No.", "534 No."])
def test_refused_protection_of_data_is_raised(
    client: ModuleType, start: Callable[..., FTP_TLS], refusal: str
) -> None:
    ftp = start(answer("PBSZ"), answer("PROT", refusal), HERE)
    ftp._prot_p = False  # type: ignore[attr-defined]
    with pytest.raises(client.Error, match=refusal):
        ftp.prot_p()
    assert ftp._prot_p is False  # type: ignore[attr-defined]
    assert ftp.pwd() == "/here"


def test_a_server_that_hangs_up_in_place_of_the_handshake(
    start: Callable[..., FTP_TLS],
) -> None:
    def hang_up(conversation: Conversation) -> None:
        conversation.control.shutdown(2)

    ftp = start(answer("AUTH", "234 Go ahead."), hang_up, login=False)
    with pytest.raises(
        (ssl.SSLError, ConnectionError, EOFError),
        match=r"(secure the connection to )?127\.0\.0\.1 port \d+(: | closed the connection after)",
    ):
        ftp.login("user", "password")
    assert ftp.sock is None


def test_a_server_that_says_nothing_in_place_of_the_handshake(
    start: Callable[..., FTP_TLS],
) -> None:
    ftp = start(answer("AUTH", "234 Go ahead."), stall(), login=False, timeout=0.5)
    with (
        within(4),
        pytest.raises(
            TimeoutError, match=r"secure the connection to 127\.0\.0\.1 port \d+: timed out"
        ),
    ):
        ftp.login("user", "password")
    assert ftp.sock is None


# The data connection's handshake


@pytest.mark.parametrize(
    "instead",
    [
        (cut_data(), say("425 Unable to build data connection.")),
        (cut_data(reset=True), say("425 Unable to build data connection.")),
        (say("425 Unable to build data connection."), cut_data()),
        (send(b"no TLS here"), say("425 Unable to build data connection."), cut_data()),
    ],
)
def test_the_servers_word_on_a_handshake_that_failed(
    client: ModuleType, start: Callable[..., FTP_TLS], instead: Sequence[Step]
) -> None:
    ftp = start(answer("TYPE"), passive(), answer("RETR", "150 Ok."), *instead, HERE)
    with within(4), pytest.raises(client.error_temp, match="425 Unable to build"):
        ftp.retrbinary("RETR x", len)
    assert ftp.pwd() == "/here"


def test_a_data_connection_without_tls(start: Callable[..., FTP_TLS]) -> None:
    ftp = start(
        answer("TYPE"),
        passive(),
        answer("RETR", "150 Ok."),
        send(b"plain" * 20),
        say("226 Ok."),
        HERE,
    )
    received: list[bytes] = []
    with pytest.raises(
        ssl.SSLError, match=r"secure the data connection of 127\.0\.0\.1 port \d+: "
    ):
        ftp.retrbinary("RETR x", received.append)
    assert received == []
    assert ftp.pwd() == "/here"


def test_a_data_connection_that_says_nothing(start: Callable[..., FTP_TLS]) -> None:
    ftp = start(
        answer("TYPE"),
        passive(),
        answer("RETR", "150 Ok."),
        lambda conversation: conversation.connected().recv(1),
        stall(0.8),
        say("426 Gone."),
        HERE,
        timeout=0.5,
    )
    with within(4), pytest.raises(TimeoutError, match="secure the data connection of"):
        ftp.retrbinary("RETR x", len)
    assert ftp.pwd() == "/here"


# Silence


def test_a_silent_download_is_given_up_and_the_session_goes_on(
    start: Callable[..., FTP_TLS],
) -> None:
    ftp = start(
        *begin("RETR"), send(b"half"), stall(0.8), cut_data(), say("426 Gone."), HERE, timeout=0.5
    )
    received: list[bytes] = []
    with within(4), pytest.raises(TimeoutError, match=r"data connection of 127\.0\.0\.1 port \d+"):
        ftp.retrbinary("RETR x", received.append)
    assert received == [b"half"]
    assert ftp.pwd() == "/here"


def half_a_record(conversation: Conversation) -> None:
    data = conversation.connected()
    os.write(data.fileno(), b"\x17\x03\x03\x01\x00half")


def test_half_a_record_is_no_reason_to_wait_for_ever(start: Callable[..., FTP_TLS]) -> None:
    """The descriptor has something to read, and TLS has not."""
    late = (stall(0.8), cut_data(), say("426 Gone."))
    ftp = start(*begin("RETR"), half_a_record, *late, HERE, timeout=0.5)
    with within(4), pytest.raises(TimeoutError):
        ftp.retrbinary("RETR x", len)
    assert ftp.pwd() == "/here"


def test_a_server_that_takes_no_data_is_given_up(start: Callable[..., FTP_TLS]) -> None:
    ftp = start(*begin("STOR"), stall(0.8), cut_data(), say("426 Gone."), HERE, timeout=0.5)
    with within(4), pytest.raises(TimeoutError, match="write to the data connection of"):
        ftp.storbinary("STOR x", io.BytesIO(bytes(40_000_000)))
    assert ftp.pwd() == "/here"


def test_a_late_reply_is_not_taken_for_the_next_commands(
    start: Callable[..., FTP_TLS],
) -> None:
    ftp = start(
        lambda conversation: conversation.hear("PWD"),
        stall(0.7),
        say('257 "/first"'),
        answer("PWD", '257 "/second"'),
        timeout=0.5,
    )
    with pytest.raises(TimeoutError, match=r"no reply from 127\.0\.0\.1 port \d+: timed out"):
        ftp.pwd()
    assert ftp.pwd() == "/second"


def test_half_a_record_of_a_reply_is_no_reason_to_wait_for_ever(
    start: Callable[..., FTP_TLS],
) -> None:
    def half(conversation: Conversation) -> None:
        conversation.hear("PWD")
        os.write(conversation.control.fileno(), b"\x17\x03\x03\x01\x00half")

    ftp = start(half, stall(), timeout=0.5)
    with within(4), pytest.raises(TimeoutError, match="timed out"):
        ftp.pwd()


@pytest.mark.parametrize("where", ["control", "data"])
def test_forged_bytes_are_no_data(start: Callable[..., FTP_TLS], where: str) -> None:
    """A record that nobody who has the keys has made."""
    forged = b"\x17\x03\x03\x00\x20" + b"forged" * 6

    def forge(conversation: Conversation) -> None:
        target = conversation.control if where == "control" else conversation.data
        assert target is not None
        os.write(target.fileno(), forged)

    if where == "control":
        ftp = start(lambda conversation: conversation.hear("PWD"), forge)
        with pytest.raises(ssl.SSLError, match=r"cannot read from 127\.0\.0\.1 port \d+: .*MAC"):
            ftp.pwd()
    else:
        received: list[bytes] = []
        ftp = start(*begin("RETR"), send(b"true"), forge, cut_data(), say("226 Done."), HERE)
        with pytest.raises(ssl.SSLError, match=r"data connection of 127\.0\.0\.1 port \d+: .*MAC"):
            ftp.retrbinary("RETR x", received.append)
        assert received in ([], [b"true"])
        assert ftp.pwd() == "/here"


# Signals and threads


@contextmanager
def interrupting(after: float) -> Iterator[None]:
    """Ctrl-C, a moment later."""
    timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


STALLED: dict[str, tuple[Sequence[Step], Callable[[Any], object]]] = {
    "download": (
        [*begin("RETR"), send(b"half"), stall(0.6), cut_data(), say("426 Gone.")],
        lambda ftp: ftp.retrbinary("RETR x", len),
    ),
    "upload": (
        [*begin("STOR"), stall(0.6), cut_data(), say("426 Gone.")],
        lambda ftp: ftp.storbinary("STOR x", io.BytesIO(bytes(40_000_000))),
    ),
    "end of an upload": (
        [*begin("STOR"), receive_tls(), stall(0.6), say("226 Done.")],
        lambda ftp: ftp.storbinary("STOR x", io.BytesIO(b"x")),
    ),
    "handshake": (
        [
            answer("TYPE"),
            passive(),
            answer("RETR", "150 Ok."),
            stall(0.6),
            cut_data(),
            say("426 No."),
        ],
        lambda ftp: ftp.retrbinary("RETR x", len),
    ),
    "reply": (
        [lambda conversation: conversation.hear("NOOP"), stall(0.6), say("200 Late.")],
        lambda ftp: ftp.voidcmd("NOOP"),
    ),
}


@pytest.mark.parametrize("where", STALLED)
def test_ctrl_c_ends_any_wait(start: Callable[..., FTP_TLS], where: str) -> None:
    steps, call = STALLED[where]
    ftp = start(*steps, HERE, timeout=None)
    with within(4):
        with interrupting(0.2), pytest.raises(KeyboardInterrupt):
            call(ftp)
        assert ftp.pwd() == "/here"


@pytest.mark.parametrize("where", STALLED)
def test_close_from_another_thread_ends_any_wait(
    client: ModuleType, start: Callable[..., FTP_TLS], where: str
) -> None:
    steps, call = STALLED[where]
    ftp = start(*steps[:-1], stall())
    timer = threading.Timer(0.2, ftp.close)
    timer.start()
    with within(4), pytest.raises(client.all_errors):
        call(ftp)
    timer.join()
    assert ftp.sock is None
    with pytest.raises(client.Error, match="not connected"):
        ftp.pwd()


def test_what_is_read_after_close_is_not_deciphered_nonsense(
    client: ModuleType, start: Callable[..., FTP_TLS]
) -> None:
    """Another thread closes while records wait to be read."""
    ftp = start(*begin("RETR"), send(noise(4_000_000)), stall())
    received: list[bytes] = []

    def closing_in_between(block: bytes) -> None:
        received.append(block)
        if len(received) == 3:
            thread = threading.Thread(target=ftp.close)
            thread.start()
            thread.join()

    with pytest.raises(client.Error, match="broken off"):
        ftp.retrbinary("RETR x", closing_in_between)
    assert b"".join(received) == noise(4_000_000)[: sum(map(len, received))]
    assert len(received) == 3


# Real servers


_numbers = itertools.count()


def for_ever(call: Callable[[], object]) -> None:
    while True:
        call()


def goes_on(ftp: FTP_TLS) -> None:
    assert ftp.pwd() == "/"
    name = f"after-{next(_numbers)}"
    assert ftp.storbinary(f"STOR {name}", io.BytesIO(b"after")).startswith("226")
    received: list[bytes] = []
    ftp.retrbinary(f"RETR {name}", received.append)
    assert received == [b"after"]


@pytest.mark.parametrize("direction", ["download", "upload"])
def test_ctrl_c_in_a_transfer_with_a_real_server(
    client: ModuleType, server: Server, direction: str
) -> None:
    class Endless(io.RawIOBase):
        def read(self, size: int = -1, /) -> bytes:
            return bytes(size)

    with closing(logged_in(client, server)) as ftp:

        def transfer() -> None:
            if direction == "download":
                ftp.retrbinary("RETR large", len)
            else:
                ftp.storbinary("STOR endless", Endless())

        with interrupting(0.1), pytest.raises(KeyboardInterrupt):
            for_ever(transfer)
        goes_on(ftp)


def test_a_callers_download_that_ends_early(client: ModuleType, server: Server) -> None:
    """The server's word on it is read before the next command."""
    with closing(logged_in(client, server)) as ftp:
        ftp.voidcmd("TYPE I")
        with ftp.transfercmd("RETR large") as data:
            assert data.recv(10) == bytes(10)
        goes_on(ftp)
        data = ftp.transfercmd("RETR large")
        assert data.recv(10) == bytes(10)
        assert ftp.abort()[:3] in ("426", "225", "226")
        assert data.fileno() == -1
        goes_on(ftp)


def test_close_from_another_thread_in_a_transfer(client: ModuleType, server: Server) -> None:
    with closing(logged_in(client, server)) as ftp:
        timer = threading.Timer(0.05, ftp.close)
        timer.start()
        with within(10), pytest.raises(client.Error, match=r"broken off|closed"):
            for_ever(lambda: ftp.retrbinary("RETR large", len))
        timer.join()
        ftp.connect(server.host, server.port)
        ftp.login(server.user, server.password)
        ftp.prot_p()
        goes_on(ftp)
