"""`test()`: the module as a program."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import realservers
from conftest import LOGIN, Interpreter, ScriptedServer, answer, download, passive

PROGRAM = "import usr.ftplib as f; f.test()"
CONTENT = bytes(range(256)) * 300 + b"\r\n\n\r"


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with realservers.running("vsftpd") as server:
        (server.root / "folder").mkdir()
        (server.root / "file").write_bytes(CONTENT)
        (server.root / "folder" / "inner file").write_bytes(b"inner")
        server.adopt(*server.root.iterdir())
        yield server


@pytest.fixture
def home(server: Any, tmp_path: Path) -> Path:
    """A home directory whose netrc file knows the server."""
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine {server.host} login {server.user} password {server.password}\n")
    netrc.chmod(0o600)
    return tmp_path


class Program:
    def __init__(self, interpreter: Interpreter, home: Path) -> None:
        self._interpreter = interpreter
        self._home = home

    def __call__(self, *arguments: str, check: bool = True) -> tuple[bytes, str, int]:
        """Output as bytes, errors, exit status."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("FTP_", "PYTHON"))}
        environment = inherited | dict(self._interpreter.environment) | {"HOME": str(self._home)}
        done = subprocess.run(
            [self._interpreter.program, "-W", "error", "-c", PROGRAM, *arguments],
            env=environment,
            capture_output=True,
            timeout=60,
            check=False,
        )
        if check and done.returncode:
            pytest.fail(done.stderr.decode())
        return done.stdout, done.stderr.decode(), done.returncode


@pytest.fixture
def program(interpreter: Interpreter, home: Path) -> Program:
    return Program(interpreter, home)


@pytest.fixture
def address(server: Any) -> str:
    return f"{server.host}:{server.port}"


def test_without_an_argument_it_says_how_it_is_used(program: Program) -> None:
    for arguments in ((), ("-d",), ("-x",), ("-h",), ("--help",)):
        output, errors, _ = program(*arguments)
        for word in ("-d", "-r", "-l", "-p", "host", "file"):
            assert word in output.decode(), word
        assert errors == ""


def test_a_file_comes_to_the_standard_output_byte_for_byte(program: Program, address: str) -> None:
    assert program(address, "file") == (CONTENT, "", 0)


def test_files_and_listings_in_their_order(program: Program, address: str) -> None:
    output, _, _ = program(address, "-l", "-dfolder", "inner file", "-l")
    lines = output.split(b"\n")
    assert [line.split()[-1] for line in lines[:2]] == [b"file", b"folder"]
    assert lines[2].startswith(b"inner-rw")
    assert lines[2].endswith(b"inner file")


def test_a_directory_is_listed(program: Program, address: str) -> None:
    output, _, _ = program(address, "-l/folder")
    assert output.rstrip(b"\n").endswith(b"inner file")
    assert output.count(b"\n") == 1


def test_debugging(program: Program, address: str, server: Any) -> None:
    output, _, _ = program("-d", address)
    assert b"*cmd* 'PASS **********'" in output
    assert b"*resp* '230" in output
    assert b"*get*" not in output
    assert server.password.encode() not in output
    output, _, _ = program("-d", "-d", address)
    assert b"*get* '230" in output
    assert server.password.encode() not in output


def test_p_switches_between_passive_and_active(program: Program, address: str) -> None:
    output, _, _ = program("-d", address, "-l", "-p", "-l", "-p", "-l")
    commands = [word for word in output.split(b"'") if word[:4] in (b"PASV", b"PORT")]
    assert [command[:4] for command in commands] == [b"PASV", b"PORT", b"PASV"]


def test_r_names_a_netrc_file(
    interpreter: Interpreter, home: Path, address: str, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    (home / ".netrc").rename(other)
    program = Program(interpreter, tmp_path)
    assert program(f"-r{other}", address, "file")[0] == CONTENT
    assert CONTENT in program("-d", f"-r{other}", address, "file")[0]
    _, errors, status = program(f"-r{tmp_path}/missing", address, check=False)
    assert (status, "FileNotFoundError" in errors) == (1, True)


def test_r_alone_reads_none(program: Program, address: str) -> None:
    output, errors, status = program("-d", "-r", address, check=False)
    assert b"'USER anonymous'" in output
    assert "error_perm: 530" in errors
    assert status == 1


def test_a_url(program: Program, server: Any, interpreter: Interpreter, tmp_path: Path) -> None:
    url = f"ftp://{server.user}:{server.password}@{server.host}:{server.port}/folder"
    assert Program(interpreter, tmp_path)(url, "inner file")[0] == b"inner"
    user = f"{server.user}@{server.host}:{server.port}"
    assert program(user, "file")[0] == CONTENT


def test_an_ipv6_address(interpreter: Interpreter, tmp_path: Path) -> None:
    if not realservers.has_ipv6():
        pytest.skip("no IPv6 on this machine")
    netrc = tmp_path / ".netrc"
    with realservers.running("vsftpd", bind="::1") as server:
        netrc.write_text(f"machine ::1 login {server.user} password {server.password}\n")
        netrc.chmod(0o600)
        (server.root / "file").write_bytes(CONTENT)
        server.adopt(server.root / "file")
        assert Program(interpreter, tmp_path)(f"[::1]:{server.port}", "file")[0] == CONTENT
    # Without brackets it is the address alone: nothing listens at FTP's own port.
    for address in ("::1", "me@::1"):
        _, errors, status = Program(interpreter, tmp_path)(address, "file", check=False)
        assert "cannot connect to ::1 port 21" in errors
        assert status == 1


def test_a_failure_ends_it(program: Program, address: str) -> None:
    output, errors, status = program(address, "missing", "file", check=False)
    assert (output, status) == (b"", 1)
    assert errors.rstrip().splitlines()[-1].endswith("error_perm: 550 Failed to open file.")
    assert "ResourceWarning" not in errors


def test_a_word_that_is_no_text_is_not_repeated(client: ModuleType, monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.argv", ["ftplib", "ftp://me:s3cret\udcff@127.0.0.1:1/", "-l"])
    with pytest.raises(ValueError, match="bytes that are no UTF-8") as raised:
        client.test()
    assert type(raised.value) is ValueError
    assert "s3cret" not in repr(raised.value)


def test_it_takes_leave(client: ModuleType, scripted: Any, monkeypatch: Any, capsys: Any) -> None:
    server: ScriptedServer = scripted(
        [*LOGIN, answer("CWD"), answer("TYPE"), passive(), *download(b"a line\r\n", verb="LIST")]
    )
    where = f"ftp://u:p@{server.host}:{server.port}"
    monkeypatch.setattr("sys.argv", ["ftplib", where, "-d", "-l"])
    assert client.test() is None
    assert server.heard == ["USER u", "PASS p", "CWD", "TYPE A", "PASV", "LIST", "QUIT"]
    assert capsys.readouterr().out == "a line\n"
