"""`download_tree`, `upload_tree`, `sync`: what differs, and nothing outside of the two trees."""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import realservers
from conftest import (
    LOGIN,
    Conversation,
    Interpreter,
    ScriptedServer,
    Step,
    answer,
    download,
    passive,
    preloaded,
    say,
    send,
)
from fileserver import Fault, Files, connecting
from tls_support import LOGIN_TLS, cut_data, data_secured, logged_in, protected, trusting

REPOSITORY = Path(__file__).resolve().parent.parent.parent

OLD, NEW = 1_000_000_000, 1_700_000_000


@pytest.fixture(params=["vsftpd", "proftpd", "pureftpd", "pyftpdlib"])
def server(request: pytest.FixtureRequest) -> Iterator[Any]:
    with realservers.running(request.param) as server:
        yield server


@pytest.fixture
def proftpd() -> Iterator[Any]:
    with realservers.running("proftpd") as server:
        yield server


def fill(root: Path, names: dict[str, bytes]) -> None:
    for name, content in names.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        os.utime(file, (OLD, OLD))


def serve(server: Any, names: dict[str, bytes]) -> None:
    fill(server.root, names)
    server.adopt(server.root)


def tree(root: Path) -> dict[str, bytes | None]:
    """Every path below a folder: a file's content, None for a directory."""
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
        for path in sorted(root.rglob("*"))
    }


FILES = {
    "readme": b"read me",
    "logs/2024/a.log": b"a" * 5000,
    "logs/2024/b.log": b"",
    "logs/new.log": b"n",
    "data/big.bin": bytes(range(256)) * 6000,
}


def test_down_and_down_again(server: Any, tmp_path: Path) -> None:
    serve(server, FILES)
    (server.root / "empty").mkdir()
    server.adopt(server.root)
    with realservers.session(server) as ftp:
        summary = ftp.download_tree("", tmp_path / "far/copy")
        assert (summary.transferred, summary.unchanged) == (len(FILES), 0)
        assert summary.size == summary.bytes == sum(map(len, FILES.values()))
        assert tree(tmp_path / "far/copy") == tree(server.root)
        assert (tmp_path / "far/copy/logs/new.log").stat().st_mtime == OLD
        again = ftp.download_tree("", tmp_path / "far/copy")
        assert (again.transferred, again.unchanged, again.actions) == (0, len(FILES), [])
        realservers.in_step(ftp)


def test_only_what_differs(server: Any, tmp_path: Path) -> None:
    serve(server, FILES)
    with realservers.session(server) as ftp:
        ftp.download_tree("", tmp_path)
        (server.root / "readme").write_bytes(b"another size")
        (server.root / "logs/new.log").write_bytes(b"m")
        os.utime(server.root / "logs/new.log", (NEW, NEW))
        summary = ftp.download_tree("", tmp_path)
        assert sorted(summary.actions) == [("copy", "logs/new.log"), ("copy", "readme")]
        assert tree(tmp_path) == tree(server.root)
        os.utime(server.root / "readme", (NEW, NEW))
        assert ftp.download_tree("", tmp_path, compare="size").transferred == 0


def test_a_minute_told_by_a_listing_and_a_second_told_by_mdtm_are_one_time(
    server: Any, tmp_path: Path
) -> None:
    serve(server, {"first": b"1", "second": b"2"})
    recent = int(time.time()) // 60 * 60 - 3600 + 37
    for file in server.root.iterdir():
        os.utime(file, (recent, recent))
    with realservers.session(server) as ftp:
        # The first file of a run tells the server's zone, and its very second with it.
        ftp.download_tree("", tmp_path, connections=1)
        (server.root / "first").unlink()
        again = ftp.download_tree("", tmp_path, connections=1)
        assert (again.transferred, again.unchanged) == (0, 1)


def test_by_hash(proftpd: Any, tmp_path: Path) -> None:
    serve(proftpd, {"same": b"1234", "other": b"1234"})
    fill(tmp_path, {"same": b"1234", "other": b"4321"})
    os.utime(tmp_path / "same", (NEW, NEW))
    with realservers.session(proftpd) as ftp:
        summary = ftp.download_tree("", tmp_path, compare="hash")
        assert summary.actions == [("copy", "other")]


def test_up_and_up_again(server: Any, tmp_path: Path) -> None:
    fill(tmp_path, FILES)
    (tmp_path / "empty").mkdir()
    with realservers.session(server) as ftp:
        summary = ftp.upload_tree(tmp_path, "deep/copy")
        assert summary.transferred == len(FILES)
        assert tree(server.root / "deep/copy") == tree(tmp_path)
        again = ftp.upload_tree(tmp_path, "deep/copy")
        assert (again.transferred, again.unchanged) == (0, len(FILES))
        (tmp_path / "readme").write_bytes(b"READ ME")
        assert ftp.upload_tree(tmp_path, "deep/copy").actions == [("copy", "readme")]
        assert (server.root / "deep/copy/readme").read_bytes() == b"READ ME"
        realservers.in_step(ftp)


def test_delete_only_when_asked(server: Any, tmp_path: Path) -> None:
    serve(server, {"keep": b"k"})
    fill(tmp_path, {"keep": b"k", "surplus": b"s", "old/inner/f": b"f", "mine.cfg": b"m"})
    (tmp_path / "outside").symlink_to("/etc")
    with realservers.session(server) as ftp:
        assert ftp.download_tree("", tmp_path).deleted == 0
        dry = ftp.sync("", tmp_path, delete=True, dry_run=True, exclude="*.cfg")
        assert sorted(dry.actions) == [("delete", name) for name in ("old", "outside", "surplus")]
        assert (tmp_path / "old/inner/f").exists()
        summary = ftp.sync("", tmp_path, delete=True, exclude="*.cfg")
        assert summary.deleted == 3
        assert sorted(os.listdir(tmp_path)) == ["keep", "mine.cfg"]
        assert Path("/etc/passwd").exists()

        serve(server, {"gone/inner/f": b"f", "gone.txt": b"g"})
        assert ftp.upload_tree(tmp_path, "").deleted == 0
        summary = ftp.sync("", tmp_path, direction="up", delete=True)
        assert summary.deleted == 2
        assert tree(server.root) == tree(tmp_path)


def test_ctrl_c_ends_a_removal_here(server: Any, tmp_path: Path) -> None:
    serve(server, {"keep": b"k"})
    for number in range(20_000):
        (tmp_path / f"{number:05}").touch()

    line = 'while [ -e "$1" ]; do :; done; kill -INT "$2"'
    words = [str(tmp_path / "00000"), str(os.getpid())]
    with (
        realservers.session(server) as ftp,
        subprocess.Popen(["sh", "-c", line, "sh", *words]),
        pytest.raises(KeyboardInterrupt),
    ):
        ftp.sync("", tmp_path, delete=True)
    assert len(os.listdir(tmp_path)) > 1


@pytest.fixture
def folding(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a program to which no folder tells upper case from lower."""
    source = Path(__file__).with_name("folding.c").read_text()
    return preloaded(source, tmp_path_factory.mktemp("folding"))


def test_what_was_just_fetched_under_another_spelling_is_not_deleted(
    server: Any, interpreter: Interpreter, tmp_path: Path, folding: dict[str, str]
) -> None:
    """Where a folder does not tell upper case from lower."""
    folder = tmp_path / "folder"
    serve(server, {"Config.txt": b"newer", "Logs/A.log": b"aa"})
    fill(folder, {"config.txt": b"old", "logs/a.log": b"x", "logs/gone": b"g", "gone": b"g"})
    script = f"""
from usr.ftplib import FTP
ftp = FTP()
ftp.connect({server.host!r}, {server.port})
ftp.login({server.user!r}, {server.password!r})
print(ftp.sync("", {str(folder)!r}, delete=True).deleted)
"""
    for deleted in (2, 0):
        done = interpreter.run("-c", script, environment=folding)
        assert done.stdout == f"{deleted}\n"
        found = {name.lower(): content for name, content in tree(folder).items()}
        assert found == {"config.txt": b"newer", "logs": None, "logs/a.log": b"aa"}


def test_what_a_folder_takes_for_one_file_is_an_error(
    server: Any, interpreter: Interpreter, tmp_path: Path, folding: dict[str, str]
) -> None:
    """Where a folder does not tell upper case from lower."""
    folder = tmp_path / "folder"
    serve(server, {"Log.txt": b"first", "log.txt": b"second", "other": b"o"})
    folder.mkdir()
    script = f"""
from usr.ftplib import FTP, TreeError
ftp = FTP()
ftp.connect({server.host!r}, {server.port})
ftp.login({server.user!r}, {server.password!r})
try:
    ftp.download_tree("", {str(folder)!r}, connections=1)
except TreeError as error:
    print(error.summary.errors)
"""
    done = interpreter.run("-c", script, environment=folding)
    assert "under a name in other letters" in done.stdout
    assert tree(folder).keys() == {"log.txt", "other"} or tree(folder).keys() == {
        "Log.txt",
        "other",
    }
    done = interpreter.run("-c", script.replace(str(folder), str(tmp_path / "plain")))
    assert (done.stdout, len(tree(tmp_path / "plain"))) == ("", 3)


def test_what_a_server_takes_for_one_file_is_an_error(client: ModuleType, tmp_path: Path) -> None:
    files = Files(OneCase({}, True))
    fill(tmp_path, {"README": b"first", "readme": b"second", "other": b"o"})
    with connecting() as connect:
        ftp = connect(files)
        for _ in range(2):
            with pytest.raises(
                client.TreeError, match=r"does not list it under this name$"
            ) as caught:
                ftp.upload_tree(tmp_path, "", connections=1)
            assert len(caught.value.summary.errors) == 1
    assert len(files.content) == 2


def test_what_patterns_keep_stays_where_rmd_takes_all(tmp_path: Path) -> None:
    recursive = {"PYFTPDLIB_RECURSIVE": "1"}
    with realservers.running("pyftpdlib", environment=recursive) as server:
        serve(server, {"up/old/a.keep": b"k", "up/old/b": b"b", "up/gone/c": b"c"})
        fill(tmp_path, {"new": b"n"})
        with realservers.session(server) as ftp:
            summary = ftp.upload_tree(tmp_path, "up", delete=True, exclude="*.keep")
        assert {path for kind, path in summary.actions if kind == "delete"} == {"gone", "old/b"}
        assert tree(server.root / "up") == {"new": b"n", "old": None, "old/a.keep": b"k"}


def test_twins_that_are_not_chosen_are_no_error(server: Any, tmp_path: Path) -> None:
    serve(server, {"x/A/f": b"f", "x/a/f": b"f", "y.txt": b"y"})
    fill(tmp_path / "up", {"x/A/f": b"f", "x/a/f": b"f", "y.txt": b"y"})
    with realservers.session(server) as ftp:
        assert ftp.download_tree("", tmp_path / "down", include="*.txt").transferred == 1
        assert ftp.upload_tree(tmp_path / "up", "new", include="*.txt").transferred == 1


def test_small_files_are_stored_once_when_somebody_has_had_the_socket(tmp_path: Path) -> None:
    """Behind RNFR ProFTPD 1.3.8 takes nothing but RNTO."""
    fill(tmp_path, {f"f{number}": b"x" * number for number in range(1, 9)})
    verbs: list[str] = []

    def remember(command: str, files: Files) -> None:
        verb = command.partition(" ")[0]
        wrong = verbs[-1:] == ["RNFR"] and verb != "RNTO"
        files.refusals = {verb: "503 Bad sequence of commands."} if wrong else {}
        verbs.append(verb)

    with connecting() as connect:
        ftp: Any = connect(Files(before=remember))
        assert ftp.sock.fileno() > 0
        assert ftp.upload_tree(tmp_path, "", connections=1).transferred == 8
    assert (verbs.count("STOR"), verbs.count("RNTO"), verbs.count("PWD")) == (8, 8, 2)


def test_a_file_is_not_written_through_a_link(client: ModuleType, tmp_path: Path) -> None:
    """Where the server takes no temporary name."""
    with realservers.running("vsftpd", environment={"VSFTPD_EXTRA": "deny_file={.*}"}) as server:
        serve(server, {"precious": b"precious", "up/plain": b"old"})
        (server.root / "up/link").symlink_to("../precious")
        names = {"link": b"newnewne"} | {f"plain{number}": b"newer" for number in range(30)}
        fill(tmp_path, names | {"plain": b"newer"})
        with realservers.session(server) as ftp:
            for compare in ("time", "size"):
                with pytest.raises(client.TreeError, match="has a link of this name"):
                    ftp.upload_tree(tmp_path, "up", compare=compare)
        assert (server.root / "precious").read_bytes() == b"precious"
        assert len(os.listdir(server.root / "up")) == 32
        assert (server.root / "up/plain").read_bytes() == b"newer"


LEFT = {"old/keep.bak": b"k", "old/in/x.bak": b"k"}
SURPLUS = LEFT | {"old/x.txt": b"x", "old/gone/y": b"y", "all/gone/z": b"z"}


@pytest.mark.parametrize(
    ("patterns", "left", "deleted"),
    [
        ({"exclude": "*.bak"}, LEFT, ["all", "old/gone", "old/x.txt"]),
        (
            {"exclude": "in"},
            {"old/in/x.bak": b"k"},
            ["all", "old/gone", "old/keep.bak", "old/x.txt"],
        ),
        ({"include": "*.txt"}, SURPLUS.keys() - {"old/x.txt"}, ["old/x.txt"]),
        ({"include": "*.log"}, SURPLUS, []),
    ],
)
@pytest.mark.parametrize("direction", ["down", "up"])
def test_what_the_patterns_leave_out_stays_in_surplus_directories(
    server: Any, tmp_path: Path, direction: str, patterns: Any, left: Any, deleted: list[str]
) -> None:
    serve(server, {"t/a": b"a"})
    fill(tmp_path, {"a": b"a"})
    target = tmp_path if direction == "down" else server.root / "t"
    fill(target, SURPLUS)
    server.adopt(server.root)
    with realservers.session(server) as ftp:
        for dry_run in (True, False):
            summary = ftp.sync(
                "t", tmp_path, direction=direction, delete=True, dry_run=dry_run, **patterns
            )
            assert sorted(p for what, p in summary.actions if what == "delete") == deleted
            assert summary.deleted == len(deleted)
        realservers.in_step(ftp)
    files = {str(p.relative_to(target)) for p in target.rglob("*") if p.is_file()}
    assert files == {"a", *left}
    assert not (target / "all").exists() or "include" in patterns


def test_nothing_is_deleted_when_something_failed(
    client: ModuleType, proftpd: Any, tmp_path: Path
) -> None:
    serve(proftpd, {"f": b"f", "d/g": b"g"})
    fill(tmp_path, {"surplus": b"s", "d": b"a file where a directory comes"})
    with realservers.session(proftpd) as ftp, pytest.raises(client.TreeError) as caught:
        ftp.download_tree("", tmp_path, delete=True)
    assert [path for path, _ in caught.value.summary.errors] == ["d"]
    assert (tmp_path / "surplus").exists()
    assert (tmp_path / "f").read_bytes() == b"f", "the rest goes on"


def test_nothing_is_deleted_for_a_listing_that_is_truncated(
    client: ModuleType, tmp_path: Path
) -> None:
    files = {f"d/f{n}": b"f" for n in range(20)}
    few = {"PUREFTPD_ARGS": "-L 10:5"}
    with realservers.running("pureftpd", environment=few) as server:
        serve(server, files)
        fill(tmp_path, files)
        with realservers.session(server) as ftp:
            for direction in ("down", "up"):
                with pytest.raises(client.TreeError, match="a part of the directory") as caught:
                    ftp.sync("", tmp_path, direction=direction, delete=True)
                assert [path for path, _ in caught.value.summary.errors] == ["d"]
                assert caught.value.summary.deleted == 0
        assert len(os.listdir(tmp_path / "d")) == len(os.listdir(server.root / "d")) == 20


@pytest.mark.parametrize("recipe", [False, True])
@pytest.mark.parametrize("hides", [False, True])
@pytest.mark.parametrize("content", [b"", b"type=file;size=1;modify=20010909014640; f\r\n"])
@pytest.mark.parametrize("delete", [True, False])
def test_nothing_is_deleted_for_a_listing_that_tls_did_not_end(
    client: ModuleType,
    scripted: Callable[..., ScriptedServer],
    tmp_path: Path,
    delete: bool,
    content: bytes,
    hides: bool,
    recipe: bool,
) -> None:
    """Whoever is on the way can end it, and the server's 226 does not rule that out."""
    listed: list[Step] = [passive(), answer("MLSD", "150 Here it comes."), data_secured()]
    listed += [send(content), cut_data(), say("226 Done."), answer("CWD", "250 There.")]
    server = scripted([*LOGIN_TLS, answer("PWD", '257 "/"'), *listed])
    server.forgive()
    fill(tmp_path, {"f": b"f", "surplus": b"s"})
    context = trusting()
    if hides:
        context.options |= ssl.OP_IGNORE_UNEXPECTED_EOF

    class Recipe(client.FTP_TLS):  # type: ignore[misc, name-defined]
        """As many make theirs, to resume the session in CPython."""

        def ntransfercmd(self, cmd: str, rest: object = None) -> Any:
            return super().ntransfercmd(cmd, rest)

    kind = Recipe if recipe else client.FTP_TLS
    with closing(protected(kind(timeout=10, context=context), server)) as ftp:
        if delete:
            with pytest.raises(client.TreeError, match="close_notify") as caught:
                ftp.download_tree("", tmp_path, connections=1, retries=0, delete=True)
            summary = caught.value.summary
        else:
            summary = ftp.download_tree("", tmp_path, connections=1, retries=0)
    assert (summary.deleted, summary.unchanged) == (0, len(content[:1]))
    assert sorted(os.listdir(tmp_path)) == ["f", "surplus"]


@pytest.mark.parametrize("direction", ["down", "up"])
@pytest.mark.parametrize("verb", ["MLSD", "LIST"])
def test_nothing_is_deleted_for_a_listing_that_ends_in_a_line(
    client: ModuleType,
    scripted: Callable[..., ScriptedServer],
    tmp_path: Path,
    verb: str,
    direction: str,
) -> None:
    """What is left of log10 is a name as well."""
    line = "type=file;size=1;modify=20010909014640; {}"
    steps: list[Step] = [*LOGIN, answer("PWD", '257 "/"'), passive()]
    if verb == "LIST":
        line = "-rw-r--r-- 1 u g 1 Sep 09 2001 {}"
        steps += [answer("MLSD", "500 Unknown."), answer("CWD", "250 There."), passive()]
    content = "\r\n".join(map(line.format, ["f", "log1"])).encode()
    steps += download(content, verb=verb)
    if verb == "LIST":
        steps += [answer("CWD", "250 There."), answer("PWD", '257 "/"')]
        steps += [answer("MDTM", "213 20010909014640")] * 2
    server = scripted(steps)
    server.forgive()
    fill(tmp_path, {"f": b"f", "log1": b"1", "log10": b"1"} if direction == "down" else {"f": b"f"})
    with (
        client.FTP(server.host, server.port, "u", "p", timeout=10) as ftp,
        pytest.raises(client.TreeError, match="last line has no end") as caught,
    ):
        ftp.sync("", tmp_path, direction=direction, connections=1, retries=0, delete=True)
    assert (caught.value.summary.deleted, caught.value.summary.transferred) == (0, 0)
    assert not any(word.startswith("DELE") for word in server.heard)


class OneCase(dict[str, bytes]):
    """Files of a server that does not tell upper case from lower; a name stays, or is the last."""

    def __init__(self, content: dict[str, bytes], stays: bool) -> None:
        super().__init__(content)
        self.stays = stays

    def _known(self, name: str) -> str:
        return next((known for known in self if known.lower() == name.lower()), name)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(self._known(str(name)))

    def __getitem__(self, name: str) -> bytes:
        return super().__getitem__(self._known(name))

    def __setitem__(self, name: str, content: bytes) -> None:
        if not self.stays:
            super().pop(self._known(name), None)
        super().__setitem__(self._known(name), content)

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(self._known(name), default)

    def pop(self, name: str, *default: Any) -> Any:
        return super().pop(self._known(name), *default)


@pytest.mark.parametrize("stays", [True, False])
def test_what_was_just_stored_under_another_case_is_not_deleted(
    client: ModuleType, tmp_path: Path, stays: bool
) -> None:
    files = Files(OneCase({"/place/readme.txt": b"old", "/place/surplus": b"s"}, stays))
    fill(tmp_path, {"README.TXT": b"newer"})
    with connecting() as connect:
        ftp = connect(files)
        if stays:
            with pytest.raises(client.TreeError, match="does not list it under") as caught:
                ftp.upload_tree(tmp_path, "", delete=True, connections=1)
            assert [path for path, _ in caught.value.summary.errors] == ["README.TXT"]
            assert files.content == {"/place/readme.txt": b"newer", "/place/surplus": b"s"}
        else:
            summary = ftp.upload_tree(tmp_path, "", delete=True, connections=1)
            assert summary.actions == [("copy", "README.TXT"), ("delete", "surplus")]
            assert dict(files.content) == {"/place/README.TXT": b"newer"}


@pytest.mark.parametrize("name", ["report 1 ", "a\tb.log"])
def test_what_was_just_stored_with_other_letters_is_not_deleted(
    client: ModuleType, tmp_path: Path, name: str
) -> None:
    """Pure-FTPd puts _ in place of some."""
    fill(tmp_path, {name: b"x", f"new/{name}": b"x", "d/f": b"f"})
    with realservers.running("pureftpd") as server, realservers.session(server) as ftp:
        ftp.upload_tree(tmp_path, "")
        stored = tree(server.root)
        assert name not in stored
        fill(server.root, {"d/surplus": b"s"})
        server.adopt(server.root)
        with pytest.raises(client.TreeError) as caught:
            ftp.upload_tree(tmp_path, "", delete=True)
        assert {path for path, _ in caught.value.summary.errors} == {name, f"new/{name}"}
        assert caught.value.summary.deleted == 1
        assert tree(server.root) == stored


@pytest.mark.parametrize("patterns", [{}, {"include": "*.log"}])
def test_another_case_of_a_new_directory(tmp_path: Path, patterns: Any) -> None:
    """It is new, and what is surplus beside it goes; what patterns have not made is not missed."""
    fill(tmp_path, {"New/a.log": b"a", "Empty/b": b"b"})
    with realservers.running("vsftpd") as server, realservers.session(server) as ftp:
        serve(server, {"new/a.log": b"a", "x.log": b"x"})
        summary = ftp.upload_tree(tmp_path, "", delete=True, **patterns)
        assert {path for what, path in summary.actions if what == "delete"} == {"new", "x.log"}
        assert set(tree(server.root)) == {"New", "New/a.log"} | (
            set() if patterns else {"Empty", "Empty/b"}
        )


def test_a_directory_is_listed_again_only_to_delete_beside_what_is_new(tmp_path: Path) -> None:
    def listings(content: dict[str, bytes], **options: Any) -> int:
        with connecting() as connect:
            ftp: Any = connect(Files({f"/place/{name}": each for name, each in content.items()}))
            ftp.upload_tree(tmp_path, "", connections=1, **options)
            return sum(command.startswith("MLSD") for command in ftp.heard)

    fill(tmp_path, {"a": b"a", "b": b"b"})
    both = {"a": b"other", "b": b"other", "c": b"c"}
    assert listings(both, delete=True) == 1
    assert listings({"a": b"a"}, delete=True) == 1
    assert listings({"a": b"a", "c": b"c"}) == 1
    assert listings({"a": b"a", "c": b"c"}, delete=True, exclude="c") == 1
    assert listings({"a": b"a", "c": b"c"}, delete=True) == 2


@pytest.mark.parametrize("mode", [0o311, 0o000])
def test_a_directory_that_cannot_be_read_is_not_empty(
    client: ModuleType, server: Any, tmp_path: Path, mode: int
) -> None:
    """vsftpd: "226 Transfer done (but failed to open directory)." It is what others say by 550."""
    if server.name == "pyftpdlib":
        pytest.skip("it runs as root here, who can read everything")
    serve(server, {"t/a": b"a", "t/sub/f": b"f"})
    (server.root / "t/sub").chmod(mode)
    with realservers.session(server) as ftp:
        for direction in ("down", "up"):
            fill(tmp_path, {"a": b"a", "sub/f": b"f", "sub/more": b"m"})
            with pytest.raises(client.TreeError) as caught:
                ftp.sync("t", tmp_path, direction=direction, delete=True)
            summary = caught.value.summary
            assert [(path, type(error)) for path, error in summary.errors] == [
                ("sub", client.error_perm)
            ]
            assert (summary.deleted, summary.retries) == (0, 0)
            assert (tmp_path / "sub/f").exists()
        with pytest.raises(client.error_perm):
            ftp.download_tree("t/sub", tmp_path / "sub", delete=True)
        assert (tmp_path / "sub/more").exists()
        with pytest.raises(client.error_perm):
            ftp.listdir("t/sub")
        realservers.in_step(ftp)
    (server.root / "t/sub").chmod(0o755)


def test_a_file_is_no_empty_directory(client: ModuleType, tmp_path: Path) -> None:
    """aioftp lists nothing in it, and confirms that."""
    with realservers.running("aioftp") as server:
        serve(server, {"file": b"f"})
        (server.root / "empty").mkdir()
        server.adopt(server.root)
        fill(tmp_path, {"mine": b"m"})
        with realservers.session(server) as ftp:
            for path in ("file", "/file"):
                with pytest.raises(client.error_perm):
                    ftp.download_tree(path, tmp_path, delete=True, connections=1)
                assert (tmp_path / "mine").exists()
            assert ftp.download_tree("empty", tmp_path, delete=True).deleted == 1
            assert ftp.pwd() == "/"


def test_a_directory_that_is_refused_for_what_is_in_it_is_not_empty(
    client: ModuleType, tmp_path: Path
) -> None:
    """Twisted's: "550 nowhere: No such file or directory.", and no list of the rest."""
    with realservers.running("twisted") as server:
        serve(server, {"d/file": b"f"})
        (server.root / "d/nowhere").symlink_to("gone")
        fill(tmp_path, {"mine": b"m"})
        with realservers.session(server) as ftp:
            with pytest.raises(client.error_perm, match="nowhere"):
                ftp.download_tree("d", tmp_path, delete=True)
            with pytest.raises(client.error_perm, match="nowhere"):
                ftp.listdir("d")
        assert (tmp_path / "mine").exists()


# SIGALRM ends what waits for ever.
PIPES = """
import signal, sys
sys.path.insert(0, {repository!r})
from usr.ftplib import FTP, TreeError
signal.alarm(20)
with FTP({host!r}, {port}, {user!r}, {password!r}) as ftp:
    try:
        ftp.download_tree("t", {target!r})
    except TreeError as error:
        print(error.summary.transferred, sorted(path for path, _ in error.summary.errors))
        print({{(type(e).__name__, "a device, a pipe" in str(e)) for _, e in error.summary.errors}})
"""


@pytest.mark.parametrize("size", [9, 2_000_000])
def test_a_pipe_in_a_files_place_is_that_files_error(tmp_path: Path, size: int) -> None:
    """Whoever opened it would wait for a reader."""
    for number in range(0, 6, 2):
        os.mkfifo(tmp_path / f"f{number}")
    with realservers.running("vsftpd") as server:
        serve(server, {f"t/f{n}": bytes(size) for n in range(6)})
        said = realservers.run_script(PIPES, server, target=str(tmp_path))
    assert said == "3 ['f0', 'f2', 'f4']\n{('FileExistsError', True)}\n"
    assert all((tmp_path / f"f{n}").is_fifo() == (n % 2 == 0) for n in range(6))


INTERRUPTED = """
import os, signal, sys, threading
sys.path.insert(0, {repository!r})
from usr.ftplib import FTP
signal.alarm(20)
reader = os.open({pipe!r}, os.O_RDONLY | os.O_NONBLOCK) if {has_reader!r} else None
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
with FTP({host!r}, {port}, {user!r}, {password!r}) as ftp:
    try:
        ftp.download("large", {pipe!r})
    except KeyboardInterrupt:
        print("interrupted", ftp.pwd())
"""


@pytest.mark.parametrize("has_reader", [False, True])
def test_ctrl_c_while_nobody_reads_from_a_pipe(tmp_path: Path, has_reader: bool) -> None:
    """Whether its other end is not open, or it is full."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with realservers.running("vsftpd") as server:
        serve(server, {"large": bytes(5_000_000)})
        said = realservers.run_script(INTERRUPTED, server, pipe=str(pipe), has_reader=has_reader)
    assert said == "interrupted /\n"


def test_a_pipe_whose_reader_comes_late_and_reads_slowly(tmp_path: Path) -> None:
    pipe, content = tmp_path / "pipe", os.urandom(1_000_000)
    os.mkfifo(pipe)
    received = bytearray()

    def read() -> None:
        time.sleep(0.3)
        with pipe.open("rb", buffering=0) as file:
            while block := file.read(50_000):
                received.extend(block)
                time.sleep(0.01)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    with realservers.running("vsftpd") as server, realservers.session(server) as ftp:
        serve(server, {"f": content})
        assert ftp.download("f", pipe).size == len(content)
    reader.join(20)
    assert received == content


@pytest.mark.parametrize("is_directory", [False, True])
def test_a_name_that_cannot_be_sent_is_left_out(
    client: ModuleType, server: Any, tmp_path: Path, is_directory: bool
) -> None:
    """Pure-FTPd lists it under another name, or not at all."""
    serve(server, {f"t/f{n}": b"x" for n in range(20)} | {"t/sub/g": b"g"})
    for folder in ("t", "t/sub"):
        odd = server.root / folder / "cr\rx"
        odd.mkdir() if is_directory else odd.write_bytes(b"odd")
    server.adopt(server.root)
    fill(tmp_path, {"sub/surplus": b"s"})
    with realservers.session(server) as ftp:
        summary = ftp.download_tree("t", tmp_path, delete=True)
        assert (summary.transferred, summary.deleted) == (21, 1)
        listed = server.name != "pureftpd"
        assert sorted(path for path, _ in summary.refused) == ["cr\rx", "sub/cr\rx"] * listed
        up = ftp.upload_tree(tmp_path, "t", delete=True)
        assert up.deleted == 0
        assert sorted(path for path, _ in up.refused) == ["cr\rx", "sub/cr\rx"] * listed
        # Nor is it removed with what it lies in.
        (tmp_path / "sub/g").unlink()
        (tmp_path / "sub").rmdir()
        with contextlib.suppress(client.TreeError):
            ftp.upload_tree(tmp_path, "t", delete=True)
        assert (server.root / "t/sub/cr\rx").exists()
        realservers.in_step(ftp)


def test_a_listing_that_is_not_understood_fails_one_directory(
    client: ModuleType, tmp_path: Path
) -> None:
    """A name with a line's end is two lines of LIST; there is no other attempt at it."""
    local = tmp_path / "local"
    fill(local, {"z/surplus": b"s"})
    with realservers.running("vsftpd") as server, realservers.session(server) as ftp:
        serve(server, {f"t/f{n}": b"x" for n in range(9)} | {"t/z/g": b"g", "t/zz/h": b"h"})
        (server.root / "t/z/nl\nx").write_bytes(b"odd")
        server.adopt(server.root)
        with pytest.raises(
            client.TreeError, match=r"no known format: x .*listing '/t/z'"
        ) as caught:
            ftp.download_tree("t", local, delete=True)
        summary = caught.value.summary
        assert sorted(path for path, _ in summary.errors) == ["z", "z/nl"]
        assert (summary.transferred, summary.deleted, summary.retries) == (11, 0, 0)

        fill(local, {"new": b"n", "z/new": b"n", "zz/new": b"n"})
        with pytest.raises(client.TreeError, match="no known format: x") as caught:
            ftp.upload_tree(local, "t", delete=True, connections=1)
        summary = caught.value.summary
        assert [path for path, _ in summary.errors] == ["z"]
        assert (summary.transferred, summary.deleted) == (2, 0)
        with pytest.raises(client.error_proto, match=r"no known format: x .*listing '/t/z'"):
            ftp.upload_tree(local / "z", "t/z")
        realservers.in_step(ftp)


@pytest.mark.parametrize("name", ["vsftpd", "proftpd", "pureftpd", "inetutils-ftpd"])
def test_names_with_the_byte_that_begins_telnets_commands(name: str, tmp_path: Path) -> None:
    odd = [
        b"\xff\xfe",
        b"\xff\xff",
        b"a\xff",
        b"\xff\xf2b",
        b"\xff\xf4",
        b"a\xffb",
        b"\xff\xfb\xff",
    ]
    local = os.fsencode(tmp_path / "local")
    for folder in (local, local + b"/\xff\xfd"):
        os.mkdir(folder)
        for number, file in enumerate(odd):
            Path(os.fsdecode(folder + b"/" + file)).write_bytes(b"%d" % number)
    with realservers.running(name) as server, realservers.session(server) as ftp:
        assert ftp.upload_tree(tmp_path / "local", "up").transferred == 2 * len(odd)
        assert tree(server.root / "up") == tree(tmp_path / "local")
        assert ftp.upload_tree(tmp_path / "local", "up").transferred == 0
        assert ftp.download_tree("up", tmp_path / "down").transferred == 2 * len(odd)
        assert tree(tmp_path / "down") == tree(tmp_path / "local")
        realservers.in_step(ftp)


def test_a_name_that_a_server_takes_for_telnets_fails_alone(
    client: ModuleType, tmp_path: Path
) -> None:
    """ProFTPD that does not say what it is."""
    quiet = {"PROFTPD_EXTRA": "ServerIdent off"}
    fill(tmp_path, {"a": b"a", "b": b"b"})
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe")).write_bytes(b"odd")
    with realservers.running("proftpd", environment=quiet) as server:
        with realservers.session(server) as ftp:
            assert "ProFTPD" not in ftp.welcome
            with pytest.raises(client.TreeError) as caught:
                ftp.upload_tree(tmp_path, "up", connections=1, retries=1)
        assert [path for path, _ in caught.value.summary.errors] == ["\udcff\udcfe"]
        assert {"a", "b"} <= set(tree(server.root / "up"))


HIDDEN = {".hidden": b"h", ".d/z": b"z", "..a": b"a", "...": b"d", "b": b"b"}


def test_names_with_a_dot(server: Any, tmp_path: Path) -> None:
    fill(tmp_path / "local", HIDDEN)
    with realservers.session(server) as ftp:
        assert ftp.upload_tree(tmp_path / "local", "up").transferred == len(HIDDEN)
        again = ftp.upload_tree(tmp_path / "local", "up")
        assert (again.transferred, again.made, again.unchanged) == (0, 0, len(HIDDEN))
        down = ftp.download_tree("up", tmp_path / "local", delete=True)
        assert (down.transferred, down.deleted) == (0, 0)
        ftp.download_tree("up", tmp_path / "copy")
        assert tree(tmp_path / "copy") == tree(tmp_path / "local") == tree(server.root / "up")
        (server.root / "up/.hidden").unlink()
        assert ftp.download_tree("up", tmp_path / "copy", delete=True).deleted == 1


@pytest.mark.parametrize("refusal", ["550 -a: No such file or directory.", "501 No options.", None])
def test_names_with_a_dot_stay_where_a_server_lists_none(
    client: ModuleType,
    scripted: Callable[..., ScriptedServer],
    tmp_path: Path,
    refusal: str | None,
) -> None:
    """A server without MLSD that takes -a for the name of a file."""
    line = b"-rw-r--r-- 1 u g 1 Sep 09 2001 f\r\n"
    first = [answer("LIST", refusal)] if refusal else download(b"", verb="LIST")
    steps: list[Step] = [*LOGIN, answer("PWD", '257 "/"'), passive()]
    steps += [answer("MLSD", "500 Unknown."), answer("CWD", "250 There."), passive(), *first]
    steps += [passive(), *download(line, verb="LIST"), answer("CWD", "250 There.")]
    steps += [answer("PWD", '257 "/"'), answer("MDTM", "213 20010909014640")]
    steps += [answer("CWD", "250 There.")]
    server = scripted(steps)
    fill(tmp_path, {"f": b"f", ".mine": b"m", ".d/mine": b"m", "surplus": b"s"})
    server.forgive()
    with client.FTP(server.host, server.port, "u", "p", timeout=10) as ftp:
        summary = ftp.download_tree("/", tmp_path, connections=1, retries=0, delete=True)
    assert summary.actions == [("delete", "surplus")]
    assert sorted(os.listdir(tmp_path)) == [".d", ".mine", "f"]


def test_names_with_a_dot_stay_where_a_listing_fails_once(
    client: ModuleType, scripted: Callable[..., ScriptedServer], tmp_path: Path
) -> None:
    """A passing 425 to `LIST -a` is no refusal of the option: a plain LIST would show fewer."""

    def listing(*lines: str) -> list[Step]:
        data = "".join(f"{line}\r\n" for line in lines).encode()
        return [passive(), *download(data, verb="LIST"), answer("CWD", "250 There.")]

    row = "-rw-r--r-- 1 u g 1 Sep 09 2001 "
    steps: list[Step] = [*LOGIN, answer("PWD", '257 "/"'), passive()]
    steps += [answer("MLSD", "500 Unknown."), answer("CWD", "250 There.")]
    steps += listing("drwxr-xr-x 2 u g 1 Sep 09 2001 d", row + ".top")
    steps += [answer("PWD", '257 "/"'), answer("CWD", "250 There."), passive()]
    steps += [answer("LIST", "425 Not now."), answer("CWD", "250 There.")]
    steps += [answer("PWD", '257 "/"'), answer("CWD", "250 There.")]
    steps += [*listing(row + ".keep"), answer("PWD", '257 "/"'), answer("CWD", "250 There.")]
    server = scripted(steps)
    server.forgive()
    fill(tmp_path, {".top": b"t", "d/.keep": b"k"})
    with client.FTP(server.host, server.port, "u", "p", timeout=10) as ftp:
        ftp.download_tree("/", tmp_path, compare="size", connections=1, retries=1, delete=True)
    assert [line for line in server.heard if line.startswith("LIST")] == ["LIST -a"] * 3
    assert tree(tmp_path).keys() == {".top", "d", "d/.keep"}


def test_a_session_does_not_stay_in_a_tree_when_its_directory_has_no_name(
    client: ModuleType, scripted: Callable[..., ScriptedServer], tmp_path: Path
) -> None:
    line = b"-rw-r--r-- 1 u g 1 Sep 09 2001 f\r\n"
    steps: list[Step] = [*LOGIN, answer("PWD", "550 No."), passive()]
    steps += [answer("MLSD", "500 Unknown."), answer("CWD", "250 There."), passive()]
    steps += [*download(line, verb="LIST"), answer("PWD", "550 No.")]
    server = scripted(steps)
    server.forgive()
    fill(tmp_path, {"f": b"f"})
    with client.FTP(server.host, server.port, "u", "p", timeout=10) as ftp:
        ftp.download_tree("/d", tmp_path, compare="size", connections=1, retries=0)
        with pytest.raises(client.all_errors):
            ftp.delete("f")
    assert "DELE f" not in server.heard


@pytest.mark.parametrize("shown", [[], ["elsewhere/.profile"]])
@pytest.mark.parametrize(
    ("name", "hiding"),
    [
        ("proftpd", {"PROFTPD_EXTRA": "<Directory />\nHideFiles ^\\.cfg$\n</Directory>"}),
        ("vsftpd", {"VSFTPD_EXTRA": "hide_file={.cfg}"}),
    ],
)
def test_names_with_a_dot_stay_where_a_server_may_hide_some(
    tmp_path: Path, name: str, hiding: dict[str, str], shown: list[str]
) -> None:
    """From MLSD and LIST -a alike."""
    names = ["a", ".cfg", ".d/f", "old/.cfg", "sub/.cfg"]
    fill(tmp_path, dict.fromkeys(names, b"mine"))
    with realservers.running(name, environment=hiding) as server:
        serve(server, dict.fromkeys(["a", "sub/a", ".cfg", *shown], b"theirs"))
        with realservers.session(server) as ftp:
            summary = ftp.download_tree("", tmp_path, delete=True)
    gone = [path for what, path in summary.actions if what == "delete"]
    # What has shown one such name would show the others.
    assert sorted(gone) == ([".cfg", ".d", "old", "sub/.cfg"] if shown else ["old"])


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_change_within_seconds(server: Any, tmp_path: Path, direction: str) -> None:
    """Of the same size; a time that goes back too, whether MFMT sets it, or vsftpd's MDTM."""
    start = int(time.time()) // 60 * 60 - 7200 + 20
    local, remote = tmp_path / "d/state", server.root / "d/state"
    fill(tmp_path, {"d/state": b"0"})
    serve(server, {"d/state": b"0"})
    for file in (local, remote):
        os.utime(file, (start, start))
    ours, theirs = (local, remote) if direction == "up" else (remote, local)
    with realservers.session(server) as ftp:
        for number, later in enumerate((1, 2, 1, 0, 30, 29, 40, 39), 1):
            content = str(number).encode()
            ours.write_bytes(content)
            # A fraction of a second is no difference.
            os.utime(ours, (start + later + 0.7, start + later + 0.7))
            server.adopt(server.root)
            summary = ftp.sync("d", tmp_path / "d", direction=direction)
            assert (summary.transferred, theirs.read_bytes()) == (1, content), later
            assert ftp.sync("d", tmp_path / "d", direction=direction).transferred == 0


def test_where_mdtm_sets_no_time_a_file_goes_up_once(tmp_path: Path) -> None:
    """It has the time of its upload there; the other MDTM takes a time for a part of the name."""
    fill(tmp_path, {"d/f": b"f", "g": b"g"})
    options = {"VSFTPD_EXTRA": "mdtm_write=NO"}
    with (
        realservers.running("vsftpd", environment=options) as server,
        realservers.session(server) as ftp,
    ):
        for transferred in (2, 0):
            assert ftp.upload_tree(tmp_path, "t", connections=1).transferred == transferred
        assert (server.root / "t/g").stat().st_mtime > NEW
        os.utime(tmp_path / "g", (time.time() + 90, time.time() + 90))
        assert ftp.upload_tree(tmp_path, "t").actions == [("copy", "g")]


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (None, None, "a.log b.txt d/a.log d/e/a.log d/e/f.bin"),
        ("*.log", None, "a.log d/a.log d/e/a.log"),
        (["b*", "?.bin"], None, "b.txt d/e/f.bin"),
        ("d/*.log", None, "d/a.log"),
        ("d/**", None, "d/a.log d/e/a.log d/e/f.bin"),
        ("**/e/*", None, "d/e/a.log d/e/f.bin"),
        ("d/**/a.log", None, "d/a.log d/e/a.log"),
        ("e", None, "d/e/a.log d/e/f.bin"),
        (None, "d/", "a.log b.txt"),
        (None, "a.log/", "a.log b.txt d/a.log d/e/a.log d/e/f.bin"),
        (None, ["[!a]*"], "a.log"),
        (None, "[a-c]*", "d/e/f.bin"),
        ("*.log", "e", "a.log d/a.log"),
        (None, "[", "a.log b.txt d/a.log d/e/a.log d/e/f.bin"),
        (None, "*", ""),
        ("*a*a*a*a*a*a*a*a*a*b", None, ""),
    ],
)
def test_patterns(
    vsftpd: Any,
    include: Any,
    exclude: Any,
    expected: str,
    tmp_path: Path,
    directory: Any,
) -> None:
    fill(tmp_path, dict.fromkeys(("a.log", "b.txt", "d/a.log", "d/e/a.log", "d/e/f.bin"), b""))
    with realservers.session(vsftpd) as ftp:
        summary = ftp.upload_tree(tmp_path, directory.path, include=include, exclude=exclude)
        names = sorted(path for what, path in summary.actions if what == "copy")
        assert names == expected.split()
        stored = (path for path in directory.local.rglob("*") if path.is_file())
        assert sorted(str(path.relative_to(directory.local)) for path in stored) == names


# What a server may not do


def listing(*lines: str) -> list[Step]:
    """One directory by MLSD."""
    content = "".join(line + "\r\n" for line in lines).encode()
    return [passive(), *download(content, verb="MLSD")]


EVIL = [
    "../evil",
    "..",
    "/tmp/evil",
    "a/b",
    "a\\b",
    "..\\evil",
    "nul",
    "COM1.txt",
    "x" * 300,
]


def test_names_that_lead_elsewhere_are_not_used(
    client: ModuleType, scripted: Callable[..., ScriptedServer], tmp_path: Path
) -> None:
    lines = [f"type=file;size=1; {name}" for name in EVIL]
    lines += [f"type=dir; {name}" for name in ("../d", "/etc", "con")]
    server = scripted([*LOGIN, answer("PWD", '257 "/"'), *listing(*lines)])
    target = tmp_path / "inner/target"
    with client.FTP(server.host, server.port, "u", "p", timeout=10) as ftp:
        summary = ftp.download_tree("", target, connections=1, retries=0)
    assert summary.transferred == 0
    assert len(summary.refused) == len(lines) - 1  # `..` is no entry of a directory
    assert tree(tmp_path) == {"inner": None, "inner/target": None}
    assert not any(word.startswith("RETR") for word in server.heard)


def test_links_on_this_side_are_not_followed(
    client: ModuleType, server: Any, tmp_path: Path
) -> None:
    serve(server, {"d/f": b"new", "g": b"new"})
    outside, target = tmp_path / "outside", tmp_path / "target"
    fill(outside, {"f": b"old", "g": b"old"})
    target.mkdir()
    (target / "d").symlink_to(outside)
    (target / "g").symlink_to(outside / "g")
    with realservers.session(server) as ftp:
        with pytest.raises(client.TreeError) as caught:
            ftp.download_tree("", target)
        errors = dict(caught.value.summary.errors)
        assert set(errors) == {"d", "g"}
        assert isinstance(errors["d"], NotADirectoryError)
        assert tree(outside) == {"f": b"old", "g": b"old"}

        summary = ftp.upload_tree(target, "up")
        assert sorted(path for path, _ in summary.refused) == ["d", "g"]
        assert not (server.root / "up/d").exists()


def test_links_on_the_server_are_not_followed(proftpd: Any, tmp_path: Path) -> None:
    serve(proftpd, {"d/f": b"f"})
    (proftpd.root / "loop").symlink_to(".")
    (proftpd.root / "d/passwd").symlink_to("/etc/passwd")
    with realservers.session(proftpd) as ftp:
        summary = ftp.download_tree("", tmp_path)
    assert tree(tmp_path) == {"d": None, "d/f": b"f"}
    assert summary.transferred == 1


@pytest.mark.parametrize("exclude", [(), "*.keep"])
@pytest.mark.parametrize("name", realservers.NAMES)
def test_nothing_behind_a_link_on_the_server_is_removed(
    client: ModuleType, tmp_path: Path, name: str, exclude: Any
) -> None:
    """Some servers list a link to a directory as a directory: what it holds is another's."""
    with realservers.running(name) as server:
        serve(server, {"precious/data": b"p", "up/f": b"f", "up/real/in/g": b"g"})
        (server.root / "up/link").symlink_to("../precious")
        (server.root / "up/real/link").symlink_to("../../precious")
        fill(tmp_path, {"f": b"f"})
        with realservers.session(server) as ftp:
            # Two do not say what it is; the DELE of inetutils takes no such link.
            refusals = {
                "aioftp": "may be a link",
                "twisted": "may be a link",
                "inetutils-ftpd": "Not a dir",
            }
            if name in refusals:
                with pytest.raises(client.TreeError, match=refusals[name]):
                    ftp.upload_tree(tmp_path, "up", delete=True, exclude=exclude)
            else:
                ftp.upload_tree(tmp_path, "up", delete=True, exclude=exclude)
                assert os.listdir(server.root / "up") == ["f"]
        assert tree(server.root / "precious") == {"data": b"p"}


def test_a_link_that_pyftpdlib_lists_as_a_directory(client: ModuleType, tmp_path: Path) -> None:
    with realservers.running("pyftpdlib") as server:
        serve(server, {"up/d/f": b"f", "precious/data": b"p"})
        (server.root / "up/link").symlink_to("../precious")
        fill(tmp_path / "local", {"link/data": b"new", "d/f": b"f"})
        with realservers.session(server) as ftp:
            down = ftp.download_tree("up", tmp_path / "down")
            with pytest.raises(client.TreeError, match="a link of this name"):
                ftp.upload_tree(tmp_path / "local", "up")
        assert [path for path, _ in down.refused] == ["link"]
        assert tree(tmp_path / "down") == {"d": None, "d/f": b"f"}
        assert tree(server.root / "precious") == {"data": b"p"}


NOT_TEXT = b"caf\xe9"


@pytest.mark.parametrize("options", [{}, {"errors": "surrogateescape"}, {"encoding": "latin-1"}])
def test_names_that_are_no_utf8(server: Any, tmp_path: Path, options: dict[str, Any]) -> None:
    if server.name == "pyftpdlib":
        pytest.skip("pyftpdlib gives such a file another name")
    folder = os.fsencode(tmp_path)
    Path(os.fsdecode(folder + b"/src/" + NOT_TEXT)).parent.mkdir()
    for name in (NOT_TEXT, b"d" + NOT_TEXT, b"plain"):
        Path(os.fsdecode(folder + b"/src/" + name)).write_bytes(b"x")
    expected = {NOT_TEXT, b"d" + NOT_TEXT, b"plain"}
    with realservers.session(server, **options) as ftp:
        errors = ftp.errors
        up = ftp.upload_tree(folder + b"/src", "up")
        assert {path for _, path in up.actions} == {"", *map(os.fsdecode, expected)}
        assert set(os.listdir(os.fsencode(server.root / "up"))) == expected
        down = ftp.download_tree("up", folder + b"/dst", progress=str)
        assert down.transferred == 3
        assert set(os.listdir(folder + b"/dst")) == expected
        assert ftp.errors == errors
        realservers.in_step(ftp)


def test_a_refused_name_that_is_no_utf8(client: ModuleType, proftpd: Any, tmp_path: Path) -> None:
    """The server repeats the name in its refusal."""
    name = os.fsdecode(NOT_TEXT)
    serve(proftpd, {f"up/{name}/f": b"f"})
    fill(tmp_path, {name: b"a file where a directory is", "z": b"z"})
    with realservers.session(proftpd) as ftp, pytest.raises(client.TreeError) as caught:
        ftp.upload_tree(tmp_path, "up")
    assert [path for path, _ in caught.value.summary.errors] == [name]
    assert (proftpd.root / "up/z").read_bytes() == b"z"


def test_paths_that_cannot_be_sent_are_left_out_alone(
    client: ModuleType, proftpd: Any, tmp_path: Path
) -> None:
    deep = "/".join(["d" * 200] * 11)
    fill(tmp_path, {"a": b"a", "z/f": b"f"})
    (tmp_path / "m\nn").mkdir()
    (tmp_path / "m\nn/g").write_bytes(b"g")
    with realservers.session(proftpd) as ftp:
        summary = ftp.upload_tree(tmp_path, "up")
        assert [path for path, _ in summary.refused] == ["m\nn"]
        assert summary.transferred == 2
        os.makedirs(tmp_path / deep)
        with pytest.raises(client.TreeError, match="more than a command") as caught:
            ftp.upload_tree(tmp_path, "again")
        assert caught.value.summary.transferred == 2
        realservers.in_step(ftp)


TEMPORARY = {".x.part": b"x", ".part": b"p", ".y.part.state": b"s"}
OWN = {
    ".b.abcdefgh.part": b"b",
    ".c.0123456789abcdef.part": b"c",
    ".d.part": b"d",
    ".d.part.state": b"s",
}


@pytest.mark.parametrize("direction", ["up", "down"])
def test_files_that_are_called_as_temporaries(proftpd: Any, tmp_path: Path, direction: str) -> None:
    files = TEMPORARY | OWN | {"f": b"f"}
    fill(tmp_path if direction == "up" else proftpd.root / "t", files)
    proftpd.adopt(proftpd.root)
    with realservers.session(proftpd) as ftp:
        summary = ftp.sync("t", tmp_path, direction=direction)
    assert sorted(path for path, _ in summary.refused) == sorted(TEMPORARY)
    assert summary.transferred == 1


# Faults


def test_a_directory_that_is_not_there(client: ModuleType, server: Any, tmp_path: Path) -> None:
    with realservers.session(server) as ftp:
        with pytest.raises(client.error_perm, match="550"):
            ftp.download_tree("nowhere", tmp_path / "t", retries=0)
        with pytest.raises(FileNotFoundError):
            ftp.upload_tree(tmp_path / "nowhere", "t")
        realservers.in_step(ftp)


def test_a_connection_that_breaks_is_had_again(
    client: ModuleType, proftpd: Any, tmp_path: Path
) -> None:
    relay = __import__("relay")
    serve(proftpd, {f"d{n}/f{n}": os.urandom(200_000) for n in range(20)})
    with relay.Relay(proftpd.host, proftpd.port) as link:
        for point in (100_000, 1_500_000, 3_000_000):
            link.after(point, link.cut)
        with client.FTP(link.host, link.port, proftpd.user, proftpd.password, timeout=10) as ftp:
            summary = ftp.download_tree("", tmp_path, connections=3)
    assert summary.retries >= 1
    assert tree(tmp_path) == tree(proftpd.root)


def test_a_file_that_is_short_fails_alone(client: ModuleType, tmp_path: Path) -> None:
    files = Files({f"/place/{name}": os.urandom(2_000_000) for name in "abc"})
    files.faults = [Fault(after=1_000_000, how="short")]
    with connecting() as connect:
        ftp = connect(files)
        with pytest.raises(client.TreeError, match="received") as failed:
            ftp.download_tree("", tmp_path, connections=1, retries=0)
    (path, error), *others = failed.value.summary.errors
    assert (path, type(error), others) == ("a", EOFError, [])
    for name in "bc":
        assert (tmp_path / name).read_bytes() == files.content[f"/place/{name}"]
    assert not (tmp_path / "a").exists()


def test_a_small_file_that_is_another_after_a_fault(tmp_path: Path) -> None:
    """Its size is the same: the time that MDTM told tells."""
    old, new = b"o" * 900_000, b"n" * 900_000

    def replace(command: str, files: Files) -> None:
        if command.startswith("SIZE"):
            files.content["/place/f"] = new
            files.modified = "20200102030500"

    files = Files({"/place/f": old}, faults=[Fault(after=400_000)], before=replace)
    files.refusals["MLSD"] = "500 Unknown."
    with connecting() as connect:
        summary = connect(files).download_tree("", tmp_path, connections=1)
    assert (summary.transferred, summary.retries) == (1, 1)
    assert (tmp_path / "f").read_bytes() == new


def test_a_small_upload_that_arrives_short_leaves_nothing(tmp_path: Path) -> None:
    """ProFTPD 1.3.8 takes nothing but RNTO behind RNFR."""
    verbs: list[str] = []

    def remember(command: str, files: Files) -> None:
        verb = command.partition(" ")[0]
        files.refusals.pop(verb, None)
        if verbs[-1:] == ["RNFR"] and verb != "RNTO":
            files.refusals[verb] = "503 Bad sequence of commands."
        verbs.append(verb)

    fill(tmp_path, {"f": b"f" * 1500})
    files = Files(faults=[Fault(after=700, how="short")], before=remember)
    with connecting() as connect:
        assert connect(files).upload_tree(tmp_path, "", connections=1).transferred == 1
    assert files.content == {"/place/f": b"f" * 1500}


def test_a_server_that_lets_no_second_one_in(tmp_path: Path) -> None:
    limit = {"PROFTPD_EXTRA": "MaxClients 1"}
    with realservers.running("proftpd", environment=limit) as server:
        serve(server, {f"f{n}": b"x" * n for n in range(50)})
        with realservers.session(server) as ftp:
            summary = ftp.download_tree("", tmp_path, connections=4)
        assert summary.transferred == 50
        assert tree(tmp_path) == tree(server.root)


def test_a_server_that_is_disturbed_by_commands_ahead(tmp_path: Path) -> None:
    """pyftpdlib ends a running transfer for a PASV; here nothing in its greeting says who it is."""
    hidden = {"PYFTPDLIB_BANNER": "Ready."}
    with realservers.running("pyftpdlib", environment=hidden) as server:
        serve(server, {f"f{n}": bytes([n]) * 100_000 for n in range(60)})
        for connections in (1, 4):
            with realservers.session(server) as ftp:
                target = tmp_path / str(connections)
                summary = ftp.download_tree("", target, connections=connections, retries=0)
            assert summary.transferred == 60
            assert tree(target) == tree(server.root)


@pytest.mark.parametrize("name", ["pyftpdlib", "proftpd"])
def test_a_server_that_minds_commands_behind_an_uploads_data(tmp_path: Path, name: str) -> None:
    """They look at commands before the data's end; here no greeting says who they are."""
    hidden = {"PYFTPDLIB_BANNER": "Ready.", "PROFTPD_EXTRA": 'ServerIdent on "Ready."'}
    fill(tmp_path, {f"f{n}": bytes([n]) * 60_000 for n in range(40)})
    with realservers.running(name, environment=hidden) as server:
        for connections in (1, 4):
            with realservers.session(server) as ftp:
                assert not any(each in ftp.getwelcome().lower() for each in ("proftpd", "pyftpd"))
                copy = f"copy{connections}"
                summary = ftp.upload_tree(tmp_path, copy, connections=connections, retries=0)
            assert summary.transferred == 40
            assert tree(server.root / copy) == tree(tmp_path)


def watching(server: Any, commands: list[bytes], replies: list[bytes], delay: float = 0) -> Any:
    """A relay to the server that notes what goes over the control connections, piece by piece."""
    relay = __import__("relay")

    class Watching(relay.Relay):  # type: ignore[misc, name-defined]
        async def _commands(self, block: bytes) -> bytes:
            commands.append(block)
            return bytes(await super()._commands(block))

        async def _replies(self, block: bytes) -> bytes:
            replies.append(block)
            return bytes(await super()._replies(block))

    return Watching(server.host, server.port, delay=delay)


def test_what_follows_an_uploads_data_does_not_wait(client: ModuleType, tmp_path: Path) -> None:
    said: list[bytes] = []
    fill(tmp_path, {f"f{n}": bytes([n]) * 100 for n in range(10)})
    with realservers.running("vsftpd") as server:
        with (
            watching(server, said, said, delay=0.02) as link,
            client.FTP(link.host, link.port, server.user, server.password) as ftp,
        ):
            assert ftp.upload_tree(tmp_path, "copy", connections=1).transferred == 10
        assert tree(server.root / "copy") == tree(tmp_path)
    lines = b"".join(said).split(b"\r\n")
    order = [b"STOR", b"SIZE", b"RNFR", b"226 ", b"RNTO"]
    assert [line[:4] for line in lines if line[:4] in order] == order * 10


def test_a_transfer_of_which_nothing_more_is_said(
    client: ModuleType, scripted: Callable[..., ScriptedServer], tmp_path: Path
) -> None:
    """As pyftpdlib does when PASV comes behind the last byte: its answer is not the transfer's."""

    def disturbed(conversation: Conversation) -> None:
        conversation.hear("PASV")
        conversation.connected().sendall(b"alpha")
        conversation.end_data()
        conversation.say("227 Here (127,0,0,1,9,9).")

    names = [f"type=file;size=5;modify=20200101000000; f{n}" for n in range(3)]
    first: list[Step] = [*LOGIN, answer("PWD", '257 "/"'), *listing(*names)]
    first += [answer("TYPE"), passive(), answer("RETR", "150 Here it comes."), disturbed]
    second: list[Step] = [*LOGIN, answer("TYPE")]
    for _ in names:
        second += [passive(), *download(b"alpha")]
    server = scripted(first, [*second, answer("CWD", "250 There.")])
    with client.FTP(server.host, server.port, "u", "p", timeout=10) as ftp:
        summary = ftp.download_tree("", tmp_path, connections=1, retries=0)
    assert summary.transferred == 3
    assert set(tree(tmp_path).values()) == {b"alpha"}


def test_many_small_files_by_commands_ahead(server: Any, tmp_path: Path) -> None:
    serve(server, {f"d{n % 4}/f{n}": bytes([n]) * n for n in range(150)})
    with realservers.session(server) as ftp:
        assert ftp.download_tree("", tmp_path, connections=2).transferred == 150
        assert tree(tmp_path) == tree(server.root)
        assert ftp.upload_tree(tmp_path, "copy", connections=2).transferred == 150
        assert tree(server.root / "copy") == tree(tmp_path)
        realservers.in_step(ftp)


def test_small_files_in_tls_keep_their_connection(client: ModuleType, tmp_path: Path) -> None:
    """ProFTPD refuses a PASV that comes while it shakes hands on a data connection."""
    proftpd: Any = realservers.running("proftpd", mode="tls-reuse")
    with proftpd as server:
        serve(server, {f"f{n}": b"x" * 1000 for n in range(30)})
        with closing(logged_in(client, server)) as ftp:
            connection = ftp.sock
            assert ftp.download_tree("", tmp_path, connections=1).transferred == 30
            assert ftp.sock is connection


def test_fresh_files_get_their_very_second(client: ModuleType, tmp_path: Path) -> None:
    """vsftpd lists minutes: `MDTM` tells the second, in one piece with the file's PASV."""
    pieces: list[bytes] = []
    now = int(time.time())
    with realservers.running("vsftpd") as server:
        serve(server, {f"f{n:02}": bytes([n]) * 100 for n in range(30)})
        for n in range(30):
            os.utime(server.root / f"f{n:02}", (now - n, now - n))
        with (
            watching(server, pieces, []) as link,
            client.FTP(link.host, link.port, server.user, server.password) as ftp,
        ):
            assert ftp.download_tree("", tmp_path, connections=1).transferred == 30
    for n in range(30):
        assert int((tmp_path / f"f{n:02}").stat().st_mtime) == now - n
    words = b"".join(pieces).split(b"\r\n")
    assert sum(word.startswith(b"MDTM") for word in words) == 30
    assert words.count(b"PASV") == 30 + sum(word[:4] in (b"LIST", b"MLSD") for word in words)
    assert sum(piece.startswith(b"MDTM") and b"PASV" in piece for piece in pieces) == 30


def test_an_exception_in_progress_ends_it(proftpd: Any, tmp_path: Path) -> None:
    serve(proftpd, {f"f{n}": b"x" * 1000 for n in range(200)})
    threads = threading.active_count()

    def progress(_: object) -> None:
        raise LookupError("enough")

    with realservers.session(proftpd) as ftp, pytest.raises(LookupError, match="enough"):
        ftp.download_tree("", tmp_path, progress=progress)
    assert threading.active_count() == threads
    assert len(os.listdir(tmp_path)) < 200


@pytest.mark.parametrize("word", ["426 Broken off.", "226 Done."])
def test_ctrl_c_with_a_command_under_way(
    client: ModuleType, scripted: Callable[..., ScriptedServer], tmp_path: Path, word: str
) -> None:
    """No loss that the next file's PASV is to blame for: the session goes on behind it."""

    def interrupt(conversation: Conversation) -> None:
        conversation.hear("PASV")
        os.kill(os.getpid(), signal.SIGINT)
        source = conversation.connected()
        while source.recv(1000):
            pass
        conversation.end_data()
        conversation.say(word)
        conversation.say("227 Here (127,0,0,1,9,9).")

    names = [f"type=file;size=5;modify=20200101000000; f{n}" for n in range(5)]
    steps: list[Step] = [*LOGIN, answer("PWD", '257 "/"'), *listing(*names)]
    steps += [answer("TYPE"), passive(), answer("RETR", "150 Here it comes."), interrupt]
    steps += [answer("CWD", "250 There."), answer("PWD", '257 "/"')]
    server = scripted(steps)
    with client.FTP(server.host, server.port, "u", "p", timeout=10) as ftp:
        with pytest.raises(KeyboardInterrupt):
            ftp.download_tree("", tmp_path, connections=1)
        assert ftp.pwd() == "/"
        server.forgive()
    assert os.listdir(tmp_path) == []


RENAMING = """
import sys
sys.path.insert(0, {repository!r})
from usr.ftplib import FTP
def interrupt(event, values):
    if event == "ftplib.sendcmd" and values[1][:4] == {verb!r}:
        raise KeyboardInterrupt
with FTP({host!r}, {port}, {user!r}, {password!r}) as ftp:
    sys.addaudithook(interrupt)
    try:
        ftp.upload_tree({source!r}, "copy", connections=1)
    except KeyboardInterrupt:
        print(ftp.pwd(), ftp.nlst("copy"))
"""


@pytest.mark.parametrize("verb", [b"MFMT", b"RNFR"])
def test_ctrl_c_while_a_small_file_is_renamed(proftpd: Any, tmp_path: Path, verb: bytes) -> None:
    """Behind RNFR ProFTPD answers every command with 501, until RNTO comes."""
    fill(tmp_path, {f"f{n}": b"x" for n in range(20)})
    said = realservers.run_script(RENAMING, proftpd, verb=verb, source=str(tmp_path))
    assert said == "/ []\n"


@pytest.mark.parametrize("point", ["before", "behind"])
def test_ctrl_c_while_threads_start(
    proftpd: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """`Thread.start` is Python code: within it Ctrl-C would leave a thread that waits for ever."""
    start, started = threading.Thread.start, itertools.count()

    def interrupted(thread: threading.Thread) -> None:
        if point == "behind":
            start(thread)
        if next(started) == 0:
            os.kill(os.getpid(), signal.SIGINT)
        if point == "before":
            start(thread)

    serve(proftpd, {f"f{n}": bytes(1000) for n in range(100)})
    threads = threading.enumerate()
    with realservers.session(proftpd) as ftp:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", interrupted)
            with pytest.raises(KeyboardInterrupt):
                ftp.download_tree("", tmp_path, connections=3)
        assert threading.enumerate() == threads
        realservers.in_step(ftp)


def again_and_again(call: Callable[[], object]) -> None:
    while True:
        call()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("which", range(1, 5))
def test_ctrl_c_while_a_connection_is_closed(
    vsftpd: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    """`socket.close` is Python code as well: it must close all the same, and Ctrl-C come out."""
    close, closed = socket.socket.close, itertools.count(1)

    def interrupted(connection: socket.socket) -> None:
        if next(closed) == which:
            signal.raise_signal(signal.SIGINT)
        close(connection)

    serve(vsftpd, {f"f{n}": bytes(1000) for n in range(30)})
    with realservers.session(vsftpd) as ftp, monkeypatch.context() as patch:
        patch.setattr(socket.socket, "close", interrupted)
        with pytest.raises(KeyboardInterrupt):
            again_and_again(lambda: ftp.download_tree("", tmp_path, connections=2))
        gc.collect()


UPLOADING = """
import signal, sys
sys.path.insert(0, {repository!r})
from usr.ftplib import FTP, all_errors
def interrupt(*_):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupt)
interrupted = lost = 0
with FTP({host!r}, {port}, {user!r}, {password!r}) as ftp:
    for number in range(1, 60):
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, number * {unit})
                {call}
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            interrupted += 1
        except all_errors:
            lost += 1
print(interrupted, lost)
"""


@pytest.mark.parametrize(
    ("call", "unit"),
    [("ftp.upload({file!r}, 'copy/f0')", 5e-5), ("ftp.upload_tree({source!r}, 'copy')", 5e-4)],
    ids=["upload", "upload_tree"],
)
def test_ctrl_c_in_uploads_leaves_nothing_on_the_server(
    server: Any, tmp_path: Path, call: str, unit: float
) -> None:
    """A small file is never gone on with: no later run would use, or remove, a part of it."""
    fill(tmp_path, {f"f{n}": b"x" * 20_000 for n in range(50)})
    (server.root / "copy").mkdir()
    server.adopt(server.root)
    script = UPLOADING.replace("{call}", call)
    place = {"source": str(tmp_path), "file": str(tmp_path / "f0")}
    interrupted, lost = realservers.run_script(script, server, unit=unit, **place).split()
    assert int(interrupted) > 9
    # Where the session is lost as well, nobody can.
    left = [name for name in tree(server.root / "copy") if name.startswith(".")]
    assert len(left) <= int(lost) < 3


@pytest.mark.parametrize("segments", [1, 4])
def test_ctrl_c_in_hashlib(
    proftpd: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, segments: int
) -> None:
    """Python's code there hears of signals; the threads of the others are awaited."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    serve(proftpd, {"f": bytes(5_000_000)})
    with realservers.session(proftpd) as ftp:
        with monkeypatch.context() as patch:
            patch.setattr("hashlib.new", interrupted)
            with pytest.raises(KeyboardInterrupt):
                ftp.download("f", tmp_path / "f", segments=segments)
        realservers.in_step(ftp)
        assert ftp.download("f", tmp_path / "f", segments=segments).verified.startswith("hash")


SUBPROCESS = """
import sys
sys.path.insert(0, {repository!r})
import socket
from usr.ftplib import FTP
commands, opened = [], []
sys.addaudithook(
    lambda event, values: event == "ftplib.sendcmd" and commands.append(values[1][:5])
)
if {patches!r}:
    original = socket.create_connection
    def create_connection(*arguments, **keywords):
        opened.append(arguments)
        return original(*arguments, **keywords)
    socket.create_connection = create_connection
with FTP({host!r}, {port}, {user!r}, {password!r}) as ftp:
    summary = ftp.download_tree("", {target!r}, connections=4)
print(summary.transferred, summary.connections > 1, commands.count(b"RETR "), len(opened))
"""


@pytest.mark.parametrize("patches", [False, True])
def test_what_python_sees_of_further_connections(
    proftpd: Any, tmp_path: Path, patches: bool
) -> None:
    """Audit hooks hear of every file, and who replaces socket.create_connection gets its calls."""
    serve(proftpd, {f"f{n}": b"x" * 1000 for n in range(100)})
    said = realservers.run_script(SUBPROCESS, proftpd, patches=patches, target=str(tmp_path))
    transferred, several, told, opened = said.split()
    assert (transferred, several) == ("100", "True")
    assert int(told) >= 100
    assert (int(opened) >= 100) == patches


def test_progress_names_paths(proftpd: Any, tmp_path: Path) -> None:
    serve(proftpd, FILES)
    seen: dict[str, Any] = {}
    with realservers.session(proftpd) as ftp:
        ftp.download_tree("", tmp_path, progress=lambda p: seen.__setitem__(p.name, p))
    assert set(seen) == set(FILES)
    assert all(p.done == p.total == len(FILES[name]) for name, p in seen.items())


def test_arguments(vsftpd: Any, tmp_path: Path) -> None:
    with realservers.session(vsftpd) as ftp:
        wrong: dict[str, Any]
        for wrong in ({"connections": 0}, {"connections": 17}, {"compare": "x"}, {"retries": -1}):
            with pytest.raises(ValueError, match="must be"):
                ftp.download_tree("", tmp_path, **wrong)
        for wrong in ({"include": 3}, {"exclude": [b"x"]}, {"progress": 1}, {"nope": 1}):
            with pytest.raises(TypeError):
                ftp.download_tree("", tmp_path, **wrong)
        with pytest.raises(ValueError, match=r"illegal|newline|CR"):
            ftp.download_tree("a\r\nDELE b", tmp_path)
        with pytest.raises(ValueError, match="direction"):
            ftp.sync("", tmp_path, direction="sideways")


def test_no_descriptor_and_no_thread_is_left(server: Any, tmp_path: Path) -> None:
    serve(server, {f"d{n % 3}/f{n}": b"x" for n in range(30)})
    with realservers.session(server) as ftp:
        ftp.download_tree("", tmp_path / "0")
        before = len(os.listdir("/proc/self/fd")), threading.active_count()
        ftp.download_tree("", tmp_path / "1")
        ftp.upload_tree(tmp_path / "1", "up")
        assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == before
