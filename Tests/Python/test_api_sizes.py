"""When a download counts as whole: what servers announce, where it began, and what `SIZE` says."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from conftest import (
    Conversation,
    ScriptedServer,
    Step,
    answer,
    end_data,
    passive,
    receive,
    say,
    send,
)

from usr.ftplib import FTP

Talk = Callable[..., tuple[FTP, ScriptedServer]]

BEHIND_600 = answer("REST", "350 From there.")
DONE = say("226 Done.")
HERE = answer("PWD", '257 "/here"')


def retr(reply: str, content: bytes, *before: Step) -> list[Step]:
    return [
        answer("TYPE"),
        passive(),
        *before,
        answer("RETR", reply),
        send(content),
        end_data(),
        DONE,
    ]


# Servers name the size of the file (vsftpd), or that of what is left (ProFTPD).
@pytest.mark.parametrize("announced", [1000, 400])
@pytest.mark.parametrize("size", ["213 1000", "550 No."])
@pytest.mark.parametrize("sent", [400, 100])
def test_behind_rest(talk: Talk, announced: int, size: str, sent: int) -> None:
    asks = announced == 400 and sent == 100
    ftp, _ = talk(
        *retr(f"150 Here ({announced} bytes).", b"x" * sent, BEHIND_600),
        *([answer("SIZE", size)] if asks else []),
        HERE,
    )
    received: list[bytes] = []
    if sent == 400 or (asks and size.startswith("5")):
        ftp.retrbinary("RETR f", received.append, rest=600)
    else:
        with pytest.raises(EOFError, match="the download ended early: received 100 of"):
            ftp.retrbinary("RETR f", received.append, rest=600)
    assert b"".join(received) == b"x" * sent
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("size", [1100, 1200])
def test_a_file_that_has_grown_is_whole(talk: Talk, size: int) -> None:
    """500 bytes behind 600, of 1000 that were announced when it began; it may grow on."""
    ftp, _ = talk(
        *retr("150 Here (1000 bytes).", b"x" * 500, BEHIND_600), answer("SIZE", f"213 {size}"), HERE
    )
    assert ftp.retrbinary("RETR f", lambda _: None, rest=600) == "226 Done."
    assert ftp.pwd() == "/here"


def test_a_file_that_ends_before_rest(talk: Talk) -> None:
    ftp, _ = talk(*retr("150 Here (300 bytes).", b"", BEHIND_600), answer("SIZE", "213 300"), HERE)
    with pytest.raises(EOFError, match="behind 600 bytes, and the server's file has 300"):
        ftp.retrbinary("RETR f", lambda _: None, rest=600)
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("comes", ["before a listing", "before the socket is closed"])
def test_a_rest_counts_whatever_data_connection_is_over(talk: Talk, comes: str) -> None:
    rest, listing = BEHIND_600, [passive(), answer("LIST", "150 Here."), end_data(), DONE]
    begin = [rest, *listing] if comes == "before a listing" else [*listing, rest]
    ftp, server = talk(answer("TYPE"), *begin, *retr("150 Here (400 bytes).", b"x" * 400))
    ftp.voidcmd("TYPE I")
    if comes == "before a listing":
        ftp.sendcmd("REST 600")
    with ftp.transfercmd("LIST") as data:
        assert data.recv(10) == b""
        ftp.voidresp()
        if comes != "before a listing":
            ftp.sendcmd("REST 600")
    assert ftp.retrbinary("RETR f", lambda _: None) == "226 Done."
    assert [line for line in server.heard if line.startswith("REST")] == ["REST 600"]


@pytest.mark.parametrize("sent", [400, 100])
def test_a_rest_that_the_script_has_sent_counts(talk: Talk, sent: int) -> None:
    ftp, _ = talk(
        answer("TYPE"),
        BEHIND_600,
        *retr("150 Here (1000 bytes).", b"x" * sent),
        *retr("150 Here (1000 bytes).", b"x" * 1000)[1:],
    )
    ftp.voidcmd("TYPE I")
    ftp.sendcmd("REST 600")
    if sent == 400:
        assert ftp.retrbinary("RETR f", lambda _: None) == "226 Done."
    else:
        with pytest.raises(EOFError, match="received 100 of 1000 bytes"):
            ftp.retrbinary("RETR f", lambda _: None)
    # The next one begins at the beginning.
    assert ftp.retrbinary("RETR f", lambda _: None) == "226 Done."


def test_a_listing_has_no_size(talk: Talk) -> None:
    """What a server names for one is an estimate."""
    ftp, _ = talk(
        answer("TYPE"), passive(), answer("LIST", "150 Here is the list (1000 bytes)."),
        send(b"x" * 900), end_data(), DONE,
    )  # fmt: skip
    received: list[bytes] = []
    assert ftp.retrbinary("LIST", received.append) == "226 Done."
    assert b"".join(received) == b"x" * 900


def test_the_same_reply_twice_is_two_replies(talk: Talk) -> None:
    """Behind a transfer a second 226 is dropped; one that answers a command is not."""
    ftp, _ = talk(answer("CWD", "226 Done."), answer("CWD", "226 Done."), HERE)
    assert ftp.voidcmd("CWD a") == ftp.voidcmd("CWD b") == "226 Done."
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("given", [{}, {"blocksize": 8192}])
def test_a_slow_source_does_not_silence_the_data_connection(
    talk: Talk, given: dict[str, Any]
) -> None:
    """`read` of a pipe waits for a whole block; servers hang up on who says nothing for long."""
    arrived: list[tuple[float, int]] = []

    def take(conversation: Conversation) -> None:
        data = conversation.connected()
        while block := data.recv(65536):
            arrived.append((time.monotonic(), len(block)))
        conversation.end_data()

    ftp, _ = talk(answer("TYPE"), passive(), answer("STOR", "150 Go."), take, DONE)
    reading, writing = os.pipe()

    def write() -> None:
        with open(writing, "wb", buffering=0) as file:
            for _ in range(10):
                file.write(b"x" * 2000)
                time.sleep(0.1)

    thread = threading.Thread(target=write)
    thread.start()
    with open(reading, "rb") as source:
        ftp.storbinary("STOR f", source, **given)
    thread.join()
    assert sum(count for _, count in arrived) == 20_000
    if not given:
        # Of 64 KiB and more none would have come before the end.
        assert arrived[-1][0] - arrived[0][0] > 0.5


def test_a_source_in_memory_is_read_in_large_blocks(talk: Talk) -> None:
    sizes: list[int] = []

    class Source(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            sizes.append(size or 0)
            return super().read(size)

    ftp, _ = talk(answer("TYPE"), passive(), answer("STOR", "150 Go."), receive(), DONE)
    ftp.storbinary("STOR f", Source(b"x" * 1_000_000))
    assert sizes[0] >= 65536 < sizes[-1]
