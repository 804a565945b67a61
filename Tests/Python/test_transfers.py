"""Uploads and downloads: every size and name, block sizes, callbacks, large files."""

from __future__ import annotations

import array
import hashlib
import io
import itertools
import mmap
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from conftest import (
    FTPY,
    PYTHON3,
    Conversation,
    Directory,
    ScriptedServer,
    Server,
    answer,
    download,
    passive,
    receive,
    say,
    upload,
)

from usr.ftplib import FTP, Error, error_perm

if TYPE_CHECKING:
    Talk = Callable[..., tuple[Any, ScriptedServer]]

KIB = 1024
MIB = 1024 * KIB
SIZES = [0, 1, 2, 8191, 8192]
SIZES += [limit + step for limit in (64 * KIB, 256 * KIB) for step in (-1, 0, 1)]
SIZES += [3 * 256 * KIB, 5 * MIB + 12345]


def content_of(size: int) -> bytes:
    """Bytes of every value, and no two blocks alike."""
    counted = b"".join(number.to_bytes(4, "big") for number in range(size // 8 + 1))
    return (counted + bytes(range(256)) * (size // 512 + 1))[:size]


# Every size


@pytest.mark.parametrize("size", SIZES)
def test_a_file_comes_and_goes_unchanged(size: int, ftp: FTP, directory: Directory) -> None:
    content = content_of(size)
    assert ftp.storbinary("STOR f", io.BytesIO(content)) == "226 Transfer complete."
    assert directory.read("f") == content
    assert ftp.size("f") == size
    received: list[bytes] = []
    assert ftp.retrbinary("RETR f", received.append) == "226 Transfer complete."
    assert b"".join(received) == content
    assert {type(block) for block in received} <= {bytes}
    assert all(received), "no empty block"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("active", [False, True], ids=["passive", "active"])
def test_a_file_on_disk_comes_and_goes_unchanged(
    active: bool, size: int, ftp: FTP, directory: Directory, tmp_path: Path
) -> None:
    """The documented way: open files, and their `write` for a callback."""
    ftp.set_pasv(not active)
    content = content_of(size)
    (tmp_path / "up").write_bytes(content)
    with open(tmp_path / "up", "rb") as up:
        assert ftp.storbinary("STOR f", up) == "226 Transfer complete."
        assert up.tell() == size
    assert directory.read("f") == content
    with open(tmp_path / "down", "wb+") as down:
        assert ftp.retrbinary("RETR f", down.write) == "226 Transfer complete."
        assert down.tell() == size
    assert (tmp_path / "down").read_bytes() == content


TEXTS: list[tuple[bytes, bytes]] = [
    (b"", b""),
    (b"x", b"x\r\n"),
    (b"one\n", b"one\r\n"),
    (b"one\r\n", b"one\r\n"),
    (b"one\ntwo", b"one\r\ntwo\r\n"),
    (b"one\r", b"one\r\n"),
    (b"one\rtwo\n", b"one\rtwo\r\n"),
    (b"\n\n", b"\r\n\r\n"),
    (b"\xff\xfe\n", b"\xff\xfe\r\n"),
    ("ü€\n".encode(), "ü€\r\n".encode()),
    (b"x" * 8191 + b"\n", b"x" * 8191 + b"\r\n"),
    (b"line\n" * 50_000, b"line\r\n" * 50_000),
]


@pytest.mark.parametrize(("lines", "sent"), TEXTS, ids=[repr(row[0][:12]) for row in TEXTS])
def test_storlines_sends_lines_ended_by_crlf(lines: bytes, sent: bytes, talk: Talk) -> None:
    ftp, server = talk(answer("TYPE"), passive(), *upload())
    assert ftp.storlines("STOR f", io.BytesIO(lines)) == "226 Done."
    assert server.received == [sent]
    assert server.heard[2:] == ["TYPE A", "PASV", "STOR f"]


@pytest.mark.parametrize("content", [b"", b"x", b"one\n", b"one\ntwo", "ü\n€".encode()])
def test_a_text_file_comes_back_as_a_text_editor_would_save_it(
    content: bytes, ftp: FTP, directory: Directory, tmp_path: Path
) -> None:
    (tmp_path / "up").write_bytes(content)
    with open(tmp_path / "up", "rb") as up:
        assert ftp.storlines("STOR f", up) == "226 Transfer complete."
    ended = content + b"\n" if content and not content.endswith(b"\n") else content
    assert directory.read("f") == ended, "an upload ends its last line, as CPython's does"
    directory.put("g", content)
    with open(tmp_path / "down", "wb+") as down:
        assert ftp.retrlines("RETR g", down.write) == "226 Transfer complete."
    assert (tmp_path / "down").read_bytes() == content


# Every name

NAMES = [
    "with space",
    " leading and trailing ",
    "two  blanks",
    'a "quoted" name',
    "an apostrophe's",
    "100%",
    "%20 %s %n %d",
    "grüße",
    "日本語 €",
    "e\u0301 and é",
    "🙂",
    "-dash",
    "--",
    "-rf",
    "star*",
    "what?",
    "[brackets]",
    "{a,b}",
    "~tilde",
    "back\\slash",
    "semi;colon",
    "a&b|c>d<e",
    "$HOME `id`",
    "#hash",
    "tab\tinside",
    ".hidden",
    "...",
    "comma,",
    "x" * 255,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name(name: str, ftp: FTP, directory: Directory) -> None:
    content = name.encode()
    assert ftp.storbinary(f"STOR {name}", io.BytesIO(content)) == "226 Transfer complete."
    assert directory.names() == [name]
    assert directory.read(name) == content
    assert ftp.size(name) == len(content)
    received: list[bytes] = []
    ftp.retrbinary(f"RETR {name}", received.append)
    assert b"".join(received) == content
    if not name.startswith("."):  # vsftpd lists those only when asked
        assert ftp.nlst() == [name]
        assert ftp.dir()[0].endswith(f" {name}")
    assert ftp.rename(name, "plain") == "250 Rename successful."
    assert ftp.rename("plain", name) == "250 Rename successful."
    assert ftp.delete(name) == "250 Delete operation successful."
    assert directory.names() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_directory_of_any_name(name: str, ftp: FTP, directory: Directory) -> None:
    assert ftp.mkd(name) == f"{directory.path}/{name}"
    assert directory.names() == [name]
    assert ftp.cwd(name) == "250 Directory successfully changed."
    assert ftp.pwd() == f"{directory.path}/{name}"
    ftp.storbinary("STOR inside", io.BytesIO(b"x"))
    assert ftp.nlst() == ["inside"]
    ftp.delete("inside")
    ftp.cwd("..")
    assert ftp.rmd(name) == "250 Remove directory operation successful."


def test_a_directory_of_100_000_entries(ftp: FTP, directory: Directory) -> None:
    names = {f"entry number {number:06}" for number in range(100_000)}
    for name in names:
        os.mknod(directory.local / name)
    listed = ftp.nlst()
    assert len(listed) == 100_000
    assert set(listed) == names
    received: list[str] = []
    lines = ftp.dir(received.append)
    assert len(lines) == len(received) == 100_000
    assert {line[-19:] for line in lines} == names
    assert ftp.pwd() == directory.path


# Blocks


@pytest.mark.parametrize("blocksize", [1, 7, 1000, 8192, 64 * KIB, 100_000, 2048 * KIB, 2**40])
def test_no_block_of_a_download_is_larger_than_asked(
    blocksize: int, ftp: FTP, directory: Directory
) -> None:
    content = content_of(min(2000 * blocksize, MIB + 17))
    directory.put("f", content)
    received: list[bytes] = []
    ftp.retrbinary("RETR f", received.append, blocksize)
    assert b"".join(received) == content
    assert min(map(len, received)) >= 1
    assert max(map(len, received)) <= blocksize
    if blocksize <= 1000:
        assert len(received) < len(content) / blocksize * 2, "blocks of the size asked for"


def test_a_block_is_not_waited_for_to_be_full(talk: Talk) -> None:
    """The server sends the next piece only when the one before has reached the callback."""

    def pieces(conversation: Conversation) -> None:
        for piece, arrived in zip((b"a", b"bc", b"def"), arrivals, strict=True):
            conversation.connected().sendall(piece)
            assert arrived.wait(20)

    def callback(block: bytes) -> None:
        received.append(block)
        arrivals[len(received) - 1].set()

    arrivals = [threading.Event() for _ in range(3)]
    received: list[bytes] = []
    ftp, _ = talk(
        answer("TYPE"),
        passive(),
        answer("RETR", "150 Here."),
        pieces,
        Conversation.end_data,
        say("226 Done."),
    )
    ftp.retrbinary("RETR f", callback)
    assert received == [b"a", b"bc", b"def"]


def test_reads_begin_at_64_kib_and_grow_to_256(ftp: FTP, directory: Directory) -> None:
    directory.put("f", bytes(64 * MIB))
    sizes: list[int] = []
    ftp.retrbinary("RETR f", lambda block: sizes.append(len(block)))
    assert sizes[0] <= 64 * KIB
    assert max(sizes) <= 256 * KIB


class Recording(io.BytesIO):
    """A file that remembers how much it was asked for."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.asked: list[int | None] = []

    def read(self, size: int | None = -1, /) -> bytes:
        self.asked.append(size)
        return super().read(size)

    def readline(self, size: int | None = -1, /) -> bytes:
        self.asked.append(size)
        return super().readline(size)


def test_an_upload_reads_64_to_256_kib_when_nobody_said(ftp: FTP, directory: Directory) -> None:
    file = Recording(content_of(2 * MIB))
    ftp.storbinary("STOR f", file)
    assert directory.read("f") == content_of(2 * MIB)
    assert file.asked[0] == 64 * KIB
    assert max(size or 0 for size in file.asked) == 256 * KIB
    assert min(size or 0 for size in file.asked) == 64 * KIB


@pytest.mark.parametrize("blocksize", [1, 1000, 8192, 2048 * KIB])
def test_an_upload_reads_what_was_asked_for(blocksize: int, ftp: FTP, directory: Directory) -> None:
    content = content_of(100 * blocksize if blocksize < 8192 else 3 * blocksize)
    file = Recording(content)
    ftp.storbinary("STOR f", file, blocksize=blocksize)
    assert directory.read("f") == content
    assert set(file.asked) == {blocksize}


def test_storlines_reads_lines_of_at_most_maxline(ftp: FTP) -> None:
    file = Recording(b"one\ntwo\n")
    ftp.storlines("STOR f", file)
    assert file.asked == [8193] * 3


@pytest.mark.parametrize(
    ("blocksize", "error"),
    [
        (0, ValueError),
        (-1, ValueError),
        (-(2**31), ValueError),
        (-(2**70), ValueError),
        (8192.0, TypeError),
        ("8192", TypeError),
        (b"8192", TypeError),
        ([8192], TypeError),
    ],
)
@pytest.mark.parametrize("method", ["retrbinary", "storbinary"])
def test_anything_but_a_positive_blocksize_is_refused(
    method: str, blocksize: object, error: type[Exception], ftp: Any, directory: Directory
) -> None:
    directory.put("f", b"content")
    arguments = {
        "retrbinary": ("RETR f", print, blocksize),
        "storbinary": ("STOR f", io.BytesIO(b"new"), blocksize),
    }[method]
    with pytest.raises(error, match="blocksize"):
        getattr(ftp, method)(*arguments)
    assert directory.read("f") == b"content"
    assert ftp.pwd() == directory.path


def test_a_blocksize_beyond_any_memory_is_a_positive_integer(
    ftp: FTP, directory: Directory
) -> None:
    directory.put("f", b"content")
    received: list[bytes] = []
    ftp.retrbinary("RETR f", received.append, 2**70)
    assert received == [b"content"]


def test_an_integer_of_another_class_is_a_blocksize(ftp: FTP, directory: Directory) -> None:
    class Size(int):
        pass

    directory.put("f", b"content")
    received: list[bytes] = []
    ftp.retrbinary("RETR f", received.append, Size(3))
    assert all(len(block) <= 3 for block in received)
    assert b"".join(received) == b"content"


# What an upload may read from, and its callback


@pytest.mark.parametrize(
    "block",
    [
        b"content",
        bytearray(b"content"),
        memoryview(b"content"),
        memoryview(bytearray(b"content")),
        array.array("B", b"content"),
    ],
    ids=lambda block: type(block).__name__,
)
def test_any_bytes_like_block_is_sent(block: Any, ftp: Any, directory: Directory) -> None:
    blocks = iter([block, b""])

    class Source:
        def read(self, size: int) -> Any:
            assert size == 64 * KIB
            return next(blocks)

    assert ftp.storbinary("STOR f", Source()) == "226 Transfer complete."
    assert directory.read("f") == b"content"


@pytest.mark.parametrize("end", [b"", None, bytearray()], ids=repr)
def test_an_upload_ends_at_the_first_block_that_is_false(
    end: object, ftp: Any, directory: Directory
) -> None:
    blocks = iter([b"one", b"two", end, b"three"])

    class Source:
        def read(self, size: int) -> object:
            return next(blocks) if size else None

    ftp.storbinary("STOR f", Source())
    assert directory.read("f") == b"onetwo"
    assert next(blocks) == b"three"


def test_real_files_of_many_kinds_are_sent(ftp: Any, directory: Directory, tmp_path: Path) -> None:
    content = content_of(300 * KIB)
    (tmp_path / "f").write_bytes(content)
    with ExitStack() as files:
        raw = files.enter_context(open(tmp_path / "f", "rb", buffering=0))
        buffered = files.enter_context(open(tmp_path / "f", "rb"))
        updated = files.enter_context(open(tmp_path / "f", "rb+"))
        mapped = files.enter_context(mmap.mmap(buffered.fileno(), 0, access=mmap.ACCESS_READ))
        for source in (raw, buffered, updated, mapped):
            ftp.storbinary("STOR f", source)
            assert directory.read("f") == content
            assert source.tell() == len(content)


def test_an_upload_begins_where_the_file_stands(ftp: FTP, directory: Directory) -> None:
    file = io.BytesIO(b"0123456789")
    file.seek(6)
    ftp.storbinary("STOR f", file)
    assert directory.read("f") == b"6789"


def test_a_pipe_is_sent_as_it_comes(talk: Talk) -> None:
    """No block is waited for to be full: the next is written when the one before has arrived."""
    reader, writer = os.pipe()
    arrived = threading.Event()

    def watch(conversation: Conversation) -> None:
        first = conversation.connected().recv(100)
        conversation.server.received.append(first)
        arrived.set()

    ftp, server = talk(
        answer("TYPE"), passive(), answer("STOR", "150 Go."), watch, receive(), say("226 Done.")
    )

    def feed() -> None:
        with os.fdopen(writer, "wb", buffering=0) as sink:
            sink.write(b"first")
            if arrived.wait(20):
                sink.write(b"second")

    feeder = threading.Thread(target=feed)
    feeder.start()
    with os.fdopen(reader, "rb", buffering=0) as source:
        assert ftp.storbinary("STOR f", source) == "226 Done."
    feeder.join()
    assert server.received == [b"first", b"second"]


@pytest.mark.parametrize("method", ["storbinary", "storlines"])
def test_a_text_file_is_a_type_error(
    method: str, ftp: Any, directory: Directory, tmp_path: Path
) -> None:
    (tmp_path / "f").write_text("text\n")
    with open(tmp_path / "f") as file:
        for source in (file, io.StringIO("text")):
            with pytest.raises(TypeError, match="bytes-like object is required, not 'str'"):
                getattr(ftp, method)("STOR f", source)
    assert ftp.pwd() == directory.path


@pytest.mark.parametrize("method", ["storbinary", "storlines"])
@pytest.mark.parametrize("file", [None, "name", b"content", 5], ids=repr)
def test_a_source_that_is_no_file_is_an_error(
    file: object, method: str, ftp: Any, directory: Directory
) -> None:
    with pytest.raises(AttributeError, match="read"):
        getattr(ftp, method)("STOR f", file)
    assert ftp.pwd() == directory.path


def test_storbinarys_callback_gets_each_block_after_it_was_sent(
    ftp: FTP, directory: Directory
) -> None:
    content = content_of(10_000)
    sent: list[bytes] = []
    ftp.storbinary("STOR f", io.BytesIO(content), 4096, sent.append)
    assert sent == [content[:4096], content[4096:8192], content[8192:]]
    ftp.storbinary("STOR f", io.BytesIO(content), callback=sent.append, blocksize=10_000)
    assert sent[3:] == [content]
    assert directory.read("f") == content


def test_storlines_callback_gets_each_line_as_it_was_sent(ftp: FTP, directory: Directory) -> None:
    sent: list[bytes] = []
    ftp.storlines("STOR f", io.BytesIO(b"one\r\ntwo\n\nend"), sent.append)
    assert sent == [b"one\r\n", b"two\r\n", b"\r\n", b"end\r\n"]
    assert directory.read("f") == b"one\ntwo\n\nend\n"


def test_storlines_refuses_a_line_longer_than_maxline(ftp: FTP, directory: Directory) -> None:
    with pytest.raises(Error, match=r"^got more than 8192 bytes$"):
        ftp.storlines("STOR f", io.BytesIO(b"x" * 8193))
    assert ftp.pwd() == directory.path


@pytest.mark.parametrize(
    "call",
    [
        lambda ftp: ftp.retrbinary(cmd="RETR f", callback=len, blocksize=1000, rest=None),
        lambda ftp: ftp.storbinary(
            cmd="STOR f", fp=io.BytesIO(b"x"), blocksize=1000, callback=len, rest=None
        ),
        lambda ftp: ftp.storlines(cmd="STOR f", fp=io.BytesIO(b"x"), callback=len),
        lambda ftp: ftp.retrlines(cmd="RETR f", callback=len),
    ],
)
def test_the_documented_names_of_the_parameters(
    call: Callable[[Any], str], ftp: FTP, directory: Directory
) -> None:
    directory.put("f", b"content\n")
    assert call(ftp) == "226 Transfer complete."


def test_appending_and_unique_names(ftp: FTP, directory: Directory) -> None:
    ftp.storbinary("STOR f", io.BytesIO(b"one"))
    assert ftp.storbinary("APPE f", io.BytesIO(b"two")) == "226 Transfer complete."
    assert directory.read("f") == b"onetwo"
    ftp.storbinary("STOU f", io.BytesIO(b"three"))
    assert sorted(map(directory.read, directory.names())) == [b"onetwo", b"three"]


# Resuming


@pytest.mark.parametrize("rest", [0, 1, 9_999, 10_000])
@pytest.mark.parametrize("kind", [int, str])
def test_a_download_is_resumed(
    kind: type[int | str], rest: int, ftp: FTP, directory: Directory
) -> None:
    content = content_of(10_000)
    directory.put("f", content)
    received: list[bytes] = []
    offset: int | str = kind(rest)
    assert ftp.retrbinary("RETR f", received.append, rest=offset) == "226 Transfer complete."
    assert b"".join(received) == content[rest:]
    assert ftp.retrbinary("RETR f", received.append) == "226 Transfer complete."
    assert b"".join(received) == content[rest:] + content, "the offset is not kept"


def test_an_upload_is_resumed(ftp: FTP, directory: Directory) -> None:
    directory.put("f", b"0123456789")
    ftp.storbinary("STOR f", io.BytesIO(b"ABC"), rest=4)
    assert directory.read("f")[:7] == b"0123ABC"


# What happens between the blocks


def test_a_transfer_lets_other_threads_run(talk: Talk) -> None:
    """The scripted server is a thread of this interpreter: it could not answer otherwise."""
    content = content_of(4 * MIB)
    ftp, server = talk(answer("TYPE"), passive(), *download(content), passive(), *upload())
    received: list[bytes] = []
    ftp.retrbinary("RETR f", received.append)
    ftp.storbinary("STOR f", io.BytesIO(content))
    assert b"".join(received) == server.received[0] == content


def test_a_file_is_only_borrowed(ftp: Any) -> None:
    class File(io.BytesIO):
        pass

    class Callback:
        def __call__(self, block: bytes) -> None:
            pass

    file, callback = File(b"content"), Callback()
    gone: list[Callable[[], object]] = [weakref.ref(file), weakref.ref(callback)]
    ftp.storbinary("STOR f", file, callback=callback)
    ftp.retrbinary("RETR f", callback)
    ftp.retrlines("RETR f", callback)
    assert not file.closed
    del file, callback
    assert [reference() for reference in gone] == [None, None]


def test_blocks_may_be_kept(ftp: FTP, directory: Directory) -> None:
    """Each is an object of its own, although the memory that was read into is used again."""
    content = content_of(MIB)
    directory.put("f", content)
    blocks: list[bytes] = []
    ftp.retrbinary("RETR f", blocks.append, 4096)
    positions = itertools.accumulate(map(len, blocks), initial=0)
    assert all(
        block == content[start : start + len(block)]
        for start, block in zip(positions, blocks, strict=False)
    )


def test_many_transfers_leave_no_descriptor_open(ftp: FTP, directory: Directory) -> None:
    directory.put("f", b"content\n")

    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))

    ftp.retrbinary("RETR f", len)
    before = descriptors()
    for _ in range(5):
        ftp.retrbinary("RETR f", len)
        ftp.retrlines("RETR f", len)
        ftp.storbinary("STOR g", io.BytesIO(b"x"))
        ftp.storlines("STOR g", io.BytesIO(b"x"))
        ftp.nlst()
        with pytest.raises(error_perm):
            ftp.retrbinary("RETR nothing", len)
        with pytest.raises(ZeroDivisionError):
            ftp.retrbinary("RETR f", lambda _: 1 / 0)
        ftp.set_pasv(False)
        ftp.nlst()
        ftp.set_pasv(True)
    assert descriptors() == before


# A gibibyte

GIBIBYTE = 1024 * MIB

# The peak is not read from ru_maxrss, which begins with what the parent had before exec.
LARGE = """
import hashlib, sys
from usr.ftplib import FTP

host, port, user, password, path, source = sys.argv[1:]
ftp = FTP(host, int(port), user, password, timeout=30)
ftp.cwd(path)
digest = hashlib.sha256()
down = ftp.retrbinary('RETR down', digest.update)
with open(source, 'rb') as file:
    up = ftp.storbinary('STOR up', file)
ftp.quit()
peak = [line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')]
print(down, up, digest.hexdigest(), peak[0], sep='\\n')
"""


@pytest.fixture
def gibibyte(tmp_path: Path) -> Iterator[Path]:
    """A file of that size: holes, and between them words that tell where they stand."""
    path = tmp_path / "gibibyte"
    with path.open("wb") as file:
        for position in range(0, GIBIBYTE, MIB + 4097):
            file.seek(position)
            file.write(f"at {position}".encode())
        file.truncate(GIBIBYTE)
    yield path
    path.unlink()


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_a_gibibyte_goes_both_ways_in_64_mib_of_memory(
    gibibyte: Path, directory: Directory, vsftpd: Server, client: ModuleType
) -> None:
    """In the interpreter that runs these tests: the suite runs once in each."""
    os.link(gibibyte, directory.local / "down")
    vsftpd.adopt(directory.local / "down")
    interpreter = FTPY if client.__name__ == "ftplib" else PYTHON3
    arguments = (vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password, directory.path, gibibyte)
    done = interpreter.run("-c", LARGE, *map(str, arguments))
    down, up, digest, peak = done.stdout.splitlines()
    expected = sha256(gibibyte)
    assert (down, up) == ("226 Transfer complete.", "226 Transfer complete.")
    assert digest == expected
    assert sha256(directory.local / "up") == expected
    assert int(peak) < 64 * KIB, "KiB"


TEXT = """
import sys
from usr.ftplib import FTP

host, port, user, password, path, source = sys.argv[1:]
ftp = FTP(host, int(port), user, password, timeout=30)
ftp.cwd(path)
with open(source, 'rb') as file:
    up = ftp.storlines('STOR text', file)
count = 0
def callback(line):
    global count
    count += 1
down = ftp.retrlines('RETR text', callback)
with open(source + '.down', 'wb+') as file:
    again = ftp.retrlines('RETR text', file.write)
ftp.quit()
peak = [line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')]
print(up, down, again, count, peak[0], sep='\\n')
"""


@pytest.fixture
def long_text(tmp_path: Path) -> Iterator[Path]:
    """A text file of 100,000 lines, longer than the memory that its transfer may take."""
    path = tmp_path / "text"
    with path.open("wb") as file:
        for number in range(100_000):
            file.write(f"line {number} ".encode() + b"x" * (number % 2000) + b"\n")
    assert path.stat().st_size > 64 * MIB
    yield path
    path.unlink()
    path.with_name("text.down").unlink(missing_ok=True)


def test_a_large_text_goes_both_ways_in_64_mib_of_memory(
    long_text: Path, directory: Directory, vsftpd: Server, client: ModuleType
) -> None:
    interpreter = FTPY if client.__name__ == "ftplib" else PYTHON3
    arguments = (vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password, directory.path, long_text)
    done = interpreter.run("-c", TEXT, *map(str, arguments))
    up, down, again, count, peak = done.stdout.splitlines()
    assert {up, down, again} == {"226 Transfer complete."}
    assert int(count) == 100_000
    expected = sha256(long_text)
    assert sha256(directory.local / "text") == expected
    assert sha256(long_text.with_name("text.down")) == expected
    assert int(peak) < 64 * KIB, "KiB"


def test_the_other_end_of_a_named_pipe_may_be_a_thread(
    ftp: FTP, directory: Directory, tmp_path: Path
) -> None:
    """Both ends wait for each other when they are opened."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = content_of(300_000)

    def in_a_thread(work: Callable[[], object]) -> threading.Thread:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    writer = in_a_thread(lambda: pipe.write_bytes(content))
    ftp.upload(pipe, "up")
    writer.join(20)
    assert directory.read("up") == content
    received: list[bytes] = []
    reader = in_a_thread(lambda: received.append(pipe.read_bytes()))
    ftp.download("up", pipe)
    reader.join(20)
    assert received == [content]


@pytest.mark.parametrize("kind", ["download", "segments", "upload", "tree"])
def test_close_in_a_transfer_that_finishes_ends_it(
    kind: str, ftp: FTP, directory: Directory, tmp_path: Path
) -> None:
    """It would come back by itself after any other end of the connection."""
    inner = Directory(directory.server, f"{directory.path}/tree").make()
    for number in range(20):
        inner.put(str(number), content_of(300_000))
    directory.put("large", bytes(30_000_000))
    local = tmp_path / "local"
    local.write_bytes(bytes(30_000_000))

    def close(_: object) -> None:
        ftp.close()

    calls: dict[str, Callable[[], object]] = {
        "download": lambda: ftp.download("large", tmp_path / "x", progress=close),
        "segments": lambda: ftp.download("large", tmp_path / "x", progress=close, segments=3),
        "upload": lambda: ftp.upload(local, "up", progress=close),
        "tree": lambda: ftp.download_tree("tree", tmp_path / "tree", progress=close),
    }
    with pytest.raises(Error, match=r"closed|not connected"):
        calls[kind]()
    assert ftp.sock is None
    assert len(list(tmp_path.glob("tree/*"))) < 20
