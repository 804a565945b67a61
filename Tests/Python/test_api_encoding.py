"""`encoding`, `errors`, `encoding='auto'`, and `bytes` in place of `str`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
import realservers
from conftest import (
    LOGIN,
    Conversation,
    Directory,
    ScriptedServer,
    Step,
    answer,
    download,
    say_bytes,
    upload,
)

from usr.ftplib import FTP, error_perm, error_temp, parse257

if TYPE_CHECKING:
    from conftest import Server

    Scripted = Callable[..., ScriptedServer]
    Log = Callable[..., Any]

LATIN = "caf\xe9".encode("latin-1")
UTF8 = "caf\xe9".encode()
ESCAPED = "caf\udce9"


@pytest.fixture
def log_in(vsftpd: Server, directory: Directory) -> Iterator[Log]:
    """A session in the test's directory, with the constructor's further arguments."""
    sessions: list[FTP] = []

    def log_in(**keywords: Any) -> FTP:
        ftp = FTP(vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password, timeout=20, **keywords)
        sessions.append(ftp)
        ftp.cwd(directory.path)
        return ftp

    yield log_in
    for ftp in sessions:
        ftp.close()


def place(directory: Directory, name: bytes, content: bytes) -> None:
    """A file with a name that need not be text."""
    path = bytes(directory.local) + b"/" + name
    with open(path, "wb") as file:
        file.write(content)


def scripted_session(server: ScriptedServer, **keywords: Any) -> Any:
    return FTP(server.host, server.port, "user", "password", timeout=20, **keywords)


def visible(ftp: Any) -> list[str]:
    return [name for name in ftp.nlst() if name not in (".", "..")]


# errors


def test_the_default_is_strict(log_in: Log, directory: Directory) -> None:
    place(directory, LATIN, b"1")
    ftp = log_in()
    assert (ftp.encoding, ftp.errors) == ("utf-8", "strict")
    with pytest.raises(UnicodeDecodeError):
        ftp.nlst()
    assert ftp.pwd() == directory.path


def test_a_strict_reply_that_does_not_decode_is_read_all_the_same(scripted: Scripted) -> None:
    server = scripted(
        [
            *LOGIN,
            lambda c: (c.hear("PWD"), c.control.sendall(b'257 "/caf\xe9"\r\n')),
            answer("PWD", '257 "/next"'),
        ]
    )
    with closing(scripted_session(server)) as ftp:
        with pytest.raises(UnicodeDecodeError):
            ftp.pwd()
        assert ftp.pwd() == "/next"


@pytest.mark.parametrize("name", ["vsftpd", "pureftpd"])
def test_surrogateescape_goes_there_and_back(name: str) -> None:
    with (
        realservers.running(name) as server,
        realservers.session(server, errors="surrogateescape") as ftp,
    ):
        content = b"one\r\ntwo\r\n"
        assert ftp.mkd("dir-" + ESCAPED).endswith("dir-" + ESCAPED)
        ftp.cwd("dir-" + ESCAPED)
        assert ftp.pwd() == "/dir-" + ESCAPED
        ftp.storbinary("STOR " + ESCAPED, BytesIO(content))
        where = bytes(server.root) + b"/dir-" + LATIN + b"/"
        with open(where + LATIN, "rb") as file:
            assert file.read() == content
        assert visible(ftp) == [ESCAPED]
        assert ftp.size(ESCAPED) == len(content)
        lines: list[str] = []
        ftp.dir(lines.append)
        assert any(line.endswith(" " + ESCAPED) for line in lines)
        listing = BytesIO()
        ftp.dir(listing.write)
        assert b" " + LATIN + b"\n" in listing.getvalue()
        ftp.rename(ESCAPED, "\udcff")
        assert visible(ftp) == ["\udcff"]
        received: list[bytes] = []
        ftp.retrbinary("RETR \udcff", received.append)
        assert b"".join(received) == content
        ftp.delete("\udcff")
        ftp.cwd("/")
        ftp.rmd("dir-" + ESCAPED)
        assert visible(ftp) == []


def test_surrogateescape_in_the_machine_listing() -> None:
    with (
        realservers.running("proftpd", environment={"PROFTPD_ENCODING": "off"}) as server,
        realservers.session(server, errors="surrogateescape") as ftp,
    ):
        with open(bytes(server.root) + b"/" + LATIN, "wb") as file:
            file.write(b"12345")
        server.adopt(server.root)
        names = {name: facts["size"] for name, facts in ftp.mlsd() if facts["type"] == "file"}
        assert names == {ESCAPED: "5"}


def test_a_text_download_keeps_bytes_that_do_not_decode(log_in: Log, directory: Directory) -> None:
    directory.put("text", b"caf\xe9\r\nplain\r\n")
    ftp = log_in(errors="surrogateescape")
    lines: list[Any] = []
    ftp.retrlines("RETR text", lines.append)
    assert lines == [ESCAPED, "plain"]
    assert b"".join(memoryview(line) for line in lines) == b"caf\xe9\nplain\n"


def test_the_parsers_take_escaped_text() -> None:
    assert parse257(f'257 "/{ESCAPED}" made') == f"/{ESCAPED}"


@pytest.mark.parametrize(
    ("keywords", "error"),
    [
        ({"encoding": "no-such"}, LookupError),
        ({"encoding": "latin-1", "errors": "no-such"}, (LookupError, UnicodeError)),
        ({"encoding": "ascii"}, UnicodeEncodeError),
    ],
)
def test_what_cannot_be_encoded_is_refused_before_anything_is_sent(
    keywords: dict[str, str], error: Any, scripted: Scripted
) -> None:
    server = scripted([*LOGIN, answer("NOOP")])
    with closing(scripted_session(server)) as ftp:
        for name, value in keywords.items():
            setattr(ftp, name, value)
        with pytest.raises(error):
            ftp.cwd("\u20ac")
        ftp.encoding, ftp.errors = "utf-8", "strict"
        ftp.voidcmd("NOOP")
        assert server.heard[2:] == ["NOOP"]


def test_another_encoding(log_in: Log, directory: Directory) -> None:
    ftp = log_in(encoding="latin-1")
    ftp.storbinary("STOR caf\xe9", BytesIO(b"1"))
    with open(bytes(directory.local) + b"/" + LATIN, "rb") as file:
        assert file.read() == b"1"
    assert ftp.nlst() == ["caf\xe9"]
    ftp.encoding = "utf-8"
    with pytest.raises(UnicodeDecodeError):
        ftp.nlst()


@pytest.mark.parametrize(
    ("encoding", "path"), [("cp1251", "/ярмарка/гоят"), ("latin-1", "/\xff\xf1\xff\xfb\xff")]
)
def test_letters_are_no_telnet_commands(scripted: Scripted, encoding: str, path: str) -> None:
    """Their bytes are those of IAC and its commands, which nobody sends inside a reply's text."""
    reply = f'257 "{path}" is it.\r\n'.encode(encoding)
    says = say_bytes(reply)
    server = scripted([*LOGIN, lambda c: c.hear("PWD"), says, lambda c: c.hear("MKD"), says])
    with FTP(server.host, server.port, "user", "password", encoding=encoding, timeout=5) as ftp:
        assert ftp.pwd() == path
        assert ftp.mkd("x") == path


# encoding='auto'


def test_auto_decides_for_each_line(log_in: Log, directory: Directory) -> None:
    place(directory, b"1-" + UTF8, b"utf-8")
    place(directory, b"2-" + LATIN, b"latin-1")
    ftp = log_in(encoding="auto")
    assert sorted(ftp.nlst()) == ["1-caf\xe9", "2-caf\xe9"]
    listed: list[Any] = []
    ftp.dir(listed.append)
    assert sorted(line.split()[-1] for line in listed) == ["1-caf\xe9", "2-caf\xe9"]
    raw = b"".join(memoryview(line) for line in listed)
    assert b"1-" + UTF8 + b"\n" in raw
    assert b"2-" + LATIN + b"\n" in raw


def test_auto_speaks_utf8_until_the_server_writes_latin1(log_in: Log, directory: Directory) -> None:
    place(directory, LATIN, b"latin-1")
    ftp = log_in(encoding="auto")
    ftp.mkd("\xfc")
    assert (directory.local / "\xfc").is_dir()
    assert "caf\xe9" in ftp.nlst()
    received: list[bytes] = []
    ftp.retrbinary("RETR caf\xe9", received.append)
    assert received == [b"latin-1"]
    # What is no Latin-1 can only be meant as UTF-8.
    ftp.mkd("\u20ac")
    assert (directory.local / "\u20ac").is_dir()


def test_auto_learns_from_a_reply_as_well(scripted: Scripted) -> None:
    server = scripted(
        [
            *LOGIN,
            answer("FEAT", "502 no"),
            lambda c: (c.hear("PWD"), c.control.sendall(b'257 "/caf\xe9"\r\n')),
            answer("CWD"),
        ]
    )
    with closing(scripted_session(server, encoding="auto")) as ftp:
        assert ftp.pwd() == "/caf\xe9"
        ftp.cwd("caf\xe9")
        assert server.heard[-1] == "CWD " + ESCAPED


FEATURES = [
    (["211-Features:", " UTF8", "211 End"], True),
    (["211-Features:", "UTF8", "211 End"], True),
    (["211-Features:", " MDTM", " utf8 ", " SIZE", "211 End"], True),
    (["211-Features:", " XUTF8", " SIZE", "211 End"], False),
    (["211-Features:", " TVFS", "211 End"], False),
    (["211 no features"], False),
    (["500 what?"], False),
    (["502 FEAT is not implemented."], False),
    (["530 not now"], False),
    (["450 busy"], False),
]


@pytest.mark.parametrize(("features", "asked"), FEATURES)
@pytest.mark.parametrize("refusal", ["200 UTF8 set to on", "501 no", "451 later"])
def test_auto_asks_for_utf8_when_the_server_knows_it(
    features: list[str], asked: bool, refusal: str, scripted: Scripted
) -> None:
    options: Sequence[Step] = [answer("OPTS", refusal)] if asked else []
    server = scripted([*LOGIN, answer("FEAT", *features), *options, answer("PWD", '257 "/"')])
    with closing(FTP(encoding="auto", timeout=20)) as ftp:
        ftp.connect(server.host, server.port)
        assert ftp.login("user", "password") == "230 Welcome."
        assert ftp.pwd() == "/"
        assert server.heard[2:] == ["FEAT", *(["OPTS UTF8 ON"] if asked else []), "PWD"]


def test_a_farewell_in_answer_to_feat_is_no_refusal(scripted: Scripted) -> None:
    server = scripted([*LOGIN, answer("FEAT", "421 Good night.")])
    with pytest.raises(error_temp, match=r"^421"):
        scripted_session(server, encoding="auto")


def test_no_other_encoding_asks(scripted: Scripted) -> None:
    server = scripted(LOGIN)
    for encoding in ("utf-8", "latin-1"):
        scripted_session(server, encoding=encoding).close()
    assert {command.partition(" ")[0] for command in server.heard} <= {"USER", "PASS"}


@pytest.mark.parametrize("name", realservers.NAMES)
def test_auto_with_every_real_server(name: str) -> None:
    with (
        realservers.running(name) as server,
        realservers.session(server, encoding="auto") as ftp,
    ):
        realservers.in_step(ftp)
        name_on_disk = (
            "\xfcml\xe4ut" if name != "twisted" else "\xfcml\xe4ut".encode().decode("latin-1")
        )
        ftp.storbinary("STOR \xfcml\xe4ut", BytesIO(b"12345"))
        assert (server.root / name_on_disk).read_bytes() == b"12345"
        realservers.in_step(ftp)


# bytes

BYTES_COMMANDS: list[tuple[str, Callable[[Any], object], str]] = [
    ("cwd", lambda ftp: ftp.cwd(LATIN), "CWD"),
    ("mkd", lambda ftp: ftp.mkd(LATIN), "MKD"),
    ("rmd", lambda ftp: ftp.rmd(LATIN), "RMD"),
    ("delete", lambda ftp: ftp.delete(LATIN), "DELE"),
    ("size", lambda ftp: ftp.size(LATIN), "SIZE"),
    ("sendcmd", lambda ftp: ftp.sendcmd(b"SITE " + LATIN), "SITE"),
    ("voidcmd", lambda ftp: ftp.voidcmd(b"SITE " + LATIN), "SITE"),
    ("putcmd", lambda ftp: (ftp.putcmd(b"SITE " + LATIN), ftp.getresp()), "SITE"),
    ("putline", lambda ftp: (ftp.putline(b"SITE " + LATIN), ftp.getresp()), "SITE"),
]


@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize(
    ("call", "verb"), [row[1:] for row in BYTES_COMMANDS], ids=[row[0] for row in BYTES_COMMANDS]
)
def test_bytes_are_sent_as_they_are(
    call: Callable[[Any], object], verb: str, level: int, scripted: Scripted
) -> None:
    server = scripted([*LOGIN, answer(verb)])
    with closing(scripted_session(server, encoding="ascii")) as ftp:
        ftp.set_debuglevel(level)
        call(ftp)
        assert server.heard[2:] == [f"{verb} {ESCAPED}"]


def test_bytes_for_both_names_of_a_rename(scripted: Scripted) -> None:
    server = scripted([*LOGIN, answer("RNFR", "350 Go on."), answer("RNTO", "250 Done.")])
    with closing(scripted_session(server)) as ftp:
        assert ftp.rename(LATIN, b"\xff" + LATIN) == "250 Done."
        assert server.heard[2:] == [f"RNFR {ESCAPED}", f"RNTO \udcff{ESCAPED}"]


BYTES_TRANSFERS: list[tuple[str, Callable[[Any], object], str, Sequence[Step]]] = [
    ("nlst", lambda ftp: ftp.nlst(LATIN), "NLST", download(b"", verb="NLST")),
    ("nlst-list", lambda ftp: ftp.nlst([LATIN]), "NLST", download(b"", verb="NLST")),
    ("dir", lambda ftp: ftp.dir(LATIN), "LIST", download(b"", verb="LIST")),
    ("dir-callback", lambda ftp: ftp.dir(LATIN, len), "LIST", download(b"", verb="LIST")),
    ("mlsd", lambda ftp: list(ftp.mlsd(LATIN)), "MLSD", download(b"", verb="MLSD")),
    ("retrbinary", lambda ftp: ftp.retrbinary(b"RETR " + LATIN, len), "RETR", download(b"x")),
    ("retrlines", lambda ftp: ftp.retrlines(b"RETR " + LATIN, len), "RETR", download(b"x")),
    (
        "storbinary",
        lambda ftp: ftp.storbinary(b"STOR " + LATIN, BytesIO(b"x")),
        "STOR",
        upload(),
    ),
    ("storlines", lambda ftp: ftp.storlines(b"STOR " + LATIN, BytesIO(b"x")), "STOR", upload()),
    (
        "transfercmd",
        lambda ftp: (ftp.transfercmd(b"RETR " + LATIN).close(), ftp.voidresp()),
        "RETR",
        download(b"x"),
    ),
    (
        "ntransfercmd",
        lambda ftp: (ftp.ntransfercmd(b"RETR " + LATIN, 0)[0].close(), ftp.voidresp()),
        "RETR",
        [answer("REST", "350 ok"), *download(b"x")],
    ),
]


@pytest.mark.parametrize(
    ("call", "verb", "steps"),
    [row[1:] for row in BYTES_TRANSFERS],
    ids=[row[0] for row in BYTES_TRANSFERS],
)
def test_bytes_name_what_is_transferred(
    call: Callable[[Any], object], verb: str, steps: Sequence[Step], scripted: Scripted
) -> None:
    server = scripted([*LOGIN, passive_transfer(steps)])
    with closing(scripted_session(server, encoding="ascii")) as ftp:
        call(ftp)
        assert f"{verb} {ESCAPED}" in server.heard


def passive_transfer(steps: Sequence[Step]) -> Step:
    """TYPE if it comes, then a passive transfer."""

    def step(conversation: Conversation) -> None:
        command = conversation.hear("TYPE", "PASV")
        if command.startswith("TYPE"):
            conversation.say("200 Very well.")
            conversation.hear("PASV")
        port = conversation.listen()
        conversation.say(f"227 Here (127,0,0,1,{port // 256},{port % 256}).")
        for each in steps:
            each(conversation)

    return step


@pytest.mark.parametrize("path", [b"a\r\nDELE b", b"a\nb", b"a\rb", b"a\0b"])
def test_bytes_with_a_lines_end_are_refused_before_anything_is_sent(
    path: bytes, scripted: Scripted
) -> None:
    server = scripted(LOGIN)
    calls: list[Callable[[Any], object]] = [
        lambda ftp: ftp.cwd(path),
        lambda ftp: ftp.rename(b"x", path),
        lambda ftp: ftp.rename(path, b"x"),
        lambda ftp: ftp.nlst(path),
        lambda ftp: ftp.dir(path),
        lambda ftp: next(ftp.mlsd(path)),
        lambda ftp: ftp.retrbinary(b"RETR " + path, len),
        lambda ftp: ftp.storlines(b"STOR " + path, BytesIO()),
        lambda ftp: ftp.sendcmd(b"SITE " + path),
    ]
    with closing(scripted_session(server)) as ftp:
        for call in calls:
            with pytest.raises(ValueError, match=r"CR|LF|NUL|line"):
                call(ftp)
        assert server.heard[2:] == []


def test_what_is_neither_str_nor_bytes_is_refused(scripted: Scripted) -> None:
    server = scripted(LOGIN)
    with closing(scripted_session(server)) as ftp:
        method: Any
        for method in (ftp.cwd, ftp.mkd, ftp.rmd, ftp.delete, ftp.size, ftp.nlst, ftp.sendcmd):
            for wrong in (bytearray(b"x"), 1, None, memoryview(b"x")):
                if wrong is None and method == ftp.nlst:
                    continue
                with pytest.raises(TypeError):
                    method(wrong)
        assert server.heard[2:] == []


def test_a_password_in_bytes_is_masked(
    scripted: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    server = scripted([*LOGIN, answer("PASS"), answer("ACCT")])
    with closing(scripted_session(server)) as ftp:
        ftp.set_debuglevel(2)
        ftp.sendcmd(b"PASS secret\xe9")
        ftp.sendcmd(b"ACCT secret")
        assert "secret" not in capsys.readouterr().out
        assert ftp.sanitize(b"pass secret") == "'pass ******'"


def test_bytes_with_a_real_server(log_in: Log, directory: Directory) -> None:
    ftp = log_in(errors="surrogateescape")
    ftp.storbinary(b"STOR " + LATIN, BytesIO(b"12345"))
    assert ftp.size(LATIN) == 5
    ftp.rename(LATIN, b"other-" + LATIN)
    received: list[bytes] = []
    ftp.retrbinary(b"RETR other-" + LATIN, received.append)
    assert received == [b"12345"]
    ftp.delete(b"other-" + LATIN)
    with pytest.raises(error_perm, match=r"^550"):
        ftp.size(b"other-" + LATIN)
    assert directory.names() == []


def test_a_reply_that_repeats_undecodable_bytes_leaves_the_session_in_step(
    log_in: Log, directory: Directory
) -> None:
    """vsftpd's 150 names the file, and nobody has said how to read that."""
    place(directory, LATIN, bytes(4 << 20))
    ftp = log_in()
    with pytest.raises(UnicodeDecodeError):
        ftp.retrbinary(b"RETR " + LATIN, len)
    realservers.in_step(ftp)
