"""Transfers that go wrong. The FTP object then goes on, or says that it must connect again."""

from __future__ import annotations

import errno
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from conftest import (
    LOGIN,
    Conversation,
    ScriptedServer,
    Step,
    answer,
    cut,
    download,
    end_data,
    passive,
    receive,
    say,
    send,
    stall,
)

if TYPE_CHECKING:
    from usr.ftplib import FTP

LogIn = Callable[..., "FTP"]


@pytest.fixture
def log_in(
    client: ModuleType, scripted: Callable[..., ScriptedServer]
) -> Iterator[Callable[..., FTP]]:
    """`log_in(*steps)`: a session with a server that does these after the login.

    `again` are the steps of a second session; the object is closed before the server is.
    """
    with ExitStack() as stack:

        def log_in(*steps: Step, again: Sequence[Step] = (), timeout: float = 10) -> FTP:
            server = scripted([*LOGIN, *steps], [*LOGIN, *again])
            ftp: FTP = client.FTP(server.host, server.port, "user", "password", timeout=timeout)
            stack.callback(ftp.close)
            return ftp

        yield log_in


HERE = answer("PWD", '257 "/here" is the current directory.')
BEGIN: Sequence[Step] = (answer("TYPE"), passive())


def ignore(_: object) -> None:
    """A callback."""


def client_closes() -> Step:
    """Waits until the client has closed the data connection."""

    def step(conversation: Conversation) -> None:
        with suppress(ConnectionError):
            while conversation.connected().recv(65536):
                pass
        conversation.end_data()

    return step


# A download that ends too early


@pytest.mark.parametrize(
    ("announced", "rest", "sent", "is_whole"),
    [
        (1000, None, 1000, True),
        (1000, None, 999, False),
        (1000, None, 0, False),
        (0, None, 0, True),
        (1000, 400, 600, True),  # vsftpd names the whole file's size after REST
        (1000, 400, 599, False),
        (600, 400, 600, True),  # others what is left of it
        (1000, "400", 600, True),
        (1000, "400", 599, False),
        (1000, None, 1500, True),  # the file has grown
        (9_999_999_999_999, None, 1000, False),
    ],
)
def test_a_download_is_whole_only_with_the_announced_size(
    log_in: LogIn, announced: int, rest: int | str | None, sent: int, is_whole: bool
) -> None:
    opening = f"150 Opening BINARY mode data connection for a (b) c ({announced} bytes)."
    resumed = [answer("REST", "350 Restarting.")] if rest is not None else []
    ftp = log_in(
        *(*BEGIN, *resumed, answer("RETR", opening)),
        *(send(bytes(sent)), end_data(), say("226 Transfer complete."), HERE),
    )
    blocks: list[bytes] = []
    if is_whole:
        reply = ftp.retrbinary("RETR a (b) c", blocks.append, rest=rest)
        assert reply == "226 Transfer complete."
    else:
        with pytest.raises(EOFError, match=rf"\b{sent}\b.*\b{announced}\b") as raised:
            ftp.retrbinary("RETR a (b) c", blocks.append, rest=rest)
        assert "226" not in str(raised.value)
    assert sum(map(len, blocks)) == sent, "what came is in the caller's hands"
    assert ftp.pwd() == "/here"


def test_a_text_download_is_not_measured(log_in: LogIn) -> None:
    """Servers announce the size on their disk, which the conversion of line ends changes."""
    opening = answer("RETR", "150 Opening (3000 bytes).")
    ftp = log_in(*BEGIN, opening, send(b"a line\r\n"), end_data(), say("226 Done."))
    lines: list[str] = []
    assert ftp.retrlines("RETR x", lines.append) == "226 Done."
    assert lines == ["a line"]


# The server's final reply, and the data connection's end

KINDS: dict[str, tuple[Sequence[Step], Callable[[FTP], object]]] = {
    "retrbinary": (
        (answer("RETR", "150 Here it comes."), send(b"all of it\r\n"), end_data()),
        lambda ftp: ftp.retrbinary("RETR x", ignore),
    ),
    "retrlines": (
        (answer("RETR", "150 Here it comes."), send(b"all of it\r\n"), end_data()),
        lambda ftp: ftp.retrlines("RETR x", ignore),
    ),
    "storbinary": (
        (answer("STOR", "150 Go ahead."), receive()),
        lambda ftp: ftp.storbinary("STOR x", io.BytesIO(b"all of it")),
    ),
    "storlines": (
        (answer("STOR", "150 Go ahead."), receive()),
        lambda ftp: ftp.storlines("STOR x", io.BytesIO(b"all of it\n")),
    ),
}


@pytest.mark.parametrize(
    "final",
    [
        "425 Cannot open data connection.",
        "426 Connection closed; transfer aborted.",
        "451 Local error in processing.",
        "550 File vanished.",
        "552-Disk\n552 full.",
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_refusal_after_the_data_is_raised(
    client: ModuleType, log_in: LogIn, kind: str, final: str
) -> None:
    steps, call = KINDS[kind]
    ftp = log_in(*BEGIN, *steps, say(*final.split("\n")), HERE)
    with pytest.raises(client.error_temp if final[0] == "4" else client.error_perm) as raised:
        call(ftp)
    assert str(raised.value) == final
    assert ftp.pwd() == "/here"


def test_a_reset_of_the_data_connection_is_no_end_of_the_file(
    client: ModuleType, log_in: LogIn
) -> None:
    opening = answer("RETR", "150 Here it comes.")
    ftp = log_in(*BEGIN, opening, end_data(reset=True), say("426 Broken."), HERE)
    with pytest.raises((ConnectionResetError, client.error_temp)) as raised:
        ftp.retrbinary("RETR x", ignore)
    if isinstance(raised.value, OSError):
        assert raised.value.errno == errno.ECONNRESET
        assert ftp.host in str(raised.value)
    else:
        assert str(raised.value) == "426 Broken."
    assert ftp.pwd() == "/here"


def fills_up(reply: str, *, first: str = "reply") -> Sequence[Step]:
    """A server that takes the beginning of an upload: it then replies and resets the data
    connection, in either order."""

    def read(conversation: Conversation) -> None:
        left = 100_000
        while left > 0:
            left -= len(conversation.connected().recv(min(left, 65536)))

    if first == "reply":
        return (answer("STOR", "150 Go."), read, say(reply), end_data(reset=True))
    return (answer("STOR", "150 Go."), read, end_data(reset=True), stall(0.3), say(reply))


@pytest.mark.parametrize("first", ["reply", "reset"])
@pytest.mark.parametrize("kind", ["storbinary", "storlines"])
def test_a_full_disk_is_told_in_the_servers_words(
    client: ModuleType, log_in: LogIn, kind: str, first: str
) -> None:
    full = "552 Requested file action aborted: disk full."
    ftp = log_in(*BEGIN, *fills_up(full, first=first), HERE)
    with pytest.raises(client.error_perm) as raised:
        getattr(ftp, kind)("STOR x", io.BytesIO((b"x" * 999 + b"\n") * 40_000))
    assert str(raised.value) == full
    assert ftp.pwd() == "/here"


def test_a_broken_upload_without_a_refusal_is_an_os_error(log_in: LogIn) -> None:
    ftp = log_in(*BEGIN, *fills_up("226 All is well."), HERE)
    with pytest.raises(ConnectionError) as raised:
        ftp.storbinary("STOR x", io.BytesIO(bytes(40_000_000)))
    assert raised.value.errno in (errno.EPIPE, errno.ECONNRESET)
    assert ftp.host in str(raised.value)
    assert ftp.pwd() == "/here", "the 226 for half a file is not the answer to PWD"


# Other orders than RFC 959's


def hear(verb: str) -> Step:
    return lambda conversation: conversation.hear(verb)


WHOLE = b"the whole content"
SENT: Sequence[Step] = (send(WHOLE), end_data())
ORDERS: dict[str, Sequence[Step]] = {
    "150": download(WHOLE),
    "125": (answer("RETR", "125 Already open."), *SENT, say("226 Done.")),
    "a 150 and a 226 of several lines": (
        answer("RETR", "150-Accepted data connection", "150 17.0 kbytes to download"),
        *(*SENT, say("226-File successfully transferred", "226 0.1 seconds")),
    ),
    "no 1xx": (answer("RETR", "226 Done."), *SENT),
    "no 1xx, and 250": (answer("RETR", "250 Done."), *SENT),
    "the data before any reply": (hear("RETR"), *SENT, say("150 It has come.", "226 Done.")),
    "the data before a lone 226": (hear("RETR"), *SENT, say("226 Done.")),
    "the 226 before the data": (answer("RETR", "150 Ok.", "226 Done."), *SENT),
    "200 at the end": download(WHOLE, final="200 Done."),
    "250 at the end": download(WHOLE, final="250 Done."),
    "226 twice": (answer("RETR", "150 Ok."), *SENT, say("226 Done.", "226 Done.")),
}


@pytest.mark.parametrize("order", ORDERS)
def test_a_download_survives_other_orders(log_in: LogIn, order: str) -> None:
    """Twice: a reply too many or too few would show in the second download, or in PWD."""
    once = (*BEGIN, *ORDERS[order])
    ftp = log_in(*once, *once[1:], HERE, timeout=3)  # TYPE is said once
    for _ in range(2):
        blocks: list[bytes] = []
        reply = ftp.retrbinary("RETR x", blocks.append)
        assert b"".join(blocks) == WHOLE
        assert re.match("2[0-9][0-9]", reply)
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("reply", ["550 No such file.", "450 Busy.", "350 What now?", "nonsense"])
def test_a_refused_transfer_leaves_no_data_connection(
    client: ModuleType, log_in: LogIn, reply: str
) -> None:
    ftp = log_in(*BEGIN, answer("RETR", reply), client_closes(), HERE)
    with pytest.raises(client.Error, match=re.escape(reply)):
        ftp.retrbinary("RETR x", ignore)
    assert ftp.pwd() == "/here"


# Broken off by the client: the server's late replies are not the next command's


class EnoughError(Exception):
    """What the callbacks here raise."""


def enough(*_: object) -> Any:
    raise EnoughError


class BrokenFile(io.BytesIO):
    """A file that fails after its first block."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(size) or bytes(enough())

    def readline(self, size: int | None = -1) -> bytes:
        return super().readline(size) or bytes(enough())


BREAKS: dict[str, tuple[str, type[Exception], Callable[[FTP], object]]] = {
    "retrbinary's callback": ("RETR", EnoughError, lambda ftp: ftp.retrbinary("RETR x", enough)),
    "retrlines' callback": ("RETR", EnoughError, lambda ftp: ftp.retrlines("RETR x", enough)),
    "dir's callback": ("LIST", EnoughError, lambda ftp: ftp.dir(callback=enough)),
    "storbinary's callback": (
        "STOR",
        EnoughError,
        lambda ftp: ftp.storbinary("STOR x", io.BytesIO(b"x"), callback=enough),
    ),
    "storbinary's file": (
        "STOR",
        EnoughError,
        lambda ftp: ftp.storbinary("STOR x", BrokenFile(b"x")),
    ),
    "storlines' callback": (
        "STOR",
        EnoughError,
        lambda ftp: ftp.storlines("STOR x", io.BytesIO(b"x\n"), callback=enough),
    ),
    "storlines' file": (
        "STOR",
        EnoughError,
        lambda ftp: ftp.storlines("STOR x", BrokenFile(b"x\n")),
    ),
    "a text file": (
        "STOR",
        TypeError,
        lambda ftp: ftp.storbinary("STOR x", io.StringIO("text")),  # type: ignore[arg-type]
    ),
    "a line that is too long": ("RETR", Exception, lambda ftp: ftp.retrlines("RETR long", ignore)),
    "a line that is not UTF-8": (
        "RETR",
        UnicodeDecodeError,
        lambda ftp: ftp.retrlines("RETR latin", ignore),
    ),
    "a stall": ("RETR", TimeoutError, lambda ftp: ftp.retrbinary("RETR x", ignore)),
}
LINES = {"a line that is too long": b"x" * 9000, "a line that is not UTF-8": b"\xe9\xff\r\n"}

LATE: dict[str, Sequence[Step]] = {
    "426": (say("426 Broken pipe."),),
    "226": (say("226 Transfer complete."),),
    "451, a moment later": (stall(0.4), say("451 Failed.")),
    "426 and 226": (say("426 Broken pipe.", "226 Abort successful."),),
    "226 twice": (say("226 Transfer complete.", "226 Transfer complete."),),
    "none": (answer("NOOP"),),
    "none, and NOOP is unknown": (answer("NOOP", "500 Unknown command."),),
    "226, then NOOP's": (answer("NOOP", "226 Transfer complete.", "200 Zzz."),),
    "NOOP's, then 226": (answer("NOOP", "200 Zzz.", "226 Transfer complete."),),
    "150 again, as Pure-FTPd": (say("150 0.300 seconds (measured here)"), answer("NOOP")),
}


def broken_off(name: str, late: Sequence[Step]) -> Sequence[Step]:
    """The server's side of one of BREAKS."""
    verb = BREAKS[name][0]
    sent = [] if verb == "STOR" else [send(LINES.get(name, b"a line\r\n"))]
    return (*BEGIN, answer(verb, "150 Here we go."), *sent, client_closes(), *late)


@pytest.mark.parametrize("late", LATE)
def test_a_late_reply_is_not_the_next_commands(log_in: LogIn, late: str) -> None:
    ftp = log_in(*broken_off("retrbinary's callback", LATE[late]), HERE)
    with pytest.raises(EnoughError):
        ftp.retrbinary("RETR x", enough)
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("name", BREAKS)
def test_the_object_goes_on_after_a_broken_transfer(log_in: LogIn, name: str) -> None:
    verb, error, call = BREAKS[name]
    steps = broken_off(name, LATE["226" if verb == "STOR" else "426"])
    ftp = log_in(*steps, HERE, timeout=0.5 if error is TimeoutError else 10)
    with pytest.raises(error):
        call(ftp)
    assert ftp.pwd() == "/here"


def test_another_transfer_follows_a_broken_one(log_in: LogIn) -> None:
    broken = broken_off("retrbinary's callback", LATE["426"])
    ftp = log_in(*broken, *BEGIN[1:], *download(WHOLE), HERE)  # TYPE is said once
    with pytest.raises(EnoughError):
        ftp.retrbinary("RETR x", enough)
    blocks: list[bytes] = []
    assert ftp.retrbinary("RETR x", blocks.append) == "226 Done."
    assert b"".join(blocks) == WHOLE
    assert ftp.pwd() == "/here"


def test_quit_after_a_broken_transfer_takes_leave(log_in: LogIn) -> None:
    ftp = log_in(*broken_off("retrbinary's callback", LATE["426"]))
    with pytest.raises(EnoughError):
        ftp.retrbinary("RETR x", enough)
    assert ftp.quit() == "221 Goodbye."


GONE: dict[str, Sequence[Step]] = {
    "421": (say("421 Timeout."), cut()),
    "no word": (cut(),),
    "silence": (stall(),),
}


@pytest.mark.parametrize("farewell", GONE)
def test_an_object_that_cannot_go_on_says_so_and_connects_again(
    client: ModuleType, log_in: LogIn, farewell: str
) -> None:
    gone = broken_off("retrbinary's callback", GONE[farewell])
    ftp = log_in(*gone, again=[HERE], timeout=1)
    with pytest.raises(EnoughError):
        ftp.retrbinary("RETR x", enough)
    for _ in range(2):
        with pytest.raises((client.Error, OSError, EOFError)) as raised:
            ftp.pwd()
        words = rf"421 Timeout|{ftp.host} port {ftp.port}|connect again"
        assert re.search(words, str(raised.value))
    ftp.connect()
    ftp.login("user", "password")
    assert ftp.pwd() == "/here"


# The caller holds the data connection


def test_a_caller_of_transfercmd_reads_the_reply_himself(log_in: LogIn) -> None:
    ftp = log_in(passive(), *download(WHOLE), HERE)
    with ftp.transfercmd("RETR x") as connection, connection.makefile("rb") as file:
        assert file.read() == WHOLE
    assert ftp.voidresp() == "226 Done."
    assert ftp.pwd() == "/here"


def test_a_caller_of_transfercmd_may_walk_away(log_in: LogIn) -> None:
    """What urllib does when its user drops a download: nobody reads the final reply."""
    opening = answer("RETR", "150 Ok.")
    ftp = log_in(passive(), opening, send(WHOLE), client_closes(), say("426 Broken."), HERE)
    ftp.transfercmd("RETR x").close()
    assert ftp.pwd() == "/here"
