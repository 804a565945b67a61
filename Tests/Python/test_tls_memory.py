"""Data connections whose TLS is made in memory: when, what the peer may do meanwhile, what stays.

The tables of the other test_tls files run in both ways; here is what only this one can get wrong.
"""

from __future__ import annotations

import gc
import io
import os
import queue
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from conftest import Conversation, ScriptedServer, Step, answer, passive, say
from tls_support import (
    LOGIN_TLS,
    OtherSocket,
    begin,
    certificates,
    cut_data,
    data_of,
    data_secured,
    logged_in,
    noise,
    notify_close,
    protected,
    receive_tls,
    running,
    trusting,
)

if TYPE_CHECKING:
    from usr.ftplib import FTP_TLS

HERE = answer("PWD", '257 "/here"')
DONE = say("226 Done.")
CONTENT = noise(300_000)


@contextmanager
def wraps() -> Iterator[list[str]]:
    """The names of the functions of `ssl` that wrap something, in the order of their calls."""
    called: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        name = frame.f_code.co_name
        if event == "call" and name in ("wrap_socket", "wrap_bio"):
            called.append(name)

    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(None)


@pytest.fixture
def log_in(
    client: ModuleType, scripted: Callable[..., ScriptedServer]
) -> Iterator[Callable[..., FTP_TLS]]:
    opened: list[FTP_TLS] = []

    def log_in(
        *steps: Step, kind: Any = None, context: ssl.SSLContext | None = None, timeout: float = 10
    ) -> FTP_TLS:
        server = scripted([*LOGIN_TLS, *steps])
        ftp: FTP_TLS = (kind or client.FTP_TLS)(context=context or trusting(), timeout=timeout)
        opened.append(ftp)
        return protected(ftp, server)

    yield log_in
    for ftp in opened:
        ftp.close()


def content(ftp: Any, **options: Any) -> bytes:
    received: list[bytes] = []
    assert ftp.retrbinary("RETR x", received.append, **options).startswith("226")
    return b"".join(received)


def sent(data: bytes) -> Step:
    return lambda conversation: data_of(conversation).sendall(data)


DOWNLOAD = [*begin("RETR"), sent(CONTENT), notify_close(), cut_data(), DONE]


# When


def test_nobody_sees_a_socket(log_in: Callable[..., FTP_TLS]) -> None:
    """A download's, an upload's and a listing's data connections are made without one."""
    ftp = log_in(
        *DOWNLOAD,
        *begin("STOR")[1:],
        receive_tls(),
        notify_close(),
        cut_data(),
        DONE,
        *begin("NLST"),
        sent(b"one\r\n"),
        notify_close(),
        cut_data(),
        DONE,
        HERE,
    )
    with wraps() as called:
        assert content(ftp) == CONTENT
        assert ftp.storbinary("STOR x", io.BytesIO(CONTENT)) == "226 Done."
        assert ftp.nlst() == ["one"]
    assert called == ["wrap_bio"] * 3
    assert ftp.pwd() == "/here"


def of_a_subclass(ftp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ftp, "context", type("Own", (ssl.SSLContext,), {})(ftp.context.protocol))
    ftp.context.load_verify_locations(certificates() / "ca.pem")
    # Where an end of TLS is hidden the server is asked for the size: see test_tls_closing.py.
    ftp.context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF


def with_a_socket_class(ftp: Any, _: pytest.MonkeyPatch) -> None:
    ftp.context.sslsocket_class = OtherSocket


def with_an_object_class(ftp: Any, _: pytest.MonkeyPatch) -> None:
    ftp.context.sslobject_class = type("Own", (ssl.SSLObject,), {})


def with_a_wrap_socket(ftp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    wrap_socket = ftp.context.wrap_socket
    monkeypatch.setattr(
        ftp.context, "wrap_socket", lambda *args, **options: wrap_socket(*args, **options)
    )


def patched(owner: type, name: str) -> Callable[[Any, pytest.MonkeyPatch], None]:
    def patch(_: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        original = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *args, **options: original(*args, **options))

    return patch


def with_own_transfercmd(ftp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    transfercmd = ftp.transfercmd
    monkeypatch.setattr(ftp, "transfercmd", lambda *args: transfercmd(*args))


def with_own_ntransfercmd(ftp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ntransfercmd = ftp.ntransfercmd
    monkeypatch.setattr(ftp, "ntransfercmd", lambda *args: ntransfercmd(*args))


CHANGES: dict[str, Callable[[Any, pytest.MonkeyPatch], None]] = {
    "a subclass of SSLContext": of_a_subclass,
    "another class of sockets": with_a_socket_class,
    "another class of objects": with_an_object_class,
    "wrap_socket replaced on the context": with_a_wrap_socket,
    "wrap_socket patched": patched(ssl.SSLContext, "wrap_socket"),
    "do_handshake patched": patched(ssl.SSLSocket, "do_handshake"),
    "recv patched": patched(ssl.SSLSocket, "recv"),
    "transfercmd replaced": with_own_transfercmd,
    "ntransfercmd replaced": with_own_ntransfercmd,
}


@pytest.mark.parametrize("change", CHANGES)
def test_whoever_has_changed_something_gets_a_socket(
    log_in: Callable[..., FTP_TLS], monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    ftp = log_in(*DOWNLOAD, HERE)
    CHANGES[change](ftp, monkeypatch)
    with wraps() as called:
        assert content(ftp) == CONTENT
    assert "wrap_bio" not in called
    assert "wrap_socket" in called
    assert ftp.pwd() == "/here"


def test_a_method_of_a_subclass_gets_a_socket(
    client: ModuleType, log_in: Callable[..., FTP_TLS]
) -> None:
    class Own(client.FTP_TLS):  # type: ignore[misc,name-defined]
        def ntransfercmd(self, cmd: str, rest: Any = None) -> Any:
            result = super().ntransfercmd(cmd, rest)
            assert isinstance(result[0], ssl.SSLSocket)
            return result

    ftp = log_in(*DOWNLOAD, HERE, kind=Own)
    with wraps() as called:
        assert content(ftp) == CONTENT
    assert called == ["wrap_socket"]


def test_another_kind_of_socket_is_wrapped_as_it_is(
    log_in: Callable[..., FTP_TLS], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a library that puts its own in place of the system's."""

    class Other(socket.socket):
        pass

    def connect(address: Any, *_: object, **__: object) -> socket.socket:
        other = Other()
        other.connect(address)
        return other

    ftp = log_in(*DOWNLOAD, HERE)
    monkeypatch.setattr(socket, "create_connection", connect)
    with wraps() as called:
        assert content(ftp) == CONTENT
    assert called == ["wrap_socket"]


# Records


@pytest.mark.parametrize("blocksize", [1, 1000, 16384, 16385, 100_000])
@pytest.mark.parametrize("sizes", [(1, 16384, 5), (16384,) * 9, (100,) * 300, (20_000, 3)])
def test_blocks_of_any_size_from_records_of_any_size(
    log_in: Callable[..., FTP_TLS], sizes: tuple[int, ...], blocksize: int, tmp_path: Any
) -> None:
    """In a file of Python's own, in any other callback, and in lines."""
    if blocksize == 1 and sum(sizes) > 30_000:
        sizes = (3, 40)
    pieces = [noise(1_000_000)[sum(sizes[:n]) : sum(sizes[: n + 1])] for n in range(len(sizes))]
    whole = b"".join(pieces)
    transfer = [*begin("RETR"), *map(sent, pieces), notify_close(), cut_data(), DONE]
    # TYPE is said once.
    ftp = log_in(*transfer, *transfer[1:], HERE)
    blocks: list[bytes] = []
    ftp.retrbinary("RETR x", blocks.append, blocksize)
    assert b"".join(blocks) == whole
    assert all(type(block) is bytes and 0 < len(block) <= blocksize for block in blocks)
    with (tmp_path / "file").open("wb+") as file:
        ftp.retrbinary("RETR x", file.write, blocksize)
    assert (tmp_path / "file").read_bytes() == whole
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("sizes", [(16384,) * 130, (16384, 100, 16384) * 60, (1000,) * 1500])
@pytest.mark.parametrize("buffered", [True, False])
def test_a_large_file_is_received_where_it_stands(
    log_in: Callable[..., FTP_TLS], sizes: tuple[int, ...], buffered: bool, tmp_path: Any
) -> None:
    """Without its `write`; its position is behind what has come."""
    whole = noise(sum(sizes))
    pieces = [whole[sum(sizes[:n]) : sum(sizes[: n + 1])] for n in range(len(sizes))]
    begun = [answer("TYPE"), passive(), answer("RETR", f"150 Ok ({len(whole)} bytes).")]
    transfer = [*begun, data_secured(), *map(sent, pieces), notify_close(), cut_data(), DONE]
    ftp = log_in(*transfer, HERE)
    with (tmp_path / "file").open("wb+", -1 if buffered else 0) as file:
        file.write(b"before")
        assert ftp.retrbinary("RETR x", file.write) == "226 Done."
        assert file.tell() == 6 + len(whole)
    assert (tmp_path / "file").read_bytes() == b"before" + whole
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_little_behind_much_is_not_waited_with(
    log_in: Callable[..., FTP_TLS], version: str
) -> None:
    """The client waits for much at once where much comes; but the peer may wait for the client."""
    much, arrived = noise(3_000_000), threading.Event()
    received: list[bytes] = []

    def take(block: bytes) -> None:
        received.append(block)
        if block.endswith(b"the end"):
            arrived.set()

    def wait(_: Conversation) -> None:
        assert arrived.wait(10)

    steps = [*begin("RETR"), sent(much), sent(b"the end"), wait, notify_close(), cut_data(), DONE]
    ftp = log_in(*steps, HERE, context=trusting(getattr(ssl.TLSVersion, version)))
    assert ftp.retrbinary("RETR x", take) == "226 Done."
    assert b"".join(received) == much + b"the end"
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("buffered", [True, False])
def test_a_file_is_sent_from_where_it_stands(
    log_in: Callable[..., FTP_TLS], buffered: bool, version: str, tmp_path: Any
) -> None:
    """Without its `read`; its position is behind what was sent."""
    path = tmp_path / "file"
    path.write_bytes(noise(1_000_000))
    context = trusting(getattr(ssl.TLSVersion, version))
    ftp = log_in(*begin("STOR"), receive_tls(), notify_close(), DONE, HERE, context=context)
    with path.open("rb", -1 if buffered else 0) as file:
        file.read(1234)
        assert ftp.storbinary("STOR x", file) == "226 Done."
        assert file.tell() == 1_000_000
    assert b"".join(ftp.scripted.received) == noise(1_000_000)[1234:]  # type: ignore[attr-defined]
    assert ftp.pwd() == "/here"


# The keys change in mid-stream


class OpenSSL:
    """`openssl s_server` as the peer of data connections: it does what Python's `ssl` does not.

    Of what it is given `K` asks for new keys on both sides (TLS 1.3), `r` for a new handshake.
    """

    def __init__(self, version: str) -> None:
        certificate = str(certificates() / "server.pem")
        # What it says of new keys must not wait in a buffer.
        command = ["stdbuf", "-o0", "openssl", "s_server", "-accept", "0", f"-tls{version}"]
        self.process = subprocess.Popen(
            [*command, "-cert", certificate],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(b"ACCEPT "):
                self.port = int(line.rpartition(b":")[2])
                return
        pytest.skip("openssl s_server does not start")

    def type(self, line: str) -> None:
        """A command is one only where it is all that a read brings: the one before must be gone."""
        assert self.process.stdin is not None
        threading.Event().wait(0.3)
        self.process.stdin.write(line.encode())
        self.process.stdin.flush()

    def renew(self, command: str) -> None:
        self.type(command)
        assert self.process.stdout is not None
        while b"SSL_do_handshake" not in (line := self.process.stdout.readline()):
            assert line

    def passive(self, conversation: Conversation) -> None:
        conversation.hear("EPSV", "PASV")
        conversation.say(f"227 Here (127,0,0,1,{self.port // 256},{self.port % 256}).")

    def close(self) -> None:
        with self.process:
            self.process.kill()


@pytest.fixture(params=["1_2", "1_3"])
def openssl(request: pytest.FixtureRequest) -> Iterator[tuple[OpenSSL, ssl.SSLContext]]:
    context = trusting(getattr(ssl.TLSVersion, f"TLSv{request.param}"))
    with closing(OpenSSL(request.param)) as peer:
        yield peer, context


def test_new_keys_in_mid_download(
    log_in: Callable[..., FTP_TLS], openssl: tuple[OpenSSL, ssl.SSLContext]
) -> None:
    peer, context = openssl
    again = "K\n" if context.maximum_version is ssl.TLSVersion.TLSv1_3 else "r\n"

    received: queue.Queue[bytes] = queue.Queue()

    def speak(_: Conversation) -> None:
        for line in ("one\n", "two\n", "three\n"):
            peer.type(line)
            assert received.get(timeout=10) == line.encode()
            peer.renew(again)
        peer.type("Q\n")

    # It ends TLS without a `close_notify`: the client asks for the size.
    retr, size = answer("RETR", "150 Ok."), answer("SIZE", "213 14")
    ftp = log_in(answer("TYPE"), peer.passive, retr, speak, DONE, size, HERE, context=context)
    assert ftp.retrbinary("RETR x", received.put).startswith("226")
    assert received.empty()
    assert ftp.pwd() == "/here"


def test_new_keys_in_mid_upload(
    log_in: Callable[..., FTP_TLS], openssl: tuple[OpenSSL, ssl.SSLContext]
) -> None:
    """TLS reads nothing meanwhile: what the peer asks for is left to the end, and harms nothing."""
    peer, context = openssl
    if context.maximum_version is not ssl.TLSVersion.TLSv1_3:
        pytest.skip("s_server waits for the handshake, and the client for nothing")
    asked = threading.Event()

    class File(io.BytesIO):
        def read(self, _: int | None = -1, /) -> bytes:
            if self.tell():
                assert asked.wait(10)
            return super().read(1000)

    def speak(_: Conversation) -> None:
        peer.type("K\n")
        asked.set()

    stor = answer("STOR", "150 Ok.")
    ftp = log_in(answer("TYPE"), peer.passive, stor, speak, DONE, HERE, context=context)
    data = b"".join(b"line %d\n" % number for number in range(1000))
    assert ftp.storbinary("STOR x", File(data)) == "226 Done."
    assert ftp.pwd() == "/here"
    peer.process.kill()
    out, _ = peer.process.communicate()
    # What it says of the keys stands in between.
    assert data in out.replace(b"SSL_do_handshake -> 1\n", b"")


# What stays


def test_a_failed_handshake_tells_the_server_why(log_in: Callable[..., FTP_TLS]) -> None:
    """By an alert, as every TLS client."""
    heard: list[str] = []

    def refused(conversation: Conversation) -> None:
        try:
            data_secured("self-signed")(conversation)
            data_of(conversation).recv(1)
        except ssl.SSLError as error:
            heard.append(error.reason)
        conversation.connected().close()

    ftp = log_in(
        answer("TYPE"), passive(), answer("RETR", "150 Ok."), refused, say("425 No."), HERE
    )
    with pytest.raises(ssl.SSLCertVerificationError, match="secure the data connection of"):
        ftp.retrbinary("RETR x", len)
    assert ftp.pwd() == "/here"
    assert len(heard) == 1
    assert "ALERT" in heard[0]


def footprint() -> tuple[int, int, int]:
    """Objects, descriptors, KiB of memory."""
    gc.collect()
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return len(gc.get_objects()), len(os.listdir("/proc/self/fd")), pages * 4


def test_many_data_connections_leave_nothing(client: ModuleType) -> None:
    number = int(os.environ.get("DATA_CONNECTIONS", "100"))
    with (
        running("vsftpd", "tls-reuse") as server,
        closing(logged_in(client, server, trusting(ssl.TLSVersion.TLSv1_3))) as ftp,
    ):

        def round_trip() -> None:
            ftp.storbinary("STOR x", io.BytesIO(CONTENT[:1000]))
            received: list[bytes] = []
            ftp.retrbinary("RETR x", received.append)
            assert received == [CONTENT[:1000]]

        for _ in range(20):
            round_trip()
        objects, descriptors, memory = footprint()
        for _ in range(number // 2):
            round_trip()
        after = footprint()
    assert after[0] - objects < 50
    assert after[1] == descriptors
    # A session that stays is 5 KB.
    assert after[2] - memory < 512 + number // 2
