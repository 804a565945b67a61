"""One connection for a Swift program and its script: `HostProbe`, a program of the tests."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

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


@pytest.mark.parametrize("security", ["plain", "TLS"])
@pytest.mark.parametrize("who", ["script", "host", "swallow"])
def test_a_stop_ends_a_wait(
    scripted: Callable[..., ScriptedServer], who: str, security: str
) -> None:
    """The deadline, and `cancel`, end a transfer that has stalled.

    The script's, a registered function's, and that of one which drops the error. Both sides go on.
    """
    kind = answer("TYPE")
    opened = [kind, passive(), answer("RETR", "150 Here it comes."), send(b"some")]
    if security == "TLS":
        opened = [*begin("RETR"), lambda conversation: data_of(conversation).sendall(b"some")]
    transfer = [*opened[1:], *STOPPED]
    again = transfer if who != "script" else [kind, *transfer]
    server = scripted([*(LOGIN_TLS if security == "TLS" else LOGIN), kind, *transfer, *again])
    trust = [str(certificates() / "ca.pem")] if security == "TLS" else []
    assert probe("share-stop", server.host, str(server.port), who, *trust) == [
        "deadlinePassed",
        "/here /here",
        "cancelled",
        "/here /here",
    ]
