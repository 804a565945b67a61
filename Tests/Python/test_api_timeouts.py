"""`timeout`: what it may be, where it ends up, and that it ends every kind of wait."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from conftest import (
    LOGIN,
    Conversation,
    Directory,
    ScriptedServer,
    Server,
    Step,
    answer,
    passive,
    say,
    send,
    stall,
)

from usr.ftplib import FTP

if TYPE_CHECKING:
    Talk = Callable[..., tuple[FTP, ScriptedServer]]

SHORT = 0.3
"""Seconds that the waits here are given to end in."""


@pytest.fixture
def talk(scripted: Callable[..., ScriptedServer]) -> Iterator[Talk]:
    """Logs in to a scripted server that then goes through the given steps; gives both."""
    with ExitStack() as connections:

        def start(*steps: Step, timeout: float | None = SHORT) -> tuple[FTP, ScriptedServer]:
            server = scripted([*LOGIN, *steps])
            ftp = FTP(server.host, server.port, "u", "p", timeout=timeout)
            connections.callback(ftp.close)
            return ftp, server

        yield start


@pytest.fixture
def default_timeout() -> Iterator[Callable[[float | None], None]]:
    """Sets the default of all new sockets, for one test."""
    before = socket.getdefaulttimeout()
    yield socket.setdefaulttimeout
    socket.setdefaulttimeout(before)


@pytest.fixture
def timed_out() -> Iterator[threading.Event]:
    """For the server to wait for, and for the test to set."""
    event = threading.Event()
    yield event
    event.set()


@contextmanager
def timing_out(match: str) -> Iterator[None]:
    """The body must raise TimeoutError after SHORT seconds, and before fifteen times that."""
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=match):
        yield
    assert SHORT * 0.9 <= time.monotonic() - began < SHORT * 15


def control_timeout(ftp: FTP) -> float | None:
    assert ftp.sock is not None
    return ftp.sock.gettimeout()


def data_timeout(ftp: FTP) -> float | None:
    with ftp.transfercmd("LIST") as data:
        timeout = data.gettimeout()
        while data.recv(65536):
            pass
    assert ftp.voidresp().startswith("226")
    return timeout


# What it may be


WAYS_TO_GIVE_IT: list[Callable[[Any], object]] = [
    lambda timeout: FTP(timeout=timeout),
    lambda timeout: FTP("127.0.0.1", 1, timeout=timeout),
    lambda timeout: FTP("127.0.0.1", "user", "password", "", timeout),
    lambda timeout: FTP().connect("127.0.0.1", 1, timeout),
    lambda timeout: FTP().connect("127.0.0.1", timeout=timeout),
]


@pytest.mark.parametrize("give", WAYS_TO_GIVE_IT)
@pytest.mark.parametrize("timeout", [0, 0.0, -1, -0.5, math.nan, -math.inf, -998])
def test_a_timeout_of_0_or_less_is_a_value_error(
    timeout: float, give: Callable[[Any], object]
) -> None:
    with pytest.raises(ValueError, match="timeout must be above 0") as caught:
        give(timeout)
    assert type(caught.value) is ValueError


@pytest.mark.parametrize("give", WAYS_TO_GIVE_IT)
@pytest.mark.parametrize("timeout", ["5", b"5", [5], 1j])
def test_a_timeout_that_is_no_number_is_a_type_error(
    timeout: object, give: Callable[[Any], object]
) -> None:
    with pytest.raises(TypeError):
        give(timeout)


def test_an_attribute_that_is_no_timeout_is_refused_by_connect(vsftpd: Server) -> None:
    ftp = FTP()
    ftp.timeout = 0
    with pytest.raises(ValueError, match="timeout must be above 0"):
        ftp.connect(vsftpd.host, vsftpd.port)


def test_the_defaults_of_connect_mean_not_given(vsftpd: Server) -> None:
    ftp = FTP(port=vsftpd.port, timeout=7)
    ftp.connect(vsftpd.host, 0, -999)
    assert (ftp.port, ftp.timeout, control_timeout(ftp)) == (vsftpd.port, 7, 7)
    ftp.close()


# Where it ends up

NOT_GIVEN: dict[str, float | None] = {}


@pytest.mark.parametrize(
    ("default", "given", "expected"),
    [
        (None, NOT_GIVEN, None),
        (30, NOT_GIVEN, 30),
        (None, {"timeout": None}, None),
        (30, {"timeout": None}, None),
        (30, {"timeout": 20}, 20),
        (None, {"timeout": 2.5}, 2.5),
    ],
)
@pytest.mark.parametrize("give", ["FTP", "connect", "attribute"])
@pytest.mark.parametrize("active", [False, True], ids=["passive", "active"])
def test_the_sockets_get_the_timeout(
    default: float | None,
    given: dict[str, float | None],
    expected: float | None,
    give: str,
    active: bool,
    client: ModuleType,
    vsftpd: Server,
    default_timeout: Callable[[float | None], None],
) -> None:
    default_timeout(default)
    if give == "FTP":
        ftp = client.FTP(vsftpd.host, vsftpd.port, **given)
    else:
        ftp = client.FTP()
        if give == "attribute" and given:
            ftp.timeout = given["timeout"]
        ftp.connect(vsftpd.host, vsftpd.port, **given if give == "connect" else {})
    ftp.login(vsftpd.user, vsftpd.password)
    ftp.set_pasv(not active)
    assert (control_timeout(ftp), data_timeout(ftp)) == (expected, expected)
    ftp.close()


def test_the_timeout_is_an_attribute(vsftpd: Server) -> None:
    ftp = FTP(vsftpd.host, vsftpd.port, timeout=20)
    seen = [ftp.timeout]
    for timeout in (2.5, None):
        ftp.connect(timeout=timeout)
        seen.append(ftp.timeout)
    assert seen == [20, 2.5, None]
    ftp.close()


@pytest.mark.parametrize(
    ("default", "given", "expected"),
    [
        (None, NOT_GIVEN, 60.0),
        (7, NOT_GIVEN, 7),
        (7, {"timeout": None}, None),
        (7, {"timeout": 5}, 5),
    ],
)
def test_connecting_has_60_seconds_when_nobody_said(
    default: float | None,
    given: dict[str, float | None],
    expected: float | None,
    client: ModuleType,
    vsftpd: Server,
    default_timeout: Callable[[float | None], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    default_timeout(default)
    asked: list[float | None] = []
    original = socket.create_connection

    def create_connection(
        address: tuple[str, int], timeout: float | None, *_: Any, **__: Any
    ) -> socket.socket:
        asked.append(timeout)
        return original(address, timeout)

    monkeypatch.setattr(socket, "create_connection", create_connection)
    ftp = client.FTP(vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password, **given)
    ftp.transfercmd("LIST").close()
    assert asked == [expected, expected], "the control and the data connection"
    ftp.close()


def test_a_timeout_set_on_the_socket_counts(talk: Talk) -> None:
    """And says what the socket would: ftputil reads the words."""
    ftp, _ = talk(answer("NOOP"), answer("SYST", "215-"), stall(), timeout=None)
    assert ftp.sock is not None
    ftp.voidcmd("NOOP")
    ftp.sock.settimeout(SHORT)
    with timing_out("^timed out$"):
        ftp.sendcmd("SYST")


# What it ends


@pytest.fixture
def full_backlog() -> Iterator[tuple[str, int]]:
    """An address that answers no attempt to connect: nobody accepts, and the queue is full."""
    with ExitStack() as open_sockets:
        listener = open_sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listener.getsockname()
        for _ in range(4):
            waiting = open_sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        yield address


def test_it_ends_the_attempt_to_connect(full_backlog: tuple[str, int]) -> None:
    host, port = full_backlog
    with timing_out(f"cannot connect to {host} port {port}: timed out"):
        FTP(host, port, timeout=SHORT)


def test_it_ends_the_wait_for_the_greeting(scripted: Callable[..., ScriptedServer]) -> None:
    server = scripted([stall()])
    ftp = FTP(timeout=SHORT)
    with timing_out(f"no reply from {server.host} port {server.port}: timed out"):
        ftp.connect(server.host, server.port)
    assert ftp.sock is None


@pytest.mark.parametrize(
    "said", [[], [say("200-and")], [say("200-and", " so on")]], ids=["nothing", "half", "more"]
)
def test_it_ends_the_wait_for_a_reply(said: list[Step], talk: Talk) -> None:
    ftp, server = talk(lambda conversation: conversation.hear("NOOP"), *said, stall())
    with timing_out(f"no reply from {server.host} port {server.port}: timed out"):
        ftp.voidcmd("NOOP")


def test_a_reply_that_comes_late_is_not_taken_for_the_next(
    talk: Talk, timed_out: threading.Event
) -> None:
    ftp, server = talk(
        lambda conversation: conversation.hear("SYST"),
        lambda _: timed_out.wait(20),
        say("215 Late."),
        answer("NOOP", "200 Mine."),
    )
    with timing_out("no reply"):
        ftp.sendcmd("SYST")
    timed_out.set()
    assert ftp.sendcmd("NOOP") == "200 Mine."
    assert server.heard[2:] == ["SYST", "NOOP"]


def test_a_reply_that_came_late_can_still_be_read(talk: Talk, timed_out: threading.Event) -> None:
    ftp, _ = talk(
        lambda conversation: conversation.hear("SYST"),
        lambda _: timed_out.wait(20),
        say("215 Late."),
    )
    with timing_out("no reply"):
        ftp.sendcmd("SYST")
    timed_out.set()
    assert ftp.getresp() == "215 Late."


def test_it_ends_a_silence_in_a_download(talk: Talk, timed_out: threading.Event) -> None:
    ftp, server = talk(
        answer("TYPE"),
        passive(),
        answer("RETR", "150 Here it comes."),
        send(b"half"),
        lambda _: timed_out.wait(20),
        say("426 You have gone."),
        answer("NOOP"),
    )
    received: list[bytes] = []
    with timing_out(rf"read from the data connection of {server.host} port [0-9]+: timed out"):
        ftp.retrbinary("RETR f", received.append)
    assert received == [b"half"]
    timed_out.set()
    assert ftp.voidcmd("NOOP") == "200 Very well."


def test_it_ends_a_silence_in_a_text_download(talk: Talk) -> None:
    ftp, _ = talk(
        answer("TYPE"), passive(), answer("RETR", "150 Here."), send(b"one\r\ntw"), stall()
    )
    received: list[str] = []
    with timing_out("cannot read from the data connection"):
        ftp.retrlines("RETR f", received.append)
    assert received == ["one"]


@pytest.mark.parametrize("method", ["storbinary", "storlines"])
def test_it_ends_an_upload_that_the_server_does_not_take(method: str, talk: Talk) -> None:
    ftp, _ = talk(
        answer("TYPE"), passive(), answer("STOR", "150 Go."), Conversation.connected, stall()
    )
    with timing_out("cannot write to the data connection"):
        getattr(ftp, method)("STOR f", BytesIO((b"x" * 4095 + b"\n") * 2**12))


def test_it_ends_the_wait_for_the_servers_data_connection(
    talk: Talk, timed_out: threading.Event
) -> None:
    ftp, server = talk(
        answer("TYPE"),
        answer("PORT"),
        answer("RETR", "150 I shall connect."),
        lambda _: timed_out.wait(20),
        say("425 I could not."),
        answer("NOOP"),
    )
    ftp.set_pasv(False)
    with timing_out(f"{server.host} did not open the data connection: timed out"):
        ftp.retrbinary("RETR f", print)
    timed_out.set()
    assert ftp.voidcmd("NOOP") == "200 Very well."


def test_it_ends_the_wait_for_the_final_reply(talk: Talk) -> None:
    ftp, _ = talk(
        answer("TYPE"),
        passive(),
        answer("RETR", "150 Here."),
        send(b"all"),
        Conversation.end_data,
        stall(),
    )
    with timing_out("no reply"):
        ftp.retrbinary("RETR f", len)


def test_it_bounds_each_silence_and_not_the_whole_transfer(talk: Talk) -> None:
    def trickle(conversation: Conversation) -> None:
        for _ in range(6):
            conversation.server.closing.wait(SHORT / 3)
            conversation.connected().sendall(b"x")

    ftp, _ = talk(
        answer("TYPE"),
        passive(),
        answer("RETR", "150 Slowly."),
        trickle,
        Conversation.end_data,
        say("226 Done."),
    )
    received: list[bytes] = []
    began = time.monotonic()
    assert ftp.retrbinary("RETR f", received.append) == "226 Done."
    assert b"".join(received) == b"x" * 6
    assert time.monotonic() - began > SHORT


def test_it_bounds_the_whole_reply(talk: Talk) -> None:
    def trickle(conversation: Conversation) -> None:
        conversation.hear("NOOP")
        while not conversation.server.closing.wait(SHORT / 5):
            conversation.say("200-and so on")

    ftp, _ = talk(trickle)
    with timing_out("no reply"):
        ftp.voidcmd("NOOP")


def test_an_upload_that_waits_for_its_own_source_is_not_timed(
    ftp: FTP, directory: Directory
) -> None:
    class Slow(BytesIO):
        """A file whose first block takes longer than the connection may be silent."""

        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() == 0:
                threading.Event().wait(SHORT * 2)
            return super().read(size)

    assert ftp.sock is not None
    ftp.timeout = SHORT
    assert ftp.storbinary("STOR f", Slow(b"content")) == "226 Transfer complete."
    assert directory.read("f") == b"content"


def test_a_timeout_that_is_set_later_bounds_replies(talk: Talk) -> None:
    """Where the socket has none of its own."""
    ftp, _ = talk(stall(), timeout=None)
    ftp.timeout = SHORT
    with timing_out("no reply"):
        ftp.voidcmd("NOOP")


def test_a_limit_that_is_taken_from_the_socket_is_gone(talk: Talk) -> None:
    def late(conversation: Conversation) -> None:
        conversation.hear()
        time.sleep(SHORT * 3)
        conversation.say("200 Late.")

    ftp, _ = talk(late)
    assert ftp.sock is not None
    ftp.sock.settimeout(None)
    assert ftp.voidcmd("NOOP") == "200 Late."


@pytest.mark.parametrize("meanwhile", [False, True])
def test_a_timeout_that_is_set_where_none_was_given_bounds_replies(
    scripted: Callable[..., ScriptedServer], meanwhile: bool
) -> None:
    server = scripted([*LOGIN, answer("NOOP"), stall()])
    with FTP(server.host, server.port, "u", "p") as ftp:
        assert ftp.sock is not None
        if meanwhile:
            # As ftputil does when it closes a file.
            ftp.sock.settimeout(5)
        ftp.voidcmd("NOOP")
        ftp.sock.settimeout(None)
        ftp.timeout = SHORT
        with timing_out("no reply"):
            ftp.voidcmd("NOOP")
