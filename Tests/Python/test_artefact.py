"""The extension that python3 loads: what it links and exports, and every Python here with it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from conftest import LOGIN, REPOSITORY, ScriptedServer, answer, download, passive, upload
from pythons import Python, able

EXTENSION = REPOSITORY / "usr/ftplib/__init__.abi3.so"

Scripted = Callable[..., ScriptedServer]


# What it links and exports


def output_of(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout


def test_it_links_neither_swift_nor_python() -> None:
    libraries = re.findall(r"^\s*(\S+)", output_of("ldd", EXTENSION), re.MULTILINE)
    assert [name for name in libraries if re.search("swift|python|Foundation|dispatch", name)] == []
    assert "libc.so.6" in libraries


def test_it_exports_its_initialiser_alone() -> None:
    symbols = output_of("nm", "-D", "--defined-only", EXTENSION).splitlines()
    assert [symbol.split()[-1] for symbol in symbols] == ["PyInit_ftplib"]


def test_it_asks_for_no_executable_stack_and_no_folder_of_its_own() -> None:
    headers = output_of("readelf", "--wide", "--program-headers", "--dynamic", EXTENSION)
    (stack,) = re.findall(r"GNU_STACK .* ([RWE]+) +\w+$", headers, re.MULTILINE)
    assert stack == "RW"
    assert [path for path in re.findall(r"R(?:UN)?PATH.*\[(.*)\]", headers) if "/" in path] == []


# Every Python of this machine


def run(
    python: Python,
    code: str,
    *arguments: object,
    options: Sequence[str] = (),
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Runs code in the repository, so that `usr` is importable, and in no other environment."""
    return subprocess.run(
        [python.program, *options, "-c", code, *map(str, arguments)],
        cwd=REPOSITORY,
        env={"PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=50,
        check=False,
    )


NEW = able()

SESSION = """
import io, sys
from usr.ftplib import FTP
import usr.ftplib
assert usr.ftplib.__file__.endswith("__init__.abi3.so"), usr.ftplib.__file__

with FTP(sys.argv[1], int(sys.argv[2]), "user", "password", timeout=20) as ftp:
    blocks = []
    print(ftp.retrbinary("RETR down", blocks.append), len(b"".join(blocks)))
    lines = []
    ftp.retrlines("RETR text", lines.append)
    print(lines, b"".join(lines).decode().split("\\n"))
    print(ftp.storbinary("STOR up", io.BytesIO(b"up" * 50_000)))
    try:
        ftp.pwd()
    except usr.ftplib.error_perm as error:
        print(error)
"""
SAID = """\
226 Done. 100000
['eins', 'zwei'] ['eins', 'zwei']
226 Done.
550 No.
"""


@pytest.fixture
def session(scripted: Scripted) -> ScriptedServer:
    """A server for SESSION."""
    return scripted(
        [
            *LOGIN,
            *(answer("TYPE"), passive(), *download(b"down!" * 20_000)),
            *(answer("TYPE"), passive(), *download(b"eins\r\nzwei")),
            *(answer("TYPE"), passive(), *upload()),
            answer("PWD", "550 No."),
        ]
    )


def test_the_systems_python_is_among_the_tested() -> None:
    assert Path("/usr/bin/python3").resolve() in [python.program for python in NEW]


@pytest.mark.parametrize("python", NEW, ids=str)
def test_it_works_in_an_empty_environment(python: Python, session: ScriptedServer) -> None:
    done = run(python, SESSION, session.host, session.port)
    assert (done.returncode, done.stdout, done.stderr) == (0, SAID, "")
    assert session.received == [b"up" * 50_000]


@pytest.mark.parametrize("python", NEW, ids=str)
def test_it_works_under_pythons_own_checks(python: Python, session: ScriptedServer) -> None:
    """No warning, no misuse of memory or of the interpreter lock."""
    checks = ("-X", "dev", "-W", "error", "-bb")
    done = run(
        python, SESSION, session.host, session.port, options=checks, PYTHONMALLOC="malloc_debug"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, SAID, "")


SUBINTERPRETERS = """
import sys, threading
try:
    import _interpreters as interpreters  # 3.13 and later
except ImportError:
    import _xxsubinterpreters as interpreters

session, host, port = sys.argv[1:]
code = f"import sys; sys.argv[:] = ['', {host!r}, {port!r}]; sys.path[:] = {sys.path}\\n{session}"
running = [interpreters.create() for _ in range(3)]
failures = []

def run(interpreter):
    try:
        failures.append(interpreters.run_string(interpreter, code))
    except BaseException as error:
        failures.append(error)

threads = [threading.Thread(target=run, args=[interpreter]) for interpreter in running]
for thread in threads:
    thread.start()
exec(code)
for thread in threads:
    thread.join()
for interpreter in running:
    interpreters.destroy(interpreter)
exec(code)
assert failures == [None] * 3, failures
"""


@pytest.mark.parametrize("python", NEW, ids=str)
def test_interpreters_of_one_process_have_a_module_each(
    python: Python, session: ScriptedServer
) -> None:
    """They share the lock in 3.11, and run side by side, each with its own, from 3.12 on."""
    done = run(python, SUBINTERPRETERS, SESSION, session.host, session.port)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == sorted(SAID.splitlines() * 5)
    assert session.received == [b"up" * 50_000] * 5


def test_this_run_uses_this_build() -> None:
    """Inside ftpy the module is built in; elsewhere it is this file."""
    import usr.ftplib

    where = getattr(usr.ftplib, "__file__", None)
    built_in = "ftplib" in sys.builtin_module_names
    assert where == (None if built_in else str(EXTENSION))
