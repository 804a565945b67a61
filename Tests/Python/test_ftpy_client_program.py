"""`ftpy -m ftplib HOST -l`: the client as a program, as `python3 -m ftplib` is one."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from conftest import FTPY, Directory

NAMES = ["ftplib", "usr.ftplib"]


@pytest.fixture
def url(directory: Directory) -> str:
    directory.put("greeting.txt", b"hello\n")
    server = directory.server
    return f"ftp://{server.user}:{server.password}@{server.host}:{server.port}{directory.path}"


@pytest.mark.parametrize("name", NAMES)
def test_it_lists_and_writes_files(name: str, url: str, tmp_path: Path) -> None:
    done = FTPY.run("-m", name, url, "-l", "greeting.txt", cwd=tmp_path)
    listing, content = done.stdout.splitlines()
    assert listing.endswith(" greeting.txt")
    assert content == "hello"
    assert done.stderr == ""


@pytest.mark.parametrize("name", NAMES)
def test_it_does_so_in_a_root(name: str, url: str, tmp_path: Path) -> None:
    done = FTPY.run("--root", tmp_path, "-m", name, url, "greeting.txt")
    assert done.stdout == "hello\n"


@pytest.mark.parametrize("name", NAMES)
def test_without_a_host_it_says_how(name: str, tmp_path: Path) -> None:
    done = FTPY.run("-m", name, cwd=tmp_path)
    assert "ftplib [-d]" in done.stdout
    assert "-l[dir]" in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_a_failure_is_one_line_and_status_1(name: str, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        done = FTPY.run("-m", name, f"ftp://127.0.0.1:{port}", cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"ftplib: [Errno 111] cannot connect to 127.0.0.1 port {port}: Connection refused\n"
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_refusal_is_one_line_and_status_1(name: str, url: str, tmp_path: Path) -> None:
    done = FTPY.run("-m", name, url, "missing", cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "ftplib: 550 Failed to open file.\n"


def test_files_of_the_users_do_not_replace_it(tmp_path: Path) -> None:
    (tmp_path / "ftplib.py").write_text("raise SystemExit('the wrong one')")
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/__init__.py").write_text("1 / 0")
    assert "ftplib [-d]" in FTPY.run("-m", "ftplib", cwd=tmp_path).stdout


def test_text_goes_to_the_devices_files_as_bytes_do(url: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for kind in ("", ";type=a"):
        FTPY.run(
            "--root", root, "-m", "usr.ftplib", "get", "-o", "/usr/a", f"{url}/greeting.txt{kind}"
        )
        assert (root / "usr/a").read_bytes() == b"hello\n"
        FTPY.run("--root", root, "-m", "usr.ftplib", "put", "/usr/a", f"{url}/back{kind}")
        (root / "usr/a").unlink()
