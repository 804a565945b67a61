"""One connection for a Swift program and its script: `HostProbe`, a program of the tests."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import product

import pytest
from conftest import (
    FTPY,
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
)
from tls_support import LOGIN_TLS, begin, certificates, data_of, running

SERVERS = [
    ("vsftpd", "plain"),
    ("vsftpd", "tls-reuse"),
    ("proftpd", "implicit-reuse"),
    ("pyftpdlib", "tls"),
]
"""vsftpd and ProFTPD refuse data connections that do not resume the TLS session."""


def probe(case: str, *words: str) -> list[str]:
    """The lines that a case prints, the script's before the program's."""
    command = [str(FTPY.program.with_name("HostProbe")), case, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    return [*done.stdout.splitlines(), *done.stderr.splitlines()]


@pytest.fixture(params=SERVERS, ids=" ".join)
def words(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """A server with a folder, as the probe's arguments."""
    name, mode = request.param
    if mode == "plain":
        server: Server = request.getfixturevalue("vsftpd")
        directory: Directory = request.getfixturevalue("directory")
        yield [server.host, str(server.port), server.user, server.password, directory.path]
        return
    with running(name, mode) as secure:
        words = [secure.host, str(secure.port), secure.user, secure.password, "/"]
        words.append(str(certificates() / "ca.pem"))
        yield [*words, "implicit"] if mode.startswith("implicit") else words


def test_both_use_it_in_turn(words: list[str]) -> None:
    assert probe("share", *words) == [
        "226 True",
        "True",
        "226 True -1",
        "226 True",
        "True True ['a.txt', 'b.bin']",
        "True",
        *['["one", "two"]', "true"] * 2,
        "ftplib.error_perm",
        words[4],
        "226 10",
        "true",
        "session: closed",
    ]


def test_while_one_transfers_the_other_is_refused(words: list[str]) -> None:
    """And both go on behind the transfer. A close in the middle is an error, not a hang."""
    assert probe("share-turns", *words) == [
        "226",
        "['Error: cannot send ABOR', 'Error: cannot send PWD', 'Error: cannot send TYPE']",
        "True",
        "226 3 100000",
        '["ftplib.Error: cann"]',
        "true",
        "closed: OSError",
        "closed: ftplib.Error",
    ]


def test_a_program_takes_a_connection_of_a_script(vsftpd: Server, directory: Directory) -> None:
    words = [vsftpd.host, str(vsftpd.port), vsftpd.user, vsftpd.password, directory.path]
    lines = [line for line in probe("share-back", *words) if "RuntimeWarning" not in line]
    assert lines == [
        "1 226",
        "True",
        "220 true",
        "3000",
        '["a.txt"] true',
        "true",
        *["ValueError: this FTP object is not connected"] * 2,
        "TypeError: expected an ftplib.FTP, not 'int'",
        "ValueError: this FTP object is not connected",
        "ftplib.Error: this FTP object is in use: let its transfer end first",
    ]


def await_client(conversation: Conversation) -> None:
    """Waits until the client closes the data connection, whichever way."""
    data = conversation.connected()
    with suppress(OSError):
        while data.recv(65536):
            pass
    conversation.end_data()


HERE = answer("PWD", '257 "/here"')
STOPPED: Sequence[Step] = (await_client, say("426 Broken off."), HERE, HERE)


@pytest.mark.parametrize(
    ("who", "security"),
    [*product(("script", "host", "swallow"), ("plain", "TLS")), ("taken", "plain")],
)
def test_a_stop_ends_a_wait(
    scripted: Callable[..., ScriptedServer], who: str, security: str
) -> None:
    """The deadline, and `cancel`, end a transfer that has stalled.

    The script's, a registered function's, that of one which drops the error, and that of one over
    the script's own connection. Both sides go on.
    """
    kind = answer("TYPE")
    opened = [kind, passive(), answer("RETR", "150 Here it comes."), send(b"some")]
    if security == "TLS":
        opened = [*begin("RETR"), lambda conversation: data_of(conversation).sendall(b"some")]
    transfer = [*opened[1:], *STOPPED]
    server = scripted([*(LOGIN_TLS if security == "TLS" else LOGIN), kind, *transfer, *transfer])
    trust = [str(certificates() / "ca.pem")] if security == "TLS" else []
    assert probe("share-stop", server.host, str(server.port), who, *trust) == [
        "deadlinePassed",
        "/here /here",
        "cancelled",
        "/here /here",
    ]


def await_reset(conversation: Conversation) -> None:
    """Waits until the client resets the data connection: that cannot be taken for its end."""
    data = data_of(conversation)
    with suppress(ConnectionResetError):
        while socket.socket.recv(data, 65536):  # below TLS
            pass
        raise AssertionError("the data connection has ended in order")
    conversation.end_data()


SOME: Step = lambda conversation: data_of(conversation).sendall(b"some")  # noqa: E731
TAKEN = [*begin("RETR")[1:], SOME]
BROKEN_OFF = [await_reset, say("426 Broken off.")]
LEAVING: dict[str, tuple[str, Sequence[Step]]] = {
    "close": (
        "data = ftp.transfercmd('RETR x')\ndata.recv(4)\ndata.close()",
        [*TAKEN, *BROKEN_OFF],
    ),
    "forget": (
        "data = ftp.transfercmd('RETR x')\ndata.recv(4)\ndel data",
        [*TAKEN, *BROKEN_OFF],
    ),
    "raise": (
        "try:\n"
        "    with ftp.transfercmd('RETR x') as data:\n"
        "        data.recv(4)\n"
        "        1 / 0\n"
        "except ZeroDivisionError: pass",
        [*TAKEN, *BROKEN_OFF],
    ),
    "raise in the callback": (
        "try: ftp.retrbinary('RETR x', lambda block: 1 / 0)\nexcept ZeroDivisionError: pass",
        [*begin("RETR"), SOME, *BROKEN_OFF],
    ),
    "raise in an upload": (
        "try:\n"
        "    with ftp.transfercmd('STOR x') as data:\n"
        "        data.recv(4)\n"  # the server has TLS
        "        1 / 0\n"
        "except ZeroDivisionError: pass",
        [*begin("STOR")[1:], SOME, *BROKEN_OFF],
    ),
    "raise in the source": (
        "class Source:\n"
        "    rest = 16 << 20\n"  # more than fits between client and server
        "    def read(self, size):\n"
        "        self.rest -= size\n"
        "        return b'x' * size if self.rest > 0 else 1 / 0\n"
        "try: ftp.storbinary('STOR x', Source())\n"
        "except ZeroDivisionError: pass",
        [*begin("STOR"), *BROKEN_OFF],
    ),
    "abort": (
        "data = ftp.transfercmd('RETR x')\ndata.recv(4)\nftp.abort()",
        [*TAKEN, lambda conversation: conversation.hear("ABOR"), *BROKEN_OFF, say("226 Aborted.")],
    ),
}


@pytest.mark.parametrize("way", LEAVING)
def test_a_transfer_that_is_left_is_broken_off(
    scripted: Callable[..., ScriptedServer], way: str
) -> None:
    """The server sees it at once, though it says nothing more itself. Both sides go on."""
    script, steps = LEAVING[way]
    server = scripted([*LOGIN_TLS, *steps, HERE, HERE])
    authority = str(certificates() / "ca.pem")
    assert probe("share-left", server.host, str(server.port), authority, script) == ["/here /here"]
