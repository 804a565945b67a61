"""Commands on files and directories, listings, and commands in the caller's own words."""

from __future__ import annotations

import gc
import importlib
import io
import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from conftest import Directory, ScriptedServer, Server, Step, answer, download, passive

from usr.ftplib import FTP, Error, error_perm, error_reply, error_temp

if TYPE_CHECKING:
    Talk = Callable[..., tuple[FTP, ScriptedServer]]

NAMES = ["a", "b c", "dé", "e.txt"]


def commands(server: ScriptedServer) -> list[str]:
    """What came after the login."""
    return server.heard[2:]


@pytest.fixture
def full(directory: Directory) -> Directory:
    """A directory with files, and with a directory that holds one more."""
    for name in NAMES:
        directory.put(name, b"content")
    inner = Directory(directory.server, f"{directory.path}/inner").make()
    inner.put("deep", b"")
    return directory


# Directories


def test_pwd_is_the_current_directory(ftp: FTP, directory: Directory) -> None:
    assert ftp.pwd() == directory.path


def test_a_directory_comes_and_goes(ftp: FTP, directory: Directory) -> None:
    assert ftp.mkd("new") == f"{directory.path}/new"
    assert (directory.local / "new").is_dir()
    assert ftp.cwd("new") == "250 Directory successfully changed."
    assert ftp.pwd() == f"{directory.path}/new"
    assert ftp.cwd("..") == "250 Directory successfully changed."
    assert ftp.pwd() == directory.path
    assert ftp.rmd("new") == "250 Remove directory operation successful."
    assert directory.names() == []


def test_the_documented_names_of_the_parameters(ftp: FTP, directory: Directory) -> None:
    directory.put("f", b"12345")
    assert ftp.mkd(dirname="d") == f"{directory.path}/d"
    assert ftp.cwd(dirname="d").startswith("250")
    assert ftp.cwd(dirname="..").startswith("250")
    assert ftp.rename(fromname="f", toname="d/g") == "250 Rename successful."
    assert ftp.size(filename="d/g") == 5
    assert ftp.delete(filename="d/g") == "250 Delete operation successful."
    assert ftp.rmd(dirname="d").startswith("250")


@pytest.mark.parametrize("name", ['say "hi"', '"', '""', 'a""b', 'end"', '" is the'])
def test_quotes_in_a_path_are_undoubled(name: str, ftp: FTP, directory: Directory) -> None:
    assert ftp.mkd(name) == f"{directory.path}/{name}"
    assert (directory.local / name).is_dir()
    ftp.cwd(name)
    assert ftp.pwd() == f"{directory.path}/{name}"


def test_cwd_goes_up_by_cdup_and_by_cwd_where_there_is_no_cdup(talk: Talk) -> None:
    ftp, server = talk(
        answer("CDUP", "200 Up."), answer("CDUP", "500 What?"), answer("CWD", "250 Up.")
    )
    assert ftp.cwd("..") == "200 Up."
    assert ftp.cwd("..") == "250 Up."
    assert commands(server) == ["CDUP", "CDUP", "CWD .."]


def test_a_refusal_to_go_up_is_not_asked_again(talk: Talk) -> None:
    ftp, server = talk(answer("CDUP", "550 No."))
    with pytest.raises(error_perm, match=r"^550 No\.$"):
        ftp.cwd("..")
    assert commands(server) == ["CDUP"]


def test_cwd_to_nothing_is_cwd_to_here(talk: Talk) -> None:
    ftp, server = talk(answer("CWD", "250 Here."))
    assert ftp.cwd("") == "250 Here."
    assert commands(server) == ["CWD ."]


@pytest.mark.parametrize(
    ("reply", "path"),
    [
        ('257 "/a b" is it', "/a b"),
        ('257 "/a""b"', '/a"b'),
        ('257 "/a"', "/a"),
        ('257 "" nothing', ""),
        ("257 /a", ""),
        ("257 Created.", ""),
        ("250 Created.", ""),
        ("200 Fine.", ""),
    ],
)
def test_the_path_in_the_reply_to_mkd_and_pwd(reply: str, path: str, talk: Talk) -> None:
    ftp, _ = talk(answer("MKD", reply), answer("PWD", reply))
    assert ftp.mkd("x") == path
    assert ftp.pwd() == path


# Files


def test_rename_delete_and_size(ftp: FTP, directory: Directory) -> None:
    directory.put("old", b"x" * 1234)
    assert ftp.size("old") == 1234
    assert ftp.rename("old", "new") == "250 Rename successful."
    assert directory.names() == ["new"]
    assert ftp.delete("new") == "250 Delete operation successful."
    assert directory.names() == []


def test_full_paths_as_in_the_documentation(ftp: FTP, directory: Directory) -> None:
    directory.put("system_config.json", b"{}")
    here = ftp.pwd()
    assert ftp.rename(here + "/system_config.json", here + "/system.json").startswith("250")
    assert ftp.delete(here + "/system.json").startswith("250")
    assert ftp.mkd(here + "/test_dir") == here + "/test_dir"
    assert ftp.cwd(ftp.pwd() + "/test_dir").startswith("250")


def test_the_size_of_a_large_file(ftp: FTP, directory: Directory) -> None:
    with directory.put("large", b"").open("r+b") as file:
        file.truncate(5 * 2**30 + 7)
    assert ftp.size("large") == 5 * 2**30 + 7


@pytest.mark.parametrize(
    ("call", "reply"),
    [
        (lambda ftp: ftp.size("no"), "550 Could not get file size."),
        (lambda ftp: ftp.delete("no"), "550 Delete operation failed."),
        (lambda ftp: ftp.rename("no", "new"), "550 RNFR command failed."),
        (lambda ftp: ftp.rename("file", "no/new"), "550 Rename failed."),
        (lambda ftp: ftp.cwd("no"), "550 Failed to change directory."),
        (lambda ftp: ftp.mkd("file"), "550 Create directory operation failed."),
        (lambda ftp: ftp.rmd("file"), "550 Remove directory operation failed."),
        (lambda ftp: ftp.acct("account"), "502 ACCT not implemented."),
        (lambda ftp: next(ftp.mlsd()), "500 Unknown command."),
        (lambda ftp: ftp.retrbinary("RETR no", print), "550 Failed to open file."),
        (lambda ftp: ftp.retrlines("RETR no"), "550 Failed to open file."),
        (lambda ftp: ftp.transfercmd("RETR no"), "550 Failed to open file."),
        (lambda ftp: ftp.storbinary("STOR no/f", io.BytesIO(b"x")), "553 Could not create file."),
        (lambda ftp: ftp.storlines("STOR no/f", io.BytesIO(b"x")), "553 Could not create file."),
    ],
)
def test_a_refusal_is_an_error_with_the_reply_and_the_next_command_works(
    call: Callable[[FTP], object], reply: str, ftp: FTP, directory: Directory
) -> None:
    directory.put("file", b"x")
    with pytest.raises(error_perm) as caught:
        call(ftp)
    assert caught.value.args == (reply,)
    assert ftp.pwd() == directory.path


@pytest.mark.parametrize(
    ("reply", "size"),
    [
        ("213 5", 5),
        ("213 0", 0),
        ("213   7 ", 7),
        ("213 18446744073709551615", 2**64 - 1),
        ("200 5", None),
        ("350 5", None),
    ],
)
def test_size_is_a_number_for_a_213_alone(reply: str, size: int | None, talk: Talk) -> None:
    ftp, _ = talk(answer("SIZE", reply))
    assert ftp.size("f") == size


@pytest.mark.parametrize("reply", ["250 Gone.", "200 Gone."])
def test_delete_takes_a_250_and_a_200(reply: str, talk: Talk) -> None:
    ftp, _ = talk(answer("DELE", reply))
    assert ftp.delete("f") == reply


@pytest.mark.parametrize(
    ("steps", "call"),
    [
        ([answer("DELE", "226 Gone.")], lambda ftp: ftp.delete("f")),
        ([answer("DELE", "350 Sure?")], lambda ftp: ftp.delete("f")),
        ([answer("RNFR", "200 Fine.")], lambda ftp: ftp.rename("f", "g")),
        ([answer("CWD", "350 Sure?")], lambda ftp: ftp.cwd("d")),
        ([answer("MKD", "350 Sure?")], lambda ftp: ftp.mkd("d")),
        ([answer("RMD", "150 Wait.")], lambda ftp: ftp.rmd("d")),
        ([answer("NOOP", "350 More?")], lambda ftp: ftp.voidcmd("NOOP")),
        ([answer("RNFR", "350 To?"), answer("RNTO", "350?")], lambda ftp: ftp.rename("f", "g")),
    ],
)
def test_a_reply_of_the_wrong_kind_is_an_error_reply(
    steps: list[Step], call: Callable[[FTP], object], talk: Talk
) -> None:
    ftp, _ = talk(*steps)
    with pytest.raises(error_reply):
        call(ftp)


@pytest.mark.parametrize(
    "call",
    [
        lambda ftp: ftp.cwd(bytearray(b"d")),
        lambda ftp: ftp.mkd(5),
        lambda ftp: ftp.rmd(None),
        lambda ftp: ftp.size(Path("f")),
        lambda ftp: ftp.delete(["f"]),
        lambda ftp: ftp.rename("f", 5),
        lambda ftp: ftp.rename(5, "g"),
        lambda ftp: ftp.nlst(5),
        lambda ftp: ftp.nlst([bytearray(b"d")]),
        lambda ftp: ftp.dir(["d", 5]),
        lambda ftp: ftp.dir(callback=5),
        lambda ftp: ftp.sendcmd(bytearray(b"NOOP")),
        lambda ftp: ftp.voidcmd(5),
        lambda ftp: ftp.retrbinary("RETR f", None),
        lambda ftp: ftp.retrbinary("RETR f", "callback"),
        lambda ftp: ftp.retrlines("RETR f", 5),
        lambda ftp: ftp.storbinary("STOR f", io.BytesIO(), 1, 5),
        lambda ftp: ftp.storlines("STOR f", io.BytesIO(), 5),
        lambda ftp: ftp.cwd(),
        lambda ftp: ftp.rename("f"),
        lambda ftp: ftp.retrbinary("RETR f"),
        lambda ftp: ftp.storbinary("STOR f"),
        lambda ftp: ftp.set_pasv(),
        lambda ftp: ftp.pwd("/"),
    ],
)
def test_wrong_arguments_are_a_type_error_and_send_nothing(
    call: Callable[[Any], object], talk: Talk
) -> None:
    ftp, server = talk(answer("NOOP"))
    with pytest.raises(TypeError):
        call(ftp)
    ftp.voidcmd("NOOP")
    assert commands(server) == ["NOOP"]


# Arguments that would break out of their line


@pytest.mark.parametrize("character", ["\r", "\n", "\0", "\r\n"], ids=repr)
@pytest.mark.parametrize(
    "call",
    [
        lambda ftp, name: ftp.sendcmd(name),
        lambda ftp, name: ftp.voidcmd(name),
        lambda ftp, name: ftp.putcmd(name),
        lambda ftp, name: ftp.putline(name),
        lambda ftp, name: ftp.login(name),
        lambda ftp, name: ftp.acct(name),
        lambda ftp, name: ftp.cwd(name),
        lambda ftp, name: ftp.mkd(name),
        lambda ftp, name: ftp.rmd(name),
        lambda ftp, name: ftp.size(name),
        lambda ftp, name: ftp.delete(name),
        lambda ftp, name: ftp.rename(name, "new"),
        lambda ftp, name: ftp.rename("old", name),
        lambda ftp, name: next(ftp.mlsd(facts=[name])),
    ],
)
def test_a_line_end_or_a_nul_in_an_argument_is_refused_before_anything_is_sent(
    call: Callable[[FTP, str], object], character: str, talk: Talk
) -> None:
    ftp, server = talk(answer("SYST"))
    with pytest.raises(ValueError, match="illegal") as caught:
        call(ftp, f"name{character}DELE precious")
    assert type(caught.value) is ValueError
    ftp.sendcmd("SYST")
    assert commands(server) == ["SYST"]


@pytest.mark.parametrize(
    "call",
    [
        lambda ftp, name: ftp.nlst(name),
        lambda ftp, name: ftp.dir(name),
        lambda ftp, name: ftp.retrlines(f"RETR {name}"),
        lambda ftp, name: ftp.retrbinary(f"RETR {name}", print),
        lambda ftp, name: ftp.storbinary(f"STOR {name}", io.BytesIO(b"x")),
        lambda ftp, name: ftp.storlines(f"STOR {name}", io.BytesIO(b"x")),
        lambda ftp, name: ftp.transfercmd(f"RETR {name}"),
        lambda ftp, name: next(ftp.mlsd(name)),
    ],
)
def test_a_line_end_in_a_transfers_name_is_refused_and_the_session_goes_on(
    call: Callable[[FTP, str], object], ftp: FTP, directory: Directory
) -> None:
    directory.put("precious", b"x")
    with pytest.raises(ValueError, match="illegal newline"):
        call(ftp, "name\r\nDELE precious")
    assert ftp.pwd() == directory.path
    assert directory.names() == ["precious"]


def test_a_command_that_is_too_long_is_refused_before_it_is_sent(
    ftp: FTP, directory: Directory
) -> None:
    with pytest.raises(Error, match="too long"):
        ftp.cwd("x" * 2043)
    assert ftp.pwd() == directory.path


def test_commands_and_replies_of_every_length(talk: Talk) -> None:
    lengths = [10, 982, 983, 984, 985, 989, 990, 991, 992, 1500, 10, 2030, 10]
    replies = [f'257 "/{"r" * length}" is here.' for length in lengths]
    ftp, server = talk(
        *(answer("NOOP", reply) for reply in replies), *(answer("PWD", reply) for reply in replies)
    )
    for length, reply in zip(lengths, replies, strict=True):
        assert ftp.voidcmd(f"NOOP {'c' * length}") == reply
    assert commands(server) == [f"NOOP {'c' * length}" for length in lengths]
    for length in lengths:
        assert ftp.pwd() == f"/{'r' * length}"


def test_a_path_that_is_said_again_is_the_same(talk: Talk) -> None:
    paths = ["/a", "/a", "/b", "/a"]
    ftp, _ = talk(*(answer("PWD", f'257 "{path}"') for path in paths))
    assert [ftp.pwd() for _ in paths] == paths


# Listings


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), [*NAMES, "inner"]),
        (([],), [*NAMES, "inner"]),
        (("inner",), ["inner/deep"]),
        ((["inner"],), ["inner/deep"]),
        ((("inner",),), ["inner/deep"]),
        (("nowhere",), []),
    ],
    ids=repr,
)
def test_nlst_is_a_list_of_names(
    arguments: tuple[Any, ...], expected: list[str], ftp: FTP, full: Directory
) -> None:
    names = ftp.nlst(*arguments)
    assert sorted(names) == expected
    assert type(names) is list
    assert {type(name) for name in names} <= {str}, "no subclass of str"
    assert ftp.pwd() == full.path


def test_dir_prints_the_lines_and_returns_them(
    ftp: FTP, full: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ftp.dir()
    assert [line.split(maxsplit=8)[8] for line in sorted(lines, key=lambda line: line[55:])] == [
        *NAMES,
        "inner",
    ]
    assert sum(line.startswith("-rw-r--r--") for line in lines) == len(NAMES)
    assert sum(line.startswith("drwx") for line in lines) == 1
    assert {type(line) for line in lines} == {str}, "no subclass of str"
    assert capsys.readouterr().out == "".join(line + "\n" for line in lines)
    assert ftp.pwd() == full.path


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    "argument", ["inner", ["inner"], ("inner",)], ids=lambda value: type(value).__name__
)
def test_dir_takes_a_string_or_a_list(
    argument: Any, ftp: FTP, capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = ftp.dir(argument)
    assert line.endswith(" deep")
    assert capsys.readouterr().out == line + "\n"


def test_dir_of_an_empty_directory(ftp: FTP, capsys: pytest.CaptureFixture[str]) -> None:
    assert ftp.dir() == []
    assert ftp.nlst() == []
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "call",
    [
        lambda ftp, callback: ftp.dir(callback),
        lambda ftp, callback: ftp.dir("", callback),
        lambda ftp, callback: ftp.dir(callback=callback),
        lambda ftp, callback: ftp.dir([], callback=callback),
        lambda ftp, callback: ftp.dir(".", callback),
        lambda ftp, callback: ftp.dir(["."], callback),
    ],
)
def test_dir_hands_the_lines_to_a_callback_and_prints_nothing(
    call: Callable[[FTP, Callable[[str], object]], list[str]],
    ftp: FTP,
    full: Directory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    received: list[str] = []
    lines = call(ftp, received.append)
    assert len(received) == len(NAMES) + 1
    assert received == lines
    assert b"".join(received) == "".join(line + "\n" for line in lines).encode()  # type: ignore[arg-type]
    assert capsys.readouterr().out == ""
    assert ftp.pwd() == full.path


def test_print_goes_through_sys_stdout(ftp: FTP, full: Directory) -> None:
    with redirect_stdout(io.StringIO()) as out:
        lines = ftp.dir()
        ftp.retrlines("NLST inner")
        ftp.set_debuglevel(1)
        ftp.voidcmd("NOOP")
    assert out.getvalue() == "".join(
        [*(line + "\n" for line in lines), "inner/deep\n", "*cmd* 'NOOP'\n*resp* '200 NOOP ok.'\n"]
    )
    assert full.names() == [*NAMES, "inner"]


@pytest.mark.parametrize(
    ("call", "command"),
    [
        (lambda ftp: ftp.nlst(), "NLST"),
        (lambda ftp: ftp.nlst("d e"), "NLST d e"),
        (lambda ftp: ftp.nlst("-a", "d"), "NLST -a d"),
        (lambda ftp: ftp.nlst(["-a", "d"]), "NLST -a d"),
        (lambda ftp: ftp.dir(), "LIST"),
        (lambda ftp: ftp.dir(""), "LIST"),
        (lambda ftp: ftp.dir("-a", "d"), "LIST -a d"),
        (lambda ftp: ftp.dir(["-a", "d"]), "LIST -a d"),
        (lambda ftp: ftp.dir("d", None), "LIST d"),
        (lambda ftp: ftp.dir("d", callback=None), "LIST d"),
        (lambda ftp: list(ftp.mlsd()), "MLSD"),
        (lambda ftp: list(ftp.mlsd("d e")), "MLSD d e"),
        (lambda ftp: list(ftp.mlsd(path="d")), "MLSD d"),
    ],
)
def test_the_command_of_a_listing(call: Callable[[FTP], object], command: str, talk: Talk) -> None:
    verb = command.split()[0]
    ftp, server = talk(answer("TYPE"), passive(), *download(b"", verb=verb))
    call(ftp)
    assert commands(server) == ["TYPE A", "PASV", command]


def test_a_listing_that_is_refused_is_an_error(talk: Talk) -> None:
    ftp, _ = talk(answer("TYPE"), passive(), answer("NLST", "550 No files found."), answer("NOOP"))
    with pytest.raises(error_perm, match=r"^550 No files found\.$"):
        ftp.nlst()
    assert ftp.voidcmd("NOOP").startswith("200")


# mlsd


@pytest.fixture(scope="module")
def proftpd() -> Iterator[Server]:
    servers = importlib.import_module("servers")
    with servers.start("proftpd") as server:
        yield server


def test_mlsd_gives_names_and_facts(proftpd: Server) -> None:
    (proftpd.root / "d").mkdir()
    (proftpd.root / "d/f ü").write_bytes(b"12345")
    (proftpd.root / "d/inner").mkdir()
    proftpd.adopt(proftpd.root)
    with FTP(proftpd.host, proftpd.port, proftpd.user, proftpd.password, timeout=20) as ftp:
        entries = dict(ftp.mlsd("d", ["type", "size"]))
        assert entries["f ü"] == {"type": "file", "size": "5"}
        assert entries["inner"] == {"type": "dir"}
        assert entries.keys() == {".", "..", "f ü", "inner"}
        assert entries["."] == {"type": "cdir"}
        ftp.cwd("d")
        assert set(dict(ftp.mlsd(facts=["modify"]))["inner"]) == {"modify"}


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("type=file;size=5; name", ("name", {"type": "file", "size": "5"})),
        ("Type=File;SIZE=5; Name", ("Name", {"type": "File", "size": "5"})),
        ("type=file;  two  blanks ", (" two  blanks ", {"type": "file"})),
        ("type=file; a;b=c", ("a;b=c", {"type": "file"})),
        ("perm=a=b; n", ("n", {"perm": "a=b"})),
        ("size=; n", ("n", {"size": ""})),
        ("type=file;size=5 n", ("n", {"type": "file", "size": "5"})),
        ("type=file;x n", ("n", {"type": "file", "x": ""})),
        (" n", ("n", {"": ""})),
        ("type=file; ü €", ("ü €", {"type": "file"})),
    ],
)
def test_a_line_of_mlsd(line: str, entry: tuple[str, dict[str, str]], talk: Talk) -> None:
    content = f"{line}\r\n".encode()
    ftp, _ = talk(answer("TYPE"), passive(), *download(content, verb="MLSD"))
    assert list(ftp.mlsd()) == [entry]


def test_mlsd_asks_at_the_first_step_and_for_the_facts(talk: Talk) -> None:
    listing = download(b"type=file; n\r\n", verb="MLSD")
    ftp, server = talk(answer("NOOP"), answer("OPTS"), answer("TYPE"), passive(), *listing)
    entries = ftp.mlsd(facts=["type", "size"])
    assert iter(entries) is entries
    ftp.voidcmd("NOOP")
    assert next(entries) == ("n", {"type": "file"})
    with pytest.raises(StopIteration):
        next(entries)
    assert commands(server) == ["NOOP", "OPTS MLST type;size;", "TYPE A", "PASV", "MLSD"]


def test_the_entries_of_mlsd_are_plain_strings(talk: Talk) -> None:
    ftp, _ = talk(answer("TYPE"), passive(), *download(b"a=b; n\r\n", verb="MLSD"))
    ((name, facts),) = ftp.mlsd()
    assert [type(text) for text in (name, *facts, *facts.values())] == [str, str, str]


def entry_of(line: str) -> tuple[str, dict[str, str]]:
    """The entry of a line by another reading than the client's."""
    facts, _, name = line.partition(" ")
    pairs = [fact.partition("=") for fact in facts.removesuffix(";").split(";") if facts]
    return name, {key.lower(): value for key, _, value in pairs} or {"": ""}


MIXED = [
    "type=file;size=5;modify=20260101000000; a",
    "type=file;size=5;modify=20260101000000; a",
    "type=file;size=;modify=20260101000000; b",
    "type=dir;modify=20260101000000; b",
    "type=file;size=55;modify=20260101000001; c c",
    "Type=file;Size=55;Modify=20260101000001; c c",
    "type=file;modify=20260101000001;size=55; another order",
    "type=file;size=55;modify=20260101000001;perm=r; one more",
    "type=file;size=55; one less",
    "size=1;size=2; twice",
    "size=3;size=2; twice",
    "type=a=b;size==;modify=ü; ü",
    "type;size=5; no value",
    "type=file;size=5 no last semicolon",
    "type=file;size=5; ",
    "type=file;size=5;",
    "a=;b=;c=; empty",
    "a=;b=1;c=; empty",
    " no facts",
    "",
    ";; empty facts",
    "=; empty key",
]


@pytest.mark.parametrize("seed", range(4))
def test_lines_of_mlsd_do_not_depend_on_those_before(seed: int, talk: Talk) -> None:
    chosen = random.Random(seed)
    lines = MIXED * 3 + chosen.choices(MIXED, k=3000)
    content = "".join(f"{line}\r\n" for line in lines).encode()
    ftp, _ = talk(answer("TYPE"), passive(), *download(content, verb="MLSD"))
    entries = []
    for name, facts in ftp.mlsd():
        entries.append((name, facts.copy()))
        # A script may do with its dictionary what it likes.
        facts.update(type="changed", new="fact")
    assert entries == [entry_of(line) for line in lines]
    assert [list(facts) for _, facts in entries] == [list(entry_of(line)[1]) for line in lines]


def test_the_entries_of_a_long_mlsd_have_dictionaries_of_their_own(talk: Talk) -> None:
    lines = [f"type=file;size={number % 7}; {number}" for number in range(30_000)]
    content = "".join(f"{line}\r\n" for line in lines).encode()
    ftp, _ = talk(answer("TYPE"), passive(), *download(content, verb="MLSD"))
    entries = list(ftp.mlsd())
    assert entries == [entry_of(line) for line in lines]
    assert len({id(facts) for _, facts in entries}) == len(lines)


def test_a_finalizer_may_take_an_entry_of_mlsd(talk: Talk) -> None:
    lines = [f"type=file;size={number}; {number}" for number in range(600)]
    content = "".join(f"{line}\r\n" for line in lines).encode()
    ftp, _ = talk(answer("TYPE"), passive(), *download(content, verb="MLSD"))
    listing = ftp.mlsd()
    seen = [next(listing)]

    class Cycle:
        """Garbage that takes an entry when it is collected."""

        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            seen.extend(itertools.islice(listing, 1))

    before = gc.get_threshold()
    gc.set_threshold(1)
    try:
        while (entry := next(listing, None)) is not None:
            seen.append(entry)
            Cycle()
    finally:
        gc.set_threshold(*before)
        gc.collect()
    assert sorted(seen) == sorted(entry_of(line) for line in lines)


@pytest.mark.parametrize("enabled", [True, False])
def test_mlsd_leaves_the_garbage_collector_as_it_is(enabled: bool, talk: Talk) -> None:
    ftp, _ = talk(answer("TYPE"), passive(), *download(b"type=file; n\r\n", verb="MLSD"))
    try:
        (gc.enable if enabled else gc.disable)()
        assert list(ftp.mlsd()) == [("n", {"type": "file"})]
        assert gc.isenabled() == enabled
    finally:
        gc.enable()


# In the caller's own words


def test_a_directory_of_many_files_can_be_listed_by_status(ftp: FTP, directory: Directory) -> None:
    for number in range(1500):
        (directory.local / f"file{number:04}").touch()
    lines = ftp.sendcmd(f"STAT {directory.path}").split("\n")
    assert sum(line.endswith(".") or "file" in line for line in lines) >= 1500
    assert ftp.pwd() == directory.path


def test_sendcmd_returns_any_reply_and_joins_its_lines(ftp: FTP) -> None:
    assert ftp.sendcmd("SYST") == "215 UNIX Type: L8"
    assert ftp.sendcmd("REST 5") == "350 Restart position accepted (5)."
    assert ftp.sendcmd("FEAT") == (
        "211-Features:\n EPRT\n EPSV\n MDTM\n PASV\n REST STREAM\n SIZE\n TVFS\n211 End"
    )


def test_voidcmd_returns_a_2yz_reply_alone(ftp: FTP, directory: Directory) -> None:
    assert ftp.voidcmd("NOOP") == "200 NOOP ok."
    with pytest.raises(error_reply) as caught:
        ftp.voidcmd("REST 5")
    assert caught.value.args == ("350 Restart position accepted (5).",)
    assert ftp.pwd() == directory.path


def test_putcmd_and_getresp_are_the_halves_of_sendcmd(ftp: FTP) -> None:
    ftp.putcmd("SYST")
    assert ftp.getresp() == "215 UNIX Type: L8"
    ftp.putline("NOOP")
    assert ftp.voidresp() == "200 NOOP ok."
    ftp.putcmd("FEAT")
    assert ftp.getmultiline().endswith("\n211 End")
    ftp.putcmd("NOOP")
    assert ftp.getline() == "200 NOOP ok."


def test_getresp_keeps_the_code_in_lastresp(ftp: FTP) -> None:
    ftp.sendcmd("SYST")
    assert ftp.lastresp == "215"
    with pytest.raises(error_perm):
        ftp.cwd("nowhere")
    assert ftp.lastresp == "550"


def test_acct_sends_the_account(talk: Talk) -> None:
    ftp, server = talk(answer("ACCT", "230 Fine."))
    assert ftp.acct("my account") == "230 Fine."
    assert ftp.lastresp == "230"
    assert commands(server) == ["ACCT my account"]


def test_a_reply_for_now_is_an_error_temp(talk: Talk) -> None:
    ftp, _ = talk(answer("MKD", "450 Later."))
    with pytest.raises(error_temp, match=r"^450 Later\.$"):
        ftp.mkd("d")


def test_abort_without_a_transfer_returns_the_reply(ftp: FTP, directory: Directory) -> None:
    assert ftp.abort() == "225 No transfer to ABOR."
    assert ftp.pwd() == directory.path


@pytest.mark.parametrize("name", ["connect", "mlsd", "storbinary", "retrlines", "FTP"])
def test_every_method_documents_itself(name: str, client: ModuleType) -> None:
    thing = client.FTP if name == "FTP" else getattr(client.FTP, name)
    assert len(thing.__doc__.splitlines()) >= 3
