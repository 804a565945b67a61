"""`python3 -m usr.ftplib get|put|ls|sync`, and the same in ftpy: what a shell sees of it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pexpect
import pytest
import realservers
from conftest import (
    LOGIN,
    Conversation,
    Directory,
    Interpreter,
    ScriptedServer,
    answer,
    cut,
    download,
    end_data,
    passive,
    send,
    stall,
)
from fileserver import Fault, Files, serve
from scripted_tls import certificates, cut_data, data_of, data_secured, secured
from waiting import is_asleep, until

CONTENT = bytes(range(256)) * 40 + b"\r\n\n"


class Program:
    """The module as a program, in a folder and a home of the test's own."""

    def __init__(self, interpreter: Interpreter, folder: Path) -> None:
        self._interpreter = interpreter
        self.folder = folder

    @property
    def environment(self) -> dict[str, str]:
        own = {"HOME": str(self.folder), "PATH": os.environ["PATH"], "PYTHONUTF8": "1"}
        return own | dict(self._interpreter.environment)

    def command(self, *words: str) -> list[str]:
        return [str(self._interpreter.program), "-W", "error", "-m", "usr.ftplib", *words]

    def start_for_ctrl_c(self, *words: str) -> subprocess.Popen[bytes]:
        """Begins, and does not ignore SIGINT, whatever this process does."""
        return subprocess.Popen(
            self.command(*words),
            cwd=self.folder,
            env=self.environment,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def shell(self, line: str, *words: str) -> tuple[str, str]:
        """What a line of bash says on both outputs; `$P` is the program, `$1` the first word."""
        done = subprocess.run(
            ["bash", "-c", line, "bash", *words],
            cwd=self.folder,
            env=self.environment | {"P": " ".join(self.command())},
            capture_output=True,
            timeout=60,
        )
        return done.stdout.decode(), done.stderr.decode()

    def __call__(self, *words: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
        """Exit status, standard output, standard error."""
        done = subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr.decode()


@pytest.fixture
def program(interpreter: Interpreter, tmp_path: Path) -> Program:
    return Program(interpreter, tmp_path)


@pytest.fixture
def url(directory: Directory) -> str:
    """The URL of the test's directory, with a slash at its end."""
    server = directory.server
    where = f"{server.user}:{quote(server.password)}@{server.host}:{server.port}"
    return f"ftp://{where}{directory.path}/"


def shown(url: str) -> str:
    head, _, tail = url.rpartition("@")
    return head.rpartition(":")[0] + "@" + tail


# get


def test_get_fetches_a_file_without_a_word(
    program: Program, directory: Directory, url: str
) -> None:
    directory.put("a b.bin", CONTENT)
    assert program("get", url + "a%20b.bin") == (0, b"", "")
    assert (program.folder / "a b.bin").read_bytes() == CONTENT
    assert os.listdir(program.folder) == ["a b.bin"]


def test_get_to_a_name_a_folder_and_standard_output(
    program: Program, directory: Directory, url: str
) -> None:
    directory.put("f", CONTENT)
    directory.put("g", b"g")
    assert program("get", "-o", "other", url + "f")[0] == 0
    assert (program.folder / "other").read_bytes() == CONTENT
    (program.folder / "sub").mkdir()
    assert program("get", "-o", "sub", url + "f", url + "g")[0] == 0
    assert sorted(os.listdir(program.folder / "sub")) == ["f", "g"]
    assert program("get", "-o", "-", url + "f", url + "g") == (0, CONTENT + b"g", "")


def test_get_text(program: Program, directory: Directory, url: str) -> None:
    directory.put("lines.txt", b"one\r\ntwo\r\n")
    assert program("get", "-o", "-", url + "lines.txt;type=a") == (0, b"one\ntwo\n", "")


def test_get_of_names_that_are_no_file_here(program: Program, url: str) -> None:
    for word in ("", "..", "%2E%2E", "%2Fetc"):
        status, _, errors = program("get", url + word)
        assert (status, "say with -o" in errors) == (1, True), word
    assert os.listdir(program.folder) == []


def test_get_of_several_needs_a_folder(program: Program, url: str) -> None:
    status, _, errors = program("get", "-o", "x", url + "f", url + "g")
    assert (status, errors) == (1, "ftplib: x: is no directory, for several files\n")


def test_get_of_several_trees_keeps_them_apart(
    program: Program, directory: Directory, url: str
) -> None:
    for name in ("a", "b"):
        (directory.local / name).mkdir()
        directory.put(f"{name}/f", name.encode())
    directory.server.adopt(directory.local)
    (program.folder / "to").mkdir()
    (program.folder / "to/f").write_bytes(b"mine")
    assert program("get", "-r", "-q", "-o", "to", url + "a", url + "b") == (0, b"", "")
    files = {name: (program.folder / "to" / name).read_bytes() for name in ("f", "a/f", "b/f")}
    assert files == {"f": b"mine", "a/f": b"a", "b/f": b"b"}
    assert program("get", "-r", "-q", "-o", "to", url + "a/", url + "b/") == (0, b"", "")
    assert sorted(os.listdir(program.folder / "to")) == ["a", "b", "f"]
    assert program("get", "-r", "-q", "-o", "to", url + "a")[0] == 0
    assert (program.folder / "to/f").read_bytes() == b"a"


def test_get_shows_a_meter_when_asked_and_not_when_quiet(
    program: Program, directory: Directory, url: str
) -> None:
    directory.put("f", bytes(2048))
    _, _, errors = program("get", "--progress", url + "f")
    assert errors.startswith("f: transfer of 2.0 KiB\nf: 2.0 KiB in 0:0")
    assert program("get", "--progress", "-q", url + "f") == (0, b"", "")


def test_get_on_a_terminal_draws_the_meter(
    program: Program, directory: Directory, url: str
) -> None:
    directory.put("f", bytes(2048))
    first, *words = program.command("get", url + "f")
    child = pexpect.spawn(
        first, words, cwd=str(program.folder), env=program.environment, encoding="utf-8", timeout=30
    )
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "f: 2.0 KiB in 0:0" in (child.before or "")


def test_get_r_fetches_a_tree(program: Program, directory: Directory, url: str) -> None:
    (directory.local / "t/inner").mkdir(parents=True)
    (directory.local / "t/inner/f").write_bytes(CONTENT)
    (directory.local / "t/g.log").write_bytes(b"g")
    directory.server.adopt(directory.local / "t")
    status, output, errors = program("get", "-r", "--exclude", "*.log", url + "t")
    assert (status, errors) == (0, "")
    assert output == f"1 file transferred ({len(CONTENT)} bytes), 0 unchanged, 0 deleted\n".encode()
    assert (program.folder / "t/inner/f").read_bytes() == CONTENT
    assert not (program.folder / "t/g.log").exists()


def test_of_two_urls_with_one_name_the_first_stays(
    program: Program, directory: Directory, url: str
) -> None:
    for name in ("a", "b"):
        (directory.local / name / "t").mkdir(parents=True)
        (directory.local / name / "f").write_bytes(name.encode())
        (directory.local / name / "t/g").write_bytes(name.encode())
    directory.server.adopt(directory.local)
    (program.folder / "to").mkdir()
    (program.folder / "to/link").symlink_to("f")
    for words, place in (
        (["a/f", "b/f"], "f"),
        (["-o", "to", "a/f", "b/f"], "to/f"),
        (["-r", "a/t", "b/t"], "t"),
    ):
        urls = [url + word if "/" in word else word for word in words]
        status, _, errors = program("get", "-q", *urls)
        first, second = (shown(word) for word in urls[-2:])
        where = program.folder / place
        line = f"ftplib: {second}: will not overwrite {where}, just made from {first}\n"
        assert (status, errors) == (1, line)
    assert (program.folder / "f").read_bytes() == b"a"
    assert (program.folder / "to/f").read_bytes() == b"a"
    assert (program.folder / "t/g").read_bytes() == b"a"
    # What has failed is in nobody's way; and what lay there before is replaced.
    status, _, errors = program("get", "-o", "to", url + "no/f", url + "b/f")
    assert (status, errors.count("\n")) == (1, 1)
    assert (program.folder / "to/f").read_bytes() == b"b"
    assert program("get", "-o", "-", url + "a/f", url + "b/f") == (0, b"ab", "")


@pytest.mark.parametrize("kind", ["", ";type=a"])
def test_get_to_what_is_open_already(
    program: Program, directory: Directory, url: str, kind: str
) -> None:
    content = b"x" * 99 + b"\n"
    content *= 10_000
    directory.put("f", content)
    for line in (
        "$P get -o /dev/stdout $1 | cat >out",
        "$P get -o >(cat >out) $1; wait $!",
        "$P get -o /proc/self/fd/3 $1 3> >(cat >out); wait $!",
        "yes | head -c 2000000 >out; $P get -o /dev/stdout $1 >>out",
        "yes | head -c 2000000 >out; $P get -o /dev/fd/3 $1 3<>out",
        "exec 3<>out 4<out; rm out; $P get -o /dev/fd/3 $1; cat <&4 >out",
        "ln -s /dev/stdout link; $P get -o link $1 >out; test -L link && rm link",
    ):
        output, errors = program.shell(f"set -o pipefail; {line}; echo $?", f"{url}f{kind}")
        assert (output, errors) == ("0\n", ""), line
        assert (program.folder / "out").read_bytes() == content, line
        assert os.listdir(program.folder) == ["out"]
        (program.folder / "out").unlink()


# put


def test_put(program: Program, directory: Directory, url: str) -> None:
    (program.folder / "f").write_bytes(CONTENT)
    (program.folder / "g").write_bytes(b"g")
    assert program("put", "f", url + "as%20this") == (0, b"", "")
    assert program("put", "f", "g", url) == (0, b"", "")
    assert program("put", "-", url + "stdin", stdin=CONTENT) == (0, b"", "")
    assert directory.names() == ["as this", "f", "g", "stdin"]
    assert directory.read("as this") == directory.read("stdin") == CONTENT


def test_what_fails_does_not_keep_the_rest_from_its_turn(
    program: Program, directory: Directory, url: str
) -> None:
    directory.put("a", b"a")
    directory.put("b", b"b")
    status, output, errors = program("get", url + "a", url + "no", url + "b", "-o", ".")
    assert (status, output, errors.count("\n")) == (1, b"", 1)
    assert errors.startswith(f"ftplib: {shown(url)}no: 550 ")
    assert (program.folder / "a").read_bytes() == b"a"
    assert (program.folder / "b").read_bytes() == b"b"
    status, output, errors = program("ls", url + "a", url + "no", url + "b")
    assert (status, output, errors.count("\n")) == (1, b"a\nb\n", 1)
    status, output, errors = program("put", "a", "no", "b", url + "sub/")
    assert (status, output, errors.count("\n")) == (1, b"", 3)
    (directory.local / "sub").mkdir()
    directory.server.adopt(directory.local / "sub")
    status, output, errors = program("put", "a", "no", "b", url + "sub/")
    assert (status, output, errors.count("\n")) == (1, b"", 1)
    assert directory.read("sub/a") + directory.read("sub/b") == b"ab"


def test_after_a_lost_connection_the_rest_gets_a_new_one(
    program: Program, scripted: Callable[..., ScriptedServer]
) -> None:
    lost = [*LOGIN, answer("TYPE"), passive(), answer("RETR", "150 Here."), end_data(), cut()]
    whole = [*LOGIN, answer("TYPE"), passive(), *download(b"b")]
    server = scripted(lost, whole)
    where = f"ftp://u:p@{server.host}:{server.port}"
    status, output, errors = program("get", "-o", "-", where + "/a", where + "/b")
    assert (status, output, errors.count("\n")) == (1, b"b", 1)
    assert errors.startswith(f"ftplib: {shown(where)}/a: ")


def test_put_needs_to_know_where(program: Program, url: str) -> None:
    assert program("put", "a", "b", url + "name")[2].endswith("with a slash, for several files\n")
    assert "needs a name" in program("put", "-", url)[2]
    status, _, errors = program("put", url + "f", url)
    assert (status, "is a URL; FILE is here" in errors) == (2, True)
    status, _, errors = program("put", "missing", url)
    assert status == 1
    assert errors.startswith(f"ftplib: {shown(url)}missing: [Errno 2] ")
    assert errors.count("\n") == 1


def test_put_r_stores_a_tree_and_makes_what_is_above(
    program: Program, directory: Directory, url: str
) -> None:
    (program.folder / "t/inner").mkdir(parents=True)
    (program.folder / "t/inner/f").write_bytes(CONTENT)
    assert program("put", "-r", "t", url + "far/away/")[0] == 0
    assert directory.read("far/away/t/inner/f") == CONTENT


def test_put_r_of_a_folder_without_a_name_stores_what_is_in_it(
    program: Program, directory: Directory, url: str
) -> None:
    (program.folder / "t/inner").mkdir(parents=True)
    (program.folder / "t/f").write_bytes(b"t")
    for number, word in enumerate(["t/.", "t/inner/..", "t/inner/../"]):
        assert program("put", "-r", word, f"{url}far/{number}/")[0] == 0
        assert directory.read(f"far/{number}/f") == b"t"
    output, errors = program.shell("cd t/inner; $P put -q -r .. $1; echo $?", url)
    assert (output, errors) == ("0\n", "")
    output, errors = program.shell("cd t/inner; $P put -q -r ../ $1sub/; echo $?", url)
    assert (output, errors) == ("0\n", "")
    assert directory.names() == ["f", "far", "inner", "sub"]
    assert os.listdir(directory.local / "sub/inner") == []
    for word in ("..", "t/.", "/", ""):
        status, _, errors = program("put", word, url)
        line = f"ftplib: {word!r} names no file; -r stores what is in a folder\n"
        assert (status, errors) == (1, line)


def test_of_two_files_with_one_name_the_first_stays(
    program: Program, directory: Directory, url: str
) -> None:
    for name in ("a", "b"):
        (program.folder / name / "t").mkdir(parents=True)
        (program.folder / name / "f").write_bytes(name.encode())
        (program.folder / name / "t/g").write_bytes(name.encode())
    directory.put("f", b"old")
    for words, place in (
        (["a/f", "b/f"], "f"),
        (["-r", "a/t", "b/t/"], "t"),
        (["-r", "a/.", "b/."], ""),
    ):
        status, _, errors = program("put", "-q", *words, url)
        first, second = words[-2:]
        where = shown(url) + place
        line = f"ftplib: {second}: will not overwrite {where}, just made from {first}\n"
        assert (status, errors) == (1, line)
    assert directory.read("f") + directory.read("t/g") == b"aa"
    status, _, errors = program("put", "no/f", "b/f", url)
    assert (status, errors.count("\n"), directory.read("f")) == (1, 1, b"b")


def test_a_file_whose_name_is_no_utf_8(program: Program, directory: Directory, url: str) -> None:
    name = os.fsdecode(b"caf\xe9")
    (program.folder / name).write_bytes(b"x")
    status, _, errors = program("put", "missing", name, url)
    assert (status, errors.count("\n")) == (1, 1)
    assert directory.names() == [name]


def test_an_empty_name_is_no_folder(program: Program, directory: Directory, url: str) -> None:
    """As where a variable of a shell's is not set."""
    directory.put("theirs", b"x")
    (program.folder / "ours").write_bytes(b"x")
    for words in (
        ("sync", "--delete", url, ""),
        ("sync", "--delete", "-n", url, ""),
        ("sync", "--delete", "", url),
        ("get", "-r", "-o", "", url),
        ("put", "-r", "", url),
        ("put", "", url + "f"),
    ):
        status, output, errors = program(*words)
        assert (status, output, "No such file" in errors) == (1, b"", True), (words, errors)
    assert directory.names() == ["theirs"]
    assert [path.name for path in program.folder.iterdir()] == ["ours"]


@pytest.mark.parametrize("option", ["-n", "--include=*.log", "--exclude=*.log"])
def test_what_is_for_trees_needs_r(
    program: Program, directory: Directory, url: str, option: str
) -> None:
    directory.put("f", b"theirs")
    (program.folder / "f").write_bytes(b"ours")
    for words in (("get", option, url + "f"), ("put", option, "f", url)):
        status, _, errors = program(*words)
        assert (status, "need -r" in errors) == (2, True)
    assert directory.read("f") == b"theirs"
    assert (program.folder / "f").read_bytes() == b"ours"
    assert program("get", "-r", "--segments", "2", url)[0] == 2


def test_ls_of_a_directory_that_may_not_be_entered_fails(
    program: Program, directory: Directory, url: str
) -> None:
    """It lies in its parent, as a file does that is listed by its own name."""
    directory.put("plain", b"x")
    secret = directory.local / "secret"
    secret.mkdir(mode=0)
    assert program("ls", url + "plain")[:2] == (0, b"plain\n")
    status, output, errors = program("ls", url + "secret")
    assert (status, output) == (1, b"")
    assert "secret: 550" in errors


# put: what is there stays until the new file is whole

TEXT = b"one\ntwo\n" * 40_000
AS_SENT = TEXT.replace(b"\n", b"\r\n")


def put_to(
    program: Program, files: Files, scripted: Callable[..., ScriptedServer], line: str
) -> tuple[int, str]:
    """Runs a line that puts to `$1keep`: its exit status and what it said of errors."""
    (program.folder / "src").write_bytes(TEXT)
    server = scripted(*[[serve(files)]] * 20)
    where = f"ftp://u:p@{server.host}:{server.port}/"
    output, errors = program.shell(f"{line}; echo $?", where)
    return int(output), errors


PUTS = ["$P put - $1keep <src", "cat src | $P put - $1keep", "$P put src '$1keep;type=a'"]
PUTS = [line.replace("'$1keep;type=a'", "$1keep\\;type=a") for line in PUTS]
PUTS += ["cat src | $P put - $1keep\\;type=a"]
put_lines = pytest.mark.parametrize("line", PUTS)


def sent(line: str) -> bytes:
    return AS_SENT if "type=a" in line else TEXT


@put_lines
def test_put_of_a_stream_or_of_text(
    program: Program, scripted: Callable[..., ScriptedServer], line: str
) -> None:
    seen: set[bytes] = set()
    files = Files({"keep": b"old"}, before=lambda _, files: seen.add(files.content["keep"]))
    assert put_to(program, files, scripted, line) == (0, "")
    assert files.content == {"keep": sent(line)}
    assert seen == {b"old", sent(line)}


@put_lines
@pytest.mark.parametrize("how", ["reset", "close", "452 Full.", "552 Full.", "550 No."])
def test_what_was_there_stays_when_put_fails(
    program: Program, scripted: Callable[..., ScriptedServer], line: str, how: str
) -> None:
    files = Files({"keep": b"old"}, faults=[Fault(100_000, how)] * 20)
    status, errors = put_to(program, files, scripted, line.replace("put", "put --retries 0"))
    assert (status, errors.count("\n")) == (1, 1)
    assert files.content.pop("keep") == b"old"
    # upload() leaves its part to a lost connection.
    if "type=a" in line or how not in ("reset", "close"):
        assert files.content == {}


def test_a_line_that_is_too_long_leaves_what_was_there(
    program: Program, scripted: Callable[..., ScriptedServer]
) -> None:
    files = Files({"keep": b"old"})
    line = "head -c 9000 /dev/zero | $P put - $1keep\\;type=a"
    status, errors = put_to(program, files, scripted, line)
    assert (status, "got more than 8192 bytes" in errors) == (1, True)
    assert files.content == {"keep": b"old"}


@put_lines
def test_put_where_the_server_takes_no_hidden_names(
    program: Program, scripted: Callable[..., ScriptedServer], line: str
) -> None:
    def refuse(command: str, files: Files) -> None:
        files.refusals = {"STOR": "553 No dots."} if " ." in command else {}

    files = Files({"keep": b"old"}, before=refuse)
    assert put_to(program, files, scripted, line) == (0, "")
    assert files.content == {"keep": sent(line)}


@pytest.mark.parametrize("verb", ["RNFR", "RNTO"])
def test_put_of_text_where_the_server_does_not_rename(
    program: Program, scripted: Callable[..., ScriptedServer], verb: str
) -> None:
    files = Files({"keep": b"old"}, refusals={verb: "550 Never."})
    assert put_to(program, files, scripted, "$P put src $1keep\\;type=a") == (0, "")
    assert files.content == {"keep": AS_SENT}
    # Of what cannot be read again the server has at least that.
    files = Files({"keep": b"old"}, refusals={verb: "550 Never."})
    status, errors = put_to(program, files, scripted, "cat src | $P put - $1keep\\;type=a")
    assert files.content.pop("keep") == b"old"
    ((part, content),) = files.content.items()
    assert content == AS_SENT
    assert status == 1
    assert errors.endswith(f"keep;type=a: 550 Never.; the server has the whole file as '{part}'\n")

    # Nor where the server has emptied the old file at STOR, and can do no more then.
    def emptied(command: str, files: Files) -> None:
        if command == "STOR keep":
            files.content["keep"] = b""
            files.refusals |= {"STOR": "425 No way to you."}

    files = Files({"keep": b"old"}, refusals={verb: "550 Never."}, before=emptied)
    status, errors = put_to(program, files, scripted, "$P put src $1keep\\;type=a")
    assert (status, files.content.pop("keep")) == (1, b"")
    ((part, content),) = files.content.items()
    assert content == AS_SENT
    assert errors.endswith(f"; the server has the whole file as '{part}'\n")
    # Nor is it lost when the link is, over the old file.
    faults = [Fault(), Fault(1000, "close")]
    files = Files({"keep": b"old"}, refusals={verb: "550 Never."}, faults=faults)
    status, errors = put_to(program, files, scripted, "$P put src $1keep\\;type=a")
    assert status == 1
    del files.content["keep"]
    ((part, content),) = files.content.items()
    assert content == AS_SENT
    assert errors.endswith(f"; the server has the whole file as '{part}'\n")


def test_put_of_text_to_a_real_server(program: Program, directory: Directory, url: str) -> None:
    directory.put("keep", b"old")
    (directory.local / "sub").mkdir()
    (program.folder / "src").write_bytes(TEXT)
    long = "x" * 254 + "y"
    for name in ("keep", "%E9", long):
        assert program("put", "src", f"{url}{name};type=a") == (0, b"", "")
    status, _, errors = program("put", "src", f"{url}sub;type=a")
    assert (status, errors.count("\n")) == (1, 1)
    assert directory.names() == sorted(["keep", "sub", os.fsdecode(b"\xe9"), long])
    assert directory.read("keep").split() == TEXT.split()


# ls


def test_ls(program: Program, directory: Directory, url: str) -> None:
    directory.put("b é", b"12345")
    directory.put("a", b"")
    (directory.local / "d").mkdir()
    assert program("ls", url)[1].decode() == "a\nb é\nd\n"
    assert program("ls", url[:-1])[1].decode() == "a\nb é\nd\n"
    assert program("ls", url + "b%20%C3%A9")[1].decode() == "b é\n"
    lines = program("ls", "-l", url)[1].decode().splitlines()
    assert [line.split()[0] for line in lines] == ["file", "file", "dir"]
    assert [line.split()[1] for line in lines[:2]] == ["0", "5"]


def test_an_at_in_a_path_may_be_the_end_of_a_password(program: Program, url: str) -> None:
    user = url.split(":")[1]
    status, _, errors = program("get", f"{url}no/me@home.txt")
    assert (status, errors.count("\n")) == (1, 1)
    assert errors.startswith(f"ftplib: ftp:{user}:...@home.txt: 550 ")
    status, _, errors = program("get", f"{url}no/me%40home.txt")
    assert errors.startswith(f"ftplib: {shown(url)}no/me%40home.txt: 550 ")


# sync


def test_sync_both_ways(program: Program, directory: Directory, url: str) -> None:
    directory.put("f", CONTENT)
    directory.put("g", b"g")
    assert b"2 files transferred" in program("sync", url, "copy")[1]
    assert program("sync", url, "copy")[1].startswith(b"0 files transferred (0 bytes), 2 unchanged")
    (program.folder / "copy/g").unlink()
    (program.folder / "copy/h").write_bytes(b"h")
    dry = program("sync", "-n", "--delete", "copy", url)[1].decode()
    assert dry.splitlines()[:2] == ["copy h", "delete g"]
    assert directory.names() == ["f", "g"]
    assert (
        b"1 file transferred (1 bytes), 1 unchanged, 1 deleted"
        in program("sync", "--delete", "copy", url)[1]
    )
    assert directory.names() == ["f", "h"]


def test_a_dry_run_names_what_is_no_utf_8(program: Program, url: str) -> None:
    (program.folder / "here").mkdir()
    (program.folder / "here" / os.fsdecode(b"caf\xe9")).touch()
    done = subprocess.run(
        program.command("sync", "-n", "here", url),
        cwd=program.folder,
        env=program.environment | {"PYTHONIOENCODING": "utf-8:strict"},
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.splitlines()[0] == b"copy caf\xe9"


@pytest.mark.parametrize("path", ["/%2F", "//", "/%2Fsub", "/%2F%2F"])
def test_a_tree_goes_to_the_root_where_the_url_says_so(
    program: Program, scripted: Callable[..., ScriptedServer], path: str
) -> None:
    server = scripted([*LOGIN, answer("PWD", '257 "/home"'), passive()])
    server.forgive()
    (program.folder / "here").mkdir()
    where = f"ftp://u:p@{server.host}:{server.port}{path}"
    program("sync", "--delete", "--retries", "0", "here", where)
    assert server.heard[server.heard.index("PASV") - 1] != "", server.heard
    asked = [line for line in server.heard if line.startswith(("MLSD", "LIST", "CWD", "MKD"))]
    assert asked[:1] == [f"MLSD {'/sub' if 'sub' in path else '/'}"], server.heard


def test_a_question_mark_is_part_of_a_name(
    program: Program, directory: Directory, url: str
) -> None:
    (program.folder / "f").write_bytes(b"f")
    for name in ("what?", "what?now"):
        assert program("put", "f", url + name) == (0, b"", "")
    assert directory.names() == ["what?", "what?now"]


def test_sync_needs_one_url(program: Program, url: str) -> None:
    for words in ((url, url), ("a", "b")):
        status, _, errors = program("sync", *words)
        assert (status, "one of SOURCE and TARGET is a URL" in errors) == (2, True)


# What goes wrong


def test_help_names_everything(program: Program) -> None:
    status, output, _ = program("--help")
    assert status == 0
    for word in ("get", "put", "ls", "sync", "ftpes://", "netrc", "130", "HOST -l"):
        assert word in output.decode(), word
    for command in ("get", "put", "ls", "sync"):
        assert program(command, "--help")[0] == 0


def test_a_command_line_that_cannot_be_meant_is_status_2(program: Program, url: str) -> None:
    lines = [["get"], ["get", "http://h/f"], ["get", "--nope", url]]
    lines += [["ls", "--timeout", value, url] for value in ("0", "-1", "nan", "inf", "1e300", "x")]
    lines += [["get", "--retries", value, url + "f"] for value in ("-1", "x", "9" * 30)]
    lines += [["get", "-r", "-j", value, url] for value in ("0", "17", "x")]
    lines += [["get", "--segments", value, url + "f"] for value in ("0", "99", "")]
    wrong: tuple[str, ...] = ("h:99999/", "h:x/", "", "/f", "[::1/", "h/a\nb", "a\u2100b/")
    # What stands before it would be another file, another directory, another host.
    wrong += ("h/f#7.txt", "h/d#", "me:21#pw@h/f", "h/f;type=x")
    lines += [["ls", f"ftp://{rest}"] for rest in wrong]
    # Options stand behind their command; a host may be a URL as well.
    lines += [["-q", "get", url + "f"], ["-k", "sync", url, "x"], ["--version"], ["-x"]]
    lines += [["ftp://h:99999/"], ["-d", "ftp://h:x/", "-l"], ["http://h/"]]
    lines += [["get", "-r", "-o", "-", url], ["ls", "-k", "--cacert", "x", url]]
    lines += [["ls", "--proxy", word, url] for word in ("nonsense", "ftp://h", "https://h:1")]
    lines += [["sync", f"ftp://{rest}", "x"] for rest in wrong]
    for words in lines:
        status, output, errors = program(*words)
        assert (status, output) == (2, b""), words
        assert "error: " in errors.splitlines()[-1], words


UNUSABLE = [
    "ftp://me:s3#cret@h/",
    "ftp://me:s3/cret@h/",
    "ftp://me:s3?cret@h/",
    "ftp://me:s3cret@[::1/",
    "ftp://me:s3cret@a\u2100b/",
    "ftp://me:s3cret@h:x/",
    "ftp://me:s3@#cret@h:x/",
    "ftp://me:s3cret@h/\udcff",
    "ftp://me:s3\ncret@h/",
    "ftp://me:s3'c\"ret@h:x/",
    "http://me:s3cret@h/",
    "me:s3cret@h/",
    "me:s3://cret@h/",
    "ftp://me:s3cret",
    "ftp://me:s3cret%40h/",
]


@pytest.mark.parametrize("word", UNUSABLE, ids=ascii)
def test_a_word_with_a_password_is_shown_without_it(program: Program, word: str) -> None:
    for words in (["ls", word], ["put", "f", word], ["sync", word, "x"]):
        status, output, errors = program(*words)
        if words[0] == "sync" and not word.startswith("ftp://"):
            assert "one of SOURCE and TARGET is a URL" in errors
        else:
            assert "me" in errors
        assert (status, output) == (2, b"")
        for part in ("s3", "cret", "ret@"):
            assert part not in errors


@pytest.mark.parametrize(
    "words",
    [
        ["sync", "a", "b", "WORD"],
        ["get", "-j", "WORD", "ftp://h/"],
        ["get", "-qWORD", "ftp://h/"],
        ["get", "--quiet=WORD", "ftp://h/"],
        ["get", "--pro=WORD", "ftp://h/"],
        ["get", "ftp://h/a", "ftp://h/b", "-o", "WORD"],
        ["put", "WORD", "ftp://127.0.0.1:1/"],
        ["ls", "--cacert", "WORD", "ftpes://127.0.0.1:1/"],
        ["ls", "--netrc", "WORD", "ftp://127.0.0.1:1/"],
        ["ls", "--proxy", "WORD", "ftp://127.0.0.1:1/"],
        ["ls", "WORD"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("word", ["ftp://me:s3cret@127.0.0.1:1/", "ftp://me:s3/c'ret@h/"])
def test_a_url_in_the_wrong_place_is_shown_without_its_password(
    program: Program, words: list[str], word: str
) -> None:
    status, output, errors = program(*(each.replace("WORD", word) for each in words))
    assert status in (1, 2)
    assert output == b""
    assert errors
    for part in ("s3", "ret@"):
        assert part not in errors


def test_errors_are_one_line_with_the_url_and_no_password(
    program: Program, directory: Directory, url: str
) -> None:
    server = directory.server
    for word in ("get", "ls"):
        status, output, errors = program(word, url + "missing")
        assert (status, output) == (1, b"")
        assert errors.startswith(f"ftplib: {shown(url)}missing: 550 ")
        assert errors.count("\n") == 1
        assert server.password not in errors
    status, _, errors = program("get", url.replace(server.password, "wrong-one") + "f")
    assert (status, errors) == (1, f"ftplib: {shown(url)}f: 530 Login incorrect.\n")


def test_netrc(program: Program, directory: Directory) -> None:
    server = directory.server
    directory.put("f", CONTENT)
    netrc = program.folder / ".netrc"
    netrc.write_text(f"machine {server.host} login {server.user} password {server.password}\n")
    netrc.chmod(0o600)
    plain = f"ftp://{server.host}:{server.port}{directory.path}/f"
    assert program("get", "-o", "-", plain) == (0, CONTENT, "")
    netrc.rename(program.folder / "other")
    assert program("get", "-o", "-", "--netrc", "other", plain)[0] == 0
    assert program("get", "-o", "-", plain)[0] == 1
    (program.folder / "other").rename(netrc)
    assert "530" in program("get", "-o", "-", "--no-netrc", plain)[2]


def test_a_netrc_file_that_is_refused_is_one_line(program: Program) -> None:
    address = "ftp://u@127.0.0.1:1/"
    netrc = program.folder / ".netrc"
    netrc.write_text("machine 127.0.0.1 login u password s3cret\n")
    netrc.chmod(0o644)
    cases = {"permissi": program("ls", address)}
    netrc.chmod(0o600)
    netrc.write_text("machine 127.0.0.1 login u password my s3cret\n")
    cases["line 2"] = program("ls", address)
    cases[" line 2"] = program("ls", "--netrc", str(netrc), address)
    cases["or the one before"] = program("127.0.0.1:1", "-l")
    netrc.write_bytes(b"machine 127.0.0.1 login u password s3cret\xff\n")
    cases["UTF-8"] = program("ls", address)
    for reason, (status, output, errors) in cases.items():
        assert (status, output, errors.count("\n")) == (1, b"", 1), errors
        assert reason in errors
        assert str(netrc) in errors
        assert "s3cret" not in errors
    # A URL with a password asks for no file.
    assert "Connection refused" in program("ls", address.replace("@", ":p@"))[2]


def test_a_file_of_authorities_that_is_none_is_named(program: Program) -> None:
    (program.folder / "empty.pem").touch()
    for name in ("missing.pem", "empty.pem"):
        status, output, errors = program("ls", "--cacert", name, "ftpes://u:p@127.0.0.1:1/")
        assert (status, output, errors.count("\n")) == (1, b"", 1)
        assert errors.startswith(f"ftplib: {name}: ")


def test_tls(program: Program) -> None:
    servers = __import__("servers")
    authority = str(servers.CERTIFICATES / "ca.pem")
    for mode, scheme in (("tls", "ftpes"), ("implicit", "ftps")):
        with realservers.running("proftpd", mode) as server:
            where = f"{server.user}:{server.password}@localhost:{server.port}"
            (program.folder / "f").write_bytes(CONTENT)
            assert program("put", "--cacert", authority, "f", f"{scheme}://{where}/g")[0] == 0
            assert (server.root / "g").read_bytes() == CONTENT
            assert program("ls", "-k", f"{scheme}://{where}/") == (0, b"g\n", "")
            status, _, errors = program("ls", f"{scheme}://{where}/")
            assert (status, "certificate verify failed" in errors) == (1, True)


@pytest.mark.parametrize("kind", ["", ";type=a", ";type=i"])
def test_what_fails_leaves_the_old_file(
    program: Program, directory: Directory, url: str, kind: str
) -> None:
    directory.put("lines", b"one\r\ntwo\r\n" if kind == ";type=i" else b"one\ntwo\n")
    local = program.folder / "local"
    local.write_bytes(b"old")
    before = sorted(os.listdir(program.folder))
    assert program("get", "-o", "local", f"{url}missing{kind}")[0] == 1
    assert local.read_bytes() == b"old"
    local.chmod(0o600)
    assert program("get", "-o", "local", f"{url}lines{kind}")[0] == 0
    assert local.read_bytes().split() == [b"one", b"two"]
    assert local.stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(program.folder)) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing_of_a_text(
    program: Program, scripted: Callable[..., ScriptedServer], number: signal.Signals
) -> None:
    files = Files({"keep": b"old"}, faults=[Fault(50_000, "stall")])
    server = scripted([serve(files)])
    (program.folder / "src").write_bytes(TEXT * 100)
    process = subprocess.Popen(
        program.command("put", "src", f"ftp://u:p@{server.host}:{server.port}/keep;type=a"),
        cwd=program.folder,
        env=program.environment,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    until(lambda: any(len(each) == 50_000 for each in files.content.values()), 30)
    until(lambda: is_asleep(str(process.pid)))
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (-number, b"")
    assert files.content == {"keep": b"old"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing_of_a_small_file(
    program: Program, scripted: Callable[..., ScriptedServer], number: signal.Signals
) -> None:
    files = Files({"f": bytes(100_000)}, faults=[Fault(50_000, "stall")])
    server = scripted([serve(files)])
    process = subprocess.Popen(
        program.command("get", f"ftp://u:p@{server.host}:{server.port}/f"),
        cwd=program.folder,
        env=program.environment,
        stderr=subprocess.PIPE,
    )
    until(lambda: any(entry.stat().st_size for entry in program.folder.glob(".f.*")), 30)
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (-number, b"")
    assert not list(program.folder.glob("*f*"))


def test_ctrl_c_ends_it_as_a_shell_expects(
    program: Program, scripted: Callable[..., ScriptedServer]
) -> None:
    facts = [passive(), answer("TYPE"), answer("FEAT", "502 No."), answer("SIZE", "213 2000000")]
    facts += [answer("MDTM", "213 20240101000000")]
    # Which the refusal of FEAT has put in doubt.
    facts += [answer("TYPE")]
    transfer = [answer("RETR", "150 Here."), send(bytes(65536)), stall()]
    server = scripted([*LOGIN, *facts, *transfer], [stall()])
    server.patience = 60
    process = program.start_for_ctrl_c("get", f"ftp://u:p@{server.host}:{server.port}/f")
    until(lambda: any(word.startswith("RETR") for word in server.heard), 30)
    until(lambda: is_asleep(str(process.pid)))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT, errors
    assert b"Traceback" not in errors


def test_ctrl_c_does_not_wait_for_a_server_that_says_nothing(
    program: Program, scripted: Callable[..., ScriptedServer]
) -> None:
    server = scripted([*LOGIN, answer("CWD"), stall()])
    server.patience = 60
    process = program.start_for_ctrl_c("ls", f"ftp://u:p@{server.host}:{server.port}/d/")
    until(lambda: len(server.heard) > 2, 30)
    until(lambda: is_asleep(str(process.pid)))
    process.send_signal(signal.SIGINT)
    # To realign and to say QUIT would take 16 seconds.
    _, errors = process.communicate(timeout=8)
    assert process.returncode == -signal.SIGINT, errors


def test_a_closed_pipe_is_no_traceback(program: Program, directory: Directory, url: str) -> None:
    directory.put("f", bytes(4 << 20))
    process = subprocess.Popen(
        program.command("get", "-o", "-", url + "f"),
        cwd=program.folder,
        env=program.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.read(100)
    process.stdout.close()
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == 1


@pytest.mark.parametrize("line", ["get -o - $1f | head -c 10", "ls $1 | true"])
def test_a_reader_that_has_enough_is_no_error(
    program: Program, directory: Directory, url: str, line: str
) -> None:
    directory.put("f", bytes(4 << 20))
    for number in range(3000 if line.startswith("ls") else 0):
        (directory.local / f"{number:04}-{'x' * 40}").touch()
    output, errors = program.shell(f"$P {line} >out; echo ${{PIPESTATUS[0]}}", url)
    assert (output, errors) == ("1\n", "")


def test_closed_files_are_one_line(program: Program, directory: Directory, url: str) -> None:
    directory.put("f", CONTENT)
    for line, name in (
        ("$P get -o - $1f >&-", "output"),
        ("$P ls $1 >&-", "output"),
        ("$P put - $1g <&-", "input"),
    ):
        output, errors = program.shell(f"({line}); echo $?", url)
        assert (output, errors) == ("1\n", f"ftplib: standard {name} is closed\n"), line
    # What needs none of them does its work.
    assert program.shell("$P get $1f <&- >&- 2>&-; echo $?", url) == ("0\n", "")
    assert (program.folder / "f").read_bytes() == CONTENT
    # Errors do not go where the data does.
    for line, status in (("ls $1no", 1), ("ls ftp://h:x/", 2), ("get $1f $1no -o .", 1)):
        output, errors = program.shell(f"$P {line} 2>&-; echo $?", url)
        assert (output, errors) == (f"{status}\n", ""), line


@pytest.mark.parametrize("line", ["get -o - $1f", "ls $1", "get -o - $1f\\;type=a"])
def test_a_full_disk_behind_standard_output_is_one_line(
    program: Program, directory: Directory, url: str, line: str
) -> None:
    directory.put("f", CONTENT)
    output, errors = program.shell(f"$P {line} >/dev/full; echo $?", url)
    assert (output, errors.count("\n")) == ("1\n", 1), errors
    assert errors.startswith("ftplib: standard output: [Errno 28] ")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("line", ["get -o - $1f", "ls $1", "get -o - $1f\\;type=a"])
def test_a_disk_without_enough_room_is_one_line(
    program: Program, directory: Directory, url: str, line: str, unbuffered: str
) -> None:
    directory.put("f", b"x\n" * 20_000)
    for number in range(400 if line.startswith("ls") else 0):
        (directory.local / f"{number:04}-{'x' * 90}").touch()
    limited = f"ulimit -f 30; PYTHONUNBUFFERED={unbuffered} $P {line} >out; echo $?"
    output, errors = program.shell(limited, url)
    assert (output, errors.count("\n")) == ("1\n", 1), errors
    assert errors.startswith("ftplib: standard output: [Errno 27] ")


@pytest.mark.parametrize("kind", ["", ";type=a"])
def test_a_standard_input_that_does_not_block_is_read_to_its_end(
    program: Program, directory: Directory, url: str, kind: str
) -> None:
    source, target = os.pipe()
    os.set_blocking(source, False)
    process = subprocess.Popen(
        program.command("put", "-", f"{url}f{kind}"),
        cwd=program.folder,
        env=program.environment,
        stdin=source,
        stderr=subprocess.PIPE,
    )
    os.close(source)
    with open(target, "wb", buffering=0) as writer:
        for part in (b"one\ntw", b"o\nthree\n"):
            until(lambda: process.poll() is not None or is_asleep(str(process.pid)), 30)
            writer.write(part)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, b"")
    assert directory.read("f").split() == [b"one", b"two", b"three"]


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["get", "-o", "-"], ["ls"]], ids=" ".join)
def test_a_standard_output_that_does_not_block_gets_all(
    program: Program, directory: Directory, url: str, words: list[str], unbuffered: str
) -> None:
    directory.put("f", CONTENT * 100)
    names = [f"{number:04}-{'x' * 90}" for number in range(2000 if words == ["ls"] else 0)]
    for name in names:
        (directory.local / name).touch()
    expected = "".join(f"{name}\n" for name in [*names, "f"]).encode() if names else CONTENT * 100
    source, target = os.pipe()
    os.set_blocking(target, False)
    with open(source, "rb") as reader:
        process = subprocess.Popen(
            program.command(*words, url if names else url + "f"),
            cwd=program.folder,
            env=program.environment | {"PYTHONUNBUFFERED": unbuffered},
            stdout=target,
            stderr=subprocess.PIPE,
        )
        os.close(target)
        until(lambda: process.poll() is not None or is_asleep(str(process.pid)), 30)
        output = reader.read()
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, b"")
    assert output == expected


@pytest.mark.parametrize("words", [["ls"], ["ls", "-l"], ["get", "-o", "-"]], ids=" ".join)
def test_what_a_listing_says_does_nothing_to_a_terminal(
    program: Program, scripted: Callable[..., ScriptedServer], words: list[str]
) -> None:
    listing = b"size=\x1b[2J;type=\x1bc; a\x1b[H\r\nsize=2;type=file; a\x1b[H\r\n"
    steps = [answer("TYPE"), passive(), *download(listing, verb="MLSD"), answer("QUIT")]
    server = scripted([*LOGIN, *steps])
    where = f"ftp://u:p@{server.host}:{server.port}/{';type=d' if words[0] == 'get' else ''}"
    command, *rest = program.command(*words, where)
    process = pexpect.spawn(
        command, rest, cwd=program.folder, env=program.environment, timeout=30, encoding="utf-8"
    )
    process.expect(pexpect.EOF)
    process.close()
    output = process.before or ""
    assert (process.exitstatus, output.count("a?[H"), "\x1b" in output) == (0, 2, False), output


@pytest.mark.parametrize("words", [["get"], ["ls"], ["sync", ".", "-q"], []], ids=" ".join)
def test_what_a_server_says_does_nothing_to_a_terminal(
    program: Program, scripted: Callable[..., ScriptedServer], words: list[str]
) -> None:
    refusal = "530 \x1b]0;owned\x07\x1b[2J\u009b2Jno"
    steps = [*LOGIN[:-1], answer("PASS", refusal)]
    server = scripted(steps)
    server.forgive()
    where = f"ftp://u:p@{server.host}:{server.port}/f"
    status, output, errors = program(*words, where)
    assert (status, output) == (1, b"")
    assert errors.endswith(": 530 ?]0;owned??[2J?2Jno\n" if words else "530 ?]0;owned??[2J?2Jno\n")


def test_a_listing_that_is_cut_deletes_nothing(
    program: Program, scripted: Callable[..., ScriptedServer]
) -> None:
    def converse(conversation: Conversation) -> None:
        replies = {"AUTH": "234 Go.", "USER": "331 ?", "PWD": '257 "/"', "FEAT": "502 No."}
        conversation.say("220 Hello.")
        while True:
            verb = conversation.hear().partition(" ")[0]
            if verb in ("PASV", "EPSV"):
                port = conversation.listen()
                passive = verb == "PASV"
                where = f"(127,0,0,1,{port >> 8},{port & 255})" if passive else f"(|||{port}|)"
                conversation.say(f"{227 if passive else 229} Here {where}.")
            elif verb == "MLSD":
                conversation.say("150 Here.")
                data_secured()(conversation)
                data_of(conversation).sendall(b"type=dir; sub\r\n")
                cut_data()(conversation)
                conversation.say("226 Done.")
            else:
                conversation.say(replies.get(verb, "200 Ok."))
            if verb == "AUTH":
                secured()(conversation)

    server = scripted([converse])
    server.forgive()
    (program.folder / "here").mkdir()
    (program.folder / "here/precious").touch()
    options = ("--delete", "--retries", "0", "--cacert", str(certificates() / "ca.pem"))
    where = f"ftpes://u:p@{server.host}:{server.port}/"
    status, output, errors = program("sync", *options, where, "here")
    assert (status, output, "close_notify" in errors) == (1, b"", True), errors
    assert os.listdir(program.folder / "here") == ["precious"]


def test_the_old_command_line_is_there(program: Program, directory: Directory, url: str) -> None:
    directory.put("f", b"content")
    status, output, _ = program(url, "-l", "f")
    assert status == 0
    assert output.endswith(b"content")
