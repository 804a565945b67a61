"""How data connections come about when the server, or somebody else, is odd or hostile."""

from __future__ import annotations

import errno
import io
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from conftest import (
    LOGIN,
    Conversation,
    ScriptedServer,
    Step,
    answer,
    download,
    end_data,
    say,
    stall,
)

if TYPE_CHECKING:
    from usr.ftplib import FTP

LogIn = Callable[..., "FTP"]

HERE = answer("PWD", '257 "/here"')
WHOLE = b"the whole content"


@pytest.fixture
def log_in(client: ModuleType, scripted: Callable[..., ScriptedServer]) -> Iterator[LogIn]:
    """`log_in(*steps)`: a session with a server that does these after the login."""
    with ExitStack() as stack:

        def log_in(*steps: Step, timeout: float = 5) -> FTP:
            server = scripted([*LOGIN, *steps])
            ftp: FTP = client.FTP(server.host, server.port, "user", "password", timeout=timeout)
            stack.callback(ftp.close)
            return ftp

        yield log_in


def content(ftp: FTP) -> bytes:
    blocks: list[bytes] = []
    ftp.retrbinary("RETR x", blocks.append)
    return b"".join(blocks)


# Passive mode


def passive_by(verb: str, text: str, host: str = "127.0.0.1") -> Step:
    """Listens on `host`, and answers by a text with {port}, or {high} and {low}."""

    def step(conversation: Conversation) -> None:
        conversation.hear(verb)
        conversation.listener = conversation.server.keep(socket.create_server((host, 0)))
        port: int = conversation.listener.getsockname()[1]
        conversation.say(text.format(port=port, high=port // 256, low=port % 256))

    return step


@pytest.mark.parametrize(
    "reply",
    [
        "227 Entering Passive Mode (127,0,0,1,{high},{low}).",
        "227 Entering Passive Mode 127,0,0,1,{high},{low}",
        "227 =127,0,0,1,{high},{low}",
        "227-At 12:30, on port 5\r\n227 (127,0,0,1,{high},{low})",
        "229 Entering Extended Passive Mode (|||{port}|)",
        "229 Ok (!!!{port}!)",
        "229 Ok (|1|127.0.0.1|{port}|)",
        "227 Another host's (192,0,2,1,{high},{low}).",
        "227 Nobody's (0,0,0,0,{high},{low}).",
    ],
)
def test_a_passive_reply_is_understood(log_in: LogIn, reply: str) -> None:
    """The host is the control connection's, whatever the reply names."""
    ftp = log_in(answer("TYPE"), passive_by("PASV", reply), *download(WHOLE), HERE)
    assert content(ftp) == WHOLE
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("trust", [False, True])
def test_another_host_is_followed_on_request_alone(log_in: LogIn, trust: bool) -> None:
    """The server names 127.0.0.2, and listens there."""
    other = passive_by("PASV", "227 Here (127,0,0,2,{high},{low}).", "127.0.0.2")
    ftp = log_in(answer("TYPE"), other, *download(WHOLE) if trust else (), HERE)
    ftp.set_trust_pasv(trust)
    if trust:
        assert content(ftp) == WHOLE
    else:
        with pytest.raises(ConnectionRefusedError, match=r"data connection to 127\.0\.0\.1 port"):
            content(ftp)
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize(
    "reply",
    [
        "227 Nothing.",
        "227 Too few (127,0,0,1,7).",
        "227 Too big (127,0,0,1,256,1).",
        "227 Port 0 (127,0,0,1,0,0).",
        "227 Digits (127,0,0,1,99999999999999999999,1).",
        "229 Nothing.",
        "229 Port 0 (|||0|)",
        "229 Too big (|||65536|)",
        "229 Digits (|||99999999999999999999|)",
        "229 Half (|||",
        "229 ()",
        "229 (|)",
    ],
)
def test_a_passive_reply_without_an_address_is_a_protocol_error(
    client: ModuleType, log_in: LogIn, reply: str
) -> None:
    ftp = log_in(answer("TYPE"), answer("PASV", reply), HERE)
    with pytest.raises(client.error_proto, match=re.escape(reply)):
        content(ftp)
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("code", ["500", "501", "502", "504", "522"])
def test_a_server_that_does_not_know_pasv_is_asked_for_epsv(log_in: LogIn, code: str) -> None:
    refused = answer("PASV", f"{code} I do not do that.")
    extended = passive_by("EPSV", "229 Ok (|||{port}|)")
    ftp = log_in(answer("TYPE"), refused, extended, *download(WHOLE), HERE)
    assert content(ftp) == WHOLE
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("reply", ["425 No port free.", "530 Log in.", "550 No.", "200 Whatever."])
def test_another_refusal_of_pasv_is_raised(client: ModuleType, log_in: LogIn, reply: str) -> None:
    ftp = log_in(answer("TYPE"), answer("PASV", reply), HERE)
    with pytest.raises(client.Error) as raised:
        content(ftp)
    assert str(raised.value) == reply
    assert ftp.pwd() == "/here"


def test_a_port_that_nobody_listens_on_is_named(log_in: LogIn) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    closed = answer("PASV", f"227 Here (127,0,0,1,{port // 256},{port % 256}).")
    ftp = log_in(answer("TYPE"), closed, HERE)
    with pytest.raises(ConnectionRefusedError) as raised:
        content(ftp)
    assert raised.value.errno == errno.ECONNREFUSED
    assert f"data connection to 127.0.0.1 port {port}" in str(raised.value)
    assert ftp.pwd() == "/here"


# Active mode


def connecting_from(*sources: str, strangers: list[socket.socket] | None = None) -> Step:
    """Hears PORT and connects from each address in turn; all but the last are strangers."""

    def step(conversation: Conversation) -> None:
        *_, high, low = conversation.hear("PORT").split(",")
        target = ("127.0.0.1", int(high) * 256 + int(low))
        conversation.say("200 Ok.")
        for source in sources:
            connection = socket.create_connection(target, source_address=(source, 0))
            conversation.data = conversation.server.keep(connection)
            if strangers is not None and source != sources[-1]:
                connection.sendall(b"malicious content")
                strangers.append(connection)

    return step


def test_the_server_may_connect_before_it_is_asked(log_in: LogIn) -> None:
    ftp = log_in(answer("TYPE"), connecting_from("127.0.0.1"), *download(WHOLE), HERE)
    ftp.set_pasv(False)
    assert content(ftp) == WHOLE
    assert ftp.pwd() == "/here"


def test_a_strangers_connection_is_not_taken_for_the_servers(log_in: LogIn) -> None:
    """Anyone may connect to an open port, and come first."""
    strangers: list[socket.socket] = []
    connecting = connecting_from("127.0.0.2", "127.0.0.1", strangers=strangers)
    ftp = log_in(answer("TYPE"), connecting, *download(WHOLE), HERE)
    ftp.set_pasv(False)
    assert content(ftp) == WHOLE
    assert ftp.pwd() == "/here"
    (stranger,) = strangers
    with pytest.raises(ConnectionResetError):
        stranger.recv(1)


def test_a_stranger_alone_is_not_enough(log_in: LogIn) -> None:
    strangers: list[socket.socket] = []

    def stranger(conversation: Conversation) -> None:
        connecting_from("127.0.0.2", strangers=strangers)(conversation)
        conversation.connected().sendall(b"malicious content")
        conversation.data = None

    late = (answer("RETR", "150 Ok."), stall(0.5), say("425 I cannot connect."))
    ftp = log_in(answer("TYPE"), stranger, *late, HERE, timeout=0.3)
    ftp.set_pasv(False)
    with pytest.raises(TimeoutError, match=r"127\.0\.0\.1 did not open the data connection"):
        content(ftp)
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("reply", ["500 No PORT here.", "425 Not now."])
def test_a_refused_port_is_raised_and_nothing_listens_any_more(
    client: ModuleType, log_in: LogIn, reply: str
) -> None:
    heard: list[str] = []

    def refuse(conversation: Conversation) -> None:
        heard.append(conversation.hear("PORT"))
        conversation.say(reply)

    ftp = log_in(answer("TYPE"), refuse, HERE)
    ftp.set_pasv(False)
    with pytest.raises(client.Error, match=re.escape(reply)):
        content(ftp)
    assert ftp.pwd() == "/here"
    *_, high, low = heard[0].split(",")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(high) * 256 + int(low))).close()


def test_a_refused_transfer_in_active_mode_leaves_the_session_in_step(
    client: ModuleType, log_in: LogIn
) -> None:
    ftp = log_in(answer("TYPE"), answer("PORT"), answer("RETR", "550 No such file."), HERE)
    ftp.set_pasv(False)
    with pytest.raises(client.error_perm, match="550 No such file"):
        content(ftp)
    assert ftp.pwd() == "/here"


def test_an_upload_in_active_mode_that_the_server_breaks_off(
    client: ModuleType, log_in: LogIn
) -> None:
    full = (answer("STOR", "150 Ok."), say("552 Disk full."), end_data(reset=True))
    ftp = log_in(answer("TYPE"), connecting_from("127.0.0.1"), *full, HERE)
    ftp.set_pasv(False)
    with pytest.raises(client.error_perm, match="552 Disk full"):
        ftp.storbinary("STOR x", io.BytesIO(bytes(40_000_000)))
    assert ftp.pwd() == "/here"
