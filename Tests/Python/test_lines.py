"""`retrlines`: a line is a `str` without its end, and a bytes-like object with LF for its end."""

from __future__ import annotations

import array
import copy
import ctypes
import gzip
import hashlib
import io
import json
import os
import pickle
import tempfile
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from conftest import (
    Conversation,
    Directory,
    ScriptedServer,
    Server,
    Step,
    answer,
    download,
    passive,
    say,
)

from usr.ftplib import FTP, Error

if TYPE_CHECKING:
    Talk = Callable[..., tuple[FTP, ScriptedServer]]
    Lines = Callable[..., list[Any]]


def text(*chunks: bytes) -> tuple[Step, ...]:
    """A whole text download, sent in these pieces."""

    def pieces(conversation: Conversation) -> None:
        for chunk in chunks:
            conversation.connected().sendall(chunk)

    return (
        answer("TYPE"),
        passive(),
        answer("RETR", "150 Here."),
        pieces,
        Conversation.end_data,
        say("226 Done."),
    )


@pytest.fixture
def lines_of(talk: Talk) -> Lines:
    """The lines that a callback gets when the server sends these pieces of a text."""

    def receive(*chunks: bytes, encoding: str = "utf-8") -> list[Any]:
        ftp, _ = talk(*text(*chunks), encoding=encoding)
        lines: list[Any] = []
        assert ftp.retrlines("RETR f", lines.append) == "226 Done."
        return lines

    return receive


@pytest.fixture
def line(lines_of: Lines) -> Any:
    """A line that had an end."""
    (only,) = lines_of("grüße, 1€\r\n".encode())
    return only


@pytest.fixture
def last(lines_of: Lines) -> Any:
    """A last line without an end."""
    (only,) = lines_of("grüße, 1€".encode())
    return only


PLAIN = "grüße, 1€"
WHOLE = (PLAIN + "\n").encode()

TEXTS: list[tuple[bytes, list[str], bytes]] = [
    (b"", [], b""),
    (b"one\r\n", ["one"], b"one\n"),
    (b"one\r\ntwo\r\n", ["one", "two"], b"one\ntwo\n"),
    (b"one\ntwo\n", ["one", "two"], b"one\ntwo\n"),
    (b"one\rtwo\r", ["one", "two"], b"one\ntwo\n"),
    (b"one\r\ntwo", ["one", "two"], b"one\ntwo"),
    (b"x", ["x"], b"x"),
    (b"\r\n", [""], b"\n"),
    (b"\r\n\r\n", ["", ""], b"\n\n"),
    (b"\n\r\n\r", ["", "", ""], b"\n\n\n"),
    (b"a\r\r\nb", ["a", "", "b"], b"a\n\nb"),
    (b"  blanks  \r\n\ttab\t\r\n", ["  blanks  ", "\ttab\t"], b"  blanks  \n\ttab\t\n"),
    ("ü\r\n€".encode(), ["ü", "€"], "ü\n€".encode()),
    (b"nul\0inside\r\n", ["nul\0inside"], b"nul\0inside\n"),
    ("a\u2028b\x0bc\x85d\r\n".encode(), ["a\u2028b\x0bc\x85d"], "a\u2028b\x0bc\x85d\n".encode()),
]


# Both faces of whole texts


@pytest.mark.parametrize(("sent", "plain", "whole"), TEXTS, ids=repr)
def test_the_lines_of_a_text(sent: bytes, plain: list[str], whole: bytes, lines_of: Lines) -> None:
    lines = lines_of(sent)
    assert lines == plain
    assert all(isinstance(line, str) for line in lines)
    assert b"".join(lines) == whole


@pytest.mark.parametrize(("sent", "plain", "whole"), TEXTS, ids=repr)
def test_the_file_of_a_text(
    sent: bytes, plain: list[str], whole: bytes, talk: Talk, tmp_path: Path
) -> None:
    """The documented way: `open(path, 'wb+')` and its `write`."""
    ftp, _ = talk(*text(sent))
    with open(tmp_path / "f", "wb+") as file:
        assert ftp.retrlines("RETR f", file.write) == "226 Done."
    assert (tmp_path / "f").read_bytes() == whole
    assert len(plain) == len(whole.splitlines())


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_line_end_may_come_in_pieces(size: int, lines_of: Lines) -> None:
    content = "one\r\ntwo\r\r\nthree\n\r\nfür\r\nend".encode()
    lines = lines_of(*(content[i : i + size] for i in range(0, len(content), size)))
    assert lines == ["one", "two", "", "three", "", "für", "end"]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_file_may_come_in_pieces(size: int, talk: Talk) -> None:
    content = "one\r\ntwo\r\r\nthree\n\r\nfür\r\nend".encode()
    ftp, _ = talk(*text(*(content[i : i + size] for i in range(0, len(content), size))))
    file = io.BytesIO()
    ftp.retrlines("RETR f", file.write)
    assert file.getvalue() == "one\ntwo\n\nthree\n\nfür\nend".encode()


def test_what_vsftpd_sends(ftp: FTP, directory: Directory, tmp_path: Path) -> None:
    content = "".join(f"line {number} ü\n" for number in range(20_000)) + "the last one"
    directory.put("f", content.encode())
    lines: list[str] = []
    assert ftp.retrlines("RETR f", lines.append) == "226 Transfer complete."
    assert lines == content.split("\n")
    with open(tmp_path / "f", "wb+") as file:
        ftp.retrlines("RETR f", file.write)
        file.seek(0)
        assert file.read() == content.encode()


# One line as a str


def test_a_line_is_a_str(line: Any) -> None:
    assert isinstance(line, str)
    assert line == PLAIN
    assert (str(line), repr(line), len(line)) == (PLAIN, repr(PLAIN), len(PLAIN))
    assert hash(line) == hash(PLAIN)
    assert {PLAIN: 1}[line] == 1
    assert line in {PLAIN}


def test_what_is_made_of_a_line_is_a_plain_str(line: Any) -> None:
    made = [
        str(line),
        line + "!",
        "!" + line,
        line.upper(),
        line[:3],
        line.strip(),
        f"{line}",
        "%s" % line,  # noqa: UP031
        "".join([line]),
        *line.split(", "),
    ]
    assert {type(text) for text in made} == {str}
    assert made[0] == PLAIN
    assert made[3] == "GRÜSSE, 1€"


def test_a_line_is_printed_as_a_str(line: Any, capsys: pytest.CaptureFixture[str]) -> None:
    print(line, [line], f"{line:>10}|")
    assert capsys.readouterr().out == f"{PLAIN} [{PLAIN!r}]  {PLAIN}|\n"


def test_a_line_is_json(line: Any) -> None:
    assert json.loads(json.dumps({"line": line, line: 1})) == {"line": PLAIN, PLAIN: 1}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_line_is_pickled_as_a_plain_str(protocol: int, line: Any, last: Any) -> None:
    pickled = pickle.dumps([line, last], protocol)
    twins = pickle.loads(pickled)
    assert twins == [PLAIN, PLAIN]
    assert [type(twin) for twin in twins] == [str, str]
    assert b"ftplib" not in pickled


def test_a_copy_of_a_line_is_a_str(line: Any) -> None:
    for twin in (copy.copy(line), copy.deepcopy(line), copy.deepcopy([line])[0]):
        assert isinstance(twin, str)
        assert twin == PLAIN


def test_a_line_goes_into_a_text_file_without_its_end(line: Any) -> None:
    file = io.StringIO()
    file.write(line)
    assert file.getvalue() == PLAIN


def test_the_class_of_a_line(line: Any, last: Any, client: ModuleType) -> None:
    for each in (line, last):
        assert type(each).__module__ == client.__name__
        assert issubclass(type(each), str)


@pytest.mark.parametrize(
    "encoding",
    [
        "utf-8",
        "latin-1",
    ],
)
def test_a_line_has_no_state_of_its_own(encoding: str, lines_of: Lines) -> None:
    (line,) = lines_of(b"abc\r\n", encoding=encoding)
    assert not hasattr(line, "__dict__")
    assert not hasattr(line, "__weakref__")


# One line as bytes


@pytest.mark.parametrize(
    "bytes_of",
    [
        lambda line: memoryview(line).tobytes(),
        lambda line: b"".join([line]),
        lambda line: b"" + line,
        lambda line: bytes(bytearray() + line),
        lambda line: bytes(memoryview(line)),
        lambda line: _extended(bytearray(), line),
        lambda line: _written(io.BytesIO(), line),
        lambda line: array.array("B", memoryview(line)).tobytes(),
    ],
    ids=[
        "memoryview",
        "join",
        "bytes +",
        "bytearray +",
        "bytes of a view",
        "bytearray.extend",
        "BytesIO",
        "array",
    ],
)
def test_a_line_as_bytes_has_its_end(
    bytes_of: Callable[[Any], bytes], line: Any, last: Any
) -> None:
    assert bytes_of(line) == WHOLE
    assert bytes_of(last) == PLAIN.encode()


def _extended(array: bytearray, line: Any) -> bytes:
    array.extend(line)
    return bytes(array)


def _written(file: io.BytesIO, line: Any) -> bytes:
    file.write(line)
    return file.getvalue()


def test_the_view_of_a_line_is_read_only_and_outlives_it(line: Any) -> None:
    view = memoryview(line)
    del line
    assert (view.readonly, view.format, view.ndim, view.nbytes) == (True, "B", 1, len(WHOLE))
    assert view[-1] == ord("\n")
    with pytest.raises(TypeError):
        view[0] = 0
    assert view == WHOLE
    view.release()


def test_nothing_can_be_written_into_a_line(line: Any) -> None:
    with pytest.raises(TypeError, match="read-write"):
        io.BytesIO(b"other").readinto(line)
    with pytest.raises(TypeError):
        (ctypes.c_char * 1).from_buffer(line)
    assert line == PLAIN
    assert memoryview(line) == WHOLE


def test_checksums_of_a_line(line: Any) -> None:
    assert zlib.crc32(line) == zlib.crc32(WHOLE)
    assert hashlib.sha256(memoryview(line)).digest() == hashlib.sha256(WHOLE).digest()


def test_decode_gives_the_line_without_its_end(line: Any, last: Any) -> None:
    assert line.decode() == last.decode() == PLAIN
    assert type(line.decode()) is str
    assert line.decode("utf-8", "strict") == line.decode(encoding="utf-8") == PLAIN
    assert line.decode("latin-1") == PLAIN.encode().decode("latin-1")
    assert line.decode("ascii", "replace") == PLAIN.encode().decode("ascii", "replace")
    assert line.decode(errors="ignore") == PLAIN
    with pytest.raises(UnicodeDecodeError):
        line.decode("ascii")
    with pytest.raises(LookupError):
        line.decode("no-such-encoding")


def test_code_that_decodes_what_may_be_bytes_gets_what_cpython_gives_it(lines_of: Lines) -> None:
    def decoded(line: Any) -> str:
        try:
            return str(line.decode("utf-8"))
        except AttributeError:
            return str(line)

    assert [decoded(line) for line in lines_of("grün\r\n\r\nend".encode())] == ["grün", "", "end"]


# Encodings


@pytest.mark.parametrize(
    ("encoding", "content", "plain"),
    [
        ("latin-1", b"gr\xfc\xdfe\r\n", "grüße"),
        ("iso8859-15", b"1\xa4\r\n", "1€"),
        ("cp1252", b"1\x80\r\n", "1€"),
        ("ascii", b"abc\r\n", "abc"),
        ("UTF-8", "ü€\r\n".encode(), "ü€"),
        ("utf8", "ü€\r\n".encode(), "ü€"),
        ("shift_jis", "日本\r\n".encode("shift_jis"), "日本"),
        ("koi8-r", "да\r\n".encode("koi8-r"), "да"),
    ],
)
def test_both_faces_are_in_the_objects_encoding(
    encoding: str, content: bytes, plain: str, lines_of: Lines
) -> None:
    terminated, unterminated = lines_of(content + content[:-2], encoding=encoding)
    assert (terminated, unterminated) == (plain, plain)
    assert b"".join([terminated]) == content[:-2] + b"\n"
    assert b"".join([unterminated]) == content[:-2]
    assert terminated.decode() == plain
    assert type(pickle.loads(pickle.dumps(terminated))) is str


def test_lines_keep_the_encoding_of_their_download(talk: Talk) -> None:
    ftp, _ = talk(*text(b"\xfc\r\n"), *text(b"\xc3\xbc\r\n")[1:], *text(b"\xfc\r\n")[1:])
    lines: list[Any] = []
    for encoding in ("latin-1", "utf-8", "cp1252"):
        ftp.encoding = encoding
        ftp.retrlines("RETR f", lines.append)
    assert lines == ["ü", "ü", "ü"]
    assert [b"".join([line]) for line in lines] == [b"\xfc\n", b"\xc3\xbc\n", b"\xfc\n"]


def test_names_are_in_the_objects_encoding(vsftpd: Server, directory: Directory) -> None:
    with FTP(
        vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password, timeout=20, encoding="latin-1"
    ) as ftp:
        ftp.cwd(directory.path)
        assert ftp.mkd("é ©") == f"{directory.path}/é ©"
        assert os.listdir(os.fsencode(directory.local)) == [b"\xe9 \xa9"]
        assert ftp.nlst() == ["é ©"]
        assert ftp.cwd("é ©").startswith("250")
        assert ftp.pwd() == f"{directory.path}/é ©"
        ftp.cwd("..")
        assert ftp.rename("é ©", "ñ").startswith("250")
        assert os.listdir(os.fsencode(directory.local)) == [b"\xf1"]
        with pytest.raises(ValueError, match="latin-1"):
            ftp.mkd("€")
        assert ftp.rmd("ñ").startswith("250")


@pytest.mark.parametrize("call", ["retrlines", "nlst", "dir", "callback"])
def test_text_that_does_not_decode_is_a_unicode_decode_error(
    call: str, ftp: FTP, directory: Directory
) -> None:
    with open(os.fsencode(directory.local) + b"/gr\xfc\xdfe", "wb") as file:
        file.write(b"gut\r\ngr\xfc\xdfe\r\n")
    directory.put("f", b"gut\r\ngr\xfc\xdfe\r\n")
    lines: list[str] = []
    calls: dict[str, Callable[[], object]] = {
        "retrlines": lambda: ftp.retrlines("RETR f"),
        "nlst": ftp.nlst,
        "dir": ftp.dir,
        "callback": lambda: ftp.retrlines("RETR f", lines.append),
    }
    with pytest.raises(UnicodeDecodeError) as caught:
        calls[call]()
    assert b"\xfc\xdf" in caught.value.object
    assert lines == (["gut"] if call == "callback" else [])
    assert ftp.pwd() == directory.path


def test_an_unknown_encoding_is_a_lookup_error(vsftpd: Server, directory: Directory) -> None:
    ftp = FTP(vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password)
    ftp.encoding = "no-such-encoding"
    with pytest.raises(LookupError, match="no-such-encoding"):
        ftp.cwd(directory.path)
    ftp.close()


# Files


def raw(path: Path) -> Any:
    return open(path, "wb", buffering=0)


def writer(path: Path) -> Any:
    return open(path, "wb")


def appender(path: Path) -> Any:
    return open(path, "ab")


def updater(path: Path) -> Any:
    return open(path, "wb+")


@pytest.mark.parametrize("opening", [raw, writer, appender, updater])
def test_a_binary_files_write_gets_the_raw_bytes(
    opening: Callable[[Path], Any], ftp: FTP, directory: Directory, tmp_path: Path
) -> None:
    directory.put("f", b"gr\xfc\xdfe\nend\xff")
    with opening(tmp_path / "f") as file:
        assert ftp.retrlines("RETR f", file.write) == "226 Transfer complete."
    assert (tmp_path / "f").read_bytes() == b"gr\xfc\xdfe\nend\xff"


def test_a_bytesio_gets_the_raw_bytes(ftp: FTP, directory: Directory) -> None:
    directory.put("f", b"gr\xfc\xdfe\nend\xff")
    file = io.BytesIO(b"before ")
    file.seek(0, io.SEEK_END)
    ftp.retrlines("RETR f", file.write)
    assert file.getvalue() == b"before gr\xfc\xdfe\nend\xff"


class Shouting(io.BytesIO):
    """A file of the caller's own, which does what it likes with a line."""

    def write(self, line: Any) -> int:
        return super().write(memoryview(line).tobytes().upper())


def test_a_file_of_another_class_gets_lines(ftp: FTP, directory: Directory, tmp_path: Path) -> None:
    directory.put("f", b"one\ntwo")
    shouting = Shouting()
    ftp.retrlines("RETR f", shouting.write)
    assert shouting.getvalue() == b"ONE\nTWO"
    with gzip.open(tmp_path / "f.gz", "wb") as zipped:
        ftp.retrlines("RETR f", zipped.write)
    with gzip.open(tmp_path / "f.gz") as zipped:
        assert zipped.read() == b"one\ntwo"
    with tempfile.NamedTemporaryFile() as named, tempfile.SpooledTemporaryFile() as spooled:
        for file in (named, spooled):
            ftp.retrlines("RETR f", file.write)
            file.seek(0)
            assert file.read() == b"one\ntwo"
    directory.put("g", b"gr\xfc\xdfe\n")
    with pytest.raises(UnicodeDecodeError):
        ftp.retrlines("RETR g", shouting.write)


def test_a_text_file_gets_what_cpython_gives_it(
    ftp: FTP, directory: Directory, tmp_path: Path
) -> None:
    directory.put("f", "grün\nzwei\n".encode())
    with open(tmp_path / "f", "w", encoding="utf-8") as file:
        ftp.retrlines("RETR f", file.write)
        ftp.retrlines("RETR f", lambda line: print(line, file=file))
    assert (tmp_path / "f").read_text(encoding="utf-8") == "grünzweigrün\nzwei\n"


def test_os_write_takes_a_line(ftp: FTP, directory: Directory, tmp_path: Path) -> None:
    directory.put("f", b"one\ntwo")
    descriptor = os.open(tmp_path / "f", os.O_WRONLY | os.O_CREAT)
    ftp.retrlines("RETR f", lambda line: os.write(descriptor, line))
    os.close(descriptor)
    assert (tmp_path / "f").read_bytes() == b"one\ntwo"


def test_another_method_of_a_file_is_an_ordinary_callback(ftp: FTP, directory: Directory) -> None:
    directory.put("f", b"a line\nanother\n")
    file = io.BytesIO()
    received: list[Any] = []
    file.writelines((b"",))
    ftp.retrlines("RETR f", lambda line: file.writelines([line]))
    ftp.retrlines("RETR f", received.append)
    assert file.getvalue() == b"a line\nanother\n"
    assert received == ["a line", "another"]


def test_a_file_that_cannot_be_written_raises_its_own_exception(
    ftp: FTP, directory: Directory, tmp_path: Path
) -> None:
    directory.put("f", b"one\ntwo\n")
    (tmp_path / "f").write_bytes(b"")
    with open(tmp_path / "f", "rb") as file, pytest.raises(io.UnsupportedOperation):
        ftp.retrlines("RETR f", file.write)
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(OSError, match="No space"):
        ftp.retrlines("RETR f", full.write)
    closed = io.BytesIO()
    closed.close()
    with pytest.raises(ValueError, match="closed"):
        ftp.retrlines("RETR f", closed.write)
    assert ftp.pwd() == directory.path


# The callback


def test_without_a_callback_the_lines_are_printed(
    ftp: FTP, directory: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    directory.put("f", "grün\n\nzwei".encode())
    assert ftp.retrlines("RETR f") == "226 Transfer complete."
    assert capsys.readouterr().out == "grün\n\nzwei\n"
    assert ftp.retrlines("RETR f", None) == "226 Transfer complete."
    assert ftp.retrlines(cmd="RETR f", callback=print) == "226 Transfer complete."
    assert capsys.readouterr().out == "grün\n\nzwei\n" * 2


def test_the_lines_come_while_the_data_does(talk: Talk) -> None:
    """The second half is sent only after the first has reached the callback."""
    received: list[str] = []

    def halves(conversation: Conversation) -> None:
        conversation.connected().sendall(b"one\r\ntwo\r\nthr")
        assert two_lines.wait(20)
        conversation.connected().sendall(b"ee\r\n")

    def callback(line: str) -> None:
        received.append(line)
        if len(received) == 2:
            two_lines.set()

    two_lines = threading.Event()
    ftp, _ = talk(
        answer("TYPE"),
        passive(),
        answer("RETR", "150 Here."),
        halves,
        Conversation.end_data,
        say("226 Done."),
    )
    ftp.retrlines("RETR f", callback)
    assert received == ["one", "two", "three"]


@pytest.mark.parametrize("to_file", [False, True], ids=["callback", "file"])
@pytest.mark.parametrize("end", [b"\r\n", b""], ids=["ended", "open"])
def test_a_line_may_be_as_long_as_maxline_and_no_longer(
    end: bytes, to_file: bool, talk: Talk
) -> None:
    callback: Any = io.BytesIO().write if to_file else len
    ftp, _ = talk(*text(b"x" * 8192 + end), *text(b"x" * 8193 + end)[1:], answer("NOOP"))
    assert ftp.retrlines("RETR f", callback) == "226 Done."
    with pytest.raises(Error, match=r"^got more than 8192 bytes$"):
        ftp.retrlines("RETR f", callback)
    assert ftp.voidcmd("NOOP") == "200 Very well."


def test_maxline_may_be_changed(talk: Talk) -> None:
    ftp, _ = talk(*text(b"x" * 100_000 + b"\r\n"))
    ftp.maxline = 100_000
    lines: list[str] = []
    ftp.retrlines("RETR f", lines.append)
    assert lines == ["x" * 100_000]


def test_debug_level_3_prints_each_line(talk: Talk, capsys: pytest.CaptureFixture[str]) -> None:
    ftp, _ = talk(*text(b"one\r\ntwo"))
    ftp.set_debuglevel(3)
    ftp.retrlines("RETR f", len)
    printed = capsys.readouterr().out.splitlines()
    assert [row for row in printed if row.startswith("*retr*")] == ["*retr* 'one'", "*retr* 'two'"]


def test_the_listing_of_a_download_helper(talk: Talk) -> None:
    """`LIST` and `NLST` go through `retrlines` as well."""
    ftp, _ = talk(answer("TYPE"), passive(), *download(b"a\r\nb\r\n", verb="LIST"))
    received: list[Any] = []
    ftp.retrlines("LIST", received.append)
    assert b"".join(received) == b"a\nb\n"


def test_a_line_is_as_long_as_its_letters(talk: Talk, tmp_path: Path) -> None:
    """CPython counts them, and not the bytes that they take."""
    lines = ["Ж" * 8000, "語" * 8192, "plain"]
    content = "".join(f"{line}\r\n" for line in lines).encode()
    transfer = [answer("TYPE"), passive(), *download(content)]
    ftp, _ = talk(*transfer, passive(), *download(content))
    seen: list[str] = []
    ftp.retrlines("RETR f", seen.append)
    assert seen == lines
    with (tmp_path / "f").open("wb+") as file:
        ftp.retrlines("RETR f", file.write)
    assert (tmp_path / "f").read_text() == "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("letter", [b"x", "Ж".encode(), "語".encode(), b"\x80" * 4])
def test_a_line_of_too_many_letters(talk: Talk, tmp_path: Path, letter: bytes) -> None:
    """Or of bytes that are none."""
    content = letter * 8193 + b"\r\n"
    ftp, _ = talk(answer("TYPE"), passive(), *download(content))
    with pytest.raises(Error, match="8192"):
        ftp.retrlines("RETR f", print)
    ftp, _ = talk(answer("TYPE"), passive(), *download(content))
    with (tmp_path / "f").open("wb+") as file, pytest.raises(Error, match="8192"):
        ftp.retrlines("RETR f", file.write)
