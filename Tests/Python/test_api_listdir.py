"""`listdir` where a server has no MLSD: LIST in its formats, NLST, and empty directories."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
from conftest import LOGIN, ScriptedServer, Step, answer, end_data, passive, say, send

from usr.ftplib import FTP, error_perm, error_temp

Talk = Callable[..., tuple[FTP, ScriptedServer]]

NO_MLSD = (answer("TYPE"), passive(), answer("MLSD", "500 Unknown command."))
HERE = answer("PWD", '257 "/here"')


def listing(verb: str, content: bytes, final: str = "226 Done.") -> Sequence[Step]:
    return (
        answer("TYPE"),
        passive(),
        answer(verb, "150 Here."),
        send(content),
        end_data(),
        say(final),
    )


@pytest.fixture
def talk(scripted: Callable[..., ScriptedServer]) -> Iterator[Talk]:
    with ExitStack() as stack:

        def talk(*steps: Step, **options: Any) -> tuple[FTP, ScriptedServer]:
            server = scripted([*LOGIN, *steps])
            ftp = FTP(server.host, server.port, "user", "password", timeout=5, **options)
            stack.callback(ftp.close)
            return ftp, server

        yield talk


def verbs(server: ScriptedServer) -> list[str]:
    """The commands after the login, but for those that open a data connection."""
    return [line for line in server.heard[2:] if not line.startswith(("PASV", "TYPE"))]


LINES = [
    (
        b"-rw-r--r--   1 me  us        12 Jul 26  2020 FTP-TEST",
        ("FTP-TEST", {"type": "file", "size": "12", "modify": "20200726000000"}),
    ),
    (
        b"lrwxrwxrwx   1 me  us         4 Jul 26  2020 a link -> file",
        ("a link", {"type": "OS.unix=slink:file", "modify": "20200726000000"}),
    ),
    (
        b"04-27-20  09:09PM       <DIR>          Licensed Users",
        ("Licensed Users", {"type": "dir", "modify": "20200427210900"}),
    ),
    (
        b"+i8388621.48594,m825718503,r,s280,\tdjb.html",
        ("djb.html", {"type": "file", "size": "280", "modify": "19960301221503"}),
    ),
    (
        b"-------r--         326  1391972  1392298 Nov 22  1995 MegaPhone.sit",
        ("MegaPhone.sit", {"type": "file", "size": "1392298", "modify": "19951122000000"}),
    ),
    (b"??? what is this", ("??? what is this", {"raw": "??? what is this"})),
]


@pytest.mark.parametrize(("line", "entry"), LINES, ids=lambda value: repr(value)[:24])
def test_every_line_becomes_an_entry(
    talk: Talk, line: bytes, entry: tuple[str, dict[str, str]]
) -> None:
    ftp, server = talk(*NO_MLSD, *listing("LIST", b"total 1\r\n" + line + b"\r\n"))
    ((name, facts),) = ftp.listdir()
    assert name == entry[0]
    assert facts | entry[1] == facts
    assert verbs(server) == ["MLSD", "LIST"]


def test_that_there_is_no_mlsd_is_remembered(talk: Talk) -> None:
    line = b"-rw-r--r-- 1 me us 12 Jul 26 2020 f\r\n"
    ftp, server = talk(*NO_MLSD, *listing("LIST", line), *listing("LIST", line)[1:])
    assert ftp.listdir() == ftp.listdir()
    assert verbs(server) == ["MLSD", "LIST", "LIST"]


def test_a_path_that_is_no_directory_says_nothing_of_mlsd(talk: Talk) -> None:
    """RFC 3659: MLSD of what is no directory is answered by 501, as by an unknown parameter."""
    facts = b"type=file;modify=20200726101112; f\r\n"
    ftp, server = talk(
        answer("TYPE"),
        passive(),
        answer("MLSD", "501 No such directory."),
        HERE,
        answer("CWD", "550 No such file or directory."),
        *listing("MLSD", facts),
    )
    with pytest.raises(error_perm, match="550 No such file"):
        ftp.listdir("missing")
    assert ftp.listdir("there") == [("f", {"type": "file", "modify": "20200726101112"})]
    assert verbs(server) == ["MLSD missing", "PWD", "CWD missing", "MLSD there"]


def test_a_path_is_entered_and_left(talk: Talk) -> None:
    ftp, server = talk(
        *NO_MLSD,
        HERE,
        answer("CWD", "250 There."),
        *listing("LIST", b"-rw-r--r-- 1 me us 12 Jul 26 2020 two\r\n"),
        answer("CWD", "250 Back."),
    )
    assert [name for name, _ in ftp.listdir("-a dir *")] == ["two"]
    assert verbs(server) == ["MLSD -a dir *", "PWD", "CWD -a dir *", "LIST", "CWD /here"]


def test_a_listing_that_fails_comes_back_too(talk: Talk) -> None:
    ftp, server = talk(
        *NO_MLSD,
        HERE,
        answer("CWD", "250 There."),
        *listing("LIST", b"", "451 The disk is on fire."),
        answer("CWD", "250 Back."),
    )
    with pytest.raises(error_temp, match="451 The disk is on fire"):
        ftp.listdir("d")
    assert verbs(server)[-1] == "CWD /here"


@pytest.mark.parametrize(
    "refusal",
    [
        "550 No files found",
        "450 No such file or directory",
        "550 The directory is empty.",
        "550 *.*: Not found",
    ],
)
def test_an_empty_directory_is_empty(talk: Talk, refusal: str) -> None:
    ftp, _ = talk(*NO_MLSD, answer("TYPE"), passive(), answer("LIST", refusal))
    assert ftp.listdir() == []


def test_a_directory_that_may_not_be_read_is_not_empty(talk: Talk) -> None:
    ftp, _ = talk(*NO_MLSD, answer("TYPE"), passive(), answer("LIST", "550 Permission denied."))
    with pytest.raises(error_perm, match="550 Permission denied"):
        ftp.listdir()


def test_a_directory_that_is_not_there_is_not_empty(talk: Talk) -> None:
    ftp, server = talk(*NO_MLSD, HERE, answer("CWD", "550 No such file or directory."))
    with pytest.raises(error_perm, match="550 No such file"):
        ftp.listdir("missing")
    assert verbs(server)[-1] == "CWD missing"


def test_names_alone_when_there_is_nothing_else(talk: Talk) -> None:
    ftp, server = talk(
        *NO_MLSD,
        answer("TYPE"),
        passive(),
        answer("LIST", "502 Command not implemented."),
        *listing("NLST", b".\r\n..\r\na name\r\n"),
    )
    assert ftp.listdir() == [("a name", {})]
    assert verbs(server) == ["MLSD", "LIST", "NLST"]


def test_mlsd_is_asked_first_and_names_of_the_directory_itself_are_left_out(talk: Talk) -> None:
    ftp, server = talk(
        *listing(
            "MLSD", b"Type=cdir; /here\r\nType=pdir; ..\r\nType=dir; .\r\nType=file;Size=3; f g\r\n"
        )
    )
    assert ftp.listdir() == [("f g", {"type": "file", "size": "3"})]
    assert verbs(server) == ["MLSD"]


def test_a_refusal_of_the_directory_is_none_of_mlsd(talk: Talk) -> None:
    ftp, server = talk(answer("TYPE"), passive(), answer("MLSD", "550 d: No such directory."))
    with pytest.raises(error_perm, match="550 d: No such directory"):
        ftp.listdir("d")
    assert verbs(server) == ["MLSD d"]


def test_bytes_that_are_no_text_survive(talk: Talk) -> None:
    line = b"-rw-r--r-- 1 me us 12 Jul 26 2020 gr\xfc\xdfe\r\n"
    ftp, server = talk(
        *NO_MLSD, *listing("LIST", line), answer("DELE", "250 Gone."), errors="surrogateescape"
    )
    ((name, _),) = ftp.listdir()
    assert name.encode("utf-8", "surrogateescape") == b"gr\xfc\xdfe"
    ftp.delete(name)
    assert server.heard[-1].encode("utf-8", "surrogateescape") == b"DELE gr\xfc\xdfe"


def test_a_wrapped_name_of_vms_is_one_entry(talk: Talk) -> None:
    ftp, _ = talk(
        *NO_MLSD,
        *listing(
            "LIST",
            b"Directory DISK$USER:[ME]\r\n\r\nA_VERY_LONG_NAME_OF_A_FILE.TXT;1\r\n"
            b"                     213/216   29-JAN-2020 03:33:12 [ME] (RWED,RWED,RE,)\r\n"
            b"\r\nTotal of 1 file\r\n",
        ),
    )
    assert [name for name, _ in ftp.listdir()] == ["A_VERY_LONG_NAME_OF_A_FILE.TXT;1"]


@pytest.mark.parametrize("path", [5, None, ["d"]])
def test_a_path_is_text_or_bytes(talk: Talk, path: object) -> None:
    ftp, _ = talk(*listing("MLSD", b""))
    if path is None:
        assert ftp.listdir(None) == []
    else:
        with pytest.raises(TypeError):
            ftp.listdir(path)  # type: ignore[arg-type]
