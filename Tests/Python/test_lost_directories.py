"""Whole files and trees in the directory that is meant, on whichever connection."""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ScriptedServer, say
from fileserver import Connect, Fault, Files, connecting, serve
from realservers import running
from scripted import answer, cut

from usr.ftplib import FTP, Error, all_errors, error_perm, error_temp

LARGE = os.urandom(3 * 1024 * 1024)
SMALL = os.urandom(1000)
UNKNOWN = r"in which directory it was is not known .*call connect\(\), login\(\) and cwd\(\) again"


@pytest.fixture
def connect() -> Iterator[Connect]:
    with connecting() as connect:
        yield connect


def ways(ftp: FTP) -> list[list[str]]:
    """By which commands each connection has come to its directory."""
    ways: list[list[str]] = []
    for command in ftp.heard:  # type: ignore[attr-defined]
        if command.startswith("USER"):
            ways.append([])
        elif command.startswith(("CWD", "CDUP")):
            ways[-1].append(command)
    return ways


def lose(ftp: Any) -> None:
    ftp.sock.shutdown(socket.SHUT_RDWR)


def lose_and_notice(ftp: FTP) -> None:
    lose(ftp)
    with pytest.raises(all_errors):
        ftp.voidcmd("NOOP")


def download(ftp: FTP, _: Path) -> None:
    content = io.BytesIO()
    ftp.download("f", content)
    assert content.getvalue() == SMALL


def upload(ftp: FTP, _: Path) -> None:
    ftp.upload(io.BytesIO(SMALL), "g")


def download_tree(ftp: FTP, folder: Path) -> None:
    ftp.download_tree("t", folder, connections=1)
    assert (folder / "f").read_bytes() == SMALL


def upload_tree(ftp: FTP, folder: Path) -> None:
    (folder / "f").write_bytes(SMALL)
    ftp.upload_tree(folder, "t", connections=1)


CALLS = pytest.mark.parametrize("call", [download, upload, download_tree, upload_tree])


@CALLS
@pytest.mark.parametrize("losing", [lose, FTP.close, lose_and_notice])
def test_it_goes_where_the_script_went(
    connect: Connect, tmp_path: Path, call: Callable[..., None], losing: Callable[[FTP], None]
) -> None:
    """Nobody has asked the server yet how that place is called."""
    ftp = connect(Files({"f": SMALL, "/place/t/f": SMALL}))
    ftp.cwd("a")
    with pytest.raises(error_perm):
        ftp.cwd("f")
    ftp.cwd("..")
    ftp.cwd("b")
    losing(ftp)
    call(ftp, tmp_path)
    first, second, *_ = ways(ftp)
    assert second[:3] == ["CWD a", "CWD ..", "CWD b"] == [first[0], *first[-2:]]


@CALLS
def test_it_goes_where_the_script_went_since(
    connect: Connect, tmp_path: Path, call: Callable[..., None]
) -> None:
    ftp = connect(Files({"f": SMALL, "/place/t/f": SMALL}))
    ftp.cwd("a")
    download(ftp, tmp_path)
    ftp.cwd("b")
    lose(ftp)
    call(ftp, tmp_path)
    assert ways(ftp)[1][:2] == ["CWD /place", "CWD b"]


def test_what_came_before_an_absolute_path_is_not_gone_again(
    connect: Connect, tmp_path: Path
) -> None:
    ftp = connect(Files({"f": SMALL}))
    for directory in ("a", "b", "/c", "d"):
        ftp.cwd(directory)
    lose(ftp)
    download(ftp, tmp_path)
    assert ways(ftp)[1] == ["CWD /c", "CWD d"]
    # It has a name by now.
    lose(ftp)
    download(ftp, tmp_path)
    assert ways(ftp)[2] == ["CWD /c", "CWD d"]
    download(ftp, tmp_path)
    lose(ftp)
    download(ftp, tmp_path)
    assert ways(ftp)[3] == ["CWD /place"]


def test_a_421_is_no_answer_to_pwd(tmp_path: Path) -> None:
    files = Files({"f": SMALL}, refusals={"PWD": "421 Idle for too long."})

    def clear(command: str, files: Files) -> None:
        if command.startswith("USER") and len(server.heard) > 4:
            files.refusals.clear()

    files.before = clear
    with ScriptedServer(*[[serve(files)]] * 4) as server:
        ftp = FTP(server.host, server.port, "user", "password", timeout=20)
        ftp.heard = server.heard  # type: ignore[attr-defined]
        ftp.cwd("a")
        download(ftp, tmp_path)
        ftp.close()
        assert ways(ftp) == [["CWD a"], ["CWD a"]]


@pytest.mark.parametrize("pwd", ["550 No.", "257 No path.", '257 ""', "450 Not now."])
def test_a_directory_without_a_name_is_returned_to(
    connect: Connect, tmp_path: Path, pwd: str
) -> None:
    faults = [Fault(1_000_000, "close")]
    ftp = connect(Files({"f": LARGE}, faults=faults, refusals={"PWD": pwd}))
    ftp.cwd("a")
    assert ftp.download("f", tmp_path / "f").attempts == 2
    assert (tmp_path / "f").read_bytes() == LARGE
    assert ways(ftp) == [["CWD a"], ["CWD a"]]


@pytest.mark.parametrize("pwd", ["550 No.", '257 "C:"'])
def test_a_tree_needs_a_directory_with_a_name(connect: Connect, tmp_path: Path, pwd: str) -> None:
    """It goes into others, and would be lost there."""
    ftp = connect(Files({"f": SMALL, "/t/f": SMALL}, refusals={"PWD": pwd}))
    with pytest.raises(Error, match="give the whole path"):
        ftp.download_tree("t", tmp_path)
    with pytest.raises(Error, match="give the whole path"):
        ftp.upload_tree(tmp_path, "t")
    ftp.upload_tree(tmp_path, "/t")


@CALLS
@pytest.mark.parametrize("command", ["SITE CDPATH", "SMNT /x", "USER user"])
def test_nobody_knows_where_it_was(
    connect: Connect, tmp_path: Path, call: Callable[..., None], command: str
) -> None:
    ftp = connect(Files({"f": SMALL}))
    ftp.cwd("a")
    ftp.heard.clear()  # type: ignore[attr-defined]
    with pytest.raises(error_perm) if command[0] == "S" else pytest.MonkeyPatch.context():
        ftp.sendcmd(command)
    lose(ftp)
    with pytest.raises(Error, match=UNKNOWN) as raised:
        call(ftp, tmp_path)
    assert type(raised.value) is Error
    heard: list[str] = ftp.heard  # type: ignore[attr-defined]
    assert heard == [command], "no other connection was made"


def test_a_change_whose_answer_never_came(connect: Connect, tmp_path: Path) -> None:
    files = Files({"f": SMALL})
    ftp = connect(files)

    ftp.cwd("a")
    sock: Any = ftp.sock
    files.before = lambda command, _: command == "CWD b" and sock.shutdown(socket.SHUT_RDWR)
    with pytest.raises(all_errors):
        ftp.cwd("b")
    with pytest.raises(Error, match=UNKNOWN):
        download(ftp, tmp_path)


def test_an_answer_to_what_went_past_the_object(connect: Connect, tmp_path: Path) -> None:
    ftp = connect(Files({"f": SMALL}))
    sock: Any = ftp.sock
    sock.sendall(b"CWD a\r\n")
    ftp.getmultiline()
    lose(ftp)
    with pytest.raises(Error, match=UNKNOWN):
        download(ftp, tmp_path)


@pytest.mark.parametrize("kept", [True, False])
def test_a_directory_that_somebody_has_changed_past_the_object(
    connect: Connect, tmp_path: Path, kept: bool
) -> None:
    files = Files({"f": LARGE}, refusals={"PWD": '257 "/a"'})
    ftp = connect(files)
    sock: Any = ftp.sock if kept else None
    ftp.cwd("/a")
    ftp.download("f", io.BytesIO())
    sock = sock or ftp.sock
    sock.sendall(b"CWD /b\r\n")
    assert sock.recv(100).startswith(b"2")
    files.refusals["PWD"] = '257 "/b"'
    files.faults.append(Fault(1_000_000, "close"))
    assert ftp.download("f", tmp_path / "f").attempts == 2
    assert (tmp_path / "f").read_bytes() == LARGE
    assert ways(ftp)[-1] == ["CWD /b"]


def test_a_second_login_need_not_lead_anywhere(connect: Connect, tmp_path: Path) -> None:
    """vsftpd says that it is logged in already, and stays where it is."""
    ftp = connect(Files({"f": SMALL}))
    ftp.cwd("a")
    ftp.login("user", "password")
    download(ftp, tmp_path)
    lose(ftp)
    download(ftp, tmp_path)
    assert ways(ftp)[-1] == ["CWD /place"]
    ftp.login("user", "password")
    lose(ftp)
    with pytest.raises(Error, match=UNKNOWN):
        download(ftp, tmp_path)


def test_a_login_that_goes_somewhere_by_itself(tmp_path: Path) -> None:
    class There(FTP):
        def login(self, *arguments: Any, **keywords: Any) -> str:
            reply = super().login(*arguments, **keywords)
            self.cwd("base")
            return reply

    with ScriptedServer(*[[serve(Files({"f": SMALL}))]] * 2) as server:
        ftp = There(server.host, server.port, "user", "password", timeout=20)
        ftp.heard = server.heard  # type: ignore[attr-defined]
        ftp.cwd("a")
        lose(ftp)
        download(ftp, tmp_path)
        ftp.close()
        assert ways(ftp) == [["CWD base", "CWD a"]] * 2


def test_a_return_that_is_cut_is_begun_anew(tmp_path: Path) -> None:
    files = Files({"f": SMALL})
    lost = [say("220 Hi."), answer("USER", "230 In."), lambda c: c.hear("CWD"), cut()]
    with ScriptedServer([serve(files)], lost, lost, [serve(files)]) as server:
        ftp = FTP(server.host, server.port, "user", "password", timeout=20)
        ftp.heard = server.heard  # type: ignore[attr-defined]
        for directory in ("a", "b"):
            ftp.cwd(directory)
        lose(ftp)
        with pytest.raises(all_errors):
            ftp.download("f", io.BytesIO(), retries=1)
        download(ftp, tmp_path)
        ftp.close()
        assert ways(ftp) == [["CWD a", "CWD b"], ["CWD a"], ["CWD a"], ["CWD a", "CWD b"]]


# Names that are no UTF-8

ODD = b"/d\xe9r"
CODECS = pytest.mark.parametrize(
    "codec", [{}, {"errors": "surrogateescape"}, {"encoding": "latin-1"}, {"encoding": "auto"}]
)


@pytest.fixture
def odd() -> Iterator[Any]:
    """vsftpd with a directory whose name is no UTF-8, and the same files in the root."""
    with running("vsftpd") as server:
        root = os.fsencode(server.root)
        for place, byte in ((root, b"R"), (root + ODD, b"D")):
            os.makedirs(place + b"/sub")
            for name in (b"f", b"sub/f", b"sub/g"):
                path = place + b"/" + name
                with open(path, "wb") as file:
                    file.write(byte * 20_000_000)
                os.utime(path, (1.7e9, 1.7e9))
        for folder, _, files in os.walk(root):
            for name in (b".", *files):
                status = os.stat(server.root)
                os.chown(os.path.join(folder, name), status.st_uid, status.st_gid)
        yield server


def inside(server: Any, **codec: str) -> FTP:
    ftp = FTP(timeout=20)
    for name, value in codec.items():
        setattr(ftp, name, value)
    ftp.connect(server.host, server.port)
    ftp.login(server.user, server.password)
    ftp.cwd(ODD)
    return ftp


@CODECS
def test_further_connections_go_to_a_name_that_is_no_utf8(
    odd: Any, tmp_path: Path, codec: dict[str, str]
) -> None:
    ftp = inside(odd, **codec)
    result = ftp.download("f", tmp_path / "f", segments=4)
    assert set((tmp_path / "f").read_bytes()) == set(b"D")
    ftp.download_tree("sub", tmp_path / "sub", connections=3)
    assert set((tmp_path / "sub/g").read_bytes()) == set(b"D")
    (tmp_path / "sub/g").write_bytes(b"U")
    ftp.upload_tree(tmp_path / "sub", "sub", connections=3)
    assert Path(os.fsdecode(os.fsencode(odd.root) + ODD + b"/sub/g")).read_bytes() == b"U"
    assert (odd.root / "sub/g").stat().st_size == 20_000_000
    lose(ftp)
    ftp.upload(io.BytesIO(b"new"), "f")
    assert Path(os.fsdecode(os.fsencode(odd.root) + ODD + b"/f")).read_bytes() == b"new"
    assert result.size == 20_000_000
    ftp.close()


@CODECS
@pytest.mark.parametrize("name", ["sub", b"sub"])
def test_an_upload_onto_a_directory_leaves_the_session_where_it_was(
    odd: Any, codec: dict[str, str], name: Any
) -> None:
    ftp = inside(odd, **codec)
    with pytest.raises(error_perm):
        ftp.upload(io.BytesIO(b"x"), name)
    # Where the way back has no name as text the connection is given up.
    if ftp.sock:
        ftp.delete("f")
        assert (odd.root / "f").exists()
        assert not os.path.exists(os.fsencode(odd.root) + ODD + b"/f")
    ftp.close()


# Parts


def test_a_part_is_of_a_file_in_its_directory(connect: Connect, tmp_path: Path) -> None:
    files = Files({"f": LARGE}, refusals={"PWD": '257 "/a"'}, faults=[Fault(2_000_000, "426 No.")])
    ftp = connect(files)
    ftp.cwd("a")
    with pytest.raises(error_temp):
        ftp.download("f", tmp_path / "f", retries=0)
    other = os.urandom(len(LARGE))
    files.content = {"f": other, "/a/f": other, "/b/f": other}
    files.refusals["PWD"] = '257 "/b"'
    ftp.cwd("/b")
    files.faults = [Fault(1_000_000, "426 No.")]
    with pytest.raises(error_temp):
        ftp.download("f", tmp_path / "f", retries=0)
    # It is the same by its whole name.
    assert ftp.download("/b/f", tmp_path / "f").kept == 1_000_000
    assert (tmp_path / "f").read_bytes() == other


def test_a_part_in_the_directory_of_the_login_is_none_in_another(
    connect: Connect, tmp_path: Path
) -> None:
    files = Files({"f": LARGE}, faults=[Fault(2_000_000, "426 No."), Fault(2_000_000, "426 No.")])
    ftp = connect(files)
    for _ in range(2):
        with pytest.raises(error_temp):
            ftp.download("f", tmp_path / "f", retries=0)
    other = os.urandom(len(LARGE))
    files.content = {"f": other}
    ftp.cwd("b")
    assert ftp.download("f", tmp_path / "f").kept == 0
    assert (tmp_path / "f").read_bytes() == other
