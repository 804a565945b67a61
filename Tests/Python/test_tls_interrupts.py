"""Ctrl-C at every point of a session in TLS: the session goes on, or says that it cannot."""

from __future__ import annotations

import io
import os
import random
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from conftest import Conversation, ScriptedServer, Step, answer, passive, say, stall
from scripted import hang_up
from tls_support import (
    AUTH,
    LOGIN_TLS,
    VERSIONS,
    logged_in,
    protected,
    server_context,
    trusting,
    version_of_tls,
    within,
)
from tls_support import both_ways as both_ways
from tls_support import server as server

if TYPE_CHECKING:
    from servers import Server

    from usr.ftplib import FTP_TLS

HERE = answer("PWD", '257 "/here"')


def control_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


# A server that minds


class Handshake:
    """TLS of the server's on a data connection, flight by flight.

    When the client closes the connection before the end, the session ends as vsftpd's does.
    """

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.plain = conversation.connected()
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = server_context().wrap_bio(self.incoming, self.outgoing, server_side=True)

    def hear(self) -> bytes:
        """What the client says next; the answer to it."""
        received = b""
        with suppress(ConnectionError):
            received = self.plain.recv(65536)
        if not received:
            below = self.conversation.control.detach()
            os.write(below, b"500 OOPS: priv_sock_get_result\r\n")
            os.close(below)
            raise ConnectionError("the client has gone in the middle of the handshake")
        self.incoming.write(received)
        with suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
            self.is_whole = True
        return self.outgoing.read()

    is_whole = False

    def finish(self) -> None:
        while not self.is_whole:
            self.plain.sendall(self.hear())


def interrupt(*, behind: float = 0.1, rest: float = 0.2) -> None:
    """Ctrl-C, when the client is surely waiting; the server takes its time afterwards."""
    time.sleep(behind)
    control_c()
    time.sleep(rest)


def before_the_preliminary(conversation: Conversation, preliminary: str) -> None:
    interrupt()
    conversation.say(preliminary)
    Handshake(conversation).finish()


def before_the_handshake(conversation: Conversation, preliminary: str) -> None:
    conversation.say(preliminary)
    handshake = Handshake(conversation)
    interrupt()
    handshake.finish()


def in_the_servers_flight(conversation: Conversation, preliminary: str) -> None:
    conversation.say(preliminary)
    handshake = Handshake(conversation)
    flight = handshake.hear()
    handshake.plain.sendall(flight[:100])
    interrupt()
    handshake.plain.sendall(flight[100:])
    handshake.finish()


def behind_the_handshake(conversation: Conversation, preliminary: str) -> None:
    conversation.say(preliminary)
    Handshake(conversation).finish()
    interrupt()


CALLS: dict[str, Callable[[Any], object]] = {
    "RETR": lambda ftp: ftp.retrbinary("RETR x", len),
    "STOR": lambda ftp: ftp.storbinary("STOR x", io.BytesIO(bytes(40_000_000))),
    "NLST": lambda ftp: ftp.nlst(),
}


def end(conversation: Conversation) -> None:
    """What a server says of it when the client has gone."""
    with suppress(OSError):
        conversation.connected().settimeout(10)
        while conversation.connected().recv(65536):
            pass
    hang_up(conversation.connected())
    conversation.data = None
    conversation.say("426 Broken off.")


@version_of_tls
@pytest.mark.parametrize("verb", CALLS)
@pytest.mark.parametrize(
    "moment",
    [
        before_the_preliminary,
        before_the_handshake,
        in_the_servers_flight,
        behind_the_handshake,
    ],
)
def test_a_session_survives_ctrl_c_on_the_way_into_tls(
    client: ModuleType,
    scripted: Callable[..., ScriptedServer],
    moment: Callable[[Conversation, str], None],
    verb: str,
    version: ssl.TLSVersion,
) -> None:
    """vsftpd and Pure-FTPd end it when the data connection is closed before it is secured."""

    def step(conversation: Conversation) -> None:
        conversation.hear(verb)
        moment(conversation, "150 Here we go.")

    server = scripted([*LOGIN_TLS, answer("TYPE"), passive(), step, end, HERE, HERE])
    with closing(client.FTP_TLS(context=trusting(version), timeout=10)) as ftp:
        protected(ftp, server)
        with pytest.raises(KeyboardInterrupt):
            CALLS[verb](ftp)
        assert ftp.pwd() == "/here"
        assert ftp.pwd() == "/here"


@pytest.mark.parametrize("verb", ["RETR", "STOR"])
def test_a_session_survives_ctrl_c_while_the_server_is_to_connect(
    client: ModuleType, scripted: Callable[..., ScriptedServer], verb: str
) -> None:
    """In active mode the server's connection may wait to be taken when the signal comes."""

    def port(conversation: Conversation) -> None:
        numbers = conversation.hear("PORT").split()[1].split(",")
        conversation.server.received.append(b"".join(bytes([int(n)]) for n in numbers[4:]))
        conversation.say("200 Very well.")

    def step(conversation: Conversation) -> None:
        conversation.hear(verb)
        number = int.from_bytes(conversation.server.received[0])
        data = socket.create_connection(("127.0.0.1", number))
        conversation.data = conversation.server.keep(data)
        interrupt()
        Handshake(conversation).finish()

    server = scripted([*LOGIN_TLS, answer("TYPE"), port, step, end, HERE])
    with closing(client.FTP_TLS(context=trusting(), timeout=10)) as ftp:
        protected(ftp, server)
        ftp.set_pasv(False)
        with pytest.raises(KeyboardInterrupt):
            CALLS[verb](ftp)
        assert ftp.pwd() == "/here"


def stalled(*, again: bool) -> Step:
    def step(conversation: Conversation) -> None:
        conversation.say("150 Here we go.")
        handshake = Handshake(conversation)
        handshake.hear()
        interrupt()
        if again:
            control_c()
        handshake.hear()

    return step


@pytest.mark.parametrize("again", [False, True], ids=["once", "twice"])
def test_a_session_that_ends_for_a_broken_handshake_says_so(
    client: ModuleType, scripted: Callable[..., ScriptedServer], again: bool
) -> None:
    """A server that stalls in the handshake is not waited for; a second Ctrl-C ends it at once."""
    steps = (answer("TYPE"), passive(), lambda conversation: conversation.hear("RETR"))
    server = scripted([*LOGIN_TLS, *steps, stalled(again=again)])
    with closing(client.FTP_TLS(context=trusting(), timeout=10)) as ftp:
        protected(ftp, server)
        with within(4), pytest.raises(KeyboardInterrupt):
            ftp.retrbinary("RETR x", len)
        with within(4), pytest.raises(EOFError, match=r"handshake of a data .* connect again"):
            ftp.pwd()


def test_ctrl_c_in_the_control_connections_handshake_closes_it(
    client: ModuleType, scripted: Callable[..., ScriptedServer]
) -> None:
    server = scripted([say("220 Hello."), AUTH[0], lambda _: interrupt(), stall()])
    with closing(client.FTP_TLS(context=trusting(), timeout=10)) as ftp:
        ftp.connect(server.host, server.port)
        with within(4), pytest.raises(KeyboardInterrupt):
            ftp.login("user", "password")
        assert ftp.sock is None
        with pytest.raises(client.Error, match="not connected"):
            ftp.pwd()


# At random moments


def interrupted(call: Callable[[], object], after: float) -> None:
    """Calls again and again until Ctrl-C has come."""
    begun = threading.Event()

    def later() -> None:
        begun.wait()
        time.sleep(after)
        control_c()

    thread = threading.Thread(target=later)
    thread.start()

    def again_and_again() -> None:
        begun.set()
        while True:
            call()

    with pytest.raises(KeyboardInterrupt):
        again_and_again()
    thread.join()


def test_a_command_is_sent_or_not_and_no_reply_is_lost(client: ModuleType, server: Server) -> None:
    """`ssl` looks for signals behind its reads and writes, whose results are lost then."""
    moments = random.Random(7)
    with closing(logged_in(client, server)) as ftp:
        for _ in range(60):
            interrupted(ftp.pwd, moments.uniform(0.0005, 0.004))
            with within(3):
                assert ftp.sendcmd("TYPE I")[:3] == "200"
                assert ftp.sendcmd("PWD")[:3] == "257"


def is_usable(ftp: FTP_TLS) -> bool:
    """Whether it is, or says clearly that it is not."""
    try:
        return ftp.pwd() == "/"
    except EOFError as error:
        if "connect again" not in str(error):
            raise
        return False


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("version", VERSIONS, ids=["TLS 1.2", "TLS 1.3"])
@pytest.mark.parametrize("verb", ["RETR", "STOR"])
def test_ctrl_c_while_a_transfer_begins(
    client: ModuleType, server: Server, verb: str, version: ssl.TLSVersion
) -> None:
    """Where Python's own `wrap_socket` is interrupted behind its `detach`, nobody can end the
    handshake: the server may end the session then, and it is said so."""
    moments = random.Random(3)
    calls: dict[str, Callable[[FTP_TLS], object]] = {
        "RETR": lambda ftp: ftp.retrbinary("RETR large", len),
        "STOR": lambda ftp: ftp.storbinary("STOR begun", io.BytesIO(bytes(100_000))),
    }
    lost = 0
    with ExitStack() as stack:
        ftp = stack.enter_context(closing(logged_in(client, server, trusting(version))))
        for _ in range(4):
            interrupted(partial(calls[verb], ftp), moments.uniform(0.001, 0.02))
            if not is_usable(ftp):
                lost += 1
                ftp = stack.enter_context(closing(logged_in(client, server, trusting(version))))
        assert lost < 2
        assert ftp.storbinary("STOR after", io.BytesIO(b"after")).startswith("226")
