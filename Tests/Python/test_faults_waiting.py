"""Waiting: a stall ends at the timeout, Ctrl-C ends any wait at once, and the object goes on."""

from __future__ import annotations

import io
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from conftest import (
    LOGIN,
    REPOSITORY,
    Conversation,
    ScriptedServer,
    Step,
    answer,
    end_data,
    passive,
    receive,
    say,
    say_bytes,
    send,
    stall,
)
from waiting import is_asleep, until, until_main_thread_waits

if TYPE_CHECKING:
    from usr.ftplib import FTP

Scripted = Callable[..., ScriptedServer]

BEGIN: Sequence[Step] = (answer("TYPE"), passive())
HERE = answer("PWD", '257 "/here"')
PROMPT = 0.2
"""Seconds within which Ctrl-C ends a call. The module promises half of it; the machine is busy."""


def ignore(_: object) -> None:
    """A callback."""


@contextmanager
def connected(client: ModuleType, server: ScriptedServer, timeout: float) -> Iterator[FTP]:
    with ExitStack() as stack:
        ftp: FTP = client.FTP(timeout=timeout)
        stack.callback(ftp.close)
        ftp.connect(server.host, server.port)
        ftp.login("user", "password")
        yield ftp


def hear(verb: str) -> Step:
    return lambda conversation: conversation.hear(verb)


def accept() -> Step:
    """Takes the data connection and leaves it alone."""
    return lambda conversation: conversation.connected()


def active(ftp: FTP) -> object:
    ftp.set_pasv(False)
    return ftp.retrbinary("RETR x", ignore)


BROKEN_OFF = say("426 Broken off.")


@dataclass(frozen=True)
class Wait:
    """A call that waits: the server's steps up to it, and what the server says too late."""

    steps: Sequence[Step]
    call: Callable[[FTP], object]
    late: Step = BROKEN_OFF


DOWN: Sequence[Step] = (*BEGIN, answer("RETR", "150 Ok."))
UP: Sequence[Step] = (*BEGIN, answer("STOR", "150 Ok."))
LINES = (b"x" * 999 + b"\n") * 40_000
WAITS = {
    "a reply": Wait([hear("STAT")], lambda ftp: ftp.sendcmd("STAT"), say("211 Late.")),
    "the rest of a reply": Wait(
        [hear("STAT"), say_bytes(b"211-Status\r\n o")],
        lambda ftp: ftp.sendcmd("STAT"),
        say_bytes(b"f it\r\n211 End\r\n"),
    ),
    "the 150": Wait([*BEGIN, hear("RETR")], lambda ftp: ftp.retrbinary("RETR x", ignore)),
    "a binary download": Wait([*DOWN, accept()], lambda ftp: ftp.retrbinary("RETR x", ignore)),
    "the rest of a binary download": Wait(
        [*DOWN, send(b"half")], lambda ftp: ftp.retrbinary("RETR x", ignore)
    ),
    "the rest of a text download": Wait(
        [*DOWN, send(b"a line\r\nhalf")], lambda ftp: ftp.retrlines("RETR x", ignore)
    ),
    "the rest of a listing": Wait(
        [*BEGIN, answer("NLST", "150 Ok."), send(b"name\r\n")], lambda ftp: ftp.nlst()
    ),
    "the rest of a machine listing": Wait(
        [*BEGIN, answer("MLSD", "150 Ok."), send(b"type=file; x\r\n")],
        lambda ftp: next(ftp.mlsd()),
    ),
    "room for a binary upload": Wait(
        [*UP, accept()], lambda ftp: ftp.storbinary("STOR x", io.BytesIO(LINES))
    ),
    "room for a text upload": Wait(
        [*UP, accept()], lambda ftp: ftp.storlines("STOR x", io.BytesIO(LINES))
    ),
    "the final reply": Wait(
        [*UP, receive()], lambda ftp: ftp.storbinary("STOR x", io.BytesIO(b"all"))
    ),
    "the server's data connection": Wait(
        [answer("TYPE"), answer("PORT"), answer("RETR", "150 Ok.")], active
    ),
}


# Stalls


@pytest.mark.parametrize("wait", WAITS)
def test_a_stall_ends_at_the_timeout(client: ModuleType, scripted: Scripted, wait: str) -> None:
    ended = threading.Event()
    late = (lambda _: ended.wait(10), WAITS[wait].late, HERE)
    server = scripted([*LOGIN, *WAITS[wait].steps, *late])
    with connected(client, server, timeout=0.4) as ftp:
        begin = time.monotonic()
        with pytest.raises(TimeoutError) as raised:
            WAITS[wait].call(ftp)
        assert 0.35 < time.monotonic() - begin < 5
        assert server.host in str(raised.value)
        assert "timed out" in str(raised.value)
        ended.set()
        assert ftp.pwd() == "/here"


def test_a_silent_greeting_ends_at_the_timeout(client: ModuleType, scripted: Scripted) -> None:
    server = scripted([stall()])
    begin = time.monotonic()
    with pytest.raises(TimeoutError) as raised:
        client.FTP(server.host, server.port, timeout=0.4)
    assert 0.35 < time.monotonic() - begin < 5
    assert str(raised.value) == f"no reply from {server.host} port {server.port}: timed out"


def drip(connection: Callable[[Conversation], socket.socket], content: bytes) -> Step:
    """Sends a byte every tenth of a second."""

    def step(conversation: Conversation) -> None:
        for byte in content:
            connection(conversation).sendall(bytes([byte]))
            conversation.server.closing.wait(0.1)

    return step


def test_a_reply_that_drips_in_is_late_as_a_whole(client: ModuleType, scripted: Scripted) -> None:
    """A server that sends a character now and then does not hold the client for ever."""
    dripping = drip(lambda conversation: conversation.control, b"211-" * 25)
    server = scripted([*LOGIN, hear("STAT"), dripping])
    with connected(client, server, timeout=0.5) as ftp:
        begin = time.monotonic()
        with pytest.raises(TimeoutError):
            ftp.sendcmd("STAT")
        assert 0.4 < time.monotonic() - begin < 5


def test_a_download_that_drips_in_is_not_late(client: ModuleType, scripted: Scripted) -> None:
    """The timeout bounds each silence of the data, not the whole transfer."""
    dripping = drip(Conversation.connected, b"ten bytes!")
    server = scripted(
        [*LOGIN, *BEGIN, answer("RETR", "150 Ok."), dripping, end_data(), say("226 Done.")]
    )
    with connected(client, server, timeout=0.6) as ftp:
        begin = time.monotonic()
        blocks: list[bytes] = []
        assert ftp.retrbinary("RETR x", blocks.append) == "226 Done."
        assert b"".join(blocks) == b"ten bytes!"
        assert time.monotonic() - begin > 0.6


@pytest.mark.parametrize("reply", ["200 Late.", "500 Late."])
def test_a_reply_that_comes_too_late_is_not_the_next_commands(
    client: ModuleType, scripted: Scripted, reply: str
) -> None:
    timed_out = threading.Event()
    server = scripted([*LOGIN, hear("STAT"), lambda _: timed_out.wait(5), say(reply), HERE])
    with connected(client, server, timeout=0.3) as ftp:
        with pytest.raises(TimeoutError):
            ftp.sendcmd("STAT")
        timed_out.set()
        assert ftp.pwd() == "/here"


def test_a_reply_that_comes_too_late_can_still_be_read(
    client: ModuleType, scripted: Scripted
) -> None:
    timed_out = threading.Event()
    late = say("211-Status", "211 End")
    server = scripted([*LOGIN, hear("STAT"), lambda _: timed_out.wait(5), late, HERE])
    with connected(client, server, timeout=0.3) as ftp:
        with pytest.raises(TimeoutError):
            ftp.sendcmd("STAT")
        timed_out.set()
        assert ftp.getresp() == "211-Status\n211 End"
        assert ftp.pwd() == "/here"


# Ctrl-C


def from_the_keyboard() -> None:
    """A signal to the process, as the terminal sends it; when the main thread is surely waiting."""
    until_main_thread_waits()
    os.kill(os.getpid(), signal.SIGINT)


def in_another_thread() -> None:
    """A signal that another thread takes: it interrupts no system call of the waiting one."""
    signal.raise_signal(signal.SIGINT)


@contextmanager
def interrupted(at: threading.Event, send_signal: Callable[[], None]) -> Iterator[None]:
    """Expects KeyboardInterrupt out of the body, promptly after a signal that is sent at an event.

    The signal is sent in any case before this returns, so that it hits no later test.
    """
    sent_at: list[float] = []
    ended_at: list[float] = []

    def interrupt() -> None:
        at.wait(10)
        sent_at.append(time.monotonic())
        send_signal()

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        try:
            yield
        finally:
            ended_at.append(time.monotonic())
            at.set()
            thread.join()
    except KeyboardInterrupt:
        thread.join()
        assert ended_at[0] - sent_at[0] < PROMPT
    else:
        pytest.fail("the call ended by itself")


@pytest.mark.parametrize("send_signal", [from_the_keyboard, in_another_thread])
@pytest.mark.parametrize("wait", WAITS)
def test_control_c_ends_a_wait(
    client: ModuleType, scripted: Scripted, wait: str, send_signal: Callable[[], None]
) -> None:
    waiting, ended = threading.Event(), threading.Event()
    late = (lambda _: waiting.set(), lambda _: ended.wait(10), WAITS[wait].late, HERE)
    server = scripted([*LOGIN, *WAITS[wait].steps, *late])
    with connected(client, server, timeout=10) as ftp:
        with interrupted(waiting, send_signal):
            WAITS[wait].call(ftp)
        ended.set()
        assert ftp.pwd() == "/here"


def test_control_c_ends_the_wait_for_a_greeting(client: ModuleType, scripted: Scripted) -> None:
    waiting = threading.Event()
    server = scripted([lambda _: waiting.set(), stall()])
    with interrupted(waiting, from_the_keyboard):
        client.FTP(server.host, server.port, timeout=10)


@contextmanager
def full_port() -> Iterator[int]:
    """A port that takes no more connections, and refuses none."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as stack:
        port: int = listener.getsockname()[1]
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        yield port


def test_connecting_ends_at_the_timeout(client: ModuleType) -> None:
    with full_port() as port:
        begin = time.monotonic()
        with pytest.raises(TimeoutError) as raised:
            client.FTP("127.0.0.1", port, timeout=0.4)
        assert 0.35 < time.monotonic() - begin < 5
    assert str(raised.value) == f"cannot connect to 127.0.0.1 port {port}: timed out"


# Ctrl-C where nothing waits: the data never stops


def flood(content: bytes) -> Step:
    """Sends the same again and again until the client closes."""

    def step(conversation: Conversation) -> None:
        server = conversation.server
        with suppress(ConnectionError):
            for count in itertools.count():
                conversation.connected().sendall(content)
                if count == 20:
                    server.received.append(b"enough")
        conversation.end_data()

    return step


def drain() -> Step:
    """Receives for ever."""

    def step(conversation: Conversation) -> None:
        count = 0
        while block := conversation.connected().recv(1 << 20):
            count += len(block)
            if count > 1_000_000 and not conversation.server.received:
                conversation.server.received.append(b"enough")
        conversation.end_data()

    return step


FLOOD: Sequence[Step] = (*DOWN, flood(b"a line\r\n" * 20_000))
DRAIN: Sequence[Step] = (*UP, drain())
ENDLESS: dict[str, tuple[Sequence[Step], str]] = {
    "a binary download": (FLOOD, "ftp.retrbinary('RETR x', devnull.write)"),
    "a text download": (FLOOD, "ftp.retrlines('RETR x', collections.deque(maxlen=9).append)"),
    "a text download into a file": (FLOOD, "ftp.retrlines('RETR x', devnull.write)"),
    "a binary upload": (DRAIN, "ftp.storbinary('STOR x', open('/dev/zero', 'rb'))"),
    "a text upload": (DRAIN, "ftp.storlines('STOR x', yes.stdout)"),
}
ENDLESS_CALL = """
import collections, subprocess, sys
from usr.ftplib import FTP

devnull = open("/dev/null", "wb")
yes = subprocess.Popen("yes", stdout=subprocess.PIPE)
with FTP(sys.argv[1], int(sys.argv[2]), "user", "password", timeout=20) as ftp:
    try:
        {call}
    except KeyboardInterrupt:
        print("interrupted", ftp.pwd())
    finally:
        yes.kill()
"""


@contextmanager
def program(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Runs code in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def said_after_control_c(child: subprocess.Popen[str]) -> str:
    """What a program still says after Ctrl-C, by which it soon ends."""
    begin = time.monotonic()
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=5)
    assert time.monotonic() - begin < 4, "with the end of the program"
    return said


@pytest.mark.parametrize("name", ENDLESS)
def test_control_c_ends_an_endless_transfer(scripted: Scripted, name: str) -> None:
    steps, call = ENDLESS[name]
    server = scripted([*LOGIN, *steps, BROKEN_OFF, HERE])
    with program(ENDLESS_CALL.format(call=call), server.host, server.port) as child:
        until(lambda: bool(server.received) or child.poll() is not None)
        assert said_after_control_c(child) == "interrupted /here\n"


CONNECT = """
import sys
from usr.ftplib import FTP

print("connecting", flush=True)
try:
    FTP("127.0.0.1", int(sys.argv[1]), timeout=20)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_control_c_ends_connecting() -> None:
    with full_port() as port, program(CONNECT, port) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "connecting\n"
        until(lambda: is_asleep(str(child.pid)))
        assert said_after_control_c(child) == "interrupted\n"
