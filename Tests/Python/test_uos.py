"""`uos`: the device's functions, return values and quirks, on the host's file system."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Any

import pytest
from conftest import FTPY

FOLDER, FILE = 0x4000, 0x8000


def evaluate(expression: str, cwd: Path) -> Any:
    """The value of an expression in ftpy."""
    return ast.literal_eval(FTPY.run("-c", f"print(repr({expression}))", cwd=cwd).stdout)


def error_number(statement: str, cwd: Path) -> int:
    """`e.args[0]` of the OSError that a statement raises, as device scripts look at it."""
    code = f"try:\n  {statement}\nexcept OSError as e:\n  print(e.args[0])"
    return int(FTPY.run("-c", code, cwd=cwd).stdout)


def test_it_has_the_devices_names_and_no_others(tmp_path: Path) -> None:
    device = (
        "remove chdir getcwd listdir mkdir rename rmdir ilistdir stat statvfs uname uname2 urandom "
        "mount umount VfsFat VfsLfs1 VfsSd"
    )
    assert evaluate("dir(uos)", tmp_path) == sorted(device.split())
    assert evaluate("(uos.remove, dir(uos))[1]", tmp_path) == sorted(device.split())
    for name in ("path", "getenv", "system", "makedirs", "walk", "sep", "sync"):
        assert evaluate(f"hasattr(uos, {name!r})", tmp_path) is False


def test_listdir(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    for name in ("b", "a", "ü"):
        (tmp_path / "usr" / name).touch()
    for spelling in ("usr", "usr/", "./usr", str(tmp_path / "usr")):
        assert evaluate(f"uos.listdir({spelling!r})", tmp_path) == ["a", "b", "ü"]
    for here in ("", "''", "'.'"):
        assert evaluate(f"uos.listdir({here})", tmp_path) == ["usr"]
    assert error_number("uos.listdir('none')", tmp_path) == 2
    assert error_number("uos.listdir('usr/a')", tmp_path) == 20


def test_ilistdir(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "broken").symlink_to("nowhere")
    listed = evaluate("list(uos.ilistdir())", tmp_path)
    size = len("nowhere")
    assert listed == [
        ("broken", FILE, 0, size),
        ("file", FILE, 0, 5),
        ("folder", FOLDER, 0, 0),
        ("link", FILE, 0, 5),
    ]
    assert evaluate("next(uos.ilistdir('.'))", tmp_path) == ("broken", FILE, 0, size)
    assert error_number("uos.ilistdir('none')", tmp_path) == 2


def test_ilistdir_looks_at_the_folder_that_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "folder/inside").mkdir(parents=True)
    (tmp_path / "folder/file").write_bytes(b"12345")
    for path in ("", "."):
        code = f"(uos.chdir('folder'), uos.ilistdir({path!r}), uos.chdir('/'))[1]"
        assert evaluate(f"list({code})", tmp_path) == [
            ("file", FILE, 0, 5),
            ("inside", FOLDER, 0, 0),
        ]


HINT = "ftpy: /usr is this computer's; `ftpy --root DIR` makes it the device's\n"


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("uos.listdir('/usr'); uos.listdir('/usr/')", HINT),
        ("uos.chdir('/usr')", HINT),
        ("try: uos.stat('/usr/no.json')\nexcept OSError: uos.listdir('/usr')", HINT),
        ("import ql_fs; print(ql_fs.path_exists('/usr/no.json'))", HINT),
        ("import ql_fs; print(ql_fs.read_json('/usr/no.json'))", HINT),
        ("uos.listdir('/usr/bin'); uos.stat('/usr/bin/env')", ""),
        ("uos.listdir('/'); uos.listdir('')", ""),
        ("uos.mkdir('usr'); uos.listdir('usr')", ""),
    ],
)
def test_a_hint_where_usr_is_not_the_devices(code: str, hint: str, tmp_path: Path) -> None:
    assert FTPY.run("-c", code, cwd=tmp_path).stderr == hint
    if hint.endswith("\n") and "no.json" not in code:
        assert FTPY.run("--root", ".", "-c", code, cwd=tmp_path).stderr == ""


def test_stat(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    os.utime(file, (1_000_000.9, 2_000_000.9))
    changed = int(file.stat().st_ctime)
    assert evaluate("uos.stat('file')", tmp_path) == (
        FILE,
        0,
        0,
        0,
        0,
        0,
        5,
        1_000_000,
        2_000_000,
        changed,
    )
    assert evaluate("uos.stat('file')[-4]", tmp_path) == 5
    (tmp_path / "folder").mkdir()
    assert evaluate("uos.stat('folder')[:7]", tmp_path) == (FOLDER, 0, 0, 0, 0, 0, 0)
    assert evaluate("uos.stat('/')[:7]", tmp_path) == (FOLDER, 0, 0, 0, 0, 0, 0)
    assert evaluate("type(uos.stat('.')) is tuple", tmp_path) is True
    assert error_number("uos.stat('none')", tmp_path) == 2


def test_statvfs(tmp_path: Path) -> None:
    values = evaluate("uos.statvfs('.')", tmp_path)
    host = os.statvfs(tmp_path)
    assert len(values) == 10
    assert values[:3] == (host.f_bsize, host.f_frsize, host.f_blocks)
    assert values[5:] == (0, 0, 0, 0, host.f_namemax)
    assert 0 < values[4] <= values[3] <= values[2]


def test_uname(tmp_path: Path) -> None:
    host = os.uname()
    version = FTPY.run("-V").stdout.split()[1]
    pairs = dict(text.split("=", 1) for text in evaluate("uos.uname()", tmp_path))
    assert pairs == {
        "sysname": host.sysname,
        "nodename": host.nodename,
        "release": host.release,
        "version": host.version,
        "machine": host.machine,
        "qpyver": f"ftpy {version}",
    }
    assert evaluate("uos.uname()[0].split('=')[1]", tmp_path) == host.sysname
    assert evaluate("tuple(uos.uname2())", tmp_path) == tuple(pairs.values())
    assert evaluate("(uos.uname2().sysname, uos.uname2().qpyver)", tmp_path) == (
        host.sysname,
        pairs["qpyver"],
    )


def test_urandom(tmp_path: Path) -> None:
    one, two = evaluate("(uos.urandom(16), uos.urandom(16))", tmp_path)
    assert len(one) == len(two) == 16
    assert one != two


def test_mkdir(tmp_path: Path) -> None:
    assert evaluate("uos.mkdir('folder')", tmp_path) is None
    assert (tmp_path / "folder").is_dir()
    assert error_number("uos.mkdir('folder')", tmp_path) == 17
    assert error_number("uos.mkdir('none/folder')", tmp_path) == 2


@pytest.mark.parametrize("function", ["remove", "rmdir"])
def test_remove_and_rmdir_take_files_and_empty_folders(function: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "full/part").mkdir(parents=True)
    (tmp_path / "link").symlink_to("full")
    for name in ("file", "empty", "link"):
        assert evaluate(f"uos.{function}({name!r})", tmp_path) is None
    assert [entry.name for entry in tmp_path.iterdir()] == ["full"], (
        "a link goes, not what it leads to"
    )
    assert error_number(f"uos.{function}('full')", tmp_path) == 39
    assert error_number(f"uos.{function}('none')", tmp_path) == 2


def test_rename_replaces(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    (tmp_path / "new").write_text("new")
    assert evaluate("uos.rename('old', 'new')", tmp_path) is None
    assert [entry.name for entry in tmp_path.iterdir()] == ["new"]
    assert (tmp_path / "new").read_text() == "old"
    assert error_number("uos.rename('none', 'new')", tmp_path) == 2


def test_chdir_and_getcwd(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    assert evaluate("(uos.getcwd(), uos.chdir('usr'), uos.getcwd())", tmp_path) == (
        str(tmp_path),
        None,
        str(tmp_path / "usr"),
    )
    assert error_number("uos.chdir('none')", tmp_path) == 2


@pytest.mark.parametrize(
    "call",
    [
        "mount(object(), '/usr')",
        "umount('/usr')",
        "VfsLfs1(32, 32)",
        "VfsFat(0, 1, 2, 3)",
        "VfsSd('sf_fs')",
    ],
)
def test_what_needs_the_device_says_so(call: str, tmp_path: Path) -> None:
    assert error_number(f"uos.{call}", tmp_path) == 19
    said = FTPY.run("-c", f"uos.{call}", cwd=tmp_path, check=False).stderr
    assert "works only on the device" in said


@pytest.mark.parametrize(
    "call", ["listdir(3)", "stat(None)", "remove(1.5)", "mkdir()", "rename('a')"]
)
def test_wrong_arguments_are_type_errors(call: str, tmp_path: Path) -> None:
    done = FTPY.run("-c", f"uos.{call}", cwd=tmp_path, check=False)
    assert "TypeError: " in done.stderr
