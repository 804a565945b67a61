"""Transfers of Python's own files take shorter ways, and a script sees what it does of any file."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import pickle
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest
import realservers
from conftest import (
    Conversation,
    Directory,
    ScriptedServer,
    answer,
    end_data,
    passive,
    receive,
    say,
    send,
)

from usr.ftplib import FTP, Error, all_errors

SIZES = [0, 1, 4096, 65535, 65536, 65537, 200_000, 3_000_000]


def content(size: int) -> bytes:
    return random.Random(size).randbytes(size)


class Reader:
    """A file behind an object of another class: it is read in the long way."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def read(self, size: int) -> bytes:
        return self.file.read(size)

    def readline(self, size: int) -> bytes:
        return self.file.readline(size)


@pytest.fixture
def local(tmp_path: Path) -> Callable[[bytes], Path]:
    def make(data: bytes) -> Path:
        path = tmp_path / "local"
        path.write_bytes(data)
        return path

    return make


OPENERS: dict[str, Callable[[Path], IO[bytes]]] = {
    "BufferedReader": lambda path: path.open("rb"),
    "BufferedRandom": lambda path: path.open("rb+"),
    "FileIO": lambda path: path.open("rb", buffering=0),
    "BytesIO": lambda path: io.BytesIO(path.read_bytes()),
    "small buffer": lambda path: path.open("rb", buffering=16),
}
files = pytest.mark.parametrize("kind", OPENERS)


# storbinary


@files
@pytest.mark.parametrize("size", SIZES)
def test_a_file_is_sent_whole(
    kind: str, size: int, ftp: FTP, directory: Directory, local: Callable[[bytes], Path]
) -> None:
    data = content(size)
    with OPENERS[kind](local(data)) as file:
        assert ftp.storbinary("STOR f", file).startswith("226")
        assert file.tell() == size
        assert file.read() == b""
    assert directory.read("f") == data


@files
@pytest.mark.parametrize("before", ["seek", "read", "readline", "beyond the end"])
def test_a_file_is_sent_from_its_position(
    kind: str, before: str, ftp: FTP, directory: Directory, local: Callable[[bytes], Path]
) -> None:
    data = b"first line\n" + content(150_000)
    with OPENERS[kind](local(data)) as file:
        match before:
            case "seek":
                file.seek(70_001)
            case "read":
                file.read(5)
            case "readline":
                file.readline()
            case _:
                file.seek(len(data) + 10)
        start = file.tell()
        ftp.storbinary("STOR f", file)
        assert file.tell() == max(start, len(data))
        file.seek(3)
        assert file.read(4) == data[3:7]
    assert directory.read("f") == data[start:]


def test_what_was_written_and_is_in_the_buffer_is_sent(
    ftp: FTP, directory: Directory, local: Callable[[bytes], Path]
) -> None:
    with open(local(b"0123456789"), "rb+") as file:
        file.write(b"abc")
        ftp.storbinary("STOR f", file)
        assert file.tell() == 10
        file.write(b"end")
        file.seek(0)
        assert file.read() == b"abc3456789end"
    assert directory.read("f") == b"3456789"


def test_a_callback_gets_every_block(
    ftp: FTP, directory: Directory, local: Callable[[bytes], Path]
) -> None:
    data = content(300_000)
    blocks: list[bytes] = []
    with open(local(data), "rb") as file:
        ftp.storbinary("STOR f", file, 8192, blocks.append)
    assert b"".join(blocks) == data == directory.read("f")
    assert {len(block) for block in blocks[:-1]} == {8192}


class Halved(io.BufferedReader):
    """Every second byte: its `read` is its own."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size)[::2]


def test_the_read_of_a_subclass_is_called(
    ftp: FTP, directory: Directory, local: Callable[[bytes], Path]
) -> None:
    with Halved(io.FileIO(local(b"0123456789"))) as file:
        ftp.storbinary("STOR f", file)
    assert directory.read("f") == b"02468"


class HalvedRaw(io.FileIO):
    def readinto(self, buffer: Any, /) -> int:
        data = self.read(len(buffer))[::2]
        buffer[: len(data)] = data
        return len(data)


def test_the_readinto_of_what_is_under_the_buffer_is_called(
    ftp: FTP, directory: Directory, local: Callable[[bytes], Path]
) -> None:
    with io.BufferedReader(HalvedRaw(local(b"0123456789")), 16) as file:
        ftp.storbinary("STOR f", file)
    assert directory.read("f") == b"02468"


@pytest.mark.parametrize("store", ["storbinary", "storlines"])
def test_a_pipe_is_read(store: str, ftp: FTP, directory: Directory) -> None:
    source, target = os.pipe()
    with open(source, "rb") as file:
        with open(target, "wb") as end:
            end.write(b"one\ntwo\n")
        getattr(ftp, store)("STOR f", file)
    assert directory.read("f") in (b"one\ntwo\n", b"one\r\ntwo\r\n")


@pytest.mark.parametrize("store", ["storbinary", "storlines"])
def test_a_file_that_cannot_be_read_raises_its_own_error(
    store: str, ftp: FTP, local: Callable[[bytes], Path]
) -> None:
    path = local(b"x")
    with open(path, "rb") as closed:
        pass
    with pytest.raises(ValueError, match="closed file"):
        getattr(ftp, store)("STOR f", closed)
    with open(path, "wb") as file, pytest.raises(io.UnsupportedOperation):
        getattr(ftp, store)("STOR f", file)
    assert ftp.pwd()


def test_closing_the_file_meanwhile_neither_sends_another_nor_goes_unnoticed(
    ftp: FTP, directory: Directory, tmp_path: Path
) -> None:
    path = tmp_path / "large"
    with path.open("wb") as large:
        large.truncate(1 << 28)
    file = open(path, "rb")  # noqa: SIM115
    others: list[IO[bytes]] = []
    other = tmp_path / "other"
    other.write_bytes(b"another file's bytes" * 100_000)

    def close() -> None:
        time.sleep(0.02)
        file.close()
        others.append(other.open("rb"))

    thread = threading.Thread(target=close)
    thread.start()
    with pytest.raises(ValueError, match="closed"):
        ftp.storbinary("STOR f", file)
    thread.join()
    others[0].close()
    with (directory.local / "f").open("rb") as stored:
        while block := stored.read(1 << 20):
            assert not block.strip(b"\0")


def test_after_a_refusal_the_file_has_not_moved(ftp: FTP, local: Callable[[bytes], Path]) -> None:
    with open(local(content(100_000)), "rb") as file:
        file.seek(10)
        with pytest.raises(all_errors):
            ftp.storbinary("STOR no/such/folder", file)
        assert file.tell() == 10


def test_ctrl_c_ends_an_upload_of_a_file(ftp: FTP, tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as large:
        large.truncate(64 << 30)

    class StopError(Exception):
        pass

    def stop(*_: object) -> None:
        raise StopError

    before = signal.signal(signal.SIGALRM, stop)
    try:
        with open(path, "rb") as file:
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(StopError):
                ftp.storbinary("STOR f", file)
            assert 0 < file.tell() < 64 << 30
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert ftp.pwd()


def test_an_upload_through_a_socket_that_blocks_leaves_it_blocking(
    ftp: FTP, local: Callable[[bytes], Path]
) -> None:
    blocking: list[bool] = []

    class Watching(FTP):
        def ntransfercmd(self, *arguments: Any) -> Any:
            result = super().ntransfercmd(*arguments)
            result[0].settimeout(None)
            # Another descriptor of the connection; the server sees its end when this one is closed.
            twin = result[0].dup()

            def look() -> None:
                blocking.append(os.get_blocking(twin.fileno()))
                twin.close()

            timer = threading.Timer(1, look)
            timer.start()
            return result

    with Watching() as watching:
        watching.connect(ftp.host, ftp.port, timeout=20)
        watching.login("ftpuser", "ftpuser-pw")
        with open(local(content(500_000)), "rb") as file:
            watching.storbinary("STOR blocking", file)
        watching.delete("blocking")
    assert blocking == [True]


def test_the_position_moves_with_what_is_sent(
    talk: Callable[..., tuple[FTP, ScriptedServer]], local: Callable[[bytes], Path]
) -> None:
    """A progress thread asks the file."""
    seen = threading.Event()

    def take(conversation: Conversation) -> None:
        data = conversation.connected()
        left = 20_000_000
        while left > 8_000_000:
            left -= len(data.recv(min(65536, left)))
        assert seen.wait(20)
        receive()(conversation)

    ftp, _ = talk(answer("TYPE"), passive(), answer("STOR", "150 Go."), take, say("226 Done."))
    with local(bytes(20_000_000)).open("rb") as file:

        def watch() -> None:
            deadline = time.monotonic() + 20
            while file.tell() < 4_000_000 and time.monotonic() < deadline:
                time.sleep(0.01)
            assert 4_000_000 <= file.tell() <= 20_000_000
            seen.set()

        thread = threading.Thread(target=watch)
        thread.start()
        ftp.storbinary("STOR f", file)
        thread.join()
        assert file.tell() == 20_000_000


# storlines

TEXTS = [
    b"",
    b"\n",
    b"one\ntwo\n",
    b"one\r\ntwo\r\n",
    b"one\r\r\ntwo\rthree",
    b"one\n\n\r\n\rtwo\r",
    b"no end",
    b"x" * 65_535 + b"\r\n" + b"y" * 65_536,
    b"z" * 65_536 + b"\n",
    b"".join(b"%d %s\r\n" % (i, b"k" * (i % 90)) for i in range(30_000)),
]


@files
@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:20]))
def test_lines_are_sent_as_they_are_read_one_by_one(
    kind: str, text: bytes, ftp: FTP, directory: Directory, local: Callable[[bytes], Path]
) -> None:
    ftp.maxline = 70_000
    path = local(text)
    sent: list[bytes] = []
    commands: list[Any] = []
    for number, wrap in enumerate([lambda file: file, Reader]):
        with OPENERS[kind](path) as file:
            commands.append(ftp.storlines(f"STOR f{number}", wrap(file))[:3])
            assert file.tell() == len(text)
        sent.append(directory.read(f"f{number}"))
    assert sent[0] == sent[1]
    assert commands == ["226", "226"]


@files
@pytest.mark.parametrize("length", [99, 100, 101, 65_536, 65_700])
@pytest.mark.parametrize("before", [b"", b"one\n", b"a\n" * 32_760])
def test_a_line_too_long_leaves_the_file_where_readline_does(
    kind: str, length: int, before: bytes, ftp: FTP, local: Callable[[bytes], Path]
) -> None:
    ftp.maxline = 100
    path = local(before + b"x" * (length - 1) + b"\n" + b"after\n" * 20_000)
    ends = []
    for wrap in (lambda file: file, Reader):
        with OPENERS[kind](path) as file:
            try:
                ends.append((ftp.storlines("STOR f", wrap(file)), file.tell()))
            except Error as error:
                ends.append((str(error), file.tell()))
    assert ends[0] == ends[1]
    assert ("got more than 100 bytes" in ends[0][0]) == (length > 100)


class Slow:
    """A source whose lines come one by one: the next one when the server has the one before."""

    def __init__(self, breaks: bool) -> None:
        self.server_has = threading.Semaphore()
        self.lines = [b"one\n", b"two\r\n", b"three"]
        self.breaks = breaks

    def readline(self, _: int) -> bytes:
        assert self.server_has.acquire(timeout=20)
        if not self.lines and self.breaks:
            raise LookupError("the source")
        return self.lines.pop(0) if self.lines else b""


@pytest.mark.parametrize("breaks", [False, True], ids=["ends", "raises"])
def test_each_line_is_sent_as_soon_as_it_is_there(
    talk: Callable[..., tuple[FTP, ScriptedServer]], breaks: bool
) -> None:
    source = Slow(breaks)

    def take(conversation: Conversation) -> None:
        data, received = conversation.connected(), b""
        for line in (b"one\r\n", b"two\r\n", b"three\r\n"):
            received += data.recv(100)
            assert received.endswith(line)
            source.server_has.release()
        assert data.recv(100) == b""
        conversation.end_data()

    ftp, _ = talk(answer("TYPE"), passive(), answer("STOR", "150 Go."), take, say("226 Done."))
    told: list[bytes] = []
    with pytest.raises(LookupError) if breaks else contextlib.nullcontext():
        assert ftp.storlines("STOR f", source, told.append) == "226 Done."
    assert told == [b"one\r\n", b"two\r\n", b"three\r\n"]


# retrbinary


@pytest.mark.parametrize("announced", ["", " (3000000 bytes)"])
def test_a_reset_is_no_end(
    talk: Callable[..., tuple[FTP, ScriptedServer]], tmp_path: Path, announced: str
) -> None:
    """Where the bytes are moved and not read, the call that finds the error is another one."""

    def feed(conversation: Conversation) -> None:
        conversation.connected().sendall(b"x" * 2_000_000)
        deadline = time.monotonic() + 20
        while (tmp_path / "output").stat().st_size < 2_000_000 and time.monotonic() < deadline:
            time.sleep(0.01)
        conversation.end_data(reset=True)

    begun = answer("RETR", f"150 Opening connection{announced}.")
    ftp, _ = talk(answer("TYPE"), passive(), begun, feed, say("226 Done."))
    with (tmp_path / "output").open("wb", buffering=0) as file:  # noqa: SIM117
        with pytest.raises(ConnectionResetError, match=r"data connection of 127\.0\.0\.1 port"):
            ftp.retrbinary("RETR f", file.write)


def test_an_unbuffered_file_gets_all_or_says_so(
    talk: Callable[..., tuple[FTP, ScriptedServer]],
) -> None:
    """Its `write` takes less where a disk becomes full, and nothing from who does not wait."""

    def transfer(size: int) -> tuple[FTP, ScriptedServer]:
        return talk(
            answer("TYPE"), passive(), answer("RETR", "150 Go."), send(b"x" * size), end_data(),
            say("226 Done."),
        )  # fmt: skip

    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with open(reading, "rb") as source, open(writing, "wb", buffering=0) as pipe:
        with pytest.raises(BlockingIOError):
            transfer(200_000)[0].retrbinary("RETR f", pipe.write)
        assert len(source.read1()) >= 4096
    left, right = os.pipe()
    counts = []

    class Short(io.FileIO):
        """Of another class: what it returns is its own affair, as in CPython."""

        def write(self, block: Any) -> int:
            counts.append(len(block))
            return 1

    with open(left, "rb"), Short(right, "wb") as own:
        transfer(100_000)[0].retrbinary("RETR f", own.write)
    assert sum(counts) == 100_000


def test_a_file_whose_position_others_share_loses_nothing(
    talk: Callable[..., tuple[FTP, ScriptedServer]], tmp_path: Path
) -> None:
    """What another process or thread writes by the same open file, at any moment."""
    size = 60_000_000
    begun = answer("RETR", f"150 Opening connection ({size} bytes).")
    ftp, _ = talk(
        answer("TYPE"), passive(), begun, send(b"x" * size), end_data(), say("226 Done.")
    )  # fmt: skip
    with (tmp_path / "output").open("wb") as file:
        stop, stopping = os.pipe()
        program = (
            "import os, select, sys\n"
            "while not select.select([0], [], [], 0)[0]: os.write(1, b'y' * 64)\n"
        )
        with subprocess.Popen([sys.executable, "-c", program], stdin=stop, stdout=file) as other:
            os.close(stop)
            while file.raw.tell() == 0:
                time.sleep(0.01)
            ftp.retrbinary("RETR f", file.write)
            os.close(stopping)
            other.wait(20)
    written = (tmp_path / "output").read_bytes()
    assert written.count(b"x") == size
    assert written.count(b"y") % 64 == 0
    assert len(written) == size + written.count(b"y")


def test_an_output_that_others_write_to_as_well_loses_nothing(
    talk: Callable[..., tuple[FTP, ScriptedServer]], tmp_path: Path
) -> None:
    """As a standard output that is the standard error, too: both write where the file stands."""
    others = threading.Event()

    def feed(conversation: Conversation) -> None:
        for _ in range(2):
            conversation.connected().sendall(b"x" * 3_000_000)
            assert others.wait(20)
        conversation.end_data()

    begun = answer("RETR", "150 Opening connection (6000000 bytes).")
    ftp, _ = talk(answer("TYPE"), passive(), begun, feed, say("226 Done."))
    with (tmp_path / "output").open("wb") as file:

        def write_between() -> None:
            deadline = time.monotonic() + 20
            while file.raw.tell() < 2_000_000 and time.monotonic() < deadline:
                time.sleep(0.01)
            os.write(file.fileno(), b"y" * 1000)
            others.set()

        thread = threading.Thread(target=write_between)
        thread.start()
        ftp.retrbinary("RETR f", file.write)
        thread.join()
        assert file.tell() == 6_001_000
        file.write(b"the end")
    written = (tmp_path / "output").read_bytes()
    assert written.count(b"x") == 6_000_000
    assert written.count(b"y") == 1000
    assert written.endswith(b"the end")


def test_a_compressed_download_has_another_size(
    talk: Callable[..., tuple[FTP, ScriptedServer]],
) -> None:
    """After `MODE Z` the size in the reply is not that of what comes; after `MODE S` it is."""
    begun = (passive(), answer("RETR", "150 Opening connection (100 bytes)."))
    half = (*begun, send(b"50 bytes" * 6), end_data(), say("226 Done."))
    ftp, _ = talk(answer("MODE"), answer("TYPE"), *half, answer("MODE"), *half)
    blocks: list[bytes] = []
    ftp.sendcmd("MODE Z")
    assert ftp.retrbinary("RETR f", blocks.append) == "226 Done."
    assert b"".join(blocks) == b"50 bytes" * 6
    ftp.sendcmd("MODE S")
    with pytest.raises(EOFError, match="48 of 100 bytes"):
        ftp.retrbinary("RETR f", blocks.append)


@pytest.mark.parametrize("blocksize", [1, 1000, 65_536, 1 << 20])
@pytest.mark.parametrize("size", [0, 1, 1000, 65_536, 300_001])
def test_the_blocks_of_a_download_are_bytes_of_their_own(
    blocksize: int, size: int, ftp: FTP, directory: Directory
) -> None:
    if size // blocksize > 10_000:
        size = 5000
    data = content(size)
    directory.put("f", data)
    blocks: list[bytes] = []
    ftp.retrbinary("RETR f", blocks.append, blocksize)
    assert b"".join(blocks) == data
    assert all(type(block) is bytes and 0 < len(block) <= blocksize for block in blocks)
    assert len({hash(block) for block in blocks}) == len(set(blocks))


@pytest.mark.parametrize(
    "size", [1, 1000, 16_383, 16_384, 30_000, 65_536, 65_537, 100_000, 262_143, 262_144, 300_000]
)
def test_what_comes_while_the_callback_runs_is_in_the_next_blocks(
    size: int, talk: Callable[..., tuple[FTP, ScriptedServer]]
) -> None:
    """The server sends a piece when the callback has the one before, and that waits for it."""
    pieces = [content(size)[::-1] if index % 2 else content(size) for index in range(6)]
    arrived, sent = threading.Semaphore(0), threading.Semaphore(0)

    def feed(conversation: Conversation) -> None:
        conversation.connected().sendall(pieces[0])
        for piece in pieces[1:]:
            assert arrived.acquire(timeout=20)
            conversation.connected().sendall(piece)
            sent.release()
        assert arrived.acquire(timeout=20)
        sent.release()

    def callback(block: bytes) -> None:
        blocks.append(block)
        if sum(map(len, blocks)) % size == 0:
            arrived.release()
            assert sent.acquire(timeout=20)

    blocks: list[bytes] = []
    end = (end_data(), say("226 Done."))
    ftp, _ = talk(answer("TYPE"), passive(), answer("RETR", "150 Here."), feed, *end)
    assert ftp.retrbinary("RETR f", callback) == "226 Done."
    assert b"".join(blocks) == b"".join(pieces)
    assert all(type(block) is bytes and 0 < len(block) <= 256 * 1024 for block in blocks)


def test_what_a_callback_raises_in_the_middle_comes_out(ftp: FTP, directory: Directory) -> None:
    directory.put("f", content(2_000_000))
    kept: list[bytes] = []

    def callback(block: bytes) -> None:
        kept.append(block)
        if sum(map(len, kept)) > 500_000:
            raise KeyError("enough")

    with pytest.raises(KeyError):
        ftp.retrbinary("RETR f", callback)
    assert b"".join(kept) == content(2_000_000)[: sum(map(len, kept))]
    assert ftp.pwd()


TARGETS: dict[str, Callable[[Path], IO[bytes]]] = {
    "wb+": lambda path: path.open("wb+"),
    "wb": lambda path: path.open("wb"),
    "FileIO": lambda path: path.open("wb+", buffering=0),
    "small buffer": lambda path: path.open("wb+", buffering=16),
    "BytesIO": lambda _: io.BytesIO(),
}
targets = pytest.mark.parametrize("kind", TARGETS)


@targets
@pytest.mark.parametrize("size", [0, 4096, 524_287, 524_288, 3_000_000])
def test_a_file_is_received_where_it_stands(
    kind: str, size: int, ftp: FTP, directory: Directory, tmp_path: Path
) -> None:
    directory.put("f", content(size))
    with TARGETS[kind](tmp_path / "local") as file:
        file.write(b"before" + b"?" * 10_000)
        file.seek(6)
        assert ftp.retrbinary("RETR f", file.write).startswith("226")
        assert file.tell() == 6 + size
        file.write(b"after")
        file.flush()
        file.seek(0)
        got = file.read() if file.readable() else (tmp_path / "local").read_bytes()
    rest = b"?" * (10_000 - size - len(b"after"))
    assert got == b"before" + content(size) + b"after" + rest


def urgently(conversation: Conversation) -> None:
    """Sends with a byte between that is none of the stream's, and waits for what takes it."""
    connection = conversation.connected()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for part in (b"a" * 600_000, b"b" * 600_000, b"c"):
        connection.sendall(part)
        time.sleep(0.2)
        connection.send(b"!", socket.MSG_OOB)
        time.sleep(0.2)
    conversation.end_data()


@pytest.mark.parametrize("timeout", [None, 2])
@pytest.mark.parametrize("passive", [True, False])
def test_urgent_data_neither_ends_nor_holds_a_download(
    talk: Callable[..., tuple[FTP, ScriptedServer]],
    tmp_path: Path,
    timeout: float | None,
    passive: bool,
) -> None:
    steps = (opened(), answer("RETR", "150 Here."), urgently, say("226 Done."))
    ftp, _ = talk(*steps, timeout=timeout)
    ftp.set_pasv(passive)
    with (tmp_path / "f").open("wb+") as file:
        assert ftp.retrbinary("RETR f", file.write) == "226 Done."
    assert (tmp_path / "f").read_bytes() == b"a" * 600_000 + b"b" * 600_000 + b"c"


def opened() -> Callable[[Conversation], None]:
    """Opens a data connection, either way."""

    def step(conversation: Conversation) -> None:
        conversation.hear("TYPE")
        conversation.say("200 Ok.")
        verb, _, argument = conversation.hear("PASV", "PORT").partition(" ")
        if verb == "PASV":
            port = conversation.listen()
            conversation.say(f"227 Here (127,0,0,1,{port // 256},{port % 256}).")
        else:
            *_, high, low = map(int, argument.split(","))
            address = ("127.0.0.1", high * 256 + low)
            conversation.say("200 Ok.")
            conversation.data = conversation.server.keep(socket.create_connection(address))

    return step


def test_what_stands_before_in_the_buffer_comes_first(
    ftp: FTP, directory: Directory, tmp_path: Path
) -> None:
    directory.put("f", content(2_000_000))
    with (tmp_path / "local").open("wb") as file:
        file.write(b"header")
        ftp.retrbinary("RETR f", file.write)
        file.write(b"trailer")
    assert (tmp_path / "local").read_bytes() == b"header" + content(2_000_000) + b"trailer"


def test_a_file_that_is_appended_to_gets_it_at_its_end(
    ftp: FTP, directory: Directory, tmp_path: Path
) -> None:
    directory.put("f", content(2_000_000))
    (tmp_path / "local").write_bytes(b"old")
    with (tmp_path / "local").open("ab") as file:
        file.seek(0)
        ftp.retrbinary("RETR f", file.write)
    assert (tmp_path / "local").read_bytes() == b"old" + content(2_000_000)


def test_the_write_of_a_subclass_is_called(ftp: FTP, directory: Directory, tmp_path: Path) -> None:
    class Counting(io.FileIO):
        count = 0

        def write(self, block: Any) -> int:
            self.count += len(block)
            return super().write(block)

    directory.put("f", content(2_000_000))
    with Counting(tmp_path / "local", "w") as raw:
        ftp.retrbinary("RETR f", raw.write)
        assert raw.count == 2_000_000
        with io.BufferedWriter(raw) as file:
            ftp.retrbinary("RETR f", file.write)
        assert raw.count == 4_000_000


def test_a_full_disk_raises_the_error_of_write_and_the_file_stands_behind_what_it_has(
    ftp: FTP, directory: Directory, tmp_path: Path
) -> None:
    directory.put("f", content(4_000_000))
    with realservers.small_disk(tmp_path, 2 << 20):
        with (tmp_path / "local").open("wb+") as file:
            with pytest.raises(OSError, match="No space left on device") as caught:
                ftp.retrbinary("RETR f", file.write)
            assert caught.value.errno == errno.ENOSPC
            there = file.tell()
            assert 1 << 20 < there <= 2 << 20
            assert there == os.fstat(file.fileno()).st_size
            file.seek(0)
            assert file.read() == content(4_000_000)[:there]
        assert ftp.pwd()


def test_ctrl_c_ends_a_download_into_a_file(ftp: FTP, directory: Directory, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(*_: object) -> None:
        raise StopError

    with open(directory.local / "f", "wb") as large:
        large.truncate(64 << 30)
    before = signal.signal(signal.SIGALRM, stop)
    try:
        with (tmp_path / "local").open("wb+") as file:
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(StopError):
                ftp.retrbinary("RETR f", file.write)
            assert 0 < file.tell() == os.fstat(file.fileno()).st_size < 64 << 30
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert ftp.pwd()


def test_closing_the_file_during_a_download_is_an_error_and_no_other_file_is_written_to(
    ftp: FTP, directory: Directory, tmp_path: Path
) -> None:
    with open(directory.local / "f", "wb") as large:
        large.truncate(1 << 30)
    file = (tmp_path / "local").open("wb+")
    others: list[IO[bytes]] = []

    def close() -> None:
        file.close()
        others.extend((tmp_path / f"other-{number}").open("wb+") for number in range(20))

    timer = threading.Timer(0.1, close)
    timer.start()
    try:
        with pytest.raises(ValueError, match="closed file"):
            ftp.retrbinary("RETR f", file.write)
    finally:
        timer.join()
        file.close()
    for other in others:
        assert os.fstat(other.fileno()).st_size == 0
        other.close()
    assert ftp.pwd()


# retrlines


@pytest.fixture
def gathered(ftp: FTP) -> Callable[[], tuple[list[str], bytes]]:
    def gather() -> tuple[list[str], bytes]:
        lines: list[str] = []
        file = io.BytesIO()
        ftp.retrlines("RETR f", lines.append)
        ftp.retrlines("RETR f", file.write)
        return lines, file.getvalue()

    return gather


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:20]))
def test_lines_and_blocks_of_lines_are_the_same_text(
    text: bytes, ftp: FTP, directory: Directory, gathered: Callable[[], tuple[list[str], bytes]]
) -> None:
    ftp.maxline = 70_000
    directory.put("f", text)
    lines, whole = gathered()
    assert b"".join(lines) == whole  # type: ignore[arg-type]
    assert lines == whole.decode().splitlines()


def test_lines_that_are_kept_keep_their_text(ftp: FTP, directory: Directory) -> None:
    directory.put("f", b"".join(b"%d\n" % i for i in range(100_000)))
    lines: list[str] = []
    ftp.retrlines("RETR f", lines.append)
    assert [int(line) for line in lines] == list(range(100_000))


def test_strings_that_all_share_stay_plain(ftp: FTP, directory: Directory) -> None:
    short = ["", *map(chr, range(32, 127)), *map(chr, range(161, 384)), "ab", "€", "\U0001f600"]
    directory.put("f", "".join(line + "\n" for line in short).encode())
    lines: list[Any] = []
    ftp.retrlines("RETR f", lines.append)
    assert lines == short
    assert {type(line).__name__ for line in lines} == {"Line"}
    assert {type(line) for line in short} == {str}
    assert b"".join(lines) == "".join(line + "\n" for line in short).encode()


@pytest.mark.parametrize("sample", ["ab", "x" * 67, "ü" * 20, "€uro", "\U0001f600 smile"])
def test_a_line_is_a_whole_string(sample: str, ftp: FTP, directory: Directory) -> None:
    directory.put("f", (sample + "\n").encode() * 3)
    lines: list[Any] = []
    ftp.retrlines("RETR f", lines.append)
    kind = type(lines[0])
    references = sys.getrefcount(kind)
    for line in lines:
        assert hash(line) == hash(sample)
        assert {sample: 1}[line] == 1
        assert (line + "!", line[1:], line.upper()) == (sample + "!", sample[1:], sample.upper())
        assert type(str(line)) is type(line + "") is type(f"{line}") is str
        assert line.encode() == sample.encode()
        assert sys.getsizeof(line) >= sys.getsizeof(sample)
        assert pickle.loads(pickle.dumps(line)) == sample
        with pytest.raises(TypeError):
            sys.intern(line)
    del line
    lines.clear()
    assert sys.getrefcount(kind) == references - 3


def test_the_append_of_a_subclass_is_called(ftp: FTP, directory: Directory) -> None:
    class Upper(list[str]):
        """Takes lines in its own way."""

        def append(self, line: str) -> None:
            super().append(line.upper())

    class Plain(list[str]):
        """Takes them in the usual one."""

    directory.put("f", b"one\ntwo\n")
    upper, plain = Upper(), Plain()
    ftp.retrlines("RETR f", upper.append)
    ftp.retrlines("RETR f", plain.append)
    assert (upper, plain) == (["ONE", "TWO"], ["one", "two"])


def test_lines_before_one_too_long_are_handed_over(ftp: FTP, directory: Directory) -> None:
    ftp.maxline = 100
    directory.put("f", b"a\nbc\n" * 10_000 + b"x" * 101 + b"\nend\n")
    lines: list[str] = []
    with pytest.raises(Error, match="more than 100 bytes"):
        ftp.retrlines("RETR f", lines.append)
    assert lines == ["a", "bc"] * 10_000


def test_lines_before_one_in_no_encoding_are_handed_over(ftp: FTP, directory: Directory) -> None:
    directory.put("f", b"a\nbc\n" * 10_000 + b"\xff\nend\n")
    lines: list[str] = []
    with pytest.raises(UnicodeDecodeError):
        ftp.retrlines("RETR f", lines.append)
    assert lines == ["a", "bc"] * 10_000


@pytest.mark.parametrize("length", [99, 100, 101, 300])
@pytest.mark.parametrize("kind", ["lambda", "write"])
def test_a_line_too_long_is_refused_in_both_ways(
    kind: str, length: int, ftp: FTP, directory: Directory
) -> None:
    ftp.maxline = 100
    directory.put("f", b"a\n" * 100_000 + b"x" * length + b"\nend\n")
    callback: Any = io.BytesIO().write if kind == "write" else lambda _: None
    if length <= 100:
        assert ftp.retrlines("RETR f", callback).startswith("226")
    else:
        with pytest.raises(Error, match="more than 100 bytes"):
            ftp.retrlines("RETR f", callback)
    assert ftp.pwd()
