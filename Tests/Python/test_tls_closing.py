"""How a TLS data connection ends: no manner of it hangs a transfer, loses data, or hides a loss."""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from conftest import Conversation, ScriptedServer, Step, answer, say, send, stall
from tls_support import (
    LOGIN_TLS,
    await_end_of_tcp,
    begin,
    certificates,
    cut_data,
    data_of,
    logged_in,
    noise,
    notify_close,
    protected,
    receive_tls,
    running,
    trusting,
    version_of_tls,
)
from tls_support import both_ways as both_ways

if TYPE_CHECKING:
    from usr.ftplib import FTP_TLS

WHOLE = noise(50_000)
HERE = answer("PWD", '257 "/here"')
LogIn = Callable[..., "FTP_TLS"]


@pytest.fixture
def log_in(
    client: ModuleType,
    scripted: Callable[..., ScriptedServer],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[LogIn]:
    """Starts a scripted server in TLS and logs in: `log_in(step, ...)`."""
    opened: list[FTP_TLS] = []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates() / "ca.pem"))

    def log_in(
        *steps: Step,
        version: ssl.TLSVersion | None = None,
        verify: bool = True,
        timeout: float = 10,
    ) -> FTP_TLS:
        server = scripted([*LOGIN_TLS, *steps])
        trust: dict[str, Any] = {"verify": True} if verify else {"context": trusting(version)}
        ftp: FTP_TLS = client.FTP_TLS(timeout=timeout, **trust)
        if version is not None:
            ftp.context.minimum_version = ftp.context.maximum_version = version
        opened.append(ftp)
        return protected(ftp, server)

    yield log_in
    for ftp in opened:
        ftp.close()


def received_by(ftp: Any) -> bytes:
    server: ScriptedServer = ftp.scripted
    return b"".join(server.received)


def content(ftp: FTP_TLS, rest: int | None = None) -> bytes:
    received: list[bytes] = []
    assert ftp.retrbinary("RETR x", received.append, rest=rest).startswith("226")
    return b"".join(received)


def unwrap(conversation: Conversation) -> None:
    data_of(conversation).unwrap()


DONE = say("226 Done.")

ENDS_OF_UPLOADS: dict[str, Sequence[Step]] = {
    "answers close_notify and closes": (unwrap, cut_data(), DONE),
    "answers close_notify and leaves the rest to the client": (notify_close(), DONE),
    "answers close_notify when TCP has ended": (
        await_end_of_tcp(),
        notify_close(),
        cut_data(),
        DONE,
    ),
    "waits for the end of TCP": (await_end_of_tcp(), cut_data(), DONE),
    "waits for the end of TCP, after its reply": (DONE, await_end_of_tcp(), cut_data()),
    "closes without close_notify": (cut_data(), DONE),
    "resets the connection": (cut_data(reset=True), DONE),
    "does nothing but reply": (DONE,),
    "does so after a while": (stall(0.3), DONE),
}


@version_of_tls
@pytest.mark.parametrize("end", ENDS_OF_UPLOADS)
def test_an_upload_ends(log_in: LogIn, end: str, version: ssl.TLSVersion) -> None:
    """The server has seen a `close_notify` after the last byte, whatever it does then."""
    steps = [*begin("STOR"), receive_tls(), *ENDS_OF_UPLOADS[end], HERE]
    ftp = log_in(*steps, version=version)
    before = time.monotonic()
    assert ftp.storbinary("STOR x", io.BytesIO(WHOLE)) == "226 Done."
    assert time.monotonic() - before < 5
    assert received_by(ftp) == WHOLE
    assert ftp.pwd() == "/here"


ENDS_OF_DOWNLOADS: dict[str, Sequence[Step]] = {
    "sends close_notify and closes": (notify_close(), cut_data(), DONE),
    "sends close_notify and waits for the client's": (unwrap, cut_data(), DONE),
    "sends close_notify and waits for the end of TCP": (notify_close(), await_end_of_tcp(), DONE),
    "sends close_notify and leaves the rest to the client": (notify_close(), DONE),
}


@version_of_tls
@pytest.mark.parametrize("end", ENDS_OF_DOWNLOADS)
@pytest.mark.parametrize("size", [0, len(WHOLE)])
def test_a_download_ends(log_in: LogIn, end: str, size: int, version: ssl.TLSVersion) -> None:
    steps = [*begin("RETR"), send(WHOLE[:size]), *ENDS_OF_DOWNLOADS[end], HERE]
    ftp = log_in(*steps, version=version)
    before = time.monotonic()
    assert content(ftp) == WHOLE[:size]
    assert time.monotonic() - before < 5
    assert ftp.pwd() == "/here"


ANNOUNCED = f"150 Here it comes ({len(WHOLE)} bytes)."


@version_of_tls
@pytest.mark.parametrize("notified", [True, False])
def test_a_download_short_of_its_announced_size_is_no_whole_one(
    log_in: LogIn, notified: bool, version: ssl.TLSVersion
) -> None:
    end = [notify_close()] if notified else []
    ftp = log_in(
        *begin("RETR", ANNOUNCED),
        send(WHOLE[:20_000]),
        *end,
        cut_data(),
        DONE,
        HERE,
        version=version,
    )
    with pytest.raises(EOFError, match="received 20000 of 50000 bytes"):
        content(ftp)
    assert ftp.pwd() == "/here"


@version_of_tls
def test_a_download_of_the_announced_size_needs_no_close_notify(
    log_in: LogIn, version: ssl.TLSVersion
) -> None:
    """Some servers never send one."""
    ftp = log_in(*begin("RETR", ANNOUNCED), send(WHOLE), cut_data(), DONE, HERE, version=version)
    assert content(ftp) == WHOLE
    assert ftp.pwd() == "/here"


@version_of_tls
def test_a_reset_is_raised(log_in: LogIn, version: ssl.TLSVersion) -> None:
    """It may have overtaken data, even where the server counts that as sent."""
    ftp = log_in(*begin("RETR"), send(WHOLE), cut_data(reset=True), DONE, HERE, version=version)
    with pytest.raises(ConnectionResetError, match=r"data connection of 127\.0\.0\.1 port"):
        content(ftp)
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize(
    ("size", "sent"), [("213 50000", 50_000), ("213 50000", 20_000), ("500 What?", 50_000)]
)
def test_without_close_notify_and_announced_size_the_server_is_asked(
    log_in: LogIn, size: str, sent: int, verify: bool
) -> None:
    """Whoever cuts a TCP connection may cut off its end. Without any size, `verify` minds."""
    ftp = log_in(
        *begin("RETR"),
        send(WHOLE[:sent]),
        cut_data(),
        DONE,
        answer("SIZE", size),
        HERE,
        verify=verify,
    )
    if sent < len(WHOLE):
        with pytest.raises(EOFError, match="received 20000 of 50000 bytes"):
            content(ftp)
    elif size.startswith("5") and verify:
        with pytest.raises(EOFError, match=r"127\.0\.0\.1 port .* without TLS's close_notify"):
            content(ftp)
    else:
        assert content(ftp) == WHOLE
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("announced", ["left", "whole"])
@pytest.mark.parametrize("size", ["213 50000", "500 What?"])
def test_behind_an_offset_the_announced_size_may_be_what_is_left(
    log_in: LogIn, announced: str, size: str
) -> None:
    """As much as was left, cut short so that it ends where a file of just that size would."""
    count = 30_000 if announced == "left" else 50_000
    sent = 10_000 if announced == "left" else 30_000
    ftp = log_in(
        *begin("RETR", f"150 Here it comes ({count} bytes).", rest=True),
        send(WHOLE[20_000:][:sent]),
        cut_data(),
        DONE,
        answer("SIZE", size),
        HERE,
        verify=True,
    )
    if announced == "whole" and size.startswith("2"):
        assert content(ftp, rest=20_000) == WHOLE[20_000:]
    elif size.startswith("2"):
        with pytest.raises(EOFError, match="received 10000 of 30000 bytes"):
            content(ftp, rest=20_000)
    else:
        with pytest.raises(EOFError, match="without TLS's close_notify"):
            content(ftp, rest=20_000)
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("verify", [True, False])
def test_a_file_that_has_grown_is_none_that_was_cut(log_in: LogIn, verify: bool) -> None:
    ftp = log_in(
        *begin("RETR", ANNOUNCED, rest=True),
        send(WHOLE[20_000:]),
        cut_data(),
        DONE,
        answer("SIZE", "213 50100"),
        HERE,
        verify=verify,
    )
    assert content(ftp, rest=20_000) == WHOLE[20_000:]
    assert ftp.pwd() == "/here"


def test_verify_minds_with_a_context_of_ones_own(
    client: ModuleType, scripted: Callable[..., ScriptedServer]
) -> None:
    """Python's contexts have OpenSSL pass over an end that TLS does not know of."""
    context = ssl.create_default_context(cafile=certificates() / "ca.pem")
    context.options |= getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    server = scripted(
        [*LOGIN_TLS, *begin("NLST"), send(b"one\r\n"), cut_data(), DONE,
         *begin("RETR"), send(WHOLE), cut_data(), DONE, answer("SIZE", "500 What?"), HERE]
    )  # fmt: skip
    with closing(client.FTP_TLS(timeout=10, context=context, verify=True)) as ftp:
        protected(ftp, server)
        with pytest.raises(EOFError, match="without TLS's close_notify"):
            ftp.nlst()
        with pytest.raises(EOFError, match="without TLS's close_notify"):
            content(ftp)
        assert ftp.pwd() == "/here"


@pytest.mark.parametrize("verify", [True, False])
def test_a_listing_without_close_notify(log_in: LogIn, verify: bool) -> None:
    ftp = log_in(*begin("NLST"), send(b"one\r\ntwo\r\n"), cut_data(), DONE, HERE, verify=verify)
    if verify:
        with pytest.raises(EOFError, match="without TLS's close_notify"):
            ftp.nlst()
    else:
        assert ftp.nlst() == ["one", "two"]
    assert ftp.pwd() == "/here"


def test_a_download_that_the_server_calls_a_failure_is_one(
    client: ModuleType, log_in: LogIn
) -> None:
    ftp = log_in(*begin("RETR"), send(WHOLE), cut_data(), say("426 Disk broken."), HERE)
    with pytest.raises(client.error_temp, match="426 Disk broken"):
        content(ftp)
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("reset", [False, True])
def test_the_servers_word_on_an_upload_that_it_breaks_off(
    client: ModuleType, log_in: LogIn, reset: bool
) -> None:
    ftp = log_in(*begin("STOR"), say("552 Disk full."), cut_data(reset=reset), HERE)
    with pytest.raises(client.error_perm, match="552 Disk full"):
        ftp.storbinary("STOR x", io.BytesIO(bytes(40_000_000)))
    assert ftp.pwd() == "/here"


@version_of_tls
@pytest.mark.parametrize("verb", ["RETR", "STOR"])
def test_a_transfer_that_is_broken_off_does_not_look_whole(
    log_in: LogIn, verb: str, version: ssl.TLSVersion
) -> None:
    """It is reset: an end in order is what a client leaves that forgets `close_notify`."""
    ends: list[object] = []
    secured = threading.Event()

    def note_end(conversation: Conversation) -> None:
        data = conversation.connected()
        secured.set()
        try:
            while socket.socket.recv(data, 65536):
                pass
            ends.append("in order")
        except ConnectionResetError:
            ends.append("reset")

    def breaking_off(_: bytes) -> None:
        assert secured.wait(10)
        raise ZeroDivisionError

    sent = [send(b"some")] if verb == "RETR" else []
    gone = say("426 Gone.")
    ftp = log_in(*begin(verb), *sent, note_end, gone, HERE, version=version)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        if verb == "RETR":
            ftp.retrbinary("RETR x", breaking_off)
        else:
            ftp.storbinary("STOR x", io.BytesIO(WHOLE), 8192, breaking_off)
    assert ftp.pwd() == "/here"
    assert ends == ["reset"]


def slowly(conversation: Conversation) -> None:
    """Reads below TLS's records, so that the client's buffer is full when it comes to the end."""
    source: Any = data_of(conversation)
    source.suppress_ragged_eofs = False
    received = bytearray()
    while block := source.recv(16384):
        received += block
        time.sleep(0.005)
    conversation.server.received.append(bytes(received))


def test_the_end_waits_behind_the_data(log_in: LogIn) -> None:
    """`close_notify` does not fit into the buffer that the last data has filled."""
    rounds = [[*begin("STOR"), slowly, cut_data(), DONE] for _ in range(20)]
    ftp = log_in(
        *(step for number, steps in enumerate(rounds) for step in steps[number > 0 :]), HERE
    )
    opened = ftp.ntransfercmd

    def narrow(cmd: str, rest: Any = None) -> Any:
        result = opened(cmd, rest)
        result[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return result

    ftp.ntransfercmd = narrow  # type: ignore[method-assign, assignment]
    for number in range(20):
        ftp.storbinary("STOR x", io.BytesIO(WHOLE[: 20_000 + 1000 * number]))
    assert received_by(ftp) == b"".join(WHOLE[: 20_000 + 1000 * number] for number in range(20))
    assert ftp.pwd() == "/here"


def test_a_server_that_neither_ends_nor_replies_is_given_up_in_time(log_in: LogIn) -> None:
    ftp = log_in(*begin("STOR"), receive_tls(), stall(), timeout=0.5)
    before = time.monotonic()
    with pytest.raises(TimeoutError, match="timed out"):
        ftp.storbinary("STOR x", io.BytesIO(WHOLE))
    assert time.monotonic() - before < 5


def test_uploads_to_vsftpd_are_whole(client: ModuleType) -> None:
    """It resets a TLS 1.3 connection, and loses data, when that is closed with a ticket unread."""
    data = noise(3_000_000)
    with (
        running("vsftpd", "tls-reuse") as server,
        closing(logged_in(client, server, trusting(ssl.TLSVersion.TLSv1_3))) as ftp,
    ):
        for number in range(15):
            assert ftp.storbinary(f"STOR {number}", io.BytesIO(data)).startswith("226")
            assert (server.root / str(number)).read_bytes() == data
        # The control: the popular recipe that skips the end of TLS fails with the same server.
        ftp.voidcmd("TYPE I")
        replies = []
        for _ in range(5):
            conn = ftp.transfercmd("STOR skipped")
            conn.sendall(data)
            conn.close()
            with suppress(client.error_temp):
                replies.append(ftp.voidresp())
        assert len(replies) < 5
